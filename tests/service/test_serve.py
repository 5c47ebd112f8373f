"""``makeready serve`` and ``makeready worker`` as the processes they are."""

from __future__ import annotations

import itertools
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from makeready.service import run
from makeready.service.core import Service
from makeready.service.run import Supervisor
from makeready.service.settings import Settings

#: Seconds: machines that run tests are busy.
PATIENCE = 60.0
DPI: dict[str, object] = {
    "widthPx": 4000,
    "heightPx": 3000,
    "canvasWidthInches": 30,
    "canvasHeightInches": 20,
    "productType": "photo_on_canvas",
}
DPI_PATH = "/v1/services/preflight/dpi-score"


def _environment(**given: str) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("MAKEREADY_")}
    return own | given


def _command(*words: str) -> list[str]:
    return [sys.executable, "-m", "makeready", *words]


def wait_for(what: Callable[[], bool], seconds: float = PATIENCE) -> None:
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it does not happen"
        time.sleep(0.05)


def alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False


@dataclass
class Running:
    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        assert self.process.stderr is not None
        stream = self.process.stderr
        self.reader = threading.Thread(target=lambda: self.lines.extend(stream), daemon=True)
        self.reader.start()

    def said(self, event: str) -> list[dict[str, object]]:
        found = [json.loads(line) for line in list(self.lines) if line.startswith("{")]
        return [line for line in found if line["event"] == event]

    @property
    def url(self) -> str:
        wait_for(lambda: any("serves at" in line for line in self.lines) or self.process.poll() is not None)
        found = re.search(r"serves at (http://\S+),", "".join(self.lines))
        assert found, "".join(self.lines)
        return found[1]

    @property
    def worker(self) -> int:
        wait_for(lambda: bool(self._workers()))
        return self._workers()[-1]

    def _workers(self) -> list[int]:
        found = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return [int(pid) for path in found for pid in path.read_text().split()]

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    begun: list[Running] = []

    def starting(*words: str, **environment: str) -> Running:
        command = _command(*words, "--data", str(tmp_path / "data"))
        process = subprocess.Popen(
            command, env=_environment(**environment), stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
        )
        begun.append(Running(process))
        return begun[-1]

    yield starting
    for one in begun:
        if one.process.poll() is None:
            one.end()
        one.reader.join(PATIENCE)
        assert one.process.stderr is not None
        one.process.stderr.close()


def _account(tmp_path: Path) -> dict[str, str]:
    done = subprocess.run(
        _command("accounts", "create", "jane@example.com", "--json", "--data", str(tmp_path / "data")),
        env=_environment(), capture_output=True, text=True, check=True,
    )  # fmt: skip
    told = json.loads(done.stdout)
    return {"Authorization": f"Bearer {told['api_key']}"}


def test_nothing_has_to_be_told(start: Callable[..., Running], tmp_path: Path) -> None:
    service = start("serve", "--port", "0")
    url = service.url
    assert not url.endswith(":0")
    assert httpx.get(f"{url}/healthz").status_code == 200
    assert httpx.get(f"{url}/readyz").status_code == 200
    assert httpx.get(f"{url}/docs/printcart").status_code == 200
    answer = httpx.post(f"{url}{DPI_PATH}", json=DPI, headers=_account(tmp_path))
    assert answer.json()["data"]["effectivePpi"] == 133
    wait_for(lambda: "makeready_workers 1.0" in httpx.get(f"{url}/metrics").text)
    # One line for people, all others for programs.
    assert [line for line in service.lines if not line.startswith("{")] == [
        f"makeready serves at {url}, for people at {url}/dashboard, documentation at {url}/docs\n"
    ]
    worker = service.worker
    assert service.end() == 0
    assert not alive(worker)
    assert [line["part"] for line in service.said("worker ended")] == ["worker"]


def test_a_page_that_is_kept_up_to_date_does_not_hold_it_up(start: Callable[..., Running], tmp_path: Path) -> None:
    running = start("serve", "--port", "0", "--no-worker")
    url = running.url
    service = Service.open(Settings.load(data=tmp_path / "data"))
    account, _ = service.accounts.create("jane@example.com", grants={"tokens": 200})
    params = {"inputs": {}, "options": {}, "request": {}}
    job = service.jobs.submit(
        account.id, dialect="printcart", operation="check", params=params, currency="tokens", job_id=service.new_id()
    )
    cookie = service.signing_in.begin(account)
    service.close()
    events = f"{url}/dashboard/jobs/{job.id}/events"
    with httpx.stream("GET", events, cookies={"makeready": cookie}, timeout=PATIENCE) as answer:
        lines = answer.iter_lines()
        assert next(lines) == "event: state"
        running.process.send_signal(signal.SIGTERM)
        list(lines)  # it ends as answers do; cut off, this raises
    assert running.process.wait(PATIENCE) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_asked_to_end_it_finishes_what_it_has_begun(start: Callable[..., Running], tmp_path: Path, number: int) -> None:
    service = start("serve", "--port", "0", "--no-worker")
    url = httpx.URL(service.url)
    body = json.dumps(DPI).encode()
    key = _account(tmp_path)["Authorization"]
    head = (
        f"POST {DPI_PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: {key}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection((url.host, url.port or 0)) as client:
        client.settimeout(PATIENCE)
        client.sendall(head.encode() + body[:10])
        time.sleep(0.5)
        service.process.send_signal(number)

        def refused() -> bool:
            try:
                socket.create_connection((url.host, url.port or 0), timeout=1).close()
            except OSError:
                return True
            return False

        wait_for(refused)
        client.sendall(body[10:])
        answer = b""
        while data := client.recv(65536):
            answer += data
    assert answer.startswith(b"HTTP/1.1 200")
    assert b'"effectivePpi":133' in answer
    assert service.process.wait(PATIENCE) == 0


def test_a_body_is_not_read_past_its_limit(start: Callable[..., Running]) -> None:
    service = start("serve", "--port", "0", "--no-worker")
    url = httpx.URL(service.url)
    # Half a gigabyte is announced, in words or in pieces; what is answered comes long before it could be sent.
    for how in (b"Content-Length: 500000000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n"):
        with socket.create_connection((url.host, url.port or 0)) as client:
            client.settimeout(PATIENCE)
            client.sendall(b"POST /v1/services/bg-remove HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer mk_x\r\n" + how)
            if b"chunked" in how:
                client.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")
            answer = client.recv(65536)
        status = answer.split(b" ")[1]
        assert status == (b"401" if b"chunked" in how else b"413"), answer


def test_a_port_that_is_taken_is_told(start: Callable[..., Running]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        service = start("serve", "--port", str(taken.getsockname()[1]))
        assert service.process.wait(PATIENCE) == 2
        service.reader.join(PATIENCE)
    assert "Address already in use" in "".join(service.lines)
    assert "--port 0" in "".join(service.lines)


@pytest.mark.parametrize(
    ("words", "environment", "told"),
    [
        (("--host", "0.0.0.0"), {}, "MAKEREADY_SECRET_KEY"),
        ((), {"MAKEREADY_SECRET_KEY": "short"}, "32"),
        ((), {"MAKEREADY_DATABASE_URL": "mysql://x/y"}, "mysql"),
        (("--host", "no such host"), {}, "no such host"),
        ((), {"MAKEREADY_DIALECTS": "klingon"}, "klingon"),
    ],
)
def test_what_does_not_fit_is_told_at_once(
    start: Callable[..., Running], words: tuple[str, ...], environment: dict[str, str], told: str
) -> None:
    service = start("serve", "--port", "0", *words, **environment)
    assert service.process.wait(PATIENCE) == 2
    service.reader.join(PATIENCE)
    assert told in "".join(service.lines)
    assert "Traceback" not in "".join(service.lines)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_worker_that_is_killed_is_begun_again(start: Callable[..., Running]) -> None:
    service = start("serve", "--port", "0")
    assert service.url
    first = service.worker
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: not alive(first))
    second = service.worker
    assert second != first
    wait_for(lambda: bool(service.said("worker starts")))
    (told,) = service.said("the worker ended and is begun again")
    assert (told["pid"], told["exit"]) == (first, -signal.SIGKILL)
    assert service.end() == 0
    assert not alive(second)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_worker_ends_with_its_server(start: Callable[..., Running]) -> None:
    service = start("serve", "--port", "0")
    assert service.url
    worker = service.worker
    wait_for(lambda: bool(service.said("worker starts")))
    assert service.end(signal.SIGKILL) == -signal.SIGKILL
    wait_for(lambda: not alive(worker))


def test_a_worker_of_its_own_ends_when_asked(start: Callable[..., Running]) -> None:
    worker = start("worker", "--queues", "cpu", "--workers", "1")
    wait_for(lambda: bool(worker.said("worker starts")))
    (line,) = worker.said("worker starts")
    assert (line["slots"], line["queues"]) == (1, ["cpu"])
    assert worker.end() == 0


# The supervisor alone -----------------------------------------------------------------------------------------------


def _supervisor(tmp_path: Path, program: str) -> Supervisor:
    return Supervisor(Settings.load(data=tmp_path), [sys.executable, "-c", program])


def test_what_dies_at_once_is_begun_again_ever_slower(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "_AGAIN_S", (0.05, 0.4))
    log = tmp_path / "log"
    supervisor = _supervisor(tmp_path, f"import time; open({str(log)!r}, 'a').write(f'{{time.monotonic()}}\\n')")
    supervisor.start()
    wait_for(lambda: log.exists() and len(log.read_text().splitlines()) >= 6)
    supervisor.end()
    times = [float(line) for line in log.read_text().splitlines()]
    pauses = [after - before for before, after in itertools.pairwise(times)]
    for pause, least in zip(pauses, (0.05, 0.1, 0.2, 0.4, 0.4), strict=False):
        assert pause >= least
    assert supervisor.pid is None


def test_what_does_not_want_to_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "DRAIN_S", 0.5)
    monkeypatch.setattr(run, "_LAST_S", 0.5)
    ready = tmp_path / "ready"
    supervisor = _supervisor(
        tmp_path,
        "import signal, time, pathlib; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        f"pathlib.Path({str(ready)!r}).touch(); time.sleep(600)",
    )
    supervisor.start()
    wait_for(ready.exists)
    pid = supervisor.pid
    assert pid is not None
    began = time.monotonic()
    supervisor.end()
    assert time.monotonic() - began < 10
    assert not alive(pid)


def test_what_was_never_begun_need_not_end(tmp_path: Path) -> None:
    _supervisor(tmp_path, "").end()


def test_a_thread_that_is_stuck_does_not_hold_the_end_up() -> None:
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait, name="stuck")
    thread.start()
    left: list[int] = []
    run._leave(0.1, left.append)
    assert left == [0]
    stop.set()
    thread.join()
    left.clear()
    run._leave(0.1, left.append)
    assert left == []
