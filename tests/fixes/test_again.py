"""A fix may bring what another cures: then that one is made too, once."""

from __future__ import annotations

import makeready
from makeready.testing import pdf

HELD = makeready.measure("sheetfed-coated")
#: Wide enough for one ink, too thin for the four that its colour becomes.
LINE = pdf("100x60mm").line(width="0.3 pt", colour=(0.2, 0.5, 0.9))


def test_what_a_fix_brings_is_cured_too() -> None:
    before = LINE.bytes()
    report = makeready.check(before, HELD)
    assert "LIN101" not in {issue.code for issue in report.issues}
    assert [step.fix for step in makeready.plan(report, HELD, allow="review").steps] == ["convert_to_cmyk"]
    result = makeready.fix(before, profile=HELD, allow="review")
    assert [step.fix for step in result.plan.steps] == ["convert_to_cmyk", "thicken_lines"]
    assert [run.outcome.value for run in result.runs] == ["changed", "changed"]
    assert result.plan.steps[1].cures == ("LIN101",)
    assert not result.new
    assert not result.remaining


def test_a_chain_is_taken_as_it_stands() -> None:
    result = makeready.fix(LINE.bytes(), ["convert_to_cmyk"], profile=HELD)
    assert [run.step.fix for run in result.runs] == ["convert_to_cmyk"]
    assert [issue.code for issue in result.new] == ["LIN101"]


def test_what_is_not_allowed_is_not_made_the_second_time_either() -> None:
    result = makeready.fix(LINE.bytes(), profile=HELD, allow="safe")
    assert result.path is None
    assert {left.fix for left in result.plan.left} == {"convert_to_cmyk"}
