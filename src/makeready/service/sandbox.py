"""What a process that opens strangers' files may still do: read what libraries need, write in one folder, calculate.

Native decoders have holes. So the child that runs them locks itself in before it sees the first file, with what Linux
offers to processes without privileges: Landlock (which files), a seccomp filter (no connection, no word to other
processes, none of the calls that walk round the other two) and resource limits. Nothing of it can be undone but the
limits of memory and time, for which the worker has a clock; threads and programs that it starts are held too. Where the
system lacks a part the others still hold, and ``described`` says so.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import struct
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

#: The largest file that a child may write: an enlarged picture of hundreds of megapixels, uncompressed.
LARGEST_FILE = 4 * 1024**3
_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096

# prctl(2)
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
# landlock(7): numbers are the same on all processors.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION, _BENEATH = 1, 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _TRUNCATE = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 14
_REFER = 1 << 13
#: From making and removing entries of folders to all kinds of nodes.
_ALL_OF_ABI_1 = (1 << 13) - 1
_DEVICES = 1 << 6 | 1 << 9 | 1 << 10 | 1 << 11  # character devices, sockets, pipes and block devices are not made
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE
_TCP = 1 << 0 | 1 << 1  # bind and connect
_SCOPES = 1 << 0 | 1 << 1  # abstract sockets and signals stay within

# seccomp(2), and the classic BPF that it takes.
_SET_MODE_FILTER, _TSYNC = 1, 1
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_LOAD, _EQUAL, _AT_LEAST, _ANY_OF, _AND, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
_NUMBER_AT, _ARCH_AT, _FIRST_AT, _SECOND_AT = 0, 4, 16, 24
_EACCES, _ENOSYS = 13, 38
_AF_UNIX, _SOCK_STREAM, _SOCK_SEQPACKET, _KINDS_OF_SOCKETS = 1, 1, 5, 0xF
#: ``CLONE_NEWNS`` … ``CLONE_NEWNET``: namespaces, in which a process has privileges.
_NAMESPACES = 0x7E020000
_X32 = 0x40000000


@dataclass(frozen=True, slots=True)
class _Machine:
    """A processor's names for system calls."""

    #: ``AUDIT_ARCH_…``
    arch: int
    seccomp: int
    #: ``socket`` and ``socketpair``: allowed for local connections only. A datagram needs none to reach a server.
    sockets: tuple[int, int]
    #: Allowed without new namespaces.
    clone: int
    #: ``kill``, ``tgkill`` and ``prlimit64``: allowed for this process only.
    own: tuple[int, int, int]
    #: Refused whole: what reaches other processes, other namespaces or the network by a side door. ``connect`` is among
    #: them, as a local socket may be that of a server; ``setsid`` and ``setpgid``, as what leaves the group would not
    #: end with it; io_uring, as it opens sockets without these calls.
    refused: tuple[int, ...]


#: Of the newer calls, which have the same numbers everywhere: pidfd_send_signal, io_uring_*, open_tree … fspick,
#: pidfd_open, pidfd_getfd, process_madvise, mount_setattr.
_NEWER = (424, 425, 426, 427, 428, 429, 430, 431, 432, 433, 434, 438, 440, 442)
#: Its flags lie in memory, where no filter looks: said not to exist, so that libc takes the older one.
_CLONE3 = 435
_MACHINES = {
    "x86_64": _Machine(
        0xC000003E, 317, (41, 53), 56, (62, 234, 302),
        # connect, shmget … shmctl, semget … msgctl, ptrace, setpgid, setsid, rt_sigqueueinfo, mount, umount2,
        # tkill, mq_open, add_key … keyctl, unshare, rt_tgsigqueueinfo, perf_event_open, setns, process_vm_*, kcmp, bpf,
        # userfaultfd
        (42, 29, 30, 31, *range(64, 72), 101, 109, 112, 129, 165, 166, 200, 240, 248, 249, 250, 272, 297, 298, 308,
         310, 311, 312, 321, 323, *_NEWER),
    ),
    "aarch64": _Machine(
        0xC00000B7, 277, (198, 199), 220, (129, 131, 261),
        # The same: connect, msgget … shmdt, ptrace, setpgid, setsid, rt_sigqueueinfo, mount, umount2, tkill …
        (203, *range(186, 198), 117, 154, 157, 138, 40, 39, 130, 180, 217, 218, 219, 97, 240, 241, 268, 270, 271,
         272, 280, 282, *_NEWER),
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """One wall of the sandbox, and whether it stands here."""

    name: str
    stands: bool
    #: What it is, or why it is missing and what that means.
    says: str


def described() -> tuple[Part, ...]:
    """What holds a child on this machine, and what does not, for ``makeready doctor`` and the log. Changes nothing."""
    abi = _landlock_abi()
    if abi > 0:
        files = Part("files (Landlock)", True, f"version {abi}: a child writes in its own folder only")
    else:
        files = Part("files (Landlock)", False, f"{_why_no_landlock()}: a child may write wherever this user may")
    why = _why_no_seccomp()
    network = Part(
        "network (seccomp)", not why, f"{why}: a child may open connections" if why else "a child opens no connection"
    )
    if resource is None:
        limits = Part("limits (rlimits)", False, "Windows has none of this kind: only the time on the clock is bounded")
    elif held() is None:
        limits = Part("limits (rlimits)", False, "there is no /proc to measure by: memory is not bounded, time is")
    else:
        limits = Part("limits (rlimits)", True, "memory, processor time and the size of files are bounded")
    return files, network, limits


def held() -> int | None:
    """Bytes of address space that this process holds; ``None`` where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_bytes().split()[0]) * _PAGE
    except (OSError, ValueError, IndexError):
        return None


def die_with(parent: int) -> None:
    """Have this process killed when its parent goes, where the system does that; at once if it is gone already."""
    if sys.platform == "linux":
        import signal

        _libc().prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if hasattr(os, "getppid") and os.getppid() != parent:
        os._exit(0)


def bound() -> None:
    """Set the limits that hold for all of a child's life: no memory dumps, no endless files."""
    if resource is None:
        return
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_FSIZE, LARGEST_FILE)


def _lower(which: int, most: int) -> None:
    """Set a limit for good, unless a stricter one is in force."""
    _, hard = resource.getrlimit(which)
    value = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(which, (value, value))


class Budget:
    """Memory and processor time, given out by the job."""

    def __init__(self) -> None:
        #: What was set last, to see whether a library had to lift it (CUDA reserves addresses by the terabyte).
        self._memory: int | None = None
        self.lifted = False

    def begin(self, memory: int, seconds: float) -> None:
        """Allow a job so much more than the process has now.

        Args:
            memory: bytes of address space beyond what is held: sessions that earlier jobs opened do not count.
            seconds: processor time of all threads together.
        """
        if resource is None:
            return
        spent = resource.getrusage(resource.RUSAGE_SELF)
        self._soft(resource.RLIMIT_CPU, int(spent.ru_utime + spent.ru_stime + seconds) + 1)
        self.lifted = self.lifted or (
            self._memory is not None and resource.getrlimit(resource.RLIMIT_AS)[0] != self._memory
        )
        now = held()
        if now is not None and not self.lifted:
            self._memory = self._soft(resource.RLIMIT_AS, now + memory)

    def _soft(self, which: int, value: int) -> int:
        """Set the limit that may be raised again."""
        _, hard = resource.getrlimit(which)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(which, (value, hard))
        return value


def lock_in(read: Iterable[Path], write: Iterable[Path], hidden: Iterable[Path] = ()) -> None:
    """Hold this process, for good. Call it before there are other threads: they would not all be held.

    Args:
        read: files and folders that may be read, and programs in them run.
        write: folders in which files may be made, changed and removed.
        hidden: what must not be read though it lies in one of the folders that may. What lies in it and is named in
            ``read`` itself is read all the same: models may be kept in the data folder.
    """
    if sys.platform != "linux":
        return
    if _libc().prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return  # then neither of the two can be had, as ``described`` says
    abi = _landlock_abi()
    if abi > 0:
        _landlock(abi, read, write, [path.resolve() for path in hidden])
    if not _why_no_seccomp():
        _seccomp(_MACHINES[platform.machine()])


def system_paths() -> list[Path]:
    """What Python, its libraries, fonts and models need to read on this machine, as far as it is there."""
    places = [sys.prefix, sys.base_prefix, sys.exec_prefix, *sys.path, *_LIBRARIES]
    from makeready.models import store

    places.append(str(store.cache()))
    if folder := os.environ.get(store.OWN_FOLDER):
        places.append(str(Path(folder).expanduser()))
    return [path for place in dict.fromkeys(places) if place and (path := Path(place)).exists()]


def device_paths() -> list[Path]:
    """Devices that are written to as well: the empty one, and graphics cards that calculate."""
    there = [Path("/dev/null"), Path("/dev/zero"), Path("/dev/dxg")]
    return [path for path in (*there, *sorted(Path("/dev").glob("nvidia*"))) if path.exists()]


#: Libraries and fonts, what they read of the machine, and of this process; nothing else of /etc and /proc.
_PLACES = (
    "/usr", "/lib", "/lib32", "/lib64", "/bin", "/nix/store",
    "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives", "/etc/fonts", "/etc/localtime",
    "/etc/nsswitch.conf", "/etc/passwd", "/etc/os-release",
    "/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/version", "/proc/filesystems",
    "/proc/sys/vm", "/proc/sys/kernel", "/proc/driver/nvidia",
    "/sys/devices", "/sys/fs/cgroup", "/sys/module/nvidia", "/sys/bus/pci",
    "/dev/random", "/dev/urandom",
    "~/.fonts", "~/.local/share/fonts", "/var/cache/fontconfig",
)  # fmt: skip
_LIBRARIES = tuple(str(Path(place).expanduser()) for place in _PLACES)


# -- Landlock ------------------------------------------------------------------------------------------------------


def _landlock_abi() -> int:
    """The version of Landlock that the kernel has; 0 where it has none."""
    if sys.platform != "linux" or platform.machine() not in _MACHINES:
        return 0
    return max(0, int(_syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION))))


def _why_no_landlock() -> str:
    if sys.platform != "linux":
        return f"{sys.platform} has none"
    if platform.machine() not in _MACHINES:
        return f"not known for {platform.machine()}"
    return "this kernel has none, or it is switched off"


def _landlock(abi: int, read: Iterable[Path], write: Iterable[Path], hidden: Sequence[Path]) -> None:
    files = _ALL_OF_ABI_1 | (_REFER if abi >= 2 else 0) | (_TRUNCATE if abi >= 3 else 0)
    words = [files, *([_TCP] if abi >= 4 else []), *([_SCOPES] if abi >= 6 else [])]
    attributes = struct.pack(f"={len(words)}Q", *words)
    ruleset = _syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint32(0))
    if ruleset < 0:
        raise OSError(ctypes.get_errno(), "the rules for files cannot be made")
    try:
        for path in read:
            for part in _without(path.resolve(), hidden):
                _add(ruleset, part, _READ & files)
        for path in write:
            _add(ruleset, path.resolve(), files & ~_DEVICES & ~_EXECUTE)
        if _syscall(_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0)) != 0:
            raise OSError(ctypes.get_errno(), "the rules for files cannot be set")
    finally:
        os.close(ruleset)


def _add(ruleset: int, path: Path, allowed: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:  # it cannot be opened by us, rules or not
        return
    try:
        if not path.is_dir():
            allowed &= _OF_FILES
        attributes = struct.pack("=Qi", allowed, descriptor)
        if _syscall(_ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(_BENEATH), attributes, ctypes.c_uint32(0)) != 0:
            raise OSError(ctypes.get_errno(), "a rule for files cannot be set", str(path))
    finally:
        os.close(descriptor)


def _without(path: Path, hidden: Sequence[Path]) -> Iterable[Path]:
    """A folder, or its parts where something in it is hidden: rules only add."""
    if path in hidden:
        return
    if not any(one.is_relative_to(path) for one in hidden):
        yield path
        return
    with contextlib.suppress(OSError):  # a folder that cannot be listed is not read either
        for part in sorted(path.iterdir()):
            if not part.is_symlink():  # it may lead to what is hidden
                yield from _without(part, hidden)


# -- seccomp -------------------------------------------------------------------------------------------------------


def _why_no_seccomp() -> str:
    if sys.platform != "linux":
        return f"{sys.platform} has none"
    if platform.machine() not in _MACHINES:
        return f"not known for {platform.machine()}"
    # A filter that is nowhere is a bad address where there are filters, and no such call or mode where there are none.
    ctypes.set_errno(0)
    _syscall(_MACHINES[platform.machine()].seccomp, ctypes.c_uint(_SET_MODE_FILTER), ctypes.c_uint(0), None)
    return "" if ctypes.get_errno() in (14, _EACCES) else "this kernel has no filters"


def _seccomp(machine: _Machine) -> None:
    program = _filter(machine)
    code = ctypes.create_string_buffer(program, len(program))
    whole = struct.pack("@HP", len(program) // 8, ctypes.addressof(code))
    if _syscall(machine.seccomp, ctypes.c_uint(_SET_MODE_FILTER), ctypes.c_uint(_TSYNC), whole) != 0:
        raise OSError(ctypes.get_errno(), "the filter of system calls cannot be set")


def _filter(machine: _Machine) -> bytes:
    """The filter: eight bytes an instruction (code, jump if true, jump if false, operand)."""
    x86 = machine.arch == _MACHINES["x86_64"].arch
    # Jumps lead on to the line after the next ones, or to where a name stands.
    parts: dict[str, list[tuple[int, int | str, int | str, int]]] = {
        "begin": [
            (_LOAD, 0, 0, _ARCH_AT),
            (_EQUAL, 0, "refuse", machine.arch),  # another table of calls, in which the numbers mean something else
            (_LOAD, 0, 0, _NUMBER_AT),
            *([(_AT_LEAST, "refuse", 0, _X32)] if x86 else []),
            *((_EQUAL, "refuse", 0, number) for number in machine.refused),
            *((_EQUAL, "own", 0, number) for number in machine.own),
            *((_EQUAL, "local", 0, number) for number in machine.sockets),
            (_EQUAL, "namespaces", 0, machine.clone),
            (_EQUAL, "unknown", "allow", _CLONE3),
        ],
        # Nought is this process too, or its group, which is its own.
        "own": [(_LOAD, 0, 0, _FIRST_AT), (_EQUAL, "allow", 0, 0), (_EQUAL, "allow", "refuse", os.getpid())],
        "local": [
            (_LOAD, 0, 0, _FIRST_AT),
            (_EQUAL, 0, "refuse", _AF_UNIX),
            (_LOAD, 0, 0, _SECOND_AT),
            (_AND, 0, 0, _KINDS_OF_SOCKETS),
            (_EQUAL, "allow", 0, _SOCK_STREAM),
            (_EQUAL, "allow", "refuse", _SOCK_SEQPACKET),
        ],
        "namespaces": [(_LOAD, 0, 0, _FIRST_AT), (_ANY_OF, "refuse", "allow", _NAMESPACES)],
        "allow": [(_RETURN, 0, 0, _ALLOW)],
        "refuse": [(_RETURN, 0, 0, _ERRNO | _EACCES)],
        "unknown": [(_RETURN, 0, 0, _ERRNO | _ENOSYS)],
    }
    lines = [line for part in parts.values() for line in part]
    lengths = list(map(len, parts.values()))
    places = {name: sum(lengths[:number]) for number, name in enumerate(parts)}

    def jump(at: int, to: int | str) -> int:
        return places[to] - at - 1 if isinstance(to, str) else to

    return b"".join(
        struct.pack("=HBBI", code, jump(at, yes), jump(at, no), operand)
        for at, (code, yes, no, operand) in enumerate(lines)
    )


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _syscall(number: int, *arguments: object) -> int:
    call = _libc().syscall
    call.restype = ctypes.c_long
    return int(call(ctypes.c_long(number), *arguments))
