"""Seconds of each score for 10,000 × 1,280 features and 100 classes; LogME against its formula, read plainly."""

import time

import numpy as np

from tlcourse.transferability import h_score, leep, logme, nearest_neighbours

N, WIDTH, CLASSES = 10_000, 1280, 100
FEW = 3
"""The plain reading is timed on so many classes: it takes as long for each of the hundred."""


def plain_evidence(features, y):
    """Largest evidence of one target by the paper's iteration, with an inverse in each round."""
    n, d = features.shape
    alpha = beta = 1.0
    gram, projected = features.T @ features, features.T @ y
    rounds = 0
    while True:
        inverse = np.linalg.inv(alpha * np.eye(d) + beta * gram)
        m = beta * inverse @ projected
        gamma = d - alpha * np.trace(inverse)
        residual = ((features @ m - y) ** 2).sum()
        following = gamma / (m @ m), (n - gamma) / residual
        rounds += 1
        if np.allclose(following, (alpha, beta), rtol=1e-10, atol=0) or rounds == 200:
            break
        alpha, beta = following
    a = alpha * np.eye(d) + beta * gram
    quadratic = beta * residual + alpha * m @ m
    determinant = np.linalg.slogdet(a)[1]
    return (n * np.log(beta / 2 / np.pi) + d * np.log(alpha) - quadratic - determinant) / 2 / n


def seconds(call):
    started = time.perf_counter()
    value = call()
    return value, time.perf_counter() - started


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    labels = np.arange(N) % CLASSES
    features = np.maximum(rng.normal(size=(N, WIDTH)) + rng.normal(size=(CLASSES, WIDTH))[labels] / 4, 0)
    probabilities = rng.dirichlet(np.ones(CLASSES), N)
    for name, call in {
        "LogME": lambda: logme(features=features, labels=labels),
        "H-score": lambda: h_score(features=features, labels=labels),
        "LEEP": lambda: leep(probabilities=probabilities, labels=labels),
        "nearest neighbours": lambda: nearest_neighbours(features=features, labels=labels),
    }.items():
        print(f"{name}: {seconds(call)[1]:.2f} s", flush=True)
    few = np.minimum(labels, FEW - 1)
    plain, took = seconds(lambda: np.mean([plain_evidence(features, (few == each) * 1.0) for each in range(FEW)]))
    apart = abs(plain - logme(features=features, labels=few))
    print(f"LogME as written: {took / FEW * CLASSES:.0f} s, from {took:.1f} s for {FEW} classes; apart by {apart:.1e}")
