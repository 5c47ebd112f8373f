"""The HTML report: complete, self-contained, safe with any file name, and numbered like its pictures."""

from __future__ import annotations

import base64
import io
import pickle
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from makeready.facts import Artwork, Boxes, Page, Rect
from makeready.pdf.boxes import mm_from_trim, on_display
from makeready.report.entries import entries
from makeready.report.html import render
from makeready.report.html_issues import ROWS_SHOWN
from makeready.report.html_pages import FRAMES_SHOWN
from makeready.report.markup import escape, prose, tag
from makeready.report.pictures import PagePicture, pictures_for, wanted_pages
from makeready.results import CheckRun, FileInfo, Issue, Outcome, Place, ProfileInfo, Report, Severity, Stars
from makeready.units import POINTS_PER_MM, Length, PointSize, Resolution, Size

MM = POINTS_PER_MM
BOXES = Boxes(media=(-20, -20, 320, 520), bleed=(-9, -9, 309, 509), trim=(0, 0, 300, 500))


class Tree(HTMLParser):
    """Reads a page, complains of every tag that is not closed in its place, and remembers all of them."""

    VOID = ("meta", "img", "br", "hr", "input")

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((name, dict(attributes)))
        assert len(attributes) == len(dict(attributes)), f"an attribute twice in {name}"
        if name not in self.VOID:
            self.open.append(name)

    def handle_startendtag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((name, dict(attributes)))

    def handle_endtag(self, name: str) -> None:
        assert self.open.pop() == name

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.texts).replace("\u00a0", " ").split())

    def all(self, name: str, cls: str | None = None) -> list[dict[str, str | None]]:
        return [a for n, a in self.elements if n == name and (cls is None or cls in (a.get("class") or "").split())]


def pages(count: int = 1, rotate: int = 0, boxes: Boxes = BOXES) -> tuple[Page, ...]:
    return tuple(Page(number, boxes, rotate=rotate) for number in range(1, count + 1))


def place(page: Page, *rect: float) -> Place:
    return Place((rect[0], rect[1], rect[2], rect[3]), mm_from_trim(page, Rect(*rect)))


def issue(code: str = "IMG101", severity: Severity = Severity.ERROR, page: int | None = 1, **more: Any) -> Issue:
    return Issue(
        code, code.lower(), severity, f"Title of {code}", more.pop("message", f"Message of {code}"), page, **more
    )


def report(*issues: Issue, path: str = "in/a.pdf", count: int = 1, **more: Any) -> Report:
    facts = Artwork("pdf", "PDF 1.6", 123_456, more.pop("pages", pages(count)), page_count=count)
    return Report(
        FileInfo(path, "pdf", "PDF 1.6", 123_456, "ab" * 32),
        ProfileInfo("sheetfed-coated", "Sheetfed offset, coated paper", "cd" * 32),
        more.pop("facts", facts),
        issues,
        more.pop("runs", (CheckRun("IMG101", Outcome.FOUND if issues else Outcome.PASSED, None, 0.004),)),
        **more,
    )


def png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (34, 54), "white").save(file, "PNG")
    return file.getvalue()


def shots(*numbers: int, error: str | None = None) -> tuple[PagePicture, ...]:
    data = b"" if error else png()
    return tuple(PagePicture(n, data, "image/png", 0 if error else 34, 0 if error else 54, error) for n in numbers)


def unreadable(path: str = "in/locked.pdf") -> Report:
    why = issue("FIL102", page=None, message="The file needs a password to be opened.")
    return report(why, path=path, facts=None)


def everything() -> list[Report]:
    """One report of each sort."""
    page = pages()[0]
    mixed = report(
        issue("LIN101", Severity.WARNING, place=place(page, 0, 10, 100, 10)),
        issue("IMG101", place=place(page, 50, 50, 100, 100), cures=("add_bleed",)),
        issue("COL103", Severity.INFO, page=None),
        stars=Stars(4, "Good", 133, 100),
        failed_plugins={"acme": "ImportError: no"},
        runs=(CheckRun("INK101", Outcome.CRASHED, "KeyError: 'x'"), CheckRun("STD101", Outcome.SKIPPED, "no need")),
    )
    return [report(path="in/good.pdf", stars_reason="no canvas"), mixed, unreadable()]


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_the_page_is_well_formed(count: int) -> None:
    Tree(render(everything()[:count], {0: shots(1), 1: shots(1)}, advice={"IMG101": "Do *this*.\n\n- a\n- b"}))


def test_no_two_elements_have_the_same_anchor_and_every_link_within_the_page_leads_somewhere() -> None:
    tree = Tree(render(everything(), {0: shots(1), 1: shots(1)}))
    anchors = [attributes["id"] for _, attributes in tree.elements if "id" in attributes]
    assert len(anchors) == len(set(anchors))
    links = [attributes["href"] or "" for _, attributes in tree.elements if "href" in attributes]
    assert {link[1:] for link in links} <= set(anchors)


def test_it_needs_nothing_from_elsewhere() -> None:
    page = render(everything(), {1: shots(1)}, links={"IMG101": "https://example.org/IMG101"})
    tree = Tree(page)
    for name, attributes in tree.elements:
        assert name not in ("script", "link", "iframe", "object", "embed", "base")
        assert not [key for key in attributes if key.startswith("on")]
        assert (attributes.get("src") or "data:").startswith("data:")
        if not (attributes.get("href") or "#").startswith("#"):
            assert (name, attributes["href"]) == ("a", "https://example.org/IMG101")
    assert "url(" not in page
    assert "@import" not in page
    policy = next(a["content"] for a in tree.all("meta") if a.get("http-equiv"))
    assert policy is not None
    assert policy.startswith("default-src 'none'")


def test_only_web_addresses_are_linked() -> None:
    assert "javascript:" not in render([report(issue())], links={"IMG101": "javascript:alert(1)"})


HOSTILE = "\"><script>alert(1)</script><img src=x onerror=alert(2)>&amp;' --> ]]> </title></style>"


def test_what_a_file_calls_itself_is_shown_and_not_run() -> None:
    page = pages()[0]
    bad = Issue(
        HOSTILE, HOSTILE, Severity.ERROR, HOSTILE, HOSTILE, 1, place(page, 1, 1, 9, 9),
        (place(page, 1, 1, 9, 9),), None, HOSTILE, {HOSTILE: HOSTILE}, (HOSTILE,),
    )  # fmt: skip
    hostile = report(
        bad,
        path=HOSTILE,
        runs=(CheckRun(HOSTILE, Outcome.CRASHED, HOSTILE),),
        stars=Stars(9, HOSTILE, 1, 1),
        failed_plugins={HOSTILE: HOSTILE},
        pages=(Page(1, BOXES, label=HOSTILE),),
    )
    texts = {HOSTILE: HOSTILE}
    shown = render(
        [hostile, unreadable(HOSTILE)], {0: shots(1, error=HOSTILE)},
        advice=texts, checks=texts, fixes=texts, links=texts, title=HOSTILE, made_by=HOSTILE,
    )  # fmt: skip
    tree = Tree(shown)
    assert tree.all("script") == []
    assert tree.all("img") == []
    assert '"><script>alert(1)</script>' in tree.text


@settings(deadline=None)
@given(st.text())
def test_any_text_survives_escaping(text: str) -> None:
    page = tag("p", text, title=text)
    page.encode("utf-8")
    tree = Tree(page)
    printable = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]", "\ufffd", text)
    assert [name for name, _ in tree.elements] == ["p"]
    assert "".join(tree.texts) == printable
    assert tree.elements[0][1]["title"] == printable


def test_undecodable_bytes_in_a_file_name_can_be_written(tmp_path: Path) -> None:
    name = b"caf\xe9\x00.pdf".decode("utf-8", "surrogateescape")
    (tmp_path / "r.html").write_text(render([report(path=name)]), "utf-8")


def test_the_head_says_what_was_looked_at() -> None:
    text = Tree(render([report(stars=Stars(4, "Good", 133, 100), count=3)])).text
    for words in ("a.pdf", "PDF 1.6", "123 kB", "105.8 × 176.4 mm", "Sheetfed offset, coated paper", "★★★★☆ Good"):
        assert words in text
    assert "133 ppi effective, 100 ppi at least needed" in text
    assert "Pages 3" in text.replace("Pages3", "Pages 3")


def test_lengths_follow_the_unit_of_the_report() -> None:
    page = pages()[0]
    short = issue("BOX102", place=place(page, 0, 0, 300, 500), measured=Length(3), limit=Length(9))
    text = Tree(render([report(short, units="in")])).text
    for words in ("4.17 × 6.94 in", "0.042 in", "0.125 in", "0 in from the left"):
        assert words in text


def test_line_widths_stay_in_points_and_close_numbers_are_told_apart() -> None:
    thin = issue("LIN101", measured=PointSize(0.2498), limit=PointSize(0.25))
    assert "0.2480 pt" not in Tree(render([report(thin)])).text
    assert "Measured0.25 ptLimit0.25 pt" in Tree(render([report(thin)])).text  # equal to a press
    less = issue("LIN101", measured=PointSize(0.248), limit=PointSize(0.25))
    assert "Measured0.248 ptLimit0.25 pt" in Tree(render([report(less)])).text.replace("0.250", "0.25")


@pytest.mark.parametrize(
    ("limit", "shown"),
    [
        (None, ""),
        ("PDF/X-4", "LimitPDF/X-4"),
        (("Cyan", "Black"), "LimitCyan, Black"),
        (Size(300, 500), "Limit105.8 × 176.4 mm"),
    ],
)
def test_limits_of_any_kind_are_shown(limit: object, shown: str) -> None:
    assert shown in Tree(render([report(issue(measured=Size(10, 10), limit=limit))])).text


def test_a_passed_file_says_so_without_an_issue_list() -> None:
    tree = Tree(render([report()]))
    assert "Passed No check found anything." in tree.text
    assert "Issues" not in tree.texts
    assert tree.all("svg", "pass")


def test_an_unreadable_file_says_why() -> None:
    text = Tree(render([unreadable()])).text
    assert "Cannot be read" in text
    assert "The file needs a password to be opened." in text


def test_a_crashed_check_keeps_the_verdict_from_looking_complete() -> None:
    crashed = (CheckRun("INK101", Outcome.CRASHED, "KeyError: 'Magenta'\n  in ink.py"),)
    tree = Tree(render([report(runs=crashed)], checks={"INK101": "Too much ink"}))
    assert "Passed, not fully checked" in tree.text
    assert "INK101 crashed: KeyError: 'Magenta'" in tree.text
    assert [a for a in tree.all("details") if "open" in a], "the list of checks is unfolded"
    assert "INK101 Too much ink" in tree.text


def test_failed_plug_ins_are_named() -> None:
    text = Tree(render([report(failed_plugins={"acme-checks": "ImportError: no module"})])).text
    assert "Plug-in acme-checks failed to load: ImportError: no module" in text
    assert "not fully checked" in text


def test_every_run_is_listed_with_its_reason() -> None:
    runs = (
        CheckRun("BOX101", Outcome.PASSED, None, 0.001),
        CheckRun("STD101", Outcome.SKIPPED, "the profile asks for no PDF/X", 0.0),
        CheckRun("IMG101", Outcome.FOUND, None, 0.25),
    )
    text = Tree(render([report(issue(), runs=runs)])).text
    assert "3 checks in 0.25 s: 1 found issues, 1 skipped, 1 passed" in text
    assert "the profile asks for no PDF/X" in text


def test_issues_come_errors_first_then_by_page() -> None:
    listed = entries(
        [
            issue("AAA101", Severity.INFO, 1),
            issue("AAA102", Severity.WARNING, 2),
            issue("AAA103", Severity.ERROR, 5),
            issue("AAA104", Severity.WARNING, None),
            issue("AAA105", Severity.ERROR, 4),
            issue("AAA106", Severity.OFF, 1),
        ]
    )
    assert [entry.first.code for entry in listed] == ["AAA105", "AAA103", "AAA104", "AAA102", "AAA101"]
    assert [entry.number for entry in listed] == [1, 2, 3, 4, 5]


def test_one_fault_at_many_places_of_a_page_is_one_entry() -> None:
    first, second, third = entries([issue("LIN101")] * 12 + [issue("LIN101", page=2)] + [issue("IMG101")])
    assert [number for number, _ in first.numbered()] == [f"1.{n}" for n in range(1, 13)]
    assert [number for number, _ in second.numbered()] == ["2"]
    assert (second.first.code, third.first.code) == ("IMG101", "LIN101")


def test_one_fault_on_many_pages_is_one_entry() -> None:
    (entry,) = entries([issue("BOX102", page=page) for page in range(1, 33)])
    assert entry.pages == tuple(range(1, 33))
    text = Tree(render([report(*entry.issues, count=32)])).text
    assert "pages 1, 2, 3, 4, 5, 6, 7, 8 and 24 more" in text


def test_advice_is_given_once_and_then_referred_to() -> None:
    text = Tree(
        render([report(issue(page=1), issue(page=2), count=2)], advice={"IMG101": "Ask for a larger picture."})
    ).text
    assert text.count("Ask for a larger picture.") == 1
    assert "What to doas for 1" in text


def test_fixes_are_offered_by_title_and_id() -> None:
    text = Tree(render([report(issue(cures=("add_bleed",)))], fixes={"add_bleed": "Grow bleed"})).text
    assert "Grow bleed add_bleed" in text


def percentages(style: str | None) -> list[float]:
    found = dict(re.findall(r"(left|top|width|height):(-?[\d.]+)%", style or ""))
    return [float(found[key]) / 100 for key in ("left", "top", "width", "height")]


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_frames_lie_where_the_places_are_and_bear_the_numbers_of_the_list(rotate: int) -> None:
    page = pages(rotate=rotate)[0]
    inside, other = Rect(30, 40, 130, 90), Rect(200, 300, 250, 420)
    found = report(
        issue(
            "TXT101", Severity.WARNING, place=place(page, *other), places=(place(page, *other), place(page, *inside))
        ),
        issue("IMG101", Severity.ERROR, place=place(page, *inside)),
        pages=(page,),
    )
    tree = Tree(render([found], {0: shots(1)}))
    frames = [(a["class"], a["href"], percentages(a["style"])) for a in tree.all("a", "frame")]
    assert [(cls, href) for cls, href, _ in frames] == [
        ("frame warning", "#f1i2"),
        ("frame warning", "#f1i2"),
        ("frame error", "#f1i1"),
    ]
    assert frames[2][2] == pytest.approx(on_display(page, inside), abs=1e-4)
    assert frames[0][2] == pytest.approx(on_display(page, other), abs=1e-4)
    labels = {a["href"] for a in tree.all("a", "label")}
    assert labels == {"#f1i1", "#f1i2"}
    trim, bleed = tree.all("i", "trim")[-1], tree.all("i", "bleed")[-1]
    assert percentages(trim["style"]) == pytest.approx(on_display(page, Rect(0, 0, 300, 500)), abs=1e-4)
    assert percentages(bleed["style"]) == pytest.approx(on_display(page, Rect(-9, -9, 309, 509)), abs=1e-4)


def test_boxes_that_the_file_does_not_state_are_not_drawn() -> None:
    bare = report(pages=pages(boxes=Boxes(media=(0, 0, 100, 100))))
    tree = Tree(render([bare], {0: shots(1)}))
    assert tree.all("i", "trim") == []
    assert "no TrimBox" in tree.text


def test_a_place_off_the_page_is_marked_on_its_edge() -> None:
    page = pages()[0]
    far = report(issue(place=place(page, 900, 900, 950, 990)), issue(place=place(page, float("nan"), 0, 1, 1)))
    (frame,) = Tree(render([far], {0: shots(1)})).all("a", "frame")
    assert percentages(frame["style"]) == [1, 0, 0, 0]


def test_pictures_are_inside_and_told_of_in_words() -> None:
    tree = Tree(render([report(issue())], {0: shots(1)}))
    (image,) = tree.all("img")
    assert image["alt"] == "Page 1 of a.pdf"
    assert image["src"] == "data:image/png;base64," + base64.b64encode(png()).decode()


def test_a_page_that_cannot_be_drawn_is_visible_as_such_and_keeps_its_frames() -> None:
    page = pages()[0]
    found = report(issue(place=place(page, 1, 1, 9, 9)))
    tree = Tree(render([found], {0: shots(1, error="Page 1 cannot be drawn: syntax error")}))
    assert "There is no picture of this page. Page 1 cannot be drawn: syntax error" in tree.text
    assert len(tree.all("a", "frame")) == 1


def test_pages_left_out_are_counted() -> None:
    assert "58 pages more, not shown here." in Tree(render([report(issue(), count=60)], {0: shots(1, 2)})).text


def test_three_hundred_issues_stay_a_small_page() -> None:
    page = pages()[0]
    many = [
        issue("LIN101", place=place(page, 0, n, 300, n), places=tuple(place(page, 0, n, 300, n) for _ in range(32)))
        for n in range(300)
    ]
    shown = render([report(*many)], {0: shots(1)}, advice={"LIN101": "Make it thicker. " * 30})
    tree = Tree(shown)
    assert len(shown) < 250_000
    assert len(tree.all("li", "issue")) == 1
    assert len(tree.all("a", "frame")) == FRAMES_SHOWN
    assert f"{300 * 32 - FRAMES_SHOWN:,} more places are not framed." in tree.text
    assert [a for a in tree.all("details", "members") if "open" not in a]


def test_more_rows_than_anybody_reads_are_counted() -> None:
    assert "and 700 more" in Tree(render([report(*[issue()] * (ROWS_SHOWN + 700))])).text


def test_many_files_are_summed_up_worst_first() -> None:
    warned = report(issue(severity=Severity.WARNING), path="in/warned.pdf")
    crashed = report(path="in/crashed.pdf", runs=(CheckRun("IMG101", Outcome.CRASHED, "x"),))
    tree = Tree(render([report(path="in/good.pdf"), warned, crashed, unreadable(), report(issue())]))
    names = [a["aria-label"] for a in tree.all("article")]
    assert names == ["in/locked.pdf", "in/a.pdf", "in/warned.pdf", "in/crashed.pdf", "in/good.pdf"]
    assert [a["id"] for a in tree.all("article")] == ["f4", "f5", "f2", "f3", "f1"]
    assert "5 files, worst first" in tree.text
    assert "1 unreadable" in tree.text
    assert "1 check crashed" in tree.text


def test_the_same_reports_make_the_same_page() -> None:
    assert render(everything(), {1: shots(1)}) == render(everything(), {1: shots(1)})


@pytest.mark.parametrize(
    ("text", "markup"),
    [
        ("One\ntwo.\n\nThree.", "<p>One two.</p><p>Three.</p>"),
        (
            "Or:\n- a `b<c`\n- **d**\n  e",
            "<p>Or:</p><ul><li>a <code>b&lt;c</code></li><li><strong>d</strong> e</li></ul>",
        ),
        ("``x`` & y", "<p><code>x</code> &amp; y</p>"),
        ("", ""),
    ],
)
def test_the_little_markdown_of_advice(text: str, markup: str) -> None:
    assert prose(text) == markup


def test_markup_passes_and_text_does_not() -> None:
    assert escape(tag("b", "<")) == "<b>&lt;</b>"
    assert tag("img", alt="", hidden=True, title=None, cls="a") == '<img alt="" hidden class="a">'


def test_pages_with_issues_are_drawn_first() -> None:
    found = report(issue(page=7), issue(page=3), issue(page=None), count=8)
    assert wanted_pages(found, 4) == (3, 7, 1, 2)
    assert wanted_pages(unreadable()) == ()


def test_pictures_of_a_raster_file_are_drawn() -> None:
    art = Artwork("raster", "PNG", 100, (Page(1, Boxes()),), page_count=1)
    (shot,) = pictures_for(report(facts=art), png())
    assert (shot.page, shot.media_type, shot.width_px, shot.height_px, shot.error) == (1, "image/png", 34, 54, None)
    assert pickle.loads(pickle.dumps(shot)) == shot
    tree = Tree(render([report(facts=art)], {0: (shot,)}))
    assert "aspect-ratio:0.6296" in (tree.all("div", "sheet")[0]["style"] or "")


def test_pictures_of_a_pdf_are_drawn_large_where_there_are_issues() -> None:
    file = io.BytesIO()
    sheets = [Image.new("RGB", (300, 500), colour) for colour in ("white", "red")]
    sheets[0].save(file, "PDF", save_all=True, append_images=sheets[1:])
    first, second = pictures_for(report(issue(page=2), count=2), file.getvalue(), width_px=500)
    assert [(shot.page, shot.width_px) for shot in (first, second)] == [(2, 500), (1, 360)]


def test_a_page_that_is_not_there_has_an_error_and_the_others_a_picture() -> None:
    file = io.BytesIO()
    Image.new("RGB", (30, 50)).save(file, "PDF")
    first, second = pictures_for(report(count=2), file.getvalue())
    assert first.error is None
    assert second.error == "There is no page 2; the file has 1."


def test_a_file_that_does_not_open_again_has_an_error_on_every_page() -> None:
    shown = pictures_for(report(count=2), b"not a pdf")
    assert len(shown) == 2
    assert all(shot.error for shot in shown)


def test_resolution_is_shown_with_its_limit() -> None:
    text = Tree(render([report(issue(measured=Resolution(96), limit=Resolution(150)))])).text
    assert "Measured96 ppiLimit150 ppi" in text
