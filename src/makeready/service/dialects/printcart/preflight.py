"""Preflight: the DPI score, which needs no file, and checks, which are made while the client waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, cast

from fastapi import FastAPI, Query, Request, Response

from makeready.service import checking
from makeready.service.dialects.printcart.documenting import refusals
from makeready.service.dialects.printcart.models import (
    CheckRequest,
    DpiScore,
    DpiScoreAnswer,
    DpiScoreRequest,
    Issue,
    Report,
    ReportAnswer,
    ReportsAnswer,
)
from makeready.service.dialects.printcart.shaping import NAME, cursor, failed, fetchable, known, link, marked
from makeready.service.errors import Conflict, TimedOut
from makeready.service.serving import Caller, begin, moment, run, waited

if TYPE_CHECKING:
    from makeready.service.core import Account, Job, Kept, Service
    from makeready.service.dialects.printcart.shaping import Mark

_TAG = "Preflight"
#: Somebody waits for it: before jobs that are polled.
_PRIORITY = -10
_STATUS = {"pass": "passed", "info": "passed", "warning": "warning", "error": "failed", "unreadable": "failed"}

Limit = Annotated[int, Query(ge=1, le=100, description="How many at most.")]
Cursor = Annotated[str | None, Query(max_length=200, description="`nextCursor` of the page before.")]


def add(app: FastAPI, service: Service) -> None:
    """Add the routes of this part."""

    @app.post(
        "/v1/services/preflight/dpi-score",
        tags=[_TAG],
        summary="Rate a picture's resolution at its printed size",
        operation_id="createDpiScore",
        response_description="The score",
        responses=refusals(409, 413, 422),
        response_model=DpiScoreAnswer,
    )
    async def dpi_score(given: DpiScoreRequest) -> Response:
        """Free, and made of the numbers alone: no file is opened, nothing is kept."""
        # A few divisions: no thread, no database.
        rated = service.catalogue.stars(
            given.width_px,
            given.height_px,
            given.canvas_width_inches,
            given.canvas_height_inches,
            given.product_type,
        )
        answer = DpiScoreAnswer(data=DpiScore(**rated.as_data()))
        # Written here: what a route returns as a model is made and validated once more.
        return Response(answer.model_dump_json(by_alias=True), media_type="application/json")

    @app.post(
        "/v1/services/preflight/checks",
        status_code=201,
        tags=[_TAG],
        summary="Check a file",
        operation_id="createCheck",
        response_description="The report",
        responses=refusals(409, 413, 422, 503, 504),
    )
    async def create_check(given: CheckRequest, request: Request, account: Caller) -> ReportAnswer:
        """Fetches the file, makes every check that its product needs, and answers with what was found. Free."""
        asked = given.model_dump(by_alias=True, exclude_none=True)
        wanted = checking.options(asked)
        await fetchable(service, "fileUrl", given.file_url)
        params = {"inputs": {"file": {"url": given.file_url}}, "options": wanted, "request": asked}
        job = await begin(service, account, request, NAME, checking.OPERATION, params, amount=0, priority=_PRIORITY)
        job = await _ended(service, account, job)
        if job.state != "completed":
            raise failed(job)
        return ReportAnswer(data=await run(one, service, account, (job.result or {})["reports"]["report"]))

    @app.get(
        "/v1/services/preflight/checks",
        tags=[_TAG],
        summary="List reports, the newest first",
        operation_id="listChecks",
        response_description="Reports",
        responses=refusals(422),
    )
    async def list_checks(account: Caller, limit: Limit = 20, cursor: Cursor = None) -> ReportsAnswer:
        """Reports of checks, and those that fixes made before and after."""
        return await run(several, service, account, limit, marked(cursor))

    @app.get(
        "/v1/services/preflight/checks/{reportId}",
        tags=[_TAG],
        summary="Get a report",
        operation_id="getCheck",
        response_description="The report",
        responses=refusals(404, 422),
    )
    async def get_check(reportId: str, account: Caller) -> ReportAnswer:  # noqa: N803 - the documented name
        """The same as when it was made, with a new link to its page."""
        return ReportAnswer(data=await run(one, service, account, known(reportId, "report")))

    @app.delete(
        "/v1/services/preflight/checks/{reportId}",
        status_code=204,
        tags=[_TAG],
        summary="Delete a report",
        operation_id="deleteCheck",
        response_description="It is deleted",
        responses=refusals(404, 409, 422),
    )
    async def delete_check(reportId: str, account: Caller) -> Response:  # noqa: N803 - the documented name
        """It is gone at once; the file that it is about goes with the next cleaning, if nothing else needs it."""
        await run(service.reports.delete, account.id, known(reportId, "report"))
        return Response(status_code=204)


def one(service: Service, account: Account, report_id: str) -> Report:
    """One report as clients see it.

    Raises:
        NotFound: there is none.
    """
    return told(service, account, service.reports.get(account.id, report_id))


def several(service: Service, account: Account, limit: int, before: Mark | None) -> ReportsAnswer:
    """A page of the list."""
    kept = service.reports.listed(account.id, limit=limit + 1, before=before)
    page = kept[:limit]
    return ReportsAnswer(
        data=[told(service, account, report) for report in page],
        next_cursor=cursor(page[-1].created_at, page[-1].id) if len(kept) > limit else None,
    )


def told(service: Service, account: Account, kept: Kept) -> Report:
    """A report as clients see it."""
    document, asked = kept.document, kept.request
    stars = document["stars"] or {}
    address = asked.get("fileUrl", "")
    if "preflightReportId" in asked or not address:  # it is about a file that only we have
        address = link(service, account, kept.file_id) or address
    return Report(
        report_id=kept.id,
        design_id=asked.get("designId", ""),
        file_url=address,
        file_type=_type(document["file"]),
        status=cast(Any, _STATUS[document["verdict"]]),
        stars=stars.get("stars"),
        label=stars.get("label"),
        effective_ppi=stars.get("effectivePpi"),
        min_ppi=stars.get("minPpi"),
        product_type=asked.get("productType"),
        issues=[
            Issue(
                code=issue["code"],
                severity=issue["severity"],
                message=issue["message"],
                page=issue["page"],
                place=issue["place"],
                measured=issue["measured"],
                limit=issue["limit"],
                fix_types=issue["cures"],
            )
            for issue in document["issues"]
        ],
        created_at=moment(kept.created_at),
        report_url=link(service, account, kept.page_id),
    )


def _type(file: dict[str, Any]) -> str | None:
    """The kind of a file as clients write it: jpeg, png, tiff, pdf and what else there is."""
    if file["kind"] == "pdf":
        return "pdf"
    format = file["format"]
    return None if format is None else {"JPEG 2000": "jp2"}.get(format, format.lower())


async def _ended(service: Service, account: Account, job: Job) -> Job:
    """The job when it has ended; one that takes too long is cancelled.

    Raises:
        TimedOut: it was.
    """
    job = await waited(service, account, job)
    if job.ended:
        return job
    try:
        await run(service.jobs.cancel, account.id, job.id)
    except Conflict:  # it ended while we made up our mind
        return await run(service.jobs.get, account.id, job.id)
    seconds = service.settings.limits_request_seconds
    raise TimedOut(f"The check did not end within {seconds:g} seconds.", "Try again later, or with a smaller file.")
