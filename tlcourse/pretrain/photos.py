"""`photos`: what a network learns from small colour photographs."""

from tlcourse.datasets.cifar10 import load_cifar10
from tlcourse.pretrain.recipe import Source, cut_out, mirror, shift


def photos_source(seed=0):
    """Take CIFAR-10: 45,000 photographs to learn from, the official test images to be judged on, once.

    The 5,000 of the development part stay out of training; the recipe was fixed on them.
    """
    cifar10 = load_cifar10()
    pool, test = cifar10.pool, cifar10.test
    return Source(
        pool.images,
        pool.labels,
        test.images,
        test.labels,
        classes=cifar10.class_names,
        augment=lambda images, rng: cut_out(mirror(shift(images, rng, by=4), rng), rng, side=8),
        epochs=60,
        trained_on=f"45,000 of the training images of {cifar10.name}",
        judged_on=f"the 10,000 test images of {cifar10.name}",
        licence="none stated by the authors of CIFAR-10; research use, cite Krizhevsky (2009)",
    )
