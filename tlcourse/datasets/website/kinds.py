"""The pictures of a web site: a painter for each of six kinds, each from 100 to 220 pixels wide and high.

One picture in twelve is doubtful, for people too, and is kept with the name of its painter: a photograph with a line of
text on it, a banner that has lost its text, a chart without axes, a screenshot that shows little but a photograph, a
drawing of a single thing on a plain ground, an icon with a picture in it.
"""

import numpy as np

from tlcourse.datasets.website.drawings import THINGS
from tlcourse.datasets.website.pens import any_font, colour, font, phrase
from tlcourse.datasets.website.photographs import crop

DOUBTFUL = 1 / 12
GLYPHS = "★♥☀☂☎✉✎⚑⚓⚙♫✈✔✘▶⌂⬆➤☕⚡"


def paint(kind, region, rng):
    """Paint a picture of this kind.

    Args:
        kind: one of `KINDS`.
        region: the region of the photographs that it may use, one of `tlcourse.datasets.website.photographs.REGIONS`.
        rng: a `numpy.random.Generator`.

    Returns:
        A PIL image, of an icon often with transparent corners, and whether it is doubtful.

    >>> import numpy as np
    >>> paint("icon", "training", np.random.default_rng(0))[0].mode
    'RGBA'
    """
    doubtful = bool(rng.random() < DOUBTFUL)
    return KINDS[kind](region, rng, doubtful), doubtful


def photo(region, rng, doubtful):
    picture = _resized(crop(region, rng), rng)
    if doubtful:
        _write(picture, rng, f"photo: {phrase(rng, 2)}", size=11, at=(5, picture.height - 16), fill="white")
    return picture


def banner(region, rng, doubtful):
    from PIL import ImageDraw

    picture = crop(region, rng) if rng.random() < 0.75 else _plain(rng, (0.35, 0.6))
    picture = _resized(picture, rng)
    if doubtful:  # the text was another layer, and is lost
        return picture
    width, height = picture.size
    lines = int(rng.integers(1, 3))
    size = int(rng.integers(15, 25))
    top = int(rng.integers(8, height - lines * (size + 6) - 8))
    ground = colour(rng, (0.15, 0.45)) if rng.random() < 0.5 else colour(rng, (0.85, 1))
    if rng.random() < 0.8:
        box = (0, top - 5, width, top + lines * (size + 6) + 1)
        ImageDraw.Draw(picture).rectangle(box, fill=ground)
    ink = "white" if sum(ground) < 400 else "black"
    for line in range(lines):
        text = phrase(rng, 2).upper() if size < 20 else phrase(rng, 2).title()
        _write(picture, rng, text, size=size, at=(8, top + line * (size + 6)), fill=ink, edge=True)
    return picture


def chart(region, rng, doubtful):
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from PIL import Image

    dark, count = rng.random() < 0.3, int(rng.integers(3, 8))
    ground, ink = colour(rng, (0.08, 0.25) if dark else (0.88, 1)), "white" if dark else "black"
    colours = [_shares(colour(rng)) for _ in range(count)]
    figure = Figure(figsize=rng.uniform(1.4, 2.6, 2), dpi=80, facecolor=_shares(ground))
    axes = figure.add_subplot(facecolor=_shares(ground))
    form = ["line", "area", "bars", "flat", "pie", "points"][rng.integers(6)]
    if form == "line":
        for at in range(rng.integers(1, 4)):
            axes.plot(rng.normal(size=25).cumsum(), color=colours[at])
    elif form == "area":
        axes.stackplot(range(12), *rng.uniform(1, 4, (3, 12)), colors=colours[:3])
    elif form == "bars":
        axes.bar(range(count), rng.uniform(1, 9, count), color=colours[0])
    elif form == "flat":
        axes.barh(range(count), rng.uniform(1, 9, count), color=colours)
    elif form == "pie":
        axes.pie(rng.uniform(1, 9, count), colors=colours)
    else:
        axes.scatter(*rng.normal(size=(2, 30)), color=colours[0], s=8)
    axes.tick_params(labelsize=6, colors=ink)
    axes.spines[:].set_color(ink)
    if rng.random() < 0.5:
        axes.grid(True, alpha=0.4)
    if rng.random() < 0.5:
        axes.set_title(phrase(rng, 2), fontsize=7, color=ink)
    if doubtful:
        axes.set_axis_off()
        axes.set_title("")
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")


def screenshot(region, rng, doubtful):
    from PIL import Image, ImageDraw

    width, height = (int(each) for each in rng.integers(240, 420, 2))
    dark = rng.random() < 0.3
    picture = Image.new("RGB", (width, height), colour(rng, (0.08, 0.2) if dark else (0.9, 1)))
    pen = ImageDraw.Draw(picture)
    bar = int(rng.integers(18, 44))
    pen.rectangle((0, 0, width, bar), fill=colour(rng, (0.2, 0.6)))
    _write(picture, rng, phrase(rng, 4), size=13, at=(10, bar / 2 - 9), fill="white")
    y, ink = bar + 12, colour(rng, (0.75, 0.95) if dark else (0.05, 0.35), (0, 0.3))
    if doubtful:
        picture.paste(crop(region, rng).resize((width - 20, height - bar - 40)), (10, bar + 12))
        y = height - 24
    while y < height - 14:
        chance = rng.random()
        if chance < 0.12:
            pen.rounded_rectangle((12, y, 12 + int(rng.integers(60, 140)), y + 22), 5, fill=colour(rng))
            y += 32
        elif chance < 0.24 and y < height - 80:
            picture.paste(crop(region, rng).resize((90, 66)), (12, y))
            for line in range(4):
                _write(picture, rng, phrase(rng, 3), size=11, at=(112, y + 15 * line), fill=ink)
            y += 76
        else:
            _write(
                picture, rng, phrase(rng, int(rng.integers(2, 9))), size=int(rng.integers(10, 16)), at=(12, y), fill=ink
            )
            y += 20
    return _resized(picture, rng)


def icon(region, rng, doubtful):
    from PIL import Image, ImageDraw

    side = int(rng.integers(200, 400))
    ground = (
        (255, 255, 255, 0) if rng.random() < 0.6 else (*colour(rng, [(0.05, 0.2), (0.85, 1)][rng.integers(2)]), 255)
    )
    picture = Image.new("RGBA", (side, side), ground)
    pen, form, fill = ImageDraw.Draw(picture), rng.random(), colour(rng, (0.3, 0.6))
    edge, filled = side // 16, rng.random() < 0.7
    look = {"fill": fill} if filled else {"outline": fill, "width": edge}
    if form < 0.4:
        pen.ellipse((edge, edge, side - edge, side - edge), **look)
    elif form < 0.8:
        pen.rounded_rectangle((edge, edge, side - edge, side - edge), side // 5, **look)
    ink = (255, 255, 255) if form < 0.8 and filled else fill
    if doubtful:
        THINGS[rng.integers(len(THINGS))](pen, side / 2, side * 0.78, side * 0.55, rng, ink)
    else:
        glyph, large = GLYPHS[rng.integers(len(GLYPHS))], font("DejaVuSans.ttf", int(side * rng.uniform(0.45, 0.65)))
        pen.text((side / 2, side / 2), glyph, fill=ink, font=large, anchor="mm")
    return picture.resize((side // 2, side // 2))


def drawing(region, rng, doubtful):
    from PIL import Image, ImageDraw, ImageOps

    width, height = (int(each) for each in rng.integers(200, 440, 2))
    picture = Image.new("RGB", (width, height), colour(rng, (0.8, 0.97)))
    pen, ink, ground = ImageDraw.Draw(picture), colour(rng, (0.05, 0.2)), int(height * rng.uniform(0.6, 0.85))
    if doubtful:
        THINGS[rng.integers(len(THINGS))](pen, width / 2, height * 0.8, min(width, height) * 0.6, rng, ink)
    else:
        pen.rectangle((0, ground, width, height), fill=colour(rng, (0.5, 0.75)))
        for _ in range(rng.integers(3, 8)):
            thing, x, size = THINGS[rng.integers(len(THINGS))], rng.uniform(0.1, 0.9), rng.uniform(0.2, 0.6)
            y = rng.uniform(0.1, 0.4) * height if thing.__name__ == "sun" else rng.uniform(ground, height)
            thing(pen, x * width, y, size * height, rng, ink)
    if rng.random() < 0.35:  # in pencil, by day or by night
        paper, line = ("white", ink) if rng.random() < 0.7 else (colour(rng, (0.1, 0.25)), "white")
        picture = ImageOps.colorize(_pencil(picture), line, paper)
    return picture.resize((width // 2, height // 2))


KINDS = {each.__name__: each for each in (banner, chart, drawing, icon, photo, screenshot)}
"""The painters by the name of their kind; each takes a region, a generator and whether to paint a doubtful one."""


def _pencil(picture):
    """Keep the edges of a picture: grey, dark on white."""
    from PIL import ImageFilter, ImageOps

    edges = picture.convert("L").filter(ImageFilter.GaussianBlur(1)).filter(ImageFilter.FIND_EDGES)
    edges = edges.crop((2, 2, picture.width - 2, picture.height - 2)).resize(picture.size)
    return ImageOps.invert(edges.point(lambda value: min(255, 6 * value)))


def _shares(rgb):
    return tuple(value / 255 for value in rgb)


def _resized(picture, rng):
    width, height = picture.size
    scale = rng.uniform(130, 220) / max(width, height)
    return picture.resize((max(100, round(width * scale)), max(100, round(height * scale))))


def _plain(rng, lightness):
    from PIL import Image

    return Image.new("RGB", (200, int(rng.integers(110, 200))), colour(rng, lightness))


def _write(picture, rng, text, *, size, at, fill, edge=False):
    from PIL import ImageDraw

    around = {"stroke_width": 1, "stroke_fill": "black" if fill == "white" else "white"} if edge else {}
    ImageDraw.Draw(picture).text(at, text, fill=fill, font=any_font(rng, size), **around)
