"""Passwords, invitations and sessions, on each database."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from makeready.service import schema
from makeready.service.accounts import Accounts
from makeready.service.database import Database
from makeready.service.errors import Unauthorized
from makeready.service.plans import Plans
from makeready.service.signing_in import SigningIn

SECRET = "x" * 40
PASSWORD = "correct horse battery staple"


@pytest.fixture
def parts(database_url: str) -> Iterator[tuple[Accounts, SigningIn]]:
    database = Database(database_url)
    schema.upgrade(database)
    accounts = Accounts(database, SECRET, Plans.load())
    yield accounts, SigningIn(database, accounts, SECRET)
    database.close()


def test_a_life_of_sessions(parts: tuple[Accounts, SigningIn]) -> None:
    accounts, signing_in = parts
    account, _ = accounts.create("jane@example.com")
    signing_in.set_password(account, PASSWORD, invitation=signing_in.invitation(account))
    assert signing_in.verified("JANE@example.com", PASSWORD) == account
    here, there = signing_in.begin(account, "here"), signing_in.begin(account, "there")
    visit = signing_in.visit(here)
    assert visit is not None
    assert (visit.account, visit.operator) == (account, False)
    assert {one.agent for one in signing_in.sessions(account.id)} == {"here", "there"}
    signing_in.end_all(account.id, but=here)
    assert signing_in.visit(there) is None
    signing_in.make_operator(account)
    visit = signing_in.visit(here)
    assert visit is not None
    assert visit.operator
    accounts.suspend("jane@example.com")
    accounts.activate("jane@example.com")
    assert signing_in.visit(here) is None


def test_an_invitation_is_used_once_however_many_have_it(parts: tuple[Accounts, SigningIn]) -> None:
    accounts, signing_in = parts
    account, _ = accounts.create("jane@example.com")
    token = signing_in.invitation(account)

    def used(number: int) -> bool:
        try:
            signing_in.set_password(account, f"{PASSWORD} {number}", invitation=token)
        except Unauthorized:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        won = list(pool.map(used, range(4)))
    assert won.count(True) == 1
    assert signing_in.verified("jane@example.com", f"{PASSWORD} {won.index(True)}") == account
