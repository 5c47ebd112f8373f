"""Hot folders: what is dropped into ``in/`` is checked and put into the folder of its verdict, with its reports.

There is no state on disk but the files themselves. A file stays in ``in/`` until its reports are written, and
then changes folder in one step. So whatever ends a watcher (a signal, a crash, a power cut), the next one starts
from what lies in ``in/`` and nothing is lost; at worst a file is checked twice. A folder of claimed files would
need a rule for those that a dead watcher left there; this needs none.

``except Exception`` stands here at the door of one file: whatever goes wrong with it, the others are waiting.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import signal
import stat
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from makeready import batch, engine, inspection, preflight
from makeready.batch import Checked, Job
from makeready.engine import Measure
from makeready.errors import MakereadyError, MissingDependency, UnreadableFile, UsageError, did_you_mean
from makeready.intake import Source
from makeready.report import Reporter, reporters, schema, writing
from makeready.report.text import clean
from makeready.results import Report, Severity, Verdict

IN, REPORTS, FAILED = "in", "reports", "failed"
#: Where files go. A check changes nothing, so the file itself is the original and the result.
VERDICTS = {
    Verdict.PASS: "success",
    Verdict.INFO: "success",
    Verdict.WARNING: "warning",
    Verdict.ERROR: "error",
    Verdict.UNREADABLE: FAILED,
}
RESULTS = tuple(dict.fromkeys(VERDICTS.values()))
LOCK = ".makeready.lock"
#: What programs call files that they have not finished, and what file managers leave behind.
_UNFINISHED = (".part", ".partial", ".filepart", ".tmp", ".temp", ".crdownload", ".download", ".!ut")
_LITTER = {"thumbs.db", "desktop.ini"}
#: A file that does not look whole must be still for so many times the settle time: the upload may have stalled.
_PATIENCE = 5
#: Seconds between two looks while something is settling.
_TICK = 0.25
#: After a failure to put a file away: seconds to the next try, doubled each time, and the most.
_BACK_OFF, _LONGEST_BACK_OFF = 5.0, 300.0
#: A ticket is a few lines; more is a mistake.
_TICKET_BYTES = 64 * 1024
#: The longest name most file systems take, less what is put behind it (``.json``, or a temporary suffix).
_NAME_BYTES = 255 - 16

#: So many combinations of profile and settings are kept ready; tickets may bring any number.
_MEASURES = 32

#: Size, time of change and number of a file: as long as these stay, it is the same and nobody writes to it.
Signature = tuple[int, int, int]


class Ticket(BaseModel):
    """What a NAME.pdf.json beside the artwork may say. It names, it never points: no paths, no code."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    profile: str | None = Field(None, description="The name of an installed profile.")
    canvas: str | None = Field(None, max_length=100, description="The printed size: 30x20in, 210x297mm or A4.")
    settings: dict[str, str | int | float | bool] = Field(
        {}, description="CODE.setting: value, over the profile.", examples=[{"IMG101.resolution.error": "120ppi"}]
    )

    @property
    def assignments(self) -> tuple[str, ...]:
        """As they are written behind ``--set``."""
        words = {True: "true", False: "false"}
        said = ((k, words[v] if isinstance(v, bool) else v) for k, v in self.settings.items())
        return tuple(f"{name}={value}" for name, value in said)


def ticket_schema() -> dict[str, Any]:
    """The JSON schema of job tickets, for the editors and programs that write them."""
    return {"$schema": schema.DIALECT, **Ticket.model_json_schema()}


@dataclass(frozen=True)
class Order:
    """What is done with every file that brings no ticket, and how."""

    profile: str | Path = preflight.DEFAULT_PROFILE
    canvas: str | None = None
    only: Sequence[str] = ()
    skip: Sequence[str] = ()
    settings: Sequence[str] = ()
    plugins: Sequence[Path] = ()
    units: str = "mm"
    reports: tuple[str, ...] = ("html", "json")
    processes: int | None = None
    timeout: float = batch.TIMEOUT


@dataclass(frozen=True)
class Rhythm:
    """When to look, in seconds: stillness before a file is taken, and between looks that no event asked for."""

    settle: float = 2.0
    rescan: float = 30.0
    poll: bool = False

    def __post_init__(self) -> None:
        if not self.settle >= 0 or not self.rescan > 0:  # "not a number" included
            raise UsageError("Settle and rescan are seconds.", "Write --settle 2 --rescan 30.")


@dataclass(frozen=True)
class Filed:
    """A file that is done: its report, where it lies now, and the reports that were written."""

    report: Report
    path: Path
    reports: tuple[Path, ...]

    @property
    def line(self) -> str:
        """For a terminal and for grep."""
        report = self.report
        words = [report.verdict.value]
        words += [f"{n} {s.value}{'s' * (n > 1)}" for s in Severity if (n := report.count(s))]
        words += [f"{run.code} crashed" for run in report.crashed]
        if report.verdict is Verdict.UNREADABLE:
            words = [f"unreadable: {report.issues[0].message}"]
        return clean(f"{self.path}: {', '.join(words)}")


@dataclass
class _Seen:
    """A file in ``in/``, and since when it has been still."""

    signature: Signature
    since: float
    whole: bool | None = None
    not_before: float = 0.0
    failures: int = 0


@dataclass(frozen=True)
class _Task:
    """A file whose turn it is, as it was when it was taken."""

    path: Path
    signature: Signature
    ticket: Path | None = None


class Leave:
    """Ctrl-C and SIGTERM: at once while waiting or checking; a file that is being put away is put away first."""

    def __init__(self) -> None:
        self.received: int | None = None
        self._busy = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._hear) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> bool:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        # To be told to end is no failure; Ctrl-C is, as for every other command.
        return kind is KeyboardInterrupt and self.received == signal.SIGTERM

    def _hear(self, number: int, _: FrameType | None) -> None:
        again, self.received = self.received is not None, number
        if again or not self._busy:  # the second time, whatever we are at: it may hang
            raise KeyboardInterrupt

    @contextlib.contextmanager
    def later(self) -> Iterator[None]:
        """Until the block is done, signals wait."""
        self._busy = True
        try:
            yield
        finally:
            self._busy = False
        if self.received is not None:
            raise KeyboardInterrupt


class HotFolder:
    """One hot folder, locked for this process.

    Raises:
        UsageError: a folder is missing or in the wrong place, or another watcher is at work.
        MakereadyError: the order does not fit (unknown profile, setting, report format).
    """

    def __init__(
        self, root: Path, order: Order, rhythm: Rhythm, *, init: bool = False, log: Callable[[str], None] = print
    ) -> None:
        self.root, self.order, self.rhythm, self._log = root, order, rhythm, log
        self.inbox = root / IN
        #: Files that could not be put away so far.
        self.kept: set[Path] = set()
        self._seen: dict[Path, _Seen] = {}
        self._measures: dict[tuple[str, tuple[str, ...]], Measure] = {}
        self._reporters = tuple(_reporter(name) for name in order.reports)
        self._job(Ticket())  # what is wrong with the order is said before anything is touched
        _set_up(root, init)
        self._lock = _lock(root / LOCK)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._lock.close()

    def once(self, leave: Leave) -> Iterator[Filed]:
        """Do what is there, and end. A file that is still being written is left for the next time."""
        self._scan()
        there = {path: seen.signature for path, seen in self._seen.items() if not _is_ticket(path)}
        while there:
            tasks = [task for task in self._ready() if there.get(task.path) == task.signature]
            yield from self._round(tasks, leave)
            self._scan()
            for path, signature in list(there.items()):
                seen = self._seen.get(path)
                if seen is None or seen.failures or seen.signature != signature:
                    del there[path]
                    if seen is not None and not seen.failures:
                        self._say(f"{path} is still being written; left for the next time")
            if there and not tasks:
                time.sleep(min(_TICK, self.rhythm.settle / 4))

    def watch(self, leave: Leave) -> Iterator[Filed]:
        """Do what is there and what comes, until a signal ends it.

        Raises:
            MissingDependency: watchfiles is not installed.
        """
        while True:
            tasks: list[_Task] = []
            # Closed before children are made: no fork while another thread runs. A new one is open before the
            # folder is read again, so nothing that comes meanwhile is missed.
            with contextlib.closing(_wakes(self.inbox, self.rhythm.poll, self._say)) as wakes:
                next_look = 0.0
                for woken in wakes:
                    now = time.monotonic()
                    if woken or self._settling(now) or now >= next_look:
                        next_look = now + self.rhythm.rescan
                        self._scan()
                        if tasks := self._ready():
                            break
            yield from self._round(tasks, leave)

    # What is there

    def _scan(self) -> None:
        """Read the folder; a file that is as it was keeps its time of stillness."""
        now = time.monotonic()
        found: dict[Path, _Seen] = {}
        for path, signature in _files(self.inbox, self._say):
            seen = self._seen.get(path)
            same = seen is not None and seen.signature == signature
            found[path] = seen if seen is not None and same else _Seen(signature, now)
        self._seen = found
        self.kept &= set(found)

    def _settling(self, now: float) -> bool:
        patience = self.rhythm.settle * _PATIENCE + _TICK
        return any(now - s.since <= patience or 0 < s.not_before <= now for s in self._seen.values())

    def _ready(self) -> list[_Task]:
        """The files that are still and whole, those that have waited longest first."""
        now = time.monotonic()
        tasks = []
        for path, seen in sorted(self._seen.items(), key=lambda item: (item[1].signature[1], item[0])):
            if _is_ticket(path) or now < seen.not_before or not self._still(seen, now):
                continue
            ticket = next((t for t in _tickets(path) if t in self._seen), None)
            if ticket is not None and not self._still(self._seen[ticket], now):
                continue
            if seen.whole is None:
                seen.whole = looks_whole(path)
            if seen.whole or self._still(seen, now, _PATIENCE):
                tasks.append(_Task(path, seen.signature, ticket))
        return tasks

    def _still(self, seen: _Seen, now: float, times: int = 1) -> bool:
        return now - seen.since >= self.rhythm.settle * times

    # What is done

    def _round(self, tasks: Sequence[_Task], leave: Leave) -> Iterator[Filed]:
        """Check files in child processes, those that are held against the same together, and put them away."""
        rounds: dict[tuple[Any, ...], tuple[Job, list[_Task]]] = {}
        # All tickets are read before any file is moved: who lies beside whom must not change meanwhile.
        refused: list[tuple[_Task, Checked]] = []
        for task in tasks:
            try:
                job = self._job(self._read_ticket(task))
            except MakereadyError as error:
                name = task.ticket.name if task.ticket else ""
                why = UnreadableFile(f"{name}, the job ticket beside it, does not fit: {error}", error.hint)
                report = inspection.unreadable(Source.of(task.path), why, self._job(Ticket()).held.info)  # type: ignore[union-attr]
                refused.append((task, Checked(report)))
                continue
            except OSError as error:
                self._try_later(task, error)
                continue
            rounds.setdefault((id(job.held), job.canvas), (job, []))[1].append(task)
        for task, checked in refused:
            yield from self._finish(task, checked, leave)
        for job, members in rounds.values():
            done: set[int] = set()
            paths = [task.path for task in members]
            ready = batch.run(paths, job, processes=self.order.processes, timeout=self.order.timeout)
            try:
                with contextlib.closing(ready):
                    for checked in ready:
                        done.add(checked.position)
                        yield from self._finish(members[checked.position], checked, leave)
            except OSError as error:  # no process can be made: the machine is short of something
                for position in set(range(len(members))) - done:
                    self._try_later(members[position], error)

    def _job(self, ticket: Ticket) -> Job:
        order = self.order
        key = (str(order.profile if ticket.profile is None else ticket.profile), ticket.assignments)
        if key not in self._measures:
            if len(self._measures) >= _MEASURES:
                self._measures.clear()
            self._measures[key] = engine.measure(
                order.profile if ticket.profile is None else ticket.profile,
                only=order.only,
                skip=order.skip,
                settings=(*order.settings, *ticket.assignments),
                plugin_files=order.plugins,
            )
        canvas = inspection.as_size(ticket.canvas or order.canvas)
        prepare = _Prepare(tuple(r.name for r in self._reporters if r.after is not None))
        return Job(held=self._measures[key], canvas=canvas, units=order.units, after=prepare)

    def _read_ticket(self, task: _Task) -> Ticket:
        if task.ticket is None:
            return Ticket()
        beside = [path.name for path in self._seen if not _is_ticket(path) and task.ticket in _tickets(path)]
        if len(beside) > 1:
            raise UsageError(f"It lies beside {', '.join(sorted(beside))}.", f"Call it {task.path.name}.json.")
        return read_ticket(task.ticket)

    def _finish(self, task: _Task, checked: Checked, leave: Leave) -> Iterator[Filed]:
        """Write the reports, then move the file. The caller hears of it before a signal can end us."""
        with leave.later():
            try:
                if _signature(task.path) != task.signature:
                    self._say(f"{task.path} changed while it was checked; it is checked again when it is still")
                    self._seen.pop(task.path, None)
                    return
                filed = self._file_away(task, checked)
            except FileNotFoundError as error:
                if os.path.lexists(task.path):
                    self._try_later(task, error)
                else:
                    self._say(f"{task.path} was taken away while it was checked")
                    self._seen.pop(task.path, None)
                return
            except Exception as error:
                self._try_later(task, error)
                return
            self._seen.pop(task.path, None)
            self.kept.discard(task.path)
            yield filed

    def _try_later(self, task: _Task, error: Exception) -> None:
        seen = self._seen.setdefault(task.path, _Seen(task.signature, time.monotonic()))
        pause = min(_BACK_OFF * 2**seen.failures, _LONGEST_BACK_OFF)
        seen.failures += 1
        seen.not_before = time.monotonic() + pause
        self.kept.add(task.path)
        why = (error.strerror or str(error)) if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
        where = f" ({error.filename2 or error.filename})" if isinstance(error, OSError) and error.filename else ""
        self._say(f"{task.path} cannot be put away: {why}{where}; it stays, next try in {pause:g} s")

    def _file_away(self, task: _Task, checked: Checked) -> Filed:
        report = checked.report
        # A check that crashed has not looked: nobody may take the file for checked.
        folder = FAILED if report.crashed and report.verdict is not Verdict.ERROR else VERDICTS[report.verdict]
        within = task.path.relative_to(self.inbox).parent
        number = 0
        while True:
            target = self.root / folder / within / _numbered(task.path.name, number)
            number += 1
            if self._is_taken(target.name, within):
                continue
            report = report.replace(file=_moved(report, target))
            written: list[Path] = []
            try:
                for reporter in self._reporters:
                    written.extend(self._write(report, checked.extra, reporter, within, target.name))
                target.parent.mkdir(parents=True, exist_ok=True)
                move(task.path, target)
            except BaseException as error:
                for path in written:
                    path.unlink(missing_ok=True)
                if isinstance(error, FileExistsError) and os.path.lexists(target):
                    continue  # somebody was quicker: the next number
                raise
            break
        if task.ticket is not None:
            self._move_ticket(task, target)
        return Filed(report, target, tuple(written))

    def _is_taken(self, name: str, within: Path) -> bool:
        """Whether a name is in use anywhere: what has one name in all folders can be told apart in none."""
        results = (self.root / folder / within / (name + end) for folder in RESULTS for end in ("", ".json"))
        reports = (self._report_path(reporter, within, name) for reporter in self._reporters)
        return any(os.path.lexists(path) for path in (*results, *reports))

    def _report_path(self, reporter: Reporter, within: Path, name: str) -> Path:
        return self.root / REPORTS / within / f"{name}{reporter.suffixes[0]}"

    def _write(self, report: Report, extra: Any, reporter: Reporter, within: Path, name: str) -> Iterator[Path]:
        prepared = (extra or {}).get(reporter.name)
        try:
            document = reporter.render([report], {} if prepared is None else {0: prepared})
        except Exception as error:  # a plug-in's writer, or one that needs a readable file
            self._say(f"{name}: no {reporter.name} report: {type(error).__name__}: {error}")
            return
        path = self._report_path(reporter, within, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with writing(path) as write:
            write(document)
        yield path

    def _move_ticket(self, task: _Task, target: Path) -> None:
        """After the artwork: a ticket left behind is seen, artwork without its ticket is checked wrongly."""
        assert task.ticket is not None
        others = [path for path in self._seen if path != task.path and task.ticket in _tickets(path)]
        if any(not _is_ticket(path) for path in others):
            return  # it is not told whose it is; it stays with the others
        try:
            move(task.ticket, target.with_name(f"{target.name}.json"))
            self._seen.pop(task.ticket, None)
        except OSError as error:
            self._say(f"{task.ticket} cannot be moved: {error.strerror or error}; take it away by hand")

    def _say(self, what: str) -> None:
        self._log(clean(what))


@dataclass(frozen=True)
class _Prepare:
    """What the report formats need of the file, made in the child that has checked it."""

    names: tuple[str, ...]

    def __call__(self, report: Report, path: Path) -> Mapping[str, Any]:
        found = {}
        for name in self.names:
            after = reporters()[name].after
            if after is not None:
                found[name] = after(report, path)
        return found


def read_ticket(path: Path) -> Ticket:
    """The job ticket in a file.

    Raises:
        UsageError: it is not one.
        OSError: it cannot be read.
    """
    with path.open("rb") as stream:
        data = stream.read(_TICKET_BYTES + 1)
    if len(data) > _TICKET_BYTES:
        raise UsageError("It is too long.", f"{_TICKET_BYTES // 1024} KB are plenty.")
    try:
        ticket = Ticket.model_validate(json.loads(data))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        hint = f"It may hold {', '.join(Ticket.model_fields)}."
        raise UsageError(f"{where}: {first['msg']}." if where else f"{first['msg']}.", hint) from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"It is not JSON: {error}.", "Write it as UTF-8.") from error
    names = preflight.profile_names()
    if ticket.profile is not None and ticket.profile not in names:
        near = did_you_mean(ticket.profile, names)
        raise UsageError(f"There is no profile {ticket.profile!r}.", near or "A ticket names installed profiles only.")
    return ticket


def looks_whole(path: Path) -> bool:
    """Whether the end of a file is where its kind ends; kinds that are not known here are taken to be whole."""
    try:
        with path.open("rb") as stream:
            head = stream.read(1024)
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - 4096))
            tail = stream.read()
    except OSError:  # somebody has it open for himself alone, or we may not read it
        return False
    if not head:
        return False
    if b"%PDF-" in head:
        return b"%%EOF" in tail
    if head.startswith(b"\xff\xd8\xff"):
        return b"\xff\xd9" in tail
    if head.startswith(b"\x89PNG"):
        return b"IEND" in tail
    if head[:4] in (b"II*\0", b"MM\0*"):  # the directory of a TIFF is often written last
        return 0 < int.from_bytes(head[4:8], "little" if head[:2] == b"II" else "big") < size
    return True


def move(source: Path, target: Path) -> None:
    """Move a file in one step, and never over another.

    Raises:
        FileExistsError: something has that name.
        OSError: it cannot be moved; then it is where it was.
    """
    if sys.platform == "win32":
        if source.drive.lower() == target.drive.lower():
            source.rename(target)  # fails by itself where the name is taken
            return
        _copy_over(source, target)
        return
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError as error:
        if error.errno == errno.EXDEV:
            _copy_over(source, target)
            return
        if error.errno not in (errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK):
            raise
        # No second names here, or not for files of other users. An empty file keeps the name free for us.
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        try:
            source.rename(target)
        except OSError as why:
            os.unlink(target)
            if why.errno != errno.EXDEV:
                raise
            _copy_over(source, target)
        return
    try:
        os.unlink(source)
    except OSError:
        os.unlink(target)
        raise


def _copy_over(source: Path, target: Path) -> None:
    """To another file system: whole and on the disk before it gets its name, and only then gone from here."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".makeready-", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as copy, source.open("rb") as original:
            shutil.copyfileobj(original, copy, 1 << 20)
            copy.flush()
            os.fsync(copy.fileno())
        shutil.copystat(source, name)
        move(Path(name), target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    try:
        os.unlink(source)
    except OSError:
        os.unlink(target)
        raise


def _set_up(root: Path, init: bool) -> None:
    folders = [root / name for name in (IN, *RESULTS, REPORTS)]
    if init:
        try:
            for folder in folders:
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"{error.filename} cannot be made: {error.strerror}.", "Name another place.") from error
    missing = [folder.name for folder in folders if not folder.is_dir()]
    if missing:
        raise UsageError(f"{root} has no folder {', '.join(missing)}.", "Add --init to have the folders made.")
    inbox = folders[0].resolve()
    for folder in folders[1:]:
        place = folder.resolve()
        if place.is_relative_to(inbox) or inbox.is_relative_to(place):
            raise UsageError(f"{folder} leads into {folders[0]}.", "Results would be taken for new files.")


def _lock(path: Path) -> IO[str]:
    """Keep other watchers out; the system lets go when this process ends, however it ends.

    ``lockf``, not ``flock``: that one is inherited by children, which may outlive a killed watcher.
    """
    try:
        file = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.", "Make the folder writable.") from error
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(1 << 20)  # far behind what is written, which others may then read
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.seek(0)
        who = file.read(20).strip()
        file.close()
        if error.errno not in (errno.EACCES, errno.EAGAIN, errno.EDEADLK):
            raise UsageError(f"{path} cannot be locked: {error.strerror}.", "Use a local disk.") from error
        process = f" (process {who})" if who.isdecimal() else ""
        raise UsageError(
            f"{path.parent} is already watched{process}.", "One watcher a folder; end it first."
        ) from error
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file


def _files(folder: Path, say: Callable[[str], None]) -> Iterator[tuple[Path, Signature]]:
    """The plain files below a folder; links, devices, hidden and unfinished ones are left alone."""
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        try:
            with os.scandir(here) as entries:
                names = [entry.name for entry in entries]
        except OSError as error:
            if os.path.lexists(here):
                say(f"{here} cannot be read: {error.strerror}")
            continue
        for name in names:
            if _left_alone(name):
                continue
            path = here / name
            with contextlib.suppress(OSError):  # gone again
                found = os.lstat(path)
                if stat.S_ISDIR(found.st_mode):
                    waiting.append(path)
                elif stat.S_ISREG(found.st_mode):
                    yield path, (found.st_size, found.st_mtime_ns, found.st_ino)


def _signature(path: Path) -> Signature:
    found = os.lstat(path)
    return found.st_size, found.st_mtime_ns, found.st_ino


def _left_alone(name: str) -> bool:
    return name.startswith((".", "~")) or name.lower().endswith(_UNFINISHED) or name.lower() in _LITTER


def _is_ticket(path: Path) -> bool:
    return path.suffix.lower() == ".json"


def _tickets(path: Path) -> tuple[Path, Path]:
    """Where the ticket of a file may lie: ``a.pdf.json``, else ``a.json``."""
    return path.with_name(f"{path.name}.json"), path.with_suffix(".json")


def _numbered(name: str, number: int) -> str:
    """``a.pdf``, ``a_0001.pdf``, ``a_0002.pdf`` …, cut where a file system would refuse it."""
    stem, suffix = Path(name).stem, Path(name).suffix
    tail = f"_{number:04}{suffix}" if number else suffix
    while stem and len(os.fsencode(stem + tail)) > _NAME_BYTES:
        stem = stem[:-1]
    return stem + tail


def _moved(report: Report, target: Path) -> Any:
    from dataclasses import replace

    return replace(report.file, path=str(target))


def _reporter(name: str) -> Reporter:
    known = reporters()
    for reporter in known:
        if reporter.name == name and reporter.suffixes:
            return reporter
    names = [reporter.name for reporter in known]
    raise UsageError(
        f"There is no report format {name!r}.", did_you_mean(name, names) or f"There are {', '.join(names)}."
    )


def require_watchfiles() -> None:
    """Say what to install before anything is made.

    Raises:
        MissingDependency: watchfiles is not installed.
    """
    try:
        import watchfiles  # noqa: F401
    except ImportError as error:
        raise MissingDependency(
            "Watching a folder needs watchfiles, which is not installed.",
            "pip install 'makeready[watch]'; --once does without.",
        ) from error


def _wakes(folder: Path, poll: bool, say: Callable[[str], None]) -> Generator[bool, None, None]:
    """Every tick: whether something has happened in a folder. Without events from the system, by polling."""
    import watchfiles

    try:
        for changes in watchfiles.watch(
            folder,
            watch_filter=None,
            debounce=500,
            rust_timeout=int(_TICK * 1000),
            yield_on_timeout=True,
            force_polling=True if poll else None,
            poll_delay_ms=1000,
            ignore_permission_denied=True,
        ):
            yield bool(changes)
    except OSError as error:  # the folder is away (a network drive), or the system has no more watches
        if not poll and os.path.isdir(folder):
            say(f"no events from the system ({error.strerror or error}): polling")
            yield from _wakes(folder, True, say)
            return
        say(f"{folder} cannot be watched: {error.strerror or error}")
    while True:  # until the caller opens it anew
        time.sleep(_TICK)
        yield False


__all__ = [
    "Filed",
    "HotFolder",
    "Leave",
    "Order",
    "Rhythm",
    "Ticket",
    "looks_whole",
    "move",
    "read_ticket",
    "ticket_schema",
]
