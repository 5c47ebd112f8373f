"""A whole service in this process: web server, worker and children, and a customer's server of files."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
import structlog
import uvicorn

from fixes import subjects
from makeready.service import dialects
from makeready.service.app import create_app
from makeready.service.core import Account, Service
from makeready.service.settings import Settings
from makeready.service.worker import Worker
from makeready.testing.offering import offered

#: Seconds that a server gets to start, and a job to end.
PATIENCE = 60.0


@dataclass
class Client:
    """An account's client."""

    account: Account
    key: str
    http: httpx.Client
    #: The document that answers are held against.
    document: dict[str, Any]

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self._kept(self.http.get(path, **more))

    def post(self, path: str, body: Any = None, **more: Any) -> httpx.Response:
        return self._kept(self.http.post(path, json=body, **more))

    def send(self, path: str, **more: Any) -> httpx.Response:
        """A form: ``data`` and ``files`` as httpx takes them."""
        return self._kept(self.http.post(path, **more))

    def delete(self, path: str, **more: Any) -> httpx.Response:
        return self._kept(self.http.delete(path, **more))

    def _kept(self, answer: httpx.Response) -> httpx.Response:
        """The answer, if the document promises one like it."""
        for path, methods in self.document["paths"].items():
            pattern = re.sub(r"{\w+}", "[^/]+", path)
            if re.fullmatch(pattern, answer.request.url.path) and answer.request.method.lower() in methods:
                told = methods[answer.request.method.lower()]["responses"][str(answer.status_code)]
                kind = answer.headers["content-type"]
                schema = told["content"][kind]["schema"]
                if kind == "application/json":
                    jsonschema.validate(answer.json(), {**schema, "components": self.document["components"]})
        return answer

    def ended(self, path: str, until: tuple[str, ...] = ("completed", "failed")) -> dict[str, Any]:
        """Poll a job, as clients do."""
        deadline = time.monotonic() + PATIENCE
        while True:
            said = self.get(path).json()
            said = said.get("data", said)
            if said["status"] in until:
                return said
            assert time.monotonic() < deadline, said
            time.sleep(0.05)

    def balance(self) -> int:
        return int(self.get("/v1/services/wallet").json()["data"]["balance"])


@dataclass
class House:
    """The service, and whom it serves."""

    service: Service
    base: str
    #: The customer's server, and the folder that it serves.
    shop: str
    folder: Path
    clients: list[httpx.Client] = field(default_factory=list)

    def client(
        self, tokens: int = 1000, plan: str = "enterprise-3k", *, dialect: str = "printcart", **grants: int
    ) -> Client:
        """A new account, with a key, that speaks a dialect; its wallets begin with what is named, else by its plan."""
        account, key = self.service.accounts.create(
            f"a{len(self.clients)}@example.com", plan=plan, grants={"tokens": tokens} | grants if tokens else grants
        )
        header = dialects.load(dialect).key_header
        http = self.http(**{header: f"Bearer {key}" if header == "Authorization" else key})
        document = http.get(f"/openapi/{dialect}.json").json()
        return Client(account, key, http, document)

    def http(self, **headers: str) -> httpx.Client:
        made = httpx.Client(base_url=self.base, headers=headers, timeout=PATIENCE, trust_env=False)
        self.clients.append(made)
        return made

    def offer(self, name: str, data: bytes) -> str:
        """Put a file onto the customer's server; its URL."""
        (self.folder / name).write_bytes(data)
        return f"{self.shop}/{name}"


@contextmanager
def _running(target: Callable[[], None], stop: Callable[[], None]) -> Iterator[None]:
    thread = threading.Thread(target=target)
    thread.start()
    try:
        yield
    finally:
        stop()
        thread.join(PATIENCE)
        assert not thread.is_alive()


@contextmanager
def serving(app: Any, door: socket.socket) -> Iterator[None]:
    """A web server behind a socket."""
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=5))

    def stop() -> None:
        server.should_exit = True

    with _running(lambda: server.run([door]), stop):
        until = time.monotonic() + PATIENCE
        while not server.started:
            assert time.monotonic() < until
            time.sleep(0.01)
        yield


@contextmanager
def housed(folder: Path, *, works: bool = True, **settings: Any) -> Iterator[House]:
    """A service over an empty data folder, with a worker or without."""
    shelf = folder / "shop"
    shelf.mkdir()
    door = socket.create_server(("127.0.0.1", 0))
    base = f"http://127.0.0.1:{door.getsockname()[1]}"
    held = Settings.load(
        public_url=base, data=folder / "data", fetch_allow="127.0.0.1", workers=2,
        top_up_url="https://app.printcart.com/payment?tab=buy", **settings,
    )  # fmt: skip
    service = Service.open(held)
    house = House(service, base, "", shelf)
    worker = Worker(held, service=service, chores={})
    try:
        with offered(shelf) as house.shop, serving(create_app(service), door):
            if works:
                with _running(worker.run, worker.stop):
                    yield house
            else:
                yield house
    finally:
        for client in house.clients:
            client.close()
        service.close()
        door.close()


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A small network, for which red is what the picture is about, stands for ISNet."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MAKEREADY_MODEL_DIR", str(subjects.red_isnet(tmp_path_factory.mktemp("models"))))
        before = structlog.get_config()
        structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
        yield
        structlog.configure(**before)  # its very lists: loggers that were bound before have them


@pytest.fixture(scope="module")
def house(models: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A service with a worker."""
    with housed(tmp_path_factory.mktemp("house")) as made:
        yield made


@pytest.fixture(scope="module")
def front(models: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A service whose jobs nobody works on."""
    with housed(tmp_path_factory.mktemp("front"), works=False) as made:
        yield made
