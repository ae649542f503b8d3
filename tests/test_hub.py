"""Each row of the card in `HubLayer`, on small modules that the tests export themselves."""

import http.server
import io
import itertools
import json
import os
import shutil
import subprocess
import sys
import tarfile
import threading
from pathlib import Path

import keras
import numpy as np
import pytest

if keras.config.backend() != "tensorflow":
    pytest.skip("Hub modules need the TensorFlow backend", allow_module_level=True)

import tensorflow as tf

import tlcourse.hub.handles as handles
from tlcourse.assets import AssetMissing, clear_cache
from tlcourse.finetuning import StaleCompile, check_compiled, unfreeze, what_moves
from tlcourse.hub import HubLayer, resolve_handle
from tlcourse.hub.module import share, unpack_graph

RNG = np.random.default_rng(0)
IMAGES = RNG.normal(size=(32, 4, 4, 3)).astype("float32")
LABELS = (IMAGES[..., 0].mean(axis=(1, 2)) > 0).astype("int64")
TEXTS = tf.constant(["a b", "b", "c a a", ""] * 4)
SERIAL = {"shuffle": False, "verbose": 0}


class ImageModule(tf.Module):
    """A filter, a moving mean, dropout, a regularisation loss."""

    def __init__(self):
        super().__init__()
        self.kernel = tf.Variable(tf.random.stateless_normal((3, 5), (1, 2)), name="kernel")
        self.mean = tf.Variable(tf.zeros(3), trainable=False, name="mean")
        self.regularization_losses = [tf.function(lambda: 0.01 * tf.reduce_sum(self.kernel**2), input_signature=[])]

    @tf.function
    def __call__(self, images, training=False, scale=1.0, drop=True):
        if training:
            self.mean.assign(0.5 * self.mean + 0.5 * tf.reduce_mean(images, (0, 1, 2)))
        if training and drop:
            images = tf.nn.dropout(images, 0.5, seed=1)
        return scale * tf.reduce_mean(tf.tanh((images - self.mean) @ self.kernel), (1, 2))


class TextModule(tf.Module):
    """A vocabulary in a file, vectors, two outputs."""

    def __init__(self, file):
        super().__init__()
        at = tf.lookup.TextFileIndex
        rows = tf.lookup.TextFileInitializer(str(file), "string", at.WHOLE_LINE, "int64", at.LINE_NUMBER)
        self.rows = tf.lookup.StaticHashTable(rows, -1, experimental_is_anonymous=True)
        self.vectors = tf.Variable(tf.random.stateless_normal((4, 2), (3, 4)), name="vectors")

    @tf.function(input_signature=[tf.TensorSpec([None], "string")])
    def __call__(self, texts):
        rows = tf.ragged.map_flat_values(self.rows.lookup, tf.strings.split(texts))
        vectors = tf.reduce_sum(tf.gather(self.vectors, rows + 1), axis=1)
        return {"vectors": vectors, "words": rows.row_lengths()}


class Hash(tf.Module):
    """No variables, two inputs by name."""

    @tf.function(input_signature=[{"a": tf.TensorSpec([None], "string"), "b": tf.TensorSpec([None], "string")}])
    def __call__(self, texts):
        return tf.cast(tf.strings.length(texts["a"]) - tf.strings.length(texts["b"]), "float32")[:, None]


@pytest.fixture
def image_module(tmp_path):
    module, spec = ImageModule(), tf.TensorSpec([None, None, None, 3])
    for training, scale, drop in itertools.product((False, True), (1.0, 2.0), (True, False)):
        module.__call__.get_concrete_function(spec, training=training, scale=scale, drop=drop)
    both = tf.function(
        lambda images: {"small": module(images), "large": 9.0 * module(images)},
        input_signature=[tf.TensorSpec([None, 4, 4, 3], name="images")],
    )
    one = tf.function(lambda images: {"only": module(images)}, input_signature=[tf.TensorSpec([None, 4, 4, 3])])
    tf.saved_model.save(module, str(tmp_path / "image"), signatures={"both": both, "one": one})
    return str(tmp_path / "image")


@pytest.fixture
def text_module(tmp_path):
    (tmp_path / "words.txt").write_text("a\nb\nc\n")
    tf.saved_model.save(TextModule(tmp_path / "words.txt"), str(tmp_path / "text"))
    return str(tmp_path / "text")


def values(layer):
    return [variable.numpy() for variable in layer.variables]


def trained(layer, inputs=IMAGES, labels=LABELS, epochs=4, optimizer="adam"):
    """Return a compiled model around the layer, and its losses by epoch."""
    keras.utils.set_random_seed(0)
    first = keras.Input(inputs.shape[1:], dtype=keras.backend.standardize_dtype(inputs.dtype))
    model = keras.Sequential([first, layer, keras.layers.Dense(2)])
    model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model, model.fit(inputs, labels, epochs=epochs, batch_size=16, **SERIAL).history["loss"]


def test_sequential_and_functional_models(image_module):
    layer = HubLayer(image_module)
    inputs = keras.Input((4, 4, 3))
    functional, sequential = keras.Model(inputs, layer(inputs)), keras.Sequential([keras.Input((4, 4, 3)), layer])
    expected = tf.saved_model.load(image_module)(IMAGES).numpy()
    assert np.allclose(functional.predict(IMAGES, verbose=0), expected, atol=1e-6)
    assert np.allclose(sequential.predict(IMAGES, verbose=0), expected, atol=1e-6)


def test_strings_images_and_dictionaries_in(text_module, tmp_path):
    module = TextModule(tmp_path / "words.txt")
    expected = module(TEXTS)["vectors"].numpy()
    model = keras.Sequential([keras.Input((), dtype="string"), HubLayer(text_module, output_key="vectors")])
    assert np.allclose(model.predict(TEXTS, verbose=0), expected, atol=1e-6)
    tf.saved_model.save(Hash(), str(tmp_path / "hash"))
    inputs = {name: keras.Input((), dtype="string", name=name) for name in "ab"}
    model = keras.Model(inputs, HubLayer(tmp_path / "hash")(inputs))
    assert model.predict({"a": tf.constant(["xxx"]), "b": tf.constant(["x"])}, verbose=0).tolist() == [[2.0]]
    assert model.weights == []


def test_the_modules_call_or_a_signature(image_module):
    called = HubLayer(image_module)(IMAGES).numpy()
    assert np.allclose(HubLayer(image_module, signature="one")(IMAGES), called, atol=1e-6)
    assert np.allclose(HubLayer(image_module, signature="both")(IMAGES)["large"], 9 * called, atol=1e-5)
    with pytest.raises(ValueError, match="Unknown signature of the module 'bot'.*Known: both, one"):
        HubLayer(image_module, signature="bot")


def test_a_module_that_has_signatures_alone_names_them(tmp_path):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.export(str(tmp_path / "exported"), verbose=False)
    with pytest.raises(ValueError, match="can't be called; use one of its signatures: serv"):
        HubLayer(tmp_path / "exported")
    layer = HubLayer(tmp_path / "exported", signature="serving_default")
    assert np.allclose(layer(np.ones((1, 3), "float32")), model(np.ones((1, 3), "float32")), atol=1e-6)


def test_one_output_a_named_one_or_all(text_module, image_module):
    every = HubLayer(text_module)(TEXTS)
    assert sorted(every) == ["vectors", "words"]
    assert HubLayer(text_module, output_key="words")(TEXTS).numpy()[:4].tolist() == [2, 1, 3, 0]
    with pytest.raises(ValueError, match="Unknown output of the module 'word'.*Known: words, vectors"):
        HubLayer(text_module, output_key="word")(TEXTS)
    with pytest.raises(ValueError, match="outputs have no names; leave output_key='x' out"):
        HubLayer(image_module, output_key="x")(IMAGES)


def test_trainable_moves_the_weights_and_the_statistics(image_module):
    layer = HubLayer(image_module, trainable=True, arguments={"drop": False})
    before = values(layer)
    _, losses = trained(layer)
    assert losses[-1] < losses[0]
    assert len(layer.trainable_variables) == 1
    assert all(np.abs(now - was).max() > 1e-4 for now, was in zip(values(layer), before))


def test_frozen_is_equal_to_the_bit_and_can_be_thawed_and_frozen_again(image_module):
    layer = HubLayer(image_module)
    before = values(layer)
    trained(layer)
    assert layer.trainable_variables == []
    assert all(np.array_equal(now, was) for now, was in zip(values(layer), before))
    layer.trainable = True
    trained(layer)
    assert all(not np.array_equal(now, was) for now, was in zip(values(layer), before))
    layer.trainable, before = False, values(layer)
    trained(layer)
    assert all(np.array_equal(now, was) for now, was in zip(values(layer), before))


def test_a_text_module_is_trained_and_frozen(text_module):
    labels = np.arange(16) % 2
    for trainable in (False, True):
        layer = HubLayer(text_module, output_key="vectors", trainable=trainable)
        before = values(layer)
        _, losses = trained(layer, TEXTS, labels, epochs=8)
        assert losses[-1] < losses[0]
        assert np.array_equal(values(layer)[0], before[0]) is not trainable


def test_the_first_step_of_a_word_that_occurs_nine_times_is_the_rate(text_module):
    layer = HubLayer(text_module, output_key="vectors", trainable=True)
    before = values(layer)[0]
    trained(layer, tf.constant(["b a a a a a a a a a"]), np.array([0]), 1, keras.optimizers.Adam(0.01))
    first_step = np.abs(values(layer)[0] - before)
    assert first_step == pytest.approx(np.array([[0, 0], [0.01] * 2, [0.01] * 2, [0, 0]]), rel=0.01)


def test_training_is_passed_on_and_a_frozen_module_is_never_in_training_mode(image_module):
    thawed, frozen = HubLayer(image_module, trainable=True), HubLayer(image_module)
    calm = frozen(IMAGES).numpy()
    assert np.array_equal(frozen(IMAGES, training=True), calm)
    assert np.array_equal(thawed(IMAGES, training=False), calm)
    assert np.abs(thawed(IMAGES, training=True) - calm).max() > 0.01


def test_regularisation_losses_count_once_a_layer_when_trainable(image_module):
    thawed = HubLayer(image_module, trainable=True)
    one, two = keras.Input((4, 4, 3)), keras.Input((4, 4, 3))
    model = keras.Model([one, two], keras.layers.Add()([thawed(one), thawed(two)]))
    model([IMAGES, IMAGES])
    expected = 0.01 * float((thawed.variables[0].numpy() ** 2).sum())
    assert [float(loss) for loss in model.losses] == pytest.approx([expected], rel=1e-5)
    thawed.trainable = False
    assert model.losses == []


def test_other_arguments_of_the_call(image_module):
    doubled = HubLayer(image_module, arguments={"scale": 2.0})(IMAGES)
    assert np.allclose(doubled, 2 * HubLayer(image_module)(IMAGES), atol=1e-6)


@pytest.mark.parametrize("bad", [{"training": True}, {"scale": np.array(2.0)}, {"scale": None}])
def test_arguments_that_a_file_could_not_hold_are_refused(image_module, bad):
    with pytest.raises(ValueError, match="must be numbers, strings or booleans, and not `training`; got"):
        HubLayer(image_module, arguments=bad)


def test_mixed_precision_leaves_the_module_in_its_own(image_module):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        assert HubLayer(image_module)(keras.Input((4, 4, 3))).dtype == "float32"
    finally:
        keras.config.set_dtype_policy("float32")


def test_a_model_around_it_can_be_exported_and_keeps_its_weights_in_checkpoints(tmp_path):
    model = keras.Sequential([keras.Input((), dtype="string"), HubLayer("wordhub", trainable=True)])
    expected = model(tf.constant(["a good film"])).numpy()
    model.export(str(tmp_path / "exported"), verbose=False)
    again = HubLayer(tmp_path / "exported", signature="serving_default")
    assert np.allclose(again(tf.constant(["a good film"])), expected, atol=1e-6)
    path = tf.train.Checkpoint(model=model).save(str(tmp_path / "checkpoint"))
    model.set_weights([np.zeros_like(weight) for weight in model.get_weights()])
    tf.train.Checkpoint(model=model).restore(path)
    assert np.allclose(model(tf.constant(["a good film"])), expected, atol=1e-6)


def test_a_signature_with_two_inputs_asks_for_their_names(tmp_path):
    first, second = keras.Input((1,), name="first"), keras.Input((1,), name="second")
    keras.Model([first, second], first + second).export(str(tmp_path / "two"), verbose=False)
    layer = HubLayer(tmp_path / "two", signature="serving_default")
    with pytest.raises(ValueError, match="takes 2 inputs; give a dictionary"):
        layer(np.ones((1, 1), "float32"))


def test_shapes_are_inferred(image_module, text_module):
    assert HubLayer(image_module)(keras.Input((7, 9, 3))).shape == (None, 5)
    outputs = HubLayer(text_module)(keras.Input((), dtype="string"))
    assert (outputs["vectors"].shape, outputs["words"].dtype) == ((None, 2), "int64")


RESUME = """
import json, sys
import keras, numpy as np
import tlcourse.hub
model = keras.models.load_model(sys.argv[1])
data = np.load(sys.argv[2])
predictions = model.predict(data["x"], verbose=0).tolist()
history = model.fit(data["x"], data["y"], epochs=2, batch_size=16, shuffle=False, verbose=0).history
print("RESULT", json.dumps([predictions, history["loss"]]))
"""


@pytest.mark.slow
def test_saved_moved_and_loaded_in_another_process_it_predicts_the_same_and_resumes(image_module, tmp_path):
    model, _ = trained(HubLayer(image_module, trainable=True, arguments={"scale": 2.0, "drop": False}))
    model.save(tmp_path / "model.keras")
    np.savez(tmp_path / "data.npz", x=IMAGES, y=LABELS)
    shutil.move(image_module, tmp_path / "elsewhere")
    expected = model.predict(IMAGES, verbose=0), model.fit(IMAGES, LABELS, epochs=2, batch_size=16, **SERIAL)
    command = [sys.executable, "-c", RESUME, str(tmp_path / "model.keras"), str(tmp_path / "data.npz")]
    done = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ))
    assert done.returncode == 0, done.stderr
    predictions, losses = json.loads(done.stdout.split("RESULT")[1])
    assert np.allclose(predictions, expected[0], atol=1e-6)
    assert losses == pytest.approx(expected[1].history["loss"], rel=1e-5)


def test_saved_again_after_loading_and_cloned_without_the_folder(text_module, tmp_path):
    model, _ = trained(HubLayer(text_module, output_key="vectors", trainable=True), TEXTS, np.arange(16) % 2)
    model.save(tmp_path / "first.keras")
    shutil.rmtree(text_module)
    loaded = keras.models.load_model(tmp_path / "first.keras")
    loaded.save(tmp_path / "second.keras")
    again = keras.models.load_model(tmp_path / "second.keras")
    assert np.array_equal(again.predict(TEXTS, verbose=0), model.predict(TEXTS, verbose=0))
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    assert np.array_equal(copy.predict(TEXTS, verbose=0), model.predict(TEXTS, verbose=0))


def test_another_module_in_the_folders_place_is_not_taken_for_the_saved_one(image_module, text_module, tmp_path):
    model, _ = trained(HubLayer(image_module))
    model.save(tmp_path / "model.keras")
    shutil.rmtree(image_module)
    shutil.move(text_module, image_module)
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert np.array_equal(loaded.predict(IMAGES, verbose=0), model.predict(IMAGES, verbose=0))


@pytest.mark.parametrize("damage", ["saved_model.pb", "variables/variables.index", "variables"])
def test_a_damaged_folder_is_named_and_a_file_does_not_need_it(image_module, tmp_path, damage):
    model, _ = trained(HubLayer(image_module))
    model.save(tmp_path / "model.keras")
    path = Path(image_module, damage)
    shutil.rmtree(path) if path.is_dir() else path.write_bytes(b"damaged")
    with pytest.raises(ValueError, match=f"{image_module} is not a whole SavedModel"):
        HubLayer(image_module)
    if damage == "saved_model.pb":
        loaded = keras.models.load_model(tmp_path / "model.keras")
        assert np.array_equal(loaded.predict(IMAGES, verbose=0), model.predict(IMAGES, verbose=0))


def test_a_module_whose_tables_change_is_refused_when_it_is_saved(tmp_path):
    class Counter(tf.Module):
        def __init__(self):
            super().__init__()
            self.table = tf.lookup.experimental.MutableHashTable("string", "int64", 0)

        @tf.function(input_signature=[tf.TensorSpec([None], "string")])
        def __call__(self, texts):
            return self.table.lookup(texts)

    tf.saved_model.save(Counter(), str(tmp_path / "counter"))
    layer = HubLayer(tmp_path / "counter")
    assert layer(tf.constant(["a"])).numpy().tolist() == [0]
    with pytest.raises(ValueError, match="a table that changes while it runs"):
        layer.get_config()


def test_a_file_that_would_write_outside_its_folder_is_refused(tmp_path):
    with pytest.raises(ValueError, match="must lie inside it; got '../evil'"):
        unpack_graph({"../evil": ""}, tmp_path / "inside")
    assert list(tmp_path.iterdir()) == []


def test_the_private_name_that_keras_has_for_a_variables_value_still_works():
    mine, its = keras.Variable([0.0]), tf.Variable([1.0])
    share(mine, its)
    mine.assign([2.0])
    assert (its.numpy().tolist(), keras.ops.convert_to_numpy(mine).tolist()) == ([2.0], [2.0])
    its.assign([3.0])
    assert mine.numpy().tolist() == [3.0]


def test_tf1_format_is_refused_by_name(image_module, tmp_path):
    shutil.copytree(image_module, tmp_path / "old")
    (tmp_path / "old" / "tfhub_module.pb").write_bytes(b"")
    with pytest.raises(ValueError, match="TF1 Hub format.*TF2 SavedModel"):
        HubLayer(tmp_path / "old")


def test_other_backends_and_keras_2_are_refused_in_plain_words(image_module, monkeypatch):
    class KerasTensor:
        __module__ = "tf_keras.src.engine.keras_tensor"

    with pytest.raises(TypeError, match="belongs to Keras 2"):
        HubLayer(image_module)(KerasTensor())
    monkeypatch.setattr(keras.config, "backend", lambda: "jax")
    with pytest.raises(RuntimeError, match="needs the TensorFlow backend.*KERAS_BACKEND=tensorflow"):
        HubLayer(image_module)


def test_a_missing_pkg_resources_is_said_in_plain_words(monkeypatch):
    monkeypatch.delitem(sys.modules, "tensorflow_hub", raising=False)
    monkeypatch.setitem(sys.modules, "pkg_resources", None)
    with pytest.raises(RuntimeError, match="setuptools has no longer.*setuptools<81"):
        handles.tensorflow_hub()
    monkeypatch.setitem(sys.modules, "tensorflow_hub", None)
    with pytest.raises(RuntimeError, match="tensorflow_hub is not installed"):
        handles.tensorflow_hub()


def test_handles_that_lead_nowhere_name_the_way_out(tmp_path):
    with pytest.raises(ValueError, match="Unknown Hub module 'wordhup'.*Known: wordhub"):
        resolve_handle("wordhup")
    assert resolve_handle("wordhub/") == resolve_handle("wordhub")
    with pytest.raises(ValueError, match="There is no folder"):
        resolve_handle(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="An address starts with https://; got 'gs://module'"):
        resolve_handle("gs://module")
    with pytest.raises(ValueError, match="There is no saved_model.pb in"):
        resolve_handle(tmp_path)


def test_a_fine_tuned_module_s_statistics_move_unless_they_are_frozen_and_the_report_says_so(image_module):
    def reported_and_moved(batch_norm):
        layer = HubLayer(image_module, trainable=True, name="module")
        model, _ = trained(layer, epochs=1)
        report = unfreeze(model, matching="module|dense.*", batch_norm=batch_norm)
        model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        kernel, mean = values(layer)
        model.fit(IMAGES, LABELS, **SERIAL)
        now = values(layer)
        assert report.trained == kernel.size + 12
        assert not np.array_equal(now[0], kernel)
        return (report.moving, report.resting), not np.array_equal(now[1], mean)

    assert reported_and_moved("train") == ((3, 0), True)
    assert reported_and_moved("freeze") == ((0, 3), False)
    frozen = keras.Sequential([keras.Input((4, 4, 3)), HubLayer(image_module)])
    assert (what_moves(frozen).frozen, what_moves(frozen).resting) == (15, 3)


def test_the_guard_notices_statistics_frozen_after_compile(image_module):
    model, _ = trained(HubLayer(image_module, trainable=True, name="module"), epochs=1)
    assert check_compiled(model).moving == 3
    unfreeze(model, matching="module|dense.*", batch_norm="freeze")
    with pytest.raises(StaleCompile, match="module"):
        check_compiled(model)
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    assert check_compiled(model).resting == 3


def test_statistics_that_rest_do_so_after_loading(image_module, tmp_path):
    model, _ = trained(HubLayer(image_module, trainable=True, name="module"), epochs=1)
    unfreeze(model, matching="module", batch_norm="freeze")
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert what_moves(again).resting == 3


def test_compute_output_shape(image_module, text_module):
    assert HubLayer(image_module).compute_output_shape((None, 4, 4, 3)) == (None, 5)
    assert HubLayer("wordhub").compute_output_shape((None,)) == (None, 64)
    assert HubLayer(text_module).compute_output_shape((None,)) == {"vectors": (None, 2), "words": (None,)}
    both = HubLayer(image_module, signature="both").compute_output_shape((7, 4, 4, 3))
    assert both == {"large": (7, 5), "small": (7, 5)}


def test_what_cannot_be_trained_is_refused_and_what_has_nothing_to_train_is_said(image_module, tmp_path):
    with pytest.raises(ValueError, match="A signature can't be trained; got signature='one' and trainable=True"):
        HubLayer(image_module, signature="one", trainable=True)
    layer = HubLayer(image_module, signature="one")
    layer.trainable = True
    with pytest.raises(ValueError, match="A signature can't be trained"):
        layer(IMAGES, training=True)
    tf.saved_model.save(Hash(), str(tmp_path / "hash"))
    with pytest.warns(UserWarning, match="no weights that can be trained"):
        HubLayer(tmp_path / "hash", trainable=True)


def test_an_address_is_downloaded_once_and_again_after_the_cache_was_cleaned(image_module, tmp_path, monkeypatch):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        archive.add(image_module, arcname=".")
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200 if "module" in self.path else 404)
            self.end_headers()
            self.wfile.write(packed.getvalue() if "module" in self.path else b"")

        def log_message(self, *arguments):
            pass

    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "hub"))
    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/module/1"
        monkeypatch.setenv("TLCOURSE_OFFLINE", "1")
        with pytest.raises(AssetMissing, match="TLCOURSE_OFFLINE=1 forbids the network"):
            HubLayer(address)
        monkeypatch.delenv("TLCOURSE_OFFLINE")
        assert HubLayer(address)(IMAGES).shape == (32, 5)
        with pytest.raises(AssetMissing, match="could not be downloaded: .*404"):
            HubLayer(f"http://127.0.0.1:{server.server_port}/gone")
        monkeypatch.delenv("TFHUB_CACHE_DIR")
        assert HubLayer(address)(IMAGES).shape == (32, 5)
        assert clear_cache({"downloads"}) > 1000
        assert HubLayer(address)(IMAGES).shape == (32, 5)
        monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "hub"))
        server.shutdown()
    monkeypatch.setenv("TLCOURSE_OFFLINE", "1")
    assert HubLayer(address)(IMAGES).shape == (32, 5)
    assert len([path for path in asked if "module" in path]) == 3
    (resolve_handle(address) / "saved_model.pb").unlink()
    with pytest.raises(ValueError, match=f"no saved_model.pb in {tmp_path}.*half deleted. Delete the folder"):
        HubLayer(address)


@pytest.mark.slow
def test_a_fine_tuned_wordhub_beats_the_frozen_one_where_word_vectors_are_at_odds_with_the_task():
    words = (resolve_handle("wordhub") / "assets" / "words.txt").read_text().split()[1000:1400]
    marks = np.random.default_rng(0).permutation(np.arange(400) % 2)
    chosen = np.random.default_rng(1).integers(0, 400, (1200, 3))
    chosen[:, 1:] = np.where(marks[chosen[:, 1:]] == marks[chosen[:, :1]], chosen[:, 1:], chosen[:, :1])
    texts, labels = tf.constant([" ".join(words[word] for word in row) for row in chosen]), marks[chosen[:, 0]]
    accuracy = {}
    for trainable in (False, True):
        model, _ = trained(
            HubLayer("wordhub", trainable=trainable), texts[:900], labels[:900], 10, keras.optimizers.Adam(0.05)
        )
        accuracy[trainable] = (model.predict(texts[900:], verbose=0).argmax(axis=1) == labels[900:]).mean()
    assert accuracy[True] > accuracy[False] + 0.1, accuracy
