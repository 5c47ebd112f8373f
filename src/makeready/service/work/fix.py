"""A file mended: planned from what the checks find or from what is asked for, done on a copy, and proved.

The two stages may be one run, or two with somebody's approval between them; then what was approved is what is done.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from makeready import engine, fixes, fixing
from makeready.batch import Checked
from makeready.changes import Plan, Result, StepOutcome
from makeready.facts import as_data
from makeready.fix_batch import Mended
from makeready.fixes import planner
from makeready.fixing import Progress
from makeready.inspection import as_size
from makeready.intake import Source
from makeready.report import as_bytes, data, fix_data, fix_reports
from makeready.report.pictures import drawing
from makeready.service.child import Desk, Done, Output, Refused, Task
from makeready.service.states import ANALYZING, APPLYING
from makeready.service.work import artwork, check, demands
from makeready.service.work.artwork import Subject
from makeready.service.work.strip import strip

if TYPE_CHECKING:
    from makeready.engine import Measure
    from makeready.results import Report
    from makeready.units import Size

#: How far fixes are trusted where the request does not say: what a client asks for by name may be seen.
_ALLOW = "review"
#: Of the work, what looking takes, and what the pages of the reports take.
_LOOKED, _MENDED = 0.15, 0.9
#: The longer side of a preview, in pixels.
_PREVIEW_PX = 1200
#: The fix that has to know how large a picture is printed, and the ppi where nothing says it.
_BLEED, _USUAL_PPI = "add_bleed", 300.0


def run(task: Task, desk: Desk) -> Done:
    """Plan, and mend: here and now, or later where somebody is to approve of the plan."""
    held = demands.measure(task.options)
    subject = artwork.look(task, desk)
    canvas = artwork.canvas(task.options)
    notes: list[str] = []
    if canvas is None and _BLEED in (task.options.get("fixTypes") or ()):
        canvas = _own_size(subject, task.options, notes)
    approved = task.before.get("plan") if task.stage == APPLYING else None
    desk.tell(0.0, APPLYING if approved else ANALYZING)
    looked = engine.check(
        subject.source,
        held,
        canvas=canvas,
        max_pixels=int(desk.limits.megapixels * 1e6),
        progress=lambda done, total: desk.tell(_LOOKED * done / max(1, total)),
    )
    check.refuse_what_is_too_large(looked)
    if looked.facts is None and looked.file.kind != "pdf":
        said = looked.issues[0].details
        raise Refused("FILE_UNREADABLE", str(said.get("reason", "")), str(said.get("hint", "")))
    links = _approved(approved) if approved else _asked(task.options, held)
    plan = _plan(looked, held, links, task.options)
    told = _planned(plan, subject, task.options) | {"notes": notes}
    work = _Work(task, desk, subject, held, canvas, looked)
    if approved is None and task.options.get("requireApproval"):
        result = work.mend(plan)
        preview = _preview(result, subject, Path(task.folder))
        return Done(told | _done(result), [preview] if preview else [], awaits_approval=True)
    desk.tell(_LOOKED, APPLYING)
    # Without a word on which fixes, what the fixes bring about is cured as well.
    result = work.mend(plan if links is not None else None)
    return work.done(result, told)


def _own_size(subject: Subject, options: Mapping[str, Any], notes: list[str]) -> Size | None:
    """The printed size of a picture that comes without a canvas: as was asked for, or as it says of itself.

    Bleed is asked for in millimetres, and somebody who only names the fix would else get nothing.
    """
    if subject.header is None:
        return None
    across, along = subject.header.shown_px
    target, density = options.get("targetDpi"), subject.header.shown_density
    if target:
        ppi, why = (float(target),) * 2, f"the {float(target):g} ppi that were asked for"
    elif density is not None:
        ppi, why = (float(density[0]), float(density[1])), f"its own density of {float(density[0]):g} ppi"
    else:
        ppi, why = (_USUAL_PPI,) * 2, f"{_USUAL_PPI:g} ppi, as the file says nothing"
    size = as_size((across / ppi[0], along / ppi[1]))
    notes.append(f"no canvas was given: the printed size, {size}, follows from {why}")
    return size


class _Work:
    """One file, and what it is held against."""

    def __init__(
        self, task: Task, desk: Desk, subject: Subject, held: Measure, canvas: Size | None, before: Report
    ) -> None:
        self._options, self._desk, self._subject = task.options, desk, subject
        self._folder = Path(task.folder)
        self._held, self._canvas, self._before = held, canvas, before

    def mend(self, plan: Plan | None) -> Result:
        """Take the steps on a copy.

        Raises:
            Refused: a fix that was asked for cannot honestly be made, or none of those that were planned can.
        """
        result = fixing.fix(
            self._subject.source,
            plan,
            profile=self._held,
            allow=str(self._options.get("allow") or _ALLOW),
            canvas=self._canvas,
            before=self._before,
            progress=self._tell,
        )
        refused = [run for run in result.runs if run.outcome is StepOutcome.REFUSED]
        asked = self._options.get("fixTypes")
        if refused and (asked or result.path is None):
            run = refused[0]
            title = fixes.catalogue()[run.step.fix].title
            reason = (run.reason or "it does not suit this file").rstrip(".")
            raise Refused("NOT_POSSIBLE", f"{run.step.fix} ({title}) cannot be done on this file: {reason}.")
        return result

    def _tell(self, at: Progress) -> None:
        share = (at.step - 1 + at.share) / max(1, at.steps)
        self._desk.tell(_LOOKED + (_MENDED - _LOOKED) * share)

    def done(self, result: Result, told: Mapping[str, Any]) -> Done:
        """What came out, with both reports and the file."""
        path = self._corrected(result)
        prices = told["estimate"]["prices"]
        summary = _done(result)
        cost = sum(prices.get(id, _price(id, self._options)) for id in summary["applied"])
        suffix = path.suffix.lower()
        outputs = [
            Output("corrected", path.name, f"{self._subject.stem}-corrected{suffix}",
                   artwork.MEDIA_TYPES.get(suffix, "application/octet-stream"))
        ]  # fmt: skip
        pages: list[str | None] = [None, None]
        if self._options.get("page", True):
            outputs.append(check.page(result.before, self._subject, self._folder, "before_page"))
            outputs.append(self._page(result))
            pages = [outputs[1].role, outputs[2].role]
        final = Source(outputs[0].name, path=path)
        after = replace(result.final, file=final.info(result.final.file.kind, result.final.file.format))
        reports = [
            {"role": "before", "document": data.as_document(result.before), "page": pages[0]},
            {"role": "after", "document": data.as_document(after), "page": pages[1], "file": "corrected"},
        ]
        return Done({**told, **summary}, outputs, cost=cost, reports=reports)

    def _corrected(self, result: Result) -> Path:
        """The new file in the job's folder; the input as it was where nothing had to be changed."""
        source = result.path or self._subject.path
        suffix = source.suffix if result.path else Path(self._subject.name).suffix
        path = self._folder / f"corrected{suffix.lower()}"
        shutil.copyfile(source, path)
        raster = result.final.facts.raster if result.final.facts is not None else None
        if not self._desk.limits.keep_metadata and raster is not None:
            strip(path, raster.orientation)
        return path

    def _page(self, result: Result) -> Output:
        """What was done, as an HTML page with pictures before and after."""
        html = fix_reports.for_suffix(".html")
        prepared = html.prepare(result, self._subject.path) if html.prepare else None
        whole = html.render([Checked(result.final, Mended(result, result.plan, prepared=prepared))])
        path = self._folder / "after_page.html"
        path.write_bytes(as_bytes(whole))
        return Output("after_page", path.name, f"{self._subject.stem}-fixes.html", artwork.MEDIA_TYPES[".html"])


def _asked(options: Mapping[str, Any], held: Measure) -> list[dict[str, Any]] | None:
    """The steps that the request names, in the order in which fixes are made; ``None`` where it leaves them to us.

    Raises:
        UsageError: there is no such fix, or a model would be a file of this machine.
    """
    ids = options.get("fixTypes")
    if not ids:
        return None
    known = fixes.catalogue()
    chosen = sorted({known[str(id)].id: known[str(id)] for id in ids}.values(), key=lambda fix: fix.order)
    given = options.get("settings") or {}
    for settings in given.values():
        artwork.network(settings or {}, "")
    usual = held.profile.fixes.settings
    return [{"fix": fix.id, **usual.get(fix.id, {}), **dict(given.get(fix.id) or {})} for fix in chosen]


def _approved(plan: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The steps of the plan that was approved."""
    return [{"fix": step["fix"], **step["settings"]} for step in plan["steps"]]


def _plan(looked: Report, held: Measure, links: Sequence[Mapping[str, Any]] | None, options: Mapping[str, Any]) -> Plan:
    if links is None:
        return fixing.plan(looked, held, allow=str(options.get("allow") or _ALLOW))
    known = fixes.catalogue()
    kind = looked.file.kind
    for link in links:
        fix = known[link["fix"]]
        if kind not in fix.kinds:
            raise Refused(
                "NOT_POSSIBLE",
                f"{fix.id} ({fix.title}) is for {' and '.join(fix.kinds)} files, and this is a {kind} file.",
                "Leave it out.",
            )
    return Plan(planner.chain(links, known, looked.facts))


def _price(id: str, options: Mapping[str, Any]) -> int:
    return int((options.get("prices") or {}).get(id, options.get("price") or 0))


def _planned(plan: Plan, subject: Subject, options: Mapping[str, Any]) -> dict[str, Any]:
    """The plan and what it costs."""
    document = fix_data.plan_document(plan, subject.name)
    prices = {step.fix: _price(step.fix, options) for step in plan.steps}
    for step in document["steps"]:
        step["price"] = prices[step["fix"]]
    whole = sum(prices.values())
    return {
        "plan": document,
        "estimate": {"min": whole if options.get("fixTypes") else 0, "max": whole, "prices": prices},
    }


def _done(result: Result) -> dict[str, Any]:
    """What was done."""
    ids = {outcome: list(dict.fromkeys(run.step.fix for run in result.runs if run.outcome is outcome))
           for outcome in StepOutcome}  # fmt: skip
    return {
        "applied": ids[StepOutcome.CHANGED],
        "unchanged": ids[StepOutcome.UNCHANGED],
        "refused": [
            {"fix": run.step.fix, "reason": run.reason} for run in result.runs if run.outcome is StepOutcome.REFUSED
        ],
        "changes": [
            {"fix": run.step.fix, "message": change.message, "page": change.page, "details": as_data(change.details)}
            for run in result.runs
            for change in run.changes
        ],
        "proof": as_data(result.proof),
        "verdict": result.final.verdict.value,
        "cured": sorted({issue.code for issue in result.fixed}),
        "remaining": sorted({issue.code for issue in result.remaining}),
        "new": sorted({issue.code for issue in result.new}),
    }


def _preview(result: Result, subject: Subject, folder: Path) -> Output | None:
    """A picture of the first page that was changed, as it would be; none where it cannot be drawn."""
    from makeready.report.before_after import changed_pages

    facts, path = result.final.facts, result.path or subject.path
    pages = changed_pages(result)
    if facts is None or not pages:
        return None
    with drawing(facts.kind, path) as draw:
        drawn = draw(pages[0], _PREVIEW_PX)
    suffix = ".png" if drawn.startswith(b"\x89PNG") else ".jpg"
    target = folder / f"preview{suffix}"
    target.write_bytes(drawn)
    return Output("preview", target.name, f"{subject.stem}-preview{suffix}", artwork.MEDIA_TYPES[suffix])
