"""A small dialect of the tests' own, and a service that speaks it in this process."""

from __future__ import annotations

import asyncio
import functools
import tempfile
import threading
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import httpx
from fastapi import Depends, FastAPI, Request, UploadFile
from pydantic import BaseModel, Field

from makeready.service import auth, wallet
from makeready.service.api import api, router
from makeready.service.app import create_app
from makeready.service.core import Account, Service, Settings
from makeready.service.dialects import Dialect
from makeready.service.limits import Standing
from makeready.service.observe import asked
from makeready.service.problems import Problem

PATH = "/v1/words"
#: Bytes.
LARGEST = 100_000

Caller = Annotated[Account, Depends(auth.account)]


class Word(BaseModel):
    word: str = Field(max_length=20)
    times: float = 1


def shape(problem: Problem, settings: Settings) -> dict[str, Any]:
    return {"oh": problem.code, "why": problem.message, "number": problem.request_id, "where": dict(problem.fields)}


def standing(now: Standing) -> dict[str, str]:
    return {
        "X-RateLimit-Limit": str(now.limit),
        "X-RateLimit-Remaining": str(now.remaining),
        "X-RateLimit-Reset": str(now.reset),
    }


def build(service: Service) -> FastAPI:
    app = api(DIALECT, service, "Words, *said*.")
    parts = router(tags=["Words"])
    calls: list[str] = []
    app.state.calls = calls
    app.state.go = threading.Event()
    app.state.go.set()

    @parts.post(PATH, status_code=201, summary="Say a word")
    async def say(given: Word, account: Caller, request: Request) -> dict[str, Any]:
        """Says `word` so often."""
        calls.append(given.word)
        about = asked(request)
        return {"said": given.word, "for": account.email, "job": about.job_id, "trace": about.traceparent}

    @parts.post(f"{PATH}/paid", status_code=202)
    def paid(given: Word, account: Caller, request: Request) -> dict[str, Any]:
        app.state.go.wait(20)
        job = service.jobs.submit(
            account.id, dialect="words", operation="empty", params={}, amount=10, job_id=asked(request).job_id
        )
        return {"id": job.id, "receipt": service.receipt(job)}

    @parts.get(f"{PATH}/broken")
    async def broken() -> None:
        raise RuntimeError("the word is secret-7")

    @parts.get(f"{PATH}/open", openapi_extra={"security": []})
    async def opened() -> dict[str, bool]:
        return {"open": True}

    @parts.get(f"{PATH}/{{word}}", summary="Look at a word")
    async def look(word: str, account: Caller, times: int = 1) -> dict[str, Any]:
        return {"word": word, "times": times}

    app.include_router(parts)
    return app


DIALECT = Dialect("words", "Words", (PATH,), build, shape, standing=standing, body_bytes=LARGEST)


def build_header(service: Service) -> FastAPI:
    app = api(HEADER_DIALECT, service)

    @app.get("/v1/words/by-header")
    async def look(account: Caller) -> dict[str, str]:
        return {"for": account.email}

    return app


HEADER_DIALECT = Dialect("header", "By header", ("/v1/words/by-header",), build_header, shape, key_header="X-API-Key")


def build_files(service: Service) -> FastAPI:
    app = api(FILES_DIALECT, service)
    app.state.calls = 0

    @app.post(FILES, status_code=201)
    async def upload(file: UploadFile, request: Request) -> dict[str, Any]:
        app.state.calls += 1
        return {"bytes": len(await file.read()), "job": asked(request).job_id, "call": app.state.calls}

    @app.post(f"{FILES}/unread", status_code=201)
    async def unread() -> dict[str, int]:
        app.state.calls += 1
        return {"call": app.state.calls}

    return app


FILES = f"{PATH}/files"
FILES_DIALECT = Dialect("files", "Files", (FILES,), build_files, shape, upload_bytes=LARGEST)


class Client:
    """Asks an application in this process; from several threads where a test wants that."""

    def __init__(self, app: Any) -> None:
        self.app = app

    def request(self, method: str, path: str, *, content: Any = None, **given: Any) -> httpx.Response:
        async def asked_once() -> httpx.Response:
            # An unexpected exception must end in an answer, and so may not come through.
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                body = content if content is None or isinstance(content, bytes) else _chunks(content)
                return await client.request(method, path, content=body, timeout=30, **given)

        return asyncio.run(asked_once())

    def get(self, path: str, **given: Any) -> httpx.Response:
        return self.request("GET", path, **given)

    def head(self, path: str, **given: Any) -> httpx.Response:
        return self.request("HEAD", path, **given)

    def post(self, path: str, **given: Any) -> httpx.Response:
        return self.request("POST", path, **given)


async def _chunks(parts: Iterable[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


@dataclass
class Spoken:
    service: Service
    client: Client
    account: Account
    key: str
    app: FastAPI

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    def balance(self) -> int:
        with self.service.database.reading() as connection:
            return wallet.balance(connection, self.account.id, "tokens")


@functools.cache
def _tables() -> bytes:
    """A database with all tables: a migration takes longer than most of these tests."""
    with tempfile.TemporaryDirectory() as folder:
        Service.open(Settings.load(data=Path(folder))).close()
        return (Path(folder) / "makeready.db").read_bytes()


@contextmanager
def spoken(settings: Settings) -> Iterator[Spoken]:
    if not settings.database_url:
        (settings.data / "makeready.db").write_bytes(_tables())
    service = Service.open(settings)
    try:
        app = create_app(service, (DIALECT, HEADER_DIALECT, FILES_DIALECT))
        account, key = service.accounts.create("jane@example.com", plan="professional", grants={"tokens": 1000})
        client = Client(app)
        yield Spoken(service, client, account, key, app._apps["words"][1])
    finally:
        service.close()


def settings(folder: Path, **given: Any) -> Settings:
    return Settings.load(data=folder, **given)
