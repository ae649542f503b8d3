"""What should it relearn? Freezing and unfreezing, BatchNorm, rates by depth, staying close to the start."""

from tlcourse.finetuning.freezing import Movement, StaleCompile, check_compiled, unfreeze, what_moves
from tlcourse.finetuning.heads import fit_head
from tlcourse.finetuning.rates import RangeTest, learning_rate_range_test, rates_by_depth
from tlcourse.finetuning.staying import L2SP, distance_from, stay_close

__all__ = [
    "L2SP",
    "Movement",
    "RangeTest",
    "StaleCompile",
    "check_compiled",
    "distance_from",
    "fit_head",
    "learning_rate_range_test",
    "rates_by_depth",
    "stay_close",
    "unfreeze",
    "what_moves",
]
