"""Usage: what is left of the plan in words and bars, and the chart that has a table beside it."""

from __future__ import annotations

import datetime as dt
import random
import re
import time

import httpx
from playwright.sync_api import Browser, expect
from sqlalchemy import insert

from makeready.service import tables
from makeready.service.activity import Count
from makeready.service.core import Account
from makeready.service.dashboard.usage import charted
from service.dashboard.conftest import visiting
from service.dialects.conftest import House, front  # noqa: F401 - a fixture

USAGE = "/dashboard/usage"
THIN = "\N{NARROW NO-BREAK SPACE}"


def signed_in(house: House, account: Account) -> httpx.Client:
    http = house.http()
    http.cookies.set("makeready", house.service.signing_in.begin(account))
    return http


def past(house: House, account: Account, jobs: int) -> None:
    """Jobs of the last month."""
    chance = random.Random(7)
    rows = []
    for number in range(jobs):
        failed = chance.random() < 0.1
        rows.append(
            {
                "id": f"job_{account.id}{number}", "account_id": account.id, "operation": "remove_background",
                "dialect": chance.choice(["printcart", "photoroom"]), "params": {}, "needs": {}, "queue": "cpu",
                "state": "failed" if failed else "completed", "run_at": 0.0, "currency": "tokens", "held": 150,
                "cost": 0 if failed else 150, "created_at": time.time() - chance.random() ** 2 * 29 * 86400,
            }
        )  # fmt: skip
    with house.service.database.writing() as connection:
        connection.execute(insert(tables.job), rows)


def text(page: str) -> str:
    return re.sub(r"[ \n]+", " ", re.sub(r"<[^>]+>", " ", page))


def test_the_plan_is_told_in_words(front: House) -> None:  # noqa: F811 - it is the fixture
    service = front.service
    account, _ = service.accounts.create("words@example.com", plan="professional", grants={"tokens": 1200})
    service.jobs.submit(account.id, dialect="printcart", operation="check", params={"inputs": {}}, amount=200)
    with signed_in(front, account) as http:
        page = http.get(USAGE).text
    said = text(page)
    assert f"200 of 1{THIN}200 used, 1{THIN}000 left" in said
    assert '<progress max="1200" value="200"' in page
    assert "0 of 300 used, 300 left" in said
    assert "Filled up to 300 each month" in said
    assert "removai 60 a minute 20 pictures" in said.lower().replace("remov.ai", "removai")
    assert "1 in all" in said


def test_plans_without_end_and_wallets_with_nothing_say_so(front: House) -> None:  # noqa: F811
    account, _ = front.service.accounts.create("endless@example.com", plan="enterprise-1k")
    with signed_in(front, account) as http:
        said = text(http.get(USAGE).text)
    assert "without end" in said
    assert "tokens None." in said
    assert "None yet." in said


def test_jobs_of_others_are_not_counted(front: House) -> None:  # noqa: F811
    first, _ = front.service.accounts.create("first@example.com")
    second, _ = front.service.accounts.create("second@example.com")
    past(front, first, 20)
    with signed_in(front, first) as http:
        assert "20 in all" in text(http.get(USAGE).text)
    with signed_in(front, second) as http:
        assert "None yet." in text(http.get(USAGE).text)


def test_the_chart_has_every_day_in_proportion() -> None:
    days = [(dt.date(2026, 6, number), Count(number % 7, number % 2 if number % 7 else 0)) for number in range(1, 31)]
    chart = charted(days)
    assert len(chart.bars) == 30
    (low, floor), *_, (high, top) = chart.lines
    assert (low, high) == (0, 6)
    unit = (floor - top) / high
    for bar in chart.bars:
        assert abs(bar.failed_height + bar.others_height - bar.count.jobs * unit) < 0.02
        assert abs(floor - bar.others_y - bar.count.jobs * unit) < 0.02
        assert 0 <= bar.x < bar.x + bar.width <= chart.width
    assert [bar.name for bar in chart.bars if bar.name] == ["Jun 2", "Jun 9", "Jun 16", "Jun 23", "Jun 30"]


def test_the_highest_line_is_above_every_day() -> None:
    for most in (0, 1, 3, 4, 5, 17, 99, 100, 101, 4001, 123456):
        chart = charted([(dt.date(2026, 6, 1), Count(most))])
        assert max(most, 1) <= chart.lines[-1][0] <= max(1, 2 * most)
        assert all(0 <= y <= chart.floor for _, y in chart.lines)


def test_the_page_can_be_read(front: House, browser: Browser) -> None:  # noqa: F811
    visitor = visiting(front, browser)
    past(front, visitor.account, 400)
    page = visitor.open("/usage")
    for width in (1280, 320):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            visitor.look(f"usage-{width}-{scheme}")
    expect(page.get_by_role("img", name="Jobs by day")).to_be_visible()
    page.get_by_text("As a table").click()
    expect(page.locator("details table tbody tr").first).to_be_visible()
    page.set_viewport_size({"width": 1280, "height": 900})
    page.get_by_role("link", name="remove background").first.click()
    expect(page.get_by_role("heading", name="Jobs")).to_be_visible()
    assert "operation=remove_background" in page.url
    assert visitor.complaints == []
    page.context.close()
