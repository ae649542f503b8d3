"""Domain adaptation: each formula against a hand-computed value and its limits, layers inside `fit`, bad input."""

from functools import partial

import keras
import numpy as np
import pytest
from keras import ops

from tlcourse.adaptation import (
    Adversary,
    Align,
    DomainBatchNormalization,
    GradientReversal,
    class_weights,
    coral,
    draw_by_class,
    information_maximisation,
    mean_entropy,
    mmd,
    oracle_gap,
    pair_domains,
    proxy_a_distance,
    reverse_validation,
    source_risk,
)
from tlcourse.adaptation.losses import _median_between
from tlcourse.training import rewind

RNG = np.random.default_rng(0)
FEW = RNG.normal(size=(6, 3)).astype("float32")
OTHERS = RNG.normal(1.0, 2.0, size=(5, 3)).astype("float32")


# Losses


def test_coral_is_the_distance_of_covariances_that_numpy_gives():
    expected = np.sum((np.cov(FEW.T) - np.cov(OTHERS.T)) ** 2) / (4 * 3**2)
    assert float(coral(FEW, OTHERS)) == pytest.approx(expected, rel=1e-5)


def test_coral_is_zero_on_identical_samples_and_blind_to_means():
    assert float(coral(FEW, FEW)) == 0
    assert float(coral(FEW, FEW + 5)) == pytest.approx(0, abs=1e-10)


def test_mmd_by_hand_in_one_dimension():
    # Source 0 and 2, target 2 and 5. Squared distances: 4 | 9 | 4, 25, 0, 9; the median of the six is 6.5.
    source, target = np.array([[0.0], [2.0]], "float32"), np.array([[2.0], [5.0]], "float32")
    k = lambda squared: np.exp(-squared / 6.5)  # noqa: E731
    between = (k(4) + k(25) + k(0) + k(9)) / 4
    unbiased = k(4) + k(9) - 2 * between
    biased = (2 + 2 * k(4)) / 4 + (2 + 2 * k(9)) / 4 - 2 * between
    assert float(mmd(source, target, scales=(1.0,))) == pytest.approx(unbiased, rel=1e-5)
    assert float(mmd(source, target, scales=(1.0,), biased=True)) == pytest.approx(biased, rel=1e-5)


def test_mmd_sums_over_its_kernels_at_one_bandwidth():
    parts = [float(mmd(FEW, OTHERS, scales=(scale,))) for scale in (0.5, 2.0)]
    assert float(mmd(FEW, OTHERS, scales=(0.5, 2.0))) == pytest.approx(sum(parts), rel=1e-4)


def test_mmd_takes_the_median_of_the_distances_between_different_examples():
    # 6 + 5 examples make 55 pairs, an odd number, so the median is one of them.
    both = np.concatenate([FEW, OTHERS])
    squared = ((both[:, None] - both[None]) ** 2).sum(axis=-1)
    kernel = np.exp(-squared / np.median(squared[np.triu_indices(11, 1)]))
    expected = kernel[:6, :6].mean() + kernel[6:, 6:].mean() - 2 * kernel[:6, 6:].mean()
    assert float(mmd(FEW, OTHERS, scales=(1.0,), biased=True)) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    "points",
    [[0, 1, 3], [0, 1, 3, 7], [0, 0, 3, 7, 7], [0, 1, 2, 3, 4, 5, 6, 7], [0, 0, 0, 5, 9]],  # 3, 6, 10, 28, 10 pairs
)
def test_the_bandwidth_is_numpys_median_over_pairs(points):
    x = np.array(points, "float32")[:, None]
    squared = (x - x.T) ** 2
    found = float(_median_between(ops.convert_to_tensor(squared)))
    assert found == pytest.approx(np.median(squared[np.triu_indices(len(x), 1)]))


def test_where_most_examples_are_one_point_the_bandwidth_is_the_mean_distance():
    # A silent ReLU: seven of eight examples are 0, and 21 of 28 distances. The mean over all 64 pairs is 14 * 25 / 64.
    x = np.zeros((8, 2), "float32")
    x[0] = 3, 4
    kernel = np.exp(-25 / (14 * 25 / 64))
    # Within the source 6 of 16 pairs are apart, within the target none, between them one of four.
    expected = (10 + 6 * kernel) / 16 + 1 - 2 * (3 + kernel) / 4
    assert float(mmd(x[:4], x[4:], scales=(1.0,), biased=True)) == pytest.approx(expected, rel=1e-5)


def test_biased_mmd_is_zero_on_identical_samples():
    assert float(mmd(FEW, FEW, biased=True)) == pytest.approx(0, abs=1e-6)


def test_unbiased_mmd_is_zero_on_average_where_domains_agree_and_above_zero_where_they_differ():
    rng = np.random.default_rng(1)
    same = [float(mmd(*rng.normal(size=(2, 20, 2)).astype("float32"))) for _ in range(200)]
    assert abs(np.mean(same)) < 3 * np.std(same) / np.sqrt(200)
    assert np.std(same) > 0 and min(same) < 0
    assert float(mmd(FEW, FEW + 3)) > 10 * np.std(same)


def test_mmd_is_finite_where_all_examples_are_one_point():
    assert np.isfinite(float(mmd(np.ones((3, 2), "float32"), np.ones((3, 2), "float32"))))


def test_information_maximisation_by_hand():
    # Two answers over two classes: certain of the first, undecided. Mean doubt log(2)/2; the mean answer is (3/4, 1/4).
    logits = np.array([[50.0, 0.0], [0.0, 0.0]], "float32")
    variety = -(0.75 * np.log(0.75) + 0.25 * np.log(0.25))
    assert float(information_maximisation(None, logits)) == pytest.approx(np.log(2) / 2 - variety, rel=1e-5)
    assert float(information_maximisation(None, logits, balance=0.0)) == pytest.approx(np.log(2) / 2, rel=1e-5)


@pytest.mark.parametrize(
    ("logits", "expected"),
    [
        (100 * np.eye(5), -np.log(5)),  # certain and balanced
        (np.zeros((4, 5)), 0),  # uniform
        (100 * np.eye(5)[[2, 2, 2]], 0),  # certain, but one class for all
    ],
)
def test_information_maximisation_at_its_limits(logits, expected):
    assert float(information_maximisation(None, logits.astype("float32"))) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("distance", [coral, mmd])
def test_distances_do_not_depend_on_the_order_of_a_batch(distance):
    value = float(distance(FEW, OTHERS))
    assert float(distance(FEW[::-1].copy(), OTHERS[[3, 0, 4, 1, 2]])) == pytest.approx(value, rel=1e-4)
    assert float(distance(OTHERS, FEW)) == pytest.approx(value, rel=1e-4)


@pytest.mark.parametrize("loss", [coral, mmd])
def test_losses_of_half_precision_features_do_not_overflow(loss):
    few, others = (np.rint(100 * x).astype("float16") for x in (FEW, OTHERS))
    assert float(loss(few, others)) == pytest.approx(float(loss(few.astype("float32"), others.astype("float32"))))


def test_mmd_keeps_its_digits_far_from_the_origin():
    near, far = (float(mmd(FEW + shift, OTHERS + shift, biased=True)) for shift in (0, 1000))
    assert far == pytest.approx(near, rel=1e-2)


# Layers


def encoder_and(align):
    """A model with one linear layer before the alignment; its inputs, and the kernel of that layer."""
    shared, head = keras.layers.Dense(2, name="shared"), keras.layers.Dense(2, name="head")
    source, target = keras.Input((3,), name="source"), keras.Input((3,), name="target")
    model = keras.Model({"source": source, "target": target}, {"label": head(align(shared(source), shared(target)))})
    return model, shared


def paired(n=64, batch=16):
    rng = np.random.default_rng(2)
    labels = np.arange(n) % 2
    source = rng.normal(size=(n, 3)) + labels[:, None]
    return pair_domains(source.astype("float32"), labels, rng.normal(2, 1, (n // 2, 3)).astype("float32"), batch=batch)


def fitted(align, seed=0, epochs=1):
    keras.utils.set_random_seed(seed)
    model, shared = encoder_and(align())
    for layer in (shared, model.get_layer("head")):  # the same start, whatever the alignment has drawn
        layer.set_weights([np.random.default_rng(seed).normal(size=w.shape) for w in layer.get_weights()])
    start = shared.get_weights()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.1), {"label": loss})
    history = model.fit(*paired(), batch_size=16, epochs=epochs, shuffle=False, verbose=0).history
    return model, start, shared.get_weights(), history


@pytest.mark.parametrize(
    "layer", [lambda s: Align(coral, s), lambda s: Align(mmd, s), lambda s: Adversary(s, ramp=None)]
)
def test_the_gradient_reaches_the_encoder_and_with_strength_zero_it_is_exactly_zero(layer):
    class Nothing(keras.layers.Layer):
        def call(self, source, target):
            return source

    _, start, without, _ = fitted(Nothing)
    _, same_start, zero, _ = fitted(lambda: layer(0.0))
    _, _, strong, _ = fitted(lambda: layer(2.0))
    for a, b in zip(start, same_start):
        assert np.array_equal(a, b)
    for a, b in zip(without, zero):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-7)
    assert not np.allclose(zero[0], strong[0], atol=1e-4)


def test_equal_runs_are_equal():
    one, two = (fitted(lambda: Align(coral, 0.0), seed=3)[2] for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(one, two))


def test_align_lowers_its_distance():
    inputs, _ = paired()
    distances = []
    for strength in (0.0, 5.0):
        model, *_ = fitted(partial(Align, coral, strength), epochs=20)
        distances.append(float(coral(*(model.get_layer("shared")(inputs[name]) for name in ("source", "target")))))
    assert distances[1] < distances[0] / 4


def test_gradient_reversal_turns_the_gradient_round_and_scales_it():
    # One weight w = 1, loss w * 1 behind the reversal, rate 0.1: the gradient of 1 becomes -0.5, so w = 1 + 0.05.
    weight = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")
    model = keras.Sequential([keras.Input((1,)), weight, GradientReversal(0.5)])
    model.compile(keras.optimizers.SGD(0.1), loss=lambda ignored, out: ops.mean(out))
    model.fit(np.ones((4, 1), "float32"), np.zeros((4, 1)), batch_size=4, verbose=0)
    assert float(weight.get_weights()[0][0, 0]) == pytest.approx(1.05)


def test_gradient_reversal_passes_the_very_same_values_on():
    assert np.array_equal(ops.convert_to_numpy(GradientReversal(0.3)(FEW)), FEW)


@pytest.mark.parametrize("layer", [Align(coral, 1.0), Align(mmd, 1.0), Adversary(1.0)])
def test_outside_training_nothing_is_added_and_one_example_is_enough(layer):
    model, _ = encoder_and(layer)
    one = {"source": FEW[:1], "target": OTHERS[:1]}
    assert model.predict(one, verbose=0)["label"].shape == (1, 2) and not layer.losses


def test_the_strength_of_an_adversary_ramps_inside_one_fit():
    layer = Adversary(1.0, ramp=40)
    model, _ = encoder_and(layer)
    model.compile(keras.optimizers.SGD(0.0), {"label": keras.losses.SparseCategoricalCrossentropy(from_logits=True)})
    inputs, outputs = paired()
    model.fit(inputs, outputs, batch_size=16, epochs=5, verbose=0)  # 5 x 4 steps: half of the way
    assert float(layer.reversal.step) == 20
    assert float(layer.reversal.share()) == pytest.approx(2 / (1 + np.exp(-5)) - 1, rel=1e-5)
    model.evaluate(inputs, outputs, verbose=0)
    assert float(layer.reversal.step) == 20
    model.fit(inputs, outputs, batch_size=16, epochs=20, verbose=0)
    assert float(layer.reversal.share()) == pytest.approx(2 / (1 + np.exp(-10)) - 1, rel=1e-5)


def test_a_domain_classifier_ends_at_log_2_on_one_domain_split_in_two():
    rng = np.random.default_rng(4)
    halves = rng.normal(size=(2, 4000, 3)).astype("float32")
    layer = Adversary(0.0)
    source, target = keras.Input((3,)), keras.Input((3,))
    model = keras.Model([source, target], layer(source, target))
    model.compile(keras.optimizers.Adam(0.01), loss=lambda ignored, out: 0.0 * ops.mean(out))
    loss = model.fit([*halves], np.zeros((4000, 3)), batch_size=200, epochs=3, verbose=0).history["loss"][-1]
    assert loss == pytest.approx(np.log(2), abs=0.01)
    apart = model.fit([halves[0], halves[1] + 5], np.zeros((4000, 3)), batch_size=200, epochs=3, verbose=0)
    assert apart.history["loss"][-1] < 0.1


@pytest.mark.parametrize("dtype", ["float64", "mixed_float16", "mixed_bfloat16"])
def test_layers_inside_have_the_precision_of_the_layer_around_them(dtype):
    if dtype == "float64" and keras.backend.backend() == "jax":
        pytest.skip("JAX computes in float32 unless it is told otherwise.")
    adversary, norm = Adversary(1.0, ramp=3, dtype=dtype), DomainBatchNormalization(dtype=dtype)
    passed = adversary(FEW.astype("float64"), OTHERS.astype("float64"), training=True)
    assert {layer.dtype_policy.name for layer in (adversary.hidden, adversary.logit, adversary.reversal)} == {dtype}
    assert {one.dtype_policy.name for one in norm.statistics} == {dtype}
    assert keras.backend.standardize_dtype(passed.dtype) == adversary.compute_dtype
    assert np.isfinite(float(adversary.losses[0]))


@keras.saving.register_keras_serializable(package="tests")
def distance_of_means(source, target):
    return ops.sum(ops.square(ops.mean(source, axis=0) - ops.mean(target, axis=0)))


@pytest.mark.parametrize("distance", [coral, distance_of_means])
def test_a_distance_goes_there_and_back_and_its_configuration_stays(distance, tmp_path):
    config = Align(distance, 0.5).get_config()
    for _ in range(2):
        again = Align.from_config(config)
        assert again.distance is distance and again.strength == 0.5
    encoder_and(Align(distance, 0.5))[0].save(tmp_path / "align.keras")
    loaded = keras.models.load_model(tmp_path / "align.keras")
    assert [each.distance for each in loaded.layers if isinstance(each, Align)] == [distance]


def test_domains_keep_their_own_statistics_and_share_scale_and_shift():
    norm = DomainBatchNormalization(momentum=0.0, epsilon=0.0)
    source, target = ops.convert_to_tensor(FEW), ops.convert_to_tensor(OTHERS)
    norm(source, training=True), norm(target, domain=1, training=True)
    for x, domain in ((source, 0), (target, 1)):
        out = ops.convert_to_numpy(norm(x, domain=domain))
        np.testing.assert_allclose(out.mean(axis=0), 0, atol=1e-5)
        np.testing.assert_allclose(out.std(axis=0), 1, atol=1e-4)
    assert len(norm.trainable_weights) == 2 and len(norm.non_trainable_weights) == 4


def test_one_domain_is_keras_own_batch_normalisation():
    ours, keras_own = DomainBatchNormalization(domains=1, momentum=0.9), keras.layers.BatchNormalization(momentum=0.9)
    for _ in range(3):
        a, b = (layer(ops.convert_to_tensor(FEW), training=True) for layer in (ours, keras_own))
    np.testing.assert_allclose(ops.convert_to_numpy(a), ops.convert_to_numpy(b), atol=1e-6)
    a, b = (ops.convert_to_numpy(layer(ops.convert_to_tensor(OTHERS))) for layer in (ours, keras_own))
    np.testing.assert_allclose(a, b, atol=1e-6)


def test_each_domain_counts_for_one_half_in_an_adversary():
    layer = Adversary(1.0)
    layer(FEW, OTHERS, training=True)
    source, target = (ops.convert_to_numpy(layer.logit(layer.hidden(x))) for x in (FEW, OTHERS))
    expected = (np.log(1 + np.exp(source)).mean() + np.log(1 + np.exp(-target)).mean()) / 2
    assert float(layer.losses[0]) == pytest.approx(expected, rel=1e-5)


def test_statistics_of_two_domains_in_one_model_are_trained_saved_and_loaded(tmp_path):
    norm = DomainBatchNormalization(momentum=0.5)
    source, target = keras.Input((3,)), keras.Input((3,))
    model = keras.Model([source, target], norm(source) + norm(target, domain=1))
    model.compile("sgd", "mse")
    model.fit([FEW[:5], OTHERS], FEW[:5], batch_size=5, epochs=2, verbose=0)
    for x, one in ((FEW[:5], norm.statistics[0]), (OTHERS, norm.statistics[1])):  # half of the way, twice
        np.testing.assert_allclose(ops.convert_to_numpy(one.moving_mean), 0.75 * x.mean(axis=0), rtol=1e-4)
    model.save(tmp_path / "two.keras")
    again = keras.models.load_model(tmp_path / "two.keras")
    expected = model.predict([FEW[:5], OTHERS], verbose=0)
    np.testing.assert_allclose(again.predict([FEW[:5], OTHERS], verbose=0), expected, rtol=1e-6)


@pytest.mark.parametrize("layer", [Align(mmd, 0.5), Adversary(0.5, ramp=10)])
def test_a_model_with_both_domains_is_saved_and_loaded(layer, tmp_path):
    model, _ = encoder_and(layer)
    model.compile("sgd", {"label": keras.losses.SparseCategoricalCrossentropy(from_logits=True)})
    inputs, outputs = paired()
    model.fit(inputs, outputs, batch_size=16, verbose=0)
    model.save(tmp_path / "both.keras")
    again = keras.models.load_model(tmp_path / "both.keras")
    for a, b in zip(model.get_weights(), again.get_weights()):
        assert np.array_equal(a, b)
    rewind(again, again.get_weights())
    assert np.isfinite(again.fit(inputs, outputs, batch_size=16, verbose=0).history["loss"]).all()


# Batches


def test_batches_hold_as_many_of_the_one_domain_as_of_the_other():
    source, target = np.arange(10.0)[:, None], np.arange(100.0, 104.0)[:, None]
    inputs, outputs = pair_domains(source, np.arange(10) % 2, target, batch=5, seed=1)
    assert sorted(inputs["source"].ravel()) == list(range(10))
    assert np.array_equal(outputs["label"], inputs["source"].ravel() % 2)  # labels follow their examples
    assert set(np.bincount(inputs["target"].ravel().astype(int) - 100)) <= {2, 3}


def test_neighbouring_seeds_and_both_domains_have_orders_of_their_own():
    x, labels = np.arange(40.0)[:, None], np.arange(40) % 2
    orders = {}
    for seed in range(4):
        for name, values in pair_domains(x, labels, x, batch=40, seed=seed)[0].items():
            orders[seed, name] = tuple(values.ravel())
    assert len(set(orders.values())) == 8


# Distances and choices


def test_two_halves_of_one_domain_have_no_distance():
    halves = np.random.default_rng(5).normal(size=(2, 400, 8))
    distances = [proxy_a_distance(*np.random.default_rng(seed).normal(size=(2, 100, 8))) for seed in range(200)]
    assert np.mean([each.low <= 0 <= each.high for each in distances]) >= 0.95
    assert abs(proxy_a_distance(*halves).value) < 0.2


def test_separable_domains_are_two_apart():
    rng = np.random.default_rng(6)
    apart = proxy_a_distance(rng.normal(0, 1, (300, 4)), rng.normal(9, 1, (100, 4)))
    assert apart.value == pytest.approx(2, abs=0.02) and 1.8 < apart.low < apart.high == 2


def test_a_larger_domain_counts_no_more():
    rng = np.random.default_rng(7)
    few, many = rng.normal(size=(60, 4)), rng.normal(size=(1200, 4))
    assert abs(proxy_a_distance(few, many).value) < 0.4  # without weights, "always the larger" would give 1.8


def test_entropy_of_answers_by_hand():
    logits = np.log([[0.5, 0.5], [0.9, 0.1]])
    expected = (np.log(2) - 0.9 * np.log(0.9) - 0.1 * np.log(0.1)) / 2
    assert mean_entropy(logits) == pytest.approx(expected)


def test_reverse_validation_is_low_for_right_names_and_high_for_swapped_ones():
    rng = np.random.default_rng(8)
    labels = np.arange(200) % 2
    source, target = (rng.normal(size=(200, 2)) + 4 * labels[:, None] for _ in range(2))
    assert reverse_validation(source, labels, target, labels) < 0.05
    assert reverse_validation(source, labels, target, 1 - labels) > 0.95
    assert reverse_validation(source, labels, target, np.zeros(200, int)) == 0.5


def test_a_score_that_chooses_the_best_has_no_gap():
    assert oracle_gap({"a": 0.3, "b": 0.1}, {"a": 0.7, "b": 0.9}) == ("b", 0.0)


def test_of_candidates_that_a_score_cannot_tell_apart_the_worst_counts():
    chosen, gap = oracle_gap({"a": 0.1, "b": 0.1, "c": 0.1, "d": 0.2}, {"a": 0.8, "b": 0.5, "c": 0.9, "d": 0.1})
    assert chosen == "b" and gap == pytest.approx(0.4)


def test_a_class_that_the_model_never_answers_counts_nothing():
    logits = np.log([[0.6, 0.4, 1e-9], [0.2, 0.8, 1e-9]])
    assert np.allclose(class_weights(logits), [0.4 / 0.6, 1.0, 0.0])
    assert np.allclose(class_weights(np.zeros((5, 4))), 1.0)


def test_rows_are_drawn_in_proportion_to_the_weight_of_their_class():
    labels = np.repeat([0, 1, 2], [100, 100, 400])
    drawn = labels[draw_by_class(labels, np.array([1.0, 0.5, 0.0]), 30_000, seed=0)]
    assert np.allclose(np.bincount(drawn, minlength=3) / 30_000, [2 / 3, 1 / 3, 0], atol=0.01)
    same = labels[draw_by_class(labels, np.ones(3), 30_000, seed=0)]
    assert np.allclose(np.bincount(same) / 30_000, [1 / 6, 1 / 6, 4 / 6], atol=0.01)


# Bad input

NAN = np.array([[0.0, np.nan, 0.0]] * 4, "float32")
LABELS = np.array([0, 1, 0, 1])
FOUR = FEW[:4]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: coral(FEW, OTHERS[:, :2]), "with one d; got"),
        (lambda: coral(FEW[:1], OTHERS), "at least 2 examples in a batch; got 1 and 5"),
        (lambda: mmd(FEW, OTHERS[None]), "with one d; got"),
        (lambda: mmd(FEW, OTHERS[:1]), "at least 2 examples"),
        (lambda: mmd(FEW, OTHERS, scales=(0.0,)), "scales must be factors above 0"),
        (lambda: mmd(FEW, OTHERS, scales=(float("nan"),)), "scales must be factors above 0"),
        (lambda: information_maximisation(None, FEW[:, 0]), r"\(n, classes\)"),
        (lambda: information_maximisation(None, FEW, balance=-1), "balance must be at least 0; got -1"),
        (lambda: Align(coral, -1.0), "strength must be a finite number, at least 0; got -1.0"),
        (lambda: Align("coral", 1.0), "distance must be a function .* got 'coral'"),
        (lambda: Adversary(None), "strength must be .* got None"),
        (lambda: GradientReversal(float("nan")), "strength must be .* got nan"),
        (lambda: GradientReversal(1.0, ramp=0), "ramp must be a number of steps from 1 on, or None; got 0"),
        (lambda: GradientReversal(1.0, ramp="ten"), "ramp must be .* got 'ten'"),
        (lambda: Adversary(1.0)(FEW, OTHERS[:, :2]), "with one d; got"),
        (lambda: DomainBatchNormalization(domains=0), "at least one domain; got 0"),
        (lambda: DomainBatchNormalization()(FEW, domain=2), "domain must be from 0 to 1; got 2"),
        (lambda: pair_domains(FOUR, LABELS, OTHERS[:, :2], batch=2), r"one shape; got \(3,\) and \(2,\)"),
        (lambda: pair_domains(FOUR, LABELS, OTHERS[:0], batch=2), "target must hold at least one example"),
        (lambda: pair_domains(FOUR[:0], LABELS[:0], OTHERS, batch=2), "source must hold at least one example"),
        (lambda: pair_domains(FOUR, LABELS, (FOUR, LABELS), batch=2), "without labels; got a tuple of 2"),
        (lambda: pair_domains(FOUR, LABELS, {"images": FOUR}, batch=2), "without labels; got a dict of 1"),
        (lambda: pair_domains(FOUR, LABELS, LABELS, batch=2), "without labels; got labels"),
        (lambda: pair_domains(FOUR, 0 * LABELS, OTHERS, batch=2), "two classes or more; all its labels are 0"),
        (lambda: pair_domains(FOUR, LABELS[:3], OTHERS, batch=2), "one label for each of the 4"),
        (lambda: pair_domains(NAN, LABELS, OTHERS, batch=2), "source must be finite"),
        (lambda: pair_domains(FOUR, LABELS, NAN, batch=2), "target must be finite"),
        (lambda: pair_domains(FOUR, LABELS, OTHERS, batch=1), "batch must be a whole number from 2 to .* 5; got 1"),
        (lambda: pair_domains(FOUR, LABELS, OTHERS, batch=2.5), "batch must be a whole number .* got 2.5"),
        (lambda: pair_domains(FOUR, LABELS, OTHERS.astype("uint8"), batch=2), "in one unit; got float32 and uint8"),
        (lambda: pair_domains(FOUR, LABELS, np.array([["a"] * 3]), batch=2), "target must be numbers"),
        (lambda: proxy_a_distance(FEW, OTHERS[:, :2]), "with one d; got"),
        (lambda: proxy_a_distance(FEW[:2], OTHERS), "at least 4 examples, all finite; got 2 and 5"),
        (lambda: proxy_a_distance(NAN, OTHERS), "all finite"),
        (lambda: source_risk(LABELS, FEW), "one label for each of the 6"),
        (lambda: source_risk(LABELS[:2] + 1, np.eye(2)), "Labels must be below 2, the number of logits; got 2"),
        (lambda: mean_entropy(NAN), "Logits must be finite"),
        (lambda: mean_entropy(FEW[:, :1]), r"two classes or more; got \(6, 1\)"),
        (lambda: mean_entropy(np.array([[0.2, 0.8], [1.0, 0.0]])), "these are probabilities"),
        (lambda: reverse_validation(FEW, LABELS, OTHERS, LABELS), "one label for each of the 5"),
        (lambda: reverse_validation(NAN, LABELS, OTHERS, np.arange(5)), "Features must be finite"),
        (lambda: reverse_validation(FEW, LABELS, OTHERS[:, :2], LABELS), "with one d"),
        (lambda: class_weights(NAN), "Logits must be finite"),
        (lambda: class_weights(np.array([[0.2, 0.8], [1.0, 0.0]])), "these are probabilities"),
        (lambda: class_weights(FEW[:, :1]), r"two classes or more; got \(6, 1\)"),
        (lambda: draw_by_class(LABELS, np.ones(1), 2, seed=0), r"for each class; got \(1,\) for labels up to 1"),
        (lambda: draw_by_class(LABELS, np.array([1.0, -1.0]), 2, seed=0), "at least 0 for each class"),
        (lambda: draw_by_class(LABELS, np.zeros(2), 2, seed=0), "must have a weight above 0"),
        (lambda: draw_by_class(LABELS, np.ones(2), 0, seed=0), "n be 1 or more; got n=0"),
        (lambda: oracle_gap({"a": 1.0}, {"b": 1.0}), "same candidates"),
        (lambda: oracle_gap({"a": np.nan}, {"a": 1.0}), "must be finite"),
        (lambda: oracle_gap({"a": 1.0}, {"a": np.nan}), "must be finite"),
    ],
)
def test_bad_input_says_what_came_and_what_is_wanted(call, message):
    with pytest.raises(ValueError, match=message):
        call()
