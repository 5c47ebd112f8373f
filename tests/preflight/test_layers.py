"""Layers, processing steps and annotations. Expectations follow ISO 32000-1, 8.11 and 12.5, and ISO 19593-1."""

from __future__ import annotations

import pikepdf
import pytest

import makeready
from makeready.testing import pdf

SMALL = "100x100mm"
NAME = pikepdf.Name


def page(**settings):
    return pdf(SMALL, **settings)


def layered(name="Text", **settings):
    return page().layer(name, **settings).rectangle().layer(None)


def configured(builder, **entries):
    """With an alternative configuration of the layers."""
    configuration = pikepdf.Dictionary(Name="English", **entries)
    builder.objects.Root.OCProperties.Configs = pikepdf.Array([configuration])
    return builder


# LAY101 layers

LAYERS = {
    "none at all": (page, {"any": "error"}, []),
    "a layer, where layers pass": (layered, {}, []),
    "a layer": (layered, {"any": "error"}, [("error", 'the file has 1 layer: "Text"')]),
    "two layers": (
        lambda: layered().layer("Die").rectangle(), {"any": "info"},
        [("info", 'the file has 2 layers: "Text", "Die"')]),
    "a processing step": (lambda: layered(step=("Structural", "Cutting")), {"any": "error"}, []),
    "a layer that is off": (
        lambda: layered(visible=False), {}, [("warning", 'the layer "Text" is off on the screen and in print')]),
    "a layer that is off, where that passes": (lambda: layered(visible=False), {"hidden": "off"}, []),
    "a layer that does not print": (
        lambda: layered(prints=False), {"hidden": "error", "switching": "off"},
        [("error", 'the layer "Text" is off in print')]),
    "a layer that is shown in print alone": (
        lambda: layered(visible=False, prints=True), {"switching": "off"},
        [("warning", 'the layer "Text" is off on the screen')]),
    "a layer that switches itself": (
        lambda: layered(prints=False), {"hidden": "off"},
        [("warning", 'what prints differs from what is shown: "Text"')]),
    "a layer that says it prints as it is shown": (lambda: layered(prints=True), {}, []),
    "another configuration": (
        lambda: configured(layered()), {}, [("warning", 'there are other configurations of the layers: "English"')]),
    "another configuration, where that passes": (lambda: configured(layered()), {"switching": "off"}, []),
}  # fmt: skip


@pytest.mark.parametrize(("make", "settings", "expected"), LAYERS.values(), ids=LAYERS)
def test_layers(found, make, settings, expected) -> None:
    issues = found("LAY101", make(), settings)
    assert [(issue.severity.value, issue.message) for issue in issues] == expected


def test_requirements_of_layers(found) -> None:
    issues = found("LAY101", layered(visible=False), {"any": "error"})
    assert [issue.details["gwg"] for issue in issues] == ["R0034", "R0036"]


def test_a_state_for_print_that_nothing_asks_for_changes_nothing(found) -> None:
    """Usage holds only where the configuration lists the layer for the event (ISO 32000-1, 8.11.4.4)."""
    builder = layered(prints=False)
    del builder.objects.Root.OCProperties.D.AS
    assert found("LAY101", builder) == []


def off(name="Text", **settings):
    """A layer that is off, with nothing on it yet."""
    return page().layer(name, **{"visible": False} | settings)


def member(builder, *names, **entries):
    """A membership of several layers, as marked content names it (ISO 32000-1, 8.11.2.2)."""
    groups = [group for group in builder.objects.Root.OCProperties.OCGs if str(group.Name) in names]
    return builder.objects.make_indirect(pikepdf.Dictionary(Type=NAME.OCMD, OCGs=groups, **entries))


def marked(operators, *, name="Text", form=None, membership=False):
    """A layer that is off, and a page of these operators on which /L0 is the layer and /X0 a form."""
    builder = off(name).layer(None)
    layer = member(builder, name) if membership else builder.objects.Root.OCProperties.OCGs[0]
    resources = {"/Properties": {"/L0": layer}}
    if form is not None:
        resources["/XObject"] = {"/X0": form(builder.objects, layer)}
    return builder.raw(operators, resources)


def form_of(operators, *, belongs=False, marks=False):
    def make(file, layer):
        resources = pikepdf.Dictionary(Properties=pikepdf.Dictionary(L1=layer)) if marks else pikepdf.Dictionary()
        entries = {"OC": layer} if belongs else {}
        return file.make_stream(
            operators.encode(), Type=NAME.XObject, Subtype=NAME.Form, BBox=[0, 0, 99, 99], Resources=resources,
            **entries,
        )  # fmt: skip

    return make


def picture_of_the_layer(file, layer):
    return file.make_stream(
        b"\0", Type=NAME.XObject, Subtype=NAME.Image, Width=1, Height=1, BitsPerComponent=8, ColorSpace=NAME.DeviceGray,
        OC=layer,
    )  # fmt: skip


def noted(appearance="0 0 9 9 re f"):
    builder = off().layer(None).annotation()
    note = builder.objects.pages[0].Annots[-1]
    note.OC = builder.objects.Root.OCProperties.OCGs[0]
    note.AP = pikepdf.Dictionary(N=form_of(appearance)(builder.objects, None))
    return builder


SHAPE, FULL, EMPTY = "0 0 9 9 re f", True, False
HOLDING = {
    "nothing at all": (lambda: off().layer(None), EMPTY),
    "a shape": (lambda: off().rectangle(), FULL),
    "text": (lambda: off().text("a"), FULL),
    "a line": (lambda: off().line(), FULL),
    "a picture": (lambda: off().image(), FULL),
    "an inline picture": (lambda: off().image(pixels=(2, 2), inline=True), FULL),
    "a blend": (lambda: off().gradient((0, 0, 0, 0), (1, 0, 0, 0)), FULL),
    "white": (lambda: off().rectangle(colour=(0, 0, 0, 0)), FULL),
    "a form": (lambda: off().rectangle(within="form"), FULL),
    "the same on the second page": (
        lambda: pdf(SMALL, pages=2).on(2).layer("Text", visible=False).rectangle().layer(None), FULL),
    "marked content without anything": (lambda: marked("/OC /L0 BDC q 1 0 0 1 0 0 cm Q EMC"), EMPTY),
    "a path that is not painted": (lambda: marked("/OC /L0 BDC 0 0 9 9 re n EMC"), EMPTY),
    "a clip": (lambda: marked(f"/OC /L0 BDC 0 0 9 9 re W n EMC {SHAPE}"), EMPTY),
    "a shape before and after": (lambda: marked(f"{SHAPE} /OC /L0 BDC EMC {SHAPE}"), EMPTY),
    "a shape in a tag of its own": (lambda: marked(f"/OC /L0 BDC /Span BMC {SHAPE} EMC EMC"), FULL),
    "a shape after a tag of its own": (lambda: marked(f"/OC /L0 BDC /Span BMC EMC {SHAPE} EMC"), FULL),
    "a tag that is no layer": (lambda: marked(f"/Span /L0 BDC {SHAPE} EMC"), EMPTY),
    "a membership": (lambda: marked(f"/OC /L0 BDC {SHAPE} EMC", membership=True), FULL),
    "an empty membership": (lambda: marked(f"/OC /L0 BDC EMC {SHAPE}", membership=True), EMPTY),
    "a form of the layer": (lambda: marked("/X0 Do", form=form_of(SHAPE, belongs=True)), FULL),
    "a form that is not painted": (lambda: marked(SHAPE, form=form_of(SHAPE, belongs=True)), EMPTY),
    "a form without anything": (lambda: marked("/X0 Do", form=form_of("q Q", belongs=True)), EMPTY),
    "a form on the layer": (lambda: marked("/OC /L0 BDC /X0 Do EMC", form=form_of(SHAPE)), FULL),
    "an empty form on the layer": (lambda: marked("/OC /L0 BDC /X0 Do EMC", form=form_of("")), EMPTY),
    "a form beside the layer": (lambda: marked("/OC /L0 BDC EMC /X0 Do", form=form_of(SHAPE)), EMPTY),
    "marked content in a form": (
        lambda: marked("/X0 Do", form=form_of(f"/OC /L1 BDC {SHAPE} EMC", marks=True)), FULL),
    "empty marked content in a form": (
        lambda: marked("/X0 Do", form=form_of(f"/OC /L1 BDC EMC {SHAPE}", marks=True)), EMPTY),
    "a picture of the layer": (lambda: marked("/X0 Do", form=picture_of_the_layer), FULL),
    "a picture that is not painted": (lambda: marked("q Q", form=picture_of_the_layer), EMPTY),
    "a note": (noted, FULL),
    "an empty note": (lambda: noted("q Q"), EMPTY),
}  # fmt: skip


@pytest.mark.parametrize(("make", "content"), HOLDING.values(), ids=HOLDING)
def test_a_layer_that_is_off_matters_where_it_holds_something(found, make, content) -> None:
    builder = make()
    (layer,) = makeready.inspect(builder.bytes()).facts.layers
    assert layer.content is content
    assert len(found("LAY101", builder)) == content


def test_layers_that_are_on_are_not_looked_into() -> None:
    layers = makeready.inspect(layered().layer("Off", visible=False).rectangle().bytes()).facts.layers
    assert {layer.name: layer.content for layer in layers} == {"Text": None, "Off": True}


def test_an_empty_layer_that_does_not_print_switches_nothing(found) -> None:
    assert found("LAY101", off(visible=True, prints=False).layer(None)) == []
    assert len(found("LAY101", off(visible=True, prints=False).rectangle())) == 2


def test_each_layer_is_looked_for(found) -> None:
    builder = off("German").rectangle().layer("Empty", visible=False).layer("French", visible=False).rectangle()
    assert [issue.details["layer"] for issue in found("LAY101", builder)] == ["German", "French"]


def test_only_the_pages_that_are_checked_are_looked_at(found) -> None:
    builder = pdf(SMALL, pages=2).on(2).layer("Text", visible=False).rectangle().layer(None)
    assert found("LAY101", builder, pages=[1]) == []
    assert len(found("LAY101", builder, pages=[2])) == 1


def test_forms_that_paint_each_other_come_to_an_end(found) -> None:
    builder = marked("/X0 Do", form=form_of("/X0 Do /X0 Do", marks=True))
    (form,) = (item for item in builder.objects.objects if item.get("/Subtype") == NAME.Form)
    form.Resources.XObject = pikepdf.Dictionary(X0=form)
    assert found("LAY101", builder) == []


def settings_of(builder):
    return makeready.inspect(builder.bytes()).facts.layer_settings


def test_the_configurations_of_the_layers() -> None:
    default, other = settings_of(configured(layered(prints=True), Order=[]))
    assert (default.default, default.name, default.automatic, default.ordered) == (True, "Layers", ("Print",), True)
    assert (other.default, other.name, other.automatic, other.ordered) == (False, "English", (), False)


def test_layers_listed_below_a_heading_are_listed() -> None:
    builder = layered()
    default = builder.objects.Root.OCProperties.D
    default.Order = pikepdf.Array([pikepdf.String("Heading"), pikepdf.Array(list(default.Order))])
    assert [settings.ordered for settings in settings_of(builder)] == [True]


def test_without_a_list_no_layer_is_missing_from_it() -> None:
    builder = layered()
    del builder.objects.Root.OCProperties.D.Order
    assert [settings.ordered for settings in settings_of(builder)] == [True]


def test_a_file_without_layers_has_no_configuration() -> None:
    assert settings_of(page()) == ()


# LAY102 processing-steps

CUTTING = ("Structural", "Cutting")
STEPS = {
    "nothing asked": (page, {}, []),
    "no step": (page, {"any_step": "error"}, [("error", "the file has no processing step")]),
    "a layer that is no step": (layered, {"any_step": "warning"}, [("warning", "the file has no processing step")]),
    "a step": (lambda: layered(step=CUTTING), {"any_step": "error"}, []),
    "nowhere to crease": (
        lambda: layered(step=CUTTING), {"creasing": "error"}, [("error", "no layer says where to crease")]),
    "a crease": (lambda: layered(step=("Structural", "Creasing")), {"creasing": "error"}, []),
    "a crease from behind": (lambda: layered(step=("Structural", "ReverseCreasing")), {"creasing": "error"}, []),
    "a step that is missing": (
        lambda: layered(step=CUTTING), {"required": ["Cutting", "White"]}, [("error", "the step White is missing")]),
    "a step by its full name": (lambda: layered(step=CUTTING), {"required": ["Structural/Cutting"]}, []),
    "a step by its group": (lambda: layered(step=("White", "White")), {"required": ["White"]}, []),
    "a step of another group": (
        lambda: layered(step=CUTTING), {"required": ["Positions/Cutting"]},
        [("error", "the step Positions/Cutting is missing")]),
    "a step that is not wanted": (
        lambda: layered("Die", step=CUTTING), {"forbidden": ["Structural"]},
        [("error", 'the layer "Die" is for Structural/Cutting, which the product does not have')]),
    "a step that may be there": (lambda: layered(step=CUTTING), {"forbidden": ["Varnish", "Creasing"]}, []),
    "an unknown group": (
        lambda: layered(step=("Structure", "Cutting")), {},
        [("warning", 'the layer "Text" is for a group that ISO 19593-1 does not know: Structure')]),
    "an unknown type": (
        lambda: layered(step=("Structural", "Cut")), {},
        [("warning", 'the layer "Text" is for a type that ISO 19593-1 does not know: Structural/Cut')]),
    "an unknown type, where that passes": (lambda: layered(step=("Structural", "Cut")), {"written": "off"}, []),
    "a type of its own": (lambda: layered(step=("Structural", "Custom")), {}, []),
    "a type of a maker": (lambda: layered(step=("Structural", "ABCD_LaserCut")), {}, []),
    "a group without fixed types": (lambda: layered(step=("Varnish", "SpotVarnish")), {}, []),
}  # fmt: skip


@pytest.mark.parametrize(("make", "settings", "expected"), STEPS.values(), ids=STEPS)
def test_processing_steps(found, make, settings, expected) -> None:
    issues = found("LAY102", make(), settings)
    assert [(issue.severity.value, issue.message) for issue in issues] == expected


def test_requirements_of_steps(found) -> None:
    issues = found("LAY102", page(), {"any_step": "error", "creasing": "error"})
    assert [issue.details["gwg"] for issue in issues] == ["R1001", "R1002"]


@pytest.mark.parametrize(("key", "fault"), [
    ("/GTS_ProcStepsGroup", "is for the step Cutting, but names no group"),
    ("/GTS_ProcStepsType", "is for the group Structural, but names no type"),
])  # fmt: skip
def test_half_a_step(found, key, fault) -> None:
    builder = layered(step=CUTTING)
    del builder.objects.Root.OCProperties.OCGs[0].GTS_Metadata[key]
    (issue,) = found("LAY102", builder)
    assert issue.message == f'the layer "Text" {fault}'


# LAY103 annotations

IN_SLUG = ("-25 mm", "10 mm")


def annotated(*arguments, **settings):
    return pdf(SMALL, slug="40 mm").annotation(*arguments, **settings)


ANNOTATIONS = {
    "a drawing": (annotated, "an annotation (Square)"),
    "a stamp": (lambda: annotated("Stamp"), "an annotation (Stamp)"),
    "a note without a look of its own": (lambda: annotated("Text", colour=None), "an annotation (Text)"),
    "a form field": (lambda: annotated("Widget"), "a form field"),
    "one that reaches into the bleed": (lambda: annotated(at=IN_SLUG), "an annotation (Square)"),
    "one that does not print": (lambda: annotated(prints=False), None),
    "one that is hidden": (lambda: annotated(hidden=True), None),
    "one in the slug": (lambda: annotated(at=("-35 mm", "10 mm"), size="30x10mm"), None),
    "a link": (lambda: annotated("Link"), None),
    "a popup": (lambda: annotated("Popup"), None),
    "a printer's mark": (lambda: annotated("PrinterMark"), None),
    "a trap network": (lambda: annotated("TrapNet"), None),
    "an empty form field": (lambda: annotated("Widget", colour=None), None),
    "no annotation": (page, None),
}  # fmt: skip


@pytest.mark.parametrize(("make", "what"), ANNOTATIONS.values(), ids=ANNOTATIONS)
def test_annotations(found, make, what) -> None:
    issues = found("LAY103", make())
    assert [(issue.severity, issue.page, issue.message) for issue in issues] == (
        [("warning", 1, f"{what} lies on the page and is set to print")] if what else []
    )


def test_where_an_annotation_lies(found) -> None:
    (issue,) = found("LAY103", annotated(at=("20 mm", "30 mm"), size="30x10mm"))
    assert issue.place.mm == pytest.approx((20, 30, 50, 40), abs=0.1)
