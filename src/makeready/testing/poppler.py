"""A second opinion: what poppler's tools say about a PDF, held against our facts.

``pdfimages -list``, ``pdffonts`` and ``pdfinfo -box`` print tables for people. Here they become rows, and
:func:`compare` says where they and our facts disagree.
"""

from __future__ import annotations

import math
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from makeready.facts import ObjectId

#: pdfinfo prints two decimals; a hundredth is one unit of its last digit.
BOX_TOLERANCE = 0.01
#: pdfimages prints whole ppi.
PPI_TOLERANCE = 1.0
#: Poppler's picture lister does not walk these, so rows that only we have may lie there.
UNSEEN_BY_POPPLER = ("pattern", "type 3 glyph", "soft mask group")
BOXES = ("media", "crop", "bleed", "trim", "art")


@dataclass(frozen=True, slots=True)
class ImageRow:
    """A row of ``pdfimages -list``. ``object`` is ``None`` for an inline picture; ``ppi`` when it is not known."""

    page: int
    number: int
    type: str
    width: int
    height: int
    colour: str
    components: int | None
    bits: int | None
    encoding: str
    interpolate: bool
    object: tuple[int, int] | None
    ppi_x: float | None
    ppi_y: float | None


@dataclass(frozen=True, slots=True)
class FontRow:
    """A row of ``pdffonts``. ``name`` is ``None`` where the PDF gives none."""

    name: str | None
    type: str
    encoding: str
    embedded: bool
    subset: bool
    to_unicode: bool
    object: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class PageRow:
    """What ``pdfinfo -box`` says about a page: every box has a value, defaults included."""

    number: int
    rotate: int
    boxes: Mapping[str, tuple[float, float, float, float]]


# A colour may have two letters or a dash, components and bits too; sizes come last and are read from the end.
_IMAGE = re.compile(
    r"\s*(?P<page>\d+)\s+(?P<number>\d+)\s+(?P<type>\S+)\s+(?P<width>\d+)\s+(?P<height>\d+)\s+(?P<colour>\S+)"
    r"\s+(?P<components>\d+|-)\s+(?P<bits>\d+|-)\s+(?P<encoding>\S+)\s+(?P<interpolate>yes|no)"
    r"\s+(?:(?P<object>\d+)\s+(?P<generation>\d+)|\[(?:inline|none)\])\s+(?P<x>\S+)\s+(?P<y>\S+)"
)
# Names and types contain blanks, so the line is read from its right end, where nothing does.
_FONT = re.compile(
    r"(?P<encoding>\S+)\s+(?P<embedded>yes|no)\s+(?P<subset>yes|no)\s+(?P<unicode>yes|no)"
    r"\s+(?:(?P<object>\d+)\s+(?P<generation>\d+)|\[none\])\s*$"
)
#: The words pdffonts has for the kinds of fonts (poppler, utils/pdffonts.cc), longest first.
FONT_TYPES = (
    "CID Type 0C (OT)", "CID TrueType (OT)", "CID TrueType", "CID Type 0C", "CID Type 0", "TrueType (OT)",
    "Type 1C (OT)", "TrueType", "Type 1C", "Type 1", "Type 3", "unknown",
)  # fmt: skip
_SIZE = re.compile(r"Page\s+(\d+) rot:\s+(-?\d+)")
_BOX = re.compile(r"Page\s+(\d+) (Media|Crop|Bleed|Trim|Art)Box:\s+(\S+)\s+(\S+)\s+(\S+)\s+(\S+)")


def images(path: str | Path) -> list[ImageRow]:
    """The pictures of a PDF, as ``pdfimages -list`` has them."""
    return parse_images(_ask("pdfimages", "-list", path))


def fonts(path: str | Path) -> list[FontRow]:
    """The fonts of a PDF, as ``pdffonts`` has them."""
    return parse_fonts(_ask("pdffonts", path))


def pages(path: str | Path) -> list[PageRow]:
    """The page boxes of a PDF, as ``pdfinfo -box`` has them."""
    # pdfinfo stops at the last page by itself; the number only has to be large enough.
    return parse_pages(_ask("pdfinfo", "-box", "-f", 1, "-l", 1_000_000, path))


def parse_images(text: str) -> list[ImageRow]:
    """Read the table that ``pdfimages -list`` prints.

    Raises:
        ValueError: a line below the heading is not a row.
    """
    rows = []
    for line in _below_rule(text):
        match = _IMAGE.match(line)
        if match is None:
            raise ValueError(f"not a row of pdfimages -list: {line!r}")
        found = match.groupdict()
        rows.append(
            ImageRow(
                int(found["page"]), int(found["number"]), found["type"], int(found["width"]), int(found["height"]),
                found["colour"], _whole(found["components"]), _whole(found["bits"]), found["encoding"],
                found["interpolate"] == "yes", _object(found), _number(found["x"]), _number(found["y"]),
            )
        )  # fmt: skip
    return rows


def parse_fonts(text: str) -> list[FontRow]:
    """Read the table that ``pdffonts`` prints.

    Raises:
        ValueError: a line below the heading is not a row.
    """
    rows = []
    for line in _below_rule(text):
        match = _FONT.search(line)
        before = line[: match.start()].rstrip() if match else ""
        kind = next((word for word in FONT_TYPES if before.endswith(word)), None)
        if match is None or kind is None:
            raise ValueError(f"not a row of pdffonts: {line!r}")
        found = match.groupdict()
        name = before.removesuffix(kind).strip()
        yes = {key: found[key] == "yes" for key in ("embedded", "subset", "unicode")}
        rows.append(
            FontRow(
                None if name in ("[none]", "") else name, kind, found["encoding"], yes["embedded"], yes["subset"],
                yes["unicode"], _object(found),
            )
        )  # fmt: skip
    return rows


def parse_pages(text: str) -> list[PageRow]:
    """Read the boxes and rotations that ``pdfinfo -box -f 1 -l N`` prints."""
    rotations = {int(number): int(turn) for number, turn in _SIZE.findall(text)}
    boxes: dict[int, dict[str, tuple[float, float, float, float]]] = defaultdict(dict)
    for number, name, *edges in _BOX.findall(text):
        x0, y0, x1, y1 = (float(edge) for edge in edges)
        boxes[int(number)][name.lower()] = (x0, y0, x1, y1)
    return [PageRow(number, rotations.get(number, 0), boxes[number]) for number in sorted(boxes)]


@dataclass
class Comparison:
    """Where poppler and our facts agree and where they do not; every disagreement is a line of text."""

    path: str
    image_rows: int = 0
    only_poppler: list[str] = field(default_factory=list)
    only_ours: list[str] = field(default_factory=list)
    #: Pictures and fonts of ours that lie where poppler does not look: not counted either way.
    set_apart: list[str] = field(default_factory=list)
    fonts_compared: int = 0
    fonts_wrong: list[str] = field(default_factory=list)
    boxes_compared: int = 0
    boxes_wrong: list[str] = field(default_factory=list)
    #: Why the file could not be compared at all.
    trouble: str | None = None

    @property
    def rows(self) -> int:
        """Picture rows in question: agreed, only poppler's, only ours."""
        return self.image_rows + len(self.only_poppler) + len(self.only_ours)

    @property
    def disagreements(self) -> list[str]:
        """All of them, pictures first."""
        trouble = [self.trouble] if self.trouble else []
        return [*trouble, *self.only_poppler, *self.only_ours, *self.fonts_wrong, *self.boxes_wrong]

    @property
    def agreed(self) -> bool:
        """Whether there is nothing to say."""
        return not self.disagreements


def compare(facts: Mapping[str, Any], path: str | Path) -> Comparison:
    """Hold the ``facts`` of a report (its JSON form) against what poppler says about the file.

    Raises:
        subprocess.CalledProcessError: poppler cannot read the file.
        FileNotFoundError: poppler is not installed.
    """
    result = Comparison(str(path))
    compare_images(result, facts, images(path), out_of_sight(path))
    compare_fonts(result, facts, fonts(path))
    compare_boxes(result, facts, pages(path))
    return result


def out_of_sight(path: str | Path) -> frozenset[ObjectId]:
    """The picture objects that patterns and Type 3 glyphs of a file can paint: poppler's lister walks neither.

    Read from the file and not from our facts, so that an excuse does not come from the accused. A file that can
    only be read by mending it has no such list; every difference then counts.
    """
    import pikepdf

    found: set[ObjectId] = set()
    seen: set[ObjectId] = set()

    def walk(holder: pikepdf.Object) -> None:
        resources = holder.get("/Resources")
        pictures = resources.get("/XObject") if isinstance(resources, pikepdf.Dictionary) else None
        for item in pictures.values() if isinstance(pictures, pikepdf.Dictionary) else ():
            if not isinstance(item, pikepdf.Stream) or item.objgen in seen:
                continue
            seen.add(item.objgen)
            if item.get("/Subtype") == "/Image":
                found.add(item.objgen)
            else:
                walk(item)

    try:
        with pikepdf.open(path) as pdf:
            for item in pdf.objects:
                if isinstance(item, pikepdf.Stream | pikepdf.Dictionary) and (
                    item.get("/PatternType") == 1 or item.get("/Subtype") == "/Type3"
                ):
                    walk(item)
    except pikepdf.PdfError:
        return frozenset()
    return frozenset(found)


def compare_images(
    result: Comparison, facts: Mapping[str, Any], rows: Iterable[ImageRow], hidden: Set[ObjectId] = frozenset()
) -> None:
    """Pair pictures page by page: same pixels, same ppi on both axes; each picture pairs once.

    Poppler measures in user space units, ours are real points, so its numbers are divided by UserUnit. Rows of
    the type ``smask`` are left out, as our facts do: a soft mask is a property of the picture that carries it.
    ``hidden`` are the objects of :func:`out_of_sight`.
    """

    def unseen(image: Mapping[str, Any]) -> bool:
        known = image.get("object") is not None and tuple(image["object"]) in hidden
        return known or image.get("within") in UNSEEN_BY_POPPLER

    units = {page["number"]: page.get("user_unit") or 1.0 for page in facts["pages"]}
    ours: dict[tuple[int, int, int], list[Mapping[str, Any]]] = defaultdict(list)
    for image in facts["images"]:
        ours[image["page"], image["width_px"], image["height_px"]].append(image)
    for row in rows:
        if row.type == "smask" or (units and row.page not in units):
            continue
        unit = units.get(row.page, 1.0)
        candidates = ours[row.page, row.width, row.height]
        near = [image for image in candidates if _difference(image, row, unit) <= 1]
        if near:
            # Of pictures that are alike, those that poppler surely walks first; then the nearest, as pictures of the
            # same pixels may be placed at almost the same size.
            candidates.remove(min(near, key=lambda image: (unseen(image), _difference(image, row, unit))))
            result.image_rows += 1
        else:
            x, y = (None if ppi is None else ppi / unit for ppi in (row.ppi_x, row.ppi_y))
            place = "inline" if row.object is None else f"object {row.object[0]}"
            result.only_poppler.append(
                f"page {row.page}: only poppler has {row.type} {row.width}×{row.height} px at {x}×{y} ppi, {place}"
            )
    for (page, width, height), left in sorted(ours.items()):
        for image in left:
            within = image.get("within")
            line = f"page {page}: only ours has {image.get('name') or 'inline'} {width}×{height} px at "
            line += f"{_ppi(image['ppi_x'])}×{_ppi(image['ppi_y'])} ppi" + (f", within {within}" if within else "")
            (result.set_apart if unseen(image) else result.only_ours).append(line)


def compare_fonts(result: Comparison, facts: Mapping[str, Any], rows: Iterable[FontRow]) -> None:
    """For every font we say is painted: does poppler say the same about a font file being there?

    Fonts pair by object number, else by name. A font that poppler does not list cannot be compared; it is set
    apart.
    """
    rows = list(rows)
    by_object = {row.object: row for row in rows if row.object is not None}
    by_name: dict[str | None, list[FontRow]] = defaultdict(list)
    for row in rows:
        by_name[row.name].append(row)
    for font in facts["fonts"]:
        if not font["pages"]:
            continue
        key = tuple(font["object"]) if font["object"] else None
        match = by_object.get(key) if key is not None else None
        candidates = [match] if match is not None else by_name.get(font["name"], [])
        if not candidates:
            result.set_apart.append(f"font {font['name'] or '[none]'}: not among poppler's")
            continue
        result.fonts_compared += 1
        if all(row.embedded is not font["embedded"] for row in candidates):
            ours, theirs = ("embedded" if yes else "not embedded" for yes in (font["embedded"], candidates[0].embedded))
            result.fonts_wrong.append(f"font {font['name'] or '[none]'}: {ours}, poppler says {theirs}")


def compare_boxes(result: Comparison, facts: Mapping[str, Any], rows: Iterable[PageRow]) -> None:
    """Compare the boxes after giving ours the defaults that poppler prints for absent ones."""
    ours = {page["number"]: page for page in facts["pages"]}
    for row in rows:
        page = ours.get(row.number)
        if page is None:
            continue
        mine = with_defaults(page["boxes"])
        for name in BOXES:
            result.boxes_compared += 1
            here, there = mine[name], row.boxes.get(name)
            if there is None or any(abs(a - b) > BOX_TOLERANCE for a, b in zip(here, there, strict=True)):
                result.boxes_wrong.append(
                    f"page {row.number}: {name} box is {_edges(here)}, poppler says {_edges(there)}"
                )


def with_defaults(boxes: Mapping[str, Any]) -> dict[str, tuple[float, ...]]:
    """The five boxes as poppler has them: edges in order, absent ones filled in, all inside the MediaBox.

    Crop defaults to media, the rest to crop (ISO 32000-1, 14.11.2). A CropBox wider or higher than the MediaBox
    counts as the MediaBox on that axis, wherever it lies. Four zeros count as no box; no MediaBox as Letter.
    """
    media = _ordered(boxes.get("media")) or (0, 0, 612, 792)
    crop = list(_ordered(boxes.get("crop")) or media)
    for low in (0, 1):
        if crop[low + 2] - crop[low] > media[low + 2] - media[low]:
            crop[low], crop[low + 2] = media[low], media[low + 2]
    full = {"media": media, "crop": tuple(crop)}
    full |= {name: _ordered(boxes.get(name)) or full["crop"] for name in ("bleed", "trim", "art")}
    return {name: _clipped(box, media) for name, box in full.items()}


def _ordered(box: Any) -> tuple[float, ...] | None:
    if box is None or not any(box):
        return None
    return (min(box[0], box[2]), min(box[1], box[3]), max(box[0], box[2]), max(box[1], box[3]))


def _clipped(box: tuple[float, ...], by: tuple[float, ...]) -> tuple[float, ...]:
    """Every edge moved to the nearest place inside ``by``."""
    return tuple(min(max(edge, by[i % 2]), by[i % 2 + 2]) for i, edge in enumerate(box))


def _difference(image: Mapping[str, Any], row: ImageRow, unit: float) -> float:
    """How far apart the resolutions are, the worse axis, in tolerances: up to 1 is the same."""
    worst = 0.0
    for ours, theirs in ((_ppi(image["ppi_x"]), row.ppi_x), (_ppi(image["ppi_y"]), row.ppi_y)):
        if ours is None or theirs is None:  # no size on the page: poppler prints inf or nan
            worst = max(worst, 0.0 if ours is theirs else math.inf)
        else:
            worst = max(worst, abs(ours * unit - theirs) / PPI_TOLERANCE)
    return round(worst, 6)


def _ppi(value: Any) -> float | None:
    """Resolution as a bare number, or as the quantity it is in reports."""
    number = value["value"] if isinstance(value, Mapping) else value
    return None if number is None else float(number)


def _below_rule(text: str) -> list[str]:
    """The lines of a table below the rule under its heading."""
    lines = text.splitlines()
    rule = next((i for i, line in enumerate(lines) if line.startswith("---")), None)
    return [] if rule is None else [line for line in lines[rule + 1 :] if line.strip()]


def _object(found: Mapping[str, str | None]) -> tuple[int, int] | None:
    number, generation = found["object"], found["generation"]
    return None if number is None or generation is None else (int(number), int(generation))


def _whole(text: str) -> int | None:
    return None if text == "-" else int(text)


def _number(text: str) -> float | None:
    """A number, or ``None`` for a dash, ``inf`` and ``nan``."""
    return float(text) if re.fullmatch(r"-?[\d.]+(?:e[+-]?\d+)?", text) else None


def _edges(box: Any) -> str:
    return "absent" if box is None else " ".join(f"{edge:.2f}" for edge in box)


def _ask(tool: str, *arguments: object) -> str:
    """Run a poppler tool; names that are not UTF-8 come through as replacement characters."""
    command = [tool, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, check=True, timeout=300)
    return done.stdout.decode("utf-8", "replace")
