"""Settings: defaults, limits, ranges, and what is refused."""

from __future__ import annotations

import re

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from makeready import preflight
from makeready.params import AtLeast, AtMost, Between, Params, param
from makeready.report import pages
from makeready.units import Count, Length, Quantity, Resolution


class Sample(Params):
    """Settings for the tests."""

    resolution: AtLeast[Resolution] = param({"warning": "225 ppi", "error": "150 ppi"}, "The least.")
    total: AtMost[Length] = param("3 mm", "The most.")
    pages: Between[Count] = param({}, "How many.")
    margin: Length = param("5 mm", "Room.")
    times: int = param(1, "How often.", ge=1)


def test_defaults_are_written_as_staff_write_them() -> None:
    sample = Sample()
    assert sample.margin == Length.parse("5 mm")
    assert sample.resolution.warning == Resolution(225)
    assert sample.total.error == Length.parse("3 mm")


def test_a_default_that_does_not_fit_is_an_error_at_once() -> None:
    class Wrong(Params):
        margin: Length = param("5", "No unit.")

    with pytest.raises(ValidationError, match="needs a unit"):
        Wrong()


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        Sample.model_validate({"resolutoin": "3 ppi"})


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Sample().margin = Length(3)  # type: ignore[misc]


@pytest.mark.parametrize(
    "value",
    [{"resolution": "200 mm"}, {"resolution": {"error": 200}}, {"resolution": {"fatal": "1 ppi"}}, {"times": 0}],
)
def test_values_that_do_not_fit_are_refused(value: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Sample.model_validate(value)


def test_a_single_value_is_the_limit_for_an_error() -> None:
    assert Sample.model_validate({"resolution": "200 ppi"}).resolution == AtLeast[Resolution](error="200 ppi")


def test_giving_one_limit_replaces_both() -> None:
    sample = Sample.model_validate({"resolution": {"warning": "250 ppi"}})
    assert sample.resolution.error is None
    assert str(sample.resolution) == "warning 250 ppi"


@pytest.mark.parametrize(
    ("ppi", "graded"),
    [
        (300, None),
        (225, None),
        (224.96, None),
        (224.9, ("warning", 225)),
        (150, ("warning", 225)),
        (149, ("error", 150)),
    ],
)
def test_the_worst_limit_that_is_broken_decides(ppi: float, graded: tuple[str, float] | None) -> None:
    found = Sample().resolution.grade(Resolution(ppi))
    assert (found and (found.level, float(found.limit))) == graded


def test_a_ceiling_is_broken_from_above() -> None:
    most = AtMost[Resolution](warning="450 ppi")
    assert most.grade(Resolution(450)) is None
    assert most.grade(Resolution(451)) == ("warning", Resolution(450))
    assert str(AtMost[Resolution]()) == "no limit"


def test_no_limit_lets_everything_pass() -> None:
    assert AtLeast[Resolution]().grade(Resolution(0)) is None


@given(st.integers(0, 1000), st.integers(0, 1000), st.integers(0, 1000))
def test_floors_and_ceilings_mirror_each_other(value: int, warning: int, error: int) -> None:
    low = AtLeast[Resolution](warning=Resolution(warning), error=Resolution(error)).grade(Resolution(value))
    mirrored = AtMost[Resolution](warning=Resolution(1000 - warning), error=Resolution(1000 - error))
    high = mirrored.grade(Resolution(1000 - value))
    assert (low and low.level) == (high and high.level)


@pytest.mark.parametrize(
    ("given_", "words", "misses", "fits"),
    [
        (4, "4", [3, 5], [4]),
        ({"least": 4}, "at least 4", [3], [4, 100]),
        ({"most": 8}, "at most 8", [9], [0, 8]),
        ({"least": 4, "most": 8}, "4 to 8", [3, 9], [4, 8]),
        ({}, "any", [], [0, 1000]),
    ],
)
def test_a_range_has_both_ends_in_it(given_: object, words: str, misses: list[int], fits: list[int]) -> None:
    between = Between[Count].model_validate(given_)
    assert str(between) == words
    assert [n for n in misses if between.missed_by(Count(n)) is None] == []
    assert [n for n in fits if between.missed_by(Count(n)) is not None] == []


def test_a_range_that_runs_backwards_is_refused() -> None:
    with pytest.raises(ValidationError, match="more than the most"):
        Between[Count].model_validate({"least": 8, "most": 4})


@pytest.mark.parametrize(
    ("value", "fits"),
    [
        ({"resolution": {"error": "200 ppi"}}, True),
        ({"resolution": "200 ppi"}, True),
        ({"resolution": {"error": "200 mm"}}, False),
        ({"resolution": "200 mm"}, False),
        ({"pages": 4}, True),
        ({"pages": {"least": 4}}, True),
        ({"pages": "4 mm"}, False),
        ({"colour": "red"}, False),
    ],
)
def test_the_json_schema_accepts_what_the_settings_accept(value: dict[str, object], fits: bool) -> None:
    validator = jsonschema.Draft202012Validator(Sample.model_json_schema())
    assert validator.is_valid(value) is fits
    try:
        Sample.model_validate(value)
    except ValidationError:
        assert not fits
    else:
        assert fits


@pytest.mark.parametrize("check", preflight.catalogue(), ids=lambda check: check.code)
def test_every_setting_has_help_and_its_page_shows_the_default_as_it_is(check) -> None:
    """A limit of 0.25 mm is shown as 0.25 mm, though reports give measured lengths with one decimal."""
    defaults = check.params()
    for name, shown, help in pages.settings(check.params):
        assert help.endswith(".")
        value = defaults
        for part in name.split("."):
            value = getattr(value, part)
        if isinstance(value, Quantity):
            assert float(type(value).parse(shown)) == pytest.approx(float(value), abs=1e-9)
        else:
            assert shown


def test_limits_and_ranges_are_said_as_they_are() -> None:
    assert str(AtMost[Length](error="0.25 mm")) == "error 0.25 mm"
    assert str(AtLeast[Length](error="0.125 in")) == "error 3.175 mm"
    assert str(Between[Length].model_validate({"least": "0.25 mm"})) == "at least 0.25 mm"


@pytest.mark.parametrize("written", ["-1 ppi", {"warning": "-0.5 ppi"}, {"error": "-300 ppi"}])
@pytest.mark.parametrize("kind", [AtLeast[Resolution], AtMost[Resolution], Between[Resolution]])
def test_a_limit_below_nothing_is_refused(kind, written) -> None:
    if isinstance(written, dict) and kind is Between[Resolution]:
        written = {"least": next(iter(written.values()))}
    with pytest.raises(ValidationError, match="less than nothing: write 0 or more"):
        kind.model_validate(written)


@pytest.mark.parametrize("written", ["0 ppi", "-0 ppi", "0.1 ppi"])
def test_a_limit_of_nothing_is_one(written) -> None:
    assert AtMost[Resolution].model_validate(written).error is not None


def test_a_single_setting_below_nothing_is_refused() -> None:
    class Margin(Params):
        margin: Length = param("3 mm", "How far.")

    assert Margin(margin="0 mm").margin == 0
    with pytest.raises(ValidationError, match="-3 mm is less than nothing"):
        Margin(margin="-3 mm")
    pattern = Margin.model_json_schema()["properties"]["margin"]["pattern"]
    assert re.search(pattern, "3 mm")
    assert not re.search(pattern, "-3 mm")
