"""Every test has a cache of its own; none reads the user's cache or pack."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import matplotlib
import pytest
from made import BODY, write_lesson

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
