"""Printed characters, rendered from the fonts that come with matplotlib: any number, any alphabet, seeded."""

from functools import cache
from pathlib import Path

import numpy as np

from tlcourse.datasets.dataset import Dataset

FAMILIES = {
    "DejaVu": tuple(
        f"DejaVu{face}.ttf"
        for face in (
            *("Sans", "Sans-Bold", "Sans-Oblique", "Sans-BoldOblique"),
            *("SansMono", "SansMono-Bold", "SansMono-Oblique", "SansMono-BoldOblique"),
            *("Serif", "Serif-Bold", "Serif-Italic", "Serif-BoldItalic"),
        )
    ),
    "Computer Modern": ("cmr10.ttf", "cmb10.ttf", "cmss10.ttf", "cmti10.ttf", "cmtt10.ttf", "cmmi10.ttf"),
    "STIX": ("STIXGeneral.ttf", "STIXGeneralItalic.ttf", "STIXGeneralBol.ttf", "STIXGeneralBolIta.ttf"),
}

LATIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghijkmnpqrty"
GREEK = "ΓΔΘΛΞΠΣΦΨΩαβγδεζηθλμξπρστφψω"
LETTERS = LATIN + GREEK
"""Letters that differ in shape, not only in size (`c` is left out: it has the shape of `C`)."""

CANVAS = 96


def load_glyphs(n, *, alphabet=LETTERS, families=tuple(FAMILIES), seed=0, side=32, resolutions=(8, 32), cut=True):
    """Render ``n`` printed characters, bright on dark, each in its own font, pose, weight and blur.

    A glyph is drawn large, its strokes thickened by up to four pixels of 96, bent by a random grid (rotation up to 15
    degrees, slant, stretch, a wave), cut to its box with a random margin, and reduced to a random resolution between
    the two ``resolutions`` before it is brought to ``side`` pixels: a small scan, enlarged, is blurred.

    Args:
        n: number of images, at least 1.
        alphabet: characters to draw from, one class each; letters, digits or both.
        families: names of font families, of ``"DejaVu"``, ``"Computer Modern"`` and ``"STIX"``. Computer Modern has no
            Greek here; such letters are drawn in the other families.
        seed: the same seed gives the same images.
        side: width and height of an image in pixels.
        resolutions: lowest and highest resolution in pixels, both at most ``side``.
        cut: whether a glyph is cut to its box. If not, it stays in the middle of its page, of which 64 of 96 pixels are
            kept: most characters are then a little over half as high as the image. The same seed gives the same glyphs
            either way.

    Returns:
        A `Dataset` with ``images`` uint8 ``(n, side, side)``, ``labels`` int ``(n,)`` and the font as ``groups``.

    Raises:
        ValueError: if a family is unknown or a character is in none of the families.

    >>> glyphs = load_glyphs(3, alphabet="AB", side=16, resolutions=(8, 16))
    >>> glyphs.images.shape, glyphs.images.dtype
    ((3, 16, 16), dtype('uint8'))
    """
    unknown = set(families) - set(FAMILIES)
    if unknown or not families:
        raise ValueError(f"families must be of {sorted(FAMILIES)}, got {list(families)}.")
    fonts = [name for family in families for name in FAMILIES[family]]
    able = {character: [font for font in fonts if ord(character) in _drawable(font)] for character in alphabet}
    if n < 1 or not alphabet or not all(able.values()):
        lacking = "".join(c for c, f in able.items() if not f)
        raise ValueError(
            f"load_glyphs needs n >= 1 and an alphabet that {list(families)} can draw, got n={n}, "
            f"alphabet={alphabet!r}; not drawable: {lacking!r}."
        )
    rng = np.random.default_rng(seed)
    labels = rng.integers(len(alphabet), size=n)
    used = [able[alphabet[label]][rng.integers(len(able[alphabet[label]]))] for label in labels]
    images = np.stack(
        [_render(alphabet[label], font, rng, side, resolutions, cut) for label, font in zip(labels, used)]
    )
    return Dataset(
        "glyphs",
        images,
        labels,
        class_names=tuple(alphabet),
        parts={"pool": np.arange(n)},
        evaluate_on="pool",
        groups=np.array(used),
        card="Characters rendered from the fonts that come with matplotlib. Made data: no person wrote them.",
    )


def _render(character, font, rng, side, resolutions, cut):
    from PIL import Image, ImageDraw

    page = Image.new("L", (CANVAS, CANVAS))
    ImageDraw.Draw(page).text(
        (CANVAS / 2, CANVAS / 2),
        character,
        fill=255,
        font=_load(font),
        anchor="mm",
        stroke_width=int(rng.integers(0, 3)),
        stroke_fill=255,
    )
    bent = page.transform(page.size, Image.Transform.MESH, _bend(rng), Image.Resampling.BILINEAR)
    left, top, right, bottom = bent.getbbox() or (0, 0, CANVAS, CANVAS)
    width, height = right - left, bottom - top
    margins = rng.uniform(0.0, 0.12, 4) * max(width, height)
    narrow = max(0, height - width) / 2 * rng.uniform(0.3, 1.0)
    low = max(0, width - height) / 2 * rng.uniform(0.3, 1.0)
    box = (left - margins[0] - narrow, top - margins[1] - low, right + margins[2] + narrow, bottom + margins[3] + low)
    if not cut:
        box = (CANVAS / 6, CANVAS / 6, CANVAS * 5 / 6, CANVAS * 5 / 6)
    page = bent.transform((CANVAS, CANVAS), Image.Transform.EXTENT, box, Image.Resampling.BILINEAR)
    resolution = round(float(np.exp(rng.uniform(*np.log(resolutions)))))
    small = page.resize((resolution, resolution), Image.Resampling.BOX)
    ink = np.asarray(small.resize((side, side), Image.Resampling.BILINEAR), dtype="float32")
    ink *= rng.uniform(0.7, 1.3) * 255 / max(ink.max(), 1)
    return ink.clip(0, 255).astype("uint8")


def _bend(rng, cells=3):
    """A mesh for PIL: each cell of a grid on the new page, with the quadrilateral of the old page it shows."""
    ticks = np.linspace(-1, 1, cells + 1)
    grid = np.stack(np.meshgrid(ticks, ticks), axis=-1)
    angle = np.deg2rad(rng.uniform(-15, 15))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    slant = np.array([[1.0, rng.uniform(-0.3, 0.3)], [0.0, 1.0]])
    stretch = np.diag(rng.uniform(0.9, 1.2, 2))
    wave = rng.normal(0, 0.06, grid.shape)
    old = ((grid @ (turn @ slant @ stretch).T + wave) + 1) * CANVAS / 2
    edge = np.linspace(0, CANVAS, cells + 1).round().astype(int)
    return [
        (
            (int(edge[c]), int(edge[r]), int(edge[c + 1]), int(edge[r + 1])),
            (*old[r, c], *old[r + 1, c], *old[r + 1, c + 1], *old[r, c + 1]),
        )
        for r in range(cells)
        for c in range(cells)
    ]


def _path(font):
    import matplotlib

    return Path(matplotlib.get_data_path()) / "fonts" / "ttf" / font


@cache
def _load(font):
    from PIL import ImageFont

    return ImageFont.truetype(_path(font), size=52)


@cache
def _drawable(font):
    from fontTools.ttLib import TTFont

    return frozenset(TTFont(_path(font)).getBestCmap())
