"""What all tools do alike: take a form with a file or a URL, and begin a job that is paid in tokens, once."""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response

from makeready.service import serving, uploads
from makeready.service.dashboard import page
from makeready.service.dashboard.forms import field
from makeready.service.errors import InvalidRequest, Unavailable
from makeready.service.files import DAY
from makeready.service.forms import parts
from makeready.service.idempotency import Mark
from makeready.service.names import clean_name
from makeready.service.observe import asked
from makeready.service.serving import run

if TYPE_CHECKING:
    from makeready.service.core import Account, Job, Service

#: What stands as the dialect of jobs that were begun here.
NAME = "dashboard"
#: The fields of every form: the file, its URL instead, and the token that only this very form has.
FILE, URL, ONCE = "file", "url", "once"
_URL: TypeAdapter[str] = TypeAdapter(serving.Url)

Wish = TypeVar("Wish", bound="Wanted")


class Wanted(BaseModel):
    """The fields of a form, but for its file; what is empty was left out.

    A field's title is what people call it, wherever it is shown; its alias, the option that a job has of it.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    @classmethod
    def labels(cls) -> dict[str, str]:
        """What people call the options of a job, by their names; those without a title are not among them."""
        fields = cls.model_fields.items()
        return {field.serialization_alias or name: field.title for name, field in fields if field.title}

    @classmethod
    def of(cls: type[Wish], form: Mapping[str, Any]) -> Wish:
        """What a form says.

        Raises:
            InvalidRequest: a field does not fit.
        """
        given = {name: text for name in form if (text := field(form, name))}
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0]) if first["loc"] else ""
            called = (cls.model_fields[name].title or page.words(name)) if name in cls.model_fields else "The form"
            said = first["msg"].removeprefix("Value error, ")
            raise InvalidRequest(
                f"{called}: {said}.", "Change it, and send it again.", fields={name: [said]}
            ) from error


@dataclass(frozen=True, slots=True)
class Given:
    """What a tool works on."""

    #: As jobs name their input: ``{"file": ID}`` or ``{"url": URL}``.
    input: dict[str, str]
    #: What people call it.
    name: str
    #: ``pdf`` or ``raster``; none of what lies at a URL.
    kind: str | None
    #: What tells its content from another's.
    digest: str


def cost(service: Service, account: Account, operation: str, option: str | None = None) -> int:
    """What an operation costs an account, in tokens."""
    return service.plans.cost(service.plans.plan(account.plan), NAME, operation, option)


def once() -> str:
    """A token for one form: what is sent with it twice is done once."""
    return secrets.token_urlsafe(18)


@contextlib.asynccontextmanager
async def sent(service: Service, request: Request) -> AsyncIterator[FormData]:
    """The form of a request; where it is refused, its file goes at once.

    Raises:
        InvalidRequest: it is no form.
        TooMuchData: its file is too large.
    """
    async with uploads.refusing(service):
        if request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
            form = await parts(request, files=1, file_bytes=service.settings.limits_upload_mb << 20)
        else:
            form = await request.form()
        try:
            yield form
        finally:
            await form.close()


async def given(
    service: Service, account: Account, form: FormData, formats: Collection[str], *, seconds: float = DAY
) -> Given:
    """The file of a form, kept, or its URL, which may be fetched.

    Args:
        service: where it is kept.
        account: whose it is.
        form: the form.
        formats: kinds of file that are taken, as ``service.sniff`` calls them.
        seconds: how long a file is kept.

    Raises:
        InvalidRequest: there is neither or both, or the URL may not be fetched.
        UnsupportedMedia: the file is of another kind.
        TooMuchData: it is too large.
    """
    part, url = form.get(FILE), field(form, URL)
    file = part if isinstance(part, UploadFile) and (part.filename or part.size) else None
    if (file is None) == (not url):
        said = "both a file and a URL" if url else "neither a file nor a URL"
        raise InvalidRequest(f"The form has {said}.", "Choose a file, or write a URL.", fields={FILE: [said]})
    if file is not None:
        kept = await uploads.artwork(service, account.id, file, field=FILE, formats=formats, seconds=seconds)
        return Given({"file": kept.file.id}, kept.name, kept.kind, kept.file.sha256)
    try:
        _URL.validate_python(url)
    except ValidationError as error:
        raise InvalidRequest(f"{url[:200]} is no URL.", "It begins with https:// or http://.") from error
    await serving.fetchable(service, "URL", url)
    path = PurePosixPath(unquote(urlsplit(url).path))
    return Given({"url": url}, clean_name(path.name, "file"), None, url)


async def begin(
    service: Service,
    request: Request,
    form: FormData,
    found: Given,
    operation: str,
    params: dict[str, Any],
    **more: Any,
) -> Response:
    """Take the tokens, begin the job, and go on to its page; what was sent before leads to the job of then.

    Args:
        service: what is asked.
        request: what is answered.
        form: as it was sent; the token in it makes the job's identifier.
        found: what is worked on.
        operation: what is done.
        params: of the job.
        more: further fields of ``Order``.

    Raises:
        Unavailable: a model is not installed.
        InsufficientFunds: the wallet has too little.
        QueueFull: too many jobs wait.
    """
    account = page.visitor(request).account
    await serving.possible(service, account, operation, params["options"])
    if token := field(form, ONCE):
        fields = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
        content = hashlib.sha256(json.dumps([operation, fields, found.digest]).encode()).hexdigest()
        asked(request).job_id = Mark(account.id, NAME, token, content).job_id
    job = await serving.begin(service, account, request, NAME, operation, params, **more)
    await _drop(service, account, found, job)
    return page.to(request, f"/jobs/{job.id}")


async def _drop(service: Service, account: Account, found: Given, job: Job) -> None:
    """Remove a file that was sent again: the job of the first time has its own."""
    sent = found.input.get("file")
    if sent is None or any(one.get("file") == sent for one in job.params["inputs"].values()):
        return
    with contextlib.suppress(Unavailable):  # nobody sees it any more; the sweep takes the bytes
        await run(lambda: service.files.delete(service.files.get(account.id, sent)))
