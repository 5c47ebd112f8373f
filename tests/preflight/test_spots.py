"""Spot colours. What a spot looks like is what its tint transform gives in the alternate space (ISO 32000-1, 8.6.6)."""

from __future__ import annotations

import re
import struct
import subprocess

import pikepdf
import pytest

import makeready
from makeready.testing import pdf, press_profile
from makeready.testing.colours import icc_based

SMALL = "100x100mm"
RED, GREEN = (0, 0.93, 0.79, 0), (0.6, 0, 0.8, 0)
NAME = pikepdf.Name


def painted(*spots):
    """A page with a rectangle in each spot; a spot is a name, or a name and its looks at full tint."""
    builder = pdf(SMALL)
    for place, spot in enumerate(spots):
        # Looks of its own for each spot that has none, so that names alone are compared.
        name, looks = spot if isinstance(spot, tuple) else (spot, (0.1 * place, 0.5, 0.9, 0))
        builder.rectangle(colour=("spot", name, 1, looks), at=("10 mm", f"{10 + 20 * place} mm"), size="20x10mm")
    return builder


# COL105 spot-twins

TWINS = {
    "coated and uncoated": (("PANTONE 185 C", "PANTONE 185 U"), "R0021", "warning"),
    "an old edition": (("PANTONE 185 CVC", "PANTONE 185 C"), "R0021", "warning"),
    "a computer video name": (("PANTONE 185 CV", "PANTONE 185 CP"), "R0021", "warning"),
    "a finish and none": (("PANTONE 185", "PANTONE 185 C"), "R0021", "warning"),
    "a name and a finish": (("PANTONE Reflex Blue C", "Pantone Reflex Blue U"), "R0021", "warning"),
    "a finish without a blank": (("PANTONE 185C", "PANTONE 185 U"), "R0021", "warning"),
    "three of them": (("PANTONE 185 C", "PANTONE 185 M", "PANTONE 185 EC"), "R0021", "warning"),
    "HKS papers": (("HKS 43 K", "HKS 43 N"), "R0021", "warning"),
    "case": (("PANTONE 185 C", "Pantone 185 c"), "R0022", "error"),
    "blanks": (("PANTONE 185 C", "PANTONE  185 C"), "R0022", "error"),
    "a missing blank": (("Company Red", "CompanyRed"), "R0022", "error"),
    "a blank that does not break": (("Company Red", "Company\u00a0Red"), "R0022", "error"),
    "one letter or letter and accent": (("Gr\u00fcn", "Gru\u0308n"), "R0022", "error"),
    "the same looks": ((("Company Red", RED), ("PANTONE 185 C", RED)), "R0023", "warning"),
    "nearly the same looks": ((("Company Red", (0, 0.93, 0.791, 0)), ("PANTONE 185 C", RED)), "R0023", "warning"),
}  # fmt: skip


@pytest.mark.parametrize(("spots", "gwg", "level"), TWINS.values(), ids=TWINS)
def test_twins(found, spots, gwg, level) -> None:
    (issue,) = found("COL105", painted(*spots))
    names = [spot[0] if isinstance(spot, tuple) else spot for spot in spots]
    assert (issue.details["gwg"], issue.severity, issue.page) == (gwg, level, 1)
    assert all(f'"{name}"' in issue.message for name in names)
    assert set(issue.details["pages"]) == set(names)
    assert len(issue.places) == len(spots)


NO_TWINS = {
    "one spot": ("PANTONE 185 C",),
    "two numbers": ("PANTONE 185 C", "PANTONE 186 C"),
    "a letter that belongs to the name": ("PANTONE Warm Red C", "PANTONE Warm Gray C"),
    "letters of house colours": ("Colour C", "Colour U"),
    "HKS numbers": ("HKS 43 K", "HKS 44 K"),
    "looks that differ by a step of 8 bit": (("Red", RED), ("Blue", (0, 0.93, 0.794, 0))),
    "die lines in the usual magenta": (("CutContour", (0, 1, 0, 0)), ("Creasing", (0, 1, 0, 0))),
    "a varnish that is shown like an ink": (("Varnish", GREEN), ("Leaf green", GREEN)),
    "process inks written as spots": ("Cyan", "cyan 2"),
}  # fmt: skip


@pytest.mark.parametrize("spots", NO_TWINS.values(), ids=NO_TWINS)
def test_no_twins(found, spots) -> None:
    assert found("COL105", painted(*spots)) == []


def test_a_spot_that_is_only_declared_is_nobodys_twin(found) -> None:
    builder = painted("PANTONE 185 C").layer("off", visible=False).rectangle(colour=("spot", "PANTONE 185 U", 1, GREEN))
    assert found("COL105", builder) == []


def test_each_kind_of_twin_is_told_once(found) -> None:
    """Names that are one ink already need not be told for their looks as well."""
    issues = found("COL105", painted(("PANTONE 185 C", RED), ("pantone 185 C", RED), ("PANTONE 185 U", RED)))
    assert sorted(issue.details["gwg"] for issue in issues) == ["R0021", "R0022"]


@pytest.mark.parametrize(("setting", "spots"), [
    ("suffixes", ("PANTONE 185 C", "PANTONE 185 U")),
    ("names", ("Company Red", "company red")),
    ("alike", (("Company Red", RED), ("PANTONE 185 C", RED))),
])  # fmt: skip
def test_how_bad_it_is_can_be_set(verdicts, setting, spots) -> None:
    assert verdicts("COL105", painted(*spots), f"COL105.{setting}=off") == []
    assert verdicts("COL105", painted(*spots), f"COL105.{setting}=info") == ["info"]


def test_words_of_technical_spots_can_be_set(verdicts) -> None:
    builder = painted(("Cutting", RED), ("PANTONE 185 C", RED))
    assert verdicts("COL105", builder) == []
    assert verdicts("COL105", builder, {"technical": []}) == ["warning"]


# What a spot is shown with


def alternates(builder):
    facts = makeready.inspect(builder.bytes()).facts
    return {ink.name: ink.alternate for ink in facts.inks}


def separation(transform, space, name="Ink"):
    """A page painted in a spot of which only the space and the tint transform matter."""
    builder = pdf(SMALL)
    file = builder.objects
    spot = pikepdf.Array([NAME.Separation, NAME("/" + name), space(file), transform(file)])
    return builder.raw("/S cs 1 scn 50 50 90 90 re f", {"/ColorSpace": {"/S": file.make_indirect(spot)}})


def power(file):
    return pikepdf.Dictionary(FunctionType=2, Domain=[0, 1], C0=[100, 0, 0], C1=[48, 68, 40], N=1)


def pieces(file):
    first = pikepdf.Dictionary(FunctionType=2, Domain=[0, 1], C0=[100, 0, 0], C1=[90, 5, 5], N=1)
    last = pikepdf.Dictionary(FunctionType=2, Domain=[0, 1], C0=[48, 68, 40], C1=[90, 5, 5], N=1)
    return pikepdf.Dictionary(FunctionType=3, Domain=[0, 1], Functions=[first, last], Bounds=[0.5], Encode=[0, 1, 1, 0])


def table(bits):
    """White, then L 48, a 68, b 40, as far as the bits can say so."""

    def make(file):
        top = 2**bits - 1
        rows = [[top, 0.5 * top, 0.5 * top], [0.48 * top, (68 + 128) / 256 * top, (40 + 128) / 256 * top]]
        data = b"".join(struct.pack(">B" if bits == 8 else ">H", round(value)) for row in rows for value in row)
        reach = [0, 100, -128, 128, -128, 128]
        return pikepdf.Stream(file, data, FunctionType=0, Domain=[0, 1], Range=reach, Size=[2], BitsPerSample=bits)

    return make


def lab(file):
    white = {"/WhitePoint": [0.9642, 1, 0.8249], "/Range": [-128, 127, -128, 127]}
    return pikepdf.Array([NAME.Lab, pikepdf.Dictionary(white)])


@pytest.mark.parametrize("transform", [power, pieces, table(8), table(16)], ids=["power", "pieces", "8 bit", "16 bit"])
def test_the_looks_of_a_spot_in_lab(transform) -> None:
    space, values = alternates(separation(transform, lab))["Ink"]
    assert space == "Lab"
    assert values == pytest.approx((48, 68, 40), abs=0.5)


def test_the_looks_of_a_spot_in_cmyk_with_a_profile() -> None:
    def recipe(file):
        return pikepdf.Dictionary(FunctionType=2, Domain=[0, 1], C0=[0] * 4, C1=[0, 0.6, 0.4, 0], N=1)

    builder = separation(recipe, lambda file: icc_based(file, press_profile(), 4))
    assert alternates(builder)["Ink"] == ("ICCBased CMYK", (0, 0.6, 0.4, 0))


def test_the_looks_of_inks_that_are_painted_together() -> None:
    found = alternates(pdf(SMALL).rectangle(colour={"Gold": 0.5, "PANTONE 185 C": 0.2, "Black": 1}))
    assert found == {
        "Gold": ("DeviceCMYK", (0.2, 0.35, 0.85, 0.15)), "PANTONE 185 C": ("DeviceCMYK", RED),
        "Black": None, "Cyan": None, "Magenta": None,
    }  # fmt: skip


def test_a_tint_transform_that_is_broken_says_nothing() -> None:
    def broken(file):
        reach = [0, 100, -128, 128, -128, 128]
        return pikepdf.Stream(file, b"\x00", FunctionType=0, Domain=[0, 1], Range=reach, Size=[2], BitsPerSample=8)

    assert alternates(separation(broken, lab)).get("Ink") is None
    assert alternates(separation(broken, lambda file: NAME.DeviceCMYK)).get("Ink") is None


def test_the_looks_are_those_that_ghostscript_paints(tool, tmp_path) -> None:
    """Ghostscript's CMYK device, told to use no profiles, paints what the tint transform gives."""
    file = painted(("Company Red", (0, 0.6, 0.4, 0.2))).save(tmp_path / "spot.pdf")
    out = tmp_path / "spot.pam"
    command = [tool("gs"), "-q", "-dNOPAUSE", "-dBATCH", "-dSAFER", "-sDEVICE=pamcmyk32", "-r72", f"-o{out}", str(file)]
    subprocess.run(command, check=True, capture_output=True)
    header, pixels = out.read_bytes().split(b"ENDHDR\n", 1)
    width = int(re.search(rb"WIDTH (\d+)", header)[1])
    x, y = round(20 / 25.4 * 72) + 9, round(15 / 25.4 * 72) + 9  # the middle, with 3 mm of bleed
    at = (y * width + x) * 4
    shown = tuple(value / 255 for value in pixels[at : at + 4])
    assert alternates(painted(("Company Red", (0, 0.6, 0.4, 0.2))))["Company Red"][1] == pytest.approx(shown, abs=0.01)
