"""One look for all figures. Every function takes ``ax=None`` and returns the axes."""

import numpy as np

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe & Ito (2008): distinct for the colour-blind."""

MARKERS = "osD^vPX"
LINES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), "-")


def style():
    """Set the course's look: small, light, readable in grey. Call once at the top of a lesson."""
    import matplotlib.pyplot as plt

    plt.rcParams.update(
        {
            "figure.figsize": (6.4, 3.6),
            "figure.dpi": 66,
            "savefig.dpi": 66,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "grid.alpha": 0.3,
            "font.size": 10,
            "legend.frameon": False,
        }
    )


def axes(ax=None, **options):
    """Return ``ax``, or new axes with the given options of ``plt.subplots``."""
    import matplotlib.pyplot as plt

    return plt.subplots(**options)[1] if ax is None else ax


def plot_images(images, titles=None, *, columns=10, ax=None):
    """Show images in a grid, grey ones bright on dark.

    Args:
        images: ``(n, height, width)`` or ``(n, height, width, 3)``.
        titles: a short text above each, or ``None``.
        columns: images in a row.
        ax: axes to draw into.
    """
    images = np.asarray(images)
    rows = -(-len(images) // columns)
    ax = axes(ax, figsize=(0.8 * columns, (1.05 if titles is not None else 0.85) * rows))
    height, width = images.shape[1:3]
    top = height // 3 if titles is not None else 0
    high = images.max() if images.dtype != np.uint8 else 255
    for at, image in enumerate(images):
        row, column = divmod(at, columns)
        x, y = column * (width + 1), row * (height + top + 1) + top
        ax.imshow(image, cmap="gray", vmin=0, vmax=high, extent=(x, x + width, y + height, y))
        if titles is not None:
            ax.text(x + width / 2, y - 0.05 * height, titles[at], ha="center", va="bottom", fontsize=8)
    ax.set_xlim(0, columns * (width + 1))
    ax.set_ylim(rows * (height + top + 1), 0)
    ax.set_aspect("equal")
    ax.axis("off")
    return ax


def plot_curves(curves, *, ax=None):
    """Draw accuracy against labels a class, each method with the 95 % interval of its mean over draws.

    Args:
        curves: `Curve` objects, drawn in this order.
        ax: axes to draw into.
    """
    from matplotlib.ticker import PercentFormatter
    from scipy.stats import t

    ax = axes(ax)
    for at, curve in enumerate(curves):
        accuracy, draws = curve.accuracy, curve.accuracy.shape[1]
        mean = accuracy.mean(axis=1)
        half = t.ppf(0.975, draws - 1) * accuracy.std(axis=1, ddof=1) / np.sqrt(draws)
        colour = COLOURS[at % len(COLOURS)]
        ax.plot(curve.budgets, mean, color=colour, marker=MARKERS[at % 7], linestyle=LINES[at % 7], label=curve.name)
        ax.fill_between(curve.budgets, mean - half, mean + half, color=colour, alpha=0.2, linewidth=0)
    budgets = sorted({budget for curve in curves for budget in curve.budgets})
    ax.set_xscale("log")
    ax.set_xticks(budgets, [str(budget) for budget in budgets])
    ax.minorticks_off()
    ax.set_xlabel("labels a class")
    ax.set_ylabel("accuracy on the test part")
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.legend(fontsize=9)
    return ax


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


def plot_range_test(test, *, marked=None, ax=None):
    """Draw the loss against the learning rate of a `tlcourse.finetuning.RangeTest`.

    Args:
        test: what ``learning_rate_range_test`` returned.
        marked: rates to mark with a vertical line, by name, or ``None``.
        ax: axes to draw into.
    """
    ax = axes(ax)
    ax.plot(test.rates, test.losses, color="0.7", linewidth=1, label="loss of each batch")
    ax.plot(test.rates, test.smooth, color=COLOURS[0], linewidth=2, label="smoothed")
    for at, (name, rate) in enumerate((marked or {}).items()):
        ax.axvline(rate, color=COLOURS[at + 1], linestyle=LINES[at + 1], label=f"{name}: {rate:g}")
    ax.set_xscale("log")
    ax.set_ylim(0, min(float(test.losses.max()), 3 * float(test.smooth[0])))
    ax.set_xlabel("learning rate, raised at each step")
    ax.set_ylabel("training loss")
    ax.legend(fontsize=9, loc="upper left", bbox_to_anchor=(1, 1))
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
        ax.bar(x, means, 0.92 * width, color=COLOURS[at], hatch=("", "//", "..")[at % 3], alpha=0.7, label=method)
        for centre, value in zip(x, values):
            ax.plot([centre] * len(value), value, ".", color="black", markersize=4)
    ax.set_xticks(range(len(scores)), list(scores))
    ax.set_ylim(0, 1.3 * ax.dataLim.ymax)
    ax.set_ylabel(unit)
    ax.legend(fontsize=9, ncols=len(methods), loc="upper right")
    return ax
