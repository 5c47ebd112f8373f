"""makeready: looks at print artwork, says what will go wrong on press, and mends it.

    >>> import makeready
    >>> report = makeready.check("brochure.pdf", profile="sheetfed-coated")
    >>> print(report.verdict, [issue.message for issue in report.issues])
    >>> report.save("brochure.html")

Names are imported on first use, so that ``import makeready`` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from makeready.batch import check_many as check_many
    from makeready.changes import Change as Change
    from makeready.changes import Plan as Plan
    from makeready.changes import Refusal as Refusal
    from makeready.changes import Result as Result
    from makeready.edit import Edited as Edited
    from makeready.edit import edit as edit
    from makeready.engine import Measure as Measure
    from makeready.engine import check as check
    from makeready.engine import measure as measure
    from makeready.engine import stars as stars
    from makeready.errors import EncryptedFile as EncryptedFile
    from makeready.errors import FixFailed as FixFailed
    from makeready.errors import MakereadyError as MakereadyError
    from makeready.errors import MissingDependency as MissingDependency
    from makeready.errors import TooLarge as TooLarge
    from makeready.errors import UnreadableFile as UnreadableFile
    from makeready.errors import UsageError as UsageError
    from makeready.facts import Artwork as Artwork
    from makeready.fixing import fix as fix
    from makeready.fixing import plan as plan
    from makeready.inspection import inspect as inspect
    from makeready.profile import Profile as Profile
    from makeready.results import Finding as Finding
    from makeready.results import Issue as Issue
    from makeready.results import Report as Report
    from makeready.results import Severity as Severity
    from makeready.results import Stars as Stars
    from makeready.results import Verdict as Verdict
    from makeready.segment import segment as segment
    from makeready.units import Size as Size
    from makeready.upscale import upscale as upscale

_HOMES = {
    "batch": ("check_many",),
    "changes": ("Change", "Plan", "Refusal", "Result"),
    "edit": ("Edited", "edit"),
    "engine": ("Measure", "check", "measure", "stars"),
    "errors": (
        "EncryptedFile",
        "FixFailed",
        "MakereadyError",
        "MissingDependency",
        "TooLarge",
        "UnreadableFile",
        "UsageError",
    ),
    "facts": ("Artwork",),
    "fixing": ("fix", "plan"),
    "inspection": ("inspect",),
    "profile": ("Profile",),
    "results": ("Finding", "Issue", "Report", "Severity", "Stars", "Verdict"),
    "segment": ("segment",),
    "units": ("Size",),
    "upscale": ("upscale",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = ["__version__", *sorted(_HOME_OF)]  # noqa: PLE0604 - the names are text, the checker cannot see it


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'makeready' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"makeready.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
