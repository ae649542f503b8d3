"""What the painters of `kinds` share: colours, fonts, words."""

import colorsys
from functools import cache
from pathlib import Path

FONTS = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "DejaVuSerif.ttf", "DejaVuSerif-Bold.ttf", "STIXGeneralBol.ttf")

WORDS = (
    "new sale shop home about contact news summer winter garden coffee travel book today welcome order price free "
    "bread music tickets open daily fresh since team work join offer best local kitchen bikes school"
)


def colour(rng, lightness=(0.3, 0.7), strength=(0.3, 0.9)):
    """Draw a colour, three whole numbers from 0 to 255, with a lightness and a saturation between two bounds.

    >>> import numpy as np
    >>> colour(np.random.default_rng(0), lightness=(1, 1))
    (255, 255, 255)
    """
    shares = colorsys.hls_to_rgb(rng.random(), rng.uniform(*lightness), rng.uniform(*strength))
    return tuple(round(255 * share) for share in shares)


def phrase(rng, count):
    """Return this many words."""
    return " ".join(rng.choice(WORDS.split(), size=count))


def any_font(rng, size):
    """Return one of the fonts in a size of pixels."""
    return font(FONTS[rng.integers(len(FONTS))], int(size))


@cache
def font(name, size):
    """Return a font that comes with matplotlib, for PIL."""
    import matplotlib
    from PIL import ImageFont

    return ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name, size)
