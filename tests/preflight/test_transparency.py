"""Transparency: what is really used when the page is painted (ISO 32000-1, chapter 11)."""

from __future__ import annotations

import pikepdf
import pytest

from makeready.testing import pdf

SMALL = "100x100mm"


def page():
    return pdf(SMALL)


def state(text):
    return pikepdf.Object.parse(text.encode())


def gs(dictionary, operators="0 0 0 1 k 50 50 20 20 re f"):
    """Operators painted with a graphics state."""
    return page().raw(f"/G0 gs {operators}", {"/ExtGState": {"/G0": state(dictionary)}})


def group(form_dictionary="", state_dictionary="<< >>", operators="0 0 0 1 k 0 0 20 20 re f"):
    """A transparency group, painted with a graphics state."""
    builder = page()
    form = pikepdf.Stream(
        builder.objects, operators.encode(), Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Form, BBox=[0, 0, 50, 50],
        Group=state(f"<< /S /Transparency {form_dictionary} >>"),
    )  # fmt: skip
    resources = {"/ExtGState": {"/G0": state(state_dictionary)}, "/XObject": {"/F0": form}}
    return builder.raw("/G0 gs /F0 Do", resources)


USED = {
    "a rectangle of 50 %": (lambda: page().transparency(alpha=0.5), ["opacity 50% on 1 vector"]),
    "a rectangle of 50 % in a form": (
        lambda: page().transparency(alpha=0.5, within="form"), ["opacity 50% on 1 vector"]),
    "a rectangle of 50 % in a note": (
        lambda: page().transparency(alpha=0.5, within="annotation"), ["opacity 50% on 1 vector"]),
    "a line of 50 %": (lambda: gs("<< /CA 0.5 >>", "50 50 m 90 90 l S"), ["opacity 50% on 1 vector"]),
    "two rectangles of 50 %": (
        lambda: gs("<< /ca 0.5 >>", "50 50 9 9 re f 70 70 9 9 re f"), ["opacity 50% on 2 vectors"]),
    "multiply": (lambda: page().transparency(blend="Multiply"), ["blend mode Multiply on 1 group"]),
    "luminosity": (lambda: page().transparency(blend="Luminosity"), ["blend mode Luminosity on 1 group"]),
    "a soft mask": (lambda: page().transparency(soft_mask=True), ["a soft mask on 1 group"]),
    "a picture with a soft mask": (
        lambda: page().image(soft_mask=True, size=("20 mm", "15 mm")), ["a soft mask on 1 picture"]),
    "a picture of 50 %": (
        lambda: gs("<< /ca 0.5 >>", "q 20 0 0 20 50 50 cm BI /W 1 /H 1 /BPC 8 /CS /G ID a EI Q"),
        ["opacity 50% on 1 picture"]),
    "a group of 30 %": (lambda: group("", "<< /ca 0.3 >>"), ["opacity 30% on 1 group"]),
    "an opacity that is nearly 100 %": (
        lambda: gs("<< /ca 0.996 >>", "50 50 9 9 re f"), ["opacity 99.6% on 1 vector"]),
}  # fmt: skip


@pytest.mark.parametrize(("make", "messages"), USED.values(), ids=USED)
def test_transparency_that_is_used(found, make, messages) -> None:
    issues = found("TRN101", make())
    assert [issue.message.replace(" %", "%") for issue in issues] == messages
    assert all((issue.severity, issue.page) == ("warning", 1) for issue in issues)


def test_text_of_half_the_strength(found) -> None:
    builder = page()
    from makeready.testing.fonts import pdf_font

    resources = {"/ExtGState": {"/G0": state("<< /ca 0.5 >>")}, "/Font": {"/F0": pdf_font(builder.objects, "embedded")}}
    issues = found("TRN101", builder.raw("/G0 gs BT /F0 12 Tf 50 50 Td (half) Tj ET", resources))
    assert [issue.message.replace(" %", "%") for issue in issues] == ["opacity 50% on 1 text"]


UNUSED = {
    "a plain page": page,
    "an opacity of 100 %": lambda: gs("<< /ca 1 /CA 1 >>"),
    "blend mode Normal": lambda: gs("<< /BM /Normal >>"),
    "blend mode Compatible": lambda: gs("<< /BM /Compatible >>"),
    "the first known of several blend modes is Normal": lambda: gs("<< /BM [/Normal /Multiply] >>"),
    "no soft mask": lambda: gs("<< /SMask /None >>"),
    "an opacity that nothing is painted with": lambda: gs("<< /ca 0.5 /CA 0.5 /BM /Multiply >>", "n"),
    "an opacity of fills, and a line": lambda: gs("<< /ca 0.5 >>", "50 50 m 90 90 l S"),
    "a group that changes nothing": lambda: group("/I true /K true"),
    "a picture with an explicit mask is not soft": lambda: page().image(colour="stencil", size=("20 mm", "15 mm")),
    "an opacity off the sheet": lambda: gs("<< /ca 0.5 >>", "900 900 9 9 re f"),
    "an opacity that is clipped away": lambda: gs("<< /ca 0.5 >>", "0 0 9 9 re W n 50 50 9 9 re f"),
    "a layer that is off": lambda: page().layer("off", visible=False).transparency(alpha=0.5),
    "overprint": lambda: page().rectangle(overprint=True),
}


@pytest.mark.parametrize("make", UNUSED.values(), ids=UNUSED)
def test_transparency_that_is_not_used(found, make) -> None:
    assert found("TRN101", make()) == []


def test_a_page_group_is_no_transparency(found) -> None:
    """InDesign gives every page a group; it is used when something on the page is."""
    builder = page()
    builder.objects.pages[0].Group = state("<< /S /Transparency /CS /DeviceCMYK /I true >>")
    assert found("TRN101", builder) == []


def test_the_place_of_what_is_see_through(found) -> None:
    (issue,) = found("TRN101", page().transparency(alpha=0.5, at=("40 mm", "10 mm"), size=("30 mm", "20 mm")))
    assert issue.place.mm == pytest.approx((40, 10, 70, 30), abs=0.05)


@pytest.mark.parametrize(
    ("setting", "kind"), [("alpha", "alpha"), ("blend_modes", "blend mode"), ("soft_masks", "soft mask")]
)
def test_each_kind_can_be_let_pass(found, setting, kind) -> None:
    artwork = page().transparency(alpha=0.5).transparency(blend="Screen").transparency(soft_mask=True)
    kinds = {issue.details["kind"] for issue in found("TRN101", artwork, f"TRN101.{setting}=false")}
    assert kinds == {"alpha", "blend mode", "soft mask"} - {kind}
