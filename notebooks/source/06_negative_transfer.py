# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
#   tlcourse:
#     title: Negative transfer
#     question: When does it hurt, and could we have known?
#     needs:
#       quick: []
#       development: [mnist]
#       full: [mnist, flowers, pneumoniamnist, mobilenet-0.25]
#     seconds: {quick: 120, full: 600}
# ---

# %% [markdown]
# # 06 · Negative transfer: when it hurts, and could we have known?
#
# You have fifty labelled pictures of handwritten digits. On the next shelf lie two thousand printed ones, labelled by
# the computer that printed them. More labelled pictures are better, aren't they? You will add them and get worse. Then
# you will find out how much they may count, with nothing but your own fifty labels. And you will ask of a pretrained
# network, before you train anything on it, whether it will help.
#
# **After this lesson you can**
#
# 1. say what negative transfer is, and measure it against the right rival;
# 2. let your own labels decide how much somebody else's count;
# 3. tell a source that harms from one that was only handled wrongly;
# 4. score pretrained networks by a handful of labels, and say how far to trust the score;
# 5. decide for two folders of your own whether to pool them.
#
# 60 minutes, and half an hour for the exercises. Lesson 01 comes first: features, the probe, draws of labels.

# %% tags=["parameters"]
LESSON = "06"
PROFILE = "quick"
SEED = 0

# %%
from tlcourse.lesson import Lesson
from tlcourse.plotting import plot_images, style

lesson = Lesson(LESSON, PROFILE, SEED)
style()

# %%
import tempfile
from functools import partial
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers
from sklearn.linear_model import LogisticRegression, RidgeClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits

keras.utils.set_random_seed(SEED)

# %% [markdown]
# In the *full* version the same cells run with MNIST in place of the small handwritten digits, and with more data sets
# and one more network. The text speaks of *quick*.
#
# ## Data
#
# **The source**: 2,000 printed digits, cut to their box and reduced to 8×8 as the handwritten ones were (lesson 03
# shows how, and that it matters). **The target**: handwritten digits; the pool and the test part of lesson 01.

# %% tags=["exact"]
from tlcourse.datasets import count_ink, load_dataset, load_glyphs

digits_only = dict(alphabet="0123456789", side=64, resolutions=(64, 64))
pages = load_glyphs(2000, **digits_only, cut=False, seed=SEED)
printed, printed_labels = np.stack([count_ink(page) for page in pages.images]), pages.labels
digits = load_dataset(lesson.pick(quick="digits", full="mnist-8x8"), evaluate_on=lesson.part)
pool, test = digits.pool, digits.test
print("printed", printed.shape, " pool", pool.images.shape, " test", test.images.shape)

# %%
_ = plot_images(printed[:10], printed_labels[:10], columns=10)
_ = plot_images(pool.images[:10], pool.labels[:10], columns=10)

# %% [markdown]
# Above print, below handwriting. They are alike, and yet not the same: a printed 1 may have a serif, a printed 4 is
# closed, and nobody's hand is as regular as a typeface.
#
# ## Idea
#
# What may be carried over from a source to a target? **Instances**: its examples, added to your own. **Features**: the
# layers of a network that learned on it. **Parameters**: weights to start from (Pan & Yang 2010). In all three cases
# the question is the same. Let $A$ be an algorithm, $S$ the source and $T$ your labelled examples. **Transfer is
# negative** if the same algorithm does better *without* the source (Wang et al. 2019):
#
# $$\text{error}\big(A(S, T)\big) \;>\; \text{error}\big(A(\varnothing, T)\big).$$
#
# Both sides have the same $A$, the same labels and the same test. That is the right rival: not the best method in the
# world, but what *you* would have had without the source.
#
# | carried over | with the source | the same algorithm without it |
# |---|---|---|
# | instances | a classifier fitted on both | fitted on your labels alone |
# | features | a classifier on the network's features | on those of the same network, untrained |
# | parameters | the network trained further | trained from random weights |
#
# ## By hand
#
# ### Add the printed digits
#
# Both kinds of digits become features, by the network of letters from lesson 01: 104 numbers for each picture. (So
# something is borrowed on both sides. What we ask about here are the printed examples.)

# %%
from tlcourse.backbones import load_backbone
from tlcourse.evaluation import draw_labels
from tlcourse.features import extract

of_printed, of_pool, of_test = (
    extract(load_backbone("letters"), images, "stage3").astype("float64")
    for images in (printed, pool.images, test.images)
)
few = draw_labels(pool.labels, 5, draws=1, seed=SEED)[0]  # fifty rows of the pool


# %%
def ridge():
    return make_pipeline(StandardScaler(), RidgeClassifierCV(alphas=np.logspace(-1, 4, 11)))


both = np.concatenate([of_pool[few], of_printed])
both_labels = np.concatenate([pool.labels[few], printed_labels])
alone = ridge().fit(of_pool[few], pool.labels[few])
pooled = ridge().fit(both, both_labels)
for name, model in (("50 handwritten", alone), ("and 2,000 printed", pooled)):
    print(f"{name:18} {model.score(of_test, test.labels):.1%} of the test digits are right")

# %% [markdown]
# Two thousand correct labels more, and more mistakes. Which ones? Here are test digits that were right before and are
# wrong now, and below each the printed digit that is most like it in these features.

# %%
now = pooled.predict(of_test)
lost = np.flatnonzero((alone.predict(of_test) == test.labels) & (now != test.labels))
lost = lost[:: max(1, len(lost) // 8)][:8]
distances = ((of_test[lost][:, None] - of_printed) ** 2).sum(axis=2)
nearest = distances.argmin(axis=1)
_ = plot_images(test.images[lost], [f"{test.labels[n]}, says {now[n]}" for n in lost], columns=8)
_ = plot_images(printed[nearest], printed_labels[nearest], columns=8)

# %% [markdown]
# A handwritten digit that looks like another printed one is called by that one's name. Your fifty labels said how
# *these* hands write it, and they were outvoted, forty to one.
#
# **Before you run it.** With one label of each digit instead of five, do the printed ones help? With two? With fifty?
# Write down where you think the gain crosses zero.

# %%
from tlcourse.evaluation import mean_interval

BUDGETS, DRAWS = (1, 2, 5, 20, 50), 12
draws = {k: draw_labels(pool.labels, k, draws=DRAWS, seed=SEED) for k in BUDGETS}


def gain_in(rows):
    """Accuracy with the printed digits less accuracy without, for one draw of labels."""
    both = np.concatenate([of_pool[rows], of_printed])
    both_labels = np.concatenate([pool.labels[rows], printed_labels])
    alone = ridge().fit(of_pool[rows], pool.labels[rows])
    return ridge().fit(both, both_labels).score(of_test, test.labels) - alone.score(
        of_test, test.labels
    )


# %%
gains = {k: 100 * np.array([gain_in(rows) for rows in draws[k]]) for k in BUDGETS}
_, ax = plt.subplots(figsize=(6, 2.8))
ax.axhline(0, color="black", linewidth=0.8)
for k in BUDGETS:
    ax.plot(np.full(DRAWS, k), gains[k], "o", color="C0", alpha=0.3, markersize=4)
over_draws = [mean_interval(gains[k]) for k in BUDGETS]
ax.plot(BUDGETS, [each.mean for each in over_draws], "s-", color="C1")
ax.fill_between(BUDGETS, *zip(*[(o.low, o.high) for o in over_draws]), color="C1", alpha=0.2)
ax.set_xscale("log")
ax.set_xticks(BUDGETS, BUDGETS)
ax.minorticks_off()
_ = ax.set(xlabel="handwritten labels of each digit", ylabel="gain, in points")

# %% [markdown]
# A disc is one draw of labels, the line their mean, the band its 95 % interval. With one label of each digit the source
# helps in some draws and harms in others. From five on it harms in all of them, or nearly. It never turns back: at
# fifty labels the printed digits are still forty to ten in the majority (2,000 to 500), and your own labels are now so
# good that there is more to lose.
#
# ### Let your labels decide how much the others count
#
# All or nothing is not the only choice. Let each printed example count $w$, between 0 and 1, where each of yours counts
# 1. For targets $y$ (1 for the right digit, −1 for the others), the fit $f(x) = v \cdot x + b$ minimises
#
# $$\sum_{\text{yours}} (y_i - f(x_i))^2 \;+\; w \sum_{\text{theirs}} (y_j - f(x_j))^2 \;+\; \lambda \lVert v \rVert^2 .$$
#
# And $w$? Lesson 01 showed how ridge regression chooses $\lambda$: each example is left out in turn, and its error is
# the residual divided by $1 - h_i$, without fitting again. Here the same formula holds for weighted examples. We only
# leave out *our own*: how well does a fit on all printed digits and the other 49 of ours do on the one that was left
# out?


# %%
def weighted_ridge(x, y, counts, penalty, n):
    """Weights and bias of the fit, and the mean squared error on the first n, each left out."""
    total, offset = counts.sum(), counts @ y / counts.sum()
    z, root = x - counts @ x / total, np.sqrt(counts)[:, None]
    inverse = np.linalg.inv((root * z).T @ (root * z) + penalty * np.eye(x.shape[1]))
    v = inverse @ (root * z).T @ (root * (y - offset))
    h = 1 / total + np.sum(z[:n] @ inverse * z[:n], axis=1)  # the first n count 1 each
    left_out = (y[:n] - offset - z[:n] @ v) / (1 - h)[:, None]
    return v, offset - counts @ x / total @ v, np.mean(left_out**2)


# %%
WEIGHTS = (0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1)
y = np.where(both_labels[:, None] == np.arange(10), 1.0, -1.0)
tried = {}
for weight in WEIGHTS:
    counts = np.repeat([1.0, weight], [len(few), len(printed)])
    mean = np.average(both, axis=0, weights=counts)
    scale = np.sqrt(np.average((both - mean) ** 2, axis=0, weights=counts)) + 1e-12
    fits = [weighted_ridge(both / scale, y, counts, p, len(few)) for p in np.logspace(-1, 4, 11)]
    v, b, error = min(fits, key=lambda fit: fit[2])  # the best of eleven penalties
    tried[weight] = error, np.mean((of_test / scale @ v + b).argmax(axis=1) == test.labels)

# %%
_, (of_error, of_accuracy) = plt.subplots(1, 2, figsize=(7.5, 2.5), layout="tight")
names = [f"{weight:g}" for weight in WEIGHTS]
of_error.plot(names, [error for error, _ in tried.values()], "o-")
of_error.set(xlabel="what a printed digit counts", ylabel="error on ours, left out")
of_accuracy.plot(names, [right for _, right in tried.values()], "s--", color="C1")
_ = of_accuracy.set(xlabel="what a printed digit counts", ylabel="accuracy on the test part")
chosen = min(tried, key=lambda weight: tried[weight][0])
print(f"chosen: {chosen:g}, accuracy {tried[chosen][1]:.1%}; at 0 {tried[0][1]:.1%}")

# %% [markdown]
# The left curve is yours to see: it needs no label but your fifty. The right one needs the test part. Where the left
# one is lowest, a printed digit counts a fraction of one of yours; all together they then count about as much as your
# own. At 1, at the right end, is plain pooling.
#
# `fit_pooled_probe` does these two cells. With one label of a class it chooses nothing and leaves the source out:
# whoever leaves out the only example of a digit has none left, and then *every* source looks good.

# %%
from tlcourse.features import fit_pooled_probe, fit_probe

source = {"source_features": of_printed, "source_labels": printed_labels}
probe = fit_pooled_probe(features=of_pool[few], labels=pool.labels[few], **source)
same = probe.source_weight == chosen and np.isclose(probe.error, tried[chosen][0])
lesson.claim(
    "helper-does-the-same",
    "The helper chooses the weight that was chosen by hand, with the same error.",
    holds=same,
    observed={"weight": probe.source_weight, "error, left out": probe.error},
)

# %% [markdown]
# ## What is it worth?
#
# Is it the fault of ridge regression? Two more classifiers on the same features: a logistic regression and a support
# vector machine. Each three times: on your labels alone, with the printed digits in full, and with the weight that the
# probe has chosen (scikit-learn's `sample_weight`). Twelve draws at each budget.

# %%
machines = {
    "logistic": LogisticRegression(max_iter=300),
    "SVM": SVC(C=10),
}


def right_in(rows):
    """For each classifier and each way to use the source: which test digits are right?"""
    own, own_labels = of_pool[rows], pool.labels[rows]
    x, labels = np.concatenate([own, of_printed]), np.concatenate([own_labels, printed_labels])
    weighed = fit_pooled_probe(features=own, labels=own_labels, **source)
    fitted = {
        ("ridge", "alone"): fit_probe(own, own_labels),
        ("ridge", "pooled"): fit_probe(x, labels),
        ("ridge", "weighed"): weighed,
    }
    ways = {"alone": 0.0, "pooled": 1.0, "weighed": weighed.source_weight}
    for (name, machine), (way, weight) in [(m, w) for m in machines.items() for w in ways.items()]:
        counts = np.repeat([1.0, weight], [len(own), len(of_printed)])
        kept = counts > 0
        fit = make_pipeline(StandardScaler(), machine)
        steps = {f"{step}__sample_weight": counts[kept] for step, _ in fit.steps}
        fitted[name, way] = fit.fit(x[kept], labels[kept], **steps)
    return {key: each.predict(of_test) == test.labels for key, each in fitted.items()}


# %%
results = {k: [right_in(rows) for rows in draws[k]] for k in BUDGETS}

# %%
from tlcourse.evaluation import accuracy_table


def correct(name, way, k):
    """Was this test digit right, in each draw? An array (draws, test digits)."""
    return np.array([answers[name, way] for answers in results[k]])


accuracy_table(
    {
        f"{name}, {way}": {f"{k} each": correct(name, way, k) for k in BUDGETS}
        for name, way in results[5][0]
    }
)

# %% [markdown]
# Compare *alone* with *pooled* in each block, from left to right: there is your guess. And *weighed*: the loss is gone
# or nearly so, and at two labels of each digit the same printed digits that did harm in full are worth some points.

# %%
from tlcourse.evaluation import not_worse, paired_interval

classifiers = ("ridge", *machines)
in_full = {
    (name, k): paired_interval(correct(name, "pooled", k), correct(name, "alone", k))
    for name in classifiers
    for k in BUDGETS
}
lesson.claim(
    "pooling-hurts",
    "In full, the printed digits hurt all three classifiers at 5, 20 and 50 labels of each digit.",
    holds=max(in_full[name, k].high for name in classifiers for k in (5, 20, 50)) < 0,
    observed={f"{name} at 20": in_full[name, 20] for name in classifiers},
)

# %%
at_20 = [correct("ridge", way, 20) for way in ("weighed", "alone")]
lesson.claim(
    "chosen-weight-is-safe",
    "With the chosen weight, at 20 labels, the probe is less than a point worse than without them.",
    holds=not_worse(*at_20, margin=0.01),
    observed={"gain": paired_interval(*at_20)},
)
lesson.finding(
    "pooled-at-one-and-two",
    "Gain of the probe from the printed digits in full, at one label and at two",
    {f"{k} each": in_full["ridge", k] for k in (1, 2)},
)

# %%
weighed = {
    f"{name} at {k}": paired_interval(correct(name, "weighed", k), correct(name, "alone", k))
    for name in classifiers
    for k in (2, 5)
}
lesson.finding("weighed-at-two-and-five", "Gain from them with the chosen weight", weighed)

# %% [markdown]
# One weight for all three is a convenience. It was chosen by the ridge probe's squared error, and what is right for the
# probe need not be right for an SVM: look at its gain at five labels.
#
# Is it harm by *print*, or by any other labels? Exercise 6.1 asks the same SVM on raw pixels, and the answer is another
# one. Whether transfer is negative is no property of the source alone: it belongs to source, target, algorithm and
# number of labels together.
#
# ### Networks as sources: a matrix
#
# Now carry over features. Four networks of one shape: `letters` and `photos`, which you know, and two that the course
# has **planted** to do harm. `scrambled` learned 3,000 letters by heart, each with the name of another. `bold` saw the
# same letters and was asked one thing only, whether the font is bold, much longer than that takes.

# %%
from tlcourse.evaluation import Table

NAMES = ("letters", "photos", "scrambled", "bold", *lesson.pick(quick=(), full=("mobilenet",)))
sources = {name: load_backbone(name) for name in NAMES}
Table(
    ["source", "trained on", "right"],
    [[n, each.card["trained_on"], f"{each.card['accuracy']:.0%}"] for n, each in sources.items()],
    "How often each is right at its own job, on pictures that it was not trained on.",
)

# %% [markdown]
# And four targets, five labels of each class. At most 400 pictures to draw labels from and 400 to test on.


# %%
from tlcourse.datasets import Part, simulate_radiographs


def at_most_400(part):
    rows = np.random.default_rng(0).permutation(len(part.labels))[:400]
    return Part(part.images[rows], part.labels[rows], None)


LOADED = ("digits", "textures", "faces")
MORE = lesson.pick(quick=(), full=("mnist", "flowers", "pneumoniamnist"))
targets = {}
for name in LOADED + MORE:
    data = load_dataset(name, evaluate_on=lesson.part)
    targets[name] = at_most_400(data.pool), at_most_400(data.test)
simulated = [simulate_radiographs(400, seed=10 * SEED + n) for n in (1, 2)]
targets["radiographs"] = tuple(Part(part.images, part.labels, None) for part in simulated)
for part, _ in targets.values():
    _ = plot_images(part.images[:10], columns=10)

# %% [markdown]
# The rival is the same network *untrained*, with random weights, read at the same layer by the same probe. There are
# two ways to make one: as Keras makes it, or with the averages of its batch normalisation set on the target's pictures
# (lesson 01). Which is better differs from target to target. We take both, three copies each, and are hard on ourselves:
# a gain is counted from the *better* of the two, and a source counts as harmful only if it is below *both*.


# %%
from dataclasses import replace

from tlcourse.backbones import untrained


def as_made(backbone, seed):
    keras.utils.set_random_seed(seed)
    model = keras.models.clone_model(backbone.model)
    return replace(backbone, name="untrained", model=model, head=None)


def right_at(backbone, name, layer):
    """Correctness (draws, test pictures) of the probe on one layer, five labels of each class."""
    part, asked = targets[name]
    known, unknown = (extract(backbone, each.images, layer) for each in (part, asked))
    with threadpool_limits(1):  # small matrices: two threads only wait for each other
        probes = [fit_probe(known[rows], part.labels[rows]) for rows in few_of[name]]
        return np.array([probe.predict(unknown) == asked.labels for probe in probes])


# %%
few_of = {
    name: draw_labels(part.labels, 5, draws=DRAWS, seed=SEED) for name, (part, _) in targets.items()
}
layers_of = {name: each.taps[-3:] for name, each in sources.items()}  # early, middle, last
right = {
    (source, name, layer): right_at(backbone, name, layer)
    for source, backbone in sources.items()
    for name in targets
    for layer in layers_of[source]
}

# %%
COPIES, shapes = 3, {name: sources[name] for name in ("letters", *NAMES[4:])}
rivals = {}  # by shape, target and layer: the two ways to be untrained
for shape, backbone in shapes.items():
    for name, (part, _) in targets.items():
        made = [as_made(backbone, SEED + n) for n in range(COPIES)]
        own = [untrained(backbone, part.images, SEED + n) for n in range(COPIES)]
        for layer in layers_of[shape]:
            ways = [np.mean([right_at(b, name, layer) for b in way], axis=0) for way in (made, own)]
            rivals[shape, name, layer] = sorted(ways, key=np.mean)  # the weaker first

# %%
absolute = {}
for source in sources:
    absolute[source] = {name: right[source, name, layers_of[source][-1]] for name in targets}
for n, which in enumerate(("weaker", "better")):
    absolute[f"untrained, the {which}"] = {
        name: rivals["letters", name, "stage3"][n] for name in targets
    }
pixels = {}
for name, (part, asked) in targets.items():
    flat, flat_test = (sources["letters"].preprocess(p.images)[..., 0] for p in (part, asked))
    flat, flat_test = flat.reshape(len(flat), -1), flat_test.reshape(len(flat_test), -1)
    answers = [fit_probe(flat[r], part.labels[r]).predict(flat_test) for r in few_of[name]]
    pixels[name] = np.array(answers) == asked.labels
accuracy_table(absolute | {"pixels": pixels})

# %% [markdown]
# Last layer of each source. Read down the columns: which source is best depends on the target, and the planted ones are
# at the bottom or near it, below networks that have learned nothing. On the radiographs nobody is far from guessing
# (50 %): five labels of each class are too few for anyone there.
#
# Now all layers, as gains. Blue is above the better untrained network, red below; a bold number has a 95 % interval
# that leaves out zero.

# %%
shape_of = {name: name if name == "mobilenet" else "letters" for name in sources}
gain = {
    (source, name, layer): paired_interval(answers, rivals[shape_of[source], name, layer][1])
    for (source, name, layer), answers in right.items()
}
_, ax = plt.subplots(figsize=(2.6 * len(targets) ** 0.75, 0.5 * len(sources) + 1.2))
cells = [[gain[s, name, layer] for name in targets for layer in layers_of[s]] for s in sources]
means = 100 * np.array([[cell.mean for cell in row] for row in cells])
ax.imshow(means, cmap="RdBu", vmin=-40, vmax=40, aspect="auto")
for (row, column), mean in np.ndenumerate(means):
    sure = cells[row][column].low > 0 or cells[row][column].high < 0
    weight = "bold" if sure else "normal"
    ax.text(column, row, f"{mean:+.0f}", ha="center", va="center", fontsize=8, weight=weight)
ax.set_yticks(range(len(sources)), sources)
ax.set_xticks(3 * np.arange(len(targets)) + 1, [f"{n}\nearly … last" for n in targets], fontsize=8)
for column in range(3, 3 * len(targets), 3):
    ax.axvline(column - 0.5, color="black", linewidth=1.5)
ax.grid(visible=False)

# %% [markdown]
# *Natural sources* are the two upper rows. *Planted ones* below: their last layers do the worst harm, and their early
# layers much less; `scrambled` even helps somewhere in the middle. That has been seen before: a network that is trained
# on random labels learns useful early layers, since they adapt to the pictures and not to the names (Maennel et al.
# 2020).

# %%
below_both = {
    name: paired_interval(right["scrambled", name, "stage3"], rivals["letters", name, "stage3"][0])
    for name in ("digits", "textures")
}
lesson.claim(
    "scrambled-is-negative",
    "The last layer of the scrambled source is worse than untrained, on digits and on textures.",
    holds=all(interval.high < 0 for interval in below_both.values()),
    observed=below_both,
)

# %% [markdown]
# And the natural ones? Where so many cells are tested, some look negative by chance. Holm's correction (1979) asks more
# of the smallest p-value the more cells there are: with $m$ cells, the smallest is multiplied by $m$, the next by
# $m - 1$, and so on.

# %%
from scipy.stats import ttest_1samp

natural = [key for key in right if key[0] in ("letters", "photos", "mobilenet")]
p_value = {}
for source, name, layer in natural:
    below = right[source, name, layer] - rivals[shape_of[source], name, layer][0]
    p_value[source, name, layer] = ttest_1samp(below.mean(axis=1), 0, alternative="less").pvalue
ordered = sorted(natural, key=p_value.get)
adjusted = np.maximum.accumulate([(len(ordered) - n) * p_value[k] for n, k in enumerate(ordered)])
negative = [" ".join(key) for key, p in zip(ordered, adjusted) if p < 0.05]
", ".join(negative) or "none"

# %%
lesson.finding(
    "natural-negative",
    "Natural cells below both untrained networks after Holm's correction, and the smallest p",
    {"cells": len(negative), "of": len(natural), "smallest p": float(adjusted[0])},
)

# %% [markdown]
# The finding says whether there is one, and the line above it which. None would not mean that natural sources never
# harm: these are two networks of one small shape, made with some care.
#
# ### Could we have known?
#
# All of this was measured with test pictures. *You* have five labels of each class, and a shelf of networks. Is there a
# number that you can compute beforehand, without training or testing anything, which tells you what to take? Many have
# been proposed. Here are four, by the labels of one draw and nothing else. (The package has them in
# `tlcourse.transferability`, with their formulas.)
#
# - **LogME** (You et al. 2021): how probable the labels are, if they are a linear function of the features plus noise.
# - **H-score** (Bao et al. 2019; shrunken, Ibrahim et al. 2022): how much of the features' spread lies between classes.
# - **LEEP** (Nguyen et al. 2020): how well the labels can be read off the network's answers about its *own* classes.
#   It speaks of a whole network, so its layers are level.
# - **Three neighbours**: the share of labelled pictures whose nearest others mostly have their label.
#
# And three plain rivals: the probe's own **error, left out**, which you have already; and two that know nothing of your
# target, the number of **parameters**, and the **source's accuracy** at its own job.
#
# **Before you run it.** Which of the seven will rank best? Will one of them do better than always to take the last
# layer of `letters`?

# %%
from tlcourse.transferability import h_score, leep, logme, nearest_neighbours


def leep_of(source, name, rows, labels):
    """LEEP from a network's answers about its own classes; nothing where it came without its head."""
    if sources[source].head is None:
        return np.nan
    logits = sources[source].head(known[source, name]["stage3"][rows])
    probabilities = keras.ops.convert_to_numpy(keras.ops.softmax(logits))
    return leep(probabilities=probabilities, labels=labels)


def scores_of(source, name, rows, labels):
    """Seven scores of each layer of a source, by the labelled pictures alone."""
    found, backbone = [], sources[source]
    for layer in layers_of[source]:
        about = {"features": known[source, name][layer][rows], "labels": labels}
        cut = keras.Model(backbone.model.input, backbone.model.get_layer(layer).output)
        found.append(
            {
                "LogME": logme(**about),
                "H-score": h_score(**about),
                "LEEP": leep_of(source, name, rows, labels),
                "three neighbours": nearest_neighbours(**about, k=3),
                "error, left out": -fit_probe(**about).error,
                "parameters": cut.count_params(),
                "source's accuracy": backbone.card["accuracy"],
            }
        )
    return found


# %%
known = {(s, n): extract(sources[s], targets[n][0].images) for s in sources for n in targets}
candidates = [(source, layer) for source in sources for layer in layers_of[source]]
score = {}  # by target and name of the score: an array (draws, candidates)
for name, (part, _) in targets.items():
    with threadpool_limits(1):
        of_draws = [
            [one for s in sources for one in scores_of(s, name, rows, part.labels[rows])]
            for rows in few_of[name]
        ]
    for key in of_draws[0][0]:
        score[name, key] = np.array([[one[key] for one in draw] for draw in of_draws])
SCORES = list(of_draws[0][0])

# %% [markdown]
# How well does a ranking by score agree with the ranking by accuracy? **Kendall's τ** counts pairs of candidates: 1 if
# all are in the same order, −1 if all are reversed, 0 for chance. Ours weighs exchanges near the top more (Vigna 2015).
# And what does it *cost* to take the candidate with the highest score?

# %%
from tlcourse.transferability import rank_agreement

accuracy = {
    name: np.array([right[s, name, layer].mean(axis=1) for s, layer in candidates]).T
    for name in targets
}  # by target: (draws, candidates)
of_source = np.array([source for source, _ in candidates])
always = candidates.index(("letters", "stage3"))


def agreement(name, key):
    """τ in each draw, against the accuracy that the candidates turned out to have on average."""
    there = np.isfinite(score[name, key][0])
    about = {"gains": accuracy[name].mean(axis=0)[there], "sources": of_source[there]}
    return np.array([rank_agreement(scores=s[there], **about)["tau"] for s in score[name, key]])


def taken(name, key):
    """Accuracy in each draw of the candidate with the highest score; the mean where several are level."""
    highest = np.isclose(score[name, key], np.nanmax(score[name, key], axis=1, keepdims=True))
    return (accuracy[name] * highest).sum(axis=1) / highest.sum(axis=1)


# %%
tau = {key: np.mean([agreement(name, key) for name in targets], axis=0) for key in SCORES}
best = np.mean([accuracy[name].mean(axis=0).max() for name in targets])
letters_always = np.mean([accuracy[name][:, always] for name in targets], axis=0)
reached = {key: np.mean([taken(name, key) for name in targets], axis=0) for key in SCORES}
rows = []
for key in SCORES:
    over, chosen_by = mean_interval(tau[key]), mean_interval(reached[key])
    cost, beyond = best - chosen_by.mean, paired_interval(reached[key], letters_always)
    rows.append([key, f"{over.mean:+.2f} [{over.low:+.2f}, {over.high:+.2f}]"])
    rows[-1] += [
        f"{100 * chosen_by.mean:.1f}",
        f"{100 * cost:.1f}",
        str(beyond)[:-1].split(" points")[0],
    ]
Table(["score", "τ", "reached, %", "lost to the best", "over letters"], rows, "Means over targets.")


# %% [markdown]
# ## Where it breaks
#
# ### A wrong learning rate
#
# Now carry over parameters: `letters`, with a new last layer, all of it trained on fifty handwritten digits, against
# the same network from random weights, trained in the same way. Three rates each.

# %%
from tlcourse.backbones import load_network


def trained(start, rate, seed):
    """Accuracy on handwriting after sixty steps on five labels of each digit."""
    keras.utils.set_random_seed(seed)
    network, _ = load_network("letters")
    base = keras.Model(network.input, network.get_layer("stage3").output)
    if start == "random":
        base = keras.models.clone_model(base)
    model = keras.Sequential([base, layers.GlobalAveragePooling2D(), layers.Dense(10)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(rate), loss, metrics=["accuracy"])
    part, asked = targets["digits"]
    rows, ready = few_of["digits"][seed - SEED], sources["letters"].preprocess
    model.fit(ready(part.images[rows]), part.labels[rows], batch_size=25, epochs=30, verbose=0)
    return model.evaluate(ready(asked.images), asked.labels, verbose=0)[1]


# %%
RATES, TRIED = (1e-4, 1e-3, 1e-2), lesson.pick(quick=1, full=5)
by_rate = {
    start: {
        f"rate {rate:g}": [trained(start, rate, SEED + n) for n in range(TRIED)] for rate in RATES
    }
    for start in ("letters", "random")
}
accuracy_table(by_rate)

# %% [markdown]
# At the largest rate, `letters` is hardly better than random weights, or worse: what it knew is trained away in the
# first steps. Whoever compares at one rate only may find "negative transfer" where there is none, or hide one that
# there is. Each side has to be given a rate that suits *it*:

# %%
best_rate = {start: max(row, key=lambda r: np.mean(row[r])) for start, row in by_rate.items()}
letters_best, random_best = (by_rate[start][rate] for start, rate in best_rate.items())
print(", ".join(f"{start}: {rate}" for start, rate in best_rate.items()))
lesson.finding(
    "each-at-its-rate",
    "Gain of letters over random weights, each at the better of its rates, and at the largest",
    {
        "each at its rate": float(np.mean(letters_best) - np.mean(random_best)),
        "at the largest": float(
            np.mean(by_rate["letters"]["rate 0.01"]) - np.mean(by_rate["random"]["rate 0.01"])
        ),
    },
)

# %% [markdown]
# (The rate is taken here by the accuracy on test pictures, which favours both sides alike; with your own data you would
# take it on labelled pictures that you hold out. In the full version there are five draws.)
#
# ## On your own data
#
# Two folders with the same kinds of pictures. *Yours* has five labelled pictures of each kind; *theirs* has many, from
# another camera. Pool them or not? The next cell writes both: patches of surfaces, yours with the grain of a cheap
# camera. For your own, leave that cell out and name your folders.

# %%
from tlcourse.datasets import shifted

FOLDERS = {"yours": Path(tempfile.mkdtemp()), "theirs": Path(tempfile.mkdtemp())}
part, asked = targets["textures"]
grainy = shifted(part.images, "noise", 3, seed=SEED)
mine = few_of["textures"][0]
others = np.setdiff1d(np.arange(len(part.labels)), mine)
for whose, images, rows in (("yours", grainy, mine), ("theirs", part.images, others)):
    for row in rows:
        path = FOLDERS[whose] / f"kind-{part.labels[row]}" / f"{row}.png"
        path.parent.mkdir(exist_ok=True)
        keras.utils.save_img(path, images[row][..., None], scale=False)
