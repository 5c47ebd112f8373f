"""Pages that are one picture, and how pictures are stored. Expectations follow GWG 2022, R0033, and ISO 32000-1."""

from __future__ import annotations

import io

import pikepdf
import pytest

from makeready.testing import pdf

SMALL = "100x100mm"
SHEET = ("106 mm", "106 mm")
CORNER = ("-3 mm", "-3 mm")
WHITE = (0, 0, 0, 0)
NAME = pikepdf.Name


def blank(**settings):
    return pdf(SMALL, background=None, **settings)


def photographed(ppi=100, builder=None, **settings):
    """A page that is one picture, bleed included."""
    return (builder or blank()).image(ppi, colour="gray", at=CORNER, size=SHEET, **settings)


def strips(*heights, ppi=100, across=1, first=0.0):
    """A page of strips, one below the other; ``first`` moves the first one down, over the second."""
    builder, top = blank(), -3.0
    for place, height in enumerate(heights):
        for column in range(across):
            left, width = -3 + column * 106 / across, 106 / across
            at = (f"{left} mm", f"{top + (0 if place else first)} mm")
            pixels = (round(width / 25.4 * ppi), round(height / 25.4 * ppi))
            builder.image(
                ppi, colour="gray", at=at, size=(f"{width} mm", f"{height} mm"), pixels=pixels, seed=place + 1
            )
        top += height
    return builder


# IMG104 rasterised-page


@pytest.mark.parametrize(("ppi", "expected"), [(100, ["warning"]), (449, ["warning"]), (450, []), (451, [])])
def test_a_page_that_is_one_picture_needs_more_pixels(verdicts, ppi, expected) -> None:
    tiny = pdf("20x20mm", background=None).image(ppi, colour="gray", at=CORNER, size=("26 mm", "26 mm"))
    assert verdicts("IMG104", tiny) == expected


def test_what_is_said_of_it(found) -> None:
    (issue,) = found("IMG104", photographed())
    assert issue.message == "the page is one picture of 100 ppi; 450 ppi is needed for text and lines to stay sharp"
    assert (issue.page, issue.details["gwg"]) == (1, "R0033")
    assert issue.place.mm == pytest.approx((-3, -3, 103, 103), abs=0.3)


RASTERISED = {
    "one picture": photographed,
    "a picture of the trim alone": lambda: blank().image(100, colour="gray", at=("0 mm", "0 mm"), size="100x100mm"),
    "a scan with invisible text": lambda: photographed().text("read by OCR", rendering=3),
    "a picture on white": lambda: photographed(builder=blank().rectangle(size=SHEET, at=CORNER, colour=WHITE)),
    "a picture in a form": lambda: photographed(within="form"),
    "a picture and marks in the slug": lambda: photographed(builder=blank(slug="10 mm").crop_marks()),
    "a picture with soft edges": lambda: photographed(soft_mask=True),
    "a scan of one bit": lambda: blank().image(100, colour="bilevel", at=CORNER, size=SHEET),
    "a stencil": lambda: blank().image(100, colour="stencil", at=CORNER, size=SHEET),
    "a note that does not print": lambda: no_print(photographed().annotation()),
    "strips": lambda: strips(25.4, 25.4, 25.4, 29.8),
    "tiles": lambda: strips(50.8, 55.2, across=2),
}  # fmt: skip


def no_print(builder):
    builder.objects.pages[0].Annots[-1].F = 0
    return builder


@pytest.mark.parametrize("make", RASTERISED.values(), ids=RASTERISED)
def test_a_rasterised_page(found, make) -> None:
    assert len(found("IMG104", make())) == 1


def two_photos():
    half = ("53 mm", "106 mm")
    builder = blank().image(100, colour="gray", at=CORNER, size=half)
    return builder.image(140, colour="gray", at=("50 mm", "-3 mm"), size=half, seed=2)


NOT_RASTERISED = {
    "a page as it is": lambda: pdf(SMALL),
    "an empty page": blank,
    "a picture and text": lambda: photographed().text("a"),
    "a picture and white text": lambda: photographed().text("a", colour=WHITE),
    "a picture and a white frame": lambda: photographed().rectangle(colour=None, stroke=WHITE, width="2 mm"),
    "a picture and a white label": lambda: photographed().rectangle(colour=WHITE),
    "a picture and a line": lambda: photographed().line(),
    "a picture and a form field": lambda: photographed().annotation("Widget"),
    "a picture on a coloured page": lambda: photographed(builder=pdf(SMALL)),
    "a stencil on a coloured page": lambda: pdf(SMALL).image(100, colour="stencil", at=CORNER, size=SHEET),
    "a picture that leaves a margin": lambda: blank().image(100, colour="gray", at=("5 mm", "5 mm"), size="90x90mm"),
    "a picture behind another one": lambda: photographed().image(100, colour="gray", seed=2),
    "two photos side by side": two_photos,
    "strips with a gap": lambda: strips(25.4, 25.4, 25.4),
    "strips over each other": lambda: strips(50.8, 55.2, first=10),
}  # fmt: skip


@pytest.mark.parametrize("make", NOT_RASTERISED.values(), ids=NOT_RASTERISED)
def test_no_rasterised_page(found, make) -> None:
    assert found("IMG104", make(), "IMG104.any=error") == []


def test_any_such_page_may_be_told(found) -> None:
    (issue,) = found("IMG104", photographed(), {"resolution": "99 ppi", "any": "info"})
    assert (issue.severity, issue.message) == ("info", "the page is one picture, of 100 ppi")


def test_each_page_by_itself(found) -> None:
    builder = pdf(SMALL, pages=3, background=None).on(1).text("a")
    photographed(builder=builder.on(2))
    builder.on(3).image(100, colour="gray")
    assert [issue.page for issue in found("IMG104", builder)] == [2]


# IMG106 image-compression


def stored(compression="jpeg", colour="gray", **settings):
    return pdf(SMALL).image(colour=colour, size=("20 mm", "15 mm"), compression=compression, **settings)


def form_preview():
    builder = stored(within="form")
    for item in builder.objects.objects:
        if isinstance(item, pikepdf.Stream) and item.get("/Subtype") == NAME.Form:
            item.OPI = pikepdf.Dictionary()
    return builder


STORED = {
    "JPEG": (stored, {}, []),
    "ZIP": (lambda: stored("flate"), {}, []),
    "fax": (lambda: stored("ccitt", "bilevel"), {}, []),
    "JPEG 2000": (lambda: stored("jpeg2000", "rgb"), {}, ["is stored as JPEG 2000"]),
    "LZW": (lambda: as_they_are(stored("lzw")), {}, ["is stored as LZW"]),
    "LZW, where that passes": (lambda: as_they_are(stored("lzw")), {"forbid": ["JPXDecode"]}, []),
    "JPEG, where that is forbidden": (stored, {"forbid": ["DCTDecode"]}, ["is stored as JPEG"]),
    "16 bit": (lambda: stored("flate", bits=16), {"bits_16": "error"}, ["has 16 bit a channel"]),
    "16 bit, where that passes": (lambda: stored("flate", bits=16), {}, []),
    "8 bit": (stored, {"bits_16": "error"}, []),
    "an OPI comment": (lambda: preview("OPI"), {}, ["has another version (OPI)"]),
    "alternates": (lambda: preview("Alternates"), {}, ["has another version (alternates)"]),
    "a form with an OPI comment": (form_preview, {}, ["has another version (OPI)"]),
    "OPI, where that passes": (lambda: preview("OPI"), {"opi": "off"}, []),
    "a picture that is not painted": (lambda: as_they_are(stored("lzw", at=("200 mm", "10 mm"))), {}, []),
}  # fmt: skip


def as_they_are(builder):
    """The file without qpdf's habit of storing LZW anew."""
    builder.bytes()
    out = io.BytesIO()
    builder.objects.save(out, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)
    return out.getvalue()


def preview(key):
    builder = stored()
    for item in builder.objects.objects:
        if isinstance(item, pikepdf.Stream) and item.get("/Subtype") == NAME.Image:
            item[f"/{key}"] = pikepdf.Dictionary() if key == "OPI" else pikepdf.Array()
    return builder


@pytest.mark.parametrize(("make", "settings", "expected"), STORED.values(), ids=STORED)
def test_how_a_picture_is_stored(found, make, settings, expected) -> None:
    issues = found("IMG106", make(), settings)
    assert [issue.message.split(" ", 1)[1] for issue in issues] == expected
