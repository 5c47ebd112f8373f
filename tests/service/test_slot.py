"""Jobs that crash, hang, eat and pry: each ends by itself, and the next one does not notice."""

from __future__ import annotations

import io
import json
import os
import queue
import signal
import socket
import struct
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from makeready.service import child, sandbox
from makeready.service import slot as slot_module
from makeready.service.settings import Settings
from makeready.service.slot import Crashed, Done, Refused, Slot, Stopped, Task

STANDS = {part.name.split(" ")[0]: part for part in sandbox.described()}
SECRET = "a-secret-key-of-more-than-32-characters"


def settings(folder: Path, **given: Any) -> Settings:
    return Settings(data=folder / "data", testing=True, workers=1, **given)


@pytest.fixture
def slot(tmp_path: Path) -> Iterator[Slot]:
    """Small limits: what is too much is met soon."""
    (tmp_path / "data").mkdir()
    with Slot(settings(tmp_path, limits_cpu_seconds=1, limits_memory_mb=256)) as made:
        yield made


def do(slot: Slot, folder: Path, operation: str, tell: Any = None, inputs: dict[str, str] | None = None,
       stage: str = "", **options: Any) -> Done:  # fmt: skip
    job = folder / "job"
    job.mkdir(exist_ok=True)
    task = Task(operation, options, inputs or {}, str(job), stage)
    return slot.run(task, tell=tell) if tell else slot.run(task)


def pid(slot: Slot, folder: Path) -> int:
    return int(do(slot, folder, "who").result["pid"])


def gone(process: int) -> bool:
    for _ in range(100):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def test_files_go_in_and_come_out(slot: Slot, tmp_path: Path) -> None:
    (tmp_path / "job").mkdir()
    (tmp_path / "job" / "in.txt").write_text("Käse")
    done = do(slot, tmp_path, "empty", inputs={"text": "in.txt"}, stage="applying", output="whole", cost=3,
              result={"n": 1})  # fmt: skip
    assert done.result == {"n": 1, "stage": "applying", "read": {"text": "Käse"}}
    assert done.cost == 3
    (output,) = done.outputs
    assert (tmp_path / "job" / output.path).read_text() == "whole"
    assert (tmp_path / "job" / "in.txt").read_text() == "Käse"


def test_the_child_is_kept_and_replaced_after_some_jobs(tmp_path: Path) -> None:
    with Slot(settings(tmp_path), jobs_per_child=3) as slot:
        children = [pid(slot, tmp_path) for _ in range(7)]
    assert [children.count(one) for one in dict.fromkeys(children)] == [3, 3, 1]
    assert all(map(gone, children))


def test_nothing_is_left_for_the_next_job_to_see(slot: Slot, tmp_path: Path) -> None:
    do(slot, tmp_path, "empty", output="mine")
    (tmp_path / "job" / "out.txt").unlink()
    inputs = str(slot._folder / "in" / "x")
    found = do(slot, tmp_path, "write_outside", files=[inputs]).result["said"]
    assert not list((slot._folder / "job").iterdir())
    if STANDS["files"].stands:
        assert found == {inputs: "Permission denied"}


def test_memory_runs_out_for_the_job_and_not_for_the_slot(slot: Slot, tmp_path: Path) -> None:
    if not STANDS["limits"].stands:
        pytest.skip(STANDS["limits"].says)
    with pytest.raises(Refused, match="256 MB of memory") as refused:
        do(slot, tmp_path, "eat_memory")
    assert refused.value.code == "FILE_TOO_LARGE"
    assert do(slot, tmp_path, "eat_memory", megabytes=100).result["megabytes"] >= 100


def test_a_crash_is_told_and_the_next_job_works(slot: Slot, tmp_path: Path) -> None:
    before = pid(slot, tmp_path)
    with pytest.raises(Crashed, match="SIGSEGV") as crashed:
        do(slot, tmp_path, "segfault")
    assert crashed.value.kind == "signal"
    assert "string_at" in crashed.value.said  # for the log: where it was
    assert pid(slot, tmp_path) != before


def test_leaving_is_told(slot: Slot, tmp_path: Path) -> None:
    with pytest.raises(Crashed, match=r"ended unexpectedly \(exit 3\)") as crashed:
        do(slot, tmp_path, "leave")
    assert crashed.value.kind == "exit"


def test_endless_calculation_ends(slot: Slot, tmp_path: Path) -> None:
    started = time.monotonic()
    with pytest.raises(Refused, match="1 seconds of processor time") as refused:
        do(slot, tmp_path, "burn_cpu")
    assert refused.value.code == "PROCESSING_LIMIT"
    assert time.monotonic() - started < slot.patience


def test_each_job_has_processor_time_of_its_own(slot: Slot, tmp_path: Path) -> None:
    for jobs in range(1, 4):
        do(slot, tmp_path, "burn_cpu", seconds=0.8 * jobs)  # counted from the child's start
    assert slot.pid == pid(slot, tmp_path)


def test_a_hang_is_ended_by_the_clock(tmp_path: Path) -> None:
    with Slot(settings(tmp_path)) as slot:
        slot.warm()
        slot.patience = 0.7
        started = time.monotonic()
        with pytest.raises(Crashed, match=r"longer than 0\.7 seconds") as crashed:
            do(slot, tmp_path, "hang")
        assert crashed.value.kind == "hang"
        assert time.monotonic() - started < 3
        slot.patience = 60
        assert do(slot, tmp_path, "empty").result == {"stage": ""}


def test_it_stops_within_a_second_when_nobody_wants_it(slot: Slot, tmp_path: Path) -> None:
    process = pid(slot, tmp_path)
    asked: list[float] = []

    def tell(share: float, stage: str) -> bool:
        asked.append(time.monotonic())
        return len(asked) < 2

    with pytest.raises(Stopped):
        do(slot, tmp_path, "hang", tell=tell)
    assert time.monotonic() - asked[1] < 1
    assert asked[1] - asked[0] < 1
    assert gone(process)
    assert do(slot, tmp_path, "empty").result == {"stage": ""}


def test_a_stage_that_there_is_not_is_not_told(slot: Slot, tmp_path: Path) -> None:
    """It would be written into a column that is not so wide."""
    told: list[str] = []
    do(slot, tmp_path, "sleep", tell=lambda _share, stage: told.append(stage) is None, seconds=0.8, stage="x" * 100)
    assert set(told) == {""}


def test_a_child_that_floods_its_parent_is_not_heard_any_more() -> None:
    said, heard = io.BytesIO(), queue.Queue[Any]()
    for _ in range(10_000):
        child.send(said, {"share": 0.5})
    said.seek(0)
    slot_module._hear(said, heard)
    words = [heard.get() for _ in range(heard.qsize())]
    assert 1 < len(words) < 1000
    assert words[-1] is None


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_what_is_no_number_in_json_is_no_message(number: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        child.send(io.BytesIO(), {"number": number})
    data = json.dumps({"number": number}).encode()
    with pytest.raises(ValueError, match="a message with"):
        child.receive(io.BytesIO(struct.pack("<I", len(data)) + data))


def test_progress_is_told_in_between(slot: Slot, tmp_path: Path) -> None:
    told: list[tuple[float, str]] = []

    def tell(share: float, stage: str) -> bool:
        told.append((share, stage))
        return True

    do(slot, tmp_path, "sleep", tell=tell, seconds=1.2, stage="applying")
    shares = [share for share, _ in told]
    assert len(told) >= 3
    assert shares == sorted(shares)
    assert 0 < shares[-1] <= 1
    assert told[-1][1] == "applying"


def test_a_refusal_has_its_code_and_its_words(slot: Slot, tmp_path: Path) -> None:
    before = pid(slot, tmp_path)
    with pytest.raises(Refused, match="not this one") as refused:
        do(slot, tmp_path, "fail", code="NO_SUBJECT", message="not this one")
    assert refused.value.code == "NO_SUBJECT"
    assert pid(slot, tmp_path) == before


def test_a_refusal_names_files_and_no_folders_of_this_machine(slot: Slot, tmp_path: Path) -> None:
    (tmp_path / "job").mkdir()
    (tmp_path / "job" / "flyer.pdf").write_bytes(b"%PDF")
    place = slot._folder.resolve()
    said = f"{place}/in/file/flyer.pdf became {place}/job/flyer.png."
    with pytest.raises(Refused, match=r"^flyer\.pdf became flyer\.png\.$"):
        do(slot, tmp_path, "fail", message=said, inputs={"file": "flyer.pdf"})


def test_a_fault_of_the_program_is_a_refusal_too(slot: Slot, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="ValueError") as refused:
        do(slot, tmp_path, "fail", inside=True)
    assert refused.value.code == "INTERNAL_ERROR"


def test_no_network(slot: Slot, tmp_path: Path) -> None:
    if not STANDS["network"].stands:
        pytest.skip(STANDS["network"].says)
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as local:
        local.bind(str(tmp_path / "local"))
        local.listen()
        found = do(slot, tmp_path, "use_network", port=server.getsockname()[1], local=str(tmp_path / "local")).result
    assert set(found.values()) == {"Permission denied"}


def test_secrets_are_neither_in_the_environment_nor_in_reach(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("MAKEREADY_SECRET_KEY", "MAKEREADY_DATABASE_URL", "REDIS_URL", "AWS_SECRET_ACCESS_KEY")
    words = [SECRET, "postgresql://u:hidden-password@db/x", "redis://:hidden@cache", "AKIA-hidden"]
    for name, word in zip(names, words, strict=True):
        monkeypatch.setenv(name, word)
    data = tmp_path / "data"
    data.mkdir()
    (data / "secret.key").write_text(SECRET)
    with Slot(settings(tmp_path, database_url="")) as slot:
        found = do(slot, tmp_path, "read_secrets", words=words, files=[str(data / "secret.key")]).result
    assert found["found"] == {}
    assert not [name for name in found["names"] if "SECRET" in name or "URL" in name]
    if STANDS["files"].stands:
        assert found["tried"][str(data / "secret.key")] == "Permission denied"


def test_the_data_folder_is_hidden_even_where_python_looks_for_modules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not STANDS["files"].stands:
        pytest.skip(STANDS["files"].says)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    data = tmp_path / "data"
    data.mkdir()
    (data / "secret.key").write_text(SECRET)
    (tmp_path / "module.py").write_text("pass")
    files = [str(data / "secret.key"), str(tmp_path / "module.py")]
    with Slot(settings(tmp_path)) as slot:
        tried = do(slot, tmp_path, "read_secrets", files=files).result["tried"]
    assert [tried[file] for file in files] == ["Permission denied", "read"]


def test_models_that_are_kept_in_the_data_folder_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not STANDS["files"].stands:
        pytest.skip(STANDS["files"].says)
    cache = tmp_path / "data" / "cache"
    weights, beside = cache / "models" / "weights.onnx", cache / "secret.key"
    weights.parent.mkdir(parents=True)
    weights.write_text("weights")
    beside.write_text(SECRET)
    monkeypatch.setenv("MAKEREADY_CACHE", str(cache))
    with Slot(settings(tmp_path)) as slot:
        tried = do(slot, tmp_path, "read_secrets", files=[str(weights), str(beside)]).result["tried"]
    assert (tried[str(weights)], tried[str(beside)]) == ("read", "Permission denied")


def test_nothing_is_written_outside_of_the_folder(slot: Slot, tmp_path: Path) -> None:
    if not STANDS["files"].stands:
        pytest.skip(STANDS["files"].says)
    files = [
        str(tmp_path / "new"),
        str(Path(tempfile.gettempdir()) / "makeready-new"),
        str(Path.home() / "makeready-new"),
    ]
    said = do(slot, tmp_path, "write_outside", files=files).result["said"]
    assert set(said.values()) == {"Permission denied"}


def test_a_link_is_no_output(slot: Slot, tmp_path: Path) -> None:
    (tmp_path / "theirs").write_text("not for clients")
    with pytest.raises(Crashed, match="is no file"):
        do(slot, tmp_path, "write_outside", link=str(tmp_path / "theirs"))
    assert not list((tmp_path / "job").iterdir())


def test_no_folder_of_others_stands_in_for_the_jobs(slot: Slot, tmp_path: Path) -> None:
    if not STANDS["files"].stands:
        pytest.skip(STANDS["files"].says)
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "secret.key").write_text(SECRET)
    with pytest.raises(Crashed, match="is no file"):
        do(slot, tmp_path, "write_outside", swap=str(tmp_path / "theirs"), name="secret.key")
    assert (tmp_path / "theirs" / "secret.key").read_text() == SECRET
    assert not list((tmp_path / "job").iterdir())


def test_what_a_dead_child_has_started_ends_with_it(slot: Slot, tmp_path: Path) -> None:
    group = pid(slot, tmp_path)
    with pytest.raises(Crashed, match="exit 3"):
        do(slot, tmp_path, "leave", left=True)
    assert gone(-group), "all of its group"


def test_files_have_a_largest_size(slot: Slot, tmp_path: Path) -> None:
    if not STANDS["limits"].stands:
        pytest.skip(STANDS["limits"].says)
    with pytest.raises(Refused, match="larger than a file may be"):
        do(slot, tmp_path, "fill_disk")


def test_a_child_that_died_while_idle_is_replaced(slot: Slot, tmp_path: Path) -> None:
    process = pid(slot, tmp_path)
    os.kill(process, signal.SIGKILL)
    time.sleep(0.2)
    assert pid(slot, tmp_path) != process


def test_what_a_killed_worker_left_is_swept_and_what_is_in_use_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    left = tmp_path / "makeready-slot-left"
    (left / "in").mkdir(parents=True)
    (left / "in" / "photo.jpg").write_bytes(b"of a user")
    (left / "lock").touch()
    with Slot(settings(tmp_path)) as used:
        for folder in (left, used._folder):
            os.utime(folder, (0, 0))
        with Slot(settings(tmp_path)) as other:
            assert sorted(tmp_path.glob("makeready-slot-*")) == sorted([used._folder, other._folder])
    assert not list(tmp_path.glob("makeready-slot-*"))


def test_what_another_user_laid_out_as_a_trap_is_not_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "lock").write_text("not to be touched")
    (tmp_path / "makeready-slot-trap").symlink_to(tmp_path / "mine")
    os.utime(tmp_path / "mine", (0, 0))
    os.utime(tmp_path / "makeready-slot-trap", (0, 0), follow_symlinks=False)
    with Slot(settings(tmp_path)):
        assert (tmp_path / "mine" / "lock").read_text() == "not to be touched"
    assert (tmp_path / "makeready-slot-trap").is_symlink()


def test_it_ends_with_its_parent(tmp_path: Path) -> None:
    """A parent that is killed has no time to say so, and its child hangs."""
    import subprocess

    code = f"""
import sys, threading
from pathlib import Path
from makeready.service.settings import Settings
from makeready.service.slot import Slot, Task
slot = Slot(Settings(data=Path({str(tmp_path)!r}), testing=True))
slot.warm()
print(slot.pid, flush=True)
slot.run(Task("hang", {{}}, {{}}, {str(tmp_path)!r}))
"""
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    os.kill(child, 0)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert gone(child)


def test_slots_work_side_by_side(tmp_path: Path) -> None:
    pids: list[int] = []

    def work(number: int) -> None:
        with Slot(settings(tmp_path)) as slot:
            do(slot, tmp_path / str(number), "sleep", seconds=0.3)
            pids.append(pid(slot, tmp_path / str(number)))

    for number in range(2):
        (tmp_path / str(number)).mkdir()
    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(pids)) == 2


def test_operations_for_tests_are_not_served(tmp_path: Path) -> None:
    with Slot(Settings(data=tmp_path, workers=1)) as slot, pytest.raises(Refused, match="no operation 'segfault'"):
        do(slot, tmp_path, "segfault")
