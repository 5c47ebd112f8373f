"""What the parts of the HTML report have in common: one file's data on its way to the page, icons, small words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from makeready.report.entries import Entry, entries
from makeready.report.markup import Markup, many, tag
from makeready.report.pictures import PagePicture
from makeready.results import Report, Severity

SEVERITIES = (Severity.ERROR, Severity.WARNING, Severity.INFO)

# One shape for each meaning, so that nothing hangs on colour alone.
_SHAPES = {
    "pass": '<circle cx="12" cy="12" r="11"/><path d="M6.5 12.5l4 4 7.5-8.5"/>',
    "info": '<circle cx="12" cy="12" r="11"/><path d="M12 11v6.5M12 6.2v1.6"/>',
    "warning": '<path class="s" d="M12 1.5 23.5 22H.5z"/><path d="M12 9v6M12 17.2v1.6"/>',
    "error": '<path class="s" d="M7.4 1h9.2L23 7.4v9.2L16.6 23H7.4L1 16.6V7.4z"/><path d="M8 8l8 8M16 8l-8 8"/>',
    "unreadable": '<rect x="1" y="1" width="22" height="22" rx="3"/><path d="M6 12h12"/>',
    "skipped": '<circle class="o" cx="12" cy="12" r="10"/><path class="o" d="M7 12h10"/>',
}


@dataclass(frozen=True, slots=True)
class Words:
    """What the reports themselves do not say: texts by code and by fix."""

    advice: Mapping[str, str]
    checks: Mapping[str, str]
    fixes: Mapping[str, str]
    links: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FileSection:
    """One report on its way to a section; ``at`` is the prefix of its anchors."""

    report: Report
    pictures: Sequence[PagePicture]
    at: str
    words: Words
    entries: tuple[Entry, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Number the issues once, for the list and for the pictures."""
        object.__setattr__(self, "entries", entries(self.report.issues))

    @property
    def shown_pages(self) -> frozenset[int]:
        """The numbers of the pages that are in the report, with a picture or with the reason why there is none."""
        return frozenset(picture.page for picture in self.pictures)


def shapes() -> Markup:
    """The icons, drawn once and used by name."""
    symbols = "".join(f'<symbol id="icon-{name}" viewBox="0 0 24 24">{path}</symbol>' for name, path in _SHAPES.items())
    return Markup(f'<svg width="0" height="0" class="shapes" aria-hidden="true">{symbols}</svg>')


def icon(name: str, *, large: bool = False) -> Markup:
    """A small drawing in the colour of its meaning; the word stands beside it, so it is silent."""
    size = "icon large" if large else "icon"
    return Markup(f'<svg class="{size} {name}" aria-hidden="true"><use href="#icon-{name}"></use></svg>')


def code_link(code: str, words: Words) -> Markup:
    """The code of a check, linked to its page where there is one on the web."""
    address = words.links.get(code, "")
    if address.startswith(("https://", "http://")):
        return tag("a", tag("code", code), href=address, rel="noreferrer")
    return tag("code", code)


def file_name(report: Report) -> str:
    """The name without its folder, of paths from any system."""
    return report.file.path.replace("\\", "/").rpartition("/")[2] or report.file.path


def overview(files: int, columns: Iterable[str], rows: Iterable[Markup], above: Markup | None = None) -> Markup:
    """The table at the top of a report about many files: a row for each."""
    header = tag("tr", many(tag("th", name, scope="col") for name in columns))
    return tag(
        "section",
        tag("h2", f"{files} files, worst first", id="summary"),
        above,
        tag(
            "div",
            tag("table", tag("thead", header), tag("tbody", many(rows))),
            cls="scroll",
            tabindex=0,
            role="region",
            aria_labelledby="summary",
        ),
        cls="card summary",
    )
