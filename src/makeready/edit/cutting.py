"""The subject of a scene, found by a segmenter or by the transparency that the picture has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from makeready import segment
from makeready.changes import Refusal

if TYPE_CHECKING:
    from makeready.edit.scene import Pixels, Scene

#: Pixels that are cut at a time.
_STRIP = 1_000_000
#: After pictures of more pixels the model is let go of: what is drawn of them needs its memory (half a gigabyte), and
#: to load it again takes little of their time.
_LARGE = 25_000_000
#: Of the work, what finding the subject takes; the rest is cutting the full picture.
_FINDING = 0.9


def by_transparency(scene: Scene) -> None:
    """Where nothing was looked for yet, the transparency that a picture has says what its subject is."""
    if not scene.found and (scene.picture[..., 3] < 255).any():
        scene.subject, scene.removed = scene.picture, True


def cut_out(scene: Scene) -> Pixels:
    """The subject in its own colours, of the size of the picture; transparency that was there is multiplied.

    It is looked for in a small copy and cut in strips, so that beside the picture and its subject, and what the model
    needs, there is nothing large in memory (``segment.cut`` holds the opacity in ``float32``).

    Raises:
        Refusal: no subject is found.
        MissingDependency: the model is not installed.
    """
    import numpy as np

    from makeready.models import session
    from makeready.segment import planes
    from makeready.segment.options import Options

    wish, picture = scene.cut, scene.picture
    if wish.keep_alpha and (picture[..., 3] < 255).any():
        return picture
    height, width = picture.shape[:2]
    seen = planes.picture(_small(picture))
    options = Options(wish.model, wish.quality, wish.subject, wish.edge_softness, wish.high_detail, wish.provider)
    found = segment.matte(
        seen.preview(segment.PREVIEW_PIXELS), width, height, options, lambda share: scene.tell(_FINDING * share)
    )
    if width * height > _LARGE:
        session.forget()
    if found.empty:
        raise Refusal("no subject was found: choose a picture in which it stands out, or keep the background")
    scene.notes.extend(note for note in found.notes if note not in scene.notes)
    if wish.despill:
        found.colours(seen.native(*seen.colours.shape[1::-1]))
    subject = picture.copy()
    step = max(1, _STRIP // width)
    for top in range(0, height, step):
        rows = slice(top, min(top + step, height))
        alpha = found.rows(picture[rows, :, :3].astype(np.float32) / 255, top)
        if wish.despill:
            subject[rows, :, :3] = found.foreground(picture[rows, :, :3], alpha, top)
        subject[rows, :, 3] = np.rint(alpha * picture[rows, :, 3])
        scene.tell(_FINDING + (1 - _FINDING) * rows.stop / height)
    if not subject[..., 3].any():
        raise Refusal("no subject was found: what stands out in the picture is clear already")
    return subject


def _small(picture: Pixels) -> Pixels:
    """A copy that a model can look at; colours count as much as they cover."""
    import numpy as np
    from PIL import Image

    from makeready.segment import planes

    size = planes.fitted(picture.shape[1], picture.shape[0], segment.PREVIEW_PIXELS)
    if size == picture.shape[1::-1]:
        return picture
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BOX))
