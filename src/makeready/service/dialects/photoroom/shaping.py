"""What all parts of the photoroom API share: its name, its refusals, and the answer that is a picture."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from starlette.responses import Response, StreamingResponse

from makeready.service.core import Account, Job, Service, Settings
from makeready.service.errors import InvalidRequest, ServiceError, TimedOut
from makeready.service.serving import failed, run, waited

if TYPE_CHECKING:
    from makeready.service.problems import Problem

NAME = "photoroom"
CURRENCY = "images"
#: The largest file, in bytes.
LARGEST = 30 << 20
#: Kinds of file that are taken.
ACCEPTED = ("jpeg", "png", "webp", "tiff", "gif", "bmp", "jp2")
#: What a person should know about the result, as a JSON list of sentences; and the job that made it.
NOTES, JOB = "X-Notes", "X-Job-Id"
#: Characters of notes: some clients take no longer headers.
_MOST_NOTES = 3000
#: Codes of jobs whose picture or settings are to blame, beside those that every API knows.
_FAULTY = frozenset({"VALIDATION_ERROR", "UNSUPPORTED_FILE", "URL_NOT_FETCHED", "FILE_UNREADABLE"})


def shape(problem: Problem, settings: Settings) -> dict[str, Any]:
    """A refusal as the API's documentation prints it: ``message`` says what is wrong, ``detail`` what to do."""
    message, detail = problem.message, problem.hint
    if problem.status == 402:
        message, detail = "There are no images left.", f"Get more: {settings.top_up}"
    elif not detail:
        detail = f"{settings.address}/docs/{NAME} describes every parameter."
    body = {"error": {"message": message, "detail": detail}}
    # Halves of characters, which a client may send in a name, cannot be carried back.
    return json.loads(json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"))  # type: ignore[no-any-return]


def invalid(fields: dict[str, list[str]], hint: str = "") -> InvalidRequest:
    """The refusal of some parameters; its message names the first."""
    name, texts = next(iter(fields.items()))
    more = len(fields) - 1
    message = f"{name}: {texts[0]}"
    if more:
        message += f" {more} more {'parameter does' if more == 1 else 'parameters do'} not fit."
        hint = hint or " ".join(f"{name}: {text}" for name, texts in fields.items() for text in texts)
    return InvalidRequest(message, hint, fields=fields)


async def answered(service: Service, account: Account, job: Job, notes: Sequence[str] = ()) -> Response:
    """The picture that a job makes, when it is made.

    Args:
        service: where the job is.
        account: whose it is.
        job: as it was begun.
        notes: what is to be said beside what the job says.

    Raises:
        TimedOut: it took too long; it is cancelled, and what it cost comes back.
        ServiceError: it failed, and what it cost came back; the message says why.
    """
    job = await waited(service, account, job)
    if not job.ended:
        job = await run(_given_up, service, account, job)
    if job.state != "completed":
        raise _refusal(job)
    result = job.result or {}
    file = await run(service.files.get, account.id, result["files"]["image"])
    chunks = await run(service.store.stream, file.key)
    headers = {
        "Content-Type": file.content_type,
        "Content-Length": str(file.bytes),
        "Content-Disposition": file.disposition,
        JOB: job.id,
    }
    if said := _noted([*notes, *result.get("notes", ())]):
        headers[NOTES] = said
    return StreamingResponse(chunks, headers=headers)


def _given_up(service: Service, account: Account, job: Job) -> Job:
    """The job, cancelled; or as it ended, should it have ended this very moment.

    Raises:
        TimedOut: it was cancelled.
    """
    try:
        ended = service.jobs.cancel(account.id, job.id)
    except ServiceError:
        ended = service.jobs.get(account.id, job.id)
    if ended.state == "cancelled":
        seconds = service.settings.limits_request_seconds
        raise TimedOut(
            f"The picture was not ready within {seconds:g} seconds.",
            "Nothing was charged. Send a smaller picture, ask for less at once, or try again later.",
        )
    return ended


def _refusal(job: Job) -> ServiceError:
    error = failed(job)
    if error.code in _FAULTY:
        error.http_status = 400
    return error


def _noted(notes: Sequence[str]) -> str:
    """Notes as a header: JSON of ASCII characters, whole sentences only."""
    kept: list[str] = []
    for note in dict.fromkeys(notes):
        if len(json.dumps([*kept, note])) <= _MOST_NOTES:
            kept.append(note)
    return json.dumps(kept) if kept else ""
