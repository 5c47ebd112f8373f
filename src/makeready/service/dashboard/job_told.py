"""A job as its page tells it: what was asked, how far it is, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from makeready.service import checking, mending, states
from makeready.service.dashboard import (
    page,
    reports,
    showing,
    tools_background,
    tools_begin,
    tools_fix,
    tools_preflight,
)
from makeready.service.errors import NotFound

if TYPE_CHECKING:
    from makeready.service.core import Account, Job, Kept, Service

#: Each state, and what it means to whoever waits.
STATES = {
    states.PENDING: "It waits for its turn.",
    states.PROCESSING: "It is being worked on.",
    states.AWAITING_APPROVAL: "It waits for your approval.",
    states.COMPLETED: "It is done.",
    states.FAILED: "It failed. Nothing was charged.",
    states.CANCELLED: "It was cancelled. Nothing was charged.",
    states.REJECTED: "You rejected the plan. Nothing was charged.",
}
_STAGES = {states.ANALYZING: "The file is looked at.", states.APPLYING: "The file is mended."}
#: Options that are told in another way, or that nobody asked for.
_UNTOLD = frozenset({"accept", "name", "prices", "price", "fixTypes", "settings", "canvas", "requirements", "page"})
#: The forms that ask for the same: what people call an option there, it is called here.
_FORMS: Mapping[str, type[tools_begin.Wanted]] = {
    tools_background.OPERATION: tools_background.Removal,
    checking.OPERATION: tools_preflight.Check,
    mending.OPERATION: tools_fix.Mending,
}
#: Where operations leave their one result, before a fix's.
_RESULT = ("image", "corrected")


def told(service: Service, account: Account, job: Job) -> dict[str, Any]:
    """All that the parts of a job's page say."""
    result = job.result or {}
    cures = service.catalogue.cures
    titles = {id: cures[id].title if id in cures else page.words(id) for id in _fixes(job, result)}
    made = {role: _report(service, account, id) for role, id in result.get("reports", {}).items()}
    before, after = _pictures(service, account, job, made)
    main = made.get("after") or made.get("report")
    return {
        "job": job,
        "said": _STAGES.get(job.stage, STATES[job.state]) if job.state == states.PROCESSING else STATES[job.state],
        "name": _name(service, account, job),
        "asked": list(_asked(job)),
        "result": result,
        "titles": titles,
        "steps": (result.get("plan") or {}).get("steps", []),
        "safety": {id: cure.safety for id, cure in cures.items()},
        "preview": showing.shown(service, account, _file(job, "preview"), f"/jobs/{job.id}/files/preview"),
        "before": before,
        "after": after,
        "lost": after is None and any(_file(job, role) for role in _RESULT),
        "reports": made,
        "full": reports.told(service, account, main.id) if main is not None else None,
    }


def file_of(job: Job, role: str) -> str:
    """The identifier of a file that a job made, or was given: ``input-ROLE``.

    Raises:
        NotFound: it has none in this role.
    """
    given = job.params.get("inputs", {}).get(role.removeprefix("input-"), {}) if role.startswith("input-") else {}
    found: str | None = given.get("file") or _file(job, role)
    if found is None:
        raise NotFound(f"The job has no such file: {role[:40]}.", "Look at its page.")
    return found


def _file(job: Job, role: str) -> str | None:
    found: str | None = (job.result or {}).get("files", {}).get(role)
    return found


def _pictures(
    service: Service, account: Account, job: Job, made: Mapping[str, Kept | None]
) -> tuple[showing.Shown | None, showing.Shown | None]:
    """What came and what was made of it, as far as they are kept."""

    def about(role: str) -> showing.Shown | None:
        report = made.get(role)
        return None if report is None else reports.subject_of(service, account, report)

    if "after" in made:
        return about("before"), about("after")
    role = next((one for one in _RESULT if _file(job, one)), None)
    after = showing.shown(service, account, _file(job, role), f"/jobs/{job.id}/files/{role}") if role else None
    before = showing.shown(service, account, _file(job, "before"), f"/jobs/{job.id}/files/before")
    for name, given in job.params.get("inputs", {}).items():
        if before is None and "file" in given:
            before = showing.shown(service, account, given["file"], f"/jobs/{job.id}/files/input-{name}")
    return before, after


def _report(service: Service, account: Account, report_id: str) -> Kept | None:
    try:
        return service.reports.get(account.id, report_id)
    except NotFound:  # deleted, or past its time
        return None


def _name(service: Service, account: Account, job: Job) -> str:
    """What its owner calls the file it works on."""
    if name := job.params.get("request", {}).get("name") or job.params.get("options", {}).get("name"):
        return str(name)
    given: Mapping[str, str] = next(iter(job.params.get("inputs", {}).values()), {})
    if "url" in given:
        return PurePosixPath(unquote(urlsplit(given["url"]).path)).name or given["url"]
    file = showing.shown(service, account, given.get("file"), "")
    return file.file.name if file is not None else ""


def _fixes(job: Job, result: Mapping[str, Any]) -> set[str]:
    """Every fix that the page names."""
    named = set(job.params.get("options", {}).get("fixTypes") or ()) | set(result.get("applied", ()))
    named |= {one["fix"] for one in (result.get("plan") or {}).get("steps", ())}
    named |= {one["fix"] for one in (*result.get("refused", ()), *result.get("changes", ()))}
    return named | set(result.get("unchanged", ()))


def _asked(job: Job) -> Iterator[tuple[str, str]]:
    """What was asked for: words and values."""
    options = job.params.get("options") or {}
    form = _FORMS.get(job.operation)
    labels = form.labels() if form is not None else {}
    for given in job.params.get("inputs", {}).values():
        if "url" in given:
            yield "from", given["url"]
    if canvas := options.get("canvas"):
        yield "printed size", f"{canvas[0]:.4g} × {canvas[1]:.4g} in"
    for fix, settings in (options.get("settings") or {}).items():
        known = labels if fix == tools_fix.ENLARGE else {}
        for name, value in settings.items():
            yield known.get(name) or _spoken(name), str(value)
    for name, value in options.items():
        if name in _UNTOLD or isinstance(value, dict | list) or value is None:
            continue
        called = tools_background.VALUES.get(name, {}) if name in labels else {}
        yield labels.get(name) or _spoken(name), _valued(value, called)


def _valued(value: Any, called: Mapping[str, str]) -> str:
    """The value of an option, as forms call it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return called.get(value, str(value))


def _spoken(name: str) -> str:
    """``requireApproval`` → ``require approval``; ``edge_softness`` → ``edge softness``."""
    return page.words("".join(f" {sign.lower()}" if sign.isupper() else sign for sign in name))
