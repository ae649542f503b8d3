# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
#   tlcourse:
#     title: Start here
#     question: Somebody else has trained a network. What can it do with your pictures?
#     found: "With 20 labels per class, a borrowed network gets 91 % right, one trained from scratch 70 %."
#     minutes: "100 to 130"
#     own_data:
#       given: "FOLDER has a sub-folder for each kind. What stands before the first dash of a file name is the place, or person: five or more for each kind."
#       made: "Written into FOLDER: mine.keras, and sort.py, which sorts new pictures with it: cd FOLDER, then python sort.py mine.keras NEW SORTED"
#     needs:
#       quick: [efficientnet-lite0, imagenet-names]
#       development: [efficientnet-lite0, imagenet-names]
#       full: [efficientnet-lite0, imagenet-names, flowers]
#     seconds: {quick: 60, full: 90}
# ---

# %% [markdown]
# # 00 · Start here: somebody else's network, your pictures
#
# A web design company looks after the sites of its clients. Each site has a folder of pictures, and nobody knows what
# is in it: photographs, banners, charts, screenshots, icons, drawings. You have labelled 300 pictures by hand, fifty of
# each kind. Another 200 wait in a folder called `unsorted`. Can a program sort them?
#
# These are too few to train a good network. But you can borrow one *pretrained* on more than a million photographs
# (*transfer learning*).
#
# **After this lesson you can** put a borrowed network to work on a folder of pictures, in six steps: prepare, choose,
# use its features, fine-tune, evaluate, deploy. 100 to 130 minutes with the exercises. You should
# have called `fit` before.

# %% tags=["parameters"]
LESSON = "00"
PROFILE = "quick"
SEED = 0

# %% [markdown]
# The next cell belongs to the course. It paints the pictures; another `SEED` paints others. (It prints *quick*, the
# course's small data, and *reporting part*, test pictures that no author used for a choice.) The numbers in the text
# are those of the published page; yours may differ, most where a whole network is trained.

# %%
import tempfile

from tlcourse.datasets import write_pictures
from tlcourse.lesson import Lesson

lesson = Lesson(LESSON, PROFILE, SEED)
NAME = lesson.pick(quick="website", full="flowers")
FOLDER = write_pictures(NAME, tempfile.mkdtemp(), seed=SEED, evaluate_on=lesson.part)

# %%
import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers
from PIL import Image, ImageOps
from sklearn.metrics import ConfusionMatrixDisplay

# %% [markdown]
# ## Data
#
# ### Step 1 · Prepare your pictures
#
# The labelled pictures are in three folders: `train` to learn from, `validation` to make choices with, `test` to look
# at once, at the end. Inside each, every kind has a sub-folder, and its name is the label.
#
# Pictures come in all sizes, on their side, with transparent corners. So one function reads
# every picture, here and in the finished program:

# %%
SIDE = 128


def read(file):
    """A picture as an array of 0…255: upright, on white, its middle square in 128×128 pixels."""
    picture = ImageOps.exif_transpose(Image.open(file))
    assert picture.mode[0] not in "IF", f"{file} has more than 8 bits a value; save it with 8"
    page = Image.new("RGBA", picture.size, "white")
    page.alpha_composite(picture.convert("RGBA"))
    return np.array(ImageOps.fit(page.convert("RGB"), (SIDE, SIDE)))


def load(folder):
    """The pictures below a folder, their labels as numbers, the names of the kinds, the files."""
    places = sorted(each for each in folder.iterdir() if each.is_dir() and each.name[0] not in "._")
    kinds = [place.name for place in places]
    if len(kinds) < 2:
        raise ValueError(f"{folder} needs a sub-folder for each kind, at least two; got {kinds}.")
    files = [file for place in places for file in sorted(place.glob("[!.]*"))]
    labels = np.array([kinds.index(file.parent.name) for file in files])
    return np.stack([read(file) for file in files]), labels, kinds, files


# %% [markdown]
# Look for what goes wrong without an error, such as copies of a picture in two parts (in a terminal:
# `tlcourse check FOLDER`):

# %%
from tlcourse.own_data import check_pictures

print(check_pictures(FOLDER))
train, train_labels, kinds, _ = load(FOLDER / "train")
validation, validation_labels, *_ = load(FOLDER / "validation")
test, test_labels, *_ = load(FOLDER / "test")
print(len(train), "to train,", len(validation), "to choose,", len(test), "to test:", *kinds)

# %% [markdown]
# The cross is about 36 icons: our `read` puts them on white. Look at pictures *after* loading, too. Are the labels
# right? Is something cut away?

# %%
_, axes = plt.subplots(3, len(kinds), figsize=(9, 5))
for row, line in enumerate(axes):
    for kind, ax in enumerate(line):
        ax.imshow(train[train_labels == kind][row])
        ax.set_title(kinds[kind])
        ax.axis("off")

# %% [markdown]
# The first screenshot shows nothing but an astronaut: the middle square has cut its frame away. The pictures are
# painted by a program around twelve real photographs. Validation and test use parts of those photographs that
# training never sees.
#
# ## Idea
#
# A network for photographs turns a picture, layer by layer, into numbers that are easier and easier to tell apart. Its
# first layers see edges, colours, textures, and all pictures have those. Its last layer names a thousand things, which
# you don't need. So borrow everything but the last layer, **freeze** it, so that training can't change it, and put a
# new last layer on top. The new layer has few weights, and few pictures are enough to learn them.
#
# ```
#             borrowed, frozen                        new, trained
# picture ──▶ 16 blocks of convolutions ──▶ features ──▶ last layer ──▶ a probability
# 128×128×3   learned from 1.28 million     1,280        7,686          for each kind
#             photographs                   numbers      weights
# ```
#
# ## By hand
#
# ### Step 2 · Choose a network
#
# We take EfficientNet-Lite0, made for phones and trained on ImageNet, photographs of a thousand kinds of things. The
# course has brought it once (19 MB), so this page needs no internet; `keras.applications` offers forty others. First
# see it do its own job:

# %%
from skimage import data
from tlcourse.backbones import load_network

network, names = load_network("efficientnet-lite0", side=SIDE)
print("web site" in names, "banner" in names, "chart" in names)
examples = [
    ImageOps.fit(Image.fromarray(each), (SIDE, SIDE)) for each in (data.chelsea(), data.coffee())
]
answers = keras.ops.softmax(network.predict(np.stack(examples), verbose=0))
_, axes = plt.subplots(1, 2, figsize=(5, 2.9))
for ax, picture, answer in zip(axes, examples, np.array(answers)):
    best = np.argsort(-answer)[:3]
    ax.imshow(picture)
    ax.set_title("\n".join(f"{names[n]} {answer[n]:.0%}" for n in best), fontsize=9)
    ax.axis("off")

# %% [markdown]
# It knows a cat and a cup of coffee. Among its thousand names is *web site*, but neither *banner* nor *chart*.
#
# ### Step 3 · Use its features
#
# `include_top=False` leaves out the last layer. What remains is the **base**. It turns a picture into a grid of 4×4
# places with 1,280 numbers each. The 1,280 means over the grid are the **features** of the picture. (`layer(x)` applies a layer to `x`, the output so far; `keras.Model(inputs, outputs)` makes a model of the chain.) A frozen base gives the
# same features for a picture every time, so compute them once:


# %%
def borrowed_base():
    return load_network("efficientnet-lite0", side=SIDE, include_top=False)[0]


to_range = layers.Rescaling(1.0)  # this network reads 0…255 as it is
base = borrowed_base()
base.trainable = False  # frozen
inputs = keras.Input((SIDE, SIDE, 3))
extractor = keras.Model(inputs, layers.GlobalAveragePooling2D()(base(to_range(inputs))))
train_features = extractor.predict(train, verbose=0)
validation_features = extractor.predict(validation, verbose=0)
print(train_features.shape)

# %% [markdown]
# **Another network?** Change two lines. For MobileNetV2, `borrowed_base` returns
# `keras.applications.MobileNetV2(input_shape=(SIDE, SIDE, 3), include_top=False)`, and
# `to_range = layers.Rescaling(1 / 127.5, offset=-1)`, because it reads −1…1. Every network has its range; the Keras
# documentation names it.
#
# Now the new last layer, the **head**. `Dropout` hides a fifth of the features in each step, against learning by heart.
# `EarlyStopping` ends the training when the loss on the validation pictures has not fallen for five epochs, and
# returns to the best epoch.

# %%
keras.utils.set_random_seed(SEED)
recipe = {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]}
stop = keras.callbacks.EarlyStopping(patience=5, restore_best_weights=True)
options = {"batch_size": 20, "callbacks": [stop], "verbose": 0}

head = keras.Sequential([layers.Dropout(0.2), layers.Dense(len(kinds), activation="softmax")])
head.compile(keras.optimizers.Adam(0.003), **recipe)
choose = validation_features, validation_labels
curves = head.fit(
    train_features, train_labels, validation_data=choose, epochs=40, **options
).history
frozen = head.evaluate(*choose, verbose=0)[1]
print(f"frozen: {frozen:.1%} of the validation pictures are right; guessing: {1 / len(kinds):.1%}")
plt.figure(figsize=(4.5, 2.4))
plt.plot(curves["accuracy"], label="training pictures")
plt.plot(curves["val_accuracy"], "--", label="validation pictures")
_ = plt.xlabel("epoch"), plt.ylabel("accuracy"), plt.ylim(0, 1.02), plt.legend()

# %% [markdown]
# This is **feature extraction**. The head soon gets its 120 pictures right (solid curve). The dashed one
# counts.
#
# ### Step 4 · Fine-tune
#
# **Fine-tuning** unfreezes layers of the base, here the last ones, and trains them too, with a *small* learning rate.
#
# Why the head first? A new one answers at random, and its large errors would change what the base knows.
#
# We unfreeze the last thirty layers: three of the sixteen blocks, and the last convolution. **Batch normalisation**
# layers shift and scale by averages over earlier batches. With twenty pictures per batch these averages would drift, so
# we keep those layers frozen (lesson 02). Then `compile` again: a changed `trainable` takes effect only there. Our
# rule, fixed beforehand: take the fine-tuned model only if it gets more validation pictures right.

# %%
outputs = head(extractor.output)
model = keras.Model(inputs, outputs)
frozen_weights = model.get_weights()
base.trainable = True
for layer in base.layers:
    late = layer in base.layers[-30:]
    layer.trainable = late and not isinstance(layer, layers.BatchNormalization)
count = sum(np.prod(weight.shape) for weight in model.trainable_weights)
print(f"{count:,} of {model.count_params():,} weights will be trained")
model.compile(keras.optimizers.Adam(0.0001), **recipe)
model.fit(train, train_labels, validation_data=(validation, validation_labels), epochs=4, **options)
tuned = model.evaluate(validation, validation_labels, verbose=0)[1]
print(f"validation: frozen {frozen:.1%}, fine-tuned {tuned:.1%}")
if tuned <= frozen:
    model.set_weights(frozen_weights)

# %% [markdown]
# Both models are from their epoch with the lowest validation loss. Frozen gets 96.7 %, fine-tuned 95.0 %: one picture
# of sixty. By our rule the frozen model stays. In five runs of this page, with other pictures each time, fine-tuning
# was ahead twice, level twice and behind once.
#
# ### Step 5 · Evaluate
#
# The test pictures have not been touched. (Later this page looks again, to teach, and chooses nothing by them.) The
# cell prints the shares. Then it shows the confusion matrix (row: what a picture is; column: what the model says) and
# the eight surest mistakes, each above the training picture with the most similar features.

# %%
answers = model.predict(test, verbose=0)
says, sure = answers.argmax(axis=1), answers.max(axis=1)
correct = says == test_labels
print(f"test: {np.mean(correct):.1%} of {len(test)} are right")
print(f"probability ≥ 80 %: {np.sum(sure >= 0.8)}, right: {np.mean(correct[sure >= 0.8]):.1%}")
look = {"display_labels": kinds, "cmap": "Blues", "colorbar": False, "xticks_rotation": 45}
_ = ConfusionMatrixDisplay.from_predictions(test_labels, says, **look)
wrong = np.flatnonzero(~correct)
wrong = wrong[np.argsort(-sure[wrong])][:8]
seen, asked = extractor.predict(train, verbose=0), extractor.predict(test, verbose=0)[wrong]
_, axes = plt.subplots(2, 8, figsize=(10, 3.4))
for (above, below), n, features in zip(axes.T, wrong, asked):
    near = np.square(seen - features).sum(axis=1).argmin()
    above.imshow(test[n])
    above.set_title(f"{kinds[test_labels[n]]}, says\n{kinds[says[n]]} {sure[n]:.0%}", fontsize=8)
    below.imshow(train[near])
    below.set_title(kinds[train_labels[near]], fontsize=8)
_ = [ax.axis("off") for ax in axes.flat]

# %% [markdown]
# 90.0 % on 120 new pictures, after 96.7 % on the sixty that we chose by: believe the former. Five runs of this page
# gave 90.0 to 94.2 %. <!-- not measured here: seeds 0 to 4 of this page -->
#
# In nine of the twelve mistakes the model says *banner*; only 14 of the twenty photographs are right. The second row
# hints why. The two surest mistakes are motorcycles; two training banners show motorcycles, no training photograph
# does. The model may have learned *motorcycle* instead of *text on a picture*. Such a **shortcut** calls for other
# training pictures. The fifth, a *banner*, has lost its text: the model is right.
#
# Our threshold for sorting is a probability of 80 %. Of the answers that reach it, 94.5 % are right.
#
# ### Step 6 · Deploy
#
# A file for others must hold all that an answer needs: the range of the pixels (it is in the model), and the names of
# the kinds. So give each output its name before you save:

# %%
named = {kind: outputs[:, n] for n, kind in enumerate(kinds)}
keras.Model(inputs, named).save(FOLDER / "sorter.keras")
unsorted = sorted((FOLDER / "unsorted").iterdir())
here = model.predict(np.stack([read(file) for file in unsorted]), verbose=0)

# %% [markdown]
# The company gets the following program. It needs Keras, NumPy, Pillow and the saved file. It sets a picture aside for
# a person if the model is unsure:

# %%
# %%writefile {FOLDER}/sort.py
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

# %%
import subprocess
import sys
from pathlib import Path

program = [sys.executable, "sort.py", "sorter.keras", "unsorted", "sorted"]
subprocess.run(program, cwd=FOLDER, check=True, capture_output=True)
done = {place.name: sorted(place.iterdir()) for place in sorted((FOLDER / "sorted").iterdir())}
print(", ".join(f"{name} {len(files)}" for name, files in done.items()))
_, axes = plt.subplots(2, len(kinds), figsize=(9, 3))
for name, column in zip(kinds, axes.T):
    column[0].set_title(name)
    for ax, file in zip(column, done.get(name, [])):
        ax.imshow(read(file))
_ = [ax.axis("off") for ax in axes.flat]
place_of = {file.name: place for place, files in done.items() for file in files}
expected = [kinds[row.argmax()] if row.max() >= 0.8 else "doubtful" for row in here]
same = np.array([place_of[file.name] for file in unsorted]) == expected

# %% [markdown]
# So 182 pictures are sorted and 18 wait for a person. The second *banner* shown is a screenshot with a motorcycle, sure
# and wrong.
#
# Does the file answer as the model did? A **claim** is checked by code whenever this page runs.

# %%
lesson.claim(
    "file-answers-as-the-model",
    "The saved file, in a fresh process, answers as the model did.",
    holds=bool(same[np.abs(here.max(axis=1) - 0.8) > 0.001].all()),  # rounding decides the rest
    observed={"pictures": len(same), "in the same folder": int(same.sum())},
)

# %% [markdown]
# ## On your own data
#
# Say you have one folder with a sub-folder for each kind, not yet split. The next cell makes one, of brick, grass and
# gravel. For your own, write `FOLDER = Path("my-pictures")` instead. (All of this as one program:
# [`python 00_start_here.py my-pictures`](programs/00_start_here.py).)
#
# Pictures of one place, person or client must go into the same part, or the test accuracy is too high (lesson 04).
# Name files `place-anything.jpg`; here a place is a strip of a photograph. Three fifths of the places train, one
# chooses, one tests. `read_pictures` reads like our `load`, and leaves out copies. A support vector machine (SVM) on
# pixels is the baseline.

# %% tags=["example"]
FOLDER, rng = Path(tempfile.mkdtemp()), np.random.default_rng(SEED)
for kind, n in [(kind, n) for kind in ("brick", "grass", "gravel") for n in range(40)]:
    (FOLDER / kind).mkdir(exist_ok=True)
    top, left = rng.integers(448), 100 * (n % 5) + rng.integers(37)
    patch = getattr(data, kind)()[top : top + 64, left : left + 64]
    Image.fromarray(patch).save(FOLDER / kind / f"place{n % 5}-{n:02}.png")

# %%
from tlcourse.own_data import read_pictures

print(check_pictures(FOLDER))
pictures, labels, mine, files = read_pictures(FOLDER, side=SIDE)
place = np.array([file.name.split("-")[0] for file in files])
few = [kind for n, kind in enumerate(mine) if len(set(place[labels == n])) < 5]
assert not few, f"fewer than five places (names before the first dash) of {few}"

# %%
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.svm import SVC
from tlcourse.evaluation import proportion

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

# %%
shares = my_head(reader.output)
keras.Model(inputs, {kind: shares[:, n] for n, kind in enumerate(mine)}).save(FOLDER / "mine.keras")
saved = keras.models.load_model(FOLDER / "mine.keras")
answer = saved(np.stack([pictures[last][-1], examples[0]]))
for n, name in enumerate([f"a test picture of {mine[labels[last][-1]]}", "a cat"]):
    print(f"{name}:", ", ".join(f"{kind} {float(answer[kind][n]):.0%}" for kind in mine))

# %% [markdown]
# Each line has the pictures of each kind, the share right, and its 95 % interval. Of 24 test pictures borrowing has all,
# pixels 0.875. An easy test: other pieces of the same three photographs. And the cat is
# *grass*, 75 %. A classifier never says "none of these": it has no word for it, unless you give it a kind *other*.
#
# ## Is it worth it?
#
# What would the same pictures have given *without* the borrowed network? Two baselines: a small network of our own,
# trained from scratch, and no network at all, an SVM on 16×16 pixels. (Their settings were chosen on other pictures.)
# Each method gets twenty labelled pictures of each kind, drawn from the thirty that are not for testing; three draws,
# the same for all.
#
# **Guess first:** how many of the test pictures do the two baselines get right?


# %%
def from_scratch():
    layers_in_turn = [layers.Rescaling(1 / 255), layers.AveragePooling2D(2)]
    for width, strides in ((16, 2), (32, 1), (64, 1)):
        layers_in_turn.append(layers.Conv2D(width, 3, strides, padding="same", activation="relu"))
        layers_in_turn.append(layers.MaxPooling2D())
    return keras.Sequential([*layers_in_turn, layers.Flatten(), layers.Dropout(0.5)])


def accuracy_of(body, fit_on, test_on, rate, epochs):
    """Train a body and a new last layer on `fit_on`; return the accuracy on `test_on`."""
    network = keras.Sequential([body, layers.Dense(len(kinds), activation="softmax")])
    network.compile(keras.optimizers.Adam(rate), **recipe)
    network.fit(*fit_on, batch_size=20, epochs=epochs, verbose=0)
    return network.evaluate(*test_on, verbose=0)[1]


# %%
from sklearn.model_selection import train_test_split
from tlcourse.evaluation import paired_interval

both, both_labels = np.concatenate([train, validation]), np.append(train_labels, validation_labels)
both_features, test_features = reader.predict(both, verbose=0), reader.predict(test, verbose=0)
both_pixels, test_pixels = (x[:, 4::8, 4::8].reshape(len(x), -1) for x in (both, test))
right = {"pixels, no network": [], "from scratch": [], "borrowed, frozen": []}
for draw in range(3):
    chance = {"stratify": both_labels, "random_state": SEED + draw}
    drawn, _ = train_test_split(range(len(both)), train_size=20 * len(kinds), **chance)
    svm = SVC(C=10).fit(both_pixels[drawn], both_labels[drawn])
    right["pixels, no network"].append(svm.score(test_pixels, test_labels))
    fit_on, test_on = (both[drawn], both_labels[drawn]), (test, test_labels)
    right["from scratch"].append(accuracy_of(from_scratch(), fit_on, test_on, 0.002, 30))
    fit_on, test_on = (both_features[drawn], both_labels[drawn]), (test_features, test_labels)
    right["borrowed, frozen"].append(accuracy_of(layers.Dropout(0.2), fit_on, test_on, 0.003, 20))
for name, shares in right.items():
    print(f"{name:20}", *(f"{share:7.1%}" for share in shares), f"   mean {np.mean(shares):.1%}")
gain = paired_interval(right["borrowed, frozen"], right["from scratch"])

# %% [markdown]
# Borrowed features get 90.6 % right, a network of our own 70.3 %, pixels 60.3 %. The **interval** below says where the
# mean gain over many draws is likely to lie, judging by how much the three gains differ. It is a 95 % confidence
# interval, for other draws of labels, not for other pictures. From three draws it is rough; *Deeper* has ten.

# %%
lesson.claim(
    "frozen-beats-scratch",
    "With twenty labelled pictures of each kind, borrowed features beat a network from scratch.",
    holds=gain.low > 0,
    observed={"gain": gain},
    profiles=("quick",),  # on flowers it held with four of five seeds
)

# %% [markdown]
# ## Where it breaks
#
# **The range.** Many programs divide pixels by 255. For this network that is wrong, and no error warns you:

# %%
divided = model.predict(test / 255, verbose=0).argmax(axis=1)
print(
    f"test, divided by 255: {np.mean(divided == test_labels):.1%}; answers: {[kinds[n] for n in set(divided)]}"
)

# %%
lesson.claim(
    "divided-is-guessing",
    "Pictures divided by 255 are guessed: at most ten points more are right than by chance.",
    holds=bool(np.mean(divided == test_labels) <= 1 / len(kinds) + 0.1),
    observed={"right": float(np.mean(divided == test_labels))},
)

# %% [markdown]
# The network sees almost black pictures and calls all of them *banner*: 16.7 %, as in guessing. The repair: find out
# which range your network reads, put the rescaling into the model, and look at the range of your inputs.
#
# ## What it shows and what it does not
#
# *It shows* that a network for photographs, frozen, sorts banners and charts that it never learned, from twenty
# pictures of each, far better than a network of our own.
#
# *It does not show* that your pictures will be sorted as well: ours are painted around twelve photographs, and their
# six kinds look very different. On real flowers the lead was certain with four seeds of five.
# <!-- not measured here: the full profile -->
#
# | you have | try |
# |---|---|
# | some dozen pictures of each kind | frozen base, new head |
# | more, or pictures unlike photographs | fine-tune, too (lesson 02); keep what is ahead on validation |
# | in any case | a baseline without a network; the surest mistakes; a folder for the doubtful |
#
# ## Your turn
#
# Replace `...` by your answer, run the cell, then the folded check below it. (`make solutions` has the answers.)
#
# ### Exercise 00.1 · Fewer labels
#
# Guess first: how much is left with *five* pictures of each kind? Write `with_few(k)`: it trains a new head on the
# first `k` training pictures of each kind (`train_features`) and returns the share of the test pictures that are
# right (`test_features`). Forty epochs will do.
#
# <details><summary>Hint</summary>
#
# `np.flatnonzero(train_labels == kind)[:k]` are the rows of the first `k` pictures of a kind.
# </details>


# %%
### BEGIN SOLUTION
def with_few(k):
    rows = np.concatenate([np.flatnonzero(train_labels == kind)[:k] for kind in range(len(kinds))])
    few = keras.Sequential([layers.Dropout(0.2), layers.Dense(len(kinds), activation="softmax")])
    few.compile(keras.optimizers.Adam(0.003), **recipe)
    few.fit(train_features[rows], train_labels[rows], batch_size=20, epochs=40, verbose=0)
    return few.evaluate(test_features, test_labels, verbose=0)[1]


### END SOLUTION


# %% tags=["wrong-answer"]
def with_few(k):
    few = keras.Sequential([layers.Dense(len(kinds), activation="softmax")])
    few.compile(keras.optimizers.Adam(0.003), **recipe)
    few.fit(train_features[:k], train_labels[:k], batch_size=20, epochs=40, verbose=0)
    return few.evaluate(test_features, test_labels, verbose=0)[1]


# %%
lesson.check(
    "00.1",
    with_few,
    {
        "Five pictures *of each kind*, not five in all: most kinds are never seen.": (
            lambda answer: answer(5) > 0.35
        ),
        "Two should do worse than twenty. Do you count the test pictures?": (
            lambda answer: answer(2) < answer(20) < 1
        ),
    },
)

# %% [markdown]
# ### Exercise 00.2 · Nothing trains
#
# Somebody wants to unfreeze the end of a base, sees no error, and wonders why nothing gets better:
#
# ```python
# def unfreeze(network, n):
#     for layer in network.layers[-n:]:
#         layer.trainable = True
#     network.trainable = False
# ```
#
# A flag set on a network goes to all of its layers at that moment, so what comes last wins. Write `unfreeze(network,
# n)` as it should be: the last `n` layers trainable, but no batch normalisation among them; all others frozen.


# %%
### BEGIN SOLUTION
def unfreeze(network, n):
    network.trainable = True
    for layer in network.layers[:-n]:
        layer.trainable = False
    for layer in network.layers[-n:]:
        layer.trainable = not isinstance(layer, layers.BatchNormalization)


### END SOLUTION


# %% tags=["wrong-answer"]
def unfreeze(network, n):
    for layer in network.layers[-n:]:
        layer.trainable = True
    network.trainable = False


# %% tags=["wrong-answer"]
def unfreeze(network, n):
    network.trainable = True
    for layer in network.layers[:-n]:
        layer.trainable = False


# %%
fresh = borrowed_base()


def trained_by(unfreeze, n):
    fresh.trainable = False
    unfreeze(fresh, n)
    return [type(layer).__name__ for layer in fresh.layers if layer.trainable_weights]


lesson.check(
    "00.2",
    unfreeze,
    {
        "Nothing is trained. Print the names of the layers that have trainable weights.": (
            lambda answer: len(trained_by(answer, 30)) > 0
        ),
        "Batch normalisation is trained.": (
            lambda answer: "BatchNormalization" not in trained_by(answer, 30)
        ),
        "Not the last n layers are trained, or not these alone.": (
            lambda answer: (len(trained_by(answer, 3)), len(trained_by(answer, 30))) == (1, 10)
        ),
    },
)

# %% [markdown]
# ### Check yourself
#
# <details><summary>Why does the test set come last, and only once?</summary>
#
# Whoever chooses by it chooses what happens to fit it. Then it says nothing about new pictures any more.
# </details>
#
# ## Recap
#
# - One function reads every picture, in training and in the program.
# - Borrow the base, freeze it, compute the features once, train a new head.
# - Fine-tune after the head: flags, then `compile`, a low rate. Keep it only if validation says so.
# - Choose nothing by the test set. Look at the surest mistakes and what is nearest to them.
# - Save range and names inside the model; set the doubtful aside.
#
# ## Further reading
#
# - Yosinski et al. (2014), *How transferable are features in deep neural networks?*, NeurIPS.
# - Kumar et al. (2022), *Fine-Tuning can Distort Pretrained Features and Underperform Out-of-Distribution*, ICLR: why the
#   head comes first.
#
# **[Deeper](deeper/00_start_here.ipynb)**: what borrowing is worth with 2 to 40 labels, what augmentation does, what
# the model weighs in each format, and how to notice that the pictures have changed.
#
# **Next**: lesson 01 asks how much borrowing is worth.
