# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
#   tlcourse:
#     title: Which adaptation can be relied on?
#     question: What do ten networks say, and what do matching and pseudo-labels add?
#     needs:
#       quick: []
#       development: [mnist]
#       full: [mnist, flowers]
#     seconds: {quick: 240, full: 300}
# ---

# %% [markdown]
# # 03 Deeper · Which adaptation can be relied on?
#
# [Lesson 03](../03_domain_adaptation.ipynb) adapts one network. Another one, trained on the same print, may gain half
# as much. So here are ten, with the baselines that the lesson leaves out. It takes up *Is it worth it?* and *Where it
# breaks*: ten networks on the archive, five on the shelf, three nights; **pseudo-labels and consistency**, the modern
# family; **matching** features by covariances, kernels and a stronger adversary; the theorem behind it, distances,
# choosing without labels, and one network with two sets of averages.

# %% tags=["parameters"]
LESSON = "03-deeper"
PROFILE = "quick"
SEED = 0

# %%
from tlcourse.lesson import Lesson
from tlcourse.plotting import style

lesson = Lesson(LESSON, PROFILE, SEED)
style()

# %%
import tempfile
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers, ops
from keras.optimizers import Adam
from keras.optimizers.schedules import CosineDecay
from PIL import Image, ImageOps
from tlcourse.datasets import load_dataset, load_glyphs, write_pictures
from tlcourse.evaluation import Table, accuracy_table, paired_interval
from tlcourse.training import restart, rewind

keras.utils.set_random_seed(SEED)

# %% [markdown]
# ## Data, network and functions of the lesson

# %%
on_pages = dict(alphabet="0123456789", side=64, resolutions=(64, 64), cut=False, seed=SEED)
pages = load_glyphs(4900, **on_pages)
handwriting = load_dataset(lesson.pick(quick="digits", full="mnist-8x8"), evaluate_on=lesson.part)
unlabelled, their_labels = handwriting.pool.images[:900, ..., None], handwriting.pool.labels[:900]
test_images, test_labels = handwriting.test.images[..., None], handwriting.test.labels


def cut(page):
    image = Image.fromarray(page)
    return np.array(ImageOps.pad(image.crop(image.getbbox()), (32, 32))) > 96


ink = np.stack([cut(page) for page in pages.images]).reshape(-1, 8, 4, 8, 4, 1)
aligned = ink.mean(axis=(2, 4), dtype="float32")
printed, labels, fresh, fresh_labels = (
    *(aligned[:4000], pages.labels[:4000]),
    *(aligned[4000:], pages.labels[4000:]),
)
wanted = keras.utils.to_categorical(labels)


# %%
def convolution(filters):
    return [
        layers.Conv2D(filters, 3, padding="same", use_bias=False),
        layers.BatchNormalization(momentum=0.9),
        layers.Activation("relu"),
    ]


early = [*convolution(32), *convolution(32), layers.MaxPooling2D()]
late = [*convolution(64), *convolution(64), layers.GlobalAveragePooling2D()]
encoder = keras.Sequential([keras.Input((8, 8, 1)), *early, *late], name="encoder")
head = layers.Dense(10, name="head")
smoothed = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)


def around(loss, steps, rate=0.001):
    """The network as a model of its own, compiled."""
    model = keras.Sequential([keras.Input((8, 8, 1)), encoder, head])
    model.compile(Adam(CosineDecay(rate, steps)), loss)
    return model


model = around(smoothed, 6 * 63, rate=0.002)


def read(images):
    return model.predict(images, batch_size=1000, verbose=0).argmax(axis=1)


def use_statistics(images, network=encoder):
    norms = [each for each in network.layers if isinstance(each, layers.BatchNormalization)]
    for norm in norms:
        norm.momentum = 0.0
    network(images, training=True)
    for norm in norms:
        norm.momentum = 0.9


def certain(ignored, logits):
    return -ops.mean(ops.sum(ops.softmax(logits) * ops.log_softmax(logits), axis=1))


def certain_all_classes(ignored, logits):
    p = ops.mean(ops.softmax(logits), axis=0)
    return certain(ignored, logits) + ops.sum(p * ops.log(p + 1e-9))


# %% [markdown]
# ## Ten networks
#
# Each has its own random start and order of training; the printed digits are the same. From here on the head is frozen,
# and what is trained on the archive has about as many steps, 248 to 280, whether it adapts or not.

# %%
NETWORKS, FEW = 10, 5
starts = []
for network in range(NETWORKS):
    restart(model, 100 * SEED + network)
    model.fit(printed, wanted, batch_size=64, epochs=6, verbose=0)
    starts.append(model.get_weights())
head.trainable = False

# %% [markdown]
# ### Pseudo-labels and consistency
#
# Most methods of today go another way: **the network labels the target itself**. Where it is sure enough of a picture,
# its answer becomes the label, and it must give the same answer when the picture is disturbed. That is **FixMatch**
# (Sohn et al. 2020); **AdaMatch** (Berthelot et al. 2021) makes it a method for two domains, with three changes. *Sure
# enough* is measured against how sure it is on the source, and the answers on the target are first rescaled so that
# classes come up as often as on the source. Here is one layer with FixMatch and the first two changes. (Left out are
# the third, a random mix of logits with two sets of statistics, augmented pictures of the source, and the schedule. In
# the Keras example of AdaMatch, as of 2021, the second change does nothing: it takes the mean over the classes, too, so
# that the ratio is always one.)

# %%
THRESHOLD, DISTURBED = 0.8, 0.5


class Consistent(layers.Layer):
    """Adds the loss of pseudo-labels on disturbed pictures of the target, and passes the source's logits on."""

    def call(self, source, target, disturbed):
        on_source, p = (ops.stop_gradient(ops.softmax(logits)) for logits in (source, target))
        p = (
            p * ops.mean(on_source, axis=0) / (ops.mean(p, axis=0) + 1e-6)
        )  # classes as on the source
        p = p / ops.sum(p, axis=1, keepdims=True)
        enough = THRESHOLD * ops.mean(ops.max(on_source, axis=1))
        sure = ops.cast(ops.max(p, axis=1) >= enough, "float32")
        pseudo = ops.argmax(p, axis=1)
        loss = ops.sparse_categorical_crossentropy(pseudo, disturbed, from_logits=True)
        self.add_loss(ops.mean(sure * loss))
        return source

    def compute_output_shape(self, source_shape, *others):
        return source_shape


disturb = keras.Sequential(
    [
        layers.RandomTranslation(DISTURBED / 8, DISTURBED / 8, fill_mode="constant"),
        layers.RandomRotation(DISTURBED / 25, fill_mode="constant"),
        layers.RandomZoom(DISTURBED / 10, fill_mode="constant"),
        layers.GaussianNoise(DISTURBED / 10),
    ]
)

# %%
of_print, of_hand = keras.Input((8, 8, 1)), keras.Input((8, 8, 1))
logits = [head(encoder(images)) for images in (of_print, of_hand, disturb(of_hand))]
matching_itself = keras.Model([of_print, of_hand], Consistent()(*logits))
matching_itself.compile(Adam(CosineDecay(0.001, 4 * 63)), smoothed)
shelf, shelf_of = unlabelled[their_labels < 5], test_labels < 5


def on_target(trained, start, target, epochs):
    """From a start, train on the target alone; the loss ignores the labels that `fit` wants."""
    rewind(trained, start)
    whole = target[: len(target) // 64 * 64]
    trained.fit(whole, np.zeros(len(whole)), batch_size=64, epochs=epochs, verbose=0)


def on_both(trained, start, target, epochs=4):
    """From a start, train on print with labels and on the target."""
    rewind(trained, start)
    again = np.resize(target, printed.shape)  # the same ones again and again
    trained.fit([printed, again], wanted, batch_size=64, epochs=epochs, verbose=0)
    use_statistics(target)


# %%
further, all_classes, alone = (
    around(loss, 280) for loss in (smoothed, certain_all_classes, certain)
)
right = {}  # by method and place: for each network, which test digits it reads rightly
adapted = []


def note(name, place):
    seen = shelf_of if place == "shelf" else np.full(len(test_labels), True)
    says = read(test_images[seen]) == test_labels[seen]
    right.setdefault((name, place), []).append(says)


def adapt_all(start, place, target, epochs):
    """From one start, each way to adapt to what lies at a place."""
    model.set_weights(start)
    note("untouched", place)
    use_statistics(target)
    note("own statistics", place)
    on_both(matching_itself, start, target)
    note("pseudo-labels", place)
    on_target(alone, start, target, epochs)
    note("certain alone", place)
    on_target(all_classes, start, target, epochs)
    note("certain, all classes", place)


# %%
for start in starts:
    adapt_all(start, "archive", unlabelled, epochs=20)
    adapted.append(model.get_weights())
for start in starts[:FEW]:
    adapt_all(start, "shelf", shelf, epochs=40)  # half as many pictures
    rewind(further, start)
    further.fit(printed, wanted, batch_size=64, epochs=4, verbose=0)
    use_statistics(unlabelled)
    note("further print", "archive")

# %% [markdown]
# And the night of the lesson, on three nights: each with pictures of its own and another new head.

# %%
from tlcourse.backbones import load_network
from tlcourse.own_data import read_parts, read_pictures

MINE = lesson.pick(quick="surfaces-by-night", full="flowers-by-night")


def camera_at_night(seed):
    """As in the lesson: by method, which pictures of the night are named rightly."""
    folder = Path(tempfile.mkdtemp())
    about = dict(seed=seed, evaluate_on=lesson.part, unsorted=200)
    write_pictures(MINE, folder, each={"train": 40, "validation": 20, "test": 75}, **about)
    by_day, _, judged = read_parts(folder, side=32).values()
    dark = read_pictures(folder / "unsorted", side=32, labelled=False).images[:192]
    photos, _ = load_network("photos")
    base = keras.Model(photos.input, photos.get_layer("stage2").output)
    last = layers.Dense(len(by_day.kinds))
    parts = [layers.Rescaling(1 / 255), base, layers.GlobalAveragePooling2D(), last]
    camera = keras.Sequential([keras.Input((32, 32, 3)), *parts])

    def named():
        return camera.predict(judged.images, verbose=0).argmax(axis=1) == judged.labels

    use_statistics(by_day.images / 255, base)
    base.trainable = False
    camera.compile(Adam(0.01), smoothed)
    camera.fit(by_day.images, keras.utils.to_categorical(by_day.labels), epochs=20, verbose=0)
    base.trainable, last.trainable = True, False
    at_night, start = {"untouched": named()}, camera.get_weights()
    use_statistics(dark / 255, base)
    at_night["own statistics"] = named()
    for name, loss in {
        "certain alone": certain,
        "certain, all classes": certain_all_classes,
    }.items():
        camera.set_weights(start)
        camera.compile(Adam(CosineDecay(0.0003, 60)), loss)
        camera.fit(dark, np.zeros(len(dark)), batch_size=64, epochs=20, verbose=0)
        at_night[name] = named()
    return at_night


# %%
for night in range(3):
    for name, is_right in camera_at_night(100 * SEED + night).items():
        right.setdefault((name, "night"), []).append(is_right)

# %%
shares = {key: 100 * np.mean(each, axis=1) for key, each in right.items()}
names, places = list(dict.fromkeys(name for name, _ in shares)), ("archive", "shelf", "night")


def cell(values):
    return f"{values.mean():.1f} ({values.min():.1f} … {values.max():.1f})" if len(values) else "–"


Table(
    ["", *places],
    [
        [name, *(cell(shares.get((name, place), np.array([]))) for place in places)]
        for name in names
    ],
    "Accuracy in %: the mean of ten networks (on the shelf, and for further print, of five) or three nights; in brackets the lowest and the highest.",
)

# %%
_, panels = plt.subplots(1, 3, figsize=(9, 2.8), sharey=True, layout="tight")
for ax, place in zip(panels, places):
    for at, name in enumerate(names):
        values = shares.get((name, place), np.array([]))
        ax.plot(values, [at] * len(values), "o", alpha=0.5, color=f"C{at}")
    ax.set(title=place, xlabel="accuracy in %", yticks=range(len(names)), yticklabels=names)
panels[0].invert_yaxis()

# %%
accuracy = {key: np.mean(each, axis=1) for key, each in right.items()}


def compare(name, baseline, place):
    several = min(len(accuracy[name, place]), len(accuracy[baseline, place]))
    return paired_interval(accuracy[name, place][:several], accuracy[baseline, place][:several])


forced = compare("certain, all classes", "untouched", "shelf")
lesson.claim(
    "several-networks-forced",
    "Over five networks, with half of the classes missing, asking for all of them is worse than no adaptation.",
    holds=forced.high < 0,
    observed={"gain over untouched": forced},
    profiles=("quick",),  # on MNIST the interval holds zero
)
spared = compare("certain alone", "certain, all classes", "shelf")
lesson.claim(
    "several-networks-certainty-alone",
    "Over five networks, with half of the classes missing, certainty alone is ahead of asking for all classes.",
    holds=spared.low > 0,
    observed={"gain": spared},
)

# %%
lesson.finding(
    "several-networks-gain",
    "Certain, all classes, less further print, five networks",
    {"archive": compare("certain, all classes", "further print", "archive")},
)
lesson.finding(
    "variety",
    "Certain, all classes, less certain alone",
    {place: compare("certain, all classes", "certain alone", place) for place in places},
)
lesson.finding(
    "pseudo-labels",
    "Pseudo-labels less certain, all classes",
    {place: compare("pseudo-labels", "certain, all classes", place) for place in places[:2]},
)
lesson.finding(
    "own-statistics",
    "Own statistics less untouched",
    {place: compare("own statistics", "untouched", place) for place in places},
)

# %% [markdown]
# **The archive.** Own statistics change nothing that can be told from zero, and the mean of further print, over five
# networks, is that of untouched. Asking for all classes has 3.7 points more than certainty alone, with an interval from
# 0.2 to 7.1. Pseudo-labels have 0.6 points more, 88.1 %, with an interval from −4.1 to 5.3: ten networks can't tell the
# two apart. Nor is it the family alone: they also train on labelled print, and take handwriting's averages in one pass
# at the end; *certain* collects them in `fit`. Within 250 steps, with one threshold and one strength of disturbance,
# chosen in one network on MNIST: both families deserve more tuning than we gave them.
#
# **This page shows the largest gain of five runs.** With other print, seeds 1 to 4, five networks each gained 9.4, 7.0,
# 10.9 and 3.5 points over further print, and the last interval, from −1.3 to 8.3, holds zero. So this is a finding and
# no claim.
# <!-- not measured here: seeds 1 to 4 of this page -->
#
# **On MNIST at 8×8**, the full profile, *certain, all classes* has 84.2 % and pseudo-labels 83.5 %, −0.7 points [−2.6,
# 1.2]; over further print the gain is 9.1 points [7.0, 11.2]. On the shelf, asking for all classes costs 10.0 points
# there, with an interval from −23.1 to 3.2: that harm is claimed of the small digits alone.
# <!-- not measured here: the full profile -->
#
# An earlier run, with the same starts and other random disturbances, had 91.3 % for pseudo-labels, 4.0 points more than
# *certain, all classes*, [−0.8, 8.7]. So chance in the disturbances alone moves the mean of ten networks by three
# points. <!-- not measured here: an earlier run of this page -->
#
# **The shelf.** Asking for all classes does harm against *untouched*, and pseudo-labels, which rescale the answers to
# the classes of print and take own statistics, have a lower mean, too. Own statistics alone cost 4.5 points: the
# averages of half of the classes are other averages. *Certain alone* gains on average, 92.9 % after 81.4.
#
# **The night.** Untouched guesses (25.0 of four kinds). Own statistics bring 46.1 points, certainty some seven more,
# with or without all classes.
#
# ### What would labels have been worth?
#
# The same networks, fine-tuned on one, three and ten labels of each digit: thirty steps of ten pictures, other labels
# for each network; from its start, and from what *certain, all classes* made of it.

# %%
from tlcourse.evaluation import draw_labels

head.trainable = True
sparse = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
tuned, with_labels = around(sparse, 30), {}
for number in (1, 3, 10):
    drawn = draw_labels(their_labels, number, draws=NETWORKS, seed=SEED)
    for name, kept in (("labels alone", starts), ("adapted, then labels", adapted)):
        for rows, weights in zip(drawn, kept):
            rewind(tuned, weights)
            options = dict(batch_size=10, epochs=30 // number, verbose=0)
            tuned.fit(unlabelled[rows], their_labels[rows], **options)
            column = with_labels.setdefault(name, {}).setdefault(f"{number} of each", [])
            column.append(np.mean(read(test_images) == test_labels))
head.trainable = False
accuracy_table(with_labels)

# %%
without = accuracy["certain, all classes", "archive"]
lesson.finding(
    "labels",
    "Labels alone, less certain, all classes without a label",
    {n: paired_interval(values, without) for n, values in with_labels["labels alone"].items()},
)
lesson.finding(
    "labels-after-adaptation",
    "Adapted, then labels, less labels alone",
    {
        n: paired_interval(values, with_labels["labels alone"][n])
        for n, values in with_labels["adapted, then labels"].items()
    },
)

# %% [markdown]
# Adaptation without a label can't be told from one label of each digit, nor from three: both intervals hold zero. Ten
# of each are worth 5.8 points more. After adaptation the same labels give more than without it, for each number: so
# have both. (That is not labels against labels: the adapted network has 280 more steps, on pictures that *labels alone*
# never saw.)
#
# ## Matching features
#
# Why can unlabelled data help at all? A theorem of Ben-David et al. (2010) bounds the error on the target by three
# terms:
#
# $$\epsilon_T(h) \;\le\; \epsilon_S(h) \;+\; \tfrac12\, d(S, T) \;+\; \epsilon^*.$$
#
# Here $h$ is the network, $S$ the source, $T$ the target. First the error on the source, which we can make small. Then
# the **distance** $d$ of the two domains: how differently pairs of classifiers of our kind can disagree on them.
# Without labels it can be estimated, roughly, by how well the domains are told apart, and made smaller. And
# $\epsilon^*$, the errors on both domains, added up, of the best classifier that serves both. This one nobody sees
# without labels.
#
# A family of methods makes $d$ small. It goes on training on print, with labels, and adds a term that pulls the
# features of both domains together. **Deep CORAL** (Sun & Saenko 2016) compares covariances: $C_S$ and $C_T$ of the two
# batches, $d$ the number of features, $\lVert\cdot\rVert_F^2$ the sum of squared entries:
#
# $$\mathcal{L}_{\text{CORAL}} = \tfrac{1}{4d^2} \lVert C_S - C_T \rVert_F^2.$$


# %%
BATCH = 64


def coral(source, target):
    def covariance(features):
        centred = features - ops.mean(features, axis=0)
        return ops.matmul(ops.transpose(centred), centred) / (BATCH - 1)

    return ops.sum((covariance(source) - covariance(target)) ** 2) / (4 * source.shape[-1] ** 2)


class Match(layers.Layer):
    """Adds a distance of the two domains to the loss that `fit` minimises, and passes the source on."""

    def __init__(self, distance, strength):
        super().__init__()
        self.distance, self.strength = distance, strength

    def call(self, source, target):
        self.add_loss(self.strength * self.distance(source, target))
        return source

    def compute_output_shape(self, source_shape, target_shape):  # Keras asks before it has data
        return source_shape


# %% [markdown]
# **Maximum mean discrepancy** (MMD; Gretton et al. 2012) compares more than covariances. A kernel $k(x, y)$ says how
# near two examples are: 1 at the same place, 0 far away. If the domains lie alike, an example has as many near ones in
# the other domain as in its own. With $s_i$ and $t_j$ the $n$ examples of each domain in a batch:
#
# $$\mathcal{L}_{\text{MMD}} = \tfrac{1}{n^2}\sum_{i,j} k(s_i, s_j) \;+\; \tfrac{1}{n^2}\sum_{i,j} k(t_i, t_j) \;-\;
# \tfrac{2}{n^2}\sum_{i,j} k(s_i, t_j).$$
#
# In the code, every pair gets a sign: + within a domain, − between them. What is near depends on the features, so the
# kernel's width is the median of the squared distances in the batch. The sum of five such kernels, of five widths
# around it, is taken.


# %%
def mmd(source, target):
    both = ops.concatenate([source, target])
    squared = ops.sum((both[:, None] - both[None]) ** 2, axis=-1)  # distances of all pairs
    between = ops.sort(ops.reshape(squared, -1))[2 * BATCH :]  # without those to oneself, 0
    width = ops.stop_gradient(between[BATCH * (2 * BATCH - 1)])  # the median: half-way along
    kernel = sum(ops.exp(-squared / (scale * width)) for scale in (0.25, 0.5, 1, 2, 4))
    sign = np.repeat([1.0, -1.0], BATCH).astype("float32") / BATCH
    return ops.sum(kernel * sign[:, None] * sign)


# %% [markdown]
# The **adversary** (DANN, Ganin et al. 2016) has no formula for the distance. A small classifier learns to tell the
# domains apart, and the encoder learns to prevent it: on the way back, the gradient is multiplied by $-\lambda$.
# Written as $-\lambda x + \mathrm{stop}((1 + \lambda)\,x)$, where no gradient passes $\mathrm{stop}$, the value is $x$
# and the gradient $-\lambda$. And $\lambda$ grows from zero along $2 / (1 + e^{-10 p}) - 1$, with $p$ from 0 to 1 over
# the training, so that the classifier has time to learn. ($\lambda$ turns down only what reaches the encoder. The
# classifier itself always learns at the full rate.) The layer counts its own steps.


# %%
STEPS = 4 * (len(printed) // BATCH)


class Adversary(layers.Layer):
    """A classifier of domains behind a gradient that is turned round."""

    def __init__(self, strength, steps):
        super().__init__()
        self.strength, self.steps = strength, steps
        hidden = layers.Dense(64, activation="relu")
        self.classifier = keras.Sequential([keras.Input((64,)), hidden, layers.Dense(1)])
        self.step = self.add_weight(initializer="zeros", trainable=False)

    def call(self, source, target, training=None):
        if training:
            self.step.assign_add(1.0)
        strength = self.strength * (2 / (1 + ops.exp(-10 * self.step / self.steps)) - 1)
        both = ops.concatenate([source, target])
        turned = -strength * both + ops.stop_gradient((1 + strength) * both)
        domain = ops.concatenate([ops.zeros_like(source[:, :1]), ops.ones_like(target[:, :1])])
        wrong = ops.binary_crossentropy(domain, self.classifier(turned), from_logits=True)
        self.add_loss(ops.mean(wrong))
        return source


# %% [markdown]
# The package has all of these, with more options and errors that help. Are the numbers the same? (`biased=True` lets
# each example count as near to itself, as in the formula. Without it the package leaves these pairs out.)

# %%
import tlcourse.adaptation as package

model.set_weights(starts[0])
one, other = (encoder.predict(images[:BATCH], verbose=0) for images in (fresh, test_images))
sharp = 3 * np.eye(10, dtype="float32")
pairs = {
    "coral": (coral(one, other), package.coral(one, other)),
    "mmd": (mmd(one, other), package.mmd(one, other, biased=True)),
    "certain, all classes": (
        certain_all_classes(None, sharp),
        package.information_maximisation(None, sharp),
    ),
}
lesson.claim(
    "package-agrees",
    "The package's three losses give the same numbers as those written here.",
    holds=all(np.allclose(*map(float, pair), rtol=1e-4) for pair in pairs.values()),
    observed={name: float(ours) for name, (ours, _) in pairs.items()},
)

# %% [markdown]
# Each batch has to hold both domains, and whole. The encoder is called twice, so in training BatchNorm normalises each
# domain by its own batch; afterwards the target gets its own averages. With strength 0 nothing is matched, and
# everything else is the same: gains are counted from this run, over the first three networks.

# %%
methods = {
    "nothing (strength 0)": Match(coral, 0.0),
    "covariances (CORAL)": Match(coral, 30.0),
    "kernels (MMD)": Match(mmd, 1.0),
    "adversary (DANN)": Adversary(0.1, STEPS),
    "adversary, strength 3": Adversary(3.0, STEPS),
}
weights = {"untouched": starts[0]}
whole = len(printed) // BATCH * BATCH
matched = {}
for name, method in methods.items():
    both = keras.Model([of_print, of_hand], head(method(encoder(of_print), encoder(of_hand))))
    both.compile(Adam(CosineDecay(0.001, STEPS)), smoothed)
    both_start = both.get_weights()
    for start in starts[:3]:
        rewind(both, both_start)
        model.set_weights(start)
        again = np.resize(unlabelled, printed[:whole].shape)
        data = [printed[:whole], again], wanted[:whole]
        both.fit(*data, batch_size=BATCH, epochs=4, verbose=0)
        use_statistics(unlabelled)
        matched.setdefault(name, []).append(np.mean(read(test_images) == test_labels))
        weights.setdefault(name, model.get_weights())
accuracy_table({name: {"handwriting": values} for name, values in matched.items()})

# %%
nothing = matched["nothing (strength 0)"]
lesson.finding(
    "matching",
    "Gain over strength 0, three networks",
    {
        name: paired_interval(values, nothing)
        for name, values in matched.items()
        if values != nothing
    },
)

# %% [markdown]
# With three networks, the gains of covariances and of the adversary, 3.3 and 4.5 points, have intervals above zero;
# that of kernels, with the highest mean, 81.4 %, holds zero. Strength 3 has the lowest mean, 60.1 %, and its interval
# holds zero, too. One expects an encoder that only wants to deceive to move digits to any class while the domains can
# no longer be told apart. The figure below says otherwise for the first network: the domains are easier to tell apart
# than with strength 0. Why, we did not test. On print nothing shows it.
#
# ### Does the distance say which method is good?
#
# How far apart are two domains? Let a classifier try to tell them apart. The **proxy A-distance** is
# $2(1 - 2\,\text{error})$ of a linear one that is fitted on one half of the features and scored on the other (Ben-David
# et al. 2006): 0 if it can't, 2 if it always can. (The theorem means the best of many classifiers: this is a hint, not
# the bound.) All of the first network.

# %%
from tlcourse.adaptation import mean_entropy, proxy_a_distance

model.set_weights(starts[0])
use_statistics(unlabelled)
weights["own statistics"] = model.get_weights()
on_target(alone, starts[0], unlabelled, 20)
weights["certain alone"] = model.get_weights()
weights["certain, all classes"] = adapted[0]
on_both(matching_itself, starts[0], unlabelled)
weights["pseudo-labels"] = model.get_weights()


def features_of(name, images, averages_of=None):
    model.set_weights(weights[name])
    if averages_of is not None:
        use_statistics(averages_of)
    return encoder.predict(images, batch_size=1000, verbose=0)


hand, seen, reads, distance = {}, {}, {}, {}
for name in weights:
    hand[name] = features_of(name, test_images)
    reads[name] = np.mean(read(test_images) == test_labels)
    seen[name] = features_of(name, fresh, None if name == "untouched" else printed[:900])
    distance[name] = proxy_a_distance(seen[name], hand[name], seed=SEED)
_, ax = plt.subplots(figsize=(5, 3))
for (name, apart), marker in zip(distance.items(), "osD^vP*X<>"):
    ax.plot(apart.value, reads[name], marker, markersize=8, label=f"{name}: {apart}")
ax.set(xlabel="proxy A-distance of print and handwriting", ylabel="accuracy, handwriting")
_ = ax.legend(bbox_to_anchor=(1, 1))

# %%
near, far = distance["own statistics"], distance["untouched"]
lesson.claim(
    "own-statistics-bring-domains-closer",
    "Own statistics for the target bring the domains closer.",
    holds=near.high < far.low,
    observed={"distance with the source's": far.value, "with own": near.value},
)

# %% [markdown]
# Much of the distance was in BatchNorm's averages (print's are taken anew, too): own statistics take it from 1.33 to
# 0.62, and change the accuracy by a tenth of a point. Strength 3 has the second largest distance and the lowest
# accuracy; below it closer goes loosely with better, except for the two that ask for certainty and never look at it.
# Most intervals overlap. It says whether the domains *can be told apart*. It does not say whether a 4 lies with the 4s
# (Zhao et al. 2019).
#
# ### Choosing without labels
#
# In the tables you saw which method is best, thanks to labels that you would not have. Three scores that you could
# compute (lower is better each):
#
# - **source risk**: errors on fresh printed digits;
# - **entropy**: the mean doubt on handwriting;
# - **reverse validation**: the model names the handwriting; a new classifier, a logistic regression, learns these names
#   from the features, and is asked about print, where the truth is known (Zhong et al. 2010).
#
# What does it cost to choose by them? The **oracle gap** is the best accuracy less that of the chosen one (Musgrave et
# al. 2021). Where a score is level for several methods, it can't tell them apart, and the worst of them counts.

# %%
from tlcourse.adaptation import oracle_gap, reverse_validation, source_risk

kernel, bias = starts[0][-2:]  # the head, frozen ever since
scores = {"source risk": {}, "entropy": {}, "reverse validation": {}}
for name in weights:
    logits = hand[name] @ kernel + bias
    scores["source risk"][name] = source_risk(fresh_labels, seen[name] @ kernel + bias)
    scores["entropy"][name] = mean_entropy(logits)
    known = seen[name], fresh_labels, hand[name], logits.argmax(axis=1)
    scores["reverse validation"][name] = reverse_validation(*known)
Table(
    ["", "accuracy", *scores],
    [
        [name, f"{reads[name]:.3f}", *(f"{each[name]:.3f}" for each in scores.values())]
        for name in reads
    ],
    "One network; each score is lower where it takes a method for better.",
)

# %%
gaps = {}
for score, values in scores.items():
    chosen, gaps[score] = oracle_gap(values, reads)
    print(f"{score} chooses {chosen!r}, and loses {100 * gaps[score]:.1f} points")

# %%
lesson.finding("oracle-gap", "Accuracy lost by choosing without labels (1 would be all)", gaps)

# %% [markdown]
# *Source risk* knows nothing of the target, and ranks those last that trained without print. *Reverse validation* asks
# whether print and handwriting go together; the untouched network passes, and what forgets print does not. *Entropy*
# chooses what minimised entropy. What each choice cost is printed above; one network, one set of candidates. A model
# that says 7 to everything, with certainty, would have the best entropy of all. If you can, label a hundred pictures of
# the target.
#
# ## One network, two sets of averages
#
# Above, the same weights had print's averages or handwriting's, never both. What if your program gets both kinds, and
# knows which is which? Then each BatchNorm layer keeps two sets, and is told which domain a batch comes from.
# `DomainBatchNormalization` does it; scale and shift are shared.

# %%
from tlcourse.adaptation import DomainBatchNormalization


def with_averages_for_each(part):
    if not isinstance(part, layers.BatchNormalization):
        return part
    norm = DomainBatchNormalization(domains=2, momentum=0.0)
    norm.build((None, None, None, part.gamma.shape[0]))
    norm.gamma.assign(part.gamma)
    norm.beta.assign(part.beta)
    return norm


model.set_weights(starts[0])
parts = [with_averages_for_each(part) for part in encoder.layers]


# %%
def encode(images, domain, training=False):
    for part in parts:
        which = isinstance(part, DomainBatchNormalization)
        images = part(images, domain=domain, training=training) if which else part(images)
    return images


PRINT, HAND = 0, 1
encode(printed[:900], PRINT, training=True)
encode(unlabelled, HAND, training=True)
both_kinds = {"print": (fresh, fresh_labels), "handwriting": (test_images, test_labels)}
served = {}
for averages, domain in (("averages of print", PRINT), ("averages of handwriting", HAND)):
    served[averages] = {
        kind: np.mean(np.argmax(head(encode(images, domain)), axis=1) == truth)
        for kind, (images, truth) in both_kinds.items()
    }
accuracy_table(served)

# %% [markdown]
# Same weights in both rows. Print is so easy that it bears the wrong averages, too; handwriting has 0.2 points more
# with its own, for which no interval was taken.
#
# ## What it shows and what it does not
#
# *It shows*, over five to ten networks, that asking for certain answers and all classes gains on this print where the
# classes are there, not certainly on every other, and costs where they are not; that pseudo-labels are not shown to be
# behind or ahead on the archive; that matching, run in three networks, gains three to five points by covariances and by
# a weak adversary, and not certainly by kernels; and that, in one network, three scores without labels lost 7.6 to 19.7
# points against the best in hindsight.
#
# *It does not show* a ranking of methods elsewhere: strengths, thresholds and rates were chosen in one or a few
# networks on MNIST at 8×8, with its labels, and matching was run in three networks. Print, and the handwriting, are the
# same for all ten; an interval over networks speaks of other random starts on this print and these digits. The grain of
# the night is planted.
#
# ## Further reading
#
# - Sohn et al. (2020), *FixMatch: Simplifying Semi-Supervised Learning with Consistency and Confidence*, NeurIPS.
#   Berthelot, Roelofs, Sohn, Carlini & Kurakin (2021), *AdaMatch: A Unified Approach to Semi-Supervised Learning and
#   Domain Adaptation*.
# - Ben-David, Blitzer, Crammer, Kulesza, Pereira & Vaughan (2010), *A theory of learning from different domains*,
#   Machine Learning 79. The bound. Ben-David et al. (2006), *Analysis of Representations for Domain Adaptation*,
#   NeurIPS. The proxy A-distance.
# - Sun & Saenko (2016), *Deep CORAL: Correlation Alignment for Deep Domain Adaptation*, ECCV workshops.
# - Ganin et al. (2016), *Domain-Adversarial Training of Neural Networks*, JMLR 17(59).
# - Gretton, Borgwardt, Rasch, Schölkopf & Smola (2012), *A Kernel Two-Sample Test*, JMLR 13.
# - Krause, Perona & Gomes (2010), *Discriminative Clustering by Regularized Information Maximization*, NeurIPS. Liang,
#   Hu & Feng (2020), *Do We Really Need to Access the Source Data?*, ICML.
# - Zhao, Tachet des Combes, Zhang & Gordon (2019), *On Learning Invariant Representations for Domain Adaptation*, ICML.
#   Why a small distance is not enough.
# - Zhong et al. (2010), *Cross Validation Framework to Choose amongst Models and Datasets for Transfer Learning*, ECML.
#   Musgrave, Belongie & Lim (2021), *Unsupervised Domain Adaptation: A Reality Check*. Choosing without labels.
