"""How sure are we? Repeated label draws, curves, intervals and tables; for patients ROC, thresholds, calibration."""

from tlcourse.evaluation.calibration import calibration_curve, calibration_error, fit_temperature, shift_prior
from tlcourse.evaluation.corrections import holm
from tlcourse.evaluation.curves import Curve, label_efficiency
from tlcourse.evaluation.decisions import (
    OperatingPoint,
    operating_point,
    predictive_values,
    subgroup_table,
    threshold_at,
)
from tlcourse.evaluation.draws import draw_labels
from tlcourse.evaluation.estimates import Estimate, clustered_mean, proportion
from tlcourse.evaluation.intervals import (
    Interval,
    crossed_interval,
    equivalent,
    mean_interval,
    paired_interval,
)
from tlcourse.evaluation.ranking import auc_difference, auc_interval
from tlcourse.evaluation.splits import check_apart, split_by_patient
from tlcourse.evaluation.tables import Table, accuracy_table

__all__ = [
    "Curve",
    "Estimate",
    "Interval",
    "OperatingPoint",
    "Table",
    "accuracy_table",
    "auc_difference",
    "auc_interval",
    "calibration_curve",
    "calibration_error",
    "check_apart",
    "clustered_mean",
    "crossed_interval",
    "draw_labels",
    "equivalent",
    "fit_temperature",
    "holm",
    "label_efficiency",
    "mean_interval",
    "operating_point",
    "paired_interval",
    "predictive_values",
    "proportion",
    "shift_prior",
    "split_by_patient",
    "subgroup_table",
    "threshold_at",
]
