"""How sure are we? Repeated label draws, label-efficiency curves, paired intervals."""

from tlcourse.evaluation.curves import Curve, label_efficiency
from tlcourse.evaluation.draws import draw_labels
from tlcourse.evaluation.intervals import Interval, crossed_interval, equivalent, not_worse, paired_interval

__all__ = [
    "Curve",
    "Interval",
    "crossed_interval",
    "draw_labels",
    "equivalent",
    "label_efficiency",
    "not_worse",
    "paired_interval",
]
