"""The JSON of plans and results, schemas ``makeready.plan/1`` and ``makeready.result/1``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from makeready import __version__
from makeready.batch import Checked
from makeready.changes import Plan, Result, Step, StepRun
from makeready.errors import MakereadyError
from makeready.facts import as_data
from makeready.fix_batch import Mended
from makeready.report import data
from makeready.results import Report

PLAN = "makeready.plan/1"
PLANS = "makeready.plans/1"
RESULT = "makeready.result/1"
RESULTS = "makeready.results/1"


def plan_document(plan: Plan, file: str) -> dict[str, Any]:
    """A plan: its steps in order, and what is left undone."""
    return {
        "schema": PLAN,
        "makeready": __version__,
        "file": file,
        "allow": plan.allow.value,
        "steps": [_step(step) for step in plan.steps],
        "left": as_data(plan.left),
        "seconds": round(plan.seconds, 2),
    }


def result_document(result: Result, output: str | None = None, *, copied: bool = False) -> dict[str, Any]:
    """A result: both reports, each step with its changes, what is fixed, and how the pages look."""
    return _document(result, output, copied, None)


def checked(done: Checked) -> dict[str, Any]:
    """What came of one file of a batch: a result or a plan; where neither came of it, ``error`` says why."""
    mended: Mended = done.extra
    if mended.plan is not None and mended.result is None:
        return plan_document(mended.plan, done.report.file.path)
    output = None if mended.output is None else str(mended.output)
    return _document(mended.result or _nothing(done.report), output, mended.copied, mended.error)


def _step(step: Step) -> dict[str, Any]:
    """All that a step is; its own ``as_data`` is the shorter link of a chain."""
    return {field.name: as_data(getattr(step, field.name)) for field in fields(step)}


def _run(run: StepRun) -> dict[str, Any]:
    said = {field.name: as_data(getattr(run, field.name)) for field in fields(run) if field.name != "step"}
    return {"step": _step(run.step), **said}


def _nothing(report: Report) -> Result:
    return Result(report, None, Plan(()), ())


def _document(result: Result, output: str | None, copied: bool, error: MakereadyError | None) -> dict[str, Any]:
    return {
        "schema": RESULT,
        "makeready": __version__,
        "file": result.before.file.path,
        "output": output,
        "copied": copied,
        "error": None if error is None else {"message": str(error), "hint": error.hint},
        "verdict": result.final.verdict.value,
        "steps": [_run(run) for run in result.runs],
        "left": as_data(result.plan.left),
        "fixed": as_data(result.fixed),
        "remaining": as_data(result.remaining),
        "new": as_data(result.new),
        "proof": as_data(result.proof),
        "before": data.as_document(result.before),
        "after": None if result.after is None else data.as_document(result.after),
        "seconds": round(result.seconds, 4),
    }


def document(documents: Sequence[dict[str, Any]]) -> str:
    """One document, or several under one roof, indented for people."""
    if len(documents) == 1:
        whole = documents[0]
    elif all(one["schema"] == PLAN for one in documents):
        whole = {"schema": PLANS, "plans": list(documents)}
    else:
        whole = {"schema": RESULTS, "results": list(documents)}
    return json.dumps(whole, ensure_ascii=False, indent=1, default=str) + "\n"


def line(done: Checked) -> str:
    """What came of one file, on one line."""
    return json.dumps(checked(done), ensure_ascii=False, separators=(",", ":"), default=str) + "\n"
