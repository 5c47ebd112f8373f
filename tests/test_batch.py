"""Many files: one hostile file costs itself and nothing else, and nothing is left behind."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

import makeready
from makeready import batch
from makeready.batch import Checked, Event, Job, find_files
from makeready.engine import measure
from makeready.errors import UsageError
from makeready.models import session
from makeready.results import Report
from makeready.testing import pdf, picture

needs_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="children are forked on Linux only")

PAGE = "A sentence.\n\n## What it looks at\nThis.\n\n## Why it matters on press\nThat.\n\n## What to do\nThe other.\n"
HOUSE = '''
import faulthandler, os, signal, sys, time
from makeready.facts import Artwork
from makeready.registry import check
from makeready.results import Finding

def strange(artwork, params):
    """{page}"""
    # The artwork says what to do by its number of pages.
    if artwork.page_count == 2:
        faulthandler.disable()  # pytest's, which a fork inherits, would fill the screen
        {deed}
    yield Finding(details={{"what": str(artwork.page_count)}})

strange = check(code="XYZ101", name="strange", title="A fault", on=Artwork, message="{{what}} pages")(strange)
'''


pytestmark = pytest.mark.usefixtures("as_in_a_process_of_its_own")


@pytest.fixture(autouse=True)
def nothing_is_left_behind() -> Iterator[None]:
    yield
    assert _children("Z") == [], "a child is a zombie"
    deadline = time.monotonic() + 10
    while multiprocessing.active_children() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert multiprocessing.active_children() == []


def _children(state: str, of: int | None = None) -> list[int]:
    """Children of a process in a state of ``/proc``; nothing where there is no such folder."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(words[1]) == (of or os.getpid()) and words[0] in state:
            found.append(int(stat.parent.name))
    return found


def house(folder: Path, deed: str):
    """A measure with a check that does ``deed`` on files of two pages."""
    file = folder / "house.py"
    file.write_text(HOUSE.format(page=PAGE, deed=deed))
    return measure(only=["XYZ101"], plugin_files=[file])


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Three files, the second of two pages."""
    folder = tmp_path / "in"
    folder.mkdir()
    return [pdf(pages=2 if n == 1 else 1).save(folder / f"{n}.pdf") for n in range(3)]


def run(files: list[Path], job: Job, **more: object) -> list[Report]:
    return [checked.report for checked in batch.in_order(batch.run(files, job, **more))]  # type: ignore[arg-type]


def verdicts(reports: list[Report]) -> list[str]:
    return [report.verdict.value for report in reports]


# Order and content


def test_reports_come_in_the_order_of_the_files_however_long_each_takes(files: list[Path], tmp_path: Path) -> None:
    held = house(tmp_path, "time.sleep(0.5)")
    reports = run(files * 3, Job(held), processes=3)
    assert [report.file.path for report in reports] == [str(file) for file in files * 3]


def test_results_come_as_they_are_ready(files: list[Path], tmp_path: Path) -> None:
    held = house(tmp_path, "time.sleep(1)")
    order = [checked.position for checked in batch.run(files, Job(held), processes=2)]
    assert sorted(order) == [0, 1, 2]
    assert order[-1] == 1, "the slow file is last"


def test_a_child_finds_what_this_process_finds(files: list[Path]) -> None:
    for file, report in zip(files, makeready.check_many(files, "sheetfed-coated", processes=2), strict=True):
        assert report.issues == makeready.check(file, "sheetfed-coated").issues


def test_no_files_give_no_reports() -> None:
    assert list(makeready.check_many([])) == []


def test_the_canvas_holds_for_every_file(tmp_path: Path) -> None:
    photo = tmp_path / "a.png"
    photo.write_bytes(picture(300, 200, "RGBA"))
    (report,) = makeready.check_many([photo], "poster", canvas=(3, 2))
    assert report.stars is not None
    assert report.stars.effective_ppi == 100


def test_without_a_measure_files_are_inspected_only(files: list[Path]) -> None:
    for report in run(files, Job()):
        assert report.facts is not None
        assert (report.runs, report.profile.name) == ((), "none")


@pytest.mark.parametrize(
    "wrong", [{"processes": 0}, {"processes": -1}, {"timeout": 0}, {"timeout": -1}, {"timeout": float("nan")}]
)
def test_no_processes_or_no_time_is_a_usage_error(wrong: dict[str, float], files: list[Path]) -> None:
    with pytest.raises(UsageError):
        run(files, Job(), **wrong)


@pytest.mark.parametrize("timeout", [float("inf"), 1e12])
def test_a_timeout_may_be_as_long_as_one_likes(timeout: float, files: list[Path]) -> None:
    assert verdicts(run(files, Job(), timeout=timeout)) == ["pass"] * 3


def test_an_unknown_profile_is_said_before_anything_starts(files: list[Path]) -> None:
    with pytest.raises(UsageError, match="There is no profile"):
        next(makeready.check_many(files, "postr"))


# Hostile files


@pytest.mark.parametrize("content", [b"", b"\0" * 100, b"%PDF-1.7\n%%EOF", b"\xff\xd8\xff\xe0"])
def test_a_file_that_cannot_be_read_stops_no_other(content: bytes, files: list[Path]) -> None:
    files[1].write_bytes(content)
    reports = run(files, Job(measure()))
    assert verdicts(reports) == ["pass", "unreadable", "pass"]
    assert [issue.code for issue in reports[1].issues] == ["FIL101"]


def test_a_missing_file_a_folder_and_a_dangling_link_get_reports(files: list[Path], tmp_path: Path) -> None:
    dangling = tmp_path / "dangling.pdf"
    dangling.symlink_to("nowhere.pdf")
    paths = [files[0], tmp_path / "gone.pdf", tmp_path, dangling, files[2]]
    reports = run(paths, Job(measure()))
    assert verdicts(reports) == ["pass", "unreadable", "unreadable", "unreadable", "pass"]
    assert "There is no such file" in reports[1].issues[0].message
    assert "is not a file" in reports[2].issues[0].message


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="nothing is closed to root")
def test_a_folder_that_is_closed_to_us_is_called_that(files: list[Path], tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o000)
    reports = run([files[0], *find_files([closed])], Job(measure()))
    closed.chmod(0o700)
    assert verdicts(reports) == ["pass", "unreadable"]
    assert "The folder cannot be entered. Check its permissions." in reports[1].issues[0].message


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_named_pipe_is_not_waited_for(files: list[Path], tmp_path: Path) -> None:
    fifo = tmp_path / "fifo.pdf"
    os.mkfifo(fifo)
    reports = run([files[0], fifo], Job(measure()), timeout=30)
    assert verdicts(reports) == ["pass", "unreadable"]
    assert "is not a file" in reports[1].issues[0].message


def test_a_hanging_file_is_stopped_and_its_report_says_so(files: list[Path], tmp_path: Path) -> None:
    reports = run(files, Job(house(tmp_path, "time.sleep(1e6)")), processes=2, timeout=1)
    assert verdicts(reports) == ["error", "unreadable", "error"]
    assert "took longer than 1 seconds and was stopped" in reports[1].issues[0].message
    assert reports[1].profile.name == "default"


def test_a_child_that_hears_no_signal_is_stopped_all_the_same(files: list[Path], tmp_path: Path) -> None:
    deaf = "[signal.signal(s, signal.SIG_IGN) for s in (signal.SIGTERM, signal.SIGINT)]\n        while True: pass"
    assert verdicts(run(files, Job(house(tmp_path, deaf)), timeout=1)) == ["error", "unreadable", "error"]


@needs_linux
@pytest.mark.parametrize(
    ("deed", "said"),
    [
        ("os.kill(os.getpid(), signal.SIGSEGV)", "crashed the reader (SIGSEGV)"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "crashed the reader (SIGKILL)"),
        ("os.abort()", "crashed the reader (SIGABRT)"),
        ("os._exit(7)", "ended the reader unexpectedly (exit 7)"),
    ],
)
def test_a_child_that_dies_costs_its_own_file(deed: str, said: str, files: list[Path], tmp_path: Path) -> None:
    reports = run(files * 2, Job(house(tmp_path, deed)), processes=1)
    assert verdicts(reports) == ["error", "unreadable", "error"] * 2
    assert said in reports[1].issues[0].message


def test_every_file_may_kill_its_child(files: list[Path], tmp_path: Path) -> None:
    held = house(tmp_path, "os._exit(1)")
    assert verdicts(run([files[1]] * 5, Job(held), processes=2)) == ["unreadable"] * 5


@needs_linux
def test_memory_is_limited(files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "MEMORY_BYTES", 4 * 1024**3)
    held = house(tmp_path, "bytearray(5 * 1024**3)")
    reports = run(files, Job(held))
    assert [run.outcome.value for run in reports[1].runs if run.code == "XYZ101"] == ["crashed"]
    assert "MemoryError" in (reports[1].crashed[0].reason or "")
    assert verdicts(reports)[::2] == ["error", "error"]


def eat(report: Report, path: Path) -> None:
    if path.name == "1.pdf":
        bytearray(5 * 1024**3)


@needs_linux
def test_memory_that_is_spent_after_the_check_is_said(files: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "MEMORY_BYTES", 4 * 1024**3)
    reports = run(files, Job(measure(only=["BOX102"]), after=eat))
    assert verdicts(reports) == ["pass", "unreadable", "pass"]
    assert [issue.code for issue in reports[1].issues] == ["FIL106"]
    assert "more than 4 GB of memory" in reports[1].issues[0].message


def test_what_cannot_be_sent_back_costs_its_own_file(files: list[Path], tmp_path: Path) -> None:
    held = house(tmp_path, 'yield Finding(details={"what": lambda: None})')
    reports = run(files, Job(held))
    assert verdicts(reports) == ["error", "unreadable", "error"]
    assert "cannot be sent on" in reports[1].issues[0].message


def fail(report: Report, path: Path) -> None:
    raise RuntimeError("while drawing")


@needs_linux
def test_what_fails_after_the_check_is_said(files: list[Path]) -> None:
    (report,) = run(files[:1], Job(measure(), after=fail))
    assert "RuntimeError: while drawing" in report.issues[0].message


def test_plug_ins_that_failed_are_named_even_when_the_file_is_unreadable(files: list[Path], tmp_path: Path) -> None:
    ruin = tmp_path / "ruin.py"
    ruin.write_text("1 / 0")
    files[1].write_bytes(b"")
    for report in run(files, Job(measure(plugin_files=[ruin]))):
        assert "ZeroDivisionError" in report.failed_plugins["ruin.py"]


# Children


def whoami(report: Report, path: Path) -> int:
    return os.getpid()


@needs_linux
def test_a_child_is_replaced_after_so_many_files(files: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "FILES_PER_CHILD", 2)
    job = Job(measure(only=["BOX102"]), after=whoami)
    pids = [checked.extra for checked in batch.in_order(batch.run([files[0]] * 5, job, processes=1))]
    assert os.getpid() not in pids
    assert pids[0] == pids[1] != pids[2] == pids[3] != pids[4]


@needs_linux
def test_there_are_never_more_children_than_asked_for(files: list[Path]) -> None:
    job = Job(measure(only=["BOX102"]), after=whoami)
    pids = {checked.extra for checked in batch.run(files * 4, job, processes=2)}
    assert 1 <= len(pids) <= 2


def test_children_are_fresh_interpreters_while_other_threads_run(files: list[Path]) -> None:
    """A fork copies the locks that other threads hold, held."""
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        assert batch._context().get_start_method() == "spawn"
        reports = list(makeready.check_many(files, "poster", processes=1, timeout=60))
    finally:
        stop.set()
        thread.join()
    assert verdicts(reports) == ["pass"] * 3


def test_a_script_that_its_own_children_run_again_is_told_so(files: list[Path], tmp_path: Path) -> None:
    """Fresh interpreters read the script; without its guard every file would be called unreadable."""
    script = tmp_path / "script.py"
    asking = f"print([str(one.verdict) for one in makeready.check_many({[str(files[0])]}, 'poster')])"
    script.write_text(f"import pyvips\nimport makeready\n{asking}\n")
    run = partial(subprocess.run, [sys.executable, str(script)], check=False, capture_output=True, text=True)
    assert run().stderr.strip().endswith("is run again by each child process, and asks again.")
    script.write_text(f"import pyvips\nimport makeready\nif __name__ == '__main__':\n    {asking}\n")
    assert run().stdout == "['pass']\n"


def test_nothing_beside_the_artwork_is_run(files: list[Path], tmp_path: Path) -> None:
    """Fresh interpreters look for modules in the folder that they are begun in, unless they are told not to."""
    (tmp_path / "incoming").mkdir()
    (tmp_path / "incoming" / "socket.py").write_text(f"open({str(tmp_path / 'run')!r}, 'w')\nfrom _socket import *\n")
    script = tmp_path / "script.py"
    asking = f"print([str(one.verdict) for one in makeready.check_many({[str(files[0])]}, 'poster')])"
    script.write_text(f"import pyvips\nimport makeready\nif __name__ == '__main__':\n    {asking}\n")
    done = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path / "incoming", check=False, capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("['pass']\n", "")
    assert not (tmp_path / "run").exists()


def processors(report: Report, path: Path) -> int:
    return session.processors()


@needs_linux
def test_children_share_the_processors(files: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Engines that each took all processors would wait for one another."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    job = Job(after=processors)
    for children, share in ((1, 8), (2, 4), (3, 2), (16, 2)):  # three files take three children at most
        assert {checked.extra for checked in batch.run(files, job, processes=children)} == {share}
    assert session.processors() == 8


@needs_linux
def test_children_are_forked_while_this_process_has_one_thread() -> None:
    assert threading.active_count() == 1, "a test before this one left a thread"
    assert batch._context().get_start_method() == "fork"


def test_children_are_not_forked_beside_threads_of_libvips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyvips", object())
    assert batch._context().get_start_method() == "spawn"


def test_a_run_that_is_left_early_leaves_no_children(files: list[Path], tmp_path: Path) -> None:
    ready = batch.run(files * 5, Job(house(tmp_path, "time.sleep(1e6)")), processes=2)
    next(ready)
    ready.close()  # type: ignore[attr-defined]
    assert multiprocessing.active_children() == []


def test_a_listener_that_fails_ends_the_run_and_the_children(files: list[Path]) -> None:
    def listen(event: Event) -> None:
        raise RuntimeError("the bar is broken")

    with pytest.raises(RuntimeError, match="the bar is broken"):
        run(files, Job(), on_event=listen)
    assert multiprocessing.active_children() == []


ORPHAN = """
import sys
from pathlib import Path
from makeready import batch
from makeready.engine import measure
batch._START_SECONDS = 0.5
held = measure(only=["XYZ101"], plugin_files=[Path(sys.argv[1])])
events = lambda event: print(event.kind, flush=True)
list(batch.run([Path(sys.argv[2])], batch.Job(held), timeout=2, on_event=events))
"""


@needs_linux
def test_a_child_in_an_endless_loop_outlives_a_killed_parent_only_for_its_time(
    files: list[Path], tmp_path: Path
) -> None:
    house(tmp_path, "while True: pass")
    command = [sys.executable, "-c", ORPHAN, str(tmp_path / "house.py"), str(files[1])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "started\n"
        (child,) = _children("RSD", of=parent.pid)
        parent.kill()
        parent.wait()
    deadline = time.monotonic() + 30
    while _runs(child) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not _runs(child)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


# Events


def test_every_file_is_told_as_started_and_done(files: list[Path], tmp_path: Path) -> None:
    files[2].write_bytes(b"")
    told: list[Event] = []
    run(files, Job(house(tmp_path, "os._exit(1)")), on_event=told.append, processes=1)
    for file in files:
        kinds = [event.kind for event in told if event.path == str(file) and event.kind != "page"]
        assert kinds == ["started", "done"]


def test_pages_are_told_as_they_go_by(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "_TELL_EVERY", 0)
    file = pdf(pages=3).save(tmp_path / "a.pdf")
    told: list[Event] = []
    run([file], Job(), on_event=told.append)
    pages = [(event.done, event.total) for event in told if event.kind == "page"]
    assert pages[-1] == (3, 3)
    assert pages == sorted(pages)


# Finding files


def test_a_folder_means_the_artwork_in_it_in_order(tmp_path: Path) -> None:
    for name in ("b.pdf", "a.JPG", "notes.txt", ".hidden.pdf", "sub/c.tif", "sub/deep/d.psd", ".git/e.pdf", "f"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x")
    found = [str(path.relative_to(tmp_path)) for path in find_files([tmp_path])]
    assert found == ["a.JPG", "b.pdf", "sub/c.tif", "sub/deep/d.psd"]


def test_a_file_that_is_named_is_taken_whatever_it_is_called(tmp_path: Path) -> None:
    assert list(find_files([tmp_path / "notes.txt", str(tmp_path / ".hidden")])) == [
        tmp_path / "notes.txt",
        tmp_path / ".hidden",
    ]


def test_links_to_folders_do_not_lead_round_in_circles(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"x")
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    assert list(find_files([tmp_path])) == [tmp_path / "a.pdf"]


def test_an_empty_folder_has_nothing_in_it(tmp_path: Path) -> None:
    assert list(find_files([tmp_path])) == []


def test_a_name_that_is_too_long_is_a_file_like_any_other() -> None:
    assert list(find_files(["x" * 300])) == [Path("x" * 300)]


def test_a_folder_that_cannot_be_entered_is_not_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    (tmp_path / "z.pdf").write_bytes(b"x")
    scan = os.scandir

    def scandir(path):
        if Path(path) == closed:
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert set(find_files([tmp_path])) == {tmp_path / "z.pdf", closed}
    assert list(find_files([closed])) == [closed]


def test_in_order_holds_back_what_comes_early() -> None:
    def said(position: int) -> Checked:
        return Checked(None, None, position)  # type: ignore[arg-type]

    assert [c.position for c in batch.in_order(map(said, [2, 0, 3, 1]))] == [0, 1, 2, 3]
