"""How many requests an account may make: counted here, or in Redis where several processes serve.

The window slides (two counters, the older one weighted by what is left of it), so that nobody gets twice the limit at
the turn of a minute, and an account costs two numbers however much it asks. Here and in Redis the same is counted; here
without the library, whose memory starts a thread every few requests (95 µs a request, against 2).

A Redis that is away stops nobody: each process counts for itself until it is back, which the log says once and
``/readyz`` as long as it lasts.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import limits as counting
from limits.errors import StorageError
from limits.storage import RedisStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from makeready.errors import UsageError
from makeready.service.errors import RateLimited
from makeready.service.observe import log

if TYPE_CHECKING:
    from makeready.service.accounts import Account
    from makeready.service.plans import Plans
    from makeready.service.settings import Settings

#: Seconds after which a Redis that was away is asked again.
_AWAY_S = 5.0
#: Seconds that a request waits for Redis at most.
_PATIENCE_S = 0.5
#: From how many accounts on those that are silent are forgotten.
_FORGET_FROM = 10_000


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an account is within its limit, after this request."""

    limit: int
    remaining: int
    #: When there is room for one more, in whole seconds since 1970.
    reset: int


class Limiter:
    """Counts each account's requests in each dialect."""

    def __init__(self, settings: Settings, plans: Plans) -> None:
        """Connect to nothing yet.

        Raises:
            UsageError: a rate is not one, or the address of Redis is not.
        """
        self._rate = settings.limits_requests
        self._plans = plans
        self._items: dict[tuple[str, str], counting.RateLimitItem] = {}
        if self._rate:
            rate(self._rate)
        self._here = Here()
        self._shared = _redis(settings.redis_url) if settings.redis_url else None
        self._away_until = 0.0
        self._away = False
        self._lock = threading.Lock()

    @property
    def local(self) -> bool:
        """Whether counting takes no time to speak of, so that it may be done between two other requests."""
        return self._shared is None

    def take(self, account: Account, dialect: str) -> Standing:
        """Count one request.

        Raises:
            RateLimited: it is one too many, and was not counted.
        """
        return self._taken(self._item(account.plan, dialect), (dialect, account.id))

    def attempt(self, what: str, who: str, per: str) -> Standing:
        """Count one try of something that no plan limits, such as signing in.

        Args:
            what: what is tried.
            who: by whom, or for whom: an address.
            per: how often it may be, as ``10/minute``.

        Raises:
            RateLimited: it is one too many, and was not counted.
        """
        return self._taken(rate(per), (what, who))

    def _taken(self, item: counting.RateLimitItem, names: tuple[str, str]) -> Standing:
        if self._shared is not None and time.monotonic() >= self._away_until:
            try:
                standing = _in_redis(self._shared, item, names)
            except StorageError as error:
                self._gone(error)
            else:
                self._back()
                return standing
        return self._here.take(item, names)

    def state(self) -> str:
        """Where requests are counted, for ``/readyz``: ``memory``, ``redis``, or that Redis does not answer."""
        if self._shared is None:
            return "memory"
        if self._away and time.monotonic() >= self._away_until:
            # Nobody has asked since; whoever looks wants to know how it is now.
            try:
                answers = self._shared.storage.check()
            except StorageError as error:
                self._gone(error)
            else:
                if answers:
                    self._back()
        return "redis does not answer: each process counts for itself" if self._away else "redis"

    def _item(self, plan: str, dialect: str) -> counting.RateLimitItem:
        found = self._items.get((plan, dialect))
        if found is None:
            found = rate(self._rate or self._plans.plan(plan).terms(dialect).rate)
            self._items[plan, dialect] = found
        return found

    def _gone(self, error: StorageError) -> None:
        with self._lock:
            first, self._away = not self._away, True
            self._away_until = time.monotonic() + _AWAY_S
        if first:
            log.warning("redis is away", why=str(error.storage_error), instead="each process counts for itself")

    def _back(self) -> None:
        if self._away:
            with self._lock:
                was, self._away = self._away, False
            if was:
                log.warning("redis is back")


def rate(text: str) -> counting.RateLimitItem:
    """A rate such as ``600/minute``.

    Raises:
        UsageError: it is none.
    """
    try:
        return counting.parse(text)
    except ValueError as error:
        raise UsageError(f"{text!r} is no rate.", "Write it as 600/minute, 10/second or 5000/hour.") from error


class Here:
    """Counts in this process's memory."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        #: The number of the window, and how many were taken in the one before it and in it.
        self._counts: dict[tuple[int, str, str], tuple[int, int, int]] = {}
        self._forget_at = _FORGET_FROM
        self._lock = threading.Lock()

    def take(self, item: counting.RateLimitItem, names: tuple[str, str]) -> Standing:
        """Count one request.

        Raises:
            RateLimited: it is one too many, and was not counted.
        """
        span, limit, now = item.get_expiry(), item.amount, self._now()
        window, gone = divmod(now, span)
        left = 1 - gone / span
        key = (span, *names)
        with self._lock:
            at, before, here = self._counts.get(key, (0, 0, 0))
            if at != window:
                before, here = (here, 0) if at == window - 1 else (0, 0)
            weighed = int(before * left) + here
            if taken := weighed < limit:
                here, weighed = here + 1, weighed + 1
            self._counts[key] = int(window), before, here
            if len(self._counts) > self._forget_at:
                self._forget(now)
        # One of the older ones falls out of the window every so often; with none of them, the window has to end.
        wait = span / before - gone % (span / before) if before else span - gone
        standing = Standing(limit, limit - weighed, int(now + wait) + 1)
        if not taken:
            raise _refused(item, standing, wait)
        return standing

    def _forget(self, now: float) -> None:
        """Drop whom nobody has heard of for two windows; not again before there are twice as many as are left."""
        kept = {key: value for key, value in self._counts.items() if value[0] >= now // key[0] - 1}
        self._counts, self._forget_at = kept, max(_FORGET_FROM, 2 * len(kept))


def _in_redis(
    limiter: SlidingWindowCounterRateLimiter, item: counting.RateLimitItem, names: tuple[str, str]
) -> Standing:
    taken = limiter.hit(item, *names)
    reset, remaining = limiter.get_window_stats(item, *names)
    now = time.time()
    standing = Standing(item.amount, max(0, int(remaining)), int(max(reset, now)) + 1)
    if not taken:
        raise _refused(item, standing, reset - now)
    return standing


def _refused(item: counting.RateLimitItem, standing: Standing, wait: float) -> RateLimited:
    return RateLimited(
        f"More than {item.amount} requests in {_span(item)}.",
        "Try again when Retry-After is over.",
        retry_after=max(1.0, wait),
        limit=standing.limit,
        remaining=0,
        reset=standing.reset,
    )


def _span(item: counting.RateLimitItem) -> str:
    name = item.GRANULARITY.name
    return f"a {name}" if item.multiples == 1 else f"{item.multiples} {name}s"


def _redis(url: str) -> SlidingWindowCounterRateLimiter:
    options: dict[str, Any] = {"socket_connect_timeout": _PATIENCE_S, "socket_timeout": _PATIENCE_S}
    try:
        storage = RedisStorage(url, wrap_exceptions=True, key_prefix="makeready", **options)
    except ValueError as error:
        raise UsageError(f"REDIS_URL is not usable: {error}", "Write it as redis://HOST:PORT/0.") from error
    return SlidingWindowCounterRateLimiter(storage)
