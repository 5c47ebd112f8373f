"""Markdown for the page of a build, from a SARIF report: how many issues there are, and the first of them.

Names and messages come from files of strangers: nothing in them becomes Markdown or HTML.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import unquote

#: The rest is in the report.
SHOWN = 50
_LEVELS = ("error", "warning", "note")
_MARKUP = str.maketrans({mark: f"\\{mark}" for mark in r"\`*_{}[]()#+!|~"} | {"<": "&lt;", "&": "&amp;", "\n": " "})


def summary(report: dict[str, Any]) -> str:
    """The Markdown.

    Args:
        report: SARIF 2.1.0.
    """
    results = [result for run in report["runs"] for result in run.get("results", ())]
    results = [result for result in results if result.get("kind", "fail") == "fail"]
    lines = ["### Preflight", ""]
    if not results:
        return "\n".join([*lines, "No issues.", ""])
    levels = Counter(_level(result) for result in results)
    lines += [", ".join(f"{levels[level]} × {level}" for level in _LEVELS if levels[level]), ""]
    lines += ["| | check | file | issue |", "|---|---|---|---|"]
    results.sort(key=lambda result: _LEVELS.index(_level(result)))
    for result in results[:SHOWN]:
        cells = (_level(result), result["ruleId"], _file(result), result["message"]["text"])
        lines.append(f"| {' | '.join(cell.translate(_MARKUP) for cell in cells)} |")
    if len(results) > SHOWN:
        lines += ["", f"… and {len(results) - SHOWN} more, in the report."]
    return "\n".join([*lines, ""])


def _level(result: dict[str, Any]) -> str:
    level = result.get("level", "warning")
    return level if level in _LEVELS else "note"


def _file(result: dict[str, Any]) -> str:
    for location in result.get("locations", ()):
        return unquote(location["physicalLocation"]["artifactLocation"]["uri"])
    return ""


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    print(summary(json.loads(Path(sys.argv[1]).read_text("utf-8"))))
