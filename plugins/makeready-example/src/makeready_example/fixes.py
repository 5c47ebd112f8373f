"""A fix of this house: every job says whether it is trapped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from makeready.changes import Change
from makeready.fixes.job import Job
from makeready.params import Params, param
from makeready.registry import fix


class StateTrapping(Params):
    """Settings of state_trapping."""

    trapped: Literal["no", "yes"] = param("no", "What is said of a job that says nothing.")


@fix(
    id="state_trapping",
    title="Say whether the job is trapped",
    stage="standard",
    safety="safe",
    cures=("STD106",),
    kinds=("pdf",),
    params=StateTrapping,
)
def state_trapping(job: Job, params: StateTrapping) -> Iterator[Change]:
    """A line in the file decides whether the RIP spreads neighbouring inks into each other: this writes it.

    ## What changes
    The key Trapped of the document's Info dictionary, where it is missing or says Unknown.

    ## What stays exactly as it was
    Everything that is painted, and a statement that is there already.

    ## When not to use it
    Not with its default for jobs that the designer has trapped by hand: the RIP would trap them a second time.
    """
    import pikepdf

    info = job.pdf.pdf.docinfo
    before = str(info.get("/Trapped", "")).removeprefix("/") or None
    if before in ("True", "False"):
        return
    after = "True" if params.trapped == "yes" else "False"
    info["/Trapped"] = pikepdf.Name(f"/{after}")
    yield Change(f"Trapped is {after} now", details={"before": before, "after": after})
