"""The file itself: damage, protection, format, length, size, and what acts in it."""

from __future__ import annotations

import io
import re

import pikepdf
import pytest

import makeready
from makeready.testing import pdf, picture

SMALL = "100x100mm"


def linearised(data: bytes) -> bytes:
    """As "fast web view" saves it, and then grown by one update, which leaves its hints stale."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(data)) as file:
        file.save(out, linearize=True)
    return out.getvalue() + b"\n% one more line\n"


def broken_xref(data: bytes) -> bytes:
    """The pointer to the cross-reference table points into nothing."""
    return re.sub(rb"startxref\n\d+", b"startxref\n7", data)


# FIL101 unreadable


@pytest.mark.parametrize(
    "data",
    [pdf(SMALL).bytes(), linearised(pdf(SMALL).bytes()), picture(200, 150, dpi=300), picture(200, 150, format="PNG")],
    ids=["a sound PDF", "a PDF with stale linearisation hints", "a sound JPEG", "a sound PNG"],
)
def test_a_sound_file_is_readable(found, data) -> None:
    assert found("FIL101", data) == []


@pytest.mark.parametrize(
    "data",
    [broken_xref(pdf(SMALL).bytes()), pdf(SMALL).truncated(0.97), picture(400, 300)[:-2000]],
    ids=["its cross-reference table is broken", "its end is cut off", "the end of a JPEG is missing"],
)
def test_a_file_that_had_to_be_mended_is_a_warning(found, data) -> None:
    file, *pages = found("FIL101", data)
    assert (file.severity, file.page, file.place) == ("warning", None, None)
    assert file.details["damage"]
    assert {issue.page for issue in pages} <= {1}  # the page that lost its end, when one did


@pytest.mark.parametrize(
    "operators",
    ["1 2 3 foo", "10 20 m (unclosed", "/Nothing Do", "/Nothing gs", "BI /W 2 /H 2 /BPC 8 /CS /G ID ab"],
    ids=["an operator that does not exist", "an open string", "an object that is not there",
         "a graphics state that is not there", "an inline picture without its end"],
)  # fmt: skip
def test_broken_content_is_named_with_its_page(found, operators) -> None:
    artwork = pdf(SMALL, pages=3).on(2).raw(operators)
    (issue,) = found("FIL101", artwork)
    assert (issue.severity, issue.page) == ("warning", 2)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "0 bytes"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "PostScript"),
        (b"PK\x03\x04 [Content_Types].xml", "ZIP"),
        (b"Dear printer, please find attached", "no known kind"),
        (b"%PDF-1.7\nnothing here", "PDF"),
        (pdf(SMALL).bytes()[:300], "PDF"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", ""),
    ],
    ids=["nothing at all", "PostScript", "an office document", "a letter", "a PDF that is only a header",
         "the first lines of a PDF", "the first bytes of a JPEG"],
)  # fmt: skip
def test_what_cannot_be_read_is_one_error_that_says_why(data, words) -> None:
    report = makeready.check(data, "sheetfed-coated")
    assert (report.verdict, report.facts) == ("unreadable", None)
    (issue,) = report.issues
    assert (issue.code, issue.severity) == ("FIL101", "error")
    assert words in issue.message


# FIL102 encrypted


def test_an_open_file_is_not_encrypted(found) -> None:
    assert found("FIL102", pdf(SMALL)) == []


def test_a_file_that_only_its_owner_may_change_is_a_warning(found) -> None:
    """ISO 32000-2, table 22: printing is bits 3 and 12, changing is bit 4; R=6 is AES with 256 bits."""
    (issue,) = found("FIL102", pdf(SMALL).encrypt(printing=True, changing=False))
    assert issue.severity == "warning"
    assert "forbids changes" in issue.message
    assert "256 bit" in issue.message


def test_a_file_that_forbids_printing_is_an_error(found) -> None:
    (issue,) = found("FIL102", pdf(SMALL).encrypt(printing=False, changing=True))
    assert issue.severity == "error"
    assert "printing" in issue.message


def test_encryption_that_forbids_nothing_is_let_pass(found) -> None:
    assert found("FIL102", pdf(SMALL).encrypt(printing=True, changing=True)) == []


def test_a_file_that_needs_a_password_cannot_be_read() -> None:
    report = makeready.check(pdf(SMALL).encrypt(user="secret").bytes())
    assert report.verdict == "unreadable"
    (issue,) = report.issues
    assert (issue.code, issue.severity) == ("FIL102", "error")
    assert "password" in issue.message


# FIL103 wrong-format


@pytest.mark.parametrize(
    ("artwork", "name", "settings", "expected"),
    [
        (pdf(SMALL).bytes(), "a.pdf", [], []),
        (pdf(SMALL).bytes(), "a.PDF", [], []),
        (pdf(SMALL).bytes(), "a.ai", [], []),  # Illustrator writes PDF
        (pdf(SMALL).bytes(), "artwork", [], []),
        (pdf(SMALL).bytes(), "Poster v2.final", [], []),  # no format is called "final"
        (pdf(SMALL).bytes(), "a.jpg", [], ["warning"]),
        (picture(200, 150), "a.jpeg", [], []),
        (picture(200, 150), "a.tif", [], ["warning"]),
        (picture(200, 150), "a.pdf", [], ["warning"]),
        (picture(200, 150), "a.jpg", [{"accept": ["PDF"]}], ["error"]),
        (picture(200, 150), "a.jpg", [{"accept": ["pdf", "jpeg"]}], []),
        (picture(200, 150), "a.tif", [{"accept": ["PDF"]}], ["error", "warning"]),
        (pdf(SMALL).bytes(), "a.pdf", [{"accept": ["PDF"]}], []),
    ],
)  # fmt: skip
def test_the_content_tells_the_format_and_the_name_must_agree(verdicts, artwork, name, settings, expected) -> None:
    assert sorted(verdicts("FIL103", artwork, *settings, name=name)) == expected


# FIL104 page-count


@pytest.mark.parametrize(
    ("pages", "settings", "limit"),
    [
        (8, ["FIL104.pages=8"], None),
        (7, ["FIL104.pages=8"], "8"),
        (9, ["FIL104.pages=8"], "8"),
        (4, ["FIL104.pages.least=4"], None),
        (3, ["FIL104.pages.least=4"], "at least 4"),
        (4, ["FIL104.pages.most=4"], None),
        (5, ["FIL104.pages.most=4"], "at most 4"),
        (8, ["FIL104.multiple_of=4"], None),
        (6, ["FIL104.multiple_of=4"], "a multiple of 4"),
        (6, [], None),
    ],
)
def test_page_count(found, pages, settings, limit) -> None:
    issues = found("FIL104", pdf(SMALL, pages=pages, background=None), *settings)
    assert [(issue.severity, str(issue.measured), str(issue.limit)) for issue in issues] == (
        [("error", str(pages), limit)] if limit else []
    )


def test_the_whole_file_is_counted_though_few_pages_are_looked_at(found) -> None:
    assert found("FIL104", pdf(SMALL, pages=8, background=None), "FIL104.pages=8", pages=[1, 2]) == []


def test_page_count_is_for_profiles_to_ask(found) -> None:
    report = makeready.check(pdf(SMALL).bytes())
    (run,) = [run for run in report.runs if run.code == "FIL104"]
    assert (run.outcome, run.reason) == ("skipped", "runs only where a profile asks for it")


# FIL105 active-content

SCRIPT = "<< /S /JavaScript /JS (app.beep\\(0\\);) >>"


def with_entry(where: str, text: str) -> pikepdf.Pdf:
    """A page with a note, and one entry more in the catalog, the page or the note."""
    builder = pdf(SMALL).rectangle().annotation("Text" if "note" in where else "Square")
    page = builder.objects.pages[0].obj
    holder = {"catalog": builder.objects.Root, "page": page, "note": page.Annots[0]}[where]
    for key, value in pikepdf.Object.parse(text.encode()).items():
        holder[key] = value
    return builder


ACTING = {
    "a script that runs on opening": (lambda: pdf(SMALL).javascript(), "JavaScript", None),
    "named scripts of the document": (
        lambda: with_entry("catalog", f"<< /Names << /JavaScript << /Names [(a) {SCRIPT}] >> >> >>"),
        "JavaScript", None),
    "a script before printing": (lambda: with_entry("catalog", f"<< /AA << /WP {SCRIPT} >> >>"), "JavaScript", None),
    "a script behind another action": (
        lambda: with_entry("catalog", f"<< /OpenAction << /S /GoTo /D [0] /Next [{SCRIPT}] >> >>"), "JavaScript", None),
    "a script when a page is opened": (lambda: with_entry("page", f"<< /AA << /O {SCRIPT} >> >>"), "JavaScript", 1),
    "a script on a note": (lambda: with_entry("note", f"<< /A {SCRIPT} >>"), "JavaScript", 1),
    "a program that is started": (
        lambda: with_entry("note", "<< /A << /S /Launch /F (a.exe) >> >>"), "launch action", 1),
    "an attachment": (lambda: pdf(SMALL).attachment(), "attachment", None),
    "an attachment in a note": (lambda: with_entry("note", "<< /Subtype /FileAttachment >>"), "attachment", 1),
    "a film": (lambda: with_entry("note", "<< /Subtype /Movie >>"), "movie", 1),
    "a sound": (lambda: with_entry("note", "<< /Subtype /Sound >>"), "sound", 1),
    "rich media": (lambda: with_entry("note", "<< /Subtype /RichMedia >>"), "multimedia", 1),
    "3D": (lambda: with_entry("note", "<< /Subtype /3D >>"), "3D artwork", 1),
    "an XFA form": (lambda: with_entry("catalog", "<< /AcroForm << /Fields [] /XFA (x) >> >>"), "XFA form", None),
}  # fmt: skip


@pytest.mark.parametrize(("make", "kind", "page"), ACTING.values(), ids=ACTING)
def test_something_acts_or_plays(found, make, kind, page) -> None:
    (issue,) = found("FIL105", make())
    assert (issue.severity, issue.page, issue.details["kind"]) == ("warning", page, kind)


def removed_attachment() -> pikepdf.Pdf:
    """The list of attachments stays when the last one is taken out."""
    builder = pdf(SMALL).attachment("order.txt")
    del builder.objects.attachments["order.txt"]
    return builder


PASSIVE = {
    "a plain page": lambda: pdf(SMALL),
    "a note": lambda: pdf(SMALL).annotation("Text"),
    "a link": lambda: with_entry("note", "<< /Subtype /Link /A << /S /URI /URI (https://example.org) >> >>"),
    "a view to open with": lambda: with_entry("catalog", "<< /OpenAction << /S /GoTo /D [0 /Fit] >> >>"),
    "a form without XFA": lambda: pdf(SMALL).annotation("Widget"),
    "an attachment that was taken out again": removed_attachment,
    "a list without a script": lambda: with_entry("catalog", "<< /Names << /JavaScript << /Names [] >> >> >>"),
}


@pytest.mark.parametrize("make", PASSIVE.values(), ids=PASSIVE)
def test_nothing_acts(found, make) -> None:
    assert found("FIL105", make()) == []


# FIL106 too-large


def test_each_limit_of_size_has_two_sides(found) -> None:
    artwork = pdf(SMALL, pages=3, background=None).image(pixels=(400, 300), colour="gray").bytes()
    with pikepdf.open(io.BytesIO(artwork)) as file:
        objects = len(file.objects)
    for setting, value, unit in (
        ("size", len(artwork), "B"), ("pages", 3, ""), ("pixels", 120_000, "px"), ("objects", objects, ""),
    ):  # fmt: skip
        assert found("FIL106", artwork, f"FIL106.{setting}={value}{unit}") == [], setting
        (issue,) = found("FIL106", artwork, f"FIL106.{setting}={value - 1}{unit}")
        assert (issue.severity, float(issue.measured), float(issue.limit)) == ("error", value, value - 1), setting


def test_a_limit_may_only_warn(verdicts) -> None:
    assert verdicts("FIL106", pdf(SMALL, pages=3), "FIL106.pages.warning=2", "FIL106.pages.error=3") == ["warning"]


def test_without_limits_nothing_is_too_large(found) -> None:
    assert found("FIL106", pdf(SMALL)) == []


def test_a_picture_of_too_many_pixels_is_not_even_decoded() -> None:
    report = makeready.check(picture(400, 300), max_pixels=119_999)
    assert (report.verdict, report.issues[0].code, report.facts) == ("unreadable", "FIL106", None)
    assert makeready.check(picture(400, 300), max_pixels=120_000).facts is not None


@pytest.mark.parametrize(("kept", "count"), [(1.0, 0), (0.5, 1), (0.98, 1)])
def test_a_jpeg_that_ends_too_early_is_told_with_its_place(found, kept, count) -> None:
    page = pdf("100x100mm").image(150, colour="rgb", compression="jpeg")
    for thing in page.objects.objects:
        if isinstance(thing, pikepdf.Stream) and thing.get("/Filter") == pikepdf.Name.DCTDecode:
            data = thing.read_raw_bytes()
            thing.write(data[: int(len(data) * kept)], filter=pikepdf.Name.DCTDecode)
    issues = found("FIL101", page)
    assert len(issues) == count
    assert all("end too early" in issue.message and issue.page == 1 and issue.place for issue in issues)


def test_bytes_after_the_end_of_a_jpeg_are_no_damage(found) -> None:
    page = pdf("100x100mm").image(150, colour="rgb", compression="jpeg")
    for thing in page.objects.objects:
        if isinstance(thing, pikepdf.Stream) and thing.get("/Filter") == pikepdf.Name.DCTDecode:
            thing.write(thing.read_raw_bytes() + b"\r\n" + bytes(60), filter=pikepdf.Name.DCTDecode)
    assert found("FIL101", page) == []
