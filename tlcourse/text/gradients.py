"""Gradients of embeddings: the rows of a token that occurs several times are summed before an optimiser sees them."""

import keras


def no_rows(variable):
    """Return a sum over no row of a variable: always 0, and its gradient is a whole matrix of zeros.

    On TensorFlow the gradient of an embedding is a list of rows, one for each place where its token occurs. Adam and
    its kin square these one by one: the first step of a token that occurs nine times is three times the rate. JAX sums
    them first. TensorFlow does so, too, as soon as a whole matrix is added; so this is added to the loss.

    >>> float(no_rows(keras.Variable([[1.0], [2.0]])))
    0.0
    """
    return keras.ops.cast(keras.ops.sum(keras.ops.reshape(variable, (-1,))[:0]), keras.config.floatx())


def sum_repeated_rows(model):
    """Let the embeddings of a model train on TensorFlow as on JAX, whatever the optimiser.

    Keras adds a variable's regulariser to the loss where the variable trains; a variable that has one is left as it is.
    A file does not keep this; `load_tuned` sets it again.

    >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Embedding(5, 2)])
    >>> sum_repeated_rows(model)
    """
    for layer in model._flatten_layers():
        for variable in layer.weights if isinstance(layer, keras.layers.Embedding) else ():
            if variable.regularizer is None:
                variable.regularizer = no_rows
