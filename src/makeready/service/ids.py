"""Identifiers: random, short, safe in URLs."""

from __future__ import annotations

import secrets
import string

_LETTERS = string.ascii_letters + string.digits


def new(kind: str = "", length: int = 21) -> str:
    """An identifier of 125 random bits with 21 letters; ``kind`` goes before it, as in ``job_…``."""
    word = "".join(secrets.choice(_LETTERS) for _ in range(length))
    return f"{kind}_{word}" if kind else word
