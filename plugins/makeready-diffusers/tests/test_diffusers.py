"""The generator with tiny pipelines of random weights: real code from the folder to the picture, and no network."""

from __future__ import annotations

import json
import socket

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: make test-diffusers")
pytest.importorskip("diffusers", reason="diffusers is not installed: make test-diffusers")
pytest.importorskip("transformers", reason="transformers is not installed: make test-diffusers")

from makeready_diffusers import running, settings  # noqa: E402
from makeready_diffusers.generator import generator  # noqa: E402

import makeready  # noqa: E402
from makeready.changes import Refusal  # noqa: E402
from makeready.edit import generators  # noqa: E402
from makeready.errors import FixFailed, NoGenerator  # noqa: E402
from makeready.testing.generators import assert_generator_contract  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")  # these packages warn of each other


def _tokenizer():
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import CLIPTokenizer

    letters = sorted(ByteLevel.alphabet())
    words = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    return CLIPTokenizer({word: at for at, word in enumerate(words)}, [], model_max_length=77)


def _text_encoder(tokenizer):
    from transformers import CLIPTextConfig, CLIPTextModel

    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer), hidden_size=32, intermediate_size=37, num_hidden_layers=2, num_attention_heads=4,
            projection_dim=32, bos_token_id=512, eos_token_id=513, pad_token_id=513,
        )
    )  # fmt: skip


def pipeline(kind, channels=4):
    """Stable Diffusion, a thousandth of it."""
    from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel

    torch.manual_seed(0)
    tokenizer = _tokenizer()
    unet = UNet2DConditionModel(
        block_out_channels=(4, 8), layers_per_block=1, sample_size=16, in_channels=channels, out_channels=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=32, norm_num_groups=2, attention_head_dim=4,
    )  # fmt: skip
    vae = AutoencoderKL(
        block_out_channels=(4, 4, 8, 8), in_channels=3, out_channels=3, latent_channels=4, norm_num_groups=2,
        down_block_types=["DownEncoderBlock2D"] * 4, up_block_types=["UpDecoderBlock2D"] * 4, sample_size=64,
    )  # fmt: skip
    return kind(
        vae=vae, text_encoder=_text_encoder(tokenizer), tokenizer=tokenizer, unet=unet,
        scheduler=DDIMScheduler(clip_sample=False, set_alpha_to_one=False, beta_schedule="scaled_linear"),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip


def _saved(made, folder):
    made.save_pretrained(folder)
    assert list(folder.rglob("*.safetensors"))
    return folder


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    from diffusers import StableDiffusionPipeline

    return _saved(pipeline(StableDiffusionPipeline), tmp_path_factory.mktemp("weights") / "whole")


@pytest.fixture(scope="session")
def filling(tmp_path_factory):
    from diffusers import StableDiffusionInpaintPipeline

    return _saved(pipeline(StableDiffusionInpaintPipeline, 9), tmp_path_factory.mktemp("weights") / "filling")


@pytest.fixture(scope="session")
def instructed(tmp_path_factory):
    from diffusers import StableDiffusionInstructPix2PixPipeline

    made = pipeline(StableDiffusionInstructPix2PixPipeline, 8)
    return _saved(made, tmp_path_factory.mktemp("weights") / "instructed")


@pytest.fixture(scope="session")
def finding(tmp_path_factory):
    from transformers import (
        CLIPSegConfig,
        CLIPSegForImageSegmentation,
        CLIPSegProcessor,
        CLIPSegTextConfig,
        CLIPSegVisionConfig,
        ViTImageProcessor,
    )

    torch.manual_seed(0)
    tokenizer, folder = _tokenizer(), tmp_path_factory.mktemp("weights") / "finding"
    small = {"hidden_size": 32, "intermediate_size": 37, "num_hidden_layers": 2, "num_attention_heads": 4}
    config = CLIPSegConfig(
        text_config=CLIPSegTextConfig(vocab_size=len(tokenizer), eos_token_id=513, pad_token_id=513, **small).to_dict(),
        vision_config=CLIPSegVisionConfig(image_size=64, patch_size=16, **small).to_dict(),
        projection_dim=32, reduce_dim=16, extract_layers=[0, 1], decoder_num_attention_heads=4,
        decoder_intermediate_size=32, conditional_layer=0,
    )  # fmt: skip
    CLIPSegForImageSegmentation(config).save_pretrained(folder)
    CLIPSegProcessor(ViTImageProcessor(size={"height": 64, "width": 64}), tokenizer).save_pretrained(folder)
    return folder


@pytest.fixture(autouse=True)
def _settings(monkeypatch):
    """Nothing but what a test says, two steps, and no way out."""
    for name in [settings.FOLDER, *map(settings.variable, settings.TASKS), settings.SIDE]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(settings.STEPS, "2")
    monkeypatch.setenv(settings.DEVICE, "cpu")
    monkeypatch.setenv("MAKEREADY_GENERATOR", "diffusers")

    def nowhere(*_):
        raise AssertionError("somebody asked a network")

    monkeypatch.setattr(socket.socket, "connect", nowhere)


def use(monkeypatch, folder, task=None):
    monkeypatch.setenv(settings.variable(task) if task else settings.FOLDER, str(folder))


def subject(width=90, height=61):
    picture = np.zeros((height, width, 4), np.uint8)
    picture[..., :3] = (255, 0, 255)
    picture[20:40, 30:60] = (90, 90, 90, 255)
    return picture


def painted(seed=1, picture=None, **inputs):
    edit = {"edit": "generate_background", "prompt": "a boulder", "seed": seed}
    return makeready.edit(subject() if picture is None else picture, [edit], inputs=inputs).pixels


@pytest.mark.parametrize("kind", ["whole", "filling", "instructed", "finding"])
def test_it_keeps_the_contract_with_each_kind_of_weights(monkeypatch, request, kind):
    use(monkeypatch, request.getfixturevalue(kind))
    assert_generator_contract(generator)


@pytest.mark.parametrize(
    ("kind", "tasks"),
    [
        ("whole", {"image", "background", "expand", "uncrop", "beautify"}),
        ("filling", {"background", "expand", "uncrop"}),
        ("instructed", {"edit", "beautify"}),
        ("finding", {"segment"}),
    ],
)
def test_weights_do_what_their_pipeline_is_for_and_no_more(monkeypatch, request, kind, tasks):
    use(monkeypatch, request.getfixturevalue(kind))
    assert settings.able() == tasks
    assert {task for task in generator.capabilities if generator.can(task, "", {})} == tasks


def test_a_seed_is_a_picture_and_another_seed_another_one(monkeypatch, whole):
    use(monkeypatch, whole)
    assert (painted(seed=1) == painted(seed=1)).all()
    assert (painted(seed=1) != painted(seed=2)).any()


@pytest.mark.parametrize("kind", ["whole", "filling"])
def test_the_subject_stays_byte_by_byte(monkeypatch, request, kind):
    use(monkeypatch, request.getfixturevalue(kind))
    edited = painted()
    assert edited.shape == (61, 90, 4)
    assert (edited[20:40, 30:60] == (90, 90, 90, 255)).all()
    assert (edited[..., 3] == 255).all()
    assert edited[:15].std() > 0


def test_a_guiding_picture_is_where_painting_starts(monkeypatch, whole):
    use(monkeypatch, whole)
    monkeypatch.setenv(settings.STEPS, "20")
    dark, light = (np.full((10, 10, 3), tone, np.uint8) for tone in (5, 250))
    wish = {"edit": "generate_background", "prompt": "a boulder", "seed": 3, "guidance_scale": 0.95}
    made = [makeready.edit(subject(), [wish], inputs={"guidance": tone}).pixels for tone in (dark, light)]
    assert (made[0] != made[1]).any()
    wish["guidance_scale"] = 0
    free = [makeready.edit(subject(), [wish], inputs={"guidance": tone}).pixels for tone in (dark, light)]
    assert (free[0] == free[1]).all()


def test_what_was_cut_away_is_not_seen_by_the_weights(monkeypatch, whole):
    use(monkeypatch, whole)
    other = subject()
    other[other[..., 3] == 0] = (0, 255, 0, 0)
    assert (painted() == painted(picture=other)).all()


def test_sizes_are_those_that_were_asked_for(monkeypatch, whole):
    use(monkeypatch, whole)
    made = generators.generate("image", prompt="a red car", size=(103, 77), seed=5)
    assert made.shape == (77, 103, 4)
    assert made[..., 3].min() == 255


def test_large_pictures_are_painted_at_the_size_of_the_weights_and_enlarged(monkeypatch, whole):
    use(monkeypatch, whole)
    seen = []
    run = running._run
    monkeypatch.setattr(running, "_run", lambda made, wish, seed: seen.append(wish) or run(made, wish, seed))
    picture = np.full((400, 600, 4), 200, np.uint8)
    mask = np.zeros((400, 600), np.float32)
    mask[:, 500:] = 1
    answer = generators.generate("expand", image=picture, mask=mask)
    assert (seen[0]["width"], seen[0]["height"]) == (128, 88)  # 128 is what the weights say; 85 goes up to 88
    assert seen[0]["image"].size == seen[0]["mask_image"].size == (128, 88)
    assert answer.shape == (400, 600, 4)
    assert (answer[:, :500] == 200).all()
    monkeypatch.setenv(settings.SIDE, "64")
    generators.generate("expand", image=picture, mask=mask)
    assert seen[1]["width"] == 64


def test_an_instruction_changes_the_picture(monkeypatch, instructed):
    use(monkeypatch, instructed)
    picture = np.full((40, 50, 3), 120, np.uint8)
    edited = makeready.edit(picture, [{"edit": "edit_with_ai", "prompt": "make it red", "seed": 4}]).pixels
    assert edited.shape == (40, 50, 4)
    assert (edited[..., :3] != 120).any()


def test_clothes_are_painted_where_a_folder_is_named_for_them(monkeypatch, instructed):
    use(monkeypatch, instructed)
    picture = np.full((40, 50, 3), 120, np.uint8)
    with pytest.raises(NoGenerator):
        makeready.edit(picture, ["flat_lay"])
    use(monkeypatch, instructed, "flat_lay")
    monkeypatch.setenv(settings.SIDE, "128")
    assert makeready.edit(picture, ["flat_lay"]).pixels.shape == (1024, 1024, 4)


def test_words_find_their_part_of_the_picture(monkeypatch, finding):
    use(monkeypatch, finding, "segment")
    picture = np.full((50, 70, 4), 255, np.uint8)
    answer = generators.generate("segment", image=picture, prompt="the cup")
    assert answer.shape == (50, 70)
    assert answer.dtype == np.uint8


def test_a_safety_checker_that_holds_a_picture_back_is_heard(monkeypatch, whole):
    use(monkeypatch, whole)
    made = running._pipeline(whole, "cpu", "fill")
    checked = lambda image, *_: (image, [True])  # noqa: E731
    monkeypatch.setattr(made, "run_safety_checker", checked)
    with pytest.raises(Refusal, match="safety checker"):
        painted()


def test_pickled_weights_are_not_opened(monkeypatch, whole, tmp_path):
    import shutil

    folder = tmp_path / "pickled"
    shutil.copytree(whole, folder)
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    weights.rename(weights.with_suffix(".bin"))
    use(monkeypatch, folder)
    with pytest.raises(FixFailed, match=r"diffusers .*safetensors"):
        painted()


def test_folders_that_hold_nothing_are_named(monkeypatch, tmp_path, filling):
    assert "names no folder" in generator.problem()
    monkeypatch.setenv(settings.FOLDER, str(tmp_path / "nowhere"))
    assert "which is no folder" in generator.problem()
    use(monkeypatch, tmp_path)
    assert "holds no pipeline" in generator.problem()
    (tmp_path / "model_index.json").write_text("{")
    assert "cannot be read" in generator.problem()
    (tmp_path / "model_index.json").write_text(json.dumps({"_class_name": "SomethingPipeline"}))
    assert settings.able() == {"image"}
    use(monkeypatch, filling, "image")
    assert "whose pipeline cannot do this" in generator.problem()


@pytest.mark.parametrize(("name", "value"), [(settings.STEPS, "many"), (settings.SIDE, "0")])
def test_numbers_that_are_none_are_named(monkeypatch, whole, name, value):
    use(monkeypatch, whole)
    monkeypatch.setenv(name, value)
    assert name in generator.problem()


def test_what_is_not_installed_is_named(monkeypatch, whole):
    use(monkeypatch, whole)
    assert generator.problem() == ""
    monkeypatch.setattr(settings, "PACKAGES", ("torch", "a_package_that_nobody_has"))
    assert generator.problem().startswith("a_package_that_nobody_has is not installed: pip install")


def test_pictures_stay_on_this_machine():
    assert generator.sends_to() == ""
