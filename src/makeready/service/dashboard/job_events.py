"""A job's page kept up to date by server-sent events: parts of it, rendered anew when something has changed.

The database is asked now and then, by a thread that keeps no connection, so that it does not matter which process
serves the page and which does the work.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import anyio
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from makeready.service import states
from makeready.service.dashboard import door, job_told, page
from makeready.service.errors import NotFound, RateLimited
from makeready.service.serving import run

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from makeready.service.core import Account, Job, Service

#: The parts of a page that are exchanged, and their templates.
PARTS = {"state": "job_state.html", "progress": "job_progress.html", "outcome": "job_outcome.html"}
#: Seconds between two looks: short while something happens.
_LOOK_S = (0.3, 1.0)
#: Seconds after which the age is told anew, so that nobody between takes the stream for dead, and it is looked whether
#: the visitor is still signed in; whatever news there are meanwhile.
_BEAT_S = 10.0
#: Seconds after which a stream ends; the browser begins another one.
_LONGEST_S = 600.0
#: Streams of an account that one process serves at a time.
MOST = 12


class Streams:
    """Who has how many streams open."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._open: Counter[str] = Counter()

    def begin(self, request: Request, account: Account, job: Job) -> Response:
        """The stream of a job.

        Raises:
            RateLimited: the account has too many open.
        """
        if self._open[account.id] >= MOST:
            raise RateLimited(
                f"{MOST} pages of this account are kept up to date already.", "Close some of them.", retry_after=5.0
            )
        self._open[account.id] += 1
        cookie = door.cookie_of(request, self._service.settings)
        return _Stream(told(self._service, account, job, cookie), self, account.id)

    def end(self, account_id: str) -> None:
        """Say that a stream is over."""
        self._open[account_id] -= 1
        if self._open[account_id] <= 0:
            del self._open[account_id]


class _Stream(StreamingResponse):
    """Counted until it is over, however it ends."""

    def __init__(self, events: AsyncIterator[str], streams: Streams, account_id: str) -> None:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "X-Content-Type-Options": "nosniff"}
        super().__init__(events, media_type="text/event-stream", headers=headers)
        self._streams, self._account_id = streams, account_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._streams.end(self._account_id)


async def told(service: Service, account: Account, job: Job, cookie: str) -> AsyncIterator[str]:
    """What has changed, as often as something has, until the job has ended.

    Args:
        service: where the job is.
        account: whose it is.
        job: as it was.
        cookie: of the visitor, who may sign out meanwhile.
    """
    until, looked = time.monotonic() + _LONGEST_S, time.monotonic()
    pause, longest = _LOOK_S
    known: dict[str, Any] = {}
    while True:
        now = _seen(job)
        changed = [part for part in PARTS if known.get(part) != now[part]]
        if changed:
            for part, text in (await run(rendered, service, account, job, changed)).items():
                yield _event(part, text)
            pause, known = _LOOK_S[0], now
        if job.ended:
            yield _event("end", "")
            return
        if time.monotonic() >= until or service.leaving.is_set():
            return
        if time.monotonic() - looked >= _BEAT_S:
            if await run(service.signing_in.visit, cookie) is None:
                return
            known.pop("progress", None)
            looked = time.monotonic()
        else:
            await anyio.sleep(pause)
            pause = min(pause * 1.2, longest)
        try:
            job = await run(service.jobs.get, account.id, job.id)
        except NotFound:  # it was deleted
            yield _event("end", "")
            return


def rendered(service: Service, account: Account, job: Job, parts: Any = tuple(PARTS)) -> dict[str, str]:
    """Parts of a job's page."""
    said, templates = job_told.told(service, account, job), page.environment(service.settings.root)
    return {part: templates.get_template(PARTS[part]).render(said) for part in parts}


def _seen(job: Job) -> dict[str, Any]:
    """What each part depends on."""
    going = job.state == states.PROCESSING
    return {
        "state": (job.state, job.stage if going else ""),
        "progress": (job.state, round(job.progress, 2), job.attempt, job.held, job.cost),
        "outcome": job.state if job.ended or job.state == states.AWAITING_APPROVAL else "",
    }


def _event(name: str, text: str) -> str:
    lines = "".join(f"data: {line}\n" for line in text.splitlines()) or "data:\n"
    return f"event: {name}\n{lines}\n"
