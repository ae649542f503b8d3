"""Where did the model look? Two maps of an image, and the game that says whether they can be believed."""

import keras
import numpy as np

SQUASHING = (keras.activations.softmax, keras.activations.sigmoid)
"""Activations that make probabilities of scores."""


def grad_cam(model, images, layer, *, output=0):
    """Return where the feature maps of a layer speak for an output.

    ``relu(sum_k a_k A_k)``, where ``a_k`` is the mean over positions of ``d y / d A_k``. It may be a layer of a model
    inside the model: its output is noted as the images pass, and no second model is built.

    Args:
        model: Keras model that gives ``(n, outputs)``, without a softmax or sigmoid at its end: they flatten the
            gradients where the model is certain.
        images: preprocessed, as the model takes them: float ``(n, height, width, channels)``.
        layer: path of a layer from the model, such as ``"base/stage2"`` in a model inside it, or its end, if only one
            layer has it: ``"stage2"``. The layer's output is ``(n, h, w, features)``.
        output: column of the model's output.

    Returns:
        float32 ``(n, height, width)``, at least 0, enlarged from ``(h, w)`` bilinearly.

    Raises:
        ValueError: if there is no such layer or several, images do not pass it exactly once, its output is no spatial
            map, there is no such output or it does not depend on the layer, or the model ends in a softmax or sigmoid.

    Source:
        Selvaraju et al. (2017), *Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization*,
        ICCV, equations 1 and 2.

    >>> model = keras.Sequential(
    ...     [
    ...         keras.Input((2, 2, 1)),
    ...         keras.layers.Conv2D(1, 1, kernel_initializer="ones", name="seen"),
    ...         keras.layers.GlobalAveragePooling2D(),
    ...         keras.layers.Dense(1, kernel_initializer="ones"),
    ...     ]
    ... )
    >>> grad_cam(model, np.reshape([0, 0, 0, 8.0], (1, 2, 2, 1)), "seen")[0].tolist()
    [[0.0, 0.0], [0.0, 2.0]]
    """
    seen, last = _find(model, layer), model
    while getattr(last, "layers", None):
        last = last.layers[-1]
    if isinstance(last, keras.layers.Softmax) or getattr(last, "activation", None) in SQUASHING:
        raise ValueError(
            f"The model ends in probabilities (layer {last.name!r}), whose gradients vanish where it is certain. Set "
            "that layer's activation to None, or cut it off."
        )
    images = keras.ops.convert_to_tensor(images)
    maps, gradients = _with_gradients(model, seen, images, output)
    if maps.ndim != 4 or min(maps.shape[1:3]) < 2:
        raise ValueError(f"Layer {layer!r} gives no spatial map but {maps.shape}; name one before the pooling.")
    if not gradients.any():
        raise ValueError(f"Output {output} does not depend on layer {layer!r}, or is flat there: every gradient is 0.")
    weights = gradients.mean((1, 2), keepdims=True)
    cam = np.maximum((weights * maps).sum(-1, keepdims=True), 0)
    return keras.ops.convert_to_numpy(keras.ops.image.resize(cam, images.shape[1:3]))[..., 0]


def occlusion_map(score, images, *, patch=8, stride=4):
    """Return by how much the score falls where a patch is covered with the image's mean.

    Each pixel gets the mean over the patches that cover it. No gradient is needed, so the model may be anything. It
    gets images of the type that is given here; in whole numbers, the mean is rounded to the nearest.

    Args:
        score: function from images, as they are given here, to one number for each, ``(n,)``.
        images: ``(n, height, width)`` or with channels behind.
        patch: side of the square that is covered, in pixels, at most the image's.
        stride: from one square to the next, in pixels, 1 to ``patch``.

    Returns:
        float32 ``(n, height, width)``; above 0 where the image speaks for the score.

    Raises:
        ValueError: if patch or stride are outside their range, or there is not one score for each image.

    Source:
        Zeiler & Fergus (2014), *Visualizing and Understanding Convolutional Networks*, ECCV, section 4.2.

    >>> image = np.zeros((1, 4, 4))
    >>> image[0, 0, 0] = 1
    >>> occlusion_map(lambda images: images[:, 0, 0], image, patch=2, stride=2)[0, :, 0].tolist()
    [0.9375, 0.9375, 0.0, 0.0]
    """
    images = np.asarray(images)
    height, width = images.shape[1:3]
    if not 1 <= stride <= patch <= min(height, width):
        raise ValueError(
            f"patch must be at most {min(height, width)}, stride from 1 to patch; got patch={patch}, stride={stride}."
        )
    whole = np.asarray(score(images), "float64")
    if whole.shape != (len(images),) or not np.isfinite(whole).all():
        raise ValueError(f"score must give a finite number for each of {len(images)} images; got {whole.shape}.")
    mean = images.mean((1, 2), keepdims=True)
    mean = mean if np.issubdtype(images.dtype, np.floating) else np.rint(mean)
    falls, covered = np.zeros(images.shape[:3], "float32"), np.zeros((height, width), "float32")
    for top in _starts(height, patch, stride):
        for left in _starts(width, patch, stride):
            square = (slice(None), slice(top, top + patch), slice(left, left + patch))
            hidden = images.copy()
            hidden[square] = mean
            falls[square] += (whole - np.asarray(score(hidden), "float64"))[:, None, None]
            covered[square[1:]] += 1
    return falls / covered


def pointing_game(maps, masks):
    """Return for each image whether the map's highest point lies in the mask.

    Where several pixels are equally high, the share of them that does: a flat map scores the mask's area. Two baselines
    say what a score is worth: the mean mask of other images, and the same model with random weights.

    Args:
        maps: finite ``(n, height, width)``.
        masks: bool ``(n, height, width)``, something true in each.

    Returns:
        float ``(n,)`` from 0 to 1.

    Raises:
        ValueError: if shapes differ, a map is not finite or a mask is empty.

    Source:
        Zhang et al. (2016), *Top-down Neural Attention by Excitation Backprop*, ECCV, section 4.1 (there a hit may be
        15 pixels off); random weights: Adebayo et al. (2018), *Sanity Checks for Saliency Maps*, NeurIPS.

    >>> pointing_game(np.array([[[0, 1], [0, 1]]]), np.array([[[False, True], [False, False]]])).tolist()
    [0.5]
    """
    maps, masks = np.asarray(maps), np.asarray(masks)
    if maps.shape != masks.shape or maps.ndim != 3 or masks.dtype != bool:
        raise ValueError(
            f"Maps and bool masks must be of one shape, (n, height, width); got {maps.shape} and {masks.dtype} "
            f"{masks.shape}."
        )
    if not np.isfinite(maps).all() or not masks.any((1, 2)).all():
        raise ValueError("Maps must be finite, and each mask must hold something; choose images with a finding.")
    highest = maps == maps.max((1, 2), keepdims=True)
    return (highest & masks).sum((1, 2)) / highest.sum((1, 2))


def _find(model, name):
    paths = list(_paths(model))
    ending = [(path, layer) for path, layer in paths if f"/{path}".endswith(f"/{name}")]
    found = {id(layer): layer for path, layer in [each for each in ending if each[0] == name] or ending}
    if not found:
        raise ValueError(f"There is no layer {name!r}; there are: {', '.join(path for path, _ in paths)}.")
    if len(found) > 1:
        raise ValueError(f"Several layers are named {name!r}; say which: {', '.join(path for path, _ in ending)}.")
    return found.popitem()[1]


def _paths(layer, start=""):
    for inner in layer._flatten_layers(recursive=False, include_self=False):
        yield start + inner.name, inner
        yield from _paths(inner, f"{start}{inner.name}/")


def _with_gradients(model, layer, images, output):
    """The layer's output, and the gradient of the model's with respect to it: that of zeros which are added there."""
    noted, call = [], layer.call

    def passes(added):
        def and_note(*args, **kwargs):
            noted.append(call(*args, **kwargs))
            return noted[-1] + keras.ops.cast(added, noted[-1].dtype)

        layer.call = and_note
        try:
            answers = model(images, training=False)
        finally:
            layer.call = call
        outputs = answers.shape[1] if len(answers.shape) == 2 else 0
        if not 0 <= output < outputs:  # JAX would take the last one
            raise ValueError(
                f"Answers must be shaped (n, outputs), and output one of them; got {tuple(answers.shape)} and {output}."
            )
        return keras.ops.cast(keras.ops.sum(answers[:, output]), "float32")

    passes(0.0)
    if len(noted) != 1:
        raise ValueError(
            f"Images must pass once through layer {layer.name!r}; they pass {len(noted)} times. Name another."
        )
    maps = keras.ops.convert_to_numpy(keras.ops.cast(noted[-1], "float32"))  # it may have been half of that
    zeros = keras.ops.zeros(maps.shape, "float32")
    backend = keras.config.backend()
    if backend == "jax":
        import jax

        return maps, np.asarray(jax.grad(passes)(zeros))
    if backend == "torch":
        import torch

        (gradient,) = torch.autograd.grad(passes(zeros.requires_grad_()), zeros, materialize_grads=True)
        return maps, keras.ops.convert_to_numpy(gradient)
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(zeros)
        total = passes(zeros)
    return maps, tape.gradient(total, zeros, unconnected_gradients="zero").numpy()


def _starts(length, patch, stride):
    """Where squares begin, the last one at the edge."""
    return sorted({*range(0, length - patch + 1, stride), length - patch})
