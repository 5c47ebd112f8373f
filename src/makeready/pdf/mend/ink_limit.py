"""Process inks within a limit: in streams, shadings, pictures and palettes, and in mixtures with spots."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pikepdf import Array, Name, Stream

from makeready.colour import InkLimit, UnusableProfile, ciede2000, littlecms
from makeready.facts import Artwork
from makeready.pdf.colour import PROCESS_INKS
from makeready.pdf.mend.paints import space_of
from makeready.pdf.mend.recolour import Recipe, Recoloured, recolour
from makeready.pdf.mend.streams import Scope
from makeready.pdf.mend.working import Working
from makeready.press import Press

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

#: So little above the limit is rounding, of 8 bits a plate.
_SLACK = 0.004
#: Sides of the blocks that JPEG compresses (ITU-T T.81, A.1.1): in each, pixels change, but hardly their mean.
_BLOCK = 8
_BLOCK_NOISE = 0.01


@dataclass(slots=True)
class Tally:
    """How far colours moved, each of them counted once for every place that it was worked out for."""

    #: The most ink before, 1 for a full plate.
    before: float = 0.0
    colours: int = 0
    #: CIEDE2000: the sum over all, and the largest.
    sum: float = 0.0
    most: float = 0.0

    @property
    def mean(self) -> float:
        """CIEDE2000 of a colour, on average."""
        return self.sum / max(self.colours, 1)


def limit_ink(working: Working, artwork: Artwork, most: float, press: Press) -> tuple[Recoloured, Tally]:
    """Bring colours of too much ink under the limit, on the pages of the artwork.

    Args:
        working: the file.
        artwork: its facts.
        most: the most ink, 1 for a full plate.
        press: what DeviceCMYK is meant for.

    Raises:
        UnusableProfile: LittleCMS cannot convert from the press's profile.
    """
    limits = _Limits(most, press)
    limits.of(press.icc)
    return recolour(working, artwork, limits.recipe), limits.tally


class _Limits:
    """What becomes of each space of process inks."""

    def __init__(self, most: float, press: Press) -> None:
        self._most, self._press = most, press
        self._by_profile: dict[bytes, InkLimit] = {}
        self.tally = Tally()

    def of(self, profile: bytes) -> InkLimit:
        """The limit for the inks of a profile."""
        if profile not in self._by_profile:
            self._by_profile[profile] = InkLimit(profile, self._most)
        return self._by_profile[profile]

    def recipe(self, space: Any, scope: Scope | None) -> Recipe | None:
        """What becomes of a space; ``None`` where it has no four process inks."""
        if isinstance(space, Name):
            if space != Name.DeviceCMYK:
                return None
            default = scope.find("ColorSpace", Name.DefaultCMYK) if scope else None
            return self._limited(self._press.icc if default is None else _profile(default) or self._press.icc, 4)
        known = space_of(space)
        if known is None or known.family.startswith("Indexed"):
            return None
        if known.model == "cmyk":
            return self._limited(_profile(space) or self._press.icc, 4)
        if set(PROCESS_INKS) <= set(known.colorants):
            return self._limited(self._press.icc, known.n, tuple(known.colorants.index(ink) for ink in PROCESS_INKS))
        return None

    def _limited(self, profile: bytes, channels: int, inks: tuple[int, ...] = (0, 1, 2, 3)) -> Recipe:
        import numpy as np

        try:
            limit = self.of(profile)
        except UnusableProfile as error:
            raise ValueError(f"CMYK with a profile that cannot be used: {error}") from error
        plates = list(inks)

        def numbers(rows: Floats) -> Floats:
            new = np.array(rows, dtype=np.float64)
            over = self._over(new[:, plates])
            if over.any():
                new[np.ix_(over, plates)] = self._within(limit, new[over][:, plates])
            return new

        def touches_lossy(pixels: Any, full: int) -> bool:
            return self._heaviest_block(pixels[..., plates]) > (self._most + _BLOCK_NOISE) * full

        return Recipe(
            channels,
            None,
            numbers,
            touches=lambda rows: bool(self._over(rows[:, plates]).any()),
            touches_lossy=touches_lossy,
            down=True,
        )

    def _over(self, rows: Floats) -> Any:
        return rows.sum(axis=1) > self._most + _SLACK

    def _within(self, limit: InkLimit, rows: Floats) -> Floats:
        less = limit.apply(rows)
        apart = ciede2000(_lab(rows, limit.profile), _lab(less, limit.profile))
        self.tally.before = max(self.tally.before, float(rows.sum(axis=1).max()))
        self.tally.colours += len(rows)
        self.tally.sum += float(apart.sum())
        self.tally.most = max(self.tally.most, float(apart.max()))
        return less

    @staticmethod
    def _heaviest_block(pixels: Any) -> float:
        """The most ink of all blocks of a JPEG, as a mean over the block."""
        import numpy as np

        total = pixels.sum(axis=2, dtype=np.float32)
        total = np.pad(total, [(0, -side % _BLOCK) for side in total.shape], mode="edge")
        blocks = total.reshape(total.shape[0] // _BLOCK, _BLOCK, total.shape[1] // _BLOCK, _BLOCK)
        return float(blocks.mean(axis=(1, 3)).max())


def _profile(space: Any) -> bytes | None:
    """The profile of a colour space that has one."""
    if isinstance(space, Array) and len(space) > 1 and space[0] == Name.ICCBased and isinstance(space[1], Stream):
        return bytes(space[1].read_bytes()) if int(space[1].get("/N", 0)) == len(PROCESS_INKS) else None
    return None


def _lab(inks: Floats, profile: bytes) -> Floats:
    return littlecms.to_lab(littlecms.words(inks), profile)
