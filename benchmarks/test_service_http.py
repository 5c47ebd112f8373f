"""The service as processes: requests a second beside FastAPI with nothing around it, starting, and doing nothing."""

from __future__ import annotations

import json
import os
import re
import signal
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PATH = "/v1/services/preflight/dpi-score"
CONNECTIONS = 16
#: How long each server is asked, and how often in turn: what else the machine does then meets both.
SECONDS, ROUNDS = 4.0, 5
BODY = json.dumps(
    {
        "widthPx": 4000,
        "heightPx": 3000,
        "canvasWidthInches": 30,
        "canvasHeightInches": 20,
        "productType": "photo_on_canvas",
    }
)
_TICKS = os.sysconf("SC_CLK_TCK")


@contextmanager
def _process(command: list[str], log: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command, stderr=stream, stdin=subprocess.DEVNULL, cwd=Path(__file__).parent, env=os.environ | environment
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _said(log: Path, pattern: str) -> str:
    """What a process has said of itself, as soon as it does."""
    until = time.monotonic() + 60
    while not (found := re.search(pattern, log.read_text())):
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.005)
    return found[1]


@contextmanager
def _service(folder: Path, *words: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    command = [sys.executable, "-m", "makeready", "serve", "--port", "0", "--data", str(folder / "data"), *words]
    log = folder / "service.log"
    with _process(command, log, MAKEREADY_LIMITS_REQUESTS="100000000/minute") as process:
        yield process, _said(log, r"serves at (http://\S+),")


@contextmanager
def _bare(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    command = [sys.executable, "-m", "uvicorn", "bare:app", "--port", "0", "--no-access-log"]
    with _process(command, folder / "bare.log") as process:
        yield process, _said(folder / "bare.log", r"running on (http://\S+) ")


def _key(folder: Path) -> str:
    create = ("accounts", "create", "jane@example.com", "--plan", "professional", "--json")
    command = [sys.executable, "-m", "makeready", *create, "--data", str(folder / "data")]
    return str(json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["api_key"])


def _load(process: subprocess.Popen[bytes], url: str, key: str) -> dict[str, Any]:
    """What the load saw, and the microseconds of processor time that a request took the server."""
    asked = json.dumps({"headers": {"Content-Type": "application/json", "Authorization": key}, "body": BODY})
    command = [sys.executable, "load.py", url + PATH, str(CONNECTIONS), str(SECONDS)]
    before = _used(process.pid)
    done = subprocess.run(command, check=True, capture_output=True, input=asked.encode(), cwd=Path(__file__).parent)
    told: dict[str, Any] = json.loads(done.stdout)
    assert told["failed"] == 0, told["first_failure"]
    return told | {"cpu_us": (_used(process.pid) - before) / told["answered"] * 1e6}


def test_requests_beside_bare_fastapi(benchmark: Any, tmp_path: Path) -> None:
    """A key is looked up, the limit counted, the request logged and measured; the goal is 70 % of FastAPI alone."""
    both: dict[str, list[dict[str, Any]]] = {"service": [], "bare": []}
    with _service(tmp_path, "--no-worker") as service, _bare(tmp_path) as bare:
        key = f"Bearer {_key(tmp_path)}"

        def once() -> None:
            both["bare"].append(_load(*bare, key))
            both["service"].append(_load(*service, key))

        benchmark.pedantic(once, rounds=ROUNDS, warmup_rounds=0)
    share = statistics.median(ours["rate"] / bare["rate"] for ours, bare in zip(*both.values(), strict=True))
    benchmark.extra_info["share of bare FastAPI"] = round(share, 3)
    print()
    for name, told in both.items():
        names = ("rate", "median_ms", "p99_ms", "cpu_us")
        middle = {what: statistics.median(one[what] for one in told) for what in names}
        benchmark.extra_info[name] = {what: round(value, 2) for what, value in middle.items()}
        rate, half, most, cpu = middle.values()
        print(
            f"{name:8} {rate:6.0f}/s, half within {half:.1f} ms, 99 % within {most:.1f} ms, {cpu:.0f} µs of processor"
        )
    lean = statistics.median(bare["cpu_us"] / ours["cpu_us"] for ours, bare in zip(*both.values(), strict=True))
    benchmark.extra_info["share by processor time"] = round(lean, 3)
    print(f"the service answers {share:.0%} of what FastAPI alone does ({lean:.0%} by processor time)")


def test_starting(benchmark: Any, tmp_path: Path) -> None:
    """From the command to the first answer; the first start makes the tables too."""
    taken: list[float] = []

    def once() -> None:
        began = time.perf_counter()
        with _service(tmp_path, "--no-worker") as (_, url):
            while True:
                try:
                    with urllib.request.urlopen(f"{url}/healthz") as answer:
                        assert answer.status == 200
                        break
                except urllib.error.URLError:
                    time.sleep(0.005)
            taken.append(time.perf_counter() - began)

    benchmark.pedantic(once, rounds=6)
    benchmark.extra_info["first"], benchmark.extra_info["later"] = taken[0], statistics.median(taken[1:])
    print(f"\nthe first start takes {taken[0]:.2f} s, later ones {statistics.median(taken[1:]):.2f} s")


def test_doing_nothing(benchmark: Any, tmp_path: Path) -> None:
    """Processor time and memory of a server and its worker while nobody asks; the goal is 3 % of a core."""
    seconds = 20.0
    with _service(tmp_path) as (process, _):
        _said(tmp_path / "service.log", r"(worker starts)")
        time.sleep(3)
        family = {"web": process.pid, "worker": _children(process.pid)[0]}
        before = {name: _used(pid) for name, pid in family.items()}
        benchmark.pedantic(lambda: time.sleep(seconds), rounds=1)
        print()
        for name, pid in family.items():
            share = (_used(pid) - before[name]) / seconds
            resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
            benchmark.extra_info[name] = {"share of a core": round(share, 4), "MB": round(resident, 1)}
            print(f"{name:8} {share:.2%} of a core, {resident:.0f} MB")


def _children(pid: int) -> list[int]:
    return [int(word) for path in Path(f"/proc/{pid}/task").glob("*/children") for word in path.read_text().split()]


def _used(pid: int) -> float:
    """Seconds of processor time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
