import numpy as np
import pytest
from scipy.stats import norm, t
from sklearn.metrics import roc_auc_score

from tlcourse.evaluation import (
    Estimate,
    auc_difference,
    auc_interval,
    calibration_curve,
    calibration_error,
    check_apart,
    clustered_mean,
    fit_temperature,
    operating_point,
    predictive_values,
    proportion,
    shift_prior,
    split_by_patient,
    subgroup_table,
    threshold_at,
)

LABELS = np.array([0, 0, 0, 0, 1, 1])
SCORES = np.array([0.1, 0.2, 0.3, 0.6, 0.5, 0.9])


def study(rng, patients, ill, *, auc=0.85, each=1, alike=0.7, spread=1.0):
    """Scores of patients that are normal in each class, with a known area under the ROC curve."""
    labels = np.repeat(np.arange(patients) < ill, each).astype(int)
    patient = np.repeat(np.arange(patients), each)
    z = np.sqrt(alike) * rng.normal(size=patients)[patient] + np.sqrt(1 - alike) * rng.normal(size=patients * each)
    apart = norm.ppf(auc) * np.sqrt(1 + spread**2)
    return labels, np.where(labels == 1, apart + spread * z, z), patient


def test_wilson_and_what_alike_images_are_worth():
    assert str(proportion(np.arange(100) < 80)) == "0.800 [0.711, 0.867]"  # Wilson's score interval, by its formula
    patients = np.repeat(np.arange(50), 2)
    twice = proportion(np.repeat(np.arange(50) < 40, 2), patients)
    once = proportion(np.arange(50) < 40)
    # A second image that says the same tells nothing new; but now that had to be estimated, and t is wider.
    assert once.low - 0.005 < twice.low < once.low
    assert proportion([1] * 10).high == pytest.approx(1)
    assert 0 < proportion([1] * 10).low < 1
    assert str(proportion([1, 1, 1, 1], [5, 5, 8, 8])) == str(proportion([1, 1]))


def uneven(rng, patients, correlation, share):
    """Right or wrong for images of patients of whom some have many more."""
    patient = np.repeat(np.arange(patients), np.ceil(rng.lognormal(1, 1, patients)).astype(int))
    own = (1 - correlation) / correlation
    return rng.random(len(patient)) < rng.beta(share * own, (1 - share) * own, patients)[patient], patient


@pytest.mark.parametrize(("patients", "share"), [(10, 0.5), (20, 0.8), (50, 0.95)])
def test_the_interval_of_a_share_covers_where_some_patients_have_many_images(patients, share):
    rng = np.random.default_rng(7)
    found = [proportion(*uneven(rng, patients, 0.7, share)) for _ in range(600)]
    assert np.mean([each.low <= share <= each.high for each in found]) >= 0.92


def test_the_interval_of_a_mean_covers_where_some_patients_have_many_images():
    rng, held = np.random.default_rng(8), []
    for _ in range(600):
        patient = uneven(rng, 10, 0.5, 0.5)[1]
        found = clustered_mean(rng.normal(size=10)[patient] + 0.5 * rng.normal(size=len(patient)), patient)
        held.append(found.low <= 0 <= found.high)
    assert np.mean(held) >= 0.93


def test_where_images_of_each_patient_agree_they_are_worth_as_many_as_there_are_patients():
    # 4, 2 and 1 images, by Kish (4 + 2 + 1)^2 / (4^2 + 2^2 + 1^2) = 7/3 of equal size. The sums alone would say more.
    found, worth = proportion([1, 1, 1, 1, 1, 1, 0], [0, 0, 0, 0, 1, 1, 2]), 7 / 3
    for end in (found.low, found.high):  # Wilson: the shares from which 6/7 is just t standard errors away
        assert (6 / 7 - end) ** 2 == pytest.approx(t.ppf(0.975, worth - 1) ** 2 * end * (1 - end) / worth)
    certain = proportion([1] * 7, [0, 0, 0, 0, 1, 1, 2])
    assert (1 - certain.low) ** 2 == pytest.approx(1.959964**2 * certain.low * (1 - certain.low) / worth)


def test_a_mean_over_images_of_one_each_is_students():
    values = np.array([1.0, 2.0, 4.0])
    half = 4.302653 * values.std(ddof=1) / np.sqrt(3)
    found = clustered_mean(values)
    assert (found.low, found.high) == pytest.approx((values.mean() - half, values.mean() + half))


def test_the_area_is_the_share_of_pairs_and_scikit_learn_agrees():
    rng = np.random.default_rng(0)
    labels, scores, _ = study(rng, 60, 20)
    scores = scores.round(1)  # with ties
    pairs = scores[labels == 1][:, None] - scores[labels == 0][None]
    assert auc_interval(labels, scores).value == pytest.approx(((pairs > 0) + (pairs == 0) / 2).mean())
    assert auc_interval(labels, scores).value == pytest.approx(roc_auc_score(labels, scores))


def test_delong_by_its_formula():
    rng = np.random.default_rng(1)
    labels, scores, _ = study(rng, 80, 30)
    others = scores + rng.normal(size=80)
    below, above = [], []
    for each in (scores, others):
        wins = each[labels == 1][:, None] > each[labels == 0][None]
        below.append(wins.mean(1))
        above.append(wins.mean(0))
    variance = np.var(below[0] - below[1], ddof=1) / 30 + np.var(above[0] - above[1], ddof=1) / 50
    singles = [np.var(b, ddof=1) / 30 + np.var(a, ddof=1) / 50 for b, a in zip(below, above)]
    r = (sum(singles) - variance) / (2 * np.sqrt(np.prod(singles))) * 30 / 32
    a, b = ((one.high - one.low) / 2 for one in (auc_interval(labels, each) for each in (scores, others)))
    found, turned = auc_difference(labels, scores, others), auc_difference(labels, others, scores)
    assert found.high - found.value == pytest.approx(np.sqrt(a**2 + b**2 - 2 * r * a * b))
    assert (turned.low, turned.high) == pytest.approx((-found.high, -found.low))


def test_models_that_rank_alike_differ_by_an_interval_that_shrinks_with_the_patients():
    widths = []
    for n in (10, 40, 160):
        labels, scores, _ = study(np.random.default_rng(6), 2 * n, n)
        found = auc_difference(labels, scores, 2 * scores + 1)  # other numbers, every pair in the same order
        assert found.low < 0 == found.value < found.high
        widths.append(found.high - found.low)
    assert widths[0] > 3 * widths[1] > 9 * widths[2] > 0
    perfect = auc_difference([0] * 10 + [1] * 10, range(20), range(20))
    assert perfect.low < -0.05 and perfect.high > 0.05


def test_a_difference_of_areas_stays_between_minus_one_and_one():
    found = auc_difference([0, 0, 0, 1, 1, 1], [0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0])
    assert found.low < found.value == found.high == 1
    few = auc_difference([0, 0, 1, 1], [0, 2, 1, 3], [3, 1, 2, 0])
    assert -1 <= few.low < few.high <= 1


@pytest.mark.parametrize(("n", "areas"), [(10, (0.99, 0.98)), (10, (0.95, 0.8)), (25, (0.97, 0.96))])
def test_the_interval_of_a_difference_covers_where_models_are_alike(n, areas):
    rng, held, labels = np.random.default_rng(9), [], np.repeat([1, 0], n)
    apart = np.sqrt(2) * norm.ppf(areas)[:, None] * labels
    for _ in range(300):
        z = rng.normal(size=(2, 2 * n))
        found = auc_difference(labels, *(np.stack([z[0], 0.95 * z[0] + np.sqrt(1 - 0.95**2) * z[1]]) + apart))
        held.append(found.low <= areas[0] - areas[1] <= found.high)
    assert np.mean(held) >= 0.93


def test_copied_images_leave_the_interval_as_it_was():
    labels, scores, patients = study(np.random.default_rng(2), 60, 20)
    once, thrice = auc_interval(labels, scores), auc_interval(*(np.repeat(a, 3) for a in (labels, scores, patients)))
    assert (once.low, once.high) == pytest.approx((thrice.low, thrice.high))
    assert auc_interval(np.repeat(labels, 3), np.repeat(scores, 3)).low > once.low + 0.02  # as if they were patients


def test_a_perfect_ranking_has_an_interval_that_is_open_below():
    found = auc_interval([0] * 20 + [1] * 5, range(25))
    assert (found.value, found.high) == (1, 1)
    assert 0.5 < found.low < 0.95


@pytest.mark.parametrize(
    ("patients", "ill", "auc", "each"), [(400, 100, 0.85, 1), (100, 20, 0.85, 3), (100, 10, 0.9, 1)]
)
def test_the_interval_of_the_area_covers(patients, ill, auc, each):
    rng = np.random.default_rng(3)
    found = [auc_interval(*study(rng, patients, ill, auc=auc, each=each)) for _ in range(600)]
    assert 0.92 <= np.mean([low.low <= auc <= low.high for low in found]) <= 0.975


@pytest.mark.parametrize("prevalence", [0.5, 0.1, 0.01])
def test_the_interval_of_predictive_values_holds_the_truth_in_about_95_of_100_studies(prevalence):
    rng, truth = np.random.default_rng(1), predictive_values(0.85, 0.9, prevalence)
    held = np.zeros(2)
    for found, left in zip(rng.random((2000, 60)) < 0.85, rng.random((2000, 120)) < 0.9):
        values = predictive_values(proportion(found), proportion(left), prevalence)
        held += [value.low <= true <= value.high for value, true in zip(values, truth)]
    assert (held / 2000 >= 0.93).all() and (held / 2000 <= 0.97).all()


def test_predictive_values_of_estimates_agree_with_numbers_and_know_their_ends():
    sharp = predictive_values(Estimate(0.8, 0.8, 0.8), Estimate(0.9, 0.9, 0.9), 0.2)
    for value, number in zip(sharp, predictive_values(0.8, 0.9, 0.2)):
        assert (value.value, value.low, value.high) == pytest.approx((number, number, number))
    ppv, npv = predictive_values(Estimate(0.9, 0.8, 0.95), Estimate(1.0, 0.96, 1.0), 0.1)
    assert ppv.value == ppv.high == 1 and 0 < ppv.low < 1 and npv.low < npv.value < npv.high < 1
    ppv, npv = predictive_values(Estimate(0.0, 0.0, 0.2), Estimate(0.9, 0.8, 0.95), 0.1)
    assert (ppv.value, ppv.low) == (0, 0) and npv.value == pytest.approx(0.81 / 0.91)
    wide = [
        predictive_values(Estimate(share, 0.05, 0.236), Estimate(0.9, 0.8, 0.95), 0.1)[0] for share in (0.1179, 0.1181)
    ]
    assert wide[0].high == pytest.approx(
        wide[1].high, abs=0.001
    )  # where twice the share is below the upper end, and above it
    with pytest.raises(TypeError, match="both as an Estimate"):
        predictive_values(0.9, Estimate(0.9, 0.8, 1.0), 0.1)


def test_threshold_points_and_predictive_values():
    threshold = threshold_at(LABELS, SCORES, specificity=0.75)
    assert threshold == 0.5
    point = operating_point(LABELS, SCORES, threshold)
    values = [getattr(point, name).value for name in ("sensitivity", "specificity", "ppv", "npv", "accuracy")]
    assert values == pytest.approx([1, 3 / 4, 2 / 3, 1, 5 / 6])
    assert predictive_values(1, 3 / 4, 1 / 3) == pytest.approx((2 / 3, 1))
    assert predictive_values(0.9, 0.9, 0.01)[0] == pytest.approx(0.009 / 0.108)
    assert np.isnan(operating_point(LABELS, SCORES, 2).ppv.value)


def test_no_threshold_lower_keeps_the_specificity():
    labels, scores, _ = study(np.random.default_rng(4), 200, 50)
    threshold = threshold_at(labels, scores, specificity=0.9)
    well = scores[labels == 0]
    assert (well < threshold).mean() >= 0.9
    assert (well < np.nextafter(scores[scores < threshold].max(), -9)).mean() < 0.9 + 1 / len(well)


def test_calibration_by_hand():
    probabilities = np.array([0.1, 0.3, 0.7, 0.9])
    assert calibration_error([0, 0, 1, 1], probabilities, bins=2) == pytest.approx(0.2)
    said, so = calibration_curve([0, 1, 0, 1], [0.2, 0.8, 0.2, 0.8], bins=2)
    assert (said.tolist(), so.tolist()) == ([0.2, 0.8], [0, 1])


@pytest.mark.parametrize("labels", [[0, 1] * 40, [0] * 40 + [1] * 40])
def test_calibration_does_not_depend_on_the_order_of_what_is_tied(labels):
    assert calibration_error(labels, np.full(80, 0.5)) == pytest.approx(0)
    said, so = calibration_curve(labels, np.full(80, 0.5), bins=4)
    assert said.tolist() == so.tolist() == [0.5] * 4


def test_a_run_of_ties_shares_its_mean_among_its_bins():
    # Three at .4 with one 1 share 1/3; halves of six: .2 .4 .4 with 0, 1/3, 1/3 and .4 .6 .8 with 1/3, 1, 1.
    _, so = calibration_curve([0, 1, 0, 0, 1, 1], [0.2, 0.4, 0.4, 0.4, 0.6, 0.8], bins=2)
    assert so == pytest.approx([2 / 9, 7 / 9])


def test_a_temperature_of_probabilities_is_warned_of():
    with pytest.warns(UserWarning, match="Are they probabilities"):
        fit_temperature([0, 1, 0, 1], [0.1, 0.9, 0.6, 0.5])


@pytest.mark.parametrize("labels, why", [([0, 0, 1, 1], "separate the classes"), ([1, 1, 0, 0], "the opposite")])
def test_a_temperature_at_the_end_of_its_range_is_warned_of(labels, why):
    with pytest.warns(UserWarning, match=why):
        fit_temperature(labels, [-2.0, -1, 1, 2])


def test_temperature_finds_what_was_multiplied_and_keeps_the_order():
    rng = np.random.default_rng(5)
    logits = rng.normal(size=20000)
    labels = (rng.random(20000) < 1 / (1 + np.exp(-logits))).astype(int)
    assert fit_temperature(labels, logits * 2.5) == pytest.approx(2.5, rel=0.06)
    scaled = logits / fit_temperature(labels, logits)
    assert auc_interval(labels, scaled).value == auc_interval(labels, logits).value


def test_another_prevalence_by_bayes():
    assert shift_prior([0.5, 0.0, 1.0], old=0.5, new=0.2).tolist() == pytest.approx([0.2, 0, 1])
    there = shift_prior([0.37], old=0.74, new=0.625)
    assert shift_prior(there, old=0.625, new=0.74)[0] == pytest.approx(0.37)


def test_a_patient_is_in_one_part():
    patients = np.repeat(np.arange(20), 3)
    first, second = split_by_patient(patients, 0.25, seed=1)
    check_apart(patients[first], patients[second])
    assert len(np.unique(patients[second])) == 5
    assert sorted([*first, *second]) == list(range(60))


def test_subgroups_of_one_class_are_left_open():
    table = str(subgroup_table(LABELS, SCORES, 0.5, {"all": np.ones(6, bool), "well": LABELS == 0}))
    assert "| all  |        6 | 0.875" in table
    assert "| well |        4 |" in table and "–" in table


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: auc_interval([1, 1], [0.1, 0.2]), "both of them there"),
        (lambda: auc_interval([0, 2], [0.1, 0.2]), "0 and 1"),
        (lambda: auc_interval([0, 1], [0.1, np.nan]), "finite"),
        (lambda: auc_interval([0, 1], [0.1, 0.2], [1]), "one patient for each"),
        (lambda: auc_difference([0, 0, 1, 1], [1, 2, 3, 4], [1, 2, 3, 4], [1, 2, 3, 3]), "at least two patients"),
        (lambda: auc_difference([0, 1], [0, 1], [0, 1, 2]), "one finite score"),
        (lambda: threshold_at([0, 0], [0, 1], specificity=0.9), "both of them there"),
        (lambda: threshold_at([0, 1], [0, 1], specificity=90), "got 90"),
        (lambda: operating_point([0, 1], [0.2], 0.5), "one finite score for each of 2"),
        (lambda: operating_point([0, 1], [0.2, np.nan], 0.5), "finite"),
        (lambda: operating_point([0, 1], [0.2, 0.4], np.nan), "got NaN"),
        (lambda: operating_point([0, 1], [0.2, 0.4], 0.3, [1, 2, 3]), "one patient for each"),
        (lambda: subgroup_table(LABELS, SCORES, 0.5, {"all": LABELS >= 0}, [1, 2]), "one patient for each"),
        (lambda: proportion([0, 1, 1], [1, np.nan, np.nan]), "have none"),
        (lambda: threshold_at([0, 1], [0.2, np.nan], specificity=0.9), "finite"),
        (lambda: predictive_values(0.9, 0.9, 1), "below 1"),
        (lambda: subgroup_table(LABELS, SCORES, 0.5, {"men": [0, 1]}), "'men'"),
        (lambda: subgroup_table(LABELS, SCORES, 0.5, {"nobody": np.zeros(6, bool)}), "'nobody'"),
        (lambda: calibration_curve([0, 1], [-3.0, 2.0], bins=1), "take the sigmoid"),
        (lambda: calibration_error([0, 1], [0.1, 0.2]), "number of images, 2"),
        (lambda: fit_temperature([0, 1], [np.inf, 0]), "finite"),
        (lambda: shift_prior([0.5], old=0, new=0.5), "got 0 and"),
        (lambda: shift_prior([1.5], old=0.2, new=0.5), "from 0 to 1"),
        (lambda: split_by_patient([1, 1], 0.5), "two patients"),
        (lambda: check_apart([1, 2, 3], [3, 2]), "2, 3"),
        (lambda: check_apart([], [3, 2]), "Both parts must have patients; got 0 and 2"),
        (lambda: proportion([0.5]), "each 0 or 1"),
        (lambda: clustered_mean([1.0], [1]), "at least two"),
        (lambda: clustered_mean([1.0, np.nan]), "finite"),
    ],
)
def test_bad_input_is_refused(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_a_threshold_that_cannot_be_met_is_said():
    with pytest.warns(UserWarning, match=r"No score leaves 0\.9 of the well alone"):
        assert threshold_at([0, 0, 0, 1, 1], [1.0, 1.0, 0.2, 1.0, 1.0], specificity=0.9) == np.inf


@pytest.mark.parametrize("patients", [["P1", np.nan, "P2", "P2"], ["P1", "", "P2", "P2"], [1.0, np.nan, 2.0, 2.0]])
def test_a_missing_patient_is_refused_rather_than_counted(patients):
    with pytest.raises(ValueError, match="1 have none and would count as one"):
        proportion([1, 0, 1, 1], patients)


def test_a_patient_with_a_space_is_the_same_patient():
    right = [1, 1, 0, 0, 1, 0]
    assert proportion(right, ["a", "a ", "b", "b", "c", "c"]) == proportion(right, list("aabbcc"))


def test_the_interval_of_an_area_covers_where_patients_have_unequal_numbers_of_images():
    from scipy.stats import norm

    rng, held = np.random.default_rng(0), []
    for _ in range(300):
        sizes = np.ceil(rng.lognormal(1, 1, 60)).astype(int)
        patient = np.repeat(np.arange(60), sizes)
        labels = (patient < 20).astype(int)
        noise = np.sqrt(0.6) * rng.normal(size=60)[patient] + np.sqrt(0.4) * rng.normal(size=len(patient))
        found = auc_interval(labels, noise + np.sqrt(2) * norm.ppf(0.85) * labels, patient)
        held.append(found.low <= 0.85 <= found.high)
    assert np.mean(held) >= 0.92
