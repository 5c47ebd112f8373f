"""What holds for every check and every profile: the catalogue as a whole, and the stars."""

from __future__ import annotations

import json
import pickle
import re
import string
from pathlib import Path

import pikepdf
import pytest
from PIL import ImageFilter

import gwg2022
import makeready
from gwg import cases
from makeready import engine, preflight
from makeready.preflight import stars
from makeready.profile import CheckSettings, Profile
from makeready.report import data, pages
from makeready.results import Report, Severity
from makeready.testing import image, pdf, picture, press_profile, srgb_profile
from makeready.testing.contracts import assert_check_contract
from makeready.units import Size
from preflight.test_pdfx import BROKEN, PAINTED, changed, conforming

CHECKS = {check.code: check for check in preflight.catalogue()}
BUILT_IN = {code: check for code, check in CHECKS.items() if check.source == "built-in"}
#: Plug-ins that are installed may bring more.
PROFILES = sorted(file.stem for file in (Path(preflight.__file__).parent / "profiles").glob("*.toml"))
SMALL = "100x100mm"
STAMP = ("20 mm", "15 mm")


def page(**settings):
    return pdf(SMALL, **settings)


def saved(picture, format, **settings):
    import io

    out = io.BytesIO()
    picture.save(out, format, **settings)
    return out.getvalue()


def grouped():
    """A page that mixes transparency in RGB."""
    builder = page().transparency(alpha=0.5)
    builder.objects.pages[0].Group = pikepdf.Dictionary(S=pikepdf.Name.Transparency, CS=pikepdf.Name.DeviceRGB)
    return builder


def restricted():
    """A page with a font that must not be embedded: fsType 2 in its OS/2 table."""
    builder = page().text("a")
    for item in builder.objects.objects:
        if isinstance(item, pikepdf.Dictionary) and "/FontFile2" in item:
            data = bytearray(item.FontFile2.read_bytes())
            at = data.index(b"OS/2")  # the entry of the directory: tag, checksum, place, length
            start = int.from_bytes(data[at + 8 : at + 12], "big") + 8
            data[start : start + 2] = b"\x00\x02"
            item.FontFile2.write(bytes(data))
    return builder


#: A file with the fault of each check, the settings it takes to find it, and a canvas.
FAULTY = {
    "FIL101": (lambda: page().raw("1 2 3 foo").bytes(), {}, None),
    "FIL102": (lambda: page().encrypt(printing=False).bytes(), {}, None),
    "FIL103": (lambda: page().bytes(), {"accept": ["TIFF"]}, None),
    "FIL104": (lambda: page().bytes(), {"pages": 8}, None),
    "FIL105": (lambda: page().javascript().bytes(), {}, None),
    "FIL106": (lambda: page().bytes(), {"pages": 0, "size": "1 B", "pixels": "1 px", "objects": 1}, None),
    "BOX101": (lambda: page(boxes={"trim": None}).bytes(), {}, None),
    "BOX102": (lambda: page(bleed=None).bytes(), {}, None),
    "BOX103": (lambda: page(background=None).rectangle(at=("0 mm", "20 mm")).bytes(), {}, None),
    "BOX104": (lambda: page().bytes(), {}, "A4"),
    "BOX105": (lambda: page().page(trim="A6").page(rotate=90).bytes(), {}, None),
    "BOX106": (lambda: page(boxes={"trim": (0, 0, 900, 900)}).bytes(), {}, None),
    "BOX107": (lambda: page(boxes={"crop": (50, 50, 90, 90)}).bytes(), {}, None),
    "BOX108": (lambda: page(user_unit=2).bytes(), {}, None),
    "BOX110": (lambda: page(background=None).bytes(), {}, None),
    "BOX111": (lambda: picture(60, 40), {}, "10x10in"),
    "IMG101": (lambda: page().image(72, size=STAMP).bytes(), {}, None),
    "IMG102": (lambda: page().image(72, colour="bilevel", size=STAMP).bytes(), {}, None),
    "IMG103": (lambda: page().image(600, colour="gray", size=("21 mm", "21 mm")).bytes(), {}, None),
    "IMG105": (lambda: page().image((150, 250), shear=9, mirrored=True, size=STAMP).bytes(), {}, None),
    "IMG104": (lambda: page(background=None).image(100, at=("-3 mm", "-3 mm"), size="106x106mm").bytes(), {}, None),
    "IMG106": (lambda: page().image(colour="rgb", size=STAMP, compression="jpeg2000").bytes(), {}, None),
    "IMG107": (lambda: page().image(colour="rgb", size=STAMP, quality=20).bytes(), {}, None),
    "IMG108": (lambda: saved(image(400, 300).resize((1200, 900)), "PNG"), {}, None),
    "IMG109": (lambda: saved(image(600, 400).filter(ImageFilter.GaussianBlur(8)), "PNG"), {"sharpness": "99 %"}, None),
    "BOX109": (lambda: page().text("a", at=("1 mm", "20 mm")).bytes(), {}, None),
    "BOX112": (lambda: page(slug="10 mm").crop_marks().bytes(), {}, None),
    "COL101": (lambda: page().rectangle(colour=(1, 0, 0)).bytes(), {}, None),
    "COL102": (lambda: page().rectangle(colour=(1, 0, 0)).bytes(), {}, None),
    "COL103": (lambda: picture(60, 40, icc=press_profile()), {}, None),
    "COL104": (lambda: page().rectangle(colour=("spot", "Gold", 1)).bytes(), {}, None),
    "COL105": (lambda: page().rectangle(colour=("spot", "Gold")).rectangle(colour=("spot", "gold")).bytes(), {}, None),
    "COL106": (lambda: page().rectangle(colour="registration").bytes(), {}, None),
    "COL107": (lambda: page().rectangle(colour=("lab", 50, 60, 40)).bytes(), {}, None),
    "INK101": (lambda: page().rectangle(colour=(1, 1, 1, 0.5)).bytes(), {}, None),
    "INK102": (lambda: page().text("a", colour=(1, 1, 1, 1)).bytes(), {}, None),
    "INK103": (lambda: page().rectangle(colour=(0, 1, 0)).bytes(), {}, None),
    "OVP101": (lambda: page().rectangle(colour=(0, 0, 0, 0), overprint=True).bytes(), {}, None),
    "OVP102": (lambda: page().text("a").line(width="1 pt", colour=0.0).bytes(), {}, None),
    "OVP103": (lambda: page().rectangle(colour=0.5, overprint=True).bytes(), {}, None),
    "TRN101": (lambda: page().transparency(alpha=0.5, blend="Multiply", soft_mask=True).bytes(), {}, None),
    "FNT101": (lambda: page().text("a", font="Helvetica").bytes(), {}, None),
    "TRN102": (lambda: grouped().bytes(), {}, None),
    "FNT102": (lambda: page().text("a", font="whole").bytes(), {}, None),
    "FNT104": (lambda: page().text("€").bytes(), {}, None),
    "FNT105": (lambda: restricted().bytes(), {}, None),
    "FNT106": (lambda: page().text("a", font="Courier").bytes(), {}, None),
    "LAY101": (lambda: page().layer("a", visible=False).rectangle().bytes(), {"any": "error"}, None),
    "LAY102": (
        lambda: page().layer("a", step=("Structural", "Cut")).rectangle().bytes(),
        {"required": ["White"]},
        None,
    ),
    "LAY103": (lambda: page().annotation().bytes(), {}, None),
    "FNT103": (lambda: page().text("a", font="type3").bytes(), {}, None),
    "TXT101": (lambda: page().text("a", size="4 pt").bytes(), {}, None),
    "LIN101": (lambda: page().line(width="0 pt").bytes(), {}, None),
    "RAS101": (lambda: picture(60, 40, orientation=6), {}, None),
    "RAS102": (lambda: picture(60, 40, "RGBA"), {}, None),
    "RAS103": (lambda: picture(60, 40, "I;16"), {}, None),
    "RAS104": (lambda: saved(image(60, 40), "GIF", save_all=True, append_images=[image(60, 40, seed=2)]), {}, None),
    "RAS105": (lambda: picture(60, 40, "P"), {}, None),
    "RAS106": (lambda: picture(60, 40, dpi=72), {}, "6x4in"),
}
#: PDF/X has tables of its own: a rule, the standards that have it, and what breaks it.
FAULTY |= {
    code: (
        lambda standard=standards[-1], change=change: changed(conforming(standard).bytes(), change),
        {"standard": standards[-1]},
        None,
    )
    for code, standards, change, _ in reversed(BROKEN)
}
FAULTY |= {
    code: (
        lambda standard=standards[-1], paint=paint: paint(conforming(standard)).bytes(),
        {"standard": standards[-1]},
        None,
    )
    for code, standards, paint, _ in PAINTED
    if code not in FAULTY
}
FAULTY |= {"STD103": (lambda: re.sub(rb"/ID (\[)", rb"/XD \1", page().bytes()), {}, None)}
FAULTY |= {"STD107": (lambda: page().encrypt(changing=True).bytes(), {}, None)}


def faulty(code: str, **more) -> Report:
    make, settings, canvas = FAULTY[code]
    profile = Profile("test", checks={code: CheckSettings(enabled=True, settings=settings, **more)})
    return makeready.check(make(), profile, canvas=canvas)


# Checks


@pytest.mark.parametrize("code", CHECKS)
def test_a_check_keeps_its_contract(code) -> None:
    """Code, name, sections in order, valid defaults, help on every setting, an explain page, no crash on any facts."""
    assert_check_contract(CHECKS[code])


@pytest.mark.parametrize("code", BUILT_IN)
def test_a_check_has_an_example_here(code) -> None:
    """A new check needs a faulty file in the table above."""
    assert code in FAULTY


def test_names_are_not_taken_twice() -> None:
    assert len({check.name for check in CHECKS.values()}) == len(CHECKS)


@pytest.mark.parametrize("code", FAULTY)
def test_what_a_check_says_reads_well(code) -> None:
    """Every placeholder of the message is filled: a missing one would crash the check, an empty one shows."""
    report = faulty(code)
    assert not report.crashed
    issues = [issue for issue in report.issues if issue.code == code]
    assert issues
    fields = {name for _, name, _, _ in string.Formatter().parse(CHECKS[code].message) if name}
    for issue in issues:
        assert issue.message.strip()
        assert not any(word in issue.message for word in ("None", "{", "}", "()", "  ", "\n")), issue.message
        assert (issue.measured is not None) >= ("measured" in fields)
        assert (issue.limit is not None) >= ("limit" in fields)
        assert issue.title == CHECKS[code].title


@pytest.mark.parametrize("code", FAULTY)
def test_what_a_check_says_can_be_sent_and_stored(code) -> None:
    report = faulty(code)
    assert pickle.loads(pickle.dumps(report)) == report
    written = json.loads(json.dumps(data.as_document(report)))
    assert code in [issue["code"] for issue in written["issues"]]


@pytest.mark.parametrize("code", FAULTY)
def test_a_profile_decides_how_bad_an_issue_may_be(code) -> None:
    report = faulty(code, severity=Severity.INFO, reason="our press can do it")
    issues = [issue for issue in report.issues if issue.code == code]
    assert {issue.severity for issue in issues} == {Severity.INFO}
    assert {issue.details["reason"] for issue in issues} == {"our press can do it"}


@pytest.mark.parametrize("code", FAULTY)
def test_a_check_that_is_off_leaves_a_line_that_says_so(code) -> None:
    make, _, canvas = FAULTY[code]
    report = makeready.check(make(), settings=[f"{code}=off"], canvas=canvas)
    assert code not in [issue.code for issue in report.issues]
    (run,) = [run for run in report.runs if run.code == code]
    assert (run.outcome, run.reason) == ("skipped", "off in this profile")


@pytest.mark.parametrize("code", CHECKS)
def test_every_setting_can_be_written_as_its_default_is_shown(code) -> None:
    """What ``explain`` shows as a default is what ``--set`` takes."""
    for name, default, _ in pages.settings(CHECKS[code].params):
        if default not in ("no limit", "none"):
            value = {"yes": "true", "no": "false"}.get(default, default)
            engine.measure(settings=[f"{code}.{name}={value}"])


@pytest.mark.parametrize("code", CHECKS)
def test_a_setting_that_does_not_exist_is_refused(code) -> None:
    with pytest.raises(makeready.UsageError, match="is no setting"):
        engine.measure(settings=[f"{code}.nonsense=1"])


@pytest.mark.parametrize("data", [pdf(SMALL).bytes(), picture(60, 40)], ids=["PDF", "raster"])
def test_every_check_leaves_a_run(data) -> None:
    report = makeready.check(data)
    assert [run.code for run in report.runs] == list(CHECKS)
    assert all(run.reason for run in report.runs if run.outcome == "skipped")
    assert not report.crashed


# Profiles


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_binds_and_is_explained(name) -> None:
    profile = preflight.load_profile(name)
    held = engine.measure(name)
    assert len(held.rules) == len(CHECKS)
    assert profile.title
    assert profile.description
    page = pages.profile_page(profile, preflight.catalogue())
    assert all(code in page for code in CHECKS)
    assert pickle.loads(pickle.dumps(held)).rules == held.rules


#: What is ordered in a profile, where it is not a page of A4 with 3 mm of bleed.
ORDERED = {
    "business-card": lambda: pdf("85x55mm").bytes(),
    "book-interior": lambda: inset(pages=2).bytes(),
    "book-cover": lambda: inset().bytes(),
    "gelato": lambda: pdf("A4", bleed="4 mm", output_intent="GRACoL2006").bytes(),
    "lulu-interior": lambda: inset(bleed="0.125in").bytes(),
    "lulu-cover": lambda: inset(bleed="0.125in").bytes(),
    "ingramspark-interior": lambda: inset(bleed="0.125in", pages=2).bytes(),
    "ingramspark-cover": lambda: inset(bleed="0.125in").bytes(),
    "printful-shirt": lambda: picture(1800, 1800, icc=srgb_profile(), dpi=150),
    "printful-poster": lambda: picture(1800, 1800, icc=srgb_profile(), dpi=300),
    "pdfx-1a": lambda: conforming("PDF/X-1a").bytes(),
    "pdfx-3": lambda: conforming("PDF/X-3").bytes(),
    "pdfx-4": lambda: conforming("PDF/X-4").bytes(),
} | {
    gwg2022.profile_name(variant): lambda steps=asked["R1001"].on: cases.page(steps).bytes()
    for variant, asked in gwg2022.table().items()
}  # fmt: skip


def inset(pages=1, **settings):
    """A page whose text keeps off the edge."""
    builder = pdf("A5", pages=pages, **settings)
    for number in range(1, pages + 1):
        builder.on(number).image(at=("20 mm", "20 mm")).text("Inside", at=("20 mm", "100 mm"), overprint=True)
    return builder


@pytest.mark.parametrize("name", PROFILES)
def test_clean_artwork_passes_a_profile(name) -> None:
    report = makeready.check(ORDERED.get(name, pdf("A4").bytes)(), name)
    assert (report.verdict, report.issues) == ("pass", ())


def test_profiles_are_told_apart() -> None:
    """Those of products; variants of a standard may ask the same and then are the same measure."""
    products = [name for name in PROFILES if not name.startswith("gwg2022-")]
    assert len({preflight.load_profile(name).sha256 for name in products}) == len(products)


# Stars. The table is that of the public DPI score: r = effective ppi / least ppi of the product.


def test_the_example_of_the_score() -> None:
    """4000 × 3000 pixels on 30 × 20 inches: 133.3 across, 150 up; a canvas wants 100."""
    found = makeready.stars(4000, 3000, canvas=(30, 20), product="photo_on_canvas")
    assert (found.effective_ppi, found.stars, found.label, found.min_ppi) == (133, 4, "Good", 100)
    assert found.as_data() == {
        "stars": 4, "label": "Good", "effectivePpi": 133, "minPpi": 100, "productType": "photo_on_canvas",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("ratio", "count", "label"),
    [
        (3.0, 5, "Excellent"), (1.5, 5, "Excellent"), (1.499, 4, "Good"), (1.2, 4, "Good"), (1.199, 3, "Fair"),
        (1.0, 3, "Fair"), (0.999, 2, "Poor"), (0.75, 2, "Poor"), (0.749, 1, "Very poor"), (0.01, 1, "Very poor"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("least", [100, 150, 200])
def test_the_boundaries_of_the_stars(ratio, count, label, least) -> None:
    found = stars.rate(ratio * least, least)
    assert (found.stars, found.label) == (count, label)


@pytest.mark.parametrize(
    ("product", "least"),
    [("photo_on_canvas", 100), ("poster", 150), ("wallpaper", 100), ("framed_print", 200), ("wrapping_paper", 150),
     ("stock_canvas", 100)],
)  # fmt: skip
def test_the_least_ppi_of_each_product(product, least) -> None:
    """And with it a picture that has exactly that many pixels is fair, one row of pixels less is poor."""
    assert makeready.stars(30 * least, 20 * least, "30x20in", product).stars == 3
    assert makeready.stars(30 * least, 20 * least - 1, "30x20in", product).stars == 2


def test_the_ppi_shown_is_rounded_down_and_the_grade_is_not() -> None:
    found = stars.of_pixels(1199, 1199, Size(720, 720), 100)
    assert (found.effective_ppi, found.stars) == (119, 3)
    assert stars.of_pixels(1200, 1200, Size(720, 720), 100).stars == 4


@pytest.mark.parametrize("canvas", ["254x254mm", "25.4x25.4cm", "10x10in", "720x720pt"])
def test_inches_written_otherwise_cost_no_star(canvas) -> None:
    found = makeready.stars(1500, 1500, canvas, "photo_on_canvas")
    assert (found.effective_ppi, found.stars) == (150, 5)


@pytest.mark.parametrize(("width", "height"), [(0, 100), (100, 0), (-1, 100)])
def test_a_picture_without_pixels_has_no_stars(width, height) -> None:
    with pytest.raises(makeready.UsageError):
        makeready.stars(width, height, "30x20in", "poster")


@pytest.mark.parametrize(
    ("product", "canvas"), [("sheetfed-coated", "30x20in"), ("poster", "30x20"), ("poster", (0, 20)), ("nothing", "A4")]
)
def test_stars_need_a_product_and_a_canvas(product, canvas) -> None:
    with pytest.raises(makeready.UsageError):
        makeready.stars(4000, 3000, canvas, product)


def test_the_stars_in_a_report_are_those_of_the_worst_picture() -> None:
    """Specks, line art and what is not seen do not count."""
    artwork = page().image(160, colour="gray", size=STAMP).image(110, colour="gray", size=STAMP, seed=2)
    artwork.image(50, colour="bilevel", size=STAMP).image(50, colour="gray", size=STAMP, within="soft mask")
    artwork.image(50, colour="gray", size=("3 mm", "3 mm")).image(50, colour="gray", size=STAMP, at=("300 mm", "0 mm"))
    report = makeready.check(artwork.bytes(), "photo_on_canvas")
    assert (report.stars.effective_ppi, report.stars.stars) == (110, 3)


def test_a_report_says_why_it_has_no_stars() -> None:
    for file, profile, reason in (
        (pdf(SMALL).bytes(), "default", "names no least ppi"),
        (page().rectangle().bytes(), "poster", "no pictures"),
        (picture(60, 40), "poster", "canvas"),
    ):
        report = makeready.check(file, profile)
        assert report.stars is None
        assert reason in report.stars_reason
