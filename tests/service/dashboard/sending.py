"""Somebody who is signed in and sends forms without a browser, and what they send."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import httpx
from PIL import Image, ImageDraw

from makeready.service.core import Account, Job
from makeready.testing.builder import pdf
from service.dashboard.conftest import PATIENCE
from service.dialects.conftest import House

TOOLS = "/dashboard/tools"
BACKGROUND, PREFLIGHT, FIX = f"{TOOLS}/background", f"{TOOLS}/preflight", f"{TOOLS}/fix"


def ball(format: str = "JPEG", size: tuple[int, int] = (240, 180)) -> bytes:
    """A red ball before a white wall."""
    image = Image.new("RGB", size, "white")
    across, down = size
    ImageDraw.Draw(image).ellipse((across // 3, down // 4, across * 2 // 3, down * 3 // 4), fill=(220, 20, 30))
    file = io.BytesIO()
    image.save(file, format)
    return file.getvalue()


def flyer() -> bytes:
    """A page whose ground ends at its edges, without bleed."""
    return pdf(trim="A6", bleed=None).bytes()


class Client:
    """Somebody signed in, without a browser."""

    def __init__(self, house: House, *, tokens: int = 1000, account: Account | None = None) -> None:
        number = len(house.service.accounts.all())
        self.account = (
            account or house.service.accounts.create(f"client{number}@example.com", grants={"tokens": tokens})[0]
        )
        self.house = house
        self.http = house.http(cookie=f"makeready={house.service.signing_in.begin(self.account, 'a test')}")

    def send(self, path: str, data: dict[str, Any] | None = None, file: tuple[str, bytes] | None = None) -> Any:
        """A form with or without a file."""
        files = {"file": (file[0], file[1])} if file else {"nothing": ("", b"")}
        return self.http.post(path, data=data or {}, files=files)

    def job(self, answer: httpx.Response) -> str:
        """The job that a form led to."""
        assert answer.status_code == 303, answer.text
        found = re.fullmatch(r"/dashboard/jobs/(\w+)", answer.headers["location"])
        assert found, answer.headers["location"]
        return found[1]

    def ended(self, answer: httpx.Response) -> Job:
        """The same, when it has ended or waits for approval."""
        return self.house.service.jobs.wait(self.account.id, self.job(answer), PATIENCE)

    @property
    def files(self) -> list[Path]:
        """What the store has of this account."""
        folder = self.house.service.settings.data / "files" / self.account.id
        return [path for path in folder.rglob("*") if path.is_file()]

    @property
    def tokens(self) -> int:
        return self.house.service.accounts.balances(self.account.id)["tokens"]
