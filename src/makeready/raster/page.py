"""A raster file as artwork: one page, one picture that fills it."""

from __future__ import annotations

import os
from pathlib import Path

from makeready.facts import Artwork, Boxes, Colour, EmbeddedProfile, Page, Paint, PlacedImage, Raster, Rect
from makeready.raster.header import COMPONENTS
from makeready.units import Resolution, Size

_SPACES = {"gray": "Gray", "rgb": "RGB", "cmyk": "CMYK", "lab": "Lab", "spot": "DeviceN"}
_FAMILIES = {"gray": "DeviceGray", "rgb": "DeviceRGB", "cmyk": "DeviceCMYK", "lab": "Lab", "spot": "DeviceN"}


def artwork(path: str | os.PathLike[str], raster: Raster, *, bytes: int, canvas: Size | None = None) -> Artwork:
    """Place the picture on its page: the canvas it is printed at, else the size its own density says.

    Args:
        path: the file; its name is the picture's name. Nothing is read.
        raster: what its header says.
        bytes: the size of the file.
        canvas: the printed size, if it is known. The picture fills it, as shown, whatever its shape; what reaches past
            it equally on all sides, by the picture's own density, is bleed.
    """
    name = Path(path).name
    size = canvas or _own_size(raster)
    box = (0.0, 0.0, float(size.width), float(size.height)) if size else None
    shown = Rect(*box) if box else None
    place = shown
    if shown and canvas and (bleed := raster.bleed(canvas)):  # it lies outside of the canvas
        place = Rect(-bleed, -bleed, shown.x1 + bleed, shown.y1 + bleed)
    picture = PlacedImage(
        page=1,
        name=name,
        object=None,
        width_px=raster.width_px,
        height_px=raster.height_px,
        bits=raster.bits,
        colour_space=_space(raster),
        compression=raster.compression,
        ppi_x=_ppi(raster.shown_px[0], place.width) if place else None,
        ppi_y=_ppi(raster.shown_px[1], place.height) if place else None,
        mask=False,
        soft_mask=raster.alpha,
        place=place,
        visible=shown,
        # As displayed: a picture that EXIF turns or mirrors is upright on the page.
        right=(float(place.width), 0.0) if place else None,
        up=(0.0, float(place.height)) if place else None,
    )
    colour = Colour(space=_space(raster), family=_family(raster), model=raster.colour_model)
    return Artwork(
        kind="raster",
        format=raster.format,
        bytes=bytes,
        pages=(Page(number=1, boxes=Boxes(media=box)),),
        images=(picture,),
        paints=(Paint(page=1, what="image", colour=colour, count=1, places=(shown,) if shown else ()),),
        profiles=_profiles(raster, name),
        raster=raster,
        canvas=canvas,
        page_count=1,
        damage=raster.damage,
        extension=Path(path).suffix.lower().removeprefix("."),
    )


def _own_size(raster: Raster) -> Size | None:
    """The size in points at the file's own density, as shown."""
    if raster.density is None:
        return None
    across, down = (72 * px / ppi for px, ppi in zip((raster.width_px, raster.height_px), raster.density, strict=True))
    return Size(down, across) if raster.turned else Size(across, down)


def _ppi(pixels: int, length: float) -> Resolution:
    return Resolution(pixels * 72 / length)


def _space(raster: Raster) -> str:
    if raster.palette:
        return "Indexed"
    return "Bilevel" if raster.mode == "1" else _SPACES[raster.colour_model]


def _family(raster: Raster) -> str:
    """The PDF family of the colour. A file that names sRGB is as well defined as one that embeds it."""
    if raster.icc is not None or raster.colour_tag is not None:
        return "ICCBased"
    return "Indexed" if raster.palette else _FAMILIES[raster.colour_model]


def _profiles(raster: Raster, name: str) -> tuple[EmbeddedProfile, ...]:
    if raster.icc is None:
        return ()
    channels = COMPONENTS.get(raster.colour_model, raster.channels)
    return (EmbeddedProfile(profile=raster.icc, channels=channels, object=None, used_by=name),)
