"""Lesson 06, Negative transfer: what it does with data of your own, as one program.

    python 06_negative_transfer.py FOLDER

FOLDER has yours, theirs and test, each with a sub-folder for each kind; two or more of yours of
each.

Written into FOLDER: mine.keras, with a score for each kind: about 1 if it is, about -1 if not.
"""

import sys
from pathlib import Path

import keras
import numpy as np
from keras import layers
from sklearn.linear_model import LogisticRegression, RidgeClassifier, RidgeClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tlcourse.backbones import load_network
from tlcourse.own_data import read_pictures

if len(sys.argv) != 2:
    sys.exit(__doc__)
FOLDER = Path(sys.argv[1])
keras.utils.set_random_seed(0)


def up_to(network, stage):
    """The network up to a stage, averaged over the picture."""
    places = network.get_layer(stage).output
    return keras.Model(network.input, layers.GlobalAveragePooling2D()(places))


PENALTIES = np.logspace(-1, 4, 11)
WEIGHTS = (0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1)


def fit_weighted(yours, theirs, weight, penalties=PENALTIES):
    """A classifier in which each of theirs counts `weight`, and its left-out error on yours."""
    x, labels = [np.concatenate(pair) for pair in zip(yours, theirs)]
    n = len(yours[1])
    counts = np.repeat([1.0, weight], [n, len(x) - n])
    scaler = StandardScaler().fit(x, sample_weight=counts)
    every = RidgeClassifierCV(penalties, store_cv_results=True)
    every.fit(scaler.transform(x), labels, sample_weight=counts)
    errors = every.cv_results_[:n].mean(axis=(0, 1))  # on yours alone, one for each penalty
    best = RidgeClassifier(penalties[errors.argmin()])
    best.fit(scaler.transform(x), labels, sample_weight=counts)
    return make_pipeline(scaler, best), errors.min()


kinds, found = read_pictures(FOLDER / "yours", side=32).kinds, {}
for whose in ("yours", "theirs", "test"):
    found[whose] = read_pictures(FOLDER / whose, side=32, kinds=kinds)
assert np.bincount(found["yours"].labels).min() > 1, "two of yours of each kind at least"

photos, _ = load_network("photos")
logistic = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))


def at(stage, whose):
    numbers = up_to(photos, stage).predict(found[whose].images / 255, verbose=0)
    return numbers.astype("float64"), found[whose].labels


fits, errors = {}, {}
for stage in ("stage1", "stage2", "stage3"):
    mine, shelf = at(stage, "yours"), at(stage, "theirs")
    for weight in WEIGHTS:
        fit, error = fit_weighted(mine, shelf, weight)
        fits[stage, weight], errors[stage, weight] = fit, error
    print(stage, *[f"{weight:g}: {errors[stage, weight]:.3f} " for weight in WEIGHTS])
stage, weight = min(errors, key=errors.get)
print(f"your labels choose {stage}, weight {weight:g}")
alone = min((each for each in errors if each[1] == 0), key=errors.get)
ways = {"chosen": (stage, fits[stage, weight]), "pooled": (stage, fits[stage, 1])}
ways["yours alone"] = alone[0], fits[alone]
ways["logistic, yours alone"] = stage, logistic.fit(*at(stage, "yours"))

right = {}
for name, (read_at, fit) in ways.items():
    right[name] = 100.0 * (fit.predict(at(read_at, "test")[0]) == found["test"].labels)
    ahead = right["chosen"] - right[name]
    mean, half = ahead.mean(), 1.96 * ahead.std() / np.sqrt(len(ahead))
    print(f"{name:22} {right[name].mean():.1f}%; chosen minus this {mean:+.1f} ± {half:.1f}")

scaler, linear = fits[stage, weight]
slopes = np.atleast_2d(linear.coef_) / scaler.scale_
bias = np.atleast_1d(linear.intercept_) - slopes @ scaler.mean_
if len(kinds) == 2:  # scikit-learn keeps one row for two kinds
    slopes, bias = np.concatenate([-slopes, slopes]), np.concatenate([-bias, bias])
last = layers.Dense(len(kinds))
parts = [layers.Rescaling(1 / 255), up_to(photos, stage), last]
product = keras.Sequential([keras.Input((32, 32, 3)), *parts])
last.set_weights([slopes.T, bias])
named = {kind: product.outputs[0][:, n] for n, kind in enumerate(kinds)}
keras.Model(product.inputs[0], named).save(FOLDER / "mine.keras")
loaded = keras.models.load_model(FOLDER / "mine.keras")
noise = np.random.default_rng(0).integers(0, 255, (32, 32, 3))
for name, picture in {"a new picture": found["test"].images[0], "noise": noise}.items():
    answers = loaded.predict(np.array(picture, "float32")[None], verbose=0)
    print(f"{name}:", *[f"{kind} {z[0]:+.2f}" for kind, z in answers.items()])

print(__doc__.rpartition("\n\n")[2])
