"""Frozen features: one pass of the backbone, kept on disk."""

import itertools

import keras
import numpy as np
from tqdm import tqdm

from tlcourse.checks import checked_images, known
from tlcourse.keeping import computed_once, fingerprint
from tlcourse.networks import use_xla

FORMAT = "3"
"""Changes when the same network and images would give other features, so that older files are not read."""


def extract(backbone, images, layers=None, *, batch_size=256, cache=True):
    """Run a frozen backbone over images once, and keep the result.

    The features of a layer are its activations averaged over the image. They are stored under a name made from what
    the network computes (layers, weights, backend) and from each image as the network sees it. So a second call, in
    this notebook or another, reads a file; if the network or an image changes, the features are computed anew. A
    network with layers of your own class is run each time, because nobody can tell whether their code has changed. One
    pass gives all the layers asked for. Memory is bounded by the batch.

    Training on features needs one pass of the backbone instead of one pass an epoch. In return it can't use
    augmentation, which would show the backbone new images.

    Args:
        backbone: a `Backbone`.
        images: images in any form that ``backbone.preprocess`` takes, n of them.
        layers: a layer's name, several names, or ``None`` for all of ``backbone.taps``.
        batch_size: images in memory at a time.
        cache: whether to read and write the cache.

    Returns:
        float32 features ``(n, channels)`` for a single name; else a dictionary of such arrays, in the order asked for.

    Raises:
        ValueError: if the images break the backbone's contract or a layer is unknown.

    Warns:
        UserWarning: if the cache can't be written; the features are returned all the same.

    Example:
        ``extract(load_backbone("letters"), digits.images)["stage3"]`` has shape ``(1797, 104)``.
    """
    names = [layers] if isinstance(layers, str) else list(layers or backbone.taps)
    for name in names:
        known(f"layer of {backbone.name!r}", name, [layer.name for layer in backbone.model.layers])
    images = np.asarray(images)
    for start in range(0, max(len(images), 1), batch_size):
        checked_images(images[start : start + batch_size])
    batches = _Batches(backbone, images, batch_size)
    seen = (batches[at][0] for at in range(len(batches)))
    key = fingerprint(backbone.model, itertools.chain([FORMAT], seen)) if cache else ""
    if key:
        features = computed_once(key, names, len(images), lambda missing: _run(backbone, batches, missing))
    else:
        features = _run(backbone, batches, names)
    return features[layers] if isinstance(layers, str) else features


def _run(backbone, batches, names):
    pool = keras.layers.GlobalAveragePooling2D()
    outputs = [backbone.model.get_layer(name).output for name in names]
    model = keras.Model(backbone.model.input, [pool(x) if x.ndim == 4 else x for x in outputs])
    model.compile(jit_compile=use_xla())
    slow = {"delay": 30, "mininterval": 1, "leave": False}  # it would differ from the output that nbval compares
    with tqdm(total=len(batches.images), desc=f"{backbone.name} features", unit="image", **slow) as bar:
        advance = keras.callbacks.LambdaCallback(
            on_predict_batch_end=lambda batch, logs: bar.update(batches.batch_size)
        )
        features = model.predict(batches, verbose=0, callbacks=[advance])
    features = features if isinstance(features, list) else [features]
    return {name: np.asarray(array, "float32") for name, array in zip(names, features)}


class _Batches(keras.utils.PyDataset):
    """Images, preprocessed a batch at a time."""

    def __init__(self, backbone, images, batch_size):
        super().__init__()
        self.backbone, self.images, self.batch_size = backbone, images, batch_size

    def __len__(self):
        return -(-len(self.images) // self.batch_size)

    def __getitem__(self, index):
        return (self.backbone.preprocess(self.images[index * self.batch_size : (index + 1) * self.batch_size]),)
