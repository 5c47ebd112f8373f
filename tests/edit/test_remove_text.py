"""Text is found, told apart, and taken off: held against letters that were drawn, and so are known to the pixel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont

import makeready
from makeready import models
from makeready.edit.text import detecting, origin, strokes
from makeready.edit.text.detecting import Line
from makeready.errors import MissingDependency
from makeready.models import installing, session

WIDTH, HEIGHT = 360, 240
RED = (190, 20, 30)


def wall(seed: int = 3) -> Image.Image:
    """A wall of gray-green plaster with light from one side, so that it is neither flat nor even."""
    random = np.random.default_rng(seed)
    shade = np.linspace(110, 170, WIDTH)[None, :, None] + 12 * np.sin(np.arange(HEIGHT) / 15)[:, None, None]
    grain = random.standard_normal((HEIGHT, WIDTH, 1)) * 5
    return Image.fromarray(np.clip(shade * (0.9, 1.0, 0.95) + grain, 0, 255).astype(np.uint8))


def letters(text: str = "SALE", size: float = 52, at: tuple[int, int] = (90, 80)) -> Image.Image:
    """How much of each pixel letters cover."""
    cover = Image.new("L", (WIDTH, HEIGHT))
    ImageDraw.Draw(cover).text(at, text, 255, ImageFont.load_default(size))
    return cover


def laid(cover: Image.Image, colour: tuple[int, int, int] = RED, shade: float = 0.0) -> np.ndarray:
    """Letters over the wall; shaded, they are lit from one side and as grainy as it."""
    share = np.asarray(cover, float)[..., None] / 255
    random = np.random.default_rng(8)
    light = 1 + shade * (
        np.sin(np.arange(WIDTH) / 11)[None, :, None] + 0.5 * random.standard_normal((HEIGHT, WIDTH, 1))
    )
    ink = np.clip(np.array(colour) * light, 0, 255)
    pixels = np.asarray(wall()) * (1 - share) + ink * share
    return np.dstack([np.rint(pixels).astype(np.uint8), np.full((HEIGHT, WIDTH), 255, np.uint8)])


def line_around(cover: Image.Image, tilt: float = 0.0) -> Line:
    """The rectangle that a detector would give for level letters."""
    left, top, right, bottom = cover.getbbox()
    return Line(((left + right) / 2, (top + bottom) / 2), right - left + 8, bottom - top + 8, tilt, 0.95)


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network in the place of the detector: it finds what is red, closes the gaps between letters, and thins that."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    def pool(name: str, into: str, size: int) -> list[onnx.NodeProto]:
        half = size // 2
        return [
            helper.make_node("MaxPool", [name], [f"{into}_across"], kernel_shape=[1, size], pads=[0, half, 0, half]),
            helper.make_node("MaxPool", [f"{into}_across"], [into], kernel_shape=[size, 1], pads=[half, 0, half, 0]),
        ]

    kernel = numpy_helper.from_array(
        np.array([-1, -1, 2], np.float32).reshape(1, 3, 1, 1), "kernel"
    )  # blue comes first
    bounds = [numpy_helper.from_array(np.array(edge, np.float32), name) for edge, name in ((0, "low"), (1, "high"))]
    nodes = [
        helper.make_node("Conv", ["input", "kernel"], ["red"]), *pool("red", "wide", 27),
        helper.make_node("Neg", ["wide"], ["away"]), *pool("away", "thick", 33),
        helper.make_node("Neg", ["thick"], ["thin"]),
        helper.make_node("Clip", ["thin", "low", "high"], ["output"]),
    ]  # fmt: skip
    shape = ["n", 3, "height", "width"]
    graph = helper.make_graph(
        nodes, "reader", [helper.make_tensor_value_info("input", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["n", 1, "height", "width"])], [kernel, *bounds],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, tmp_path / "ppocr-text.onnx")
    monkeypatch.setenv("MAKEREADY_MODEL_DIR", str(tmp_path))
    monkeypatch.setattr(detecting, "_SHORTER", HEIGHT)  # its letters need not be large
    session.forget()


def test_a_rectangle_in_the_map_becomes_a_line_grown_by_the_unclip_ratio() -> None:
    likely = np.zeros((100, 200), np.float32)
    likely[40:50, 50:150] = 0.9
    (line,) = detecting.lines_of(likely, 400, 200)
    grown = 2 * 200 * 20 * 1.6 / (2 * 220)
    assert line.middle == pytest.approx((200, 90))
    assert (line.length, line.height, line.tilt) == pytest.approx((200 + grown, 20 + grown, 0))


@pytest.mark.parametrize("tilt", [-60, -20, 12, 35, 80, 90])
def test_a_turned_line_is_found_with_its_tilt_and_size(tilt: float) -> None:
    corners = Line((150, 150), 120, 16, tilt, 1).corners()
    drawn = Image.new("L", (300, 300))
    ImageDraw.Draw(drawn).polygon([tuple(corner) for corner in corners], fill=255)
    (line,) = detecting.lines_of(np.asarray(drawn, np.float32) / 255, 300, 300)
    assert (line.tilt - tilt + 90) % 180 - 90 == pytest.approx(0, abs=1.5)
    grown = 2 * 120 * 16 * 1.6 / (2 * 136)
    assert (line.length, line.height) == pytest.approx((120 + grown, 16 + grown), rel=0.16)


def test_what_is_faint_tiny_or_round_and_large_is_no_line() -> None:
    likely = np.zeros((200, 200), np.float32)
    likely[10:20, 10:90] = 0.4
    likely[40:42, 10:90] = 0.9
    across, down = np.meshgrid(np.arange(200), np.arange(200))
    likely[np.hypot(across - 120, down - 130) < 50] = 0.9
    assert detecting.lines_of(likely, 200, 200) == []


@pytest.mark.parametrize(
    ("colour", "blur"), [(RED, 0), ((255, 255, 255), 0), ((10, 10, 12), 0), ((250, 220, 40), 0), (RED, 1)]
)
def test_the_mask_has_all_of_the_letters_and_little_else(colour: tuple[int, int, int], blur: int) -> None:
    cover = letters().filter(ImageFilter.GaussianBlur(blur))
    picture = laid(cover, colour)
    ink = strokes.ink(picture, line_around(cover))
    assert ink.believed
    where, mask = strokes.grown(ink, HEIGHT, WIDTH)
    whole = np.zeros((HEIGHT, WIDTH), bool)
    whole[where] = mask
    true = np.asarray(cover) > 25
    assert whole[true].mean() > 0.995
    box = line_around(cover)
    assert whole.sum() < 0.8 * box.length * box.height


def test_an_outline_goes_with_its_letters() -> None:
    cover, rim = letters(), letters().filter(ImageFilter.MaxFilter(5))
    picture = laid(rim, (0, 0, 0))
    share = np.asarray(cover, float)[..., None] / 255
    picture[..., :3] = np.rint(picture[..., :3] * (1 - share) + 255 * share)
    where, mask = strokes.grown(strokes.ink(picture, line_around(rim)), HEIGHT, WIDTH)
    whole = np.zeros((HEIGHT, WIDTH), bool)
    whole[where] = mask
    assert whole[np.asarray(rim) > 40].mean() > 0.99


def test_where_no_letters_can_be_made_out_the_whole_line_is_taken() -> None:
    picture = laid(Image.new("L", (WIDTH, HEIGHT)))
    line = Line((180, 120), 150, 40, 0, 0.9)
    ink = strokes.ink(picture, line)
    if not ink.believed:
        assert ink.mask.sum() == pytest.approx(150 * 40, rel=0.02)
    assert not origin.signs(picture, ink).artificial


WHITE, BLACK, BLUE = (255, 255, 255), (15, 15, 15), (20, 60, 200)


@pytest.mark.parametrize(
    ("colour", "size", "jpeg"),
    [(colour, size, 0) for colour in (RED, WHITE, BLACK, BLUE) for size in (24, 52)]
    + [(colour, 52, 80) for colour in (RED, WHITE, BLACK, BLUE)]
    + [(colour, 24, 80) for colour in (WHITE, BLACK)],
)
def test_what_a_program_wrote_over_a_picture_is_artificial(
    tmp_path: Path, colour: tuple[int, int, int], size: float, jpeg: int
) -> None:
    cover = letters(size=size)
    picture = laid(cover, colour)
    if jpeg:
        Image.fromarray(picture[..., :3]).save(tmp_path / "a.jpg", quality=jpeg)
        picture[..., :3] = np.asarray(Image.open(tmp_path / "a.jpg"))
    assert origin.signs(picture, strokes.ink(picture, line_around(cover))).artificial


@pytest.mark.parametrize("text", ["HOTEL", "BAKERY"])
@pytest.mark.parametrize("blur", [0.0, 1.2])
def test_what_is_painted_on_a_wall_in_its_light_is_natural(text: str, blur: float) -> None:
    cover = letters(text, 44, (70, 80)).filter(ImageFilter.GaussianBlur(blur))
    picture = laid(cover, RED, shade=0.25)
    assert not origin.signs(picture, strokes.ink(picture, line_around(cover))).artificial


def test_what_a_lens_saw_out_of_focus_and_askew_is_natural() -> None:
    cover = letters("HOTEL", 44, (80, 90)).transform(
        (WIDTH, HEIGHT),
        Image.Transform.PERSPECTIVE,
        (1.1, 0.02, -20, 0.12, 1.05, -30, 0.0002, 0.0001),
        Image.Resampling.BICUBIC,
    )
    cover = cover.filter(ImageFilter.GaussianBlur(2))
    signs = origin.signs(picture := laid(cover), strokes.ink(picture, line_around(cover, tilt=-6.5)))
    assert signs.tilt > origin.LEVEL
    assert signs.edge > origin.SHARP
    assert not signs.artificial


def test_text_is_taken_off_and_nothing_else_is_touched(reader: None) -> None:
    cover = letters()
    picture = laid(cover)
    result = makeready.edit(picture, ["remove_text"])
    true = np.asarray(cover) > 128
    bare = np.asarray(wall()).astype(int)
    assert np.abs(result.pixels[..., :3].astype(int) - bare)[true].mean() < 15
    near = np.asarray(cover.filter(ImageFilter.MaxFilter(41))) > 0
    assert (result.pixels[~near] == picture[~near]).all()
    (change,) = result.changes
    assert change.message.startswith("One line of text was taken off")
    assert change.details["lines"][0]["kind"] == "artificial"


def test_only_the_kind_that_was_asked_for_goes(reader: None) -> None:
    picture = laid(letters())
    result = makeready.edit(picture, [{"edit": "remove_text", "which": "natural"}])
    assert (result.pixels == picture).all()
    assert result.notes == ("No natural text was found; one line of the other kind stayed.",)
    assert makeready.edit(picture, [{"edit": "remove_text", "which": "artificial"}]).changes


def test_a_picture_without_text_comes_back_as_it_is_with_a_note(reader: None) -> None:
    picture = np.asarray(wall())
    result = makeready.edit(picture, ["remove_text"])
    assert (result.pixels[..., :3] == picture).all()
    assert (result.changes, result.notes) == ((), ("No text was found.",))


def test_the_same_seed_takes_text_off_in_the_same_way(reader: None) -> None:
    once, again = (makeready.edit(laid(letters()), ["remove_text"], seed=4).pixels for _ in range(2))
    assert (once == again).all()


def test_without_the_model_it_says_what_installs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAKEREADY_CACHE", str(tmp_path))
    monkeypatch.setenv("MAKEREADY_MODEL_DIR", str(tmp_path))
    with pytest.raises(MissingDependency) as caught:
        makeready.edit(laid(letters()), ["remove_text"])
    assert caught.value.hint == "Install them: makeready models install ppocr"


def test_what_it_needs_is_told_beforehand() -> None:
    assert makeready.edit.needs(["remove_text"]) == ("text",)


@pytest.mark.skipif(not installing.present(models.family("ppocr")), reason="the weights of PP-OCR are not installed")
def test_the_real_detector_finds_the_line_where_it_was_drawn() -> None:
    cover = letters("Summer sale", 40, (60, 90))
    (line,) = detecting.lines(laid(cover, (255, 255, 255)))
    left, top, right, bottom = cover.getbbox()
    corners = line.corners()
    assert abs(line.tilt) < 2
    assert corners.min(axis=0) == pytest.approx((left, top), abs=14)
    assert corners.max(axis=0) == pytest.approx((right, bottom), abs=14)
