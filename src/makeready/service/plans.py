"""Plans and prices: data, read from ``plans.toml`` and a file of the operator's over it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from makeready.errors import UsageError, did_you_mean
from makeready.service.wallet import MOST

#: Requests in a time, as ``limits`` reads it.
Rate = Annotated[str, Field(pattern=r"^[1-9]\d{0,8}/(second|minute|hour|day)$")]
Currency = Literal["tokens", "credits", "images"]
_Amount = Annotated[int, Field(ge=0, le=MOST, strict=True)]
_Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=40)]

#: Of an operation with options: the price of those that are not named.
_DEFAULT = "default"


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Differing(_Row):
    """What one dialect says of a plan, where that differs."""

    title: str | None = None
    slug: _Slug | None = None
    number: int | None = None
    price: int | None = Field(None, ge=0)
    rate: Rate | None = None
    batch_size: int | None = Field(None, ge=0)
    features: dict[str, bool] = {}


class Terms(_Row):
    """What a plan means in one dialect."""

    #: What the dialect calls it, for people and for programs.
    title: str
    slug: str
    #: Where a dialect numbers its plans.
    number: int | None
    #: A month, in hundredths; for show.
    price: int | None
    rate: str
    #: The most pictures of a batch; 0 where there are none.
    batch_size: int
    features: Mapping[str, bool]

    def has(self, feature: str) -> bool:
        """Whether a feature is part of it; one that is not named is not."""
        return self.features.get(feature, False)


class Plan(_Row):
    """What an account may do, how often, and what its wallets have at the start of a month."""

    name: _Slug
    title: str
    #: Requests, as ``600/minute``.
    rate: Rate
    allowance: dict[Currency, _Amount | Literal["unlimited"]] = Field({}, alias="allowances")
    batch_size: int = Field(ge=0)
    features: dict[str, bool] = {}
    #: Which workers do its jobs.
    queue: Literal["cpu", "gpu"] = "cpu"
    #: Of its jobs: the lowest first.
    priority: int = 0
    dialects: dict[str, _Differing] = {}

    @property
    def allowances(self) -> dict[str, int]:
        """What each wallet has at the start of a month; those without end are not among them."""
        return {name: amount for name, amount in self.allowance.items() if isinstance(amount, int)}

    def unlimited(self, currency: str) -> bool:
        """Whether nothing is taken from the wallet of a currency, as the plan has no end of it."""
        return any(name == currency and amount == "unlimited" for name, amount in self.allowance.items())

    def terms(self, dialect: str) -> Terms:
        """What it means in a dialect: its own terms, and over them what differs there."""
        other = self.dialects.get(dialect, _Differing())
        differing = other.model_dump(exclude_none=True, exclude={"features"})
        own: dict[str, Any] = {"title": self.title, "slug": self.name, "number": None, "price": None}
        own |= {"rate": self.rate, "batch_size": self.batch_size}
        return Terms(**(own | differing), features=self.features | other.features)


class _Prices(_Row):
    currency: Currency
    operations: dict[str, _Amount | dict[str, _Amount]] = {}


class Pack(_Row):
    """So much of a currency for so much money."""

    currency: Currency
    amount: int = Field(gt=0, le=MOST, strict=True)
    #: In hundredths of a unit of the money: 990 EUR are nine euros and ninety cents.
    price: int = Field(gt=0, le=10**9, strict=True)
    #: ISO 4217.
    money: str = Field(pattern=r"^[A-Z]{3}$")

    @property
    def key(self) -> str:
        """What forms call it: another price is another pack."""
        return f"{self.amount}-{self.currency}-{self.price}-{self.money}"


class _File(_Row):
    plans: dict[str, Plan]
    prices: dict[str, _Prices]
    packs: list[Pack] = []


class Plans:
    """All plans and prices there are."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        """Take plans and prices from data.

        Args:
            told: as ``plans.toml`` has it.

        Raises:
            ValidationError: it does not fit.
            UsageError: prices follow those of a dialect that has none of its own.
        """
        plans, prices = told.get("plans"), told.get("prices")
        if isinstance(plans, Mapping):
            plans = {name: _named(name, plan) for name, plan in plans.items()}
        if isinstance(prices, Mapping):
            prices = {name: _followed(name, prices) for name in prices}
        held = _File.model_validate({**told, "plans": plans, "prices": prices})
        self._plans, self._prices = held.plans, held.prices
        #: What can be bought, in the order of the file.
        self.packs = tuple(held.packs)

    @classmethod
    def load(cls, file: Path | None = None) -> Plans:
        """The built-in plans and prices, and over them those of a file.

        Raises:
            UsageError: the file cannot be read, or says something impossible.
        """
        told = tomllib.loads(resources.files("makeready.service").joinpath("plans.toml").read_text("utf-8"))
        if file is None:
            return cls(told)
        try:
            return cls(_over(told, tomllib.loads(file.read_text("utf-8"))))
        except ValidationError as error:
            first = error.errors()[0]
            # The names of the alternatives that were tried say nothing to a person.
            where = ".".join(str(part) for part in first["loc"] if "[" not in str(part))
            raise UsageError(
                f"The plans in {file} are not usable: {where}: {first['msg']}.", "docs/service/accounts.md says how."
            ) from error
        except (OSError, ValueError) as error:
            raise UsageError(f"The plans in {file} cannot be read: {error}.", "It has to be a TOML file.") from error

    def plan(self, name: str) -> Plan:
        """The plan of a name.

        Raises:
            UsageError: there is none.
        """
        if (plan := self._plans.get(name)) is None:
            hint = did_you_mean(name, self._plans) or f"There are {', '.join(self._plans)}."
            raise UsageError(f"There is no plan {name!r}.", hint)
        return plan

    def all(self) -> list[Plan]:
        """Every plan, in the order of the file."""
        return list(self._plans.values())

    def having(self, dialect: str, feature: str) -> list[str]:
        """What a dialect calls the plans that have a feature there, each name once."""
        terms = (plan.terms(dialect) for plan in self.all())
        return list(dict.fromkeys(one.title for one in terms if one.has(feature)))

    def currency(self, dialect: str) -> str:
        """What is paid with in a dialect.

        Raises:
            UsageError: the file of plans has no prices of this dialect.
        """
        return self._of(dialect).currency

    def price(self, dialect: str, operation: str, option: str | None = None) -> int:
        """What an operation costs.

        Args:
            dialect: the API it comes through.
            operation: its name in ``operations``.
            option: which of its options, where they have prices of their own: a quality, a fix.

        Raises:
            UsageError: it has no price.
        """
        price = self._of(dialect).operations.get(operation)
        if isinstance(price, dict):
            price = price.get(option or _DEFAULT, price.get(_DEFAULT))
        if price is None:
            raise UsageError(
                f"{operation}{f' {option}' if option else ''} has no price in the dialect {dialect}.",
                f"Name it in MAKEREADY_PLANS_FILE, under [prices.{dialect}.operations].",
            )
        return price

    def cost(self, plan: Plan, dialect: str, operation: str, option: str | None = None) -> int:
        """What an account of a plan pays for it: the price, or nothing where the plan has no end of that currency.

        Raises:
            UsageError: it has no price.
        """
        return 0 if plan.unlimited(self.currency(dialect)) else self.price(dialect, operation, option)

    def _of(self, dialect: str) -> _Prices:
        if (prices := self._prices.get(dialect)) is None:
            raise UsageError(f"The dialect {dialect} has no prices.", f"Name them under [prices.{dialect}].")
        return prices


def _named(name: str, plan: Any) -> Any:
    return {**plan, "name": name} if isinstance(plan, Mapping) else plan


def _followed(name: str, prices: Mapping[str, Any]) -> Any:
    """The prices of a dialect; those that are ``like`` another's are the other's, with its own laid over them.

    Raises:
        UsageError: the other has none of its own.
    """
    own = prices[name]
    if not isinstance(own, Mapping) or "like" not in own:
        return own
    other = prices.get(str(own["like"]))
    if not isinstance(other, Mapping) or "like" in other:
        raise UsageError(
            f"The prices of {name} are to be like those of {own['like']!r}, which has none of its own.",
            f"Name another dialect in prices.{name}.like.",
        )
    return _over(other, {key: value for key, value in own.items() if key != "like"})


def _over(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Tables are laid over each other name by name; anything else is replaced."""
    laid = dict(under)
    for name, value in over.items():
        before = laid.get(name)
        both = isinstance(before, Mapping) and isinstance(value, Mapping)
        laid[name] = _over(before, value) if both else value  # type: ignore[arg-type]
    return laid
