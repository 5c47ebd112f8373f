"""The bill of materials of an environment that has makeready, as CycloneDX JSON: ``sbom.py PYTHON OUT``."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def main(python: str, out: str) -> None:
    """Write it; the same environment gives the same bytes."""
    subprocess.run(
        [
            sys.executable, "-m", "cyclonedx_py", "environment", python, "--pyproject", str(ROOT / "pyproject.toml"),
            "--mc-type", "application", "--output-reproducible", "--output-format", "JSON", "--output-file", out,
        ],
        check=True,
    )  # fmt: skip
    bill = json.loads(Path(out).read_text("utf-8"))
    # The version stands in the package, where pyproject.toml leaves it.
    version = re.search(
        r'^__version__ = "(.+)"$', (ROOT / "src/makeready/__init__.py").read_text("utf-8"), re.MULTILINE
    )
    assert version is not None
    bill["metadata"]["component"]["version"] = version[1]
    Path(out).write_text(json.dumps(bill, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{out}: {len(bill['components'])} components")


if __name__ == "__main__":
    main(*sys.argv[1:])
