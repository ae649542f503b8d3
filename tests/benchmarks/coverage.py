"""How often an interval holds the true value, over simulated studies of a fixed model. Run by `make bench`.

Scores of the well are standard normal, those of the ill normal with a mean that gives the stated area. With three
images of a patient, their scores correlate by 0.7. Sensitivity is asked at the threshold of specificity 0.9. The
percentile bootstrap draws patients, 300 times a study, in every tenth study.
"""

import sys

import numpy as np
from scipy.stats import norm

from tlcourse.evaluation import auc_difference, auc_interval, proportion

STUDIES = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
SIZES = [(400, 100, 0.85), (200, 40, 0.90), (100, 20, 0.85), (200, 10, 0.80), (100, 10, 0.90), (60, 8, 0.95)]


def study(rng, patients, ill, area, each):
    labels, patient = np.repeat(np.arange(patients) < ill, each).astype(int), np.repeat(np.arange(patients), each)
    alike = np.sqrt(0.7) if each > 1 else 0
    z = alike * rng.normal(size=patients)[patient] + np.sqrt(1 - alike**2) * rng.normal(size=len(patient))
    other = 0.8 * z + 0.6 * rng.normal(size=patients)[patient]
    return labels, z + norm.ppf(area) * np.sqrt(2) * labels, other + norm.ppf(area) * np.sqrt(2) * labels, patient


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
            labels, scores, others, patient = study(rng, patients, ill, area, each)
            found = {
                "area": (auc_interval(labels, scores, patient), area),
                "difference": (auc_difference(labels, scores, others, patient), 0),
                "sensitivity": (proportion(scores[labels == 1] > norm.ppf(0.9), patient[labels == 1]), sensitivity),
            }
            for name, (estimate, true) in found.items():
                held[name].append(estimate.low <= true <= estimate.high)
            if number % 10 == 0:
                low, high = bootstrap(rng, labels, scores, patient)
                held["bootstrap"].append(low <= area <= high)
        shares = " | ".join(f"{np.mean(each):.3f}" for each in held.values())
        print(f"| {patients} | {ill} | {each} | {area} | {shares} |", flush=True)
