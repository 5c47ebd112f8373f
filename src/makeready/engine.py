"""Checks × profile × facts = issues. Nothing is silent: every check of the catalogue leaves a run.

``except Exception`` stands here at the check's door: what a stranger's check does ends as a line in the report,
never as a dead run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, BinaryIO

from pydantic import ValidationError

from makeready import fixes, preflight
from makeready.errors import UsageError, did_you_mean
from makeready.facts import Artwork, Page, PlacedImage, Rect
from makeready.inspection import as_size, inspect
from makeready.intake import Source
from makeready.params import Params
from makeready.pdf.boxes import mm_from_trim
from makeready.preflight import stars as star_scale
from makeready.preflight.checks.ink import TotalInk
from makeready.profile import CheckSettings, Part, Profile
from makeready.raster import MAX_PIXELS
from makeready.registry import Check, Registry
from makeready.results import (
    CheckRun,
    Finding,
    Issue,
    Outcome,
    Place,
    ProfileInfo,
    Report,
    Severity,
    Skip,
    Stars,
)
from makeready.units import Length, Percent, PointSize, Quantity, Size, told_apart


@dataclass(frozen=True)
class Rule:
    """A check as a profile wants it: its settings made valid, its severity, or why it does not run."""

    check: Check
    params: Params
    severity: Severity
    #: The profile named that severity: no limit may be graded worse.
    ceiling: bool = False
    reason: str | None = None
    skipped: str | None = None


@dataclass(frozen=True)
class Measure:
    """Everything files are held against: the profile bound to the catalogue. Make it once, use it for many."""

    profile: Profile
    rules: tuple[Rule, ...]
    failed_plugins: Mapping[str, str]
    #: The arguments it was made from: checks are functions and travel to another process by name.
    recipe: tuple[Any, ...] = ()
    #: Files with more checks.
    plugin_files: tuple[Path, ...] = ()

    def __reduce__(self) -> tuple[Callable[..., Measure], tuple[Any, ...]]:
        return _again, self.recipe

    @property
    def needs(self) -> frozenset[str]:
        """The costly facts that its checks judge; the others are not gathered."""
        return frozenset(need for rule in self.rules if rule.skipped is None for need in rule.check.needs)

    @property
    def info(self) -> ProfileInfo:
        """What a report says of it."""
        profile, files = self.profile, tuple(map(str, self.plugin_files))
        return ProfileInfo(profile.name, profile.title, profile.sha256, profile.undecided, files, self.ink_limit)

    @property
    def ink_limit(self) -> Percent | None:
        """From where on a square has too much ink, of all plates or else of the process plates; maps show it."""
        for rule in self.rules:
            if isinstance(rule.params, TotalInk) and rule.skipped is None:
                for limits in (rule.params.total, rule.params.process):
                    known = [limit for limit in (limits.warning, limits.error) if limit is not None]
                    if known:
                        return min(known)
        return None


def measure(
    profile: str | Path | Profile = preflight.DEFAULT_PROFILE,
    *,
    only: Collection[str] = (),
    skip: Collection[str] = (),
    settings: Iterable[str] = (),
    plugin_files: Iterable[Path] = (),
) -> Measure:
    """Bind a profile to the checks.

    Args:
        profile: a name, a TOML file or a ``Profile``.
        only: run these codes and no others; ``IMG*`` means all of a subject.
        skip: leave these codes out.
        settings: ``CODE.setting=value``, laid over the profile.
        plugin_files: Python files with more checks.

    Raises:
        UsageError: an unknown profile, code or setting, or a value that does not fit, with the nearest known one.
    """
    plugin_files = tuple(plugin_files)
    catalogue = preflight.catalogue(plugin_files)
    given = preflight.load_profile(profile)
    resolved = given.with_settings(settings)
    for code in resolved.checks:
        if code not in catalogue:
            who = f"The profile {given.name} sets" if code in given.checks else "The settings name"
            raise UsageError(f"{who} {code!r}, which is no check.", _near(code, catalogue))
    wanted, unwanted = _codes(only, catalogue), _codes(skip, catalogue)
    rules = []
    for check in catalogue:
        said = resolved.checks.get(check.code, CheckSettings())
        rule = _rule(check, said, resolved)
        if check.code in unwanted:
            rule = replace(rule, skipped="left out by --skip")
        elif wanted and check.code not in wanted:
            rule = replace(rule, skipped="not among --only")
        elif check.code in wanted:
            rule = replace(rule, skipped=None)  # asked for by name: runs though the profile leaves it out
        rules.append(rule)
    recipe = (resolved, frozenset(wanted), frozenset(unwanted), tuple(plugin_files))
    return Measure(resolved, tuple(rules), dict(catalogue.failed), recipe, plugin_files)


def _again(profile: Profile, only: Collection[str], skip: Collection[str], plugin_files: Iterable[Path]) -> Measure:
    return measure(profile, only=only, skip=skip, plugin_files=plugin_files)


def _rule(check: Check, said: CheckSettings, profile: Profile) -> Rule:
    settings = {
        name: _whole_setting(check, name, value) if isinstance(value, Part) else value
        for name, value in said.settings.items()
    }
    try:
        params = check.params.model_validate(settings)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in (check.code, *first["loc"]))
        if first["type"] == "extra_forbidden":
            whole = getattr(check.params(), str(first["loc"][0]), None)
            known = list(type(whole).model_fields if isinstance(whole, Params) else check.params.model_fields)
            unknown = str(first["loc"][-1])
            hint = did_you_mean(unknown, known) or f"{check.code} has {', '.join(known) or 'no settings'}."
            raise UsageError(f"{profile.name}: {where} is no setting.", hint) from error
        raise UsageError(f"{profile.name}: {where}: {first['msg'].removeprefix('Value error, ')}.") from error
    enabled = check.enabled and profile.others if said.enabled is None else said.enabled
    off = (
        None if enabled else "off in this profile" if said.enabled is False else "runs only where a profile asks for it"
    )
    if off and said.reason:
        off = f"{off}: {said.reason}"
    return Rule(check, params, said.severity or check.severity, said.severity is not None, said.reason, off)


def _whole_setting(check: Check, name: str, part: Part) -> Any:
    """A part of a setting laid over the rest of it: what the profile says, else the default."""
    if name not in check.params.model_fields:
        return dict(part)
    said = check.params() if part.over is None else check.params.model_validate({name: part.over})
    whole = getattr(said, name)
    return {**(whole.model_dump(exclude_none=True) if isinstance(whole, Params) else {}), **part}


def _codes(patterns: Collection[str], catalogue: Registry[Check]) -> set[str]:
    """The codes that patterns such as ``IMG101``, ``IMG*`` or ``low-resolution-image`` stand for."""
    found: set[str] = set()
    for pattern in patterns:
        hits = {c.code for c in catalogue if fnmatchcase(c.code, pattern.upper()) or c.name == pattern.lower()}
        if not hits:
            raise UsageError(f"There is no check {pattern!r}.", _near(pattern, catalogue))
        found |= hits
    return found


def _near(word: str, catalogue: Registry[Check]) -> str:
    return did_you_mean(word, [c.code for c in catalogue]) or "'makeready explain' lists every check."


def check(
    source: str | Path | bytes | BinaryIO | Source,
    profile: str | Path | Profile | Measure = preflight.DEFAULT_PROFILE,
    *,
    canvas: str | tuple[float, float] | Size | None = None,
    only: Collection[str] = (),
    skip: Collection[str] = (),
    settings: Iterable[str] = (),
    pages: Collection[int] | None = None,
    units: str = "mm",
    name: str | None = None,
    max_pixels: int | None = MAX_PIXELS,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Look at one file and say what will go wrong on press.

    Args:
        source: a path, the bytes of a file, or a binary stream.
        profile: what it is held against: a name, a TOML file, a ``Profile``, or a ``Measure`` made before.
        canvas: the printed size: ``"30x20in"``, a ``Size``, or (width, height) in inches.
        only, skip, settings: as for ``measure``.
        pages: page numbers to look at; all when left out.
        units: the unit of lengths in messages: ``mm``, ``in`` or ``pt``.
        name: what to call bytes and streams in the report.
        max_pixels: a raster with more pixels is refused before anything is decoded.
        progress: called with (pages done, pages in all).

    Returns:
        A report; a file that cannot be read gets one too, with verdict ``unreadable``.

    Raises:
        UsageError: the profile, a code, a setting or the canvas does not exist or fit.
    """
    if not isinstance(profile, Measure):
        profile = measure(profile, only=only, skip=skip, settings=settings)
    elif only or skip or settings:
        raise UsageError("A Measure is made already.", "Give only, skip and settings to makeready.measure().")
    held = profile
    source = source if isinstance(source, Source) else Source.of(source, name)
    size = as_size(canvas)
    started = time.perf_counter()
    report = inspect(
        source, canvas=size, pages=pages, needs=held.needs, profile=held.info, max_pixels=max_pixels, progress=progress
    )
    report = judge(replace(report, units=units), held)
    return replace(report, seconds=time.perf_counter() - started)


def judge(report: Report, held: Measure) -> Report:
    """Run every rule over the facts of a report; an unreadable file stays as it is."""
    facts = report.facts
    if facts is None:
        told = [replace(i, cures=fixes.cures(i.code, report.file.kind, held.plugin_files)) for i in report.issues]
        return replace(report, issues=tuple(told), failed_plugins=held.failed_plugins)
    issues: list[Issue] = []
    runs: list[CheckRun] = []
    for rule in held.rules:
        found, run = _run(rule, facts, report.units, held.plugin_files)
        issues.extend(found)
        runs.append(run)
    issues.sort(key=lambda issue: (-issue.severity.rank, issue.code, issue.page or 0))
    rated, reason = rate(facts, held.profile)
    return replace(
        report,
        profile=held.info,
        failed_plugins=held.failed_plugins,
        issues=tuple(issues),
        runs=tuple(runs),
        stars=rated,
        stars_reason=reason,
    )


def _run(rule: Rule, facts: Artwork, units: str, plugin_files: tuple[Path, ...]) -> tuple[list[Issue], CheckRun]:
    check = rule.check
    if rule.skipped is not None:
        return [], CheckRun(check.code, Outcome.SKIPPED, rule.skipped)
    if facts.kind not in check.kinds:
        return [], CheckRun(check.code, Outcome.SKIPPED, f"is for {' and '.join(check.kinds)} files")
    started = time.perf_counter()
    issues: list[Issue] = []
    skipped: str | None = None
    extra = (facts,) if check.wants_artwork else ()
    try:
        for fact in facts.each(check.on):
            try:
                issues.extend(
                    _issue(rule, fact, finding, facts, units, plugin_files)
                    for finding in check.run(fact, rule.params, *extra)
                )
            except Skip as skip:
                skipped = str(skip)
    except (Exception, SystemExit) as error:  # the check's door
        reason = f"{type(error).__name__}: {error}{_deepest_line(error.__traceback__)}"
        return [], CheckRun(check.code, Outcome.CRASHED, reason, time.perf_counter() - started)
    outcome = Outcome.FOUND if issues else Outcome.SKIPPED if skipped else Outcome.PASSED
    return issues, CheckRun(check.code, outcome, skipped, time.perf_counter() - started)


def _deepest_line(trace: Any) -> str:
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f" ({Path(trace.tb_frame.f_code.co_filename).name}, line {trace.tb_lineno})" if trace else ""


def _issue(
    rule: Rule, fact: Any, finding: Finding, facts: Artwork, units: str, plugin_files: tuple[Path, ...]
) -> Issue:
    check = rule.check
    number = finding.page if finding.page is not None else _page_of(fact)
    page = facts.page(number)
    rects = finding.places if finding.places is not None else _places_of(fact)
    places = tuple(_place(rect, page) for rect in rects)
    measured, limit = _words(finding.measured, finding.limit, units)
    words = {name: _word(value, units) for name, value in finding.details.items()}
    details = dict(finding.details)
    if len(check.gwg) == 1:
        details.setdefault("gwg", check.gwg[0])
    if details.get("gwg", "") is None:  # the check answers a requirement, this finding is about something else
        del details["gwg"]
    if rule.reason:
        details["reason"] = rule.reason
    severity = Severity(finding.level) if finding.level else rule.severity
    if rule.ceiling:
        severity = min(rule.severity, severity, key=lambda s: s.rank)
    return Issue(
        code=check.code,
        name=check.name,
        severity=severity,
        title=check.title,
        message=(finding.message or check.message).format(**words, measured=measured, limit=limit),
        page=number,
        place=places[0] if places else None,
        places=places,
        measured=finding.measured,
        limit=finding.limit,
        details=details,
        cures=fixes.cures(check.code, facts.kind, plugin_files),
    )


def _words(measured: Any, limit: Any, units: str) -> tuple[str, str]:
    if isinstance(measured, Quantity) and isinstance(limit, Quantity):
        return told_apart(measured, limit, None if isinstance(measured, PointSize) else units)
    return _word(measured, units), _word(limit, units)


def _word(value: Any, units: str) -> str:
    if isinstance(value, Size):
        return value.text(units)
    if isinstance(value, Length) and not isinstance(value, PointSize):
        return value.text(units)
    if isinstance(value, list | tuple):
        return ", ".join(_word(item, units) for item in value)
    return "" if value is None else str(value)


def _page_of(fact: Any) -> int | None:
    if isinstance(fact, Page):
        return fact.number
    page = getattr(fact, "page", None)
    return page if isinstance(page, int) else None


def _places_of(fact: Any) -> Iterable[Rect]:
    if isinstance(fact, Page):
        return () if fact.trim is None else (fact.trim,)
    places = getattr(fact, "places", None)
    if places is not None:
        return tuple(places)
    place = getattr(fact, "place", None)
    return () if place is None else (place,)


def _place(rect: Rect, page: Page | None) -> Place:
    pt = tuple(round(value, 3) for value in rect)
    mm = mm_from_trim(page, rect) if page is not None else None
    return Place((pt[0], pt[1], pt[2], pt[3]), None if mm is None else (mm[0], mm[1], mm[2], mm[3]))


def rate(facts: Artwork, profile: Profile) -> tuple[Stars | None, str | None]:
    """The stars of a file (its worst picture decides), or why there are none."""
    if profile.product.min_ppi is None:
        return None, f"the profile {profile.name} names no least ppi"
    ppis = [image.resolution for image in rated_images(facts) if image.resolution is not None]
    if not ppis:
        if facts.kind == "raster":
            return None, "its printed size is not known: give a canvas"
        return None, "it has no pictures to rate"
    return star_scale.rate(min(ppis), profile.product.min_ppi, profile.product.type), None


def rated_images(facts: Artwork) -> Iterator[PlacedImage]:
    """The pictures that count for stars: seen, continuous tone, and more than a speck."""
    for image in facts.each(PlacedImage):
        if image.counts and not image.line_art:
            yield image


def stars(
    width_px: int,
    height_px: int,
    canvas: str | tuple[float, float] | Size,
    product: str = "photo_on_canvas",
) -> Stars:
    """The DPI stars of a picture of so many pixels on a canvas.

    Args:
        width_px, height_px: of the picture as displayed.
        canvas: the printed size: ``"30x20in"``, a ``Size``, or (width, height) in inches.
        product: a profile that names a least ppi.

    Raises:
        UsageError: no such product, it names no least ppi, or the sizes do not fit.
    """
    profile = preflight.load_profile(product)
    if profile.product.min_ppi is None:
        named = ", ".join(p.name for p in preflight.product_profiles())
        raise UsageError(f"The profile {profile.name!r} names no least ppi.", f"These do: {named}.")
    size = as_size(canvas)
    if size is None:
        raise UsageError("Stars need a canvas.", "Write it as 30x20in.")
    return star_scale.of_pixels(width_px, height_px, size, profile.product.min_ppi, profile.product.type)
