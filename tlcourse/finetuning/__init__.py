"""What should it relearn? Freezing and unfreezing, BatchNorm, rates by depth, staying close to the start."""

from tlcourse.finetuning.freezing import Movement, StaleCompile, check_compiled, unfreeze, what_moves
from tlcourse.finetuning.heads import fit_head
from tlcourse.finetuning.rates import rates_by_depth
from tlcourse.finetuning.staying import L2SP, stay_close

__all__ = [
    "L2SP",
    "Movement",
    "StaleCompile",
    "check_compiled",
    "fit_head",
    "rates_by_depth",
    "stay_close",
    "unfreeze",
    "what_moves",
]
