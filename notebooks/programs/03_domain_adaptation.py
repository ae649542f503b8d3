"""Lesson 03, Domain adaptation: what it does with data of your own, as one program.

    python 03_domain_adaptation.py FOLDER

FOLDER has train and validation, labelled pictures (by day); unsorted, 64 or more from the new
place, without labels (by night); test, labelled ones from there.

Written into FOLDER: mine.keras, trained on the imitated night, then adapted, even if another line
is ahead: without labels there one can't choose.
"""

import sys
from pathlib import Path

import keras
import numpy as np
from keras import layers, ops
from keras.optimizers import Adam
from keras.optimizers.schedules import CosineDecay

from tlcourse.backbones import load_network
from tlcourse.own_data import read_parts, read_pictures

if len(sys.argv) != 2:
    sys.exit(__doc__)
FOLDER = Path(sys.argv[1])
keras.utils.set_random_seed(0)

SEED = 0


def answers(model, images):
    return model.predict(images, batch_size=256, verbose=0).argmax(axis=1)


smoothed = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)


def use_statistics(network, images):
    """Let every BatchNorm layer take its averages from these images alone."""
    norms = [each for each in network.layers if isinstance(each, layers.BatchNormalization)]
    assert norms and network.trainable, "no BatchNorm layer directly in it, or it is frozen"
    for norm in norms:
        norm.momentum = 0.0  # keep nothing of the old averages
    network(images, training=True)
    for norm in norms:
        norm.momentum = 0.9  # as before


def certain(ignored, logits):
    return -ops.mean(ops.sum(ops.softmax(logits) * ops.log_softmax(logits), axis=1))


def certain_all_classes(ignored, logits):
    p = ops.mean(ops.softmax(logits), axis=0)
    return certain(ignored, logits) + ops.sum(p * ops.log(p + 1e-9))


def adapt(model, loss, images, epochs=20, rate=0.001):
    """Train all but the last layer on images without labels; return the loss of each epoch."""
    model.layers[-1].trainable = False
    n = len(images) // 64 * 64  # whole batches: four answers say little of variety
    assert n, f"adapt needs 64 images or more; got {len(images)}"
    model.compile(Adam(CosineDecay(rate, epochs * n // 64)), loss)
    options = dict(batch_size=64, epochs=epochs, verbose=0)
    return model.fit(images[:n], np.zeros(n), **options).history["loss"]


by_day = read_parts(FOLDER, side=32)
kinds, night = by_day["train"].kinds, read_pictures(FOLDER / "unsorted", side=32, labelled=False)
night = np.random.default_rng(SEED).permutation(night.images)  # files may be in order of class
day, watched, judged = ((part.images, part.labels) for part in by_day.values())

photos, _ = load_network("photos")
base = keras.Model(photos.input, photos.get_layer("stage2").output)
parts = [layers.Rescaling(1 / 255), base, layers.GlobalAveragePooling2D(), layers.Dense(len(kinds))]
camera = keras.Sequential([keras.Input((32, 32, 3)), *parts])
borrowed = camera.get_weights()


def train_by_day(images):
    camera.set_weights(borrowed)
    use_statistics(base, images / 255)
    base.trainable, camera.layers[-1].trainable = False, True
    camera.compile(Adam(0.01), smoothed)
    camera.fit(images, keras.utils.to_categorical(day[1]), epochs=20, verbose=0)
    base.trainable = True


def score(when, images=judged[0]):
    print(f"{when}: {np.mean(answers(camera, images) == judged[1]):.1%} right at night")


def as_by_day(images):  # the day's mean and spread in each channel
    axes = (0, 1, 2)
    return (images - night.mean(axes)) / night.std(axes) * day[0].std(axes) + day[0].mean(axes)


train_by_day(day[0])
by_day_alone = camera.get_weights()
print(f"by day {np.mean(answers(camera, watched[0]) == watched[1]):.1%} right")
score("untouched")
score("untouched, colours as by day", as_by_day(judged[0]))
print("answers at night:", *kinds, np.bincount(answers(camera, night), minlength=len(kinds)))

use_statistics(base, night / 255)
score("own statistics")
for name, loss in {"certain alone": certain, "certain, all classes": certain_all_classes}.items():
    camera.set_weights(by_day_alone)
    adapt(camera, loss, night, rate=0.0003)
    score(name)

darker = night.mean(axis=(0, 1, 2)) / day[0].mean(axis=(0, 1, 2))
train_by_day(day[0] * darker + np.random.default_rng(SEED).normal(0, 10, day[0].shape))
score("night imitated, no adaptation")
adapt(camera, certain_all_classes, night, rate=0.0003)
score("night imitated, then certain, all classes")
p = layers.Softmax()(camera.outputs[0])
named = {kind: p[:, n] for n, kind in enumerate(kinds)}
keras.Model(camera.inputs[0], named).save(FOLDER / "mine.keras")

loaded = keras.models.load_model(FOLDER / "mine.keras")  # night imitated, then adapted
noise = np.random.default_rng(SEED).integers(0, 256, (32, 32, 3))
for name, picture in {kinds[judged[1][0]]: judged[0][0], "noise": noise}.items():
    shares = {kind: p[0] for kind, p in loaded.predict(picture[None], verbose=0).items()}
    print(f"{name}: says {max(shares, key=shares.get)}, {max(shares.values()):.2f}")

print(__doc__.rpartition("\n\n")[2])
