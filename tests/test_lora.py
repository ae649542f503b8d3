"""LoRA and the other ways to fine-tune, saved and loaded: what is loaded answers the same and trains the same."""

import subprocess
import sys

import keras
import numpy as np
import pytest
from made import letters

from tlcourse.text import (
    SentenceEncoder,
    SentenceTuner,
    add_lora,
    load_tuned,
    save_tuned,
    sentence_classifier,
    train_top,
    trainable_count,
)

SENTENCES, LABELS = ["abca", "bcda", "cdea"], np.array([0.0, 1.0, 1.0])


def tuned(encoder, change):
    """Return a sentence classifier after one step, without a compiled graph."""
    model = sentence_classifier(encoder)
    change(model)
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss, run_eagerly=True, jit_compile=False)
    model.train_on_batch(letters(SENTENCES), LABELS)
    return model


CHANGES = [lambda model: add_lora(model, rank=2), lambda model: train_top(model, 1), lambda model: None]


@pytest.mark.parametrize("change", CHANGES, ids=["lora", "top", "all"])
def test_a_loaded_model_answers_the_same_and_goes_on_training_as_the_saved_one(small_bert, change, tmp_path):
    model = tuned(small_bert[0], change)
    inputs = letters(SENTENCES)
    save_tuned(model, tmp_path / "tuned.keras")
    loaded = load_tuned(tmp_path / "tuned.keras")
    answers = model.predict_on_batch(inputs)
    assert np.abs(loaded.predict_on_batch(inputs) - answers).max() < 1e-6
    assert trainable_count(loaded) == trainable_count(model)
    before = loaded.get_weights()
    for one in (model, loaded):
        keras.utils.set_random_seed(1)  # on PyTorch, a dropout's own state is not used
        one.train_on_batch(inputs, LABELS)
    for mine, its in zip(model.variables, loaded.variables, strict=True):
        assert np.abs(np.array(mine) - np.array(its)).max() < 1e-6
    moved = [np.abs(now - was).max() > 1e-4 for now, was in zip(loaded.get_weights(), before, strict=True)]
    trains = [weight.trainable for weight in loaded.weights]
    assert all(trains) or not any(np.array(moved)[~np.array(trains)])
    assert sum(moved) > sum(trains) / 2  # a bias of attention's keys has no gradient
    plain = keras.models.load_model(tmp_path / "tuned.keras", compile=False)  # to ask, without this course
    assert np.abs(plain.predict_on_batch(inputs) - answers).max() < 1e-6


@pytest.mark.slow
def test_a_file_with_single_flags_and_without_a_compile_loads_in_another_process(small_bert, tmp_path):
    model, path = sentence_classifier(small_bert[0]), tmp_path / "tuned.keras"
    add_lora(model, rank=2)
    model.get_layer("head").bias.trainable = False
    save_tuned(model, path)
    code = (
        f"from tlcourse.text import load_tuned, trainable_count; model = load_tuned({str(path)!r});"
        "print(trainable_count(model), model.compiled)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(trainable_count(model)), "False"]


def test_lora_outside_a_transformer_keeps_its_rank_and_its_alpha(tmp_path):
    layers = [keras.layers.Embedding(5, 4), keras.layers.GlobalAveragePooling1D(), keras.layers.Dense(1)]
    model, inputs = keras.Sequential([keras.Input((3,)), *layers]), np.array([[1, 2, 2], [3, 4, 0]])
    for layer in (layers[0], layers[2]):
        layer.enable_lora(2, lora_alpha=6)
        layer.set_weights([np.random.default_rng(0).normal(size=weight.shape) for weight in layer.weights])
    save_tuned(model, tmp_path / "tuned.keras")
    loaded = load_tuned(tmp_path / "tuned.keras")
    assert loaded.predict_on_batch(inputs) == pytest.approx(model.predict_on_batch(inputs), abs=1e-6)
    assert (loaded.layers[2].lora_rank, loaded.layers[2].lora_alpha) == (2, 6)
    assert trainable_count(loaded) == trainable_count(model)


def test_a_model_that_was_compiled_and_took_no_step_starts_at_its_first(tmp_path):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.5), "mse")
    save_tuned(model, tmp_path / "tuned.keras")
    loaded = load_tuned(tmp_path / "tuned.keras")
    assert float(loaded.optimizer.learning_rate) == 0.5
    assert int(loaded.optimizer.iterations) == 0


def test_another_file_is_named(tmp_path):
    path = tmp_path / "plain.keras"
    keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)]).save(path)
    with pytest.raises(ValueError, match="plain.keras was not written by save_tuned. Load it with keras.models"):
        load_tuned(path)
    with pytest.raises(ValueError, match="must end in .keras; got '.*tuned.h5'"):
        save_tuned(keras.Sequential([keras.Input((1,))]), tmp_path / "tuned.h5")


def test_a_model_that_has_lora_is_refused_by_what_sets_flags_anew(small_bert):
    model = sentence_classifier(small_bert[0])
    add_lora(model, rank=2)
    count = trainable_count(model)
    for change in (
        lambda: add_lora(model, rank=2),
        lambda: train_top(model, 2),
        lambda: sentence_classifier(SentenceEncoder("tuned", model, letters, 1, "made")),
    ):
        with pytest.raises(ValueError, match="has LoRA already.*Start from a model without"):
            change()
    assert trainable_count(model) == count


def test_lora_needs_attention():
    network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(2)])
    with pytest.raises(ValueError, match="LoRA needs a transformer; .* has no queries and values"):
        SentenceTuner(SentenceEncoder("plain", network, letters, 2, "made"), "lora")


@pytest.mark.parametrize("change", [add_lora, lambda model: train_top(model, 1)])
def test_flags_that_change_after_a_compile_ask_for_another(small_bert, change):
    model = sentence_classifier(small_bert[0])
    model.compile("sgd", "mse")
    change(model)
    with pytest.raises(ValueError, match="compile"):
        model.train_on_batch(letters(SENTENCES), LABELS)
