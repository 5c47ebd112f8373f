"""Where declarations meet: built-ins and plug-ins come in through the same door.

A declaration is an object made by a decorator. Everything a user reads about a check (the line in a report,
the page of ``explain``, the profile's schema) is made from it, so nothing about a check is written twice.
"""

from __future__ import annotations

import importlib.util
import inspect
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from pydantic import ValidationError

from makeready.changes import Safety, Stage
from makeready.errors import UsageError, did_you_mean
from makeready.params import Params
from makeready.results import Severity

#: Subjects of the built-in catalogue. Plug-ins take another prefix, so that a code means one thing for ever.
SUBJECTS = {
    "FIL": "File",
    "BOX": "Page boxes and size",
    "IMG": "Pictures",
    "COL": "Colour",
    "INK": "Ink",
    "OVP": "Overprint",
    "TRN": "Transparency",
    "FNT": "Fonts",
    "TXT": "Text",
    "LIN": "Lines",
    "LAY": "Layers and annotations",
    "STD": "PDF/X",
    "RAS": "Raster files",
}
BUILT_IN = "built-in"
#: Costly facts, gathered only where a check that runs asks for them, and what they cost.
NEEDS = {
    "bleed": "a rendering of the four edges of each page",
    "ink": "a rendering of each page as printing plates",
    "gamut": "a rendering of each page that has RGB, proofed for the press",
    "jpeg": "the headers of the JPEGs in a PDF",
    "pixels": "pictures decoded",
    "constructs": "every object that a page reaches, for what standards restrict",
}


class Declaration(Protocol):
    """What a registry holds."""

    @property
    def key(self) -> str:
        """The name it is looked up by."""

    @property
    def source(self) -> str:
        """``built-in``, or the plug-in it came from."""

    def problems(self) -> list[str]:
        """What is wrong with the declaration itself; empty when it may be registered."""


@dataclass(frozen=True, eq=False)
class Check:
    """A declared check. Calling it runs the function: a check is as easy to test as a function."""

    code: str
    name: str
    title: str
    on: type[Any]
    message: str
    severity: Severity
    enabled: bool
    kinds: tuple[str, ...]
    params: type[Params]
    run: Callable[..., Iterator[Any]]
    needs: tuple[str, ...] = ()
    gwg: tuple[str, ...] = ()
    source: str = BUILT_IN

    #: What the page of a check must say, in this order.
    SECTIONS: ClassVar = ("What it looks at", "Why it matters on press", "What to do")

    @property
    def key(self) -> str:
        return self.code

    @property
    def page(self) -> str:
        """The docstring, as Markdown."""
        return inspect.getdoc(self.run) or ""

    @property
    def subject(self) -> str:
        """The heading it is filed under."""
        return SUBJECTS.get(self.code[:3], self.source)

    @property
    def wants_artwork(self) -> bool:
        """Whether the function takes the whole artwork as a third argument."""
        return len(inspect.signature(self.run).parameters) >= 3

    def __call__(self, *args: Any) -> list[Any]:
        """Run on one fact: ``check(fact, params)`` or ``check(fact, params, artwork)``."""
        return list(self.run(*args))

    def problems(self) -> list[str]:
        found = []
        if not re.fullmatch(r"[A-Z]{3}\d{3}", self.code):
            found.append(f"the code {self.code!r} is not three capital letters and three digits")
        elif self.source != BUILT_IN and self.code[:3] in SUBJECTS:
            found.append(f"the prefix {self.code[:3]} belongs to the built-in checks: choose another")
        found += misnamed(self.name)
        missing = [section for section in self.SECTIONS if f"## {section}" not in self.page]
        if missing:
            found.append(f"the docstring lacks the sections {', '.join(missing)}")
        return found + _faults(self.params)


def check(
    *,
    code: str,
    name: str,
    title: str,
    on: type[Any],
    message: str,
    severity: Severity | str = Severity.ERROR,
    enabled: bool = True,
    kinds: tuple[str, ...] = ("pdf", "raster"),
    params: type[Params] = Params,
    needs: tuple[str, ...] = (),
    gwg: tuple[str, ...] = (),
    source: str = BUILT_IN,
) -> Callable[[Callable[..., Iterator[Any]]], Check]:
    """Declare a check.

    Args:
        code: three letters, three digits; never changes its meaning.
        name: what is wrong, in lower-case words with hyphens.
        title: one sentence about what is wrong.
        on: the class of facts it judges; it is called once for each.
        message: one line for the report; ``{measured}``, ``{limit}`` and the finding's details fill it.
        severity: of an issue, unless the finding is graded or the profile says otherwise.
        enabled: whether it runs where a profile does not mention it.
        kinds: the kinds of file it can judge.
        params: its settings.
        needs: costly facts that are only gathered when a check asks for them (see ``NEEDS``).
        gwg: requirements of GWG 2022 it answers (``R0031``); its issues name theirs in their details. A check that
            answers several puts the one that was broken into its finding's details, as ``gwg``.
        source: left alone by authors; the registry fills it in for plug-ins.
    """

    def declare(function: Callable[..., Iterator[Any]]) -> Check:
        return Check(
            code, name, title, on, message, Severity(severity), enabled, kinds, params, function, needs, gwg, source
        )

    return declare


@dataclass(frozen=True, eq=False)
class Fix:
    """A declared fix. It changes a copy and says what it changed; the checks have the last word."""

    id: str
    title: str
    stage: Stage
    safety: Safety
    cures: tuple[str, ...]
    kinds: tuple[str, ...]
    params: type[Params]
    run: Callable[..., Iterator[Any]]
    needs: tuple[str, ...] = ()
    rank: int = 0
    seconds_per_page: float = 0.0
    seconds_per_megapixel: float = 0.0
    source: str = BUILT_IN

    #: What the page of a fix must say, in this order.
    SECTIONS: ClassVar = ("What changes", "What stays exactly as it was", "When not to use it")

    @property
    def key(self) -> str:
        return self.id

    @property
    def page(self) -> str:
        """The docstring, as Markdown."""
        return inspect.getdoc(self.run) or ""

    @property
    def order(self) -> tuple[int, int, str]:
        """Its place in the one order of all fixes."""
        return self.stage.position, self.rank, self.id

    def valid(self, said: Mapping[str, Any]) -> Params:
        """Its settings as somebody gave them.

        Raises:
            UsageError: one does not exist or fit, with the nearest known one.
        """
        try:
            return self.params.model_validate(dict(said))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in (self.id, *first["loc"]))
            if first["type"] == "extra_forbidden":
                known = list(self.params.model_fields)
                unknown = str(first["loc"][-1])
                hint = did_you_mean(unknown, known) or f"{self.id} has {', '.join(known) or 'no settings'}."
                raise UsageError(f"{where} is no setting.", hint) from error
            wrong = first["msg"].removeprefix("Value error, ")
            raise UsageError(f"{where}: {wrong}" if wrong.endswith(("?", ".")) else f"{where}: {wrong}.") from error

    def problems(self) -> list[str]:
        found = []
        if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", self.id):
            found.append(f"the id {self.id!r} is not lower-case words with underscores")
        missing = [section for section in self.SECTIONS if f"## {section}" not in self.page]
        if missing:
            found.append(f"the docstring lacks the sections {', '.join(missing)}")
        return found + _faults(self.params)


def fix(
    *,
    id: str,
    title: str,
    stage: Stage | str,
    safety: Safety | str,
    cures: tuple[str, ...] = (),
    kinds: tuple[str, ...] = ("pdf", "raster"),
    params: type[Params] = Params,
    needs: tuple[str, ...] = (),
    rank: int = 0,
    seconds_per_page: float = 0.0,
    seconds_per_megapixel: float = 0.0,
    source: str = BUILT_IN,
) -> Callable[[Callable[..., Iterator[Any]]], Fix]:
    """Declare a fix: a function of a job and its settings that yields a ``Change`` for each thing it changed.

    Args:
        id: the deed, in lower-case words with underscores.
        title: one sentence that says what it does.
        stage: its place in the order of all fixes.
        safety: how far it may be trusted with a job that nobody looks at afterwards.
        cures: codes of the checks whose issues are gone afterwards; the fix names them, never the other way round.
        kinds: the kinds of file it can mend.
        params: its settings; ``like`` ties one to a check's limit.
        needs: costly facts that it reads from ``job.facts`` (see ``NEEDS``).
        rank: of fixes of one stage, lower comes first; of fixes as safe that cure the same, the lower one is planned.
        seconds_per_page, seconds_per_megapixel: what it takes, for the plan.
        source: left alone by authors; the registry fills it in for plug-ins.
    """

    def declare(function: Callable[..., Iterator[Any]]) -> Fix:
        return Fix(
            id, title, Stage(stage), Safety(safety), cures, kinds, params, function, needs, rank, seconds_per_page,
            seconds_per_megapixel, source,
        )  # fmt: skip

    return declare


def misnamed(name: str, title: str | None = None) -> list[str]:
    """What is wrong with a name that users type and, where it has one, with the title beside it in lists."""
    found = []
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        found.append(f"the name {name!r} is not lower-case words with hyphens")
    if title is not None and (not title or title.endswith(".")):
        found.append("the title is empty or ends in a full stop")
    return found


def _faults(params: type[Params]) -> list[str]:
    """What is wrong with declared settings."""
    found = []
    try:
        params()
    except ValueError as error:
        found.append(f"its default settings are not valid: {error}")
    for name, setting in params.model_fields.items():
        if not setting.description:
            found.append(f"the setting {name} has no help")
    return found


T = TypeVar("T", bound=Declaration)


def _declares(thing: object) -> bool:
    """Whether it is a declaration of any kind: a plug-in may offer several kinds, and each registry takes its own."""
    return not isinstance(thing, type) and all(hasattr(thing, name) for name in ("key", "source", "problems"))


class Registry(Generic[T]):
    """All declarations of one kind, sorted by key.

    ``failed`` holds the plug-ins that could not be loaded, and why: a broken plug-in never stops a run.
    """

    def __init__(self, kind: type[T], group: str, noun: str) -> None:
        self.kind, self.group, self.noun = kind, group, noun
        self.failed: dict[str, str] = {}
        self._items: dict[str, T] = {}

    def add(self, items: Iterable[T]) -> None:
        """Register all of them or, if one is wrong, none.

        Raises:
            ValueError: a declaration is faulty or its key is taken.
        """
        new: dict[str, T] = {}
        for item in items:
            if problems := item.problems():
                raise ValueError(f"{item.key}: {'; '.join(problems)}")
            taken = new.get(item.key) or self._items.get(item.key)
            if taken is not None:
                raise ValueError(f"{item.key} is already declared by {taken.source}")
            new[item.key] = item
        self._items.update(new)

    def add_module(self, module: ModuleType | object, source: str = BUILT_IN) -> None:
        """Register every declaration of this kind that a module defines, or the one it is."""
        found = [module] if isinstance(module, self.kind) else list(vars(module).values())
        items = list(dict.fromkeys(item for item in found if isinstance(item, self.kind)))
        if not items and source != BUILT_IN and not any(_declares(item) for item in vars(module).values()):
            raise ValueError(f"it declares no {self.noun}")
        if source != BUILT_IN:
            import dataclasses

            items = [dataclasses.replace(item, source=source) for item in items]  # type: ignore[type-var]
        self.add(items)

    def load_plugins(self) -> None:
        """Load what installed distributions offer under this registry's entry-point group."""
        for point in sorted(entry_points(group=self.group), key=lambda p: p.name):
            source = point.dist.name if point.dist else point.name
            self._guarded(source, partial(self._load_point, point, source))

    def _load_point(self, point: EntryPoint, source: str) -> None:
        self.add_module(point.load(), source)

    def load_file(self, path: Path) -> None:
        """Load a plug-in from one Python file.

        Raises:
            UsageError: the file is not there.
        """
        if not path.is_file():
            raise UsageError(f"{path}: no such plug-in file")

        def load() -> None:
            name = f"makeready_plugin_{re.sub(r'[^0-9A-Za-z]', '_', str(path.resolve()))}"
            known = sys.modules.get(name)
            if known is not None and known.__file__ == str(path):  # it offers checks and fixes: run it once
                self.add_module(known, path.name)
                return
            spec = importlib.util.spec_from_file_location(name, path)
            if spec is None or spec.loader is None:
                raise ValueError("it is not a Python file")
            module = importlib.util.module_from_spec(spec)
            sys.modules[name] = module
            try:
                spec.loader.exec_module(module)
            except BaseException:
                del sys.modules[name]
                raise
            self.add_module(module, path.name)

        self._guarded(path.name, load)

    def _guarded(self, source: str, load: Callable[[], None]) -> None:
        try:
            load()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a stranger's code may fail in any way; it is listed, not hidden
            why = f"{type(error).__name__}: {error}"
            self.failed[source] = f"{self.failed[source]}; {why}" if source in self.failed else why

    def __iter__(self) -> Iterator[T]:
        return iter(sorted(self._items.values(), key=lambda item: item.key))

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, key: object) -> bool:
        return key in self._items

    def __getitem__(self, key: str) -> T:
        """Look up by key, whatever its case.

        Raises:
            UsageError: there is no such declaration.
        """
        item = self._items.get(key) or self._items.get(key.upper()) or self._items.get(key.lower())
        if item is None:
            hint = did_you_mean(key, self._items)
            if not hint and len(self) <= 12:
                hint = f"There are: {', '.join(item.key for item in self)}."
            hint = hint or f"'makeready explain' lists every {self.noun}."
            raise UsageError(f"There is no {self.noun} {key!r}.", hint)
        return item
