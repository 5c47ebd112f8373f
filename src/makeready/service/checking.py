"""Checks as they are asked for: from the names that clients write to the options of the operation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from makeready.service.errors import InvalidRequest

OPERATION = "check"


def options(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What a file is held against, in the operation's terms.

    Args:
        asked: the request without what was left out: ``productType`` or ``profile``, ``canvasWidthInches`` and
            ``canvasHeightInches``, ``productProfile``, ``fileType``. Reports keep it, and fixes begin from it.

    Raises:
        InvalidRequest: one side of the canvas is missing.
    """
    sides = [asked.get("canvasWidthInches"), asked.get("canvasHeightInches")]
    if (sides[0] is None) != (sides[1] is None):
        missing = "canvasWidthInches" if sides[0] is None else "canvasHeightInches"
        said, hint = "A canvas has two sides, and only one was given.", "Give both, or none."
        raise InvalidRequest(f"{missing}: {said}", hint, fields={missing: [f"{said} {hint}"]})
    wanted: dict[str, Any] = {"profile": asked.get("productType") or asked.get("profile") or "default"}
    if sides[0] is not None:
        wanted["canvas"] = sides
    if profile := asked.get("productProfile"):
        wanted["requirements"] = profile
    if "fileType" in asked:
        wanted["fileType"] = asked["fileType"]
    return wanted
