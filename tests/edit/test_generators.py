"""Pictures from words: who is asked, what becomes of the answer, and the words that are drawn without a model."""

from __future__ import annotations

import typing
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

import makeready
from makeready.changes import Refusal
from makeready.edit import catalogue, generators, painting, plain, sizes, wording
from makeready.edit.generators import Generator
from makeready.edit.scene import Scene
from makeready.errors import FixFailed, MissingDependency, NoGenerator, UsageError
from makeready.registry import Registry
from makeready.testing.generators import assert_generator_contract, generator_faults


class Painter:
    """A back end that paints one colour and keeps what it was asked."""

    def __init__(self, name="painter", answer=None, colour=(10, 200, 30), tasks=tuple(generators.TASKS), **declared):
        self.asked, self.answer, self.colour = [], answer, colour
        self.generator = Generator(
            name=name, title="One colour", capabilities=tasks, run=self, source="a plug-in", **declared
        )

    def __call__(self, task, **wish):
        self.asked.append((task, wish))
        if self.answer is not None:
            return self.answer(wish) if callable(self.answer) else self.answer
        width, height = wish["size"] or wish["image"].shape[1::-1]
        if task == "segment":
            found = np.zeros((height, width), np.uint8)
            found[:, : width // 2] = 255
            return found
        return np.full((height, width, 3), self.colour, np.uint8)


@pytest.fixture
def offered(monkeypatch):
    """The built-in back end, and those that a test adds."""
    monkeypatch.delenv(generators.CHOICE, raising=False)
    registry = Registry(Generator, group="makeready.no-such-group", noun="generator")
    registry.add([plain.generator])
    monkeypatch.setattr(generators, "catalogue", lambda: registry)

    def offer(**declared):
        painter = Painter(**declared)
        registry.add([painter.generator])
        return painter

    return offer


def disc(width=80, height=60, radius=20):
    """A red disc with a soft edge; behind it clear, with a colour that nobody may see."""
    y, x = np.mgrid[:height, :width]
    alpha = np.clip(radius + 0.5 - np.hypot(x - width / 2, y - height / 2), 0, 1)
    picture = np.zeros((height, width, 4), np.uint8)
    picture[..., :3] = (255, 0, 255)
    picture[alpha > 0, :3] = (200, 20, 20)
    picture[..., 3] = np.rint(alpha * 255)
    return picture


def background(prompt="a beach at sunset", picture=None, inputs=None, **settings):
    edit = {"edit": "generate_background", "prompt": prompt, **settings}
    return makeready.edit(disc() if picture is None else picture, [edit], inputs=inputs)


# Who is asked


def test_nobody_paints_a_beach_where_nothing_is_configured(offered):
    with pytest.raises(NoGenerator) as caught:
        background("a beach at sunset")
    assert caught.value.http_status == 501
    assert "generate:background" in str(caught.value)
    assert "plain does not understand these words" in str(caught.value)
    assert "makeready-openai-images" in caught.value.hint


def test_plain_words_are_drawn_here_and_others_go_to_plug_ins(offered):
    painter = offered()
    background("plain white background")
    assert not painter.asked
    background("a beach at sunset")
    assert [task for task, _ in painter.asked] == ["background"]


def test_the_environment_names_who_is_asked_and_in_which_order(offered, monkeypatch):
    first, second = offered(name="aa"), offered(name="bb")
    assert generators.chosen("edit") is first.generator
    monkeypatch.setenv(generators.CHOICE, "bb, aa")
    assert generators.chosen("edit") is second.generator
    monkeypatch.setenv(generators.CHOICE, "bb")
    assert generators.chosen("background", "plain white background") is second.generator
    monkeypatch.setenv(generators.CHOICE, "bbb")
    with pytest.raises(UsageError, match="bbb") as caught:
        generators.chosen("edit")
    assert "bb" in caught.value.hint


def test_one_that_cannot_run_is_passed_over_and_its_reason_told(offered):
    offered(name="aa", problem=lambda: "AA_KEY is not set")
    offered(name="bb", can=lambda task, prompt, more: "cat" in prompt)
    able = offered(name="cc", tasks=("image",))
    assert generators.chosen("image", "a dog") is able.generator
    with pytest.raises(NoGenerator, match="aa: AA_KEY is not set; bb cannot, as it is configured"):
        generators.chosen("edit", "a dog")


def test_one_that_breaks_when_asked_how_it_is_does_not_stop_the_others(offered):
    offered(name="aa", problem=lambda: 1 / 0)
    able = offered(name="bb")
    assert generators.chosen("edit") is able.generator


def test_the_catalogue_finds_plug_ins(monkeypatch):
    monkeypatch.delenv(generators.CHOICE, raising=False)
    assert {"plain", "openai-images", "diffusers"} <= {one.name for one in generators.catalogue()}
    assert generators.order()[0].name == "plain"
    assert not generators.catalogue().failed


def test_a_task_that_is_none_is_named():
    with pytest.raises(UsageError, match="bacground"):
        generators.chosen("bacground")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": "My Painter"}, "lower-case"),
        ({"title": ""}, "title"),
        ({"capabilities": ()}, "no capability"),
        ({"capabilities": ("paint",)}, "'paint' is no task"),
    ],
)
def test_a_faulty_declaration_is_not_registered(wrong, said):
    with pytest.raises(ValueError, match=said):
        Registry(Generator, "g", "generator").add([replace(plain.generator, **wrong)])


# What becomes of an answer


def test_pixels_that_nobody_asked_to_change_stay_byte_by_byte(offered):
    offered()
    random = np.random.default_rng(1)
    picture = random.integers(0, 256, (50, 70, 4), np.uint8)
    mask = np.zeros((50, 70), np.float32)
    mask[:, 40:] = 1
    mask[:, 30:40] = np.linspace(0, 1, 12)[1:11]
    answer = generators.generate("expand", image=picture, mask=mask)
    assert (answer[:, :30] == picture[:, :30]).all()
    assert (answer[:, 40:] == (10, 200, 30, 255)).all()


def test_half_a_mask_is_a_mixture_by_opacity(offered):
    offered(answer=np.full((1, 1, 3), 200, np.uint8))
    for opacity in (255, 0):
        picture = np.array([[[100, 100, 100, opacity]]], np.uint8)
        answer = generators.generate("expand", image=picture, mask=np.array([[0.5]], np.float32))
        # Pillow's premultiplied mixture of the same two pixels.
        new = Image.new("RGBA", (1, 1), (200, 200, 200, 255)).convert("RGBa")
        old = Image.fromarray(picture, "RGBA").convert("RGBa")
        expected = Image.blend(old, new, 0.5).convert("RGBA")
        assert np.abs(answer.astype(int) - np.asarray(expected)).max() <= 1


def test_a_generator_cannot_change_the_picture_it_was_given(offered):
    def scribble(wish):
        wish["image"][:], wish["mask"][:] = 0, 1
        return wish["image"]

    offered(answer=scribble)
    picture = disc()
    mask = np.zeros(picture.shape[:2], np.float32)
    assert (generators.generate("expand", image=picture, mask=mask) == disc()).all()


def test_answers_come_in_the_size_that_is_due(offered):
    offered(answer=np.full((100, 100, 3), 7, np.uint8))
    assert generators.generate("image", prompt="x", size=(300, 200)).shape == (200, 300, 4)
    assert generators.generate("edit", image=np.zeros((60, 60, 4), np.uint8)).shape == (60, 60, 4)


def test_an_answer_of_another_shape_is_cut_not_squeezed(offered):
    answer = np.zeros((100, 200, 3), np.uint8)
    answer[:, 50:150] = 255
    offered(answer=answer)
    made = generators.generate("image", prompt="x", size=(50, 50))
    assert (made[..., :3] == 255).all()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (np.zeros((60, 80, 3)), "float64 where an array of uint8"),
        (np.zeros((60, 80), np.uint8), "60 × 80 where height × width × 3 or 4"),
        (np.zeros((60, 80, 2), np.uint8), "60 × 80 × 2"),
        (np.zeros((80, 60, 3), np.uint8), "60 × 80, another shape than 80 × 60"),
        ("a picture", "str where an array"),
        (lambda wish: 1 / 0, "ZeroDivisionError"),
    ],
)
def test_a_broken_plug_in_is_told_by_its_name(offered, answer, said):
    offered(answer=answer)
    with pytest.raises(FixFailed, match=r"The generator painter \(from a plug-in\) failed") as caught:
        generators.generate("edit", image=disc(), prompt="x")
    assert said in str(caught.value)


@pytest.mark.parametrize("error", [Refusal("no"), MissingDependency("away")])
def test_what_a_plug_in_says_on_purpose_is_passed_on(offered, error):
    def refuse(wish):
        raise error

    offered(answer=refuse)
    with pytest.raises(type(error), match=str(error)):
        generators.generate("edit", image=disc(), prompt="x")


@pytest.mark.parametrize(
    ("task", "wish"),
    [
        ("edit", {}),
        ("edit", {"image": np.zeros((4, 4, 3), np.uint8)}),
        ("edit", {"image": np.zeros((4, 4, 4), np.uint8), "mask": np.zeros((4, 4), np.float32)}),
        ("edit", {"image": np.zeros((4, 4, 4), np.uint8), "size": (4, 4)}),
        ("expand", {"image": np.zeros((4, 4, 4), np.uint8)}),
        ("expand", {"image": np.zeros((4, 4, 4), np.uint8), "mask": np.zeros((4, 5), np.float32)}),
        ("image", {}),
    ],
)
def test_callers_are_told_what_is_missing(offered, task, wish):
    offered()
    with pytest.raises(UsageError, match=f"generate:{task}"):
        generators.generate(task, **wish)


# The edits


def test_a_painted_background_leaves_the_subject_alone_and_covers_all_else(offered):
    painter = offered()
    edited = background(negative_prompt="people").pixels
    subject = disc()
    assert (edited[subject[..., 3] == 255] == subject[subject[..., 3] == 255]).all()
    assert (edited[subject[..., 3] == 0] == (10, 200, 30, 255)).all()
    assert (edited[..., 3] == 255).all()
    _, wish = painter.asked[0]
    assert wish["more"]["negative_prompt"] == "people"
    assert (wish["mask"] == 1 - subject[..., 3] / np.float32(255)).all()


def test_edges_mix_the_subject_and_the_ground_once(offered):
    offered()
    edited, subject = background().pixels.astype(float), disc().astype(float)
    share = subject[..., 3:] / 255
    expected = subject[..., :3] * share + np.array([10, 200, 30]) * (1 - share)
    assert np.abs(edited[..., :3] - expected).max() <= 2


def test_a_background_is_painted_once_however_often_it_is_drawn(offered):
    painter = offered()
    scene = Scene(disc())
    list(catalogue()["generate_background"].act(scene, catalogue()["generate_background"].params(prompt="a beach")))
    first = scene.draw()
    assert (first == scene.draw()).all()
    assert len(painter.asked) == 1


def test_guidance_goes_along_unless_it_is_to_be_ignored(offered):
    painter = offered()
    inputs = {"guidance": np.full((5, 5, 3), 9, np.uint8)}
    background(inputs=inputs, guidance_scale=0.3)
    assert painter.asked[0][1]["more"]["guidance_scale"] == 0.3
    assert painter.asked[0][1]["more"]["guidance"].shape == (5, 5, 4)
    background(inputs=inputs, guidance_scale=0)
    assert "guidance" not in painter.asked[1][1]["more"]


def test_a_subject_that_fills_the_result_leaves_no_room(offered):
    offered()
    scene = Scene(np.full((9, 9, 4), 255, np.uint8))
    scene.subject = scene.picture
    with pytest.raises(Refusal, match="no room"):
        list(catalogue()["generate_background"].act(scene, catalogue()["generate_background"].params(prompt="a beach")))


@pytest.mark.parametrize("edit", ["generate_background", "edit_with_ai", "image_from_prompt"])
def test_words_are_needed(edit):
    with pytest.raises(UsageError, match=f"{edit} needs a prompt"):
        makeready.edit(disc(), [edit])


def test_the_seed_is_the_edits_own_or_that_of_all(offered):
    painter = offered()
    makeready.edit(disc(), [{"edit": "edit_with_ai", "prompt": "x"}], seed=5)
    makeready.edit(disc(), [{"edit": "edit_with_ai", "prompt": "x", "seed": 6}], seed=5)
    assert [wish["seed"] for _, wish in painter.asked] == [5, 6]


def test_a_scene_may_have_a_painter_of_its_own(offered):
    configured, own = offered(), Painter(answer=np.zeros((60, 80, 4), np.uint8))
    scene = Scene(disc(), generate=own)
    edit = catalogue()["edit_with_ai"]
    list(edit.act(scene, edit.params(prompt="x")))
    assert not configured.asked
    assert [task for task, _ in own.asked] == ["edit"]


def test_an_edit_that_loses_transparency_says_so(offered):
    offered()
    assert "opaque" in makeready.edit(disc(), [{"edit": "edit_with_ai", "prompt": "x"}]).notes[0]


def test_a_picture_from_words_takes_the_place_of_the_one_that_was_given(offered):
    offered()
    made = makeready.edit(disc(), [{"edit": "image_from_prompt", "prompt": "a car", "size": "LANDSCAPE_HD_16_9"}])
    assert made.pixels.shape == (720, 1280, 4)


@pytest.mark.parametrize("edit", ["flat_lay", "ghost_mannequin", "virtual_model"])
def test_clothes_are_painted_in_their_size_with_words_that_say_what_is_meant(offered, edit):
    painter = offered()
    made = makeready.edit(disc(), [{"edit": edit, "prompt": "Wool."}])
    assert made.pixels.shape[1::-1] == sizes.pixels("PORTRAIT_HD_3_2" if edit == "virtual_model" else "SQUARE_HD")
    assert painter.asked[0][0] == edit
    assert painter.asked[0][1]["prompt"].endswith("Wool.")


def test_every_preset_has_its_words():
    assert set(wording.MODELS) == set(typing.get_args(wording.ModelName))
    assert set(wording.POSES) == set(typing.get_args(wording.PoseName))
    assert set(wording.SCENES) == set(typing.get_args(wording.SceneName))


@pytest.mark.parametrize("name", typing.get_args(sizes.SizeName))
def test_sizes_have_the_shape_of_their_name_and_about_a_megapixel(name):
    width, height = sizes.pixels(name)
    side, _, shape = name.partition("_HD")
    longer, shorter = (int(part) for part in shape.strip("_").split("_")) if shape else (1, 1)
    expected = shorter / longer if side == "PORTRAIT" else longer / shorter
    assert width / height == pytest.approx(expected)
    assert 0.9e6 < width * height < 1.1e6
    assert width % 16 == height % 16 == 0
    assert sizes.pixels(name, "premium") == (4 * width, 4 * height)


def cut_subject(**sides):
    """A gray picture whose subject reaches the named sides."""
    picture = np.full((100, 140, 4), (180, 180, 180, 255), np.uint8)
    subject = picture.copy()
    subject[..., 3] = 0
    box = {"left": 40, "top": 30, "right": 100, "bottom": 70, **sides}
    area = slice(box["top"], box["bottom"]), slice(box["left"], box["right"])
    picture[area] = subject[area] = (40, 40, 200, 255)
    scene = Scene(picture)
    scene.subject = subject
    return scene


def uncropped(scene, **settings):
    edit = catalogue()["uncrop"]
    return list(edit.act(scene, edit.params(**settings)))


def test_uncrop_grows_where_the_subject_is_cut_off_and_keeps_every_pixel(offered):
    offered()
    scene = cut_subject(bottom=100, right=140)
    before = scene.picture
    (change,) = uncropped(scene, amount=0.2)
    assert scene.picture.shape == (120, 168, 4)
    assert (scene.picture[:100, :140] == before).all()
    assert (scene.picture[100:] == (10, 200, 30, 255)).all()
    assert change.message.endswith("right, bottom.")


def test_a_whole_subject_is_not_uncropped(offered):
    painter, scene = offered(), cut_subject()
    assert uncropped(scene) == []
    assert not painter.asked
    assert "whole" in scene.notes[0]


def test_words_say_what_the_subject_is(offered):
    offered()
    scene = Scene(np.full((40, 60, 4), 255, np.uint8))
    found = painting.described(scene, "the cup", "", keep_salient=False)
    assert (found[:, :30, 3] == 255).all()
    assert (found[:, 30:, 3] == 0).all()
    assert (painting.described(scene, "", "the cup", keep_salient=False)[..., 3] == 255 - found[..., 3]).all()
    scene.subject = np.full((40, 60, 4), 255, np.uint8)
    assert (painting.described(scene, "the cup", "", keep_salient=True)[..., 3] == 255).all()
    with pytest.raises(Refusal, match="“the cup” without “the cup”"):
        painting.described(scene, "the cup", "the cup", keep_salient=False)


# Words that are drawn without a model


def test_the_built_in_one_keeps_the_contract():
    assert_generator_contract(plain.generator)


def test_a_broken_one_does_not():
    broken = Painter(answer=np.zeros((60, 80, 3)))
    assert any("float64" in fault for fault in generator_faults(broken.generator))
    fickle = np.random.default_rng(1)
    restless = Painter(tasks=("edit",), answer=lambda wish: fickle.integers(0, 9, wish["image"].shape, np.uint8))
    assert list(generator_faults(restless.generator)) == [
        "edit: it gives something else the second time for the same seed"
    ]


@pytest.mark.parametrize(
    ("prompt", "kind", "colours"),
    [
        ("plain white background", "plain", [(255, 255, 255)]),
        ("A solid black backdrop.", "plain", [(0, 0, 0)]),
        ("#336699 background", "plain", [(0x33, 0x66, 0x99)]),
        ("light gray studio", "studio", [(202.5, 202.5, 202.5)]),
        ("studio background", "studio", [(255, 255, 255)]),
        ("textured beige paper", "paper", [(235, 222, 200)]),
        ("gradient from white to black", "gradient", [(255, 255, 255), (0, 0, 0)]),
        ("soft horizontal gradient, navy and cream", "gradient", [(22, 36, 84), (255, 250, 230)]),
    ],
)
def test_small_words_are_understood(prompt, kind, colours):
    ground = plain.understood(prompt)
    assert ground is not None
    assert ground.kind == kind
    assert list(ground.colours) == colours


@pytest.mark.parametrize(
    "prompt",
    [
        "a beach at sunset",
        "white background with roses",
        "not a white background",
        "an orange",
        "a chocolate background",
        "black and white background",
        "wood texture",
        "a studio, dark",
        "studio apartment",
        "a white horse",
        "sky blue background",
        "white background?",
        "background",
        "",
        "weißer Hintergrund",
    ],
)
def test_what_is_not_wholly_understood_is_nobodys_guess(prompt):
    assert plain.understood(prompt) is None


def test_a_plain_ground_is_exactly_its_colour():
    ground = plain.Ground("plain", ((12.0, 200.0, 33.0),))
    assert (plain.painted(ground, 30, 20) == (12, 200, 33)).all()


def test_a_gradient_goes_from_its_first_colour_to_its_last_without_steps():
    made = plain.painted(plain.understood("gradient from white to black"), 64, 512).astype(float)
    down = 255 * (1 - (np.arange(512) + 0.5) / 512)
    assert np.abs(made.mean(axis=(1, 2)) - down).max() < 0.4
    across = plain.painted(plain.understood("horizontal gradient from white to black"), 512, 64).astype(float)
    assert np.abs(across.mean(axis=(0, 2)) - down).max() < 0.4


def test_paper_is_nearly_its_colour_and_its_grain_depends_on_the_seed():
    ground = plain.understood("white paper")
    made = plain.painted(ground, 200, 150, seed=1)
    assert 245 < made.mean() < 255
    assert 0.5 < made.std() < 6
    assert (made == plain.painted(ground, 200, 150, seed=1)).all()
    assert (made != plain.painted(ground, 200, 150, seed=2)).any()


# Where people look


def test_cut_out_takes_words_for_the_subject(offered):
    painter = offered()
    picture = np.full((40, 60, 3), 200, np.uint8)
    cut = {"edit": "cut_out", "prompt": "the cup", "negative_prompt": "the saucer", "segmentation_mode": "auto"}
    with pytest.raises(Refusal, match="nothing in the picture is"):  # this painter finds all of it at the same place
        makeready.edit(picture, [cut])
    assert [wish["prompt"] for _, wish in painter.asked] == ["the cup", "the saucer"]
    del cut["negative_prompt"]
    edited = makeready.edit(picture, [cut]).pixels
    assert (edited[:, :30] == (200, 200, 200, 255)).all()
    assert (edited[:, 30:, 3] == 0).all()


@pytest.mark.parametrize(
    ("settings", "needs"),
    [
        ({}, ("segment:isnet",)),
        ({"prompt": "a cup"}, ("generate:segment",)),
        ({"negative_prompt": "a hand"}, ("segment:isnet", "generate:segment")),
        ({"prompt": "a cup", "segmentation_mode": "keep_salient_object"}, ("segment:isnet", "generate:segment")),
        ({"negative_prompt": "a hand", "segmentation_mode": "ignore_salient_object"}, ("generate:segment",)),
    ],
)
def test_cutting_out_needs_what_it_asks(settings, needs):
    edit = catalogue()["cut_out"]
    assert edit.calls_for(edit.params(**settings)) == needs


def test_doctor_lists_generators_in_order_and_says_where_pictures_go(offered, monkeypatch):
    from makeready.report import doctor

    offered(name="aa", sends_to=lambda: "images.example.com")
    offered(name="bb", problem=lambda: "BB_KEY is not set")
    lines = [health.line for health in doctor.examine() if health.thing.startswith("generator")]
    assert [line.split()[2] for line in lines] == ["plain", "aa", "bb"]
    assert "nothing leaves this machine" in lines[0]
    assert lines[1].endswith("sends pictures and words to images.example.com")
    assert lines[2].startswith("--")
    assert lines[2].endswith("BB_KEY is not set")
    monkeypatch.setenv(generators.CHOICE, "cc")
    assert any("There is no generator 'cc'" in health.state for health in doctor.examine())


def test_explain_has_a_page_for_each(offered):
    from click.testing import CliRunner

    from makeready.cli import main

    offered(name="aa", sends_to=lambda: "images.example.com", tasks=("edit",))
    page = CliRunner().invoke(main, ["explain", "aa"]).output
    assert "from a plug-in" in page
    assert "sends pictures and words to images.example.com" in page
    assert "`edit`" in page
