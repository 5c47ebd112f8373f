"""What edits do with generators: backgrounds behind a subject, canvases that grow, subjects that words describe."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from makeready.changes import Refusal
from makeready.edit import generators
from makeready.raster.mend import canvas
from makeready.upscale import lanczos

if TYPE_CHECKING:
    from makeready.edit.layout import Placement
    from makeready.edit.scene import Box, Frame, Ground, Pixels, Scene

#: Of a background, what shows through the edges of a subject is worked out at no more than this many pixels a side.
_COARSE = 1024
#: A subject is cut off where so much of an edge of the picture is subject, as a share of the edge, or so many pixels.
_CUT_SHARE, _CUT_PIXELS = 0.02, 8


def ask(scene: Scene, task: str, **wish: Any) -> Any:
    """Let the scene's generator paint, or the configured one where it has none (see ``generators.generate``)."""
    return (scene.generate or generators.generate)(task, **wish)


def require(scene: Scene, task: str, prompt: str = "", more: Mapping[str, Any] | None = None) -> None:
    """See that somebody can do a task, before anything is worked out for it.

    Raises:
        NoGenerator: nobody can.
    """
    if scene.generate is None:
        generators.chosen(task, prompt, more)


def background(scene: Scene, prompt: str, seed: int, more: Mapping[str, Any]) -> Ground:
    """A background from words for the frame as it is now.

    It is painted at once, so that what cannot be done is said at once, and kept: whoever draws the scene again gets
    the same one, and no server is asked twice. Only a subject that was moved meanwhile needs another.

    Raises:
        NoGenerator: nobody can paint it.
        MissingDependency: the server or the weights cannot be had now.
        Refusal: there is no room for it, or the painter refuses.
    """
    made: dict[tuple[Placement, int], Pixels] = {}

    def paint(frame: Frame, below: Pixels) -> Pixels:
        del below
        wanted = frame.placement, zlib.crc32(frame.subject[..., 3].tobytes())
        if wanted not in made:
            made.clear()
            made[wanted] = _behind(scene, frame, prompt, seed, more)
            made[wanted].flags.writeable = False
        return made[wanted]

    frame = scene.frame()
    paint(frame, frame.subject)
    return paint


def _behind(scene: Scene, frame: Frame, prompt: str, seed: int, more: Mapping[str, Any]) -> Pixels:
    solid = frame.subject
    mask = np.subtract(1, np.divide(solid[..., 3], 255, dtype=np.float32))
    if not (mask > 0).any():
        raise Refusal("there is no room behind the subject: it fills all of the result")
    painted: Pixels = ask(scene, "background", image=solid, mask=mask, prompt=prompt, seed=seed, size=None, more=more)
    return _under_edges(painted, solid[..., 3] == 0)


def _under_edges(painted: Pixels, known: Any) -> Pixels:
    """A background that goes on under the edges of its subject.

    Where the subject covers a pixel in part, a painter gives a mixture of both, and the subject laid over it would be
    seen twice. There the background is taken from what is painted nearby (a normalised convolution: H. Knutsson and
    C.-F. Westin, 1993).
    """
    height, width = known.shape
    if not known.any() or known.all():
        return painted
    share = min(1.0, _COARSE / max(height, width))
    small = (max(1, round(width * share)), max(1, round(height * share)))
    weight = lanczos.resize(np.where(known, np.uint8(255), np.uint8(0)), *small).astype(np.float32) / 255
    bare = np.where(known[..., None], painted[..., :3], np.uint8(0))
    colour = lanczos.resize(bare, *small).astype(np.float32)
    middle = colour.sum(axis=(0, 1)) / max(1e-6, float(weight.sum()))
    found = np.broadcast_to(middle, colour.shape)
    for sigma in (max(small) / 8, max(small) / 30, max(small) / 120):  # the nearest has the last word
        near = canvas.blurred(weight, sigma)[..., None]
        local = canvas.blurred(colour, sigma) / np.maximum(near, 1e-6)
        trust = np.clip(near / 0.02, 0, 1)
        found = found + (local - found) * trust
    filled = lanczos.resize(np.rint(found).clip(0, 255).astype(np.uint8), width, height)
    result = painted.copy()
    result[~known, :3] = filled[~known]
    result[~known, 3] = 255
    return result


def cut_off(alpha: Any) -> tuple[bool, bool, bool, bool]:
    """At which edges of its picture a subject is cut off: left, top, right and bottom.

    Args:
        alpha: height × width, ``uint8``: how much is the subject.
    """
    solid = alpha > 127

    def cut(edge: Any) -> bool:
        return bool(edge.sum() >= max(_CUT_PIXELS if edge.size > 100 else 1, _CUT_SHARE * edge.size))

    return cut(solid[:, 0]), cut(solid[0]), cut(solid[:, -1]), cut(solid[-1])


def grown(picture: Pixels, by: Box) -> tuple[Pixels, Any]:
    """A picture with clear room around it, and the mask of that room.

    Args:
        picture: height × width × 4.
        by: pixels to add at the left, top, right and bottom.
    """
    left, top, right, bottom = by
    height, width = picture.shape[:2]
    wide = canvas.clear(width + left + right, height + top + bottom)
    wide[top : top + height, left : left + width] = picture
    mask = np.ones(wide.shape[:2], np.float32)
    mask[top : top + height, left : left + width] = 0
    return wide, mask


def described(scene: Scene, prompt: str, negative_prompt: str, *, keep_salient: bool) -> Pixels:
    """The subject that words describe, in its own colours, of the size of the picture.

    Args:
        scene: its picture is looked at.
        prompt: what belongs to the subject; may be empty.
        negative_prompt: what does not; may be empty.
        keep_salient: begin with what stands out by itself, and add to it; else only what the words describe is kept.

    Raises:
        NoGenerator: nothing is configured that finds things by their description.
        Refusal: nothing of it is in the picture.
    """

    def found(words: str) -> Any:
        return ask(scene, "segment", image=scene.picture, mask=None, prompt=words, seed=0, size=None, more={})

    if keep_salient:
        alpha = scene.subject[..., 3]
    else:
        alpha = np.full(scene.picture.shape[:2], 0 if prompt.strip() else 255, np.uint8)
    if prompt.strip():
        alpha = np.maximum(alpha, found(prompt))
    if negative_prompt.strip():
        alpha = np.minimum(alpha, 255 - found(negative_prompt))
    alpha = np.minimum(alpha, scene.picture[..., 3])
    if int(alpha.max()) < 128:
        words = " without ".join(f"“{words}”" for words in (prompt, negative_prompt) if words.strip())
        raise Refusal(f"nothing in the picture is {words}: describe it in other words, or leave them out")
    return np.dstack([scene.picture[..., :3], alpha])
