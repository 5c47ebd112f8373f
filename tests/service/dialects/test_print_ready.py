"""The print-ready API: its documentation's examples as they are printed, and what it promises of money and limits."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image, ImageDraw
from sqlalchemy import update

from makeready.service import tables
from makeready.service.janitor import Janitor
from service.dialects.conftest import Client, House, housed

WHEN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
SITE, TOKEN = "https://www.print-ready.ai", "YOUR_API_TOKEN"


@pytest.fixture(scope="module")
def house(models: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A service with a worker; clients of tests poll more often than a plan allows."""
    with housed(tmp_path_factory.mktemp("house"), limits_requests="100000/minute") as made:
        yield made


@pytest.fixture
def client(house: House) -> Client:
    return house.client(0, "professional", dialect="print-ready")


@pytest.fixture
def waiting(front: House) -> Client:
    """Its jobs are begun by nobody."""
    return front.client(0, "professional", dialect="print-ready")


def ball(format: str = "JPEG", size: tuple[int, int] = (240, 180), orientation: int = 1) -> bytes:
    """A red ball before a white wall."""
    image, exif = Image.new("RGB", size, "white"), Image.Exif()
    exif[0x0112] = orientation
    width, height = size
    ImageDraw.Draw(image).ellipse((width / 3, height / 4, width * 2 / 3, height * 3 / 4), fill=(220, 20, 30))
    file = io.BytesIO()
    image.save(file, format, exif=exif)
    return file.getvalue()


def picture(data: bytes | None = None, name: str = "photo.jpg") -> dict[str, Any]:
    return {"image": (name, ball() if data is None else data)}


def begun(
    client: Client, what: str, data: bytes | None = None, name: str = "photo.jpg", **fields: Any
) -> dict[str, Any]:
    answer = client.send(f"/api/images/{what}", files=picture(data, name), data=fields)
    assert answer.status_code == 202, answer.text
    body: dict[str, Any] = answer.json()
    assert body["success"] is True
    return dict(body["data"])


def done(
    client: Client, what: str, data: bytes | None = None, name: str = "photo.jpg", **fields: Any
) -> dict[str, Any]:
    image = client.ended(f"/api/images/{begun(client, what, data, name, **fields)['id']}")
    assert image["status"] == "completed", image
    return image


def opened(url: str) -> Image.Image:
    answer = httpx.get(url, trust_env=False)
    assert answer.status_code == 200, answer.text
    return Image.open(io.BytesIO(answer.content))


def used(client: Client) -> int:
    usage = client.get("/api/usage").json()["data"]["usage"]
    return int(usage["used"])


# The examples of the documentation ------------------------------------------------------------------------------------

CURL = {
    "remove": """curl -X POST https://www.print-ready.ai/api/images/remove-background \\
      -H "Authorization: Bearer YOUR_API_TOKEN" \\
      -F "image=@photo.jpg" \\
      -F "quality=basic" # Returns 202 with image ID and status "pending" """,
    "plus": """curl -X POST https://www.print-ready.ai/api/images/remove-background \\
      -H "Authorization: Bearer YOUR_API_TOKEN" \\
      -F "image=@product-photo.jpg" \\
      -F "quality=plus" """,
    "edit": """curl -X POST https://www.print-ready.ai/api/images/edit \\
      -H "Authorization: Bearer YOUR_API_TOKEN" \\
      -F "image=@landscape.png" \\
      -F "instructions=Make the sky more vibrant and add warm sunset tones" """,
    "upscale": """curl -X POST https://www.print-ready.ai/api/images/upscale \\
      -H "Authorization: Bearer YOUR_API_TOKEN" \\
      -F "image=@low-res.jpg" \\
      -F "scale_factor=4" """,
    "batch": """curl -X POST https://www.print-ready.ai/api/batches \\
      -H "Authorization: Bearer YOUR_API_TOKEN" \\
      -F "service=remove-background" \\
      -F "quality=basic" \\
      -F "name=Product photos batch" \\
      -F "images[]=@photo1.jpg" \\
      -F "images[]=@photo2.jpg" \\
      -F "images[]=@photo3.jpg" """,
}
POLL = """
# Poll for completion
while true; do
STATUS=$(curl -s https://www.print-ready.ai/api/images/$IMAGE_ID \\
-H "Authorization: Bearer YOUR_API_TOKEN" \\
| jq -r '.data.status')
echo "Status: $STATUS"
[ "$STATUS" = "completed" ] || [ "$STATUS" = "failed" ] && break
sleep 3
done
# Download the result
curl -s https://www.print-ready.ai/api/images/$IMAGE_ID/download \\
-H "Authorization: Bearer YOUR_API_TOKEN"
"""
DELETE = """curl -X DELETE https://www.print-ready.ai/api/images/42 \\
      -H "Authorization: Bearer YOUR_API_TOKEN" """
PYTHON = """
import requests
response = requests.post(
    "https://www.print-ready.ai/api/images/remove-background",
    headers={"Authorization": f"Bearer {token}"},
    files={"image": open("photo.jpg", "rb")},
    data={"quality": "basic"}
)
image_id = response.json()["data"]["id"]
import time
# Poll for completion
while True:
    result = requests.get(
        f"https://www.print-ready.ai/api/images/{image_id}",
        headers={"Authorization": f"Bearer {token}"}
    ).json()
    status = result["data"]["status"]
    print(f"Status: {status}")
    if status in ("completed", "failed"):
        break
    time.sleep(3)
# Get the download URL
download = requests.get(
    f"https://www.print-ready.ai/api/images/{image_id}/download",
    headers={"Authorization": f"Bearer {token}"}
).json()
print(download["data"]["url"])
response = requests.post(
    "https://www.print-ready.ai/api/images/remove-background",
    headers={"Authorization": f"Bearer {token}"},
    files={"image": open("product-photo.jpg", "rb")},
    data={"quality": "plus"}
)
print(response.json())
response = requests.post(
    "https://www.print-ready.ai/api/images/edit",
    headers={"Authorization": f"Bearer {token}"},
    files={"image": open("landscape.png", "rb")},
    data={"instructions": "Make the sky more vibrant and add warm sunset tones"}
)
print(response.json())
response = requests.post(
    "https://www.print-ready.ai/api/images/upscale",
    headers={"Authorization": f"Bearer {token}"},
    files={"image": open("low-res.jpg", "rb")},
    data={"scale_factor": 4}
)
print(response.json())
response = requests.get(
    "https://www.print-ready.ai/api/images",
    headers={"Authorization": f"Bearer {token}"},
    params={"status": "completed", "per_page": 10}
)
print(response.json())
files = [
    ("images[]", open("photo1.jpg", "rb")),
    ("images[]", open("photo2.jpg", "rb")),
    ("images[]", open("photo3.jpg", "rb")),
]
response = requests.post(
    "https://www.print-ready.ai/api/batches",
    headers={"Authorization": f"Bearer {token}"},
    files=files,
    data={
        "service": "remove-background",
        "quality": "basic",
        "name": "Product photos batch"
    }
)
batch_id = response.json()["data"]["id"]
print(batch_id)
response = requests.delete(
    f"https://www.print-ready.ai/api/images/{image_id}",
    headers={"Authorization": f"Bearer {token}"}
)
print(response.status_code) # 200
"""
#: What the documentation prints after each request, but for what changes with every one.
CREATED = {
    "remove": {
        "service": "bg_removal", "service_variant": "basic", "status": "pending", "credits_charged": 1,
        "batch_id": None, "original_filename": "photo.jpg", "processing_params": None,
    },
    "plus": {
        "service": "bg_removal", "service_variant": "plus", "status": "pending", "credits_charged": 2,
        "batch_id": None, "original_filename": "product-photo.jpg", "processing_params": None,
    },
    "edit": {
        "service": "image_edit", "service_variant": None, "status": "pending", "credits_charged": 1,
        "batch_id": None, "original_filename": "landscape.png",
        "processing_params": {"instructions": "Make the sky more vibrant and add warm sunset tones"},
    },
    "upscale": {
        "service": "upscale", "service_variant": None, "status": "pending", "credits_charged": 1,
        "batch_id": None, "original_filename": "low-res.jpg", "processing_params": {"scale_factor": 4},
    },
}  # fmt: skip
MESSAGES = {
    "remove": "Background removal started. Your image is being processed.",
    "plus": "Background removal started. Your image is being processed.",
    "edit": "Image editing started. Your image is being processed.",
    "upscale": "Image upscaling started. Your image is being processed.",
}


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with the files that the examples send."""
    for name in ("photo", "product-photo", "low-res", "photo1", "photo2", "photo3"):
        (tmp_path / f"{name}.jpg").write_bytes(ball())
    (tmp_path / "landscape.png").write_bytes(ball("PNG"))
    return tmp_path


def shell(house: House, client: Client, desk: Path, script: str, **variables: Any) -> str:
    script = script.replace(SITE, house.base).replace(TOKEN, client.key)
    given = {"PATH": "/usr/local/bin:/usr/bin:/bin", "NO_PROXY": "*", **{k: str(v) for k, v in variables.items()}}
    return subprocess.run(
        ["bash", "-c", script], cwd=desk, env=given, check=True, capture_output=True, text=True, timeout=120
    ).stdout


@pytest.mark.parametrize("example", CREATED)
def test_the_curl_examples_begin_what_they_say(front: House, waiting: Client, desk: Path, example: str) -> None:
    said = json.loads(shell(front, waiting, desk, CURL[example]))
    assert (said["success"], said["message"]) == (True, MESSAGES[example])
    data = said["data"]
    assert {name: data[name] for name in CREATED[example]} == CREATED[example]
    assert data["original_size"] == (desk / data["original_filename"]).stat().st_size
    assert data["original_dimensions"] == {"width": 240, "height": 180}
    assert isinstance(data["id"], int)
    assert WHEN.fullmatch(data["created_at"])
    assert WHEN.fullmatch(data["updated_at"])
    assert set(data) == {*CREATED[example], "id", "original_size", "original_dimensions", "created_at", "updated_at"}
    assert used(waiting) == data["credits_charged"]


def test_the_curl_example_polls_and_downloads(house: House, client: Client, desk: Path) -> None:
    image_id = json.loads(shell(house, client, desk, CURL["remove"]))["data"]["id"]
    lines = shell(house, client, desk, POLL, IMAGE_ID=image_id)
    assert "Status: completed" in lines
    said = json.loads(lines.splitlines()[-1])
    assert said["message"] == "Download URL generated successfully"
    assert said["data"]["filename"] == "photo.png"
    assert WHEN.fullmatch(said["data"]["expires_at"])
    assert opened(said["data"]["url"]).mode == "RGBA"
    listing = f'curl -s "{SITE}/api/images?status=completed&per_page=10" -H "Authorization: Bearer {TOKEN}"'
    listed = json.loads(shell(house, client, desk, listing))
    assert [image["id"] for image in listed["data"]["images"]] == [image_id]
    deleted = json.loads(shell(house, client, desk, DELETE.replace("42", str(image_id))))
    assert deleted["success"] is True
    assert client.get(f"/api/images/{image_id}").status_code == 404


def test_the_curl_example_of_a_batch(house: House, client: Client, desk: Path) -> None:
    said = json.loads(shell(house, client, desk, CURL["batch"]))
    assert said["message"] == "Batch created successfully. 3 images are being processed."
    batch = said["data"]
    assert (batch["name"], batch["service"], batch["service_variant"]) == (
        "Product photos batch",
        "bg_removal",
        "basic",
    )
    assert (batch["total_images"], batch["credits_charged"], batch["completed_at"]) == (3, 3, None)
    batch = client.ended(f"/api/batches/{batch['id']}")
    assert (batch["status"], batch["completed_images"], batch["failed_images"]) == ("completed", 3, 0)
    assert [image["original_filename"] for image in batch["images"]] == ["photo1.jpg", "photo2.jpg", "photo3.jpg"]
    assert WHEN.fullmatch(batch["completed_at"])
    assert all(opened(image["download_url"]).mode == "RGBA" for image in batch["images"])
    # An image goes with its batch.
    gone = batch["images"][1]["id"]
    assert client.delete(f"/api/images/{gone}").status_code == 200
    assert client.get(f"/api/batches/{batch['id']}").status_code == 404
    assert {client.get(f"/api/images/{image['id']}").status_code for image in batch["images"]} == {404}
    assert {httpx.get(image["download_url"], trust_env=False).status_code for image in batch["images"]} == {404}
    assert used(client) == 3


def test_the_python_examples(house: House, client: Client, desk: Path) -> None:
    script = f"token = {client.key!r}\n{PYTHON.replace(SITE, house.base)}"
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        cwd=desk,
        check=True,
        capture_output=True,
        text=True,
        timeout=200,
    )
    lines = ran.stdout.splitlines()
    assert "Status: completed" in lines
    assert lines[-1] == "200"
    assert used(client) == 1 + 2 + 1 + 1 + 3


# What comes out -------------------------------------------------------------------------------------------------------


def test_a_completed_image_has_all_that_the_documentation_prints(client: Client) -> None:
    image = done(client, "remove-background", quality="plus")
    assert image["processed_dimensions"] == {"width": 240, "height": 180}
    answer = httpx.get(image["download_url"], trust_env=False)
    assert len(answer.content) == image["processed_size"]
    assert answer.headers["content-type"] == "image/png"
    assert image["processing_time"] >= 0
    assert image["updated_at"] > image["created_at"]
    alpha = np.asarray(Image.open(io.BytesIO(answer.content)).getchannel("A"))
    assert (alpha[90, 120], alpha[0, 0]) == (255, 0)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF"])
def test_every_format_is_taken_and_enlarged(client: Client, format: str) -> None:
    name = f"photo.{format.lower()}"
    image = done(client, "upscale", ball(format, (40, 30)), name, scale_factor="3")
    assert image["processed_dimensions"] == {"width": 120, "height": 90}
    assert image["original_dimensions"] == {"width": 40, "height": 30}
    large = opened(image["download_url"])
    assert large.size == (120, 90)
    assert large.format == ("PNG" if format in ("BMP", "GIF") else format)
    assert large.convert("RGB").getpixel((60, 45))[0] > 180  # type: ignore[index]


@pytest.mark.parametrize("what", ["upscale", "remove-background", "edit"])
def test_sizes_are_those_that_people_see(client: Client, what: str) -> None:
    fields = {"edit": {"instructions": "make it warmer"}, "upscale": {"scale_factor": "2"}}.get(what, {})
    image = done(client, what, ball(size=(80, 60), orientation=6), **fields)
    times = 2 if what == "upscale" else 1
    assert image["original_dimensions"] == {"width": 60, "height": 80}
    assert image["processed_dimensions"] == {"width": 60 * times, "height": 80 * times}


def test_an_edit_says_what_was_understood_and_what_was_not(client: Client) -> None:
    image = done(client, "edit", ball("PNG"), "ball.png", instructions="Make it black and white, and add a unicorn.")
    grey = np.asarray(opened(image["download_url"]).convert("RGB")).astype(int)
    assert np.abs(grey - grey.mean(axis=2, keepdims=True)).max() <= 1
    assert any("Not understood" in note and "unicorn" in note for note in image["notes"])


# Money ----------------------------------------------------------------------------------------------------------------


def credits(answer: httpx.Response) -> tuple[str, ...]:
    return tuple(answer.headers[f"X-Credits-{name}"] for name in ("Limit", "Remaining", "Used"))


def test_every_answer_says_what_is_left(waiting: Client) -> None:
    first = waiting.get("/api/user")
    assert credits(first) == ("300", "300", "0")
    begin = waiting.send("/api/images/remove-background", files=picture(), data={"quality": "plus"})
    assert credits(begin) == ("300", "298", "2")
    refused = waiting.get("/api/images/999999")
    assert (refused.status_code, credits(refused)) == (404, ("300", "298", "2"))
    assert refused.headers["X-RateLimit-Limit"] == "120"
    assert int(refused.headers["X-RateLimit-Remaining"]) == int(first.headers["X-RateLimit-Remaining"]) - 2
    assert "Retry-After" not in refused.headers


def test_an_account_whose_plan_is_in_no_file_any_more_is_still_answered(front: House) -> None:
    client = front.client(plan="professional", dialect="print-ready")
    with front.service.database.writing() as connection:
        mine = tables.account.c.id == client.account.id
        connection.execute(tables.account.update().where(mine).values(plan="forgotten"))
    answer = client.http.get("/api/user")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["success"] is False


def test_a_job_that_fails_gives_its_credits_back_once(house: House, client: Client) -> None:
    # Of one white pixel nothing stands out.
    image = client.ended(f"/api/images/{begun(client, 'remove-background', ball(size=(60, 40)), 'x.jpg')['id']}")
    assert used(client) == image["credits_charged"] == (1 if image["status"] == "completed" else 0)
    blank = io.BytesIO()
    Image.new("RGB", (60, 40), "white").save(blank, "PNG")
    before = used(client)
    image = client.ended(f"/api/images/{begun(client, 'remove-background', blank.getvalue(), 'white.png')['id']}")
    assert (image["status"], image["credits_charged"], image["download_url"]) == ("failed", 0, None)
    assert image["error_message"]
    assert used(client) == before
    assert client.get(f"/api/images/{image['id']}/download").status_code == 409
    kinds = [entry.kind for entry in house.service.accounts.entries(client.account.id, "credits")]
    assert kinds.count("refund") == 1


def test_without_credits_nothing_is_begun(front: House) -> None:
    poor = front.client(0, "professional", dialect="print-ready", credits=1)
    answer = poor.send("/api/images/remove-background", files=picture(), data={"quality": "plus"})
    assert answer.status_code == 402
    assert answer.json() == {
        "success": False,
        "message": "Insufficient credits: this takes 2, and 1 is left. "
        "Upgrade your plan, or wait for credits to reset at the next billing cycle.",
        "errors": {},
    }
    files = [("images[]", (f"{number}.jpg", ball())) for number in range(3)]
    batch = poor.send("/api/batches", files=files, data={"service": "upscale"})
    assert batch.status_code == 402
    assert "this takes 3, and 1 is left" in batch.json()["message"]
    assert poor.get("/api/images").json()["data"]["pagination"]["total"] == 0
    assert credits(batch) == ("1", "1", "0")
    with front.service.database.reading() as connection:
        kept = connection.execute(tables.file.select().where(tables.file.c.account_id == poor.account.id)).all()
    assert kept == []


def test_credits_come_anew_when_the_month_does(front: House, waiting: Client) -> None:
    begun(waiting, "upscale")
    assert used(waiting) == 1
    with front.service.database.writing() as connection:
        mine = tables.account.c.id == waiting.account.id
        connection.execute(
            update(tables.account).where(mine).values(cycle_started_at=tables.account.c.cycle_started_at - 32 * 86400)
        )
    assert Janitor(front.service).allowances() == 1
    usage = waiting.get("/api/usage").json()["data"]["usage"]
    assert usage == {
        "used": 0, "limit": 300, "remaining": 300, "unlimited": False, "exceeded": False, "percentage": 0.0
    }  # fmt: skip


def test_a_repeat_under_the_same_key_begins_nothing_more(waiting: Client) -> None:
    headers = {"Idempotency-Key": "once"}
    answers = [
        waiting.send("/api/images/upscale", files=picture(), data={"scale_factor": "2"}, headers=headers)
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json() == answers[1].json()
    assert used(waiting) == 1


def test_what_is_deleted_before_it_is_begun_costs_nothing(waiting: Client) -> None:
    image = begun(waiting, "remove-background", quality="plus")
    assert waiting.delete(f"/api/images/{image['id']}").json() == {
        "success": True, "message": "Image deleted successfully", "data": None
    }  # fmt: skip
    files = [("images[]", (f"{number}.jpg", ball())) for number in range(2)]
    batch = waiting.send("/api/batches", files=files, data={"service": "upscale"}).json()["data"]
    assert used(waiting) == 2
    assert waiting.delete(f"/api/batches/{batch['id']}").status_code == 200
    assert waiting.delete(f"/api/batches/{batch['id']}").status_code == 404
    assert used(waiting) == 0


# Refusals -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "files", "fields", "field", "why"),
    [
        ("remove-background", {}, {}, "image", "required"),
        ("remove-background", picture(), {"quality": "best"}, "quality", "'basic' or 'plus'"),
        ("remove-background", picture(b""), {}, "image", "empty"),
        ("remove-background", picture(b"%PDF-1.7\n"), {}, "image", "PDF"),
        ("remove-background", picture(ball()[:60]), {}, "image", "damaged"),
        ("remove-background", picture(ball("PNG") + bytes(10 << 20)), {}, "image", "10 MB"),
        ("edit", picture(), {}, "instructions", "required"),
        ("edit", picture(), {"instructions": "ab"}, "instructions", "at least 3"),
        ("edit", picture(), {"instructions": "warmer " * 143}, "instructions", "at most 1000"),
        ("edit", picture(), {"instructions": "add a unicorn"}, "instructions", "not understood"),
        ("upscale", picture(), {"scale_factor": "5"}, "scale_factor", "less than or equal to 4"),
        ("upscale", picture(), {"scale_factor": "1"}, "scale_factor", "greater than or equal to 2"),
        ("upscale", picture(), {"scale_factor": "2.5"}, "scale_factor", "integer"),
        ("upscale", picture(ball("PNG", (4000, 3200))), {"scale_factor": "4"}, "image", "Take 3 times"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named_by_its_field_and_costs_nothing(
    waiting: Client, what: str, files: dict[str, Any], fields: dict[str, Any], field: str, why: str
) -> None:
    answer = waiting.send(f"/api/images/{what}", files=files or {"other": ("x.jpg", ball())}, data=fields)
    assert answer.status_code == 422, answer.text
    body = answer.json()
    assert (body["success"], list(body["errors"])) == (False, [field])
    assert why in body["errors"][field][0]
    assert used(waiting) == 0


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "service"),
        ({"service": "blur"}, "service"),
        ({"service": "remove-background"}, "quality"),
        ({"service": "edit"}, "instructions"),
        ({"service": "edit", "instructions": "add a unicorn"}, "instructions"),
        ({"service": "upscale", "scale_factor": "9"}, "scale_factor"),
        ({"service": "upscale", "name": "x" * 256}, "name"),
    ],
)
def test_a_batch_says_what_its_service_needs(waiting: Client, fields: dict[str, str], field: str) -> None:
    answer = waiting.send("/api/batches", files=[("images[]", ("a.jpg", ball()))], data=fields)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])


def test_one_bad_image_refuses_the_batch_and_is_named(front: House, waiting: Client) -> None:
    files = [("images[]", ("a.jpg", ball())), ("images[]", ("b.jpg", b"hello")), ("images[]", ("c.jpg", ball()))]
    answer = waiting.send("/api/batches", files=files, data={"service": "upscale"})
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["images.1"])
    assert used(waiting) == 0
    with front.service.database.reading() as connection:
        kept = connection.execute(tables.file.select().where(tables.file.c.account_id == waiting.account.id)).all()
    assert kept == []


def test_images_of_a_batch_that_are_no_files_are_named_as_others_are(waiting: Client) -> None:
    missing = waiting.send("/api/batches", data={"service": "upscale"})
    assert (missing.status_code, list(missing.json()["errors"])) == (422, ["images"])
    text = [("images[]", (None, "a.jpg")), ("service", (None, "upscale"))]
    answer = waiting.send("/api/batches", files=text)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["images.0"])


def test_plans_have_what_the_documentation_says(front: House) -> None:
    one = [("images[]", ("a.jpg", ball()))]
    free = front.client(0, "free", dialect="print-ready")
    for answer in (free.get("/api/user"), free.send("/api/images/upscale", files=picture())):
        assert answer.status_code == 403
        assert "Upgrade to Starter or higher" in answer.json()["message"]
    starter = front.client(0, "starter", dialect="print-ready")
    refused = starter.send("/api/batches", files=one, data={"service": "upscale"})
    assert (refused.status_code, refused.headers["X-RateLimit-Limit"]) == (403, "30")
    assert "Pro or higher" in refused.json()["message"]
    for plan, rate, month, most in (
        ("professional", "120", 300, 20), ("enterprise-1k", "300", 1000, 50), ("enterprise-3k", "300", 3000, 100),
    ):  # fmt: skip
        client = front.client(0, plan, dialect="print-ready")
        answer = client.get("/api/subscription")
        assert answer.headers["X-RateLimit-Limit"] == rate
        assert answer.json()["data"]["plan"]["limits"] == {"credits_per_month": month, "max_batch_size": most}
    pro = front.client(0, "professional", dialect="print-ready")
    many = pro.send("/api/batches", files=one * 21, data={"service": "upscale"})
    assert (many.status_code, many.json()["errors"]) == (
        422, {"images": ["A batch has at most 20 images on the Pro plan."]}
    )  # fmt: skip
    assert pro.send("/api/batches", files=one * 20, data={"service": "upscale"}).status_code == 202


def test_too_many_requests_are_told_when_to_come_back(front: House) -> None:
    starter = front.client(0, "starter", dialect="print-ready")
    # At the turn of a minute the window slides, and one or two more are let in.
    answers = [starter.get("/api/user") for _ in range(40)]
    statuses = [answer.status_code for answer in answers]
    assert statuses[:30] == [200] * 30
    assert 429 in statuses[30:]
    last = answers[statuses.index(429)]
    assert 0 < int(last.headers["Retry-After"]) <= 60
    assert last.headers["X-RateLimit-Remaining"] == "0"
    assert (last.json()["success"], last.json()["errors"]) == (False, {})


def test_what_belongs_to_others_is_forbidden_and_what_there_is_not_is_not_found(front: House, waiting: Client) -> None:
    image = begun(waiting, "upscale")["id"]
    files = [("images[]", ("a.jpg", ball()))]
    batch = waiting.send("/api/batches", files=files, data={"service": "upscale"}).json()["data"]["id"]
    token = waiting.get("/api/user/tokens").json()["data"]["tokens"][0]["id"]
    other = front.client(0, "professional", dialect="print-ready")
    for path in (f"images/{image}", f"images/{image}/download", f"batches/{batch}"):
        answer = other.get(f"/api/{path}")
        assert (answer.status_code, answer.json()["message"]) == (403, "You do not own this resource.")
    for path in (f"images/{image}", f"batches/{batch}", f"user/tokens/{token}"):
        assert other.delete(f"/api/{path}").status_code == 403
        assert other.delete(f"/api/{path}9999").status_code == 404
    # A number is that of one thing only.
    assert waiting.get(f"/api/batches/{image}").status_code == 404
    assert waiting.get(f"/api/images/{image}/download").status_code == 409
    assert waiting.get("/api/images/x").status_code == 422


def test_without_a_key_nobody_is_let_in(front: House) -> None:
    for headers in ({}, {"Authorization": "Bearer mk_nobody"}, {"X-API-Key": "mk_nobody"}):
        answer = front.http(**headers).get("/api/images")
        assert answer.status_code == 401
        assert (answer.json()["success"], answer.json()["errors"]) == (False, {})
    assert front.http().get("/api/images/1/nothing/here").json()["success"] is False


# Lists and the account ------------------------------------------------------------------------------------------------


def test_lists_have_pages_and_filters(waiting: Client) -> None:
    ids = [begun(waiting, "upscale")["id"] for _ in range(3)] + [begun(waiting, "remove-background")["id"]]
    page = waiting.get("/api/images", params={"per_page": 3}).json()["data"]
    assert [image["id"] for image in page["images"]] == ids[:0:-1]
    assert page["pagination"] == {"current_page": 1, "per_page": 3, "total": 4, "last_page": 2}
    page = waiting.get("/api/images", params={"per_page": 3, "page": 2}).json()["data"]
    assert [image["id"] for image in page["images"]] == ids[:1]
    only = waiting.get("/api/images", params={"service": "bg_removal", "status": "pending"}).json()["data"]
    assert [image["id"] for image in only["images"]] == ids[3:]
    none = waiting.get("/api/images", params={"status": "completed"}).json()["data"]
    assert none["pagination"] == {"current_page": 1, "per_page": 20, "total": 0, "last_page": 1}
    for query in ("per_page=0", "per_page=101", "page=0", "status=done", "service=blur"):
        answer = waiting.get(f"/api/images?{query}")
        assert (answer.status_code, list(answer.json()["errors"])) == (422, [query.partition("=")[0]])


def test_the_account_tells_what_is_true(front: House, waiting: Client) -> None:
    user = waiting.get("/api/user").json()["data"]
    assert user["email"] == waiting.account.email
    assert (user["email_verified_at"], user["profile_photo_url"]) == (None, None)
    assert user["pricing_plan"] == {"id": 3, "name": "Pro", "slug": "professional"}
    assert WHEN.fullmatch(user["created_at"])
    subscription = waiting.get("/api/subscription").json()["data"]
    assert subscription["subscription"]["is_active"] is True
    assert subscription["plan"]["price"] == 3900
    house = front.client(0, "professional", dialect="print-ready", credits=400)
    assert house.get("/api/usage").json()["data"]["usage"]["limit"] == 400


def test_tokens_are_listed_with_their_use_and_revoked(front: House, waiting: Client) -> None:
    second = front.service.accounts.new_key(waiting.account.id, "second")
    said = waiting.get("/api/user/tokens").json()["data"]
    assert (said["count"], [token["name"] for token in said["tokens"]]) == (2, ["first key", "second"])
    assert WHEN.fullmatch(said["tokens"][0]["last_used_at"])
    assert said["tokens"][1]["last_used_at"] is None
    with_second = front.http(Authorization=f"Bearer {second}")
    assert with_second.get("/api/user").status_code == 200
    assert waiting.delete(f"/api/user/tokens/{said['tokens'][1]['id']}").status_code == 200
    assert with_second.get("/api/user").status_code == 401
    assert waiting.delete(f"/api/user/tokens/{said['tokens'][1]['id']}").status_code == 404
    assert waiting.get("/api/user/tokens").json()["data"]["count"] == 1


def test_logging_out_ends_the_key_or_the_token_that_was_used(front: House, waiting: Client) -> None:
    token = front.http(Authorization=f"Bearer {front.service.accounts.token(waiting.account)}")
    assert token.post("/api/auth/logout").json()["success"] is True
    assert token.get("/api/user").status_code == 401
    assert waiting.get("/api/user").status_code == 200
    assert waiting.send("/api/auth/logout").status_code == 200
    assert waiting.get("/api/user").status_code == 401
