"""Write the pages and schemas that are made from the declarations; with ``--check``, say which are out of date.

One declaration feeds report, ``explain``, docs and schemas. What stands in the repository is generated here,
and CI runs ``--check``, so that docs cannot drift from code.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import gwg2022
from makeready import preflight
from makeready.report import pages, schema

ROOT = Path(__file__).parent.parent
MARK = "<!-- made by tools/generate.py from the declarations; do not edit -->\n\n"


PROFILES = ROOT / "src/makeready/preflight/profiles"


def generated_profiles() -> Iterator[tuple[Path, str]]:
    """Profiles made from a table; the pages about profiles are made from them in turn."""
    for name, text in gwg2022.profiles():
        yield PROFILES / f"{name}.toml", text


def generated() -> Iterator[tuple[Path, str]]:
    """Every other generated file with its text."""
    catalogue = [check for check in preflight.catalogue() if check.source == "built-in"]
    for check in catalogue:
        yield ROOT / f"docs/checks/{check.code}.md", MARK + pages.check_page(check)
    yield ROOT / "docs/checks/README.md", MARK + pages.index(catalogue, link="[{code}]({code}.md)")
    for name in preflight.profile_names():
        if preflight.is_built_in_profile(name):
            yield ROOT / f"docs/profiles/{name}.md", MARK + pages.profile_page(preflight.load_profile(name), catalogue)
    yield ROOT / "schemas/report.json", json.dumps(schema.report_schema(), indent=1, ensure_ascii=False) + "\n"
    yield (
        ROOT / "schemas/profile.json",
        json.dumps(schema.profile_schema(catalogue), indent=1, ensure_ascii=False) + "\n",
    )


def main(arguments: list[str]) -> int:
    """Write, or check."""
    checking = "--check" in arguments
    stale = _stale(dict(generated_profiles()), checking)
    files = dict(generated())
    kept = {path for folder in ("docs/checks", "docs/profiles", "schemas") for path in (ROOT / folder).glob("*.*")}
    stale += _stale(files, checking)
    orphans = sorted(kept - set(files))
    for path in orphans:
        if not checking:
            path.unlink()
        print(f"{'out of date' if checking else 'removed'}: {path.relative_to(ROOT)}")
    if checking and (stale or orphans):
        print("Run: make generate")
        return 1
    return 0


def _stale(files: dict[Path, str], checking: bool) -> list[Path]:
    """The files that are not as they should be; unless only checking, they are then."""
    stale = [path for path, text in files.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if not checking:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(files[path], encoding="utf-8")
        print(f"{'out of date' if checking else 'wrote'}: {path.relative_to(ROOT)}")
    return stale


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
