import json
import logging
import subprocess
import sys

import keras
import numpy as np
import pytest

from tlcourse.evaluation import Interval
from tlcourse.lesson import ClaimFailed, Lesson, quietly
from tlcourse.measured import plain, shown

CLAIM = "application/vnd.tlcourse.claim+json"


@pytest.fixture
def published(monkeypatch):
    import IPython.display

    outputs = []
    monkeypatch.setattr(
        IPython.display, "publish_display_data", lambda data, metadata: outputs.append((data, metadata["tlcourse"]))
    )
    return outputs


@pytest.fixture
def lesson(published):
    lesson = Lesson("01", "quick", 0)
    published.clear()
    return lesson


def test_a_claim_prints_its_line_then_what_was_measured_and_keeps_it(lesson, published):
    gain = Interval(0.12, 0.1, 0.14, 0.01, 20)
    lesson.claim("gain", "It gains.", holds=np.bool_(True), observed={"gain": gain, "n": np.int64(3), "bad": np.nan})
    ((data, kept),) = published
    line, measured = data["text/plain"].split("\n")
    assert line == "✓ Holds: It gains."
    assert measured == "  measured: gain +12.0 points [+10.0, +14.0], n 3, bad not finite"
    assert data[CLAIM] == {"id": "01.gain", "kind": "claim", "statement": "It gains.", "holds": True}
    assert kept["gain"]["mean"] == 0.12
    assert (kept["n"], kept["bad"]) == (3, None)
    json.dumps([data, kept])


def test_a_broken_claim_is_published_and_then_fails(lesson, published):
    with pytest.raises(ClaimFailed, match="01.gain: It gains. Measured: gain -1"):
        lesson.claim("gain", "It gains.", holds=False, observed={"gain": -1.0})
    assert published[0][0][CLAIM]["holds"] is False
    assert published[0][1] == {"gain": -1.0}


def test_what_was_observed_needs_names(lesson):
    with pytest.raises(ValueError, match="must have names, in a dictionary; got list|must be given by name"):
        lesson.claim("gain", "It gains.", holds=True, observed=[1, 2])


def test_under_the_runner_a_broken_claim_is_recorded_and_the_lesson_goes_on(lesson, published, monkeypatch):
    monkeypatch.setenv("TLCOURSE_RUNNER", "1")
    lesson.claim("gain", "It gains.", holds=False)
    assert published[0][0][CLAIM]["holds"] is False
    assert published[0][0]["text/plain"] == "✗ Does not hold: It gains."


def test_a_claim_of_another_profile_is_not_counted(lesson, published):
    lesson.claim("gain", "It gains.", holds=False, profiles=("full",))
    assert CLAIM not in published[0][0]
    assert "only in the profile full" in published[0][0]["text/plain"]


def test_a_claim_that_cannot_fail_on_this_backend_is_published_as_not_checked(lesson, published):
    here = keras.config.backend()
    (elsewhere,) = [name for name in ("tensorflow", "jax") if name != here][:1]
    lesson.claim("moves", "It moves.", holds={}, backends=(elsewhere,))
    ((data, kept),) = published
    assert data["text/plain"] == f"– It moves. (only with the backend {elsewhere})"
    assert data[CLAIM] == {"id": "01.moves", "kind": "claim", "statement": "It moves.", "holds": None}
    assert kept == {}
    lesson.claim("moves", "It moves.", holds=True, backends=(elsewhere, here))
    assert published[1][0][CLAIM]["holds"] is True
    with pytest.raises(ClaimFailed):
        lesson.claim("moves", "It moves.", holds=False, backends=(here,))


@pytest.mark.parametrize(
    "holds",
    [[False], (x for x in [False]), float("nan"), "no", 1, None, np.array([False]), np.array(True), {"moved": 0}],
)
def test_only_true_or_false_says_that_a_claim_holds(lesson, published, holds):
    with pytest.raises(TypeError, match=r"01.gain: holds must be True or False; got .*\. Write bool\(…\)"):
        lesson.claim("gain", "It gains.", holds=holds)
    assert published == []


@pytest.mark.parametrize(
    "given", [{"profiles": ("ful",)}, {"profiles": "full"}, {"backends": ("tensorfow",)}, {"backends": "jax"}]
)
def test_a_profile_or_a_backend_that_does_not_exist_is_no_reason_to_check_nothing(lesson, given):
    with pytest.raises(ValueError, match="Unknown (profile|backend) '.*Known"):
        lesson.claim("gain", "It gains.", holds=False, **given)


def test_a_finding_shows_its_value_and_gives_no_verdict(lesson, published):
    lesson.finding("gain", "Gain", Interval(0.12, -0.1, 0.34, 0.1, 20))
    ((data, kept),) = published
    assert data["text/plain"] == "• Gain\n  measured: +12.0 points [-10.0, +34.0]"
    assert data[CLAIM]["holds"] is None
    assert kept["value"]["low"] == -0.1


def test_checks_say_right_wrong_and_why_or_not_yet(lesson, published):
    reasons = {"It should be even.": lambda x: x % 2 == 0, "It should be large.": lambda x: x > 10}
    for answer in (..., 3, 4, "many", 12):
        lesson.check("1.1", answer, reasons)
    texts = [data["text/plain"] for data, _ in published]
    assert texts[0] == "Exercise 1.1: not answered yet."
    assert texts[1] == "Exercise 1.1: not yet. It should be even."
    assert texts[2] == "Exercise 1.1: not yet. It should be large."
    assert "raises TypeError" in texts[3]
    assert texts[4] == "Exercise 1.1: right."


@pytest.mark.parametrize("found", [[False], np.array([True]), float("nan"), "no", 2, None])
def test_an_exercise_is_right_only_where_its_tests_find_true(lesson, published, found):
    lesson.check("1.1", 3, {"It should be even.": lambda x: found})
    assert published[0][0]["text/plain"].startswith("Exercise 1.1: not yet. Your answer raises TypeError: comparing it")


def test_a_tensor_that_is_true_is_one_truth_value(lesson, published):
    for answer in (4, 5):
        lesson.check("1.1", keras.ops.convert_to_tensor(answer), {"It should be 4.": lambda x: x == 4})
    texts = [data["text/plain"] for data, _ in published]
    assert texts == ["Exercise 1.1: right.", "Exercise 1.1: not yet. It should be 4."]


def test_seeds_from_100_on_are_for_development(published):
    assert [Lesson("01", "quick", seed).part for seed in (0, 99, 100, 199, 200)] == [
        *("reporting", "reporting", "development", "development", "reporting")
    ]


@pytest.mark.parametrize(("profile", "seed"), [("fast", 0), ("quick", -1), ("quick", "0"), ("quick", True)])
def test_unknown_profiles_and_odd_seeds_are_refused(profile, seed):
    with pytest.raises(ValueError, match="Unknown profile|SEED must be"):
        Lesson("01", profile, seed)


def test_plain_leaves_nothing_that_json_cannot_hold():
    value = {"a": np.arange(3), "b": (np.float32(1.5), float("inf")), "c": Interval(0, 0, 0, 0, 2)}
    assert json.loads(json.dumps(plain(value))) == plain(value)


def test_what_was_measured_is_shown_on_one_line():
    assert (
        shown({"rates": {5: 0.01, 50: 0.02}, "taps": ["a", "b"], "n": 1797})
        == "rates (5: 0.01, 50: 0.02), taps a b, n 1797"
    )
    assert shown(0.123456) == "0.123"
    assert shown({}) == ""
    assert shown(Interval(float("nan"), 0, 0, 0, 2)).startswith("mean not finite")


def test_what_tensorflow_logs_is_quiet_whatever_level_it_gives_itself(caplog):
    logger = logging.getLogger("tensorflow")
    with quietly():
        logger.setLevel(logging.INFO)  # as it does in a notebook
    logger.warning("tracing anew")
    logger.error("no memory")
    assert caplog.messages == ["no memory"]


def test_a_lesson_that_reads_photographs_sees_no_warning_of_a_progress_bar():
    code = "import ipykernel.zmqshell, tlcourse.lesson as lesson; lesson.Lesson('01', 'quick', 0); import skimage.data"
    done = subprocess.run([sys.executable, "-W", "always", "-c", code], capture_output=True, text=True)
    assert (done.returncode, "Tqdm" in done.stderr) == (0, False), done.stderr
