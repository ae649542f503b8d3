"""Folders of pictures, as a reader would have them: what a lesson reads instead of arrays."""

from pathlib import Path

import numpy as np
from PIL import Image

from tlcourse.checks import known
from tlcourse.datasets.dice import PIPS, paint_die
from tlcourse.datasets.flowers import load_flowers
from tlcourse.datasets.surfaces import by_night, paint_surface
from tlcourse.datasets.textures import PHOTOGRAPHS
from tlcourse.datasets.website.kinds import KINDS, paint

SOURCES, NIGHT = ("website", "dice", "surfaces", "flowers"), "-by-night"

EACH = {"train": 20, "validation": 10, "test": 20}
"""Pictures of each kind in each part."""


def write_pictures(name, folder, *, seed=0, evaluate_on="reporting", each=None, unsorted=200):
    """Write a folder of labelled pictures in three parts, and one of pictures that nobody has sorted.

    In ``train``, ``validation`` and ``test`` stands a folder for each kind; ``unsorted`` holds pictures of all kinds.
    Painted pictures vary in size, and some of ``website`` have transparent corners.

    Args:
        name: ``"website"``, ``"dice"`` or ``"surfaces"``, which are painted, or ``"flowers"``, which is fetched. With
            ``-by-night`` behind it, ``test`` and ``unsorted`` are photographs by night.
        folder: where they go; made if need be, and empty.
        seed: another seed paints or draws other pictures.
        evaluate_on: where ``test`` and ``unsorted`` come from: ``"reporting"``, or while choosing ``"development"``. Of
            ``surfaces``, ``unsorted`` always comes from where ``train`` does.
        each: pictures of each kind in each part, such as ``{"train": 10, "test": 20}``; a part left out is not
            written. By default 20 to train, 10 for validation, 20 to test.
        unsorted: pictures that nobody has sorted, from 0 on.

    Returns:
        The folder, a path.

    Raises:
        ValueError: if the name or a part is unknown, or the folder is not empty.
        AssetMissing: if the flowers have to be fetched first.

    Example:
        ``write_pictures("website", "pictures") / "train" / "chart"`` holds twenty charts.
    """
    known("data set of folders", name, [*SOURCES, *(source + NIGHT for source in ("surfaces", "flowers"))])
    known("part", evaluate_on, ["reporting", "development"])
    each = {part: each[known("part of a folder", part, list(EACH))] for part in each} if each else EACH
    folder = Path(folder).expanduser()
    if folder.exists() and any(folder.iterdir()):
        raise ValueError(f"{folder} must be empty, so that nothing of yours is lost. Name another folder.")
    rng, source = np.random.default_rng(seed), name.removesuffix(NIGHT)
    kinds, take = _flowers(rng, evaluate_on) if source == "flowers" else _painted(source, rng, evaluate_on)

    def draw(kind, part):
        picture = take(kind, part)
        return by_night(picture, rng) if name.endswith(NIGHT) and part in ("test", "unsorted") else picture

    for part, count in each.items():
        for kind in kinds:
            for number in range(count):
                _save(draw(kind, part), folder / part / kind, f"{kind}-{number + 1:02}")
    rng = np.random.default_rng(seed)
    for number in range(unsorted):
        _save(draw(kinds[rng.integers(len(kinds))], "unsorted"), folder / "unsorted", f"{number + 1:03}")
    return folder


PAINTERS = {
    "website": (KINDS, lambda *about: paint(*about)[0]),
    "dice": (PIPS, paint_die),
    "surfaces": (PHOTOGRAPHS, paint_surface),
}


def _painted(source, rng, evaluate_on):
    """Return the kinds, and a function that paints the next picture of a kind for a part."""
    kinds, paint_one = PAINTERS[source]
    judged = "test" if evaluate_on == "reporting" else "validation"
    unsorted = "training" if source == "surfaces" else judged  # pieces of one photograph overlap
    regions = {"train": "training", "validation": "validation", "test": judged, "unsorted": unsorted}
    return list(kinds), lambda kind, part: paint_one(kind, regions[part], rng)


def _flowers(rng, evaluate_on):
    """Return the kinds, and a function that takes the next photograph of a kind for a part; none comes twice."""
    flowers = load_flowers(evaluate_on)
    sources = {"train": "pool", "validation": "pool", "test": evaluate_on, "unsorted": evaluate_on}
    left = {part: list(rng.permutation(flowers.rows(part))) for part in set(sources.values())}

    def draw(kind, part):
        rows = left[sources[part]]
        label = flowers.class_names.index(kind)
        return Image.fromarray(
            flowers.images[rows.pop(next(n for n, row in enumerate(rows) if flowers.labels[row] == label))]
        )

    return list(flowers.class_names), draw


def _save(picture, folder, stem):
    """Save a picture as JPEG, or as PNG where corners are transparent."""
    folder.mkdir(parents=True, exist_ok=True)
    if picture.mode == "RGBA":
        picture.save(folder / f"{stem}.png")
    else:
        picture.save(folder / f"{stem}.jpg", quality=90)
