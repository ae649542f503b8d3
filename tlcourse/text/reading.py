"""What an encoder reads of a text: its tokens, those it does not know, and where it stops."""

import re
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from tlcourse.assets import data_folder, fetch
from tlcourse.checks import known

LONGEST = 256
"""Tokens of a sentence that MiniLM reads; its authors trained it on no more."""

STEP = 16
"""Batches are padded to a multiple of this many tokens, so that few shapes are compiled."""

TOGETHER = 1024
"""Sentences that are cut together where they are counted, so that a large file takes little memory."""


@dataclass(frozen=True)
class SentenceTokenizer:
    """What cuts sentences into tokens, without the network that reads them.

    Attributes:
        name: of the encoder.
        longest: tokens that it reads, or ``None`` where there is no limit.
        count: function from a list of n strings to an int array ``(n, 3)``: tokens that are read, how many of them are
            unknown, and 1 where the text goes on after them, else 0.
    """

    name: str
    longest: int | None
    count: Callable


@dataclass(frozen=True)
class Unread:
    """Which of some sentences an encoder does not read, or not to the end.

    Attributes:
        cut: rows of sentences that are longer than it reads, int ``(k,)``, ascending.
        unknown: rows of sentences of which it knows less than half of the tokens, int ``(k,)``, ascending.
        messages: what to tell a reader, a sentence or two for each of the two that is not empty.
    """

    cut: np.ndarray
    unknown: np.ndarray
    messages: tuple


def unread(encoder, sentences):
    """Find the sentences of which an encoder reads the beginning alone, or hardly a token. No network runs.

    Sentences in a script that an encoder was not trained on may all become one and the same vector.

    Args:
        encoder: a `SentenceEncoder` that has a tokenizer, or what `load_tokenizer` returns.
        sentences: n strings, n at least 1.

    Returns:
        An `Unread`.

    Raises:
        ValueError: if the encoder has no tokenizer, or there is no sentence, or one is empty or no string.

    Example:
        ``unread(load_tokenizer("minilm"), ["A fine film.", "วันนี้อากาศดี"]).unknown`` is ``array([1])``.
    """
    tokenizer = getattr(encoder, "tokenizer", encoder)
    if tokenizer is None:
        raise ValueError(f"{encoder.name!r} has no tokenizer. Give one: SentenceEncoder(..., tokenizer=...).")
    sentences = checked_sentences(sentences)
    tokens, strange, goes_on = tokenizer.count(sentences).T
    cut, unknown = np.flatnonzero(goes_on), np.flatnonzero((2 * strange > tokens) | (tokens == 0))
    messages = []
    if len(cut):
        messages.append(
            f"{len(cut)} of {len(sentences)} texts are longer than the {tokenizer.longest} tokens that "
            f"{tokenizer.name} reads, such as {sentences[cut[0]][:40]!r}: only the beginning is read. Split such texts."
        )
    if len(unknown):
        messages.append(
            f"{len(unknown)} of {len(sentences)} texts are mostly unknown to {tokenizer.name}, such as "
            f"{sentences[unknown[0]][:40]!r}: such texts may all get one vector. It has learnt English; for another "
            "language take an encoder that has learnt it."
        )
    return Unread(cut, unknown, tuple(messages))


def warn_of_unread(encoder, sentences, stacklevel):
    """Warn of sentences that an encoder does not read, once for all of them; an encoder without a tokenizer can't."""
    for message in () if encoder.tokenizer is None else unread(encoder, sentences).messages:
        warnings.warn(message, stacklevel=stacklevel + 1)


def checked_sentences(sentences):
    """Return sentences as a list of strings.

    Raises:
        ValueError: if there is none, or one is no string or has no words.
    """
    single = (
        isinstance(sentences, (str, bytes)) or not isinstance(sentences, Iterable) or getattr(sentences, "ndim", 1) == 0
    )
    sentences = [sentences] if single else list(sentences)
    wrong = [sentence for sentence in sentences if not isinstance(sentence, str) or not sentence.strip()]
    if not sentences or wrong:
        came = f"{type(wrong[0]).__name__}: {str(wrong[0])[:40]!r}" if wrong else "none"
        raise ValueError(f"Sentences must be strings with words, at least one; got {came}. Leave empty ones out.")
    return [str(sentence).encode("utf-8", "replace").decode() for sentence in sentences]  # a lone surrogate is no text


def load_tokenizer(name):
    """Load what cuts sentences into tokens for an encoder, in a moment, without its network.

    Args:
        name: as of `load_encoder`.

    Returns:
        A `SentenceTokenizer`.

    Raises:
        ValueError: if the name is unknown.
        AssetMissing: if MiniLM's tokenizer has to be fetched first.
    """
    if known("sentence encoder", name, ["minilm", "wordhub"]) == "wordhub":
        return SentenceTokenizer("wordhub", None, _known_words())
    return SentenceTokenizer("minilm", LONGEST, _pieces(minilm_pieces()))


def minilm_pieces():
    """Return MiniLM's tokenizer, of the library ``tokenizers``: it cuts and pads."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(fetch("minilm-tokenizer").path))
    tokenizer.enable_truncation(LONGEST)
    tokenizer.enable_padding(pad_to_multiple_of=STEP)
    return tokenizer


def _pieces(tokenizer):
    tokenizer.no_padding()
    unknown = tokenizer.token_to_id(tokenizer.model.unk_token)

    def count(sentences):
        counts = []
        for start in range(0, len(sentences), TOGETHER):
            for each in tokenizer.encode_batch(sentences[start : start + TOGETHER]):
                tokens = len(each.ids) - sum(each.special_tokens_mask)  # of beginning and end
                counts.append((tokens, each.ids.count(unknown), bool(each.overflowing)))
        return np.array(counts, "int64")

    return count


def _known_words():
    """Count words and unknown words as the module of static vectors cuts them."""
    listed = (data_folder() / "weights" / "wordhub" / "assets" / "words.txt").read_text(encoding="utf-8")
    vocabulary = set(listed.splitlines())

    def count(sentences):
        cut = [re.findall(r"[^\W_]+", re.sub("n['’]t", "nt", sentence.lower())) for sentence in sentences]
        return np.array([(len(words), sum(word not in vocabulary for word in words), 0) for words in cut], "int64")

    return count
