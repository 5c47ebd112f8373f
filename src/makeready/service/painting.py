"""Pictures from words for a child, which has no network: it asks its parent, and the parent asks the back end.

What goes between them are numbers and arrays of pixels: the child has decoded the user's file, and the parent looks at
nothing but the shapes of what it is handed.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from makeready.changes import Refusal
from makeready.errors import MakereadyError, MissingDependency, NoGenerator, UsageError

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

#: What stands for an array in a message.
_ARRAY = "array"
#: The longest text of a question: prompts are sentences.
_LONGEST = 20_000
#: The child's and the parent's files; no other names are taken.
_ASKED, _ANSWER = "ask-{}.npy", "answer-{}.npy"
#: What a program is told, by what the back end raised.
_CODES: tuple[tuple[type[Exception], str], ...] = (
    (NoGenerator, "NOT_CONFIGURED"),
    (MissingDependency, "SERVICE_UNAVAILABLE"),
    (Refusal, "NOT_POSSIBLE"),
    (UsageError, "VALIDATION_ERROR"),
)

Paint = Callable[..., Any]


class Asking:
    """The child's side."""

    def __init__(self, folder: Path, ask: Callable[[dict[str, Any]], Mapping[str, Any]]) -> None:
        """Ask for pictures.

        Args:
            folder: where the child may write.
            ask: sends a question and waits for its answer.
        """
        self._folder, self._ask, self._count = folder, ask, 0

    def paint(self, task: str, **given: Any) -> Array:
        """As ``makeready.edit.generators.generate``.

        Raises:
            Refused: no back end can do it, or it did not.
        """
        import numpy as np

        from makeready.service.child import Refused

        answer = self._ask({"task": task, **{name: self._said(value) for name, value in given.items()}})
        if "refused" in answer:
            said = answer["refused"]
            raise Refused(said["code"], said["message"], said["hint"])
        found: Array = np.load(answer["painted"], allow_pickle=False)
        return found

    def _said(self, value: Any) -> Any:
        import numpy as np

        if isinstance(value, np.ndarray):
            self._count += 1
            name = _ASKED.format(self._count)
            np.save(self._folder / name, value, allow_pickle=False)
            return {_ARRAY: name}
        if isinstance(value, Mapping):
            return {str(name): self._said(one) for name, one in value.items()}
        if isinstance(value, list | tuple):
            return [self._said(one) for one in value]
        return value


def answered(asked: Mapping[str, Any], made: Path, kept: Path, number: int, megapixels: float) -> dict[str, Any]:
    """The parent's side: ask the configured back end, and say what came of it.

    Args:
        asked: the child's question.
        made: the folder that the child writes to.
        kept: the folder that it can only read, where the answer goes.
        number: which question of this task it is.
        megapixels: the most of an array.

    Raises:
        ValueError: it is no question that a child of ours asks.
    """
    import numpy as np

    from makeready.edit import generators

    given = {str(name): _heard(value, made, megapixels) for name, value in asked.items()}
    size = given.get("size")
    if size is not None:
        across, down = (int(side) for side in size)
        if not 0 < across * down <= megapixels * 1e6:
            raise ValueError(f"a picture of {across} × {down}")
        given["size"] = across, down
    try:
        painted = generators.generate(str(given.pop("task")), **given)
    except (MakereadyError, Refusal) as error:
        code = next((code for kind, code in _CODES if isinstance(error, kind)), "INTERNAL_ERROR")
        hint = getattr(error, "hint", "") or ""
        return {"refused": {"code": code, "message": str(error), "hint": hint}}
    path = kept / _ANSWER.format(number)
    np.save(path, painted, allow_pickle=False)
    return {"painted": str(path.resolve())}


def _heard(value: Any, folder: Path, megapixels: float) -> Any:
    if isinstance(value, Mapping):
        if set(value) == {_ARRAY}:
            return _array(str(value[_ARRAY]), folder, megapixels)
        return {str(name): _heard(one, folder, megapixels) for name, one in value.items()}
    if isinstance(value, list):
        return [_heard(one, folder, megapixels) for one in value]
    if isinstance(value, str) and len(value) > _LONGEST:
        raise ValueError("a text without end")
    return value


def _array(name: str, folder: Path, megapixels: float) -> Array:
    """An array that the child left: plain numbers of plain shapes, and no more of them than a picture has."""
    import numpy as np

    from makeready.service.slot import plain_bytes

    if not name.startswith("ask-") or Path(name).name != name:
        raise ValueError(f"no name of an array: {name!r}")
    data = plain_bytes(folder / name, int(megapixels * 1e6 * 4 * 4) + 4096)
    found: Array = np.load(io.BytesIO(data), allow_pickle=False)
    if found.dtype not in (np.uint8, np.float32) or found.ndim not in (2, 3) or found.shape[-1] == 0:
        raise ValueError(f"an array of {found.dtype} in {found.ndim} dimensions")
    if found.shape[0] * found.shape[1] > megapixels * 1e6 or (found.ndim == 3 and found.shape[2] > 4):
        raise ValueError(f"an array of {' × '.join(map(str, found.shape))}")
    return found
