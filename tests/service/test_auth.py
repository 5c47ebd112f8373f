from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from makeready.service.question import Unchanged
from service.speaking import LARGEST, PATH, Spoken, settings, spoken


@pytest.fixture
def words(tmp_path: Path) -> Iterator[Spoken]:
    with spoken(settings(tmp_path)) as one:
        yield one


def test_a_key_and_a_token_both_let_in(words: Spoken) -> None:
    for credential in (words.key, words.service.accounts.token(words.account)):
        for scheme in ("Bearer", "bearer", "BEARER "):
            answer = words.client.post(PATH, json={"word": "x"}, headers={"Authorization": f"{scheme} {credential}"})
            assert answer.json()["for"] == "jane@example.com"


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "Basic amFuZTpwdw==", "Bearer mk_wrong", "Bearer a.b.c", "mk_bare", "Bearer ü"],
)
def test_nobody_else_is_let_in(words: Spoken, header: str | None) -> None:
    headers = [] if header is None else [(b"authorization", header.encode("latin-1"))]
    answer = words.client.post(PATH, json={"word": "x"}, headers=headers)
    assert answer.status_code == 401
    assert answer.json()["oh"] == "UNAUTHORIZED"
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="makeready"')
    assert words.app.state.calls == []


def test_a_wrong_key_is_told_apart_from_none(words: Spoken) -> None:
    wrong = words.client.get(f"{PATH}/x", headers={"Authorization": "Bearer mk_wrong"})
    assert 'error="invalid_token"' in wrong.headers["WWW-Authenticate"]
    assert "error" not in words.client.get(f"{PATH}/x").headers["WWW-Authenticate"]


def test_a_key_goes_where_the_dialect_says(words: Spoken) -> None:
    assert words.client.get("/v1/words/by-header", headers={"x-api-key": words.key}).status_code == 200
    refused = words.client.get("/v1/words/by-header", headers=words.headers)
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"].startswith("ApiKey")
    assert words.client.get(f"{PATH}/x", headers={"X-API-Key": words.key}).status_code == 401


def test_the_key_comes_before_the_body(words: Spoken) -> None:
    for body in (b"{", b'{"word": 7}', b"x" * (LARGEST - 1)):
        assert words.client.post(PATH, content=body).status_code == 401


def test_what_is_open_asks_for_no_key(words: Spoken) -> None:
    assert words.client.get(f"{PATH}/open").json() == {"open": True}


def test_suspended_accounts_are_known_and_refused(words: Spoken) -> None:
    words.service.accounts.suspend("jane@example.com")
    answer = words.client.get(f"{PATH}/x", headers=words.headers)
    assert answer.status_code == 403
    assert answer.json()["oh"] == "ACCOUNT_SUSPENDED"
    words.service.accounts.activate("jane@example.com")
    assert words.client.get(f"{PATH}/x", headers=words.headers).status_code == 200


def test_a_revoked_key_stops_at_once_everywhere(words: Spoken) -> None:
    assert words.client.get(f"{PATH}/x", headers=words.headers).status_code == 200
    (key,) = words.service.accounts.keys(words.account.id)
    words.service.accounts.revoke(key.id)
    assert words.client.get(f"{PATH}/x", headers=words.headers).status_code == 401
    assert words.client.get("/v1/words/by-header", headers={"X-API-Key": words.key}).status_code == 401


@pytest.mark.parametrize("sql", ["UPDATE api_key SET revoked_at = 1", "UPDATE account SET status = 'suspended'"])
def test_what_another_process_changes_is_seen_at_once(words: Spoken, sql: str) -> None:
    for _ in range(3):
        assert words.client.get(f"{PATH}/x", headers=words.headers).status_code == 200
    changing = "import sqlite3, sys; sqlite3.connect(sys.argv[1], isolation_level=None).execute(sys.argv[2])"
    database = str(words.service.settings.data / "makeready.db")
    subprocess.run([sys.executable, "-c", changing, database, sql], check=True)
    assert words.client.get(f"{PATH}/x", headers=words.headers).status_code in (401, 403)


def test_a_key_is_not_looked_up_again_while_nothing_has_changed(words: Spoken, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    accounts = words.service.accounts
    # The first request notes that the key is used, which is a change.
    assert words.client.get(f"{PATH}/x", headers=words.headers).status_code == 200
    real = type(accounts).authenticated
    monkeypatch.setattr(accounts, "authenticated", lambda key: looked.append(key) or real(accounts, key))
    for _ in range(3):
        assert words.client.get(f"{PATH}/x", headers=words.headers).status_code == 200
    assert looked == [words.key]
    accounts.move("jane@example.com", "free")
    assert words.client.get(f"{PATH}/x", headers=words.headers).status_code == 200
    assert looked == [words.key] * 2


def test_a_token_runs_out_although_nothing_has_changed(words: Spoken) -> None:
    token = {"Authorization": f"Bearer {words.service.accounts.token(words.account, 1.0)}"}
    assert words.client.get(f"{PATH}/x", headers=token).status_code == 200
    time.sleep(1.1)
    assert words.client.get(f"{PATH}/x", headers=token).status_code == 401


def test_whoever_looks_for_changes_sees_each_once(tmp_path: Path) -> None:
    with spoken(settings(tmp_path)) as words:
        unchanged = Unchanged(words.service.database)
        seen = [unchanged(), unchanged()]
        words.service.accounts.grant("jane@example.com", {"tokens": 1})
        seen += [unchanged(), unchanged()]
        # Whoever cannot look takes it for changed.
        unchanged._connection.close()
        assert [*seen, unchanged(), unchanged(), unchanged()] == [False, True, False, True, False, False, True]


def test_other_databases_are_asked_in_a_thread(tmp_path: Path, postgresql_database: str) -> None:
    with spoken(settings(tmp_path, database_url=postgresql_database)) as words:
        assert words.client.get(f"{PATH}/x", headers=words.headers).status_code == 200
        assert words.client.get(f"{PATH}/x").status_code == 401
