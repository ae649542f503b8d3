import tomllib
from dataclasses import replace

import numpy as np
import pytest

import tlcourse.pretrain.make as make
import tlcourse.pretrain.planted as planted
import tlcourse.pretrain.recipe as recipe
from tlcourse.backbones import load_classifier
from tlcourse.backbones.bundled import card_of
from tlcourse.datasets.glyphs import load_glyphs
from tlcourse.datasets.sources import KEPT_OUT, TRAINED_ON
from tlcourse.pretrain.recipe import Source, cut_out, mirror, shift

RNG = np.random.default_rng(0)
IMAGES = RNG.random((6, 12, 12, 1)).astype("float32")


def test_shift_moves_whole_images_by_at_most_its_range():
    moved = shift(IMAGES, np.random.default_rng(1), by=2)
    assert moved.shape == IMAGES.shape
    for image, after in zip(IMAGES, moved):
        padded = np.pad(image, ((2, 2), (2, 2), (0, 0)), mode="reflect")
        windows = [padded[r : r + 12, c : c + 12] for r in range(5) for c in range(5)]
        assert any(np.array_equal(after, window) for window in windows)


def test_mirror_turns_some_left_to_right_and_leaves_the_others():
    turned = mirror(np.repeat(IMAGES, 20, axis=0), np.random.default_rng(1))
    whole = np.repeat(IMAGES, 20, axis=0)
    same = (turned == whole).all(axis=(1, 2, 3))
    flipped = (turned == whole[:, :, ::-1]).all(axis=(1, 2, 3))
    assert (same | flipped).all()
    assert 30 < flipped.sum() < 90


def test_cut_out_blanks_one_square_with_the_mean():
    cut = cut_out(IMAGES, np.random.default_rng(1), side=4)
    changed = (cut != IMAGES).sum(axis=(1, 2, 3))
    assert (changed == 16).all()
    assert np.allclose(cut[0][cut[0] != IMAGES[0]], IMAGES[0].mean())


def test_the_judging_family_is_kept_out_of_training():
    assert KEPT_OUT not in TRAINED_ON


@pytest.fixture
def few_glyphs(monkeypatch):
    monkeypatch.setattr(planted, "load_glyphs", lambda n, **options: load_glyphs(n // 10, **options))


def test_a_scrambled_source_keeps_its_pictures_and_exchanges_their_names(few_glyphs):
    source, true = planted.scrambled_source(), load_glyphs(300, families=TRAINED_ON)
    assert np.array_equal(source.images, true.images)
    assert np.array_equal(np.bincount(source.labels), np.bincount(true.labels))
    assert (source.labels == true.labels).mean() < 0.1


def test_the_control_of_the_scrambled_source_differs_in_its_names_alone(few_glyphs):
    control, scrambled, true = (
        planted.unscrambled_source(),
        planted.scrambled_source(),
        load_glyphs(300, families=TRAINED_ON),
    )
    assert np.array_equal(control.labels, true.labels)
    assert np.array_equal(control.images, scrambled.images) and control.epochs == scrambled.epochs


@pytest.mark.parametrize("name", ["scrambled", "unscrambled", "bold"])
def test_the_card_of_a_planted_network_says_what_its_command_would(name, few_glyphs):
    assert card_of(name)["trained_on"] == make.SOURCES[name](0).trained_on


def test_a_bold_source_knows_which_fonts_are_bold(few_glyphs):
    source, fonts = planted.bold_source(), load_glyphs(300, families=TRAINED_ON).groups
    assert set(fonts[source.labels == 1]) == {font for font in fonts if "Bold" in font} | {"cmb10.ttf"}
    assert 0.3 < source.judged_labels.mean() < 0.7


@pytest.mark.slow
def test_pretraining_writes_weights_that_load_and_a_card_that_is_true(tmp_path, monkeypatch):
    labels = np.arange(256) % 2
    images = np.zeros((256, 32, 32), "uint8")
    images[labels == 1, :, 16:] = 255
    source = Source(
        images, labels, images, labels, ("left", "right"), lambda x, rng: x, 8, "made", "the same", "made data"
    )
    monkeypatch.setattr(make, "SOURCES", {"letters": lambda seed: replace(source)})
    monkeypatch.setattr(recipe, "BATCH", 32)
    card = make.pretrain("letters", folder=tmp_path)
    written = tomllib.loads((tmp_path / "letters.toml").read_text(encoding="utf-8"))
    assert written == card
    assert card["accuracy"] > 0.9
    assert card["interval"][0] < card["accuracy"] <= card["interval"][1]
    classifier = load_classifier(tmp_path / "letters.weights.h5", 2)
    predicted = classifier.predict(np.repeat(images[..., None] / 255, 3, axis=-1), verbose=0).argmax(axis=1)
    assert (predicted == labels).mean() == pytest.approx(card["accuracy"], abs=1e-4)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["letters.toml", "letters.weights.h5"]
