"""Figures that show pictures."""

import numpy as np

from tlcourse.plotting.look import axes


def plot_images(images, titles=None, *, maps=None, masks=None, columns=10, ax=None):
    """Show images in a grid, grey ones bright on dark; on them where a model looked, and outlines.

    Args:
        images: ``(n, height, width)`` or ``(n, height, width, 3)``.
        titles: a short text above each, or ``None``.
        maps: at least 0, ``(n, height, width)``: laid over each image as a glow, brightest at its own highest point.
        masks: bool ``(n, height, width)``: outlined.
        columns: images in a row; with fewer than ten each is larger, up to an inch and a half.
        ax: axes to draw into.
    """
    images = np.asarray(images)
    rows = -(-len(images) // columns)
    side = min(max(8 / columns, 0.8), 1.5)
    ax = axes(ax, figsize=(side * columns, (side + (0.25 if titles is not None else 0.05)) * rows))
    height, width = images.shape[1:3]
    top = int(height * 0.27 / side) if titles is not None else 0
    high = images.max() if images.dtype != np.uint8 else 255
    for at, image in enumerate(images):
        row, column = divmod(at, columns)
        x, y = column * (width + 1), row * (height + top + 1) + top
        ax.imshow(image, cmap="gray", vmin=0, vmax=high, extent=(x, x + width, y + height, y))
        if maps is not None:
            glow = maps[at] / max(maps[at].max(), 1e-12)
            ax.imshow(glow, cmap="inferno", alpha=0.6 * glow, extent=(x, x + width, y + height, y))
        if masks is not None and masks[at].any():
            ax.contour(masks[at], [0.5], extent=(x, x + width, y, y + height), colors="gold", linewidths=1)
        if titles is not None:
            ax.text(x + width / 2, y - 0.05 * height, titles[at], ha="center", va="bottom", fontsize=8)
    ax.set_xlim(0, columns * (width + 1))
    ax.set_ylim(rows * (height + top + 1), 0)
    ax.set_aspect("equal")
    ax.axis("off")
    return ax
