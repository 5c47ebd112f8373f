"""The parameters of the photoroom API: each is read, bounded, described and becomes what its table says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.datastructures import UploadFile

from makeready import edit
from makeready.service.catalogue import Catalogue
from makeready.service.dialects.photoroom.documenting import form, query
from makeready.service.dialects.photoroom.kinds import Choice, Colour, Flag, Gap, Number, Picture, Text
from makeready.service.dialects.photoroom.mapping import NEEDS, Plan, planned
from makeready.service.dialects.photoroom.parameters import EDIT, GET, POST, SEGMENT, Parameter
from makeready.service.dialects.photoroom.reading import Asked, held_to_rules, over, read, template_values
from makeready.service.errors import InvalidRequest

PHOTO = "https://example.com/photo.jpg"
#: The names that the API's documentation prints for GET, and those that only POST has.
DOCUMENTED = [
    "background.blur.mode",
    "background.blur.radius",
    "background.color",
    "background.expandPrompt",
    "background.guidance.imageUrl",
    "background.guidance.scale",
    "background.imageUrl",
    "background.negativePrompt",
    "background.prompt",
    "background.scaling",
    "background.seed",
    "beautify.mode",
    "beautify.seed",
    "describeAnyChange.mode",
    "describeAnyChange.prompt",
    "describeAnyChange.seed",
    "editWithAI.mode",
    "editWithAI.prompt",
    "editWithAI.seed",
    "expand.mode",
    "expand.seed",
    "export.dpi",
    "export.format",
    "flatLay.mode",
    "flatLay.prompt",
    "flatLay.size",
    "ghostMannequin.mode",
    "ghostMannequin.prompt",
    "ghostMannequin.size",
    "horizontalAlignment",
    "ignorePaddingAndSnapOnCroppedSides",
    "imageFromPrompt.prompt",
    "imageFromPrompt.seed",
    "imageFromPrompt.size",
    "imageUrl",
    "keepExistingAlphaChannel",
    "lighting.mode",
    "margin",
    "marginBottom",
    "marginLeft",
    "marginRight",
    "marginTop",
    "maxHeight",
    "maxWidth",
    "outline.blurRadius",
    "outline.color",
    "outline.width",
    "outputSize",
    "padding",
    "paddingBottom",
    "paddingLeft",
    "paddingRight",
    "paddingTop",
    "preserveMetadata",
    "referenceBox",
    "removeBackground",
    "scaling",
    "segmentation.mode",
    "segmentation.negativePrompt",
    "segmentation.prompt",
    "shadow.mode",
    "templateId",
    "textRemoval.mode",
    "uncrop.mode",
    "uncrop.seed",
    "upscale.mode",
    "verticalAlignment",
    "virtualModel.mode",
    "virtualModel.model",
    "virtualModel.pose",
    "virtualModel.prompt",
    "virtualModel.quality",
    "virtualModel.scene",
    "virtualModel.size",
]
ONLY_POST = [
    "background.guidance.imageFile",
    "background.imageFile",
    "imageFile",
    "layers",
    "virtualModel.additionalProductImages",
]
ONLY_GET = ["background.guidance.imageUrl", "background.imageUrl", "imageUrl"]


def asked(method: str = GET, **more: str) -> Asked:
    """What a request with these parameters asks for; a picture comes with it."""
    found = read(EDIT, method, {"imageUrl": PHOTO, **more}.items() if method == GET else more.items())
    held_to_rules(EDIT, found)
    return found


def refused(given: dict[str, str], method: str = GET) -> str:
    with pytest.raises(InvalidRequest) as error:
        asked(method, **given)
    return str(error.value)


def steps(plan: Plan) -> dict[str, dict[str, Any]]:
    return {step["edit"]: {name: value for name, value in step.items() if name != "edit"} for step in plan.edits}


def fitting(one: Parameter) -> str:
    """A value that a parameter takes."""
    if one.example:
        return one.example
    match one.kind:
        case Choice(words=words):
            return next(iter(words))
        case Text():
            return "a clean studio look"
    return one.default


def with_company(one: Parameter, value: str) -> dict[str, str]:
    """A request in which a parameter has its effect: with what it needs, and what its edit begins with."""
    given = {one.name: value}
    beginners = [other for other in EDIT.values() if other.edit == one.edit and other.begins]
    if one.edit not in ("cut_out", "layout", "export", "") and not one.begins:
        beginner = next(other for other in beginners if GET in other.methods)
        given = {beginner.name: fitting(beginner)} | given
    for wanted in (one.needs, one.idle_without):
        if wanted and not any(name in given or name == "imageUrl" for name in wanted):
            given[wanted[0]] = fitting(EDIT[wanted[0]])
    if one.name.startswith("max"):
        given["outputSize"] = "croppedSubject"
    if one.name.startswith("expand."):
        given["removeBackground"] = "false"
    return given


VALUED = [one for one in EDIT.values() if not one.is_file and one.name not in ("layers", "templateId")]
SETTINGS = [one for one in VALUED if one.setting]


# What there is --------------------------------------------------------------------------------------------------------


def test_every_documented_parameter_is_described() -> None:
    described = {one["name"] for one in query(EDIT, GET)}
    assert described == set(DOCUMENTED)
    fields = set(form(EDIT)["content"]["multipart/form-data"]["schema"]["properties"])
    assert fields == (set(DOCUMENTED) - set(ONLY_GET)) | set(ONLY_POST)
    assert set(SEGMENT) == {"image_file", "format", "channels", "bg_color", "size", "crop", "despill"}


def test_every_parameter_becomes_an_edit_that_there_is() -> None:
    known = edit.catalogue()
    for one in EDIT.values():
        if one.edit:
            assert one.edit in known, one.name
            assert not one.setting or one.setting in known[one.edit].params.model_fields, one.name
    assert set(NEEDS) <= set(known)


@pytest.mark.parametrize("one", SETTINGS, ids=lambda one: one.name)
def test_a_parameter_becomes_a_setting_of_its_edit(one: Parameter) -> None:
    words = list(one.kind.words) if isinstance(one.kind, Choice) else [fitting(one)]
    for word in words:
        given = with_company(one, word)
        given.pop("imageUrl", None)
        found = read(EDIT, GET, given.items()) if "imageFromPrompt.prompt" in given else asked(**given)
        made = planned(found, version="2")
        value = found.values[one.name]
        expected = value.get("name") if isinstance(value, dict) else value
        assert steps(made)[one.edit][one.setting] == expected
        assert made.notes == []
        Catalogue().fits(made.edits)


@pytest.mark.parametrize("one", [one for one in VALUED if isinstance(one.kind, Choice)], ids=lambda one: one.name)
def test_words_that_there_are_not_are_refused_by_name(one: Parameter) -> None:
    said = refused(with_company(one, "certainly-not"))
    assert said.startswith(f"{one.name}: 'certainly-not' is none of ")


@pytest.mark.parametrize("one", [one for one in VALUED if isinstance(one.kind, Number)], ids=lambda one: one.name)
def test_numbers_are_held_to_their_bounds(one: Parameter) -> None:
    assert isinstance(one.kind, Number)
    for bound in (one.kind.least, one.kind.most):
        read(EDIT, GET, [(one.name, f"{bound:.17g}")])
    for beyond in (one.kind.least - 1, one.kind.most * 1.001 + 2, "nan", "1e999", "many", "0x10", "١"):
        assert refused({one.name: str(beyond)}).startswith(f"{one.name}: ")
    if one.kind.whole:
        assert "whole number" in refused({one.name: "2.5"})


@pytest.mark.parametrize("one", [one for one in VALUED if isinstance(one.kind, Gap)], ids=lambda one: one.name)
def test_room_is_a_share_a_percentage_or_pixels(one: Parameter) -> None:
    for fits in ("0", "0.3", "0.49", "0%", "30%", "49%", "100px", "12.5px"):
        made = steps(planned(asked(**{one.name: fits})))
        assert made["layout"][one.setting] == fits
        Catalogue().fits([{"edit": "layout", **made["layout"]}])
    for not_fitting in ("0.5", "-0.1", "50%", "30 percent", "10cm", "px"):
        assert refused({one.name: not_fitting}).startswith(f"{one.name}: ")


@pytest.mark.parametrize("one", [one for one in VALUED if isinstance(one.kind, Colour)], ids=lambda one: one.name)
def test_colours_are_taken_in_both_spellings_and_cases(one: Parameter) -> None:
    for fits in ("FF0000", "#FF0000", "ff0000", "#Ff0000Ee", "FF0000EE", "red", "Red", "lightblue", "#f00"):
        assert steps(planned(asked(**{one.name: fits})))[one.edit]["color"] == fits
    for not_fitting in ("#GG0000", "12345", "rgb(1,2,3)"):
        assert refused({one.name: not_fitting}).startswith(f"{one.name}: ")
    with pytest.raises(InvalidRequest, match=f"{one.edit}.color"):
        Catalogue().fits(planned(asked(**{one.name: "reddish"})).edits)


@pytest.mark.parametrize("one", [one for one in VALUED if isinstance(one.kind, Flag)], ids=lambda one: one.name)
def test_yes_and_no_are_written_in_words_or_digits(one: Parameter) -> None:
    for text, value in (("true", True), ("True", True), ("1", True), ("false", False), ("FALSE", False), ("0", False)):
        assert asked(**{one.name: text}).values[one.name] is value
    for neither in ("yes", "on", "2", "truth"):
        assert refused({one.name: neither}) == f"{one.name}: {neither!r} is neither true nor false."


def test_sizes_are_pixels_or_words() -> None:
    for fits in ("auto", "originalImage", "croppedSubject", "200x400", "1x1"):
        assert asked(outputSize=fits)
    for not_fitting in ("0x10", "200", "200x", "200X400", "original", "123456x1"):
        assert refused({"outputSize": not_fitting}).startswith("outputSize: ")
    assert steps(planned(asked(outputSize="auto")))["layout"]["output_size"] == "originalImage"
    assert steps(planned(asked(), size="640x480"))["layout"]["output_size"] == "640x480"


def test_a_model_is_a_preset_or_a_picture() -> None:
    for name in ("virtualModel.model", "virtualModel.scene"):
        preset = "sam" if name.endswith("model") else "beach"
        mode = {"virtualModel.mode": "ai.auto"}
        spellings = (
            {name: json.dumps({"preset": {"name": preset}})}, {name: preset}, {f"{name}.preset.name": preset}
        )  # fmt: skip
        for spelling in spellings:
            plan = planned(asked(**mode, **spelling))
            assert steps(plan)["virtual_model"][name.rpartition(".")[2]] == preset
        for spelling in ({name: json.dumps({"custom": {"imageUrl": PHOTO}})}, {f"{name}.custom.imageUrl": PHOTO}):
            plan = planned(asked(**mode, **spelling))
            assert plan.urls[name.rpartition(".")[2]] == PHOTO
            assert name.rpartition(".")[2] not in steps(plan)["virtual_model"]
        for wrong in ("nobody", "{}", "[1]", '{"preset": {}}', '{"preset": {"name": "sam", "age": 4}}', "{"):
            assert refused({name: wrong, **mode}).startswith(f"{name}: ")


# What goes together ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("one", [one for one in VALUED if one.cut_out_only], ids=lambda one: one.name)
def test_some_go_only_where_the_background_is_removed(one: Parameter) -> None:
    value = PHOTO if one.name.endswith("Url") else fitting(one)
    asked(**{one.name: value})
    said = refused({one.name: value, "removeBackground": "false"})
    assert said == f"{one.name}: it can't be provided if removeBackground is set to false."


@pytest.mark.parametrize(
    ("given", "named", "words"),
    [
        ({"background.imageUrl": PHOTO, "background.prompt": "a blue sky"}, "background.prompt", "neither"),
        ({"imageFromPrompt.prompt": "a red car"}, "imageFromPrompt.prompt", "neither"),
        ({"maxWidth": "200"}, "maxWidth", "originalImage or croppedSubject"),
        ({"maxHeight": "200", "outputSize": "200x400"}, "maxHeight", "originalImage or croppedSubject"),
        ({"background.scaling": "fit"}, "background.scaling", "background.imageUrl or background.imageFile"),
        ({"editWithAI.mode": "ai.auto"}, "editWithAI.mode", "editWithAI.prompt"),
        ({"expand.mode": "ai.auto"}, "expand.mode", "removeBackground"),
        ({"nonsense": "1"}, "nonsense", "no such parameter"),
        ({"shadow.Mode": "ai.soft"}, "shadow.Mode", "shadow.mode"),
        ({"imageFile": "abc"}, "imageFile", "with GET give imageUrl"),
        ({"layers": "{}"}, "layers", "only be given with POST"),
        ({"editWithAI.prompt": " "}, "editWithAI.prompt", "empty"),
        ({"templateId": "17"}, "templateId", "no UUID"),
        ({"background.imageUrl": "ftp://example.com/a.jpg"}, "background.imageUrl", "no URL"),
    ],
)
def test_what_does_not_go_together_is_refused_by_name(given: dict[str, str], named: str, words: str) -> None:
    said = refused(given)
    assert said.startswith(f"{named}: ")
    assert words in said


def test_a_url_is_for_get_and_a_file_for_post() -> None:
    for name in ONLY_GET:
        assert "with POST give" in refused({name: PHOTO}, POST)
    assert "text where the bytes" in refused({"imageFile": "abc"}, POST)


def test_all_that_is_wrong_is_named_at_once() -> None:
    with pytest.raises(InvalidRequest) as error:
        asked(**{"export.dpi": "10", "shadow.mode": "softly", "nonsense": "1"})
    assert set(error.value.details["fields"]) == {"export.dpi", "shadow.mode", "nonsense"}
    assert "2 more" in str(error.value)


def test_older_names_and_words_mean_the_new_ones() -> None:
    older = planned(
        asked(
            **{
                "describeAnyChange.mode": "ai.auto",
                "describeAnyChange.prompt": "make it blue",
                "describeAnyChange.seed": "7",
            }
        )
    )
    newer = planned(
        asked(
            **{
                "editWithAI.mode": "ai.auto",
                "editWithAI.prompt": "make it blue",
                "editWithAI.seed": "7",
            }
        )
    )
    assert older.edits == newer.edits
    for older_word, word in (("auto", "ai.auto"), ("never", "ai.never")):
        made = [
            planned(asked(**{"background.prompt": "a blue sky", "background.expandPrompt": said})).edits
            for said in (older_word, word)
        ]
        assert made[0] == made[1]
    assert steps(planned(asked(**{"export.format": "jpg"})))["export"]["format"] == "jpeg"
    assert "as editWithAI.prompt and describeAnyChange.prompt" in refused(
        {"editWithAI.prompt": "one", "describeAnyChange.prompt": "two"}
    )


def test_a_parameter_is_given_once() -> None:
    with pytest.raises(InvalidRequest, match=r"padding: it is given twice"):
        read(EDIT, GET, [("padding", "0.1"), ("padding", "0.1")])


def test_an_empty_value_counts_as_none() -> None:
    given = {"shadow.mode": "", "padding": " ", "background.color": "", "removeBackground": ""}
    assert planned(asked(**given)).edits == planned(asked()).edits


@pytest.mark.parametrize(
    ("given", "beside"),
    [
        ({"outline.width": "0.05"}, "outline.color"),
        ({"background.blur.radius": "0.02"}, "background.blur.mode"),
        ({"beautify.seed": "5"}, "beautify.mode"),
        ({"virtualModel.pose": "standing"}, "virtualModel.mode"),
        ({"background.seed": "5"}, "background.prompt"),
        ({"background.guidance.imageUrl": PHOTO}, "background.prompt"),
        ({"segmentation.mode": "keepSalientObject"}, "segmentation.prompt"),
    ],
)
def test_what_has_no_effect_alone_is_taken_and_said(given: dict[str, str], beside: str) -> None:
    plan = planned(asked(**given))
    name = next(iter(given))
    assert len(plan.notes) == 1
    assert plan.notes[0].startswith(f"{name} has no effect without ")
    assert beside in plan.notes[0]
    assert plan.urls == {"image": PHOTO}


def test_a_negative_prompt_counts_for_the_older_model_alone() -> None:
    given = {"background.prompt": "a blue sky", "background.negativePrompt": "clouds"}
    older, newer = planned(asked(**given), version="2"), planned(asked(**given), version="3")
    assert steps(older)["generate_background"]["negative_prompt"] == "clouds"
    assert older.notes == []
    assert "negative_prompt" not in steps(newer)["generate_background"]
    assert "pr-ai-background-model-version: 2" in newer.notes[0]


def test_the_background_stays_where_that_is_asked_for() -> None:
    assert list(steps(planned(asked(removeBackground="false")))) == ["export"]
    kept = steps(planned(asked(removeBackground="false", keepExistingAlphaChannel="auto")))
    assert "cut_out" not in kept
    assert list(steps(planned(asked()))) == ["cut_out", "layout", "export"]


def test_pictures_reach_the_edits_by_their_names() -> None:
    files = {name: UploadFile(None, filename="a.png", size=1) for name in (  # type: ignore[arg-type]
        "imageFile", "background.guidance.imageFile", "virtualModel.model", "virtualModel.scene.custom.imageFile",
    )}  # fmt: skip
    given: list[tuple[str, str | UploadFile]] = [
        *files.items(), ("background.prompt", "a blue sky"), ("virtualModel.mode", "ai.auto"),
        *(("virtualModel.additionalProductImages[]", UploadFile(None, filename="b.png", size=1)) for _ in range(3)),  # type: ignore[arg-type]
    ]  # fmt: skip
    found = read(EDIT, POST, given)
    held_to_rules(EDIT, found)
    assert set(planned(found).files) == {
        "image", "guidance", "model", "scene", "product-1", "product-2", "product-3"
    }  # fmt: skip
    assert SEGMENT["image_file"].is_file
    assert isinstance(EDIT["virtualModel.additionalProductImages"].kind, Picture)
    with pytest.raises(InvalidRequest, match="5 are the most"):
        read(EDIT, POST, [("virtualModel.additionalProductImages", UploadFile(None, filename="b.png", size=1))] * 6)  # type: ignore[arg-type]


def test_a_request_goes_before_its_template() -> None:
    template = template_values(EDIT, {"padding": 0.2, "background.prompt": "a blue sky", "shadow.mode": "ai.soft"})
    found = over(EDIT, template, asked(padding="0.1", **{"background.imageUrl": PHOTO}))
    held_to_rules(EDIT, found)
    assert found.values["padding"] == "0.1"
    assert found.values["shadow.mode"] == "soft"
    assert "background.prompt" not in found
    with pytest.raises(InvalidRequest, match="nonsense"):
        template_values(EDIT, {"nonsense": 1})
