"""Planning, taking and proving fixes: what is promised whatever the fixes themselves do."""

from __future__ import annotations

import gc
import hashlib
import json
from pathlib import Path
from typing import Any

import pikepdf
import pytest

import makeready
from fixes.looks import assert_same_look, codes, qpdf_clean, text_of
from makeready import fixes
from makeready.changes import Safety, Step, StepOutcome
from makeready.errors import FixFailed, UsageError
from makeready.fixing import Progress
from makeready.testing import pdf, picture
from makeready.units import Length

#: Small fixes that stand in for real ones; what they cure are true codes.
FAKES = '''
from pathlib import Path

from makeready.changes import Change, Refusal
from makeready.params import Params, param
from makeready.registry import fix
from makeready.units import Length

PAGE = """{first}

## What changes
Something.

## What stays exactly as it was
All else.

## When not to use it
Never.
"""


class Bleeding(Params):
    """Settings of widen."""

    bleed: Length = param("5 mm", "How far.", like="BOX102.bleed")
    note: str = param("", "A word.")


def declared(**said):
    said.setdefault("rank", -99)  # before the built-in ones

    def declare(function):
        function.__doc__ = PAGE.format(first=said["title"])
        return fix(**said)(function)
    return declare


@declared(id="fake_widen", title="Widen it.", stage="geometry", safety="review", cures=("BOX102",), kinds=("pdf",),
          params=Bleeding, seconds_per_page=2.0)
def widen(job, params):
    for number in job.pages:
        page = job.pdf.pdf.pages[number - 1]
        x0, y0, x1, y1 = (float(side) for side in page.trimbox)
        wanted = [x0 - params.bleed, y0 - params.bleed, x1 + params.bleed, y1 + params.bleed]
        bleed = [round(float(side), 3) for side in page.obj.get("/BleedBox", [])]
        if bleed == [round(side, 3) for side in wanted]:
            continue
        page.obj.MediaBox = page.obj.BleedBox = wanted
        yield Change(f"bleed of {params.bleed}", number, details={"before": None, "after": params.bleed})


@declared(id="fake_trim", title="Say the trim.", stage="boxes", safety="safe", cures=("BOX101",), kinds=("pdf",))
def trim(job, params):
    for page in job.facts.pages:
        if page.boxes.trim is None:
            native = job.pdf.pdf.pages[page.number - 1]
            native.obj.TrimBox = list(native.mediabox)
            yield Change("the trim is said", page.number)


@declared(id="fake_by_hand", title="Ask for it.", stage="boxes", safety="manual", cures=("IMG105",), kinds=("pdf",))
def by_hand(job, params):
    yield from ()


@declared(id="fake_late", title="Tell the order.", stage="standard", safety="safe", kinds=("pdf",))
def late(job, params):
    said = job.pdf.pdf.docinfo.get("/Seen")
    if said is None:
        boxes = job.facts.pages[0].boxes
        job.pdf.pdf.docinfo["/Seen"] = f"trim {boxes.trim is not None}, bleed {boxes.bleed is not None}"
        yield Change("told what it found")


@declared(id="fake_early_hand", title="Take hold before looking.", stage="ink", safety="safe", kinds=("pdf",))
def early_hand(job, params):
    page = job.pdf.pdf.pages[0]
    if job.facts.pages[0].boxes.art is None:
        page.obj.ArtBox = [10, 10, 20, 20]
        yield Change("an ArtBox")


@declared(id="fake_crash", title="Crash.", stage="ink", safety="safe", kinds=("pdf",))
def crash(job, params):
    yield Change("about to fall over")
    raise KeyError("no such thing")


@declared(id="fake_refuse", title="Refuse.", stage="ink", safety="safe", kinds=("pdf",))
def refuse(job, params):
    raise Refusal("the inks are not known: give the file an output intent")
    yield


@declared(id="fake_change_its_mind", title="Refuse too late.", stage="ink", safety="safe", kinds=("pdf",))
def change_its_mind(job, params):
    yield Change("half of it")
    raise Refusal("the other half cannot be done")


@declared(id="fake_break", title="Break the file.", stage="repair", safety="safe", kinds=("pdf",))
def break_it(job, params):
    del job.pdf.pdf.pages[:]
    yield Change("no page is left")


@declared(id="fake_progress", title="Tell how far.", stage="ink", safety="safe", kinds=("pdf",))
def progress(job, params):
    job.tell(0.5)
    yield from ()


@declared(id="fake_to_picture", title="Make a picture of it.", stage="export", safety="review", kinds=("pdf",))
def to_picture(job, params):
    from PIL import Image
    out = job.folder / "exported.png"
    Image.new("RGB", (300, 200), "white").save(out, dpi=(300, 300))
    job.become(out, "raster")
    yield Change("is a picture now")
'''


@pytest.fixture(scope="module")
def plugins(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    file = tmp_path_factory.mktemp("plugins") / "fakes.py"
    file.write_text(FAKES, encoding="utf-8")
    assert not fixes.catalogue((file,)).failed
    return (file,)


def profile(folder: Path, text: str, name: str = "shop.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A shop that checks for bleed, trim and scripts, and nothing else."""
    return profile(
        tmp_path,
        'name = "shop"\nothers = "off"\n[checks]\nBOX101 = "on"\nBOX105 = "on"\nIMG105 = "on"\n'
        'BOX102 = {bleed = {warning = "4 mm", error = "2 mm"}}\n',
    )


NO_TRIM = {"trim": None}


class TestPlan:
    def test_safe_allows_only_what_is_safe_and_says_what_more_would_do(
        self, plugins: tuple[Path, ...], shop: Path
    ) -> None:
        source = pdf(trim="A6", bleed="1 mm", boxes=NO_TRIM).image(shear=20).page(trim="A5").bytes()
        report = makeready.check(source, shop)
        assert set(codes(report)) == {"BOX101", "BOX102", "BOX105", "IMG105"}
        plan = makeready.plan(report, shop, plugin_files=plugins)
        assert [step.fix for step in plan.steps] == ["fake_trim"]
        left = {item.code: item for item in plan.left}
        assert left["BOX102"].fix == "fake_widen"
        assert left["BOX102"].count == 2
        assert "--allow review" in left["BOX102"].reason
        assert left["IMG105"].fix == "fake_by_hand"
        assert "by hand" in left["IMG105"].reason
        assert left["BOX105"].fix is None
        assert "no fix" in left["BOX105"].reason

    def test_review_allows_more_and_steps_stand_in_the_order_of_all_fixes(
        self, plugins: tuple[Path, ...], shop: Path
    ) -> None:
        report = makeready.check(pdf(trim="A6", bleed="1 mm", boxes=NO_TRIM).bytes(), shop)
        plan = makeready.plan(report, shop, allow="review", plugin_files=plugins)
        assert [step.fix for step in plan.steps] == ["fake_trim", "fake_widen"]
        assert plan.steps[0].cures == ("BOX101",)
        assert plan.steps[1].safety is Safety.REVIEW
        assert plan.seconds == pytest.approx(2.0)

    def test_what_is_done_by_hand_is_never_planned(self, plugins: tuple[Path, ...], shop: Path) -> None:
        report = makeready.check(pdf(trim="A6", bleed="5 mm").image(shear=20).bytes(), shop)
        assert makeready.plan(report, shop, allow="review", plugin_files=plugins).steps == ()
        for wrong in ("manual", "everything"):
            with pytest.raises(UsageError, match="safe or review"):
                makeready.plan(report, shop, allow=wrong, plugin_files=plugins)

    def test_a_fix_is_planned_to_the_stricter_limit_that_is_checked(
        self, plugins: tuple[Path, ...], shop: Path
    ) -> None:
        report = makeready.check(pdf(trim="A6", bleed="1 mm").bytes(), shop)
        (step,) = makeready.plan(report, shop, allow="review", plugin_files=plugins).steps
        assert step.settings == {"bleed": "4 mm"}

    def test_the_plan_is_data_that_can_be_sent_and_taken(self, plugins: tuple[Path, ...], shop: Path) -> None:
        source = pdf(trim="A6", bleed="1 mm").bytes()
        plan = makeready.plan(makeready.check(source, shop), shop, allow="review", plugin_files=plugins)
        chain = json.loads(json.dumps(plan.as_data()))
        assert chain == [{"fix": "fake_widen", "bleed": "4 mm"}]
        again = makeready.fix(source, chain, profile=shop, plugin_files=plugins)
        whole = makeready.fix(source, plan, profile=shop, plugin_files=plugins)
        assert again.data == whole.data

    def test_infos_are_left_alone(self, plugins: tuple[Path, ...], tmp_path: Path) -> None:
        only = profile(tmp_path, 'others = "off"\n[checks]\nBOX101 = "info"\n')
        report = makeready.check(pdf(boxes=NO_TRIM).bytes(), only)
        assert report.issues
        assert makeready.plan(report, only, plugin_files=plugins).steps == ()

    def test_a_report_of_another_measure_is_not_planned_by_this_one(self, shop: Path) -> None:
        report = makeready.check(pdf().bytes(), settings=["IMG101.resolution.error=17ppi"])
        with pytest.raises(UsageError, match="other settings"):
            makeready.plan(report)


class TestProfile:
    def test_a_profile_says_what_is_allowed_done_always_and_set(
        self, plugins: tuple[Path, ...], tmp_path: Path
    ) -> None:
        shop = profile(
            tmp_path,
            'others = "off"\n[checks]\nBOX102 = {bleed = "3 mm"}\n[fixes]\nallow = "review"\n'
            'steps = ["fake_late", {fix = "fake_trim"}]\n[fixes.settings.fake_widen]\nbleed = "7 mm"\nnote = "x"\n',
        )
        report = makeready.check(pdf(trim="A6", bleed="1 mm").bytes(), shop)
        plan = makeready.plan(report, shop, plugin_files=plugins)
        assert [step.fix for step in plan.steps] == ["fake_trim", "fake_widen", "fake_late"]
        assert plan.steps[1].settings == {"bleed": "7 mm", "note": "x"}
        assert plan.steps[2].reason == "asked for"

    def test_a_profile_that_extends_another_replaces_settings_one_by_one(
        self, plugins: tuple[Path, ...], tmp_path: Path
    ) -> None:
        profile(
            tmp_path,
            'others = "off"\n[checks]\nBOX102 = {bleed = "3 mm"}\n[fixes]\nallow = "review"\nsteps = ["fake_late"]\n'
            '[fixes.settings.fake_widen]\nbleed = "7 mm"\nnote = "base"\n',
            "base.toml",
        )
        child = profile(tmp_path, 'extends = "base.toml"\n[fixes.settings.fake_widen]\nnote = "child"\n', "child.toml")
        report = makeready.check(pdf(trim="A6", bleed="1 mm").bytes(), child)
        plan = makeready.plan(report, child, plugin_files=plugins)
        assert [step.fix for step in plan.steps] == ["fake_widen", "fake_late"]
        assert plan.steps[0].settings == {"bleed": "7 mm", "note": "child"}

    @pytest.mark.parametrize(
        ("table", "said"),
        [
            ('steps = ["fake_wden"]', "fake_widen"),
            ('steps = [{fix = "fake_widen", bled = "3 mm"}]', "bleed"),
            ('steps = [{fix = "fake_widen", bleed = "3 apples"}]', "apples"),
            ('steps = [{bleed = "3 mm"}]', "names no fix"),
        ],
    )
    def test_what_does_not_exist_or_fit_is_told_with_the_nearest(
        self, plugins: tuple[Path, ...], tmp_path: Path, table: str, said: str
    ) -> None:
        shop = profile(tmp_path, f'others = "off"\n[fixes]\n{table}\n')
        with pytest.raises(UsageError) as caught:
            makeready.fix(pdf().bytes(), profile=shop, plugin_files=plugins)
        assert said in f"{caught.value} {caught.value.hint}"


class TestChain:
    def test_a_chain_is_taken_in_the_order_given(self, plugins: tuple[Path, ...]) -> None:
        source = pdf(trim="A6", bleed=None, boxes=NO_TRIM).bytes()
        late = makeready.fix(source, ["fake_trim", "fake_widen", "fake_late"], plugin_files=plugins)
        early = makeready.fix(source, ["fake_late", "fake_trim", "fake_widen"], plugin_files=plugins)
        assert [run.step.fix for run in early.runs] == ["fake_late", "fake_trim", "fake_widen"]
        assert late.path is not None
        assert early.path is not None
        with pikepdf.open(late.path) as one, pikepdf.open(early.path) as other:
            assert str(one.docinfo["/Seen"]) == "trim True, bleed True"
            assert str(other.docinfo["/Seen"]) == "trim False, bleed False"

    def test_objects_held_before_the_facts_are_read_are_those_of_the_file(self, plugins: tuple[Path, ...]) -> None:
        source = pdf(trim="A6", boxes=NO_TRIM).bytes()
        result = makeready.fix(source, ["fake_trim", "fake_early_hand"], plugin_files=plugins)
        facts = result.final.facts
        assert facts is not None
        assert facts.pages[0].boxes.art == (10, 10, 20, 20)

    def test_settings_of_a_chain_reach_the_fix(self, plugins: tuple[Path, ...]) -> None:
        chain = [{"fix": "fake_widen", "bleed": "0.25 in"}]
        result = makeready.fix(pdf(trim="A6", bleed="1 mm").bytes(), chain, plugin_files=plugins)
        assert result.after is not None
        assert result.after.facts is not None
        page = result.after.facts.pages[0]
        assert page.bleed is not None
        assert page.trim is not None
        assert page.trim.x0 - page.bleed.x0 == pytest.approx(Length.parse("0.25 in"))
        assert result.runs[0].step.settings == {"bleed": "6.35 mm"}

    @pytest.mark.parametrize(
        ("chain", "said"),
        [
            (["fake_wden"], "fake_widen"),
            ([{"fix": "fake_widen", "bled": "3 mm"}], "'bleed'"),
            ([{"fix": "fake_trim", "bled": "3 mm"}], "no settings"),
            ([{"fix": "fake_widen", "bleed": "wide"}], "fake_widen.bleed"),
            ([{}], "names no fix"),
        ],
    )
    def test_what_does_not_exist_or_fit_is_told_with_the_nearest(
        self, plugins: tuple[Path, ...], chain: list[Any], said: str
    ) -> None:
        with pytest.raises(UsageError) as caught:
            makeready.fix(pdf().bytes(), chain, plugin_files=plugins)
        assert said in f"{caught.value} {caught.value.hint}"

    def test_a_step_for_another_kind_of_file_is_refused(self, plugins: tuple[Path, ...]) -> None:
        result = makeready.fix(picture(300, 200), ["fake_trim"], plugin_files=plugins)
        assert [run.outcome for run in result.runs] == [StepOutcome.REFUSED]
        assert result.runs[0].reason == "is for pdf files"
        assert result.path is None

    def test_a_fix_may_make_another_kind_of_file(self, plugins: tuple[Path, ...]) -> None:
        chain = ["fake_trim", "fake_to_picture", "fake_late"]
        source = pdf(trim="A6", boxes=NO_TRIM).bytes()
        result = makeready.fix(source, chain, name="a.pdf", plugin_files=plugins)
        assert [run.outcome.value for run in result.runs] == ["changed", "changed", "refused"]
        assert result.path is not None
        assert result.path.suffix == ".png"
        assert result.final.file.path == "a.fixed.png"
        assert result.final.file.kind == "raster"


class TestProof:
    def test_the_checks_run_again_and_the_pages_are_compared(self, plugins: tuple[Path, ...], shop: Path) -> None:
        source = pdf(trim="A6", bleed="1 mm", boxes=NO_TRIM, pages=2).bytes()
        result = makeready.fix(source, profile=shop, allow="review", plugin_files=plugins)
        assert codes(result.before).keys() >= {"BOX101", "BOX102"}
        assert not codes(result.final)
        assert {issue.code for issue in result.fixed} == {"BOX101", "BOX102"}
        assert result.new == ()
        assert [proof.page for proof in result.proof] == [1, 2]

    def test_the_input_is_only_read(self, plugins: tuple[Path, ...], tmp_path: Path) -> None:
        path = pdf(trim="A6", boxes=NO_TRIM).save(tmp_path / "job.pdf")
        before = hashlib.sha256(path.read_bytes()).hexdigest()
        result = makeready.fix(path, ["fake_trim", "fake_widen"], plugin_files=plugins)
        assert result.path is not None
        assert hashlib.sha256(path.read_bytes()).hexdigest() == before
        assert [file.name for file in tmp_path.iterdir()] == ["job.pdf"]

    def test_the_same_run_gives_the_same_bytes(self, plugins: tuple[Path, ...]) -> None:
        source = pdf(trim="A6", boxes=NO_TRIM, pages=3).bytes()
        one, other = (makeready.fix(source, ["fake_trim", "fake_late"], plugin_files=plugins).data for _ in range(2))
        assert one is not None
        assert one == other
        qpdf_clean(one)

    def test_pages_that_were_not_asked_for_stay(self, plugins: tuple[Path, ...]) -> None:
        source = pdf(trim="A6", boxes=NO_TRIM, pages=3).bytes()
        result = makeready.fix(source, ["fake_trim"], pages={2}, plugin_files=plugins)
        assert [change.page for change in result.changes] == [2]
        assert [proof.page for proof in result.proof] == [2]
        assert result.path is not None
        with pikepdf.open(result.path) as out:
            assert [("/TrimBox" in page.obj) for page in out.pages] == [False, True, False]

    def test_progress_is_told_step_by_step(self, plugins: tuple[Path, ...]) -> None:
        heard: list[Progress] = []
        makeready.fix(pdf().bytes(), ["fake_late", "fake_progress"], plugin_files=plugins, progress=heard.append)
        assert [(event.step, event.steps, event.fix, event.share) for event in heard] == [
            (1, 2, "fake_late", 0.0), (1, 2, "fake_late", 1.0),
            (2, 2, "fake_progress", 0.0), (2, 2, "fake_progress", 0.5), (2, 2, "fake_progress", 1.0),
        ]  # fmt: skip

    def test_plugin_files_may_be_any_iterable(self, plugins: tuple[Path, ...], shop: Path) -> None:
        source = pdf(trim="A6", boxes=NO_TRIM).bytes()
        result = makeready.fix(source, profile=shop, plugin_files=iter(plugins))
        assert [run.step.fix for run in result.runs] == ["fake_trim"]


class TestNothingToDo:
    def test_twice_is_once(self, plugins: tuple[Path, ...]) -> None:
        once = makeready.fix(pdf(boxes=NO_TRIM).bytes(), ["fake_trim"], plugin_files=plugins)
        assert once.data is not None
        twice = makeready.fix(once.data, ["fake_trim"], plugin_files=plugins)
        assert [run.outcome for run in twice.runs] == [StepOutcome.UNCHANGED]
        assert (twice.path, twice.after, twice.data) == (None, None, None)
        assert twice.final is twice.before

    def test_there_is_nothing_to_save_then(self, plugins: tuple[Path, ...], tmp_path: Path) -> None:
        result = makeready.fix(pdf().bytes(), ["fake_trim"], plugin_files=plugins)
        with pytest.raises(UsageError, match="Nothing was changed"):
            result.save(tmp_path / "out.pdf")
        assert not list(tmp_path.iterdir())

    def test_a_refusal_is_told_and_the_other_steps_are_taken(self, plugins: tuple[Path, ...]) -> None:
        result = makeready.fix(pdf(boxes=NO_TRIM).bytes(), ["fake_refuse", "fake_trim"], plugin_files=plugins)
        assert [run.outcome.value for run in result.runs] == ["refused", "changed"]
        assert result.runs[0].reason == "the inks are not known: give the file an output intent"
        assert result.path is not None


class TestFailure:
    @pytest.fixture
    def states(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """Where the states of a file are kept meanwhile."""
        folder = tmp_path / "states"
        folder.mkdir()
        monkeypatch.setattr("tempfile.tempdir", str(folder))
        return folder

    def test_a_step_that_raises_is_named_and_nothing_is_written(self, plugins: tuple[Path, ...], states: Path) -> None:
        source = pdf(boxes=NO_TRIM).bytes()
        with pytest.raises(FixFailed, match=r"job\.pdf: the step fake_crash failed: KeyError"):
            makeready.fix(source, ["fake_trim", "fake_crash"], name="job.pdf", plugin_files=plugins)
        gc.collect()
        assert list(states.iterdir()) == []

    def test_a_refusal_in_the_middle_is_a_failure(self, plugins: tuple[Path, ...]) -> None:
        with pytest.raises(FixFailed, match="fake_change_its_mind refused in the middle"):
            makeready.fix(pdf().bytes(), ["fake_change_its_mind"], plugin_files=plugins)

    def test_a_file_that_a_step_made_unreadable_is_a_failure_of_the_program(self, plugins: tuple[Path, ...]) -> None:
        with pytest.raises(FixFailed):
            makeready.fix(pdf().bytes(), ["fake_break", "fake_trim"], plugin_files=plugins)

    def test_the_folder_goes_with_the_result(self, plugins: tuple[Path, ...], states: Path) -> None:
        result = makeready.fix(pdf(boxes=NO_TRIM).bytes(), ["fake_trim", "fake_late"], plugin_files=plugins)
        assert result.path is not None
        assert [file.name for file in result.path.parent.iterdir()] == ["mended.pdf"]
        del result
        gc.collect()
        assert list(states.iterdir()) == []


class TestInputs:
    def test_what_cannot_be_read_gets_a_result_that_says_so(self, plugins: tuple[Path, ...]) -> None:
        for rubbish in (b"rubbish", b"", b"%PDF-1.4\nrubbish", b"\x89PNG\r\n\x1a\nrubbish"):
            result = makeready.fix(rubbish, ["fake_trim"], plugin_files=plugins)
            assert result.final.verdict.value == "unreadable"
            assert result.path is None
            assert not any(run.outcome is StepOutcome.CHANGED for run in result.runs)

    def test_pages_that_are_not_there(self, plugins: tuple[Path, ...]) -> None:
        result = makeready.fix(pdf().bytes(), ["fake_trim"], pages={9}, plugin_files=plugins)
        assert result.final.verdict.value == "unreadable"
        assert result.path is None

    def test_a_lock_against_changes_is_respected(self, plugins: tuple[Path, ...]) -> None:
        locked = pdf(boxes=NO_TRIM).encrypt(changing=False).bytes()
        result = makeready.fix(locked, ["fake_trim"], plugin_files=plugins)
        assert [run.outcome for run in result.runs] == [StepOutcome.REFUSED]
        assert "locked" in str(result.runs[0].reason)
        assert result.path is None

    def test_the_lock_holds_when_the_file_is_broken_as_well(self, plugins: tuple[Path, ...]) -> None:
        locked = pdf(boxes=NO_TRIM).encrypt(changing=False).bytes()
        broken = locked.replace(b"/Type /Pages", b"/Type /Pagez").replace(b"/Kids [", b"/Kidz [")
        result = makeready.fix(broken, ["fake_trim"], plugin_files=plugins)
        assert not any(run.outcome is StepOutcome.CHANGED for run in result.runs)

    def test_encryption_that_allows_changes_is_taken_off(self, plugins: tuple[Path, ...]) -> None:
        open_to_all = pdf(boxes=NO_TRIM).text("Still here").encrypt(changing=True).bytes()
        result = makeready.fix(open_to_all, ["fake_trim"], plugin_files=plugins)
        assert result.path is not None
        with pikepdf.open(result.path) as out:
            assert not out.is_encrypted
        assert "Still here" in text_of(result.path)
        assert_same_look(open_to_all, result.path)

    def test_a_password_is_needed(self, plugins: tuple[Path, ...]) -> None:
        result = makeready.fix(pdf().encrypt(user="secret").bytes(), ["fake_trim"], plugin_files=plugins)
        assert result.path is None
        assert [run.outcome for run in result.runs] == [StepOutcome.REFUSED]
        assert "password" in str(result.runs[0].reason)


class TestSave:
    def test_a_file_is_never_overwritten_unless_asked(self, plugins: tuple[Path, ...], tmp_path: Path) -> None:
        path = pdf(trim="A6", boxes=NO_TRIM).save(tmp_path / "job.pdf")
        before = path.read_bytes()
        result = makeready.fix(path, ["fake_trim"], plugin_files=plugins)
        with pytest.raises(UsageError, match="there already"):
            result.save(path)
        assert path.read_bytes() == before
        assert result.save(path, overwrite=True).read_bytes() == result.data != before
        assert [file.name for file in tmp_path.iterdir()] == ["job.pdf"]

    def test_a_folder_that_is_not_there(self, plugins: tuple[Path, ...], tmp_path: Path) -> None:
        result = makeready.fix(pdf(boxes=NO_TRIM).bytes(), ["fake_trim"], plugin_files=plugins)
        with pytest.raises(UsageError, match="cannot be written"):
            result.save(tmp_path / "nowhere" / "out.pdf")


def test_glyphs_that_draw_with_what_their_page_names_keep_it(plugins: tuple[Path, ...]) -> None:
    """A Type 3 font without resources of its own borrows those of the page, which only its glyphs then name."""
    builder = pdf(trim="A6", boxes=NO_TRIM, background=None)
    objects = builder.objects
    glyph = pikepdf.Stream(objects, b"1000 0 d0 800 0 0 800 0 0 cm /Borrowed Do")
    font = pikepdf.Dictionary(
        Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type3, FontBBox=[0, 0, 1000, 1000], FirstChar=97, LastChar=97,
        FontMatrix=[0.001, 0, 0, 0.001, 0, 0], CharProcs=pikepdf.Dictionary(a=glyph), Widths=[1000],
        Encoding=pikepdf.Dictionary(Differences=[97, pikepdf.Name.a]),
    )  # fmt: skip
    square = pikepdf.Stream(
        objects, bytes(100), Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image, Width=10, Height=10,
        BitsPerComponent=8, ColorSpace=pikepdf.Name.DeviceGray,
    )  # fmt: skip
    named = {"/Font": {"/F0": objects.make_indirect(font)}, "/XObject": {"/Borrowed": objects.make_indirect(square)}}
    source = builder.raw("BT /F0 100 Tf 50 50 Td (a) Tj ET", named).bytes()
    result = makeready.fix(source, ["fake_trim"], plugin_files=plugins)
    assert_same_look(source, result.path, by=("mupdf",))


def test_a_step_is_data() -> None:
    assert Step("add_bleed", {"bleed": "3 mm"}).as_data() == {"fix": "add_bleed", "bleed": "3 mm"}
