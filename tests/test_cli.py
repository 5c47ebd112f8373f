"""The command line, as people and scripts use it."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

import makeready
from makeready import batch, preflight
from makeready.cli import main
from makeready.testing import pdf, picture

pytestmark = pytest.mark.usefixtures("children_at_once")

posix = pytest.mark.skipif(os.name != "posix", reason="signals, pipes and file names are those of POSIX")
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")

PAGE = "A sentence.\n\n## What it looks at\nThis.\n\n## Why it matters on press\nThat.\n\n## What to do\nThe other.\n"
HOUSE = '''
import os, sys, time
from makeready.facts import Artwork
from makeready.registry import check
from makeready.results import Finding

def strange(artwork, params):
    """{page}"""
    {deed}
    yield Finding(details={{"what": "it"}})

strange = check(code="XYZ101", name="strange", title="A fault", on=Artwork, message="{{what}} is there")(strange)
'''


@pytest.fixture(scope="session")
def artwork(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a clean file, one with warnings, one with errors, a picture."""
    folder = tmp_path_factory.mktemp("artwork")
    pdf().save(folder / "clean.pdf")
    pdf(pages=3).image(ppi=200).save(folder / "warned.pdf")
    pdf(bleed=None, pages=3).image(ppi=96).save(folder / "wrong.pdf")
    (folder / "photo.jpg").write_bytes(picture(400, 300, dpi=300))
    return folder


def invoke(*arguments: object) -> Result:
    """Run in this process; a traceback is a failed test."""
    result = CliRunner().invoke(main, [str(argument) for argument in arguments], prog_name="makeready")
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.stderr
    return result


def command(*arguments: object) -> list[str | bytes]:
    return [sys.executable, "-m", "makeready", *(a if isinstance(a, bytes) else str(a) for a in arguments)]


def run(*arguments: object, **more: object) -> subprocess.CompletedProcess[str]:
    """Run as a process of its own, as from a shell."""
    done = subprocess.run(  # type: ignore[call-overload]
        command(*arguments), capture_output=True, text=True, timeout=120, check=False, encoding="utf-8", **more
    )
    assert "Traceback" not in done.stderr
    return done


def house(folder: Path, deed: str) -> Path:
    """A plug-in file with a check that does ``deed``."""
    file = folder / "house.py"
    file.write_text(HOUSE.format(page=PAGE, deed=deed))
    return file


# Help


def commands(group=main, words: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = [words]
    for name, one in group.commands.items():
        found += commands(one, (*words, name)) if hasattr(one, "commands") else [(*words, name)]
    return found


@pytest.mark.parametrize("words", commands(), ids=" ".join)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_every_command_explains_itself(words: tuple[str, ...], option: str) -> None:
    result = invoke(*words, option)
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Usage: {' '.join(('makeready', *words))}")
    assert result.stderr == ""


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_option_has_a_help_text(words: tuple[str, ...]) -> None:
    group: object = main
    for word in words:
        group = group.commands[word]  # type: ignore[attr-defined]
    for option in group.params:  # type: ignore[attr-defined]
        if isinstance(option, click.Option):
            assert option.help, option.name


def test_help_and_version_from_a_shell() -> None:
    assert run("--version").stdout == f"makeready, version {makeready.__version__}\n"
    said = run("--help")
    assert said.returncode == 0
    assert "130 interrupted" in said.stdout


def test_no_command_prints_the_help_as_a_usage_error() -> None:
    result = invoke()
    assert result.exit_code == 2
    assert "Usage:" in result.stderr
    assert result.stdout == ""


# Formats


def test_text_has_one_line_an_issue_for_grep(artwork: Path) -> None:
    result = invoke("check", artwork / "wrong.pdf", artwork / "clean.pdf", "--only", "BOX102,IMG101")
    lines = result.stdout.splitlines()
    assert (
        lines[0]
        == f"{artwork}/wrong.pdf: page 1: error BOX102 the bleed is 0 mm all round; 3 mm is needed (fix: add_bleed)"
    )
    assert lines[-1] == f"{artwork}/clean.pdf: pass"
    assert len(lines) == 5
    assert result.stderr == ""


def test_json_of_one_file_is_a_report_and_of_several_a_list_in_their_order(artwork: Path) -> None:
    one = json.loads(invoke("check", artwork / "clean.pdf", "--format", "json").stdout)
    assert one["schema"] == "makeready.report/1"
    several = json.loads(invoke("check", artwork / "wrong.pdf", artwork / "clean.pdf", "--format", "json").stdout)
    assert several["schema"] == "makeready.reports/1"
    assert [report["verdict"] for report in several["reports"]] == ["error", "pass"]


def test_ndjson_is_a_report_a_line(artwork: Path) -> None:
    result = invoke("check", artwork, "--format", "ndjson")
    reports = [json.loads(line) for line in result.stdout.splitlines()]
    assert {Path(report["file"]["path"]).name for report in reports} == {
        "clean.pdf",
        "photo.jpg",
        "warned.pdf",
        "wrong.pdf",
    }


def test_html_is_one_page(artwork: Path) -> None:
    result = invoke("check", artwork / "wrong.pdf", "--format", "html")
    assert result.stdout.lower().startswith("<!doctype html>")
    assert "wrong.pdf" in result.stdout


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("r.txt", "{artwork}/wrong.pdf: page 1: error"),
        ("r.json", '{{\n "schema": "makeready.report/1"'),
        ("r.ndjson", '{{"schema":"makeready.report/1"'),
        ("r.jsonl", '{{"schema":"makeready.report/1"'),
        ("r.html", "<!doctype html>"),
        ("r.HTM", "<!doctype html>"),
        ("r.csv", "\ufefffile,verdict,stars"),
        ("r.xml", '<?xml version="1.0" encoding="utf-8"?>\n<testsuites'),
        ("r.sarif", '{{\n "$schema": "https://docs.oasis-open.org/sarif'),
    ],
)
def test_the_suffix_of_the_output_picks_the_format(name: str, begins: str, artwork: Path, tmp_path: Path) -> None:
    out = tmp_path / name
    result = invoke("check", artwork / "wrong.pdf", "-o", out)
    assert result.exit_code == 1
    assert out.read_text("utf-8").lower().startswith(begins.format(artwork=artwork).lower())
    assert result.stdout == "", "the report is in the file"
    assert "1 file: 1 with errors" in result.stderr
    assert f"The report is in {out}" in result.stderr


def test_the_option_wins_over_the_suffix(artwork: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.txt"
    invoke("check", artwork / "clean.pdf", "-o", out, "--format", "json")
    assert json.loads(out.read_text())["verdict"] == "pass"


@pytest.mark.parametrize("name", ["report.xyz", "report"])
def test_an_unknown_suffix_is_said_before_any_work(name: str, artwork: Path, tmp_path: Path) -> None:
    result = invoke("check", artwork / "clean.pdf", "-o", tmp_path / name)
    assert result.exit_code == 2
    assert ".html" in result.stderr
    assert list(tmp_path.iterdir()) == []


# Exit codes


@pytest.mark.parametrize(
    ("name", "fail_on", "code"),
    [
        ("clean.pdf", "info", 0),
        ("warned.pdf", None, 0),
        ("warned.pdf", "error", 0),
        ("warned.pdf", "warning", 1),
        ("warned.pdf", "info", 1),
        ("wrong.pdf", None, 1),
        ("wrong.pdf", "never", 0),
    ],
)
def test_fail_on_says_what_makes_exit_code_1(name: str, fail_on: str | None, code: int, artwork: Path) -> None:
    options = ["--fail-on", fail_on] if fail_on else []
    assert invoke("check", artwork / name, *options).exit_code == code


def test_an_unreadable_file_is_3_whatever_fail_on_says(artwork: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty.pdf"
    empty.touch()
    for paths in ([empty], [artwork / "wrong.pdf", empty, artwork / "clean.pdf"]):
        assert invoke("check", *paths, "--fail-on", "never").exit_code == 3
    assert invoke("inspect", empty).exit_code == 3
    assert invoke("stars", empty).exit_code == 3


def test_a_check_that_crashes_is_5_and_the_report_says_which(artwork: Path, tmp_path: Path) -> None:
    plugin = house(tmp_path, "1 / 0")
    result = invoke("check", artwork / "wrong.pdf", "--plugin", plugin)
    assert result.exit_code == 5
    assert "XYZ101 crashed: ZeroDivisionError: division by zero (house.py, line" in result.stdout
    assert "BOX102" in result.stdout


def test_the_highest_exit_code_wins(artwork: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.pdf").touch()
    plugin = house(tmp_path, "1 / 0")
    result = invoke("check", artwork / "wrong.pdf", tmp_path / "empty.pdf", "--plugin", plugin)
    assert result.exit_code == 5


def test_a_missing_file_is_unreadable_and_not_a_usage_error(artwork: Path) -> None:
    result = invoke("check", artwork / "gone.pdf", artwork / "clean.pdf")
    assert result.exit_code == 3
    assert "gone.pdf: error FIL101 There is no such file. Check" in result.stdout
    assert "clean.pdf: pass" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["chek"], "Did you mean 'check'?"),
        (["check"], "Missing argument"),
        (["check", "{a}", "--profile", "postr"], "Did you mean 'poster'?"),
        (["check", "{a}", "--only", "IMG1O1"], "Did you mean 'IMG101'?"),
        (["check", "{a}", "--skip", "low-resolution-imag"], "There is no check 'low-resolution-imag'"),
        (["check", "{a}", "--set", "IMG101.resolutoin=3ppi"], "Did you mean 'resolution'?"),
        (["check", "{a}", "--set", "IMG101.resolution.error=200mm"], "write '200 ppi'"),
        (["check", "{a}", "--set", "nonsense"], "Write CODE.setting=value"),
        (["check", "{a}", "--format", "jsn"], "Did you mean 'json'?"),
        (["check", "{a}", "--format", "xxxx"], "There are: csv, html, json, junit, ndjson, pdf, sarif, text."),
        (["check", "{a}", "--fail-on", "fatal"], "is not one of 'info', 'warning', 'error', 'never'"),
        (["check", "{a}", "--units", "parsec"], "is not one of 'mm', 'in', 'pt'"),
        (["check", "{a}", "--canvas", "30x20"], "write '30x20in'"),
        (["check", "{a}", "--pages", "0"], "pages count from 1"),
        (["check", "{a}", "--pages", "4-1"], "a range runs upwards"),
        (["check", "{a}", "--pages", "one"], "'one' is not a page or a range such as 1-4"),
        (["check", "{a}", "--pages", "1-99999999999"], "no file has that many pages"),
        (["check", "{a}", "--jobs", "0"], "is not in the range x>=1"),
        (["check", "{a}", "--timeout", "0"], "leaves no time"),
        (["check", "{a}", "--timeout", "nan"], "leaves no time"),
        (["check", "{a}", "--plugin", "gone.py"], "no such plug-in file"),
        (["check", "{a}", "--no-such-option"], "No such option"),
        (["explain", "IMG1O1"], "Did you mean 'IMG101'?"),
        (["explain", "xylophone"], "'makeready explain' lists the checks"),
        (["profiles", "show", "postr"], "Did you mean 'poster'?"),
        (["profiles", "diff", "poster", "walpaper"], "Did you mean 'wallpaper'?"),
        (["check", "{a}", "--profile", "gone.toml"], "There is no profile file gone.toml. Check the name"),
        (["check", "{a}", "--set", "IMG999.resolution=3ppi"], "The settings name 'IMG999', which is no check"),
        (["check", "{a}", "-"], "Standard input is not read. Save it to a file"),
        (["check", "{a}", "-o", "not/there.html"], "Make the folder, or name one that is there"),
        (["stars", "4000x3000"], "Add --canvas 30x20in"),
        (["stars", "4000x3000", "--canvas", "30x20in", "--product", "default"], "These do: "),
        (["stars", "0x3000", "--canvas", "30x20in"], "must be at least 1"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_usage_error_is_2_and_says_what_is_meant(arguments: list[str], said: str, artwork: Path) -> None:
    result = invoke(*(word.format(a=artwork / "clean.pdf") for word in arguments))
    assert result.exit_code == 2
    assert said in re.sub(r"\s+", " ", result.stderr)
    assert result.stdout == ""


def test_a_folder_without_artwork_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    result = invoke("check", tmp_path)
    assert result.exit_code == 2
    assert "There is nothing to look at." in result.stderr
    assert "folders are searched by suffix, files that are named are tried" in result.stderr


def test_a_fault_of_the_program_itself_is_5_and_not_1(artwork: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 1, which Python gives an uncaught exception, would say that the files have issues."""

    def broken(*arguments: object, **more: object) -> None:
        raise RuntimeError("a fault")

    monkeypatch.setattr(batch, "run", broken)
    result = CliRunner().invoke(main, ["check", str(artwork / "clean.pdf")])
    assert result.exit_code == 5
    assert "RuntimeError: a fault" in result.stderr
    assert "makeready itself failed" in result.stderr


@linux
def test_a_full_disk_is_said_in_one_line(artwork: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command("check", artwork / "wrong.pdf"),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 5
    assert "Error: No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


# What is asked for


def codes(result: Result) -> set[str]:
    return set(re.findall(r"\b[A-Z]{3}\d{3}\b", result.stdout))


def test_only_and_skip_take_lists_patterns_and_names(artwork: Path) -> None:
    wrong = artwork / "wrong.pdf"
    assert codes(invoke("check", wrong, "--only", "BOX102,IMG101")) == {"BOX102", "IMG101"}
    assert codes(invoke("check", wrong, "--only", "BOX*", "--only", "low-resolution-image")) == {"BOX102", "IMG101"}
    assert codes(invoke("check", wrong, "--only", "BOX*, IMG101", "--skip", "box102")) == {"IMG101"}


def test_set_lays_over_the_profile(artwork: Path) -> None:
    wrong = artwork / "wrong.pdf"
    result = invoke("check", wrong, "--only", "IMG101", "--set", "IMG101.resolution=90ppi")
    assert (result.exit_code, codes(result)) == (0, set())
    result = invoke("check", wrong, "--set", "BOX102=off", "--set", "IMG101=warning")
    assert (result.exit_code, codes(result)) == (0, {"IMG101"})


@pytest.mark.parametrize(("pages", "seen"), [("2", {2}), ("1-2", {1, 2}), ("1,3", {1, 3}), ("2-99", {2, 3})])
def test_only_the_pages_asked_for_are_looked_at(pages: str, seen: set[int], artwork: Path) -> None:
    result = invoke("check", artwork / "wrong.pdf", "--only", "BOX102", "--pages", pages)
    assert {int(n) for n in re.findall(r"page (\d+): error", result.stdout)} == seen


def test_pages_that_are_not_there_are_said(artwork: Path) -> None:
    some = invoke("check", artwork / "warned.pdf", "--pages", "2,9")
    assert (some.exit_code, some.stderr.strip()) == (0, f"page 9 is not there: {artwork / 'warned.pdf'} has 3 pages")
    assert invoke("check", artwork / "warned.pdf", "--pages", "2,9", "-q").stderr == ""
    assert invoke("check", artwork / "warned.pdf", "--pages", "2,3").stderr == ""
    for name in ("warned.pdf", "photo.jpg"):
        none = invoke("check", artwork / name, "--pages", "9")
        assert none.exit_code == 3
        assert "None of the pages asked for is there: the file has" in none.stdout


def test_many_files_that_are_too_short_are_one_line(artwork: Path, tmp_path: Path) -> None:
    for number in range(5):
        shutil.copy(artwork / "clean.pdf", tmp_path / f"{number}.pdf")
    (line,) = invoke("check", tmp_path, "--pages", "1-2").stderr.splitlines()
    assert line.startswith(f"page 2 is not there: {tmp_path / '0.pdf'} has 1 page, ")
    assert line.endswith(", and 2 more files end before it")


@pytest.mark.parametrize(("suffix", "said"), [("html", "1 of 3 looked at"), ("xml", '"pages" value="1 of 3"')])
def test_a_report_says_that_only_some_pages_were_looked_at(
    suffix: str, said: str, artwork: Path, tmp_path: Path
) -> None:
    invoke("check", artwork / "warned.pdf", "--pages", "2", "-o", tmp_path / f"out.{suffix}")
    assert said in (tmp_path / f"out.{suffix}").read_text("utf-8")


@pytest.mark.parametrize(("unit", "said"), [("mm", "3 mm is needed"), ("in", "0.118 in is needed"), ("pt", "8.5 pt")])
def test_messages_speak_the_unit_asked_for(unit: str, said: str, artwork: Path) -> None:
    assert said in invoke("check", artwork / "wrong.pdf", "--only", "BOX102", "--units", unit).stdout


def test_a_canvas_gives_a_picture_its_printed_size(artwork: Path) -> None:
    photo = artwork / "photo.jpg"
    assert "IMG101" not in codes(invoke("check", photo))
    result = invoke("check", photo, "--canvas", "30x20in")
    assert "photo.jpg: page 1: error IMG101 the picture prints at 13 ppi" in result.stdout or "13 ppi" in result.stdout


def test_a_plug_in_file_takes_part(artwork: Path, tmp_path: Path) -> None:
    plugin = house(tmp_path, "pass")
    assert "error XYZ101 it is there" in invoke("check", artwork / "clean.pdf", "--plugin", plugin).stdout
    assert "A fault" in invoke("explain", "XYZ101", "--plugin", plugin).stdout


def test_a_clean_file_is_reported_with_the_names_of_a_plug_in_files_checks(artwork: Path, tmp_path: Path) -> None:
    plugin = house(tmp_path, "return")
    for name in ("out.sarif", "out.xml", "out.html"):
        done = run("check", artwork / "clean.pdf", "--plugin", plugin, "-o", tmp_path / name)
        assert done.returncode == 0
    (sarif,) = json.loads((tmp_path / "out.sarif").read_text("utf-8"))["runs"]
    titles = {rule["id"]: rule["shortDescription"]["text"] for rule in sarif["tool"]["driver"]["rules"]}
    assert titles["XYZ101"] == "A fault"
    assert 'name="XYZ101 strange"' in (tmp_path / "out.xml").read_text("utf-8")
    assert "A fault" in (tmp_path / "out.html").read_text("utf-8")


def test_the_advice_of_a_plug_in_files_check_is_in_the_report(artwork: Path, tmp_path: Path) -> None:
    import pymupdf

    plugin = house(tmp_path, "pass")
    plugin.write_text(plugin.read_text().replace("Artwork", "Page"))  # so that it is framed
    for suffix in ("html", "pdf", "json"):
        run("check", artwork / "clean.pdf", "--plugin", plugin, "-o", tmp_path / f"out.{suffix}")
    assert "The other." in (tmp_path / "out.html").read_text("utf-8")
    assert json.loads((tmp_path / "out.json").read_text("utf-8"))["profile"]["plugin_files"] == [str(plugin)]
    with pymupdf.open(tmp_path / "out.pdf") as copy:
        assert any("The other." in note.info["content"] for page in copy for note in page.annots())


def test_a_plug_in_that_does_not_load_is_said_unless_one_wants_quiet(artwork: Path, tmp_path: Path) -> None:
    ruin = tmp_path / "ruin.py"
    ruin.write_text("def (")
    result = invoke("check", artwork / "clean.pdf", "--plugin", ruin)
    assert result.exit_code == 0
    assert "plug-in ruin.py did not load: SyntaxError" in result.stderr
    assert "ruin" not in invoke("check", artwork / "clean.pdf", "--plugin", ruin, "-q").stderr


def test_a_profile_may_be_a_file(artwork: Path, tmp_path: Path) -> None:
    profile = tmp_path / "mine.toml"
    profile.write_text('extends = "default"\n[checks]\nBOX102 = "off"\nIMG101 = "off"')
    assert invoke("check", artwork / "wrong.pdf", "-p", profile).exit_code == 0


@pytest.mark.parametrize("jobs", [1, 2, 16])
def test_the_number_of_processes_changes_nothing_that_is_printed(jobs: int, artwork: Path) -> None:
    assert invoke("check", artwork, "--jobs", jobs).stdout == invoke("check", artwork).stdout


def test_a_file_that_takes_too_long_is_unreadable(artwork: Path, tmp_path: Path) -> None:
    plugin = house(tmp_path, "time.sleep(1e6)")
    result = invoke("check", artwork / "clean.pdf", "--plugin", plugin, "--timeout", "0.5")
    assert result.exit_code == 3
    assert "took longer than 0.5 seconds" in result.stdout


def test_verbose_says_how_every_check_fared(artwork: Path) -> None:
    lines = invoke("check", artwork / "clean.pdf", "-v", "--skip", "TXT101").stdout.splitlines()
    assert len(lines) == 1 + len(preflight.catalogue())
    assert any(re.search(r"clean\.pdf: BOX102 passed \(\d+\.\d ms\)$", line) for line in lines)
    assert any(line.endswith("TXT101 skipped: left out by --skip") for line in lines)


def test_quiet_leaves_out_the_summary(artwork: Path, tmp_path: Path) -> None:
    result = invoke("check", artwork, "-q", "-o", tmp_path / "r.json")
    assert (result.stdout, result.stderr) == ("", "")


# Streams and files


def test_results_are_on_stdout_and_nothing_else_is(artwork: Path, tmp_path: Path) -> None:
    ruin = tmp_path / "ruin.py"
    ruin.write_text("1 / 0")
    done = run("check", artwork, "--format", "json", "--plugin", ruin, "-v")
    assert len(json.loads(done.stdout)["reports"]) == 4
    assert done.stderr.splitlines() == ["plug-in ruin.py did not load: ZeroDivisionError: division by zero"]


def test_a_report_replaces_the_one_of_last_time(artwork: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.json"
    out.write_text("of last time")
    invoke("check", artwork / "clean.pdf", "-o", out)
    assert json.loads(out.read_text())["verdict"] == "pass"
    assert list(tmp_path.iterdir()) == [out]


def test_a_report_never_replaces_the_artwork(tmp_path: Path) -> None:
    file = pdf().save(tmp_path / "a.pdf")
    link = tmp_path / "link.json"
    link.symlink_to(file)
    before = file.read_bytes()
    for out in (file, link):
        for source in (file, tmp_path):
            result = invoke("check", source, "-o", out, "--format", "json")
            assert result.exit_code == 2
            assert "is one of the files to look at" in result.stderr
    assert file.read_bytes() == before


def test_a_report_that_comes_to_nothing_leaves_the_old_one(
    artwork: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: object, **more: object) -> None:
        raise KeyboardInterrupt

    out = tmp_path / "report.json"
    out.write_text("of last time")
    monkeypatch.setattr(batch, "run", broken)
    assert CliRunner().invoke(main, ["check", str(artwork / "clean.pdf"), "-o", str(out)]).exit_code == 130
    assert out.read_text() == "of last time"
    assert list(tmp_path.iterdir()) == [out], "no half-written file is left"


@posix
def test_a_report_is_as_readable_as_any_file(artwork: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.json"
    before = os.umask(0o022)
    try:
        invoke("check", artwork / "clean.pdf", "-o", out)
    finally:
        os.umask(before)
    assert out.stat().st_mode & 0o777 == 0o644


@posix
def test_a_report_goes_through_links_and_to_devices(artwork: Path, tmp_path: Path) -> None:
    real, link = tmp_path / "real.json", tmp_path / "link.json"
    link.symlink_to(real)
    invoke("check", artwork / "clean.pdf", "-o", link)
    assert link.is_symlink()
    assert json.loads(real.read_text())["verdict"] == "pass"
    assert invoke("check", artwork / "clean.pdf", "-o", "/dev/null", "--format", "json").exit_code == 0
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize("out", ["{folder}", "{folder}/gone/report.json"])
def test_an_output_that_cannot_be_written_is_a_usage_error(out: str, artwork: Path, tmp_path: Path) -> None:
    result = invoke("check", artwork / "clean.pdf", "--format", "json", "-o", out.format(folder=tmp_path))
    assert result.exit_code == 2
    assert result.stdout == ""


@linux
@pytest.mark.parametrize(("style", "to_file"), [("text", False), ("text", True), ("json", False), ("html", True)])
def test_names_that_are_not_utf_8_cost_no_report(style: str, to_file: bool, tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/m\xfcnchen.jpg"
    Path(os.fsdecode(name)).write_bytes(picture(60, 40))
    out = tmp_path / f"report.{style}"
    words = command("check", name, "--format", style, *(["-o", out] if to_file else []))
    done = subprocess.run(words, capture_output=True, timeout=120, check=False)
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False)
    written = out.read_bytes() if to_file else done.stdout
    assert "m?nchen.jpg" in written.decode("utf-8").replace("\N{REPLACEMENT CHARACTER}", "?")


@linux
def test_a_pdf_whose_name_is_not_utf_8_can_be_read(tmp_path: Path) -> None:
    file = Path(os.fsdecode(os.fsencode(tmp_path) + b"/m\xfcnchen.pdf"))
    file.write_bytes(pdf().bytes())
    assert makeready.check(file).verdict == "pass"


@posix
def test_json_is_utf_8_whatever_the_locale_says(tmp_path: Path) -> None:
    file = pdf().save(tmp_path / "a.pdf")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("LC_", "LANG", "PYTHONIO", "PYTHONUTF8"))}
    environment |= {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        command("check", file, "--format", "json", "--canvas", "A5"),
        env=environment,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert b"Traceback" not in done.stderr
    assert "×" in done.stdout.decode("utf-8")
    stars = ("stars", "4000x3000", "--canvas", "30x20in")
    done = subprocess.run(command(*stars), env=environment, capture_output=True, timeout=120, check=False)
    assert (done.returncode, done.stdout.split()[-1]) == (0, b"ppi"), done.stderr


@posix
def test_control_characters_in_names_do_not_reach_the_terminal(tmp_path: Path) -> None:
    file = tmp_path / "a\x1b[31m\nb\r.pdf"
    file.write_bytes(pdf().bytes())
    for arguments in (("check", file), ("check", file, "-v"), ("stars", file), ("check", tmp_path / "\x1bgone.pdf")):
        result = invoke(*arguments)
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", result.stdout)
    lines = invoke("check", file).stdout.splitlines()
    assert len(lines) == 1, "a line break in a name does not make a line of its own"
    report = json.loads(invoke("check", file, "--format", "json").stdout)
    assert report["file"]["path"] == str(file), "the data have the name as it is"


def test_a_file_that_looks_like_an_option_is_told_how_to_be_named(artwork: Path, tmp_path: Path) -> None:
    shutil.copy(artwork / "clean.pdf", tmp_path / "-plan.pdf")
    shutil.copy(artwork / "clean.pdf", tmp_path / "-x.pdf")
    for name in ("-plan.pdf", "-x.pdf"):  # begins with an option that there is, or does not
        result = run("check", name, cwd=tmp_path)
        assert result.returncode == 2
        assert f"If the file {name} is meant, write ./{name}" in result.stderr
    assert run("check", "./-plan.pdf", cwd=tmp_path).returncode == 0


@posix
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_fault(closed: str, artwork: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    words = " ".join(shlex.quote(str(word)) for word in command("check", artwork / "wrong.pdf", "-o", out))
    assert subprocess.run(["sh", "-c", f"{words} {closed}"], timeout=120, check=False).returncode == 1
    assert json.loads(out.read_text("utf-8"))["verdict"] == "error"


def test_a_name_that_no_file_system_takes_stops_no_other(artwork: Path) -> None:
    result = invoke("check", "x" * 300 + ".pdf", artwork / "clean.pdf")
    assert result.exit_code == 3
    assert "clean.pdf: pass" in result.stdout


# Pipes, signals, terminals


@posix
@pytest.mark.parametrize("arguments", [["explain"], ["check", "{wrong}", "--format", "ndjson"]])
def test_a_reader_that_goes_away_is_no_fault(arguments: list[str], artwork: Path, tmp_path: Path) -> None:
    words = [word.format(wrong=artwork / "wrong.pdf") for word in arguments]
    if "check" in words:
        words += [str(shutil.copy(artwork / "wrong.pdf", tmp_path / f"{copy}.pdf")) for copy in range(30)]
    reading, writing = os.pipe()
    with subprocess.Popen(command(*words), stdout=writing, stderr=subprocess.PIPE) as process:
        os.close(writing)
        if "check" in words:
            os.read(reading, 10)
        os.close(reading)
        _, stderr = process.communicate(timeout=120)
    assert (process.returncode, stderr) == (0, b"")


@linux
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_is_130_and_leaves_neither_children_nor_files(
    how: signal.Signals, artwork: Path, tmp_path: Path
) -> None:
    started = tmp_path / "started"
    plugin = house(tmp_path, f"open({str(started)!r}, 'w').close()\n    while True: pass")
    out = tmp_path / "out"
    out.mkdir()
    words = command("check", artwork / "clean.pdf", "--plugin", plugin, "-o", out / "report.json")
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + 60
        while not started.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        assert children
        process.send_signal(how)
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert stderr.decode().strip() == "Interrupted."
    assert list(out.iterdir()) == []
    assert not [child for child in children if Path(f"/proc/{child}").exists()]


@linux
def test_ctrl_c_on_a_terminal_reaches_the_whole_group_and_is_said_once(artwork: Path, tmp_path: Path) -> None:
    started = tmp_path / "started"
    plugin = house(tmp_path, f"open({str(started)!r}, 'w').close()\n    while True: pass")
    words = command("check", artwork / "clean.pdf", "--plugin", plugin)
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True) as process:
        deadline = time.monotonic() + 60
        while not started.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
    assert (process.returncode, stderr.decode().strip()) == (130, "Interrupted.")


def on_a_terminal(*arguments: object, folder: Path, columns: int = 100) -> tuple[int, str]:
    """Run with a terminal for all three streams; what it would show, without the colours."""
    import pty

    environment = {**os.environ, "TERM": "xterm", "COLUMNS": str(columns)}
    environment = {k: v for k, v in environment.items() if k not in ("NO_COLOR", "FORCE_COLOR", "CI")}
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        command(*arguments), stdin=theirs, stdout=theirs, stderr=theirs, env=environment, cwd=folder
    ) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                shown += os.read(ours, 65536)
            except OSError:  # Linux says so when the other end is closed
                break
        process.wait(120)
    os.close(ours)
    return process.returncode, shown.decode("utf-8")


def screen(raw: str) -> list[str]:
    """The lines a terminal has in the end: a little of what a terminal does."""
    lines, row, column = [""], 0, 0
    for token in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|.|\n", raw, re.DOTALL):
        if token == "\n":
            row, column = row + 1, 0
            lines += [""] * (row + 1 - len(lines))
        elif token == "\r":
            column = 0
        elif token == "\x1b[2K":
            lines[row] = ""
        elif re.fullmatch(r"\x1b\[\d+A", token):
            row = max(0, row - int(token[2:-1]))
        elif not token.startswith("\x1b"):
            lines[row] = lines[row][:column].ljust(column) + token + lines[row][column + 1 :]
            column += 1
    return [line.rstrip() for line in lines]


@posix
def test_a_terminal_shows_tables_under_a_heading_and_no_rest_of_the_bar(artwork: Path) -> None:
    code, raw = on_a_terminal("check", "wrong.pdf", "clean.pdf", folder=artwork)
    shown = screen(raw)
    assert code == 1
    assert shown[0] == "✗ wrong.pdf  errors"
    assert re.fullmatch(r"  PDF 1\.6 · .*kB · 3 pages · 210 × 297 mm, A4, portrait · profile default", shown[1])
    assert shown[2] == "  ✗ error  BOX102  p. 1  the bleed is 0 mm all round; 3 mm is needed (fix: add_bleed)"
    assert "✓ clean.pdf  pass" in shown
    assert "━" in raw, "there was a bar"
    assert not any("━" in line for line in shown), "and it is gone"
    assert [line for line in shown if line][-1] == "2 files: 1 passed, 1 with errors"


@posix
def test_a_name_with_brackets_is_no_markup(artwork: Path, tmp_path: Path) -> None:
    for name in ("[bold]a.pdf", "[red", "b[-].pdf"):
        (tmp_path / name).write_bytes((artwork / "clean.pdf").read_bytes())
    code, raw = on_a_terminal("check", "[bold]a.pdf", "[red", "b[-].pdf", folder=tmp_path)
    shown = screen(raw)
    assert code == 0
    assert [line for line in shown if line.startswith("✓")] == [
        "✓ [bold]a.pdf  pass",
        "✓ [red  pass",
        "✓ b[-].pdf  pass",
    ]


@posix
def test_no_progress_means_no_bar(artwork: Path) -> None:
    for option in ("--no-progress", "-q"):
        assert "━" not in on_a_terminal("check", "clean.pdf", option, folder=artwork)[1]


@posix
def test_the_heading_on_a_terminal_names_a_broken_plug_in_once(artwork: Path, tmp_path: Path) -> None:
    (tmp_path / "ruin.py").write_text("1 / 0")
    _, raw = on_a_terminal("check", artwork / "clean.pdf", "--plugin", "ruin.py", folder=tmp_path)
    assert sum("plug-in ruin.py did not load: ZeroDivisionError" in line for line in screen(raw)) == 1


@posix
def test_pages_of_explain_are_set_on_a_terminal(artwork: Path) -> None:
    code, raw = on_a_terminal("explain", "IMG101", folder=artwork)
    assert code == 0
    assert "##" not in raw
    assert "What to do" in raw


# The other commands


def test_inspect_prints_facts_and_no_judgement(artwork: Path, tmp_path: Path) -> None:
    report = json.loads(invoke("inspect", artwork / "wrong.pdf", "--pages", "2").stdout)
    assert (report["issues"], report["runs"]) == ([], [])
    assert [page["number"] for page in report["facts"]["pages"]] == [2]
    lines = invoke("inspect", artwork, "--format", "ndjson").stdout.splitlines()
    assert len([json.loads(line) for line in lines]) == 4
    out = tmp_path / "facts.ndjson"
    assert invoke("inspect", artwork, "-o", out).exit_code == 0
    assert len(out.read_text().splitlines()) == 4


def test_stars_of_a_size_and_of_files(artwork: Path) -> None:
    result = invoke("stars", "4000x3000", "--canvas", "30x20in", "--product", "photo_on_canvas")
    assert result.stdout == "★★★★☆ Good: 133 ppi; photo_on_canvas wants at least 100 ppi\n"
    data = json.loads(invoke("stars", "4000x3000", "--canvas", "30x20in", "--format", "json").stdout)
    assert data == {
        "data": {
            "stars": 4,
            "label": "Good",
            "effectivePpi": 133,
            "minPpi": 100,
            "productType": "photo_on_canvas",
        }
    }
    lines = invoke("stars", artwork, "--canvas", "30x20in", "--sort").stdout.splitlines()
    assert lines[0] == f"★☆☆☆☆ Very poor, 13 ppi  {artwork}/photo.jpg"
    assert len(lines) == 4
    rows = json.loads(invoke("stars", artwork, "--format", "json").stdout)
    assert {row["stars"]["productType"] for row in rows} == {"photo_on_canvas"}


def test_stars_that_cannot_be_given_say_why(tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    photo.write_bytes(picture(40, 30, "RGBA"))
    result = invoke("stars", photo)
    assert result.exit_code == 0
    assert result.stdout == f"no stars: its printed size is not known: give a canvas  {photo}\n"


def test_explain_lists_the_checks_and_explains_each_by_code_name_or_profile() -> None:
    listed = invoke("explain").stdout
    assert all(check.code in listed for check in preflight.catalogue())
    by_code, by_name = invoke("explain", "img101").stdout, invoke("explain", "low-resolution-image").stdout
    assert by_code == by_name
    assert by_code.startswith("# IMG101: ")
    assert invoke("explain", "poster").stdout == invoke("profiles", "show", "poster").stdout


def test_profiles_are_listed_shown_and_compared() -> None:
    listed = invoke("profiles", "list").stdout
    assert [line.split()[0] for line in listed.splitlines()] == list(preflight.profile_names())
    assert "Extends `default`" in invoke("profiles", "show", "poster").stdout
    differing = invoke("profiles", "diff", "poster", "wallpaper").stdout
    assert "| stars | 150 ppi is fair | 100 ppi is fair |" in differing
    assert "IMG101" in differing
    assert invoke("profiles", "diff", "poster", "poster").stdout == "poster and poster ask the same.\n"
    assert json.loads(invoke("profiles", "schema").stdout)["properties"]["checks"]


def test_doctor_says_what_is_there() -> None:
    result = invoke("doctor")
    assert result.exit_code == 0
    for word in (
        "makeready",
        "Python",
        "pymupdf",
        "checks",
        "profiles",
        "csv, html, json, junit, ndjson, pdf, sarif, text",
    ):
        assert word in result.stdout


def test_doctor_says_how_to_get_what_is_optional(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.metadata

    there = importlib.metadata.version

    def version(name: str) -> str:
        if name == "watchfiles":
            raise importlib.metadata.PackageNotFoundError(name)
        return there(name)

    assert re.search(r"^ok  watchfiles +\d", invoke("doctor").stdout, re.MULTILINE)
    monkeypatch.setattr(importlib.metadata, "version", version)
    result = invoke("doctor")
    assert result.exit_code == 0, "nobody may want it"
    assert re.search(r"^--  watchfiles +is not installed; .*pip install 'makeready\[watch\]'$", result.stdout, re.M)


def test_doctor_says_what_is_missing_and_ends_with_4(monkeypatch: pytest.MonkeyPatch) -> None:
    from makeready.report import doctor

    monkeypatch.setattr(doctor, "NEEDED", (*doctor.NEEDED, "a-package-that-is-not-there"))
    result = invoke("doctor")
    assert result.exit_code == 4
    assert "pip install a-package-that-is-not-there" in result.stdout


def test_a_file_named_twice_is_looked_at_once(artwork: Path) -> None:
    twice = invoke("check", artwork / "clean.pdf", artwork / "." / "clean.pdf")
    assert twice.stdout.count("clean.pdf") == 1
