"""The page about what was mended: it says what happened, loudest what is new, and shows the pages aligned."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import pytest
from PIL import Image

import makeready
from fixes.house import CHECK, fixes_file
from makeready import engine, fix_batch
from makeready.batch import Checked
from makeready.changes import Result
from makeready.errors import FixFailed
from makeready.fix_batch import FixJob, Mended
from makeready.report import fix_reports
from makeready.report.before_after import before_after, changed_pages
from makeready.testing import pdf, picture


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fixes_file(tmp_path_factory.mktemp("house"))


def page_of(result: Result, folder: Path, source: Path | None = None) -> str:
    return fix_reports.save(result, folder / "report.html", source=source).read_text("utf-8")


def rendered(*done: Checked) -> str:
    return fix_reports.for_suffix(".html").render(done)


def pictures(html: str) -> list[Image.Image]:
    return [
        Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")
        for data in re.findall(r'src="data:image/\w+;base64,([^"]+)"', html)
    ]


def boxes(html: str, cls: str) -> list[tuple[float, ...]]:
    """Left, top, width and height of every element of a class, in per cent."""
    found = re.findall(rf'class="{cls}" style="([^"]+)"', html)
    return [tuple(float(part.partition(":")[2].rstrip("%")) for part in style.split(";")) for style in found]


def test_it_says_what_was_done_what_is_fixed_and_what_is_left(tmp_path: Path) -> None:
    path = pdf("A6", bleed=None, boxes={"trim": None}).save(tmp_path / "a.pdf")
    checks = tmp_path / "checks.py"
    checks.write_text(CHECK)
    held = engine.measure(only=("BOX101", "BOX102", "HOU101"), plugin_files=[checks])
    html = page_of(makeready.fix(path, profile=held, plugin_files=[checks]), tmp_path)
    assert "Say by the page boxes" in html
    assert re.search(r'class="chip pass">.*?1 fixed<', html)
    assert re.search(r"<h3>Fixed</h3>.*BOX101", html)
    assert "add_bleed may change the look: allow it with --allow review" in html
    assert "there is no fix for it" in html
    assert "What to do" in html
    assert "the same inside the trim" in html


def test_it_loads_nothing_and_runs_nothing(tmp_path: Path, house: Path) -> None:
    path = pdf("A6").save(tmp_path / "a.pdf")
    html = page_of(makeready.fix(path, ["house_paint"], plugin_files=[house]), tmp_path)
    assert "<script" not in html
    assert not re.findall(r'(?:src|href)="(?!data:|#)[^"]*"', html)
    assert "url(" not in html
    assert "default-src &#x27;none&#x27;" in html


def test_names_and_messages_of_strangers_are_text(tmp_path: Path, house: Path) -> None:
    path = pdf("A6").save(tmp_path / "<b>a&.pdf")
    chain = [{"fix": "house_note", "note": "<script>alert(1)</script>"}]
    html = page_of(makeready.fix(path, chain, plugin_files=[house]), tmp_path)
    assert "<script" not in html
    assert "noted &lt;script&gt;" in html
    assert "&lt;b&gt;a&amp;.pdf" in html


def test_the_pictures_show_the_page_before_and_after(tmp_path: Path, house: Path) -> None:
    path = pdf("A6", background=None).save(tmp_path / "a.pdf")
    html = page_of(makeready.fix(path, ["house_paint"], plugin_files=[house]), tmp_path)
    before, after = pictures(html)
    width, height = before.size
    left, right = (width // 3, height // 2), (2 * width // 3, height // 2)
    assert min(before.getpixel(left)) > 240
    assert max(after.getpixel(left)) < 80
    assert min(after.getpixel(right)) > 240
    assert "50.0 % of the trim looks different" in html


def test_pages_that_grew_are_laid_on_each_other_by_their_trim(tmp_path: Path) -> None:
    path = pdf("100x100mm", bleed=None, background=(0, 0.5, 0.5, 0)).save(tmp_path / "a.pdf")
    result = makeready.fix(path, [{"fix": "add_bleed", "bleed": "5 mm"}])
    html = page_of(result, tmp_path)
    before, after = boxes(html, "placed")
    trim_before, trim_after = boxes(html, "trim")
    assert after == pytest.approx((0, 0, 100, 100), abs=0.01)
    assert before == pytest.approx((100 * 5 / 110, 100 * 5 / 110, 100 * 100 / 110, 100 * 100 / 110), abs=0.01)
    on_sheet = [
        tuple(place[axis] + trim[axis] * place[axis + 2] / 100 for axis in (0, 1))
        for place, trim in ((before, trim_before), (after, trim_after))
    ]
    assert on_sheet[0] == pytest.approx(on_sheet[1], abs=0.01)


def test_a_picture_file_with_bleed_is_aligned_by_its_canvas(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(picture(300, 300, format="TIFF", dpi=76.2))  # 100 mm
    result = makeready.fix(path, [{"fix": "add_bleed", "bleed": "5 mm"}], canvas="100x100mm")
    assert result.changes
    before, after = boxes(page_of(result, tmp_path), "placed")
    assert after == pytest.approx((0, 0, 100, 100), abs=0.2)
    assert before == pytest.approx((4.55, 4.55, 90.9, 90.9), abs=0.6)  # whole pixels


def test_only_pages_that_changed_are_drawn(tmp_path: Path, house: Path) -> None:
    path = pdf("A6", pages=5).save(tmp_path / "a.pdf")
    result = makeready.fix(path, ["house_paint"], plugin_files=[house])
    assert changed_pages(result) == (1,)
    shown = before_after(result, path)
    assert shown is not None
    assert [pair.page for pair in shown.pairs] == [1]


def test_pages_beyond_the_limit_are_counted(tmp_path: Path) -> None:
    path = pdf("A6", bleed=None, pages=4).save(tmp_path / "a.pdf")
    result = makeready.fix(path, ["add_bleed"])
    shown = before_after(result, path, limit=3, width_px=80)
    assert shown is not None
    assert (len(shown.pairs), shown.changed) == (3, 4)
    assert "1 page more changed, not shown here." in rendered(Checked(result.final, Mended(result, prepared=shown)))


def test_what_is_new_stands_first_and_loud(tmp_path: Path, house: Path) -> None:
    path = pdf("A6").save(tmp_path / "a.pdf")
    held = engine.measure(only=("BOX101",), settings=["BOX101=error"])
    html = page_of(makeready.fix(path, ["house_break_trim"], profile=held, plugin_files=[house]), tmp_path)
    assert re.search(r'<section class="card loud"><h3>.*?New: not there before.*?BOX101', html)
    assert html.index("New: not there before") < html.index("What was done")
    assert re.search(r'class="chip error">.*?1 new<', html)


def test_safe_steps_that_change_the_look_are_loud(tmp_path: Path, house: Path) -> None:
    path = pdf("A6").save(tmp_path / "a.pdf")
    assert "It does not look the same" in page_of(makeready.fix(path, ["house_paint"], plugin_files=[house]), tmp_path)
    assert "It does not look the same" not in page_of(
        makeready.fix(path, ["house_note"], plugin_files=[house]), tmp_path
    )


def test_a_refusal_bears_its_reason(tmp_path: Path, house: Path) -> None:
    path = pdf("A6").save(tmp_path / "a.pdf")
    html = page_of(makeready.fix(path, ["house_refuse"], plugin_files=[house]), tmp_path)
    assert "Refused" in html
    assert "give the file an output intent" in html
    assert "data:image" not in html, "nothing was changed: there is nothing to compare"


def test_a_plan_and_a_failure_have_their_pages_too(tmp_path: Path) -> None:
    path = pdf("A6", bleed=None, boxes={"trim": None}).save(tmp_path / "a.pdf")
    job = FixJob(held=engine.measure(only=("BOX101", "BOX102")), dry_run=True)
    (planned,) = fix_batch.run([path], job, processes=1)
    html = rendered(planned)
    assert "Nothing was changed: this is the plan." in html
    assert "What would be done" in html
    assert "set_boxes" in html
    failed = Checked(planned.report, Mended(error=FixFailed("the step add_bleed failed: KeyError")))
    html = rendered(failed)
    assert "It was not mended" in html
    assert "the step add_bleed failed: KeyError" in html


def test_many_files_stand_worst_first_under_a_table(tmp_path: Path) -> None:
    good = makeready.check(pdf("A6").bytes(), name="good.pdf")
    bad = makeready.check(b"no pdf", name="bad.pdf")
    html = rendered(Checked(good, Mended(Result(good, None, makeready.Plan(()), ()))), Checked(bad, Mended()))
    assert "2 files, worst first" in html
    assert html.index("bad.pdf") < html.index("good.pdf")


def test_a_result_without_its_input_has_a_page_without_pictures(tmp_path: Path, house: Path) -> None:
    result = makeready.fix(pdf("A6").bytes(), ["house_note"], plugin_files=[house], name="gone.pdf")
    html = page_of(result, tmp_path)
    assert "house_note" in html
    assert "data:image" not in html
