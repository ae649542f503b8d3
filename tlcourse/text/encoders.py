"""Sentences into vectors: a transformer through KerasHub, static vectors through a Hub module."""

import itertools
import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np

from tlcourse.assets import fetch
from tlcourse.checks import known
from tlcourse.keeping import computed_once, fingerprint
from tlcourse.networks import use_xla
from tlcourse.text.reading import SentenceTokenizer, checked_sentences, load_tokenizer, minilm_pieces, warn_of_unread


@dataclass(frozen=True)
class SentenceEncoder:
    """A network together with what turns sentences into its input.

    Attributes:
        name: what the course calls it.
        model: a Keras model from ``preprocess``'s output to vectors ``(n, width)``.
        preprocess: function from a list of strings to the model's input. It cuts what is too long silently.
        width: numbers in a vector.
        card: trained on what, by whom, under which licence.
        tokenizer: a `SentenceTokenizer`, by which `unread` counts, or ``None``: then nobody is warned.
    """

    name: str
    model: keras.Model
    preprocess: Callable
    width: int
    card: str
    tokenizer: SentenceTokenizer | None = None


def load_encoder(name):
    """Load a sentence encoder.

    Args:
        name: ``"minilm"``, a transformer that is fetched once, or ``"wordhub"``, static word vectors that come with the
            course as a TensorFlow Hub module, for the TensorFlow backend alone.

    Returns:
        A `SentenceEncoder`.

    Raises:
        ValueError: if the name is unknown.
        AssetMissing: if MiniLM has to be fetched first.
        RuntimeError: if ``"wordhub"`` is asked for on another backend than TensorFlow.

    Example:
        ``encode(load_encoder("wordhub"), ["A fine film."])`` has shape ``(1, 64)``.
    """
    return {"minilm": _minilm, "wordhub": _wordhub}[known("sentence encoder", name, ["minilm", "wordhub"])]()


def encode(encoder, sentences, *, batch_size=64, cache=True):
    """Turn sentences into vectors with a frozen encoder, once, and keep the result.

    Sentences are sorted by length for the network, so that little padding is computed; the order of the result is that
    of the sentences.

    Args:
        encoder: a `SentenceEncoder`.
        sentences: n strings, n at least 1.
        batch_size: sentences in a batch.
        cache: whether to read and write the cache.

    Returns:
        float32 vectors ``(n, width)``.

    Raises:
        ValueError: if there is no sentence, one is empty or no string, or ``batch_size`` is below 1.

    Warns:
        UserWarning: if texts are longer than the encoder reads, or hardly known to it, once each (see `unread`); if an
            encoder without a tokenizer gives zeros.
    """
    sentences = checked_sentences(sentences)
    batches = batches_by_length(sentences, batch_size)
    warn_of_unread(encoder, sentences, stacklevel=2)

    def read(rows):
        return encoder.preprocess([sentences[row] for row in rows])

    def compute(names):
        vectors = np.empty((len(sentences), encoder.width), "float32")
        for rows in batches:
            vectors[rows] = encoder.model.predict_on_batch(read(rows))
        return {encoder.name: vectors}

    seen = itertools.chain([encoder.name, json.dumps(sentences)], map(read, batches))
    key = fingerprint(encoder.model, seen) if cache else ""
    vectors = (computed_once(key, [encoder.name], len(sentences), compute) if key else compute([]))[encoder.name]
    empty = np.flatnonzero(~vectors.any(axis=1))
    if len(empty) and encoder.tokenizer is None:
        warnings.warn(
            f"{len(empty)} of {len(sentences)} sentences have no word that {encoder.name} knows, such as "
            f"{sentences[empty[0]][:40]!r}: their vectors are zeros.",
            stacklevel=2,
        )
    return vectors


def batches_by_length(sentences, batch_size):
    """Return the rows of each batch, of sentences about equally long, so that little padding is computed.

    Raises:
        ValueError: if ``batch_size`` is no whole number from 1 on.

    >>> [rows.tolist() for rows in batches_by_length(["four", "a", "bb"], 2)]
    [[1, 2], [0]]
    """
    if isinstance(batch_size, bool) or not isinstance(batch_size, int | np.integer) or batch_size < 1:
        raise ValueError(f"batch_size must be a whole number from 1 on; got {batch_size!r}.")
    order = np.argsort([len(sentence) for sentence in sentences], kind="stable")
    return [order[start : start + batch_size] for start in range(0, len(order), batch_size)]


def _minilm():
    """Load all-MiniLM-L6-v2: mean of the tokens' last states, brought to length 1 (Reimers & Gurevych 2019)."""
    import keras_hub

    folder = {fetch(name).path.parent for name in ("minilm", "minilm-config", "minilm-tokenizer")}.pop()
    tokenizer = minilm_pieces()
    backbone = keras_hub.models.BertBackbone.from_preset(str(folder))
    states = backbone.output["sequence_output"]
    mask = keras.ops.expand_dims(keras.ops.cast(backbone.input["padding_mask"], states.dtype), -1)
    mean = keras.ops.sum(states * mask, axis=1) / keras.ops.sum(mask, axis=1)
    model = keras.Model(backbone.input, keras.layers.UnitNormalization(name="unit_length")(mean), name="minilm")
    model.compile(jit_compile=use_xla())

    def preprocess(sentences):
        encoded = tokenizer.encode_batch(sentences)
        ids = np.array([each.ids for each in encoded])
        mask = np.array([each.attention_mask for each in encoded])
        return {"token_ids": ids, "padding_mask": mask, "segment_ids": np.zeros_like(ids)}

    card = "all-MiniLM-L6-v2, trained by its authors on 1.17 billion pairs of sentences. Apache-2.0."
    return SentenceEncoder("minilm", model, preprocess, model.output.shape[-1], card, load_tokenizer("minilm"))


def _wordhub():
    """Load the bundled static vectors: the mean over a sentence's known words."""
    from tlcourse.hub import HubLayer

    model = keras.Sequential([keras.Input((), dtype="string"), HubLayer("wordhub", name="module")], name="wordhub")
    model.compile(jit_compile=False)  # strings are not for XLA
    card = "Static word vectors distilled from all-MiniLM-L6-v2 by `tlcourse pretrain wordhub`. Apache-2.0."
    read, width = keras.ops.convert_to_tensor, model.output_shape[-1]
    return SentenceEncoder("wordhub", model, read, width, card, load_tokenizer("wordhub"))
