"""Pages for those who look after the service: how it is, what failed, what is installed, and every account.

The door lets nobody else in here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from makeready.service import health, payments
from makeready.service.dashboard import operator_accounts, page, paging
from makeready.service.overseeing import Overseeing
from makeready.service.serving import run

if TYPE_CHECKING:
    from makeready.service.core import Service

#: How many failed jobs the first page has.
_NEWEST = 5


def routes(service: Service) -> list[Route]:
    """The pages of this part."""
    overseeing = Overseeing(service.database)

    async def now(request: Request) -> Response:
        told = await run(_now, service, overseeing)
        part = page.part(request)
        return page.answer(request, "operator_now.html" if part else "operator.html", **told)

    async def failed(request: Request) -> Response:
        rows = await run(overseeing.failed, limit=paging.SIZE + 1, skip=paging.skipped(request))
        return page.answer(request, "operator_failed.html", leaf=paging.leaf(request, rows))

    async def installed(request: Request) -> Response:
        return page.answer(request, "operator_installed.html", **await run(_installed))

    return [
        Route("/operator", now),
        Route("/operator/failed", failed),
        Route("/operator/installed", installed),
        *operator_accounts.routes(service, overseeing),
    ]


def _now(service: Service, overseeing: Overseeing) -> dict[str, Any]:
    """How the service is at this moment."""
    counts, oldest = service.jobs.counts(), service.jobs.oldest()
    parts = health.parts(service)
    return {
        "parts": parts,
        "ready": health.ready(parts),
        "queues": {
            queue: ({state: count for (of, state), count in sorted(counts.items()) if of == queue}, oldest.get(queue))
            for queue in sorted({queue for queue, _ in counts})
        },
        "workers": overseeing.workers(),
        "failed": overseeing.failed(limit=_NEWEST),
    }


def _installed() -> dict[str, Any]:
    """What the machine of this process has; it loads every plug-in, which is why nobody does it before it is asked."""
    from makeready import models
    from makeready.models import installing, session
    from makeready.report import doctor

    registries = (*doctor.registries(), payments.catalogue())
    return {
        "engines": session.providers(),
        "families": [(family, installing.present(family)) for family in models.families()],
        "failed": [(one.noun, source, why) for one in registries for source, why in one.failed.items()],
        "plugins": sorted({(one.noun, item.source) for one in registries for item in one if item.source != "built-in"}),
    }
