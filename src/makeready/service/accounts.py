"""Accounts, their keys, and whether somebody who calls is one of them.

A key is 256 random bits and shown once; what is kept is its HMAC with a pepper that is not in the database, so that a
copy of the database opens nothing. A token is a JWT of some hours that names the account. Both are held against the
database with every request: a revoked key, a suspended account and tokens made void stop at once, in every process.
"""

from __future__ import annotations

import hmac
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import jwt
from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from makeready.errors import did_you_mean
from makeready.service import clock, ids, tables, wallet
from makeready.service.database import Database
from makeready.service.errors import Conflict, InvalidRequest, NotFound, Suspended, Unauthorized
from makeready.service.plans import Plans
from makeready.service.question import Question

ACTIVE = "active"
SUSPENDED = "suspended"
#: What a key begins with.
KEY_MARK = "mk_"
#: How long a token is good for.
TOKEN_SECONDS = 12 * 3600
#: The longest time that a token is made for.
LONGEST_TOKEN_S = 366 * 24 * 3600
#: Keys of an account that are not revoked.
MOST_KEYS = 50

_ALGORITHM = "HS256"
_AUDIENCE = "makeready"
#: Letters of a key by which a person knows it again: its mark, and 48 of its 256 bits.
_SHOWN = len(KEY_MARK) + 8
#: Seconds between two times that the use of a key is written down.
_NOTED_EVERY_S = 60.0
#: Keys whose uses are remembered between two times.
_KNOWN_USES = 10_000
#: Tokens whose signatures are remembered.
_KNOWN_TOKENS = 4096
#: What a header can hold at most; longer ones are not looked at.
_LONGEST_CREDENTIAL = 4096
_NAME = 200
# Dots and labels as DNS has them, letters of all scripts; the dot in the domain tells addresses from user names.
_LOCAL_PART = re.compile(r"[^\s@.\"(),:;<>\[\]\\]+(\.[^\s@.\"(),:;<>\[\]\\]+)*")
_LABEL = re.compile(r"[^\W_](([^\W_]|-){0,61}[^\W_])?")

_ACCOUNT, _KEY = tables.account.c, tables.api_key.c
#: The columns that make an ``Account``, in its order.
FIELDS = (_ACCOUNT.id, _ACCOUNT.email, _ACCOUNT.name, _ACCOUNT.plan, _ACCOUNT.status, _ACCOUNT.created_at)
_BY_KEY = (
    select(*FIELDS, _KEY.prefix, _KEY.revoked_at)
    .join(tables.api_key, _KEY.account_id == _ACCOUNT.id)
    .where(_KEY.digest == bindparam("digest"))
)
_BY_TOKEN = select(*FIELDS, _ACCOUNT.token_generation).where(_ACCOUNT.id == bindparam("id"))


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who uses the service."""

    id: str
    email: str
    name: str
    plan: str
    #: ``active`` or ``suspended``.
    status: str
    created_at: float


@dataclass(frozen=True, slots=True)
class Key:
    """What is known of a key; the key itself is nowhere."""

    id: str
    account_id: str
    name: str
    #: Its first letters.
    prefix: str
    created_at: float
    revoked_at: float | None
    #: To about a minute; never where it was not used yet.
    last_used_at: float | None


@dataclass(frozen=True, slots=True)
class Usage:
    """What an account used of a currency in the running month, and what it has left."""

    used: int
    remaining: int
    #: Its plan has no end of it, and nothing is taken.
    unlimited: bool

    @property
    def limit(self) -> int:
        """What it has a month: the plan's allowance, and what was granted on top."""
        return self.used + self.remaining


class _Claims(NamedTuple):
    """What a token says."""

    account_id: str
    generation: int
    ends_at: float


class Accounts:
    """All accounts, over one database. Threads may share it."""

    def __init__(self, database: Database, secret: str, plans: Plans) -> None:
        """Read nothing yet.

        Args:
            database: where they are.
            secret: the service's secret key; with another one, all keys and tokens are unknown.
            plans: what accounts are made with.
        """
        self._database = database
        self._plans = plans
        # One secret for each use, so that what is made for one is worth nothing for another.
        self._pepper = hmac.digest(secret.encode(), b"makeready: API keys", "sha256")
        self._signing = hmac.digest(secret.encode(), b"makeready: tokens", "sha256")
        self._by_key = Question(database, _BY_KEY)
        self._by_token = Question(database, _BY_TOKEN)
        # A signature is good for ever, and takes four times as long to look at as the database does.
        self._known_claims = lru_cache(maxsize=_KNOWN_TOKENS)(self._claims)
        #: Keys, and when this process last wrote down that they were used, by its own clock.
        self._noted: dict[str, float] = {}

    def create(
        self, email: str, name: str = "", plan: str = "free", grants: Mapping[str, int] | None = None
    ) -> tuple[Account, str]:
        """Make an account with its first key.

        Args:
            email: who it is; capitals do not count.
            name: for people, at most 200 characters.
            plan: the name of a plan.
            grants: what its wallets begin with, by currency; the others begin with the plan's allowance.

        Returns:
            The account, and its key: nobody can show it again.

        Raises:
            InvalidRequest: the address, the name or an amount is none.
            Conflict: there is an account with this address.
            UsageError: there is no such plan.
        """
        email, name = address(email), _title(name)
        allowances = self._plans.plan(plan).allowances
        begins = _amounts(grants or {})
        now = clock.now()
        values = {
            "id": ids.new("acc"), "email": email, "name": name, "plan": plan, "status": ACTIVE,
            "webhook_secret": ids.secret(),
        }  # fmt: skip
        with self._database.writing() as connection:
            try:
                adding = insert(tables.account).values(values | {"created_at": now, "cycle_started_at": now})
                account = Account(*connection.execute(adding.returning(*FIELDS)).one())
            except IntegrityError as error:
                raise Conflict(
                    f"There is an account of {email} already.", f"See it with: makeready accounts show {email}"
                ) from error
            for currency in wallet.CURRENCIES:
                if currency in begins:
                    wallet.give(connection, account.id, currency, begins[currency], kind="grant", note="at the start")
                else:
                    wallet.refill(connection, account.id, currency, allowances.get(currency, 0), note=plan)
            key = self._add_key(connection, account.id, "first key")
        return account, key

    def get(self, account_id: str) -> Account:
        """The account of an identifier.

        Raises:
            NotFound: there is none.
        """
        if (account := self._one(_ACCOUNT.id == account_id)) is None:
            raise NotFound(f"There is no account {account_id}.")
        return account

    def by_email(self, email: str) -> Account:
        """The account of an address.

        Raises:
            NotFound: there is none.
        """
        if (account := self._one(_ACCOUNT.email == email.strip().lower())) is None:
            hint = did_you_mean(email, (account.email for account in self.all()))
            raise NotFound(f"There is no account of {email}.", hint or "'makeready accounts list' names them.")
        return account

    def all(self) -> list[Account]:
        """Every account, the oldest first."""
        with self._database.reading() as connection:
            rows = connection.execute(select(*FIELDS).order_by(_ACCOUNT.created_at, _ACCOUNT.id))
            return [Account(*row) for row in rows]

    def suspend(self, email: str) -> Account:
        """Refuse every request of an account from now on, and sign it out. Its jobs go on; what it has is kept.

        Raises:
            NotFound: there is no such account.
        """
        account = self.by_email(email)
        with self._database.writing() as connection:
            suspend(connection, account.id)
        return self.get(account.id)

    def activate(self, email: str) -> Account:
        """Serve a suspended account again.

        Raises:
            NotFound: there is no such account.
        """
        return self._change(email, status=ACTIVE)

    def move(self, email: str, plan: str) -> Account:
        """Put an account on another plan; its month begins now, with at least what the plan allows.

        Raises:
            NotFound: there is no such account.
            UsageError: there is no such plan.
        """
        allowances = self._plans.plan(plan).allowances
        account = self.by_email(email)
        with self._database.writing() as connection:
            moving = update(tables.account).where(_ACCOUNT.id == account.id)
            connection.execute(moving.values(plan=plan, cycle_started_at=clock.now()))
            wallet.new_month(connection, account.id)
            for currency in wallet.in_order(allowances):
                wallet.refill(connection, account.id, currency, allowances[currency], note=plan)
        return self.get(account.id)

    def grant(
        self, email: str, grants: Mapping[str, int], note: str = "", *, after: int | None = None
    ) -> dict[str, int]:
        """Put money into an account's wallets.

        Args:
            email: whose.
            grants: how much, by currency.
            note: for the ledger.
            after: ``last_grant`` as it was when somebody decided this, so that a form that is sent twice gives once.

        Returns:
            What the wallets have afterwards.

        Raises:
            NotFound: there is no such account.
            InvalidRequest: an amount is none.
            Conflict: something was granted after that.
        """
        amounts = _amounts(grants)
        account = self.by_email(email)
        with self._database.writing() as connection:
            if after is not None:
                # Two that come at once wait for each other here: the second sees what the first gave.
                locking = select(_ACCOUNT.id).where(_ACCOUNT.id == account.id).with_for_update()
                connection.execute(locking)
                if _last_grant(connection, account.id) != after:
                    raise Conflict(
                        f"Something was granted to {account.email} since this was asked.", "Look at the wallet again."
                    )
            for currency in wallet.in_order(amounts):
                wallet.give(connection, account.id, currency, amounts[currency], kind="grant", note=note)
            return wallet.balances(connection, account.id)

    def last_grant(self, account_id: str) -> int:
        """The ledger's number of the newest grant to an account; 0 where there was none."""
        with self._database.reading() as connection:
            return _last_grant(connection, account_id)

    def balances(self, account_id: str) -> dict[str, int]:
        """What an account has of each currency."""
        with self._database.reading() as connection:
            return wallet.balances(connection, account_id)

    def usage(self, account: Account, currency: str) -> Usage:
        """How far an account is with what it has of a currency this month."""
        unlimited = self._plans.plan(account.plan).unlimited(currency)
        with self._database.reading() as connection:
            left, used = wallet.usage(connection, account.id, currency)
        return Usage(used, left, unlimited)

    def entries(self, account_id: str, currency: str | None = None, **more: Any) -> list[wallet.Entry]:
        """The ledger of an account, newest first; ``more`` is as for ``wallet.entries``."""
        with self._database.reading() as connection:
            return wallet.entries(connection, account_id, currency, **more)

    def new_key(self, account_id: str, name: str = "") -> str:
        """Make a key; nobody can show it again.

        Raises:
            NotFound: there is no such account.
            InvalidRequest: the name is too long.
            Conflict: it has as many keys as an account may have.
        """
        name = _title(name)
        self.get(account_id)
        good = select(func.count()).where(_KEY.account_id == account_id, _KEY.revoked_at.is_(None))
        with self._database.writing() as connection:
            # Two that are made at once wait for each other here: the second one is counted with the first.
            connection.execute(select(_ACCOUNT.id).where(_ACCOUNT.id == account_id).with_for_update())
            if connection.execute(good).scalar_one() >= MOST_KEYS:
                raise Conflict(
                    f"This account has {MOST_KEYS} API keys, and no account has more.",
                    "Revoke some that nothing uses any more.",
                )
            return self._add_key(connection, account_id, name)

    def keys(self, account_id: str) -> list[Key]:
        """The keys of an account, the oldest first, revoked ones too."""
        fields = (
            _KEY.id, _KEY.account_id, _KEY.name, _KEY.prefix, _KEY.created_at, _KEY.revoked_at, _KEY.last_used_at,
        )  # fmt: skip
        wanted = select(*fields).where(_KEY.account_id == account_id).order_by(_KEY.created_at, _KEY.id)
        with self._database.reading() as connection:
            return [Key(*row) for row in connection.execute(wanted)]

    def revoke(self, key_id: str, account_id: str | None = None) -> None:
        """Make a key worthless, from this moment on and for ever. One that is already stays so.

        Args:
            key_id: its identifier, ``key_…``; never the key.
            account_id: whose it has to be; anybody's when left out.

        Raises:
            NotFound: there is no such key.
        """
        named = _KEY.id == key_id if account_id is None else and_(_KEY.id == key_id, _KEY.account_id == account_id)
        revoking = update(tables.api_key).where(named)
        with self._database.writing() as connection:
            once = func.coalesce(_KEY.revoked_at, clock.now())
            if not connection.execute(revoking.values(revoked_at=once)).rowcount:
                hint = "'makeready accounts keys list EMAIL' has them." if account_id is None else None
                raise NotFound("There is no key of this identifier.", hint)

    def to_note(self, credential: str) -> bool:
        """Whether ``note_use`` has something to do: it is a key whose use this process has not noted for a minute."""
        if not credential.startswith(KEY_MARK):
            return False
        before = self._noted.get(credential)
        return before is None or time.monotonic() - before >= _NOTED_EVERY_S

    def note_use(self, credential: str) -> None:
        """Write down that a key is used now, where that was not done within the last minute."""
        if len(self._noted) >= _KNOWN_USES:
            self._noted.clear()
        self._noted[credential] = time.monotonic()
        old = or_(_KEY.last_used_at.is_(None), _KEY.last_used_at < clock.now() - _NOTED_EVERY_S)
        using = update(tables.api_key).where(_KEY.digest == self._digest(credential), old)
        with self._database.writing() as connection:
            connection.execute(using.values(last_used_at=clock.now()))

    def sign_out(self, account: Account, credential: str) -> None:
        """Make what an account came in with worthless: its key is revoked; of a token, all that it has are void.

        Args:
            account: who goes.
            credential: the key or token, as it was sent.
        """
        if not credential.startswith(KEY_MARK):
            self.void_tokens(account.email)
            return
        mine = and_(_KEY.digest == self._digest(credential), _KEY.account_id == account.id, _KEY.revoked_at.is_(None))
        with self._database.writing() as connection:
            connection.execute(update(tables.api_key).where(mine).values(revoked_at=clock.now()))

    def token(self, account: Account, seconds: float = TOKEN_SECONDS) -> str:
        """A token that stands for an account.

        Args:
            account: whose.
            seconds: how long it is good for, more than 0 and at most a year.

        Raises:
            NotFound: there is no such account.
            InvalidRequest: it would be good for no time, or for too long.
        """
        if not 0 < seconds <= LONGEST_TOKEN_S:
            raise InvalidRequest("A token is good for more than no time and at most a year.", fields={"seconds": []})
        if (row := self._by_token(id=account.id)) is None:
            raise NotFound(f"There is no account {account.id}.")
        now = time.time()
        claims = {"sub": account.id, "aud": _AUDIENCE, "iat": int(now), "exp": int(now + seconds), "gen": row[-1]}
        return jwt.encode(claims, self._signing, _ALGORITHM)

    def void_tokens(self, email: str) -> None:
        """Make every token void that an account has. Its keys stay good.

        Raises:
            NotFound: there is no such account.
        """
        account = self.by_email(email)
        with self._database.writing() as connection:
            voiding = update(tables.account).where(_ACCOUNT.id == account.id)
            connection.execute(voiding.values(token_generation=_ACCOUNT.token_generation + 1))

    def authenticated(self, credential: str) -> Account:
        """Whose key or token this is, as the database says at this moment.

        Raises:
            Unauthorized: nobody's: it is unknown, revoked, forged or has run out.
            Suspended: the account is suspended.
        """
        if credential.startswith(KEY_MARK):
            # What is looked up is a keyed hash: how long that takes tells nothing about any key.
            row = self._by_key(digest=self._digest(credential))
            if row is None:
                raise Unauthorized("This API key is not known.", "Look for letters that were lost when it was copied.")
            if row[-1] is not None:
                raise Unauthorized(f"The API key {row[-2]}… has been revoked.", "Use another one, or have one made.")
        else:
            claims = self._known_claims(credential)
            if claims.ends_at <= time.time():
                raise Unauthorized("This token has run out.", "Get a new one.")
            row = self._by_token(id=claims.account_id)
            if row is None or row[-1] != claims.generation:
                raise Unauthorized("This token is no longer good.", "Get a new one.")
        account = Account(*row[: len(FIELDS)])
        if account.status != ACTIVE:
            raise Suspended("This account is suspended.", "Ask who runs this service.")
        return account

    def _claims(self, token: str) -> _Claims:
        """What a token says, if this service signed it. Whether it is still good is not asked here."""
        if not token:
            raise Unauthorized("This needs an API key or a token.", "Send it as: Authorization: Bearer mk_…")
        if len(token) > _LONGEST_CREDENTIAL:
            raise Unauthorized("This is neither an API key nor a token: it is too long.")
        try:
            told = jwt.decode(
                token,
                self._signing,
                algorithms=[_ALGORITHM],
                audience=_AUDIENCE,
                options={"require": ["sub", "aud", "exp", "gen"], "verify_exp": False},
            )
        except (jwt.InvalidTokenError, UnicodeError) as error:
            raise Unauthorized("This is neither an API key nor a token of this service.") from error
        return _Claims(told["sub"], told["gen"], told["exp"])

    def _digest(self, key: str) -> str:
        # Whatever a header held is hashed; what is not Unicode is no key either.
        return hmac.digest(self._pepper, key.encode("utf-8", "surrogateescape"), "sha256").hex()

    def _add_key(self, connection: Connection, account_id: str, name: str) -> str:
        key = KEY_MARK + secrets.token_urlsafe(32)
        values = {"id": ids.new("key"), "account_id": account_id, "name": name, "prefix": key[:_SHOWN]}
        values |= {"digest": self._digest(key)}
        connection.execute(insert(tables.api_key).values(values | {"created_at": clock.now()}))
        return key

    def _one(self, which: ColumnElement[bool]) -> Account | None:
        with self._database.reading() as connection:
            row = connection.execute(select(*FIELDS).where(which)).first()
        return Account(*row) if row else None

    def _change(self, email: str, **values: str) -> Account:
        account = self.by_email(email)
        with self._database.writing() as connection:
            connection.execute(update(tables.account).where(_ACCOUNT.id == account.id).values(values))
        return self.get(account.id)


def suspend(connection: Connection, account_id: str) -> bool:
    """Refuse every request of an account, and sign it out: sessions are over also for when it is served again.

    Returns:
        Whether there is such an account.
    """
    refusing = update(tables.account).where(_ACCOUNT.id == account_id).values(status=SUSPENDED)
    known = connection.execute(refusing).rowcount == 1
    # After the row is locked: a session that is begun at this moment is there by now, or is not begun.
    connection.execute(delete(tables.browser_session).where(tables.browser_session.c.account_id == account_id))
    return known


def _last_grant(connection: Connection, account_id: str) -> int:
    entry = tables.ledger.c
    newest = select(func.max(entry.number)).where(entry.account_id == account_id, entry.kind == "grant")
    return connection.execute(newest).scalar() or 0


def address(email: str) -> str:
    """An e-mail address as it is kept: without the capitals, which tell nobody apart.

    Raises:
        InvalidRequest: it is none.
    """
    kept = email.strip().lower()
    local, _, domain = kept.rpartition("@")
    labels = domain.split(".")
    sound = (
        len(local) <= 64
        and len(kept) <= 254
        and kept.isprintable()
        and _LOCAL_PART.fullmatch(local)
        and len(labels) > 1
        and all(map(_LABEL.fullmatch, labels))
    )
    if not sound:
        raise InvalidRequest(
            f"{email!r} is no e-mail address.", "It looks like name@example.com.", fields={"email": ["is no address"]}
        )
    return kept


def _title(name: str) -> str:
    name = name.strip()
    if len(name) > _NAME or (name and not name.isprintable()):
        raise InvalidRequest(
            f"A name has at most {_NAME} characters that can be printed.",
            fields={"name": ["is too long or unprintable"]},
        )
    return name


def _amounts(grants: Mapping[str, int]) -> dict[str, int]:
    for currency, amount in grants.items():
        if currency not in wallet.CURRENCIES:
            raise InvalidRequest(f"There is no currency {currency!r}.", f"There are {', '.join(wallet.CURRENCIES)}.")
        if not 0 <= amount <= wallet.MOST:
            raise InvalidRequest(f"{amount} {currency} cannot be given.", f"Between 0 and {wallet.MOST} can.")
    return dict(grants)
