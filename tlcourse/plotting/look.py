"""The look of all figures: colours, marks, sizes."""

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe & Ito (2008): distinct for the colour-blind."""

MARKERS = "osD^vPX"
LINES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), "-")

DPI = 96
"""Pixels of a page in an inch: text of 10 points is then as large as that of a notebook."""


def style():
    """Set the course's look: light, readable in grey, crisp, its text as large as the page's. Call once at the top."""
    import matplotlib.pyplot as plt
    from matplotlib_inline.backend_inline import set_matplotlib_formats

    if plt.get_backend().endswith("inline"):  # in a notebook: twice as many pixels, shown at the size of one
        set_matplotlib_formats("retina")
    plt.rcParams.update(
        {
            "figure.figsize": (6.4, 3.6),
            "figure.dpi": DPI,
            "savefig.dpi": DPI,
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
