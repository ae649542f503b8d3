"""Simple drawings of things: what the kind `drawing` is made of."""

import numpy as np

from tlcourse.datasets.website.pens import colour


def house(pen, x, y, size, rng, ink):
    wall, roof = colour(rng, (0.6, 0.9)), colour(rng, (0.3, 0.6))
    pen.rectangle((x - size * 0.4, y - size * 0.5, x + size * 0.4, y), fill=wall, outline=ink, width=3)
    pen.polygon([(x - size * 0.5, y - size * 0.5), (x, y - size), (x + size * 0.5, y - size * 0.5)], fill=roof)
    pen.rectangle((x - size * 0.1, y - size * 0.3, x + size * 0.1, y), fill=ink)


def tree(pen, x, y, size, rng, ink):
    pen.line((x, y, x, y - size * 0.6), fill=(110, 80, 50), width=int(size * 0.12))
    leaves = colour(rng, (0.3, 0.5))
    for dx, dy in ((0, -0.8), (-0.2, -0.6), (0.2, -0.6)):
        _disc(pen, x + size * dx, y + size * dy, size * 0.25, leaves)


def sun(pen, x, y, size, rng, ink):
    shine = (240, int(rng.integers(150, 220)), 40)
    for angle in np.arange(0, 2 * np.pi, np.pi / 4):
        way = np.array([np.cos(angle), np.sin(angle)])
        pen.line([tuple((x, y) + way * size * 0.3), tuple((x, y) + way * size * 0.5)], fill=shine, width=4)
    _disc(pen, x, y, size * 0.25, shine)


def flower(pen, x, y, size, rng, ink):
    pen.line((x, y, x, y - size * 0.6), fill=(70, 130, 60), width=5)
    petals = colour(rng, (0.5, 0.7))
    for angle in np.arange(0, 2 * np.pi, np.pi / 3):
        _disc(pen, x + size * 0.18 * np.cos(angle), y - size * 0.7 + size * 0.18 * np.sin(angle), size * 0.13, petals)
    _disc(pen, x, y - size * 0.7, size * 0.1, (245, 200, 60))


def person(pen, x, y, size, rng, ink):
    _disc(pen, x, y - size * 0.85, size * 0.15, colour(rng, (0.5, 0.8)), outline=ink)
    limbs = ((0, -0.7, 0, -0.3), (0, -0.6, -0.25, -0.45), (0, -0.6, 0.25, -0.5), (0, -0.3, -0.2, 0), (0, -0.3, 0.2, 0))
    for x0, y0, x1, y1 in limbs:
        pen.line((x + size * x0, y + size * y0, x + size * x1, y + size * y1), fill=ink, width=5)


def boat(pen, x, y, size, rng, ink):
    hull = [
        (x - size * 0.5, y - size * 0.2),
        (x + size * 0.5, y - size * 0.2),
        (x + size * 0.3, y),
        (x - size * 0.3, y),
    ]
    pen.polygon(hull, fill=colour(rng, (0.3, 0.5)), outline=ink)
    sail = [(x, y - size), (x, y - size * 0.25), (x + size * 0.4, y - size * 0.25)]
    pen.polygon(sail, fill=colour(rng, (0.6, 0.9)), outline=ink)


THINGS = (house, tree, sun, flower, person, boat)
"""Functions of a PIL pen, the place where a thing stands, its height in pixels, a generator, the colour of lines."""


def _disc(pen, x, y, radius, fill, outline=None):
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=fill, outline=outline, width=3)
