"""200 photographs of 25x25 pixels: a face, or something else?"""

import numpy as np

from tlcourse.datasets.dataset import Dataset, stratified_parts


def load_faces(evaluate_on="reporting"):
    """Load the faces and other patches that come with scikit-image.

    Args:
        evaluate_on: ``"reporting"``, 60 images, or ``"development"``, 40 others; the pool are 100. Half of each part
            are faces.

    Returns:
        A `Dataset` with ``images`` float32 ``(200, 25, 25)`` in [0, 1]; label 1 is a face.

    Source:
        A subset of Labeled Faces in the Wild: Huang, Mattar, Lee & Learned-Miller (2012), *Learning to Align from
        Scratch*, NeurIPS. The other patches are cut from the background of the same photographs.

    >>> faces = load_faces()
    >>> faces.pool.images.shape, faces.test.images.shape
    ((100, 25, 25), (60, 25, 25))
    """
    from skimage import data

    labels = np.repeat([1, 0], 100)
    return Dataset(
        "faces",
        data.lfw_subset().astype("float32"),
        labels,
        ("other", "face"),
        stratified_parts(labels, {"pool": 100, "development": 40}, rest="reporting"),
        evaluate_on,
        card="Faces of Labeled Faces in the Wild and patches of its backgrounds, as they come with scikit-image.",
    )
