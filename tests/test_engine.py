"""The engine: checks × profile × facts, whatever a check, a file or a caller does."""

from __future__ import annotations

import io
import json
import pickle
from pathlib import Path

import pytest

import makeready
from makeready import engine
from makeready.engine import measure
from makeready.errors import UsageError
from makeready.results import Outcome
from makeready.testing import pdf, picture
from makeready.units import Size

PLUGIN = '''
import os, signal, sys, time
from makeready.facts import *
from makeready.params import *
from makeready.registry import check
from makeready.results import Finding, Skip
from makeready.units import *

def declare(code, on=Artwork, message="{{what}}", **more):
    def decorate(function):
        function.__doc__ = """A sentence.

        ## What it looks at
        This.

        ## Why it matters on press
        That.

        ## What to do
        The other.
        """
        name = function.__name__.replace("_", "-")
        return check(code=code, name=name, title="A fault", on=on, message=message, **more)(function)
    return decorate

{body}
'''


def plugin(folder: Path, body: str, name: str = "house.py") -> Path:
    """A plug-in file with checks; ``declare`` makes one of a function."""
    file = folder / name
    file.write_text(
        PLUGIN.format(body=body.replace("{", "{{").replace("}", "}}")).replace("{{", "{").replace("}}", "}")
    )
    return file


def run_of(report: makeready.Report, code: str):
    return next(run for run in report.runs if run.code == code)


def codes(report: makeready.Report) -> set[str]:
    return {issue.code for issue in report.issues}


@pytest.fixture(scope="module")
def faulty() -> bytes:
    return pdf(bleed=None, pages=3).image(ppi=96, colour="rgb").text("x", size="4 pt", font="Helvetica").bytes()


# What is asked for


def test_every_check_of_the_catalogue_leaves_a_run(faulty: bytes) -> None:
    from makeready import preflight

    report = makeready.check(faulty)
    assert [run.code for run in report.runs] == [check.code for check in preflight.catalogue()]
    found = {run.code for run in report.runs if run.outcome is Outcome.FOUND}
    assert found == codes(report)
    assert all(run.reason for run in report.runs if run.outcome is Outcome.SKIPPED)


def test_issues_come_worst_first_then_by_code_and_page(faulty: bytes) -> None:
    issues = makeready.check(faulty).issues
    order = [(-issue.severity.rank, issue.code, issue.page or 0) for issue in issues]
    assert order == sorted(order)
    assert len({severity for severity, _, _ in order}) > 1


@pytest.mark.parametrize(
    ("only", "found"),
    [
        (["IMG101"], {"IMG101"}),
        (["img101"], {"IMG101"}),
        (["low-resolution-image"], {"IMG101"}),
        (["BOX*", "FNT101"], {"BOX102", "FNT101"}),
    ],
)
def test_only_what_is_named_runs(faulty: bytes, only: list[str], found: set[str]) -> None:
    report = makeready.check(faulty, only=only)
    assert codes(report) == found
    assert run_of(report, "TXT101").reason == "not among --only"


def test_what_is_skipped_does_not_run(faulty: bytes) -> None:
    report = makeready.check(faulty, skip=["BOX*", "IMG101"])
    assert not codes(report) & {"BOX102", "IMG101"}
    assert run_of(report, "BOX102").reason == "left out by --skip"


def test_skip_wins_over_only(faulty: bytes) -> None:
    assert codes(makeready.check(faulty, only=["BOX*", "IMG101"], skip=["BOX*"])) == {"IMG101"}


def test_a_check_that_is_asked_for_by_name_runs_though_the_profile_leaves_it_out(faulty: bytes) -> None:
    assert run_of(makeready.check(faulty), "FIL104").outcome is Outcome.SKIPPED
    assert run_of(makeready.check(faulty, only=["FIL104"]), "FIL104").outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("argument", "value"), [("only", ["IMG1O1"]), ("skip", ["IMG1O1"]), ("settings", ["IMG1O1=off"])]
)
def test_an_unknown_code_names_the_nearest(faulty: bytes, argument: str, value: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        makeready.check(faulty, **{argument: value})
    assert "IMG101" in caught.value.hint


def test_settings_are_laid_over_the_profile(faulty: bytes) -> None:
    report = makeready.check(faulty, settings=["IMG101.resolution.error=90ppi", "IMG101.resolution.warning=95ppi"])
    assert "IMG101" not in codes(report)


def test_a_profile_may_be_a_name_a_path_a_profile_or_a_measure(faulty: bytes, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('extends = "default"\n[checks]\nIMG101 = "info"')
    loaded = measure(file).profile
    reports = [makeready.check(faulty, profile=p) for p in (str(file), file, loaded, measure(file))]
    assert len({report.profile.sha256 for report in reports}) == 1
    assert {i.severity.value for r in reports for i in r.issues if i.code == "IMG101"} == {"info"}


def test_only_the_pages_asked_for_are_looked_at(faulty: bytes) -> None:
    report = makeready.check(faulty, pages=[2])
    assert {issue.page for issue in report.issues} == {2}
    assert report.facts is not None
    assert report.facts.page_count == 3


# What comes in


def test_a_path_bytes_and_a_stream_give_the_same_issues(faulty: bytes, tmp_path: Path) -> None:
    file = tmp_path / "artwork.pdf"
    file.write_bytes(faulty)
    reports = [makeready.check(source) for source in (file, str(file), faulty, bytearray(faulty), io.BytesIO(faulty))]
    assert len({tuple(issue.message for issue in report.issues) for report in reports}) == 1
    assert len({report.file.sha256 for report in reports}) == 1
    assert reports[0].file.path == str(file)


def test_bytes_and_streams_can_be_given_a_name(faulty: bytes) -> None:
    assert makeready.check(faulty, name="job 7.pdf").file.path == "job 7.pdf"
    assert makeready.check(io.BytesIO(faulty), name="job 7.pdf").file.path == "job 7.pdf"
    assert makeready.check(faulty).file.path == "artwork"


def test_an_open_file_bears_its_name(faulty: bytes, tmp_path: Path) -> None:
    file = tmp_path / "opened.pdf"
    file.write_bytes(faulty)
    with file.open("rb") as stream:
        assert makeready.check(stream).file.path == str(file)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "FIL101"),
        (b"hello", "FIL101"),
        (b"%PDF-1.4\nnothing", "FIL101"),
        (b"\x89PNG\r\n\x1a\n", "FIL101"),
        (b"PK\x03\x04" + bytes(50), "FIL101"),
    ],
)
def test_what_cannot_be_read_gets_a_report_that_says_so(content: bytes, code: str) -> None:
    report = makeready.check(content)
    assert report.verdict == "unreadable"
    assert report.facts is None
    (issue,) = report.issues
    assert (issue.code, issue.severity) == (code, "error")
    assert issue.message.endswith(".")
    assert report.profile.name == "default"


def test_a_locked_pdf_is_told_from_a_damaged_one() -> None:
    (issue,) = makeready.check(pdf().encrypt(user="secret").bytes()).issues
    assert issue.code == "FIL102"


def test_a_picture_with_too_many_pixels_is_refused_before_it_is_decoded() -> None:
    report = makeready.check(picture(100, 100), max_pixels=9999)
    assert [issue.code for issue in report.issues] == ["FIL106"]
    assert makeready.check(picture(100, 100), max_pixels=10000).facts is not None


@pytest.mark.parametrize(("name", "said"), [("", "is not a file"), ("gone.pdf", "There is no such file")])
def test_a_path_that_is_no_file_gets_a_report(name: str, said: str, tmp_path: Path) -> None:
    report = makeready.check(tmp_path / name)
    assert report.verdict == "unreadable"
    assert said in report.issues[0].message


def test_a_name_that_no_file_system_takes_gets_a_report() -> None:
    assert makeready.check("x" * 300 + ".pdf").verdict == "unreadable"


def test_asking_for_a_page_that_is_not_there_is_not_a_pass(faulty: bytes) -> None:
    try:
        report = makeready.check(faulty, pages=[9])
    except UsageError:
        return
    assert report.verdict != "pass"


# Canvas, units, stars


def test_a_canvas_is_a_text_a_pair_of_inches_or_a_size() -> None:
    photo = picture(300, 200)
    reports = [makeready.check(photo, canvas=c) for c in ("3x2in", (3, 2), Size(216, 144))]
    assert {str(r.facts.images[0].ppi_x) for r in reports if r.facts} == {"100 ppi"}
    for wrong in ("30x20", (0, 1), (-3, 2), "big", (1,), 5):
        with pytest.raises(UsageError, match="The canvas does not fit"):
            makeready.check(photo, canvas=wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(("unit", "words"), [("mm", "3 mm"), ("in", "0.118 in"), ("pt", "8.5 pt")])
def test_messages_speak_the_unit_asked_for(faulty: bytes, unit: str, words: str) -> None:
    report = makeready.check(faulty, only=["BOX102"], units=unit)
    assert words in report.issues[0].message
    assert report.issues[0].limit.as_data()["unit"] == "mm", "the data keep one unit"


def test_type_sizes_stay_in_points_whatever_the_unit(faulty: bytes) -> None:
    assert "4 pt" in makeready.check(faulty, only=["TXT101"], units="in").issues[0].message


def test_stars_are_given_where_the_profile_names_a_product() -> None:
    report = makeready.check(picture(450, 300), "poster", canvas="3x2in")
    assert report.stars is not None
    assert (report.stars.stars, report.stars.effective_ppi, report.stars.min_ppi) == (3, 150, 150)
    assert makeready.check(picture(450, 300), "default", canvas="3x2in").stars_reason == (
        "the profile default names no least ppi"
    )
    assert "give a canvas" in (makeready.check(picture(450, 300), "poster").stars_reason or "")
    assert "no pictures" in (makeready.check(pdf().text("x").bytes(), "poster").stars_reason or "")


@pytest.mark.parametrize(
    ("width", "height", "canvas", "product", "stars", "label", "ppi"),
    [
        (4000, 3000, (30, 20), "photo_on_canvas", 4, "Good", 133),
        (4500, 3000, "30x20in", "photo_on_canvas", 5, "Excellent", 150),
        (3000, 2000, "30x20in", "photo_on_canvas", 3, "Fair", 100),
        (2999, 2000, "30x20in", "photo_on_canvas", 2, "Poor", 99),
        (2250, 1500, "30x20in", "photo_on_canvas", 2, "Poor", 75),
        (2249, 1500, "30x20in", "photo_on_canvas", 1, "Very poor", 74),
    ],
)
def test_the_stars_of_a_size_in_pixels(width, height, canvas, product, stars, label, ppi) -> None:
    rated = makeready.stars(width, height, canvas=canvas, product=product)
    assert (rated.stars, rated.label, rated.effective_ppi) == (stars, label, ppi)


@pytest.mark.parametrize(
    "arguments", [(0, 1, "1x1in"), (1, 1, "1x1in", "default"), (1, 1, "1x1in", "nope"), (1, 1, None), (1, 1, "1x1")]
)
def test_stars_that_cannot_be_given_say_why(arguments: tuple) -> None:
    with pytest.raises(UsageError):
        makeready.stars(*arguments)


# What a check does


def test_a_check_that_fails_inside_is_a_crashed_run_and_the_others_go_on(faulty: bytes, tmp_path: Path) -> None:
    body = '@declare("XYZ101")\ndef failing(artwork, params):\n    yield Finding(details={"what": 1 / 0})\n'
    report = makeready.check(faulty, measure(plugin_files=[plugin(tmp_path, body)]))
    run = run_of(report, "XYZ101")
    assert run.outcome is Outcome.CRASHED
    assert (run.reason or "").startswith("ZeroDivisionError: division by zero (house.py, line")
    assert report.crashed == (run,)
    assert "BOX102" in codes(report)
    assert "XYZ101" not in codes(report)


@pytest.mark.parametrize(
    "line",
    [
        "raise MemoryError",
        "raise RecursionError",
        "return None",
        "yield 3",
        'yield Finding(details={"other": 1})',
        'yield Finding(details={"what": 1}, level="fatal")',
        'yield Finding(details={"what": 1, "measured": 2})',
        "yield Finding(details=3)",
    ],
)
def test_whatever_a_check_does_wrong_costs_only_its_own_run(line: str, faulty: bytes, tmp_path: Path) -> None:
    body = f'@declare("XYZ101")\ndef failing(artwork, params):\n    {line}\n'
    report = makeready.check(faulty, measure(plugin_files=[plugin(tmp_path, body)]))
    assert [run.code for run in report.crashed] == ["XYZ101"]
    assert "BOX102" in codes(report)


def test_a_check_that_exits_does_not_end_the_caller(faulty: bytes, tmp_path: Path) -> None:
    body = '@declare("XYZ101")\ndef leaving(artwork, params):\n    sys.exit(3)\n    yield\n'
    report = makeready.check(faulty, measure(plugin_files=[plugin(tmp_path, body)]))
    assert [run.code for run in report.crashed] == ["XYZ101"]


def test_a_check_that_cannot_judge_skips_with_its_reason(faulty: bytes, tmp_path: Path) -> None:
    body = '@declare("XYZ101")\ndef unable(artwork, params):\n    raise Skip("give a canvas")\n    yield\n'
    report = makeready.check(faulty, measure(plugin_files=[plugin(tmp_path, body)]))
    assert (run_of(report, "XYZ101").outcome, run_of(report, "XYZ101").reason) == (Outcome.SKIPPED, "give a canvas")
    assert not report.crashed


def test_a_check_that_skips_one_fact_still_judges_the_others(faulty: bytes, tmp_path: Path) -> None:
    body = (
        '@declare("XYZ101", on=Page)\ndef choosy(page, params):\n'
        '    if page.number == 1:\n        raise Skip("not this one")\n'
        '    yield Finding(details={"what": str(page.number)})\n'
    )
    report = makeready.check(faulty, measure(plugin_files=[plugin(tmp_path, body)]))
    assert [i.message for i in report.issues if i.code == "XYZ101"] == ["2", "3"]
    assert run_of(report, "XYZ101").outcome is Outcome.FOUND


def test_a_check_is_only_asked_about_its_kinds_of_file(tmp_path: Path) -> None:
    body = (
        '@declare("XYZ101", kinds=("raster",))\n'
        'def rasters(artwork, params):\n    yield Finding(details={"what": "x"})\n'
    )
    held = measure(plugin_files=[plugin(tmp_path, body)])
    assert run_of(makeready.check(pdf().bytes(), held), "XYZ101").reason == "is for raster files"
    assert "XYZ101" in codes(makeready.check(picture(20, 20), held))


def test_page_and_place_of_a_finding_are_those_of_its_fact_unless_it_says_otherwise(tmp_path: Path) -> None:
    body = (
        '@declare("XYZ101", on=Page)\ndef placed(page, params):\n'
        '    yield Finding(details={"what": "own"})\n'
        '    yield Finding(details={"what": "other"}, page=2, places=(Rect(page.trim.x0, page.trim.y0, '
        "page.trim.x0 + 72, page.trim.y0 + 72),))\n"
    )
    held = measure(plugin_files=[plugin(tmp_path, body)])
    report = makeready.check(pdf(trim="100x100mm", bleed="3 mm", pages=2).bytes(), held, pages=[1, 2])
    own = next(issue for issue in report.issues if issue.details.get("what") == "own")
    other = next(issue for issue in report.issues if issue.details.get("what") == "other")
    assert own.page == 1
    assert own.place.mm == pytest.approx((0, 0, 100, 100), abs=0.01)
    assert other.page == 2
    assert other.place.mm == pytest.approx((0, 74.6, 25.4, 100), abs=0.01)


def test_a_finding_may_bear_a_message_of_its_own(tmp_path: Path) -> None:
    body = (
        '@declare("XYZ101")\ndef talking(artwork, params):\n'
        '    yield Finding(Length(9), Length(10), details={"what": "x"}, message="{what} is {measured}, not {limit}")\n'
    )
    report = makeready.check(pdf().bytes(), measure(plugin_files=[plugin(tmp_path, body)]), units="mm")
    assert [i.message for i in report.issues] == ["x is 3.2 mm, not 3.5 mm"]


def test_what_json_has_no_word_for_costs_no_report(tmp_path: Path) -> None:
    from makeready.report import data

    body = '@declare("XYZ101")\ndef odd(artwork, params):\n    yield Finding(details={"what": {1}, "rest": 1j})\n'
    report = makeready.check(pdf().bytes(), measure(plugin_files=[plugin(tmp_path, body)]))
    (issue,) = json.loads(data.document([report]))["issues"]
    assert issue["details"] == {"what": [1], "rest": "1j"}


# Costly facts


def test_costly_facts_are_gathered_only_when_a_check_asks_for_them(monkeypatch) -> None:
    from makeready.pdf import bleed

    assert measure("default").needs == {"bleed", "ink", "jpeg"}
    assert measure("default", only=["IMG101"]).needs == frozenset()
    assert measure("default", skip=["BOX103"]).needs == {"ink", "jpeg"}
    assert measure("default", settings=["BOX103=off"]).needs == {"ink", "jpeg"}
    assert measure("default", only=["BOX103"]).needs == {"bleed"}
    page = pdf().bytes()
    assert not _edges(makeready.check(page, only=["IMG101"]))
    assert _edges(makeready.check(page, only=["BOX103"]))
    assert bleed


def _edges(report: makeready.Report) -> bool:
    assert report.facts is not None
    return bool(report.facts.bleed_edges)


def test_inspecting_gives_facts_and_no_judgement(faulty: bytes) -> None:
    report = makeready.inspect(faulty)
    assert (report.issues, report.runs, report.verdict) == ((), (), "pass")
    assert report.facts is not None
    assert len(report.facts.pages) == 3
    assert not report.facts.bleed_edges
    assert report.profile.sha256 == ""


def test_progress_is_told_page_by_page(faulty: bytes) -> None:
    told: list[tuple[int, int]] = []
    makeready.check(faulty, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (3, 3)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


# Plug-in files and pickling


def test_a_plug_in_file_brings_its_checks(tmp_path: Path) -> None:
    body = '@declare("XYZ101")\ndef always(artwork, params):\n    yield Finding(details={"what": "here"})\n'
    held = measure(plugin_files=[plugin(tmp_path, body)])
    assert [i.message for i in makeready.check(pdf().bytes(), held).issues] == ["here"]
    assert "XYZ101" not in {rule.check.code for rule in measure().rules}


def test_a_measure_travels_to_another_process_by_its_recipe(tmp_path: Path) -> None:
    body = '@declare("XYZ101")\ndef always(artwork, params):\n    yield Finding(details={"what": "here"})\n'
    held = measure(
        "poster",
        only=["IMG*", "XYZ101"],
        skip=["IMG103"],
        settings=["IMG101.resolution.error=90ppi", "IMG105=info"],
        plugin_files=[plugin(tmp_path, body)],
    )
    again = pickle.loads(pickle.dumps(held))
    assert again.profile.sha256 == held.profile.sha256
    seen = [(r.check.code, r.params, r.severity, r.ceiling, r.reason, r.skipped) for r in again.rules]
    assert seen == [(r.check.code, r.params, r.severity, r.ceiling, r.reason, r.skipped) for r in held.rules]
    assert again.needs == held.needs


def test_a_report_pickles_whole(faulty: bytes) -> None:
    report = makeready.check(faulty)
    assert pickle.loads(pickle.dumps(report)) == report


def test_checking_twice_says_the_same(faulty: bytes) -> None:
    first, second = makeready.check(faulty), makeready.check(faulty)
    assert first.issues == second.issues
    assert first.facts == second.facts


def test_a_measure_can_be_made_once_and_used_for_many() -> None:
    held = engine.measure("sheetfed-coated")
    assert {makeready.check(pdf().bytes(), held).verdict.value for _ in range(3)} == {"pass"}
