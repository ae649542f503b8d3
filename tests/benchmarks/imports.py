"""How long does `import tlcourse` take, and what does it load? Run by `make bench`."""

import statistics
import subprocess
import sys


def imported(statement):
    """Return microseconds of an import, cumulative, and the heavy modules it loaded."""
    command = [sys.executable, "-X", "importtime", "-c", f"{statement}; import sys; print(*sorted(sys.modules))"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    times = {line.split("|")[2].strip(): int(line.split("|")[1]) for line in result.stderr.splitlines()[1:]}
    return times, set(result.stdout.split()) & {"keras", "tensorflow", "numpy"}


if __name__ == "__main__":
    for statement, module in (("import tlcourse", "tlcourse"), ("import tlcourse.__main__", "tlcourse.__main__")):
        runs = [imported(statement) for _ in range(7)]
        milliseconds = [times[module] / 1000 for times, _ in runs]
        heavy = set.union(*(loaded for _, loaded in runs))
        assert not heavy, f"{statement} loads {heavy}"
        low, middle, high = min(milliseconds), statistics.median(milliseconds), max(milliseconds)
        print(f"{statement}: {middle:.1f} ms ({low:.1f} … {high:.1f}); loads no Keras, no TensorFlow, no NumPy")
