"""People who sign in with a browser: passwords, invitations to set one, and sessions that the service can end.

A password is kept as argon2id makes it. A session is a random cookie of which only a keyed hash is in the database, so
that a copy of the database opens nothing; signing out, a new password and a suspended account end it at once, in every
process. An invitation is a link that sets a password; setting one makes all invitations from before worthless.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, and_, bindparam, delete, insert, or_, select, update

from makeready.service import clock, tables
from makeready.service.accounts import ACTIVE, FIELDS, Account, Accounts
from makeready.service.database import Database
from makeready.service.errors import Conflict, InvalidRequest, Suspended, Unauthorized

#: Letters of a password: NIST SP 800-63B-4 asks for 15 where it is all there is, and for no other rules.
SHORTEST, LONGEST = 15, 512
#: How long a session lasts that is not used, and how long any, in seconds.
IDLE_S, LONGEST_S = 7 * 24 * 3600, 30 * 24 * 3600
#: How long an invitation is good for, in seconds.
INVITED_S = 24 * 3600
#: Seconds between two times that the use of a session is written down.
_SEEN_EVERY_S = 60.0
_AGENT = 200
_TOKEN = re.compile(r"(acc_[A-Za-z0-9]{1,40})\.(\d{1,12})\.([0-9a-f]{64})")

_ACCOUNT, _SESSION = tables.account.c, tables.browser_session.c
_VISIT = (
    select(*FIELDS, _ACCOUNT.operator, _SESSION.created_at, _SESSION.seen_at, clock.now().label("now"))
    .join(tables.browser_session, _SESSION.account_id == _ACCOUNT.id)
    .where(_SESSION.digest == bindparam("digest"), _SESSION.expires_at > clock.now(), _ACCOUNT.status == ACTIVE)
)


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody who is signed in."""

    account: Account
    #: Whether they look after the whole service.
    operator: bool


@dataclass(frozen=True, slots=True)
class Session:
    """One browser in which an account is signed in."""

    digest: str
    agent: str
    created_at: float
    seen_at: float


class SigningIn:
    """Passwords and sessions of all accounts. Threads may share it."""

    def __init__(self, database: Database, accounts: Accounts, secret: str) -> None:
        """Read nothing yet.

        Args:
            database: where they are.
            accounts: whose they are.
            secret: the service's secret key; with another one, everybody is signed out.
        """
        self._database, self._accounts = database, accounts
        self._pepper = hmac.digest(secret.encode(), b"makeready: browser sessions", "sha256")
        self._inviting = hmac.digest(secret.encode(), b"makeready: invitations", "sha256")
        self._hasher = PasswordHasher()

    @cached_property
    def _nobody(self) -> str:
        """What is compared with where there is no password: that takes as long, and tells nobody who has an account."""
        return self._hasher.hash(secrets.token_urlsafe())

    def set_password(self, account: Account, password: str, *, invitation: str = "") -> None:
        """Give an account a password, and sign it out everywhere.

        Args:
            account: whose.
            password: the new one.
            invitation: the token that lets its owner do so, which is used up by it; none where that is known.

        Raises:
            InvalidRequest: the password is too short, too long, or the account's own address.
            Unauthorized: the invitation is not good, or somebody else was quicker to use it.
        """
        hashed = self._hashed(account, password)
        with self._database.writing() as connection:
            if invitation:
                self._proven(connection, invitation, lock=True)
            _replace(connection, account.id, hashed)

    def change_password(self, account: Account, old: str, new: str) -> None:
        """Give an account another password, and sign it out everywhere.

        Args:
            account: whose.
            old: the password that it has, which has to be right still when the new one takes its place.
            new: the new one.

        Raises:
            InvalidRequest: as ``set_password``.
            Unauthorized: the old one is not the account's.
            Suspended: the account is suspended.
        """
        hashed = self._hashed(account, new)
        with self._proving(account.email, old) as (connection, _):
            _replace(connection, account.id, hashed)

    def sign_in(self, email: str, password: str, agent: str = "", *, instead: str = "") -> str:
        """Begin a session for who knows a password. It takes long (0.1 s, 64 MB), as it should.

        Args:
            email: the account's address.
            password: the account's.
            agent: what the browser says it is.
            instead: the cookie that the browser has had so far, whose session ends; none without one.

        Returns:
            The cookie: nobody can show it again.

        Raises:
            Unauthorized: it is not the password, there is no such account, or it has none.
            Suspended: the account is suspended.
        """
        with self._proving(email, password) as (connection, account):
            return self._begun(connection, account.id, agent, instead)

    def invitation(self, account: Account, seconds: float = INVITED_S) -> str:
        """A token that lets whoever has it set the account's password, once.

        Raises:
            Conflict: the account is suspended, and the token would be refused.
        """
        if self._accounts.get(account.id).status != ACTIVE:
            raise Conflict(
                f"The account {account.email} is suspended: a link to set its password would not work.",
                f"Serve it again first: makeready accounts activate {account.email}",
            )
        until = int(time.time() + seconds)
        with self._database.reading() as connection:
            return f"{account.id}.{until}.{self._signature(connection, account.id, until)}"

    def invited(self, token: str) -> Account:
        """Whose password may be set with a token.

        Raises:
            Unauthorized: it was changed, has run out, or was used already.
            Suspended: the account is suspended.
        """
        with self._database.reading() as connection:
            account_id = self._proven(connection, token)
        account = self._accounts.get(account_id)
        if account.status != ACTIVE:
            raise _suspended()
        return account

    def begin(self, account: Account, agent: str = "") -> str:
        """Begin a session for somebody who is known without a password; as ``sign_in`` else."""
        with self._database.writing() as connection:
            return self._begun(connection, account.id, agent)

    def visit(self, cookie: str) -> Visit | None:
        """Who is signed in with a cookie; nobody where it is unknown or has run out."""
        digest = self._digest(cookie)
        with self._database.reading() as connection:
            row = connection.execute(_VISIT, {"digest": digest}).first()
        if row is None:
            return None
        *fields, operator, began, seen, now = row
        if now - seen >= _SEEN_EVERY_S:
            # However much it is used, it ends a month after it was begun.
            until = min(now + IDLE_S, began + LONGEST_S)
            with self._database.writing() as connection:
                seeing = update(tables.browser_session).where(_SESSION.digest == digest)
                connection.execute(seeing.values(seen_at=now, expires_at=until))
        return Visit(Account(*fields), operator)

    def end(self, cookie: str) -> None:
        """Sign out the browser that has a cookie."""
        with self._database.writing() as connection:
            connection.execute(delete(tables.browser_session).where(_SESSION.digest == self._digest(cookie)))

    def sessions(self, account_id: str) -> list[Session]:
        """Where an account is signed in, the last used first."""
        fields = (_SESSION.digest, _SESSION.agent, _SESSION.created_at, _SESSION.seen_at)
        mine = and_(_SESSION.account_id == account_id, _SESSION.expires_at > clock.now())
        with self._database.reading() as connection:
            rows = connection.execute(select(*fields).where(mine).order_by(_SESSION.seen_at.desc()))
            return [Session(*row) for row in rows]

    def end_all(self, account_id: str, *, but: str = "") -> None:
        """Sign an account out everywhere, but for the browser that has a cookie."""
        mine = and_(_SESSION.account_id == account_id, _SESSION.digest != self._digest(but))
        with self._database.writing() as connection:
            connection.execute(delete(tables.browser_session).where(mine))

    @contextmanager
    def _proving(self, email: str, password: str) -> Iterator[tuple[Connection, Account]]:
        """A transaction in which this is an account's password, which nobody changes until it is over.

        Raises:
            Unauthorized: it is not, there is no such account, or it has no password.
            Suspended: the account is suspended.
        """
        while True:
            account, hashed = self._verified(email, password)
            state = select(_ACCOUNT.password_hash, _ACCOUNT.status).where(_ACCOUNT.id == account.id)
            with self._database.writing() as connection:
                # What was changed while the password was looked at is looked at anew: no transaction lasts that long.
                if connection.execute(state.with_for_update()).one() == (hashed, ACTIVE):
                    yield connection, account
                    return

    def _verified(self, email: str, password: str) -> tuple[Account, str]:
        """The account of an address, if this is its password, and the hash that says so."""
        wanted = select(*FIELDS, _ACCOUNT.password_hash).where(_ACCOUNT.email == email.strip().lower())
        with self._database.reading() as connection:
            row = connection.execute(wanted).first()
        hashed = row[-1] if row is not None else None
        try:
            self._hasher.verify(hashed or self._nobody, password[: LONGEST + 1])
        except (VerificationError, InvalidHashError) as error:
            raise _unknown() from error
        if row is None or hashed is None:
            raise _unknown()
        account = Account(*row[:-1])
        if account.status != ACTIVE:
            raise _suspended()
        if self._hasher.check_needs_rehash(hashed):
            before, hashed = hashed, self._hasher.hash(password)
            with self._database.writing() as connection:
                changing = update(tables.account).where(_ACCOUNT.id == account.id, _ACCOUNT.password_hash == before)
                connection.execute(changing.values(password_hash=hashed))
        return account, hashed

    def _hashed(self, account: Account, password: str) -> str:
        """What is kept of a new password.

        Raises:
            InvalidRequest: it is none that an account may have.
        """
        _acceptable(account, password)
        return self._hasher.hash(password)

    def _begun(self, connection: Connection, account_id: str, agent: str, instead: str = "") -> str:
        """The cookie of a new session, which takes the place of another one of this browser."""
        cookie, now = secrets.token_urlsafe(32), clock.now()
        values: dict[str, Any] = {"digest": self._digest(cookie), "account_id": account_id}
        values |= {"agent": _printable(agent)[:_AGENT], "created_at": now, "seen_at": now, "expires_at": now + IDLE_S}
        over = or_(_SESSION.expires_at <= now, _SESSION.digest == self._digest(instead))
        connection.execute(delete(tables.browser_session).where(over))
        connection.execute(insert(tables.browser_session).values(values))
        return cookie

    def _digest(self, cookie: str) -> str:
        return hmac.digest(self._pepper, cookie.encode("utf-8", "surrogateescape"), "sha256").hex()

    def _proven(self, connection: Connection, token: str, *, lock: bool = False) -> str:
        """The account that an invitation is for; locked, nobody else uses it until this transaction is over."""
        told = _TOKEN.fullmatch(token)
        if told is None or not hmac.compare_digest(
            told[3], self._signature(connection, told[1], int(told[2]), lock=lock)
        ):
            raise Unauthorized("This link is no longer good.", "Ask for another one; each works once.")
        if int(told[2]) < time.time():
            raise Unauthorized("This link has run out.", "Ask for another one.")
        return told[1]

    def _signature(self, connection: Connection, account_id: str, until: int, *, lock: bool = False) -> str:
        """What proves an invitation; the password it replaces is part of it, so that it works once."""
        wanted = select(_ACCOUNT.password_hash).where(_ACCOUNT.id == account_id)
        row = connection.execute(wanted.with_for_update() if lock else wanted).first()
        before = hashlib.sha256((row[0] or "").encode() if row else b"nobody").hexdigest()
        return hmac.digest(self._inviting, f"{account_id}.{until}.{before}".encode(), "sha256").hex()


def _acceptable(account: Account, password: str) -> None:
    wrong = ""
    if len(password) < SHORTEST:
        wrong = f"A password has {SHORTEST} characters or more; a few words in a row are good."
    elif len(password) > LONGEST:
        wrong = f"A password has at most {LONGEST} characters."
    elif account.email in password.lower() or len(set(password)) < 5:
        wrong = "This password is easily guessed."
    if wrong:
        raise InvalidRequest(wrong, "Choose another one.", fields={"password": [wrong]})


def _replace(connection: Connection, account_id: str, hashed: str) -> None:
    """Let an account have another password, and be signed in nowhere."""
    connection.execute(update(tables.account).where(_ACCOUNT.id == account_id).values(password_hash=hashed))
    # After the row is locked: a session that is begun at this moment is there by now, or is not begun.
    connection.execute(delete(tables.browser_session).where(_SESSION.account_id == account_id))


def _printable(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())


def _suspended() -> Suspended:
    return Suspended("This account is suspended.", "Ask who runs this service.")


def _unknown() -> Unauthorized:
    return Unauthorized("This is not the password of an account here.", "Look at both, or ask for a link to set one.")
