"""What the documents of all APIs say of refusals: within one API, the same words for the same status everywhere."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from pydantic import BaseModel

_RETRY_AFTER = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}


class Refusals:
    """The refusals of one API, for the ``responses`` of its routes."""

    def __init__(
        self, model: type[BaseModel], *, always: Collection[int], words: Mapping[int, tuple[str, Any]]
    ) -> None:
        """Describe them once.

        Args:
            model: the body of a refusal.
            always: the statuses that every route can answer.
            words: what each status means, and an example of its body; or a model of its own, with its own example.
        """
        self._always = frozenset(always)
        self._described: dict[int, dict[str, Any]] = {}
        for status, (meaning, body) in words.items():
            told: dict[str, Any] = {"description": meaning}
            if isinstance(body, type):
                told["model"] = body
            else:
                told |= {"model": model, "content": {"application/json": {"example": body}}}
            if status == 429:
                told["headers"] = _RETRY_AFTER
            self._described[status] = told

    def __call__(self, *statuses: int) -> dict[int | str, dict[str, Any]]:
        """The refusals of a route that can answer these, too."""
        return {status: self._described[status] for status in sorted({*self._always, *statuses})}
