"""A network as a row of boxes: what is borrowed, what of it is frozen, what is new."""

import math
import re
import textwrap

from tlcourse.plotting.look import COLOURS, axes

LOOKS = {
    "borrowed, frozen": {"facecolor": "#cfe3f1", "edgecolor": COLOURS[0]},
    "borrowed, trains": {"facecolor": "#f8d9c0", "edgecolor": COLOURS[1], "hatch": "//"},
    "new, trains": {"facecolor": "#c4e6da", "edgecolor": COLOURS[2], "hatch": ".."},
    "new, frozen": {"facecolor": "#e5e5e5", "edgecolor": "0.4"},
}
"""How a box looks, told apart by colour, by hatch and by the text below it."""


def plot_network(model, *, borrowed, ends=None, ax=None):
    """Draw a network from its input to its output: a box a block, with its parameters and whether `fit` changes them.

    The statistics of BatchNorm are no parameters and are not counted.

    What is drawn is what the ``trainable`` flags say now, so draw again after freezing or unfreezing.

    Args:
        model: the whole network, a built Keras model.
        borrowed: the Keras model that its borrowed layers come from, such as ``load_backbone("letters").model``, or
            ``None``.
        ends: names of the layers that end a block, such as ``backbone.taps``. By default layers share a block if their
            names begin with the same word and have the same first number, as ``stage1_in_conv`` and ``stage1``.
        ax: axes to draw into.

    Raises:
        ValueError: if the model is not built, or ``borrowed`` is no Keras model.

    >>> import keras
    >>> base = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="base")])
    >>> base.trainable = False
    >>> ax = plot_network(keras.Sequential([base, keras.layers.Dense(2, name="head")]), borrowed=base)
    >>> [text.get_text() for text in ax.texts if "parameters" in text.get_text()]
    ['15\\nparameters\\nfrozen', '8\\nparameters\\ntrain']
    """
    from matplotlib.patches import FancyBboxPatch, Patch

    from tlcourse.networks import leaves  # here, because Keras is imported by `Lesson`, which keeps it quiet

    if not model.built:
        raise ValueError(
            f"{model.name!r} must be built, so that its parameters can be counted. Call it on inputs once."
        )
    if borrowed is not None and not hasattr(borrowed, "layers"):
        raise ValueError(f"borrowed must be a Keras model, such as backbone.model; got {type(borrowed).__name__}.")
    theirs = {id(layer) for layer in leaves(borrowed)} if borrowed is not None else set()
    blocks = _blocks([layer for layer in leaves(model) if type(layer).__name__ != "InputLayer"], theirs, ends)
    ax = axes(ax, figsize=(1.2 + 1.15 * len(blocks), 2.0))
    used = {}
    for at, block in enumerate(blocks):
        look, below = _describe(block, theirs)
        height = 1.0 if look else 0.6
        box = {"boxstyle": "round,pad=0,rounding_size=0.08", **(LOOKS[look] if look else {"facecolor": "white"})}
        ax.add_patch(FancyBboxPatch((at + 0.1, -height / 2), 0.8, height, linewidth=1.2, **box))
        ax.annotate("", (at + 0.1, 0), (at - 0.1, 0), arrowprops={"arrowstyle": "-|>", "color": "0.3"})
        title = textwrap.fill(block[-1].name.replace("_", " "), 11)
        white = {"facecolor": "white", "linewidth": 0, "pad": 1}
        ax.text(at + 0.5, 0, title, ha="center", va="center", fontsize=9 - title.count("\n"), bbox=white)
        ax.text(at + 0.5, -0.62, below, ha="center", va="top", fontsize=8)
        if look:
            used.setdefault(look, Patch(label=look, **LOOKS[look]))
    ax.annotate("", (len(blocks) + 0.1, 0), (len(blocks) - 0.1, 0), arrowprops={"arrowstyle": "-|>", "color": "0.3"})
    ax.set_xlim(-0.15, len(blocks) + 0.15)
    ax.set_ylim(-1.3, 0.95)
    ax.axis("off")
    ax.legend(handles=list(used.values()), loc="upper left", ncols=len(LOOKS), fontsize=9, borderaxespad=0)
    return ax


def _blocks(layers, theirs, ends):
    """Group layers that follow one another: borrowed ones by name or up to an end, new ones each by itself."""
    blocks, before = [], None
    for layer in layers:
        word, number = re.match("[A-Za-z]*", layer.name).group(), re.findall(r"\d+(?!\d|d\b|d_)", layer.name)[-1:]
        key = id(layer) not in theirs and id(layer)
        if ends is None or key:
            key = key or (word, number)
        if blocks and key == before:
            blocks[-1].append(layer)
        else:
            blocks.append([layer])
        before = f"after {layer.name}" if ends is not None and layer.name in ends else key
    return blocks


def _describe(block, theirs):
    """Return the name of a block's look, and what stands below it."""
    from tlcourse.networks import norms

    normed = [norm for layer in block for norm in norms(layer)]
    statistics = {id(weight) for norm in normed if norm.built for weight in (norm.moving_mean, norm.moving_variance)}
    weights = {id(weight): weight for layer in block for weight in layer.weights if id(weight) not in statistics}
    if not weights:
        return "", ""
    trained = {id(weight): weight for layer in block for weight in layer.trainable_weights}
    origin = "borrowed" if any(id(layer) in theirs for layer in block) else "new"
    said = "train" if trained else "frozen"
    resting = [norm for norm in normed if not norm.trainable]
    if trained and resting:
        said = "train, but not\nBatchNorm"
    elif trained and any(layer.weights and not layer.trainable_weights for layer in block):
        said = f"{_count(trained):,} train"
    count = _count(weights)
    return f"{origin}, {'trains' if trained else 'frozen'}", f"{count:,}\nparameters\n{said}"


def _count(weights):
    return sum(math.prod(weight.shape) for weight in weights.values())
