"""The same images under other conditions: noise, blur, rotation, contrast, in five severities."""

import numpy as np

from tlcourse.checks import checked_images, known

SEVERITIES = {
    "noise": (0.04, 0.08, 0.12, 0.18, 0.26),
    "blur": (0.5, 0.8, 1.2, 1.7, 2.4),
    "rotation": (10, 20, 30, 45, 60),
    "contrast": (0.75, 0.6, 0.45, 0.3, 0.2),
}
"""By kind: standard deviation of the noise in an image of range 0 to 1; that of the blur in pixels of an image 32 wide;
largest angle in degrees; the share of contrast that is left."""


def shifted(images, kind, severity, *, seed=0):
    """Return the same images as another camera, hand or day might have taken them.

    ``noise`` adds normal noise to every value; ``blur`` is Gaussian, its width in proportion to the image;
    ``rotation`` turns each image by its own angle, clockwise or not, between half of the largest and the largest, its
    edge repeated outwards; ``contrast`` draws values towards the image's mean. Values stay in range.

    Args:
        images: uint8 or float in [0, 1], grey or RGB, as in `tlcourse.checks.checked_images`.
        kind: ``"noise"``, ``"blur"``, ``"rotation"`` or ``"contrast"``.
        severity: 1, barely seen, to 5.
        seed: seed of the noise and of the angles.

    Returns:
        Images of the same shape and type.

    Raises:
        ValueError: if the images break the rule above, or kind or severity is unknown.

    Source:
        The idea and the five severities: Hendrycks & Dietterich (2019), *Benchmarking Neural Network Robustness to
        Common Corruptions and Perturbations*, ICLR. The strengths are the course's own.

    >>> shifted(np.full((1, 8, 8), 0.5), "contrast", 5).shape
    (1, 8, 8)
    """
    from scipy import ndimage

    images = np.asarray(images)
    x = checked_images(images)
    strength = SEVERITIES[known("shift", kind, list(SEVERITIES))][known("severity", severity, [1, 2, 3, 4, 5]) - 1]
    rng = np.random.default_rng(seed)
    if kind == "noise":
        x = x + rng.normal(0, strength, x.shape)
    elif kind == "blur":
        height, width = x.shape[1:3]
        x = ndimage.gaussian_filter(x, (0, strength * height / 32, strength * width / 32, 0), mode="nearest")
    elif kind == "rotation":
        angles = rng.uniform(strength / 2, strength, len(x)) * rng.choice([-1, 1], len(x))
        turned = [ndimage.rotate(im, a, reshape=False, order=1, mode="nearest") for im, a in zip(x, angles)]
        x = np.stack(turned)
    else:
        mean = x.mean(axis=(1, 2, 3), keepdims=True)
        x = mean + strength * (x - mean)
    x = x.clip(0, 1).reshape(images.shape)
    return np.rint(255 * x).astype("uint8") if images.dtype == np.uint8 else x.astype(images.dtype)
