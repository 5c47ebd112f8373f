"""export: what the written file is and says, told by Pillow and ExifTool; a chain of files writes the same."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

import makeready
from makeready.errors import UsageError

XMP = (
    b'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    b'xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" '
    b'tiff:Orientation="6" photoshop:Credit="Ann &amp; Bo"/></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
)
ENDINGS = {"png": ".png", "jpeg": ".jpg", "webp": ".webp", "tiff": ".tif"}
SHADES = np.random.default_rng(3).integers(0, 256, (9, 14, 3), dtype=np.uint8).repeat(6, axis=0).repeat(6, axis=1)


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A JPEG that says much: maker, place, copyright, a comment in other letters, XMP, 240 ppi; stored on its side."""
    path = tmp_path_factory.mktemp("photo") / "photo.jpg"
    Image.fromarray(SHADES).save(path, quality=98, subsampling=0, dpi=(240, 240), xmp=XMP)
    said = ["-Make=Camera", "-GPSLatitude=47.1", "-GPSLatitudeRef=N", "-Copyright=© Änn", "-UserComment=für Bö 你好"]
    subprocess.run(["exiftool", "-q", "-n", "-overwrite_original", "-Orientation=6", *said, path], check=True)
    return path


def told(path: Path) -> dict[str, Any]:
    """What ExifTool reads."""
    done = subprocess.run(["exiftool", "-j", "-n", "-G1", path], capture_output=True, check=True)
    return dict(json.loads(done.stdout)[0])


def saved(photo: Any, folder: Path, *edits: Any, **settings: Any) -> Path:
    path = folder / f"out{ENDINGS[settings.get('format', 'png')]}"
    makeready.edit(photo, [*edits, {"edit": "export", **settings}]).save(path)
    return path


def by_chain(photo: Path, *edits: Any) -> bytes:
    result = makeready.fix(photo, list(edits))
    assert [run.outcome for run in result.runs] == ["changed"] * len(edits), [run.reason for run in result.runs]
    assert result.path is not None
    return result.path.read_bytes()


@pytest.mark.parametrize("format", ENDINGS)
def test_all_formats_have_the_pixels_the_profile_and_the_resolution(photo: Path, tmp_path: Path, format: str) -> None:
    path = saved(photo, tmp_path, format=format, dpi=305, quality=100)
    tags = told(path)
    with Image.open(path) as image:
        assert image.format == {"png": "PNG", "jpeg": "JPEG", "webp": "WEBP", "tiff": "TIFF"}[format]
        assert image.size == (54, 84)
        upright = np.rot90(SHADES, -1).astype(int)
        assert np.abs(np.asarray(image.convert("RGB")) - upright).mean() < (14 if format == "webp" else 4)
        profile = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
        assert "sRGB" in ImageCms.getProfileDescription(profile)
    if format == "png":
        assert tags["PNG-pHYs:PixelsPerUnitX"] == pytest.approx(305 / 0.0254, abs=1)
    else:
        assert tags["IFD0:XResolution"] == tags["IFD0:YResolution"] == pytest.approx(305, abs=0.01)


def test_resolution_is_kept_where_nothing_is_said(photo: Path, tmp_path: Path) -> None:
    assert told(saved(photo, tmp_path, format="jpeg"))["IFD0:XResolution"] == pytest.approx(240, abs=0.01)


@pytest.mark.parametrize("format", ENDINGS)
def test_by_default_nothing_is_kept_of_what_it_said(photo: Path, tmp_path: Path, format: str) -> None:
    words = json.dumps(told(saved(photo, tmp_path, format=format)), ensure_ascii=False)
    assert not [word for word in ("Camera", "GPS", "Änn", "Bö", "Credit", "XMP") if word in words]


@pytest.mark.parametrize("format", ENDINGS)
def test_xmp_is_kept_and_stays_true(photo: Path, tmp_path: Path, format: str) -> None:
    tags = told(saved(photo, tmp_path, format=format, metadata="xmp"))
    assert tags["XMP-photoshop:Credit"] == "Ann & Bo"
    assert tags["XMP-tiff:Orientation"] == 1
    assert "IFD0:Copyright" not in tags
    assert "IFD0:Make" not in tags


@pytest.mark.parametrize("format", ENDINGS)
@pytest.mark.parametrize("as_xmp", [False, True])
def test_copyright_and_comment_alone_are_kept(photo: Path, tmp_path: Path, format: str, as_xmp: bool) -> None:
    policy = "exif_subset_with_xmp" if as_xmp else "exif_subset"
    tags = told(saved(photo, tmp_path, format=format, metadata=policy))
    assert tags["IFD0:Copyright"] == "© Änn"
    assert tags["ExifIFD:UserComment"] == "für Bö 你好"
    assert not [name for name in tags if name.startswith(("GPS", "IFD1", "XMP-photoshop")) or name == "IFD0:Make"]
    assert tags.get("XMP-dc:Rights") == ("© Änn" if as_xmp else None)
    assert tags.get("XMP-exif:UserComment") == ("für Bö 你好" if as_xmp else None)


@pytest.mark.parametrize("source", ["png", "webp", "tiff"])
def test_they_are_kept_from_every_kind_of_file(photo: Path, tmp_path: Path, source: str) -> None:
    given = tmp_path / f"given{ENDINGS[source]}"
    Image.fromarray(SHADES).save(given)
    copied = ["-TagsFromFile", photo, "-Copyright", "-UserComment"]
    subprocess.run(["exiftool", "-q", "-overwrite_original", *copied, given], check=True)
    tags = told(saved(given, tmp_path, format="jpeg", metadata="exif_subset"))
    assert (tags["IFD0:Copyright"], tags["ExifIFD:UserComment"]) == ("© Änn", "für Bö 你好")


def test_a_large_tiff_of_short_words_is_read_by_others(tmp_path: Path) -> None:
    given = tmp_path / "given.jpg"
    Image.fromarray(SHADES).save(given)
    subprocess.run(["exiftool", "-q", "-overwrite_original", "-Copyright=A", "-UserComment=b", given], check=True)
    path = saved(given, tmp_path, format="tiff", metadata="exif_subset")
    tags = told(path)
    assert (tags["IFD0:Copyright"], tags["ExifIFD:UserComment"]) == ("A", "b")
    subprocess.run(["exiftool", "-validate", "-q", path], check=True)
    with Image.open(path) as image:
        assert np.asarray(image).shape == (54, 84, 3)


def test_quality_is_eighty_and_ninety_unless_somebody_says(tmp_path: Path) -> None:
    def same(format: str, quality: int, **said: int) -> bool:
        asked = saved(SHADES, tmp_path, format=format, quality=quality).read_bytes()
        return saved(SHADES, tmp_path, format=format, **said).read_bytes() == asked

    assert same("jpeg", 80)
    assert same("webp", 90)
    assert not same("jpeg", 60)
    plain = tmp_path / "plain.jpg"
    makeready.edit(SHADES, ["layout"]).save(plain)
    assert plain.read_bytes() == saved(SHADES, tmp_path, format="jpeg", quality=95).read_bytes()


@pytest.mark.parametrize("format", ENDINGS)
def test_a_chain_of_files_writes_the_same_bytes(photo: Path, tmp_path: Path, format: str) -> None:
    edits = [{"edit": "layout", "output_size": "100x100", "margin": "10%"},
             {"edit": "export", "format": format, "dpi": 150, "metadata": "exif_subset_with_xmp"}]  # fmt: skip
    path = tmp_path / f"out{ENDINGS[format]}"
    makeready.edit(photo, edits).save(path)
    assert by_chain(photo, *edits) == path.read_bytes()


def test_what_is_clear_is_white_in_a_jpeg_and_a_note_says_so(tmp_path: Path) -> None:
    picture = np.zeros((20, 30, 4), np.uint8)
    picture[5:15, 5:25] = (200, 0, 0, 255)
    done = makeready.edit(picture, [{"edit": "export", "format": "jpeg", "quality": 100}])
    assert ["white" in note for note in done.notes] == [True]
    assert done.pixels[0, 0].tolist() == [0, 0, 0, 0]
    done.save(tmp_path / "out.jpg")
    with Image.open(tmp_path / "out.jpg") as image:
        assert image.mode == "RGB"
        assert min(image.getpixel((0, 0))) >= 253
    given = tmp_path / "given.png"
    Image.fromarray(picture).save(given)
    result = makeready.fix(given, [{"edit": "export", "format": "jpeg"}])
    assert "white" in result.changes[0].message
    assert result.path.suffix == ".jpg"


def test_transparency_is_kept_by_the_others(tmp_path: Path) -> None:
    picture = np.random.default_rng(4).integers(1, 256, (20, 30, 4), dtype=np.uint8)
    for format in ("png", "tiff"):
        with Image.open(saved(picture, tmp_path, format=format)) as image:
            np.testing.assert_array_equal(np.asarray(image), picture)
    with Image.open(saved(picture, tmp_path, format="webp")) as image:
        np.testing.assert_array_equal(np.asarray(image)[..., 3], picture[..., 3])


def test_the_name_says_what_is_written_where_nothing_else_does(tmp_path: Path) -> None:
    done = makeready.edit(SHADES, [])
    for ending, format in ((".png", "PNG"), (".JPG", "JPEG"), (".webp", "WEBP"), (".tiff", "TIFF")):
        done.save(tmp_path / f"a{ending}")
        with Image.open(tmp_path / f"a{ending}") as image:
            assert image.format == format
    with pytest.raises(UsageError, match=r"\.gif"):
        done.save(tmp_path / "a.gif")


def test_a_format_without_room_for_so_many_pixels_is_named() -> None:
    done = makeready.edit(np.zeros((2, 20_000, 3), np.uint8), [{"edit": "export", "format": "webp"}])
    with pytest.raises(UsageError, match="WebP cannot hold a side of 20000 pixels"):
        done.save("never.webp")


@pytest.mark.parametrize("said", [{"dpi": 71}, {"dpi": 1201}, {"quality": 0}, {"format": "gif"}, {"metadata": "all"}])
def test_what_cannot_be_written_so_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=rf"export\.{next(iter(said))}"):
        makeready.edit(SHADES, [{"edit": "export", **said}])
