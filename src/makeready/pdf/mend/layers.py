"""Optional content made plain: what shows stays without its switch, what does not is taken out.

Operators of a hidden section that set the graphics state hold on after it (ISO 32000-1, 8.11.3.2), so they stay
where anything may follow that they hold for; what paints goes. Groups that are kept, such as processing steps,
keep their sections and their switch.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Operator, Pdf, Stream

from makeready.changes import Refusal
from makeready.facts import ObjectId
from makeready.pdf.mend.streams import CLIPS, ENDS, INLINE_IMAGE, PATH, SHOWS
from makeready.pdf.resources import DEEPEST, inherited

Use = Literal["print", "screen"]
_HIDDEN = 1 << 1


@dataclass
class Layers:
    """The optional content groups of a file, and what each is to become."""

    pdf: Pdf
    #: Whether a group shows, by object.
    shown: dict[ObjectId, bool]
    names: dict[ObjectId, str]
    #: Groups that keep their switch.
    kept: set[ObjectId]
    #: What the standard says to show and programs hide, in words.
    doubtful: list[str]

    @property
    def flattened(self) -> list[ObjectId]:
        """Those that lose their switch, in the order of the file."""
        return [group for group in self.names if group not in self.kept]

    def fate(self, content: Object | None) -> Literal["plain", "out", "kept"] | None:
        """What becomes of content that a group or membership dictionary switches; ``None`` where it is none."""
        if not isinstance(content, Dictionary):
            return None
        if content.get("/Type") == Name.OCMD or ("/OCGs" in content and content.objgen not in self.shown):
            if any(group in self.kept for group in _mentioned(content)):
                return "kept"
            return "plain" if self._member_shows(content) else "out"
        if content.objgen not in self.shown:
            return "plain" if content.get("/Type") == Name.OCG else None
        if content.objgen in self.kept:
            return "kept"
        return "plain" if self.shown[content.objgen] else "out"

    def _member_shows(self, member: Object) -> bool:
        """ISO 32000-1, 8.11.2.2: the visibility expression, or else the policy."""
        expression = member.get("/VE")
        if isinstance(expression, Array) and len(expression):
            return self._holds(expression, 0)
        found = member.get("/OCGs")
        groups = list(found) if isinstance(found, Array) else [found]
        states = [self.shown[g.objgen] for g in groups if isinstance(g, Dictionary) and g.objgen in self.shown]
        policy = str(member.get("/P", "/AnyOn"))
        if not states and policy not in ("/AllOn", "/AllOff"):
            self.doubtful.append("a combination of layers that are not there")
        if not states:
            return True
        return {
            "/AllOn": all(states), "/AnyOff": not all(states), "/AllOff": not any(states),
        }.get(policy, any(states))  # fmt: skip

    def _holds(self, expression: Object, depth: int) -> bool:
        if isinstance(expression, Dictionary):
            return self.shown.get(expression.objgen, True)
        if not isinstance(expression, Array) or not len(expression) or depth > DEEPEST:
            return True
        parts = [self._holds(part, depth + 1) for part in list(expression)[1:]]
        if expression[0] == Name.Not:
            return not all(parts)
        return any(parts) if expression[0] == Name.Or else all(parts)


def read(pdf: Pdf, use: Use, keep_steps: bool) -> Layers | None:
    """The layers of a file, or ``None`` where it has none.

    Args:
        pdf: the document.
        use: whose state counts: that in print, or that on the screen when the file is opened.
        keep_steps: processing steps (ISO 19593-1) keep their switch, and with them what is switched together.
    """
    properties = pdf.Root.get("/OCProperties")
    if not isinstance(properties, Dictionary) or not isinstance(properties.get("/OCGs"), Array):
        return None
    default = properties.get("/D")
    default = default if isinstance(default, Dictionary) else Dictionary()
    groups = [group for group in properties.OCGs if isinstance(group, Dictionary) and group.is_indirect]
    on, off = (_ids(default.get(key)) for key in ("/ON", "/OFF"))
    base = default.get("/BaseState") != Name.OFF
    intents = _names(default.get("/Intent")) or {"/View"}
    shown, doubtful = {}, []
    for group in groups:
        state = group.objgen in on if not base else group.objgen not in off
        wanted = _names(group.get("/Intent")) or {"/View"}
        shown[group.objgen] = state
        if not state and "/All" not in intents and not wanted & intents:
            # It is not for what the configuration is for, and so switches nothing (8.11.2.3).
            doubtful.append(f'the layer "{group.get("/Name", "")}", which is off but only for design')
    _by_usage(default, shown, use)
    kept = {group.objgen for group in groups if keep_steps and isinstance(group.get("/GTS_Metadata"), Dictionary)}
    members = [
        _mentioned(found)
        for found in pdf.objects
        if kept and isinstance(found, Dictionary) and found.get("/Type") == Name.OCMD
    ]
    while more := {group for member in members if member & kept for group in member} - kept:
        kept |= more
    return Layers(
        pdf, shown, {group.objgen: str(group.get("/Name", "")) for group in groups}, kept & shown.keys(), doubtful
    )


def _by_usage(default: Object, shown: dict[ObjectId, bool], use: Use) -> None:
    """States that a group has for an event, where the configuration says that it switches by it (8.11.4.4)."""
    event, key = (Name.Print, "/PrintState") if use == "print" else (Name.View, "/ViewState")
    rules = default.get("/AS")
    for rule in rules if isinstance(rules, Array) else ():
        if not isinstance(rule, Dictionary) or rule.get("/Event") != event:
            continue
        listed = rule.get("/OCGs")
        for group in listed if isinstance(listed, Array) else ():
            if not isinstance(group, Dictionary):
                continue  # null: a layer that was deleted
            usage = group.get("/Usage")
            state = usage.get(str(event)) if isinstance(usage, Dictionary) else None
            if group.objgen in shown and isinstance(state, Dictionary) and key in state:
                shown[group.objgen] = state[key] == Name.ON


def _ids(groups: Object | None) -> set[ObjectId]:
    return {group.objgen for group in groups if isinstance(group, Dictionary)} if isinstance(groups, Array) else set()


def _names(value: Object | None) -> set[str]:
    return {str(name) for name in (value if isinstance(value, Array) else [value]) if isinstance(name, Name)}


def _mentioned(member: Object) -> set[ObjectId]:
    """The groups that a membership dictionary asks."""
    found, below = set(), [member.get("/OCGs"), member.get("/VE")]
    for _ in range(10_000):  # expressions nest, and may nest in themselves
        if not below:
            break
        item = below.pop()
        if isinstance(item, Array):
            below.extend(part for part in item if isinstance(part, Array | Dictionary))
        elif isinstance(item, Dictionary):
            found.add(item.objgen)
    return found


@dataclass
class Flattened:
    """What is to be written, worked out before anything is."""

    #: By page: how many painted things are taken out, and how many sections lose their switch.
    out: dict[int, int] = field(default_factory=dict)
    plain: dict[int, int] = field(default_factory=dict)


class Flattening:
    """One run over a file: ``look`` reads everything, ``write`` changes it."""

    def __init__(self, layers: Layers) -> None:
        self._layers, self._pdf = layers, layers.pdf
        self._page = 0
        self._met: set[ObjectId] = set()
        self._contents: list[tuple[Object, bytes]] = []
        self._streams: list[tuple[Stream, bytes]] = []
        self._switched: list[Object] = []
        self._named: list[Object] = []
        self._notes: list[tuple[Object, list[Object]]] = []
        self._hidden_fields: list[Object] = []
        self.found = Flattened()

    def look(self) -> Flattened:
        """Read all pages, and what they paint.

        Raises:
            Refusal: content of a page cannot be read, or it cannot be known what of it prints.
        """
        for number, page in enumerate(self._pdf.pages, start=1):
            self._page = number
            resources = inherited(page.obj, "/Resources")
            resources = resources if isinstance(resources, Dictionary) else Dictionary()
            new = self._rewritten(page, resources)
            if new is not None:
                self._contents.append((page.obj, new))
            self._below(resources, 0)
            self._annotations(page.obj, resources)
        if self._layers.doubtful:
            what = self._layers.doubtful[0]
            raise Refusal(f"programs disagree whether this prints: {what}. Ask its author to flatten the layers")
        return self.found

    def write(self) -> None:
        """Change the file as it was looked at, and take the flattened groups out of its catalogue."""
        for page, content in self._contents:
            page.Contents = self._pdf.make_stream(content)
        for stream, content in self._streams:
            stream.write(content)
        for holder in self._switched:
            if "/OC" in holder:
                del holder["/OC"]
        for resources in self._named:
            for name, entry in list(_entries(resources, "/Properties")):
                if self._layers.fate(entry) in ("plain", "out"):
                    del resources.Properties[name]
            for name, entry in list(_entries(resources, "/XObject")):
                if isinstance(entry, Stream) and self._layers.fate(entry.get("/OC")) == "out":
                    del resources.XObject[name]
        for page, stay in self._notes:
            page.Annots = Array(stay)
        for note in self._hidden_fields:
            note.F = int(note.get("/F", 0)) | _HIDDEN
        _write_catalogue(self._pdf, self._layers.kept)

    # --- what a page reaches

    def _below(self, resources: Object, depth: int) -> None:
        """Everything that resources name, each once."""
        if depth > DEEPEST or (resources.is_indirect and resources.objgen in self._met):
            return
        if resources.is_indirect:
            self._met.add(resources.objgen)
        for _, entry in _entries(resources, "/XObject"):
            if not isinstance(entry, Stream):
                continue
            fate = self._layers.fate(entry.get("/OC"))
            if fate == "plain":
                self._switched.append(entry)
            if fate != "out" and entry.get("/Subtype") == Name.Form:
                self._stream(entry, resources, depth)
        for _, entry in _entries(resources, "/Pattern"):
            if isinstance(entry, Stream):
                self._stream(entry, resources, depth)
        for _, entry in _entries(resources, "/ExtGState"):
            mask = entry.get("/SMask") if isinstance(entry, Dictionary) else None
            group = mask.get("/G") if isinstance(mask, Dictionary) else None
            if isinstance(group, Stream):
                self._stream(group, resources, depth)
        for _, font in _entries(resources, "/Font"):
            glyphs = font.get("/CharProcs") if isinstance(font, Dictionary) else None
            if isinstance(glyphs, Dictionary):
                own = font.get("/Resources")
                own = own if isinstance(own, Dictionary) else resources
                for glyph in dict(glyphs.items()).values():
                    if isinstance(glyph, Stream):
                        self._stream(glyph, own, depth)
                self._below(own, depth + 1)
        self._named.append(resources)

    def _stream(self, stream: Stream, outer: Object, depth: int) -> None:
        if stream.is_indirect and stream.objgen in self._met:
            return
        self._met.add(stream.objgen)
        own = stream.get("/Resources")
        resources = own if isinstance(own, Dictionary) else outer
        new = self._rewritten(stream, resources)
        if new is not None:
            self._streams.append((stream, new))
        self._below(resources, depth + 1)

    def _annotations(self, page: Object, resources: Object) -> None:
        notes = page.get("/Annots")
        stay = []
        for note in notes if isinstance(notes, Array) else ():
            fate = self._fate_of_note(note)
            if fate in ("plain", "out"):
                self._switched.append(note)
                self._count("plain" if fate == "plain" else "out")
            if fate == "out" and note.get("/Subtype") == Name.Widget:
                self._hidden_fields.append(note)  # the form still knows the field
            elif fate == "out":
                continue
            stay.append(note)
            for look in _looks(note):
                if self._layers.fate(look.get("/OC")) == "plain":
                    self._switched.append(look)
                self._stream(look, resources, 0)
        if isinstance(notes, Array) and len(stay) < len(notes):
            self._notes.append((page, stay))

    def _fate_of_note(self, note: Object) -> Literal["plain", "out", "kept"] | None:
        if not isinstance(note, Dictionary):
            return None
        looks = note.get("/AP")
        normal = looks.get("/N") if isinstance(looks, Dictionary) else None
        if isinstance(normal, Stream) and self._layers.fate(normal.get("/OC")) == "out":
            return "out"
        return self._layers.fate(note.get("/OC"))

    def _count(self, what: Literal["plain", "out"]) -> None:
        counts = self.found.plain if what == "plain" else self.found.out
        counts[self._page] = counts.get(self._page, 0) + 1

    # --- one stream of operators

    def _rewritten(self, holder: Any, resources: Object) -> bytes | None:
        """The content without switches and without what is hidden; ``None`` where there is neither."""
        try:
            section = _Section(self, resources, list(pikepdf.parse_content_stream(holder)))
        except (pikepdf.PdfError, ValueError, TypeError, RuntimeError) as error:
            reason = f"the content of page {self._page} is damaged: repair the file first, or export it again"
            raise Refusal(reason) from error
        new = section.run()
        return pikepdf.unparse_content_stream(new) if section.changed else None

    def fate_of_mark(self, operands: Sequence[Any], resources: Object) -> Literal["plain", "out", "kept"] | None:
        """What becomes of a marked section."""
        if len(operands) < 2 or operands[0] != Name.OC:
            return None
        named = operands[1]
        table = resources.get("/Properties")
        if isinstance(named, Name):
            named = table.get(named) if isinstance(table, Dictionary) else None
        fate = self._layers.fate(named)
        if fate == "plain":
            self._count("plain")
        return fate

    def switched_off(self, operands: Sequence[Any], resources: Object) -> bool:
        """Whether what ``Do`` paints is switched off by itself."""
        table = resources.get("/XObject")
        found = table.get(operands[0]) if operands and isinstance(table, Dictionary) else None
        return isinstance(found, Stream) and self._layers.fate(found.get("/OC")) == "out"

    def dropped(self) -> None:
        """Note that something painted is taken out."""
        self._count("out")


class _Section:
    """Runs through the operators of one stream, twice: to see what is hidden, and to leave it out."""

    def __init__(self, owner: Flattening, resources: Object, instructions: list[Any]) -> None:
        self._owner, self._resources, self._instructions = owner, resources, instructions
        self.changed = False
        #: By place: whether it stands in a hidden section.
        self._hidden: list[bool] = []
        #: Places of section marks that go.
        self._unmarked: set[int] = set()
        #: Places of hidden text that nothing visible follows in its text object: it need not stay to move that on.
        self._loose: set[int] = set()
        self._survey()

    def _survey(self) -> None:
        marks: list[str | None] = []
        shows: list[int] = []
        for place, instruction in enumerate(self._instructions):
            operator = str(instruction.operator)
            if operator in ("BDC", "BMC"):
                named = operator == "BDC"
                marks.append(self._owner.fate_of_mark(instruction.operands, self._resources) if named else None)
                if marks[-1] in ("plain", "out"):
                    self._unmarked.add(place)
            elif operator == "EMC" and marks and marks.pop() in ("plain", "out"):
                self._unmarked.add(place)
            self._hidden.append("out" in marks)
            if operator in SHOWS:
                shows.append(place)
            elif operator == "ET":
                if all(self._hidden[show] for show in shows):
                    self._loose.update(shows)
                shows = []
        self.changed = bool(self._unmarked)

    def run(self) -> list[Any]:
        """The instructions that are left."""
        new: list[Any] = []
        path: list[Any] = []
        mode, modes = 0, []
        for place, instruction in enumerate(self._instructions):
            operands, operator, hidden = instruction.operands, str(instruction.operator), self._hidden[place]
            if operator in PATH or operator in CLIPS:
                path.append(instruction)
                continue
            if operator in ENDS and hidden:
                new.extend(self._unpainted(path, operator))
            else:
                new.extend(path)
                if operator in SHOWS and hidden:
                    new.extend(self._unseen(instruction, operator, mode, loose=place in self._loose))
                elif self._paints_hidden(operands, operator, hidden):
                    self._drop()
                elif place not in self._unmarked:
                    new.append(instruction)
            path = []
            if operator == "q":
                modes.append(mode)
            elif operator == "Q" and modes:
                mode = modes.pop()
            elif operator == "Tr":
                mode = _whole(operands, mode)
        return new + path

    def _paints_hidden(self, operands: Sequence[Any], operator: str, hidden: bool) -> bool:
        """Whether it is a picture, shading or form that is switched off, by its section or by itself."""
        if operator in ("sh", INLINE_IMAGE):
            return hidden
        return operator == "Do" and (hidden or self._owner.switched_off(operands, self._resources))

    def _unpainted(self, path: list[Any], operator: str) -> list[Any]:
        """A hidden path: only what it clips is left of it."""
        if operator != "n":
            self._drop()
        if any(str(part.operator) in CLIPS for part in path):
            return [*path, ([], Operator("n"))]
        self.changed = True
        return []

    def _unseen(self, instruction: Any, operator: str, mode: int, *, loose: bool) -> Iterator[Any]:
        """Hidden text goes; where it moves on what follows it, or is a clip, it stays as text that is not painted."""
        self._drop()
        clips = mode >= 4
        if loose and not clips:
            if operator == '"' and len(instruction.operands) == 3:  # sets the spacing of what follows
                yield [instruction.operands[0]], Operator("Tw")
                yield [instruction.operands[1]], Operator("Tc")
            return
        yield [7 if clips else 3], Operator("Tr")
        yield instruction
        yield [mode], Operator("Tr")

    def _drop(self) -> None:
        self.changed = True
        self._owner.dropped()


def _whole(operands: Sequence[Any], otherwise: int) -> int:
    try:
        return int(operands[0])
    except (ValueError, TypeError, IndexError):
        return otherwise  # readers pass such an operator over


def _write_catalogue(pdf: Pdf, kept: Collection[ObjectId]) -> None:
    """The kept groups with the states they have; without any, no optional content is left."""
    properties = pdf.Root.OCProperties
    if not kept:
        del pdf.Root.OCProperties
        return
    properties.OCGs = Array([group for group in properties.OCGs if group.objgen in kept])
    if "/Configs" in properties:
        del properties["/Configs"]
    default = properties.get("/D")
    if not isinstance(default, Dictionary):
        return
    for key in ("/ON", "/OFF", "/Locked"):
        if isinstance(listed := default.get(key), Array):
            default[key] = Array([group for group in listed if _is(group, kept)])
    default.Order = Array(list(properties.OCGs))
    if isinstance(sets := default.get("/RBGroups"), Array):
        default.RBGroups = Array([Array([group for group in one if _is(group, kept)]) for one in sets])
    if isinstance(rules := default.get("/AS"), Array):
        for rule in rules:
            if isinstance(listed := rule.get("/OCGs"), Array):
                rule.OCGs = Array([group for group in listed if _is(group, kept)])
        default.AS = Array([rule for rule in rules if len(rule.get("/OCGs", Array()))])
        if not len(default.AS):
            del default["/AS"]


def _is(group: Object, kept: Collection[ObjectId]) -> bool:
    return isinstance(group, Dictionary) and group.objgen in kept


def _entries(resources: Object, category: str) -> Iterator[tuple[str, Object]]:
    found = resources.get(category)
    if isinstance(found, Dictionary):
        yield from found.items()


def _looks(note: Object) -> Iterator[Stream]:
    looks = note.get("/AP") if isinstance(note, Dictionary) else None
    for look in dict(looks.items()).values() if isinstance(looks, Dictionary) else ():
        if isinstance(look, Stream):
            yield look
        elif isinstance(look, Dictionary):
            yield from (state for state in dict(look.items()).values() if isinstance(state, Stream))
