"""What a request asks of a file beyond its profile, as a profile of its own that extends the named one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Literal

from makeready import engine, preflight
from makeready.engine import Measure, Rule
from makeready.errors import UsageError, did_you_mean
from makeready.facts import Artwork
from makeready.params import Params, param
from makeready.profile import CheckSettings, Fixing, Profile
from makeready.registry import check
from makeready.results import Finding, Severity
from makeready.units import Count

#: Printed in the report beside each issue that would not be there, or not be as bad, without it.
_REASON = "the request asks for it"
_KNOWN = ("requiredDpi", "requiredColorMode", "bleedMm")
_MODES = ("cmyk", "rgb", "gray")
#: What enlarges: fixes whose resolution is what pictures are to have.
_ENLARGING = ("upscale", "upscale_resolution_2x", "upscale_resolution_4x")


def measure(options: Mapping[str, Any]) -> Measure:
    """What a job's options hold a file against.

    Raises:
        UsageError: no such profile or demand, or a value that does not fit.
    """
    name = str(options.get("profile") or preflight.DEFAULT_PROFILE)
    if name not in preflight.profile_names():  # a path would be a file of this machine
        hint = did_you_mean(name, preflight.profile_names()) or ""
        raise UsageError(f"There is no profile {name!r}.", hint)
    profile = preflight.load_profile(name)
    wanted = {key: value for key, value in (options.get("requirements") or {}).items() if value is not None}
    for key in wanted:
        if key not in _KNOWN:
            raise UsageError(f"There is no requirement {key!r}.", did_you_mean(key, _KNOWN) or f"There is {_KNOWN}.")
    said = dict(_settings(wanted))
    ppi = options.get("targetDpi")
    fixing = profile.fixes
    if ppi is not None:
        to = f"{_amount(ppi, 'targetDpi', least=1):g} ppi"
        fixing = Fixing(settings={id: {"resolution": to} for id in _ENLARGING}).over(fixing)
    if wanted.get("bleedMm"):
        fixing = Fixing(settings={"add_bleed": {"bleed": f"{float(wanted['bleedMm']):g} mm"}}).over(fixing)
    if not said and ppi is None:
        return engine.measure(profile)
    checks = {
        **profile.checks,
        **{code: one.over(profile.checks.get(code, CheckSettings())) for code, one in said.items()},
    }
    held = engine.measure(_extended(profile, checks, fixing, bool(said)))
    mode = str(wanted.get("requiredColorMode", "")).lower()
    if mode not in ("rgb", "gray"):
        return held
    # A sheet of its own: this question is asked by requests only.
    settings = ColourMode.model_validate({"mode": mode})
    return replace(held, rules=(*held.rules, Rule(other_colour, settings, Severity.ERROR, reason=_REASON)))


def _extended(profile: Profile, checks: Mapping[str, CheckSettings], fixing: Fixing, other: bool) -> Profile:
    if not other:
        return replace(profile, fixes=fixing)
    return replace(
        profile,
        name=f"{profile.name}+request",
        title=f"{profile.title}, and what the request asks for",
        extends=(profile.name, *profile.extends),
        checks=checks,
        fixes=fixing,
    )


def _settings(wanted: Mapping[str, Any]) -> Iterator[tuple[str, CheckSettings]]:
    def asked(**settings: Any) -> CheckSettings:
        return CheckSettings(enabled=True, severity=Severity.ERROR, settings=settings, reason=_REASON)

    off = CheckSettings(enabled=False, reason=_REASON)
    if "requiredDpi" in wanted:
        ppi = _amount(wanted["requiredDpi"], "requiredDpi", least=1)
        yield "IMG101", asked(resolution={"error": f"{ppi:g} ppi"})
    if "requiredColorMode" in wanted:
        mode = str(wanted["requiredColorMode"]).lower()
        if mode not in _MODES:
            raise UsageError(
                f"There is no colour mode {mode!r}.", did_you_mean(mode, _MODES) or "There is cmyk, rgb and gray."
            )
        yield "COL101", asked(images=True, others=True, binding="early") if mode == "cmyk" else off
    if "bleedMm" in wanted:
        bleed = _amount(wanted["bleedMm"], "bleedMm", least=0)
        yield "BOX102", asked(bleed={"error": f"{bleed:g} mm"}) if bleed else off
        if not bleed:
            yield "BOX103", off


def _amount(value: Any, name: str, *, least: float) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{name} cannot be {value!r}.", "Give a number.") from error
    if not (math.isfinite(number) and number >= least):
        raise UsageError(f"{name} cannot be {number:g}.", f"Give {least:g} or more.")
    return number


class ColourMode(Params):
    """Settings of REQ101."""

    mode: Literal["rgb", "gray"] = param("rgb", "The one kind of colour that is wanted.")


_WHAT = {"rgb": "RGB", "gray": "gray", "cmyk": "CMYK", "lab": "Lab", "spot": "spot colour"}


@check(
    code="REQ101",
    name="other-colour-mode",
    title="A colour is of another kind than the request asks for",
    on=Artwork,
    params=ColourMode,
    message="{count} in {found}; {wanted} is asked for",
    enabled=False,
    source="the service",
)
def other_colour(artwork: Artwork, params: ColourMode) -> Iterator[Finding]:
    """The receiver wants one kind of colour, and this is another.

    ## What it looks at
    Pictures, text, vectors and shadings, by the kind of their colour; one issue for each kind on each page. Gray counts
    as RGB too.

    ## Why it matters on press
    Whoever asks for RGB or gray converts to the inks of the press himself, and expects no other colours.

    ## What to do
    Export in the colours that are asked for, from the original.
    """
    wanted = {"gray", params.mode}
    found: dict[tuple[int, str], int] = {}
    for paint in artwork.paints:
        model = paint.colour.model
        if model not in wanted and model in _WHAT and not paint.slug:
            found[paint.page, model] = found.get((paint.page, model), 0) + paint.count
    for (page, model), number in found.items():
        details = {
            "count": f"{number} object{'s' * (number > 1)}",
            "found": _WHAT[model],
            "wanted": _WHAT[params.mode],
            "objects": number,
        }
        yield Finding(Count(number), details=details, page=page)
