"""The bytes of one file, wherever they are: read a few at a time, and never past their end."""

from __future__ import annotations

import io
import os
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from makeready.errors import UnreadableFile

# Nearly every header ends within the first 8 KiB, and reading 8 KiB costs as much as reading four bytes.
_WINDOW = 8192


class Source:
    """Random access to a file of any size through one small window.

    Attributes:
        name: how the file is called in messages.
        size: its length in bytes.
    """

    __slots__ = ("_file", "_mine", "_start", "_window", "name", "size")

    def __init__(self, file: IO[bytes], name: str, *, mine: bool = True) -> None:
        self._file = file
        self._mine = mine
        self.name = name
        self.size = file.seek(0, os.SEEK_END)
        self._start = 0
        self._window = b""

    @classmethod
    def of(cls, source: str | os.PathLike[str] | bytes | IO[bytes]) -> Self:
        """Open a path, wrap bytes, or borrow a stream (which stays open; one that cannot seek is read whole).

        Raises:
            UnreadableFile: it is not there, or the system does not let it be opened.
        """
        if isinstance(source, bytes):
            return cls(io.BytesIO(source), "The file")
        if isinstance(source, str | os.PathLike):
            path = Path(source)
            if not path.is_file():  # a pipe or a device would block for ever
                what = "is not a file" if path.exists() else "does not exist"
                raise UnreadableFile(f"{path} {what}.", "Check the name and the folder.")
            try:
                return cls(path.open("rb", buffering=0), path.name)
            except OSError as error:
                raise UnreadableFile(f"{path} cannot be opened: {error.strerror}.", "Check its permissions.") from error
        name = Path(str(getattr(source, "name", "") or "")).name or "The file"
        if not source.seekable():
            return cls(io.BytesIO(source.read()), name)
        return cls(source, name, mine=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._mine:
            self._file.close()

    def upto(self, offset: int, count: int) -> bytes:
        """At most ``count`` bytes; fewer where the file ends, none where there is nothing."""
        at = offset - self._start
        if at < 0 or at + count > len(self._window) < self.size - self._start:
            if offset < 0 or count <= 0 or offset >= self.size:
                return b""
            self._file.seek(offset)
            # The size bounds what is allocated: counts come from the file and may be absurd.
            self._window = self._file.read(min(max(count, _WINDOW), self.size - offset))
            self._start, at = offset, 0
        return self._window[at : at + count]

    def piece(self, offset: int, count: int) -> bytes:
        """What is at hand from there, at least one byte, or a new piece of ``count``; none at the end.

        For walking through a file in steps whose length is not known beforehand.
        """
        at = offset - self._start
        return self._window[at:] if 0 <= at < len(self._window) else self.upto(offset, count)

    def take(self, offset: int, count: int, what: str) -> bytes:
        """Exactly ``count`` bytes.

        Raises:
            UnreadableFile: the file ends before them; ``what`` names them in the message.
        """
        data = self.upto(offset, count)
        if len(data) < count:
            raise self.unreadable(f"ends inside its {what}: {count} bytes at {offset} are needed, it has {self.size}")
        return data

    def unreadable(self, what: str) -> UnreadableFile:
        """The error to raise: the name of the file, and what is wrong with it."""
        return UnreadableFile(f"{self.name} {what}.")
