"""The reference of the Python API: Markdown from signatures and docstrings, read by griffe.

Pages are plain Markdown, so that a forge shows what the site shows. A public name that is not among ``PAGES``, and an
argument that is described and does not exist, end the making.
"""

from __future__ import annotations

import importlib
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import takewhile
from operator import attrgetter
from pathlib import Path

import griffe

import makeready

SOURCE = Path(__file__).parent.parent / "src"
_STARS = {griffe.ParameterKind.var_positional: "*", griffe.ParameterKind.var_keyword: "**"}
#: Signatures that are longer get a line for each argument.
WIDTH = 88


@dataclass(frozen=True)
class Page:
    """One page: its title, what it is about, and by heading the names on it, as they are imported."""

    title: str
    about: str
    names: Mapping[str, tuple[str, ...]]


def _named(module: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{module}.{name}" for name in names)


PAGES: Mapping[str, Page] = {
    "makeready": Page(
        "The package",
        "What most programs need: `import makeready`. Every function takes paths, bytes or streams, prints nothing and "
        "configures no logging.",
        {
            "Look": _named("makeready", "check", "check_many", "inspect", "measure", "stars"),
            "Mend": _named("makeready", "plan", "fix"),
            "Edit": (*_named("makeready", "edit", "segment"), "makeready.segment.cut", "makeready.upscale"),
            "What comes out": (
                *_named("makeready", "Report", "Issue", "Severity", "Verdict", "Stars", "Artwork"),
                *_named("makeready", "Plan", "Result", "Change", "Edited"),
                *_named("makeready.segment", "Cutout"),
                *_named("makeready.results", "FileInfo", "ProfileInfo", "CheckRun", "Outcome", "Place"),
                *_named("makeready.changes", "Step", "Left", "StepRun", "StepOutcome", "PageProof"),
            ),
            "What goes in": _named("makeready", "Profile", "Measure", "Size"),
            "Errors": (
                *_named("makeready", "MakereadyError", "UsageError", "UnreadableFile", "EncryptedFile", "TooLarge"),
                *_named("makeready", "MissingDependency", "FixFailed", "Refusal"),
                *_named("makeready.errors", "NoGenerator", "NotDone", "ExitCode"),
            ),
            "Said by checks": _named("makeready", "Finding"),
            "Version": _named("makeready", "__version__"),
        },
    ),
    "declaring": Page(
        "Checks, fixes and edits",
        "What [plug-ins](../plugins.md) declare, and what the package itself is made of.",
        {
            "Checks": (*_named("makeready.registry", "check", "Check"), "makeready.results.Skip"),
            "Fixes": (
                *_named("makeready.registry", "fix", "Fix"),
                "makeready.fixes.job.Job",
                *_named("makeready.changes", "Safety", "Stage"),
            ),
            "Edits": (
                *_named("makeready.edit.operator", "operator", "Edit"),
                "makeready.edit.scene.Scene",
                "makeready.edit.order.Step",
            ),
            "Settings": _named(
                "makeready.params", "Params", "param", "Threshold", "AtLeast", "AtMost", "Between", "Graded"
            ),
        },
    ),
    "interfaces": Page(
        "Networks, generators and report formats",
        "What a plug-in brings beside checks and fixes. Each is a declaration, offered under an entry point.",
        {
            "Cutting out": (
                "makeready.segment.backend.Segmenter",
                *_named("makeready.models.contract", "Segmenting", "Masking"),
                "makeready.models.session.Session",
            ),
            "Enlarging": _named("makeready.upscale.upscaler", "Upscaler", "Network"),
            "Pictures from words": _named("makeready.edit.generators", "Generator", "Run", "TASKS"),
            "Report formats": ("makeready.report.Reporter",),
            "The registry": ("makeready.registry.Registry",),
        },
    ),
    "facts": Page(
        "Facts",
        "What a file contains, without judgement. `makeready inspect FILE` prints them, checks are called with them, "
        "and `makeready.inspect()` gives them as an `Artwork`.",
        {"Facts": ("makeready.facts.*",)},
    ),
    "units": Page(
        "Quantities",
        "Numbers that wear units. They are floats in one base unit, are read as staff write them, and are compared "
        "with the tolerance of the press.",
        {"Quantities": ("makeready.units.*",)},
    ),
    "testing": Page(
        "Testing",
        "Artwork for tests, made in a line, and what every declaration has to keep to as one assertion.",
        {
            "Artwork": (
                *_named("makeready.testing", "pdf", "PdfBuilder", "picture", "image", "landscape"),
                *_named("makeready.testing", "press_profile", "srgb_profile"),
            ),
            "Contracts": (
                *_named("makeready.testing.contracts", "assert_check_contract", "assert_fix_contract"),
                "makeready.testing.segmenters.assert_segmenter_contract",
                "makeready.testing.upscalers.assert_upscaler_contract",
                "makeready.testing.generators.assert_generator_contract",
            ),
        },
    ),
}

INDEX = """\
# Reference

- [The command line](cli.md): every command and option, exit codes, environment variables
- The Python API:
{pages}
- [Settings of the service](../service/settings.md); its HTTP APIs describe themselves at `/docs` of a running service
- [The JSON report](../report.md) and its [schema](../../schemas/report.json); [profiles](../profiles.md) and their
  [schema](../../schemas/profile.json)
"""


def pages() -> Iterator[tuple[str, str]]:
    """The name and the text of every page."""
    missing = set(makeready.__all__) - {
        name.removeprefix("makeready.") for page in PAGES.values() for name in _names(page)
    }
    if missing:
        raise LookupError(f"no page describes {', '.join(sorted(missing))}: name them in PAGES of tools/reference.py")
    linked = [f"  - [{page.title}]({name}.md): {page.about.split('. ')[0].rstrip('.')}" for name, page in PAGES.items()]
    yield "README", INDEX.format(pages="\n".join(linked))
    for name, page in PAGES.items():
        yield name, _page(name, page)


def documented() -> dict[str, str]:
    """Where each public name is described: a page and an anchor on it."""
    found: dict[str, str] = {}
    for page_name, page in PAGES.items():
        for dotted in _names(page):
            found.setdefault(dotted.rpartition(".")[2], f"{page_name}.md#{_anchor(_heading(dotted))}")
    return found


def _names(page: Page) -> Iterator[str]:
    for names in page.names.values():
        for name in names:
            if name.endswith(".*"):
                module = _module(name[:-2])
                yield from (f"{name[:-2]}.{item.name}" for item in _own(module) if item.is_class)
            else:
                yield name


def _page(name: str, page: Page) -> str:
    lines = [f"# {page.title}", "", *textwrap.wrap(page.about, 120)]
    single = len(page.names) == 1
    for heading, names in page.names.items():
        if not single:
            lines += ["", f"## {heading}"]
        for dotted in _names(Page("", "", {heading: names})):
            entry = _entry(dotted, name)
            lines += ["", *(re.sub(r"^#(#+ )", r"\1", line) for line in entry)] if single else ["", *entry]
    return "\n".join(lines) + "\n"


@cache
def _module(name: str) -> griffe.Module:
    path = _path(name)
    return griffe.visit(name, path, path.read_text("utf-8"), docstring_parser=griffe.Parser.google)


def _path(module: str) -> Path:
    path = SOURCE.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _own(scope: griffe.Module | griffe.Class) -> list[griffe.Object]:
    """Public members that are defined there, in their order."""
    found = [item for item in scope.members.values() if not item.name.startswith("_")]
    return [item for item in found if isinstance(item, griffe.Object)]


def _found(dotted: str) -> griffe.Object:
    """What an imported name stands for.

    Raises:
        LookupError: there is no such name; the table of pages is out of date.
    """
    module, _, name = dotted.rpartition(".")
    package = importlib.import_module(module)
    home = vars(package).get("_HOME_OF", vars(package).get("_HOMES", {})).get(name)
    module = f"{module}.{home}" if home else module
    scope = _module(module)
    if name in scope.members and isinstance(scope[name], griffe.Function | griffe.Class):
        return _object(scope[name])
    if "_Room" in scope.members:  # the package itself is called
        return _object(scope["_Room.__call__"])
    if name in scope.members:
        return _object(scope[name])
    raise LookupError(f"{dotted} is not in {module}: see PAGES in tools/reference.py")


def _object(item: griffe.Object | griffe.Alias) -> griffe.Object:
    if isinstance(item, griffe.Alias):
        raise LookupError(f"{item.path} is imported from {item.target_path}: name that in PAGES of tools/reference.py")
    return item


def _heading(dotted: str) -> str:
    item = _found(dotted)
    short = dotted.removeprefix("makeready.") if dotted.startswith("makeready.segment.") else dotted.rpartition(".")[2]
    if item.is_class:
        return f"class {item.name}"
    return f"{short}()" if item.is_function else f"`{short}`"


def _anchor(heading: str) -> str:
    """As forges and the site both make it."""
    return re.sub(r"\s+", "-", re.sub(r"[^\w\s-]", "", heading.lower()).strip())


def _entry(dotted: str, page: str) -> list[str]:
    item, title = _found(dotted), _heading(dotted)
    lines = [f"### {title}", ""]
    if isinstance(item, griffe.Function):
        return lines + _function(item, dotted, page)
    if isinstance(item, griffe.Class):
        return lines + _class(item, dotted, page)
    return lines + _value(item, dotted)


def _function(item: griffe.Function, written: str, page: str) -> list[str]:
    """Signature, then what the docstring says."""
    return ["```python", _signature(item, written), "```", "", *_said(item, page)]


def _signature(item: griffe.Function, written: str) -> str:
    parts: list[str] = []
    keyword_only = False
    for parameter in item.parameters:
        if parameter.name in ("self", "cls"):
            continue
        kind = parameter.kind
        if kind is griffe.ParameterKind.keyword_only and not keyword_only:
            keyword_only = True
            parts.append("*")
        stars = _STARS.get(kind, "") if kind else ""
        keyword_only = keyword_only or stars == "*"
        text = f"{stars}{parameter.name}"
        if parameter.annotation is not None:
            text += f": {parameter.annotation}"
        if parameter.default is not None and not stars:
            text += f" = {_default(item, str(parameter.default))}"
        parts.append(text)
    answer = f" -> {item.returns}" if item.returns is not None else ""
    parts = [_quoted(part) for part in parts]
    line = f"{written}({', '.join(parts)}){answer}"
    if len(line) <= WIDTH:
        return line
    return f"{written}(\n" + "".join(f"    {part},\n" for part in parts) + f"){answer}"


def _default(item: griffe.Object, written: str) -> str:
    """As it is written, or the value of a constant, whose name says little to callers."""
    if re.fullmatch(r"(\w+\.)?_?[A-Z][A-Z_]+", written):
        value = attrgetter(written)(importlib.import_module(item.module.path))
        return f'"{value}"' if isinstance(value, str) else f"{value:_}" if isinstance(value, int) else str(value)
    return _quoted(written)


def _quoted(code: str) -> str:
    """Texts in the quotes that the rest of the project has."""
    return re.sub(r"'([^'\"]*)'", r'"\1"', code)


def _class(item: griffe.Class, dotted: str, page: str) -> list[str]:
    """What it is, what it is made from, its values, and what it can do."""
    bases = [f"`{base}`" for base in item.bases if str(base) not in ("object", "Protocol")]
    lines = [
        f"`from {dotted.rpartition('.')[0]} import {item.name}`" + (f" · extends {', '.join(bases)}" if bases else "")
    ]
    lines += ["", *_said(item, page)]
    values = [member for member in _own(item) if isinstance(member, griffe.Attribute)]
    fields = [member for member in values if "property" not in member.labels]
    properties = [member for member in values if "property" in member.labels and member.docstring]
    if fields:
        lines += ["", *(f"- {_field(member)}" for member in fields)]
    if properties:
        lines += ["", "Worked out:", "", *(f"- {_property(member)}" for member in properties)]
    for member in item.members.values():
        if isinstance(member, griffe.Function) and _shown(member):
            called = item.name if member.name == "__init__" else f"{item.name}.{member.name}"
            called = called.removesuffix(".__call__")
            lines += ["", f"#### {called}()", "", *_function(member, called, page)]
    return lines


def _shown(method: griffe.Function) -> bool:
    """What overrides without a word of its own is described by what it overrides."""
    return method.docstring is not None and (method.name in ("__init__", "__call__") or method.name[0] != "_")


def _field(member: griffe.Attribute) -> str:
    kind = f": {member.annotation}" if member.annotation is not None else ""
    default = _of_field(str(member.value)) if member.value is not None else ""
    described = re.search(r"description=['\"](.+?)['\"][,)]", str(member.value))
    about = described[1] if described else _comment(member)
    return f"`{member.name}{_quoted(kind + default)}`" + (f" – {about}" if about else "")


def _property(member: griffe.Attribute) -> str:
    about = _prose(member.docstring.value.split("\n\n")[0]) if member.docstring else ""
    return f"`{member.name}: {member.annotation}`" + (f" – {_joined(about)}" if about else "")


def _value(item: griffe.Object, dotted: str) -> list[str]:
    assert isinstance(item, griffe.Attribute)
    module, _, name = dotted.rpartition(".")
    said = _comment(item)
    if name == "__version__":
        return [f"`{dotted}`", "", "The version of the package, as text."]
    written = _path(item.module.path).read_text("utf-8").splitlines()[(item.lineno or 1) - 1 : item.endlineno]
    return [f"`from {module} import {name}`", "", said, "", "```python", *written, "```"]


def _comment(member: griffe.Attribute) -> str:
    """The lines that begin with ``#:`` above it, or the docstring below it."""
    if member.docstring:
        return _joined(_prose(member.docstring.value))
    above = _source(member.module.path)[: (member.lineno or 1) - 1]
    said = list(takewhile(lambda line: line.startswith("#:"), reversed(above)))
    return _prose(" ".join(line.removeprefix("#:").strip() for line in reversed(said)))


@cache
def _source(module: str) -> list[str]:
    return [line.strip() for line in _path(module).read_text("utf-8").splitlines()]


def _of_field(value: str) -> str:
    """The default of a field, without what dataclasses and pydantic are told besides."""
    if value.startswith("Field("):
        plain = re.match(r"Field\(([^=]+?)[,)]", value)
        return f" = {plain[1]}" if plain else ""
    if value.startswith("field("):
        made = re.search(r"default_factory=(dict|list|tuple|set)\b", value)
        plain = re.search(r"\bdefault=([^,)]+)", value)
        return " = {}" if made else f" = {plain[1]}" if plain else ""
    return f" = {value}" if len(value) <= 40 else " = …"


def _said(item: griffe.Object, page: str) -> list[str]:
    """The docstring: prose, arguments, what is returned, yielded and raised.

    Raises:
        LookupError: it describes an argument that does not exist.
    """
    if item.docstring is None:
        return []
    lines: list[str] = []
    for section in item.docstring.parse("google", warnings=False):
        if lines:
            lines.append("")
        match section.kind:
            case griffe.DocstringSectionKind.text:
                lines.append(_prose(section.value))
            case griffe.DocstringSectionKind.parameters:
                _existing(item, [argument.name for argument in section.value])
                lines += ["Arguments:", ""]
                lines += [f"- `{argument.name}`: {_joined(_prose(argument.description))}" for argument in section.value]
            case griffe.DocstringSectionKind.returns | griffe.DocstringSectionKind.yields:
                word = section.kind.value.capitalize()
                lines.append(f"{word}: {_joined(_prose(' '.join(answer.description for answer in section.value)))}")
            case griffe.DocstringSectionKind.raises:
                lines += ["Raises:", ""]
                lines += [
                    f"- {_linked(str(error.annotation), page)}: {_joined(_prose(error.description))}"
                    for error in section.value
                ]
            case griffe.DocstringSectionKind.examples:
                for kind, text in section.value:
                    example = kind is griffe.DocstringSectionKind.examples
                    lines += ["```pycon", text, "```"] if example else [_prose(text)]
            case _:
                raise LookupError(f"{item.path}: no page has room for its section {section.kind.value!r}")
    return lines


def _existing(item: griffe.Object, described: Sequence[str]) -> None:
    if isinstance(item, griffe.Function):
        known = {parameter.name.lstrip("*") for parameter in item.parameters}
    else:
        known = {member.name for member in _own(item)} if isinstance(item, griffe.Class) else set()
        call = item.members.get("__call__")
        known |= {parameter.name for parameter in call.parameters} if isinstance(call, griffe.Function) else set()
    for name in (word.strip().lstrip("*") for words in described for word in words.split(",")):
        if name not in known:
            raise LookupError(f"{item.path} describes the argument {name!r} and has none of that name")


def _linked(error: str, page: str) -> str:
    where = documented().get(error)
    if where is None:
        return f"`{error}`"
    return f"[`{error}`]({where.removeprefix(f'{page}.md')})"


def _prose(text: str) -> str:
    """Markdown of a docstring: roles are code, and lines that doctest would run are a block."""
    text = re.sub(r":\w+:`~?([^`]+)`", r"`\1`", text.strip())
    text = re.sub(r"``([^`]+)``", r"`\1`", text)
    return re.sub(r"^(>>> .*(?:\n(?!\n).+)*)", r"```pycon\n\1\n```", text, flags=re.MULTILINE)


def _joined(text: str) -> str:
    return " ".join(text.split())
