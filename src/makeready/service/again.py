"""A job that came to nothing, begun once more: the same work on the same files, for the same price.

However often somebody asks, it is begun again once: its successor's identifier is made from its own. A successor that
came to nothing, too, has one of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, or_, select

from makeready.service import clock, ids, operations, states, tables
from makeready.service.errors import Conflict, NotFound
from makeready.service.jobs import Job, Order

if TYPE_CHECKING:
    from makeready.service.core import Account, Service

_FILE = tables.file.c


def begin(service: Service, account: Account, job_id: str) -> Job:
    """Begin a job again, which takes its price again; the job that was begun before, where there is one.

    Args:
        service: where it is.
        account: whose it is, and who pays.
        job_id: the job that came to nothing.

    Raises:
        NotFound: there is no such job of this account.
        Conflict: it goes on or is done, a file of it is no longer kept, or its successor was deleted.
        FetchRefused: what it has to fetch may not be fetched any more.
        Unavailable: a model or package that it needs is not installed.
        InsufficientFunds: the wallet has too little.
        QueueFull: too many jobs wait.
    """
    before = service.jobs.get(account.id, job_id)
    if not before.ended or before.state == states.COMPLETED:
        raise Conflict(
            f"Job {job_id} is {before.state.replace('_', ' ')}, and can not be begun again.",
            "Only jobs that failed, were cancelled or rejected can.",
            state=before.state,
        )
    successor = _successor(job_id)
    try:
        return service.jobs.get(account.id, successor)
    except NotFound:
        order = _order(service, account, before, successor)
    service.jobs.submit_order(account.id, order)
    try:
        return service.jobs.get(account.id, successor)
    except NotFound as error:
        raise Conflict(
            f"Job {job_id} was begun again, and that job was deleted.", "Ask for the same anew where you did first."
        ) from error


def _successor(job_id: str) -> str:
    kind, mark, _ = job_id.rpartition("_")
    return f"{kind}{mark}{ids.derived('again', job_id)}"


def _order(service: Service, account: Account, before: Job, job_id: str) -> Order:
    operation = operations.named(before.operation, testing=service.settings.testing)
    plan, options = service.plans.plan(account.plan), before.params.get("options", {})
    inputs = before.params.get("inputs", {}).values()
    for url in (given["url"] for given in inputs if "url" in given):
        service.fetcher.check(url)
    # Fixes that are planned later are those that have a price.
    service.catalogue.require(operation.name, {"fixTypes": list(options.get("prices", ())), **options}, plan.queue)
    files = {given["file"] for given in inputs if "file" in given}

    def kept(connection: Connection, _job_id: str) -> None:
        # Locked: what the janitor takes at this moment it takes before, and from now on it finds a job that needs it.
        lasting = or_(_FILE.expires_at.is_(None), _FILE.expires_at > clock.now())
        mine = select(_FILE.id).where(_FILE.id.in_(files), _FILE.account_id == account.id, lasting)
        if len(connection.execute(mine.with_for_update()).all()) < len(files):
            raise Conflict(
                f"The file of job {before.id} is no longer kept.", "Send the file again, as a new job.", job=before.id
            )

    return Order(
        before.operation,
        before.params,
        before.currency,
        _amount(service, account, before),
        # What goes through stages may turn out to cost less.
        kind="hold" if operation.stages else "charge",
        stage=operation.stages[0] if operation.stages else "",
        queue=plan.queue,
        priority=plan.priority,
        webhook_url=before.webhook_url,
        job_id=job_id,
        also=kept,
        dialect=before.dialect,
    )


def _amount(service: Service, account: Account, before: Job) -> int:
    """The same as before, unless a plan has no end of it: then nothing, and once it has an end, what others pay."""
    if service.plans.plan(account.plan).unlimited(before.currency):
        return 0
    if before.held:
        return before.held
    options = before.params.get("options", {})
    if "prices" in options:
        return int(sum(options["prices"].values()))
    return service.plans.price(before.dialect, before.operation, options.get("quality"))
