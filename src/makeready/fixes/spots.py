"""Spots: those that are one made one, those that have no plate made of process inks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import field_validator

from makeready import press
from makeready.changes import Change, Refusal, Safety, Stage
from makeready.facts import Artwork
from makeready.fixes.colour import OWN
from makeready.fixes.job import Job
from makeready.params import Params, param
from makeready.registry import fix
from makeready.spot_names import TECHNICAL, is_technical, plain, stem
from makeready.units import Count

if TYPE_CHECKING:
    from makeready.pdf.mend.recolour import Recoloured
    from makeready.pdf.mend.spots import Mix


class MergeSpots(Params):
    """Settings of merge_spots."""

    finishes: bool = param(True, "Merge names that differ only by the finish, such as PANTONE 185 C and 185 U.")
    stays: tuple[str, ...] = param((), "Names that stay where there is a choice; else the one that is used most.")


@fix(
    id="merge_spots",
    title="Give spots that are meant as one the same name",
    stage=Stage.COLOUR,
    safety=Safety.REVIEW,
    cures=("COL105",),
    kinds=("pdf",),
    params=MergeSpots,
    seconds_per_page=0.1,
)
def merge_spots(job: Job, params: MergeSpots) -> Iterator[Change]:
    """Two names for one ink become one name, and one plate.

    ## What changes
    Spots whose names differ by case, blanks, Unicode form or, in the PANTONE and HKS books, the finish alone: all of
    them take the name of the one that is painted with most often, and are shown on screens as that one is. In text,
    lines, shapes, pictures, gradients, patterns and mixtures with other inks.

    ## What stays exactly as it was
    All tints: on the press every object prints from one plate as much as it did from two. Spots that look alike and
    have different names. Soft masks, which never print.

    ## When not to use it
    Where both are really printed: PANTONE 185 C on the cover and 185 U inside, in one file. Set finishes to false then.
    """
    from makeready.pdf.mend import intent, spots

    counts = _uses(job.facts)
    families: dict[str, list[str]] = {}
    for name in counts:
        families.setdefault(stem(name) if params.finishes else plain(name), []).append(name)
    renamed: dict[str, str] = {}
    for names in families.values():
        stays = next((name for name in params.stays if name in names), max(names, key=lambda name: counts[name]))
        renamed |= {name: stays for name in names if name != stays}
    if not renamed:
        return
    to = intent.press_of(job.pdf.pdf) or press.load(press.DEFAULT)
    done = spots.change(job.pdf, job.facts, spots.Wishes(renamed=renamed), to)
    said = {name: f'"{name}" is now "{stays}"' for name, stays in renamed.items()}
    yield from _told(job.facts, done, said, {"before": sorted(renamed), "after": renamed})


class MapSpots(Params):
    """Settings of map_spots."""

    number: Count = param(
        0, "The most spots that may stay; those that are used least become process inks first.", like="COL104.number"
    )
    keep: tuple[str, ...] = param((), "Spots that stay and do not count, such as a varnish.", like="COL104.allowed")
    technical: tuple[str, ...] = param(
        TECHNICAL, "Words in the names of spots that are no inks, such as die lines: they stay."
    )
    table: dict[str, str] = param(
        {},
        'Process inks of a full tint in percent, by name, as in {"PANTONE 185 C": "0 91 76 0"}; of others, what the '
        "file says that they look like.",
    )
    press: str = param(
        OWN,
        f"For spots that are shown with other colours than CMYK, the press: {OWN} (the one that the output intent "
        f"names, else {press.DEFAULT}), one of {', '.join(press.names())}, or the path of an ICC output profile.",
    )

    @field_validator("table", mode="before")
    @classmethod
    def _as_written(cls, value: Any) -> Any:
        """``PANTONE 185 C = 0 91 76 0; Gold = 20 35 85 15`` is a table."""
        if not isinstance(value, str):
            return value
        rows = [row.partition("=") for row in value.split(";") if row.strip()]
        return {name.strip(): inks.strip() for name, _, inks in rows}

    @field_validator("table", mode="after")
    @classmethod
    def _are_inks(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        for name, inks in value.items():
            _mix(name, inks)
        return value


def _mix(name: str, inks: str) -> Mix:
    """Four percentages, from 0 to 1."""
    try:
        cyan, magenta, yellow, black = (float(part.rstrip("%")) / 100 for part in inks.replace(",", " ").split())
    except ValueError:
        raise ValueError(f"{name} = {inks!r} is no mixture: write four percentages, such as 0 91 76 0") from None
    if not all(0 <= part <= 1 for part in (cyan, magenta, yellow, black)):
        raise ValueError(f"{name} = {inks!r} is no mixture: each ink is between 0 and 100 %")
    return cyan, magenta, yellow, black


@fix(
    id="map_spots",
    title="Make process inks of spots that have no plate",
    stage=Stage.COLOUR,
    safety=Safety.REVIEW,
    cures=("COL104",),
    kinds=("pdf",),
    params=MapSpots,
    rank=1,
    seconds_per_page=0.1,
    seconds_per_megapixel=0.1,
)
def map_spots(job: Job, params: MapSpots) -> Iterator[Change]:
    """Spots become cyan, magenta, yellow and black, as the file shows them on a screen or as a table says.

    ## What changes
    Text, lines, shapes, pictures, gradients, patterns and palettes in spots: tint by tint, by what the file says that
    the spot looks like, converted to the press where that is no CMYK (an output intent is set then, if the file has
    none); or by a table. Mixtures of spots and process
    inks: the process inks stay, what stands for the spot is added, up to a full plate. What overprints may look
    different afterwards, as process inks share their plates; the change counts such objects.

    ## What stays exactly as it was
    Spots that are kept by name or by number, die lines, varnishes and the like (told by the words in their names, or
    by a layer that says which processing step it is for and has the spot to itself, ISO 19593-1), registration
    colour, process inks, and what paints nothing (None). Text stays text. Soft masks, which never print.

    ## When not to use it
    Where the spot is outside of what process inks can show, such as orange, metallic or fluorescent colours: ask for
    the extra plate. Small text and thin lines in a spot print from several plates afterwards, and may get ghosts.
    """
    from makeready.pdf.mend import intent, spots

    counts = _uses(job.facts)
    named = {name: _mix(name, inks) for name, inks in params.table.items()}
    steps = spots.of_steps(job.pdf, job.facts) if any(layer.step_group for layer in job.facts.layers) else set()
    able = [
        name
        for name in counts
        if name in named or not (name in params.keep or name in steps or is_technical(name, params.technical))
    ]
    able.sort(key=lambda name: (name not in named, counts[name], name))
    going = able[: max(len(able) - int(params.number), sum(name in named for name in able))]
    if not going:
        return
    to = intent.press_of(job.pdf.pdf) or press.load(press.DEFAULT) if params.press == OWN else press.load(params.press)
    solids = spots.full_tints(job.pdf, job.facts, to) | named
    process = {name: named.get(name) for name in going}
    done = spots.change(job.pdf, job.facts, spots.Wishes(process=process), to)
    shown = {name: " ".join(f"{100 * part:.0f}" for part in solids[name]) for name in going if name in solids}
    said = {name: f'"{name}" is now {inks} of C M Y K' for name, inks in shown.items()}
    overprinting: Counter[int] = Counter()
    for paint in job.facts.paints:
        if paint.colour.overprint and any(ink in process for ink, _ in paint.colour.inks):
            overprinting[paint.page] += paint.count
    yield from _told(job.facts, done, said, {"before": sorted(going), "after": shown}, overprinting)
    alternates = {ink.alternate[0] for ink in job.facts.inks if ink.alternate and process.get(ink.name, ()) is None}
    # Colours that were worked out for a press mean nothing without its name.
    if done.counts and alternates - {"DeviceCMYK"} and (text := intent.ensure(job.pdf.pdf, to)):
        yield Change(text, details={"after": to.condition})


def _uses(artwork: Artwork) -> dict[str, int]:
    """How many objects are painted with each spot."""
    counts = {ink.name: 0 for ink in artwork.inks if ink.spot}
    for paint in artwork.paints:
        for name in {name for name, _ in paint.colour.inks} & counts.keys():
            counts[name] += paint.count
    return counts


def _told(
    artwork: Artwork,
    done: Recoloured,
    said: Mapping[str, str],
    details: Mapping[str, Any],
    overprinting: Mapping[int, int] | None = None,
) -> Iterator[Change]:
    """One change a page: what became of the spots that are painted there."""
    if not done.counts and done.left:
        reasons = [f"page {page}: {why}" for page, found in sorted(done.left.items()) for why in found]
        raise Refusal(f"none of its spots can be changed: {'; '.join(reasons[:4])}")
    pages = {ink.name: ink.pages for ink in artwork.inks}
    for number in sorted(done.counts):
        counts, left = dict(done.counts[number]), done.left.get(number, [])
        words = ", ".join(f"{count} {what if count != 1 else what[:-1]}" for what, count in sorted(counts.items()))
        spots = "; ".join(text for name, text in said.items() if number in pages.get(name, ()))
        over = (overprinting or {}).get(number, 0)
        look = f"; {over} of them overprint{'s' if over == 1 else ''}: look at what is below" if over else ""
        rest = f"; left as it was: {'; '.join(left)}" if left else ""
        more = {**details, "counts": counts, "left": left, "overprint": over}
        yield Change(f"{spots} ({words}){look}{rest}", number, details=more)
