"""Reports: the list, a report on a page of its own, its files, and its deletion."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import expect

from makeready.report import data
from makeready.service.core import Account
from service.dashboard.conftest import Visitor
from service.dashboard.sending import FIX, PREFLIGHT, Client, ball, flyer
from service.dialects.conftest import House

REPORTS = "/dashboard/reports"


@pytest.fixture
def client(desk: House) -> Client:
    return Client(desk)


def kept(house: House, account: Account, name: str, verdict: str = "pass", **more: Any) -> str:
    """A report that nobody made."""
    document = {
        "schema": data.REPORT, "file": {"path": name, "kind": "pdf", "format": "PDF", "bytes": 1000, "sha256": ""},
        "profile": {"name": "default", "title": "Any press"}, "verdict": verdict, "stars": None, "issues": [],
        "facts": None, **more,
    }  # fmt: skip
    with house.service.database.writing() as connection:
        return house.service.reports.add(connection, account_id=account.id, document=document, request={})


def test_reports_are_listed_filtered_and_paged(visitor: Visitor) -> None:
    house, account = visitor.house, visitor.account
    for number in range(27):
        kept(house, account, f"page{number}.pdf", "error" if number == 3 else "pass")
    stars = {"stars": 4, "label": "Good", "effectivePpi": 133, "minPpi": 100, "productType": "poster"}
    kept(house, account, "<b>photo</b>.jpg", "warning", stars=stars)
    page = visitor.open("/reports")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(25)
    expect(rows.first).to_contain_text("<b>photo</b>.jpg")
    expect(rows.first).to_contain_text("4 of 5")
    visitor.look("reports")
    page.get_by_role("link", name="More").click()
    expect(rows).to_have_count(3)
    page.get_by_role("link", name="Back").click()
    page.get_by_label("Verdict").select_option("error")
    page.get_by_role("button", name="Show").click()
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("page3.pdf")
    page.set_viewport_size({"width": 320, "height": 700})
    visitor.look("reports-320")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_report_is_read_saved_and_deleted(visitor: Visitor) -> None:
    sender = Client(visitor.house)
    account = visitor.account
    cookie = visitor.house.service.signing_in.begin(account, "a test")
    sender.account, sender.http = account, visitor.house.http(cookie=f"makeready={cookie}")
    job = sender.ended(sender.send(PREFLIGHT, {"profile": "flyer"}, ("flyer.pdf", flyer())))
    report_id = (job.result or {})["reports"]["report"]
    page = visitor.open(f"/reports/{report_id}")
    expect(page.get_by_role("heading", name="Errors")).to_be_visible()
    expect(page.frame_locator("iframe").get_by_text("flyer.pdf").first).to_be_visible()
    for width, scheme in ((1280, "light"), (360, "dark")):
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.locator("iframe").scroll_into_view_if_needed()
        visitor.look(f"report-{width}")
    with page.expect_download() as html:
        page.get_by_role("link", name="Save the report (HTML)").click()
    assert html.value.suggested_filename == "flyer-report.html"
    with page.expect_download() as json:
        page.get_by_role("link", name="Save the report (JSON)").click()
    assert json.value.suggested_filename == "flyer.pdf-report.json"
    page.get_by_text("Delete this report").click()
    page.get_by_role("button", name="Delete it").click()
    expect(page.get_by_text("None yet.")).to_be_visible()
    assert sender.http.get(f"{REPORTS}/{report_id}").status_code == 404
    told = sender.http.get(f"/dashboard/jobs/{job.id}").text
    assert "The report of this job is no longer kept." in told


def test_the_page_of_a_report_can_do_nothing(client: Client) -> None:
    job = client.ended(client.send(PREFLIGHT, {}, ("a.pdf", flyer())))
    answer = client.http.get(f"{REPORTS}/{(job.result or {})['reports']['report']}/page")
    policy = answer.headers["content-security-policy"]
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-disposition"] == "inline"
    assert {"default-src 'none'", "sandbox", "frame-ancestors 'self'"} <= set(policy.split("; "))
    again = client.http.get(answer.url, headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    ("name", "saved"),
    [
        ("a flyer.pdf", 'attachment; filename="a flyer.pdf-report.json"'),
        (
            "prüfung.pdf",
            "attachment; filename=\"prufung.pdf-report.json\"; filename*=UTF-8''pr%C3%BCfung.pdf-report.json",
        ),
    ],
)
def test_the_document_of_a_report_is_saved_under_the_name_of_its_file(client: Client, name: str, saved: str) -> None:
    job = client.ended(client.send(PREFLIGHT, {}, (name, flyer())))
    answer = client.http.get(f"{REPORTS}/{(job.result or {})['reports']['report']}/report.json")
    assert answer.headers["content-disposition"] == saved
    assert answer.json()["file"]["path"] == name


def test_nothing_of_a_report_is_seen_by_another_account(desk: House) -> None:
    owner, other = Client(desk), Client(desk)
    job = owner.ended(owner.send(PREFLIGHT, {}, ("a.pdf", flyer())))
    report_id = (job.result or {})["reports"]["report"]
    parts = ("", "/page", "/file", "/report.json")
    for one, status in ((owner, 200), (other, 404)):
        seen = {part: one.http.get(f"{REPORTS}/{report_id}{part}").status_code for part in parts}
        assert seen == dict.fromkeys(parts, status)
    assert other.http.post(f"{REPORTS}/{report_id}/delete").status_code == 404
    assert other.send(FIX, {"report": report_id, "fix": "add_bleed"}).status_code == 404
    assert report_id not in other.http.get(REPORTS).text
    assert owner.http.get(f"{REPORTS}/{report_id}/file").content == flyer()


def test_pictures_that_browsers_do_not_show_are_saved(client: Client) -> None:
    file = io.BytesIO()
    Image.new("CMYK", (200, 150), (0, 90, 90, 0)).save(file, "JPEG")
    job = client.ended(client.send(FIX, {"enlarge": "2"}, ("inks.jpg", file.getvalue())))
    assert job.state == "completed", job.error_message
    page = client.http.get(f"/dashboard/jobs/{job.id}").text
    assert "Browsers do not show pictures of this kind as they print" in page
    assert "Save inks-corrected.jpg" in page
    assert 'class="compare"' not in page


def test_an_api_lists_the_reports_of_the_dashboard_too(client: Client) -> None:
    sent = client.ended(client.send(PREFLIGHT, {"profile": "gelato"}, ("ball.png", ball("PNG"))))
    key = client.house.service.accounts.new_key(client.account.id)
    with client.house.http(authorization=f"Bearer {key}", **{"x-api-key": key}) as http:
        listed = http.get("/v1/services/preflight/checks").json()["data"]
    assert [one["reportId"] for one in listed] == [(sent.result or {})["reports"]["report"]]
    assert client.house.http().get(listed[0]["fileUrl"]).content == ball("PNG")


def test_a_verdict_that_there_is_not(client: Client) -> None:
    answer = client.http.get(REPORTS, params={"verdict": "fine"})
    assert (answer.status_code, "There is no verdict" in answer.text) == (422, True)
