"""JupyterLab on copies, so that doing an exercise leaves the course as it was."""

import itertools
import shutil
import subprocess
import sys

from tlcourse.assets import atomically
from tlcourse.course.sources import both_volumes, lessons, notebooks_folder


def copies(reset=""):
    """Copy both volumes' student editions and the programs to `my-notebooks/` where there is no copy yet; return it.

    Args:
        reset: name of a lesson to start anew; its present copy is kept under a new name.

    Raises:
        ValueError: if ``reset`` is no lesson.
    """
    folder = notebooks_folder().parent / "my-notebooks"
    anew = {lesson.name for lesson in lessons([reset])} if reset else set()
    for lesson in both_volumes():
        copy = folder / lesson.place
        if copy.exists() and lesson.name in anew:
            kept = (copy.with_name(f"{copy.stem}.kept-{number}.ipynb") for number in itertools.count(1))
            copy.rename(next(path for path in kept if not path.exists()))
        _copy(lesson.edition, copy)
    for lesson in lessons():
        if lesson.program.is_file():
            _copy(lesson.program, folder / "programs" / lesson.program.name)
    return folder


def _copy(path, copy):
    copy.parent.mkdir(parents=True, exist_ok=True)
    if not copy.exists():
        with atomically(copy) as temporary:
            shutil.copyfile(path, temporary)


def open_lab(folder):
    """Open JupyterLab there, at the first lesson, its token left on; return its exit status."""
    first = f"/lab/tree/{lessons()[0].place.as_posix()}"
    options = f"--ServerApp.root_dir={folder}", f"--LabApp.default_url={first}"
    return subprocess.call([sys.executable, "-m", "jupyterlab", *options])
