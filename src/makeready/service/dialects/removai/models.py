"""What clients of the removai API send and get: names, defaults and bounds as its documentation prints them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import UploadFile
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from makeready.service.serving import Url

Format = Literal["png", "jpg", "webp"]
Size = Literal["original", "small", "medium", "large"]
Status = Literal["processing", "completed", "failed"]

_COLOUR = Annotated[str, Field(pattern=r"^#?([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})$")]


# Requests -------------------------------------------------------------------------------------------------------------


class Options(BaseModel):
    """What comes out, and who is told."""

    model_config = ConfigDict(extra="forbid")

    output_format: Format = Field("png", description="The format of the result.")
    output_size: Size = Field(
        "original",
        description="The longer side at most: small 1080 px, medium 1920 px, large 2880 px; nothing is enlarged.",
    )
    bg_color: _COLOUR | None = Field(
        None, description="What is behind the subject of a jpg, such as #FF0000; white when left out."
    )
    webhook_url: Url | None = Field(None, description="Who is told when the work is done.")

    @model_validator(mode="after")
    def _colour_fits(self) -> Options:
        if self.bg_color is not None and self.output_format != "jpg":
            raise PydanticCustomError("bg_color", "bg_color is only applicable when output_format is jpg")
        return self


class UrlRequest(Options):
    """A picture that is somewhere on the web."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"url": "https://example.com/image.jpg", "output_format": "png", "output_size": "original"}]
        }
    )

    url: Url = Field(description="The picture: JPG, PNG or WEBP.")


class FileRequest(Options):
    """A picture that is sent along."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"file": "@photo.jpg", "output_format": "png"}]})

    file: UploadFile = Field(description="The picture: JPG, PNG or WEBP, of 25 MB at most.")


class BatchRequest(Options):
    """Several pictures: `urls` in JSON, or `files` in a form."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "urls": ["https://example.com/image1.jpg", "https://example.com/image2.jpg"],
                    "output_format": "png",
                    "output_size": "medium",
                }
            ]
        }
    )

    urls: Annotated[list[Url], Field(min_length=1)] | None = Field(None, description="Where the pictures are.")


# Answers --------------------------------------------------------------------------------------------------------------


class Error(BaseModel):
    """A reason."""

    code: str = Field(description="For programs.")
    message: str = Field(description="What is wrong, and what to do.")
    status: int = Field(description="The HTTP status that goes with it.")


class ErrorBody(BaseModel):
    """Why a request was not served."""

    success: Literal[False]
    error: Error


class Image(BaseModel):
    """A picture, and what became of it."""

    id: str
    original_url: str | None = Field(None, description="Where it was, if it was named by its URL.")
    output_url: str | None = Field(
        None, description="Once it is completed; the link works for 24 hours, without a key. Null after that."
    )
    output_size: Size
    output_format: Format
    created_at: str
    status: Status
    error: Error | None = Field(None, description="Why it failed.")


class BatchImage(BaseModel):
    """A picture of a batch that was begun."""

    id: str
    original_url: str | None = None
    status: Status


class BatchBegun(BaseModel):
    """A batch that was begun."""

    batch_id: str
    total_images: int
    status: Status
    created_at: str
    images: list[BatchImage]


class Batch(BaseModel):
    """A batch, and what became of its pictures."""

    batch_id: str
    total_images: int
    status: Status = Field(description="`processing` until all have ended; `failed` where none was completed.")
    created_at: str
    images: list[Image]


class Gallery(BaseModel):
    """A page of pictures."""

    images: list[Image]


class Meta(BaseModel):
    """Which page of a list this is."""

    page: int
    per_page: int
    total: int
    total_pages: int


class Deleted(BaseModel):
    """A picture that is gone."""

    id: str
    deleted: Literal[True]


_IMAGE = {
    "id": "img_12345abcde",
    "original_url": "https://example.com/image.jpg",
    "output_url": "https://prepress.example.com/files/abc/image-cutout.png?expires=1745577045&signature=…",
    "output_size": "original",
    "output_format": "png",
    "created_at": "2025-04-24T10:30:45Z",
    "status": "completed",
}


def _example(data: dict[str, Any], **more: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [{"success": True, "data": data, **more}]})


class ImageAnswer(BaseModel):
    """A picture."""

    model_config = _example(_IMAGE)

    success: Literal[True]
    data: Image


class BatchBegunAnswer(BaseModel):
    """A batch that was begun."""

    model_config = _example(
        {
            "batch_id": "batch_123456abcdef",
            "total_images": 1,
            "status": "processing",
            "created_at": "2025-04-24T12:45:20Z",
            "images": [
                {"id": "img_abcdef123456", "original_url": "https://example.com/image1.jpg", "status": "processing"}
            ],
        }
    )

    success: Literal[True]
    data: BatchBegun


class BatchAnswer(BaseModel):
    """A batch."""

    model_config = _example(
        {
            "batch_id": "batch_123456abcdef",
            "total_images": 1,
            "status": "completed",
            "created_at": "2025-04-24T12:45:20Z",
            "images": [_IMAGE],
        }
    )

    success: Literal[True]
    data: Batch


class GalleryAnswer(BaseModel):
    """A page of pictures."""

    model_config = _example({"images": [_IMAGE]}, meta={"page": 1, "per_page": 20, "total": 1, "total_pages": 1})

    success: Literal[True]
    data: Gallery
    meta: Meta


class DeletedAnswer(BaseModel):
    """A picture that is gone."""

    model_config = _example({"id": "img_12345abcde", "deleted": True})

    success: Literal[True]
    data: Deleted
