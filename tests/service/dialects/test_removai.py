"""The removai API: single pictures, batches, the gallery, limits, and the examples of its documentation."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import func, select

from makeready.service import dialects
from makeready.service.app import create_app
from makeready.service.tables import delivery
from service.dialects.conftest import Client, House, housed
from service.dialects.customers import Mailbox, ball, curl, deliver, mailbox, opened, wall
from service.speaking import Client as InProcess

REMOVE = "/v1/remove-background"
URL, FILE, BATCH, IMAGES = f"{REMOVE}/url", f"{REMOVE}/file", f"{REMOVE}/batch", "/v1/images"
WHEN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
ANYWHERE = "http://127.0.0.1/image.jpg"
PICTURE = {"file": ("photo.jpg", ball())}


@pytest.fixture
def client(house: House) -> Client:
    return house.client(dialect="removai", plan="professional", images=20)


@pytest.fixture(scope="module")
def desk(models: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A service whose jobs nobody works on, and whose requests do not wait for them."""
    with housed(tmp_path_factory.mktemp("desk"), works=False, limits_request_seconds=0.1) as made:
        yield made


@pytest.fixture
def visitor(desk: House) -> Client:
    return desk.client(dialect="removai", plan="professional", images=20)


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mailbox() as made:
        yield made


def left(house: House, client: Client) -> int:
    return house.service.accounts.balances(client.account.id)["images"]


def refused(answer: Any, status: int, code: str) -> str:
    """The message of a refusal, if it has the API's shape."""
    assert answer.status_code == status, answer.text
    said = answer.json()
    assert list(said) == ["success", "error"]
    assert said["success"] is False
    assert list(said["error"]) == ["code", "message", "status"]
    assert (said["error"]["code"], said["error"]["status"]) == (code, status)
    assert said["error"]["message"]
    return str(said["error"]["message"])


# One picture ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [URL, REMOVE])
def test_a_picture_at_a_url_is_answered_when_it_is_done(house: House, client: Client, path: str) -> None:
    url = house.offer("image.jpg", ball())
    answer = client.post(path, {"url": url})
    assert answer.status_code == 200
    assert list(answer.json()) == ["success", "data"]
    said = answer.json()["data"]
    assert list(said) == [
        "id", "original_url", "output_url", "output_size", "output_format", "created_at", "status"
    ]  # fmt: skip
    assert re.fullmatch(r"img_[A-Za-z0-9]+", said["id"])
    assert (said["original_url"], said["output_size"], said["output_format"]) == (url, "original", "png")
    assert said["status"] == "completed"
    assert WHEN.fullmatch(said["created_at"])
    cut = opened(said["output_url"])
    assert (cut.format, cut.mode, cut.size) == ("PNG", "RGBA", (240, 180))
    assert (cut.getpixel((120, 90))[3], cut.getpixel((0, 0))[3]) == (255, 0)
    assert left(house, client) == 19


def test_a_picture_that_is_sent_is_answered_when_it_is_done(house: House, client: Client) -> None:
    answer = client.send(FILE, files=PICTURE, data={"output_format": "png", "output_size": "original"})
    assert answer.status_code == 200
    said = answer.json()["data"]
    assert list(said) == ["id", "output_url", "output_size", "output_format", "created_at", "status"]
    assert opened(said["output_url"]).mode == "RGBA"
    assert left(house, client) == 19


@pytest.mark.parametrize(
    ("format", "colour", "corner"),
    [
        ("jpg", None, (255, 255, 255)), ("jpg", "#0000FF", (0, 0, 255)), ("jpg", "00ff00", (0, 255, 0)),
        ("jpg", "#F0F", (255, 0, 255)), ("webp", None, None), ("png", None, None),
    ],
)  # fmt: skip
def test_every_format_is_written(
    house: House, client: Client, format: str, colour: str | None, corner: tuple[int, ...] | None
) -> None:
    given = {"output_format": format} | ({"bg_color": colour} if colour else {})
    said = client.send(FILE, files=PICTURE, data=given).json()["data"]
    assert said["output_format"] == format
    assert said["output_url"].partition("?")[0].endswith(f".{format}")
    picture = opened(said["output_url"])
    assert picture.format == {"jpg": "JPEG", "webp": "WEBP", "png": "PNG"}[format]
    if corner is None:
        assert picture.convert("RGBA").getpixel((2, 2))[3] == 0
    else:
        assert picture.mode == "RGB"
        assert max(abs(a - b) for a, b in zip(picture.getpixel((2, 2)), corner, strict=True)) <= 3


@pytest.mark.parametrize(
    ("given", "asked", "size"),
    [
        ((1400, 700), "original", (1400, 700)), ((1400, 700), "small", (1080, 540)),
        ((500, 2000), "medium", (480, 1920)), ((3000, 500), "large", (2880, 480)),
        ((240, 180), "small", (240, 180)), ((1080, 900), "small", (1080, 900)),
    ],
)  # fmt: skip
def test_a_size_is_that_of_the_longer_side_and_never_more(
    house: House, client: Client, given: tuple[int, int], asked: str, size: tuple[int, int]
) -> None:
    files = {"file": ("photo.jpg", ball("JPEG", given))}
    said = client.send(FILE, files=files, data={"output_size": asked}).json()["data"]
    assert said["output_size"] == asked
    assert opened(said["output_url"]).size == size


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_every_format_is_read(client: Client, format: str) -> None:
    files = {"file": ("photo", ball(format))}
    assert client.send(FILE, files=files).status_code == 200


def test_a_picture_that_cannot_be_processed_is_422_and_costs_nothing(house: House, client: Client) -> None:
    assert "subject" in refused(client.send(FILE, files={"file": ("wall.png", wall())}), 422, "unprocessable_entity")
    url = house.offer("broken.jpg", ball()[:400])
    refused(client.post(URL, {"url": url}), 422, "unprocessable_entity")
    assert "404" in refused(client.post(URL, {"url": f"{house.shop}/none.jpg"}), 422, "unprocessable_entity")
    assert left(house, client) == 20
    kinds = [entry.kind for entry in house.service.accounts.entries(client.account.id, "images") if entry.job_id]
    assert kinds == ["refund", "charge"] * 3
    images = client.get(IMAGES).json()["data"]["images"]
    assert [image["status"] for image in images] == ["failed"] * 3
    assert images[2]["error"]["code"] == "unprocessable_entity"
    assert "output_url" not in images[2]


def test_a_file_of_another_kind_is_415_by_its_content(house: House, client: Client) -> None:
    for name, data in (("photo.jpg", b"%PDF-1.7\n%..."), ("photo.png", ball("GIF")), ("photo.webp", b"<html>")):
        refused(client.send(FILE, files={"file": (name, data)}), 415, "unsupported_media_type")
    refused(client.post(URL, {"url": house.offer("photo.jpg", ball("GIF"))}), 415, "unsupported_media_type")
    assert left(house, client) == 20


REFUSED: dict[str, tuple[str, dict[str, Any]]] = {
    "no URL": (URL, {"json": {}}),
    "what is no URL": (URL, {"json": {"url": "image.jpg"}}),
    "no JSON": (URL, {"content": b"url=x", "headers": {"Content-Type": "application/json"}}),
    "a list": (URL, {"json": []}),
    "a private address": (URL, {"json": {"url": "http://10.1.2.3/a.jpg"}}),
    "a file of ours": (URL, {"json": {"url": "file:///etc/passwd"}}),
    "a format": (URL, {"json": {"url": ANYWHERE, "output_format": "gif"}}),
    "a size": (URL, {"json": {"url": ANYWHERE, "output_size": "huge"}}),
    "a number for a size": (URL, {"json": {"url": ANYWHERE, "output_size": 1080}}),
    "a colour behind a png": (URL, {"json": {"url": ANYWHERE, "bg_color": "#FF0000"}}),
    "a colour behind a webp": (URL, {"json": {"url": ANYWHERE, "bg_color": "#FF0000", "output_format": "webp"}}),
    "what is no colour": (URL, {"json": {"url": ANYWHERE, "bg_color": "red", "output_format": "jpg"}}),
    "a colour of five digits": (URL, {"json": {"url": ANYWHERE, "bg_color": "#12345", "output_format": "jpg"}}),
    "a webhook inside": (URL, {"json": {"url": ANYWHERE, "webhook_url": "http://127.0.0.2:9/"}}),
    "a field that there is not": (URL, {"json": {"url": ANYWHERE, "bgcolor": "#FF0000"}}),
    "no file": (FILE, {"data": {"output_format": "png"}}),
    "an empty file": (FILE, {"files": {"file": ("photo.jpg", b"")}}),
    "text for a file": (FILE, {"data": {"file": "photo.jpg"}}),
    "a broken header": (FILE, {"files": {"file": ("photo.png", ball("PNG")[:20])}}),
    "a colour behind a file's png": (FILE, {"files": PICTURE, "data": {"bg_color": "#FF0000"}}),
    "no pictures": (BATCH, {"json": {}}),
    "an empty list": (BATCH, {"json": {"urls": []}}),
    "one address of a batch inside": (BATCH, {"json": {"urls": [ANYWHERE, "http://10.0.0.1/"]}}),
    "text in a batch": (BATCH, {"json": {"urls": "http://127.0.0.1/a.jpg"}}),
    "urls and files": (BATCH, {"files": [("files", PICTURE["file"])], "data": {"urls": [ANYWHERE]}}),
    "text for a batch's file": (BATCH, {"files": [("files", (None, "photo.jpg"))]}),
    "more than a batch has": (BATCH, {"json": {"urls": [ANYWHERE] * 21}}),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_what_is_wrong_with_a_request_is_400_and_costs_nothing(
    desk: House, visitor: Client, case: tuple[str, dict[str, Any]]
) -> None:
    path, given = case
    refused(visitor.send(path, **given), 400, "invalid_request")
    assert left(desk, visitor) == 20
    assert desk.service.jobs.listed(visitor.account.id) == []


def test_a_file_over_25_mb_is_refused_while_it_comes(desk: House, visitor: Client) -> None:
    most = dialects.load("removai").upload_bytes
    assert most == 25 << 20
    answer = visitor.send(FILE, files={"file": ("photo.jpg", bytes(most + 1))})
    assert "25 MB" in refused(answer, 400, "invalid_request")
    assert left(desk, visitor) == 20


def test_what_is_held_in_memory_is_small(desk: House, visitor: Client) -> None:
    # Without a network: who is refused while sending may hear of the closed door before the answer.
    inside = InProcess(create_app(desk.service))
    key, fields = {"X-API-Key": visitor.key}, {f"field{number}": "x" * 200_000 for number in range(6)}
    answer = inside.post(FILE, headers=key, files=PICTURE, data=fields)
    assert "1 MB of text" in refused(answer, 400, "invalid_request")
    for given in ({"json": {"url": "x" * (1 << 20)}}, {"data": fields}):
        assert "larger than" in refused(inside.post(URL, headers=key, **given), 400, "invalid_request")
    assert left(desk, visitor) == 20


def test_what_takes_too_long_is_processing_and_polled(desk: House, visitor: Client) -> None:
    answer = visitor.send(FILE, files=PICTURE)
    assert answer.status_code == 200
    said = answer.json()["data"]
    assert list(said) == ["id", "output_size", "output_format", "created_at", "status"]
    assert said["status"] == "processing"
    assert visitor.get(f"{IMAGES}/{said['id']}").json() == answer.json()
    assert left(desk, visitor) == 19


# Quota, limits, plans -------------------------------------------------------------------------------------------------


def test_the_quota_of_the_month_is_counted_in_images(desk: House) -> None:
    for plan, quota in (("free", 50), ("starter", 50), ("professional", 500)):
        assert left(desk, desk.client(dialect="removai", plan=plan)) == quota
    poor = desk.client(dialect="removai", plan="free", images=1)
    assert poor.post(URL, {"url": ANYWHERE}).status_code == 200
    message = refused(poor.post(URL, {"url": ANYWHERE}), 429, "rate_limit_exceeded")
    assert message.startswith("The quota of this month is used up: 1 needed, 0 left.")
    assert len(desk.service.jobs.listed(poor.account.id)) == 1


def test_an_enterprise_has_no_quota(desk: House) -> None:
    firm = desk.client(dialect="removai", plan="enterprise-1k")
    for _ in range(2):
        assert firm.post(URL, {"url": ANYWHERE}).status_code == 200
    assert desk.service.accounts.entries(firm.account.id, "images") == []


@pytest.mark.parametrize(
    ("plan", "limit"), [("free", 10), ("starter", 10), ("professional", 60), ("enterprise-3k", 300)]
)
def test_every_answer_says_how_far_the_limit_is(desk: House, plan: str, limit: int) -> None:
    client = desk.client(dialect="removai", plan=plan)
    answers = [
        client.get(IMAGES),
        client.get(f"{IMAGES}/x"),
        client.post(URL, {"url": 1}),
        client.get(f"{IMAGES}?page=0"),
    ]
    assert [answer.status_code for answer in answers] == [200, 404, 400, 400]
    for count, answer in enumerate(answers, start=1):
        assert int(answer.headers["X-RateLimit-Limit"]) == limit
        assert int(answer.headers["X-RateLimit-Remaining"]) == limit - count
        assert 0 <= int(answer.headers["X-RateLimit-Reset"]) - time.time() <= 61


def test_past_the_limit_requests_are_refused(desk: House) -> None:
    client = desk.client(dialect="removai", plan="free")
    answers = [client.get(IMAGES) for _ in range(11)]
    assert {answer.status_code for answer in answers[:10]} == {200}
    last = answers[10]
    refused(last, 429, "rate_limit_exceeded")
    assert last.headers["X-RateLimit-Remaining"] == "0"
    assert int(last.headers["Retry-After"]) >= 1
    assert int(last.headers["X-RateLimit-Reset"]) > time.time() - 1


# Batches --------------------------------------------------------------------------------------------------------------


def test_a_batch_of_urls_is_begun_and_polled(house: House, client: Client) -> None:
    urls = [house.offer(f"image{place}.jpg", data) for place, data in enumerate((ball(), ball("PNG"), ball("WEBP")))]
    answer = client.post(BATCH, {"urls": urls, "output_format": "png", "output_size": "medium"})
    assert answer.status_code == 200
    said = answer.json()["data"]
    assert list(said) == ["batch_id", "total_images", "status", "created_at", "images"]
    assert re.fullmatch(r"batch_[A-Za-z0-9]+", said["batch_id"])
    assert (said["total_images"], said["status"]) == (3, "processing")
    assert [list(image) for image in said["images"]] == [["id", "original_url", "status"]] * 3
    assert [image["original_url"] for image in said["images"]] == urls
    assert {image["status"] for image in said["images"]} == {"processing"}
    assert left(house, client) == 17
    done = client.ended(f"{BATCH}/{said['batch_id']}")
    assert done["status"] == "completed"
    assert (done["created_at"], done["total_images"]) == (said["created_at"], 3)
    assert [image["id"] for image in done["images"]] == [image["id"] for image in said["images"]]
    for image in done["images"]:
        assert (image["output_size"], image["status"]) == ("medium", "completed")
        assert opened(image["output_url"]).mode == "RGBA"


@pytest.mark.parametrize("field", ["files", "files[]"])
def test_a_batch_of_files_is_one_form(client: Client, field: str) -> None:
    files = [(field, (f"photo{place}.jpg", ball())) for place in range(2)]
    said = client.send(BATCH, files=files, data={"output_format": "jpg", "bg_color": "#00FF00"}).json()["data"]
    assert [list(image) for image in said["images"]] == [["id", "status"]] * 2
    done = client.ended(f"{BATCH}/{said['batch_id']}")
    for image in done["images"]:
        assert opened(image["output_url"]).getpixel((1, 1))[1] > 250


def test_what_fails_in_a_batch_comes_back_and_the_rest_is_done(house: House, client: Client) -> None:
    files = [("files", ("photo.jpg", ball())), ("files", ("wall.png", wall()))]
    said = client.send(BATCH, files=files).json()["data"]
    done = client.ended(f"{BATCH}/{said['batch_id']}")
    assert done["status"] == "completed"
    assert [image["status"] for image in done["images"]] == ["completed", "failed"]
    assert done["images"][1]["error"]["status"] == 422
    assert left(house, client) == 19
    said = client.send(BATCH, files=files[1:]).json()["data"]
    assert client.ended(f"{BATCH}/{said['batch_id']}")["status"] == "failed"


def test_one_wrong_file_refuses_the_whole_batch(desk: House, visitor: Client) -> None:
    files = [("files", ("photo.jpg", ball())), ("files", ("photo.jpg", b"%PDF-1.7\n%..."))]
    refused(visitor.send(BATCH, files=files), 415, "unsupported_media_type")
    assert left(desk, visitor) == 20


def test_a_batch_is_paid_as_a_whole_or_not_begun(desk: House) -> None:
    poor = desk.client(dialect="removai", plan="professional", images=2)
    refused(poor.post(BATCH, {"urls": [ANYWHERE] * 3}), 429, "rate_limit_exceeded")
    assert left(desk, poor) == 2
    assert desk.service.jobs.listed(poor.account.id) == []


@pytest.mark.parametrize("plan", ["free", "starter"])
def test_batches_are_for_larger_plans(desk: House, plan: str) -> None:
    client = desk.client(dialect="removai", plan=plan)
    assert "Basic" in refused(client.post(BATCH, {"urls": [ANYWHERE]}), 403, "forbidden")
    refused(client.send(BATCH, files=[("files", PICTURE["file"])]), 403, "forbidden")


@pytest.mark.parametrize(("plan", "most"), [("professional", 20), ("enterprise-1k", 50), ("enterprise-3k", 100)])
def test_a_batch_is_as_large_as_the_plan_says(desk: House, plan: str, most: int) -> None:
    client = desk.client(dialect="removai", plan=plan)
    assert str(most) in refused(client.post(BATCH, {"urls": [ANYWHERE] * (most + 1)}), 400, "invalid_request")
    assert client.post(BATCH, {"urls": [ANYWHERE] * most}).json()["data"]["total_images"] == most


def test_a_repeated_batch_is_begun_once(desk: House, visitor: Client) -> None:
    body, key = {"urls": [ANYWHERE] * 2}, {"Idempotency-Key": "batch-1"}
    first, second = (visitor.post(BATCH, body, headers=key) for _ in range(2))
    assert first.json() == second.json()
    assert left(desk, visitor) == 18


# Webhooks -------------------------------------------------------------------------------------------------------------


def test_a_webhook_tells_what_the_picture_became(house: House, client: Client, box: Mailbox) -> None:
    for picture, status in ((ball(), "completed"), (wall(), "failed")):
        client.send(FILE, files={"file": ("photo", picture)}, data={"webhook_url": box.url})
        deliver(house.service)
        said = json.loads(box.letters[-1][1])
        now = client.get(f"{IMAGES}/{said['data']['id']}").json()
        assert said["data"]["status"] == status
        assert _but_links(said) == _but_links(now)
    assert len(box.letters) == 2
    assert box.letters[0][0]["webhook-signature"].startswith("v1,")


def test_a_batch_is_told_once_when_all_are_done(house: House, client: Client, box: Mailbox) -> None:
    urls = [house.offer("image.jpg", ball()), house.offer("wall.png", wall()), house.offer("image.jpg", ball())]
    said = client.post(BATCH, {"urls": urls, "webhook_url": box.url}).json()["data"]
    client.ended(f"{BATCH}/{said['batch_id']}")
    deliver(house.service)
    assert len(box.letters) == 1
    letter = json.loads(box.letters[0][1])
    assert _but_links(letter) == _but_links(client.get(f"{BATCH}/{said['batch_id']}").json())
    assert [image["status"] for image in letter["data"]["images"]] == ["completed", "failed", "completed"]
    assert opened(letter["data"]["images"][0]["output_url"]).mode == "RGBA"


def test_nobody_is_told_who_did_not_ask(house: House, client: Client) -> None:
    client.send(FILE, files=PICTURE)
    with house.service.database.reading() as connection:
        mine = delivery.c.account_id == client.account.id
        assert connection.execute(select(func.count()).select_from(delivery).where(mine)).scalar_one() == 0


def _but_links(said: dict[str, Any]) -> str:
    """All of an answer but the times in its links."""
    return re.sub(r"\?expires=[^\"]*", "", json.dumps(said))


# The gallery ----------------------------------------------------------------------------------------------------------


def test_pages_of_the_gallery_follow_each_other(visitor: Client) -> None:
    ids = [visitor.post(URL, {"url": ANYWHERE}).json()["data"]["id"] for _ in range(3)]
    ids += [image["id"] for image in visitor.post(BATCH, {"urls": [ANYWHERE] * 2}).json()["data"]["images"]]
    seen = []
    for page in (1, 2, 3, 4):
        said = visitor.get(IMAGES, params={"page": page, "per_page": 2}).json()
        assert list(said) == ["success", "data", "meta"]
        assert said["meta"] == {"page": page, "per_page": 2, "total": 5, "total_pages": 3}
        seen.append([image["id"] for image in said["data"]["images"]])
    assert [len(page) for page in seen] == [2, 2, 1, 0]
    assert sorted(id for page in seen for id in page) == sorted(ids)
    assert seen[2] == ids[:1]
    assert visitor.get(IMAGES).json()["meta"] == {"page": 1, "per_page": 20, "total": 5, "total_pages": 1}


@pytest.mark.parametrize("query", ["page=0", "page=x", "per_page=0", "per_page=101", f"page={10**30}"])
def test_what_is_no_page_is_refused(visitor: Client, query: str) -> None:
    refused(visitor.get(f"{IMAGES}?{query}"), 400, "invalid_request")


def test_a_picture_is_deleted_with_its_files(house: House, client: Client) -> None:
    said = client.send(FILE, files=PICTURE).json()["data"]
    path = f"{IMAGES}/{said['id']}"
    answer = client.delete(path)
    assert answer.status_code == 200
    assert answer.json() == {"success": True, "data": {"id": said["id"], "deleted": True}}
    refused(client.get(path), 404, "not_found")
    refused(client.delete(path), 404, "not_found")
    assert client.get(IMAGES).json()["meta"]["total"] == 0
    assert left(house, client) == 19


def test_what_is_deleted_before_it_is_done_costs_nothing(desk: House, visitor: Client) -> None:
    said = visitor.send(FILE, files=PICTURE).json()["data"]
    assert left(desk, visitor) == 19
    assert visitor.delete(f"{IMAGES}/{said['id']}").status_code == 200
    assert left(desk, visitor) == 20


def test_what_belongs_to_another_account_or_api_is_not_there(desk: House, visitor: Client) -> None:
    other = desk.client(dialect="removai", plan="professional")
    image = other.post(URL, {"url": ANYWHERE}).json()["data"]["id"]
    batch = other.post(BATCH, {"urls": [ANYWHERE]}).json()["data"]["batch_id"]
    elsewhere = desk.service.jobs.submit(
        visitor.account.id, dialect="remove-bg", operation="remove_background", params={}
    )
    for path in (f"{IMAGES}/{image}", f"{BATCH}/{batch}", f"{IMAGES}/{elsewhere.id}", f"{IMAGES}/x", f"{BATCH}/x"):
        refused(visitor.get(path), 404, "not_found")
    refused(visitor.delete(f"{IMAGES}/{image}"), 404, "not_found")
    refused(visitor.get("/v1/images/x/y"), 404, "not_found")
    assert other.get(f"{IMAGES}/{image}").status_code == 200
    assert visitor.get(IMAGES).json()["meta"]["total"] == 0


def test_there_is_no_way_in_without_a_key(desk: House) -> None:
    for headers in ({}, {"X-API-Key": "mk_nonsense"}, {"Authorization": "Bearer x"}):
        for method, path in (
            ("GET", IMAGES),
            ("POST", URL),
            ("POST", FILE),
            ("POST", BATCH),
            ("DELETE", f"{IMAGES}/x"),
        ):
            refused(desk.http(**headers).request(method, path), 401, "invalid_api_key")


# The documentation's examples -----------------------------------------------------------------------------------------

COMMANDS = r"""
curl -X POST https://api.removai.com/v1/remove-background \
  -H "X-API-Key: your_api_key_here" \
  -H "Content-Type: application/json" \
  -d '{"url": "https://example.com/image.jpg"}'

curl -X POST https://api.removai.com/v1/remove-background/url \
  -H "X-API-Key: your_api_key_here" \
  -H "Content-Type: application/json" \
  -d '{
    "url": "https://example.com/image.jpg",
    "output_format": "png",
    "output_size": "original"
  }'

curl -X POST https://api.removai.com/v1/remove-background/file \
  -H "X-API-Key: your_api_key_here" \
  -F "file=@/path/to/image.jpg" \
  -F "output_format=png" \
  -F "output_size=original"

curl -X POST https://api.removai.com/v1/remove-background/batch \
  -H "X-API-Key: your_api_key_here" \
  -H "Content-Type: application/json" \
  -d '{
    "urls": [
      "https://example.com/image1.jpg",
      "https://example.com/image2.jpg",
      "https://example.com/image3.jpg"
    ],
    "output_format": "png",
    "output_size": "medium"
  }'
"""


def test_the_printed_commands_work(house: House, client: Client, tmp_path: Path) -> None:
    (tmp_path / "image.jpg").write_bytes(ball())
    for name in ("image", "image1", "image2", "image3"):
        house.offer(f"{name}.jpg", ball())
    names = {
        "https://api.removai.com": house.base, "your_api_key_here": client.key, "https://example.com": house.shop,
        "/path/to": str(tmp_path),
    }  # fmt: skip
    answers = []
    for command in COMMANDS.strip().split("\n\n"):
        status, body = curl(command, names, tmp_path)
        assert status == 200, body
        answers.append(json.loads(body)["data"])
    assert [answer["status"] for answer in answers] == ["completed"] * 3 + ["processing"]
    assert len(client.ended(f"{BATCH}/{answers[3]['batch_id']}")["images"]) == 3


def test_a_program_with_requests_works(house: House, client: Client, tmp_path: Path) -> None:
    (tmp_path / "image.jpg").write_bytes(ball())
    headers = {"X-API-Key": client.key}
    url = house.offer("image.jpg", ball())
    answer = requests.post(
        f"{house.base}/v1/remove-background/url", headers=headers,
        json={"url": url, "output_format": "png", "output_size": "original"}, timeout=60,
    )  # fmt: skip
    assert answer.json()["data"]["status"] == "completed"
    with (tmp_path / "image.jpg").open("rb") as file:
        answer = requests.post(
            f"{house.base}/v1/remove-background/file", headers=headers, files={"file": file},
            data={"output_format": "webp", "output_size": "small"}, timeout=60,
        )  # fmt: skip
    link = answer.json()["data"]["output_url"]
    assert requests.get(link, timeout=60).headers["Content-Type"] == "image/webp"
    with (tmp_path / "image.jpg").open("rb") as one, (tmp_path / "image.jpg").open("rb") as two:
        answer = requests.post(
            f"{house.base}/v1/remove-background/batch", headers=headers,
            files=[("files", one), ("files", two)], timeout=60,
        )  # fmt: skip
    assert answer.json()["data"]["total_images"] == 2


def test_every_route_is_described(visitor: Client) -> None:
    document = visitor.document
    found = {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}
    assert found == {
        f"POST {REMOVE}", f"POST {URL}", f"POST {FILE}", f"POST {BATCH}", f"GET {BATCH}/{{batch_id}}",
        f"GET {IMAGES}", f"GET {IMAGES}/{{id}}", f"DELETE {IMAGES}/{{id}}",
    }  # fmt: skip
    scheme = document["components"]["securitySchemes"]["key"]
    assert (scheme["type"], scheme["in"], scheme["name"]) == ("apiKey", "header", "X-API-Key")
    for methods in document["paths"].values():
        for told in methods.values():
            assert told["summary"]
            assert told["description"]
            assert {"400", "401", "403", "429", "500"} <= told["responses"].keys()
            for answer in told["responses"].values():
                assert "$ref" in answer["content"]["application/json"]["schema"]
    assert "HTTPValidationError" not in document["components"]["schemas"]
    batch = document["paths"][BATCH]["post"]["requestBody"]["content"]
    assert set(batch) == {"application/json", "multipart/form-data"}
