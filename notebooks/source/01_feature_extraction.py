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
#       full: [mnist, flowers, mobilenet-0.25]
#     seconds: {quick: 110, full: 570}
# ---

# %% [markdown]
# # 01 · Feature extraction: what is already known?
#
# You have fifty labelled pictures of handwritten digits, five of each. That is too few to train a good network. But
# somebody has already trained one, on forty thousand *printed letters*. It has never seen a digit, and nothing written
# by hand. Can you use what it knows? How, and how much is it worth to you?
#
# **After this lesson you can**
#
# 1. put a classifier of your own on a pretrained network, in plain Keras;
# 2. compute its features once, and train on them in milliseconds;
# 3. say what the pretrained network is worth, against rivals that deserve to be beaten;
# 4. find mistakes that no error message tells you about;
# 5. do it with photographs of your own.
#
# 60 minutes. You should know what a convolutional network is and have called `fit` before.

# %% tags=["parameters"]
LESSON = "01"
PROFILE = "quick"
SEED = 0

# %%
from tlcourse.lesson import Lesson
from tlcourse.plotting import plot_images, style

lesson = Lesson(LESSON, PROFILE, SEED)
style()

# %%
import tempfile
import time
from functools import partial
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers
from sklearn.linear_model import RidgeClassifierCV
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

keras.utils.set_random_seed(SEED)

# %% [markdown]
# The printed line says which run you see. *quick* is the version that runs anywhere in a minute. In the *full* one the
# same cells run on larger data: MNIST instead of these digits, and photographs of flowers with a network trained on
# ImageNet instead of faces. `lesson.pick(quick=…, full=…)` chooses between them; in your own code you would write just
# one of the two. The text speaks of *quick*. `lesson.part` is the data to test on: the *reporting part*, on which
# nothing is ever chosen. (Choices are made on other data, the *development part*.)
#
# ## Data
#
# Real handwritten digits, 8×8 pixels, grey. Labels may be taken from a **pool** of 900 pictures. Accuracy is measured
# on 897 others, the **test part**. The file is in the order of its writers, and these are its two halves, so few people
# are in both.

# %% tags=["exact"]
from tlcourse.datasets import load_dataset

digits = load_dataset(lesson.pick(quick="digits", full="mnist"), evaluate_on=lesson.part)
pool, test = digits.pool, digits.test
print("pool", pool.images.shape, " test", test.images.shape)
print("values", pool.images.min(), "to", pool.images.max())

# %% [markdown]
# Our budget is five labels of each digit. Which five is a matter of chance, so we shall repeat everything over twenty
# **draws** of fifty labels. A draw is a list of row numbers. Here are the fifty pictures of the first draw:

# %%
from tlcourse.evaluation import draw_labels

draws = draw_labels(pool.labels, 5, draws=20, seed=SEED)  # shape (20, 50)
few = draws[0]
_ = plot_images(pool.images[few], columns=10)

# %% [markdown]
# ## Idea
#
# The network that we borrow names 71 Latin and Greek letters. (The course trained it, on letters that a program draws.)
# Here it is at its own job, in a font that it never saw, with what it says above each:

# %%
from tlcourse.backbones import load_network

network, names = load_network("letters")
letters = load_dataset("letters", evaluate_on=lesson.part).test
as_colour = np.repeat(letters.images[..., None] / np.float32(255), 3, axis=-1)  # three channels
letters_say = network.predict(as_colour, verbose=0).argmax(axis=1)
print(f"{np.mean(letters_say == letters.labels):.1%} of {len(letters.labels)} letters are right")
_ = plot_images(letters.images[:10], [names[answer] for answer in letters_say[:10]])

# %% [markdown]
# Below is what is inside: a box that brings values from 0…1 to −1…1, four blocks of convolutions, an average over the
# picture, and the last layer. That last layer, `head`, is about letters. The layers before it turn a picture into 104
# numbers in which letters are easy to tell apart. These numbers are called **features**. An edge here, a loop there,
# where two strokes meet: that may be useful for digits too.

# %%
from tlcourse.plotting import plot_network

network.trainable = False  # for the drawing; the cut model below gets a flag of its own
_ = plot_network(network, borrowed=network)

# %% [markdown]
# So cut off the last layer, **freeze** the rest, so that training can't change it, and train one new layer on top. This
# is **feature extraction**, the simplest kind of transfer learning. What the network was trained on is called the
# **source**, here the letters; what we want is the **target**, the digits.
#
# ## By hand
#
# ### Cut and freeze
#
# A model that ends at `stage3` is one line of Keras; it shares its layers with `network`. `trainable = False` freezes
# all its layers. That includes its batch normalisation, which goes on using the averages that it learned on letters.
# (Guides also call the base with `training=False`; for frozen layers that changes nothing. Lesson 02 comes back to it.)

# %%
base = keras.Model(network.input, network.get_layer("stage3").output)
base.trainable = False
borrowed_weights = base.get_weights()
print(f"{base.count_params():,} weights, of them trainable: {len(base.trainable_weights)}")

# %% [markdown]
# ### Bring pictures to the form that the network knows
#
# It was trained on 32×32 pictures with three colour channels, bright strokes on black, values from 0 to 1. Ours are
# smaller and grey. A network that gets another kind of picture does not complain; it only knows less.


# %%
LARGEST = pool.images.max()  # the value of the brightest pixel


def preprocess(images):
    images = images.astype("float32")[..., None] / LARGEST
    enlarged = keras.ops.image.resize(images, (32, 32), antialias=True)
    return keras.ops.convert_to_numpy(keras.ops.repeat(enlarged, 3, axis=-1))


# %%
ready, test_ready = preprocess(pool.images[few]), preprocess(test.images)
print(f"letters {as_colour.shape[1:]}, {as_colour.min():.2f} to {as_colour.max():.2f}")
print(f"digits  {ready.shape[1:]}, {ready.min():.2f} to {ready.max():.2f}")
shown = np.concatenate([as_colour[:5], ready[::10]])
_ = plot_images(shown, ["letter"] * 5 + ["digit"] * 5)

# %% [markdown]
# Same size, same range, both bright on black. The digits are blurrier and fill the frame; the network has seen blurred
# letters too. Always look at this before you train.
#
# ### A new last layer

# %%
average = layers.GlobalAveragePooling2D(name="average")  # over the 4×4 places: 104 numbers
head = layers.Dense(10, name="head")  # a score for each digit
model = keras.Sequential([base, average, head])
_ = plot_network(model, borrowed=network)

# %%
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)  # scores, not probabilities
model.compile(keras.optimizers.Adam(0.01), loss, metrics=["accuracy"])
start = time.perf_counter()
history = model.fit(ready, pool.labels[few], batch_size=50, epochs=60, verbose=0).history
print(f"sixty epochs in {time.perf_counter() - start:.1f} s")

# %% [markdown]
# How did training go, and how good is it on digits that it has not seen?

# %%
_, ax = plt.subplots(figsize=(4.5, 2.2))
ax.plot(history["loss"])
_ = ax.set(xlabel="epoch", ylabel="loss on the fifty", ylim=0)
by_hand = model.evaluate(test_ready, test.labels, verbose=0)[1]
print(f"{by_hand:.1%} of the test digits are right")

# %% [markdown]
# Guessing would give 10 %. The rate of 0.01 and the sixty epochs are ordinary choices for one new layer, not tuned:
# what matters is that the loss has stopped falling. It is near zero: the layer knows its fifty pictures by heart. What
# does it get wrong on the others?

# %%
says = model.predict(test_ready, verbose=0).argmax(axis=1)
wrong = np.flatnonzero(says != test.labels)
print("mistakes by digit, 0 to 9:", np.bincount(test.labels[wrong], minlength=10))
wrong = wrong[:: len(wrong) // 10][:10]
_ = plot_images(test.images[wrong], [f"{test.labels[n]}, says {says[n]}" for n in wrong])

# %% [markdown]
# Some digits suffer more than others. Perhaps our five of that digit don't show all the ways in which people write it;
# perhaps the network can't tell them apart. One draw does not say which.
#
# Did training leave the borrowed network alone? Don't believe it, look:

# %%
unmoved = [np.array_equal(was, now) for was, now in zip(borrowed_weights, base.get_weights())]
lesson.claim(
    "frozen-unmoved",
    "Training moved no weight of the frozen network, not by one bit.",
    holds=all(unmoved),
    observed={"arrays of weights": len(unmoved), "the same as before": sum(unmoved)},
)

# %% [markdown]
# A **claim** is a conclusion that code checks, here and in the course's own tests, with several seeds. The line below
# it says what was measured.
#
# ### Compute the features once
#
# In sixty epochs, `fit` sent the same fifty pictures through the frozen network sixty times, and got the same features
# each time. Once is enough: `predict` gives maps of 4×4×104 numbers, and the mean over the two middle axes is what the
# pooling layer took.

# %%
start = time.perf_counter()
few_features = base.predict(ready, verbose=0).mean(axis=(1, 2))
print(f"{few_features.shape} in {time.perf_counter() - start:.2f} s, once")
test_features = base.predict(test_ready, verbose=0).mean(axis=(1, 2))

# %% [markdown]
# Compare the two times: the network has run once instead of sixty times.
#
# What do these numbers see? For each test digit, look for the most similar of the fifty: by its pixels, and by its 104
# features. No training at all, only distances.


# %%
def nearest(known, asked):
    """For each of `asked`, the row number of the nearest in `known`."""
    distances = [np.square(known - one).reshape(len(known), -1).sum(axis=1) for one in asked]
    return np.argmin(distances, axis=1)


by_pixels, by_features = few[nearest(ready, test_ready)], few[nearest(few_features, test_features)]
right = {
    name: pool.labels[rows] == test.labels
    for name, rows in (("pixels", by_pixels), ("features", by_features))
}
print(", ".join(f"{name}: {share.mean():.1%} find their own kind" for name, share in right.items()))

# %%
fails = np.flatnonzero(~right["pixels"])
fails = fails[:: len(fails) // 8][:8]
rows = [test.images[fails], pool.images[by_pixels[fails]], pool.images[by_features[fails]]]
labels = [test.labels[fails], pool.labels[by_pixels[fails]], pool.labels[by_features[fails]]]
_ = plot_images(np.concatenate(rows), np.concatenate(labels), columns=8)

# %% [markdown]
# First row: eight digits whose pixels find a wrong digit. Second row: what they find, with its label. Third row: what
# the features find. We chose the eight by the failure of the pixels, so the picture flatters the features; the two
# shares above do not. Set the second share beside what the trained layer got right: in these features, to be near
# already means, mostly, to be of one kind.
#
# On features, a last layer needs no training loop at all. **Ridge regression** is least squares with a penalty on large
# weights. `RidgeClassifierCV` tries several penalties and takes the one that does best when each of the fifty pictures
# is left out in turn. `StandardScaler` brings the 104 numbers to one scale, so that the penalty treats them alike.

# %%
ridge = make_pipeline(StandardScaler(), RidgeClassifierCV(alphas=np.logspace(-1, 4, 11)))
start = time.perf_counter()
ridge.fit(few_features, pool.labels[few])
print(f"fitted in {1000 * (time.perf_counter() - start):.0f} ms")
print(f"{ridge.score(test_features, test.labels):.1%} of the test digits are right")

# %% [markdown]
# It need not be the same number as above: ridge chooses its penalty, and our new layer had none. From here on ridge is
# compared with the rivals, because it is fast, and because it leaves no learning rate to choose.
#
# The price of features computed once: no **augmentation**, that is, no turning or shifting of each picture anew in
# every epoch. A changed picture has features of its own.
#
# From here on, `load_backbone` gives the network already cut, together with its preprocessing. `extract` does our lines
# (`preprocess`, then `predict` and the mean) and keeps the result in a file; if a weight or a pixel changes, it
# computes anew. The course's **probe**, `fit_probe`, is this ridge classifier. Both give what we computed by hand, up to
# rounding (a graphics card may round to three digits):

# %%
from tlcourse.backbones import load_backbone
from tlcourse.features import extract, fit_probe

backbone = load_backbone("letters")
of_pool, of_test = (extract(backbone, part.images, "stage3") for part in (pool, test))
probe = fit_probe(of_pool[few], pool.labels[few])
apart = float(np.abs(of_test - test_features).max())
same = float(np.mean(probe.predict(of_test) == ridge.predict(test_features)))
lesson.claim(
    "helpers-do-the-same",
    "The helpers give what was computed by hand: the same features, and the same answers.",
    holds=apart < 0.01 * of_test.std() and same > 0.999,
    observed={"largest difference of a feature": apart, "share of the same answers": same},
)

# %% [markdown]
# ## What is it worth?
#
# One number says little. What would you have had *without* the letters? And was it luck that these fifty were drawn?
#
# The first rival is no network at all: a **support vector machine on the pixels**, a strong plain classifier for such
# small pictures. Its two settings are chosen by cross-validation inside the same fifty labels. Both methods on each of
# the twenty draws:
#
# **Before you run it.** Write down your guess: how many per cent do the pixels reach?

# %%
flat_pool, flat_test = (
    part.images.reshape(len(part.images), -1) / LARGEST for part in (pool, test)
)
grid = {"C": [1, 10], "gamma": np.array([1, 3, 10, 30]) / flat_pool.shape[1]}
svm = GridSearchCV(SVC(), grid, cv=3)
letters_right, svm_right = [], []
for rows in draws:
    probe = fit_probe(of_pool[rows], pool.labels[rows])
    letters_right.append(np.mean(probe.predict(of_test) == test.labels))
    svm_right.append(svm.fit(flat_pool[rows], pool.labels[rows]).score(flat_test, test.labels))

# %%
from tlcourse.evaluation import paired_interval

gains = 100 * (np.array(letters_right) - svm_right)
print(f"letters {np.mean(letters_right):.1%}, pixels {np.mean(svm_right):.1%}")
print(f"single draws: {gains.min():+.1f} to {gains.max():+.1f} points, {np.sum(gains > 0)} above 0")
half = 2.093 * gains.std(ddof=1) / np.sqrt(20)  # 2.093: Student's t for twenty draws
print(
    f"their mean: {gains.mean():+.1f} ± {half:.1f}; by helper {paired_interval(letters_right, svm_right)}"
)

# %% [markdown]
# Two kinds of spread. *You* will have one draw, and single draws differ by several points. The **95 % interval** in
# brackets is about the *mean* of such draws: about two standard errors to either side, so it would be narrower with
# more draws. It speaks of other draws from this pool, judged on these test pictures, and not of other people's
# handwriting.
#
# Two more rivals answer two doubts:
#
# - *From scratch*: is a network of our own not better? A small convolutional network made for pictures of this size,
#   trained on the labelled pictures alone, its learning rate chosen inside the labels.
# - *Untrained*: would any network of that shape do? Our recipe with random weights instead of the learned ones, as Keras
#   makes them. Mean of five such networks.
#
# And more budgets, from one label of each digit to fifty of each. `label_efficiency` runs the loop above for a method,
# with twenty draws at each budget; at five of each they are the same twenty. It wants a function from labelled rows to
# answers for the test part: `probe_on` makes one of our probe, `svm_on_pixels` of the SVM above. With one or two labels
# of each digit there is too little to leave out, so the SVM gets fixed settings, and with one the probe too.
#
# What comes back remembers every answer: `frozen.at(5)` has a row for each draw and a column for each test picture, and
# says whether it was right.
#
# **Before you run it.** With fifty labels of each digit, will the letters be further ahead, or less?

# %%
from tlcourse.evaluation import label_efficiency
from tlcourse.rivals import from_scratch, probe_on, svm_on_pixels, untrained_curve

repeat = partial(
    label_efficiency, pool_labels=pool.labels, test_labels=test.labels, draws=20, seed=SEED
)
frozen = repeat(
    "letters, frozen", probe_on(of_pool, of_test, pool.labels), budgets=(1, 2, 5, 20, 50)
)
pixels = repeat("pixels, SVM", svm_on_pixels(pool, test), budgets=(1, 2, 5, 20, 50))

# %%
scratch = repeat("from scratch", from_scratch(pool, test, seed=SEED), budgets=(5, 50))
options = dict(budgets=(5, 50), draws=20, seed=SEED)
untrained = untrained_curve(backbone, pool, test, **options)

# %%
from tlcourse.evaluation import accuracy_table
from tlcourse.plotting import plot_curves

curves = [frozen, pixels, scratch, untrained]
_ = plot_curves(curves)
accuracy_table({curve.name: {f"{k} each": curve.at(k) for k in curve.budgets} for curve in curves})

# %% [markdown]
# A row is a method, a column a number of labels of each digit. In the figure, lines are means over the twenty draws,
# bands the 95 % intervals of these means, and the lower axis is logarithmic.
#
# *Where labels are few, the letters are worth most.* At one and two labels of each digit they are further ahead than at
# five; at fifty of each the SVM has almost caught up. Read from left to right: with two labels of each digit, the
# letters do about what the pixels do with five. Somebody has to pay for labels; that is what borrowing saves.
#
# *The untrained network is the worst of all*, behind the plain pixels. So what helps is what was learned.

# %%
over = {curve.name: paired_interval(frozen.at(5), curve.at(5)) for curve in curves[1:]}
lesson.claim(
    "frozen-beats-rivals",
    "With five labels of each digit, the borrowed features beat all three rivals.",
    holds=min(interval.low for interval in over.values()) > 0,
    observed={f"over {name}": interval for name, interval in over.items()},
)

# %%
gain_at = {k: frozen.at(k).mean(axis=1) - scratch.at(k).mean(axis=1) for k in (5, 50)}
shrinks = paired_interval(gain_at[5], gain_at[50])
lesson.claim(
    "gain-shrinks",
    "Over training from scratch, the gain is smaller with fifty labels of each than with five.",
    holds=shrinks.low > 0,
    observed={"gain with five less gain with fifty": shrinks},
)
still = paired_interval(frozen.at(50), pixels.at(50))
lesson.finding("gain-at-fifty", "Gain over the SVM with fifty labels of each", still)

# %% [markdown]
# (A **finding** is measured and printed without a verdict.) Are the letters ahead at all with fifty labels of each?
# Where the interval lies above zero, they are, on these pictures: half a point of 897 is four or five pictures.
#
# ### Another source
#
# Is any pretrained network better than none? The course has a second one, `photos`: the same architecture, trained on
# about as many pictures, but photographs of animals and vehicles.
#
# **Before you run it.** Where will it stand in the table?

# %%
photos = load_backbone("photos")
on_photos = probe_on(
    *(extract(photos, part.images, "stage3") for part in (pool, test)), pool.labels
)
natural = repeat("photos, frozen", on_photos, budgets=(5,))
print(f"at its own job photos is right for {photos.card['accuracy']:.0%}")
plain = repeat("pixels, ridge", probe_on(flat_pool, flat_test, pool.labels), budgets=(5,))
table = (frozen, pixels, natural, plain, untrained)
accuracy_table({each.name: {"5 each": each.at(5)} for each in table})

# %%
gain = paired_interval(natural.at(5), pixels.at(5))
lesson.finding("photos-over-pixels", "Gain of photos over the SVM on pixels", gain)

# %% [markdown]
# A network of the same shape, and good at its own job, read at the same layer, is worth less here than no network at
# all: the SVM on pixels is ahead. It knows little that helps here: it is a few points ahead of the untrained one, and
# about as good as *pixels, ridge*, the same classifier without any network. Two sources can't tell why one helps and the
# other does not. That letters and digits are both made of strokes is a guess; lesson 06 asks whether one can know
# beforehand.
#
# ## Where it breaks
#
# Three mistakes that raise no error. The first two cost accuracy.
#
# ### Pictures of another kind
#
# *Wrong range*: the files of such digits hold values from 0 to 16, and somebody forgets to divide. *Wrong polarity*:
# somebody scans black ink on white paper, so every picture is inverted. Labelled and test pictures are wrong *in the
# same way*, and the probe is trained on them.
#
# **Before you run it.** Which is worse? Is it still worth borrowing?


# %%
def after(change):
    """Accuracy for each draw if every picture is changed before it is preprocessed."""
    wrong_pool, wrong_test = (
        base.predict(preprocess(change(part.images)), verbose=0).mean(axis=(1, 2))
        for part in (pool, test)
    )
    predict = probe_on(wrong_pool, wrong_test, pool.labels)
    return np.array([np.mean(predict(rows) == test.labels) for rows in draws])


# %%
mistakes = {
    "as it should be": after(lambda images: images),
    "values up to 16": after(lambda images: 16.0 * images),
    "inverted": after(lambda images: LARGEST - images),
}
rows = mistakes | {"pixels, SVM": svm_right}
accuracy_table({name: {"5 each": right} for name, right in rows.items()})

# %%
for name in ("values up to 16", "inverted"):
    over_pixels = paired_interval(mistakes[name], svm_right)
    lesson.finding(f"{name[:6]}-over-pixels", f"Gain over the SVM on pixels, {name}", over_pixels)

# %% [markdown]
# Both run without a word. With values that are too large, a part of the gain is gone. With inverted pictures more than
# all of it: now the pixels win, although the probe was trained on inverted pictures. (The row of the SVM is for upright
# pictures; inverting does not change the distances between pictures, and it uses nothing else.) What the network knows,
# it knows about bright strokes.
#
# **The repair** is what we did above: print the range, and look at a picture *after* `preprocess` beside one that the
# network was trained on. Exercise 1.2 repairs the polarity.
#
# ### Forgotten to freeze
#
# The same network, the same new layer, the same training, only without `trainable = False`. What happens to the digits,
# and what to the letters? The network keeps its old head, so we can still ask it. (One draw, so read large differences
# only.)

# %%
careless, _ = load_network("letters")
open_base = keras.Model(careless.input, careless.get_layer("stage3").output)  # not frozen
forgot = keras.Sequential([open_base, layers.GlobalAveragePooling2D(), layers.Dense(10)])
forgot.compile(keras.optimizers.Adam(0.01), loss, metrics=["accuracy"])
_ = forgot.fit(ready, pool.labels[few], batch_size=50, epochs=60, verbose=0)

answers = {"frozen": letters_say, "forgotten to freeze": careless.predict(as_colour, verbose=0)}
answers["forgotten to freeze"] = answers["forgotten to freeze"].argmax(axis=1)
on_digits = {
    "frozen": by_hand,
    "forgotten to freeze": forgot.evaluate(test_ready, test.labels, verbose=0)[1],
}
named = {name: np.mean(says == letters.labels) for name, says in answers.items()}
accuracy_table({name: {"digits": on_digits[name], "letters": named[name]} for name in named})

# %% [markdown]
# The network no longer names letters, at least not with its old head. The digits took no harm in this draw: whether
# relearning pays, how to do it with care, and what is really forgotten, is the subject of lesson 02. But the network is
# no longer the one that you borrowed, and its features can't be computed once. The repair is one line, and the claim
# that no weight moved is how to check it.
#
# ## On your own photographs
#
# For photographs, borrow a network that has seen photographs. The course brings a small one, `photos`, trained on ten
# kinds of animals and vehicles. The task: is this a face? The next cell writes real photographs, 25×25 pixels, into a
# folder with a sub-folder for each class. For your own, leave that cell out: `FOLDER = Path("my-photographs")`.
# Guessing would be right half of the time, and many of the other patches are nearly empty: an easy task.

# %%
FOLDER = Path(tempfile.mkdtemp())
some = load_dataset(lesson.pick(quick="faces", full="flowers"), evaluate_on=lesson.part)
for number, (image, label) in enumerate(zip(some.images, some.labels)):
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
_ = plot_images(pictures[:10], [kinds[kind] for kind in which[:10]])

# %% [markdown]
# Every file is read in one way, by `read`, now and later: upright, transparent parts on white, cut to the middle; what
# can't be read right is refused. `check_pictures` looks for what goes wrong without a word; in a terminal it is
# `tlcourse check FOLDER`. All other steps that prepare a picture are layers of the
# model, so that nobody can forget them. `RandomFlip` is augmentation: it mirrors pictures at random, in `fit` alone. We
# train on a fifth and hold out the rest, to be sure of the number; with your own you would rather train on most.

# %%
photo_base = load_backbone(NETWORK).model  # already cut
photo_base.trainable = False
rescale = (
    layers.Rescaling(1 / 255) if NETWORK == "photos" else layers.Rescaling(1 / 127.5, offset=-1)
)
prepare = [layers.RandomFlip("horizontal"), rescale]
new = [layers.GlobalAveragePooling2D(), layers.Dense(len(kinds))]
own = keras.Sequential([keras.Input((*SIZE, 3)), *prepare, photo_base, *new])
own.compile(keras.optimizers.Adam(0.01), loss, metrics=["accuracy"])

# %%
n = len(files) // 5
held_out = pictures[n:], which[n:]
curve = own.fit(pictures[:n], which[:n], validation_data=held_out, epochs=15, verbose=0).history
commonest = np.bincount(which[n:]).max() / (len(files) - n)
print(f"{curve['val_accuracy'][-1]:.1%} of {len(files) - n} held out are right")
print(f"always the commonest kind: {commonest:.1%}")
_, ax = plt.subplots(figsize=(4.5, 2.4))
ax.plot(curve["accuracy"], label=f"trained on ({n})")
ax.plot(curve["val_accuracy"], "--", label=f"held out ({len(files) - n})")
ax.set(xlabel="epoch", ylabel="accuracy")
_ = ax.legend()

# %% [markdown]
# The upper line reaches the top: those pictures are known by heart. The lower one, whose end is printed above, is what
# you may expect of new ones.
#
# Keep the model, load it as another program would, and ask it about one file. The percentage is the model's own
# opinion; lesson 04 asks how far such numbers can be trusted.

# %%
saved = Path(tempfile.mkdtemp()) / "my-classifier.keras"
own.save(saved)
scores = keras.models.load_model(saved).predict(read(files[-1:]).images, verbose=0)[0]
chances = keras.ops.convert_to_numpy(keras.ops.softmax(scores))
print(f"{kinds[chances.argmax()]} ({chances.max():.0%}); its folder is {files[-1].parent.name!r}")

# %% [markdown]
# With the internet, take a larger network, trained on a million photographs. Three lines change:
#
# ```python
# SIZE = (224, 224)
# photo_base = keras.applications.MobileNetV2(include_top=False, input_shape=(*SIZE, 3))  # already cut
# rescale = layers.Rescaling(1 / 127.5, offset=-1)  # it was trained on values from -1 to 1
# ```
#
# The full version of this lesson runs these cells so, with a MobileNet and photographs of flowers.
#
# And what is it worth here? One split of a folder can't say. So once more the rival and twenty draws, now of five
# photographs of each kind from a fixed pool, judged on the test part. Here the probe may also choose which layer to
# read, by leaving labelled pictures out.

# %%
own_pool, own_test = some.pool, some.test
reads = load_backbone(NETWORK)
on_photos = probe_on(
    *(extract(reads, part.images) for part in (own_pool, own_test)), own_pool.labels
)
known = {"pool_labels": own_pool.labels, "test_labels": own_test.labels}
judge = partial(label_efficiency, **known, budgets=(5,), draws=20, seed=SEED)
borrowed = judge(f"{reads.name}, frozen", on_photos).at(5)
own_svm = judge("pixels, SVM", svm_on_pixels(own_pool, own_test)).at(5)
gain = paired_interval(borrowed, own_svm)
lesson.claim(
    "photographs-too",
    "With five photographs of each kind, the borrowed features beat the pixels there too.",
    holds=gain.low > 0,
    observed={"test photographs": len(own_test.labels), "pixels": own_svm.mean(), "gain": gain},
)

# %% [markdown]
# ## Going deeper
#
# The rest of the lesson does not need this part.
#
# ### How ridge chooses so fast
#
# How can ridge try eleven penalties, each with every picture left out in turn, in milliseconds? Because the error on a
# left-out example needs no new fit: with the matrix *H* that turns targets into fitted values, it is the residual
# divided by $1 - H_{ii}$ (Golub, Heath & Wahba 1979). One singular value decomposition gives *H* for all penalties.


# %%
def ridge_by_hand(x, y, penalties):
    """The penalty with the smallest leave-one-out error, and that error."""
    x = (x - x.mean(axis=0)) / np.maximum(x.std(axis=0), 1e-12)
    targets = np.where(y[:, None] == np.unique(y), 1.0, -1.0)
    u, s, _ = np.linalg.svd(x, full_matrices=False)
    errors = []
    for penalty in penalties:
        h = 1 / len(x) + (u * s**2 / (s**2 + penalty)) @ u.T  # 1/n: the mean is fitted too
        left_out = (targets - h @ targets) / (1 - np.diag(h))[:, None]
        errors.append(np.mean(left_out**2))
    return penalties[np.argmin(errors)], min(errors)


x, y = of_pool[few].astype("float64"), pool.labels[few]
penalty, error = ridge_by_hand(x, y, np.logspace(-1, 4, 11))
probe = fit_probe(x, y)
print(f"by hand: penalty {penalty:.3g}, error {error:.4f}")
print(f"probe:   penalty {probe.penalty:.3g}, error {probe.error:.4f}")

# %% [markdown]
# ### Which layer to read
#
# Early layers know about edges, late ones about letters. Which is best for digits? The test set must not answer that.
# The probe chooses the layer by the same leave-one-out error, inside the fifty labels:

# %%
known, asked = (extract(backbone, part.images) for part in (pool, test))
by_tap = {tap: probe_on(known[tap], asked[tap], pool.labels) for tap in known}
by_tap["chosen inside the labels"] = probe_on(known, asked, pool.labels)
by_layer = {name: repeat(name, predict, budgets=(5,)).at(5) for name, predict in by_tap.items()}
in_draw = [fit_probe({tap: known[tap][rows] for tap in known}, pool.labels[rows]) for rows in draws]
print("chosen:", *(f"{tap} {sum(probe.layer == tap for probe in in_draw)} times" for tap in known))
accuracy_table({name: {"5 each": right} for name, right in by_layer.items()})

# %%
gain = paired_interval(by_layer["stage2"], by_layer["stage3"])
lesson.finding("stage2-over-stage3", "Gain of stage2 over stage3", gain)

# %% [markdown]
# On these digits `stage2` is better than `stage3`, which we took because it was the last; the finding says by how much.
# (`tap` is what the code calls a layer that may be read.) The probe sees fifty labels and no test picture, and did not
# find that out: the printed line counts what it chose. It judges by a squared error on the pictures that it leaves out,
# and that is not accuracy on new ones. We know better now, but may not use it: a layer chosen on the test part is
# judged on the pictures that chose it. In the full version, on MNIST, it is the other way round.

# %% [markdown]
# ## What it shows and what it does not
#
# **It shows** that features learned on one task can stand in for labels of another, most where labels are few; that
# this is due to what was learned and not to the shape of the network; that it need not help: photographs as a source
# did worse than a good classifier without any; that a layer chosen inside the labels need not be the best; and that
# pictures of another kind cost accuracy without an error. **It does not show** that frozen is best (lesson 02), nor
# when a source will help (lesson 06). A seed varies the draws, the weights of new layers and of untrained networks, and
# the order of training. The borrowed weights, the pool and the test part never change, and the intervals speak of other
# draws from this pool, judged on these pictures.

# %% [markdown]
# ## Your turn
#
# Replace `...` by your answer, run the cell, then the folded check below it.
#
# ### Exercise 1.1 · What is it worth, in labels?
#
# On average, the letters with **two** labels of each digit do about what the SVM does with **five**. And draw by draw?
# In how many of the twenty draws is the SVM with five ahead of the letters with two? Predict first; then compute it
# from `pixels` and `frozen`. (The two labels of a draw are among its five.)
#
# <details><summary>Hint</summary>
#
# `frozen.at(2)` has a row for each draw and a column for each test picture. What is the accuracy of a draw?
# </details>

# %%
### BEGIN SOLUTION
svm_ahead = int(np.sum(pixels.at(5).mean(axis=1) > frozen.at(2).mean(axis=1)))
### END SOLUTION

# %% tags=["wrong-answer"]
svm_ahead = int(np.sum(pixels.at(5) > frozen.at(2)))

# %% tags=["wrong-answer"]
svm_ahead = int(pixels.at(5).mean() > frozen.at(2).mean())

# %%
reasons = {
    "It should be a whole number from 0 to 20.": lambda n: n in range(21),
    "Compare accuracies draw by draw.": lambda n: n == sum(pixels.accuracy[2] > frozen.accuracy[1]),
}
lesson.check("1.1", svm_ahead, reasons)

# %% [markdown]
# ### Exercise 1.2 · Repair it at the door
#
# Colleagues send you scans of digits of which nobody knows the polarity. Write `normalise(images)`: it takes float
# pictures in [0, 1], some bright on dark, some dark on bright, and returns all of them bright on dark. You may look at
# pixels, not at labels. If it works, `after(lambda images: normalise(1 - images)).mean()` is the accuracy in the first
# row of the table in "Where it breaks".
#
# <details><summary>Hint</summary>
#
# What covers more of a page, ink or paper? Decide for each picture by itself. Most of its border is paper.
# </details>


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
scans = load_dataset("digits").pool.images[:200]
mixed = np.where(np.arange(200)[:, None, None] % 2, 1 - scans, scans)
reasons = {
    "It should return as many pictures, of the same size.": lambda f: f(mixed).shape == mixed.shape,
    "Some that came bright on dark are inverted now.": lambda f: (
        np.isclose(f(scans), scans).mean() > 0.95
    ),
    "Some pictures are still dark on bright.": lambda f: np.isclose(f(mixed), scans).mean() > 0.95,
}
lesson.check("1.2", normalise, reasons)

# %% [markdown]
# ### Exercise 1.3 · Who loses?
#
# A mean hides whom a method serves badly. At five labels, for which digit is the letters' gain over the SVM the
# smallest, and is it a gain at all? Predict first: O, I, Z, S and B look like 0, 1, 2, 5 and 8. Set `least` to that
# digit.
#
# <details><summary>Hint</summary>
#
# `frozen.at(5)` and `pixels.at(5)` have a row for each draw and a column for each test picture: was it right?
# `test.labels` says which digit a column is. Means can be subtracted; rows of `True` and `False` can't. Look at all ten
# gains before you answer.
# </details>

# %%
### BEGIN SOLUTION
better = frozen.at(5).mean(axis=0) - pixels.at(5).mean(axis=0)
least = min(range(10), key=lambda digit: better[test.labels == digit].mean())
### END SOLUTION

# %% tags=["wrong-answer"]
least = max(
    range(10), key=lambda digit: (frozen.at(5) < pixels.at(5))[:, test.labels != digit].mean()
)

# %% tags=["wrong-answer"]
least = 0.02

# %%
gain_of = [
    (frozen.at(5) * 1.0 - pixels.at(5))[:, test.labels == digit].mean() for digit in range(10)
]
reasons = {
    "It should be a digit, from 0 to 9.": lambda digit: digit in range(10),
    "Another digit gains less.": lambda digit: digit == np.argmin(gain_of),
}
lesson.check("1.3", least, reasons)

# %% [markdown]
# ### Check yourself
#
# <details><summary>1. Why is the untrained network a fair rival?</summary>
#
# It has the same shape and gets the same probe, the same labels and the same pictures. Only what was learned is
# missing. So the difference is due to what was learned.
# </details>
#
# <details><summary>2. Two methods are compared on different draws of labels. What is lost?</summary>
#
# The pairing. The differences then contain how lucky each draw was, the interval widens, and a real gain may drown.
# </details>
#
# <details><summary>3. Why may the penalty be chosen by leave-one-out, but not on the test part?</summary>
#
# Leave-one-out uses only examples whose labels we own. What is chosen on the test part fits the test part, and its
# accuracy there is no longer an estimate for new pictures.
# </details>
#
# <details><summary>4. Features of inverted pictures have the same shape and a sensible range. Why are they bad?</summary>
#
# The network learned on bright strokes; nothing taught it what the inverse should mean.
# </details>
#
# <details><summary>5. You train a last layer for 20 epochs on 50 pictures. How many pictures pass through the base with
# the base inside <code>fit</code>, on features computed once, and with a fresh random shift in every epoch?</summary>
#
# 1,000; 50; 1,000. A shifted picture is a new one.
# </details>
#
# <details><summary>6. When would you not freeze?</summary>
#
# When even the best frozen layer is not good enough. Whether relearning then does better has to be measured: lesson 02.
# </details>

# %% [markdown]
# ## Recap
#
# 1. **Feature extraction**: cut off the last layer, prepare pictures as the network knows them, freeze, train a new
#    layer.
# 2. **Features once**: the frozen network needs to see each picture a single time, unless you augment.
# 3. **Worth** is a difference to strong rivals on the same draws of labels, with an interval.
# 4. **Mistakes without an error**: print the range, look at a picture after `preprocess` beside one that the network
#    was trained on, and check that frozen weights did not move.
# 5. **On your own**: a folder, the preparation inside the model, a saved file that answers for a new picture.

# %% [markdown]
# ## Further reading
#
# - Pan & Yang (2010), *A Survey on Transfer Learning*, IEEE TKDE 22(10). The words.
# - Donahue et al. (2014), *DeCAF: A Deep Convolutional Activation Feature for Generic Visual Recognition*, ICML; Sharif
#   Razavian et al. (2014), *CNN Features off-the-shelf: an Astounding Baseline for Recognition*, CVPR Workshops. Where
#   frozen features became the baseline to beat.
# - Yosinski, Clune, Bengio & Lipson (2014), *How transferable are features in deep neural networks?*, NeurIPS. Layer by
#   layer.
# - Kornblith, Shlens & Le (2019), *Do Better ImageNet Models Transfer Better?*, CVPR.
# - Golub, Heath & Wahba (1979), *Generalized Cross-Validation as a Method for Choosing a Good Ridge Parameter*,
#   Technometrics 21(2).
