"""The remove-bg API: the conversations of its documentation, what it refuses, and whom it tells."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image
from sqlalchemy import select
from standardwebhooks import Webhook

from makeready.service import dialects
from makeready.service.tables import account as accounts
from service.dialects.conftest import Client, House
from service.dialects.customers import Mailbox, ball, curl, deliver, mailbox, opened, wall

REMOVALS, JOBS = "/api/v1/remove-bg", "/api/v1/jobs"
WHEN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
ANYWHERE = "http://127.0.0.1/photo.jpg"


@pytest.fixture
def client(house: House) -> Client:
    return house.client(dialect="remove-bg", credits=10)


@pytest.fixture
def visitor(front: House) -> Client:
    """A client of a service whose jobs nobody works on."""
    return front.client(dialect="remove-bg", credits=10)


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mailbox() as made:
        yield made


def credits(house: House, client: Client) -> int:
    return house.service.accounts.balances(client.account.id)["credits"]


def test_a_file_is_sent_and_its_job_polled(house: House, client: Client) -> None:
    answer = client.send(REMOVALS, files={"image_file": ("photo.jpg", ball())})
    assert answer.status_code == 202
    said = answer.json()
    assert list(said) == ["jobId", "status", "createdAt", "estimatedCompletionTime"]
    assert re.fullmatch(r"[A-Za-z0-9]+", said["jobId"])
    assert said["status"] == "processing"
    assert WHEN.fullmatch(said["createdAt"])
    assert re.fullmatch(r"\d+-\d+ seconds", said["estimatedCompletionTime"])
    job = client.ended(f"{JOBS}/{said['jobId']}")
    assert list(job) == ["jobId", "status", "outputUrl", "createdAt", "completedAt", "errorMessage"]
    assert (job["status"], job["errorMessage"]) == ("completed", None)
    assert WHEN.fullmatch(job["completedAt"])
    cut = opened(job["outputUrl"])
    assert (cut.format, cut.mode, cut.size) == ("PNG", "RGBA", (240, 180))
    assert cut.getpixel((120, 90))[3] == 255
    assert cut.getpixel((0, 0))[3] == 0
    assert credits(house, client) == 9


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_named_by_its_url(house: House, client: Client, format: str) -> None:
    url = house.offer(f"photo.{format.lower()}", ball(format))
    said = client.send(REMOVALS, data={"image_url": url}).json()
    assert opened(client.ended(f"{JOBS}/{said['jobId']}")["outputUrl"]).size == (240, 180)


def test_a_form_of_several_parts_may_name_a_url_too(client: Client, house: House) -> None:
    url = house.offer("photo.jpg", ball())
    said = client.send(REMOVALS, files={"image_url": (None, url)})
    assert said.status_code == 202
    assert client.ended(f"{JOBS}/{said.json()['jobId']}")["status"] == "completed"


def test_until_it_ends_a_job_is_processing(front: House, visitor: Client) -> None:
    said = visitor.send(REMOVALS, data={"image_url": ANYWHERE}).json()
    job = visitor.get(f"{JOBS}/{said['jobId']}").json()
    assert job == {
        "jobId": said["jobId"], "status": "processing", "outputUrl": None, "createdAt": said["createdAt"],
        "completedAt": None, "errorMessage": None,
    }  # fmt: skip
    assert credits(front, visitor) == 9


def test_what_fails_says_why_and_gives_its_credit_back(house: House, client: Client) -> None:
    said = client.send(REMOVALS, files={"image_file": ("wall.png", wall())}).json()
    job = client.ended(f"{JOBS}/{said['jobId']}")
    assert (job["status"], job["outputUrl"]) == ("failed", None)
    assert "subject" in job["errorMessage"]
    assert WHEN.fullmatch(job["completedAt"])
    assert credits(house, client) == 10
    entries = house.service.accounts.entries(client.account.id, "credits")
    assert [entry.kind for entry in entries if entry.job_id] == ["refund", "charge"]


PICTURE = {"image_file": ("photo.jpg", ball())}
REFUSED: dict[str, dict[str, Any]] = {
    "nothing": {},
    "both": {"files": PICTURE, "data": {"image_url": ANYWHERE}},
    "JSON": {"json": {"image_url": ANYWHERE}},
    "no URL": {"data": {"image_url": "photo.jpg"}},
    "a private address": {"data": {"image_url": "http://10.0.0.1/photo.jpg"}},
    "the cloud's own address": {"data": {"image_url": "http://169.254.169.254/latest/meta-data"}},
    "a file of ours": {"data": {"image_url": "file:///etc/passwd"}},
    "a webhook inside": {"data": {"image_url": ANYWHERE, "webhook_url": "http://192.168.0.1/hook"}},
    "a webhook that is none": {"data": {"image_url": ANYWHERE, "webhook_url": "hook"}},
    "a field that there is not": {"data": {"image_url": ANYWHERE, "webhook_ulr": ANYWHERE}},
    "text for a file": {"data": {"image_file": "photo.jpg"}},
    "two files": {"files": [("image_file", PICTURE["image_file"]), ("image_file", PICTURE["image_file"])]},
    "an empty file": {"files": {"image_file": ("photo.jpg", b"")}},
    "a PDF with the name of a picture": {"files": {"image_file": ("photo.jpg", b"%PDF-1.7\n%...")}},
    "a GIF": {"files": {"image_file": ("photo.png", ball("GIF"))}},
}


@pytest.mark.parametrize("given", REFUSED.values(), ids=REFUSED)
def test_all_that_is_wrong_with_a_request_is_400_and_costs_nothing(
    front: House, visitor: Client, given: dict[str, Any]
) -> None:
    answer = visitor.send(REMOVALS, **given)
    assert answer.status_code == 400, answer.text
    assert list(answer.json()) == ["error"]
    assert answer.json()["error"]
    assert credits(front, visitor) == 10
    assert front.service.jobs.listed(visitor.account.id) == []


def test_a_file_over_the_limit_is_refused_while_it_comes(front: House, visitor: Client) -> None:
    most = dialects.load("remove-bg").upload_bytes
    answer = visitor.send(REMOVALS, files={"image_file": ("photo.jpg", bytes(most + 1))})
    assert answer.status_code == 400
    assert "30 MB" in answer.json()["error"]
    assert credits(front, visitor) == 10


def test_an_empty_wallet_is_told(front: House) -> None:
    poor = front.client(dialect="remove-bg", credits=0)
    answer = poor.send(REMOVALS, data={"image_url": ANYWHERE})
    assert answer.status_code == 402
    assert answer.json()["error"].startswith("Insufficient credits: 1 needed, 0 left.")
    assert front.service.jobs.listed(poor.account.id) == []


def test_a_suspended_account_is_told(front: House, visitor: Client) -> None:
    front.service.accounts.suspend(visitor.account.email)
    for answer in (visitor.send(REMOVALS, data={"image_url": ANYWHERE}), visitor.get(f"{JOBS}/x")):
        assert answer.status_code == 403
        assert "suspended" in answer.json()["error"]


def test_what_is_not_there_has_the_same_shape(front: House, visitor: Client) -> None:
    removai = front.client(dialect="removai", plan="professional")
    other = front.client(dialect="remove-bg", credits=1)
    job = other.send(REMOVALS, data={"image_url": ANYWHERE}).json()["jobId"]
    begun = front.service.jobs.submit(visitor.account.id, dialect="removai", operation="remove_background", params={})
    for path in (f"{JOBS}/x", f"{JOBS}/{job}", f"{JOBS}/{begun.id}", JOBS, "/api/v1", "/api/v1/remove-bg/x"):
        answer = visitor.get(path)
        assert answer.status_code == 404, path
        assert list(answer.json()) == ["error"]
    assert removai.get(f"/v1/images/{job}").status_code == 404


def test_credits_are_those_of_print_ready(front: House, visitor: Client) -> None:
    assert visitor.send(REMOVALS, data={"image_url": ANYWHERE}).status_code == 202
    assert front.service.plans.currency("remove-bg") == front.service.plans.currency("print-ready") == "credits"
    assert front.service.accounts.usage(visitor.account, "credits").used == 1


# Webhooks -------------------------------------------------------------------------------------------------------------


def told(house: House, client: Client, box: Mailbox, picture: bytes) -> tuple[dict[str, str], dict[str, Any]]:
    """The one letter about a picture, if its signature is right."""
    given = {"webhook_url": box.url}
    job_id = client.send(REMOVALS, data=given, files={"image_file": ("photo.png", picture)}).json()["jobId"]
    client.ended(f"{JOBS}/{job_id}")
    deliver(house.service)
    headers, body = box.letters[-1]
    with house.service.database.reading() as connection:
        secret = connection.execute(
            select(accounts.c.webhook_secret).where(accounts.c.id == client.account.id)
        ).scalar_one()
    letter: dict[str, Any] = Webhook(secret).verify(body, headers)
    assert letter["jobId"] == job_id
    return headers, letter


def test_a_webhook_tells_of_success(house: House, client: Client, box: Mailbox) -> None:
    _, letter = told(house, client, box, ball("PNG"))
    assert list(letter) == ["jobId", "status", "outputUrl", "completedAt"]
    assert letter["status"] == "completed"
    assert WHEN.fullmatch(letter["completedAt"])
    assert opened(letter["outputUrl"]).size == (240, 180)
    assert len(box.letters) == 1


def test_a_webhook_tells_of_failure(house: House, client: Client, box: Mailbox) -> None:
    _, letter = told(house, client, box, wall())
    assert list(letter) == ["jobId", "status", "errorMessage", "completedAt"]
    assert letter["status"] == "failed"
    assert "subject" in letter["errorMessage"]


def test_a_webhook_that_is_not_taken_is_sent_again(house: House, client: Client, box: Mailbox) -> None:
    box.answers = [500]
    first, letter = told(house, client, box, ball("PNG"))
    assert len(box.letters) == 1
    deliver(house.service)
    assert len(box.letters) == 2
    headers, body = box.letters[1]
    assert headers["webhook-id"] == first["webhook-id"]
    assert json.loads(body) == letter
    deliver(house.service)
    assert len(box.letters) == 2


# The documentation's examples -----------------------------------------------------------------------------------------

COMMANDS = r"""
curl -X POST /api/v1/remove-bg \
-H "Authorization: Bearer YOUR_API_KEY" \
-F "image_file=@/path/to/image.jpg"

curl -X POST /api/v1/remove-bg \
-H "Authorization: Bearer sk_live_..." \
-F "image_file=@photo.jpg"

curl -X POST /api/v1/remove-bg \
-H "Authorization: Bearer sk_live_..." \
-d "image_url=https://example.com/photo.jpg"
"""
POLL = r"""
curl /api/v1/jobs/RETURNED_JOB_ID \
-H "Authorization: Bearer YOUR_API_KEY"
"""


def test_the_printed_commands_work(house: House, client: Client, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(ball())
    house.offer("photo.jpg", ball())
    names = {
        " /api": f" {house.base}/api", "YOUR_API_KEY": client.key, "sk_live_...": client.key,
        "/path/to/image.jpg": str(tmp_path / "photo.jpg"), "https://example.com": house.shop,
    }  # fmt: skip
    for command in COMMANDS.strip().split("\n\n"):
        status, body = curl(command, names, tmp_path)
        assert status == 202, body
        job_id = json.loads(body)["jobId"]
        client.ended(f"{JOBS}/{job_id}")
        status, body = curl(POLL.strip(), names | {"RETURNED_JOB_ID": job_id}, tmp_path)
        assert status == 200
        output = json.loads(body)["outputUrl"]
        status, _ = curl('curl -O "OUTPUT_URL_FROM_RESPONSE"', {"OUTPUT_URL_FROM_RESPONSE": output}, tmp_path)
        assert status == 200
        with Image.open(tmp_path / "photo-cutout.png") as cut:
            assert cut.mode == "RGBA"
        (tmp_path / "photo-cutout.png").unlink()


def test_a_program_with_requests_works(house: House, client: Client, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(ball())
    headers = {"Authorization": f"Bearer {client.key}"}
    with (tmp_path / "photo.jpg").open("rb") as file:
        response = requests.post(
            f"{house.base}/api/v1/remove-bg", headers=headers, files={"image_file": file}, timeout=60
        )
    assert response.status_code == 202
    job_id = response.json()["jobId"]
    client.ended(f"{JOBS}/{job_id}")
    job = requests.get(f"{house.base}/api/v1/jobs/{job_id}", headers=headers, timeout=60).json()
    assert requests.get(job["outputUrl"], timeout=60).headers["Content-Type"] == "image/png"


def test_every_route_is_described(visitor: Client) -> None:
    document = visitor.document
    assert {(method, path) for path, methods in document["paths"].items() for method in methods} == {
        ("post", "/api/v1/remove-bg"), ("get", "/api/v1/jobs/{jobId}"),
    }  # fmt: skip
    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    assert "HTTPValidationError" not in document["components"]["schemas"]
    for methods in document["paths"].values():
        for told in methods.values():
            assert told["summary"]
            assert told["description"]
            assert {"400", "401", "403", "429", "500"} <= told["responses"].keys()
    content = document["paths"]["/api/v1/remove-bg"]["post"]["requestBody"]["content"]
    assert set(content) == {"multipart/form-data", "application/x-www-form-urlencoded"}
