"""Pipelines: loaded once from a folder, never from a network, and run with a seed."""

from __future__ import annotations

import inspect
import os
import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from makeready.changes import Refusal
from makeready.edit import wording
from makeready_diffusers import settings

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # read once, when the hub's client is imported

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from makeready.edit.scene import Mask, Pixels

#: Pipelines keep their schedule while they run: one picture at a time.
_ONE_AT_A_TIME = threading.Lock()
#: What is neither light nor dark stands where there is nothing yet.
_NEUTRAL = 128
#: How far beautifying may leave the picture that it starts from, 0 to 1.
_BEAUTY_STRENGTH = 0.35


def device() -> str:
    """What pipelines run on."""
    import torch

    return settings.device() or ("cuda" if torch.cuda.is_available() else "cpu")


@cache
def _loaded(folder: Path, on: str) -> Any:
    """The pipeline of a folder. Pickled weights are not taken: opening them runs what is in them."""
    import torch
    from diffusers import DiffusionPipeline

    pipeline = DiffusionPipeline.from_pretrained(
        folder,
        local_files_only=True,
        use_safetensors=True,
        torch_dtype=torch.float32 if on == "cpu" else torch.float16,
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline.to(on)


@cache
def _pipeline(folder: Path, on: str, way: str) -> Any:
    """The pipeline for one way of painting, made of the same weights in memory.

    Args:
        folder: of the weights.
        on: the device.
        way: ``own`` (as the folder says), ``fill`` or ``start`` (from a picture).
    """
    from diffusers import AutoPipelineForImage2Image, AutoPipelineForInpainting

    base = _loaded(folder, on)
    if way == "own" or (way == "fill" and "Inpaint" in type(base).__name__):
        return base
    made = (AutoPipelineForInpainting if way == "fill" else AutoPipelineForImage2Image).from_pipe(base)
    made.set_progress_bar_config(disable=True)
    return made


def painted(
    task: str,
    *,
    image: Pixels | None,
    mask: Mask | None,
    prompt: str,
    seed: int,
    size: tuple[int, int] | None,
    more: Mapping[str, Any],
) -> npt.NDArray[np.uint8]:
    """Run the pipeline for a task (see ``makeready.edit.generators.Run``)."""
    folder = settings.folder(task)
    assert folder is not None
    on = device()
    instructed = settings.kind(folder) == "instructed"
    way = "own" if image is None or instructed else "start" if mask is None else "fill"
    with _ONE_AT_A_TIME:
        pipeline = _pipeline(folder, on, way)
        due = size if size is not None else _size(image)
        work = Work.of(*due, multiple=_multiple(pipeline), most=settings.side() or _trained(pipeline))
        words = wording.expanded(prompt) if more.get("expand_prompt") else prompt
        wish: dict[str, Any] = {
            "prompt": words,
            "negative_prompt": more.get("negative_prompt"),
            "num_inference_steps": settings.steps(),
            "width": work.across,
            "height": work.down,
        }
        if image is not None and size is not None:  # the picture is seen, and its shape is not the answer's
            wish["image"] = _flat(image, None)
        elif image is not None:
            wish["image"] = work.sheet(_flat(image, more.get("guidance")))
        if mask is not None:
            wish["mask_image"] = work.sheet(Image.fromarray(np.where(mask > 0, np.uint8(255), np.uint8(0))))
            if "guidance" in more:
                wish["strength"] = max(0.05, 1 - float(more.get("guidance_scale", 0.6)))
            else:
                wish["strength"] = 1.0
        elif way == "start":
            wish["strength"] = _BEAUTY_STRENGTH
        return work.back(_run(pipeline, wish, seed))


def _run(pipeline: Any, wish: dict[str, Any], seed: int) -> npt.NDArray[np.uint8]:
    """Run a pipeline with what it takes of a wish."""
    import torch

    takes = inspect.signature(pipeline.__call__).parameters
    if "strength" in takes and "strength" in wish:  # a schedule cut short has to keep one step at least
        wish["num_inference_steps"] = max(wish["num_inference_steps"], int(np.ceil(1 / wish["strength"])))
    given = {name: value for name, value in wish.items() if name in takes and value is not None}
    # The noise of a seed is drawn by the processor: the same on every machine, whatever card it has.
    noise = torch.Generator("cpu").manual_seed(seed)
    with torch.inference_mode():
        answer = pipeline(**given, generator=noise, output_type="np")
    if any(getattr(answer, "nsfw_content_detected", None) or ()):
        raise Refusal("the safety checker of the weights holds the picture back: say it in other words")
    values = np.asarray(answer.images[0])
    if not np.isfinite(values).all():
        raise ValueError("the weights give values that are no numbers")
    answered: npt.NDArray[np.uint8] = np.rint(values.clip(0, 1) * 255).astype(np.uint8)
    return answered


class Work:
    """The size that is painted, and how pictures come into it and out of it."""

    def __init__(self, inner: tuple[int, int], multiple: int) -> None:
        #: Pixels across and down of the picture within.
        self.inner = inner
        self.across, self.down = (-(-side // multiple) * multiple for side in inner)

    @classmethod
    def of(cls, width: int, height: int, *, multiple: int, most: int) -> Work:
        """For an answer of some size: smaller where that is more than weights can paint at once."""
        share = min(1.0, most / max(width, height))
        return cls((max(1, round(width * share)), max(1, round(height * share))), multiple)

    def sheet(self, picture: Image.Image) -> Image.Image:
        """A picture in the size that is painted; its last row and column are repeated up to the multiple."""
        small = picture.resize(
            self.inner, Image.Resampling.NEAREST if picture.mode == "L" else Image.Resampling.LANCZOS
        )
        pixels = np.asarray(small)
        rest = [(0, self.down - self.inner[1]), (0, self.across - self.inner[0])]
        return Image.fromarray(np.pad(pixels, [*rest, *([(0, 0)] * (pixels.ndim - 2))], mode="edge"))

    def back(self, answer: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """The picture within an answer."""
        if answer.shape[:2] != (self.down, self.across):
            return answer  # pipelines that choose their own size
        return np.ascontiguousarray(answer[: self.inner[1], : self.inner[0]])


def _flat(image: Pixels, below: Pixels | None) -> Image.Image:
    """A picture on neutral gray, or on another one that fills its place."""
    whole = Image.fromarray(image, "RGBA")
    if below is None:
        sheet = Image.new("RGB", whole.size, (_NEUTRAL, _NEUTRAL, _NEUTRAL))
    else:
        from PIL import ImageOps

        sheet = ImageOps.fit(_flat(below, None), whole.size, Image.Resampling.LANCZOS)
    sheet.paste(whole, mask=whole.getchannel("A"))
    return sheet


def _multiple(pipeline: Any) -> int:
    """Sides have to be multiples of this: of a latent pixel, or of a patch of two of them."""
    return int(getattr(pipeline, "vae_scale_factor", 8)) * (2 if getattr(pipeline, "transformer", None) else 1)


def _trained(pipeline: Any) -> int:
    """The side of the pictures that weights were trained with, as far as they say."""
    core = getattr(pipeline, "unet", None) or getattr(pipeline, "transformer", None)
    sample = getattr(getattr(core, "config", None), "sample_size", None)
    if isinstance(sample, int) and sample > 1 and getattr(pipeline, "unet", None) is not None:
        return max(64, sample * int(getattr(pipeline, "vae_scale_factor", 8)))
    return 1024


def _size(image: Pixels | None) -> tuple[int, int]:
    assert image is not None
    return int(image.shape[1]), int(image.shape[0])
