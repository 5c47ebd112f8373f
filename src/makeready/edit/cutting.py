"""The subject of a scene, found by a segmenter or by the transparency that the picture has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from makeready import segment
from makeready.changes import Refusal

if TYPE_CHECKING:
    from makeready.edit.scene import Pixels, Scene


def cut_out(scene: Scene) -> Pixels:
    """The subject in its own colours, of the size of the picture.

    Raises:
        Refusal: no subject is found.
        MissingDependency: the model is not installed.
    """
    import numpy as np

    wish = scene.cut
    found = segment.cut(
        scene.picture,
        model=wish.model,
        quality=wish.quality,
        subject=wish.subject,
        edge_softness=wish.edge_softness,
        high_detail=wish.high_detail,
        provider=wish.provider,
        despill=wish.despill,
        progress=scene.tell,
    )
    if found.empty:
        raise Refusal("no subject was found: choose a picture in which it stands out, or keep the background")
    scene.notes.extend(note for note in found.notes if note not in scene.notes)
    alpha = np.rint(found.alpha * 255).astype(np.uint8)
    return np.dstack([found.pixels[..., :3], alpha])
