"""What words describe, found by CLIPSeg (T. Lüddecke and A. Ecker, "Image Segmentation Using Text and Image Prompts",
2022): coarse, for it looks at 352 × 352 pixels, and good at naming things.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # read once, when the hub's client is imported

if TYPE_CHECKING:
    import numpy.typing as npt

    from makeready.edit.scene import Pixels


@cache
def _loaded(folder: Path, on: str) -> tuple[Any, Any]:
    from transformers import CLIPSegForImageSegmentation, CLIPSegProcessor

    model = CLIPSegForImageSegmentation.from_pretrained(folder, local_files_only=True, use_safetensors=True)
    return CLIPSegProcessor.from_pretrained(folder, local_files_only=True), model.to(on).eval()


def found(folder: Path, image: Pixels, prompt: str, on: str) -> npt.NDArray[np.uint8]:
    """Where a picture shows what the words say.

    Args:
        folder: of the weights.
        image: height × width × 4.
        prompt: the words.
        on: the device.

    Returns:
        Height × width, 255 where it is.
    """
    import torch

    processor, model = _loaded(folder, on)
    picture = Image.fromarray(image, "RGBA")
    white = Image.new("RGB", picture.size, "white")
    white.paste(picture, mask=picture.getchannel("A"))
    given = processor(text=[prompt], images=[white], padding="max_length", truncation=True, return_tensors="pt")
    with torch.inference_mode():
        sure = torch.sigmoid(model(**given.to(on)).logits).squeeze().float().cpu().numpy()
    coarse = Image.fromarray(np.rint(sure * 255).astype(np.uint8))
    return np.asarray(coarse.resize(picture.size, Image.Resampling.BICUBIC))
