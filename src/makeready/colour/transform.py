"""From a colour space of a file to the inks of a press."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from makeready.colour import littlecms
from makeready.colour.black import black_ramp
from makeready.colour.cie import D50, lab_of, lightness, luminance
from makeready.colour.littlecms import Intent, UnusableProfile
from makeready.press import Press

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Flags = npt.NDArray[np.bool_]
    Pixels = npt.NDArray[Any]

#: Colours with less CIE chroma than this are gray to everybody.
_NEUTRAL = 0.5
_MOST_REMEMBERED = 100_000


@dataclass(frozen=True, slots=True)
class CalGray:
    """PDF's CalGray (ISO 32000-1, 8.6.5.2): one channel with a gamma."""

    gamma: float = 1.0


@dataclass(frozen=True, slots=True)
class CalRgb:
    """PDF's CalRGB (ISO 32000-1, 8.6.5.3): gammas, and a matrix to XYZ in the order of the file."""

    white: tuple[float, float, float]
    gamma: tuple[float, float, float] = (1.0, 1.0, 1.0)
    matrix: tuple[float, float, float, float, float, float, float, float, float] = (1, 0, 0, 0, 1, 0, 0, 0, 1)


@dataclass(frozen=True, slots=True)
class Lab:
    """PDF's Lab (ISO 32000-1, 8.6.5.4): lightness 0 to 100, a and b in a range that only pixels are scaled by."""

    range: tuple[float, float, float, float] = (-100.0, 100.0, -100.0, 100.0)


#: What colours mean: a profile, RGB without one (sRGB is assumed), DeviceGray (black ink reversed), or one of PDF's
#: spaces with a calibration of their own.
Source = bytes | Literal["rgb", "gray"] | CalGray | CalRgb | Lab


class Transform:
    """A conversion for a press: safe for threads, and it remembers the single colours it has seen.

    White becomes paper, exactly, by all intents but ``absolute``. Gray, with a profile or without, becomes black ink
    alone: nothing is gained by three more plates, and misregister shows.
    """

    def __init__(self, source: Source, press: Press, intent: Intent = "relative", *, black_point: bool = True) -> None:
        """Prepare the conversion.

        Args:
            source: what the colours mean.
            press: where they will be printed.
            intent: how colours out of its reach are brought within it.
            black_point: whether the darkest colour of the source becomes the darkest of the press.

        Raises:
            UnusableProfile: the source's profile is damaged, or for no kind of colour that can be converted.
        """
        self.source, self.press, self.intent, self.black_point = source, press, intent, black_point
        self._profile = littlecms.srgb() if source == "rgb" else source if isinstance(source, bytes) else None
        self._space = self._named()
        #: How many numbers a colour of the source has.
        self.channels = {"Gray": 1, "RGB": 3, "Lab": 3, "CMYK": 4}[self._space]
        self._remembered: dict[bytes, Floats] = {}

    def _named(self) -> str:
        if self._profile is not None:
            return littlecms.space(self._profile)
        if isinstance(self.source, Lab):
            return "Lab"
        return "RGB" if isinstance(self.source, CalRgb) else "Gray"

    def numbers(self, values: npt.ArrayLike, *, black: bool = False) -> Floats:
        """Single colours in the inks of the press.

        Args:
            values: one colour a row, from 0 to 1 as the operators of a page have them; of ``Lab``, lightness from 0 to
                100 and a and b as they are.
            black: whether grays and black become black ink alone, as it is right for text and lines.

        Returns:
            Cyan, magenta, yellow and black, from 0 to 1, one row for each.

        Raises:
            ValueError: the rows have another number of columns than the source has channels.
            UnusableProfile: LittleCMS makes no conversion of the two profiles.
        """
        import numpy as np

        rows = np.asarray(values, dtype=np.float64)
        if rows.ndim != 2 or rows.shape[1] != self.channels:
            raise ValueError(f"colours of {self.channels} numbers a row are expected, not an array of {rows.shape}")
        if len(rows) > _MOST_REMEMBERED:
            return self._worked_out(rows, black)
        keys = [row.tobytes() + bytes([black]) for row in rows]
        known = self._remembered
        new = [n for n, key in enumerate(keys) if key not in known]
        if len(new) + len(known) > _MOST_REMEMBERED:
            known = self._remembered = {}
            new = list(range(len(rows)))
        if new:
            found = self._worked_out(rows[new], black)
            known.update(zip((keys[n] for n in new), found, strict=True))
        return np.array([known[key] for key in keys]).reshape(-1, 4)

    def pixels(self, pixels: Pixels, *, black: bool = False) -> Pixels:
        """A picture in the inks of the press, with as many bits as it had.

        Args:
            pixels: whole numbers of 8 or 16 bits; the channels are the last axis, and may be left out where there is
                only one. Of ``Lab``, each channel spans its range.
            black: see ``numbers``; for drawings and screenshots, not for photographs.
        """
        import numpy as np

        if pixels.dtype not in (np.uint8, np.uint16):
            raise ValueError(f"pixels have 8 or 16 bits, not {pixels.dtype}")
        most = float(np.iinfo(pixels.dtype).max)
        if self.channels == 1:
            shades = pixels[..., 0] if pixels.ndim == 3 else pixels
            table = self._worked_out(np.arange(most + 1)[:, None] / most, black)
            levels: Pixels = _rounded(table, most).astype(pixels.dtype)[shades]
            return levels
        rows = pixels.reshape(-1, self.channels)
        if self._profile is None or self._space == "Lab":
            inks = _rounded(self._worked_out(self._unscaled(rows / most), black), most).astype(pixels.dtype)
        else:
            inks = littlecms.convert(rows, self._profile, self.press.icc, self.intent, self.black_point)
            inks = self._corrected(rows, inks, most, black)
        return inks.reshape(*pixels.shape[:-1], 4)

    def black_only(self, values: npt.ArrayLike) -> Floats:
        """Single colours as tints of black that are as light: rows as ``numbers`` takes and gives them."""
        import numpy as np

        rows = np.asarray(values, dtype=np.float64)
        inks = np.zeros((len(rows), 4))
        if self.source == "gray":
            inks[:, 3] = 1.0 - np.clip(rows[:, 0], 0.0, 1.0)
            return inks
        light = luminance(self.lab(rows)[:, 0])
        if self.black_point:
            darkest = float(luminance(self.lab(self._darkest()))[0, 0])
            light = np.clip((light - darkest) / (1.0 - darkest), 0.0, 1.0)
        inks[:, 3] = black_ramp(self.press.icc).amounts(light, black_point=self.black_point)
        return inks

    def neutral(self, values: npt.ArrayLike) -> Flags:
        """Which colours are gray, black or white: equal red, green and blue, or no chroma. CMYK never is."""
        import numpy as np

        rows = np.asarray(values, dtype=np.float64)
        if self._space == "Gray":
            return np.ones(len(rows), dtype=bool)
        if self._space == "CMYK":
            return np.zeros(len(rows), dtype=bool)
        if self._profile is not None and self._space == "RGB":
            return np.asarray((rows == rows[:, :1]).all(axis=1))
        lab = self.lab(rows)
        return np.asarray(np.hypot(lab[:, 1], lab[:, 2]) < _NEUTRAL)

    def lab(self, values: npt.ArrayLike) -> Floats:
        """Single colours as CIE Lab (D50), relative to the white of the source."""
        import numpy as np

        rows = np.asarray(values, dtype=np.float64)
        if isinstance(self.source, Lab):
            return rows
        if isinstance(self.source, CalRgb):
            return _calibrated(self.source, np.clip(rows, 0.0, 1.0))
        if isinstance(self.source, CalGray) or self.source == "gray":
            gamma = self.source.gamma if isinstance(self.source, CalGray) else 1.0
            light = lightness(np.clip(rows[:, 0], 0.0, 1.0) ** gamma)
            return np.stack([light, 0 * light, 0 * light], axis=1)
        assert self._profile is not None
        return littlecms.to_lab(littlecms.words(self._scaled(rows)), self._profile)

    def _worked_out(self, rows: Floats, black: bool) -> Floats:
        if self._space == "Gray":
            return self.black_only(rows)
        if self._profile is not None:
            scaled = littlecms.words(self._scaled(rows))
            inks = littlecms.convert(scaled, self._profile, self.press.icc, self.intent, self.black_point)
        else:
            inks = littlecms.from_lab(self.lab(rows), self.press.icc, self.intent, self.black_point)
        return self._corrected(rows, inks / 65535.0, 1.0, black)

    def _corrected(self, rows: Pixels, inks: Pixels, most: float, black: bool) -> Pixels:
        """White made paper, and gray made of black ink."""
        import numpy as np

        if self._space == "CMYK":
            return inks
        if self._space == "Lab":
            white = np.asarray((rows[:, 0] >= 100) & (np.abs(rows[:, 1:]) < _NEUTRAL).all(axis=1))
        else:
            white = np.asarray((rows >= most).all(axis=1))
        if self.intent != "absolute" and white.any():
            inks = inks.copy()
            inks[white] = 0
        if black:
            unscaled = rows if most == 1.0 else rows / most
            gray = self.neutral(unscaled)
            inks = inks.copy()
            tints = self.black_only(unscaled[gray])
            inks[gray] = tints if most == 1.0 else _rounded(tints, most)
        return inks

    def _darkest(self) -> Floats:
        import numpy as np

        return np.ones((1, 4)) if self._space == "CMYK" else np.zeros((1, self.channels))

    def _scaled(self, rows: Floats) -> Floats:
        """From 0 to 1, as profiles have it; only Lab is not written so."""
        import numpy as np

        return (rows + np.array([0, 128, 128])) / np.array([100, 255, 255]) if self._space == "Lab" else rows

    def _unscaled(self, shares: Floats) -> Floats:
        """From 0 to 1 to the numbers of the source."""
        if self._space != "Lab":
            return shares
        a0, a1, b0, b1 = self.source.range if isinstance(self.source, Lab) else (-128.0, 127.0, -128.0, 127.0)
        return shares * (100.0, a1 - a0, b1 - b0) + (0.0, a0, b0)


def transform(source: Source, press: Press, intent: Intent = "relative", *, black_point: bool = True) -> Transform:
    """The conversion of a source for a press; the same one for the same wishes, with all it remembers.

    Raises:
        UnusableProfile: see ``Transform``.
    """
    return _transform(source, press, intent, black_point)


@lru_cache(64)
def _transform(source: Source, press: Press, intent: Intent, black_point: bool) -> Transform:
    return Transform(source, press, intent, black_point=black_point)


def _rounded(shares: Floats, most: float) -> Floats:
    import numpy as np

    return np.floor(np.clip(shares, 0.0, 1.0) * most + 0.5)


#: ICC.1:2022, E.3: the cone responses of the linear Bradford adaptation.
_BRADFORD = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))


def _calibrated(source: CalRgb, rows: Floats) -> Floats:
    """CIE Lab (D50) of CalRGB: gamma, matrix, and its white adapted to the PCS's."""
    import numpy as np

    xyz = rows ** np.array(source.gamma) @ np.array(source.matrix).reshape(3, 3)
    cones = np.array(_BRADFORD)
    gain = (cones @ np.array(D50)) / (cones @ np.array(source.white))
    adapted = xyz @ cones.T * gain @ np.linalg.inv(cones).T
    return lab_of(adapted)


__all__ = ["CalGray", "CalRgb", "Lab", "Source", "Transform", "UnusableProfile", "transform"]
