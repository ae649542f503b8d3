"""A loaded SavedModel: what it computes, its variables, its losses, its graph. `HubLayer` uses TensorFlow only here."""

import base64
import inspect
import zlib
from pathlib import Path

from tlcourse.checks import known
from tlcourse.hub.handles import SAVED_MODEL, tensorflow_hub


class Module:
    """A module, loaded from a folder.

    Args:
        folder: the folder of the SavedModel.
        signature: name of a signature to run, or ``None`` for the module's call.
        variables: whether the folder holds the variables' values; they are zero otherwise.

    Attributes:
        takes_training: whether its call has a training mode.
        variables: pairs of a variable and whether it may be trained, always in the same order.
        losses: functions without arguments, the module's regularisation losses.
        loaded: what TensorFlow loaded.
        graph: what describes the module without the values of its variables: the files' contents by name.

    Raises:
        ValueError: if the folder is damaged, the signature is unknown or the module can't be called.
    """

    def __init__(self, folder, signature=None, variables=True):
        import tensorflow as tf

        options = tf.saved_model.LoadOptions(experimental_skip_checkpoint=not variables)
        self.graph = pack_graph(folder)
        try:
            self.loaded = tensorflow_hub().load(str(folder), options=options)
        except (OSError, IndexError, tf.errors.OpError) as error:
            raise ValueError(
                f"{folder} is not a whole SavedModel: {' '.join(str(error).split())[:160]}. Get it again."
            ) from error
        names = sorted(self.loaded.signatures)
        if signature is not None:
            self._function = self.loaded.signatures[known("signature of the module", signature, names)]
            self._traced, self._by_name = [self._function], list(self._function.structured_input_signature[1])
        elif callable(self.loaded):
            self._function, self._by_name = self.loaded, None
            self._traced = getattr(self.loaded.__call__, "concrete_functions", [self.loaded.__call__])
        else:
            raise ValueError(f"The module can't be called; use one of its signatures: {', '.join(names) or 'none'}.")
        self.takes_training = signature is None and "training" in inspect.signature(self.loaded.__call__).parameters
        self.losses = list(getattr(self.loaded, "regularization_losses", ()))
        self.variables = self._variables()
        for variable, _ in () if variables else self.variables:
            variable.assign(tf.zeros(variable.shape, variable.dtype))

    @property
    def inputs(self):
        """What it takes: a ``TensorSpec``, or several by name."""
        positional, named = self._traced[0].structured_input_signature
        return positional[0] if self._by_name is None else named

    @property
    def has_changing_tables(self):
        """Whether the graph has look-up tables that are written while it runs: they are no variables."""
        files = [zlib.decompress(base64.b64decode(text)) for name, text in self.graph.items() if name in SAVED_MODEL]
        return any(table in file for file in files for table in (b"MutableHashTable", b"MutableDenseHashTable"))

    def run(self, inputs, training, arguments):
        """Return what the module computes from some inputs."""
        options = {**arguments, "training": training} if self.takes_training else arguments
        if self._by_name is None:
            return self._function(inputs, **options)
        if not isinstance(inputs, dict) and len(self._by_name) != 1:
            raise ValueError(f"The signature takes {len(self._by_name)} inputs; give a dictionary: {self._by_name}.")
        named = inputs if isinstance(inputs, dict) else {self._by_name[0]: inputs}
        return self._function(**named, **options)

    def _variables(self):
        found = {}
        of_losses = [traced for loss in self.losses for traced in getattr(loss, "concrete_functions", ())]
        for holder in (self.loaded, *self._traced, *of_losses):
            for variable in getattr(holder, "variables", ()):
                found.setdefault(variable.ref(), variable)
        named = getattr(self.loaded, "trainable_variables", None)
        free = {variable.ref() for variable in (found.values() if named is None else named)}
        return [(variable, bool(variable.trainable) and ref in free) for ref, variable in found.items()]


def share(variable, its):
    """Make a Keras variable use a TensorFlow variable as its value: what one writes, the other reads.

    Keras has no public call for this, so it sets a private attribute.
    """
    variable._value = its


def unpack_graph(graph, folder):
    """Write a module's graph into a folder."""
    for name, text in graph.items():
        path = Path(folder, name)
        if Path(folder).resolve() not in path.resolve().parents:
            raise ValueError(f"The file of a module must lie inside it; got {name!r}.")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(zlib.decompress(base64.b64decode(text)))


def pack_graph(folder):
    """Return the files that describe a module, compressed as text, by name."""
    folder = Path(folder)
    files = [folder / name for name in SAVED_MODEL] + sorted((folder / "assets").glob("**/*"))
    contents = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files if path.is_file()}
    return {name: base64.b64encode(zlib.compress(data)).decode() for name, data in contents.items()}
