"""Is this machine ready? Checks with a colour, and a remedy beside each that is not green."""

import os
import shutil
import sys
import time
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from packaging.version import Version

from tlcourse.assets import at_hand, cache_folder, cache_root, cache_sizes, data_folder, look_up, verify_pack
from tlcourse.course.calibration import calibrate
from tlcourse.course.environment import locked_versions
from tlcourse.course.kernels import Kernels
from tlcourse.course.sources import both_volumes, lessons
from tlcourse.lesson import PROFILES, quietly

PYTHONS = (3, 11), (3, 13)
GIGABYTE = 1e9
MEMORY = {"red": 2 * GIGABYTE, "yellow": 4 * GIGABYTE}
"""Free bytes. Below red, a lesson fails; below yellow, two lessons at a time may fail."""

SPARE = 1 * GIGABYTE
"""Disk that features and executed notebooks take, generously."""

MINILM = ("minilm", "minilm-config", "minilm-tokenizer")


class Check(NamedTuple):
    """One finding: ``colour`` is ``"green"``, ``"yellow"`` or ``"red"``, ``remedy`` is empty where none is needed."""

    name: str
    colour: str
    found: str
    remedy: str = ""


def examine(profile="quick"):
    """Examine this machine, and return a list of `Check`. Takes some ten seconds, most of them to import Keras."""
    looks = {
        "Python": _python,
        "packages": _packages,
        "Keras": _keras,
        "device": _device,
        "TensorFlow Hub": _hub,
        "sentence encoders": _encoders,
        "kernel": _kernel,
        "memory": _memory,
        "disk": partial(_disk, profile),
        "cache": _cache,
        **{f"assets, {each}": partial(_assets, each, "red" if each == profile else "yellow") for each in PROFILES},
        "pack": _pack,
        "network": _network,
        "minutes": partial(_minutes, profile),
    }
    return [Check(name, *_found(look)) for name, look in looks.items()]


def _found(look):
    """Return what a check finds: colour, text, and a remedy if there is one. A check that raises an error is red."""
    try:
        return look()
    except Exception as error:  # the other checks must still run
        text = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        return "red", text, "Restore the course's files (git restore .) or set it up anew, as the README says"


def _python():
    found = f"{sys.version.split()[0]} in {sys.prefix}"
    if PYTHONS[0] <= sys.version_info[:2] <= PYTHONS[1]:
        return "green", found
    return "red", found, "Use Python 3.11, 3.12 or 3.13: make PYTHON=python3.12"


def _packages():
    wanted, differing = locked_versions(), []
    for name, expected in wanted.items():
        try:
            installed = version(name)
        except PackageNotFoundError:
            continue  # what this backend or system does not need
        if installed != expected:
            differing.append(f"{name} {installed} instead of {expected}")
    if not differing:
        return "green", "the tested versions"
    shown = ", ".join(differing[:3]) + (f" and {len(differing) - 3} more" if len(differing) > 3 else "")
    return "yellow", shown, "If a lesson fails: python -m pip install -r requirements.lock"


def _keras():
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    remedy = f"Install the course with its backend: python -m pip install --editable '.[{backend}]'"
    try:
        with quietly():
            import keras
    except Exception as error:  # an import of a backend can fail in many ways
        return "red", f"with {backend}: {type(error).__name__}: {error}"[:200], remedy
    found = f"{keras.__version__} with {keras.config.backend()}"
    if Version(keras.__version__) < Version("3.15"):
        return "red", f"{found}: files it loads can run code", remedy
    return "green", found


def _device():
    from tlcourse.networks import accelerators

    return "green", ", ".join(accelerators()) or f"CPU, {os.cpu_count()} cores"


def _hub():
    missing = [name for name in ("tensorflow", "tensorflow_hub", "pkg_resources") if find_spec(name) is None]
    if not missing:
        return "green", "can be imported"
    remedy = (
        "python -m pip install 'setuptools<81'" if missing == ["pkg_resources"] else "Install the extra 'tensorflow'"
    )
    return "yellow", f"{', '.join(missing)} not installed; only Hub modules need this", remedy


def _encoders():
    folder = data_folder() / "weights" / "wordhub"
    bundled = all((folder / part).is_file() for part in ("saved_model.pb", "variables/variables.index"))
    missing = [name for name in MINILM if not at_hand(name)]
    found = f"wordhub {'comes with the course' if bundled else 'is missing'}, minilm is {'not ' if missing else ''}here"
    needed = any(set(missing) & set(names) for lesson in both_volumes() for names in lesson.needs.values())
    if not bundled:
        return "red", found, "git restore data/weights"
    remedy = f"tlcourse fetch {' '.join(missing)}" if missing else ""
    return "yellow" if needed else "green", found, remedy


def _kernel():
    started, said = time.perf_counter(), ""
    try:
        with Kernels().started(data_folder(), os.environ.get("KERAS_BACKEND", "tensorflow")) as manager:
            said = manager.kernel_spec.argv[0]
    except Exception as error:  # whatever keeps a kernel from starting is what we want to know
        return "red", f"{type(error).__name__}: {error}"[:200], "python -m pip install ipykernel"
    if Path(said).is_absolute() and Path(said).parent != Path(sys.executable).parent:
        remedy = "python -m ipykernel install --sys-prefix --name python3"
        return "red", f"'python3' is another Python: {said}", remedy
    return "green", f"starts in {time.perf_counter() - started:.1f} s"


def _memory():
    import psutil

    free = psutil.virtual_memory().available
    colour = next((colour for colour, least in MEMORY.items() if free < least), "green")
    remedy = "" if colour == "green" else "Close other programs; run with --jobs 1"
    return colour, f"{free / GIGABYTE:.1f} GB free", remedy


def _disk(profile):
    place = next(path for path in (cache_root(), *cache_root().parents) if path.exists())
    free, needed = shutil.disk_usage(place).free, sum(look_up(name).bytes for name in _missing(profile)) + SPARE
    found = f"{free / GIGABYTE:.1f} GB free, {needed / GIGABYTE:.1f} GB needed"
    if free >= needed:
        return "green", found
    return "red", found, "Free some (tlcourse clean), or set TLCOURSE_CACHE to another disk"


def _cache():
    try:
        folder = cache_folder()
    except OSError as error:
        return "yellow", str(error), "It can be read; to fetch and to keep features it must be writable"
    return "green", f"{folder}, {sum(cache_sizes().values()) / 1e6:.0f} MB"


def _assets(profile, colour):
    missing = _missing(profile)
    if not missing:
        return "green", "complete"
    return colour, f"missing: {', '.join(missing)}", f"tlcourse fetch --profile {profile}"


def _missing(profile):
    return sorted({name for lesson in both_volumes() for name in lesson.missing(profile)})


def _pack():
    pack = os.environ.get("TLCOURSE_PACK")
    if not pack:
        return "green", "none (TLCOURSE_PACK is not set)"
    try:
        files = verify_pack(pack)
    except (OSError, ValueError) as error:
        return (
            "red",
            f"{pack}: {error}"[:200],
            "Plug it in, start its server, make it anew, or unset TLCOURSE_PACK",
        )
    return "green", f"{pack}: {files} files as its manifest says"


def _network():
    offline = os.environ.get("TLCOURSE_OFFLINE") == "1"
    pack = "://" in os.environ.get("TLCOURSE_PACK", "")
    used = "used only to fetch what is missing" + (", and to read the pack's manifest" if pack else "")
    return "green", "forbidden (TLCOURSE_OFFLINE=1)" if offline else used


def _minutes(profile):
    speed = calibrate()
    each = {lesson.name: lesson.seconds[profile] / speed / 60 for lesson in lessons()}
    found = ", ".join(f"{name}: {minutes:.1f}" for name, minutes in each.items())
    colour = "green" if speed > 0.3 else "yellow"
    remedy = "" if colour == "green" else "Slow: let students start the long cells before the break"
    return colour, f"{found}; all: {sum(each.values()):.1f} ({speed:.2f} of the reference)", remedy
