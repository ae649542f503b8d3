"""How fast is this machine, against the one on which the lessons' seconds were measured?"""

import time

REFERENCE = {"probes": 92.0, "batches": 15.0}
"""Calls a second in `calibrate` on the machine on which the lessons' seconds were measured: two cores at 2.5 GHz."""

SERIAL = 0.8
"""Share of a lesson's time that more cores do not shorten."""


def calibrate():
    """Return this machine's speed as a share of the reference, from one second of work.

    Half of it goes to small matrices on one core, as in fitting probes, and half to batches of images through a
    backbone; the lessons spend most of their time on the first kind.
    """
    import numpy as np
    from threadpoolctl import threadpool_limits

    from tlcourse.backbones import load_backbone
    from tlcourse.features import fit_probe
    from tlcourse.networks import use_xla

    features, labels = np.random.default_rng(0).normal(size=(500, 128)), np.arange(500) % 10
    backbone = load_backbone("letters")
    images = np.zeros((128, *backbone.input_shape), "float32")
    backbone.model.compile(jit_compile=use_xla())
    with threadpool_limits(1):
        probes = _a_second(lambda: fit_probe(features, labels))
    batches = _a_second(lambda: backbone.model.predict_on_batch(images))
    return 1 / (SERIAL * REFERENCE["probes"] / probes + (1 - SERIAL) * REFERENCE["batches"] / batches)


def _a_second(function, seconds=0.5):
    """Return how often a function can be called in a second."""
    function()
    started, calls = time.perf_counter(), 0
    while time.perf_counter() - started < seconds:
        function()
        calls += 1
    return calls / (time.perf_counter() - started)
