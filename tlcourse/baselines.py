"""What would we have without it? Baselines of a borrowed network, each a function from labelled rows to predictions.

Each is made once from a pool and a test set, and then trained anew for every draw of labels by `label_efficiency`.
Whatever a baseline chooses it chooses inside its labels.
"""

import keras
import numpy as np
from keras import layers

from tlcourse.checks import checked_images
from tlcourse.features import fit_probe
from tlcourse.networks import use_xla
from tlcourse.training import passes, restart

LARGEST = 32
"""Height in pixels above which baselines that read pixels get block means."""

STEPS, BATCH = 75, 128
RATES = (0.01, 0.02)


def probe_on(of_pool, of_test, labels):
    """Return the course's probe on features: layer and penalty chosen by leave-one-out inside the labels.

    Args:
        of_pool: features of the pool, float ``(n, features)``, or a dictionary of such arrays by layer.
        of_test: the same of the test set.
        labels: int ``(n,)``, the labels of the pool.

    >>> features = np.array([[0.0], [0.1], [0.9], [1.0]])
    >>> probe_on(features, features, np.array([0, 0, 1, 1]))(np.arange(4))
    array([0, 0, 1, 1])
    """

    def predict(rows):
        known = {layer: x[rows] for layer, x in of_pool.items()} if isinstance(of_pool, dict) else of_pool[rows]
        return fit_probe(known, labels[rows]).predict(of_test)

    return predict


def svm_on_pixels(pool, test):
    """Return a support vector machine with an RBF kernel on the pixels.

    C and γ come from a grid by three-fold cross-validation inside the labels. With fewer than five labels in some class
    that would choose at random: then C = 10 and scikit-learn's default γ.

    Args:
        pool: a part with ``images`` and ``labels``.
        test: a part with ``images``.
    """
    from sklearn.model_selection import GridSearchCV
    from sklearn.svm import SVC

    of_pool, of_test = (_small(part.images).reshape(len(part.images), -1) for part in (pool, test))
    grid = {"C": [1, 10], "gamma": np.array([1, 3, 10, 30]) / of_pool.shape[1]}

    def predict(rows):
        labels = pool.labels[rows]
        fewest = min(np.bincount(labels)[np.unique(labels)])
        machine = SVC(C=10) if fewest < 5 else GridSearchCV(SVC(), grid, cv=3)
        return machine.fit(of_pool[rows], labels).predict(of_test)

    return predict


def from_scratch(pool, test, *, seed):
    """Return a small convolutional network that is trained on the labelled images alone.

    It is made for images of this size: one to three convolutions with 16 and 32 filters, each followed by a pooling
    that halves the image, one more convolution, dropout and a last layer. Adam, batches of 128, 75 steps; the learning
    rate is the better of two by two-fold cross-validation on the labels of the first draw of each size.

    Args:
        pool: a part with ``images`` and ``labels``.
        test: a part with ``images``.
        seed: seed of weights and order; each draw adds its own.
    """
    of_pool, of_test = _small(pool.images), _small(test.images)
    network = _small_network(of_pool.shape[1:], int(pool.labels.max()) + 1)
    rates = {}

    def train(rows, rate, seed):
        restart(network, seed, learning_rate=rate)
        order = passes(rows, STEPS, BATCH, seed)
        network.fit(of_pool[order], pool.labels[order], batch_size=BATCH, shuffle=False, verbose=0)

    def predict(rows):
        if len(rows) not in rates:
            rates[len(rows)] = _better_rate(rows, pool.labels, of_pool, network, train)
        train(rows, rates[len(rows)], seed + int(rows.sum()))
        return network.predict(of_test, batch_size=1024, verbose=0).argmax(axis=1)

    return predict


def _small(images):
    """Return images as float ``(n, side, side, channels)``, block means where they are larger than `LARGEST`."""
    images = checked_images(images)
    block = -(-images.shape[1] // LARGEST)
    if images.shape[1] % block or images.shape[2] % block:
        raise ValueError(
            f"Images above {LARGEST} pixels must have sides divisible by {block}; got {images.shape[1:3]}."
        )
    n, height, width, channels = images.shape
    return images.reshape(n, height // block, block, width // block, block, channels).mean(axis=(2, 4))


def _small_network(shape, classes):
    network = keras.Sequential([keras.Input(shape)])
    for filters in (16, 32, 32)[: max(1, round(np.log2(shape[0])) - 2)]:
        network.add(layers.Conv2D(filters, 3, padding="same", activation="relu"))
        network.add(layers.MaxPooling2D())
    network.add(layers.Conv2D(32, 3, padding="same", activation="relu"))
    network.add(layers.Flatten())
    network.add(layers.Dropout(0.3))
    network.add(layers.Dense(classes))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    together = 1 if keras.config.backend() == "torch" else STEPS  # PyTorch takes one step at a time
    network.compile(keras.optimizers.Adam(), loss, jit_compile=use_xla(), steps_per_execution=together)
    return network


def _better_rate(rows, labels, images, network, train):
    from sklearn.model_selection import StratifiedKFold

    if min(np.bincount(labels[rows])[np.unique(labels[rows])]) < 2:
        return RATES[0]
    right = dict.fromkeys(RATES, 0.0)
    for fit_on, left_out in StratifiedKFold(2).split(rows, labels[rows]):
        for rate in RATES:
            train(rows[fit_on], rate, seed=0)
            predicted = network.predict_on_batch(images[rows[left_out]]).argmax(axis=1)
            right[rate] += (predicted == labels[rows[left_out]]).mean()
    return max(right, key=right.get)
