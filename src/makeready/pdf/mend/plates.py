"""Parts of a page as pictures of its plates: the inks of the press, and spots that stay spots.

MuPDF draws a region to a plane for each ink, overprint simulated, as a platesetter would. The planes become one
picture: DeviceCMYK, or DeviceN where spots are in it; on pages that know no inks, RGB or gray.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pikepdf import Array, Dictionary, Name, Pdf, PdfError, Stream

from makeready.changes import Refusal
from makeready.colour import littlecms
from makeready.facts import Rect
from makeready.pdf.colour import PROCESS_INKS
from makeready.pdf.ink import press_space
from makeready.pdf.mend.functions import sampled
from makeready.pdf.mend.samples import deflated
from makeready.pdf.press_page import to_user_space, whole_page

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

Model = Literal["gray", "rgb", "cmyk"]
COMPONENTS: dict[Model, int] = {"gray": 1, "rgb": 3, "cmyk": 4}
_SPACES: dict[Model, Name] = {"gray": Name.DeviceGray, "rgb": Name.DeviceRGB, "cmyk": Name.DeviceCMYK}
#: Samples of a band: what is held in memory at a time, with MuPDF's own copies for groups.
_BAND = 16_000_000
#: MuPDF counts pixels in 32 bits, and its coordinates are floats: past this they are no longer exact.
_LONGEST = 200_000
#: The most entries of the table that says how spots look where there is no plate for them.
_TABLE = 65_536
#: How MuPDF is to show a spot that has no plate: opaque black. Every spot it is told of has one.
_ANY_COLOUR = 0xFF


@dataclass(frozen=True, slots=True)
class Mix:
    """What a page is mixed in."""

    model: Model
    #: The spots that may be on the page.
    spots: tuple[str, ...] = ()
    #: RGB that says which one it is: all that is calibrated becomes sRGB.
    calibrated: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """A region as it was drawn: deflated rows from the top, 8 bits, inks side by side."""

    data: bytes
    width_px: int
    height_px: int
    mix: Mix


def draw(document: Any, number: int, user_unit: float, area: Rect, ppi: float, mix: Mix, file: Path) -> Picture:
    """Draw a part of a page, without its annotations.

    Args:
        document: open in MuPDF.
        number: of the page, from 1.
        user_unit: of the page.
        area: what is drawn, in points.
        ppi: pixels per inch.
        mix: what it is drawn in; the picture has those spots that are in it.
        file: for the planes meanwhile; it is gone afterwards.

    Raises:
        Refusal: it would have too many pixels along a side, or the page cannot be drawn.
    """
    import numpy as np

    width, height = max(1, round(area.width * ppi / 72)), max(1, round(area.height * ppi / 72))
    if max(width, height) > _LONGEST:
        raise Refusal(f"a region would be {width} × {height} px at {ppi:g} ppi: ask for fewer pixels per inch")
    planes = COMPONENTS[mix.model] + len(mix.spots)
    used: set[int] = set(range(COMPONENTS[mix.model]))
    try:
        with file.open("wb") as raw:
            for band in _bands(document, number, user_unit, area, (width, height), mix):
                used.update(np.flatnonzero(band.reshape(-1, planes).max(axis=0)).tolist())
                raw.write(band.tobytes())
        kept = sorted(used)
        pixels: Any = np.memmap(file, np.uint8, "r", shape=(height, width, planes))
        if len(kept) < planes:
            pixels = pixels[:, :, : len(kept)] if kept == list(range(len(kept))) else pixels[:, :, kept]
        names = [mix.spots[plane - COMPONENTS[mix.model]] for plane in kept[COMPONENTS[mix.model] :]]
        return Picture(deflated(pixels), width, height, replace(mix, spots=tuple(names)))
    finally:
        file.unlink(missing_ok=True)


def _bands(
    document: Any, number: int, user_unit: float, area: Rect, size: tuple[int, int], mix: Mix
) -> Iterator[npt.NDArray[np.uint8]]:
    import numpy as np
    from pymupdf import mupdf

    width, height = size
    drawn = whole_page(mupdf, document, number)
    space = {
        "gray": mupdf.fz_device_gray,
        "rgb": mupdf.fz_device_rgb,
        "cmyk": lambda: press_space(document) or mupdf.fz_device_cmyk(),
    }[mix.model]()
    # None found is still a list: overprint hangs on it.
    separations = mupdf.fz_new_separations(0) if mix.model == "cmyk" else mupdf.FzSeparations()
    for place, spot in enumerate(mix.spots):
        mupdf.fz_add_separation_equivalents(separations, _ANY_COLOUR, _ANY_COLOUR, spot)
        mupdf.fz_set_separation_behavior(separations, place, mupdf.FZ_SEPARATION_SPOT)
    planes = COMPONENTS[mix.model] + len(mix.spots)
    across, down = width / area.width, height / area.height
    to_pixels = mupdf.fz_make_matrix(across, 0, 0, -down, -area.x0 * across, area.y1 * down)
    ctm = mupdf.fz_concat(to_user_space(mupdf, drawn, user_unit), to_pixels)
    rows = max(1, _BAND // (width * planes))
    for top in range(0, height, rows):
        band = mupdf.FzIrect(0, top, width, min(top + rows, height))
        pixmap = mupdf.fz_new_pixmap_with_bbox(space, band, separations, 0)
        if mix.model == "cmyk":
            mupdf.fz_clear_pixmap(pixmap)  # "with value" makes inks of it as if it were light
        else:
            mupdf.fz_clear_pixmap_with_value(pixmap, 255)
        device = mupdf.fz_new_draw_device(mupdf.FzMatrix(), pixmap)
        try:
            mupdf.pdf_run_page_contents_with_usage(drawn, device, ctm, "Print", mupdf.FzCookie())
            mupdf.fz_close_device(device)
        except Exception as error:  # MuPDF's own classes, and what its C++ layer makes of them
            raise Refusal(f"page {number} cannot be drawn whole: {error}") from error
        samples = np.frombuffer(mupdf.fz_pixmap_samples_memoryview(pixmap), np.uint8)
        yield samples.reshape(band.y1 - band.y0, width, planes)


def as_image(pdf: Pdf, picture: Picture, spaces: Mapping[str, Array]) -> Stream:
    """The picture as an image XObject.

    Args:
        pdf: the document.
        picture: what was drawn.
        spaces: the file's own Separation spaces of spots, by name: how they look where they have no plate.
    """
    planes = COMPONENTS[picture.mix.model] + len(picture.mix.spots)
    image = pdf.make_stream(
        picture.data,
        Type=Name.XObject,
        Subtype=Name.Image,
        Width=picture.width_px,
        Height=picture.height_px,
        BitsPerComponent=8,
        ColorSpace=_space(pdf, picture.mix, spaces),
    )
    image.Filter = Name.FlateDecode
    image.DecodeParms = Dictionary(Predictor=15, Colors=planes, Columns=picture.width_px, BitsPerComponent=8)
    return image


def _space(pdf: Pdf, mix: Mix, spaces: Mapping[str, Array]) -> Any:
    if mix.calibrated:
        profile = pdf.make_stream(littlecms.srgb(), N=3, Alternate=Name.DeviceRGB)
        return pdf.make_indirect(Array([Name.ICCBased, profile]))
    if not mix.spots:
        return _SPACES[mix.model]
    names = [Name(f"/{name}") for name in (*PROCESS_INKS, *mix.spots)]
    looks = [_looks(pdf, spaces.get(spot), _nodes(len(mix.spots))) for spot in mix.spots]
    known = {f"/{spot}": spaces[spot] for spot in mix.spots if spot in spaces}
    return pdf.make_indirect(
        Array(
            [Name.DeviceN, Array(names), Name.DeviceCMYK, _table(pdf, looks), Dictionary(Colorants=Dictionary(known))]
        )
    )


def _nodes(spots: int) -> int:
    """How many steps of each spot are in the table."""
    return max(2, min(17, int((_TABLE / 2 ** len(PROCESS_INKS)) ** (1 / spots))))


def _table(pdf: Pdf, looks: list[Floats]) -> Stream:
    """How all inks look together: each filters what the others leave, in each of cyan, magenta, yellow and black.

    The table needs but the ends of each process ink, for between them it is a straight line.
    """
    import numpy as np

    inked = len(PROCESS_INKS)
    left = np.ones((1, inked))
    # The first input changes fastest (ISO 32000-1, 7.10.2): each further one repeats all before it.
    for ink in range(inked):
        full = np.zeros((2, inked))
        full[1, ink] = 1
        left = ((1 - full)[:, None, :] * left[None]).reshape(-1, inked)
    for look in looks:
        left = ((1 - look)[:, None, :] * left[None]).reshape(-1, inked)
    sizes = (2,) * inked + tuple(len(look) for look in looks)
    return sampled(pdf, 1 - left, sizes, [0.0, 1.0] * len(sizes))


def _looks(pdf: Pdf, space: Array | None, nodes: int) -> Floats:
    """A spot's steps in process inks, as the file shows them; black where it does not say."""
    import numpy as np

    tints: Floats = np.linspace(0, 1, nodes)
    black: Floats = tints[:, None] * np.array([[0.0, 0, 0, 1]])
    if space is None:
        return black
    try:
        return _in_inks(pdf, space, tints)
    except (PdfError, ValueError):
        return black


def _in_inks(pdf: Pdf, space: Array, tints: Floats) -> Floats:
    """Tints in process inks, by MuPDF, which reads files: the space is taken to a file of its own."""
    import numpy as np
    import pymupdf
    from pymupdf import mupdf

    with Pdf.new() as alone:
        alone.add_blank_page()
        alone.Root.Spot = alone.copy_foreign(space if space.is_indirect else pdf.make_indirect(space))
        file = io.BytesIO()
        alone.save(file)
    with pymupdf.open(stream=file.getvalue(), filetype="pdf") as document:
        opened = mupdf.pdf_document_from_fz_document(document.this)
        root = mupdf.pdf_dict_gets(mupdf.pdf_trailer(opened), "Root")
        inks, nowhere, plain = mupdf.fz_device_cmyk(), mupdf.FzColorspace(), mupdf.FzColorParams()
        try:
            loaded = mupdf.pdf_load_colorspace(mupdf.pdf_dict_gets(root, "Spot"))
            rows = [mupdf.fz_convert_color(loaded, float(tint), inks, nowhere, plain) for tint in tints]
        except Exception as error:  # MuPDF raises many kinds for what is no colour space
            raise ValueError(f"the colour space cannot be read: {error}") from error
    found: Floats = np.array(rows, dtype=np.float64).clip(0, 1)
    return found
