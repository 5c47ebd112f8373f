"""The generator against a server on this machine: what is sent, what is made of answers, what people are told."""

from __future__ import annotations

import base64
import io
import logging

import httpx
import numpy as np
import pytest
from makeready_openai_images import pictures, settings
from makeready_openai_images import server as client
from makeready_openai_images.generator import generator
from PIL import Image

import makeready
from makeready.changes import Refusal
from makeready.edit import generators
from makeready.errors import MissingDependency, NoGenerator
from makeready.testing.generators import assert_generator_contract

KEY = "sk-a-key-that-nobody-may-read"


@pytest.fixture
def waits(monkeypatch):
    """The pauses that were made, without making them."""
    found = []
    monkeypatch.setattr(client.time, "sleep", found.append)
    return found


def subject(width=90, height=60, hidden=(255, 0, 255)):
    """A gray square in the middle; what is clear around it has a colour that nobody may see."""
    picture = np.zeros((height, width, 4), np.uint8)
    picture[..., :3] = hidden
    picture[20:40, 30:60] = (90, 90, 90, 255)
    return picture


def painted(**wish):
    edit = {"edit": "generate_background", "prompt": "a boulder with a mountain view", "expand_prompt": "never", **wish}
    return makeready.edit(subject(), [edit])


@pytest.mark.usefixtures("server")
def test_it_keeps_the_contract():
    assert_generator_contract(generator, repeats=False)


def test_a_background_is_asked_for_as_the_api_wants_it(server):
    painted()
    (asked,) = server.asked
    assert asked.path == "/v1/images/edits"
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert asked.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert asked.fields["model"] == "gpt-image-1"
    assert asked.fields["size"] == "384x256"  # 90 × 60 is three by two
    assert "a boulder with a mountain view" in asked.fields["prompt"]
    assert "response_format" not in asked.fields
    assert [(name, kind) for name, _, kind, _ in asked.files] == [("image", "image/png"), ("mask", "image/png")]


def test_the_mask_is_clear_where_to_paint_and_opaque_on_the_subject(server):
    painted()
    opacity = np.asarray(server.asked[0].picture("mask").getchannel("A"))
    assert opacity.shape == (256, 384)
    assert opacity[128, 192] == 255
    assert opacity[25, 25] == opacity[225, 350] == 0
    assert set(np.unique(opacity)) == {0, 255}


def test_what_was_cut_away_is_not_sent(server):
    painted()
    sent = np.asarray(server.asked[0].picture("image").convert("RGB")).astype(int)
    magenta = (sent[..., 0] > 200) & (sent[..., 1] < 60) & (sent[..., 2] > 200)
    assert not magenta.any()
    assert (sent[12, 12] == 255).all()
    assert np.abs(sent[128, 192] - 90).max() <= 1


def test_the_subject_stays_byte_by_byte_and_the_ground_is_what_the_server_painted(server):
    edited = painted().pixels
    assert (edited[20:40, 30:60] == (90, 90, 90, 255)).all()
    assert (edited[50:, 70:, :3] == server.colour).all()
    assert (edited[:10, :20, :3] == (200, 40, 40)).all()


def test_pictures_of_other_shapes_lie_in_the_middle_and_come_back_without_the_rim(server):
    picture = np.full((40, 200, 4), 255, np.uint8)
    mask = np.zeros((40, 200), np.float32)
    mask[:, 100:] = 1
    answer = generators.generate("expand", image=picture, mask=mask, prompt="")
    opacity = np.asarray(server.asked[0].picture("mask").getchannel("A"))
    assert opacity.shape == (256, 384)
    assert opacity[:75].min() == opacity[-75:].min() == 255  # above and below nothing is to be painted
    assert opacity[128, 350] == 0
    assert answer.shape == (40, 200, 4)
    assert (answer[:, :100] == 255).all()
    assert (answer[25:, 105:, :3] == server.colour).all()


def test_pictures_from_words_are_json_and_come_in_the_size_that_was_named(server):
    blank = np.zeros((8, 8, 3), np.uint8)
    made = makeready.edit(blank, [{"edit": "image_from_prompt", "prompt": "a red car", "size": "PORTRAIT_HD_3_2"}])
    (asked,) = server.asked
    assert asked.path == "/v1/images/generations"
    assert asked.headers["content-type"] == "application/json"
    assert asked.fields == {"prompt": "a red car", "n": 1, "size": "256x384", "model": "gpt-image-1"}
    assert made.pixels.shape == (1248, 832, 4)


def test_clothes_go_with_the_pictures_of_the_person_and_the_place(server):
    person, place, back = (np.full((50, 40, 3), tone, np.uint8) for tone in (10, 20, 30))
    made = makeready.edit(
        subject(), [{"edit": "virtual_model", "pose": "seated", "prompt": "Street style."}],
        inputs={"model": person, "scene": place, "product-1": back},
    )  # fmt: skip
    (asked,) = server.asked
    assert [name for name, *_ in asked.files] == ["image[]"] * 4
    tones = [Image.open(io.BytesIO(data)).convert("L").getpixel((120, 120)) for *_, data in asked.files[1:]]
    assert tones == [30, 10, 20]
    assert "seated" in asked.fields["prompt"]
    assert "Street style." in asked.fields["prompt"]
    assert made.pixels.shape == (1248, 832, 4)


def test_guidance_and_what_not_to_show_are_said(server):
    makeready.edit(
        subject(), [{"edit": "generate_background", "prompt": "a beach", "negative_prompt": "people"}],
        inputs={"guidance": np.full((20, 30, 3), 77, np.uint8)},
    )  # fmt: skip
    (asked,) = server.asked
    assert [name for name, *_ in asked.files] == ["image[]", "image[]", "mask"]
    assert "Do not show: people." in asked.fields["prompt"]
    assert "Follow the second picture closely" in asked.fields["prompt"]


@pytest.mark.parametrize(
    ("model", "sends"), [("gpt-image-1", False), ("dall-e-2", True), ("own-model", True), ("", True)]
)
def test_base64_is_asked_for_where_the_model_can_be_told(server, monkeypatch, model, sends):
    monkeypatch.setenv("MAKEREADY_OPENAI_IMAGES_MODEL", model)
    generators.generate("image", prompt="a red car", size=(64, 64))
    assert ("response_format" in server.asked[0].fields) == sends
    assert ("model" in server.asked[0].fields) == bool(model)


@pytest.mark.parametrize(
    ("model", "size"),
    [("gpt-image-1", "1536x1024"), ("", "1536x1024"), ("dall-e-2", "512x512"), ("dall-e-3", "1792x1024")],
)
def test_each_family_of_models_is_asked_for_a_size_that_it_makes(monkeypatch, model, size):
    monkeypatch.setenv("MAKEREADY_OPENAI_IMAGES_URL", "https://images.example.com")
    monkeypatch.setenv("MAKEREADY_OPENAI_IMAGES_MODEL", model)
    monkeypatch.delenv("MAKEREADY_OPENAI_IMAGES_SIZES", raising=False)
    width, height = pictures.nearest(480, 300, settings.read().sizes)
    assert f"{width}x{height}" == size


def test_sizes_may_be_named(server, monkeypatch):
    monkeypatch.setenv("MAKEREADY_OPENAI_IMAGES_SIZES", "640x480, 320x320")
    assert generators.generate("image", prompt="a red car", size=(400, 300)).shape == (300, 400, 4)
    assert server.asked[0].fields["size"] == "640x480"


def test_a_model_is_only_asked_for_what_it_can_do(server, monkeypatch):
    monkeypatch.setenv("MAKEREADY_OPENAI_IMAGES_MODEL", "dall-e-3")
    assert generators.chosen("image", "a red car") is not None
    with pytest.raises(NoGenerator, match="cannot, as it is configured"):
        generators.chosen("edit", "make it red")
    assert not server.asked


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_asked_again_after_the_time_it_names(server, waits, status):
    server.fail(status, {"error": {"message": "Slow down"}}, Retry_After="7")
    server.fail(status, {"error": {"message": "Slow down"}})
    assert painted().pixels.shape == (60, 90, 4)
    assert waits == [7.0, client.PAUSES[1]]
    assert len(server.asked) == 3


@pytest.mark.usefixtures("waits")
def test_a_server_that_stays_busy_is_named(server):
    for _ in range(3):
        server.fail(429, {"error": {"message": "Rate limit reached for images."}})
    with pytest.raises(MissingDependency, match=r"127\.0\.0\.1:\d+ is busy: Rate limit reached for images"):
        painted()
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("body", "headers"),
    [({"error": {"code": "insufficient_quota", "message": "Pay"}}, {}), ({}, {"Retry_After": "900"})],
)
def test_it_does_not_wait_where_that_is_of_no_use(server, waits, body, headers):
    server.fail(429, body, **headers)
    with pytest.raises(MissingDependency):
        painted()
    assert not waits
    assert len(server.asked) == 1


def test_a_key_that_is_not_taken_is_said_and_never_shown(server, monkeypatch, caplog):
    secret = "sk-another-secret"
    monkeypatch.setenv("MAKEREADY_OPENAI_IMAGES_KEY", secret)
    with caplog.at_level(logging.DEBUG), pytest.raises(MissingDependency, match="does not take the key") as caught:
        painted()
    assert "MAKEREADY_OPENAI_IMAGES_KEY" in caught.value.hint
    assert secret not in f"{caught.value} {caught.value.hint} {caught.value!r}" + caplog.text
    server.fail(400, {"error": {"message": f"Your key {secret} may not do this."}})
    with pytest.raises(Refusal) as refused:
        painted()
    assert secret not in str(refused.value)


def test_what_the_server_refuses_is_told_in_its_words(server):
    server.fail(400, {"error": {"message": "Your request was rejected by the safety system.", "code": "moderation"}})
    with pytest.raises(Refusal, match=r"generate_background: .*refuses \(HTTP 400\): Your request was rejected"):
        painted()


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (404, {"error": {"message": "The model 'x' does not exist"}}, "does not offer this .*The model 'x'"),
        (403, b"<html>Forbidden</html>", r"does not offer this \(HTTP 403\)\."),
        (302, b"", "sends elsewhere"),
        (200, b"<html>hello</html>", "without a picture"),
        (200, {"data": []}, "without a picture"),
        (200, {"data": [{"url": "http://127.0.0.1/x.png"}]}, "only pictures within the answer"),
        (200, {"data": [{"b64_json": "!!!"}]}, "without a picture"),
        (200, {"data": [{"b64_json": base64.b64encode(b"no picture").decode()}]}, "no PNG, JPEG or WebP"),
    ],
)
def test_answers_that_are_none_are_said_plainly(server, status, body, said):
    server.fail(status, body, Location="http://127.0.0.1:9/elsewhere")
    with pytest.raises(MissingDependency, match=said):
        painted()
    assert len(server.asked) == 1


@pytest.mark.usefixtures("server")
def test_an_answer_that_is_too_long_is_not_held(monkeypatch):
    monkeypatch.setattr(client, "MOST_BYTES", 1000)
    with pytest.raises(MissingDependency, match="broke off"):
        painted()


@pytest.mark.usefixtures("server")
def test_a_server_that_is_not_there_is_named(waits, monkeypatch):
    monkeypatch.setenv("MAKEREADY_OPENAI_IMAGES_URL", "http://127.0.0.1:9/v1")
    with pytest.raises(MissingDependency, match=r"127\.0\.0\.1:9 cannot be reached"):
        painted()
    assert len(waits) == client.TRIES - 1


@pytest.mark.usefixtures("server")
def test_an_answer_that_does_not_come_is_not_paid_for_twice(monkeypatch):
    tried = []

    def late(*_):
        tried.append(1)
        raise httpx.ReadTimeout("late")

    monkeypatch.setattr(client, "_answer", late)
    with pytest.raises(MissingDependency, match="no answer in 180 seconds"):
        painted()
    assert len(tried) == 1


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("URL", "", "names no server"),
        ("URL", "images.example.com", "is not an address"),
        ("URL", "https://user:pass@example.com", "is not an address"),
        ("SIZES", "1024", "is no size"),
        ("TIMEOUT", "soon", "not a number of seconds"),
    ],
)
def test_settings_that_cannot_be_used_are_named_before_anything_is_sent(server, monkeypatch, name, value, said):
    monkeypatch.setenv(f"MAKEREADY_OPENAI_IMAGES_{name}", value)
    with pytest.raises(NoGenerator, match=f"MAKEREADY_OPENAI_IMAGES_{name} .*{said}"):
        painted()
    assert generator.sends_to() == ""
    assert not server.asked


def test_where_pictures_go_is_said_without_the_key(server):
    assert generator.sends_to() == server.url.removeprefix("http://").removesuffix("/v1")


def test_an_address_without_a_path_gets_the_usual_one(server, monkeypatch):
    monkeypatch.setenv("MAKEREADY_OPENAI_IMAGES_URL", server.url.removesuffix("/v1"))
    painted()
    assert server.asked[0].path == "/v1/images/edits"


@pytest.mark.parametrize("side", [(1, 1), (3, 1000), (1000, 3), (1024, 1024)])
def test_any_shape_fits_and_comes_back(side):
    fit = pictures.Fit.of(*side, pictures.nearest(*side, ((1024, 1024), (1536, 1024), (1024, 1536))))
    back = fit.back(np.zeros((fit.size[1] // 2, fit.size[0] // 2, 3), np.uint8))  # a server may answer in another size
    assert min(back.shape) >= 1
