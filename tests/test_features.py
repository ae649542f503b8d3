import multiprocessing
from dataclasses import replace
from functools import partial, wraps

import keras
import numpy as np
import pytest
from sklearn.linear_model import RidgeClassifierCV
from sklearn.preprocessing import StandardScaler

import tlcourse.features.extraction as module
from tlcourse.backbones import Backbone, load_backbone, untrained
from tlcourse.checks import checked_images
from tlcourse.features import PENALTIES, extract, fit_probe
from tlcourse.keeping import fingerprint

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 8, 8), dtype="uint8")


@pytest.fixture(scope="module")
def tiny():
    """A network of two channels whose features can be computed by hand: the image, and twice the image."""
    inputs = keras.Input((8, 8, 1))
    first = keras.layers.Conv2D(2, 1, use_bias=False, name="first")
    second = keras.layers.Rescaling(3.0, name="second")
    model = keras.Model(inputs, second(first(inputs)))
    first.set_weights([np.array([1.0, 2.0]).reshape(1, 1, 1, 2)])
    return Backbone("tiny", model, checked_images, (8, 8, 1), ("first", "second"))


def expected():
    mean = (IMAGES / 255).mean(axis=(1, 2))
    return {"first": np.stack([mean, 2 * mean], axis=1), "second": np.stack([3 * mean, 6 * mean], axis=1)}


def test_features_are_layer_means_over_the_image(tiny):
    features = extract(tiny, IMAGES, batch_size=2)
    assert list(features) == ["first", "second"]
    for layer, by_hand in expected().items():
        assert features[layer].dtype == np.float32
        assert np.allclose(features[layer], by_hand, atol=1e-6)
    assert np.allclose(extract(tiny, IMAGES, "second"), expected()["second"], atol=1e-6)


def test_the_second_call_reads_and_a_changed_pixel_or_weight_computes(tiny, monkeypatch):
    runs = []
    original = module._run
    monkeypatch.setattr(module, "_run", lambda *arguments: runs.append(1) or original(*arguments))
    extract(tiny, IMAGES)
    extract(tiny, IMAGES, "first")
    assert len(runs) == 1
    changed = IMAGES.copy()
    changed[0, 0, 0] ^= 1
    extract(tiny, changed)
    assert len(runs) == 2
    weights = tiny.model.get_weights()
    tiny.model.set_weights([weight + 1 for weight in weights])
    assert np.allclose(extract(tiny, IMAGES, "first"), expected()["first"] / [1, 2] * [2, 3], atol=1e-5)
    tiny.model.set_weights(weights)
    assert len(runs) == 3


def test_what_the_network_computes_and_what_it_is_shown_make_the_name(tiny, monkeypatch):
    def network(activation):
        inputs = keras.Input((8, 8, 1))
        layer = keras.layers.Conv2D(2, 1, activation=activation, name="layer")
        model = keras.Model(inputs, layer(inputs), name="same")
        layer.set_weights([np.array([1.0, -1.0]).reshape(1, 1, 1, 2), np.zeros(2)])
        return Backbone("same", model, checked_images, (8, 8, 1), ("layer",))

    linear, relu = (extract(network(activation), IMAGES, "layer") for activation in (None, "relu"))
    assert (linear[:, 1] < 0).all() and (relu[:, 1] == 0).all()

    def halved_from_the_second_on(images):
        images = checked_images(images)
        return np.concatenate([images[:1], images[1:] / 2])

    usual = extract(tiny, IMAGES, "first")
    halved = extract(replace(tiny, preprocess=halved_from_the_second_on), IMAGES, "first")
    assert np.allclose(halved[0], usual[0]) and np.allclose(halved[1:], usual[1:] / 2)

    runs = []
    monkeypatch.setattr(module, "_run", lambda *arguments: runs.append(1) or {"first": usual})
    extract(tiny, IMAGES, "first")
    assert runs == []
    monkeypatch.setattr(keras.config, "backend", lambda: "another")
    extract(tiny, IMAGES, "first")
    assert runs == [1]


def test_a_tensor_of_many_images_is_read_to_its_last_pixel_whatever_the_batches(own_cache):
    inputs = keras.Input((8, 8, 1))
    model = keras.Model(inputs, keras.layers.Rescaling(1.0, name="same")(inputs))
    backbone = Backbone("t", model, lambda x: keras.ops.convert_to_tensor(checked_images(x)), (8, 8, 1), ("same",))
    images = np.repeat(IMAGES, 5, axis=0)
    before = extract(backbone, images, "same")
    images[12] = 0
    after = extract(backbone, images, "same", batch_size=7)
    assert after[12] == 0 and before[12] > 0
    extract(backbone, images, "same", batch_size=4)
    assert len(list((own_cache / "features").glob("*.npy"))) == 2


OWN = {
    "a Lambda": lambda function: keras.layers.Lambda(function, name="times"),
    "an activation": lambda function: keras.layers.Activation(function, name="times"),
    "an activation inside": lambda function: keras.Sequential([keras.layers.Activation(function)], name="times"),
    "part of an activation": lambda function: keras.layers.Activation(partial(function), name="times"),
    "a layer's method": lambda function: replaced(keras.layers.Identity(name="times"), function),
    "an operation": lambda function: lambda x: named(Own(function)(x)),
    "an operation's argument": lambda function: lambda x: named(keras.ops.map(function, x)),
    "a layer": lambda function: OwnLayer(function, name="times"),
}
"""Ways in which a network calls a function of somebody's own, which is named as one of Keras."""


class Own(keras.Operation):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def call(self, x):
        return self.function(x)

    def compute_output_spec(self, x):
        return keras.KerasTensor(x.shape)


@keras.saving.register_keras_serializable(package="keras")
class OwnLayer(keras.layers.Layer):
    def __init__(self, function, **options):
        super().__init__(**options)
        self.function = function

    def call(self, x):
        return self.function(x)

    def get_config(self):
        return {"name": self.name}


def named(x):
    return keras.layers.Identity(name="times")(x)


def replaced(layer, function):
    layer.call = function
    return layer


@pytest.mark.parametrize("way", OWN)
def test_what_code_of_one_s_own_computes_is_never_read_from_a_file(own_cache, way):
    for factor in (2.0, 3.0):

        @wraps(keras.activations.relu)
        def relu(x, factor=factor):
            return factor * x

        inputs = keras.Input((8, 8, 1))
        backbone = Backbone("own", keras.Model(inputs, OWN[way](relu)(inputs)), checked_images, (8, 8, 1), ("times",))
        assert np.allclose(extract(backbone, IMAGES)["times"], factor * expected()["first"][:, :1], atol=1e-6)
    assert not list(own_cache.rglob("*.npy"))


def test_a_name_is_given_only_where_all_code_is_of_a_library():
    class Own(keras.regularizers.Regularizer):
        def __call__(self, x):
            return 0.0

        def get_config(self):
            return {}

    def found(**options):
        return bool(fingerprint(keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, **options)]), []))

    assert found(activation=keras.activations.gelu, kernel_regularizer="l2", bias_constraint="unit_norm")
    assert found(activation="relu", kernel_initializer=keras.initializers.HeNormal(), dtype="mixed_float16")
    assert not found(kernel_regularizer=Own())
    assert not found(kernel_initializer=lambda shape, dtype=None: keras.ops.ones(shape, dtype))
    trained = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    trained.compile(loss=lambda true, predicted: keras.ops.mean(predicted - true))
    assert fingerprint(trained, [])  # its loss computes no features


def test_a_policy_s_precision_makes_the_name():
    def name(policy):
        return fingerprint(keras.Sequential([keras.Input((3,)), keras.layers.ReLU(dtype=policy, name="r")]), [])

    assert name("float32") == name("float32") != name("mixed_float16")


@pytest.mark.skipif(keras.config.backend() == "torch", reason="there it uses its weights at once")
def test_a_normalization_that_uses_other_statistics_than_its_weights_has_another_name():
    inputs = keras.Input((2,))
    layer = keras.layers.Normalization(name="normal")
    model = keras.Model(inputs, layer(inputs))
    layer.adapt(np.array([[1.0, 5.0], [3.0, 9.0]]))
    clone = keras.models.clone_model(model)
    clone.set_weights(model.get_weights())
    assert np.allclose(clone(np.ones((1, 2))), 1)  # not yet: (1 - 2) / 1 = -1
    assert fingerprint(model, []) != fingerprint(clone, [])
    clone.get_layer("normal").finalize_state()
    assert np.allclose(clone(np.ones((1, 2))), model(np.ones((1, 2)))) and np.allclose(model(np.ones((1, 2)))[0, 0], -1)
    assert fingerprint(model, []) == fingerprint(clone, [])


@pytest.mark.skipif(keras.config.backend() != "tensorflow", reason="elsewhere strings are no input of a network")
def test_a_vocabulary_is_in_no_weight_so_a_network_with_one_is_run_each_time():
    layer = keras.layers.TextVectorization(output_sequence_length=2)
    layer.adapt(["a good film"])
    assert fingerprint(keras.Sequential([keras.Input((), dtype="string"), layer]), []) == ""


def test_a_truncated_file_is_computed_again(tiny, own_cache):
    whole = extract(tiny, IMAGES, "first")
    (path,) = (own_cache / "features").glob("*-first.npy")
    path.write_bytes(path.read_bytes()[:-7])
    assert np.array_equal(extract(tiny, IMAGES, "first"), whole)
    assert np.array_equal(np.load(path), whole)


def test_a_failure_leaves_nothing_behind(tiny, own_cache):
    broken = Backbone("tiny", tiny.model, lambda images: 1 / 0, (8, 8, 1), tiny.taps)
    with pytest.raises(ZeroDivisionError):
        extract(broken, IMAGES)
    assert not list(own_cache.rglob("*.npy"))


def _extract_in_process(results):
    inputs = keras.Input((8, 8, 1))
    model = keras.Model(inputs, keras.layers.Rescaling(2.0, name="twice")(inputs))
    backbone = Backbone("twice", model, checked_images, (8, 8, 1), ("twice",))
    results.put(extract(backbone, IMAGES, "twice"))


@pytest.mark.slow
def test_two_processes_at_once_agree(own_cache):
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    both = [context.Process(target=_extract_in_process, args=(results,)) for _ in range(2)]
    for process in both:
        process.start()
    first, second = results.get(timeout=120), results.get(timeout=120)
    for process in both:
        process.join()
    assert np.array_equal(first, second)
    assert len(list((own_cache / "features").glob("*.npy"))) == 1


def test_unknown_layers_and_bad_images_are_refused(tiny):
    with pytest.raises(ValueError, match=r"Unknown layer of 'tiny' 'furst'.*Known: first"):
        extract(tiny, IMAGES, "furst")
    with pytest.raises(ValueError, match="at least one image"):
        extract(tiny, IMAGES[:0])
    with pytest.raises(ValueError, match=r"lie in \[0, 1\]"):
        extract(tiny, np.concatenate([IMAGES / 255, np.full((300, 8, 8), 2.0)]), batch_size=8)


def test_a_cache_that_cannot_be_written_is_named_and_costs_only_time(tiny, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("TLCOURSE_CACHE", str(tmp_path / "file"))
    with pytest.warns(UserWarning, match="Set TLCOURSE_CACHE"):
        features = extract(tiny, IMAGES, "first")
    assert np.allclose(features, expected()["first"], atol=1e-6)


def test_probe_equals_scikit_learns_where_both_apply():
    rng = np.random.default_rng(0)
    for n, width in ((60, 12), (40, 100)):
        features, labels = rng.normal(size=(n, width)), np.arange(n) % 4
        features[:, 0] += labels
        standard = StandardScaler().fit_transform(features)
        reference = RidgeClassifierCV(alphas=PENALTIES).fit(standard, labels)
        probe = fit_probe(features, labels)
        assert probe.penalty == pytest.approx(reference.alpha_)
        assert np.allclose(probe.scores(features), reference.decision_function(standard), atol=1e-8)


def test_leave_one_out_error_is_that_of_refitting():
    rng = np.random.default_rng(1)
    features, labels = rng.normal(size=(12, 3)), np.arange(12) % 2
    standard = StandardScaler().fit_transform(features)
    targets = np.where(labels[:, None] == np.arange(2), 1.0, -1.0)
    residuals = []
    for out in range(12):
        kept = np.arange(12) != out
        x, y = standard[kept], targets[kept]
        centred = x - x.mean(axis=0)
        weights = np.linalg.solve(centred.T @ centred + 10.0 * np.eye(3), centred.T @ (y - y.mean(axis=0)))
        residuals.append(targets[out] - y.mean(axis=0) - (standard[out] - x.mean(axis=0)) @ weights)
    assert fit_probe(features, labels, penalties=(10.0,)).error == pytest.approx(np.mean(np.square(residuals)))


def test_probe_chooses_the_layer_that_knows_and_the_last_where_it_cannot_choose():
    rng = np.random.default_rng(2)
    labels = np.arange(40) % 4
    layers = {"knows": np.eye(4)[labels] + 0.1 * rng.normal(size=(40, 4)), "noise": rng.normal(size=(40, 4))}
    assert fit_probe(layers, labels).layer == "knows"
    assert fit_probe(dict(reversed(layers.items())), labels, penalties=(10.0,)).layer == "knows"
    single = {name: array[:4] for name, array in layers.items()}
    assert fit_probe(single, labels[:4]).layer == "noise"


def test_probe_survives_a_constant_feature():
    features = np.column_stack([np.ones(10), np.arange(10) % 2])
    assert (fit_probe(features, np.arange(10) % 2).predict(features) == np.arange(10) % 2).all()


@pytest.mark.parametrize(
    ("features", "labels", "options", "rule"),
    [
        (np.zeros((3, 2)), [0, 1], {}, "one label for each of the 3"),
        (np.full((2, 2), np.nan), [0, 1], {}, "finite"),
        (np.zeros((0, 2)), [], {}, "at least one"),
        ({}, [0, 1], {}, "at least one layer"),
        (np.zeros((2, 2)), [1, 1], {}, "two classes or more; all labels are 1"),
        (np.zeros((2, 2)), [0, 5], {"classes": 3}, "below classes=3"),
        (np.zeros((2, 2)), [0, 1], {"penalties": (0.0,)}, "penalties positive"),
        (np.zeros((2, 2)), [0, 1], {"penalties": (float("nan"),)}, "penalties positive"),
    ],
)
def test_probe_refuses_bad_input(features, labels, options, rule):
    with pytest.raises(ValueError, match=rule):
        fit_probe(features, labels, **options)


@pytest.mark.parametrize("asked", [np.full((1, 2), np.nan), np.zeros((1, 3)), np.zeros(2)])
def test_a_probe_answers_only_for_features_such_as_it_was_fitted_on(asked):
    with pytest.raises(ValueError, match=r"finite and shaped \(n, 2\)"):
        fit_probe(np.eye(2), [0, 1]).predict(asked)


def test_untrained_has_other_weights_its_own_statistics_and_is_seeded():
    letters = load_backbone("letters")
    images = np.random.default_rng(0).random((64, 32, 32)).astype("float32")
    one, same, other = (untrained(letters, images, seed) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(one.model.get_weights(), same.model.get_weights()))
    assert not np.array_equal(one.model.get_weights()[0], other.model.get_weights()[0])
    norm = one.model.get_layer("stem_norm")
    inner = keras.Model(one.model.input, one.model.get_layer("stem_conv").output)
    activations = inner.predict(one.preprocess(images), verbose=0)
    assert np.allclose(keras.ops.convert_to_numpy(norm.moving_mean), activations.mean(axis=(0, 1, 2)), atol=1e-4)
    assert not one.model.trainable_weights


def test_untrained_without_images_keeps_the_statistics_as_made():
    made = untrained(load_backbone("letters"), None, 1)
    norm = made.model.get_layer("stem_norm")
    assert not keras.ops.convert_to_numpy(norm.moving_mean).any()
    assert (keras.ops.convert_to_numpy(norm.moving_variance) == 1).all()
    assert not made.model.trainable_weights and "as made" in made.card["trained_on"]
