"""What requests and answers have in common, and refusals."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

#: The products of the DPI score.
ProductType = Literal["photo_on_canvas", "poster", "wallpaper", "framed_print", "wrapping_paper", "stock_canvas"]

#: Identifiers of jobs, reports and files.
ID = r"^[A-Za-z0-9_-]{1,64}$"

#: From a tenth of an inch to 254 metres.
Inches = Annotated[float, Field(ge=0.1, le=10_000, allow_inf_nan=False)]
Dpi = Annotated[float, Field(ge=1, le=2400, allow_inf_nan=False)]


class Given(BaseModel):
    """A request."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class GivenCamel(Given):
    """A request in camelCase."""

    model_config = ConfigDict(alias_generator=to_camel)


class Told(BaseModel):
    """An answer."""

    model_config = ConfigDict(extra="forbid")


class ToldCamel(Told):
    """An answer in camelCase."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class ErrorBody(Told):
    """Why a request was not served."""

    error: str = Field(description="The reason, for programs.")
    message: str = Field(description="What is wrong, where, and what to do.")
    fields: dict[str, list[str]] | None = Field(None, description="What is wrong with each field.")


class InsufficientTokens(Told):
    """The wallet has too little."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "error": "INSUFFICIENT_TOKENS",
                    "balance": 50,
                    "shortfall": 100,
                    "top_up_url": "https://app.printcart.com/payment?tab=buy",
                }
            ]
        }
    )

    error: Literal["INSUFFICIENT_TOKENS"]
    balance: int
    shortfall: int
    top_up_url: str
