"""Raster files: what their headers say. The files are written by Pillow."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from makeready.preflight.checks.raster import ORIENTATIONS
from makeready.testing import image, pdf, picture


def saved(picture, format, **settings):
    out = io.BytesIO()
    picture.save(out, format, **settings)
    return out.getvalue()


@pytest.mark.parametrize("code", ["RAS101", "RAS102", "RAS103", "RAS104", "RAS105", "RAS106"])
def test_a_plain_photograph_and_a_pdf_raise_nothing(found, code) -> None:
    assert found(code, picture(60, 40, dpi=300)) == []
    assert found(code, pdf("100x100mm")) == []


# RAS101 orientation


@pytest.mark.parametrize("format", ["JPEG", "TIFF", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation(found, format, orientation) -> None:
    issues = found("RAS101", picture(60, 40, format=format, orientation=orientation))
    assert [issue.details["orientation"] for issue in issues] == ([orientation] if orientation > 1 else [])
    assert all(issue.severity == "info" for issue in issues)


def test_the_words_for_an_orientation_undo_what_the_sensor_saw() -> None:
    """Exif 2.32, 4.6.4, held against Pillow: a picture stored as the words say is upright once it is followed."""
    from PIL import ImageOps

    upright = Image.new("L", (3, 2))
    upright.putdata(range(6))
    turns = {
        "mirrored left to right": Image.Transpose.FLIP_LEFT_RIGHT,
        "upside down": Image.Transpose.ROTATE_180,
        "mirrored top to bottom": Image.Transpose.FLIP_TOP_BOTTOM,
        "turned a quarter to the left": Image.Transpose.ROTATE_90,
        "turned a quarter to the right": Image.Transpose.ROTATE_270,
    }
    for orientation, words in ORIENTATIONS.items():
        stored = upright
        for step in words.split(" and "):
            # "mirrored" alone says nothing of the axis: left to right, before it is turned.
            stored = stored.transpose(turns["mirrored left to right" if step == "mirrored" else step])
        exif = stored.getexif()
        exif[0x0112] = orientation
        shown = ImageOps.exif_transpose(stored)
        assert list(shown.get_flattened_data()) == list(range(6)), words


# RAS102 alpha

SEE_THROUGH = {
    "PNG with an alpha channel": (picture(60, 40, "RGBA"), 1),
    "gray PNG with an alpha channel": (picture(60, 40, "LA"), 1),
    "WebP with an alpha channel": (picture(60, 40, "RGBA", format="WEBP"), 1),
    "TIFF with an alpha channel": (picture(60, 40, "RGBA", format="TIFF"), 1),
    "PNG with a see-through palette": (saved(image(60, 40, "P"), "PNG", transparency=3), 1),
    "GIF with a see-through colour": (saved(image(60, 40, "P"), "GIF", transparency=3), 1),
    "PNG with a key colour": (saved(image(60, 40), "PNG", transparency=(1, 2, 3)), 1),
    "PNG": (picture(60, 40, format="PNG"), 0),
    "JPEG": (picture(60, 40), 0),
    "CMYK TIFF, whose fourth channel is black": (picture(60, 40, "CMYK", format="TIFF"), 0),
    "palette without transparency": (picture(60, 40, "P"), 0),
    "GIF": (picture(60, 40, "P", format="GIF"), 0),
}


@pytest.mark.parametrize(("data", "count"), SEE_THROUGH.values(), ids=SEE_THROUGH)
def test_alpha(verdicts, data, count) -> None:
    assert verdicts("RAS102", data) == ["warning"] * count


# RAS103 bit-depth


@pytest.mark.parametrize(
    ("mode", "format", "bits"),
    [("1", "TIFF", 1), ("1", "PNG", 1), ("L", "PNG", None), ("RGB", "TIFF", None), ("I;16", "PNG", 16),
     ("I;16", "TIFF", 16), ("P", "PNG", None)],
)  # fmt: skip
def test_bit_depth(found, mode, format, bits) -> None:
    issues = found("RAS103", picture(60, 40, mode, format=format))
    assert [issue.message for issue in issues] == ([f"{bits} bit a channel; 8 bit is usual"] if bits else [])
    assert all(issue.severity == "info" for issue in issues)


def test_other_depths_can_be_made_usual(found) -> None:
    deep = picture(60, 40, "I;16")
    assert found("RAS103", deep, {"allowed": [8, 16]}) == []
    (issue,) = found("RAS103", picture(60, 40, "1"), {"allowed": [8, 16]})
    assert issue.message == "1 bit a channel; 8 bit or 16 bit is usual"


# RAS104 animated


def frames(format, count):
    more = [image(60, 40, seed=n) for n in range(2, count + 1)]
    return saved(image(60, 40), format, save_all=True, append_images=more)


@pytest.mark.parametrize(
    ("format", "what"), [("GIF", "frames"), ("WEBP", "frames"), ("PNG", "frames"), ("TIFF", "pages")]
)
def test_more_than_one_picture(found, format, what) -> None:
    (issue,) = found("RAS104", frames(format, 3))
    assert (issue.severity, issue.message) == ("warning", f"the file holds 3 {what}; the first one is taken")
    assert found("RAS104", frames(format, 1)) == []


# RAS105 palette


@pytest.mark.parametrize(("format", "count"), [("PNG", 1), ("GIF", 1), ("BMP", 1), ("TIFF", 1)])
def test_a_palette(found, format, count) -> None:
    issues = found("RAS105", picture(60, 40, "P", format=format))
    assert [issue.severity for issue in issues] == ["info"] * count
    assert "colours" in issues[0].message
    assert found("RAS105", picture(60, 40, "RGB", format=format)) == [] or format == "GIF"  # every GIF has one


def test_a_palette_of_sixteen_colours(found) -> None:
    (issue,) = found("RAS105", saved(image(60, 40).quantize(16), "PNG", bits=4))
    assert "at most 16 colours" in issue.message


# RAS106 density-tag


@pytest.mark.parametrize(
    ("dpi", "canvas", "said"),
    [
        (300, None, None),
        (None, None, "nothing about its resolution"),
        ((300, 300.001), None, None),
        ((300, 150), None, "differs by axis"),
        (100, "6x4in", None),  # 600 × 400 pixels
        (104, "6x4in", None),
        (106, "6x4in", "at 100 ppi"),
        (94, "6x4in", "at 100 ppi"),
        (72, "6x4in", "at 100 ppi"),
        (100, "6x5in", "at 80 ppi"),  # the smaller axis
    ],
)
@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF"])
def test_the_stored_density(found, format, dpi, canvas, said) -> None:
    issues = found("RAS106", picture(600, 400, "L", format=format, dpi=dpi), canvas=canvas)
    assert [said in issue.message for issue in issues] == ([True] if said else [])
    assert all(issue.severity == "info" for issue in issues)


def test_how_far_the_density_may_be_off(found) -> None:
    data = picture(600, 400, "L", dpi=72)
    assert found("RAS106", data, "RAS106.tolerance=40%", canvas="6x4in") == []
    (issue,) = found("RAS106", data, canvas="6x4in")
    assert (str(issue.measured), str(issue.limit)) == ("72 ppi", "100 ppi")


def test_a_turned_picture_is_held_against_the_canvas_as_displayed(found) -> None:
    assert found("RAS106", picture(600, 400, "L", dpi=100, orientation=6), canvas="4x6in") == []
