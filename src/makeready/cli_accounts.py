"""The command ``accounts``: who may use the service, with what keys, and what is in their wallets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from makeready.cli_options import together
from makeready.errors import MissingDependency, UsageError

if TYPE_CHECKING:
    from makeready.service.accounts import Account, Accounts, Key
    from makeready.service.core import Service

_EPILOG = """\b
Every command takes --data DIR, the folder of the service; where MAKEREADY_DATABASE_URL and MAKEREADY_SECRET_KEY are
set, they have to be the same here as for the service."""

_EMAIL = click.argument("email", metavar="EMAIL")
_KEPT = together(
    click.option(
        "--data",
        type=click.Path(path_type=Path, file_okay=False),
        metavar="DIR",
        help="The service's data folder.  [default: MAKEREADY_DATA, else ./makeready-data]",
    ),
    click.option("--json", "as_json", is_flag=True, help="Print JSON."),
)
_AMOUNT = click.IntRange(0, 10**12)


def _amounts(help: str) -> Callable[[Any], Any]:
    """``--tokens``, ``--credits`` and ``--images``."""
    names = ("tokens", "credits", "images")
    return together(
        *(click.option(f"--{name}", type=_AMOUNT, metavar="N", help=f"{name.capitalize()} {help}") for name in names)
    )


@click.group(epilog=_EPILOG)
def accounts() -> None:
    """Make accounts, give them keys and money, suspend them.

    \b
    makeready accounts create jane@example.com --plan starter --tokens 1000
    makeready accounts grant jane@example.com --tokens 500 --note "invoice 17"
    makeready accounts keys revoke key_…
    """


@accounts.command()
@_EMAIL
@click.option("--name", default="", help="For people.")
@click.option("--plan", default="free", show_default=True, help="free, starter, professional, enterprise-1k, …")
@_amounts("it begins with.  [default: the plan's]")
@_KEPT
def create(email: str, name: str, plan: str, data: Path | None, as_json: bool, **grants: int | None) -> None:
    """Make an account, with a first key and a token of twelve hours. The key is shown once."""
    with _opened(data) as held:
        given = {currency: amount for currency, amount in grants.items() if amount is not None}
        account, key = held.create(email, name, plan, given)
        token = held.token(account)
        balances = held.balances(account.id)
    if as_json:
        shown = {"id": account.id, "email": account.email, "plan": account.plan}
        _print({"account": shown, "api_key": key, "access_token": token})
        return
    click.echo(f"account   {account.email}, {account.plan}, {account.id}")
    click.echo(f"wallets   {_money(balances)}")
    click.echo(f"API key   {key}")
    click.echo(f"token     {token}")
    click.echo("The key is not shown again; the token is good for 12 hours.", err=True)


@accounts.command("list")
@_KEPT
def list_(data: Path | None, as_json: bool) -> None:
    """Name every account, with its plan and what it has."""
    with _opened(data) as held:
        rows = [(account, held.balances(account.id)) for account in held.all()]
    if as_json:
        _print([_account(account) | {"wallets": balances} for account, balances in rows])
        return
    lines: list[tuple[str, ...]] = [("email", "plan", "status", "tokens", "credits", "images")]
    lines += [(one.email, one.plan, one.status, *map(str, has.values())) for one, has in rows]
    _table(lines, "There is no account. 'makeready accounts create EMAIL' makes one.")


@accounts.command()
@_EMAIL
@_KEPT
def show(email: str, data: Path | None, as_json: bool) -> None:
    """Say everything of an account: plan, wallets, keys."""
    with _opened(data) as held:
        account = held.by_email(email)
        balances, keys = held.balances(account.id), held.keys(account.id)
    if as_json:
        _print({"account": _account(account), "wallets": balances, "keys": [_key(key) for key in keys]})
        return
    rows = _account(account) | {"wallets": _money(balances)}
    for name, value in rows.items():
        click.echo(f"{name:10}  {value}")
    click.echo()
    _key_table(keys)


@accounts.command()
@_EMAIL
@_amounts("to add.")
@click.option("--note", default="", help="For the ledger: why.")
@_KEPT
def grant(email: str, note: str, data: Path | None, as_json: bool, **grants: int | None) -> None:
    """Put tokens, credits or images into an account's wallets."""
    given = {currency: amount for currency, amount in grants.items() if amount}
    if not given:
        raise UsageError("Nothing would be given.", "Say how much: --tokens N, --credits N or --images N.")
    with _opened(data) as held:
        balances = held.grant(email, given, note)
    if as_json:
        _print({"email": email, "wallets": balances})
    else:
        click.echo(f"{email} has {_money(balances)}")


@accounts.command()
@_EMAIL
@click.argument("plan", metavar="PLAN")
@_KEPT
def move(email: str, plan: str, data: Path | None, as_json: bool) -> None:
    """Put an account on another plan, from now on."""
    with _opened(data) as held:
        _say(held.move(email, plan), as_json)


@accounts.command()
@_EMAIL
@_KEPT
def suspend(email: str, data: Path | None, as_json: bool) -> None:
    """Refuse an account's requests from now on; nothing of it is lost."""
    with _opened(data) as held:
        _say(held.suspend(email), as_json)


@accounts.command()
@_EMAIL
@_KEPT
def activate(email: str, data: Path | None, as_json: bool) -> None:
    """Serve a suspended account again."""
    with _opened(data) as held:
        _say(held.activate(email), as_json)


@accounts.command()
@_EMAIL
@click.option(
    "--hours",
    type=click.FloatRange(0, 24 * 366, min_open=True),
    default=12.0,
    show_default=True,
    help="It is good for.",
)
@click.option("--void", is_flag=True, help="Make all tokens void that were given out before; keys stay good.")
@_KEPT
def token(email: str, hours: float, void: bool, data: Path | None, as_json: bool) -> None:
    """Print a token that stands for an account, for APIs that ask for one."""
    with _opened(data) as held:
        if void:
            held.void_tokens(email)
        made = held.token(held.by_email(email), hours * 3600)
    if as_json:
        _print({"access_token": made, "token_type": "Bearer", "expires_in": int(hours * 3600)})
    else:
        click.echo(made)


@accounts.command()
@_EMAIL
@click.option("--hours", type=click.IntRange(1, 24 * 30), default=24, show_default=True, help="It is good for.")
@_KEPT
def invite(email: str, hours: int, data: Path | None, as_json: bool) -> None:
    """Print a link with which somebody sets the password for the dashboard, once. Not for a suspended account."""
    with _service(data) as service:
        account = service.accounts.by_email(email)
        link = f"{service.settings.address}/dashboard/welcome/{service.signing_in.invitation(account, hours * 3600)}"
    if as_json:
        _print({"email": account.email, "url": link, "expires_in": hours * 3600})
    else:
        click.echo(link)


@accounts.command()
@_EMAIL
@click.option("--off", is_flag=True, help="No longer.")
@_KEPT
def operator(email: str, off: bool, data: Path | None, as_json: bool) -> None:
    """Let an account look after the whole service in the dashboard: queues, workers, all accounts."""
    with _service(data) as service:
        from makeready.service.overseeing import Overseeing

        account, overseeing = service.accounts.by_email(email), Overseeing(service.database)
        if off:
            overseeing.dismiss(account.id, even_the_last=True)
        else:
            overseeing.appoint(account.id)
    if as_json:
        _print({"email": account.email, "operator": not off})
    else:
        click.echo(f"{account.email} {'no longer looks' if off else 'looks'} after the service.")


@accounts.command()
@_EMAIL
@click.option("--currency", type=click.Choice(["tokens", "credits", "images"]), help="Only this one's entries.")
@click.option("--limit", type=click.IntRange(1, 10000), default=50, show_default=True, metavar="N", help="How many.")
@_KEPT
def ledger(email: str, currency: str | None, limit: int, data: Path | None, as_json: bool) -> None:
    """Print what was taken from and put into an account's wallets, newest first."""
    with _opened(data) as held:
        entries = held.entries(held.by_email(email).id, currency, limit=limit)
    if as_json:
        _print(
            [
                {"transaction": entry.name, "currency": entry.currency, "kind": entry.kind, "amount": entry.amount}
                | {"balance": entry.balance_after, "job": entry.job_id, "note": entry.note}
                | {"at": _when(entry.created_at)}
                for entry in entries
            ]
        )
        return
    lines = [("number", "at", "kind", "amount", "currency", "balance", "job or note")]
    lines += [
        (
            entry.name, _when(entry.created_at), entry.kind, f"{entry.amount:+}", entry.currency,
            str(entry.balance_after), " ".join(filter(None, (entry.job_id, entry.note))),
        )
        for entry in entries
    ]  # fmt: skip
    _table(lines, "Nothing has been taken or put in.")


@accounts.group()
def keys() -> None:
    """List, make and revoke the API keys of an account."""


@keys.command("list")
@_EMAIL
@_KEPT
def keys_list(email: str, data: Path | None, as_json: bool) -> None:
    """Name the keys of an account by their first letters; the keys themselves are not kept."""
    with _opened(data) as held:
        found = held.keys(held.by_email(email).id)
    if as_json:
        _print([_key(key) for key in found])
    else:
        _key_table(found)


@keys.command("create")
@_EMAIL
@click.option("--name", default="", help="What it is for.")
@_KEPT
def keys_create(email: str, name: str, data: Path | None, as_json: bool) -> None:
    """Make one more key for an account. It is shown once."""
    with _opened(data) as held:
        made = held.new_key(held.by_email(email).id, name)
    if as_json:
        _print({"api_key": made})
    else:
        click.echo(made)


@keys.command("revoke")
@click.argument("key_id", metavar="KEY_ID")
@_KEPT
def keys_revoke(key_id: str, data: Path | None, as_json: bool) -> None:
    """Make a key worthless, at once and for ever. KEY_ID is what 'keys list' shows, key_…."""
    with _opened(data) as held:
        held.revoke(key_id)
    if as_json:
        _print({"id": key_id, "revoked": True})
    else:
        click.echo(f"{key_id} is revoked.")


@accounts.group()
def templates() -> None:
    """Keep templates for an account, which its requests to the photoroom API name as templateId."""


@templates.command("add")
@_EMAIL
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@_KEPT
def templates_add(email: str, file: Path, data: Path | None, as_json: bool) -> None:
    """Keep a template from a JSON file, with the pictures of its layers, which lie beside it. Prints its identifier."""
    import json

    with _service(data) as service:
        account = service.accounts.by_email(email)
        from makeready.service.dialects.photoroom import keeping

        try:
            told = json.loads(file.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise UsageError(f"{file} cannot be read: {error}.", "It has to be a JSON file.") from error
        made = keeping.kept(service, account, told, file.parent)
    if as_json:
        _print({"id": made.id, "name": made.name})
    else:
        click.echo(made.id)


@templates.command("list")
@_EMAIL
@_KEPT
def templates_list(email: str, data: Path | None, as_json: bool) -> None:
    """Name the templates of an account."""
    with _service(data) as service:
        found = service.templates.all(service.accounts.by_email(email).id)
    if as_json:
        _print([{"id": one.id, "name": one.name, "created_at": _when(one.created_at)} for one in found])
        return
    lines = [("template", "made", "name"), *((one.id, _when(one.created_at), one.name) for one in found)]
    _table(lines, "There is no template. 'makeready accounts templates add EMAIL FILE' keeps one.")


@templates.command("remove")
@_EMAIL
@click.argument("template_id", metavar="TEMPLATE_ID")
@_KEPT
def templates_remove(email: str, template_id: str, data: Path | None, as_json: bool) -> None:
    """Forget a template and its pictures. TEMPLATE_ID is what 'templates list' shows."""
    with _service(data) as service:
        account = service.accounts.by_email(email)
        from makeready.service.dialects.photoroom import keeping

        keeping.removed(service, account, template_id)
    if as_json:
        _print({"id": template_id, "removed": True})
    else:
        click.echo(f"{template_id} is removed.")


@contextmanager
def _service(data: Path | None) -> Iterator[Service]:
    """The whole service of a data folder, with its files."""
    with _opened(data):
        from makeready.service.core import Service
        from makeready.service.settings import Settings

        service = Service.open(Settings.load(data=data), migrate=False)
        try:
            yield service
        finally:
            service.close()


@contextmanager
def _opened(data: Path | None) -> Iterator[Accounts]:
    """The accounts of the service in a data folder, with its tables brought up to this version."""
    try:
        from makeready.service import schema
        from makeready.service.accounts import Accounts
        from makeready.service.database import Database
        from makeready.service.plans import Plans
        from makeready.service.settings import Settings
    except ModuleNotFoundError as error:
        raise MissingDependency(
            f"The service is not installed: there is no {error.name}.", "Install it: pip install 'makeready[service]'"
        ) from error
    settings = Settings.load(data=data)
    secret = settings.secret()
    settings.folder()
    database = Database(settings.database)
    try:
        schema.upgrade(database)
        yield Accounts(database, secret, Plans.load(settings.plans_file))
    finally:
        database.close()


def _print(what: Any) -> None:
    import json

    click.echo(json.dumps(what, indent=1, ensure_ascii=False))


def _say(account: Account, as_json: bool) -> None:
    if as_json:
        _print({"account": _account(account)})
    else:
        click.echo(f"{account.email} is {account.status}, on the plan {account.plan}.")


def _account(account: Account) -> dict[str, str]:
    return {
        "id": account.id,
        "email": account.email,
        "name": account.name,
        "plan": account.plan,
        "status": account.status,
        "created_at": _when(account.created_at),
    }


def _when(at: float) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _key(key: Key) -> dict[str, str | None]:
    revoked = None if key.revoked_at is None else _when(key.revoked_at)
    return {
        "id": key.id,
        "name": key.name,
        "prefix": key.prefix,
        "created_at": _when(key.created_at),
        "revoked_at": revoked,
    }


def _key_table(keys: Sequence[Key]) -> None:
    rows = [_key(key) for key in keys]
    lines = [("key", "begins with", "name", "made", "revoked")]
    lines += [
        (str(row["id"]), f"{row['prefix']}…", str(row["name"]), str(row["created_at"]), row["revoked_at"] or "–")
        for row in rows
    ]
    _table(lines, "There is no key. 'makeready accounts keys create EMAIL' makes one.")


def _money(balances: Mapping[str, int]) -> str:
    return ", ".join(f"{amount} {currency}" for currency, amount in balances.items())


def _table(lines: Sequence[tuple[str, ...]], empty: str) -> None:
    """Columns, the first line as their heads; ``empty`` where there are no others."""
    if len(lines) == 1:
        click.echo(empty)
        return
    widths = [max(len(line[place]) for line in lines) for place in range(len(lines[0]))]
    for line in lines:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
