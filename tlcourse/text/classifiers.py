"""A sentence encoder with a new head, and what of it trains: all, its top layers, or LoRA."""

import keras
import numpy as np

from tlcourse.text.gradients import sum_repeated_rows


def sentence_classifier(encoder):
    """Return a copy of the encoder's network with a new head on its vectors. All of it trains; the encoder stays.

    Args:
        encoder: a `SentenceEncoder`.

    Returns:
        A Keras model from the encoder's input to a log odds ``(n,)``.

    Raises:
        ValueError: if the encoder's network has LoRA.
    """
    _refuse_lora(encoder.model)
    copy = keras.models.clone_model(encoder.model)
    copy.set_weights(encoder.model.get_weights())
    for layer in copy._flatten_layers():
        if isinstance(layer, keras.layers.Normalization):
            layer.finalize_state()  # or it would go on as if it had seen no data
    inputs = copy.inputs[0] if isinstance(copy, keras.Sequential) else copy.input
    head = keras.layers.Dense(1, name="head")(copy.outputs[0])
    model = keras.Model(inputs, keras.layers.Reshape((), name="log_odds")(head))
    _set_trainable(model, True)
    sum_repeated_rows(model)
    return model


def train_top(model, layers):
    """Freeze a sentence classifier but for its head and its last transformer layers. Compile afterwards.

    Args:
        model: of `sentence_classifier`.
        layers: how many transformer layers stay trainable, from 0 to all of them.

    Raises:
        ValueError: if there are not so many, or the model has LoRA.
    """
    _refuse_lora(model)
    transformer = [layer for layer in model.layers if layer.name.startswith("transformer_layer")]
    if not 0 <= layers <= len(transformer):
        raise ValueError(f"layers must be from 0 to {len(transformer)}; got {layers}.")
    kept = {layer.name for layer in transformer[len(transformer) - layers :]} | {"head"}
    model.trainable = True  # a frozen model would hide the layers inside it that train
    for layer in model.layers:
        _set_trainable(layer, layer.name in kept)
    model.compiled = False  # `fit` would go on training what it did before


def add_lora(model, rank=4):
    """Freeze a sentence classifier but for its head, and add low-rank updates to the queries and values of attention.

    Each such matrix ``W`` becomes ``W + A B`` with ``B = 0`` at first, so that nothing changes before training. Compile
    afterwards. A file of ``model.save`` or ``save_weights`` has the sum in place of the parts, and what is loaded from
    it does not go on training them: use `save_tuned` and `load_tuned`.

    Args:
        model: of `sentence_classifier`.
        rank: columns of A and rows of B, at least 1.

    Raises:
        ValueError: if ``rank`` is below 1, or the model has LoRA already, or no attention.

    Source:
        Hu et al. (2022), *LoRA: Low-Rank Adaptation of Large Language Models*, ICLR, equation 3; the layers are those
        of their section 4.2.
    """
    if rank < 1:
        raise ValueError(f"rank must be at least 1; got {rank}.")
    layers = [layer for layer in model._flatten_layers() if isinstance(layer, keras.layers.EinsumDense)]
    attention = [layer for layer in layers if layer.name in ("query", "value")]
    if not attention:
        raise ValueError(f"LoRA needs a transformer; {model.name!r} has no queries and values of attention.")
    train_top(model, 0)
    for layer in attention:
        layer.trainable = True
        layer.enable_lora(rank)  # which freezes its kernel
        layer.bias.trainable = False


def trainable_count(model):
    """Return how many numbers `fit` changes."""
    return sum(int(np.prod(variable.shape)) for variable in model.trainable_variables)


def _set_trainable(layer, trains):
    for part in layer._flatten_layers():  # a flag does not always reach the layers inside
        part.trainable = trains


def _refuse_lora(model):
    if any(getattr(layer, "lora_enabled", False) for layer in model._flatten_layers()):
        raise ValueError(
            f"{model.name!r} has LoRA already, and its flags say which part of it trains. Start from a model without: "
            "sentence_classifier(encoder), with an encoder that load_encoder has loaded."
        )
