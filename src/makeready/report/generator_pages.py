"""The page of ``explain`` about a generator: what it does, whether it can now, and where it sends pictures."""

from __future__ import annotations

from makeready.edit.generators import TASKS, Generator
from makeready.registry import BUILT_IN


def generator_page(one: Generator) -> str:
    """All there is to say about a generator, in Markdown."""
    trouble = one.trouble()
    lines = [
        f"# {one.name}: {one.title}",
        "",
        f"generator · {'built in' if one.source == BUILT_IN else f'from {one.source}'}",
        "",
        f"It cannot run now: {trouble}." if trouble else f"It can run now; {one.destination()}.",
        "",
        "| task | what it does |",
        "|---|---|",
        *(f"| `{task}` | {TASKS[task]} |" for task in one.capabilities),
    ]
    return "\n".join(lines) + "\n"
