# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
#   tlcourse:
#     title: Template
#     question: What does a lesson look like?
#     own_data:
#       given: "FOLDER has a sub-folder for each class."
#       made: "Written into FOLDER: mine.keras."
#     needs:
#       quick: []
#       development: []
#       full: []
#     seconds: {quick: 20, full: 20}
# ---

# %% [markdown]
# # 99 · Template: what does a lesson look like?
#
# *A situation in three or four sentences that make one want to know.* You have a few photographs that show a face and a
# few that do not. Somebody else's network has learned to tell cats from trucks, in colour. Is that worth anything to
# you?
#
# After this lesson you can *what a student can do that they could not do before*. *A reader's minutes, not ours:* 10.

# %% tags=["parameters"]
LESSON = "99"
PROFILE = "quick"
SEED = 0

# %%
from tlcourse.lesson import Lesson
from tlcourse.plotting import style

lesson = Lesson(LESSON, PROFILE, SEED)
style()

# %% [markdown]
# ## Data
#
# *Show it before anything else.* Small grey patches of photographs, with values from 0 to 1. Labels are taken from the
# **pool**. Accuracy is measured on the **test set**, on which nothing is ever chosen.

# %%
from tlcourse.datasets import load_dataset
from tlcourse.plotting import plot_images

faces = load_dataset("faces", evaluate_on=lesson.part)
pool, test = faces.pool, faces.test
_ = plot_images(pool.images[:20], [faces.class_names[label] for label in pool.labels[:20]])

# %% tags=["exact"]
print("pool", pool.images.shape, " test", test.images.shape, " classes", faces.class_names)

# %% [markdown]
# ## Idea
#
# *One paragraph with the reasons; the formula where there is one; a drawing of what is borrowed, frozen and new.* Early
# layers see edges and textures, which every photograph has. So keep all layers but the last, freeze them, and put a new
# last layer on top: the only part that learns.

# %%
import keras
from keras import layers
from tlcourse.backbones import load_network
from tlcourse.plotting import plot_network

keras.utils.set_random_seed(SEED)
network, _ = load_network("photos")
base = keras.Model(network.input, network.get_layer("pool").output)
base.trainable = False

# %%
model = keras.Sequential([base, layers.Dense(2, name="head")])
_ = plot_network(model, borrowed=network)

# %% [markdown]
# ## By hand
#
# *The lesson's method in plain Keras and NumPy, as a reader writes it tomorrow; each cell ends in something to see.*
# The network was trained on 32×32 pictures with three channels. Ours are 25×25 and grey.


# %%
def preprocess(images):
    enlarged = keras.ops.image.resize(images[..., None], (32, 32), antialias=True)
    return keras.ops.convert_to_numpy(keras.ops.repeat(enlarged, 3, axis=-1))


# %% [markdown]
# Five labelled pictures of each class are enough to fit a layer of two times 104 weights.

# %%
import numpy as np

rng = np.random.default_rng(SEED)
rows = np.concatenate(
    [rng.choice(np.flatnonzero(pool.labels == k), 5, replace=False) for k in (0, 1)]
)
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile(keras.optimizers.Adam(0.01), loss, metrics=["accuracy"])
history = model.fit(preprocess(pool.images[rows]), pool.labels[rows], epochs=30, verbose=0).history

# %%
import matplotlib.pyplot as plt

_, ax = plt.subplots(figsize=(4.5, 2.2))
ax.plot(history["loss"])
_ = ax.set(xlabel="epoch", ylabel="loss on the ten", ylim=0)

# %%
test_ready = preprocess(test.images)
by_hand = model.evaluate(test_ready, test.labels, verbose=0)[1]
print(f"{by_hand:.1%} of the test pictures are named correctly")

# %% [markdown]
# *What came out, with its number, rounded as one rounds: the build looks for it in the outputs of this section.*
#
# ## On your own data
#
# *Directly after By hand, with its code: a folder that a reader would have, one path to change. The build makes a program
# of it, without the cells tagged `example`.* For your own pictures, leave out the first cell, name your folder, and look
# first: `tlcourse check FOLDER`. (As one program: `python 99_template.py my-pictures`.)

# %% tags=["example"]
import tempfile
from pathlib import Path

FOLDER = Path(tempfile.mkdtemp())  # a folder with a sub-folder for each class
for number, (image, label) in enumerate(zip(pool.images, pool.labels)):
    path = FOLDER / faces.class_names[label] / f"{number}.png"
    path.parent.mkdir(exist_ok=True)
    keras.utils.save_img(path, image[..., None])

# %%
from tlcourse.own_data import read_pictures

pictures, labels, kinds, files = read_pictures(FOLDER, side=32)
part = rng.permutation(np.arange(len(files)) % 5)  # 0 is the test set, 1 the validation set

# %%
steps = [keras.Input((32, 32, 3)), layers.Rescaling(1 / 255), base, layers.Dense(len(kinds))]
mine = keras.Sequential(steps)
mine.compile(keras.optimizers.Adam(0.01), loss, metrics=["accuracy"])
watched = pictures[part == 1], labels[part == 1]
stop = keras.callbacks.EarlyStopping(patience=5, restore_best_weights=True)
options = dict(validation_data=watched, callbacks=[stop], epochs=30, verbose=0)
_ = mine.fit(pictures[part > 1], labels[part > 1], **options)

# %%
right = mine.evaluate(pictures[part == 0], labels[part == 0], verbose=0)[1]
always = np.mean(labels[part == 0] == np.bincount(labels).argmax())
print(
    f"{right:.0%} of {np.sum(part == 0)} test pictures are right; the commonest kind: {always:.0%}"
)
mine.save(FOLDER / "mine.keras")

# %% [markdown]
# *Loaded in another program, and asked about a new picture, and about one that is none of the classes.*

# %%
loaded = keras.models.load_model(FOLDER / "mine.keras")
asked = np.stack([pictures[0], rng.integers(0, 256, (32, 32, 3))])
for what, scores in zip([files[0].parent.name, "noise"], loaded.predict(asked, verbose=0)):
    print(
        f"{what}: {kinds[scores.argmax()]}, {keras.ops.softmax(scores)[scores.argmax()]:.0%} sure"
    )

# %% [markdown]
# ## Is it worth it?
#
# *First a guess. One table of absolute numbers with at most six rows, the strongest baseline in it, fitted in the open;
# one figure; what speaks against us.* Write down: how often is logistic regression right on the raw pixels?

# %%
from sklearn.linear_model import LogisticRegression

inputs = {
    "photos, frozen": (
        base.predict(preprocess(pool.images), verbose=0),
        base.predict(test_ready, verbose=0),
    ),
    "pixels": (
        pool.images.reshape(len(pool.images), -1),
        test.images.reshape(len(test.images), -1),
    ),
}

# %%
accuracy = {name: [] for name in inputs}
for _ in range(20):
    rows = np.concatenate(
        [rng.choice(np.flatnonzero(pool.labels == k), 5, replace=False) for k in (0, 1)]
    )
    for name, (from_pool, from_test) in inputs.items():
        classifier = LogisticRegression(max_iter=1000).fit(from_pool[rows], pool.labels[rows])
        accuracy[name].append(classifier.score(from_test, test.labels))

# %%
from tlcourse.evaluation import Table

shown = [[name, f"{100 * np.mean(scores):.1f}"] for name, scores in accuracy.items()]
Table(["", "5 labels per class"], shown, "Accuracy in %, mean over twenty draws of labels.")

# %% [markdown]
# The **95 % interval** of a difference says how far its mean over many more draws may be from that over these twenty.

# %%
gains = np.subtract(accuracy["photos, frozen"], accuracy["pixels"])
half = 2.09 * gains.std(ddof=1) / np.sqrt(len(gains))
gain = {"mean": gains.mean(), "low": gains.mean() - half, "high": gains.mean() + half}
print(
    f"{100 * gain['mean']:+.1f} points, from {100 * gain['low']:+.1f} to {100 * gain['high']:+.1f}"
)

# %%
lesson.claim(
    "frozen-beats-pixels",
    "At 5 labels per class, frozen features beat raw pixels.",
    holds=gain["low"] > 0,
    observed=gain,
)

# %% [markdown]
# ## Where it breaks
#
# *One or two failures that raise no error, measured, repaired.* The same pictures with values from 0 to 255: nothing
# says that the network has never seen such numbers.

# %%
wrong = model.evaluate(255 * test_ready, test.labels, verbose=0)[1]
print(f"{wrong:.1%} with the wrong range, {by_hand:.1%} with the right one")

# %%
lesson.claim(
    "wrong-range-costs",
    "With the wrong range, accuracy falls.",
    holds=wrong < by_hand,
    observed={"wrong": wrong, "right": by_hand},
)

# %% [markdown]
# ## What it shows and what it does not
#
# *It shows* that features learned on animals and vehicles help to tell a face from something else when labels are few.
# *It does not show* that they would know whose face it is.
#
# *A rule to take home, in three lines or a small table.*

# %% [markdown]
# ## Your turn
#
# *Two or three exercises: predict, change, break, extend.*
#
# ### Exercise 99.1 · Count what learns
#
# How many numbers does `fit` change in `model`?
#
# <details><summary>Hint</summary>
#
# `layer.count_params()`
# </details>

# %%
### BEGIN SOLUTION
learns = model.get_layer("head").count_params()
### END SOLUTION

# %% tags=["wrong-answer"]
learns = model.count_params()

# %%
head = model.get_layer("head")
lesson.check("99.1", learns, {"Only the new layer learns.": lambda n: n == head.count_params()})

# %% [markdown]
# ### Check yourself
#
# <details><summary>1. Why is the accuracy measured on other pictures than those of the pool?</summary>
#
# *A folded answer.*
# </details>

# %% [markdown]
# ## Recap
#
# *Six lines, one for each thing that a student now can do.*

# %% [markdown]
# ## Further reading
#
# *Full references, and what Deeper holds:* repeated draws and more baselines are in
# [Deeper](deeper/99_template.ipynb).
