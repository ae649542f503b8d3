"""Accuracy against the number of labels."""

from dataclasses import dataclass

import numpy as np

from tlcourse.evaluation.draws import draw_labels


@dataclass(frozen=True)
class Curve:
    """How often a method is right, by number of labels.

    Attributes:
        name: what a legend calls it.
        budgets: labels per class.
        correct: bool ``(budgets, draws, items)``: was this test item right, after training on this draw?
    """

    name: str
    budgets: tuple
    correct: np.ndarray

    def at(self, budget):
        """Return correctness ``(draws, items)`` at a number of labels per class.

        Raises:
            ValueError: if the curve was not measured there.
        """
        if budget not in self.budgets:
            raise ValueError(f"{self.name!r} was measured at {self.budgets} labels per class; got {budget}.")
        return self.correct[self.budgets.index(budget)]

    @property
    def accuracy(self):
        """Accuracy ``(budgets, draws)``."""
        return self.correct.mean(axis=2)


def label_efficiency(name, predict, pool_labels, test_labels, *, budgets, draws, seed):
    """Measure a method at several numbers of labels, on repeated draws.

    Args:
        name: what a legend calls it.
        predict: function from the rows of the pool that have a label, int ``(k * classes,)``, to predicted classes of
            all test items, int ``(items,)``. It trains anew at each call.
        pool_labels: int ``(n,)``.
        test_labels: int ``(items,)``.
        budgets: labels per class, k, in any number.
        draws: draws of labels at each k; the same seed gives every method the same ones.
        seed: seed of the draws.

    Returns:
        A `Curve`.

    Raises:
        ValueError: as `draw_labels`, or if ``predict`` does not return a class for each test item, of the labels' type.

    >>> curve = label_efficiency("always 0", lambda rows: np.zeros(3, int), [0, 1], [0, 0, 1],
    ...                          budgets=(1,), draws=2, seed=0)
    >>> curve.accuracy.round(2).tolist()
    [[0.67, 0.67]]
    """
    from threadpoolctl import threadpool_limits

    test_labels = np.asarray(test_labels)
    correct = np.zeros((len(budgets), draws, len(test_labels)), bool)
    with threadpool_limits(1, user_api="blas"):  # matrices this small lose more than they gain on two threads
        for at, budget in enumerate(budgets):
            for draw, rows in enumerate(draw_labels(pool_labels, budget, draws=draws, seed=seed)):
                predicted = np.asarray(predict(rows))
                if predicted.shape != test_labels.shape or predicted.dtype.kind != test_labels.dtype.kind:
                    raise ValueError(
                        f"predict must return classes as the labels are, {test_labels.dtype} {test_labels.shape}, no "
                        f"scores; got {predicted.dtype} {predicted.shape}."
                    )
                correct[at, draw] = predicted == test_labels
    return Curve(name, tuple(budgets), correct)
