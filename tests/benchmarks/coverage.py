"""How often an interval holds the true value, over simulated studies of a fixed model. Run by `make bench`.

Scores of the well are standard normal, those of the ill normal with a mean that gives the stated area; each table's
cells start from seed 0.

1. With three images of a patient, their scores correlate by 0.7. Sensitivity is asked at the threshold of specificity
   0.9. The percentile bootstrap draws patients, 300 times a study, in every tenth study.
2. The difference of two models of the stated areas, with as many patients in each class; in brackets the mean width.
3. A share and a mean over patients of whom some have many more images: 1 to 10 of each, or log-normal (median 3, a
   twentieth above 14). Images of a patient correlate as stated.
"""

import itertools
import sys

import numpy as np
from scipy.stats import norm

from tlcourse.evaluation import auc_difference, auc_interval, clustered_mean, proportion

STUDIES = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
SIZES = [(400, 100, 0.85), (200, 40, 0.90), (100, 20, 0.85), (200, 10, 0.80), (100, 10, 0.90), (60, 8, 0.95)]
AREAS = [(0.85, 0.83), (0.95, 0.80), (0.97, 0.97), (0.99, 0.98)]


def study(rng, patients, ill, areas, each, models_alike=0.8):
    """Labels, scores of two models and patients."""
    labels, patient = np.repeat(np.arange(patients) < ill, each).astype(int), np.repeat(np.arange(patients), each)
    alike = 0.7 if each > 1 else 0
    noise = np.sqrt(alike) * rng.normal(size=(2, patients))[:, patient]
    noise += np.sqrt(1 - alike) * rng.normal(size=noise.shape)
    noise[1] = models_alike * noise[0] + np.sqrt(1 - models_alike**2) * noise[1]
    return labels, *(noise + np.sqrt(2) * norm.ppf(areas)[:, None] * labels), patient


def uneven(rng, patients, spread, correlation, share):
    """Sizes of patients and, for each image, whether the model is right and a number of mean 0."""
    sizes = rng.integers(1, 11, patients) if spread == "1 to 10" else np.ceil(rng.lognormal(1, 1, patients)).astype(int)
    patient = np.repeat(np.arange(patients), sizes)
    own = (1 - correlation) / correlation if correlation else 1e9
    right = rng.random(len(patient)) < rng.beta(share * own, (1 - share) * own, patients)[patient]
    shared, rest = rng.normal(size=patients)[patient], rng.normal(size=len(patient))
    return right, np.sqrt(correlation) * shared + np.sqrt(1 - correlation) * rest, patient


def holds(estimate, true):
    return estimate.low <= true <= estimate.high


def bootstrap(rng, labels, scores, patient):
    rows, areas = [np.flatnonzero(patient == each) for each in np.unique(patient)], []
    while len(areas) < 300:
        drawn = np.concatenate([rows[each] for each in rng.choice(len(rows), len(rows))])
        if 0 < labels[drawn].sum() < len(drawn):
            areas.append(area_under(labels[drawn], scores[drawn]))
    return np.percentile(areas, [2.5, 97.5])


def area_under(labels, scores):
    ranks = np.argsort(np.argsort(scores, kind="stable"), kind="stable") + 1
    ill = labels.sum()
    return (ranks[labels == 1].sum() - ill * (ill + 1) / 2) / (ill * (len(labels) - ill))


print("| patients | ill | images each | AUC | AUC covered | percentile bootstrap | difference | sensitivity |")
print("|---:|---:|---:|---:|---:|---:|---:|---:|")
for each in (1, 3):
    for patients, ill, area in SIZES:
        rng, held = np.random.default_rng(0), {"area": [], "bootstrap": [], "difference": [], "sensitivity": []}
        sensitivity = norm.sf(norm.ppf(0.9) - norm.ppf(area) * np.sqrt(2))
        for number in range(STUDIES):
            labels, scores, others, patient = study(rng, patients, ill, (area, area), each)
            held["area"].append(holds(auc_interval(labels, scores, patient), area))
            held["difference"].append(holds(auc_difference(labels, scores, others, patient), 0))
            found = proportion(scores[labels == 1] > norm.ppf(0.9), patient[labels == 1])
            held["sensitivity"].append(holds(found, sensitivity))
            if number % 10 == 0:
                low, high = bootstrap(rng, labels, scores, patient)
                held["bootstrap"].append(low <= area <= high)
        shares = " | ".join(f"{np.mean(each):.3f}" for each in held.values())
        print(f"| {patients} | {ill} | {each} | {area} | {shares} |", flush=True)

print("\n| of each class | images each | areas | models correlate 0 | 0.8 | 0.99 |\n|---:|---:|---:|---:|---:|---:|")
for n, each, areas in itertools.product((10, 25, 100), (1, 3), AREAS):
    cells = []
    for models_alike in (0, 0.8, 0.99):
        rng = np.random.default_rng(0)
        found = [auc_difference(*study(rng, 2 * n, n, areas, each, models_alike)) for _ in range(STUDIES // 2)]
        covered = np.mean([holds(one, areas[0] - areas[1]) for one in found])
        cells.append(f"{covered:.3f} ({np.mean([one.high - one.low for one in found]):.3f})")
    print(f"| {n} | {each} | {areas[0]} and {areas[1]} | {' | '.join(cells)} |", flush=True)

print("\n| patients | images | correlation | share .5 | .8 | .95 | mean |\n|---:|---:|---:|---:|---:|---:|---:|")
for spread, patients, alike in [
    (s, p, c) for s in ("1 to 10", "log-normal") for p in (10, 20, 50) for c in (0, 0.3, 0.7)
]:
    cells, means = [], []
    for share in (0.5, 0.8, 0.95):
        rng, held = np.random.default_rng(0), []
        for _ in range(STUDIES):
            right, numbers, patient = uneven(rng, patients, spread, alike, share)
            held.append(holds(proportion(right, patient), share))
            means.append(holds(clustered_mean(numbers, patient), 0))
        cells.append(f"{np.mean(held):.3f}")
    print(f"| {patients} | {spread} | {alike} | {' | '.join(cells)} | {np.mean(means):.3f} |", flush=True)
