"""One check at a time, on artwork made in a line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import makeready
from makeready.profile import CheckSettings, Profile
from makeready.results import Issue

Found = Callable[..., list[Issue]]


@pytest.fixture(scope="session")
def found() -> Found:
    """The issues that one check raises: ``found("IMG101", artwork, "IMG101.ignore_below=5 mm", canvas="30x20in")``.

    Settings are text as on the command line, or a dictionary as a profile holds them. The check runs whether or
    not the profile has it switched on, and it must not crash.
    """

    def look(code: str, artwork: Any, *settings: str | dict[str, Any], **options: Any) -> list[Issue]:
        data = artwork if isinstance(artwork, bytes) else artwork.bytes()
        written = [text for text in settings if isinstance(text, str)]
        if tables := [table for table in settings if isinstance(table, dict)]:
            options["profile"] = Profile("test", checks={code: CheckSettings(enabled=True, settings=tables[0])})
        report = makeready.check(data, only=[code], settings=written, **options)
        assert not report.crashed
        assert report.facts is not None, report.issues
        assert {issue.code for issue in report.issues} <= {code}
        return list(report.issues)

    return look


@pytest.fixture(scope="session")
def verdicts(found: Found) -> Callable[..., list[str]]:
    """The severities alone, for tables of cases."""

    def look(*arguments: Any, **options: Any) -> list[str]:
        return [issue.severity.value for issue in found(*arguments, **options)]

    return look
