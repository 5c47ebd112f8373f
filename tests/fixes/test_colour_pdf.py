"""convert_to_cmyk in PDFs: held against LittleCMS by way of Pillow, Ghostscript's plates, and what the checks say."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name
from PIL import Image, ImageCms

import makeready
from fixes.looks import (
    assert_same_look,
    codes,
    fixed,
    mupdf_pixels,
    poppler_pixels,
    qpdf_clean,
    refused,
    text_of,
    unchanged,
)
from makeready import press
from makeready.colour import ciede2000
from makeready.testing import pdf, srgb_profile

SIZE = "100x60mm"
CMYK = {"fix": "convert_to_cmyk", "press": "fogra39"}
FOGRA39 = ImageCms.ImageCmsProfile(io.BytesIO(press.load("fogra39").icc))
SRGB = ImageCms.createProfile("sRGB")
LAB = ImageCms.createProfile("LAB")
RELATIVE, BPC = ImageCms.Intent.RELATIVE_COLORIMETRIC, ImageCms.Flags.BLACKPOINTCOMPENSATION


def operators(data: bytes, *names: str) -> list[list[float]]:
    """The operands of some operators on the first page."""
    with pikepdf.open(io.BytesIO(data)) as file:
        steps = pikepdf.parse_content_stream(file.pages[0])
        return [[float(v) for v in step.operands] for step in steps if str(step.operator) in names]


def through(rows: np.ndarray, source: Any, target: Any, mode: str, into: str, flags: Any = 0) -> np.ndarray:
    """Colours of 8 bits through Pillow's LittleCMS."""
    transform = ImageCms.buildTransform(source, target, mode, into, RELATIVE, flags)
    picture = Image.fromarray(rows.astype(np.uint8)[None], mode)
    return np.asarray(ImageCms.applyTransform(picture, transform))[0]


def lab(cmyk: np.ndarray) -> np.ndarray:
    """What inks look like on FOGRA39, by Pillow: L 0 to 100, a and b."""
    found = through(np.round(cmyk * 255), FOGRA39, LAB, "CMYK", "LAB").astype(float)
    signed = found[:, 1:]
    signed[signed > 127] -= 256
    return np.concatenate([found[:, :1] / 2.55, signed], axis=1)


@pytest.mark.parametrize("kind", ["device", "icc"])
def test_swatches_are_those_of_littlecms(kind: str) -> None:
    rng = np.random.default_rng(7)
    rows = rng.integers(0, 256, (120, 3))
    rows = rows[np.ptp(rows, axis=1) > 8]  # grays are printed with black alone, on purpose
    page = pdf(SIZE)
    if kind == "device":
        page.raw("".join(f"{r / 255:.5f} {g / 255:.5f} {b / 255:.5f} rg 0 0 5 5 re f " for r, g, b in rows))
        names = ("k",)
    else:
        profile = page.objects.make_stream(srgb_profile(), {"/N": 3})
        steps = "".join(f"{r / 255:.5f} {g / 255:.5f} {b / 255:.5f} sc 0 0 5 5 re f " for r, g, b in rows)
        page.raw(f"/S cs {steps}", {"/ColorSpace": {"/S": Array([Name.ICCBased, profile])}})
        names = ("sc",)
    found = np.array(operators(fixed(page, [CMYK]).data, *names)[-len(rows) :])
    source = SRGB if kind == "device" else ImageCms.ImageCmsProfile(io.BytesIO(srgb_profile()))
    wanted = through(rows, source, FOGRA39, "RGB", "CMYK", BPC) / 255
    apart = ciede2000(lab(found), lab(wanted))
    assert apart.max() <= 1.0, f"the worst of {len(rows)} is {rows[apart.argmax()]}: {apart.max():.2f}"


NEUTRAL = {
    "black": ("0 0 0 rg", (0, 0, 0, 1)),
    "white": ("1 1 1 rg", (0, 0, 0, 0)),
    "black stroke": ("0 0 0 RG", (0, 0, 0, 1)),
}


@pytest.mark.parametrize("name", NEUTRAL)
def test_black_and_white_stay_pure(name: str) -> None:
    setting, inks = NEUTRAL[name]
    page = pdf(SIZE).raw(f"{setting} 20 20 40 40 re B")
    assert operators(fixed(page, [CMYK]).data, "k", "K")[-1] == pytest.approx(inks, abs=1e-4)


def test_gray_is_black_ink_as_light_as_it_was() -> None:
    page = pdf(SIZE).raw("".join(f"{v} {v} {v} rg 0 0 5 5 re f " for v in (0.2, 0.5, 0.8)))
    found = np.array(operators(fixed(page, [CMYK]).data, "k")[-3:])
    assert (found[:, :3] == 0).all()
    tones = np.array([[51] * 3, [128] * 3, [204] * 3])
    wanted = through(tones, SRGB, FOGRA39, "RGB", "CMYK", BPC) / 255
    # Black alone does not reach as deep as four inks: the darkest tone is brought up with it.
    assert np.abs(lab(found)[:, 0] - lab(wanted)[:, 0]).max() < 7
    assert np.all(np.diff(found[:, 3]) < 0)


RGB_CASES = {
    "text": lambda page: page.text("word", colour=(1, 0, 0)),
    "line": lambda page: page.line(colour=(0, 0, 1), width="2 pt"),
    "shape": lambda page: page.rectangle(colour=(0, 1, 0)),
    "ICC": lambda page: page.rectangle(colour=("srgb", 1, 0.5, 0)),
    "in a form": lambda page: page.rectangle(colour=(0, 1, 0), within="form"),
    "in a pattern": lambda page: page.rectangle(colour=(0, 1, 0), within="pattern"),
    "in an annotation": lambda page: page.rectangle(colour=(0, 1, 0), within="annotation"),
    "in a Type 3 letter": lambda page: page.rectangle(colour=(0, 1, 0), within="type3"),
    "gradient": lambda page: page.gradient((1, 0, 0), (0, 0, 1)),
    "picture": lambda page: page.image(150, colour="rgb"),
    "flate picture": lambda page: page.image(150, colour="rgb", compression="flate"),
    "16-bit picture": lambda page: page.image(150, colour="rgb", compression="flate", bits=16),
    "masked picture": lambda page: page.image(150, colour="rgb", soft_mask=True),
    "inline picture": lambda page: page.image(40, colour="rgb", inline=True, size=("20 mm", "20 mm")),
    "group": lambda page: page.transparency(alpha=0.5, colour=(1, 0, 0)),
}


@pytest.mark.parametrize("name", RGB_CASES)
def test_every_kind_of_object_is_converted(name: str) -> None:
    try:
        before = RGB_CASES[name](pdf(SIZE)).bytes()
    except TypeError:
        before = RGB_CASES["shape"](pdf(SIZE)).transparency(alpha=0.5).bytes()
    assert "COL101" in codes(makeready.check(before))
    result = fixed(before, [CMYK])
    assert "COL101" not in codes(result.final)
    assert not [issue for issue in result.new if issue.severity == "error"]
    qpdf_clean(result.data)
    unchanged(result.data, [CMYK])
    assert text_of(before) == text_of(result.data)


def test_lab_becomes_inks() -> None:
    result = fixed(pdf(SIZE).rectangle(colour=("lab", 60, 40, 30)), [CMYK])
    facts = result.final.facts
    assert facts is not None
    assert {paint.colour.model for paint in facts.paints} == {"cmyk"}
    (inks,) = operators(result.data, "sc", "scn")[-1:]
    assert lab(np.array([inks]))[0] == pytest.approx([60, 40, 30], abs=1.5)


INKS = {
    "CMYK": lambda page: page.rectangle(colour=(0.1, 0.2, 0.3, 0.4)),
    "gray": lambda page: page.rectangle(colour=0.5),
    "spot": lambda page: page.rectangle(colour=("spot", "PANTONE 185 C", 0.8)),
    "several inks": lambda page: page.rectangle(colour={"Gold": 1.0, "Black": 0.3}),
    "CMYK with a profile": lambda page: page.rectangle(colour=("press", 0, 1, 1, 0)),
    "CMYK picture": lambda page: page.image(150),
    "registration": lambda page: page.crop_marks(),
}


@pytest.mark.parametrize("name", INKS)
def test_what_is_in_inks_stays(name: str) -> None:
    unchanged(INKS[name](pdf(SIZE, slug="10 mm")), [CMYK])


def test_pictures_are_those_of_littlecms() -> None:
    rng = np.random.default_rng(3)
    pixels = rng.integers(0, 256, (40, 50, 3), dtype=np.uint8)
    page = pdf(SIZE)
    image = page.objects.make_stream(
        pixels.tobytes(),
        {"/Type": Name.XObject, "/Subtype": Name.Image, "/Width": 50, "/Height": 40, "/BitsPerComponent": 8,
         "/ColorSpace": Name.DeviceRGB},
    )  # fmt: skip
    page.raw("q 100 0 0 80 20 20 cm /P Do Q", {"/XObject": {"/P": image}})
    with image_of(fixed(page, [CMYK]).data) as found:
        assert found.ColorSpace == Name.DeviceCMYK
        inks = np.frombuffer(found.read_bytes(), np.uint8).reshape(-1, 4)
    wanted = through(pixels.reshape(-1, 3), SRGB, FOGRA39, "RGB", "CMYK", BPC)
    assert ciede2000(lab(inks / 255), lab(wanted / 255)).max() <= 1.5
    assert np.abs(inks.astype(int) - wanted).mean() < 1


@contextmanager
def image_of(data: bytes) -> Iterator[Any]:
    """The one picture of the first page."""
    with pikepdf.open(io.BytesIO(data)) as file:
        (image,) = file.pages[0].obj.Resources.XObject.values()
        yield image


def test_a_palette_is_converted_and_its_pixels_stay() -> None:
    page = pdf(SIZE)
    table = bytes([255, 0, 0, 0, 0, 255, 255, 255, 255])
    image = page.objects.make_stream(
        bytes([0b00011000] * 40),
        {"/Type": Name.XObject, "/Subtype": Name.Image, "/Width": 4, "/Height": 40, "/BitsPerComponent": 2,
         "/ColorSpace": Array([Name.Indexed, Name.DeviceRGB, 2, pikepdf.String(table)])},
    )  # fmt: skip
    page.raw("q 100 0 0 80 20 20 cm /P Do Q", {"/XObject": {"/P": image}})
    with image_of(fixed(page, [CMYK]).data) as found:
        assert list(found.ColorSpace)[:3] == [Name.Indexed, Name.DeviceCMYK, 2]
        inks = np.frombuffer(bytes(found.ColorSpace[3]), np.uint8).reshape(3, 4)
        assert found.read_bytes() == bytes([0b00011000] * 40)
    wanted = through(np.frombuffer(table, np.uint8).reshape(3, 3), SRGB, FOGRA39, "RGB", "CMYK", BPC)
    assert ciede2000(lab(inks[:2] / 255), lab(wanted[:2] / 255)).max() <= 1
    assert (inks[2] == 0).all()


def test_a_colour_that_is_declared_clear_stays_clear() -> None:
    page = pdf(SIZE).rectangle(size=SIZE, at=("0 mm", "0 mm"), colour=(0, 0, 0.4, 0))
    pixels = np.zeros((20, 20, 3), np.uint8)
    pixels[:, 10:] = (255, 0, 255)
    image = page.objects.make_stream(
        pixels.tobytes(),
        {"/Type": Name.XObject, "/Subtype": Name.Image, "/Width": 20, "/Height": 20, "/BitsPerComponent": 8,
         "/ColorSpace": Name.DeviceRGB, "/Mask": [250, 255, 0, 5, 250, 255]},
    )  # fmt: skip
    page.raw("q 100 0 0 100 30 30 cm /P Do Q", {"/XObject": {"/P": image}})
    before = page.bytes()
    after = fixed(before, [CMYK]).data
    for draw in (mupdf_pixels, poppler_pixels):
        old, new = draw(before), draw(after)
        clear = np.abs(old.astype(int) - old[60, -60].astype(int)).max(axis=2) < 4
        assert clear.mean() > 0.3
        assert np.abs(old.astype(int) - new.astype(int)).max(axis=2)[clear].max() <= 8


def shading_page(**entries: Any) -> Any:
    page = pdf(SIZE)
    shading = page.objects.make_indirect(Dictionary(**entries))
    return page.raw("/S sh", {"/Shading": {"/S": shading}})


GRADIENTS = {
    "axial": {"ShadingType": 2, "Coords": [20, 0, 250, 0]},
    "radial": {"ShadingType": 3, "Coords": [140, 80, 5, 140, 80, 120]},
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_a_gradient_runs_through_the_same_colours(name: str) -> None:
    ends = {"C0": [0.9, 0.75, 0.6], "C1": [0.6, 0.75, 0.85]}  # within reach of the press, so that they look the same
    blend = Dictionary(FunctionType=2, Domain=[0, 1], N=1.5, **{key: Array(value) for key, value in ends.items()})
    before = shading_page(ColorSpace=Name.DeviceRGB, Function=blend, Extend=[True, True], **GRADIENTS[name]).bytes()
    after = fixed(before, [CMYK]).data
    old, new = poppler_pixels(before, ppi=36), seen(after)
    height, width = min(old.shape[0], new.shape[0]), min(old.shape[1], new.shape[1])
    apart = np.abs(old[:height, :width].astype(int) - new[:height, :width])
    assert apart.mean() < 6, "colours are converted as the press prints them"


def seen(data: bytes) -> np.ndarray:
    """A page of CMYK as FOGRA39 prints it: plates by Ghostscript, looks by LittleCMS."""
    import tempfile

    from fixes.looks import _tool, as_file

    with as_file(data) as path, tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "page.tif"
        _tool("gs", "-q", "-dBATCH", "-dNOPAUSE", "-sDEVICE=tiff32nc", "-r36", f"-sOutputFile={out}", path)
        with Image.open(out) as picture:
            transform = ImageCms.buildTransform(FOGRA39, SRGB, "CMYK", "RGB", RELATIVE, BPC)
            return np.asarray(ImageCms.applyTransform(picture, transform)).astype(int)


@pytest.mark.parametrize("kind", [4, 6])
def test_the_corners_of_meshes_are_converted(kind: int) -> None:
    page = pdf(SIZE)
    corners = [(20, 20), (250, 20), (135, 150)] if kind == 4 else patch()
    colours = [(230, 190, 150), (150, 190, 220), (200, 200, 170), (220, 220, 220)]
    data = b""
    if kind == 4:
        for (x, y), colour in zip(corners, colours, strict=False):
            data += bytes([0]) + place(x) + place(y) + bytes(colour)
    else:
        data = bytes([0]) + b"".join(place(x) + place(y) for x, y in corners) + b"".join(map(bytes, colours))
    entries = {
        "/ShadingType": kind, "/ColorSpace": Name.DeviceRGB, "/BitsPerCoordinate": 16, "/BitsPerComponent": 8,
        "/BitsPerFlag": 8, "/Decode": [0, 300, 0, 300, 0, 1, 0, 1, 0, 1],
    }  # fmt: skip
    page.raw("/S sh", {"/Shading": {"/S": page.objects.make_stream(data, entries)}})
    before = page.bytes()
    after = fixed(before, [CMYK]).data
    assert "COL101" not in codes(makeready.check(after))
    old, new = mupdf_pixels(before, ppi=36), seen(after)
    height, width = min(old.shape[0], new.shape[0]), min(old.shape[1], new.shape[1])
    apart = np.abs(old[:height, :width].astype(int) - new[:height, :width])
    assert apart.mean() < 8


def place(value: float) -> bytes:
    return round(value / 300 * 65535).to_bytes(2, "big")


def patch() -> list[tuple[float, float]]:
    """The twelve points of a Coons patch with straight sides."""
    a, b, c, d = (30, 30), (30, 140), (240, 140), (240, 30)
    points = []
    for (x0, y0), (x1, y1) in ((a, b), (b, c), (c, d), (d, a)):
        points += [(x0, y0), (x0 + (x1 - x0) / 3, y0 + (y1 - y0) / 3), (x0 + 2 * (x1 - x0) / 3, y0 + 2 * (y1 - y0) / 3)]
    return points


def test_soft_masks_mask_as_before() -> None:
    page = pdf(SIZE).rectangle(colour=(0, 1, 1, 0), size=("60 mm", "40 mm"))
    file = page.objects
    mask = file.make_stream(
        b"0.2 0.6 0.9 rg 0 0 400 400 re f 1 0.5 0 rg 60 60 80 60 re f",
        {"/Type": Name.XObject, "/Subtype": Name.Form, "/BBox": [0, 0, 400, 400],
         "/Group": Dictionary(S=Name.Transparency, CS=Name.DeviceRGB)},
    )  # fmt: skip
    state = Dictionary(SMask=Dictionary(Type=Name.Mask, S=Name.Luminosity, G=mask))
    page.raw("/M gs 0 0 0 1 k 40 40 140 100 re f", {"/ExtGState": {"/M": state}})
    before = page.bytes()
    result = fixed(before, [CMYK])
    assert_same_look(before, result.data)
    unchanged(result.data, [CMYK])


def test_the_intent_of_the_file_is_its_press() -> None:
    page = pdf(SIZE).rectangle(colour=(1, 0, 0))
    result = fixed(page, ["convert_to_cmyk"])
    assert "FOGRA39" in result.changes[0].message  # the builder's own output intent
    facts = result.final.facts
    assert facts is not None
    assert len(facts.output_intents) == 1


def test_an_intent_is_set_where_there_is_none() -> None:
    page = pdf(SIZE).rectangle(colour=(1, 0, 0))
    del page.objects.Root.OutputIntents
    result = fixed(page, [{"fix": "convert_to_cmyk", "press": "gracol"}])
    facts = result.final.facts
    assert facts is not None
    assert [intent.condition for intent in facts.output_intents] == [press.load("gracol").condition]


def test_cmyk_that_means_nothing_is_given_an_intent() -> None:
    page = pdf(SIZE).rectangle(colour=(1, 0, 0, 0))
    del page.objects.Root.OutputIntents
    assert "COL102" in codes(makeready.check(page.bytes()))
    result = fixed(page, ["convert_to_cmyk"])
    assert [change.message for change in result.changes] == ["The output intent was set to FOGRA39"]
    assert "COL102" not in codes(result.final)
    unchanged(result.data, ["convert_to_cmyk"])


def test_what_cannot_be_decoded_is_refused_and_told() -> None:
    page = pdf(SIZE)
    image = page.objects.make_stream(
        b"\x01\x02",
        {"/Type": Name.XObject, "/Subtype": Name.Image, "/Width": 50, "/Height": 40, "/BitsPerComponent": 8,
         "/ColorSpace": Name.DeviceRGB},
    )  # fmt: skip
    page.raw("q 100 0 0 80 20 20 cm /P Do Q", {"/XObject": {"/P": image}})
    assert "cut short" in refused(page, [CMYK])


def test_refused_where_a_page_says_what_cmyk_means() -> None:
    """What is converted would be taken for colours of that profile; that of the press itself is no matter."""
    page = pdf(SIZE, output_intent=None).rectangle(colour=(0.8, 0.2, 0.1)).rectangle(colour=("press", 0, 0, 0, 1))
    with pikepdf.open(io.BytesIO(page.bytes())) as file:
        spaces, out = file.pages[0].obj.Resources.ColorSpace, io.BytesIO()
        spaces.DefaultCMYK = next(iter(spaces.values()))
        file.save(out)
        assert "DefaultCMYK" in refused(out.getvalue(), [CMYK])
        spaces.DefaultCMYK[1] = pikepdf.Stream(file, press.load("fogra39").icc, N=4)
        out = io.BytesIO()
        file.save(out)
        fixed(out.getvalue(), [CMYK])
