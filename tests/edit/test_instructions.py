"""What people ask for in words: phrasings, what is to come of each, and what must never be guessed at."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import makeready
from makeready.edit.instructions import NotUnderstood, understood

Step = tuple[str, dict[str, Any]]


def tones(on: str = "everything", **signs: float) -> Step:
    """An adjustment: of each amount its sign, or the number itself where it is no whole one."""
    return "adjust", {"on": on, **signs}


UP, DOWN = 1, -1

#: An instruction, and the edits that come of it. Of amounts, 1 and -1 stand for any amount of that sign.
ASKED: dict[str, list[Step]] = {
    # Light
    "make it brighter": [tones(brightness=UP)],
    "Brighten the image": [tones(brightness=UP)],
    "can you brighten this photo up a bit please?": [tones(brightness=UP)],
    "lighten the picture slightly": [tones(brightness=0.14)],
    "it's too dark": [tones(brightness=UP)],
    "The photo is too bright": [tones(brightness=DOWN)],
    "make it darker": [tones(brightness=DOWN)],
    "darken the image a lot": [tones(brightness=-0.63)],
    "increase brightness by 20%": [tones(brightness=0.2)],
    "decrease the brightness by 15 percent": [tones(brightness=-0.15)],
    "brightness +30": [tones(brightness=0.3)],
    "increase the exposure by 1 stop": [tones(exposure=1.0)],
    "reduce exposure by 0.5 stops": [tones(exposure=-0.5)],
    "bump up the exposure": [tones(exposure=UP)],
    "it is underexposed and I want more contrast": [tones(exposure=DOWN, contrast=UP)],
    "lower the highlights": [tones(highlights=DOWN)],
    "recover the highlights": [tones(highlights=DOWN)],
    "bring back the highlights and lift the shadows": [tones(highlights=DOWN, shadows=UP)],
    "the highlights are too bright": [tones(highlights=DOWN)],
    "brighten the shadows": [tones(shadows=UP)],
    "brighten up the dark areas": [tones(shadows=UP)],
    "reduce the shadows": [tones(shadows=DOWN)],
    "darken the shadows": [tones(shadows=DOWN)],
    "improve the lighting": [tones(brightness=UP, shadows=UP)],
    # Contrast and looks
    "more contrast": [tones(contrast=UP)],
    "add contrast": [tones(contrast=UP)],
    "boost the contrast a little": [tones(contrast=0.175)],
    "less contrast please": [tones(contrast=DOWN)],
    "tone down the contrast": [tones(contrast=DOWN)],
    "make it pop": [tones(contrast=UP, vibrance=UP)],
    "make the colours pop": [tones(contrast=UP, vibrance=UP)],
    "make it punchier": [tones(contrast=UP)],
    "give it a vintage look": [tones(contrast=DOWN, saturation=DOWN, sepia=UP, vignette=UP)],
    "make it look moody": [tones(brightness=DOWN, contrast=UP, saturation=DOWN)],
    "apply a dramatic effect": [tones(contrast=UP, shadows=DOWN, vignette=UP)],
    "make it more cinematic": [tones(contrast=UP, saturation=DOWN, vignette=UP, temperature=UP)],
    "remove the haze": [tones(contrast=UP, saturation=UP)],
    "dehaze": [tones(contrast=UP, saturation=UP)],
    # Colour
    "make the colors more vibrant": [tones(vibrance=UP, saturation=UP)],
    "make the colours more vivid": [tones(vibrance=UP, saturation=UP)],
    "increase vibrance": [tones(vibrance=UP)],
    "increase the saturation by 25 %": [tones(saturation=0.25)],
    "boost the colors": [tones(saturation=UP)],
    "less saturated": [tones(saturation=DOWN)],
    "desaturate it slightly": [tones(saturation=-0.2)],
    "mute the colours": [tones(saturation=DOWN)],
    "the colours are too vivid": [tones(vibrance=DOWN, saturation=DOWN)],
    "make it warmer": [tones(temperature=UP)],
    "warm it up": [tones(temperature=UP)],
    "warm up the image": [tones(temperature=UP)],
    "make the photo slightly cooler": [tones(temperature=-0.16)],
    "add warmth": [tones(temperature=UP)],
    "add warm sunset tones": [tones(temperature=UP, tint=UP, vibrance=UP)],
    "give the photo a golden hour feel": [tones(temperature=UP, tint=UP, vibrance=UP)],
    "make it more blue": [tones(temperature=DOWN)],
    "remove the yellow tint": [tones(temperature=DOWN)],
    "fix the blue cast": [tones(temperature=UP)],
    "get rid of the green tint": [tones(tint=UP)],
    "shift the hue by 30 degrees": [tones(hue=30.0)],
    "turn it black and white": [tones(grayscale=1.0)],
    "convert to grayscale": [tones(grayscale=1.0)],
    "convert this picture to greyscale": [tones(grayscale=1.0)],
    "make it B&W": [tones(grayscale=1.0)],
    "black-and-white": [tones(grayscale=1.0)],
    "monochrome, high contrast": [tones(grayscale=1.0, contrast=UP)],
    "remove all the colour": [tones(grayscale=1.0)],
    "apply a sepia filter": [tones(sepia=UP)],
    "sepia": [tones(sepia=UP)],
    "invert the colours": [tones(invert=1.0)],
    "make it a negative": [tones(invert=1.0)],
    # Sharpness
    "sharpen the image": [tones(sharpen=UP)],
    "make it sharper and clearer": [tones(sharpen=UP)],
    "increase sharpness by 40%": [tones(sharpen=0.4)],
    "make it a bit softer": [tones(blur=UP, contrast=DOWN)],
    "blur the image": [tones(blur=UP)],
    "add some blur": [tones(blur=UP)],
    "reduce noise": [tones(denoise=UP)],
    "remove the grain": [tones(denoise=UP)],
    "denoise it": [tones(denoise=UP)],
    "less grainy": [tones(denoise=UP)],
    "add a vignette": [tones(vignette=UP)],
    "add a subtle vignette": [tones(vignette=0.2)],
    # Parts
    "make the sky more vibrant": [tones("sky", vibrance=UP, saturation=UP)],
    "make the sky bluer and darker": [tones("sky", temperature=DOWN, brightness=DOWN)],
    "darken the sky a bit": [tones("sky", brightness=-0.175)],
    "increase contrast in the background": [tones("background", contrast=UP)],
    "make the background darker": [tones("background", brightness=DOWN)],
    "the background is too bright": [tones("background", brightness=DOWN)],
    "brighten the subject": [tones("subject", brightness=UP)],
    "sharpen the product": [tones("subject", sharpen=UP)],
    "make the person brighter and warmer": [tones("subject", brightness=UP, temperature=UP)],
    "warm up the highlights": [tones("highlights", temperature=UP)],
    "desaturate the background": [tones("background", saturation=DOWN)],
    "make the background black and white": [tones("background", grayscale=1.0)],
    "make everything brighter": [tones(brightness=UP)],
    "make the background darker and blur it": [tones("background", brightness=DOWN), ("blur_background", {})],
    # Several clauses
    "Make the sky more vibrant and add warm sunset tones": [
        tones("sky", vibrance=UP, saturation=UP),
        tones(temperature=UP, tint=UP, vibrance=UP),
    ],
    "increase brightness and contrast by 20%": [tones(brightness=0.2, contrast=0.2)],
    "increase the brightness, reduce the contrast and saturation": [
        tones(brightness=UP, contrast=DOWN, saturation=DOWN)
    ],
    "make it less bright and saturated": [tones(brightness=DOWN, saturation=DOWN)],
    "brighter, warmer, sharper": [tones(brightness=UP, temperature=UP, sharpen=UP)],
    "First brighten it, then add a vignette": [tones(brightness=UP, vignette=UP)],
    "make it warmer. Then crop to a square.": [tones(temperature=UP), ("crop", {"ratio": "1:1"})],
    # What stays
    "make everything black and white except the subject": [
        ("adjust", {"on": "everything", "grayscale": 1.0, "spare": ("subject",)})
    ],
    "convert to black and white but keep the subject in color": [
        ("adjust", {"on": "everything", "grayscale": 1.0, "spare": ("subject",)})
    ],
    "darken the image, but don't touch the sky": [
        ("adjust", {"on": "everything", "brightness": DOWN, "spare": ("sky",)})
    ],
    "brighten it without changing the background": [
        ("adjust", {"on": "everything", "brightness": UP, "spare": ("background",)})
    ],
    "leave the sky as it is and make it warmer": [
        ("adjust", {"on": "everything", "temperature": UP, "spare": ("sky",)})
    ],
    "make it black and white, but only the background": [tones("background", grayscale=1.0)],
    # Edges, turns and mirrors
    "crop to 16:9": [("crop", {"ratio": "16:9"})],
    "Crop it to a square": [("crop", {"ratio": "1:1"})],
    "crop to 4x5": [("crop", {"ratio": "4:5"})],
    "make it square": [("crop", {"ratio": "1:1"})],
    "crop 10% from the top": [("crop", {"top": 0.1})],
    "crop 10% off the top and bottom": [("crop", {"top": 0.1, "bottom": 0.1})],
    "crop to the subject": [("crop", {"to": "subject"})],
    "rotate 90 degrees clockwise": [("rotate", {"degrees": 90.0})],
    "rotate 90° counterclockwise": [("rotate", {"degrees": -90.0})],
    "rotate the image to the left": [("rotate", {"degrees": -90.0})],
    "turn it upside down": [("rotate", {"degrees": 180.0})],
    "rotate by 5 degrees": [("rotate", {"degrees": 5.0})],
    "flip horizontally": [("flip", {"direction": "horizontal"})],
    "flip the image vertically": [("flip", {"direction": "vertical"})],
    "mirror the image": [("flip", {"direction": "horizontal"})],
    # Subject and background
    "remove the background": [("cut_out", {})],
    "Remove background": [("cut_out", {})],
    "delete the background please": [("cut_out", {})],
    "isolate the subject": [("cut_out", {})],
    "cut out the product": [("cut_out", {})],
    "remove everything except the subject": [("cut_out", {})],
    "make the background transparent": [("cut_out", {})],
    "make the background white": [("cut_out", {}), ("background", {"color": "white"})],
    "change the background to light blue": [("cut_out", {}), ("background", {"color": "lightblue"})],
    "replace the background with a solid red": [("cut_out", {}), ("background", {"color": "red"})],
    "put it on a white background": [("cut_out", {}), ("background", {"color": "white"})],
    "set the background color to #ff8800": [("cut_out", {}), ("background", {"color": "#ff8800"})],
    "blur the background": [("blur_background", {})],
    "blur the background slightly": [("blur_background", {"radius": 0.0048})],
    "add a bokeh effect": [("blur_background", {"mode": "bokeh"})],
    "add a shadow": [("shadow", {"mode": "soft"})],
    "add a soft drop shadow to the product": [("shadow", {"mode": "soft"})],
    "give it a hard shadow": [("shadow", {"mode": "hard"})],
    "add a white outline": [("outline", {"color": "white"})],
    "remove the background, add a shadow and make it brighter": [("cut_out", {}), ("shadow", {}), tones(brightness=UP)],
    # Text and pixels
    "remove the text": [("remove_text", {"which": "all"})],
    "erase all text": [("remove_text", {"which": "all"})],
    "get rid of the watermark": [("remove_text", {"which": "artificial"})],
    "upscale the image": [("enlarge_first", {})],
    "upscale 2x": [("enlarge_first", {"scale": 2})],
    "increase the resolution": [("enlarge_first", {})],
}

#: What a grammar of tones and layout cannot do; a star where only a generator could.
NOT_ASKED = """
    * remove the coffee cup on the table
    * add a unicorn
    * remove the person in the red jacket
    * add a hat to the dog
    * make the sky more vibrant with unicorns
    * replace the background with a beach
    * change the background to a busy street at night
    * put the product on a marble table
    * change the shirt to red
    * make him smile
    * make the car blue
    * swap the cat for a dog
    * remove the power lines
    * add snow
    * make it look like a painting by Monet
    * turn the photo into a cartoon
    * add some clouds to the sky
    * remove the wrinkles from her face
    * whiten the teeth
    * open his eyes
    * make the grass greener
    * change the season to winter
    * extend the table to the left
    * replace the text with Hello
    * write Happy Birthday at the top
    * add my logo in the corner
    * remove the text from the mug
    * give her longer hair
    change the brightness
    crop
    rotate
    straighten
    make it
    better
    the sky
    red
    don't crop it
    not too dark
    less sepia
    remove the shadow
    remove the vignette
    increase the brightness by 2000%
    crop 120% from the top
"""
REFUSED = [(line.strip().lstrip("* "), line.strip().startswith("*")) for line in NOT_ASKED.strip().splitlines()]


def fits(step: dict[str, Any], wanted: Step) -> bool:
    """Whether a step is what was wanted; amounts of which only the sign is told may be of any size."""
    name, settings = wanted
    if step["edit"] != name:
        return False
    if name == "adjust" and set(step) - {"edit"} != set(settings):
        return False
    return all(
        (step.get(key) or 0) * value > 0
        if value in (UP, DOWN) and isinstance(value, int)
        else step.get(key) == pytest.approx(value)
        if isinstance(value, float)
        else step.get(key) == value
        for key, value in settings.items()
    )


@pytest.mark.parametrize("text", list(ASKED))
def test_it_is_understood(text: str) -> None:
    found, wanted = understood(text), ASKED[text]
    steps = [dict(step) for step in found.steps]
    assert len(steps) == len(wanted), found
    assert all(fits(step, wish) for step, wish in zip(steps, wanted, strict=True)), steps
    known = makeready.edit.catalogue()
    for step in steps:
        if step["edit"] in known:
            makeready.edit.steps([step])


def test_the_table_is_long() -> None:
    assert len(ASKED) >= 120
    assert len(REFUSED) >= 30


@pytest.mark.parametrize(("text", "generator"), REFUSED)
def test_it_is_not_guessed_at(text: str, generator: bool) -> None:
    found = understood(text)
    assert found.steps == ()
    with pytest.raises(NotUnderstood) as caught:
        found.demanded()
    assert caught.value.http_status == 422
    assert text.lower() in str(caught.value)
    assert ("needs a generator" in str(caught.value)) == generator
    assert "Ask for brightness" in caught.value.hint


def test_what_is_not_understood_beside_what_is_is_named() -> None:
    found = understood("Make it brighter and add a unicorn, then blur the background")
    assert [step["edit"] for step in found.steps] == ["adjust", "blur_background"]
    assert found.heard == ("make it brighter", "blur the background")
    assert found.unheard == ("add a unicorn",)
    assert found.generator == ("add a unicorn",)


def test_reasons_change_nothing_and_are_named() -> None:
    found = understood("brighten it for my instagram post")
    assert [step["edit"] for step in found.steps] == ["adjust"]
    assert found.unheard == ("for my instagram post",)


def test_what_is_to_stay_is_told_where_it_cannot_be_kept() -> None:
    found = understood("remove the text but don't touch the sky")
    assert [step["edit"] for step in found.steps] == ["remove_text"]
    assert "keep the sky" in found.unheard


@pytest.mark.parametrize("words", ["", "   ", "please", "!!!", "the image", "\N{PILE OF POO}", "a" * 5000, "1 2 3 4 %"])
def test_nothing_said_is_nothing_done(words: str) -> None:
    assert understood(words).steps == ()
    with pytest.raises(NotUnderstood):
        understood(words).demanded()


def test_amounts_grow_with_their_words() -> None:
    def amount(text: str) -> float:
        return float(understood(text).steps[0]["brightness"])

    said = ["slightly brighter", "a bit brighter", "brighter", "much brighter", "extremely bright"]
    assert [amount(text) for text in said] == sorted(amount(text) for text in said)
    assert amount("extremely bright") <= 1


def test_words_are_understood_without_a_picture_and_without_numpy() -> None:
    code = (
        "import sys; from makeready.edit.instructions import understood; assert understood('make it warmer').steps;"
        "print(sorted({'numpy', 'scipy', 'pyvips'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def picture() -> np.ndarray:
    """A blue sky above a field."""
    pixels = np.full((80, 120, 3), (90, 150, 220), np.uint8)
    random = np.random.default_rng(3)
    pixels[50:] = np.clip(np.array((90, 110, 60)) + random.normal(0, 15, (30, 120, 1)), 0, 255)
    return pixels


def test_an_instruction_is_done_and_says_what_it_understood() -> None:
    wish = "make the sky more vibrant and add warm sunset tones, and a unicorn"
    result = makeready.edit(picture(), [{"edit": "instruct", "instructions": wish}])
    first, *others = result.changes
    assert first.details["understood"] == ["make the sky more vibrant", "add warm sunset tones"]
    assert first.details["not_understood"] == ["a unicorn"]
    assert first.message == "Understood: make the sky more vibrant; add warm sunset tones."
    assert [change.details["on"] for change in others] == ["sky", "everything"]
    assert result.notes == ("Not understood: a unicorn.",)
    field, before = result.pixels[60:, :, :3].astype(int), picture()[60:].astype(int)
    assert (field[..., 0] - field[..., 2]).mean() > (before[..., 0] - before[..., 2]).mean() + 10


def test_edits_of_an_instruction_come_in_the_order_of_the_pipeline() -> None:
    result = makeready.edit(
        picture(), [{"edit": "instruct", "instructions": "brighten it, crop to 1:1, and rotate left"}]
    )
    assert result.pixels.shape[:2] == (80, 80)
    assert [change.message.split()[0] for change in result.changes] == ["Understood:", "Turned", "Cropped", "Adjusted"]


def test_nothing_understood_ends_before_anything_is_done() -> None:
    wish = [{"edit": "instruct", "instructions": "remove the coffee cup on the table"}]
    with pytest.raises(NotUnderstood, match="needs a generator"):
        makeready.edit.needs(wish)
    with pytest.raises(NotUnderstood, match="needs a generator"):
        makeready.edit(picture(), wish)


def test_what_an_instruction_needs_is_told_beforehand() -> None:
    def needs(words: str) -> tuple[str, ...]:
        return makeready.edit.needs([{"edit": "instruct", "instructions": words}])

    assert needs("make it warmer and crop to a square") == ()
    assert needs("make the background darker, and remove the text") == ("text", "segment:isnet")
