"""The data moved, and no label came with them. Losses, layers, distances and choices for domain adaptation."""

from tlcourse.adaptation.adversarial import Adversary, GradientReversal
from tlcourse.adaptation.batches import pair_domains
from tlcourse.adaptation.distances import Distance, proxy_a_distance
from tlcourse.adaptation.layers import Align, DomainBatchNormalization
from tlcourse.adaptation.losses import coral, information_maximisation, mmd
from tlcourse.adaptation.partial import class_weights, draw_by_class
from tlcourse.adaptation.selection import mean_entropy, oracle_gap, reverse_validation, source_risk

__all__ = [
    "Adversary",
    "Align",
    "Distance",
    "DomainBatchNormalization",
    "GradientReversal",
    "class_weights",
    "coral",
    "draw_by_class",
    "information_maximisation",
    "mean_entropy",
    "mmd",
    "oracle_gap",
    "pair_domains",
    "proxy_a_distance",
    "reverse_validation",
    "source_risk",
]
