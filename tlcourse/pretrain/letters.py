"""`letters`: what a network learns that has only ever seen printed letters."""

from tlcourse.datasets.glyphs import LETTERS, load_glyphs
from tlcourse.datasets.sources import KEPT_OUT, TRAINED_ON
from tlcourse.pretrain.recipe import Source, cut_out, shift


def letters_source(seed=0):
    """Render 40,000 letters in two font families to learn from, and 5,000 in a third to be judged on.

    Latin and Greek letters of different shapes; no digit is drawn, though some letters look like one (O, I, S, Z, B).
    Half of the images come from scans of 16 pixels or fewer, as small handwriting does.
    """
    train = load_glyphs(40_000, families=TRAINED_ON, seed=seed)
    judged = load_glyphs(5_000, families=(KEPT_OUT,), seed=seed + 1)
    return Source(
        train.images,
        train.labels,
        judged.images,
        judged.labels,
        classes=tuple(LETTERS),
        augment=lambda images, rng: cut_out(shift(images, rng, by=2), rng, side=8),
        epochs=8,
        trained_on=f"40,000 letters rendered in {' and '.join(TRAINED_ON)}",
        judged_on=f"5,000 letters rendered in {KEPT_OUT}, a font family kept out of training",
        licence="made data; the fonts come with matplotlib under their own free licences",
    )
