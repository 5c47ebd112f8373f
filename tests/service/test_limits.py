from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import structlog

from makeready.errors import UsageError
from makeready.service import limits
from makeready.service.accounts import Account
from makeready.service.errors import RateLimited
from makeready.service.limits import Limiter
from makeready.service.plans import Plans
from service.speaking import PATH, settings, spoken


def _account(name: str = "a", plan: str = "free") -> Account:
    return Account(name, f"{name}@example.com", "", plan, "active", 0.0)


def _limiter(tmp_path: Path, **given: str) -> Limiter:
    return Limiter(settings(tmp_path, **given), Plans.load())


@pytest.fixture(params=["memory", "redis"])
def where(request: pytest.FixtureRequest) -> str:
    return "" if request.param == "memory" else str(request.getfixturevalue("redis_url"))


def test_exactly_so_many_requests_are_let_through(tmp_path: Path, where: str) -> None:
    limiter = _limiter(tmp_path, limits_requests="5/minute", redis_url=where)
    account = _account(f"exact-{time.time_ns()}")
    standings = [limiter.take(account, "printcart") for _ in range(5)]
    assert [standing.remaining for standing in standings] == [4, 3, 2, 1, 0]
    assert {standing.limit for standing in standings} == {5}
    assert all(time.time() <= standing.reset <= time.time() + 61 for standing in standings)
    with pytest.raises(RateLimited) as refused:
        limiter.take(account, "printcart")
    assert refused.value.details["limit"] == 5
    assert refused.value.retry_after is not None
    assert 1 <= refused.value.retry_after <= 61
    # Neither another dialect nor another account has to do with it.
    assert limiter.take(account, "photoroom").remaining == 4
    assert limiter.take(_account(f"other-{time.time_ns()}"), "printcart").remaining == 4


def test_after_the_wait_it_goes_on(tmp_path: Path, where: str) -> None:
    limiter = _limiter(tmp_path, limits_requests="3/second", redis_url=where)
    account = _account(f"wait-{time.time_ns()}")
    refused = 0
    until = time.monotonic() + 3
    taken = 0
    while time.monotonic() < until:
        try:
            limiter.take(account, "printcart")
            taken += 1
        except RateLimited:
            refused += 1
            time.sleep(0.02)
    assert refused
    # Three a second, and what the edges of the time give.
    assert 6 <= taken <= 13


def test_many_at_once_get_no_more(tmp_path: Path, where: str) -> None:
    limiter = _limiter(tmp_path, limits_requests="20/minute", redis_url=where)
    account = _account(f"many-{time.time_ns()}")
    taken: list[int] = []

    def ask() -> None:
        for _ in range(10):
            try:
                taken.append(limiter.take(account, "printcart").remaining)
            except RateLimited:
                continue

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # Of those that come in the same instant one may be refused too early, none is let through too late.
    assert 15 <= len(taken) <= 20


def test_the_window_slides(tmp_path: Path) -> None:
    """Against the definition: what was taken in the last minute, the window before weighed by what is left of it."""
    now = 6000.0
    here, item, names = limits.Here(lambda: now), limits.rate("10/minute"), ("a", "b")
    for _ in range(10):
        here.take(item, names)
    now += 60 + 30  # half of the ten count
    assert here.take(item, names).remaining == 4
    for _ in range(4):
        here.take(item, names)
    with pytest.raises(RateLimited) as refused:
        here.take(item, names)
    assert refused.value.retry_after is not None
    now += refused.value.retry_after
    assert here.take(item, names).remaining == 0
    now += 120
    assert here.take(item, names).remaining == 9


def test_who_is_silent_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_FORGET_FROM", 100)
    now = 6000.0
    here, item = limits.Here(lambda: now), limits.rate("10/minute")
    for number in range(1000):
        now += 60
        here.take(item, ("a", str(number)))
    assert len(here._counts) <= 101


def test_two_processes_count_together_in_redis(tmp_path: Path, redis_url: str) -> None:
    one, other = (_limiter(tmp_path, limits_requests="4/minute", redis_url=redis_url) for _ in range(2))
    account = _account(f"two-{time.time_ns()}")
    assert [one.take(account, "a").remaining, other.take(account, "a").remaining] == [3, 2]
    assert one.state() == "redis"
    assert not one.local


def test_plans_say_how_many(tmp_path: Path) -> None:
    plans = Plans.load()
    limiter = _limiter(tmp_path)
    for plan in ("free", "starter", "professional"):
        said = int(plans.plan(plan).terms("printcart").rate.partition("/")[0])
        assert limiter.take(_account(plan, plan), "printcart").limit == said
    assert limiter.state() == "memory"
    assert limiter.local


class _Redis:
    """An address that answers as a Redis does while a real one stands behind it."""

    def __init__(self, url: str) -> None:
        self._target = url
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.socket.close()

    @contextmanager
    def standing(self) -> Iterator[None]:
        from urllib.parse import urlsplit

        behind = urlsplit(self._target)
        server = socket.create_server(("127.0.0.1", self.port))
        open_: list[socket.socket] = [server]

        def pump(source: socket.socket, sink: socket.socket) -> None:
            try:
                while data := source.recv(65536):
                    sink.sendall(data)
            except OSError:
                pass

        def accept() -> None:
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                real = socket.create_connection((behind.hostname, behind.port or 6379))
                open_.extend((client, real))
                for pair in ((client, real), (real, client)):
                    threading.Thread(target=pump, args=pair, daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield
        finally:
            for one in open_:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
                one.close()
            thread.join(5)


def test_a_redis_that_goes_away_stops_nobody(tmp_path: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_AWAY_S", 0.3)
    redis = _Redis(redis_url)
    given = settings(tmp_path, limits_requests="50/minute", redis_url=f"redis://127.0.0.1:{redis.port}/0")
    with spoken(given) as words, structlog.testing.capture_logs() as lines:

        def ask() -> int:
            return words.client.get(f"{PATH}/x", headers=words.headers).status_code

        def ready() -> str:
            answer = words.client.get("/readyz")
            assert answer.status_code == 200
            return str(answer.json()["rate_limits"])

        with redis.standing():
            assert ask() == 200
            assert ready() == "redis"
        assert [ask() for _ in range(10)] == [200] * 10
        assert "does not answer" in ready()
        time.sleep(0.4)
        assert ask() == 200
        assert [line["event"] for line in lines if "redis" in line["event"]] == ["redis is away"]
        time.sleep(0.4)
        with redis.standing():
            assert ready() == "redis"
            assert ask() == 200
        assert [line["event"] for line in lines if "redis" in line["event"]][1] == "redis is back"


@pytest.mark.parametrize("rate", ["many", "5", "5/fortnight"])
def test_a_rate_that_is_none_is_told_at_the_start(tmp_path: Path, rate: str) -> None:
    with pytest.raises(UsageError, match="no rate"):
        _limiter(tmp_path, limits_requests=rate)


def test_an_address_that_is_none_is_told_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="REDIS_URL"):
        _limiter(tmp_path, redis_url="http://127.0.0.1")


def test_a_client_is_told_where_it_stands(tmp_path: Path) -> None:
    with spoken(settings(tmp_path, limits_requests="3/minute")) as words:
        answers = [words.client.get(f"{PATH}/x", headers=words.headers) for _ in range(2)]
        answers.append(words.client.post(PATH, content=b"{", headers=words.headers))
        answers += [words.client.get(f"{PATH}/x", headers=words.headers) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 200, 400, 429, 429]
        # On refusals as well, and nothing where nobody was let in.
        assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["2", "1", "0", "0", "0"]
        assert {answer.headers["X-RateLimit-Limit"] for answer in answers} == {"3"}
        assert 1 <= int(answers[-1].headers["Retry-After"]) <= 61
        assert int(answers[-1].headers["X-RateLimit-Reset"]) >= time.time()
        assert answers[-1].json()["oh"] == "RATE_LIMITED"
        assert "X-RateLimit-Limit" not in words.client.get(f"{PATH}/x").headers
