"""All labels of rt-polarity: a bag of words and frozen MiniLM by 10-fold, fine-tuned MiniLM on one split, three seeds.

Takes an hour and a half on two cores, so `make bench` leaves it out; needs the assets rt-polarity and minilm. The
network is trained on the pool and tested on the reporting part. Epochs and rate were fixed beforehand and not tuned;
with `--development`, to choose them, it is tested on the development part with seed 100.
"""

import sys
import time

import numpy as np

from tlcourse.lesson import quietly

with quietly():
    import keras

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline

from tlcourse.datasets import load_dataset
from tlcourse.evaluation import clustered_mean, mean_interval
from tlcourse.text import SentenceTuner, encode, load_encoder

EPOCHS, RATE, BATCH = 2, 1e-4, 32


def ten_fold(name, model, inputs, labels):
    folds = StratifiedKFold(10, shuffle=True, random_state=0)
    scores = cross_val_score(model, inputs, labels, cv=folds)
    print(f"{name}, 10-fold: {mean_interval(scores)}", flush=True)


if __name__ == "__main__":
    development = "--development" in sys.argv
    reviews = load_dataset("rt-polarity", "development" if development else "reporting")
    pool, test, minilm = reviews.pool, reviews.test, load_encoder("minilm")
    head = LogisticRegression(C=1, max_iter=1000).fit(encode(minilm, pool.texts), pool.labels)
    if not development:
        words = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LogisticRegression(C=10))
        ten_fold("bag of words and pairs", words, reviews.texts, reviews.labels)
        ten_fold(
            "frozen MiniLM", LogisticRegression(C=10, max_iter=2000), encode(minilm, reviews.texts), reviews.labels
        )
        frozen = head.predict(encode(minilm, test.texts)) == test.labels
        print(f"frozen MiniLM on the split: {clustered_mean(frozen.astype(float))}", flush=True)
    tuner = SentenceTuner(load_encoder("minilm"), "all")
    shares = []
    for seed in (100,) if development else (0, 1, 2):
        keras.utils.set_random_seed(seed)
        started = time.perf_counter()
        tuner.fit(pool.texts, pool.labels, head, epochs=EPOCHS, rate=RATE, seed=seed, batch_size=BATCH)
        right = (tuner.log_odds(test.texts) > 0) == test.labels
        shares.append(right.mean())
        minutes = (time.perf_counter() - started) / 60
        print(f"fine-tuned, seed {seed}: {clustered_mean(right.astype(float))}, {minutes:.0f} minutes", flush=True)
    print(f"fine-tuned, mean over {len(shares)} seeds: {np.mean(shares):.4f}")
