"""Baselines choose inside their labels, see no test label, and give the same answers for the same seed."""

import numpy as np
import pytest
from sklearn.svm import SVC

import tlcourse.baselines as module
from tlcourse.baselines import from_scratch, probe_on, svm_on_pixels
from tlcourse.datasets import load_dataset
from tlcourse.datasets.dataset import Part
from tlcourse.evaluation import draw_labels

DIGITS = load_dataset("digits")
POOL = DIGITS.pool
TEST = Part(DIGITS.test.images[:200], DIGITS.test.labels[:200], None)


def drawn(labels_each):
    return draw_labels(POOL.labels, labels_each, draws=1, seed=0)[0]


def test_the_svm_has_fixed_settings_below_five_labels_and_chooses_from_five_on(monkeypatch):
    import sklearn.model_selection as selection

    searched = []
    original = selection.GridSearchCV
    monkeypatch.setattr(selection, "GridSearchCV", lambda *a, **options: searched.append(1) or original(*a, **options))
    predict, flat = svm_on_pixels(POOL, TEST), POOL.images.reshape(900, -1)
    by_hand = SVC(C=10).fit(flat[drawn(2)], POOL.labels[drawn(2)]).predict(TEST.images.reshape(200, -1))
    assert np.array_equal(predict(drawn(2)), by_hand) and searched == []
    assert (predict(drawn(5)) == TEST.labels).mean() > 0.7 and searched == [1]


def test_from_scratch_learns_and_the_same_draw_gives_the_same_answers():
    predict = from_scratch(POOL, TEST, seed=0)
    first = predict(drawn(5))
    assert (first == TEST.labels).mean() > 0.6
    predict(drawn(1))
    assert np.array_equal(predict(drawn(5)), first)


def test_a_probe_takes_a_dictionary_of_layers():
    labels = np.arange(20) % 2
    layers = {"noise": np.random.default_rng(0).normal(size=(20, 2)), "knows": labels[:, None] + 0.0}
    assert np.array_equal(probe_on(layers, layers, labels)(np.arange(10)), labels)


def test_large_images_are_reduced_to_block_means_and_odd_sides_are_refused():
    images = np.zeros((1, 64, 64))
    images[0, ::2] = 1
    assert np.allclose(module._small(images), 0.5) and module._small(images).shape == (1, 32, 32, 1)
    with pytest.raises(ValueError, match=r"sides divisible by 2; got \(33, 33\)"):
        module._small(np.zeros((1, 33, 33)))
