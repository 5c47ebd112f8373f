"""What a designer asks for: subjects on other backgrounds, shadows, outlines, light, text taken off, layouts.

The package can be called: ``makeready.edit("photo.jpg", ["cut_out", {"edit": "shadow", "mode": "soft"}])``.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

from makeready.changes import Change, Refusal
from makeready.edit.order import Step
from makeready.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from makeready.edit.operator import Edit
    from makeready.edit.scene import Export, Generate, Pixels

#: One module a family of edits.
MODULES: tuple[str, ...] = (
    "cut_out",
    "generating",
    "apparel",
    "background",
    "expand",
    "layout",
    "export",
    "remove_text",
    "enlarge_first",
    "lighting",
    "beautify",
    "shadow",
    "outline",
    "adjust",
    "reframe",
    "instruct",
    "layers",
)

#: An edit by its name, or ``{"edit": name, **settings}``.
Link = Mapping[str, Any] | str


@cache
def catalogue() -> Mapping[str, Edit]:
    """Every built-in edit by its id, in the order of the pipeline."""
    from makeready.edit.operator import Edit

    found = [
        value
        for name in MODULES
        for value in vars(importlib.import_module(f"makeready.edit.operators.{name}")).values()
        if isinstance(value, Edit)
    ]
    return {edit.id: edit for edit in sorted(found, key=lambda edit: edit.place)}


@dataclass(frozen=True, slots=True)
class Edited:
    """What became of a picture."""

    #: Height × width × 4, ``uint8``: red, green and blue of sRGB, and opacity.
    pixels: Pixels = field(repr=False)
    changes: tuple[Change, ...]
    #: What a person should know about the result.
    notes: tuple[str, ...]
    #: How ``save`` writes it, as the operator ``export`` was told.
    export: Export
    #: What the input said beside its pixels, for ``save``.
    _origin: Any = field(repr=False)

    def save(self, path: str | Path) -> None:
        """Write it; the ending of the name says as what, unless ``export`` named a format.

        In a JPEG, what is clear becomes white.

        Raises:
            UsageError: files of that kind are not written, or have no room for what is in it.
            OSError: it cannot be written.
        """
        from makeready.raster.mend import canvas

        canvas.save(self.pixels, Path(path), self.export, self._origin)


def steps(edits: Sequence[Link]) -> list[tuple[Edit, Any]]:
    """Edits and their settings as they are asked for, in the order in which they are made.

    Raises:
        UsageError: an edit does not exist or is asked for twice, or a setting does not fit.
    """
    if isinstance(edits, str | Mapping):
        raise UsageError("Edits are a list.", 'Write ["cut_out", {"edit": "shadow", "mode": "soft"}].')
    known = catalogue()
    found: dict[str, tuple[Edit, Any]] = {}
    for place, link in enumerate(edits, start=1):
        said = {"edit": link} if isinstance(link, str) else dict(link) if isinstance(link, Mapping) else {}
        id = said.pop("edit", None) or said.pop("fix", None)
        if not isinstance(id, str):
            raise UsageError(f"Edit {place} has no name.", 'Write {"edit": "shadow", "mode": "soft"}.')
        if id not in known:
            raise UsageError(f"There is no edit {id!r}.", did_you_mean(id, known) or f"There are {', '.join(known)}.")
        if id in found:
            raise UsageError(f"The edit {id!r} is asked for twice.", "Ask for each edit once.")
        found[id] = known[id], known[id].valid(said)
    return sorted(found.values(), key=lambda one: one[0].place)


def needs(edits: Sequence[Link]) -> tuple[str, ...]:
    """What edits need that may not be installed: ``segment:isnet``, ``refine``, ``text``, ``generate:background`` …

    Raises:
        UsageError: as ``steps``.
    """
    return tuple(dict.fromkeys(need for edit, params in steps(edits) for need in edit.calls_for(params)))


def _part(tell: Callable[[float], None], done: int, of: int) -> Callable[[float], None]:
    return lambda share: tell((done + share) / of)


class _Room(ModuleType):
    """The package and the deed have one name: importing the one must not hide the other."""

    def __call__(
        self,
        picture: Any,
        edits: Sequence[Link],
        *,
        seed: int = 0,
        inputs: Mapping[str, Any] | None = None,
        max_pixels: int | None = None,
        generate: Generate | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> Edited:
        """Edit a picture.

        Args:
            picture: a path, the bytes of a file, a binary stream, or pixels: height × width × 3 or 4 of sRGB,
                ``uint8``, ``uint16`` or floats from 0 to 1; ``None`` where an edit makes it. It is only read.
            edits: what is wanted, in any order: ``["cut_out", {"edit": "shadow", "mode": "soft"}]``.
            seed: of edits that have a choice: the same seed makes the same result.
            inputs: further pictures by the names that edits use for them, of the same kinds as ``picture``.
            max_pixels: pictures with more are refused before they are decoded.
            generate: what makes pictures from words, called as ``edit.generators.generate`` is; the configured back end
                when left out.
            progress: called with the share of the work that is done, 0 to 1; what it raises ends the work.

        Raises:
            UsageError: an edit does not exist, or a setting does not fit.
            Refusal: something cannot be made of this picture; the text says why and what would help.
            UnreadableFile: the picture, or a further one, is damaged or none.
            MissingDependency: what an edit needs is not installed.
        """
        from makeready.edit.scene import Scene
        from makeready.raster.mend import canvas

        wanted = steps(edits)
        tell = progress or (lambda _: None)
        if picture is None and not any(edit.step is Step.MAKE for edit, _ in wanted):
            raise UsageError("There is no picture to edit.", "Give one, or ask for an edit that makes one from words.")
        with canvas.opened(picture, max_pixels) as (pixels, origin):
            scene = Scene(pixels, seed=seed, generate=generate, origin=origin)
            for name, given in (inputs or {}).items():
                with canvas.opened(given, max_pixels) as (further, _):
                    scene.inputs[name] = further
            changes: list[Change] = []
            for done, (edit, params) in enumerate(wanted):
                scene.tell = _part(tell, done, len(wanted) + 1)
                try:
                    changes.extend(edit.act(scene, params))
                except Refusal as refusal:
                    raise Refusal(f"{edit.id}: {refusal}") from refusal
            scene.tell = _part(tell, len(wanted), len(wanted) + 1)
            drawn = scene.draw()
            return Edited(drawn, tuple(changes), tuple(scene.notes), scene.export, origin)


edit = cast(_Room, sys.modules[__name__])
edit.__class__ = _Room
