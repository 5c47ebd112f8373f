"""The bench of pictures: what is decoded, kept and written, held against Pillow, ImageMagick and ExifTool."""

from __future__ import annotations

import io
import json
import struct
import subprocess
import zlib
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import pyvips
from PIL import Image, ImageCms

from makeready import raster
from makeready.changes import Refusal
from makeready.errors import UnreadableFile
from makeready.raster.mend import decode
from makeready.raster.mend.working import Working
from makeready.testing.icc import press_profile, srgb_profile
from makeready.testing.pictures import picture

#: Each mode in each format that keeps every pixel of it.
EXACT = [
    ("RGB", "TIFF"), ("RGB", "PNG"), ("RGBA", "TIFF"), ("RGBA", "PNG"), ("L", "TIFF"), ("L", "PNG"), ("LA", "PNG"),
    ("I;16", "PNG"), ("I;16", "TIFF"), ("CMYK", "TIFF"), ("1", "TIFF"), ("1", "PNG"), ("P", "PNG"), ("P", "TIFF"),
    ("P", "GIF"), ("RGB", "BMP"),
]  # fmt: skip
LOSSY = [("RGB", "JPEG"), ("L", "JPEG"), ("CMYK", "JPEG"), ("RGB", "WEBP"), ("RGBA", "WEBP")]


def _pillow(data: bytes | Path) -> np.ndarray:
    """Pixels as Pillow decodes them, palette and line art resolved."""
    with Image.open(io.BytesIO(data) if isinstance(data, bytes) else data) as image:
        if image.mode == "1":
            image = image.convert("L")
        if image.mode == "P":
            image = image.convert("RGB")
        pixels = np.asarray(image)
    return pixels[..., None] if pixels.ndim == 2 else pixels


def _mirrored(data: bytes, folder: Path) -> tuple[Working, Path]:
    work = Working(data, folder)
    work.move(work.image.fliphor())
    path = folder / f"out{work.suffix}"
    work.save(path)
    return work, path


@pytest.mark.parametrize(("mode", "format"), EXACT)
def test_every_pixel_survives_a_change_and_saving(mode, format, tmp_path):
    data = picture(61, 43, mode, format=format, dpi=None if format == "GIF" else 300)
    _, path = _mirrored(data, tmp_path)
    assert (_pillow(path) == _pillow(data)[:, ::-1]).all()


@pytest.mark.parametrize(("mode", "format"), LOSSY)
def test_a_lossy_format_is_written_again_at_a_high_quality(mode, format, tmp_path):
    data = picture(320, 240, mode, format=format)
    _, path = _mirrored(data, tmp_path)
    apart = np.abs(_pillow(path).astype(int) - _pillow(data)[:, ::-1].astype(int))
    assert raster.read(path).format == raster.read(data).format
    assert apart.mean() < 2


@pytest.mark.parametrize(("mode", "format"), EXACT + LOSSY)
def test_facts_of_the_state_are_those_of_the_saved_file(mode, format, tmp_path):
    data = picture(61, 43, mode, format=format, dpi=(300, 200) if format not in ("GIF", "WEBP") else None)
    work, path = _mirrored(data, tmp_path)
    told, read = asdict(work.facts()), asdict(raster.read(path))
    for facts in (told, read):
        facts.pop("quantisation")
        density = facts.pop("density")
        facts["ppi"] = None if density is None else [pytest.approx(float(ppi), abs=0.01) for ppi in density]
    assert told == read


@pytest.mark.parametrize("format", ["TIFF", "PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_what_was_not_changed_is_copied_byte_by_byte(format, tmp_path):
    data = picture(61, 43, "P" if format == "GIF" else "RGB", format=format)
    work = Working(data, tmp_path)
    assert work.image.width == 61
    work.save(tmp_path / "same")
    assert (tmp_path / "same").read_bytes() == data
    assert work.artwork("a.x", None, frozenset()).raster == raster.read(data)


def test_a_large_picture_is_kept_in_a_file_and_is_the_same(tmp_path, monkeypatch):
    data = picture(700, 300, "RGBA", format="PNG", dpi=300, icc=srgb_profile())
    held = Working(data, tmp_path).image
    monkeypatch.setattr(decode, "IN_MEMORY", 1000)
    spilled = Working(data, tmp_path)
    assert (held.numpy() == spilled.image.numpy()).all()
    assert list(tmp_path.glob("decoded-*"))
    assert spilled.profile == srgb_profile()
    assert spilled.image.hasalpha()
    assert spilled.image.xres == pytest.approx(held.xres)


def test_an_unknown_density_stays_unknown(tmp_path):
    for mode, format in (("RGB", "PNG"), ("RGB", "JPEG"), ("RGB", "TIFF"), ("RGB", "WEBP"), ("1", "TIFF")):
        data = picture(40, 30, mode, format=format)
        assert raster.read(data).density is None
        _, path = _mirrored(data, tmp_path)
        assert raster.read(path).density is None, format


def test_only_the_density_of_a_jpeg_changes_and_its_picture_data_stay(tmp_path):
    for settings in ({}, {"dpi": 72}, {"dpi": 72, "orientation": 6}, {"orientation": 3}):
        data = picture(160, 120, **settings)
        work = Working(data, tmp_path)
        work.density = (299.5, 150.25)
        path = tmp_path / "out.jpg"
        work.save(path)
        out = path.read_bytes()
        assert out[out.index(b"\xff\xdb") :] == data[data.index(b"\xff\xdb") :]
        found = raster.read(path)
        assert [float(ppi) for ppi in found.density] == pytest.approx([299.5, 150.25], abs=0.001)
        assert found.orientation == settings.get("orientation")
        told = json.loads(subprocess.run(["exiftool", "-j", "-n", path], capture_output=True, check=True).stdout)[0]
        assert told["XResolution"] == pytest.approx(299.5, abs=0.6)
        assert "Warning" not in told
        with Image.open(path) as image:
            image.load()
            assert image.size == (160, 120)


def test_rgb_that_adobe_coded_as_rgb_stays_rgb(tmp_path):
    """A JFIF segment would make decoders take it for YCbCr."""
    out = io.BytesIO()
    with Image.open(io.BytesIO(picture(64, 48, format="PNG"))) as image:
        image.save(out, "JPEG", quality=95, keep_rgb=True)
    assert b"JFIF" not in out.getvalue()
    work = Working(out.getvalue(), tmp_path)
    work.density = (300.0, 300.0)
    work.save(tmp_path / "out.jpg")
    assert (_pillow(tmp_path / "out.jpg") == _pillow(out.getvalue())).all()
    assert float(raster.read(tmp_path / "out.jpg").density[0]) == 300


def test_facts_of_a_density_that_was_set_are_those_of_the_saved_file(tmp_path):
    for mode, format in (("RGB", "JPEG"), ("P", "PNG"), ("P", "GIF"), ("1", "TIFF"), ("RGB", "BMP")):
        work = Working(picture(60, 40, mode, format=format), tmp_path)
        work.density = (200.0, 200.0)
        path = tmp_path / f"out{work.suffix}"
        work.save(path)
        told, read = asdict(work.facts()), asdict(raster.read(path))
        assert told.pop("density") == pytest.approx(read.pop("density"), abs=0.01)
        told.pop("quantisation"), read.pop("quantisation")
        assert told == read


def test_profile_exif_and_xmp_are_kept_and_corrected(tmp_path):
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Maker of cameras"
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/" tiff:Orientation="6" tiff:XResolution="720000/10000"><dc:source>A hill</dc:source></rdf:Description></rdf:RDF></x:xmpmeta>'  # noqa: E501
    out = io.BytesIO()
    Image.open(io.BytesIO(picture(80, 60))).save(
        out, "JPEG", exif=exif, xmp=xmp, icc_profile=srgb_profile(), dpi=(72, 72)
    )
    work = Working(out.getvalue(), tmp_path)
    work.move(work.image.autorot())
    work.density = (300.0, 300.0)
    path = tmp_path / "out.jpg"
    work.save(path)
    told = json.loads(subprocess.run(["exiftool", "-j", "-n", "-G1", path], capture_output=True, check=True).stdout)[0]
    assert told["IFD0:Orientation"] == 1
    assert told["IFD0:Make"] == "Maker of cameras"
    assert told["IFD0:XResolution"] == 300
    assert told["XMP-tiff:Orientation"] == 1
    assert told["XMP-tiff:XResolution"] == 300
    assert told["XMP-dc:Source"] == "A hill"
    assert Working(path, tmp_path).profile == srgb_profile()


def test_a_file_that_only_names_srgb_carries_its_profile_afterwards(tmp_path):
    data = picture(40, 30, "RGB", format="PNG")
    chunk = b"sRGB\0"
    tagged = data[:33] + struct.pack(">I", 1) + chunk + struct.pack(">I", zlib.crc32(chunk)) + data[33:]
    assert raster.read(tagged).colour_tag == "sRGB"
    _, path = _mirrored(tagged, tmp_path)
    with Image.open(path) as image:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
    assert "sRGB" in ImageCms.getProfileDescription(profile)


def test_a_profile_for_other_colours_is_not_written(tmp_path):
    work, path = _mirrored(picture(40, 30, "CMYK", format="TIFF", icc=srgb_profile()), tmp_path)
    assert work.facts().icc is None
    assert raster.read(path).icc is None


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("mode", ["RGB", "LAB"])
def test_pixels_are_handed_out_as_stored(mode, orientation, tmp_path):
    """Lab goes through Pillow, which turns a TIFF upright as it decodes it."""
    data = picture(48, 32, mode, format="TIFF", orientation=orientation, dpi=(300, 200))
    work = Working(data, tmp_path)
    assert (work.image.width, work.image.height) == (48, 32)
    assert work.orientation == orientation
    upright = work.image.autorot()
    with Image.open(io.BytesIO(data)) as image:
        shown = np.asarray(image)
    assert (upright.width, upright.height) == (shown.shape[1], shown.shape[0])
    lightness = upright.extract_band(0).numpy().astype(float) / (32767 / 255 if mode == "LAB" else 1)
    assert np.abs(lightness - shown[..., 0]).max() <= 0.51


@pytest.mark.parametrize("cut", [0.5, 0.9])
@pytest.mark.parametrize(("mode", "format"), [("RGB", "JPEG"), ("CMYK", "JPEG"), ("RGB", "PNG"), ("RGB", "TIFF")])
def test_a_picture_that_is_cut_short_is_an_error_and_never_half_gray(mode, format, cut, tmp_path):
    data = picture(400, 300, mode, format=format, compression="tiff_deflate" if format == "TIFF" else None)
    if format == "TIFF":  # the directory may lie at the end: break the pixels instead
        data = data[:2000] + bytes(len(data) // 3) + data[2000 + len(data) // 3 :]
    else:
        data = data[: int(len(data) * cut)]
    with pytest.raises(UnreadableFile, match="damaged"):
        Working(data, tmp_path).image.avg()


def test_spots_and_saved_selections_are_refused_rather_than_lost(tmp_path):
    five = pyvips.Image.black(20, 20, bands=5).copy(interpretation="cmyk")
    five.tiffsave(str(tmp_path / "five.tif"))
    data = bytearray((tmp_path / "five.tif").read_bytes())
    at = data.index(struct.pack("<HHI", 338, 3, 1))  # ExtraSamples: 0 is "not told"
    struct.pack_into("<H", data, at + 8, 0)
    with pytest.raises(Refusal, match="more channel"):
        _ = Working(bytes(data), tmp_path).image


def test_psd_and_others_go_through_pillow(tmp_path):
    for format in ("BMP", "JPEG2000"):
        data = picture(40, 30, "RGB", format=format)
        work, path = _mirrored(data, tmp_path)
        assert work.suffix == ".tif"
        assert (_pillow(path) == _pillow(data)[:, ::-1]).all()


@pytest.mark.parametrize(("mode", "bands"), [("RGB", 3), ("CMYK", 4), ("RGBA", 4), ("L", 1)])
def test_the_merged_picture_of_a_psd_is_taken(mode, bands, tmp_path):
    plain, layered = tmp_path / "a.tif", tmp_path / "a.psd"
    plain.write_bytes(picture(60, 40, mode, format="TIFF"))
    subprocess.run(["convert", plain, "-depth", "8", layered], check=True)
    work = Working(layered, tmp_path)
    assert work.image.bands == bands
    found, wanted = work.image.numpy().reshape(40, 60, bands), _pillow(plain)
    seen = np.ones((40, 60), bool) if mode != "RGBA" else wanted[..., 3] == 255
    assert (found[seen] == wanted[seen]).all()


def test_a_psd_that_only_photoshop_can_show_is_refused(psd, tmp_path):
    for data in (psd(resources={1057: b"\0\0\0\1\0"}), psd(depth=16), psd(big=True)):
        with pytest.raises(Refusal, match="TIFF"):
            _ = Working(data, tmp_path).image


def test_inks_of_an_adobe_jpeg_are_the_right_way_round(tmp_path):
    data = picture(64, 48, "CMYK", icc=press_profile())
    assert (Working(data, tmp_path).image.numpy() == _pillow(data)).all()
    _, path = _mirrored(data, tmp_path)
    assert np.abs(_pillow(path)[:, ::-1].astype(int) - _pillow(data).astype(int)).mean() < 3


def test_a_resized_picture_prints_as_large_as_before(tmp_path):
    work = Working(picture(200, 100, dpi=(300, 150)), tmp_path)
    work.resize(work.image.resize(2))
    assert work.density == (600, 300)


def test_sharpness_is_measured_on_the_present_state(tmp_path):
    data = picture(512, 512, "L", format="PNG", grain=0)
    work = Working(data, tmp_path)
    (before,) = work.artwork("a.png", None, frozenset({"pixels"})).pixel_studies
    work.image = work.image.gaussblur(4)
    (after,) = work.artwork("a.png", None, frozenset({"pixels"})).pixel_studies
    assert after.sharpness < before.sharpness


def test_the_same_input_gives_the_same_bytes(tmp_path):
    for format in ("TIFF", "PNG", "JPEG"):
        data = picture(90, 70, "RGB", format=format, dpi=300)
        first = _mirrored(data, tmp_path)[1].read_bytes()
        assert _mirrored(data, tmp_path)[1].read_bytes() == first


def test_iptc_is_kept_and_paths_are_not(tmp_path):
    """A clipping path is measured in shares of the picture's sides: after bleed it would lie elsewhere."""
    iptc = b"\x1c\x02\x05\x00\x06A hill"
    for format in ("JPEG", "TIFF"):
        source = tmp_path / f"in.{format}"
        block = _resource(1028, iptc) + _resource(2000, bytes(26)) + _resource(2999, b"\x04path" + bytes(5))
        data = picture(40, 30, format=format)
        if format == "JPEG":
            body = b"Photoshop 3.0\0" + block
            source.write_bytes(data[:2] + b"\xff\xed" + struct.pack(">H", len(body) + 2) + body + data[2:])
        else:
            with Image.open(io.BytesIO(data)) as image:
                image.save(source, "TIFF", tiffinfo={34377: block, 33723: iptc})
        work = Working(source, tmp_path)
        work.move(work.image.fliphor())
        path = tmp_path / f"out{work.suffix}"
        work.save(path)
        told = subprocess.run(["exiftool", "-j", "-G0", "-a", path], capture_output=True, check=True).stdout
        (tags,) = json.loads(told)
        assert tags["IPTC:ObjectName"] == "A hill"
        assert b"path" not in path.read_bytes()


def _resource(number: int, data: bytes) -> bytes:
    return struct.pack(">4sHHI", b"8BIM", number, 0, len(data)) + data + bytes(len(data) & 1)


def test_orientation_is_followed_in_every_format_that_has_one(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    for format in ("PNG", "WEBP", "JPEG"):
        out = io.BytesIO()
        with Image.open(io.BytesIO(picture(60, 40, format="PNG"))) as image:
            image.save(out, format, exif=exif)
        work = Working(out.getvalue(), tmp_path)
        assert work.orientation == 6
        work.move(work.image.autorot())
        path = tmp_path / f"out{work.suffix}"
        work.save(path)
        found = raster.read(path)
        assert (found.orientation or 1, found.shown_px) == (1, (40, 60))


def test_a_name_that_looks_like_options_is_a_name(tmp_path):
    path = tmp_path / "hill[page=2]"
    path.write_bytes(picture(40, 30, format="TIFF"))
    assert Working(path, tmp_path).image.width == 40
