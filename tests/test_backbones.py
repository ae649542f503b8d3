import hashlib
import shutil
import tomllib

import keras
import numpy as np
import pytest

import tlcourse.backbones.bundled as backbones
from tlcourse.assets import data_folder
from tlcourse.backbones import BUNDLED, PLANTED, load_backbone, load_classifier, residual_classifier


@pytest.mark.parametrize("name", BUNDLED)
def test_contract_takes_any_image_array(name):
    backbone = load_backbone(name)
    assert not backbone.model.trainable_weights
    rgb = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), dtype="uint8")
    for images in (rgb, rgb / 255, rgb[..., 0], rgb[..., :1], rgb[:, :8, :8], rgb[:, :16].astype("float64") / 255):
        prepared = backbone.preprocess(images)
        assert prepared.shape == (2, 32, 32, 3)
        assert prepared.min() >= 0
        assert prepared.max() <= 1
    assert np.allclose(backbone.preprocess(rgb), backbone.preprocess(rgb / 255), atol=1e-6)
    assert backbone.model(backbone.preprocess(rgb)).shape == (2, 4, 4, 104)


def test_both_bundled_backbones_share_one_small_architecture():
    letters, photos = (load_backbone(name).model for name in BUNDLED)
    assert [w.shape for w in letters.weights] == [w.shape for w in photos.weights]
    classifier = keras.models.clone_model(residual_classifier(71), keras.Input((32, 32, 3)))
    assert classifier.count_params() <= 500_000
    multiply_adds = sum(
        np.prod(layer.kernel.shape) * (np.prod(layer.output.shape[1:3]) if layer.kernel.ndim > 2 else 1)
        for layer in classifier.layers
        if hasattr(layer, "kernel")
    )
    assert multiply_adds <= 25e6


def test_another_side_is_the_same_network_on_images_of_that_size():
    usual, small = load_backbone("letters"), load_backbone("letters", side=24)
    assert all(np.array_equal(a, b) for a, b in zip(usual.model.get_weights(), small.model.get_weights()))
    prepared = small.preprocess(np.random.default_rng(0).random((2, 40, 40)))
    assert prepared.shape == (2, *small.input_shape) == (2, 24, 24, 3)
    assert small.model(prepared).shape == (2, 3, 3, 104)


@pytest.mark.parametrize("name, side", [("letters", 7), ("photos", 24.0), ("mobilenet", 31), ("letters", (24, 24))])
def test_sides_that_no_network_can_see_are_refused(name, side):
    with pytest.raises(ValueError, match=r"side must be a whole number of pixels, at least (8|32) for .*got"):
        load_backbone(name, side=side)


@pytest.mark.parametrize("name", BUNDLED + PLANTED)
def test_files_match_their_cards_and_keep_their_head(name):
    folder = data_folder() / "weights"
    card = tomllib.loads((folder / f"{name}.toml").read_text(encoding="utf-8"))
    path = folder / f"{name}.weights.h5"
    assert hashlib.sha256(path.read_bytes()).hexdigest() == card["sha256"]
    assert path.stat().st_size <= 2_000_000
    backbone = load_backbone(name)
    assert backbone.head.output_shape == (None, len(card["classes"]))
    readme = (data_folder() / "README.md").read_text(encoding="utf-8")
    assert f"{card['accuracy']:.4f}" in readme
    assert f"[{card['interval'][0]:.4f}, {card['interval'][1]:.4f}]" in readme
    assert card["command"] in readme


def test_the_head_reads_what_the_backbone_writes():
    from tlcourse.datasets import load_glyphs
    from tlcourse.datasets.glyphs import LETTERS

    letters = load_backbone("letters")
    glyphs = load_glyphs(300, alphabet=LETTERS, families=("STIX",), seed=9)
    maps = letters.model.predict(letters.preprocess(glyphs.images), verbose=0)
    logits = letters.head.predict(maps.mean(axis=(1, 2)), verbose=0)
    low = letters.card["interval"][0] - 0.08
    assert (logits.argmax(axis=1) == glyphs.labels).mean() > low


@pytest.mark.parametrize(
    ("images", "rule"),
    [
        (np.zeros((32, 32, 3)), r"1 or 3|shaped"),
        (np.zeros((1, 2, 32, 32, 3)), "shaped"),
        (np.full((1, 32, 32), 255.0), r"lie in \[0, 1\]"),
        (np.zeros((1, 32, 32), "int32"), "uint8"),
    ],
)
def test_contract_refuses_other_ranks_ranges_and_types(images, rule):
    with pytest.raises(ValueError, match=rule):
        load_backbone("letters").preprocess(images)


def test_unknown_backbones_and_widths_are_refused():
    with pytest.raises(ValueError, match="Unknown backbone 'letter'.*Known: letters"):
        load_backbone("letter")
    with pytest.raises(ValueError, match=r"width \(alpha\) of mobilenet 0.3"):
        load_backbone("mobilenet", alpha=0.3)


@pytest.fixture
def copied_weights(tmp_path, monkeypatch):
    shutil.copytree(data_folder(), tmp_path / "data")
    monkeypatch.setattr(backbones, "data_folder", lambda: tmp_path / "data")
    return tmp_path / "data" / "weights"


def test_damaged_weights_are_refused_by_their_hash(copied_weights):
    path = copied_weights / "letters.weights.h5"
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(ValueError, match="must have the SHA-256 on its card.*git checkout"):
        load_backbone("letters")


def test_a_missing_weights_file_is_named(copied_weights):
    (copied_weights / "letters.weights.h5").unlink()
    with pytest.raises(ValueError, match="letters.weights.h5.*no file"):
        load_backbone("letters")


def test_truncated_weights_and_other_architectures_are_named(tmp_path):
    path = tmp_path / "some.weights.h5"
    residual_classifier(10).save_weights(path)
    with pytest.raises(ValueError, match=r"some.weights.h5 must hold whole weights of residual_classifier\(71\)"):
        load_classifier(path, 71)
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(ValueError, match="must hold whole weights"):
        load_classifier(path, 10)
    other = tmp_path / "other.weights.h5"
    keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)]).save_weights(other)
    with pytest.raises(ValueError, match="must hold whole weights"):
        load_classifier(other, 10)
