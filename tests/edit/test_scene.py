"""The scene: what is drawn of what edits want, in any order, at once or by a chain of files."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

import makeready
from makeready.changes import Change, Refusal
from makeready.edit.file import edited
from makeready.edit.layout import Layout
from makeready.edit.scene import Cut, Frame, Scene
from makeready.fixes.job import Job
from makeready.intake import Source

Pixels = npt.NDArray[np.uint8]
WIDTH, HEIGHT = 60, 40


def subject() -> Pixels:
    """A red box with a soft edge of two pixels, its own colour throughout."""
    pixels = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    pixels[8:32, 18:42] = (200, 40, 30, 90)
    pixels[10:30, 20:40] = (200, 40, 30, 255)
    return pixels


def picture() -> Pixels:
    """The same before a blue wall, as a camera mixes it."""
    own = subject().astype(float)
    share = own[..., 3:] / 255
    mixed = own[..., :3] * share + np.array([20, 60, 220]) * (1 - share)
    return np.dstack([np.rint(mixed), np.full((HEIGHT, WIDTH), 255)]).astype(np.uint8)


def scene(*, removed: bool = True) -> Scene:
    made = Scene(picture(), removed=removed)
    made.subject = subject()
    return made


def plain(colour: tuple[int, int, int, int]) -> Any:
    return lambda frame, *_: np.full((frame.height, frame.width, 4), colour, np.uint8)


def test_alone_the_picture_is_what_it_was() -> None:
    np.testing.assert_array_equal(Scene(picture()).draw(), picture())


def test_cut_out_the_subject_is_alone() -> None:
    drawn = scene().draw()
    seen = subject()[..., 3] > 0
    np.testing.assert_array_equal(drawn[seen], subject()[seen])
    assert not drawn[~seen].any()


def test_background_shadow_subject_and_outline_lie_over_each_other() -> None:
    made = scene()
    made.ground[90] = plain((0, 255, 0, 255))
    made.under["shadow"] = plain((0, 0, 0, 128))
    made.over["outline"] = lambda _: None
    drawn = made.draw().astype(int)
    assert np.abs(drawn[0, 0] - (0, 127, 0, 255)).max() <= 1
    assert drawn[20, 30].tolist() == [200, 40, 30, 255]
    edge = np.array([200, 40, 30]) * 90 / 255 + np.array([0, 127, 0]) * 165 / 255
    assert np.abs(drawn[9, 30, :3] - edge).max() <= 1
    made.over["outline"] = plain((255, 255, 255, 255))
    assert (made.draw() == 255).all()


def test_backgrounds_are_laid_by_rank_and_get_what_is_below() -> None:
    seen: list[Pixels] = []

    def note(_: Frame, below: Pixels) -> Pixels:
        seen.append(below.copy())
        below[:] = 255  # a painter may draw into what it is given
        return below

    made = scene(removed=False)
    made.ground = {90: note, 10: plain((1, 2, 3, 255))}
    assert (made.draw() == 255).all()
    assert seen[0][0, 0].tolist() == [1, 2, 3, 255]
    alone = scene(removed=False)
    alone.ground[30] = note
    alone.draw()
    np.testing.assert_array_equal(seen[1], picture())
    np.testing.assert_array_equal(alone.picture, picture())


def test_where_the_background_stays_a_shadow_never_touches_the_subject() -> None:
    made = scene(removed=False)
    made.under["shadow"] = plain((0, 0, 0, 200))
    drawn = made.draw()
    np.testing.assert_array_equal(drawn[10:30, 20:40], picture()[10:30, 20:40])
    assert (drawn[0, 0, :3] < picture()[0, 0, :3]).all()
    made.under["shadow"] = plain((0, 0, 0, 0))
    np.testing.assert_array_equal(made.draw(), picture())


def test_recoloured_subjects_stay_free_of_the_wall() -> None:
    made = scene()
    brighter = made.picture.copy()
    brighter[..., :3] = np.rint(brighter[..., :3] * 1.2).clip(0, 255)
    made.recolour(brighter)
    solid = subject()[..., 3] == 255
    np.testing.assert_array_equal(made.subject[solid][:, :3], brighter[solid][:, :3])
    soft = subject()[..., 3] == 90
    assert np.abs(made.subject[soft][:, :3].astype(int) - (240, 48, 36)).max() <= 6
    np.testing.assert_array_equal(made.subject[..., 3], subject()[..., 3])
    with pytest.raises(ValueError, match="another size"):
        made.recolour(brighter[:-1])


def test_another_picture_or_another_way_to_look_finds_the_subject_anew() -> None:
    made = scene()
    made.seek(Cut())
    assert made.found
    made.seek(Cut(model="flat"))
    assert not made.found
    made = scene()
    made.change(picture())
    assert not made.found


def test_what_the_picture_itself_shows_as_clear_stays_the_subject_after_a_change() -> None:
    made = Scene(subject())
    made.seek(Cut(keep_alpha=True))
    np.testing.assert_array_equal(made.subject, subject())
    made.change(np.ascontiguousarray(subject()[:, ::-1]))
    np.testing.assert_array_equal(made.subject, subject()[:, ::-1])


def test_painters_see_the_subject_where_it_stands() -> None:
    made = scene()
    made.layout = Layout(given=True, size=(120, 120))
    seen: list[Frame] = []
    made.under["look"] = seen.append
    made.draw()
    (frame,) = seen
    assert (frame.width, frame.height, frame.longer) == (120, 120, 120)
    assert frame.subject.shape == frame.picture.shape == (120, 120, 4)
    assert frame.alpha.dtype == np.float32
    assert frame.alpha.max() == 1
    assert frame.picture[60, 60].tolist() == [200, 40, 30, 255]


def test_a_costly_background_is_made_once_however_often_it_is_drawn() -> None:
    made, calls = scene(), []

    def costly(frame: Frame, _: Pixels) -> Pixels:
        calls.append(frame)
        return np.full((frame.height, frame.width, 4), 200, np.uint8)

    made.ground[20] = costly
    first = made.draw(again=True)
    np.testing.assert_array_equal(made.snapshot().draw(again=True), first)
    assert len(calls) == 1
    made.change(picture())
    made.subject = subject()
    made.draw(again=True)
    made.layout = Layout(given=True, size=(70, 70))
    assert made.draw(again=True).shape == (70, 70, 4)
    assert len(calls) == 3


def file(folder: Path, pixels: Pixels) -> Path:
    path = folder / "given.png"
    Image.fromarray(pixels).save(path)
    return path


CUT = {"edit": "cut_out", "keep_existing_alpha": True}
EDITS = (CUT, {"edit": "layout", "output_size": "90x90", "padding": "10%"}, {"edit": "export", "format": "png"})


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_any_order_of_the_list_gives_the_same(tmp_path: Path, order: tuple[int, ...]) -> None:
    first, other = makeready.edit(subject(), EDITS), makeready.edit(subject(), [EDITS[place] for place in order])
    np.testing.assert_array_equal(first.pixels, other.pixels)
    assert first.changes == other.changes
    assert first.export == other.export


def test_a_chain_of_files_is_one_scene(tmp_path: Path) -> None:
    path = file(tmp_path, subject())
    result = makeready.fix(path, list(EDITS))
    makeready.edit(path, EDITS).save(tmp_path / "out.png")
    assert result.path.read_bytes() == (tmp_path / "out.png").read_bytes()


def test_another_fix_in_between_ends_the_scene(tmp_path: Path) -> None:
    path = file(tmp_path, subject())
    chain = [CUT, "upscale_resolution_2x", {"edit": "layout", "output_size": "croppedSubject"}]
    result = makeready.fix(path, chain)
    assert result.runs[1].outcome == "changed"
    with Image.open(result.path) as image:  # the layout is of the picture that was enlarged, whole
        assert image.size == (2 * WIDTH, 2 * HEIGHT)


def on_the_bench(path: Path, folder: Path) -> Job:
    return Job(Source(path.name, path=path), folder, kind="raster")


def test_an_edit_that_is_refused_as_it_is_drawn_leaves_no_trace(tmp_path: Path) -> None:
    job = on_the_bench(file(tmp_path, subject()), tmp_path)

    def blue(scene: Scene, _: Any) -> Iterator[Change]:
        scene.ground[90] = plain((0, 0, 255, 255))
        yield Change("blue")

    def cannot(_: Frame) -> Pixels:
        raise Refusal("there is no sun")

    def shadow(scene: Scene, _: Any) -> Iterator[Change]:
        scene.under["shadow"] = cannot
        yield Change("shadow")

    def outline(scene: Scene, _: Any) -> Iterator[Change]:
        assert "shadow" not in scene.under
        assert 90 in scene.ground
        scene.notes.append("Look at it.")
        yield Change("outline")

    def cut(scene: Scene, _: Any) -> Iterator[Change]:
        scene.seek(Cut(keep_alpha=True))
        scene.removed = True
        yield Change("cut")

    assert edited(job, cut, None)[0].message == "cut"
    assert edited(job, blue, None)[0].message == "blue"
    before = job.raster.image
    with pytest.raises(Refusal, match="no sun"):
        edited(job, shadow, None)
    assert job.raster.image is before
    (change,) = edited(job, outline, None)
    assert change.message == "outline Look at it."
    assert change.details["notes"] == ["Look at it."]
    job.close()


def test_progress_goes_from_nothing_to_all_and_can_end_the_work(tmp_path: Path) -> None:
    shares: list[float] = []
    makeready.edit(subject(), EDITS, progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1

    def enough(share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        makeready.edit(subject(), EDITS, progress=enough)


def test_a_refusal_names_its_edit() -> None:
    with pytest.raises(Refusal, match=r"^layout: there is no subject to place"):
        makeready.edit(np.zeros((5, 5, 4), np.uint8), [CUT, {"edit": "layout", "padding": 0.1}])
