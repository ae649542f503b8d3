# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
#   tlcourse:
#     title: Template
#     question: What does a lesson look like?
#     needs:
#       quick: []
#       development: []
#       full: []
#     seconds: {quick: 20, full: 20}
# ---

# %% [markdown]
# # 99 · Template: what does a lesson look like?
#
# *Three or four sentences that make one want to know.* You have a few photographs that show a face and a few that do
# not. Somebody else's network has learned to tell cats from trucks, in colour. Is that worth anything to you?
#
# After this lesson you can *what a student can do that they could not do before*. About 10 minutes.

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
# *Show it before anything else.* Small grey patches of photographs. Labels are drawn from the pool; accuracy is
# measured on other images, on which nothing is ever chosen.

# %%
from tlcourse.datasets import load_dataset
from tlcourse.plotting import plot_images

faces = load_dataset("faces", evaluate_on=lesson.part)
pool, test = faces.pool, faces.test
_ = plot_images(pool.images[:20], [faces.class_names[label] for label in pool.labels[:20]])

# %% tags=["exact"]
print("pool", pool.images.shape, " classes", faces.class_names)

# %% [markdown]
# ## Idea
#
# *One paragraph, the formula where there is one, and a drawing of what is borrowed, frozen and new.* Keep all layers
# but the last, freeze them, and put a new last layer on top: the only part that learns.

# %%
import keras
from keras import layers
from tlcourse.backbones import load_backbone
from tlcourse.plotting import plot_network

keras.utils.set_random_seed(SEED)
photos = load_backbone("photos").model
photos.trainable = False
average, head = layers.GlobalAveragePooling2D(name="average"), layers.Dense(2, name="head")
model = keras.Sequential([photos, average, head])
_ = plot_network(model, borrowed=photos)

# %% [markdown]
# ## By hand
#
# *The lesson's own method in plain Keras, as a reader would write it tomorrow. Each cell ends in something to see.*
# The network was trained on 32×32 colour images with values from 0 to 1. Ours are 25×25 and grey.


# %%
def preprocess(images):
    enlarged = keras.ops.image.resize(images[..., None], (32, 32), antialias=True)
    return keras.ops.repeat(enlarged, 3, axis=-1)


# %% [markdown]
# Five labelled images of each class are enough to fit a layer of two times 104 weights.

# %%
from tlcourse.evaluation import draw_labels

rows = draw_labels(pool.labels, 5, draws=1, seed=SEED)[0]
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile(keras.optimizers.Adam(0.01), loss, metrics=["accuracy"])
history = model.fit(preprocess(pool.images[rows]), pool.labels[rows], epochs=30, verbose=0)

# %%
accuracy = model.evaluate(preprocess(test.images), test.labels, verbose=0)[1]
print(f"{100 * accuracy:.1f} % of the test images are named correctly")

# %% [markdown]
# ## What is it worth?
#
# *The reader writes down a guess. Then rivals and repeated draws, through helpers; one table of absolute accuracies,
# one figure, the paired differences.* From here on `extract` does what `predict` does, and keeps the result; the
# **probe** is the course's linear classifier. Write down: how often is the same probe right on the raw pixels?

# %%
from tlcourse.features import extract, fit_probe

borrowed = load_backbone("photos")
features = {
    "pool": extract(borrowed, pool.images, "stage3"),
    "test": extract(borrowed, test.images, "stage3"),
}
pixels = {
    "pool": pool.images.reshape(len(pool.images), -1),
    "test": test.images.reshape(len(test.images), -1),
}

# %%
from functools import partial

from tlcourse.evaluation import accuracy_table, label_efficiency


def predict(rows, inputs):
    return fit_probe(inputs["pool"][rows], pool.labels[rows]).predict(inputs["test"])


curves = {
    name: label_efficiency(
        name,
        partial(predict, inputs=inputs),
        pool.labels,
        test.labels,
        budgets=(5, 20),
        draws=20,
        seed=SEED,
    )
    for name, inputs in {"photos, frozen": features, "pixels": pixels}.items()
}
accuracy_table(
    {name: {f"{k} labels a class": curve.at(k) for k in (5, 20)} for name, curve in curves.items()}
)

# %% [markdown]
# *A sentence that reads this kind of number.* The differences, on the same draws and the same test images:

# %%
from tlcourse.evaluation import paired_interval

gain = paired_interval(curves["photos, frozen"].at(5), curves["pixels"].at(5))
lesson.claim(
    "frozen-beats-pixels",
    "At 5 labels a class, frozen features beat raw pixels.",
    holds=gain.low > 0,
    observed={"gain": gain},
)

# %%
gain_later = paired_interval(curves["photos, frozen"].at(20), curves["pixels"].at(20))
lesson.finding("gain-later", "The same at 20 labels a class", gain_later)

# %% [markdown]
# ## Where it breaks
#
# *A failure on purpose, measured against a rival; then the repair.* The same images with values from 0 to 255: no
# error says that the network has never seen such numbers.

# %%
wrong = model.evaluate(preprocess(255 * test.images), test.labels, verbose=0)[1]
print(f"{100 * wrong:.1f} % with the wrong range, {100 * accuracy:.1f} % with the right one")

# %% [markdown]
# ## On your own data
#
# *Ten to twenty lines that run here on a folder that the lesson writes, with one path to change.*

# %%
import tempfile
from pathlib import Path

import numpy as np

folder = Path(tempfile.mkdtemp())
for number, (image, label) in enumerate(zip(pool.images, pool.labels)):
    path = folder / faces.class_names[label] / f"{number}.png"
    path.parent.mkdir(exist_ok=True)
    keras.utils.save_img(path, image[..., None])

# %%
files = sorted(folder.glob("*/*.png"))
kinds = sorted({file.parent.name for file in files})
pictures = np.stack([np.array(keras.utils.load_img(file, target_size=(32, 32))) for file in files])
which = np.array([kinds.index(file.parent.name) for file in files])

# %%
new = [layers.GlobalAveragePooling2D(), layers.Dense(len(kinds))]
mine = keras.Sequential([keras.Input((32, 32, 3)), layers.Rescaling(1 / 255), photos, *new])
mine.compile(keras.optimizers.Adam(0.01), loss, metrics=["accuracy"])
_ = mine.fit(pictures, which, epochs=3, verbose=0)
mine.save(folder / "mine.keras")

# %%
loaded = keras.models.load_model(folder / "mine.keras")
logits = loaded.predict(pictures[:1], verbose=0)
print(f"{kinds[logits[0].argmax()]}; its folder is {files[0].parent.name!r}")

# %% [markdown]
# ## Going deeper
#
# *For whoever has the time: at most ten cells that the rest does not need.*

# %% [markdown]
# ## What it shows and what it does not
#
# *It shows* that features learned on animals and vehicles help to tell a face from something else when labels are few.
# *It does not show* that they would know whose face it is.

# %% [markdown]
# ## Your turn
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
learns = head.count_params()
### END SOLUTION

# %% tags=["wrong-answer"]
learns = model.count_params()

# %%
lesson.check(
    "99.1", learns, {"Only the new layer learns.": lambda answer: answer == head.count_params()}
)

# %% [markdown]
# ### Check yourself
#
# <details><summary>1. Why is the accuracy measured on other images than those of the pool?</summary>
#
# *A folded answer.*
# </details>

# %% [markdown]
# ## Recap
#
# *A line that answers each objective.*

# %% [markdown]
# ## Further reading
#
# *Full references.*
