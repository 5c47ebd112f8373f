"""Pictures in the inks of a press."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyvips

from makeready.changes import Refusal
from makeready.colour import Intent, Lab, Source, Transform, UnusableProfile, ciede2000, littlecms, transform
from makeready.colour.cie import D50
from makeready.icc import read_header
from makeready.press import Press
from makeready.raster.mend.decode import reason
from makeready.raster.mend.working import Working

#: How many pixels a side are looked at to say how much the colours change.
_SAMPLE_PX = 256
_SPACES = {"rgb": "RGB", "gray": "Gray", "lab": "Lab", "cmyk": "CMYK"}


@dataclass(frozen=True, slots=True)
class Converted:
    """What was done to a picture's colours."""

    #: The kind of colour before: ``rgb``, ``lab`` or ``gray``.
    model: str
    #: What its numbers were taken to mean.
    meant: str
    #: Why not what the file says, where that is so.
    overruled: str | None
    #: CIEDE2000 between the picture as it was and as it is printed, both relative to their white: the mean, and what
    #: 99 of 100 pixels stay under.
    mean: float
    most: float


def to_press(
    work: Working, press: Press, intent: Intent, *, black_point: bool, gray: bool, neutrals: bool
) -> Converted | None:
    """Convert a picture; ``None`` where it has no colour that would be converted.

    Args:
        work: the picture.
        press: where it is printed.
        intent: how colours out of its reach are brought within it.
        black_point: whether its darkest colour becomes the press's darkest.
        gray: whether a gray picture becomes the black plate of a CMYK picture; otherwise it stays gray.
        neutrals: whether pixels of equal red, green and blue become black ink alone.

    Raises:
        Refusal: LittleCMS cannot convert it.
    """
    model = work.model
    if model == "cmyk" or (model == "gray" and not gray):
        return None
    source, meant, overruled = _meaning(work)
    image = _readable(work.image)
    count = 1 if model == "gray" else 3
    colours = image.extract_band(0, n=count)
    try:
        through = transform(source, press, intent, black_point=black_point)
        inks = _inks(colours, through, work.header.bits, neutrals)
        mean, most = _apart(image, inks, through)
    except UnusableProfile as error:
        raise Refusal(f"its colours cannot be converted: {error}") from error
    except pyvips.Error as error:
        raise Refusal(f"its colours cannot be converted: {reason(error)}") from error
    if image.bands > count:
        inks = inks.bandjoin(_as_deep(image.extract_band(count, n=image.bands - count), inks))
    work.image = inks.copy(interpretation="cmyk")
    work.profile = press.icc
    return Converted(model, meant, overruled, mean, most)


def tag(work: Working, press: Press) -> str | None:
    """Say what the numbers of a CMYK picture without a profile mean, and why it had to be said; else ``None``."""
    if work.model != "cmyk" or own_profile(work) is not None:
        return None
    why = _unusable(work.profile) or "it had no profile"
    work.image = work.image.copy()
    work.profile = press.icc
    return why


def own_profile(work: Working) -> bytes | None:
    """The profile embedded in the picture, where it can be used for its kind of colour."""
    try:
        return work.profile if work.profile and littlecms.space(work.profile) == _SPACES[work.model] else None
    except UnusableProfile:
        return None


def _meaning(work: Working) -> tuple[Source, str, str | None]:
    """What the numbers mean, what that is called, and why the file's own profile does not count."""
    if work.model == "lab":
        return Lab(), "CIE Lab", None
    own = own_profile(work)
    if own is not None:
        return own, read_header(own).description or "its own profile", None
    why = _unusable(work.profile)
    return ("gray", "gray", why) if work.model == "gray" else ("rgb", "sRGB", why)


def _unusable(profile: bytes | None) -> str | None:
    """Why a profile that is there does not count."""
    if profile is None:
        return None
    header = read_header(profile)
    if header.damage:
        return f"its profile {header.damage}"
    try:
        return f"its profile is for {littlecms.space(profile)}"
    except UnusableProfile:
        return "its profile cannot be used"


def _readable(image: pyvips.Image) -> pyvips.Image:
    """Whole numbers of 8 or 16 bits; Lab as floats in its own units."""
    if image.interpretation in ("lab", "labs"):
        return image.colourspace("lab")
    if image.interpretation == "scrgb":
        return image.colourspace("rgb16")
    if image.format in ("float", "double"):  # 0 to 1 by custom
        return (image * 65535 + 0.5).cast("ushort").copy(interpretation="rgb16" if image.bands > 2 else "grey16")
    if image.format not in ("uchar", "ushort"):
        raise Refusal("its numbers are of a kind that profiles do not know: save the picture with 8 or 16 bits")
    return image


def _inks(colours: pyvips.Image, through: Transform, bits: int, neutrals: bool) -> pyvips.Image:
    """The four inks; white is paper, exactly, unless the paper's own colour is to be shown."""
    if colours.bands == 1:
        return colours.maplut(_tints(colours, through))
    output = littlecms.filed(through.press.icc)
    to: dict[str, Any] = {
        "intent": through.intent,
        "black_point_compensation": through.black_point,
    }
    if colours.interpretation == "lab":
        if through.intent == "absolute":
            # To libvips, Lab has another white than paper's D50; the ratio of the whites is all that matters here.
            gains = [d / w for d, w in zip(D50, littlecms.white(through.press.icc), strict=True)]
            colours = (colours.Lab2XYZ() * gains).XYZ2Lab()
            to |= {"intent": "relative", "black_point_compensation": False}
        return colours.icc_export(output_profile=output, depth=8 if bits == 8 else 16, **to)
    profile = through.source if isinstance(through.source, bytes) else littlecms.srgb()
    held = colours.copy()
    held.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    inks = held.icc_transform(output, embedded=True, depth=8 if colours.format == "uchar" else 16, **to)
    if through.intent != "absolute":
        inks = (colours == _full(colours)).bandand().ifthenelse(inks.new_from_image([0, 0, 0, 0]), inks)
    if neutrals:
        same = (colours[0] == colours[1]) & (colours[1] == colours[2])
        inks = same.ifthenelse(colours[0].maplut(_tints(colours, through)), inks)
    return inks


def _tints(colours: pyvips.Image, through: Transform) -> pyvips.Image:
    """A table from each level of gray to black ink alone."""
    full = _full(colours)
    levels = np.repeat(np.arange(full + 1)[:, None] / full, through.channels, axis=1)
    inks = np.floor(through.black_only(levels) * full + 0.5)
    kind = np.uint8 if colours.format == "uchar" else np.uint16
    return pyvips.Image.new_from_array(inks.astype(kind)[None], interpretation="cmyk")


def _full(image: pyvips.Image) -> int:
    return 255 if image.format == "uchar" else 65535


def _as_deep(alpha: pyvips.Image, inks: pyvips.Image) -> pyvips.Image:
    """Transparency with the bits of the inks."""
    if alpha.format == inks.format:
        return alpha
    scale = {"uchar": 255, "ushort": 65535}
    return (alpha * (scale[inks.format] / scale.get(alpha.format, 255)) + 0.5).cast(inks.format)


def _apart(image: pyvips.Image, inks: pyvips.Image, through: Transform) -> tuple[float, float]:
    """How far the printed colours are from those before, in every so manieth pixel that is not clear."""
    before, after = _sample(image), _sample(inks)
    full = 1.0 if image.interpretation == "lab" else float(_full(image))
    seen = before[:, -1] > 0 if image.bands > through.channels else np.ones(len(before), dtype=bool)
    if not seen.any():
        return 0.0, 0.0
    was = through.lab(before[seen, : through.channels] / full)
    now = littlecms.to_lab(littlecms.words(after[seen] / float(_full(inks))), through.press.icc)
    apart = ciede2000(was, now)
    return float(apart.mean()), float(np.percentile(apart, 99))


def _sample(image: pyvips.Image) -> npt.NDArray[Any]:
    across, down = max(1, image.width // _SAMPLE_PX), max(1, image.height // _SAMPLE_PX)
    small: npt.NDArray[Any] = image.subsample(across, down).numpy()
    return small.reshape(-1, image.bands)
