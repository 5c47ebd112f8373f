"""What webhooks say: each API its own words, of one job or of a whole batch, with links that work."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from makeready.service import jobs, states, tables
from makeready.service.core import Account, Job, Order, Service
from makeready.service.settings import Settings

PARAMS = {
    "inputs": {"image": {"url": "http://127.0.0.1/a.jpg"}},
    "request": {"output_size": "original", "output_format": "png"},
}
URL = "http://127.0.0.1/told"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = Service.open(Settings.load(data=tmp_path, public_url="http://makeready.test"))
    yield made
    made.close()


@pytest.fixture
def account(service: Service) -> Account:
    return service.accounts.create("jane@example.com", plan="enterprise-3k")[0]


def ended(service: Service, job: Job, state: str = states.COMPLETED, announce: Any = None) -> str | None:
    """The text that is written when a job ends, if one is."""
    with service.database.writing() as connection:
        connection.execute(tables.job.update().where(tables.job.c.id == job.id).values(state=states.PROCESSING))
        going = jobs.found(connection, tables.job.c.id == job.id, lock=True)
        assert going is not None
        result = None
        if state == states.COMPLETED:
            path = service.settings.data / "a.png"
            path.write_bytes(b"picture")
            file = service.files.keep(path, account_id=job.account_id, name="a.png", media_type="image/png")
            service.files.add(connection, file)
            result = {"files": {"image": file.id}}
        error = None if result else ("NO_SUBJECT", "No subject was found.")
        jobs.end(connection, going, state, result=result, error=error, announce=announce or service.jobs._announce)
        text: str | None = connection.execute(
            select(tables.delivery.c.body).where(tables.delivery.c.job_id == job.id)
        ).scalar()
    return text


def begun(service: Service, account: Account, dialect: str) -> Job:
    return service.jobs.submit(
        account.id, dialect=dialect, operation="remove_background", params=PARAMS, webhook_url=URL
    )


def test_a_job_is_told_in_the_words_of_its_api(service: Service, account: Account) -> None:
    said = json.loads(ended(service, begun(service, account, "remove-bg")) or "")
    assert list(said) == ["jobId", "status", "outputUrl", "completedAt"]
    said = json.loads(ended(service, begun(service, account, "removai")) or "")
    assert list(said) == ["success", "data"]


def test_its_links_lead_to_what_came_out_in_the_same_transaction(service: Service, account: Account) -> None:
    link = json.loads(ended(service, begun(service, account, "remove-bg")) or "")["outputUrl"]
    id, name, expires, signature = link.replace("?expires=", "/").replace("&signature=", "/").split("/")[-4:]
    assert service.files.resolve(id, expires, signature).name == name == "a.png"


def test_an_api_without_words_of_its_own_is_told_in_the_service_s(service: Service, account: Account) -> None:
    said = json.loads(ended(service, begun(service, account, "printcart"), states.FAILED) or "")
    assert (said["type"], said["data"]["error"]["code"]) == ("job.failed", "NO_SUBJECT")


def test_an_api_that_was_switched_off_is_told_in_the_service_s_words(tmp_path: Path) -> None:
    service = Service.open(Settings.load(data=tmp_path, dialects="printcart"))
    try:
        account = service.accounts.create("jane@example.com", plan="enterprise-3k")[0]
        assert json.loads(ended(service, begun(service, account, "remove-bg")) or "")["type"] == "job.completed"
    finally:
        service.close()


def test_of_a_batch_only_the_last_job_is_told_with_all_of_them(service: Service, account: Account) -> None:
    orders = [Order("remove_background", PARAMS, "images") for _ in range(3)]
    batch, made = service.batches.submit(account.id, orders, dialect="removai", details={"webhook_url": URL})
    assert ended(service, made[1]) is None
    assert ended(service, made[0], states.FAILED) is None
    said = json.loads(ended(service, made[2]) or "")["data"]
    assert said["batch_id"] == batch.id
    assert [image["status"] for image in said["images"]] == ["failed", "completed", "completed"]
    assert [image["id"] for image in said["images"]] == [job.id for job in made]
    assert "output_url" not in said["images"][0]
    assert said["images"][1]["output_url"].startswith("http://makeready.test/files/")
