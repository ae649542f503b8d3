"""JupyterLab on copies, so that doing an exercise leaves the course as it was."""

import itertools
import shutil
import subprocess
import sys

from tlcourse.assets import atomically
from tlcourse.course.sources import lessons, notebooks_folder


def copies(reset=""):
    """Copy the student editions to `my-notebooks/` where there is no copy yet, and return that folder.

    Args:
        reset: number of a lesson to start anew; its present copy is kept under a new name.

    Raises:
        ValueError: if ``reset`` is no lesson.
    """
    folder = notebooks_folder().parent / "my-notebooks"
    folder.mkdir(exist_ok=True)
    anew = {lesson.name for lesson in lessons([reset])} if reset else set()
    for lesson in lessons():
        copy = folder / lesson.edition.name
        if copy.exists() and lesson.name in anew:
            kept = (folder / f"{copy.stem}.kept-{number}.ipynb" for number in itertools.count(1))
            copy.rename(next(path for path in kept if not path.exists()))
        if not copy.exists():
            with atomically(copy) as temporary:
                shutil.copyfile(lesson.edition, temporary)
    return folder


def open_lab(folder):
    """Open JupyterLab there, its token left on; return its exit status."""
    return subprocess.call([sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder}"])
