import io
import tarfile
import zipfile

import keras
import numpy as np
import pytest
from PIL import Image

import tlcourse.datasets.cifar10 as cifar10
import tlcourse.datasets.flowers as flowers
import tlcourse.datasets.mnist as mnist
import tlcourse.datasets.pneumoniamnist as pneumoniamnist
import tlcourse.datasets.rt_polarity as rt_polarity
from tlcourse.assets import AssetMissing, Located
from tlcourse.backbones import load_backbone
from tlcourse.datasets import (
    SEVERITIES,
    Dataset,
    count_ink,
    load_dataset,
    load_glyphs,
    shifted,
    stratified_parts,
)
from tlcourse.datasets.backgrounds import written_on
from tlcourse.datasets.texts import TextDataset
from tlcourse.datasets.textures import PARTS, PHOTOGRAPHS
from tlcourse.features import extract


def jpeg(colour, size=(40, 30)):
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, "JPEG")
    return file.getvalue()


def test_digits_have_disjoint_contiguous_parts_and_keep_their_values():
    data = load_dataset("digits")
    assert data.pool.images.shape == (900, 8, 8)
    assert data.test.images.shape == (897, 8, 8)
    assert not set(data.parts["pool"]) & set(data.parts["reporting"])
    assert set(np.unique(data.images * 16)) == set(range(17))
    assert data.class_names[data.labels[3]] == "3"


def test_choices_about_digits_are_made_on_other_digits(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    images = np.zeros((70_000, 28, 28), "uint8")
    images[:, 5:23, 8:20] = rng.integers(100, 256, (70_000, 1, 1))
    labels = (np.arange(70_000) % 10).astype("uint8")
    path = tmp_path / "mnist.npz"
    np.savez(path, x_train=images[:60_000], y_train=labels[:60_000], x_test=images[60_000:], y_test=labels[60_000:])
    monkeypatch.setattr(mnist, "fetch", lambda name: Located(path, "official", ""))
    data = load_dataset("digits", evaluate_on="development")
    assert data.name == "mnist at 8x8"
    monkeypatch.setattr(mnist, "fetch", lambda name: Located(path, "pack", ""))
    assert load_dataset("mnist").name == "mnist (classroom pack)"
    assert load_dataset("digits", evaluate_on="development").name == "mnist (classroom pack) at 8x8"
    assert data.pool.images.shape == (2000, 8, 8)
    assert data.test.images.shape == (4000, 8, 8)
    assert data.images.min() == 0
    assert data.images.max() == 1
    reported = load_dataset("mnist-8x8")
    assert reported.pool.images.shape == (2000, 8, 8) and reported.evaluate_on == "reporting"
    assert np.array_equal(reported.pool.images, data.pool.images)


def test_reduction_counts_ink_in_blocks():
    image = np.zeros((28, 28), "uint8")
    image[4:24, 4:24] = 255
    assert np.array_equal(count_ink(image), np.ones((8, 8)))
    image[14:24, 4:24] = 0
    image[23, 4:24] = 255
    assert count_ink(image)[:3].min() == 1
    assert count_ink(image)[5].max() == 0
    for bad in (image / 255, 0 * image):
        with pytest.raises(ValueError, match="bright on dark, with ink above 96; got"):
            count_ink(bad)


def test_parts_and_names_that_do_not_exist_are_refused():
    with pytest.raises(ValueError, match="Unknown data set 'digit'.*Known: digits"):
        load_dataset("digit")
    with pytest.raises(ValueError, match="Unknown part 'test'"):
        load_dataset("digits", evaluate_on="test")
    with pytest.raises(ValueError, match="Unknown part of 'digits' 'development'. Known"):
        load_dataset("digits").part("development")


def test_labels_of_another_length_are_refused():
    with pytest.raises(ValueError, match="one label for each of the 2"):
        Dataset("made", np.zeros((2, 4, 4)), np.zeros(3, int), ("a",), {})


@pytest.mark.parametrize(
    "changes, rule",
    [
        ({"parts": {"pool": [0, 1, 2], "reporting": [5, 2]}}, "row 2 of 'made' is in 'pool' and in 'reporting'. Leave"),
        ({"parts": {"pool": [0, 1, 1], "reporting": [5]}}, "row 1 of 'made' is in 'pool' and in 'pool' again"),
        ({"parts": {"pool": [0, 1], "reporting": [6]}}, r"in 0 … 5; 'reporting' of 'made' has rows from 6 to 6"),
        ({"parts": {"pool": [0, -1], "reporting": [4]}}, "'pool' of 'made' has rows from -1 to 0"),
        ({"parts": {"pool": np.arange(6) < 3, "reporting": [4]}}, r"'pool' of 'made' is bool .* np.flatnonzero"),
        ({"parts": {"pool": [0.0, 1.0], "reporting": [4]}}, "whole numbers, at least one; 'pool' of 'made' is float64"),
        ({"parts": {"pool": [0], "reporting": []}}, "at least one; 'reporting' of 'made'"),
        ({"evaluate_on": "test"}, "Unknown part of 'made' 'test'"),
        ({"class_names": ("a",)}, "labels up to 1 and 1 names"),
        ({"groups": np.arange(7)}, "groups must have one entry for each of the 6 labels; 'made' has 7"),
    ],
)
def test_parts_that_would_test_on_what_was_learned_or_on_nothing_are_refused(changes, rule):
    labels, texts = np.arange(6) % 2, np.array(list("abcdef"))
    usual = {
        "class_names": ("a", "b"),
        "parts": {"pool": [0, 1, 2, 3], "reporting": [5, 4]},
        "groups": np.arange(6) % 3,
    }
    for kind, examples in ((Dataset, np.zeros((6, 4, 4))), (TextDataset, texts)):
        assert kind("made", examples, labels, **usual).test.labels.tolist() == [1, 0]
        with pytest.raises(ValueError, match=rule):
            kind("made", examples, labels, **usual | changes)


def test_parts_are_stratified_disjoint_and_always_the_same():
    labels = np.repeat([0, 1], [60, 40])
    parts = stratified_parts(labels, {"pool": 30, "development": 20}, "reporting")
    assert sorted(np.concatenate(list(parts.values()))) == list(range(100))
    assert [labels[rows].mean() for rows in parts.values()] == pytest.approx([0.4, 0.4, 0.4])
    again = stratified_parts(labels, {"pool": 30, "development": 20}, "reporting")
    assert all(np.array_equal(parts[name], again[name]) for name in parts)


def test_glyphs_that_are_not_cut_are_the_same_ones_on_a_page_with_a_margin():
    cut, page = (load_glyphs(40, alphabet="AB7", seed=3, resolutions=(32, 32), cut=cut) for cut in (True, False))
    assert np.array_equal(cut.labels, page.labels)
    heights = [np.median((each.images > 40).any(axis=2).sum(axis=1)) for each in (cut, page)]
    assert heights[0] >= 28 and 14 < heights[1] < 24


def test_glyphs_are_seeded_bright_on_dark_and_of_their_alphabet():
    glyphs = load_glyphs(40, alphabet="AB7", seed=3)
    assert np.array_equal(glyphs.images, load_glyphs(40, alphabet="AB7", seed=3).images)
    assert not np.array_equal(glyphs.images, load_glyphs(40, alphabet="AB7", seed=4).images)
    assert glyphs.images.shape == (40, 32, 32)
    assert set(glyphs.labels) == {0, 1, 2}
    assert np.median(glyphs.images) < 80
    assert (glyphs.images.reshape(40, -1).max(axis=1) > 150).all()


def test_a_font_family_can_be_kept_out():
    fonts = set(load_glyphs(60, alphabet="ABC", families=("STIX",)).groups)
    assert all(font.startswith("STIX") for font in fonts)


@pytest.mark.parametrize(
    "options", [{"n": 0}, {"n": 2, "alphabet": ""}, {"n": 2, "families": ("Arial",)}, {"n": 2, "alphabet": "字"}]
)
def test_glyphs_that_cannot_be_drawn_are_refused(options):
    with pytest.raises(ValueError, match="families must be|can draw"):
        load_glyphs(**options)


@pytest.mark.parametrize("name", ["cifar10", "flowers", "mnist", "rt-polarity"])
def test_missing_data_name_the_command(name, monkeypatch):
    monkeypatch.setenv("TLCOURSE_OFFLINE", "1")
    with pytest.raises(AssetMissing, match=f"tlcourse fetch {name}"):
        load_dataset(name)


def test_flowers_from_either_archive_mean_the_same_and_nothing_is_unpacked(tmp_path, monkeypatch):
    colours = {name: (50 * at, 40, 200 - 40 * at) for at, name in enumerate(flowers.CLASSES)}
    members = [(f"{name}/{number:03}.jpg", jpeg(colours[name])) for name in colours for number in range(500)]
    members.append(("../../roses/999.jpg", jpeg(colours["roses"])))
    with zipfile.ZipFile(tmp_path / "flowers.zip", "w") as archive:
        for name, data in members:
            archive.writestr(name, data)
    with tarfile.open(tmp_path / "flowers.tgz", "w:gz") as archive:
        for name, data in members:
            member = tarfile.TarInfo(f"flower_photos/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    before = sorted(path.name for path in tmp_path.parent.iterdir())
    loaded = {}
    for file, variant in (("flowers.zip", "pack"), ("flowers.tgz", "official")):
        monkeypatch.setattr(flowers, "fetch", lambda name, f=file, v=variant: Located(tmp_path / f, v, ""))
        loaded[variant] = load_dataset("flowers")
    pack, official = loaded["pack"], loaded["official"]
    assert pack.name == "flowers (classroom pack)"
    assert official.name == "flowers"
    assert pack.images.shape == (2501, 128, 128, 3)
    assert np.array_equal(np.bincount(pack.labels), np.bincount(official.labels))
    assert {name: len(rows) for name, rows in pack.parts.items()} == {
        "pool": 1000,
        "development": 1000,
        "reporting": 501,
    }
    assert pack.labels[1] == 0
    assert np.abs(pack.images[1, 0, 0].astype(int) - colours["daisy"]).max() < 12
    assert sorted(path.name for path in tmp_path.parent.iterdir()) == before


def test_cifar10_reads_the_official_records(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    path = tmp_path / "cifar-10-binary.tar.gz"
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for name in [f"data_batch_{n}.bin" for n in range(1, 6)] + ["test_batch.bin"]:
            records = np.zeros((10_000, 3073), "uint8")
            records[:, 0] = np.arange(10_000) % 10
            records[:, 1:1025] = rng.integers(0, 256)
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = records.size
            archive.addfile(member, io.BytesIO(records.tobytes()))
    monkeypatch.setattr(cifar10, "fetch", lambda name: Located(path, "official", ""))
    data = load_dataset("cifar10")
    assert data.images.shape == (60_000, 32, 32, 3)
    assert data.images[..., 1:].max() == 0
    assert len(data.pool.labels) == 45_000
    assert np.bincount(data.part("development").labels).tolist() == [500] * 10
    assert data.parts["reporting"].min() == 50_000


def test_rt_polarity_from_either_file_means_the_same(tmp_path, monkeypatch):
    sentences = {0: [f"bad {n} \x85 caf\xe9" for n in range(5331)], 1: [f"good {n}" for n in range(5331)]}
    lines = "".join(f"{label} {text} \n" for label, texts in sentences.items() for text in texts)
    (tmp_path / "rt-polarity.txt").write_bytes(lines.encode("latin-1"))
    with tarfile.open(tmp_path / "rt.tar.gz", "w:gz") as archive:
        for name, label in (("neg", 0), ("pos", 1)):
            data = "".join(f"{text} \n" for text in sentences[label]).encode("latin-1")
            member = tarfile.TarInfo(f"rt-polaritydata/rt-polarity.{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    loaded = []
    for file, variant in (("rt-polarity.txt", "pack"), ("rt.tar.gz", "official")):
        monkeypatch.setattr(rt_polarity, "fetch", lambda name, f=file, v=variant: Located(tmp_path / f, v, ""))
        loaded.append(load_dataset("rt-polarity", evaluate_on="development"))
    pack, official = loaded
    assert np.array_equal(pack.texts, official.texts)
    assert np.array_equal(pack.labels, official.labels)
    assert pack.texts[0] == "bad 0 \x85 caf\xe9"
    assert (len(pack.pool.texts), len(pack.test.texts), pack.test.labels.mean()) == (6000, 2000, 0.5)
    assert not set(pack.parts["pool"]) & set(pack.parts["reporting"])
    assert (official.name, pack.name) == ("rt-polarity", "rt-polarity (classroom pack)")
    with pytest.raises(ValueError, match="Unknown part of 'rt-polarity'"):
        official.part("test")


def test_patches_of_different_parts_come_from_regions_that_do_not_overlap():
    seen = np.zeros((512, 512), int)
    for _, region in PARTS.values():
        seen[region] += 1
    assert (seen == 1).all()


def test_textures_are_balanced_and_tell_nothing_by_their_brightness():
    data = load_dataset("textures", evaluate_on="development")
    for part, (count, _) in PARTS.items():
        assert np.bincount(data.part(part).labels).tolist() == [count] * len(PHOTOGRAPHS)
    assert data.images.min() >= 0 and data.images.max() <= 1
    np.testing.assert_allclose(data.images.mean(axis=(1, 2)), 0.5, atol=0.03)
    assert np.median(np.abs(data.images.std(axis=(1, 2)) - 0.2)) < 0.005  # white mortar is cut at 1
    assert np.array_equal(data.images, load_dataset("textures").images)


def test_a_patch_is_a_window_of_its_photograph():
    from skimage import data

    patch = load_dataset("textures").part("reporting").images[0]
    region = data.brick()[256:, 256:].astype(float)
    windows = np.lib.stride_tricks.sliding_window_view(region, (32, 32))[::8, ::8].reshape(-1, 32 * 32)
    alike = [np.corrcoef(window, patch.ravel())[0, 1] for window in windows]
    assert max(alike) > 0.999


def test_faces_are_half_of_each_part():
    faces = load_dataset("faces")
    assert {name: (len(rows), faces.labels[rows].mean()) for name, rows in faces.parts.items()} == {
        "pool": (100, 0.5),
        "development": (40, 0.5),
        "reporting": (60, 0.5),
    }
    assert len(np.unique(np.concatenate(list(faces.parts.values())))) == 200
    centre = faces.images[:, 8:17, 8:17].std(axis=(1, 2))
    assert faces.class_names[1] == "face"
    assert np.median(centre[faces.labels == 1]) > 2 * np.median(centre[faces.labels == 0])


def test_pneumoniamnist_keeps_its_official_split(tmp_path, monkeypatch):
    path = tmp_path / "pneumoniamnist.npz"
    sizes = {"train": 6, "val": 3, "test": 4}
    arrays = {f"{split}_images": np.full((n, 28, 28), n, "uint8") for split, n in sizes.items()}
    labels = {f"{split}_labels": np.arange(n, dtype="uint8")[:, None] % 2 for split, n in sizes.items()}
    np.savez(path, **arrays, **labels)
    monkeypatch.setattr(pneumoniamnist, "fetch", lambda name: Located(path, "official", ""))
    data = load_dataset("pneumoniamnist")
    assert {name: set(data.part(name).images.ravel()) for name in data.parts} == {
        "pool": {6},
        "development": {3},
        "reporting": {4},
    }
    assert data.test.labels.tolist() == [0, 1, 0, 1]
    assert len(load_dataset("pneumoniamnist", evaluate_on="development").test.labels) == 3
    assert data.name == "pneumoniamnist"
    monkeypatch.setattr(pneumoniamnist, "fetch", lambda name: Located(path, "pack", ""))
    assert load_dataset("pneumoniamnist").name == "pneumoniamnist (classroom pack)"


def test_letters_are_labelled_as_the_backbone_s_head():
    task = load_dataset("letters", evaluate_on="development")
    letters = load_backbone("letters")
    assert task.class_names == tuple(letters.card["classes"])
    assert set(task.test.groups).isdisjoint(task.pool.groups)
    features = extract(letters, task.test.images[:200], "stage3", cache=False)
    assert (keras.ops.convert_to_numpy(letters.head(features)).argmax(axis=1) == task.test.labels[:200]).mean() > 0.9
    with pytest.raises(ValueError, match="Unknown part 'dev'"):
        load_dataset("digits", evaluate_on="dev")


GRADIENT = np.tile(np.linspace(0, 1, 32, dtype="float32"), (6, 32, 1))


@pytest.mark.parametrize("kind", SEVERITIES)
@pytest.mark.parametrize("dtype, channels", [("uint8", ()), ("float32", ()), ("float64", (3,)), ("uint8", (3,))])
def test_shifted_images_keep_shape_type_and_range(kind, dtype, channels):
    images = np.broadcast_to(GRADIENT.reshape(6, 32, 32, *(1 for _ in channels)), (6, 32, 32, *channels))
    images = (255 * images).astype(dtype) if dtype == "uint8" else images.astype(dtype)
    kept = images.copy()
    new = shifted(images, kind, 3, seed=1)
    assert new.shape == images.shape and new.dtype == images.dtype and np.array_equal(images, kept)
    assert new.min() >= 0 and new.max() <= (255 if dtype == "uint8" else 1)
    assert np.array_equal(new, shifted(images, kind, 3, seed=1))


@pytest.mark.parametrize("kind", SEVERITIES)
def test_each_severity_is_stronger_than_the_one_before(kind):
    images = load_dataset("textures").pool.images[:40]
    change = [np.abs(shifted(images, kind, severity) - images).mean() for severity in (1, 2, 3, 4, 5)]
    assert change[0] > 0 and (np.diff(change) > 0).all()


def test_shifts_do_what_they_say():
    grey = np.full((50, 32, 32), 0.5)
    assert shifted(grey, "noise", 3).std() == pytest.approx(SEVERITIES["noise"][2], rel=0.02)
    assert not np.array_equal(shifted(grey, "noise", 3, seed=0), shifted(grey, "noise", 3, seed=1))
    assert np.allclose(shifted(grey, "blur", 5), grey) and np.allclose(shifted(grey, "rotation", 5), grey)
    low = shifted(GRADIENT, "contrast", 4)
    assert low.std() == pytest.approx(0.3 * GRADIENT.std(), rel=1e-4) and low.mean() == pytest.approx(0.5, abs=1e-4)
    edge = np.zeros((1, 64, 64))
    edge[:, :, 32:] = 1
    half = edge[:, ::2, ::2]
    slope_64, slope_32 = (np.abs(np.diff(shifted(x, "blur", 3)[0, 10])).max() for x in (edge, half))
    assert slope_32 == pytest.approx(2 * slope_64, rel=0.15)  # the width of the blur goes with the image


@pytest.mark.parametrize(
    "kind, severity, match", [("fog", 1, "Unknown shift 'fog'"), ("blur", 6, "Unknown severity 6")]
)
def test_unknown_shifts_are_refused(kind, severity, match):
    with pytest.raises(ValueError, match=match):
        shifted(GRADIENT, kind, severity)
    with pytest.raises(ValueError, match=r"must lie in \[0, 1\]"):
        shifted(GRADIENT * 9, "noise", 1)


def test_a_digit_is_written_on_a_patch_as_their_difference():
    patch, digit = np.full((2, 2), 0.4), np.array([[1.0, 0.0], [0.0, 0.2]])
    assert np.array_equal(written_on(patch, digit), [[204, 51], [51, 0]])
    assert np.array_equal(written_on(patch, (255 * digit).astype("uint8")), [[204, 51], [51, 0]])
    assert np.array_equal(written_on(np.zeros((2, 2)), digit), [[255, 0], [0, 51]])


def test_digits_on_photographs_share_no_patch_between_pool_and_test():
    data, digits = load_dataset("digits-on-photographs"), load_dataset("digits")
    assert data.pool.images.shape == (900, 24, 24)
    assert data.images.dtype == np.uint8
    assert np.array_equal(data.pool.labels, digits.pool.labels)
    assert np.array_equal(data.test.labels, digits.test.labels)
    again = load_dataset("digits-on-photographs")
    assert np.array_equal(data.images, again.images)
    textures = load_dataset("textures")
    for part in ("pool", "reporting"):
        dark = [
            Image.fromarray((255 * x).astype("uint8")).resize((24, 24), Image.BILINEAR)
            for x in digits.part(part).images
        ]
        empty = (np.stack([np.asarray(x) for x in dark]) == 0).reshape(len(dark), -1)
        seen = data.part(part).images.reshape(len(dark), -1)
        patches = (127.5 * textures.part(part).images[:, 4:28, 4:28]).round().reshape(-1, 576)
        row = np.argmax(empty.sum(axis=1))
        assert (np.abs(patches - seen[row])[:, empty[row]].max(axis=1) == 0).sum() >= 1
