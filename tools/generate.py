"""Write the pages and schemas that are made from the declarations; with ``--check``, say which are out of date.

One declaration feeds report, ``explain``, docs and schemas. What stands in the repository is generated here,
and CI runs ``--check``, so that docs cannot drift from code.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import commands
import cross_links
import gwg2022
import licences
import manual
import measured
import reference
from makeready import fixes, preflight, watch
from makeready.models import sidecar
from makeready.registry import Fix
from makeready.report import fix_pages, pages, schema
from makeready.service.dialects.photoroom import documenting
from makeready.service.settings import FILE, Settings

ROOT = Path(__file__).parent.parent
MARK = "<!-- made by tools/generate.py from the declarations; do not edit -->\n\n"


PROFILES = ROOT / "src/makeready/preflight/profiles"


def generated_profiles() -> Iterator[tuple[Path, str]]:
    """Profiles made from a table; the pages about profiles are made from them in turn."""
    for name, text in gwg2022.profiles():
        yield PROFILES / f"{name}.toml", text


CURED = ROOT / "src/makeready/fixes/cured.py"
CURED_TEXT = '''"""Which fixes cure what, by kind of file and code; made by tools/generate.py, do not edit.

A check only wants to name them, and loading every fix for that would take longer than most checks.
"""

CURED: dict[str, dict[str, tuple[str, ...]]] = {table}
'''


def cured() -> str:
    """The table of cures as a module, laid out as the formatter does."""
    rows = []
    for kind, codes in fixes.cured_by(built_in_fixes()).items():
        lines = [f'        "{code}": {_tuple(ids)},\n' for code, ids in codes.items()]
        rows.append(f'    "{kind}": {{\n{"".join(lines)}    }},\n')
    return CURED_TEXT.format(table=f"{{\n{''.join(rows)}}}")


def _tuple(ids: tuple[str, ...]) -> str:
    inside = ", ".join(f'"{id}"' for id in ids)
    return f"({inside},)" if len(ids) == 1 else f"({inside})"


def built_in_fixes() -> list[Fix]:
    """Those that come with the package, in the order they are made in."""
    found = [fix for fix in fixes.catalogue() if fix.source == "built-in"]
    return sorted(found, key=lambda fix: fix.order)


def settings_page() -> str:
    """Every setting of the service."""
    lines = [
        "# Settings of the service",
        "",
        f"The command line wins, then the environment, then `{FILE}` in the data folder, whose keys are the names in",
        "the first column. `makeready doctor` prints what comes out.",
        "",
        "| setting | environment | default | |",
        "|---|---|---|---|",
    ]
    for name, field in Settings.model_fields.items():
        value = field.get_default(call_default_factory=True)
        if isinstance(value, tuple):
            value = ",".join(value)
        said = str(value).strip("*") if value not in ({}, None) else ""
        shown = f"`{said}`" if said else ""
        lines.append(f"| `{name}` | `MAKEREADY_{name.upper()}` | {shown} | {field.description} |")
    return "\n".join([*lines, ""])


def generated() -> Iterator[tuple[Path, str]]:
    """Every other generated file with its text."""
    yield CURED, cured()
    mending = built_in_fixes()
    catalogue = [check for check in preflight.catalogue() if check.source == "built-in"]
    codes = [check.code for check in catalogue]
    profiles = [
        preflight.load_profile(name) for name in preflight.profile_names() if preflight.is_built_in_profile(name)
    ]
    for fix in mending:
        yield ROOT / f"docs/fixes/{fix.id}.md", MARK + cross_links.linked(fix_pages.fix_page(fix), codes, "../checks/")
    index = fix_pages.index(mending, link="[{id}]({id}.md)")
    yield ROOT / "docs/fixes/README.md", MARK + cross_links.linked(index, codes, "../checks/")
    for check in catalogue:
        yield ROOT / f"docs/checks/{check.code}.md", MARK + cross_links.check_page(check, mending, profiles, codes)
    index = pages.index(catalogue, link="[{code}]({code}.md)").replace("\n", f"\n\n{cross_links.ALSO}", 1)
    yield ROOT / "docs/checks/README.md", MARK + index
    yield ROOT / "docs/checks/by-severity.md", MARK + cross_links.by_severity(catalogue)
    yield ROOT / "docs/checks/gwg2022.md", MARK + cross_links.by_requirement(catalogue)
    for profile in profiles:
        yield ROOT / f"docs/profiles/{profile.name}.md", MARK + cross_links.profile_page(profile, catalogue, codes)
    for name, text in reference.pages():
        yield ROOT / f"docs/reference/{name}.md", MARK + text
    yield ROOT / "docs/reference/cli.md", MARK + commands.page()
    yield ROOT / "docs/licences.md", MARK + licences.page()
    for name, text in manual.pages():
        yield ROOT / f"docs/man/{name}", text
    yield ROOT / "docs/benchmarks.md", MARK + measured.page()
    yield ROOT / "docs/service/settings.md", MARK + settings_page()
    yield ROOT / "docs/service/photoroom-parameters.md", MARK + documenting.page()
    schemas = {
        "report": schema.report_schema(),
        "ticket": watch.ticket_schema(),
        "profile": schema.profile_schema(catalogue, mending),
        "chain": schema.chain_schema(mending),
        "plan": schema.plan_schema(),
        "result": schema.result_schema(),
        "model": sidecar.schema(),
    }
    for name, found in schemas.items():
        yield ROOT / f"schemas/{name}.json", json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    """Write, or check."""
    checking = "--check" in arguments
    stale = _stale(dict(generated_profiles()), checking)
    files = dict(generated())
    kept = {
        path
        for folder in ("docs/checks", "docs/fixes", "docs/man", "docs/profiles", "docs/reference", "schemas")
        for path in (ROOT / folder).glob("*.*")
    }
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
