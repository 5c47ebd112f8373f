"""Colour: is it of the kind the press prints, does it say what it means, and which inks does it take."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal

from makeready.facts import Artwork, Colour, EmbeddedProfile, Ink, OutputIntent, Paint, Rect, Stroke
from makeready.params import AtMost, Params, param
from makeready.registry import check
from makeready.results import Finding, Severity
from makeready.units import Count

#: The colorants of the process, and the one that means every plate (ISO 32000-1, 8.6.6.4).
PROCESS_INKS = ("Cyan", "Magenta", "Yellow", "Black")
REGISTRATION = "All"
_WORDS = {"image": "pictures", "vector": "vector objects", "text": "text runs", "shading": "shadings"}
_ONE = {"image": "picture", "vector": "vector object", "text": "text run", "shading": "shading"}


def counted(number: int, what: str) -> str:
    """``1 picture``, ``3 text runs``."""
    return f"{number} {_ONE[what] if number == 1 else _WORDS[what]}"


def several_inks(colour: Colour | None) -> str | None:
    """``3 inks`` where a colour takes more than one, ``every ink`` for registration, else ``None``."""
    inks = colour.inks if colour is not None else ()
    if any(name == "All" for name, _ in inks):
        return "every ink"
    return f"{len(inks)} inks" if len(inks) > 1 else None


class Rgb(Params):
    """Settings of COL101."""

    images: bool = param(True, "Count pictures; switch off where the press converts them (late binding).")
    others: bool = param(True, "Count text, vectors and shadings.")
    binding: Literal["early", "intermediate", "late"] = param(
        "early", "When RGB becomes CMYK: before the file is made, or after; then only RGB without a profile is wrong."
    )


#: The requirement of GWG 2022 by when colour is converted.
_BINDING = {"early": "R0027", "intermediate": "R0028", "late": "R0029"}


@check(
    code="COL101",
    name="rgb-colour",
    title="RGB colour in a product that is printed with CMYK",
    on=Artwork,
    params=Rgb,
    message="{count} in RGB{spaces}",
    gwg=("R0027", "R0028", "R0029"),
)
def rgb_colour(artwork: Artwork, params: Rgb) -> Iterator[Finding]:
    """Screens mix light, presses mix ink.

    ## What it looks at
    Pictures, text, vectors and shadings painted in DeviceRGB, CalRGB or an RGB ICC profile, also as the base of an
    Indexed space; one issue for each kind of object on each page. With early binding any RGB is wrong (GWG 2022,
    R0027). With intermediate and late binding (R0028, R0029) the press converts, and only RGB that does not say
    what it means is wrong: DeviceRGB without a DefaultRGB and without an RGB output intent.

    ## Why it matters on press
    RGB is converted at the last moment by whoever comes last. Black text turns into four colours, and bright
    greens, oranges and blues come out duller than on the screen.

    ## What to do
    Convert to the press's CMYK profile while somebody can still look at the result; keep black text black only.
    """
    found: dict[tuple[int, str], list[Paint]] = {}
    early = params.binding == "early"
    explained = not early and "rgb" in {_model(intent) for intent in artwork.output_intents}
    for paint in artwork.paints:
        if (
            paint.colour.model == "rgb"
            and not paint.slug
            and (params.images if paint.what == "image" else params.others)
            and (early or (not explained and _family(paint.colour) == "DeviceRGB"))
        ):
            found.setdefault((paint.page, paint.what), []).append(paint)
    for (page, what), paints in found.items():
        number = sum(paint.count for paint in paints)
        spaces = sorted({paint.colour.space for paint in paints} - {"RGB"})
        details = {
            "count": counted(number, what),
            "spaces": f" ({', '.join(spaces)})" if spaces else "",
            "objects": number,
            "gwg": _BINDING[params.binding],
        }
        told = None if early else "{count} in RGB without a profile or RGB output intent{spaces}"
        yield Finding(Count(number), details=details, page=page, places=_places(paints), message=told)


def _family(colour: Colour) -> str:
    """The family of a colour, ``ICCBased`` with its model; behind an Indexed space, that of its base."""
    return colour.space.removeprefix("Indexed ")


def _places(paints: list[Paint]) -> tuple[Rect, ...]:
    return tuple(place for paint in paints for place in paint.places)


@check(
    code="COL102",
    name="untagged-colour",
    title="A colour does not say which RGB, CMYK or gray it means",
    on=Artwork,
    message="{count} in {spaces} without a profile{or_intent}",
    severity=Severity.WARNING,
)
def untagged_colour(artwork: Artwork, params: Params) -> Iterator[Finding]:
    """A recipe of 70 % cyan tastes different in every kitchen.

    ## What it looks at
    Colour in DeviceRGB, DeviceCMYK or DeviceGray, in a PDF without an output intent for that kind of colour; in a
    raster file, an RGB or CMYK picture without an embedded ICC profile. Colour that a page's DefaultGray, DefaultRGB or
    DefaultCMYK gives a meaning, gray that a CMYK output intent covers, and
    gray raster files, pass.

    ## Why it matters on press
    Without a profile somebody guesses. A CMYK picture separated for newsprint and printed on coated stock looks
    thin; the other way round it fills in.

    ## What to do
    Export as PDF/X with the output intent of the press, or embed the profile in the picture.
    """
    if artwork.kind == "raster":
        for paint in artwork.paints:
            if paint.colour.family in ("DeviceRGB", "DeviceCMYK"):
                untagged = {
                    "count": counted(paint.count, paint.what),
                    "spaces": paint.colour.model.upper(),
                    "or_intent": "",
                }
                yield Finding(details=untagged, page=paint.page, places=())
        return
    intended = {_model(intent) for intent in artwork.output_intents}
    # A CMYK press prints gray with its black ink, so its intent covers gray as well (ISO 15930-7, 6.2.4).
    covered = intended | ({"gray"} if "cmyk" in intended else set())
    found: dict[tuple[str, str], list[Paint]] = {}
    for paint in artwork.paints:
        # Device colour behind an Indexed space is device colour all the same.
        family = paint.colour.family.removeprefix("Indexed ")
        device = family in ("DeviceRGB", "DeviceCMYK", "DeviceGray")
        if device and not paint.slug and paint.colour.model not in covered:
            found.setdefault((family, paint.what), []).append(paint)
    for (family, what), paints in found.items():
        number, pages = sum(paint.count for paint in paints), sorted({paint.page for paint in paints})
        first = [paint for paint in paints if paint.page == pages[0]]
        details: dict[str, Any] = {
            "count": counted(number, what) + (f" on {len(pages)} pages" if len(pages) > 1 else ""),
            "spaces": family, "or_intent": " or output intent", "pages": pages,
        }  # fmt: skip
        yield Finding(Count(number), details=details, page=pages[0], places=_places(first))


def _model(intent: OutputIntent) -> str:
    """The kind of colour an output intent is for; one that only names a condition is for CMYK.

    The registries of characterised printing conditions hold CMYK presses (ISO 15930-7, 6.2.2).
    """
    if intent.profile is None or intent.profile.colour_space is None:
        return "cmyk"
    return intent.profile.colour_space.lower()


class PressProfile(Params):
    """Settings of COL103."""

    conditions: tuple[str, ...] = param(
        (), "Output conditions or profile names that are right for the press, such as FOGRA51; empty accepts all."
    )
    colour_space: Literal["any", "CMYK", "RGB", "Gray"] = param("any", "The kind of colour the press prints with.")


@check(
    code="COL103",
    name="wrong-profile",
    title="An ICC profile is damaged, of the wrong kind, or not the press's",
    on=Artwork,
    params=PressProfile,
    message="{what}",
    severity=Severity.WARNING,
    gwg=("R0035",),
)
def wrong_profile(artwork: Artwork, params: PressProfile) -> Iterator[Finding]:
    """A profile that does not fit is worse than none.

    ## What it looks at
    Output intents: the profile can be read, is of class output ("prtr"), of the press's kind of colour (GWG 2022,
    R0035), and of a condition the profile of the product accepts. Profiles of pictures and colours: they can be
    read, their class may be used for colour (no device links or named colours), and their channels are as many
    as the colour has. Raster files: the embedded profile is of the picture's kind of colour.

    ## Why it matters on press
    A profile for another colour model or with missing tables is ignored by one RIP and trusted by the next.

    ## What to do
    Assign the right profile in the program that made the picture; export with the output intent of the press.
    """
    for intent in artwork.output_intents:
        yield from _intent(intent, params)
    raster = artwork.raster
    if raster is None:
        for embedded in artwork.profiles:
            for finding in _embedded(embedded):
                yield replace(finding, details={**finding.details, "gwg": None})
    elif raster.icc is not None:
        icc = raster.icc
        if icc.damage:
            yield Finding(details={"what": f"the embedded ICC profile is damaged: {icc.damage}", "gwg": None})
        elif icc.colour_space and icc.colour_space.lower() != raster.colour_model.lower():
            model = raster.colour_model.upper()
            what = f"the picture is {model}, its profile ({icc.description}) is for {icc.colour_space}"
            yield Finding(details={"what": what, "gwg": None}, level="error")


def _intent(intent: OutputIntent, params: PressProfile) -> Iterator[Finding]:
    icc, named = intent.profile, intent.condition or intent.info or "without a name"
    if icc is not None and icc.damage:
        yield Finding(
            details={"what": f"the output intent's profile ({named}) is damaged: {icc.damage}"}, level="error"
        )
        return
    if icc is not None and icc.device_class not in (None, "output"):
        what = f"the output intent {named} holds a profile of class {icc.device_class}, not of an output device"
        yield Finding(details={"what": what}, level="error")
    if icc is not None and params.colour_space != "any" and icc.colour_space not in (None, params.colour_space):
        what = f"the output intent {named} is for {icc.colour_space}; the press prints {params.colour_space}"
        yield Finding(details={"what": what}, level="error")
    names = [name for name in (intent.condition, intent.info, icc.description if icc else None) if name]
    if params.conditions and not any(_same(wanted, name) for wanted in params.conditions for name in names):
        what = f"the output intent is {named}; the press wants {' or '.join(params.conditions)}"
        yield Finding(details={"what": what, "gwg": None})


def _same(wanted: str, name: str) -> bool:
    """``FOGRA39`` fits ``Coated FOGRA39 (ISO 12647-2:2004)`` and ``FOGRA39L``."""
    return wanted.lower().replace(" ", "") in name.lower().replace(" ", "")


_CHANNELS = {"Gray": 1, "RGB": 3, "Lab": 3, "CMYK": 4}


def _embedded(embedded: EmbeddedProfile) -> Iterator[Finding]:
    icc = embedded.profile
    who = f"the profile of a {embedded.used_by} ({icc.description or 'without a name'})"
    if icc.damage:
        yield Finding(details={"what": f"{who} is damaged: {icc.damage}"})
        return
    if icc.device_class in ("link", "abstract", "named colour"):
        yield Finding(
            details={"what": f"{who} is of class {icc.device_class}, which cannot describe a colour"}, level="error"
        )
    channels = _CHANNELS.get(icc.colour_space or "")
    if channels and embedded.channels and channels != embedded.channels:
        what = f"{who} is for {icc.colour_space}, the colour has {embedded.channels} channel(s)"
        yield Finding(details={"what": what}, level="error")


class Spots(Params):
    """Settings of COL104."""

    number: AtMost[Count] = param({"error": 0}, "The most spot colours that may be painted.")
    allowed: tuple[str, ...] = param((), "Names that do not count, such as a varnish or the die line.")


@check(
    code="COL104",
    name="spot-colours",
    title="More spot colours than the product is printed with",
    on=Artwork,
    params=Spots,
    message="{measured} spot colour(s): {names}; {limit} allowed",
    enabled=False,
    kinds=("pdf",),
    gwg=("R0020",),
)
def spot_colours(artwork: Artwork, params: Spots) -> Iterator[Finding]:
    """Every spot colour is one more plate, one more ink, one more washing of the press.

    ## What it looks at
    The spot colours that are painted (GWG 2022, R0020). A spot that is only declared does not count; spots named
    Cyan, Magenta, Yellow or Black are process inks; All is registration and None paints nothing.

    ## Why it matters on press
    An unexpected separation is printed on a plate of its own or thrown away: with it goes what was painted in it.

    ## What to do
    Convert the spot to process colours in the layout program, or order the extra ink.
    """
    spots: list[Ink] = [ink for ink in artwork.inks if ink.spot and ink.name not in params.allowed]
    if graded := params.number.grade(Count(len(spots))):
        names = [ink.name for ink in spots]
        pages = {ink.name: list(ink.pages) for ink in spots}
        yield Finding(Count(len(spots)), graded.limit, graded.level, {"names": names, "pages": pages})


@check(
    code="COL106",
    name="registration-colour",
    title="Artwork is painted in registration colour",
    on=Artwork,
    message="{count} in {colour}",
    severity=Severity.WARNING,
    kinds=("pdf",),
    gwg=("R0024",),
)
def registration_colour(artwork: Artwork, params: Params) -> Iterator[Finding]:
    """The colour of crop marks is printed by every plate, and is for crop marks only.

    ## What it looks at
    What is painted inside the bleed in the colorant All, or in 100 % of Cyan, Magenta, Yellow and Black (GWG 2022,
    R0024). Marks are left alone: what lies in the slug, and what reaches from there over the edge of the bleed.

    ## Why it matters on press
    400 % ink and every spot on top of it: it does not dry, sets off on the next sheet, and the least
    misregister gives it coloured edges.

    ## What to do
    Use black (100 % K) for text and lines, and the press's own rich black for areas.
    """
    found: dict[tuple[int, str, str], list[tuple[Paint, tuple[Rect, ...]]]] = {}
    for paint in artwork.paints:
        colour = registration(paint.colour)
        if colour is None or paint.slug or paint.within == "soft mask group":
            continue
        inside = not_marks(paint, artwork)
        if inside:
            found.setdefault((paint.page, paint.what, colour), []).append((paint, inside))
    for (page, what, colour), rows in found.items():
        # Of a row that holds marks as well, only the places that are known to lie inside are told.
        number = sum(len(inside) if len(inside) < len(paint.places) else paint.count for paint, inside in rows)
        details = {"count": counted(number, what), "colour": colour, "objects": number}
        places = tuple(place for _, inside in rows for place in inside)
        yield Finding(Count(number), details=details, page=page, places=places)


def registration(colour: Colour) -> str | None:
    """What makes it registration colour, if anything does."""
    amounts = dict(colour.inks)
    if amounts.get(REGISTRATION, 0.0) > 0:
        return "registration colour (All)"
    # A row of several colours has no values: its inks are the most of each, and were never together.
    if colour.values and all(amounts.get(ink, 0.0) >= 1 for ink in PROCESS_INKS):
        return "100 % of all four process inks"
    return None


def not_marks(paint: Paint | Stroke, artwork: Artwork) -> tuple[Rect, ...]:
    """The places that lie inside the bleed; those that reach into the slug are marks round the page."""
    page = artwork.page(paint.page)
    if page is None or page.boxes.trim is None or page.bleed is None:
        return paint.places
    return tuple(place for place in paint.places if page.bleed.contains(place))


class Families(Params):
    """Settings of COL107."""

    families: tuple[str, ...] = param(
        ("Lab", "CalRGB", "CalGray"),
        "Families of colour spaces that are forbidden, such as Lab, CalRGB, DeviceRGB, ICCBased or ICCBased CMYK.",
    )


@check(
    code="COL107",
    name="lab-or-cal-colour",
    title="A colour space is used that the product does not take",
    on=Artwork,
    params=Families,
    message="{count} in {family}",
    enabled=False,
    kinds=("pdf",),
)
def lab_or_cal_colour(artwork: Artwork, params: Families) -> Iterator[Finding]:
    """Colour that is not made of ink has to be converted by somebody.

    ## What it looks at
    The families of the colour spaces that are painted with, also as the base of an Indexed space (ISO 32000-1,
    8.6); one issue for each page and forbidden family. The alternate spaces of spots do not count: nothing is
    painted in them on a press that has the ink.

    ## Why it matters on press
    Presses and older RIPs that expect CMYK convert Lab and calibrated colour each in a way of its own, and
    PDF/X-1a forbids it (ISO 15930-1).

    ## What to do
    Convert to the CMYK of the press while exporting.
    """
    forbidden = {family.casefold(): family for family in params.families}
    found: dict[tuple[int, str], list[Paint]] = {}
    for paint in artwork.paints:
        space = _family(paint.colour)
        named = forbidden.get(space.casefold()) or forbidden.get(space.split(" ")[0].casefold())
        if named and not paint.slug and paint.within != "soft mask group":
            found.setdefault((paint.page, space if space.startswith(named) else named), []).append(paint)
    for (page, family), paints in found.items():
        kinds: dict[str, int] = {}
        for paint in paints:
            kinds[paint.what] = kinds.get(paint.what, 0) + paint.count
        details = {
            "count": " and ".join(counted(number, what) for what, number in kinds.items()),
            "family": family,
            "objects": sum(kinds.values()),
        }
        yield Finding(Count(sum(kinds.values())), details=details, page=page, places=_places(paints))
