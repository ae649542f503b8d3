"""Lesson 00, Start here: what it does with data of your own, as one program.

    python 00_start_here.py FOLDER

FOLDER has a sub-folder for each kind. What stands before the first dash of a file name is the
place, or person: five or more for each kind.

Written into FOLDER: mine.keras, and sort.py, which sorts new pictures with it: cd FOLDER, then
python sort.py mine.keras NEW SORTED
"""

import sys
from pathlib import Path

import keras
import numpy as np
from keras import layers
from PIL import Image, ImageOps
from skimage import data
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.svm import SVC

from tlcourse.backbones import load_network
from tlcourse.evaluation import proportion
from tlcourse.own_data import check_pictures, read_pictures

if len(sys.argv) != 2:
    sys.exit(__doc__)
FOLDER = Path(sys.argv[1])
keras.utils.set_random_seed(0)

SEED = 0

SIDE = 128

examples = [
    ImageOps.fit(Image.fromarray(each), (SIDE, SIDE)) for each in (data.chelsea(), data.coffee())
]


def borrowed_base():
    return load_network("efficientnet-lite0", side=SIDE, include_top=False)[0]


to_range = layers.Rescaling(1.0)  # this network reads 0…255 as it is
inputs = keras.Input((SIDE, SIDE, 3))

recipe = {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]}
stop = keras.callbacks.EarlyStopping(patience=5, restore_best_weights=True)
options = {"batch_size": 20, "callbacks": [stop], "verbose": 0}

print(check_pictures(FOLDER))
pictures, labels, mine, files = read_pictures(FOLDER, side=SIDE)
place = np.array([file.name.split("-")[0] for file in files])
few = [kind for n, kind in enumerate(mine) if len(set(place[labels == n])) < 5]
assert not few, f"fewer than five places (names before the first dash) of {few}"

five = StratifiedGroupKFold(5, shuffle=True, random_state=SEED)
folds = [rows for _, rows in five.split(pictures, labels, place)]
last, second, first = folds[0], folds[1], np.concatenate(folds[2:])
reader = keras.Model(inputs, layers.GlobalAveragePooling2D()(borrowed_base()(to_range(inputs))))
features = reader.predict(pictures, verbose=0)
my_head = keras.Sequential([layers.Dropout(0.2), layers.Dense(len(mine), activation="softmax")])
my_head.compile(keras.optimizers.Adam(0.003), **recipe)
known = features[second], labels[second]
my_head.fit(features[first], labels[first], validation_data=known, epochs=40, **options)
pixels = pictures[:, 4::8, 4::8].reshape(len(pictures), -1)  # every eighth, 16×16 of them
svm = SVC(C=10).fit(pixels[first], labels[first])
for name, rows in zip(("train", "validation", "test"), (first, second, last)):
    ours = my_head.predict(features[rows], verbose=0).argmax(axis=1) == labels[rows]
    plain = svm.predict(pixels[rows]) == labels[rows]
    print(name, np.bincount(labels[rows]), "network", proportion(ours), "pixels", proportion(plain))

shares = my_head(reader.output)
keras.Model(inputs, {kind: shares[:, n] for n, kind in enumerate(mine)}).save(FOLDER / "mine.keras")
saved = keras.models.load_model(FOLDER / "mine.keras")
answer = saved(np.stack([pictures[last][-1], examples[0]]))
for n, name in enumerate([f"a test picture of {mine[labels[last][-1]]}", "a cat"]):
    print(f"{name}:", ", ".join(f"{kind} {float(answer[kind][n]):.0%}" for kind in mine))

(FOLDER / "sort.py").write_text("""\
import sys
from pathlib import Path
import keras
import numpy as np
from PIL import Image, ImageOps


def read(file):
    picture = ImageOps.exif_transpose(Image.open(file))
    assert picture.mode[0] not in "IF", f"{file} has more than 8 bits a value; save it with 8"
    page = Image.new("RGBA", picture.size, "white")
    page.alpha_composite(picture.convert("RGBA"))
    return np.array(ImageOps.fit(page.convert("RGB"), (128, 128)))


model, files = keras.models.load_model(sys.argv[1]), sorted(Path(sys.argv[2]).glob("[!.]*"))
answers = model.predict(np.stack([read(file) for file in files]), verbose=0)
for n, file in enumerate(files):
    kind = max(answers, key=lambda kind: answers[kind][n])
    place = Path(sys.argv[3], kind if answers[kind][n] >= 0.8 else "doubtful")
    place.mkdir(parents=True, exist_ok=True)
    (place / file.name).write_bytes(file.read_bytes())
""", encoding="utf-8")

print(__doc__.rpartition("\n\n")[2])
