"""GWG 2022: for every requirement and limit of every variant, what is just outside is found, and nothing else is."""

from __future__ import annotations

import pytest

import gwg2022
import makeready
from gwg.cases import Case, cases
from makeready import engine

VARIANTS = tuple(gwg2022.table())


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_requirement_from_both_sides(variant: str) -> None:
    held = engine.measure(gwg2022.profile_name(variant))
    wrong = [line for case in cases(variant) if (line := _wrong(case, held))]
    assert not wrong, "\n".join(wrong)


def _wrong(case: Case, held: engine.Measure) -> str | None:
    """What is wrong with the report on one file, or ``None``."""
    report = makeready.check(case.build(), held, name=case.name)
    if report.crashed or report.facts is None:
        return f"{case.name}: {report.crashed or report.issues}"
    found = {(issue.details.get("gwg"), issue.severity.value) for issue in report.issues}
    others = {(code, level) for code, level in found if code != case.requirement and code not in case.besides}
    meant = {level for code, level in found if code == case.requirement}
    # A limit of errors has one of warnings beyond it: a file inside of the first may well be outside of the second.
    right = case.level in meant if case.breaks else case.level not in meant
    if right and not others and not (case.breaks and len(meant) > 1):
        return None
    issues = [f"{i.severity} {i.code} {i.details.get('gwg')} {i.message}" for i in report.issues]
    return f"{case.name}: {'; '.join(issues) or 'nothing'}"


def test_every_variant_has_all_its_requirements() -> None:
    for variant, asked in gwg2022.table().items():
        tried = {case.requirement for case in cases(variant)}
        assert tried == {code for code, answer in asked.items() if answer.on}


def test_all_39_requirements_and_23_variants_are_there() -> None:
    assert len(VARIANTS) == 23
    assert len(gwg2022.titles()) == 39
