"""What makes pictures from words: back ends from plug-ins, the choice among them, and the proof of their answers.

A back end only paints. That it is asked for what it can do, that pixels nobody asked to change stay as they were byte
by byte, and that the answer has the size that is due, is seen to here and in no plug-in.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from makeready.changes import Refusal
from makeready.errors import FixFailed, MakereadyError, NoGenerator, UsageError
from makeready.registry import BUILT_IN, Registry, misnamed

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from makeready.edit.scene import Mask, Pixels

#: Where distributions offer theirs.
GROUP = "makeready.generators"
#: Names one generator or several, in the order in which they are asked; nothing else is asked then.
CHOICE = "MAKEREADY_GENERATOR"

#: What can be asked for, and what that is.
TASKS: Mapping[str, str] = {
    "background": "paint a background behind a subject",
    "edit": "change a picture as words say",
    "image": "make a picture from words",
    "expand": "continue a picture where it is clear",
    "uncrop": "complete what the edge of a picture cuts off",
    "beautify": "make a picture of food, a car or a product look its best",
    "flat_lay": "show clothes as if they lay flat",
    "ghost_mannequin": "show clothes as if nobody wore them",
    "virtual_model": "show clothes on a person",
    "segment": "find what words describe",
}
#: These are painted where the mask says, and nowhere else.
MASKED = ("background", "expand", "uncrop")
#: These have a size of their own; all others that of the picture.
SIZED = ("image", "flat_lay", "ghost_mannequin", "virtual_model")
#: Of width to height, how far an answer may be from what is due before it counts as another picture.
_SHAPE = 0.02
#: Pixels that are mixed at a time.
_STRIP = 1_000_000


class Run(Protocol):
    """Paints. Everything is given by name.

    Args:
        task: one of ``TASKS``.
        image: height × width × 4, ``uint8``: red, green and blue of sRGB and opacity; ``None`` for ``image``.
        mask: height × width, ``float32``: 1 where to paint, 0 where nothing may change; ``None`` where a task has none.
        prompt: what is wanted, in words; may be empty for tasks that say enough by themselves.
        seed: the same seed makes the same picture, as far as the back end can promise it.
        size: pixels across and down of the answer, for tasks that are ``SIZED``; else ``None``.
        more: what else was said, all of it optional. ``negative_prompt``: what not to show. ``expand_prompt``: whether
            short words may be made longer. ``guidance``: a picture to follow, as ``image``, and ``guidance_scale``: how
            closely, 0 to 1. ``subject``: ``food``, ``car`` or ``product``. ``further``: a list of pictures as
            ``image``: other sides of a product, then the person and the scene where these are pictures.

    Returns:
        Height × width × 3 or 4, ``uint8``, as near to the size that is due as the back end can make it, and of the same
        shape; for ``segment`` height × width, ``uint8``: 255 where it is what the words say.

    Raises:
        MissingDependency: what it needs cannot be had now: the server is away, the key is not taken.
        Refusal: it will not do this with this picture or these words; the text says why.
    """

    def __call__(
        self,
        task: str,
        *,
        image: Pixels | None,
        mask: Mask | None,
        prompt: str,
        seed: int,
        size: tuple[int, int] | None,
        more: Mapping[str, Any],
    ) -> npt.NDArray[np.uint8]: ...


def _always(task: str, prompt: str, more: Mapping[str, Any]) -> bool:
    """Most can do all that they declare, whatever the words."""
    del task, prompt, more
    return True


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Generator:
    """A back end that makes pictures from words."""

    name: str
    title: str
    #: Of ``TASKS``, those that it may be able to do.
    capabilities: Collection[str]
    run: Run
    #: Why it cannot run now (no weights, no key), in one sentence; empty when it can. Quick, and asks no network.
    problem: Callable[[], str] = lambda: ""
    #: Whether it can do a task of its capabilities for these words, with what it finds configured: quick, too.
    can: Callable[[str, str, Mapping[str, Any]], bool] = _always
    #: Where pictures and words are sent; empty where they stay on this machine.
    sends_to: Callable[[], str] = lambda: ""
    source: str = BUILT_IN

    @property
    def key(self) -> str:
        return self.name

    def problems(self) -> list[str]:
        """What is wrong with the declaration itself."""
        found = misnamed(self.name, self.title)
        if not self.capabilities:
            found.append("it has no capability")
        if strange := sorted(set(self.capabilities) - set(TASKS)):
            found.append(f"{', '.join(map(repr, strange))} is no task: there are {', '.join(TASKS)}")
        return found

    def trouble(self) -> str:
        """``problem()``, at the door of a plug-in: one that fails has a problem."""
        try:
            return self.problem()
        except Exception as error:
            return f"it could not say whether it is ready: {type(error).__name__}: {error}"

    def able(self, task: str, prompt: str = "", more: Mapping[str, Any] | None = None) -> bool:
        """``can()``, at the door of a plug-in: one that fails cannot."""
        try:
            return task in self.capabilities and self.can(task, prompt, more or {})
        except Exception:
            return False

    def destination(self) -> str:
        """Where pictures and words go, in a few words."""
        try:
            host = self.sends_to()
        except Exception as error:
            return f"it could not say where it sends pictures: {type(error).__name__}: {error}"
        return f"sends pictures and words to {host}" if host else "nothing leaves this machine"


@cache
def catalogue() -> Registry[Generator]:
    """Every back end there is: the built-in one and those of plug-ins, through one door."""
    from makeready.edit import plain

    registry = Registry(Generator, group=GROUP, noun="generator")
    registry.add([plain.generator])
    registry.load_plugins()
    return registry


def order() -> list[Generator]:
    """Those that are asked, the first one first.

    They are what ``MAKEREADY_GENERATOR`` names. Where it names nothing, they are the built-in one, which only takes
    words that it understands to the last, and then those of plug-ins by their names.

    Raises:
        UsageError: it names one that is not there.
    """
    known = catalogue()
    named = re.split(r"[,\s]+", os.environ.get(CHOICE, "").strip())
    if named != [""]:
        return [known[name] for name in dict.fromkeys(named) if name]
    return sorted(known, key=lambda one: (one.source != BUILT_IN, one.name))


def chosen(task: str, prompt: str = "", more: Mapping[str, Any] | None = None) -> Generator:
    """The first back end that can do a task now.

    Args:
        task: one of ``TASKS``.
        prompt: the words; some back ends take only some.
        more: what else will be asked for (see ``Run``).

    Raises:
        UsageError: there is no such task, or ``MAKEREADY_GENERATOR`` names a back end that is not there.
        NoGenerator: none can; the message says why of each.
    """
    if task not in TASKS:
        raise UsageError(f"There is no task {task!r}.", f"There are {', '.join(TASKS)}.")
    why = []
    for one in order():
        if task not in one.capabilities:
            continue
        if trouble := one.trouble():
            why.append(f"{one.name}: {trouble}")
        elif one.able(task, prompt, more or {}):
            return one
        elif one.source == BUILT_IN:
            why.append(f"{one.name} does not understand these words")
        else:
            why.append(f"{one.name} cannot, as it is configured")
    named = os.environ.get(CHOICE, "").strip()
    raise NoGenerator(
        f"No generator here can {TASKS[task]} (generate:{task})." + (f" {'; '.join(why)}." if why else ""),
        (f"{CHOICE} names {named}: name one that can. " if named else "")
        + "Configure makeready-diffusers with weights of your own, or makeready-openai-images with a server "
        "(docs/generators.md); 'makeready doctor' lists what is there.",
    )


def generate(
    task: str,
    *,
    image: Pixels | None = None,
    mask: Mask | None = None,
    prompt: str = "",
    seed: int = 0,
    size: tuple[int, int] | None = None,
    more: Mapping[str, Any] | None = None,
) -> npt.NDArray[np.uint8]:
    """Let the chosen back end paint, and take its answer only where it was asked to.

    Args:
        task: one of ``TASKS``.
        image: the picture; height × width × 4, ``uint8``. All tasks but ``image`` need one.
        mask: 1 where to paint, 0 where nothing may change, of the picture's size: for ``MASKED`` tasks.
        prompt: what is wanted, in words.
        seed: the same seed makes the same picture, as far as the back end can promise it.
        size: pixels across and down, for ``SIZED`` tasks.
        more: see ``Run``.

    Returns:
        Height × width × 4, ``uint8``, of the picture's size or of ``size``. Pixels whose mask is 0 are the picture's
        own, byte by byte. For ``segment`` height × width, ``uint8``.

    Raises:
        UsageError: the task does not exist, or what it needs was not given.
        NoGenerator: no back end can do it.
        MissingDependency: the back end's server or weights cannot be had now.
        Refusal: the back end will not do it.
        FixFailed: the back end is broken; the message names it.
    """
    more = more or {}
    by = chosen(task, prompt, more)
    if wrong := list(_misuse(task, image, mask, size)):
        raise UsageError(f"generate:{task}: {'; '.join(wrong)}.")
    try:
        # A stranger's code works on copies: what is untouched must be what came in.
        answer = by.run(
            task,
            image=None if image is None else image.copy(),
            mask=None if mask is None else mask.copy(),
            prompt=prompt,
            seed=seed,
            size=size,
            more=more,
        )
    except (MakereadyError, Refusal):
        raise
    except Exception as error:
        raise _broken(by, f"{type(error).__name__}: {error}") from error
    due = size if image is None or size is not None else (image.shape[1], image.shape[0])
    assert due is not None
    if wrongly := fault(task, answer, due):
        raise _broken(by, wrongly)
    painted = _sized(answer, due, cut=task in SIZED)
    if task == "segment":
        return painted
    if image is not None and mask is not None:
        return _through(mask, image, painted)
    return painted


def _misuse(task: str, image: Pixels | None, mask: Mask | None, size: tuple[int, int] | None) -> Iterator[str]:
    """What a caller got wrong."""
    if image is None and task != "image":
        yield "it needs a picture"
    if image is not None and (image.ndim != 3 or image.shape[2] != 4 or image.dtype != "uint8"):
        yield "a picture is height × width × 4, uint8"
    if (mask is not None) != (task in MASKED):
        yield "it needs a mask" if mask is None else "it takes no mask"
    if mask is not None and image is not None and mask.shape != image.shape[:2]:
        yield "the mask is of another size than the picture"
    if (size is not None) != (task in SIZED):
        yield "it needs a size" if size is None else "the answer has the picture's size"


def _broken(by: Generator, fault: str) -> FixFailed:
    return FixFailed(
        f"The generator {by.name} (from {by.source}) failed: {fault}.",
        f"Nothing was changed. Report it to its author, or name another in {CHOICE}.",
    )


def fault(task: str, answer: Any, due: tuple[int, int]) -> str:
    """What is wrong with an answer; empty when it is a picture of the shape that is due.

    Args:
        task: one of ``TASKS``.
        answer: what a back end gave.
        due: pixels across and down.
    """
    import numpy as np

    if not isinstance(answer, np.ndarray) or answer.dtype != np.uint8:
        kind = answer.dtype if isinstance(answer, np.ndarray) else type(answer).__name__
        return f"it gave {kind} where an array of uint8 is due"
    right = answer.ndim == 2 if task == "segment" else answer.ndim == 3 and answer.shape[2] in (3, 4)
    if not right or 0 in answer.shape:
        wanted = "height × width" if task == "segment" else "height × width × 3 or 4"
        return f"it gave an array of {' × '.join(map(str, answer.shape))} where {wanted} is due"
    across, down = answer.shape[1] / due[0], answer.shape[0] / due[1]
    if task not in SIZED and abs(across / down - 1) > max(_SHAPE, 1 / answer.shape[0] + 1 / answer.shape[1]):
        return f"its answer is {answer.shape[1]} × {answer.shape[0]}, another shape than {due[0]} × {due[1]}"
    return ""


def _sized(answer: npt.NDArray[np.uint8], due: tuple[int, int], *, cut: bool) -> npt.NDArray[np.uint8]:
    """An answer in the size that is due, with opacity; what is over at two sides of another shape is cut off."""
    import numpy as np

    from makeready.upscale import lanczos

    if cut:
        tall, wide = answer.shape[:2]
        across, down = (
            min(wide, max(1, round(tall * due[0] / due[1]))),
            min(tall, max(1, round(wide * due[1] / due[0]))),
        )
        left, top = (wide - across) // 2, (tall - down) // 2
        answer = answer[top : top + down, left : left + across]
    if answer.ndim == 3 and answer.shape[2] == 3:
        answer = np.dstack([answer, np.full(answer.shape[:2], 255, np.uint8)])
    if answer.shape[1::-1] != due:
        found: npt.NDArray[np.uint8] = lanczos.resize(answer, *due, alpha=answer.ndim == 3)
        return found
    return np.ascontiguousarray(answer)


def _through(mask: Mask, image: Pixels, painted: Pixels) -> Pixels:
    """The picture where the mask is 0, what was painted where it is 1, and in between both, by their opacities."""
    import numpy as np

    result = image.copy()
    step = max(1, _STRIP // image.shape[1])
    for top in range(0, image.shape[0], step):
        rows = slice(top, top + step)
        share = np.clip(mask[rows], 0, 1)[..., None]
        old, new = image[rows].astype(np.float32), painted[rows].astype(np.float32)
        stays, comes = old[..., 3:] * (1 - share), new[..., 3:] * share
        opacity = stays + comes
        colour = np.divide(
            old[..., :3] * stays + new[..., :3] * comes, opacity, out=np.zeros_like(old[..., :3]), where=opacity > 0
        )
        mixed = np.rint(np.concatenate([colour, opacity], axis=2)).clip(0, 255).astype(np.uint8)
        result[rows] = np.where(share <= 0, image[rows], np.where(share >= 1, painted[rows], mixed))
    return result
