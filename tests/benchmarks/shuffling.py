"""What one order of the examples in all epochs costs, against a new order in each. Run by `make bench`.

After `keras.utils.set_random_seed`, `fit` on arrays shuffles on TensorFlow once and for all: every epoch shows the
examples in the same order. Twenty seeds; for each, one network from the same weights and with the same first epoch,
trained on 200 digits for ten epochs, and judged on the test set.
"""

from tlcourse.lesson import quietly

with quietly():
    import keras

import numpy as np

from tlcourse.datasets import load_dataset
from tlcourse.evaluation import paired_interval
from tlcourse.networks import use_xla
from tlcourse.training import passes, restart

EPOCHS, SEEDS, EXAMPLES = 10, 20, 200


def compiled(batch):
    layers = keras.layers
    network = keras.Sequential(
        [keras.Input((8, 8, 1)), layers.Conv2D(16, 3, activation="relu"), layers.Flatten(), layers.Dense(10)]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    steps = EPOCHS * EXAMPLES // batch
    network.compile(keras.optimizers.Adam(0.01), loss, jit_compile=use_xla(), steps_per_execution=steps)
    return network


def accuracy(network, digits, order, batch, seed):
    restart(network, seed)
    images, labels = digits.pool.images[..., None], digits.pool.labels
    network.fit(images[order], labels[order], batch_size=batch, shuffle=False, verbose=0)
    predicted = network.predict_on_batch(digits.test.images[..., None]).argmax(axis=1)
    return float((predicted == digits.test.labels).mean())


def both(network, digits, batch, seed):
    rows = np.random.default_rng(seed).permutation(len(digits.pool.labels))[:EXAMPLES]
    anew = passes(rows, EPOCHS * EXAMPLES // batch, batch, seed)
    one = np.tile(anew[:EXAMPLES], EPOCHS)
    return [accuracy(network, digits, order, batch, seed) for order in (one, anew)]


if __name__ == "__main__":
    digits = load_dataset("digits")
    print(f"{'batch':>5}  {'one order':>9}  {'anew':>6}  anew - one order, {SEEDS} seeds")
    for batch in (10, 20, 50):
        network = compiled(batch)
        one, anew = np.transpose([both(network, digits, batch, seed) for seed in range(SEEDS)])
        gain = paired_interval(anew, one)
        print(
            f"{batch:>5}  {one.mean():>9.1%}  {anew.mean():>6.1%}  {100 * gain.mean:+.2f} points "
            f"[{100 * gain.low:+.2f}, {100 * gain.high:+.2f}]"
        )
