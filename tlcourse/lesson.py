"""What a lesson states and how it is checked: profiles, claims, findings, checks of exercises."""

import logging
import os
import time
import warnings
from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from tlcourse.checks import known
from tlcourse.measured import plain, shown, truth

MIME = "application/vnd.tlcourse.{}+json"
RUNNER = "TLCOURSE_RUNNER"
"""Set by `tlcourse run`: a broken claim is then recorded and the lesson goes on, so that every claim is counted."""

PROFILES = ("quick", "full")
BACKENDS = ("tensorflow", "jax", "torch")
DEVELOPMENT_SEEDS = range(100, 200)
"""Seeds of choices and pilots: with one of them a lesson tests on development data, never on what is reported."""


class ClaimFailed(AssertionError):
    """A claim of a lesson does not hold in this run."""


class Lesson:
    """A lesson in one profile, with one seed.

    Args:
        name: number of the lesson, such as ``"01"``.
        profile: ``"quick"`` or ``"full"``.
        seed: seed of everything that varies; 100 to 199 are for development.

    Attributes:
        part: the part of each data set to test on, ``"reporting"`` or ``"development"``.
        checked: by number of an exercise, what its check last said: ``"right"``, ``"wrong"`` or ``"unanswered"``.

    Raises:
        ValueError: if the profile is unknown or the seed is not a whole number from 0 on.

    >>> Lesson("01", "quick", 0).part
    Lesson 01, profile quick, seed 0, tested on the reporting part.
    'reporting'
    """

    def __init__(self, name, profile, seed):
        known("profile", profile, PROFILES)
        if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
            raise ValueError(f"SEED must be a whole number from 0 on; got {seed!r}.")
        self.name, self.profile, self.seed, self.checked = name, profile, seed, {}
        self.part = "development" if seed in DEVELOPMENT_SEEDS else "reporting"
        started = time.perf_counter()
        with quietly():
            import pooch  # noqa: F401 - in a notebook it warns of a missing progress bar, which nobody asked for

            from tlcourse.networks import accelerators  # brings Keras, so that the lesson's cells are about the lesson

            device = next(iter(accelerators()), "cpu")
        imports = time.perf_counter() - started
        line = f"Lesson {name}, profile {profile}, seed {seed}, tested on the {self.part} part."
        self._publish("lesson", line, {}, {"imports": imports, "device": device})

    def pick(self, *, quick, full):
        """Return the value of this profile.

        >>> Lesson("01", "quick", 0).pick(quick="digits", full="flowers")
        Lesson 01, profile quick, seed 0, tested on the reporting part.
        'digits'
        """
        return {"quick": quick, "full": full}[self.profile]

    def claim(self, name, statement, *, holds, observed=None, profiles=PROFILES, backends=None):
        """State a conclusion that code checks: print it with whether it holds, and fail if it does not.

        The first line is the same on every machine where the claim holds. The line below it says what was measured;
        tests do not compare that line.

        Args:
            name: short name, unique in the lesson.
            statement: one sentence without measured numbers.
            holds: whether it holds: ``True`` or ``False``, of Python or NumPy.
            observed: what was measured, by name: numbers, an `Interval`, arrays.
            profiles: profiles that the claim belongs to; in another it says so and checks nothing.
            backends: backends of Keras on which it can fail, by default all. On another it is not checked: it is
                published as a claim of which nobody knows whether it holds, and counts neither way.

        Raises:
            TypeError: if ``holds`` is anything else, such as an array, NaN or a string.
            ValueError: if what was observed has no names, or a profile or a backend is unknown.
            ClaimFailed: if it does not hold, after publishing it, so that nothing measured is lost. Under
                `tlcourse run` it is only recorded.
        """
        if self.profile not in [known("profile", each, PROFILES) for each in profiles]:
            self._publish("text", f"– {statement} (only in the profile {' or '.join(profiles)})", {})
            return
        if backends and _backend() not in [known("backend", each, BACKENDS) for each in backends]:
            line = f"– {statement} (only with the backend {' or '.join(backends)})"
            self._publish("claim", line, self._entry(name, "claim", statement, None))
            return
        if not isinstance(holds, (bool, np.bool_)):
            raise TypeError(
                f"{self.name}.{name}: holds must be True or False; got {type(holds).__name__}: {holds!r:.60}. "
                "Write bool(…) around one value, and (…).all() or (…).any() after several."
            )
        if not isinstance(observed or {}, Mapping):
            raise ValueError(
                f"What was observed must be given by name, in a dictionary; got {type(observed).__name__}."
            )
        holds = bool(holds)
        line = f"{'✓ Holds' if holds else '✗ Does not hold'}: {statement}"
        self._publish("claim", line + _measured(observed), self._entry(name, "claim", statement, holds), observed)
        if not holds and os.environ.get(RUNNER) != "1":
            raise ClaimFailed(f"{self.name}.{name}: {statement} Measured: {shown(observed or {}) or 'nothing'}")

    def finding(self, name, statement, value):
        """Print a measured value without a verdict.

        Args:
            name: short name, unique in the lesson.
            statement: what was measured, in words and without numbers.
            value: an `Interval`, a number, or several by name.
        """
        entry = self._entry(name, "finding", statement, None)
        self._publish("claim", f"• {statement}{_measured(value)}", entry, {"value": value})

    def check(self, exercise, answer, reasons):
        """Check an answer: right, wrong and why, or not answered yet. Shows no solution and stops nothing.

        Args:
            exercise: number of the exercise, such as ``"1.2"``.
            answer: the student's answer; ``...`` means not yet.
            reasons: a dictionary of tests. Each key is a sentence that says what is wrong; each value is a function
                that takes the answer and returns whether it passes, one truth value. The sentence of the first test
                that fails, raises an error or returns anything else is shown.
        """
        status, text = "right", "right."
        if answer is ...:
            status, text = "unanswered", "not answered yet."
        else:
            for reason, passes in reasons.items():
                try:
                    passed = truth(passes(answer))
                except Exception as error:
                    passed, reason = False, f"Your answer raises {type(error).__name__}: {error}"
                if not passed:
                    status, text = "wrong", f"not yet. {reason}"
                    break
        self.checked[exercise] = status
        self._publish("check", f"Exercise {exercise}: {text}", {"id": exercise, "status": status})

    def _entry(self, name, kind, statement, holds):
        return {"id": f"{self.name}.{name}", "kind": kind, "statement": statement, "holds": holds}

    def _publish(self, kind, text, entry, observed=None):
        from IPython.display import publish_display_data

        data = {"text/plain": text}
        if entry:
            data[MIME.format(kind)] = entry
        publish_display_data(data, metadata={"tlcourse": plain(observed or {})})


def _backend():
    import keras

    return keras.config.backend()


def _measured(observed):
    text = "" if observed is None else shown(observed)
    return f"\n  measured: {text}" if text else ""


@contextmanager
def quietly():
    """Hide TensorFlow's start-up lines. C++ writes them, so replacing Python's standard error is not enough."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # TensorFlow warns when it traces again, as it must for many small networks. In a notebook it resets a logger's
    # level, so we add a filter.
    logging.getLogger("tensorflow").addFilter(lambda record: record.levelno >= logging.ERROR)
    kept = os.dup(2)
    with Path(os.devnull).open("w") as nowhere, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
