"""Folders and tables as people really have them: read right, or refused with the file and the way out."""

import csv
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from tlcourse.__main__ import app
from tlcourse.own_data import (
    check_pictures,
    read_parts,
    read_picture_table,
    read_pictures,
    read_table,
    read_texts,
    write_texts,
)

UNREAD = "Not looked at: what an encoder can't read (encoder=…; first: tlcourse fetch minilm-tokenizer).\n"
HAPPY = "✓ No problems found.\n"


def noise(seed, size=(40, 40)):
    """A picture unlike every other: a few coarse patches."""
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (5, 5, 3), "uint8")).resize(size)


@pytest.fixture
def folder(tmp_path):
    """Two kinds of four pictures each, with nothing wrong."""
    for number in range(8):
        save(noise(number), tmp_path / "own" / ("cat", "dog")[number % 2] / f"{number}.png")
    return tmp_path / "own"


def save(picture, path, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path, **options)
    return path


def look(*paths):
    """What `tlcourse check` prints, and its exit status."""
    result = CliRunner().invoke(app, ["check", *map(str, paths)])
    return result.output, result.exit_code


def test_a_clean_folder_gets_no_word_too_many(folder):
    printed, status = look(folder)
    assert status == 0
    assert [" ".join(line.split()) for line in printed.splitlines()] == [
        "pictures",
        "cat 4",
        "dog 4",
        "all 8",
        "Widths from 40 to 40 pixels, heights from 40 to 40.",
        "Always answering 'cat' is right for 50%.",
        HAPPY.strip(),
    ]


def test_sixteen_bits_are_scaled_by_their_own_depth(folder):
    ramp = np.linspace(0, 65_535, 40 * 40).reshape(40, 40).astype("uint16")
    path = save(Image.fromarray(ramp), folder / "cat" / "deep.png")
    image = read_pictures([path], side=40).images[0, ..., 0]
    assert np.array_equal(image, np.rint(ramp / 257))
    assert look(folder)[1] == 1 and "16 bits" in look(folder)[0]


def test_twelve_bits_in_sixteen_are_refused_by_name(folder):
    save(Image.fromarray(np.full((40, 40), 4_095, "uint16")), folder / "cat" / "twelve.png")
    with pytest.raises(ValueError, match=r"none above 4,095 of 65,535, nearly black.*twelve\.png.*by 16"):
        read_pictures(folder, side=8)
    assert look(folder)[1] == 1


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparent_drawings_are_on_white(folder, mode):
    drawing = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    drawing.paste((200, 0, 0, 255), (10, 10, 30, 30))
    path = save(drawing.convert(mode), folder / "cat" / "drawing.png")
    image = read_pictures([path], side=40).images[0]
    assert image[0, 0].tolist() == [255, 255, 255] and image[20, 20, 2] < 100
    printed, status = look(folder)
    assert status == 1 and "Transparent pictures" in printed and "cat/drawing.png" in printed


def test_a_picture_on_its_side_is_turned(folder):
    exif = Image.Exif()
    exif[0x0112] = 6  # turn it by 90 degrees to the right
    picture = Image.new("RGB", (60, 40), "white")
    picture.paste("black", (0, 0, 60, 20))  # its upper half, at the right when it is turned
    path = save(picture, folder / "cat" / "side.jpg", exif=exif)
    image = read_pictures([path], side=40).images[0]
    assert image[:, :10].mean() > 250 and image[:, 30:].mean() < 5
    assert look(folder)[1] == 1 and "on their side" in look(folder)[0]


def test_the_kind_is_the_first_folder_however_deep_a_picture_lies(folder):
    save(noise(20), folder / "cat" / "monday" / "deep.png")
    pictures = read_pictures(folder, side=8)
    assert pictures.kinds == ("cat", "dog") and pictures.labels.tolist() == [0] * 5 + [1] * 4
    assert look(folder) [1] == 0  # fmt: skip


def test_folders_of_programs_are_no_kinds(folder):
    (folder / ".DS_Store").write_bytes(b"x")
    (folder / "cat" / "Thumbs.db").write_bytes(b"x")
    for name in ("__pycache__", ".ipynb_checkpoints"):
        (folder / name).mkdir()
    save(noise(21), folder / "cat" / ".ipynb_checkpoints" / "0-checkpoint.png")
    pictures = read_pictures(folder, side=8)
    assert pictures.kinds == ("cat", "dog") and len(pictures.images) == 8
    printed, status = look(folder)
    assert status == 0 and "hidden folders, not read: 1 (cat/.ipynb_checkpoints/0-checkpoint.png)" in printed


@pytest.mark.parametrize("other", ["Cat", "cat ", "CAT"])
def test_kinds_that_differ_in_case_or_spaces_are_refused(folder, other):
    save(noise(22), folder / other / "0.png")
    with pytest.raises(ValueError, match="differ only in case or spaces"):
        read_pictures(folder, side=8)
    assert look(folder)[1] == 1


def test_pictures_beside_the_kinds_are_refused(folder):
    save(noise(23), folder / "loose.png")
    with pytest.raises(ValueError, match=r"beside the folders of the kinds: 1 \(.*loose\.png\)"):
        read_pictures(folder, side=8)
    assert look(folder)[1] == 1
    assert len(read_pictures(folder, side=8, labelled=False).images) == 9


def test_one_folder_too_high_is_refused_with_the_right_one(folder):
    with pytest.raises(ValueError, match=rf"one kind alone: own 8.*name {folder}"):
        read_pictures(folder.parent, side=8)
    printed, status = look(folder.parent)
    assert status == 1 and "Every answer would be right" in printed


def test_sites_above_the_kinds_are_refused(folder):
    for number in range(4):
        save(noise(30 + number), folder.parent / "sites" / f"site{number // 2}" / ("cat", "dog")[number % 2] / "1.png")
    with pytest.raises(ValueError, match=r"the same folders in them: 2 \(cat, dog\)"):
        read_pictures(folder.parent / "sites", side=8)


def test_parts_are_no_kinds(tmp_path):
    for number in range(12):
        part = ("train", "Val", "test")[number // 4]
        save(noise(number), tmp_path / "own" / part / ("cat", "dog")[number % 2] / f"{number}.png")
    save(noise(12), tmp_path / "own" / "unsorted" / "12.png")
    with pytest.raises(ValueError, match="holds the parts Val, test, train, unsorted, not the kinds"):
        read_pictures(tmp_path / "own", side=8)
    parts = read_parts(tmp_path / "own", side=8)
    assert {part: len(each.images) for part, each in parts.items()} == {"train": 4, "validation": 4, "test": 4}
    assert parts["test"].kinds == parts["train"].kinds
    printed, status = look(tmp_path / "own")
    assert status == 0 and "Skipped: 1 pictures" in printed


def test_every_ending_is_read_and_what_is_not_is_said(folder):
    endings = ["JPG", "PNG", "jpeg", "webp", "bmp", "gif", "tif", "TIFF"]
    for number, ending in enumerate(endings):
        save(noise(40 + number), folder / "cat" / f"e{number}.{ending}")
    (folder / "dog" / "new.heic").write_bytes(b"x")
    with pytest.warns(UserWarning, match=r"not read.*\.heic 1.*new\.heic") as warned:
        pictures = read_pictures(folder, side=8)
    assert warned[0].filename == __file__  # the line that asked
    assert np.bincount(pictures.labels).tolist() == [4 + len(endings), 4]
    assert ".heic 1" in look(folder)[0]


def test_a_folder_of_a_kind_without_a_picture_is_refused(folder):
    (folder / "bird").mkdir()
    (folder / "bird" / "1.heic").write_bytes(b"x")
    with pytest.raises(ValueError, match=r"Folders of kinds without a picture: 1 \(bird\)"):
        read_pictures(folder, side=8)


def test_copies_are_kept_once_and_named(folder):
    noise(0).save(folder / "cat" / "again.bmp")  # the same pixels in another format
    with pytest.warns(UserWarning, match=r"again\.bmp"):
        pictures = read_pictures(folder, side=8)
    assert len(pictures.images) == len(pictures.labels) == len(pictures.files) == 8
    assert look(folder)[1] == 1 and "there twice: 1" in look(folder)[0]


def test_a_picture_of_two_kinds_is_refused(folder):
    noise(0).save(folder / "dog" / "copy.png")
    with pytest.raises(ValueError, match=r"two kinds: 1 \(.*0\.png = .*copy\.png"):
        read_pictures(folder, side=8)


def test_copies_in_two_parts_are_named_and_kept_in_the_first(tmp_path):
    for part, first in (("train", 0), ("test", 6)):
        for number in range(8):
            save(noise(first + number), tmp_path / "own" / part / ("cat", "dog")[number % 2] / f"{number}.png")
    with pytest.warns(UserWarning, match=r"copies of others, left out: 2 .*test/cat/0\.png = .*train/cat/6\.png"):
        parts = read_parts(tmp_path / "own", side=8)
    assert [len(parts[part].labels) for part in ("train", "test")] == [8, 6]
    printed, status = look(tmp_path / "own")
    assert status == 1 and "Pictures in two parts: 2 (train/cat/6.png = test/cat/0.png" in printed


def test_a_smaller_copy_in_another_part_is_named_and_nothing_else(tmp_path):
    for part, first in (("train", 0), ("test", 50)):
        for number in range(20):
            picture = noise(first + number, (200, 200))
            save(picture, tmp_path / part / ("cat", "dog")[number % 2] / f"{number}.png")
    noise(3, (200, 200)).resize((90, 90)).save(tmp_path / "test" / "dog" / "small.jpg")
    (found,) = check_pictures(tmp_path).found
    assert "look alike: 1" in found.what and "train/dog/3.png" in found.what and "small.jpg" in found.what


@pytest.mark.parametrize(("content", "problem"), [(b"", "it is empty"), (b"text", "no picture that Pillow can read")])
def test_empty_and_broken_files_are_named(folder, content, problem):
    (folder / "cat" / "bad.png").write_bytes(content)
    with pytest.raises(ValueError, match=rf"bad\.png: .*{problem}.*Repair"):
        read_pictures(folder, side=8)
    printed, status = look(folder)
    assert status == 1 and "cat/bad.png: it is" in printed


def test_a_cut_file_and_32_bits_are_named(folder):
    noise(0, (300, 300)).save(folder / "cat" / "cut.jpg")
    half = (folder / "cat" / "cut.jpg").read_bytes()
    (folder / "cat" / "cut.jpg").write_bytes(half[: len(half) // 2])
    Image.fromarray(np.ones((8, 8), "float32")).save(folder / "cat" / "float.tif")
    with pytest.raises(ValueError, match=r"cut\.jpg: it is broken(.|\n)*float\.tif: its values have 32 bits"):
        read_pictures(folder, side=8)


def test_a_folder_that_is_missing_or_empty_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"nowhere must be a folder of pictures; nothing is there"):
        read_pictures(tmp_path / "nowhere", side=8)
    with pytest.raises(ValueError, match="no sub-folder with pictures"):
        read_pictures(tmp_path, side=8)
    assert look(tmp_path / "nowhere")[1] == look(tmp_path)[1] == 1


def test_pictures_of_0_to_16_are_warned_about(tmp_path):
    for number in range(4):
        image = np.random.default_rng(number).integers(0, 17, (8, 8), "uint8")
        save(Image.fromarray(image), tmp_path / "own" / "ab"[number % 2] / f"{number}.png")
    with pytest.warns(UserWarning, match="none of which has a value above 16 of 255"):
        read_pictures(tmp_path / "own", side=8)


def test_whole_pictures_are_padded(tmp_path):
    path = save(Image.new("RGB", (40, 20), "white"), tmp_path / "wide.png")
    whole, cut = (read_pictures([path], side=8, whole=whole).images[0, :, 4, 0].tolist() for whole in (True, False))
    assert whole == [0, 0, 255, 255, 255, 255, 0, 0] and cut == [255] * 8


def table(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


BAD_TABLES = {
    "an unquoted comma": ("text,label\nfine,1\nGood, really,1\nBad,0\n", "line 3: 3 fields for 2 columns"),
    "a field too few": ("text,label\nfine,1\nGood\n", "line 3: 1 fields for 2 columns"),
    "two columns of one name": ("text,label,text\na,1,b\n", "two columns called 'text'"),
    "an open quotation mark": ('text,label\nfine,1\n"Great,1\nBad,0\n', "begins in line 3: a quotation mark"),
    "swallowed rows": ('text,label\nfine,1\n"Great,1\nBad,0\nnice",0\n', "begins in line 3.*another row, 'Great,1'"),
    "an empty text": ("text,label\n,1\na,0\n", "line 2 of .* has none"),
    "no rows": ("text,label\n", "rows below"),
    "no such column": ("words,label\na,1\n", "must have the columns text, label"),
    "a text with both labels": ("text,label\nGood,1\nBad,0\n good ,0\n", r"two labels, by lines: 1 \(2 = 4\)"),
}


@pytest.mark.parametrize("case", BAD_TABLES)
def test_a_bad_table_is_refused_by_its_line(tmp_path, case):
    text, message = BAD_TABLES[case]
    path = table(tmp_path / "bad.csv", text)
    with pytest.raises(ValueError, match=message):
        read_texts(path)
    assert look(path)[1] == 1


def test_a_label_that_is_neither_0_nor_1_is_said(tmp_path):
    path = table(tmp_path / "own.csv", "text,label\na,1\nb,2\n")
    with pytest.raises(ValueError, match=r"line 3 of .* has '2'"):
        read_texts(path)
    printed, status = look(path)
    assert status == 0 and "Labels other than 0 and 1" in printed


def test_a_table_that_is_not_utf_8_or_not_there_is_refused(tmp_path):
    with pytest.raises(ValueError, match="must be in UTF-8; byte 11"):
        read_texts(table(tmp_path / "latin.csv", "text,label\nä,1\n", "latin-1"))
    with pytest.raises(ValueError, match=r"gone\.csv must be a CSV file; nothing is there"):
        read_texts(tmp_path / "gone.csv")
    assert look(tmp_path / "latin.csv")[1] == look(tmp_path / "gone.csv")[1] == 1


def test_marks_semicolons_tabs_and_line_breaks_in_quotes_are_read(tmp_path):
    for mark in ",;\t":
        text = f'\ufefftext{mark}label\r\n"two{mark} lines\r\nor more"{mark}1\r\n\r\nBad{mark}0\r\n'
        texts, labels = read_texts(table(tmp_path / "own.csv", text))
        assert texts.tolist() == [f"two{mark} lines\nor more", "Bad"] and labels.tolist() == [1, 0]


def test_a_clean_table_gets_no_word_too_many(tmp_path):
    printed, status = look(table(tmp_path / "own.csv", "text,label\nGood,1\nBad,0\nWorse,0\n"))
    assert status == 0 and printed.endswith(f"own.csv: Always answering '0' is right for 67%.\n{UNREAD}{HAPPY}")


def test_texts_that_are_there_twice_are_kept_once(tmp_path):
    path = table(tmp_path / "own.csv", "text,label\nGood film,1\nBad,0\ngood  FILM,1\n")
    with pytest.warns(UserWarning, match=r"twice, left out by lines: 1 \(4\)"):
        texts, _ = read_texts(path)
    assert texts.tolist() == ["Good film", "Bad"]
    assert "twice, by lines: 1 (2 = 4)" in look(path)[0]


def test_texts_in_two_files_are_named(tmp_path):
    first = table(tmp_path / "train.csv", "text,label\nGood,1\nBad,0\n")
    second = table(tmp_path / "test.csv", "text,label\nFine,1\nbad,0\n")
    printed, status = look(first, second)
    assert status == 1 and "Texts in two files: 1 (train.csv:3 = test.csv:3)" in printed


def test_a_very_long_text_takes_memory_for_itself_alone(tmp_path):
    limit = csv.field_size_limit()
    rows = "".join(f"short {number},{number % 2}\n" for number in range(500))
    path = table(tmp_path / "long.csv", f"text,label\n{'x' * 4_000_000},1\n{rows}")
    tracemalloc.start()
    texts, _ = read_texts(path)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(texts[0]) == 4_000_000 and most < 60e6  # an array of fixed width would take 8 GB
    assert csv.field_size_limit() == limit


def patients(tmp_path, text):
    for number in range(4):
        save(noise(number), tmp_path / f"{number}.png")
    return table(tmp_path / "images.csv", text)


def test_a_table_of_pictures_is_looked_at(tmp_path):
    text = "\ufefffile;patient;label\n0.png;P01;1\n1.png;P01 ;1\n2.png;P2;0\n3.png;P3;0\n"
    path = patients(tmp_path, text)
    assert [row.fields["patient"] for row in read_table(path, ["file", "patient", "label"])] == [
        "P01",
        "P01",
        "P2",
        "P3",
    ]
    printed, status = look(path)
    assert status == 0 and "patients" in printed


def test_patients_that_may_be_one_and_labels_that_may_be_one_are_named(tmp_path):
    path = patients(tmp_path, "file,patient,label\n0.png,P01,1\n1.png,p1,1.0\n2.png,P2,0\n3.png,P3,0\n")
    printed, status = look(path)
    assert status == 1 and "'P01', 'p1' may be one" in printed and "'1' and '1.0'" in printed


def test_a_table_that_names_a_missing_picture_says_so(tmp_path):
    printed, status = look(patients(tmp_path, "file,patient,label\n0.png,P1,1\ngone.png,P2,0\n"))
    assert status == 1 and "gone.png" in printed


def dicom(name):
    data = pytest.importorskip("pydicom.data")
    return Path(data.get_testdata_file(name, download=False))


def test_monochrome_1_is_inverted_and_windows_are_applied(tmp_path):
    pydicom = pytest.importorskip("pydicom")
    data = pydicom.dcmread(dicom("CT_small.dcm"))
    data.WindowCenter, data.WindowWidth = 1_000, 1_000  # in Hounsfield units, after slope and intercept
    data.save_as(tmp_path / "two.dcm")
    data.PhotometricInterpretation = "MONOCHROME1"
    data.save_as(tmp_path / "one")  # scanners often write no ending
    two, one = (image[..., 0] for image in read_pictures([tmp_path / "two.dcm", tmp_path / "one"], side=128).images)
    units = data.pixel_array * float(data.RescaleSlope) + float(data.RescaleIntercept)
    by_hand = np.clip((units - 999.5) / 999 + 0.5, 0, 1) * 255  # DICOM PS3.3, C.11.2.1.2.1
    assert np.abs(two - by_hand).max() <= 1 and np.array_equal(one, 255 - two)


def test_a_negative_slope_does_not_invert_a_window(tmp_path):
    pydicom = pytest.importorskip("pydicom")
    data = pydicom.dcmread(dicom("CT_small.dcm"))
    data.RescaleSlope, data.RescaleIntercept = -1, 1_000
    data.WindowCenter, data.WindowWidth = 0, 1_000
    data.save_as(tmp_path / "falling.dcm")
    (image,) = read_pictures([tmp_path / "falling.dcm"], side=128).images[..., 0]
    units = 1_000 - data.pixel_array.astype("float64")
    by_hand = np.clip((units + 0.5) / 999 + 0.5, 0, 1) * 255  # DICOM PS3.3, C.11.2.1.2.1
    assert np.abs(image - by_hand).max() <= 1


def test_dicom_without_a_window_is_stretched_and_that_is_said():
    pydicom = pytest.importorskip("pydicom")
    path = dicom("CT_small.dcm")
    data = pydicom.dcmread(path)
    assert "WindowCenter" not in data
    with pytest.warns(UserWarning, match="without a window"):
        image = read_pictures([path], side=128).images[0, ..., 0]
    values = data.pixel_array.astype("float64")
    assert np.array_equal(image, np.rint(255 * (values - values.min()) / np.ptp(values)))


@pytest.mark.parametrize(
    ("name", "problem"),
    [("examples_rgb_color.dcm", "not said to be grey"), ("rtplan.dcm", "no picture"), ("rtdose.dcm", "15 pictures")],
)
def test_what_is_no_single_grey_picture_is_refused_by_name(name, problem):
    with pytest.raises(ValueError, match=rf"{name}: it .*{problem}"):
        read_pictures([dicom(name)], side=32)


def test_a_part_or_a_copy_beside_the_kinds_is_no_kind(folder):
    for number in range(4):
        save(noise(60 + number), folder / "old" / ("cat", "dog")[number % 2] / f"{number}.png")
    with pytest.raises(ValueError, match=r"folders 1 \(old\) .* called as the kinds"):
        read_pictures(folder, side=8)


def test_one_folder_of_its_own_does_not_hide_that_the_kinds_are_below(tmp_path):
    for number, kind in enumerate(["a/cat", "a/dog", "b/cat", "b/dog", "b/bird"]):
        save(noise(number), tmp_path / kind / "1.png")
    save(noise(9), tmp_path / "a" / "x.png")
    with pytest.raises(ValueError, match="the same folders in them"):
        read_pictures(tmp_path, side=8)
    assert read_pictures(tmp_path, side=8, kinds=("a", "b")).labels.tolist() == [0, 0, 0, 1, 1, 1]


def test_one_inner_folder_of_the_same_name_is_no_kind(tmp_path):
    for number in range(4):
        save(noise(number), tmp_path / ("covid", "normal")[number % 2] / "images" / f"{number}.png")
    assert read_pictures(tmp_path, side=8).kinds == ("covid", "normal")


def test_a_kind_called_train_is_a_kind(tmp_path):
    for number in range(6):
        save(noise(number), tmp_path / ("bus", "car", "train")[number % 3] / f"{number}.png")
    assert read_pictures(tmp_path, side=8).kinds == ("bus", "car", "train")
    assert look(tmp_path)[1] == 0


def test_a_part_to_train_on_alone_is_said(folder):
    folder.rename(folder.parent / "train")
    save(noise(70), folder.parent / "holdout" / "cat" / "1.png")
    printed, status = look(folder.parent)
    assert status == 1 and "none that is called validation or test" in printed and "Skipped: 1" in printed


def test_a_picture_of_two_kinds_in_two_parts_is_refused(tmp_path):
    for part in ("train", "test"):
        for number in range(4):
            save(noise(number + 9 * (part == "test")), tmp_path / part / ("cat", "dog")[number % 2] / f"{number}.png")
    save(noise(0), tmp_path / "test" / "dog" / "again.png")
    with pytest.raises(ValueError, match="in two kinds: 1"):
        read_parts(tmp_path, side=8)
    printed, status = look(tmp_path)
    assert status == 1 and "in two kinds: 1" in printed and "in two parts" not in printed


def test_a_kind_that_a_part_lacks_is_named(tmp_path):
    for number in range(6):
        save(noise(number), tmp_path / "train" / ("cat", "dog", "owl")[number % 3] / f"{number}.png")
    for number in range(4):
        save(noise(10 + number), tmp_path / "test" / ("cat", "dog")[number % 2] / f"{number}.png")
    with pytest.warns(UserWarning, match="no picture of owl"):
        assert read_parts(tmp_path, side=8)["test"].kinds == ("cat", "dog", "owl")
    printed, status = look(tmp_path)
    assert status == 1 and "no picture of owl" in printed


def test_a_part_of_copies_alone_is_refused(tmp_path):
    for part in ("train", "test"):
        for number in range(4):
            save(noise(number), tmp_path / part / ("cat", "dog")[number % 2] / f"{number}.png")
    with pytest.raises(ValueError, match="All pictures of .*test are copies"):
        read_parts(tmp_path, side=8)


def test_several_folders_are_refused_rather_than_the_first_looked_at(folder):
    printed, status = look(folder, folder)
    assert status == 1 and "Name one folder" in printed


def test_one_dark_kind_is_named_beside_a_bright_one(folder):
    for number in range(3):
        dark = np.asarray(noise(80 + number).convert("L")) // 16
        save(Image.fromarray(dark), folder / "night" / f"{number}.png")
    with pytest.warns(UserWarning, match=r"nearly black: 3 .*night"):
        read_pictures(folder, side=8)


def test_letters_on_white_pages_are_no_copies(tmp_path):
    from matplotlib import font_manager
    from PIL import ImageDraw, ImageFont

    font = ImageFont.truetype(font_manager.findfont("DejaVu Sans"), 60)
    for number, letter in enumerate("ABCDEFGHIKLM"):
        page = Image.new("RGB", (200, 200), "white")
        ImageDraw.Draw(page).text((80, 60), letter, "black", font)
        save(page, tmp_path / ("one", "two")[number % 2] / f"{letter}.png")
    assert check_pictures(tmp_path).found == []


def test_many_frames_of_one_scene_are_found_in_a_moment(tmp_path):
    for number in range(60):
        frame = noise(0)
        frame.putpixel((number % 40, 20), (number, 0, 0))
        save(frame, tmp_path / ("one", "two")[number % 2] / f"{number}.png")
    (found,) = check_pictures(tmp_path).found
    assert found.what.startswith("Pairs of pictures that look alike: 59")


def test_a_picture_with_too_many_pixels_is_named(folder, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 700)
    with pytest.raises(ValueError, match=r"0\.png: it has too many pixels"):
        read_pictures(folder, side=8)


GOOD_TABLES = {
    "a line of a text that looks like a row": 'text,label\n"Fine.\nNote 2,0\nAgain",1\nBad,0\n',
    "a header with a line break": '"text","label","my\nnotes"\nGood,1,\nBad,0,\n',
    "nameless columns of a spreadsheet": "text,label,,\nGood,1,,\nBad,0,,\n",
    "a line of spaces": "text,label\nGood,1\n   \nBad,0\n",
    "very many columns": f"text,label,{','.join(f'gene{n:06}' for n in range(15_000))}\n"
    + "".join(f"t{n},{n % 2}{',0' * 15_000}\n" for n in range(2)),
}


@pytest.mark.parametrize("case", GOOD_TABLES)
def test_an_odd_but_right_table_is_read(tmp_path, case):
    assert read_texts(table(tmp_path / "own.csv", GOOD_TABLES[case]))[1].tolist()[:2] in ([1, 0], [0, 1])


def test_swallowed_rows_are_seen_beside_numbers_of_rows_and_nameless_columns(tmp_path):
    rows = "".join(f"{n},fine {n},{n % 2}\n" for n in range(9))
    path = table(tmp_path / "own.csv", f'id,text,label\n{rows}9,"Great,1\n10,Bad,0\n11,nice",0\n')
    with pytest.raises(ValueError, match="what looks like another row"):
        read_table(path, ["id", "text", "label"])
    path = table(tmp_path / "own.csv", 'text,label,,\nok,1,,\nno,0,,\n"Great,1,,\nBad,0,,\nnice",0,,\n')
    with pytest.raises(ValueError, match="what looks like another row"):
        read_texts(path)


def test_labels_that_only_one_file_has_are_named(tmp_path):
    first = table(tmp_path / "train.csv", "text,label\nGood,pos\nBad,neg\n")
    second = table(tmp_path / "test.csv", "text,label\nFine,Pos\nWorse,neg\n")
    printed, status = look(first, second)
    assert status == 1 and "Labels that train.csv has not: 1 (Pos)" in printed


def test_what_an_encoder_does_not_read_is_found_too(tmp_path):
    from tlcourse.own_data import check_texts

    path = table(tmp_path / "own.csv", "text,label\nqwzx vvkq,1\nGood film,0\n")
    report = check_texts(path, encoder="wordhub")
    assert report.wrong and "own.csv: 1 of 2 texts are mostly unknown to wordhub" in str(report)


def test_labels_have_names_and_a_rare_one_may_be_misspelt(tmp_path):
    rows = "".join(f"text {n},{('negativ', 'positiv')[n % 2]}\n" for n in range(40))
    path = table(tmp_path / "own.csv", f"text,label\n{rows}last,negatv\n")
    assert "The labels 'negatv' and 'negativ'" in look(path)[0]
    with pytest.raises(ValueError, match=r"one of negativ, positiv; line 42 .* has 'negatv'"):
        read_texts(path, kinds=("negativ", "positiv"))
    path = table(tmp_path / "own.csv", f"text,label\n{rows}")
    assert read_texts(path, kinds=("negativ", "positiv"))[1].tolist() == [0, 1] * 20


def test_pictures_of_a_table_come_with_labels_and_patients(tmp_path):
    path = patients(tmp_path, "file,patient,label\n0.png,P1,ill\n1.png,P1,ill\n2.png,P2,well\n3.png,P3,well\n")
    study = read_picture_table(path, side=8, kinds=("well", "ill"))
    assert study.labels.tolist() == [1, 1, 0, 0] and study.patients.tolist() == ["P1", "P1", "P2", "P3"]
    assert np.array_equal(study.images, read_pictures(study.files, side=8).images)
    with pytest.raises(ValueError, match=r"among well, dead; others are 1 \(ill\)"):
        read_picture_table(path, side=8, kinds=("well", "dead"))


def test_what_is_written_is_read(tmp_path):
    odd = ['Said "good", meant it.', "Two\nlines; one; text.", "Ünïcode"]
    texts, labels = read_texts(write_texts(tmp_path, own=(odd, np.array([1, 0, 1]))) / "own.csv")
    assert texts.tolist() == odd and labels.tolist() == [1, 0, 1]


@pytest.mark.parametrize("kinds", [("well",), (0, 1), ("0", "0", "1"), "01"])
def test_kinds_are_different_strings(tmp_path, kinds):
    path = patients(tmp_path, "file,patient,label\n0.png,P1,0\n1.png,P2,1\n")
    texts = table(tmp_path / "own.csv", "text,label\nGood.,1\nBad.,0\n")
    for read in (lambda: read_picture_table(path, side=8, kinds=kinds), lambda: read_texts(texts, kinds=kinds)):
        with pytest.raises(ValueError, match="kinds must be two or more different strings"):
            read()


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("0.png,P1,0\n1.png,P2,\n", "without a label"),
        ("0.png,,0\n1.png,P2,1\n", "without a patient"),
        ("0.png,P1,0\n1.png,P2,0\n", "one label alone"),
        ("0.png,P1,1\n1.png,P2,1.0\n2.png,P3,0\n", "'1' and '1.0'"),
        ("0.png,P1,0\n0.png,P1,1\n", "name one file"),
        ("0.png,P1,0\nagain.png,P1,1\n", "in two kinds"),
        ("0.png,P1,0\nagain.png,P2,0\n1.png,P3,1\n", "several patients: 1 \\(P1 = P2\\)"),
    ],
)
def test_a_table_that_is_not_right_is_refused_as_it_is_when_looked_at(tmp_path, rows, said):
    path = patients(tmp_path, f"file,patient,label\n{rows}")
    save(noise(0), tmp_path / "again.png")
    with pytest.raises(ValueError, match=said):
        read_picture_table(path, side=8)
    assert look(path)[1] == 1
