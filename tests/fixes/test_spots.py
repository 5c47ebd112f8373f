"""map_spots and merge_spots: on the plates, as Ghostscript separates them, and in what the checks say."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Stream

import makeready
from fixes.looks import assert_same_look, codes, fixed, mupdf_pixels, qpdf_clean, refused, text_of, unchanged
from fixes.test_overprint import plates
from makeready.testing import pdf
from makeready.testing.colours import ALTERNATES, separation

SIZE = "100x60mm"
RED, GOLD = "PANTONE 185 C", "Gold"
PROCESS = ("Cyan", "Magenta", "Yellow", "Black")
NO_SPOTS = makeready.measure(settings=["COL104=error"])


def bare() -> Any:
    """White where it is looked at, and without a press, so that spots and process inks are shown by one formula."""
    return pdf(SIZE, output_intent=None).rectangle(size=SIZE, at=("0 mm", "0 mm"), colour=(0, 0, 0, 0))


def space(artwork: Any, ink: str = RED) -> Any:
    return separation(artwork.objects, ink, ALTERNATES[ink])


def inks(data: bytes, folder: Path) -> dict[str, float]:
    """The strongest tint on each plate."""
    folder.mkdir(exist_ok=True)
    return {name: float(plate.max()) for name, plate in plates(data, folder).items()}


def shaded(artwork: Any) -> Any:
    blend = Dictionary(FunctionType=2, Domain=[0, 1], C0=[0], C1=[1], N=1)
    shading = Dictionary(
        ShadingType=2, ColorSpace=space(artwork), Coords=[40, 0, 240, 0], Function=blend, Extend=[True, True]
    )
    return artwork.raw("q 40 40 200 60 re W n /S0 sh Q", {"/Shading": {"/S0": artwork.objects.make_indirect(shading)}})


def shading_pattern(artwork: Any) -> Any:
    blend = Dictionary(FunctionType=2, Domain=[0, 1], C0=[0], C1=[1], N=1)
    shading = Dictionary(
        ShadingType=2, ColorSpace=space(artwork), Coords=[40, 0, 240, 0], Function=blend, Extend=[True, True]
    )
    pattern = artwork.objects.make_indirect(Dictionary(Type=Name.Pattern, PatternType=2, Shading=shading))
    return artwork.raw("/Pattern cs /P0 scn 40 40 200 60 re f", {"/Pattern": {"/P0": pattern}})


def mesh(artwork: Any) -> Any:
    """One triangle, its corners of 0, half and full tint."""
    rows = b"".join(
        bytes([0]) + x.to_bytes(2, "big") + y.to_bytes(2, "big") + bytes([tint])
        for x, y, tint in ((0, 0, 0), (65535, 0, 128), (30000, 65535, 255))
    )
    shading = Stream(
        artwork.objects, rows, ShadingType=4, ColorSpace=space(artwork), BitsPerCoordinate=16, BitsPerComponent=8,
        BitsPerFlag=8, Decode=[40, 240, 40, 140, 0, 1],
    )  # fmt: skip
    return artwork.raw("/S0 sh", {"/Shading": {"/S0": artwork.objects.make_indirect(shading)}})


def tiled(artwork: Any) -> Any:
    """A pattern that is painted in the spot by whoever uses it."""
    cell = Stream(
        artwork.objects, b"0 0 6 6 re f", Type=Name.Pattern, PatternType=1, PaintType=2, TilingType=1,
        BBox=[0, 0, 10, 10], XStep=10, YStep=10, Resources=Dictionary(),
    )  # fmt: skip
    through = artwork.objects.make_indirect(Array([Name.Pattern, space(artwork)]))
    return artwork.raw(
        "/T cs 1 /P0 scn 40 40 200 60 re f",
        {"/Pattern": {"/P0": artwork.objects.make_indirect(cell)}, "/ColorSpace": {"/T": through}},
    )


def palette(artwork: Any) -> Any:
    table = artwork.objects.make_indirect(Array([Name.Indexed, space(artwork), 3, pikepdf.String(b"\0\x55\xaa\xff")]))
    image = Stream(
        artwork.objects, bytes([0b00011011]), Type=Name.XObject, Subtype=Name.Image, Width=4, Height=1,
        BitsPerComponent=2, ColorSpace=table,
    )  # fmt: skip
    return artwork.raw("q 200 0 0 60 40 40 cm /I0 Do Q", {"/XObject": {"/I0": artwork.objects.make_indirect(image)}})


def line_art(artwork: Any) -> Any:
    """One bit a pixel, 0 for ink: its Decode is turned round."""
    image = Stream(
        artwork.objects, bytes([0b01010101] * 8), Type=Name.XObject, Subtype=Name.Image, Width=8, Height=8,
        BitsPerComponent=1, ColorSpace=space(artwork), Decode=[1, 0],
    )  # fmt: skip
    return artwork.raw("q 200 0 0 60 40 40 cm /I0 Do Q", {"/XObject": {"/I0": artwork.objects.make_indirect(image)}})


def first_colour(artwork: Any) -> Any:
    """The space alone: it begins with the full tint."""
    return artwork.raw(
        "/S cs 40 40 200 60 re f", {"/ColorSpace": {"/S": artwork.objects.make_indirect(space(artwork))}}
    )


def of_form(artwork: Any) -> Any:
    """A form that paints with the colour of the page."""
    form = Stream(artwork.objects, b"0 0 200 60 re f", Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 200, 60])
    return artwork.raw(
        "/S cs 1 scn 1 0 0 1 40 40 cm /F0 Do",
        {
            "/XObject": {"/F0": artwork.objects.make_indirect(form)},
            "/ColorSpace": {"/S": artwork.objects.make_indirect(space(artwork))},
        },
    )


KINDS = {
    "text": lambda page: page.text("RED", size="40 pt", colour=("spot", RED, 1), at=("10 mm", "30 mm")),
    "shape": lambda page: page.rectangle(colour=("spot", RED, 1)),
    "line": lambda page: page.line(colour=("spot", RED, 1), width="5 pt"),
    "in a form": lambda page: page.rectangle(colour=("spot", RED, 1), within="form"),
    "in a pattern": lambda page: page.rectangle(colour=("spot", RED, 1), within="pattern"),
    "gradient": shaded,
    "gradient in a pattern": shading_pattern,
    "mesh": mesh,
    "pattern without a colour": tiled,
    "palette": palette,
    "picture of one bit": line_art,
    "the space's first colour": first_colour,
    "a form in the page's colour": of_form,
}


@pytest.mark.parametrize("name", KINDS)
def test_a_spot_becomes_what_it_is_shown_with(name: str, tmp_path: Path) -> None:
    before = KINDS[name](bare()).bytes()
    was = inks(before, tmp_path / "before")
    assert was[RED] > 0.9
    result = fixed(before, "map_spots", profile=NO_SPOTS)
    now = inks(result.data, tmp_path / "after")
    assert set(now) == set(PROCESS)
    wanted = dict(zip(PROCESS, ALTERNATES[RED], strict=True))
    assert all(now[ink] == pytest.approx(was[RED] * wanted[ink], abs=0.02) for ink in PROCESS), now
    assert_same_look(before, result.data, within=2)
    assert [issue.code for issue in result.fixed] == ["COL104"]
    # The file names no press, and said so of its CMYK before: now there is more of it.
    assert {issue.code for issue in result.new} <= {"COL102"}
    assert text_of(before) == text_of(result.data)
    # Programs list the plates of a page by its resources: what has been replaced is gone from there, too.
    with pikepdf.open(io.BytesIO(result.data)) as after:
        assert not any(b"Separation" in thing.unparse() for thing in after.objects)
    qpdf_clean(result.data)
    unchanged(result.data, "map_spots")


@pytest.mark.parametrize("compression", ["jpeg", "flate"])
@pytest.mark.parametrize("inline", [False, True])
def test_a_picture_in_a_spot(compression: Any, inline: bool, tmp_path: Path) -> None:
    artwork = bare().image(colour="spot", ppi=40, compression=compression, inline=inline)
    before = artwork.bytes()
    was = inks(before, tmp_path / "before")
    result = fixed(before, "map_spots", profile=NO_SPOTS)
    now = inks(result.data, tmp_path / "after")
    assert now["Magenta"] == pytest.approx(was[RED] * 0.93, abs=0.03)
    assert now["Cyan"] == now["Black"] == 0
    # A JPEG is packed again.
    assert_same_look(before, result.data, within=12 if compression == "jpeg" else 2)
    unchanged(result.data, "map_spots")


def test_tints_follow_the_function_of_the_spot(tmp_path: Path) -> None:
    """A tint transform that is no straight line: half of the spot looks like a quarter."""
    artwork = bare()
    bent = Dictionary(FunctionType=2, Domain=[0, 1], C0=[0, 0, 0, 0], C1=[0, 0.8, 0, 0], N=2)
    own = artwork.objects.make_indirect(Array([Name.Separation, Name(f"/{RED}"), Name.DeviceCMYK, bent]))
    artwork.raw("/S cs 0.5 scn 40 40 200 60 re f", {"/ColorSpace": {"/S": own}})
    result = fixed(artwork, "map_spots")
    assert inks(result.data, tmp_path)["Magenta"] == pytest.approx(0.2, abs=0.01)


def test_a_spot_that_is_shown_with_lab_becomes_the_inks_of_the_press(tmp_path: Path) -> None:
    artwork = bare()
    lab = Array([Name.Lab, Dictionary(WhitePoint=[0.9642, 1, 0.8249], Range=[-128, 127, -128, 127])])
    tint = Dictionary(FunctionType=2, Domain=[0, 1], C0=[100, 0, 0], C1=[48, 68, 48], N=1)
    own = artwork.objects.make_indirect(Array([Name.Separation, Name(f"/{RED}"), lab, tint]))
    artwork.raw("/S cs 1 scn 40 40 200 60 re f", {"/ColorSpace": {"/S": own}})
    result = fixed(artwork, "map_spots", profile=NO_SPOTS)
    assert "COL104" not in codes(result.final)
    now = inks(result.data, tmp_path)
    # Magenta over yellow is about Lab 47 68 48 on coated paper (ISO 12647-2:2004, table 3).
    assert now["Magenta"] > 0.9
    assert now["Yellow"] > 0.8
    assert now["Cyan"] < 0.1


def test_a_table_comes_before_what_the_file_says(tmp_path: Path) -> None:
    artwork = bare().rectangle(colour=("spot", RED, 0.5))
    chain = [{"fix": "map_spots", "table": {RED: "10 91 76 2"}}]
    now = inks(fixed(artwork, chain).data, tmp_path)
    assert [now[ink] for ink in PROCESS] == pytest.approx([0.05, 0.455, 0.38, 0.01], abs=0.005)
    with pytest.raises(makeready.UsageError, match="four percentages"):
        makeready.fix(artwork.bytes(), [{"fix": "map_spots", "table": {RED: "91 76 0"}}])
    written = [{"fix": "map_spots", "table": f"{RED} = 10 91 76 2; Gold = 0 0 50 0"}]
    assert fixed(artwork, written).data == fixed(artwork, chain).data


def test_mixtures_keep_their_process_inks_and_other_spots(tmp_path: Path) -> None:
    artwork = bare().rectangle(colour={RED: 0.5, "Black": 0.3, GOLD: 0.4})
    before = artwork.bytes()
    result = fixed(before, [{"fix": "map_spots", "keep": [GOLD]}])
    now = inks(result.data, tmp_path)
    assert now[GOLD] == pytest.approx(0.4, abs=0.01)
    assert [now[ink] for ink in PROCESS] == pytest.approx([0, 0.465, 0.395, 0.3], abs=0.01)
    assert RED not in now
    assert_same_look(before, result.data, within=2)
    qpdf_clean(result.data)
    unchanged(result.data, [{"fix": "map_spots", "keep": [GOLD]}])
    (tmp_path / "all").mkdir()
    everything = inks(fixed(before, "map_spots").data, tmp_path / "all")
    gold = ALTERNATES[GOLD]
    wanted = [0.5 * a + 0.4 * b + c for a, b, c in zip(ALTERNATES[RED], gold, (0, 0, 0, 0.3), strict=True)]
    assert [everything[ink] for ink in PROCESS] == pytest.approx(wanted, abs=0.01)


def test_what_is_no_ink_stays() -> None:
    artwork = bare().rectangle(colour=("spot", "CutContour", 1)).rectangle(colour="registration", at=("40 mm", "10 mm"))
    artwork.rectangle(colour=("spot", "Spot varnish", 1)).rectangle(colour=("spot", "Cyan", 1))
    unchanged(artwork, "map_spots")
    changed = fixed(artwork, [{"fix": "map_spots", "table": {"CutContour": "0 100 0 0"}}])
    facts = changed.final.facts
    assert facts is not None
    assert {ink.name for ink in facts.inks if ink.spot} == {"Spot varnish"}
    assert "Separation All" in {paint.colour.space for paint in facts.paints}


def test_a_spot_of_a_processing_step_stays() -> None:
    """Its name says nothing; its layer does."""
    artwork = (
        bare().layer("Knife", step=("Structural", "Cutting")).rectangle(colour=None, stroke=("spot", "Knife 7", 1))
    )
    artwork.rectangle(colour=("spot", GOLD, 1), at=("40 mm", "10 mm")).layer(None)
    artwork.rectangle(colour=("spot", GOLD, 1), at=("60 mm", "10 mm"))
    result = fixed(artwork, "map_spots")
    facts = result.final.facts
    assert facts is not None
    assert [ink.name for ink in facts.inks if ink.spot] == ["Knife 7"]


def test_names_of_any_bytes_are_known(tmp_path: Path) -> None:
    before = bare().rectangle(colour=("spot", "GrXn", 1)).rectangle(colour=("spot", RED, 1)).bytes()
    before = before.replace(b"/GrXn", b"/Gr#fcn")  # Latin-1, as old programs wrote it
    result = fixed(before, "map_spots", profile=NO_SPOTS)
    assert "COL104" not in codes(result.final)
    assert b"Gr#fcn" in fixed(before, [{"fix": "map_spots", "table": {RED: "0 91 76 0"}, "number": 1}]).data


def test_none_paints_nothing_afterwards_either(tmp_path: Path) -> None:
    artwork = bare().rectangle(colour=("spot", "None", 1)).rectangle(colour=("spot", RED, 1), at=("40 mm", "10 mm"))
    before = artwork.bytes()
    result = fixed(before, "map_spots")
    assert b"/None" in result.data or "None" in str(makeready.inspect(result.data).facts)
    assert np.array_equal(mupdf_pixels(before), mupdf_pixels(result.data))


def test_the_spots_that_are_used_most_stay() -> None:
    artwork = bare().rectangle(colour=("spot", RED, 1))
    for at in ("30 mm", "50 mm", "70 mm"):
        artwork.rectangle(colour=("spot", GOLD, 1), at=(at, "10 mm"))
    result = fixed(artwork, [{"fix": "map_spots", "number": 1}])
    facts = result.final.facts
    assert facts is not None
    assert [ink.name for ink in facts.inks if ink.spot] == [GOLD]
    unchanged(artwork, [{"fix": "map_spots", "number": 2}])


def test_the_plan_cures_to_the_limit_of_the_check() -> None:
    artwork = bare().rectangle(colour=("spot", RED, 1)).rectangle(colour=("spot", GOLD, 1), at=("40 mm", "10 mm"))
    held = makeready.measure(settings=["COL104=error", "COL104.allowed=Gold"])
    result = makeready.fix(artwork.bytes(), profile=held, allow="review")
    assert "COL104" not in codes(result.final)
    facts = result.final.facts
    assert facts is not None
    assert [ink.name for ink in facts.inks if ink.spot] == [GOLD]
    # Without the check nobody asked for fewer plates.
    result = makeready.fix(artwork.bytes(), allow="review")
    assert "map_spots" not in {step.fix for step in result.plan.steps}


def test_soft_masks_stay_as_they_are() -> None:
    artwork = bare()
    group = Stream(
        artwork.objects, b"/S cs 0.5 scn 0 0 300 200 re f", Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 300, 200],
        Group=Dictionary(S=Name.Transparency, CS=Name.DeviceCMYK),
        Resources=Dictionary(ColorSpace=Dictionary(S=artwork.objects.make_indirect(space(artwork)))),
    )  # fmt: skip
    mask = Dictionary(Type=Name.Mask, S=Name.Luminosity, G=artwork.objects.make_indirect(group))
    state = artwork.objects.make_indirect(Dictionary(Type=Name.ExtGState, SMask=mask))
    artwork.raw("q /G0 gs 0 1 0 0 k 40 40 100 60 re f Q", {"/ExtGState": {"/G0": state}})
    artwork.rectangle(colour=("spot", GOLD, 1))
    before = artwork.bytes()
    result = fixed(before, "map_spots")
    assert RED.encode().replace(b" ", b"#20") in result.data
    assert_same_look(before, result.data, within=2)


def test_overprint_of_a_spot_is_told() -> None:
    artwork = bare().rectangle(colour=("spot", RED, 1), overprint=True)
    (change,) = fixed(artwork, "map_spots").changes
    assert "1 of them overprints" in change.message
    assert change.details["overprint"] == 1


def test_a_picture_that_cannot_be_changed_is_left_and_told() -> None:
    artwork = bare().image(colour="spot", ppi=40, soft_mask=True).rectangle(colour=("spot", RED, 1))
    for thing in artwork.objects.objects:
        if isinstance(thing, Stream) and thing.get("/Subtype") == Name.Image and "/SMask" not in thing:
            thing.Matte = Array([0])
    (change,) = fixed(artwork, "map_spots").changes
    assert "left as it was: a picture" in change.message


# Twins


def twins(first: str, second: str) -> Any:
    look = (0, 0.93, 0.79, 0)
    artwork = bare().rectangle(colour=("spot", first, 1.0, look), at=("10 mm", "5 mm"), size="20x10mm")
    artwork.rectangle(colour=("spot", first, 0.5, look), at=("10 mm", "30 mm"), size="20x10mm")
    return artwork.rectangle(colour=("spot", second, 0.5, (0, 0.8, 0.9, 0)), at=("40 mm", "10 mm"))


@pytest.mark.parametrize(
    ("first", "second"),
    [("PANTONE 185 C", "PANTONE 185 U"), ("Brand Red", "brand red"), ("PANTONE 185 C", "PANTONE  185  C")],
)
def test_twins_become_one(first: str, second: str, tmp_path: Path) -> None:
    before = twins(first, second).bytes()
    was = inks(before, tmp_path / "before")
    assert {first, second} <= set(was)
    assert "COL105" in codes(makeready.check(before))
    result = fixed(before, "merge_spots")
    now = plates(result.data, tmp_path / "before")
    assert "COL105" not in codes(result.final)
    assert not result.new
    facts = result.final.facts
    assert facts is not None
    assert [ink.name for ink in facts.inks if ink.spot] == [first]
    assert now[first].max() > 0.99
    assert result.changes[0].message.startswith(f'"{second}" is now "{first}"')
    qpdf_clean(result.data)
    unchanged(result.data, "merge_spots")


def test_the_tints_of_twins_add_up_on_one_plate(tmp_path: Path) -> None:
    (tmp_path / "before").mkdir()
    (tmp_path / "after").mkdir()
    before = twins("Brand Red", "brand red").bytes()
    was, now = (
        plates(before, tmp_path / "before"),
        plates(fixed(before, "merge_spots").data, tmp_path / "after"),
    )
    assert np.allclose(was["Brand Red"] + was["brand red"], now["Brand Red"], atol=0.005)


def test_which_twin_stays_may_be_said() -> None:
    artwork = twins("PANTONE 185 C", "PANTONE 185 U")
    result = fixed(artwork, [{"fix": "merge_spots", "stays": ["PANTONE 185 U"]}])
    facts = result.final.facts
    assert facts is not None
    assert [ink.name for ink in facts.inks if ink.spot] == ["PANTONE 185 U"]
    unchanged(artwork, [{"fix": "merge_spots", "finishes": False}])


def test_twins_in_one_mixture_share_a_plate(tmp_path: Path) -> None:
    artwork = bare().rectangle(colour={"Brand Red": 0.5, "brand red": 0.3, "Black": 0.2})
    artwork.rectangle(colour=("spot", "Brand Red", 0.1), at=("40 mm", "10 mm"))
    now = inks(fixed(artwork, "merge_spots").data, tmp_path)
    assert now["Brand Red"] == pytest.approx(0.8, abs=0.01)
    assert now["Black"] == pytest.approx(0.2, abs=0.01)


def test_pictures_and_gradients_of_a_twin_keep_their_data() -> None:
    artwork = shaded(bare()).image(colour="spot", ink="pantone 185 c", ppi=40, at=("60 mm", "5 mm"), size="30x15mm")
    before = artwork.bytes()
    result = fixed(before, "merge_spots")
    facts = result.final.facts
    assert facts is not None
    assert len([ink for ink in facts.inks if ink.spot]) == 1
    with pikepdf.open(result.path) as after:
        kept = [thing for thing in after.objects if isinstance(thing, Stream) and thing.get("/Subtype") == Name.Image]
        assert any(Name.DCTDecode == image.get("/Filter") for image in kept)


def test_only_twins_are_merged() -> None:
    unchanged(bare().rectangle(colour=("spot", RED, 1)).rectangle(colour=("spot", GOLD, 1)), "merge_spots")


def test_a_picture_is_no_pdf() -> None:
    from makeready.testing import picture

    assert "pdf" in refused(picture(40, 30), "map_spots")
