"""The example fix, as a stranger would test theirs."""

from __future__ import annotations

from pathlib import Path

import pikepdf
import pytest

import makeready
from makeready.testing import pdf

fixes = pytest.importorskip("makeready_example.fixes", reason="the example plug-in is not installed")
FILE = Path(fixes.__file__)


def silent(said: str | None = None) -> bytes:
    """A page for PDF/X-4 whose Info dictionary says of trapping what is given, or nothing."""
    import io

    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf(pdfx="PDF/X-4").bytes())) as page:
        if said is None:
            del page.docinfo["/Trapped"]
        else:
            page.docinfo["/Trapped"] = pikepdf.Name(f"/{said}")
        with page.open_metadata() as xmp:
            xmp.pop("pdf:Trapped", None)
        page.save(out)
    return out.getvalue()


def trapped(result: makeready.Result) -> str:
    assert result.path is not None
    with pikepdf.open(result.path) as page:
        return str(page.docinfo["/Trapped"])


@pytest.mark.parametrize("said", [None, "Unknown"])
def test_a_job_that_says_nothing_is_given_a_statement_and_the_issue_is_gone(said: str | None) -> None:
    result = makeready.fix(silent(said), ["state_trapping"], profile="pdfx-4", plugin_files=[FILE])
    assert trapped(result) == "/False"
    assert "STD106" in {issue.code for issue in result.fixed}
    assert result.new == ()


def test_a_statement_is_a_setting() -> None:
    chain = [{"fix": "state_trapping", "trapped": "yes"}]
    assert trapped(makeready.fix(silent(), chain, plugin_files=[FILE])) == "/True"


def test_what_the_designer_says_is_left_alone() -> None:
    result = makeready.fix(silent("True"), ["state_trapping"], plugin_files=[FILE])
    assert result.path is None
    assert result.changes == ()


def test_the_fix_keeps_the_contract_of_fixes() -> None:
    from makeready.testing.contracts import assert_fix_contract

    assert_fix_contract(fixes.state_trapping)
