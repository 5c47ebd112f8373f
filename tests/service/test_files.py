from __future__ import annotations

import asyncio
import email.message
import hashlib
import os
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from werkzeug.http import parse_options_header

from makeready.service import files as files_module
from makeready.service.database import Database
from makeready.service.errors import Conflict, Forbidden, NotFound, TooMuchData, Unavailable
from makeready.service.files import DAY, GRACE_S, File, Files, LinkExpired, LinkRefused
from makeready.service.names import clean_name
from makeready.service.settings import Settings
from makeready.service.store import Store, open_store
from service.jobs_helping import account

SECRET = "a secret of the tests, long enough"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data", public_url="https://files.example.com/")


@pytest.fixture
def store(settings: Settings) -> Store:
    return open_store(settings)


@pytest.fixture
def files(database: Database, store: Store, settings: Settings) -> Files:
    return Files(database, store, settings, SECRET)


@pytest.fixture
def local_files(tmp_path: Path, store: Store, settings: Settings) -> Iterator[Files]:
    """For what has nothing to do with the database."""
    database = Database(f"sqlite:///{tmp_path / 'local.db'}")
    yield Files(database, store, settings, SECRET)
    database.close()


@pytest.fixture
def owner(database: Database) -> str:
    return account(database)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "made.png"
    path.write_bytes(os.urandom(5000))
    return path


@pytest.fixture
def kept(database: Database, files: Files, owner: str, picture: Path) -> File:
    """A file that is there for everybody with a link."""
    file = files.keep(picture, account_id=owner, name="Größe.png", media_type="image/png")
    with database.writing() as connection:
        files.add(connection, file)
    return file


def parts(link: str) -> tuple[str, str, str]:
    """Identifier, end and signature of a link."""
    url = urlsplit(link)
    query = parse_qs(url.query)
    return url.path.split("/")[2], query["expires"][0], query["signature"][0]


def test_a_file_comes_with_its_row(
    database: Database, files: Files, store: Store, owner: str, picture: Path, tmp_path: Path
) -> None:
    file = files.keep(picture, account_id=owner, name="a.png", media_type="image/png", job_id="job_1", token="t1")
    assert file.key.startswith(f"{owner}/job_1/t1/{file.id}-")
    assert [one.key for page in store.listed() for one in page] == [file.key]
    with pytest.raises(NotFound):
        files.get(owner, file.id)
    with pytest.raises(NotFound):
        files.link(file.id)
    with database.writing() as connection:
        files.add(connection, file)
    found = files.get(owner, file.id)
    assert (found.bytes, found.sha256) == (5000, hashlib.sha256(picture.read_bytes()).hexdigest())
    assert found.expires_at == pytest.approx(time.time() + DAY, abs=5)
    files.download(found, tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == picture.read_bytes()


def test_a_transaction_that_fails_takes_the_row_with_it(
    database: Database, files: Files, owner: str, picture: Path
) -> None:
    file = files.keep(picture, account_id=owner, name="a.png", media_type="image/png")

    def settle() -> None:
        with database.writing() as connection:
            files.add(connection, file)
            raise InterruptedError

    with pytest.raises(InterruptedError):
        settle()
    with pytest.raises(NotFound):
        files.get(owner, file.id)


def test_nobody_has_the_file_of_another(database: Database, files: Files, kept: File) -> None:
    with pytest.raises(NotFound):
        files.get(account(database), kept.id)


def test_a_file_that_is_deleted_is_gone(files: Files, store: Store, kept: File) -> None:
    link = files.link(kept)
    files.delete(kept)
    assert list(store.listed()) == []
    with pytest.raises(NotFound):
        files.get(kept.account_id, kept.id)
    with pytest.raises(NotFound, match="deleted"):
        files.resolve(*parts(link))
    files.delete(kept)


def test_a_row_is_not_made_for_bytes_that_may_be_swept(
    database: Database, files: Files, owner: str, picture: Path
) -> None:
    """The sweep takes what is older than the grace; a row for it would lead to nothing."""
    file = files.keep(picture, account_id=owner, name="a.png", media_type="image/png")
    old = replace(file, created_at=file.created_at - GRACE_S / 2 - 1)
    with pytest.raises(Conflict, match="hours ago"), database.writing() as connection:
        files.add(connection, old)


def test_damage_in_the_store_is_found(files: Files, settings: Settings, kept: File, tmp_path: Path) -> None:
    path = settings.data / "files" / kept.key
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)
    with pytest.raises(Unavailable, match="damaged"):
        files.download(kept, tmp_path / "back")
    assert not (tmp_path / "back").exists()


def test_a_media_type_is_one_and_nothing_more(local_files: Files, picture: Path) -> None:
    for wrong in ("", "png", "image/png; x=y", "image/png\r\nSet-Cookie: a=b", "Image/PNG"):
        with pytest.raises(ValueError, match="no media type"):
            local_files.keep(picture, account_id="account", name="a.png", media_type=wrong)


# Links


def test_a_link_names_the_file_and_leads_to_it(files: Files, kept: File) -> None:
    link = files.link(kept, 60)
    assert link.startswith(f"https://files.example.com/files/{kept.id}/Gr%C3%B6%C3%9Fe.png?")
    assert link.isascii()
    assert int(parts(link)[1]) == pytest.approx(time.time() + 60, abs=2)
    assert files.resolve(*parts(link)).id == kept.id
    assert files.resolve(*parts(files.link(kept.id))).id == kept.id


def test_a_changed_link_is_refused(files: Files, kept: File) -> None:
    file_id, expires, signature = parts(files.link(kept, 60))
    longer = str(int(expires) + 1)
    turned = ("A" if signature[0] != "A" else "B") + signature[1:]
    for changed in (
        (file_id[:-1] + ("a" if file_id[-1] != "a" else "b"), expires, signature),
        (file_id, longer, signature),
        (file_id, "0" + expires, signature),
        (file_id, " " + expires, signature),
        (file_id, expires, turned),
        (file_id, expires, signature[:-1]),
        (file_id, expires, signature + "="),
        (file_id, expires, ""),
        (file_id, "", signature),
        (file_id, "", ""),
        (file_id, "never", "ünïcode"),
        (file_id, "\ud800", "\ud800"),
        (f"{file_id}\n{expires}", "", signature),
    ):
        with pytest.raises(LinkRefused) as caught:
            files.resolve(*changed)
        assert caught.value.http_status == 403
        assert caught.value.hint


def test_a_link_runs_out(files: Files, kept: File, monkeypatch: pytest.MonkeyPatch) -> None:
    link = files.link(kept, 60)
    now = time.time()
    monkeypatch.setattr(files_module.time, "time", lambda: now + 58)
    assert files.resolve(*parts(link)).id == kept.id
    monkeypatch.setattr(files_module.time, "time", lambda: now + 61)
    with pytest.raises(LinkExpired, match=r"ran out at 20\d\d-.* UTC") as caught:
        files.resolve(*parts(link))
    assert isinstance(caught.value, Forbidden)


def test_a_link_ends_with_its_file(database: Database, files: Files, owner: str, picture: Path) -> None:
    file = files.keep(picture, account_id=owner, name="a.png", media_type="image/png", seconds=100)
    with database.writing() as connection:
        files.add(connection, file)
    assert int(parts(files.link(file))[1]) <= time.time() + 100
    assert int(parts(files.link(file.id))[1]) <= time.time() + 100


def test_no_link_works_for_more_than_a_day(database: Database, files: Files, owner: str, picture: Path) -> None:
    file = files.keep(picture, account_id=owner, name="a.png", media_type="image/png", seconds=None)
    with database.writing() as connection:
        files.add(connection, file)
    assert files.get(owner, file.id).expires_at is None
    assert int(parts(files.link(file))[1]) <= time.time() + 24 * 3600
    for wrong in (0, -1, 24 * 3600 + 1, float("nan")):
        with pytest.raises(ValueError, match="86400"):
            files.link(file, wrong)


def test_another_service_signs_otherwise(
    database: Database, store: Store, settings: Settings, files: Files, kept: File
) -> None:
    other = Files(database, store, settings, SECRET + "!")
    with pytest.raises(LinkRefused):
        other.resolve(*parts(files.link(kept)))
    same = Files(database, store, settings, SECRET)
    assert same.resolve(*parts(files.link(kept))).id == kept.id


def test_the_secret_itself_signs_no_link(files: Files, kept: File) -> None:
    """What is signed elsewhere with the same secret is no link, and a link is no token."""
    import base64
    import hmac

    file_id, expires, signature = parts(files.link(kept))
    plain = hmac.digest(SECRET.encode(), f"{file_id}\n{expires}".encode(), "sha256")
    assert signature != base64.urlsafe_b64encode(plain).decode().rstrip("=")


def test_without_a_public_url_links_lead_to_this_machine(
    database: Database, store: Store, tmp_path: Path, kept: File
) -> None:
    for host, start in (("127.0.0.1", "http://127.0.0.1:8123/files/"), ("::1", "http://[::1]:8123/files/")):
        files = Files(database, store, Settings(data=tmp_path, host=host, port=8123), SECRET)
        assert files.link(kept).startswith(start)


# Names


@pytest.mark.parametrize(
    ("given", "becomes"),
    [
        ("poster.pdf", "poster.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\a.png", "a.png"),
        ("folder/", "file"),
        ("a  b\u00a0c.png", "a b c.png"),
        ("ends. ", "ends"),
        ("NUL.png", "_NUL.png"),
        ("com1", "_com1"),
        (".htaccess", "htaccess"),
        ("", "file"),
        ("...", "file"),
        (" \t\n", "file"),
        ("a\r\nSet-Cookie: b=c.png", "aSet-Cookie_ b=c.png"),
        ('say "hi".png', "say _hi_.png"),
        ("invoice\u202egnp.exe", "invoicegnp.exe"),
        ("cafe\u0301.png", "caf\u00e9.png"),
        ("\ud800.png", "png"),
        ("in\u200bvoice\u2028\ufeff.png", "invoice.png"),
        (
            "\u0646\u0627\u0645\u0647\u200c\u0627\u06cc.png",
            "\u0646\u0627\u0645\u0647\u200c\u0627\u06cc.png",
        ),  # a letter's shape
        ("日本語 🎨.png", "日本語 🎨.png"),
    ],
)
def test_a_name_is_made_harmless(given: str, becomes: str) -> None:
    assert clean_name(given) == becomes


def test_a_long_name_keeps_its_suffix() -> None:
    for given in ("x" * 1000 + ".png", "語" * 1000 + ".png", "🎨" * 300 + ".png"):
        name = clean_name(given)
        assert name.endswith(".png")
        assert 180 <= len(name.encode()) <= 200
        assert name.removesuffix(".png") in given


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("a.png", "a.png"),
        ("Größe 1:2.png", "Groe 1_2.png"),
        ("日本語.png", "file.png"),
        ("50% off; x=y.png", "50_ off; x=y.png"),
        ("it's a *b*.png", "it's a _b_.png"),
        ("🎨", "file"),
    ],
)
def test_the_name_survives_the_header(local_files: Files, picture: Path, name: str, plain: str) -> None:
    """Read back by another web framework's parser; and by Python's mail library, which prefers the plain one."""
    file = local_files.keep(picture, account_id="account", name=name, media_type="image/png")
    assert file.disposition.isascii()
    assert parse_options_header(file.disposition) == ("inline", {"filename": file.name})
    message = email.message.Message()
    message["Content-Disposition"] = file.disposition
    assert message.get_filename() == plain
    assert unquote(urlsplit(local_files.link(file)).path).endswith("/" + file.name)


def test_a_name_in_any_script_is_kept(database: Database, files: Files, owner: str, picture: Path) -> None:
    file = files.keep(picture, account_id=owner, name="日本語 🎨.png", media_type="image/png")
    with database.writing() as connection:
        files.add(connection, file)
    assert files.get(owner, file.id).name == "日本語 🎨.png"


@pytest.mark.parametrize(
    ("media_type", "kind"),
    [
        ("image/png", "inline"),
        ("image/jpeg", "inline"),
        ("image/webp", "inline"),
        ("image/svg+xml", "attachment"),
        ("text/html", "attachment"),
        ("application/pdf", "attachment"),
        ("application/xhtml+xml", "attachment"),
        ("application/octet-stream", "attachment"),
        ("application/json", "attachment"),
        ("image/tiff", "attachment"),
    ],
)
def test_only_plain_pictures_are_shown(local_files: Files, picture: Path, media_type: str, kind: str) -> None:
    file = local_files.keep(picture, account_id="account", name="a", media_type=media_type)
    assert file.disposition == f'{kind}; filename="a"'


# Uploads


async def chunks(total: int, size: int = 70_001) -> AsyncIterator[bytes]:
    for start in range(0, total, size):
        yield bytes([start // size % 256]) * min(size, total - start)


def left(settings: Settings) -> list[Path]:
    return list((settings.data / "incoming").iterdir())


@pytest.mark.parametrize("total", [0, 1, 5_000_000])
def test_an_upload_is_written_as_it_came(local_files: Files, settings: Settings, total: int) -> None:
    async def both() -> tuple[Path, bytes]:
        return await local_files.receive(chunks(total), 5_000_000), b"".join([chunk async for chunk in chunks(total)])

    path, said = asyncio.run(both())
    assert path.read_bytes() == said
    assert left(settings) == [path]
    assert (settings.data / "incoming").stat().st_mode & 0o077 == 0


def test_an_upload_over_the_limit_is_refused_where_it_is_and_leaves_nothing(
    local_files: Files, settings: Settings
) -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 100_000
            yield bytes(100_000)

    with pytest.raises(TooMuchData, match="10 MB") as caught:
        asyncio.run(local_files.receive(endless(), 10_000_000))
    assert taken == 10_100_000
    assert caught.value.details == {"limit": 10_000_000}
    assert left(settings) == []


def test_a_client_that_goes_away_leaves_nothing(local_files: Files, settings: Settings) -> None:
    async def breaking() -> AsyncIterator[bytes]:
        yield bytes(3_000_000)
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        asyncio.run(local_files.receive(breaking(), 10_000_000))

    async def stalling() -> AsyncIterator[bytes]:
        yield bytes(3_000_000)
        await asyncio.sleep(60)

    with pytest.raises(TimeoutError):
        asyncio.run(asyncio.wait_for(local_files.receive(stalling(), 10_000_000), 0.3))
    assert left(settings) == []


def test_uploads_of_processes_that_were_killed_are_forgotten(local_files: Files, settings: Settings) -> None:
    assert local_files.forget_uploads() == 0
    old, new = (asyncio.run(local_files.receive(chunks(10), 100)) for _ in range(2))
    os.utime(old, (time.time() - DAY - 1,) * 2)
    assert local_files.forget_uploads() == 1
    assert left(settings) == [new]
