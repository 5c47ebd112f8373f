"""The generator: tasks become sentences, pictures and masks that the images API understands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from makeready.edit import wording
from makeready.edit.generators import Generator
from makeready.errors import MissingDependency

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from makeready.edit.scene import Mask, Pixels
    from makeready_openai_images.settings import Settings


def _read() -> Settings:
    from makeready_openai_images import settings

    try:
        return settings.read()
    except settings.WrongSetting as wrong:
        raise MissingDependency(f"{wrong}.", "See docs/generators.md.") from wrong


def _problem() -> str:
    from makeready_openai_images import settings

    try:
        settings.read()
    except settings.WrongSetting as wrong:
        return str(wrong)
    return ""


def _can(task: str, prompt: str, more: Mapping[str, Any]) -> bool:
    del prompt
    settings = _read()
    if settings.only_from_words:
        return task == "image"
    return not (settings.one_picture and ("further" in more or "guidance" in more))


def _sends_to() -> str:
    return "" if _problem() else _read().host


def _run(
    task: str,
    *,
    image: Pixels | None,
    mask: Mask | None,
    prompt: str,
    seed: int,
    size: tuple[int, int] | None,
    more: Mapping[str, Any],
) -> npt.NDArray[np.uint8]:
    """Ask the server. The API knows no seed: the same words make another picture each time."""
    del seed
    from makeready_openai_images import pictures, server

    settings = _read()
    wanted = size if size is not None else _size(image)
    asked = pictures.nearest(*wanted, settings.sizes)
    fields = {"prompt": words(task, prompt, more), "n": "1", "size": f"{asked[0]}x{asked[1]}"}
    if settings.model:
        fields["model"] = settings.model
    if not settings.answers_in_base64:
        fields["response_format"] = "b64_json"
    if image is None:
        return _decoded(server.ask(settings, "images/generations", fields))
    fit = pictures.Fit.of(*_size(image), asked)
    sent = [fit.picture(image)]
    for further in (*([more["guidance"]] if "guidance" in more else []), *more.get("further", ())):
        height, width = further.shape[:2]
        sent.append(pictures.Fit.of(width, height, pictures.nearest(width, height, settings.sizes)).picture(further))
    name = "image" if len(sent) == 1 else "image[]"
    files: list[server.File] = [(name, (f"{at}.png", png, "image/png")) for at, png in enumerate(sent, start=1)]
    if mask is not None:
        files.append(("mask", ("mask.png", fit.mask(mask), "image/png")))
    answer = _decoded(server.ask(settings, "images/edits", fields, files))
    return answer if size is not None else fit.back(answer)


def words(task: str, prompt: str, more: Mapping[str, Any]) -> str:
    """The sentence that the server is sent.

    Args:
        task: see ``makeready.edit.generators.TASKS``.
        prompt: what a person, or the task, said.
        more: see ``makeready.edit.generators.Run``.
    """
    prompt = prompt.strip()
    if more.get("expand_prompt"):
        prompt = wording.expanded(prompt)
    if task == "background":
        said = f"Paint a background for the subject of this picture, and leave the subject exactly as it is: {prompt}."
        if "guidance" in more:
            closely = "closely" if float(more.get("guidance_scale", 0.6)) >= 0.5 else "loosely"
            said += f" Follow the second picture {closely}: its place, its light and its colours."
    elif task in ("expand", "uncrop"):
        said = "Continue this picture into its empty area as if it had been photographed wider; change nothing else."
        said += f" It shows: {prompt}." if prompt else ""
    else:
        said = prompt
    return said + (f" Do not show: {more['negative_prompt']}." if more.get("negative_prompt") else "")


def _size(image: Pixels | None) -> tuple[int, int]:
    assert image is not None
    return int(image.shape[1]), int(image.shape[0])


def _decoded(data: bytes) -> npt.NDArray[np.uint8]:
    from makeready_openai_images import pictures

    try:
        return pictures.decoded(data)
    except ValueError as error:
        raise MissingDependency(f"The picture server's answer cannot be used: {error}.", "Try again later.") from error


generator = Generator(
    name="openai-images",
    title="Any server that speaks the images API of OpenAI",
    capabilities=(
        "background", "edit", "image", "expand", "uncrop", "beautify", "flat_lay", "ghost_mannequin", "virtual_model",
    ),
    run=_run,
    problem=_problem,
    can=_can,
    sends_to=_sends_to,
)  # fmt: skip
