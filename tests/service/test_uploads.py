"""Pictures that come with a form: looked at by their content, held to limits as they come in, kept only if good."""

from __future__ import annotations

import asyncio
import errno
import io
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Form, UploadFile
from PIL import Image
from starlette.datastructures import UploadFile as StarletteFile

from makeready.service.api import api
from makeready.service.app import create_app
from makeready.service.core import Account, Service
from makeready.service.dialects import Dialect
from makeready.service.errors import Forbidden, ServiceError
from makeready.service.serving import Caller, upload
from makeready.service.uploads import Artwork, artwork, begun, refusing
from makeready.testing.builder import pdf
from service.speaking import Client, settings, shape

PATH = "/v1/pictures"
FORMATS = ("jpeg", "png", "tiff")
MEGABYTE = 1 << 20


def speaking(**differing: Any) -> Dialect:
    """A dialect that takes a picture and tells what it is."""

    def build(service: Service) -> FastAPI:
        app = api(dialect, service)

        @app.post(PATH)
        async def take(image: UploadFile, account: Caller) -> dict[str, Any]:
            kept = await upload(service, account, image, field="image", formats=FORMATS, limit=MEGABYTE // 2)
            return {
                "id": kept.file.id, "name": kept.file.name, "sent": kept.name, "format": kept.format,
                "size": [kept.width, kept.height], "type": kept.file.media_type,
            }  # fmt: skip

        @app.post(f"{PATH}/refused")
        async def refused(image: UploadFile, account: Caller, when: str = Form()) -> None:
            await upload(service, account, image, field="image", formats=FORMATS, limit=MEGABYTE // 2)
            if when == "after a job has begun":
                begun()
            if when == "by a fault of ours":
                raise RuntimeError(when)
            raise Forbidden(when)

        @app.post(f"{PATH}/words")
        async def words(word: str = Form()) -> dict[str, str]:
            return {"word": word}

        return app

    dialect = Dialect(
        "pictures", "Pictures", (PATH,), build, shape, upload_bytes=MEGABYTE, files=2, several=(PATH,), **differing
    )
    return dialect


class Sender(Client):
    def __init__(self, service: Service) -> None:
        super().__init__(create_app(service, (speaking(),)))
        self.service = service
        account, key = service.accounts.create("jane@example.com")
        self.account, self.headers = account, {"Authorization": f"Bearer {key}"}

    def send(self, data: bytes, name: str = "photo.jpg", *, field: str = "image") -> httpx.Response:
        return self.post(PATH, files={field: (name, data)}, headers=self.headers)

    @property
    def left(self) -> list[Path]:
        """What lies where uploads come in."""
        return list((self.service.settings.data / "incoming").glob("*"))


@pytest.fixture
def sender(tmp_path: Path) -> Iterator[Sender]:
    service = Service.open(settings(tmp_path, limits_megapixels=1))
    try:
        yield Sender(service)
    finally:
        service.close()


def picture(format: str = "JPEG", size: tuple[int, int] = (40, 30), orientation: int = 1) -> bytes:
    file, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = orientation
    Image.new("RGB", size, "red").save(file, format, exif=exif)
    return file.getvalue()


def test_a_picture_is_kept_as_it_came_for_its_owner_alone(sender: Sender, tmp_path: Path) -> None:
    data = picture()
    said = sender.send(data, "Pièce 1.jpeg").json()
    assert said == {
        "id": said["id"], "name": "Pièce 1.jpeg", "sent": "Pièce 1.jpeg", "format": "jpeg", "size": [40, 30],
        "type": "image/jpeg",
    }  # fmt: skip
    file = sender.service.files.get(sender.account.id, said["id"])
    sender.service.files.download(file, tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == data
    assert sender.left == []


@pytest.mark.parametrize(
    ("name", "sent", "kept"),
    [
        ("photo.jpg", "photo.jpg", "photo.png"),
        ("photo", "photo", "photo.png"),
        ("../../etc/passwd.png", "passwd.png", "passwd.png"),
        ("a\u202egnp.png", "agnp.png", "agnp.png"),
    ],
)
def test_names_are_made_harmless_and_end_as_the_content_says(sender: Sender, name: str, sent: str, kept: str) -> None:
    said = sender.send(picture("PNG"), name).json()
    assert (said["sent"], said["name"], said["format"]) == (sent, kept, "png")


def test_the_size_is_that_which_people_see(sender: Sender) -> None:
    assert sender.send(picture(orientation=6)).json()["size"] == [30, 40]


@pytest.mark.parametrize(
    ("data", "status", "code", "why"),
    [
        (b"", 422, "VALIDATION_ERROR", "empty"),
        (b"hello", 415, "UNSUPPORTED_MEDIA_TYPE", "of no known kind. Send JPEG, PNG, TIFF."),
        (b"<html><body>404", 415, "UNSUPPORTED_MEDIA_TYPE", "web page"),
        (b"%PDF-1.7\n", 415, "UNSUPPORTED_MEDIA_TYPE", "a PDF file, which is not taken here. Send JPEG, PNG, TIFF"),
        (picture("WEBP"), 415, "UNSUPPORTED_MEDIA_TYPE", "a WebP file"),
        (picture("JPEG")[:40], 422, "VALIDATION_ERROR", "The picture is damaged: it ends inside its JPEG header"),
        (picture("PNG", (1001, 1000)), 413, "PAYLOAD_TOO_LARGE", "The picture is too large: 1001 × 1000 px"),
        (picture("PNG") + bytes(MEGABYTE // 2), 413, "PAYLOAD_TOO_LARGE", "larger than"),
        (picture("PNG") + bytes(MEGABYTE), 413, "PAYLOAD_TOO_LARGE", "larger than 1 MB"),
    ],
    ids=["empty", "text", "page", "pdf", "webp", "cut", "megapixels", "half a megabyte", "a megabyte"],
)
def test_what_is_no_such_picture_is_refused_and_not_kept(
    sender: Sender, data: bytes, status: int, code: str, why: str
) -> None:
    answer = sender.send(data)
    assert (answer.status_code, answer.json()["oh"]) == (status, code)
    assert why in answer.json()["why"] + str(answer.json()["where"])
    assert sender.left == []
    with sender.service.database.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM file").scalar_one() == 0


def test_the_field_at_fault_is_named(sender: Sender) -> None:
    assert list(sender.send(b"hello").json()["where"]) == ["image"]
    missing = sender.send(picture(), field="photo")
    assert (missing.status_code, list(missing.json()["where"])) == (422, ["image"])


def test_a_file_that_is_too_large_is_refused_before_the_rest_has_come(sender: Sender) -> None:
    sent = []

    async def body() -> Any:
        head = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n'
        for chunk in (head, *[bytes(64 << 10)] * 32):
            sent.append(len(chunk))
            yield chunk

    async def asked() -> httpx.Response:
        # The transport hands the body on as it is asked for.
        transport = httpx.ASGITransport(sender.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            headers = sender.headers | {"Content-Type": "multipart/form-data; boundary=x"}
            return await client.post(PATH, content=body(), headers=headers)

    answer = asyncio.run(asked())
    assert answer.status_code == 413
    assert sum(sent) < 1.2 * MEGABYTE


def test_text_in_place_of_a_file_is_told_as_what_it_is(sender: Sender) -> None:
    answer = sender.post(PATH, files={"image": (None, "photo.jpg")}, headers=sender.headers)
    assert answer.status_code == 422
    assert answer.json()["where"] == {"image": ["It has to be a file: with curl, the name of a file has @ before it"]}


def test_a_full_disk_is_no_fault_of_the_client(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(StarletteFile, "write", full)
    answer = sender.send(picture())
    assert (answer.status_code, answer.json()["oh"]) == (503, "SERVICE_UNAVAILABLE")


@pytest.mark.parametrize(
    ("when", "files"), [("before a job has begun", 0), ("after a job has begun", 1), ("by a fault of ours", 1)]
)
def test_a_refused_request_leaves_no_files_unless_a_job_may_need_them(sender: Sender, when: str, files: int) -> None:
    answer = sender.post(
        f"{PATH}/refused", files={"image": ("photo.jpg", picture())}, data={"when": when}, headers=sender.headers
    )
    assert answer.status_code in (403, 500)
    with sender.service.database.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM file").scalar_one() == files
    assert len(list(chain.from_iterable(sender.service.store.listed()))) == files


def test_files_of_a_form_that_is_refused_are_closed(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    closed, close = list[str | None](), StarletteFile.close

    async def closing(file: StarletteFile) -> None:
        closed.append(file.filename)
        await close(file)

    monkeypatch.setattr(StarletteFile, "close", closing)
    files = {"image": ("photo.jpg", picture()), "word": (None, "a\0b")}
    assert sender.post(PATH, files=files, headers=sender.headers).status_code == 400
    assert closed == ["photo.jpg"]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "multipart/form-data"),
        (b"--y\r\nnonsense", "multipart/form-data; boundary=x"),
        (b"--x\r\nContent-Disposition: form-data\r\n\r\nhello\r\n--x--", "multipart/form-data; boundary=x"),
    ],
    ids=["no boundary", "no form", "no name"],
)
def test_what_is_no_form_is_refused(sender: Sender, content: bytes, kind: str) -> None:
    answer = sender.post(PATH, content=content, headers=sender.headers | {"Content-Type": kind})
    assert answer.status_code == 422, answer.text
    assert answer.json()["oh"] == "VALIDATION_ERROR"


def test_more_files_than_an_api_takes_are_refused(sender: Sender) -> None:
    files = [("image", (f"{number}.png", picture("PNG"))) for number in range(3)]
    answer = sender.post(PATH, files=files, headers=sender.headers)
    assert answer.status_code == 422
    assert "more than 2 files" in answer.json()["why"]
    answer = sender.post(f"{PATH}/refused", files=files[:2], headers=sender.headers)
    assert answer.status_code == 422
    assert "more than 1 file" in answer.json()["why"]


@pytest.mark.parametrize("kind", ["urlencoded", "multipart"])
def test_a_character_that_no_database_keeps_is_refused(sender: Sender, kind: str) -> None:
    data = {"word": "a\0b"}
    given: dict[str, Any] = {"data": data} if kind == "urlencoded" else {"files": {"word": (None, "a\0b")}}
    answer = sender.post(f"{PATH}/words", headers=sender.headers, **given)
    assert answer.status_code == 400
    assert "U+0000" in answer.json()["why"]


def test_an_api_may_answer_with_statuses_of_its_own(sender: Sender) -> None:
    sender.app = create_app(sender.service, (speaking(statuses={413: 422, 415: 422}),))
    assert sender.send(b"hello").status_code == 422
    assert sender.send(picture("PNG") + bytes(MEGABYTE)).status_code == 422
    assert sender.send(picture()).status_code == 200


def test_an_api_may_keep_accounts_out_before_it_reads_what_they_send(sender: Sender) -> None:
    def admit(_service: Service, account: Account, _asks: str) -> None:
        if account.plan == "free":
            raise Forbidden("Not on this plan.")

    sender.app = create_app(sender.service, (speaking(admit=admit),))
    assert sender.send(b"hello").status_code == 403
    sender.service.accounts.move("jane@example.com", "starter")
    assert sender.send(picture()).status_code == 200


# Artwork, PDFs too ----------------------------------------------------------------------------------------------------


async def brought(sender: Sender, data: bytes, name: str, *, refused: bool = False) -> Artwork:
    """A file of a form, where the form may be refused later."""
    async with refusing(sender.service):
        part = StarletteFile(io.BytesIO(data), filename=name)
        kept = await artwork(
            sender.service, sender.account.id, part, field="file", formats=("pdf", "png"), seconds=7200
        )
        if refused:
            raise Forbidden("too late")
        return kept


@pytest.mark.parametrize(
    ("data", "name", "kept", "kind"),
    [
        (pdf().bytes(), "flyer.pdf", "flyer.pdf", "pdf"),
        (b"%PDF-1.7\nnothing that could be opened", "flyer", "flyer.pdf", "pdf"),
        (picture("PNG"), "photo.jpg", "photo.png", "raster"),
    ],
    ids=["pdf", "broken", "picture"],
)
def test_artwork_is_kept_as_it_came(sender: Sender, data: bytes, name: str, kept: str, kind: str) -> None:
    made = asyncio.run(brought(sender, data, name))
    file = sender.service.files.get(sender.account.id, made.file.id)
    assert (made.name, file.name, made.kind, file.bytes) == (name, kept, kind, len(data))
    assert file.expires_at is not None
    assert file.expires_at - file.created_at == pytest.approx(7200)
    assert sender.left == []


@pytest.mark.parametrize(
    "data",
    [b"", b"hello", picture("JPEG"), picture("PNG")[:20], picture("PNG", (1001, 1000))],
    ids=["empty", "text", "jpeg", "cut", "megapixels"],
)
def test_what_is_no_artwork_is_not_kept(sender: Sender, data: bytes) -> None:
    with pytest.raises(ServiceError) as refusal:
        asyncio.run(brought(sender, data, "a.png"))
    assert list(refusal.value.details["fields"]) == ["file"]
    assert sender.left == []


def test_artwork_goes_where_its_form_is_refused(sender: Sender) -> None:
    with pytest.raises(Forbidden):
        asyncio.run(brought(sender, pdf().bytes(), "flyer.pdf", refused=True))
    assert not [path for path in (sender.service.settings.data / "files").rglob("*") if path.is_file()]
