"""What the course says about sentence vectors. Run by `make bench`; needs the assets rt-polarity and minilm.

200 labelled sentences, 20 draws, on the reporting part of rt-polarity: the course's probe on MiniLM's and on wordhub's
vectors, and a bag of words with its strength of regularisation chosen by cross-validation inside the labels. Then the
seconds for 10,000 sentences, against `predict` on all of them padded to the longest.
"""

import time
import warnings

import numpy as np

from tlcourse.lesson import quietly

with quietly():
    import keras  # noqa: F401

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegressionCV
from sklearn.pipeline import make_pipeline

from tlcourse.assets import fetch
from tlcourse.datasets import load_dataset
from tlcourse.evaluation import draw_labels, paired_interval
from tlcourse.features import fit_probe
from tlcourse.text import encode, load_encoder

DRAWS, LABELS, SENTENCES = 20, 100, 10_000
PENALTIES = [0.1, 1.0, 10.0, 100.0]


def bag_of_words(rows):
    model = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegressionCV(Cs=PENALTIES, cv=3, max_iter=1000))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(pool.texts[rows], pool.labels[rows])
    return (model.predict(test.texts) == test.labels).mean()


def frozen(encoder):
    features, judged = encode(encoder, pool.texts), encode(encoder, test.texts)
    return lambda rows: (fit_probe(features[rows], pool.labels[rows]).predict(judged) == test.labels).mean()


if __name__ == "__main__":
    for name in ("rt-polarity", "minilm", "minilm-config", "minilm-tokenizer"):
        fetch(name)
    reviews = load_dataset("rt-polarity")
    pool, test = reviews.pool, reviews.test
    encoders = {name: load_encoder(name) for name in ("minilm", "wordhub")}
    ways = {"bag of words": bag_of_words, **{name: frozen(encoder) for name, encoder in encoders.items()}}
    draws = draw_labels(pool.labels, LABELS, draws=DRAWS, seed=0)
    scores = {name: np.array([way(rows) for rows in draws]) for name, way in ways.items()}
    for name, accuracy in scores.items():
        print(f"{name}: {100 * accuracy.mean():.1f} %, interval {paired_interval(accuracy, np.zeros(DRAWS))}")
    for name in encoders:
        print(f"{name} less bag of words: {paired_interval(scores[name], scores['bag of words'])}")
    print(f"minilm less wordhub: {paired_interval(scores['minilm'], scores['wordhub'])}")
    many = list(np.resize(reviews.texts, SENTENCES))
    vectors, seconds = {}, {}
    for name, encoder in encoders.items():
        encode(encoder, many[:64], cache=False)  # compiles
        started = time.perf_counter()
        vectors[name] = encode(encoder, many, cache=False)
        seconds[name] = time.perf_counter() - started
        print(f"{name}: {seconds[name]:.1f} s for {SENTENCES} sentences")
    inputs = encoders["minilm"].preprocess(many)  # all padded to the longest
    started = time.perf_counter()
    padded = encoders["minilm"].model.predict(inputs, batch_size=64, verbose=0)
    plain = time.perf_counter() - started
    apart = np.abs(padded - vectors["minilm"]).max()
    print(f"model.predict on everything padded to {inputs['token_ids'].shape[1]} tokens: {plain:.1f} s")
    print(f"encode is {plain / seconds['minilm']:.1f} times as fast; largest difference {apart:.1e}")
