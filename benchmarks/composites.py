"""Cut-outs whose truth is known to the last decimal: drawn hair, fur, soft and hard shapes before photographs.

A foreground F with opacity a is laid over a background B: the picture is ``a · F + (1 - a) · B``, rounded to 8 bits.
What a matte or a freed colour should be is then no matter of opinion. Shapes and strands are drawn four times as
large and made smaller; their colours are those of grain and light, so that nothing is as flat as in a drawing. The
same arguments give the same numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from makeready.testing import pictures

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]

KINDS = ("hair", "fur", "soft", "hard", "curls")
#: How much larger shapes are drawn.
_FINER = 4
#: Colours of subjects: dark to light hair and fur, and a few that nature does not have.
_COLOURS = (
    (0.16, 0.10, 0.07),
    (0.45, 0.28, 0.15),
    (0.80, 0.65, 0.42),
    (0.62, 0.60, 0.58),
    (0.90, 0.88, 0.85),
    (0.55, 0.15, 0.10),
    (0.10, 0.11, 0.14),
    (0.20, 0.32, 0.50),
)


@dataclass(frozen=True, slots=True)
class Composite:
    """A picture and the truth about it; numbers from 0 to 1 but for the picture's."""

    #: ``uint8``, height × width × 3.
    picture: npt.NDArray[np.uint8]
    alpha: Floats
    #: The subject's own colours, everywhere.
    colours: Floats
    background: Floats


def composite(
    kind: str, seed: int, width: int = 1024, height: int = 768, photograph: npt.NDArray[np.uint8] | None = None
) -> Composite:
    """One picture with its truth.

    Args:
        kind: one of ``KINDS``.
        seed: another shape, other colours.
        width: pixels across.
        height: pixels down.
        photograph: what lies behind, height × width × 3, in any size; without one, a made-up landscape. It is put a
            little out of focus, more for some seeds than for others, as backgrounds are.
    """
    random = np.random.default_rng(1000 * KINDS.index(kind) + seed)
    alpha, light = _shape(kind, random, width, height)
    colours = _coloured(random, light, _COLOURS[seed % len(_COLOURS)])
    background = _behind(width, height, seed, photograph)
    # A camera is a little soft and never without grain; the truth is of what it saw.
    exact = alpha[..., None] * colours + (1 - alpha[..., None]) * background
    grain = random.normal(0, 0.006, exact.shape).astype(np.float32)
    picture = np.clip((exact + grain) * 255 + 0.5, 0, 255).astype(np.uint8)
    return Composite(picture, alpha, colours, background)


def _behind(width: int, height: int, seed: int, photograph: npt.NDArray[np.uint8] | None) -> Floats:
    if photograph is None:
        made = np.clip(pictures.landscape(width, height, seed + 1) * 255, 0, 255).astype(np.uint8)
        picture = Image.fromarray(made)
    else:
        whole = Image.fromarray(np.ascontiguousarray(photograph[..., :3]))
        scale = max(width / whole.width, height / whole.height)
        whole = whole.resize(
            (math.ceil(whole.width * scale), math.ceil(whole.height * scale)), Image.Resampling.BICUBIC
        )
        left, top = (whole.width - width) // 2, (whole.height - height) // 2
        picture = whole.crop((left, top, left + width, top + height))
    blur = (1.5, 4.0, 8.0)[seed % 3] * max(width, height) / 1024
    return np.asarray(picture.filter(ImageFilter.GaussianBlur(blur)), np.float32) / 255


def _coloured(random: np.random.Generator, light: Floats, colour: tuple[float, float, float]) -> Floats:
    """A base colour under the light, with slow changes of hue and fine grain."""
    height, width = light.shape
    coarse = random.normal(0, 1, (6, 8, 3)).astype(np.float32)
    slow = np.stack(
        [
            np.asarray(Image.fromarray(coarse[..., k]).resize((width, height), Image.Resampling.BICUBIC))
            for k in range(3)
        ],
        axis=-1,
    )
    shade = (0.55 + 0.75 * light)[..., None]
    return np.clip(np.array(colour, np.float32) * shade * (1 + 0.04 * slow) + 0.006 * slow, 0, 1).astype(np.float32)


def _shape(kind: str, random: np.random.Generator, width: int, height: int) -> tuple[Floats, Floats]:
    """The opacity, and how the light falls: both from 0 to 1."""
    size = (width * _FINER, height * _FINER)
    alpha, light = Image.new("L", size, 0), Image.new("L", (width, height), 128)
    draw, shade = ImageDraw.Draw(alpha), ImageDraw.Draw(light)
    centre = np.array([width * (0.5 + 0.06 * random.normal()), height * 0.52])
    radius = 0.33 * min(width, height)
    turns = np.linspace(0, 2 * math.pi, 400, endpoint=False)
    wobble = sum(random.normal(0, 0.05) * np.cos(k * turns + random.uniform(0, 6)) for k in range(2, 7))
    away = radius * (1 + wobble)
    head = np.stack([centre[0] + away * np.cos(turns), centre[1] + 1.15 * away * np.sin(turns)], axis=-1)
    draw.polygon([tuple(p) for p in head * _FINER], fill=255)
    scale = min(width, height) / 768
    if kind in ("hair", "fur", "curls"):
        count, length, thick, curl = {
            "hair": (700, 0.45, 1.5, 0.5),
            "fur": (9000, 0.13, 1.8, 0.3),
            "curls": (500, 0.35, 1.3, 3.0),
        }[kind]
        _strands(random, draw, shade, head, count, length * radius, thick * scale, curl, kind)
    small = alpha.resize((width, height), Image.Resampling.BOX)
    if kind == "soft":
        blur = 3.0 * scale
        small = small.filter(ImageFilter.GaussianBlur(blur))
    plane = np.asarray(small, np.float32) / 255
    glow = np.asarray(light.filter(ImageFilter.GaussianBlur(0.7)), np.float32) / 255
    down = np.linspace(0.15, -0.15, height, dtype=np.float32)[:, None]
    fine = random.normal(0, 0.05, (height, width)).astype(np.float32)
    return plane, np.clip(glow + down + fine, 0, 1)


def _strands(
    random: np.random.Generator,
    draw: ImageDraw.ImageDraw,
    shade: ImageDraw.ImageDraw,
    outline: npt.NDArray[np.float64],
    count: int,
    length: float,
    thick: float,
    curl: float,
    kind: str,
) -> None:
    """Tapering strands that start within the outline and leave it, and their light and dark in the same places."""
    centre = outline.mean(axis=0)
    along = np.linspace(0, 1, 14)
    for _ in range(count):
        at = outline[random.integers(len(outline))]
        start = centre + (at - centre) * random.uniform(0.80, 1.0)
        out = (at - centre) / np.hypot(*(at - centre))
        if kind != "fur":
            out = out + np.array([0.0, 0.9])  # hair falls
            out /= np.hypot(*out)
        aside = np.array([-out[1], out[0]])
        reach = length * random.uniform(0.5, 1.3)
        bend = random.normal(0, 0.3) * along**2 + 0.06 * curl * np.sin(
            along * curl * 2.2 + random.uniform(0, 6)
        ) * random.uniform(0.2, 1)
        path = start + reach * (along[:, None] * out + bend[:, None] * aside)
        half = 0.5 * thick * random.uniform(0.5, 1.3) * (1 - along) ** 0.7
        left, right = path - half[:, None] * aside, path + half[:, None] * aside
        ribbon = np.concatenate([left, right[::-1]]) * _FINER
        draw.polygon([tuple(p) for p in ribbon], fill=255)
        shade.line([tuple(p) for p in path], fill=int(np.clip(random.normal(128, 38), 0, 255)), width=2)
