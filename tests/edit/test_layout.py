"""layout: every combination of its settings against geometry that is written apart, in plain numbers and in pixels."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import makeready
from makeready.edit.layout import Gap
from makeready.edit.operators.layout import Placing
from makeready.errors import UsageError

WIDTH, HEIGHT = 120, 80
SIZES = ("auto", "croppedSubject", "200x150", "90x160")
PADDINGS: tuple[dict[str, Any], ...] = (
    {},
    {"padding": 0.1},
    {"padding": "5%", "padding_left": "20%", "padding_top": "6px"},
)
MARGINS: tuple[dict[str, Any], ...] = ({}, {"margin": "10%"}, {"margin_right": "0.2", "margin_bottom": "7px"})
ALIGNMENTS = ((None, None), ("left", "top"), ("center", "center"), ("right", "bottom"), (None, "bottom"))
#: Left, top, right, bottom: whether the subject goes to that side of the picture.
CROPS = tuple(itertools.product((False, True), repeat=4))


def box_of(crops: tuple[bool, ...]) -> tuple[int, int, int, int]:
    """A subject's box in the picture."""
    left, top, right, bottom = crops
    return (0 if left else 30, 0 if top else 20, WIDTH if right else 90, HEIGHT if bottom else 65)


def taken(gap: Any, room: float) -> float:
    """A gap as a length."""
    text = str(gap)
    if text.endswith("px"):
        return float(text[:-2])
    return room * (float(text[:-1]) / 100 if text.endswith("%") else float(text))


def expected(
    settings: dict[str, Any], crops: tuple[bool, ...], *, whole: bool = False
) -> tuple[list[float], list[float]]:
    """Width and height of the result, and left, top, right and bottom of what is placed, by the words of the docs."""
    extents, edges, ways = [], [], []
    box = box_of(crops)
    around = whole or settings.get("reference_box") == "originalImage"
    for axis, (before, after, asked) in enumerate(
        (("left", "right", "horizontal_alignment"), ("top", "bottom", "vertical_alignment"))
    ):
        side = (WIDTH, HEIGHT)[axis]
        length = side if around else box[axis + 2] - box[axis]
        gaps = {
            kind: [settings.get(f"{kind}_{end}", settings.get(kind, "0px")) for end in (before, after)]
            for kind in ("margin", "padding")
        }
        alignment = settings.get(asked)
        cropped = [crops[axis], crops[axis + 2]]
        if alignment is None and settings.get("snap_cropped_sides", True) and not whole:
            gaps["padding"] = ["0px" if cut else gap for cut, gap in zip(cropped, gaps["padding"], strict=True)]
            share = {(True, False): 0.0, (False, True): 1.0}.get((cropped[0], cropped[1]), 0.5)
        else:
            share = {"left": 0.0, "top": 0.0, "right": 1.0, "bottom": 1.0}.get(str(alignment), 0.5)
        size = settings.get("output_size", "auto")
        if size == "croppedSubject":
            extent = float(length)
            for kind in ("padding", "margin"):  # what is x of the whole plus its content is content / (1 - x)
                pixels = sum(taken(gap, 0) for gap in gaps[kind])
                shares = sum(taken(gap, 1) for gap in gaps[kind] if not str(gap).endswith("px"))
                extent = (extent + pixels) / (1 - shares)
        else:
            extent = float(side if size == "auto" else size.split("x")[axis])
        start, end = 0.0, extent
        for kind in ("margin", "padding"):
            room = end - start
            start, end = start + taken(gaps[kind][0], room), end - taken(gaps[kind][1], room)
        extents.append(extent)
        ways.append((start, end, share, length))
    scales = [(end - start) / length for start, end, _, length in ways]
    scale = max(scales) if settings.get("scaling") == "fill" else min(scales)
    for start, end, share, length in ways:
        first = start + share * (end - start - length * scale)
        edges.append((first, first + length * scale))
    return extents, [edges[0][0], edges[1][0], edges[0][1], edges[1][1]]


def combinations(**further: tuple[Any, ...]) -> Any:
    """Settings of every kind."""
    choices: dict[str, tuple[Any, ...]] = {
        "scaling": ("fit", "fill"), "reference_box": ("subjectBox", "originalImage"), "alignment": ALIGNMENTS,
        "padding": PADDINGS, "margin": MARGINS, **further,
    }  # fmt: skip
    for chosen in itertools.product(*choices.values()):
        said = dict(zip(choices, chosen, strict=True))
        across, down = said.pop("alignment")
        settings = {**said.pop("padding"), **said.pop("margin"), **said}
        yield settings | {"horizontal_alignment": across, "vertical_alignment": down}


@pytest.mark.parametrize("size", SIZES)
def test_every_combination_stands_where_the_words_say(size: str) -> None:
    for settings in combinations(snap_cropped_sides=(True, False)):
        layout = Placing(output_size=size, **settings).layout()
        for crops in CROPS:
            found = layout.placement(WIDTH, HEIGHT, box_of(crops), whole=False)
            extents, edges = expected({"output_size": size, **settings}, crops)
            assert [found.width, found.height] == pytest.approx(extents, abs=0.5001), (settings, crops)
            assert list(found.target) == pytest.approx(edges, abs=0.5001), (settings, crops)


@pytest.mark.parametrize("size", SIZES)
def test_every_combination_is_drawn_there(size: str) -> None:
    few = {"padding": PADDINGS[::2], "margin": MARGINS[::2], "alignment": ALIGNMENTS[:2]}
    crops_tried = [CROPS[0], (False, False, False, True), (True, False, True, False), (True, True, False, False)]
    for settings, crops in itertools.product(combinations(**few), crops_tried):
        left, top, right, bottom = box_of(crops)
        picture = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
        picture[top:bottom, left:right] = (200, 40, 30, 255)
        given = {"edit": "layout", "output_size": size, **settings}
        drawn = makeready.edit(picture, [{"edit": "cut_out", "keep_existing_alpha": True}, given]).pixels
        extents, edges = expected(given, crops)
        if settings["reference_box"] == "originalImage":  # what is placed is the picture: the subject is a part of it
            scale = [(edges[axis + 2] - edges[axis]) / side for axis, side in enumerate((WIDTH, HEIGHT))]
            edges = [edges[place % 2] + at * scale[place % 2] for place, at in enumerate((left, top, right, bottom))]
        seen = [min(max(edge, 0), extents[place % 2]) for place, edge in enumerate(edges)]
        opaque = drawn[..., 3] >= 128
        across, down = np.flatnonzero(opaque.any(axis=0)), np.flatnonzero(opaque.any(axis=1))
        if min(seen[2] - seen[0], seen[3] - seen[1]) < 1:  # filled, the subject may be beyond the edge
            continue
        found = [across[0], down[0], across[-1] + 1, down[-1] + 1]
        assert found == pytest.approx(seen, abs=1.0), (settings, crops)


@pytest.mark.parametrize("scaling", ["fit", "fill"])
@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize("size", SIZES)
def test_with_its_background_the_whole_picture_is_placed(size: str, padding: dict[str, Any], scaling: str) -> None:
    settings = {"output_size": size, "scaling": scaling, **padding}
    picture = np.full((HEIGHT, WIDTH, 3), 120, np.uint8)
    drawn = makeready.edit(picture, [{"edit": "layout", **settings}]).pixels
    extents, edges = expected(settings, CROPS[-1], whole=True)
    if scaling == "fill":  # it covers the area and no more: gaps stay gaps
        fit = expected({**settings, "scaling": "fit"}, CROPS[-1], whole=True)[1]
        area = [taken(padding.get(f"padding_{end}", padding.get("padding", 0)), extents[place % 2])
                for place, end in enumerate(("left", "top", "right", "bottom"))]  # fmt: skip
        edges = [area[0], area[1], extents[0] - area[2], extents[1] - area[3]]
        assert all(a <= b + 0.01 for a, b in zip(edges[:2], fit[:2], strict=True))
    opaque = drawn[..., 3] >= 128
    across, down = np.flatnonzero(opaque.any(axis=0)), np.flatnonzero(opaque.any(axis=1))
    assert [across[0], down[0], across[-1] + 1, down[-1] + 1] == pytest.approx(edges, abs=1.0)


def test_without_a_word_nothing_moves_and_no_byte_changes() -> None:
    picture = np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    done = makeready.edit(picture, ["layout"])
    assert done.changes == ()
    np.testing.assert_array_equal(done.pixels[..., :3], picture)


def test_a_cropped_subject_is_cut_to_its_box_without_resampling() -> None:
    random = np.random.default_rng(2)
    picture = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    picture[20:65, 30:90] = random.integers(0, 256, (45, 60, 4), dtype=np.uint8) | np.array([0, 0, 0, 255], np.uint8)
    cut = {"edit": "cut_out", "keep_existing_alpha": True}
    done = makeready.edit(picture, [cut, {"edit": "layout", "output_size": "croppedSubject"}])
    np.testing.assert_array_equal(done.pixels, picture[20:65, 30:90])
    done = makeready.edit(picture, [cut, {"edit": "layout", "output_size": "croppedSubject", "padding": "10%"}])
    assert done.pixels.shape == (56, 75, 4)  # 45 / 0.8 = 56.25, 60 / 0.8 = 75
    np.testing.assert_array_equal(done.pixels[6:51, 8:68], picture[20:65, 30:90])


@pytest.mark.parametrize(
    ("limits", "size"),
    [
        ({"max_width": 60}, (60, 40)),
        ({"max_height": 20}, (30, 20)),
        ({"max_width": 60, "max_height": 20}, (30, 20)),
        ({"max_width": 5000}, (120, 80)),
    ],
)
def test_limits_make_smaller_and_never_larger(limits: dict[str, int], size: tuple[int, int]) -> None:
    done = makeready.edit(np.full((HEIGHT, WIDTH, 3), 9, np.uint8), [{"edit": "layout", **limits}])
    assert done.pixels.shape[1::-1] == size
    assert (done.pixels[..., 3] == 255).all()


def test_a_long_thin_picture_still_fills_its_smaller_result() -> None:
    done = makeready.edit(np.full((31, 10_001, 3), 9, np.uint8), [{"edit": "layout", "max_width": 1000}])
    assert done.pixels.shape == (3, 1000, 4)
    assert (done.pixels[..., 3] == 255).all()


def test_gaps_of_pixels_are_pixels_of_a_result_that_was_made_smaller() -> None:
    layout = Placing(output_size="croppedSubject", padding="10px", max_width=50).layout()
    found = layout.placement(WIDTH, HEIGHT, box_of(CROPS[0]), whole=False)
    assert (found.width, found.target[0], found.target[2]) == (50, 10, 40)
    assert found.height == 43  # 45 / 2 + 20 = 42.5


@pytest.mark.parametrize(("said", "gap"), [(0.3, "30%"), ("0.3", "30%"), ("30%", "30%"), ("100px", "100px"), (0, "0%")])
def test_gaps_are_written_in_three_ways(said: Any, gap: str) -> None:
    assert Gap.parse(said) == Gap.parse(gap)
    assert Gap.parse(Gap.parse(said).written()) == Gap.parse(said)


@pytest.mark.parametrize("said", ["0.5", 0.5, "50%", "-1px", "10 mm", "", True, "49.01%", "1e-2"])
def test_what_is_no_gap_is_refused(said: Any) -> None:
    with pytest.raises(UsageError, match=r"layout\.margin"):
        makeready.edit(np.zeros((4, 4, 3), np.uint8), [{"edit": "layout", "margin": said}])


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"output_size": "50x50", "margin": "25px"}, "margin: 25px and 25px leave nothing of 50 pixels across"),
        ({"output_size": "50x50", "margin": "40%", "padding": "5px"}, "padding: 5px and 5px leave nothing of 10"),
        ({"output_size": "croppedSubject", "padding": "30px", "max_height": 60}, "max_height"),
        ({"output_size": "croppedSubject", "padding": "49%", "margin": "49%"}, "output_size"),
        ({"output_size": "50x50", "max_width": 20}, "max_width goes with originalImage"),
        ({"output_size": "0x50"}, "output_size"),
        ({"output_size": "large"}, "output_size"),
        ({"reference_box": "subjectBox"}, "reference_box"),
        ({"snap_cropped_sides": True}, "snap_cropped_sides"),
    ],
)
def test_what_leaves_nothing_or_has_no_meaning_names_the_setting(settings: dict[str, Any], named: str) -> None:
    with pytest.raises(UsageError, match=named):
        makeready.edit(np.zeros((2000, 3000, 3), np.uint8), [{"edit": "layout", **settings}])
