"""10,662 sentences from film reviews, half of them positive."""

import tarfile

import numpy as np

from tlcourse.assets import fetch
from tlcourse.datasets.dataset import stratified_parts, variant_name
from tlcourse.datasets.texts import TextDataset


def load_rt_polarity(evaluate_on="reporting"):
    """Load the sentence polarity data.

    Args:
        evaluate_on: ``"reporting"`` or ``"development"``.

    Returns:
        A `TextDataset`: 6,000 sentences in the pool, 2,000 for development, the rest to report on, half of each
        positive.

    Raises:
        AssetMissing: if it has to be fetched first.

    Source:
        Pang & Lee (2005), *Seeing stars*, sentence polarity dataset v1.0.
    """
    located = fetch("rt-polarity")
    texts, labels = zip(*_sentences(located), strict=True)
    labels = np.array(labels)
    parts = stratified_parts(labels, {"pool": 6_000, "development": 2_000}, rest="reporting")
    return TextDataset(
        variant_name("rt-polarity", located),
        np.array(texts),
        labels,
        ("negative", "positive"),
        parts,
        evaluate_on,
        card=f"Sentence polarity dataset v1.0, {located.variant} file, lower case and tokenised by its authors.",
    )


def _sentences(located):
    """Yield each sentence with its label. Lines end at a line feed alone: some sentences hold other separators."""
    if located.variant == "pack":
        for line in located.path.read_text(encoding="latin-1").split("\n"):
            if line:
                yield line[2:].strip(), int(line[0])
        return
    with tarfile.open(located.path) as archive:
        for name, label in (("neg", 0), ("pos", 1)):
            data = archive.extractfile(f"rt-polaritydata/rt-polarity.{name}").read()
            for line in data.decode("latin-1").split("\n"):
                if line.strip():
                    yield line.strip(), label
