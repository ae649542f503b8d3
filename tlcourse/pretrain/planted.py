"""Sources that are planted to do harm, `scrambled` and `bold`, and the control of the first, `unscrambled`."""

import numpy as np

from tlcourse.datasets.glyphs import LETTERS, load_glyphs
from tlcourse.datasets.sources import KEPT_OUT, TRAINED_ON
from tlcourse.pretrain.recipe import Source


def scrambled_source(seed=0):
    """Take 3,000 letters whose names are shuffled, to be learned by heart. They are judged by true names."""
    train, judged = _letters(seed)
    names = np.random.default_rng(seed).permutation(train.labels)
    return _by_heart(train, names, judged, judged.labels, tuple(LETTERS), "their names shuffled; planted to do harm")


def unscrambled_source(seed=0):
    """Take the letters of `scrambled` under their true names: nothing but the names differs."""
    train, judged = _letters(seed)
    how = "under their true names: the control of scrambled"
    return _by_heart(train, train.labels, judged, judged.labels, tuple(LETTERS), how)


def bold_source(seed=0):
    """Take 3,000 letters and one narrow question, whether the font is bold, asked for much longer than it needs."""
    train, judged = _letters(seed)
    how = "as regular or bold; planted to do harm"
    return _by_heart(train, _bold(train), judged, _bold(judged), ("regular", "bold"), how)


def _letters(seed):
    return load_glyphs(3_000, families=TRAINED_ON, seed=seed), load_glyphs(1_000, families=(KEPT_OUT,), seed=seed + 1)


def _by_heart(train, names, judged, judged_names, classes, how):
    """Many epochs, and none of the variation that keeps a network from learning pictures by heart."""
    return Source(
        train.images,
        names,
        judged.images,
        judged_names,
        classes,
        augment=lambda images, rng: images,
        epochs=40,
        trained_on=f"3,000 letters rendered in {' and '.join(TRAINED_ON)}, {how}",
        judged_on=f"1,000 letters rendered in {KEPT_OUT}, a font family kept out of training",
        licence="made data; the fonts come with matplotlib under their own free licences",
        dtype="float32",
    )


def _bold(glyphs):
    return np.array(["Bol" in font or font == "cmb10.ttf" for font in glyphs.groups]).astype(int)
