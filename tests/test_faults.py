"""What the course must survive. Each test is one fault: nothing lost, nothing half-written trusted, one line said."""

import hashlib
import http.server
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from made import BODY, LIGHT

from tlcourse.assets import cache_sizes, clear_cache
from tlcourse.course.job import Job
from tlcourse.course.run import run

pytestmark = pytest.mark.slow
DATA = b"PK" + os.urandom(400_000)
SHA = hashlib.sha256(DATA).hexdigest()

FETCH = """
import dataclasses, sys
import tlcourse.assets.places as places
changes = {"name": "made", "file": "made.npz", "pack": "", "urls": (sys.argv[1],), "sha256": sys.argv[2]}
asset = dataclasses.replace(places.look_up("mnist"), **changes, bytes=400_002)
places.look_up = lambda name: asset
try:
    print(places.fetch("made").variant)
except (places.AssetMissing, OSError) as error:
    sys.exit(str(error))
"""

EXTRACT = """
import sys, time
from tlcourse.lesson import quietly
with quietly():
    import keras
import numpy as np
from tlcourse.backbones import Backbone
from tlcourse.checks import checked_images
from tlcourse.features import extract
inputs = keras.Input((8, 8, 1))
model = keras.Model(inputs, keras.layers.Rescaling(2.0, name="twice")(inputs), name="made")
if sys.argv[1] == "half":
    def half(path, array):
        path.write_bytes(b"half an array")
        print("writing", flush=True)
        time.sleep(60)
    np.save = half
backbone = Backbone("made", model, checked_images, (8, 8, 1), ("twice",))
print(extract(backbone, np.full((3, 8, 8), 0.25), "twice").tolist())
"""

COURSE = """
import sys, time
from pathlib import Path
import tlcourse.course.sources as sources
import tlcourse.course.build
sources.notebooks_folder = lambda: Path(sys.argv[1])
if sys.argv[2] == "half":
    def half(path, text, encoding):
        path.write_bytes(text.encode()[: len(text) // 2])
        print("writing", flush=True)
        time.sleep(60)
    Path.write_text = half
from tlcourse.__main__ import app
app(sys.argv[3:])
"""


class Slow(http.server.BaseHTTPRequestHandler):
    """Sends half of the data, waits until it may go on, and continues a download from where it is asked to."""

    def do_GET(self):
        start = int(re.findall(r"\d+", self.headers.get("Range", "bytes=0-"))[0])
        self.server.asked.append(start)
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(DATA) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(DATA) - 1}/{len(DATA)}")
        self.end_headers()
        half = max(start, len(DATA) // 2)
        self.wfile.write(DATA[start:half])
        self.wfile.flush()
        self.server.go_on.wait(30)
        self.wfile.write(DATA[half:])

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slow) as running:
        running.daemon_threads = True
        running.asked, running.go_on = [], threading.Event()
        threading.Thread(target=running.serve_forever, daemon=True).start()
        running.url = f"http://127.0.0.1:{running.server_port}/made.npz"
        yield running
        running.shutdown()


def script(code, *arguments, before=(), **options):
    """Start Python on some code; ``before`` is a command that it is started by."""
    command = [*before, sys.executable, "-c", code, *map(str, arguments)]
    here = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, env=here, **pipes, **options)


def finished(process):
    out, err = process.communicate(timeout=120)
    return process.returncode, out.strip(), err.strip()


def until(condition, seconds=30):
    """Wait until something is so, and return it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"not so within {seconds} s")


def killed(process):
    process.send_signal(signal.SIGKILL)
    process.communicate()


def test_kill_in_the_middle_of_a_download_and_the_next_one_goes_on(server, own_cache):
    process = script(FETCH, server.url, SHA)
    part = own_cache / "assets" / "official" / ".made.npz.part"
    until(lambda: part.is_file() and part.stat().st_size > 100_000)
    killed(process)
    have = part.stat().st_size
    server.go_on.set()
    assert finished(script(FETCH, server.url, SHA)) == (0, "official", "")
    assert server.asked == [0, have]
    assert (own_cache / "assets" / "official" / "made.npz").read_bytes() == DATA


def test_kill_in_the_middle_of_a_feature_extraction(own_cache):
    process = script(EXTRACT, "half")
    assert process.stdout.readline() == "writing\n"
    killed(process)
    assert finished(script(EXTRACT, "whole"))[:2] == (0, "[[0.5], [0.5], [0.5]]")
    left = [path for path in (own_cache / "features").glob(".*.npy")]
    assert len(left) == 1
    os.utime(left[0], (0, 0))
    assert cache_sizes()["leftovers"] == len(b"half an array")
    assert clear_cache({"leftovers"}) == len(b"half an array")
    assert cache_sizes()["features"] > 0


def test_kill_while_an_executed_notebook_is_written(made, tmp_path):
    lesson, runs = made(LIGHT), tmp_path / "runs"
    command = ["run", "90", "--out", runs, "--resume"]
    process = script(COURSE, lesson.path.parents[1], "half", *command)
    assert process.stdout.readline() == "writing\n"
    killed(process)
    assert not list(runs.glob("[!.]*.ipynb"))
    code, out, _ = finished(script(COURSE, lesson.path.parents[1], "whole", *command))
    assert (code, "90 quick seed 0: passed" in out) == (0, True)
    assert json.loads((runs / "report.json").read_text())["runs"][0]["status"] == "passed"


def test_kill_in_the_middle_of_the_build_keeps_the_old_edition(made):
    lesson = made(LIGHT)
    lesson.edition.write_text("the old edition")
    process = script(COURSE, lesson.path.parents[1], "half", "build", "90")
    assert process.stdout.readline() == "writing\n"
    killed(process)
    assert lesson.edition.read_text() == "the old edition"


def test_kill_of_the_runner_leaves_no_kernel(made, tmp_path):
    body = f"\n# %%\nimport os, pathlib, time\n\npathlib.Path({str(tmp_path / 'pid')!r}).write_text(str(os.getpid()))\n"
    lesson = made(body + "time.sleep(120)\n" + LIGHT)
    process = script(COURSE, lesson.path.parents[1], "whole", "run", "90", "--out", tmp_path / "runs")
    pid = until(lambda: (tmp_path / "pid").is_file() and (tmp_path / "pid").read_text())
    killed(process)
    until(lambda: not psutil.pid_exists(int(pid)) or psutil.Process(int(pid)).status() == psutil.STATUS_ZOMBIE)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_keeps_what_is_finished_and_leaves_no_kernel(made, tmp_path, how):
    body = f"\n# %%\nimport os, pathlib, time\n\nmark = pathlib.Path({str(tmp_path / 'pid')!r})\n"
    body += "if SEED == 1 and not mark.exists():\n    mark.write_text(str(os.getpid()))\n    time.sleep(120)\n"
    lesson = made(body + LIGHT)
    command = ["run", "90", "--seeds", "3", "--out", tmp_path / "runs", "--resume"]
    process = script(COURSE, lesson.path.parents[1], "whole", *command)
    pid = until(lambda: (tmp_path / "pid").is_file() and (tmp_path / "pid").read_text())
    process.send_signal(how)
    process.send_signal(signal.SIGINT)
    code, out, err = finished(process)
    assert (code, "Traceback" in err) == (130, False), err
    assert not psutil.pid_exists(int(pid))
    statuses = [entry["status"] for entry in json.loads((tmp_path / "runs" / "report.json").read_text())["runs"]]
    assert statuses == ["passed", "stopped", "not run"]
    code, out, _ = finished(script(COURSE, lesson.path.parents[1], "whole", *command))
    assert "90 quick seed 0: already passed" in out
    assert "90 quick seed 1: passed" in out
    assert code == 0


def test_two_fetches_of_the_same_thing_at_once_download_it_once(server):
    both = [script(FETCH, server.url, SHA) for _ in range(2)]
    until(lambda: server.asked)
    time.sleep(1)
    server.go_on.set()
    assert [finished(process) for process in both] == [(0, "official", "")] * 2
    assert server.asked == [0]


def mounted(folder, options):
    """Return a command before another: the folder is then a file system of its own, in a namespace of its own."""
    folder.mkdir(exist_ok=True)
    ours = f"mount -t tmpfs -o {options} tmpfs {folder}"
    if subprocess.run(["unshare", "--map-root-user", "--mount", "sh", "-c", ours], capture_output=True).returncode:
        pytest.skip("this system lets nobody mount a file system in a namespace")
    return ["unshare", "--map-root-user", "--mount", "sh", "-c", f'{ours} && exec "$@"', "sh"]


def test_a_full_disk_is_said_in_one_line_and_nothing_is_left_on_it(server, tmp_path, monkeypatch):
    cache = tmp_path / "small"
    monkeypatch.setenv("TLCOURSE_CACHE", str(cache))
    server.go_on.set()
    code, _, said = finished(script(FETCH + "\n", server.url, SHA, before=mounted(cache, "size=200k")))
    assert code == 1
    assert "is full: 'made' takes 0 MB. Free some" in said
    assert "\n" not in said
    extract = EXTRACT.replace(
        'np.full((3, 8, 8), 0.25), "twice").tolist()', 'np.full((90_000, 2, 2), 0.25), "twice").sum()'
    )
    extract = extract.replace("(8, 8, 1)", "(2, 2, 1)")
    code, out, said = finished(script(extract, "whole", before=mounted(cache, "size=200k")))
    assert (code, out) == (0, "45000.0")
    assert "computed but can't be kept" in said


def test_a_read_only_cache_can_be_read_and_says_what_it_lacks(server, tmp_path, monkeypatch):
    server.go_on.set()
    assert finished(script(FETCH, server.url, SHA))[0] == 0
    cache = Path(os.environ["TLCOURSE_CACHE"])
    before = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
    before += [f'mount --bind {cache} {cache} && mount -o remount,ro,bind {cache} && exec "$@"', "sh"]
    mounted(tmp_path / "tried", "size=1k")
    assert finished(script(FETCH, server.url, SHA, before=before)) == (0, "official", "")
    code, _, said = finished(script(FETCH, server.url, "0" * 64, before=before))
    assert (code, "Set TLCOURSE_CACHE to one that can" in said) == (1, True)
    code, out, said = finished(script(EXTRACT, "whole", before=before))
    assert (code, out) == (0, "[[0.5], [0.5], [0.5]]")
    assert "Features are computed each time until then" in said


CELLS = {
    "raise ValueError('broken on purpose')": ("failed", "ValueError: broken on purpose"),
    "import sys; sys.exit(); lesson.claim('own', 'Of the cell itself.', holds=True)": (
        "stopped",
        "ended the notebook early",
    ),
    "import os; os._exit(1)": ("failed", "the kernel died"),
    "import os, signal; os.kill(os.getpid(), signal.SIGKILL)": ("failed", "often the memory was exhausted"),
    "import resource; resource.setrlimit(resource.RLIMIT_AS, (2**33, 2**33)); bytearray(2**34)": (
        "failed",
        "MemoryError",
    ),
    "while True: pass": ("timeout", "not finished after 5 s (--timeout)"),
}


@pytest.mark.parametrize("cell", CELLS)
def test_a_cell_that_breaks_exits_kills_its_kernel_or_never_ends(made, tmp_path, cell):
    lesson = made(f"\n# %% [markdown]\n# ## The fault\n\n# %%\n{cell}\n{BODY}")
    jobs = [Job(lesson, "quick", 0, tmp_path / "runs", 5)]
    ((entry,),) = [run(jobs)["runs"]]
    status, reason = CELLS[cell]
    assert entry["status"] == status
    assert entry["reason"].startswith("in “The fault”, cell 4 of ")
    assert reason in entry["reason"]
    lost = 2 + cell.count("lesson.claim")
    assert entry["reason"].endswith(f"({lost} claims not reached)")
    assert [claim["holds"] for claim in entry["claims"]] == [False] * lost
    assert "\n" not in entry["reason"]
    assert jobs[0].notebook.is_file()
    assert entry["reason"].split(":")[0] in (tmp_path / "runs" / "report.html").read_text(encoding="utf-8")


def test_an_exit_in_the_last_cell_is_no_success(made, tmp_path):
    lesson = made(LIGHT + "\n# %%\nimport sys; sys.exit()\n")
    ((entry,),) = [run([Job(lesson, "quick", 0, tmp_path, 60)])["runs"]]
    assert (entry["status"], entry["reason"]) == ("stopped", "in “Made”, cell 4 of 4: a cell ended the notebook early")


def test_runs_at_the_same_time_share_no_port(made, tmp_path):
    entries = run([Job(made(LIGHT), "quick", seed, tmp_path / "runs", 60) for seed in range(4)], workers=4)["runs"]
    assert [entry["status"] for entry in entries] == ["passed"] * 4
