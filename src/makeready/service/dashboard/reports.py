"""Reports: the list of them, one on a page of its own, its files, and its deletion."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from makeready.report.markup import prose
from makeready.results import Verdict
from makeready.service.dashboard import page, paging, showing, tools_begin, tools_fix
from makeready.service.errors import InvalidRequest, NotFound
from makeready.service.files import disposition
from makeready.service.names import clean_name
from makeready.service.serving import run

if TYPE_CHECKING:
    from makeready.service.core import Account, Kept, Service

#: Kinds of issue in the order in which they are told.
_SEVERITIES = ("error", "warning", "info")
#: Messages of one kind of issue that are told one by one.
_TOLD = 5


@dataclass(slots=True)
class Found:
    """Issues of one kind."""

    code: str
    severity: str
    title: str
    advice: Markup
    count: int = 0
    pages: list[int] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    #: Messages that are not told.
    more: int = 0


def routes(service: Service) -> list[Route]:
    """The pages of this part."""

    async def listed(request: Request) -> Response:
        account, verdict = page.visitor(request).account, request.query_params.get("verdict") or None
        if verdict is not None and verdict not in set(Verdict):
            raise InvalidRequest(f"There is no verdict {verdict[:40]!r}.", "Choose one from the list.")
        rows = await run(
            service.reports.lines, account.id, verdict=verdict, limit=paging.SIZE + 1, skip=paging.skipped(request)
        )
        leaf = paging.leaf(request, rows)
        return page.answer(request, "reports.html", leaf=leaf, verdict=verdict, verdicts=[one.value for one in Verdict])

    async def one(request: Request) -> Response:
        account = page.visitor(request).account
        told_of = await run(told, service, account, request.path_params["id"])
        return page.answer(request, "report.html", **told_of)

    async def html(request: Request) -> Response:
        account = page.visitor(request).account
        report = await run(service.reports.get, account.id, request.path_params["id"])
        if report.page_id is None:
            raise NotFound("This report has no page.", "Its issues are told here, and in the JSON file.")
        file = await run(showing.kept, service, account, report.page_id)
        return await showing.answer(service, request, file, inline=True)

    async def subject(request: Request) -> Response:
        account = page.visitor(request).account
        report = await run(service.reports.get, account.id, request.path_params["id"])
        if report.file_id is None:
            raise NotFound("The file of this report is no longer kept.", "Check it again.")
        return await showing.answer(service, request, await run(showing.kept, service, account, report.file_id))

    async def json(request: Request) -> Response:
        account = page.visitor(request).account
        report = await run(service.reports.get, account.id, request.path_params["id"])
        name = clean_name(f"{report.document['file']['path']}-report.json")
        saved = disposition(name, "application/json")
        headers = {"Content-Disposition": saved, "Cache-Control": "no-store"}
        return JSONResponse(report.document, headers=headers)

    async def delete(request: Request) -> Response:
        await run(service.reports.delete, page.visitor(request).account.id, request.path_params["id"])
        return page.to(request, "/reports")

    return [
        Route("/reports", listed),
        Route("/reports/{id}", one),
        Route("/reports/{id}/page", html),
        Route("/reports/{id}/file", subject),
        Route("/reports/{id}/report.json", json),
        Route("/reports/{id}/delete", delete, methods=["POST"]),
    ]


def told(service: Service, account: Account, report_id: str) -> dict[str, Any]:
    """A report as its page and the page of its job tell it.

    Raises:
        NotFound: there is none.
    """
    report = service.reports.get(account.id, report_id)
    return {
        "report": report,
        "found": grouped(report.document["issues"], service.catalogue.advice),
        "drawn": showing.shown(service, account, report.page_id, f"/reports/{report.id}/page"),
        "subject": subject_of(service, account, report),
        "choices": tools_fix.choices(service, account, report),
        "labels": tools_fix.Mending.labels(),
        "once": tools_begin.once(),
    }


def subject_of(service: Service, account: Account, report: Kept) -> showing.Shown | None:
    """The file that a report is about."""
    facts = report.document["facts"] or {}
    inks = (facts.get("raster") or {}).get("colour_model") == "cmyk"
    return showing.shown(service, account, report.file_id, f"/reports/{report.id}/file", inks=inks)


def grouped(issues: Iterable[Mapping[str, Any]], advice: Mapping[str, str]) -> list[Found]:
    """Issues by severity, those of one code together, with what to do."""
    found: dict[tuple[str, str], Found] = {}
    for issue in issues:
        key = issue["severity"], issue["code"]
        if key not in found:
            text = prose(advice.get(issue["code"], ""))
            # It is text of a check's own page, which prose has escaped.
            found[key] = Found(issue["code"], issue["severity"], issue["title"], Markup(text))  # noqa: S704
        group = found[key]
        group.count += 1
        if issue["page"] is not None and issue["page"] not in group.pages:
            group.pages.append(issue["page"])
        if issue["message"] in group.messages:
            continue
        if len(group.messages) < _TOLD:
            group.messages.append(issue["message"])
        else:
            group.more += 1
    known = [one for one in found.values() if one.severity in _SEVERITIES]
    return sorted(known, key=lambda one: _SEVERITIES.index(one.severity))
