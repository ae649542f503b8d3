import inspect
import random

import keras
import numpy as np
import pytest

from tlcourse.finetuning import rates_by_depth
from tlcourse.training import forget_steps, passes, restart, rewind

X = np.random.default_rng(0).normal(size=(64, 3)).astype("float32")
Y = (X @ np.array([1.0, -2.0, 0.5]))[:, None].astype("float32")


own_dropout = pytest.mark.skipif(
    keras.config.backend() == "torch", reason="on PyTorch a dropout without a seed draws from PyTorch's generator"
)


def compiled():
    network = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(4, "relu"), keras.layers.Dropout(0.5), keras.layers.Dense(1)]
    )
    network.compile(keras.optimizers.Adam(0.01), "mse")
    return network


@own_dropout
def test_a_restarted_network_trains_as_a_new_one():
    network = compiled()
    network.fit(X, Y, epochs=2, verbose=0)
    restart(network, seed=5)
    reused = network.fit(X, Y, batch_size=16, shuffle=False, verbose=0).history["loss"]
    fresh = compiled()
    restart(fresh, seed=5)
    assert reused == fresh.fit(X, Y, batch_size=16, shuffle=False, verbose=0).history["loss"]


def test_restart_sets_the_rate_and_the_seed():
    network = compiled()
    restart(network, seed=1, learning_rate=0.5)
    one = network.get_weights()
    assert float(keras.ops.convert_to_numpy(network.optimizer.learning_rate)) == 0.5
    restart(network, seed=1)
    assert all(np.array_equal(a, b) for a, b in zip(one, network.get_weights()))
    assert float(keras.ops.convert_to_numpy(network.optimizer.learning_rate)) == 0.5
    restart(network, seed=2)
    assert not np.array_equal(one[0], network.get_weights()[0])


def test_restart_seeds_python_s_generator_alone():
    keras.utils.set_random_seed(11)  # the global seed: it sets NumPy's generator too
    expected = np.random.random()  # noqa: NPY002
    keras.utils.set_random_seed(11)
    restart(compiled(), seed=5)
    assert np.random.random() == expected  # noqa: NPY002
    drawn = random.random()
    restart(compiled(), seed=5)
    assert random.random() == drawn


def test_a_frozen_layer_keeps_its_weights():
    network = compiled()
    network.layers[0].trainable = False
    network.compile("adam", "mse")
    frozen, _, last = (layer.get_weights() for layer in network.layers)
    restart(network, seed=3)
    assert all(np.array_equal(a, b) for a, b in zip(frozen, network.layers[0].get_weights()))
    assert not np.array_equal(last[0], network.layers[2].get_weights()[0])


def test_what_is_frozen_inside_a_borrowed_part_keeps_its_weights():
    low, norm, high = keras.layers.Dense(4), keras.layers.BatchNormalization(), keras.layers.Dense(4)
    borrowed = keras.Sequential([keras.Input((3,)), low, norm, high])
    network = keras.Sequential([keras.Input((3,)), borrowed, keras.layers.Dense(1)])
    norm.set_weights([np.full(4, 2.0)] * 4)
    low.trainable = norm.trainable = False
    network.compile("adam", "mse")
    before = [layer.get_weights() for layer in (low, norm, high)]
    restart(network, seed=3)
    after = [layer.get_weights() for layer in (low, norm, high)]
    assert [np.array_equal(was[0], now[0]) for was, now in zip(before, after)] == [True, True, False]
    assert np.array_equal(norm.moving_mean, np.full(4, 2.0))
    borrowed.trainable = False
    kept = high.get_weights()
    restart(network, seed=4)
    assert np.array_equal(high.get_weights()[0], kept[0])


@own_dropout
def test_restart_keeps_single_frozen_weights_and_adapted_normalisation_and_seeds_a_frozen_dropout():
    normalise, dense = keras.layers.Normalization(), keras.layers.Dense(4)
    normalise.adapt(5 * X + 7)
    borrowed = keras.Sequential([keras.Input((3,)), keras.layers.Dropout(0.5)])
    borrowed.trainable = False
    network = keras.Sequential([keras.Input((3,)), normalise, borrowed, dense, keras.layers.Dense(1)])
    dense.kernel.trainable = False
    network.compile("sgd", "mse")
    kept = [keras.ops.convert_to_numpy(w).copy() for w in (dense.kernel, normalise.adapt_mean)]
    losses = []
    for _ in range(2):
        restart(network, seed=1)
        losses.append(network.fit(X, Y, shuffle=False, verbose=0).history["loss"])
    assert losses[0] == losses[1]
    assert all(np.array_equal(w, was) for w, was in zip((dense.kernel, normalise.adapt_mean), kept))


def test_restart_refuses_a_layer_shared_between_models_inside():
    shared, x, y = keras.layers.Dense(3), keras.Input((3,)), keras.Input((3,))
    inside = keras.Model(x, shared(x))
    network = keras.Model(y, keras.layers.Dense(1)(keras.layers.add([inside(y), shared(y)])))
    network.compile("sgd", "mse")
    before = network.get_weights()
    with pytest.raises(ValueError, match="shares a layer between models"):
        restart(network, seed=1)
    assert all(np.array_equal(was, now) for was, now in zip(before, network.get_weights()))


def test_an_optimiser_with_rates_per_depth_forgets_its_steps_and_keeps_its_rates():
    network = compiled()
    first, _, last = network.layers
    network.compile(rates_by_depth(keras.optimizers.Adam(0.01), network, [[first], [last]], decay=0.5), "mse")
    network.fit(X, Y, verbose=0)
    forget_steps(network.optimizer)
    inner = network.optimizer.optimizers
    assert [float(one.learning_rate) for one in inner] == pytest.approx([0.005, 0.01, 0.01])
    others = [v for one in inner for v in one.variables if "learning_rate" not in v.path]
    assert len(others) >= 8 and not any(np.any(keras.ops.convert_to_numpy(v)) for v in others)


def test_restart_needs_a_compiled_network():
    with pytest.raises(ValueError, match="Call network.compile first"):
        restart(keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)]), seed=0)


def test_passes_show_every_example_before_any_again():
    order = passes([4, 7, 9], steps=4, batch=3, seed=0)
    assert [sorted(part) for part in order.reshape(4, 3)] == [[4, 7, 9]] * 4
    assert len(passes([4, 7, 9], steps=5, batch=32, seed=0)) == 160
    with pytest.raises(ValueError, match="got 0, 1 and 1"):
        passes([], steps=1, batch=1, seed=0)
    with pytest.raises(ValueError, match="np.flatnonzero"):
        passes([True, False], steps=1, batch=1, seed=0)


def by_depth(rate):
    network = compiled()
    first, _, last = network.layers
    network.compile(rates_by_depth(keras.optimizers.Adam(rate), network, [[first], [last]], decay=0.5), "mse")
    return network


def test_rewind_trains_as_if_the_model_had_just_been_compiled():
    x, y = np.random.default_rng(0).normal(size=(8, 3)).astype("float32"), np.arange(8) % 2
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.1), "mse")
    start = model.get_weights()
    ends = []
    for _ in range(2):
        rewind(model, start)
        model.fit(x, y, batch_size=4, shuffle=False, verbose=0)
        ends.append(model.get_weights())
    assert not np.allclose(ends[0][0], start[0])
    assert all(np.array_equal(one, other) for one, other in zip(*ends))


def test_rewind_needs_a_compiled_model_and_weights_that_fit():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    with pytest.raises(ValueError, match="compiled with an optimiser"):
        rewind(model, model.get_weights())
    model.compile("adam", "mse")
    with pytest.raises(ValueError, match="shape"):
        rewind(model, [np.zeros((2, 1)), np.zeros(1)])


OPTIMIZERS = {
    "SGD": lambda: keras.optimizers.SGD(0.1),
    "SGD with momentum": lambda: keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True),
    "mean of the weights": lambda: keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5),
    "gradients of two batches": lambda: keras.optimizers.Adam(0.1, gradient_accumulation_steps=2),
    "AMSGrad": lambda: keras.optimizers.Adam(0.1, amsgrad=True),
    "centred": lambda: keras.optimizers.RMSprop(0.1, momentum=0.9, centered=True),
    "a schedule": lambda: keras.optimizers.Nadam(keras.optimizers.schedules.CosineDecay(0.1, 10)),
    "a function of its own": lambda: keras.optimizers.Adagrad(lambda: 0.1),
    "a loss scale": lambda: keras.optimizers.LossScaleOptimizer(keras.optimizers.Ftrl(0.1), dynamic_growth_steps=2),
    **{
        made.__name__: made
        for made in vars(keras.optimizers).values()
        if isinstance(made, type) and {"name", "use_ema"} <= set(inspect.signature(made).parameters)
        if made is not keras.optimizers.Optimizer
    },
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_after_a_rewind_fit_is_that_of_a_model_just_compiled(name):
    weights = None
    ends = []
    for used in (True, False):
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4)])
        model.add(keras.layers.Dropout(0.5, seed=7))  # without a seed PyTorch draws elsewhere
        model.add(keras.layers.Dense(1))
        weights = weights or model.get_weights()
        model.set_weights(weights)
        model.compile(OPTIMIZERS[name](), "mse", run_eagerly=True)
        if used:
            model.fit(X, Y, batch_size=64, shuffle=False, verbose=0)  # one step, an odd number
            rewind(model, weights)
        model.fit(X, Y, batch_size=64, epochs=2, shuffle=False, verbose=0)
        ends.append([np.array(each) for each in (*model.variables, *model.optimizer.variables)])
    assert not np.array_equal(ends[0][0], weights[0])
    assert all(np.array_equal(one, other) for one, other in zip(*ends, strict=True))


def test_a_rewind_starts_all_that_is_random_anew_also_inside():
    inside = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.RandomFlip(), keras.layers.GaussianNoise(0.5)])
    x = keras.Input((4, 4, 1))
    model = keras.Model(x, keras.layers.Dense(1)(keras.layers.Flatten()(inside(x))))
    model.compile("sgd", "mse", run_eagerly=True)
    weights, images = model.get_weights(), np.random.default_rng(0).normal(size=(8, 4, 4, 1))
    losses = []
    for _ in range(2):
        losses.append(model.fit(images, np.ones((8, 1)), batch_size=4, shuffle=False, verbose=0).history["loss"])
        rewind(model, weights)
    assert losses[0] == losses[1]


def test_rates_that_were_set_meanwhile_stay():
    for optimizer in (keras.optimizers.Nadam(0.1), keras.optimizers.LossScaleOptimizer(keras.optimizers.Adagrad(0.1))):
        optimizer.build([keras.Variable(np.ones(2))])
        optimizer.learning_rate = 0.25
        forget_steps(optimizer)
        assert float(optimizer.learning_rate) == 0.25


def test_an_optimiser_that_cannot_be_made_anew_is_refused_by_name_and_nothing_changes():
    class Bare(keras.optimizers.SGD):
        def __init__(self, rate):
            super().__init__(rate, momentum=0.9)

    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    start = model.get_weights()
    model.compile(Bare(0.1), "mse", run_eagerly=True)
    model.fit(X, Y, verbose=0)
    before = [np.array(each) for each in (*model.variables, *model.optimizer.variables)]
    for change in (lambda: rewind(model, start), lambda: restart(model, seed=0), lambda: forget_steps(model.optimizer)):
        with pytest.raises(ValueError, match="made anew from its own configuration; got Bare.*Compile"):
            change()
    after = [np.array(each) for each in (*model.variables, *model.optimizer.variables)]
    assert all(np.array_equal(one, other) for one, other in zip(before, after))
