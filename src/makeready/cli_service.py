"""The commands ``serve`` and ``worker``, and what ``doctor`` says of the service."""

from __future__ import annotations

import importlib.metadata
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from makeready.cli_options import together
from makeready.errors import MissingDependency, UsageError

if TYPE_CHECKING:
    from makeready.report.doctor import Health

_EPILOG = """\b
Every setting is also an environment variable (MAKEREADY_PORT) or a line of settings.toml in the data folder; the
command line goes first, then the environment. 'makeready doctor' prints what comes of it."""

_DATA = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="The folder of everything that is kept on this machine.  [default: MAKEREADY_DATA, else ./makeready-data]",
)
_WORKERS = click.option(
    "--workers", type=click.IntRange(1, 256), metavar="N", help="Jobs at a time.  [default: as many as processors]"
)
_QUEUES = click.option("--queues", metavar="NAMES", help="Queues that jobs are taken from.  [default: cpu,gpu]")


@click.command(epilog=_EPILOG)
@click.option("--host", metavar="ADDRESS", help="Where to listen.  [default: 127.0.0.1]")
@click.option(
    "--port", type=click.IntRange(0, 65535), metavar="PORT", help="0 takes any that is free.  [default: 8000]"
)
@together(_DATA, _WORKERS, _QUEUES)
@click.option("--no-worker", is_flag=True, help="Serve only; 'makeready worker' does the jobs, here or elsewhere.")
def serve(no_worker: bool, **given: Any) -> None:
    """Serve the HTTP APIs, and do the jobs that they make.

    \b
    makeready serve
    makeready serve --port 8080 --data /srv/makeready
    MAKEREADY_DATABASE_URL=postgresql://… MAKEREADY_SECRET_KEY=… makeready serve --host 0.0.0.0 --no-worker
    """
    with _installed():
        from makeready.service import run
        from makeready.service.settings import Settings

    run.serve(Settings.load(**given), worker=not no_worker)


@click.command(epilog=_EPILOG)
@together(_DATA, _WORKERS, _QUEUES)
@click.option("--leash", is_flag=True, hidden=True, help="End when standard input does.")
def worker(leash: bool, **given: Any) -> None:
    """Do the jobs of a service that has this database and store.

    \b
    makeready worker --data /srv/makeready
    makeready worker --queues gpu --workers 1
    """
    with _installed():
        from makeready.service import run
        from makeready.service.settings import Settings

    run.work(Settings.load(**given), leash=leash)


#: Distributions that the service needs, all of one extra.
_NEEDED = (
    "alembic",
    "argon2-cffi",
    "fastapi",
    "httpx",
    "jinja2",
    "limits",
    "obstore",
    "prometheus-client",
    "psycopg",
    "pydantic-settings",
    "pyjwt",
    "python-multipart",
    "redis",
    "sqlalchemy",
    "ssrfguard",
    "standardwebhooks",
    "structlog",
    "uvicorn",
)
#: Settings and names in them whose values are shown to nobody.
_SECRET = re.compile(r"key|secret|token|password", re.IGNORECASE)
_HIDDEN = "(hidden)"


def findings() -> Iterator[Health]:
    """What of the service is installed, how it is set, and what holds the processes that open strangers' files."""
    from makeready.report.doctor import Health

    missing = []
    for name in _NEEDED:
        try:
            importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        how = f"is not installed ({', '.join(missing)}): pip install 'makeready[service]'"
        yield Health("service", how, ok=False, optional=True)
        return
    versions = (f"{name} {importlib.metadata.version(name)}" for name in ("fastapi", "sqlalchemy", "uvicorn"))
    yield Health("service", f"is installed: {', '.join(versions)}")
    from makeready.service import sandbox
    from makeready.service.settings import Settings

    try:
        settings = Settings.load()
    except UsageError as error:
        yield Health("settings", f"{error} {error.hint}", ok=False, exit_code=error.exit_code)
    else:
        for name in type(settings).model_fields:
            own = "" if name in settings.model_fields_set else "  (by default)"
            yield Health(f"setting {name}", f"{_shown(name, getattr(settings, name))}{own}")
    for part in sandbox.described():
        yield Health(f"sandbox {part.name}", part.says, ok=part.stands, optional=True)


def _shown(name: str, value: object) -> str:
    """A setting for a terminal, without what is secret in it."""
    if isinstance(value, dict):
        return ", ".join(f"{key}={_HIDDEN if _SECRET.search(key) else one}" for key, one in value.items())
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    if name.endswith("_url") and value:
        return _without_password(str(value))
    if _SECRET.search(name):
        return _HIDDEN if str(value) else ""
    return "" if value is None else str(value)


def _without_password(url: str) -> str:
    before, mark, after = url.partition("://")
    who, at, rest = after.rpartition("@")
    address, question, options = (rest if at else after).partition("?")
    who = f"{who.partition(':')[0]}:{_HIDDEN}@" if ":" in who else who + at
    return f"{before}{mark}{who}{address}{question}{_HIDDEN if options else ''}"


@contextmanager
def _installed() -> Iterator[None]:
    """Say how to install what the service needs, where it is missing.

    Raises:
        MissingDependency: it is not installed, or the system has not what it stands on.
    """
    if os.name != "posix":
        raise MissingDependency(
            "The service does not run on Windows itself: it holds and ends the processes that open strangers' files by "
            "what POSIX systems have.",
            "Run it in WSL 2 or in a container, as docs/installing.md says. All other commands work here.",
        )
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.partition(".")[0] == "makeready":
            raise
        raise MissingDependency(
            f"The service needs {error.name}, which is not installed.", "pip install 'makeready[service]'"
        ) from error
