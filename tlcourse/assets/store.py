"""From a source into the cache: whole and of the expected hash, or not at all."""

import errno
import shutil
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from tlcourse.assets.cache import cache_folder
from tlcourse.assets.cache import sha256 as file_sha256
from tlcourse.assets.download import download

MAGIC = {".h5": b"\x89HDF", ".npz": b"PK", ".zip": b"PK", ".gz": b"\x1f\x8b", ".tgz": b"\x1f\x8b"}
"""First bytes by suffix: where no hash is published, at least no error page passes for a file."""


class AssetMissing(RuntimeError):
    """An asset is in neither cache nor pack, and could not be downloaded."""


class Located(NamedTuple):
    """Where an asset is: its ``path``, its ``variant`` (``"official"`` or ``"pack"``) and its ``sha256``."""

    path: Path
    variant: str
    sha256: str


def store(asset, variant, file, source, sha256, progress):
    """Copy or download a file into the cache under a hidden name, verify it, then rename it.

    Args:
        asset: the `Asset`.
        variant: ``"official"`` or ``"pack"``.
        file: name of the file, below the variant's folder.
        source: a path or an address.
        sha256: hash that it must have; if empty, the hash of the first download is kept and holds from then on.
        progress: whether a download shows a bar.

    Returns:
        A `Located`.

    Raises:
        AssetMissing: if the disk is full.
        OSError: if the source can't be read.
        ValueError: if what came is not the file.
    """
    path = cache_folder("assets", variant) / file
    path.parent.mkdir(exist_ok=True)
    part, note = path.with_name(f".{path.name}.part"), path.with_name(f"{path.name}.sha256")
    sha256 = sha256 or (note.read_text().strip() if note.is_file() else "")
    try:
        received = _bring(source, part, path.suffix, sha256, progress)
        note.write_text(received + "\n")
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        part.unlink(missing_ok=True)
        raise AssetMissing(
            f"The disk of the cache, {path.parent}, is full: {asset.name!r} takes {asset.bytes / 1e6:.0f} MB. "
            "Free some (tlcourse clean shows what the cache holds) or set TLCOURSE_CACHE to another disk."
        ) from error
    part.replace(path)
    return Located(path, variant, received)


def _bring(source, part, suffix, sha256, progress):
    """Complete ``part`` and return its hash; what an earlier attempt left is continued if a hash can judge it."""
    if "://" not in source:
        shutil.copyfile(source, part)
        return _verified(part, suffix, sha256)
    if not sha256:
        part.unlink(missing_ok=True)
    if part.is_file():
        with suppress(ValueError):  # the beginning was of something else
            if file_sha256(part) != sha256:
                download(source, part, progress=progress)
            return _verified(part, suffix, sha256)
    download(source, part, progress=progress)
    return _verified(part, suffix, sha256)


def _verified(part, suffix, sha256):
    received, start = file_sha256(part), MAGIC.get(suffix, b"")
    try:
        if sha256 and received != sha256:
            raise ValueError(f"its SHA-256 should be {sha256[:12]}…, got {received[:12]}…")
        with part.open("rb") as file:
            if file.read(len(start)) != start:
                raise ValueError(f"what came is not a {suffix} file")
    except ValueError:
        part.unlink()
        raise
    return received
