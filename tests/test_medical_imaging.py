"""The cells of lesson 04 that a reader copies: the same study, whether the images are PNG or DICOM."""

import ast
import tempfile
from functools import partial
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from tlcourse.course.sources import lessons, read_source


def code_of_lesson():
    (lesson,) = lessons(["04"])
    return [cell.source for cell in read_source(lesson.path).cells if cell.cell_type == "code"]


def functions(cells):
    """Return the imports and functions of some cells as a program."""
    kinds = ast.Import, ast.ImportFrom, ast.FunctionDef
    parts = [node for cell in cells for node in ast.parse(cell).body if isinstance(node, kinds)]
    return compile(ast.Module(parts, []), "lesson 04", "exec")


def as_dicom(file, inverted):
    """Write a PNG anew as DICOM, bright where few rays arrived or, inverted, where many did."""
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

    grey = np.asarray(Image.open(file))
    meta = FileMetaDataset()
    meta.TransferSyntaxUID, meta.MediaStorageSOPInstanceUID = ExplicitVRLittleEndian, generate_uid()
    meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    data = FileDataset(str(file), {}, file_meta=meta, preamble=b"\0" * 128)
    data.Rows, data.Columns = grey.shape
    data.SamplesPerPixel, data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 1, 8, 8, 7, 0
    data.PhotometricInterpretation = "MONOCHROME1" if inverted else "MONOCHROME2"
    data.WindowCenter, data.WindowWidth = 128, 256
    data.PixelData = (255 - grey if inverted else grey).tobytes()
    data.save_as(file, enforce_file_format=True)


@pytest.mark.slow
def test_own_images_give_the_same_study_as_png_and_as_dicom_of_both_kinds(capsys, monkeypatch, tmp_path):
    pytest.importorskip("pydicom")
    cells = code_of_lesson()
    at = next(n for n, cell in enumerate(cells) if "FOLDER" in cell)
    names = {"SEED": 0}
    read, tuning, candidates, chosen = cells[at + 1 : at + 5]
    exec(functions([*cells[:at], tuning]), names)
    names["base"], names["reader"] = names["borrow"]()
    names["fine_tune"] = partial(names["fine_tune"], epochs=1)
    with monkeypatch.context() as patched:
        patched.setattr(tempfile, "mkdtemp", lambda: str(tmp_path))
        exec(cells[at], names)
    printed = []
    for convert in (lambda file, inverted: None, as_dicom):
        for number, file in enumerate(sorted(Path(tmp_path).glob("*.png"))):
            convert(file, inverted=number % 2 == 0)
        keras.utils.set_random_seed(0)
        exec("\n".join([read, candidates, chosen]), names)
        printed.append(capsys.readouterr().out)
    png, dicom = printed
    assert all(word in png for word in ("pixels, 0.1", "fine-tuned", "AUC", "sensitivity", "noise"))
    assert dicom == png
