"""Sentences into vectors, frozen or fine-tuned."""

from tlcourse.text.encoders import LONGEST, SentenceEncoder, encode, load_encoder
from tlcourse.text.finetuning import (
    SentenceBatches,
    SentenceTuner,
    add_lora,
    sentence_classifier,
    train_top,
    trainable_count,
)

__all__ = [
    "LONGEST",
    "SentenceBatches",
    "SentenceEncoder",
    "SentenceTuner",
    "add_lora",
    "encode",
    "load_encoder",
    "sentence_classifier",
    "train_top",
    "trainable_count",
]
