import keras
import numpy as np
import pytest

from tlcourse.backbones import load_network
from tlcourse.explain import grad_cam, occlusion_map, pointing_game

BRIGHT = np.zeros((2, 8, 8, 1), "float32")
BRIGHT[0, 2:4, 5:7] = 1
BRIGHT[1, 6:8, 0:2] = 1
MASKS = BRIGHT[..., 0] > 0


def looks_for_brightness(nested=False, deep=False):
    """The first feature is the image, the second its negative; only the first counts."""
    seen = keras.layers.Conv2D(2, 1, name="seen")
    body = keras.Sequential([keras.Input((8, 8, 1)), seen])
    seen.set_weights([np.reshape([1.0, -1.0], (1, 1, 1, 2)), np.zeros(2)])
    body = keras.Sequential([keras.Input((8, 8, 1)), body]) if deep else body
    head = keras.layers.Dense(2)
    rest = [keras.layers.GlobalAveragePooling2D(), head]
    model = keras.Sequential([keras.Input((8, 8, 1)), *([body] if nested else body.layers), *rest])
    head.set_weights([np.array([[64.0, -64.0], [0.0, 0.0]]), np.zeros(2)])
    return model


@pytest.mark.parametrize(("nested", "deep"), [(False, False), (True, False), (True, True)])
def test_it_finds_what_the_network_looks_for_by_construction(nested, deep):
    model = looks_for_brightness(nested, deep)
    np.testing.assert_allclose(grad_cam(model, BRIGHT, "seen"), BRIGHT[..., 0], atol=1e-6)
    np.testing.assert_allclose(grad_cam(model, BRIGHT, "seen", output=1), 0, atol=1e-6)
    assert pointing_game(grad_cam(model, BRIGHT, "seen"), MASKS).tolist() == [1, 1]


def repeated_names():
    """Two layers named seen, the one on the outside negative and of no use, the other inside a model named inner."""
    inner = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(1, 1, name="seen")], name="inner")
    other = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(1, 1, name="seen")], name="other")
    inputs, pool = keras.Input((8, 8, 1)), keras.layers.GlobalAveragePooling2D()
    both = keras.layers.Concatenate()([pool(inner(inputs)), pool(other(inputs))])
    model = keras.Model(inputs, both)
    for layer, weight in ((inner, 64.0), (other, -64.0)):
        layer.set_weights([np.reshape([weight], (1, 1, 1, 1)), np.zeros(1)])
    return model


def test_a_layer_whose_name_occurs_twice_is_named_by_its_path():
    model = repeated_names()
    np.testing.assert_allclose(grad_cam(model, BRIGHT, "inner/seen"), BRIGHT[..., 0], atol=1e-6)
    np.testing.assert_allclose(grad_cam(model, -BRIGHT, "other/seen", output=1), BRIGHT[..., 0], atol=1e-6)
    with pytest.raises(ValueError, match="Several layers are named 'seen'; say which: .*inner/seen, other/seen"):
        grad_cam(model, BRIGHT, "seen")


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "float64"])
def test_it_runs_in_other_precisions(policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        model = looks_for_brightness(nested=True)
    finally:
        keras.config.set_dtype_policy(before)
    found = grad_cam(model, BRIGHT, "seen")
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, BRIGHT[..., 0], atol=1e-2)


def test_an_output_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match=r"output one of them; got \(2, 2\) and 2"):
        grad_cam(looks_for_brightness(), BRIGHT, "seen", output=2)


@pytest.mark.parametrize("end", [keras.layers.Softmax(), keras.layers.Activation("sigmoid")])
def test_probabilities_are_refused(end):
    with pytest.raises(ValueError, match=f"ends in probabilities .*{end.name}"):
        grad_cam(keras.Sequential([looks_for_brightness(), end]), BRIGHT, "seen")


def test_it_leaves_the_model_as_it_was():
    model = looks_for_brightness(nested=True)
    before = keras.ops.convert_to_numpy(model(BRIGHT))
    grad_cam(model, BRIGHT, "seen")
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(model(BRIGHT)), before)


def test_inside_a_real_network_it_is_the_formula():
    """With a pooled linear head the weights are the head's over the number of positions: no gradient is needed."""
    network, _ = load_network("photos")
    base = keras.Model(network.input, network.get_layer("stage2").output, name="base")
    head = keras.layers.Dense(1, use_bias=False)
    model = keras.Sequential([keras.Input((32, 32, 3)), base, keras.layers.GlobalAveragePooling2D(), head])
    images = np.random.default_rng(0).random((3, 32, 32, 3), "float32")
    maps = keras.ops.convert_to_numpy(base(images))
    small = np.maximum(maps @ head.get_weights()[0] / np.prod(maps.shape[1:3]), 0)
    expected = keras.ops.convert_to_numpy(keras.ops.image.resize(small, images.shape[1:3]))[..., 0]
    np.testing.assert_allclose(grad_cam(model, images, "stage2"), expected, atol=1e-5 * expected.max())


def test_what_is_covered_counts():
    falls = occlusion_map(lambda images: images[..., 0].sum((1, 2)), BRIGHT, patch=2, stride=1)
    assert pointing_game(falls, MASKS).tolist() == [1, 1]
    mean = BRIGHT[0].mean()
    assert falls[0, 2, 5] > 0 > falls[0, 0, 0]
    assert falls[0, 0, 0] == pytest.approx(-4 * mean)  # four dark pixels became grey


def test_whole_numbers_are_covered_with_the_nearest_to_their_mean():
    image = np.zeros((1, 4, 4), "uint8")
    image[0, 0, 0] = 15 * 16 + 15  # a mean of 15.94
    covering = []
    occlusion_map(lambda images: covering.append(images[:, 0, 0]) or np.zeros(1), image, patch=2, stride=2)
    assert covering[1].tolist() == [16] and covering[1].dtype == np.uint8


def test_the_last_square_touches_the_edge():
    falls = occlusion_map(lambda images: images[:, -1, -1, 0], BRIGHT, patch=3, stride=3)
    assert falls[0, -1, -1] < 0 == falls[0, 0, 0]


def test_flat_maps_score_the_area():
    assert pointing_game(np.ones((2, 8, 8)), MASKS).tolist() == [1 / 16, 1 / 16]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: grad_cam(looks_for_brightness(), BRIGHT, "unseen"), "'unseen'.*seen"),
        (lambda: grad_cam(looks_for_brightness(), BRIGHT, "pool"), "no layer 'pool'"),
        (lambda: occlusion_map(lambda images: images[:, 0, 0, 0], BRIGHT, patch=9), "at most 8"),
        (lambda: occlusion_map(lambda images: images[:, 0, 0, 0], BRIGHT, patch=2, stride=3), "stride=3"),
        (lambda: occlusion_map(lambda images: images, BRIGHT), "a finite number for each of 2"),
        (lambda: pointing_game(np.ones((2, 4, 4)), MASKS), "of one shape"),
        (lambda: pointing_game(BRIGHT[..., 0], BRIGHT[..., 0]), "bool"),
        (lambda: pointing_game(BRIGHT[..., 0], np.zeros((2, 8, 8), bool)), "must hold something"),
        (lambda: pointing_game(np.full((2, 8, 8), np.nan), MASKS), "finite"),
    ],
)
def test_bad_input_is_refused(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_a_layer_without_a_spatial_map_is_refused():
    model = looks_for_brightness()
    with pytest.raises(ValueError, match="no spatial map"):
        grad_cam(model, BRIGHT, model.layers[-1].name)


def test_a_layer_that_is_passed_twice_is_refused():
    inputs, twice = keras.Input((8, 8, 1)), keras.layers.Conv2D(1, 1, name="twice")
    pooled = keras.layers.GlobalAveragePooling2D()(twice(twice(inputs)))
    with pytest.raises(ValueError, match="pass 2 times"):
        grad_cam(keras.Model(inputs, pooled), BRIGHT, "twice")


def test_an_output_that_does_not_see_the_layer_is_refused():
    model = looks_for_brightness()
    model.layers[-1].set_weights([np.zeros((2, 2)), np.zeros(2)])
    with pytest.raises(ValueError, match="every gradient is 0"):
        grad_cam(model, BRIGHT, "seen")
