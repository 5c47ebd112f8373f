"""A picture edited as somebody asks: cut out, laid out, on another background, with a shadow, in other light."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from makeready import edit
from makeready.errors import UsageError
from makeready.service.child import Desk, Done, Output, Refused, Task
from makeready.service.work import artwork

#: What is written where nobody asks for a format.
_FORMAT = "PNG"
_SUFFIXES = {"PNG": ".png", "JPEG": ".jpg", "WebP": ".webp", "TIFF": ".tif"}
#: Of the work, what editing takes; the rest is writing the file.
_EDITING = 0.9


def run(task: Task, desk: Desk) -> Done:
    """Edit, and write what came out."""
    edits = task.options.get("edits")
    if not isinstance(edits, list) or not edits:
        raise UsageError("Nothing is asked for.", "Name at least one edit.")
    pictures = {role: _picture(task, desk, role) for role in task.inputs}
    made = edit.edit(
        pictures.pop("image").path if "image" in pictures else None,
        edits,
        seed=_seed(task.options),
        inputs={role: subject.path for role, subject in pictures.items()},
        max_pixels=int(desk.limits.megapixels * 1e6),
        generate=desk.paint,
        progress=lambda share: desk.tell(share * _EDITING),
    )
    desk.tell(_EDITING)
    format = made.export.format or _FORMAT
    name = f"image{_SUFFIXES[format]}"
    made.save(Path(task.folder) / name)
    height, width = made.pixels.shape[:2]
    shown = f"{Path(str(task.options.get('name') or 'image')).stem}-edited{_SUFFIXES[format]}"
    result = {
        "width": width,
        "height": height,
        "format": format.lower(),
        "changes": [change.message for change in made.changes],
        "notes": list(made.notes),
    }
    return Done(result, [Output("image", name, shown, artwork.MEDIA_TYPES[_SUFFIXES[format]])])


def _picture(task: Task, desk: Desk, role: str) -> artwork.Subject:
    """One of the pictures, if it is one and small enough.

    Raises:
        Refused: it is not; the message says which.
    """
    alone = Task(task.operation, task.options, {role: task.inputs[role]}, task.folder)
    try:
        return artwork.look(alone, desk, kinds=("raster",))
    except Refused as refusal:
        if role == "image":
            raise
        raise Refused(refusal.code, f"The picture for {role}: {refusal}", refusal.hint) from refusal


def _seed(options: Any) -> int:
    try:
        return int(options.get("seed") or 0)
    except (TypeError, ValueError) as error:
        raise UsageError(f"The seed cannot be {options['seed']!r}.", "Give a whole number.") from error
