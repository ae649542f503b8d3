"""The cells of lesson 00 that a reader copies: they must work with another network and refuse a folder that is none."""

import re

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image, ImageOps

from tlcourse.course.sources import lessons, read_source

OURS = 'load_network("efficientnet-lite0", side=SIDE, include_top=False)[0]'


@pytest.fixture(scope="module")
def cells():
    (lesson,) = lessons(["00"])
    return read_source(lesson.path).cells


def code(cells, part):
    """Return the code of the one cell that contains this."""
    (found,) = (cell.source for cell in cells if cell.cell_type == "code" and part in cell.source)
    return found


def load(cells):
    names = {"np": np, "Image": Image, "ImageOps": ImageOps}
    exec(code(cells, "def load(folder)"), names)
    return names["load"]


@pytest.mark.slow
def test_another_network_of_keras_takes_the_place_of_ours_and_all_that_should_be_is_unfrozen(cells):
    prose = " ".join(cell.source for cell in cells if cell.cell_type == "markdown").replace("\n", " ")
    theirs, range_line = re.search(r"`borrowed_base` returns `([^`]+)`, and `(to_range = [^`]+)`", prose).groups()
    features = code(cells, "def borrowed_base()")
    assert OURS in features
    features = features.replace(OURS, theirs.replace("include_top=False", "include_top=False, weights=None"))
    features = re.sub(r"^to_range = .*$", range_line, features, flags=re.MULTILINE)
    pictures = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), "uint8")
    names = {"keras": keras, "layers": layers, "np": np, "SIDE": 64, "train": pictures, "validation": pictures}
    exec(features, names)
    assert names["train_features"].shape == (2, 1280)
    names["head"] = keras.Sequential([layers.Dense(6)])
    exec(code(cells, "frozen_weights = model.get_weights()").partition("model.compile")[0], names)
    base, model = names["base"], names["model"]
    late = base.layers[-30:]
    wanted = [layer for layer in late if layer.weights and not isinstance(layer, layers.BatchNormalization)]
    assert len(wanted) == 10
    assert [layer for layer in base.layers if layer.trainable_weights] == wanted
    assert len(model.trainable_weights) == sum(len(layer.weights) for layer in wanted) + 2
    assert names["count"] == sum(layer.count_params() for layer in wanted) + 6 * 1281
    scaled = names["to_range"](np.array([0.0, 255.0]))
    assert np.allclose(scaled, [-1, 1])


def test_a_folder_without_kinds_or_with_one_is_refused_and_hidden_folders_are_no_kinds(cells, tmp_path):
    for name in (".ipynb_checkpoints", "__pycache__", "chart"):
        (tmp_path / name).mkdir()
        Image.new("RGB", (9, 9)).save(tmp_path / name / "1.png")
    Image.new("RGB", (9, 9)).save(tmp_path / "loose.png")
    with pytest.raises(ValueError, match=r"needs a sub-folder for each kind, at least two; got \['chart'\]"):
        load(cells)(tmp_path)
    (tmp_path / "icon").mkdir()
    (tmp_path / "icon" / ".DS_Store").write_bytes(b"")
    Image.new("RGB", (9, 9), "red").save(tmp_path / "icon" / "2.PNG")
    pictures, labels, kinds, files = load(cells)(tmp_path)
    assert (pictures.shape, labels.tolist(), kinds) == ((2, 128, 128, 3), [0, 1], ["chart", "icon"])
    assert [file.name for file in files] == ["1.png", "2.PNG"]


def test_pictures_are_read_upright_on_white_and_from_the_middle_here_and_in_the_program(cells, tmp_path):
    from PIL import Image as Pil

    lying = Pil.new("RGB", (20, 10), "white")
    lying.paste("blue", (0, 0, 10, 10))
    exif = Pil.Exif()
    exif[0x0112] = 6  # turn by a quarter
    lying.save(tmp_path / "lying.jpg", exif=exif, quality=95)
    Pil.new("RGBA", (8, 8), (255, 0, 0, 0)).save(tmp_path / "clear.png")
    Pil.fromarray(np.full((8, 8), 40_000, "uint16")).save(tmp_path / "deep.png")
    program = code(cells, "%%writefile")
    for source in (code(cells, "def load(folder)"), program[program.index("def read") : program.index("model, files")]):
        names = {"np": np, "Image": Image, "ImageOps": ImageOps}
        exec(source, names)
        with pytest.raises(AssertionError, match=r"deep\.png has more than 8 bits a value"):
            names["read"](tmp_path / "deep.png")
        upright = names["read"](tmp_path / "lying.jpg").astype(int)
        assert upright.shape == (128, 128, 3)
        assert np.abs(upright[:50] - (0, 0, 255)).mean() < 20
        assert upright[80:].mean() > 235
        assert (names["read"](tmp_path / "clear.png") == 255).all()
