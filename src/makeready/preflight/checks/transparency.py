"""Transparency: where colours are mixed by software and not by ink."""

from __future__ import annotations

from collections.abc import Iterator

from makeready.facts import Transparency
from makeready.params import Params, param
from makeready.registry import check
from makeready.results import Finding, Severity


class Live(Params):
    """Settings of TRN101."""

    alpha: bool = param(True, "Tell of opacity below 100 %.")
    blend_modes: bool = param(True, "Tell of blend modes other than Normal.")
    soft_masks: bool = param(True, "Tell of soft masks: feathered edges, shadows, cut-out pictures.")


@check(
    code="TRN101",
    name="transparency",
    title="Real transparency is used",
    on=Transparency,
    params=Live,
    message="{what} on {count}",
    severity=Severity.WARNING,
    enabled=False,
    kinds=("pdf",),
)
def transparency(use: Transparency, params: Live) -> Iterator[Finding]:
    """Shadows, glows and see-through colours are worked out by the RIP, and RIPs differ.

    ## What it looks at
    What is really used when the page is painted: opacity below 100 %, blend modes other than Normal, soft masks of
    groups and pictures. A transparency group that changes nothing, and settings that nothing is painted with, do
    not count.

    ## Why it matters on press
    PDF/X-1a and X-3 and older RIPs cannot print it. Where it must be flattened, that is best done where somebody
    can look at the result: spot colours under a shadow are the usual victim.

    ## What to do
    Export as PDF/X-4 if the press takes it, else flatten at high resolution with the press's profile.
    """
    wanted = {"alpha": params.alpha, "blend mode": params.blend_modes, "soft mask": params.soft_masks}
    if not wanted.get(use.kind, True):
        return
    named = {"alpha": f"opacity {use.value}", "blend mode": f"blend mode {use.value}", "soft mask": "a soft mask"}
    count = f"{use.count} {use.what}{'s' if use.count != 1 else ''}"
    yield Finding(details={"what": named.get(use.kind, use.kind), "count": count, "kind": use.kind, "value": use.value})
