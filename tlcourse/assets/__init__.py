"""Where is it? The registry of what can be downloaded, the cache, classroom packs, offline mode."""

from tlcourse.assets.cache import atomically, cache_folder, locked
from tlcourse.assets.catalogue import Asset, data_folder, look_up, registry
from tlcourse.assets.places import AssetMissing, Located, fetch, locate

__all__ = [
    "Asset",
    "AssetMissing",
    "Located",
    "atomically",
    "cache_folder",
    "data_folder",
    "fetch",
    "locate",
    "locked",
    "look_up",
    "registry",
]
