"""One lesson, one profile, one seed: run it with papermill in a kernel of its own."""

import hashlib
import json
import os
import platform
import time
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.metadata import distributions
from pathlib import Path

import nbformat

from tlcourse.assets import data_folder, expected_hash
from tlcourse.course.editions import student_edition
from tlcourse.course.pages import write_page
from tlcourse.course.sources import DEEPER, LessonSource, read_source, write_notebook
from tlcourse.course.verdict import entry, heading, judge
from tlcourse.lesson import DEVELOPMENT_SEEDS

SETTINGS = ("KERAS_", "TF_", "XLA_", "JAX_", "TORCH_", "CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS", "PYTHONHASHSEED")
"""Beginnings of the names of environment variables from which libraries take settings."""

SILENT = {"KERAS_BACKEND", "KERAS_HOME", "TF_CPP_MIN_LOG_LEVEL", "TF_FORCE_GPU_ALLOW_GROWTH"}
"""Those of them that change no result, or for which there is a parameter."""

KERAS_DEFAULTS = {"floatx": "float32", "epsilon": 1e-7, "image_data_format": "channels_last"}
"""What Keras writes into its file of settings where there is none."""


@dataclass(frozen=True, eq=False)
class Job:
    """A lesson to run.

    Attributes:
        lesson: a `LessonSource` of either volume.
        profile: ``"quick"`` or ``"full"``.
        seed: a whole number from 0 on.
        folder: where the executed notebook goes.
        timeout: seconds that one cell may take.
        backend: backend of Keras.
    """

    lesson: LessonSource
    profile: str
    seed: int
    folder: Path
    timeout: int = 1800
    backend: str = "tensorflow"

    @property
    def notebook(self):
        """Path of the executed notebook."""
        volume = f"-{DEEPER}" if self.lesson.deeper else ""
        special = f"-{self.backend}" if self.backend != "tensorflow" else ""
        return self.folder / f"{self.lesson.path.stem}{volume}-{self.profile}-{self.seed}{special}.ipynb"

    @cached_property
    def source_cells(self):
        """The cells of the lesson's source."""
        return read_source(self.lesson.path).cells

    @property
    def needs(self):
        """Names of the assets that the lesson needs."""
        return self.lesson.needs[self._data]

    @cached_property
    def fingerprint(self):
        """Hash of everything that the result depends on, computed once, when it is first read.

        That is the source, the parameters, every file of the package and of `data/`, the versions of Python and of each
        library, their settings, and the hash of each asset that the lesson needs.
        """
        variants = [expected_hash(name) for name in self.needs]
        parameters = f"{self.profile} {self.seed} {self.backend} {variants} {_package()} {_installed()} {_settings()}"
        return hashlib.sha256(parameters.encode() + self.lesson.path.read_bytes()).hexdigest()[:16]

    def missing(self):
        """Return the names of the assets that the lesson needs and this machine lacks."""
        return self.lesson.missing(self._data)

    @property
    def _data(self):
        development = self.profile == "quick" and self.seed in DEVELOPMENT_SEEDS
        return "development" if development else self.profile

    def finished(self):
        """Return the entry of an earlier run that passed with the same fingerprint, ``None`` if there is none."""
        try:
            kept = json.loads(self.notebook.read_text(encoding="utf-8"))["metadata"]["tlcourse"]["run"]
            same = kept["fingerprint"] == self.fingerprint and kept["status"] == "passed"
            return kept if same and set(kept) == set(entry(self, "", "")) else None
        except (OSError, ValueError, KeyError, TypeError, AttributeError):  # not there, damaged, or of another version
            return None


def execute(job, kernels, at_cell=lambda cell, cells, heading: None):
    """Run a job and return its entry of the report, whatever a notebook, its kernel or papermill does.

    While it runs, the notebook has a hidden name. When it has ended, it gets its own name, with the entry in its
    metadata: so a file with that name is always complete. Beside it goes a page that a browser shows.

    Args:
        job: a `Job`.
        kernels: a `Kernels`, which can end all of them at once.
        at_cell: called before each cell with its index, the number of cells and the last heading.
    """
    partial = job.notebook.with_name(f".{job.notebook.name}")
    partial.unlink(missing_ok=True)
    started, reached, error = time.monotonic(), "", None
    try:
        missing = job.missing()
        if missing:
            return entry(job, "not run", f"Bring what is missing with: tlcourse fetch {' '.join(missing)}")
        notebook = student_edition(job.lesson)
        places = {cell.id: at for at, cell in enumerate(notebook.cells)}

        def on_cell_start(cell, cell_index):
            nonlocal reached
            if cell.id in places:  # papermill adds a cell of its own, with the parameters
                reached, at = cell.id, places[cell.id]
                at_cell(at, len(places), heading(notebook.cells[: at + 1]))

        folder = job.lesson.edition.parent
        folder.mkdir(parents=True, exist_ok=True)
        with kernels.started(folder, job.backend) as kernel:
            _papermill(job, notebook, partial, kernel, on_cell_start)
    except Exception as problem:  # the other lessons go on
        error = problem
    total = time.monotonic() - started
    executed = nbformat.read(partial, as_version=4) if partial.is_file() else None
    result = judge(job, executed, error, reached, total, interrupted=kernels.ending)
    if executed:
        try:
            write_page(executed, job.notebook.with_suffix(".html"))
        except Exception as problem:  # the notebook and its claims are kept
            no_page = f"its page could not be written ({type(problem).__name__}: {problem})"
            result |= {"status": "failed", "reason": "; ".join(filter(None, [result["reason"], no_page]))}
        executed.metadata.tlcourse = {**executed.metadata.get("tlcourse", {}), "run": result}
        write_notebook(executed, job.notebook)
        partial.unlink()
    return result


def _papermill(job, notebook, path, kernel, on_cell_start):
    import papermill

    papermill.execute_notebook(
        notebook,
        path,
        parameters={"PROFILE": job.profile, "SEED": job.seed},
        km=kernel,
        on_cell_start=on_cell_start,
        execution_timeout=job.timeout,
        progress_bar=False,
    )


@cache
def _package():
    digest = hashlib.sha256()
    for folder in (Path(__file__).parents[1], data_folder()):
        for path in sorted(folder.rglob("[!.]*")):
            if path.is_file() and path.suffix != ".pyc":
                contents = path.read_bytes()
                digest.update(f"{path.relative_to(folder).as_posix()} {len(contents)}\n".encode() + contents)
    return digest.hexdigest()


@cache
def _installed():
    return [platform.python_version(), *sorted(f"{each.name} {each.version}" for each in distributions())]


def _settings():
    """Return what libraries read from the environment and from Keras's own file, without what changes no result."""
    variables = {name: value for name, value in os.environ.items() if name.startswith(SETTINGS) and name not in SILENT}
    folder = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    try:
        of_keras = dict(json.loads((folder.expanduser() / "keras.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):  # Keras writes its defaults where there is none
        of_keras = {}
    return sorted(variables.items()), sorted((KERAS_DEFAULTS | of_keras | {"backend": ""}).items())
