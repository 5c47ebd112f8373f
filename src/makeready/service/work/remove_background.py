"""The background taken away from behind a subject, as a picture for screens: PNG, JPEG or WebP."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from makeready.changes import Refusal
from makeready.errors import UsageError, did_you_mean
from makeready.fixes.background import colour_of, margin_of
from makeready.raster.mend import cutout, screen
from makeready.raster.mend.working import Working
from makeready.segment.options import Options
from makeready.service.child import Desk, Done, Output, Refused, Task
from makeready.service.operations import SEGMENTER
from makeready.service.work import artwork
from makeready.service.work.strip import strip

if TYPE_CHECKING:
    from makeready.raster.mend.cutout import Cut, Wish

_FORMATS = {"png": ("PNG", ".png"), "jpg": ("JPEG", ".jpg"), "jpeg": ("JPEG", ".jpg"), "webp": ("WebP", ".webp")}
_TRANSPARENT, _MASK = "transparent", "mask"
#: What a cut tells of a picture that has no subject.
_NOTHING = ("no subject was found", "there is nothing in it")
#: Of the work, what cutting takes; the rest is writing the file.
_CUTTING = 0.85


def run(task: Task, desk: Desk) -> Done:
    """Cut the subject out, and write what is left."""
    options = task.options
    wish = _wish(options)
    format, suffix = _format(options, wish)
    bounds, most = _bounds(options), _number(options, "max_pixels", float("inf"))
    subject = artwork.look(task, desk, kinds=("raster",))
    folder = Path(task.folder)
    work = Working(subject.path, folder)
    try:
        if work.model not in ("gray", "rgb"):
            _as_seen(work)
        cut, empty = _cut(work, wish, options, desk)
        _fit(work, bounds, most)
        if format != "PNG":
            _eight_bits(work)
        work.save_as(format)
        path = folder / f"image{suffix}"
        desk.tell(_CUTTING)
        turned = work.orientation
        work.save(path)
        width, height = work.size
    finally:
        work.close()
    if not desk.limits.keep_metadata:
        strip(path, turned)
    name = f"{subject.stem}-cutout{suffix}"
    result = {**_told(cut, empty), "width": width, "height": height, "format": format.lower()}
    return Done(result, [Output("image", path.name, name, artwork.MEDIA_TYPES[suffix])])


def _wish(options: Any) -> Wish:
    """What is asked for.

    Raises:
        UsageError: a choice that there is not.
    """
    chosen = Options(
        model=artwork.network(options, SEGMENTER),
        quality=str(options.get("quality", "basic")),
        subject=str(options.get("subject_type", "auto")),
        edge_softness=_number(options, "edge_softness", 5.0),
        high_detail=bool(options.get("high_detail_mode", False)),
    )
    behind = str(options.get("output_background", _TRANSPARENT)).strip().lower()
    try:
        ground: Any = behind if behind in (_TRANSPARENT, _MASK) else colour_of(behind)
        margin = cutout.Margin(*margin_of(str(options.get("margin", "0 px"))))
    except ValueError as error:
        raise UsageError(f"{error}.", "") from error
    return cutout.Wish(
        chosen,
        ground,
        bool(options.get("despill", True)),
        margin if options.get("crop") else None,
        bool(options.get("green_screen", False)),
    )


def _format(options: Any, wish: Wish) -> tuple[str, str]:
    """The format of the result, and what its name ends with.

    Raises:
        UsageError: there is none such, or it cannot hold what is asked for.
    """
    said = str(options.get("format", "png")).lower()
    if said not in _FORMATS:
        raise UsageError(
            f"Pictures are not written as {said}.", did_you_mean(said, _FORMATS) or "Ask for png, jpg or webp."
        )
    if _FORMATS[said][0] == "JPEG" and wish.output == _TRANSPARENT:
        raise UsageError("A JPEG has no transparency.", "Ask for png or webp, or for a colour behind the subject.")
    return _FORMATS[said]


def _number(options: Any, name: str, usual: float) -> float:
    try:
        return float(options.get(name, usual))
    except (TypeError, ValueError) as error:
        raise UsageError(f"{name} cannot be {options[name]!r}.", "Give a number.") from error


def _bounds(options: Any) -> tuple[float, float]:
    """The most pixels across and down.

    Raises:
        UsageError: one is no number, or less than a pixel.
    """
    across, down, longer = (_number(options, name, float("inf")) for name in ("max_width", "max_height", "max_side"))
    if not min(across, down, longer) >= 1:
        raise UsageError("A picture has at least one pixel.", "Give sizes of 1 or more.")
    return min(across, longer), min(down, longer)


def _cut(work: Working, wish: Wish, options: Any, desk: Desk) -> tuple[Cut | None, bool]:
    """Cut; where no subject is found and that is wanted, all becomes background."""
    try:
        cut = cutout.cut_out(work, wish, lambda share: desk.tell(share * _CUTTING))
        if wish.output == _MASK and (cut is None or cut.box is None):
            raise Refusal(f"{_NOTHING[0]} in it")
        return cut, False
    except Refusal as refusal:
        said = str(refusal)
        if not said.startswith(_NOTHING):
            raise
        if options.get("empty", "refuse") != "keep":
            raise Refused(
                "NO_SUBJECT",
                f"{said[0].upper()}{said[1:]}.",
                "Send a picture in which it stands out, or say what kind of subject it is.",
            ) from refusal
    image = work.image.autorot()
    full = 65535 if image.format == "ushort" else 255
    inks = image.bands - bool(image.hasalpha())
    colours = image.extract_band(0, n=inks) * 0
    if wish.output == _MASK:
        work.image = (image.extract_band(0) * 0).cast(image.format).copy(interpretation="b-w")
        return None, True
    if isinstance(wish.output, str):
        blank = colours.bandjoin(image.extract_band(0) * 0)
    else:
        red, green, blue = (part * full / 255 for part in wish.output)
        blank = colours + ([red, green, blue] if inks == 3 else [0.299 * red + 0.587 * green + 0.114 * blue])
    work.image = blank.cast(image.format).copy(interpretation=image.interpretation)
    return None, True


def _as_seen(work: Working) -> None:
    """Turn inks and Lab into sRGB: what comes out is for screens."""
    image = work.image
    opacity = image.extract_band(image.bands - 1) if image.hasalpha() else None
    bare = image.extract_band(0, n=image.bands - 1) if opacity is not None else image
    seen = screen.srgb(bare)
    if opacity is not None:
        seen = seen.bandjoin((opacity / 257).cast("uchar") if opacity.format == "ushort" else opacity)
    if not seen.get_typeof("orientation") and image.get_typeof("orientation"):
        seen = seen.copy()
        seen.set_type(image.get_typeof("orientation"), "orientation", image.get("orientation"))
    work.image = seen


def _eight_bits(work: Working) -> None:
    if work.image.format == "ushort":
        meant = "b-w" if work.image.interpretation == "grey16" else "srgb"
        work.image = (work.image / 257).rint().cast("uchar").copy(interpretation=meant)


def _fit(work: Working, bounds: tuple[float, float], most: float) -> None:
    """Make the picture smaller, so that it fits and has no more pixels than it may; never larger."""
    width, height = work.size
    if work.orientation >= 5:
        width, height = height, width
    share = min(1.0, bounds[0] / width, bounds[1] / height, (most / (width * height)) ** 0.5)
    if share >= 1:
        return
    image = work.image.autorot() if work.orientation != 1 else work.image
    full, kind = (65535 if image.format == "ushort" else 255), image.format
    if image.hasalpha():  # colours count as much as they are seen
        image = image.premultiply(max_alpha=full)
    across, down = (max(1, int(side * share + 1e-6)) for side in (width, height))
    image = image.resize(across / image.width, vscale=down / image.height)
    if image.hasalpha():
        image = image.unpremultiply(max_alpha=full)
    work.resize(image.rint().cast(kind))


def _told(cut: Cut | None, empty: bool) -> dict[str, Any]:
    """What was found, and by whom."""
    matte = cut.matte if cut is not None else None
    notes = cutout.notes(matte) if matte is not None else []
    if empty:
        notes = ["no subject was found"]
    elif cut is None:
        notes = ["there was no background to take away"]
    return {
        "provider": matte.model if matte is not None else "",
        "engine": matte.provider if matte is not None else "",
        "fallback": matte.fallback if matte is not None else "",
        "subject": matte.subject if matte is not None else "",
        "notes": notes,
        "empty": empty,
        "share": round(cut.share, 4) if cut is not None else 0.0 if empty else 1.0,
        "box": [cut.box.left, cut.box.top, cut.box.width, cut.box.height] if cut is not None and cut.box else None,
    }
