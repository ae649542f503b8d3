import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import keras
import nbformat
import pytest
from made import BODY, LIGHT
from typer.testing import CliRunner

import tlcourse.course.cluster as cluster_module
import tlcourse.course.doctor as doctor_module
import tlcourse.course.job as job_module
import tlcourse.course.kernels as kernels_module
import tlcourse.course.sources as sources_module
from tlcourse.__main__ import app
from tlcourse.assets import data_folder
from tlcourse.course.doctor import Check, examine
from tlcourse.course.job import Job
from tlcourse.course.kernels import Kernels
from tlcourse.course.report import claims, report, write_report, write_report_page
from tlcourse.course.run import run
from tlcourse.course.sources import both_volumes, lessons
from tlcourse.course.statements import statements
from tlcourse.course.tables import checks_json, checks_table, claim_lines, line
from tlcourse.course.verdict import entry, heading

cli = CliRunner()


@pytest.fixture
def ran(made, tmp_path):
    """Return the jobs of two seeds, one of which breaks a claim, and their report."""
    jobs = [Job(made(), "quick", seed, tmp_path / "runs", 60) for seed in (0, 3)]
    return jobs, run(jobs, workers=2)


@pytest.mark.slow
def test_run_counts_every_claim_and_says_what_happened(ran, tmp_path):
    _, written = ran
    passed, failed = written["runs"]
    assert (passed["status"], passed["reason"]) == ("passed", "")
    assert [claim["id"] for claim in passed["claims"]] == ["90.positive", "90.last"]
    assert passed["claims"][0]["observed"] == {"seed": 0}
    assert set(passed["seconds"]) == {"start", "imports", "compute"}
    assert failed["status"] == "failed"
    assert failed["reason"] == "claims that do not hold: 90.positive"
    assert [claim["holds"] for claim in failed["claims"]] == [False, True]
    assert written["version"] == 1
    assert written["environment"]["keras"]
    assert json.loads((tmp_path / "runs" / "report.json").read_text()) == written
    assert nbformat.read(tmp_path / "runs" / passed["notebook"], 4).metadata.tlcourse.run.status == "passed"
    assert line(passed).startswith("✓ 90 quick seed 0: passed,")
    assert claim_lines(written["runs"])[1] == "✓ 90, 2 of 2: This claim is reached."
    page = (tmp_path / "runs" / "report.html").read_text(encoding="utf-8")
    assert "1 of 2 passed" in page
    assert page.index("claims that do not hold: 90.positive") < page.index("90 · Made")
    assert "✗ 1 of 2" in page
    assert [claim["observed"] for claim in passed["claims"]] == [{"seed": 0}, {}]


@pytest.mark.slow
def test_resume_runs_again_what_failed_or_changed_and_nothing_else(ran, made, tmp_path, monkeypatch):
    begun = []
    monkeypatch.setattr(job_module, "_papermill", lambda job, *rest: begun.append(job.seed))

    def again(lesson):
        jobs = [Job(lesson, "quick", seed, tmp_path / "runs", 60) for seed in (0, 3)]
        return [entry["status"] for entry in run(jobs, resume=True)["runs"]]

    assert again(made())[0] == "passed"
    assert begun == [3]
    again(made(BODY + "\n# %%\nprint('a change')\n"))
    assert begun == [3, 0, 3]


@pytest.mark.slow
def test_a_lesson_can_be_run_with_any_backend(made, tmp_path):
    body = '\n# %%\nimport os\n\nassert os.environ["KERAS_BACKEND"] == "numpy"\n'
    job = Job(made(body), "quick", 0, tmp_path, 60, "numpy")
    ((result,),) = [run([job])["runs"]]
    assert (result["status"], result["backend"]) == ("passed", "numpy")
    assert result["notebook"] == job.notebook.name == "90_made-quick-0-numpy.ipynb"


def test_a_kernel_that_does_not_start_is_tried_again_and_a_cell_is_not(made, tmp_path, monkeypatch):
    import jupyter_client.manager

    tries = []

    async def start(**options):
        tries.append(options["kernel_name"])
        raise RuntimeError("Address already in use")

    monkeypatch.setattr(jupyter_client.manager, "start_new_async_kernel", start)
    ((result,),) = [run([Job(made(), "quick", 0, tmp_path / "runs", 60)])["runs"]]
    assert result["status"] == "failed"
    assert "No kernel started in 3 attempts: Address already in use" in result["reason"]
    assert len(tries) == 3


STATED = """
# %%
class Lesson:
    name = "90"

    def claim(self, name, statement, *, holds, profiles=()):
        entry = {"id": f"90.{name}", "kind": "claim", "statement": statement, "holds": holds}
        data = {"text/plain": statement, "application/vnd.tlcourse.claim+json": entry}
        display(data, raw=True, metadata={"tlcourse": {}})


lesson = Lesson()

# %%
if SEED == 0:
    lesson.claim("zero", "The seed is 0.", holds=True)

# %%
%matplotlib inline
lesson.claim("always", "Always reached.", holds=True)

# %%
if PROFILE == "full":
    lesson.claim("elsewhere", "Of the other profile.", holds=True, profiles=("full",))
"""
"""A lesson whose claims are counted without Keras, some of them behind a condition."""


def test_a_claim_behind_a_condition_that_was_not_met_counts_as_not_held(made, tmp_path):
    passed, failed = run([Job(made(STATED), "quick", seed, tmp_path / "runs", 60) for seed in (0, 1)])["runs"]
    assert passed["status"] == "passed"
    assert [claim["id"] for claim in passed["claims"]] == ["90.zero", "90.always"]
    assert (failed["status"], failed["reason"]) == ("failed", "claims that were not reached: 90.zero")
    assert {claim["id"]: claim["holds"] for claim in failed["claims"]} == {"90.always": True, "90.zero": False}


ELSEWHERE = STATED.replace('"zero", "The seed is 0."', '"zero", "The seed is 0.", backends=("jax",)').replace(
    "holds, profiles=()):",
    "holds, profiles=(), backends=('tensorflow',)):\n        holds = holds if 'tensorflow' in backends else None",
)
"""The same lesson with a claim that only JAX can break, as `Lesson.claim` publishes it on TensorFlow."""


def test_a_claim_that_is_not_checked_on_this_backend_counts_neither_way(made, tmp_path):
    jobs = [Job(made(ELSEWHERE), "quick", seed, tmp_path / "runs", 60) for seed in (0, 1)]
    published, skipped = run(jobs)["runs"]
    for each in (published, skipped):
        assert (each["status"], each["reason"]) == ("passed", "")
        assert {claim["id"]: claim["holds"] for claim in each["claims"]} == {"90.always": True, "90.zero": None}
        assert "1 of 1 claims hold, 1 not checked here." in line(each)
    assert claim_lines([published])[0] == "– 90: The seed is 0. (not checked here)"
    assert "not checked here</span>" in (tmp_path / "runs" / "report.html").read_text()
    never = entry(Job(made(ELSEWHERE), "quick", 0, tmp_path, 60, "jax"), "not run", "")
    assert {claim["id"]: claim["holds"] for claim in never["claims"]} == {"90.always": False, "90.zero": False}
    both = [row for row in claims([published, never]) if row["id"] == "90.zero"]
    assert [(row["held"], row["counted"]) for row in both] == [(0, 1)]


def test_a_lesson_that_never_began_reports_every_claim_as_not_held(made, tmp_path, monkeypatch):
    monkeypatch.setattr(kernels_module, "_start", lambda **options: 1 / 0)
    job = Job(made(), "quick", 0, tmp_path / "runs", 60)
    ((failed,),) = [run([job])["runs"]]
    assert {claim["id"]: claim["holds"] for claim in failed["claims"]} == {"90.positive": False, "90.last": False}
    ((missing,),) = [run([Job(made(), "full", 0, tmp_path / "runs", 60)])["runs"]]
    assert missing["status"] == "not run"
    assert [claim["holds"] for claim in missing["claims"]] == [False, False]
    assert "0 of 2 claims hold" in line(failed)


def test_a_lesson_about_interruptions_is_not_taken_for_one(made, tmp_path):
    body = "\n# %% [markdown]\n# ## interrupted\n\n# %%\nimport sys; sys.exit()\n"
    made(body + LIGHT)
    result = cli.invoke(app, ["run", "90", "--out", str(tmp_path / "runs")])
    assert "in “interrupted”" in result.output
    assert result.exit_code == 1
    assert json.loads((tmp_path / "runs" / "report.json").read_text())["interrupted"] is False


def test_resume_knows_versions_variants_and_every_bundled_file(made, tmp_path, monkeypatch):
    def fingerprint():
        job_module._installed.cache_clear(), job_module._package.cache_clear()
        return Job(made(), "full", 0, tmp_path, 60).fingerprint

    before = fingerprint()
    assert fingerprint() == before
    with monkeypatch.context() as patch:
        patch.setattr(job_module, "distributions", lambda: [SimpleNamespace(name="keras", version="0.0")])
        assert fingerprint() != before
    with monkeypatch.context() as patch:
        patch.setattr(job_module, "expected_hash", lambda name: "another variant")
        assert fingerprint() != before
    shutil.copytree(data_folder(), tmp_path / "data")
    with monkeypatch.context() as patch:
        patch.setattr(job_module, "data_folder", lambda: tmp_path / "data")
        assert fingerprint() == before
        for changed in ("weights/wordhub/assets/words.txt", "reviews/films.csv", "assets.toml"):
            path = tmp_path / "data" / changed
            kept = path.read_bytes()
            path.write_bytes(kept + b"\n")
            assert fingerprint() != before
            path.write_bytes(kept)
        path.rename(path.with_suffix(".old"))
        assert fingerprint() != before


def test_resume_knows_the_settings_that_libraries_read(made, tmp_path, monkeypatch):
    def fingerprint():
        job_module._installed.cache_clear()
        return Job(made(), "quick", 0, tmp_path, 60).fingerprint

    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    before = fingerprint()
    (tmp_path / "keras").mkdir()
    settings = {"floatx": "float32", "epsilon": 1e-07, "backend": "jax", "image_data_format": "channels_last"}
    (tmp_path / "keras" / "keras.json").write_text(json.dumps(settings))  # as Keras does in the first kernel
    assert fingerprint() == before
    monkeypatch.setenv("KERAS_BACKEND", "jax")  # a job has its own
    assert fingerprint() == before
    (tmp_path / "keras" / "keras.json").write_text(json.dumps(settings | {"floatx": "float16"}))
    assert fingerprint() != before
    (tmp_path / "keras" / "keras.json").write_text("[3")
    assert fingerprint() == before
    for name, value in {"KERAS_MAX_EPOCHS": "1", "XLA_FLAGS": "--xla_gpu_deterministic_ops=true"}.items():
        with monkeypatch.context() as patch:
            patch.setenv(name, value)
            assert fingerprint() != before
    monkeypatch.setattr(job_module.platform, "python_version", lambda: "3.99.0")
    assert fingerprint() != before


def test_a_run_says_each_claim_in_words_with_what_was_measured():
    gain = {"mean": 0.04, "low": 0.01, "high": 0.07, "se": 0.01, "draws": 5}
    claim = {"id": "90.gain", "kind": "claim", "statement": "It [gains].", "holds": True, "observed": {"gain": gain}}
    finding = {"id": "90.size", "kind": "finding", "statement": "Size", "holds": None, "observed": {"value": 3}}
    runs = [{"lesson": "90", "claims": [claim, finding]}, {"lesson": "90", "claims": [claim | {"holds": False}]}]
    once, twice = claim_lines(runs[:1]), claim_lines(runs)
    assert once == ["✓ 90: It [gains]. gain +4.0 points [+1.0, +7.0]"]
    assert twice == ["✗ 90, 1 of 2: It [gains]. gain +4.0 points"]
    runs[1]["claims"][0]["observed"] = {"gain": gain | {"mean": 0.06}, "rates": {"5": 0.01}}
    assert claim_lines(runs) == ["✗ 90, 1 of 2: It [gains]. gain +5.0 (+4.0 … +6.0) points, rates (5: 0.01)"]


def test_a_lesson_s_number_may_be_written_with_or_without_its_zero():
    assert [lesson.name for lesson in lessons(["1", "01", "2"])] == ["01", "02"]
    with pytest.raises(ValueError, match="Unknown lesson '7'"):
        lessons(["7"])


def test_the_second_volume_runs_beside_its_lesson_under_names_of_its_own(made, tmp_path):
    made(STATED), made(STATED.replace('"90"', '"90-deeper"').replace("90.{name}", "90-deeper.{name}"), deeper=True)
    both = cli.invoke(app, ["run", "90", "90-deeper", "--out", str(tmp_path / "runs")])
    runs = json.loads((tmp_path / "runs" / "report.json").read_text())["runs"]
    assert both.exit_code == 0, both.output
    assert [run["lesson"] for run in runs] == ["90", "90-deeper"]
    backend = "" if keras.config.backend() == "tensorflow" else f"-{keras.config.backend()}"
    names = [f"90_made-quick-0{backend}.ipynb", f"90_made-deeper-quick-0{backend}.ipynb"]
    assert [run["notebook"] for run in runs] == names
    assert [claim["id"] for claim in runs[1]["claims"]] == ["90-deeper.zero", "90-deeper.always"]
    assert "90-deeper · Deeper" in (tmp_path / "runs" / "report.html").read_text()


def test_deeper_means_the_second_volumes_and_none_is_no_failure(made, tmp_path):
    made(LIGHT)
    none = cli.invoke(app, ["run", "--deeper", "--out", str(tmp_path / "runs")])
    assert (none.exit_code, none.output.strip()) == (0, "No lesson has a second notebook (Deeper) yet.")
    made(LIGHT, deeper=True)
    assert cli.invoke(app, ["run", "--deeper", "--profile", "full", "--out", str(tmp_path / "runs")]).exit_code == 1
    (result,) = json.loads((tmp_path / "runs" / "report.json").read_text())["runs"]
    assert (result["lesson"], result["status"]) == ("90-deeper", "not run")


def test_a_lesson_whose_asset_is_missing_does_not_keep_the_others_from_running(made, tmp_path):
    made(LIGHT)
    deeper = made(LIGHT, deeper=True)
    deeper.path.write_text(deeper.path.read_text().replace("quick: []", "quick: [minilm]"))
    said = cli.invoke(app, ["run", "90-deeper", "90", "--out", str(tmp_path / "runs")])
    assert said.exit_code == 1
    assert "– 90-deeper quick seed 0: not run. Bring what is missing with: tlcourse fetch minilm" in said.output
    assert "✓ 90 quick seed 0: passed" in said.output


def test_what_both_volumes_need_is_fetched_and_looked_for(made, monkeypatch):
    deeper = made(LIGHT) and made(LIGHT, deeper=True)
    deeper.path.write_text(deeper.path.read_text().replace("quick: []", "quick: [minilm]"))
    said = cli.invoke(app, ["fetch"], env={"TLCOURSE_OFFLINE": "1"})
    assert said.exit_code == 1
    assert "minilm" in said.output and "90-deeper" in said.output
    assert doctor_module._assets("quick", "red")[1] == "missing: minilm"
    monkeypatch.setattr(doctor_module, "calibrate", lambda: 1.0)
    assert doctor_module._minutes("quick")[1].startswith("90: 0.0; all")


def test_an_empty_cell_is_no_early_end(made, tmp_path):
    ((result,),) = [run([Job(made(LIGHT + "\n# %%\n\n# %%\nprint(1)\n"), "quick", 0, tmp_path, 60)])["runs"]]
    assert (result["status"], result["reason"]) == ("passed", "")


def test_a_page_that_cannot_be_written_is_a_failure_that_resume_repeats(made, tmp_path):
    job = Job(made(STATED), "quick", 0, tmp_path, 60)
    page = job.notebook.with_suffix(".html")
    page.mkdir()
    result = run([job])["runs"][0]
    assert result["status"] == "failed" and "IsADirectoryError" in result["reason"]
    assert job.notebook.is_file() and any(claim["holds"] for claim in result["claims"])  # what was measured is kept
    page.rmdir()
    assert run([job], resume=True)["runs"][0]["status"] == "passed"
    assert page.is_file()


def test_the_report_links_pages_that_a_browser_shows(made, tmp_path):
    run([Job(made(STATED), "quick", 0, tmp_path / "runs", 60)])
    page = (tmp_path / "runs" / "report.html").read_text(encoding="utf-8")
    assert 'href="90_made-quick-0.html"' in page and 'href="90_made-quick-0.ipynb"' in page
    readable = (tmp_path / "runs" / "90_made-quick-0.html").read_text(encoding="utf-8")
    assert "Always reached." in readable
    fetched = re.findall(r"""(?:src|href)=["']?(http[^"' ]*)|@import|url\(["']?http""", readable)
    assert all("mathjax" in address for address in fetched)


def test_a_lesson_whose_asset_is_missing_is_not_run(made, tmp_path):
    ((result,),) = [run([Job(made(), "full", 0, tmp_path / "runs", 60)])["runs"]]
    assert result["status"] == "not run"
    assert "tlcourse fetch mnist" in line(result)
    assert "tlcourse fetch mnist" in (tmp_path / "runs" / "report.html").read_text()


def test_two_runs_do_not_write_into_one_folder(made, tmp_path):
    import filelock

    job = Job(made(), "full", 0, tmp_path / "runs", 60)
    job.folder.mkdir()
    with filelock.FileLock(job.folder / ".lock"), pytest.raises(RuntimeError, match="name another folder with --out"):
        run([job])


def test_claims_of_several_runs_are_counted_with_their_spread(made, tmp_path):
    runs = [entry(Job(made(), "quick", seed, tmp_path, 60), "passed", "") for seed in range(3)]
    for at, each in enumerate(runs):
        gain = {"mean": 0.1 + at / 100, "low": 0.0, "high": 0.2, "se": 0.01 if at else 0.0, "draws": 5}
        claim = {"id": "90.gain", "kind": "claim", "statement": "It <gains>.", "holds": at < 2}
        each["claims"] = [{**claim, "observed": {"gain": gain, "n": at} if at < 2 else {}}]
    (row,) = claims(runs)
    assert (row["held"], row["counted"]) == (2, 3)
    assert row["observed"] == {"gain": "+10.0 in all draws; +11.0 ± 1.00", "n": "0.5 (0 … 1)"}
    runs[2]["claims"][0]["observed"] = {"gain": {"mean": None, "se": None}, "n": [1, None]}
    assert claims(runs)[0]["observed"]["gain"].endswith("(mean: not finite, se: not finite)")
    runs[2]["claims"][0]["observed"] = {}
    write_report(tmp_path, report(runs))
    write_report_page(tmp_path, report(runs))
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "It &lt;gains&gt;." in page
    assert not re.search(r'(src|href)="(?!data:|report\.json|90_)', page)
    assert json.loads((tmp_path / "report.json").read_text()) == report(runs)


def test_reports_of_several_machines_are_one_table(made, tmp_path):
    def written(folder, seeds, **changes):
        runs = [entry(Job(made(), "quick", seed, tmp_path, 60), "passed", "") | changes for seed in seeds]
        (tmp_path / folder).mkdir()
        write_report(tmp_path / folder, report(runs))

    claim = {"id": "90.gain", "kind": "claim", "statement": "It gains.", "observed": {}}
    seconds = {"start": 1.0, "imports": 0.0, "compute": 2.0}
    written("one", range(3), seconds=seconds)
    written("other", [2, 3], status="failed", seconds=seconds, claims=[claim | {"holds": n > 0} for n in range(3)])
    written("third", [7], backend="jax", profile="full", seconds=seconds | {"compute": 4.4})
    result = cli.invoke(app, ["reports", *(str(tmp_path / name) for name in ("one", "other", "third"))])
    assert result.stdout.splitlines()[2:] == ["| 90 | 0–1; **2: 2 of 3**; **3: 2 of 3** (3 s) | 7 (5 s) |"]
    assert result.stdout.startswith("| notebook | tensorflow, quick | jax, full |")
    result = cli.invoke(app, ["reports", str(tmp_path)])
    assert result.exit_code == 2
    assert "has no report.json" in result.stderr


def test_what_a_cell_states_is_read_from_its_code():
    code = 'lesson.finding("size", f"{n} images", n)\nlesson.claim(name, "In a loop.", holds=True)'
    assert [(stated.name, stated.kind) for stated in statements(code)] == [("size", "finding"), (None, "claim")]
    assert statements('lesson.claim("a", "A.", holds=True, backends=["jax"])')[0].backends == ("jax",)
    assert statements('lesson.claim("a", "A.", holds=True, backends=THESE)')[0].backends is None
    assert statements('lesson.claim("a", "A.", holds=True, profiles=[[1]])')[0].profiles is None
    (stated,) = statements('lesson.claim(statement="It gains.", name="gain", holds=True, profiles=QUICK)')
    assert (stated.name, stated.statement, stated.profiles) == ("gain", "It gains.", None)
    assert statements("half (") == []
    assert [each.name for each in statements('%matplotlib inline\nlesson.check("90.1", answer, {})')] == ["90.1"]
    assert [each.name for each in statements('%%time\nlesson.claim("timed", "It is.", holds=True)')] == ["timed"]
    assert statements('lesson.claim("a", "A.", holds=True, profiles={[1]})')[0].profiles is None
    assert statements('other.check("90.1", answer, {})') == []
    assert heading([]) == "the beginning"


def test_command_line_says_what_is_wrong():
    assert cli.invoke(app, ["run", "99"]).exit_code == 2
    assert "number from 1 on" in cli.invoke(app, ["run", "--seeds", "none"]).output
    assert "would run 100 seeds" in cli.invoke(app, ["run", "--seeds", "100"]).output
    assert "Unknown asset" in cli.invoke(app, ["fetch", "nothing"]).output
    assert "Unknown bundled backbone" in cli.invoke(app, ["pretrain", "nothing"]).output
    offline = cli.invoke(app, ["fetch", "mnist"], env={"TLCOURSE_OFFLINE": "1"})
    assert offline.exit_code == 1
    assert "forbids the network" in offline.output
    quick = cli.invoke(app, ["fetch"], env={"TLCOURSE_OFFLINE": "1"})
    assert quick.exit_code == 1
    assert "minilm-tokenizer" in quick.output
    assert "mnist" not in quick.output
    assert "Unknown backend 'numpy'" in cli.invoke(app, ["run"], env={"KERAS_BACKEND": "numpy"}).output
    assert "Not in the cache: mnist" in cli.invoke(app, ["pack", "nowhere", "mnist"]).output
    assert "downloads 0.0 MB" in cli.invoke(app, ["clean"]).output
    listed = cli.invoke(app, ["fetch", "--list"]).output
    assert "minilm-tokenizer" in listed
    assert "CC BY-SA 3.0" in listed


def test_fetch_says_what_it_will_do_and_takes_it_from_a_pack(tmp_path, own_cache):
    (tmp_path / "mnist.npz").write_bytes(b"PK a small pack")
    digest = hashlib.sha256(b"PK a small pack").hexdigest()
    (tmp_path / "manifest.toml").write_text(f'["mnist.npz"]\nsha256 = "{digest}"\n')
    listed = cli.invoke(app, ["fetch", "mnist", "--list", "--from", str(tmp_path)])
    assert "pack" in listed.output
    assert not list(own_cache.rglob("mnist.npz"))
    fetched = cli.invoke(app, ["fetch", "mnist", "--from", str(tmp_path)])
    assert "To fetch: mnist; 0 MB of it to download." in fetched.output
    assert f"mnist: here, pack, SHA-256 {digest[:12]}" in fetched.output
    assert cli.invoke(app, ["pack", str(tmp_path / "copy"), "mnist"]).exit_code == 0
    assert (tmp_path / "copy" / "mnist.npz").read_bytes() == b"PK a small pack"
    assert "got" in cli.invoke(app, ["pack", str(tmp_path / "mnist.npz"), "mnist"]).output


def test_a_home_is_meant_by_its_sign_in_options_that_a_shell_passes_on_as_they_are(made, tmp_path, monkeypatch):
    made(LIGHT)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "home" / "pack").mkdir(parents=True)
    (tmp_path / "home" / "pack" / "mnist.npz").write_bytes(b"PK a small pack")
    digest = hashlib.sha256(b"PK a small pack").hexdigest()
    (tmp_path / "home" / "pack" / "manifest.toml").write_text(f'["mnist.npz"]\nsha256 = "{digest}"\n')
    monkeypatch.setenv("TLCOURSE_PACK", "")  # which the command sets
    assert "here, pack" in cli.invoke(app, ["fetch", "mnist", "--from=~/pack"]).output
    said = cli.invoke(app, ["pack", "~/copy", "mnist"]).output.replace("\n", "")
    assert f"{tmp_path / 'home' / 'copy' / 'manifest.toml'}" in said
    cli.invoke(app, ["run", "90", "--profile", "full", "--out=~/runs"])
    cli.invoke(app, ["build", "90", "--solutions=~/solved"])
    written = {path.relative_to(tmp_path / "home").as_posix() for path in (tmp_path / "home").rglob("*.*")}
    assert {"copy/mnist.npz", "runs/report.json", "solved/90_made_solutions.ipynb"} <= written
    assert not (tmp_path / "~").exists()


def test_help_names_every_command_and_the_exit_statuses():
    said = cli.invoke(app, ["--help"]).output
    for word in ("doctor", "run", "lab", "lessons", "fetch", "pack", "clean", "build", "pretrain", "Exit status"):
        assert word in said
    assert "01 · Feature extraction" in cli.invoke(app, ["lessons"]).output


@pytest.mark.parametrize(
    ("code", "heavy"),
    [
        ("import tlcourse.__main__ as m\ntry: m.app(['--help'])\nexcept SystemExit: pass", "keras numpy papermill"),
        ("from tlcourse.lesson import Lesson\nfrom tlcourse.plotting import style\nstyle()", "keras"),
    ],
)
def test_help_and_the_first_cell_of_a_lesson_load_no_keras(code, heavy):
    code = f"import sys\n{code}\nprint([m for m in {heavy.split()} if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=dict(os.environ))
    assert result.stdout.splitlines()[-1] == "[]", result.stderr


def test_the_doctor_finds_this_machine_ready_and_says_so_in_both_forms(monkeypatch):
    monkeypatch.setattr(doctor_module, "calibrate", lambda: 0.5)
    quick = {name for volume in both_volumes() for name in volume.needs["quick"]}
    for module in (doctor_module, sources_module):
        monkeypatch.setattr(module, "at_hand", quick.__contains__)
    checks = {check.name: check for check in examine("quick")}
    unwell = [check for check in checks.values() if check.colour == "red" and check.name not in ("memory", "disk")]
    assert unwell == []
    assert checks["assets, full"].colour == "yellow"
    assert checks["assets, full"].remedy == "tlcourse fetch --profile full"
    assert "0.50 of the reference" in checks["minutes"].found
    assert json.loads(checks_json(checks.values()))["ready"] is True
    assert checks_table(checks.values()).row_count == len(checks)
    assert json.loads(checks_json([Check("disk", "red", "full", "free some")]))["ready"] is False


def test_the_doctor_finds_what_is_wrong(monkeypatch, tmp_path):
    import collections

    import psutil

    def found(name):
        return getattr(doctor_module, f"_{name}")()

    monkeypatch.setattr(doctor_module, "find_spec", lambda name: None if name == "pkg_resources" else name)
    assert "setuptools<81" in found("hub")[2]
    monkeypatch.setattr(doctor_module.sys, "version_info", (3, 10, 0, "final", 0))
    assert found("python")[0] == "red"
    memory = collections.namedtuple("memory", "available")(1e9)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    assert found("memory")[0] == "red"
    usage = collections.namedtuple("usage", "free")(5e7)
    monkeypatch.setattr(doctor_module.shutil, "disk_usage", lambda place: usage)
    assert doctor_module._disk("quick")[0] == "red"
    assert doctor_module._assets("full", "red")[0] == "red"
    monkeypatch.setenv("TLCOURSE_PACK", str(tmp_path))
    assert "is the stick plugged in?" in found("pack")[1]
    (tmp_path / "manifest.toml").write_text('["mnist.npz"]\nsha256 = "00"\n')
    (tmp_path / "mnist.npz").write_bytes(b"PK")
    assert "not the file that the manifest describes" in found("pack")[1]
    monkeypatch.setattr(doctor_module, "locked_versions", lambda: {"keras": "1.0", "jax": "1.0", "no-such": "1.0"})
    assert found("packages")[0] == "yellow"
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TLCOURSE_CACHE", str(tmp_path / "file"))
    assert found("cache")[0] == "yellow"
    monkeypatch.setattr(kernels_module, "_start", lambda **options: 1 / 0)
    assert "ZeroDivisionError" in found("kernel")[1]
    monkeypatch.setattr(doctor_module, "data_folder", lambda: tmp_path)
    assert found("encoders")[0] == "red"
    assert doctor_module._found(lambda: 1 / 0)[:2] == ("red", "ZeroDivisionError: division by zero")


def test_the_doctor_finds_a_kernel_of_another_python(monkeypatch):
    class Manager:
        kernel_spec = type("Spec", (), {"argv": [str(Path("/elsewhere/bin/python"))]})

        async def shutdown_kernel(self, now):
            pass

    monkeypatch.setattr(kernels_module, "_start", lambda **options: Manager())
    assert "another Python: /elsewhere" in doctor_module._kernel()[1]


def test_a_kernel_that_starts_as_all_is_ending_is_ended_at_once(made, tmp_path, monkeypatch):
    kernels, ended = Kernels(), []

    class Manager:
        async def shutdown_kernel(self, now):
            ended.append(now)

    monkeypatch.setattr(kernels_module, "_start", lambda **options: kernels.end() or Manager())
    monkeypatch.setattr(job_module, "_papermill", lambda *arguments: 1 / 0)
    result = job_module.execute(Job(made(), "quick", 0, tmp_path, 60), kernels)
    assert (result["status"], ended) == ("stopped", [True])
    assert result["reason"] == "interrupted (2 claims not reached)"


def test_what_an_earlier_run_left_half_is_not_taken_for_this_one(made, tmp_path, monkeypatch):
    job = Job(made(), "quick", 0, tmp_path, 60)
    job.notebook.with_name(f".{job.notebook.name}").write_text('{"cells": [], "metadata": {}, "nbformat": 4}')
    monkeypatch.setattr(kernels_module, "_start", lambda **options: 1 / 0)
    result = job_module.execute(job, Kernels())
    assert result["status"] == "failed"
    assert result["reason"] == "ZeroDivisionError: division by zero (2 claims not reached)"
    assert list(tmp_path.glob("*.ipynb")) == []


@pytest.mark.parametrize("text", ["{}", '{"metadata": {"tlcourse": {"run": "x"}}}', "half", '{"metadata": 3}', "[]"])
def test_a_damaged_notebook_is_run_again(made, tmp_path, text):
    job = Job(made(), "full", 0, tmp_path, 60)
    job.notebook.write_text(text)
    assert run([job], resume=True)["runs"][0]["status"] == "not run"
    assert job.notebook.read_text() == text


def test_a_folder_that_cannot_be_written_is_named(made, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RuntimeError, match="--out must be a folder that can be written; .*file"):
        run([Job(made(), "full", 0, tmp_path / "file", 60)])


def test_the_fingerprint_is_of_the_source_as_it_was_when_the_run_began(made, tmp_path):
    job = Job(made(), "quick", 0, tmp_path, 60)
    before = job.fingerprint
    changed = made("\n# %%\n1 / 0\n")
    assert job.fingerprint == before
    assert Job(changed, "quick", 0, tmp_path, 60).fingerprint != before


@pytest.mark.slow
def test_a_cluster_reports_every_run_once_though_a_worker_ends_in_the_middle(made, tmp_path):
    distributed = pytest.importorskip("distributed")
    lesson = made()
    jobs = [Job(lesson, "quick", seed, tmp_path / "runs", 60) for seed in range(4)]
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with distributed.LocalCluster(**options) as cluster:
        ended = []

        class EndOne:
            def at_cell(self, *arguments):
                pass

            def done(self, *arguments, **options):
                if not ended:
                    ended.append(next(iter(cluster.workers.values())).process.pid)
                    os.kill(ended[0], 9)

        written = run(jobs, scheduler=cluster.scheduler_address, watch=EndOne())
    assert ended
    assert [each["seed"] for each in written["runs"]] == [0, 1, 2, 3]
    assert [each["status"] for each in written["runs"]] == ["passed", "passed", "passed", "failed"]
    assert {path.name for path in (tmp_path / "runs").glob("*.ipynb")} == {each["notebook"] for each in written["runs"]}


def test_a_scheduler_that_does_not_answer_and_a_missing_dask_are_named(made, tmp_path, monkeypatch):
    jobs = [Job(made(LIGHT), "quick", 0, tmp_path / "runs", 60)]
    with pytest.raises(RuntimeError, match="No scheduler answers at nonsense"):
        run(jobs, scheduler="nonsense")
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(RuntimeError, match="pip install 'tlcourse\\[cluster\\]'"):
        run(jobs, scheduler="local")


def test_a_kernel_on_a_cluster_has_the_threads_of_the_machine(monkeypatch):
    pytest.importorskip("distributed")
    names = "OMP_NUM_THREADS", "MKL_NUM_THREADS"
    for name, value in zip(names, "13"):  # Dask's own, and one that somebody has set
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(cluster_module, "execute", lambda job, kernels: [os.environ.get(name) for name in names])
    assert cluster_module.execute_there(None) == [None, "3"]
