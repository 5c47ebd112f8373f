"""What all dialects have in common: an application that lets accounts in, takes JSON literally and refuses politely."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, NoReturn

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from makeready import __version__
from makeready.errors import MakereadyError
from makeready.service import problems
from makeready.service.auth import Door
from makeready.service.errors import ServiceError
from makeready.service.forms import parts
from makeready.service.observe import asked
from makeready.service.uploads import refusing

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.types import Receive

    from makeready.service.core import Service
    from makeready.service.dialects import Dialect
    from makeready.service.settings import Settings

_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
#: The name of the key in OpenAPI documents.
_SCHEME = "key"
_STRANGE = re.compile(r"[\x00\ud800-\udfff]")

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def api(dialect: Dialect, service: Service, description: str = "") -> FastAPI:
    """An application without routes; those that are added (with their full paths) are served to accounts only.

    Args:
        dialect: whose it is.
        service: what its routes call; also ``request.app.state.service``.
        description: for the OpenAPI document, in Markdown.
    """
    app = Api(
        title=dialect.title,
        version=__version__,
        description=description,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        strict_content_type=False,
        telemetry=_telemetry(),
        exception_handlers=handlers(dialect, service.settings),
    )
    app.state.service = service
    app.state.door = Door(service, dialect)
    app.state.dialect = dialect.name
    app.state.spoken = dialect
    app.router.route_class = Route
    _describe_key(app, dialect)
    return app


def handlers(dialect: Dialect | None, settings: Settings) -> dict[Any, Any]:
    """How everything that may be raised is answered."""
    invalid = 422 if dialect is None else dialect.invalid_status

    async def refused(request: Request, error: Exception) -> Response:
        return problems.answer(problems.of(error, asked(request).id, invalid_status=invalid), dialect, settings)

    return {MakereadyError: refused, RequestValidationError: refused, HTTPException: refused, Exception: refused}


class Route(APIRoute):
    """A route that lets accounts in before it reads the body."""

    def get_route_handler(self) -> Handler:
        handler = super().get_route_handler()
        # OpenAPI's own way to say that no key is needed.
        is_open = (self.openapi_extra or {}).get("security") == []

        async def handled(request: Request) -> Response:
            try:
                async with refusing(request.app.state.service):
                    return await handler(request)
            finally:  # files of a form that was refused while it was read, or that the handler read by itself
                await request.close()

        async def served(request: Request) -> Response:
            request = StrictRequest(request.scope, request.receive)
            if is_open:
                return await handled(request)
            state = request.app.state
            account = await state.door.enter(request)
            if request.method in _WRITES and b"idempotency-key" in asked(request).given:

                async def passed(receive: Receive) -> Response:
                    return await handled(StrictRequest(request.scope, receive))

                response: Response = await state.service.idempotency.answered(request, account, state.dialect, passed)
                return response
            return await handled(request)

        return served


def router(**given: Any) -> APIRouter:
    """A part of a dialect's routes, for ``app.include_router``; takes what ``fastapi.APIRouter`` takes."""
    return APIRouter(route_class=Route, **given)


class Api(FastAPI):
    """An application all of whose routes are of the kind above."""

    def include_router(self, router: APIRouter, **given: Any) -> None:
        """Add a part that was made with ``router`` of this module.

        Raises:
            TypeError: it was not; its routes would let anybody in.
        """
        if strange := [route for route in router.routes if not isinstance(route, Route)]:
            raise TypeError(f"{strange[0]!r} is no Route: make the router with makeready.service.api.router().")
        super().include_router(router, **given)


class StrictRequest(Request):
    """A request whose JSON is what the standard says, and can be kept in any database; its files are held to limits."""

    async def _get_form(self, **given: Any) -> FormData:
        if self._form is None and self.headers.get("content-type", "").lower().startswith("multipart/form-data"):
            state = self.app.state
            most = state.service.settings.limits_upload_mb << 20
            files = state.spoken.files if self.scope["path"] in state.spoken.several else 1
            self._form = await parts(self, files=files, file_bytes=min(state.spoken.upload_bytes, most))
        form = await super()._get_form(**given)
        for name, value in form.multi_items():
            _plain([name, value if isinstance(value, str) else ""])
        return form

    async def json(self) -> Any:
        if not hasattr(self, "_json"):
            self._json = parsed(await self.body())
        return self._json


def parsed(body: bytes) -> Any:
    """JSON as the standard has it.

    Raises:
        ServiceError: it is not UTF-8 or not JSON, is nested without end, or has what no database keeps.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ServiceError(f"The body is not UTF-8: byte {error.start} is not.", "Send JSON in UTF-8.") from error
    try:
        value = _JSON.decode(text)
        # Most bodies have no escapes, and then no such characters: a raw one is not allowed in JSON.
        if "\\u" in text:
            _plain(value)
    except json.JSONDecodeError as error:
        raise ServiceError(
            f"The body is not JSON: {error.msg}, line {error.lineno} column {error.colno}.",
            "Send the fields as one JSON object.",
        ) from error
    except RecursionError as error:
        raise ServiceError("The body is nested too deeply.", "Send the fields as one JSON object.") from error
    except ValueError as error:  # a whole number of thousands of digits
        raise ServiceError("The body has a number that is too long.", "No field takes one like it.") from error
    return value


def _no_number(text: str) -> NoReturn:
    raise ServiceError(f"The body is not JSON: {text} is no number.", "Leave the field out, or send null.")


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ServiceError("The body has a number that is too large.", "No field takes one like it.")
    return number


_JSON = json.JSONDecoder(parse_constant=_no_number, parse_float=_number)


def _plain(value: Any) -> None:
    if isinstance(value, str):
        if _STRANGE.search(value):
            raise ServiceError(
                "The body has a text with the character U+0000 or half of a surrogate pair.", "Leave it out."
            )
    elif isinstance(value, dict):
        for name, one in value.items():
            _plain(name)
            _plain(one)
    elif isinstance(value, list):
        for one in value:
            _plain(one)


def _telemetry() -> TelemetryConfig:
    """OpenTelemetry where its variables are set; else every request would look again whether somebody wants it."""
    wanted = any(name.startswith("OTEL_") for name in os.environ)
    return {"tracing": wanted, "metrics": wanted, "logs": wanted}


def _describe_key(app: FastAPI, dialect: Dialect) -> None:
    """Say in the OpenAPI document how the key is sent."""
    made = app.openapi

    def described() -> dict[str, Any]:
        document = made()
        if "security" not in document:
            bearer = dialect.key_header.lower() == "authorization"
            sent = (
                {"type": "http", "scheme": "bearer"}
                if bearer
                else {"type": "apiKey", "in": "header", "name": dialect.key_header}
            )
            scheme = sent | {"description": "Your key (`mk_…`), or an access token."}
            document.setdefault("components", {}).setdefault("securitySchemes", {})[_SCHEME] = scheme
            document["security"] = [{_SCHEME: []}]
            _drop_assumed(document)
        return document

    app.openapi = described  # type: ignore[method-assign]


def _drop_assumed(document: dict[str, Any]) -> None:
    """Take out the 422 that FastAPI supposes where a dialect says none: its shape and status would be another."""
    for methods in document.get("paths", {}).values():
        for told in methods.values():
            schema = told["responses"].get("422", {}).get("content", {}).get("application/json", {}).get("schema", {})
            if schema.get("$ref", "").endswith("/HTTPValidationError"):
                del told["responses"]["422"]
    for name in ("HTTPValidationError", "ValidationError"):
        document.get("components", {}).get("schemas", {}).pop(name, None)
