"""The registry: one door for built-in checks and plug-ins, and a broken plug-in stops nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from makeready import preflight
from makeready.changes import Change, Refusal
from makeready.errors import UsageError
from makeready.facts import Artwork
from makeready.params import Params, param
from makeready.registry import SUBJECTS, Check, Fix, Registry, check, fix
from makeready.results import Finding, Severity
from makeready.testing import pdf
from makeready.testing.contracts import assert_check_contract, assert_fix_contract, check_faults, fix_faults

PAGE = """A sentence.

## What it looks at
This.

## Why it matters on press
That.

## What to do
The other.
"""

GOOD = f'''
from makeready.facts import Artwork
from makeready.registry import check
from makeready.results import Finding

@check(code="XYZ101", name="always-there", title="It is always there", on=Artwork, message="{{what}} is there")
def always(artwork, params):
    """{PAGE}"""
    yield Finding(details={{"what": "it"}})
'''

BROKEN = {
    "import_error": "import a_module_that_is_not_there",
    "syntax_error": "def (",
    "system_exit": "raise SystemExit(3)",
    "base_exception": "class Panic(BaseException): ...\nraise Panic('of native code')",
    "no_checks": "x = 1",
    "duplicate_code": GOOD.replace("XYZ101", "IMG101").replace("IMG101", "FIL101"),
    "taken_code": GOOD.replace("XYZ101", "IMG101"),
    "bad_code": GOOD.replace("XYZ101", "xyz1"),
    "missing_section": GOOD.replace("## What to do", "## What not to do"),
    "no_docstring": GOOD.replace(PAGE, ""),
    "twice": GOOD + GOOD.replace("always-there", "always-twice").replace("def always", "def twice"),
    "zero_bytes": "x = '\\0'\n\0",
}


def declare(code: str = "XYZ101", page: str = PAGE, **changes: object) -> Check:
    def run(artwork, params):
        yield Finding()

    run.__doc__ = page
    said = {"name": "a-fault", "title": "A fault", "on": Artwork, "message": "a fault"} | changes
    return check(code=code, **said)(run)  # type: ignore[arg-type]


def registry() -> Registry[Check]:
    return Registry(Check, group="makeready.checks", noun="check")


@pytest.fixture
def distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Install a distribution, for this test only: module text by name, entry points by group."""

    def install(name: str, modules: dict[str, str], points: dict[str, list[str]]) -> Path:
        for module, text in modules.items():
            file = tmp_path / f"{module.replace('.', '/')}.py"
            file.parent.mkdir(exist_ok=True, parents=True)
            file.write_text(text)
        info = tmp_path / f"{name.replace('-', '_')}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        lines = [line for group, entries in points.items() for line in (f"[{group}]", *entries)]
        (info / "entry_points.txt").write_text("\n".join(lines))
        monkeypatch.syspath_prepend(tmp_path)
        return tmp_path

    return install


def run(*arguments: object, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(path or ""), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "makeready", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)


def test_items_are_sorted_and_found_in_any_case() -> None:
    found = registry()
    found.add([declare("XYZ102", name="second"), declare("XYZ101")])
    assert [item.code for item in found] == ["XYZ101", "XYZ102"]
    assert found["xyz101"] is found["XYZ101"]
    assert "XYZ102" in found
    assert len(found) == 2


def test_adding_is_all_or_nothing() -> None:
    found = registry()
    with pytest.raises(ValueError, match="XYZ1: the code"):
        found.add([declare("XYZ101"), declare("XYZ1")])
    assert len(found) == 0


def test_a_code_is_declared_once() -> None:
    found = registry()
    found.add([declare("XYZ101")])
    with pytest.raises(ValueError, match="XYZ101 is already declared by built-in"):
        found.add([declare("XYZ102"), declare("XYZ101", name="another")])
    assert "XYZ102" not in found
    with pytest.raises(ValueError, match="already declared"):
        found.add([declare("XYZ103"), declare("XYZ103")])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (declare("XY101"), "three capital letters and three digits"),
        (declare("xyz101"), "three capital letters"),
        (declare("XYZ101", name="Bad_Name"), "lower-case words with hyphens"),
        (declare("XYZ101", page="A sentence."), "What to do"),
        (declare("XYZ101", page=""), "What it looks at"),
    ],
)
def test_a_faulty_declaration_is_refused_and_says_why(wrong: Check, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        registry().add([wrong])


def test_a_setting_without_help_is_refused() -> None:
    class Mute(Params):
        size: int = 3

    with pytest.raises(ValueError, match="the setting size has no help"):
        registry().add([declare(params=Mute)])


@pytest.mark.parametrize("prefix", SUBJECTS)
def test_the_prefixes_of_built_in_checks_are_theirs(prefix: str) -> None:
    module = SimpleNamespace(it=declare(f"{prefix}999"))
    with pytest.raises(ValueError, match="belongs to the built-in checks"):
        registry().add_module(module, "a-stranger")


def test_a_check_of_a_plug_in_bears_its_name() -> None:
    found = registry()
    found.add_module(SimpleNamespace(it=declare(), again=declare("XYZ102")), "a-stranger")
    assert {item.source for item in found} == {"a-stranger"}
    assert found["XYZ101"].subject == "a-stranger"


def test_one_check_that_a_module_names_twice_is_one_check() -> None:
    found, one = registry(), declare()
    found.add_module(SimpleNamespace(it=one, alias=one))
    assert len(found) == 1


def test_an_unknown_key_names_the_nearest_or_all() -> None:
    found = registry()
    found.add([declare("XYZ101")])
    with pytest.raises(UsageError) as caught:
        found["XYZ110"]
    assert "XYZ101" in caught.value.hint
    with pytest.raises(UsageError) as caught:
        found["nothing like it"]
    assert caught.value.hint == "There are: XYZ101."
    with pytest.raises(UsageError) as caught:
        preflight.catalogue()["nothing like it"]
    assert "makeready explain" in caught.value.hint


def test_a_check_is_called_like_a_function() -> None:
    assert declare()(None, Params()) == [Finding()]


def test_a_plug_in_is_loaded_through_its_entry_point(distribution) -> None:
    distribution("plugin-good", {"good_plugin_a": GOOD}, {"makeready.checks": ["good = good_plugin_a"]})
    found = registry()
    found.load_plugins()
    assert found["XYZ101"].source == "plugin-good"
    assert "plugin-good" not in found.failed


def test_an_entry_point_may_name_one_check(distribution) -> None:
    distribution("plugin-one", {"good_plugin_b": GOOD}, {"makeready.checks": ["one = good_plugin_b:always"]})
    found = registry()
    found.load_plugins()
    assert "XYZ101" in found


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_plug_in_is_listed_and_stops_nothing(kind: str, distribution) -> None:
    module = f"broken_{kind}"
    distribution(f"plugin-{kind}", {module: BROKEN[kind]}, {"makeready.checks": [f"x = {module}"]})
    found = registry()
    found.load_plugins()
    assert found.failed[f"plugin-{kind}"]
    assert "XYZ101" not in found


def test_an_entry_point_to_nowhere_is_listed(distribution) -> None:
    distribution("plugin-nowhere", {"hollow": "x = 1"}, {"makeready.checks": ["a = hollow:nothing", "b = hollow"]})
    found = registry()
    found.load_plugins()
    assert "AttributeError" in found.failed["plugin-nowhere"]
    assert "it declares no check" in found.failed["plugin-nowhere"]  # both of its faults are kept


def test_ctrl_c_while_a_plug_in_loads_is_no_fault_of_the_plug_in(distribution) -> None:
    distribution("plugin-slow", {"slow_plugin": "raise KeyboardInterrupt"}, {"makeready.checks": ["x = slow_plugin"]})
    with pytest.raises(KeyboardInterrupt):
        registry().load_plugins()


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_plug_in_file_is_listed_and_leaves_nothing_behind(kind: str, tmp_path: Path) -> None:
    file = tmp_path / f"{kind}.py"
    file.write_text(BROKEN[kind])
    found, before = registry(), set(sys.modules)
    found.load_file(file)
    assert found.failed[f"{kind}.py"]
    assert len(found) == 0
    if kind in ("import_error", "syntax_error", "system_exit", "base_exception"):
        assert not {name for name in set(sys.modules) - before if name.startswith("makeready_plugin_")}


def test_a_plug_in_file_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such plug-in file"):
        registry().load_file(tmp_path / "nope.py")


def test_the_run_goes_on_with_broken_plug_ins_and_names_them_everywhere(distribution, tmp_path: Path) -> None:
    folder = distribution(
        "plugin-ruin",
        {"ruin_plugin": BROKEN["import_error"], "fine_plugin": GOOD},
        {"makeready.checks": ["a = ruin_plugin", "b = fine_plugin"]},
    )
    artwork = pdf().save(tmp_path / "a.pdf")
    done = run("check", artwork, "--format", "json", path=folder)
    report = json.loads(done.stdout)
    assert done.returncode == 1, "the good check of the same plug-in ran, and found an error"
    assert "XYZ101" in {issue["code"] for issue in report["issues"]}
    assert "a_module_that_is_not_there" in report["failed_plugins"]["plugin-ruin"]
    assert "plug-in plugin-ruin did not load: ModuleNotFoundError" in done.stderr

    doctor = run("doctor", path=folder)
    assert doctor.returncode == 0
    assert "plug-in plugin-ruin" in doctor.stdout
    assert "a_module_that_is_not_there" in doctor.stdout

    page = tmp_path / "report.html"
    run("check", artwork, "-o", page, path=folder)
    assert "plugin-ruin" in page.read_text()
    assert "plugin-ruin" not in run("check", artwork, "-q", path=folder).stderr


def test_the_heading_on_a_terminal_names_a_broken_plug_in() -> None:
    import io

    import makeready
    from makeready.report import text

    console_module = pytest.importorskip("rich.console")
    out = io.StringIO()
    report = makeready.check(pdf().bytes()).replace(failed_plugins={"plugin-ruin": "ImportError: no"})
    text.show(report, console_module.Console(file=out, width=200))
    assert "plug-in plugin-ruin did not load: ImportError: no" in out.getvalue()


def test_the_built_in_catalogue_has_no_failures_of_its_own() -> None:
    built_in = [item for item in preflight.catalogue() if item.source == "built-in"]
    assert len(built_in) >= 30
    assert len({item.name for item in built_in}) == len(built_in)
    assert {item.code[:3] for item in built_in} <= set(SUBJECTS)


@pytest.mark.parametrize("item", preflight.catalogue(), ids=lambda item: item.code)
def test_every_check_keeps_the_contract(item: Check) -> None:
    assert_check_contract(item)


class Many(Params):
    """Settings for the contract's tests."""

    count: int = param(3, "How many.")


def _raising(artwork, params):
    raise ZeroDivisionError("of its own")


def _lambda(artwork, params):
    yield Finding(details={"what": lambda: None})


def _object(artwork, params):
    yield Finding(details={"what": {1, 2}, "rest": object})


def _nameless(artwork, params):
    yield Finding(details={"else": 1})


def _none(artwork, params):
    yield Finding(details={"what": str(None)})


def _taken(artwork, params):
    yield Finding(details={"what": "x", "measured": "y"})


def _far(artwork, params):
    yield Finding(details={"what": "x"}, page=99)


def _moody(artwork, params, told=[0]):  # noqa: B006 - a check with a memory is what is tested
    told[0] += 1
    yield Finding(details={"what": str(told[0])})


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (_raising, "it fails: ZeroDivisionError"),
        (_lambda, "cannot be sent to another process"),
        (_object, "JSON has no word for"),
        (_nameless, "it fails: KeyError"),
        (_none, "does not read well"),
        (_taken, "it fails: TypeError"),
        (_far, "names page 99"),
    ],
)
def test_the_contract_sees_what_a_check_does_wrong(function, said: str) -> None:
    function.__doc__ = PAGE
    wrong = check(code="XYZ101", name="a-fault", title="A fault", on=Artwork, message="{what}")(function)
    with pytest.raises(AssertionError) as caught:
        assert_check_contract(wrong)
    assert said in str(caught.value)


def test_the_contract_sees_a_check_with_a_memory() -> None:
    def moody(artwork, params):
        yield Finding(details={"what": str(next(told))})

    told = iter(range(1000))
    moody.__doc__ = PAGE
    wrong = check(code="XYZ101", name="a-fault", title="A fault", on=Artwork, message="{what}")(moody)
    assert any("second time" in fault for fault in check_faults(wrong))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"title": "A fault."}, "title"),
        ({"on": str}, "str is not a class of facts"),
        ({"kinds": ("svg",)}, "kinds"),
        ({"kinds": ()}, "kinds"),
        ({"needs": ("magic",)}, "needs"),
        ({"message": "{}"}, "use a plain word"),
        ({"message": "{a.b}"}, "use a plain word"),
        ({"message": "{"}, "not a format"),
        ({"message": "A fault."}, "without a full stop"),
        ({"severity": Severity.OFF}, "enabled=False"),
        ({"code": "IMG999"}, "belongs to the built-in checks"),
        ({"page": PAGE.replace("A sentence.", "no sentence")}, "does not begin with a sentence"),
        ({"page": PAGE.replace("The other.", "")}, "'What to do' is empty"),
        ({"page": PAGE.replace("What to do", "T").replace("at\n", "at\n\n## What to do\nx\n\n")}, None),
    ],
)
def test_the_contract_sees_what_is_declared_wrongly(changes: dict[str, object], said: str | None) -> None:
    faults = list(check_faults(declare(**changes)))  # type: ignore[arg-type]
    assert any((said or "not in the order") in fault for fault in faults), faults


def test_the_contract_wants_the_fault_found_where_the_author_says_it_is() -> None:
    def blind(artwork, params):
        yield from ()

    blind.__doc__ = PAGE
    wrong = check(code="XYZ101", name="a-fault", title="A fault", on=Artwork, message="a fault")(blind)
    assert list(check_faults(wrong)) == []
    assert any("finds nothing" in fault for fault in check_faults(wrong, [pdf().bytes()]))


# Fixes

FIX_PAGE = """A sentence.

## What changes
This.

## What stays exactly as it was
That.

## When not to use it
Never.
"""

GOOD_FIX = f'''
from makeready.changes import Change
from makeready.registry import fix

@fix(id="house_fix", title="Do it", stage="ink", safety="safe", kinds=("pdf",))
def house_fix(job, params):
    """{FIX_PAGE}"""
    yield from ()
'''


def declare_fix(
    id: str = "house_fix", page: str = FIX_PAGE, run: Callable[..., object] | None = None, **said: object
) -> Fix:
    def nothing(job, params):
        yield from ()

    function = run or nothing
    function.__doc__ = page
    words = {"title": "Do it", "stage": "ink", "safety": "safe", "kinds": ("pdf",)} | said
    return fix(id=id, **words)(function)  # type: ignore[arg-type]


def fixes_registry() -> Registry[Fix]:
    return Registry(Fix, group="makeready.fixes", noun="fix")


def test_a_fix_is_found_by_its_id_in_any_case() -> None:
    found = fixes_registry()
    found.add([declare_fix()])
    assert found["HOUSE_FIX"].id == "house_fix"
    with pytest.raises(UsageError, match="There is no fix 'hous_fix'") as caught:
        found["hous_fix"]
    assert "house_fix" in caught.value.hint


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (declare_fix("House-Fix"), "lower-case words with underscores"),
        (declare_fix(page="A sentence."), "What changes"),
        (declare_fix(page=FIX_PAGE.replace("## When not", "## When")), "When not to use it"),
    ],
)
def test_a_faulty_fix_is_refused_and_says_why(wrong: Fix, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        fixes_registry().add([wrong])


def test_a_module_may_hold_checks_and_fixes_and_each_registry_takes_its_own() -> None:
    both = SimpleNamespace(one=declare(), other=declare_fix())
    checks, mending = registry(), fixes_registry()
    checks.add_module(both, "a-stranger")
    mending.add_module(both, "a-stranger")
    assert [item.code for item in checks] == ["XYZ101"]
    assert [(item.id, item.source) for item in mending] == [("house_fix", "a-stranger")]


@pytest.mark.parametrize("held", [{"one": declare()}, {"one": declare_fix()}])
def test_a_module_that_holds_only_the_other_kind_is_no_fault(held: dict[str, object]) -> None:
    checks, mending = registry(), fixes_registry()
    checks.add_module(SimpleNamespace(**held), "a-stranger")
    mending.add_module(SimpleNamespace(**held), "a-stranger")
    assert len(checks) + len(mending) == 1


def test_a_module_that_holds_neither_is_a_fault() -> None:
    for found, noun in ((registry(), "check"), (fixes_registry(), "fix")):
        with pytest.raises(ValueError, match=f"it declares no {noun}"):
            found.add_module(SimpleNamespace(x=1), "a-stranger")


def test_a_plug_in_file_is_run_once_for_its_checks_and_fixes(tmp_path: Path) -> None:
    file, runs = tmp_path / "both.py", tmp_path / "runs"
    runs.write_text("")
    count = f"from pathlib import Path\nruns = Path({str(runs)!r})\nruns.write_text(runs.read_text() + 'x')\n"
    file.write_text(f"{count}{GOOD}\n{GOOD_FIX}")
    checks, mending = registry(), fixes_registry()
    checks.load_file(file)
    mending.load_file(file)
    assert "XYZ101" in checks
    assert "house_fix" in mending
    assert runs.read_text() == "x"


def test_two_plug_in_files_whose_names_are_alike_are_two(tmp_path: Path) -> None:
    (tmp_path / "a-b.py").write_text(GOOD)
    (tmp_path / "a_b.py").write_text(GOOD.replace("XYZ101", "XYZ102").replace("always-there", "also-there"))
    found = registry()
    found.load_file(tmp_path / "a-b.py")
    found.load_file(tmp_path / "a_b.py")
    assert [item.code for item in found] == ["XYZ101", "XYZ102"]


def test_a_fix_of_a_distribution_is_loaded_and_named_by_the_doctor(distribution) -> None:
    folder = distribution("plugin-mends", {"mending_plugin": GOOD_FIX}, {"makeready.fixes": ["x = mending_plugin"]})
    said = run("doctor", path=folder)
    assert "plug-in plugin-mends" in said.stdout
    assert "fix house_fix" in said.stdout
    assert run("explain", "house_fix", path=folder).stdout.startswith("# house_fix: Do it")


def test_a_broken_fix_of_a_distribution_is_listed_and_stops_nothing(distribution) -> None:
    folder = distribution("plugin-ruins", {"ruining": "import nothing_like_it"}, {"makeready.fixes": ["x = ruining"]})
    said = run("doctor", path=folder)
    assert said.returncode == 0
    assert "nothing_like_it" in said.stdout


def test_what_a_distribution_cures_is_named_in_the_report(distribution, tmp_path: Path) -> None:
    text = GOOD_FIX.replace('kinds=("pdf",)', 'kinds=("pdf",), cures=("BOX105",)')
    folder = distribution("plugin-cures", {"curing_plugin": text}, {"makeready.fixes": ["x = curing_plugin"]})
    artwork = pdf("A6", pages=1).page(trim="A5").save(tmp_path / "a.pdf")
    assert "(fix: house_fix)" in run("check", artwork, "--only", "BOX105", path=folder).stdout


def _crashing(job, params):
    yield Change("x")
    raise KeyError("no such thing")


def _endless(job, params):
    job.pdf.pdf.docinfo["/Seen"] = str(job.pdf.pdf.docinfo.get("/Seen", "")) + "x"
    yield Change("once more")


def _hesitant(job, params):
    yield Change("half of it")
    raise Refusal("the other half cannot be done")


def _speechless(job, params):
    raise Refusal("")
    yield


def _mumbling(job, params):
    job.pdf.pdf.docinfo["/Seen"] = "x"
    yield Change("")


class Untied(Params):
    """Settings that are tied to what is not there."""

    width: int = param(3, "How wide.", like="BOX102.nothing")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (declare_fix(title="Do it."), "full stop"),
        (declare_fix(kinds=("svg",)), "kinds"),
        (declare_fix(needs=("magic",)), "needs"),
        (declare_fix(cures=("XYZ999",)), "it cures XYZ999, which is no check"),
        (declare_fix(params=Untied), "which is no setting of a check"),
        (declare_fix(page=FIX_PAGE.replace("A sentence.", "no sentence")), "does not begin with a sentence"),
        (declare_fix(page=FIX_PAGE.replace("Never.", "")), "'When not to use it' is empty"),
        (declare_fix(run=_crashing), "it fails: KeyError"),
        (declare_fix(run=_endless), "again the second time"),
        (declare_fix(run=_hesitant), "it refuses in the middle of its work"),
        (declare_fix(run=_speechless), "it refuses without a reason"),
        (declare_fix(run=_mumbling), "does not read well"),
    ],
)
def test_the_contract_sees_what_a_fix_does_wrong(wrong: Fix, said: str) -> None:
    faults = list(fix_faults(wrong))
    assert any(said in fault for fault in faults), faults


def test_the_contract_lets_a_fix_pass_that_does_nothing() -> None:
    assert_fix_contract(declare_fix())


def test_the_contract_wants_mended_what_the_author_says_it_mends() -> None:
    def idle(job, params):
        yield from ()

    lazy = declare_fix(run=idle, cures=("BOX101",))
    untrimmed = pdf("A6", bleed=None, boxes={"trim": None}).bytes()
    assert any("it changes nothing" in fault for fault in fix_faults(lazy, [untrimmed]))
    assert any("nothing that it cures" in fault for fault in fix_faults(lazy, [pdf("A6").bytes()]))

    def noted(job, params):
        if "/Seen" not in job.pdf.pdf.docinfo:
            job.pdf.pdf.docinfo["/Seen"] = "x"
            yield Change("noted")

    assert any(
        "BOX101 is still there" in fault for fault in fix_faults(declare_fix(run=noted, cures=("BOX101",)), [untrimmed])
    )
    assert list(fix_faults(declare_fix(run=noted), [untrimmed])) == []
