"""The catalogue: every check and profile, the built-in ones and those of plug-ins, through one door."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterable
from functools import cache
from importlib import resources
from importlib.metadata import entry_points
from pathlib import Path

from makeready import profile as profiles
from makeready.errors import UsageError
from makeready.profile import Profile
from makeready.registry import Check, Registry

#: One module a subject. A new check is a function in one of these, or a new module named here.
BUILT_IN_MODULES = (
    "file", "boxes", "margins", "images", "pixels", "colour", "spots", "ink", "overprint", "transparency", "fonts",
    "text", "lines", "layers", "pdfx", "raster",
)  # fmt: skip
DEFAULT_PROFILE = "default"


@cache
def catalogue(plugin_files: tuple[Path, ...] = ()) -> Registry[Check]:
    """Every check there is; ``plugin_files`` are Python files with more of them."""
    registry = Registry(Check, group="makeready.checks", noun="check")
    for name in BUILT_IN_MODULES:
        registry.add_module(importlib.import_module(f"makeready.preflight.checks.{name}"))
    registry.load_plugins()
    for path in plugin_files:
        registry.load_file(path)
    return registry


def profile_names() -> tuple[str, ...]:
    """The names of the profiles that come with the package and its plug-ins."""
    own = [Path(file.name).stem for file in _folder().iterdir() if file.name.endswith(".toml")]
    return tuple(sorted({*own, *(point.name for point in entry_points(group="makeready.profiles"))}))


def is_built_in_profile(name: str) -> bool:
    """Whether a profile comes with the package; a name is a name, not a path."""
    return Path(name).name == name and (_folder() / f"{name}.toml").is_file()


def find_profile(name: str) -> str | None:
    """The TOML text of a named profile, or ``None``.

    Raises:
        UsageError: a plug-in offers it and does not have it.
    """
    if is_built_in_profile(name):
        return (_folder() / f"{name}.toml").read_text(encoding="utf-8")
    for point in entry_points(group="makeready.profiles"):
        if point.name == name:
            # The entry point names a package; the profile is the TOML file of that name in it.
            try:
                return (resources.files(point.module) / f"{name}.toml").read_text(encoding="utf-8")
            except (Exception, SystemExit) as error:  # a stranger's package may fail in any way
                source = point.dist.name if point.dist else point.module
                raise UsageError(
                    f"The plug-in {source} does not give the profile {name!r}: {type(error).__name__}: {error}.",
                    "Install it again, or take another profile.",
                ) from error
    return None


def load_profile(name: str | Path | Profile) -> Profile:
    """A profile by name, from a TOML file, or as it is.

    Raises:
        UsageError: there is none, or it is not valid; the hint names the nearest one.
    """
    if isinstance(name, Profile):
        return name
    try:
        return profiles.load(name, find_profile)
    except UsageError as error:
        near = difflib.get_close_matches(str(name), profile_names(), n=1)
        if near and str(name) not in profile_names():
            raise UsageError(str(error), f"Did you mean {near[0]!r}? {error.hint}") from error
        raise


def product_profiles() -> Iterable[Profile]:
    """The profiles that say which product they are for, which is what stars are given by."""
    for name in profile_names():
        try:
            profile = load_profile(name)
        except UsageError:  # a plug-in's profile that does not load: `makeready doctor` says so
            continue
        if profile.product.type is not None:
            yield profile


def _folder() -> resources.abc.Traversable:
    return resources.files("makeready.preflight") / "profiles"
