"""Overprint: what is printed on top of what is below, and what knocks it out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from makeready.facts import PLACES_KEPT, Artwork, Colour, Paint, Rect, Stroke, TextRun
from makeready.params import Level, Params, param
from makeready.preflight.checks.colour import counted
from makeready.registry import check
from makeready.results import Finding, Severity
from makeready.units import Count, PointSize, below

#: What a colorant of this name paints: nothing (ISO 32000-1, 8.6.6.4).
_PAINTS_NOTHING = ("Separation None", "DeviceN None")


def pure_black(colour: Colour | None) -> str | None:
    """``black ink`` for CMYK 0001 and Separation Black 1, ``gray`` for DeviceGray 0, else ``None``.

    DeviceN with no colorant but Black is the same plate as Separation Black.
    """
    if colour is None or not colour.values:
        return None
    if colour.family == "DeviceGray":
        return "gray" if colour.values == (0,) else None
    if colour.family == "DeviceCMYK":
        return "black ink" if colour.values == (0, 0, 0, 1) else None
    return "black ink" if colour.space.split(" ", 1)[-1] == "Black" and colour.values == (1,) else None


def overprints(colour: Colour) -> bool:
    """Whether what is below stays: in DeviceCMYK, mode 0 lays its zeros over the other inks all the same."""
    return colour.overprint and (colour.family != "DeviceCMYK" or colour.overprint_mode == 1)


def _printed(fact: TextRun | Stroke | Paint) -> bool:
    return not fact.slug


class WhiteOverprint(Params):
    """Settings of OVP101."""

    text: Level = param("error", "How bad white text is that overprints (GWG 2022, R0007).")
    paths: Level = param("error", "How bad white lines and shapes are that overprint (GWG 2022, R0008).")


@check(
    code="OVP101",
    name="white-overprint",
    title="White is set to overprint",
    on=Artwork,
    params=WhiteOverprint,
    message="{count} in white set to overprint: {fate}",
    kinds=("pdf",),
    gwg=("R0007", "R0008"),
)
def white_overprint(artwork: Artwork, params: WhiteOverprint) -> Iterator[Finding]:
    """White ink does not exist: white that overprints prints nothing at all.

    ## What it looks at
    Text (GWG 2022, R0007) and lines, shapes and stencils (R0008) whose colour leaves no ink, and whose overprint is
    on: CMYK 0 0 0 0, a tint of 0, DeviceN with all its colorants at 0, DeviceGray 1. RGB white and the colorant None
    are left alone, and so is what lies outside of the bleed.

    ## Why it matters on press
    What overprints leaves what is below it as it is, and white adds nothing to it: on the screen the word is there,
    in print it is gone. It happens when black text that was set to overprint is made white later.

    ## What to do
    Switch overprint off for these objects in the layout, or let the prepress system knock white out always.
    """
    levels = {"text": (params.text, "R0007"), "vector": (params.paths, "R0008")}
    found: dict[tuple[int, str, bool], list[Paint]] = {}
    for paint in artwork.paints:
        colour = paint.colour
        if paint.what not in levels or not _printed(paint) or not colour.overprint or not colour.white:
            continue
        if colour.model in ("rgb", "lab") or colour.space in _PAINTS_NOTHING:
            continue
        # Zeros of device colour are written over the other inks unless mode 1 is on (ISO 32000-1, 8.6.7); many
        # RIPs take gray as the black plate alone, and ICC colour as device colour.
        gone = colour.model == "spot" or (colour.family == "DeviceCMYK" and colour.overprint_mode == 1)
        found.setdefault((paint.page, paint.what, gone), []).append(paint)
    for (page, what, gone), paints in found.items():
        level, gwg = levels[what]
        number = sum(paint.count for paint in paints)
        fate = "it will vanish" if gone else "whether it vanishes depends on the RIP"
        details = {"count": counted(number, what), "fate": fate, "objects": number, "gwg": gwg}
        if level != "off":
            yield Finding(Count(number), None, level, details, page=page, places=_places(paints))


class BlackKnocksOut(Params):
    """Settings of OVP102."""

    text: PointSize = param("12 pt", "Black text smaller than this must overprint (GWG 2022, R0009 and R0011).")
    lines: PointSize = param("2 pt", "Black lines thinner than this must overprint (GWG 2022, R0010 and R0012).")
    level: Level = param("warning", "How bad it is in CMYK 0 0 0 1 and in the black ink (R0009 and R0010).")
    gray: Level = param("warning", "How bad it is in DeviceGray 0 (R0011 and R0012).")
    on_paper: bool = param(False, "Tell of black on bare paper as well, as GWG does: nothing is knocked out there.")


_BLACK_RULES = {
    ("black ink", "text"): "R0009",
    ("black ink", "line"): "R0010",
    ("gray", "text"): "R0011",
    ("gray", "line"): "R0012",
}


@check(
    code="OVP102",
    name="black-knocks-out",
    title="Small black text or thin black lines knock out what is below",
    on=Artwork,
    params=BlackKnocksOut,
    message="{count} in {colour} without overprint; black {what} below {limit} must overprint",
    severity=Severity.WARNING,
    enabled=False,
    kinds=("pdf",),
    gwg=("R0009", "R0010", "R0011", "R0012"),
)
def black_knocks_out(artwork: Artwork, params: BlackKnocksOut) -> Iterator[Finding]:
    """Small black type belongs on top of its background, not in a hole of its own shape.

    ## What it looks at
    Text and lines in 100 % black that do not overprint: text below 12 pt in CMYK 0 0 0 1 or the ink Black (GWG 2022,
    R0009) or DeviceGray 0 (R0011), lines below 2 pt in the same (R0010 and R0012). Thin filled shapes count as
    lines. In DeviceCMYK, overprint takes effect only with overprint mode 1 (ISO 32000-1, 8.6.7). What lies outside of
    the bleed is left alone, and so is black where no other ink is painted: on pages in black alone, and where the
    places of all that is coloured are known and none of them meets the black. In GWG 2022 colour and size alone
    decide; set `on_paper` for that.

    ## Why it matters on press
    Where the plates are off by a tenth of a millimetre, black letters that knock out get a white rim on one side.

    ## What to do
    Set 100 % black to overprint in the layout; most programs do so by default for the swatch called Black.
    """
    found: dict[tuple[int, str, str], list[TextRun | Stroke]] = {}
    for run in artwork.texts:
        if run.rendering in ("fill", "stroke") and _printed(run) and below(run.size, params.text):
            _note_black(found, run, "text")
    for stroke in artwork.strokes:
        if stroke.within != "type 3 glyph" and _printed(stroke) and below(stroke.width, params.lines):
            _note_black(found, stroke, "line")
    for (page, black, what), noted in found.items():
        facts = noted if params.on_paper else _on_colour(noted, artwork, page)
        if not facts:
            continue
        level = params.gray if black == "gray" else params.level
        if level == "off":
            continue
        number = sum(fact.count for fact in facts)
        sizes = [fact.size if isinstance(fact, TextRun) else fact.width for fact in facts]
        details = {
            "count": counted(number, "text") if what == "text" else f"{number} line{'s' if number != 1 else ''}",
            "colour": "DeviceGray 0" if black == "gray" else "100 % black",
            "what": "text" if what == "text" else "lines",
            "objects": number,
            "gwg": _BLACK_RULES[black, what],
        }
        limit = params.text if what == "text" else params.lines
        yield Finding(min(sizes), limit, level, details, page=page, places=_places(facts))


def _note_black(found: dict[tuple[int, str, str], list[TextRun | Stroke]], fact: TextRun | Stroke, what: str) -> None:
    black = pure_black(fact.colour)
    if black and fact.colour and not overprints(fact.colour):
        found.setdefault((fact.page, black, what), []).append(fact)


def _on_colour(facts: list[TextRun | Stroke], artwork: Artwork, page: int) -> list[TextRun | Stroke]:
    """What may lie on another ink than black, as far as places are known."""
    coloured = [
        paint for paint in artwork.paints if paint.page == page and _printed(paint) and _in_colour(paint.colour)
    ]
    if not coloured:
        return []
    if not all(_all_placed(paint) for paint in coloured):
        return facts
    areas = [place for paint in coloured for place in paint.places]
    found: list[TextRun | Stroke] = []
    for fact in facts:
        if not _all_placed(fact):
            found.append(fact)
        elif touching := tuple(place for place in fact.places if any(place.touches(area) for area in areas)):
            found.append(replace(fact, count=min(fact.count, len(touching)), places=touching))
    return found


def _in_colour(colour: Colour) -> bool:
    """Whether it leaves another ink than black, or may do so."""
    inks = {ink for ink, amount in colour.inks if amount > 0}
    return not colour.white and (not inks or inks != {"Black"})


def _all_placed(fact: TextRun | Stroke | Paint) -> bool:
    """Whether all places of a row are kept, and are where it is seen: patterns and glyphs are drawn elsewhere."""
    return fact.within not in ("pattern", "type 3 glyph") and fact.count <= len(fact.places) < PLACES_KEPT


class GrayOverprint(Params):
    """Settings of OVP103."""

    text: PointSize = param("12 pt", "Pure black text smaller than this may overprint.")
    lines: PointSize = param("2 pt", "Pure black lines thinner than this may overprint.")
    rgb: bool = param(True, "Tell of RGB that is set to overprint as well.")


@check(
    code="OVP103",
    name="gray-overprint",
    title="Gray or RGB is set to overprint",
    on=Artwork,
    params=GrayOverprint,
    message="{count} in {spaces} set to overprint: what comes out depends on the RIP",
    severity=Severity.WARNING,
    kinds=("pdf",),
    gwg=("R0013",),
)
def gray_overprint(artwork: Artwork, params: GrayOverprint) -> Iterator[Finding]:
    """Overprint is made for inks; what gray and RGB do with it is anybody's guess.

    ## What it looks at
    Text, lines, shapes, pictures and shadings in DeviceGray (GWG 2022, R0013) or RGB whose overprint is on. White in
    DeviceGray is told of by OVP101. Pure black text below 12 pt and lines below 2 pt in DeviceGray are fine: they have
    to overprint (GWG 2022, R0011 and R0012). What lies outside of the bleed is left alone.

    ## Why it matters on press
    PDF says that DeviceGray and RGB replace all process inks, overprint or not (ISO 32000-1, table 149). Many RIPs
    turn gray into the black plate first, and then it does overprint: a gray box that covers a picture on the screen
    lies on top of it in print.

    ## What to do
    Set the object in CMYK with black ink only if it is to overprint; else switch overprint off.
    """
    found: dict[tuple[int, str, str], list[tuple[int, tuple[Rect, ...], Colour]]] = {}
    for paint in artwork.paints:
        colour = paint.colour
        kind = "rgb" if colour.model == "rgb" and params.rgb else "gray" if colour.family == "DeviceGray" else None
        told = kind == "gray" and colour.white  # by OVP101
        if kind is None or told or not colour.overprint or not _printed(paint):
            continue
        allowed = _may_overprint(paint, artwork, params)
        count, places = paint.count - sum(fact.count for fact in allowed), paint.places
        if allowed:
            fine = {place for fact in allowed for place in fact.places}
            places = tuple(place for place in places if place not in fine)
        if count > 0:
            found.setdefault((paint.page, paint.what, kind), []).append((count, places, colour))
    for (page, what, kind), rows in found.items():
        number = sum(count for count, _, _ in rows)
        details = {
            "count": counted(number, what),
            "spaces": ", ".join(sorted({colour.space for _, _, colour in rows})),
            "objects": number,
            "gwg": "R0013" if kind == "gray" else None,
        }
        places = tuple(place for _, places, _ in rows for place in places)
        yield Finding(Count(number), details=details, page=page, places=places)


def _may_overprint(paint: Paint, artwork: Artwork, params: GrayOverprint) -> list[TextRun | Stroke]:
    """The small black text or thin black lines among what a row of paint counts."""
    if pure_black(paint.colour) != "gray" or paint.what not in ("text", "vector"):
        return []
    facts: Iterable[TextRun | Stroke] = artwork.texts if paint.what == "text" else artwork.strokes
    return [fact for fact in facts if _same_paint(fact, paint) and _small(fact, params)]


def _same_paint(fact: TextRun | Stroke, paint: Paint) -> bool:
    same_layer = (fact.page, fact.within, fact.slug) == (paint.page, paint.within, paint.slug)
    return same_layer and fact.colour == paint.colour


def _small(fact: TextRun | Stroke, params: GrayOverprint) -> bool:
    return below(fact.size, params.text) if isinstance(fact, TextRun) else below(fact.width, params.lines)


def _places(facts: Iterable[TextRun | Stroke | Paint]) -> tuple[Rect, ...]:
    return tuple(place for fact in facts for place in fact.places)
