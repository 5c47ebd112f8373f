"""A recipe carried out: rows in, rows out, whatever makes them.

Pixels become ``float32`` from 0 to 1 once, flow through fills, passes and Lanczos, and are rounded once at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from makeready.errors import UsageError
from makeready.upscale import backprojection, faithful, lanczos, opacity, recipe, tiles
from makeready.upscale.flow import Meter, Read, Shared, reader
from makeready.upscale.planes import Enlarger, of_channels, planes
from makeready.upscale.recipe import AUTO, Recipe
from makeready.upscale.upscaler import Network, Upscaler

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]

Progress = Callable[[float], None]
#: Values of the source that noise is measured in where rows can be read only once: the first ones.
_PEEKED = 6_000_000
_TOPS = {"uint8": 255, "uint16": 65535, "float32": 1}


@dataclass(frozen=True, slots=True)
class Prepared:
    """A recipe for pictures of one size, with its networks open: nothing is missing any more."""

    recipe: Recipe
    width: int
    height: int
    new_width: int
    new_height: int
    upscaler: Upscaler | None
    networks: tuple[Network, ...]

    def strips(
        self,
        read_rows: Read,
        *,
        channels: int,
        dtype: npt.DTypeLike,
        alpha: bool = False,
        colour: str | None = None,
        progress: Progress | None = None,
    ) -> Iterator[Any]:
        """The rows of the result from top to bottom, a strip at a time (see ``makeready.upscale.strips``)."""
        import numpy as np

        kind = np.dtype(dtype)
        if kind.name not in _TOPS:
            raise UsageError(f"Pixels cannot be {kind.name}.", "Give uint8, uint16, or floats from 0 to 1.")
        put_together = planes(colour or of_channels(channels, alpha), channels, alpha) if self.networks else ()
        meter = Meter(self._work(), progress)
        size = (self.width, self.height, self.new_width, self.new_height)
        if self.recipe.model == "lanczos":
            made = lanczos.strips(read_rows, *size, channels=channels, dtype=kind, alpha=alpha)
            return _told(made, self.new_width, meter)
        read: Read = partial(_as_floats, read_rows, (self.width, channels), np.float32(_TOPS[kind.name]))
        if alpha:
            # As far as what is done to a visible pixel looks about.
            depth = self.upscaler.margin + faithful.MARGIN if self.upscaler else backprojection.REACH
            read = reader(opacity.filled(read, self.height, depth))
        if self.upscaler is None:
            factor = max(self.new_width / self.width, self.new_height / self.height)
            source = Shared(read)
            read = reader(backprojection.sharpened(source.reader(0), self.height, factor))
            floats = lanczos.strips(read, *size, channels=channels, dtype=np.float32, alpha=alpha)
            if factor > 1:
                floats = faithful.bounded(source.reader(1), floats, self.width, self.height, self.new_height)
            return _told(_rounded(floats, kind), self.new_width, meter)
        return _rounded(self._enlarged(self.upscaler, read, channels, put_together, alpha, meter), kind)

    def _enlarged(
        self, upscaler: Upscaler, read: Read, channels: int, put_together: tuple[Any, ...], alpha: bool, meter: Meter
    ) -> Iterator[Floats]:
        import numpy as np

        width, height = self.width, self.height
        made: Iterator[Floats] = iter(())
        for at, (scale, network) in enumerate(zip(self.recipe.passes, self.networks, strict=True)):
            deed = Enlarger(upscaler, network, scale, put_together)
            source = Shared(read if at == 0 else reader(made))
            made = tiles.enlarged(source.reader(0), width, height, channels, upscaler, scale, deed, meter)
            made = faithful.kept(
                source.reader(1), reader(made), height, scale, put_together, bounded=upscaler.style == "truthful"
            )
            width, height = width * scale, height * scale
        if self.recipe.fitted:
            made = lanczos.strips(
                reader(made), width, height, self.new_width, self.new_height,
                channels=channels, dtype=np.float32, alpha=alpha,
            )  # fmt: skip
        return made

    def _work(self) -> float:
        """All that the meter will be told of: pixels that are made."""
        if not self.recipe.passes:
            return self.new_width * self.new_height
        total, times = 0.0, 1
        for scale in self.recipe.passes:
            times *= scale
            total += self.width * times * self.height * times
        return total


def prepare(
    model: str,
    width: int,
    height: int,
    new_width: int,
    new_height: int,
    *,
    style: str = "truthful",
    noise: float | Literal["auto"] = AUTO,
    sample: npt.NDArray[Any] | None = None,
    jpeg_quality: int | None = None,
    provider: str = "auto",
) -> Prepared:
    """Open what a picture takes, before any of it is read.

    Args:
        model: as in ``makeready.upscale``.
        width: pixels across of the source.
        height: pixels down of the source.
        new_width: pixels across of the result.
        new_height: pixels down of the result.
        style: ``truthful`` or ``creative``, for ``ai``.
        noise: to be removed, a standard deviation in levels of 255; ``auto`` measures it in the sample.
        sample: pixels of the picture, or of a part of it at its own size, without opacity.
        jpeg_quality: where it was a JPEG, 1 to 100.
        provider: the engine that runs networks.

    Raises:
        UsageError: there is no such model, or a size is below one pixel.
        MissingDependency: weights or an engine are not installed.
    """
    if min(width, height, new_width, new_height) < 1:
        raise UsageError("A picture needs at least one pixel.", "Give a width and a height of 1 or more.")
    factor = max(new_width / width, new_height / height)
    found = recipe.chosen(model, style, factor, noise)
    if found.noise == AUTO:
        from makeready.upscale import noise as noises

        level = 0.0 if sample is None else noises.estimate(sample, jpeg_quality=jpeg_quality)
        network = recipe.upscaler(found.model)
        found = replace(found, noise=recipe.removed(network, found.passes[0], level))
    found = recipe.exact(found, width, height, new_width, new_height)
    if not found.passes:
        return Prepared(found, width, height, new_width, new_height, None, ())
    upscaler = recipe.upscaler(found.model)
    networks = []
    for at, scale in enumerate(found.passes):
        # What the first pass has removed, the second need not.
        level = float(found.noise) if at == 0 else 0.0
        networks.append(upscaler.open_session(scale, level, provider))
    found = replace(found, engine=getattr(networks[0], "title", ""))
    return Prepared(found, width, height, new_width, new_height, upscaler, tuple(networks))


def strips(
    read_rows: Read,
    width: int,
    height: int,
    new_width: int,
    new_height: int,
    *,
    channels: int,
    dtype: npt.DTypeLike,
    alpha: bool = False,
    colour: str | None = None,
    model: str = "lanczos",
    style: str = "truthful",
    noise: float | Literal["auto"] = AUTO,
    jpeg_quality: int | None = None,
    provider: str = "auto",
    progress: Progress | None = None,
) -> Iterator[Any]:
    """The rows of the result from top to bottom, a strip at a time; networks are opened before this returns.

    Args:
        read_rows: gives the rows from, to (not included) as rows × width × channels. It is called from one thread,
            and asked for each row once, from top to bottom.
        width: pixels across of the source.
        height: pixels down of the source.
        new_width: pixels across of the result.
        new_height: pixels down of the result.
        channels: values of a pixel.
        dtype: ``uint8``, ``uint16`` or ``float32``, of the source and of the result.
        alpha: the last channel is opacity.
        colour: ``gray``, ``rgb``, ``cmyk`` (further inks may follow) or ``lab``; without it, by the channels.
        model: as in ``makeready.upscale``.
        style: ``truthful`` or ``creative``, for ``ai``.
        noise: to be removed, a standard deviation in levels of 255; ``auto`` measures it in the first rows. Who can
            read the picture anywhere measures better: ``prepare`` with a sample.
        jpeg_quality: where it was a JPEG, 1 to 100; for ``auto``.
        provider: the engine that runs networks.
        progress: is told the share that is done, from 0 to 1. What it raises stops the work and passes through.

    Raises:
        UsageError: there is no such model, or the numbers do not make a picture.
        MissingDependency: weights or an engine are not installed.
    """
    sample = None
    if noise == AUTO and min(width, height) >= 1 and model not in recipe.PLAIN:
        rows = min(height, max(16, _PEEKED // (width * channels)))
        first = read_rows(0, rows).reshape(rows, width, channels)
        sample = first[..., : channels - alpha]
        read_rows = _after(first, read_rows)
    prepared = prepare(
        model, width, height, new_width, new_height,
        style=style, noise=noise, sample=sample, jpeg_quality=jpeg_quality, provider=provider,
    )  # fmt: skip
    return prepared.strips(read_rows, channels=channels, dtype=dtype, alpha=alpha, colour=colour, progress=progress)


def whole(
    picture: npt.NDArray[Any],
    new_width: int,
    new_height: int,
    *,
    model: str,
    style: str,
    noise: float | Literal["auto"],
    alpha: bool,
    colour: str | None,
    jpeg_quality: int | None,
    provider: str,
    progress: Progress | None,
) -> npt.NDArray[Any]:
    """A picture that is in memory, enlarged (see ``makeready.upscale``)."""
    import numpy as np

    if picture.dtype.kind == "f":
        picture = picture.astype(np.float32, copy=False)
    solid = picture if picture.ndim == 3 else picture[:, :, None]
    height, width, channels = solid.shape
    prepared = prepare(
        model, width, height, new_width, new_height, style=style, noise=noise,
        sample=solid[..., : channels - alpha], jpeg_quality=jpeg_quality, provider=provider,
    )  # fmt: skip
    result = np.empty((new_height, new_width, channels), picture.dtype)
    at = 0
    for strip in prepared.strips(
        lambda first, last: solid[first:last],
        channels=channels, dtype=picture.dtype, alpha=alpha, colour=colour, progress=progress,
    ):  # fmt: skip
        result[at : at + len(strip)] = strip
        at += len(strip)
    return result if picture.ndim == 3 else result[:, :, 0]


def _after(held: npt.NDArray[Any], read_rows: Read) -> Read:
    """Reading that starts with rows that were read already."""
    import numpy as np

    known = len(held)
    rest = [held]

    def read(first: int, last: int) -> Any:
        if first >= known:
            rest.clear()
            return read_rows(first, last)
        part = rest[0][first:last]
        if last > known:
            part = np.concatenate([part, read_rows(known, last).reshape(last - known, *part.shape[1:])])
        return part

    return read


def _as_floats(read_rows: Read, shape: tuple[int, int], top: np.float32, first: int, last: int) -> Floats:
    import numpy as np

    rows: Floats = read_rows(first, last).reshape(last - first, *shape).astype(np.float32)
    return np.divide(rows, top, out=rows) if top != 1 else rows


def _rounded(made: Iterator[Floats], kind: np.dtype[Any]) -> Iterator[Any]:
    """Floats as the numbers that are wanted."""
    import numpy as np

    top = _TOPS[kind.name]
    for strip in made:
        yield strip if top == 1 else (strip * np.float32(top) + np.float32(0.5)).astype(kind)


def _told(made: Iterator[Any], width: int, meter: Meter) -> Iterator[Any]:
    for strip in made:
        meter.add(len(strip) * width)
        yield strip
