"""Measurements: what pytest-benchmark wrote, made compact, and the page that shows it.

    make bench                                   # writes benchmarks/results/latest.json, which is not kept
    python tools/measured.py                     # puts it into benchmarks/results.json as the run of today
    make generate                                # writes docs/benchmarks.md

``benchmarks/results.json`` holds medians and what each benchmark told besides, by run: no raw times, no names of hosts.
"""

from __future__ import annotations

import argparse
import ast
import json
import sys
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from string import ascii_uppercase
from typing import Any, NamedTuple

from makeready import __version__

ROOT = Path(__file__).parent.parent
BENCHMARKS = ROOT / "benchmarks"
KEPT = BENCHMARKS / "results.json"
LATEST = BENCHMARKS / "results/latest.json"

#: What each file of benchmarks is about, in the order of the page.
SUBJECTS: Mapping[str, str] = {
    "test_check.py": "Checking",
    "test_pdf.py": "Reading PDFs",
    "test_ink.py": "Ink",
    "test_raster.py": "Reading pictures",
    "test_fix.py": "Fixes",
    "test_fix_bleed.py": "Mirrored bleed",
    "test_segment.py": "Removing backgrounds",
    "test_upscale.py": "Enlarging",
    "test_edit.py": "Edits",
    "test_service_http.py": "The service",
    "test_jobs.py": "Jobs",
    "test_dialects.py": "The APIs",
    "test_service_files.py": "Files of the service",
}
#: What benchmarks tell besides their own time, in words; others are listed by name. Peers ran in the same run.
WORDS: Mapping[str, str] = {
    "test_a_folder_against_the_poppler_chain": "{files} PDFs; poppler chain {chain_seconds:.2f} s: makeready takes "
    "{ratio:.2f} times as long",
    "test_a_crowded_page_against_mutool_trace": "mutool trace {mutool_seconds:.2f} s: makeready takes {ratio:.2f} "
    "times as long",
    "test_memory_over_a_thousand_pages": "{mb_at_100} MB at page 100, {mb_at_1000} MB at page 1,000",
    "test_ink_against_tiffsep": "ink alone {pages_per_second} pages/s, Ghostscript tiffsep {gs} pages/s: {ratio:.1f} "
    "times as fast",
    "test_headers_of_a_folder": "{files_per_second:,} files/s; ExifTool {exiftool_seconds:.2f} s: "
    "{times_faster_than_exiftool:.0f} times as fast",
    "test_memory_of_a_wide_picture": "{megabytes} MB at most",
    "test_an_edit": "{seconds:.2f} s, {mb:.0f} MB at most",
    "test_mirrored_bleed": "the step alone {step_seconds:.2f} s; the file grows by {bytes_grown:,} bytes",
    "test_requests_beside_bare_fastapi": "{service[rate]:,.0f} requests/s (half within {service[median_ms]:.1f} ms, "
    "99 % within {service[p99_ms]:.1f} ms); bare FastAPI {bare[rate]:,.0f} ({bare[median_ms]:.1f}, "
    "{bare[p99_ms]:.1f} ms): {share of bare FastAPI:.0%} of it",
    "test_starting": "the first start {first:.2f} s, later ones {later:.2f} s",
    "test_a_file_of_100_mb": "received with {receive_mb_per_second:,} MB/s, kept with {keep_mb_per_second:,}, "
    "downloaded with {download_mb_per_second:,}, streamed with {stream_mb_per_second:,}",
    "test_doing_nothing": "web {web[share of a core]:.1%} of a core, {web[MB]:.0f} MB; worker "
    "{worker[share of a core]:.1%}, {worker[MB]:.0f} MB",
    "test_an_idle_worker": "{share of a core:.1%} of a core",
    "test_segment_beside_rembg": "{makeready[rate]:.2f} pictures/s, {makeready[mb]:,.0f} MB; rembg {rembg[rate]:.2f}, "
    "{rembg[mb]:,.0f} MB: {times as fast:.2f} times as fast",
    "test_against_rembg": "{makeready[seconds]:.2f} s a picture, {makeready[mb]:,.0f} MB, {makeready[sad_mean]:.2f} "
    "thousand pixels from the truth; rembg {rembg[seconds]:.2f} s, {rembg[mb]:,.0f} MB, {rembg[sad_mean]:.2f}",
}
#: Others tell one number by name, and this is what it means.
EACH: Mapping[str, str] = {
    "test_a_full_check_against_peers": "{name} takes {value:.1f} times as long",
    "test_enlarging": "{name} takes {value:.1f} times as long",
    "test_reducing": "{name} takes {value:.1f} times as long",
    "test_photographs_made_small_and_large_again": "{name} {value:.1f} dB",
    "test_what_a_dialect_adds": "{name} {value:.2f} ms",
    "test_empty_jobs_a_second": "{value:.0f} {name}",
}
#: Their time is that of whole processes and of peers that take turns: what they tell is what is meant.
TOLD_ALONE = ("test_an_edit", "test_requests_beside_bare_fastapi", "test_segment_beside_rembg", "test_doing_nothing",
              "test_against_rembg", "test_what_a_dialect_adds", "test_an_idle_worker", "test_starting",
              "test_photographs_made_small_and_large_again", "test_empty_jobs_a_second", "test_a_file_of_100_mb",
              "test_mirrored_bleed", "test_memory_of_a_wide_picture", "test_memory_over_a_thousand_pages")  # fmt: skip

HEAD = """\
# Benchmarks

Where another program does the same, it is measured in the same run, on the same machine and the same files: ratios are
worth more than seconds. Where it does better, it is said. What each benchmark does stands in
[its file](../benchmarks).

Measure for yourself:

```sh
make bench                                                    # all; hours, on a machine that does nothing else
python -m pytest benchmarks/test_pdf.py --benchmark-only -s   # one subject
python tools/measured.py && make generate                     # what `make bench` has measured, onto this page
```

Peers that are not installed are left out: poppler, mupdf-tools, ghostscript and exiftool are Debian packages;
`REMBG_PYTHON` names a Python of its own with `rembg[cli]` and `onnxruntime`.

## Runs

| run | day | machine | Python | makeready | remarks |
|---|---|---|---|---|---|
{runs}
"""


class Measured(NamedTuple):
    """The newest result of one case of one benchmark, and the run it is of."""

    run: str
    case: str
    result: Mapping[str, Any]


class Benchmark(NamedTuple):
    """A function that measures, and what it says of itself."""

    name: str
    about: str


def page() -> str:
    """The page: runs, then a table a subject, and what has not been measured."""
    runs = json.loads(KEPT.read_text("utf-8"))["runs"]
    rows = [
        f"| {name} | {run['date']} | {run['machine']} | {run['python']} | {run['makeready']} | {run['remarks']} |"
        for name, run in zip(ascii_uppercase, runs, strict=False)
    ]
    lines = [HEAD.format(runs="\n".join(rows)).rstrip("\n")]
    left: list[str] = []
    for file, heading in SUBJECTS.items():
        about, found = _subject(BENCHMARKS / file)
        if table := [row for benchmark in found for row in _rows(file, benchmark, runs)]:
            lines += [
                "",
                f"## {heading}",
                "",
                about,
                "",
                "| what | case | measured | run |",
                "|---|---|---|---|",
                *table,
            ]
        left += [f"- {heading}: {b.about} (`{file}`)" for b in found if not _newest(file, b.name, runs)]
    if left:
        lines += ["", "## Not measured in these runs", "", *left]
    return "\n".join(lines) + "\n"


def _subject(path: Path) -> tuple[str, list[Benchmark]]:
    """The first paragraph of a module of benchmarks, and its functions."""
    module = ast.parse(path.read_text("utf-8"))
    title = (ast.get_docstring(module) or path.stem).split("\n\n")[0].replace("``", "`")
    functions = [node for node in module.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]
    return " ".join(title.split()), [Benchmark(node.name, _about(node)) for node in functions]


def _about(function: ast.FunctionDef) -> str:
    said = " ".join((ast.get_docstring(function) or "").split("\n\n")[0].split()).replace("``", "`")
    return said or function.name.removeprefix("test_").replace("_", " ").capitalize() + "."


def _rows(file: str, benchmark: Benchmark, runs: list[Mapping[str, Any]]) -> Iterator[str]:
    for place, found in enumerate(_newest(file, benchmark.name, runs)):
        median = found.result.get("median_s")
        said = [] if median is None or benchmark.name in TOLD_ALONE else [_seconds(median)]
        said += [told] if (told := _told(benchmark.name, found.result["told"])) else []
        about = benchmark.about if place == 0 else ""
        yield f"| {about} | {found.case} | {'; '.join(said)} | {found.run} |"


def _newest(file: str, test: str, runs: list[Mapping[str, Any]]) -> list[Measured]:
    found: dict[str, Measured] = {}
    for name, run in zip(ascii_uppercase, runs, strict=False):
        for result in run["results"]:
            if (result["file"], result["test"]) == (file, test):
                found[result["case"]] = Measured(name, result["case"], result)
    return list(found.values())


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if value >= 0.1 else f"{value * 1e3:.1f} ms" if value >= 1e-4 else f"{value * 1e6:.1f} µs"


def _told(test: str, told: Mapping[str, Any]) -> str:
    """In words; a peer that was not installed leaves a list of what is known."""
    if test in EACH:
        return ", ".join(EACH[test].format(name=name, value=value) for name, value in told.items())
    try:
        return WORDS[test].format_map(told)
    except KeyError:
        return ", ".join(f"{name} {_value(value)}" for name, value in told.items())


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"({', '.join(f'{name} {_value(item)}' for name, item in value.items())})"
    return f"{value:,.4g}" if isinstance(value, float) else str(value)


def compact(raw: Mapping[str, Any], day: str, remarks: str = "") -> dict[str, Any]:
    """A run as it is kept: medians, what was told, and the machine without its name."""
    machine = raw["machine_info"]
    processor = machine.get("cpu", {})
    name = processor.get("brand_raw") or machine.get("processor") or machine["machine"]
    results = []
    for one in raw["benchmarks"]:
        test, _, case = one["name"].partition("[")
        results.append({
            "file": Path(one["fullname"].partition("::")[0]).name, "test": test, "case": case.removesuffix("]"),
            "median_s": float(f"{one['stats']['median']:.4g}"), "rounds": one["stats"]["rounds"],
            "told": _rounded(one["extra_info"]),
        })  # fmt: skip
    return {
        "date": day, "machine": f"{name}, {processor.get('count', '?')} cores", "python": machine["python_version"],
        "makeready": __version__, "remarks": remarks, "results": results,
    }  # fmt: skip


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(item) for name, item in value.items()}
    return float(f"{value:.4g}") if isinstance(value, float) else value


def main(arguments: list[str]) -> int:
    """Put a run into what is kept, in the place of an older one of that day, machine and remark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "raw", nargs="*", type=Path, default=[LATEST], help="what pytest-benchmark wrote, in pieces or whole"
    )
    parser.add_argument("--day", default=date.today().isoformat(), help="of the run")
    parser.add_argument("--remarks", default="", help="what a reader should know of it")
    options = parser.parse_args(arguments)
    for path in options.raw:
        if not path.is_file():
            parser.error(f"{path} is not there: 'make bench' writes it, or pytest with --benchmark-json")
    raw = [json.loads(path.read_text("utf-8")) for path in options.raw]
    whole = raw[0] | {"benchmarks": [one for piece in raw for one in piece["benchmarks"]]}
    kept = json.loads(KEPT.read_text("utf-8")) if KEPT.is_file() else {"runs": []}
    run = compact(whole, options.day, options.remarks)
    same = [run[name] for name in ("date", "machine", "remarks")]
    others = [one for one in kept["runs"] if [one[name] for name in ("date", "machine", "remarks")] != same]
    kept["runs"] = sorted([*others, run], key=lambda one: str(one["date"]))
    KEPT.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{len(run['results'])} results of {run['date']} on {run['machine']}. Run: make generate")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
