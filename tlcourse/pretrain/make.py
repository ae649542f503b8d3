"""Train a bundled backbone, judge it once, and write its weights with their card."""

import hashlib
import json
import time

import numpy as np

from tlcourse import __version__
from tlcourse.assets import atomically, data_folder
from tlcourse.checks import checked_images, known
from tlcourse.pretrain.letters import letters_source
from tlcourse.pretrain.photos import photos_source
from tlcourse.pretrain.planted import bold_source, scrambled_source, unscrambled_source
from tlcourse.pretrain.recipe import train

SOURCES = {
    "letters": letters_source,
    "photos": photos_source,
    "scrambled": scrambled_source,
    "unscrambled": unscrambled_source,
    "bold": bold_source,
}


def pretrain(name, seed=0, folder=None):
    """Make the weights of a bundled backbone from data anyone can get.

    Args:
        name: name of a bundled backbone, a key of `SOURCES`. All are made offline but ``"photos"``, which needs the
            asset ``cifar10``.
        seed: seed of everything; the bundled weights were made with 0.
        folder: where to write; by default `data/weights/`, replacing what is bundled.

    Returns:
        The card that was written, a dictionary.

    Raises:
        ValueError: if the name is unknown.
    """
    source = SOURCES[known("bundled backbone", name, list(SOURCES))](seed)
    started = time.monotonic()
    classifier = train(source, seed)
    minutes = (time.monotonic() - started) / 60
    card = describe(source, classifier, name, seed, minutes)
    folder = folder or data_folder() / "weights"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.weights.h5"
    with atomically(path.with_name(f"{name}.weights.h5")) as temporary:
        whole = temporary.with_name(f"{temporary.name}.weights.h5")
        classifier.save_weights(whole)
        whole.replace(temporary)
    card["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    write_card(card, folder / f"{name}.toml")
    return card


def write_card(card, path):
    """Write a card as TOML, whole or not at all."""
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in card.items()]
    with atomically(path) as temporary:
        temporary.write_text("".join(lines), encoding="utf-8")


def describe(source, classifier, name, seed, minutes):
    """Judge the classifier and return its card, the accuracy with its 95 % interval (Wilson 1927)."""
    from scipy.stats import binomtest

    images = checked_images(source.judged_images)
    predicted = classifier.predict(np.broadcast_to(images, (*images.shape[:3], 3)), batch_size=256, verbose=0)
    right = predicted.argmax(axis=1) == source.judged_labels
    low, high = binomtest(int(right.sum()), len(right)).proportion_ci(method="wilson")
    return {
        "trained_on": source.trained_on,
        "licence": source.licence,
        "command": f"tlcourse pretrain {name}",
        "seed": seed,
        "epochs": source.epochs,
        "minutes": round(minutes, 1),
        "parameters": classifier.count_params(),
        "judged_on": source.judged_on,
        "accuracy": round(float(right.mean()), 4),
        "interval": [round(low, 4), round(high, 4)],
        "tlcourse": __version__,
        "classes": list(source.classes),
    }
