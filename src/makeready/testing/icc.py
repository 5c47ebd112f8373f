"""A press for tests: a small CMYK output profile made from sixteen measured patches, and a fixed sRGB.

No CMYK profile may be shipped with the package, and a test must not depend on what a machine has installed.
The profile follows the Neugebauer model: the colour of a halftone is the average of the sixteen overprints
of its inks, weighted by area. The patches are the solids of ISO 12647-2 (offset on coated paper).
"""

from __future__ import annotations

import io
import struct
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PRESS_NAME = "Makeready test press, coated"

#: CIE Lab of the paper, the solids and their overprints without black; keys are inks.
SOLIDS = {
    "": (95, 0, -2), "C": (55, -37, -50), "M": (48, 74, -3), "Y": (89, -5, 93),
    "MY": (47, 68, 48), "CY": (50, -65, 27), "CM": (24, 22, -46), "CMY": (23, 0, 0),
}  # fmt: skip
BLACK = (16, 0, 0)
#: How much larger a 50 % dot prints.
DOT_GAIN = 0.14
#: The most ink that a separation puts on one spot: 280 %, below what any sheetfed profile of this package allows.
INK_LIMIT = 2.8
D50 = (0.9642, 1.0, 0.8249)
#: A date in every header keeps the bytes the same from run to run.
CREATED = struct.pack(">6H", 2024, 1, 1, 0, 0, 0)


@lru_cache(maxsize=1)
def press_profile() -> bytes:
    """A valid ICC version 2 output profile (class ``prtr``, CMYK to Lab and back), about 12 kB."""
    import numpy as np

    grid = 5
    steps = np.linspace(0, 1, grid)
    inks = np.array(list(product(steps, repeat=4)))
    to_lab = _table(4, 3, grid, _lab_numbers(_print(inks)))

    grid = 9
    lightness, shade = np.linspace(0, 65535 / 652.8, grid), np.linspace(-128, 127 + 255 / 256, grid)
    to_inks = _table(3, 4, grid, _separate(np.array(list(product(lightness, shade, shade)))) * 65535)
    in_gamut = _table(3, 1, 2, np.zeros(8))

    white = _xyz(np.array([SOLIDS[""]], float))[0]
    tags = {
        b"desc": _description(PRESS_NAME),
        b"cprt": b"text\0\0\0\0No rights reserved.\0",
        b"wtpt": b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(v * 65536) for v in white)),
        b"A2B0": to_lab, b"A2B1": to_lab, b"A2B2": to_lab,
        b"B2A0": to_inks, b"B2A1": to_inks, b"B2A2": to_inks,
        b"gamt": in_gamut,
    }  # fmt: skip
    return _file(b"prtr", b"CMYK", b"Lab ", tags)


@lru_cache(maxsize=1)
def srgb_profile() -> bytes:
    """sRGB, with its date fixed so that the same file is made every day."""
    from PIL import ImageCms

    data = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return data[:24] + CREATED + data[36:84] + bytes(16) + data[100:]


def _print(inks: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ink amounts (n × 4, 0 to 1) to Lab relative to the paper (n × 3): the press."""
    import numpy as np

    area = np.clip(inks, 0, 1)
    area = area + 4 * DOT_GAIN * area * (1 - area)
    area = np.clip(area, 0, 1)
    paper = _xyz(np.array([SOLIDS[""]], float))[0]
    black = _xyz(np.array([BLACK], float))[0] / paper
    total = np.zeros((len(inks), 3))
    for on in product((False, True), repeat=4):
        name = "".join(ink for ink, there in zip("CMY", on[:3], strict=True) if there)
        patch = _xyz(np.array([SOLIDS[name]], float))[0] / paper
        if on[3]:
            patch = black * np.sqrt(patch)  # black covers most, not all, of the colour below
        weight = np.prod([area[:, i] if there else 1 - area[:, i] for i, there in enumerate(on)], axis=0)
        total += weight[:, None] * patch
    return _lab(total * np.array(D50))


def _separate(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lab (n × 3) to the ink amounts that print nearest to it (n × 4): black by rule, the rest by descent."""
    import numpy as np

    chroma = np.hypot(lab[:, 1], lab[:, 2])
    black = np.clip((72 - lab[:, 0]) / 72, 0, 1) ** 2 * np.clip(1 - chroma / 140, 0.2, 1)
    inks = np.concatenate([np.repeat(np.clip(1 - lab[:, :1] / 100, 0.05, 0.8), 3, axis=1), black[:, None]], axis=1)
    small = 0.01
    for _ in range(25):
        here = _print(inks)
        slope = np.stack([(_print(inks + small * np.eye(4)[i]) - here) / small for i in range(3)], axis=2)
        square = slope.transpose(0, 2, 1) @ slope + 40 * np.eye(3)
        step = np.linalg.solve(square, slope.transpose(0, 2, 1) @ (lab - here)[..., None])[..., 0]
        inks[:, :3] = np.clip(inks[:, :3] + np.clip(step, -0.2, 0.2), 0, 0.985)
    colour = inks[:, :3].sum(axis=1, keepdims=True)
    inks[:, :3] *= np.minimum(1, (INK_LIMIT - inks[:, 3:]) / np.maximum(colour, small))
    inks[lab[:, 0] >= 99.9] = 0  # the paper itself
    return inks


def _xyz(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    y = (lab[:, 0] + 16) / 116
    f = np.stack([y + lab[:, 1] / 500, y, y - lab[:, 2] / 200], axis=1)
    xyz: NDArray[np.float64] = np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29)) * np.array(D50)
    return xyz


def _lab(xyz: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    t = xyz / np.array(D50)
    f = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)


def _lab_numbers(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lab as 16-bit numbers of ICC version 2 (ICC.1:2001-04, table 13): 100 is FF00, neutral is 8000."""
    import numpy as np

    return np.clip(np.stack([lab[:, 0] * 652.8, (lab[:, 1] + 128) * 256, (lab[:, 2] + 128) * 256], axis=1), 0, 65535)


def _table(inputs: int, outputs: int, grid: int, values: NDArray[np.float64]) -> bytes:
    """A ``lut16Type`` with straight curves (ICC.1:2001-04, 6.5.7)."""
    import numpy as np

    unit = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    straight = struct.pack(">2H", 0, 65535)
    head = b"mft2\0\0\0\0" + struct.pack(">4B", inputs, outputs, grid, 0) + unit + struct.pack(">2H", 2, 2)
    return head + straight * inputs + np.rint(values).astype(">u2").tobytes() + straight * outputs


def _description(name: str) -> bytes:
    """A ``textDescriptionType``; its Unicode and ScriptCode parts are empty but must be there."""
    text = name.encode("ascii") + b"\0"
    return b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + bytes(8) + bytes(3 + 67)


def _file(kind: bytes, colours: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    """Header, tag table, tags; tags with the same content share it."""
    start = 128 + 4 + 12 * len(tags)
    body, places = io.BytesIO(), {}
    for data in dict.fromkeys(tags.values()):
        places[data] = (start + body.tell(), len(data))
        body.write(data + bytes(-len(data) % 4))
    table = struct.pack(">I", len(tags)) + b"".join(
        name + struct.pack(">2I", *places[data]) for name, data in tags.items()
    )
    size = start + body.tell()
    head = struct.pack(">I4sI4s4s4s", size, b"\0" * 4, 0x02400000, kind, colours, connection) + CREATED + b"acsp"
    head += bytes(4) + bytes(4) + bytes(4) + bytes(4) + bytes(8) + struct.pack(">I", 0)
    head += struct.pack(">3i", *(round(v * 65536) for v in D50))
    return head + bytes(128 - len(head)) + table + body.getvalue()
