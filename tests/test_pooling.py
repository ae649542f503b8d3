"""Two sets of labels in one probe, against the probe on one of them, and against refitting."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from tlcourse.features import fit_pooled_probe, fit_probe
from tlcourse.features.ridge import fit_ridge

RNG = np.random.default_rng(0)
OWN, LABELS = RNG.normal(size=(12, 4)), np.arange(12) % 3
THEIRS, THEIR_LABELS = RNG.normal(1, 2, size=(30, 4)), RNG.integers(0, 3, 30)
BOTH = {"features": OWN, "labels": LABELS, "source_features": THEIRS, "source_labels": THEIR_LABELS}


def helpful(labels):
    return np.eye(3)[labels] + 0.3 * RNG.normal(size=(len(labels), 3))


def test_weight_0_is_the_target_alone():
    pooled, alone = fit_pooled_probe(**BOTH, weights=[0]), fit_probe(OWN, LABELS)
    assert pooled.source_weight == 0
    assert pooled.penalty == alone.penalty
    assert pooled.error == pytest.approx(alone.error, rel=1e-12)
    assert np.allclose(pooled.weights, alone.weights)


def test_weight_1_is_plain_pooling():
    pooled = fit_pooled_probe(**BOTH, weights=[1], penalties=[10.0])
    plain = fit_probe(np.concatenate([OWN, THEIRS]), np.concatenate([LABELS, THEIR_LABELS]), penalties=[10.0])
    assert np.allclose(pooled.weights, plain.weights)
    assert np.allclose(pooled.bias, plain.bias)


def test_the_error_is_that_of_refitting_without_each_example_of_the_target():
    weight, penalty = 0.1, 10.0
    counted = np.repeat([1.0, weight], [12, 30])
    features = np.concatenate([OWN, THEIRS])
    mean = np.average(features, axis=0, weights=counted)
    standard = (features - mean) / np.sqrt(np.average((features - mean) ** 2, axis=0, weights=counted))
    targets = np.where(np.concatenate([LABELS, THEIR_LABELS])[:, None] == np.arange(3), 1.0, -1.0)
    residuals = []
    for out in range(12):
        kept = np.arange(42) != out
        ridge = Ridge(alpha=penalty).fit(standard[kept], targets[kept], sample_weight=counted[kept])
        residuals.append(targets[out] - ridge.predict(standard[out : out + 1])[0])
    probe = fit_pooled_probe(**BOTH, weights=[weight], penalties=[penalty])
    assert probe.error == pytest.approx(np.mean(np.square(residuals)))


def test_a_source_like_the_target_counts_and_one_with_exchanged_labels_hardly():
    own, labels = helpful(LABELS), {"labels": LABELS, "source_labels": THEIR_LABELS}
    theirs = helpful(THEIR_LABELS)
    assert fit_pooled_probe(features=own, source_features=theirs, **labels).source_weight >= 0.1
    exchanged = helpful((THEIR_LABELS + 1) % 3)
    assert fit_pooled_probe(features=own, source_features=exchanged, **labels).source_weight <= 0.003


def test_with_one_label_of_a_class_nothing_is_chosen():
    few = BOTH | {"features": OWN[:3], "labels": LABELS[:3]}
    pooled = fit_pooled_probe(**few)
    assert pooled.source_weight == 0
    assert np.isnan(pooled.error)
    assert np.allclose(pooled.weights, fit_probe(OWN[:3], LABELS[:3]).weights)
    assert fit_pooled_probe(**few, weights=[1.0]).source_weight == 1


def test_rows_of_any_weight_have_their_error_when_left_out():
    targets, counted = np.where(LABELS[:, None] == np.arange(3), 1.0, -1.0), np.full(12, 3.0)
    thrice = fit_ridge(OWN, targets, [30.0], weights=counted)
    assert thrice["error"] == pytest.approx(fit_ridge(OWN, targets, [10.0])["error"])


def test_nothing_that_is_given_is_changed():
    before = {name: np.copy(array) for name, array in BOTH.items()}
    fit_pooled_probe(**BOTH)
    assert all(np.array_equal(before[name], BOTH[name]) for name in BOTH)


def test_classes_that_only_the_source_has_get_a_column():
    assert fit_pooled_probe(**BOTH | {"source_labels": THEIR_LABELS + 2}).weights.shape == (4, 5)


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"labels": LABELS[:5]}, "one label for each of the 12"),
        ({"source_labels": LABELS}, "one label for each of the 30"),
        ({"source_features": THEIRS[:, :3]}, "with one d, from the same layer"),
        ({"features": np.full((12, 4), np.nan)}, "finite"),
        ({"weights": []}, "Weights must be from 0 to 1"),
        ({"weights": [2.0]}, "Weights must be from 0 to 1"),
        ({"penalties": [0.0]}, "penalties above 0"),
        ({"penalties": [1.0, float("nan")]}, "penalties above 0"),
        ({"source_features": THEIRS[:0], "source_labels": []}, "at least one"),
    ],
)
def test_bad_input_is_refused(options, rule):
    with pytest.raises(ValueError, match=rule):
        fit_pooled_probe(**BOTH | options)
