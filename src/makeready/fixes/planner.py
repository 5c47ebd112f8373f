"""From issues to steps: which fix, with which settings, in which order, and what is left undone and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from makeready.changes import Left, Plan, Safety, Stage, Step
from makeready.errors import UsageError
from makeready.facts import Artwork
from makeready.params import Params, strictest
from makeready.registry import Fix, Registry
from makeready.results import Issue, Severity


def plan(
    issues: Iterable[Issue],
    facts: Artwork | None,
    fixes: Registry[Fix],
    *,
    kind: str | None,
    allow: Safety = Safety.SAFE,
    measures: Mapping[str, Params] | None = None,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    always: Sequence[Mapping[str, Any] | str] = (),
) -> Plan:
    """The steps that cure what was found, in the order of all fixes.

    Args:
        issues: what was found; infos need not be corrected and are left alone.
        facts: of the file; ``None`` where it cannot be read: then only what makes it readable is planned.
        fixes: all there are.
        kind: of the file, ``pdf`` or ``raster``; ``None`` where nobody can tell.
        allow: how far fixes are trusted.
        measures: the settings that the checks ran with, by code: a fix cures to the limit that is checked by.
        settings: the profile's settings of fixes, by id; they come before the checks' limits.
        always: the profile's own chain: steps that are taken whatever was found.

    Raises:
        UsageError: a step or a setting of the profile does not exist or fit.
    """
    found = Counter(issue.code for issue in issues if issue.severity.rank >= Severity.WARNING.rank)
    chosen: dict[str, list[str]] = {}
    left: list[Left] = []
    for code, count in sorted(found.items()):
        able = sorted(
            (fix for fix in fixes if code in fix.cures and kind in fix.kinds and (facts or fix.stage is Stage.REPAIR)),
            key=lambda fix: (fix.safety.rank, fix.rank, fix.id),
        )
        allowed = [fix for fix in able if fix.safety.rank <= allow.rank]
        if allowed:
            chosen.setdefault(allowed[0].id, []).append(code)
        elif able and able[0].safety is Safety.MANUAL:
            left.append(Left(code, count, "it has to be done by hand", able[0].id))
        elif able:
            reason = f"{able[0].id} may change the look: allow it with --allow {able[0].safety}"
            left.append(Left(code, count, reason, able[0].id))
        else:
            left.append(Left(code, count, "there is no fix for it"))
    steps = {
        id: _step(fixes[id], _from_checks(fixes[id], measures or {}) | dict((settings or {}).get(id, {})), facts, codes)
        for id, codes in chosen.items()
    }
    for step in chain(always if facts else (), fixes, facts):
        steps[step.fix] = step
    return Plan(tuple(sorted(steps.values(), key=lambda step: fixes[step.fix].order)), tuple(left), allow)


#: What the names of files of a kind end with, by what the exporting fixes call it.
FORMATS = {
    ".pdf": "pdf", ".tif": "tiff", ".tiff": "tiff", ".jpg": "jpeg", ".jpeg": "jpeg", ".png": "png", ".webp": "webp"
}  # fmt: skip


def ending(plan: Plan, kind: str, suffix: str, to: str, fixes: Registry[Fix], facts: Artwork | None) -> Plan:
    """The plan with a last step that makes another kind of file, where the new file is to be of another kind.

    Args:
        plan: the steps so far.
        kind: of the input, ``pdf`` or ``raster``.
        suffix: what the input's name ends with.
        to: what the new file's name is to end with.
        fixes: all there are.
        facts: of the input.

    Raises:
        UsageError: files of that kind are not written.
    """
    wanted, now = FORMATS.get(to.lower()), FORMATS.get(suffix.lower())
    if wanted is None:
        known = ", ".join(FORMATS)
        raise UsageError(f"Files that end with {to!r} are not written.", f"These are: {known}.")
    if wanted == now or any(step.fix in ("to_pdf", "to_raster", "save_as") for step in plan.steps):
        return plan
    id = "to_pdf" if wanted == "pdf" else "to_raster" if kind == "pdf" else "save_as"
    settings = {} if wanted == "pdf" else {"format": wanted}
    step = replace(_step(fixes[id], settings, facts, ()), reason="the new file is to be of that kind")
    return replace(plan, steps=(*plan.steps, step))


def chain(links: Iterable[Mapping[str, Any] | str], fixes: Registry[Fix], facts: Artwork | None) -> tuple[Step, ...]:
    """The steps of a chain, in the order given: ``[{"fix": "add_bleed", "bleed": "3 mm"}, "sharpen_edges"]``.

    Raises:
        UsageError: a fix or a setting does not exist or fit.
    """
    steps = []
    for place, link in enumerate(links, start=1):
        said = {"fix": link} if isinstance(link, str) else dict(link)
        id = said.pop("fix", None) or said.pop("edit", None)
        if not isinstance(id, str):
            raise UsageError(f"Step {place} of the chain names no fix.", 'Write {"fix": "add_bleed", "bleed": "3 mm"}.')
        fix = fixes[id]
        steps.append(_step(fix, said, facts, ()))
    return tuple(steps)


def _step(fix: Fix, settings: Mapping[str, Any], facts: Artwork | None, codes: Sequence[str]) -> Step:
    params = fix.valid(settings)
    said = {name: value for name, value in params.model_dump(mode="json").items() if name in settings}
    reason = f"cures {', '.join(codes)}" if codes else "asked for"
    return Step(fix.id, said, tuple(codes), reason, fix.safety, _seconds(fix, facts))


def _from_checks(fix: Fix, measures: Mapping[str, Params]) -> dict[str, Any]:
    """The settings that are tied to a check's limit."""
    found = {}
    for name, field in fix.params.model_fields.items():
        extra = field.json_schema_extra
        like = extra.get("like") if isinstance(extra, dict) else None
        code, _, setting = str(like or "").partition(".")
        if code in measures:
            value = strictest(getattr(measures[code], setting))
            if value is not None:
                found[name] = value
    return found


def _seconds(fix: Fix, facts: Artwork | None) -> float:
    if facts is None:
        return fix.seconds_per_page
    megapixels = sum(image.width_px * image.height_px for image in facts.images) / 1e6
    return len(facts.pages) * fix.seconds_per_page + megapixels * fix.seconds_per_megapixel
