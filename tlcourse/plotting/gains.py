"""A table of gains as a picture: blue helps, red harms."""

import numpy as np

from tlcourse.plotting.look import axes


def plot_gains(gains, rows, groups, *, certain, ax=None):
    """Draw gains as coloured cells with their numbers, in points.

    Args:
        gains: float ``(rows, columns)``, from -1 to 1; the columns of a group stand side by side.
        rows: a name for each row.
        groups: a name for each group of columns, as many columns in each.
        certain: bool ``(rows, columns)``; these numbers are bold.
        ax: axes to draw into.

    Raises:
        ValueError: if gains are not such, there is not a name for each row, or columns don't divide into the groups.

    >>> ax = plot_gains([[0.1, -0.2]], ["letters"], ["digits"], certain=[[False, True]])
    >>> [text.get_text() for text in ax.texts]
    ['+10', '-20']
    """
    points, certain = 100 * np.asarray(gains, "float64"), np.asarray(certain)
    shaped = points.ndim == 2 and points.size and certain.shape == points.shape and len(rows) == len(points)
    if not shaped or not groups or points.shape[1] % len(groups):
        raise ValueError(
            "There must be a name for each row, as many columns in each group, and one flag a gain; "
            f"got gains {points.shape}, flags {certain.shape}, {len(rows)} rows and {len(groups)} groups."
        )
    if not (np.abs(points) <= 100).all():
        raise ValueError(f"Gains must be shares from -1 to 1, not points or NaN; got {np.ravel(gains)[:5]}.")
    width = points.shape[1] // len(groups)
    ax = axes(ax, figsize=(1 + 0.55 * points.shape[1], 0.5 * len(rows) + 1.2))
    ax.imshow(points, cmap="RdBu", vmin=-40, vmax=40, aspect="auto")
    for (row, column), gain in np.ndenumerate(points):
        weight, colour = "bold" if certain[row, column] else "normal", "white" if abs(gain) > 24 else "black"
        ax.text(column, row, f"{round(gain):+d}", ha="center", va="center", fontsize=9, weight=weight, color=colour)
    ax.set_yticks(range(len(rows)), rows)
    ax.set_xticks(width * np.arange(len(groups)) + (width - 1) / 2, groups, fontsize=9)
    for edge in range(width, points.shape[1], width):
        ax.axvline(edge - 0.5, color="black", linewidth=1.5)
    ax.grid(visible=False)
    return ax
