"""What a job can do, by name: which code does it, which inputs it takes, and what it needs that may not be installed.

The options of a job are data, and reach its child as they are. Those of the operations here:

``remove_background``, input ``image``, output role ``image``
    ``subject_type`` auto, person, product, logo, text, hair_heavy · ``edge_softness`` 0..10 (5) · ``high_detail_mode``
    false · ``quality`` basic, plus · ``output_background`` transparent, white, #rrggbb, or mask (in shades of gray) ·
    ``model`` a segmenter's name · ``despill`` true · ``green_screen`` false: take the light of a green background off
    the subject · ``crop`` false · ``margin`` "5 %" or "20 px" · ``format`` png, jpg, webp (png) · ``max_width``,
    ``max_height``, ``max_side``: pixels that the result is made smaller to fit, never larger · ``max_pixels``: how many
    it has at most · ``empty`` "refuse" (the job fails where no subject is found) or "keep" (a clear picture) ·
    ``accept``.
    Result: ``provider``, ``engine``, ``subject``, ``width``, ``height``, ``format``, ``empty``, ``fallback``,
    ``notes``, ``share`` (of the picture, 0..1), ``box``.
``check``, input ``file``, output role ``page`` (HTML), report ``report``
    ``profile`` a name ("default") · ``requirements`` {``requiredDpi``, ``requiredColorMode`` cmyk, rgb or gray,
    ``bleedMm``} · ``canvas`` [width, height] in inches · ``fileType`` jpeg, png, tiff, pdf … : what it should be ·
    ``name`` what to call the file · ``page`` true: make the HTML page · ``accept``.
    Result: ``verdict``, ``kind``, ``format``, ``errors``, ``warnings``, ``infos``, ``stars``, ``codes``, ``pages``.
``fix``, input ``file``, stages ``analyzing`` and ``applying``, output roles ``preview`` and ``corrected``, reports
``before`` and ``after``
    The options of ``check``, and ``fixTypes`` ids of fixes (those that cure the issues where left out) · ``settings``
    {id: {setting: value}} · ``targetDpi`` for fixes that have a resolution · ``allow`` safe, review ("review") ·
    ``requireApproval`` false · ``prices`` {id: amount}, ``price`` of a fix that is not among them (0).
    Result after ``analyzing``: ``plan`` (``makeready.plan/1`` with a ``price`` at each step), ``estimate``
    {``min``, ``max``, ``prices``}. After ``applying``: ``applied`` ids, ``changes``, ``refused`` [{``fix``,
    ``reason``}], ``unchanged`` ids, ``proof``, ``verdict``, ``cured``, ``remaining``.

``edit``, input ``image`` and further pictures by the names that edits use for them, output role ``image``
    ``edits`` a list of edits as for ``makeready.edit``: ``[{"edit": "cut_out"}, {"edit": "shadow", "mode": "soft"}]`` ·
    ``seed`` a whole number · ``accept``. Result: ``width``, ``height``, ``format``, ``changes``, ``notes``.

``upscale``, input ``image``, output role ``image``
    ``scale`` 2, 3 or 4 (4) · ``model`` "auto": the best that is installed and fits into the job's time
    (``service.enlarging``), or a model's name · ``accept``. What comes out has the format of the input, or is a PNG
    where that is not written. Result: ``width``, ``height``, ``format``, ``model``, ``engine``, ``notes``.

``accept`` lists kinds of file that are taken (``service.sniff``'s names: jpeg, png …), where not all are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from makeready.errors import MissingDependency, UsageError
from makeready.service.errors import NotFound
from makeready.service.states import ANALYZING, APPLYING

#: What finds the subject where nobody names another.
SEGMENTER = "isnet"
#: Drawn rather than photographed: no model is needed.
WITHOUT_A_MODEL = frozenset({"logo", "text"})
#: Enlarges by what there is; any machine can.
AUTO = "auto"
WITHOUT_WEIGHTS = frozenset({AUTO, "lanczos", "backprojection"})
#: Kinds of needs, each with a name after it; refining needs a package alone.
_SEGMENT, _UPSCALE, _REFINE = "segment:", "upscale:", "refine"
#: What edits need: a generator for a task, and what finds text.
GENERATE, _TEXT = "generate:", "text"


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that jobs do."""

    name: str
    #: ``package.module:function``; called in the child with the task and what it works with (``child.Desk``).
    work: str
    queue: str = "cpu"
    inputs: tuple[str, ...] = ("image",)
    #: The stages it goes through, the first one first; none where it is done in one go.
    stages: tuple[str, ...] = ()
    #: Whether it is only there for tests (``MAKEREADY_TESTING``).
    testing: bool = False


_TRYING = "makeready.service.work.trying"

OPERATIONS: Mapping[str, Operation] = {
    operation.name: operation
    for operation in (
        Operation("remove_background", "makeready.service.work.remove_background:run"),
        Operation("check", "makeready.service.work.check:run", inputs=("file",)),
        Operation("edit", "makeready.service.work.edit:run"),
        Operation("fix", "makeready.service.work.fix:run", inputs=("file",), stages=(ANALYZING, APPLYING)),
        Operation("upscale", "makeready.service.work.upscale:run"),
        *(
            Operation(name, f"{_TRYING}:{name}", inputs=(), testing=True)
            for name in (
                "empty", "sleep", "hang", "fail", "leave", "segfault", "eat_memory", "burn_cpu", "fill_disk",
                "use_network", "read_secrets", "write_outside", "who",
            )
        ),
    )
}  # fmt: skip


def named(name: str, *, testing: bool = False) -> Operation:
    """An operation by name.

    Raises:
        NotFound: there is none, or it is only there for tests.
    """
    operation = OPERATIONS.get(name)
    if operation is None or (operation.testing and not testing):
        raise NotFound(f"There is no operation {name!r}.", f"There is {', '.join(known(testing=testing))}.")
    return operation


def known(*, testing: bool = False) -> tuple[str, ...]:
    """The names of all that may be asked for."""
    return tuple(name for name, operation in OPERATIONS.items() if testing or not operation.testing)


def missing(name: str, options: Mapping[str, Any]) -> str | None:
    """What a job would need that is not installed here, and the command that installs it; ``None`` where nothing is.

    Quick, and loads no engine: it is asked before anything is charged.

    Args:
        name: of the operation.
        options: of the job; a name in them that does not exist is the operation's to refuse.
    """
    return why_nobody(needs(name, options), ())


def needs(name: str, options: Mapping[str, Any]) -> tuple[str, ...]:
    """What a job needs that a machine may not have: ``segment:isnet``, ``refine``, ``upscale:srmd:truthful``, ``text``,
    ``generate:background``.
    """
    if name == "remove_background":
        return _to_segment(options)
    if name == "edit":
        return _to_edit(options)
    if name == "upscale":
        return _to_upscale(str(options.get("model") or AUTO), "truthful")
    if name != "fix":
        return ()
    settings = options.get("settings") or {}
    return tuple(need for id in options.get("fixTypes") or () for need in _to_fix(id, settings.get(id) or {}))


def why_none(needs: Iterable[str], workers: Iterable[Mapping[str, str]]) -> str | None:
    """Why none of some workers can do a job, in the words of the first; ``None`` where one can, or there are none.

    Args:
        needs: of the job.
        workers: what each of them lacks.
    """
    whys = [next((lacks[need] for need in needs if need in lacks), None) for lacks in workers]
    return None if None in whys else next(iter(whys), None)


def why_nobody(needs: Iterable[str], workers: Sequence[Mapping[str, str]]) -> str | None:
    """The same; where there are no workers, this machine stands for those to come."""
    if workers:
        return why_none(needs, workers)
    return next((why for need in needs if (why := _lacking(need))), None)


def is_name(model: str) -> bool:
    """Whether a model is named, and no path to a file of this machine."""
    return Path(model).name == model and not Path(model).suffix


def lacks() -> dict[str, str]:
    """Every need of the networks there are that this machine cannot meet, with the command that helps."""
    from makeready.edit import generators
    from makeready.segment import backend
    from makeready.upscale import catalogue, recipe, upscaler

    known = [
        _REFINE,
        _TEXT,
        *(f"{GENERATE}{task}" for task in generators.TASKS),
        *(f"{_SEGMENT}{found.name}" for found in backend.catalogue()),
        *(
            f"{_UPSCALE}{model}:{style}"
            for model in (recipe.BEST, *(found.name for found in catalogue.catalogue()))
            for style in upscaler.STYLES
        ),
    ]
    return {need: why for need in known if (why := _lacking(need))}


def _to_segment(options: Mapping[str, Any]) -> tuple[str, ...]:
    model = str(options.get("model") or SEGMENTER)
    if options.get("subject_type") in WITHOUT_A_MODEL or model == "flat" or not is_name(model):
        return ()
    refined = options.get("quality") == "plus" or options.get("high_detail_mode")
    return (f"{_SEGMENT}{model}", *((_REFINE,) if refined else ()))


def _to_edit(options: Mapping[str, Any]) -> tuple[str, ...]:
    from makeready import edit

    try:
        found: tuple[str, ...] = edit.needs(options.get("edits") or ())
    except UsageError:  # what does not exist is for the work to say
        return ()
    return found


def _to_fix(id: str, settings: Mapping[str, Any]) -> tuple[str, ...]:
    if id == "remove_background":
        return _to_segment(settings)
    return _to_upscale(str(settings.get("model") or "lanczos"), str(settings.get("style") or "truthful"))


def _to_upscale(model: str, style: str) -> tuple[str, ...]:
    return () if model in WITHOUT_WEIGHTS or not is_name(model) else (f"{_UPSCALE}{model}:{style}",)


def _lacking(need: str) -> str | None:
    """What is not installed here for a need, and the command that installs it."""
    from makeready.models import session

    try:
        if need == _REFINE:
            _packages(session, "scipy")
        elif need == _TEXT:
            _weights(import_module("makeready.edit.text.detecting").MODEL)
            _packages(session, "onnxruntime", "openvino")
        elif need.startswith(GENERATE):
            import_module("makeready.edit.generators").chosen(need.removeprefix(GENERATE))
        elif need.startswith(_SEGMENT):
            import_module("makeready.segment.backend").chosen(need.removeprefix(_SEGMENT))
            _packages(session, "onnxruntime", "openvino")
        else:
            model, _, style = need.removeprefix(_UPSCALE).rpartition(":")
            import_module("makeready.upscale").require(model, style, 4.0)
    except MissingDependency as error:
        return f"{error} {error.hint}".strip()
    except UsageError:
        return None
    return None


def _weights(id: str) -> None:
    from makeready import models
    from makeready.models import store

    if store.found(model := models.named(id)) is None:
        raise store.missing(model)


def _packages(session: Any, *either: str) -> None:
    if not any(map(session.installed, either)):
        raise MissingDependency(f"The package {either[0]} is not installed.", "Install it: pip install 'makeready[ai]'")
