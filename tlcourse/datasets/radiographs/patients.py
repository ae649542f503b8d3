"""Who is on the image: age and sex of each patient, and the measures of a body, alike in all images of one patient."""

from typing import NamedTuple

import numpy as np


class Trait(NamedTuple):
    """How a measure is spread among people.

    Attributes:
        mean: for a woman of 60.
        sd: standard deviation among people of one sex and age.
        male: what is added for a man.
        decade: what is added for each ten years above 60.
    """

    mean: float
    sd: float
    male: float = 0.0
    decade: float = 0.0


TRAITS = {
    "thorax_width": Trait(27.0, 1.4, male=2.5),  # cm, inside the ribs, where it is widest
    "lung_height": Trait(22.0, 1.2, male=2.0),  # cm, from the apex to the dome of the diaphragm
    "depth": Trait(19.0, 1.8, male=1.0, decade=0.3),  # cm of body from front to back
    "cardiothoracic_ratio": Trait(0.45, 0.035, male=-0.01, decade=0.01),  # width of the heart by that of the thorax
    "heart_tilt": Trait(48.0, 6.0),  # degrees from the vertical
    "rib_spacing": Trait(2.7, 0.15, male=0.15),  # cm
    "rib_slope": Trait(0.18, 0.06),  # cm down for each cm outward, at the back
    "bone": Trait(1.0, 0.12, male=0.15, decade=-0.06),  # mineral, by that of an average woman of 60
    "breast": Trait(1.8, 0.6, male=-1.6),  # cm of tissue
    "vessels": Trait(1.0, 0.2, decade=0.05),  # markings of the lung, by the average
    "aorta": Trait(1.0, 0.25, decade=0.15),  # the knob, by the average
}
"""The body."""

POSITION = {
    "rotation": Trait(0.0, 3.0),  # degrees about the long axis
    "inspiration": Trait(0.0, 0.7),  # cm that the diaphragm stands lower than in an average breath
    "shift_across": Trait(0.0, 0.6),  # cm
    "shift_along": Trait(0.0, 0.7),  # cm
    "exposure": Trait(0.0, 0.25),  # natural logarithm of the dose, by that of the machine
}
"""How it stood before the detector."""


def draw_patients(n, rng):
    """Draw sex and age.

    Args:
        n: number of patients.
        rng: NumPy random generator.

    Returns:
        ``male`` bool ``(n,)`` and ``age`` float ``(n,)`` in years, 18 to 90.

    >>> male, age = draw_patients(1000, np.random.default_rng(0))
    >>> bool(18 <= age.min() and age.max() <= 90), round(float(male.mean()), 1)
    (True, 0.5)
    """
    return rng.random(n) < 0.5, rng.normal(58, 16, n).clip(18, 90)


def shared_normal(patient, correlation, rng, width=1):
    """Draw standard normal numbers that correlate within a patient.

    ``sqrt(c) z_patient + sqrt(1 - c) z_image``: each number is standard normal, and two of one patient correlate by c.

    Args:
        patient: int ``(images,)``, from 0 on.
        correlation: c, from 0 to 1.
        rng: NumPy random generator.
        width: how many numbers for each image.

    Returns:
        float32 ``(images, width)``.

    >>> same = shared_normal(np.array([0, 0, 1]), 1.0, np.random.default_rng(0))
    >>> bool(same[0] == same[1]), bool(same[1] == same[2])
    (True, False)
    """
    of_patient = rng.normal(size=(int(patient.max()) + 1, width))[patient]
    of_image = rng.normal(size=(len(patient), width))
    return (np.sqrt(correlation) * of_patient + np.sqrt(1 - correlation) * of_image).astype("float32")


def draw_measures(patient, male, age, correlation, rng):
    """Draw the measures of each image's body and position.

    Args:
        patient: int ``(images,)``.
        male: bool ``(images,)``.
        age: years ``(images,)``.
        correlation: of two images of one patient of one sex and age, from 0 to 1.
        rng: NumPy random generator.

    Returns:
        Dictionary from each name in `TRAITS` and `POSITION` to float32 ``(images, 1, 1)``.
    """
    traits = TRAITS | POSITION
    z = shared_normal(patient, correlation, rng, len(traits))
    measures = {
        name: trait.mean + trait.sd * z[:, at] + trait.male * male + trait.decade * (age - 60) / 10
        for at, (name, trait) in enumerate(traits.items())
    }
    return {name: values.astype("float32")[:, None, None] for name, values in measures.items()}
