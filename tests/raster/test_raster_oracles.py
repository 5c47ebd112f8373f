"""Our reading of headers against that of others: Pillow, ExifTool and psd-tools, on the same files."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from PIL import Image, ImageCms

from makeready import raster
from makeready.facts import Raster

# Pillow reads neither PSB nor 16-bit PSD, and takes a big-endian BigTIFF for a small one.
_NOT_FOR_PILLOW = ("large.psb", "deep.psd", "big-motorola.tif")
# Pillow scales these down or calls them otherwise; bits say what is in the file.
_DEEP = {"I;16": "L", "I;16B": "L", "I": "L", "F": "L"}


@pytest.fixture(scope="module")
def facts(samples: dict[str, bytes]) -> dict[str, Raster]:
    """What we read."""
    return {name: raster.read(data) for name, data in samples.items()}


@pytest.fixture(scope="module")
def opened(samples: dict[str, bytes]) -> dict[str, Image.Image]:
    """What Pillow reads."""
    return {name: Image.open(io.BytesIO(data)) for name, data in samples.items() if name not in _NOT_FOR_PILLOW}


@pytest.fixture(scope="module")
def said(
    samples: dict[str, bytes], run: Callable[..., str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What ExifTool says, all files in one run."""
    folder = tmp_path_factory.mktemp("exiftool")
    for name, data in samples.items():
        (folder / name).write_bytes(data)
    rows = json.loads(run("exiftool", "-j", "-n", "-G1", "-q", folder))
    return {Path(row["SourceFile"]).name: row for row in rows}


def _tag(row: dict[str, Any], name: str) -> Any:
    """A tag of any group but EXIF's thumbnail."""
    return next((value for key, value in row.items() if key.split(":")[-1] == name and "IFD1" not in key), None)


def test_pillow_agrees_on_size_mode_and_frames(opened: dict[str, Image.Image], facts: dict[str, Raster]) -> None:
    for name, image in opened.items():
        mine = facts[name]
        # Pillow turns TIFF on its own, and says the size as it will be.
        size = mine.shown_px if mine.format == "TIFF" else (mine.width_px, mine.height_px)
        assert size == image.size, name
        if mine.format != "PSD":  # there Pillow counts layers
            assert mine.frames == getattr(image, "n_frames", 1), name
        if not mine.palette:  # Pillow takes some palettes apart, and keeps others
            assert mine.mode == _DEEP.get(image.mode, image.mode), name


def test_pillow_agrees_on_density(opened: dict[str, Image.Image], facts: dict[str, Raster]) -> None:
    seen = 0
    for name, image in opened.items():
        theirs = image.info.get("dpi")
        if theirs is not None and theirs != (1, 1):  # what it says when a TIFF says nothing
            assert facts[name].density == pytest.approx(theirs, abs=0.01), name
            seen += 1
    assert seen > 8


def test_pillow_agrees_on_profiles(opened: dict[str, Image.Image], facts: dict[str, Raster]) -> None:
    seen = 0
    for name, image in opened.items():
        mine, theirs = facts[name].icc, image.info.get("icc_profile")
        if image.format != "PSD":  # there it does not look
            assert (mine is None) == (theirs is None), name
        if mine is not None and theirs is not None:
            assert mine.bytes == len(theirs), name
            profile = ImageCms.ImageCmsProfile(io.BytesIO(theirs)).profile
            assert mine.description == profile.profile_description, name
            seen += 1
    assert seen >= 5


def test_pillow_agrees_on_quantisation(opened: dict[str, Image.Image], facts: dict[str, Raster]) -> None:
    # T.81, figure A.6: along the diagonals, in turn up and down. Pillow has the tables in rows.
    zigzag = sorted(range(64), key=lambda at: (at // 8 + at % 8, at // 8 if (at // 8 + at % 8) % 2 else at % 8))
    for name in ("rgb.jpg", "gray.jpg", "cmyk.jpg", "progressive.jpg"):
        theirs = opened[name].quantization  # type: ignore[attr-defined]
        in_zigzag = {number: tuple(table[at] for at in zigzag) for number, table in theirs.items()}
        assert facts[name].quantisation == in_zigzag, name


def test_psd_tools_agrees(
    samples: dict[str, bytes], facts: dict[str, Raster], package: Callable[[str], ModuleType]
) -> None:
    psd_tools = package("psd_tools")
    for name in ("rgb.psd", "cmyk.psd", "deep.psd", "large.psb"):
        theirs = psd_tools.PSDImage.open(io.BytesIO(samples[name]))
        mine = facts[name]
        assert (mine.width_px, mine.height_px, mine.bits) == (theirs.width, theirs.height, theirs.depth), name
        assert mine.channels == theirs.channels, name


def test_exiftool_agrees_on_size(facts: dict[str, Raster], said: dict[str, Any]) -> None:
    for name, mine in facts.items():
        if name != "bare.j2k":  # ExifTool does not look into the codestream
            assert (mine.width_px, mine.height_px) == (
                _tag(said[name], "ImageWidth"),
                _tag(said[name], "ImageHeight"),
            ), name


def test_exiftool_agrees_on_depth(facts: dict[str, Raster], said: dict[str, Any]) -> None:
    seen = 0
    for name, mine in facts.items():
        depth = _tag(said[name], "BitsPerSample") or _tag(said[name], "BitDepth")
        if depth is not None and mine.format not in ("BMP", "GIF", "JPEG 2000"):  # there it is bits a pixel
            assert mine.bits == max(map(int, str(depth).split())), name
            seen += 1
    assert seen > 30


def test_exiftool_agrees_on_orientation(facts: dict[str, Raster], said: dict[str, Any]) -> None:
    for name, mine in facts.items():
        assert mine.orientation == _tag(said[name], "Orientation"), name


def test_exiftool_agrees_on_density(facts: dict[str, Raster], said: dict[str, Any]) -> None:
    for name, mine in facts.items():
        row = said[name]
        metre = row.get("PNG-pHYs:PixelsPerUnitX") or row.get("File:PixelsPerMeterX")
        theirs = row.get("IFD0:XResolution") or row.get("JFIF:XResolution") or row.get("Photoshop:XResolution")
        if metre:
            theirs = metre * 0.0254
        elif row.get("IFD0:ResolutionUnit") == 3:
            theirs *= 2.54
        elif row.get("JFIF:ResolutionUnit") == 0 and "IFD0:XResolution" not in row:
            theirs = None  # a ratio
        assert (mine.density[0] if mine.density else None) == (theirs and pytest.approx(theirs, abs=0.01)), name


def test_exiftool_agrees_on_profiles(facts: dict[str, Raster], said: dict[str, Any]) -> None:
    for name, mine in facts.items():
        # ExifTool does not read a profile that PNG deflates unless it has Perl's inflater; all others it does.
        theirs = _tag(said[name], "ProfileDescription")
        if mine.format != "PNG" or theirs is not None:
            assert (mine.icc.description if mine.icc else None) == theirs, name


def test_exiftool_agrees_on_frames(facts: dict[str, Raster], said: dict[str, Any]) -> None:
    for name, mine in facts.items():
        for tag in ("FrameCount", "AnimationFrames", "PageCount", "NumberOfImages"):
            theirs = _tag(said[name], tag)
            if theirs is not None:
                assert mine.frames == theirs, name


def test_exiftool_agrees_on_palettes_and_channels(facts: dict[str, Raster], said: dict[str, Any]) -> None:
    for name, mine in facts.items():
        channels = (
            _tag(said[name], "ColorComponents")
            or _tag(said[name], "SamplesPerPixel")
            or _tag(said[name], "NumChannels")
        )
        if channels is not None:
            assert mine.channels == channels, name
