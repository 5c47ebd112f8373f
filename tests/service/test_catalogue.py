"""What APIs learn from the library without a job."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import insert

import makeready
from fixes import subjects
from makeready import fixes
from makeready.changes import Stage
from makeready.report.data import as_document
from makeready.service import clock, operations, tables
from makeready.service.catalogue import Catalogue
from makeready.service.database import Database
from makeready.service.errors import InvalidRequest, Unavailable
from makeready.testing.builder import pdf


@pytest.fixture
def catalogue() -> Catalogue:
    return Catalogue()


@pytest.mark.parametrize("product", ["photo_on_canvas", "poster", "wallpaper", "framed_print"])
def test_stars_are_those_of_the_library(catalogue: Catalogue, product: str) -> None:
    for width, height, across, along in ((4000, 3000, 30, 20), (1, 1, 0.1, 0.1), (1200, 1200, 12, 16.5)):
        mine = catalogue.stars(width, height, across, along, product)
        assert mine == makeready.stars(width, height, (across, along), product)


def test_fixes_come_in_the_order_in_which_they_are_made(catalogue: Catalogue) -> None:
    assert catalogue.chosen(["add_bleed", "convert_to_cmyk", "set_boxes"], "pdf") == (
        "set_boxes", "convert_to_cmyk", "add_bleed"
    )  # fmt: skip
    assert set(catalogue.cures) == {fix.id for fix in fixes.catalogue() if fix.stage is not Stage.EDIT}


@pytest.mark.parametrize(
    ("ids", "kind", "words"),
    [(["add_bled"], "pdf", "add_bleed"), (["add_bleed"] * 2, "pdf", "twice"), (["embed_fonts"], "raster", "pdf files")],
)
def test_fixes_that_do_not_fit_are_named(catalogue: Catalogue, ids: list[str], kind: str, words: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        catalogue.chosen(ids, kind)
    assert words in f"{refused.value} {refused.value.hint}"


def test_a_report_calls_for_the_fixes_that_are_planned(catalogue: Catalogue, tmp_path: Path) -> None:
    page = pdf("A6", bleed=None).image(100, colour="rgb", at=("10 mm", "10 mm"), size=("40 mm", "30 mm"))
    report = makeready.check(page.save(tmp_path / "flyer.pdf"))
    planned = makeready.plan(report, allow="review")
    assert catalogue.called_for(as_document(report)) == tuple(step.fix for step in planned.steps)
    assert planned.steps


def test_what_is_not_installed_is_named_with_its_command(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MAKEREADY_MODEL_DIR", str(tmp_path))
    monkeypatch.setenv("MAKEREADY_CACHE", str(tmp_path))
    for operation, options in (("remove_background", {}), ("fix", {"fixTypes": ["remove_background"]})):
        with pytest.raises(Unavailable, match="makeready models install") as refused:
            catalogue.require(operation, options)
        assert refused.value.code == "MODEL_NOT_INSTALLED"
    catalogue.require("remove_background", {"subject_type": "logo"})
    catalogue.require("fix", {"fixTypes": ["add_bleed"]})


def test_what_workers_lack_counts_and_not_what_the_web_process_has(
    database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MAKEREADY_MODEL_DIR", str(subjects.red_isnet(tmp_path)))
    why = "The weights of ISNet are not installed. Install them: makeready models install isnet"
    catalogue, lacks = Catalogue(database), {"segment:isnet": why}

    def work(id: str, lacks: dict[str, str], *, queue: str = "cpu", seen: float = 0.0) -> None:
        with database.writing() as connection:
            connection.execute(
                insert(tables.worker).values(
                    id=id, host="here", pid=1, queues=[queue], slots=1, draining=False, lacks=lacks,
                    started_at=0, seen_at=clock.now() - seen,
                )
            )  # fmt: skip

    catalogue.require("remove_background", {})  # no worker lives, and this machine has the model
    work("poor", lacks)
    with pytest.raises(Unavailable, match="makeready models install isnet") as refused:
        catalogue.require("remove_background", {})
    assert refused.value.code == "MODEL_NOT_INSTALLED"
    catalogue.require("remove_background", {"subject_type": "logo"})
    catalogue.require("remove_background", {"model": "u2netp"})
    catalogue.require("remove_background", {}, "gpu")
    work("dead", {}, seen=90)
    work("elsewhere", {}, queue="gpu")
    with pytest.raises(Unavailable):
        catalogue.require("remove_background", {})
    work("rich", {"refine": "The package scipy is not installed."})
    catalogue.require("remove_background", {})
    with pytest.raises(Unavailable):  # neither can do both
        catalogue.require("remove_background", {"quality": "plus"})


def test_a_worker_says_what_it_lacks_in_the_words_of_a_refusal(
    database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MAKEREADY_MODEL_DIR", str(tmp_path))
    monkeypatch.setenv("MAKEREADY_CACHE", str(tmp_path))
    lacks = operations.lacks()
    assert {"segment:isnet", "segment:u2netp", "upscale:srmd:truthful"} <= set(lacks)
    assert lacks["upscale:srmd:truthful"] == operations.missing(
        "fix", {"fixTypes": ["upscale"], "settings": {"upscale": {"model": "srmd"}}}
    )
    with pytest.raises(Unavailable, match="models install"):
        Catalogue(database).require("remove_background", {})
