"""Members of wheels (zip) and npm packages (tar), read into memory.

Nothing is unpacked by the names that an archive gives: members are asked for by the names of the manifest, and what
is longer than the manifest says is not read to its end. A ``../`` in an archive has nowhere to go.
"""

from __future__ import annotations

import hashlib
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from makeready.errors import UnreadableFile, UsageError
from makeready.models.manifest import Family, File

#: What a text member may have more than its size says: a CR at the end of each line.
_MORE_TEXT = 2
#: Where the search for members of a tarball ends; those of the manifest are a tenth of it.
_MOST_UNPACKED = 2 << 30


def contents(path: Path, family: Family) -> list[tuple[File, bytes]]:
    """The files of a family in the archive that carries them, each compared with its hash.

    Raises:
        UsageError: there is no such file.
        UnreadableFile: it is no archive, lacks a member, or holds others than those known.
    """
    files = {file.name: file for model in family.models for file in model.files}
    wanted = {member: _most(file) for file in files.values() for member in file.members}
    if not path.is_file():
        raise UsageError(f"There is no file {path}.", "Check the path.")
    try:
        members = _zipped(path, wanted) if zipfile.is_zipfile(path) else _tarred(path, wanted)
    except Exception as error:  # of zlib, bz2, lzma and those of archives, which have no common ancestor but this
        why = str(error).partition("\n")[0].rstrip(":")
        raise UnreadableFile(f"{path} is damaged, or no wheel or tarball: {why}.", _again(family)) from error
    for member in wanted:
        if member not in members:
            raise UnreadableFile(f"{path} has no {member}.", f"It should be {family.source.spec}.")
    return [(file, _whole(path, file, members, family)) for file in files.values()]


def _most(file: File) -> int:
    return file.bytes * (_MORE_TEXT if file.text else 1)


def _again(family: Family) -> str:
    return f"Get {family.source.spec} anew."


def _zipped(path: Path, wanted: Mapping[str, int]) -> dict[str, bytes]:
    found = {}
    with zipfile.ZipFile(path) as archive:
        for name in set(archive.namelist()) & set(wanted):
            with archive.open(name) as member:
                found[name] = member.read(wanted[name] + 1)
    return found


def _tarred(path: Path, wanted: Mapping[str, int]) -> dict[str, bytes]:
    """In the order of the tarball, once: it cannot be read backwards without unpacking it from its start."""
    found: dict[str, bytes] = {}
    with tarfile.open(path) as archive:
        for info in archive:
            if info.offset_data + info.size > _MOST_UNPACKED:
                raise tarfile.TarError("it is too large")
            if info.isreg() and info.name in wanted and (member := archive.extractfile(info)):
                found[info.name] = member.read(wanted[info.name] + 1)
            if len(found) == len(wanted):
                break
    return found


def _whole(path: Path, file: File, members: Mapping[str, bytes], family: Family) -> bytes:
    """One file, joined of its parts."""
    for part in file.parts:
        if hashlib.sha256(members[f"{file.member}/{part}"]).hexdigest() != part:
            raise _other(path, f"{file.member}/{part}", family)
    data = b"".join(members[name] for name in file.members)
    if file.text:
        data = data.replace(b"\r\n", b"\n")
    if len(data) != file.bytes or hashlib.sha256(data).hexdigest() != file.sha256:
        raise _other(path, file.member, family)
    return data


def _other(path: Path, member: str, family: Family) -> UnreadableFile:
    return UnreadableFile(
        f"{path}: {member} is damaged or of another version: its SHA-256 is not the one known.", _again(family)
    )
