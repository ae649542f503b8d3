"""Accuracy against the number of labels."""

from tlcourse.evaluation import mean_interval
from tlcourse.plotting.look import COLOURS, LINES, MARKERS, axes


def plot_curves(curves, *, ax=None):
    """Draw accuracy against labels a class, each method with the 95 % interval of its mean over draws.

    Args:
        curves: `Curve` objects, drawn in this order.
        ax: axes to draw into.
    """
    from matplotlib.ticker import PercentFormatter

    ax = axes(ax)
    for at, curve in enumerate(curves):
        over_draws = [mean_interval(accuracy) for accuracy in curve.accuracy]
        mean, low, high = ([getattr(each, end) for each in over_draws] for end in ("mean", "low", "high"))
        colour = COLOURS[at % len(COLOURS)]
        ax.plot(curve.budgets, mean, color=colour, marker=MARKERS[at % 7], linestyle=LINES[at % 7], label=curve.name)
        ax.fill_between(curve.budgets, low, high, color=colour, alpha=0.2, linewidth=0)
    budgets = sorted({budget for curve in curves for budget in curve.budgets})
    ax.set_xscale("log")
    ax.set_xticks(budgets, [str(budget) for budget in budgets])
    ax.minorticks_off()
    ax.set_xlabel("labels a class")
    ax.set_ylabel("accuracy on the test part")
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.legend(fontsize=9)
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
