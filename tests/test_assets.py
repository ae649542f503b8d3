import hashlib
import http.server
import os
import socket
import subprocess
import threading
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

import tlcourse.assets.download as download
import tlcourse.assets.places as module
import tlcourse.assets.wheels as wheels
from tlcourse.assets import AssetMissing, atomically, data_folder, fetch, locate, look_up, registry

GOOD = b"PK" + bytes(range(256)) * 40
SHA = hashlib.sha256(GOOD).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    """A server with a place for each fault."""

    def do_GET(self):
        self.server.asked.append(self.path)
        if self.path in ("/good.npz", "/pack/made.npz"):
            start = int(self.headers.get("Range", "bytes=0-")[6:-1])
            if start >= len(GOOD):
                self.answer(416, b"")
            elif start:
                self.answer(206, GOOD[start:], extra=("Content-Range", f"bytes {start}-{len(GOOD) - 1}/{len(GOOD)}"))
            else:
                self.answer(200, GOOD)
        elif self.path == "/pack/manifest.toml":
            self.answer(200, self.server.manifest.encode())
        elif self.path == "/wrong.npz":
            self.answer(200, b"PK" + b"other bytes")
        elif self.path == "/login.npz":
            self.answer(200, b"<html>Please log in</html>")
        elif self.path == "/cut.npz":
            self.answer(200, GOOD[:100], length=len(GOOD))
        elif self.path == "/stall.npz":
            time.sleep(3)
        else:
            self.answer(500 if self.path == "/broken.npz" else 404, b"")

    def answer(self, status, body, length=None, extra=None):
        self.send_response(status)
        if extra:
            self.send_header(*extra)
        self.send_header("Content-Length", str(length or len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.daemon_threads = True
        running.asked, running.manifest = [], f'["made.npz"]\nsha256 = "{SHA}"\n'
        threading.Thread(target=running.serve_forever, daemon=True).start()
        running.url = f"http://127.0.0.1:{running.server_port}"
        yield running
        running.shutdown()


@pytest.fixture
def made(server, monkeypatch):
    """Register an asset with the given places; returns a function that does."""

    def register(*places, sha256=SHA):
        urls = tuple(place if "://" in place else server.url + place for place in places)
        asset = replace(look_up("mnist"), name="made", file="made.npz", pack="made.npz", urls=urls, sha256=sha256)
        monkeypatch.setattr(module, "look_up", lambda name: asset)
        monkeypatch.setattr(download, "CONNECT", 1)
        monkeypatch.setattr(download, "READ", 1)
        return asset

    return register


def test_registry_is_whole():
    for asset in registry().values():
        assert asset.urls or asset.wheel
        assert all(url.startswith("http") for url in asset.urls)
        assert asset.licence
        assert asset.cite
        assert len(asset.sha256) in (0, 64)
    with pytest.raises(ValueError, match="Unknown asset 'minst'.*Known: mnist"):
        look_up("minst")


def test_an_asset_is_downloaded_once_and_then_read(made, server):
    made("/good.npz")
    first = fetch("made")
    assert first.path.read_bytes() == GOOD
    assert (first.variant, first.sha256) == ("official", SHA)
    assert fetch("made") == first
    assert server.asked == ["/good.npz"]


@pytest.mark.parametrize("bad", ["/wrong.npz", "/login.npz", "/cut.npz", "/broken.npz", "/gone.npz", "/stall.npz"])
def test_a_place_that_fails_leaves_nothing_and_the_next_is_asked(made, server, own_cache, bad):
    made(bad, "/good.npz")
    assert fetch("made").path.read_bytes() == GOOD
    assert server.asked == [bad, "/good.npz"]
    made(bad)
    fetch("made").path.unlink()
    with pytest.raises(AssetMissing, match=f"tlcourse fetch made.*{bad}"):
        fetch("made")
    left = [path.name for path in (own_cache / "assets" / "official").iterdir()]
    assert left == ["made.npz.sha256"]


def test_an_address_that_does_not_answer_is_given_up_in_seconds(made):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(0)
        made(f"http://127.0.0.1:{silent.getsockname()[1]}/good.npz", "/good.npz")
        started = time.monotonic()
        assert fetch("made").path.read_bytes() == GOOD
        assert time.monotonic() - started < 10


def test_without_a_published_hash_an_error_page_does_not_pass_and_the_first_hash_is_kept(made):
    made("/login.npz", sha256="")
    with pytest.raises(AssetMissing, match="not a .npz file"):
        fetch("made")
    made("/good.npz", sha256="")
    located = fetch("made")
    assert located.sha256 == SHA
    located.path.write_bytes(GOOD + b"tampered")
    assert fetch("made").path.read_bytes() == GOOD
    located.path.write_bytes(GOOD + b"tampered")
    made("/wrong.npz", sha256="")
    with pytest.raises(AssetMissing, match="SHA-256 should be"):
        fetch("made")


def test_a_partial_download_of_something_else_is_started_anew(made, server, own_cache):
    made("/good.npz")
    folder = own_cache / "assets" / "official"
    folder.mkdir(parents=True)
    for wrong in (b"PK something else", GOOD + b"longer", GOOD[:-1] + b"x"):
        (folder / ".made.npz.part").write_bytes(wrong)
        assert fetch("made").path.read_bytes() == GOOD
        fetch("made").path.unlink()


def test_a_truncated_file_in_the_cache_is_brought_again(made):
    made("/good.npz")
    path = fetch("made").path
    path.write_bytes(GOOD[:50])
    assert fetch("made").path.read_bytes() == GOOD


def test_a_classroom_pack_is_a_variant_of_its_own(made, server, tmp_path, monkeypatch):
    made("/good.npz", sha256="f" * 64)
    pack = tmp_path / "pack"
    pack.mkdir()
    (pack / "made.npz").write_bytes(GOOD)
    (pack / "manifest.toml").write_text(server.manifest)
    monkeypatch.setenv("TLCOURSE_PACK", str(pack))
    assert fetch("made").variant == "pack"
    monkeypatch.delenv("TLCOURSE_PACK")
    assert fetch("made").variant == "pack"
    assert server.asked == []


def test_a_pack_can_be_served_and_the_official_file_in_it_is_official(made, server, monkeypatch):
    made("/good.npz")
    monkeypatch.setenv("TLCOURSE_PACK", f"{server.url}/pack/")
    assert fetch("made").variant == "official"
    assert server.asked == ["/pack/manifest.toml", "/pack/made.npz"]


@pytest.mark.parametrize(
    "manifest",
    [
        '["made.npz"]\nsha256 = "00"\n',
        '["other.npz"]\nsha256 = "00"\n',
        "not toml [",
        '"made.npz" = "a string"\n',
        '["made.npz"]\nsha256 = ""\n',
    ],
)
def test_a_pack_that_lies_is_not_trusted(made, tmp_path, monkeypatch, manifest):
    made("/gone.npz")
    (tmp_path / "made.npz").write_bytes(GOOD)
    (tmp_path / "manifest.toml").write_text(manifest)
    monkeypatch.setenv("TLCOURSE_PACK", str(tmp_path))
    with pytest.raises(AssetMissing, match="pack"):
        fetch("made")
    assert locate("made") is None


def test_offline_names_the_asset_and_the_command_and_asks_nobody(made, server, monkeypatch):
    made("/good.npz")
    monkeypatch.setenv("TLCOURSE_OFFLINE", "1")
    with pytest.raises(AssetMissing, match="'made' is not on this machine.*tlcourse fetch made.*TLCOURSE_OFFLINE=1"):
        fetch("made")
    assert server.asked == []


def test_an_asset_of_a_wheel_alone_says_in_plain_words_what_was_tried(made, monkeypatch):
    asset = replace(made(), wheel="made==1")
    monkeypatch.setattr(module, "look_up", lambda name: asset)
    failed = subprocess.CompletedProcess([], 1, "", "no such wheel")
    monkeypatch.setattr(wheels.subprocess, "run", lambda command, **options: failed)
    with pytest.raises(AssetMissing, match=r"PACK is not set\); wheel made==1: pip download: no such wheel\.$"):
        fetch("made")
    monkeypatch.setenv("TLCOURSE_OFFLINE", "1")
    with pytest.raises(AssetMissing, match=r"TLCOURSE_PACK is not set\); TLCOURSE_OFFLINE=1 forbids the network\.$"):
        fetch("made")


def test_atomically_keeps_the_old_file_when_writing_fails(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), atomically(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_last_place_is_a_wheel_of_which_only_what_is_asked_for_leaves(made, tmp_path, monkeypatch, own_cache):
    members = {"p/model/made.npz": GOOD, "p/model/other.npz": b"PK other", "../../p/model/evil.npz": b"PK"}

    def pip(command, **options):
        folder = Path(command[command.index("--dest") + 1])
        with zipfile.ZipFile(folder / "made-1.whl", "w") as archive:
            for name, data in members.items():
                archive.writestr(name, data)
        return subprocess.CompletedProcess(command, 0, "", "")

    asset = replace(made("/gone.npz"), wheel="made==1", file="folder/made.npz")
    monkeypatch.setattr(module, "look_up", lambda name: asset)
    monkeypatch.setattr(wheels, "registry", lambda: {"made": asset, "mnist": look_up("mnist")})
    monkeypatch.setattr(wheels.subprocess, "run", pip)
    before = sorted(tmp_path.iterdir())
    assert fetch("made").path.read_bytes() == GOOD
    assert fetch("made").path.parent.name == "folder"
    assert sorted(path for path in own_cache.rglob("*.npz")) == [fetch("made").path]
    assert [path for path in sorted(tmp_path.iterdir()) if path not in before] in ([], [own_cache])
    fetch("made").path.unlink()
    members["p/model/made.npz"] = b"PK other bytes"
    with pytest.raises(AssetMissing, match="wheel made==1: its SHA-256 should be"):
        fetch("made")
    del members["p/model/made.npz"]
    with pytest.raises(AssetMissing, match="it holds no made.npz"):
        fetch("made")
    members.update({"other/made.npz": b"PK another", "p/models/made.npz": GOOD})
    assert fetch("made").path.read_bytes() == GOOD
    fetch("made").path.unlink()
    failed = subprocess.CompletedProcess([], 1, "", "No module named pip")
    monkeypatch.setattr(wheels.subprocess, "run", lambda command, **options: failed)
    with pytest.raises(AssetMissing, match="wheel made==1: pip download: No module named pip"):
        fetch("made")


def test_a_pack_is_made_from_the_cache_and_read_again(made, tmp_path, monkeypatch):
    from tlcourse.assets import make_pack, verify_pack

    asset = made("/good.npz")
    assert make_pack(tmp_path / "stick", {asset: fetch("made")}) == len(GOOD)
    assert verify_pack(str(tmp_path / "stick")) == 1
    monkeypatch.setenv("TLCOURSE_CACHE", str(tmp_path / "another machine"))
    monkeypatch.setenv("TLCOURSE_PACK", str(tmp_path / "stick"))
    monkeypatch.setenv("TLCOURSE_OFFLINE", "1")
    assert fetch("made").variant == "official"
    (tmp_path / "stick" / "made.npz").write_bytes(GOOD[:-1])
    with pytest.raises(ValueError, match="made.npz is not the file that the manifest describes"):
        verify_pack(str(tmp_path / "stick"))


def test_a_home_is_meant_by_its_sign_wherever_a_person_names_a_folder(made, tmp_path, monkeypatch):
    from tlcourse.assets import cache_root, make_pack, verify_pack

    asset = made("/good.npz")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TLCOURSE_CACHE", "~/cache")
    assert cache_root() == tmp_path / "home" / "cache"
    make_pack("~/stick", {asset: fetch("made")})
    assert verify_pack("~/stick") == 1
    monkeypatch.setenv("TLCOURSE_CACHE", "~/another machine")
    monkeypatch.setenv("TLCOURSE_PACK", "~/stick/")
    monkeypatch.setenv("TLCOURSE_OFFLINE", "1")
    assert (module.at_hand("made"), module.expected_hash("made")) == ("pack", SHA)
    assert fetch("made").path == tmp_path / "home" / "another machine" / "assets" / "official" / "made.npz"
    assert not (tmp_path / "~").exists()


def test_the_cache_is_counted_and_cleared_by_kind(made, own_cache):
    from tlcourse.assets import cache_sizes, clear_cache

    made("/good.npz")
    fetch("made")
    (own_cache / "features").mkdir()
    (own_cache / "features" / f"{32 * 'a'}-stage.npy").write_bytes(b"12345")
    (own_cache / "features" / ".x.lock").write_bytes(b"")
    for mine in ("mine.txt", "assets/.htaccess", "features/notes.txt"):
        (own_cache / mine).write_text("not the course's")
        os.utime(own_cache / mine, (0, 0))
    assert cache_sizes()["features"] == 5
    assert clear_cache({"features"}) == 5
    assert cache_sizes()["downloads"] > len(GOOD)
    clear_cache({"downloads"})
    assert cache_sizes() == {"downloads": 0, "features": 0, "leftovers": 0}
    assert (own_cache / "mine.txt").is_file()
    assert (own_cache / "assets" / ".htaccess").is_file()
    assert (own_cache / "features" / ".x.lock").is_file()


def test_a_package_without_its_checkout_says_so(monkeypatch, tmp_path):
    import tlcourse.assets.catalogue as catalogue

    monkeypatch.setattr(catalogue, "__file__", str(tmp_path / "a" / "b" / "catalogue.py"))
    with pytest.raises(FileNotFoundError, match="used from a checkout"):
        data_folder()
