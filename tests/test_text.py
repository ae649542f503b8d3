import json
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

import tlcourse.text as module
from tlcourse.assets import AssetMissing
from tlcourse.text import SentenceEncoder, encode, load_encoder

REFERENCE = json.loads(Path(__file__).with_name("minilm_reference.json").read_text(encoding="utf-8"))
TENSORFLOW = pytest.mark.skipif(keras.config.backend() != "tensorflow", reason="Hub modules need TensorFlow")


@pytest.fixture
def lengths():
    """An encoder that counts characters, and the batches it has seen."""
    seen = []

    def preprocess(sentences):
        seen.append(sentences)
        return np.array([[len(sentence)] for sentence in sentences], "float32")

    model = keras.Sequential([keras.Input((1,)), keras.layers.Rescaling(2.0)])
    return SentenceEncoder("lengths", model, preprocess, 1, "made"), seen


def test_vectors_come_in_the_order_of_the_sentences_whatever_the_batches(lengths):
    encoder, seen = lengths
    sentences = ["four", "a", "", "seventeen letters", "bb"]
    assert encode(encoder, sentences, batch_size=2, cache=False).ravel().tolist() == [8, 2, 0, 34, 4]
    assert seen == [["", "a"], ["bb", "four"], ["seventeen letters"]]


def test_the_second_call_reads_and_another_sentence_computes(lengths):
    encoder, seen = lengths
    encode(encoder, ["a", "bb"])
    assert len(seen) == 2  # once for the key, once for the network
    assert encode(encoder, np.array(["a", "bb"])).ravel().tolist() == [2, 4]
    assert len(seen) == 3
    encode(encoder, ["a", "b b"])
    encode(encoder, ["ab", "b"], cache=False)
    assert len(seen) == 6
    assert encode(encoder, "one sentence").shape == (1, 1)


def test_a_cut_between_sentences_elsewhere_is_another_list(lengths):
    assert encode(lengths[0], ["aaa\0b", "c"]).ravel().tolist() == [10, 2]
    assert encode(lengths[0], ["aaa", "b\0c"]).ravel().tolist() == [6, 6]


def test_another_way_to_read_the_sentences_computes(lengths):
    encoder, _ = lengths
    assert encode(encoder, ["a", "bb"]).ravel().tolist() == [2, 4]
    twice = replace(encoder, preprocess=lambda sentences: 2 * encoder.preprocess(sentences))
    assert encode(twice, ["a", "bb"]).ravel().tolist() == [4, 8]


@pytest.mark.parametrize("bad", [0, -1, 2.0, True])
def test_batches_need_a_whole_number_of_sentences(lengths, bad):
    with pytest.raises(ValueError, match="batch_size must be a whole number from 1 on; got"):
        encode(lengths[0], ["a"], batch_size=bad)


@pytest.mark.parametrize("bad", [[], b"bytes", [b"bytes"], ["fine", None], [3.0], None, 5])
def test_what_is_no_sentence_is_refused(lengths, bad):
    with pytest.raises(ValueError, match="Sentences must be strings, at least one; got"):
        encode(lengths[0], bad)


def test_unknown_encoders_and_missing_weights_are_named(monkeypatch):
    with pytest.raises(ValueError, match="Unknown sentence encoder 'minilm6'. Known: minilm"):
        load_encoder("minilm6")
    monkeypatch.setenv("TLCOURSE_OFFLINE", "1")
    with pytest.raises(AssetMissing, match="tlcourse fetch minilm"):
        load_encoder("minilm")


@pytest.mark.slow
def test_minilm_gives_the_vectors_of_sentence_transformers():
    try:
        minilm = load_encoder("minilm")
    except AssetMissing as error:
        pytest.skip(f"the network is needed once: {error}")
    vectors = encode(minilm, REFERENCE["sentences"])
    assert np.abs(vectors - REFERENCE["vectors"]).max() < 1e-3
    alone = [encode(minilm, sentence)[0] for sentence in REFERENCE["sentences"]]
    assert np.abs(vectors - alone).max() < 1e-5


@TENSORFLOW
def test_wordhub_is_the_mean_over_known_words():
    wordhub = load_encoder("wordhub")
    good, film, both, loud, none, negated, other = encode(
        wordhub, ["good", "film", "a-film: GOOD zzzqx", "GOOD!", "zzzqx", "don't", "do nt"]
    )
    curly, accented, surrogate = encode(wordhub, ["DON’T", "naïve", "good \ud800"])
    assert np.array_equal(curly, negated)
    assert not accented.any()
    assert np.array_equal(surrogate, good)
    (article,) = encode(wordhub, ["a"])
    assert np.allclose(both, (article + good + film) / 3, atol=1e-6)
    assert np.array_equal(loud, good)
    assert not none.any()
    assert negated.any()
    assert not np.allclose(negated, other)


@TENSORFLOW
def test_the_module_that_pretraining_writes_is_the_mean_of_weighted_vectors(tmp_path):
    from tlcourse.hub import HubLayer
    from tlcourse.pretrain.wordhub import SMOOTH, _save, weights

    _save(["the", "dont"], np.array([[1.0, 0.0], [0.0, 2.0]]), tmp_path / "made")
    sentences = keras.ops.convert_to_tensor(["The other", "the don't", ""])
    assert HubLayer(tmp_path / "made")(sentences).numpy().tolist() == [[1.0, 0.0], [0.5, 1.0], [0.0, 0.0]]
    graph = b"".join(path.read_bytes() for path in (tmp_path / "made").glob("*.pb"))
    assert b"/words.txt" not in graph, "a folder of this machine is in the module"
    first, last = weights(1000)[[0, -1]]
    assert first == pytest.approx(SMOOTH / (SMOOTH + 1 / 7.485471), rel=1e-6)
    assert 0 < first < last < 1


def test_lengths_are_padded_to_few_shapes():
    assert module.LONGEST % module.STEP == 0
