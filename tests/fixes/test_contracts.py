"""Every fix that is registered keeps the contract that plug-in authors hold theirs to."""

from __future__ import annotations

import pytest

import makeready
from makeready import fixes
from makeready.changes import Plan, Result, Stage
from makeready.fixes.cured import CURED
from makeready.registry import Fix
from makeready.testing import pdf, picture
from makeready.testing.contracts import assert_fix_contract

#: Each run takes the picture further.
REPEATS = {"enlarge", "upscale_resolution_2x", "upscale_resolution_4x"}


#: Edits are made again as often as they are asked for; ``edit/test_promises.py`` holds them to what they promise.
FIXES = sorted((fix for fix in fixes.catalogue() if fix.stage is not Stage.EDIT), key=lambda fix: fix.id)


@pytest.mark.usefixtures("finds_bright")  # no weights are needed to hold remove_background to the contract
@pytest.mark.parametrize("fix", FIXES, ids=lambda fix: fix.id)
def test_every_fix_keeps_the_contract(fix: Fix) -> None:
    assert_fix_contract(fix, repeats=fix.id in REPEATS)


def test_the_table_of_cures_says_what_the_declarations_say() -> None:
    own = [fix for fix in fixes.catalogue() if fix.source == "built-in"]
    assert fixes.cured_by(own) == CURED, "run: make generate"


def test_no_fix_is_lost_on_its_way_into_the_catalogue() -> None:
    assert not fixes.catalogue().failed
    assert len(fixes.catalogue()) >= 15


def test_issues_name_the_fixes_that_cure_them() -> None:
    untrimmed = pdf("A6", bleed=None, boxes={"trim": None}).image(ppi=72).bytes()
    named = {issue.code: issue.cures for issue in makeready.check(untrimmed).issues}
    assert named["BOX101"][0] == "set_boxes"
    assert named["BOX102"] == ("add_bleed",)
    assert named["IMG101"][0] == "upscale"
    assert {code: cures for code, cures in named.items() if cures} == {
        code: fixes.cures(code, "pdf") for code in named if fixes.cures(code, "pdf")
    }


def test_a_fix_for_another_kind_of_file_is_not_named() -> None:
    turned = makeready.check(picture(60, 40, dpi=300, orientation=6)).issues
    assert {issue.code: issue.cures for issue in turned}["RAS101"] == ("auto_orient",)
    assert fixes.cures("RAS101", "pdf") == ()
    assert fixes.cures("BOX101", None) == ()


def test_an_unreadable_pdf_is_told_what_may_rebuild_it() -> None:
    (issue,) = makeready.check(b"%PDF-1.4\nnothing that could be read", name="a.pdf").issues
    assert issue.cures == fixes.cures("FIL101", "pdf") != ()


def test_nothing_is_new_in_a_file_that_could_not_be_read() -> None:
    unreadable = makeready.check(b"no pdf", name="a.pdf")
    readable = makeready.check(pdf("A6", bleed=None).bytes())
    assert readable.issues
    assert Result(unreadable, readable, Plan(()), ()).new == ()
    assert Result(readable.replace(issues=()), readable, Plan(()), ()).new == readable.issues
