"""The printcart API with everything behind it: the conversations of its documentation, from the request to the file."""

from __future__ import annotations

import io
import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

import makeready
from fixes import subjects
from makeready.testing import demo
from makeready.testing.builder import pdf
from makeready.testing.pictures import picture
from service.dialects.conftest import Client, House, housed

REMOVALS = "/v1/services/bg-remove"
CHECKS, FIXES = "/v1/services/preflight/checks", "/v1/services/preflight/ai-jobs"
TRANSACTIONS = "/v1/services/wallet/transactions"
WHEN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@pytest.fixture
def client(house: House) -> Client:
    return house.client()


def ball(format: str = "JPEG") -> bytes:
    """A red ball before a white wall, 240 × 180."""
    image = Image.new("RGB", (240, 180), "white")
    ImageDraw.Draw(image).ellipse((80, 50, 160, 130), fill=(220, 20, 30))
    file = io.BytesIO()
    image.save(file, format, quality=95)
    return file.getvalue()


def opened(link: str) -> Image.Image:
    """The picture that a link leads to, for whoever has it."""
    answer = httpx.get(link, trust_env=False)
    assert answer.status_code == 200, answer.text
    return Image.open(io.BytesIO(answer.content))


# Background removal ---------------------------------------------------------------------------------------------------


def removed(house: House, client: Client, **more: Any) -> dict[str, Any]:
    url = house.offer("photo.jpg", ball())
    answer = client.post(REMOVALS, {"image_url": url, "subject_type": "product"} | more)
    assert answer.status_code == 202, answer.text
    return client.ended(f"{REMOVALS}/{answer.json()['job_id']}")


def test_a_background_is_removed(house: House, client: Client) -> None:
    job = removed(house, client)
    assert job["status"] == "completed", job
    assert job["error_message"] is None
    assert job["tokens_deducted"] == 150
    assert WHEN.fullmatch(job["created_at"])
    assert WHEN.fullmatch(job["completed_at"])
    assert job["completed_at"] > job["created_at"]
    cut = opened(job["output_url"])
    assert (cut.format, cut.mode, cut.size) == ("PNG", "RGBA", (240, 180))
    alpha = np.asarray(cut.getchannel("A"))
    assert alpha[90, 120] == 255
    assert max(alpha[0, 0], alpha[-1, -1]) == 0
    assert "photo-cutout.png" in job["output_url"]
    assert client.balance() == 850


def test_every_option_changes_the_result(house: House) -> None:
    client = house.client(tokens=1500)
    usual = np.asarray(opened(removed(house, client)["output_url"]))
    white = opened(removed(house, client, output_background="white")["output_url"])
    assert np.asarray(white.convert("RGBA"))[0, 0].tolist() == [255, 255, 255, 255]
    softness = {
        level: np.asarray(opened(removed(house, client, edge_softness=level)["output_url"]))[..., 3]
        for level in (0, 10)
    }
    between = {level: int(((alpha > 10) & (alpha < 245)).sum()) for level, alpha in softness.items()}
    assert between[0] < between[10], between
    fine = np.asarray(opened(removed(house, client, high_detail_mode=True)["output_url"]))
    assert fine.shape == usual.shape
    # Of a drawing everything counts that is not its ground; of a photo, what the model finds: what is red.
    two = Image.open(io.BytesIO(ball("PNG")))
    ImageDraw.Draw(two).rectangle((10, 10, 60, 40), fill=(20, 40, 200))
    file = io.BytesIO()
    two.save(file, "PNG")
    drawn = {"image_url": house.offer("drawn.png", file.getvalue())}
    kept = {
        subject: opened(removed(house, client, **drawn, subject_type=subject)["output_url"]).getpixel((30, 20))
        for subject in ("logo", "product")
    }
    assert kept["logo"] == (20, 40, 200, 255)
    assert kept["product"][3] == 0


def test_every_photographed_subject_has_its_own_edge(house: House, client: Client) -> None:
    hairy = Image.fromarray((subjects.coverage(800, 600) * 255).astype(np.uint8))
    draw = ImageDraw.Draw(hairy)
    for turn in range(0, 360, 5):
        away = 280 * np.exp(1j * np.radians(turn))
        draw.line((400, 300, 400 + away.real, 300 + away.imag), fill=255, width=2)
    cover = np.asarray(hairy.filter(ImageFilter.GaussianBlur(1.5))) / 255
    file = io.BytesIO()
    Image.fromarray((subjects.on_plaster(cover) * 255).astype(np.uint8)).save(file, "PNG")
    url = house.offer("hair.png", file.getvalue())
    seen = {}
    for subject in ("auto", "person", "product", "hair_heavy"):
        job_id = client.post(REMOVALS, {"image_url": url, "subject_type": subject}).json()["job_id"]
        seen[opened(client.ended(f"{REMOVALS}/{job_id}")["output_url"]).tobytes()] = subject
    assert len(seen) == 4, seen.values()


def test_a_failed_removal_is_refunded(house: House, client: Client) -> None:
    for name, data in (("broken.jpg", ball()[:300]), ("page.pdf", demo.business_card()), ("text.txt", b"no picture")):
        url = house.offer(name, data)
        job_id = client.post(REMOVALS, {"image_url": url}).json()["job_id"]
        job = client.ended(f"{REMOVALS}/{job_id}")
        assert job["status"] == "failed", name
        assert job["error_message"]
        assert job["output_url"] is None
        assert job["tokens_deducted"] == 0
        assert client.balance() == 1000
        kinds = [entry["type"] for entry in client.get(TRANSACTIONS).json()["data"] if entry["jobId"] == job_id]
        assert kinds == ["refund", "charge"]


def test_a_picture_that_is_not_there_fails_and_is_refunded(house: House, client: Client) -> None:
    job_id = client.post(REMOVALS, {"image_url": f"{house.shop}/nothing.jpg"}).json()["job_id"]
    job = client.ended(f"{REMOVALS}/{job_id}")
    assert job["status"] == "failed"
    assert "404" in job["error_message"]
    assert client.balance() == 1000


def test_links_run_out_and_cannot_be_changed(house: House, client: Client) -> None:
    link = removed(house, client)["output_url"]
    assert httpx.get(link + "0", trust_env=False).status_code == 403
    assert httpx.get(link.replace("expires=", "expires=9"), trust_env=False).status_code == 403


# Checks ---------------------------------------------------------------------------------------------------------------


def checked(house: House, client: Client, name: str, data: bytes, **more: Any) -> dict[str, Any]:
    answer = client.post(CHECKS, {"designId": "design_12345", "fileUrl": house.offer(name, data)} | more)
    assert answer.status_code == 201, answer.text
    report: dict[str, Any] = answer.json()["data"]
    return report


def test_a_check_answers_with_its_report(house: House, client: Client) -> None:
    report = checked(
        house, client, "artwork.pdf", demo.poster(), fileType="pdf",
        productProfile={"requiredDpi": 300, "requiredColorMode": "cmyk", "bleedMm": 3},
    )  # fmt: skip
    assert report["reportId"].startswith("report_")
    assert report["designId"] == "design_12345"
    assert report["fileUrl"] == f"{house.shop}/artwork.pdf"
    assert report["fileType"] == "pdf"
    assert report["status"] == "failed"
    assert WHEN.fullmatch(report["createdAt"])
    issues = {issue["code"]: issue for issue in report["issues"]}
    assert {"IMG101", "COL101", "BOX102"} <= issues.keys()
    assert set(issues["IMG101"]) == {
        "code", "severity", "message", "page", "place", "measured", "limit", "fixTypes"
    }  # fmt: skip
    assert issues["IMG101"]["severity"] == "error"
    assert issues["IMG101"]["measured"]["value"] == pytest.approx(96, abs=1)
    assert "upscale" in issues["IMG101"]["fixTypes"]
    assert "add_bleed" in issues["BOX102"]["fixTypes"]
    assert len(issues["IMG101"]["place"]["pt"]) == 4
    page = httpx.get(report["reportUrl"], trust_env=False)
    assert page.status_code == 200
    assert page.headers["Content-Type"].startswith("text/html")
    assert "IMG101" in page.text
    assert client.balance() == 1000


def test_what_the_press_needs_decides(house: House, client: Client) -> None:
    file = pdf("A6", bleed="2 mm").image(200, at=("10 mm", "10 mm"), size=("60 mm", "40 mm")).bytes()

    def codes(**profile: Any) -> set[str]:
        report = checked(house, client, "press.pdf", file, productProfile=profile)
        return {issue["code"] for issue in report["issues"] if issue["severity"] == "error"}

    strict = codes(requiredDpi=300, bleedMm=3)
    assert {"IMG101", "BOX102"} <= strict
    assert not codes(requiredDpi=150, bleedMm=2) & {"IMG101", "BOX102"}


def test_a_good_file_passes(house: House, client: Client) -> None:
    report = checked(house, client, "card.pdf", demo.business_card())
    assert report["status"] == "passed", report["issues"]


def test_a_picture_on_a_canvas_has_stars(house: House, client: Client) -> None:
    photo = picture(1200, 900, format="JPEG")
    report = checked(
        house, client, "photo.jpg", photo, productType="photo_on_canvas", canvasWidthInches=9, canvasHeightInches=6
    )
    assert (report["stars"], report["label"], report["effectivePpi"], report["minPpi"]) == (4, "Good", 133, 100)
    assert report["productType"] == "photo_on_canvas"
    assert report["fileType"] == "jpeg"
    bare = checked(house, client, "photo.jpg", photo)
    assert (bare["stars"], bare["productType"]) == (None, None)


def test_a_broken_file_has_a_report_and_another_kind_is_refused(house: House, client: Client) -> None:
    report = checked(house, client, "broken.pdf", b"%PDF-1.7\n" + b"nothing of a page" * 50)
    assert report["status"] == "failed"
    assert report["issues"][0]["code"].startswith("FIL")
    for more in ({"fileUrl": house.offer("x.txt", b"words")}, {"fileUrl": f"{house.shop}/none.pdf"},
                 {"fileUrl": house.offer("a.pdf", demo.business_card()), "fileType": "jpeg"}):  # fmt: skip
        answer = client.post(CHECKS, {"designId": "d"} | more)
        assert answer.status_code == 422, answer.text
        assert answer.json()["error"] not in ("VALIDATION_ERROR", "INTERNAL_ERROR")
        assert answer.json()["message"]


def test_reports_are_listed_read_and_deleted(house: House, client: Client) -> None:
    card = demo.business_card()
    made = [checked(house, client, "card.pdf", card, designId=f"d{number}")["reportId"] for number in range(3)]
    first = client.get(CHECKS, params={"limit": 2}).json()
    assert [report["reportId"] for report in first["data"]] == made[:0:-1]
    rest = client.get(CHECKS, params={"limit": 2, "cursor": first["nextCursor"]}).json()
    assert [report["reportId"] for report in rest["data"]] == made[:1]
    assert rest["nextCursor"] is None
    one = client.get(f"{CHECKS}/{made[1]}").json()["data"]
    assert one["designId"] == "d1"
    stranger = house.client()
    assert stranger.get(f"{CHECKS}/{made[1]}").status_code == 404
    assert stranger.http.delete(f"{CHECKS}/{made[1]}").status_code == 404
    gone = client.http.delete(f"{CHECKS}/{made[1]}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert client.get(f"{CHECKS}/{made[1]}").status_code == 404
    assert client.http.delete(f"{CHECKS}/{made[1]}").status_code == 404
    assert len(client.get(CHECKS).json()["data"]) == 2


def test_a_check_that_takes_too_long_is_given_up(models: None, tmp_path: Path) -> None:
    with housed(tmp_path, works=False, limits_request_seconds=0.3) as house:
        client = house.client()
        answer = client.post(CHECKS, {"designId": "d", "fileUrl": f"{house.shop}/a.pdf"})
        assert answer.status_code == 504
        assert answer.json()["error"] == "TIMEOUT"
        (job,) = house.service.jobs.listed(client.account.id, limit=10)
        assert job.state == "cancelled"


# Fixes ----------------------------------------------------------------------------------------------------------------


def photo_report(house: House, client: Client) -> str:
    file = picture(400, 300, format="JPEG")
    return str(checked(house, client, "photo.jpg", file, designId="upscale-001", fileType="jpeg")["reportId"])


def fixing(client: Client, report_id: str, **options: Any) -> dict[str, Any]:
    answer = client.post(FIXES, {"preflightReportId": report_id, "options": options})
    assert answer.status_code == 202, answer.text
    job: dict[str, Any] = answer.json()["data"]
    return job


def test_what_is_wrong_with_a_file_is_said_of_it_by_its_name(house: House, client: Client) -> None:
    file = io.BytesIO()
    Image.open(io.BytesIO(ball())).save(file, "TIFF", compression="tiff_lzw")
    report = checked(house, client, "half.tif", file.getvalue()[: len(file.getvalue()) // 2])
    assert report["status"] == "failed"
    assert "half.tif" in report["issues"][0]["message"]


def test_a_photo_is_upscaled_as_printed(house: House, client: Client) -> None:
    report_id = photo_report(house, client)
    job = fixing(client, report_id, fixTypes=["upscale_resolution_2x"], targetDpi=300)
    assert job == {
        "jobId": job["jobId"], "status": "analyzing", "estimatedTokenCost": {"min": 30, "max": 30}
    }  # fmt: skip
    assert job["jobId"].startswith("job_")
    assert client.balance() == 970
    ended = client.ended(f"{FIXES}/{job['jobId']}")
    assert ended["status"] == "completed", ended
    assert ended["tokensDeducted"] == 30
    assert WHEN.fullmatch(ended["completedAt"])
    assert ended["appliedFixes"] == ["upscale_resolution_2x"]
    assert ended["skippedFixes"] == []
    assert "photo-corrected.jpg" in ended["correctedFileUrl"]
    fixed = opened(ended["correctedFileUrl"])
    assert (fixed.format, fixed.size) == ("JPEG", (800, 600))
    before, after = (client.get(f"{CHECKS}/{ended[name]}").json()["data"] for name in ("beforeReport", "afterReport"))
    assert before["designId"] == after["designId"] == "upscale-001"
    assert opened(before["fileUrl"]).size == (400, 300)
    assert opened(after["fileUrl"]).size == (800, 600)
    assert client.balance() == 970


def test_the_target_bounds_upscaling(house: House, client: Client) -> None:
    file = picture(400, 300, format="JPEG")
    report = checked(house, client, "small.jpg", file, canvasWidthInches=4, canvasHeightInches=3)
    job = fixing(client, report["reportId"], fixTypes=["upscale_resolution_4x"], targetDpi=150)
    ended = client.ended(f"{FIXES}/{job['jobId']}")
    assert ended["status"] == "completed", ended
    assert opened(ended["correctedFileUrl"]).size == (600, 450)
    assert ended["tokensDeducted"] == 50


def test_a_fix_goes_on_from_what_another_made(house: House, client: Client) -> None:
    report = checked(house, client, "p.jpg", picture(300, 200, format="JPEG", dpi=300), fileType="jpeg")
    first = client.ended(f"{FIXES}/{fixing(client, report['reportId'], fixTypes=['to_pdf'])['jobId']}")
    assert first["status"] == "completed", first
    second = fixing(client, first["afterReport"], fixTypes=["add_bleed"])
    ended = client.ended(f"{FIXES}/{second['jobId']}")
    assert ended["status"] == "completed", ended
    assert httpx.get(ended["correctedFileUrl"], trust_env=False).content.startswith(b"%PDF")


@pytest.mark.parametrize(
    ("own", "target", "pixels", "said"),
    [
        # 3 mm on each side at 254 ppi are 30 pixels, at 127 ppi 15, at 300 ppi 35.4; it is never less.
        (254, None, 30, "its own density of 254 ppi"),
        (254, 127, 15, "the 127 ppi that were asked for"),
        (None, None, 35, "300 ppi, as the file says nothing"),
    ],
)
def test_bleed_is_added_to_a_picture_whose_size_nobody_named(
    house: House, client: Client, own: int | None, target: int | None, pixels: int, said: str
) -> None:
    report = checked(house, client, "p.png", picture(400, 300, format="PNG", dpi=own))
    more = {"targetDpi": target} if target else {}
    job = fixing(client, report["reportId"], fixTypes=["add_bleed"], **more)
    ended = client.ended(f"{FIXES}/{job['jobId']}")
    assert ended["status"] == "completed", ended
    assert ended["appliedFixes"] == ["add_bleed"]
    assert said in ended["notes"][0]
    width, height = opened(ended["correctedFileUrl"]).size
    assert 2 * pixels <= width - 400 == height - 300 <= 2 * (pixels + 1)


def test_bleed_is_added_to_a_pdf(house: House, client: Client) -> None:
    file = pdf("A6", bleed=None).bytes()
    profile = {"bleedMm": 5}
    report = checked(house, client, "card.pdf", file, productProfile=profile)
    assert "BOX102" in [issue["code"] for issue in report["issues"]]
    job = fixing(client, report["reportId"], fixTypes=["add_bleed"])
    assert job["estimatedTokenCost"] == {"min": 120, "max": 120}
    ended = client.ended(f"{FIXES}/{job['jobId']}")
    assert ended["status"] == "completed", ended
    after = client.get(f"{CHECKS}/{ended['afterReport']}").json()["data"]
    assert "BOX102" not in [issue["code"] for issue in after["issues"]]
    mended = httpx.get(ended["correctedFileUrl"], trust_env=False).content
    (page,) = makeready.inspect(mended, name="m.pdf").facts.pages  # type: ignore[union-attr]
    assert page.bleed is not None
    assert page.trim is not None
    assert page.trim.x0 - page.bleed.x0 == pytest.approx(5 * 72 / 25.4, abs=0.05)


def test_fixes_are_derived_from_the_report(house: House, client: Client) -> None:
    file = pdf("A6", bleed=None).image(100, colour="rgb", at=("10 mm", "10 mm"), size=("40 mm", "30 mm")).bytes()
    report = checked(house, client, "flyer.pdf", file, productProfile={"bleedMm": 3, "requiredColorMode": "cmyk"})
    offered = {issue["fixTypes"][0] for issue in report["issues"] if issue["fixTypes"] and issue["severity"] != "info"}
    answer = client.post(FIXES, {"preflightReportId": report["reportId"]})
    assert answer.status_code == 202, answer.text
    job = answer.json()["data"]
    cost = job["estimatedTokenCost"]
    assert 0 < cost["min"] < cost["max"]
    assert client.balance() == 1000 - cost["max"]
    ended = client.ended(f"{FIXES}/{job['jobId']}")
    assert ended["status"] == "completed", ended
    assert set(ended["fixTypes"]) == offered
    assert {"add_bleed", "convert_to_cmyk"} <= set(ended["appliedFixes"])
    assert cost["min"] <= ended["tokensDeducted"] <= cost["max"]
    assert client.balance() == 1000 - ended["tokensDeducted"]


def test_where_a_plan_has_no_end_of_tokens_nothing_is_taken(tmp_path: Path) -> None:
    plans = tmp_path / "plans.toml"
    plans.write_text('[plans.professional.allowances]\ntokens = "unlimited"\n')
    with housed(tmp_path, plans_file=plans) as house:
        client = house.client(0, "professional")
        report = checked(house, client, "card.pdf", pdf("A6", bleed=None).bytes(), productProfile={"bleedMm": 3})
        job = fixing(client, report["reportId"], fixTypes=["add_bleed"])
        assert job["estimatedTokenCost"] == {"min": 0, "max": 0}
        ended = client.ended(f"{FIXES}/{job['jobId']}")
        assert (ended["status"], ended["tokensDeducted"]) == ("completed", 0), ended
        assert client.get(TRANSACTIONS).json()["data"] == []


def test_nothing_to_fix_is_told(house: House, client: Client) -> None:
    report = checked(house, client, "card.pdf", demo.business_card())
    answer = client.post(FIXES, {"preflightReportId": report["reportId"]})
    assert answer.status_code == 422
    assert answer.json()["error"] == "NOTHING_TO_FIX"
    assert client.balance() == 1000


@pytest.mark.parametrize(
    ("fixes", "word"),
    [
        (["upscale_resolution_3x"], "upscale_resolution_"), (["sharpen_edges", "sharpen_edges"], "twice"),
        (["embed_fonts"], "pdf"), ([], ""), (["x" * 500], "There is no fix"),
    ],
)  # fmt: skip
def test_fixes_that_there_are_not_are_refused(house: House, client: Client, fixes: list[str], word: str) -> None:
    report_id = photo_report(house, client)
    answer = client.post(FIXES, {"preflightReportId": report_id, "options": {"fixTypes": fixes}})
    assert answer.status_code == 422
    assert word in answer.json()["fields"]["options.fixTypes"][0]
    assert client.balance() == 1000


def test_a_fix_waits_for_approval(house: House, client: Client) -> None:
    report_id = photo_report(house, client)
    job = fixing(client, report_id, fixTypes=["upscale_resolution_2x"], requireApproval=True)
    path = f"{FIXES}/{job['jobId']}"
    waiting = client.ended(path, ("awaiting_approval", "failed"))
    assert waiting["status"] == "awaiting_approval", waiting
    assert [step["fixType"] for step in waiting["plan"]] == ["upscale_resolution_2x"]
    assert waiting["plan"][0]["tokens"] == 30
    assert httpx.get(waiting["previewUrl"], trust_env=False).status_code == 200
    assert waiting["correctedFileUrl"] is None
    assert house.client().post(f"{path}/approve").status_code == 404
    approved = client.post(f"{path}/approve")
    assert approved.status_code == 200
    assert approved.json()["data"]["status"] == "applying"
    ended = client.ended(path)
    assert ended["status"] == "completed", ended
    assert opened(ended["correctedFileUrl"]).size == (800, 600)
    for word in ("approve", "reject"):
        answer = client.post(f"{path}/{word}")
        assert answer.status_code == 409
        assert answer.json()["error"] == "CONFLICT"


def test_a_rejected_fix_is_refunded(house: House, client: Client) -> None:
    job = fixing(client, photo_report(house, client), fixTypes=["sharpen_edges"], requireApproval=True)
    path = f"{FIXES}/{job['jobId']}"
    assert client.ended(path, ("awaiting_approval", "failed"))["status"] == "awaiting_approval"
    assert client.balance() == 965
    rejected = client.post(f"{path}/reject")
    assert rejected.status_code == 200
    assert rejected.json()["data"]["status"] == "rejected"
    assert rejected.json()["data"]["tokensDeducted"] == 0
    assert client.balance() == 1000
    assert client.post(f"{path}/approve").status_code == 409
    assert client.post(f"{path}/reject").status_code == 409


def test_fixes_need_a_report_of_ones_own(house: House, client: Client) -> None:
    report_id = photo_report(house, client)
    body = {"preflightReportId": report_id, "options": {"fixTypes": ["upscale_resolution_2x"]}}
    assert house.client().post(FIXES, body).status_code == 404
    assert house.client(tokens=20).post(FIXES, body).status_code == 404
    client.http.delete(f"{CHECKS}/{report_id}")
    assert client.post(FIXES, body).status_code == 404
    poor = house.client(tokens=20)
    answer = poor.post(FIXES, body | {"preflightReportId": photo_report(house, poor)})
    assert answer.status_code == 402
    assert answer.json()["shortfall"] == 10


def test_it_is_the_same_on_postgresql(models: None, postgresql_database: str, tmp_path: Path) -> None:
    with housed(tmp_path, database_url=postgresql_database) as house:
        client = house.client()
        job = fixing(client, photo_report(house, client), fixTypes=["upscale_resolution_2x"], requireApproval=True)
        path = f"{FIXES}/{job['jobId']}"
        assert client.ended(path, ("awaiting_approval", "failed"))["status"] == "awaiting_approval"
        client.post(f"{path}/approve")
        ended = client.ended(path)
        assert ended["status"] == "completed", ended
        assert client.balance() == 970
        assert removed(house, client)["status"] == "completed"
        listed = client.get(CHECKS, params={"limit": 2}).json()
        older = client.get(CHECKS, params={"limit": 2, "cursor": listed["nextCursor"]}).json()
        assert len({report["reportId"] for report in listed["data"] + older["data"]}) == 3
        assert [entry["type"] for entry in client.get(TRANSACTIONS).json()["data"]] == ["charge", "hold", "grant"]


# The documentation's commands -----------------------------------------------------------------------------------------


COMMANDS = r"""
curl -X POST https://api.printcart.com/v1/services/bg-remove \
-H "Authorization: Bearer <access_token>" \
-H "Content-Type: application/json" \
-d '{
"image_url": "https://example.com/photo.jpg",
"subject_type": "product",
"output_background": "transparent"
}'

curl https://api.printcart.com/v1/services/bg-remove/JgSluQxRQ_mkvwpsGIOny \
-H "Authorization: Bearer <access_token>"

curl -X POST https://api.printcart.com/v1/services/preflight/dpi-score \
-H "Authorization: Bearer <access_token>" \
-H "Content-Type: application/json" \
-d '{
"widthPx": 4000,
"heightPx": 3000,
"canvasWidthInches": 30,
"canvasHeightInches": 20,
"productType": "photo_on_canvas"
}'

curl -X POST https://api.printcart.com/v1/services/preflight/checks \
-H "Authorization: Bearer <access_token>" \
-H "Content-Type: application/json" \
-d '{
"designId": "design_12345",
"fileUrl": "https://example.com/artwork.pdf",
"fileType": "pdf",
"productProfile": { "requiredDpi": 300, "requiredColorMode": "cmyk", "bleedMm": 3 }
}'

curl -X POST https://api.printcart.com/v1/services/preflight/checks \
-H "Authorization: Bearer <access_token>" -H "Content-Type: application/json" \
-d '{ "designId": "upscale-001", "fileUrl": "https://example.com/photo.jpg", "fileType": "jpeg" }'

curl -X POST https://api.printcart.com/v1/services/preflight/ai-jobs \
-H "Authorization: Bearer <access_token>" -H "Content-Type: application/json" \
-d '{
"preflightReportId": "report_...",
"options": { "fixTypes": ["upscale_resolution_2x"], "targetDpi": 300 }
}'
"""


def test_the_printed_commands_work(house: House, client: Client, tmp_path: Path) -> None:
    house.offer("photo.jpg", ball())
    house.offer("artwork.pdf", demo.poster())
    names = {
        "https://api.printcart.com": house.base,
        "https://example.com": house.shop,
        "<access_token>": house.service.accounts.token(client.account),
    }
    answers: list[tuple[int, Any]] = []
    for command in COMMANDS.strip().split("\n\n"):
        for printed, real in names.items():
            command = command.replace(printed, real)
        body = tmp_path / "body"
        words = shlex.split(command.replace("\\\n", " "))
        status = subprocess.run(
            [*words, "-s", "--noproxy", "*", "-o", body, "-w", "%{http_code}"],
            capture_output=True, text=True, check=True, timeout=60,
        ).stdout  # fmt: skip
        answer = json.loads(body.read_text())
        answers.append((int(status), answer))
        if "job_id" in answer:
            names["JgSluQxRQ_mkvwpsGIOny"] = answer["job_id"]
        if "reportId" in answer.get("data", {}):
            names["report_..."] = answer["data"]["reportId"]
    assert [status for status, _ in answers] == [202, 200, 200, 201, 201, 202], answers
    job = client.ended(f"{FIXES}/{answers[-1][1]['data']['jobId']}")
    assert job["status"] == "completed", job
    assert job["tokensDeducted"] == 30
