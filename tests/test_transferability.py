import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import multivariate_normal
from sklearn.covariance import LedoitWolf

from tlcourse.transferability import (
    evidence,
    h_score,
    leep,
    logme,
    mean_agreement,
    nearest_neighbours,
    rank_agreement,
    reached_by,
)


def task(n=60, width=8, classes=3, apart=1.5, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    return rng.normal(size=(n, width)) + apart * rng.normal(size=(classes, width))[labels], labels


def logme_as_written(features, labels):
    """The paper's formula, one class and one inverse at a time."""
    n, d = features.shape
    total = []
    for each in np.unique(labels):
        y, alpha, beta = (labels == each).astype(float), 1.0, 1.0
        for _ in range(500):
            inverse = np.linalg.inv(alpha * np.eye(d) + beta * features.T @ features)
            m = beta * inverse @ features.T @ y
            gamma = d - alpha * np.trace(inverse)
            alpha, beta = gamma / (m @ m), (n - gamma) / ((features @ m - y) ** 2).sum()
        a = alpha * np.eye(d) + beta * features.T @ features
        m = beta * np.linalg.solve(a, features.T @ y)
        total.append(
            n / 2 * np.log(beta / 2 / np.pi)
            + d / 2 * np.log(alpha)
            - beta / 2 * ((features @ m - y) ** 2).sum()
            - alpha / 2 * m @ m
            - np.linalg.slogdet(a)[1] / 2
        )
    return np.mean(total) / n


def test_logme_is_the_formula_of_its_paper():
    features, labels = task()
    assert logme(features=features, labels=labels) == pytest.approx(logme_as_written(features, labels), abs=1e-8)


@pytest.mark.parametrize(("n", "width"), [(60, 8), (24, 60)])
def test_logme_is_the_largest_density_of_the_labels(n, width):
    features, labels = task(n, width)
    largest = []
    for each in np.unique(labels):

        def less(logs, y=(labels == each) * 1.0):
            covariance = np.exp(logs[0]) * features @ features.T + np.exp(logs[1]) * np.eye(n)
            return -multivariate_normal.logpdf(y, cov=covariance)

        found = minimize(less, [-4.0, -2.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12})
        largest.append(-found.fun / n)
    assert logme(features=features, labels=labels) == pytest.approx(np.mean(largest), abs=1e-8)


@pytest.mark.parametrize(("n", "width"), [(200, 40), (40, 200)])
def test_logme_by_eigenvectors_and_by_singular_values_is_one_number(n, width, monkeypatch):
    features, labels = task(n, width)
    features = np.hstack([np.maximum(features, 0), np.zeros((n, 3))])  # three units that are never active
    by_eigenvectors = logme(features=features, labels=labels)
    monkeypatch.setattr(evidence, "WELL_APART", np.inf)
    assert by_eigenvectors == pytest.approx(logme(features=features, labels=labels), abs=1e-10)


def test_logme_does_not_ask_for_the_unit_of_the_features():
    features, labels = task()
    score = logme(features=features, labels=labels)
    assert logme(features=1e200 * features, labels=labels) == pytest.approx(score, abs=1e-8)


def test_logme_by_hand_where_features_say_nothing():
    labels = np.array([0, 0, 1, 1])
    alternating = np.array([[1.0], [-1.0], [1.0], [-1.0]])  # at right angles to both targets: only noise is left
    by_hand = (np.log(4 / 2 / (2 * np.pi)) - 1) / 2  # n/2 (log(β / 2π) - 1) / n, with β = n / ||y||² = 4 / 2
    assert logme(features=alternating, labels=labels) == pytest.approx(by_hand)


def test_logme_with_more_features_than_examples_and_with_features_twice():
    wide, labels = task(n=30, width=200)
    score = logme(features=wide, labels=labels)
    assert np.isfinite(score)
    # Twice the same features is one feature with half the precision of its weight: the best evidence is the same.
    assert logme(features=np.hstack([wide, wide]), labels=labels) == pytest.approx(score, abs=1e-8)
    narrow, labels = task()
    doubled = np.hstack([narrow, narrow])
    assert logme(features=doubled, labels=labels) == pytest.approx(logme(features=narrow, labels=labels), abs=1e-8)


def test_logme_stays_finite_where_the_labels_are_a_feature():
    labels = np.arange(40) % 2
    exact = np.eye(2)[labels]
    noisy = exact + 0.1 * np.random.default_rng(0).normal(size=exact.shape)
    assert logme(features=noisy, labels=labels) < logme(features=exact, labels=labels) < np.inf


def test_h_score_is_the_trace_of_its_formula():
    features, labels = task(n=45, width=60)
    centred = features - features.mean(axis=0)
    means = np.array([centred[labels == each].mean(axis=0) for each in labels])
    estimate = LedoitWolf(assume_centered=True).fit(centred)
    trace = np.trace(np.linalg.inv(estimate.covariance_) @ (means.T @ means / 45)) * (1 - estimate.shrinkage_)
    assert h_score(features=features, labels=labels) == pytest.approx(trace)


def test_h_score_does_not_ask_where_the_features_lie_and_is_0_where_classes_share_a_mean():
    features, labels = task()
    assert h_score(features=features + 5, labels=labels) == pytest.approx(h_score(features=features, labels=labels))
    same = np.array([[-1.0], [1.0], [-1.0], [1.0]])
    assert h_score(features=same, labels=[0, 0, 1, 1]) == 0


def test_leep_by_hand():
    probabilities = np.array([[0.8, 0.2], [0.6, 0.4], [0.1, 0.9]])
    # Joint, times 3: class 0 has (1.4, .6), class 1 (.1, .9). So P(0 | z) = 1.4 / 1.5 and .6 / 1.5; P(1 | z) the rest.
    first, second = np.array([1.4, 0.6]) / 1.5, np.array([0.1, 0.9]) / 1.5
    rows = [[0.8, 0.2] @ first, [0.6, 0.4] @ first, [0.1, 0.9] @ second]
    assert leep(probabilities=probabilities, labels=[0, 0, 1]) == pytest.approx(np.log(rows).mean())


def test_leep_of_a_source_that_sees_no_difference_is_minus_the_entropy_of_the_labels():
    blind = np.full((4, 5), 0.2)
    by_hand = 0.75 * np.log(0.75) + 0.25 * np.log(0.25)
    assert leep(probabilities=blind, labels=[0, 0, 0, 1]) == pytest.approx(by_hand)


def test_neighbours_leave_the_example_itself_out_and_break_ties_by_nearness():
    angles = np.deg2rad([0, 10, 25, 90])
    features = np.stack([np.cos(angles), np.sin(angles)], axis=1) * [[1], [3], [2], [5]]
    # The nearest of each is 1, 0, 1, 2; with two neighbours each, a tie goes to the nearer one.
    assert nearest_neighbours(features=features, labels=[0, 0, 1, 1], k=1) == 0.75
    assert nearest_neighbours(features=features, labels=[0, 0, 1, 1], k=2) == 0.75


def test_agreement_exchanges_whole_sources():
    gains = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    taus = rank_agreement(scores=gains, gains=gains, sources=[0, 0, 1, 1, 2, 2])
    assert taus[0] == pytest.approx(1)
    assert len(taus) == 6 and (taus[1:] < 1).all()  # all orders of three sources
    worst = rank_agreement(scores=gains[::-1], gains=gains, sources=[0, 0, 1, 1, 2, 2])
    assert worst[0] == pytest.approx(-1) == worst.min()


def test_many_sources_are_exchanged_at_random():
    numbers = np.arange(8.0)
    taus = rank_agreement(scores=numbers, gains=numbers, sources=numbers)
    assert len(taus) == 2000 and taus[0] == pytest.approx(1) and abs(taus.mean()) < 0.05


ACCURACIES = {
    "digits": np.array([[0.5, 0.6, 0.9], [0.5, 0.7, 0.8]]),
    "faces": np.array([[0.5, 0.8, 0.9], [0.5, 0.7, 0.9]]),
}


@pytest.mark.parametrize(
    ("score", "first_tau", "p"),
    [
        ([[1, 2, 3]] * 2, 1, 1 / 6),
        ([[3, 2, 1], [3, 1, 2]], -1, 1),
        ([[1, 2, np.nan]] * 2, 1, 1 / 2),
        ([[4] * 3] * 2, 0, 1),
    ],
)
def test_agreement_over_targets_and_what_chance_would_give(score, first_tau, p):
    found = mean_agreement(dict.fromkeys(ACCURACIES, score), ACCURACIES, ["a", "b", "c"])
    assert found.tau[0] == pytest.approx(first_tau) and found.p == pytest.approx(p)


def test_the_accuracy_reached_is_that_of_the_highest_score_and_level_ones_share():
    accuracies = ACCURACIES["digits"]
    assert reached_by([[1, 2, 3]] * 2, accuracies) == pytest.approx([0.9, 0.8])
    assert reached_by([[1, np.nan, np.nan]] * 2, accuracies) == pytest.approx([0.5, 0.5])
    assert reached_by([[7, 7, 1]] * 2, accuracies) == pytest.approx([0.55, 0.6])
    assert reached_by([[1e-9, 2e-9, 3e-9]] * 2, accuracies) == pytest.approx([0.9, 0.8])  # near is not level


def test_h_score_of_classes_that_have_collapsed_to_points_is_their_number_less_one():
    assert h_score(features=np.eye(2)[[0, 0, 1, 1]], labels=[0, 0, 1, 1]) == pytest.approx(1.0)


def test_a_tie_among_neighbours_goes_to_the_class_of_the_nearest():
    angles = np.array([0.0, 0.1, -0.2, 0.3, -0.4])
    features = np.column_stack([np.cos(angles), np.sin(angles)])
    # Each asks the four others. Three find two of each class, two of these with their own class nearest.
    assert nearest_neighbours(features=features, labels=[1, 1, 0, 0, 1], k=4) == pytest.approx(2 / 5)


def test_level_scores_rank_nothing():
    assert rank_agreement(scores=[1, 1, 1, 1], gains=[1, 2, 3, 4], sources=list("aabb")).tolist() == [0, 0]


@pytest.mark.parametrize("score", [logme, h_score, nearest_neighbours])
def test_scores_of_features_say_what_is_wrong(score):
    features, labels = task()
    with pytest.raises(TypeError):
        score(features, labels)  # argument order can't be swapped in silence
    with pytest.raises(ValueError, match="two classes at least; all 60 labels are 0"):
        score(features=features, labels=np.zeros(60, int))
    with pytest.raises(ValueError, match="one label for each of the 60"):
        score(features=features, labels=labels[:-1])
    with pytest.raises(ValueError, match="finite"):
        score(features=np.full((4, 2), np.nan), labels=[0, 0, 1, 1])


def test_other_errors_name_the_rule():
    with pytest.raises(ValueError, match="sum 1; got values from 1 and sums from 3"):
        leep(probabilities=np.ones((4, 3)), labels=[0, 0, 1, 1])
    with pytest.raises(ValueError, match="must not be constant"):
        h_score(features=np.ones((4, 3)), labels=[0, 0, 1, 1])
    with pytest.raises(ValueError, match="whole number from 1 to 3, the other examples; got 4"):
        nearest_neighbours(features=np.eye(4), labels=[0, 0, 1, 1], k=4)
    with pytest.raises(ValueError, match="as many candidates each"):
        rank_agreement(scores=[1, 2, 3], gains=[1, 2, 3], sources=["a", "a", "b"])
    with pytest.raises(ValueError, match="finite; got NaN"):
        rank_agreement(scores=[1, np.nan], gains=[1, 2], sources=["a", "b"])
    with pytest.raises(ValueError, match="whole number from 1 to 3"):
        nearest_neighbours(features=np.eye(4), labels=[0, 0, 1, 1], k=2.0)


@pytest.mark.parametrize(
    ("scores", "accuracies", "rule"),
    [
        ([[1, 2]], [[0.1, 0.2, 0.3]], r"got \(1, 2\) and \(1, 3\)"),
        ([[1, 2]], [[60, 80]], "from 0 to 1; got 60 to 80"),
        ([[1, np.nan], [1, 2]], [[0.1, 0.2]] * 2, "NaN in every draw"),
        ([[1, np.inf]], [[0.1, 0.2]], "finite score in every draw"),
        ([[np.nan, np.nan]], [[0.1, 0.2]], "got 0 of 2"),
    ],
)
def test_what_is_no_score_of_candidates_is_refused(scores, accuracies, rule):
    with pytest.raises(ValueError, match=rule):
        reached_by(scores, accuracies)
    with pytest.raises(ValueError, match=rule):
        mean_agreement({"digits": scores}, {"digits": accuracies}, ["a", "b"])


def test_agreement_over_targets_needs_the_same_targets_and_candidates():
    score = np.array([[1.0, 2.0, 3.0]] * 2)
    with pytest.raises(ValueError, match="same targets"):
        mean_agreement({"digits": score}, ACCURACIES, ["a", "b", "c"])
    with pytest.raises(ValueError, match="same on all targets"):
        mean_agreement({"digits": score, "faces": [[np.nan, 2, 3]] * 2}, ACCURACIES, ["a", "b", "c"])
    with pytest.raises(ValueError, match="a source for each of 3"):
        mean_agreement({"digits": score, "faces": score}, ACCURACIES, ["a", "b"])
