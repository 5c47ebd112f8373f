"""What the print-ready API answers."""

from __future__ import annotations

from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

T = TypeVar("T")

Operation = Literal["bg_removal", "image_edit", "upscale"]
Status = Literal["pending", "processing", "completed", "failed"]


class Told(BaseModel):
    """An answer, or a part of one."""

    model_config = ConfigDict(extra="forbid")


class Answer(Told, Generic[T]):
    """What every answer is wrapped in."""

    success: Literal[True] = True
    message: str
    data: T


class Done(Told):
    """That something was done."""

    success: Literal[True] = True
    message: str
    data: None = None


class Refusal(Told):
    """What every refusal is."""

    success: Literal[False]
    message: str = Field(description="For people.")
    errors: dict[str, list[str]] = Field(description="What is wrong with which field; empty where it is no field.")


class Dimensions(Told):
    """Pixels."""

    width: int
    height: int


class Created(Told):
    """A picture that was accepted."""

    id: int
    batch_id: int | None
    service: Operation
    service_variant: Literal["basic", "plus"] | None = Field(description="The quality of a background removal.")
    status: Status
    credits_charged: int = Field(description="What it has taken, all told: 0 again when it failed.")
    original_filename: str
    original_size: int = Field(description="Bytes.")
    original_dimensions: Dimensions = Field(description="As it is shown, that is, turned as its EXIF says.")
    processing_params: dict[str, Any] | None = Field(description="`instructions` or `scale_factor`.")
    created_at: str
    updated_at: str


class Image(Created):
    """A picture, and what came of it."""

    processed_dimensions: Dimensions | None
    processed_size: int | None = Field(description="Bytes.")
    processing_time: float | None = Field(description="Seconds.")
    download_url: str | None = Field(description="Works for 30 minutes, without a key.")
    error_message: str | None = Field(description="Why it failed.")
    notes: list[str] = Field(
        description="What was done in particular: which edits were understood and which not, what enlarged it."
    )


class Download(Told):
    """A link to a result."""

    url: str
    expires_at: str
    filename: str = Field(description="The original's name, with the ending that the result has.")


class Pagination(Told):
    """Where a page is among all."""

    current_page: int
    per_page: int
    total: int
    last_page: int


class Images(Told):
    """A page of pictures."""

    images: list[Image]
    pagination: Pagination


class BatchSummary(Told):
    """Pictures that were sent at once."""

    id: int
    name: str
    service: Operation
    service_variant: Literal["basic", "plus"] | None
    status: Status
    total_images: int
    completed_images: int
    failed_images: int
    credits_charged: int
    created_at: str
    completed_at: str | None


class Batch(BatchSummary):
    """The same with each of them."""

    images: list[Image]


class Batches(Told):
    """A page of batches."""

    batches: list[BatchSummary]
    pagination: Pagination


class PricingPlan(Told):
    """A plan by its number and its names."""

    id: int | None
    name: str
    slug: str


class User(Told):
    """An account."""

    id: int
    name: str
    email: str
    email_verified_at: None = Field(None, description="Addresses are not verified here.")
    profile_photo_url: None = Field(None, description="There are no photos here.")
    created_at: str
    updated_at: str
    pricing_plan: PricingPlan


class PlanName(Told):
    """A plan by its names."""

    name: str
    slug: str


class Features(Told):
    """What a plan has."""

    api_access: bool
    batch_processing: bool


class Credits(Told):
    """Credits of the running month."""

    used: int
    limit: int | None = Field(
        description="What the plan allows and what was granted on top; null where there is no end."
    )
    remaining: int | None
    unlimited: bool
    exceeded: bool = Field(description="Nothing is left.")
    percentage: float = Field(description="Of the limit.")


class UsageTold(Told):
    """How far an account is."""

    plan: PlanName
    usage: Credits
    features: Features


class Subscription(Told):
    """A subscription; plans are given by the operator, and have neither trials nor ends of their own."""

    id: int
    type: Literal["default"]
    status: Literal["active"]
    quantity: Literal[1]
    trial_ends_at: None
    ends_at: None
    is_active: Literal[True]
    is_on_trial: Literal[False]
    is_cancelled: Literal[False]
    is_on_grace_period: Literal[False]


class Limits(Told):
    """The numbers of a plan."""

    credits_per_month: int | None = Field(description="Null where there is no end.")
    max_batch_size: int = Field(description="0 where there are no batches.")


class Plan(PlanName):
    """A plan."""

    price: int | None = Field(description="A month, in cents.")
    features: Features
    limits: Limits


class SubscriptionTold(Told):
    """A subscription and its plan."""

    subscription: Subscription
    plan: Plan


class Token(Told):
    """A key; the key itself is shown to nobody."""

    id: int
    name: str
    abilities: list[str]
    last_used_at: str | None = Field(description="To about a minute.")
    created_at: str


class Tokens(Told):
    """All keys that are good."""

    tokens: list[Token]
    count: int
