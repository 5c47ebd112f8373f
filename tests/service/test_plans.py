"""Plans and prices: the numbers that the five APIs document, and an operator's own file over them."""

from __future__ import annotations

from pathlib import Path

import pytest

from makeready import fixes
from makeready.changes import Stage
from makeready.errors import UsageError
from makeready.registry import BUILT_IN
from makeready.service.plans import Plans

PLANS = Plans.load()


@pytest.mark.parametrize(
    ("operation", "option", "tokens"),
    [
        ("remove_background", None, 150),
        ("dpi_score", None, 0),
        ("check", None, 0),
        ("fix", "upscale_resolution_2x", 30),
        ("fix", "upscale_resolution_4x", 50),
        ("fix", "add_bleed", 120),
        ("fix", "remove_transparency", 20),
        ("fix", "sharpen_edges", 35),
    ],
)
def test_printcart_has_the_prices_that_it_documents(operation: str, option: str | None, tokens: int) -> None:
    assert PLANS.price("printcart", operation, option) == tokens
    assert PLANS.currency("printcart") == "tokens"


@pytest.mark.parametrize(
    ("dialect", "operation", "option", "currency", "price"),
    [
        ("print-ready", "remove_background", "basic", "credits", 1),
        ("print-ready", "remove_background", "plus", "credits", 2),
        ("print-ready", "edit", None, "credits", 1),
        ("print-ready", "upscale", None, "credits", 1),
        ("remove-bg", "remove_background", None, "credits", 1),
        ("removai", "remove_background", None, "images", 1),
    ],
)
def test_the_other_dialects_have_the_prices_that_they_document(
    dialect: str, operation: str, option: str | None, currency: str, price: int
) -> None:
    assert PLANS.price(dialect, operation, option) == price
    assert PLANS.currency(dialect) == currency


def test_every_fix_of_the_library_has_a_price_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "plans.toml"
    file.write_text("[prices.printcart.operations.fix]\ndefault = 77\n")
    plans = Plans.load(file)
    for fix in fixes.catalogue():
        if fix.source == BUILT_IN and fix.stage is not Stage.EDIT:
            assert plans.price("printcart", "fix", fix.id) != 77, fix.id
    assert plans.price("printcart", "fix", "a_plug_ins_fix") == 77


@pytest.mark.parametrize(
    ("name", "title", "rate", "credits", "batch", "api"),
    [
        ("free", "Free", None, 3, 0, False),
        ("starter", "Starter", "30/minute", 50, 0, True),
        ("professional", "Pro", "120/minute", 300, 20, True),
        ("enterprise-1k", "Enterprise 1K", "300/minute", 1000, 50, True),
        ("enterprise-3k", "Enterprise 3K", "300/minute", 3000, 100, True),
    ],
)
def test_print_ready_has_the_plans_that_it_documents(
    name: str, title: str, rate: str | None, credits: int, batch: int, api: bool
) -> None:
    plan = PLANS.plan(name)
    terms = plan.terms("print-ready")
    assert (terms.title, terms.slug, terms.batch_size) == (title, name, batch)
    assert rate in (None, terms.rate)
    assert plan.allowances["credits"] == credits
    assert (terms.has("api_access"), terms.has("batch_processing")) == (api, batch > 0)
    if name == "professional":
        assert (terms.number, terms.price) == (3, 3900)


@pytest.mark.parametrize(
    ("name", "title", "rate", "images", "batches"),
    [
        ("starter", "Basic", "10/minute", 50, False),
        ("professional", "Pro", "60/minute", 500, True),
        ("enterprise-1k", "Enterprise", "300/minute", None, True),
        ("enterprise-3k", "Enterprise", "300/minute", None, True),
    ],
)
def test_removai_has_the_plans_that_it_documents(
    name: str, title: str, rate: str, images: int | None, batches: bool
) -> None:
    plan = PLANS.plan(name)
    terms = plan.terms("removai")
    assert (terms.title, terms.rate, terms.has("batch_processing")) == (title, rate, batches)
    assert plan.allowances.get("images") == images
    assert plan.unlimited("images") == (images is None)
    assert not plan.unlimited("credits")


def test_a_dialect_that_says_nothing_of_a_plan_has_its_own_terms() -> None:
    plan = PLANS.plan("professional")
    terms = plan.terms("printcart")
    assert (terms.title, terms.slug, terms.rate, terms.batch_size) == ("Pro", "professional", plan.rate, 20)
    assert not terms.has("teleportation")


def test_there_are_five_plans_in_order() -> None:
    assert [plan.name for plan in PLANS.all()] == [
        "free", "starter", "professional", "enterprise-1k", "enterprise-3k",
    ]  # fmt: skip


def test_a_file_changes_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "plans.toml"
    file.write_text(
        '[plans.starter]\nrate = "5/second"\nallowances = { tokens = 200 }\n'
        "[prices.printcart.operations]\nremove_background = 90\n"
        '[plans.house]\ntitle = "House"\nrate = "10/hour"\nbatch_size = 3\n'
    )
    plans = Plans.load(file)
    starter = plans.plan("starter")
    assert (starter.rate, starter.allowances) == ("5/second", {"tokens": 200, "credits": 50, "images": 50})
    assert starter.terms("print-ready").rate == "30/minute"
    assert plans.price("printcart", "remove_background") == 90
    assert plans.price("printcart", "fix", "add_bleed") == 120
    assert plans.plan("house").title == "House"
    assert plans.plan("free") == PLANS.plan("free")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[plans.starter]\nrate = "fast"\n', "plans.starter.rate"),
        ("[plans.starter]\nspeed = 3\n", "plans.starter.speed"),
        ("[plans.starter.allowances]\ntokens = -1\n", "plans.starter.allowances.tokens"),
        ("[plans.starter.allowances]\ngold = 1\n", "plans.starter.allowances.gold"),
        ('[plans.house]\ntitle = "House"\n', "plans.house.rate"),
        ("[plans]\nstarter = 3\n", "plans.starter"),
        ("plans = 3\n", "plans"),
        ("[prices.printcart.operations]\nremove_background = 1.5\n", "prices.printcart.operations.remove_background"),
        ("[prices.other]\n", "prices.other.currency"),
        ("[[[", "cannot be read"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_and_says_where(text: str, says: str, tmp_path: Path) -> None:
    file = tmp_path / "house.toml"
    file.write_text(text)
    with pytest.raises(UsageError) as refused:
        Plans.load(file)
    assert says in str(refused.value)
    assert "house.toml" in str(refused.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.toml cannot be read"):
        Plans.load(tmp_path / "none.toml")


def test_what_is_not_there_is_named() -> None:
    with pytest.raises(UsageError) as refused:
        PLANS.plan("profesional")
    assert "professional" in refused.value.hint
    with pytest.raises(UsageError, match="teleport has no price in the dialect printcart"):
        PLANS.price("printcart", "teleport")
    with pytest.raises(UsageError, match="ultra"):
        PLANS.price("print-ready", "remove_background", "ultra")
    with pytest.raises(UsageError, match="no prices"):
        PLANS.currency("esperanto")


def test_the_dashboard_costs_what_printcart_does_whatever_an_operator_changes(tmp_path: Path) -> None:
    file = tmp_path / "plans.toml"
    file.write_text(
        "[prices.printcart.operations]\nremove_background = 7\n[prices.printcart.operations.fix]\nenlarge = 8\n"
    )
    plans = Plans.load(file)
    for operation, option, price in (("remove_background", None, 7), ("fix", "enlarge", 8), ("fix", "add_bleed", 120)):
        assert plans.price("dashboard", operation, option) == plans.price("printcart", operation, option) == price
    assert plans.currency("dashboard") == "tokens"


def test_what_is_named_beside_like_differs(tmp_path: Path) -> None:
    file = tmp_path / "plans.toml"
    file.write_text("[prices.dashboard.operations]\nremove_background = 1\n")
    plans = Plans.load(file)
    assert plans.price("dashboard", "remove_background") == 1
    assert plans.price("dashboard", "fix", "add_bleed") == 120
    assert plans.price("printcart", "remove_background") == 150


@pytest.mark.parametrize("like", ["no-such", "dashboard"])
def test_prices_are_like_those_of_a_dialect_that_has_its_own(tmp_path: Path, like: str) -> None:
    file = tmp_path / "plans.toml"
    file.write_text(f'[prices.dashboard]\nlike = "{like}"\n')
    with pytest.raises(UsageError, match=f"to be like those of '{like}'"):
        Plans.load(file)
