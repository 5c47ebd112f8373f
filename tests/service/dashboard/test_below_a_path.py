"""Behind a proxy that has the service below a path: no page leads to where the proxy passes nothing on."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Response, expect

from makeready.service.app import create_app
from makeready.service.core import Service, Settings
from makeready.service.overseeing import Overseeing
from service.dashboard.conftest import PASSWORD, PATIENCE
from service.dialects.conftest import serving

ROOT = "/preflight"
#: Whatever in a page is asked for or led to.
_ADDRESSES = """() => ["href", "src", "action", "hx-get", "hx-post", "sse-connect", "data-live", "data-token"].flatMap(
    name => [...document.querySelectorAll(`[${name}]`)].map(one => one.getAttribute(name)))"""
_PAGES = (
    "/", "/tools", "/tools/background", "/tools/preflight", "/tools/fix", "/jobs", "/reports", "/wallet", "/usage",
    "/keys", "/webhooks", "/apis", "/apis/printcart", "/account", "/operator", "/operator/accounts",
)  # fmt: skip


@dataclass
class Proxy:
    """ASGI in front of a service: takes the path off, and passes on nothing else."""

    app: Any
    astray: list[str] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        path: str = scope["path"]
        if path != ROOT and not path.startswith(f"{ROOT}/"):
            self.astray.append(path)
            await send({"type": "http.response.start", "status": 404, "headers": []})
            await send({"type": "http.response.body"})
            return
        await self.app({**scope, "path": path.removeprefix(ROOT) or "/"}, receive, send)


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, Proxy]]:
    with socket.create_server(("127.0.0.1", 0)) as door:
        base = f"http://127.0.0.1:{door.getsockname()[1]}{ROOT}"
        service = Service.open(Settings.load(data=tmp_path_factory.mktemp("proxied") / "data", public_url=base))
        proxy = Proxy(create_app(service))
        with serving(proxy, door):
            yield service, proxy
        service.close()


def test_whoever_comes_by_the_path_stays_below_it(proxied: tuple[Service, Proxy], browser: Browser) -> None:
    service, proxy = proxied
    account, _ = service.accounts.create("jane@example.com", grants={"tokens": 100})
    service.signing_in.set_password(account, PASSWORD)
    Overseeing(service.database).appoint(account.id)
    job = service.jobs.submit(account.id, dialect="dashboard", operation="check", params={"inputs": {}, "options": {}})
    base, lost, complaints = service.settings.address, [], []
    context = browser.new_context()
    context.set_default_timeout(PATIENCE * 1000)
    page = context.new_page()

    def answered(answer: Response) -> None:
        if answer.status >= 400:
            lost.append((answer.status, answer.url))

    page.on("response", answered)
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)

    page.goto(f"{base}/dashboard/jobs")
    page.get_by_label("E-mail address").fill(account.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Jobs", exact=True)).to_be_visible()
    (cookie,) = context.cookies()
    assert cookie["path"] == ROOT  # type: ignore[typeddict-item]

    for path in (*_PAGES, f"/jobs/{job.id}", f"/operator/accounts/{account.id}"):
        page.goto(f"{base}/dashboard{path}")
        expect(page.locator("h1")).to_be_visible()
        away = [one for one in page.evaluate(_ADDRESSES) if one.startswith("/") and not one.startswith(f"{ROOT}/")]
        assert away == [], path

    # What changes by itself, what is done by htmx, and what is sent to an API.
    page.goto(f"{base}/dashboard/jobs/{job.id}")
    expect(page.get_by_text("It waits for its turn.")).to_be_visible()
    service.jobs.cancel(account.id, job.id)
    expect(page.get_by_text("It was cancelled. Nothing was charged.")).to_be_visible()
    page.goto(f"{base}/dashboard/apis/printcart")
    wallet = page.locator("details.operation", has=page.get_by_text("/v1/services/wallet", exact=True)).first
    wallet.locator("summary").first.click()
    expect(wallet.locator("[data-curl]")).to_contain_text(f"{base}/v1/services/wallet")
    wallet.get_by_role("button", name="Send").click()
    expect(wallet.get_by_role("status")).to_contain_text("200")
    page.goto(f"{base}/dashboard/operator/accounts/{account.id}")
    page.get_by_text("Make a link that sets the password").click()
    page.get_by_role("button", name="Make the link").click()
    assert page.locator("#invitation").inner_text().startswith(f"{base}/dashboard/welcome/acc_")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert urlsplit(page.url).path == f"{ROOT}/dashboard/sign-in"
    assert context.cookies() == []
    context.close()
    assert (lost, complaints, proxy.astray) == ([], [], [])


def test_what_is_refused_at_the_front_door_is_told_below_the_path(proxied: tuple[Service, Proxy]) -> None:
    service, _ = proxied
    with httpx.Client(base_url=service.settings.address) as http:
        refused = http.post("/dashboard/sign-in", content=b"x" * (300 << 10))
        led = http.get("/dashboard/jobs", headers={"HX-Request": "true"})
    assert refused.status_code == 413
    assert f'href="{ROOT}/dashboard/"' in refused.text
    assert led.headers["hx-redirect"] == f"{ROOT}/dashboard/sign-in"


@pytest.mark.parametrize(
    ("public_url", "name", "path"),
    [
        ("https://example.com", "__Host-makeready", "/"),
        ("https://example.com/preflight/", "__Secure-makeready-preflight", "/preflight"),
    ],
)
def test_the_cookie_is_for_no_more_than_the_service(tmp_path: Path, public_url: str, name: str, path: str) -> None:
    service = Service.open(Settings.load(data=tmp_path / "data", public_url=public_url))
    account, _ = service.accounts.create("jane@example.com")
    service.signing_in.set_password(account, PASSWORD)
    with socket.create_server(("127.0.0.1", 0)) as door, serving(create_app(service), door):
        form = {"email": account.email, "password": PASSWORD}
        answer = httpx.post(f"http://127.0.0.1:{door.getsockname()[1]}/dashboard/sign-in", data=form)
    service.close()
    said = answer.headers["set-cookie"].split("; ")
    assert said[0].startswith(f"{name}=")
    assert {f"Path={path}", "Secure", "HttpOnly", "SameSite=Lax"} <= set(said)


def test_the_documentation_of_the_apis_stays_below_it(proxied: tuple[Service, Proxy]) -> None:
    service, proxy = proxied
    found, todo = set(), {f"{service.settings.address}/docs"}
    with httpx.Client(trust_env=False, timeout=PATIENCE) as client:
        while todo:
            address = todo.pop()
            answer = client.get(address)
            assert answer.status_code == 200, address
            found.add(urlsplit(address).path.removeprefix(ROOT))
            if answer.headers["content-type"].startswith("text/html"):
                links = re.findall(r"""href=["']([^"'#]+)["']""", answer.text)
                todo |= {urljoin(address, link) for link in links if not urlsplit(link).netloc}
            todo = {one for one in todo if urlsplit(one).path.removeprefix(ROOT) not in found}
    assert {"/docs", "/docs/printcart", "/openapi/photoroom.json", "/healthz"} <= found
    assert proxy.astray == []
