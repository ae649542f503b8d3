"""Lesson 02, Fine-tuning: what it does with data of your own, as one program.

    python 02_fine_tuning.py FOLDER

FOLDER has train, validation and test, each with a sub-folder for each kind.

Written into FOLDER: mine.keras, fine-tuned or frozen, as validation preferred. An output for each
kind: probabilities if fine-tuned, scores of ridge if frozen.
"""

import sys
from pathlib import Path

import keras
import numpy as np
from keras import layers
from PIL import Image, ImageOps
from skimage import data
from sklearn.linear_model import RidgeCV
from sklearn.svm import SVC

from tlcourse.backbones import load_network
from tlcourse.own_data import read_parts

if len(sys.argv) != 2:
    sys.exit(__doc__)
FOLDER = Path(sys.argv[1])
keras.utils.set_random_seed(0)

recipe = {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]}
best_epoch = keras.callbacks.EarlyStopping(patience=30, restore_best_weights=True)
options = {"batch_size": 20, "callbacks": [best_epoch], "verbose": 0}


def unfreeze(base, last):
    """Let the last layers of a base train, but no batch normalisation; all others are frozen."""
    base.trainable = True
    for n, layer in enumerate(reversed(base.layers)):
        layer.trainable = n < last and not isinstance(layer, layers.BatchNormalization)


SIDE, CUT = (64, "block11_out")

parts = read_parts(FOLDER, side=SIDE)
mine, my_val, judged = ((part.images, part.labels) for part in parts.values())
kinds = parts["train"].kinds
print(len(mine[1]), "to train,", len(my_val[1]), "to choose,", len(judged[1]), "to test:", *kinds)

big, _ = load_network("efficientnet-lite0", side=SIDE, include_top=False)
ways = {"mean": layers.GlobalAveragePooling2D(), "flat": layers.Flatten()}
readings = {
    f"{end}, {way}": read(big.get_layer(end).output)
    for end in ("block06_out", "block11_out", "block14_out", "features")
    for way, read in ways.items()
}
my_reader = keras.Model(big.input, readings)
x, x_val, x_judged = (my_reader.predict(images, verbose=0) for images, _ in (mine, my_val, judged))
pixels, judged_pixels = (
    part[0][:, 2::4, 2::4].reshape(len(part[1]), -1) for part in (mine, judged)
)
of_pixels = SVC(C=10).fit(pixels, mine[1]).score(judged_pixels, judged[1])
print(f"pixels, SVM: {of_pixels:.1%} of the test pictures")

ridges, frozen_val = {}, {}
for name in readings:  # ridge with a column for each kind: the largest is the answer
    ridges[name] = RidgeCV(np.logspace(-2, 6, 17)).fit(x[name], np.eye(len(kinds))[mine[1]])
    frozen_val[name] = np.mean(ridges[name].predict(x_val[name]).argmax(axis=1) == my_val[1])
    print(f"frozen, {name:17} {x[name].shape[1]:6,} numbers: validation {frozen_val[name]:.1%}")
best_frozen = max(frozen_val, key=frozen_val.get)

my_base = keras.Model(big.input, big.get_layer(CUT).output)
top = keras.Sequential([layers.Dropout(0.2), layers.Dense(len(kinds), activation="softmax")])
top.compile(keras.optimizers.Adam(0.01), **recipe)
watched = x_val[f"{CUT}, mean"], my_val[1]
top.fit(x[f"{CUT}, mean"], mine[1], validation_data=watched, epochs=30, **options)
own = keras.Model(big.input, top(readings[f"{CUT}, mean"]))

results, own_start = {}, own.get_weights()
for rate in (0.0002, 0.001, 0.005):
    own.set_weights(own_start)
    unfreeze(my_base, last=len(my_base.layers))
    own.compile(keras.optimizers.Adam(rate), **recipe)
    own.fit(*mine, validation_data=my_val, epochs=15, **options)
    right = np.mean(own.predict(my_val[0], verbose=0).argmax(axis=1) == my_val[1])
    results[rate] = right, own.get_weights()
    print(f"fine-tuned at {rate}: {results[rate][0]:.1%} of the validation pictures are right")
best_rate = max(results, key=lambda rate: results[rate][0])

own.set_weights(results[best_rate][1])
of_tuned = own.predict(judged[0], verbose=0).argmax(axis=1) == judged[1]
of_frozen = ridges[best_frozen].predict(x_judged[best_frozen]).argmax(axis=1) == judged[1]
print(f"test: frozen, {best_frozen}, {of_frozen.mean():.1%}; fine-tuned {of_tuned.mean():.1%}")

answer = own.output
if frozen_val[best_frozen] >= results[best_rate][0]:
    own.set_weights(own_start)
    ridge, last = ridges[best_frozen], layers.Dense(len(kinds))
    answer = last(readings[best_frozen])
    last.set_weights([ridge.coef_.T, ridge.intercept_])
named = {kind: answer[:, n] for n, kind in enumerate(kinds)}
keras.Model(big.input, named).save(FOLDER / "mine.keras")
print("saved:", "fine-tuned" if answer is own.output else f"frozen, {best_frozen}")

saved = keras.models.load_model(FOLDER / "mine.keras")
cat = np.array(ImageOps.fit(Image.fromarray(data.chelsea()), (SIDE, SIDE)))
for name, picture in {kinds[judged[1][0]]: judged[0][0], "a cat": cat}.items():
    scores = {kind: score[0] for kind, score in saved.predict(picture[None], verbose=0).items()}
    print(f"{name}: says {max(scores, key=scores.get)}, {max(scores.values()):.2f}")

print(__doc__.rpartition("\n\n")[2])
