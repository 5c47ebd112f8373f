"""What PDF/X forbids taken out, and what it asks of the structure put right (ISO 15930-4:2003, ISO 15930-7:2010)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pikepdf import Array, Dictionary, Name, Pdf, Stream

from makeready.facts import Rect
from makeready.pdf.mend import active
from makeready.pdf.mend import layers as optional
from makeready.pdf.mend.recolour import Recipe
from makeready.pdf.mend.spots import shown_in_process
from makeready.pdf.mend.streams import Scope
from makeready.pdf.mend.xmp import Standard
from makeready.press import Press

_RENDERING_INTENTS = ("/AbsoluteColorimetric", "/RelativeColorimetric", "/Saturation", "/Perceptual")
_BOX_PREFERENCES = ("/ViewArea", "/ViewClip", "/PrintArea", "/PrintClip")
_DEVICE_DEFAULTS = ("/DefaultGray", "/DefaultRGB", "/DefaultCMYK")


def reachable(pdf: Pdf) -> Iterator[Any]:
    """Every dictionary and stream that the file has a use for."""
    met: set[tuple[int, int]] = set()
    waiting: list[Any] = [pdf.Root]
    while waiting:
        thing = waiting.pop()
        if thing.is_indirect:
            if thing.objgen in met:
                continue
            met.add(thing.objgen)
        if isinstance(thing, Dictionary | Stream):
            yield thing
            parts = [value for _, value in thing.items()]
        else:
            parts = list(thing)
        waiting += [part for part in parts if isinstance(part, Array | Dictionary | Stream)]


def clean(pdf: Pdf, standard: Standard) -> Counter[str]:
    """Take out what the standard forbids; how many of what.

    Of transparency only what nothing is painted with may be left in the file.
    """
    old = standard == "PDF/X-1a"
    gone: Counter[str] = Counter()
    for thing in reachable(pdf):
        states: Any = thing.get("/ExtGState")
        own = isinstance(states, Dictionary) and thing.get("/PatternType") == 2  # of a shading pattern, not a table
        for state in [states] if own else _dictionaries(states):
            _state(state, gone, old)
        if isinstance(thing, Stream):
            _object(thing, gone, old)
        if old:
            spaces = thing.get("/ColorSpace")
            for key in _DEVICE_DEFAULTS if isinstance(spaces, Dictionary) else ():
                gone["default colour spaces"] += _drop(spaces, key)
    for page in pdf.pages:
        gone["output intents of pages"] += _drop(page.obj, "/OutputIntents")
        if old and isinstance(page.obj.get("/Group"), Dictionary):
            gone["transparency groups without effect"] += _drop(page.obj, "/Group")
    preferences: Any = pdf.Root.get("/ViewerPreferences")
    for key in _BOX_PREFERENCES if isinstance(preferences, Dictionary) else ():
        if preferences.get(key) not in (None, Name.MediaBox, Name.BleedBox):
            gone["viewer preferences"] += _drop(preferences, key)
    return +gone


def _dictionaries(table: Any) -> list[Any]:
    found = [value for _, value in table.items()] if isinstance(table, Dictionary) else []
    return [value for value in found if isinstance(value, Dictionary)]


def _drop(holder: Any, key: str) -> int:
    """Take an entry out; 1 where there was one."""
    if key not in holder:
        return 0
    del holder[key]
    return 1


def signed(pdf: Pdf) -> bool:
    """Whether somebody signed the file: any change of it makes the signature void."""
    return any(thing.get("/FT") == Name.Sig and "/V" in thing for thing in reachable(pdf))


def _state(state: Any, gone: Counter[str], old: bool) -> None:
    for key in ("/TR", "/TR2"):
        curve = state.get(key)
        if curve is not None and not (key == "/TR2" and curve == Name.Default):
            gone["transfer functions"] += _drop(state, key)
    for key in ("/HTP", "/HTO", "/UseBlackPtComp"):
        gone["halftone phases and settings of later versions"] += _drop(state, key)
    halftone = state.get("/HT")
    if halftone is not None and halftone != Name.Default:
        if not _allowed(halftone):
            gone["halftones"] += _drop(state, "/HT")
        else:
            for part in [halftone, *_dictionaries(halftone)]:
                gone["names of halftones"] += _drop(part, "/HalftoneName")
    intent = state.get("/RI")
    if intent is not None and str(intent) not in _RENDERING_INTENTS:
        gone["unknown rendering intents"] += _drop(state, "/RI")
    if old:
        for key in ("/ca", "/CA"):
            if state.get(key) is not None and float(state[key]) != 1:
                gone["transparency that nothing is painted with"] += _drop(state, key)
        if isinstance(state.get("/SMask"), Dictionary):
            gone["transparency that nothing is painted with"] += _drop(state, "/SMask")
        mode = state.get("/BM")
        if mode is not None and mode not in (Name.Normal, Name.Compatible):
            gone["transparency that nothing is painted with"] += _drop(state, "/BM")


def _allowed(halftone: Any) -> bool:
    kind = halftone.get("/HalftoneType") if isinstance(halftone, Dictionary) else None
    return kind == 1 or (kind == 5 and all(_allowed(part) for part in _dictionaries(halftone)))


def _object(thing: Stream, gone: Counter[str], old: bool) -> None:
    """An XObject, or any other stream."""
    subtype = thing.get("/Subtype")
    if subtype == Name.PS and thing.get("/Type") != Name.Font:
        thing.write(b"")
        _drop(thing, "/Level1")
        thing.Subtype, thing.BBox = Name.Form, Array([0, 0, 0, 0])
        gone["pieces of PostScript"] += 1
    elif subtype == Name.Form:
        is_ps = thing.get("/Subtype2") == Name.PS
        gone["pieces of PostScript"] += max(_drop(thing, "/PS"), _drop(thing, "/Subtype2") if is_ps else 0)
        gone["OPI comments"] += _drop(thing, "/OPI")
        group = thing.get("/Group")
        if old and isinstance(group, Dictionary) and group.get("/S") == Name.Transparency:
            gone["transparency groups without effect"] += _drop(thing, "/Group")
    elif subtype == Name.Image:
        gone["OPI comments"] += _drop(thing, "/OPI")
        gone["alternate pictures"] += _drop(thing, "/Alternates")
        intent = thing.get("/Intent")
        if intent is not None and str(intent) not in _RENDERING_INTENTS:
            gone["unknown rendering intents"] += _drop(thing, "/Intent")
        if old and "/SMask" in thing:
            gone["transparency that nothing is painted with"] += _drop(thing, "/SMask")


# What acts, and what lies on the page


def annotations_that_print(pdf: Pdf, areas: Mapping[int, Rect]) -> Counter[int]:
    """By page: annotations with a look that print within an area, in units of the page, by number."""
    found: Counter[int] = Counter()
    for number, page in enumerate(pdf.pages, start=1):
        for note in active.notes_of(page.obj):
            if _is_for_reading(note) or not active.prints(note) or _for_the_press(note):
                continue
            x0, y0, x1, y1 = (float(value) for value in note.Rect)
            place = Rect(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
            found[number] += place.intersection(areas[number]) is not None
    return +found


def _for_the_press(note: Any) -> bool:
    return note.get("/Subtype") in (Name.PrinterMark, Name.TrapNet)


def _is_for_reading(note: Any) -> bool:
    return note.get("/Subtype") in (Name.Link, Name.Popup)


def silence(pdf: Pdf) -> list[str]:
    """Take out actions, what is attached, and the annotations that do not print; in words, what that was."""
    gone = active.silence_document(pdf)
    opening = pdf.Root.get("/OpenAction")
    if isinstance(opening, Dictionary):  # a place to open at may stay, if it is no action
        goal = opening.get("/D")
        if isinstance(goal, Array):
            pdf.Root.OpenAction = goal
        else:
            del pdf.Root["/OpenAction"]
        gone.append("the opening action" + (", whose place stays" if isinstance(goal, Array) else ""))
    counts: Counter[str] = Counter()
    for page in pdf.pages:
        counts["actions of pages"] += _drop(page.obj, "/AA")
        notes = active.notes_of(page.obj)
        stay = [note for note in notes if _for_the_press(note) or (active.prints(note) and not _is_for_reading(note))]
        for note in notes:
            acted = sum(_drop(note, key) for key in ("/A", "/AA", "/PA")) > 0
            counts["actions of annotations"] += acted and note in stay
        if len(stay) < len(notes):
            counts["links, and annotations that do not print"] += len(notes) - len(stay)
            page.obj.Annots = Array(stay)
        if not stay and "/Annots" in page.obj:
            del page.obj.Annots
    return gone + [f"{what} ({count})" for what, count in sorted((+counts).items())]


# Layers


def settle_layers(pdf: Pdf) -> list[str]:
    """Name each configuration of the layers, list all of them, let none switch by itself; in words, what was done."""
    properties = pdf.Root.get("/OCProperties")
    if not isinstance(properties, Dictionary):
        return []
    said: list[str] = []
    printed = optional.read(pdf, "print", keep_steps=False)
    groups = [group for group in properties.get("/OCGs", Array()) if isinstance(group, Dictionary)]
    if not isinstance(properties.get("/D"), Dictionary):
        properties.D = Dictionary()
    others = properties.get("/Configs")
    for number, config in enumerate([properties.D, *(others if isinstance(others, Array) else ())]):
        if not isinstance(config, Dictionary):
            continue
        if not str(config.get("/Name", "")):
            config.Name = "Default" if number == 0 else f"Configuration {number}"
            said.append("a configuration of the layers was given a name")
        if "/AS" in config:
            if number == 0 and printed is not None:
                _switch(config, groups, printed.shown)
            del config.AS
            said.append("layers no longer switch by themselves: they are as they were in print")
        order = config.get("/Order")
        if isinstance(order, Array):
            missing = [group for group in groups if group.objgen not in _listed(order)]
            if missing:
                config.Order = Array([*order, *missing])
                said.append("layers were added to the list of all layers")
    return list(dict.fromkeys(said))


def _switch(config: Any, groups: Sequence[Any], shown: Mapping[tuple[int, int], bool]) -> None:
    config.BaseState = Name.ON
    config.ON = Array([group for group in groups if shown.get(group.objgen, True)])
    config.OFF = Array([group for group in groups if not shown.get(group.objgen, True)])


def _listed(order: Any, depth: int = 0) -> set[tuple[int, int]]:
    found: set[tuple[int, int]] = set()
    for item in order if depth < 64 else ():
        if isinstance(item, Dictionary):
            found.add(item.objgen)
        elif isinstance(item, Array):
            found |= _listed(item, depth + 1)
    return found


# Boxes


def boxes(page: Any, media: Rect, shown: Rect) -> tuple[dict[str, Rect | None], list[str]]:
    """What the boxes of a page become, in units of the page, and what is done, in words.

    Args:
        page: the page.
        media: its MediaBox.
        shown: its CropBox, or the MediaBox.
    """
    wanted: dict[str, Rect | None] = {}
    said = []
    trim, art, bleed = (_box(page.get(key)) for key in ("/TrimBox", "/ArtBox", "/BleedBox"))
    if trim is not None and art is not None:
        wanted["ArtBox"], art = None, None
        said.append("the ArtBox was removed, as PDF/X allows one of TrimBox and ArtBox")
    name, product = ("ArtBox", art) if art is not None else ("TrimBox", trim)
    if product is None:
        product = shown.intersection(media) or media
        wanted["TrimBox"] = product
        what = "MediaBox, the whole sheet," if product == media else "CropBox"
        said.append(f"there was no TrimBox: the {what} is taken for the product (set_boxes finds it by crop marks)")
    inside = product.intersection(media)
    if inside is not None and inside != product:
        wanted[name] = product = inside
        said.append(f"the {name} was brought inside the MediaBox")
    if bleed is not None:
        low, high = map(min, bleed[:2], product[:2]), map(max, bleed[2:], product[2:])
        both = Rect(*low, *high).intersection(media) or product
        if any(abs(a - b) > 0.01 for a, b in zip(both, bleed, strict=True)):
            wanted["BleedBox"] = both
            said.append(f"the BleedBox holds the {name} and lies within the MediaBox")
    return wanted, said


def _box(value: Any) -> Rect | None:
    if not isinstance(value, Array) or len(value) != 4:
        return None
    x0, y0, x1, y1 = (float(number) for number in value)
    return Rect(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))


# Colour


class Spaces:
    """What becomes of colour spaces that the standard does not allow, and that mean what an allowed one means."""

    def __init__(self, pdf: Pdf, standard: Standard, profile: bytes | None, model: str, press: Press | None) -> None:
        """Take what the standard is to be reached for.

        Args:
            pdf: the file.
            standard: the standard.
            profile: of the output intent.
            model: what that is for: ``CMYK``, ``RGB``, ``Gray``.
            press: the same as a press of four inks, if it is one.
        """
        self._pdf, self._old = pdf, standard == "PDF/X-1a"
        self._profile, self._model, self._press = profile, model, press
        #: Whether a look met any of them.
        self.found = False

    def look(self, space: Any, scope: Scope | None) -> None:
        """Work out what becomes of a space, and leave it for now."""
        self.found |= self.recipe(space, scope) is not None

    def recipe(self, space: Any, scope: Scope | None) -> Recipe | None:
        """What becomes of a space; ``None`` where it stays.

        Raises:
            ValueError: it is not allowed, and nothing means the same.
        """
        if isinstance(space, Name):
            default = scope.find("ColorSpace", Name.DefaultCMYK) if scope and space == Name.DeviceCMYK else None
            if self._old and default is not None:
                self._same_press(default)
            return None
        if space[0] == Name.ICCBased and self._old and int(space[1].get("/N", 0)) == 4:
            self._same_press(space)
            return Recipe(4, Name.DeviceCMYK, lambda rows: rows, same=True)
        if space[0] in (Name.Separation, Name.DeviceN) and len(space) >= 4 and not self._may_stand_in(space[2]):
            if self._press is None:
                raise ValueError("spots are shown with colours that are not those of the output intent")
            new = self._pdf.make_indirect(shown_in_process(self._pdf, space, self._press))
            count = 1 if space[0] == Name.Separation else len(space[1])
            return Recipe(count, new, lambda rows: rows, same=True)
        return None

    def _same_press(self, space: Any) -> None:
        data = bytes(space[1].read_bytes()) if isinstance(space, Array) and isinstance(space[1], Stream) else None
        if data != self._profile:
            raise ValueError(
                "CMYK with a profile that is not the output intent's: export it for that press, or make a PDF/X-4"
            )

    def _may_stand_in(self, alternate: Any) -> bool:
        plain = alternate[0] if isinstance(alternate, Array) and len(alternate) == 1 else alternate
        if self._old:
            return plain in (Name.DeviceCMYK, Name.DeviceGray)
        wanted = "RGB" if plain == Name.DeviceRGB else "CMYK" if plain == Name.DeviceCMYK else self._model
        return wanted == self._model
