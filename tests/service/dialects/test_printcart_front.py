"""The printcart API as far as no worker is needed: what is asked, what is refused, and that refusals cost nothing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from makeready.service import tables
from service.dialects.conftest import Client, House, housed

SCORE = {
    "widthPx": 4000,
    "heightPx": 3000,
    "canvasWidthInches": 30,
    "canvasHeightInches": 20,
    "productType": "photo_on_canvas",
}
SCORES, REMOVALS = "/v1/services/preflight/dpi-score", "/v1/services/bg-remove"
CHECKS, FIXES = "/v1/services/preflight/checks", "/v1/services/preflight/ai-jobs"


@pytest.fixture
def client(front: House) -> Client:
    return front.client()


def test_the_score_is_the_printed_one(client: Client) -> None:
    answer = client.post(SCORES, SCORE)
    assert answer.status_code == 200
    assert answer.json() == {
        "data": {
            "stars": 4, "label": "Good", "effectivePpi": 133, "minPpi": 100, "productType": "photo_on_canvas"
        }
    }  # fmt: skip
    assert answer.headers["X-Request-Id"]


@pytest.mark.parametrize(
    "product", ["photo_on_canvas", "poster", "wallpaper", "framed_print", "wrapping_paper", "stock_canvas"]
)
def test_every_product_has_a_score(client: Client, product: str) -> None:
    said = client.post(SCORES, SCORE | {"productType": product}).json()["data"]
    assert said["productType"] == product
    assert said["minPpi"] > 0
    assert 1 <= said["stars"] <= 5


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("widthPx", 0), ("widthPx", -1), ("widthPx", 4000.5), ("widthPx", "4000"), ("widthPx", True),
        ("widthPx", None), ("widthPx", 10**400), ("heightPx", 0), ("canvasWidthInches", 0), ("canvasWidthInches", -3),
        ("canvasHeightInches", 1e9), ("canvasHeightInches", "20"), ("productType", "mug"), ("productType", None),
        ("colour", "red"),
    ],
)  # fmt: skip
def test_numbers_have_bounds(client: Client, field: str, value: Any) -> None:
    answer = client.post(SCORES, SCORE | {field: value})
    assert answer.status_code in (400, 422)
    said = answer.json()
    assert said["message"]
    if answer.status_code == 422:
        assert said["error"] == "VALIDATION_ERROR"
        assert list(said["fields"]) == [field]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_what_is_no_number_is_refused(client: Client, number: str) -> None:
    text = '{"widthPx": 4000, "heightPx": 3000, "canvasWidthInches": %s, "canvasHeightInches": 20}' % number  # noqa: UP031
    answer = client.http.post(SCORES, content=text, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error"] == "BAD_REQUEST"


def test_a_misspelt_field_is_named_with_the_right_one(client: Client) -> None:
    answer = client.post(REMOVALS, {"image_url": "https://example.com/a.jpg", "edge_softnes": 3})
    assert answer.status_code == 422
    assert "edge_softness" in answer.json()["fields"]["edge_softnes"][0]


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '"x"', "\xff", '{"\\ud800": 1}', "[" * 5000])
def test_what_is_no_request_is_refused_in_words(client: Client, body: str) -> None:
    for path in (SCORES, REMOVALS, CHECKS, FIXES):
        answer = client.http.post(path, content=body.encode("latin-1"), headers={"Content-Type": "application/json"})
        assert answer.status_code in (400, 422), answer.text
        assert set(answer.json()) <= {"error", "message", "fields"}


def test_there_is_no_way_in_without_a_key(front: House) -> None:
    stranger = front.http()
    for method, path in [("POST", SCORES), ("POST", REMOVALS), ("GET", f"{REMOVALS}/x"), ("GET", CHECKS)]:
        answer = stranger.request(method, path)
        assert answer.status_code == 401
        assert answer.json()["error"] == "UNAUTHORIZED"
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_token_opens_too(front: House, client: Client) -> None:
    token = front.service.accounts.token(client.account)
    assert front.http(Authorization=f"Bearer {token}").post(SCORES, json=SCORE).status_code == 200


def test_a_removal_is_charged_when_it_is_created(client: Client) -> None:
    answer = client.post(REMOVALS, {"image_url": "http://127.0.0.1/photo.jpg", "subject_type": "product"})
    assert answer.status_code == 202
    said = answer.json()
    assert list(said) == [
        "job_id", "status", "output_url", "tokens_deducted", "wallet_transaction_id", "provider", "created_at"
    ]  # fmt: skip
    assert said["status"] == "processing"
    assert said["output_url"] is None
    assert said["tokens_deducted"] == 150
    assert re.fullmatch(r"TX-\d{5,}", said["wallet_transaction_id"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", said["created_at"])
    assert client.balance() == 850
    job = client.get(f"{REMOVALS}/{said['job_id']}").json()
    assert list(job) == [
        "job_id", "status", "subject_type", "edge_softness", "high_detail_mode", "output_background", "output_url",
        "tokens_deducted", "wallet_transaction_id", "created_at", "completed_at", "error_message",
    ]  # fmt: skip
    assert job["status"] == "pending"
    assert (job["subject_type"], job["edge_softness"], job["high_detail_mode"]) == ("product", 3, False)
    assert job["output_background"] == "transparent"
    newest = client.get("/v1/services/wallet/transactions").json()["data"][0]
    assert (newest["transactionId"], newest["amount"], newest["balanceAfter"], newest["jobId"]) == (
        said["wallet_transaction_id"], -150, 850, said["job_id"]
    )  # fmt: skip


def test_an_empty_wallet_is_told_as_printed(front: House) -> None:
    poor = front.client(tokens=50)
    answer = poor.post(REMOVALS, {"image_url": "http://127.0.0.1/photo.jpg"})
    assert answer.status_code == 402
    assert answer.json() == {
        "error": "INSUFFICIENT_TOKENS",
        "balance": 50,
        "shortfall": 100,
        "top_up_url": "https://app.printcart.com/payment?tab=buy",
    }
    assert poor.balance() == 50


@pytest.mark.parametrize(
    "more",
    [
        {"image_url": "http://10.0.0.1/a.jpg"}, {"image_url": "file:///etc/passwd"}, {"image_url": "ftp://a/b"},
        {"image_url": ""}, {"image_url": "photo.jpg"}, {"image_url": None}, {"image_url": "http://169.254.169.254/x"},
        {"subject_type": "dog"}, {"edge_softness": 11}, {"edge_softness": -1}, {"edge_softness": 2.5},
        {"high_detail_mode": "yes"}, {"output_background": "black"}, {"image_url": "https://" + "a" * 5000},
    ],
)  # fmt: skip
def test_what_is_refused_costs_nothing(client: Client, more: dict[str, Any]) -> None:
    answer = client.post(REMOVALS, {"image_url": "http://127.0.0.1/photo.jpg"} | more)
    assert answer.status_code == 422
    assert list(answer.json()["fields"]) == list(more)
    assert client.balance() == 1000


def test_a_model_that_is_not_installed_is_told_before_anything_is_taken(
    client: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MAKEREADY_MODEL_DIR", str(tmp_path))
    monkeypatch.setenv("MAKEREADY_CACHE", str(tmp_path))
    answer = client.post(REMOVALS, {"image_url": "http://127.0.0.1/photo.jpg"})
    assert answer.status_code == 503
    assert answer.json()["error"] == "MODEL_NOT_INSTALLED"
    assert "makeready models install" in answer.json()["message"]
    assert client.balance() == 1000
    assert client.post(REMOVALS, {"image_url": "http://127.0.0.1/a.jpg", "subject_type": "logo"}).status_code == 202


def test_a_repeat_under_one_key_is_paid_once(client: Client) -> None:
    body, key = {"image_url": "http://127.0.0.1/photo.jpg"}, {"Idempotency-Key": "order-1"}
    first, second = (client.post(REMOVALS, body, headers=key) for _ in range(2))
    assert first.json() == second.json()
    assert client.balance() == 850
    other = client.post(REMOVALS, body | {"edge_softness": 9}, headers=key)
    assert other.status_code in (409, 422)
    assert client.balance() == 850


def test_a_repeat_after_an_answer_that_was_lost_finds_the_job(front: House, client: Client) -> None:
    body, key = {"image_url": "http://127.0.0.1/photo.jpg"}, {"Idempotency-Key": "order-2"}
    first = client.post(REMOVALS, body, headers=key).json()
    with front.service.database.writing() as connection:  # as if the process had died before it remembered its answer
        connection.execute(delete(tables.idempotency_key).where(tables.idempotency_key.c.key == "order-2"))
    assert client.post(REMOVALS, body, headers=key).json() == first
    assert client.balance() == 850


def test_a_suspended_account_and_a_revoked_key_stop_at_once(front: House, client: Client) -> None:
    front.service.accounts.suspend(client.account.email)
    answer = client.post(SCORES, SCORE)
    assert (answer.status_code, answer.json()["error"]) == (403, "ACCOUNT_SUSPENDED")
    front.service.accounts.activate(client.account.email)
    assert client.post(SCORES, SCORE).status_code == 200
    for key in front.service.accounts.keys(client.account.id):
        front.service.accounts.revoke(key.id)
    assert client.post(SCORES, SCORE).status_code == 401


def test_too_many_requests_are_told_when_to_come_again(models: None, tmp_path: Path) -> None:
    with housed(tmp_path, works=False, limits_requests="3/minute") as house:
        client = house.client()
        statuses = [client.post(SCORES, SCORE).status_code for _ in range(4)]
        assert statuses == [200, 200, 200, 429]
        answer = client.post(REMOVALS, {"image_url": "http://127.0.0.1/photo.jpg"})
        assert (answer.status_code, answer.json()["error"]) == (429, "RATE_LIMITED")
        assert int(answer.headers["Retry-After"]) >= 1
        assert house.service.accounts.balances(client.account.id)["tokens"] == 1000


def test_a_full_queue_refuses_and_takes_nothing(models: None, tmp_path: Path) -> None:
    with housed(tmp_path, works=False, limits_queue=1) as house:
        client = house.client()
        body = {"image_url": "http://127.0.0.1/photo.jpg"}
        assert client.post(REMOVALS, body).status_code == 202
        answer = client.post(REMOVALS, body)
        assert (answer.status_code, answer.json()["error"]) == (429, "QUEUE_FULL")
        assert answer.headers["Retry-After"]
        assert client.balance() == 850


def test_what_belongs_to_another_account_is_not_there(front: House, client: Client) -> None:
    job = client.post(REMOVALS, {"image_url": "http://127.0.0.1/photo.jpg"}).json()["job_id"]
    other = front.client()
    answer = other.get(f"{REMOVALS}/{job}")
    assert answer.status_code == 404
    assert answer.json()["error"] == "NOT_FOUND"
    assert client.get(f"{FIXES}/{job}").status_code == 404  # it is ours, and no fix
    for path in (f"{REMOVALS}/x", f"{REMOVALS}/a%20b", f"{CHECKS}/x", f"{FIXES}/x", "/v1/services", "/v1/services/x"):
        assert client.get(path).status_code == 404


def test_pages_of_the_wallet_follow_each_other(client: Client) -> None:
    for _ in range(4):
        assert client.post(REMOVALS, {"image_url": "http://127.0.0.1/photo.jpg"}).status_code == 202
    seen, cursor = [], None
    while True:
        page = client.get(
            "/v1/services/wallet/transactions", params={"limit": 2} | ({"cursor": cursor} if cursor else {})
        ).json()
        seen += page["data"]
        if (cursor := page["nextCursor"]) is None:
            break
        assert len(page["data"]) == 2
    assert [entry["type"] for entry in seen] == ["charge"] * 4 + ["grant"]
    assert [entry["balanceAfter"] for entry in seen] == [400, 550, 700, 850, 1000]
    assert client.get("/v1/services/wallet/transactions", params={"cursor": "x"}).status_code == 422


def test_lists_refuse_what_is_no_page(client: Client) -> None:
    for query in ("limit=0", "limit=101", "limit=x", "cursor=x", "cursor=W05hTiwiYSJd", "cursor=WzFlOTk5LCAiYSJd"):
        assert client.get(f"{CHECKS}?{query}").status_code == 422, query
    assert client.get(CHECKS).json() == {"data": [], "nextCursor": None}


def test_checks_are_refused_before_they_are_begun(front: House, client: Client) -> None:
    good = {"designId": "d", "fileUrl": "http://127.0.0.1/a.pdf"}
    for more in (
        {"designId": ""}, {"designId": "x" * 201}, {"fileUrl": "http://192.168.1.1/a"}, {"fileType": "docx"},
        {"canvasWidthInches": 10}, {"canvasHeightInches": 10}, {"productType": "mug"},
        {"productProfile": {"requiredDpi": 0}}, {"productProfile": {"bleedMm": -1}},
        {"productProfile": {"requiredColorMode": "hexachrome"}}, {"productProfile": {"dpi": 300}},
    ):  # fmt: skip
        answer = client.post(CHECKS, good | more)
        assert answer.status_code == 422, more
    assert front.service.jobs.listed(client.account.id, limit=10) == []
