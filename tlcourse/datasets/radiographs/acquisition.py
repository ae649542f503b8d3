"""How the shadow becomes an image: scatter, blur, photon noise, look-up curve, collimator, and markers of lead."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter, uniform_filter

from tlcourse.checks import checked_images, known

SOFT, BONE = 0.19, 0.45
"""Attenuation by cm at about 100 kV: of soft tissue, and what a cm of bone adds."""

FIELD_MM = 360


@dataclass(frozen=True)
class Hospital:
    """A machine, and who is sent to it.

    Attributes:
        name: what it is called.
        photons: mean count of a square of 5.6 mm, the pixel of a 64×64 image, where nothing is in the way; above 0.
        blur: of focus and detector together, full width at half maximum in mm, at least 0.
        scatter: share of what arrives that was scattered in the body, from 0 to below 1.
        gamma: exponent of the look-up curve, above 0; below 1 the dark parts come out brighter.
        window: percentiles of the middle of an image that are shown as black and white.
        collimation: widest margin in cm that the collimator leaves unexposed, at least 0.
        prevalence: chance that a patient has an opacity, from 0 to 1.

    Raises:
        ValueError: if a number is outside its range.
    """

    name: str
    photons: float = 3e5
    blur: float = 3.0
    scatter: float = 0.25
    gamma: float = 1.0
    window: tuple = (1.0, 99.5)
    collimation: float = 0.8
    prevalence: float = 0.5

    def __post_init__(self):
        rules = {
            "photons": self.photons > 0,
            "blur": self.blur >= 0,
            "scatter": 0 <= self.scatter < 1,
            "gamma": self.gamma > 0,
            "window": 0 <= self.window[0] < self.window[1] <= 100,
            "collimation": 0 <= self.collimation < 18,
            "prevalence": 0 <= self.prevalence <= 1,
        }
        for name, kept in rules.items():
            if not kept:
                raise ValueError(f"{name} is outside its range: got {getattr(self, name)!r}. See `Hospital`.")


HOSPITALS = {
    "first": Hospital("first"),
    "second": Hospital(
        "second", photons=1e5, blur=6.0, scatter=0.4, gamma=0.75, window=(3.0, 98.0), collimation=2.0, prevalence=0.15
    ),
}


def expose(hospital, thickness, exposure, rng):
    """Return what the machine shows: bright where few photons arrived.

    ``photons * exp(-thickness)`` arrive (Beer and Lambert), a share of them scattered; the sum is blurred and counted
    with the noise of counts, whose variance is their mean; then its logarithm, a window, and a curve.

    Args:
        hospital: the `Hospital`.
        thickness: attenuation along each ray, float32 ``(n, side, side)``.
        exposure: natural logarithm of each dose by the machine's usual one, ``(n, 1, 1)``.
        rng: NumPy random generator.

    Returns:
        float32 ``(n, side, side)`` in [0, 1].
    """
    side = thickness.shape[1]
    primary = np.exp(-thickness)
    scattered = uniform_filter(primary, (0, side // 4, side // 4))
    arriving = (1 - hospital.scatter) * primary + hospital.scatter * scattered
    width = hospital.blur / 2.355 * side / FIELD_MM  # of the Gaussian, in pixels
    counts = hospital.photons * (64 / side) ** 2 * np.exp(exposure) * gaussian_filter(arriving, (0, width, width))
    counts += np.sqrt(counts) * rng.standard_normal(counts.shape, dtype="float32")  # Poisson, to a good approximation
    shadow = -np.log(np.clip(counts, 1, None))
    middle = slice(side // 6, -(side // 6), 2)  # the machine measures there
    black, white = np.percentile(shadow[:, middle, middle], hospital.window, axis=(1, 2))[..., None, None]
    return np.clip((shadow - black) / (white - black), 0, 1).astype("float32") ** hospital.gamma


def collimate(hospital, images, rng):
    """Blacken a margin of its own width on each side, up to what the hospital leaves unexposed."""
    side = images.shape[1]
    left, right, top, bottom = rng.uniform(0, 10 * hospital.collimation / FIELD_MM * side, (4, len(images), 1)).round()
    at = np.arange(side)
    across, along = (at >= left) & (at < side - right), (at >= top) & (at < side - bottom)
    return images * (across[:, None, :] & along[:, :, None])


def stamp_marker(images, where, *, corner="top", seed=0):
    """Return a copy of the images, with the letter L of lead on some of them: the patient's left.

    Args:
        images: uint8 or float in [0, 1], ``(n, side, side)``.
        where: bool ``(n,)``: which get the marker.
        corner: ``"top"`` or ``"bottom"``, at the image's right.
        seed: of where exactly it is put down, within about a cm.

    Raises:
        ValueError: if the images are not such, the corner is unknown or ``where`` is not one bool for each image.

    >>> stamped = stamp_marker(np.zeros((2, 64, 64), "uint8"), np.array([True, False]))
    >>> stamped.max(axis=(1, 2)).tolist()
    [250, 0]
    """
    images, where = np.asarray(images), np.asarray(where)
    if images.ndim != 3:
        raise ValueError(f"Images must be grey, shaped (n, side, side); got {images.shape}.")
    checked_images(images)
    if where.shape != images.shape[:1] or where.dtype != bool:
        raise ValueError(f"where must be {len(images)} bools; got {where.dtype} of shape {where.shape}.")
    known("corner", corner, ["top", "bottom"])
    side = images.shape[1]
    height, width, stroke = (round(cm * side / 36) for cm in (3.4, 2.2, 0.7))
    letter = np.zeros((height, width), images.dtype)
    letter[:, :stroke] = letter[-stroke:] = 250 if images.dtype == np.uint8 else 250 / 255
    stamped, rng = images.copy(), np.random.default_rng(seed)
    for at in np.flatnonzero(where):
        down, in_ = rng.integers(side // 32, side // 16, 2, endpoint=True)
        row = down if corner == "top" else side - down - height
        corner_of = stamped[at, row : row + height, side - in_ - width : side - in_]
        np.maximum(corner_of, letter, out=corner_of)
    return stamped
