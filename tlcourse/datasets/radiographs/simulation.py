"""Patients walk in, images come out."""

from dataclasses import dataclass

import numpy as np

from tlcourse.checks import known
from tlcourse.datasets.dataset import Dataset
from tlcourse.datasets.radiographs import anatomy
from tlcourse.datasets.radiographs.acquisition import BONE, HOSPITALS, SOFT, Hospital, collimate, expose
from tlcourse.datasets.radiographs.opacities import draw_opacities
from tlcourse.datasets.radiographs.patients import draw_measures, draw_patients

AT_ONCE = 64
"""Images rendered together: few enough that their arrays stay in the processor's cache."""


@dataclass(frozen=True)
class Radiographs(Dataset):
    """A `Dataset` with ``groups`` for patients, and what a simulation knows besides.

    Attributes:
        masks: where the opacity is, bool, as large as the images; empty where there is none.
        age: of the patient, in years, ``(n,)``.
        male: sex of the patient, bool ``(n,)``.
    """

    masks: np.ndarray | None = None
    age: np.ndarray | None = None
    male: np.ndarray | None = None


def simulate_radiographs(patients, *, each=1, hospital="first", correlation=0.8, seed=0, side=64):
    """Simulate frontal chest radiographs, some with an opacity in a lung.

    Thorax, lungs, heart, great vessels, ribs, spine, shoulder blades, breasts and diaphragm are formulas whose measures
    vary among people, with sex and age; rotation, breath and place vary from image to image. Each ray is weakened by
    the soft tissue and the bone that it crosses (Beer and Lambert), scattered, blurred and counted with photon noise.
    A patient has an opacity or not, the same in each of their images; size, place, contrast and edge vary.

    Args:
        patients: how many, at least 1.
        each: images of each patient, at least 1.
        hospital: ``"first"``, ``"second"``, or a `Hospital`.
        correlation: of each measure in two images of one patient of one age and sex, from 0 to 1. At 0 they are as
            different as those of two patients.
        seed: the same seed gives the same images.
        side: width and height in pixels, at least 16; the detector is 36 cm wide.

    Returns:
        `Radiographs`: ``images`` uint8 ``(patients * each, side, side)``, bright where few rays arrived; ``labels`` 1
        where there is an opacity; ``groups``, the patient.

    Raises:
        ValueError: if a number is outside its range or the hospital is unknown.

    >>> made = simulate_radiographs(3, each=2, seed=1)
    >>> made.images.shape, made.groups.tolist()
    ((6, 64, 64), [0, 0, 1, 1, 2, 2])
    """
    if min(patients, each) < 1 or side < 16 or not 0 <= correlation <= 1:
        raise ValueError(
            "simulate_radiographs needs patients and each of at least 1, a side of at least 16 and a correlation in "
            f"[0, 1]; got patients={patients}, each={each}, side={side}, correlation={correlation}."
        )
    if not isinstance(hospital, Hospital):
        hospital = HOSPITALS[known("hospital", hospital, list(HOSPITALS))]
    rng = np.random.default_rng(seed)
    male, age = draw_patients(patients, rng)
    ill = rng.random(patients) < hospital.prevalence
    patient = np.repeat(np.arange(patients), each)
    measures = draw_measures(patient, male[patient], age[patient], correlation, rng)
    lesions = draw_opacities(patient, correlation, rng)
    made = [
        _render(
            hospital,
            {name: values[rows] for name, values in measures.items()},
            {name: values[rows] for name, values in lesions.items()},
            ill[patient[rows]][:, None, None],
            side,
            rng,
        )
        for rows in np.split(np.arange(len(patient)), range(AT_ONCE, len(patient), AT_ONCE))
    ]
    images, masks = (np.concatenate(parts) for parts in zip(*made))
    return Radiographs(
        f"radiographs, {hospital.name} hospital",
        images,
        ill[patient].astype(int),
        class_names=("clear", "opacity"),
        parts={"pool": np.arange(len(patient))},
        evaluate_on="pool",
        groups=patient,
        card="Simulated. Good enough to teach how classifiers fail; it says nothing about real lungs.",
        masks=masks,
        age=age[patient],
        male=male[patient],
    )


def _render(hospital, body, lesion, ill, side, rng):
    across, along = anatomy.grid(side)
    x, y = across - body["shift_across"], along - body["shift_along"]
    lungs, air = anatomy.lungs(body, x, y)
    heart = anatomy.heart_and_vessels(body, x, y)
    lungs = lungs * (1 - heart)
    opacity, mask = anatomy.opacity(lesion, lungs, x, y)
    tissue = np.clip(anatomy.trunk(body, x, y) - 0.75 * air * (1 - heart) - anatomy.windpipe(x, y), 0.2, None)
    tissue += anatomy.breasts_and_hila(body, x, y) + anatomy.markings(body, x, y, rng) * lungs + opacity * ill
    thickness = SOFT * tissue + BONE * anatomy.bones(body, x, y)
    shown = collimate(hospital, expose(hospital, thickness.astype("float32"), body["exposure"], rng), rng)
    return (255 * shown).astype("uint8"), mask & ill
