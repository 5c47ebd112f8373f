from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from makeready.errors import UsageError
from makeready.service.errors import NotFound, Unavailable
from makeready.service.settings import Settings
from makeready.service.store import CHUNK, Store, open_store
from service.s3 import LATER, S3

KEY = "account_1/job_1/token/file_1-picture.png"
#: Larger than a part and no multiple of anything.
LARGE = 20 * 1024 * 1024 + 12345


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """A store of each kind, empty."""
    if request.param == "folder":
        return open_store(Settings(data=tmp_path / "data"))
    bucket: S3 = request.getfixturevalue("s3")
    return open_store(
        Settings(data=tmp_path, storage_url=f"s3://{bucket.bucket}/some/prefix", storage_options=bucket.options)
    )


@pytest.fixture
def written(tmp_path: Path) -> Callable[[int], Path]:
    """A file of so many bytes."""

    def write(size: int) -> Path:
        path = tmp_path / f"{size}.bin"
        path.write_bytes(random.Random(size).randbytes(size))
        return path

    return write


@pytest.mark.parametrize("size", [0, 1, CHUNK, 8 * 1024 * 1024 - 1, 8 * 1024 * 1024, LARGE])
def test_what_is_put_comes_back_and_its_hash_is_right(
    store: Store, written: Callable[[int], Path], tmp_path: Path, size: int
) -> None:
    path = written(size)
    stored = store.put(path, KEY)
    assert (stored.bytes, stored.sha256) == (size, hashlib.sha256(path.read_bytes()).hexdigest())
    back = tmp_path / "back"
    assert store.fetch(KEY, back) == stored
    assert back.read_bytes() == path.read_bytes()
    assert [one.key for page in store.listed() for one in page] == [KEY]


def test_a_part_of_an_object(store: Store, written: Callable[[int], Path]) -> None:
    data = written(1_000_000).read_bytes()
    store.put(written(1_000_000), KEY)
    for start, end in ((0, 1), (5, 700_001), (999_999, 1_000_000), (300_000, None), (0, None)):
        assert b"".join(store.stream(KEY, start, end)) == data[start:end]


def test_an_object_is_listed_with_the_time_it_was_written(store: Store, written: Callable[[int], Path]) -> None:
    before = time.time()
    store.put(written(10), KEY)
    [[one]] = store.listed()
    assert before - 2 <= one.written_at <= time.time() + 2


def test_what_is_deleted_is_gone_and_deleting_it_again_is_nothing(
    store: Store, written: Callable[[int], Path], tmp_path: Path
) -> None:
    store.put(written(10), KEY)
    store.delete(KEY)
    store.delete(KEY)
    with pytest.raises(NotFound):
        store.stream(KEY)
    with pytest.raises(NotFound):
        store.fetch(KEY, tmp_path / "back")
    assert not (tmp_path / "back").exists()
    assert list(store.listed()) == []


def test_nothing_is_seen_before_all_of_it_is_there(store: Store, tmp_path: Path) -> None:
    """The file comes through a pipe, so that the writing can be watched half way."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writing = threading.Thread(target=store.put, args=(pipe, KEY))
    writing.start()
    with pipe.open("wb") as end:
        end.write(bytes(LARGE))
        end.flush()
        time.sleep(0.3)
        assert list(store.listed()) == []
        with pytest.raises(NotFound):
            store.stream(KEY)
        end.write(b"the end")
    writing.join(30)
    assert sum(len(chunk) for chunk in store.stream(KEY)) == LARGE + 7


def test_a_writer_that_is_killed_leaves_nothing_to_see_and_the_rest_is_cleaned(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    store = open_store(settings)
    program = f"""
import os, sys
from pathlib import Path
from makeready.service.settings import Settings
from makeready.service.store import open_store
open_store(Settings(data=Path({str(tmp_path)!r}))).put(Path("/dev/stdin"), {KEY!r})
"""
    process = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(bytes(LARGE))
    folder = tmp_path / "files"
    until = time.monotonic() + 30
    while not [path for path in folder.rglob("*") if path.is_file()] and time.monotonic() < until:
        time.sleep(0.02)
    process.kill()
    process.stdin.close()
    process.wait(30)
    [left] = [path for path in folder.rglob("*") if path.is_file()]
    assert list(store.listed()) == []
    with pytest.raises(NotFound):
        store.stream(KEY)
    assert store.clean(3600) == 0, "somebody could be writing it"
    os.utime(left, (time.time() - 4000,) * 2)
    assert store.clean(3600) == 1
    assert not left.exists()


def test_a_folder_that_is_empty_goes_with_its_last_file(tmp_path: Path, written: Callable[[int], Path]) -> None:
    store = open_store(Settings(data=tmp_path / "data"))
    store.put(written(10), KEY)
    store.delete(KEY)
    assert list((tmp_path / "data" / "files").iterdir()) == []


def test_what_clients_sent_is_closed_to_other_users_of_the_machine(tmp_path: Path) -> None:
    open_store(Settings(data=tmp_path / "data"))
    assert (tmp_path / "data" / "files").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "key", ["", "/a", "a/", "a//b", "../a", "a/../b", "a/./b", "a\n", "é", "a b", "x#1", "a" * 201]
)
def test_a_key_that_means_something_else_somewhere_is_refused(store: Store, tmp_path: Path, key: str) -> None:
    for use in (
        lambda: store.put(tmp_path, key),
        lambda: store.stream(key),
        lambda: store.delete(key),
        lambda: store.presigned(key, 60),
    ):
        with pytest.raises(ValueError, match="is no key"):
            use()


def test_a_store_that_is_there_answers(store: Store) -> None:
    assert store.answers()


def test_a_file_that_is_gone_is_told_by_its_own_error(store: Store, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.png"):
        store.put(tmp_path / "nowhere.png", KEY)


# A bucket


@pytest.fixture
def bucket(s3: S3, tmp_path: Path) -> Store:
    return open_store(Settings(data=tmp_path, storage_url=f"s3://{s3.bucket}", storage_options=s3.options))


def test_a_bucket_has_what_amazons_own_client_finds_in_it(
    s3: S3, tmp_path: Path, written: Callable[[int], Path]
) -> None:
    store = open_store(Settings(data=tmp_path, storage_url=f"s3://{s3.bucket}/a/b/", storage_options=s3.options))
    store.put(written(LARGE), KEY, media_type="image/png", disposition='inline; filename="a.png"')
    found = s3.client().get_object(Bucket=s3.bucket, Key=f"a/b/{KEY}")
    assert found["Body"].read() == written(LARGE).read_bytes()
    assert found["ContentType"] == "image/png"
    assert found["ContentDisposition"] == 'inline; filename="a.png"'
    assert found["CacheControl"] == "private"
    assert found["ETag"].endswith('-3"'), "it came in three parts"


def test_the_usual_variables_of_s3_are_enough(
    s3: S3, tmp_path: Path, written: Callable[[int], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in s3.options.items():
        monkeypatch.setenv("AWS_ENDPOINT_URL" if name == "endpoint" else f"AWS_{name.upper()}", value)
    store = open_store(Settings(data=tmp_path, storage_url=f"s3://{s3.bucket}"))
    store.put(written(10), KEY)
    assert b"".join(store.stream(KEY)) == written(10).read_bytes()


def test_a_signed_url_works_for_its_time_and_only_as_it_is(
    s3: S3, bucket: Store, written: Callable[[int], Path]
) -> None:
    bucket.put(written(1000), KEY, media_type="image/png", disposition='inline; filename="a.png"')
    bucket.put(written(1001), "account_1/job_1/token/file_2-other.png")
    url = bucket.presigned(KEY, 60)
    assert url is not None
    good = httpx.get(url)
    assert good.status_code == 200
    assert good.content == written(1000).read_bytes()
    assert good.headers["content-type"] == "image/png"
    assert good.headers["content-disposition"] == 'inline; filename="a.png"'
    assert httpx.get(url, headers={"Range": "bytes=5-9"}).content == written(1000).read_bytes()[5:10]
    assert httpx.get(url, headers={LATER: "58"}).status_code == 200
    expired = httpx.get(url, headers={LATER: "61"})
    assert (expired.status_code, "AccessDenied" in expired.text) == (403, True)
    for changed in (
        url.replace("file_1-picture", "file_2-other"),
        url.replace("X-Amz-Expires=60", "X-Amz-Expires=600"),
        url[:-1] + ("0" if url[-1] != "0" else "1"),
    ):
        assert changed != url
        answer = httpx.get(changed)
        assert (answer.status_code, "SignatureDoesNotMatch" in answer.text) == (403, True)
    assert httpx.get(url.split("?")[0]).status_code == 403
    assert httpx.delete(url).status_code == 403
    assert httpx.head(url).status_code == 403
    head = httpx.head(bucket.presigned(KEY, 60, "HEAD") or "")
    assert (head.status_code, head.headers["content-length"]) == (200, "1000")


def test_the_door_of_these_tests_thinks_as_amazons_client(s3: S3) -> None:
    client = s3.client()
    client.put_object(Bucket=s3.bucket, Key="a b/ü+%.png", Body=b"picture")

    def url(**more: Any) -> str:
        asked = {"Bucket": s3.bucket, "Key": "a b/ü+%.png", **more}
        return str(client.generate_presigned_url("get_object", Params=asked, ExpiresIn=60))

    good = httpx.get(url(ResponseContentDisposition='attachment; filename="x y.png"'))
    assert (good.status_code, good.content) == (200, b"picture")
    assert httpx.get(url().replace("%C3%BC", "u")).status_code == 403
    assert httpx.get(url(), headers={LATER: "61"}).status_code == 403


def test_wrong_credentials_are_told_as_an_outage_without_saying_them(
    s3: S3, tmp_path: Path, written: Callable[[int], Path]
) -> None:
    options = s3.options | {"secret_access_key": "not this one"}
    store = open_store(Settings(data=tmp_path, storage_url=f"s3://{s3.bucket}", storage_options=options))
    assert not store.answers()
    for use in (lambda: store.put(written(10), KEY), lambda: store.stream(KEY), lambda: store.delete(KEY)):
        with pytest.raises(Unavailable) as caught:
            use()
        assert s3.endpoint not in str(caught.value)
        assert "not this one" not in str(caught.value)


def test_a_bucket_that_is_not_there(s3: S3, tmp_path: Path, written: Callable[[int], Path]) -> None:
    store = open_store(Settings(data=tmp_path, storage_url="s3://no-such-bucket", storage_options=s3.options))
    assert not store.answers()
    # Not that a file is gone, which would be for good; and whoever runs the service is told which name is wrong.
    for use in (lambda: store.put(written(10), KEY), lambda: store.stream(KEY), lambda: next(store.listed())):
        with capture_logs() as logs, pytest.raises(Unavailable):
            use()
        assert [(line["code"], "no-such-bucket" in line["why"]) for line in logs] == [("NoSuchBucket", True)]


def test_a_server_that_is_not_there_is_told_in_the_log(s3: S3, tmp_path: Path) -> None:
    options = s3.options | {"endpoint": "http://127.0.0.1:1", "token": "hush?hush"}
    store = open_store(Settings(data=tmp_path, storage_url=f"s3://{s3.bucket}", storage_options=options))
    with capture_logs() as logs:
        assert not store.answers()
    assert "127.0.0.1:1" in logs[0]["why"]
    assert "hush" not in str(logs)
    assert s3.options["secret_access_key"] not in str(logs)
    assert "?" not in logs[0]["why"]


def test_a_bucket_that_clients_cannot_reach_signs_nothing(s3: S3, tmp_path: Path) -> None:
    options = s3.options | {"redirect": "false"}
    store = open_store(Settings(data=tmp_path, storage_url=f"s3://{s3.bucket}", storage_options=options))
    assert store.presigned(KEY, 60) is None


# Settings


@pytest.mark.parametrize(
    ("url", "options", "says"),
    [
        ("ftp://somewhere/files", {}, "ftp://somewhere/files"),
        ("s3:///prefix", {}, "no bucket"),
        ("s3://bucket", {"aws_endpoint": "http://minio.example.com"}, "for everybody to read"),
        ("s3://bucket", {"Endpoint_URL": "http://minio.example.com"}, "for everybody to read"),
        ("s3://bucket", {"endpoint": "minio:9000"}, "no address of a server"),
        ("file://elsewhere/files", {}, "another machine"),
        ("file:///proc/nothing/files", {}, "cannot be made"),
        ("s3://bucket", {"enpoint": "http://127.0.0.1:9"}, "enpoint"),
        ("s3://bucket", {"redirect": "perhaps"}, "redirect"),
        ("s3://bucket", {"endpoint": "http://s3.example.com"}, "for everybody to read"),
    ],
)
def test_settings_that_do_not_fit_are_named(tmp_path: Path, url: str, options: dict[str, str], says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        open_store(Settings(data=tmp_path, storage_url=url, storage_options=options))
    assert caught.value.hint


@pytest.mark.parametrize(
    ("endpoint", "more"),
    [
        ("http://127.0.0.1:9000", {}),
        ("http://[::1]:9000", {}),
        ("http://10.0.0.4:9000", {}),
        ("http://minio:9000", {}),
        ("http://minio.storage.internal:9000", {}),
        ("https://s3.example.com", {}),
        ("http://s3.example.com", {"allow_http": "true"}),
    ],
)
def test_a_server_of_ones_own_may_do_without_tls(tmp_path: Path, endpoint: str, more: dict[str, str]) -> None:
    options = {"endpoint": endpoint, "access_key_id": "a", "secret_access_key": "b", **more}
    store = open_store(Settings(data=tmp_path, storage_url="s3://bucket", storage_options=options))
    assert (store.presigned(KEY, 60) or "").startswith(f"{endpoint}/bucket/{KEY}?")


def test_a_folder_with_a_space_in_its_name(tmp_path: Path, written: Callable[[int], Path]) -> None:
    store = open_store(Settings(data=tmp_path / "my data"))
    store.put(written(10), KEY)
    assert (tmp_path / "my data" / "files" / KEY).read_bytes() == written(10).read_bytes()
