"""EfficientNet-Lite0: its old file format, its architecture, its weights. Only the last test needs the real file."""

import datetime
import json
import pickle
import shutil
import struct
import sys
import types
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pooch
import pytest

import tlcourse.assets.converted as converted
import tlcourse.assets.places as places
import tlcourse.backbones.efficientnet_weights as weights
from tlcourse.assets import (
    AssetMissing,
    Located,
    cache_sizes,
    clear_cache,
    fetch,
    look_up,
    read_converted,
    read_state_dict,
)
from tlcourse.assets.cache import sha256
from tlcourse.backbones import EFFICIENTNET_TAPS, load_backbone, load_network
from tlcourse.backbones.efficientnet import efficientnet_lite0

MAGIC = 0x1950A86A20F9469CFC6C


class Part:
    """A tensor as the old format names it: a storage of PyTorch, rebuilt by a function of PyTorch."""

    def __init__(self, key, values, shape, strides, offset=0):
        self.key, self.values, self.place = key, np.asarray(values), (offset, shape, strides)

    def __reduce__(self):
        torch = sys.modules["torch"]
        return torch._utils._rebuild_tensor_v2, (self.stub(), *self.place, False, OrderedDict())

    def stub(self):
        torch = sys.modules["torch"]
        kind = torch.FloatStorage if self.values.dtype == "float32" else torch.LongStorage
        return Stub(("storage", kind, self.key, "cpu", len(self.values), None))


class Stub:
    def __init__(self, pid):
        self.pid = pid


class Pickler(pickle.Pickler):
    def persistent_id(self, obj):
        return obj.pid if isinstance(obj, Stub) else None


@pytest.fixture
def write(monkeypatch, tmp_path):
    """Write a state dict in the old format, with stand-ins for PyTorch's names; they are gone before it is read."""

    def file(state, name="tiny.pth"):
        torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")

        def rebuild():
            raise AssertionError("nothing that a file names may run")

        rebuild.__module__, rebuild.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
        utils._rebuild_tensor_v2, torch._utils = rebuild, utils
        for kind in ("FloatStorage", "LongStorage"):
            setattr(torch, kind, type(kind, (), {"__module__": "torch", "__qualname__": kind}))
        path = tmp_path / name
        parts = {part.key: part.values for part in state.values() if isinstance(part, Part)}
        with monkeypatch.context() as patch, path.open("wb") as out:
            patch.setitem(sys.modules, "torch", torch)
            patch.setitem(sys.modules, "torch._utils", utils)
            for thing in (MAGIC, 1001, {"little_endian": True}, OrderedDict(state), sorted(parts)):
                Pickler(out, protocol=2).dump(thing)
        with path.open("ab") as out:
            for key in sorted(parts):
                out.write(struct.pack("<q", len(parts[key])) + parts[key].tobytes())
        return path

    return file


@pytest.fixture
def tiny(write):
    numbers = np.arange(7, dtype="float32")
    return write(
        {
            "turned": Part("1", numbers[1:], (3, 2), (1, 3)),
            "rest": Part("2", numbers, (2,), (2,), offset=3),
            "same": Part("2", numbers, (7,), (1,)),
            "count": Part("3", np.array([5], "int64"), (), ()),
        }
    )


def located(path):
    return Located(path, "official", sha256(path))


def test_the_old_format_is_read_exactly(tiny):
    assert keras.config.backend() == "torch" or "torch" not in sys.modules
    arrays = read_state_dict(tiny)
    assert {name: array.dtype.name for name, array in arrays.items()} == {
        "turned": "float32",
        "rest": "float32",
        "same": "float32",
        "count": "int64",
    }
    assert arrays["turned"].tolist() == [[1, 4], [2, 5], [3, 6]]
    assert arrays["rest"].tolist() == [3, 5]
    assert arrays["same"].tolist() == list(range(7))
    assert arrays["count"].shape == () and arrays["count"] == 5
    assert all(array.flags.c_contiguous and array.flags.owndata for array in arrays.values())


def test_a_file_that_names_another_class_is_refused(write):
    path = write({"when": datetime.date(2020, 1, 1)})
    with pytest.raises(
        ValueError, match=r"tiny.pth must be .*it names datetime.date, only .* allowed, and nothing was"
    ):
        read_state_dict(path)


@pytest.mark.parametrize("where", ["the first byte", "a pickle", "a storage's count", "the last storage"])
def test_truncated_files_are_refused(tiny, where):
    whole = tiny.read_bytes()
    end = {"the first byte": 0, "a pickle": 150, "a storage's count": len(whole) - 12, "the last storage": -1}[where]
    tiny.write_bytes(whole[:end])
    with pytest.raises(ValueError, match=r"tiny.pth must be a whole state dict .* Delete the file and fetch it again"):
        read_state_dict(tiny)


def test_other_files_and_longer_ones_are_refused(tiny):
    whole = tiny.read_bytes()
    for other in (whole + b"x", whole[30:], b"PK\x03\x04 a newer file", pickle.dumps(7, 2) * 5, bytes(500)):
        tiny.write_bytes(other)
        with pytest.raises(ValueError, match="must be a whole state dict as PyTorch wrote it before version 1.6"):
            read_state_dict(tiny)


@pytest.mark.parametrize(
    "part",
    [
        Part("1", np.zeros(4, "float32"), (5,), (1,)),
        Part("1", np.zeros(4, "float32"), (2,), (1,), offset=3),
        Part("1", np.zeros(4, "float32"), (2,), (9,)),
        Part("1", np.zeros(4, "float32"), (2, 2), (1,)),
        Part("1", np.zeros(4, "float32"), (2,), (-1,)),
        Part("1", np.zeros(4, "float32"), (100, 100), (0, 0)),
    ],
    ids=["shape", "offset", "stride", "rank", "backwards", "repeated"],
)
def test_tensors_that_lead_outside_their_storage_are_refused(write, part):
    with pytest.raises(ValueError, match="must be a whole state dict"):
        read_state_dict(write({"weight": part}))


def test_a_storage_of_another_type_is_refused(write):
    part = Part("1", np.zeros(4, "float32"), (4,), (1,))
    part.stub = lambda: Stub(("storage", "|O", "1", "cpu", 4, None))
    with pytest.raises(ValueError, match="its storages are not those of its tensors"):
        read_state_dict(write({"weight": part}))


def test_it_is_converted_once_and_read_from_there(tiny, monkeypatch):
    first = read_converted(located(tiny))
    (kept,) = tiny.parent.glob("*.safetensors")
    assert kept.name == f"tiny.{sha256(tiny)[:12]}.safetensors"
    monkeypatch.setattr(converted, "read_state_dict", lambda path: pytest.fail("the source was opened again"))
    again = read_converted(located(tiny))
    assert again.keys() == first.keys()
    assert all(np.array_equal(again[name], first[name]) and again[name].shape == first[name].shape for name in first)


def test_a_damaged_converted_file_is_made_anew(tiny):
    first = read_converted(located(tiny))
    (kept,) = tiny.parent.glob("*.safetensors")
    whole = kept.read_bytes()
    for damaged in (whole[:-1], whole[:-2] + b"xx", b"", b"nothing of the kind"):
        kept.write_bytes(damaged)
        again = read_converted(located(tiny))
        assert all(np.array_equal(again[name], first[name]) for name in first)
        assert kept.read_bytes() == whole


def test_a_cache_that_cannot_be_written_still_gives_the_arrays(tiny, monkeypatch):
    def refuse(path):
        raise PermissionError("a cache for reading only")

    for function in ("locked", "atomically"):
        with monkeypatch.context() as patch:
            patch.setattr(converted, function, refuse)
            assert read_converted(located(tiny))["rest"].tolist() == [3, 5]
        assert not list(tiny.parent.glob("*.safetensors"))


def test_the_converted_file_is_counted_and_deleted_as_a_download(tiny, own_cache):
    folder = own_cache / "assets" / "official"
    folder.mkdir(parents=True)
    read_converted(located(Path(shutil.copy(tiny, folder))))
    sizes = [path.stat().st_size for path in folder.iterdir()]
    assert len(list(folder.glob("*.safetensors"))) == 1
    assert cache_sizes()["downloads"] == sum(sizes)
    clear_cache({"downloads"})
    assert not list(folder.glob("*.pth")) and not list(folder.glob("*.safetensors"))


def test_one_changed_byte_is_refused_by_the_hash(tiny, monkeypatch, tmp_path):
    asset = replace(look_up("efficientnet-lite0"), file=tiny.name, sha256=sha256(tiny), wheel="")
    monkeypatch.setattr(places, "look_up", lambda name: asset)
    monkeypatch.setenv("TLCOURSE_PACK", str(tmp_path))
    monkeypatch.setenv("TLCOURSE_OFFLINE", "1")
    (tmp_path / "manifest.toml").write_text(f'["{tiny.name}"]\nsha256 = "{asset.sha256}"\n')
    assert fetch("efficientnet-lite0").variant == "official"
    for path in (tiny, fetch("efficientnet-lite0").path):
        whole = path.read_bytes()
        path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(AssetMissing, match=rf"its SHA-256 should be {asset.sha256[:12]}…, got"):
        fetch("efficientnet-lite0")


def test_the_architecture_has_the_parameters_and_shapes_of_the_original():
    network = efficientnet_lite0(64)
    assert network.count_params() == 4_694_024
    assert network.output_shape == (None, 1000)
    assert [network.get_layer(name).output.shape[1:] for name in EFFICIENTNET_TAPS] == [
        (32, 32, 16),
        (16, 16, 24),
        (8, 8, 40),
        (4, 4, 112),
        (2, 2, 1280),
    ]
    assert not any(hasattr(layer, "layers") for layer in network.layers)
    assert [layer.name for layer in network.layers[:2]] == ["image", "rescale"]
    assert efficientnet_lite0(33, include_top=False).output_shape == (None, 2, 2, 1280)
    grey = network.get_layer("rescale")(np.full((1, 1, 1, 3), 127.5, "float32"))
    assert np.allclose(keras.ops.convert_to_numpy(grey), 0)


def random_arrays(seed=0):
    """Arrays by the names and in the shapes of the PyTorch file."""
    rng, shapes = np.random.default_rng(seed), {}
    for layer in efficientnet_lite0(32).layers:
        for name, (weight, axes) in weights._names(layer) if layer.weights else ():
            shapes[name] = [weight.shape[axes.index(axis)] for axis in range(len(axes))]
    arrays = {name: rng.uniform(0.5, 1.5, shape).astype("float32") for name, shape in shapes.items()}
    counts = [name.replace("running_var", "num_batches_tracked") for name in arrays if "running_var" in name]
    return arrays | {name: np.array(0) for name in counts}


@pytest.fixture(scope="module")
def arrays():
    return random_arrays()


@pytest.fixture
def no_download(arrays, monkeypatch, tmp_path):
    """Random weights and made names instead of the files."""
    (tmp_path / "names.json").write_text(json.dumps({str(n): f"thing {n}, synonym" for n in range(1000)}))
    monkeypatch.setattr(weights, "fetch", lambda name: Located(tmp_path / "names.json", "official", 64 * "0"))
    monkeypatch.setattr(weights, "read_converted", lambda located: arrays)


def test_the_names_are_those_of_the_file_and_every_axis_finds_its_place(arrays):
    assert len(arrays) == 296
    assert arrays["_conv_stem.weight"].shape == (32, 3, 3, 3)
    assert arrays["_blocks.0._depthwise_conv.weight"].shape == (32, 1, 3, 3)
    assert arrays["_blocks.15._project_conv.weight"].shape == (320, 1152, 1, 1)
    assert arrays["_conv_head.weight"].shape == (1280, 320, 1, 1)
    assert arrays["_fc.weight"].shape == (1000, 1280)
    network = efficientnet_lite0(32)
    weights.assign(network, arrays, "here")

    def kernel(name):
        return keras.ops.convert_to_numpy(network.get_layer(name).kernel)

    assert kernel("stem_conv")[2, 1, 0, 7] == arrays["_conv_stem.weight"][7, 0, 2, 1]
    assert kernel("block05_depthwise_conv")[4, 2, 9, 0] == arrays["_blocks.4._depthwise_conv.weight"][9, 0, 4, 2]
    assert kernel("head")[9, 4] == arrays["_fc.weight"][4, 9]
    norm = network.get_layer("block03_project_norm")
    assert np.array_equal(norm.moving_variance, arrays["_blocks.2._bn2.running_var"])
    assert np.array_equal(norm.beta, arrays["_blocks.2._bn2.bias"])


def test_weights_that_do_not_fit_are_refused_and_nothing_changes(arrays):
    network = efficientnet_lite0(32)
    before = keras.ops.convert_to_numpy(network.get_layer("head").kernel).copy()
    for change, message in (
        ({"_fc.bias": None}, "missing: _fc.bias; left over: none"),
        ({"_fc.bais": np.zeros(1000)}, "missing: none; left over: _fc.bais"),
        ({"_bn7.num_batches_tracked": np.array(0)}, "left over: _bn7.num_batches_tracked"),
        ({"_fc.bias": np.zeros(999)}, r"_fc.bias must have the shape \(1000,\), got \(999,\)"),
        ({"_fc.weight": np.zeros((1280, 1000))}, r"_fc.weight must have the shape \(1000, 1280\), got"),
    ):
        changed = {name: array for name, array in (arrays | change).items() if array is not None}
        with pytest.raises(ValueError, match=f"there.pth must hold the weights of EfficientNet-Lite0.*{message}"):
            weights.assign(network, changed, "there.pth")
    assert np.array_equal(before, network.get_layer("head").kernel)


def test_load_network_with_and_without_its_top(no_download):
    network, names = load_network("efficientnet-lite0", side=64)
    assert network.input_shape == (None, 64, 64, 3) and network.output_shape == (None, 1000)
    assert len(names) == 1000 and names[7] == "thing 7"
    base, again = load_network("efficientnet-lite0", include_top=False)
    assert base.input_shape == (None, 128, 128, 3) and base.output_shape == (None, 4, 4, 1280)
    assert base.layers[-1].name == "features" and again == names


@pytest.mark.parametrize("side", [31, True, 128.0, "128", (128, 128), -64])
@pytest.mark.parametrize("load", [load_network, load_backbone])
def test_sides_that_it_cannot_see_are_refused(load, side):
    with pytest.raises(
        ValueError, match="side must be a whole number of pixels, at least 32 for 'eff.*got.*Without it"
    ):
        load("efficientnet-lite0", side=side)


def test_bundled_networks_take_any_size_and_have_a_base_too():
    with pytest.raises(ValueError, match="'letters' takes pictures of any size, so side must be left out; got 64"):
        load_network("letters", side=64)
    base, names = load_network("letters", include_top=False)
    assert base.layers[-1].name == "stage3" and len(names) == 71
    assert base.output_shape == (None, None, None, 104)


def test_a_close_name_is_suggested():
    for load, kind in ((load_network, "network"), (load_backbone, "backbone")):
        with pytest.raises(
            ValueError, match=f"Unknown {kind} 'efficientnet-lite-0'. Did you mean 'efficientnet-lite0'"
        ):
            load("efficientnet-lite-0")


def test_the_backbone_is_frozen_and_prepares_any_images(no_download):
    backbone = load_backbone("efficientnet-lite0", side=64)
    assert not backbone.model.trainable_weights
    assert backbone.input_shape == (64, 64, 3) and backbone.taps[-1] == "features"
    prepared = backbone.preprocess(np.full((2, 40, 40), 255, "uint8"))
    assert prepared.shape == (2, 64, 64, 3) and np.allclose(prepared, 255)
    assert np.allclose(backbone.preprocess(np.full((1, 64, 64, 3), 0.5)), 127.5)
    maps = backbone.model(prepared)
    assert maps.shape == (2, 2, 2, 1280)
    logits = backbone.head(keras.ops.mean(maps, axis=(1, 2)))
    network, _ = load_network("efficientnet-lite0", side=64)
    assert np.allclose(*map(keras.ops.convert_to_numpy, (logits, network(prepared))), rtol=1e-4)
    assert backbone.card["licence"] == "Apache-2.0"


def test_mobilenets_are_known_by_the_names_of_their_cards(monkeypatch):
    import tlcourse.backbones.backbone as module

    def made(alpha, side):
        return keras.Sequential([keras.Input((side, side, 3))]), {"width": alpha}

    monkeypatch.setattr(module, "load_mobilenet", made)
    for name, alpha, width in (
        ("mobilenet", None, 0.25),
        ("mobilenet", 0.5, 0.5),
        ("mobilenet-0.25", None, 0.25),
        ("mobilenet-0.5", 0.5, 0.5),
        ("mobilenet-0.75", None, 0.75),
        ("mobilenet-1.0", 1, 1.0),
    ):
        backbone = load_backbone(name, alpha=alpha)
        assert backbone.name == name and backbone.card == {"width": width}
    with pytest.raises(ValueError, match=r"'mobilenet-0.5' has the width \(alpha\) 0.5, got 0.25. Leave alpha out"):
        load_backbone("mobilenet-0.5", alpha=0.25)
    with pytest.raises(ValueError, match="alpha is the width of mobilenet, 'letters' has none; got 0.5"):
        load_backbone("letters", alpha=0.5)


def test_it_knows_the_cat_and_the_coffee(own_cache):
    """The real weights, where this machine's own cache has them."""
    from skimage import data

    here = Path(pooch.os_cache("tlcourse")) / "assets" / "official"
    for name in ("efficientnet-lite0", "imagenet-names"):
        source = here / look_up(name).file
        if not source.is_file():
            pytest.skip(f"{name} is not at hand. Bring it with: tlcourse fetch efficientnet-lite0 imagenet-names")
        target = own_cache / "assets" / "official" / source.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
    network, names = load_network("efficientnet-lite0")
    assert names[285] == "Egyptian cat" and names[967] == "espresso"
    for picture, expected in (
        (data.chelsea(), {"Egyptian cat": 0.72, "tiger cat": 0.17, "tabby": 0.10}),
        (data.coffee(), {"espresso": 0.90}),
    ):
        batch = picture[None].astype("float32")
        square = keras.ops.image.resize(batch, (128, 128), crop_to_aspect_ratio=True, antialias=True)
        given = keras.ops.convert_to_numpy(keras.ops.softmax(network(square)))[0]
        for name, probability in expected.items():
            assert given[names.index(name)] == pytest.approx(probability, abs=0.01)
