"""A SavedModel of TensorFlow Hub as a layer of Keras 3."""

import tempfile
import warnings
from contextlib import suppress

import keras

from tlcourse.assets import AssetMissing
from tlcourse.checks import known
from tlcourse.hub.handles import resolve_handle
from tlcourse.hub.module import Module, pack_graph, share, unpack_graph
from tlcourse.text.gradients import no_rows


@keras.saving.register_keras_serializable(package="tlcourse")
class HubLayer(keras.layers.Layer):
    """A Hub module inside a Keras 3 model, frozen or trained.

    ====================================  ============================  ================================================
    what                                  ``hub.KerasLayer``, Keras 2   ``HubLayer``, Keras 3
    ====================================  ============================  ================================================
    ``Sequential`` and functional models  yes                           yes
    strings, images, dictionaries in      yes                           yes
    the module's call, or a signature     yes                           yes
    one output, a named one, all          yes                           yes
    ``trainable``, moving statistics too  yes                           yes: frozen before ``compile``, equal to the bit
    statistics frozen, weights trained    no                            yes, ``training_mode=False``
    a signature that is to be trained     refused                       refused
    nothing in it that can be trained     logged                        warned
    ``training`` passed on                yes                           yes; a frozen module is never in training mode
    the module's regularisation losses    yes, when trainable           yes, when trainable, once a layer
    other arguments of the call           yes                           yes, ``arguments``
    shapes of outputs inferred            yes, or ``output_shape``      yes
    saved inside a ``.keras`` file        no: the module is not in it   yes, in safe mode, with the module's graph
    loaded after the folder has moved     no                            yes
    modules in TF1 Hub format             signatures only               no: refused by name
    other backends than TensorFlow        no                            no: a SavedModel is a TensorFlow program
    Keras 2 (``tf_keras``) tensors        yes                           no: refused in plain words
    tables that change while it runs      yes                           no: refused when saved
    ====================================  ============================  ================================================

    A module's dropout has its own random state, which is not saved in a file. ``clone_model`` makes a copy from the
    configuration alone. Such a copy has the weights of the module's folder; if the folder is gone, they are zeros.

    A SavedModel is a program. A ``.keras`` file with a `HubLayer` carries one, so open such files only from people
    whose code you would run.

    Args:
        handle: a folder, the name of a module that comes with the course, or an address; see `resolve_handle`.
        trainable: whether the module's weights, and its moving statistics, change in ``fit``.
        signature: name of a signature to use instead of the module's call. A signature has no training mode.
        output_key: which output to return where there are several; by default all of them, as a dictionary.
        arguments: further arguments of the module's call, by name: numbers, strings, booleans.
        training_mode: whether ``fit`` runs a trainable module in training mode, in which its statistics move and its
            dropout drops. `tlcourse.finetuning.unfreeze` sets it.
        graph: the module's graph in a ``.keras`` file; leave it out.
        **kwargs: of every Keras layer.

    Call:
        inputs: what the module takes, such as images ``(n, height, width, 3)`` or strings ``(n,)``, for which a model
            starts with ``keras.Input((), dtype="string")``; a dictionary where it takes several by name.
        training: whether in training mode; has an effect only if the layer is trainable and ``training_mode`` is true.

    Raises:
        ValueError: if the handle, the signature or the output is unknown (the message lists the known ones), the module
            is in TF1 format, damaged, or can't be called, the arguments are of another kind, or a signature is to be
            trained.
        RuntimeError: if Keras computes with another backend than TensorFlow, or TensorFlow Hub can't be imported.
        TypeError: if it is called on a tensor of Keras 2.

    Warns:
        UserWarning: if it is to be trained and the module has no weights that can be.

    Example:
        ``keras.Sequential([keras.Input((), dtype="string"), HubLayer("wordhub"), keras.layers.Dense(1)])``

    Source:
        The interface of a module: *Reusable SavedModels*, TensorFlow Hub documentation.
    """

    def __init__(
        self,
        handle,
        *,
        trainable=False,
        signature=None,
        output_key=None,
        arguments=None,
        training_mode=True,
        graph=None,
        **kwargs,
    ):
        if keras.config.backend() != "tensorflow":
            raise RuntimeError(
                f"HubLayer needs the TensorFlow backend, because a SavedModel is a TensorFlow program; this is "
                f"{keras.config.backend()!r}. Set KERAS_BACKEND=tensorflow before Keras is imported."
            )
        if "training" in (arguments or {}) or not all(
            isinstance(value, (str, bool, int, float)) for value in (arguments or {}).values()
        ):
            raise ValueError(
                f"Further arguments must be numbers, strings or booleans, and not `training`; got {arguments!r}."
            )
        super().__init__(trainable=trainable, **{"dtype": "float32", **kwargs})
        self.supports_jit = False  # strings and look-up tables are not for XLA
        self.handle, self.signature, self.output_key = str(handle), signature, output_key
        self.arguments, self.training_mode, self.traced_mode = dict(arguments or {}), training_mode, training_mode
        self._module = _module(handle, signature, graph)
        self._loaded = self._module.loaded  # an attribute of its own, so that Keras's exports and checkpoints find it
        for at, (its, free) in enumerate(self._module.variables):
            mine = self.add_weight(
                shape=its.shape, dtype=its.dtype.name, initializer="zeros", trainable=free, name=f"variable_{at}"
            )
            share(mine, its)
        if self._trainable_variables:  # where Keras counts a penalty once, however often the layer is called
            self._trainable_variables[0].regularizer = self._penalty
        self.built = True
        self._check_trainable()

    @property
    def statistics(self):
        """The weights that no gradient changes, such as moving means: a module updates them itself."""
        return list(self._non_trainable_variables)

    @property
    def statistics_move(self):
        """Whether ``fit`` will move the statistics."""
        return self.trainable and self.training_mode and self._module.takes_training

    def call(self, inputs, training=False):
        """Run the module."""
        if training:
            self._check_trainable()
            self.traced_mode = self.training_mode  # what `fit` goes on doing until it is compiled again
        outputs = self._module.run(inputs, bool(training) and self.trainable and self.training_mode, self.arguments)
        if not isinstance(outputs, dict):
            if self.output_key is not None:
                raise ValueError(f"The module's outputs have no names; leave output_key={self.output_key!r} out.")
            return outputs
        if self.output_key is None:
            return next(iter(outputs.values())) if len(outputs) == 1 else dict(outputs)
        return outputs[known("output of the module", self.output_key, sorted(outputs))]

    def compute_output_shape(self, input_shape):
        """Return the shapes of the outputs, as they are structured."""
        specs = self._module.inputs
        if isinstance(specs, dict) and not isinstance(input_shape, dict):
            (specs,) = specs.values()
        inputs = keras.tree.map_structure_up_to(
            specs, lambda spec, shape: keras.KerasTensor(shape, spec.dtype.name), specs, input_shape
        )
        return keras.tree.map_structure(lambda output: tuple(output.shape), self.compute_output_spec(inputs))

    def compute_output_spec(self, inputs, **options):
        """Trace the module: Keras would take each output for a float where only shapes are computed."""
        return keras.Operation.compute_output_spec(self, inputs, **options)

    def _penalty(self, _):
        """Return the module's losses, with nothing added that changes more than the form of the gradients."""
        return sum(loss() for loss in self._module.losses) + sum(map(no_rows, self._trainable_variables))

    def _check_trainable(self):
        if self.trainable and self.signature is not None:
            raise ValueError(
                f"A signature can't be trained; got signature={self.signature!r} and trainable=True. "
                "Leave the signature out where the module can be called, or keep the layer frozen."
            )
        if self.trainable and not self._trainable_variables:
            warnings.warn(f"{self.handle!r} has no weights that can be trained.", stacklevel=3)

    def __call__(self, inputs, *args, **kwargs):
        for each in keras.tree.flatten(inputs):
            if type(each).__module__.startswith(("tf_keras", "keras.src.engine")):
                raise TypeError(
                    "The input belongs to Keras 2 (tf_keras) and HubLayer to Keras 3, and a model is of one kind. "
                    "Build it with `import keras`, and leave TF_USE_LEGACY_KERAS unset."
                )
        return super().__call__(inputs, *args, **kwargs)

    def get_config(self):
        """Return the configuration. It holds the module's graph, so that a file outlives the module's folder.

        Raises:
            ValueError: if the module has a table that changes while it runs; nothing in a file could hold it.
        """
        if self._module.has_changing_tables:
            raise ValueError("The module has a table that changes while it runs; a .keras file can't hold it.")
        own = {"handle": self.handle, "signature": self.signature, "output_key": self.output_key}
        own |= {"arguments": self.arguments, "training_mode": self.training_mode, "graph": self._module.graph}
        return {**super().get_config(), **own}


def _module(handle, signature, graph):
    """Load a module: from its folder, or, where that is gone or no longer the same, from the graph of a file."""
    if graph is None:
        return Module(resolve_handle(handle), signature)
    with suppress(ValueError, AssetMissing, OSError):
        folder = resolve_handle(handle, download=False)
        if pack_graph(folder) == graph:
            return Module(folder, signature)
    kept = tempfile.TemporaryDirectory()
    unpack_graph(graph, kept.name)
    module = Module(kept.name, signature, variables=False)
    module.folder = kept  # a module may read its files when it is called; they go with it
    return module
