"""Speed limits on photographs: what a camera in a car sees, drawn by a program."""

import numpy as np

from tlcourse.datasets.website.pens import font
from tlcourse.datasets.website.photographs import region

LIMITS = ("30", "50", "60", "80", "90")
"""The kinds: kilometres an hour."""

CANVAS = 160
"""Pixels on which a sign is drawn, before it is tilted and made small."""


def paint_sign(limit, part, rng):
    """Paint a round sign with a red border and a number, in front of a piece of a photograph.

    The sign fills most of the picture. It is tilted, light or dark, sharp or not, and noisy, at random.

    Args:
        limit: what it says, such as one of `LIMITS`.
        part: the region of the photographs behind it, one of `tlcourse.datasets.website.photographs.REGIONS`.
        rng: a `numpy.random.Generator`.

    Returns:
        A PIL image, RGB, a square of 80 to 140 pixels.

    >>> paint_sign("50", "training", np.random.default_rng(0)).mode
    'RGB'
    """
    from PIL import Image, ImageFilter

    side = int(rng.integers(80, 141))
    picture = _background(part, rng).resize((side, side))
    size = int(side * rng.uniform(0.88, 1))
    sign = _sign(limit, rng).resize((size, size))
    place = tuple(int(each) for each in rng.integers(0, side - size + 1, 2))
    picture.paste(sign, place, sign)
    picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0, 0.012) * side))
    values = np.asarray(picture, float) * rng.uniform(0.6, 1.05) + rng.normal(0, 5, (side, side, 3))
    return Image.fromarray(values.clip(0, 255).astype("uint8"))


def _background(part, rng):
    from PIL import Image

    whole = region(part)[rng.integers(len(region(part)))]
    edge = min(200, *whole.shape[:2])
    top, left = (int(rng.integers(length - edge + 1)) for length in whole.shape[:2])
    return Image.fromarray(whole[top : top + edge, left : left + edge])


def _sign(limit, rng):
    """Draw a sign on transparent ground; turned, and seen a little from the side."""
    from PIL import Image, ImageDraw

    sign = Image.new("RGBA", (CANVAS, CANVAS))
    pen = ImageDraw.Draw(sign)
    pen.ellipse((2, 2, CANVAS - 2, CANVAS - 2), fill=(200, 20, 30))
    border = int(rng.integers(15, 23))
    pen.ellipse((border, border, CANVAS - border, CANVAS - border), fill=(245, 245, 240))
    name = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf")[rng.integers(2)]
    number = font(name, int(rng.integers(68, 79)))
    pen.text((CANVAS / 2, CANVAS / 2), limit, font=number, fill=(20, 20, 20), anchor="mm")
    sign = sign.rotate(rng.uniform(-10, 10), resample=Image.Resampling.BICUBIC)
    width = int(CANVAS * rng.uniform(0.85, 1))
    seen = Image.new("RGBA", (CANVAS, CANVAS))
    seen.paste(sign.resize((width, CANVAS)), ((CANVAS - width) // 2, 0))
    return seen
