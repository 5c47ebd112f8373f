"""What was mended, as lines and as a list on a terminal."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

import makeready
from fixes.house import fixes_file
from makeready import engine
from makeready.batch import Checked
from makeready.changes import Change, PageProof, Plan, Result, Safety, Step, StepOutcome, StepRun
from makeready.fix_batch import Mended
from makeready.report import fix_pages, fix_text
from makeready.results import Report
from makeready.testing import pdf


@pytest.fixture(scope="module")
def report() -> Report:
    return makeready.check(pdf("A6", pages=3).bytes(), name="a.pdf", profile=engine.measure(only=("BOX101",)))


def result(report: Report, *differing: float, safety: Safety = Safety.SAFE, changes: int = 1) -> Result:
    step = Step("house_note", {"width": "3 mm"}, safety=safety)
    run = StepRun(step, StepOutcome.CHANGED, tuple(Change(f"change {n}", n) for n in range(1, changes + 1)))
    proof = tuple(PageProof(page, share, 200) for page, share in enumerate(differing, start=1))
    return Result(report, report, Plan((step,)), (run,), proof=proof)


@pytest.mark.parametrize(
    ("differing", "said"),
    [
        ((0.0, 0.0, 0.0), "looks the same inside the trim (3 pages compared)"),
        ((0.0, 0.0004, 0.0), "looks the same inside the trim (3 pages compared)"),
        ((0.0, 0.25, 0.0), "looks different inside the trim of page 2, in 25.0 % of it (3 pages compared)"),
        ((0.1, 0.25, 0.0),
         "looks different inside the trim on 2 pages, most on page 2, in 25.0 % of it (3 pages compared)"),
        ((0.0, 0.0), "looks the same inside the trim (2 of 3 pages compared)"),
        ((0.0006, 0.0, 0.0),
         "looks different inside the trim of page 1, in less than 0.1 % of it (3 pages compared)"),
    ],
)  # fmt: skip
def test_the_proof_is_a_sentence(report: Report, differing: tuple[float, ...], said: str) -> None:
    assert fix_text.proof_sentence(result(report, *differing)) == said


def test_only_safe_steps_promise_the_same_look(report: Report) -> None:
    assert fix_text.breaks_its_word(result(report, 0.2))
    assert not fix_text.breaks_its_word(result(report, 0.0004))
    assert not fix_text.breaks_its_word(result(report, 0.2, safety=Safety.REVIEW))


def test_changes_beyond_the_first_few_are_counted_unless_asked_for(report: Report) -> None:
    done = Checked(report, Mended(result(report, changes=9)))
    assert "a.pdf:   … and 3 more" in list(fix_text.lines(done))
    assert "a.pdf:   page 9: change 9" in list(fix_text.lines(done, verbose=True))


def test_a_terminal_shows_a_heading_and_a_list(report: Report) -> None:
    out = io.StringIO()
    fix_text.show(Checked(report, Mended(result(report, 0, 0, 0), output=Path("b.pdf"))), Console(file=out, width=90))
    lines = [line.rstrip() for line in out.getvalue().splitlines()]
    assert lines[:3] == ["✓ a.pdf", "  house_note (width 3 mm): 1 change", "    page 1: change 1"]
    assert lines[-2] == "  passed, written to b.pdf"


def test_a_name_with_control_characters_or_brackets_fakes_nothing(report: Report) -> None:
    from dataclasses import replace

    odd = report.replace(file=replace(report.file, path="[red]a\n\x1b[2J.pdf"))
    done = Checked(odd, Mended(result(odd, 0)))
    assert all("\x1b" not in line and "\n" not in line for line in fix_text.lines(done))
    out = io.StringIO()
    fix_text.show(done, Console(file=out, width=90))
    assert out.getvalue().startswith("✓ [red]a��[2J.pdf\n")


def test_the_page_of_a_fix_names_what_it_is_planned_with(tmp_path: Path) -> None:
    from makeready import fixes

    file = fixes_file(tmp_path, "house_note", cures='("BOX102",)')
    fix = fixes.catalogue((file,))["house_note"]
    page = fix_pages.fix_page(fix)
    assert page.startswith("# house_note: House note\n")
    assert "Graded safe: no visible change inside the trim." in page
    assert "cures BOX102 · from house.py" in page
    assert "| `width` | 3 mm | A width. When it is planned: as the profile's `BOX102.bleed`. |" in page
    assert "$ makeready apply house_note job.pdf -o mended.pdf" in page
    index = fix_pages.index(fixes.catalogue((file,)), link="[{id}]({id}.md)")
    assert "| [house_note](house_note.md) | House note | BOX102 | safe |" in index
    assert index.index("## Boxes") < index.index("## Geometry") < index.index("## Standard")
