from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from makeready.cli import main
from makeready.errors import UsageError
from makeready.service.settings import DIALECTS, Settings


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("MAKEREADY_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def _file(folder: Path, text: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "settings.toml").write_text(text)


def test_nothing_has_to_be_told(tmp_path: Path) -> None:
    settings = Settings.load()
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.database == f"sqlite:///{tmp_path / 'makeready-data' / 'makeready.db'}"
    assert settings.storage == (tmp_path / "makeready-data" / "files").as_uri()
    assert settings.dialects == DIALECTS


def test_the_command_line_goes_before_the_environment_and_that_before_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _file(tmp_path / "kept", 'port = 1\nhost = "file"\nworkers = 3\nqueues = ["gpu"]\n')
    monkeypatch.setenv("MAKEREADY_DATA", str(tmp_path / "kept"))
    monkeypatch.setenv("MAKEREADY_HOST", "environment")
    monkeypatch.setenv("MAKEREADY_PORT", "2")
    settings = Settings.load(port=4)
    assert (settings.port, settings.host, settings.workers, settings.queues) == (4, "environment", 3, ("gpu",))
    assert Settings.load(data=tmp_path / "other").workers == 0


def test_what_is_empty_in_the_environment_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REDIS_URL", "PLANS_FILE", "FETCH_ALLOW", "DIALECTS", "WORKERS", "STORAGE_OPTIONS"):
        monkeypatch.setenv(f"MAKEREADY_{name}", "")
    settings = Settings.load()
    assert (settings.redis_url, settings.plans_file, settings.dialects) == ("", None, DIALECTS)


def test_the_limits_that_are_promised_are_the_limits_that_are_set() -> None:
    settings = Settings.load()
    assert (settings.limits_megapixels, settings.limits_pages) == (50, 200)
    assert (settings.limits_cpu_seconds, settings.limits_memory_mb) == (60, 2048)
    assert (settings.limits_fetch_mb, settings.limits_fetch_seconds) == (100, 30)
    assert settings.limits_upload_mb <= 30
    assert settings.local
    assert not settings.keep_metadata
    assert not settings.testing


def test_words_have_commas_between_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAKEREADY_FETCH_ALLOW", "10.0.0.0/8, printer.local ,")
    assert Settings.load().fetch_allow == ("10.0.0.0/8", "printer.local")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "70000"),
        ("PORT", "many"),
        ("WORKERS", "-1"),
        ("LIMITS_MEGAPIXELS", "101"),
        ("DIALECTS", "klingon"),
        ("DIALECTS", ","),
        ("QUEUES", "gpu,gup"),
        ("PUBLIC_URL", "preflight.example.com"),
        ("PUBLIC_URL", "https://preflight.example.com/?a=b"),
        ("PUBLIC_URL", "https://example.com//preflight.example.com"),
        ("PUBLIC_URL", "https://example.com/preflight; Domain=example.com"),
        ("PUBLIC_URL", "https://example.com/preflight/.."),
        ("STORAGE_OPTIONS", '{"endpoint": 3}'),
    ],
)
def test_what_does_not_fit_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"MAKEREADY_{name}", value)
    with pytest.raises(UsageError, match=name.lower()) as refused:
        Settings.load()
    assert f"MAKEREADY_{name} " in refused.value.hint


@pytest.mark.parametrize("written", [b"port = = 1", b"\xff\xfe"])
def test_a_file_that_is_none_is_named(tmp_path: Path, written: bytes) -> None:
    (tmp_path / "settings.toml").write_bytes(written)
    with pytest.raises(UsageError, match="cannot be read"):
        Settings.load(data=tmp_path)


def test_a_misspelt_setting_in_the_file_is_not_passed_over(tmp_path: Path) -> None:
    _file(tmp_path / "kept", "prot = 1")
    with pytest.raises(UsageError, match="no setting 'prot'") as refused:
        Settings.load(data=tmp_path / "kept")
    assert "'port'" in refused.value.hint


def test_other_variables_of_the_environment_are_others_business(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAKEREADY_MODELS", "/elsewhere")
    assert Settings.load().port == 8000


def test_the_secret_key_is_made_once_and_for_its_owner(tmp_path: Path) -> None:
    settings = Settings.load(data=tmp_path)
    first = settings.secret()
    assert len(first) >= 32
    assert settings.secret() == first
    assert stat.S_IMODE((tmp_path / "secret.key").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret.key"]


@pytest.mark.parametrize("damaged", [b"", b"\xff\xff", b"short"])
def test_a_damaged_secret_key_is_not_used(tmp_path: Path, damaged: bytes) -> None:
    (tmp_path / "secret.key").write_bytes(damaged)
    with pytest.raises(UsageError, match=r"secret\.key is damaged"):
        Settings.load(data=tmp_path).secret()


def test_a_folder_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for impossible in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(UsageError, match="cannot be made") as refused:
            Settings.load(data=impossible).secret()
        assert "MAKEREADY_DATA" in refused.value.hint


def test_a_folder_without_room_for_a_key_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> int:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, "open", full)
    with pytest.raises(UsageError, match="Read-only file system") as refused:
        Settings.load(data=tmp_path).secret()
    assert "MAKEREADY_SECRET_KEY" in refused.value.hint


def test_nobody_else_on_the_machine_reads_what_is_kept(tmp_path: Path) -> None:
    data = tmp_path / "data"
    done = CliRunner().invoke(main, ["accounts", "list", "--data", str(data)])
    assert done.exit_code == 0, done.output
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    (tmp_path / "open").mkdir(mode=0o755)  # made by somebody else, as for a container
    CliRunner().invoke(main, ["accounts", "list", "--data", str(tmp_path / "open")])
    assert {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in (tmp_path / "open").iterdir()} == {0}


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "postgresql://jane:hush@db:port/x",
        "postgresql+asyncpg://jane:hush@db/x",
        "sqlite+aiosqlite:///x.db",
        "mysql://jane:hush@db/x",
        "sqlite://",
        "sqlite:///:memory:",
    ],
)
def test_a_database_of_another_kind_is_told_with_what_would_do(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAKEREADY_DATABASE_URL", url)
    done = CliRunner().invoke(main, ["accounts", "list", "--data", str(tmp_path)])
    assert done.exit_code == 2, done.output
    assert "DATABASE_URL is sqlite:///PATH or postgresql://" in done.output
    assert "hush" not in done.output


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"host": "0.0.0.0"}, "MAKEREADY_SECRET_KEY"),
        ({"host": "::"}, "MAKEREADY_SECRET_KEY"),
        ({"secret_key": "short"}, "32"),
    ],
)
def test_others_are_not_let_in_without_a_secret(tmp_path: Path, given: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError) as refused:
        Settings.load(data=tmp_path, **given).secret()
    assert told in refused.value.hint


def test_the_doctor_prints_them_without_what_is_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {
        "SECRET_KEY": "hush-one-hush-one-hush-one-hush-one",
        "DATABASE_URL": "postgresql://jane:hush-two@db.example/make?password=hush-three",
        "REDIS_URL": "redis://:hush-four@cache.example:6379/0",
        "STORAGE_OPTIONS": '{"region": "eu-1", "secret_access_key": "hush-five", "session_token": "hush-six"}',
        "PORT": "8123",
    }
    for name, value in told.items():
        monkeypatch.setenv(f"MAKEREADY_{name}", value)
    said = CliRunner().invoke(main, ["doctor"]).output
    assert "hush" not in said
    lines = {line[4:26].strip(): line[27:] for line in said.splitlines()}
    assert lines["setting port"] == "8123"
    assert lines["setting host"] == "127.0.0.1  (by default)"
    for shown in ("jane", "db.example", "cache.example:6379/0", "eu-1"):
        assert shown in said
    assert "sandbox" in said


def test_the_doctor_says_what_does_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAKEREADY_PORT", "many")
    done = CliRunner().invoke(main, ["doctor"])
    assert done.exit_code >= 2
    assert "MAKEREADY_PORT" in done.output


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"host": "0.0.0.0", "port": 80}, "http://127.0.0.1:80"),
        ({"host": "::"}, "http://[::1]:8000"),
        ({"host": "10.0.0.7"}, "http://10.0.0.7:8000"),
        ({"host": "0.0.0.0", "public_url": "https://preflight.example.com/api/"}, "https://preflight.example.com/api"),
    ],
)
def test_links_begin_with_an_address_that_can_be_asked(tmp_path: Path, given: dict[str, Any], address: str) -> None:
    assert Settings.load(data=tmp_path, **given).address == address


@pytest.mark.parametrize(
    ("public_url", "root"),
    [
        ("", ""),
        ("https://preflight.example.com", ""),
        ("https://preflight.example.com:8443/", ""),
        ("https://example.com/preflight", "/preflight"),
        ("http://example.com/print/pre-flight_2.0/", "/print/pre-flight_2.0"),
    ],
)
def test_the_service_may_be_reached_below_a_path(tmp_path: Path, public_url: str, root: str) -> None:
    settings = Settings.load(data=tmp_path, public_url=public_url)
    assert settings.root == root
    assert settings.address_for("http://10.0.0.7/") == (public_url.rstrip("/") or "http://10.0.0.7")


def test_who_has_too_little_is_told_where_there_is_more(tmp_path: Path) -> None:
    assert Settings.load(data=tmp_path).top_up == "http://127.0.0.1:8000/dashboard/wallet"
    assert Settings.load(data=tmp_path, dashboard=False).top_up == "http://127.0.0.1:8000/"
    assert Settings.load(data=tmp_path, top_up_url="https://shop.example.com").top_up == "https://shop.example.com"
