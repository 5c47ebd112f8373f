"""Colour. Expectations follow ISO 32000-1, 8.6: which spaces come down to which, and which colorants are inks."""

from __future__ import annotations

import pikepdf
import pytest

import makeready
from makeready.testing import pdf, picture, press_profile, srgb_profile
from makeready.testing.colours import icc_based

SMALL = "100x100mm"
STAMP = ("20 mm", "15 mm")
EVERYWHERE = (None, "form", "pattern", "type3", "annotation")


def page(**settings):
    return pdf(SMALL, **settings)


def no_print(builder):
    builder.objects.pages[0].Annots[-1].F = 0
    return builder


# COL101 rgb-colour

RGB = {
    "a picture": (lambda: page().image(colour="rgb", size=STAMP), "1 picture in RGB (DeviceRGB)"),
    "a picture with a profile": (lambda: page().image(colour="srgb", size=STAMP), "1 picture in RGB (ICCBased RGB)"),
    "an indexed picture": (lambda: page().image(colour="indexed", size=STAMP), "1 picture in RGB (Indexed DeviceRGB)"),
    "an inline picture": (lambda: page().image(colour="rgb", size=STAMP, inline=True), "1 picture in RGB (DeviceRGB)"),
    "a JPEG 2000": (
        lambda: page().image(colour="rgb", size=STAMP, compression="jpeg2000"), "1 picture in RGB (DeviceRGB)"),
    "text": (lambda: page().text("a", colour=(1, 0, 0)), "1 text run in RGB (DeviceRGB)"),
    "outlined text": (lambda: page().text("a", colour=(1, 0, 0), rendering=1), "1 text run in RGB (DeviceRGB)"),
    "white text": (lambda: page().text("a", colour=(1, 1, 1)), "1 text run in RGB (DeviceRGB)"),
    "a rectangle": (lambda: page().rectangle(colour=(1, 0, 0)), "1 vector object in RGB (DeviceRGB)"),
    "a line": (lambda: page().line(colour=(1, 0, 0)), "1 vector object in RGB (DeviceRGB)"),
    "two lines": (lambda: page().line(colour=(1, 0, 0)).line(colour=(0, 1, 0)), "2 vector objects in RGB (DeviceRGB)"),
    "a gradient": (lambda: page().gradient((1, 0, 0), (0, 0, 1)), "1 shading in RGB (DeviceRGB)"),
    "a rectangle with a profile": (
        lambda: page().rectangle(colour=("srgb", 1, 0, 0)), "1 vector object in RGB (ICCBased RGB)"),
    "a stencil": (
        lambda: page().image(600, colour="stencil", fill=(1, 0, 0), size=STAMP), "1 vector object in RGB (DeviceRGB)"),
}  # fmt: skip


@pytest.mark.parametrize(("make", "message"), RGB.values(), ids=RGB)
def test_rgb(found, make, message) -> None:
    (issue,) = found("COL101", make(), profile="sheetfed-coated")
    assert (issue.severity, issue.page, issue.message) == ("error", 1, message)


@pytest.mark.parametrize("within", EVERYWHERE)
def test_rgb_wherever_it_is_part_of(found, within) -> None:
    (issue,) = found("COL101", page().rectangle(colour=(1, 0, 0), at=("20 mm", "30 mm"), within=within))
    assert issue.message == "1 vector object in RGB (DeviceRGB)"
    assert issue.place.mm == pytest.approx((20, 30, 50, 50), abs=0.1)


NOT_RGB = {
    "the page as it is": page,
    "gray": lambda: page().rectangle(colour=0.5).text("a", colour=0),
    "Lab, which another check is about": lambda: page().rectangle(colour=("lab", 50, 60, 40)),
    "a spot whose looks are given in CMYK": lambda: page().rectangle(colour=("spot", "Gold", 1)),
    "CMYK with a profile": lambda: page().rectangle(colour=("press", 0, 1, 1, 0)),
    "RGB off the sheet": lambda: page().rectangle(colour=(1, 0, 0), at=("200 mm", "10 mm")),
    "RGB that is clipped away": lambda: page().raw("0 0 9 9 re W n 1 0 0 rg 50 50 20 20 re f"),
    "RGB on a layer that is off": lambda: page().layer("a", visible=False).rectangle(colour=(1, 0, 0)),
    "RGB on a layer that does not print": lambda: page().layer("a", prints=False).rectangle(colour=(1, 0, 0)),
    "RGB that is set and not used": lambda: page().raw("1 0 0 rg 1 0 0 RG 0 0 0 1 k 50 50 20 20 re f"),
    "RGB in a note that does not print": lambda: no_print(page().rectangle(colour=(1, 0, 0), within="annotation")),
    "RGB inside a soft mask": lambda: page().rectangle(colour=(1, 1, 1), within="soft mask"),
    "invisible text in RGB": lambda: page().text("a", colour=(1, 0, 0), rendering=3),
}


@pytest.mark.parametrize("make", NOT_RGB.values(), ids=NOT_RGB)
def test_no_rgb(found, make) -> None:
    assert found("COL101", make()) == []


def test_each_kind_of_object_on_each_page_is_one_issue(found) -> None:
    """GWG 2022 has a requirement each for pictures (R0027), text (R0028) and vectors (R0029)."""
    builder = pdf(SMALL, pages=2).on(1).image(colour="rgb", size=STAMP).text("a", colour=(1, 0, 0))
    builder.on(2).rectangle(colour=(1, 0, 0)).rectangle(colour=("srgb", 0, 1, 0)).line(colour=(0, 0, 1))
    issues = found("COL101", builder)
    assert sorted((issue.page, issue.message) for issue in issues) == [
        (1, "1 picture in RGB (DeviceRGB)"),
        (1, "1 text run in RGB (DeviceRGB)"),
        (2, "3 vector objects in RGB (DeviceRGB, ICCBased RGB)"),
    ]


def test_pictures_may_be_left_to_late_conversion(found) -> None:
    artwork = page().image(colour="rgb", size=STAMP).rectangle(colour=(1, 0, 0))
    assert [issue.message[:8] for issue in found("COL101", artwork, "COL101.images=false")] == ["1 vector"]
    assert [issue.message[:9] for issue in found("COL101", artwork, "COL101.others=false")] == ["1 picture"]


@pytest.mark.parametrize(("mode", "count"), [("RGB", 1), ("P", 1), ("CMYK", 0), ("L", 0)])
def test_rgb_raster_files(found, mode, count) -> None:
    assert len(found("COL101", picture(60, 40, mode))) == count


def test_a_print_service_takes_rgb_and_a_press_does_not() -> None:
    artwork = page().image(colour="rgb", size=STAMP).bytes()
    severities = {
        profile: [i.severity.value for i in makeready.check(artwork, profile).issues if i.code == "COL101"]
        for profile in ("default", "sheetfed-coated", "photo_on_canvas")
    }
    assert severities == {"default": ["warning"], "sheetfed-coated": ["error"], "photo_on_canvas": []}


BINDING = {
    "RGB that nobody explains": (lambda: page().rectangle(colour=(1, 0, 0)), True),
    "a picture that nobody explains": (lambda: page().image(colour="rgb", size=STAMP), True),
    "an indexed picture that nobody explains": (lambda: page().image(colour="indexed", size=STAMP), True),
    "RGB with a profile": (lambda: page().rectangle(colour=("srgb", 1, 0, 0)), False),
    "a picture with a profile": (lambda: page().image(colour="srgb", size=STAMP), False),
    "RGB in a file for an RGB press": (
        lambda: intent(page(output_intent=None).rectangle(colour=(1, 0, 0)), srgb_profile(), 3), False),
    "RGB that the page explains": (lambda: with_default_rgb(page().rectangle(colour=(1, 0, 0))), False),
}  # fmt: skip


def with_default_rgb(builder):
    builder.raw("", {"/ColorSpace": {"/DefaultRGB": icc_based(builder.objects, srgb_profile(), 3)}})
    return builder


@pytest.mark.parametrize(("make", "unexplained"), BINDING.values(), ids=BINDING)
@pytest.mark.parametrize(("binding", "gwg"), [("early", "R0027"), ("intermediate", "R0028"), ("late", "R0029")])
def test_rgb_by_when_it_is_converted(found, make, unexplained, binding, gwg) -> None:
    issues = found("COL101", make(), f"COL101.binding={binding}")
    assert [issue.details["gwg"] for issue in issues] == ([gwg] if unexplained or binding == "early" else [])


def test_what_is_said_of_rgb_that_nobody_explains(found) -> None:
    (issue,) = found("COL101", page().rectangle(colour=(1, 0, 0)), "COL101.binding=late")
    assert issue.message == "1 vector object in RGB without a profile or RGB output intent (DeviceRGB)"


# COL102 untagged-colour


def intent(builder, profile=None, channels=3):
    """Another output intent, or one that only names a condition."""
    file = builder.objects
    entry = pikepdf.Dictionary(
        Type=pikepdf.Name.OutputIntent, S=pikepdf.Name.GTS_PDFX, OutputConditionIdentifier="FOGRA51"
    )
    if profile is not None:
        entry.DestOutputProfile = pikepdf.Stream(file, profile, N=channels)
    file.Root.OutputIntents = pikepdf.Array([entry])
    return builder


def bare(**settings):
    """A page without output intent and without anything on it."""
    return page(output_intent=None, background=None, **settings)


@pytest.mark.parametrize(
    ("make", "spaces"),
    [
        (lambda: page().rectangle(), []),
        (lambda: page().rectangle(colour=0.5), []),  # a CMYK press prints gray with its black
        (lambda: page().rectangle(colour=(1, 0, 0)), ["DeviceRGB"]),
        (lambda: page().image(colour="indexed", size=STAMP), ["DeviceRGB"]),
        (lambda: bare().rectangle(), ["DeviceCMYK"]),
        (lambda: bare().rectangle(colour=0.5), ["DeviceGray"]),
        (lambda: bare().rectangle(colour=(1, 0, 0)), ["DeviceRGB"]),
        (lambda: bare().rectangle().rectangle(colour=(1, 0, 0)), ["DeviceCMYK", "DeviceRGB"]),
        (lambda: bare().image(colour="cmyk", size=STAMP), ["DeviceCMYK"]),
        (lambda: bare().image(colour="press", size=STAMP), []),
        (lambda: bare().rectangle(colour=("srgb", 1, 0, 0)), []),
        (lambda: bare().rectangle(colour=("lab", 50, 0, 0)), []),
        (lambda: bare().rectangle(colour=("spot", "Gold", 1)), []),
        (lambda: intent(bare().rectangle(colour=(1, 0, 0)), srgb_profile()), []),
        (lambda: intent(bare().rectangle(), srgb_profile()), ["DeviceCMYK"]),
        (lambda: intent(bare().rectangle(colour=0.5), srgb_profile()), ["DeviceGray"]),
        (lambda: intent(bare().rectangle()), []),  # the registries of conditions hold CMYK presses
        (lambda: intent(bare().rectangle(), press_profile(), 4), []),
        (lambda: bare().rectangle(within="form"), ["DeviceCMYK"]),
        (lambda: bare().rectangle(within="annotation"), ["DeviceCMYK"]),
        (lambda: no_print(bare().rectangle(within="annotation")), []),
        (lambda: bare().layer("off", visible=False).rectangle(), []),
    ],
)
def test_colour_that_does_not_say_what_it_means(found, make, spaces) -> None:
    issues = found("COL102", make())
    assert sorted(issue.message.split(" in ")[1].split(" ")[0] for issue in issues) == spaces
    assert all((issue.severity, issue.page) == ("warning", 1) for issue in issues)


def test_a_default_space_says_what_device_colour_means(found) -> None:
    """ISO 32000-1, 8.6.5.6: DefaultCMYK stands in for DeviceCMYK on the page that has it."""
    builder = bare()
    space = pikepdf.Array([pikepdf.Name.ICCBased, pikepdf.Stream(builder.objects, press_profile(), N=4)])
    builder.raw("0 0 0 1 k 50 50 20 20 re f", {"/ColorSpace": {"/DefaultCMYK": builder.objects.make_indirect(space)}})
    assert found("COL102", builder) == []


def test_a_default_space_is_for_its_own_resources(found) -> None:
    builder = bare().rectangle()
    space = pikepdf.Array([pikepdf.Name.ICCBased, pikepdf.Stream(builder.objects, press_profile(), N=4)])
    spaces = pikepdf.Dictionary(DefaultCMYK=builder.objects.make_indirect(space))
    form = pikepdf.Stream(
        builder.objects, b"0 0 0 1 k 0 0 9 9 re f", Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Form,
        BBox=[0, 0, 9, 9], Resources=pikepdf.Dictionary(ColorSpace=spaces),
    )  # fmt: skip
    (issue,) = found("COL102", builder.raw("/Fm0 Do", {"/XObject": {"/Fm0": form}}))
    assert issue.message.startswith("1 vector object in DeviceCMYK")


def test_pages_without_a_profile_are_counted_together(found) -> None:
    builder = pdf(SMALL, pages=3, output_intent=None, background=None).on(2).rectangle().on(3).rectangle().rectangle()
    (issue,) = found("COL102", builder)
    assert issue.message == "3 vector objects on 2 pages in DeviceCMYK without a profile or output intent"
    assert (issue.page, issue.details["pages"]) == (2, [2, 3])


@pytest.mark.parametrize(
    ("data", "count"),
    [
        (picture(60, 40), 1),
        (picture(60, 40, icc=srgb_profile()), 0),
        (picture(60, 40, "CMYK"), 1),
        (picture(60, 40, "CMYK", icc=press_profile()), 0),
        (picture(60, 40, "L"), 0),
    ],
    ids=["RGB", "RGB with profile", "CMYK", "CMYK with profile", "gray"],
)
def test_raster_files_without_a_profile(found, data, count) -> None:
    assert len(found("COL102", data)) == count


# COL103 wrong-profile


def of_class(four: bytes, profile=press_profile) -> bytes:
    """A profile that says it is of another class (ICC.1:2022, 7.2.5: bytes 12 to 15)."""
    data = profile()
    return data[:12] + four + data[16:]


@pytest.mark.parametrize(
    ("make", "settings", "expected"),
    [
        (page, [], []),
        (lambda: page(output_intent=None), [], []),
        (lambda: intent(page()), [], []),
        (lambda: intent(page(), of_class(b"mntr"), 4), [], ["error"]),
        (lambda: intent(page(), b"no profile at all", 4), [], ["error"]),
        (lambda: intent(page(), press_profile()[:60], 4), [], ["error"]),
        (page, ["COL103.colour_space=CMYK"], []),
        (page, ["COL103.colour_space=RGB"], ["error"]),
        (page, [{"conditions": ["FOGRA39"]}], []),
        (page, [{"conditions": ["FOGRA 51", "FOGRA39"]}], []),
        (page, [{"conditions": ["makeready test press"]}], []),  # by the profile's own name
        (page, [{"conditions": ["FOGRA51"]}], ["warning"]),
        (lambda: page(output_intent="Coated FOGRA39 (ISO 12647-2:2004)"), [{"conditions": ["FOGRA39"]}], []),
    ],
)
def test_the_profile_of_the_output_intent(verdicts, make, settings, expected) -> None:
    """ISO 15930-7, 6.2.2: the destination profile is an output profile ("prtr")."""
    assert verdicts("COL103", make(), *settings) == expected


def test_the_output_intent_is_called_by_its_condition(found) -> None:
    (issue,) = found("COL103", page(output_intent="FOGRA39"), {"conditions": ["FOGRA51", "FOGRA52"]})
    assert issue.message == "the output intent is FOGRA39; the press wants FOGRA51 or FOGRA52"
    builder = page()
    del builder.objects.Root.OutputIntents[0]["/OutputConditionIdentifier"]
    builder.objects.Root.OutputIntents[0].Info = "our own press"
    (issue,) = found("COL103", builder, {"conditions": ["FOGRA51"]})
    assert issue.message == "the output intent is our own press; the press wants FOGRA51"


def icc_rectangle(profile, channels):
    builder = page()
    space = pikepdf.Array([pikepdf.Name.ICCBased, pikepdf.Stream(builder.objects, profile, N=channels)])
    tints = " ".join(["0.5"] * channels)
    resources = {"/ColorSpace": {"/CS0": builder.objects.make_indirect(space)}}
    return builder.raw(f"/CS0 cs {tints} scn 50 50 20 20 re f", resources)


@pytest.mark.parametrize(
    ("profile", "channels", "expected"),
    [
        (srgb_profile(), 3, []),
        (press_profile(), 4, []),
        (of_class(b"mntr", srgb_profile), 3, []),
        (of_class(b"link"), 4, ["error"]),
        (of_class(b"nmcl"), 4, ["error"]),
        (srgb_profile(), 4, ["error"]),
        (press_profile(), 3, ["error"]),
        (b"nothing", 3, ["warning"]),
    ],
    ids=["sRGB", "press", "a monitor's", "a device link", "named colours", "RGB for four channels",
         "CMYK for three channels", "damaged"],
)  # fmt: skip
def test_the_profile_of_a_colour(verdicts, profile, channels, expected) -> None:
    assert verdicts("COL103", icc_rectangle(profile, channels)) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (picture(60, 40, icc=srgb_profile()), []),
        (picture(60, 40, "CMYK", icc=press_profile()), []),
        (picture(60, 40, "CMYK", icc=srgb_profile()), ["error"]),
        (picture(60, 40, icc=press_profile()), ["error"]),
        (picture(60, 40, icc=b"nothing"), ["warning"]),
        (picture(60, 40), []),
    ],
    ids=["fits", "fits a press", "RGB profile, CMYK picture", "CMYK profile, RGB picture", "damaged", "none"],
)
def test_the_profile_of_a_raster_file(verdicts, data, expected) -> None:
    assert verdicts("COL103", data) == expected


# COL104 spot-colours

SPOTS = {
    "nothing but process inks": (page, []),
    "a spot": (lambda: page().rectangle(colour=("spot", "PANTONE 185 C", 1)), ["PANTONE 185 C"]),
    "a spot in a tint": (lambda: page().rectangle(colour=("spot", "Gold", 0.01)), ["Gold"]),
    "a spot at tint 0": (lambda: page().rectangle(colour=("spot", "Gold", 0)), []),
    "two spots": (
        lambda: page().rectangle(colour=("spot", "Gold", 1)).text("a", colour=("spot", "Dieline", 1)),
        ["Dieline", "Gold"]),
    "a line in a spot": (lambda: page().line(colour=("spot", "Gold", 1)), ["Gold"]),
    "a picture in a spot": (lambda: page().image(colour="spot", size=STAMP), ["PANTONE 185 C"]),
    "a spot mixed with black": (lambda: page().rectangle(colour={"Gold": 0.5, "Black": 0.5}), ["Gold"]),
    "a mix that has none of the spot": (lambda: page().rectangle(colour={"Gold": 0, "Black": 0.5}), []),
    "Black as a spot": (lambda: page().rectangle(colour=("spot", "Black", 1)), []),
    "all process inks as spots": (
        lambda: page().rectangle(colour={"Cyan": 1, "Magenta": 1, "Yellow": 1, "Black": 1}), []),
    "black in lower case is another ink": (lambda: page().rectangle(colour=("spot", "black", 1)), ["black"]),
    "All is registration": (lambda: page().rectangle(colour="registration"), []),
    "None paints nothing": (lambda: page().rectangle(colour=("spot", "None", 1)), []),
    "a spot that is declared only": (
        lambda: page().raw("0 0 0 1 k 50 50 20 20 re f", {"/ColorSpace": {"/CS0": pikepdf.Array(
            [pikepdf.Name.Separation, pikepdf.Name.Gold, pikepdf.Name.DeviceGray,
             pikepdf.Dictionary(FunctionType=2, Domain=[0, 1], N=1)])}}), []),
    "a spot that is set and not used": (
        lambda: page().rectangle(colour=("spot", "Gold", 1), at=("200 mm", "10 mm")), []),
    "a spot on a layer that is off": (
        lambda: page().layer("off", visible=False).rectangle(colour=("spot", "Gold", 1)), []),
    "a spot in a note that does not print": (
        lambda: no_print(page().rectangle(colour=("spot", "Gold", 1), within="annotation")), []),
    **{f"a spot in a {way}": (lambda way=way: page().rectangle(colour=("spot", "Gold", 1), within=way), ["Gold"])
       for way in ("form", "pattern", "type3", "annotation")},
    "a spot whose name is not ASCII": (lambda: page().rectangle(colour=("spot", "Größe", 1)), ["Größe"]),
}  # fmt: skip


@pytest.mark.parametrize(("make", "names"), SPOTS.values(), ids=SPOTS)
def test_the_spots_that_are_painted(found, make, names) -> None:
    issues = found("COL104", make())
    assert [name for issue in issues for name in issue.details["names"]] == names
    assert all((issue.severity, int(issue.measured)) == ("error", len(names)) for issue in issues)


def test_how_many_spots_are_ordered(found) -> None:
    two = page().rectangle(colour=("spot", "Gold", 1)).rectangle(colour=("spot", "Dieline", 1))
    assert found("COL104", two, "COL104.number=2") == []
    (issue,) = found("COL104", two, "COL104.number=1")
    assert issue.message == "2 spot colour(s): Dieline, Gold; 1 allowed"
    assert found("COL104", two, {"number": 1, "allowed": ["Dieline"]}) == []
    assert found("COL104", two, {"number": 0, "allowed": ["Dieline", "Gold"]}) == []


def test_a_spot_is_told_of_with_its_pages(found) -> None:
    gold = ("spot", "Gold", 1)
    (issue,) = found("COL104", pdf(SMALL, pages=3).on(1).rectangle(colour=gold).on(3).rectangle(colour=gold))
    assert issue.details["pages"] == {"Gold": [1, 3]}


def test_type_3_text_takes_the_inks_of_its_text(found) -> None:
    """ISO 32000-1, table 113: after d1 a glyph says nothing about colour; the text's colour paints it."""
    facts = makeready.inspect(bare().text("a", font="type3", colour=("spot", "Gold", 1)).bytes()).facts
    assert [ink.name for ink in facts.inks] == ["Gold"]
    assert found("COL102", bare().text("a", font="type3", colour=("srgb", 1, 0, 0))) == []


# COL106 registration-colour

FULL = (1, 1, 1, 1)
REGISTERED = {
    "text": (lambda: page().text("a", colour="registration"), "1 text run in registration colour (All)"),
    "a rectangle": (lambda: page().rectangle(colour="registration"), "1 vector object in registration colour (All)"),
    "a tint of it": (
        lambda: page().rectangle(colour=("spot", "All", 0.2)), "1 vector object in registration colour (All)"),
    "a picture": (
        lambda: page().image(colour="spot", ink="All", size=STAMP), "1 picture in registration colour (All)"),
    "text in every ink": (lambda: page().text("a", colour=FULL), "1 text run in 100 % of all four process inks"),
    "a rectangle in every ink": (
        lambda: page().rectangle(colour=FULL), "1 vector object in 100 % of all four process inks"),
    "lines in every ink": (
        lambda: page().line(colour=FULL).line(colour=FULL), "2 vector objects in 100 % of all four process inks"),
    "marks and artwork": (
        lambda: page(slug="10 mm").crop_marks().rectangle(colour="registration"),
        "1 vector object in registration colour (All)"),
}  # fmt: skip


@pytest.mark.parametrize(("make", "message"), REGISTERED.values(), ids=REGISTERED)
def test_registration_colour(found, make, message) -> None:
    (issue,) = found("COL106", make())
    assert (issue.severity, issue.page, issue.message) == ("warning", 1, message)
    assert issue.details["gwg"] == "R0024"


NOT_REGISTERED = {
    "the page as it is": page,
    "crop marks": lambda: page(slug="10 mm").crop_marks(),
    "crop marks in every ink": lambda: page(slug="10 mm").crop_marks(colour=FULL),
    "a note in the slug": lambda: page(slug="20 mm").text("a", colour="registration", at=("10 mm", "-10 mm")),
    "none of it": lambda: page().rectangle(colour=("spot", "All", 0)),
    "nearly all of every ink": lambda: page().rectangle(colour=(1, 1, 1, 0.99)),
    "every ink, but never together": lambda: page().rectangle(colour=(1, 0, 0, 1)).rectangle(colour=(0, 1, 1, 0)),
    "every ink, in two texts": lambda: page().text("a", colour=(1, 0, 0, 1)).text("b", colour=(0, 1, 1, 0)),
    "a picture in CMYK": lambda: page().image(size=STAMP),
    "black": lambda: page().text("a").rectangle(colour=0),
    "a soft mask": lambda: page().rectangle(colour=0, within="soft mask"),
    "invisible text": lambda: page().text("a", colour="registration", rendering=3),
    "off the sheet": lambda: page().rectangle(colour="registration", at=("200 mm", "10 mm")),
}  # fmt: skip


@pytest.mark.parametrize("make", NOT_REGISTERED.values(), ids=NOT_REGISTERED)
def test_no_registration_colour(found, make) -> None:
    assert found("COL106", make()) == []


def test_where_registration_colour_is(found) -> None:
    artwork = page(slug="10 mm").crop_marks().rectangle(colour="registration", at=("20 mm", "30 mm"), size=STAMP)
    (issue,) = found("COL106", artwork)
    assert [place.mm for place in issue.places] == [pytest.approx((20, 30, 40, 45), abs=0.1)]


# COL107 lab-or-cal-colour

LAB = ("lab", 50, 60, 40)


def calibrated(family, operands):
    """A rectangle in a space that is calibrated by a white point alone."""
    space = pikepdf.Array([pikepdf.Name("/" + family), pikepdf.Dictionary(WhitePoint=[0.95, 1, 1.09])])
    return page().raw(f"/C cs {operands} scn 50 50 20 20 re f", {"/ColorSpace": {"/C": space}})


def indexed_lab():
    white = pikepdf.Dictionary(WhitePoint=[0.9642, 1, 0.8249])
    base = pikepdf.Array([pikepdf.Name.Lab, white])
    space = pikepdf.Array([pikepdf.Name.Indexed, base, 1, pikepdf.String(bytes([0, 128, 128, 200, 160, 150]))])
    return page().raw("/C cs 1 scn 50 50 20 20 re f", {"/ColorSpace": {"/C": space}})


FAMILIES = {
    "Lab": (lambda: page().rectangle(colour=LAB), (), "1 vector object in Lab"),
    "Lab of two kinds": (
        lambda: page().rectangle(colour=LAB).text("a", colour=LAB), (), "1 vector object and 1 text run in Lab"),
    "CalRGB": (lambda: calibrated("CalRGB", "1 0 0"), (), "1 vector object in CalRGB"),
    "CalGray": (lambda: calibrated("CalGray", "0.5"), (), "1 vector object in CalGray"),
    "Lab behind a table": (indexed_lab, (), "1 vector object in Lab"),
    "CMYK with a profile": (
        lambda: page().rectangle(colour=("press", 0, 1, 1, 0)), ("ICCBased CMYK",), "1 vector object in ICCBased CMYK"),
    "anything with a profile": (
        lambda: page().rectangle(colour=("press", 0, 1, 1, 0)), ("ICCBased",), "1 vector object in ICCBased CMYK"),
    "RGB": (lambda: page().rectangle(colour=(1, 0, 0)), ("DeviceRGB",), "1 vector object in DeviceRGB"),
}  # fmt: skip


@pytest.mark.parametrize(("make", "families", "message"), FAMILIES.values(), ids=FAMILIES)
def test_families_of_colour(found, make, families, message) -> None:
    (issue,) = found("COL107", make(), {"families": list(families)} if families else {})
    assert (issue.severity, issue.page, issue.message) == ("error", 1, message)


ALLOWED = {
    "the page as it is": (page, ()),
    "RGB, which another check is about": (lambda: page().rectangle(colour=("srgb", 1, 0, 0)), ()),
    "CMYK without a profile": (lambda: page().rectangle(colour=(0, 1, 1, 0)), ("ICCBased CMYK", "ICCBased RGB")),
    "Lab, where that passes": (lambda: page().rectangle(colour=LAB), ("CalRGB",)),
    "Lab in the slug": (
        lambda: page(slug="20 mm").text("a", colour=LAB, at=("10 mm", "-10 mm")), ()),
    "a spot": (lambda: page().rectangle(colour=("spot", "Lab", 1)), ()),
}  # fmt: skip


@pytest.mark.parametrize(("make", "families"), ALLOWED.values(), ids=ALLOWED)
def test_families_that_pass(found, make, families) -> None:
    assert found("COL107", make(), {"families": list(families)} if families else {}) == []


def test_each_page_and_family_is_one_issue(found) -> None:
    builder = pdf(SMALL, pages=2).on(1).rectangle(colour=LAB).rectangle(colour=("press", 0, 1, 1, 0))
    builder.on(2).rectangle(colour=LAB).rectangle(colour=LAB)
    issues = found("COL107", builder, {"families": ["Lab", "ICCBased CMYK"]})
    assert [(issue.page, issue.message) for issue in issues] == [
        (1, "1 vector object in Lab"), (1, "1 vector object in ICCBased CMYK"), (2, "2 vector objects in Lab"),
    ]  # fmt: skip


@pytest.mark.parametrize(("code", "make", "gwg"), [
    ("COL103", lambda: intent(page(output_intent=None), b"no profile", 4), "R0035"),
    ("COL104", lambda: page().rectangle(colour=("spot", "Gold", 1)), "R0020"),
])  # fmt: skip
def test_requirements_of_colour(found, code, make, gwg) -> None:
    assert {issue.details["gwg"] for issue in found(code, make())} == {gwg}
