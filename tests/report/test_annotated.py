"""The annotated copy: the job as it was, frames where the places are, and nothing that prints or runs."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pikepdf
import pymupdf
import pytest
from click.testing import CliRunner, Result
from PIL import Image, ImageChops

import makeready
from makeready import preflight
from makeready.cli import main
from makeready.facts import Rect
from makeready.pdf.annotate import LAYER, MARKS_A_PAGE, Bookmark, Mark, Target, annotated_copy
from makeready.pdf.typeset import Badge, ink_on, typeset
from makeready.report import annotated
from makeready.results import CheckRun, FileInfo, Issue, Outcome, Place, ProfileInfo, Report, Severity
from makeready.testing import pdf, picture

pytestmark = pytest.mark.usefixtures("children_at_once")

RED = (0.8, 0.1, 0.1)


def render(report: Report, source: Path | bytes | None) -> bytes:
    return annotated.render(report, source, {"IMG101": "Get a better one."}, "makeready 1.2.3")


def checked(job: bytes, **more: Any) -> tuple[Report, bytes]:
    """A report and the copy."""
    report = makeready.check(job, **more)
    return report, render(report, job)


def words(copy: bytes, page: int = 0) -> str:
    with pymupdf.open(stream=copy, filetype="pdf") as document:
        return " ".join(document[page].get_text(flags=0).split())


def drawn(data: bytes, page: int, *, annotations: bool = True, dpi: int = 40) -> Image.Image:
    with pymupdf.open(stream=data, filetype="pdf") as document:
        pixels = document[page].get_pixmap(dpi=dpi, annots=annotations)
        return Image.frombytes("RGB", (pixels.width, pixels.height), pixels.samples)


def frames(document: pikepdf.Pdf, page: int) -> list[Any]:
    """Our annotations on a page (from 1, of the job)."""
    notes = document.pages[page].obj.get("/Annots", [])
    return [note for note in notes if str(note.get("/T", "")) == "makeready"]


def front() -> Any:
    return typeset("<p id='a'>A list</p>", "")


def outline(item: Any, depth: int = 0) -> Iterator[tuple[int, str, Any]]:
    at = item.get("/First")
    while at is not None:
        yield depth, str(at.Title), at.get("/Dest")
        yield from outline(at, depth + 1)
        assert at.Parent.objgen == item.objgen
        following = at.get("/Next")
        assert following is None or following.Prev.objgen == at.objgen
        at = following


# The copy


def test_the_pages_of_the_job_follow_the_list_and_look_the_same() -> None:
    job = pdf(pages=2, bleed=None).image(ppi=96).on(2).gradient((0, 0, 0, 0), (1, 0, 0, 0)).annotation().bytes()
    _, copy = checked(job)
    with pikepdf.open(io.BytesIO(copy)) as document:
        assert len(document.pages) == 3
        assert [page.label for page in document.pages] == ["report i", "1", "2"]
    for page in range(2):
        assert (
            ImageChops.difference(
                drawn(job, page, annotations=False), drawn(copy, page + 1, annotations=False)
            ).getbbox()
            is None
        )
    assert ImageChops.difference(drawn(job, 0), drawn(copy, 1)).getbbox() is not None, "the frames are seen"


def test_others_read_the_copy_without_complaint(run: Callable[..., str], tmp_path: Path) -> None:
    report, copy = checked(pdf(pages=3, bleed=None, rotate=90).image(ppi=96).layer("Cut").bytes())
    (tmp_path / "a_log.pdf").write_bytes(copy)
    assert "No syntax or stream encoding errors found" in run("qpdf", "--check", tmp_path / "a_log.pdf")
    assert "Pages:           4" in run("pdfinfo", tmp_path / "a_log.pdf")
    said = run("pdftotext", "-l", "1", tmp_path / "a_log.pdf", "-")
    assert report.issues[0].title in " ".join(said.split())
    fonts = run("pdffonts", "-l", "1", tmp_path / "a_log.pdf").splitlines()[2:]
    assert fonts
    assert all(line.split()[-5] == "yes" for line in fonts), "every font of the list is embedded"


def test_frames_do_not_print(run: Callable[..., str], tmp_path: Path) -> None:
    job = pdf(bleed=None).image(ppi=96).bytes()
    _, copy = checked(job)
    shown = []
    for name, data, page in (("job", job, 1), ("copy", copy, 2)):
        (tmp_path / f"{name}.pdf").write_bytes(data)
        run("gs", "-q", "-dBATCH", "-dNOPAUSE", "-dPrinted=true", "-sDEVICE=png16m", "-r40", f"-dFirstPage={page}",
            f"-sOutputFile={tmp_path / name}.png", tmp_path / f"{name}.pdf")  # fmt: skip
        shown.append(Image.open(tmp_path / f"{name}.png").convert("RGB"))
    assert ImageChops.difference(*shown).getbbox() is None


def test_frames_are_on_a_layer_that_is_seen_and_not_printed() -> None:
    _, copy = checked(pdf(bleed=None).image(ppi=96).layer("Cut").bytes())
    with pikepdf.open(io.BytesIO(copy)) as document:
        properties = document.Root.OCProperties
        assert [str(group.Name) for group in properties.OCGs] == ["Cut", LAYER]
        ours = properties.OCGs[1]
        assert ours.Usage.Print.PrintState == "/OFF"
        assert any(event.Event == "/Print" and event.OCGs[0].objgen == ours.objgen for event in properties.D.AS)
        notes = frames(document, 1)
        assert notes
        assert all(note.OC.objgen == ours.objgen for note in notes)
        assert all(int(note.F) & 4 == 0 for note in notes), "no flag Print"


def test_annotations_and_layers_of_the_job_stay() -> None:
    job = pdf(bleed=None).image(ppi=96).annotation().annotation("Widget")
    _, copy = checked(job.bytes())
    with pikepdf.open(io.BytesIO(copy)) as document:
        kinds = [str(note.Subtype) for note in document.pages[1].obj.Annots]
        assert kinds[:2] == ["/Square", "/Widget"]
        assert len(document.Root.AcroForm.Fields) == 1


def test_comments_say_what_is_wrong_and_what_to_do() -> None:
    _, copy = checked(pdf().image(ppi=60).bytes(), profile="poster", only=("IMG101",))
    with pikepdf.open(io.BytesIO(copy)) as document:
        (note,) = frames(document, 1)
        assert str(note.Subj) == "1 error IMG101"
        for part in ("IMG101: A picture has too few pixels", "60 ppi", "What to do: Get a better one."):
            assert part in str(note.Contents)
        assert [float(part) for part in note.C] == [round(part, 3) for part in annotated.COLOURS[Severity.ERROR]]


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
@pytest.mark.parametrize("unit", [1, 2.5])
def test_a_frame_encloses_its_place_on_turned_and_scaled_pages(rotate: int, unit: float) -> None:
    report, copy = checked(
        pdf(rotate=rotate, user_unit=unit, origin=(30, -40)).image(ppi=60, at=("60 mm", "90 mm")).bytes(),
        only=("IMG101",),
    )
    (issue,) = report.issues
    assert issue.place is not None
    with pikepdf.open(io.BytesIO(copy)) as document:
        (note,) = frames(document, 1)
        rect, off = [float(v) * unit for v in note.Rect], [float(v) * unit for v in note.RD]
        frame = (rect[0] + off[0], rect[1] + off[1], rect[2] - off[2], rect[3] - off[3])
        assert frame[0] <= issue.place.pt[0] <= frame[0] + 5
        assert frame[3] - 5 <= issue.place.pt[3] <= frame[3]
    seen = drawn(copy, 1)
    with pymupdf.open(stream=copy, filetype="pdf") as document:
        # Where a reader shows the number: above the frame's top left corner, as the page is turned.
        page = document[1]
        (shown,) = page.annots()
        box = shown.rect * page.rotation_matrix * (40 / 72)
    corner = seen.crop((int(box.x0), int(box.y0), int(box.x0) + 8, int(box.y0) + 5))
    red = sum(r > 150 and g < 120 for r, g, _ in corner.get_flattened_data())
    assert red > 8


def test_a_place_beyond_what_a_reader_shows_is_marked_at_the_edge() -> None:
    job = pdf(boxes={"crop": (100, 100, 300, 400)}).bytes()
    places = (Rect(0, 0, 20, 20), Rect(500, 200, 500, 200), Rect(0, 0, 595, 842))
    marks = [Mark(1, str(n), RED, "s", "t", place) for n, place in enumerate(places)]
    with pikepdf.open(io.BytesIO(annotated_copy(job, front(), marks))) as document:
        for note in frames(document, 1):
            x0, y0, x1, y1 = map(float, note.Rect)
            assert 98 < x0 < x1 < 302
            assert 98 < y0 < y1 < 402


def test_marks_without_a_place_stand_in_the_corner_beside_each_other() -> None:
    marks = [Mark(1, f"{n}", RED, "s", "t") for n in range(60)]
    with pikepdf.open(io.BytesIO(annotated_copy(pdf().bytes(), front(), marks))) as document:
        boxes = [Rect(*map(float, note.Rect)) for note in frames(document, 1)]
    centres = {(round((b.x0 + b.x1) / 2), round((b.y0 + b.y1) / 2)) for b in boxes}
    assert len(centres) > 40


def test_a_page_takes_so_many_frames_and_the_list_says_so() -> None:
    places = tuple(Place((n, n, n + 5, n + 5), None) for n in range(MARKS_A_PAGE + 20))
    report = makeready.check(pdf().bytes(), only=("FIL102",))
    report = report.replace(issues=(Issue("ABC101", "x", Severity.ERROR, "Bad", "bad", page=1, places=places),))
    copy = render(report, pdf().bytes())
    with pikepdf.open(io.BytesIO(copy)) as document:
        assert len(frames(document, 1)) == MARKS_A_PAGE
    assert f"Page 1: only the first {MARKS_A_PAGE} places are framed." in words(copy)


# What leads where


def test_bookmarks_go_by_severity_check_and_page_and_keep_the_jobs_own() -> None:
    job = pikepdf.open(io.BytesIO(pdf(pages=3, bleed=None).image(ppi=60).on(3).image(ppi=60).bytes()))
    with job.open_outline() as own:
        own.root.append(pikepdf.OutlineItem("Chapter 1", 1))
        own.root.append(pikepdf.OutlineItem("Chapter 2", 2))
    data = io.BytesIO()
    job.save(data)
    report, copy = checked(data.getvalue(), profile="poster")
    with pikepdf.open(io.BytesIO(copy)) as document:
        found = list(outline(document.Root.Outlines))
        pages = [page.obj.objgen for page in document.pages]
        titles = [(depth, title) for depth, title, _ in found]
        assert titles[0] == (0, "Preflight report")
        assert (0, f"Errors ({report.count(Severity.ERROR)})") in titles
        assert titles[-3:] == [(0, "Original bookmarks"), (1, "Chapter 1"), (1, "Chapter 2")]
        low = [(title, pages.index(dest[0].objgen)) for _, title, dest in found if " ppi" in title]
        assert [page for _, page in low] == [1, 3], "page 3 of the job is the fourth of the copy"
        assert pages.index(found[-1][2][0].objgen) == 3, "Chapter 2 still leads to the last page"
        assert document.Root.PageMode == "/UseOutlines"


def test_lines_of_the_list_are_links_to_their_places() -> None:
    report, copy = checked(pdf(pages=3).on(2).image(ppi=60).bytes(), only=("IMG101",))
    assert report.issues[0].page == 2
    with pikepdf.open(io.BytesIO(copy)) as document:
        (link,) = document.pages[0].obj.Annots
        assert link.Dest[0].objgen == document.pages[2].obj.objgen
        assert link.Dest[1] == "/FitR"
    with pymupdf.open(stream=copy, filetype="pdf") as read:
        (seen,) = read[0].get_links()
        assert seen["page"] == 2
        assert report.issues[0].title in " ".join(read[0].get_text(clip=seen["from"], flags=0).split())


def test_a_damaged_outline_that_runs_in_a_circle_ends() -> None:
    job = pikepdf.open(io.BytesIO(pdf().bytes()))
    one = job.make_indirect(pikepdf.Dictionary(Title="round"))
    one.Next = one
    job.Root.Outlines = job.make_indirect(pikepdf.Dictionary(First=one, Last=one, Count=1))
    data = io.BytesIO()
    job.save(data)
    copy = annotated_copy(data.getvalue(), front(), bookmarks=[Bookmark("a", Target(1))])
    with pikepdf.open(io.BytesIO(copy)) as document:
        assert str(document.Root.Outlines.Last.Title) == "Original bookmarks"


# Safety


def test_nothing_runs_and_nothing_is_claimed_that_is_not_true_any_more() -> None:
    job = pdf(pdfx="PDF/X-4").image(ppi=60).javascript()
    with pikepdf.open(io.BytesIO(job.bytes())) as before:
        assert "/Metadata" in before.Root
    _, copy = checked(job.bytes())
    with pikepdf.open(io.BytesIO(copy)) as document:
        assert "/AA" not in document.Root
        assert "/Metadata" not in document.Root
        assert "/JavaScript" not in document.Root.get("/Names", {})
        assert isinstance(document.Root.OpenAction, pikepdf.Array), "a place, not an action"
        assert "/GTS_PDFXVersion" not in document.docinfo
        assert "/OutputIntents" in document.Root, "colours are shown as before"


@pytest.mark.parametrize("cut", [False, True])
def test_an_encrypted_file_that_allows_comments_and_pages_is_copied_with_its_protection(
    cut: bool, run: Callable[..., str], tmp_path: Path
) -> None:
    job = pdf(bleed=None).image(ppi=60).encrypt(printing=False, changing=True).bytes()
    if cut:  # only MuPDF can mend it
        job = job[: job.rindex(b"startxref")] + b"startxref\n0\n%%EOF"
    report, copy = checked(job)
    assert report.facts is not None
    with pikepdf.open(io.BytesIO(copy)) as document:
        assert len(document.pages) == 2
        assert frames(document, 1)
    (tmp_path / "copy.pdf").write_bytes(copy)
    told = run("pdfinfo", str(tmp_path / "copy.pdf"))
    assert "print:no" in told
    assert "change:yes" in told
    assert "addNotes:yes" in told
    run("qpdf", "--check", str(tmp_path / "copy.pdf"))


@pytest.mark.parametrize("make", [lambda job: job.encrypt().bytes(), lambda job: job.encrypt(user="x").bytes()])
def test_of_an_encrypted_file_there_is_the_list_and_the_reason(make: Callable[[Any], bytes]) -> None:
    report, copy = checked(make(pdf().image(ppi=60)))
    with pikepdf.open(io.BytesIO(copy)) as document:
        assert len(document.pages) == 1
        assert not document.is_encrypted
    assert ("encrypted" if report.facts else "password") in words(copy)


def test_of_an_unreadable_file_there_is_one_page_that_says_why(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7 nothing")
    report = makeready.check(tmp_path / "a.pdf")
    copy = render(report, tmp_path / "a.pdf")
    assert "Cannot be read" in words(copy)
    assert report.issues[0].message.split(".")[0] in words(copy)
    with pikepdf.open(io.BytesIO(copy)) as document:
        assert len(document.pages) == 1


def test_a_file_that_only_mupdf_can_mend_is_copied() -> None:
    whole = pdf().image(ppi=60).bytes()
    cut = whole[: whole.rindex(b"startxref")]
    _, copy = checked(cut)
    with pikepdf.open(io.BytesIO(copy)) as document:
        assert len(document.pages) == 2


# The list


def test_names_in_any_script_stay_names_and_all_fonts_are_embedded() -> None:
    name = "Plakat grün 日本 Ελ Пр ☃"
    report = Report(FileInfo(f"/in/{name}.pdf", "pdf", "PDF 1.7", 5, "a"), ProfileInfo("d", "Any press", "b"), None)
    copy = render(report, None)
    assert f"{name}.pdf" in words(copy)
    with pikepdf.open(io.BytesIO(copy)) as document:
        assert str(document.docinfo["/Title"]) == f"Preflight report: {name}.pdf"
        for font in document.pages[0].Resources.Font.values():
            descriptor = font.DescendantFonts[0].FontDescriptor
            assert "/FontFile2" in descriptor or "/FontFile3" in descriptor


def test_a_name_is_no_markup_and_cannot_hide_itself() -> None:
    report = Report(FileInfo("<b>&a\u202e\udcff\x07.pdf", None, None, None, None), ProfileInfo("d", "", "b"), None)
    assert "<b>&a" in words(render(report, None))


def test_the_list_says_what_is_not_decided_and_what_crashed() -> None:
    report = makeready.check(pdf().bytes())
    report = report.replace(
        profile=ProfileInfo("d", "Any press", "b", ("Whether the paper is white is not looked at.",)),
        runs=(*report.runs, CheckRun("ABC101", Outcome.CRASHED, "ZeroDivisionError")),
        failed_plugins={"house.py": "NameError"},
    )
    said = words(render(report, pdf().bytes()))
    for part in ("Not decided Whether the paper", "ABC101 crashed (ZeroDivisionError)", "house.py did not load"):
        assert part in said


def test_a_long_list_runs_over_pages_and_links_still_lead_to_theirs() -> None:
    report = makeready.check(pdf(pages=2).bytes())
    issues = tuple(
        Issue(f"ABC{n}", "x", Severity.ERROR, f"Fault number {n}", "bad", page=2, place=Place((9, 9, 50, 50), None))
        for n in range(100, 180)
    )
    copy = render(report.replace(issues=issues), pdf(pages=2).bytes())
    with pikepdf.open(io.BytesIO(copy)) as document:
        in_front = len(document.pages) - 2
        assert in_front > 2
        links = [link for page in document.pages[:in_front] for link in page.obj.Annots]
        assert len(links) == len(issues)
        assert {link.Dest[0].objgen for link in links} == {document.pages[-1].obj.objgen}
        assert document.pages[-1].label == "2"
    assert f"{in_front} of {in_front}" in words(copy, in_front - 1)


def test_badges_and_their_ink() -> None:
    set_ = typeset(
        "<p id='x' style='margin-left: 40px'>Text</p>", "", badges={"x": Badge("17", RED), "y": Badge("1", RED)}
    )
    page, (x0, y0, x1, y1) = set_.places["x"]
    assert (page, set_.pages) == (0, 1)
    assert 0 < x0 < x1
    assert 700 < y0 < y1 < 842, "from the bottom"
    assert "17" in words(set_.pdf)
    assert ink_on((1, 1, 0)) == (0, 0, 0)
    assert ink_on(RED) == (1, 1, 1)


# Pictures


def test_a_picture_lies_on_a_page_of_its_printed_size(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(picture(400, 300, dpi=72))
    report = makeready.check(tmp_path / "a.jpg", profile="poster", canvas="20x15in")
    copy = render(report, tmp_path / "a.jpg")
    with pikepdf.open(io.BytesIO(copy)) as document:
        assert [round(float(v)) for v in document.pages[1].MediaBox] == [0, 0, 1440, 1080]
        assert frames(document, 1)


def test_a_huge_canvas_gets_a_user_unit(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(picture(400, 300, dpi=72))
    report = makeready.check(tmp_path / "a.jpg", profile="poster", canvas="600x450in")
    with pikepdf.open(io.BytesIO(render(report, tmp_path / "a.jpg"))) as document:
        page = document.pages[1]
        assert float(page.MediaBox[2]) <= 14_400
        assert float(page.MediaBox[2]) * float(page.UserUnit) == pytest.approx(600 * 72, rel=1e-4)
        (note, *_) = frames(document, 1)
        assert 0 <= float(note.Rect[0]) < float(note.Rect[2]) <= 14_401


def test_every_code_has_something_to_do(tmp_path: Path) -> None:
    """Through the registry, as users get it: advice from the pages of the checks."""
    pdf().image(ppi=60).save(tmp_path / "a.pdf")
    report = makeready.check(tmp_path / "a.pdf", only=("IMG101",))
    report.save(tmp_path / "a_log.pdf")
    with pikepdf.open(tmp_path / "a_log.pdf") as document:
        (note,) = frames(document, 1)
        assert "What to do: " in str(note.Contents)
    assert preflight.catalogue()["IMG101"].title in words((tmp_path / "a_log.pdf").read_bytes())


# The command line


def invoke(*arguments: object) -> Result:
    result = CliRunner().invoke(main, ["check", "--no-progress", *map(str, arguments)], prog_name="makeready")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with files of names that meet."""
    folder = tmp_path_factory.mktemp("jobs")
    (folder / "other").mkdir()
    pdf().image(ppi=60).save(folder / "a.pdf")
    pdf().save(folder / "other" / "a.pdf")
    (folder / "a.jpg").write_bytes(picture(40, 30, dpi=72))
    (folder / "bad.pdf").write_bytes(b"%PDF-1.7 nothing")
    return folder


def test_one_file_is_one_report(jobs: Path, tmp_path: Path) -> None:
    result = invoke(jobs / "a.pdf", "-o", tmp_path / "a_log.pdf", "--only", "IMG101")
    assert result.exit_code == 1
    with pikepdf.open(tmp_path / "a_log.pdf") as document:
        assert len(document.pages) == 2
        assert frames(document, 1)


def test_bytes_go_to_a_pipe_as_they_are(jobs: Path) -> None:
    result = invoke(jobs / "a.pdf", "--format", "pdf")
    assert result.stdout_bytes.startswith(b"%PDF-")
    with pikepdf.open(io.BytesIO(result.stdout_bytes)) as document:
        assert len(document.pages) == 2


def test_bytes_do_not_go_to_a_terminal(jobs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("makeready.cli.for_a_person", lambda: True)
    result = invoke(jobs / "a.pdf", "--format", "pdf")
    assert result.exit_code == 2
    assert "not for a terminal" in result.stderr
    assert "-o" in result.stderr


def test_several_files_are_several_reports_in_a_folder(jobs: Path, tmp_path: Path) -> None:
    result = invoke(jobs, "-o", tmp_path, "--format", "pdf")
    assert result.exit_code == 3, "one of them is unreadable"
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["a.jpg_log.pdf", "a.pdf_log-2.pdf", "a.pdf_log.pdf", "bad_log.pdf"]
    assert f"The reports are in {tmp_path}" in result.stderr
    for path in tmp_path.iterdir():
        with pikepdf.open(path) as document:
            assert len(document.pages) == (1 if path.name == "bad_log.pdf" else 2)


@pytest.mark.parametrize("out", [["-o", "all.pdf"], []])
def test_several_files_in_one_pdf_is_a_usage_error_that_says_what_to_do(
    out: list[str], jobs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = invoke(jobs, *out, "--format", "pdf")
    assert result.exit_code == 2
    assert "about one file, and there are 4" in result.stderr
    assert "-o reports/" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_report_in_a_folder_never_replaces_a_file_that_is_looked_at(jobs: Path, tmp_path: Path) -> None:
    pdf().save(tmp_path / "a.pdf")
    pdf().save(tmp_path / "a_log.pdf")
    before = (tmp_path / "a_log.pdf").read_bytes()
    result = invoke(tmp_path, "-o", tmp_path, "--format", "pdf")
    assert result.exit_code == 2
    assert (tmp_path / "a_log.pdf").read_bytes() == before


def test_saving_never_replaces_the_job(tmp_path: Path) -> None:
    pdf().save(tmp_path / "a.pdf")
    report = makeready.check(tmp_path / "a.pdf")
    with pytest.raises(makeready.UsageError, match="the file that the report is about"):
        report.save(tmp_path / "a.pdf")
