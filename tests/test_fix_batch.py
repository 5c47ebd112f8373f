"""Many files mended: where new files go, and that nothing is ever lost, overwritten or half written."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from fixes.house import fixes_file
from makeready import engine, fix_batch
from makeready.batch import Checked, Event
from makeready.errors import ExitCode, UsageError
from makeready.fix_batch import FixJob, Mended, is_ours, targets
from makeready.testing import pdf, picture

posix = pytest.mark.skipif(os.name != "posix", reason="signals are those of POSIX")

pytestmark = pytest.mark.usefixtures("as_in_a_process_of_its_own")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fixes_file(tmp_path_factory.mktemp("house"))


@pytest.fixture(scope="module")
def held(house: Path) -> engine.Measure:
    return engine.measure(only=("BOX101",), plugin_files=[house])


def mend(paths: list[Path], held: engine.Measure, *steps: Any, **more: Any) -> list[Mended]:
    where = {name: more.pop(name) for name in ("output", "in_place", "overwrite", "suffix") if name in more}
    on_event, job = more.pop("on_event", None), more.pop("job", {})
    made = FixJob(
        held=held, steps=steps or None, targets=targets(paths, **where), plugin_files=held.plugin_files, **job
    )
    done = list(fix_batch.run(paths, made, processes=2, timeout=60, on_event=on_event))
    return [checked.extra for checked in sorted(done, key=lambda one: one.position)]


def jobs(folder: Path, *names: str) -> list[Path]:
    return [pdf("A6").save(folder / name) for name in names]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# Where new files go


def test_a_new_file_lies_beside_its_input_which_stays_as_it_was(tmp_path: Path, held: engine.Measure) -> None:
    (path,) = jobs(tmp_path, "a.pdf")
    before = path.read_bytes()
    (mended,) = mend([path], held, "house_note")
    assert mended.output == tmp_path / "a.fixed.pdf"
    assert path.read_bytes() == before
    assert names(tmp_path) == ["a.fixed.pdf", "a.pdf"]


def test_a_folder_holds_all_of_them_also_those_that_needed_nothing(tmp_path: Path, held: engine.Measure) -> None:
    one, other = jobs(tmp_path, "a.pdf", "b.pdf")
    twice = mend([one], held, "house_note", output=tmp_path / "first")
    assert [mended.copied for mended in twice] == [False]
    noted = tmp_path / "first" / "a.pdf"
    done = mend([noted, other], held, "house_note", output=tmp_path / "out")
    assert [mended.copied for mended in done] == [True, False]
    assert (tmp_path / "out" / "a.pdf").read_bytes() == noted.read_bytes()
    assert (tmp_path / "out" / "b.pdf").read_bytes() != other.read_bytes()


def test_nothing_is_written_beside_an_input_that_needs_nothing(tmp_path: Path, held: engine.Measure) -> None:
    (path,) = jobs(tmp_path, "a.pdf")
    (mended,) = mend([path], held)
    assert (mended.output, mended.error) == (None, None)
    assert names(tmp_path) == ["a.pdf"]


def test_names_that_meet_in_a_folder_are_told_apart(tmp_path: Path, held: engine.Measure) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
    paths = jobs(tmp_path / "one", "a.pdf") + jobs(tmp_path / "two", "A.pdf")
    mend(paths, held, "house_note", output=tmp_path / "out")
    assert names(tmp_path / "out") == ["A-2.pdf", "a.pdf"]


def test_pictures_that_would_get_the_same_name_are_told_apart(tmp_path: Path) -> None:
    for name in ("a.png", "a.jpg"):
        (tmp_path / name).write_bytes(b"")
    found = targets([tmp_path / "a.png", tmp_path / "a.jpg"], suffix=".tif")
    assert [target.path("").name for target in found.values()] == ["a.fixed.tif", "a.fixed-2.tif"]


def test_in_place_keeps_the_input_and_never_overwrites_a_backup(tmp_path: Path, held: engine.Measure) -> None:
    (path,) = jobs(tmp_path, "a.pdf")
    path.chmod(0o640)
    first = path.read_bytes()
    mend([path], held, "house_note", in_place=True)
    second = path.read_bytes()
    mend([path], held, {"fix": "house_note", "note": "again"}, in_place=True)
    assert names(tmp_path) == ["a.bak-2.pdf", "a.bak.pdf", "a.pdf"]
    assert (tmp_path / "a.bak.pdf").read_bytes() == first
    assert (tmp_path / "a.bak-2.pdf").read_bytes() == second
    assert path.read_bytes() not in (first, second)
    assert path.stat().st_mode & 0o777 == 0o640


def test_in_place_behind_a_link_mends_the_file_that_is_meant(tmp_path: Path, held: engine.Measure) -> None:
    (tmp_path / "store").mkdir()
    (path,) = jobs(tmp_path / "store", "a.pdf")
    link = tmp_path / "link.pdf"
    link.symlink_to(path)
    mend([link], held, "house_note", in_place=True)
    assert link.is_symlink()
    assert names(tmp_path / "store") == ["a.bak.pdf", "a.pdf"]


def test_a_file_that_was_saved_meanwhile_is_not_replaced(
    tmp_path: Path, held: engine.Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path,) = jobs(tmp_path, "a.pdf")
    monkeypatch.setenv("HOUSE_SIGN", str(path))
    (mended,) = mend([path], held, "house_meddle", in_place=True)
    assert "was changed by somebody else" in str(mended.error)
    assert path.read_bytes().endswith(b"% edited")
    assert names(tmp_path) == ["a.pdf"]


def test_what_is_wanted_must_go_together(tmp_path: Path) -> None:
    one, other = jobs(tmp_path, "a.pdf", "b.pdf")
    (tmp_path / "there").write_text("a file")
    (tmp_path / "there.pdf").write_text("a file")
    for paths, wish, said in (
        ([one], {"output": tmp_path / "x.pdf", "in_place": True}, "not both"),
        ([one], {"in_place": True, "suffix": ".tif"}, "cannot take the place"),
        ([one, other], {"output": tmp_path / "x.pdf"}, "there are 2 to write"),
        ([one], {"output": tmp_path / "x.doc"}, "ends? with .doc are not written"),
        ([one], {"output": tmp_path / "x.pdf", "suffix": ".tif"}, "is no .tif file"),
        ([one], {"output": tmp_path / "there"}, "is a file"),
        ([one], {"output": tmp_path / "there.pdf"}, "is there already"),
        ([one], {"output": one, "overwrite": True}, "is a file that is mended"),
        ([one], {"output": tmp_path, "overwrite": True}, "is a file that is mended"),
    ):
        with pytest.raises(UsageError, match=said):
            targets(paths, **wish)  # type: ignore[arg-type]


def test_a_file_that_comes_to_be_there_meanwhile_is_left_alone(tmp_path: Path, held: engine.Measure) -> None:
    (path,) = jobs(tmp_path, "a.pdf")

    def somebody(event: Event) -> None:
        (tmp_path / "a.fixed.pdf").write_text("somebody else's")

    (mended,) = mend([path], held, "house_note", on_event=somebody)
    assert mended.error is not None
    assert mended.error.exit_code is ExitCode.USAGE
    assert (tmp_path / "a.fixed.pdf").read_text() == "somebody else's"


def test_what_an_earlier_run_left_is_known_by_its_name(tmp_path: Path) -> None:
    jobs(tmp_path, "a.pdf", "b.fixed.pdf")
    known = {name: is_ours(tmp_path / name) for name in ("a.pdf", "a.fixed.pdf", "a.fixed-2.pdf", "a.bak-3.pdf")}
    assert known == {"a.pdf": False, "a.fixed.pdf": True, "a.fixed-2.pdf": True, "a.bak-3.pdf": True}
    assert not is_ours(tmp_path / "b.fixed.pdf"), "its original is not there: the name is the customer's"


# What goes wrong


def test_one_bad_file_never_stops_the_others(tmp_path: Path, held: engine.Measure) -> None:
    good, other = jobs(tmp_path, "a.pdf", "z.pdf")
    bad = tmp_path / "m.pdf"
    bad.write_bytes(b"no pdf at all")
    done = mend([good, bad, other], held, "house_note")
    assert [mended.output is not None for mended in done] == [True, False, True]


def test_a_fix_that_fails_inside_writes_nothing_and_is_named(tmp_path: Path, held: engine.Measure) -> None:
    (path,) = jobs(tmp_path, "a.pdf")
    (mended,) = mend([path], held, "house_note", "house_crash")
    assert mended.error is not None
    assert mended.error.exit_code is ExitCode.CRASHED
    assert "house_crash" in str(mended.error)
    assert names(tmp_path) == ["a.pdf"]


@posix
def test_a_child_that_is_killed_names_the_step_and_leaves_nothing(
    tmp_path: Path, held: engine.Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    (tmp_path / "jobs").mkdir()
    paths = jobs(tmp_path / "jobs", "a.pdf")
    (mended,) = mend(paths, held, "house_note", "house_die", output=tmp_path / "out")
    assert mended.error is not None
    assert mended.error.exit_code is ExitCode.CRASHED
    assert "step 2 of 2: house_die" in str(mended.error)
    assert "SIGKILL" in str(mended.error)
    assert not (tmp_path / "out").exists()
    assert names(temporary) == []
    assert names(tmp_path / "jobs") == ["a.pdf"]


def test_a_report_that_cannot_be_prepared_is_told_of_its_file(tmp_path: Path, held: engine.Measure) -> None:
    (path,) = jobs(tmp_path, "a.pdf")
    (mended,) = mend([path], held, "house_note", job={"prepare": failing})
    assert "ZeroDivisionError" in str(mended.error)
    assert names(tmp_path) == ["a.pdf"]


def failing(result: object, path: Path) -> None:
    raise ZeroDivisionError


def test_progress_names_the_step(tmp_path: Path, held: engine.Measure) -> None:
    heard: list[str] = []
    mend(jobs(tmp_path, "a.pdf"), held, "house_note", "house_refuse", on_event=lambda event: heard.append(event.what))
    assert [what for what in dict.fromkeys(heard) if what] == [
        "step 1 of 2: house_note", "step 2 of 2: house_refuse",
    ]  # fmt: skip


def test_a_dry_run_plans_and_writes_nothing(tmp_path: Path) -> None:
    path = pdf("A6", boxes={"trim": None}).save(tmp_path / "a.pdf")
    held = engine.measure(only=("BOX101",))
    job = FixJob(held=held, dry_run=True, targets=targets([path]))
    (done,) = fix_batch.run([path], job, processes=1)
    assert [step.cures for step in done.extra.plan.steps] == [("BOX101",)]
    assert names(tmp_path) == ["a.pdf"]


def test_a_job_can_be_run_in_this_process(tmp_path: Path, held: engine.Measure) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(picture(60, 40, dpi=300))
    done: Checked = FixJob(held=held, steps=("house_note",), plugin_files=held.plugin_files).run(path)
    assert [run.outcome.value for run in done.extra.result.runs] == ["refused"]
