"""Which server is asked, with which key, for which model: all of it from the environment, when it is needed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

URL, KEY, MODEL = "MAKEREADY_OPENAI_IMAGES_URL", "MAKEREADY_OPENAI_IMAGES_KEY", "MAKEREADY_OPENAI_IMAGES_MODEL"
SIZES, TIMEOUT = "MAKEREADY_OPENAI_IMAGES_SIZES", "MAKEREADY_OPENAI_IMAGES_TIMEOUT"

Size = tuple[int, int]
#: What models of these families make, by how their names begin. Others are asked for what gpt-image makes.
_FAMILIES: Mapping[str, tuple[Size, ...]] = {
    "dall-e-2": ((256, 256), (512, 512), (1024, 1024)),
    "dall-e-3": ((1024, 1024), (1792, 1024), (1024, 1792)),
    "": ((1024, 1024), (1536, 1024), (1024, 1536)),
}


class WrongSetting(ValueError):
    """A setting that cannot be used; the text says which and why, in a sentence without a full stop."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How the server is asked."""

    #: The part before ``/images/…``, without a slash at its end.
    base: str
    key: str = field(repr=False)
    #: The server's own choice where it is empty.
    model: str
    #: What can be asked for: pixels across and down.
    sizes: tuple[Size, ...]
    #: Seconds that one answer may take.
    timeout: float

    @property
    def host(self) -> str:
        """Where pictures and words go, for people."""
        parts = urlsplit(self.base)
        return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)

    @property
    def only_from_words(self) -> bool:
        """Whether the model makes pictures and changes none."""
        return self.model.startswith("dall-e-3")

    @property
    def one_picture(self) -> bool:
        """Whether the model takes one picture and no second one."""
        return self.model.startswith("dall-e-2")

    @property
    def answers_in_base64(self) -> bool:
        """Whether the model always sends pictures within its answer, and refuses to be told to."""
        return self.model.startswith(("gpt-image", "chatgpt-image"))


def read() -> Settings:
    """The settings as the environment has them now.

    Raises:
        WrongSetting: one is missing or cannot be used.
    """
    url = os.environ.get(URL, "").strip().rstrip("/")
    if not url:
        raise WrongSetting(f"{URL} names no server")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.username:
        raise WrongSetting(f"{URL} is not an address such as https://example.com/v1")
    model = os.environ.get(MODEL, "").strip()
    return Settings(
        base=url if parts.path else f"{url}/v1",
        key=os.environ.get(KEY, "").strip(),
        model=model,
        sizes=_sizes(model),
        timeout=_timeout(),
    )


def _sizes(model: str) -> tuple[Size, ...]:
    said = os.environ.get(SIZES, "").strip()
    if not said:
        return next(sizes for begin, sizes in _FAMILIES.items() if model.startswith(begin))
    found = []
    for word in said.replace(",", " ").split():
        sides = word.lower().split("x")
        if len(sides) != 2 or not all(side.isdecimal() and 0 < int(side) <= 8192 for side in sides):
            raise WrongSetting(f"{SIZES} has {word!r}, which is no size such as 1024x1024")
        found.append((int(sides[0]), int(sides[1])))
    return tuple(found)


def _timeout() -> float:
    said = os.environ.get(TIMEOUT, "").strip() or "180"
    try:
        seconds = float(said)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 3600:
        raise WrongSetting(f"{TIMEOUT} is {said!r}, not a number of seconds up to 3600")
    return seconds
