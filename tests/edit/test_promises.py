"""What every edit promises, held on pictures that none of them was made for.

Whatever the picture: an edit changes it, leaves it, or refuses and says why; it never fails, never writes to what it
was given, and makes the same of the same. A new file opens in other programs.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import makeready
from fixes.hard_pages import PICTURES, photo
from fixes.looks import picture_opens
from makeready import edit
from makeready.changes import Refusal, Result, StepOutcome
from makeready.edit import generators
from makeready.errors import MissingDependency, UnreadableFile, UsageError
from makeready.results import Report

pytestmark = pytest.mark.usefixtures("finds_bright", "no_plug_ins")

EDITS = list(edit.catalogue())
DAMAGED = "no picture in it"
#: Of the pictures, those that are least like each other.
UNLIKE = ("turned by EXIF", "see-through gray", "CMYK TIFF with a profile", "one pixel", "a strip")
#: What an edit needs to do anything at all.
TELLING: Mapping[str, Mapping[str, Any]] = {
    "adjust": {"exposure": 0.5, "vignette": 0.5},
    "background": {"color": "FF0000EE"},
    "crop": {"ratio": "4:3", "left": 0.1},
    "edit_with_ai": {"prompt": "make it blue"},
    "enlarge_first": {"model": "lanczos", "scale": 2},
    "expand": {"mode": "plain"},
    "export": {"format": "webp", "dpi": 300},
    "generate_background": {"prompt": "plain light gray background"},
    "image_from_prompt": {"prompt": "plain red background", "size": "LANDSCAPE_HD_16_9"},
    "instruct": {"instructions": "make it warmer, and rotate it by 3 degrees"},
    "lay_over": {"layers": [{"picture": "logo", "width": 0.4, "opacity": 0.5}, {"picture": "logo", "behind": True}]},
    "layout": {"output_size": "64x80", "padding": "10%", "margin_left": "3px"},
    "rotate": {"degrees": 7},
}
#: What no generator here can do, and text that no model here can find: these say so.
ASKS = {"beautify", "edit_with_ai", "flat_lay", "ghost_mannequin", "remove_text", "uncrop", "virtual_model"}
LOGO = np.full((8, 12, 4), (250, 200, 0, 160), np.uint8)

few = settings(deadline=None, derandomize=True, max_examples=10, database=None)


@pytest.fixture
def no_plug_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is asked but what is built in, whatever is installed and configured here."""
    monkeypatch.setenv(generators.CHOICE, "plain")


@cache
def checked(name: str) -> Report:
    return makeready.check(photo(name), canvas="3x2in")


def link(id: str) -> dict[str, Any]:
    return {"edit": id, **TELLING.get(id, {})}


def made(data: bytes, links: list[dict[str, Any]], seed: int = 0) -> edit.Edited | None:
    """What came of it; ``None`` where it was refused, with words."""
    try:
        return makeready.edit(data, links, seed=seed, inputs={"logo": LOGO})
    except (Refusal, UsageError, MissingDependency) as refused:
        reason = str(refused)
    assert len(reason) > 20
    return None


def held(result: Result) -> bool:
    """Each step changed, left or refused the picture, and said so; whether there is a new file."""
    for run in result.runs:
        assert (run.outcome is StepOutcome.CHANGED) == bool(run.changes)
        assert run.outcome is not StepOutcome.REFUSED or len(run.reason or "") > 20
    changed = any(run.changes for run in result.runs)
    assert (result.path is not None) == changed
    return changed


@pytest.mark.parametrize("id", EDITS)
def test_an_edit_of_a_picture(id: str) -> None:
    for name in UNLIKE:
        data = photo(name)
        done = made(data, [link(id)], seed=3)
        if done is None:
            assert name == "one pixel" or id in ASKS, name
            continue
        again = made(data, [link(id)], seed=3)
        assert again is not None
        np.testing.assert_array_equal(done.pixels, again.pixels)
        assert (done.changes, done.notes) == (again.changes, again.notes)
        assert (done.pixels.ndim, done.pixels.shape[2], done.pixels.dtype) == (3, 4, np.uint8)
        assert all(change.message.endswith(".") for change in done.changes)


@pytest.mark.parametrize("id", sorted(set(EDITS) - {"lay_over"}))
def test_an_edit_of_a_file(id: str) -> None:
    for name in PICTURES if id == "layout" else (*UNLIKE, "a GIF", DAMAGED):
        try:
            result = makeready.fix(photo(name), [link(id)], before=checked(name), canvas="3x2in")
        except (UsageError, MissingDependency):  # the whole file is refused, with nothing written
            assert id in ASKS, name
            continue
        if held(result):
            assert result.path is not None
            with Image.open(result.path) as picture:
                picture.load()
            if name == UNLIKE[1]:
                picture_opens(result.path)


@pytest.mark.parametrize("id", EDITS)
def test_a_damaged_picture_is_told(id: str) -> None:
    with pytest.raises(UnreadableFile):
        makeready.edit(photo(DAMAGED), [link(id)])


@pytest.mark.parametrize("id", EDITS)
def test_what_is_given_is_only_read(id: str) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (40, 60, 4), np.uint8)
    pixels[10:30, 20:40] = (250, 250, 240, 255)
    logo = LOGO.copy()
    for each in (pixels, logo):
        each.flags.writeable = False  # whoever writes to them fails
    try:
        makeready.edit(pixels, [link(id)], inputs={"logo": logo})
    except (Refusal, UsageError, MissingDependency):
        assert id in ASKS | {"expand"}


def test_a_picture_that_does_not_fit_into_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("makeready.raster.mend.canvas.MOST_PIXELS", 5_000)
    with pytest.raises(Refusal, match="megapixels"):
        makeready.edit(photo("a palette"), ["flip"])
    assert "make it smaller" in str(makeready.fix(photo("a palette"), ["flip"], canvas="3x2in").runs[0].reason)


def test_an_edit_that_finds_nothing_to_do_says_why() -> None:
    run = makeready.fix(photo("gray"), ["expand"], canvas="3x2in").runs[0]
    assert (run.outcome, run.changes) == (StepOutcome.UNCHANGED, ())
    assert "nothing to continue" in str(run.reason)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("flip", "are a list"),
        ({"edit": "flip"}, "are a list"),
        ([5], "Edit 1 has no name"),
        ([{"mode": "soft"}], "Edit 1 has no name"),
        (["shadwo"], "no edit 'shadwo'"),
        (["flip", "flip"], "twice"),
        ([{"edit": "flip", "dircetion": "vertical"}], "flip.dircetion is no setting"),
        (
            [{"edit": "background", "color": "reddish"}],
            r"background.color: 'reddish' is no colour. Did you mean 'red'\?$",
        ),
    ],
)
def test_what_cannot_be_asked_for_is_told(wrong: Any, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        makeready.edit(photo("gray"), wrong)


def test_a_refused_edit_leaves_nothing_half_done() -> None:
    chain = ["cut_out", {"fix": "export", "format": "jpeg", "dpi": 300}, "uncrop", "blur_background", "flip"]
    data = photo("see-through")
    result = makeready.fix(data, chain, canvas="3x2in")
    whole = [run.step.fix for run in result.runs if run.outcome is StepOutcome.REFUSED]
    assert whole == ["uncrop"]
    assert result.path is not None
    without = makeready.fix(data, [one for one in chain if one != "uncrop"], canvas="3x2in")
    assert result.data == without.data


#: Settings that go together; what is left out of them is as usual.
SETTINGS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "cut_out": st.fixed_dictionaries(
        {}, optional={"keep_background": st.booleans(), "keep_existing_alpha": st.booleans(),
                      "edge_softness": st.sampled_from([0, 5, 10]), "quality": st.sampled_from(["basic", "plus"])}
    ),
    "layout": st.fixed_dictionaries(
        {}, optional={"output_size": st.sampled_from(["croppedSubject", "originalImage", "50x40", "7x90"]),
                      "padding": st.sampled_from(["0", "30%", "2px"]), "margin_top": st.sampled_from(["49%", "1px"]),
                      "scaling": st.sampled_from(["fit", "fill"]),
                      "horizontal_alignment": st.sampled_from(["left", "center", "right"])}
    ),
    "background": st.fixed_dictionaries({"color": st.sampled_from(["white", "F008", "transparent"])}),
    "blur_background": st.fixed_dictionaries(
        {}, optional={"mode": st.sampled_from(["gaussian", "bokeh"]), "radius": st.sampled_from([0.001, 0.05])}
    ),
    "expand": st.fixed_dictionaries({"mode": st.sampled_from(["auto", "plain", "texture"])}),
    "shadow": st.fixed_dictionaries(
        {}, optional={"mode": st.sampled_from(["soft", "hard", "floating"]), "angle": st.sampled_from([-360, 0, 200]),
                      "length": st.sampled_from([0, 2])}
    ),
    "outline": st.fixed_dictionaries({}, optional={"width": st.sampled_from([0, 0.1]), "blur_radius": st.just(0.025)}),
    "lighting": st.fixed_dictionaries({"mode": st.sampled_from(["auto", "preserve_hue_and_saturation"])}),
    "adjust": st.fixed_dictionaries(
        {"on": st.sampled_from(["everything", "subject", "background", "sky", "highlights", "shadows"]),
         "exposure": st.sampled_from([-4, 4])}, optional={"hue": st.just(180), "blur": st.just(1)}
    ),
    "rotate": st.fixed_dictionaries({"degrees": st.sampled_from([-90, 45, 180.5])}),
    "crop": st.fixed_dictionaries(
        {}, optional={"ratio": st.sampled_from(["1:50", "16:9"]), "to": st.just("subject"), "top": st.just(0.98)}
    ),
    "flip": st.just({}),
    "export": st.fixed_dictionaries(
        {"metadata": st.sampled_from(["never", "exif_subset_with_xmp"])},
        optional={"format": st.sampled_from(["png", "jpeg", "webp", "tiff"])}
    ),
}  # fmt: skip


@st.composite
def orders(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Some edits with some settings, in any order."""
    ids = draw(st.lists(st.sampled_from(sorted(set(SETTINGS) & set(EDITS))), min_size=1, max_size=5, unique=True))
    return [{"edit": id, **draw(SETTINGS[id])} for id in ids]


@few
@given(order=orders(), name=st.sampled_from(sorted(set(PICTURES) - {DAMAGED})))
def test_any_edits_of_any_picture(order: list[dict[str, Any]], name: str) -> None:
    done = made(photo(name), order)
    if done is None:
        return
    backwards = made(photo(name), order[::-1])
    assert backwards is not None
    np.testing.assert_array_equal(done.pixels, backwards.pixels)
    with Image.fromarray(done.pixels) as shown, io.BytesIO() as out:
        shown.save(out, "PNG")
