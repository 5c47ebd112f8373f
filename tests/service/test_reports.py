"""The list of reports, told by the database without their documents."""

from __future__ import annotations

from typing import Any

from makeready.service.database import Database
from makeready.service.reports import Reports
from service.jobs_helping import account


def kept(database: Database, account_id: str, verdict: str, **more: Any) -> str:
    document = {"file": {"path": f"{verdict}.pdf"}, "profile": {"title": "Poster"}, "verdict": verdict, "stars": None}
    with database.writing() as connection:
        return Reports(database).add(connection, account_id=account_id, document=document | more, request={})


def test_each_account_has_its_own_the_newest_first(database: Database) -> None:
    mine, other, reports = account(database), account(database), Reports(database)
    first, second = kept(database, mine, "pass"), kept(database, mine, "error", stars={"stars": 3})
    kept(database, other, "pass")
    lines = reports.lines(mine)
    assert [(line.id, line.name, line.verdict, line.stars, line.profile) for line in lines] == [
        (second, "error.pdf", "error", 3, "Poster"),
        (first, "pass.pdf", "pass", None, "Poster"),
    ]
    assert [line.created_at for line in lines] == sorted((line.created_at for line in lines), reverse=True)


def test_a_list_is_narrowed_and_cut_into_pages(database: Database) -> None:
    mine, reports = account(database), Reports(database)
    ids = [kept(database, mine, verdict) for verdict in ("pass", "error", "pass", "pass")]
    passed = [ids[3], ids[2], ids[0]]
    assert [line.id for line in reports.lines(mine, verdict="pass")] == passed
    assert [line.id for line in reports.lines(mine, verdict="pass", limit=2)] == passed[:2]
    assert [line.id for line in reports.lines(mine, verdict="pass", limit=2, skip=2)] == passed[2:]
    reports.delete(mine, ids[3])
    assert [line.id for line in reports.lines(mine, verdict="pass")] == passed[1:]
