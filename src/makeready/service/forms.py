"""Forms with files, as they come in: a file that is too large is refused as soon as it is, not when it is all here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from makeready.service.errors import InvalidRequest, TooMuchData, Unavailable
from makeready.service.observe import log

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from starlette.datastructures import FormData

#: The most fields of a form that are not files.
_FIELDS = 1000
#: The most bytes of all of them together: they are held in memory.
_TEXT = 1 << 20


class Parts(MultiPartParser):
    """Takes a form apart; its files wait on the disk."""

    def __init__(self, request: Request, stream: AsyncGenerator[bytes, None], *, files: int, file_bytes: int) -> None:
        super().__init__(request.headers, stream, max_files=files, max_fields=_FIELDS)
        self._file_bytes = file_bytes
        self._read = 0
        self._text = 0

    def on_headers_finished(self) -> None:
        super().on_headers_finished()
        self._read = 0

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        super().on_part_data(data, start, end)
        part = self._current_part
        if part.file is None:
            self._text += end - start
            if self._text > _TEXT:
                raise TooMuchData(
                    f"The fields of the form have more than {_TEXT >> 20} MB of text.", "Send less of it."
                )
            return
        self._read += end - start
        if self._read > self._file_bytes:
            name = part.field_name
            raise TooMuchData(
                f"{name}: the file is larger than {self._file_bytes >> 20} MB.", "Send a smaller file.",
                limit=self._file_bytes, fields={name: [f"The file is larger than {self._file_bytes >> 20} MB."]},
            )  # fmt: skip


async def parts(request: Request, *, files: int, file_bytes: int) -> FormData:
    """The fields and files of a form of several parts.

    Args:
        request: whose body it is.
        files: the most files.
        file_bytes: the largest of them.

    Raises:
        InvalidRequest: it is no such form, or has more files than may be.
        TooMuchData: a file is too large, or the fields are.
        Unavailable: there is no room for the files.
    """
    stream: Any = request.stream()
    try:
        return await Parts(request, stream, files=files, file_bytes=file_bytes).parse()
    except MultiPartException as error:
        if error.message.startswith("Too many files"):
            raise InvalidRequest(f"The form has more than {files} files.", "Send fewer files at once.") from error
        said = error.message.rstrip(".")
        raise InvalidRequest(f"The form cannot be read: {said}.", "Send it as multipart/form-data.") from error
    except OSError as error:  # no fault of the client's, who may try again
        log.error("no room for uploads", why=str(error))
        raise Unavailable("The service has no room for the upload just now.", "Send it again in a while.") from error
    finally:
        await stream.aclose()
