"""Identifiers: random, short, safe in URLs; and secrets to sign with."""

from __future__ import annotations

import base64
import hashlib
import secrets
import string

_LETTERS = string.ascii_letters + string.digits
#: In another order those that were given out would be others.
_ORDER = string.ascii_uppercase + string.ascii_lowercase + string.digits


def new(kind: str = "", length: int = 21) -> str:
    """An identifier of 125 random bits with 21 letters; ``kind`` goes before it, as in ``job_…``."""
    word = "".join(secrets.choice(_LETTERS) for _ in range(length))
    return f"{kind}_{word}" if kind else word


def derived(*told: str) -> str:
    """An identifier of 21 letters that only these texts lead to, the same each time."""
    number = int.from_bytes(hashlib.sha256("\0".join(told).encode()).digest())
    letters = []
    for _ in range(21):
        number, place = divmod(number, len(_ORDER))
        letters.append(_ORDER[place])
    return "".join(letters)


def secret() -> str:
    """Something to sign webhooks with: 256 random bits, as https://www.standardwebhooks.com writes them."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
