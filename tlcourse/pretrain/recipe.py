"""The one training recipe of all bundled backbones."""

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np

from tlcourse.backbones import residual_classifier
from tlcourse.checks import checked_images

BATCH = 128


@dataclass(frozen=True)
class Source:
    """What a backbone is trained on and judged on.

    Attributes:
        images: uint8 ``(n, 32, 32)`` or ``(n, 32, 32, 3)``, to learn from; ``labels`` int ``(n,)``.
        judged_images: the same for judging, with ``judged_labels``.
        classes: names of the classes.
        augment: function from float images ``(n, 32, 32, channels)`` and a generator to varied ones.
        epochs: passes over the images.
        trained_on: for the card, as are ``judged_on`` and ``licence``.
        dtype: Keras's policy while training; bfloat16 is fast where a processor has it, and very slow elsewhere.
    """

    images: np.ndarray
    labels: np.ndarray
    judged_images: np.ndarray
    judged_labels: np.ndarray
    classes: tuple
    augment: Callable
    epochs: int
    trained_on: str
    judged_on: str
    licence: str
    dtype: str = "mixed_bfloat16"


def train(source, seed=0, verbose=2):
    """Train the course's architecture from scratch.

    SGD with Nesterov momentum, a warm-up and one cosine to zero, decoupled weight decay on the kernels, and an
    exponential average of the weights, which is what is kept. Plain cross-entropy: label smoothing would raise the
    source accuracy and lower what transfers. Weights are kept in float32, whatever the source's policy.

    Args:
        source: a `Source`.
        seed: seed of weights, order and augmentation.
        verbose: as in ``fit``.

    Returns:
        The trained classifier, a Keras model in float32.

    Source:
        Loshchilov & Hutter (2017), *SGDR*; Kornblith et al. (2021), *Why Do Better Loss Functions Lead to Less
        Transferable Features?*, for the loss.
    """
    keras.utils.set_random_seed(seed)
    steps = source.epochs * (len(source.images) // BATCH)
    warmup = steps // 20
    schedule = keras.optimizers.schedules.CosineDecay(0.0, steps - warmup, warmup_target=0.1, warmup_steps=warmup)
    optimizer = keras.optimizers.SGD(
        schedule, momentum=0.9, nesterov=True, weight_decay=5e-3, use_ema=True, ema_momentum=min(0.998, 1 - 10 / steps)
    )
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    classifier = _under_policy(source.dtype, residual_classifier, len(source.classes))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    classifier.compile(optimizer, loss, metrics=["accuracy"])
    classifier.fit(Augmented(source, seed), epochs=source.epochs, verbose=verbose)
    trained = residual_classifier(len(source.classes))
    trained.set_weights(classifier.get_weights())
    return trained


class Augmented(keras.utils.PyDataset):
    """Shuffled batches of a `Source`, varied anew in each epoch."""

    def __init__(self, source, seed):
        super().__init__()
        self.source = source
        self.rng = np.random.default_rng(seed)
        self.on_epoch_end()

    def __len__(self):
        return len(self.source.images) // BATCH

    def __getitem__(self, index):
        rows = self.order[index * BATCH : (index + 1) * BATCH]
        varied = self.source.augment(checked_images(self.source.images[rows]), self.rng)
        return np.broadcast_to(varied, (*varied.shape[:3], 3)), self.source.labels[rows]

    def on_epoch_end(self):
        self.order = self.rng.permutation(len(self.source.images))


def shift(images, rng, by):
    """Move each image by up to ``by`` pixels each way; what enters is its mirrored border."""
    n, side = images.shape[:2]
    padded = np.pad(images, ((0, 0), (by, by), (by, by), (0, 0)), mode="reflect")
    rows = rng.integers(0, 2 * by + 1, (n, 1)) + np.arange(side)
    columns = rng.integers(0, 2 * by + 1, (n, 1)) + np.arange(side)
    return padded[np.arange(n)[:, None, None], rows[:, :, None], columns[:, None, :]]


def mirror(images, rng):
    """Mirror half of the images left to right."""
    flipped = rng.random(len(images)) < 0.5
    return np.where(flipped[:, None, None, None], images[:, :, ::-1], images)


def cut_out(images, rng, side):
    """Blank a square of ``side`` pixels with the image's own mean (DeVries & Taylor 2017, *Cutout*)."""
    images = images.copy()
    corners = rng.integers(0, images.shape[1] - side + 1, (len(images), 2))
    for image, (row, column) in zip(images, corners):
        image[row : row + side, column : column + side] = image.mean(axis=(0, 1))
    return images


def _under_policy(dtype, build, *arguments):
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy(dtype)
    try:
        return build(*arguments)
    finally:
        keras.config.set_dtype_policy(policy)
