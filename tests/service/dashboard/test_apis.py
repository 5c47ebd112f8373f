"""The pages of the APIs: every operation is there, and its form sends what a client would send."""

from __future__ import annotations

import html
import json
import re
import shlex
import subprocess
from pathlib import Path

import httpx
import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Locator, expect

from makeready.service import dialects
from makeready.service.dashboard.apis import TOKEN_S
from service.dashboard.conftest import Visitor

NAMES = ("printcart", "print-ready", "remove-bg", "removai", "photoroom")


def opened(visitor: Visitor, dialect: str, operation: str) -> Locator:
    """The form of an operation, unfolded; its page is another one."""
    page = visitor.open(f"/apis/{dialect}#{operation}")
    section = page.locator(f"details#{operation}")
    expect(section).to_have_attribute("open", "")
    return section


def sent(section: Locator) -> tuple[int, str]:
    """Send the form: the status and the text that came back."""
    section.get_by_role("button", name=re.compile("^Send")).first.click()
    state, came = section.locator(".line .state").first, section.locator(".came > pre").first
    expect(state).to_be_visible()
    return int(state.inner_text().split()[0]), came.inner_text() if came.count() else ""


@pytest.mark.parametrize(
    ("dialect", "operation", "known"),
    [
        ("printcart", "getWallet", "balance"),
        ("print-ready", "getUser", "email"),
        ("removai", "listImages", "images"),
        ("photoroom", "getAccount", "images"),
    ],
)
def test_what_is_free_can_be_asked(visitor: Visitor, dialect: str, operation: str, known: str) -> None:
    status, text = sent(opened(visitor, dialect, operation))
    assert (status, known in text) == (200, True), text
    assert json.loads(text)
    visitor.look(f"try-{dialect}")


def test_a_path_takes_what_is_written_and_the_curl_line_follows(visitor: Visitor) -> None:
    section = opened(visitor, "remove-bg", "getJob")
    section.get_by_label("jobId").fill("no such/job")
    line = section.locator("[data-curl]").inner_text()
    assert "/api/v1/jobs/no%20such%2Fjob" in line
    assert '-H "Authorization: Bearer $MAKEREADY_KEY"' in line
    assert sent(section)[0] == 404


def test_json_is_sent_as_it_stands(visitor: Visitor) -> None:
    section = opened(visitor, "printcart", "createDpiScore")
    body = section.get_by_label("Body, JSON")
    asked = json.loads(body.input_value())
    status, text = sent(section)
    assert status == 200
    assert json.loads(text)["data"]["effectivePpi"] == 133
    body.fill(json.dumps(asked | {"widthPx": 400, "heightPx": 300}))
    worse = json.loads(sent(section)[1])
    assert worse["data"]["stars"] < json.loads(text)["data"]["stars"]
    body.fill("{")
    assert sent(section)[0] in (400, 422)
    visitor.look("try-json")


def test_a_picture_is_sent_and_the_one_that_comes_is_shown(visitor: Visitor, tmp_path: Path) -> None:
    accounts = visitor.house.service.accounts
    before = accounts.balances(visitor.account.id)["images"]
    section = opened(visitor, "photoroom", "segment")
    expect(section.locator(".notice.warn")).to_contain_text("images out of the wallet")
    picture = tmp_path / "it's red.png"
    ball = Image.new("RGB", (240, 180), "gray")
    ImageDraw.Draw(ball).ellipse((60, 40, 180, 140), fill="red")
    ball.save(picture)
    section.get_by_label("image_file").set_input_files(picture)
    section.locator(".more").first.evaluate("one => { one.open = true; }")
    section.get_by_label("size").select_option("preview")
    assert r"-F 'image_file=@it'\''s red.png'" in section.locator("[data-curl]").inner_text()
    assert sent(section)[0] == 200
    shown = section.get_by_role("img", name="The picture that came")
    assert shown.evaluate("one => one.decode().then(() => one.naturalWidth)") > 0
    assert accounts.balances(visitor.account.id)["images"] == before - 1
    visitor.look("try-picture")


def test_every_operation_of_every_api_is_there(visitor: Visitor) -> None:
    cookie = visitor.house.service.signing_in.begin(visitor.account)
    with httpx.Client(base_url=visitor.house.base, cookies={"makeready": cookie}, timeout=30) as http:
        index = http.get("/dashboard/apis").text
        for name in NAMES:
            assert f"/dashboard/apis/{name}" in index
            page = http.get(f"/dashboard/apis/{name}").text
            document = http.get(f"/openapi/{name}.json").json()
            for methods in document["paths"].values():
                for told in methods.values():
                    assert f'id="{told["operationId"]}"' in page
                    assert html.escape(told["summary"]).replace("&#x27;", "&#39;") in page
        assert http.get("/dashboard/apis/nothing").status_code == 404


@pytest.mark.parametrize("name", NAMES)
def test_each_api_takes_the_token_of_the_page(visitor: Visitor, name: str) -> None:
    signing_in = visitor.house.service.signing_in
    with httpx.Client(base_url=visitor.house.base, cookies={"makeready": signing_in.begin(visitor.account)}) as http:
        made = http.post("/dashboard/apis/token")
        assert made.headers["Cache-Control"] == "no-store"
        assert made.json()["seconds"] == TOKEN_S
        other = http.post("/dashboard/apis/token", headers={"Sec-Fetch-Site": "cross-site"})
        assert other.status_code == 403
    free = {"printcart": "/v1/services/wallet", "print-ready": "/api/user", "remove-bg": "/api/v1/jobs/none"}
    free |= {"removai": "/v1/images", "photoroom": "/v2/account"}
    header = dialects.load(name).key_header
    with visitor.house.http() as http:
        token = made.json()["token"]
        said = f"Bearer {token}" if header == "Authorization" else token
        assert http.get(free[name], headers={header: said}).status_code in (200, 404)
        assert http.get(free[name], headers={header: said[:-4]}).status_code == 401
        assert http.get(free[name]).status_code == 401


def test_the_curl_line_of_the_page_works_as_it_stands(visitor: Visitor) -> None:
    page = visitor.open("/apis/printcart")
    line = page.locator("#createDpiScore-1-curl").text_content()
    assert line
    key = visitor.house.service.accounts.new_key(visitor.account.id)
    words = shlex.split(line.replace("$MAKEREADY_KEY", key).replace("\\\n", " "))
    done = subprocess.run([words[0], "-s", *words[1:]], capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(done.stdout)["data"]["stars"]


def test_what_costs_is_marked_and_what_is_free_is_not(visitor: Visitor) -> None:
    page = visitor.open("/apis/removai")
    expect(page.locator("#removeByUrl > summary .state")).to_have_text("costs images")
    expect(page.locator("#listImages > summary .state")).to_have_count(0)
    page = visitor.open("/apis/printcart")
    expect(page.locator("#createBackgroundRemoval > summary .state")).to_have_text("costs tokens")
    expect(page.locator("#createDpiScore > summary .state")).to_have_count(0)
