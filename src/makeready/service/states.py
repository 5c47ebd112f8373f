"""The states of a job, and the one table of the moves between them."""

from __future__ import annotations

from collections.abc import Mapping

PENDING = "pending"
PROCESSING = "processing"
AWAITING_APPROVAL = "awaiting_approval"
COMPLETED = "completed"
FAILED = "failed"
CANCELLED = "cancelled"
REJECTED = "rejected"

#: From each state, where a job may go. Nothing leads out of an end.
MOVES: Mapping[str, frozenset[str]] = {
    PENDING: frozenset({PROCESSING, CANCELLED}),
    # Back to pending: a retry, or a worker that died or goes.
    PROCESSING: frozenset({PENDING, AWAITING_APPROVAL, COMPLETED, FAILED, CANCELLED}),
    # Back to pending: approved, and its second stage waits for a worker.
    AWAITING_APPROVAL: frozenset({PENDING, REJECTED, CANCELLED}),
    COMPLETED: frozenset(),
    FAILED: frozenset(),
    CANCELLED: frozenset(),
    REJECTED: frozenset(),
}

#: States in which nothing happens any more.
ENDED = frozenset(state for state, next_ones in MOVES.items() if not next_ones)

#: The stages of a job that has some: it finds out what to do, and does it, perhaps with an approval between.
ANALYZING = "analyzing"
APPLYING = "applying"


def legal(before: str, after: str) -> bool:
    """Whether a job may go from one state to another."""
    return after in MOVES[before]
