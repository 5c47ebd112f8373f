"""What all dialects do alike: look for what is theirs, begin jobs, wait for them, and make links."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import anyio
import anyio.to_thread
from fastapi import Depends, Request
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from makeready.service import auth
from makeready.service.core import Account, Batch, Job, Order, Service
from makeready.service.errors import FetchRefused, InvalidRequest, NotFound, ServiceError
from makeready.service.files import DAY
from makeready.service.observe import asked
from makeready.service.uploads import Upload, begun, kept, taken

if TYPE_CHECKING:
    from starlette.datastructures import UploadFile


#: The account that asks.
Caller = Annotated[Account, Depends(auth.account)]

_WEB = re.compile(r"^[Hh][Tt][Tt][Pp][Ss]?://[^\s]+$")


def _url(text: str) -> str:
    if not _WEB.fullmatch(text):
        raise PydanticCustomError("url", "It is no URL: it begins with http:// or https://, and has no spaces")
    return text


#: Text that can be a URL; whether it may be fetched is for ``fetchable`` to say.
Url = Annotated[
    str, Field(max_length=4096, json_schema_extra={"format": "uri", "pattern": _WEB.pattern}), AfterValidator(_url)
]

#: Seconds between two looks at a job that a request waits for: short at first, since most are.
_WAIT_S = (0.01, 0.2)
#: The statuses of requests that waited for a job which failed; another reason is the picture's fault.
_STATUS = {"PAYLOAD_TOO_LARGE": 413, "FILE_TOO_LARGE": 413, "UNSUPPORTED_FILE": 415, "SERVICE_UNAVAILABLE": 503,
           "MODEL_NOT_INSTALLED": 503, "NOT_CONFIGURED": 501, "INTERNAL_ERROR": 500, "WORKER_DIED": 500}  # fmt: skip

T = TypeVar("T")


async def run(function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Call what asks the database or the network, without holding up other requests."""
    return await anyio.to_thread.run_sync(partial(function, *args, **kwargs))


def moment(at: float, timespec: str = "milliseconds") -> str:
    """Seconds since 1970 as ``2026-06-05T04:02:44.611Z``; ``timespec`` as in ``datetime.isoformat``."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec=timespec).replace("+00:00", "Z")


async def upload(
    service: Service, account: Account, part: UploadFile, *, field: str, formats: Sequence[str], limit: int
) -> Upload:
    """Keep a picture of a form; see ``uploads.taken``."""
    return await taken(service, account.id, part, field=field, formats=formats, limit=limit)


def keep(service: Service, account: Account, path: Path, *, field: str, formats: Sequence[str]) -> Upload:
    """Keep a picture that lies on this machine until somebody deletes it; see ``uploads.kept``."""
    return kept(service, account.id, path, path.name, field=field, formats=formats, seconds=None)


async def fetchable(service: Service, field: str, url: str) -> None:
    """See that a URL may be fetched, before anything is paid.

    Raises:
        InvalidRequest: it may not.
    """
    try:
        await run(service.fetcher.check, url)
    except FetchRefused as error:
        refusal = InvalidRequest(f"{field}: {error}", error.hint, fields={field: [f"{error} {error.hint}".strip()]})
        refusal.code = error.code
        raise refusal from error


async def possible(service: Service, account: Account, operation: str, options: Mapping[str, Any]) -> None:
    """See that what a job needs is installed where it will be done, before anything is paid.

    Raises:
        Unavailable: a model or package is missing; the message has the command that installs it.
        NoBackEnd: it takes a generator, and none is configured.
    """
    await run(service.catalogue.require, operation, options, service.plans.plan(account.plan).queue)


def ordered(
    service: Service,
    account: Account,
    dialect: str,
    operation: str,
    params: dict[str, Any],
    *,
    option: str | None = None,
    webhook_url: str | None = None,
    traceparent: str | None = None,
    **more: Any,
) -> Order:
    """A job at the dialect's price, in the queue of the account's plan.

    Args:
        service: its plans have the prices.
        account: who pays.
        dialect: the API.
        operation: what is done.
        params: ``inputs``, ``options``, and ``request`` for what the dialect wants to know of it later. Where it has
            ``lasting``, what comes out is kept as long as reports are, else for a day. Where it has ``shown``, a
            fetched input is kept beside it, as ``before``.
        option: which of the operation's options, where they have prices of their own.
        webhook_url: who is told when it has ended.
        traceparent: the trace context of the request.
        more: further fields of ``Order``.
    """
    plan = service.plans.plan(account.plan)
    amount = service.plans.cost(plan, dialect, operation, option)
    held: dict[str, Any] = {"queue": plan.queue, "priority": plan.priority, "amount": amount, **more}
    currency = service.plans.currency(dialect)
    return Order(operation, params, currency, webhook_url=webhook_url, traceparent=traceparent, dialect=dialect, **held)


async def begin(
    service: Service,
    account: Account,
    request: Request,
    dialect: str,
    operation: str,
    params: dict[str, Any],
    *,
    id_kind: str = "",
    **more: Any,
) -> Job:
    """Take the money and begin a job; ``more`` is as for ``ordered``.

    A request that is repeated under its Idempotency-Key finds the job that it made, should only its answer be lost.
    """
    about = asked(request)
    job_id = service.new_id(id_kind)
    if about.job_id is not None:
        job_id = _named(id_kind, about.job_id)
        with contextlib.suppress(NotFound):
            return await run(service.jobs.get, account.id, job_id, operation=operation)
    order = ordered(
        service, account, dialect, operation, params, traceparent=about.traceparent, job_id=job_id, **more
    )  # fmt: skip
    job = await run(service.jobs.submit_order, account.id, order)
    begun()
    return job


async def begin_batch(
    service: Service,
    account: Account,
    request: Request,
    dialect: str,
    orders: Sequence[Order],
    details: Mapping[str, Any],
    *,
    id_kind: str = "batch",
) -> tuple[Batch, list[Job]]:
    """Take the money for several jobs and begin them, all or none."""
    about = asked(request)
    batch_id = service.new_id(id_kind)
    if about.job_id is not None:
        batch_id = _named(id_kind, about.job_id)
        with contextlib.suppress(NotFound):
            batch = await run(service.batches.get, account.id, batch_id, dialect=dialect)
            return batch, (await run(service.batches.jobs, [batch]))[batch.id]
    submitted = await run(
        service.batches.submit, account.id, orders, dialect=dialect, details=dict(details), batch_id=batch_id
    )
    begun()
    return submitted


def found(service: Service, account: Account, dialect: str, job_id: str) -> Job:
    """One job of an API.

    Raises:
        NotFound: there is none, it is another account's, or came through another API.
    """
    job = service.jobs.get(account.id, job_id)
    if job.dialect != dialect:
        raise NotFound(f"There is no job {job_id}.", "It came through another API; look for it there.")
    return job


async def waited(service: Service, account: Account, job: Job, seconds: float | None = None) -> Job:
    """The job when it has ended, or as it is when the time is up; other requests go on meanwhile.

    Args:
        service: where it is.
        account: whose it is.
        job: as it was.
        seconds: how long; ``limits_request_seconds`` of the settings when left out.
    """
    limit = service.settings.limits_request_seconds if seconds is None else seconds
    until = anyio.current_time() + limit
    pause, longest = _WAIT_S
    while not job.ended and (left := until - anyio.current_time()) > 0:
        await anyio.sleep(min(pause, left))
        pause = min(pause * 1.2, longest)
        job = await run(service.jobs.get, account.id, job.id)
    return job


def failed(job: Job) -> ServiceError:
    """The refusal that stands for a job that failed, for requests that waited for it."""
    error = ServiceError(job.error_message or "The job was cancelled.")
    error.code = job.error_code or "PROCESSING_FAILED"
    error.http_status = _STATUS.get(error.code, 422)
    return error


def link(service: Service, account: Account, file_id: str | None, seconds: float = DAY) -> str | None:
    """A link that works for a while without a key; none where there is no such file, or no longer."""
    if file_id is None:
        return None
    try:
        file = service.files.get(account.id, file_id)
    except NotFound:
        return None
    if file.expires_at is not None and file.expires_at <= datetime.now(UTC).timestamp():
        return None
    return service.files.link(file, seconds)


def _named(kind: str, name: str) -> str:
    return f"{kind}_{name}" if kind else name
