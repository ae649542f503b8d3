"""Pictures read right: upright, on white, scaled by their own depth, in red, green and blue."""

import hashlib
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps

from tlcourse.own_data.dicom import read_dicom

SIXTEEN_BITS = ("I;16", "I;16B", "I;16L")


class Seen(NamedTuple):
    """What was seen of one file.

    Attributes:
        file: its path.
        problem: why it can't be read, or ``""``.
        marks: what a plain loader may get wrong, such as ``"on its side"``.
        size: width and height, upright.
        brightest: the largest value, of 255, or of 65,535 with the mark ``"16 bit"``.
        digest: hash of the pixels.
        picture: what was made of it, or ``None``.
    """

    file: Path
    problem: str = ""
    marks: frozenset = frozenset()
    size: tuple = (0, 0)
    brightest: int = 0
    digest: bytes = b""
    picture: object = None


def see(files, make):
    """Open each of some files, and return a list of `Seen` in their order.

    Args:
        files: paths.
        make: function from an upright picture in RGB to what is kept of it.
    """
    with warnings.catch_warnings(), ThreadPoolExecutor(2) as threads:  # Pillow decodes without holding Python's lock
        warnings.simplefilter("ignore")  # of damaged marks and padding; what can't be read raises
        return list(threads.map(lambda file: _see(Path(file), make), files))


def open_picture(file):
    """Open one picture right: upright, transparent parts on white, 16 bits scaled to 8, in RGB.

    Args:
        file: path of a picture, or of a grey DICOM file.

    Returns:
        The picture, a ``PIL.Image.Image`` in mode RGB; a set of marks; and its largest value.

    Raises:
        ValueError: if the file is empty or broken, or has a depth that nobody can scale.
        ModuleNotFoundError: for DICOM, if pydicom is not installed.
    """
    with file.open("rb") as opened:
        start = opened.read(132)
    if not start:
        raise ValueError("it is empty")
    if start[128:] == b"DICM" or file.suffix.lower() == ".dcm":
        grey, windowed = read_dicom(file)
        return Image.fromarray(grey).convert("RGB"), set() if windowed else {"no window"}, int(grey.max())
    try:
        with Image.open(file) as opened:
            opened.load()
            marks = {"frames"} if getattr(opened, "n_frames", 1) > 1 else set()
            marks |= {"on its side"} if opened.getexif().get(0x0112, 1) in range(2, 9) else set()
            picture = ImageOps.exif_transpose(opened)
    except Image.UnidentifiedImageError as error:
        raise ValueError("it is no picture that Pillow can read") from error
    except Image.DecompressionBombError as error:
        raise ValueError("it has too many pixels; make it smaller") from error
    except Exception as error:  # of many kinds, for a file that is cut or damaged
        raise ValueError(f"it is broken: {error}") from error
    if picture.mode in SIXTEEN_BITS:
        deep = np.asarray(picture)
        return Image.fromarray((deep / 257).round().astype("uint8")).convert("RGB"), marks | {"16 bit"}, int(deep.max())
    if picture.mode in ("I", "F"):
        raise ValueError(f"its values have 32 bits (mode {picture.mode}), and nothing says how bright they are")
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        marks |= {"transparent"} if picture.getextrema()[3][0] < 255 else set()
        page = Image.new("RGBA", picture.size, "white")
        page.alpha_composite(picture)
        picture = page
    picture = picture.convert("RGB")
    return picture, marks, max(high for _, high in picture.getextrema())


def squared(picture, side, *, whole=False):
    """Return a picture as a square array: its middle, or, with ``whole``, all of it between black edges.

    >>> squared(Image.new("RGB", (40, 20), "white"), 8, whole=True)[:, 4, 0].tolist()
    [0, 0, 255, 255, 255, 255, 0, 0]
    """
    fit = ImageOps.pad if whole else ImageOps.fit
    return np.array(fit(picture, (side, side), Image.Resampling.BICUBIC))


def _see(file, make):
    try:
        picture, marks, brightest = open_picture(file)
    except (ValueError, ModuleNotFoundError, OSError) as error:
        return Seen(file, str(error))
    digest = hashlib.blake2b(f"{picture.size}".encode() + picture.tobytes(), digest_size=16).digest()
    return Seen(file, "", frozenset(marks), picture.size, brightest, digest, make(picture))
