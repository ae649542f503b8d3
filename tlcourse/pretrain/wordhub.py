"""`wordhub`: static word vectors distilled from MiniLM, as a TensorFlow Hub module."""

import json
import re
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np

from tlcourse import __version__
from tlcourse.assets import data_folder, fetch
from tlcourse.pretrain.make import write_card
from tlcourse.text import encode, load_encoder

WORDS = 14_000
"""Words of the vocabulary; with the width it keeps the module below 4 MB."""

WIDTH = 64
SMOOTH = 1e-3
"""``a`` in the weight of a word, ``a / (a + p)`` (Arora, Liang & Ma 2017), chosen on the development part of
rt-polarity among 1e-4, 1e-3, no weight and the logarithm of the rank."""

NEGATIONS = (
    "aren't can't couldn't didn't doesn't don't hadn't hasn't haven't isn't mustn't needn't shouldn't wasn't weren't "
    "won't wouldn't"
)


def pretrain_wordhub(folder=None):
    """Distil MiniLM into static word vectors and write them as a SavedModel, with a card.

    The vocabulary is the whole words of MiniLM's own, which stand in the order of their frequency, and negations. Each
    is embedded once, alone; the vectors are reduced by principal components and weighted by frequency, the probability
    of the word of rank r taken as proportional to 1/r (Zipf). A sentence's vector is the mean over its known words.

    Args:
        folder: where to write; by default `data/weights/`, replacing what is bundled.

    Returns:
        The card that was written, a dictionary.

    Raises:
        AssetMissing: if MiniLM has to be fetched first.

    Source:
        The recipe resembles Tulkens & van Dongen (2024), *Model2Vec*.
    """
    started = time.monotonic()
    minilm, words = load_encoder("minilm"), vocabulary()
    vectors, kept = reduced(encode(minilm, words, cache=False), WIDTH)
    vectors *= weights(len(words))[:, None]
    folder = folder or data_folder() / "weights"
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        _save([word.replace("'", "") for word in words], vectors, Path(temporary, "wordhub"))
        shutil.rmtree(folder / "wordhub", ignore_errors=True)
        Path(temporary, "wordhub").replace(folder / "wordhub")
    card = {
        "trained_on": "the vocabulary of all-MiniLM-L6-v2, each word embedded by it alone",
        "licence": "Apache-2.0, as MiniLM",
        "command": "tlcourse pretrain wordhub",
        "minutes": round((time.monotonic() - started) / 60, 1),
        "words": len(words),
        "width": WIDTH,
        "variance_kept": round(kept, 3),
        "bytes": sum(path.stat().st_size for path in (folder / "wordhub").rglob("*") if path.is_file()),
        "teacher_sha256": fetch("minilm").sha256,
        "tlcourse": __version__,
    }
    write_card(card, folder / "wordhub.toml")
    return card


def vocabulary(n=WORDS):
    """Return the first ``n`` whole words of MiniLM's vocabulary, and the negations."""
    tokens = json.loads(fetch("minilm-tokenizer").path.read_text(encoding="utf-8"))["model"]["vocab"]
    ranked = sorted(tokens, key=tokens.get)
    return [token for token in ranked if re.fullmatch("[a-z]+|[0-9]+", token)][:n] + NEGATIONS.split()


def reduced(vectors, width):
    """Return the first principal components of vectors ``(n, m)``, and the share of the variance that they keep.

    >>> line = np.outer([-1.0, 0.0, 1.0], [3.0, 4.0])
    >>> components, kept = reduced(line, 1)
    >>> np.abs(components.ravel()).round(6).tolist(), round(kept, 6)
    ([5.0, 0.0, 5.0], 1.0)
    """
    centred = vectors - vectors.mean(axis=0)
    _, scales, axes = np.linalg.svd(centred, full_matrices=False)
    return centred @ axes[:width].T, float((scales[:width] ** 2).sum() / (scales**2).sum())


def weights(n):
    """Return the weight of each of ``n`` words by rank, between 0 and 1: frequent words count less."""
    ranks = np.arange(1, n + 1)
    share = 1 / ranks / (1 / ranks).sum()
    return SMOOTH / (SMOOTH + share)


def _save(words, vectors, folder):
    import tensorflow as tf

    class WordVectors(tf.Module):
        """Sentences in, one vector each out."""

        def __init__(self, words, vectors):
            super().__init__()
            self.vectors = tf.Variable(vectors, dtype="float32", name="vectors")
            rows = tf.lookup.TextFileInitializer(
                words, "string", tf.lookup.TextFileIndex.WHOLE_LINE, "int64", tf.lookup.TextFileIndex.LINE_NUMBER
            )
            self.rows = tf.lookup.StaticHashTable(rows, default_value=-1, experimental_is_anonymous=True)

        @tf.function(input_signature=[tf.TensorSpec([None], "string", name="sentences")])
        def __call__(self, sentences):
            text = tf.strings.regex_replace(tf.strings.lower(sentences, "utf-8"), "n['’]t", "nt")
            words = tf.strings.split(tf.strings.regex_replace(text, r"[^\pL\pN]+", " "))
            rows = tf.ragged.map_flat_values(self.rows.lookup, words)
            rows = tf.ragged.boolean_mask(rows, rows >= 0)
            total = tf.reduce_sum(tf.gather(self.vectors, rows), axis=1)
            return total / tf.maximum(tf.cast(rows.row_lengths(), "float32"), 1.0)[:, None]

    with tempfile.TemporaryDirectory() as temporary:
        listed = Path(temporary, "words.txt")
        listed.write_text("\n".join(words) + "\n", encoding="utf-8")
        tf.saved_model.save(WordVectors(str(listed), vectors), str(folder))
