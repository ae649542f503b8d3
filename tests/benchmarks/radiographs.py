"""Simulated radiographs a second, at 64x64. Run by `make bench`."""

import statistics
import time

from tlcourse.datasets import simulate_radiographs

simulate_radiographs(64)
for each in (1, 5):
    seconds = []
    for seed in range(5):
        start = time.perf_counter()
        simulate_radiographs(1000 // each, each=each, seed=seed)
        seconds.append(time.perf_counter() - start)
    print(f"{each} image(s) of each patient: {1000 / statistics.median(seconds):.0f} images a second, median of five")
