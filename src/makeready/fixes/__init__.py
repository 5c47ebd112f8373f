"""The catalogue of fixes: the built-in ones and those of plug-ins, through one door."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path

from makeready import edit
from makeready.fixes.cured import CURED
from makeready.registry import Fix, Registry

#: Where distributions offer their fixes.
GROUP = "makeready.fixes"

#: One module a family. A new fix is a function in one of these, or a new module named here.
BUILT_IN_MODULES: tuple[str, ...] = (
    "background",
    "boxes",
    "colour",
    "enlarging",
    "export",
    "fonts",
    "geometry",
    "ink",
    "layers",
    "line_art",
    "lines",
    "overprint",
    "pictures",
    "raster",
    "spots",
    "standard",
    "structure",
    "transparency",
)


@cache
def catalogue(plugin_files: tuple[Path, ...] = ()) -> Registry[Fix]:
    """Every fix there is; ``plugin_files`` are Python files with more of them."""
    registry = Registry(Fix, group=GROUP, noun="fix")
    for name in BUILT_IN_MODULES:
        registry.add_module(importlib.import_module(f"makeready.fixes.{name}"))
    registry.add(edit.catalogue().values())
    registry.load_plugins()
    for path in plugin_files:
        registry.load_file(path)
    return registry


@cache
def cures(code: str, kind: str | None, plugin_files: tuple[Path, ...] = ()) -> tuple[str, ...]:
    """The fixes that cure issues of a code in files of a kind, the one that is planned first."""
    known = cured_by(catalogue(plugin_files)) if plugin_files or _plugged() else CURED
    return known.get(kind or "", {}).get(code, ())


@cache
def _plugged() -> bool:
    return bool(entry_points(group=GROUP))


def cured_by(fixes: Iterable[Fix]) -> dict[str, dict[str, tuple[str, ...]]]:
    """The fixes that cure each code, by kind of file: safe ones first, as they are planned."""
    table: dict[str, dict[str, tuple[str, ...]]] = {}
    for fix in sorted(fixes, key=lambda fix: (fix.safety.rank, fix.rank, fix.id)):
        for kind in fix.kinds:
            for code in fix.cures:
                by_code = table.setdefault(kind, {})
                by_code[code] = (*by_code.get(code, ()), fix.id)
    return {kind: dict(sorted(by_code.items())) for kind, by_code in sorted(table.items())}
