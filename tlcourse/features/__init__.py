"""What does it already know? Frozen features, computed once and kept, and the course's probe."""

from tlcourse.features.extraction import extract
from tlcourse.features.probe import PENALTIES, Probe, fit_probe

__all__ = ["PENALTIES", "Probe", "extract", "fit_probe"]
