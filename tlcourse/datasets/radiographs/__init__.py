"""Simulated chest radiographs: made data, to teach with. No person was X-rayed, and no machine was measured."""

from tlcourse.datasets.radiographs.acquisition import HOSPITALS, Hospital, stamp_marker
from tlcourse.datasets.radiographs.simulation import Radiographs, simulate_radiographs

__all__ = ["HOSPITALS", "Hospital", "Radiographs", "simulate_radiographs", "stamp_marker"]
