"""Mending: fixes of a file that is sent or that a report is about, and enlarging alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from makeready.service import mending
from makeready.service.dashboard import page, tools_begin, tools_preflight
from makeready.service.dashboard.tools_begin import Given
from makeready.service.errors import Conflict, InvalidRequest
from makeready.service.files import DAY
from makeready.service.serving import run
from makeready.service.states import ANALYZING

if TYPE_CHECKING:
    from starlette.datastructures import FormData

    from makeready.service.catalogue import Cure
    from makeready.service.core import Account, Kept, Service

FORMATS = tools_preflight.FORMATS
#: The fix that enlarges whatever the checks say.
ENLARGE = "enlarge"


@dataclass(frozen=True, slots=True)
class Choice:
    """A fix that can be ticked."""

    cure: Cure
    #: In tokens.
    price: int
    #: Whether it is ticked to begin with.
    ticked: bool = False


class Mending(tools_preflight.Check):
    """What is mended, and how."""

    report: str | None = Field(None, title="Report")
    target_ppi: float | None = Field(
        None, ge=1, le=2400, allow_inf_nan=False, title="Resolution", serialization_alias="targetDpi"
    )
    approval: bool = Field(False, title="Show me the plan and a picture first", serialization_alias="requireApproval")
    #: Of enlarging alone: so many times, or to a resolution.
    enlarge: Literal["2", "4", "ppi"] | None = Field(None, title="How much larger", serialization_alias="scale")
    model: Literal["lanczos", "ai"] = Field("lanczos", title="How")

    def settings(self) -> dict[str, Any]:
        """The settings of the enlarging.

        Raises:
            InvalidRequest: the resolution is missing.
        """
        if self.enlarge != "ppi":
            return {"scale": int(self.enlarge or 2), "model": self.model}
        if self.target_ppi is None:
            raise InvalidRequest("Resolution: it is missing.", "Write the ppi to enlarge to.")
        return {"resolution": f"{self.target_ppi:g} ppi", "model": self.model}


def routes(service: Service) -> list[Route]:
    """The pages of this part."""

    async def fix(request: Request) -> Response:
        account = page.visitor(request).account
        if request.method != "POST":
            return page.answer(
                request,
                "tool_fix.html",
                stages=await run(by_stage, service, account),
                enlarge=tools_begin.cost(service, account, mending.OPERATION, ENLARGE),
                families=await run(tools_preflight.families, service),
                labels=Mending.labels(),
                once=tools_begin.once(),
                most=service.settings.limits_upload_mb,
            )
        async with tools_begin.sent(service, request) as form:
            wish = Mending.of(form)
            if wish.report is not None:
                return await _from_report(service, request, form, wish)
            fixes = [ENLARGE] if wish.enlarge else _named(form)
            if not fixes:  # what it needs is what a check finds: from its report one goes on
                return await tools_preflight.checked(service, request, form, wish)
            return await _from_file(service, request, form, wish, fixes)

    return [Route("/tools/fix", fix, methods=["GET", "POST"])]


async def _from_file(service: Service, request: Request, form: FormData, wish: Mending, fixes: list[str]) -> Response:
    """Mend what was sent.

    Raises:
        InvalidRequest: there is no such fix, it is not for this kind of file, or there is no file.
    """
    account = page.visitor(request).account
    await run(tools_preflight.known, service, wish.profile)
    await run(service.catalogue.chosen, fixes, None)  # before a file is sent on its way
    found = await tools_begin.given(service, account, form, FORMATS, seconds=service.settings.retention_days * DAY)
    asked = {"name": found.name, "profile": wish.profile, **wish.asked()}
    if "url" in found.input:
        asked["fileUrl"] = found.input["url"]
    more: dict[str, Any] = {"accept": list(FORMATS)}
    if wish.enlarge:
        more["settings"] = {ENLARGE: wish.settings()}
    return await _mended(service, request, form, wish, found, asked, fixes, more)


async def _from_report(service: Service, request: Request, form: FormData, wish: Mending) -> Response:
    """Mend the file of a report.

    Raises:
        NotFound: there is no such report.
        Conflict: its file is not kept any more.
        InvalidRequest: no fix was chosen, or one does not fit.
    """
    account = page.visitor(request).account
    report = await run(service.reports.get, account.id, str(wish.report))
    file_id = await run(mending.subject, service, account, report)
    fixes = _named(form)
    if not fixes:
        raise InvalidRequest("No fix is chosen.", "Tick one or more.")
    name = report.document["file"]["path"]
    found = Given({"file": file_id}, name, report.document["file"]["kind"], report.id)
    asked = {**report.request, "name": name, "preflightReportId": report.id}
    return await _mended(service, request, form, wish, found, asked, fixes, {})


async def _mended(
    service: Service,
    request: Request,
    form: FormData,
    wish: Mending,
    found: Given,
    asked: dict[str, Any],
    fixes: list[str],
    more: Mapping[str, Any],
) -> Response:
    account = page.visitor(request).account
    chosen = await run(service.catalogue.chosen, fixes, found.kind)
    prices = mending.prices(service, account, tools_begin.NAME, chosen)
    estimate = mending.Estimate.of(prices)
    options = mending.options(asked, name=found.name, prices=prices, approval=wish.approval, ppi=wish.target_ppi)
    params = {
        "inputs": {"file": found.input},
        "options": {**options, **more, "fixTypes": list(chosen)},
        "request": {**asked, "fixTypes": list(chosen), "estimate": estimate.as_data()},
    }
    return await tools_begin.begin(
        service, request, form, found, mending.OPERATION, params, amount=estimate.max, kind="hold", stage=ANALYZING
    )


def _named(form: FormData) -> list[str]:
    return list(dict.fromkeys(value for value in form.getlist("fix") if isinstance(value, str) and value))


def choices(service: Service, account: Account, report: Kept) -> list[Choice]:
    """The fixes that the file of a report can have, those that it calls for ticked; none where it is not kept."""
    try:
        mending.subject(service, account, report)
    except Conflict:
        return []
    called, kind = service.catalogue.called_for(report.document), report.document["file"]["kind"]
    return _priced(service, account, (cure for cure in service.catalogue.cures.values() if kind in cure.kinds), called)


def by_stage(service: Service, account: Account) -> dict[str, list[Choice]]:
    """All fixes in the order in which they are made, under the words of their stages."""
    found: dict[str, list[Choice]] = {}
    for choice in _priced(service, account, service.catalogue.cures.values()):
        found.setdefault(choice.cure.stage, []).append(choice)
    return found


def _priced(service: Service, account: Account, cures: Iterable[Cure], ticked: Iterable[str] = ()) -> list[Choice]:
    chosen = set(ticked)
    return [
        Choice(cure, tools_begin.cost(service, account, mending.OPERATION, cure.id), cure.id in chosen)
        for cure in sorted(cures, key=lambda cure: cure.order)
    ]
