"""Pages brought to the size that was ordered: scaled, and cropped or padded where the shapes differ too much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pikepdf import Object, Pdf

from makeready.facts import Page, Rect
from makeready.pdf.boxes import quarter_turns
from makeready.pdf.mend import wrap
from makeready.pdf.mend.move import in_units, move_annotations, rect, union, write_box, write_trim
from makeready.pdf.mend.streams import Matrix
from makeready.units import Length, Percent, Size

How = Literal["stretch", "crop", "pad"]


@dataclass(frozen=True, slots=True)
class Fit:
    """How a page gets to a size, across and along as it is displayed."""

    size: Size
    across: float
    along: float
    how: How

    @property
    def even(self) -> bool:
        """Both sides are scaled alike, as far as anybody can tell."""
        return abs(self.across / self.along - 1) < 1e-4


def distortion(page: Size, wanted: Size) -> Percent:
    """How much more one side is scaled than the other, to get from one size to another."""
    across, along = wanted.width / page.width, wanted.height / page.height
    return Percent((max(across, along) / min(across, along) - 1) * 100)


def turned_alike(page: Size, wanted: Size) -> Size:
    """The size as portrait or landscape, whichever is nearer to the shape of the page."""
    return min((wanted, Size(wanted.height, wanted.width)), key=lambda size: distortion(page, size))


def fit(page: Size, wanted: Size, how: How) -> Fit:
    """The factors for a page: of its own for each side, or the same for both."""
    across, along = wanted.width / page.width, wanted.height / page.height
    if how == "crop":
        across = along = max(across, along)
    elif how == "pad":
        across = along = min(across, along)
    return Fit(wanted, across, along, how)


def apply(pdf: Pdf, native: Object, page: Page, fit: Fit) -> None:
    """Scale a page: content, annotations and boxes.

    Raises:
        wrap.Unusable: the content cannot be read.
    """
    trim, media, unit = page.trim, page.media, page.user_unit
    assert trim is not None
    assert media is not None
    turned = quarter_turns(page) % 2 == 1
    across, along = (fit.along, fit.across) if turned else (fit.across, fit.along)
    matrix: Matrix = (across, 0.0, 0.0, along, 0.0, 0.0)
    width, height = (fit.size.height, fit.size.width) if turned else fit.size
    scaled = rect(matrix, trim)
    # The product is cut out of the middle of the page, or the page put into the middle of the product.
    product = _about_the_middle(scaled, width, height)
    clip = _clip(product, scaled, rect(matrix, media)) if fit.how == "pad" else None
    form = wrap.as_form(pdf, native, in_units(media, unit))
    wrap.paint(pdf, native, form, matrix, within=in_units(clip, unit) if clip else None)
    move_annotations(native, matrix)
    _scale_boxes(native, page, matrix, scaled, product)


def _about_the_middle(area: Rect, width: float, height: float) -> Rect:
    x, y = (area.x0 + area.x1) / 2, (area.y0 + area.y1) / 2
    return Rect(x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def _clip(product: Rect, page: Rect, sheet: Rect) -> Rect:
    """What of a padded page is seen: where paper is added, what ran past its trim would stand in the product."""
    wider, higher = _more(product.width, page.width), _more(product.height, page.height)
    return Rect(
        page.x0 if wider else sheet.x0, page.y0 if higher else sheet.y0,
        page.x1 if wider else sheet.x1, page.y1 if higher else sheet.y1,
    )  # fmt: skip


def _more(one: float, other: float) -> bool:
    return one > other + Length.tolerance


def _scale_boxes(native: Object, page: Page, matrix: Matrix, scaled: Rect, product: Rect) -> None:
    """The boxes as scaled, bleed as far past the product on each side as it was past the page."""
    media, unit = page.media, page.user_unit
    assert media is not None
    sheet = rect(matrix, media)
    write_trim(native, page, product)
    if page.boxes.bleed is not None and page.bleed is not None:
        old = rect(matrix, page.bleed)
        bleed = Rect(
            product.x0 - (scaled.x0 - old.x0), product.y0 - (scaled.y0 - old.y0),
            product.x1 + (old.x1 - scaled.x1), product.y1 + (old.y1 - scaled.y1),
        )  # fmt: skip
        write_box(native, "/BleedBox", bleed, unit)
        sheet = union(sheet, bleed)
    sheet = union(sheet, product)
    write_box(native, "/MediaBox", sheet, unit)
    if page.boxes.crop is not None and page.crop is not None:
        crop = union(rect(matrix, page.crop), product) if page.boxes.trim else product
        write_box(native, "/CropBox", sheet if page.crop.contains(media) else crop, unit)
    if page.boxes.art is not None and page.boxes.trim is not None:
        x0, y0, x1, y1 = (value * unit for value in page.boxes.art)
        write_box(native, "/ArtBox", rect(matrix, Rect(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))), unit)
