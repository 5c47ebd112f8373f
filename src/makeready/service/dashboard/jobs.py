"""The list of jobs: filtered, paged, kept fresh while something runs; and what is done to a job from there."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from makeready.service import again, dialects, operations, states
from makeready.service.dashboard import page
from makeready.service.errors import InvalidRequest
from makeready.service.serving import run

if TYPE_CHECKING:
    from makeready.service.core import Job, Service

#: How many jobs a page has.
_PAGE = 25
#: What a list is narrowed to, as addresses name it and as ``Jobs.listed`` does.
_FILTERS = {"state": "state", "api": "dialect", "operation": "operation", "batch": "batch_id"}
#: The place after a job in the list: when it was begun, and its identifier.
_CURSOR = re.compile(r"(\d{1,12}(?:\.\d{1,9})?)_(\S{1,40})", re.ASCII)
#: Letters of an error that a line has room for.
_ERROR = 160


def routes(service: Service) -> list[Route]:
    """The pages of this part."""
    root = service.settings.root
    apis = {"dashboard": "Dashboard"} | {name: dialects.load(name).title for name in service.settings.dialects}

    async def listed(request: Request) -> Response:
        account, asked = page.visitor(request).account, request.query_params
        wanted = {name: asked[name] for name in _FILTERS if asked.get(name)}
        before = _place(asked["before"]) if asked.get("before") else None
        only = {_FILTERS[name]: value for name, value in wanted.items()}
        found = await run(service.jobs.listed, account.id, **only, limit=_PAGE + 1, before=before)
        jobs = found[:_PAGE]
        seen = _fingerprint(jobs)
        part = page.part(request)
        if part and asked.get("seen") == seen:
            return Response(status_code=204)
        here = wanted | ({"before": asked["before"]} if before else {})
        return page.answer(
            request,
            "jobs_list.html" if part else "jobs.html",
            jobs=jobs,
            apis=apis,
            operations=operations.known(testing=service.settings.testing),
            states=list(states.MOVES),
            wanted=wanted,
            running=sum(not job.ended and job.state != states.AWAITING_APPROVAL for job in jobs),
            error=_line,
            part=part,
            refresh=page.url(root, "/jobs", {**here, "seen": seen}),
            older=page.url(root, "/jobs", {**wanted, "before": _cursor(jobs[-1])}) if len(found) > _PAGE else "",
            newest=page.url(root, "/jobs", wanted) if before else "",
        )

    async def cancel(request: Request) -> Response:
        job = await run(service.jobs.cancel, page.visitor(request).account.id, request.path_params["id"])
        return page.to(request, f"/jobs/{job.id}")

    async def retry(request: Request) -> Response:
        job = await run(again.begin, service, page.visitor(request).account, request.path_params["id"])
        return page.to(request, f"/jobs/{job.id}")

    return [
        Route("/jobs", listed),
        Route("/jobs/{id}/cancel", cancel, methods=["POST"]),
        Route("/jobs/{id}/retry", retry, methods=["POST"]),
    ]


def _cursor(job: Job) -> str:
    return f"{job.created_at:.9f}_{job.id}"


def _place(cursor: str) -> tuple[float, str]:
    """The place that a cursor stands for.

    Raises:
        InvalidRequest: it is none that was given out.
    """
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise InvalidRequest("The address of this page is not whole.", "Go to the newest jobs.")
    return float(found[1]), found[2]


def _fingerprint(jobs: Sequence[Job]) -> str:
    """What changes when something of a list does that is worth showing."""
    shown = [(job.id, job.state, job.stage, math.floor(job.progress * 20), job.attempt) for job in jobs]
    return hashlib.sha256(json.dumps(shown).encode()).hexdigest()[:16]


def _line(job: Job) -> str:
    """The first line of why a job came to nothing, as far as there is room for it."""
    line = (job.error_message or "").partition("\n")[0]
    return line if len(line) <= _ERROR else f"{line[: _ERROR - 1]}…"
