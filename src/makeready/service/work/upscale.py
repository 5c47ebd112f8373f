"""A picture given more pixels, in its own format: by the best network that its size and the job's time allow."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from makeready.errors import MissingDependency, UsageError
from makeready.raster.mend import resample
from makeready.raster.mend.working import Working
from makeready.service import enlarging, operations
from makeready.service.child import Desk, Done, Output, Refused, Task
from makeready.service.errors import InvalidRequest
from makeready.service.work import artwork
from makeready.service.work.strip import strip
from makeready.upscale.recipe import PLAIN
from makeready.upscale.run import prepare

if TYPE_CHECKING:
    from makeready.upscale.recipe import Recipe

#: Of the work, what enlarging takes; the rest is writing the file.
_ENLARGING = 0.85
_TITLES = {**PLAIN, "waifu2x": "waifu2x", "srmd": "SRMD"}


def run(task: Task, desk: Desk) -> Done:
    """Enlarge, and write the result."""
    options = task.options
    scale = _scale(options)
    subject = artwork.look(task, desk, kinds=("raster",))
    folder = Path(task.folder)
    work = Working(subject.path, folder)
    work.instead = "PNG"
    try:
        recipe, notes = _enlarged(work, scale, artwork.network(options, operations.AUTO), desk)
        path = folder / f"image{work.suffix}"
        desk.tell(_ENLARGING)
        turned = work.orientation
        work.save(path)
        width, height = work.size
        format = artwork.MEDIA_TYPES[path.suffix].partition("/")[2]
    finally:
        work.close()
    if not desk.limits.keep_metadata:
        strip(path, turned)
    if turned >= 5:
        width, height = height, width
    result = {
        "width": width,
        "height": height,
        "format": format,
        "model": recipe.model if recipe else "",
        "engine": recipe.engine if recipe else "",
        "notes": notes,
    }
    return Done(result, [Output("image", path.name, f"{subject.stem}{path.suffix}", artwork.MEDIA_TYPES[path.suffix])])


def _enlarged(work: Working, scale: int, model: str, desk: Desk) -> tuple[Recipe | None, list[str]]:
    """Enlarge; what was done, if it was not line art, and what its owner should know."""
    width, height = work.size
    if work.line_art:
        _possible(width, height, scale, desk)
        resample.refine(work, scale)
        return None, ["It is line art of one bit, and stays so: its edges were made finer, without a network."]
    notes = list[str]()
    if model == operations.AUTO:
        try:
            way, best = enlarging.chosen(width, height, scale, desk.limits.cpu_seconds, _installed)
        except InvalidRequest as error:
            raise Refused("FILE_TOO_LARGE", str(error), error.hint) from error
        times, model = min(way.times, scale), way.model
        if way != best:
            missing = not _installed(best.model, best.times)
            why = "is not installed" if missing else "takes longer on so large a picture than a job may"
            how = f"{_TITLES[model]} ×{times}, then Lanczos" if times < scale else _TITLES[model]
            notes.append(f"{_TITLES[best.model]} ×{best.times} {why}: it was enlarged by {how}.")
    else:
        _possible(width, height, scale, desk)
        times = scale

    def tell(share: float) -> None:
        desk.tell(share * _ENLARGING)

    recipe = resample.resize(work, width * times, height * times, partial(prepare, model), tell)
    if times < scale:
        resample.resize(work, width * scale, height * scale)
    return recipe, [*notes, *recipe.notes]


def _possible(width: int, height: int, scale: int, desk: Desk) -> None:
    try:
        enlarging.possible(width, height, scale, desk.limits.cpu_seconds)
    except InvalidRequest as error:
        raise Refused("FILE_TOO_LARGE", str(error), error.hint) from error


def _installed(model: str, scale: int) -> bool:
    """Whether weights and an engine are here."""
    from makeready import upscale
    from makeready.models import session

    try:
        upscale.require(model, "truthful", scale)
    except MissingDependency:
        return False
    return any(map(session.installed, ("onnxruntime", "openvino")))


def _scale(options: Any) -> int:
    try:
        scale = int(options.get("scale", enlarging.SCALES[-1]))
    except (TypeError, ValueError) as error:
        raise UsageError(f"The scale cannot be {options['scale']!r}.", "Give 2, 3 or 4.") from error
    if scale not in enlarging.SCALES:
        raise UsageError(f"A picture is not made {scale} times as large here.", "Give 2, 3 or 4.")
    return scale
