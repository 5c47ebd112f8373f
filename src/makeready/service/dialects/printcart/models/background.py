"""Background removal: a picture, and how its subject is cut out."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from makeready.service.dialects.printcart.models.common import Given, Told
from makeready.service.serving import Url

SubjectType = Literal["auto", "person", "product", "logo", "text", "hair_heavy"]


class BackgroundRequest(Given):
    """A picture, and how its subject is cut out."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "image_url": "https://example.com/photo.jpg",
                    "subject_type": "product",
                    "output_background": "transparent",
                }
            ]
        }
    )

    image_url: Url = Field(description="The picture: JPEG, PNG or WebP.")
    subject_type: SubjectType = Field("auto", description="What the picture shows; `auto` looks.")
    edge_softness: int = Field(3, ge=0, le=10, description="0 is a hard cut, 10 is feathered.")
    high_detail_mode: bool = Field(False, description="Takes more time for fine hair and fur.")
    output_background: Literal["transparent", "white"] = Field("transparent", description="What is behind the subject.")


class BackgroundCreated(Told):
    """A job that was begun, and what it took from the wallet."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "job_id": "JgSluQxRQ_mkvwpsGIOny",
                    "status": "processing",
                    "output_url": None,
                    "tokens_deducted": 150,
                    "wallet_transaction_id": "TX-00011",
                    "provider": "self_hosted",
                    "created_at": "2026-06-05T04:02:44.611Z",
                }
            ]
        }
    )

    job_id: str
    status: Literal["processing"]
    output_url: None = Field(None, description="Not yet: poll the job.")
    tokens_deducted: int
    wallet_transaction_id: str | None = Field(description="The entry of the wallet; null where the job was free.")
    provider: str = Field(description="`self_hosted`, or the name of the plug-in that finds the subject.")
    created_at: str


class BackgroundJob(Told):
    """A job, with the picture once it is completed."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "job_id": "JgSluQxRQ_mkvwpsGIOny",
                    "status": "completed",
                    "subject_type": "product",
                    "edge_softness": 3,
                    "high_detail_mode": False,
                    "output_background": "transparent",
                    "output_url": "https://prepress.example.com/files/abc/output.png?expires=1780718640&signature=…",
                    "tokens_deducted": 150,
                    "wallet_transaction_id": "TX-00011",
                    "created_at": "2026-06-05T04:02:44.611Z",
                    "completed_at": "2026-06-05T04:04:00.532Z",
                    "error_message": None,
                }
            ]
        }
    )

    job_id: str
    status: Literal["pending", "processing", "completed", "failed"]
    subject_type: SubjectType
    edge_softness: int
    high_detail_mode: bool
    output_background: Literal["transparent", "white"]
    output_url: str | None = Field(description="A PNG; the link works for 24 hours, without a key.")
    tokens_deducted: int = Field(description="0 once a failed job was refunded.")
    wallet_transaction_id: str | None
    created_at: str
    completed_at: str | None
    error_message: str | None
