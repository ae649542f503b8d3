"""Every test has a cache of its own; none reads the user's cache or pack."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import matplotlib
import pytest
from made import BODY, bert_inputs, letters, write_lesson

matplotlib.use("Agg")

collect_ignore = ["benchmarks"]


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TLCOURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("TLCOURSE_PACK", raising=False)
    monkeypatch.delenv("TLCOURSE_OFFLINE", raising=False)
    monkeypatch.delenv("TLCOURSE_RUNNER", raising=False)
    return tmp_path / "cache"


@pytest.fixture
def small_bert():
    """An encoder on a transformer of three layers, with random weights, and inputs of its model."""
    import keras
    import keras_hub
    import numpy as np

    from tlcourse.text import SentenceEncoder

    keras.utils.set_random_seed(0)
    bert = keras_hub.models.BertBackbone(
        vocabulary_size=30, num_layers=3, num_heads=2, hidden_dim=8, intermediate_dim=16, max_sequence_length=16
    )
    pooled = keras.layers.GlobalAveragePooling1D()(bert.output["sequence_output"])
    inputs = bert_inputs(np.arange(12).reshape(2, 6))
    return SentenceEncoder("small", keras.Model(bert.input, pooled), letters, 8, "made"), inputs


@pytest.fixture
def made(tmp_path, monkeypatch):
    """A small lesson in a folder of its own, held to no measure; returns a function from its body to the lesson."""
    import tlcourse.course.measures as measures
    import tlcourse.course.sources as sources

    monkeypatch.setattr(sources, "notebooks_folder", lambda: tmp_path / "notebooks")
    monkeypatch.setattr(measures, "missed", lambda source, notebook: [])

    def write(body=BODY, deeper=False):
        write_lesson(tmp_path / "notebooks", body, deeper)
        (lesson,) = sources.lessons(["90"], deeper)
        return lesson

    return write
