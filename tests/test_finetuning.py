"""Freezing to the bit, stale compiles, rates per depth against a hand-written step, L2-SP, heads."""

import collections
import tempfile

import keras
import numpy as np
import pytest
from keras import layers

from tlcourse.adaptation import DomainBatchNormalization
from tlcourse.features import fit_probe
from tlcourse.finetuning import (
    L2SP,
    Movement,
    StaleCompile,
    check_compiled,
    fit_head,
    rates_by_depth,
    stay_close,
    unfreeze,
    what_moves,
)
from tlcourse.networks import leaves, norms, set_statistics

RNG = np.random.default_rng(0)
X = RNG.normal(1.0, 2.0, (32, 4)).astype("float32")
Y = RNG.integers(0, 3, 32)
CROSS_ENTROPY = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def network(inside=True):
    """A borrowed base with two BatchNorms, inside a model with a head, or flat."""
    base = [
        layers.Dense(6, use_bias=False, name="low"),
        layers.BatchNormalization(name="low_norm"),
        layers.Dense(5, use_bias=False, name="high"),
        layers.BatchNormalization(name="high_norm"),
    ]
    head = layers.Dense(3, name="head")
    if inside:
        return keras.Sequential([keras.Input((4,)), keras.Sequential([keras.Input((4,)), *base], name="base"), head])
    return keras.Sequential([keras.Input((4,)), *base, head])


def values(model):
    return {weight.path: keras.ops.convert_to_numpy(weight).copy() for weight in model.weights}


def changed(model, before):
    """Layer and name of each weight that is not, to the bit, what it was."""
    return {"/".join(path.split("/")[-2:]) for path, value in values(model).items() if (value != before[path]).any()}


def moved_by_fit(model):
    model.compile(keras.optimizers.SGD(0.1), CROSS_ENTROPY, jit_compile=False)
    check_compiled(model)
    before = values(model)
    model.fit(X, Y, batch_size=8, verbose=0)
    return changed(model, before)


@pytest.mark.parametrize("inside", [True, False])
def test_unfreezing_by_depth_moves_just_what_is_reported(inside):
    model = network(inside)
    report = unfreeze(model, since="high", batch_norm="train")
    assert (report.trained, report.frozen) == (6 * 5 + 2 * 5 + 5 * 3 + 3, 4 * 6 + 2 * 6)
    assert (report.moving, report.resting) == (10, 12)
    assert report.layers == ("high", "high_norm", "head")
    norm = {f"high_norm/{name}" for name in ("gamma", "beta", "moving_mean", "moving_variance")}
    assert moved_by_fit(model) == {"high/kernel", "head/kernel", "head/bias"} | norm


@pytest.mark.parametrize("inside", [True, False])
def test_frozen_batch_norm_rests_to_the_bit(inside):
    model = network(inside)
    report = unfreeze(model, since="high", batch_norm="freeze")
    assert report.moving == 0 and report.resting == 22
    assert moved_by_fit(model) == {"high/kernel", "head/kernel", "head/bias"}


def test_unfreezing_by_name():
    model = network()
    assert unfreeze(model, matching="low.*", batch_norm="train").layers == ("low", "low_norm")
    assert unfreeze(model, matching="head", batch_norm="train").layers == ("head",)
    assert moved_by_fit(model) == {"head/kernel", "head/bias"}


def test_freezing_everything_and_a_second_unfreezing():
    model = network()
    assert unfreeze(model, batch_norm="freeze").trained == 0
    assert unfreeze(model, since="low", batch_norm="train").frozen == 0
    assert what_moves(model).trained == sum(int(np.prod(w.shape)) for w in model.trainable_weights)


def test_the_report_reads_the_flags_that_count():
    model = network()
    model.get_layer("base").trainable = False
    model.get_layer("base").get_layer("high").trainable = True
    assert what_moves(model).layers == ("high", "head")  # the flag of the model in between does not count
    assert moved_by_fit(model) == {"high/kernel", "head/kernel", "head/bias"}
    model.trainable = False
    assert what_moves(model).layers == ()


@pytest.mark.parametrize(
    "wrong, match",
    [
        ({"since": "hi", "batch_norm": "train"}, "Unknown layer of .* 'hi'.*Known: high"),
        ({"matching": "hi", "batch_norm": "train"}, "no layer's whole name"),
        ({"since": "low", "matching": "low", "batch_norm": "train"}, "Give one of"),
        ({"since": "low", "batch_norm": "off"}, "Unknown way to treat BatchNorm"),
    ],
)
def test_unfreeze_refuses(wrong, match):
    model = network()
    flags = [layer.trainable for layer in model.layers]
    with pytest.raises(ValueError, match=match):
        unfreeze(model, **wrong)
    assert [layer.trainable for layer in model.layers] == flags


def test_unfreeze_refuses_a_name_that_two_layers_have():
    blocks = [keras.Sequential([keras.layers.Dense(2, name="d")], name=name) for name in ("one", "two")]
    model = keras.Sequential([keras.Input((2,)), *blocks])
    with pytest.raises(ValueError, match="2 layers are named 'd'"):
        unfreeze(model, since="d", batch_norm="train")


def test_the_guard_fires_on_the_textbook_bug():
    model = network()
    model.get_layer("base").trainable = False
    model.compile("sgd", CROSS_ENTROPY)
    model.fit(X, Y, verbose=0)
    model.get_layer("base").trainable = True  # and no compile: the head alone would go on training
    with pytest.raises(StaleCompile, match="low, low_norm, high, high_norm. Compile again"):
        check_compiled(model)
    if keras.backend.backend() == "tensorflow":  # on JAX an error, about numbers of variables, comes anyway
        before = values(model)
        model.fit(X, Y, verbose=0)
        assert changed(model, before) == {"head/kernel", "head/bias"}  # and Keras said nothing
    model._compiled_trainable_state = {layer: layer.trainable for layer in model._flatten_layers()}
    with pytest.raises(StaleCompile, match="low"):  # also where Keras has warned, once, and forgotten
        check_compiled(model)


def test_the_guard_fires_on_freezing_after_compile():
    model = network()
    model.compile("sgd", CROSS_ENTROPY)
    model.get_layer("base").trainable = False
    with pytest.raises(StaleCompile, match="high_norm"):
        check_compiled(model)


def test_the_guard_is_silent_on_correct_code():
    model = network()
    model.get_layer("base").trainable = False
    model.compile("sgd", CROSS_ENTROPY)
    assert check_compiled(model).layers == ("head",)
    model.fit(X, Y, verbose=0)
    model.predict(X, verbose=0)
    assert check_compiled(model).layers == ("head",)
    model.get_layer("base").trainable = True
    model.compile("sgd", CROSS_ENTROPY)
    assert check_compiled(model).frozen == 0
    model.fit(X, Y, verbose=0)
    model.evaluate(X, Y, verbose=0)
    assert check_compiled(model).frozen == 0
    groups = [[model.get_layer("base").get_layer("low")]]
    model.compile(rates_by_depth(keras.optimizers.SGD(0.1), model, groups, decay=0.5), CROSS_ENTROPY)
    model.fit(X, Y, verbose=0)
    assert check_compiled(model).frozen == 0


def test_the_guard_needs_a_compiled_model():
    with pytest.raises(ValueError, match="not compiled"):
        check_compiled(network())


def three_layers():
    keras.utils.set_random_seed(1)
    stack = [layers.Dense(3, "tanh", name="a"), layers.Dense(3, "tanh", name="b"), layers.Dense(1, name="c")]
    return keras.Sequential([keras.Input((2,)), *stack])


SMALL = RNG.normal(size=(8, 2)).astype("float32")
GOAL = RNG.normal(size=(8, 1)).astype("float32")


def by_hand(weights, rates, kind, decay, steps, biases_decay=True):
    """Train the three layers in NumPy, each with its own rate."""
    w = [weight.astype("float64") for weight in weights]
    m, v = [np.zeros_like(x) for x in w], [np.zeros_like(x) for x in w]
    for step in range(1, steps + 1):
        h1 = np.tanh(SMALL @ w[0] + w[1])
        h2 = np.tanh(h1 @ w[2] + w[3])
        d3 = 2 * (h2 @ w[4] + w[5] - GOAL) / len(GOAL)
        d2 = d3 @ w[4].T * (1 - h2**2)
        d1 = d2 @ w[2].T * (1 - h1**2)
        gradients = [SMALL.T @ d1, d1.sum(0), h1.T @ d2, d2.sum(0), h2.T @ d3, d3.sum(0)]
        for i, g in enumerate(gradients):
            rate = rates[i // 2]
            w[i] = w[i] * (1 - rate * (0.0 if i % 2 and not biases_decay else decay))
            if kind == "sgd":
                w[i] = w[i] - rate * g
            else:
                m[i], v[i] = 0.9 * m[i] + 0.1 * g, 0.999 * v[i] + 0.001 * g**2
                fixed = rate * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
                w[i] = w[i] - fixed * m[i] / (np.sqrt(v[i]) + 1e-7)
    return w


OPTIMIZERS = {
    "sgd": (lambda: keras.optimizers.SGD(0.1), "sgd", 0.0),
    "adam": (lambda: keras.optimizers.Adam(0.1), "adam", 0.0),
    "sgd, decoupled decay": (lambda: keras.optimizers.SGD(0.1, weight_decay=0.2), "sgd", 0.2),
    "adamw": (lambda: keras.optimizers.AdamW(0.1, weight_decay=0.2), "adam", 0.2),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_rates_per_depth_equal_a_step_written_by_hand(name, tmp_path):
    make, kind, decay = OPTIMIZERS[name]
    model = three_layers()
    start = model.get_weights()
    a, b, _ = model.layers
    model.compile(rates_by_depth(make(), model, [[a], [b]], decay=0.5), "mse", jit_compile=False)
    model.fit(SMALL, GOAL, batch_size=8, epochs=3, verbose=0)
    for got, expected in zip(model.get_weights(), by_hand(start, [0.05, 0.1, 0.1], kind, decay, 3)):
        np.testing.assert_allclose(got, expected, atol=2e-5)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    again.fit(SMALL, GOAL, batch_size=8, epochs=3, verbose=0)
    for got, expected in zip(again.get_weights(), by_hand(start, [0.05, 0.1, 0.1], kind, decay, 6)):
        np.testing.assert_allclose(got, expected, atol=5e-5)


def test_rates_per_depth_with_a_schedule_inside_a_model_survive_a_file(tmp_path):
    def compiled():
        keras.utils.set_random_seed(2)
        model = network()
        base = model.get_layer("base")
        schedule = keras.optimizers.schedules.CosineDecay(0.5, 20)
        groups = [[base.get_layer("low")], [base.get_layer("high")]]
        optimizer = rates_by_depth(keras.optimizers.SGD(schedule, momentum=0.9), model, groups, decay=0.1)
        model.compile(optimizer, CROSS_ENTROPY)
        model.fit(X, Y, batch_size=8, shuffle=False, verbose=0)
        return model

    one, other = compiled(), compiled()
    one.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    for model in (again, other):
        model.fit(X, Y, batch_size=8, shuffle=False, verbose=0)
    for got, expected in zip(again.get_weights(), other.get_weights()):
        np.testing.assert_allclose(got, expected, atol=1e-6)


def test_a_frozen_group_does_no_harm(tmp_path):
    model = three_layers()
    a, b, _ = model.layers
    a.trainable = False
    model.compile(rates_by_depth(keras.optimizers.Adam(0.1), model, [[a], [b]], decay=0.5), "mse")
    before = a.get_weights()
    model.fit(SMALL, GOAL, verbose=0)
    assert all(np.array_equal(x, y) for x, y in zip(before, a.get_weights()))
    model.save(tmp_path / "model.keras")
    keras.models.load_model(tmp_path / "model.keras").fit(SMALL, GOAL, verbose=0)


@pytest.mark.parametrize("decay, groups", [(0.0, 1), (1.5, 1), (0.5, 0), (0.5, 2)])
def test_rates_by_depth_refuses(decay, groups):
    model = three_layers()
    with pytest.raises(ValueError, match="decay must be|There must be groups"):
        rates_by_depth(keras.optimizers.SGD(0.1), model, [[model.layers[0]]] * groups, decay=decay)


def test_rates_by_depth_refuses_a_name_that_occurs_twice_in_the_network_and_layers_of_another():
    base = keras.Sequential([keras.Input((2,)), layers.Dense(3, name="dense")], name="base")
    model = keras.Sequential([keras.Input((2,)), base, layers.Dense(1, name="dense")])
    with pytest.raises(ValueError, match="'dense' must be the name of one layer of .* that of 2.*Name the layers"):
        rates_by_depth(keras.optimizers.SGD(0.1), model, [[base]], decay=0.5)
    with pytest.raises(ValueError, match="'elsewhere' must be the name of one layer of .* that of 0"):
        rates_by_depth(keras.optimizers.SGD(0.1), three_layers(), [[layers.Dense(1, name="elsewhere")]], decay=0.5)


def test_rates_by_depth_refuses_a_name_that_a_part_of_another_layer_has():
    x = keras.Input((5, 4))
    query = layers.Dense(4, name="query")
    attention = layers.MultiHeadAttention(1, 2, name="attention")
    model = keras.Model(x, attention(query(x), x))
    with pytest.raises(ValueError, match="nowhere else; 'attention/query/kernel' has it too"):
        rates_by_depth(keras.optimizers.SGD(0.1), model, [[query]], decay=0.5)


def test_rates_by_depth_refuses_weights_that_lack_their_layer_s_name_and_networks_not_built():
    inner = layers.Dense(3, name="inner")
    inner.build((None, 2))  # before its wrapper, which therefore isn't in the path
    model = series(layers.TimeDistributed(inner, name="steps"))
    with pytest.raises(ValueError, match="'inner/kernel' lacks it.*give the layer inside"):
        rates_by_depth(keras.optimizers.SGD(0.1), model, [[model.get_layer("steps")]], decay=0.5)
    model = keras.Sequential([layers.Dense(3)])
    with pytest.raises(ValueError, match="must be built"):
        rates_by_depth(keras.optimizers.SGD(0.1), model, [model.layers], decay=0.5)


def test_a_fixed_loss_scale_stays_and_changes_no_step():
    model = three_layers()
    start = model.get_weights()
    optimizer = keras.optimizers.SGD(0.1, loss_scale_factor=1024.0)
    optimizer = rates_by_depth(optimizer, model, [[model.layers[0]], [model.layers[1]]], decay=0.5)
    assert optimizer.loss_scale_factor == 1024
    model.compile(optimizer, "mse", run_eagerly=True)
    model.fit(SMALL, GOAL, batch_size=8, epochs=3, verbose=0)
    for got, expected in zip(model.get_weights(), by_hand(start, [0.05, 0.1, 0.1], "sgd", 0.0, 3)):
        np.testing.assert_allclose(got, expected, atol=2e-5)


@pytest.mark.parametrize("by", ["name", "variable"])
def test_what_an_optimiser_excludes_from_weight_decay_stays_excluded(by):
    model = three_layers()
    start, biases = model.get_weights(), [layer.bias for layer in model.layers]
    optimizer = keras.optimizers.AdamW(0.1, weight_decay=0.2)
    optimizer.exclude_from_weight_decay(**({"var_names": ["bias"]} if by == "name" else {"var_list": biases}))
    model.layers[0].bias.assign(np.ones(3))
    start[1] = np.ones(3)
    optimizer = rates_by_depth(optimizer, model, [[model.layers[0]], [model.layers[1]]], decay=0.5)
    model.compile(optimizer, "mse", jit_compile=False)
    model.fit(SMALL, GOAL, batch_size=8, epochs=3, verbose=0)
    expected = by_hand(start, [0.05, 0.1, 0.1], "adam", 0.2, 3, biases_decay=False)
    for got, wanted in zip(model.get_weights(), expected):
        np.testing.assert_allclose(got, wanted, atol=2e-5)


def test_l2_sp_pulls_towards_the_start_and_zero_strength_does_nothing():
    def distance(strength):
        keras.utils.set_random_seed(3)
        model = network()
        base = model.get_layer("base")
        start = base.get_weights()
        count = stay_close(base, strength)
        assert count == (6 if strength else 0)
        model.compile(keras.optimizers.SGD(0.05), CROSS_ENTROPY, jit_compile=False)
        model.fit(X, Y, batch_size=8, epochs=5, shuffle=False, verbose=0)
        return np.linalg.norm(base.get_weights()[0] - start[0])

    assert distance(10.0) < 0.5 * distance(0.0)


def test_l2_sp_adds_its_formula_to_the_loss():
    model = three_layers()
    stay_close(model, strength=3.0)
    a = model.layers[0]
    kernel, bias = a.get_weights()
    a.set_weights([kernel + 0.1, bias - 0.2])
    assert float(sum(model.losses)) == pytest.approx(3.0 / 2 * (6 * 0.01 + 3 * 0.04), rel=1e-4)
    with pytest.raises(ValueError, match="strength must be at least 0; got -1"):
        L2SP(kernel, -1)


def test_statistics_are_those_of_the_batch_and_parameters_stay():
    model = network()
    unfreeze(model, batch_norm="freeze")
    before = values(model)
    set_statistics(model, X)
    norm = model.get_layer("base").get_layer("low_norm")
    low = X @ before[norm.path.replace("low_norm", "low") + "/kernel"]
    np.testing.assert_allclose(norm.moving_mean, low.mean(axis=0), atol=1e-4)
    np.testing.assert_allclose(norm.moving_variance, low.var(axis=0), rtol=1e-3)
    statistics = {f"{layer}_norm/moving_{name}" for layer in ("low", "high") for name in ("mean", "variance")}
    assert changed(model, before) == statistics
    assert not norm.trainable and norm.momentum == 0.99


NOISE = {
    "Dropout": lambda: layers.Dropout(0.5),
    "SpatialDropout2D": lambda: layers.SpatialDropout2D(0.5),
    "GaussianDropout": lambda: layers.GaussianDropout(0.5),
    "GaussianNoise": lambda: layers.GaussianNoise(1.0),
    "AlphaDropout": lambda: layers.AlphaDropout(0.5),
    "RandomFlip": lambda: layers.RandomFlip(),
    "RandomRotation": lambda: layers.RandomRotation(0.2),
    "RandomTranslation": lambda: layers.RandomTranslation(0.3, 0.3),
    "RandomContrast": lambda: layers.RandomContrast(0.5, value_range=(-9, 9)),
    "a model": lambda: keras.Sequential([layers.Dropout(0.5), layers.RandomFlip()]),
    "a wrapper": lambda: layers.TimeDistributed(layers.Dropout(0.5)),
}


@pytest.mark.parametrize("noise", NOISE)
def test_statistics_behind_noise_are_those_without_it(noise):
    def made(*noise):
        inside = [*noise[1:], layers.Conv2D(2, 3), layers.BatchNormalization()]
        outside = [*noise[:1], layers.Conv2D(3, 3), layers.BatchNormalization(), keras.Sequential(inside)]
        return keras.Sequential([keras.Input((6, 6, 2)), *outside])

    def flags():
        return [(part.trainable, *(weight.trainable for weight in part.weights)) for part in noisy._flatten_layers()]

    images = RNG.normal(1.0, 2.0, (16, 6, 6, 2)).astype("float32")
    noisy, plain = made(NOISE[noise](), NOISE[noise]()), made()
    noisy.trainable = False
    noisy.layers[-1].layers[-1].gamma.trainable = True
    before = flags()
    plain.set_weights(noisy.get_weights())
    for model in (noisy, plain):
        set_statistics(model, images)
    for got, wanted in zip(noisy.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-5)
    assert flags() == before and all(norm.momentum == 0.99 and "call" not in vars(norm) for norm in norms(noisy))


def test_statistics_of_a_layer_called_several_times_are_means_over_its_calls():
    for model, calls in ((wrapped(wrapper=False), X.reshape(32, 2, 2).swapaxes(0, 1)), (shared(), (X, X**3))):
        model(X)
        set_statistics(model, X)
        (norm,) = norms(model)
        np.testing.assert_allclose(norm.moving_mean, np.mean([x.mean(axis=0) for x in calls], axis=0), rtol=1e-4)
        np.testing.assert_allclose(norm.moving_variance, np.mean([x.var(axis=0) for x in calls], axis=0), rtol=1e-4)


def test_a_fitted_head_ranks_as_the_probe_and_is_scaled_to_the_loss():
    features = np.concatenate([RNG.normal(label, 1.0, (40, 2)) for label in range(3)])
    labels = np.repeat(np.arange(3), 40)
    head = layers.Dense(3)
    head.build((None, 2))
    probe = fit_head(head, features, labels)
    logits = keras.ops.convert_to_numpy(head(features))
    assert (logits.argmax(axis=1) == probe.predict(features)).all()
    assert probe.penalty == fit_probe(features, labels).penalty

    def loss(scale):
        return float(CROSS_ENTROPY(labels, scale * logits))

    assert loss(1.0) < min(loss(0.9), loss(1.1))


@pytest.mark.parametrize("head", [layers.Dense(3), layers.Dense(3, "softmax"), layers.Dense(3, use_bias=False)])
def test_fit_head_refuses_what_is_no_linear_head(head):
    if head.use_bias is False or head.activation is not keras.activations.linear:
        head.build((None, 2))
    with pytest.raises(ValueError, match="built Dense layer with a bias"):
        fit_head(head, np.ones((4, 2)), np.array([0, 1, 0, 1]))


class Block(layers.Layer):
    """A layer that holds a BatchNorm of its own."""

    def __init__(self, **options):
        super().__init__(**options)
        self.dense, self.norm = layers.Dense(4, use_bias=False, name="dense"), layers.BatchNormalization()

    def build(self, shape):
        self.dense.build(shape)
        self.norm.build((None, 4))

    def call(self, x, training=False):
        return self.norm(self.dense(x), training=training)


def test_a_batch_norm_inside_another_layer_is_found():
    model = keras.Sequential([keras.Input((4,)), Block(name="block"), layers.Dense(3, name="head")])
    report = unfreeze(model, since="block", batch_norm="freeze")
    assert (report.moving, report.resting) == (0, 8)
    assert moved_by_fit(model) == {"dense/kernel", "head/kernel", "head/bias"}
    assert unfreeze(model, since="block", batch_norm="train").moving == 8


def test_unbuilt_models_and_weights_outside_layers_are_refused():
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.w = self.add_weight(shape=(4,), name="w")
            self.head = layers.Dense(3)

        def call(self, x):
            return self.head(x * self.w)

    own = Own()
    own(X)
    for model in (own, keras.Sequential([layers.Dense(3)])):
        with pytest.raises(ValueError, match="must be built"):
            unfreeze(model, batch_norm="freeze")
    with pytest.raises(ValueError, match="got 32 and 0"):
        set_statistics(three_layers(), X)
    with pytest.raises(ValueError, match="would stay in the averages"):
        set_statistics(network(), np.full_like(X, np.nan))


def test_a_model_in_a_group_stands_for_its_layers():
    base = keras.Sequential([keras.Input((2,)), layers.Dense(3, name="inner")], name="base")
    model = keras.Sequential([base, layers.Dense(1, name="out")])
    model.build((None, 2))
    optimizer = rates_by_depth(keras.optimizers.SGD(1.0), model, [[base], [model.layers[-1]]], decay=0.1)
    optimizer.build(model.trainable_variables)
    rates = {w.path.split("/")[-2]: float(optimizer._optimizer_map(w).learning_rate) for w in model.trainable_variables}
    assert rates == pytest.approx({"inner": 0.1, "out": 1.0})


def test_rates_by_depth_refuses_optimisers_it_would_change():
    model = three_layers()
    groups = [[model.layers[0]]]
    with pytest.raises(ValueError, match="no global_clipnorm"):
        rates_by_depth(keras.optimizers.SGD(0.1, global_clipnorm=1.0), model, groups, decay=0.5)
    used = keras.optimizers.SGD(0.1)
    used.build(model.trainable_variables)
    with pytest.raises(ValueError, match="must be new"):
        rates_by_depth(used, model, groups, decay=0.5)


def test_what_trains_in_a_frozen_base_is_penalised_too():
    model = flagged(base=False, inside=True)
    assert stay_close(model.get_layer("base"), 3.0) == 3
    kernel = model.get_layer("base").get_layer("high").kernel
    kernel.assign(kernel + 0.1)
    assert float(sum(model.losses)) == pytest.approx(3.0 / 2 * 30 * 0.01, rel=1e-4)
    with pytest.raises(ValueError, match="strength must be at least 0; got -1"):
        stay_close(model.get_layer("base"), -1)
    assert float(sum(model.losses)) == pytest.approx(3.0 / 2 * 30 * 0.01, rel=1e-4)


def test_l2_sp_leaves_a_layer_s_own_regulariser_alone():
    model = keras.Sequential([keras.Input((2,)), layers.Dense(1, kernel_regularizer="l2")])
    own = float(model.losses[0])
    stay_close(model, 1.0)
    stay_close(model, 2.0)
    assert float(sum(model.losses)) == pytest.approx(own)
    model.trainable = False
    stay_close(model, 0)
    model.trainable = True
    model.set_weights([2 * w + 1 for w in model.get_weights()])
    assert len(model.losses) == 1


def test_the_guard_ignores_layers_without_weights():
    model = keras.Sequential([keras.Input((4,)), layers.Dropout(0.5), layers.Dense(3)])
    model.compile("sgd", CROSS_ENTROPY)
    model.layers[0].trainable = False
    assert check_compiled(model).trained == 15


class Own(keras.Model):
    """A model that holds a weight itself."""

    def __init__(self):
        super().__init__(name="own")
        self.scale = self.add_weight(shape=(4,), initializer="ones", name="scale")
        self.head = layers.Dense(3, name="head")

    def call(self, x):
        return self.head(keras.ops.multiply(x, self.scale))


def series(*between):
    """A model that reads four numbers as two steps of two, which wrappers ask for."""
    return keras.Sequential([keras.Input((4,)), layers.Reshape((2, 2)), *between, layers.Flatten(), layers.Dense(3)])


def wrapped(wrapper=True, inside=True):
    model = series(layers.TimeDistributed(layers.BatchNormalization(), name="steps"))
    model.get_layer("steps").trainable = wrapper
    model.get_layer("steps").layer.trainable = inside
    return model


def flagged(base=True, inside=None, root=None):
    model = network()
    model.get_layer("base").trainable = base
    if root is not None:
        model.trainable = root
    if inside is not None:
        for name in ("low_norm", "high"):
            model.get_layer("base").get_layer(name).trainable = inside
    return model


def held(block=True, norm=True):
    model = keras.Sequential([keras.Input((4,)), Block(name="block"), layers.Dense(3)])
    model.layers[0].trainable = block
    model.layers[0].norm.trainable = norm
    return model


def by_domain(**flags):
    x, norm = keras.Input((4,)), DomainBatchNormalization(name="domains")
    model = keras.Model(x, layers.Dense(3)(layers.concatenate([norm(x, domain=0), norm(x**3, domain=1)])))
    norm.trainable = flags.get("norm", True)
    norm.statistics[1].trainable = flags.get("second", True)
    return model


def called_in_inference():
    x, base = keras.Input((4,)), network().get_layer("base")
    own = layers.BatchNormalization(name="own")(base(x, training=False), training=False)
    return keras.Model(x, layers.Dense(3)(own))


def reloaded(model):
    with tempfile.TemporaryDirectory() as folder:
        model.save(f"{folder}/model.keras")
        return keras.models.load_model(f"{folder}/model.keras")


def one_weight(layer_trains, kernel_trains):
    model = network(inside=False)
    model.get_layer("high").trainable = layer_trains
    model.get_layer("high").kernel.trainable = kernel_trains
    return model


def low_rank():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(4, name="low"), layers.Dense(3)])
    model.get_layer("low").enable_lora(2)
    return model


def recurrent():
    model = series(layers.Bidirectional(layers.SimpleRNN(3, return_sequences=True), name="both"))
    model.get_layer("both").backward_layer.trainable = False
    return model


def attention():
    x = keras.Input((4,))
    steps = layers.Reshape((2, 2))(x)
    model = keras.Model(x, layers.Dense(3)(layers.Flatten()(layers.MultiHeadAttention(1, 2)(steps, steps))))
    model.layers[2].query_dense.trainable = False
    return model


def shared():
    x, twice = keras.Input((4,)), layers.BatchNormalization(name="twice")
    return keras.Model(x, layers.Dense(3)(layers.concatenate([twice(x), twice(x**3)])))


ODD = {
    "all trains": network,
    "a frozen base": lambda: flagged(base=False),
    "two layers of a frozen base": lambda: flagged(base=False, inside=True),
    "two frozen layers of a base": lambda: flagged(inside=False),
    "a frozen model around layers that train": lambda: flagged(root=False, inside=True),
    "a model that trains around a frozen base": lambda: flagged(base=False, root=True),
    "a frozen base from a file": lambda: reloaded(flagged(base=False)),
    "half a frozen base from a file": lambda: reloaded(flagged(inside=False)),
    "BatchNorm in a wrapper": wrapped,
    "BatchNorm in a frozen wrapper": lambda: wrapped(wrapper=False, inside=False),
    "frozen BatchNorm in a wrapper": lambda: wrapped(inside=False),
    "BatchNorm that trains in a frozen wrapper": lambda: wrapped(wrapper=False),
    "BatchNorm in a layer": held,
    "frozen BatchNorm in a layer": lambda: held(norm=False),
    "BatchNorm that trains in a frozen layer": lambda: held(block=False),
    "BatchNorm by domain": by_domain,
    "frozen BatchNorm by domain": lambda: by_domain(norm=False, second=False),
    "BatchNorm by domain, one domain's frozen": lambda: by_domain(second=False),
    "BatchNorm called in inference mode": called_in_inference,
    "BatchNorm called twice": shared,
    "batch renormalisation": lambda: keras.Sequential(
        [keras.Input((4,)), layers.BatchNormalization(renorm=True), layers.Dense(3)]
    ),
    "BatchNorm without scale and offset": lambda: keras.Sequential(
        [keras.Input((4,)), layers.BatchNormalization(center=False, scale=False), layers.Dense(3)]
    ),
    "one frozen weight": lambda: one_weight(True, False),
    "one weight that trains": lambda: one_weight(False, True),
    "low-rank updates": low_rank,
    "half a frozen wrapper": recurrent,
    "half a frozen attention": attention,
    "a weight of the model's own": Own,
}


def moved(model):
    """Train a model for an epoch, and count what is not, to the bit, what it was."""
    model.compile(keras.optimizers.SGD(0.1), CROSS_ENTROPY, run_eagerly=True)
    said = check_compiled(model)
    before = [keras.ops.convert_to_numpy(weight).copy() for weight in model.weights]
    model.fit(X, Y, batch_size=16, verbose=0)
    went = {id(weight) for weight, was in zip(model.weights, before) if np.any(np.array(weight) != was)}
    running = {id(weight) for norm in norms(model) for weight in norm._non_trainable_variables}
    numbers = collections.Counter()
    for weight in model.weights:
        numbers[id(weight) in running, id(weight) in went] += int(np.prod(weight.shape))
    outside = set(went).difference(id(weight) for layer in leaves(model) for weight in layer.weights)
    names = [layer.name for layer in leaves(model) if any(id(weight) in went for weight in layer.weights)]
    counts = [numbers[counted, did] for counted in (False, True) for did in (True, False)]
    return said, Movement(*counts, (*names, model.name) if outside else tuple(names))


def odd(kind):
    keras.utils.set_random_seed(0)
    model = ODD[kind]()
    model(X)
    return model


@pytest.mark.parametrize("kind", ODD)
def test_what_is_said_to_move_is_what_fit_moves(kind):
    model = odd(kind)
    said = what_moves(model)
    assert moved(model) == (said, said)


@pytest.mark.parametrize("kind", [kind for kind in ODD if not kind.endswith("own")])
def test_unfreezing_gives_every_layer_its_flag_whatever_it_was(kind):
    model = odd(kind)
    resting = unfreeze(model, batch_norm="train")
    assert (resting.trained, resting.moving) == (0, 0)
    still = unfreeze(model, matching=".*", batch_norm="freeze")
    alone = 16 if kind == "low-rank updates" else 0  # the kernel that they are added to
    scales = sum(w.shape[0] for norm in norms(model) for w in norm._trainable_variables)
    assert still.moving == 0
    assert still.frozen == alone + scales + (8 if "by domain" in kind else 0)  # whose scale and offset are its own
    trained = unfreeze(model, matching=".*", batch_norm="train")
    assert (trained.frozen, trained.resting) == (alone, 0)
    assert moved(model) == (trained, trained)


def test_a_model_with_a_layer_that_trains_is_not_frozen_itself_and_one_with_none_is():
    model = network()
    base = model.get_layer("base")
    base.trainable = False
    unfreeze(model, since="high", batch_norm="freeze")
    assert base.trainable and len(base.trainable_weights) == 1
    unfreeze(model, since="head", batch_norm="freeze")
    assert not base.trainable
    base.trainable = True  # so that this, too, does what it says
    assert len(base.trainable_weights) == 6


@pytest.mark.parametrize("part", ["layer", "norm", "model"])
def test_the_guard_sees_flags_inside_a_layer_and_the_model_s_own(part):
    model = wrapped() if part == "layer" else held()
    model.compile("sgd", CROSS_ENTROPY)
    if part == "layer":
        model.get_layer("steps").layer.trainable = False
    elif part == "norm":
        model.get_layer("block").norm.trainable = False
    else:
        model.trainable = False
        for layer in model.layers:
            layer.trainable = True
    names = {"layer": "steps", "norm": "block", "model": model.name}
    with pytest.raises(StaleCompile, match=f"`trainable`: {names[part]}. Compile again"):
        check_compiled(model)


def test_the_guard_is_silent_where_a_flag_has_no_effect():
    model = network()
    model.compile("sgd", CROSS_ENTROPY)
    model.get_layer("base").trainable = False
    for layer in model.get_layer("base").layers:
        layer.trainable = True
    assert check_compiled(model).frozen == 0
