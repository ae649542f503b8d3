import itertools

import keras
import matplotlib.pyplot as plt
import numpy as np
import pytest

from tlcourse.backbones import load_backbone
from tlcourse.evaluation import Curve
from tlcourse.finetuning import unfreeze
from tlcourse.plotting import (
    plot_curves,
    plot_gains,
    plot_images,
    plot_network,
)

CORRECT = np.random.default_rng(0).random((2, 5, 30)) < 0.7


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_every_figure_draws_into_the_axes_it_is_given_and_returns_them():
    _, (first, second, third) = plt.subplots(1, 3)
    assert plot_curves([Curve("m", (1, 10), CORRECT)], ax=first) is first
    assert plot_images(np.zeros((3, 8, 8)), ax=second) is second
    assert plot_gains([[0.1]], ["a"], ["b"], certain=[[True]], ax=third) is third


def test_curves_pass_through_the_mean_accuracy_at_each_budget():
    ax = plot_curves([Curve("m", (1, 10), CORRECT), Curve("n", (1,), CORRECT[:1])])
    x, y = ax.lines[0].get_data()
    assert list(x) == [1, 10]
    assert np.allclose(y, CORRECT.mean(axis=(1, 2)))
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["m", "n"]
    assert ax.get_xlabel() == "labels per class"


def test_images_keep_their_range_and_fill_rows():
    images = np.zeros((5, 4, 4), "uint8")
    images[0] = 255
    ax = plot_images(images, list("abcde"), columns=3)
    assert len(ax.images) == 5
    assert ax.images[0].get_clim() == (0, 255)
    assert ax.texts[4].get_position()[1] > ax.texts[0].get_position()[1]


def described(ax):
    """Return what stands in each box of a drawn network, and below it."""
    texts = [text.get_text() for text in ax.texts if text.get_text()]
    return {title: below.split("\n") for title, below in itertools.pairwise(texts) if below.split("\n")[0][0].isdigit()}


def test_a_network_is_drawn_as_its_flags_are_now():
    backbone = load_backbone("letters")
    tail = [keras.layers.GlobalAveragePooling2D(name="average"), keras.layers.Dense(10, name="head")]
    model = keras.Sequential([backbone.model, *tail])
    ax = plot_network(model, borrowed=backbone.model)
    assert list(described(ax)) == ["stem", "stage1", "stage2", "stage3", "head"]
    assert described(ax)["head"] == ["1,050", "parameters", "train"]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["borrowed, frozen", "new, trains"]
    moves = unfreeze(model, since="stage3_in_conv", batch_norm="freeze")
    ax = plot_network(model, borrowed=backbone.model, ends=("stage2", "stage3"))
    assert {name: below[2] for name, below in described(ax).items()} == {
        "stage2": "frozen",
        "stage3": "train, but not",
        "head": "train",
    }
    total = sum(int(below[0].replace(",", "")) for below in described(ax).values())
    assert total == moves.trained + moves.frozen
    assert moves.resting == model.count_params() - total > 0


def test_a_block_that_trains_in_part_says_how_much():
    base = [keras.layers.Dense(2, name="stage1_a"), keras.layers.Dense(3, name="stage1_b")]
    convolutions = [keras.layers.Dense(1, name=name) for name in ("conv2d", "conv2d_1")]
    borrowed = keras.Sequential([keras.Input((4,)), *base, *convolutions])
    base[0].trainable = False
    assert described(plot_network(borrowed, borrowed=borrowed)) == {
        "stage1 b": ["19", "parameters", "9 train"],
        "conv2d": ["4", "parameters", "train"],
        "conv2d 1": ["2", "parameters", "train"],
    }
    with pytest.raises(ValueError, match="must be a Keras model, such as backbone.model; got Backbone"):
        plot_network(borrowed, borrowed=load_backbone("letters"))


def test_a_cut_network_is_still_borrowed_and_one_of_one_s_own_is_new():
    backbone = load_backbone("letters")
    cut = keras.Model(backbone.model.input, backbone.model.get_layer("stage1").output)
    legend = plot_network(cut, borrowed=backbone.model).get_legend().get_texts()
    assert [text.get_text() for text in legend] == ["borrowed, frozen"]
    own = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    assert [text.get_text() for text in plot_network(own, borrowed=None).get_legend().get_texts()] == ["new, trains"]
    with pytest.raises(ValueError, match="must be built"):
        plot_network(keras.Sequential([keras.layers.Dense(2)]), borrowed=None)


def test_gains_are_written_in_points_and_bold_where_certain():
    ax = plot_gains([[0.1, -0.3], [0.0, 0.2]], ["a", "b"], ["one"], certain=[[True, False], [False, False]])
    assert [(text.get_text(), text.get_weight()) for text in ax.texts[:2]] == [("+10", "bold"), ("-30", "normal")]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["one"]
    with pytest.raises(ValueError, match=r"gains \(1, 3\), flags \(1, 3\), 1 rows and 2 groups"):
        plot_gains(np.zeros((1, 3)), ["a"], ["b", "c"], certain=np.zeros((1, 3), bool))
    with pytest.raises(ValueError, match="from -1 to 1, not points"):
        plot_gains([[10.0]], ["a"], ["b"], certain=[[True]])
