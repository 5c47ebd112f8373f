"""The settings of checks and fixes: declared once, with unit, default and help.

A settings class is a pydantic model, because settings are where outside data comes in. From its fields come
``--set CODE.setting=value``, the profile's JSON schema, the tables of ``explain`` and the docs pages.
"""

from __future__ import annotations

import typing
from collections.abc import Mapping
from typing import Any, Generic, Literal, NamedTuple, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from makeready.units import Quantity, above, below, close

Q = TypeVar("Q", bound=Quantity)
#: How bad one kind of fault is, for checks that find several kinds; ``off`` lets it pass.
Level = Literal["error", "warning", "info", "off"]


class Params(BaseModel):
    """Settings of one check or fix; unknown names are errors, values are checked, defaults included."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    @field_validator("*", mode="before")
    @classmethod
    def _lists_as_written(cls, value: Any, info: ValidationInfo) -> Any:
        """``8, 16`` is a list, where a list is meant: that is how ``--set`` writes one."""
        field = cls.model_fields[info.field_name or ""]
        if isinstance(value, str) and typing.get_origin(field.annotation) is tuple:
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("*", mode="after")
    @classmethod
    def _not_negative(cls, value: Any) -> Any:
        """Sizes, shares and amounts are measured from nothing upwards; the other side of a limit has no numbers."""
        if isinstance(value, Quantity) and value < 0:
            raise ValueError(f"{value} is less than nothing: write 0 or more")
        return value


def param(default: Any, help: str, *, like: str | None = None, **limits: Any) -> Any:
    """Declare one setting: its default as staff would write it, and one sentence of help.

    Args:
        default: the value where nobody gives one.
        help: one sentence.
        like: for settings of fixes: the setting of a check that it is planned with, such as ``BOX102.bleed``. So a
            fix cures to the limit that the profile checks by. A graded limit stands for its stricter value.
        limits: pydantic's, such as ``ge=0``.
    """
    if like:
        limits["json_schema_extra"] = {"like": like}
    return Field(default, description=help, **limits)


def strictest(value: Any) -> Any:
    """The one value that satisfies a setting of a check: the stricter of two limits, else the setting itself."""
    if isinstance(value, Threshold):
        limits = [limit for limit in (value.warning, value.error) if limit is not None]
        if not limits:
            return None
        return max(limits) if isinstance(value, AtLeast) else min(limits)
    if isinstance(value, Between):
        return value.least if value.least is not None else value.most
    return value


class Graded(NamedTuple):
    """A measured value that broke a limit: how bad, and which limit."""

    level: str
    limit: Quantity


def _or_single(schema: Any, handler: Any, part: str) -> dict[str, Any]:
    """The JSON schema of a table of limits, or of one value in its place, which is written like ``part``."""
    table: dict[str, Any] = handler.resolve_ref_schema(handler(schema))
    single = [kind for kind in table["properties"][part]["anyOf"] if kind != {"type": "null"}]
    return {"title": table.get("title", ""), "anyOf": [table, *single]}


class Threshold(Params, Generic[Q]):
    """Two limits: past ``warning`` someone should look, past ``error`` the job stops.

    A single value means ``error``. Giving one of the two replaces both: what is not named is not checked.
    """

    warning: Q | None = None
    error: Q | None = None

    @model_validator(mode="before")
    @classmethod
    def _one_value_means_error(cls, value: Any) -> Any:
        return value if isinstance(value, Mapping | Threshold) else {"error": value}

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        return _or_single(schema, handler, "error")

    @classmethod
    def broken_by(cls, measured: Quantity, limit: Quantity) -> bool:
        """Whether the measured value is on the wrong side of the limit."""
        raise NotImplementedError

    def grade(self, measured: Q) -> Graded | None:
        """The worst limit that is broken, or ``None``."""
        for level in ("error", "warning"):
            limit = getattr(self, level)
            if limit is not None and self.broken_by(measured, limit):
                return Graded(level, limit)
        return None

    def __str__(self) -> str:
        limits = [(level, getattr(self, level)) for level in ("warning", "error")]
        given = [f"{level} {limit.written()}" for level, limit in limits if limit is not None]
        return ", ".join(given) or "no limit"


class AtLeast(Threshold[Q], Generic[Q]):
    """Floors: a value below is a fault."""

    @classmethod
    def broken_by(cls, measured: Quantity, limit: Quantity) -> bool:
        return below(measured, limit)


class AtMost(Threshold[Q], Generic[Q]):
    """Ceilings: a value above is a fault."""

    @classmethod
    def broken_by(cls, measured: Quantity, limit: Quantity) -> bool:
        return above(measured, limit)


class Between(Params, Generic[Q]):
    """A range, both ends included; either end may be left open, a single value means exactly that."""

    least: Q | None = None
    most: Q | None = None

    @model_validator(mode="before")
    @classmethod
    def _one_value_means_exactly(cls, value: Any) -> Any:
        return value if isinstance(value, Mapping | Between) else {"least": value, "most": value}

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        return _or_single(schema, handler, "least")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.least is not None and self.most is not None and self.least > self.most:
            raise ValueError(f"the least ({self.least}) is more than the most ({self.most})")
        return self

    def missed_by(self, measured: Q) -> Q | None:
        """The end that the value lies outside of, or ``None``."""
        if self.least is not None and below(measured, self.least):
            return self.least
        if self.most is not None and above(measured, self.most):
            return self.most
        return None

    def __str__(self) -> str:
        if self.least is not None and self.most is not None:
            least, most = self.least.written(), self.most.written()
            return least if close(self.least, self.most) else f"{least} to {most}"
        if self.least is not None:
            return f"at least {self.least.written()}"
        return f"at most {self.most.written()}" if self.most is not None else "any"
