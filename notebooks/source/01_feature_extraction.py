# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
#   tlcourse:
#     title: Feature extraction
#     question: What is already known?
#     needs:
#       quick: []
#       development: [mnist]
#       full: [flowers, mobilenet-0.25]
#     seconds: {quick: 65, full: 340}
# ---

# %% [markdown]
# # 01 · Feature extraction: what is already known?
#
# ## Question
#
# You have five labelled examples of each handwritten digit, fifty images in all. Somewhere there is a network that
# was trained on tens of thousands of images, but of something else: **printed letters**. It has never seen a digit,
# and nothing written by hand. What is it worth to you, and how would you know?

# %% [markdown]
# ## Objectives, time, prerequisites
#
# After this lesson you can
#
# 1. use a pretrained network as a fixed **feature extractor** and put a classifier of your own on top;
# 2. say what that is worth, against baselines that deserve to be beaten, with an interval;
# 3. choose the layer to read from without looking at the test set;
# 4. keep the contract of a borrowed network, and tell what breaks when nothing complains;
# 5. compute features once, and say what that forbids.
#
# About 75 minutes. You should know what a convolutional network is and have called `fit` before.
#
# A few words, used the same way in all lessons. A **domain** is a kind of input and how it is distributed; a **task**
# is a set of labels and the rule from inputs to them (Pan & Yang 2010). Knowledge goes from a **source** (here:
# printed letters, naming them) to a **target** (handwritten digits, naming those). The network we borrow is the
# **backbone**; the numbers it makes of an image are its **features**; the classifier on top of them is the **head**.
# A **budget** *k* is the number of labels for each class, and a **gain** is the score with the source minus the score
# without it.

# %% tags=["parameters"]
LESSON = "01"
PROFILE = "quick"
SEED = 0

# %%
from tlcourse.lesson import Lesson
from tlcourse.plotting import style

lesson = Lesson(LESSON, PROFILE, SEED)
style()

# %% [markdown]
# With `PROFILE = "full"` the same cells ask the same questions of photographs: flowers instead of digits, an ImageNet
# MobileNet instead of the letters network, at most 40 labels a class instead of 50. The text speaks of the quick
# profile.

# %% [markdown]
# ## Data
#
# The target: real handwritten digits, 8×8 pixels. Labels are drawn from a fixed **pool**; accuracy is measured on a
# fixed **reporting part** of other images, mostly by other writers, that nothing is ever chosen on.

# %%
from tlcourse.datasets import load_dataset

data = load_dataset(lesson.pick(quick="digits", full="flowers"), evaluate_on=lesson.part)
pool, test = data.pool, data.test
classes = len(data.class_names)

# %% tags=["exact"]
print("pool", pool.images.shape, " test", test.images.shape, " classes", classes)

# %% [markdown]
# The source: letters, drawn by a program in the fonts that come with a plotting library, bent, blurred, with thick
# and thin strokes, some as coarse as a small scan. The network learned to name Latin and Greek letters. No digit was
# among them, though O, I, S, Z and B look like one; we shall come back to that.

# %%
import matplotlib.pyplot as plt
import numpy as np
from tlcourse.datasets import load_glyphs
from tlcourse.plotting import plot_images

shown = np.concatenate([np.flatnonzero(pool.labels == label)[:1] for label in range(classes)])
_, (left, right) = plt.subplots(1, 2, figsize=(9, 1.9))
plot_images(pool.images[shown], columns=5, ax=left).set_title(
    "target: one of each class", fontsize=10
)
_ = plot_images(load_glyphs(10, seed=SEED).images, columns=5, ax=right).set_title(
    "source: letters", fontsize=10
)

# %% [markdown]
# ## Before you run it
#
# Write down four guesses, in words or numbers, before you go on:
#
# - With five labels a class, how often is a good classifier on the *raw pixels* right? Guessing among ten is right
#   one time in ten.
# - And a linear classifier on the letters network's features?
# - And on the features of the same network with *random* weights?
# - With fifty labels a class, is the advantage larger or smaller?

# %% [markdown]
# ## Baseline
#
# A gain is a difference, so the other side must be strong. We take the pixels as they are, and two classifiers:
#
# - the **course's probe**: a ridge classifier, that is least squares with a penalty on large weights,
#   on standardised inputs. The penalty is chosen by leave-one-out *inside
#   the labelled examples*; the left-out residuals need no refitting, so this takes milliseconds;
# - a **support vector machine** with an RBF kernel, its C and γ from a grid by three-fold cross-validation, again
#   inside the labelled examples. With one label a class there is nothing to cross-validate: fixed values.

# %%
from tlcourse.features import fit_probe

side = lesson.pick(quick=8, full=32)


def shrink(images):
    """Images as float (n, side, side, channels), block means where they are larger."""
    block = images.shape[1] // side
    images = images / (255 if images.dtype == np.uint8 else 1)
    return (
        images.reshape(len(images), side, block, side, block, -1)
        .mean(axis=(2, 4))
        .astype("float32")
    )


small_pool, small_test = shrink(pool.images), shrink(test.images)
pixels_pool, pixels_test = (images.reshape(len(images), -1) for images in (small_pool, small_test))

# %%
from sklearn.model_selection import GridSearchCV
from sklearn.svm import SVC


def probe_on_pixels(rows):
    return fit_probe(pixels_pool[rows], pool.labels[rows]).predict(pixels_test)


def svm_on_pixels(rows):
    grid = {"C": [1, 10], "gamma": np.array([1, 3, 10, 30]) / pixels_pool.shape[1]}
    once = len(rows) == classes
    machine = (
        SVC(C=10, gamma="scale")
        if once
        else GridSearchCV(SVC(), grid, cv=min(3, len(rows) // classes))
    )
    return machine.fit(pixels_pool[rows], pool.labels[rows]).predict(pixels_test)


# %% [markdown]
# *Which* five examples happen to be labelled makes a difference. So everything is repeated over draws of labels, and
# every method sees the **same draws** and the same test images: what we compare is paired. The result is a curve that
# remembers for each draw and test image whether the answer was right: `svm.budgets` are its budgets, `svm.accuracy`
# has a row for each of them and a column for each draw, and `svm.at(5)` a row for each draw and a column for each
# test image.

# %%
from tlcourse.evaluation import label_efficiency

BUDGETS = lesson.pick(quick=(1, 2, 5, 10, 20, 50), full=(1, 2, 5, 10, 20, 40))
FEW, MANY = 5, BUDGETS[-1]
DRAWS = 20


def curve(name, predict, budgets=BUDGETS):
    return label_efficiency(
        name, predict, pool.labels, test.labels, budgets=budgets, draws=DRAWS, seed=SEED
    )


# %%
pixels = curve("pixels, probe", probe_on_pixels)
svm = curve("pixels, SVM", svm_on_pixels, budgets=(1, FEW, 20, MANY))

# %% [markdown]
# The third rival is a network **trained from scratch**, on the labelled examples alone: small, made for images of
# this size. Its learning rate is the better of two by two-fold cross-validation on the labels of the first draw.
# Adam, batches of 128, 75 steps, dropout before the last layer.

# %%
import keras
from keras import layers


def small_network():
    network = keras.Sequential([keras.Input(small_pool.shape[1:])])
    for filters in lesson.pick(quick=[16], full=[16, 32, 32]):
        network.add(layers.Conv2D(filters, 3, padding="same", activation="relu"))
        network.add(layers.MaxPooling2D())
    network.add(layers.Conv2D(32, 3, padding="same", activation="relu"))
    network.add(layers.Flatten())
    network.add(layers.Dropout(0.3))
    network.add(layers.Dense(classes))
    return network


STEPS, BATCH = 75, 128
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
network = small_network()
network.compile(keras.optimizers.Adam(), loss, steps_per_execution=STEPS)

# %% [markdown]
# Dozens of short trainings are ahead, and compiling takes Keras longer than many of them. So the network is compiled
# once, above, and `restart` gives it new random weights and a fresh optimiser. `passes` lays the passes over the data
# end to end, so that one epoch of `fit`, in one call, does the work of many.

# %%
from tlcourse.training import passes, restart


def fit_from_scratch(rows, rate, seed):
    restart(network, seed, learning_rate=rate)
    order = passes(rows, STEPS, BATCH, seed)
    network.fit(small_pool[order], pool.labels[order], batch_size=BATCH, shuffle=False, verbose=0)


def is_right(rows):
    return network.predict_on_batch(small_pool[rows]).argmax(axis=1) == pool.labels[rows]


# %%
from sklearn.model_selection import StratifiedKFold
from tlcourse.evaluation import draw_labels

RATES = (0.01, 0.02)


def better_rate(rows):
    score = dict.fromkeys(RATES, 0.0)
    for fit_on, left_out in StratifiedKFold(2).split(rows, pool.labels[rows]):
        for rate in RATES:
            fit_from_scratch(rows[fit_on], rate, SEED)
            score[rate] += is_right(rows[left_out]).mean()
    return max(score, key=score.get)


first_draw = {k: draw_labels(pool.labels, k, draws=1, seed=SEED)[0] for k in (FEW, MANY)}
rate_at = {k: better_rate(rows) for k, rows in first_draw.items()}


# %%
def scratch_on_pixels(rows):
    fit_from_scratch(rows, rate_at[len(rows) // classes], seed=int(rows.sum()))
    return network.predict_on_batch(small_test).argmax(axis=1)


scratch = curve("from scratch", scratch_on_pixels, budgets=(FEW, MANY))

# %% [markdown]
# ## Idea
#
# A network that names letters ends in one layer that is about letters. Everything before it turns an image into
# numbers in which letters are easy to tell apart: an edge here, a loop there, where two strokes meet. Those numbers
# may be useful to whoever else looks at strokes. So: cut off the last layer, **freeze** the rest, and train only a
# small classifier on its outputs, with the few labels there are.

# %%
from tlcourse.backbones import load_backbone

backbone = load_backbone(lesson.pick(quick="letters", full="mobilenet"))
backbone.model.trainable = (
    False  # before anything is compiled: nothing below may change what we borrowed
)
print("trained on:", backbone.card["trained_on"])
print(
    "weights:",
    f"{backbone.model.count_params():,}",
    " of them trainable:",
    len(backbone.model.trainable_weights),
)

# %% [markdown]
# The network comes with **its own preprocessing**: it was trained on images of one size and range, and has to see
# every image through `backbone.preprocess`. That is its **contract**. A **tap** is a layer we may read; its
# activations are averaged over the image, so a layer with 104 channels gives 104 features.

# %%
from tlcourse.features import extract

features_pool = extract(backbone, pool.images)
features_test = extract(backbone, test.images)

# %% tags=["exact"]
for tap in backbone.taps:
    print(tap, features_pool[tap].shape[1], "features")

# %% [markdown]
# These are computed **once** and kept on disk under a name made from weights, preprocessing, layer and images. Ask
# again and a file is read; change a weight or a pixel and they are computed anew. That is only sound because the
# backbone is frozen, which is worth seeing rather than believing. Here is the usual way to train a head, the frozen
# base inside the model:


# %%
def copy_weights(model):
    return [np.array(keras.ops.convert_to_numpy(weight)) for weight in model.weights]


before = copy_weights(backbone.model)
head = keras.Sequential([backbone.model, layers.GlobalAveragePooling2D(), layers.Dense(classes)])
head.compile(keras.optimizers.Adam(0.01), loss)
rows = first_draw[FEW]
_ = head.fit(
    backbone.preprocess(pool.images[rows]), pool.labels[rows], batch_size=32, epochs=3, verbose=0
)

# %%
after = copy_weights(backbone.model)
lesson.claim(
    "frozen-unmoved",
    "Training a head moved no weight of the frozen backbone, not by one bit.",
    holds=all(np.array_equal(was, now) for was, now in zip(before, after)),
    observed={"weights compared": len(after)},
)

# %%
cached, anew = extract(backbone, test.images), extract(backbone, test.images, cache=False)

# %%
gap = max(np.abs(cached[tap] - anew[tap]).max() for tap in backbone.taps)
lesson.claim(
    "cached-equals-recomputed",
    "Features read from the cache equal recomputed ones.",
    holds=gap < 1e-4,
    observed={"largest difference": float(gap)},
)

# %% [markdown]
# ### What neighbours are
#
# Before training anything, look. For four test images, the four nearest images of the pool: first by their pixels,
# then by the features of the last tap.

# %%
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler


def nearest(known, asked, count=4):
    scaler = StandardScaler().fit(known)
    return (
        NearestNeighbors(n_neighbors=count)
        .fit(scaler.transform(known))
        .kneighbors(scaler.transform(asked))[1]
    )


last = backbone.taps[-1]
by_pixels, by_features = (
    nearest(pixels_pool, pixels_test),
    nearest(features_pool[last], features_test[last]),
)

# %%
asked = np.flatnonzero(pool.labels[by_pixels[:, 0]] != test.labels)[:4]
_, both = plt.subplots(1, 2, figsize=(8, 3.8))
for ax, found, title in zip(both, (by_pixels, by_features), ("by pixels", "by features")):
    images = [im for item in asked for im in (test.images[item], *pool.images[found[item]])]
    names = [
        data.class_names[n]
        for item in asked
        for n in (test.labels[item], *pool.labels[found[item]])
    ]
    plot_images(images, names, columns=5, ax=ax).set_title(
        f"asked, then nearest {title}", fontsize=10
    )

# %%
share = {
    name: float((pool.labels[found] == test.labels[:, None]).mean())
    for name, found in (("pixels", by_pixels), ("features", by_features))
}
lesson.finding(
    "neighbours-by-pixels",
    "Share of a test image's four neighbours that have its label, by pixels",
    share["pixels"],
)
lesson.finding("neighbours-by-features", "The same, by features", share["features"])

# %% [markdown]
# The four were picked because the nearest image *by pixels* is of another class, so the left half is unfair to
# pixels; the two shares above are over all test images. Distance in pixels asks whether ink is in the same place.
# Distance in features asks whether similar strokes meet in similar ways, wherever they are.

# %% [markdown]
# ## Experiment
#
# Now the probe on the frozen features. It chooses **layer and penalty** by leave-one-out inside the labelled
# examples; with a single label a class it chooses nothing and takes the last tap.


# %%
def probe_on(of_pool, of_test):
    def predict(rows):
        labelled = {tap: array[rows] for tap, array in of_pool.items()}
        return fit_probe(labelled, pool.labels[rows]).predict(of_test)

    return predict


frozen = curve(f"{backbone.name}, frozen", probe_on(features_pool, features_test))

# %% [markdown]
# One rival is still missing. Is it what the network *learned* that helps, or would any network of this shape do? The
# same network **untrained**: random weights, its normalisation statistics set on unlabelled images, five times over.

# %%
from dataclasses import replace

from tlcourse.backbones import untrained

unlabelled = lesson.pick(quick=load_glyphs(256, seed=SEED).images, full=pool.images[:256])


def untrained_curve(seed):
    random_network = untrained(backbone, unlabelled, seed)
    of_pool, of_test = (extract(random_network, part.images) for part in (pool, test))
    return curve("untrained", probe_on(of_pool, of_test), budgets=(FEW, MANY)).correct


five = np.stack([untrained_curve(1000 * SEED + number) for number in range(5)])
random_features = replace(scratch, name="untrained, frozen", correct=five.mean(axis=0))

# %%
from tlcourse.plotting import plot_curves

ax = plot_curves([frozen, svm, pixels, scratch, random_features])
_ = ax.set_title("Accuracy by number of labels", loc="left", fontsize=10)

# %% [markdown]
# Each line is a mean over draws, the band its 95 % interval. Compare heights at one label budget, then follow a
# horizontal line: how many labels does each rival need to reach what frozen features have with five?
#
# Now as differences, on the same draws and the same test images. The interval is over draws: it speaks of other
# labelled examples from this pool, tested on these images.

# %%
from tlcourse.evaluation import paired_interval

rivals = {
    "pixels, probe": pixels,
    "pixels, SVM": svm,
    "untrained": random_features,
    "from scratch": scratch,
}
gains = {name: paired_interval(frozen.at(FEW), rival.at(FEW)) for name, rival in rivals.items()}
for name, gain in gains.items():
    print(f"{gain}  over {name}, at {FEW} labels a class")

# %%
lesson.claim(
    "frozen-beats-scratch",
    "At 5 labels a class, frozen features beat training from scratch.",
    holds=gains["from scratch"].low > 0,
    observed={"gain": gains["from scratch"], "rates": rate_at},
)
lesson.claim(
    "frozen-beats-pixels",
    "At 5 labels a class, frozen features beat the probe and the SVM on pixels.",
    holds=min(gains["pixels, probe"].low, gains["pixels, SVM"].low) > 0,
    observed={"over the probe": gains["pixels, probe"], "over the SVM": gains["pixels, SVM"]},
)
lesson.claim(
    "frozen-beats-untrained",
    "At 5 labels a class, they beat the features of the same network untrained.",
    holds=gains["untrained"].low > 0,
    observed={"gain": gains["untrained"]},
)

# %% [markdown]
# Five untrained copies of the same network are few, but they agree: most of the gain is what was *learned*, not the
# shape of the network. And with more labels?

# %%
at_few, at_many = (frozen.at(k).mean(axis=1) - scratch.at(k).mean(axis=1) for k in (FEW, MANY))
shrinks = paired_interval(at_few, at_many)
lesson.claim(
    "gain-shrinks",
    "The gain over training from scratch is smaller with the most labels than with 5.",
    holds=shrinks.low > 0,
    observed={"gain at 5 less gain with most": shrinks},
    profiles=("quick",),
)

# %%
lesson.finding(
    "gain-shrinkage", "Gain over scratch at 5 labels, less the gain with the most", shrinks
)

# %%
gains_many = {
    name: paired_interval(frozen.at(MANY), rival.at(MANY)) for name, rival in rivals.items()
}
for name, gain in gains_many.items():
    print(f"{gain}  over {name}, at {MANY} labels a class")

# %%
lesson.claim(
    "still-ahead",
    "With the most labels, frozen features are still ahead of scratch and of the untrained network.",
    holds=min(gains_many["from scratch"].low, gains_many["untrained"].low) > 0,
    observed={f"over {name}": gain for name, gain in gains_many.items()},
)

# %% [markdown]
# Over training from scratch, borrowed knowledge was worth less once own knowledge was less scarce. That is a claim
# about these digits, which a small network learns well from fifty labels a class. In the full profile the same
# difference is only a finding: where forty labels are still few, as for photographs of flowers, nothing has to shrink
# yet. How close the pixels come, you can read above and in the figure; beyond the largest budget nothing was
# measured.
#
# The intervals so far speak of other *draws*. A sentence about other *images* needs both, draws and items crossed:

# %%
from tlcourse.evaluation import crossed_interval

over_images = crossed_interval(frozen.at(FEW), svm.at(FEW))
lesson.finding(
    "over-svm-crossed",
    "Gain over the SVM at 5 labels, for other draws and other test images",
    over_images,
)

# %% [markdown]
# ### Which layer to read
#
# Early layers know about edges, late ones about letters. What is best for digits is an empirical question, and the
# test set must not answer it.

# %%
by_layer = [
    curve(
        tap,
        probe_on({tap: features_pool[tap]}, {tap: features_test[tap]}),
        budgets=(1, FEW, 20, MANY),
    )
    for tap in backbone.taps
]
_ = plot_curves([*by_layer, replace(frozen, name="chosen inside the labels")])

# %% [markdown]
# If the last curve lies on the best of the others, the labelled examples were enough to choose. Where it does not,
# that is the price of choosing honestly; exercise 1.2 measures it against the dishonest way.
#
# ### Where the gain comes from
#
# O, I, Z, S and B look like 0, 1, 2, 5 and 8. Does the network simply know those digits by another name? If so, the
# gain should be in them and not in 3, 4, 6, 7 and 9.


# %%
from tlcourse.plotting import plot_intervals


def gain_in(label):
    of_class = test.labels == label
    return paired_interval(frozen.at(FEW)[:, of_class], svm.at(FEW)[:, of_class])


per_class = {f"{data.class_names[label]}": gain_in(label) for label in range(classes)}
_ = plot_intervals(per_class, unit=f"gain over the SVM at {FEW} labels a class, points")

# %%
alike = np.isin(test.labels, lesson.pick(quick=[0, 1, 2, 5, 8], full=[0]))
gain = frozen.at(FEW).astype(float) - svm.at(FEW)
kind = lesson.pick(
    quick="digits that look like a letter", full="daisies, which ImageNet has a class for"
)
lesson.finding(
    "gain-alike",
    f"Gain in {kind}",
    paired_interval(frozen.at(FEW)[:, alike], svm.at(FEW)[:, alike]),
)
lesson.finding(
    "gain-alike-less-others",
    "That gain less the gain in the others",
    paired_interval(gain[:, alike].mean(axis=1), gain[:, ~alike].mean(axis=1)),
)

# %% [markdown]
# Read the sign and the interval of the second line before you believe either story. A class that pixels already get
# right has no gain to give, whatever it looks like.
#
# ### The contract
#
# A network has only seen inputs of one kind. `letters` expects bright strokes on a dark ground, values from 0 to 1.
# Values outside are refused at the door:

# %% tags=["exact"]
try:
    extract(backbone, test.images.astype("float32") * 16 + 2)
except ValueError as error:
    print(str(error).split(";")[0])

# %% [markdown]
# But nothing stops us from handing it the opposite polarity: same shape, same range, no error.
#
# **Before you run it.** To a person, inverting an image changes nothing. Write down what you expect for the network:
# the same accuracy, a little less, or close to guessing? Labelled and test images are *both* inverted, and the probe
# is trained anew.

# %%
inverted_pool, inverted_test = (
    extract(backbone, (255 if part.images.dtype == np.uint8 else 1) - part.images)
    for part in (pool, test)
)
inverted = curve("inverted", probe_on(inverted_pool, inverted_test), budgets=(FEW,))

# %%
from tlcourse.plotting import plot_paired

_ = plot_paired(
    {"as trained": frozen.at(FEW).mean(axis=1), "inverted": inverted.at(FEW).mean(axis=1)}
)

# %% [markdown]
# Each grey line is one draw of labelled examples. The features are still there, as many as before, and the probe
# still trains on them without complaint.

# %%
costs = paired_interval(frozen.at(FEW), inverted.at(FEW))
lesson.claim(
    "inverted-costs",
    "Inverting the images costs accuracy, and no error says so.",
    holds=costs.low > 0,
    observed={"loss": costs},
    profiles=("quick",),
)

# %%
lesson.finding("inverted-loss", "What inverting cost", costs)

# %% [markdown]
# ### Another source
#
# The course has a second backbone, `photos`: **the same architecture**, trained on about as many images, but colour
# photographs of animals and vehicles instead of rendered letters.
#
# **Before you run it.** Rank four for digits at five labels: `letters`, `photos`, raw pixels with the probe, the
# untrained network.

# %%
photos = load_backbone("photos")
photos_pool, photos_test = (extract(photos, part.images) for part in (pool, test))
natural = curve("photos, frozen", probe_on(photos_pool, photos_test), budgets=(FEW,))

# %%
against = {
    "pixels, probe": pixels,
    "untrained": random_features,
    f"{backbone.name}, frozen": frozen,
}
for name, rival in against.items():
    difference = paired_interval(natural.at(FEW), rival.at(FEW))
    lesson.finding(
        f"photos-against-{name.split(',')[0]}", f"photos against {name}, at 5 labels", difference
    )

# %% [markdown]
# These are findings, not claims: read sign and interval. One pair of sources cannot say *why* one is worth more than
# the other. That letters and digits are both made of strokes is an explanation to be tested, not a result. Lesson 06
# asks when a source *hurts*, which is more than being of little use.

# %% [markdown]
# ## What it shows and what it does not
#
# **It shows** that features learned on one task can be worth many labels of another; that most of this is due to what
# was learned rather than to the architecture; that on these digits the gain over training from scratch shrinks as
# labels grow; and that a broken contract costs silently.
#
# **It does not show** that frozen features always help: `letters` and digits are both strokes, and the letters were
# drawn at low resolutions too, as small scans have them. It does not show that they are the best one can do, for
# nothing was fine-tuned (lesson 02). Its intervals are over draws of labels from one pool, tested on one set of
# images, except where the text says *crossed*. A seed varies the draws, the initialisations, the order of training
# and which letters set the untrained network's statistics; the bundled weights, the pool and the reporting part never
# change.

# %% [markdown]
# ## Your turn
#
# Replace `...` by your answer, run the cell, then the check below it. Your answer is never overwritten, and a check
# never shows the solution.
#
# ### Exercise 1.1 · What is a pretrained network worth, in labels?
# The SVM on pixels was measured at four budgets, `svm.budgets`. Which is the smallest at which its mean accuracy
# reaches that of frozen features with **one** label a class, or `None` if none of them does? Predict first; then
# compute it from `svm` and `frozen`, do not read it off the figure.
#
# <details><summary>Hint</summary>
#
# `curve.at(k).mean()` is a curve's mean accuracy at *k* labels a class.
# </details>

# %%
### BEGIN SOLUTION
labels_needed = next((k for k in svm.budgets if svm.at(k).mean() >= frozen.at(1).mean()), None)
### END SOLUTION

# %% tags=["wrong-answer"]
labels_needed = svm.budgets[-1]

# %% tags=["wrong-answer"]
labels_needed = 1

# %%
reaches = [k for k in svm.budgets if svm.at(k).mean() >= frozen.at(1).mean()]
lesson.check(
    "1.1",
    labels_needed,
    {
        f"It should be one of {svm.budgets}, or None.": lambda k: k is None or k in svm.budgets,
        "With so few labels the SVM is still below the mark.": lambda k: k is None or k in reaches,
        "A smaller budget reaches it too.": lambda k: k is None or k == min(reaches),
        "One of the budgets does reach it.": lambda k: k is not None or not reaches,
    },
)

# %% [markdown]
# ### Exercise 1.2 · Break a rule on purpose
# `layer_scores[d, t]` below is the test accuracy of tap `t` on draw `d`, at five labels. Somebody picks, for each
# draw, the tap with the best *test* accuracy and reports the mean of those. By how much is that report above the mean
# accuracy of `frozen`, whose tap was chosen inside the labels? Compute the difference, `optimism`. Part of it is
# selection on the test set, part a better tap that so few labels could not find; whoever has only the labels gets
# neither.
#
# <details><summary>Hint</summary>
#
# Each draw has a best tap of its own.
# </details>

# %%
layer_scores = np.stack([layer.at(FEW).mean(axis=1) for layer in by_layer], axis=1)

# %%
### BEGIN SOLUTION
optimism = (layer_scores.max(axis=1) - frozen.at(FEW).mean(axis=1)).mean()
### END SOLUTION

# %% tags=["wrong-answer"]
optimism = layer_scores.max() - frozen.at(FEW).mean()

# %% tags=["wrong-answer"]
optimism = layer_scores.mean() - frozen.at(FEW).mean()

# %%
honest = frozen.at(FEW).mean(axis=1)
lesson.check(
    "1.2",
    optimism,
    {
        "It should be a single number.": lambda value: np.ndim(value) == 0,
        "It cannot be negative: the best of several is at least the chosen one.": lambda value: (
            value >= 0
        ),
        "The dishonest choice is made anew for each draw.": lambda value: np.isclose(
            value,
            np.mean([max(scores) - chosen for scores, chosen in zip(layer_scores, honest)]),
            atol=1e-9,
        ),
    },
)

# %% [markdown]
# ### Exercise 1.3 · Repair it at the door
# Colleagues send you scans of digits of which nobody knows the polarity. Write `normalise(images)`, which takes float
# images in [0, 1], some bright on dark, some dark on bright, and returns them all bright on dark. You may look at
# pixels, not at labels.
#
# <details><summary>Hint</summary>
#
# What covers more of a page, ink or paper? And which pixels are almost surely paper? Decide for each image by itself.
# </details>

# %%
scans = load_dataset("digits").pool.images[:200]
flipped = np.random.default_rng(SEED).random(len(scans)) < 0.5
mixed = np.where(flipped[:, None, None], 1 - scans, scans)


# %%
### BEGIN SOLUTION
def normalise(images):
    border = np.concatenate([images[:, :, 0], images[:, :, -1]], axis=1).mean(axis=1)
    return np.where(border[:, None, None] > 0.5, 1 - images, images)


### END SOLUTION


# %% tags=["wrong-answer"]
def normalise(images):
    return 1 - images


# %% tags=["wrong-answer"]
def normalise(images):
    return 1 - images if images.mean() > 0.5 else images


# %%
lesson.check(
    "1.3",
    normalise,
    {
        "It should return as many images as it was given, of the same size.": lambda f: (
            f(mixed).shape == mixed.shape
        ),
        "It should leave values in [0, 1].": lambda f: f(mixed).min() >= 0 and f(mixed).max() <= 1,
        "Images that are already bright on dark should stay as they are.": lambda f: np.allclose(
            f(scans), scans
        ),
        "Each image of a mixed pile should come back bright on dark, whatever the others are.": (
            lambda f: np.allclose(f(mixed), scans)
        ),
    },
)

# %% [markdown]
# ### Exercise 1.4 · What computing once forbids
# You train a head for 20 epochs on the 50 labelled images of one draw, and nothing has been computed yet. How many
# images pass through the backbone in all, filling the cache included, (a) with the frozen base inside `fit`; (b) on
# cached features; (c) on cached features of five augmented copies of each image, the originals not used; (d) with
# fresh random augmentation in every epoch? Set `through` to the four numbers.
#
# <details><summary>Hint</summary>
#
# A cached image passes once. An image that was never seen before has to pass.
# </details>

# %%
### BEGIN SOLUTION
through = (20 * 50, 50, 5 * 50, 20 * 50)
### END SOLUTION

# %% tags=["wrong-answer"]
through = (20 * 50, 50, 50, 50)

# %% tags=["wrong-answer"]
through = (50, 50, 250, 1000)

# %%
lesson.check(
    "1.4",
    through,
    {
        "Give four whole numbers, (a) to (d).": lambda n: len(n) == 4,
        "(a): inside `fit` nothing is remembered from one epoch to the next.": lambda n: (
            n[0] == 50 * 20
        ),
        "(b): a cached image passes once, whatever the number of epochs.": lambda n: n[1] == 50,
        "(c): each copy is an image of its own, and each is kept.": lambda n: n[2] == 50 * 5,
        "(d): an image that is new in each epoch has to pass in each epoch.": lambda n: (
            n[3] == 50 * 20
        ),
    },
)

# %% [markdown]
# ### Check yourself
#
# <details><summary>1. Why is the untrained network a better baseline than chance?</summary>
#
# It has the same architecture, input size and number of features. What it lacks is only what was learned, so the
# difference to it is what learning contributed.
# </details>
#
# <details><summary>2. Two methods are compared on different draws of labels. What is lost?</summary>
#
# Pairing. The differences then contain how lucky each draw was, the interval widens, and a real gain may drown in it.
# </details>
#
# <details><summary>3. Why may the probe's penalty be chosen by leave-one-out, but not on the test part?</summary>
#
# Leave-one-out uses only examples whose labels we own. What is chosen on the test part fits the test part, and its
# accuracy there is no longer an estimate for new images.
# </details>
#
# <details><summary>4. Features of inverted images have the same shape and a sensible range. Why are they bad?</summary>
#
# What it learned, it learned on bright strokes; nothing taught it what the inverse should mean. The lesson measured
# what that costs. It did not look inside to see where it goes wrong.
# </details>
#
# <details><summary>5. When would you not freeze?</summary>
#
# When there are enough labels to relearn, or when source and target differ so much that even the best frozen layer
# plateaus. That is lesson 02.
# </details>

# %% [markdown]
# ## Recap
#
# 1. **Feature extraction**: load, preprocess as the network expects, freeze, read a layer, train a small classifier.
# 2. **Its worth** is a paired difference to strong rivals on the same draws: pixels with a tuned classifier, the same
#    network untrained, training from scratch. Over scratch it shrank as labels grew.
# 3. **The layer** was chosen by leave-one-out inside the labelled examples; choosing on the test set reports a number
#    that nobody will see again.
# 4. **The contract** of a borrowed network is more than shape and range. Polarity broke it without an error.
# 5. **Computed once**: features of a frozen network can be kept, which makes every later experiment cheap, and rules
#    out fresh augmentation.

# %% [markdown]
# ## Further reading
#
# - Pan & Yang (2010), *A Survey on Transfer Learning*, IEEE TKDE 22(10). The words.
# - Donahue et al. (2014), *DeCAF: A Deep Convolutional Activation Feature for Generic Visual Recognition*, ICML;
#   Sharif Razavian et al. (2014), *CNN Features off-the-shelf: an Astounding Baseline for Recognition*, CVPR
#   Workshops. Where frozen features became the baseline to beat.
# - Yosinski, Clune, Bengio & Lipson (2014), *How transferable are features in deep neural networks?*, NeurIPS. Layer
#   by layer.
# - Kornblith, Shlens & Le (2019), *Do Better ImageNet Models Transfer Better?*, CVPR.
# - Kornblith, Chen, Lee & Norouzi (2021), *Why Do Better Loss Functions Lead to Less Transferable Features?*,
#   NeurIPS.
