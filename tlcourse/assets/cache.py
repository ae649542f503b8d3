"""The cache: one folder for downloads and features, safe for several processes, never trusting half a file."""

import os
import tempfile
import uuid
from contextlib import contextmanager
from pathlib import Path


def cache_folder(*parts):
    """Return a folder of the cache, made if need be: ``TLCOURSE_CACHE``, or the system's place for caches.

    Args:
        *parts: names of folders inside the cache.

    Raises:
        OSError: if the folder can't be made or written; the message names the variable that moves it.
    """
    import pooch

    folder = Path(os.environ.get("TLCOURSE_CACHE") or pooch.os_cache("tlcourse"), *parts)
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
