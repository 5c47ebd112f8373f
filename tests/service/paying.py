"""The provider of payments that the documentation shows, and what its till sends."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import time
from pathlib import Path
from typing import Any

from makeready.service.payments import Provider

PAGE = Path(__file__).parents[2] / "docs" / "service" / "payments.md"
KEY = "the key of the till"


def documented() -> Provider:
    """The provider as its page has it, letter by letter."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    made: dict[str, Any] = {}
    exec(compile(code, str(PAGE), "exec"), made)
    provider = made["provider"]
    assert isinstance(provider, Provider)
    return provider


def message(order: str, state: str = "paid", price: str = "9.90", money: str = "EUR") -> bytes:
    """What the till says of an order."""
    return json.dumps({"order": order, "state": state, "price": price, "money": money}).encode()


def signed(body: bytes, at: float | None = None, key: str = KEY) -> dict[str, str]:
    """The headers of a message of the till."""
    moment = str(int(time.time() if at is None else at))
    mark = hmac.new(key.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return {"till-time": moment, "till-signature": mark}
