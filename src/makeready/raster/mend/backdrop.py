"""A colour of the screen in the numbers of a picture: what is laid behind it has to be said in its own colours."""

from __future__ import annotations

from makeready.changes import Refusal
from makeready.colour import UnusableProfile, littlecms
from makeready.raster.mend.colour import own_profile
from makeready.raster.mend.working import Working

#: Red, green and blue of sRGB, 0 to 255.
Colour = tuple[int, int, int]

WHITE: Colour = (255, 255, 255)
BLACK: Colour = (0, 0, 0)


def numbers(work: Working, colour: Colour) -> list[float]:
    """A colour as pixels of the picture have it, by the picture's profile where it has one that can be used.

    Without a profile, RGB and gray are those of the screen. White is paper: no ink, whatever the profile says of it.

    Args:
        work: the picture.
        colour: in sRGB.

    Returns:
        One number a channel of colour: from 0 to 1; of Lab, lightness 0 to 100 and a and b as they are.

    Raises:
        Refusal: the picture is gray and the colour is not, or its inks have no profile that says what they print.
    """
    import numpy as np

    model, profile = work.model, own_profile(work)
    row = np.array([colour], np.uint16) * 257
    if model == "lab":
        return [float(value) for value in littlecms.to_lab(row, littlecms.srgb())[0]]
    if model == "gray" and len(set(colour)) > 1:
        raise Refusal("a gray picture has no colours: name a gray to lay it on, or make the picture RGB first")
    if colour == WHITE:
        return [0.0] * 4 if model == "cmyk" else [1.0] * (1 if model == "gray" else 3)
    if profile is None:
        if model == "cmyk" and colour != BLACK:
            raise Refusal("its inks have no profile that says what they print, so only white or black can be behind it")
        own = [0.0, 0.0, 0.0, 1.0] if model == "cmyk" else [value / 255 for value in colour]
        return own[:1] if model == "gray" else own
    try:
        found = littlecms.convert(row, littlecms.srgb(), profile, "relative", True)[0]
    except UnusableProfile as error:
        raise Refusal(f"the colour cannot be said in its own colours: {error}") from error
    return [float(value) / 65535 for value in found]
