"""Product profiles: which checks run on a product, with which limits, and why.

A profile is TOML. It may extend another one, say ``off``, a severity or settings for a check, and override
with a reason that the report prints. This file reads and merges the data; whether the codes and settings
exist is for the engine to say, which knows the checks.
"""

from __future__ import annotations

import hashlib
import json
import os
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from makeready.errors import UsageError
from makeready.results import Severity

_WORDS = {"on", "off", *(severity.value for severity in Severity)}


class Product(BaseModel):
    """What is printed, for the DPI stars."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: str | None = Field(None, description="The product's name in the DPI score.")
    min_ppi: int | None = Field(None, gt=0, description="The least effective ppi that counts as fair.")


class Fixing(BaseModel):
    """How files are mended that are held against this profile."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    allow: Literal["safe", "review"] = Field(
        "safe", description="How far fixes are trusted: safe ones change nothing visible inside the trim."
    )
    steps: tuple[dict[str, Any] | str, ...] = Field(
        (), description="Fixes that are made whatever was found: an id, or a table with 'fix' and settings."
    )
    settings: dict[str, dict[str, Any]] = Field(
        {}, description="Settings of fixes, by id; they come before the limits of the checks."
    )

    def over(self, base: Fixing) -> Fixing:
        """These on top of others: settings are replaced one by one, steps as a whole."""
        ids = [*base.settings, *(id for id in self.settings if id not in base.settings)]
        settings = {id: {**base.settings.get(id, {}), **self.settings.get(id, {})} for id in ids}
        return base.model_copy(update={**self.model_dump(exclude_unset=True), "settings": settings})


class Override(BaseModel):
    """A change of severity that needs a reason."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    check: str = Field(description="The code of the check.")
    severity: Literal["off", "info", "warning", "error"] = Field(description="The severity of its issues.")
    reason: str = Field(min_length=3, description="Why; printed in the report.")


class ProfileFile(BaseModel):
    """The TOML as written. ``checks`` holds ``"off"``, ``"on"``, a severity, or a table of settings."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    json_schema: str | None = Field(None, alias="$schema", description="For completion in editors.")
    name: str | None = Field(None, description="The name it is called by; the file's name when left out.")
    title: str = Field("", description="One line for people.")
    description: str = Field("", description="What the profile is for and where its numbers come from.")
    extends: str | None = Field(None, description="The profile it starts from.")
    product: Product = Field(Product(), description="The product, for the DPI stars.")
    others: Literal["on", "off"] | None = Field(
        None, description="What of checks that are not named: as they are declared (on), or none of them (off)."
    )
    undecided: tuple[str, ...] = Field(
        (), description="What a reader might take to be checked and is not; printed in the report."
    )
    checks: dict[str, str | dict[str, Any]] = Field({}, description="Settings by code.")
    override: tuple[Override, ...] = Field((), description="Severities that differ, each with its reason.")
    fixes: Fixing = Field(Fixing(), description="How files are mended.")


@dataclass(frozen=True, slots=True)
class CheckSettings:
    """What a profile says of one check; ``None`` leaves it to the declaration."""

    enabled: bool | None = None
    severity: Severity | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    reason: str | None = None

    def over(self, base: CheckSettings) -> CheckSettings:
        """These on top of others: settings are replaced one by one."""
        return CheckSettings(
            enabled=base.enabled if self.enabled is None else self.enabled,
            severity=self.severity or base.severity,
            settings={**base.settings, **self.settings},
            reason=self.reason or base.reason,
        )


@dataclass(frozen=True, slots=True)
class Profile:
    """A resolved profile: everything it extends is merged in."""

    name: str
    title: str = ""
    description: str = ""
    extends: tuple[str, ...] = ()
    product: Product = field(default_factory=Product)
    checks: Mapping[str, CheckSettings] = field(default_factory=dict)
    #: Whether checks that it does not name run as they are declared, or not at all.
    others: bool = True
    #: What a reader might take to be checked and is not.
    undecided: tuple[str, ...] = ()
    fixes: Fixing = field(default_factory=Fixing)

    @property
    def sha256(self) -> str:
        """A fingerprint of the settings, so that two reports can be told to be of one measure."""
        said = {
            code: [s.enabled, s.severity, {name: _marked(value) for name, value in s.settings.items()}]
            for code, s in sorted(self.checks.items())
        }
        text = json.dumps([self.product.model_dump(), self.others, said], sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()

    def with_settings(self, assignments: Iterable[str]) -> Profile:
        """A copy with ``CODE=off|severity`` and ``CODE.setting[.part]=value`` laid over it.

        Raises:
            UsageError: an assignment is not of that form.
        """
        checks = dict(self.checks)
        for assignment in assignments:
            path, equals, value = assignment.partition("=")
            code, *keys = path.strip().split(".")
            if not equals or not code or not all(keys):
                raise UsageError(
                    f"{assignment!r} is not a setting.",
                    "Write CODE.setting=value, such as IMG101.resolution.error=200ppi.",
                )
            code = code.upper()
            entry: str | dict[str, Any] = value.strip()
            for key in reversed(keys):
                entry = {key.replace("-", "_"): entry}
            new = _entry(code, entry, "the command line")
            old = checks.get(code, CheckSettings())
            merged = {**old.settings, **{k: _deep(old.settings.get(k), v) for k, v in new.settings.items()}}
            checks[code] = CheckSettings(
                enabled=new.enabled if new.enabled is not None else old.enabled,
                severity=new.severity or old.severity,
                settings=merged,
                reason=old.reason,
            )
        return replace(self, checks=checks)


class Part(dict[str, Any]):
    """A part of a setting (``resolution.error``), laid over what the setting is otherwise.

    ``over`` is the single value that the profile gives the setting (what it stands for, the setting's class
    knows), or ``None`` where the profile leaves it to the default.
    """

    over: Any = None


def _deep(old: Any, new: Any) -> Any:
    if not isinstance(new, dict):
        return new
    if isinstance(old, Mapping) and not isinstance(old, Part):
        return {**old, **new}  # the profile has said all of it; the declaration's default is out of the game
    part = Part({**(old if isinstance(old, Part) else {}), **new})
    part.over = old.over if isinstance(old, Part) else old
    return part


def _marked(value: Any) -> Any:
    """A part that is laid over something else is another measure than the same words alone."""
    return {"over": value.over, "part": dict(value)} if isinstance(value, Part) else value


def load(name: str | Path, find: Callable[[str], str | None]) -> Profile:
    """Read a profile by name (through ``find``, which gives the TOML text) or from a file.

    Raises:
        UsageError: not there, not valid, or it extends itself.
    """
    return _load(str(name), find, ())


def _load(name: str, find: Callable[[str], str | None], above: tuple[str, ...]) -> Profile:
    text = find(name)
    own_name = name
    if text is None:
        file = _file(name, above)
        name, own_name = str(file), file.stem
    if name in above:
        raise UsageError(f"The profile {above[0]!r} extends itself: {' → '.join((*above, name))}.")
    if text is None:
        text = _text_of(file)
    written = parse(text, name)
    base = _load(written.extends, find, (*above, name)) if written.extends else Profile(name="")
    checks = dict(base.checks)
    for code, entry in written.checks.items():
        checks[code] = _entry(code, entry, name).over(checks.get(code, CheckSettings()))
    for override in written.override:
        enabled = override.severity != "off"
        severity = Severity(override.severity) if enabled else None
        said = CheckSettings(enabled=enabled, severity=severity, reason=override.reason)
        checks[override.check] = said.over(checks.get(override.check, CheckSettings()))
    return Profile(
        name=written.name or own_name,
        title=written.title,
        description=written.description.strip(),
        extends=(base.name, *base.extends) if base.name else (),
        product=base.product.model_copy(update=written.product.model_dump(exclude_unset=True)),
        checks=checks,
        others=base.others if written.others is None else written.others == "on",
        undecided=(*base.undecided, *written.undecided),
        fixes=written.fixes.over(base.fixes),
    )


def parse(text: str, name: str) -> ProfileFile:
    """Read the TOML of one profile.

    Raises:
        UsageError: not TOML, or a key that profiles do not have.
    """
    try:
        return ProfileFile.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"The profile {name} is not valid TOML: {error}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"The profile {name} is not valid: {where}: {first['msg']}.") from error


def _file(name: str, above: tuple[str, ...]) -> Path:
    """Where a profile's file is: beside the one that extends it, else as named."""
    beside = Path(above[-1]).parent if above and above[-1].endswith(".toml") else Path()
    for candidate in (beside / name, Path(name)):
        if candidate.suffix == ".toml" and os.path.isfile(candidate):
            return Path(os.path.normpath(candidate))
    if name.endswith(".toml"):
        raise UsageError(f"There is no profile file {name}.", "Check the name and the folder.")
    raise UsageError(
        f"There is no profile {name!r}.", "'makeready profiles list' shows the profiles; a file must end in .toml."
    )


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The profile {file} cannot be read: {error}.") from error


def _entry(code: str, entry: str | Mapping[str, Any], name: str) -> CheckSettings:
    if isinstance(entry, str):
        if entry not in _WORDS:
            raise UsageError(f"{name}: {code} = {entry!r} is not a severity: write on, off, info, warning or error.")
        if entry in ("on", "off"):
            return CheckSettings(enabled=entry == "on")
        return CheckSettings(enabled=True, severity=Severity(entry))
    settings = dict(entry)
    severity = settings.pop("severity", None)
    if severity is None:
        return CheckSettings(enabled=True, settings=settings)
    if severity not in _WORDS - {"on"}:
        raise UsageError(f"{name}: {code}.severity = {severity!r} is not off, info, warning or error.")
    off = severity == "off"
    return CheckSettings(enabled=not off, severity=None if off else Severity(severity), settings=settings)
