"""Lesson 04, Medical imaging: what it does with data of your own, as one program.

    python 04_medical_imaging.py FOLDER

FOLDER has images and images.csv, with the columns file, patient and label (0 or 1: ill).

Written into FOLDER: opacity.keras, a score for each image, and opacity.json, the threshold for the
mean over a patient's images.
"""

import json
import sys
from pathlib import Path

import keras
import numpy as np
from keras import layers
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from tlcourse.backbones import load_network
from tlcourse.own_data import read_picture_table

if len(sys.argv) != 2:
    sys.exit(__doc__)
FOLDER = Path(sys.argv[1])
keras.utils.set_random_seed(0)

SEED = 0


def borrow():
    """The borrowed network, cut, and a model around it: from images in 0…255 to features."""
    photos, _ = load_network("photos")
    base = keras.Model(photos.input, photos.get_layer("stage2").output)
    small = [layers.Rescaling(1 / 255), layers.Resizing(32, 32, antialias=True)]
    parts = [*small, base, layers.GlobalAveragePooling2D()]
    return base, keras.Sequential([keras.Input((64, 64, 3)), *parts])


base, reader = borrow()


def features_of(images, groups, reader):
    """Each feature's mean over a patient's images."""
    each = reader.predict(images, batch_size=256, verbose=0)
    return np.stack([each[groups == patient].mean(axis=0) for patient in range(max(groups) + 1)])


def fit_head(x, ill, strength=0.1):  # a small number is a strong penalty on large weights
    """Weights and bias of a logistic regression."""
    scaler = StandardScaler().fit(x)
    fitted = LogisticRegression(C=strength, max_iter=5000).fit(scaler.transform(x), ill)
    weights = fitted.coef_[0] / scaler.scale_
    return weights, fitted.intercept_[0] - scaler.mean_ @ weights


def auc(ill, z):
    pairs = z[ill][:, None] - z[~ill]  # each ill patient with each healthy one
    return np.mean((pairs > 0) + 0.5 * (pairs == 0))


def threshold_for(ill, z, specificity=0.9):
    return min(limit for limit in [*z, np.inf] if np.mean(z[~ill] < limit) >= specificity)


def with_interval(statistic, *arrays):
    """A statistic, and the ends of its 95 % interval over patients."""
    n, draw = len(arrays[0]), np.random.default_rng(0).integers
    again = [statistic(*(array[rows] for array in arrays)) for rows in draw(n, size=(1000, n))]
    return statistic(*arrays), *np.percentile(again, [2.5, 97.5])


def say(name, value, low, high):
    print(f"{name:32} {value:6.3f} [{low:.3f}, {high:.3f}]")


def sensitivity_of(called, ill):
    return np.mean(called[ill])


def specificity_of(called, ill):
    return np.mean(~called[~ill])


mine = read_picture_table(FOLDER / "images.csv", side=64, whole=True, kinds=("0", "1"))
names, whose = np.unique(mine.patients, return_inverse=True)
my_ill, n = np.bincount(whose, mine.labels) > 0, len(names)
order = np.argsort(my_ill + np.random.default_rng(SEED).random(n) / 2)  # the healthy, then the ill
learn, choose, judge = order[::2], order[1::4], order[3::4]


def fine_tune(images, ill, epochs=6):
    """Train a new head and the borrowed network together; return network and model."""
    base, reader = borrow()
    model = keras.Sequential([*reader.layers, layers.Dense(1)])
    rate = keras.optimizers.schedules.CosineDecay(0.002, epochs * len(images) // 32)
    model.compile(keras.optimizers.Adam(rate), keras.losses.BinaryCrossentropy(from_logits=True))
    model.fit(images, ill.astype("float32"), epochs=epochs, verbose=0)
    return base, model


for name, who in {"train": learn, "choose": choose, "test": judge}.items():
    print(f"{len(who)} patients to {name}, {my_ill[who].sum()} of them ill")
flat = keras.Sequential([*reader.layers[:2], layers.Flatten()])
candidates = {}  # each patient's score, and the model that gives it
for name, read in {"borrowed": reader, "pixels": flat}.items():
    x = features_of(mine.images, whose, read)
    for strength in (0.001, 0.01, 0.1, 1.0):
        w, b = fit_head(x[learn], my_ill[learn], strength)
        model = keras.Sequential([keras.Input((64, 64, 3)), *read.layers, layers.Dense(1)])
        model.layers[-1].set_weights([w[:, None], np.array([b])])
        candidates[f"{name}, {strength}"] = x @ w + b, model
in_learn = np.isin(whose, learn)
_, model = fine_tune(mine.images[in_learn], mine.labels[in_learn])
candidates["fine-tuned"] = features_of(mine.images, whose, model)[:, 0], model
areas = {name: auc(my_ill[choose], its[choose]) for name, (its, _) in candidates.items()}
print(*(f"{name}: {area:.3f}" for name, area in areas.items()), sep="\n")

best = max(areas, key=areas.get)
my_scores, product = candidates[best]
limit = threshold_for(my_ill[choose], my_scores[choose])
say(f"{best}: AUC", *with_interval(auc, my_ill[judge], my_scores[judge]))
say("sensitivity", *with_interval(sensitivity_of, my_scores[judge] >= limit, my_ill[judge]))
say("specificity", *with_interval(specificity_of, my_scores[judge] >= limit, my_ill[judge]))
product.save(FOLDER / "opacity.keras")
(FOLDER / "opacity.json").write_text(json.dumps({"threshold": float(limit)}))
saved = keras.models.load_model(FOLDER / "opacity.keras", compile=False)
limit = json.loads((FOLDER / "opacity.json").read_text())["threshold"]
noise = np.random.default_rng(SEED).integers(0, 256, (1, 64, 64, 3))
one = f"{names[judge[0]]}, {'ill' if my_ill[judge[0]] else 'healthy'}"
for name, asked in {one: mine.images[whose == judge[0]], "noise": noise}.items():
    score = saved.predict(asked, verbose=0).mean()
    print(f"{name}: score {score:+.2f}, {'called ill' if score >= limit else 'left alone'}")

print(__doc__.rpartition("\n\n")[2])
