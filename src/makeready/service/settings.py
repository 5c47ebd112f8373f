"""What the service is told: a file, over it the environment (``MAKEREADY_…``), over it the command line.

Nothing has to be told: the data folder then holds the database, the files and the secret key, and all runs here.
"""

from __future__ import annotations

import difflib
import os
import re
import secrets
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from makeready.errors import UsageError

#: All there are; ``MAKEREADY_DIALECTS`` switches some off.
DIALECTS = ("printcart", "print-ready", "remove-bg", "removai", "photoroom")
#: Where jobs wait; a worker takes from some or all of them.
QUEUES = ("cpu", "gpu")
#: The file in the data folder that settings are read from, where there is one.
FILE = "settings.toml"
#: The secret key of a service that was given none.
SECRET_FILE = "secret.key"  # noqa: S105 - the name of a file
#: Addresses at which only this machine answers.
_LOCAL = frozenset({"127.0.0.1", "::1", "localhost"})
#: What means every address of a machine is none that can be asked.
_EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - nothing is bound to it here
#: The shortest key that is taken for one.
_SECRET_LENGTH = 32
#: What a link can begin with: paths and queries are put behind it. Its own path stands in cookies and pages, too.
_WEB = re.compile(r"https?://[^\s/?#@]+(/(?!\.{1,2}(?:/|$))[\w.~%-]+)*/?", re.IGNORECASE | re.ASCII)

#: Several words; in the environment with commas between them.
Words = Annotated[tuple[str, ...], NoDecode]


class Settings(BaseSettings):
    """Each field is a setting, its environment variable is ``MAKEREADY_`` and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="MAKEREADY_", extra="forbid", frozen=True, env_ignore_empty=True)

    data: Path = Field(Path("makeready-data"), description="The folder of everything that is kept on this machine.")
    host: str = Field("127.0.0.1", description="The address the service answers at.")
    port: int = Field(8000, ge=0, le=65535, description="The port; 0 takes any that is free.")
    public_url: str = Field(
        "",
        description="How clients reach it, for links; host and port when left out. With a path, as in "
        "https://example.com/preflight, the proxy in front takes it off before it passes a request on.",
    )
    database_url: str = Field("", description="sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME.")
    storage_url: str = Field("", description="file:///PATH or s3://BUCKET/PREFIX; the files folder when left out.")
    storage_options: dict[str, str] = Field(
        default_factory=dict, description="For a bucket, as JSON: endpoint, region, access_key_id, secret_access_key."
    )
    redis_url: str = Field("", description="Where rate limits are counted by several processes; in memory without.")
    secret_key: SecretStr = Field(SecretStr(""), description="Signs links and tokens: 32 characters or more.")
    dialects: Words = Field(DIALECTS, min_length=1, description="The APIs that are served.")
    dashboard: bool = Field(True, description="Serve the pages for people, at /dashboard.")
    plans_file: Path | None = Field(None, description="Plans and prices of your own, over the built-in ones.")
    top_up_url: str = Field("", description="Where a client buys more, told with every 402; else our own page.")
    payments: str = Field("", description="Who takes money for packs, the name of a plug-in; nobody without one.")
    fetch_allow: Words = Field(
        (), description="Hosts, addresses and networks that may be fetched although they are private."
    )
    workers: int = Field(0, ge=0, le=256, description="Jobs at a time; as many as processors when 0.")
    queues: Words = Field(QUEUES, min_length=1, description="The queues this worker takes jobs from.")
    limits_queue: int = Field(1000, ge=1, description="Jobs that may wait, before new ones are refused with 429.")
    limits_queue_account: int = Field(200, ge=1, description="Jobs of one account that may wait.")
    limits_requests: str = Field("", description="Requests of an account, such as 600/minute; else the plan's.")
    limits_upload_mb: int = Field(30, ge=1, le=1000, description="The largest upload, where a dialect says no less.")
    limits_fetch_mb: int = Field(100, ge=1, le=1000, description="The largest file that is fetched.")
    limits_fetch_seconds: float = Field(30, gt=0, le=300, description="What a fetch may take in all.")
    limits_megapixels: float = Field(50, gt=0, le=100, description="The largest picture, by its header.")
    limits_pages: int = Field(200, ge=1, le=5000, description="The most pages of a PDF.")
    limits_cpu_seconds: float = Field(60, gt=0, le=3600, description="Processor time of a job.")
    limits_memory_mb: int = Field(
        2048, ge=256, description="Address space of a job's process over what it starts with."
    )
    limits_request_seconds: float = Field(55, gt=0, le=600, description="How long a request waits for its result.")
    keep_metadata: bool = Field(False, description="Keep EXIF and the like of uploads in what is made from them.")
    retention_days: float = Field(
        30, gt=0, description="How long reports are kept with what they are about, and jobs wait."
    )
    testing: bool = Field(False, description="Offer operations that crash, sleep and do nothing, for tests.")

    @classmethod
    def load(cls, **given: Any) -> Settings:
        """The settings of this process: what is given here, else the environment, else the file in the data folder.

        Raises:
            UsageError: a setting has no such value, or the file cannot be read.
        """
        try:
            return cls(**{name: value for name, value in given.items() if value is not None})
        except ValidationError as error:
            raise _unusable(error) from error
        except (ValueError, OSError) as error:  # of values: no JSON, no TOML, or no text at all
            raise UsageError(f"The settings cannot be read: {error}.", f"Mend the environment or {FILE}.") from error

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The command line, the environment, and the file of the data folder that those two name."""
        folder = init_settings().get("data") or env_settings().get("data") or settings_cls.model_fields["data"].default
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, Path(folder) / FILE)

    @field_validator("dialects", "fetch_allow", "queues", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return tuple(word.strip() for word in value.split(",") if word.strip()) if isinstance(value, str) else value

    @field_validator("dialects", "queues")
    @classmethod
    def _known(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        kind, known = ("dialect", DIALECTS) if info.field_name == "dialects" else ("queue", QUEUES)
        if unknown := sorted(set(value) - set(known)):
            raise ValueError(f"there is no {kind} {', '.join(unknown)}; there are {', '.join(known)}")
        return value

    @field_validator("public_url")
    @classmethod
    def _linkable(cls, value: str) -> str:
        if value and not _WEB.fullmatch(value):
            raise ValueError("it reads https://HOST, with a port or a path such as /preflight if need be")
        return value

    @property
    def database(self) -> str:
        """The database's URL."""
        return self.database_url or f"sqlite:///{self.data.absolute() / 'makeready.db'}"

    @property
    def storage(self) -> str:
        """The store's URL."""
        return self.storage_url or (self.data.absolute() / "files").as_uri()

    @property
    def own_address(self) -> str:
        """Where this process answers, for somebody on this machine."""
        host = _EVERY_ADDRESS.get(self.host, self.host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def address(self) -> str:
        """How clients reach the service, without a slash at the end; links begin with it."""
        return self.public_url.rstrip("/") or self.own_address

    @property
    def root(self) -> str:
        """The path below which clients reach the service, such as ``/preflight``; empty where there is none."""
        return urlsplit(self.public_url).path.rstrip("/")

    def address_for(self, asked: str) -> str:
        """How a client reaches the service that asks at an address: the public one, else the one it asks at."""
        return (self.public_url or asked).rstrip("/")

    @property
    def top_up(self) -> str:
        """Where a client buys more, as every 402 says."""
        return self.top_up_url or f"{self.address}{'/dashboard/wallet' if self.dashboard else '/'}"

    @property
    def local(self) -> bool:
        """Whether only this machine can reach it."""
        return self.host in _LOCAL

    def folder(self) -> Path:
        """The data folder, made where it is missing, for its owner only: it has what clients sent, and secrets.

        Raises:
            UsageError: it cannot be made.
        """
        try:
            self.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise UsageError(
                f"The data folder, {self.data.absolute()}, cannot be made: {error.strerror}.",
                "Choose another with --data or MAKEREADY_DATA.",
            ) from error
        return self.data

    def secret(self) -> str:
        """The secret key: the one that was given, or one that is made once and kept in the data folder.

        Raises:
            UsageError: it is too short, its file is damaged or cannot be used, or the service is open to others and was
                given none.
        """
        given = self.secret_key.get_secret_value()
        if given:
            if len(given) < _SECRET_LENGTH:
                raise UsageError(
                    f"The secret key has {len(given)} characters.", f"Give at least {_SECRET_LENGTH}, at random."
                )
            return given
        if not self.local:
            raise UsageError(
                f"At {self.host} others can reach the service, and it has no secret key of its own.",
                "Set MAKEREADY_SECRET_KEY to 32 random characters or more, the same for all processes.",
            )
        path = self.folder() / SECRET_FILE
        try:
            kept = _kept(path)
        except OSError as error:
            raise UsageError(
                f"The secret key cannot be kept in {path}: {error.strerror}.",
                "Let this user write there, or set MAKEREADY_SECRET_KEY to 32 random characters or more.",
            ) from error
        if len(kept) < _SECRET_LENGTH:  # an empty one would be known to everybody
            raise UsageError(
                f"The secret key in {path} is damaged: it has {len(kept)} characters.",
                "Restore it from a copy. If there is none, remove it: a new one is made, and keys, tokens and links "
                "from before no longer work.",
            )
        return kept


def _kept(path: Path) -> str:
    """A secret in a file that only its owner reads; whoever comes first makes it."""
    made = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    if not path.exists():
        descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            os.fsync(descriptor)  # a power cut leaves all of it, or no key at all
        try:
            os.link(made, path)  # fails where another process was quicker, and its key is the one
        except FileExistsError:
            pass
        finally:
            made.unlink()
    return path.read_text("utf-8", "replace").strip()


def _unusable(error: ValidationError) -> UsageError:
    """What is wrong with the first setting that is."""
    first = error.errors()[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    if first["type"] == "extra_forbidden":
        close = difflib.get_close_matches(name, Settings.model_fields, 1)
        return UsageError(
            f"There is no setting {name!r}.", f"Did you mean {close[0]!r}?" if close else f"Look through {FILE}."
        )
    why = str(first.get("ctx", {}).get("error") or first["msg"])
    return UsageError(
        f"The setting {'.'.join(map(str, first['loc']))} is not usable: {why}.",
        f"It comes from the command line, MAKEREADY_{name.upper()} or {FILE} in the data folder.",
    )
