"""What customers do and have: pictures, printed commands that they run, and a server that webhooks reach."""

from __future__ import annotations

import http.server
import io
import shlex
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from PIL import Image, ImageDraw
from sqlalchemy import update

from makeready.service.core import Service
from makeready.service.tables import delivery
from makeready.service.webhooks import Courier


def ball(format: str = "JPEG", size: tuple[int, int] = (240, 180)) -> bytes:
    """A red ball in the middle of a white wall; the subject, as the stand-in for ISNet sees it."""
    across, down = size
    image = Image.new("RGB", size, "white")
    radius = min(size) // 4
    middle = (across // 2, down // 2)
    ImageDraw.Draw(image).circle(middle, radius, fill=(220, 20, 30))
    return saved(image, format)


def wall() -> bytes:
    """A white wall: there is no subject in it."""
    return saved(Image.new("RGB", (120, 90), "white"), "PNG")


def saved(image: Image.Image, format: str) -> bytes:
    file = io.BytesIO()
    image.save(file, format, quality=95)
    return file.getvalue()


def opened(link: str) -> Image.Image:
    """The picture that a link leads to, for whoever has it."""
    answer = httpx.get(link, trust_env=False)
    assert answer.status_code == 200, answer.text
    return Image.open(io.BytesIO(answer.content))


def curl(command: str, names: Mapping[str, str], folder: Path) -> tuple[int, str]:
    """Run a printed command in a folder, with what it prints for the reader put in place; its status and body."""
    for printed, real in names.items():
        command = command.replace(printed, real)
    words = shlex.split(command.replace("\\\n", " "))
    said = subprocess.run(
        [*words, "-s", "--noproxy", "*", "-w", "\n%{http_code}"],
        capture_output=True, text=True, check=True, timeout=60, cwd=folder,
    ).stdout  # fmt: skip
    body, _, status = said.rpartition("\n")
    return int(status), body


@dataclass
class Mailbox:
    """A server that takes what is POSTed to it."""

    url: str = ""
    #: What it answers next; 200 where nothing is left.
    answers: list[int] = field(default_factory=list)
    letters: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """A mailbox on this machine."""
    box = Mailbox()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            box.letters.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(box.answers.pop(0) if box.answers else 200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        box.url = f"http://127.0.0.1:{server.server_address[1]}/told"
        try:
            yield box
        finally:
            server.shutdown()
            thread.join()


def deliver(service: Service) -> None:
    """Send every webhook that is written, those too that wait for their next try."""
    with service.database.writing() as connection:
        connection.execute(update(delivery).where(delivery.c.state == "pending").values(next_at=0))
    courier = Courier(service.database, service.fetcher)
    while courier.turn():
        pass
