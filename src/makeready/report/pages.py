"""The pages of ``explain`` and of the docs, made from the declarations and from nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable

from makeready.params import Params
from makeready.profile import CheckSettings, Profile
from makeready.registry import SUBJECTS, Check, Fix
from makeready.units import Quantity, Size


def check_page(check: Check) -> str:
    """All there is to say about a check, in Markdown."""
    runs = "runs unless a profile switches it off" if check.enabled else "runs only where a profile asks for it"
    kinds = {"pdf": "PDF", "raster": "raster files"}
    lines = [
        f"# {check.code}: {check.title}",
        "",
        f"`{check.name}` · {check.severity.value} · {' and '.join(kinds[kind] for kind in check.kinds)} · {runs}"
        + (f" · from {check.source}" if check.source != "built-in" else ""),
        "",
        check.page,
    ]
    if rows := settings(check.params):
        lines += ["", "## Settings", "", "| setting | default | meaning |", "|---|---|---|"]
        lines += [f"| `{check.code}.{name}` | {default} | {help} |" for name, default, help in rows]
    return "\n".join(lines) + "\n"


def settings(params: type[Params]) -> list[tuple[str, str, str]]:
    """Name, default and help of every setting; a threshold gets a row for each of its limits."""
    rows: list[tuple[str, str, str]] = []
    defaults = params()
    for name, field in params.model_fields.items():
        default, help = getattr(defaults, name), field.description or ""
        if isinstance(default, Params):
            for part in type(default).model_fields:
                value = getattr(default, part)
                rows.append((f"{name}.{part}", "no limit" if value is None else _shown(value), help))
        else:
            rows.append((name, _shown(default), help))
    return rows


def _shown(value: object) -> str:
    if value is None or value == ():
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Quantity):
        return value.written()  # 0.25 mm is a limit; the 0.2 mm that a report would show is another one
    if isinstance(value, tuple) and not isinstance(value, Size):
        return ", ".join(map(_shown, value))
    return str(value)


def section(check: Check | Fix, heading: str) -> str:
    """The text under one heading of the page of a check or a fix."""
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", check.page, re.MULTILINE | re.DOTALL)
    return found[1].strip() if found else ""


def index(checks: Iterable[Check], link: str = "{code}") -> str:
    """All checks in a table for each subject; ``link`` makes the first column, ``{code}`` in it is the code."""
    by_subject: dict[str, list[Check]] = {}
    for check in checks:
        by_subject.setdefault(check.subject, []).append(check)
    order = {subject: place for place, subject in enumerate(SUBJECTS.values())}
    lines = ["# Checks"]
    for subject in sorted(by_subject, key=lambda name: (order.get(name, len(order)), name)):
        lines += ["", f"## {subject}", "", "| code | what it finds | default |", "|---|---|---|"]
        for check in by_subject[subject]:
            default = check.severity.value if check.enabled else "off"
            lines.append(f"| {link.format(code=check.code)} | {check.title} (`{check.name}`) | {default} |")
    return "\n".join(lines) + "\n"


def profile_page(profile: Profile, checks: Iterable[Check]) -> str:
    """A profile in words: what it is for, and what it says of each check."""
    lines = [f"# {profile.name}: {profile.title}", "", profile.description]
    if profile.extends:
        lines += ["", f"Extends {', which extends '.join(f'`{name}`' for name in profile.extends)}."]
    if profile.product.min_ppi:
        lines += ["", f"Stars: {profile.product.min_ppi} ppi is fair (product `{profile.product.type}`)."]
    lines += ["", "| check | what it finds | here |", "|---|---|---|"]
    for check in checks:
        said = profile.checks.get(check.code, CheckSettings())
        lines.append(f"| {check.code} | {check.title} | {said_of(check, said)} |")
    return "\n".join(lines) + "\n"


def said_of(check: Check, said: CheckSettings) -> str:
    """What a profile makes of a check: off, or its severity and the settings that differ."""
    enabled = check.enabled if said.enabled is None else said.enabled
    if not enabled:
        return "off" + (f" ({said.reason})" if said.reason else "")
    parts = [(said.severity or check.severity).value]
    params = check.params.model_validate(said.settings)
    parts += [f"{name} {_shown(getattr(params, name))}" for name in said.settings]
    return "; ".join(parts) + (f" ({said.reason})" if said.reason else "")


def difference(first: Profile, second: Profile, checks: Iterable[Check]) -> list[tuple[str, str, str]]:
    """Where two profiles differ: the check's code (or ``stars``), the first's words, the second's."""
    rows = []
    stars = [f"{p.product.min_ppi} ppi is fair" if p.product.min_ppi else "none" for p in (first, second)]
    if stars[0] != stars[1]:
        rows.append(("stars", stars[0], stars[1]))
    for check in checks:
        words = [said_of(check, profile.checks.get(check.code, CheckSettings())) for profile in (first, second)]
        if words[0] != words[1]:
            rows.append((check.code, words[0], words[1]))
    return rows
