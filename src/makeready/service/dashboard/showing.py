"""Files of an account as its pages show them: streamed under the session, harmless in a browser."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from makeready.service import files_app
from makeready.service.dashboard import page
from makeready.service.errors import NotFound

if TYPE_CHECKING:
    from makeready.service.core import Account, File, Service

#: A page may frame it, nobody else; whether it is still there, and the visitor's, is asked each time.
_HEADERS = {
    **files_app.ALWAYS,
    "Content-Security-Policy": f"{files_app.ALWAYS['Content-Security-Policy']}; frame-ancestors 'self'",
    "Cache-Control": "private, no-cache",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A file, and where its owner's browser gets it."""

    file: File
    url: str
    #: Whether browsers show it: a picture of a kind and in colours that they know.
    visible: bool


def shown(service: Service, account: Account, file_id: str | None, path: str, *, inks: bool = False) -> Shown | None:
    """A file as a page shows it; none where there is no such file, or no longer.

    Args:
        service: where it is.
        account: whose it is.
        file_id: its identifier; nothing is found for none.
        path: where in the dashboard it is served.
        inks: whether its colours are inks, which each browser shows in its own way.
    """
    if file_id is None:
        return None
    try:
        file = kept(service, account, file_id)
    except NotFound:
        return None
    return Shown(file, page.url(service.settings.root, path), file.disposition.startswith("inline") and not inks)


def kept(service: Service, account: Account, file_id: str) -> File:
    """A file whose time is not over.

    Raises:
        NotFound: there is none, it is another account's, or its time is over.
    """
    file = service.files.get(account.id, file_id)
    if file.expires_at is not None and file.expires_at <= time.time():
        raise NotFound(f"{file.name} is no longer kept.", "Make it anew.")
    return file


async def answer(service: Service, request: Request, file: File, *, inline: bool = False) -> Response:
    """The bytes of a file: saved with ``?save``, shown otherwise where that is harmless.

    Args:
        service: where they are.
        request: what is answered.
        file: the file.
        inline: show it although it is no picture; in a sandbox.
    """
    headers = dict(_HEADERS)
    if "save" in request.query_params:
        headers["Content-Disposition"] = file.disposition.replace("inline", "attachment", 1)
    elif inline:
        headers["Content-Disposition"] = "inline"
    if files_app.known(request, file):
        return Response(status_code=304, headers=headers)
    return await files_app.sent(service, request, file, headers)
