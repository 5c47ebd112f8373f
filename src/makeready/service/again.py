"""A job that came to nothing, begun once more: the same work on the same files, for the same price.

It is asked for anew all the same: the plan, the models and the address of its file have to allow it today.

However often somebody asks, it is begun again once: its successor's identifier is made from its own. A successor that
came to nothing, too, has one of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, or_, select

from makeready.service import clock, dialects, ids, mending, operations, states, tables
from makeready.service.errors import Conflict, Forbidden, NotFound
from makeready.service.jobs import Job, Order
from makeready.service.settings import DIALECTS

if TYPE_CHECKING:
    from makeready.service.core import Account, Service

_FILE = tables.file.c
#: What a plan needs for work that not all plans have: the API, the operation, and the feature as its terms name it.
_FEATURES = {("photoroom", "edit"): "edit"}


def begin(service: Service, account: Account, job_id: str) -> Job:
    """Begin a job again, which takes its price again; the job that was begun before, where there is one.

    Args:
        service: where it is.
        account: whose it is, and who pays.
        job_id: the job that came to nothing.

    Raises:
        NotFound: there is no such job of this account.
        Conflict: it goes on or is done, a file of it is no longer kept, or its successor was deleted.
        Forbidden: the account's plan does not have it any more.
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
    _entitled(service, account, before)
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

    amount, params = _priced(service, account, before)
    return Order(
        before.operation,
        params,
        before.currency,
        amount,
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


def _entitled(service: Service, account: Account, before: Job) -> None:
    """See that the plan has what its API asks for. A job of a batch is begun alone, and asks for no batches.

    Raises:
        Forbidden: it has not.
    """
    if before.dialect in DIALECTS and (admit := dialects.load(before.dialect).admit) is not None:
        admit(service, account, "")  # no path is asked for but what all of them need
    feature = _FEATURES.get((before.dialect, before.operation))
    terms = service.plans.plan(account.plan).terms(before.dialect)
    if feature is None or terms.has(feature):
        return
    having = service.plans.having(before.dialect, feature)
    raise Forbidden(
        f"What job {before.id} does is not part of the plan {terms.title}.",
        f"It is of {', '.join(having)}." if having else "No plan has it: ask who runs this service.",
    )


def _priced(service: Service, account: Account, before: Job) -> tuple[int, dict[str, Any]]:
    """What it costs, and its parameters, which say so where it has a price for each fix.

    It costs the same as before; nothing where the plan has no end of it; and what others pay by now where it was free.
    """
    plan = service.plans.plan(account.plan)
    if before.held and not plan.unlimited(before.currency):
        return before.held, before.params
    options, asked = (before.params.get(part, {}) for part in ("options", "request"))
    if "prices" not in options:
        return service.plans.cost(plan, before.dialect, before.operation, options.get("quality")), before.params
    prices = mending.prices(service, account, before.dialect, options["prices"])
    params = {**before.params, "options": {**options, "prices": prices}}
    if "estimate" in asked:
        params["request"] = {**asked, "estimate": mending.Estimate.of(prices).as_data()}
    return sum(prices.values()), params
