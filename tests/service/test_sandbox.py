"""What a locked-in process can still do, asked of the system itself."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from makeready.service import sandbox

PARTS = {part.name.split(" ")[0]: part for part in sandbox.described()}


def needs(name: str) -> None:
    """Skip where the system does not have a part, with its own words."""
    if not PARTS[name].stands:
        pytest.skip(f"{PARTS[name].name}: {PARTS[name].says}")


def locked(folder: Path, code: str, hidden: list[Path] | None = None) -> dict[str, Any]:
    """What a program says that was locked in: it may read what Python needs and ``read``, and write in ``write``."""
    for name in ("read", "write"):
        (folder / name).mkdir(exist_ok=True)
    begin = f"""
import ctypes, json, os, socket, sys
from pathlib import Path
from makeready.service import sandbox
folder = Path({str(folder)!r})
hidden = [Path(path) for path in {[str(path) for path in hidden or []]!r}]
sandbox.lock_in([*sandbox.system_paths(), folder / "read"], [*sandbox.device_paths(), folder / "write"], hidden)
said = {{}}
def attempt(name, what):
    try:
        what()
        said[name] = "done"
    except OSError as error:
        said[name] = os.strerror(error.errno)
def call(number, *arguments):
    if ctypes.CDLL(None, use_errno=True).syscall(ctypes.c_long(number), *arguments) < 0:
        raise OSError(ctypes.get_errno(), "")
"""
    done = subprocess.run(
        [sys.executable, "-c", f"{begin}\n{code}\nprint(json.dumps(said))"],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_every_part_says_what_it_is() -> None:
    assert list(PARTS) == ["files", "network", "limits"]
    assert all(part.says for part in PARTS.values())


def test_the_build_server_has_all_parts() -> None:
    if os.environ.get("CI", "").lower() == "true" and sys.platform == "linux":
        assert all(part.stands for part in PARTS.values())


def test_files_are_written_in_one_folder_and_read_where_that_is_said(tmp_path: Path) -> None:
    needs("files")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").write_text("theirs")
    (tmp_path / "read").mkdir()
    (tmp_path / "read" / "file").write_text("given")
    said = locked(
        tmp_path,
        """
attempt("read", lambda: (folder / "read" / "file").read_bytes())
attempt("change what is read", lambda: (folder / "read" / "file").write_bytes(b"x"))
attempt("cut what is read", lambda: os.truncate(folder / "read" / "file", 0))
attempt("write", lambda: (folder / "write" / "file").write_bytes(b"x"))
attempt("make a folder", lambda: (folder / "write" / "more").mkdir())
attempt("move", lambda: (folder / "write" / "file").rename(folder / "write" / "more" / "file"))
attempt("remove", lambda: (folder / "write" / "more" / "file").unlink())
attempt("read elsewhere", lambda: (folder / "other" / "file").read_bytes())
attempt("list elsewhere", lambda: list((folder / "other").iterdir()))
attempt("write elsewhere", lambda: (folder / "other" / "new").write_bytes(b"x"))
attempt("remove elsewhere", lambda: (folder / "other" / "file").unlink())
attempt("link from elsewhere", lambda: os.link(folder / "other" / "file", folder / "write" / "link"))
attempt("passwords", lambda: Path("/etc/shadow").read_bytes())
attempt("parent", lambda: Path(f"/proc/{os.getppid()}/environ").read_bytes())
""",
    )
    allowed = {"read", "write", "make a folder", "move", "remove"}
    assert {name for name, what in said.items() if what == "done"} == allowed
    assert (tmp_path / "read" / "file").read_text() == "given"
    assert (tmp_path / "other" / "file").read_text() == "theirs"


def test_what_is_hidden_stays_hidden_in_a_folder_that_is_read(tmp_path: Path) -> None:
    needs("files")
    data = tmp_path / "read" / "inner" / "data"
    data.mkdir(parents=True)
    (data / "secret.key").write_text("secret")
    (tmp_path / "read" / "inner" / "code.py").write_text("pass")
    (tmp_path / "read" / "shortcut").symlink_to(data)
    said = locked(
        tmp_path,
        """
attempt("beside", lambda: (folder / "read" / "inner" / "code.py").read_bytes())
attempt("hidden", lambda: (folder / "read" / "inner" / "data" / "secret.key").read_bytes())
attempt("by a link", lambda: (folder / "read" / "shortcut" / "secret.key").read_bytes())
""",
        hidden=[data],
    )
    assert said == {"beside": "done", "hidden": "Permission denied", "by a link": "Permission denied"}


def test_no_connection_is_opened_by_any_door(tmp_path: Path) -> None:
    needs("network")
    said = locked(
        tmp_path,
        """
for name in ("AF_INET", "AF_INET6", "AF_NETLINK", "AF_PACKET", "AF_UNIX"):
    attempt(name, lambda: socket.socket(getattr(socket, name), socket.SOCK_DGRAM).close())
local = socket.socket(socket.AF_UNIX)
attempt("connect", lambda: local.connect(b"\\0nobody"))
local.close()
attempt("a pair that writes to others", lambda: socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM))
attempt("io_uring", lambda: call(425, ctypes.c_uint(1), ctypes.create_string_buffer(256)))
attempt("pair", lambda: [end.close() for end in socket.socketpair()])
attempt("programs are held too", lambda: None)
import subprocess
child = subprocess.run([sys.executable, "-S", "-c",
    "import _socket, sys\\ntry: _socket.socket(2, 1)\\nexcept PermissionError: sys.exit(7)"])
said["programs are held too"] = child.returncode
""",
    )
    assert said.pop("pair") == "done"
    assert said.pop("programs are held too") == 7
    assert set(said.values()) == {"Permission denied"}


def test_other_processes_are_out_of_reach_and_ones_own_are_not(tmp_path: Path) -> None:
    needs("network")
    said = locked(
        tmp_path,
        """
import resource, signal, subprocess, threading
thread = threading.Thread(target=lambda: said.update(thread="done"))
thread.start()
thread.join()
attempt("program", lambda: subprocess.run([sys.executable, "-S", "-c", ""], check=True))
attempt("itself", lambda: os.kill(os.getpid(), 0))
attempt("its limits", lambda: resource.prlimit(os.getpid(), resource.RLIMIT_NOFILE))
attempt("signal", lambda: os.kill(os.getppid(), 0))
attempt("signal to all", lambda: os.kill(-1, 0))
attempt("limits", lambda: resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE))
attempt("handle", lambda: os.pidfd_open(os.getppid()))
attempt("session", lambda: os.setsid())
attempt("group", lambda: os.setpgid(0, 0))
clone, new_user = {"x86_64": 56, "aarch64": 220}[os.uname().machine], 0x10000000
attempt("namespace", lambda: call(clone, ctypes.c_ulong(new_user | signal.SIGCHLD), 0, 0, 0, 0))
attempt("newer call", lambda: call(435, None, ctypes.c_size_t(0)))
""",
    )
    assert said.pop("newer call") == "Function not implemented"
    for name in ("thread", "program", "itself", "its limits"):
        assert said.pop(name) == "done", name
    assert set(said.values()) == {"Permission denied"}


def test_another_table_of_calls_is_no_way_round(tmp_path: Path) -> None:
    needs("network")
    if platform.machine() != "x86_64":
        pytest.skip("only x86-64 has a second table of calls in the same process")
    x32_socket = 0x40000000 + 41
    said = locked(tmp_path, f'attempt("x32", lambda: call({x32_socket}, 2, 1, 0))')
    assert said == {"x32": "Permission denied"}


def test_threads_that_came_later_are_held_too(tmp_path: Path) -> None:
    needs("network")
    needs("files")
    said = locked(
        tmp_path,
        """
import threading
def work():
    attempt("socket", lambda: socket.socket().close())
    attempt("file", lambda: (folder / "other").write_bytes(b"x"))
thread = threading.Thread(target=work)
thread.start()
thread.join()
""",
    )
    assert said == {"socket": "Permission denied", "file": "Permission denied"}
