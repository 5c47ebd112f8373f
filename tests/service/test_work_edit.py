"""What edits need that a worker may lack, and what is said before a job begins."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert

from makeready.service import clock, operations, tables
from makeready.service.catalogue import Catalogue
from makeready.service.database import Database
from makeready.service.errors import InvalidRequest, NoBackEnd, Unavailable


def needs(*edits: Any) -> tuple[str, ...]:
    return operations.needs("edit", {"edits": edits})


def worker(database: Database, lacks: dict[str, str]) -> None:
    with database.writing() as connection:
        connection.execute(
            insert(tables.worker).values(
                id=f"worker-{len(lacks)}", host="here", pid=1, queues=["cpu"], slots=1, lacks=lacks,
                started_at=clock.now(), seen_at=clock.now(),
            )
        )  # fmt: skip


def test_words_that_are_drawn_here_need_no_generator() -> None:
    assert needs({"edit": "generate_background", "prompt": "a plain blue background"}) == ()
    assert needs({"edit": "image_from_prompt", "prompt": "white paper"}) == ()
    assert needs({"edit": "generate_background", "prompt": "a beach"}) == ("generate:background",)
    guided = {"edit": "generate_background", "prompt": "a plain blue background", "guidance_scale": 0.6}
    assert needs(guided) == ("generate:background",)
    assert needs({"edit": "edit_with_ai", "prompt": "add a unicorn"}) == ("generate:edit",)
    assert needs({"edit": "remove_text"}) == ("text",)


def test_a_machine_says_what_it_cannot_make(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAKEREADY_GENERATOR", "plain")
    lacking = operations.lacks()
    assert "generate:edit" in lacking
    assert "generate:background" in lacking  # other words than those that are drawn
    assert "makeready-openai-images" in lacking["generate:edit"]


def test_one_worker_that_has_a_generator_is_enough(database: Database) -> None:
    catalogue = Catalogue(database)
    asked = {"edits": [{"edit": "edit_with_ai", "prompt": "add a unicorn"}]}
    worker(database, {"generate:edit": "No generator here can change a picture.", "text": "The weights are missing."})
    with pytest.raises(NoBackEnd, match="No generator here") as refused:
        catalogue.require("edit", asked)
    assert refused.value.details["need"] == "generate:edit"
    with pytest.raises(Unavailable, match="weights"):
        catalogue.require("edit", {"edits": ["remove_text"]})
    worker(database, {"text": "The weights are missing."})
    catalogue.require("edit", asked)


def test_edits_that_do_not_fit_are_named_before_anything_is_paid() -> None:
    catalogue = Catalogue()
    catalogue.fits([{"edit": "shadow", "mode": "soft"}])
    with pytest.raises(InvalidRequest, match=r"^shadow\.mode: "):
        catalogue.fits([{"edit": "shadow", "mode": "loud"}])
    with pytest.raises(InvalidRequest, match="no edit"):
        catalogue.fits([{"edit": "shadows"}])


def test_an_instruction_is_understood_to_its_last_word_or_not() -> None:
    catalogue = Catalogue()
    assert catalogue.understands("make it black and white")
    assert not catalogue.understands("make it black and white and add a unicorn")
    assert not catalogue.understands("add a unicorn")


def test_colours_are_read_as_people_write_them() -> None:
    catalogue = Catalogue()
    assert catalogue.colour("#FF0000") == catalogue.colour("red") == (255, 0, 0, 255)
    with pytest.raises(InvalidRequest):
        catalogue.colour("reddish")
