"""Hot folders: real files, real processes, and nothing lost whatever happens."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner, Result

from makeready import watch
from makeready.cli import main
from makeready.engine import measure
from makeready.errors import UsageError
from makeready.inspection import as_size
from makeready.testing import pdf, picture
from makeready.watch import Ticket, read_ticket

pytestmark = pytest.mark.usefixtures("children_at_once")

posix = pytest.mark.skipif(os.name != "posix", reason="signals, links and pipes are those of POSIX")
#: Far longer than anything takes; only a failing test waits for so long.
PATIENCE = 90.0


@pytest.fixture(scope="session")
def clean() -> bytes:
    return pdf().bytes()


@pytest.fixture(scope="session")
def wrong() -> bytes:
    return pdf(bleed=None).image(ppi=96).bytes()


@pytest.fixture
def hot(tmp_path: Path) -> Path:
    """A hot folder with nothing in it."""
    assert once(tmp_path / "hot", "--init").exit_code == 0
    return tmp_path / "hot"


@pytest.fixture
def watcher(hot: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts watchers of the hot folder, and ends those that a test left running."""
    pytest.importorskip("watchfiles")
    started: list[subprocess.Popen[str]] = []

    def start(*options: object) -> subprocess.Popen[str]:
        words = [sys.executable, "-m", "makeready", "watch", hot, "--settle", "0.3", *options]
        log = (hot.parent / "log.txt").open("a")
        started.append(
            subprocess.Popen([str(w) for w in words], stdout=subprocess.PIPE, stderr=log, text=True, encoding="utf-8")
        )
        log.close()
        begun = len(started)
        until(lambda: said(hot).count("watching") >= begun or started[-1].poll() is not None)
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()
        if process.stdout is not None:  # not read to its end: children of a killed watcher may hold it open
            process.stdout.close()


def once(hot: Path, *options: object, settle: float = 0.1) -> Result:
    """Do what is there, in this process."""
    words = ["watch", str(hot), "--once", "--settle", str(settle), "--jobs", "1", *map(str, options)]
    result = CliRunner().invoke(main, words)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.stderr
    return result


def until(true: Callable[[], object]) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, "it never became true"
        time.sleep(0.05)


def said(hot: Path) -> str:
    log = hot.parent / "log.txt"
    return log.read_text() if log.exists() else ""


def files(hot: Path, *folders: str) -> list[str]:
    """What lies in the folders, reports left out unless asked for."""
    wanted = folders or ("in", "success", "warning", "error", "failed")
    found = (path for folder in wanted for path in (hot / folder).rglob("*") if not path.is_dir())
    return sorted(path.relative_to(hot).as_posix() for path in found)


# Where files go


def test_every_file_goes_to_the_folder_of_its_verdict(hot: Path, clean: bytes, wrong: bytes) -> None:
    inbox = hot / "in"
    (inbox / "monday" / "press 2").mkdir(parents=True)
    (inbox / "monday" / "press 2" / "clean.pdf").write_bytes(clean)
    (inbox / "wrong.pdf").write_bytes(wrong)
    pdf().encrypt(user="secret").save(inbox / "locked.pdf")
    (inbox / "empty.pdf").write_bytes(b"")
    (inbox / "damaged.pdf").write_bytes(b"%PDF-1.7\nnothing follows")
    (inbox / "letter.docx").write_bytes(b"PK\x03\x04 and so on")
    result = once(hot)
    assert result.exit_code == 3
    assert files(hot) == [
        "error/wrong.pdf",
        "failed/damaged.pdf",
        "failed/empty.pdf",
        "failed/letter.docx",
        "failed/locked.pdf",
        "success/monday/press 2/clean.pdf",
    ]
    assert len(result.stdout.splitlines()) == 6
    assert len(files(hot, "reports")) == 12
    report = json.loads((hot / "reports/monday/press 2/clean.pdf.json").read_text())
    assert report["verdict"] == "pass"
    assert report["file"]["path"] == str(hot / "success/monday/press 2/clean.pdf")
    assert (hot / "success/monday/press 2/clean.pdf").read_bytes() == clean
    assert "<html" in (hot / "reports/wrong.pdf.html").read_text()


@pytest.mark.parametrize(("settings", "folder"), [((), "warning"), (("--set", "BOX101=info"), "success")])
def test_warnings_have_a_folder_and_notes_are_success(hot: Path, settings: tuple[str, ...], folder: str) -> None:
    _without_trim(hot / "in" / "a.pdf")
    once(hot, "--only", "BOX101", *settings)
    assert files(hot) == [f"{folder}/a.pdf"]


def _without_trim(path: Path) -> None:
    builder = pdf()
    for page in builder.objects.pages:
        del page["/TrimBox"]
    builder.save(path)


def test_a_name_that_is_taken_gets_a_number(hot: Path, clean: bytes, wrong: bytes) -> None:
    for content in (wrong, clean, clean):
        (hot / "in" / "a.pdf").write_bytes(content)
        once(hot)
    assert files(hot) == ["error/a.pdf", "success/a_0001.pdf", "success/a_0002.pdf"]
    assert {f"reports/a{n}.pdf.json" for n in ("", "_0001", "_0002")} < set(files(hot, "reports"))


def test_the_longest_name_is_cut(hot: Path, clean: bytes) -> None:
    (hot / "in" / f"{'ü' * 125}.pdf").write_bytes(clean)
    assert once(hot).exit_code == 0
    (name,) = files(hot)
    assert name.startswith("success/üüü")
    assert name.endswith(".pdf")


def test_a_check_that_crashes_has_not_looked(hot: Path, clean: bytes, tmp_path: Path) -> None:
    page = "A.\n\n## What it looks at\nA.\n\n## Why it matters on press\nA.\n\n## What to do\nA.\n"
    house = tmp_path / "house.py"
    house.write_text(
        f"from makeready.facts import Artwork\nfrom makeready.registry import check\n"
        f"@check(code='XYZ101', name='strange', title='A', on=Artwork, message='m')\n"
        f"def strange(artwork, params):\n    '''{page}'''\n    raise RuntimeError('dear me')\n    yield\n"
    )
    (hot / "in" / "a.pdf").write_bytes(clean)
    result = once(hot, "--plugin", house)
    assert result.exit_code == 5
    assert "XYZ101 crashed" in result.stdout
    assert files(hot) == ["failed/a.pdf"]


@pytest.mark.parametrize(("name", "code"), [("clean", 0), ("wrong", 1)])
def test_once_ends_as_check_does(hot: Path, name: str, code: int, request: pytest.FixtureRequest) -> None:
    assert once(hot).exit_code == 0
    (hot / "in" / "a.pdf").write_bytes(request.getfixturevalue(name))
    result = once(hot, "--format", "ndjson", "--report", "json")
    assert result.exit_code == code
    (line,) = result.stdout.splitlines()
    assert json.loads(line)["schema"] == "makeready.report/1"
    assert len(files(hot, "reports")) == 1


# What is left alone


@posix
def test_what_is_no_finished_plain_file_is_left_alone(hot: Path, clean: bytes, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a.pdf").write_bytes(clean)
    inbox = hot / "in"
    (inbox / "link.pdf").symlink_to(elsewhere / "a.pdf")
    (inbox / "linked folder").symlink_to(elsewhere)
    os.mkfifo(inbox / "fifo.pdf")
    (inbox / ".hidden").mkdir()
    names = (".a.pdf", "~a.pdf", "a.pdf.part", "a.TMP", "a.pdf.crdownload", "Thumbs.db", ".DS_Store", ".hidden/a.pdf")
    for name in names:
        (inbox / name).write_bytes(clean)
    here = Path.cwd()
    with socket.socket(socket.AF_UNIX) as listening:
        os.chdir(inbox)  # the path of a socket may not be long
        try:
            listening.bind("socket.pdf")
        finally:
            os.chdir(here)
        before = files(hot)
        assert once(hot).exit_code == 0
        assert files(hot) == before
    assert (elsewhere / "a.pdf").read_bytes() == clean
    assert files(hot, "reports") == []


def test_a_file_that_is_still_written_is_left_for_the_next_time(hot: Path, clean: bytes) -> None:
    path = hot / "in" / "a.pdf"
    path.write_bytes(clean[: len(clean) // 2])
    program = "import sys, time\nfor _ in range(4000):\n    open(sys.argv[1], 'ab').write(b'%'); time.sleep(0.02)\n"
    with subprocess.Popen([sys.executable, "-c", program, str(path)]) as writer:
        until(lambda: path.stat().st_size > len(clean) // 2)
        try:
            result = once(hot, settle=1.0)
        finally:
            writer.kill()
    assert "still being written" in result.stderr
    assert files(hot) == ["in/a.pdf"]


# Setting up


def test_without_init_missing_folders_are_named(tmp_path: Path) -> None:
    result = once(tmp_path / "no")
    assert result.exit_code == 2
    assert "--init" in result.stderr
    assert not (tmp_path / "no").exists()


def test_an_unknown_word_is_said_before_folders_are_made(tmp_path: Path) -> None:
    for options in (("--profile", "postr"), ("--report", "htlm"), ("--canvas", "large"), ("--rescan", "0")):
        result = once(tmp_path / "no", "--init", *options)
        assert result.exit_code == 2, options
    assert not (tmp_path / "no").exists()


@posix
def test_results_may_not_lie_where_files_arrive(hot: Path) -> None:
    (hot / "success").rmdir()
    (hot / "in" / "done").mkdir()
    (hot / "success").symlink_to(hot / "in" / "done")
    result = once(hot)
    assert result.exit_code == 2
    assert "leads into" in result.stderr


def test_watching_without_watchfiles_says_what_to_install(hot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    result = CliRunner().invoke(main, ["watch", str(hot)])
    assert result.exit_code == 4
    assert "pip install" in result.stderr


# Tickets


def test_a_ticket_sets_profile_canvas_and_settings_and_goes_along(hot: Path) -> None:
    (hot / "in" / "a.png").write_bytes(picture(1200, 800, format="PNG"))
    ticket = {"profile": "photo_on_canvas", "canvas": "30x20in", "settings": {"IMG101.resolution.error": "20ppi"}}
    (hot / "in" / "a.json").write_text(json.dumps(ticket))
    once(hot)
    (name,) = [n for n in files(hot) if n.endswith("a.png")]
    assert files(hot) == [name, f"{name}.json"]
    report = json.loads((hot / "reports" / "a.png.json").read_text())
    assert report["profile"]["name"] == "photo_on_canvas"
    assert report["stars"]["effectivePpi"] == 40
    assert not any(i["code"] == "IMG101" and i["severity"] == "error" for i in report["issues"])


def test_the_ticket_with_the_whole_name_wins(hot: Path, clean: bytes) -> None:
    (hot / "in" / "a.pdf").write_bytes(clean)
    (hot / "in" / "a.pdf.json").write_text('{"profile": "poster"}')
    (hot / "in" / "a.json").write_text('{"profile": "wallpaper"}')
    once(hot)
    assert json.loads((hot / "reports/a.pdf.json").read_text())["profile"]["name"] == "poster"
    assert "in/a.json" in files(hot)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "too long"),
        ("[" * 60_000, "not JSON"),
        ("[]", "does not fit"),
        ('{"profil": "poster"}', "profil"),
        ('{"profile": "postr"}', "Did you mean 'poster'"),
        ('{"profile": "./house.toml"}', "no profile"),
        ('{"profile": "/etc/passwd"}', "no profile"),
        ('{"plugin": "a.py"}', "plugin"),
        ('{"canvas": "large"}', "canvas"),
        ('{"settings": {"IMG999.resolution": "1ppi"}}', "IMG999"),
        ('{"settings": {"IMG101.resolution": {"error": 1}}}', "settings"),
    ],
)
def test_a_ticket_that_does_not_fit_fails_the_file(hot: Path, clean: bytes, text: str, said: str) -> None:
    (hot / "in" / "a.pdf").write_bytes(clean)
    (hot / "in" / "a.pdf.json").write_text(text)
    (hot / "in" / "b.pdf").write_bytes(clean)
    result = once(hot)
    assert result.exit_code == 3
    assert said in result.stdout
    assert files(hot) == ["failed/a.pdf", "failed/a.pdf.json", "success/b.pdf"]


@pytest.mark.parametrize(
    ("ticket", "fits"),
    [
        ({}, True),
        ({"profile": "poster", "canvas": "A2", "settings": {"BOX107": "off", "IMG101.resolution.error": 120}}, True),
        ({"profile": None}, True),
        ([], False),
        ({"profil": "poster"}, False),
        ({"profile": 3}, False),
        ({"canvas": "9" * 101}, False),
        ({"settings": {"IMG101.resolution": {"error": 1}}}, False),
    ],
)
def test_the_schema_of_tickets_takes_what_a_watcher_takes(ticket: object, fits: bool, tmp_path: Path) -> None:
    validator = jsonschema.Draft202012Validator(
        json.loads(CliRunner().invoke(main, ["watch", "--ticket-schema"]).stdout)
    )
    validator.check_schema(validator.schema)
    file = tmp_path / "a.pdf.json"
    file.write_text(json.dumps(ticket))
    with contextlib.nullcontext() if fits else pytest.raises(UsageError):
        read_ticket(file)
    assert validator.is_valid(ticket) == fits


def test_the_ticket_of_the_manual_is_one(tmp_path: Path) -> None:
    manual = (Path(__file__).parent.parent / "docs" / "hot-folder.md").read_text("utf-8")
    (example,) = re.findall(r"```json\n(.*?)```", manual, re.DOTALL)
    file = tmp_path / "a.pdf.json"
    file.write_text(example)
    ticket = read_ticket(file)
    measure(ticket.profile or "default", settings=ticket.assignments)
    assert as_size(ticket.canvas) is not None
    assert set(json.loads(example)) == set(Ticket.model_fields), "every key is shown"


def test_a_ticket_beside_two_files_is_for_neither(hot: Path, clean: bytes) -> None:
    (hot / "in" / "a.pdf").write_bytes(clean)
    (hot / "in" / "a.png").write_bytes(picture(40, 40, format="PNG"))
    (hot / "in" / "a.json").write_text("{}")
    result = once(hot)
    assert "Call it a.pdf.json" in result.stdout
    assert [n for n in files(hot) if n.endswith(("pdf", "png"))] == ["failed/a.pdf", "failed/a.png"]


def test_a_ticket_alone_waits(hot: Path) -> None:
    (hot / "in" / "a.json").write_text("{}")
    assert once(hot).exit_code == 0
    assert files(hot) == ["in/a.json"]


# Disks


def test_a_file_that_cannot_be_put_away_stays_and_the_others_go_on(hot: Path, clean: bytes, wrong: bytes) -> None:
    (hot / "in" / "sub").mkdir()
    (hot / "error" / "sub").write_text("a file where a folder should be")
    (hot / "in" / "sub" / "a.pdf").write_bytes(wrong)
    (hot / "in" / "b.pdf").write_bytes(clean)
    result = once(hot)
    assert result.exit_code == 5
    assert "it stays" in result.stderr
    assert files(hot) == ["error/sub", "in/sub/a.pdf", "success/b.pdf"]
    assert not [name for name in files(hot, "reports") if "a.pdf" in name]
    (hot / "error" / "sub").unlink()
    assert once(hot).exit_code == 1
    assert files(hot) == ["error/sub/a.pdf", "success/b.pdf"]


def test_a_full_disk_loses_nothing(hot: Path, clean: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (hot / "in" / "a.pdf").write_bytes(clean)
    with monkeypatch.context() as patch:
        patch.setattr(watch, "move", full)
        result = once(hot)
    assert "No space left" in result.stderr
    assert files(hot) == ["in/a.pdf"]
    assert files(hot, "reports") == []


@pytest.mark.parametrize("refusal", [None, errno.EPERM, errno.EXDEV])
def test_a_move_is_whole_and_never_over_another_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: int | None
) -> None:
    source, target, taken = (tmp_path / name for name in ("source", "target", "taken"))
    source.write_bytes(b"new" * 1000)
    taken.write_bytes(b"old")
    real = os.link

    def link(one: Path, other: Path, **more: bool) -> None:
        if one == source and refusal is not None:
            raise OSError(refusal, os.strerror(refusal))
        real(one, other, **more)

    monkeypatch.setattr(os, "link", link)
    with pytest.raises(FileExistsError):
        watch.move(source, taken)
    assert taken.read_bytes() == b"old"
    watch.move(source, target)
    assert target.read_bytes() == b"new" * 1000
    assert sorted(path.name for path in tmp_path.iterdir()) == ["taken", "target"]


@pytest.mark.skipif(not os.path.isdir("/dev/shm"), reason="needs a second file system")
def test_a_move_to_another_file_system(tmp_path: Path) -> None:
    import tempfile

    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        if os.stat(folder).st_dev == tmp_path.stat().st_dev:
            pytest.skip("it is the same file system")
        (tmp_path / "a").write_bytes(b"content")
        watch.move(tmp_path / "a", Path(folder) / "a")
        assert os.listdir(folder) == ["a"]
        assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("content", "whole"),
    [
        (b"", False),
        (b"%PDF-1.7\n1 0 obj", False),
        (b"%PDF-1.7\n%%EOF\n", True),
        (b"\x89PNG\r\n\x1a\nIHDR", False),
        (b"II*\0\xff\xff\0\0", False),
        (b"II*\0\0\0\0\0" + bytes(99), False),
        (b"II*\0\x08\0\0\0" + bytes(99), True),
        (picture(40, 40)[:-20], False),
        (picture(40, 40), True),
        (picture(40, 40, format="PNG"), True),
        (b"anything", True),
    ],
)
def test_looking_whole(tmp_path: Path, content: bytes, whole: bool) -> None:
    (tmp_path / "a").write_bytes(content)
    assert watch.looks_whole(tmp_path / "a") is whole


# Watching


@posix
@pytest.mark.parametrize("options", [(), ("--poll",)])
def test_a_file_that_comes_in_pieces_is_taken_once_and_whole(
    hot: Path, watcher: Callable[..., subprocess.Popen[str]], clean: bytes, options: tuple[str, ...]
) -> None:
    process = watcher(*options)
    step = len(clean) // 6 + 1
    with (hot / "in" / "a.pdf").open("wb", buffering=0) as stream:
        for start in range(0, len(clean), step):
            stream.write(clean[start : start + step])
            time.sleep(0.15)
    until(lambda: files(hot) == ["success/a.pdf"])
    (hot / "in" / "b.pdf").write_bytes(clean)
    until(lambda: files(hot) == ["success/a.pdf", "success/b.pdf"])
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert [line.rpartition(": ")[2] for line in out.splitlines()] == ["pass", "pass"]
    assert (hot / "success" / "a.pdf").read_bytes() == clean


@posix
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_signal_ends_it_in_the_middle_of_a_file(
    hot: Path, watcher: Callable[..., subprocess.Popen[str]], clean: bytes, tmp_path: Path, number: int, code: int
) -> None:
    process = watcher("--plugin", _slow(tmp_path))
    (hot / "in" / "a.pdf").write_bytes(clean)
    until((tmp_path / "begun").exists)
    process.send_signal(number)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == code
    assert files(hot) == ["in/a.pdf"]
    assert files(hot, "reports") == []


@posix
def test_killed_in_the_middle_the_next_one_does_what_is_left(
    hot: Path, watcher: Callable[..., subprocess.Popen[str]], clean: bytes, tmp_path: Path
) -> None:
    first = watcher("--plugin", _slow(tmp_path), "--timeout", "5")
    for name in ("a.pdf", "b.pdf"):
        (hot / "in" / name).write_bytes(clean)
    until((tmp_path / "begun").exists)
    first.kill()
    first.wait()
    assert files(hot) == ["in/a.pdf", "in/b.pdf"]
    second = watcher()
    until(lambda: files(hot) == ["success/a.pdf", "success/b.pdf"])
    second.terminate()
    assert second.wait(PATIENCE) == 0


def _slow(folder: Path) -> Path:
    page = "A.\n\n## What it looks at\nA.\n\n## Why it matters on press\nA.\n\n## What to do\nA.\n"
    house = folder / "house.py"
    house.write_text(
        f"import pathlib, time\nfrom makeready.facts import Artwork\nfrom makeready.registry import check\n"
        f"@check(code='XYZ101', name='slow', title='A', on=Artwork, message='m')\n"
        f"def slow(artwork, params):\n    '''{page}'''\n"
        f"    pathlib.Path({str(folder / 'begun')!r}).touch()\n    time.sleep(30)\n    return\n    yield\n"
    )
    return house


@posix
def test_a_second_watcher_is_turned_away(hot: Path, watcher: Callable[..., subprocess.Popen[str]]) -> None:
    first = watcher()
    result = subprocess.run(
        [sys.executable, "-m", "makeready", "watch", str(hot)],
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert result.returncode == 2
    assert f"already watched (process {first.pid})" in result.stderr
    assert first.poll() is None


@posix
def test_what_vanishes_or_changes_while_it_is_checked(
    hot: Path, watcher: Callable[..., subprocess.Popen[str]], clean: bytes, wrong: bytes, tmp_path: Path
) -> None:
    house = _slow(tmp_path)
    house.write_text(house.read_text().replace("sleep(30)", "sleep(2)"))
    watcher("--plugin", house, "--jobs", "2")
    (hot / "in" / "a.pdf").write_bytes(clean)
    (hot / "in" / "b.pdf").write_bytes(clean)
    until((tmp_path / "begun").exists)
    (hot / "in" / "a.pdf").unlink()
    (hot / "in" / "b.pdf").write_bytes(wrong)
    until(lambda: files(hot) == ["error/b.pdf"])
    assert (hot / "error" / "b.pdf").read_bytes() == wrong
    assert "taken away" in said(hot)
    assert "changed" in said(hot)


@posix
def test_it_goes_on_when_the_folder_was_away(
    hot: Path, watcher: Callable[..., subprocess.Popen[str]], clean: bytes
) -> None:
    process = watcher("--rescan", "1")
    (hot / "in").rename(hot / "away")
    time.sleep(0.5)
    (hot / "away").rename(hot / "in")
    (hot / "in" / "a.pdf").write_bytes(clean)
    until(lambda: files(hot) == ["success/a.pdf"])
    assert process.poll() is None


def test_a_rhythm_needs_seconds() -> None:
    with pytest.raises(UsageError):
        watch.Rhythm(settle=-1)
    with pytest.raises(UsageError):
        watch.Rhythm(rescan=float("nan"))
