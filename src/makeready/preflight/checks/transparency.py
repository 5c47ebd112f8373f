"""Transparency: where colours are mixed by software and not by ink."""

from __future__ import annotations

from collections.abc import Iterator

from makeready.facts import Artwork, BlendSpace, Transparency
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


class Blending(Params):
    """Settings of TRN102."""

    allowed: tuple[str, ...] = param(("cmyk",), "Kinds of colour that suit the press: gray, rgb, cmyk.")
    always: bool = param(False, "Judge the space that a page names even where nothing on it is transparent.")


@check(
    code="TRN102",
    name="blend-space",
    title="Transparency is mixed in a colour space that does not suit the press",
    on=BlendSpace,
    params=Blending,
    message="{who} {space}; the press wants {wanted}",
    enabled=False,
    kinds=("pdf",),
    gwg=("R0030",),
)
def blend_space(blend: BlendSpace, params: Blending, artwork: Artwork) -> Iterator[Finding]:
    """Two colours that shine through each other give another colour in RGB than in CMYK.

    ## What it looks at
    The colour space that a page's own transparency group names, and those of isolated groups inside of it, on pages
    where something is transparent (GWG 2022, R0030; ISO 32000-1, 11.6.6). A page that names none is mixed in its output
    intent's, groups that name none in that of the page. Soft masks mix in a space of their own and do not count.

    ## Why it matters on press
    Everything below a shadow is turned into the blend space and back: black text comes out of RGB in four colours,
    and CMYK tints change wherever the transparency happens to reach.

    ## What to do
    Set the transparency blend space to the document's CMYK in the layout program and export again.
    """
    if blend.model in params.allowed:
        return
    if not params.always and not any(use.page == blend.page for use in artwork.transparencies):
        return
    groups = f"{blend.count} groups mix" if blend.count > 1 else "1 group mixes"
    details = {
        "who": "the page mixes transparency in" if blend.where == "page" else f"{groups} transparency in",
        "space": blend.space,
        "wanted": " or ".join(model.upper() if model != "gray" else model for model in params.allowed),
    }
    yield Finding(details=details | {"where": blend.where})
