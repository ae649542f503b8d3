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
#       development: [mnist]
#       full: [mnist, flowers, mobilenet-0.25]
#     seconds: {quick: 170, full: 600}
# ---

# %% [markdown]
# # 02 · Fine-tuning: what should be relearned?
#
# In lesson 01 a frozen network that knew printed letters named handwritten digits, from very few examples. Now somebody
# has written the digits on walls and lawns, and the same network does much worse. It knows strokes, but it has never
# seen a stroke on gravel. So it has to learn something new. If you let it, will it get better, or only forget?
#
# **After this lesson you can**
#
# 1. unfreeze a pretrained network and go on training it, in plain Keras;
# 2. measure whether that beats the frozen network, and training from scratch;
# 3. choose how fast it may learn, and see what it forgets meanwhile;
# 4. decide what happens to its batch normalisation, and notice when it changes behind your back;
# 5. do it with photographs of your own.
#
# 60 minutes. Lesson 01 comes first: source and target, freezing, features, the probe, draws of labels.

# %% tags=["parameters"]
LESSON = "02"
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

keras.utils.set_random_seed(SEED)


# %% [markdown]
# In the *full* version the same cells run with MNIST, and with photographs of flowers and a network trained on
# ImageNet. The text speaks of *quick*.
#
# (`set_random_seed` makes a run repeatable. On TensorFlow it also makes `fit` show the examples in one order in every
# epoch; on JAX each epoch has its own. `make bench` measures what that costs on small digits: nothing that twenty seeds
# could show.)
#
# ## Data
#
# **The target**: the handwritten digits of lesson 01, each written on a patch of a photograph: brick, grass, gravel, or
# stained tissue. We put them there ourselves: the patch is darkened, and each pixel is the difference between patch and
# digit. So strokes are bright, but no longer even, and have dark rims. (MNIST on photographs is a well-known test of
# this kind: Ganin et al. 2016.) Pool and test part use different regions of the photographs. You have twenty labels of
# each digit to train on. To see what is chance, we draw them three times.

# %% tags=["exact"]
from tlcourse.datasets import load_dataset
from tlcourse.evaluation import draw_labels

digits = lesson.pick(quick="digits-on-photographs", full="mnist-on-photographs")
target = load_dataset(digits, evaluate_on=lesson.part)
pool, test = target.pool, target.test
draws = draw_labels(pool.labels, 20, draws=3, seed=SEED)  # shape (3, 200)
print("pool", pool.images.shape, " test", test.images.shape)

# %%
few = draws[0]
_ = plot_images(pool.images[few[::10]], pool.labels[few[::10]], columns=10)

# %% [markdown]
# **The source**: the printed letters that the network was trained on. We shall ask it about 200 of them, to see what it
# forgets. It knows pictures of 32×32 pixels with three channels and values from 0 to 1. Convolutions take any size, so
# the digits stay at 24×24: training then takes half the time.


# %%
def preprocess(images):
    return np.repeat(images[..., None] / np.float32(255), 3, axis=-1)


letters = load_dataset("letters", evaluate_on=lesson.part)
asked, asked_labels = preprocess(letters.test.images[:200]), letters.test.labels[:200]
pool_ready, test_ready = preprocess(pool.images), preprocess(test.images)

# %% [markdown]
# ## Idea
#
# **Fine-tuning** starts with the weights $w_S$ of the source and follows the gradient of the target's loss $L_T$:
#
# $$w \leftarrow w - \eta \, \nabla L_T(w), \qquad \text{starting at } w = w_S.$$
#
# The steps are those of any training. Only the start is borrowed. That makes the **learning rate** $\eta$ matter more
# than usual: if it is too low, nothing new is learned; if it is too high, what was borrowed is gone before it can help.
#
# ## By hand
#
# ### Frozen, as in lesson 01
#
# Cut off the last layer, freeze the rest, put a new layer on top, and fit it.

# %%
from tlcourse.backbones import load_network

network, _ = load_network("letters")
base = keras.Model(network.input, network.get_layer("stage3").output)
base.trainable = False

new = [layers.GlobalAveragePooling2D(name="average"), layers.Dense(10, name="head")]
model = keras.Sequential([keras.Input((24, 24, 3)), base, *new])

# %%
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile(keras.optimizers.Adam(0.01), loss, metrics=["accuracy"])
_ = model.fit(pool_ready[few], pool.labels[few], batch_size=20, epochs=20, verbose=0)
print(f"{network.input_shape} goes in; {len(base.trainable_weights)} weights of the base train")


# %%
def ask(model, network):
    """Accuracy on the target, and on the source with the network's old last layer."""
    says = network.predict(asked, verbose=0).argmax(axis=1)
    right = model.evaluate(test_ready, test.labels, verbose=0)[1]
    return {"digits": right, "letters": np.mean(says == asked_labels)}


by_hand = {"frozen": ask(model, network)}
print({name: f"{share:.1%}" for name, share in by_hand["frozen"].items()})

# %% [markdown]
# `network` still has its old last layer, and shares all others with `model`. So we can ask the same weights about both
# tasks. The letters are as good as ever, for nothing has changed. The digits are not good.
#
# ### Unfreeze, compile again, train slowly
#
# Three things, in this order. **Unfreeze**: one flag. **Compile again**: what trains is settled when `fit` is first
# called after `compile`; "Where it breaks" shows what happens otherwise. **Train slowly**: at a fifth of the rate that
# the new layer had.

# %%
from tlcourse.plotting import plot_network

base.trainable = True
_ = plot_network(model, borrowed=network)

# %% [markdown]
# The rate falls to zero along half a cosine, so that the last steps are small. A callback of Keras sets it before each
# epoch. To watch the training, and later to choose a rate, we need 200 more labelled pictures: the *validation part*.
# None of them is in any of the three draws. (When all is chosen, you would train once more on all that you have.)


# %%
def falling(rate, epochs):
    """A callback: the learning rate falls from `rate` towards zero along half a cosine."""
    return keras.callbacks.LearningRateScheduler(
        lambda epoch: float(rate * (1 + np.cos(np.pi * epoch / epochs)) / 2)
    )


never_drawn = np.setdiff1d(np.arange(len(pool.labels)), draws)
others = np.random.default_rng(SEED).choice(never_drawn, 200, replace=False)
watched = pool_ready[others], pool.labels[others]

# %%
model.compile(keras.optimizers.Adam(), loss, metrics=["accuracy"])  # the callback sets the rate
before = model.evaluate(*watched, verbose=0)[1]
options = dict(batch_size=20, epochs=6, verbose=0, validation_data=watched)
falls = falling(0.002, epochs=6)
history = model.fit(pool_ready[few], pool.labels[few], callbacks=[falls], **options).history

# %%
_, ax = plt.subplots(figsize=(4.5, 2.4))
ax.plot(np.arange(1, 7), history["accuracy"], label="trained on (200)")
ax.plot([before, *history["val_accuracy"]], "--", label="validation (200)")
ax.set(xlabel="epoch with everything unfrozen", ylabel="accuracy")
_ = ax.legend()

# %% [markdown]
# The validation line begins at what the frozen network reaches. In the first epoch it falls, then it climbs past its
# start. Who looks at the first epoch alone gives up too early. The training line is at the top after a few epochs: the
# network knows its two hundred pictures by heart. That is **overfitting**, and the distance between the lines is its
# measure. More epochs would not help; more pictures would.

# %%
from tlcourse.evaluation import accuracy_table

by_hand["fine-tuned"] = ask(model, network)
accuracy_table(by_hand)

# %% [markdown]
# Two columns, two stories. The digits have gained a lot. The letters have lost: nobody asked the network to keep them,
# and it did not. This is **forgetting**. And what does the network still get wrong on digits? The counts tell where its
# mistakes gather; the pictures, what they look like.

# %%
says = model.predict(test_ready, verbose=0).argmax(axis=1)
wrong = np.flatnonzero(says != test.labels)
print("mistakes by digit, 0 to 9:", np.bincount(test.labels[wrong], minlength=10))
wrong = wrong[:: len(wrong) // 10][:10]
_ = plot_images(test.images[wrong], [f"{test.labels[n]}, says {says[n]}" for n in wrong])

# %% [markdown]
# ## What is it worth?
#
# One draw and one training can be luck. And did borrowing help at all? Perhaps the same network would have learned all
# this from random weights. So, on three draws of 200 labels:
#
# - **fine-tuned**, as above: the head first, then everything;
# - **from scratch**: the same network with random weights, on the same pictures, at a rate of 0.005, which is better
#   for it, and with *twice* as many steps;
# - **best frozen layer**: lesson 01's probe, which chooses a layer inside the labels.
#
# Both rates were chosen on other data, the development part. (Further down we choose one on the validation part, as you
# would.)
#
# **Before you run it.** Write down three guesses. And is from scratch better or worse than frozen?
#
# The next three cells are the steps of "By hand" as functions, so that they can be repeated. First the network. (At
# `BatchNormalization` nothing happens yet: the next section lets it rest.)


# %%
def prepared(batch_norm="trains"):
    """The borrowed network whole; cut; and with a new layer on top. BatchNorm trains or rests."""
    network, _ = load_network("letters")
    base = keras.Model(network.input, network.get_layer("stage3").output)
    for layer in base.layers:
        layer.trainable = batch_norm == "trains" or not isinstance(layer, layers.BatchNormalization)
    new = [layers.GlobalAveragePooling2D(), layers.Dense(10)]
    model = keras.Sequential([keras.Input((24, 24, 3)), base, *new])
    model.compile(keras.optimizers.Adam(), loss, metrics=["accuracy"])
    return network, base, model


network, base, model = prepared()


# %% [markdown]
# The head first: a last layer for each draw. To save time it is fitted on features that are computed once, as lesson 01
# does. `starts` then holds, for each draw, all weights that fine-tuning starts with: those of the base, and at the end
# the two of the last layer.


# %%
def fitted_head(rows):
    """Weights of a last layer, fitted on features of these pictures that are computed once."""
    features = base.predict(pool_ready[rows], verbose=0).mean(axis=(1, 2))
    head = keras.Sequential([keras.Input(features.shape[1:]), layers.Dense(10)])
    head.compile(keras.optimizers.Adam(0.01), loss)
    head.fit(features, pool.labels[rows], batch_size=20, epochs=20, verbose=0)
    return head.get_weights()


starts = [base.get_weights() + fitted_head(rows) for rows in draws]

# %% [markdown]
# Then the training, the same `fit`. `rewind` is `set_weights`, and makes the optimiser forget: its step count and its
# averages of gradients go back to zero. So one model serves for many trainings; building and compiling it anew gives
# the same and takes longer.

# %%
from tlcourse.training import rewind


def train(model, start, rows, rate, epochs=6):
    """Train from these weights; return the accuracy on the test part."""
    rewind(model, start)
    labelled, falls = (pool_ready[rows], pool.labels[rows]), falling(rate, epochs)
    model.fit(*labelled, batch_size=20, epochs=epochs, callbacks=[falls], verbose=0)
    return model.evaluate(test_ready, test.labels, verbose=0)[1]


# %%
fine_tuned = [train(model, start, rows, rate=0.002) for start, rows in zip(starts, draws)]
scratch = []
for rows in draws:
    random_weights = keras.models.clone_model(model).get_weights()  # a clone is not trained
    scratch.append(train(model, random_weights, rows, rate=0.005, epochs=12))

# %% [markdown]
# And the probe, which may read any layer. `extract` gives the features of all of them.

# %%
from tlcourse.backbones import load_backbone
from tlcourse.evaluation import paired_interval
from tlcourse.features import extract, fit_probe

backbone = load_backbone("letters", side=24)  # for pictures of 24×24
known, seen = (extract(backbone, part.images) for part in (pool, test))  # all layers
probes = [fit_probe({at: known[at][rows] for at in known}, pool.labels[rows]) for rows in draws]
frozen = [np.mean(probe.predict(seen) == test.labels) for probe in probes]
print("layers that the probe chose:", *(probe.layer for probe in probes))

methods = {"fine-tuned": fine_tuned, "from scratch": scratch, "best frozen layer": frozen}
accuracy_table({name: {"20 labels of each": right} for name, right in methods.items()})

# %%
gain = paired_interval(fine_tuned, frozen)
lesson.claim(
    "fine-tuning-beats-frozen",
    "With twenty labels of each digit, fine-tuning beats the best frozen layer.",
    holds=gain.low > 0,
    observed={"gain": gain},
)
over_scratch = paired_interval(fine_tuned, scratch)
lesson.finding("over-scratch", "Gain over training from scratch, twice as many steps", over_scratch)

# %% [markdown]
# *Relearning matters.* What the probe found in the frozen layers is not enough.
#
# *Does borrowing matter?* Read the finding. Where its interval lies above zero, the letters were worth more than twice
# the steps. An interval is about the mean of such draws, judged on these test pictures; from three draws it is wide.
#
# Don't take it for a law. We made the target so that the source knows a part of it and misses a part. In lesson 01 the
# frozen network was good enough; and the more labels there are, the less is left to borrow.
#
# ## How fast, and what about BatchNorm?
#
# We used one rate. Now three, a factor of five apart. And **batch normalisation** in two ways. It *trains*, as above:
# in `fit` it normalises by the batch, and goes on collecting averages. Or it *rests*: its layers are frozen, so it
# normalises by the averages that it learned on letters, and its scale and shift stay too. The Keras guide advises to
# let the averages rest, and to take a very low rate. (There it is `base(x, training=False)`: scale and shift still
# train. In the rows that rest here, they do not.)
#
# The source is now asked in two ways: with the **old head**, the last layer that it came with, and with a **new head**,
# fitted to 400 letters on the changed features (by `fit_probe`, lesson 01's ridge). If a new head can still name the
# letters, the features have kept them, and only the old head no longer fits.

# %%
learned, learned_labels = preprocess(letters.pool.images[:400]), letters.pool.labels[:400]


def outcome(network, base, model):
    """Accuracy on digits, validation and test part; on letters, with the old head and with a new one."""
    right = [model.evaluate(*part, verbose=0)[1] for part in (watched, (test_ready, test.labels))]
    old = np.mean(network.predict(asked, verbose=0).argmax(axis=1) == asked_labels)
    known, seen = (base.predict(x, verbose=0).mean(axis=(1, 2)) for x in (learned, asked))
    probe = fit_probe(known, learned_labels, classes=network.output_shape[-1])  # 71 letters
    return *right, old, np.mean(probe.predict(seen) == asked_labels)


def repeat(network, base, model, rate):
    """Train from each start; what `outcome` returns, a column for each draw."""
    outcomes = []
    for start, rows in zip(starts, draws):
        train(model, start, rows, rate)
        outcomes.append(outcome(network, base, model))
    return np.transpose(outcomes)


# %% [markdown]
# **Before you run it.** Which rate wins on the digits? Which forgets most? Is the advice right here?

# %%
rates, measured = (0.0004, 0.002, 0.01), {}
for rate in rates:
    measured["trains", rate] = repeat(network, base, model, rate)
resting_network, resting_base, resting_model = prepared("rests")
for rate in rates[:2]:  # the highest is left out, to save seconds
    measured["rests", rate] = repeat(resting_network, resting_base, resting_model, rate)

# %%
rewind(model, starts[0])  # the borrowed weights
untouched = outcome(network, base, model)
VALIDATION, DIGITS, OLD, NEW = range(4)
columns = ("validation", "digits", "letters, old head", "letters, new head")
table = {f"BatchNorm {mode}, rate {rate}": measured[mode, rate] for mode, rate in sorted(measured)}
broken = measured["rests", 0.002][DIGITS]
print("digits, BatchNorm rests, rate 0.002, draw by draw:", *(f"{share:.1%}" for share in broken))
shown = {name: dict(zip(columns, outcomes)) for name, outcomes in table.items()}
accuracy_table(shown | {"before": dict(zip(columns[OLD:], untouched[OLD:]))})

# %%
_, ax = plt.subplots(figsize=(5, 3))
for row, look in ((DIGITS, "o-"), (OLD, "^:"), (NEW, "s--")):
    means = [measured["trains", rate][row].mean() for rate in rates]
    ax.plot(rates, means, look, label=columns[row])
for rival, look in (("from scratch", "-."), ("best frozen layer", ":")):
    ax.axhline(np.mean(methods[rival]), color="0.4", linestyle=look, label=f"digits, {rival}")
ax.set(xscale="log", xlabel="learning rate", ylabel="accuracy, BatchNorm trains", ylim=(0, 1))
ax.set_xticks(rates, rates)
_ = ax.legend(bbox_to_anchor=(1, 1))

# %% [markdown]
# *The digits* (solid) are best at the middle rate. At the low one too little is learned in sixty steps, at the high one
# too much is thrown about. Look at the two grey lines, too. The means of fine-tuning are above the best frozen layer at
# all three rates; but at the low rate they are only level with training from scratch. Borrowing pays if the rate is
# right. (The middle row is the training of the table above, once more.)
#
# *The letters* only fall, and the old head (dotted) falls first. At the middle rate a new head (dashed) finds far more
# letters than the old one: those features are still there, only in another place. What the new head does not find
# either is lost, as far as four hundred letters can tell.
#
# *BatchNorm that rests* (see the table). Is the advice right here? At the low rate, yes: the digits are even better
# than with BatchNorm that trains. At the middle rate, no: the trainings break, as the three printed numbers say. So
# "let it rest" goes together with "a very low rate". And the best row of the table is one with BatchNorm that trains.
# Letters on black have other averages than digits on gravel; that may be the reason, but nothing here tests it.
#
# ### Which of these would you have chosen?
#
# Not by the column of digits: that is the test part. The validation part is for it. For each draw, take the setting
# that is best there:

# %%
settings = list(measured)
chosen = [max(settings, key=lambda each: measured[each][VALIDATION, draw]) for draw in range(3)]
picked = [measured[setting][DIGITS, draw] for draw, setting in enumerate(chosen)]
print("chosen:", *(f"BatchNorm {mode}, rate {rate}" for mode, rate in chosen), sep="\n  ")
print(f"digits, test part: {np.mean(picked):.1%}")

# %% [markdown]
# Two hundred pictures can't tell settings apart that are close, so the choice differs from draw to draw, and costs a
# little against the best row of the table. That is what a choice really costs; the table alone would hide it.

# %%
low, high = measured["trains", 0.0004][NEW], measured["trains", 0.01][NEW]
forgotten = paired_interval(low, high)
lesson.claim(
    "high-rate-forgets",
    "A high rate forgets more than a low one, even if the source gets a new head.",
    holds=forgotten.low > 0,
    observed={"letters, new head: low rate less high": forgotten},
)
lesson.finding(
    "trains-less-rests",
    "Digits, BatchNorm that trains less BatchNorm that rests, at each rate",
    {
        f"at {rate}": paired_interval(
            measured["trains", rate][DIGITS], measured["rests", rate][DIGITS]
        )
        for rate in (0.0004, 0.002)
    },
)

# %% [markdown]
# ## Where it breaks
#
# ### A flag without a new `compile`
#
# An easy mistake. The model has been compiled and fitted, and only then somebody thinks of freezing the base.
#
# **Before you run it.** How many of the base's weights will move?

# %%
_, late_base, late = prepared()  # compiles
late.fit(pool_ready[few], pool.labels[few], batch_size=20, verbose=0)
weights = late_base.get_weights()
late_base.trainable = False  # too late
try:
    late.fit(pool_ready[few], pool.labels[few], batch_size=20, verbose=0)
    moved = sum(not np.array_equal(was, now) for was, now in zip(weights, late_base.get_weights()))
    print(f"{moved} of {len(weights)} arrays of weights moved")
except ValueError as error:  # only on the backend JAX
    moved = 0
    print("fit refused:", str(error).split(".")[0])

# %%
from tlcourse.finetuning import StaleCompile, check_compiled

try:
    check_compiled(late)
    noticed = False
except StaleCompile as problem:
    noticed = True
    print(problem)

# %%
lesson.claim(
    "flag-without-compile",
    "A flag that is set without a new compile is not obeyed.",
    holds=moved > 0,
    observed={"arrays of weights that moved, of a frozen base": moved},
    backends=("tensorflow",),
)
lesson.claim(
    "stale-flag-noticed",
    "check_compiled notices a flag that was set after the compile.",
    holds=noticed,
)

# %% [markdown]
# All of them, and no error said so: `fit` goes on as it was when it was first called after `compile`. (That is
# TensorFlow. On JAX `fit` raises an error, which is better.) **The repair**: set flags, then compile, each time.
# `check_compiled` raises on every backend if somebody forgot.
#
# ### Averages that drift
#
# `trainable` says whether a layer may change; `training` says in which mode it is called. A BatchNorm layer that is not
# frozen does two things in training mode: it normalises by the *batch*, and it moves its **moving averages** towards
# it. That takes no gradient. So show fifty of the new pictures to the borrowed network, in training mode, thirty times,
# without a loss and without an optimiser.
#
# **Before you run it.** How many letters will it still name?

# %%
drifting, _ = load_network("letters")
before = drifting.get_weights()
named = []
for batches in (0, 3, 7, 20):  # 0, 3, 10, 30 in all
    for _ in range(batches):
        drifting(pool_ready[few[::4]], training=True)
    named.append(np.mean(drifting.predict(asked, verbose=0).argmax(axis=1) == asked_labels))
print("letters after 0, 3, 10, 30 batches:", *(f"{share:.1%}" for share in named))

# %%
pairs = zip(drifting.weights, before, drifting.get_weights())
changed = {weight.path.split("/")[-1] for weight, was, now in pairs if not np.array_equal(was, now)}
lesson.claim(
    "averages-drift",
    "In training mode BatchNorm's averages change without a gradient, and nothing else changes.",
    holds=changed == {"moving_mean", "moving_variance"},
    observed={"letters lost, share": named[0] - named[-1]},
)

# %% [markdown]
# Nothing was learned, and the old head names fewer letters. **The repair** depends on what you want. If the network is
# only to be read, freeze its BatchNorm layers: a frozen one never uses the batch, and its averages rest. If it is to
# serve the target, let them follow it, as we did above.
#
# ## On your own photographs
#
# The recipe in one place: a folder; three parts; the head first; then everything, at a rate that the validation part
# chooses, frozen among the candidates; at the end one look at the test part. The next cell writes the faces of lesson
# 01 into a folder. For your own, leave it out: `FOLDER = Path("my-photographs")`.

# %%
FOLDER = Path(tempfile.mkdtemp())
some = load_dataset(lesson.pick(quick="faces", full="flowers"), evaluate_on=lesson.part)
for number, (image, label) in enumerate(zip(some.images[:1000], some.labels)):
    path = FOLDER / some.class_names[label] / f"{number}.png"
    path.parent.mkdir(exist_ok=True)
    keras.utils.save_img(path, image[..., None] if image.ndim == 2 else image)

# %%
from tlcourse.own_data import check_pictures, read_pictures

NETWORK, SIZE = lesson.pick(quick=("photos", (32, 32)), full=("mobilenet", (128, 128)))
read = partial(read_pictures, side=SIZE[0])
images, labels, kinds, files = read(FOLDER)
order = np.random.default_rng(SEED).permutation(len(files))
pictures, which, files = images[order], labels[order], [files[at] for at in order]
print(check_pictures(FOLDER))
parts = np.split(np.arange(len(files)), [len(files) // 5, len(files) // 2])
training, held_out, testing = ((pictures[part], which[part]) for part in parts)

# %%
photo_base = load_backbone(NETWORK).model  # already cut
photo_base.trainable = False
rescale = (
    layers.Rescaling(1 / 255) if NETWORK == "photos" else layers.Rescaling(1 / 127.5, offset=-1)
)
new = [layers.GlobalAveragePooling2D(), layers.Dense(len(kinds))]
own = keras.Sequential(
    [keras.Input((*SIZE, 3)), layers.RandomFlip("horizontal"), rescale, photo_base, *new]
)
own.compile(keras.optimizers.Adam(0.01), loss, metrics=["accuracy"])
own.fit(*training, epochs=10, verbose=0)
best, best_weights = own.evaluate(*held_out, verbose=0)[1], own.get_weights()
print(f"frozen: {best:.1%} of {len(held_out[1])} validation photographs")

# %%
photo_base.trainable, start = True, own.get_weights()
own.compile(keras.optimizers.Adam(), loss, metrics=["accuracy"])  # after the flag
for rate in (0.0001, 0.001):
    rewind(own, start)
    own.fit(*training, epochs=10, callbacks=[falling(rate, 10)], verbose=0)
    right = own.evaluate(*held_out, verbose=0)[1]
    print(f"fine-tuned at {rate}: {right:.1%}")
    if right > best:
        best, best_weights = right, own.get_weights()

# %%
own.set_weights(best_weights)
print(
    f"the best of them: {own.evaluate(*testing, verbose=0)[1]:.1%} of {len(testing[1])} test photographs"
)
print(f"always the commonest kind: {np.bincount(testing[1]).max() / len(testing[1]):.1%}")
saved = Path(tempfile.mkdtemp()) / "best.keras"
own.save(saved)
scores = keras.models.load_model(saved).predict(read(files[-1:]).images, verbose=0)[0]
print(f"{kinds[scores.argmax()]}; its folder is {files[-1].parent.name!r}")

# %% [markdown]
# The loop keeps what is best on the validation part, and if that is the frozen network, so be it. A face is easily told
# from a wall, so there is little to add here, and one photograph of sixty may decide: don't read more into it. (With
# your own, train on more than half, and lay enough aside to see a difference.)
#
# With the internet, take a network that has seen a million photographs. The lines are those of lesson 01: `SIZE`,
# `photo_base`, `rescale`. The full version runs these cells so, with a MobileNet and photographs of flowers.
#
# ## Going deeper
#
# The rest of the lesson does not need this part.
#
# ### The head first, or all at once?
#
# A random head sends random gradients into features that were good. So it is usual to fit it first, as we did (Kumar et
# al. 2022 give the reasons). What would have happened without?

# %%
at_once = []
for start, rows in zip(starts, draws):
    random_head = keras.models.clone_model(model).get_weights()[-2:]  # in place of the fitted one
    train(model, start[:-2] + random_head, rows, rate=0.002)
    at_once.append(outcome(network, base, model))
orders = {"head first": measured["trains", 0.002], "all at once": np.transpose(at_once)}
accuracy_table({name: dict(zip(columns, order)) for name, order in orders.items()})

# %%
gain = paired_interval(*(outcomes[DIGITS] for outcomes in orders.values()))
lesson.finding("head-first", "Digits, head first less all at once", gain)

# %% [markdown]
# An advice with good reasons still has to be measured where you use it. Where the interval includes zero, the order
# made no difference that three draws could show.
#
# (Another piece of advice: early layers know about edges, late ones about letters, so let the early ones learn more
# slowly. `rates_by_depth` in `tlcourse.finetuning` makes an optimiser with a rate for each depth; Howard & Ruder 2018.)
#
# ## What it shows and what it does not
#
# **It shows** that where the source knows a part of the target and misses a part, relearning beats the best that the
# probe finds in the frozen network; that the rate decides how much is learned and how much is forgotten; that BatchNorm
# at rest did well at the low rate alone; and two mistakes that no error reports. **It does not show** that fine-tuning
# always wins: we made this target, and lesson 06 asks when a source hurts. Rates and steps were chosen on the
# development part, not searched for. A seed varies the draws, new layers, random weights and the order of training. The
# borrowed weights, the pool and the test part never change, and the intervals speak of other draws from this pool,
# judged on these pictures.
#
# ## Your turn
#
# Replace `...` by your answer, run the cell, then the folded check below it.
#
# ### Exercise 2.1 · Only the top
#
# With few pictures or a large network, people often thaw the top alone. So let `stage3` and the new layer train; all
# that comes before rests, and so does *every* BatchNorm layer. Write `only_top(base, model)`: it sets the flag of each
# layer in `base` and returns how many numbers `fit` will change in `model`, once it has been compiled again. (In the
# course's words it is `unfreeze(base, since="stage3_in_conv", batch_norm="freeze")`.)
#
# <details><summary>Hint</summary>
#
# `prepared` loops over the layers of a base; their names begin with the stage. `model.trainable_weights` is a list, and
# `np.prod(weight.shape)` counts the numbers in one of them.
# </details>


# %%
### BEGIN SOLUTION
def only_top(base, model):
    for layer in base.layers:
        late = layer.name.startswith("stage3")
        layer.trainable = late and not isinstance(layer, layers.BatchNormalization)
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


### END SOLUTION


# %% tags=["wrong-answer"]
def only_top(base, model):
    for layer in base.layers:
        layer.trainable = layer.name.startswith("stage3")
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


# %% tags=["wrong-answer"]
def only_top(base, model):
    base.trainable = False
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


# %%
from tlcourse.finetuning import unfreeze

thawed = unfreeze(resting_base, since="stage3_in_conv", batch_norm="freeze")
wanted = thawed.trained + resting_model.layers[-1].count_params()
count = lambda only_top: only_top(resting_base, resting_model)  # noqa: E731
reasons = {
    "It should return a whole number.": lambda f: isinstance(count(f), int | np.integer),
    "Something trains that should rest.": lambda f: count(f) <= wanted,
    "Something rests that should train.": lambda f: count(f) >= wanted,
}
lesson.check("2.1", only_top, reasons)

# %% [markdown]
# ### Exercise 2.2 · Lost, or only moved?
#
# The old head loses letters because features are gone, or because they have moved. At the middle rate with BatchNorm
# training, take the means over the three draws: of the points that the old head has lost since `untouched`, which share
# does a new head win back? Compute `won_back`.
#
# <details><summary>Hint</summary>
#
# `untouched` and each column of `measured["trains", 0.002]` are in the order of `columns`; `OLD` and `NEW` are the
# numbers of two rows. How much did the old head lose? How much is between the two heads now?
# </details>

# %%
### BEGIN SOLUTION
means = measured["trains", 0.002].mean(axis=1)
won_back = (means[NEW] - means[OLD]) / (untouched[OLD] - means[OLD])
### END SOLUTION

# %% tags=["wrong-answer"]
won_back = (measured["trains", 0.002][NEW] - measured["trains", 0.002][OLD]).mean()

# %% tags=["wrong-answer"]
won_back = measured["trains", 0.002][NEW].mean() / untouched[NEW]

# %%
_, _, old, anew = measured["trains", 0.002].mean(axis=1)
lost = untouched[OLD] - old
reasons = {
    "It should be one number from 0 to 1.": lambda share: np.ndim(share) == 0 and 0 <= share <= 1,
    "Divide by what the old head has lost.": lambda share: not np.isclose(share, anew - old),
    "Compare the two heads after the training, means over the draws.": lambda share: np.isclose(
        share, (anew - old) / lost
    ),
}
lesson.check("2.2", won_back, reasons)

# %% [markdown]
# ### Exercise 2.3 · Learn, and keep the letters
#
# Plain weight decay pulls weights towards zero. **L2-SP** (Li, Grandvalet & Davoine 2018) pulls them towards where they
# started: $\tfrac{\alpha}{2} \lVert w - w_S \rVert^2$ is added to the loss. `stay_close(base, strength)` adds it (to
# `weight.regularizer` of each weight), and a second call replaces the first, 0 takes it off; call it with the borrowed
# weights in the base, before `compile`. Train on the first draw as before, with a strength that you choose on the
# *validation part*: of those that keep the old head 20 points above `measured["trains", 0.002][OLD, 0]`, the one that
# is best there. Set `kept` to its `outcome(network, base, model)`. Are the digits of the test part still ahead of the
# best frozen layer?
#
# <details><summary>Hint</summary>
#
# `base.set_weights(starts[0][:-2])` brings the borrowed weights back. Then `stay_close`, `compile`, `train`, `outcome`.
# Strengths differ by factors of ten: 0.1, 1, 10.
# </details>

# %%
from tlcourse.finetuning import stay_close

### BEGIN SOLUTION
base.set_weights(starts[0][:-2])
stay_close(base, strength=1.0)  # 0.1 keeps fewer letters, 10 learns fewer digits
model.compile(keras.optimizers.Adam(), loss, metrics=["accuracy"])
train(model, starts[0], draws[0], rate=0.002)
kept = outcome(network, base, model)
### END SOLUTION

# %% tags=["wrong-answer"]
kept = tuple(measured["trains", 0.002][:, 0])

# %% tags=["wrong-answer"]
kept = untouched

# %%
reasons = {
    "Give the four accuracies of `outcome`.": lambda kept: len(kept) == 4 and max(kept) <= 1,
    "The old head keeps less than 20 points more.": lambda kept: (
        kept[OLD] >= measured["trains", 0.002][OLD, 0] + 0.2
    ),
    "The digits are not ahead of the best frozen layer.": lambda kept: kept[DIGITS] > frozen[0],
}
lesson.check("2.3", kept, reasons)

# %% [markdown]
# ### Check yourself
#
# <details><summary>1. Why is <code>compile</code> called after a flag has changed?</summary>
#
# What trains is settled when `fit` is first called after `compile`. `fit` does not see a flag that changes later.
# </details>
#
# <details><summary>2. The old head names few letters, a new head many more. What happened?</summary>
#
# The features still tell letters apart, but in other places than the old head looks at.
# </details>
#
# <details><summary>3. How can a network change without a gradient?</summary>
#
# BatchNorm's moving averages are no parameters. In training mode each batch moves them.
# </details>
#
# <details><summary>4. Why may you not choose the rate by the column of digits?</summary>
#
# It is about the test part. What is chosen there is then judged on what chose it. The validation column is for it.
# </details>
#
# <details><summary>5. When would you leave the network frozen?</summary>
#
# When the best frozen layer is good enough on your validation part; when you still need the source; when features must
# be computed once, because time is short.
# </details>

# %% [markdown]
# ## Recap
#
# 1. **The usual order**: fit a new head on the frozen network, unfreeze, compile again, train with a rate that falls.
# 2. **Worth** is measured against the best frozen layer and against training from scratch, on the same labels.
# 3. **The rate** decides what is learned and what is forgotten. Choose it on a validation part.
# 4. **BatchNorm** holds parameters and moving averages. At rest, take a very low rate. If it trains, its averages
#    follow the target, even without a gradient.
# 5. **On your own photographs**: three parts of the data, one recipe, a model that is saved and answers.

# %% [markdown]
# ## Further reading
#
# - Yosinski, Clune, Bengio & Lipson (2014), *How transferable are features in deep neural networks?*, NeurIPS.
# - Ganin et al. (2016), *Domain-Adversarial Training of Neural Networks*, JMLR 17(59). MNIST on photographs.
# - Kumar, Raghunathan, Jones, Ma & Liang (2022), *Fine-Tuning can Distort Pretrained Features and Underperform
#   Out-of-Distribution*, ICLR. The head first.
# - Howard & Ruder (2018), *Universal Language Model Fine-tuning for Text Classification*, ACL. A rate for each depth.
# - Li, Grandvalet & Davoine (2018), *Explicit Inductive Bias for Transfer Learning with Convolutional Networks*, ICML.
# - Ioffe & Szegedy (2015), *Batch Normalization*, ICML.
# - McCloskey & Cohen (1989), *Catastrophic Interference in Connectionist Networks*, Psychology of Learning and
#   Motivation 24. Forgetting.
