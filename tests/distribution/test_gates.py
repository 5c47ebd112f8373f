"""What others gate their artwork with: the GitHub action and the hook of pre-commit, run as they are run there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import sarif_summary
from distribution.conftest import ROOT
from makeready import __version__
from makeready.testing import pdf

ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
PROGRAMS = Path(sys.executable).parent
posix = pytest.mark.skipif(os.name != "posix", reason="runs bash")


@pytest.fixture(scope="module")
def artwork(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders with spaces in their names: one of clean files, one of wrong ones, one with half a file."""
    root = tmp_path_factory.mktemp("repository")
    for folder in ("all fine", "not so", "cut off"):
        (root / folder).mkdir()
    pdf().save(root / "all fine/a.pdf")
    pdf(bleed=None).image(ppi=96).save(root / "not so/b |`c`.pdf")
    (root / "cut off/c.pdf").write_bytes(b"%PDF-1.7 and no more")
    return root


class Step:
    """The action's step that checks, with the files that GitHub gives a step."""

    def __init__(self, cwd: Path, scratch: Path, **inputs: str) -> None:
        step = next(step for step in ACTION["runs"]["steps"] if step.get("id") == "check")
        given = {name: each["default"] for name, each in ACTION["inputs"].items()} | inputs
        expressions = {f"inputs.{name}": value for name, value in given.items()}
        expressions |= {"steps.install.outputs.bin": str(PROGRAMS), "github.action_path": str(ROOT)}
        environment = {name: self._filled(value, expressions) for name, value in step["env"].items()}
        self._output, self._summary = scratch / "output", scratch / "summary"
        self._output.touch()
        self._summary.touch()
        files = {"GITHUB_OUTPUT": str(self._output), "GITHUB_STEP_SUMMARY": str(self._summary)}
        self.done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=cwd, env=os.environ | environment | files, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    @staticmethod
    def _filled(value: str, expressions: dict[str, str]) -> str:
        return re.sub(r"\$\{\{ ([\w.-]+) \}\}", lambda match: expressions[match[1]], value)

    @property
    def outputs(self) -> dict[str, str]:
        return dict(line.split("=", 1) for line in self._output.read_text("utf-8").splitlines())

    @property
    def summary(self) -> str:
        return self._summary.read_text("utf-8")


@posix
def test_clean_files_pass(artwork: Path, tmp_path: Path) -> None:
    step = Step(artwork, tmp_path, paths="all fine\n\n", sarif=str(tmp_path / "a.sarif"))
    assert step.done.returncode == 0, step.done.stderr
    assert step.outputs == {"exit-code": "0", "sarif": str(tmp_path / "a.sarif")}
    assert "### Preflight" in step.summary


@posix
def test_issues_fail_the_step_and_are_told(artwork: Path, tmp_path: Path) -> None:
    sarif = str(tmp_path / "the report.sarif")
    step = Step(artwork, tmp_path, paths="all fine\nnot so/b |`c`.pdf", profile="poster", sarif=sarif)
    assert (step.done.returncode, step.outputs["exit-code"]) == (1, "1")
    report = json.loads(Path(step.outputs["sarif"]).read_text("utf-8"))
    assert "IMG101" in {result["ruleId"] for run in report["runs"] for result in run["results"]}
    row = next(line for line in step.summary.splitlines() if "IMG101" in line)
    assert row.startswith("| error | IMG101 |")
    assert r"b \|\`c\`.pdf" in row


@posix
def test_a_milder_gate_only_tells(artwork: Path, tmp_path: Path) -> None:
    step = Step(artwork, tmp_path, **{"paths": "not so", "fail-on": "never", "sarif": str(tmp_path / "a.sarif")})
    assert (step.done.returncode, step.outputs["exit-code"]) == (0, "0")
    assert "× error" in step.summary


@posix
def test_a_file_that_cannot_be_read_fails_the_step(artwork: Path, tmp_path: Path) -> None:
    step = Step(artwork, tmp_path, paths=".", sarif=str(tmp_path / "a.sarif"))
    assert (step.done.returncode, step.outputs["exit-code"]) == (3, "3")
    assert "c.pdf" in step.summary


@posix
def test_wrong_use_leaves_no_report_and_says_why(artwork: Path, tmp_path: Path) -> None:
    step = Step(artwork, tmp_path, paths="all fine", profile="postr", sarif=str(tmp_path / "a.sarif"))
    assert step.done.returncode == 2
    assert step.outputs == {"exit-code": "2"}
    assert "postr" in step.done.stderr


def test_nothing_of_an_input_is_pasted_into_a_script() -> None:
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step.get("run", "")
    names = {path.name: yaml.safe_load(path.read_text("utf-8")) for path in (ROOT / ".github/workflows").glob("*.yml")}
    assert set(names) == {"ci.yml", "release.yml"}
    for workflow in names.values():
        for job in workflow["jobs"].values():
            for step in job["steps"]:
                assert "${{" not in step.get("run", "")
                assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", step.get("uses", f"a@{'0' * 40}")), step


def test_a_summary_shows_the_worst_first_and_then_ends() -> None:
    results = [
        {"ruleId": f"R{number}", "level": "error" if number == 69 else "note", "message": {"text": "<b>\n[x](y)"}}
        for number in range(70)
    ]
    text = sarif_summary.summary({"runs": [{"results": results}]})
    rows = [line for line in text.splitlines() if line.startswith(("| error", "| note"))]
    assert len(rows) == sarif_summary.SHOWN
    assert rows[0] == r"| error | R69 |  | &lt;b&gt; \[x\]\(y\) |".replace("&gt;", ">")
    assert "20 more" in text


def test_every_step_of_a_makefile_that_workflows_take_is_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for path in (ROOT / ".github/workflows").glob("*.yml"):
        for words in re.findall(r"run: make ([a-z -]+)$", path.read_text("utf-8"), re.MULTILINE):
            assert set(words.split()) <= targets


# -- pre-commit --------------------------------------------------------------------------------------------------------

HOOKS: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))


@posix
def test_the_hook_stops_a_commit(artwork: Path) -> None:
    """pre-commit splits the entry as a shell does, and puts the files of the commit behind it."""
    (hook,) = HOOKS
    assert set(hook["types_or"]) == {"pdf", "tiff", "jpeg", "png"}
    program, *words = hook["entry"].split()
    codes = [
        subprocess.run([PROGRAMS / program, *words, *files], cwd=artwork, capture_output=True, check=False).returncode
        for files in (["all fine/a.pdf"], ["all fine/a.pdf", "not so/b |`c`.pdf"], ["cut off/c.pdf"])
    ]
    assert codes == [0, 1, 3]


def test_the_version_stands_everywhere_alike() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert citation["version"] == __version__
    assert citation["cff-version"] == "1.2.0"
    assert {"message", "title", "authors"} <= set(citation)
    assert citation["license"] == "AGPL-3.0-or-later"
    assert f"makeready:{__version__}" in (ROOT / "compose.yaml").read_text("utf-8")
    assert f"newTag: {__version__}" in (ROOT / "deploy/kubernetes/kustomization.yaml").read_text("utf-8")
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text("utf-8")
