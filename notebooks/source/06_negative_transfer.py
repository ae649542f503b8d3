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
#     seconds: {quick: 160, full: 1000}
# ---

# %% [markdown]
# # 06 · Negative transfer: when it hurts, and could we have known?
#
# You have fifty labelled pictures of handwritten digits. On the next shelf lie two thousand printed ones, labelled by
# the computer that printed them. More labelled pictures are better, aren't they? You will add them and get worse. Then
# you will find out how much they may count, with nothing but your own fifty labels. And you will ask, before you test
# anything, which of several pretrained networks to take.
#
# **After this lesson you can**
#
# 1. say what negative transfer is, and measure it against the right rival;
# 2. let your own labels decide how much somebody else's count, and what that still costs;
# 3. tell a source that harms from one that was only handled wrongly;
# 4. score pretrained networks by a handful of labels, and say how far to trust the score;
# 5. decide for two folders of your own whether to pool them.
#
# 75 minutes, and half an hour for the exercises. Lesson 01 comes first: features, the probe,
# draws of labels, and its section *How ridge chooses so fast*.

# %% tags=["parameters"]
LESSON = "06"
PROFILE = "quick"
SEED = 0

# %%
from tlcourse.lesson import Lesson
from tlcourse.plotting import MARKERS, plot_images, style

lesson = Lesson(LESSON, PROFILE, SEED)
style()

# %%
import tempfile
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers
from scipy.stats import t
from sklearn.linear_model import LogisticRegression, RidgeClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits

keras.utils.set_random_seed(SEED)
# Two threads would only wait for each other over matrices as small as ours.
_ = threadpool_limits(1, user_api="blas")

# %% [markdown]
# In the *full* version the same cells run with MNIST in place of the small handwritten digits, and with more data sets
# and one more network. The text speaks of *quick*.
#
# ## Data
#
# **The source**: 2,000 printed digits. `count_ink` cuts each page to the box around its ink and reduces it to 8×8,
# values from 0 to 1, as the handwritten ones were made (lesson 03 shows that it matters). **The target**: handwritten
# digits; the pool and the test part of lesson 01.

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
# Above print, in many typefaces, upright and slanted; below handwriting. They are alike, and yet not the same: some
# typefaces put a dot or a bar into the zero, a hand does not.
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
# Two thousand correct labels more, and more mistakes. Which ones? Here are some of the test digits that were right
# before and are wrong now, and below each the printed digit that is most like it in these features.

# %%
now = pooled.predict(of_test)
lost = np.flatnonzero((alone.predict(of_test) == test.labels) & (now != test.labels))
nearest = np.array([((one - of_printed) ** 2).sum(axis=1).argmin() for one in of_test[lost]])
alike = np.mean(printed_labels[nearest] == now[lost])
print(f"{len(lost)} lost; {alike:.0%} of them get the name of the printed digit most like them")
lost, nearest = (rows[:: max(1, len(rows) // 8)][:8] for rows in (lost, nearest))
_ = plot_images(test.images[lost], [f"{test.labels[n]}, says {now[n]}" for n in lost], columns=8)
_ = plot_images(printed[nearest], printed_labels[nearest], columns=8)

# %% [markdown]
# Your fifty labels said how *these* hands write, and they were outvoted, forty to one.
#
# **Before you run it.** With one label of each digit instead of five, do the printed ones help? With two? With fifty?
# Write down where you think the gain crosses zero. (From here on `fit_probe`, the probe of lesson 01, is our ridge.
# With one label of a class nothing can be left out, and it takes a fixed penalty.)

# %%
from tlcourse.evaluation import mean_interval
from tlcourse.features import fit_probe

MANY, DRAWS = lesson.pick(quick=70, full=150), 12
BUDGETS = (1, 2, 5, 20, 50, MANY)
draws = {k: draw_labels(pool.labels, k, draws=DRAWS, seed=SEED) for k in BUDGETS}


def gain_in(rows):
    """Accuracy with the printed digits less accuracy without, for one draw of labels."""
    both = np.concatenate([of_pool[rows], of_printed])
    both_labels = np.concatenate([pool.labels[rows], printed_labels])
    accuracies = [
        np.mean(fit_probe(x, labels).predict(of_test) == test.labels)
        for x, labels in ((both, both_labels), (of_pool[rows], pool.labels[rows]))
    ]
    return accuracies[0] - accuracies[1]


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
# helps in some draws and harms in others. The mean crosses zero between one and
# five. From there on it stays below: at fifty labels the harm is smaller, but the printed digits are still four to one
# in the majority.
#
# ### Let your labels decide how much the others count
#
# All or nothing is not the only choice. Let each printed example count $w$, between 0 and 1, where each of yours counts
# 1. For targets $y$ (1 for the right digit, −1 for the others), the fit $f(x) = v \cdot x + b$ minimises
#
# $$\sum_{\text{yours}} (y_i - f(x_i))^2 \;+\; w \sum_{\text{theirs}} (y_j - f(x_j))^2 \;+\; \lambda \lVert v \rVert^2 .$$
#
# (There is such an $f$ for each digit.) And $w$? Lesson 01 showed how ridge regression chooses $\lambda$: each example
# is left out in turn, and its error is the residual divided by $1 - h_i$, without fitting again. Here the same formula
# holds for weighted examples. We only leave out *our own*: how well does a fit on all printed digits and the other 49
# of ours do on the one that was left out?


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
for axis in (of_error, of_accuracy):
    axis.tick_params(axis="x", labelsize=8)
_ = of_accuracy.set(xlabel="what a printed digit counts", ylabel="accuracy on the test part")
chosen = min(tried, key=lambda weight: tried[weight][0])
print(f"chosen: {chosen:g}, accuracy {tried[chosen][1]:.1%}; at 0 {tried[0][1]:.1%}")

# %% [markdown]
# The left curve is yours to see: it needs no label but your fifty. The right one needs the test part. Plain pooling is
# at the right end. Where the left curve is lowest, a printed digit counts a small fraction of one of yours. It need not
# be the best place of the right curve (a squared error over fifty pictures is not accuracy on new ones), but it is far
# from the worst. This is one draw; twelve are in the next table. (The right end is not quite the number printed before:
# there the penalty suited all examples, here it suits ours.)
#
# `fit_pooled_probe` does these two cells. With one label of a class it chooses nothing and leaves the source out:
# whoever leaves out the only example of a digit has none left, and then *every* source looks good. With two or five
# something of that remains, so a small weight alone does not prove that a source helps.

# %%
from tlcourse.features import SOURCE_WEIGHTS, fit_pooled_probe

others = {"source_features": of_printed, "source_labels": printed_labels}
probe = fit_pooled_probe(features=of_pool[few], labels=pool.labels[few], **others)
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
# probe has chosen (scikit-learn's `sample_weight`, for the scaler and for the classifier). Twelve draws at each budget.

# %%
from sklearn.base import clone

machines = {"logistic": LogisticRegression(max_iter=300), "SVM": SVC(C=10)}


def fits_of(rows):
    """Each classifier, fitted in each way on these labelled rows and the printed digits."""
    own, own_labels = of_pool[rows], pool.labels[rows]
    x, labels = np.concatenate([own, of_printed]), np.concatenate([own_labels, printed_labels])
    fits = {
        ("ridge", "alone"): fit_probe(own, own_labels),
        ("ridge", "pooled"): fit_probe(x, labels),
    }
    probe = fit_pooled_probe(features=own, labels=own_labels, **others)
    fits["ridge", "weighed"] = probe
    for name, machine in machines.items():
        for way, weight in (("alone", 0), ("pooled", 1), ("weighed", probe.source_weight)):
            counts = np.repeat([1.0, weight], [len(own), len(of_printed)])
            there = counts > 0
            fit = make_pipeline(StandardScaler(), clone(machine))
            each_counts = {f"{step}__sample_weight": counts[there] for step, _ in fit.steps}
            fits[name, way] = fit.fit(x[there], labels[there], **each_counts)
    return fits


# %%
from tlcourse.evaluation import Table, accuracy_table

right, weight = {}, {k: [] for k in BUDGETS}  # right: by classifier, way and budget
for k in BUDGETS:
    for rows in draws[k]:
        fits = fits_of(rows)
        weight[k].append(fits["ridge", "weighed"].source_weight)
        for way, fit in fits.items():
            right.setdefault((*way, k), []).append(fit.predict(of_test) == test.labels)
methods = {f"{name}, {way}": (name, way) for name, way in fits}
accuracy_table({n: {f"{k} each": right[*way, k] for k in BUDGETS} for n, way in methods.items()})

# %% [markdown]
# Compare *alone* with *pooled* in each block, from left to right: there is your guess. And *weighed*: most of the loss
# is gone. Which weights were chosen?

# %%
quantiles = {"smallest": 0, "median": 0.5, "largest": 1}
Table(
    ["chosen weight", *(f"{k} each" for k in BUDGETS)],
    [
        [n, *(f"{np.quantile(weight[k], q, method='nearest'):g}" for k in BUDGETS)]
        for n, q in quantiles.items()
    ],
    f"What a printed digit counts, over {DRAWS} draws.",
)

# %% [markdown]
# At two labels of each digit, for the probe, the same printed digits that did harm in full are worth some points. At
# five it hardly matters. With more labels the weight that is chosen becomes small and is seldom 0, and the weighed rows
# are a little below *alone*: by the definition that is negative transfer, too, only small. (On the development data,
# MNIST, they were a little above. Here whoever is left out has the same hands as the others, and the test part has
# other writers. A choice inside your labels can't know more than they do.)

# %%
from tlcourse.evaluation import equivalent, paired_interval


def gain_of(name, way, k):
    return paired_interval(right[name, way, k], right[name, "alone", k])


classifiers = ("ridge", *machines)
pooled = {f"{n} at {k}": gain_of(n, "pooled", k) for n in classifiers for k in (5, 20, 50)}
lesson.claim(
    "pooling-hurts",
    "In full, print hurts all three at 20 and 50 labels of each digit, and ridge and logistic at 5.",
    holds=all(gain.high < 0 for name, gain in pooled.items() if name != "SVM at 5"),
    observed=pooled,
)
probe_at_20 = {
    way: np.mean(right["ridge", way, 20], axis=1) for way in ("alone", "pooled", "weighed")
}
lost_in_full = probe_at_20["alone"] - probe_at_20["pooled"]
lost_weighed = probe_at_20["alone"] - probe_at_20["weighed"]
lesson.claim(
    "chosen-weight-costs-little",
    "At 20 labels, the chosen weight costs the probe less than a quarter of what pooling costs.",
    holds=paired_interval(lost_in_full / 4, lost_weighed).low > 0,
    observed={"gain, chosen weight": gain_of("ridge", "weighed", 20)},
)
lesson.claim(
    "many-labels-decide",
    "With the most labels, the probe with the chosen weight is within a point of the target alone.",
    holds=equivalent(right["ridge", "weighed", MANY], right["ridge", "alone", MANY], margin=0.01),
    observed={"gain": gain_of("ridge", "weighed", MANY)},
)

# %%
few_labels = {f"ridge at {k}": gain_of("ridge", "pooled", k) for k in (1, 2)}
lesson.finding("pooled-at-one-and-two", "Gain from the printed digits in full", few_labels)
weighed = {f"{n} at {k}": gain_of(n, "weighed", k) for n in classifiers for k in (2, 5)}
lesson.finding("weighed-at-two-and-five", "Gain from them with the chosen weight", weighed)

# %% [markdown]
# One weight for all three is a convenience. It was chosen by the ridge probe's squared error, and what is right for the
# probe need not be right for an SVM: look at its gain at five labels.
#
# Whether transfer is negative is no property of the source alone: it belongs to source, target, algorithm and number of
# labels together. Exercise 6.1 asks for the same printed digits and an SVM on raw pixels.
#
# ### Networks as sources: a matrix
#
# Now carry over features. Five networks of one shape. `letters` and `photos` you know. Two are **planted** to do harm:
# `scrambled` learned 3,000 letters by heart in forty passes, their names shuffled; `bold` saw the same letters as often
# and was asked one thing only, whether the font is bold. `unscrambled` is a control: what `scrambled` saw, as often,
# under the true names. Each network comes with a card that says how it was made.

# %%
NAMES = ("letters", "photos", "unscrambled", "scrambled", "bold")
NAMES += lesson.pick(quick=(), full=("mobilenet",))
sources = {name: load_backbone(name) for name in NAMES}
Table(
    ["source", "trained on", "right"],
    [[n, each.card["trained_on"], f"{each.card['accuracy']:.0%}"] for n, each in sources.items()],
    "How often each is right at its own job, on pictures that it was not trained on.",
)

# %% [markdown]
# And four targets: digits; patches of four photographs; faces or not; simulated chest radiographs with an opacity in a
# lung or not (lesson 04). At most 300 pictures to draw labels from, and 300 to test on, so accuracies differ a little
# from those above.


# %%
from tlcourse.datasets import Part, simulate_radiographs


def at_most_300(part):
    rows = np.random.default_rng(0).permutation(len(part.labels))[:300]
    return Part(part.images[rows], part.labels[rows], None)


LOADED = ("digits", "textures", "faces")
MORE = lesson.pick(quick=(), full=("mnist", "flowers", "pneumoniamnist"))
targets = {}
for name in LOADED + MORE:
    data = load_dataset(name, evaluate_on=lesson.part)
    targets[name] = at_most_300(data.pool), at_most_300(data.test)
simulated = [simulate_radiographs(300, seed=10 * SEED + n) for n in (1, 2)]
targets["radiographs"] = tuple(Part(part.images, part.labels, None) for part in simulated)
for part, _ in targets.values():
    _ = plot_images(part.images[:10], columns=10)

# %% [markdown]
# For each source and target: features at the ends of three stages (a network's `taps`), and the probe on them, with a
# few labels of each class.

# %%
LABELS = lesson.pick(quick=(2, 5, 20), full=(1, 2, 5, 10, 20))
few_of = {
    (name, k): draw_labels(part.labels, k, draws=DRAWS, seed=SEED)
    for name, (part, _) in targets.items()
    for k in LABELS
}


def features_of(backbone, name):
    """By layer, features of a target's pool and of its test pictures."""
    part, asked = targets[name]
    every = extract(backbone, np.concatenate([part.images, asked.images]), backbone.taps[-3:])
    return {layer: np.split(found, [len(part.labels)]) for layer, found in every.items()}


def correct_on(name, by_layer):
    """By layer and number of labels: which test pictures does the probe get right, in each draw?"""
    (part, asked), correct = targets[name], {}
    for layer, (known, unknown) in by_layer.items():
        for k in LABELS:
            probes = [fit_probe(known[rows], part.labels[rows]) for rows in few_of[name, k]]
            correct[layer, k] = np.array(
                [probe.predict(unknown) == asked.labels for probe in probes]
            )
    return correct


# %%
features = {
    (source, name): features_of(sources[source], name) for source in sources for name in targets
}
correct = {at: correct_on(at[1], by_layer) for at, by_layer in features.items()}

# %% [markdown]
# The rival is the same network *untrained*, with random weights, read at the same layer by the same probe. There are
# two ways to make one: as Keras makes it, or with the averages of its batch normalisation set on the target's pictures.
# (Lesson 01 set them on letters, and that was a weaker rival on digits than either, so `photos` looked better there.)
# Which is better differs from target to target. We take both, two copies each, and are hard on ourselves: a gain is
# counted from the *better* of the two, and a source counts as harmful only if it is below *both*.

# %%
from tlcourse.backbones import untrained

weaker, better = {}, {}  # of the two ways
for shape in ("letters", *NAMES[5:]):
    for name, (part, _) in targets.items():
        ways = []
        for averages_of in (None, part.images):
            copies = [untrained(sources[shape], averages_of, SEED + n) for n in range(2)]
            ways.append([correct_on(name, features_of(copy, name)) for copy in copies])
        for at in ways[0][0]:
            means = [np.mean([copy[at] for copy in way], axis=0) for way in ways]
            weaker[shape, name, *at], better[shape, name, *at] = sorted(means, key=np.mean)


def gain_over(rival, source, name, layer, k=5):
    """Accuracy of the probe on a source's features, less that on features of a rival of its shape."""
    shape = source if source == "mobilenet" else "letters"
    return paired_interval(correct[source, name][layer, k], rival[shape, name, layer, k])


# %%
def on_pixels(name):
    """The same probe on the pixels, brought to 32×32."""
    part, asked = targets[name]
    flat, flat_test = (sources["letters"].preprocess(p.images)[..., 0] for p in (part, asked))
    flat, flat_test = flat.reshape(len(flat), -1), flat_test.reshape(len(flat_test), -1)
    answers = [fit_probe(flat[r], part.labels[r]).predict(flat_test) for r in few_of[name, 5]]
    return np.array(answers) == asked.labels


last = {source: backbone.taps[-1] for source, backbone in sources.items()}
absolute = {s: {name: correct[s, name][last[s], 5] for name in targets} for s in sources}
for which, rival in (("weaker", weaker), ("better", better)):
    of_rival = {name: rival["letters", name, "stage3", 5] for name in targets}
    absolute[f"untrained, the {which}"] = of_rival
accuracy_table(absolute | {"pixels": {name: on_pixels(name) for name in targets}})

# %% [markdown]
# Five labels of each class, the last layer of each source. Read down the columns: which source is best depends on the
# target. Compare `scrambled` with `unscrambled`: the same pictures, as often, and only the names differ. On faces there
# is little to spoil: a face against an empty wall is easy for everyone. On the radiographs nobody is far from guessing
# (50 %): five labels of each class are too few for anyone there.
#
# Now all layers, as gains. Blue is above the better untrained network, red below. A number is bold if its 95 % interval
# leaves out zero: above the better one, or below both.

# %%
from tlcourse.plotting import plot_gains

cells = [[(s, n, layer) for n in targets for layer in sources[s].taps[-3:]] for s in sources]
gains_of = [[gain_over(better, *cell) for cell in row] for row in cells]
below = [[gain_over(weaker, *cell).high < 0 for cell in row] for row in cells]
_ = plot_gains(
    [[gain.mean for gain in row] for row in gains_of],
    list(sources),
    [f"{name}\nearly … last" for name in targets],
    certain=below | np.array([[gain.low > 0 for gain in row] for row in gains_of]),
)

# %% [markdown]
# The two lowest rows are planted. On digits and textures their last layers do worst, and their early layers less badly.
# That has been seen before: even a network that is trained on random labels learns early layers that may serve, since
# they adapt to the pictures and not to the names (Maennel et al. 2020). The row above is the control. On digits it is
# far above `scrambled`, so there the harm comes from the names. On textures it is red, too, if less: true names are no
# protection where a network has learned letters by heart and is asked about grass.
#
# How sure is that, for sources that nobody planted? Where so many cells are tested, some look negative by chance.
# **Holm's correction** (1979) asks more of the smallest p-value the more cells there are: with $m$ cells the smallest
# is multiplied by $m$, the next by $m - 1$, and so on. To give harm its best chance, the rival is now the *better*
# untrained network.

# %%
from tlcourse.evaluation import holm

honest = {
    " ".join(cell): gain
    for row, gains in zip(cells, gains_of)
    for cell, gain in zip(row, gains)
    if cell[0] not in ("scrambled", "bold")
}
p_values = holm([t.cdf(gain.mean / max(gain.se, 1e-9), DRAWS - 1) for gain in honest.values()])
negative = [cell for cell, p in zip(honest, p_values) if p < 0.05]
", ".join(negative) or "none"

# %%
scrambled = {name: gain_over(weaker, "scrambled", name, "stage3") for name in targets}
lesson.claim(
    "scrambled-is-negative",
    "The last layer of the scrambled source is below both untrained, on digits and on textures.",
    holds=all(scrambled[name].high < 0 for name in ("digits", "textures")),
    observed=scrambled,
)
names_alone = {
    name: paired_interval(
        correct["scrambled", name]["stage3", 5], correct["unscrambled", name]["stage3", 5]
    )
    for name in targets
}
lesson.finding("only-the-names", "Scrambled less unscrambled, last layer", names_alone)
lesson.finding(
    "natural-negative",
    "Cells not planted that are below the better untrained network, after Holm's correction",
    {"cells": len(negative), "of": len(honest), "smallest p, corrected": min(p_values)},
)

# %% [markdown]
# (The claim is made for two targets of the four: on these the development data showed harm. All four are printed.) The
# line above the claim names the cells that are negative beyond doubt. If it says *none*, that does not mean that
# natural sources never harm: `letters` and `photos` were made with some care, their rivals know nothing, and with five
# labels only a large harm can be seen.
#
# Does harm go away with more labels? The last layers again. The grey band lies between the two untrained networks.

# %%
LINES = lesson.pick(quick=1, full=2)
_, panels = plt.subplots(LINES, 4, figsize=(10, 2.6 * LINES), sharex=True, layout="tight")
for ax, name in zip(panels.flat, targets):
    edges = [[r["letters", name, "stage3", k].mean() for k in LABELS] for r in (weaker, better)]
    ax.fill_between(LABELS, *edges, color="0.85")
    for source, marker in zip(sources, MARKERS):
        means = [correct[source, name][last[source], k].mean() for k in LABELS]
        ax.plot(LABELS, means, marker=marker, markersize=4, label=source)
    ax.set(title=name, xscale="log", xlabel="labels of each class")
    ax.set_xticks(LABELS, LABELS)
    ax.minorticks_off()
ax.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
panels.flat[0].set_ylabel("accuracy")
for unused in panels.flat[len(targets) :]:
    unused.set_axis_off()

# %%
on_textures = {
    f"{source}, less the {which}": gain_over(rival, source, "textures", "stage3", k=20)
    for source in ("unscrambled", "scrambled")
    for which, rival in (("weaker untrained", weaker), ("better", better))
}
lesson.finding("textures-at-twenty", "Gain on textures at 20 labels, last layer", on_textures)

# %% [markdown]
# It does not. On digits and textures the lines rise together, and the last layers of the planted sources stay below the
# band or at its lower edge. On textures `unscrambled` does no better than the band, and rather worse. Nobody planted
# harm there: it learned letters, few and under their true names, and a network that has learned nothing serves as well
# or better for grass and brick. More labels fit the classifier; they can't bring back what the features have thrown
# away. With pooling it was different: there the harm shrank, because the examples that did it were outnumbered.
#
# ### Could we have known?
#
# All of this was measured with test pictures. *You* have five labels of each class, and a shelf of networks. Is there a
# number that you can compute beforehand, without training or testing anything, which tells you what to take? Many have
# been proposed. Here are four, by the labels of one draw and nothing else. (The package has them in
# `tlcourse.transferability`, with their formulas.)
#
# - **LogME** (You et al. 2021): how probable the labels are, if they are a linear function of the features $F$ plus
#   noise, and nobody knows its weights $w$:
#   $\frac{1}{n} \max_{\alpha, \beta} \log \int p(y \mid F w, \text{noise } 1/\beta)\, p(w \mid \text{spread } 1/\alpha)\, dw$.
# - **H-score** (Bao et al. 2019; shrunken, Ibrahim et al. 2022): how much of the features' spread lies between classes.
# - **LEEP** (Nguyen et al. 2020): how well the labels can be read off the network's answers about its *own* classes.
# - **Three neighbours**: the share of labelled pictures whose nearest others mostly have their label.
#
# And three plain rivals: the probe's own **error, left out**, which you have already; and two that know nothing of your
# target, the number of **parameters**, and the **source's accuracy** at its own job. A candidate is a layer of a
# source. LEEP and the source's accuracy speak of a whole network, so they choose among last layers.
#
# **Before you run it.** Which of the seven will choose best? Will one of them do better than always to take the last
# layer of `letters`?

# %%
from tlcourse.transferability import h_score, leep, logme, nearest_neighbours

candidates = [(source, layer) for source in sources for layer in sources[source].taps[-3:]]
cuts = {c: sources[c[0]].model.get_layer(c[1]).output for c in candidates}
size = {c: keras.Model(sources[c[0]].model.input, cut).count_params() for c, cut in cuts.items()}


def of_network(source, name, rows, labels):
    """LEEP and the accuracy at its own job. Some networks come without their last layer."""
    backbone, leep_of = sources[source], np.nan
    if backbone.head is not None:
        logits = backbone.head(features[source, name][last[source]][0][rows])
        probabilities = keras.ops.convert_to_numpy(keras.ops.softmax(logits))
        leep_of = leep(probabilities=probabilities, labels=labels)
    return {"LEEP": leep_of, "source's accuracy": backbone.card["accuracy"]}


def scores_of(candidate, name, rows):
    """Seven scores by the labelled pictures alone."""
    (source, layer), labels = candidate, targets[name][0].labels[rows]
    about = {"features": features[source, name][layer][0][rows], "labels": labels}
    found = {
        "LogME": logme(**about),
        "H-score": h_score(**about),
        "LEEP": np.nan,
        "three neighbours": nearest_neighbours(**about, k=3),
        "error, left out": -fit_probe(**about).error,
        "parameters": size[candidate],
        "source's accuracy": np.nan,
    }
    return found | (of_network(source, name, rows, labels) if layer == last[source] else {})


# %%
score = {}  # by target and name of the score: an array (draws, candidates)
for name in targets:
    found = [[scores_of(each, name, rows) for each in candidates] for rows in few_of[name, 5]]
    score[name] = {
        key: np.array([[each[key] for each in draw] for draw in found]) for key in found[0][0]
    }
accuracy = {
    name: np.array([correct[s, name][layer, 5].mean(axis=1) for s, layer in candidates]).T
    for name in targets
}

# %% [markdown]
# What does it *bring* to take the candidate with the highest score? And how well does the ranking by score agree with
# the ranking by accuracy? **Kendall's τ** counts pairs of candidates: 1 if all are in the same order, −1 if all are
# reversed. Ours weighs exchanges near the top more (Vigna 2015).

# %%
from tlcourse.transferability import judge_scores

of_source = np.array([source for source, _ in candidates])
judged = judge_scores(score, accuracy, of_source)
known = np.isin(of_source, ("letters", "photos"))
among_natural = judge_scores(
    {name: {key: found[:, known] for key, found in score[name].items()} for name in targets},
    {name: found[:, known] for name, found in accuracy.items()},
    of_source[known],
)
always = {
    source: np.mean([correct[source, n][last[source], 5].mean(axis=1) for n in targets], axis=0)
    for source in ("letters", "photos")
}
lines = []
for key, each in judged.items():
    over = str(paired_interval(each.reached, always["letters"])).replace(" points", "")
    taus = [f"{each.tau.mean():+.2f}", f"{among_natural[key].tau.mean():+.2f}", f"{each.p:.2f}"]
    lines.append([key, f"{100 * each.reached.mean():.1f}", over, *taus])
best = np.mean([found.mean(axis=0).max() for found in accuracy.values()])
for name, reached in (*always.items(), ("the best", best)):
    lines.append([name, f"{100 * np.mean(reached):.1f}", *"––––"])
head = ["chosen by", "reached, %", "over letters", "τ", "τ, natural", "p"]
Table(head, lines, "Means over targets; in brackets the 95 % interval over draws.")

# %% [markdown]
# *Reached* is the accuracy of what a score takes; *over letters* compares it with always taking the last layer of
# `letters`. *The best* is the best candidate for each target, which nobody knows beforehand. *τ, natural* is τ among
# the layers of `letters` and `photos` alone. *p* asks what chance would give: it is the share of all ways to exchange
# the scores of whole sources that rank at least as well. (Whole sources, because the layers of one are alike.) A small
# *p* is easier to get where two of five sources are bad on purpose.
#
# Read the third column first. LogME and the probe's own error, left out, bring most over always taking `letters`, and
# three neighbours nearly as much. No formula of a paper does clearly better than what you compute anyway. LEEP sees
# only a network's answers and here loses points. The number of parameters knows nothing of your target and loses more.
# The source's accuracy takes `letters` every time. Its τ is high all the same, and that should warn you: it knows from
# the cards which network was scrambled. Look at *τ, natural* before you call any of them a guide.

# %%
from tlcourse.evaluation import Estimate

taus = {}
for key in ("LogME", "error, left out", "source's accuracy"):
    over_draws = mean_interval(judged[key].tau)
    taus[key] = Estimate(over_draws.mean, over_draws.low, over_draws.high)
lesson.finding("tau", "τ, mean over targets, with its interval over draws of labels", taus)
ahead = paired_interval(judged["LogME"].reached, judged["error, left out"].reached)
lesson.finding("logme-over-error", "Accuracy of what LogME takes, less what the error takes", ahead)

# %% [markdown]
# ## Where it breaks
#
# ### A wrong learning rate
#
# Now carry over parameters: `photos`, with a new last layer, all of it trained at once on fifty handwritten digits,
# against the same network from random weights, trained in the same way; a few draws of labels. A pretrained network
# often gets a small rate, so that it does not forget, and one from scratch a larger one. Three rates for both.
# (`rewind` puts a compiled model back to given weights, its optimiser too; `passes` puts the few pictures in a row,
# shuffled, as often as sixty steps need.)
#
# **Before you run it.** Photographs of animals for handwritten digits: will it be negative?

# %%
from tlcourse.backbones import load_network
from tlcourse.training import passes, rewind


def classifier(classes):
    """The network of `photos` with a new last layer."""
    network, _ = load_network("photos")
    base = keras.Model(network.input, network.get_layer("stage3").output)
    model = keras.Sequential([base, layers.GlobalAveragePooling2D(), layers.Dense(classes)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(), loss, metrics=["accuracy"])
    return model


def trained(model, weights, rate, name, draw):
    """Accuracy on a target after sixty steps from these weights, on five labels of each class."""
    (part, asked), rows = targets[name], few_of[name, 5][draw]
    rewind(model, weights)
    model.optimizer.learning_rate = rate
    order = passes(rows, steps=60, batch=25, seed=SEED + draw)
    images = ready[name](part.images[order])
    model.fit(images, part.labels[order], batch_size=25, shuffle=False, verbose=0)
    return model.evaluate(ready[name](asked.images), asked.labels, verbose=0)[1]


# %%
RATES, REPEATS = (1e-4, 3e-3, 1e-2), lesson.pick(quick=3, full=5)
small = load_backbone("photos", side=16).preprocess  # digits of 8×8 need no more
ready = {name: sources["photos"].preprocess for name in targets} | {"digits": small}
keras.utils.set_random_seed(SEED)
by_rate = {}  # by target and start, then by rate: accuracies (draws,)
for name in lesson.pick(quick=("digits",), full=tuple(targets)):
    model = classifier(int(targets[name][0].labels.max()) + 1)
    starts = {"photos": [model.get_weights()] * REPEATS}
    starts["random weights"] = [
        keras.models.clone_model(model).get_weights() for _ in range(REPEATS)
    ]
    for start, each in starts.items():
        by_rate[name, start] = {
            f"{rate:g}": [trained(model, w, rate, name, n) for n, w in enumerate(each)]
            for rate in RATES
        }
accuracy_table({", ".join(way): row for way, row in by_rate.items()})

# %% [markdown]
# A column is a learning rate. Whoever takes the small rate for `photos` and a larger one for random weights sees a
# source that harms, or is hardly worth anything. The source is not to blame: at another rate it is ahead. So give both
# sides the same choice of rates:

# %%
best_of = {way: max(row.values(), key=np.mean) for way, row in by_rate.items()}
at_rates = {}
for name, _ in list(by_rate)[::2]:
    rival = best_of[name, "random weights"]
    at_rates[f"{name}, smallest rate"] = paired_interval(by_rate[name, "photos"]["0.0001"], rival)
    at_rates[f"{name}, best rate"] = paired_interval(best_of[name, "photos"], rival)
lesson.finding(
    "each-at-its-rate", "Gain of photos over random weights at the best of their rates", at_rates
)

# %% [markdown]
# (The best rate is taken here by the accuracy on test pictures, on both sides alike. With your own data, take it on
# labelled pictures that you hold out.)
#
# ## On your own data
#
# Two folders with the same kinds of pictures. *Yours* has five labelled pictures of each kind; *theirs* has many, from
# another camera. Pool them or not? And which network, which layer? The next cell writes both: patches of surfaces,
# yours by a camera that nobody held straight (turned by up to thirty degrees). For your own, leave that cell out and
# name your folders.

# %%
from tlcourse.datasets import shifted

FOLDERS = {"yours": Path(tempfile.mkdtemp()), "theirs": Path(tempfile.mkdtemp())}
part, asked = targets["textures"]
turned = shifted(part.images, "rotation", 3, seed=SEED)
mine = few_of["textures", 5][0]
rest = np.setdiff1d(np.arange(len(part.labels)), mine)
for whose, images, rows in (("yours", turned, mine), ("theirs", part.images, rest)):
    for row in rows:
        path = FOLDERS[whose] / f"kind-{part.labels[row]}" / f"{row}.png"
        path.parent.mkdir(exist_ok=True)
        keras.utils.save_img(path, 255 * images[row][..., None], scale=False)

# %% [markdown]
# From here on nothing else of the lesson is needed. Read both folders, and compute features at every layer of every
# network on your shelf.


# %%
def read(folder, kinds):
    """Pictures of a folder with a sub-folder for each kind, and their labels."""
    files = [file for kind in kinds for file in sorted((folder / kind).glob("*.png"))]
    cut = {"target_size": (32, 32), "keep_aspect_ratio": True}  # to the middle, as in lesson 01
    pictures = [np.array(keras.utils.load_img(file, **cut)) for file in files]
    return np.stack(pictures), np.array([kinds.index(file.parent.name) for file in files])


def on_shelf(images):
    """By network and layer, features of the images."""
    shelf = {name: load_backbone(name) for name in ("letters", "photos")}
    return {(n, layer): x for n, net in shelf.items() for layer, x in extract(net, images).items()}


kinds = sorted(path.name for path in FOLDERS["yours"].iterdir())  # one numbering for both
(yours, your_labels), (theirs, their_labels) = (read(folder, kinds) for folder in FOLDERS.values())
_ = plot_images(np.concatenate([yours[::4], theirs[::56]]), columns=5)

# %% [markdown]
# Now let your labels decide on everything at once: network, layer and weight, by the smallest error, left out.


# %%
def choose(weights, yours, your_labels, theirs, their_labels):
    """The network, the layer and the probe with the smallest error on yours, each left out."""
    probes = {}
    for at in yours:
        own = {"features": yours[at], "labels": your_labels}
        others = {"source_features": theirs[at], "source_labels": their_labels}
        probes[at] = fit_pooled_probe(**own, **others, weights=weights)
    return min(probes.items(), key=lambda item: item[1].error)


WAYS = {"yours alone": [0], "pooled in full": [1], "chosen weight": SOURCE_WEIGHTS}
labelled = on_shelf(yours), your_labels, on_shelf(theirs), their_labels
for way, weights in WAYS.items():
    (network, layer), probe = choose(weights, *labelled)
    print(f"{way:14} {network} {layer} weight {probe.source_weight:g} error {probe.error:.3f}")

# %% [markdown]
# The last line can't have a larger error, since it tried all that the others tried: look at its weight. At 0, leave the
# other folder out. (With few labels, leaving one out is a little kind to the other folder.) The probe that it found is
# yours to use: `probe.predict(on_shelf(new_pictures)[network, layer])`.
#
# Here we have more of your pictures, so we can see whether the answer was a good one: twelve times, each with another
# twenty of them labelled, and all chosen anew.

# %%
of_turned, of_straight = on_shelf(turned), on_shelf(part.images)
of_asked = on_shelf(shifted(asked.images, "rotation", 3, seed=SEED + 1))
hits = {way: [] for way in WAYS}
for rows in few_of["textures", 5]:
    rest = np.setdiff1d(np.arange(len(part.labels)), rows)
    mine = {at: x[rows] for at, x in of_turned.items()}
    others_of = {at: x[rest] for at, x in of_straight.items()}
    for way, weights in WAYS.items():
        at, probe = choose(weights, mine, part.labels[rows], others_of, part.labels[rest])
        hits[way].append(probe.predict(of_asked[at]) == asked.labels)
accuracy_table({way: {"your other pictures": found} for way, found in hits.items()})

# %%
on_yours = paired_interval(hits["chosen weight"], hits["yours alone"])
lesson.finding("pooling-on-yours", "Gain from their folder with the chosen weight", on_yours)

# %% [markdown]
# Here the other folder was worth having: a turned patch of grass is still grass. (The chosen weight need not beat
# pooling on new pictures; compare the last two rows.) The same rule that holds the printed digits back lets these in.
# With folders of your own, hold some labelled pictures back and compare as here.
#
# ## Going deeper
#
# The rest of the lesson does not need this part.
#
# ### Harm by alignment
#
# Lesson 03 carried over something else: a network trained on print, adapted to handwriting without a label by matching
# features (MMD). If the target has only half of the classes, matching is negative transfer: the printed digits of the
# other half have nothing to be matched with, and are matched all the same. Cao et al. (2018) let the network itself say
# which classes are there: weigh each class of the source by the mean of its probabilities on the target. (Their
# **PADA** does so with an adversary; we take MMD.)
#
# The network and its training are those of lesson 03, in short; λ = 0 is the same further training without matching. We
# draw printed digits in proportion to the weight of their class: then every method counts them so.

# %%
from tlcourse.adaptation import Align, class_weights, draw_by_class, mmd, pair_domains
from tlcourse.networks import set_statistics


def convolution(filters):
    normalise = layers.BatchNormalization(momentum=0.9)
    return [layers.Conv2D(filters, 3, padding="same", use_bias=False), normalise, layers.ReLU()]


early = [*convolution(32), *convolution(32), layers.MaxPooling2D()]
encoder = keras.Sequential([*early, *convolution(64), layers.GlobalAveragePooling2D()])
reader = keras.Sequential([keras.Input((8, 8, 1)), encoder, layers.Dense(10)])
loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)
reader.compile(keras.optimizers.Adam(0.002), loss)
wanted = keras.utils.to_categorical(printed_labels)
reader.fit(printed[..., None], wanted, batch_size=64, epochs=10, verbose=0)
start = reader.get_weights()


# %%
def matching(strength):
    """A model of both domains, as in lesson 03."""
    domains = {name: keras.Input((8, 8, 1), name=name) for name in ("source", "target")}
    matched = Align(mmd, strength)(*map(encoder, domains.values()))
    both = keras.Model(domains, {"label": reader.layers[-1](matched)})
    both.compile(keras.optimizers.Adam(0.0005), {"label": loss})
    return both


def adapt(both, target, rows):
    """From the start, train on these printed digits with labels and on the target without."""
    reader.set_weights(start)
    rewind(both, both.get_weights())  # its optimiser starts anew
    here = printed[rows, ..., None], printed_labels[rows]
    inputs, answers = pair_domains(*here, target, seed=SEED)
    answers = {"label": keras.utils.to_categorical(answers["label"], 10)}
    both.fit(inputs, answers, batch_size=64, epochs=4, verbose=0)
    set_statistics(reader, target)


def accuracy_on(digits):
    """Accuracy of `reader` on the test pictures of these digits."""
    there = np.isin(test.labels, digits)
    says = reader.predict(test.images[there, ..., None], batch_size=1024, verbose=0)
    return np.mean(says.argmax(axis=1) == test.labels[there])


# %%
HALVES, rng = lesson.pick(quick=3, full=10), np.random.default_rng(SEED)
keras.utils.set_random_seed(SEED)
models = {"λ = 0": matching(0.0), "matched": matching(1.0)}
everything, unlabelled = np.arange(len(printed)), pool.images[:900, ..., None]
partial = {}
for digits_there in [range(10), *(rng.permutation(10)[:5] for _ in range(HALVES))]:
    which = "all digits" if len(digits_there) == 10 else "half of the digits"
    shown = unlabelled[np.isin(pool.labels[:900], digits_there)]
    reader.set_weights(start)
    accuracies = {"untouched": accuracy_on(digits_there)}
    set_statistics(reader, shown)
    weights = class_weights(reader.predict(shown, batch_size=1024, verbose=0))
    weighed = draw_by_class(printed_labels, weights, len(printed), seed=SEED)
    for how, rows in (("", everything), (", classes weighed", weighed)):
        for name, both in models.items():
            adapt(both, shown, rows)
            accuracies[name + how] = accuracy_on(digits_there)
    for way, accuracy_there in accuracies.items():
        partial.setdefault(way, {}).setdefault(which, []).append(accuracy_there)
accuracy_table(partial)

# %%
half = {way: row["half of the digits"] for way, row in partial.items()}
lesson.finding(
    "half-of-the-digits",
    "Gain by matching with half of the digits, classes as they are and weighed",
    {
        "as they are": paired_interval(half["matched"], half["λ = 0"]),
        "weighed": paired_interval(
            half["matched, classes weighed"], half["λ = 0, classes weighed"]
        ),
    },
)

# %% [markdown]
# The first column: with all digits there, matching is ahead of λ = 0 (one run). The second: with half of them, the same
# matching falls behind. With classes weighed, look at two rows: *matched* against its own λ = 0, which draws the same
# digits. And ask of every row whether it is ahead of *untouched*, what you had before you adapted at all. (The weights
# are taken once, before training; PADA takes them anew as it goes. Three halves are few; the full version takes ten.)
#
# ## What it shows and what it does not
#
# **It shows** that labelled examples which are nearly of your kind can do harm, to three classifiers, and still with
# fifty labels of each class; that your own labels can remove most of the harm, without a test set, though they still
# let in a little too much; that a pretrained network can be worse than an untrained one, in its last layer more than in
# its first; and that a few labels choose among networks better than habit does. **It does not show** that negative
# transfer is common: `letters` and `photos` were made with care, and did no harm that we could show. Nor that one score
# is best: the ranking of scores is as unstable as what they rank (Agostinelli et al. 2022), and five small networks on
# four targets are few. A seed varies the printed digits, the simulated radiographs, the draws of labels and the
# untrained networks; the pretrained networks and the other pictures never change.
#
# ## Your turn
#
# Replace `...` by your answer, run the cell, then the folded check below it.
#
# ### Exercise 6.1 · The same source, another algorithm
#
# The same printed digits in full, and an SVM on raw pixels instead of features, without a scaler. With *one* label of
# each digit, is the transfer negative? And with five? Predict. Then compute `gain_on_pixels` for one label: the
# accuracy with the printed digits less the accuracy without, for each of the twelve draws in `draws[1]`. Use
# `SVC(C=10)` on `printed`, `pool.images` and `test.images`, each picture as 64 numbers.
#
# <details><summary>Hint</summary>
#
# `images.reshape(len(images), -1)` gives a row for each picture. `gain_in` above shows the rest.
# </details>
#
# <details><summary>What we got</summary>
#
# With one label, a gain of three to eight points, with five seeds; in single draws a loss. With five labels, a loss of
# two to four points: on pixels, too, print is a good teacher only for those who know next to nothing.
# </details>

# %%
### BEGIN SOLUTION
flat_printed, flat_pool, flat_test = (
    images.reshape(len(images), -1) for images in (printed, pool.images, test.images)
)
gain_on_pixels = []
for rows in draws[1]:
    both = np.concatenate([flat_pool[rows], flat_printed])
    both_labels = np.concatenate([pool.labels[rows], printed_labels])
    pooled = SVC(C=10).fit(both, both_labels).score(flat_test, test.labels)
    alone = SVC(C=10).fit(flat_pool[rows], pool.labels[rows]).score(flat_test, test.labels)
    gain_on_pixels.append(pooled - alone)
gain_on_pixels = np.array(gain_on_pixels)
### END SOLUTION

# %% tags=["wrong-answer"]
gain_on_pixels = np.array([gain_in(rows) for rows in draws[1]])

# %% tags=["wrong-answer"]
gain_on_pixels = 20.0

# %%
reasons = {
    "It should have twelve numbers, one for each draw.": lambda gains: np.shape(gains) == (DRAWS,),
    "Give shares from −1 to 1, not per cent.": lambda gains: np.max(np.abs(gains)) <= 1,
    "These are the gains in features.": (
        lambda gains: not np.allclose(gains, [gain_in(rows) for rows in draws[1]])
    ),
    "Their mean should be above 0. With less without? Other rows?": lambda gains: (
        np.mean(gains) > 0
    ),
}
lesson.check("6.1", gain_on_pixels, reasons)

# %% [markdown]
# ### Exercise 6.2 · The price of a score
#
# Write `regret(scores, accuracies)`: what is lost by taking the candidate with the highest score, instead of the one
# that turned out best. Both are arrays, one number for each candidate; of level scores, take the first. Then use it on
# `score["digits"][key]` and `accuracy["digits"].mean(axis=0)`, draw by draw: on digits, which of the scores loses
# least?
#
# <details><summary>Hint</summary>
#
# `np.argmax(scores)` says which one is taken.
# </details>


# %%
### BEGIN SOLUTION
def regret(scores, accuracies):
    return np.max(accuracies) - accuracies[np.argmax(scores)]


### END SOLUTION


# %% tags=["wrong-answer"]
def regret(scores, accuracies):
    return np.max(accuracies) - np.max(scores)


# %% tags=["wrong-answer"]
def regret(scores, accuracies):
    return accuracies[np.argmax(accuracies)] - np.mean(accuracies)


# %%
three = np.array([0.5, 0.9, 0.7])
reasons = {
    "The best candidate has the highest score: nothing is lost.": (
        lambda f: np.isclose(f(np.array([1.0, 3.0, 2.0]), three), 0)
    ),
    "Scores need not be on the scale of accuracies. Look up what the chosen one reaches.": (
        lambda f: np.isclose(f(np.array([30.0, 10.0, 20.0]), three), 0.4)
    ),
}
lesson.check("6.2", regret, reasons)

# %% [markdown]
# ### Exercise 6.3 · What is on the shelf?
#
# In "Harm by alignment", `class_weights` did the work. Write it: `weigh(logits)` gets a network's scores for the
# target's pictures, a row each, and returns a weight for each class: the mean of its probabilities over all pictures,
# divided by the largest of these means.
#
# <details><summary>Hint</summary>
#
# `keras.ops.softmax(logits)` gives probabilities, row by row. Which axis are the pictures?
# </details>


# %%
### BEGIN SOLUTION
def weigh(logits):
    probabilities = keras.ops.convert_to_numpy(keras.ops.softmax(logits))
    means = probabilities.mean(axis=0)
    return means / means.max()


### END SOLUTION


# %% tags=["wrong-answer"]
def weigh(logits):
    counts = np.bincount(np.argmax(logits, axis=1), minlength=np.shape(logits)[1])
    return counts / counts.max()


# %% tags=["wrong-answer"]
def weigh(logits):
    probabilities = keras.ops.convert_to_numpy(keras.ops.softmax(logits))
    return probabilities.mean(axis=0)


# %%
some_logits = np.log(np.array([[0.6, 0.3, 0.1], [0.2, 0.7, 0.1]], "float32"))
reasons = {
    "Give one weight for each class.": lambda f: np.shape(f(some_logits)) == (3,),
    "The largest weight should be 1.": lambda f: np.isclose(np.max(f(some_logits)), 1, atol=1e-5),
    "Take the mean of probabilities, not a count of answers.": (
        lambda f: np.allclose(f(some_logits), [0.8, 1.0, 0.2], atol=1e-4)
    ),
}
lesson.check("6.3", weigh, reasons)

# %% [markdown]
# ### Check yourself
#
# <details><summary>1. A network from a source reaches 70 %, a good SVM on pixels 75 %. Is the transfer negative?</summary>
#
# That does not say it. The rival is the *same algorithm without the source*: the same probe on the same network
# untrained. (You should take the SVM all the same.)
# </details>
#
# <details><summary>2. Why is nothing chosen with one label of a class?</summary>
#
# Left out, it leaves none. Then a fit without the source can't know that class, and any source seems to help.
# </details>
#
# <details><summary>3. Why may the weight be chosen by your fifty labels, and not by the accuracy on the test part?</summary>
#
# What is left out is judged by a fit that has not seen it, and no test picture is used. A weight that is chosen on the
# test part is judged on the pictures that chose it.
# </details>
#
# <details><summary>4. Among thirty-six cells, one is below its rival with p = 0.03. What do you conclude?</summary>
#
# Nothing. Among so many, one such is to be expected by chance. Holm's correction asks for 0.05 divided by 36 of the
# smallest.
# </details>
#
# <details><summary>5. A colleague fine-tunes at one rate, finds the source harmful and drops it. What do you ask?</summary>
#
# What comes out at a smaller rate, and at which rate the rival is at its best.
# </details>

# %% [markdown]
# ## Recap
#
# 1. **Negative transfer**: the same algorithm does better without the source. It belongs to source, target, algorithm
#    and number of labels together.
# 2. **Weigh, don't just pool**: let each label of yours be left out in turn, and take the weight with the smallest
#    error, zero allowed. It may cost a little where your own labels suffice.
# 3. **Wrong handling or wrong source**: give both sides the same choice of rates before you blame the source.
# 4. **Scores** by a few labels choose better than habit, and the probe's own error, left out, is one of them.
# 5. **Two folders**: features, three fits, the error on yours when left out; look at the weight that was chosen.

# %% [markdown]
# ## Further reading
#
# - Wang, Dai, Póczos & Carbonell (2019), *Characterizing and Avoiding Negative Transfer*, CVPR. The definition.
#   Rosenstein, Marx, Kaelbling & Dietterich (2005), *To Transfer or Not To Transfer*, NeurIPS workshop. An early
#   question. Pan & Yang (2010), *A Survey on Transfer Learning*, IEEE TKDE 22(10). Instances, features, parameters.
# - Ben-David et al. (2010), *A theory of learning from different domains*, Machine Learning 79. In theory,
#   too, two sets of labels are best weighed.
# - Maennel et al. (2020), *What Do Neural Networks Learn When Trained With Random Labels?*, NeurIPS.
# - You, Liu, Wang & Long (2021), *LogME: Practical Assessment of Pre-trained Models for Transfer Learning*, ICML. Bao
#   et al. (2019), *An Information-Theoretic Approach to Transferability in Task Transfer Learning*, ICIP. Ibrahim,
#   Ponomareva & Mazumder (2022), *Newer is Not Always Better*, ECML PKDD. Nguyen, Hassner, Seeger & Archambeau (2020),
#   *LEEP: A New Measure to Evaluate Transferability of Learned Representations*, ICML. The scores.
# - Agostinelli et al. (2022), *How Stable are Transferability Metrics Evaluations?*, ECCV. Vigna (2015), *A Weighted
#   Correlation Index for Rankings with Ties*, WWW.
# - Holm (1979), *A Simple Sequentially Rejective Multiple Test Procedure*, Scandinavian Journal of Statistics 6.
# - Cao, Ma, Long & Wang (2018), *Partial Adversarial Domain Adaptation*, ECCV. PADA.
