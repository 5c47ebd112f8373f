"""Layers: nothing left that somebody could switch by mistake."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from makeready.changes import Change, Refusal, Safety, Stage
from makeready.fixes.job import Job
from makeready.params import Params, param
from makeready.registry import fix


class FlattenLayers(Params):
    """Settings of flatten_layers."""

    state: Literal["print", "screen"] = param(
        "print", "Which state of the layers is kept: as the file prints, or as it is shown when it is opened."
    )
    steps: Literal["keep", "flatten"] = param(
        "keep", "Layers of processing steps (ISO 19593-1: cutting, creasing, white, varnish): keep or flatten them."
    )


@fix(
    id="flatten_layers",
    title="Make visible layers plain and take hidden ones out",
    stage=Stage.REPAIR,
    safety=Safety.SAFE,
    cures=("LAY101",),
    kinds=("pdf",),
    params=FlattenLayers,
    rank=20,
    seconds_per_page=0.05,
)
def flatten_layers(job: Job, params: FlattenLayers) -> Iterator[Change]:
    """What prints stays and can no longer be switched off; what does not print is taken out of the file.

    ## What changes
    Layers lose their switch: what they show when the file is printed becomes plain content of the page, and what is
    off then is removed, with its pictures. That holds for parts of the page, for forms and pictures that are on a
    layer as a whole, for combinations of layers, and for annotations. Other configurations of the layers go.

    ## What stays exactly as it was
    How the page prints. Layers that say which processing step they are for keep their switch, and so do layers that
    are combined with them. Hidden text in the middle of a line stays as text that is not painted, since it moves what
    follows.

    ## When not to use it
    When one file holds several versions, such as languages, that are printed one after the other: flatten a copy for
    each, with that version switched on. For the state on the screen rather than in print, set state to screen.
    """
    from makeready.pdf.mend import layers

    pdf = job.pdf.pdf
    found = layers.read(pdf, params.state, params.steps == "keep")
    if found is None or not found.flattened:
        return
    if len(job.pages) != len(pdf.pages):
        raise Refusal("layers belong to the whole file: flatten them on all pages")
    work = layers.Flattening(found)
    counts = work.look()
    job.tell(0.7)
    work.write()
    shown = [found.names[group] for group in found.flattened if found.shown[group]]
    hidden = [found.names[group] for group in found.flattened if not found.shown[group]]
    kept = [name for group, name in found.names.items() if group in found.kept]
    words = [f"{what}: {_listed(names)}" for what, names in
             (("made plain", shown), ("taken out", hidden), ("kept", kept)) if names]  # fmt: skip
    yield Change(
        f"layers {'; '.join(words)}",
        details={"before": list(found.names.values()), "after": kept, "plain": shown, "out": hidden},
    )
    for number in sorted(counts.out):
        yield Change(
            f"{counts.out[number]} hidden object{'s' if counts.out[number] != 1 else ''} taken out",
            number,
            details={"before": counts.out[number], "after": 0},
        )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(f'"{name}"' for name in names[:6])
    return shown + (f" and {len(names) - 6} more" if len(names) > 6 else "")
