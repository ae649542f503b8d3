"""How sure are we? Repeated label draws, label-efficiency curves, intervals, tables of accuracies."""

from tlcourse.evaluation.curves import Curve, label_efficiency
from tlcourse.evaluation.draws import draw_labels
from tlcourse.evaluation.intervals import (
    Interval,
    crossed_interval,
    equivalent,
    mean_interval,
    not_worse,
    paired_interval,
)
from tlcourse.evaluation.tables import Table, accuracy_table

__all__ = [
    "Curve",
    "Interval",
    "Table",
    "accuracy_table",
    "crossed_interval",
    "draw_labels",
    "equivalent",
    "label_efficiency",
    "mean_interval",
    "not_worse",
    "paired_interval",
]
