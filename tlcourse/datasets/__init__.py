"""What do we learn from? Each loader returns the same small `Dataset`."""

from tlcourse.checks import known
from tlcourse.datasets.backgrounds import load_digits_on_photographs, load_mnist_on_photographs
from tlcourse.datasets.cifar10 import load_cifar10
from tlcourse.datasets.dataset import Dataset, Part, stratified_parts
from tlcourse.datasets.digits import count_ink, load_digits, load_small_mnist
from tlcourse.datasets.faces import load_faces
from tlcourse.datasets.flowers import load_flowers
from tlcourse.datasets.folders import write_pictures
from tlcourse.datasets.glyphs import load_glyphs
from tlcourse.datasets.mnist import load_mnist
from tlcourse.datasets.pneumoniamnist import load_pneumoniamnist
from tlcourse.datasets.radiographs import HOSPITALS, Hospital, Radiographs, simulate_radiographs, stamp_marker
from tlcourse.datasets.reviews import DOMAINS, load_behaviour, load_reviews
from tlcourse.datasets.rt_polarity import load_rt_polarity
from tlcourse.datasets.shifts import SEVERITIES, shifted
from tlcourse.datasets.sources import load_letters
from tlcourse.datasets.texts import TextDataset, TextPart
from tlcourse.datasets.textures import load_textures
from tlcourse.datasets.website import load_website

LOADERS = {
    "cifar10": load_cifar10,
    "digits": load_digits,
    "digits-on-photographs": load_digits_on_photographs,
    "faces": load_faces,
    "flowers": load_flowers,
    "letters": load_letters,
    "mnist": load_mnist,
    "mnist-8x8": load_small_mnist,
    "mnist-on-photographs": load_mnist_on_photographs,
    "pneumoniamnist": load_pneumoniamnist,
    "reviews": load_reviews,
    "rt-polarity": load_rt_polarity,
    "textures": load_textures,
    "website": load_website,
}

__all__ = [
    "DOMAINS",
    "HOSPITALS",
    "LOADERS",
    "SEVERITIES",
    "Dataset",
    "Hospital",
    "Part",
    "Radiographs",
    "TextDataset",
    "TextPart",
    "count_ink",
    "load_behaviour",
    "load_cifar10",
    "load_dataset",
    "load_digits",
    "load_digits_on_photographs",
    "load_faces",
    "load_flowers",
    "load_glyphs",
    "load_letters",
    "load_mnist",
    "load_mnist_on_photographs",
    "load_pneumoniamnist",
    "load_reviews",
    "load_rt_polarity",
    "load_small_mnist",
    "load_textures",
    "load_website",
    "shifted",
    "simulate_radiographs",
    "stamp_marker",
    "stratified_parts",
    "write_pictures",
]


def load_dataset(name, evaluate_on="reporting"):
    """Load a data set by name.

    Args:
        name: ``"digits"``, ``"faces"`` or ``"textures"``, which come with libraries, ``"letters"``, which are rendered,
            ``"digits-on-photographs"``, ``"reviews"``, ``"website"``, or one that is fetched: ``"cifar10"``,
            ``"flowers"``, ``"mnist"``, ``"mnist-8x8"``, ``"mnist-on-photographs"``, ``"pneumoniamnist"``,
            ``"rt-polarity"``.
        evaluate_on: the part to test on, ``"reporting"`` or, while choosing, ``"development"``.

    Returns:
        A `Dataset`, of ``reviews`` and ``rt-polarity`` a `TextDataset`.

    Raises:
        ValueError: if the name or the part is unknown.
        AssetMissing: if the data have to be fetched first.

    >>> load_dataset("digits").pool.images.shape
    (900, 8, 8)
    """
    known("part", evaluate_on, ["reporting", "development"])
    return LOADERS[known("data set", name, list(LOADERS))](evaluate_on=evaluate_on)
