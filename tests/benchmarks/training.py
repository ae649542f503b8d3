"""What setting Keras's global seed costs a short training. Run by `make bench`.

A step of the whole `letters` network with a new head, as lesson 02 trains it, after the first; alternating repeats.
"""

import statistics
import time

from tlcourse.lesson import quietly

with quietly():
    import keras

import numpy as np

from tlcourse.backbones import load_backbone
from tlcourse.networks import use_xla

BATCH, REPEATS = 32, 8


def compiled():
    network = load_backbone("letters").model
    model = keras.Sequential([network, keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(4)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-4), loss, jit_compile=use_xla())
    return model


def step(model):
    started = time.perf_counter()
    model.train_on_batch(np.zeros((BATCH, 32, 32, 3), "float32"), np.zeros(BATCH, int))
    return time.perf_counter() - started


def after_seed(model):
    for seed in range(REPEATS):
        usual = step(model)
        keras.utils.set_random_seed(seed)
        yield step(model) / usual


if __name__ == "__main__":
    model = compiled()
    step(model)
    found = list(after_seed(model))
    print("one step after setting the global seed / one step: ", end="")
    print(f"{statistics.median(found):.2f} ({min(found):.2f} … {max(found):.2f})")
