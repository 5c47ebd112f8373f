"""The page of a job: live while it goes on, with its result when it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from makeready.service.dashboard import job_events, job_told, page, showing
from makeready.service.serving import run

if TYPE_CHECKING:
    from makeready.service.core import Job, Service


def routes(service: Service) -> list[Route]:
    """The pages of this part."""
    streams = job_events.Streams(service)

    async def found(request: Request) -> Job:
        return await run(service.jobs.get, page.visitor(request).account.id, request.path_params["id"])

    async def one(request: Request) -> Response:
        return await _answer(request, "job.html")

    async def live(request: Request) -> Response:
        return await _answer(request, "job_live.html")

    async def _answer(request: Request, template: str) -> Response:
        said = await run(job_told.told, service, page.visitor(request).account, await found(request))
        return page.answer(request, template, **said)

    async def events(request: Request) -> Response:
        return streams.begin(request, page.visitor(request).account, await found(request))

    async def file(request: Request) -> Response:
        account, job = page.visitor(request).account, await found(request)
        file_id = job_told.file_of(job, request.path_params["role"])
        return await showing.answer(service, request, await run(showing.kept, service, account, file_id))

    async def approve(request: Request) -> Response:
        job = await run(service.jobs.approve, page.visitor(request).account.id, request.path_params["id"])
        return page.to(request, f"/jobs/{job.id}")

    async def reject(request: Request) -> Response:
        job = await run(service.jobs.reject, page.visitor(request).account.id, request.path_params["id"])
        return page.to(request, f"/jobs/{job.id}")

    return [
        Route("/jobs/{id}", one),
        Route("/jobs/{id}/live", live),
        Route("/jobs/{id}/events", events),
        Route("/jobs/{id}/files/{role}", file),
        Route("/jobs/{id}/approve", approve, methods=["POST"]),
        Route("/jobs/{id}/reject", reject, methods=["POST"]),
    ]
