"""Dice on photographs: how many pips does one see? Drawn by a program."""

import numpy as np

from tlcourse.datasets.website.photographs import region

PIPS = {
    "one": [(0, 0)],
    "two": [(-1, -1), (1, 1)],
    "three": [(-1, -1), (0, 0), (1, 1)],
    "four": [(-1, -1), (-1, 1), (1, -1), (1, 1)],
    "five": [(-1, -1), (-1, 1), (0, 0), (1, -1), (1, 1)],
    "six": [(-1, -1), (-1, 0), (-1, 1), (1, -1), (1, 0), (1, 1)],
}
"""The kinds, and where their pips are, from the middle of the die."""


def paint_die(kind, part, rng):
    """Paint the face of a die in front of a piece of a photograph: turned at random, and anywhere in the picture.

    Die and pips have random colours, one light and one dark. The picture is light or dark, sharp or not, and noisy.

    Args:
        kind: one of `PIPS`.
        part: the region of the photographs behind it, one of `tlcourse.datasets.website.photographs.REGIONS`.
        rng: a `numpy.random.Generator`.

    Returns:
        A PIL image, RGB, a square of 80 to 140 pixels.

    >>> paint_die("five", "training", np.random.default_rng(0)).mode
    'RGB'
    """
    from PIL import Image, ImageFilter

    side = int(rng.integers(80, 141))
    picture = _background(part, rng).resize((side, side))
    die = _face(kind, int(side * rng.uniform(0.45, 0.6)), rng)
    place = tuple(int(each) for each in rng.integers(0, side - die.width + 1, 2))
    picture.paste(die, place, die)
    picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0, 0.01) * side))
    values = np.asarray(picture, float) * rng.uniform(0.6, 1.05) + rng.normal(0, 5, (side, side, 3))
    return Image.fromarray(values.clip(0, 255).astype("uint8"))


def _background(part, rng):
    from PIL import Image

    whole = region(part)[rng.integers(len(region(part)))]
    edge = min(200, *whole.shape[:2])
    top, left = (int(rng.integers(length - edge + 1)) for length in whole.shape[:2])
    return Image.fromarray(whole[top : top + edge, left : left + edge])


def _face(kind, size, rng):
    """Draw a face with transparent corners, `size` pixels wide, in a square that holds it however it is turned."""
    from PIL import Image, ImageDraw

    fine = 2 * size  # drawn large, then made small: smooth edges
    face = Image.new("RGBA", (fine, fine))
    pen = ImageDraw.Draw(face)
    light, dark = (tuple(int(each) for each in rng.integers(*ends, 3)) for ends in ((190, 256), (0, 110)))
    ground, ink = (light, dark) if rng.random() < 0.7 else (dark, light)
    pen.rounded_rectangle((0, 0, fine - 1, fine - 1), radius=fine // 6, fill=ground)
    radius = fine * rng.uniform(0.075, 0.1)
    for across, down in PIPS[kind]:
        x, y = fine * (0.5 + 0.27 * across), fine * (0.5 + 0.27 * down)
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=ink)
    turned = face.rotate(rng.uniform(0, 360), resample=Image.Resampling.BICUBIC, expand=True)
    return turned.resize((turned.width // 2, turned.height // 2))
