"""One look for all figures. Every function takes ``ax=None`` and returns the axes."""

from tlcourse.plotting.comparisons import plot_bars, plot_intervals, plot_paired
from tlcourse.plotting.curves import plot_curves, plot_range_test
from tlcourse.plotting.images import plot_images
from tlcourse.plotting.look import COLOURS, LINES, MARKERS, axes, style
from tlcourse.plotting.network import plot_network

__all__ = [
    "COLOURS",
    "LINES",
    "MARKERS",
    "axes",
    "plot_bars",
    "plot_curves",
    "plot_images",
    "plot_intervals",
    "plot_network",
    "plot_paired",
    "plot_range_test",
    "style",
]
