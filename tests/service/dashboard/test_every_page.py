"""What every page of the menus promises, whatever is on it: it fits, it is named, and its links lead somewhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urldefrag

import pytest
from playwright.sync_api import Browser

from service.dashboard.conftest import Visitor, visiting
from service.dashboard.sending import BACKGROUND, PREFLIGHT, Client, ball, flyer
from service.dialects.conftest import House

#: Lists, of which the first pages that they lead to are visited too.
_LISTS = ("/jobs", "/reports", "/webhooks", "/operator/accounts")
#: What else has pages of its own below it.
_MENUS = ("/tools", "/apis", "/operator")
#: Fields and buttons without a name that a reader of screens could say.
_UNNAMED = """() => [...document.querySelectorAll("input:not([type=hidden]), select, textarea, button, summary")]
    .filter(one => {
        const by = (one.getAttribute("aria-labelledby") ?? "").split(" ").map(id => document.getElementById(id));
        const told = [...by, ...(one.labels ?? []), ...(one.matches("button, summary") ? [one] : [])];
        return ![one.ariaLabel, ...told.map(other => other?.textContent)].some(name => name?.trim());
    }).map(one => one.outerHTML)"""
_TWICE = """() => [...document.querySelectorAll("[id]")].map(one => one.id)
    .filter((id, place, all) => all.indexOf(id) !== place)"""
#: What is wider than the page, where it can be scrolled sideways.
_TOO_WIDE = """() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    return [...document.body.querySelectorAll("*")].filter(one => one.getBoundingClientRect().right > width)
        .map(one => one.outerHTML.slice(0, 200));
}"""
_LINKS = "() => [...document.links].map(one => one.href).filter(href => new URL(href).origin === location.origin)"


@dataclass
class Seen:
    """What was found on all pages, by path."""

    faults: list[tuple[str, str, object]] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)
    paths: list[str] = field(default_factory=list)
    lost: list[tuple[str, str, int]] = field(default_factory=list)


def filled(house: House, browser: Browser) -> Visitor:
    """An operator whose lists have something: a picture cut out, a file checked, a job that somebody is told of."""
    made = visiting(house, browser, operator=True)
    sender = Client(house, account=made.account)
    sender.ended(sender.send(BACKGROUND, {}, ("a picture.jpg", ball())))
    name = "a-name-that-is-long-and-has-no-place-to-break.pdf".replace("-", "_")
    assert sender.ended(sender.send(PREFLIGHT, {}, (name, flyer()))).state == "completed"
    hook = f"https://example.com/{'a-long-path' * 8}"
    told = house.service.jobs.submit(
        made.account.id, dialect="remove-bg", operation="check", params={}, webhook_url=hook
    )
    house.service.jobs.cancel(made.account.id, told.id)
    return made


def look(visitor: Visitor, path: str, seen: Seen) -> list[str]:
    """Visit a page, small and dark, then large and light; the paths of pages that it leads on to."""
    page = visitor.page
    page.set_viewport_size({"width": 320, "height": 900})
    page.emulate_media(color_scheme="dark")
    visitor.open(path)
    page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true; })")
    faults = {
        "too wide on a phone": page.evaluate(_TOO_WIDE),
        "without a name": page.evaluate(_UNNAMED),
        "the same id twice": page.evaluate(_TWICE),
        "headings": [] if page.locator("h1").count() == 1 else page.locator("h1").all_inner_texts() or "none",
        "title": [] if page.title().removesuffix("makeready") else page.title(),
    }
    visitor.look(f"every{path.replace('/', '-')}-320")
    page.set_viewport_size({"width": 1280, "height": 900})
    page.emulate_media(color_scheme="light")
    faults["too wide"] = page.evaluate(_TOO_WIDE)
    visitor.look(f"every{path.replace('/', '-')}-1280")
    seen.faults += [(path, fault, found) for fault, found in faults.items() if found]
    seen.paths.append(path)
    seen.links |= {urldefrag(href).url: path for href in page.evaluate(_LINKS)}
    further = {"/": "header a"} | dict.fromkeys(_MENUS, "main h2 a, main nav a")
    further |= dict.fromkeys(_LISTS, "tbody tr:nth-child(-n + 3) td:first-child a")
    if path not in further:
        return []
    led = page.locator(further[path]).evaluate_all("all => all.map(one => one.pathname)")
    assert led, f"{path} leads nowhere"
    return [one.removeprefix("/dashboard") for one in led]


@pytest.fixture(scope="module")
def seen(desk: House, browser: Browser) -> Seen:
    """All pages of the menus, and what lists lead to; whatever the browser complains of is a fault."""
    visitor, made = filled(desk, browser), Seen()
    waiting = ["/"]
    while waiting:
        path = waiting.pop(0)
        waiting += [one for one in look(visitor, path, made) if one not in made.paths and one not in waiting]
    for href, path in made.links.items():
        status = visitor.page.request.get(href).status
        if status != 200:
            made.lost.append((href, path, status))
    made.faults += [("", "complaint", text) for text in visitor.complaints]
    visitor.page.context.close()
    return made


def test_every_page_fits_and_is_named(seen: Seen) -> None:
    assert seen.faults == []
    assert {"/tools/fix", "/apis/printcart", "/operator/installed", "/account"} <= set(seen.paths)
    assert all(any(path.startswith(f"{one}/") for path in seen.paths) for one in _LISTS)


def test_every_link_leads_to_a_page(seen: Seen) -> None:
    assert seen.lost == []
    assert len(seen.links) > len(seen.paths)
