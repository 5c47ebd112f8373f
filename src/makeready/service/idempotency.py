"""``Idempotency-Key``: a request that is sent again within a day gets the first answer, and costs nothing.

The first request leaves its mark before it begins, so that of two at once only one runs, and its fingerprint before
its handler has all of the body, and so before it does anything. Answers that say that it was done are kept; a refusal
is not (nothing was taken, and the second try may be a better one). Where a process dies between the work and the
answer, the same request may have the key after a while, and ``Asked.job_id`` makes the same job of it.

No body is held in memory, however large: it is hashed on its way to the handler, or on its way to nowhere.
"""

from __future__ import annotations

import base64
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
from sqlalchemy import Connection, and_, case, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from starlette.responses import Response

from makeready.service import clock, ids, tables
from makeready.service.errors import Conflict, InvalidRequest
from makeready.service.fingerprint import Body
from makeready.service.observe import asked

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import Receive

    from makeready.service.accounts import Account
    from makeready.service.database import Database

HEADER = "Idempotency-Key"
#: On an answer that was given before.
REPLAYED = (b"idempotent-replayed", b"true")
#: How long an answer is remembered.
REMEMBERED_S = 24 * 3600.0
#: After how long a request that never answered is taken for dead: none works this long (``limits_request_seconds``),
#: and one whose body takes longer to come has to stand aside where another took its place.
_DEAD_S = 660.0
#: How long a second request waits for the first, and how often it looks.
_PATIENCE_S, _LOOK_S = 5.0, 0.1
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_TABLE = tables.idempotency_key
#: A mark that is no longer remembered, and one whose request never answered.
_OLD, _DEAD = "old", "dead"
#: What the server writes anew with every answer.
_NOT_KEPT = frozenset({b"content-length", b"date", b"x-request-id"})


@dataclass(frozen=True, slots=True)
class Mark:
    """One use of a key."""

    account_id: str
    dialect: str
    key: str
    #: SHA-256 of what is asked; none while not all of it has come.
    request: str | None = None
    #: Whose turn it is: whoever takes over from one that seems dead has another.
    token: str = field(default_factory=lambda: secrets.token_hex(8))

    @property
    def job_id(self) -> str:
        """An identifier that only this request under this key leads to, of 21 letters and digits.

        Raises:
            ValueError: not all of the request has come.
        """
        if self.request is None:
            raise ValueError("what is asked is not known yet")
        return ids.derived(self.account_id, self.dialect, self.key, self.request)


@dataclass(frozen=True, slots=True)
class Kept:
    """The first answer."""

    #: The fingerprint of the request that got it.
    request: str
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
                    return _begun(connection, mark)
            except IntegrityError:
                pass  # another one was sooner, between our question and our mark
        raise _busy()

    def know(self, mark: Mark) -> None:
        """Write down what is asked, now that all of it has come: the work begins.

        Raises:
            Conflict: it took so long that a repeat has begun in its place.
            InvalidRequest: it takes over from a request that died, and that was another one.
        """
        with self._database.writing() as connection:
            row = _row(connection, mark)
            if row is None or row.token != mark.token:
                raise _busy()
            if row.request not in (None, mark.request):
                raise _another()
            begins = {"request": mark.request, "created_at": clock.now()}
            connection.execute(update(_TABLE).where(_own(mark)).values(begins))

    def keep(self, mark: Mark, status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> None:
        """Remember the answer for a day."""
        kept = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in headers if name not in _NOT_KEPT]
        answer = {"status": status, "headers": kept, "body": base64.b64encode(body).decode("ascii")}
        with self._database.writing() as connection:
            connection.execute(update(_TABLE).where(_own(mark)).values(answer))

    def forget(self, mark: Mark) -> None:
        """Give the key free: nothing was done."""
        with self._database.writing() as connection:
            connection.execute(delete(_TABLE).where(_own(mark)))

    async def answered(
        self, request: Request, account: Account, dialect: str, handler: Callable[[Receive], Awaitable[Response]]
    ) -> Response:
        """The answer of ``handler``, or the one that it gave before.

        Args:
            request: what is asked; nobody has read its body.
            account: who asks.
            dialect: in which API.
            handler: called with where the body comes from.

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
        body = Body(request)
        await body.ahead()
        mark = Mark(account.id, dialect, key, body.request)
        if (kept := await self._first(mark)) is not None:
            if kept.request != await body.drain():
                raise _another()
            return kept.response()
        about = asked(request)

        async def known(fingerprint: str) -> None:
            whole = replace(mark, request=fingerprint)
            await anyio.to_thread.run_sync(self.know, whole)
            about.job_id = whole.job_id

        if mark.request is None:
            body.ended = known
        else:
            about.job_id = mark.job_id
        try:
            response = await handler(body.receive)
            answer = _done(response)
            if answer is not None:
                await body.drain()
        except Exception:
            await anyio.to_thread.run_sync(self.forget, mark)
            raise
        if answer is not None:
            await anyio.to_thread.run_sync(self.keep, mark, response.status_code, response.raw_headers, answer)
        else:
            await anyio.to_thread.run_sync(self.forget, mark)
        return response

    async def _first(self, mark: Mark) -> Kept | None:
        until = time.monotonic() + _PATIENCE_S
        while True:
            try:
                return await anyio.to_thread.run_sync(self.begin, mark)
            except Conflict:
                if time.monotonic() >= until:
                    raise
            await anyio.sleep(_LOOK_S)


def _done(response: Response) -> bytes | None:
    """The body of an answer that says that it was done; none of a refusal.

    None of a stream either: it has no end yet that could be kept, nor has it taken anything that a repeat would again.
    """
    body = getattr(response, "body", None)
    return body if response.status_code < 400 and isinstance(body, bytes) else None


def _place(mark: Mark) -> Any:
    return and_(_TABLE.c.account_id == mark.account_id, _TABLE.c.dialect == mark.dialect, _TABLE.c.key == mark.key)


def _own(mark: Mark) -> Any:
    return and_(_place(mark), _TABLE.c.token == mark.token)


def _row(connection: Connection, mark: Mark) -> Any:
    """What is known of the key, locked; none where it is free."""
    age = clock.now() - _TABLE.c.created_at
    state = case((age > REMEMBERED_S, _OLD), (and_(_TABLE.c.status.is_(None), age > _DEAD_S), _DEAD)).label("state")
    return connection.execute(select(_TABLE, state).where(_place(mark)).with_for_update()).first()


def _begun(connection: Connection, mark: Mark) -> Kept | None:
    row = _row(connection, mark)
    if row is not None and row.state == _OLD:
        connection.execute(delete(_TABLE).where(_place(mark)))
        row = None
    if row is None:
        values = {"account_id": mark.account_id, "dialect": mark.dialect, "key": mark.key, "created_at": clock.now()}
        connection.execute(insert(_TABLE).values(values | {"request": mark.request, "token": mark.token}))
        return None
    if None not in (row.request, mark.request) and row.request != mark.request:
        raise _another()
    if row.status is not None:
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in row.headers]
        return Kept(row.request, row.status, headers, base64.b64decode(row.body))
    if row.state != _DEAD:
        raise _busy()
    # What the dead one was asked stays known: the work may be done, and only the same request may have its answer.
    taken = {"token": mark.token, "request": mark.request or row.request, "created_at": clock.now()}
    connection.execute(update(_TABLE).where(_place(mark)).values(taken))
    return None


def _another() -> InvalidRequest:
    return InvalidRequest(
        f"This {HEADER} was used for another request.", "Take a new key for every new request.",
        fields={HEADER: ["used for another request"]},
    )  # fmt: skip


def _busy() -> Conflict:
    return Conflict(
        f"A request with this {HEADER} is being served.", "Send it again in a moment.", headers={"Retry-After": "1"}
    )
