"""Layers and annotations: what may be switched off, what lies on top, and what is no print at all."""

from __future__ import annotations

from collections.abc import Iterator

from makeready.facts import Annotation, Artwork, Layer
from makeready.params import Level, Params, param
from makeready.registry import check
from makeready.results import Finding, Severity

#: Groups of processing steps and their types (ISO 19593-1:2018, 7); groups without a list have no fixed types.
STEPS: dict[str, tuple[str, ...]] = {
    "Structural": (
        "Cutting", "PartialCutting", "ReversePartialCutting", "Creasing", "ReverseCreasing", "CuttingCreasing",
        "ReverseCuttingCreasing", "PartialCuttingCreasing", "ReversePartialCuttingCreasing", "Drilling", "Gluing",
        "FoilStamping", "ColdFoilStamping", "Embossing", "Debossing", "Perforating", "Bleed", "VarnishFree",
        "InkFree", "InkVarnishFree", "Folding", "Punching", "Stapling",
    ),
    "Positions": ("Hologram", "Barcode", "ContentArea", "CodingMarking", "Imprinting"),
    "White": (),
    "Varnish": (),
    "Braille": (),
    "Legend": (),
    "Dimensions": (),
}  # fmt: skip


class Layers(Params):
    """Settings of LAY101."""

    any: Level = param("off", "How bad it is that the file has layers at all (R0034).")
    hidden: Level = param(
        "warning", "How bad a layer is that holds something and is off, on the screen or in print (R0036)."
    )
    switching: Level = param("warning", "How bad alternative or automatic states are, that change what prints.")


@check(
    code="LAY101",
    name="layers",
    title="The file has layers, and what prints depends on them",
    on=Artwork,
    params=Layers,
    message="{what}",
    severity=Severity.WARNING,
    enabled=False,
    kinds=("pdf",),
    gwg=("R0034", "R0036"),
)
def layers(artwork: Artwork, params: Layers) -> Iterator[Finding]:
    """What can be switched off will be, by somebody who does not know.

    ## What it looks at
    Optional content (ISO 32000-1, 8.11): whether there is any but processing steps (GWG 2022, R0034); layers that
    are off when the file is opened, or when it is printed, and hold something (R0036); alternative configurations,
    and states for print that differ from those for the screen. An empty layer changes nothing and is left alone.

    ## Why it matters on press
    A layer that was off on the proof may be on in the RIP, and the other way round: language versions printed on
    top of each other, or a die line in the picture.

    ## What to do
    Export without layers, or with those alone that are meant to print.
    """
    names = [layer.name for layer in artwork.layers if layer.step_group is None]
    if names and params.any != "off":
        count = f"{len(names)} layer{'s' if len(names) != 1 else ''}"
        details = {"what": f"the file has {count}: {_listed(names)}", "layers": names, "gwg": "R0034"}
        yield Finding(details=details, level=params.any)
    if params.hidden != "off":
        for layer in artwork.layers:
            if layer.content is not False and (where := _off(layer, artwork)):
                what = f'the layer "{layer.name}" is off {where}'
                yield Finding(details={"what": what, "layer": layer.name, "gwg": "R0036"}, level=params.hidden)
    if params.switching != "off":
        for what in _switching(artwork):
            yield Finding(details={"what": what}, level=params.switching)


def _automatic(artwork: Artwork) -> bool:
    """Whether layers switch by themselves when the file is printed."""
    return any(settings.default and "Print" in settings.automatic for settings in artwork.layer_settings)


def _off(layer: Layer, artwork: Artwork) -> str | None:
    printed = layer.prints if layer.prints is not None and _automatic(artwork) else layer.visible
    if layer.visible and printed:
        return None
    return (
        "on the screen and in print" if layer.visible == printed else "in print" if layer.visible else "on the screen"
    )


def _switching(artwork: Artwork) -> Iterator[str]:
    others = [settings.name or "without a name" for settings in artwork.layer_settings if not settings.default]
    if others:
        yield f"there are other configurations of the layers: {_listed(others)}"
    full = [layer for layer in artwork.layers if layer.content is not False]
    differing = [layer.name for layer in full if layer.prints not in (None, layer.visible)]
    if differing and _automatic(artwork):
        yield f"what prints differs from what is shown: {_listed(differing)}"


def _listed(names: list[str]) -> str:
    shown = ", ".join(f'"{name}"' for name in names[:6])
    return shown + (f" and {len(names) - 6} more" if len(names) > 6 else "")


class Steps(Params):
    """Settings of LAY102."""

    required: tuple[str, ...] = param((), "Steps that must be there, such as Cutting, Structural/Cutting or White.")
    forbidden: tuple[str, ...] = param((), "Steps that must not be there.")
    any_step: Level = param("off", "How bad it is that the file has no processing step at all (R1001).")
    creasing: Level = param("off", "How bad it is that nothing says where to crease (R1002).")
    written: Level = param("warning", "How bad a step is that ISO 19593-1 does not know.")


@check(
    code="LAY102",
    name="processing-steps",
    title="Processing steps are missing, unwanted or not written as they should be",
    on=Artwork,
    params=Steps,
    message="{what}",
    enabled=False,
    kinds=("pdf",),
    gwg=("R1001", "R1002"),
)
def processing_steps(artwork: Artwork, params: Steps) -> Iterator[Finding]:
    """A die line is no print: the file has to say so.

    ## What it looks at
    Layers that say which step of finishing they are for (ISO 19593-1): that there is one (GWG 2022, R1001), that
    creasing is among them (R1002), and the steps that the product requires or forbids. Groups and types that the
    standard does not list are told; a custom type is allowed in any group.

    ## Why it matters on press
    Steps drive the die maker, the white and the varnish plate. Without them somebody guesses by the name of a
    spot colour, and a die line is printed now and then.

    ## What to do
    Put die line, creases, white and varnish on layers of their own, and give each its step in the packaging tool.
    """
    steps = [layer for layer in artwork.layers if layer.step_group is not None]
    if not steps:
        yield from _lacking("the file has no processing step", params.any_step, "R1001")
    if not any("Creasing" in (layer.step or "") for layer in steps):
        yield from _lacking("no layer says where to crease", params.creasing, "R1002")
    for wanted in params.required:
        if not any(_is(layer, wanted) for layer in steps):
            yield Finding(details={"what": f"the step {wanted} is missing", "step": wanted})
    for unwanted in params.forbidden:
        for layer in steps:
            if _is(layer, unwanted):
                what = f'the layer "{layer.name}" is for {_written(layer)}, which the product does not have'
                yield Finding(details={"what": what, "step": _written(layer), "layer": layer.name})
    if params.written != "off":
        for layer in artwork.layers:
            if fault := _fault(layer):
                what = f'the layer "{layer.name}" {fault}'
                yield Finding(details={"what": what, "layer": layer.name}, level=params.written)


def _lacking(what: str, level: Level, gwg: str) -> Iterator[Finding]:
    if level != "off":
        yield Finding(details={"what": what, "gwg": gwg}, level=level)


def _written(layer: Layer) -> str:
    return f"{layer.step_group}/{layer.step}" if layer.step is not None else str(layer.step_group)


def _is(layer: Layer, named: str) -> bool:
    """Whether it is that step, named by group, type or both."""
    return named in (layer.step_group, layer.step, _written(layer))


def _fault(layer: Layer) -> str | None:
    """What ISO 19593-1 has against a step, if anything."""
    if layer.step_group is None:
        return f"is for the step {layer.step}, but names no group" if layer.step is not None else None
    types = STEPS.get(layer.step_group)
    if types is None:
        return f"is for a group that ISO 19593-1 does not know: {layer.step_group}"
    if not types or layer.step in types:
        return None
    if layer.step is None:
        return f"is for the group {layer.step_group}, but names no type"
    # A name of somebody's own begins with the registered prefix of who made it (ISO 32000-1, annex E).
    if layer.step.lower().startswith("custom") or "_" in layer.step or ":" in layer.step:
        return None
    return f"is for a type that ISO 19593-1 does not know: {_written(layer)}"


#: Annotations that never print or are meant for the press: links have no look of their own, printer's marks and
#: trap networks are made for production (ISO 32000-1, 14.11.3 and 14.11.6), and a popup shows with its parent alone.
_HARMLESS = ("Link", "PrinterMark", "TrapNet", "Popup")


@check(
    code="LAY103",
    name="annotations",
    title="An annotation or form field lies on the page and may print",
    on=Annotation,
    message="{what} lies on the page and is set to print",
    severity=Severity.WARNING,
    kinds=("pdf",),
)
def printing_annotation(annotation: Annotation, params: Params, artwork: Artwork) -> Iterator[Finding]:
    """Notes, stamps and fields are laid over the page, and some presses print them.

    ## What it looks at
    Annotations and form fields whose rectangle reaches into the bleed, and that are set to print (flag Print, not
    Hidden; ISO 32000-1, 12.5.3). Links, popups, printer's marks and trap networks never count, and neither does a
    field that has no look.

    ## Why it matters on press
    One RIP prints the proofreader's note, the next one leaves it out; text of a form is set in whatever font is at
    hand. PDF/X forbids them inside the bleed for this reason (ISO 15930-7, 6.17).

    ## What to do
    Delete notes before sending the file; flatten stamps and form fields that are part of the artwork.
    """
    page = artwork.page(annotation.page)
    if annotation.subtype in _HARMLESS or not annotation.prints or annotation.hidden or page is None:
        return
    if annotation.subtype == "Widget" and not annotation.has_appearance:
        return
    if annotation.place is None or page.bleed is None or annotation.place.intersection(page.bleed) is None:
        return
    what = "a form field" if annotation.subtype == "Widget" else f"an annotation ({annotation.subtype})"
    yield Finding(details={"what": what, "subtype": annotation.subtype})
