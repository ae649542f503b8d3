"""What does it already know? Frozen features, computed once and kept, and the course's probes."""

from tlcourse.features.extraction import extract
from tlcourse.features.pooling import SOURCE_WEIGHTS, fit_pooled_probe
from tlcourse.features.probe import PENALTIES, Probe, fit_probe

__all__ = ["PENALTIES", "SOURCE_WEIGHTS", "Probe", "extract", "fit_pooled_probe", "fit_probe"]
