"""Freezing to the bit, stale compiles, rates per depth against a hand-written step, L2-SP, heads."""

import keras
import numpy as np
import pytest
from keras import layers

from tlcourse.features import fit_probe
from tlcourse.finetuning import (
    L2SP,
    StaleCompile,
    check_compiled,
    fit_head,
    rates_by_depth,
    stay_close,
    unfreeze,
    what_moves,
)
from tlcourse.networks import set_statistics

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
    with pytest.raises(ValueError, match="must occur nowhere else; 'attention/query/kernel' has it too"):
        rates_by_depth(keras.optimizers.SGD(0.1), model, [[query]], decay=0.5)


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
