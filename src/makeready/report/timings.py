"""Where the time went: by kind of fact that was gathered, and by check."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from makeready.registry import Check, Registry
from makeready.results import Report

#: Seconds below which a row says nothing.
SHORT = 0.005


def lines(reports: Sequence[Report], checks: Registry[Check]) -> Iterator[str]:
    """A table, the costliest first: what facts cost to gather, what each check cost to judge, and the rest.

    Times are sums over all files; files are looked at side by side, so that the clock may show less.
    """
    spent: defaultdict[str, float] = defaultdict(float)
    for report in reports:
        for kind, seconds in (report.facts.cost if report.facts is not None else {}).items():
            spent[f"facts: {kind}"] += seconds
        for run in report.runs:
            spent[run.code] += run.seconds
    whole = sum(report.seconds for report in reports) or sum(spent.values()) or 1.0
    spent["opening, reading, hashing"] = max(0.0, whole - sum(spent.values()))
    yield f"{'seconds':>9}  {'share':>6}  what"
    short = {what: seconds for what, seconds in spent.items() if seconds < SHORT}
    for what, seconds in sorted(spent.items(), key=lambda row: -row[1])[: len(spent) - len(short)]:
        yield f"{seconds:9.3f}  {seconds / whole:6.1%}  {what}{_words(what, checks)}"
    ran = [what for what, seconds in short.items() if seconds]
    if ran:
        taken = sum(short.values())
        yield f"{taken:9.3f}  {taken / whole:6.1%}  {len(ran)} more, each under {SHORT * 1e3:g} ms"
    yield f"{whole:9.3f}  {1:6.0%}  in all, {len(reports)} file{'s' if len(reports) != 1 else ''}"


def _words(code: str, checks: Registry[Check]) -> str:
    """The name of a check, and the costly facts that were gathered for it."""
    if code not in checks:
        return ""
    check = checks[code]
    return f" {check.name}" + (f" (needs {', '.join(check.needs)})" if check.needs else "")
