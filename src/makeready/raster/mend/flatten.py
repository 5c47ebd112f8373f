"""Laying a see-through picture on a colour."""

from __future__ import annotations

from makeready.changes import Refusal
from makeready.raster.mend.working import Working

WHITE = (255, 255, 255)


def flatten(work: Working, background: tuple[int, int, int] = WHITE) -> bool | None:
    """Lay the picture on a colour; whether any pixel was see-through, or ``None`` where it has no alpha.

    Args:
        work: the picture.
        background: red, green and blue, 0 to 255.

    Raises:
        Refusal: the colour cannot be said in the picture's own colours.
        UnreadableFile: the picture is damaged.
    """
    if not work.alpha:
        return None
    values = _in_its_colours(work, background)
    image = work.image
    if not image.hasalpha():  # a colour key or palette entry that no pixel uses
        work.image = image.copy()
        return False
    opaque = 65535 if image.format == "ushort" else 1 if image.format == "float" else 255
    seen_through = bool(image.extract_band(image.bands - 1).min() < opaque)
    values = [value * opaque / 255 for value in values]
    work.image = image.flatten(background=values, max_alpha=opaque) if seen_through else image[: image.bands - 1]
    return seen_through


def _in_its_colours(work: Working, background: tuple[int, int, int]) -> list[float]:
    model = work.model
    if model == "rgb":
        return [float(value) for value in background]
    if model == "gray" and len(set(background)) == 1:
        return [float(background[0])]
    if background == WHITE and model == "cmyk":
        return [0.0, 0.0, 0.0, 0.0]
    raise Refusal(f"a colour in RGB cannot be laid behind a picture in {_CALLED[model]}: only white can")


_CALLED = {"gray": "gray", "cmyk": "CMYK", "lab": "Lab"}
