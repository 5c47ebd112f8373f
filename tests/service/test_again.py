"""A job begun again: once, for the same price, and never one that goes on or is done."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from makeready.service import again, clock, tables
from makeready.service.core import Account, Job, Service, Settings
from makeready.service.database import Database
from makeready.service.errors import (
    Conflict,
    FetchRefused,
    Forbidden,
    InsufficientFunds,
    NotFound,
    ServiceError,
    Unavailable,
)
from service.jobs_helping import Books

NOTHING: dict[str, Any] = {"inputs": {}, "options": {}}


def only(tokens: int) -> dict[str, int]:
    """Wallets with nothing else in them."""
    return {"tokens": tokens, "credits": 0, "images": 0}


@pytest.fixture
def service(database: Database, database_url: str, tmp_path: Path) -> Iterator[Service]:
    made = Service.open(Settings(data=tmp_path, database_url=database_url, testing=True), migrate=False)
    yield made
    made.close()


@pytest.fixture
def jane(service: Service) -> Account:
    return service.accounts.create("jane@example.com", plan="professional", grants=only(400))[0]


def failed(service: Service, account: Account, ends: str = "failed", **given: Any) -> Job:
    """A job of 150 tokens that came to nothing."""
    order = {"operation": "empty", "params": NOTHING, "amount": 150, "dialect": "printcart", "job_id": None} | given
    job = service.jobs.submit(account.id, **order)
    if ends == "cancelled":
        return service.jobs.cancel(account.id, job.id)
    claim = service.queue.claim("worker", ["cpu"])
    assert claim is not None
    if ends == "rejected":
        assert service.queue.settle(claim, state="awaiting_approval", result={})
        return service.jobs.reject(account.id, job.id)
    assert service.queue.settle(claim, state=ends, error=("NO", "It did not work.") if ends == "failed" else None)
    return service.jobs.get(account.id, job.id)


def file(service: Service, account: Account, seconds: float | None) -> str:
    expires = None if seconds is None else clock.now() + seconds
    values = {"id": "file_" + "a" * 21, "account_id": account.id, "key": "k", "name": "a.png", "bytes": 1}
    values |= {"sha256": "0", "media_type": "image/png"}
    with service.database.writing() as connection:
        connection.execute(insert(tables.file).values(**values, created_at=clock.now(), expires_at=expires))
    return str(values["id"])


@pytest.mark.parametrize("ends", ["failed", "cancelled", "rejected"])
def test_what_came_to_nothing_is_begun_again_for_the_same_price(service: Service, jane: Account, ends: str) -> None:
    params = {"inputs": {}, "options": {"n": 1}, "request": {"what": "the client asked"}}
    before = failed(service, jane, ends, params=params, webhook_url="https://example.com/hook")
    assert Books.of(service.database).balances[jane.id] == 400
    job = again.begin(service, jane, before.id)
    same = ("operation", "params", "dialect", "currency", "held", "webhook_url")
    assert [getattr(job, name) for name in same] == [getattr(before, name) for name in same]
    assert (job.state, job.attempt, job.error_code) == ("pending", 0, None)
    assert job.id != before.id
    books = Books.of(service.database)
    assert books.balances[jane.id] == 250
    assert books.ledger[job.id] == {"charge": -150}
    assert books.ledger[before.id] == {"charge": -150, "refund": 150}


def test_a_double_click_begins_one_job_and_takes_its_price_once(service: Service, jane: Account) -> None:
    before = failed(service, jane)
    ready = threading.Barrier(6)

    def click(_: int) -> str:
        ready.wait()
        return again.begin(service, jane, before.id).id

    with ThreadPoolExecutor(6) as threads:
        made = set(threads.map(click, range(6)))
    assert len(made) == 1
    books = Books.of(service.database)
    assert len(books.jobs) == 2
    assert books.balances[jane.id] == 250
    books.balanced()


def test_a_double_click_with_the_last_money_is_one_job_and_no_refusal(service: Service) -> None:
    john = service.accounts.create("john@example.com", grants=only(150))[0]
    before = failed(service, john)
    ready = threading.Barrier(4)

    def click(_: int) -> str:
        ready.wait()
        return again.begin(service, john, before.id).id

    with ThreadPoolExecutor(4) as threads:
        assert len(set(threads.map(click, range(4)))) == 1
    assert Books.of(service.database).balances[john.id] == 0


def test_the_second_one_may_be_begun_again_too(service: Service, jane: Account) -> None:
    first = failed(service, jane)
    second = again.begin(service, jane, first.id)
    service.jobs.cancel(jane.id, second.id)
    third = again.begin(service, jane, second.id)
    assert len({first.id, second.id, third.id}) == 3
    assert again.begin(service, jane, first.id).id == second.id
    service.jobs.delete(jane.id, second.id)
    with pytest.raises(Conflict, match="deleted"):
        again.begin(service, jane, first.id)
    assert Books.of(service.database).balances[jane.id] == 250


def pending(service: Service, jane: Account) -> Job:
    return service.jobs.submit(jane.id, dialect="printcart", operation="empty", params=NOTHING, amount=150)


def running(service: Service, jane: Account) -> Job:
    job = pending(service, jane)
    assert service.queue.claim("worker", ["cpu"]) is not None
    return job


def waiting(service: Service, jane: Account) -> Job:
    job = pending(service, jane)
    claim = service.queue.claim("worker", ["cpu"])
    assert claim is not None
    assert service.queue.settle(claim, state="awaiting_approval", result={})
    return job


def done(service: Service, jane: Account) -> Job:
    return failed(service, jane, "completed")


@pytest.mark.parametrize("made", [pending, running, waiting, done])
def test_what_goes_on_or_is_done_is_not_begun_again(
    service: Service, jane: Account, made: Callable[[Service, Account], Job]
) -> None:
    job = made(service, jane)
    with pytest.raises(Conflict):
        again.begin(service, jane, job.id)
    assert len(Books.of(service.database).jobs) == 1


def test_others_and_deleted_jobs_are_not_there(service: Service, jane: Account) -> None:
    job = failed(service, jane)
    john = service.accounts.create("john@example.com", grants=only(400))[0]
    with pytest.raises(NotFound):
        again.begin(service, john, job.id)
    service.jobs.delete(jane.id, job.id)
    with pytest.raises(NotFound):
        again.begin(service, jane, job.id)
    assert Books.of(service.database).balances[john.id] == 400


@pytest.mark.parametrize(("kept", "goes"), [(None, True), (3600.0, True), (-1.0, False)])
def test_it_needs_its_file(service: Service, jane: Account, kept: float | None, goes: bool) -> None:
    given = {"inputs": {"image": {"file": file(service, jane, kept)}}, "options": {}}
    before = failed(service, jane, params=given)
    if goes:
        assert again.begin(service, jane, before.id).params == given
        return
    with pytest.raises(Conflict, match="no longer kept"):
        again.begin(service, jane, before.id)
    assert Books.of(service.database).balances[jane.id] == 400


def test_a_file_that_was_swept_is_gone(service: Service, jane: Account) -> None:
    before = failed(service, jane, params={"inputs": {"image": {"file": "file_" + "z" * 21}}, "options": {}})
    with pytest.raises(Conflict, match="no longer kept"):
        again.begin(service, jane, before.id)
    assert Books.of(service.database).balances[jane.id] == 400


def test_what_may_not_be_fetched_any_more_is_refused_before_it_costs(service: Service, jane: Account) -> None:
    before = failed(service, jane, params={"inputs": {"image": {"url": "http://127.0.0.1/a.png"}}, "options": {}})
    with pytest.raises(FetchRefused):
        again.begin(service, jane, before.id)
    assert Books.of(service.database).balances[jane.id] == 400


def test_a_model_that_is_missing_is_told_before_it_costs(service: Service, jane: Account) -> None:
    tried = (("remove_background", {}), ("fix", {"prices": {"remove_background": 150}}))
    before = [
        failed(service, jane, operation=name, params={"inputs": {}, "options": options}) for name, options in tried
    ]
    worker = {
        "id": "w",
        "host": "h",
        "pid": 1,
        "queues": ["cpu"],
        "slots": 1,
        "lacks": {"segment:isnet": "Install it."},
    }
    with service.database.writing() as connection:
        connection.execute(insert(tables.worker).values(**worker, started_at=clock.now(), seen_at=clock.now()))
    for job in before:
        with pytest.raises(Unavailable, match="Install it"):
            again.begin(service, jane, job.id)
    assert Books.of(service.database).balances[jane.id] == 400


def test_an_empty_wallet_begins_nothing(service: Service, jane: Account) -> None:
    before = failed(service, jane)
    service.jobs.submit(jane.id, dialect="printcart", operation="empty", params=NOTHING, amount=400)
    with pytest.raises(InsufficientFunds):
        again.begin(service, jane, before.id)
    assert len(Books.of(service.database).jobs) == 2


def test_a_fix_holds_its_price_again_and_begins_at_its_beginning(service: Service, jane: Account) -> None:
    options = {"prices": {"add_bleed": 120}}
    before = failed(
        service, jane, "rejected", operation="fix", params={"inputs": {}, "options": options}, amount=120,
        kind="hold", stage="analyzing",
    )  # fmt: skip
    job = again.begin(service, jane, before.id)
    assert (job.stage, job.held) == ("analyzing", 120)
    assert Books.of(service.database).ledger[job.id] == {"hold": -120}


def test_without_end_it_is_free_and_no_longer_when_that_has_ended(service: Service) -> None:
    mary = service.accounts.create("mary@example.com", plan="enterprise-1k")[0]
    drawn = {"inputs": {}, "options": {"subject_type": "logo"}}  # which needs no model
    order = {"dialect": "removai", "operation": "remove_background", "currency": "images", "params": drawn, "amount": 0}
    first, second = (failed(service, mary, "cancelled", **order) for _ in range(2))
    assert again.begin(service, mary, first.id).held == 0
    mary = service.accounts.move("mary@example.com", "professional")
    assert again.begin(service, mary, second.id).held == 1


@pytest.fixture
def lavish(database: Database, database_url: str, tmp_path: Path) -> Iterator[Service]:
    """A service whose enterprise plans have no end of tokens, either."""
    file = tmp_path / "plans.toml"
    file.write_text('[plans.enterprise-1k.allowances]\ntokens = "unlimited"\n')
    settings = Settings(data=tmp_path, database_url=database_url, testing=True, plans_file=file)
    made = Service.open(settings, migrate=False)
    yield made
    made.close()


def fixing(price: int) -> dict[str, Any]:
    """A job that adds a bleed, as the dashboard begins it."""
    asked = {"fixTypes": ["add_bleed"], "estimate": {"min": price, "max": price}}
    params = {"inputs": {}, "options": {"prices": {"add_bleed": price}}, "request": asked}
    order = {"dialect": "dashboard", "operation": "fix", "params": params, "amount": price}
    return order | {"kind": "hold", "stage": "analyzing"}


def test_a_fix_that_was_free_costs_what_others_pay_once_that_has_ended(lavish: Service) -> None:
    mary = lavish.accounts.create("mary@example.com", plan="enterprise-1k", grants=only(130))[0]
    before = failed(lavish, mary, "rejected", **fixing(0))
    mary = lavish.accounts.move("mary@example.com", "professional")
    job = again.begin(lavish, mary, before.id)
    assert job.held == 120
    # What it costs in the end is told by these, and what its owner is shown by those.
    assert job.params["options"] == {"prices": {"add_bleed": 120}}
    assert job.params["request"] == {"fixTypes": ["add_bleed"], "estimate": {"min": 120, "max": 120}}
    assert lavish.accounts.balances(mary.id)["tokens"] == 10


def test_a_fix_that_was_paid_is_free_without_end_and_costs_no_more_than_is_held(lavish: Service) -> None:
    mary = lavish.accounts.create("mary@example.com", grants=only(130))[0]
    before = failed(lavish, mary, "rejected", **fixing(120))
    mary = lavish.accounts.move("mary@example.com", "enterprise-1k")
    job = again.begin(lavish, mary, before.id)
    assert (job.held, job.params["options"]) == (0, {"prices": {"add_bleed": 0}})


@pytest.mark.parametrize(
    ("dialect", "operation", "moved"),
    [("photoroom", "edit", "free"), ("print-ready", "upscale", "free"), ("photoroom", "edit", "starter")],
)
def test_what_the_plan_has_no_more_is_refused_before_it_costs(
    service: Service, dialect: str, operation: str, moved: str
) -> None:
    mary = service.accounts.create("mary@example.com", plan="professional")[0]
    options = {"edits": []} if operation == "edit" else {"scale": 2}
    order = {"dialect": dialect, "operation": operation, "params": {"inputs": {}, "options": options}}
    before = failed(service, mary, "cancelled", **order, currency=service.plans.currency(dialect), amount=1)
    balances = service.accounts.balances(mary.id)
    mary = service.accounts.move("mary@example.com", moved)
    if moved == "starter":  # which has it
        assert again.begin(service, mary, before.id).held == 1
        return
    with pytest.raises(Forbidden, match="not part of the"):
        again.begin(service, mary, before.id)
    assert service.accounts.balances(mary.id) == balances


def test_operations_that_are_gone_are_refused(service: Service, jane: Account) -> None:
    before = failed(service, jane)
    with service.database.writing() as connection:
        connection.execute(update(tables.job).values(operation="forgotten"))
    with pytest.raises(ServiceError) as refused:
        again.begin(service, jane, before.id)
    assert refused.value.http_status == 404
    with service.database.reading() as connection:
        assert len(connection.execute(select(tables.job)).all()) == 1
