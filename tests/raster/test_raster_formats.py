"""What the header of each format says, one sentence a test."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from makeready import raster
from makeready.errors import TooLarge, UnreadableFile

Build = Callable[..., bytes]
SHORT, LONG, RATIONAL = 3, 4, 5


def test_recognises_every_format_by_its_first_bytes(samples: dict[str, bytes]) -> None:
    found = {raster.recognises(data[:18]) for data in samples.values()}
    assert found == set(raster.FORMATS)


@pytest.mark.parametrize("head", [b"", b"%PDF-1.7", b"BM is how this text begins", b"RIFF\0\0\0\0WAVE", b"\xff\xd8"])
def test_what_is_not_a_picture_is_not_recognised(head: bytes) -> None:
    assert raster.recognises(head) is None


def test_path_bytes_and_stream_say_the_same(samples: dict[str, bytes], tmp_path: Path) -> None:
    data = samples["rgb.jpg"]
    path = tmp_path / "picture.jpg"
    path.write_bytes(data)
    stream = io.BytesIO(data)
    stream.seek(10)
    assert raster.read(path) == raster.read(data) == raster.read(stream)
    assert not stream.closed


def test_a_stream_that_cannot_seek_is_read_whole(samples: dict[str, bytes]) -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    assert raster.read(Pipe(samples["rgb.png"])).format == "PNG"


def test_the_pixel_limit_names_size_and_limit() -> None:
    header = struct.pack(">IIBBBBB", 40_000, 30_000, 8, 2, 0, 0, 0)
    bomb = (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", 13)
        + b"IHDR"
        + header
        + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    )
    with pytest.raises(TooLarge, match=r"40000 × 30000 px, 1200\.0 megapixels; the limit is 1000") as raised:
        raster.read(bomb)
    assert raised.value.http_status == 413
    assert raster.read(bomb, max_pixels=None).width_px == 40_000


def test_a_gif_frame_larger_than_its_screen_counts() -> None:
    frame = b"," + struct.pack("<HHHHB", 0, 0, 65535, 65535, 0) + b"\2\0;"
    with pytest.raises(TooLarge):
        raster.read(b"GIF89a" + struct.pack("<HHBBB", 32, 32, 0, 0, 0) + frame)


class TestJpeg:
    def test_a_cmyk_jpeg_is_cmyk(self, samples: dict[str, bytes]) -> None:
        facts = raster.read(samples["cmyk.jpg"])
        assert (facts.mode, facts.colour_model, facts.channels) == ("CMYK", "cmyk", 4)

    def test_density_of_both_axes(self, samples: dict[str, bytes]) -> None:
        assert raster.read(samples["rgb.jpg"]).density == (300, 150)

    def test_exif_density_goes_before_that_of_jfif(self, rgb: Image.Image, encoded: Build) -> None:
        exif = Image.Exif()
        exif[0x011A] = exif[0x011B] = 72.0
        exif[0x0128] = 2
        assert raster.read(encoded(rgb, "JPEG", dpi=(300, 300), exif=exif)).density == (72, 72)

    def test_photoshop_density_when_there_is_no_other(self, rgb: Image.Image, encoded: Build) -> None:
        data = encoded(rgb.convert("CMYK"), "JPEG")  # Pillow writes no JFIF into CMYK files
        resource = b"Photoshop 3.0\x008BIM" + struct.pack(">HHIIHHIHH", 1005, 0, 16, 350 << 16, 1, 1, 350 << 16, 1, 1)
        segment = b"\xff\xed" + struct.pack(">H", len(resource) + 2) + resource
        assert raster.read(data[:2] + segment + data[2:]).density == (350, 350)

    def test_a_density_without_unit_is_no_density(self, samples: dict[str, bytes]) -> None:
        assert raster.read(samples["gray.jpg"]).density is None

    def test_density_in_centimetres(self, samples: dict[str, bytes]) -> None:
        data = bytearray(samples["rgb.jpg"])
        data[13] = 2
        density = raster.read(bytes(data)).density
        assert density is not None
        assert density[0] == pytest.approx(762)

    def test_a_quarter_turn_swaps_what_is_shown(self, samples: dict[str, bytes]) -> None:
        facts = raster.read(samples["turned.jpg"])
        assert (facts.orientation, facts.width_px, facts.height_px, facts.shown_px) == (6, 40, 30, (30, 40))

    def test_a_profile_in_several_segments_is_put_together(self, samples: dict[str, bytes], srgb_icc: bytes) -> None:
        profile = raster.read(samples["big-profile.jpg"]).icc
        assert profile is not None
        assert (profile.bytes, profile.damage) == (len(srgb_icc) + 150_000, None)

    def test_a_lost_part_of_a_profile_is_said(self, samples: dict[str, bytes]) -> None:
        data = samples["big-profile.jpg"]
        second = data.index(b"ICC_PROFILE\0\2")
        profile = raster.read(data[: second + 12] + b"\7" + data[second + 13 :]).icc
        assert profile is not None
        assert profile.damage == "has parts that are missing or double: there are 1, 3, 7"

    def test_quantisation_tables_as_stored(self, samples: dict[str, bytes]) -> None:
        facts = raster.read(samples["gray.jpg"])
        assert facts.quantisation is not None
        assert [len(table) for table in facts.quantisation.values()] == [64]
        # T.81, table K.1 in zigzag order begins 16 11 12 14; libjpeg scales it by 5/3 for quality 30.
        assert facts.quantisation[0][:4] == tuple((value * 166 + 50) // 100 for value in (16, 11, 12, 14))

    def test_progressive(self, samples: dict[str, bytes]) -> None:
        assert raster.read(samples["progressive.jpg"]).progressive
        assert not raster.read(samples["rgb.jpg"]).progressive

    def test_pictures_of_an_mpo_are_counted(self, samples: dict[str, bytes]) -> None:
        facts = raster.read(samples["several.mpo"])
        assert (facts.format, facts.frames, facts.animated) == ("JPEG", 3, False)

    def test_a_camera_that_says_srgb_in_exif(self, rgb: Image.Image, encoded: Build) -> None:
        exif = Image.Exif()
        exif.get_ifd(0x8769)[0xA001] = 1
        assert raster.read(encoded(rgb, "JPEG", exif=exif)).colour_tag == "sRGB"

    def test_fill_and_stray_bytes_between_segments_do_no_harm(self, samples: dict[str, bytes]) -> None:
        data = samples["rgb.jpg"]
        assert raster.read(data[:2] + b"\xff\xff\xff" + data[2:]) == raster.read(data)
        assert raster.read(data[:20] + b"\0\0" + data[20:]).width_px == 40

    def test_a_cut_jpeg_is_told_from_one_with_something_behind(self, samples: dict[str, bytes]) -> None:
        data = samples["rgb.jpg"]
        assert raster.read(data[:-40]).damage == ("it is cut short: the end of the picture (EOI) is missing",)
        assert raster.read(data + b"film" * 100).damage == ()

    def test_a_height_that_follows_the_picture_is_refused(self, samples: dict[str, bytes]) -> None:
        data = bytearray(samples["gray.jpg"])
        frame = data.index(b"\xff\xc0")
        data[frame + 5 : frame + 7] = b"\0\0"
        with pytest.raises(UnreadableFile, match="DNL"):
            raster.read(bytes(data))


class TestPng:
    @pytest.mark.parametrize(
        ("name", "mode", "bits", "channels", "alpha"),
        [
            ("clear.png", "RGBA", 8, 4, True),
            ("gray-alpha.png", "LA", 8, 2, True),
            ("keyed.png", "RGB", 8, 3, True),
            ("indexed.png", "P", 8, 1, True),
            ("two-bit.png", "P", 2, 1, False),
            ("bilevel.png", "1", 1, 1, False),
            ("deep.png", "L", 16, 1, False),
        ],
    )
    def test_kinds(
        self, samples: dict[str, bytes], name: str, mode: str, bits: int, channels: int, alpha: bool
    ) -> None:
        facts = raster.read(samples[name])
        assert (facts.mode, facts.bits, facts.channels, facts.alpha) == (mode, bits, channels, alpha)

    def test_frames_of_an_animation(self, samples: dict[str, bytes]) -> None:
        facts = raster.read(samples["moving.png"])
        assert (facts.frames, facts.animated) == (3, True)

    def test_srgb_is_a_colour_space_by_name(self, samples: dict[str, bytes], chunk: Build) -> None:
        data = samples["clear.png"]
        facts = raster.read(data[:33] + chunk(b"sRGB", b"\0") + data[33:])
        assert (facts.icc, facts.colour_tag) == (None, "sRGB")

    def test_exif_behind_the_picture_is_found(self, samples: dict[str, bytes], chunk: Build) -> None:
        data = samples["clear.png"]
        turn = b"II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\5\0\0\0\0\0\0\0"
        assert raster.read(data[:-12] + chunk(b"eXIf", turn) + data[-12:]).orientation == 5

    def test_a_profile_that_cannot_be_inflated_is_said(self, samples: dict[str, bytes], chunk: Build) -> None:
        data = samples["clear.png"]
        for body, what in (
            (b"Mine\0\0rubbish", "cannot be inflated"),
            (b"Mine\0\1", "unknown method, 1"),
            (b"Mine\0\0" + zlib.compress(bytes(5 << 20)), "larger than 4 MiB"),
            (b"Mine", "cut short"),
        ):
            profile = raster.read(data[:33] + chunk(b"iCCP", body) + data[33:]).icc
            assert profile is not None
            assert profile.description == "Mine"
            assert profile.damage is not None
            assert what in profile.damage

    def test_a_cut_png_says_where(self, samples: dict[str, bytes]) -> None:
        data = samples["rgb.png"]
        (damage,) = raster.read(data[: len(data) // 2 + 400]).damage
        assert damage.startswith("it is cut short: its IDAT at byte")
        assert raster.read(data + b"behind").damage == ()
        assert raster.read(data[: data.index(b"IDAT") - 4]).damage == (
            "it is cut short: there is no picture data (IDAT)",
        )

    def test_a_wrong_checksum_of_the_header_is_said(self, samples: dict[str, bytes]) -> None:
        data = bytearray(samples["rgb.png"])
        data[19] ^= 1
        assert raster.read(bytes(data)).damage == ("the checksum of its header (IHDR) is wrong",)

    def test_a_depth_that_png_does_not_know(self, samples: dict[str, bytes]) -> None:
        data = bytearray(samples["rgb.png"])
        data[24] = 4
        with pytest.raises(UnreadableFile, match="colour type 2 with 4 bits"):
            raster.read(bytes(data))


class TestTiff:
    @pytest.mark.parametrize("order", ["<", ">"])
    @pytest.mark.parametrize("big", [False, True])
    def test_both_byte_orders_and_both_sizes(self, tiff: Build, order: str, big: bool) -> None:
        density = {282: (RATIONAL, (300, 1)), 283: (RATIONAL, (300, 1)), 274: (SHORT, (8,))}
        facts = raster.read(tiff(density, {}, order=order, big=big))
        assert (facts.width_px, facts.bits, facts.frames, facts.orientation) == (4, 8, 2, 8)
        assert facts.density == (300, 300)
        assert facts.damage == ()

    def test_sixteen_bit_cmyk(self, tiff: Build) -> None:
        facts = raster.read(tiff({258: (SHORT, (16,) * 4), 262: (SHORT, (5,)), 277: (SHORT, (4,))}))
        assert (facts.mode, facts.bits, facts.channels) == ("CMYK", 16, 4)

    def test_separations_that_are_not_cmyk(self, tiff: Build) -> None:
        six = {258: (SHORT, (8,) * 6), 262: (SHORT, (5,)), 277: (SHORT, (6,)), 332: (SHORT, (2,)), 334: (SHORT, (6,))}
        facts = raster.read(tiff(six))
        assert (facts.colour_model, facts.channels) == ("spot", 6)

    @pytest.mark.parametrize(("kind", "alpha"), [(0, False), (1, True), (2, True)])
    def test_a_further_channel_is_alpha_only_if_it_says_so(self, tiff: Build, kind: int, alpha: bool) -> None:
        facts = raster.read(
            tiff({258: (SHORT, (8,) * 5), 262: (SHORT, (5,)), 277: (SHORT, (5,)), 338: (SHORT, (kind,))})
        )
        assert (facts.colour_model, facts.channels, facts.alpha) == ("cmyk", 5, alpha)

    def test_old_style_jpeg_without_the_number_of_samples(self, tiff: Build) -> None:
        facts = raster.read(tiff({258: (SHORT, (8, 8, 8)), 259: (SHORT, (6,)), 262: (SHORT, (6,))}))
        assert (facts.compression, facts.mode, facts.channels) == ("JPEG (old-style)", "RGB", 3)

    def test_tiles(self, tiff: Build) -> None:
        tiled = {322: (SHORT, (16,)), 323: (SHORT, (16,)), 324: (LONG, (8,)), 325: (LONG, (64,))}
        assert raster.read(tiff(tiled)).tiled is True
        assert raster.read(tiff()).tiled is False

    def test_thumbnails_and_masks_are_no_pages(self, tiff: Build) -> None:
        assert raster.read(tiff({}, {254: (LONG, (1,))}, {254: (LONG, (4,))}, {254: (LONG, (2,))})).frames == 2

    def test_a_density_without_unit_is_no_density(self, tiff: Build) -> None:
        plain = {282: (RATIONAL, (300, 1)), 283: (RATIONAL, (300, 1)), 296: (SHORT, (1,))}
        assert raster.read(tiff(plain)).density is None
        assert raster.read(tiff(plain | {296: (SHORT, (2,)), 283: (RATIONAL, (300, 0))})).density is None

    def test_jpeg_tables_that_strips_share(self, samples: dict[str, bytes]) -> None:
        facts = raster.read(samples["jpeg.tif"])
        assert facts.compression == "JPEG"
        assert facts.quantisation

    def test_pixels_beyond_the_end_are_said(self, tiff: Build) -> None:
        whole = tiff()
        (damage,) = raster.read(tiff({279: (LONG, (5000,))})).damage
        assert damage == f"it is cut short: its pixels reach to byte 5008, it has {len(whole)}"

    def test_pages_in_a_circle_end(self, tiff: Build) -> None:
        data = bytearray(tiff({}, {}))
        data[-4:] = data[4:8]
        facts = raster.read(bytes(data))
        assert (facts.frames, facts.damage) == (2, ("its chain of pages runs in a circle after page 2",))

    def test_a_page_outside_the_file_is_said(self, tiff: Build) -> None:
        data = tiff()[:-4] + struct.pack("<I", 1 << 30)
        assert raster.read(data).damage == ("its page 2 lies outside the file",)

    def test_a_camera_raw_is_refused_with_a_hint(self, tiff: Build) -> None:
        with pytest.raises(UnreadableFile, match="raw") as raised:
            raster.read(tiff({50706: bytes((1, 4, 0, 0))}))
        assert raised.value.hint.startswith("Develop it")

    def test_a_missing_kind_of_colour_is_said(self, tiff: Build) -> None:
        assert raster.read(tiff({262: (SHORT, (99,))})).damage == (
            "its kind of colour (PhotometricInterpretation) 99 is not known",
        )


class TestWebp:
    @pytest.mark.parametrize(
        ("name", "compression", "alpha"),
        [
            ("lossy.webp", "WebP", False),
            ("lossless.webp", "WebP lossless", False),
            ("clear.webp", "WebP lossless", True),
            ("clear-lossy.webp", "WebP", True),
        ],
    )
    def test_kinds(self, samples: dict[str, bytes], name: str, compression: str, alpha: bool) -> None:
        facts = raster.read(samples[name])
        assert (facts.compression, facts.alpha, facts.width_px, facts.height_px) == (compression, alpha, 40, 30)

    def test_exif_and_profile(self, samples: dict[str, bytes]) -> None:
        facts = raster.read(samples["lossy.webp"])
        assert (facts.orientation, facts.density) == (3, (240, 240))
        assert facts.icc is not None
        assert facts.icc.colour_space == "RGB"

    def test_frames(self, samples: dict[str, bytes]) -> None:
        facts = raster.read(samples["moving.webp"])
        assert (facts.frames, facts.animated) == (3, True)

    def test_a_cut_file_is_said(self, samples: dict[str, bytes]) -> None:
        (damage,) = raster.read(samples["lossless.webp"][:-30]).damage
        assert damage.startswith("it is cut short")


class TestGif:
    def test_frames_and_transparency(self, samples: dict[str, bytes]) -> None:
        moving, clear = raster.read(samples["moving.gif"]), raster.read(samples["clear.gif"])
        assert (moving.frames, moving.animated, clear.frames, clear.alpha) == (3, True, 1, True)

    def test_a_gray_palette_is_gray(self, rgb: Image.Image, encoded: Build) -> None:
        facts = raster.read(encoded(rgb.convert("L"), "GIF"))
        assert (facts.colour_model, facts.palette, facts.mode) == ("gray", True, "P")

    def test_a_cut_file_is_said(self, samples: dict[str, bytes]) -> None:
        (damage,) = raster.read(samples["still.gif"][:-20]).damage
        assert damage.startswith("it is cut short or damaged after frame 1")


class TestBmp:
    def test_os2_header(self) -> None:
        data = b"BM" + struct.pack("<I4xIIHHHH", 26 + 24, 26, 12, 2, 3, 1, 24) + bytes(24)
        facts = raster.read(data)
        assert (facts.width_px, facts.height_px, facts.mode, facts.density, facts.damage) == (2, 3, "RGB", None, ())

    def test_rows_from_the_top(self) -> None:
        data = b"BM" + struct.pack("<I4xIIiiHHIIiiII", 78, 54, 40, 2, -3, 1, 24, 0, 0, 11811, 11811, 0, 0) + bytes(24)
        facts = raster.read(data)
        assert facts.height_px == 3
        assert facts.density is not None
        assert facts.density[0] == pytest.approx(300, abs=0.01)

    def test_masks_tell_depth_and_alpha(self) -> None:
        masks = struct.pack("<III", 0xF800, 0x07E0, 0x001F)
        head = struct.pack("<I4xIIiiHHIIiiII", 82, 66, 40, 2, 2, 1, 16, 3, 0, 0, 0, 0, 0)
        facts = raster.read(b"BM" + head + masks + bytes(8))
        assert (facts.bits, facts.channels, facts.alpha) == (6, 3, False)
        info = struct.pack("<IiiHHIIiiIIIIII", 56, 2, 2, 1, 32, 3, 0, 0, 0, 0, 0, 255 << 16, 255 << 8, 255, 255 << 24)
        clear = raster.read(b"BM" + struct.pack("<I4xI", 86, 70) + info + bytes(16))
        assert (clear.mode, clear.bits, clear.alpha) == ("RGBA", 8, True)

    def test_the_fourth_byte_without_a_mask_is_no_alpha(self, samples: dict[str, bytes]) -> None:
        assert raster.read(samples["reserved.bmp"]).mode == "RGB"

    def test_version_5_profile(self, srgb_icc: bytes) -> None:
        info = struct.pack("<IiiHHIIiiII", 124, 2, 2, 1, 24, 0, 0, 0, 0, 0, 0)
        space = bytes(16) + b"DEBM" + bytes(48) + struct.pack("<IIII", 4, 124, len(srgb_icc), 0)
        data = b"BM" + struct.pack("<I4xI", 0, 138 + len(srgb_icc)) + info + space + srgb_icc + bytes(16)
        profile = raster.read(data).icc
        assert profile is not None
        assert (profile.colour_space, profile.damage) == ("RGB", None)

    def test_version_4_names_srgb(self, samples: dict[str, bytes]) -> None:
        info = struct.pack("<IiiHHIIiiII", 108, 2, 2, 1, 24, 0, 0, 0, 0, 0, 0)
        data = b"BM" + struct.pack("<I4xI", 138, 122) + info + bytes(16) + b"BGRs" + bytes(48) + bytes(16)
        assert raster.read(data).colour_tag == "sRGB"
        assert raster.read(samples["rgb.bmp"]).colour_tag is None

    def test_gray_and_bilevel_palettes(self, samples: dict[str, bytes]) -> None:
        assert raster.read(samples["gray.bmp"]).colour_model == "gray"
        assert raster.read(samples["bilevel.bmp"]).bits == 1
        assert raster.read(samples["indexed.bmp"]).colour_model == "rgb"

    def test_a_cut_file_is_said(self, samples: dict[str, bytes]) -> None:
        (damage,) = raster.read(samples["rgb.bmp"][:-8]).damage
        assert damage.startswith("it is cut short: 3600 bytes of pixels are needed at byte 54")


class TestPsd:
    @pytest.mark.parametrize(
        ("mode", "channels", "model"),
        [(1, 1, "gray"), (2, 1, "rgb"), (3, 3, "rgb"), (4, 4, "cmyk"), (7, 2, "spot"), (8, 1, "spot"), (9, 3, "lab")],
    )
    @pytest.mark.parametrize("big", [False, True])
    def test_modes(self, psd: Build, mode: int, channels: int, model: str, big: bool) -> None:
        facts = raster.read(psd(mode, channels, big=big))
        assert (facts.format, facts.colour_model, facts.palette) == ("PSB" if big else "PSD", model, mode == 2)
        assert (facts.width_px, facts.height_px, facts.channels, facts.damage) == (6, 4, channels, ())

    def test_resolution_and_profile(self, samples: dict[str, bytes]) -> None:
        facts = raster.read(samples["rgb.psd"])
        assert facts.density == (300, 300)
        assert facts.icc is not None
        assert facts.icc.device_class == "display"

    @pytest.mark.parametrize("big", [False, True])
    def test_a_further_channel_is_transparency_only_if_the_layers_say_so(self, psd: Build, big: bool) -> None:
        assert not raster.read(psd(3, 4, big=big)).alpha
        assert not raster.read(psd(3, 4, big=big, layers=2)).alpha
        assert raster.read(psd(3, 4, big=big, layers=-2)).alpha
        assert raster.read(psd(3, 4, big=big, depth=16, deep_layers=-1)).alpha
        assert not raster.read(psd(3, 4, big=big, depth=16, deep_layers=1)).alpha

    def test_a_file_without_merged_picture_is_said(self, psd: Build) -> None:
        version = struct.pack(">IB", 1, 0) + bytes(12)
        (damage,) = raster.read(psd(resources={1057: version})).damage
        assert "without a merged picture" in damage
        assert raster.read(psd(resources={1057: struct.pack(">IB", 1, 1)})).damage == ()

    def test_a_cut_file_is_said(self, psd: Build) -> None:
        assert raster.read(psd()[:34]).damage == ("it is cut short: the merged picture is missing",)


class TestJpeg2000:
    def test_box_and_bare_codestream(self, samples: dict[str, bytes]) -> None:
        boxed, bare = raster.read(samples["rgb.jp2"]), raster.read(samples["bare.j2k"])
        assert (boxed.width_px, boxed.bits, boxed.mode, boxed.colour_tag) == (40, 8, "RGB", "sRGB")
        assert (bare.width_px, bare.bits, bare.mode, bare.colour_tag) == (40, 8, "RGB", None)

    def test_alpha(self, samples: dict[str, bytes]) -> None:
        assert raster.read(samples["clear.jp2"]).alpha
        assert not raster.read(samples["rgb.jp2"]).alpha

    def test_density_profile_and_cmyk(self, samples: dict[str, bytes], box: Build, srgb_icc: bytes) -> None:
        data = samples["rgb.jp2"]
        start = data.index(b"jp2h") - 4
        (length,) = struct.unpack_from(">I", data, start)
        stream = data[start + length :]
        # 11811 pixels a metre across, 5905.5 down.
        resolution = box(b"res ", box(b"resc", struct.pack(">HHHHbb", 59055, 10, 11811, 1, 0, 0)))
        embedded = box(b"jp2h", box(b"colr", b"\2\0\0" + srgb_icc) + resolution)
        facts = raster.read(data[:start] + embedded + stream)
        assert facts.density == pytest.approx((300, 150), abs=0.01)
        assert facts.icc is not None
        assert facts.icc.bytes == len(srgb_icc)
        cmyk = box(b"jp2h", box(b"colr", b"\1\0\0" + struct.pack(">I", 12)))
        assert raster.read(data[:start] + cmyk + stream).colour_model == "cmyk"

    def test_a_cut_file_is_said(self, samples: dict[str, bytes]) -> None:
        for name in ("rgb.jp2", "bare.j2k"):
            (damage,) = raster.read(samples[name][:-30]).damage
            assert damage.startswith("it is cut short")
