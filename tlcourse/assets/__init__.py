"""Where is it? The registry of what can be downloaded, the cache, classroom packs, offline mode."""

from tlcourse.assets.cache import atomically, cache_folder, cache_root, cache_sizes, clear_cache, locked
from tlcourse.assets.catalogue import Asset, data_folder, look_up, registry
from tlcourse.assets.converted import read_converted
from tlcourse.assets.packs import make_pack, offered, verify_pack
from tlcourse.assets.places import at_hand, expected_hash, fetch, locate
from tlcourse.assets.store import AssetMissing, Located
from tlcourse.assets.torch_pickle import read_state_dict

__all__ = [
    "Asset",
    "AssetMissing",
    "Located",
    "at_hand",
    "atomically",
    "cache_folder",
    "cache_root",
    "cache_sizes",
    "clear_cache",
    "data_folder",
    "expected_hash",
    "fetch",
    "locate",
    "locked",
    "look_up",
    "make_pack",
    "offered",
    "read_converted",
    "read_state_dict",
    "registry",
    "verify_pack",
]
