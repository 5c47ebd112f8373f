"""A picture server on this machine that takes requests as the real one does, and refuses what that one would."""

from __future__ import annotations

import base64
import io
import json
import threading
from collections import deque
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from PIL import Image, ImageDraw

KEY = "sk-a-key-that-nobody-may-read"
FIELDS = {"prompt", "model", "n", "size", "response_format", "quality", "background", "user"}


@dataclass
class Asked:
    """One request, as the server understood it."""

    path: str
    fields: dict[str, str]
    #: Name of the field, name of the file, type, bytes.
    files: list[tuple[str, str, str, bytes]]
    headers: dict[str, str]

    def picture(self, name: str) -> Image.Image:
        return Image.open(io.BytesIO(next(data for field, _, _, data in self.files if field == name)))


@dataclass
class Server:
    """What was asked, and what is answered next before it does as it is asked."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    #: Status, headers and body of the next answers.
    next: deque = field(default_factory=deque)
    colour: tuple[int, int, int] = (30, 120, 60)

    def fail(self, status: int, body: dict | bytes = b"", **headers: str) -> None:
        self.next.append((status, {name.replace("_", "-"): value for name, value in headers.items()}, body))

    def paint(self, size: str) -> bytes:
        width, height = map(int, size.split("x"))
        picture = Image.new("RGB", (width, height), self.colour)
        ImageDraw.Draw(picture).rectangle((0, 0, width // 2 - 1, height // 2 - 1), fill=(200, 40, 40))
        held = io.BytesIO()
        picture.save(held, "PNG")
        return held.getvalue()


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format, *args):
            pass

        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            kind = self.headers["content-type"]
            fields, files = {}, []
            if kind == "application/json":
                fields = json.loads(body)
            else:
                head = f"Content-Type: {kind}\r\n\r\n".encode()
                for part in BytesParser(policy=HTTP).parsebytes(head + body).iter_parts():
                    name, filename = (part.get_param(key, header="content-disposition") for key in ("name", "filename"))
                    data = part.get_payload(decode=True)
                    if filename:
                        files.append((name, filename, part.get_content_type(), data))
                    else:
                        fields[name] = data.decode()
            asked = Asked(self.path, fields, files, {name.lower(): value for name, value in self.headers.items()})
            server.asked.append(asked)
            if server.next:
                return self.answer(*server.next.popleft())
            if asked.headers.get("authorization") != f"Bearer {KEY}":
                return self.error(401, f"Incorrect API key provided: {asked.headers.get('authorization')}.")
            if fault := self.fault(asked):
                return self.error(400, fault)
            picture = base64.b64encode(server.paint(fields["size"])).decode()
            return self.answer(200, {}, {"created": 1, "data": [{"b64_json": picture}]})

        def fault(self, asked):
            """What the real server would say of it."""
            if unknown := set(asked.fields) - FIELDS:
                return f"Unknown parameter: '{sorted(unknown)[0]}'."
            if not asked.fields.get("prompt"):
                return "Missing required parameter: 'prompt'."
            if asked.fields.get("model", "").startswith("gpt-image") and "response_format" in asked.fields:
                return "Unknown parameter: 'response_format'."
            if asked.path == "/v1/images/generations":
                return "" if isinstance(asked.fields["n"], int) else "Invalid type for 'n': expected an integer."
            if asked.path != "/v1/images/edits":
                return f"Invalid URL (POST {asked.path})"
            pictures = [one for one in asked.files if one[0] in ("image", "image[]")]
            if not pictures or any(kind != "image/png" for _, _, kind, _ in asked.files):
                return "Invalid image file."
            for name, _, _, data in asked.files:
                with Image.open(io.BytesIO(data)) as picture:
                    first = asked.picture(pictures[0][0])
                    if name == "mask" and (picture.mode != "RGBA" or picture.size != first.size):
                        return "Invalid mask: it needs an alpha channel and the size of the image."
            return ""

        def error(self, status, message):
            return self.answer(status, {}, {"error": {"message": message, "type": "error", "code": None}})

        def answer(self, status, headers, body):
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            for name, value in {
                "content-length": str(len(data)),
                "content-type": "application/json",
                **headers,
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

    return Handler


@pytest.fixture
def server(monkeypatch):
    """The server, with makeready set to ask it and nothing else."""
    held = Server()
    listener = ThreadingHTTPServer(("127.0.0.1", 0), _handler(held))
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    held.url = f"http://127.0.0.1:{listener.server_port}/v1"
    monkeypatch.setenv("MAKEREADY_GENERATOR", "openai-images")
    monkeypatch.setenv("MAKEREADY_OPENAI_IMAGES_URL", held.url)
    monkeypatch.setenv("MAKEREADY_OPENAI_IMAGES_KEY", KEY)
    monkeypatch.setenv("MAKEREADY_OPENAI_IMAGES_MODEL", "gpt-image-1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("MAKEREADY_OPENAI_IMAGES_SIZES", "256x256,384x256,256x384")  # small ones keep the tests quick
    monkeypatch.delenv("MAKEREADY_OPENAI_IMAGES_TIMEOUT", raising=False)
    yield held
    listener.shutdown()
    thread.join()
    listener.server_close()
