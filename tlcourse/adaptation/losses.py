"""What adaptation minimises: the distance of two domains' features, or the doubt about the target's labels."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="tlcourse")
def coral(source, target):
    """Squared distance between the covariances of two batches of features.

    ``||C_S - C_T||_F^2 / (4 d^2)``, equation 1 of Sun & Saenko (2016), with ``d`` features and covariances divided by
    ``n - 1``. Computed in float32.

    Args:
        source: float ``(n, d)``, features of a source batch, n > 1.
        target: float ``(m, d)``, features of a target batch, m > 1.

    Returns:
        Scalar, at least 0; 0 when the covariances agree. Means do not matter.

    Raises:
        ValueError: if the shapes are not such, or a batch holds one example.

    Source:
        Sun & Saenko (2016), *Deep CORAL: Correlation Alignment for Deep Domain Adaptation*, ECCV workshops.

    >>> features = ops.convert_to_tensor([[0.0, 0.0], [2.0, 0.0]])
    >>> float(coral(features, 2 * features))  # (2 - 8)^2 / (4 * 2^2)
    2.25
    """
    source, target = _features(source, target)
    width = source.shape[1]
    return ops.sum(ops.square(_covariance(source) - _covariance(target))) / (4 * width**2)


@keras.saving.register_keras_serializable(package="tlcourse")
def mmd(source, target, *, scales=(0.25, 0.5, 1.0, 2.0, 4.0), biased=False):
    """Squared maximum mean discrepancy of two batches of features, with a sum of Gaussian kernels.

    ``mean k(s, s') + mean k(t, t') - 2 mean k(s, t)`` with ``k(x, y) = sum_j exp(-||x - y||^2 / (scale_j * b))``. The
    bandwidth ``b`` is the median of the squared distances between different examples of both batches together, or,
    where more than half of these are 0, the mean over all pairs, each with itself as well; no gradient passes through
    it. Computed in float32.

    Args:
        source: float ``(n, d)``, features of a source batch, n > 1.
        target: float ``(m, d)``, features of a target batch, m > 1.
        scales: factors on the bandwidth, each above 0; a kernel for each.
        biased: whether the means within a domain include each example paired with itself. If so, the value is at least
            0, and 0 on identical batches. If not, it is 0 on average where the domains agree, and may be negative.

    Returns:
        Scalar.

    Raises:
        ValueError: if the shapes are not such, a batch holds one example, or a scale is not above 0.

    Source:
        Gretton, Borgwardt, Rasch, Schölkopf & Smola (2012), *A Kernel Two-Sample Test*, JMLR 13, equation 3 (unbiased),
        equation 5 squared (biased), and section 8 for the median; several kernels: Long, Cao, Wang & Jordan (2015),
        *Learning Transferable Features with Deep Adaptation Networks*, ICML.

    >>> features = ops.convert_to_tensor([[0.0], [1.0], [3.0]])
    >>> float(mmd(features, features, biased=True))
    0.0
    """
    source, target = _features(source, target)
    if not scales or not all(scale > 0 for scale in scales):
        raise ValueError(f"scales must be factors above 0; got {scales}.")
    both = ops.concatenate([source, target])
    both = both - ops.stop_gradient(ops.mean(both, axis=0))  # far from the origin, distances would lose their digits
    squared = _squared_distances(both, both)
    n = ops.shape(source)[0]
    bandwidth = ops.stop_gradient(_median_between(squared))
    kernel = sum(ops.exp(-squared / (scale * bandwidth)) for scale in scales)
    within_source, within_target, between = kernel[:n, :n], kernel[n:, n:], kernel[:n, n:]
    if biased:
        return ops.mean(within_source) + ops.mean(within_target) - 2 * ops.mean(between)
    return _mean_of_others(within_source) + _mean_of_others(within_target) - 2 * ops.mean(between)


@keras.saving.register_keras_serializable(package="tlcourse")
def information_maximisation(ignored, logits, *, balance=1.0):
    """Mean entropy of the answers, less the entropy of the mean answer: certain each, all classes in use.

    ``mean_i H(p_i) - balance * H(mean_i p_i)`` with ``p = softmax(logits)``. A loss for `compile`, without labels: give
    `fit` any array of the right length.

    Args:
        ignored: what `fit` got as labels. It is not used.
        logits: float ``(n, classes)``, of a model without a softmax at its end. Inside `fit` nothing can tell
            probabilities from logits.
        balance: weight of the second term, at least 0; 0 asks for certainty alone.

    Returns:
        Scalar; with ``balance=1`` from ``-log(classes)``, where answers are certain and the classes equally many, to 0,
        where each example gets the same answer.

    Raises:
        ValueError: if the logits are not such, or ``balance`` is negative.

    Source:
        Liang, Hu & Feng (2020), *Do We Really Need to Access the Source Data? Source Hypothesis Transfer for
        Unsupervised Domain Adaptation*, ICML, section 3.2 (SHOT-IM); the idea: Krause, Perona & Gomes (2010),
        *Discriminative Clustering by Regularized Information Maximization*, NeurIPS.

    >>> float(information_maximisation(None, ops.zeros((4, 10))))
    0.0
    """
    if len(logits.shape) != 2 or logits.shape[1] < 2:
        raise ValueError(f"logits must be shaped (n, classes), with two classes or more; got {tuple(logits.shape)}.")
    if not balance >= 0:
        raise ValueError(f"balance must be at least 0; got {balance}.")
    log_p = ops.log_softmax(logits)
    doubt = -ops.mean(ops.sum(ops.exp(log_p) * log_p, axis=1))
    log_mean = ops.logsumexp(log_p, axis=0) - ops.log(ops.cast(ops.shape(logits)[0], log_p.dtype))
    variety = -ops.sum(ops.exp(log_mean) * log_mean)
    return doubt - balance * variety


def _features(source, target):
    """Both batches in float32: in float16, squares overflow."""
    source, target = ops.cast(source, "float32"), ops.cast(target, "float32")
    check_features(source.shape, target.shape, at_least=2)
    return source, target


def _others(batch):
    """``n - 1``; but 1 for a batch of one, the last one in a compiled `fit`, so that it gives 0 and not NaN."""
    return ops.cast(ops.maximum(ops.shape(batch)[0] - 1, 1), batch.dtype)


def _covariance(features):
    centred = features - ops.mean(features, axis=0)
    return ops.matmul(ops.transpose(centred), centred) / _others(features)


def _mean_of_others(kernel):
    """Mean over all pairs of different examples. The diagonal holds an example's kernel with itself."""
    others = (ops.sum(kernel, axis=1) - ops.diagonal(kernel)) / _others(kernel)
    return ops.mean(others)


def _squared_distances(a, b):
    squares = ops.sum(ops.square(a), axis=1)[:, None] + ops.sum(ops.square(b), axis=1)[None]
    return ops.maximum(squares - 2 * ops.matmul(a, ops.transpose(b)), 0.0)


def _median_between(squared):
    """Median of the distances between different examples; a little above 0 where all examples are one point."""
    n = ops.shape(squared)[0]
    pairs = n * (n - 1) // 2
    # Each example's distance to itself, the diagonal, comes first in the sorted values; then each pair comes twice.
    ordered = ops.sort(ops.reshape(squared, [-1]))
    median, mean = (ordered[n + pairs - 1] + ordered[n + pairs]) / 2, ops.mean(squared)
    # Where a ReLU is silent on most examples, the median is 0 but for rounding.
    return ops.maximum(ops.where(median > 1e-6 * mean, median, mean), 1e-12)


def check_features(source_shape, target_shape, at_least=1):
    """Raise if two batches of features can't be compared; return their width.

    >>> check_features((4, 3), (None, 3))
    3
    """
    shapes = tuple(source_shape), tuple(target_shape)
    if len(shapes[0]) != 2 or len(shapes[1]) != 2 or shapes[0][1] != shapes[1][1]:
        raise ValueError(
            f"Features of source and target must be shaped (n, d) and (m, d) with one d; got {shapes[0]} and "
            f"{shapes[1]}. Put a pooling or Flatten layer before them."
        )
    if any(isinstance(n, int) and n < at_least for n, _ in shapes):  # inside `fit` it may be unknown
        raise ValueError(
            f"Each domain needs at least {at_least} examples in a batch; got {shapes[0][0]} and {shapes[1][0]}. "
            "Take larger batches, and whole ones: `pair_domains` does."
        )
    return shapes[0][1]
