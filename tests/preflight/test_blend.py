"""The space that transparency is mixed in (GWG 2022, R0030; ISO 32000-1, 11.6.6)."""

from __future__ import annotations

import pikepdf
import pytest

from makeready.testing import pdf
from makeready.testing.colours import icc_based
from makeready.testing.icc import press_profile, srgb_profile


def state(text):
    return pikepdf.Object.parse(text.encode())


def page(space=None, transparent=True):
    """A page that mixes in a space."""
    builder = pdf("100x100mm").rectangle()
    if transparent:
        builder.transparency(alpha=0.5)
    if space is not None:
        builder.objects.pages[0].obj.Group = state(f"<< /S /Transparency {space and '/CS ' + space} >>")
    return builder


def group(space, *, isolated=True, times=1, alpha=0.5):
    """A group of a form that mixes in a space, on a page that leaves it to the intent."""
    builder = pdf("100x100mm")
    form = pikepdf.Stream(
        builder.objects, b"0 0 0 1 k 0 0 20 20 re f", Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Form,
        BBox=[0, 0, 50, 50], Group=state(f"<< /S /Transparency /I {str(isolated).lower()} /CS {space} >>"),
    )  # fmt: skip
    gs = state(f"<< /ca {alpha} >>")
    return builder.raw("/G0 gs " + "/F0 Do " * times, {"/ExtGState": {"/G0": gs}, "/XObject": {"/F0": form}})


def said(issues):
    return [(issue.severity.value, issue.details["gwg"], issue.message) for issue in issues]


def test_a_page_that_mixes_in_rgb(found) -> None:
    expected = [("error", "R0030", "the page mixes transparency in DeviceRGB; the press wants CMYK")]
    assert said(found("TRN102", page("/DeviceRGB"))) == expected


@pytest.mark.parametrize("space", ["/DeviceCMYK", "", None])
def test_a_page_that_suits_the_press(found, space) -> None:
    assert found("TRN102", page(space)) == []


@pytest.mark.parametrize(("profile", "n", "shown"), [(srgb_profile, 3, "ICCBased RGB"), (press_profile, 4, None)])
def test_a_page_that_mixes_in_a_profile(found, profile, n, shown) -> None:
    builder = page("")
    builder.objects.pages[0].obj.Group.CS = icc_based(builder.objects, profile(), n)
    assert [issue.details["space"] for issue in found("TRN102", builder)] == ([shown] if shown else [])


def test_a_page_on_which_nothing_is_transparent(found) -> None:
    assert found("TRN102", page("/DeviceRGB", transparent=False)) == []
    assert len(found("TRN102", page("/DeviceRGB", transparent=False), "TRN102.always=true")) == 1


def test_the_kinds_of_colour_can_be_set(found) -> None:
    assert found("TRN102", page("/DeviceRGB"), "TRN102.allowed=rgb, cmyk") == []
    (issue,) = found("TRN102", page("/DeviceCMYK"), "TRN102.allowed=rgb, gray")
    assert issue.message == "the page mixes transparency in DeviceCMYK; the press wants RGB or gray"


def test_a_group_that_mixes_in_rgb(found) -> None:
    expected = [("error", "R0030", "1 group mixes transparency in DeviceRGB; the press wants CMYK")]
    assert said(found("TRN102", group("/DeviceRGB"))) == expected
    (issue,) = found("TRN102", group("/DeviceRGB", times=3))
    assert issue.message.startswith("3 groups mix transparency in")
    assert issue.places


def test_a_group_that_is_not_isolated_mixes_as_its_page_does(found) -> None:
    assert found("TRN102", group("/DeviceRGB", isolated=False)) == []


def test_a_group_that_suits_the_press(found) -> None:
    assert found("TRN102", group("/DeviceCMYK")) == []


def test_a_group_on_a_page_that_mixes_in_rgb_too(found) -> None:
    builder = group("/DeviceRGB")
    builder.objects.pages[0].obj.Group = state("<< /S /Transparency /CS /DeviceRGB >>")
    assert [issue.details["where"] for issue in found("TRN102", builder)] == ["page", "group"]


def test_a_soft_mask_mixes_in_a_space_of_its_own(found) -> None:
    builder = pdf("100x100mm").transparency(soft_mask=True)
    assert found("TRN102", builder, "TRN102.allowed=cmyk") == []


def test_a_space_that_cannot_be_read(found) -> None:
    assert found("TRN102", page("/NoSuchSpace")) == []
