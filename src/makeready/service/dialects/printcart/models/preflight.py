"""Preflight: the DPI score, checks and reports."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from makeready.service.dialects.printcart.models.common import (
    Dpi,
    GivenCamel,
    Inches,
    ProductType,
    Told,
    ToldCamel,
)
from makeready.service.serving import Url

FileType = Literal["jpeg", "png", "tiff", "pdf"]
Pixels = Annotated[int, Field(ge=1, le=1_000_000)]


class DpiScoreRequest(GivenCamel):
    """A picture's size in pixels and the size it is printed at."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "widthPx": 4000,
                    "heightPx": 3000,
                    "canvasWidthInches": 30,
                    "canvasHeightInches": 20,
                    "productType": "photo_on_canvas",
                }
            ]
        }
    )

    width_px: Pixels
    height_px: Pixels
    canvas_width_inches: Inches
    canvas_height_inches: Inches
    product_type: ProductType


class DpiScore(ToldCamel):
    """One to five stars."""

    stars: int = Field(ge=1, le=5)
    label: str
    effective_ppi: int = Field(description="Pixels to the inch on the worse axis, rounded down.")
    min_ppi: int = Field(description="The least that is fair for this product.")
    product_type: ProductType


class DpiScoreAnswer(Told):
    """The score."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "data": {
                        "stars": 4,
                        "label": "Good",
                        "effectivePpi": 133,
                        "minPpi": 100,
                        "productType": "photo_on_canvas",
                    }
                }
            ]
        }
    )

    data: DpiScore


class ProductProfile(GivenCamel):
    """What the press needs; it goes before what the product's profile says."""

    required_dpi: Dpi | None = Field(None, description="Pictures with less are an error.")
    required_color_mode: Literal["cmyk", "rgb", "gray"] | None = Field(
        None,
        description="What the press takes: `cmyk` wants process colours, `rgb` takes pictures as cameras make them.",
    )
    bleed_mm: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)] | None = Field(
        None, description="How far artwork must run past the trim, in millimetres; 0 asks for none."
    )


class CheckRequest(GivenCamel):
    """A file, and what it is held against."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "designId": "design_12345",
                    "fileUrl": "https://example.com/artwork.pdf",
                    "fileType": "pdf",
                    "productProfile": {"requiredDpi": 300, "requiredColorMode": "cmyk", "bleedMm": 3},
                }
            ]
        }
    )

    design_id: str = Field(min_length=1, max_length=200, description="Your own name for the design.")
    file_url: Url = Field(description="The print file.")
    file_type: FileType | None = Field(None, description="What it should be; told from its content when left out.")
    product_profile: ProductProfile | None = None
    canvas_width_inches: Inches | None = Field(None, description="The printed width; needs the height too.")
    canvas_height_inches: Inches | None = Field(None, description="The printed height; needs the width too.")
    product_type: ProductType | None = Field(None, description="Whose profile the file is held against.")


class Place(ToldCamel):
    """Left, bottom, right, top in PDF points; left, top, right, bottom in mm from the trim's upper left corner."""

    pt: tuple[float, float, float, float]
    mm: tuple[float, float, float, float] | None


class Issue(ToldCamel):
    """One thing that will go wrong on press, or may."""

    code: str
    severity: Literal["error", "warning", "info"]
    message: str
    page: int | None
    place: Place | None
    measured: Any = Field(description="With its unit: `{value, unit, text}`; null where nothing was measured.")
    limit: Any = Field(description="What it was held against, written alike.")
    fix_types: list[str] = Field(description="Fixes that cure it, the one that is planned first.")


_REPORT: dict[str, Any] = {
    "reportId": "report_4f2Yw8",
    "designId": "design_12345",
    "fileUrl": "https://example.com/artwork.pdf",
    "fileType": "pdf",
    "status": "failed",
    "stars": None,
    "label": None,
    "effectivePpi": None,
    "minPpi": None,
    "productType": None,
    "issues": [
        {
            "code": "BOX102",
            "severity": "error",
            "message": "the bleed is 0 mm all round; 3 mm is needed",
            "page": 1,
            "place": {"pt": [0, 0, 595.276, 841.89], "mm": [0, 0, 210, 297]},
            "measured": {"value": 0, "unit": "mm", "text": "0 mm"},
            "limit": {"value": 3, "unit": "mm", "text": "3 mm"},
            "fixTypes": ["add_bleed"],
        }
    ],
    "createdAt": "2026-06-10T10:00:00.000Z",
    "reportUrl": "https://prepress.example.com/files/abc/report.html?expires=1780718640&signature=…",
}


class Report(ToldCamel):
    """What a check found."""

    report_id: str
    design_id: str
    file_url: str
    file_type: str | None = Field(description="By content; null where nobody can tell.")
    status: Literal["passed", "warning", "failed"]
    stars: int | None = Field(description="1 to 5, where a product and a size are known.")
    label: str | None
    effective_ppi: int | None
    min_ppi: int | None
    product_type: str | None
    issues: list[Issue]
    created_at: str
    report_url: str | None = Field(description="The page for people; the link works for 24 hours, without a key.")


class ReportAnswer(Told):
    """One report."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"data": _REPORT}]})

    data: Report


class ReportsAnswer(ToldCamel):
    """Reports, the newest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"data": [_REPORT], "nextCursor": None}]})

    data: list[Report]
    next_cursor: str | None = Field(description="Give it as `cursor` for the older ones; null where there are none.")
