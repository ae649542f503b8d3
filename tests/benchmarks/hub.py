"""What a training epoch costs in a `HubLayer`, against the same network written in Keras. Run by `make bench`.

Each side trains in a process of its own, so that its peak of memory is its own; sides alternate, five times. Tracing
and building are excluded from the time.
"""

import json
import statistics
import subprocess
import sys
import tempfile

REPEATS = 5

SIDE = """
import json, resource, sys, time
from tlcourse.lesson import quietly
with quietly():
    import keras
import numpy as np, tensorflow as tf
from tlcourse.hub import HubLayer

keras.utils.set_random_seed(0)
side, folder = sys.argv[1:]
images = np.random.default_rng(0).random((2048, 32, 32, 3), "float32")
labels = np.arange(2048) % 10


def network():
    conv = lambda width: [keras.layers.Conv2D(width, 3, strides=2, padding="same"), keras.layers.BatchNormalization()]
    relu = keras.layers.ReLU()
    return keras.Sequential([keras.Input((32, 32, 3)), *conv(32), relu, *conv(64), keras.layers.ReLU(),
                             keras.layers.GlobalAveragePooling2D()])


class Exported(tf.Module):
    def __init__(self):
        super().__init__()
        self.network = network()

    @tf.function
    def __call__(self, images, training=False):
        return self.network(images, training=training)


if side == "export":
    module = Exported()
    for training in (False, True):
        module.__call__.get_concrete_function(tf.TensorSpec([None, 32, 32, 3]), training=training)
    tf.saved_model.save(module, folder)
    sys.exit()
base = HubLayer(folder, trainable=True) if side == "hub" else network()
model = keras.Sequential([keras.Input((32, 32, 3)), base, keras.layers.Dense(10)])
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile("adam", loss, jit_compile=False)
model.fit(images, labels, batch_size=32, verbose=0)
started = time.perf_counter()
model.fit(images, labels, batch_size=32, epochs=3, verbose=0)
seconds = (time.perf_counter() - started) / 3
print("RESULT", json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000]))
"""


def run(side, folder):
    done = subprocess.run([sys.executable, "-c", SIDE, side, folder], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.split("RESULT")[1]) if side != "export" else None


if __name__ == "__main__":
    folder = tempfile.mkdtemp()
    run("export", folder)
    pairs = [(run("hub", folder), run("keras", folder)) for _ in range(REPEATS)]
    for at, (name, unit) in enumerate((("epoch", "s"), ("peak memory", "MB"))):
        ratios = [hub[at] / keras[at] for hub, keras in pairs]
        middle = [statistics.median(side[at] for side in sides) for sides in zip(*pairs)]
        print(
            f"{name}: HubLayer {middle[0]:.2f} {unit}, Keras {middle[1]:.2f} {unit}, ratio "
            f"{statistics.median(ratios):.2f} ({min(ratios):.2f} … {max(ratios):.2f})"
        )
