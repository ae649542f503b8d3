"""Whose knowledge do we borrow? A network together with its preprocessing, its input shape and its card."""

from tlcourse.backbones.backbone import Backbone, load_backbone, untrained
from tlcourse.backbones.bundled import BUNDLED, PLANTED
from tlcourse.backbones.efficientnet import EFFICIENTNET_TAPS, efficientnet_lite0
from tlcourse.backbones.mobilenet import MOBILENET_TAPS
from tlcourse.backbones.networks import load_network
from tlcourse.backbones.residual import load_classifier, residual_classifier

__all__ = [
    "BUNDLED",
    "EFFICIENTNET_TAPS",
    "MOBILENET_TAPS",
    "PLANTED",
    "Backbone",
    "efficientnet_lite0",
    "load_backbone",
    "load_classifier",
    "load_network",
    "residual_classifier",
    "untrained",
]
