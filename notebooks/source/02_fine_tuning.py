# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
#   tlcourse:
#     title: Fine-tuning
#     question: What should be relearned?
#     needs:
#       quick: []
#       development: []
#       full: [pneumoniamnist, cifar10, mobilenet-0.25]
#     seconds: {quick: 65, full: 150}
# ---

# %% [markdown]
# # 02 · Fine-tuning: what should be relearned?
#
# ## Question
#
# A network that names printed letters is asked about something it has never seen: patches of brick, grass, gravel and
# stained tissue. Its frozen features help, up to a point. Beyond that point the network itself has to change. **How
# much of it, how fast, and in which order**, and what is lost on the way?

# %% [markdown]
# ## Objectives, time, prerequisites
#
# After this lesson you can
#
# 1. say when the best frozen layer is enough, and measure when it isn't;
# 2. unfreeze a network deliberately, know what will move, BatchNorm's statistics included, and prove it afterwards;
# 3. find a learning rate, give each depth its own, and measure what a high one makes the network **forget**;
# 4. fit the head first and say why that order spares the features, also under shift;
# 5. answer an overfit that you have seen.
#
# About 90 minutes. Lesson 01 comes first: source, target, features, head, the course's probe, paired draws.
#
# New words. **Fine-tuning** goes on training borrowed weights on the target. **Forgetting** is what that costs on the
# source. **Distribution shift**: the test images differ from the training images in a way that training did not show,
# here noise, blur, rotation or contrast; accuracy without a shift is called *in distribution*.

# %% tags=["parameters"]
LESSON = "02"
PROFILE = "quick"
SEED = 0

# %%
from tlcourse.lesson import Lesson
from tlcourse.plotting import style

lesson = Lesson(LESSON, PROFILE, SEED)
style()

# %% [markdown]
# With `PROFILE = "full"` the same cells ask the same questions of chest radiographs (PneumoniaMNIST, two classes), with
# the `photos` network, whose source is CIFAR-10, and at the end with an ImageNet MobileNet. The text speaks of the
# quick profile.

# %% [markdown]
# ## Data
#
# The target: which of four photographs is this 32×32 patch from? The labelled **pool** is cut from the left half of
# each photograph, the **reporting part** from a quarter of the right half; they share no pixel. Each patch has the same
# mean and contrast, so brightness gives nothing away.

# %%
import numpy as np
from tlcourse.datasets import load_dataset

data = load_dataset(lesson.pick(quick="textures", full="pneumoniamnist"), evaluate_on=lesson.part)
pool, test = data.pool, data.test
classes = len(data.class_names)

# %% tags=["exact"]
print("pool", pool.images.shape, " test", test.images.shape, " classes", classes)

# %% [markdown]
# The source: the letters that the network was trained on. We need them to measure what it forgets, so we take some it
# has never seen, in a font family that was kept out of its training, and others to fit a new head on.
#
# No weight of a convolution depends on the size of the image. So the network, which was trained on 32×32, will see the
# target at 24×24, where a training step takes less time; letters it sees at the size it knows.

# %%
from tlcourse.backbones import load_backbone
from tlcourse.datasets import load_source_task

name, side = lesson.pick(quick=("letters", 24), full=("photos", 32))
backbone = load_backbone(name, side=side)
network = backbone.model
at_home = load_backbone(name).preprocess  # for source images, at the size it was trained on
source = load_source_task(backbone.name, evaluate_on=lesson.part)
rng = np.random.default_rng(SEED)
known_source, asked_source = (
    (part.images[rows], part.labels[rows])
    for part, count in ((source.pool, 400), (source.test, 300))
    for rows in [rng.permutation(len(part.labels))[:count]]
)

# %%
import matplotlib.pyplot as plt
from tlcourse.plotting import plot_images

shown = np.concatenate([np.flatnonzero(pool.labels == label)[:4] for label in range(classes)])
_, (left, right) = plt.subplots(1, 2, figsize=(4.8, 2.2))
plot_images(pool.images[shown], columns=4, ax=left).set_title("target", fontsize=10)
_ = plot_images(asked_source[0][:16], columns=4, ax=right).set_title("source", fontsize=10)

# %% [markdown]
# ## Before you run it
#
# Write down, before you go on:
#
# - Frozen, at 40 labels a class: is the layer closest to the output the best one for textures?
# - Trained on 160 patches at a high learning rate: how many letters will the network still name, of 100?
# - And if it gets a *new* head for letters after that: more, or as few?
# - Two networks are trained for the same number of steps, one with a random head, one with a head that already fits.
#   Which one's features move further?

# %% [markdown]
# ## Baseline
#
# The rival is the best frozen layer: the course's probe of lesson 01, which chooses layer and penalty by leave-one-out
# inside the labelled examples. Fine-tuning will see each patch in eight orientations, for a patch of gravel turned
# around is still gravel. So the probe gets all eight as well. It leaves out one view at a time, not one patch, whose
# other views stay in: a short cut, which may cost it the best choice. (Radiographs are not turned; in *full* they are
# moved by two pixels.)


# %%
from scipy.ndimage import shift

MOVES = [(0, 0), (2, 0), (-2, 0), (0, 2), (0, -2), (2, 2), (-2, -2), (2, -2)]


def view(images, number):
    """One of eight views of the same images: turned and mirrored, or in full moved by two pixels."""
    if PROFILE == "full":
        rest = (0,) * (images.ndim - 3)
        return shift(images, (0, *MOVES[number], *rest), order=0, mode="nearest")
    mirrored = images[:, :, ::-1] if number >= 4 else images
    return np.rot90(mirrored, number % 4, axes=(1, 2))


def augment(images, seed):
    """Each image in a view drawn at random."""
    numbers = np.random.default_rng(seed).integers(8, size=len(images))
    seen = np.empty_like(images)
    for number in range(8):
        seen[numbers == number] = view(images[numbers == number], number)
    return seen


# %%
from functools import partial

from tlcourse.evaluation import draw_labels, label_efficiency
from tlcourse.features import extract, fit_probe

FEW, MANY, DRAWS = 10, 40, lesson.pick(quick=4, full=6)
FROZEN_AT = (2, 5, FEW, 20, MANY)  # labels a class
draws = {k: draw_labels(pool.labels, k, draws=DRAWS, seed=SEED) for k in FROZEN_AT}
labelled = np.unique(np.concatenate([rows.ravel() for rows in draws.values()]))
all_views = np.concatenate([view(pool.images[labelled], number) for number in range(8)])
of_views, of_test = (extract(backbone, images) for images in (all_views, test.images))


# %%
def probe(rows, taps):
    at = [np.searchsorted(labelled, rows) + number * len(labelled) for number in range(8)]
    features = {tap: of_views[tap][np.concatenate(at)] for tap in taps}
    return fit_probe(features, np.tile(pool.labels[rows], 8)).predict(of_test)


def frozen_curve(name, taps):
    from_rows = partial(probe, taps=taps)
    options = {"budgets": FROZEN_AT, "draws": DRAWS, "seed": SEED}
    return label_efficiency(name, from_rows, pool.labels, test.labels, **options)


# %%
from tlcourse.plotting import plot_curves

by_layer = [frozen_curve(f"frozen {tap}", (tap,)) for tap in backbone.taps]
frozen = frozen_curve("frozen, layer chosen", backbone.taps)
_ = plot_curves([*by_layer, frozen], ax=plt.subplots(figsize=(5.4, 3))[1])

# %% [markdown]
# A late layer is mostly about the source, letters; an early one about edges and strokes, which textures are
# made of too. So:

# %%
from tlcourse.evaluation import paired_interval

lesson.finding(
    "early-less-late",
    "First layer read less the last, both frozen, at 40 labels a class",
    paired_interval(by_layer[0].at(MANY), by_layer[-1].at(MANY)),
)

# %% [markdown]
# Where that is above zero you have a first answer to the title: what is near the input can stay, what is near the
# output should be relearned. A frozen layer can't know more than it does, however many labels come.

# %% [markdown]
# ## Idea
#
# **Fine-tuning** starts where the source left off and follows the target's gradient. It can go further than any frozen
# layer, and it can go astray: a few hundred patches against everything the network knew. Four decisions: *what* may
# move, *how fast*, *from where* the head starts, and what BatchNorm does meanwhile.
#
# ### What may move
#
# `unfreeze` sets the `trainable` flag of every layer, and reports what the next `fit` will move. BatchNorm gets a
# decision of its own, because it holds two things: a scale and an offset, which are *parameters* and follow the
# gradient, and a moving mean and variance, which are *statistics* and follow the data, **without any gradient**.

# %%
from tlcourse.finetuning import unfreeze

TOP = "stage3_in_conv"
for since, batch_norm in (
    (None, "freeze"),
    (TOP, "freeze"),
    (TOP, "train"),
    ("stem_conv", "train"),
):
    print(
        f"{since}, BatchNorm {batch_norm}:", unfreeze(network, since=since, batch_norm=batch_norm)
    )

# %% [markdown]
# ### BatchNorm on fifty images
#
# `trainable` says whether a layer may change; `training` says in which mode it is called. In training mode BatchNorm
# normalises by the *batch* and lets its statistics drift towards it; a frozen one never does, in either mode. So show
# fifty patches to the network, in training mode, thirty times. No loss, no gradient, no optimiser.
#
# **Before you run it.** How many letters will it still name afterwards?

# %%
import keras
from keras import layers

keras.utils.set_random_seed(SEED)
features = keras.Sequential([network, layers.GlobalAveragePooling2D()])
features.compile()


def phi(images, prepare=None, batch=400):
    """Features (n, channels) of any images: the last layer, averaged over the image."""
    prepare = prepare or backbone.preprocess
    parts = [images[start : start + batch] for start in range(0, len(images), batch)]
    return np.concatenate([features.predict_on_batch(prepare(part)) for part in parts])


def with_original_head(seen):
    """Share of source images that the network still names correctly, from their features."""
    logits = keras.ops.convert_to_numpy(backbone.head(seen))
    return (logits.argmax(axis=1) == asked_source[1]).mean()


# %%
_ = unfreeze(network, since="stem_conv", batch_norm="train")
borrowed = network.get_weights()
norm = network.get_layer("stage1_in_norm")
evenly = np.linspace(0, len(draws[MANY][0]) - 1, 50).astype(int)
fifty = backbone.preprocess(pool.images[draws[MANY][0][evenly]])
shares, means = [with_original_head(phi(asked_source[0], at_home))], [norm.get_weights()[2]]
for step in range(1, 31):
    network(fifty, training=True)
    means.append(norm.get_weights()[2])
    if step in (3, 10, 30):
        shares.append(with_original_head(phi(asked_source[0], at_home)))
fresh = network.get_weights()
network.set_weights(borrowed)

# %%
way = np.linalg.norm(np.array(means) - means[0], axis=1)
whole = way[1] / (1 - norm.momentum)  # each batch goes the same share of what is left
_, ax = plt.subplots(figsize=(6.4, 3.0))
ax.plot(way / whole, label="one layer's moving mean: share of its way to the target's")
ax.plot([0, 3, 10, 30], shares, marker="o", linestyle="--", label="source images named correctly")
ax.set_xlabel("batches of fifty target images seen, no gradient")
ax.set_ylabel("share")
_ = ax.legend(fontsize=9)

# %%
changed = {
    weight.path.split("/")[-1]
    for weight, was, now in zip(network.weights, borrowed, fresh)
    if not np.array_equal(was, now)
}
lesson.claim(
    "statistics-move",
    "Called in training mode, an unfrozen BatchNorm moves its statistics, and nothing else moves.",
    holds=changed == {"moving_mean", "moving_variance"},
)
lesson.finding(
    "drift-costs", "Source accuracy lost in thirty batches", float(shares[0] - shares[-1])
)

# %% [markdown]
# Nothing was learned, and yet. What a later layer meets depends on the statistics of the one before, and those are now
# the textures', at their size. For the *target* that is welcome: where BatchNorm trains, its own statistics are where
# fine-tuning ends up anyway. So from here on every training starts there: `set_statistics` sets them on the labelled
# patches, in one pass, before anything is trained or fitted.
#
# ### How fast
#
# A **learning-rate range test** (Smith 2017) raises the rate from step to step and watches the loss. The borrowed part
# is whole, the head is new, everything may move. `compile` comes *after* the flags: what trains is settled by the first
# `fit` after it. `check_compiled` raises if a flag was changed since.

# %%
from tlcourse.finetuning import check_compiled, learning_rate_range_test
from tlcourse.networks import set_statistics
from tlcourse.training import forget_steps, passes, train

loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
BATCH = 32
LOW, HIGH = 3e-4, 1e-2


def with_head():
    return keras.Sequential([features, layers.Dense(classes)])


unfreeze(network, since=network.layers[1].name, batch_norm="train")
model = with_head()
model.compile(keras.optimizers.Adam(LOW), loss)
print(check_compiled(model))


# %% [markdown]
# Many short trainings are ahead, so the model is compiled once, and each training begins here: borrowed weights, the
# target's statistics, a new head, an optimiser that remembers nothing. The head gets a seed of its own. Keras's global
# seed was set once, above: setting it again would make TensorFlow throw away what it has compiled.


# %%
def begin(model, rows, draw):
    network.set_weights(borrowed)
    set_statistics(network, backbone.preprocess(pool.images[rows]))
    head, anew = model.layers[-1], keras.initializers.GlorotUniform(1000 * SEED + draw)
    head.set_weights([anew(head.kernel.shape), np.zeros(classes)])
    forget_steps(model.optimizer)


def batches(rows, steps, draw):
    """Augmented images and labels for exactly so many steps."""
    seed = 1000 * SEED + draw
    order = passes(rows, steps, BATCH, seed)
    return backbone.preprocess(augment(pool.images[order], seed)), pool.labels[order]


# %%
from tlcourse.plotting import plot_range_test

rows = draws[MANY][0]
begin(model, rows, draw=0)
images, labels = batches(rows, 25, draw=0)
tested = learning_rate_range_test(model, images, labels, low=1e-4, high=0.3, steps=25, batch=BATCH)
_ = plot_range_test(
    tested, marked={"low": LOW, "high": HIGH}, ax=plt.subplots(figsize=(4.8, 2.8))[1]
)

# %% [markdown]
# Too far left nothing happens, too far right the loss climbs again. The test looks at twenty-five batches and one loss;
# it says what is too high *now*, for the target. It says nothing about what is lost. The two marked rates were fixed on
# development data: the low one where the loss begins to fall, the high one in the valley.
#
# ### Forgetting, measured twice
#
# Eight steps at either rate, three draws. Then the source is asked, with its **original head**, and with a head
# **fitted anew** on the changed features. If only the first falls, the wiring is lost and the knowledge is still there.
# Each training begins with the target's statistics, which cost something by themselves: they get bars of their own.


# %%
STEPS, EARLY = lesson.pick(quick=(16, 8), full=(32, 12))
PAIRS = 3  # of the draws, where whole trainings are compared


def with_both_heads():
    """Share of source images named correctly, with the original head and with one fitted anew."""
    images, labels = known_source
    refitted = fit_probe(phi(images, at_home), labels, penalties=(100.0,))
    seen = phi(asked_source[0], at_home)
    return with_original_head(seen), (refitted.predict(seen) == asked_source[1]).mean()


network.set_weights(borrowed)
forgotten = {"before": [with_both_heads()]}
forgotten |= {"statistics only": [], "low rate": [], "high rate": []}
model.optimizer.learning_rate = HIGH
for draw, rows in enumerate(draws[MANY][:PAIRS]):
    begin(model, rows, draw)
    forgotten["statistics only"].append(with_both_heads())
    images, labels = batches(rows, EARLY, draw)
    train(model, images, labels, BATCH)
    forgotten["high rate"].append(with_both_heads())

# %% [markdown]
# The low rate is run to its end while we are at it: sixteen steps, everything free, the head random. On the way,
# after eight steps, the source is asked; at the end, a third of the test patches, as they are and **shifted**: noise,
# blur, rotation, contrast, at the third of five severities.

# %%
from tlcourse.datasets import SEVERITIES, shifted
from tlcourse.finetuning import distance_from

third = np.random.default_rng(SEED).permutation(len(test.labels))[: len(test.labels) // 3]
asked = test.labels[third]
versions = {"as it is": test.images[third]} | {
    kind: shifted(test.images[third], kind, 3, seed=SEED) for kind in SEVERITIES
}


def seen_and_right(model):
    """Features of each version of the test images, and the share that is classified correctly."""
    weights, bias = model.layers[-1].get_weights()
    seen = {name: phi(images) for name, images in versions.items()}
    right = {name: (x @ weights + bias).argmax(axis=1) == asked for name, x in seen.items()}
    return seen, {name: answers.mean() for name, answers in right.items()}


# %%
MORE = -(-len(draws[MANY][0]) // (3 * BATCH))  # steps that head first will take in time; see there


def run(model, rows, draw, head_first=False):
    """Fine-tune from the start; on the way and at the end, see how far features have moved, and accuracy."""
    begin(model, rows, draw)
    if head_first:
        fit_head(model.layers[-1], phi(pool.images[rows]), pool.labels[rows])
    start, right = seen_and_right(model)
    outcome = {"start": {"right": right}}
    stages = {"end": STEPS} if head_first else {"early": EARLY, "end": STEPS, "later": STEPS + MORE}
    images, labels = batches(rows, max(stages.values()), draw)
    done = 0
    for stage, steps in stages.items():
        part, done = slice(done * BATCH, steps * BATCH), steps
        train(model, images[part], labels[part], BATCH)
        if stage == "early":
            outcome["source"] = with_both_heads()
        else:
            seen, right = seen_and_right(model)
            moved = {name: distance_from(start[name], seen[name]) for name in versions}
            outcome[stage] = {"moved": moved, "right": right}
    return outcome


# %%
model.optimizer.learning_rate = LOW
at_once = [run(model, rows, draw) for draw, rows in enumerate(draws[MANY][:PAIRS])]
forgotten["low rate"] = [outcome["source"] for outcome in at_once]

# %%
from tlcourse.plotting import plot_bars

by_head = {
    name: dict(zip(("original head", "head fitted anew"), np.transpose(scores)))
    for name, scores in forgotten.items()
}
_ = plot_bars(by_head, unit="source images named correctly")

# %%
low, high = (np.array(forgotten[name]) for name in ("low rate", "high rate"))
with_original, with_new = (paired_interval(low[:, at], high[:, at]) for at in (0, 1))
lesson.claim(
    "high-rate-forgets",
    "After as many steps, a high rate has forgotten more of the source than a low one, by a new head.",
    holds=with_new.mean > 0.1,
    observed={"low rate less high": with_new},
)
lesson.finding("high-rate-original-head", "Low rate less high, by the original head", with_original)

# %%
for rate, after in {"Low": low, "High": high}.items():
    original, anew = (np.array(forgotten["before"]) - after).T
    fall, further = paired_interval(anew, np.zeros(PAIRS)), paired_interval(original, anew)
    name = rate.lower()
    lesson.finding(f"knowledge-{name}", f"{rate} rate: fall of the head fitted anew", fall)
    lesson.finding(f"wiring-{name}", f"{rate} rate: the original head falls further by", further)

# %% [markdown]
# Compare each bar with the bar of its own kind before, and with the one for the statistics alone. The fall of the head
# fitted anew is what a linear head no longer finds in the features: knowledge, as far as this can tell. How much further
# the original head falls is wiring: the features still tell letters apart, in other places than it looks at.
#
# ## Experiment
#
# ### Rates that shrink towards the input
#
# What is near the input can stay, we saw; what is near the output should change. So let it: **discriminative learning
# rates** (Howard & Ruder 2018) multiply the rate by a factor at each step towards the input. Keras has the parts, an
# optimiser that hands variables to other optimisers by their name; `rates_by_depth` builds its map. `anneal`
# lets every rate fall to zero along a cosine. A hundred steps at 40 labels a class, forty at 10, where there is less to
# learn from:

# %%
from tlcourse.finetuning import rates_by_depth

STAGES = ("stem", "stage1", "stage2", "stage3")
groups = [[x for x in network.layers if x.name.startswith(stage)] for stage in STAGES]
# Steps, by labels a class:
LONGER = lesson.pick(quick={FEW: 40, MANY: 100}, full={FEW: 50, MANY: 50})
RATE = 3e-3
by_depth = with_head()
optimizer = rates_by_depth(keras.optimizers.Adam(RATE), by_depth, groups, decay=0.7)
by_depth.compile(optimizer, loss)
print(check_compiled(by_depth))


# %%
def fine_tune(model, rows, draw, steps=LONGER[MANY]):
    begin(model, rows, draw)
    train(model, *batches(rows, steps, draw), BATCH, anneal=True)
    weights, bias = model.layers[-1].get_weights()
    return (phi(test.images) @ weights + bias).argmax(axis=1) == test.labels


discriminative = {
    k: [fine_tune(by_depth, rows, draw, steps) for draw, rows in enumerate(draws[k])]
    for k, steps in LONGER.items()
}

# %%
ahead = {k: paired_interval(right, frozen.at(k)) for k, right in discriminative.items()}
lesson.claim(
    "fine-tuning-beats-frozen",
    "At 40 labels a class, fine-tuning with discriminative rates is ahead of the best frozen layer.",
    holds=ahead[MANY].mean > 0,
    observed={"gain": ahead[MANY]},
)

# %%
for k, gain in ahead.items():
    lesson.finding(f"ahead-at-{k}", f"Fine-tuned less frozen at {k} labels a class", gain)

# %% [markdown]
# The claim is about the mean over these draws; the interval says how far it carries. Where it reaches below zero, other
# draws may turn out the other way, and the frozen layer costs a fraction. The rival chose its layer and saw the same
# views; what fine-tuning adds is that the layers themselves may learn the target.
#
# ### Head first
#
# At the first step the head is random, so the first gradients that reach the borrowed layers are about noise. They move
# the features all the same. **LP-FT** (Kumar et al. 2022) fits the head first, on the features as they are, and then
# trains everything. Here the head is the probe, in closed form. Its scores lie near −1 and 1, far too unsure as logits,
# so they are multiplied by the one number that makes the cross-entropy on the labelled patches smallest.
#
# **Before you run it.** Same low rate, same sixteen full-network steps, same batches. Whose features move further:
# on test images as they are? On shifted ones? And who is more accurate?

# %%
from tlcourse.finetuning import fit_head

head_first = [
    run(model, rows, draw, head_first=True) for draw, rows in enumerate(draws[MANY][:PAIRS])
]

# %%
runs = {"all at once": at_once, "head first": head_first}
moved, correct = (
    {
        version: {
            name: [outcome["end"][what][version] for outcome in outcomes]
            for name, outcomes in runs.items()
        }
        for version in versions
    }
    for what in ("moved", "right")
)
_, (left, right) = plt.subplots(1, 2, figsize=(12, 3.2))
plot_bars(moved, unit="how far features moved,\nrelative to their size", ax=left)
_ = plot_bars(correct, unit="accuracy", ax=right)

# %%
first, at_once_moved = (
    np.mean([moved[kind][name] for kind in SEVERITIES], axis=0)
    for name in ("head first", "all at once")
)
spared = paired_interval(at_once_moved, first)
lesson.claim(
    "head-first-moves-less",
    "With the head fitted first, the features of shifted inputs move less.",
    holds=spared.mean > 0,
    observed={"all at once less head first, of their size": spared},
)


# %%
def accuracy(runs, kinds, stage="end"):
    return [np.mean([outcome[stage]["right"][kind] for kind in kinds]) for outcome in runs]


def compare(kinds, stage="end"):
    """Accuracy, head first less all at once, which may have trained a little longer."""
    return paired_interval(accuracy(head_first, kinds), accuracy(at_once, kinds, stage))


# %%
IN, OUT = ["as it is"], list(SEVERITIES)
lesson.finding("head-first-accuracy", "Head first less all at once, in distribution", compare(IN))
lesson.finding("head-first-under-shift", "The same under shift, mean of four kinds", compare(OUT))
added = paired_interval(accuracy(head_first, IN), accuracy(head_first, IN, "start"))
lesson.finding("steps-add", "Head first, in distribution: what its steps add to the head", added)

# %% [markdown]
# Fitting the head is not free: one forward pass over the labelled patches, about a third of what training on them once
# costs. At **equal total time** training all at once may take that many steps more:

# %%
print(MORE, "steps more")
lesson.finding("equal-time-accuracy", "At equal total time, in distribution", compare(IN, "later"))
lesson.finding("equal-time-under-shift", "At equal total time, under shift", compare(OUT, "later"))

# %% [markdown]
# The claim is about features; it needs no label. What it is worth in accuracy is a finding, with few draws and wide
# intervals, and it need not have the same sign on other data: run *full* and see. Nor need it be due to the features: a
# head that fits has no way to go. The third finding says what the steps added to it.
#
# In the theory of Kumar et al. a random head pushes the features of the training inputs about while those of other inputs
# stay behind, and the head that is learned fits the pushed ones. Look at the left panel: here most kinds of shifted
# inputs are pushed about as far. What we see is that with the head first all of them move less.
#
# ### How many layers
#
# Few labels, so better train little? That is the usual advice, so take it where labels are few, at 10 a class: only the
# top, stage 3 and the head, every BatchNorm frozen, at the target's statistics. This is also where we look whether what
# was frozen stayed, to the bit.

# %%
_ = unfreeze(network, since=TOP, batch_norm="freeze")
top_only = with_head()
top_only.compile(keras.optimizers.Adam(RATE), loss)
print(check_compiled(top_only))

# %%
rows = draws[FEW][0]
begin(top_only, rows, draw=0)
before = network.get_weights()
top = [fine_tune(top_only, rows, 0, LONGER[FEW])]  # begins in the same place once more
after = network.get_weights()
moving = [
    weight.path.split("/")
    for weight, was, now in zip(network.weights, before, after)
    if not np.array_equal(was, now)
]

# %%
lesson.claim(
    "frozen-unmoved",
    "Training the top moved no weight below it, not by one bit.",
    holds=bool(moving) and all(path[-2].startswith("stage3") for path in moving),
    observed={"weights moved": len(moving), "weights in all": len(before)},
)
lesson.claim(
    "statistics-rest",
    "A frozen BatchNorm kept its statistics, and its parameters, to the bit.",
    holds=not any("norm" in path[-2] for path in moving),
)

# %%
for draw, rows in enumerate(draws[FEW][1:PAIRS], start=1):
    top.append(fine_tune(top_only, rows, draw, LONGER[FEW]))
lesson.finding(
    "all-less-top",
    "At 10 labels: all layers, rates by depth, less the top alone with BatchNorm frozen",
    paired_interval(discriminative[FEW][:PAIRS], top),
)
lesson.finding(
    "top-less-frozen",
    "At 10 labels: the top alone less the best frozen layer",
    paired_interval(top, frozen.at(FEW)[:PAIRS]),
)
lesson.finding(
    "top-less-frozen-last",
    "At 10 labels: the top alone less the last frozen layer",
    paired_interval(top, by_layer[-1].at(FEW)[:PAIRS]),
)

# %% [markdown]
# Where the first interval lies above zero, the usual advice does not hold here. But three things differ between the two:
# how deep, one rate or several, and what BatchNorm does. It says which *recipe* is better, and not why. In the second
# comparison the rival may read stage 1, while the top gets what the frozen stage 2 lets through; in the third that is no
# excuse. Change `batch_norm="freeze"` to `"train"` above and run the section again: how much of it was BatchNorm?
# `statistics-rest` will then rightly fail. (Three draws can happen to agree: an interval without width is no certainty.)

# %% [markdown]
# ### Another source
#
# Is it the letters? In *full* the same recipe starts once more, from a MobileNet trained on ImageNet: another
# architecture, a thousand classes instead of ten, and every image enlarged to 128×128. In *quick* this cell does
# nothing.

# %%
if PROFILE == "full":
    kept = backbone, network, features, borrowed, of_views, of_test
    backbone = load_backbone("mobilenet")
    network, borrowed = backbone.model, backbone.model.get_weights()
    features = keras.Sequential([network, layers.GlobalAveragePooling2D()])
    features.compile()
    of_views, of_test = (extract(backbone, images) for images in (all_views, test.images))
    best = frozen_curve("frozen MobileNet", backbone.taps)
    unfreeze(network, since=network.layers[1].name, batch_norm="train")
    ends = [[x.name for x in network.layers].index(tap) + 1 for tap in backbone.taps]
    parts = [network.layers[start:end] for start, end in zip([1, *ends], ends)]
    deep = with_head()
    deep.compile(rates_by_depth(keras.optimizers.Adam(RATE), deep, parts, decay=0.7), loss)
    tuned = [fine_tune(deep, rows, draw) for draw, rows in enumerate(draws[MANY][:PAIRS])]
    gain = paired_interval(tuned, best.at(MANY)[:PAIRS])
    lesson.finding(
        "mobilenet-ahead", "MobileNet: fine-tuned less frozen at 40 labels a class", gain
    )
    gain = paired_interval(tuned, discriminative[MANY][:PAIRS])
    lesson.finding("mobilenet-less-photos", "MobileNet fine-tuned less photos fine-tuned", gain)
    backbone, network, features, borrowed, of_views, of_test = kept

# %% [markdown]
# ## What it shows and what it does not
#
# **It shows** that fine-tuning gets ahead of the best frozen layer at 40 labels a class, on average over the draws, on a
# target far from the source; that a rate at which the target's loss is low can ruin the source; that BatchNorm changes a
# network without any gradient; and that with the head fitted first features move less.
#
# **It does not show** that fine-tuning wins everywhere: with few labels look at the intervals, and lesson 01's digits
# needed none of it. It speaks of four photographs; patches of one photograph are not independent, so the intervals,
# which are over draws of labels and training seeds, say nothing about a fifth. A seed varies the draws, the head's
# initial weights, order, augmentation and noise; the borrowed weights, the pool and the reporting part never change.
# The rates, the factor 0.7 and the hundred steps were chosen on development data, the 24 pixels and the other numbers
# of steps by the time that they take.

# %% [markdown]
# ## Your turn
#
# Replace `...` by your answer, run the cell, then the check below it.
#
# ### Exercise 2.1 · Break the order on purpose
# Below, a network is frozen and compiled with a new head, then unfrozen, and not compiled again. Suppose it was fitted
# once *while frozen*, and is fitted again now. On TensorFlow that runs without a word. How many *parameters* does the
# second `fit` train? Set `trains`.
#
# <details><summary>Hint</summary>
#
# What trains is settled by the first `fit` after a `compile`. A linear layer from 104 features to 4 classes has weights
# and biases.
# </details>

# %%
unfreeze(network, batch_norm="freeze")
careless = with_head()
careless.compile(keras.optimizers.Adam(LOW), loss)
_ = unfreeze(network, since=TOP, batch_norm="train")

# %%
### BEGIN SOLUTION
trains = (phi(test.images[:1]).shape[1] + 1) * classes
### END SOLUTION

# %% tags=["wrong-answer"]
trains = sum(int(np.prod(weight.shape)) for weight in careless.trainable_weights)

# %% tags=["wrong-answer"]
trains = 0

# %%
of_head = sum(int(np.prod(weight.shape)) for weight in careless.layers[-1].weights)
lesson.check(
    "2.1",
    trains,
    {
        "Something was trainable when it was first fitted.": lambda n: n > 0,
        "That is what the flags say now; `fit` does what they said then.": lambda n: n <= of_head,
        "Count weights and biases of the head.": lambda n: n == of_head,
    },
)

# %% [markdown]
# The guard sees it before it costs you an afternoon:

# %% tags=["exact"]
from tlcourse.finetuning import StaleCompile

try:
    check_compiled(careless)
except StaleCompile as error:
    print(str(error).split(":")[0], "…", str(error).split(". ")[1])

# %% [markdown]
# ### Exercise 2.2 · How fast do statistics drift?
# The moving mean keeps the share `momentum` of itself at each batch: these networks have 0.9. After how many batches
# has it gone at least 95 % of the way to the target's mean? (In the figure above the batch is always the same, so its
# mean is where the curve leads.) And with Keras's default of 0.99? Set `batches_needed` to the two numbers.
#
# <details><summary>Hint</summary>
#
# After n batches the share of the source that is left is `momentum ** n`.
# </details>

# %%
### BEGIN SOLUTION
batches_needed = tuple(int(np.ceil(np.log(0.05) / np.log(momentum))) for momentum in (0.9, 0.99))
### END SOLUTION

# %% tags=["wrong-answer"]
batches_needed = (10, 100)

# %% tags=["wrong-answer"]
batches_needed = (1, 5)

# %%
lesson.check(
    "2.2",
    batches_needed,
    {
        "Give two whole numbers.": lambda n: len(n) == 2 and all(x == int(x) for x in n),
        "At momentum 0.9: more than 5 % of the source is left.": lambda n: 0.9 ** n[0] <= 0.05,
        "At momentum 0.99: more than 5 % of the source is left.": lambda n: 0.99 ** n[1] <= 0.05,
        "Fewer are enough.": lambda n: 0.9 ** (n[0] - 1) > 0.05 and 0.99 ** (n[1] - 1) > 0.05,
    },
)

# %% [markdown]
# ### Exercise 2.3 · Answer an overfit
# Twenty labelled patches, the top unfrozen, no augmentation: every training patch is learned, and the test part is not.
# The cell shows by how much.

# %%
from tlcourse.finetuning import stay_close

few = draw_labels(pool.labels, 5, draws=1, seed=SEED)[0]


def train_on_few(model, images, labels):
    """Accuracy on the patches it was trained on, and on the test part."""
    train(model, images, labels, BATCH, anneal=True)
    seen, asked = (
        model.predict_on_batch(backbone.preprocess(x)) for x in (pool.images[few], test.images)
    )
    return (
        float((seen.argmax(axis=1) == pool.labels[few]).mean()),
        float((asked.argmax(axis=1) == test.labels).mean()),
    )


unfreeze(network, since=TOP, batch_norm="freeze")
begin(top_only, few, draw=0)
order = passes(few, 50, BATCH, SEED)
overfit = train_on_few(top_only, backbone.preprocess(pool.images[order]), pool.labels[order])
print(f"trained on {overfit[0]:.3f}, test {overfit[1]:.3f}")

# %% [markdown]
# Answer it. You have **augmentation** (`augment(images, seed)`), **dropout** (`layers.Dropout` before the head),
# **weight decay** (`keras.optimizers.AdamW`) and **L2-SP** (`stay_close(network, strength)`, Li et al. 2018: a penalty
# on the distance from the borrowed weights, where weight decay pulls towards zero). Use one or several, change the
# model, compile, train with `train_on_few` on the same `order`, and set `answered` to what it returns. The test accuracy
# should rise by five points or more; to train less is no answer. Then try each of the four alone: which does most?
#
# <details><summary>Hint</summary>
#
# Twenty patches have 160 views. Start with `begin(top_only, few, draw=0)`: it brings the borrowed weights back; then
# `stay_close`, if you use it, which keeps to the weights it finds; then build, compile and train your own model.
# </details>

# %%
### BEGIN SOLUTION
begin(top_only, few, draw=0)
stay_close(network, strength=0.01)
regularised = keras.Sequential([features, layers.Dropout(0.3), layers.Dense(classes)])
regularised.compile(keras.optimizers.AdamW(2e-3, weight_decay=1e-3), loss)
turned = backbone.preprocess(augment(pool.images[order], SEED))
answered = train_on_few(regularised, turned, pool.labels[order])
### END SOLUTION

# %% tags=["wrong-answer"]
answered = overfit

# %% tags=["wrong-answer"]
begin(top_only, few, draw=0)
answered = train_on_few(
    top_only, backbone.preprocess(pool.images[order[:8]]), pool.labels[order[:8]]
)

# %%
_ = stay_close(network, strength=0)
lesson.check(
    "2.3",
    answered,
    {
        "Give the two accuracies that `train_on_few` returned.": lambda a: len(a) == 2,
        "The test accuracy did not rise by five points.": lambda a: a[1] >= overfit[1] + 0.05,
    },
)

# %% [markdown]
# ### Exercise 2.4 · Slow down the stem
# `rates_by_depth` was given four groups and a factor of 0.7. Which factor, `decay`, makes the stem learn at a
# hundredth of the rate of stage 3? Extend the lesson with it: does the gain over the frozen layer grow or shrink, and
# what does `with_both_heads()` say afterwards?
#
# <details><summary>Hint</summary>
#
# How many steps are there from stage 3 down to the stem?
# </details>

# %%
### BEGIN SOLUTION
decay = 0.01 ** (1 / 3)
### END SOLUTION

# %% tags=["wrong-answer"]
decay = 0.01 ** (1 / 4)

# %% tags=["wrong-answer"]
decay = 0.01

# %%
lesson.check(
    "2.4",
    decay,
    {
        "A factor lies between 0 and 1.": lambda d: 0 < d < 1,
        "It is applied once from each group to the one before it.": lambda d: d > 0.1,
        "Count the steps between four groups, not the groups.": lambda d: np.isclose(
            keras.ops.convert_to_numpy(
                rates_by_depth(keras.optimizers.SGD(1.0), by_depth, groups, decay=d)
                .optimizers[0]
                .learning_rate
            ),
            0.01,
            rtol=0.1,
        ),
    },
)

# %% [markdown]
# ### Check yourself
#
# <details><summary>1. Why can the source accuracy fall while no weight is trained?</summary>
#
# BatchNorm's moving statistics follow the data in training mode. The layers behind them then get inputs they were
# never trained for.
# </details>
#
# <details><summary>2. The original head falls further than a head fitted anew. What happened?</summary>
#
# The features still tell letters apart, but in other places than the old head looks at. That part was wiring; what the
# new head finds is still there.
# </details>
#
# <details><summary>3. Why is <code>compile</code> called after <code>unfreeze</code>?</summary>
#
# What trains is settled by the first `fit` after a `compile`. A flag that changes later changes the summary and nothing
# else.
# </details>
#
# <details><summary>4. Why are the probe's scores scaled before they become a head?</summary>
#
# They lie near −1 and 1. As logits that is far too unsure, so the cross-entropy would start with large gradients and
# push the features about: just what fitting the head first should avoid.
# </details>
#
# <details><summary>5. When would you not fine-tune?</summary>
#
# With very few labels, when the source must not be lost, or when a frozen layer is as good: look at the interval.
# </details>

# %% [markdown]
# ## Recap
#
# 1. **Frozen or not**: the best frozen layer, chosen inside the labels and given the same views, is the rival; at 40
#    labels a class fine-tuning was ahead of it, by a margin to be read with its interval.
# 2. **What moves**: parameters by gradient, BatchNorm's statistics by data. One flag freezes both. Unfreeze, compile,
#    fit, and look afterwards.
# 3. **How fast**: a range test for what is too high, a smaller rate towards the input. A high rate costs the source
#    more than its wiring.
# 4. **Head first**: fitted in closed form and scaled to the loss, it spares the features, also of shifted inputs.
# 5. **Overfit**: seen as a gap, answered by augmentation, dropout, weight decay, L2-SP.

# %% [markdown]
# ## Further reading
#
# - Howard & Ruder (2018), *Universal Language Model Fine-tuning for Text Classification*, ACL. Rates by depth.
# - Kumar, Raghunathan, Jones, Ma & Liang (2022), *Fine-Tuning can Distort Pretrained Features and Underperform
#   Out-of-Distribution*, ICLR. Head first.
# - Li, Grandvalet & Davoine (2018), *Explicit Inductive Bias for Transfer Learning with Convolutional Networks*, ICML.
#   L2-SP.
# - Smith (2017), *Cyclical Learning Rates for Training Neural Networks*, WACV. The range test.
# - Ioffe & Szegedy (2015), *Batch Normalization*, ICML; Li, Wang, Shi, Liu & Hou (2016), *Revisiting Batch Normalization
#   For Practical Domain Adaptation*. What the statistics hold.
# - Kirkpatrick et al. (2017), *Overcoming catastrophic forgetting in neural networks*, PNAS 114(13).
# - Kornblith, Shlens & Le (2019), *Do Better ImageNet Models Transfer Better?*, CVPR. Frozen against fine-tuned.
