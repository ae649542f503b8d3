"""What the rays cross: for each pixel the centimetres of soft tissue, of air and of bone.

Coordinates are in cm from the middle of the field, ``x`` to the image's right (the patient's left), ``y`` downwards,
each shaped to broadcast to ``(n, side, side)``. ``body`` holds the measures of `patients`, ``(n, 1, 1)`` each.
"""

import numpy as np
from scipy.ndimage import gaussian_filter

from tlcourse.datasets.radiographs.opacities import choose_points

FIELD = 36.0
"""Side of the detector in cm."""

DOME = 7.5
"""Where the dome of the right diaphragm stands in an average breath, in cm below the middle of the field."""


def grid(side):
    """Return the centres of the pixels in cm: across and along.

    >>> across, along = grid(2)
    >>> across.ravel().tolist()
    [-9.0, 9.0]
    """
    ticks = (((np.arange(side) + 0.5) / side - 0.5) * FIELD).astype("float32")
    return ticks[None, None, :], ticks[None, :, None]


def step(distance, edge):
    """Rise from 0 to 1 around a distance of 0, over about ``4 * edge``."""
    return 0.5 + 0.5 * np.tanh(distance / edge)


def bump(distance, width):
    """Return 1 at a distance of 0, and about a third at ``width``."""
    return np.exp(-((distance / width) ** 2))


def trunk(body, x, y):
    """Return the body from its front to its back, in cm; it is wider at the shoulders and thinner at the neck."""
    edge = body["thorax_width"] / 2 + 2.6 + 0.05 * body["depth"] + 5.0 * step(-9.5 - y, 2.5)
    neck = 0.5 + 0.5 * step(y + 16.5, 1.5)
    return body["depth"] * np.sqrt(np.clip(1 - (np.abs(x) / edge) ** 3, 0, None)) * neck


def lungs(body, x, y):
    """Return the place of both lungs, from 0 to 1, and the air in them, in cm."""
    half, dome = body["thorax_width"] / 2, _dome(body)
    reach = 0.72 * body["lung_height"]  # of the upper part, which narrows towards the apex
    place, air = 0.0, 0.0
    for side, lower in ((-1, 0.0), (1, 1.2)):  # the left dome, on the image's right, stands lower
        middle = side * half * 0.53 + 0.3 * _turn(body)
        u = (x - middle - side * 0.09 * (y - dome)) / (half * 0.47 * (1 - side * _turn(body) / 30))
        v = np.minimum(y - dome + body["lung_height"] - reach, 0) / reach
        inside = 1 - np.abs(u) ** 2.4 - v**2
        floor = dome + lower + 1.6 * np.clip(side * u + 0.25, 0, None) ** 2 + 0.5 * np.clip(-side * u, 0, None) ** 2
        part = step(inside, 0.12) * step(floor - y, 0.35)
        place = place + part
        air = air + 0.62 * body["depth"] * part * np.sqrt(np.clip(inside, 0.02, None))
    return place, air


def heart_and_vessels(body, x, y):
    """Return how much of the lungs the heart, the great vessels and the aortic knob hide, from 0 to 1."""
    half, dome, turn = body["thorax_width"] / 2, _dome(body), _turn(body)
    width = body["cardiothoracic_ratio"] * half
    cos, sin = np.cos(np.deg2rad(body["heart_tilt"])), np.sin(np.deg2rad(body["heart_tilt"]))
    dx, dy = x - 0.21 * half - 0.5 * turn, y - dome + 3.2
    across, along = (dx * cos - dy * sin) / (0.82 * width), (dx * sin + dy * cos) / (1.18 * width)
    heart = step(1 - np.hypot(across, along) ** 2.2, 0.2)
    waist = 2.1 + 0.9 * bump(y - dome + 9.0, 3.0) + 0.8 * bump(y - dome + 2.0, 4.0)  # the hila above, the heart below
    vessels = step(waist - np.abs(x + 0.3 - 0.3 * turn), 0.6)
    knob = bump(np.hypot(x - 2.6 - 0.3 * turn, y - dome + 13.2), 1.6) * body["aorta"]
    return np.clip(0.92 * heart + 0.95 * vessels + 0.55 * knob, 0, 1)


def breasts_and_hila(body, x, y):
    """Return the soft tissue before and beside the lungs' middle, in cm."""
    half, dome = body["thorax_width"] / 2, _dome(body)
    total = 0.0
    for side in (-1, 1):
        hilum = bump(np.hypot(x - side * 4.4 - 0.3 * _turn(body), 0.7 * (y - dome + 9.6)), 1.5)
        breast = step(1 - ((x - side * half * 0.55) / 6.2) ** 2 - ((y - dome + 1.5) / 5.0) ** 2, 0.25)
        total = total + 1.6 * body["vessels"] * hilum + np.clip(body["breast"], 0.1, None) * breast
    return total


def windpipe(x, y):
    """Return the air in the windpipe, in cm."""
    return 1.2 * step(0.9 - np.abs(x + 0.2), 0.25) * step(-3.2 - y, 1.2)


def bones(body, x, y):
    """Return the bone, in cm: ribs at the back and at the front, spine, collar bones, shoulder blades."""
    half, spacing = body["thorax_width"] / 2, body["rib_spacing"]
    top = DOME + 0.3 * body["inspiration"] - body["lung_height"]
    beside = np.abs(x)
    out = np.clip(beside / half, 0, 1.2)
    back = (y - top - body["rib_slope"] * beside - 2.2 * out**3) / spacing
    front = (y - top + 2.4 + 4.0 * (1 - np.clip(1 - out, 0, None) ** 1.3)) / (1.15 * spacing)
    ribs = 0.50 * np.clip(np.cos(2 * np.pi * back) - 0.15, 0, None)
    ribs = ribs + 0.20 * np.clip(np.cos(2 * np.pi * front) - 0.3, 0, None) * step(out - 0.28, 0.08)
    along_wall = 1 / np.sqrt(np.clip(1.08 - np.clip(out, 0, 1) ** 2, 0.12, None))  # rays run along the rib there
    cage = step(1.02 - out, 0.03) * step(y - top + 1.0, 0.6) * step(DOME + 2.5 - y, 1.5)
    spine = 1.25 * step(1.8 - beside, 0.55) * (1 + 0.14 * np.cos(2 * np.pi * y / (0.95 * spacing)))
    collar_line = top + 2.2 - 0.22 * beside + 0.7 * np.sin(0.45 * beside)
    collar = 1.1 * bump(y - collar_line, 0.62) * step(beside - 1.8, 0.4) * step(1.15 * half - beside, 0.8)
    blades = 0.9 * step(1 - ((beside - 1.02 * half) / 2.6) ** 2 - ((y - top - 5.5) / 6.5) ** 2, 0.2)
    return body["bone"] * (ribs * along_wall * cage + spine + collar + blades)


def markings(body, x, y, rng):
    """Return the vessels of the lungs, in cm: noise of their size, strong beside the heart, faint at the wall."""
    side = y.shape[1]
    pixels = side / FIELD
    noise = rng.standard_normal((len(body["vessels"]), side, side), dtype="float32")
    fine = gaussian_filter(noise, (0, 0.35 * pixels, 0.35 * pixels))
    fine -= gaussian_filter(noise, (0, 1.2 * pixels, 1.2 * pixels))
    from_hilum = np.hypot(np.abs(x) - 4.0, 0.8 * (y - _dome(body) + 9.0))
    return 0.9 * body["vessels"] * np.clip(fine / fine.std() + 0.3, 0, None) * np.exp(-from_hilum / 7.0)


def opacity(lesion, place, x, y):
    """Return an opacity in the lungs: its tissue in cm, and its mask, where it is more than half as thick as at most.

    Args:
        lesion: the measures of `opacities`, ``(n, 1, 1)`` each.
        place: where the lungs are, from 0 to 1, ``(n, side, side)``.
        x: across, in cm.
        y: along, in cm.
    """
    images = np.arange(len(place))
    rows, columns = choose_points(np.clip(place - 0.6, 0, None), lesion["down"].ravel(), lesion["across"].ravel())
    dx = x - x[images, 0, columns][:, None, None]
    dy = y - y[images, rows, 0][:, None, None]
    stretch, angle = np.exp(lesion["log_stretch"]), np.arctan2(dy, dx) + lesion["turn"]
    outline = 1 + lesion["lobe_2"] * np.cos(2 * angle) + lesion["lobe_3"] * np.cos(3 * angle)
    r = np.hypot(dx * stretch, dy / stretch) / np.exp(lesion["log_radius"]) / np.clip(outline, 0.5, None)
    shape = 0.5 ** (r ** (2 * np.clip(np.exp(lesion["log_edge"]), 1, 4)))
    return np.exp(lesion["log_thickness"]) * shape * place, (shape > 0.5) & (place > 0.5)


def _dome(body):
    return DOME + body["inspiration"]


def _turn(body):
    """How far the front of the chest moves to the image's right, in cm: about 12 cm lie before the axis."""
    return 12 * np.sin(np.deg2rad(body["rotation"]))
