"""What goes into a network and what comes out: declared as data, for our own models and for those of users."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

#: The number that white has before ``mean`` and ``std``.
Range = Annotated[float, Field(gt=0, le=65535)]
Positive = Annotated[float, Field(gt=0)]
Side = Annotated[int, Field(ge=1, le=16384)]


class Contract(BaseModel):
    """What all tasks have: unknown keys are errors, nothing can be changed afterwards."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Masking(Contract):
    """A network that takes a picture and gives a mask.

    The input is float32, 1 × 3 × height × width: ``(picture × range - mean) / std`` with the picture from 0 to 1. The
    output is 1 × 1 × height × width.
    """

    size: tuple[Side, Side] | Literal["any"] = Field(
        description="Width and height that the network takes; the picture is stretched to them. 'any' takes all sizes."
    )
    range: Range = Field(description="The number for white before mean and std: 1 or 255.")
    mean: tuple[float, float, float] = Field(description="Taken away from each channel, in the numbers of range.")
    std: tuple[Positive, Positive, Positive] = Field(description="What each channel is divided by after that.")
    activation: Literal["none", "sigmoid"] = Field(
        description="What turns the output into a mask: 'sigmoid' where the network ends without one, else 'none'."
    )
    order: Literal["rgb", "bgr"] = Field("rgb", description="The order of the colours.")
    output: int = Field(0, ge=0, description="Which output is the mask, counted from 0.")
    multiple_of: Side = Field(1, description="For size 'any': what width and height must be a multiple of.")

    @model_validator(mode="after")
    def _fits_itself(self) -> Self:
        if self.size != "any" and any(side % self.multiple_of for side in self.size):
            raise ValueError(f"the size {list(self.size)} is no multiple of {self.multiple_of}")
        return self


class Segmenting(Masking):
    """A network that says of each pixel how much of it belongs to the subject."""

    task: Literal["segment"] = "segment"


class Detecting(Masking):
    """A network that says of each pixel how likely it lies in the middle of a line of text."""

    task: Literal["detect"] = "detect"


class Upscaling(Contract):
    """A network that makes a picture ``scale`` times as wide and high.

    The input is float32, 1 × (channels + constants + noise) × height × width, the picture first, white being ``range``.
    Each edge loses ``shrink`` pixels of the input: the output is ``scale × (height - 2 × shrink)`` high.
    """

    task: Literal["upscale"] = "upscale"
    scale: int = Field(ge=1, le=16, description="How many times as wide and high the output is.")
    range: Range = Field(description="The number for white: 1 or 255.")
    channels: Literal[1, 3] = Field(description="3 for RGB; 1 where each channel is enlarged by itself.")
    multiple_of: Side = Field(1, description="What width and height of the input must be a multiple of.")
    overlap: int = Field(ge=0, le=1024, description="Pixels of the input that tiles share with each neighbour.")
    tile: int = Field(ge=16, le=4096, description="Width and height of a tile of the input, overlaps included.")
    shrink: int = Field(0, ge=0, le=1024, description="Pixels of the input that the network eats at each edge.")
    feather: bool = Field(False, description="Tiles differ where they meet and have to be blended over the overlap.")
    order: Literal["rgb", "bgr"] = Field("rgb", description="The order of the colours.")
    output: int = Field(0, ge=0, description="Which output is the picture, counted from 0.")
    constants: tuple[float, ...] = Field((), description="Channels after the picture that have one value everywhere.")
    noise: Positive | None = Field(
        None, description="The most noise that it takes away, of 255; the last channel of the input is noise / 255."
    )

    @model_validator(mode="after")
    def _fits_itself(self) -> Self:
        if self.tile <= 2 * max(self.overlap, self.shrink):
            raise ValueError(f"a tile of {self.tile} pixels is all overlap: make it more than {2 * self.overlap}")
        if self.shrink > self.overlap:
            raise ValueError("the overlap must be at least as wide as what the network shrinks")
        return self

    @property
    def inputs(self) -> int:
        """How many channels the network takes."""
        return self.channels + len(self.constants) + (self.noise is not None)
