"""What the service's front is held against: FastAPI with one route and nothing else, the same work in it."""

from __future__ import annotations

import math

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

app = FastAPI()


class Asked(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)

    width_px: int
    height_px: int
    canvas_width_inches: float
    canvas_height_inches: float
    product_type: str


@app.post("/v1/services/preflight/dpi-score")
async def score(asked: Asked) -> dict[str, dict[str, int | str]]:
    ppi = math.floor(min(asked.width_px / asked.canvas_width_inches, asked.height_px / asked.canvas_height_inches))
    said = {"stars": 4, "label": "Good", "effectivePpi": ppi, "minPpi": 100, "productType": asked.product_type}
    return {"data": said}
