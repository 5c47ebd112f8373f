"""How an edit is declared: as a fix that cures nothing, so that it has its page, its settings and ``apply``."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from makeready.changes import Change, Safety, Stage
from makeready.edit.order import Step
from makeready.params import Params
from makeready.registry import Fix

if TYPE_CHECKING:
    from makeready.edit.scene import Scene


def _none(_params: Any) -> tuple[str, ...]:
    """Most edits need nothing but this package."""
    return ()


@dataclass(frozen=True, eq=False, kw_only=True)
class Edit(Fix):
    """A declared edit. ``act(scene, params)`` does it; ``run(job, params)`` does it to a file alone, as fixes are."""

    step: Step
    act: Callable[[Scene, Any], Iterator[Change]]
    #: What these settings need that may not be installed: ``segment:isnet``, ``refine``, ``generate:background`` …
    calls_for: Callable[[Any], tuple[str, ...]] = _none

    @property
    def place(self) -> tuple[int, int, str]:
        """Its place among all edits."""
        return self.step.position, self.rank, self.id


def operator(
    *,
    id: str,
    title: str,
    step: Step,
    params: type[Params] = Params,
    rank: int = 0,
    calls_for: Callable[[Any], tuple[str, ...]] = _none,
    seconds_per_page: float = 0.0,
    seconds_per_megapixel: float = 0.0,
) -> Callable[[Callable[[Scene, Any], Iterator[Change]]], Edit]:
    """Declare an edit: a function of a scene and its settings that yields a ``Change`` for each thing it changed.

    Args:
        id: what is asked for, in lower-case words with underscores.
        title: one sentence that says what it does.
        step: its place in the pipeline.
        params: its settings.
        rank: of edits of one step, lower comes first.
        calls_for: what given settings need that may not be installed.
        seconds_per_page, seconds_per_megapixel: what it takes, for a plan.
    """

    def declare(function: Callable[[Scene, Any], Iterator[Change]]) -> Edit:
        @functools.wraps(function)
        def run(job: Any, settings: Any) -> Iterator[Change]:
            from makeready.edit.file import edited

            yield from edited(job, function, settings)

        return Edit(
            id=id, title=title, stage=Stage.EDIT, safety=Safety.REVIEW, cures=(), kinds=("raster",), params=params,
            run=run, rank=step.position * 100 + rank, seconds_per_page=seconds_per_page,
            seconds_per_megapixel=seconds_per_megapixel, step=step, act=function, calls_for=calls_for,
        )  # fmt: skip

    return declare
