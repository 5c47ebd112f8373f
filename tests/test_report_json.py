"""The JSON report: the shape that is promised, and the schemas that say so."""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

import makeready
from makeready import preflight
from makeready.facts import as_data
from makeready.report import data
from makeready.report.schema import profile_schema, report_schema
from makeready.results import Report
from makeready.testing import pdf, picture, press_profile

Validator = jsonschema.Draft202012Validator

FILES: dict[str, Callable[[], bytes]] = {
    "a clean PDF": lambda: pdf().bytes(),
    "a faulty PDF": lambda: (
        pdf(bleed=None, output_intent=None, rotate=90, pages=2)
        .image(ppi=72, colour="rgb", mirrored=True)
        .image(ppi=200, colour="stencil", inline=True)
        .image(ppi=300, soft_mask=True)
        .text("x", size="3 pt", font="Helvetica")
        .line(width="0 pt", colour=(0.5, 0.5, 0, 0))
        .layer("notes")
        .rectangle(colour=("spot", "PANTONE 185 C"))
        .annotation()
        .javascript()
        .attachment()
        .encrypt()
        .bytes()
    ),
    "a PDF/X": lambda: pdf(pdfx="PDF/X-4", user_unit=2, origin=(10, 20)).bytes(),
    "an empty page": lambda: pdf(background=None).bytes(),
    "a picture": lambda: picture(60, 40, "CMYK", dpi=300, icc=press_profile()),
    "a picture without a density": lambda: picture(60, 40, "RGBA"),
    "a turned picture": lambda: picture(60, 40, orientation=6),
    "a TIFF": lambda: picture(60, 40, format="TIFF", dpi=(300, 150)),
    "a locked PDF": lambda: pdf().encrypt(user="secret").bytes(),
    "nothing": lambda: b"",
    "half a PDF": lambda: pdf().truncated(),
}


@pytest.fixture(scope="module")
def validator() -> jsonschema.protocols.Validator:
    schema = report_schema()
    Validator.check_schema(schema)
    return Validator(schema)


def document(report: Report) -> dict:
    """As a reader gets it: written and read again."""
    return json.loads(data.document([report]), parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))


@pytest.mark.parametrize("what", FILES)
@pytest.mark.parametrize("profile", ["default", "poster", "sheetfed-coated"])
def test_every_report_keeps_the_schema(what: str, profile: str, validator) -> None:
    report = makeready.check(FILES[what](), profile, canvas="A4" if "picture" in what else None)
    validator.validate(document(report))
    validator.validate(document(makeready.inspect(FILES[what]())))


def test_the_schema_refuses_what_is_not_promised(validator) -> None:
    good = document(makeready.check(FILES["a faulty PDF"]()))
    for change in (
        lambda d: d.pop("verdict"),
        lambda d: d.update(extra=1),
        lambda d: d.update(verdict="good"),
        lambda d: d.update(schema="makeready.report/2"),
        lambda d: d["file"].pop("sha256"),
        lambda d: d["issues"][0].pop("code"),
        lambda d: d["issues"][0].update(severity="fatal"),
        lambda d: d["facts"]["pages"][0]["boxes"].update(trim=[0, 0, 1]),
        lambda d: d["facts"]["images"][0].update(ppi_x="72 ppi"),
        lambda d: d["runs"][0].update(outcome="maybe"),
    ):
        bad = json.loads(json.dumps(good))
        change(bad)
        assert not validator.is_valid(bad)


def test_a_report_has_the_promised_shape() -> None:
    artwork = pdf(trim="100x80mm", bleed="3 mm").image(ppi=96, colour="rgb", at=("12 mm", "30.5 mm"))
    got = document(makeready.check(artwork.bytes(), "poster", name="in/a.pdf"))
    assert list(got) == [
        "schema",
        "makeready",
        "file",
        "profile",
        "verdict",
        "stars",
        "stars_reason",
        "issues",
        "runs",
        "facts",
        "failed_plugins",
        "seconds",
    ]
    assert got["schema"] == "makeready.report/1"
    assert got["makeready"] == makeready.__version__
    assert set(got["file"]) == {"path", "kind", "format", "bytes", "sha256"}
    assert (got["file"]["path"], got["file"]["kind"], got["file"]["format"]) == ("in/a.pdf", "pdf", "PDF 1.6")
    assert set(got["profile"]) == {"name", "title", "sha256", "undecided", "plugin_files", "ink_limit"}
    assert got["profile"]["ink_limit"] == {"value": 320.0, "unit": "%", "text": "320%"}
    assert got["verdict"] == "error"
    assert got["stars"] == {
        "stars": 1,
        "label": "Very poor",
        "effectivePpi": 96,
        "minPpi": 150,
        "productType": "poster",
    }
    issue = next(issue for issue in got["issues"] if issue["code"] == "IMG101")
    assert list(issue) == [
        "code",
        "name",
        "severity",
        "title",
        "message",
        "page",
        "place",
        "places",
        "measured",
        "limit",
        "details",
        "cures",
    ]
    assert (issue["name"], issue["severity"], issue["page"]) == ("low-resolution-image", "error", 1)
    assert issue["measured"] == {"value": 96.0, "unit": "ppi", "text": "96 ppi"}
    assert issue["limit"] == {"value": 112.0, "unit": "ppi", "text": "112 ppi"}
    assert set(issue["place"]) == {"pt", "mm"}
    assert issue["place"]["mm"][:2] == pytest.approx([12, 30.5], abs=0.02)
    assert issue["places"] == [issue["place"]]
    assert issue["details"]["name"].startswith("Im")
    run = next(run for run in got["runs"] if run["code"] == "IMG101")
    assert list(run) == ["code", "outcome", "reason", "seconds"]
    assert (run["outcome"], run["reason"]) == ("found", None)


def test_facts_have_the_promised_shape() -> None:
    artwork = (
        pdf(trim="100x80mm", bleed="3 mm", boxes={"crop": None, "art": None})
        .image(ppi=96, colour="rgb")
        .image(ppi=96, colour="rgb", at=("60 mm", "10 mm"))
        .text("x", font="Helvetica")
        .rectangle(colour=("spot", "PANTONE 185 C"))
    )
    facts = document(makeready.check(artwork.bytes()))["facts"]
    (page,) = facts["pages"]
    assert {"number", "boxes", "rotate", "user_unit"} <= set(page)
    assert list(page["boxes"]) == ["media", "crop", "trim", "bleed", "art"]
    assert (page["boxes"]["crop"], page["boxes"]["art"]) == (None, None)
    assert len(page["boxes"]["media"]) == 4
    assert page["user_unit"] == 1.0
    assert len(facts["images"]) == 2, "a picture that is painted twice is listed twice"
    picture_ = facts["images"][0]
    assert {"page", "name", "object", "width_px", "height_px", "bits", "colour_space", "compression"} <= set(picture_)
    assert (picture_["mask"], picture_["soft_mask"]) == (False, False)
    assert picture_["ppi_x"] == 96.0  # the name says the unit
    assert list(picture_["place"]) == ["pt"]
    (font,) = facts["fonts"]
    assert font["name"] == "Helvetica"
    assert (font["type"], font["embedded"], font["subset"], font["pages"]) == ("Type 1", False, False, [1])
    assert "PANTONE 185 C" in facts["inks"]
    assert {ink["name"] for ink in facts["separations"]} == set(facts["inks"])
    assert isinstance(facts["output_intents"], list)
    assert not {"kind", "format", "bytes", "extension"} & set(facts), "these are said of the file"


def test_the_boxes_are_what_the_file_says() -> None:
    artwork = pdf(boxes={"trim": (10, 10, 200, 300), "bleed": None, "media": (0, 0, 210, 310)}, rotate=90, user_unit=2)
    page = document(makeready.check(artwork.bytes()))["facts"]["pages"][0]
    assert page["boxes"] == {
        "media": [0, 0, 210, 310],
        "crop": None,
        "trim": [10, 10, 200, 300],
        "bleed": None,
        "art": None,
    }
    assert (page["rotate"], page["user_unit"]) == (90, 2)


def test_an_unreadable_file_has_an_issue_that_says_why_and_no_facts() -> None:
    got = document(makeready.check(b""))
    assert (got["verdict"], got["facts"], got["stars"]) == ("unreadable", None, None)
    (issue,) = got["issues"]
    assert (issue["code"], issue["severity"], issue["page"], issue["place"]) == ("FIL101", "error", None, None)
    assert "0 bytes" in issue["message"]


def test_several_reports_come_under_one_roof() -> None:
    reports = [makeready.check(picture(20, 20)), makeready.check(b"")]
    got = json.loads(data.document(reports))
    assert list(got) == ["schema", "reports"]
    assert got["schema"] == "makeready.reports/1"
    assert [json.loads(data.line(report)) for report in reports] == got["reports"]
    assert "\n" not in data.line(reports[0])


def test_what_is_not_known_is_null_and_never_a_made_up_number() -> None:
    got = document(makeready.check(picture(60, 40, "RGBA")))["facts"]
    assert got["images"][0]["ppi_x"] is None
    assert got["raster"]["density"] is None
    assert as_data({"a": math.inf, "b": math.nan, "c": (1.23456789,)}) == {"a": None, "b": None, "c": [1.2346]}


def test_a_report_saves_itself_in_the_form_its_suffix_names(tmp_path: Path) -> None:
    report = makeready.check(picture(20, 20))
    assert json.loads(report.save(tmp_path / "a.json").read_text()) == document(report)
    assert report.save(str(tmp_path / "a.txt")).read_text().count("\n") == max(1, len(report.issues))
    assert report.save(tmp_path / "a.html").read_text("utf-8").lower().startswith("<!doctype html>")
    with pytest.raises(makeready.UsageError, match="already there"):
        report.save(tmp_path / "a.json", overwrite=False)
    with pytest.raises(makeready.UsageError, match=r"no report is written as \.xyz"):
        report.save(tmp_path / "a.xyz")
    with pytest.raises(makeready.UsageError, match="cannot be written"):
        report.save(tmp_path / "gone" / "a.json")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.html", "a.json", "a.txt"]


# Profiles


@pytest.fixture(scope="module")
def profiles() -> jsonschema.protocols.Validator:
    schema = profile_schema(preflight.catalogue())
    Validator.check_schema(schema)
    return Validator(schema)


@pytest.mark.parametrize("name", preflight.profile_names())
def test_every_profile_keeps_the_schema(name: str, profiles) -> None:
    profiles.validate(tomllib.loads(preflight.find_profile(name) or ""))


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("", True),
        ('"$schema" = "https://example.org/profile.json"', True),
        ('[checks]\nIMG101 = { resolution = { warning = "250 ppi", error = "150 ppi" } }', True),
        ('[checks]\nIMG101 = { resolution = "150 ppi" }', True),
        ('[checks]\nIMG101 = { resolution = "150ppi", severity = "info" }', True),
        ('[checks]\nIMG101 = "off"', True),
        ("[checks]\nFIL104 = { pages = 4 }", True),
        ("[checks]\nFIL104 = { pages = { least = 4, most = 8 }, multiple_of = 4 }", True),
        ('[checks]\nIMG101 = { resolution = { error = "200 mm" } }', False),
        ('[checks]\nIMG101 = { resolution = "200 mm" }', False),
        ("[checks]\nIMG101 = { resolution = 200 }", False),
        ('[checks]\nIMG101 = { resolutoin = "200 ppi" }', False),
        ('[checks]\nIMG101 = "of"', False),
        ('[checks]\nIMG101 = { severity = "fatal" }', False),
        ('[checks]\nIMG999 = "off"', False),
        ('[checks]\nFIL104 = { pages = "4 mm" }', False),
        ("[checks]\nFIL104 = { multiple_of = 0 }", False),
        ('colour = "red"', False),
        ('[[override]]\ncheck = "IMG101"\nseverity = "off"\nreason = "customers know"', True),
        ('[[override]]\ncheck = "IMG101"\nseverity = "off"', False),
        ('[product]\ntype = "poster"\nmin_ppi = 0', False),
    ],
)
def test_editors_and_the_program_agree_on_a_profile(text: str, fits: bool, profiles, tmp_path: Path) -> None:
    assert profiles.is_valid(tomllib.loads(text)) is fits
    file = tmp_path / "mine.toml"
    file.write_text(text)
    try:
        makeready.measure(file)
    except makeready.UsageError:
        assert not fits
    else:
        assert fits


def test_every_setting_of_every_check_is_in_the_schema_with_its_help() -> None:
    schema = profile_schema(preflight.catalogue())
    for check in preflight.catalogue():
        for name, field in check.params.model_fields.items():
            made = schema["$defs"][f"{check.code}_{check.params.__name__}"]["properties"][name]
            assert made["description"] == field.description
