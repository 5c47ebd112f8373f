"""The state of an installation: versions, what is missing, which plug-ins failed and why."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from makeready import __version__, fixes, models, preflight
from makeready.edit import generators
from makeready.errors import ExitCode, UsageError
from makeready.models import installing, session, store
from makeready.registry import Registry
from makeready.report import reporters
from makeready.segment import backend
from makeready.upscale import catalogue as upscalers

#: What the core cannot do without.
NEEDED = ("pymupdf", "pikepdf", "pillow", "pyvips", "numpy", "pydantic", "click", "rich")
#: What one command needs, the extra it comes with, and what does without.
OPTIONAL = {
    "watchfiles": ("watch", "makeready watch needs it, except with --once"),
    "onnxruntime": ("ai", "models need it"),
    "onnx": ("ai", "installing models needs it"),
    "scipy": ("ai", "removing backgrounds with fine edges needs it"),
    "openvino": ("openvino", "models are faster with it on some processors"),
}


@dataclass(frozen=True, slots=True)
class Health:
    """One line about one thing."""

    thing: str
    state: str
    ok: bool = True
    exit_code: ExitCode = ExitCode.OK
    #: Not there, and not missed until somebody wants what needs it.
    optional: bool = False

    @property
    def line(self) -> str:
        """For a terminal."""
        mark = "ok" if self.ok else "--" if self.optional else "!!"
        return f"{mark}  {self.thing:22} {self.state}"


def examine() -> Iterator[Health]:
    """Look at everything once."""
    yield Health("makeready", __version__)
    yield Health("Python", f"{platform.python_version()} on {sys.platform}")
    for name in NEEDED:
        try:
            yield Health(name, importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            yield Health(name, f"is not installed: pip install {name}", ok=False, exit_code=ExitCode.MISSING)
    for name, (extra, use) in OPTIONAL.items():
        try:
            yield Health(name, importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            how = f"is not installed; {use}: pip install 'makeready[{extra}]'"
            yield Health(name, how, ok=False, optional=True)
    yield from _models()
    yield from _generators()
    checks = preflight.catalogue()
    own = sum(check.source == "built-in" for check in checks)
    yield Health("checks", f"{own} built in, {len(checks) - own} from plug-ins")
    mending = fixes.catalogue()
    own = sum(fix.source == "built-in" for fix in mending)
    yield Health("fixes", f"{own} built in, {len(mending) - own} from plug-ins")
    yield Health("report formats", ", ".join(reporter.name for reporter in reporters()))
    yield from _profiles()
    for check in checks:
        if check.source != "built-in":
            yield Health(f"plug-in {check.source}", f"{check.code} {check.name}")
    for fix in mending:
        if fix.source != "built-in":
            yield Health(f"plug-in {fix.source}", f"fix {fix.id}")
    for registry in registries():
        for source, why in registry.failed.items():
            # A stranger's plug-in being broken is not this program's failure: it is said, and that is all.
            yield Health(f"plug-in {source}", f"did not load: {why}", ok=False)


def registries() -> tuple[Registry[Any], ...]:
    """Everything that plug-ins can add to, one registry a kind; the first call loads them all."""
    return (
        preflight.catalogue(), fixes.catalogue(), backend.catalogue(), upscalers.catalogue(), generators.catalogue(),
        reporters(),
    )  # fmt: skip


def _models() -> Iterator[Health]:
    """What runs models, the one that is taken first, and which models are here."""
    for engine in session.providers():
        state = engine.title if engine.ready else f"{engine.title}: {engine.why}"
        yield Health(f"engine {engine.name}", state, ok=engine.ready, optional=True)
    if (folder := os.environ.get(store.OWN_FOLDER)) and not os.path.isdir(folder):
        yield Health("models", f"{store.OWN_FOLDER} names {folder}, which is no folder", ok=False)
    for family in models.families():
        if where := installing.present(family):
            yield Health(f"model {family.id}", f"in {where}")
        else:
            yield Health(f"model {family.id}", f"is not installed: {family.command}", ok=False, optional=True)


def _generators() -> Iterator[Health]:
    """What makes pictures from words, in the order in which it is asked."""
    try:
        asked = generators.order()
    except UsageError as error:
        yield Health("generators", f"{generators.CHOICE}: {error} {error.hint}".strip(), ok=False)
        asked = list(generators.catalogue())
    for one in asked:
        if trouble := one.trouble():
            yield Health(f"generator {one.name}", trouble, ok=False, optional=True)
        else:
            tasks = [task for task in one.capabilities if one.able(task)] or one.capabilities
            yield Health(f"generator {one.name}", f"{', '.join(tasks)}; {one.destination()}")


def _profiles() -> Iterator[Health]:
    good = []
    for name in preflight.profile_names():
        try:
            good.append(preflight.load_profile(name).name)
        except UsageError as error:
            yield Health(f"profile {name}", str(error), ok=False)
    yield Health("profiles", f"{len(good)}: {', '.join(good)}")
