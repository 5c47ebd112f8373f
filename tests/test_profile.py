"""Profiles: read, extended, overridden, changed from the command line, and bound to the checks."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest

import makeready
from makeready import preflight, profile
from makeready.engine import measure
from makeready.errors import UsageError
from makeready.profile import Profile
from makeready.results import Severity
from makeready.testing import pdf
from makeready.units import Length, Resolution


def load(**texts: str) -> Profile:
    """The last of some profiles given by name and TOML text."""
    return profile.load(list(texts)[-1], texts.get)


def rule(held, code: str):
    return next(rule for rule in held.rules if rule.check.code == code)


def params(given: Profile | str, code: str, *settings: str):
    return rule(measure(given, settings=settings), code).params


def low_picture() -> bytes:
    return pdf().image(ppi=100).bytes()


# Reading


@pytest.mark.parametrize("name", [n for n in preflight.profile_names() if n != "house-brochure"])
def test_every_built_in_profile_loads_and_binds(name: str) -> None:
    held = measure(name)
    assert held.profile.name == name
    assert held.profile.title
    assert held.profile.description
    assert any(rule.skipped is None for rule in held.rules)


def test_a_profile_is_called_by_its_own_name_or_by_the_files(tmp_path: Path) -> None:
    file = tmp_path / "house.toml"
    file.write_text('title = "Ours"')
    assert preflight.load_profile(file).name == "house"
    file.write_text('name = "ours"\ntitle = "Ours"')
    assert preflight.load_profile(str(file)).name == "ours"


def test_an_empty_profile_leaves_everything_to_the_declarations() -> None:
    held = measure(load(a=""))
    for one in held.rules:
        assert one.severity == one.check.severity
        assert (one.skipped is None) is one.check.enabled


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("checks = [", "is not valid TOML"),
        ('colour = "red"', "colour: Extra inputs"),
        ('[checks]\nIMG101 = "loud"', "'loud' is not a severity: write on, off, info, warning or error"),
        ("[checks]\nIMG101 = 3", "checks.IMG101"),
        ('[checks]\nIMG101 = { severity = "fatal" }', "IMG101.severity = 'fatal'"),
        ('[product]\nmin_ppi = 0\ntype = "x"', "product.min_ppi"),
        ('[[override]]\ncheck = "IMG101"\nseverity = "off"', "override.0.reason"),
        ('[[override]]\ncheck = "IMG101"\nseverity = "off"\nreason = ""', "override.0.reason"),
        ('[[override]]\ncheck = "IMG101"\nseverity = "loud"\nreason = "because"', "override.0.severity"),
    ],
)
def test_what_is_wrong_in_a_profile_is_named_with_its_place(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(mine=text)
    assert said in str(caught.value)
    assert "mine" in str(caught.value)


def test_a_profile_that_is_not_text_is_a_usage_error(tmp_path: Path) -> None:
    file = tmp_path / "binary.toml"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="cannot be read"):
        preflight.load_profile(file)


@pytest.mark.parametrize(
    ("name", "hint"), [("postr", "'poster'"), ("sheetfed_coated", "'sheetfed-coated'"), ("xylophone", "profiles list")]
)
def test_an_unknown_profile_names_the_nearest(name: str, hint: str) -> None:
    with pytest.raises(UsageError, match="There is no profile") as caught:
        measure(name)
    assert hint in caught.value.hint


def test_a_folder_is_no_profile(tmp_path: Path) -> None:
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(UsageError, match="There is no profile"):
        measure(tmp_path / "folder.toml")


# Extending


def test_an_extended_profile_is_merged_setting_by_setting() -> None:
    base = '[checks]\nIMG101 = { resolution = "180 ppi", ignore_below = "7 mm" }\nFNT103 = "error"\nTXT101 = "off"'
    mine = 'extends = "base"\n[checks]\nIMG101 = { ignore_below = "9 mm" }\nTXT101 = "on"'
    held = measure(load(base=base, mine=mine))
    image = rule(held, "IMG101").params
    assert image.resolution.error == Resolution(180)
    assert image.ignore_below == Length.parse("9 mm")
    assert rule(held, "FNT103").severity == "error"
    assert rule(held, "TXT101").skipped is None


def test_giving_a_limit_again_replaces_the_whole_limit() -> None:
    base = '[checks]\nIMG101 = { resolution = { warning = "250 ppi", error = "180 ppi" } }'
    mine = 'extends = "base"\n[checks]\nIMG101 = { resolution = { warning = "200 ppi" } }'
    limit = params(load(base=base, mine=mine), "IMG101").resolution
    assert (limit.warning, limit.error) == (Resolution(200), None)


def test_the_chain_of_extended_profiles_is_kept() -> None:
    mine = load(a="", b='extends = "a"', c='extends = "b"')
    assert mine.extends == ("b", "a")


def test_the_product_is_inherited_part_by_part() -> None:
    base = '[product]\ntype = "poster"\nmin_ppi = 150'
    mine = load(base=base, mine='extends = "base"\n[product]\nmin_ppi = 120')
    assert (mine.product.type, mine.product.min_ppi) == ("poster", 120)


def test_a_profile_that_extends_itself_is_refused_with_the_way_round() -> None:
    with pytest.raises(UsageError, match=r"'a' extends itself: a → b → a"):
        load(b='extends = "a"', a='extends = "b"')
    with pytest.raises(UsageError, match=r"extends itself: a → a"):
        load(a='extends = "a"')


def test_a_file_extends_the_file_beside_it_wherever_it_is_called_from(tmp_path: Path, monkeypatch) -> None:
    house, elsewhere = tmp_path / "house", tmp_path / "elsewhere"
    house.mkdir()
    elsewhere.mkdir()
    (house / "a.toml").write_text('extends = "b.toml"')
    (house / "b.toml").write_text('extends = "c.toml"')
    (house / "c.toml").write_text('extends = "default"\n[checks]\nFNT103 = "error"')
    (elsewhere / "b.toml").write_text('[checks]\nFNT103 = "off"')
    monkeypatch.chdir(elsewhere)
    loaded = preflight.load_profile(house / "a.toml")
    assert loaded.extends == ("b", "c", "default")
    assert loaded.checks["FNT103"].severity is Severity.ERROR
    monkeypatch.chdir(tmp_path)
    assert preflight.load_profile("house/a.toml") == loaded


def test_files_that_extend_each_other_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('extends = "b.toml"')
    (tmp_path / "b.toml").write_text('extends = "./a.toml"')
    with pytest.raises(UsageError, match="extends itself"):
        preflight.load_profile(tmp_path / "a.toml")


def test_a_missing_base_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('extends = "gone.toml"')
    with pytest.raises(UsageError, match=r"gone\.toml"):
        preflight.load_profile(tmp_path / "a.toml")


# What a profile says of a check


@pytest.mark.parametrize(
    ("entry", "outcome", "severity"),
    [
        ('"off"', "skipped", None),
        ('"on"', "found", "error"),
        ('"info"', "found", "info"),
        ('"warning"', "found", "warning"),
        ('{ severity = "info" }', "found", "info"),
        ('{ severity = "off" }', "skipped", None),
        ('{ severity = "warning", resolution = "90 ppi" }', "passed", None),
        ('{ resolution = { warning = "150 ppi" } }', "found", "warning"),
    ],
)
def test_a_severity_is_a_ceiling_and_off_is_off(entry: str, outcome: str, severity: str | None) -> None:
    """The check would call 100 ppi an error; the profile's word caps it."""
    report = makeready.check(low_picture(), profile=load(mine=f"[checks]\nIMG101 = {entry}"), only=())
    assert next(run.outcome for run in report.runs if run.code == "IMG101") == outcome
    assert [issue.severity for issue in report.issues if issue.code == "IMG101"] == ([severity] if severity else [])


def test_a_ceiling_does_not_raise_what_is_graded_lower() -> None:
    page = pdf().image(ppi=200).bytes()  # a warning by its limit
    report = makeready.check(page, profile=load(mine='[checks]\nIMG101 = "error"'), only=["IMG101"])
    assert [issue.severity for issue in report.issues] == ["warning"]


def test_a_check_that_is_off_by_default_can_be_switched_on() -> None:
    assert rule(measure("default"), "FIL104").skipped == "runs only where a profile asks for it"
    assert rule(measure(load(mine='[checks]\nFIL104 = "on"')), "FIL104").skipped is None
    assert rule(measure(load(mine="[checks]\nFIL104 = { pages = 4 }")), "FIL104").skipped is None


def test_an_override_needs_a_reason_and_the_report_prints_it() -> None:
    reason = "our RIP carries the base fonts"
    text = f'[[override]]\ncheck = "FNT101"\nseverity = "warning"\nreason = "{reason}"'
    page = pdf().text("x", font="Helvetica").bytes()
    (issue,) = [i for i in makeready.check(page, profile=load(mine=text)).issues if i.code == "FNT101"]
    assert issue.severity == "warning"
    assert issue.details["reason"] == reason
    off = load(mine=text.replace('"warning"', '"off"'))
    (run,) = [r for r in makeready.check(page, profile=off).runs if r.code == "FNT101"]
    assert run.outcome == "skipped"
    assert reason in (run.reason or "")


def test_an_override_wins_over_what_the_same_profile_says_and_keeps_its_settings() -> None:
    text = (
        '[checks]\nIMG101 = { severity = "error", ignore_below = "9 mm" }\n'
        '[[override]]\ncheck = "IMG101"\nseverity = "info"\nreason = "customers know"'
    )
    one = rule(measure(load(mine=text)), "IMG101")
    assert (one.severity, one.reason) == ("info", "customers know")
    assert one.params.ignore_below == Length.parse("9 mm")


# Unknown codes and settings


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ('[checks]\nIMG110 = "off"', "'IMG110', which is no check", "IMG10"),
        ('[checks]\nimg101 = "off"', "'img101', which is no check", "'IMG101'"),
        ('[[override]]\ncheck = "IMG1"\nseverity = "off"\nreason = "because"', "'IMG1', which is no check", "IMG10"),
        ('[checks]\nIMG101 = { resolutoin = "3 ppi" }', "IMG101.resolutoin is no setting", "'resolution'"),
        (
            '[checks]\nIMG101 = { resolution = { eror = "3 ppi" } }',
            "IMG101.resolution.eror is no setting",
            "",
        ),
        ('[checks]\nIMG101 = { resolution = "200 mm" }', "IMG101.resolution.error: '200 mm' has an unknown unit", ""),
        ("[checks]\nIMG101 = { resolution = 200 }", "200 needs a unit: write '200 ppi'", ""),
        ('[checks]\nFNT101 = { x = "1" }', "FNT101.x is no setting", "FNT101 has no settings"),
    ],
)
def test_an_unknown_code_or_setting_is_an_error_that_names_the_nearest(text: str, said: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        measure(load(mine=text))
    assert said in str(caught.value)
    assert "mine" in str(caught.value)
    assert hint in caught.value.hint


# --set


def test_a_part_of_a_setting_is_laid_over_its_default() -> None:
    limit = params("default", "IMG101", "IMG101.resolution.error=200ppi").resolution
    assert (limit.warning, limit.error) == (Resolution(225), Resolution(200))


def test_a_part_of_a_setting_is_laid_over_what_the_profile_says() -> None:
    """Raising a warning must not bring an error back that the profile does not have."""
    limit = params("poster", "BOX102", "BOX102.bleed.warning=5mm").bleed
    assert (limit.warning, limit.error) == (Length.parse("5 mm"), None)


def test_a_part_of_a_setting_is_laid_over_a_single_limit_of_the_profile() -> None:
    mine = load(mine='[checks]\nIMG101 = { resolution = "180 ppi" }')
    limit = params(mine, "IMG101", "IMG101.resolution.warning=220ppi").resolution
    assert (limit.warning, limit.error) == (Resolution(220), Resolution(180))


def test_parts_given_one_by_one_come_together() -> None:
    limit = params("default", "IMG101", "IMG101.resolution.error=90ppi", "IMG101.resolution.warning=120ppi").resolution
    assert (limit.warning, limit.error) == (Resolution(120), Resolution(90))


def test_the_last_word_counts() -> None:
    assert params("default", "IMG101", "IMG101.ignore_below=3mm", "IMG101.ignore_below=4mm").ignore_below == (
        Length.parse("4 mm")
    )


@pytest.mark.parametrize(
    "assignment", ["IMG101.ignore_below=3mm", "img101.ignore_below = 3mm", "IMG101.ignore-below=3 mm"]
)
def test_settings_are_written_in_any_of_the_usual_ways(assignment: str) -> None:
    assert params("default", "IMG101", assignment).ignore_below == Length.parse("3 mm")


def test_a_whole_setting_replaces_the_limit() -> None:
    limit = params("default", "IMG101", "IMG101.resolution=200ppi").resolution
    assert (limit.warning, limit.error) == (None, Resolution(200))


def test_booleans_and_numbers_are_read_from_text() -> None:
    assert params("default", "IMG105", "IMG105.mirrored=false").mirrored is False
    assert params("default", "FIL104", "FIL104.multiple_of=4").multiple_of == 4
    assert params("default", "FIL104", "FIL104.pages.least=4").pages.missed_by(makeready.units.Count(3)) is not None


@pytest.mark.parametrize("word", ["off", "on", "info", "warning", "error"])
def test_a_check_is_switched_from_the_command_line(word: str) -> None:
    one = rule(measure("default", settings=[f"IMG101={word}"]), "IMG101")
    assert (one.skipped is None) is (word != "off")
    if word in ("info", "warning", "error"):
        assert one.severity == word


@pytest.mark.parametrize(
    ("assignment", "said"),
    [
        ("IMG101", "'IMG101' is not a setting"),
        ("=3", "is not a setting"),
        ("IMG101.=3", "is not a setting"),
        ("IMG101..error=3", "is not a setting"),
        ("IMG101=loud", "'loud' is not a severity"),
        ("IMG101.severity=loud", "'loud' is not off, info"),
        ("IMG199.resolution=3ppi", "IMG199"),
        ("IMG101.resolution.error=200mm", "'200mm' has an unknown unit"),
        ("IMG101.resolution.error.deep=2ppi", "IMG101.resolution.error"),
        ("FIL104.pages=1.5", "'1.5' is not a count"),
        ("FIL104.multiple_of=0", "FIL104.multiple_of"),
    ],
)
def test_a_setting_that_does_not_fit_is_a_usage_error(assignment: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        measure("default", settings=[assignment])
    assert said in str(caught.value)


# The fingerprint


def test_the_fingerprint_is_of_the_settings_and_of_nothing_else() -> None:
    one = load(a='title = "One"\n[checks]\nIMG101 = { resolution = "200 ppi" }')
    other = load(b='title = "Other"\ndescription = "Words."\n[checks]\nIMG101 = { resolution = "200 ppi" }')
    assert one.sha256 == other.sha256
    assert len(one.sha256) == 64


@pytest.mark.parametrize(
    "text",
    [
        '[checks]\nIMG101 = { resolution = "201 ppi" }',
        '[checks]\nIMG101 = { resolution = { warning = "200 ppi" } }',
        '[checks]\nIMG101 = "off"',
        '[checks]\nIMG101 = { resolution = "200 ppi", severity = "info" }',
        '[checks]\nIMG101 = { resolution = "200 ppi" }\nFNT101 = "info"',
        '[checks]\nIMG101 = { resolution = "200 ppi" }\n[product]\nmin_ppi = 100',
        "",
    ],
)
def test_the_fingerprint_changes_with_every_setting(text: str) -> None:
    assert load(a=text).sha256 != load(a='[checks]\nIMG101 = { resolution = "200 ppi" }').sha256


def test_what_is_set_on_the_command_line_changes_the_fingerprint() -> None:
    plain, changed = load(a=""), load(a="").with_settings(["IMG101.resolution.error=200ppi"])
    whole = load(a='[checks]\nIMG101 = { resolution = { error = "200 ppi" } }')
    assert len({plain.sha256, changed.sha256, whole.sha256}) == 3, "a part leaves the warning of the default in force"


def test_the_fingerprint_is_the_same_in_every_process() -> None:
    import subprocess
    import sys

    code = "from makeready import preflight; print(preflight.load_profile('poster').sha256)"
    said = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout.strip()
        for seed in ("1", "2")
    ]
    assert said == [preflight.load_profile("poster").sha256] * 2


def test_a_profile_pickles_with_its_parts() -> None:
    changed = preflight.load_profile("poster").with_settings(["IMG101.resolution.error=90ppi"])
    again = pickle.loads(pickle.dumps(changed))
    assert again == changed
    assert params(again, "IMG101") == params(changed, "IMG101")
    assert again.sha256 == changed.sha256


def test_changing_a_profile_leaves_the_one_it_came_from_alone() -> None:
    plain = preflight.load_profile("poster")
    before = plain.sha256
    plain.with_settings(["IMG101.resolution.error=1ppi", "FNT101=off"])
    assert plain.sha256 == before


# Profiles of plug-ins


def distribution(folder: Path, point: str) -> None:
    info = folder / "house_profiles-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: house-profiles\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[makeready.profiles]\n{point}\n")


def test_a_plug_in_may_bring_a_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "house_of_profiles").mkdir()
    (tmp_path / "house_of_profiles" / "__init__.py").touch()
    (tmp_path / "house_of_profiles" / "letterpress.toml").write_text('extends = "default"\n[checks]\nFNT103 = "error"')
    distribution(tmp_path, "letterpress = house_of_profiles")
    monkeypatch.syspath_prepend(tmp_path)
    assert "letterpress" in preflight.profile_names()
    assert rule(measure("letterpress"), "FNT103").severity == "error"


def test_a_plug_in_whose_profile_is_not_there_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from makeready.report import doctor

    distribution(tmp_path, "ruined = a_package_that_is_not_there")
    monkeypatch.syspath_prepend(tmp_path)
    assert [p.name for p in preflight.product_profiles()]
    assert any("ruined" in finding.line and not finding.ok for finding in doctor.examine())
    with pytest.raises(UsageError, match="ruined"):
        measure("ruined")


def test_a_name_does_not_lead_out_of_the_folder_of_profiles(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('title = "Not built in"')
    with pytest.raises(UsageError):
        measure(str(tmp_path / "mine"))
