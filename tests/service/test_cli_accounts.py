"""``makeready accounts``: what an operator types, and what a script reads."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from makeready.cli import main
from makeready.service import accounts
from makeready.service.accounts import Accounts
from makeready.service.database import Database
from makeready.service.errors import ServiceError, Suspended, Unauthorized
from makeready.service.overseeing import Overseeing
from makeready.service.plans import Plans
from makeready.service.settings import Settings


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a service that was never started; other settings are left alone."""
    for name in ("DATA", "DATABASE_URL", "SECRET_KEY", "HOST", "PLANS_FILE"):
        monkeypatch.delenv(f"MAKEREADY_{name}", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "service"


def invoke(*arguments: object) -> Result:
    """Run in this process; a traceback is a failed test."""
    result = CliRunner().invoke(main, ["accounts", *map(str, arguments)], prog_name="makeready")
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.stderr
    return result


def told(*arguments: object) -> Any:
    """What a command prints as JSON."""
    result = invoke(*arguments, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def who(data: Path, credential: str) -> str:
    """Whom the service would take this for."""
    settings = Settings.load(data=data)
    database = Database(settings.database)
    try:
        return Accounts(database, settings.secret(), Plans.load()).authenticated(credential).email
    except ServiceError as error:
        return type(error).__name__
    finally:
        database.close()


def test_an_account_is_made_and_let_in(data: Path) -> None:
    made = told(
        "create", "Jane@Example.com", "--name", "Jane Doe", "--plan", "professional", "--tokens", 1000, "--data", data
    )
    assert made["account"].pop("id").startswith("acc_")
    assert made["account"] == {"email": "jane@example.com", "plan": "professional"}
    assert set(made) == {"account", "api_key", "access_token"}
    assert made["api_key"].startswith("mk_")
    assert who(data, made["api_key"]) == who(data, made["access_token"]) == "jane@example.com"
    shown = told("show", "jane@example.com", "--data", data)
    assert shown["wallets"] == {"tokens": 1000, "credits": 300, "images": 500}
    assert shown["account"]["name"] == "Jane Doe"
    assert [key["prefix"] for key in shown["keys"]] == [made["api_key"][:11]]


def test_the_data_folder_is_the_one_here_unless_said_otherwise(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told("create", "here@example.com")
    assert (data.parent / "makeready-data" / "makeready.db").is_file()
    monkeypatch.setenv("MAKEREADY_DATA", str(data))
    told("create", "there@example.com")
    assert [row["email"] for row in told("list")] == ["there@example.com"]
    assert [row["email"] for row in told("list", "--data", data.parent / "makeready-data")] == ["here@example.com"]


def test_text_is_for_people(data: Path) -> None:
    made = invoke("create", "jane@example.com", "--tokens", 5, "--data", data)
    assert "5 tokens, 3 credits, 50 images" in made.stdout
    assert "mk_" in made.stdout
    assert "not shown again" in made.stderr
    assert invoke("list", "--data", data).stdout.splitlines() == [
        "email             plan  status  tokens  credits  images",
        "jane@example.com  free  active  5       3        50",
    ]
    shown = invoke("show", "jane@example.com", "--data", data).stdout
    assert "first key" in shown
    assert made.stdout.split("mk_")[1].split()[0] not in shown
    assert invoke("token", "jane@example.com", "--data", data).stdout.count(".") == 2


def test_without_accounts_the_list_says_what_makes_one(data: Path) -> None:
    assert "accounts create" in invoke("list", "--data", data).stdout
    assert told("list", "--data", data) == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["create", "jane@example.com"], "There is an account of jane@example.com already."),
        (["create", "JANE@example.com"], "There is an account of jane@example.com already."),
        (["create", "jane"], "'jane' is no e-mail address."),
        (["create", "john@example.com", "--plan", "profesional"], "Did you mean 'professional'?"),
        (["create", "john@example.com", "--tokens", "-1"], "--tokens"),
        (["create", "john@example.com", "--tokens", "many"], "--tokens"),
        (["create", "john@example.com", "--tokens", "1" + "0" * 30], "--tokens"),
        (["show", "jan@example.com"], "Did you mean 'jane@example.com'?"),
        (["grant", "jane@example.com"], "Nothing would be given."),
        (["grant", "nobody@example.org", "--tokens", "1"], "There is no account of nobody@example.org."),
        (["suspend", "nobody@example.org"], "There is no account of nobody@example.org."),
        (["token", "nobody@example.org"], "There is no account of nobody@example.org."),
        (["token", "jane@example.com", "--hours", "0"], "--hours"),
        (["keys", "revoke", "key_nobody"], "There is no key of this identifier."),
        (["move", "jane@example.com", "gold"], "There is no plan 'gold'."),
    ],
)
def test_mistakes_are_told_and_end_with_2(arguments: list[str], says: str, data: Path) -> None:
    told("create", "jane@example.com", "--data", data)
    result = invoke(*arguments, "--data", data)
    assert result.exit_code == 2
    assert says in result.stderr
    assert result.stdout == ""
    assert len(told("list", "--data", data)) == 1


def test_money_is_granted_and_stands_in_the_ledger(data: Path) -> None:
    told("create", "jane@example.com", "--data", data)
    granted = told("grant", "jane@example.com", "--tokens", 70, "--credits", 7, "--note", "invoice 17", "--data", data)
    assert granted == {"email": "jane@example.com", "wallets": {"tokens": 70, "credits": 10, "images": 50}}
    newest, *_ = told("ledger", "jane@example.com", "--currency", "credits", "--data", data)
    newest.pop("at")
    assert newest == {
        "transaction": "TX-00004", "currency": "credits", "kind": "grant", "amount": 7, "balance": 10, "job": None,
        "note": "invoice 17",
    }  # fmt: skip
    table = invoke("ledger", "jane@example.com", "--limit", 2, "--data", data).stdout.splitlines()
    assert len(table) == 3
    assert table[1].split()[0] == "TX-00004"
    assert "+7" in table[1]


def test_suspended_accounts_and_revoked_keys_are_refused(data: Path) -> None:
    made = told("create", "jane@example.com", "--data", data)
    assert told("suspend", "jane@example.com", "--data", data)["account"]["status"] == "suspended"
    assert who(data, made["api_key"]) == who(data, made["access_token"]) == Suspended.__name__
    assert "is active" in invoke("activate", "jane@example.com", "--data", data).stdout
    assert who(data, made["api_key"]) == "jane@example.com"

    second = told("keys", "create", "jane@example.com", "--name", "shop", "--data", data)["api_key"]
    first, shop = told("keys", "list", "jane@example.com", "--data", data)
    assert (shop["name"], shop["revoked_at"]) == ("shop", None)
    assert told("keys", "revoke", first["id"], "--data", data) == {"id": first["id"], "revoked": True}
    assert who(data, made["api_key"]) == Unauthorized.__name__
    assert who(data, second) == "jane@example.com"
    table = invoke("keys", "list", "jane@example.com", "--data", data).stdout.splitlines()
    assert [line.endswith("–") for line in table[1:]] == [False, True]


def test_an_account_has_so_many_keys(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "MOST_KEYS", 2)
    told("create", "jane@example.com", "--data", data)
    told("keys", "create", "jane@example.com", "--data", data)
    refused = invoke("keys", "create", "jane@example.com", "--data", data)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "2 API keys" in refused.stderr
    assert "Revoke some" in refused.stderr
    assert len(told("keys", "list", "jane@example.com", "--data", data)) == 2


def test_who_is_suspended_is_not_invited(data: Path) -> None:
    told("create", "jane@example.com", "--data", data)
    assert "/dashboard/welcome/acc_" in told("invite", "jane@example.com", "--data", data)["url"]
    told("suspend", "jane@example.com", "--data", data)
    refused = invoke("invite", "jane@example.com", "--data", data)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "is suspended" in refused.stderr
    assert "accounts activate jane@example.com" in refused.stderr


def test_operators_are_made_and_unmade_and_the_last_one_too(data: Path) -> None:
    def now(email: str) -> bool:
        database = Database(Settings.load(data=data).database)
        try:
            return Overseeing(database).accounts(email)[0].operator
        finally:
            database.close()

    told("create", "jane@example.com", "--data", data)
    assert told("operator", "jane@example.com", "--data", data) == {"email": "jane@example.com", "operator": True}
    assert now("jane@example.com")
    told("operator", "jane@example.com", "--off", "--data", data)  # whoever has this command can make another
    assert not now("jane@example.com")
    assert invoke("operator", "nobody@example.org", "--data", data).exit_code == 2


def test_tokens_are_made_and_made_void(data: Path) -> None:
    made = told("create", "jane@example.com", "--data", data)
    short = told("token", "jane@example.com", "--hours", "0.5", "--data", data)
    assert (short["token_type"], short["expires_in"]) == ("Bearer", 1800)
    fresh = told("token", "jane@example.com", "--void", "--data", data)["access_token"]
    assert who(data, short["access_token"]) == who(data, made["access_token"]) == Unauthorized.__name__
    assert who(data, fresh) == who(data, made["api_key"]) == "jane@example.com"


def test_a_plan_is_changed(data: Path) -> None:
    told("create", "jane@example.com", "--data", data)
    assert told("move", "jane@example.com", "starter", "--data", data)["account"]["plan"] == "starter"
    assert told("show", "jane@example.com", "--data", data)["wallets"]["credits"] == 50


def test_plans_of_the_operators_own_are_used(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "plans.toml"
    file.write_text('[plans.house]\ntitle = "House"\nrate = "9/hour"\nbatch_size = 1\nallowances = { tokens = 77 }\n')
    monkeypatch.setenv("MAKEREADY_PLANS_FILE", str(file))
    told("create", "jane@example.com", "--plan", "house", "--data", data)
    assert told("show", "jane@example.com", "--data", data)["wallets"]["tokens"] == 77


def test_a_database_that_is_not_there_is_told_in_words(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAKEREADY_DATABASE_URL", "postgresql://nobody:hidden@127.0.0.1:9/x")
    result = invoke("list", "--data", data)
    assert result.exit_code == 2
    assert "cannot be read" in result.stderr
    assert "hidden" not in result.stderr


def test_without_the_service_it_says_what_installs_it(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "makeready.service.accounts", None)
    monkeypatch.setattr(sys, "modules", {**sys.modules, "makeready.service.accounts": None})
    result = invoke("list", "--data", data)
    assert result.exit_code == 4
    assert "pip install 'makeready[service]'" in result.stderr


@pytest.mark.parametrize("words", [["--help"], ["accounts", "--help"], ["accounts", "create", "--help"], ["--version"]])
def test_help_loads_nothing_heavy(words: list[str]) -> None:
    code = (
        "import sys\nfrom makeready.cli import main\n"
        f"try:\n    main({words!r})\nexcept SystemExit:\n    pass\n"
        "heavy = {'sqlalchemy', 'alembic', 'pydantic', 'jwt', 'fastapi', 'numpy'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=60)
