"""From name to file: the cache, then the classroom pack, then the official addresses one after the other."""

import hashlib
import os
import shutil
import tomllib
from pathlib import Path
from typing import NamedTuple

from tlcourse.assets.cache import atomically, cache_folder, locked
from tlcourse.assets.catalogue import look_up

CONNECT, READ = 5, 20
"""Seconds until an address that does not answer, or that stops sending, is given up."""

MAGIC = {".h5": b"\x89HDF", ".npz": b"PK", ".zip": b"PK", ".gz": b"\x1f\x8b", ".tgz": b"\x1f\x8b"}
"""First bytes by suffix: where no hash is published, at least no error page passes for a file."""


class AssetMissing(RuntimeError):
    """An asset is in neither cache nor pack, and could not be downloaded."""


class Located(NamedTuple):
    """Where an asset is: its ``path``, its ``variant`` (``"official"`` or ``"pack"``) and its ``sha256``."""

    path: Path
    variant: str
    sha256: str


def fetch(name, progress=False):
    """Return where the asset is, bringing it first if need be.

    Args:
        name: a name in `data/assets.toml`.
        progress: whether a download shows a bar.

    Returns:
        A `Located`, its file complete and of the expected hash.

    Raises:
        ValueError: if the name is unknown.
        AssetMissing: if no place has it, or ``TLCOURSE_OFFLINE=1`` forbids to look; the message lists what was tried.
    """
    asset = look_up(name)
    with locked(cache_folder("assets") / name):
        located = _cached(asset)
        if located:
            return located
        tried = []
        for bring in (_from_pack, _from_addresses):
            located = bring(asset, tried, progress)
            if located:
                return located
    raise AssetMissing(
        f"{name!r} is not on this machine ({asset.about} {asset.bytes / 1e6:.0f} MB). "
        f"Bring it with: tlcourse fetch {name}. Tried: {'; '.join(tried)}."
    )


def locate(name):
    """Return where the asset is if the cache or a pack has it, ``None`` otherwise. Uses no network for a folder pack.

    Raises:
        ValueError: if the name is unknown.
    """
    asset = look_up(name)
    with locked(cache_folder("assets") / name):
        return _cached(asset) or _from_pack(asset, [], progress=False)


def _cached(asset):
    for variant, file, expected in (("official", asset.file, asset.sha256), ("pack", asset.pack, "")):
        path = cache_folder("assets", variant) / file
        note = path.with_name(f"{path.name}.sha256")
        if not file or not path.is_file():
            continue
        expected = expected or (note.read_text().strip() if note.is_file() else "")
        if _sha256(path) == expected:
            return Located(path, variant, expected)
        path.unlink()
    return None


def _from_pack(asset, tried, progress):
    pack = os.environ.get("TLCOURSE_PACK", "").rstrip("/")
    if not pack or not asset.pack:
        tried.append("no classroom pack (TLCOURSE_PACK is not set)" if not pack else "the pack does not carry it")
        return None
    try:
        sha256 = str(tomllib.loads(_read_manifest(pack))[asset.pack]["sha256"]).lower()
        if len(sha256) != 64:
            raise ValueError(f"its manifest must give {asset.pack} a sha256 of 64 digits, got {sha256!r}")
        return _store("pack", asset.pack, f"{pack}/{asset.pack}", sha256, progress)
    except (OSError, ValueError, KeyError, TypeError) as error:
        tried.append(f"pack {pack}: {_reason(error)}")
        return None


def _from_addresses(asset, tried, progress):
    if os.environ.get("TLCOURSE_OFFLINE") == "1":
        tried.append("TLCOURSE_OFFLINE=1 forbids the network")
        return None
    for url in asset.urls:
        try:
            return _store("official", asset.file, url, asset.sha256, progress)
        except (OSError, ValueError) as error:
            tried.append(f"{url}: {_reason(error)}")
    return None


def _store(variant, file, source, sha256, progress):
    """Copy or download into the cache: verified under a temporary name, then renamed."""
    path = cache_folder("assets", variant) / file
    note = path.with_name(f"{path.name}.sha256")
    sha256 = sha256 or (note.read_text().strip() if note.is_file() else "")
    with atomically(path) as temporary:
        if "://" in source:
            _download(source, temporary, progress)
        else:
            shutil.copyfile(source, temporary)
        received = _sha256(temporary)
        start = MAGIC.get(path.suffix, b"")
        if sha256 and received != sha256:
            raise ValueError(f"its SHA-256 should be {sha256[:12]}…, got {received[:12]}…")
        if temporary.open("rb").read(len(start)) != start:
            raise ValueError(f"what came is not a {path.suffix} file")
        note.write_text(received + "\n")
    return Located(path, variant, received)


def _download(url, path, progress):
    if os.environ.get("TLCOURSE_OFFLINE") == "1":
        raise OSError("TLCOURSE_OFFLINE=1 forbids the network")
    import pooch

    download = pooch.HTTPDownloader(progressbar=progress, timeout=(CONNECT, READ), allow_redirects=True)
    download(url, str(path), pooch=None)


def _read_manifest(pack):
    if "://" not in pack:
        return Path(pack, "manifest.toml").read_text(encoding="utf-8")
    with atomically(cache_folder("assets") / "manifest.toml") as temporary:
        _download(f"{pack}/manifest.toml", temporary, progress=False)
        return temporary.read_text(encoding="utf-8")


def _sha256(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _reason(error):
    if isinstance(error, KeyError):
        return f"its manifest has no entry {error}"
    return " ".join(str(error).split())[:160] or type(error).__name__
