"""Whose knowledge do we borrow? A network together with its preprocessing, its input shape and its card."""

from tlcourse.backbones.backbone import Backbone, load_backbone, untrained
from tlcourse.backbones.bundled import BUNDLED, PLANTED, load_network
from tlcourse.backbones.mobilenet import MOBILENET_TAPS
from tlcourse.backbones.residual import load_classifier, residual_classifier

__all__ = [
    "BUNDLED",
    "MOBILENET_TAPS",
    "PLANTED",
    "Backbone",
    "load_backbone",
    "load_classifier",
    "load_network",
    "residual_classifier",
    "untrained",
]
