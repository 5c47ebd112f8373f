"""Which RGB colours of a page the press cannot reach: converted for the press, looked at again, and compared."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from makeready.colour.cie import ciede2000
from makeready.facts import OutOfGamut, Page, Paint, Rect
from makeready.icc import read_header
from makeready.pdf.ink import Axis, grid, inside_bleed, pixels, render_page
from makeready.pdf.press_page import whole_page
from makeready.units import Percent

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pikepdf

    Floats = npt.NDArray[np.float64]
    Bytes = npt.NDArray[np.uint8]
    Flags = npt.NDArray[np.bool_]

#: Colours further apart than this, by CIEDE2000, are seen as different side by side.
NOTICED = 5.0
#: Colours are judged in steps of this many levels of 256: less than a unit of colour difference.
_STEP_BITS = 3
#: Where paint is that no press prints.
_NOT_PRINTED = ("soft mask group", "annotation that does not print")
#: Places with less than this share of unreachable pixels are not shown.
_SHOWN = 0.01
_MOST_PLACES = 16


class Proof:
    """A press profile to look at colours through."""

    def __init__(self, profile: bytes, condition: str) -> None:
        """Take a profile.

        Raises:
            ValueError: it is damaged, or not a press's.
        """
        import numpy as np
        from PIL import ImageCms

        self.condition = condition
        try:
            press = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            screen, eye = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
            # Compensated both ways, so that it is colours that are compared and not how black the blacks are.
            how = (ImageCms.Intent.RELATIVE_COLORIMETRIC, ImageCms.Flags.BLACKPOINTCOMPENSATION)
            self._seen = ImageCms.buildTransform(screen, eye, "RGB", "LAB", *how)
            self._printed = ImageCms.buildTransform(screen, press, "RGB", "CMYK", *how)
            self._proofed = ImageCms.buildTransform(press, eye, "CMYK", "LAB", *how)
            self.differences(np.zeros((1, 3), np.uint8))  # some faults only show when it is used
        except (ImageCms.PyCMSError, OSError) as error:
            raise ValueError(f"The output intent's profile is of no use: {error}") from error

    def differences(self, rgb: Bytes) -> Floats:
        """How far each colour (rows of red, green, blue) is from what the press makes of it: CIEDE2000."""
        from PIL import Image, ImageCms

        picture = Image.fromarray(rgb.reshape(1, -1, 3))
        seen = ImageCms.applyTransform(picture, self._seen)
        printed = ImageCms.applyTransform(picture, self._printed)
        assert printed is not None  # only a conversion in place returns nothing
        proofed = ImageCms.applyTransform(printed, self._proofed)
        return ciede2000(_lab(seen), _lab(proofed))


def proof(pdf: pikepdf.Pdf) -> Proof | None:
    """The first output intent that has a CMYK profile which can be used, or ``None``."""
    import pikepdf

    found = pdf.Root.get("/OutputIntents")
    for intent in found if isinstance(found, pikepdf.Array) else ():
        profile = intent.get("/DestOutputProfile") if isinstance(intent, pikepdf.Dictionary) else None
        if not isinstance(profile, pikepdf.Stream):
            continue
        try:
            data = bytes(profile.read_bytes())
            header = read_header(data)
            if header.colour_space == "CMYK" and header.damage is None:
                named = intent.get("/OutputConditionIdentifier") or intent.get("/OutputCondition")
                return Proof(data, str(named or header.description or "the output intent"))
        except (pikepdf.PdfError, ValueError):  # COL103 judges the profile; here it is only of no use
            continue
    return None


def out_of_gamut(
    document: Any, page: Page, paints: Iterable[Paint], press: Callable[[], Proof | None]
) -> Iterator[OutOfGamut]:
    """What the press cannot reach of a page's RGB, if it has any; ``document`` is MuPDF's PDF document.

    ``press`` is asked for where there is RGB: making one takes longer than looking at most pages.
    """
    places = [
        place
        for paint in paints
        if paint.colour.model == "rgb" and not paint.slug and paint.within not in _NOT_PRINTED
        for place in paint.places
    ]
    zone = inside_bleed(page)
    through = press() if zone is not None and places else None
    if zone is None or through is None:
        return
    across, up = grid(zone, 3)
    rgb = _screen(document, page, across, up)
    spots = [_cells(place, across, up) for place in places]
    judged = _judged(rgb, spots)
    if not judged.any():
        return
    difference = _by_colour(rgb[judged], through.differences)
    lost = judged.copy()
    lost[judged] = difference > NOTICED
    yield OutOfGamut(
        page=page.number,
        share=Percent(100 * float((difference > NOTICED).mean())),
        worst=float(difference.max()),
        condition=through.condition,
        places=_worst_places(places, spots, lost),
    )


def _screen(document: Any, page: Page, across: Axis, up: Axis) -> Bytes:
    """The page in sRGB, transparency mixed there too.

    A page group in the press's colours would hide which RGB there was, and without a group MuPDF takes the output
    intent for one. So the page gets a group in RGB while it is drawn.
    """
    from pymupdf import mupdf

    drawn = whole_page(mupdf, document, page.number)
    native = mupdf.pdf_lookup_page_obj(document, page.number - 1)
    group = mupdf.pdf_dict_gets(native, "Group")
    pixmap = mupdf.fz_new_pixmap_with_bbox(
        mupdf.fz_device_rgb(), mupdf.FzIrect(0, 0, across.cells, up.cells), mupdf.FzSeparations(), 0
    )
    mupdf.fz_clear_pixmap_with_value(pixmap, 255)
    mixed = mupdf.pdf_new_dict(document, 2)
    mupdf.pdf_dict_puts(mixed, "S", mupdf.pdf_new_name("Transparency"))
    mupdf.pdf_dict_puts(mixed, "CS", mupdf.pdf_new_name("DeviceRGB"))
    mupdf.pdf_dict_puts(native, "Group", mixed)
    try:
        render_page(mupdf, drawn, page, pixmap, across, up)
    finally:
        if group.m_internal:
            mupdf.pdf_dict_puts(native, "Group", group)
        else:
            mupdf.pdf_dict_dels(native, "Group")
    return pixels(mupdf, pixmap)


def _cells(place: Rect, across: Axis, up: Axis) -> tuple[slice, slice]:
    """The pixels that a place covers, rows first."""

    def span(low: float, high: float, axis: Axis) -> slice:
        first = min(max(round((low - axis.start) / axis.step), 0), axis.cells)
        return slice(first, min(max(round((high - axis.start) / axis.step), first), axis.cells))

    return span(place.y0, place.y1, up), span(place.x0, place.x1, across)


def _judged(rgb: Bytes, spots: Iterable[tuple[slice, slice]]) -> Flags:
    """The pixels in those spots that are not paper."""
    import numpy as np

    inside = np.zeros(rgb.shape[:2], dtype=bool)
    for spot in spots:
        inside[spot] = True
    flags: Flags = inside & (rgb.min(axis=2) < 255)
    return flags


def _by_colour(rgb: Bytes, judge: Callable[[Bytes], Floats]) -> Floats:
    """What each pixel is judged as, working it out once a colour: pixels of nearly one colour share their mean."""
    import numpy as np

    steps = (rgb >> _STEP_BITS).astype(np.int64)
    per_channel = 256 >> _STEP_BITS
    keys = (steps[:, 0] * per_channel + steps[:, 1]) * per_channel + steps[:, 2]
    seen, colour_of, count = np.unique(keys, return_inverse=True, return_counts=True)
    means = [np.bincount(colour_of, weights=rgb[:, channel], minlength=len(seen)) / count for channel in range(3)]
    judged: Floats = judge(np.stack(means, axis=1).round().astype(np.uint8))[colour_of]
    return judged


def _worst_places(places: Sequence[Rect], spots: Sequence[tuple[slice, slice]], lost: Flags) -> tuple[Rect, ...]:
    """The places with the most that is out of reach, the worst first."""
    amounts = [int(lost[spot].sum()) for spot in spots]
    order = sorted(range(len(places)), key=lambda n: -amounts[n])
    return tuple(places[n] for n in order if amounts[n] > _SHOWN * lost[spots[n]].size)[:_MOST_PLACES]


def _lab(picture: Any) -> Floats:
    """CIE Lab from Pillow's eight bits: lightness in 255 steps, a and b as signed bytes."""
    import numpy as np

    raw = np.asarray(picture)[0]
    shades = np.ascontiguousarray(raw[:, 1:]).view(np.int8).astype(np.float64)
    return np.concatenate([raw[:, :1] * (100 / 255), shades], axis=1)
