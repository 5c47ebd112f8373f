from __future__ import annotations

import pytest

from makeready.service import states


def test_every_state_that_can_be_reached_is_in_the_table() -> None:
    assert set().union(*states.MOVES.values()) <= set(states.MOVES)


def test_a_job_can_end_from_wherever_it_is() -> None:
    for state in set(states.MOVES) - states.ENDED:
        reached, new = {state}, {state}
        while new := set().union(*(states.MOVES[one] for one in new)) - reached:
            reached |= new
        assert {"completed", "failed", "cancelled"} <= reached


@pytest.mark.parametrize("state", ["completed", "failed", "cancelled", "rejected"])
def test_nothing_leads_out_of_an_end(state: str) -> None:
    assert state in states.ENDED
    assert not any(states.legal(state, after) for after in states.MOVES)


def test_only_work_completes_or_fails_and_only_what_awaits_approval_is_rejected() -> None:
    def sources(after: str) -> set[str]:
        return {before for before in states.MOVES if states.legal(before, after)}

    assert sources("completed") == sources("failed") == sources("awaiting_approval") == {"processing"}
    assert sources("rejected") == {"awaiting_approval"}
    assert sources("cancelled") == {"pending", "processing", "awaiting_approval"}
