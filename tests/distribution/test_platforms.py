"""Systems without POSIX: all of it can be imported there, and what cannot work says so."""

from __future__ import annotations

import subprocess
import sys

import pytest
from click.testing import CliRunner

from makeready.cli import main

#: Run before anything of ours: the libraries that we stand on have their own ways there.
WITHOUT_POSIX = """
import asyncio, concurrent.futures.process, importlib, multiprocessing.connection, multiprocessing.popen_fork, os
import pkgutil, platform, signal, subprocess, sys
import PIL.Image, fastapi, filelock, httpx, numpy, obstore, psycopg, pydantic_settings, pyvips, scipy.ndimage
import scipy.sparse.linalg, sqlalchemy, uvicorn

for name in ("fcntl", "grp", "pwd", "resource", "syslog", "termios"):
    sys.modules[name] = None
for name in ("O_CLOEXEC", "O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK", "O_PATH", "fork", "geteuid", "getpgid", "getuid",
             "killpg", "mkfifo", "sched_getaffinity", "setsid", "sysconf"):
    if hasattr(os, name):
        delattr(os, name)
for name in ("SIGALRM", "SIGHUP", "SIGKILL", "SIGXCPU", "pthread_sigmask", "setitimer"):
    if hasattr(signal, name):
        delattr(signal, name)

import makeready
count = 0
for module in pkgutil.walk_packages(makeready.__path__, "makeready."):
    if not module.name.endswith("__main__") and ".migrations" not in module.name:
        importlib.import_module(module.name)
        count += 1
from makeready.service import sandbox
print(count, *(part.stands for part in sandbox.described()))
"""


def test_every_module_loads_without_posix() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_POSIX], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[0]) > 200


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_the_service_says_where_it_runs(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    runner = CliRunner()
    monkeypatch.setattr("makeready.cli_service.os", type("Windows", (), {"name": "nt"}))
    said = runner.invoke(main, [command])
    assert said.exit_code == 4
    assert "does not run on Windows" in said.stderr
    assert "WSL" in said.stderr
