import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import ttest_1samp

from tlcourse.evaluation import (
    Curve,
    accuracy_table,
    check_apart,
    crossed_interval,
    draw_labels,
    equivalent,
    holm,
    label_efficiency,
    mean_interval,
    paired_interval,
    split_by_patient,
)

LABELS = np.repeat([0, 1, 2], 20)


def test_draws_take_k_of_each_class_without_repetition():
    drawn = draw_labels(LABELS, 5, draws=4, seed=0)
    assert drawn.shape == (4, 15)
    for rows in drawn:
        assert len(set(rows)) == 15
        assert np.bincount(LABELS[rows]).tolist() == [5, 5, 5]


def test_draws_are_nested_seeded_and_differ():
    few, many = draw_labels(LABELS, 2, draws=3, seed=7), draw_labels(LABELS, 9, draws=3, seed=7)
    assert all(set(a) <= set(b) for a, b in zip(few, many))
    assert np.array_equal(many, draw_labels(LABELS, 9, draws=3, seed=7))
    assert not np.array_equal(many, draw_labels(LABELS, 9, draws=3, seed=8))
    assert not np.array_equal(many[0], many[1])


def test_a_class_with_too_few_examples_is_named():
    with pytest.raises(ValueError, match="class 1 has 3"):
        draw_labels([0] * 9 + [1] * 3, 5, draws=1, seed=0)
    with pytest.raises(ValueError, match="per_class=0"):
        draw_labels(LABELS, 0, draws=1, seed=0)


def test_paired_interval_is_students():
    a, b = np.random.default_rng(0).normal(size=(2, 12))
    interval, reference = paired_interval(a, b), ttest_1samp(a - b, 0).confidence_interval(0.95)
    assert np.allclose([interval.low, interval.high], [reference.low, reference.high])


def test_where_all_draws_agree_no_interval_of_zero_width_is_printed():
    same = paired_interval([0.8, 0.8, 0.8], [0.7, 0.7, 0.7])
    assert str(same) == "+10.0 points, the same in all 3 draws"
    assert str(crossed_interval(np.ones((3, 50)), np.zeros((3, 50)))) == "+100.0 points, the same in all 3 draws"
    assert "[" in str(paired_interval([0.8, 0.8, 0.9], [0.7, 0.7, 0.7]))


def test_mean_interval_is_students():
    scores = np.array([0.81, 0.84, 0.90])
    half = 4.302652729911275 * scores.std(ddof=1) / np.sqrt(3)
    interval = mean_interval(np.repeat(scores[:, None], 5, axis=1))
    assert (interval.low, interval.high) == pytest.approx((0.85 - half, 0.85 + half))
    with pytest.raises(ValueError, match="at least two draws"):
        mean_interval([0.8])


def test_a_table_of_accuracies_is_the_same_text_everywhere():
    correct = np.arange(10) < np.array([[4], [6], [4], [6]])
    table = accuracy_table({"a method": {5: correct, 50: 0.9}, "b": {50: 1.0}})
    assert repr(table).splitlines() == [
        "|          |           5 |    50 |",
        "|----------|------------:|------:|",
        "| a method | 50.0 ± 18.4 |  90.0 |",
        "| b        |           – | 100.0 |",
        "",
        "Accuracy in %; after ± half of the 95 % interval of its mean over draws.",
    ]
    assert table._repr_markdown_() == repr(table)
    assert "±" not in repr(accuracy_table({"a": {5: 0.5}}))
    assert "±" not in repr(accuracy_table({"draws that agree": {5: np.transpose([[0.855, 0.855, 0.855]])[:, 0]}}))
    assert "| 5 |     90.0 |" in repr(accuracy_table({5: {"one draw": [0.9]}}))
    for wrong in ({}, {"a": {}}, {"a": {5: []}}, {"a": {5: 83.6}}, {"a": {5: np.nan}}):
        with pytest.raises(ValueError, match="A table needs|must be between 0 and 1"):
            accuracy_table(wrong)


def test_crossed_interval_by_hand():
    # Draw means 0.5 and 1, item means 1 and 0.5, a rest of ±0.25: variances 0.0625, 0.0625 and -0.0625 of the mean.
    a, b = np.array([[1.0, 0.0], [1.0, 1.0]]), np.zeros((2, 2))
    interval = crossed_interval(a, b)
    assert interval.mean == 0.75
    assert interval.se == pytest.approx(0.25)


def test_crossed_is_wider_than_paired_when_items_differ():
    rng = np.random.default_rng(1)
    items = rng.normal(size=(1, 60))
    a = items + 0.01 * rng.normal(size=(10, 60))
    assert crossed_interval(a, np.zeros((10, 60))).se > 5 * paired_interval(a, np.zeros((10, 60))).se


@pytest.mark.parametrize("interval", [paired_interval, crossed_interval, lambda a, b: equivalent(a, b, 0.1)])
def test_intervals_refuse_other_shapes_single_draws_and_nan(interval):
    with pytest.raises(ValueError, match="of two methods alike"):
        interval(np.zeros((3, 4)), np.zeros((3, 5)))
    with pytest.raises(ValueError, match=r"curve\.at\(5\)|two items"):
        interval(np.zeros((2, 3, 4)), np.zeros((2, 3, 4)))
    with pytest.raises(ValueError, match="two draws"):
        interval(np.zeros((1, 4)), np.zeros((1, 4)))
    with pytest.raises(ValueError, match="finite"):
        interval(np.full((3, 4), np.nan), np.zeros((3, 4)))


def test_equivalence_needs_a_margin_and_uses_it():
    a = 0.8 + np.array([0.00, 0.01, -0.01, 0.00, 0.01, -0.01])
    assert equivalent(a, np.full(6, 0.8), margin=0.02)
    assert not equivalent(a + 0.05, np.full(6, 0.8), margin=0.02)
    with pytest.raises(ValueError, match="margin must be above 0; got 0"):
        equivalent(a, a, margin=0)
    with pytest.raises(ValueError, match="0.02 for two points; got 2"):
        equivalent(a, a - 0.5, margin=2)


def simulate(rng, draws, items, easiness):
    """Correctness of two methods whose chance of being right depends on the draw and on the item."""
    luck = 0.3 * rng.normal(size=(2, draws, 1))
    chance = expit(np.array([2.2, 1.2])[:, None, None] + easiness + luck)
    return rng.random((2, draws, items)) < chance


def easiness_of(rng, items):
    shared, own = 1.2 * rng.normal(size=items), 0.9 * rng.normal(size=(2, 1, items))
    return shared + own


def test_crossed_interval_covers_the_truth_for_other_draws_and_items():
    rng = np.random.default_rng(0)
    many = simulate(rng, 400, 100_000, easiness_of(rng, 100_000))
    truth, hits = many[0].mean() - many[1].mean(), 0
    for _ in range(2000):
        a, b = simulate(rng, 10, 897, easiness_of(rng, 897))
        interval = crossed_interval(a, b)
        hits += interval.low <= truth <= interval.high
    assert 0.93 <= hits / 2000 <= 0.97


def test_paired_interval_covers_the_truth_for_other_draws_on_the_same_items():
    rng = np.random.default_rng(0)
    easiness = easiness_of(rng, 897)
    many = simulate(rng, 20_000, 897, easiness)
    truth, hits = many[0].mean() - many[1].mean(), 0
    for _ in range(2000):
        a, b = simulate(rng, 10, 897, easiness)
        interval = paired_interval(a, b)
        hits += interval.low <= truth <= interval.high
    assert 0.93 <= hits / 2000 <= 0.97


def test_equivalence_keeps_its_level_at_the_margin():
    rng, n = np.random.default_rng(0), 2000
    at_margin = rng.normal(-0.05, 0.02, size=(n, 10))
    assert np.mean([equivalent(sample, np.zeros(10), margin=0.05) for sample in at_margin]) <= 0.07


def test_curve_hands_every_method_the_same_draws_and_counts_what_is_right():
    seen = []

    def predict(rows):
        seen.append(rows)
        return np.array([0, 1, 1])

    curve = label_efficiency("m", predict, LABELS, [0, 1, 2], budgets=(1, 4), draws=3, seed=5)
    assert np.array_equal(np.stack(seen[3:]), draw_labels(LABELS, 4, draws=3, seed=5))
    assert curve.correct.shape == (2, 3, 3)
    assert np.allclose(curve.accuracy, 2 / 3)
    assert curve.at(4).tolist() == [[True, True, False]] * 3
    with pytest.raises(ValueError, match=r"measured at \(1, 4\)"):
        curve.at(2)


def test_curve_refuses_predictions_of_another_length():
    with pytest.raises(ValueError, match="predict must return"):
        label_efficiency("m", lambda rows: np.zeros(2), LABELS, [0, 1, 2], budgets=(1,), draws=1, seed=0)
    with pytest.raises(ValueError, match="no scores; got float64"):
        label_efficiency("m", lambda rows: np.ones(3), LABELS, [0, 1, 2], budgets=(1,), draws=1, seed=0)


def test_curve_is_a_plain_record():
    assert Curve("m", (1,), np.ones((1, 2, 3), bool)).accuracy.tolist() == [[1.0, 1.0]]


def test_holm_by_hand():
    # Sorted .01 .02 .04 times 3 2 1: .03 .04 .04, in the order given.
    assert holm([0.04, 0.01, 0.02]) == pytest.approx([0.04, 0.03, 0.04])
    assert holm([0.5]).tolist() == [0.5]
    assert holm([0.9, 0.8]).tolist() == [1.0, 1.0]


@pytest.mark.parametrize("p_values", [[], [1.2], [np.nan], [[0.1]]])
def test_holm_refuses_what_is_no_p_value(p_values):
    with pytest.raises(ValueError, match="each from 0 to 1; got"):
        holm(p_values)


def test_patients_who_may_be_one_are_named_and_spaces_are_no_difference():
    with pytest.warns(UserWarning, match="may be one patient.*P01 and p1"):
        split_by_patient(["P01", "p1", "P2", "P3"], 0.5)
    first, second = split_by_patient(["P1", "P1 ", "P2", "P3"], 0.4)
    assert {0, 1} <= set(first) or {0, 1} <= set(second)


@pytest.mark.parametrize(("first", "second"), [([1.0, 2.0], ["1", "2"]), ([1, "1"], [2, 3])])
def test_names_and_numbers_of_patients_are_not_mixed(first, second):
    with pytest.raises(ValueError, match="all names or all numbers"):
        check_apart(first, second)


def test_parts_with_names_that_may_be_one_patient_are_named_and_missing_ones_refused():
    with pytest.warns(UserWarning, match="P01 and P1"):
        check_apart(["P01"], ["P1"])
    with pytest.raises(ValueError, match="have none"):
        check_apart([1.0, np.nan], [np.nan, 2.0])
    with pytest.raises(ValueError, match="one patient for each image"):
        split_by_patient([["P1", "P2"], ["P3", "P4"]], 0.5)


def test_spaces_hide_no_patient_in_both_parts():
    with pytest.raises(ValueError, match="both parts: P1"):
        check_apart(["P1 ", "P2"], ["P1"])
