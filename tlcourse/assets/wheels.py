"""An asset out of a wheel: pip downloads it, nobody installs it."""

import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from tlcourse.assets.cache import cache_folder
from tlcourse.assets.catalogue import registry
from tlcourse.assets.store import store


def from_wheel(asset):
    """Download the asset's wheel with the user's pip, and store every asset that it holds.

    Args:
        asset: an `Asset` with a ``wheel``.

    Returns:
        The asset's `Located`.

    Raises:
        OSError: if pip brings no wheel.
        ValueError: if the wheel does not hold the file, or another one.
    """
    with tempfile.TemporaryDirectory(dir=cache_folder("assets")) as folder:
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
        command += ["--quiet", "--dest", folder, asset.wheel]
        done = subprocess.run(command, capture_output=True, text=True)
        wheel = next(Path(folder).glob("*.whl"), None)
        if done.returncode or not wheel:
            raise OSError(f"pip download: {done.stderr.strip() or 'brought no wheel'}")
        try:
            stored = {other.name: _unpack(other, wheel) for other in registry().values() if other.wheel == asset.wheel}
        except zipfile.BadZipFile as error:
            raise ValueError(f"{wheel.name} is no wheel: {error}") from error
    return stored[asset.name]


def _unpack(asset, wheel):
    """Store the member of a wheel that has the asset's file name and hash; nothing else leaves the archive."""
    name, out = Path(asset.file).name, wheel.with_name("member")
    with zipfile.ZipFile(wheel) as archive:
        members = [member for member in archive.namelist() if member.split("/")[-1] == name]
        if not members:
            raise ValueError(f"it holds no {name}")
        right = [member for member in members if _sha256(archive, member) == asset.sha256]
        with archive.open((right or members)[0]) as inside, out.open("wb") as file:
            shutil.copyfileobj(inside, file)
    return store(asset, "official", asset.file, str(out), asset.sha256, progress=False)


def _sha256(archive, member):
    with archive.open(member) as inside:
        return hashlib.file_digest(inside, "sha256").hexdigest()
