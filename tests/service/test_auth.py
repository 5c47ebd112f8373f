from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

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


def test_other_databases_are_asked_in_a_thread(tmp_path: Path, postgresql_database: str) -> None:
    with spoken(settings(tmp_path, database_url=postgresql_database)) as words:
        assert words.client.get(f"{PATH}/x", headers=words.headers).status_code == 200
        assert words.client.get(f"{PATH}/x").status_code == 401
