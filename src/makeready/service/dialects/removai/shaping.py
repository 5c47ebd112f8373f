"""Pictures, batches and refusals in the words of the removai API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from makeready.service.serving import failed, moment

if TYPE_CHECKING:
    from makeready.service.core import Job, News, Settings
    from makeready.service.errors import ServiceError
    from makeready.service.limits import Standing
    from makeready.service.problems import Problem

NAME = "removai"
#: The largest file of a form.
UPLOAD_BYTES = 25 << 20
#: What the API answers where it has no such status. The month's quota is among its limits of a plan's rate.
STATUSES = {402: 429, 413: 400}
_UNPROCESSABLE = 422
#: What each status is called; others are the request's fault, or from 500 on the service's.
_CODES = {
    400: "invalid_request",
    401: "invalid_api_key",
    403: "forbidden",
    404: "not_found",
    415: "unsupported_media_type",
    422: "unprocessable_entity",
    429: "rate_limit_exceeded",
}


def shape(problem: Problem, settings: Settings) -> dict[str, Any]:
    """A refusal."""
    message = f"{problem.message} {problem.hint}".strip()
    if problem.status == 402:
        needed, left = problem.details["needed"], problem.details["balance"]
        message = f"The quota of this month is used up: {needed} needed, {left} left. Get more: {settings.top_up}"
    return refusal(STATUSES.get(problem.status, problem.status), message)


def refusal(status: int, message: str) -> dict[str, Any]:
    """The body of a refusal."""
    return {"success": False, "error": _error(status, message)}


def standing(now: Standing) -> dict[str, str]:
    """How far an account is within its limit."""
    return {
        "X-RateLimit-Limit": str(now.limit),
        "X-RateLimit-Remaining": str(now.remaining),
        "X-RateLimit-Reset": str(now.reset),
    }


def unprocessable(job: Job) -> ServiceError:
    """The refusal of a request that waited for a picture which could not be processed."""
    error = failed(job)
    if error.http_status in STATUSES:  # too large, as was seen when it had been fetched
        error.http_status = _UNPROCESSABLE
    return error


def image(job: Job, link: str | None) -> dict[str, Any]:
    """A picture.

    Args:
        job: what was made of it.
        link: where the result is; none where there is none, or no longer.
    """
    told = _source(job)
    if job.state == "completed":
        told["output_url"] = link
    told |= {
        "output_size": job.params["request"]["output_size"],
        "output_format": job.params["request"]["output_format"],
    }
    told |= {"created_at": moment(job.created_at, "seconds"), "status": status(job)}
    if told["status"] == "failed":
        error = unprocessable(job)
        told["error"] = _error(error.http_status, str(error))
    return told


def begun(job: Job) -> dict[str, Any]:
    """A picture of a batch that was just begun."""
    return {**_source(job), "status": status(job)}


def batch(batch_id: str, created_at: float, images: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A batch of pictures, which were shaped before."""
    return {
        "batch_id": batch_id,
        "total_images": len(images),
        "status": _together([one["status"] for one in images]),
        "created_at": moment(created_at, "seconds"),
        "images": list(images),
    }


def status(job: Job) -> str:
    """``processing`` until it has ended, then ``completed`` or ``failed``."""
    return "processing" if not job.ended else "completed" if job.state == "completed" else "failed"


def announce(news: News) -> dict[str, Any]:
    """What a webhook says: what somebody who asks for the picture, or the batch, is answered now."""
    if news.batch:
        first = news.batch[0].job
        images = [image(one.job, one.links.get("image")) for one in news.batch]
        return {"success": True, "data": batch(str(first.batch_id), first.created_at, images)}
    return {"success": True, "data": image(news.ended.job, news.ended.links.get("image"))}


def _source(job: Job) -> dict[str, Any]:
    url = job.params["inputs"]["image"].get("url")
    return {"id": job.id} if url is None else {"id": job.id, "original_url": url}


def _together(statuses: Sequence[str]) -> str:
    for one in ("processing", "completed"):
        if one in statuses:
            return one
    return "failed" if statuses else "completed"


def _error(status: int, message: str) -> dict[str, Any]:
    code = _CODES.get(status, "server_error" if status >= 500 else "invalid_request")
    return {"code": code, "message": message, "status": status}
