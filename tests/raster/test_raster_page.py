"""A raster file as artwork: size on paper, resolution, colour."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from makeready import raster
from makeready.facts import Artwork, as_data
from makeready.units import Size

Build = Callable[..., bytes]


def placed(data: bytes, name: str = "jobs/Poster.JPG", canvas: str | None = None) -> Artwork:
    """The file as artwork."""
    size = Size.parse(canvas) if canvas else None
    return raster.artwork(name, raster.read(data), bytes=len(data), canvas=size)


def test_its_own_density_gives_the_page(samples: dict[str, bytes]) -> None:
    artwork = placed(samples["rgb.jpg"])  # 40 × 30 px at 300 × 150 ppi
    assert artwork.pages[0].boxes.media == pytest.approx((0, 0, 9.6, 14.4))
    assert (artwork.images[0].ppi_x, artwork.images[0].ppi_y) == (300, 150)
    assert (artwork.kind, artwork.format, artwork.page_count, artwork.extension) == ("raster", "JPEG", 1, "jpg")
    assert artwork.bytes == len(samples["rgb.jpg"])


def test_a_canvas_overrides_the_density(samples: dict[str, bytes]) -> None:
    artwork = placed(samples["rgb.jpg"], canvas="0.4 x 0.1 in")
    assert (artwork.images[0].ppi_x, artwork.images[0].ppi_y) == (pytest.approx(100), pytest.approx(300))
    assert artwork.pages[0].size == Size.parse("0.4 x 0.1 in")
    assert artwork.images[0].short_side == pytest.approx(7.2)


def test_a_quarter_turn_counts_as_shown(samples: dict[str, bytes]) -> None:
    image = placed(samples["turned.jpg"], canvas="3 x 4 in").images[0]
    assert (image.width_px, image.height_px) == (40, 30)
    assert (image.ppi_x, image.ppi_y) == (10, 10)
    own = placed(samples["turned.jpg"]).pages[0].boxes.media  # 240 ppi
    assert own == pytest.approx((0, 0, 30 * 72 / 240, 40 * 72 / 240))


def test_without_density_and_canvas_nothing_is_known(samples: dict[str, bytes]) -> None:
    artwork = placed(samples["gray.jpg"])
    assert artwork.pages[0].boxes.media is None
    assert artwork.images[0].resolution is None
    assert artwork.images[0].place is None


@pytest.mark.parametrize(
    ("name", "space", "family", "model"),
    [
        ("rgb.jpg", "RGB", "ICCBased", "rgb"),
        ("progressive.jpg", "RGB", "DeviceRGB", "rgb"),
        ("cmyk.jpg", "CMYK", "DeviceCMYK", "cmyk"),
        ("gray.jpg", "Gray", "DeviceGray", "gray"),
        ("bilevel.png", "Bilevel", "DeviceGray", "gray"),
        ("indexed.png", "Indexed", "Indexed", "rgb"),
        ("lab.tif", "Lab", "Lab", "lab"),
        ("rgb.jp2", "RGB", "ICCBased", "rgb"),
    ],
)
def test_colour(samples: dict[str, bytes], name: str, space: str, family: str, model: str) -> None:
    artwork = placed(samples[name])
    (paint,) = artwork.paints
    assert (paint.what, paint.colour.space, paint.colour.family, paint.colour.model) == ("image", space, family, model)
    assert artwork.images[0].colour_space == space


def test_the_profile_hangs_on_the_picture(samples: dict[str, bytes]) -> None:
    (embedded,) = placed(samples["rgb.jpg"]).profiles
    assert (embedded.channels, embedded.used_by, embedded.profile.colour_space) == (3, "Poster.JPG", "RGB")
    assert placed(samples["cmyk.jpg"]).profiles == ()


def test_json_has_plain_boxes_and_numbers(samples: dict[str, bytes]) -> None:
    data = as_data(placed(samples["rgb.png"]))
    assert data["pages"][0]["boxes"]["media"] == [0.0, 0.0, 9.6, 7.2]
    image = data["images"][0]
    assert (image["name"], image["width_px"], image["compression"]) == ("Poster.JPG", 40, "Deflate")
    assert (image["mask"], image["soft_mask"], image["object"]) == (False, False, None)


def test_transparency_is_a_soft_mask(samples: dict[str, bytes]) -> None:
    assert placed(samples["clear.png"]).images[0].soft_mask
