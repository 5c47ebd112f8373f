"""The commands that mend files, as people and scripts use them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pikepdf
import pytest
from click.testing import CliRunner, Result

from fixes.house import CHECK, fixes_file
from makeready import fixes, preflight
from makeready.cli import main
from makeready.testing import pdf, picture

pytestmark = pytest.mark.usefixtures("children_at_once")

posix = pytest.mark.skipif(os.name != "posix", reason="signals are those of POSIX")
SCHEMAS = Path(__file__).parent.parent / "schemas"


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fixes_file(tmp_path_factory.mktemp("house"))


def invoke(*arguments: object) -> Result:
    """Run in this process; a traceback is a failed test."""
    result = CliRunner().invoke(main, [str(argument) for argument in arguments], prog_name="makeready")
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.stderr
    return result


def untrimmed(path: Path, **more: object) -> Path:
    """A page that does not say where it is cut: ``set_boxes``, which is safe, cures that."""
    return pdf("A6", bleed=None, boxes={"trim": None}, **more).save(path)  # type: ignore[arg-type]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def trims(path: Path) -> list[bool]:
    with pikepdf.open(path) as document:
        return ["/TrimBox" in page.obj for page in document.pages]


# fix


def test_fix_mends_what_the_checks_find_and_says_so(tmp_path: Path) -> None:
    path = untrimmed(tmp_path / "a.pdf")
    before = path.read_bytes()
    result = invoke("fix", path, "--only", "BOX101")
    lines = result.stdout.splitlines()
    assert result.exit_code == 0
    assert all(line.startswith(f"{path}: ") for line in lines)
    assert f"{path}: fixed: BOX101" in lines
    assert lines[-1] == f"{path}: with warnings → passed, written to {tmp_path}/a.fixed.pdf"
    assert path.read_bytes() == before
    assert trims(tmp_path / "a.fixed.pdf") == [True]


def test_what_remains_makes_exit_code_1(tmp_path: Path) -> None:
    path = untrimmed(tmp_path / "a.pdf")
    result = invoke("fix", path, "--only", "BOX101,BOX102")
    assert result.exit_code == 1
    assert "left: BOX102 – add_bleed may change the look: allow it with --allow review" in result.stdout
    assert invoke("fix", path, "--only", "BOX101,BOX102", "--overwrite", "--fail-on", "never").exit_code == 0


def test_review_is_allowed_by_asking_for_it(tmp_path: Path) -> None:
    path = untrimmed(tmp_path / "a.pdf")
    result = invoke("fix", path, "--only", "BOX101,BOX102,BOX103", "--allow", "review", "-o", tmp_path / "out.pdf")
    assert result.exit_code == 0
    assert "fixed: BOX101, BOX102" in result.stdout


def test_a_dry_run_prints_the_plan_and_touches_nothing(tmp_path: Path) -> None:
    path = untrimmed(tmp_path / "a.pdf")
    result = invoke("fix", path, "--only", "BOX101,BOX102", "--dry-run")
    assert result.exit_code == 1
    assert f"{path}: 1. set_boxes" in result.stdout
    assert "cures BOX101, safe" in result.stdout
    assert "left: BOX102 – add_bleed may change the look: allow it with --allow review" in result.stdout
    assert names(tmp_path) == ["a.pdf"]


def test_nothing_to_do_is_said(tmp_path: Path) -> None:
    path = pdf("A6").save(tmp_path / "a.pdf")
    result = invoke("fix", path, "--only", "BOX101")
    assert result.stdout == f"{path}: passed, nothing to do, nothing written\n"
    assert result.exit_code == 0
    out = tmp_path / "out.pdf"
    assert invoke("fix", path, "--only", "BOX101", "-o", out).stdout.endswith(f"copied as it was to {out}\n")
    assert out.read_bytes() == path.read_bytes()
    assert invoke("fix", path, "--only", "BOX101", "--dry-run").stdout == f"{path}: nothing to do\n"


def test_an_error_without_a_fix_is_not_nothing_to_do(tmp_path: Path) -> None:
    path = pdf("A6").save(tmp_path / "a.pdf")
    checks = tmp_path / "checks.py"
    checks.write_text(CHECK)
    result = invoke("fix", path, "--only", "HOU101", "--plugin", checks)
    assert result.exit_code == 1
    assert "left: HOU101 – there is no fix for it" in result.stdout
    assert "nothing that could be done, nothing written" in result.stdout


def test_a_file_is_not_overwritten_unless_asked(tmp_path: Path) -> None:
    path = untrimmed(tmp_path / "a.pdf")
    (tmp_path / "a.fixed.pdf").write_text("somebody else's")
    result = invoke("fix", path, "--only", "BOX101")
    assert result.exit_code == 2
    assert "a.fixed.pdf is there already" in result.stderr
    assert "--overwrite" in result.stderr
    assert invoke("fix", path, "--only", "BOX101", "--overwrite").exit_code == 0
    assert trims(tmp_path / "a.fixed.pdf") == [True]


def test_in_place_keeps_a_backup(tmp_path: Path) -> None:
    path = untrimmed(tmp_path / "a.pdf")
    before = path.read_bytes()
    assert invoke("fix", path, "--only", "BOX101", "--in-place").exit_code == 0
    assert names(tmp_path) == ["a.bak.pdf", "a.pdf"]
    assert (tmp_path / "a.bak.pdf").read_bytes() == before
    assert trims(path) == [True]


def test_a_folder_is_mended_again_without_what_the_first_run_left(tmp_path: Path) -> None:
    untrimmed(tmp_path / "a.pdf")
    invoke("fix", tmp_path, "--only", "BOX101")
    result = invoke("fix", tmp_path, "--only", "BOX101", "--overwrite")
    assert result.exit_code == 0
    assert names(tmp_path) == ["a.fixed.pdf", "a.pdf"]
    assert "a.fixed.pdf: " not in result.stdout
    assert result.stderr == "passed over, as an earlier run left it here: a.fixed.pdf\n"
    assert f"{tmp_path}/a.fixed.pdf: " in invoke("fix", tmp_path / "a.fixed.pdf", "--only", "BOX101").stdout


def test_one_bad_file_stops_no_other(tmp_path: Path) -> None:
    untrimmed(tmp_path / "a.pdf")
    (tmp_path / "b.pdf").write_bytes(b"no pdf")
    untrimmed(tmp_path / "c.pdf")
    result = invoke("fix", tmp_path, "--only", "BOX101", "-o", tmp_path / "out")
    assert result.exit_code == 3
    assert names(tmp_path / "out") == ["a.pdf", "c.pdf"]
    assert "b.pdf: unreadable, nothing written" in result.stdout


def test_a_picture_may_become_another_kind_of_file(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(picture(60, 40, dpi=300, format="PNG"))
    result = invoke("fix", tmp_path / "a.png", "--only", "RAS101", "-o", tmp_path / "a.pdf")
    if "there is no fix 'to_pdf'" in result.stderr.lower():
        pytest.skip("nothing here makes a PDF of a picture")
    assert result.exit_code == 0
    with pikepdf.open(tmp_path / "a.pdf") as document:
        assert len(document.pages) == 1


def test_a_kind_that_is_not_written_is_said_before_any_work(tmp_path: Path) -> None:
    path = untrimmed(tmp_path / "a.pdf")
    for words in (("--to", "docx"), ("-o", tmp_path / "a.docx")):
        result = invoke("fix", path, *words)
        assert result.exit_code == 2
        assert ".tif" in result.stderr
    assert names(tmp_path) == ["a.pdf"]


# Formats


def schema(name: str) -> jsonschema.Draft202012Validator:
    found = json.loads((SCHEMAS / f"{name}.json").read_text())
    jsonschema.Draft202012Validator.check_schema(found)
    return jsonschema.Draft202012Validator(found)


def test_json_is_a_result_and_keeps_its_schema(tmp_path: Path) -> None:
    path = untrimmed(tmp_path / "a.pdf")
    said = json.loads(invoke("fix", path, "--only", "BOX101", "--format", "json").stdout)
    schema("result").validate(said)
    assert said["schema"] == "makeready.result/1"
    assert said["output"] == str(tmp_path / "a.fixed.pdf")
    assert [issue["code"] for issue in said["fixed"]] == ["BOX101"]
    assert said["steps"][0]["step"]["fix"] == "set_boxes"
    assert said["steps"][0]["step"]["cures"] == ["BOX101"]
    assert (said["before"]["verdict"], said["after"]["verdict"]) == ("warning", "pass")


def test_a_plan_is_json_too(tmp_path: Path) -> None:
    path = untrimmed(tmp_path / "a.pdf")
    said = json.loads(invoke("fix", path, "--only", "BOX101,BOX102", "--dry-run", "--format", "json").stdout)
    schema("plan").validate(said)
    assert [step["fix"] for step in said["steps"]] == ["set_boxes"]
    assert [(left["code"], left["fix"]) for left in said["left"]] == [("BOX102", "add_bleed")]


def test_results_that_came_to_nothing_keep_the_schema(tmp_path: Path, house: Path) -> None:
    pdf("A6").save(tmp_path / "a.pdf")
    (tmp_path / "b.pdf").write_bytes(b"no pdf")
    result = invoke("apply", "house_crash", tmp_path, "--plugin", house, "--format", "ndjson")
    crashed, unreadable = (json.loads(line) for line in result.stdout.splitlines())
    for said in (crashed, unreadable):
        schema("result").validate(said)
    assert "house_crash" in crashed["error"]["message"]
    assert unreadable["verdict"] == "unreadable"
    several = json.loads(invoke("apply", "house_crash", tmp_path, "--plugin", house, "--format", "json").stdout)
    assert several["schema"] == "makeready.results/1"
    assert len(several["results"]) == 2
    plans = json.loads(invoke("fix", tmp_path, "--dry-run", "--format", "json").stdout)
    assert plans["schema"] == "makeready.plans/1"


@pytest.mark.parametrize(("suffix", "begins"), [(".html", "<!DOCTYPE html>"), (".json", "{"), (".txt", "")])
def test_the_report_is_written_by_its_suffix(suffix: str, begins: str, tmp_path: Path) -> None:
    path = untrimmed(tmp_path / "a.pdf")
    report = tmp_path / f"report{suffix}"
    result = invoke("fix", path, "--only", "BOX101", "--report", report)
    assert result.exit_code == 0
    assert f"The report is in {report}" in result.stderr
    text = report.read_text(encoding="utf-8")
    assert text.startswith(begins)
    assert "set_boxes" in text


def test_where_a_report_cannot_go_is_said_before_any_work(tmp_path: Path) -> None:
    path = untrimmed(tmp_path / "a.pdf")
    for report in (path, tmp_path / "a.fixed.pdf", tmp_path / "r.docx", tmp_path / "nowhere" / "r.html"):
        result = invoke("fix", path, "--only", "BOX101", "--report", report)
        assert result.exit_code == 2
    assert names(tmp_path) == ["a.pdf"]


def test_quiet_leaves_out_where_the_report_is(tmp_path: Path) -> None:
    path = untrimmed(tmp_path / "a.pdf")
    assert invoke("fix", path, "--only", "BOX101", "-q", "--report", tmp_path / "r.html").stderr == ""


# apply


def test_apply_makes_one_fix_with_its_settings(tmp_path: Path, house: Path) -> None:
    path = pdf("A6").save(tmp_path / "a.pdf")
    for words in (("--note", "one"), ("--note=one",), ("--param", "note=one")):
        result = invoke("apply", "house_note", path, *words, "--plugin", house, "-o", tmp_path / "b.pdf", "--overwrite")
        assert result.exit_code == 0
        with pikepdf.open(tmp_path / "b.pdf") as document:
            assert str(document.docinfo["/Seen"]) == "one"
    assert invoke("apply", "house_note", tmp_path / "b.pdf", "--note", "one", "--plugin", house).stdout.endswith(
        "nothing written\n"
    )


def test_apply_takes_a_chain_from_a_file(tmp_path: Path, house: Path) -> None:
    path = untrimmed(tmp_path / "a.pdf")
    chain = tmp_path / "chain.json"
    for text in (["set_boxes", {"fix": "house_note", "note": "x"}], {"steps": ["set_boxes", "house_note"]}):
        chain.write_text(json.dumps(text))
        words = ("--plugin", house, "-o", tmp_path / "b.pdf", "--overwrite", "--only", "BOX101")
        assert invoke("apply", "--chain", chain, path, *words).exit_code == 0
        assert trims(tmp_path / "b.pdf") == [True]


def test_a_plan_can_be_applied_as_a_chain(tmp_path: Path) -> None:
    import makeready

    path = untrimmed(tmp_path / "a.pdf")
    plan = makeready.plan(makeready.check(path))
    schema("chain").validate(plan.as_data())
    (tmp_path / "chain.json").write_text(json.dumps(plan.as_data()))
    result = invoke("apply", "--chain", tmp_path / "chain.json", path, "--only", "BOX101")
    assert result.exit_code == 0
    assert "fixed: BOX101" in result.stdout


def test_a_chain_is_held_against_its_schema() -> None:
    valid = schema("chain").is_valid
    assert valid([{"fix": "add_bleed", "bleed": "5 mm"}, "set_boxes"])
    assert valid({"steps": ["set_boxes"]})
    assert not valid([{"fix": "add_bled"}])
    assert not valid([{"fix": "add_bleed", "bled": "5 mm"}])
    assert not valid(["no_such_fix"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["add_bled", "a.pdf"], "Did you mean 'add_bleed'?"),
        (["add_bleed", "a.pdf", "--bled", "5mm"], "Did you mean 'bleed'?"),
        (["add_bleed", "a.pdf", "--bleed", "5 apples"], "add_bleed.bleed"),
        (["add_bleed", "a.pdf", "--bleed"], "is given no value"),
        (["add_bleed", "a.pdf", "--param", "bleed"], "is not a setting"),
        (["add_bleed", "a.pdf", "-x"], "There is no option -x"),
        (["add_bleed"], "No file is named"),
        ([], "No fix is named"),
        (["--chain", "no.json", "a.pdf"], "cannot be read"),
        (["--chain", "a.pdf", "a.pdf"], "is not JSON"),
        (["--chain", "list.json", "a.pdf"], "is not a list of fixes"),
        (["--chain", "good.json"], "There is nothing to mend"),
        (["--chain", "good.json", "a.pdf", "--bleed", "3mm"], "settings of a chain stand in its file"),
    ],
)
def test_what_is_asked_wrongly_is_a_usage_error_before_any_work(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    pdf("A6").save(tmp_path / "a.pdf")
    Path("list.json").write_text('{"fix": "set_boxes"}')
    Path("good.json").write_text('["set_boxes"]')
    result = invoke("apply", *words)
    assert result.exit_code == 2
    assert said in result.stderr
    assert names(tmp_path) == ["a.pdf", "good.json", "list.json"]


# What goes wrong


def test_a_fix_that_fails_inside_is_5_and_the_others_are_done(tmp_path: Path, house: Path) -> None:
    pdf("A6").save(tmp_path / "a.pdf")
    (tmp_path / "b.jpg").write_bytes(picture(60, 40))
    result = invoke("apply", "house_crash", tmp_path, "--plugin", house, "--fail-on", "never")
    assert result.exit_code == 5
    assert "the step house_crash failed: KeyError" in result.stdout
    assert "b.jpg: house_crash refused: is for pdf files" in result.stdout
    assert names(tmp_path) == ["a.pdf", "b.jpg"]


def test_a_refusal_is_told_with_its_reason(tmp_path: Path, house: Path) -> None:
    path = pdf("A6").save(tmp_path / "a.pdf")
    result = invoke("apply", "house_refuse", path, "--plugin", house)
    assert "house_refuse refused: the inks are not known: give the file an output intent" in result.stdout


def test_what_is_new_is_shouted(tmp_path: Path, house: Path) -> None:
    path = pdf("A6").save(tmp_path / "a.pdf")
    result = invoke("apply", "house_break_trim", path, "--plugin", house, "--only", "BOX101")
    assert "NEW: BOX101" in result.stdout


def test_safe_steps_that_change_the_look_are_shouted(tmp_path: Path, house: Path) -> None:
    path = pdf("A6").save(tmp_path / "a.pdf")
    result = invoke("apply", "house_paint", path, "--plugin", house, "--only", "BOX101")
    assert "LOOK AT IT: every step is graded safe, but it looks different in 50." in result.stdout


@posix
def test_ctrl_c_is_130_and_leaves_neither_children_nor_files(tmp_path: Path, house: Path) -> None:
    work, temporary, sign = tmp_path / "work", tmp_path / "temporary", tmp_path / "sign"
    work.mkdir()
    temporary.mkdir()
    pdf("A6").save(work / "a.pdf")
    command = [sys.executable, "-m", "makeready", "apply", "house_sleep", "a.pdf", "--plugin", str(house)]
    process = subprocess.Popen(
        command, cwd=work, env={**os.environ, "TMPDIR": str(temporary), "HOUSE_SIGN": str(sign)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    until = time.monotonic() + 60
    while not sign.exists() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.05)
    assert sign.exists()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert (out, err.strip()) == ("", "Interrupted.")
    assert names(work) == ["a.pdf"]
    assert names(temporary) == []


# Plug-in files, explain


@pytest.mark.parametrize("holds", ["fixes", "checks", "both"])
def test_a_plug_in_file_may_hold_fixes_checks_or_both(holds: str, tmp_path: Path) -> None:
    path = pdf("A6").save(tmp_path / "a.pdf")
    house = fixes_file(tmp_path, "house_note", name="both.py", head=CHECK, cures='("HOU101",)')
    if holds == "fixes":
        house = fixes_file(tmp_path, "house_note", name="fixes.py")
    elif holds == "checks":
        house = tmp_path / "checks.py"
        house.write_text(CHECK)
    checked = invoke("check", path, "--plugin", house)
    assert "did not load" not in checked.stderr
    assert ("HOU101" in checked.stdout) == (holds != "fixes")
    assert ("(fix: house_note)" in checked.stdout) == (holds == "both")
    done = invoke("fix", path, "--plugin", house, "--dry-run")
    assert "did not load" not in done.stderr
    assert ("1. house_note" in done.stdout) == (holds == "both")


def test_a_plug_in_file_that_declares_nothing_is_said_once(tmp_path: Path) -> None:
    path = pdf("A6").save(tmp_path / "a.pdf")
    (tmp_path / "empty.py").write_text("x = 1")
    result = invoke("fix", path, "--plugin", tmp_path / "empty.py", "--dry-run")
    assert result.stderr.count("plug-in empty.py did not load") == 1


def test_explain_lists_checks_and_fixes_and_explains_each(house: Path) -> None:
    listed, only_fixes, only_checks = invoke("explain"), invoke("explain", "--fixes"), invoke("explain", "--checks")
    assert all(fix.id in listed.stdout for fix in fixes.catalogue())
    assert all(check.code in listed.stdout for check in preflight.catalogue())
    assert listed.stdout == f"{only_checks.stdout}\n{only_fixes.stdout}"
    page = invoke("explain", "add_bleed").stdout
    assert page.startswith("# add_bleed: ")
    assert page == invoke("explain", "add-bleed").stdout
    assert "## What stays exactly as it was" in page
    assert "BOX102.bleed" in page
    assert "house_note" in invoke("explain", "--fixes", "--plugin", house).stdout
    assert invoke("explain", "house_note", "--plugin", house).stdout.startswith("# house_note: House note")


def test_a_page_says_how_to_write_settings_whose_names_the_command_takes() -> None:
    own = {
        name.removeprefix("--").replace("-", "_") for option in main.commands["apply"].params for name in option.opts
    }
    for fix in fixes.catalogue():
        page = invoke("explain", fix.id).stdout
        taken = sorted(own & set(fix.params.model_fields))
        assert [name for name in sorted(fix.params.model_fields) if f"`--param {name}=" in page] == taken, fix.id


def test_an_unknown_name_is_told_the_nearest_of_all() -> None:
    for wrong, meant in (("add_bled", "add_bleed"), ("IMG110", "IMG1"), ("postr", "poster")):
        result = invoke("explain", wrong)
        assert result.exit_code == 2
        assert f"Did you mean '{meant}" in result.stderr
