"""Passwords, invitations and sessions, on each database."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import delete, update

from makeready.service import schema, tables
from makeready.service.accounts import Account, Accounts
from makeready.service.database import Database
from makeready.service.errors import Suspended, Unauthorized
from makeready.service.overseeing import Overseeing
from makeready.service.plans import Plans
from makeready.service.signing_in import SigningIn

SECRET = "x" * 40
PASSWORD, OTHER = "correct horse battery staple", "another horse battery"


@pytest.fixture
def parts(database_url: str) -> Iterator[tuple[Accounts, SigningIn]]:
    database = Database(database_url)
    schema.upgrade(database)
    accounts = Accounts(database, SECRET, Plans.load())
    yield accounts, SigningIn(database, accounts, SECRET)
    database.close()


def owner(signing_in: SigningIn, cookie: str) -> Account:
    """Who is signed in with a cookie."""
    visit = signing_in.visit(cookie)
    assert visit is not None
    return visit.account


def test_a_life_of_sessions(parts: tuple[Accounts, SigningIn]) -> None:
    accounts, signing_in = parts
    account, _ = accounts.create("jane@example.com")
    signing_in.set_password(account, PASSWORD, invitation=signing_in.invitation(account))
    assert owner(signing_in, signing_in.sign_in("JANE@example.com", PASSWORD)) == account
    signing_in.end_all(account.id)
    here, there = signing_in.begin(account, "here"), signing_in.begin(account, "there")
    visit = signing_in.visit(here)
    assert visit is not None
    assert (visit.account, visit.operator) == (account, False)
    assert {one.agent for one in signing_in.sessions(account.id)} == {"here", "there"}
    signing_in.end_all(account.id, but=here)
    assert signing_in.visit(there) is None
    Overseeing(signing_in._database).appoint(account.id)
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
    assert owner(signing_in, signing_in.sign_in("jane@example.com", f"{PASSWORD} {won.index(True)}")) == account


class Meanwhile:
    """Looks at passwords as any hasher does, and lets something else happen before it says that one is right."""

    def __init__(self, hasher: PasswordHasher, happening: Callable[[], object]) -> None:
        self._hasher, self._happening = hasher, happening

    def verify(self, hashed: str, password: str) -> bool:
        right = self._hasher.verify(hashed, password)
        happening, self._happening = self._happening, lambda: None
        happening()
        return right

    def __getattr__(self, name: str) -> Any:
        return getattr(self._hasher, name)


def test_no_session_outlives_the_change_of_the_password_it_was_begun_with(parts: tuple[Accounts, SigningIn]) -> None:
    accounts, signing_in = parts
    account, _ = accounts.create("jane@example.com")
    signing_in.set_password(account, PASSWORD)
    hasher = signing_in._hasher
    changing = lambda: signing_in.set_password(account, OTHER)  # noqa: E731
    signing_in._hasher = Meanwhile(hasher, changing)  # type: ignore[assignment]
    with pytest.raises(Unauthorized):
        signing_in.sign_in("jane@example.com", PASSWORD)
    assert signing_in.sessions(account.id) == []
    # Nor does an old password replace the one that its owner has just set.
    changing = lambda: signing_in.set_password(account, PASSWORD)  # noqa: E731
    signing_in._hasher = Meanwhile(hasher, changing)  # type: ignore[assignment]
    with pytest.raises(Unauthorized):
        signing_in.change_password(account, OTHER, "a password of somebody else")
    assert owner(signing_in, signing_in.sign_in("jane@example.com", PASSWORD)) == account


def test_who_signs_in_while_the_password_is_changed_waits_and_is_refused(parts: tuple[Accounts, SigningIn]) -> None:
    accounts, signing_in = parts
    account, _ = accounts.create("jane@example.com")
    signing_in.set_password(account, PASSWORD)
    verified, mine = threading.Event(), tables.account.c.id == account.id
    signing_in._hasher = Meanwhile(signing_in._hasher, verified.set)  # type: ignore[assignment]
    with ThreadPoolExecutor(1) as pool, signing_in._database.writing() as connection:
        connection.execute(update(tables.account).where(mine).values(password_hash=signing_in._hasher.hash(OTHER)))
        connection.execute(delete(tables.browser_session))
        going = pool.submit(signing_in.sign_in, "jane@example.com", PASSWORD)
        assert verified.wait(60)
        wait([going], timeout=0.3)  # without a lock it would be over, and its session never ended
        assert not going.done()
        connection.commit()
        with pytest.raises(Unauthorized):
            going.result(60)
    assert signing_in.sessions(account.id) == []


def test_who_is_suspended_meanwhile_is_not_signed_in(parts: tuple[Accounts, SigningIn]) -> None:
    accounts, signing_in = parts
    account, _ = accounts.create("jane@example.com")
    signing_in.set_password(account, PASSWORD)
    suspending = lambda: accounts.suspend("jane@example.com")  # noqa: E731
    signing_in._hasher = Meanwhile(signing_in._hasher, suspending)  # type: ignore[assignment]
    with pytest.raises(Suspended):
        signing_in.sign_in("jane@example.com", PASSWORD)
    accounts.activate("jane@example.com")
    assert signing_in.sessions(account.id) == []


def test_a_hash_that_is_made_anew_meanwhile_keeps_nobody_out(parts: tuple[Accounts, SigningIn]) -> None:
    accounts, signing_in = parts
    account, _ = accounts.create("jane@example.com")
    before = signing_in._hasher
    signing_in._hasher = PasswordHasher(time_cost=1)
    signing_in.set_password(account, PASSWORD)
    signing_in._hasher = Meanwhile(before, lambda: signing_in.sign_in("jane@example.com", PASSWORD))  # type: ignore[assignment]
    assert owner(signing_in, signing_in.sign_in("jane@example.com", PASSWORD)) == account
    assert len(signing_in.sessions(account.id)) == 2


def test_signing_in_again_ends_the_session_of_this_browser_and_no_other(parts: tuple[Accounts, SigningIn]) -> None:
    accounts, signing_in = parts
    account, _ = accounts.create("jane@example.com")
    signing_in.set_password(account, PASSWORD)
    there = signing_in.sign_in("jane@example.com", PASSWORD, "there")
    before = signing_in.sign_in("jane@example.com", PASSWORD, "here")
    here = signing_in.sign_in("jane@example.com", PASSWORD, "here", instead=before)
    assert signing_in.visit(before) is None
    assert owner(signing_in, here) == owner(signing_in, there) == account
    with pytest.raises(Unauthorized):  # a wrong password ends nothing
        signing_in.sign_in("jane@example.com", OTHER, "here", instead=here)
    assert owner(signing_in, here) == account
