"""A file checked against a profile: the report for machines, and the page for people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from makeready import engine
from makeready.inspection import TOO_LARGE
from makeready.report import as_bytes, data, reporters
from makeready.service.child import Desk, Done, Output, Refused, Task
from makeready.service.work import artwork, demands
from makeready.service.work.artwork import Subject

if TYPE_CHECKING:
    from makeready.results import Report

#: Of the work, what looking takes; the rest is the page.
_LOOKING = 0.7


def run(task: Task, desk: Desk) -> Done:
    """Check the file."""
    held = demands.measure(task.options)
    canvas = artwork.canvas(task.options)
    subject = artwork.look(task, desk)
    report = engine.check(
        subject.source,
        held,
        canvas=canvas,
        max_pixels=int(desk.limits.megapixels * 1e6),
        progress=lambda done, total: desk.tell(_LOOKING * done / max(1, total)),
    )
    refuse_what_is_too_large(report)
    outputs = []
    if task.options.get("page", True):
        desk.tell(_LOOKING)
        outputs.append(page(report, subject, Path(task.folder), "page"))
    entry = {"role": "report", "document": data.as_document(report), "page": outputs[0].role if outputs else None}
    return Done(summary(report, subject), outputs, reports=[entry])


def refuse_what_is_too_large(report: Report) -> None:
    """A file that took more than a job may have was not looked at, which is no finding.

    Raises:
        Refused: the report says so.
    """
    if report.facts is not None:
        return
    for issue in report.issues:
        reason = str(issue.details.get("reason", issue.message))
        if issue.code == TOO_LARGE:
            raise Refused("FILE_TOO_LARGE", reason, "Send it smaller: with fewer pixels, or in parts.")


def page(report: Report, subject: Subject, folder: Path, role: str) -> Output:
    """The report as an HTML page with pictures."""
    html = reporters()["html"]
    prepared = {0: html.after(report, subject.path)} if html.after and report.facts is not None else {}
    path = folder / f"{role}.html"
    path.write_bytes(as_bytes(html.render([report], prepared)))
    return Output(role, path.name, f"{subject.stem}-report.html", artwork.MEDIA_TYPES[".html"])


def summary(report: Report, subject: Subject) -> dict[str, Any]:
    """The report in a few words."""
    counted: dict[str, int] = {"error": 0, "warning": 0, "info": 0}
    for issue in report.issues:
        if issue.severity.value in counted:
            counted[issue.severity.value] += 1
    return {
        "verdict": report.verdict.value,
        "kind": subject.kind,
        "format": subject.format,
        "errors": counted["error"],
        "warnings": counted["warning"],
        "infos": counted["info"],
        "stars": report.stars.as_data() if report.stars is not None else None,
        "codes": sorted({issue.code for issue in report.issues}),
        "pages": report.facts.page_count if report.facts is not None else None,
    }
