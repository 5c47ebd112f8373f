"""The words that instructions are made of: what people write, and what each of it means. Data alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def _all(words: str, meaning: Any) -> dict[str, Any]:
    """The same meaning for words with bars between them."""
    return dict.fromkeys(filter(None, (word.strip() for word in words.split("|"))), meaning)


def _each(words: str, amounts: Mapping[str, float], sign: float = 1.0) -> dict[str, dict[str, float]]:
    """The same amounts for words with bars between them."""
    return _all(words, {key: sign * value for key, value in amounts.items()})


def _set(words: str) -> frozenset[str]:
    """Words with spaces between them."""
    return frozenset(words.split())


#: Words that carry no meaning here: politeness, articles, the picture itself.
FILLER = _set(
    """
    please kindly could can you would will i'd i'll i we want like need to the a an this that these my our your image
    picture photo photograph pic shot of in on at with just also me let's let is be are looks look looking get give it's
    its tones tone hues overall effect filter look style version thanks thank hi hey off first into as by for from
    there so completely fully totally entirely bit kind sort something feel feeling vibe mood have has there's tint's
    really quality parts part areas area regions region try here now one level levels some any single simple
    solid plain pure effects
    """
)
#: Words that are known and say nothing that could be done.
VAGUE = _set("better nicer nice beautiful great good perfect professional amazing awesome best don't never")
#: Words that may stand within a phrase.
BETWEEN = frozenset({"the", "a", "an", "it", "this", "my", "image", "picture", "photo"})
#: The picture as a whole; a target like others.
PRONOUNS = frozenset({"it", "them"})
#: What begins a reason: what follows says why, not what.
REASONS = (
    "because",
    "so that",
    "since",
    "for my",
    "for our",
    "in order to",
    "so it",
    "so i",
    "so the",
)

#: How much, as a factor of the usual.
AMOUNTS: Mapping[str, float] = {
    "slightly": 0.4,
    "a bit": 0.5,
    "a little": 0.5,
    "a little bit": 0.5,
    "a tiny bit": 0.3,
    "a tad": 0.4,
    "a touch": 0.4,
    "a touch of": 0.4,
    "a hint of": 0.4,
    "subtly": 0.4,
    "subtle": 0.4,
    "gently": 0.5,
    "gentle": 0.5,
    "lightly": 0.5,
    "slight": 0.4,
    "somewhat": 0.7,
    "moderately": 1.0,
    "mildly": 0.5,
    "a small amount": 0.5,
    "a bit of": 0.5,
    "a little bit of": 0.5,
    "minor": 0.4,
    "quite": 1.3,
    "very": 1.7,
    "much": 1.8,
    "a lot": 1.8,
    "lots of": 1.8,
    "a lot of": 1.8,
    "significantly": 1.8,
    "considerably": 1.8,
    "strongly": 1.8,
    "strong": 1.8,
    "heavily": 2.0,
    "heavy": 2.0,
    "really": 1.6,
    "way": 2.0,
    "far": 1.8,
    "super": 2.2,
    "extremely": 2.6,
    "dramatically": 2.4,
    "drastically": 2.6,
    "intense": 2.0,
    "maximum": 3.0,
    "as much as possible": 3.0,
    "noticeably": 1.4,
    "greatly": 2.0,
    "completely": 3.0,
    "fully": 3.0,
    "totally": 3.0,
    "entirely": 3.0,
}

UP, DOWN, NEUTRAL, REMOVE, REPLACE = "up", "down", "neutral", "remove", "replace"
VERBS: Mapping[str, str] = {
    **_all(
        """
        increase|boost|raise|enhance|bump|bump up|push|push up|crank|crank up|intensify|amplify|strengthen|
        add|more|extra|bring up|bring out|turn up|pump up|lift|give it|give|higher|up|greater|stronger|
        improve|add more|bring back|recover|increased|punch up|accentuate|emphasize|emphasise
        """,
        UP,
    ),
    **_all(
        """
        decrease|reduce|lower|less|cut|cut down|drop|tone down|turn down|bring down|diminish|weaken|
        dial down|dial back|minimise|minimize|fewer|tame|pull down|pull back|take down|not so|down|
        decreased|calm down|mute
        """,
        DOWN,
    ),
    **_all(
        """
        make|turn|convert|change|set|render|apply|use|put|create|transform|adjust|go|shift|colour|color|
        edit|do
        """,
        NEUTRAL,
    ),
    **_all(
        """
        remove|delete|erase|get rid of|take away|take out|take off|eliminate|clear|clean up|clean|strip|
        strip out|fix|correct|cut out|wipe|drop out|without|no|isolate|extract|neutralise|neutralize|
        reduce away
        """,
        REMOVE,
    ),
    **_all("replace|swap|swap out|exchange", REPLACE),
}

#: Parts of the picture.
PARTS: Mapping[str, str] = {
    **_all(
        """
        subject|main subject|foreground|person|people|man|woman|model|product|main object|object|item|
        subject only
        """,
        "subject",
    ),
    **_all(
        """
        background|backdrop|bg|back ground|surroundings|behind the subject
        """,
        "background",
    ),
    **_all("sky|skies|heavens", "sky"),
    **_all(
        """
        highlights|highlight|bright areas|bright parts|light areas|lights|brights|lightest parts|whites
        """,
        "highlights",
    ),
    **_all(
        """
        shadows|dark areas|dark parts|darks|darker areas|shadow areas|darkest parts|blacks
        """,
        "shadows",
    ),
    **_all(
        """
        everything|whole image|whole picture|whole photo|entire image|entire picture|entire photo|
        whole thing|all
        """,
        "everything",
    ),
}

#: What can be turned up and down: the setting, and how far it usually goes.
PROPERTIES: Mapping[str, Mapping[str, float]] = {
    "brightness": {"brightness": 0.35},
    "luminosity": {"brightness": 0.35},
    "exposure": {"exposure": 0.6},
    "contrast": {"contrast": 0.35},
    "vibrance": {"vibrance": 0.5},
    "vibrancy": {"vibrance": 0.5},
    "saturation": {"saturation": 0.35},
    "colour saturation": {"saturation": 0.35},
    "color saturation": {"saturation": 0.35},
    "temperature": {"temperature": 0.4},
    "colour temperature": {"temperature": 0.4},
    "color temperature": {"temperature": 0.4},
    "warmth": {"temperature": 0.4},
    "coolness": {"temperature": -0.4},
    "tint": {"tint": 0.35},
    "magenta": {"tint": 0.35},
    "hue": {"hue": 30.0},
    "sharpness": {"sharpen": 0.5},
    "sharpening": {"sharpen": 0.5},
    "clarity": {"sharpen": 0.35, "contrast": 0.15},
    "detail": {"sharpen": 0.5},
    "details": {"sharpen": 0.5},
    "crispness": {"sharpen": 0.5},
    "definition": {"sharpen": 0.4, "contrast": 0.1},
    "blur": {"blur": 0.4},
    "softness": {"blur": 0.15},
    "noise reduction": {"denoise": 0.6},
    "noise": {"denoise": -0.6},
    "grain": {"denoise": -0.6},
    "vignette": {"vignette": 0.5},
    "vignetting": {"vignette": 0.5},
    "dark corners": {"vignette": 0.5},
    "haze": {"contrast": -0.3, "saturation": -0.1},
    "blue": {"temperature": -0.4},
    "yellow": {"temperature": 0.4},
    "orange": {"temperature": 0.45, "tint": 0.1},
    "green": {"tint": -0.35},
    "pink": {"tint": 0.4},
    "sepia tone": {"sepia": 0.9},
    "dynamic range": {"highlights": -0.4, "shadows": 0.4},
    "drama": {"contrast": 0.45, "shadows": -0.2},
    "mood": {"brightness": -0.2, "contrast": 0.2},
    "punch": {"contrast": 0.25, "vibrance": 0.3},
    "pop": {"contrast": 0.25, "vibrance": 0.3},
    "warm tones": {"temperature": 0.4},
    "cool tones": {"temperature": -0.4},
}
#: What means something only where nothing else does: "make the colours warmer" is about warmth.
WEAK: Mapping[str, Mapping[str, float]] = {
    "colours": {"saturation": 0.35},
    "colors": {"saturation": 0.35},
    "colour": {"saturation": 0.35},
    "color": {"saturation": 0.35},
    "light": {"brightness": 0.35},
    "lighting": {"brightness": 0.3, "shadows": 0.2},
    "white balance": {"temperature": 0.4},
}

_BRIGHT, _VIVID, _WARM, _SHARP = (
    {"brightness": 0.35},
    {"vibrance": 0.5, "saturation": 0.1},
    {"temperature": 0.4},
    {"sharpen": 0.5},
)
_GRAY, _SUNSET = {"grayscale": 1.0}, {"temperature": 0.55, "tint": 0.15, "vibrance": 0.15}


#: Words that say by themselves what changes and which way; they are verbs, adjectives and looks.
QUALITIES: Mapping[str, Mapping[str, float]] = {
    **_each(
        """
        brighter|bright|brighten|brighten up|lighter|lighten|lighten up|light up|illuminate|brightened|
        luminous
        """,
        _BRIGHT,
    ),
    **_each("darker|dark|darken|dim|dimmer|darkened|gloomier", _BRIGHT, -1),
    **_each("overexposed|over exposed", {"exposure": 0.6}),
    **_each("underexposed|under exposed", {"exposure": -0.6}),
    **_each("contrasty|high contrast|contrasted|punchy|punchier", {"contrast": 0.4}),
    **_each("flat|flatter|low contrast|dull", {"contrast": -0.35}),
    **_each(
        """
        vibrant|vivid|colourful|colorful|more colourful|lively|vivider|rich|richer|bolder|bold
        """,
        _VIVID,
    ),
    **_each("muted|pale|paler|subdued|washed out|toned down", _VIVID, -1),
    **_each("saturated|saturate", {"saturation": 0.35}),
    **_each("desaturated|desaturate|less colourful", {"saturation": -0.5}),
    **_each("warm|warmer|warm up|warmed|cosy|cozy|golden|warmed up", _WARM),
    **_each(
        """
        cool|cooler|cold|colder|cool down|chilly|icy|cool off|chillier
        """,
        _WARM,
        -1,
    ),
    **_each("bluer|bluish", {"temperature": -0.4}),
    **_each("yellower|yellowish", {"temperature": 0.4}),
    **_each("greener|greenish", {"tint": -0.35}),
    **_each("pinker|pinkish|more magenta|purplish", {"tint": 0.35}),
    **_each("redder|reddish", {"tint": 0.25, "temperature": 0.25}),
    **_each("more orange|oranger", {"temperature": 0.45, "tint": 0.1}),
    **_each(
        """
        sharper|sharp|sharpen|crisp|crisper|crispy|clearer|sharpened|in focus
        """,
        _SHARP,
    ),
    **_each(
        """
        blurry|blurred|blurrier|blur|blur out|out of focus|defocus|defocused|unfocused
        """,
        {"blur": 0.4},
    ),
    **_each("softer|soften|soft|dreamy|dreamier", {"blur": 0.12, "contrast": -0.1}),
    **_each(
        """
        denoise|noise free|smoother|smooth|smooth out|less noisy|less grainy|denoised
        """,
        {"denoise": 0.6},
    ),
    **_each("noisy|grainy", {"denoise": -0.6}),
    **_each(
        """
        black and white|grayscale|greyscale|gray scale|grey scale|monochrome|b&w|b/w|bw|black & white|
        colourless|colorless|black white
        """,
        _GRAY,
    ),
    **_each("sepia|sepia toned|sepia tone", {"sepia": 0.9}),
    **_each(
        """
        invert|inverted|negative|invert colours|invert colors|inverse
        """,
        {"invert": 1.0},
    ),
    **_each("sunset|sunset like|golden hour|sunrise", _SUNSET),
    **_each(
        "vintage|retro|old fashioned|nostalgic|aged",
        {"contrast": -0.2, "saturation": -0.2, "sepia": 0.25, "vignette": 0.25},
    ),
    **_each("moody|moodier", {"brightness": -0.25, "contrast": 0.2, "saturation": -0.2}),
    **_each("dramatic|more dramatic", {"contrast": 0.45, "shadows": -0.2, "vignette": 0.2}),
    **_each("cinematic|filmic", {"contrast": 0.25, "saturation": -0.1, "vignette": 0.25, "temperature": 0.1}),
    **_each("faded|matte|washed", {"contrast": -0.3, "saturation": -0.15}),
    **_each("pop|pop more|stand out", {"contrast": 0.25, "vibrance": 0.3}),
    **_each("hdr", {"highlights": -0.4, "shadows": 0.4, "vibrance": 0.2}),
    **_each("hazy|foggy|misty", {"contrast": -0.3, "saturation": -0.1}),
    **_each("dehaze", {"contrast": 0.3, "saturation": 0.1}),
    **_each("pastel", {"saturation": -0.3, "brightness": 0.25, "contrast": -0.15}),
    **_each("vignetted", {"vignette": 0.5}),
}
#: Of these there is no less: an effect is there or not, and a usual amount of 1 is all of it.
EFFECTS = frozenset({"sharpen", "blur", "denoise", "vignette", "grayscale", "sepia", "invert"})

#: What can be taken away with tones alone.
CASTS: Mapping[str, Mapping[str, float]] = {
    **_each(
        """
        yellow cast|yellow tint|yellow tinge|yellowish tint|yellowish cast|orange cast|orange tint|
        warm cast|yellow tones|yellow
        """,
        {"temperature": -0.3},
    ),
    **_each(
        """
        blue cast|blue tint|blue tinge|bluish tint|bluish cast|cold cast|cool cast|blue tones
        """,
        {"temperature": 0.3},
    ),
    **_each(
        """
        green cast|green tint|green tinge|greenish tint|greenish cast
        """,
        {"tint": 0.3},
    ),
    **_each(
        """
        magenta cast|magenta tint|pink cast|pink tint|purple cast|purple tint|pinkish tint
        """,
        {"tint": -0.3},
    ),
    **_each("noise|grain|graininess|image noise", {"denoise": 0.6}),
    **_each("haze|fog|mist", {"contrast": 0.3, "saturation": 0.1}),
    **_each(
        """
        colour|color|colours|colors|all colour|all color|all colours|all colors|saturation
        """,
        _GRAY,
    ),
    **_each("underexposure", {"exposure": 0.6}),
    **_each("overexposure", {"exposure": -0.6}),
    **_each("blown out highlights|blown highlights", {"highlights": -0.6}),
}

#: Text, and of which kind.
TEXT: Mapping[str, str] = {
    **_all(
        """
        text|all text|texts|words|lettering|letters|writing|writings|captions|caption|type|typography
        """,
        "all",
    ),
    **_all(
        """
        watermark|watermarks|overlay text|text overlay|text overlays|overlaid text|artificial text|subtitle|
        subtitles|added text
        """,
        "artificial",
    ),
    **_all("natural text|signage text|text on signs", "natural"),
}

#: Whole requests that are no tones: edits and their settings.
DEEDS: Mapping[str, Mapping[str, object]] = {
    **_all(
        """
        flip|mirror|flip horizontally|mirror horizontally|flip left to right|flip left right|
        horizontal flip|flop|mirror image|flipped horizontally|mirrored
        """,
        {"edit": "flip", "direction": "horizontal"},
    ),
    **_all(
        """
        flip vertically|mirror vertically|flip upside down|vertical flip|flip top to bottom|
        flipped vertically
        """,
        {"edit": "flip", "direction": "vertical"},
    ),
    **_all("upside down|turn upside down|rotate upside down", {"edit": "rotate", "degrees": 180.0}),
    **_all(
        """
        blur background|blur backdrop|background blur|blurred background|blurry background|background bokeh|
        bokeh background
        """,
        {"edit": "blur_background"},
    ),
    **_all(
        """
        bokeh|bokeh effect|shallow depth of field|depth of field|portrait mode
        """,
        {"edit": "blur_background", "mode": "bokeh"},
    ),
    **_all(
        """
        transparent background|background transparent|clear background|no background
        """,
        {"edit": "cut_out"},
    ),
    **_all("drop shadow|cast shadow|shadow|soft shadow|soft drop shadow", {"edit": "shadow", "mode": "soft"}),
    **_all("hard shadow|hard drop shadow|harsh shadow", {"edit": "shadow", "mode": "hard"}),
    **_all("floating shadow", {"edit": "shadow", "mode": "floating"}),
    **_all("outline|stroke|contour|sticker outline", {"edit": "outline"}),
    **_all(
        """
        upscale|enlarge|increase resolution|higher resolution|upsample|super resolution|high resolution|
        improve resolution|raise resolution|bigger resolution
        """,
        {"edit": "enlarge_first"},
    ),
}
#: Of those, what has to be asked to be added: "shadow" alone says nothing.
ADDED = frozenset({"shadow", "outline"})

CROP = frozenset({"crop", "trim", "crop in", "crop out", "cropped", "cut off", "crop down", "crop off", "crop away"})
ROTATE = frozenset({"rotate", "turn", "rotated", "tilt", "straighten"})
RATIOS: Mapping[str, str] = {
    "square": "1:1",
    "widescreen": "16:9",
    "landscape": "3:2",
    "portrait": "2:3",
    "portrait format": "2:3",
    "vertical": "2:3",
    "landscape format": "3:2",
    "panorama": "3:1",
    "story": "9:16",
    "instagram story": "9:16",
    "instagram post": "1:1",
}
SIDES: Mapping[str, tuple[str, ...]] = {
    "top": ("top",),
    "bottom": ("bottom",),
    "left": ("left",),
    "right": ("right",),
    "left side": ("left",),
    "right side": ("right",),
    "upper edge": ("top",),
    "lower edge": ("bottom",),
    "sides": ("left", "right"),
    "both sides": ("left", "right"),
    "each side": ("left", "top", "right", "bottom"),
    "all sides": ("left", "top", "right", "bottom"),
    "edges": ("left", "top", "right", "bottom"),
    "every side": ("left", "top", "right", "bottom"),
}
TURNS: Mapping[str, float] = {
    "clockwise": 1.0,
    "counterclockwise": -1.0,
    "counter clockwise": -1.0,
    "anticlockwise": -1.0,
    "anti clockwise": -1.0,
    "to the right": 1.0,
    "to the left": -1.0,
    "right": 1.0,
    "left": -1.0,
}

#: What begins a clause that says what is to stay.
KEEP = (
    "keep",
    "leave",
    "preserve",
    "maintain",
    "don't touch",
    "do not touch",
    "don't change",
    "do not change",
    "don't alter",
    "do not alter",
    "don't edit",
    "do not edit",
    "don't modify",
    "do not modify",
    "don't affect",
    "do not affect",
    "without touching",
    "without changing",
    "without affecting",
    "without altering",
    "but not",
    "not",
    "except",
    "except for",
    "excluding",
    "apart from",
    "everything but",
    "everything except",
    "all but",
    "aside from",
    "other than",
)
#: What may follow there.
KEPT = _set(
    """as it is as is unchanged alone untouched same intact original natural in full colour color colored
    coloured they are was
    how way visible but only part where"""
)
