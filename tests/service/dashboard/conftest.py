"""A browser that is signed in to a whole service in this process."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Response, sync_playwright

from makeready.service.core import Account
from makeready.service.overseeing import Overseeing
from service.conftest import absent
from service.dialects.conftest import House, housed, models  # noqa: F401 - fixtures

PASSWORD = "correct horse battery staple"
#: Seconds that a page may take, on machines that do other things too.
PATIENCE = 30.0
#: Where ``look`` puts its pictures, for whoever wants to see the pages.
SCREENSHOTS = os.environ.get("MAKEREADY_SCREENSHOTS")


@dataclass
class Visitor:
    """Somebody in front of a browser, and what their browser complained of."""

    house: House
    account: Account
    page: Page
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> Page:
        """Go to a page of the dashboard."""
        answer = self.page.goto(f"{self.house.base}/dashboard{path}")
        assert answer is not None
        assert answer.ok, (path, answer.status)
        return self.page

    def look(self, name: str) -> None:
        """Keep a picture of the page, where somebody wants to see it."""
        if SCREENSHOTS:
            Path(SCREENSHOTS).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=Path(SCREENSHOTS) / f"{name}.png", full_page=True)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, without a window; closed before the next module, since its event loop runs on this thread."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        absent("no Chromium")
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield made
        made.close()


@pytest.fixture(scope="module")
def desk(models: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:  # noqa: F811 - it is the fixture
    """A service with a worker."""
    with housed(tmp_path_factory.mktemp("desk")) as made:
        yield made


def visiting(house: House, browser: Browser, *, operator: bool = False, plan: str = "professional") -> Visitor:
    """Somebody with an account of their own, signed in; the browser's context is for the caller to close."""
    number = len(house.service.accounts.all())
    account, _ = house.service.accounts.create(f"visitor{number}@example.com", plan=plan, grants={"tokens": 5000})
    if operator:
        Overseeing(house.service.database).appoint(account.id)
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE * 1000)
    cookie = house.service.signing_in.begin(account, "a test")
    context.add_cookies([{"name": "makeready", "value": cookie, "url": house.base}])
    page = context.new_page()
    visitor = Visitor(house, account, page)

    def said(message: ConsoleMessage) -> None:
        # What the server refuses is for the test to see; what the browser refuses (CSP) is a fault of the page.
        refused = ("Failed to load resource", "Response Status Error Code 4")
        if message.type == "error" and not message.text.startswith(refused):
            visitor.complaints.append(message.text)

    def answered(answer: Response) -> None:
        if not re.match(re.escape(house.base), answer.url) and not answer.url.startswith(("data:", "blob:")):
            visitor.complaints.append(f"loaded from elsewhere: {answer.url}")
        if answer.status >= 500:
            visitor.complaints.append(f"{answer.status} {answer.url}")

    page.on("console", said)
    page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
    page.on("response", answered)
    return visitor


@pytest.fixture
def visitor(desk: House, browser: Browser) -> Iterator[Visitor]:
    """Somebody signed in; whatever their browser complains of fails the test."""
    made = visiting(desk, browser)
    yield made
    made.page.context.close()
    assert made.complaints == []


@pytest.fixture
def operator(desk: House, browser: Browser) -> Iterator[Visitor]:
    """Somebody signed in who looks after the service."""
    made = visiting(desk, browser, operator=True)
    yield made
    made.page.context.close()
    assert made.complaints == []
