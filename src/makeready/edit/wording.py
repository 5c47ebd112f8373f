"""Words for back ends that follow instructions: what a task means, what a person wishes, and what presets stand for.

A back end that knows a task by itself finds its parts in ``more``; all others are told in these sentences.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

#: What ``expanded`` adds: how a good photograph of anything looks, and nothing about what it shows.
_QUALITIES = "professional photograph, natural light and perspective, realistic textures, fine detail, no text"

Beautiful = Literal["food", "car", "product"]
ModelName = Literal[
    "avery", "sam", "taylor", "kendall", "jordan", "casey", "maya", "reece", "lena", "julia", "jackson", "sophia",
    "emma", "ava", "zoe", "fiona",
]  # fmt: skip
PoseName = Literal[
    "random", "standing", "34turn", "powerstance", "walkingforward", "handinpocket", "crossedarms", "back",
    "overtheshoulder", "seated", "adjustingclothing", "playfulspin",
]  # fmt: skip
SceneName = Literal[
    "random", "street", "bedroom", "sunset", "factory", "studio", "coloredstudio", "concretestudio", "beach",
    "tropical", "library", "forest", "businessdistrict", "countryside", "flowers", "goldenlight", "mountain", "pool",
    "latincity", "cafe", "asiancity", "nightlights", "desert",
]  # fmt: skip

#: Presets of people, as a photographer would brief an agency. What nobody says of a person is left open.
MODELS: Mapping[ModelName, str] = {
    "avery": "a young woman with shoulder-length brown hair",
    "sam": "a young man with short dark hair",
    "taylor": "a woman in her thirties with blond hair",
    "kendall": "a tall woman with long black hair",
    "jordan": "a man in his thirties with a short beard",
    "casey": "a young person with short curly hair",
    "maya": "a woman with long dark wavy hair",
    "reece": "a man with cropped hair and an athletic build",
    "lena": "a woman with straight fair hair",
    "julia": "a woman in her forties with chestnut hair",
    "jackson": "a man in his forties with greying hair",
    "sophia": "a woman with dark hair in a bun",
    "emma": "a young woman with red hair and freckles",
    "ava": "a young woman with curly black hair",
    "zoe": "a young woman with a short bob",
    "fiona": "a woman in her fifties with silver hair",
}
POSES: Mapping[PoseName, str] = {
    "random": "",
    "standing": "standing straight, facing the camera",
    "34turn": "in a three-quarter turn",
    "powerstance": "standing firmly with feet apart",
    "walkingforward": "walking towards the camera",
    "handinpocket": "standing with one hand in a pocket",
    "crossedarms": "standing with crossed arms, the clothes still in view",
    "back": "seen from behind",
    "overtheshoulder": "looking back over a shoulder",
    "seated": "seated",
    "adjustingclothing": "adjusting the clothes with one hand",
    "playfulspin": "in a playful spin",
}
SCENES: Mapping[SceneName, str] = {
    "random": "",
    "street": "in a city street",
    "bedroom": "in a bright bedroom",
    "sunset": "outdoors at sunset",
    "factory": "in an old factory hall",
    "studio": "in a photo studio with a plain light backdrop",
    "coloredstudio": "in a photo studio with a coloured backdrop",
    "concretestudio": "in a studio with concrete walls",
    "beach": "on a beach",
    "tropical": "among tropical plants",
    "library": "between the shelves of a library",
    "forest": "in a forest",
    "businessdistrict": "in a business district with glass fronts",
    "countryside": "in the countryside",
    "flowers": "in a field of flowers",
    "goldenlight": "in low golden light",
    "mountain": "in the mountains",
    "pool": "beside a pool",
    "latincity": "in a colourful Latin American city",
    "cafe": "in a café",
    "asiancity": "in an Asian city",
    "nightlights": "in a city at night, with lights",
    "desert": "in a desert",
}
_BEAUTIES: Mapping[Beautiful, str] = {
    "food": "fresh and appetising, as on the menu of a good restaurant: even soft light, true colours, a clean setting",
    "car": "as in a showroom brochure: clean paint, even light, calm reflections, a plain setting",
    "product": "as in a catalogue: even soft light, true colours, a clean setting",
}


def expanded(prompt: str) -> str:
    """Short words made longer, as picture models like them; always the same for the same words."""
    return f"{prompt.rstrip(' .,;')}, {_QUALITIES}"


def beautify(subject: Beautiful) -> str:
    """The instruction for ``beautify``.

    Args:
        subject: ``food``, ``car`` or ``product``.
    """
    return (
        f"A photograph of this {subject} {_BEAUTIES[subject]}. Keep its shape, its proportions, its parts and every "
        "letter on it as they are."
    )


def flat_lay(wish: str) -> str:
    """The instruction for ``flat_lay``, with what a person added."""
    return _with(
        "The clothes of this picture laid out flat and neatly, seen straight from above, on a clean light surface, "
        "with nobody wearing them. Keep cut, colours, patterns and labels as they are.",
        wish,
    )


def ghost_mannequin(wish: str) -> str:
    """The instruction for ``ghost_mannequin``, with what a person added."""
    return _with(
        "The clothes of this picture in the shape they have when worn, but with no person and no mannequin in them: "
        "the inside of the neck shows, on a plain white background. Keep cut, colours, patterns and labels as "
        "they are.",
        wish,
    )


def virtual_model(model: ModelName | None, pose: PoseName, scene: SceneName | None, wish: str) -> str:
    """The instruction for ``virtual_model``.

    Args:
        model: a name of ``MODELS``; ``None`` where a picture shows the person.
        pose: a name of ``POSES``.
        scene: a name of ``SCENES``; ``None`` where a picture shows the scene.
        wish: what a person added.
    """
    who = "the person in the picture of the model" if model is None else MODELS[model]
    where = "in the scene of the last picture" if scene is None else SCENES[scene]
    said = ", ".join(
        part for part in (f"A fashion photograph of {who} wearing these clothes", POSES[pose], where) if part
    )
    return _with(f"{said}. Keep cut, colours, patterns and labels of the clothes as they are.", wish)


def _with(sentence: str, wish: str) -> str:
    return f"{sentence} {wish.strip()}" if wish.strip() else sentence
