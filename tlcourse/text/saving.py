"""Files of fine-tuned models from which training can go on."""

import io
import json
import zipfile

import h5py
import keras
import numpy as np

from tlcourse.text.gradients import sum_repeated_rows

STATE = "tlcourse.npz"
"""What is added to a ``.keras`` file."""


def save_tuned(model, path):
    """Save a fine-tuned model so that its training can go on where it stopped.

    Keras saves the sum ``W + A B`` of LoRA, and not every flag: frozen layers of a transformer come back trainable. So
    what `keras.models.load_model` makes of a file answers the same, but trains something else from then on, without the
    optimiser's state. This file has the parts, the flags and dropout's random state as well. Keras can still load it,
    to ask.

    Args:
        model: Keras model, compiled or not, such as ``SentenceTuner(...).model``.
        path: of a file that ends in ``.keras``; one that is there is replaced.

    Raises:
        ValueError: if the file's name ends in something else.
    """
    if not str(path).endswith(".keras"):
        raise ValueError(f"The file's name must end in .keras; got {str(path)!r}.")
    model.save(path)
    layers = list(model._flatten_layers())
    lora = [(at, x.lora_rank, x.lora_alpha) for at, x in enumerate(layers) if getattr(x, "lora_enabled", False)]
    state = {
        "lora": np.reshape(lora, (-1, 3)),
        "layers": np.array([layer.trainable for layer in layers]),
        "weights": np.array([weight.trainable for weight in model.weights]),
        "stepped": model.compiled and model.optimizer.built,
    }
    state |= {f"seed {number}": np.array(seed) for number, seed in enumerate(_seeds(model))}
    for at, _, _ in lora:
        state |= {f"{at}.{number}": value for number, value in enumerate(layers[at].get_weights())}
    packed = io.BytesIO()
    np.savez(packed, **state)
    with zipfile.ZipFile(path, "a") as file:
        file.writestr(STATE, packed.getvalue())


def load_tuned(path):
    """Load a model of `save_tuned`: weights, flags, LoRA and, if it was compiled, the optimiser with its state.

    Args:
        path: of the file.

    Returns:
        The Keras model; `fit` goes on from where it was.

    Raises:
        ValueError: if the file is not one of `save_tuned`.

    Example:
        ``save_tuned(tuner.model, "mine.keras")``, then ``load_tuned("mine.keras").fit(inputs, labels)``.
    """
    import keras_hub  # noqa: F401  for the layers that it registers

    import tlcourse.hub  # noqa: F401

    with zipfile.ZipFile(path) as file:
        if STATE not in file.namelist():
            raise ValueError(f"{path} was not written by save_tuned. Load it with keras.models.load_model.")
        state = np.load(io.BytesIO(file.read(STATE)), allow_pickle=False)
        compiled = json.loads(file.read("config.json")).get("compile_config")
        weights = h5py.File(io.BytesIO(file.read("model.weights.h5")))
    model = keras.models.load_model(path, compile=False)
    layers = list(model._flatten_layers())
    for at, rank, alpha in state["lora"]:
        layer = layers[int(at)]
        if not layer.lora_enabled:  # a layer inside another one; Keras keeps it elsewhere, but not always its alpha
            layer.enable_lora(int(rank))
        layer.lora_alpha = float(alpha)
        layer.set_weights([state[f"{int(at)}.{number}"] for number in range(len(layer.weights))])
    for layer, trains in zip(layers, state["layers"], strict=True):  # one that holds others comes before them
        layer.trainable = bool(trains)
    for weight, trains in zip(model.weights, state["weights"], strict=True):
        weight.trainable = bool(trains)
    for number, seed in enumerate(_seeds(model)):
        seed.assign(state[f"seed {number}"])
    sum_repeated_rows(model)
    if compiled:
        model.compile_from_config(compiled)  # which builds the optimiser
        if state["stepped"]:
            model.optimizer.load_own_variables(weights["optimizer/vars"])
    return model


def _seeds(model):
    weights = {id(weight) for weight in model.weights}
    return [variable for variable in model.variables if id(variable) not in weights]
