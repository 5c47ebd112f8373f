"""What the file's structure says, before anything is drawn: pages and boxes, intents, layers, protection."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any

from pikepdf import Array, Dictionary, Name, Object, Pdf, PdfError, Stream
from pikepdf import Page as NativePage

from makeready.facts import (
    ActiveContent,
    Annotation,
    Box,
    Boxes,
    Encryption,
    Layer,
    LayerSettings,
    ObjectId,
    OutputIntent,
    Page,
    Rect,
)
from makeready.pdf import hidden
from makeready.pdf.resources import DEEPEST, inherited, read_profile

_ACTING = {"/JavaScript": "JavaScript", "/Launch": "launch action", "/Movie": "movie", "/Sound": "sound",
           "/Rendition": "multimedia", "/RichMediaExecute": "multimedia", "/ImportData": "import of data",
           "/SubmitForm": "form submission", "/GoTo3DView": "3D view"}  # fmt: skip
_PLAYING = {"/Movie": "movie", "/Sound": "sound", "/Screen": "multimedia", "/RichMedia": "multimedia",
            "/3D": "3D artwork", "/FileAttachment": "attachment"}  # fmt: skip
#: Annotation flags (ISO 32000-1, table 165).
_HIDDEN, _PRINT = 1 << 1, 1 << 2


def page(number: int, native: Object) -> Page:
    """One page's boxes, rotation and scale. What is not four numbers is no box."""
    # Inheritable: Resources, MediaBox, CropBox, Rotate (ISO 32000-1, table 30). The other boxes are not.
    rotate = _number(inherited(native, "/Rotate")) or 0
    unit = _number(native.get("/UserUnit"))
    return Page(
        number=number,
        boxes=Boxes(
            media=_box(inherited(native, "/MediaBox")),
            crop=_box(inherited(native, "/CropBox")),
            trim=_box(native.get("/TrimBox")),
            bleed=_box(native.get("/BleedBox")),
            art=_box(native.get("/ArtBox")),
        ),
        rotate=round(rotate / 90) * 90 % 360,
        user_unit=unit if unit and unit > 0 else 1.0,
    )


def empty_contents(native: Object) -> bool:
    """Whether none of the page's content streams holds a byte."""
    contents = native.get("/Contents")
    streams = contents if isinstance(contents, Array) else [contents]
    return all(not isinstance(stream, Stream) or stream.get("/Length") == 0 for stream in streams)


def label(pdf: Pdf, page: NativePage) -> str | None:
    """What the page is called, when the file has page labels."""
    if not isinstance(pdf.Root.get("/PageLabels"), Dictionary):
        return None
    try:
        return str(page.label)
    except (PdfError, ValueError, TypeError):
        return None  # a broken number tree; the page has its number


def annotations_of_page(number: int, native: Object, unit: float) -> Iterator[Annotation]:
    """The annotations and form fields of a page."""
    for item in _dictionaries(native.get("/Annots")):
        flags = int(_number(item.get("/F")) or 0)
        box = _box(item.get("/Rect"))
        rect = None
        if box is not None:
            (x0, x1), (y0, y1) = sorted((box[0], box[2])), sorted((box[1], box[3]))
            rect = Rect(x0 * unit, y0 * unit, x1 * unit, y1 * unit)
        yield Annotation(
            page=number,
            subtype=_name(item.get("/Subtype")) or "unknown",
            place=rect,
            prints=bool(flags & _PRINT) and not flags & _HIDDEN,
            hidden=bool(flags & _HIDDEN),
            has_appearance=isinstance(item.get("/AP"), Dictionary),
        )


def output_intents(pdf: Pdf) -> Iterator[OutputIntent]:
    """The output intents of the catalog."""
    for intent in _dictionaries(pdf.Root.get("/OutputIntents")):
        profile = intent.get("/DestOutputProfile")
        yield OutputIntent(
            subtype=_name(intent.get("/S")),
            condition=_text(intent.get("/OutputConditionIdentifier")) or _text(intent.get("/OutputCondition")),
            info=_text(intent.get("/Info")),
            registry=_text(intent.get("/RegistryName")),
            profile=read_profile(profile) if isinstance(profile, Stream) else None,
        )


def layers(pdf: Pdf, numbers: Collection[int]) -> Iterator[Layer]:
    """Optional content groups, with their state in the default configuration (ISO 32000-1, 8.11.4).

    Of those that are off it is said whether anything on the pages of these numbers belongs to them.
    """
    found = [(group.objgen, layer) for group, layer in _layers(pdf)]
    off = {key for key, layer in found if not layer.visible or layer.prints is False}
    full = hidden.holding(pdf, off, numbers)
    for key, layer in found:
        yield replace(layer, content=key in full) if key in off else layer


def _layers(pdf: Pdf) -> Iterator[tuple[Object, Layer]]:
    properties = pdf.Root.get("/OCProperties")
    if not isinstance(properties, Dictionary):
        return
    default = properties.get("/D")
    default = default if isinstance(default, Dictionary) else Dictionary()
    on = {group.objgen for group in _dictionaries(default.get("/ON"))}
    off = {group.objgen for group in _dictionaries(default.get("/OFF"))}
    base_off = default.get("/BaseState") == Name.OFF
    for group in _dictionaries(properties.get("/OCGs")):
        intent = group.get("/Intent")
        usage = group.get("/Usage")
        printing = usage.get("/Print") if isinstance(usage, Dictionary) else None
        state = printing.get("/PrintState") if isinstance(printing, Dictionary) else None
        names = list(intent) if isinstance(intent, Array) else [intent] if intent is not None else []
        metadata = group.get("/GTS_Metadata")
        step = metadata if isinstance(metadata, Dictionary) else Dictionary()
        fact = Layer(
            name=_text(group.get("/Name")) or "",
            visible=group.objgen not in off and (not base_off or group.objgen in on),
            prints=None if state is None else state != Name.OFF,
            intent=tuple(word for item in names if (word := _name(item))),
            # ISO 19593-1: which step of finishing a layer is for.
            step_group=_name(step.get("/GTS_ProcStepsGroup")),
            step=_name(step.get("/GTS_ProcStepsType")),
        )
        yield group, fact


def layer_settings(pdf: Pdf) -> Iterator[LayerSettings]:
    """The default configuration of the layers and its alternatives (ISO 32000-1, 8.11.4.3)."""
    properties = pdf.Root.get("/OCProperties")
    if not isinstance(properties, Dictionary):
        return
    groups = {group.objgen for group in _dictionaries(properties.get("/OCGs"))}
    default = properties.get("/D")
    if isinstance(default, Dictionary):
        yield _settings(default, groups, default=True)
    for other in _dictionaries(properties.get("/Configs")):
        yield _settings(other, groups, default=False)


def _settings(configuration: Object, groups: set[ObjectId], *, default: bool) -> LayerSettings:
    order = configuration.get("/Order")
    events = (_name(rule.get("/Event")) for rule in _dictionaries(configuration.get("/AS")))
    return LayerSettings(
        default=default,
        name=_text(configuration.get("/Name")),
        automatic=tuple(dict.fromkeys(event for event in events if event)),
        # Without the list nothing can be missing from it.
        ordered=not isinstance(order, Array) or groups <= _ordered(order),
    )


def _ordered(order: Object, depth: int = 0) -> set[ObjectId]:
    """The layers in a list for the panel, which may be nested and hold headings."""
    found: set[ObjectId] = set()
    for item in order if depth < DEEPEST else ():
        if isinstance(item, Dictionary):
            found.add(item.objgen)
        elif isinstance(item, Array):
            found |= _ordered(item, depth + 1)
    return found


def printed_layers(pdf: Pdf) -> list[int]:
    """The places, in the list of all layers, of those that are switched on for print.

    Usage states hold only where the default configuration lists the layer for the event (ISO 32000-1, 8.11.4.4).
    """
    properties = pdf.Root.get("/OCProperties")
    if not isinstance(properties, Dictionary) or not isinstance(default := properties.get("/D"), Dictionary):
        return []
    order = {group.objgen: place for place, group in enumerate(_dictionaries(properties.get("/OCGs")))}
    found = []
    for rule in _dictionaries(default.get("/AS")):
        if rule.get("/Event") == Name.Print:
            for group in _dictionaries(rule.get("/OCGs")):
                usage = group.get("/Usage")
                printing = usage.get("/Print") if isinstance(usage, Dictionary) else None
                on = isinstance(printing, Dictionary) and printing.get("/PrintState") == Name.ON
                if on and group.objgen in order:
                    found.append(order[group.objgen])
    return found


def active_content(pdf: Pdf) -> Iterator[ActiveContent]:
    """What acts or plays at document level: scripts, opening actions, attachments, XFA."""
    root = pdf.Root
    yield from _actions(root.get("/OpenAction"), "when the file is opened", None)
    yield from _additional(root.get("/AA"), "in the document", None)
    names = root.get("/Names")
    if isinstance(names, Dictionary):
        if _holds_anything(names.get("/JavaScript")):
            yield ActiveContent("JavaScript", "in the document")
        if _holds_anything(names.get("/EmbeddedFiles")):
            yield ActiveContent("attachment", "in the document")
    form = root.get("/AcroForm")
    if isinstance(form, Dictionary) and form.get("/XFA") is not None:
        yield ActiveContent("XFA form", "in the document")


def active_content_of_page(number: int, native: Object) -> Iterator[ActiveContent]:
    """What acts or plays on a page, its annotations and fields."""
    yield from _additional(native.get("/AA"), "on the page", number)
    for item in _dictionaries(native.get("/Annots")):
        subtype = str(item.get("/Subtype", ""))
        where = f"in a {subtype.removeprefix('/') or 'nameless'} annotation"
        if subtype in _PLAYING:
            yield ActiveContent(_PLAYING[subtype], where, number)
        yield from _actions(item.get("/A"), where, number)
        yield from _additional(item.get("/AA"), where, number)


def encryption(pdf: Pdf) -> Encryption | None:
    """How the file is encrypted; permissions are those of a reader without the owner's password."""
    if not pdf.is_encrypted:
        return None
    method = str(pdf.encryption.stream_method).rsplit(".", 1)[-1]
    return Encryption(
        method=f"{method.upper()}, {pdf.encryption.bits} bit",
        allows_printing=pdf.allow.print_highres,
        allows_changing=pdf.allow.modify_other,
    )


def pdfx(pdf: Pdf) -> str | None:
    """The PDF/X version the file claims, from the Info dictionary (X-1a, X-3) or XMP (X-4)."""
    claimed = _info(pdf, "/GTS_PDFXVersion")
    metadata = pdf.Root.get("/Metadata")
    if claimed or not isinstance(metadata, Stream):
        return claimed
    try:
        found = re.search(rb"GTS_PDFXVersion(?:\s*=\s*[\"']|\s*>)\s*([^<\"']+)", metadata.read_bytes())
    except PdfError:
        return None
    return found[1].decode("utf-8", "replace").strip() if found else None


def trapped(pdf: Pdf) -> str | None:
    """The Trapped key as the file says: ``True``, ``False``, ``Unknown``, or ``None``."""
    return _info(pdf, "/Trapped")


def producer(pdf: Pdf) -> str | None:
    """The program that wrote the PDF."""
    return _info(pdf, "/Producer")


def creator(pdf: Pdf) -> str | None:
    """The program the artwork was made in."""
    return _info(pdf, "/Creator")


def _info(pdf: Pdf, key: str) -> str | None:
    info = pdf.trailer.get("/Info")
    value = info.get(key) if isinstance(info, Dictionary) else None
    return _name(value) if isinstance(value, Name) else _text(value)


def _actions(action: Object | None, where: str, page: int | None, depth: int = 0) -> Iterator[ActiveContent]:
    if not isinstance(action, Dictionary) or depth > 8:
        return
    kind = _ACTING.get(str(action.get("/S", "")))
    if kind:
        yield ActiveContent(kind, where, page)
    after = action.get("/Next")
    for item in after if isinstance(after, Array) else [after]:
        yield from _actions(item, where, page, depth + 1)


def _additional(actions: Object | None, where: str, page: int | None) -> Iterator[ActiveContent]:
    if isinstance(actions, Dictionary):
        for action in dict(actions.items()).values():
            yield from _actions(action, where, page)


def _holds_anything(tree: Object | None, depth: int = 0) -> bool:
    """Whether a name tree has entries: programs leave it behind empty when they take the last one out."""
    if not isinstance(tree, Dictionary) or depth > 8:
        return False
    names, below = tree.get("/Names"), tree.get("/Kids")
    if isinstance(names, Array) and len(names):
        return True
    return isinstance(below, Array) and any(_holds_anything(kid, depth + 1) for kid in below)


def _dictionaries(array: Object | None) -> Iterator[Object]:
    if isinstance(array, Array):
        yield from (item for item in array if isinstance(item, Dictionary))


def _box(value: Object | None) -> Box | None:
    if not isinstance(value, Array) or len(value) != 4:
        return None
    numbers = [_number(item) for item in value]
    if any(number is None for number in numbers):
        return None
    x0, y0, x1, y1 = (float(number or 0) for number in numbers)
    return (x0, y0, x1, y1)


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _name(value: Object | None) -> str | None:
    return str(value).removeprefix("/") if value is not None else None


def _text(value: Object | None) -> str | None:
    if value is None or isinstance(value, Array | Dictionary | Stream):
        return None
    return str(value)
