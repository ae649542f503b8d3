import numpy as np
import pytest

from tlcourse.checks import checked_images, checked_labels, known, near_names


def test_unknown_names_list_the_known_ones_closest_first():
    with pytest.raises(ValueError, match=r"Unknown backbone 'fotos'.*Known: photos, letters\."):
        known("backbone", "fotos", ["letters", "photos"])


def test_a_close_name_is_suggested_and_no_other():
    names = ["efficientnet-lite0", "letters", "photos"]
    message = r"Unknown network 'efficientnet-lite-0'\. Did you mean 'efficientnet-lite0'\? Known: efficientnet-lite0, "
    with pytest.raises(ValueError, match=message):
        known("network", "efficientnet-lite-0", names)
    with pytest.raises(ValueError, match=r"Unknown network 'resnet'\. Known: "):
        known("network", "resnet", names)
    with pytest.raises(ValueError, match=r"Unknown width 0.3\. Known: "):
        known("width", 0.3, [0.25, 0.5])


@pytest.mark.parametrize(
    ("images", "rule"),
    [
        (np.zeros((8, 8)), r"shaped \(n, height, width\).*got \(8, 8\)"),
        (np.zeros((32, 32, 3)), r"got \(32, 32, 3\).*use image\[None\]"),
        (np.zeros((2, 8, 8, 2)), r"1 or 3\); got \(2, 8, 8, 2\)"),
        (np.zeros((2, 8, 8), "int64"), "uint8 in 0 … 255 or float.*got int64"),
        (np.full((2, 8, 8), 16.0), r"lie in \[0, 1\]; got values from 16 to 16"),
        (np.full((2, 8, 8), -0.5), r"lie in \[0, 1\]"),
        (np.full((2, 8, 8), np.nan), "finite; got NaN"),
        (np.zeros((0, 8, 8)), "at least one image"),
    ],
)
def test_bad_images_are_refused_with_the_rule_and_what_came(images, rule):
    with pytest.raises(ValueError, match=rule):
        checked_images(images)


def test_grey_rgb_bytes_and_floats_mean_the_same():
    grey = np.full((2, 4, 4), 51, "uint8")
    assert np.allclose(checked_images(grey), 0.2)
    assert np.allclose(checked_images(grey / 255), checked_images(grey))
    assert checked_images(np.zeros((2, 4, 4, 3), "uint8")).shape == (2, 4, 4, 3)


@pytest.mark.parametrize("labels", [[0, 1], [], [0.5, 1.0, 2.0], [-1, 0, 1], ["a", "b", "c"]])
def test_bad_labels_are_refused(labels):
    with pytest.raises(ValueError, match="label|Labels"):
        checked_labels(labels, 3)


def test_decimals_are_not_near_names_and_numbers_of_patients_are():
    assert near_names(["0.1", "0.01", "1.05", "1.5", "1 12", "11 2"]) == []
    assert near_names(["P01", "p1", "P 1", "007", "7"]) == [["P 1", "P01", "p1"], ["007", "7"]]


def test_many_nearly_black_bytes_are_warned_about():
    digits = np.random.default_rng(0).integers(0, 17, (8, 8, 8), "uint8")
    with pytest.warns(UserWarning, match="None of these 8 images has a value above 16"):
        checked_images(digits)
    with pytest.warns(UserWarning, match="Were they divided twice"):
        checked_images(digits / 16 / 255)
