"""The colour map in the HTML report: which kinds of colour the pages hold, and frames to be switched on.

There is no script in the report: a ticked box shows the frames of its kind by a rule of the style sheet, which
has rules for ``KINDS`` kinds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from makeready.facts import Artwork, Paint, Rect
from makeready.report.markup import Markup, many, tag

#: Kinds with frames of their own; more spot colours are counted and named together.
KINDS = 12
#: Frames of one kind on one page.
FRAMES_OF_A_KIND = 40

_PROCESS = frozenset(("Cyan", "Magenta", "Yellow", "Black"))
_NAMES = {"gray": "Gray", "rgb": "RGB", "cmyk": "CMYK", "lab": "Lab"}
_ORDER = ("RGB", "Lab", "CMYK", "Gray")
_NOUNS = {"text": "text", "vector": "vectors", "image": "pictures", "shading": "shadings"}
#: Masks and notes on the screen leave no colour on paper.
_NOT_PRINTED = frozenset(("soft mask group", "annotation that does not print"))


@dataclass
class ColourKind:
    """One kind of colour: how often it is painted, by what, and where."""

    name: str
    #: Its place in the list, which the style sheet knows it by.
    at: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    places: dict[int, list[Rect]] = field(default_factory=dict)


def colour_kinds(facts: Artwork) -> tuple[ColourKind, ...]:
    """What is painted within the bleed, by kind: RGB first, as it most often is the fault; spots by name, last."""
    kinds: dict[str, ColourKind] = {}
    for paint in facts.paints:
        if paint.slug or paint.within in _NOT_PRINTED:
            continue
        for name in _names(paint):
            kind = kinds.setdefault(name, ColourKind(name))
            kind.counts[paint.what] += paint.count
            kind.places.setdefault(paint.page, []).extend(paint.places)
    spots = sorted(name for name in kinds if name not in _ORDER)
    ordered = [kinds[name] for name in (*_ORDER, *spots) if name in kinds]
    for at, kind in enumerate(ordered):
        kind.at = min(at, KINDS - 1)
    return tuple(ordered)


def _names(paint: Paint) -> Iterator[str]:
    """The kinds a paint belongs to; a mixture of several spots belongs to each."""
    colour = paint.colour
    if colour.model in _NAMES:
        yield _NAMES[colour.model]
    if colour.model != "spot":  # a pattern is no colour; what its cell paints is counted for itself
        return
    spots = [name for name, _ in colour.inks if name not in _PROCESS and name != "None"]
    yield from dict.fromkeys(spots or ["CMYK"])


def colour_switches(kinds: tuple[ColourKind, ...], at: str) -> Markup:
    """A box to tick for each kind, folded away until somebody asks."""
    if not kinds:
        return Markup()
    return tag(
        "details",
        tag("summary", "Colour map"),
        tag("p", "Tick a kind of colour to frame where it is painted.", cls="note"),
        tag("ul", many(_switch(kind, f"{at}c{n}") for n, kind in enumerate(kinds))),
        cls="colours",
    )


def _switch(kind: ColourKind, anchor: str) -> Markup:
    told = ", ".join(f"{_NOUNS.get(what, what)} {count:,}" for what, count in kind.counts.most_common())
    return tag(
        "li",
        tag(
            "label",
            tag("input", type="checkbox", id=anchor, cls=f"pick k{kind.at}", autocomplete="off"),
            tag("i", cls=f"swatch k{kind.at}"),
            tag("bdi", kind.name),
            tag("small", told),
        ),
    )
