"""Fixes: jobs that mend the file of a report."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from makeready.service.dialects.printcart.models.common import Dpi, GivenCamel, Told, ToldCamel


class FixOptions(GivenCamel):
    """What is done, and whether somebody looks before it is."""

    fix_types: Annotated[list[str], Field(min_length=1, max_length=50)] | None = Field(
        None, description="Fixes by name; those that the report's issues call for when left out."
    )
    target_dpi: Dpi | None = Field(None, description="The resolution past which upscaling adds no pixels.")
    require_approval: bool = Field(False, description="Stop with the plan and a preview until it is approved.")


class FixRequest(GivenCamel):
    """A report whose file is to be mended."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "preflightReportId": "report_4f2Yw8",
                    "options": {"fixTypes": ["upscale_resolution_2x"], "targetDpi": 300},
                }
            ]
        }
    )

    preflight_report_id: str = Field(min_length=1, max_length=64)
    options: FixOptions | None = None


class TokenCost(ToldCamel):
    """From the least to the most that the job can cost; the most is held until it ends."""

    min: int
    max: int


class FixCreated(ToldCamel):
    """A job that was begun."""

    job_id: str
    status: Literal["analyzing"]
    estimated_token_cost: TokenCost


class FixCreatedAnswer(Told):
    """A job that was begun."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "data": {
                        "jobId": "job_0d6e2f",
                        "status": "analyzing",
                        "estimatedTokenCost": {"min": 30, "max": 30},
                    }
                }
            ]
        }
    )

    data: FixCreated


class PlannedFix(ToldCamel):
    """A step of the plan."""

    fix_type: str
    reason: str
    settings: dict[str, Any]
    tokens: int


class SkippedFix(ToldCamel):
    """A fix that was asked for or planned, and changed nothing: it cost nothing."""

    fix_type: str
    reason: str


class FixJob(ToldCamel):
    """A job, with the plan while it waits for approval and with the mended file once it is completed."""

    job_id: str
    status: Literal["analyzing", "awaiting_approval", "applying", "completed", "failed", "rejected"]
    preflight_report_id: str
    fix_types: list[str]
    estimated_token_cost: TokenCost
    tokens_deducted: int = Field(description="What is held until the job ends, then what it cost; 0 once refunded.")
    plan: list[PlannedFix] | None = Field(description="While it waits for approval: what would be done, in order.")
    preview_url: str | None = Field(description="While it waits for approval: the pages before and after.")
    corrected_file_url: str | None = Field(description="The link works for 24 hours, without a key.")
    applied_fixes: list[str] | None = Field(description="The fixes that changed something.")
    skipped_fixes: list[SkippedFix] | None = Field(description="The fixes that changed nothing, and why.")
    notes: list[str] = Field(description="What was taken for granted, such as a printed size that nobody named.")
    before_report: str | None = Field(description="Reports of the file as it came and as it is now, by id.")
    after_report: str | None
    error_message: str | None
    created_at: str
    completed_at: str | None


class FixJobAnswer(Told):
    """A job."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "data": {
                        "jobId": "job_0d6e2f",
                        "status": "completed",
                        "preflightReportId": "report_4f2Yw8",
                        "fixTypes": ["upscale_resolution_2x"],
                        "estimatedTokenCost": {"min": 30, "max": 30},
                        "tokensDeducted": 30,
                        "plan": None,
                        "previewUrl": None,
                        "correctedFileUrl": "https://prepress.example.com/files/abc/photo.jpg?expires=1781172090&signature=…",
                        "appliedFixes": ["upscale_resolution_2x"],
                        "skippedFixes": [],
                        "notes": [],
                        "beforeReport": "report_7Kc0pQ",
                        "afterReport": "report_9mT3xA",
                        "errorMessage": None,
                        "createdAt": "2026-06-10T10:01:02.000Z",
                        "completedAt": "2026-06-10T10:01:30.000Z",
                    }
                }
            ]
        }
    )

    data: FixJob
