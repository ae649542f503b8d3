"""The pictures of a web site, and the folders that lessons read."""

import keras
import numpy as np
import pytest
from PIL import Image

from tlcourse.datasets import folders, surfaces, write_pictures
from tlcourse.datasets.dice import PIPS, _face, paint_die
from tlcourse.datasets.website import kinds as painters
from tlcourse.datasets.website import squared
from tlcourse.datasets.website.kinds import KINDS, paint
from tlcourse.datasets.website.photographs import REGIONS, crop, region


def test_by_night_test_and_unsorted_are_dark_and_the_labelled_pictures_are_not(tmp_path):
    folder = write_pictures("surfaces-by-night", tmp_path / "night", each={"train": 2, "test": 2}, unsorted=3)
    light = {
        part: np.mean([np.asarray(Image.open(file)).mean() for file in (folder / part).rglob("*.jpg")])
        for part in ("train", "test", "unsorted")
    }
    assert sorted(kind.name for kind in (folder / "train").iterdir()) == ["brick", "grass", "gravel", "tissue"]
    assert 100 < light["train"] < 150 and 20 < light["test"] < 60 and 20 < light["unsorted"] < 60
    with pytest.raises(ValueError, match="dice-by-night"):
        write_pictures("dice-by-night", tmp_path / "dice")


def test_a_surface_comes_from_its_region_alone(monkeypatch):
    asked, piece = [], np.arange(256 * 256.0).reshape(256, 256)

    class Photograph:
        def __getitem__(self, at):
            asked.append(at)
            return piece

    monkeypatch.setattr(surfaces, "_photograph", lambda kind: Photograph())
    picture = surfaces.paint_surface("brick", "test", np.random.default_rng(0))
    assert asked == [surfaces.REGIONS["test"]] and 48 <= picture.width == picture.height <= 96
    cells = np.arange(512 * 512).reshape(512, 512)
    cut = [set(cells[region].ravel()) for region in surfaces.REGIONS.values()]
    assert all(not one & other for at, one in enumerate(cut) for other in cut[:at])


@pytest.fixture
def few(monkeypatch):
    """Folders of two pictures each."""
    monkeypatch.setattr(folders, "EACH", {"train": 2, "validation": 1, "test": 1})


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_paints_the_same_picture_of_100_to_220_pixels(kind):
    def first(count, seed):
        rng = np.random.default_rng(seed)
        return [paint(kind, "training", rng)[0] for _ in range(count)]

    pictures = first(15, seed=1)
    assert all(100 <= side <= 220 for picture in pictures for side in picture.size)
    assert len({picture.size for picture in pictures}) > 3
    assert [picture.tobytes() for picture in first(3, seed=1)] == [picture.tobytes() for picture in pictures[:3]]
    assert first(1, seed=2)[0].tobytes() != pictures[0].tobytes()


def test_one_picture_in_twelve_is_doubtful_and_a_doubtful_banner_has_lost_its_text(monkeypatch):
    rng, written = np.random.default_rng(0), []
    monkeypatch.setattr(painters, "_write", lambda *arguments, **options: written.append(arguments[2]))
    doubtful = [paint("banner", "training", rng)[1] for _ in range(300)]
    assert 15 <= sum(doubtful) <= 35
    assert len(written) >= 300 - sum(doubtful)
    monkeypatch.setattr(painters, "DOUBTFUL", 1.0)
    written.clear()
    assert paint("banner", "training", rng)[1]
    assert not written


def test_regions_share_no_pixel(monkeypatch):
    from tlcourse.datasets.website import photographs

    numbered = np.arange(12 * 10).reshape(12, 10)
    cut = [set(photographs._cut(numbered, name).ravel()) for name in REGIONS]
    assert all(not one & other for at, one in enumerate(cut) for other in cut[:at])
    assert {len(each) for each in cut} == {60, 30}


def test_a_crop_comes_from_its_region_alone(monkeypatch):
    from tlcourse.datasets.website import photographs

    marked = {name: [np.full((90, 120, 3), 10 * at, "uint8")] for at, name in enumerate(REGIONS)}
    monkeypatch.setattr(photographs, "region", lambda name: marked[name])
    rng = np.random.default_rng(0)
    for at, name in enumerate(REGIONS):
        pictures = [crop(name, rng) for _ in range(10)]
        assert {int(np.asarray(picture).max()) for picture in pictures} == {10 * at}
        assert len({round(picture.width / picture.height, 1) for picture in pictures}) >= 3


def test_text_can_be_read_because_it_stands_on_what_it_differs_from():
    """The sketch of these pictures wrote some text in the colour of its ground."""
    from tlcourse.datasets.website.kinds import _write

    for ground in ("white", "black", "grey"):
        for ink in ("white", "black"):
            picture = Image.new("RGB", (160, 40), ground)
            _write(picture, np.random.default_rng(0), "SALE NOW", size=20, at=(5, 5), fill=ink, edge=True)
            assert np.ptp(np.asarray(picture).astype(int)) > 120


def test_what_is_transparent_becomes_white_and_the_middle_is_kept():
    icon = Image.new("RGBA", (40, 20), (255, 0, 0, 0))
    icon.paste((0, 0, 255, 255), (10, 0, 30, 20))
    assert (squared(icon, side=20)[:, 1:-1] == (0, 0, 255)).all()
    assert (squared(Image.new("LA", (8, 8), (0, 0)), side=4) == 255).all()
    assert squared(Image.new("L", (9, 5), 77), side=5).tolist() == np.full((5, 5, 3), 77).tolist()


def test_folders_hold_what_they_promise(few, tmp_path):
    folder = write_pictures("website", tmp_path / "site", seed=3, unsorted=5)
    assert sorted(path.name for path in folder.iterdir()) == ["test", "train", "unsorted", "validation"]
    for part, each in folders.EACH.items():
        assert {path.name: len(list(path.iterdir())) for path in (folder / part).iterdir()} == dict.fromkeys(
            KINDS, each
        )
    unsorted = sorted((folder / "unsorted").iterdir())
    assert [path.stem for path in unsorted] == ["001", "002", "003", "004", "005"]
    again = write_pictures("website", tmp_path / "again", seed=3, unsorted=5)
    assert [path.read_bytes() for path in unsorted] == [
        path.read_bytes() for path in sorted((again / "unsorted").iterdir())
    ]
    assert all(np.array(keras.utils.load_img(path)).size for path in folder.rglob("*.*"))


@pytest.mark.parametrize(("evaluate_on", "judged"), [("reporting", "test"), ("development", "validation")])
def test_choices_never_see_the_region_that_is_reported_on(few, tmp_path, monkeypatch, evaluate_on, judged):
    seen = []
    blank = Image.new("RGB", (9, 9))
    monkeypatch.setattr(folders, "paint", lambda kind, region, rng: (blank, seen.append(region)))
    write_pictures("website", tmp_path / "site", evaluate_on=evaluate_on, unsorted=5)
    assert seen == 12 * ["training"] + 6 * ["validation"] + (6 + 5) * [judged]


def test_nothing_of_yours_is_lost_and_names_are_checked(few, tmp_path):
    (tmp_path / "mine.txt").write_text("thesis")
    with pytest.raises(ValueError, match="must be empty, so that nothing of yours is lost. Name another folder"):
        write_pictures("website", tmp_path)
    assert (tmp_path / "mine.txt").read_text() == "thesis"
    with pytest.raises(ValueError, match="Did you mean 'website'"):
        write_pictures("web-site", tmp_path / "new")
    with pytest.raises(ValueError, match="Unknown part 'test'"):
        write_pictures("website", tmp_path / "new", evaluate_on="test")
    with pytest.raises(ValueError, match="Unknown part of a folder 'training'. Did you mean 'train'"):
        write_pictures("website", tmp_path / "new", each={"training": 5})
    assert not (tmp_path / "new").exists()


def test_one_says_how_many_pictures_and_a_part_left_out_is_not_written(tmp_path):
    folder = write_pictures("dice", tmp_path / "dice", each={"train": 2, "test": 1}, unsorted=0)
    assert sorted(path.name for path in folder.iterdir()) == ["test", "train"]
    assert {path.name: len(list(path.iterdir())) for path in (folder / "train").iterdir()} == dict.fromkeys(PIPS, 2)


@pytest.mark.parametrize(("kind", "count"), list(zip(PIPS, range(1, 7))))
def test_a_die_shows_as_many_pips_as_its_name_says(kind, count):
    from skimage.measure import label

    for seed in range(5):
        face = np.asarray(_face(kind, 80, np.random.default_rng(seed))).astype(int)
        inside = face[..., 3] == 255
        values, counts = np.unique(face[inside][:, :3], axis=0, return_counts=True)
        colours = values[np.argsort(-counts)[:2]]  # of the face, and of its pips
        ink = inside & (np.abs(face[..., :3] - colours[1]).sum(axis=2) < 60)
        assert label(ink).max() == count


def test_the_same_seed_paints_the_same_die_and_another_one_elsewhere():
    first, again, other = (paint_die("four", "training", np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first.tobytes() == again.tobytes() != other.tobytes()
    assert 80 <= first.width == first.height <= 140


def test_no_flower_is_in_two_folders(few, tmp_path, monkeypatch):
    from tlcourse.datasets import Dataset

    images = np.zeros((100, 8, 8, 3), "uint8") + np.arange(100, dtype="uint8")[:, None, None, None] * 2
    parts = {"pool": np.arange(50), "development": np.arange(50, 70), "reporting": np.arange(70, 100)}
    made = Dataset("flowers", images, np.arange(100) % 2, ("daisy", "rose"), parts)
    monkeypatch.setattr(folders, "load_flowers", lambda evaluate_on: made)
    folder = write_pictures("flowers", tmp_path / "flowers", unsorted=5)
    means = {path: round(np.asarray(Image.open(path)).mean() / 2) for path in folder.rglob("*.jpg")}
    assert len(set(means.values())) == len(means) == 2 * 4 + 5
    assert all((row >= 70) == (path.parent.name == "unsorted" or "test" in path.parts) for path, row in means.items())


@pytest.mark.slow
def test_the_data_set_has_its_parts_and_their_size():
    from tlcourse.datasets import load_dataset

    website = load_dataset("website", evaluate_on="development")
    assert website.pool.images.shape == (480, 128, 128, 3)
    assert website.test.images.shape == (300, 128, 128, 3)
    assert website.images.dtype == np.uint8
    assert np.bincount(website.test.labels).tolist() == [50] * 6
    assert website.class_names == ("banner", "chart", "drawing", "icon", "photo", "screenshot")
    assert 1 / 24 < website.groups.mean() < 1 / 8
    assert len(region("test")) == 12
