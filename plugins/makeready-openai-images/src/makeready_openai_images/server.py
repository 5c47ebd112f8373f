"""One question to the server, and its answer: tries again where that helps, and says plainly what went wrong."""

from __future__ import annotations

import base64
import binascii
import json
import time
from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from makeready.changes import Refusal
from makeready.errors import MissingDependency
from makeready_openai_images.settings import KEY, MODEL, TIMEOUT, URL, Settings

#: Name, file name, bytes and media type of a part.
File = tuple[str, tuple[str, bytes, str]]

#: How often one question is put, and what is waited for between two tries where the server names no time, in seconds.
TRIES, PAUSES = 3, (1.0, 3.0)
#: A server that wants to be left alone for longer is busy: people are told so instead.
LONGEST_WAIT = 60.0
#: Bytes of an answer. A picture of 4096 × 4096 in base64 is less.
MOST_BYTES = 128 * 1024 * 1024
#: Letters of a server's own words that are passed on.
_QUOTED = 300


def ask(settings: Settings, path: str, fields: dict[str, str], files: Sequence[File] = ()) -> bytes:
    """Ask for a picture.

    Args:
        settings: the server.
        path: ``images/generations`` or ``images/edits``.
        fields: what is said; as JSON, or as parts of a form where there are files.
        files: pictures.

    Returns:
        The bytes of the first picture of the answer.

    Raises:
        MissingDependency: the server cannot be reached, is busy, or does not take the key or the model.
        Refusal: it will not make this picture; its own words say why.
    """
    body: dict[str, Any] = {"data": fields, "files": list(files)} if files else {"json": _typed(fields)}
    headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {settings.key}"} if settings.key else {})
    patience = httpx.Timeout(settings.timeout, connect=min(20.0, settings.timeout))
    with httpx.Client(timeout=patience, headers=headers, follow_redirects=False) as client:
        for attempt in range(1, TRIES + 1):
            try:
                status, answer, said = _answer(client, f"{settings.base}/{path}", body)
            except httpx.ConnectError as error:
                if attempt == TRIES:
                    raise _away(settings, f"cannot be reached ({error})") from error
                time.sleep(PAUSES[attempt - 1])
                continue
            except httpx.TimeoutException as error:  # it may still be painting: asking again would be paid twice
                raise _away(settings, f"gave no answer in {settings.timeout:g} seconds ({TIMEOUT})") from error
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise _away(settings, f"broke off its answer ({type(error).__name__})") from error
            if status == 200:
                return _picture(settings, answer)
            wait = _wait(status, answer, said, attempt)
            if wait is None:
                raise _fault(settings, status, answer)
            time.sleep(wait)
    raise AssertionError("the last try returns or raises")


def _typed(fields: dict[str, str]) -> dict[str, Any]:
    """JSON knows numbers, forms do not."""
    return {name: int(value) if name == "n" else value for name, value in fields.items()}


def _answer(client: httpx.Client, address: str, body: dict[str, Any]) -> tuple[int, bytes, httpx.Headers]:
    """Status, bytes and headers; never more bytes than a picture can have."""
    with client.stream("POST", address, **body) as response:
        held = bytearray()
        for part in response.iter_bytes():
            held += part
            if len(held) > MOST_BYTES:
                raise httpx.DecodingError("the answer is too long", request=response.request)
        return response.status_code, bytes(held), response.headers


def _wait(status: int, answer: bytes, said: httpx.Headers, attempt: int) -> float | None:
    """Seconds until the next try; ``None`` where another one would be of no use."""
    if attempt == TRIES or not (status == 429 or status >= 500) or status == 501:
        return None
    if _error(answer).get("code") == "insufficient_quota":
        return None
    asked = _retry_after(said.get("retry-after", ""))
    if asked is None:
        return PAUSES[attempt - 1]
    return asked if asked <= LONGEST_WAIT else None


def _retry_after(value: str) -> float | None:
    """Seconds, from seconds or a date (RFC 9110, 10.2.3)."""
    if value.strip().isdecimal():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (TypeError, ValueError):
        return None


def _error(answer: bytes) -> dict[str, Any]:
    """What an answer says of an error: ``{"error": {"message", "type", "code"}}``."""
    try:
        error = json.loads(answer).get("error")
    except (ValueError, AttributeError):
        return {}
    return error if isinstance(error, dict) else {"message": error} if isinstance(error, str) else {}


def _fault(settings: Settings, status: int, answer: bytes) -> Exception:
    """The error that an answer stands for."""
    words = str(_error(answer).get("message") or "").strip()
    if settings.key:
        words = words.replace(settings.key, "…")
    words = " ".join(words.split())[:_QUOTED].rstrip(".")
    said = f": {words}" if words else ""
    if status == 401:  # some servers repeat a part of the key
        why = "does not take the key" if settings.key else "wants a key"
        return MissingDependency(f"The picture server {settings.host} {why}.", f"Set {KEY}.")
    if status in (403, 404):
        return MissingDependency(
            f"The picture server {settings.host} does not offer this (HTTP {status}){said}.",
            f"Check {URL} and {MODEL}, and what the key may do.",
        )
    if 300 <= status < 400:
        return MissingDependency(
            f"The picture server {settings.host} sends elsewhere (HTTP {status}), and keys are not sent elsewhere.",
            f"Name the address that it leads to in {URL}.",
        )
    if status == 429:
        return MissingDependency(f"The picture server {settings.host} is busy{said}.", "Try again later.")
    if status >= 500:
        return _away(settings, f"failed (HTTP {status}){said}")
    return Refusal(f"the picture server {settings.host} refuses (HTTP {status}){said}")


def _away(settings: Settings, why: str) -> MissingDependency:
    return MissingDependency(f"The picture server {settings.host} {why}.", f"Try again later, or check {URL}.")


def _picture(settings: Settings, answer: bytes) -> bytes:
    """The first picture of an answer."""
    try:
        first = json.loads(answer)["data"][0]
        coded = first.get("b64_json")
        if coded is None and first.get("url"):
            raise _away(
                settings, "answers with the address of a picture; only pictures within the answer (b64_json) are taken"
            )
        return base64.b64decode(coded, validate=True)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, binascii.Error) as error:
        raise _away(settings, f"gave an answer without a picture ({type(error).__name__})") from error
