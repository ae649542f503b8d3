"""Classroom packs: a folder or an address with files and a `manifest.toml` of their hashes.

The manifest has a table for each file, with at least ``sha256``; whoever makes the pack vouches for it.
"""

import json
import os
import shutil
import tomllib
from pathlib import Path

from tlcourse.assets.cache import atomically, cache_folder, cache_root, sha256
from tlcourse.assets.download import download

MANIFEST = "manifest.toml"


def named_pack():
    """Return the pack that ``TLCOURSE_PACK`` names, a folder or an address without its last slash; empty if none."""
    pack = os.environ.get("TLCOURSE_PACK", "").rstrip("/")
    return pack if not pack or "://" in pack else str(Path(pack).expanduser())


def offered(asset, pack):
    """Return what a pack offers of an asset: variant, file name and hash.

    A file with the official hash is the official variant, even in a pack. Any other file is the pack's variant.

    Args:
        asset: an `Asset`.
        pack: a folder or an address.

    Raises:
        OSError: if the manifest can't be read.
        ValueError: if it is not in the expected form or does not offer the asset.
    """
    manifest = tomllib.loads(_read(pack))
    for file in dict.fromkeys((asset.file, asset.pack)):
        entry = manifest.get(file) if file else None
        if entry is None:
            continue
        expected = _hash(entry)
        if len(expected) != 64:
            raise ValueError(f"its manifest must give {file} a sha256 of 64 digits, got {expected!r}")
        return ("official" if expected == asset.sha256 else "pack"), file, expected
    raise ValueError(f"its manifest has no entry {(asset.pack or asset.file)!r}")


def verify_pack(pack):
    """Return how many files a pack's manifest lists, after comparing each with it.

    Args:
        pack: a folder, or an address of which only the manifest is read.

    Raises:
        OSError: if the manifest or a file can't be read.
        ValueError: if a file is not what the manifest says.
    """
    manifest = tomllib.loads(_read(pack))
    for file, entry in manifest.items():
        if "://" not in pack and sha256(Path(pack, file).expanduser()) != _hash(entry):
            raise ValueError(f"{file} is not the file that the manifest describes")
    return len(manifest)


def make_pack(folder, located):
    """Copy assets into a pack, each file whole or not at all, and write the manifest last; what it listed stays.

    Args:
        folder: where the pack goes; made if need be.
        located: `Located` by `Asset`, at least one.

    Returns:
        The bytes of the pack's files.

    Raises:
        OSError: if the folder can't be written.
    """
    folder = Path(folder).expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        entries = tomllib.loads(_read(str(folder))) if (folder / MANIFEST).is_file() else {}
        for asset, place in located.items():
            file = place.path.relative_to(cache_root() / "assets" / place.variant).as_posix()
            (folder / file).parent.mkdir(exist_ok=True)
            with atomically(folder / file) as temporary:
                shutil.copyfile(place.path, temporary)
            size = place.path.stat().st_size
            entries[file] = {"name": asset.name, "variant": place.variant, "sha256": place.sha256, "bytes": size}
            entries[file] |= {"about": asset.about, "licence": asset.licence, "cite": asset.cite}
        lines = ["# A classroom pack: name its folder, or the address it is served from, in TLCOURSE_PACK."]
        for file, facts in entries.items():
            lines += ["", f"[{json.dumps(file)}]"]
            lines += [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in facts.items()]
        with atomically(folder / MANIFEST) as temporary:
            temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
    except (FileExistsError, NotADirectoryError, PermissionError) as error:
        raise OSError(f"A pack needs a folder that can be written; got {folder}: {error.strerror}.") from error
    return sum(place.path.stat().st_size for place in located.values())


def _hash(entry):
    return str(entry.get("sha256", "")).lower() if isinstance(entry, dict) else ""


def _read(pack):
    if "://" not in pack:
        manifest = Path(pack, MANIFEST).expanduser()
        if not manifest.is_file():
            raise OSError(f"there is no {MANIFEST} in this folder; is the stick plugged in?")
        return manifest.read_text(encoding="utf-8")
    with atomically(cache_folder("assets") / MANIFEST) as temporary:
        download(f"{pack}/{MANIFEST}", temporary)
        return temporary.read_text(encoding="utf-8")
