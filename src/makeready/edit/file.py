"""Edits on files: a scene is made of the file on the bench, and what becomes of it goes back there.

Edits that follow one another work on one scene, so that a shadow still falls behind a subject whose new background was
laid by the step before. A step of another kind in between ends the scene: it changes the picture that was drawn.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from makeready.changes import Change, Refusal
from makeready.edit.scene import Scene
from makeready.raster.mend import canvas, kept

if TYPE_CHECKING:
    from makeready.raster.mend.working import Working

#: The scene of a picture on the bench, and what was drawn of it last.
_SCENES: weakref.WeakKeyDictionary[Working, tuple[Scene, Any]] = weakref.WeakKeyDictionary()
#: Of the work of an edit, what it takes to say what is wanted; the rest is drawing it.
_SAYING = 0.7


def edited(job: Any, act: Callable[[Scene, Any], Iterator[Change]], params: Any) -> list[Change]:
    """Make one edit of a job's picture, draw what comes of it, and put it back.

    An edit that is refused, even as it is drawn, leaves picture and scene as they were.

    Args:
        job: what fixes are given.
        act: of the edit.
        params: its settings.

    Returns:
        What was changed; what a person should know besides is in the details of the first change, or in ``job.why``
        where nothing was.

    Raises:
        Refusal: something that was asked for cannot be made of this picture.
        UnreadableFile: it is damaged.
    """
    work: Working = job.raster
    scene, drawn = _SCENES.get(work, (None, None))
    if scene is None or drawn is not work.image:
        scene = Scene(canvas.pixels(work), origin=kept.origin(work))
    before = scene.snapshot()
    try:
        scene.tell = lambda share: job.tell(_SAYING * share)
        changes = list(act(scene, params))
        scene.tell = lambda share: job.tell(_SAYING + (1 - _SAYING) * share)
        if changes:
            canvas.lay(work, scene.draw(again=True), scene.export, scene.origin)
    except Refusal:
        scene.restore(before)
        raise
    finally:
        _SCENES[work] = scene, work.image
    notes = [note for note in scene.notes if note not in before.notes]
    if not changes:  # what it asked for still counts for the edits that follow
        job.why = " ".join(notes) or None
        return changes
    first, *others = changes
    details = {**first.details, "notes": notes} if notes else first.details
    return [replace(first, message=work.told(" ".join([first.message, *notes])), details=details), *others]
