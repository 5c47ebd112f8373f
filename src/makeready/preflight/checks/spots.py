"""Spot colours: which there are, and whether two of them are one."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from makeready.facts import Artwork, Ink
from makeready.params import Level, Params, param
from makeready.registry import check
from makeready.results import Finding, Severity
from makeready.spot_names import TECHNICAL, is_technical, plain, stem

#: How far two recipes may differ and still be called one: half a step of 8 bit, and of Lab half a unit.
_SAME, _SAME_LAB = 0.002, 0.5


class Twins(Params):
    """Settings of COL105."""

    suffixes: Level = param("warning", "How bad names are that differ by the finish only (R0021).")
    names: Level = param("error", "How bad names are that differ by case, white space or Unicode form only (R0022).")
    alike: Level = param("warning", "How bad spots are that look the same in the file under different names (R0023).")
    technical: tuple[str, ...] = param(
        TECHNICAL, "Words in the names of spots that are no inks, and are shown in any colour that is seen well."
    )


@check(
    code="COL105",
    name="spot-twins",
    title="Two spot colours may be meant as one",
    on=Artwork,
    params=Twins,
    message="{names} differ by {how}",
    severity=Severity.WARNING,
    kinds=("pdf",),
    gwg=("R0021", "R0022", "R0023"),
)
def spot_twins(artwork: Artwork, params: Twins) -> Iterator[Finding]:
    """Every name is a plate: two names for one ink are two plates.

    ## What it looks at
    Spot colours that are painted and whose names differ only by the finish (PANTONE 185 C and 185 U; GWG 2022,
    R0021), by case, white space or Unicode form (R0022), or that are shown with the same colour at full tint under
    two names (R0023). Cutting, varnish and the like are left out of the last: any colour that is seen well will do
    for them.

    ## Why it matters on press
    The job comes out with one plate too many. What was meant as one ink is printed with two, or the second one is
    left off together with all that was painted in it.

    ## What to do
    Merge the swatches in the layout program, or map one spot to the other in the ink manager.
    """
    spots = [ink for ink in artwork.inks if ink.spot]
    written: dict[str, list[Ink]] = {}
    for ink in spots:
        written.setdefault(plain(ink.name), []).append(ink)
    stems: dict[str, list[Ink]] = {}
    for inks in written.values():
        stems.setdefault(stem(inks[0].name), []).append(inks[0])
        if len(inks) > 1 and params.names != "off":
            yield _finding(inks, "case, white space or Unicode form only", params.names, "R0022", artwork)
    for inks in stems.values():
        if len(inks) > 1 and params.suffixes != "off":
            yield _finding(inks, "the finish only", params.suffixes, "R0021", artwork)
    if params.alike != "off":
        # Twins by name are told already; of each such family one stands for all.
        yield from _alike([inks[0] for inks in stems.values()], params, artwork)


def _alike(spots: list[Ink], params: Twins, artwork: Artwork) -> Iterator[Finding]:
    inks = [ink for ink in spots if not is_technical(ink.name, params.technical)]
    groups: list[list[Ink]] = []
    for ink in inks:
        for group in groups:
            if _same_recipe(group[0], ink):
                group.append(ink)
                break
        else:
            groups.append([ink])
    for group in groups:
        if len(group) > 1:
            yield _finding(group, "name only: they look the same", params.alike, "R0023", artwork)


def _same_recipe(a: Ink, b: Ink) -> bool:
    if a.alternate is None or b.alternate is None or a.alternate[0] != b.alternate[0]:
        return False
    (space, first), (_, second) = a.alternate, b.alternate
    slack = _SAME_LAB if space == "Lab" else _SAME
    return len(first) == len(second) and all(abs(x - y) <= slack for x, y in zip(first, second, strict=True))


def _finding(inks: list[Ink], how: str, level: Level, gwg: str, artwork: Artwork) -> Finding:
    names = [ink.name for ink in inks]
    page = min(itertools.chain.from_iterable(ink.pages for ink in inks), default=None)
    places = tuple(
        place
        for paint in artwork.paints
        if paint.page == page and not paint.slug and any(name in names for name, _ in paint.colour.inks)
        for place in paint.places
    )
    details = {"names": _listed(names), "how": how, "pages": {ink.name: list(ink.pages) for ink in inks}, "gwg": gwg}
    return Finding(details=details, level=level, page=page, places=places)


def _listed(names: list[str]) -> str:
    """``"A" and "B"``, in quotes: a blank may be all the difference."""
    quoted = [f'"{name}"' for name in names]
    return f"{', '.join(quoted[:-1])} and {quoted[-1]}"
