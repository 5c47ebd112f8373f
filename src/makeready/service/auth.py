"""Who asks: a key or a token becomes an account, before anything else of the request is looked at."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import anyio.to_thread
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import HTTPConnection

from makeready.service.accounts import KEY_MARK
from makeready.service.errors import RateLimited, Unauthorized
from makeready.service.limits import Standing
from makeready.service.observe import asked, log
from makeready.service.question import Unchanged

if TYPE_CHECKING:
    from makeready.service.accounts import Account
    from makeready.service.core import Service
    from makeready.service.dialects import Dialect

#: How many keys are known at most between two changes of the database.
_KNOWN_KEYS = 1024
_BEARER = "bearer "
_REALM = 'realm="makeready"'


class Door:
    """Lets the accounts of one dialect in."""

    def __init__(self, service: Service, dialect: Dialect) -> None:
        self._accounts, self._limiter = service.accounts, service.limiter
        self._service, self._admit = service, dialect.admit
        self._dialect = dialect.name
        self._header = dialect.key_header.lower().encode("ascii")
        self._bearer = self._header == b"authorization"
        self._words = "Authorization: Bearer <key>" if self._bearer else f"{dialect.key_header}: <key>"
        # A file beside us answers sooner than a thread starts; a server elsewhere must not stop the loop.
        self._in_thread = not service.database.is_sqlite
        self._counts_in_thread = not service.limiter.local
        #: Whose keys are, for as long as nothing at all is written to the database.
        self._known: dict[str, Account] = {}
        self._unchanged = Unchanged(service.database)
        self._lock = threading.Lock()

    async def enter(self, request: HTTPConnection) -> Account:
        """The account that asks; its request is counted.

        Raises:
            Unauthorized: there is no key, or none that is known.
            Suspended: the account is.
            RateLimited: it asks too often.
            Forbidden: its plan has no part in this API.
        """
        about = asked(request)
        if about.account is not None:
            return about.account
        credential = self.credential(request)
        try:
            if self._in_thread:
                account = await anyio.to_thread.run_sync(self._accounts.authenticated, credential)
            else:
                account = self._authenticated(credential)
        except Unauthorized as error:
            raise self._refused(str(error), error.hint, ', error="invalid_token"') from error
        about.account = account
        try:
            if self._counts_in_thread:
                about.standing = await anyio.to_thread.run_sync(self._limiter.take, account, self._dialect)
            else:
                about.standing = self._limiter.take(account, self._dialect)
        except RateLimited as error:
            about.standing = Standing(error.details["limit"], 0, error.details["reset"])
            raise
        if self._accounts.to_note(credential):
            await anyio.to_thread.run_sync(self._noted, credential)
        if self._admit is not None:
            self._admit(self._service, account, f"{request.scope.get('method')} {request.scope['path']}")
        return account

    def credential(self, request: HTTPConnection) -> str:
        """The key or token that a request was sent with.

        Raises:
            Unauthorized: there is none.
        """
        return self._credential(asked(request).given.get(self._header, b"").decode("latin-1"))

    def _noted(self, credential: str) -> None:
        try:
            self._accounts.note_use(credential)
        except SQLAlchemyError as error:  # the answer itself is worth more
            log.warning("the use of a key is not noted", why=str(error))

    def _authenticated(self, credential: str) -> Account:
        """As ``Accounts.authenticated``, which need not look at a key twice while nothing has changed."""
        # Held to the end: what one thread has read must not be kept after another has seen a change.
        with self._lock:
            if not self._unchanged() or len(self._known) >= _KNOWN_KEYS:
                self._known.clear()
            account = self._known.get(credential)
            if account is None:
                account = self._accounts.authenticated(credential)
                # A token runs out although nothing is written.
                if credential.startswith(KEY_MARK):
                    self._known[credential] = account
            return account

    def _credential(self, given: str) -> str:
        credential = given.strip()
        if self._bearer:
            if credential[: len(_BEARER)].lower() != _BEARER:
                what = "The Authorization header is not of the kind Bearer." if credential else "There is no key."
                raise self._refused(what, f"Send {self._words}.")
            credential = credential[len(_BEARER) :].strip()
        if not credential:
            raise self._refused("There is no key.", f"Send {self._words}.")
        return credential

    def _refused(self, message: str, hint: str, more: str = "") -> Unauthorized:
        scheme = "Bearer" if self._bearer else "ApiKey"
        return Unauthorized(message, hint, headers={"WWW-Authenticate": f"{scheme} {_REALM}{more}"})


async def account(request: HTTPConnection) -> Account:
    """The account that asks, for ``Depends``: the route has let it in already, or this does.

    Raises:
        Unauthorized: as ``Door.enter``, and Suspended and RateLimited.
    """
    door: Door = request.app.state.door
    return await door.enter(request)


def credential(request: HTTPConnection) -> str:
    """The key or token that a request was sent with; it has been let in by it."""
    door: Door = request.app.state.door
    return door.credential(request)
