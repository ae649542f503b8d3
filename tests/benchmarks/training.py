"""Short trainings: `train` against `fit`, and what setting the global seed costs. Run by `make bench`.

The whole `letters` network and a head, much as lesson 02 trains them. Tracing is excluded. Alternating repeats; `fit`
varies much more than `train` does, so the smallest and the largest ratio are printed as well as the median.
"""

import statistics
import time

from tlcourse.lesson import quietly

with quietly():
    import keras

import numpy as np

from tlcourse.backbones import load_backbone
from tlcourse.finetuning import unfreeze
from tlcourse.networks import use_xla
from tlcourse.training import train

BATCH, STEPS, REPEATS = 32, (12, 50), 8


def compiled():
    network = load_backbone("letters").model
    unfreeze(network, since="stem_conv", batch_norm="train")
    model = keras.Sequential([network, keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(4)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-4), loss, jit_compile=use_xla())
    return model


def timed(function, *arguments, **options):
    started = time.perf_counter()
    function(*arguments, **options)
    return time.perf_counter() - started


def ratios(model, steps):
    rng = np.random.default_rng(0)
    images = rng.uniform(0, 255, (steps * BATCH, 32, 32, 3)).astype("float32")
    labels = rng.integers(4, size=len(images))
    options = {"batch_size": BATCH, "shuffle": False, "verbose": 0}
    for _ in range(REPEATS):
        fitting = timed(model.fit, images, labels, **options)
        yield fitting / timed(train, model, images, labels, BATCH)


def after_seed(model):
    images, labels = np.zeros((BATCH, 32, 32, 3), "float32"), np.zeros(BATCH, int)
    for seed in range(REPEATS):
        usual = timed(train, model, images, labels, BATCH)
        keras.utils.set_random_seed(seed)
        yield timed(train, model, images, labels, BATCH) / usual


def show(name, found):
    print(f"{name}: {statistics.median(found):.2f} ({min(found):.2f} … {max(found):.2f})")


if __name__ == "__main__":
    model = compiled()
    list(ratios(model, steps=1))
    for steps in STEPS:
        show(f"{steps} steps, fit / train", list(ratios(model, steps)))
    show("one step after setting the global seed / one step", list(after_seed(model)))
