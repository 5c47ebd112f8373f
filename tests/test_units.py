"""Numbers with units: what is read, what is shown, what is equal."""

from __future__ import annotations

import copy
import json
import math
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from makeready import units
from makeready.units import (
    Angle,
    Count,
    FileSize,
    Length,
    Percent,
    PixelCount,
    PointSize,
    Quantity,
    Resolution,
    Size,
    above,
    below,
    close,
    told_apart,
)

KINDS = (Length, PointSize, Resolution, Percent, FileSize, PixelCount, Angle)
kinds = st.sampled_from(KINDS)
numbers = st.floats(min_value=-1e5, max_value=1e5, allow_nan=False)


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("3mm", 3 / 25.4 * 72),
        ("3 mm", 3 / 25.4 * 72),
        (" 3  mm ", 3 / 25.4 * 72),
        ("0.125in", 9),
        ('0.125"', 9),
        (".5in", 36),
        ("1. in", 72),
        ("2.54cm", 72),
        ("8.5pt", 8.5),
        ("-3pt", -3),
    ],
)
def test_lengths_are_read_as_staff_write_them(text: str, points: float) -> None:
    assert float(Length.parse(text)) == pytest.approx(points)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Resolution, "300dpi", 300),
        (Percent, "12.5%", 12.5),
        (FileSize, "2 GB", 2e9),
        (PixelCount, "12 MP", 12e6),
        (Angle, "45°", 45),
        (Count, "4", 4),
        (Count, 4, 4),
    ],
)
def test_every_kind_reads_its_units(kind: type[Quantity], text: object, value: float) -> None:
    assert float(kind.parse(text)) == value


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        (Length, "3", "'3' needs a unit: write '3 mm'"),
        (Length, 3, "3 needs a unit"),
        (Resolution, "200mm", "'200mm' has an unknown unit: write '200 ppi' (known units: ppi, dpi)"),
        (Length, "3,5 mm", "'3,5 mm' is not a number with a unit: write '1.5 mm'"),
        (Length, "mm", "is not a number with a unit"),
        (Length, "", "is not a number with a unit"),
        (Length, "nan mm", "is not a number with a unit"),
        (Length, "inf mm", "is not a number with a unit"),
        (Length, "1e3 mm", "is not a number with a unit"),
        (Length, None, "is not a number with a unit"),
        (Length, Resolution(300), "has an unknown unit"),
        (Count, "1.5", "'1.5' is not a count: write a whole number"),
        (Count, "-1", "is not a count"),
        (Count, True, "is not a count"),
    ],
)
def test_what_is_wrong_is_said_with_an_example(kind: type[Quantity], text: object, said: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        kind.parse(text)
    assert said in str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_the_example_of_a_complaint_can_be_read(kind: type[Quantity]) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        kind.parse("7 parsecs")
    example = str(caught.value).split("write '")[1].split("'")[0]
    assert kind.parse(example).text(kind.shown) == kind(7 * kind.units[kind.shown]).text(kind.shown)


def test_a_quantity_of_the_kind_passes_through() -> None:
    length = Length(12.34567)
    assert Length.parse(length) is length


def test_a_length_becomes_a_type_size_without_rounding() -> None:
    assert float(PointSize.parse(Length(0.25))) == 0.25
    assert isinstance(PointSize.parse(Length(0.25)), PointSize)


@given(kinds, numbers, st.data())
def test_what_is_written_reads_back_as_the_same_number(kind: type[Quantity], number: float, data) -> None:
    unit = data.draw(st.sampled_from(sorted(kind.units)))
    quantity = kind(number)
    assert float(kind.parse(quantity.written())) == pytest.approx(number, abs=1e-6 * max(1, kind.units[kind.shown]))
    shown = kind.parse(quantity.text(unit, 9))
    assert float(shown) == pytest.approx(number, abs=1e-6 * max(1, kind.units[unit]))


@given(kinds, numbers)
def test_what_is_shown_to_people_can_be_read_and_is_rounded_only(kind: type[Quantity], number: float) -> None:
    quantity = kind(number)
    step = 10.0**-kind.decimals * kind.units[kind.shown]
    assert abs(float(kind.parse(str(quantity))) - number) <= 0.5001 * step


@pytest.mark.parametrize(
    ("quantity", "text"),
    [
        (Length.parse("3mm"), "3 mm"),
        (Length.parse("3.14mm"), "3.1 mm"),
        (Length.parse("100mm"), "100 mm"),
        (Length(-0.001), "0 mm"),
        (Length(0), "0 mm"),
        (PointSize(0.254), "0.25 pt"),
        (Resolution(299.7), "300 ppi"),
        (Percent(12.55), "12.6%"),
        (Count(4), "4"),
        (Length(math.inf), "unlimited mm"),
    ],
)
def test_people_see_few_decimals_and_no_trailing_zeros(quantity: Quantity, text: str) -> None:
    assert str(quantity) == f"{quantity}" == quantity.text() == text


def test_each_unit_has_its_own_number_of_decimals() -> None:
    bleed = Length.parse("0.125in")
    assert [bleed.text(unit) for unit in ("mm", "in", "pt", "cm")] == ["3.2 mm", "0.125 in", "9 pt", "0.3 cm"]


def test_a_format_spec_formats_the_number() -> None:
    assert f"{Length(9):.1f}" == "9.0"


def test_the_repr_can_tell_quantities_apart_that_look_alike() -> None:
    assert repr(Length.parse("3.175 mm")) == "Length('3.175 mm')"


#: Steps of every size, from a unit down to what no press can tell.
nudges = st.builds(lambda digits, zeros: digits * 10.0**-zeros, st.floats(0.1, 1), st.integers(0, 8))


@given(kinds, numbers, nudges, st.sampled_from(["mm", "in", "pt", None]))
def test_different_values_never_show_the_same_text(kind: type[Quantity], number: float, nudge: float, unit) -> None:
    """A report that says "3 mm; 3 mm is needed" helps nobody."""
    value, limit = kind(number), kind(number + nudge * kind.units[kind.shown])
    first, second = told_apart(value, limit, unit)
    # Six decimals are the most that is shown: of a megabyte that is one byte, of a megapixel one pixel.
    whole = kind in (FileSize, PixelCount) and abs(value - limit) < 1
    assert first != second or close(value, limit) or whole


def test_values_that_are_equal_to_a_press_show_the_same_text() -> None:
    assert told_apart(Length(8.501), Length(8.505)) == ("3 mm", "3 mm")


@pytest.mark.parametrize(
    ("value", "limit", "shown"),
    [
        (PointSize(0.2485), PointSize(0.25), ("0.248 pt", "0.25 pt")),
        (Length.parse("2.996 mm"), Length.parse("3 mm"), ("2.996 mm", "3 mm")),
        (FileSize(9_999_999), FileSize(10_000_000), ("9.999999 MB", "10 MB")),
        (Percent(299.98), Percent(300), ("299.98%", "300%")),
    ],
)
def test_as_many_decimals_are_shown_as_it_takes(value: Quantity, limit: Quantity, shown: tuple[str, str]) -> None:
    assert told_apart(value, limit) == shown


def test_values_are_told_apart_in_the_unit_that_was_asked_for() -> None:
    assert told_apart(Length.parse("2.98mm"), Length.parse("3mm"), "mm") == ("2.98 mm", "3 mm")
    assert told_apart(Length.parse("2.98mm"), Length.parse("3mm"), "in") == ("0.117 in", "0.118 in")
    assert told_apart(Resolution(299.8), Resolution(300), "mm") == ("299.8 ppi", "300 ppi")


@given(kinds, numbers, numbers)
def test_a_value_is_below_above_or_close_and_only_one_of_them(kind: type[Quantity], a: float, b: float) -> None:
    first, second = kind(a), kind(b)
    assert [below(first, second), above(first, second), close(first, second)].count(True) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_the_tolerance_is_half_open_to_neither_side(kind: type[Quantity]) -> None:
    limit = kind(100)
    inside, outside = kind(100 - kind.tolerance * 0.99), kind(100 - kind.tolerance * 1.01 - 1e-9)
    assert not below(inside, limit)
    assert below(outside, limit)
    assert not above(kind(100 + kind.tolerance * 0.99), limit)
    assert above(kind(100 + kind.tolerance * 1.01 + 1e-9), limit)


def test_the_finer_tolerance_of_two_kinds_counts() -> None:
    hairline = PointSize(0.24)
    assert below(hairline, Length(0.25))
    assert not below(Length(0.24), Length(0.25))


@given(kinds, numbers)
def test_quantities_keep_kind_and_value_through_pickle_and_copy(kind: type[Quantity], number: float) -> None:
    for again in (pickle.loads(pickle.dumps(kind(number))), copy.deepcopy(kind(number)), copy.copy(kind(number))):
        assert type(again) is kind
        assert again == kind(number)


def test_the_json_form_has_value_unit_and_text() -> None:
    assert Length.parse("3.175mm").as_data() == {"value": 3.175, "unit": "mm", "text": "3.2 mm"}
    assert Count(3).as_data() == {"value": 3.0, "unit": "", "text": "3"}


class Settings(BaseModel):
    bleed: Length = Length(9)
    size: Size = Size.parse("A4")


@given(st.floats(0.001, 1e4), st.floats(0.1, 1e4), st.floats(0.1, 1e4))
def test_settings_that_are_written_as_json_mean_the_same_when_read(bleed: float, width: float, height: float) -> None:
    """0.125 in must not come back as the 3.2 mm that people are shown."""
    given_ = Settings(bleed=Length(bleed), size=Size(width, height))
    again = Settings.model_validate_json(given_.model_dump_json())
    assert float(again.bleed) == pytest.approx(bleed, abs=1e-7)
    assert tuple(again.size) == pytest.approx((width, height), abs=1e-7)


def test_the_json_schema_knows_the_units() -> None:
    pattern = Settings.model_json_schema()["properties"]["bleed"]["pattern"]
    assert [bool(__import__("re").search(pattern, text)) for text in ("3 mm", '.5"', "3 ppi", "mm", "3")] == [
        True,
        True,
        False,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("A4", "210 × 297 mm, A4, portrait"),
        ("a4", "210 × 297 mm, A4, portrait"),
        ("letter", "215.9 × 279.4 mm, Letter, portrait"),
        ("297x210mm", "297 × 210 mm, A4, landscape"),
        ("297 mm × 210 mm", "297 × 210 mm, A4, landscape"),
        ("29.7cm*210mm", "297 × 210 mm, A4, landscape"),
        ("30x20in", "762 × 508 mm"),
        ('30"x20"', "762 × 508 mm"),
        ("30X20IN", "762 × 508 mm"),
        ("55x85mm", "55 × 85 mm"),
    ],
)
def test_sizes_are_read_as_staff_write_them_and_named_when_they_have_a_name(text: str, shown: str) -> None:
    assert str(Size.parse(text)) == shown


@pytest.mark.parametrize("text", ["", "A7x", "30x20", "30in", "0x20in", "x20in", "30x20x10in", "-3x2in", "1..2x3in"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a size|needs a unit|is not a number"):
        Size.parse(text)


def test_every_named_size_is_recognised_upright_and_on_its_side() -> None:
    for name, (width, height) in Size.NAMED.items():
        assert Size(width, height).text().endswith(f"{name}, portrait")
        assert Size(height, width).text().endswith(f"{name}, landscape")


def test_a_size_is_shown_in_the_unit_asked_for() -> None:
    assert Size.parse("letter").text("in") == "8.5 × 11 in, Letter, portrait"
    assert Size.parse("letter").text("pt") == "612 × 792 pt, Letter, portrait"


def test_sizes_pickle_copy_and_compare() -> None:
    size = Size.parse("A4")
    for again in (pickle.loads(pickle.dumps(size)), copy.deepcopy(size), Size.parse(size)):
        assert type(again) is Size
        assert again == size
        assert again.width == size[0]
    assert hash(size) == hash(Size.parse("a4"))


def test_the_json_form_of_a_size_has_both_sides_and_the_text() -> None:
    data = Size.parse("A4").as_data()
    assert json.loads(json.dumps(data))["width"]["value"] == 210
    assert data["text"] == "210 × 297 mm, A4, portrait"


def test_every_kind_of_the_module_is_tested_here() -> None:
    declared = {k for k in vars(units).values() if isinstance(k, type) and issubclass(k, Quantity)}
    assert declared - {Quantity, Count} == set(KINDS)
