"""The cache: one folder for downloads and features, safe for several processes, never trusting half a file."""

import hashlib
import os
import re
import tempfile
import time
import uuid
from contextlib import contextmanager
from pathlib import Path

LEFTOVER = re.compile(r"\.[0-9a-f]{32}\..*")
"""Name of a temporary file of `atomically`."""

LEFTOVER_AGE = 3600
"""Seconds after which it belongs to a process that was killed."""

FEATURES = re.compile(r"[0-9a-f]{32}-.+\.npy")
"""Name of a file of features."""


def cache_root():
    """Return the cache's place, whether or not it is there: ``TLCOURSE_CACHE``, or where the system keeps caches.

    Raises:
        RuntimeError: if it begins with the ``~`` of somebody unknown.
    """
    import pooch

    return Path(os.environ.get("TLCOURSE_CACHE") or pooch.os_cache("tlcourse")).expanduser()


def cache_folder(*parts):
    """Return a folder of the cache that can be written, made if need be.

    Args:
        *parts: names of folders inside the cache.

    Raises:
        OSError: if the folder can't be made or written; the message names the variable that moves it.
    """
    folder = cache_root().joinpath(*parts)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OSError(
            f"The course's cache must be a folder that can be written; {folder} can't be ({error.strerror}). "
            "Set TLCOURSE_CACHE to one that can."
        ) from error
    return folder


def cache_sizes():
    """Return the cache's bytes by kind: ``"downloads"``, ``"features"``, ``"leftovers"`` of killed processes."""
    return {kind: sum(path.stat().st_size for path in files) for kind, files in _kept().items()}


def clear_cache(kinds):
    """Delete what the course has put into the cache, and return the bytes that were freed.

    Args:
        kinds: some of ``"downloads"``, ``"features"`` and ``"leftovers"``.
    """
    freed = 0
    for path in [path for kind, files in _kept().items() if kind in kinds for path in files]:
        freed += path.stat().st_size
        path.unlink()
    modules = (cache_root() / "hub").rglob("*/") if "downloads" in kinds else ()
    for folder in sorted(modules, reverse=True):  # an empty one would be taken for a module
        if not any(folder.iterdir()):
            folder.rmdir()
    return freed


def _kept():
    """Return the files by kind that bear names as the course gives them. Locks stay: another process may hold one."""
    assets, features, hub = (cache_root() / name for name in ("assets", "features", "hub"))
    downloads = (assets / "official", assets / "pack", hub)
    kept = {kind: [] for kind in ("downloads", "features", "leftovers")}
    for path in (path for folder in (*downloads, features) for path in folder.rglob("*") if path.is_file()):
        if LEFTOVER.fullmatch(path.name):
            if time.time() - path.stat().st_mtime > LEFTOVER_AGE:
                kept["leftovers"].append(path)
        elif path.is_relative_to(features):
            kept["features"] += [path] if FEATURES.fullmatch(path.name) else []
        elif path.suffix != ".lock":
            kept["downloads"].append(path)
    return kept


@contextmanager
def atomically(path):
    """Yield a temporary path in the same folder, renamed to ``path`` on success and deleted on failure.

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with atomically(Path(folder, "note.txt")) as temporary:
    ...         _ = temporary.write_text("whole")
    ...     Path(folder, "note.txt").read_text()
    'whole'
    """
    path = Path(path)
    temporary = path.with_name(f".{uuid.uuid4().hex}{path.suffix}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def locked(path):
    """Hold a lock beside ``path``: a second process waits, and then finds the first one's work."""
    import filelock

    path = Path(path)
    with filelock.FileLock(path.with_name(f".{path.name}.lock")):
        yield


def sha256(path):
    """Return the SHA-256 of a file, 64 hexadecimal digits."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
