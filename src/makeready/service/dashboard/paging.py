"""Lists that are too long for one page: ``?page=2``, with a way to the page before and the one after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar
from urllib.parse import urlencode

if TYPE_CHECKING:
    from starlette.requests import Request

#: Rows of a page.
SIZE = 25
#: No list is looked through as far as this.
_LAST = 10_000

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Leaf(Generic[T]):
    """One page of a list."""

    rows: Sequence[T]
    #: From 1.
    number: int
    #: The queries of the page before and the one after, ``?page=3``; empty where there is none.
    before: str
    after: str


def skipped(request: Request) -> int:
    """How many rows come before the page that is asked for."""
    return (_number(request) - 1) * SIZE


def leaf(request: Request, rows: Sequence[T]) -> Leaf[T]:
    """The page that is asked for.

    Args:
        request: has its number in ``page``.
        rows: those after ``skipped(request)``; one more than a page has where there is another page.
    """
    number = _number(request)
    before = _query(request, number - 1) if number > 1 else ""
    after = _query(request, number + 1) if len(rows) > SIZE else ""
    return Leaf(rows[:SIZE], number, before, after)


def _number(request: Request) -> int:
    given = request.query_params.get("page", "")
    return min(max(int(given), 1), _LAST) if given.isascii() and given.isdigit() and len(given) < 9 else 1


def _query(request: Request, number: int) -> str:
    others = {name: value for name, value in request.query_params.items() if name != "page"}
    return f"?{urlencode(others | {'page': number})}"
