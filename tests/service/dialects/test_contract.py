"""What holds whatever API a client speaks: the same conversations through all five, each in its own words.

How each is spoken, and what its documentation promises, is written down in ``SPEECHES``; the conversations know none.
"""

from __future__ import annotations

import ast
import io
import re
import struct
import time
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import httpx
import pytest
from PIL import Image

from makeready.service import dialects
from makeready.service.settings import DIALECTS
from service.dialects.conftest import PATIENCE, Client, House, housed
from service.dialects.customers import ball, opened

PLAN = "professional"
HOUR_S = 3600.0
#: Bytes; the service here takes no larger file.
LARGEST = 1 << 20


def truncated() -> bytes:
    """A picture whose header is whole, and little else."""
    file = io.BytesIO()
    Image.effect_noise((400, 300), 80).convert("RGB").save(file, "JPEG", quality=90)
    return file.getvalue()[:4000]


def enormous() -> bytes:
    """A PNG of 400 megapixels, as its header says."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


PICTURE = ball()
TOO_LARGE = PICTURE + bytes(LARGEST)
A_PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n"


class Speech(ABC):
    """How an API is spoken."""

    dialect: ClassVar[str]
    currency: ClassVar[str] = "credits"
    price: ClassVar[int] = 1
    #: The status of a picture that is taken.
    accepted: ClassVar[int] = 202
    #: Where a request is answered that costs nothing.
    free: ClassVar[str]
    #: What the API says no to, with its status; 0 where it is found out when the job is done.
    poor: ClassVar[int] = 402
    foreign: ClassVar[int] = 404
    large: ClassVar[int]
    other_kind: ClassVar[int]
    invalid: ClassVar[int]
    #: The status of a request that waited for a job which failed; 0 where jobs are polled.
    unfit: ClassVar[int] = 0
    #: The field that says why a job failed; none where its documentation has none.
    why: ClassVar[str] = ""
    #: Whether the answer to an idempotency key is kept; a stream is made anew of the same job.
    remembers: ClassVar[bool] = True
    #: A field that does not fit.
    nonsense: ClassVar[Mapping[str, Any]]
    #: How long a link works, in seconds; 0 where there are none.
    link_s: ClassVar[float] = 24 * HOUR_S

    def key(self, key: str) -> dict[str, str]:
        """The headers of a key."""
        return {"Authorization": f"Bearer {key}"}

    @abstractmethod
    def send(
        self, house: House, http: httpx.Client, picture: bytes, headers: Mapping[str, str] | None = None, **fields: Any
    ) -> httpx.Response:
        """Ask for a picture without its background."""

    def path(self, answer: httpx.Response) -> str:
        """Where what was asked for is looked at."""
        raise AssertionError(f"{self.dialect} answers with the picture itself")

    @abstractmethod
    def strange(self) -> str:
        """Where nothing is."""

    def status(self, told: Any) -> str:
        """How far it is."""
        return str(told["status"])

    def link(self, http: httpx.Client, answer: httpx.Response) -> str:
        """The link to the result of what is completed."""
        raise AssertionError(f"{self.dialect} answers with the picture itself")

    def picture(self, http: httpx.Client, answer: httpx.Response) -> Image.Image:
        """The result."""
        assert ended(self, http, answer)["status"] == "completed"
        return opened(self.link(http, answer))

    @abstractmethod
    def shape(self, answer: httpx.Response) -> str:
        """The message of a refusal, which has the shape of all refusals of this API."""


class Printcart(Speech):
    dialect, currency, price = "printcart", "tokens", 150
    free = "/v1/services/wallet"
    large = other_kind = 0
    invalid, why = 422, "error_message"
    nonsense: ClassVar[Mapping[str, Any]] = {"edge_softness": 11}

    def send(self, house, http, picture, headers=None, **fields):  # type: ignore[no-untyped-def]
        url = house.offer(f"photo{zlib.crc32(picture)}.jpg", picture)
        return http.post("/v1/services/bg-remove", json={"image_url": url, **fields}, headers=headers)

    def path(self, answer: httpx.Response) -> str:
        return f"/v1/services/bg-remove/{answer.json()['job_id']}"

    def strange(self) -> str:
        return "/v1/services/bg-remove/JgSluQxRQ_mkvwpsGIOny"

    def link(self, http: httpx.Client, answer: httpx.Response) -> str:
        return str(http.get(self.path(answer)).json()["output_url"])

    def shape(self, answer: httpx.Response) -> str:
        said = answer.json()
        if answer.status_code == 402:
            assert list(said) == ["error", "balance", "shortfall", "top_up_url"]
            return str(said["error"])
        assert {"error", "message"} <= said.keys() <= {"error", "message", "fields"}
        assert re.fullmatch(r"[A-Z_]+", said["error"])
        return str(said["message"])


class PrintReady(Speech):
    dialect = "print-ready"
    free = "/api/user"
    foreign = 403
    large = other_kind = invalid = 422
    nonsense: ClassVar[Mapping[str, Any]] = {"quality": "best"}
    why = "error_message"
    link_s = HOUR_S / 2

    def send(self, house, http, picture, headers=None, **fields):  # type: ignore[no-untyped-def]
        files = {"image": ("photo.jpg", picture)}
        return http.post("/api/images/remove-background", files=files, data=fields, headers=headers)

    def path(self, answer: httpx.Response) -> str:
        return f"/api/images/{answer.json()['data']['id']}"

    def strange(self) -> str:
        return "/api/images/4711"

    def link(self, http: httpx.Client, answer: httpx.Response) -> str:
        return str(http.get(f"{self.path(answer)}/download").json()["data"]["url"])

    def shape(self, answer: httpx.Response) -> str:
        said = answer.json()
        assert list(said) == ["success", "message", "errors"]
        assert said["success"] is False
        assert all(isinstance(texts, list) for texts in said["errors"].values())
        return str(said["message"])


class RemoveBg(Speech):
    dialect = "remove-bg"
    free = "/api/v1/jobs/cm3abc123xyz"
    large = other_kind = invalid = 400
    why = "errorMessage"
    nonsense: ClassVar[Mapping[str, Any]] = {"webhook_url": "http://10.0.0.1/"}

    def send(self, house, http, picture, headers=None, **fields):  # type: ignore[no-untyped-def]
        files = {"image_file": ("photo.jpg", picture)}
        return http.post("/api/v1/remove-bg", files=files, data=fields, headers=headers)

    def path(self, answer: httpx.Response) -> str:
        return f"/api/v1/jobs/{answer.json()['jobId']}"

    def strange(self) -> str:
        return "/api/v1/jobs/cm3abc123xyz"

    def link(self, http: httpx.Client, answer: httpx.Response) -> str:
        return str(http.get(self.path(answer)).json()["outputUrl"])

    def shape(self, answer: httpx.Response) -> str:
        assert list(answer.json()) == ["error"]
        return str(answer.json()["error"])


class Removai(Speech):
    dialect, currency = "removai", "images"
    free = "/v1/images"
    accepted, poor, unfit = 200, 429, 422
    large = invalid = 400
    other_kind = 415
    nonsense: ClassVar[Mapping[str, Any]] = {"output_size": "huge"}
    codes: ClassVar[Mapping[int, str]] = {
        400: "invalid_request", 401: "invalid_api_key", 403: "forbidden", 404: "not_found",
        415: "unsupported_media_type", 422: "unprocessable_entity", 429: "rate_limit_exceeded",
    }  # fmt: skip

    def key(self, key: str) -> dict[str, str]:
        return {"X-API-Key": key}

    def send(self, house, http, picture, headers=None, **fields):  # type: ignore[no-untyped-def]
        files = {"file": ("photo.jpg", picture)}
        return http.post("/v1/remove-background/file", files=files, data=fields, headers=headers)

    def path(self, answer: httpx.Response) -> str:
        return f"/v1/images/{answer.json()['data']['id']}"

    def strange(self) -> str:
        return "/v1/images/img_12345abcde"

    def link(self, http: httpx.Client, answer: httpx.Response) -> str:
        return str(http.get(self.path(answer)).json()["data"]["output_url"])

    def shape(self, answer: httpx.Response) -> str:
        said = answer.json()
        assert list(said) == ["success", "error"]
        assert said["success"] is False
        error = said["error"]
        assert (error["code"], error["status"]) == (self.codes[answer.status_code], answer.status_code)
        return str(error["message"])


class Photoroom(Speech):
    dialect, currency = "photoroom", "images"
    free = "/v2/account"
    accepted, unfit, link_s = 200, 400, 0
    large, other_kind, invalid = 413, 415, 400
    remembers = False
    nonsense: ClassVar[Mapping[str, Any]] = {"format": "gif"}

    def key(self, key: str) -> dict[str, str]:
        return {"x-api-key": key}

    def send(self, house, http, picture, headers=None, **fields):  # type: ignore[no-untyped-def]
        files = {"image_file": ("photo.jpg", picture)}
        return http.post("/v1/segment", files=files, data=fields, headers=headers)

    def picture(self, http: httpx.Client, answer: httpx.Response) -> Image.Image:
        return Image.open(io.BytesIO(answer.content))

    def strange(self) -> str:
        return "/v2/account/x"

    def shape(self, answer: httpx.Response) -> str:
        assert list(answer.json()) == ["error"]
        assert list(answer.json()["error"]) == ["message", "detail"]
        return str(answer.json()["error"]["message"])


SPEECHES = {speech.dialect: speech for speech in (Printcart(), PrintReady(), RemoveBg(), Removai(), Photoroom())}
LINKING = [name for name, speech in SPEECHES.items() if speech.link_s]


@pytest.fixture(params=SPEECHES)
def speech(request: pytest.FixtureRequest) -> Speech:
    return SPEECHES[request.param]


@pytest.fixture(scope="module")
def place(models: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A service that takes no large files."""
    limits = {"limits_upload_mb": LARGEST >> 20, "limits_fetch_mb": LARGEST >> 20}
    with housed(tmp_path_factory.mktemp("place"), **limits) as made:
        yield made


@pytest.fixture(scope="module")
def strict(models: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A service that hears three requests a minute of an account."""
    with housed(tmp_path_factory.mktemp("strict"), works=False, limits_requests="3/minute") as made:
        yield made


def somebody(house: House, speech: Speech, units: int) -> Client:
    """A new account, with so much in the wallet that this API takes from."""
    if speech.currency == "tokens":
        return house.client(units, PLAN, dialect=speech.dialect)
    return house.client(0, PLAN, dialect=speech.dialect, **{speech.currency: units})


def balance(house: House, speech: Speech, client: Client) -> int:
    return house.service.accounts.balances(client.account.id)[speech.currency]


def moved(house: House, speech: Speech, client: Client) -> list[str]:
    """The kinds of what its jobs moved in its wallet, the last one first."""
    entries = house.service.accounts.entries(client.account.id, speech.currency)
    return [entry.kind for entry in entries if entry.job_id]


def refused(speech: Speech, answer: httpx.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["X-Request-Id"]
    message = speech.shape(answer)
    assert message
    return message


def ended(speech: Speech, http: httpx.Client, answer: httpx.Response) -> Any:
    """What was asked for, as it is told when it has ended."""
    assert answer.status_code == speech.accepted, answer.text
    deadline = time.monotonic() + PATIENCE
    while True:
        told = http.get(speech.path(answer)).json()
        told = told.get("data", told)
        if speech.status(told) in ("completed", "failed"):
            return told
        assert time.monotonic() < deadline, told
        time.sleep(0.05)


def unfit(speech: Speech, client: Client, answer: httpx.Response, status: int) -> None:
    """A picture that was refused at once, or whose job failed."""
    if status or speech.unfit:
        refused(speech, answer, status or speech.unfit)
        return
    told = ended(speech, client.http, answer)
    assert speech.status(told) == "failed"
    assert not speech.why or told[speech.why]


# The conversations ----------------------------------------------------------------------------------------------------


def test_there_is_a_speech_for_every_dialect() -> None:
    assert set(SPEECHES) == set(DIALECTS)
    for name, speech in SPEECHES.items():
        assert dialects.load(name).name == speech.dialect


def test_success_is_charged_once(place: House, speech: Speech) -> None:
    client = somebody(place, speech, 1000)
    answer = speech.send(place, client.http, PICTURE)
    assert answer.status_code == speech.accepted, answer.text
    cut = speech.picture(client.http, answer).convert("RGBA")
    assert cut.size == (240, 180)
    assert cut.getpixel((120, 90))[3] == 255
    assert cut.getpixel((0, 0))[3] == 0
    assert balance(place, speech, client) == 1000 - speech.price
    assert moved(place, speech, client) == ["charge"]


@pytest.mark.parametrize("key", [None, "mk_nonsense", "ключ"])
def test_without_a_good_key_nothing_is_served(place: House, speech: Speech, key: str | None) -> None:
    given = {} if key is None else {name: value.encode() for name, value in speech.key(key).items()}
    stranger = place.http()
    refused(speech, speech.send(place, stranger, PICTURE, headers=given), 401)
    refused(speech, stranger.get(speech.free, headers=given), 401)


def test_a_revoked_key_stops_at_once(place: House, speech: Speech) -> None:
    client = somebody(place, speech, 1000)
    assert client.http.get(speech.free).status_code in (200, 404)
    for key in place.service.accounts.keys(client.account.id):
        place.service.accounts.revoke(key.id)
    refused(speech, client.http.get(speech.free), 401)
    refused(speech, speech.send(place, client.http, PICTURE), 401)
    assert balance(place, speech, client) == 1000


def test_a_suspended_account_stops_at_once(place: House, speech: Speech) -> None:
    client = somebody(place, speech, 1000)
    place.service.accounts.suspend(client.account.email)
    refused(speech, speech.send(place, client.http, PICTURE), 403)
    assert balance(place, speech, client) == 1000


def test_without_money_nothing_is_begun(place: House, speech: Speech) -> None:
    client = somebody(place, speech, speech.price - 1 if speech.currency == "tokens" else 0)
    before = balance(place, speech, client)
    refused(speech, speech.send(place, client.http, PICTURE), speech.poor)
    assert balance(place, speech, client) == before
    assert place.service.jobs.listed(client.account.id) == []


def test_what_is_not_there_is_404(place: House, speech: Speech) -> None:
    client = somebody(place, speech, 0)
    refused(speech, client.http.get(speech.strange()), 404)


@pytest.mark.parametrize("speech", LINKING, indirect=True)
def test_nobody_sees_what_is_another_account_s(place: House, speech: Speech) -> None:
    mine, other = (somebody(place, speech, 1000) for _ in range(2))
    answer = speech.send(place, mine.http, PICTURE)
    ended(speech, mine.http, answer)
    refused(speech, other.http.get(speech.path(answer)), speech.foreign)


@pytest.mark.parametrize("picture", [TOO_LARGE, enormous()], ids=["bytes", "pixels"])
def test_what_is_too_large_costs_nothing(place: House, speech: Speech, picture: bytes) -> None:
    client = somebody(place, speech, 1000)
    unfit(speech, client, speech.send(place, client.http, picture), speech.large)
    assert balance(place, speech, client) == 1000


def test_the_content_says_what_a_file_is_and_not_its_name(place: House, speech: Speech) -> None:
    client = somebody(place, speech, 1000)
    unfit(speech, client, speech.send(place, client.http, A_PDF), speech.other_kind)
    assert balance(place, speech, client) == 1000


def test_a_field_that_does_not_fit_is_named(place: House, speech: Speech) -> None:
    client = somebody(place, speech, 1000)
    message = refused(speech, speech.send(place, client.http, PICTURE, **speech.nonsense), speech.invalid)
    assert next(iter(speech.nonsense)) in message
    assert balance(place, speech, client) == 1000
    assert place.service.jobs.listed(client.account.id) == []


def test_past_its_limit_an_account_waits(strict: House, speech: Speech) -> None:
    client = somebody(strict, speech, 1000)
    statuses = [client.http.get(speech.free).status_code for _ in range(4)]
    assert statuses[3] == 429
    assert 429 not in statuses[:3]
    answer = speech.send(strict, client.http, PICTURE)
    refused(speech, answer, 429)
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert balance(strict, speech, client) == 1000
    assert speech.send(strict, somebody(strict, speech, 0).http, PICTURE).status_code == speech.poor


@pytest.mark.parametrize("speech", LINKING, indirect=True)
def test_a_link_runs_out(place: House, speech: Speech, monkeypatch: pytest.MonkeyPatch) -> None:
    client = somebody(place, speech, 1000)
    answer = speech.send(place, client.http, PICTURE)
    assert speech.status(ended(speech, client.http, answer)) == "completed"
    link = speech.link(client.http, answer)
    anybody = place.http()
    assert anybody.get(link).status_code == 200
    assert anybody.get(link + "x").status_code == 403
    clock = SimpleNamespace(time=time.time, strftime=time.strftime, gmtime=time.gmtime)
    monkeypatch.setattr("makeready.service.files.time", clock)
    clock.time = lambda: time.time() + speech.link_s - 60
    assert anybody.get(link).status_code == 200
    clock.time = lambda: time.time() + speech.link_s + 1
    late = anybody.get(link)
    assert late.status_code == 403
    assert "ran out" in late.json()["message"]


def test_a_repeat_under_one_key_is_paid_once(place: House, speech: Speech) -> None:
    client = somebody(place, speech, 1000)
    key = {"Idempotency-Key": "order-1"}
    first, second = (speech.send(place, client.http, PICTURE, headers=key) for _ in range(2))
    assert first.status_code == second.status_code == speech.accepted
    assert first.content == second.content
    assert speech.picture(client.http, second).size == (240, 180)
    if speech.remembers:
        other = speech.send(place, client.http, ball("PNG"), headers=key)
        refused(speech, other, speech.invalid)
    assert balance(place, speech, client) == 1000 - speech.price
    assert moved(place, speech, client) == ["charge"]


def test_a_job_that_fails_is_refunded_once(place: House, speech: Speech) -> None:
    client = somebody(place, speech, 1000)
    unfit(speech, client, speech.send(place, client.http, truncated()), 0)
    assert balance(place, speech, client) == 1000
    assert moved(place, speech, client) == ["refund", "charge"]


# The house ------------------------------------------------------------------------------------------------------------


def test_a_dialect_knows_nothing_below_the_service() -> None:
    allowed = re.compile(
        r"makeready\.(errors|service\.(core|errors|auth|api|checking|documenting|mending|observe|problems|limits|serving|settings|dialects))(\.|$)"
    )  # limits, problems and settings: what the front hands to a dialect
    for path in Path(dialects.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else names
            if isinstance(node, ast.ImportFrom) and node.module == "makeready.service":
                names = [f"makeready.service.{alias.name}" for alias in node.names]
            for name in names:
                assert not name.startswith("makeready") or allowed.match(name), f"{path.name} imports {name}"


def test_no_dialect_stands_in_another_s_way() -> None:
    prefixes = [prefix for name in DIALECTS for prefix in dialects.load(name).prefixes]
    for one in prefixes:
        assert sum(other == one or other.startswith(f"{one}/") for other in prefixes) == 1, one
