"""One look for all figures. Every function takes ``ax=None`` and returns the axes."""

from tlcourse.plotting.curves import plot_curves
from tlcourse.plotting.gains import plot_gains
from tlcourse.plotting.images import plot_images
from tlcourse.plotting.look import COLOURS, LINES, MARKERS, axes, style
from tlcourse.plotting.network import plot_network

__all__ = [
    "COLOURS",
    "LINES",
    "MARKERS",
    "axes",
    "plot_curves",
    "plot_gains",
    "plot_images",
    "plot_network",
    "style",
]
