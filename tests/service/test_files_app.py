from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette

from makeready.service import files as files_module
from makeready.service import files_app, tables
from makeready.service.core import Service
from makeready.service.database import Database
from makeready.service.files import File, Files
from makeready.service.settings import Settings
from makeready.service.store import open_store
from service.jobs_helping import account
from service.s3 import LATER, S3

DATA = os.urandom(700_001)


class Served:
    """A service that serves files, over HTTP."""

    def __init__(self, database: Database, settings: Settings, scratch: Path) -> None:
        self.store = open_store(settings)
        self.files = Files(database, self.store, settings, "a secret of the tests, long enough")
        self._database, self._scratch, self._owner = database, scratch, account(database)
        self.settings = settings
        service = SimpleNamespace(files=self.files, store=self.store, settings=settings)
        self.app = Starlette(routes=files_app.routes(cast("Service", service)))

    def file(self, name: str = "a.png", media_type: str = "image/png", data: bytes = DATA) -> File:
        path = self._scratch / "made"
        path.write_bytes(data)
        file = self.files.keep(path, account_id=self._owner, name=name, media_type=media_type)
        with self._database.writing() as connection:
            self.files.add(connection, file)
        return file

    def ask(self, link: str, method: str = "GET", **more: Any) -> httpx.Response:
        """A request as a client makes it; what the service sends is held against the promises that hold always."""

        async def go() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url=self.settings.public_url) as client:
                return await client.request(method, link, **more)

        answer = asyncio.run(go())
        assert answer.headers["x-content-type-options"] == "nosniff"
        policy = [part.strip() for part in answer.headers["content-security-policy"].split(";")]
        assert "sandbox" in policy, "with nothing allowed"
        assert "default-src 'none'" in policy
        assert answer.headers["referrer-policy"] == "no-referrer"
        return answer


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """One kind is enough: what links ask the database is tested with both elsewhere."""
    made = Database(f"sqlite:///{tmp_path / 'service.db'}")
    tables.metadata.create_all(made.engine)
    yield made
    made.close()


@pytest.fixture
def served(database: Database, tmp_path: Path) -> Served:
    return Served(database, Settings(data=tmp_path / "data", public_url="https://files.example.com"), tmp_path)


@pytest.fixture
def on_s3(database: Database, tmp_path: Path, s3: S3) -> Served:
    settings = Settings(
        data=tmp_path / "data",
        public_url="https://files.example.com",
        storage_url=f"s3://{s3.bucket}/files",
        storage_options=s3.options,
    )
    return Served(database, settings, tmp_path)


def test_a_link_gives_the_file_without_a_key(served: Served) -> None:
    file = served.file("Größe.png")
    answer = served.ask(served.files.link(file))
    assert (answer.status_code, answer.content) == (200, DATA)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-length"] == str(len(DATA))
    assert (
        answer.headers["content-disposition"] == "inline; filename=\"Groe.png\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe.png"
    )
    assert answer.headers["etag"] == f'"{file.sha256}"'
    assert answer.headers["accept-ranges"] == "bytes"
    cache = answer.headers["cache-control"].split(", ")
    assert cache[0] == "private"
    assert 86000 < int(cache[1].removeprefix("max-age=")) <= 86400


def test_an_empty_file(served: Served) -> None:
    answer = served.ask(served.files.link(served.file(data=b"")))
    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "0")


@pytest.mark.parametrize(
    ("media_type", "said"),
    [
        ("text/html", "text/html; charset=utf-8"),
        ("image/svg+xml", "image/svg+xml"),
        ("application/pdf", "application/pdf"),
    ],
)
def test_what_could_run_is_saved_and_not_shown(served: Served, media_type: str, said: str) -> None:
    answer = served.ask(served.files.link(served.file("x", media_type, b"<script>alert(1)</script>")))
    assert answer.headers["content-disposition"] == 'attachment; filename="x"'
    assert answer.headers["content-type"] == said


def test_head_says_what_get_would(served: Served) -> None:
    link = served.files.link(served.file())
    head, get = served.ask(link, "HEAD"), served.ask(link)
    assert (head.status_code, head.content) == (200, b"")
    volatile = ("cache-control",)
    assert {n: v for n, v in head.headers.items() if n not in volatile} == {
        n: v for n, v in get.headers.items() if n not in volatile
    }
    assert served.ask(link, "HEAD", headers={"Range": "bytes=0-9"}).headers["content-length"] == "10"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_link_is_for_reading(served: Served, method: str) -> None:
    async def go() -> int:
        transport = httpx.ASGITransport(served.app)
        async with httpx.AsyncClient(transport=transport, base_url="https://files.example.com") as client:
            return (await client.request(method, served.files.link(served.file()))).status_code

    assert asyncio.run(go()) == 405


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 20),
        ("bytes=700000-", 700_000, 700_001),
        ("bytes=-5", 699_996, 700_001),
        ("bytes=-9999999", 0, 700_001),
        ("bytes=5-99999999", 5, 700_001),
        ("BYTES=0-4", 0, 5),
    ],
)
def test_a_part_of_a_file(served: Served, asked: str, start: int, end: int) -> None:
    answer = served.ask(served.files.link(served.file()), headers={"Range": asked})
    assert (answer.status_code, answer.content) == (206, DATA[start:end])
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{len(DATA)}"
    assert answer.headers["content-length"] == str(end - start)


@pytest.mark.parametrize("asked", ["bytes=700001-", "bytes=9999999-99999999", "bytes=-0"])
def test_a_part_that_the_file_does_not_have(served: Served, asked: str) -> None:
    answer = served.ask(served.files.link(served.file()), headers={"Range": asked})
    assert (answer.status_code, answer.content) == (416, b"")
    assert answer.headers["content-range"] == f"bytes */{len(DATA)}"


@pytest.mark.parametrize(
    "asked",
    ["bytes=", "bytes=-", "bytes=9-5", "bytes=a-b", "lines=1-2", "bytes=0-1,5-6", "bytes=٣-٤", "bytes=" + "9" * 99],
)
def test_what_is_no_single_range_gets_all(served: Served, asked: str) -> None:
    answer = served.ask(served.files.link(served.file()), headers={"Range": asked.encode()})
    assert (answer.status_code, len(answer.content)) == (200, len(DATA))


def test_a_range_of_another_version_gets_all(served: Served) -> None:
    file = served.file()
    link, part = served.files.link(file), {"Range": "bytes=0-4"}
    assert served.ask(link, headers=part | {"If-Range": f'"{file.sha256}"'}).status_code == 206
    assert served.ask(link, headers=part | {"If-Range": '"another"'}).status_code == 200
    assert served.ask(link, headers=part | {"If-Range": "Sat, 21 Nov 2026 00:00:00 GMT"}).status_code == 200


def test_what_a_client_has_is_not_sent_again(served: Served) -> None:
    file = served.file()
    link = served.files.link(file)
    for known in (f'"{file.sha256}"', f'"other", W/"{file.sha256}"', "*"):
        answer = served.ask(link, headers={"If-None-Match": known})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == f'"{file.sha256}"'
    assert served.ask(link, headers={"If-None-Match": '"other"'}).status_code == 200


def refused(answer: httpx.Response) -> dict[str, str]:
    """The words of a refusal, which nobody may keep."""
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    words: dict[str, str] = answer.json()
    assert words["message"]
    assert words["hint"]
    return words


def test_a_link_that_is_no_good_says_why(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    file, other = served.file(), served.file("b.png")
    link = served.files.link(file, 60)
    for changed in (
        link.replace(file.id, other.id),
        link.replace("/a.png", "/invoice.exe"),
        link.replace("expires=", "expires=9"),
        link[:-3] + "AAA",
        link.split("&")[0],
        link.split("?")[0],
        link.replace("signature=", "signature=%00%ff"),
        link.replace(file.id, "file_nosuchfile"),
    ):
        answer = served.ask(changed)
        assert answer.status_code == 403
        assert refused(answer)["error"] == "LINK_INVALID"
    now = time.time()
    monkeypatch.setattr(files_module.time, "time", lambda: now + 61)
    answer = served.ask(link)
    assert answer.status_code == 403
    assert refused(answer)["error"] == "LINK_EXPIRED"
    assert "ran out" in refused(answer)["message"]


def test_a_file_that_was_deleted_is_not_found(served: Served) -> None:
    file = served.file()
    link = served.files.link(file)
    served.files.delete(file)
    answer = served.ask(link)
    assert answer.status_code == 404
    assert refused(answer)["error"] == "NOT_FOUND"


def test_bytes_that_are_gone_are_told_with_a_status(served: Served) -> None:
    file = served.file()
    served.store.delete(file.key)
    answer = served.ask(served.files.link(file))
    assert answer.status_code == 404
    refused(answer)


# A bucket


def test_a_bucket_is_where_the_client_is_sent(on_s3: Served, s3: S3) -> None:
    file = on_s3.file("Größe.html", "text/html", b"<h1>hi</h1>")
    answer = on_s3.ask(on_s3.files.link(file))
    assert (answer.status_code, answer.content) == (307, b"")
    assert answer.headers["cache-control"] == "no-store"
    there = answer.headers["location"]
    assert there.startswith(f"{s3.endpoint}/{s3.bucket}/files/")
    given = httpx.get(there)
    assert (given.status_code, given.content) == (200, b"<h1>hi</h1>")
    assert given.headers["content-type"] == "text/html; charset=utf-8"
    assert given.headers["content-disposition"] == file.disposition
    assert file.disposition.startswith("attachment")
    assert httpx.get(there, headers={"Range": "bytes=0-3"}).content == b"<h1>"
    assert httpx.get(there, headers={LATER: "290"}).status_code == 200
    assert httpx.get(there, headers={LATER: "310"}).status_code == 403, (
        "the link works for a day, where it leads does not"
    )
    assert httpx.get(there.replace("X-Amz-Expires=300", "X-Amz-Expires=3000")).status_code == 403
    head = on_s3.ask(on_s3.files.link(file), "HEAD")
    assert httpx.head(head.headers["location"]).headers["content-length"] == "11"


def test_a_redirect_ends_no_later_than_its_link(on_s3: Served) -> None:
    there = on_s3.ask(on_s3.files.link(on_s3.file(), 20)).headers["location"]
    assert httpx.get(there).status_code == 200
    assert httpx.get(there, headers={LATER: "21"}).status_code == 403


def test_a_link_to_a_bucket_is_checked_before_anybody_is_sent_there(on_s3: Served) -> None:
    answer = on_s3.ask(on_s3.files.link(on_s3.file())[:-2] + "xx")
    assert answer.status_code == 403
    assert "location" not in answer.headers


def test_a_bucket_that_clients_cannot_reach_is_served_through(database: Database, tmp_path: Path, s3: S3) -> None:
    settings = Settings(
        data=tmp_path / "data", public_url="https://files.example.com", storage_url=f"s3://{s3.bucket}",
        storage_options=s3.options | {"redirect": "false"},
    )  # fmt: skip
    served = Served(database, settings, tmp_path)
    link = served.files.link(served.file())
    assert served.ask(link).content == DATA
    assert served.ask(link, headers={"Range": "bytes=-5"}).content == DATA[-5:]


# A real server


@pytest.fixture
def address(served: Served) -> Iterator[str]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(served.app, log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join(30)


def test_over_a_connection(served: Served, address: str) -> None:
    large = os.urandom(9_000_000)
    file = served.file("日本語.png", data=large)
    path = served.files.link(file).removeprefix("https://files.example.com")
    with httpx.Client(base_url=address) as client:
        assert client.get(path).content == large
        assert client.head(path).headers["content-length"] == str(len(large))
        part = client.get(path, headers={"Range": "bytes=8999990-"})
        assert (part.status_code, part.content) == (206, large[-10:])
        with client.stream("GET", path) as answer:  # a client that goes away harms nobody
            next(answer.iter_raw())
        assert client.get(path).status_code == 200
