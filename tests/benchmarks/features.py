"""A head on cached features against the Keras guide's way, the frozen base inside `fit`. Run by `make bench`.

Same head, same optimiser, batches of 32, ten epochs, all labelled digits; this is about
time. The guide's way is timed twice, as the guide writes it (`compile` with its defaults, ten epochs) and
with the settings that the head gets (XLA on JAX alone, all steps in one call of the compiled function). Building and
tracing are excluded and reported. Five alternating repeats.
"""

import os
import statistics
import tempfile
import time

os.environ["TLCOURSE_CACHE"] = tempfile.mkdtemp()

from tlcourse.lesson import quietly

with quietly():
    import keras

from tlcourse.assets import cache_folder
from tlcourse.backbones import load_backbone
from tlcourse.datasets import load_dataset
from tlcourse.features import extract
from tlcourse.networks import use_xla
from tlcourse.training import passes, restart

EPOCHS, BATCH, REPEATS = 10, 32, 5

digits, letters = load_dataset("digits"), load_backbone("letters")
labels = digits.labels
STEPS = EPOCHS * len(labels) // BATCH


def compiled(*layers, **options):
    network = keras.Sequential([*layers, keras.layers.Dense(10)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(keras.optimizers.Adam(0.01), loss, **options)
    return network


def timed(function):
    started = time.perf_counter()
    result = function()
    return time.perf_counter() - started, result


def fit_epochs(network, inputs, seed):
    restart(network, seed)
    return timed(lambda: network.fit(inputs, labels, batch_size=BATCH, epochs=EPOCHS, verbose=0))[0]


def fit_passes(network, inputs, seed):
    restart(network, seed)
    order = passes(range(len(inputs)), STEPS, BATCH, seed)
    return timed(lambda: network.fit(inputs[order], labels[order], batch_size=BATCH, shuffle=False, verbose=0))[0]


def accuracy(network, inputs):
    return float((network.predict_on_batch(inputs).argmax(axis=1) == labels).mean())


def features():
    return extract(letters, digits.images, "stage3")


def forget():
    for path in cache_folder("features").iterdir():
        path.unlink()


if __name__ == "__main__":
    base = (keras.Input((32, 32, 3)), letters.model, keras.layers.GlobalAveragePooling2D())
    lean = {"jit_compile": use_xla(), "steps_per_execution": STEPS}
    guide, tuned, head = compiled(*base), compiled(*base, **lean), compiled(keras.Input((104,)), **lean)
    images = letters.preprocess(digits.images)
    first = fit_epochs(guide, images, 0), fit_passes(tuned, images, 0), fit_passes(head, features(), 0)
    rows = []
    for seed in range(1, REPEATS + 1):
        row = {"guide": fit_epochs(guide, images, seed), "tuned": fit_passes(tuned, images, seed)}
        forget()
        computing, _ = timed(features)
        reading, kept = timed(features)
        training = fit_passes(head, kept, seed)
        row |= {"cold": computing + training, "warm": reading + training}
        row["gap"] = abs(accuracy(guide, images) - accuracy(head, kept))
        rows.append(row)
        print("repeat", seed, {name: round(value, 3) for name, value in row.items()})
    print("first calls, tracing included: guide {:.1f} s, tuned {:.1f} s, head {:.1f} s".format(*first))
    for way in ("guide", "tuned"):
        for state in ("cold", "warm"):
            ratios = [row[way] / row[state] for row in rows]
            print(f"{way} against {state}: {statistics.median(ratios):.1f} ({min(ratios):.1f} … {max(ratios):.1f})")
    print(f"largest difference in accuracy: {100 * max(row['gap'] for row in rows):.2f} points")
