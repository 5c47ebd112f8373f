"""The example check and profile, as a stranger would test theirs."""

from __future__ import annotations

import pytest

import makeready
from makeready.testing import pdf

checks = pytest.importorskip("makeready_example.checks", reason="the example plug-in is not installed")


def found(artwork, *settings: str, profile: str = "default") -> list[makeready.Issue]:
    report = makeready.check(artwork.bytes(), profile=profile, only=["EXA101"], settings=settings)
    assert not report.crashed
    return list(report.issues)


def test_light_type_below_the_limit_is_found_with_its_place() -> None:
    (issue,) = found(pdf().text("gentle", size="6.5 pt", font="Lato-Light", at=("20 mm", "30 mm")))
    assert issue.message == "6.5 pt type in Lato-Light; a light cut needs 8 pt"
    assert issue.severity == "warning"
    assert issue.page == 1
    assert issue.place is not None
    assert issue.place.mm[0] == pytest.approx(20, abs=3)


def test_light_type_far_below_is_an_error() -> None:
    (issue,) = found(pdf().text("gentle", size="5 pt", font="Lato-Light"))
    assert (issue.severity, str(issue.limit)) == ("error", "6 pt")


def test_light_type_at_the_limit_is_let_pass() -> None:
    assert found(pdf().text("gentle", size="8 pt", font="Lato-Light")) == []


@pytest.mark.parametrize("font", ["Lato-Regular", "Lightning-Regular", "Highlights"])
def test_a_font_that_is_not_light_is_let_pass(font: str) -> None:
    assert found(pdf().text("small", size="5 pt", font=font)) == []


@pytest.mark.parametrize("font", ["Lato-LightItalic", "FrutigerLTStd-UltraLight", "Inter-Thin"])
def test_light_cuts_are_told_by_their_names(font: str) -> None:
    assert len(found(pdf().text("small", size="5 pt", font=font))) == 1


def test_invisible_text_is_left_alone() -> None:
    assert found(pdf().text("seen by machines", size="5 pt", font="Lato-Light", rendering=3)) == []


def test_limits_and_words_are_settings() -> None:
    page = pdf().text("small", size="9 pt", font="Garamond-Display")
    assert found(page) == []
    report = makeready.check(page.bytes(), profile=house(cuts=["Display"], size="10 pt"), only=["EXA101"])
    assert [issue.message for issue in report.issues] == ["9 pt type in Garamond-Display; a display cut needs 10 pt"]


def house(**settings: object) -> makeready.Profile:
    from makeready.profile import CheckSettings

    return makeready.Profile("house", checks={"EXA101": CheckSettings(settings=settings)})


def test_the_check_keeps_the_contract_of_checks() -> None:
    from makeready.testing.contracts import assert_check_contract

    faulty = pdf().text("gentle", size="5 pt", font="Lato-Light")
    assert_check_contract(checks.small_light_type, finds=[faulty.bytes()])


def test_the_house_profile_asks_for_more_than_the_one_it_extends() -> None:
    page = pdf(pages=4).text("gentle", size="8 pt", font="Lato-Light")
    assert found(page, profile="sheetfed-coated") == []
    (issue,) = found(page, profile="house-brochure")
    assert str(issue.limit) == "9 pt"


def test_the_house_profile_wants_sheets_of_four_pages() -> None:
    codes = {issue.code for issue in makeready.check(pdf(pages=3).bytes(), profile="house-brochure").issues}
    assert "FIL104" in codes
    codes = {issue.code for issue in makeready.check(pdf(pages=4).bytes(), profile="house-brochure").issues}
    assert "FIL104" not in codes


def test_the_house_profile_says_why_it_lets_charts_pass() -> None:
    report = makeready.check(pdf().text("chart", font="type3").bytes(), profile="house-brochure")
    (run,) = [run for run in report.runs if run.code == "FNT103"]
    assert run.outcome == "skipped"
    assert "annual reports" in (run.reason or "")


def test_the_doctor_shows_the_plug_in() -> None:
    from makeready.report import doctor

    lines = [finding.line for finding in doctor.examine()]
    assert any("plug-in makeready-example" in line and "EXA101" in line for line in lines)
