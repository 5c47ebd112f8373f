"""How a picture is enlarged within the processor time that a job may take: known before anything is paid.

The figures are seconds of processor time on two shared processors without bfloat16, by onnxruntime, as measured on a
photograph; what is faster only gets done sooner. So the same picture is enlarged in the same way by every worker that
has the same weights.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from makeready.service.errors import InvalidRequest

#: How many times as wide and as high a picture can be made.
SCALES = (2, 3, 4)
#: The largest result: 1.2 × 1.2 m at 300 ppi. As JPEG or PNG it is some hundred megabytes.
MOST_MEGAPIXELS = 200.0
#: Of the time that a job may take, what is planned with: others are at work beside it.
_SHARE = 0.75
#: Of everything: what a megapixel of the result takes to be written.
_WRITING = 0.12


@dataclass(frozen=True, slots=True)
class Way:
    """One way to enlarge."""

    #: As ``makeready.upscale`` calls it; Lanczos makes what it falls short of the scale.
    model: str
    #: How far the model goes.
    times: int
    #: Seconds for a megapixel of the source, and of the result.
    of_source: float
    of_result: float

    def seconds(self, megapixels: float, scale: int) -> float:
        """Processor time for a picture of so many megapixels."""
        return megapixels * (self.of_source + (self.of_result + _WRITING) * scale * scale)


_LANCZOS = Way("lanczos", 4, 0.0, 0.03)
_PLAIN = (Way("backprojection", 4, 0.0, 0.09), _LANCZOS)
#: waifu2x keeps more at twice the size, SRMD beyond: the best first (docs/upscaling.md has the measurements).
_WAYS: Mapping[int, tuple[Way, ...]] = {
    2: (Way("waifu2x", 2, 14.0, 0.0), *_PLAIN),
    3: (Way("srmd", 3, 46.0, 0.0), Way("waifu2x", 2, 14.0, 0.03), *_PLAIN),
    4: (Way("srmd", 4, 43.0, 0.0), Way("waifu2x", 2, 14.0, 0.03), *_PLAIN),
}


def chosen(
    width: int, height: int, scale: int, seconds: float, installed: Callable[[str, int], bool]
) -> tuple[Way, Way]:
    """The way to take, and the best one there would be without any limit.

    Args:
        width: pixels across.
        height: pixels down.
        scale: one of ``SCALES``.
        seconds: the processor time that a job may take.
        installed: whether a model can be used for a scale of its own.

    Raises:
        InvalidRequest: as ``possible``.
    """
    possible(width, height, scale, seconds)
    megapixels = width * height / 1e6
    ways = _WAYS[scale]
    for way in ways:
        if way.seconds(megapixels, scale) <= _SHARE * seconds and (way in _PLAIN or installed(way.model, way.times)):
            return way, ways[0]
    return _LANCZOS, ways[0]


def possible(width: int, height: int, scale: int, seconds: float) -> None:
    """See that a picture can be enlarged in the time there is.

    Raises:
        InvalidRequest: it cannot; ``details["fields"]`` are empty, since nobody here knows what they are called.
    """
    most = min(MOST_MEGAPIXELS, _SHARE * seconds / (_LANCZOS.of_result + _WRITING))
    result = width * height * scale * scale / 1e6
    if result <= most:
        return
    fitting = [smaller for smaller in SCALES if smaller < scale and width * height * smaller * smaller / 1e6 <= most]
    hint = f"Take {fitting[-1]} times, or send fewer pixels." if fitting else "Send fewer pixels."
    raise InvalidRequest(
        f"{width} × {height} pixels made {scale} times as wide and as high are {result:,.0f} megapixels; "
        f"{most:,.0f} are the most.",
        hint,
    )
