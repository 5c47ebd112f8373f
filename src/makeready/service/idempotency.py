"""``Idempotency-Key``: a request that is sent again within a day gets the first answer, and costs nothing.

The first request leaves its mark before it begins, so that of two at once only one runs. Answers that say that it was
done are kept; a refusal is not (nothing was taken, and the second try may be a better one). Where a process dies
between the work and the answer, the key is free again after a while, and ``Asked.job_id`` makes the same job of it.
"""

from __future__ import annotations

import base64
import hashlib
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
from sqlalchemy import and_, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from starlette.responses import Response

from makeready.service import clock, tables
from makeready.service.errors import Conflict, InvalidRequest
from makeready.service.observe import asked

if TYPE_CHECKING:
    from starlette.requests import Request

    from makeready.service.accounts import Account
    from makeready.service.database import Database

HEADER = "Idempotency-Key"
#: On an answer that was given before.
REPLAYED = (b"idempotent-replayed", b"true")
#: How long an answer is remembered.
REMEMBERED_S = 24 * 3600.0
#: After how long a request that never answered is taken for dead; none lasts this long (``limits_request_seconds``).
_DEAD_S = 660.0
#: How long a second request waits for the first, and how often it looks.
_PATIENCE_S, _LOOK_S = 5.0, 0.1
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_BOUNDARY = re.compile(r'boundary="?([^";]+)"?', re.IGNORECASE)
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_TABLE = tables.idempotency_key
#: What the server writes anew with every answer.
_NOT_KEPT = frozenset({b"content-length", b"date", b"x-request-id"})


@dataclass(frozen=True, slots=True)
class Mark:
    """One use of a key."""

    account_id: str
    dialect: str
    key: str
    #: SHA-256 of what was asked.
    request: str

    @property
    def job_id(self) -> str:
        """An identifier that only this use of the key leads to, of 21 letters and digits."""
        told = "\0".join((self.account_id, self.dialect, self.key, self.request))
        number = int.from_bytes(hashlib.sha256(told.encode()).digest())
        letters = []
        for _ in range(21):
            number, place = divmod(number, len(_LETTERS))
            letters.append(_LETTERS[place])
        return "".join(letters)


@dataclass(frozen=True, slots=True)
class Kept:
    """The first answer."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    def response(self) -> Response:
        """It once more."""
        response = Response(self.body, self.status)
        response.raw_headers = [
            (b"content-length", str(len(self.body)).encode()), *self.headers, REPLAYED,
        ]  # fmt: skip
        return response


class Idempotency:
    """The keys that were used, of all processes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, mark: Mark) -> Kept | None:
        """The first answer, or nothing where this is the first request, which now has to ``keep`` or ``forget``.

        Raises:
            Conflict: the first request is still at it.
            InvalidRequest: the first request under this key was another one.
        """
        for _ in range(2):
            try:
                with self._database.writing() as connection:
                    old = or_(
                        _TABLE.c.created_at < clock.now() - REMEMBERED_S,
                        and_(_TABLE.c.status.is_(None), _TABLE.c.created_at < clock.now() - _DEAD_S),
                    )
                    connection.execute(delete(_TABLE).where(_place(mark), old))
                    connection.execute(
                        insert(_TABLE).values(
                            account_id=mark.account_id, dialect=mark.dialect, key=mark.key, request=mark.request,
                            created_at=clock.now(),
                        )
                    )  # fmt: skip
                return None
            except IntegrityError:
                with self._database.reading() as connection:
                    row = connection.execute(select(_TABLE).where(_place(mark))).first()
            if row is not None:
                return _first(row, mark)
            # The first request was refused between our two questions: the key is free again.
        raise _busy()

    def keep(self, mark: Mark, status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> None:
        """Remember the answer for a day."""
        kept = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in headers if name not in _NOT_KEPT]
        with self._database.writing() as connection:
            connection.execute(
                update(_TABLE)
                .where(_place(mark), _TABLE.c.request == mark.request)
                .values(status=status, headers=kept, body=base64.b64encode(body).decode("ascii"))
            )

    def forget(self, mark: Mark) -> None:
        """Give the key free: nothing was done."""
        with self._database.writing() as connection:
            connection.execute(delete(_TABLE).where(_place(mark), _TABLE.c.request == mark.request))

    async def answered(
        self, request: Request, account: Account, dialect: str, handler: Callable[[Any], Awaitable[Response]]
    ) -> Response:
        """The answer of ``handler``, or the one that it gave before.

        Raises:
            Conflict: another request with this key is at it, and does not end soon.
            InvalidRequest: the key is none, or was used for another request.
        """
        key = request.headers[HEADER]
        if not _KEY.fullmatch(key):
            raise InvalidRequest(
                f"The header {HEADER} is not usable.", "It has 1 to 255 visible ASCII characters.",
                fields={HEADER: ["1 to 255 visible ASCII characters"]},
            )  # fmt: skip
        mark = Mark(account.id, dialect, key, await _digest(request))
        if (kept := await self._begun(mark)) is not None:
            return kept.response()
        asked(request).job_id = mark.job_id
        try:
            response = await handler(request)
        except Exception:
            await anyio.to_thread.run_sync(self.forget, mark)
            raise
        # A stream has no end yet that could be kept; neither has it taken anything that a repeat would take again.
        body = getattr(response, "body", None)
        if response.status_code < 400 and isinstance(body, bytes):
            await anyio.to_thread.run_sync(self.keep, mark, response.status_code, response.raw_headers, body)
        else:
            await anyio.to_thread.run_sync(self.forget, mark)
        return response

    async def _begun(self, mark: Mark) -> Kept | None:
        until = time.monotonic() + _PATIENCE_S
        while True:
            try:
                return await anyio.to_thread.run_sync(self.begin, mark)
            except Conflict:
                if time.monotonic() >= until:
                    raise
            await anyio.sleep(_LOOK_S)


def _place(mark: Mark) -> Any:
    return and_(_TABLE.c.account_id == mark.account_id, _TABLE.c.dialect == mark.dialect, _TABLE.c.key == mark.key)


def _first(row: Any, mark: Mark) -> Kept:
    if row.request != mark.request:
        raise InvalidRequest(
            f"This {HEADER} was used for another request.", "Take a new key for every new request.",
            fields={HEADER: ["used for another request"]},
        )  # fmt: skip
    if row.status is None:
        raise _busy()
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in row.headers]
    return Kept(row.status, headers, base64.b64decode(row.body))


def _busy() -> Conflict:
    return Conflict(
        f"A request with this {HEADER} is being served.", "Send it again in a moment.", headers={"Retry-After": "1"}
    )


async def _digest(request: Request) -> str:
    """What makes two requests the same one. The boundary of a form is another each time it is sent."""
    body = await request.body()
    boundary = _BOUNDARY.search(request.headers.get("content-type", ""))
    if boundary is not None:
        body = body.replace(boundary[1].encode("latin-1"), b"")
    digest = hashlib.sha256()
    for part in (request.method, request.scope["path"], request.scope.get("query_string", b"").decode("latin-1")):
        digest.update(part.encode())
        digest.update(b"\0")
    digest.update(body)
    return digest.hexdigest()
