"""Sentences into vectors, frozen or fine-tuned."""

from tlcourse.text.encoders import LONGEST, SentenceEncoder, encode, load_encoder
from tlcourse.text.finetuning import (
    SentenceBatches,
    add_lora,
    fine_tune_sentences,
    sentence_classifier,
    train_top,
    trainable_count,
)

__all__ = [
    "LONGEST",
    "SentenceBatches",
    "SentenceEncoder",
    "add_lora",
    "encode",
    "fine_tune_sentences",
    "load_encoder",
    "sentence_classifier",
    "train_top",
    "trainable_count",
]
