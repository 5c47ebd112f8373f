"""Hold our facts about real PDFs against poppler's: pictures and their ppi, embedded fonts, page boxes.

Usage: python tools/compare_with_poppler.py FOLDER…

Prints every disagreement by file, then one line of totals. Ends with 1 when fewer than 99.9 % of the rows agree
or when a file that poppler reads is unreadable to us. Needs poppler-utils.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from makeready.testing.poppler import Comparison, compare

#: The share of rows that must agree.
ENOUGH = 0.999
#: Files a call of ``makeready inspect``: command lines have a limit.
AT_ONCE = 200


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare all PDFs below the folders; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path, help="folders of PDFs, or PDFs")
    parser.add_argument("-v", "--verbose", action="store_true", help="also name what poppler does not look at")
    options = parser.parse_args(arguments)
    files = sorted({file for folder in options.folders for file in pdfs(folder)})
    if not files:
        parser.error("there is no PDF in " + ", ".join(map(str, options.folders)))
    comparisons = [one(path, report) for path, report in reports(files)]
    for comparison in comparisons:
        lines = [*comparison.disagreements, *(comparison.set_apart if options.verbose else [])]
        if lines:
            print(comparison.path, *(f"  {line}" for line in lines), sep="\n")
    return summary(comparisons)


def pdfs(folder: Path) -> list[Path]:
    """The PDFs below a folder, or the file itself."""
    return [folder] if folder.is_file() else [path for path in folder.rglob("*") if path.suffix.lower() == ".pdf"]


def reports(files: Sequence[Path]) -> Iterator[tuple[Path, dict[str, Any] | None]]:
    """Every file with its report, or ``None`` where the program said nothing about it."""
    for start in range(0, len(files), AT_ONCE):
        batch = files[start : start + AT_ONCE]
        command = [sys.executable, "-m", "makeready", "inspect", *map(str, batch)]
        command += ["--format", "ndjson", "--no-progress"]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
        said = {}
        for line in done.stdout.decode("utf-8").splitlines():
            report = json.loads(line)
            said[Path(report["file"]["path"]).resolve()] = report
        for file in batch:
            yield file, said.get(file.resolve())


def one(path: Path, report: dict[str, Any] | None) -> Comparison:
    """Compare one file. Files that neither of us can read are in agreement."""
    facts = report.get("facts") if report else None
    try:
        if facts is not None:
            return compare(facts, path)
        readable = bool(subprocess.run(["pdfinfo", str(path)], capture_output=True, check=True).stdout)
    except subprocess.CalledProcessError as error:
        why = error.stderr.decode("utf-8", "replace").strip().splitlines()
        unread = f"poppler cannot read it: {why[0] if why else error.returncode}"
        return Comparison(str(path), set_apart=[unread])
    except (FileNotFoundError, ValueError) as error:
        return Comparison(str(path), trouble=str(error))
    if not readable:
        return Comparison(str(path), set_apart=["poppler says nothing about it"])
    why = [issue["message"] for issue in report["issues"]] if report else ["no report"]
    return Comparison(str(path), trouble=f"poppler reads it, we do not: {'; '.join(why)}")


def summary(comparisons: Sequence[Comparison]) -> int:
    """Print the line of totals; returns the exit code."""
    rows, agreed = sum(c.rows for c in comparisons), sum(c.image_rows for c in comparisons)
    fonts, wrong_fonts = sum(c.fonts_compared for c in comparisons), sum(len(c.fonts_wrong) for c in comparisons)
    boxes, wrong_boxes = sum(c.boxes_compared for c in comparisons), sum(len(c.boxes_wrong) for c in comparisons)
    trouble = sum(c.trouble is not None for c in comparisons)
    share = agreed / rows if rows else 1.0
    print(
        f"{len(comparisons)} files: {agreed} of {rows} picture rows agree ({share:.2%}), "
        f"{fonts - wrong_fonts} of {fonts} fonts, {boxes - wrong_boxes} of {boxes} boxes; "
        f"{sum(c.agreed for c in comparisons)} files without a disagreement, {trouble} could not be compared"
    )
    enough = [share, 1 - wrong_fonts / (fonts or 1), 1 - wrong_boxes / (boxes or 1)]
    return 0 if min(enough) >= ENOUGH and not trouble else 1


if __name__ == "__main__":
    sys.exit(main())
