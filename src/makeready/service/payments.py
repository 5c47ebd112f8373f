"""Real money: who takes it, and what was bought with it.

A provider leads a person to a page of its own, where they pay, and tells the service how that went: later, as often as
it likes and in any order. What was bought is given once, in the transaction that writes down that it was paid.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sqlalchemy import Connection, and_, insert, select, update

from makeready.errors import UsageError
from makeready.registry import BUILT_IN, Registry, misnamed
from makeready.service import clock, ids, tables, wallet
from makeready.service.errors import Conflict, NotFound, ServiceError, Unavailable
from makeready.service.observe import log

if TYPE_CHECKING:
    from makeready.service.accounts import Account
    from makeready.service.database import Database
    from makeready.service.plans import Pack
    from makeready.service.settings import Settings

#: Where distributions offer theirs.
GROUP = "makeready.payments"
PENDING, PAID, FAILED = "pending", "paid", "failed"
#: Below the service's address: where people come back to, and where a provider tells what happened.
_BACK, _TOLD = "/dashboard/wallet/payments/{}", "/dashboard/payments/told/{}"
_LONGEST_REFERENCE = 200
_PAYMENT = tables.payment


@dataclass(frozen=True, slots=True)
class Purchase:
    """What a provider is to take money for."""

    #: Ours, ``TOP-…``: it stands in the ledger, and may stand in the provider's books.
    id: str
    account_id: str
    email: str
    #: What is bought: so much of ``tokens``, ``credits`` or ``images``.
    currency: str
    amount: int
    #: What it costs, in hundredths of a unit of this money (``EUR``), whatever the smallest coin of it is.
    price: int
    money: str
    #: Where the person is led afterwards, with a GET, whether they paid or not.
    back_url: str
    #: Where the provider tells what happened.
    told_url: str


@dataclass(frozen=True, slots=True)
class Checkout:
    """Where somebody pays, and what the provider calls this payment: 1..200 characters, the same for ever."""

    url: str
    reference: str


@dataclass(frozen=True, slots=True)
class Paid:
    """A provider says that it has the money: so many hundredths of a unit."""

    reference: str
    price: int
    money: str


@dataclass(frozen=True, slots=True)
class Failed:
    """A provider says that it did not get the money; it may still get it later."""

    reference: str
    why: str = ""


class Forged(ServiceError):
    """What claims to come from a provider is not signed by it, or is too old."""

    code = "SIGNATURE_INVALID"
    http_status = 400


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Provider:
    """Somebody who takes money; a plug-in offers one under the entry points ``makeready.payments``."""

    name: str
    title: str
    #: Asks it for a page to pay at. May ask the network; raises what it likes where there is none.
    begin: Callable[[Purchase], Checkout]
    #: What a message of it says, from its headers (names in small letters) and its very bytes; nothing where it is
    #: about nothing of ours. Raises ``Forged`` where the signature is not right: it is all that keeps strangers out.
    told: Callable[[Mapping[str, str], bytes], Sequence[Paid | Failed]]
    #: Why it cannot be used now (no key), in one sentence; empty when it can. Quick, and asks no network.
    problem: Callable[[], str] = lambda: ""
    source: str = BUILT_IN

    @property
    def key(self) -> str:
        return self.name

    def problems(self) -> list[str]:
        """What is wrong with the declaration itself."""
        return misnamed(self.name, self.title)


@cache
def catalogue() -> Registry[Provider]:
    """Every provider that is installed; none is built in."""
    registry = Registry(Provider, group=GROUP, noun="provider of payments")
    registry.load_plugins()
    return registry


@dataclass(frozen=True, slots=True)
class Payment:
    """What somebody buys, and how far that is. Times are seconds since 1970."""

    id: str
    account_id: str
    provider: str
    #: What the provider calls it.
    reference: str
    currency: str
    amount: int
    #: In hundredths of a unit of the money.
    price: int
    money: str
    #: ``pending``, ``paid`` or ``failed``.
    state: str
    created_at: float
    ended_at: float | None


def cost(bought: Payment | Pack) -> str:
    """Its price as people read it: ``9.90 EUR``."""
    return f"{bought.price // 100}.{bought.price % 100:02d} {bought.money}"


class Payments:
    """The payments of all accounts; each sees its own."""

    def __init__(self, database: Database, settings: Settings) -> None:
        """Load nothing yet.

        Args:
            database: where they are.
            settings: who takes the money, and where the service is.
        """
        self._database, self._settings = database, settings

    @cached_property
    def provider(self) -> Provider | None:
        """Who takes money; nobody where the settings name nobody.

        Raises:
            UsageError: the one they name is not installed, or cannot be used now.
        """
        name, known = self._settings.payments, catalogue() if self._settings.payments else None
        if known is None:
            return None
        if name not in known:
            there = f"There is {', '.join(one.name for one in known)}." if len(known) else "No plug-in offers any."
            broken = "".join(f" {source} could not be loaded: {why}." for source, why in known.failed.items())
            raise UsageError(
                f"There is no provider of payments {name!r}, which MAKEREADY_PAYMENTS names.",
                f"{there}{broken} docs/service/payments.md says how one is made.",
            )
        if why := known[name].problem():
            raise UsageError(f"The provider of payments {name} cannot be used: {why}")
        return known[name]

    def begin(self, account: Account, pack: Pack) -> tuple[Payment, str]:
        """Begin to buy a pack.

        Returns:
            The payment, which is pending, and where the person pays.

        Raises:
            NotFound: nobody takes money here.
            Unavailable: the provider does not answer. Nothing was begun.
        """
        provider, id, address = self._taking(), f"TOP-{ids.new()}", self._settings.address
        purchase = Purchase(
            id, account.id, account.email, pack.currency, pack.amount, pack.price, pack.money,
            address + _BACK.format(id), address + _TOLD.format(provider.name),
        )  # fmt: skip
        checkout = _asked(provider, purchase)
        values = {
            "id": id, "account_id": account.id, "provider": provider.name, "reference": checkout.reference,
            "currency": pack.currency, "amount": pack.amount, "price": pack.price, "money": pack.money,
            "state": PENDING,
        }  # fmt: skip
        with self._database.writing() as connection:
            row = connection.execute(
                insert(_PAYMENT).values(values | {"created_at": clock.now()}).returning(_PAYMENT)
            ).one()
        return Payment(*row), checkout.url

    def told(self, name: str, headers: Mapping[str, str], body: bytes) -> None:
        """Take a message of a provider, and settle what it is about.

        Args:
            name: the provider, as the address has it.
            headers: of the message; names in small letters.
            body: its very bytes.

        Raises:
            NotFound: there is no such provider here, or no such payment.
            Forged: it is not the provider's.
            Conflict: it says another price than was asked.
            Unavailable: the provider's plug-in failed at it; it is told again later.
        """
        provider = self._taking()
        if provider.name != name:
            raise NotFound(f"Nobody called {name} takes money here.")
        try:
            news = list(provider.told(headers, body))
        except ServiceError:
            raise
        except Exception as error:  # a stranger's code
            log.error("a message about payments was not understood", provider=name, exc_info=error)
            raise Unavailable("This message could not be read. Send it again later.") from error
        refused = None
        for one in news:  # each for itself: one that is wrong keeps nobody from what they paid for
            try:
                self.settle(name, one)
            except ServiceError as error:
                log.error("a message about a payment was refused", provider=name, told=repr(one), why=str(error))
                refused = refused or error
        if refused is not None:
            raise refused

    def settle(self, provider: str, news: Paid | Failed) -> Payment:
        """Write down what became of a payment, and give what was bought: once, whoever says so how often.

        Raises:
            NotFound: there is no such payment.
            Conflict: another price was paid than was asked; nothing is given.
        """
        this = and_(_PAYMENT.c.provider == provider, _PAYMENT.c.reference == news.reference)
        with self._database.writing() as connection:
            row = connection.execute(select(_PAYMENT).where(this).with_for_update()).first()
            if row is None:
                raise NotFound(f"There is no payment {news.reference} by {provider}.")
            payment = Payment(*row)
            if isinstance(news, Failed):
                if payment.state == PAID:
                    log.warning("a payment failed after it was paid", payment=payment.id, why=news.why)
                self._moved(connection, payment, FAILED, _PAYMENT.c.state == PENDING)
            elif (news.price, news.money) != (payment.price, payment.money):
                raise Conflict(
                    f"{news.price} hundredths of {news.money} were paid for {payment.id}, which costs {cost(payment)}.",
                    "Nothing was given for it.",
                )
            elif self._moved(connection, payment, PAID, _PAYMENT.c.state != PAID):
                wallet.give(
                    connection, payment.account_id, payment.currency, payment.amount, kind="grant", note=payment.id
                )
            return Payment(*connection.execute(select(_PAYMENT).where(this)).one())

    def get(self, account_id: str, payment_id: str) -> Payment:
        """One payment.

        Raises:
            NotFound: there is none, or it is another account's.
        """
        mine = and_(_PAYMENT.c.id == payment_id, _PAYMENT.c.account_id == account_id)
        with self._database.reading() as connection:
            row = connection.execute(select(_PAYMENT).where(mine)).first()
        if row is None:
            raise NotFound(f"There is no payment {payment_id}.", "See whether the address is whole.")
        return Payment(*row)

    def listed(self, account_id: str, limit: int = 20) -> list[Payment]:
        """The newest payments of an account, the newest first."""
        wanted = select(_PAYMENT).where(_PAYMENT.c.account_id == account_id)
        wanted = wanted.order_by(_PAYMENT.c.created_at.desc(), _PAYMENT.c.id).limit(limit)
        with self._database.reading() as connection:
            return [Payment(*row) for row in connection.execute(wanted)]

    def _taking(self) -> Provider:
        if self.provider is None:
            raise NotFound("Nothing can be bought here.", "Ask who runs this service.")
        return self.provider

    @staticmethod
    def _moved(connection: Connection, payment: Payment, state: str, unless: object) -> bool:
        moving = update(_PAYMENT).where(_PAYMENT.c.id == payment.id, unless)  # type: ignore[arg-type]
        return connection.execute(moving.values(state=state, ended_at=clock.now())).rowcount == 1


def _asked(provider: Provider, purchase: Purchase) -> Checkout:
    """Where to pay, as the provider says it."""
    try:
        checkout = provider.begin(purchase)
        if not 0 < len(checkout.reference) <= _LONGEST_REFERENCE:
            raise ValueError(f"its reference has {len(checkout.reference)} characters, not 1 to {_LONGEST_REFERENCE}")
        if urlsplit(checkout.url).scheme not in ("https", "http"):
            raise ValueError(f"its page is at no web address: {checkout.url!r}")
    except ServiceError:
        raise
    except Exception as error:  # a stranger's code
        log.error("no page to pay at", provider=provider.name, payment=purchase.id, exc_info=error)
        raise Unavailable(
            f"{provider.title} does not answer just now, and nothing was paid.", "Try again in a while."
        ) from error
    return checkout
