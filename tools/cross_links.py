"""What the pages about checks, fixes and profiles say of one another, and the indexes across them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import gwg2022
from makeready.profile import CheckSettings, Profile
from makeready.registry import Check, Fix
from makeready.report import pages
from makeready.results import Severity

ALSO = "By subject; also [by severity](by-severity.md) and [by requirement of GWG 2022](gwg2022.md).\n"


def check_page(check: Check, fixes: Sequence[Fix], profiles: Sequence[Profile], codes: Iterable[str]) -> str:
    """All about a check: what it is, what cures it, the requirements it answers, what profiles make of it."""
    lines = [pages.check_page(check).rstrip("\n")]
    if cures := [fix for fix in fixes if check.code in fix.cures]:
        lines += ["", "## What mends it", ""]
        lines += [f"- [`{fix.id}`](../fixes/{fix.id}.md) ({fix.safety}): {fix.title}" for fix in cures]
    if check.gwg:
        titles = gwg2022.titles()
        lines += ["", "## In GWG 2022", ""]
        lines += [f"- [{requirement}](gwg2022.md): {titles[requirement]}" for requirement in check.gwg]
    return linked("\n".join([*lines, *_in_profiles(check, profiles)]) + "\n", codes, "", check.code)


def _in_profiles(check: Check, profiles: Sequence[Profile]) -> Iterator[str]:
    """What profiles make of it, where that is not what it says by itself."""
    usual = pages.said_of(check, CheckSettings())
    by_words: dict[str, list[str]] = {}
    for profile in profiles:
        said = pages.said_of(check, profile.checks.get(check.code, CheckSettings()))
        if said != usual:
            by_words.setdefault(said, []).append(f"[{profile.name}](../profiles/{profile.name}.md)")
    if by_words:
        yield from (
            "",
            "## In the profiles",
            "",
            f"By itself it is {_a(usual)}. Other profiles than these leave it at that.",
        )
        yield from ("", "| here | in |", "|---|---|")
        yield from (f"| {said} | {', '.join(names)} |" for said, names in by_words.items())


def _a(said: str) -> str:
    return {"error": "an error", "warning": "a warning", "info": "for information"}.get(said, said)


def profile_page(profile: Profile, catalogue: Sequence[Check], codes: Iterable[str]) -> str:
    """A profile's page, with links to its checks and to the profiles it extends."""
    text = pages.profile_page(profile, catalogue)
    text = re.sub(r"^Extends .*$", lambda line: re.sub(r"`([^`]+)`", r"[\1](\1.md)", line[0]), text, flags=re.MULTILINE)
    return linked(text, codes, "../checks/")


def by_severity(catalogue: Sequence[Check]) -> str:
    """All checks by how bad an issue is, those that are off unless a profile asks for them last."""
    lines = ["# Checks by severity", "", "As they are where a profile says nothing else; also [by subject](README.md)."]
    groups = {
        severity.value.capitalize(): [c for c in catalogue if c.enabled and c.severity is severity]
        for severity in Severity
    }
    groups["Off unless a profile asks for it"] = [check for check in catalogue if not check.enabled]
    for heading, checks in groups.items():
        if checks:
            lines += ["", f"## {heading}", "", "| code | what it finds | then |", "|---|---|---|"]
            lines += [f"| [{c.code}]({c.code}.md) | {c.title} | {c.severity.value} |" for c in checks]
    return "\n".join(lines) + "\n"


def by_requirement(catalogue: Sequence[Check]) -> str:
    """The 39 requirements of GWG 2022, and the checks that answer each."""
    lines = ["# GWG 2022, requirement by requirement", ""]
    lines += ["What answers each; the [23 variants](../profiles.md#gwg-2022) say with which limits.", ""]
    lines += ["| requirement | title | checks |", "|---|---|---|"]
    for requirement, title in gwg2022.titles().items():
        answers = [f"[{check.code}]({check.code}.md)" for check in catalogue if requirement in check.gwg]
        lines.append(f"| {requirement} | {title} | {', '.join(answers) or '–'} |")
    return "\n".join(lines) + "\n"


def linked(text: str, codes: Iterable[str], folder: str, own: str = "") -> str:
    """The text with a link at every code of a check but the page's own; code, headings and links stay as they are."""
    known = set(codes) - {own}
    found = []
    for number, block in enumerate(re.split(r"(^```.*?^```$)", text, flags=re.MULTILINE | re.DOTALL)):
        lines = block.split("\n")
        found.append(block if number % 2 else "\n".join(_linked(line, known, folder) for line in lines))
    return "".join(found)


def _linked(line: str, known: set[str], folder: str) -> str:
    if line.startswith("#"):
        return line
    parts = re.split(r"(`[^`]*`|\[[^\]]*\]\([^)]*\))", line)
    parts[::2] = [
        re.sub(r"\b[A-Z]{3}\d{3}\b", lambda m: f"[{m[0]}]({folder}{m[0]}.md)" if m[0] in known else m[0], part)
        for part in parts[::2]
    ]
    return "".join(parts)
