"""The pages about fixes, made from the declarations and from nothing else."""

from __future__ import annotations

from collections.abc import Iterable

from makeready.changes import Safety, Stage
from makeready.registry import Fix
from makeready.report.pages import settings

_SAFETY = {
    Safety.SAFE: "safe: no visible change inside the trim",
    Safety.REVIEW: "review: it may change the look, so it runs only where that is allowed",
    Safety.MANUAL: "manual: it only says what to ask for",
}
_KINDS = {"pdf": "PDF", "raster": "raster files"}
#: Settings that ``makeready apply`` has options of the same names for.
_TAKEN = ("format", "output", "to")


def fix_page(fix: Fix) -> str:
    """All there is to say about a fix, in Markdown."""
    cures = f" · cures {', '.join(fix.cures)}" if fix.cures else ""
    source = f" · from {fix.source}" if fix.source != "built-in" else ""
    lines = [
        f"# {fix.id}: {fix.title}",
        "",
        f"stage {fix.stage} · {' and '.join(_KINDS[kind] for kind in fix.kinds)}{cures}{source}",
        "",
        f"Graded {_SAFETY[fix.safety]}.",
        "",
        fix.page,
    ]
    if rows := settings(fix.params):
        lines += ["", "## Settings", "", "| setting | default | meaning |", "|---|---|---|"]
        lines += [f"| `{name}` | {default} | {help}{_tied(fix, name)} |" for name, default, help in rows]
    lines += ["", "## How to run it", "", "```console", f"$ makeready apply {fix.id} {_files(fix)}"]
    if fix.cures and fix.safety is not Safety.MANUAL:
        allow = "" if fix.safety is Safety.SAFE else f" --allow {fix.safety}"
        lines.append(f"$ makeready fix {_files(fix).partition(' ')[0]}{allow}")
    lines.append("```")
    if taken := [name for name in _TAKEN if name in fix.params.model_fields]:
        told = " and ".join(f"`--param {name}=…`" for name in taken)
        lines += ["", f"`apply` has options of its own by the names of some settings: write {told}."]
    return "\n".join(lines) + "\n"


def _files(fix: Fix) -> str:
    return "job.pdf -o mended.pdf" if "pdf" in fix.kinds else "photo.tif -o mended.tif"


def _tied(fix: Fix, name: str) -> str:
    field = fix.params.model_fields.get(name)
    extra = field.json_schema_extra if field is not None else None
    like = extra.get("like") if isinstance(extra, dict) else None
    return f" When it is planned: as the profile's `{like}`." if like else ""


def index(fixes: Iterable[Fix], link: str = "{id}") -> str:
    """All fixes in the order they are made; ``link`` makes the first column, ``{id}`` in it is the id."""
    by_stage: dict[Stage, list[Fix]] = {}
    for fix in sorted(fixes, key=lambda fix: fix.order):
        by_stage.setdefault(fix.stage, []).append(fix)
    lines = ["# Fixes", "", "In the order of their stages, which is the order they are made in."]
    for stage, found in by_stage.items():
        lines += ["", f"## {stage.capitalize()}", "", "| fix | what it does | cures | grade |", "|---|---|---|---|"]
        lines += [
            f"| {link.format(id=fix.id)} | {fix.title} | {', '.join(fix.cures) or '–'} | {fix.safety} |"
            for fix in found
        ]
    return "\n".join(lines) + "\n"
