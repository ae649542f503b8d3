"""Sentences into vectors, frozen or fine-tuned."""

from tlcourse.text.classifiers import add_lora, sentence_classifier, train_top, trainable_count
from tlcourse.text.encoders import SentenceEncoder, encode, load_encoder
from tlcourse.text.finetuning import SentenceBatches, SentenceTuner
from tlcourse.text.reading import LONGEST, SentenceTokenizer, Unread, load_tokenizer, unread
from tlcourse.text.saving import load_tuned, save_tuned

__all__ = [
    "LONGEST",
    "SentenceBatches",
    "SentenceEncoder",
    "SentenceTokenizer",
    "SentenceTuner",
    "Unread",
    "add_lora",
    "encode",
    "load_encoder",
    "load_tokenizer",
    "load_tuned",
    "save_tuned",
    "sentence_classifier",
    "train_top",
    "trainable_count",
    "unread",
]
