"""Edits on files: a scene is made of the file on the bench, and what becomes of it goes back there.

Edits that follow one another work on one scene, so that a shadow still falls behind a subject whose new background was
laid by the step before. A step of another kind in between ends the scene: it changes the picture that was drawn.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from makeready.edit.scene import Scene
from makeready.raster.mend import canvas

if TYPE_CHECKING:
    from makeready.raster.mend.working import Working

#: The scene of a picture on the bench, and what was drawn of it last.
_SCENES: weakref.WeakKeyDictionary[Working, tuple[Scene, Any]] = weakref.WeakKeyDictionary()


@contextmanager
def editing(job: Any) -> Iterator[Scene]:
    """The scene of a job's picture; drawn, and put back, when the edit is done.

    Args:
        job: what fixes are given.

    Raises:
        Refusal: something that was asked for cannot be made of this picture.
        UnreadableFile: it is damaged.
    """
    work: Working = job.raster
    scene, drawn = _SCENES.get(work, (None, None))
    if scene is None or drawn is not work.image:
        scene = Scene(canvas.pixels(work))
    scene.tell = job.tell
    yield scene
    canvas.lay(work, scene.draw(), scene.export)
    _SCENES[work] = scene, work.image
