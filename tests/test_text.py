import json
import warnings
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from made import letters
from sklearn.linear_model import LogisticRegression

import tlcourse.text.reading as module
from tlcourse.assets import AssetMissing
from tlcourse.text import (
    SentenceBatches,
    SentenceEncoder,
    SentenceTuner,
    add_lora,
    encode,
    load_encoder,
    load_tokenizer,
    sentence_classifier,
    train_top,
    trainable_count,
    unread,
)

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
    sentences = ["four", "a", "ccc", "seventeen letters", "bb"]
    assert encode(encoder, sentences, batch_size=2, cache=False).ravel().tolist() == [8, 2, 6, 34, 4]
    assert seen == [["a", "bb"], ["ccc", "four"], ["seventeen letters"]]


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


@pytest.mark.parametrize("bad", [[], b"bytes", [b"bytes"], ["fine", None], [3.0], None, 5, ["fine", ""], [" "]])
def test_what_is_no_sentence_is_refused(lengths, bad):
    with pytest.raises(ValueError, match="Sentences must be strings with words, at least one; got"):
        encode(lengths[0], bad)


def test_unknown_encoders_and_missing_weights_are_named(monkeypatch):
    with pytest.raises(ValueError, match="Unknown sentence encoder 'minilm6'.*Known: minilm"):
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
    given = [each for each in zip(REFERENCE["sentences"], REFERENCE["vectors"], strict=True) if each[0]]
    sentences, wanted = zip(*given, strict=True)  # an empty one is refused here
    vectors = encode(minilm, sentences)
    assert np.abs(vectors - wanted).max() < 1e-3
    alone = [encode(minilm, sentence)[0] for sentence in sentences]
    assert np.abs(vectors - alone).max() < 1e-5


@TENSORFLOW
def test_wordhub_is_the_mean_over_known_words():
    wordhub = load_encoder("wordhub")
    good, film, both, loud, none, negated, other = encode(
        wordhub, ["good", "film", "a-film: GOOD zzzqx", "GOOD!", "zzzqx", "don't", "do nt"]
    )
    with pytest.warns(UserWarning, match="1 of 3 texts are mostly unknown to wordhub, such as 'naïve'"):
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


@pytest.fixture
def words(lengths):
    """An encoder that counts characters, with a tokenizer of two words that stops after three tokens."""
    import tokenizers

    of_words = tokenizers.models.WordLevel({"[UNK]": 0, "[CLS]": 1, "good": 2, "film": 3}, unk_token="[UNK]")
    tokenizer = tokenizers.Tokenizer(of_words)
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.post_processor = tokenizers.processors.TemplateProcessing("[CLS] $A", special_tokens=[("[CLS]", 1)])
    tokenizer.enable_truncation(4)
    return replace(lengths[0], tokenizer=module.SentenceTokenizer("words", 3, module._pieces(tokenizer)))


STRANGE = ["good film", "вот", "good 好", "good 好 吗", "good good film film", "\u200b", "film film film"]


def test_what_is_cut_and_what_is_mostly_unknown_is_counted_by_rows(words, lengths):
    found = unread(words, STRANGE)
    assert (found.cut.tolist(), found.unknown.tolist()) == ([4], [1, 3, 5])
    assert found.messages[0].startswith("1 of 7 texts are longer than the 3 tokens that words reads, such as 'good go")
    assert found.messages[1].startswith("3 of 7 texts are mostly unknown to words, such as 'вот': such texts may all")
    nothing = unread(words.tokenizer, ["good film"] * 2)
    assert not len(nothing.cut) and not len(nothing.unknown) and nothing.messages == ()
    with pytest.raises(ValueError, match="'lengths' has no tokenizer. Give one"):
        unread(lengths[0], ["good"])
    with pytest.raises(ValueError, match="Sentences must be strings with words"):
        unread(words, [""])


def test_what_is_not_read_is_said_once_a_call_and_counts_all_sentences(words, monkeypatch):
    monkeypatch.setattr(module, "TOGETHER", 2)
    for read in (
        lambda: encode(words, STRANGE, batch_size=1),
        lambda: encode(words, STRANGE, batch_size=1),  # from the cache
        lambda: SentenceBatches(words, STRANGE, np.zeros(7), batch_size=1).on_epoch_end(),
    ):
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            read()
        ours = [each for each in said if each.category is UserWarning]
        assert [str(each.message)[:20] for each in ours] == ["1 of 7 texts are lon", "3 of 7 texts are mos"]
    assert ours[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        encode(words, ["good film", "film"])


@TENSORFLOW
def test_words_are_cut_without_the_module_as_the_module_cuts_them():
    wordhub = load_encoder("wordhub")
    each = [
        "good",
        "GOOD",
        "don’T",
        "do_not",
        "naïve",
        "zzzqx",
        "é",
        "2",
        "１２",
        "!",
        "film2",
        "can't.",
        "ﬁlm",
        "a\u0301",
    ]
    with pytest.warns(UserWarning, match="of 14 texts are mostly unknown to wordhub"):
        vectors = encode(wordhub, each)
    counts = load_tokenizer("wordhub").count(each)
    assert vectors.any(axis=1).tolist() == (counts[:, 1] < counts[:, 0]).tolist()
    assert counts[3].tolist() == [2, 0, 0]


@pytest.mark.slow
def test_minilm_says_which_texts_it_does_not_know_without_its_network():
    try:
        tokenizer = load_tokenizer("minilm")
    except AssetMissing as error:
        pytest.skip(f"the network is needed once: {error}")
    found = unread(tokenizer, ["A fine film.", "วันนี้อากาศดี", "ฉันไม่ชอบหนัง", "a " * 254, "a " * 255, "Это хороший фильм"])
    assert (found.cut.tolist(), found.unknown.tolist()) == ([4], [1, 2])


def test_lengths_are_padded_to_few_shapes():
    assert module.LONGEST % module.STEP == 0


def test_batches_of_near_lengths_hold_every_sentence_once_an_epoch(lengths):
    encoder, _ = lengths
    sentences, labels = ["x" * (1 + at % 40) for at in range(50)], np.arange(50) % 2
    batches = SentenceBatches(encoder, sentences, labels, batch_size=4, seed=3)
    assert len(batches) == 13
    first = [batches[at] for at in range(13)]
    assert sorted(np.concatenate([inputs.ravel() for inputs, _ in first])) == sorted(map(len, sentences))
    spread = np.mean([np.ptp(inputs) for inputs, _ in first])
    assert spread < np.mean([np.ptp(np.random.default_rng(at).choice(40, 4)) for at in range(99)]) / 2
    batches.on_epoch_end()
    assert any(
        len(a[1]) != len(b[1]) or (a[0] != b[0]).any()
        for a, b in zip(first, map(batches.__getitem__, range(13)), strict=True)
    )


def test_the_first_two_batches_are_the_narrowest_and_the_widest_and_labels_must_be_as_many(small_bert):
    batches = SentenceBatches(small_bert[0], ["x" * n for n in (5, 5, 9, 5, 2, 5)], np.ones(6), batch_size=1)
    for _ in range(5):
        widths = [batches[at][0]["token_ids"].shape[1] for at in range(6)]
        assert widths == [2, 9, 5, 5, 5, 5]
        batches.on_epoch_end()
    with pytest.raises(ValueError, match="one label for each of 2; got"):
        SentenceBatches(small_bert[0], ["a", "b"], [1])
    with pytest.raises(ValueError, match="batch_size must be at least 1; got 0"):
        SentenceBatches(small_bert[0], ["a", "b"], [0, 1], batch_size=0)


def test_training_the_top_freezes_what_is_below(small_bert):
    model = sentence_classifier(small_bert[0])
    train_top(model, 1)
    assert [layer.name for layer in model.layers if layer.trainable_variables] == ["transformer_layer_2", "head"]
    train_top(model, 0)
    assert trainable_count(model) == 9
    with pytest.raises(ValueError, match="layers must be from 0 to 3; got 4"):
        train_top(model, 4)


def test_lora_starts_as_nothing_trains_little_and_leaves_the_frozen_weights(small_bert):
    encoder, inputs = small_bert
    model = sentence_classifier(encoder)
    before = model.predict(inputs, verbose=0)
    add_lora(model, rank=2)
    assert np.array_equal(model.predict(inputs, verbose=0), before)
    # a layer's kernel is (8, 2 heads, 4): A is (8, 2, rank), B (rank, 4)
    assert trainable_count(model) == 9 + 3 * 2 * (8 * 2 * 2 + 2 * 4)
    kept = [variable for variable in model.non_trainable_variables if "seed" not in variable.path]  # of dropout
    frozen = [np.array(variable) for variable in kept]
    model.compile(keras.optimizers.SGD(0.5), keras.losses.BinaryCrossentropy(from_logits=True))
    model.fit(inputs, np.array([0.0, 1.0]), epochs=2, verbose=0)
    assert all(np.array_equal(a, variable) for a, variable in zip(frozen, kept, strict=True))
    assert not np.array_equal(model.predict(inputs, verbose=0), before)
    with pytest.raises(ValueError, match="rank must be at least 1; got 0"):
        add_lora(model, rank=0)


@pytest.mark.slow
def test_each_fit_of_a_tuner_starts_anew_and_its_answers_keep_the_order_of_the_sentences(small_bert):
    encoder = small_bert[0]
    sentences, labels = ["aaaa", "bbbb", "aaa", "b"], [1, 0, 1, 0]  # the lengths of the first two don't vary
    head = LogisticRegression().fit(encoder.model.predict(letters(["aaaa", "bbbb"]), verbose=0), [1, 0])
    tuner = SentenceTuner(encoder, "all")
    how = dict(epochs=4, rate=0.02, seed=0, batch_size=1)
    first = tuner.fit(sentences, labels, head, **how).log_odds(sentences)
    tuner.fit(sentences, [0, 1, 0, 1], head, **how)
    other = tuner.log_odds(sentences)
    again = tuner.fit(sentences, labels, head, **how).log_odds(sentences)
    assert np.abs(other - first).max() > 0.01
    assert np.abs(again - first).max() < 1e-4
    assert np.abs(tuner.log_odds(sentences[::-1]) - first[::-1]).max() < 1e-4


def a_head(width=8):
    return LogisticRegression().fit(np.random.default_rng(0).normal(size=(4, width)), [0, 1, 0, 1])


@pytest.fixture
def static():
    """An encoder that is a mean over vectors of letters: quick to compile."""
    keras.utils.set_random_seed(0)
    embedding = keras.layers.Embedding(30, 2, name="token_embedding")
    network = keras.Sequential([keras.Input((None,)), embedding, keras.layers.GlobalAveragePooling1D()])
    return SentenceEncoder("static", network, lambda sentences: letters(sentences)["token_ids"], 2, "made")


def test_the_first_step_of_a_token_that_occurs_nine_times_is_the_rate(static):
    tuner = SentenceTuner(static, "all")
    before = tuner.model.get_layer("token_embedding").get_weights()[0]
    tuner.fit(["aaaaaaaaab"], [1], a_head(2), epochs=1, rate=0.01, seed=0)
    step = np.abs(tuner.model.get_layer("token_embedding").get_weights()[0] - before)
    assert step[[ord(letter) % 30 for letter in "ab"]] == pytest.approx(np.full((2, 2), 0.01), rel=0.01)
    assert np.count_nonzero(step) == 4


def test_embeddings_of_a_transformer_sum_repeated_rows(small_bert):
    model = sentence_classifier(small_bert[0])
    summed = [weight.shape for weight in model.weights if weight.regularizer is not None]
    assert summed == [(30, 8), (2, 8)]  # tokens and segments; Keras takes positions as a slice


def test_a_tuner_leaves_the_encoder_and_the_other_tuners_as_they_are(static):
    sentences, before = ["abc", "bcd"], static.model.get_weights()[0]
    vectors = encode(static, sentences, cache=False)
    first = SentenceTuner(static, "all").fit(sentences, [0, 1], a_head(2), epochs=1, rate=0.1, seed=0)
    answers = first.log_odds(sentences)
    second = SentenceTuner(static, "all")
    assert np.array_equal(encode(static, sentences, cache=False), vectors)
    for kept in (static.model, second.model):
        assert np.array_equal(kept.get_weights()[0], before)
    second.fit(sentences, [1, 0], a_head(2), epochs=1, rate=0.1, seed=0)
    assert np.array_equal(first.log_odds(sentences), answers)


def test_a_tuner_trains_what_it_would_train_as_the_first_one(small_bert):
    alone = small_bert[0].model.count_params() + 9
    counts = [trainable_count(SentenceTuner(small_bert[0], how).model) for how in ("top", "lora", "all")]
    assert counts[2] == alone > counts[0] > counts[1]


def test_a_copy_of_an_encoder_normalises_as_the_encoder_does():
    normalization = keras.layers.Normalization()
    normalization.adapt(np.array([[1.0], [5.0]], "float32"))
    network = keras.Sequential([keras.Input((1,)), normalization])
    model = sentence_classifier(SentenceEncoder("normal", network, None, 1, "made"))
    copied = keras.Model(model.input, model.get_layer("head").input)
    assert copied.predict_on_batch(np.array([[1.0], [5.0]], "float32")).tolist() == [[-1.0], [1.0]]


def test_every_flag_is_set_whatever_it_was_before(small_bert):
    model = sentence_classifier(small_bert[0])
    train_top(model, 1)
    top = trainable_count(model)
    for weight in model.trainable_weights:
        weight.trainable = False
    model.trainable = False
    train_top(model, 1)
    assert trainable_count(model) == top > 9
    train_top(model, 3)
    add_lora(model, rank=2)
    assert trainable_count(model) == 9 + 3 * 2 * (8 * 2 * 2 + 2 * 4)


def test_labels_other_than_0_and_1_and_batches_below_1_are_refused(small_bert):
    tuner = SentenceTuner(small_bert[0], "top")
    for bad in ([1, 2], [0, np.nan], [0, 0.5]):
        with pytest.raises(ValueError, match="Labels must be 0 or 1; got"):
            tuner.fit(["a", "b"], bad, None, epochs=1, rate=0.1, seed=0)
    with pytest.raises(ValueError, match="random until it was fitted"):
        tuner.log_odds(["a", "b"])
    tuner.model.optimizer.iterations.assign(1)
    with pytest.raises(ValueError, match="batch_size must be a whole number from 1 on; got -1"):
        tuner.log_odds(["a", "b"], batch_size=-1)


def test_ways_to_fine_tune_are_named_and_there_are_epochs_and_a_rate(small_bert):
    with pytest.raises(ValueError, match="Unknown way to fine-tune 'lorra'.*Known: lora"):
        SentenceTuner(small_bert[0], "lorra")
    tuner = SentenceTuner(small_bert[0], "top")
    with pytest.raises(ValueError, match="an epoch or more and a rate above 0; got 0 and 0.1"):
        tuner.fit(["a", "b"], [0, 1], None, epochs=0, rate=0.1, seed=0)
    with pytest.raises(ValueError, match="got 1 and -1"):
        tuner.fit(["a", "b"], [0, 1], None, epochs=1, rate=-1, seed=0)
