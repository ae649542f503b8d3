"""Could we have known? Scores that rank pretrained networks by a target's few labels, before anything is trained.

The arguments of a score are named: features and probabilities have one shape, and to swap them raises no error.
"""

from tlcourse.transferability.evidence import logme
from tlcourse.transferability.ranking import Agreement, mean_agreement, rank_agreement, reached_by
from tlcourse.transferability.scores import h_score, leep, nearest_neighbours

__all__ = [
    "Agreement",
    "h_score",
    "leep",
    "logme",
    "mean_agreement",
    "nearest_neighbours",
    "rank_agreement",
    "reached_by",
]
