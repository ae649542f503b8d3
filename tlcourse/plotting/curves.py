"""Accuracy against the number of labels."""

from tlcourse.evaluation import mean_interval
from tlcourse.plotting.look import COLOURS, LINES, MARKERS, axes


def plot_curves(curves, *, ax=None):
    """Draw accuracy against labels per class, each method with the 95 % interval of its mean over draws.

    Args:
        curves: `Curve` objects, drawn in this order.
        ax: axes to draw into.
    """
    from matplotlib.ticker import MaxNLocator, PercentFormatter

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
    ax.set_xlabel("labels per class")
    ax.set_ylabel("accuracy on the test set")
    ax.yaxis.set_major_locator(MaxNLocator(steps=[1, 2, 5, 10]))  # no halves of a per cent
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.legend(fontsize=9)
    return ax
