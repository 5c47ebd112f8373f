"""The tools in a browser, from the form to the file; and what their forms refuse."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from makeready.service import wallet
from service.dashboard.conftest import PATIENCE, Visitor, visiting
from service.dashboard.sending import BACKGROUND, FIX, PREFLIGHT, Client, ball, flyer
from service.dialects.conftest import House, front  # noqa: F401 - a fixture


def chosen(data: bytes, name: str = "ball.jpg", kind: str = "image/jpeg") -> Any:
    return {"name": name, "mimeType": kind, "buffer": data}


def done(page: Page) -> None:
    """Wait for a job's page to say so."""
    expect(page.locator("#job-state")).to_contain_text("It is done.", timeout=PATIENCE * 1000)


def fits(page: Page, width: int = 320) -> None:
    """A page is not wider than a phone, or another screen."""
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def saved(page: Page, name: str) -> bytes:
    with page.expect_download() as download:
        page.get_by_role("link", name=name).click()
    return Path(download.value.path()).read_bytes()


@pytest.fixture
def client(desk: House) -> Client:
    return Client(desk)


def test_a_background_is_removed_from_upload_to_download(visitor: Visitor) -> None:
    page = visitor.open("/tools/background")
    expect(page.get_by_text("It takes 150 tokens")).to_be_visible()
    page.get_by_label("Choose a file").set_input_files(chosen(ball()))
    expect(page.locator(".chosen")).to_contain_text("ball.jpg")
    page.get_by_label("What it shows").select_option("product")
    visitor.look("tool-background")
    page.get_by_role("button", name="Remove the background").click()
    page.wait_for_url("**/dashboard/jobs/*")
    done(page)
    slider = page.get_by_label("Before and after")
    slider.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(slider).to_have_value("53")
    assert page.locator(".frames").evaluate("one => one.style.getPropertyValue('--cut')") == "53%"
    cut = page.locator(".over").evaluate("one => getComputedStyle(one).clipPath")
    assert cut == "inset(0px 0px 0px 53%)"
    assert page.locator(".frames img").evaluate_all("all => all.every(one => one.naturalWidth === 240)")
    visitor.look("job-background")
    picture = Image.open(io.BytesIO(saved(page, "Save ball-cutout.png")))
    alpha = np.asarray(picture.getchannel("A"))
    assert (picture.size, alpha[90, 120], alpha[2, 2]) == ((240, 180), 255, 0)
    assert visitor.house.service.accounts.balances(visitor.account.id)["tokens"] == 5000 - 150


def test_a_file_is_checked_and_mended_from_its_report(visitor: Visitor) -> None:
    page = visitor.open("/tools/preflight")
    page.get_by_label("Choose a file").set_input_files(chosen(flyer(), "flyer.pdf", "application/pdf"))
    page.get_by_label("Product or profile").select_option("flyer")
    page.get_by_role("button", name="Check it").click()
    page.wait_for_url("**/dashboard/jobs/*")
    done(page)
    expect(page.get_by_role("heading", name="The report")).to_be_visible()
    expect(page.get_by_text("no longer kept")).to_have_count(0)
    expect(page.locator(".issue.error").first).to_be_visible()
    page.locator(".issue.error summary").first.click()
    expect(page.locator(".issue.error details p").first).to_be_visible()
    drawn = page.frame_locator("iframe.pages")
    expect(drawn.get_by_text("flyer.pdf").first).to_be_visible()
    visitor.look("job-check")
    bleed = page.locator("[name=fix][value=add_bleed]")
    expect(bleed).to_be_checked()
    for box in page.locator("[name=fix]:checked").all():
        if box.get_attribute("value") != "add_bleed":
            box.uncheck()
    expect(page.locator("[data-total]")).to_have_text("120 tokens")
    page.get_by_role("button", name="Mend it").click()
    expect(page.get_by_role("heading", name="The plan")).to_be_visible()
    expect(page.locator("#job-progress")).to_contain_text("120 tokens")
    expect(page.get_by_alt_text("The first page that changes, as it would be")).to_be_visible()
    visitor.look("job-plan")
    page.get_by_role("button", name="Approve").click()
    done(page)
    expect(page.locator(".changes dt")).to_have_text("Give the page bleed, made of its own edge")
    expect(page.get_by_text("Browsers do not show PDF pages here")).to_be_visible()
    visitor.look("job-mended")
    fits(page)
    assert saved(page, "Save flyer-corrected.pdf").startswith(b"%PDF")
    assert visitor.house.service.accounts.balances(visitor.account.id)["tokens"] == 5000 - 120


def test_a_picture_is_enlarged_and_shown_beside_itself(visitor: Visitor) -> None:
    page = visitor.open("/tools/fix")
    visitor.look("tool-fix")
    form = page.locator("#enlarge form")
    form.get_by_label("Choose a file").set_input_files(chosen(ball("PNG"), "ball.png", "image/png"))
    form.get_by_label("Twice the pixels along each side").check()
    form.get_by_role("button", name="Enlarge it").click()
    page.wait_for_url("**/dashboard/jobs/*")
    done(page)
    slider = page.get_by_label("Before and after")
    slider.press("Home")
    expect(slider).to_have_value("0")
    expect(slider).to_have_attribute("aria-valuetext", "0 % before, 100 % after")
    visitor.look("job-enlarged")
    fits(page)
    visitor.look("job-enlarged-320")
    assert Image.open(io.BytesIO(saved(page, "Save ball-corrected.png"))).size == (480, 360)
    assert visitor.house.service.accounts.balances(visitor.account.id)["tokens"] == 5000 - 50


def test_stars_come_at_once_from_a_picture_that_stays_at_home(visitor: Visitor) -> None:
    page = visitor.open("/tools/preflight")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method))
    page.get_by_label("Read the pixels of a picture").set_input_files(chosen(ball("PNG", (3000, 2000)), "big.png"))
    expect(page.get_by_label("Pixels across")).to_have_value("3000")
    rating = page.locator("#rating")
    rating.get_by_label("Printed width").fill("76.2")
    rating.get_by_label("Printed height").fill("50.8")
    rating.get_by_label("Unit").select_option("cm")
    rating.get_by_label("Product").select_option("photo_on_canvas")
    expect(page.locator("#stars")).to_contain_text("100 ppi")
    expect(page.locator("#stars")).to_contain_text("of 5 stars")
    assert set(sent) == {"GET"}
    visitor.look("tool-preflight")


def test_the_background_tool_works_without_scripts(desk: House, browser: Browser) -> None:
    made = visiting(desk, browser)
    context = browser.new_context(java_script_enabled=False, storage_state=made.page.context.storage_state())
    page = context.new_page()
    page.goto(f"{desk.base}{BACKGROUND}")
    page.get_by_label("Choose a file").set_input_files(chosen(ball()))
    page.get_by_role("button", name="Remove the background").click()
    page.wait_for_url("**/dashboard/jobs/*")
    done(page)  # the page asks again by itself
    expect(page.get_by_alt_text("Before: ball.jpg")).to_be_visible()
    expect(page.get_by_alt_text("After: ball-cutout.png")).to_be_visible()
    assert Image.open(io.BytesIO(saved(page, "Save ball-cutout.png"))).size == (240, 180)
    context.close()
    made.page.context.close()


@pytest.mark.parametrize("path", ["/tools", "/tools/background", "/tools/preflight", "/tools/fix"])
def test_pages_fit_every_screen_and_every_field_has_a_name(visitor: Visitor, path: str) -> None:
    page = visitor.open(path)
    unnamed = page.locator("input:not([type=hidden]), select").evaluate_all(
        "all => all.filter(one => !one.labels.length && !one.ariaLabel).map(one => one.outerHTML)"
    )
    assert unnamed == []
    for width in (1280, 320):
        page.emulate_media(color_scheme="dark" if width < 1000 else "light")
        fits(page, width)
        visitor.look(f"tools{path.rpartition('/')[2]}-{width}")


def test_a_file_is_dropped_and_the_wallet_has_too_little(visitor: Visitor) -> None:
    with visitor.house.service.database.writing() as connection:
        wallet.take(connection, visitor.account.id, "tokens", 4900, kind="charge", job_id="another", note="spent")
    page = visitor.open("/tools/background")
    data = page.evaluate_handle(
        """bytes => {
            const dropped = new DataTransfer();
            dropped.items.add(new File([new Uint8Array(bytes)], "dropped.jpg", { type: "image/jpeg" }));
            return dropped;
        }""",
        list(ball()),
    )
    page.dispatch_event(".source", "drop", {"dataTransfer": data})
    expect(page.locator(".chosen")).to_contain_text("dropped.jpg")
    page.get_by_role("button", name="Remove the background").click()
    notice = page.locator("#notices")
    expect(notice).to_contain_text("This takes 150 tokens, and the wallet has 100.")
    expect(notice).to_be_in_viewport()
    expect(notice.get_by_role("link", name="Go to the wallet to top it up")).to_have_attribute(
        "href", "/dashboard/wallet"
    )
    expect(page.get_by_role("button", name="Remove the background")).to_be_enabled()
    assert page.locator("[type=file]").evaluate("one => one.files.length") == 1


def test_a_file_that_is_too_large_is_refused_before_it_is_sent(visitor: Visitor, tmp_path: Path) -> None:
    page = visitor.open("/tools/preflight")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method))
    with (tmp_path / "a.pdf").open("wb") as file:
        file.truncate(31 << 20)
    page.get_by_label("Choose a file").set_input_files(tmp_path / "a.pdf")
    expect(page.locator(".chosen")).to_contain_text("The file is larger than 30 MB.")
    page.get_by_role("button", name="Check it").click()
    assert "POST" not in sent


# Forms without a browser ----------------------------------------------------------------------------------------------


def test_a_url_is_fetched_and_shown_beside_its_result(client: Client) -> None:
    url = client.house.offer("photo.jpg", ball())
    job_id = client.job(client.send(BACKGROUND, {"url": url, "output_background": "colour", "colour": "#0000ff"}))
    job = client.house.service.jobs.wait(client.account.id, job_id, PATIENCE)
    assert job.state == "completed", job.error_message
    made = {role: client.http.get(f"/dashboard/jobs/{job_id}/files/{role}") for role in ("before", "image")}
    assert made["before"].content == ball()
    picture = Image.open(io.BytesIO(made["image"].content)).convert("RGB")
    assert (picture.getpixel((2, 2)), picture.size) == ((0, 0, 255), (240, 180))
    for answer in made.values():
        assert "sandbox" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_same_form_sent_twice_is_one_job(client: Client) -> None:
    form = {"once": "a-token-of-one-form"}
    first, again = (client.job(client.send(BACKGROUND, form, ("ball.jpg", ball()))) for _ in range(2))
    assert first == again
    client.house.service.jobs.wait(client.account.id, first, PATIENCE)
    assert client.tokens == 850
    assert sum(path.name.endswith("ball.jpg") for path in client.files) == 1
    another = client.job(client.send(BACKGROUND, form | {"edge_softness": "9"}, ("ball.jpg", ball())))
    assert another != first


def test_a_token_of_somebody_else_leads_to_a_job_of_ones_own(desk: House) -> None:
    first, second = (Client(desk) for _ in range(2))
    jobs = {one.job(one.send(BACKGROUND, {"once": "the-same"}, ("ball.jpg", ball()))) for one in (first, second)}
    assert len(jobs) == 2


def test_who_has_too_little_is_told_the_way_to_the_wallet(desk: House) -> None:
    client = Client(desk, tokens=149)
    answer = client.send(BACKGROUND, {}, ("ball.jpg", ball()))
    assert answer.status_code == 402
    assert "This takes 150 tokens, and the wallet has 149." in answer.text
    assert 'href="/dashboard/wallet"' in answer.text
    assert (client.tokens, client.files) == (149, [])


@pytest.mark.parametrize(
    ("path", "form", "file", "status", "why"),
    [
        (BACKGROUND, {}, ("a.pdf", flyer()), 415, "This is a PDF file, which is not taken here."),
        (BACKGROUND, {}, ("a.jpg", b"<html>"), 415, "web page"),
        (BACKGROUND, {}, ("a.jpg", ball()[:40]), 422, "damaged"),
        (BACKGROUND, {}, None, 422, "neither a file nor a URL"),
        (BACKGROUND, {"url": "https://example.com/a.jpg"}, ("a.jpg", ball()), 422, "both a file and a URL"),
        (BACKGROUND, {"url": "http://10.0.0.1/a.jpg"}, None, 422, "not public"),
        (BACKGROUND, {"url": "ftp://example.com/a.jpg"}, None, 422, "is no URL"),
        (BACKGROUND, {"edge_softness": "11"}, ("a.jpg", ball()), 422, "Softness of the edge"),
        (BACKGROUND, {"output_background": "colour", "colour": "red"}, ("a.jpg", ball()), 422, "Colour"),
        (PREFLIGHT, {}, ("a.psd", b"8BPS\0\1" + bytes(40)), 415, "PSD"),
        (PREFLIGHT, {}, ("a.pdf", b""), 422, "The file is empty."),
        (PREFLIGHT, {"profile": "/etc/passwd"}, ("a.pdf", flyer()), 422, "There is no profile"),
        (PREFLIGHT, {"canvas_width": "10"}, ("a.pdf", flyer()), 422, "give both, or none"),
        (PREFLIGHT, {"canvas_width": "nan", "canvas_height": "1"}, ("a.pdf", flyer()), 422, "Printed width"),
        (FIX, {"fix": "no_such"}, ("a.pdf", flyer()), 422, "There is no fix"),
        (FIX, {"fix": "remove_background"}, ("a.pdf", flyer()), 422, "is for raster files"),
        (FIX, {"enlarge": "ppi"}, ("a.png", ball("PNG")), 422, "Resolution"),
        (FIX, {"enlarge": "3"}, ("a.png", ball("PNG")), 422, "How much larger"),
        (FIX, {"report": "report_of_nobody", "fix": "add_bleed"}, None, 404, "There is no report"),
    ],
    ids=lambda value: value if isinstance(value, str) and " " in value else None,
)
def test_what_is_refused_costs_nothing_and_is_not_kept(
    client: Client, path: str, form: dict[str, str], file: tuple[str, bytes] | None, status: int, why: str
) -> None:
    answer = client.send(path, form, file)
    assert (answer.status_code, why in answer.text) == (status, True), answer.text
    assert "Traceback" not in answer.text
    assert (client.tokens, client.files) == (1000, [])
    assert client.house.service.jobs.listed(client.account.id) == []


def test_a_model_that_is_not_installed_is_told_before_anything_is_taken(
    front: House,  # noqa: F811 - it is the fixture
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("MAKEREADY_MODEL_DIR", str(tmp_path))
    monkeypatch.setenv("MAKEREADY_CACHE", str(tmp_path))
    client = Client(front)
    answer = client.send(BACKGROUND, {}, ("ball.jpg", ball()))
    assert (answer.status_code, "makeready models install" in answer.text) == (503, True), answer.text
    assert (client.tokens, client.files) == (1000, [])


def test_a_file_that_is_too_large_is_refused_in_words(client: Client) -> None:
    answer = client.send(PREFLIGHT, {}, ("a.pdf", b"%PDF-1.7\n" + bytes(31 << 20)))
    assert answer.status_code == 413
    assert "That did not work" in answer.text
    assert client.files == []


def test_without_a_fix_the_file_is_checked_first(client: Client) -> None:
    job_id = client.job(client.send(FIX, {"approval": "yes"}, ("a.pdf", flyer())))
    assert client.house.service.jobs.get(client.account.id, job_id).operation == "check"
    assert client.tokens == 1000


def test_only_what_changed_something_is_paid(client: Client) -> None:
    form = {"fix": ["add_bleed", "flatten_layers"], "profile": "flyer"}
    job_id = client.job(client.send(FIX, form, ("a.pdf", flyer())))
    job = client.house.service.jobs.wait(client.account.id, job_id, PATIENCE)
    assert (job.state, job.held, job.cost) == ("completed", 130, 120), job.error_message
    assert client.tokens == 1000 - 120
    page = client.http.get(f"/dashboard/jobs/{job_id}").text
    assert "Make visible layers plain and take hidden ones out: the file has nothing that it would change" in page


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ({"width_px": "4000", "height_px": "3000", "canvas_width": "30", "canvas_height": "20"}, "133 ppi"),
        ({"width_px": "4000", "height_px": "3000"}, "when all numbers are there"),
    ],
)
def test_stars_are_those_of_the_api(client: Client, numbers: dict[str, str], said: str) -> None:
    assert said in client.http.get(f"{PREFLIGHT}/stars", params=numbers).text
    assert said in client.http.get(PREFLIGHT, params=numbers).text  # without scripts


def test_stars_of_no_such_product(client: Client) -> None:
    numbers = {"width_px": "1", "height_px": "1", "canvas_width": "1", "canvas_height": "1"}
    for product in ("no-such", "flyer"):
        answer = client.http.get(f"{PREFLIGHT}/stars", params=numbers | {"product": product})
        assert (answer.status_code, "roduct" in answer.text) == (422, True)
