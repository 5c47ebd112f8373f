"""Jobs and refusals in the words of the remove-bg API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from makeready.service.serving import moment

if TYPE_CHECKING:
    from makeready.service.core import Job, News, Settings
    from makeready.service.problems import Problem

NAME = "remove-bg"
#: The largest file of a form.
UPLOAD_BYTES = 30 << 20
#: The API knows one status for all that is wrong with a request.
STATUSES = {413: 400, 415: 400, 422: 400}
#: States of jobs that clients know by another name: what was cancelled ended without a result.
_STATUS = {"completed": "completed", "failed": "failed", "cancelled": "failed", "rejected": "failed"}


def shape(problem: Problem, settings: Settings) -> dict[str, Any]:
    """A refusal: one sentence or two, for people."""
    if problem.status == 402:
        needed, balance = problem.details["needed"], problem.details["balance"]
        return {"error": f"Insufficient credits: {needed} needed, {balance} left. Purchase more: {settings.top_up}"}
    return {"error": f"{problem.message} {problem.hint}".strip()}


def status(job: Job) -> str:
    """``processing`` until the job has ended, then ``completed`` or ``failed``."""
    return _STATUS.get(job.state, "processing")


def time(at: float | None) -> str | None:
    """Seconds since 1970 as ``2025-01-15T10:30:00Z``; none where it has not come."""
    return None if at is None else moment(at, "seconds")


def why(job: Job) -> str | None:
    """Why a job failed; none where it did not."""
    return (job.error_message or "The job was cancelled.") if status(job) == "failed" else None


def announce(news: News) -> dict[str, Any]:
    """What a webhook says of a job that has ended."""
    job = news.ended.job
    told: dict[str, Any] = {"jobId": job.id, "status": status(job)}
    if told["status"] == "completed":
        told["outputUrl"] = news.ended.links.get("image")
    else:
        told["errorMessage"] = why(job)
    return told | {"completedAt": time(job.ended_at)}
