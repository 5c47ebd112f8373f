"""Fixes: jobs that mend the file of a report, with an approval between plan and deed where the client wants one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from fastapi import FastAPI, Request

from makeready.service import mending
from makeready.service.dialects.printcart.documenting import refusals
from makeready.service.dialects.printcart.models import (
    FixCreated,
    FixCreatedAnswer,
    FixJob,
    FixJobAnswer,
    FixOptions,
    FixRequest,
    PlannedFix,
    SkippedFix,
    TokenCost,
)
from makeready.service.dialects.printcart.shaping import NAME, deducted, ended, found, invalid, known, link
from makeready.service.errors import Conflict, InvalidRequest
from makeready.service.mending import OPERATION
from makeready.service.serving import Caller, begin, moment, run

if TYPE_CHECKING:
    from makeready.service.core import Account, Job, Kept, Service

_TAG = "Fixes"
#: Why a fix changed nothing, where the fix itself does not say.
_UNFIT, _NEEDLESS = "it does not suit this file", "the file has nothing that it would change"
#: States that clients of this API do not know: until it ends, a job is in one of its stages.
_STATUS = {"pending": None, "processing": None, "cancelled": "failed"}


def add(app: FastAPI, service: Service) -> None:
    """Add the routes of this part."""

    @app.post(
        "/v1/services/preflight/ai-jobs",
        status_code=202,
        tags=[_TAG],
        summary="Mend the file of a report",
        operation_id="createFixJob",
        response_description="The job was begun",
        responses=refusals(402, 404, 409, 413, 422, 503),
    )
    async def create(given: FixRequest, request: Request, account: Caller) -> FixCreatedAnswer:
        """Holds the most that the job can cost, and begins it; what it does not cost comes back when it ends."""
        params, estimate = await run(ordered, service, account, given)
        job = await begin(
            service,
            account,
            request,
            NAME,
            OPERATION,
            params,
            id_kind="job",
            amount=estimate.max,
            kind="hold",
            stage="analyzing",
        )
        return FixCreatedAnswer(
            data=FixCreated(job_id=job.id, status="analyzing", estimated_token_cost=estimate),
        )

    @app.get(
        "/v1/services/preflight/ai-jobs/{jobId}",
        tags=[_TAG],
        summary="Look at a fix job",
        operation_id="getFixJob",
        response_description="The job",
        responses=refusals(404, 422),
    )
    async def get(jobId: str, account: Caller) -> FixJobAnswer:  # noqa: N803 - the documented name
        """Poll it until it has ended. While it is `awaiting_approval` it has `plan` and `previewUrl`."""
        return FixJobAnswer(data=await run(looked, service, account, jobId))

    @app.post(
        "/v1/services/preflight/ai-jobs/{jobId}/approve",
        tags=[_TAG],
        summary="Approve what is planned",
        operation_id="approveFixJob",
        response_description="The job goes on",
        responses=refusals(404, 409, 413, 422),
    )
    async def approve(jobId: str, account: Caller) -> FixJobAnswer:  # noqa: N803 - the documented name
        """The job goes on to `applying`."""
        return FixJobAnswer(data=await run(approved, service, account, jobId))

    @app.post(
        "/v1/services/preflight/ai-jobs/{jobId}/reject",
        tags=[_TAG],
        summary="Reject what is planned",
        operation_id="rejectFixJob",
        response_description="The job has ended",
        responses=refusals(404, 409, 413, 422),
    )
    async def reject(jobId: str, account: Caller) -> FixJobAnswer:  # noqa: N803 - the documented name
        """The job ends as `rejected`, and all that was held comes back."""
        return FixJobAnswer(data=await run(rejected, service, account, jobId))


def looked(service: Service, account: Account, job_id: str) -> FixJob:
    """A job.

    Raises:
        NotFound: there is none.
    """
    return told(service, account, found(service, account, job_id, OPERATION))


def approved(service: Service, account: Account, job_id: str) -> FixJob:
    """A job, as it goes on.

    Raises:
        NotFound: there is none.
        Conflict: it does not wait for approval.
    """
    found(service, account, job_id, OPERATION)
    return told(service, account, service.jobs.approve(account.id, job_id))


def rejected(service: Service, account: Account, job_id: str) -> FixJob:
    """A job, as it ended.

    Raises:
        NotFound: there is none.
        Conflict: it does not wait for approval.
    """
    before = found(service, account, job_id, OPERATION)
    if before.state != "awaiting_approval":
        raise Conflict(f"Job {job_id} is {_status(before)}, and can not be rejected.", "Look at the job.")
    return told(service, account, service.jobs.reject(account.id, job_id))


def ordered(service: Service, account: Account, given: FixRequest) -> tuple[dict[str, Any], TokenCost]:
    """What a job is given, and what it may cost.

    Raises:
        NotFound: there is no such report.
        Conflict: its file is not kept any more.
        InvalidRequest: a fix does not exist or does not fit the file, or there is nothing to fix.
        Unavailable: a fix needs what is not installed.
    """
    asked = given.options or FixOptions()
    report = service.reports.get(account.id, known(given.preflight_report_id, "report"))
    file_id = mending.subject(service, account, report)
    fixes = list(_fixes(service, asked, report))
    prices = mending.prices(service, account, NAME, fixes)
    estimate = TokenCost(**mending.Estimate.of(prices).as_data())
    options = mending.options(
        report.request,
        name=report.document["file"]["path"],
        prices=prices,
        approval=asked.require_approval,
        ppi=asked.target_dpi,
    )
    service.catalogue.require(OPERATION, {**options, "fixTypes": fixes}, service.plans.plan(account.plan).queue)
    if asked.fix_types is not None:
        options["fixTypes"] = fixes
    told = {"preflightReportId": report.id, "fixTypes": fixes, "estimate": estimate.model_dump()}
    return {
        "inputs": {"file": {"file": file_id}},
        "options": options,
        "request": {**report.request, **told},
    }, estimate


def _fixes(service: Service, asked: FixOptions, report: Kept) -> tuple[str, ...]:
    """The fixes that are to be made.

    Raises:
        InvalidRequest: one does not exist or does not fit the file, or there is nothing to fix.
    """
    if asked.fix_types is not None:
        try:
            return service.catalogue.chosen(asked.fix_types, report.document["file"]["kind"])
        except InvalidRequest as error:
            raise invalid("options.fixTypes", error) from error
    try:
        return mending.called_for(service, report, "Name the fixes in options.fixTypes, if you want some.")
    except InvalidRequest as error:
        refusal = invalid("options.fixTypes", error)
        refusal.code = error.code
        raise refusal from error


def _status(job: Job) -> str:
    return _STATUS.get(job.state, job.state) or job.stage or "analyzing"


def told(service: Service, account: Account, job: Job) -> FixJob:
    """A job as clients see it."""
    asked, result = job.params["request"], job.result or {}
    files, reports = result.get("files", {}), result.get("reports", {})
    waits, done = job.state == "awaiting_approval", job.state == "completed"
    return FixJob(
        job_id=job.id,
        status=cast(Any, _status(job)),
        preflight_report_id=asked["preflightReportId"],
        fix_types=asked["fixTypes"],
        estimated_token_cost=TokenCost(**asked["estimate"]),
        tokens_deducted=deducted(job),
        plan=planned(result) if waits else None,
        preview_url=link(service, account, files.get("preview")) if waits else None,
        corrected_file_url=link(service, account, files.get("corrected")) if done else None,
        applied_fixes=result.get("applied") if done else None,
        skipped_fixes=skipped(result) if done else None,
        notes=result.get("notes", []),
        before_report=reports.get("before", asked["preflightReportId"]) if done else None,
        after_report=reports.get("after") if done else None,
        error_message=job.error_message or ("The job was cancelled." if job.state == "cancelled" else None),
        created_at=moment(job.created_at),
        completed_at=ended(job.ended_at),
    )


def skipped(result: dict[str, Any]) -> list[SkippedFix]:
    """The fixes of a completed job that changed nothing: those that could not be made, and those it did not need."""
    refused = [SkippedFix(fix_type=one["fix"], reason=one["reason"] or _UNFIT) for one in result.get("refused", ())]
    return refused + [SkippedFix(fix_type=id, reason=_NEEDLESS) for id in result.get("unchanged", ())]


def planned(result: dict[str, Any]) -> list[PlannedFix]:
    """The plan of a job that waits, step by step."""
    return [
        PlannedFix(
            fix_type=step["fix"],
            reason=step.get("reason", ""),
            settings=step.get("settings", {}),
            tokens=step.get("price", 0),
        )
        for step in result["plan"]["steps"]
    ]
