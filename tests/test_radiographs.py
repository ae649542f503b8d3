from dataclasses import replace

import numpy as np
import pytest

from tlcourse.datasets import HOSPITALS, Hospital, simulate_radiographs, stamp_marker
from tlcourse.datasets.radiographs import anatomy
from tlcourse.datasets.radiographs.acquisition import collimate, expose
from tlcourse.datasets.radiographs.opacities import choose_points, draw_opacities
from tlcourse.datasets.radiographs.patients import TRAITS, draw_measures, shared_normal

PERFECT = Hospital("perfect", photons=1e12, blur=0, scatter=0, window=(0, 100), collimation=0)
RAMP = np.tile(np.linspace(0, 2, 64, dtype="float32"), (1, 64, 1))


def rng():
    return np.random.default_rng(0)


def between(images, a, b):
    """Mean correlation of the pixels of images a[i] and b[i]."""
    flat = images.reshape(len(images), -1).astype("float64")
    return np.mean([np.corrcoef(flat[i], flat[j])[0, 1] for i, j in zip(a, b)])


def test_one_seed_gives_one_set_of_images_and_another_gives_others():
    one, again, other = (simulate_radiographs(4, each=2, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one.images, again.images) and np.array_equal(one.masks, again.masks)
    assert not np.array_equal(one.images, other.images)
    assert one.groups.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert one.images.shape == one.masks.shape == (8, 64, 64)


def test_more_images_than_are_rendered_together_keep_their_order():
    made = simulate_radiographs(70, seed=3, side=16)
    assert len(made.images) == len(made.masks) == 70
    assert not made.masks[made.labels == 0].any()


@pytest.mark.parametrize("prevalence", [0.0, 1.0])
def test_prevalence_is_that_of_the_patients(prevalence):
    made = simulate_radiographs(20, each=2, hospital=replace(HOSPITALS["first"], prevalence=prevalence), side=16)
    assert (made.labels == prevalence).all()


def test_all_images_of_a_patient_have_one_label_one_sex_and_one_age():
    made = simulate_radiographs(10, each=3, side=16)
    for values in (made.labels, made.male, made.age):
        assert all(len(set(values[made.groups == patient])) == 1 for patient in range(10))


def test_the_only_difference_of_an_ill_patient_is_brighter_where_the_mask_is():
    well, ill = (
        simulate_radiographs(30, hospital=replace(HOSPITALS["first"], prevalence=p), seed=5).images.astype(int)
        for p in (0.0, 1.0)
    )
    masks = simulate_radiographs(30, hospital=replace(HOSPITALS["first"], prevalence=1.0), seed=5).masks
    assert masks.any(axis=(1, 2)).mean() > 0.95
    assert (ill - well)[masks].mean() > 15
    assert abs((ill - well)[~masks].mean()) < 3


def test_opacities_lie_in_the_lungs():
    patient = np.arange(40)
    male, age = np.zeros(40, bool), np.full(40, 60.0)
    body = draw_measures(patient, male, age, 0.5, rng())
    x, y = (coordinate - body["shift_across"] for coordinate in anatomy.grid(64))
    place, _ = anatomy.lungs(body, x, y)
    tissue, masks = anatomy.opacity(draw_opacities(patient, 0.5, rng()), place, x, y)
    assert (place[masks] > 0.5).all()
    assert tissue.min() >= 0 and tissue.max() > 2


@pytest.mark.parametrize("correlation", [0.0, 0.6, 1.0])
def test_numbers_of_one_patient_correlate_as_asked(correlation):
    z = shared_normal(np.repeat(np.arange(4000), 2), correlation, rng())[:, 0]
    assert np.corrcoef(z[::2], z[1::2])[0, 1] == pytest.approx(correlation, abs=0.05)
    assert z.std() == pytest.approx(1, abs=0.05)


def test_images_of_one_patient_are_alike_only_if_measures_correlate():
    alike, unlike = (simulate_radiographs(30, each=2, correlation=c, seed=1).images for c in (1.0, 0.0))
    first, second = np.arange(0, 60, 2), np.arange(1, 60, 2)
    strangers = between(unlike, first, np.roll(second, 2))
    assert between(alike, first, second) > 0.98
    assert between(unlike, first, second) == pytest.approx(strangers, abs=0.03)


def test_men_and_the_old_have_the_measures_that_the_table_says():
    patient, n = np.arange(4000), 4000
    man_of_80 = draw_measures(patient, np.ones(n, bool), np.full(n, 80.0), 0.0, rng())
    for name in ("thorax_width", "bone"):
        trait = TRAITS[name]
        assert man_of_80[name].mean() == pytest.approx(trait.mean + trait.male + 2 * trait.decade, abs=0.1 * trait.sd)
        assert man_of_80[name].std() == pytest.approx(trait.sd, rel=0.1)


def test_a_perfect_machine_shows_the_thickness():
    shown = expose(PERFECT, RAMP, np.zeros((1, 1, 1)), rng())[0]
    assert np.diff(shown[32]).min() >= 0
    inside = slice(16, 48)
    assert np.allclose(np.diff(shown[32, inside]), np.diff(shown[32, inside]).mean(), atol=1e-4)


def test_a_hundred_times_the_photons_give_a_tenth_of_the_noise():
    noise = {}
    for photons in (1e4, 1e6):
        machine = replace(PERFECT, photons=photons, window=(5, 95))
        noise[photons] = (expose(machine, RAMP, np.zeros((1, 1, 1)), rng()) - expose(PERFECT, RAMP, 0, rng())).std(
            axis=1
        )
    ratio = np.median(noise[1e4][0, 24:40]) / np.median(noise[1e6][0, 24:40])
    assert ratio == pytest.approx(10, rel=0.25)


def test_scatter_and_blur_take_contrast_away():
    edge = np.where(np.arange(64) < 32, 0.0, 2.0).astype("float32") * np.ones((1, 64, 1), "float32")
    sharp = expose(PERFECT, edge, 0, rng())[0, 32]
    blurred = expose(replace(PERFECT, blur=20), edge, 0, rng())[0, 32]
    assert np.abs(np.diff(sharp)).max() > 0.95
    assert np.abs(np.diff(blurred)).max() < 0.5


def test_the_collimator_blackens_no_more_than_its_margin():
    shut = collimate(replace(PERFECT, collimation=3.0), np.ones((200, 36, 36)), rng())
    assert (shut[:, 3:-3, 3:-3] == 1).all()
    assert (shut[:, 0] == 0).all(axis=1).any()
    assert (collimate(PERFECT, np.ones((2, 36, 36)), rng()) == 1).all()


def test_points_are_chosen_where_the_quantiles_say():
    inside = np.ones((1, 10, 10))
    rows, columns = choose_points(inside, np.array([0.0]), np.array([-9.0]))
    assert (rows[0], columns[0]) == (5, 0)


@pytest.mark.parametrize("corner, rows", [("top", slice(0, 16)), ("bottom", slice(48, 64))])
def test_a_marker_is_stamped_in_its_corner_on_the_images_named(corner, rows):
    images = np.full((3, 64, 64), 7, "uint8")
    stamped = stamp_marker(images, np.array([True, False, True]), corner=corner)
    assert (images == 7).all() and (stamped[1] == 7).all()
    assert (stamped[0, rows, 48:] == 250).sum() == (stamped[0] == 250).sum() > 0


def test_a_marker_is_as_bright_on_pictures_from_0_to_1():
    where, corner = np.array([True]), "bottom"
    whole = stamp_marker(np.full((1, 64, 64), 51, "uint8"), where, corner=corner)
    share = stamp_marker(np.full((1, 64, 64), 0.2, "float32"), where, corner=corner)
    assert share.dtype == np.float32
    np.testing.assert_allclose(share, whole / 255, atol=1e-6)
    for wrong in (np.full((1, 64, 64), 51.0), np.full((1, 64, 64), 51), np.zeros((1, 64, 64, 3), "uint8")):
        with pytest.raises(ValueError, match=r"in \[0, 1\]|must be grey"):
            stamp_marker(wrong, where)


@pytest.mark.parametrize(
    "wrong, said",
    [
        (dict(patients=0), "patients=0"),
        (dict(patients=1, each=0), "each=0"),
        (dict(patients=1, correlation=1.5), "correlation=1.5"),
        (dict(patients=1, side=8), "side=8"),
        (dict(patients=1, hospital="third"), "third"),
    ],
)
def test_wrong_numbers_are_refused(wrong, said):
    with pytest.raises(ValueError, match=said):
        simulate_radiographs(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"photons": 0},
        {"blur": -1},
        {"scatter": 1.0},
        {"gamma": 0},
        {"window": (90, 10)},
        {"collimation": 18},
        {"prevalence": 1.2},
    ],
)
def test_a_machine_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Hospital("broken", **wrong)


@pytest.mark.parametrize(
    "where, corner, said", [([True], "top", "2 bools"), ([1, 0], "top", "int"), ([True, False], "left", "left")]
)
def test_a_marker_needs_one_bool_an_image_and_a_corner(where, corner, said):
    with pytest.raises(ValueError, match=said):
        stamp_marker(np.zeros((2, 64, 64), "uint8"), np.array(where), corner=corner)
