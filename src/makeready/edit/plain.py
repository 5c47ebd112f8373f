"""The built-in generator: plain colours, gradients, studio sweeps and paper, drawn exactly, without any model.

It takes a prompt only when it understands the last word of it. "A beach at sunset" has no word that it knows, and
"a white background with roses" has one too many: both are left to back ends that can paint them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from makeready.edit.generators import Generator

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from makeready.edit.scene import Mask, Pixels

Colour = tuple[float, float, float]

#: Words that mean a colour and nothing else: no fruit, no flower, no metal. Red, green and blue of sRGB, 0 to 255.
COLOURS: Mapping[str, Colour] = {
    "white": (255, 255, 255),
    "ivory": (255, 253, 240),
    "cream": (255, 250, 230),
    "beige": (235, 222, 200),
    "gray": (150, 150, 150),
    "grey": (150, 150, 150),
    "black": (0, 0, 0),
    "red": (208, 32, 40),
    "maroon": (118, 24, 36),
    "orange": (240, 132, 32),
    "brown": (122, 82, 54),
    "yellow": (248, 212, 48),
    "olive": (118, 118, 44),
    "green": (52, 148, 76),
    "teal": (20, 128, 128),
    "turquoise": (60, 196, 190),
    "cyan": (40, 190, 222),
    "blue": (40, 96, 200),
    "navy": (22, 36, 84),
    "indigo": (68, 48, 142),
    "violet": (128, 80, 190),
    "purple": (120, 48, 150),
    "magenta": (206, 36, 138),
    "pink": (244, 150, 184),
}
#: Words before a colour: how much of it is mixed with white (more than nothing) or black (less).
_SHADES = {
    "light": 0.5,
    "pale": 0.65,
    "pastel": 0.6,
    "bright": 0.0,
    "vivid": 0.0,
    "deep": -0.3,
    "dark": -0.45,
}
_NOUNS = frozenset({"background", "backdrop", "ground", "colour", "color", "gradient", "sweep", "cyclorama", "paper"})
_FILLERS = frozenset(
    word
    for words in (
        "a an the of with in on against from to into and",
        "plain solid simple clean smooth soft uniform seamless empty subtle fine coloured colored texture textured",
        "studio fading vertical horizontal diagonal radial linear",
    )
    for word in words.split()
)
_DIRECTIONS = ("vertical", "horizontal", "diagonal", "radial")


@dataclass(frozen=True, slots=True)
class Ground:
    """What a prompt was understood to mean."""

    kind: Literal["plain", "gradient", "studio", "paper"]
    colours: tuple[Colour, ...]
    direction: str = "vertical"


def understood(prompt: str) -> Ground | None:
    """What the words mean, or ``None`` where one of them is not understood or they leave open what is meant."""
    words = re.findall(r"#?[\w]+", prompt.lower().replace("-", " "))
    colours: list[Colour] = []
    shade = None
    for word in words:
        colour = _colour(word)
        if shade is not None and colour is None:
            return None  # a shade of what?
        if word in _SHADES:
            shade = _SHADES[word]
        elif colour is not None:
            colours.append(_shaded(colour, shade or 0.0))
            shade = None
        elif word not in _FILLERS and word not in _NOUNS:
            return None
    said = set(words)
    if shade is not None or re.search(r"[^\w\s#,.;!-]", prompt) or not (said & (_NOUNS | {"studio", "plain", "solid"})):
        return None
    directions = [word for word in _DIRECTIONS if word in said]
    graded = "gradient" in said or "fading" in said
    studio, paper = bool(said & {"studio", "sweep", "cyclorama"}), "paper" in said
    if said & {"texture", "textured"} and not paper:
        return None  # of what?
    if graded + studio + paper > 1 or (directions and not graded) or len(directions) > 1:
        return None
    if not colours:
        return (
            Ground("studio", (COLOURS["white"],)) if studio else Ground("paper", (COLOURS["white"],)) if paper else None
        )
    if len(colours) > (3 if graded else 1):
        return None
    if graded:
        stops = tuple(colours) if len(colours) > 1 else (_shaded(colours[0], 0.6), colours[0])
        return Ground("gradient", stops, directions[0] if directions else "vertical")
    return Ground("studio" if studio else "paper" if paper else "plain", tuple(colours))


def _colour(word: str) -> Colour | None:
    if word in COLOURS:
        return COLOURS[word]
    if re.fullmatch(r"#[0-9a-f]{6}", word):
        return int(word[1:3], 16), int(word[3:5], 16), int(word[5:7], 16)
    return None


def _shaded(colour: Colour, shade: float) -> Colour:
    towards, share = (255.0 if shade > 0 else 0.0), abs(shade)
    red, green, blue = (value + (towards - value) * share for value in colour)
    return red, green, blue


def _can(task: str, prompt: str, more: Mapping[str, Any]) -> bool:
    del task
    return "guidance" not in more and understood(prompt) is not None


def _run(
    task: str,
    *,
    image: Pixels | None,
    mask: Mask | None,
    prompt: str,
    seed: int,
    size: tuple[int, int] | None,
    more: Mapping[str, Any],
) -> npt.NDArray[np.uint8]:
    del task, mask, more
    ground = understood(prompt)
    assert ground is not None
    if size is None:
        assert image is not None
        size = image.shape[1], image.shape[0]
    return painted(ground, *size, seed=seed)


def painted(ground: Ground, width: int, height: int, seed: int = 0) -> npt.NDArray[np.uint8]:
    """A ground in pixels.

    Args:
        ground: what is drawn.
        width: in pixels.
        height: in pixels.
        seed: of the grain of paper, and of the noise of half a level that keeps gradients from showing steps.

    Returns:
        Height × width × 3, ``uint8``.
    """
    import numpy as np

    result = np.empty((height, width, 3), np.uint8)
    if ground.kind == "plain":
        result[:] = np.rint(ground.colours[0]).astype(np.uint8)
        return result
    random = np.random.default_rng(seed)
    grain = _fibres(random, width, height) if ground.kind == "paper" else None
    colours = np.asarray(ground.colours, np.float32)
    across = ((np.arange(width, dtype=np.float32) + 0.5)[None, :] / width).astype(np.float32)
    for top in range(0, height, 128):
        rows = slice(top, min(height, top + 128))
        down = ((np.arange(rows.start, rows.stop, dtype=np.float32) + 0.5)[:, None] / height).astype(np.float32)
        if ground.kind == "gradient":
            values = _between(colours, _along(ground.direction, across, down))
        elif ground.kind == "studio":
            values = _studio(colours[0], across, down, width / height)
        else:
            assert grain is not None
            values = colours[0] - np.abs(grain[rows])[..., None]
        values = values + random.uniform(-0.5, 0.5, (*values.shape[:2], 1)).astype(np.float32)
        result[rows] = np.rint(values).clip(0, 255).astype(np.uint8)
    return result


def _along(direction: str, across: npt.NDArray[np.float32], down: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """How far along a gradient each place is, 0 to 1."""
    import numpy as np

    if direction == "horizontal":
        return np.broadcast_to(across, (down.shape[0], across.shape[1]))
    if direction == "diagonal":
        return ((across + down) / 2).astype(np.float32)
    if direction == "radial":
        away: npt.NDArray[np.float32] = np.hypot(across - 0.5, down - 0.5) * np.float32(np.sqrt(2))
        return np.minimum(away, np.float32(1))
    return np.broadcast_to(down, (down.shape[0], across.shape[1]))


def _between(colours: npt.NDArray[np.float32], place: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The colours of a gradient, in the values of sRGB, as every design program mixes them."""
    import numpy as np

    stops = np.linspace(0, 1, len(colours))
    return np.dstack([np.interp(place, stops, colours[:, channel]) for channel in range(3)]).astype(np.float32)


def _studio(
    colour: npt.NDArray[np.float32], across: npt.NDArray[np.float32], down: npt.NDArray[np.float32], shape: float
) -> npt.NDArray[np.float32]:
    """A wall that bends into the floor: light falls on the middle, and the bend lies in a little shade."""
    import numpy as np

    spot = np.exp(-(((across - 0.5) * shape) ** 2 + (down - 0.42) ** 2) / 0.35)
    bend = np.exp(-(((down - 0.70) / 0.09) ** 2))
    light = 0.88 + 0.12 * spot - 0.045 * bend
    found: npt.NDArray[np.float32] = (light[..., None] * colour).astype(np.float32)
    return found


def _fibres(random: np.random.Generator, width: int, height: int) -> npt.NDArray[np.float32]:
    """The grain of paper, in levels: fine and coarse, and a little longer than wide."""
    import numpy as np

    from makeready.raster.mend import canvas

    noise = random.standard_normal((height, width), dtype=np.float32)
    scale = max(1.0, max(width, height) / 1500)
    fine, coarse = canvas.blurred(noise, 0.7 * scale), canvas.blurred(noise, 4 * scale)
    grain: npt.NDArray[np.float32] = 3 * fine / max(1e-6, float(fine.std())) + 1.5 * coarse / max(
        1e-6, float(coarse.std())
    )
    return grain


generator = Generator(
    name="plain",
    title="Plain colours, gradients, studio sweeps and paper, drawn without a model",
    capabilities=("background", "image"),
    run=_run,
    can=_can,
)
