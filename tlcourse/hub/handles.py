"""From a handle to a folder with a SavedModel: a path, a name of the course, or an address."""

import hashlib
import os
import warnings
from pathlib import Path

from tlcourse.assets import AssetMissing, cache_folder, cache_root, data_folder
from tlcourse.checks import known

SAVED_MODEL = ("saved_model.pb", "saved_model.pbtxt")
BUNDLED = "weights"
"""Folder of `data/` with the modules that come with the course."""


def resolve_handle(handle, download=True):
    """Return the folder of a Hub module, downloading it first if need be.

    Args:
        handle: path of a folder; the name of a module that comes with the course, such as ``"wordhub"``; or an address
            of an archive or of a server that knows Hub's protocol. Downloads are kept in ``TFHUB_CACHE_DIR``, or else
            in the course's cache.
        download: whether the network may be used.

    Returns:
        A `Path`.

    Raises:
        ValueError: if it is neither a folder with a SavedModel nor a known name, or a module in TF1 Hub format.
        AssetMissing: if it has to be downloaded, and the download fails or is forbidden (``download=False`` or
            ``TLCOURSE_OFFLINE=1``).
        RuntimeError: if TensorFlow Hub can't be imported.
    """
    handle = str(handle)
    address = "://" in handle
    if address and not handle.startswith(("https://", "http://")):
        raise ValueError(f"An address starts with https://; got {handle!r}. Give a folder by its path.")
    folder = _downloaded(handle, download) if address else Path(handle).expanduser()
    if not address and (not handle or not folder.is_dir()):
        if "/" in handle.rstrip("/") or os.sep in handle.rstrip(os.sep):
            raise ValueError(f"There is no folder {handle!r}. Give the folder that holds saved_model.pb.")
        names = sorted(path.parent.name for path in (data_folder() / BUNDLED).glob("*/saved_model.pb"))
        folder = data_folder() / BUNDLED / known("Hub module", handle.rstrip("/"), names)
    if (folder / "tfhub_module.pb").exists():
        raise ValueError(
            f"{handle!r} is a module in TF1 Hub format, which has no Keras 3 counterpart. Use a module in TF2 "
            "SavedModel format; most publishers offer one under another version."
        )
    if not any((folder / name).is_file() for name in SAVED_MODEL):
        again = "Delete the folder and load the module again." if address else "Give the folder that holds it."
        raise ValueError(f"There is no saved_model.pb in {folder}: the module is not there, or half deleted. {again}")
    return folder


def tensorflow_hub():
    """Import TensorFlow Hub, or say in plain words what is in the way."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of pkg_resources, at every import
            import tensorflow_hub
    except ModuleNotFoundError as error:
        if error.name == "pkg_resources":
            raise RuntimeError(
                "TensorFlow Hub imports pkg_resources, which setuptools has no longer from version 81 on. "
                "Install an older one: python -m pip install 'setuptools<81'"
            ) from error
        raise RuntimeError(
            f"Hub modules need TensorFlow and TensorFlow Hub, and {error.name} is not installed: "
            "python -m pip install --editable '.[tensorflow]'"
        ) from error
    return tensorflow_hub


def _downloaded(address, download):
    cache = Path(os.environ.get("TFHUB_CACHE_DIR") or cache_root() / "hub").expanduser()
    folder = cache / hashlib.sha1(address.encode()).hexdigest()  # where TensorFlow Hub keeps it
    if folder.is_dir():
        return folder
    if not download or os.environ.get("TLCOURSE_OFFLINE") == "1":
        why = "TLCOURSE_OFFLINE=1 forbids the network" if download else "a file is loaded without the network"
        raise AssetMissing(
            f"The module {address} is not on this machine ({cache}), and {why}. "
            "Load it once with the network, or give a folder instead of the address."
        )
    before = os.environ.get("TFHUB_CACHE_DIR")
    os.environ["TFHUB_CACHE_DIR"] = before or str(cache_folder("hub"))
    try:
        return Path(tensorflow_hub().resolve(address))
    except OSError as error:
        raise AssetMissing(f"The module {address} could not be downloaded: {' '.join(str(error).split())}") from error
    finally:
        if not before:
            del os.environ["TFHUB_CACHE_DIR"]
