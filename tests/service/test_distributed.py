"""Two web servers and two workers over one PostgreSQL, S3 and Redis: an account does not see which it talks to."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine, text

from makeready.testing import demo
from makeready.testing.offering import offered
from service.s3 import S3, s3, s3_endpoint  # noqa: F401 - fixtures

PATIENCE = 90.0


@dataclass
class Machines:
    """Everything that runs."""

    first: str
    second: str
    workers: list[subprocess.Popen[bytes]]
    environment: dict[str, str]
    database_url: str
    shop: str
    logs: Path

    def accounts(self, *words: str) -> Any:
        """The command line, on any machine."""
        made = subprocess.run(
            [sys.executable, "-m", "makeready", "accounts", *words, "--json"],
            env=self.environment, capture_output=True, text=True, check=True, timeout=PATIENCE,
        )  # fmt: skip
        return json.loads(made.stdout)

    def said(self) -> str:
        """What every process has logged."""
        return "\n".join(path.read_text("utf-8", "replace") for path in sorted(self.logs.glob("*.log")))

    def asked(self, question: str) -> list[Any]:
        """What the database says, asked without the service."""
        engine = create_engine(self.database_url)
        try:
            with engine.connect() as connection:
                return list(connection.execute(text(question)).all())
        finally:
            engine.dispose()


def free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


@contextmanager
def process(log: Path, environment: dict[str, str], *words: str) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        started = subprocess.Popen(
            [sys.executable, "-m", "makeready", *words], env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        yield started
    finally:
        if started.poll() is None:
            started.terminate()
        started.wait(PATIENCE)


@pytest.fixture
def machines(tmp_path: Path, postgresql_database: str, redis_url: str, s3: S3) -> Iterator[Machines]:  # noqa: F811
    artwork = tmp_path / "artwork"
    artwork.mkdir()
    (artwork / "poster.pdf").write_bytes(demo.poster())
    ports = free_port(), free_port()
    bases = [f"http://127.0.0.1:{port}" for port in ports]
    shared = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("MAKEREADY_", "AWS_"))},
        "MAKEREADY_DATABASE_URL": postgresql_database,
        "MAKEREADY_STORAGE_URL": f"s3://{s3.bucket}/kept",
        "MAKEREADY_STORAGE_OPTIONS": json.dumps(s3.options),
        "MAKEREADY_REDIS_URL": redis_url,
        "MAKEREADY_SECRET_KEY": "one secret for all of these machines, long enough",
        "MAKEREADY_PUBLIC_URL": bases[0],
        "MAKEREADY_FETCH_ALLOW": "127.0.0.1",
        "MAKEREADY_LIMITS_REQUESTS": "20/minute",
    }

    def machine(name: str) -> dict[str, str]:
        # Each has a disk of its own: what they share goes through database, store and Redis.
        return {**shared, "MAKEREADY_DATA": str(tmp_path / name)}

    with ExitStack() as stack:
        shop = stack.enter_context(offered(artwork))
        for number, port in enumerate(ports):
            log = tmp_path / f"web{number}.log"
            words = ("serve", "--no-worker", "--port", str(port))
            stack.enter_context(process(log, machine(f"web{number}"), *words))
        workers = [
            stack.enter_context(process(tmp_path / f"worker{n}.log", machine(f"worker{n}"), "worker", "--workers", "1"))
            for n in range(2)
        ]
        made = Machines(bases[0], bases[1], workers, machine("desk"), postgresql_database, shop, tmp_path)
        until = time.monotonic() + PATIENCE
        for base in bases:
            while not _ready(base):
                assert time.monotonic() < until, made.said()
                time.sleep(0.1)
        yield made


def _ready(base: str) -> bool:
    try:
        return httpx.get(f"{base}/readyz", timeout=5, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def _client(base: str, token: str) -> httpx.Client:
    return httpx.Client(base_url=base, headers={"Authorization": f"Bearer {token}"}, timeout=PATIENCE, trust_env=False)


def _until(machines: Machines, question: str, enough: Callable[[Any], bool]) -> Any:
    """Wait for an answer of the database: polling the service would count against the limit of requests."""
    until = time.monotonic() + PATIENCE
    while not enough(said := machines.asked(question)[0][0]):
        assert time.monotonic() < until, f"{question} says {said}\n{machines.said()}"
        time.sleep(0.05)
    return said


def test_one_account_on_all_machines(machines: Machines) -> None:
    made = machines.accounts("create", "shop@example.com", "--plan", "professional", "--tokens", "1000")
    token = made["access_token"]
    with _client(machines.first, token) as first, _client(machines.second, token) as second:
        # A report made through one is known to the other, and fixed through it.
        report = first.post(
            "/v1/services/preflight/checks",
            json={"designId": "d", "fileUrl": f"{machines.shop}/poster.pdf"},
        )
        assert report.status_code == 201, report.text
        report_id = report.json()["data"]["reportId"]
        assert second.get(f"/v1/services/preflight/checks/{report_id}").json() == report.json()

        def fixed(client: httpx.Client) -> str:
            answer = client.post(
                "/v1/services/preflight/ai-jobs",
                json={"preflightReportId": report_id, "options": {"fixTypes": ["add_bleed"]}},
            )
            assert answer.status_code == 202, answer.text
            return str(answer.json()["data"]["jobId"])

        with ThreadPoolExecutor() as pool:
            jobs = list(pool.map(fixed, [second, first, second]))
        # A worker that dies at work loses nothing but time.
        at_work = "FROM job JOIN worker ON worker.id = job.worker_id WHERE state = 'processing'"
        pid = _until(machines, f"SELECT max(pid) {at_work}", lambda pid: pid is not None)
        next(worker for worker in machines.workers if worker.pid == pid).kill()
        _until(machines, "SELECT count(*) FROM job WHERE state IN ('pending', 'processing')", lambda left: left == 0)
        ended = [first.get(f"/v1/services/preflight/ai-jobs/{job}").json()["data"] for job in jobs]
        assert [one["status"] for one in ended] == ["completed"] * len(jobs), ended

        # The links are signed by the service; what they lead to is signed for the store, which checks.
        link = ended[0]["correctedFileUrl"]
        assert link.startswith(machines.first)
        with httpx.Client(timeout=PATIENCE, trust_env=False) as anybody:
            gone = anybody.get(link)
            assert gone.status_code == 307
            assert "X-Amz-Signature=" in gone.headers["Location"]
            assert anybody.get(gone.headers["Location"]).content.startswith(b"%PDF-")
            tampered = re.sub(r"X-Amz-Expires=\d+", "X-Amz-Expires=604800", gone.headers["Location"])
            assert anybody.get(tampered).status_code == 403
            # The other machine knows the signature too.
            assert anybody.get(link.replace(machines.first, machines.second)).status_code == 307

        balance = second.get("/v1/services/wallet").json()["data"]["balance"]
        paid = sum(one["tokensDeducted"] for one in ended)
        assert paid == len(jobs) * 120
        assert balance == 1000 - paid
        [(total, entries)] = machines.asked("SELECT sum(amount), count(*) FROM ledger WHERE currency = 'tokens'")
        assert total == balance
        assert entries == 1 + len(jobs)

        # Requests are counted together.
        answers = [client.get("/v1/services/wallet").status_code for _ in range(15) for client in (first, second)]
        assert answers.count(200) <= 20
        assert 429 in answers

        # A suspended account stops at once, everywhere.
        machines.accounts("suspend", "shop@example.com")
        assert [client.get("/v1/services/wallet").status_code for client in (first, second)] == [403, 403]
