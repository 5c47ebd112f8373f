"""The reference is complete: every public name, command, option, exit code, variable, check and fix has its place."""

from __future__ import annotations

import inspect
import re

import griffe
import pytest

import commands
import makeready
import reference
from docs.pages import ROOT, anchors
from makeready import fixes, preflight
from makeready.errors import ExitCode
from makeready.service.settings import Settings

DOCS = ROOT / "docs"


@pytest.mark.parametrize("name", makeready.__all__)
def test_every_public_name_is_described(name: str) -> None:
    page, _, anchor = reference.documented()[name].partition("#")
    assert anchor in anchors(DOCS / "reference" / page)


@pytest.mark.parametrize("name", ["check", "fix", "plan", "inspect", "measure", "stars", "check_many"])
def test_a_function_shows_all_its_arguments(name: str) -> None:
    text = (DOCS / "reference/makeready.md").read_text("utf-8")
    signature = re.search(rf"^makeready\.{name}\(.*?^```", text, re.MULTILINE | re.DOTALL)
    assert signature
    for argument in inspect.signature(getattr(makeready, name)).parameters:
        assert re.search(rf"[ (]{argument}: ", signature[0]), argument


def test_what_is_raised_leads_to_the_error() -> None:
    text = (DOCS / "reference/makeready.md").read_text("utf-8")
    assert "- [`UsageError`](#class-usageerror): " in text
    assert "- [`UsageError`](makeready.md#class-usageerror): " in (DOCS / "reference/declaring.md").read_text("utf-8")


def test_comments_above_fields_are_said() -> None:
    text = (DOCS / "reference/facts.md").read_text("utf-8")
    assert "`canvas: Size | None = None` – The size it will be printed at, when the caller said so." in text


def _function(source: str) -> griffe.Function:
    module = griffe.visit("made", ROOT / "made.py", source, docstring_parser=griffe.Parser.google)
    found = module["f"]
    assert isinstance(found, griffe.Function)
    return found


def test_an_argument_that_does_not_exist_is_an_error() -> None:
    function = _function('def f(width):\n    """Do it.\n\n    Args:\n        height: of it.\n    """\n')
    with pytest.raises(LookupError, match=r"made\.f describes the argument 'height'"):
        reference._said(function, "makeready")


def test_a_name_that_is_gone_is_an_error() -> None:
    with pytest.raises(LookupError, match="see PAGES in tools/reference"):
        reference._found("makeready.engine.no_such_name")


def test_every_command_and_option_is_on_the_page_of_the_command_line() -> None:
    text = (DOCS / "reference/cli.md").read_text("utf-8")
    seen = 0
    for words, command in commands.commands():
        section = text.partition(f"\n## {words}\n")[2].partition("\n## ")[0]
        assert section, words
        for param in command.params:
            if param.param_type_name == "option" and not getattr(param, "hidden", False):
                assert f"- `{param.opts[0]}" in section, (words, param.opts)
                seen += 1
    assert seen > 150


def test_exit_codes_and_variables_are_there() -> None:
    text = (DOCS / "reference/cli.md").read_text("utf-8")
    assert all(f"| {code.value} | " in text for code in ExitCode)
    source = "".join(path.read_text("utf-8") for path in (ROOT / "src/makeready").rglob("*.py"))
    settings = {f"MAKEREADY_{name.upper()}" for name in Settings.model_fields}
    read = set(re.findall(r'^[A-Z_]+ = "(MAKEREADY_[A-Z_]+)"$', source, re.MULTILINE)) - settings
    assert read
    assert all(f"| `{name}` | " in text for name in read), "a constant that names a variable needs a comment above it"


def test_checks_lead_to_what_mends_them_and_fixes_back() -> None:
    for fix in fixes.catalogue():
        if fix.source != "built-in":
            continue
        page = (DOCS / f"fixes/{fix.id}.md").read_text("utf-8")
        for code in fix.cures:
            assert f"[{code}](../checks/{code}.md)" in page
            assert f"](../fixes/{fix.id}.md)" in (DOCS / f"checks/{code}.md").read_text("utf-8")


def test_every_check_is_in_every_index() -> None:
    built_in = [check for check in preflight.catalogue() if check.source == "built-in"]
    severity, requirements = ((DOCS / f"checks/{name}.md").read_text("utf-8") for name in ("by-severity", "gwg2022"))
    for check in built_in:
        assert f"]({check.code}.md)" in severity
        assert not check.gwg or f"]({check.code}.md)" in requirements


def test_what_profiles_say_is_on_the_pages_of_checks() -> None:
    page = (DOCS / "checks/IMG101.md").read_text("utf-8")
    (row,) = [line for line in page.splitlines() if "[poster](" in line]
    assert "warning 150 ppi, error 112 ppi" in row
