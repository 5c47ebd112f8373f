"""What must hold for any page: boxes come back as written, sizes are those of the paper, facts travel.

The pages are written by pikepdf and by hand, without the builder of this package; the expected numbers are
worked out here from the matrices (ISO 32000-1, 8.3).
"""

from __future__ import annotations

import io
import json
import math
import pickle

import pikepdf
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import makeready
from makeready.facts import as_data

deterministic = settings(deadline=None, derandomize=True, max_examples=300, database=None)

Matrix = tuple[float, float, float, float, float, float]
IDENTITY: Matrix = (1, 0, 0, 1, 0, 0)
NAMES = {"media": "/MediaBox", "crop": "/CropBox", "trim": "/TrimBox", "bleed": "/BleedBox", "art": "/ArtBox"}
INHERITABLE = ("media", "crop")


def times(first: Matrix, then: Matrix) -> Matrix:
    """The matrix that does one after the other: PDF multiplies rows by columns."""
    a, b, c, d, e, f = first
    p, q, r, s, t, u = then
    return (a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u)


def written(matrix: Matrix) -> Matrix:
    """As the file has it."""
    return tuple(round(value, 6) for value in matrix)  # type: ignore[return-value]


def operands(matrix: Matrix) -> str:
    return " ".join(f"{value:.6f}" for value in matrix)


def facts_of(file: pikepdf.Pdf) -> makeready.Artwork:
    out = io.BytesIO()
    file.save(out)
    facts = makeready.inspect(out.getvalue()).facts
    assert facts is not None
    return facts


def a_page(operators: str, resources: pikepdf.Dictionary | None = None, **entries) -> pikepdf.Pdf:
    """A file of one page, large enough that nothing falls off it."""
    file = pikepdf.new()
    file.add_blank_page(page_size=(200, 200))
    page = file.pages[0].obj
    page.MediaBox = [-14000, -14000, 14000, 14000]
    page.Contents = pikepdf.Stream(file, operators.encode())
    page.Resources = resources if resources is not None else pikepdf.Dictionary()
    for key, value in entries.items():
        page["/" + key] = value
    return file


# Boxes

edge = st.floats(-5000, 5000).map(lambda value: round(value, 3))


@st.composite
def box(draw) -> tuple[float, float, float, float]:
    x, y = draw(edge), draw(edge)
    wide, high = (draw(st.floats(1, 5000).map(lambda value: round(value, 3))) for _ in range(2))
    return (x, y, round(x + wide, 3), round(y + high, 3))


@deterministic
@given(
    boxes=st.fixed_dictionaries({"media": box()}, optional={name: box() for name in NAMES if name != "media"}),
    above=st.sets(st.sampled_from(INHERITABLE)),
    rotate=st.sampled_from([None, 0, 90, 180, 270, 360, -90, 450]),
    rotate_above=st.booleans(),
    unit=st.none() | st.floats(0.1, 50).map(lambda value: round(value, 4)),
    deep=st.booleans(),
)
def test_boxes_come_back_as_they_were_written(boxes, above, rotate, rotate_above, unit, deep) -> None:
    file = pikepdf.new()
    file.add_blank_page()
    page, node = file.pages[0].obj, file.Root.Pages
    if deep:  # one more node of the page tree between the root and the page
        kid = file.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.Pages, Count=1, Kids=[page], Parent=node))
        node.Kids = pikepdf.Array([kid])
        page.Parent = kid
    del page["/MediaBox"]
    for name, value in boxes.items():
        (node if name in above else page)[NAMES[name]] = list(value)
    if rotate is not None:
        (node if rotate_above else page).Rotate = rotate
    if unit is not None:
        page.UserUnit = pikepdf.Object.parse(f"{unit:.4f}".encode())
    (found,) = facts_of(file).pages
    for name in NAMES:
        got, expected = getattr(found.boxes, name), boxes.get(name)
        assert (got is None) == (expected is None), name
        assert got is None or got == pytest.approx(expected, abs=1e-6), name
    assert found.rotate == (rotate or 0) % 360
    assert found.user_unit == pytest.approx(unit or 1)
    trim = boxes.get("trim") or boxes.get("crop") or boxes["media"]
    sides = [(trim[2] - trim[0]) * (unit or 1), (trim[3] - trim[1]) * (unit or 1)]
    assert list(found.size) == pytest.approx(sides[::-1] if (rotate or 0) % 180 else sides, abs=1e-3)


# Resolution, line width, text size

length = st.floats(0.05, 20)
turn = st.floats(-360, 360)


@st.composite
def matrix(draw) -> Matrix:
    """Turned, scaled unevenly, slanted, mirrored, moved: any of them."""
    angle, lean = math.radians(draw(turn)), math.tan(math.radians(draw(st.floats(-60, 60))))
    wide, high = draw(length) * draw(st.sampled_from([1, -1])), draw(length) * draw(st.sampled_from([1, -1]))
    scaled: Matrix = (wide, 0, 0, high, 0, 0)
    slanted: Matrix = (1, 0, lean, 1, 0, 0)
    turned: Matrix = (math.cos(angle), math.sin(angle), -math.sin(angle), math.cos(angle), 0, 0)
    moved: Matrix = (1, 0, 0, 1, draw(st.floats(-100, 100)), draw(st.floats(-100, 100)))
    return written(times(times(times(scaled, slanted), turned), moved))


@st.composite
def similarity(draw) -> tuple[Matrix, float]:
    """Turned, mirrored, scaled evenly; and the scale."""
    angle, scale, mirror = math.radians(draw(turn)), draw(st.floats(0.05, 20)), draw(st.sampled_from([1, -1]))
    cos, sin = scale * math.cos(angle), scale * math.sin(angle)
    return written((cos, sin, -mirror * sin, mirror * cos, draw(st.floats(-50, 50)), draw(st.floats(-50, 50)))), scale


page_settings = st.fixed_dictionaries(
    {}, optional={"Rotate": st.sampled_from([90, 180, 270]), "UserUnit": st.sampled_from([2, 10])}
)


def nested(file: pikepdf.Pdf, operators: str, resources: pikepdf.Dictionary, matrices: list[Matrix]) -> None:
    """Forms in forms, each with its Matrix, the first one innermost."""
    for inner in matrices:
        form = pikepdf.Stream(
            file, operators.encode(), Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Form, Matrix=list(inner),
            BBox=[-90000, -90000, 90000, 90000], Resources=resources,
        )  # fmt: skip
        operators, resources = "/Fm Do", pikepdf.Dictionary(XObject=pikepdf.Dictionary(Fm=form))
    page = file.pages[0].obj
    page.Contents = pikepdf.Stream(file, page.Contents.read_bytes() + operators.encode())
    page.Resources = resources


@deterministic
@given(
    pixels=st.tuples(st.integers(17, 300), st.integers(17, 300)),
    ctm=matrix(),
    forms=st.lists(matrix(), max_size=2),
    entries=page_settings,
    stencil=st.booleans(),
)
def test_the_resolution_of_a_picture_under_any_matrix(pixels, ctm, forms, entries, stencil) -> None:
    """Pixels over the lengths of the matrix's columns: the sides of the unit square on paper."""
    whole = ctm
    for form in forms:
        whole = times(whole, form)
    unit = entries.get("UserUnit", 1)
    across, up = (unit * math.hypot(*whole[i : i + 2]) for i in (0, 2))
    assume(min(across, up) > 1e-2 and max(across, up) < 4000 * unit)
    assume(abs(whole[0] * whole[3] - whole[1] * whole[2]) > 1e-3 * across * up / unit**2)  # not flat
    file = a_page("", **entries)
    image = pikepdf.Stream(
        file, bytes((pixels[0] + 7) // 8 * pixels[1] if stencil else pixels[0] * pixels[1]),
        Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image, Width=pixels[0], Height=pixels[1],
        BitsPerComponent=1 if stencil else 8,
    )  # fmt: skip
    if stencil:
        image.ImageMask = True
    else:
        image.ColorSpace = pikepdf.Name.DeviceGray
    nested(file, f"q {operands(ctm)} cm /Im Do Q", pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im=image)), forms)
    (found,) = facts_of(file).images
    assert found.ppi_x == pytest.approx(pixels[0] / across * 72, rel=2e-4)
    assert found.ppi_y == pytest.approx(pixels[1] / up * 72, rel=2e-4)
    assert found.resolution == min(found.ppi_x, found.ppi_y)
    assert found.mirrored == (whole[0] * whole[3] - whole[1] * whole[2] < 0)
    assert found.mask is stencil


@deterministic
@given(width=st.floats(0.05, 30), ctm=similarity(), form=similarity(), entries=page_settings)
def test_the_width_of_a_line_turned_mirrored_and_scaled(width, ctm, form, entries) -> None:
    file = a_page("", **entries)
    operators = f"q {operands(ctm[0])} cm {width:.6f} w 0 0 m 30 40 l S Q"
    nested(file, operators, pikepdf.Dictionary(), [form[0]])
    expected = width * ctm[1] * form[1] * entries.get("UserUnit", 1)
    assume(expected < 3000)
    (found,) = facts_of(file).strokes
    assert float(found.width) == pytest.approx(expected, rel=1e-3, abs=1e-4)


@deterministic
@given(width=st.floats(0.5, 10), ctm=matrix())
def test_the_width_of_a_line_lies_between_its_thinnest_and_its_thickest(width, ctm) -> None:
    """Scaled unevenly, a line is thicker one way than the other: between the singular values of the matrix."""
    a, b, c, d, _, _ = ctm
    squares, flat = (a * a + b * b + c * c + d * d) / 2, abs(a * d - b * c)
    most = math.sqrt(squares + math.sqrt(max(0.0, squares**2 - flat**2)))
    assume(flat > 1e-3)
    found = [s for s in facts_of(a_page(f"{operands(ctm)} cm {width:.6f} w 0 0 m 3 4 l S")).strokes if not s.filled]
    assert [width * flat / most * 0.999 - 1e-4 <= s.width <= width * most * 1.001 + 1e-4 for s in found] == [True]


@deterministic
@given(size=st.floats(0.5, 200), text=matrix(), ctm=matrix(), entries=page_settings)
def test_the_size_of_text_under_any_matrix(size, text, ctm, entries) -> None:
    """How long the font's upright unit is on paper."""
    whole = times(text, ctm)
    up = math.hypot(whole[2], whole[3]) * size * entries.get("UserUnit", 1)
    assume(0.01 < up < 3000)
    assume(abs(whole[0] * whole[3] - whole[1] * whole[2]) > 1e-3)
    font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
    resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F=font))
    operators = f"{operands(ctm)} cm BT /F {size:.6f} Tf {operands(text)} Tm (x) Tj ET"
    (found,) = facts_of(a_page(operators, resources, **entries)).texts
    assert float(found.size) == pytest.approx(up, rel=1e-3, abs=2e-3)


# Facts travel

colours = st.sampled_from(["0.5 g", "1 0 0 rg", "0 1 1 0 k", "1 g", "0 0 0 0 k"])
shapes = st.sampled_from(["10 10 50 40 re f", "5 5 m 60 60 l S", "0 w 5 5 m 60 60 l S", "10 10 90 0.1 re f"])


@deterministic
@given(
    marks=st.lists(st.tuples(colours, shapes), max_size=6),
    entries=page_settings,
    alpha=st.floats(0, 1).map(lambda value: round(value, 3)),
)
def test_facts_can_be_sent_and_stored(marks, entries, alpha) -> None:
    state = pikepdf.Dictionary(ExtGState=pikepdf.Dictionary(G=pikepdf.Dictionary(ca=alpha, CA=alpha)))
    facts = facts_of(a_page("/G gs " + " ".join(" ".join(mark) for mark in marks), state, **entries))
    assert pickle.loads(pickle.dumps(facts)) == facts
    text = json.dumps(as_data(facts), allow_nan=False)
    assert json.loads(text)["pages"][0]["user_unit"] == entries.get("UserUnit", 1)
    assert len(facts.paints) <= len(marks)
    assert sum(paint.count for paint in facts.paints) == len(marks)


@settings(deterministic, max_examples=300)
@given(data=st.binary(max_size=300), head=st.sampled_from([b"", b"%PDF-1.7\n", b"%PDF-1.4\ntrailer<</Root 1 0 R>>\n"]))
def test_anything_at_all_gets_a_report(data, head) -> None:
    report = makeready.check(head + data)
    assert report.verdict in tuple(makeready.Verdict)
    assert json.dumps(as_data(report.issues), allow_nan=False)


@settings(deterministic, max_examples=300)
@given(place=st.floats(0, 1), data=st.binary(min_size=1, max_size=20))
def test_a_damaged_pdf_gets_a_report(place, data) -> None:
    """Bytes written over a sound file anywhere."""
    from makeready.testing import pdf

    sound = pdf("50x50mm", background=None).text("a", size="8 pt").rectangle(colour=("spot", "Gold", 1)).bytes()
    at = int(place * len(sound))
    report = makeready.check(sound[:at] + data + sound[at + len(data) :])
    assert not report.crashed
    assert json.dumps(as_data(report.facts), allow_nan=False)
