"""The photoroom API with everything behind it: pictures in, pictures out, and what is paid for them."""

from __future__ import annotations

import io
import json
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import requests
import schemathesis
from click.testing import CliRunner
from PIL import Image, ImageDraw

from makeready.cli import main
from makeready.testing import demo
from service.dialects.conftest import Client, House, housed

RED = (220, 20, 30)
#: Where the ball of ``ball`` is: left, top, right and bottom, the first beyond it.
BALL = (80, 50, 161, 131)


@pytest.fixture
def client(house: House) -> Client:
    return house.client(plan="starter", dialect="photoroom", images=20)


def encoded(image: Image.Image, format: str = "PNG", **more: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **more)
    return file.getvalue()


def drawn(ground: Any = "white", size: tuple[int, int] = (240, 180)) -> Image.Image:
    """A red ball before a wall of one colour."""
    image = Image.new("RGB", size, ground)
    ImageDraw.Draw(image).ellipse((80, 50, 160, 130), fill=RED)
    return image


def ball(**more: Any) -> bytes:
    return encoded(drawn(**more))


def picture(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    image = Image.open(io.BytesIO(answer.content))
    image.load()
    assert answer.headers["content-type"] == Image.MIME[image.format or ""]
    assert int(answer.headers["content-length"]) == len(answer.content)
    return image


def box(image: Image.Image) -> tuple[int, int, int, int]:
    """Where a picture is red."""
    rgb = np.asarray(image.convert("RGB")).astype(int)
    red = (rgb[..., 0] - np.maximum(rgb[..., 1], rgb[..., 2])) > 100
    if image.mode == "RGBA":
        red &= np.asarray(image)[..., 3] > 127
    down, across = np.flatnonzero(red.any(axis=1)), np.flatnonzero(red.any(axis=0))
    return int(across[0]), int(down[0]), int(across[-1]) + 1, int(down[-1]) + 1


def near(one: tuple[int, ...], other: tuple[int, ...], by: int = 2) -> bool:
    return all(abs(mine - yours) <= by for mine, yours in zip(one, other, strict=True))


def edited(client: Client, data: bytes | None = None, /, **given: Any) -> httpx.Response:
    files = {name: given.pop(name) for name in list(given) if isinstance(given[name], tuple)}
    return client.send("/v2/edit", files={"imageFile": ("photo.png", data or ball())} | files, data=given)


def segmented(client: Client, data: bytes | None = None, /, **given: str) -> httpx.Response:
    return client.send("/v1/segment", files={"image_file": ("photo.png", data or ball())}, data=given)


def left(client: Client) -> int:
    return int(client.get("/v2/account").json()["images"]["available"])


def kinds(house: House, client: Client) -> list[str]:
    """What was written into the ledger for jobs, the newest first."""
    return [one.kind for one in house.service.accounts.entries(client.account.id, "images") if one.job_id]


# As the documentation prints it ---------------------------------------------------------------------------------------

EXAMPLE = "imageUrl={}&removeBackground=true&background.color=FFFFFF&outputSize=1000x1000&padding=0.1"


def test_the_printed_request_is_answered_with_the_printed_picture(house: House, client: Client, tmp_path: Path) -> None:
    photo = drawn(ground=(90, 120, 90)).resize((2400, 1800), Image.Resampling.LANCZOS)
    url = house.offer("photo.png", encoded(photo))
    address = f"{house.base}/v2/edit?{EXAMPLE.format(url)}"
    path = tmp_path / "result.png"
    command = f"curl --noproxy '*' -s -f -o {path} '{address}' -H 'x-api-key: {client.key}'"
    subprocess.run(shlex.split(command), check=True, timeout=60)
    session = requests.Session()
    session.trust_env = False
    again = session.get(address, headers={"x-api-key": client.key}, timeout=60)
    assert again.status_code == 200
    assert again.headers["Content-Type"] == "image/png"
    assert path.read_bytes() == again.content
    result = Image.open(path).convert("RGB")
    assert result.size == (1000, 1000)
    # A square subject, with a tenth of the result on every side.
    assert near(box(result), (100, 100, 900, 900), 8)
    pixels = np.asarray(result)
    assert (pixels[:80] == 255).all()
    assert (pixels[:, :80] == 255).all()
    assert np.abs(pixels[500, 500].astype(int) - RED).max() <= 6
    assert left(client) == 18


def test_a_file_is_posted_with_curl_and_with_requests(house: House, client: Client, tmp_path: Path) -> None:
    source, path = tmp_path / "photo.png", tmp_path / "result.webp"
    source.write_bytes(ball())
    command = (
        f"curl --noproxy '*' -s -f -o {path} -X POST {house.base}/v2/edit -H 'x-api-key: {client.key}' "
        f"-F 'imageFile=@{source}' -F 'background.color=#0000FF' -F 'export.format=webp' -F 'outputSize=300x200'"
    )
    subprocess.run(shlex.split(command), check=True, timeout=60)
    with Image.open(path) as written:
        assert (written.format, written.size) == ("WEBP", (300, 200))
    session = requests.Session()
    session.trust_env = False
    with source.open("rb") as file:
        answer = session.post(
            f"{house.base}/v1/segment", files={"image_file": file}, data={"format": "png"},
            headers={"x-api-key": client.key}, timeout=60,
        )  # fmt: skip
    cut = Image.open(io.BytesIO(answer.content))
    assert (answer.status_code, cut.mode, cut.size) == (200, "RGBA", (240, 180))


# Edits ----------------------------------------------------------------------------------------------------------------


def test_the_subject_stands_where_the_layout_says(client: Client) -> None:
    result = picture(edited(client, outputSize="400x200", padding="20px", horizontalAlignment="left"))
    assert result.size == (400, 200)
    assert near(box(result), (20, 20, 180, 180), 3)
    result = picture(edited(client, outputSize="croppedSubject", margin="25%"))
    assert near(result.size, (162, 162), 4)
    kept = picture(edited(client, referenceBox="originalImage"))
    assert (kept.size, near(box(kept), BALL)) == ((240, 180), True)
    wide = picture(edited(client, outputSize="originalImage", maxWidth="120", referenceBox="originalImage"))
    assert wide.size == (120, 90)


def test_what_is_behind_the_subject_is_what_was_asked_for(house: House, client: Client) -> None:
    sky = encoded(Image.new("RGB", (50, 50), (10, 200, 250)))
    laid = picture(edited(client, **{"background.imageFile": ("sky.png", sky), "outputSize": "200x100"}))
    assert laid.convert("RGBA").getpixel((2, 2)) == (10, 200, 250, 255)
    fit = picture(
        edited(
            client,
            **{"background.imageFile": ("sky.png", sky), "outputSize": "200x100", "background.scaling": "fit"},
        )
    )
    assert fit.convert("RGBA").getpixel((2, 2))[3] == 0
    url = client.get(
        "/v2/edit",
        params={"imageUrl": house.offer("a.png", ball()), "background.imageUrl": house.offer("sky.png", sky)},
    )
    assert picture(url).convert("RGBA").getpixel((2, 2)) == (10, 200, 250, 255)
    half = picture(edited(client, **{"background.color": "0000ff80"})).convert("RGBA")
    assert half.getpixel((2, 2)) == (0, 0, 255, 128)
    clear = picture(edited(client)).convert("RGBA")
    assert clear.getpixel((2, 2))[3] == 0
    kept = picture(edited(client, ball(ground="gold"), removeBackground="false", outputSize="300x180")).convert("RGBA")
    assert kept.getpixel((150, 5)) == (255, 215, 0, 255)
    assert kept.getpixel((5, 90))[3] == 0


def test_files_are_written_as_asked_for(client: Client) -> None:
    photo = drawn()
    exif = photo.getexif()
    exif[0x8298] = "Jane Doe"
    data = encoded(photo, "JPEG", exif=exif, quality=95)
    result = picture(edited(client, data, **{"export.format": "jpeg", "export.dpi": "300"}))
    assert (result.format, result.getpixel((1, 1))) == ("JPEG", (255, 255, 255))
    assert [round(value) for value in result.info["dpi"]] == [300, 300]
    assert result.getexif().get(0x8298) is None
    kept = picture(edited(client, data, **{"export.format": "jpeg", "preserveMetadata": "exifSubset"}))
    assert kept.getexif()[0x8298] == "Jane Doe"


def test_the_same_seed_makes_the_same_picture(client: Client) -> None:
    def made(seed: str) -> bytes:
        given = {"background.prompt": "white paper background", "background.seed": seed}
        return picture(edited(client, **given)).tobytes()

    assert made("5") == made("5")
    assert made("5") != made("6")


def test_words_that_are_understood_need_no_generator(house: House, client: Client) -> None:
    answer = edited(client, **{"editWithAI.prompt": "make it black and white", "removeBackground": "false"})
    pixels = np.asarray(picture(answer).convert("RGB")).astype(int)
    assert np.ptp(pixels, axis=2).max() <= 3
    assert "without a generator" in json.loads(answer.headers["x-notes"])[0]
    assert answer.headers["x-job-id"]
    before = left(client)
    for given, name in (
        ({"editWithAI.prompt": "add a unicorn"}, "editWithAI.prompt"),
        ({"describeAnyChange.prompt": "make it darker and add a unicorn"}, "editWithAI.prompt"),
        ({"background.prompt": "a beach at sunset"}, "background.prompt"),
        ({"uncrop.mode": "ai.auto"}, "uncrop.mode"),
        ({"virtualModel.mode": "ai.auto"}, "virtualModel.mode"),
        ({"segmentation.prompt": "the ball"}, "segmentation.prompt"),
    ):
        refused = edited(client, **given)
        assert refused.status_code == 501, refused.text
        assert refused.json()["error"]["message"].startswith(f"{name}: ")
        assert "makeready-openai-images" in refused.json()["error"]["message"]
    made = client.send("/v2/edit", files={"layers": ("", b"")}, data={"imageFromPrompt.prompt": "a red car"})
    assert made.status_code == 501
    assert left(client) == before


def test_a_picture_can_be_made_from_words_alone(client: Client) -> None:
    url = "/v2/edit?imageFromPrompt.prompt=a plain red background&removeBackground=false&outputSize=64x64"
    assert picture(client.get(url)).convert("RGB").getpixel((32, 32)) == (208, 32, 40)


# Templates ------------------------------------------------------------------------------------------------------------


def ran(house: House, *words: str) -> str:
    result = CliRunner().invoke(main, ["accounts", "templates", *words, "--data", str(house.service.settings.data)])
    assert result.exit_code == 0, result.output
    return str(result.output).strip()


@pytest.fixture
def template(house: House, client: Client, tmp_path: Path) -> Iterator[str]:
    """A square of yellow with a blue badge at the top right, and a place for another picture at the top left."""
    (tmp_path / "badge.png").write_bytes(encoded(Image.new("RGB", (10, 10), "blue")))
    (tmp_path / "sale.json").write_text(
        json.dumps(
            {
                "name": "Sale",
                "size": "200x200",
                "parameters": {"background.color": "yellow", "padding": 0.25},
                "layers": [
                    {"name": "badge", "image": "badge.png", "box": [0.8, 0, 0.2, 0.2]},
                    {"name": "logo", "box": [0, 0, 0.2, 0.2]},
                ],
            }
        )
    )
    name = ran(house, "add", client.account.email, str(tmp_path / "sale.json"))
    yield name
    assert name in ran(house, "list", client.account.email)
    ran(house, "remove", client.account.email, name)
    assert edited(client, templateId=name).status_code == 404


def test_a_template_counts_where_the_request_says_nothing(house: House, client: Client, template: str) -> None:
    usual = picture(edited(client, templateId=template)).convert("RGB")
    assert usual.size == (200, 200)
    assert near(box(usual), (50, 50, 150, 150), 3)
    assert [usual.getpixel(place) for place in ((190, 10), (10, 10))] == [(0, 0, 255), (255, 255, 0)]
    green = encoded(Image.new("RGB", (10, 10), (0, 255, 0)))
    given = {"templateId": template, "padding": "0", "outputSize": "100x100", "layers": '{"badge": {"hidden": true}}'}
    other = picture(edited(client, **given, **{"layers.logo.imageFile": ("logo.png", green)})).convert("RGB")
    assert near(box(other), (0, 0, 100, 100), 2)
    assert [other.getpixel(place) for place in ((98, 1), (5, 5))] == [(255, 255, 0), (0, 255, 0)]
    layers = json.dumps({"logo": {"imageUrl": house.offer("green.png", green)}})
    fetched = picture(edited(client, templateId=template, layers=layers)).convert("RGB")
    assert fetched.getpixel((10, 10)) == (0, 255, 0)
    refused = edited(client, templateId=template, layers='{"nobody": {"hidden": true}}')
    assert (refused.status_code, "nobody" in refused.json()["error"]["message"]) == (400, True)
    stranger = house.client(plan="starter", dialect="photoroom", images=5)
    assert edited(stranger, templateId=template).status_code == 404
    assert left(stranger) == 5


def test_a_template_that_cannot_be_rendered_is_not_kept(house: House, client: Client, tmp_path: Path) -> None:
    for told, words in (
        ({"name": "a", "parameters": {"padding": 0.9}}, "padding"),
        ({"name": "a", "parameters": {"background.color": "reddish"}}, "background.color"),
        ({"name": "a", "layers": [{"name": "b", "image": "missing.png"}]}, "missing.png"),
        ({"name": "a", "layers": [{"name": "b"}, {"name": "b"}]}, "two layers"),
        ({"parameters": {}}, "name"),
    ):
        (tmp_path / "wrong.json").write_text(json.dumps(told))
        words_of = [client.account.email, str(tmp_path / "wrong.json"), "--data", str(house.service.settings.data)]
        result = CliRunner().invoke(main, ["accounts", "templates", "add", *words_of])
        assert result.exit_code != 0
        assert words in f"{result.output} {result.exception}"
    assert house.service.templates.all(client.account.id) == []


# Background removal ---------------------------------------------------------------------------------------------------


def test_every_option_of_the_removal_changes_the_result(client: Client) -> None:
    usual = picture(segmented(client))
    assert (usual.format, usual.mode, usual.size) == ("PNG", "RGBA", (240, 180))
    alpha = np.asarray(usual.getchannel("A"))
    assert (alpha[90, 120], alpha[0, 0]) == (255, 0)
    mask = picture(segmented(client, channels="alpha"))
    assert (mask.format, mask.mode) == ("PNG", "L")
    assert np.abs(np.asarray(mask).astype(int) - alpha).max() <= 1
    for format, expected in (("jpg", "JPEG"), ("webp", "WEBP")):
        assert picture(segmented(client, format=format)).format == expected
    white = picture(segmented(client, format="jpg"))
    assert min(white.getpixel((1, 1))) >= 253
    for colour in ("#FF00FF", "fuchsia", "ff00ff"):
        behind = picture(segmented(client, bg_color=colour)).convert("RGB")
        assert behind.getpixel((1, 1)) == (255, 0, 255)
    cropped = picture(segmented(client, crop="true"))
    assert near(cropped.size, (81, 81), 3)


def test_sizes_are_megapixels_and_nothing_is_enlarged(client: Client) -> None:
    large = encoded(drawn(size=(240, 180)).resize((1600, 1200)))
    for size, most in (("preview", 250_000), ("medium", 1_500_000)):
        result = picture(segmented(client, large, size=size))
        assert most * 0.98 <= result.width * result.height <= most
        assert abs(result.width / result.height - 4 / 3) < 0.01
    for size in ("hd", "full"):
        assert picture(segmented(client, large, size=size)).size == (1600, 1200)


def test_the_green_of_a_green_background_is_taken_off(client: Client) -> None:
    # In the middle of the ball, light of the background: yellow green, a little of which counts as the subject.
    image = drawn(ground=(20, 230, 40))
    ImageDraw.Draw(image).ellipse((110, 80, 130, 100), fill=(150, 160, 20))
    pixels = {
        despill: np.asarray(picture(segmented(client, encoded(image), despill=despill))).astype(int)
        for despill in ("false", "true")
    }
    greener = {
        despill: ((found[..., 1] > np.maximum(found[..., 0], found[..., 2])) & (found[..., 3] > 0)).sum()
        for despill, found in pixels.items()
    }
    assert greener["false"] > 50
    assert greener["true"] == 0
    before_gray = drawn(ground=(120, 120, 120))
    answers = [segmented(client, encoded(before_gray), despill=despill).content for despill in ("false", "true")]
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"format": "gif"}, "format"), ({"channels": "rgb"}, "channels"), ({"size": "4k"}, "size"),
        ({"crop": "maybe"}, "crop"), ({"bg_color": "reddish"}, "bg_color"), ({"bg_color": "#ff000080"}, "bg_color"),
        ({"quality": "best"}, "quality"),
    ],
)  # fmt: skip
def test_options_of_the_removal_that_do_not_fit_are_named(client: Client, given: dict[str, str], name: str) -> None:
    answer = segmented(client, **given)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith(f"{name}: ")
    assert answer.json()["error"]["detail"]
    assert left(client) == 20


def test_the_document_is_openapi_and_describes_every_answer(client: Client) -> None:
    schemathesis.openapi.from_dict(client.document).validate()
    for path in ("/v2/edit", "/v1/segment"):
        for told in client.document["paths"][path].values():
            assert told["summary"]
            assert set(told["responses"]["200"]["content"]) == {"image/png", "image/jpeg", "image/webp"}
            assert {"400", "401", "402", "403", "413", "422", "429", "501", "504"} <= set(told["responses"])
    page = client.http.get("/docs/photoroom")
    assert "background.guidance.imageFile" in page.text


# Money ----------------------------------------------------------------------------------------------------------------


def test_a_request_costs_one_image_however_much_it_asks_for(house: House, client: Client) -> None:
    picture(edited(client, **{"background.color": "red", "padding": "0.1", "export.format": "webp"}))
    picture(segmented(client))
    assert left(client) == 18
    assert kinds(house, client) == ["charge", "charge"]


def test_what_fails_is_refunded_once(house: House, client: Client) -> None:
    wall = encoded(Image.new("RGB", (200, 100), "white"))
    for answer in (segmented(client, wall), edited(client, wall)):
        assert answer.status_code == 422, answer.text
        assert "no subject" in answer.json()["error"]["message"].lower()
    missing = client.get("/v2/edit", params={"imageUrl": f"{house.shop}/nothing.jpg"})
    assert missing.status_code == 400
    vast = client.get("/v2/edit", params={"imageUrl": house.offer("vast.png", ball() + bytes(30 << 20))})
    assert (vast.status_code, "larger than 30 MB" in vast.text) == (400, True)
    assert kinds(house, client) == ["refund", "charge"] * 4
    assert left(client) == 20


def test_what_is_refused_costs_nothing(house: House, client: Client) -> None:
    url = house.offer("photo.png", ball())
    for params, status in (
        ({"imageUrl": "http://192.168.1.1/a.png"}, 400),
        ({"imageUrl": url, "shadow.mode": "loud"}, 400),
        ({}, 400),
        ({"imageUrl": url, "templateId": "7f9c24e8-3b12-4a5d-9c41-0f2f2d1b8a77"}, 404),
    ):
        answer = client.get("/v2/edit", params=params)
        assert answer.status_code == status, answer.text
        assert set(answer.json()["error"]) == {"message", "detail"}
    for data, status in ((demo.business_card(), 415), (ball()[:20], 400), (b"no picture", 415)):
        answer = edited(client, data)
        assert (answer.status_code, set(answer.json()["error"])) == (status, {"message", "detail"})
    assert client.http.post("/v2/edit", json={"imageUrl": url}).status_code == 400
    assert segmented(client, b"\x89PNG\r\n\x1a\n" + bytes(31 << 20)).status_code == 413
    assert kinds(house, client) == []
    assert left(client) == 20


def test_without_images_it_says_where_to_get_more(house: House) -> None:
    poor = house.client(plan="starter", dialect="photoroom", images=1)
    picture(segmented(poor))
    for answer in (segmented(poor), edited(poor)):
        assert answer.status_code == 402
        assert answer.json()["error"]["detail"] == "Get more: https://app.printcart.com/payment?tab=buy"
    assert left(poor) == 0


def test_editing_begins_with_the_plan_plus(house: House) -> None:
    basic = house.client(plan="free", dialect="photoroom", images=5)
    picture(segmented(basic))
    url = house.offer("photo.png", ball())
    for answer in (edited(basic), basic.get("/v2/edit", params={"imageUrl": url})):
        assert answer.status_code == 403
        assert "Basic" in answer.json()["error"]["message"]
        assert "Plus" in answer.json()["error"]["detail"]
    assert basic.get("/v2/account").json() == {"plan": "basic", "images": {"available": 4, "subscription": 5}}


def test_the_account_is_told_as_printed(house: House, client: Client) -> None:
    assert client.get("/v2/account").json() == {"plan": "plus", "images": {"available": 20, "subscription": 20}}
    rich = house.client(plan="enterprise-1k", dialect="photoroom")
    assert rich.get("/v2/account").json()["images"] == {"available": 2**31 - 1, "subscription": 2**31 - 1}
    stranger = house.http(**{"x-api-key": "mk_unknown"})
    for answer in (stranger.get("/v2/account"), house.http().get("/v2/edit"), stranger.post("/v1/segment")):
        assert answer.status_code == 401
        assert set(answer.json()["error"]) == {"message", "detail"}


def test_a_repeat_under_its_key_is_paid_once(client: Client) -> None:
    def sent() -> httpx.Response:
        data = {"outputSize": "50x50"}
        request = client.http.build_request("POST", "/v2/edit", files={"imageFile": ("a.png", ball())}, data=data)
        body = request.read()
        headers = {"Content-Type": "multipart/form-data; boundary=same", "Idempotency-Key": "order-17"}
        old = request.headers["content-type"].partition("boundary=")[2].encode()
        answer: httpx.Response = client.http.post("/v2/edit", content=body.replace(old, b"same"), headers=headers)
        return answer

    first, second = sent(), sent()
    assert first.status_code == second.status_code == 200
    assert first.content == second.content
    assert left(client) == 19


def test_what_takes_too_long_is_given_up_and_refunded(models: None, tmp_path: Path) -> None:
    with housed(tmp_path, works=False, limits_request_seconds=0.4) as house:
        client = house.client(plan="starter", dialect="photoroom", images=3)
        for answer in (segmented(client), edited(client)):
            assert answer.status_code == 504, answer.text
        assert kinds(house, client) == ["refund", "charge"] * 2
        assert left(client) == 3
