"""Lesson 01, Feature extraction: what it does with data of your own, as one program.

    python 01_feature_extraction.py FOLDER

FOLDER has train and test, each with a sub-folder for each kind; ten pictures of each to train are
enough.

Written into FOLDER: mine.keras, and ask.py, which names a picture: cd FOLDER, then python ask.py
PICTURE (noise.png is one of no kind)
"""

import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
from keras import layers
from PIL import Image
from sklearn.linear_model import RidgeClassifierCV
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.svm import SVC

from tlcourse.backbones import load_network
from tlcourse.own_data import read_parts

if len(sys.argv) != 2:
    sys.exit(__doc__)
FOLDER = Path(sys.argv[1])
keras.utils.set_random_seed(0)

SEED = 0

parts = read_parts(FOLDER, side=128)
mine, judged, kinds = parts["train"], parts["test"], parts["train"].kinds
print(len(mine.labels), "labelled,", len(judged.labels), "to test:", *kinds)


def borrow(side):
    """EfficientNet-Lite0 without its last layer, frozen; it reads pictures of 0…255 in this size."""
    body = load_network("efficientnet-lite0", side=side, include_top=False)[0]
    body.trainable = False
    inputs = keras.Input((side, side, 3))
    return keras.Model(inputs, layers.GlobalAveragePooling2D()(body(inputs)))


folds = StratifiedKFold(5, shuffle=True, random_state=SEED)
my_ridge = RidgeClassifierCV(alphas=np.logspace(-3, 3, 13))
pixels = mine.images[:, 4::8, 4::8].reshape(len(mine.labels), -1)  # every eighth: 16×16 pixels
tried = {"pixels, SVM": cross_val_score(SVC(C=10), pixels, mine.labels, cv=folds)}
for side in (64, 128):
    smaller = read_parts(FOLDER, side=side)["train"].images
    seen = borrow(side).predict(smaller, verbose=0)
    tried[f"borrowed, {side}"] = cross_val_score(my_ridge, seen, mine.labels, cv=folds)
for name, right in tried.items():
    print(f"{name:13} {right.mean():.1%}   folds:", *(f"{share:.0%}" for share in right))
best = max((64, 128), key=lambda side: tried[f"borrowed, {side}"].mean())

final = read_parts(FOLDER, side=best)
my_reader = borrow(best)
my_ridge.fit(my_reader.predict(final["train"].images, verbose=0), mine.labels)
of_judged = my_reader.predict(final["test"].images, verbose=0)
says = my_ridge.predict(of_judged)
no_network = SVC(C=10).fit(pixels, mine.labels)
judged_pixels = judged.images[:, 4::8, 4::8].reshape(len(judged.labels), -1)
print(f"test: {np.mean(says == judged.labels):.1%} of {len(says)} are right")
print(f"pixels, SVM: {no_network.score(judged_pixels, judged.labels):.1%}")
wrong = np.flatnonzero(says != judged.labels)[:6]
print("mistakes:", *(f"{kinds[judged.labels[n]]} as {kinds[says[n]]}," for n in wrong), "…")

weights, bias = np.atleast_2d(my_ridge.coef_), np.atleast_1d(my_ridge.intercept_)
if len(kinds) == 2:  # then ridge keeps one row, that of the second kind
    weights, bias = np.concatenate([-weights, weights]), np.concatenate([-bias, bias])
last = layers.Dense(len(kinds))
scores = last(my_reader.output)
last.set_weights([weights.T, bias])
named = {kind: scores[:, n] for n, kind in enumerate(kinds)}
keras.Model(my_reader.input, named).save(FOLDER / "mine.keras")

(FOLDER / "ask.py").write_text("""\
import sys
import keras
import numpy as np
from PIL import Image, ImageOps

model = keras.models.load_model("mine.keras")
side = model.input_shape[1]
for file in sys.argv[1:]:
    picture = ImageOps.exif_transpose(Image.open(file))
    assert picture.mode[0] not in "IF", f"{file} has more than 8 bits a value; save it with 8"
    page = Image.new("RGBA", picture.size, "white")
    page.alpha_composite(picture.convert("RGBA"))
    pixels = np.array(ImageOps.fit(page.convert("RGB"), (side, side)))
    scores = {kind: float(score[0]) for kind, score in model(pixels[None]).items()}
    first, second = sorted(scores, key=scores.get)[:-3:-1]
    print(f"{file}: {first} {scores[first]:+.2f}, then {second} {scores[second]:+.2f}")
""", encoding="utf-8")

noise = np.random.default_rng(SEED).integers(0, 256, (128, 128, 3), dtype="uint8")
Image.fromarray(noise).save(FOLDER / "noise.png")
files = [str(file.relative_to(FOLDER)) for file in judged.files[::50]]
program = [sys.executable, "ask.py", *files, "noise.png"]
print(subprocess.run(program, cwd=FOLDER, check=True, capture_output=True, text=True).stdout)

print(__doc__.rpartition("\n\n")[2])
