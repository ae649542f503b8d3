import matplotlib.pyplot as plt
import numpy as np
import pytest

from tlcourse.evaluation import Curve, Interval
from tlcourse.plotting import plot_curves, plot_images, plot_intervals, plot_paired

CORRECT = np.random.default_rng(0).random((2, 5, 30)) < 0.7


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_every_figure_draws_into_the_axes_it_is_given_and_returns_them():
    _, (first, second, third, fourth) = plt.subplots(1, 4)
    assert plot_curves([Curve("m", (1, 10), CORRECT)], ax=first) is first
    assert plot_paired({"a": np.ones(3), "b": np.zeros(3)}, ax=second) is second
    assert plot_intervals({"a": Interval(0.1, 0.0, 0.2, 0.05, 10)}, ax=third) is third
    assert plot_images(np.zeros((3, 8, 8)), ax=fourth) is fourth


def test_curves_pass_through_the_mean_accuracy_at_each_budget():
    ax = plot_curves([Curve("m", (1, 10), CORRECT), Curve("n", (1,), CORRECT[:1])])
    x, y = ax.lines[0].get_data()
    assert list(x) == [1, 10]
    assert np.allclose(y, CORRECT.mean(axis=(1, 2)))
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["m", "n"]
    assert ax.get_xlabel() == "labels a class"


def test_intervals_are_drawn_in_points_from_top_to_bottom():
    ax = plot_intervals({"first": Interval(0.1, 0.05, 0.2, 0.05, 10), "second": Interval(0, -0.1, 0.1, 0.05, 10)})
    assert np.allclose(ax.lines[0].get_xdata(), [5, 20])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["first", "second"]
    assert ax.yaxis_inverted()


def test_images_keep_their_range_and_fill_rows():
    images = np.zeros((5, 4, 4), "uint8")
    images[0] = 255
    ax = plot_images(images, list("abcde"), columns=3)
    assert len(ax.images) == 5
    assert ax.images[0].get_clim() == (0, 255)
    assert ax.texts[4].get_position()[1] > ax.texts[0].get_position()[1]
