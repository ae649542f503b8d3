"""Figures that set methods side by side: on the same draws, as differences, under several conditions."""

import numpy as np

from tlcourse.plotting.look import COLOURS, axes


def plot_paired(scores, *, ax=None):
    """Draw a line for each draw of labels across methods: what happens to the same draw.

    Args:
        scores: accuracies ``(draws,)`` by the name of the method.
        ax: axes to draw into.
    """
    from matplotlib.ticker import PercentFormatter

    ax = axes(ax)
    table = np.stack(list(scores.values()))
    ax.plot(table, color="0.7", linewidth=1)
    ax.plot(table.mean(axis=1), color=COLOURS[0], marker="o", linewidth=2, label="mean")
    ax.set_xticks(range(len(scores)), list(scores))
    ax.set_xlim(-0.3, len(scores) - 0.7)
    ax.set_ylabel("accuracy on the test part")
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.legend(fontsize=9)
    return ax


def plot_intervals(intervals, *, unit="gain in points", ax=None):
    """Draw intervals as dots with bars, one a row, the first on top, with a line at zero.

    Args:
        intervals: `Interval` objects by name.
        unit: label of the axis.
        ax: axes to draw into.
    """
    ax = axes(ax, figsize=(6.4, 0.8 + 0.3 * len(intervals)))
    for at, interval in enumerate(intervals.values()):
        ax.plot([100 * interval.low, 100 * interval.high], [at, at], color=COLOURS[0], linewidth=2)
        ax.plot(100 * interval.mean, at, color=COLOURS[0], marker="o")
    ax.axvline(0, color="0.3", linewidth=1)
    ax.set_yticks(range(len(intervals)), list(intervals))
    ax.invert_yaxis()
    ax.set_xlabel(unit)
    return ax


def plot_bars(scores, *, unit, ax=None):
    """Draw a group of bars for each condition: the mean of each method, with a dot for each draw.

    Args:
        scores: by condition, a dictionary from the name of a method to its values ``(draws,)``; every condition has the
            same methods.
        unit: label of the axis.
        ax: axes to draw into.
    """
    ax = axes(ax)
    methods = list(next(iter(scores.values())))
    width = 0.8 / len(methods)
    for at, method in enumerate(methods):
        x = np.arange(len(scores)) + (at - (len(methods) - 1) / 2) * width
        values = [np.ravel(by_method[method]) for by_method in scores.values()]
        means = [value.mean() for value in values]
        ax.bar(
            x,
            means,
            0.92 * width,
            color=COLOURS[at % len(COLOURS)],
            hatch=("", "//", "..")[at % 3],
            alpha=0.7,
            label=method,
        )
        for centre, value in zip(x, values):
            ax.plot([centre] * len(value), value, ".", color="black", markersize=4)
    ax.set_xticks(range(len(scores)), list(scores))
    ax.set_ylim(0, 1.3 * ax.dataLim.ymax)
    ax.set_ylabel(unit)
    ax.legend(fontsize=9, ncols=len(methods), loc="upper right")
    return ax
