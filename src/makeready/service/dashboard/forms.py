"""What forms of the dashboard send."""

from __future__ import annotations

from typing import Any

from makeready.service.errors import InvalidRequest


def field(form: Any, name: str, *, strip: bool = True) -> str:
    """A field of text; empty where it was left out or is a file.

    Raises:
        InvalidRequest: it has the character U+0000, which no database keeps.
    """
    value = form.get(name, "")
    text = value if isinstance(value, str) else ""
    if "\0" in text:
        raise InvalidRequest(f"{name}: it has the character U+0000.", "Leave it out.", fields={name: ["has U+0000"]})
    return text.strip() if strip else text
