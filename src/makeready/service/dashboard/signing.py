"""Signing in and out, setting a password by an invitation, and the page of one's own account."""

from __future__ import annotations

import ipaddress
from functools import partial
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from makeready.service import problems
from makeready.service.dashboard import door, page
from makeready.service.dashboard.forms import field
from makeready.service.errors import InvalidRequest, ServiceError
from makeready.service.serving import run
from makeready.service.signing_in import LONGEST_S, SHORTEST

if TYPE_CHECKING:
    from makeready.service.core import Service

#: How often somebody may try a password: of one account, and from one address.
_TRIES, _TRIES_FROM = "10/minute", "30/minute"
#: Passwords that are looked at side by side: each takes 64 MB.
_AT_ONCE = 2


def routes(service: Service) -> list[Route]:
    """The pages of this part."""
    hashing = anyio.CapacityLimiter(_AT_ONCE)
    signing_in = service.signing_in

    async def sign_in(request: Request) -> Response:
        if request.method != "POST":
            if page.visit(request):
                return page.to(request, "/")
            return page.answer(request, "sign_in.html", to=request.query_params.get("to", ""), email="", problem=None)
        form = await request.form()
        email, password, to = field(form, "email"), field(form, "password", strip=False), field(form, "to")
        try:
            await run(_counted, service, request, email)
            return await _signed_in(request, email, password, to)
        except ServiceError as error:
            problem = problems.of(error)
            return page.answer(request, "sign_in.html", problem.status, to=to, email=email, problem=problem)

    async def welcome(request: Request) -> Response:
        token = request.path_params["token"]
        account = await run(signing_in.invited, token)
        if request.method != "POST":
            return page.answer(request, "welcome.html", email=account.email, shortest=SHORTEST, problem=None)
        form = await request.form()
        try:
            password = _new(form)
            setting = partial(signing_in.set_password, account, password, invitation=token)
            await anyio.to_thread.run_sync(setting, limiter=hashing)
        except InvalidRequest as error:
            return page.answer(
                request, "welcome.html", 422, email=account.email, shortest=SHORTEST, problem=problems.of(error)
            )
        return await _signed_in(request, account.email, password, "")

    async def _signed_in(request: Request, email: str, password: str, to: str) -> Response:
        """Sign a browser in, and out of what it was signed in to before."""
        agent, instead = request.headers.get("user-agent", ""), door.cookie_of(request, service.settings)
        signing = partial(signing_in.sign_in, email, password, agent, instead=instead)
        cookie = await anyio.to_thread.run_sync(signing, limiter=hashing)
        answer = page.to(request, _inside(to))
        door.keep(answer, cookie, service.settings, LONGEST_S)
        return answer

    async def sign_out(request: Request) -> Response:
        await run(signing_in.end, door.cookie_of(request, service.settings))
        answer = page.to(request, door.SIGN_IN)
        door.keep(answer, "", service.settings, 0)
        return answer

    async def account(request: Request) -> Response:
        visit = page.visitor(request)
        sessions = await run(signing_in.sessions, visit.account.id)
        plan = service.plans.plan(visit.account.plan)
        return page.answer(request, "account.html", sessions=sessions, plan=plan, shortest=SHORTEST, problem=None)

    async def password(request: Request) -> Response:
        mine = page.visitor(request).account
        form = await request.form()
        await run(_counted, service, request, mine.email)
        new = _new(form)
        changing = partial(signing_in.change_password, mine, field(form, "old", strip=False), new)
        await anyio.to_thread.run_sync(changing, limiter=hashing)
        return await _signed_in(request, mine.email, new, "/account")

    async def sign_out_others(request: Request) -> Response:
        cookie = door.cookie_of(request, service.settings)
        await run(signing_in.end_all, page.visitor(request).account.id, but=cookie)
        return page.to(request, "/account")

    return [
        Route(door.SIGN_IN, sign_in, methods=["GET", "POST"]),
        Route("/welcome/{token}", welcome, methods=["GET", "POST"]),
        Route("/sign-out", sign_out, methods=["POST"]),
        Route("/account", account),
        Route("/account/password", password, methods=["POST"]),
        Route("/account/sign-out-others", sign_out_others, methods=["POST"]),
    ]


def _counted(service: Service, request: Request, email: str) -> None:
    """Count a try; raises ``RateLimited`` where it is one too many."""
    if address := _address(request):  # first: who tries too much from there uses up nobody's own tries
        service.limiter.attempt("sign-in-from", address, _TRIES_FROM)
    service.limiter.attempt("sign-in", email.strip().lower()[:320], _TRIES)


def _address(request: Request) -> str:
    """Where a visitor is: a proxy of ours, whose address is no public one, says it last in ``X-Forwarded-For``."""
    peer = request.client.host if request.client is not None else ""
    said = ",".join(request.headers.getlist("x-forwarded-for")).rpartition(",")[2].strip()
    return said[:64] if said and not (peer and ipaddress.ip_address(peer).is_global) else peer


def _new(form: object) -> str:
    """The new password of a form.

    Raises:
        InvalidRequest: it was not written twice alike.
    """
    once, again = field(form, "password", strip=False), field(form, "again", strip=False)
    if once != again:
        raise InvalidRequest("The two passwords differ.", "Write the same one twice.", fields={"again": ["differs"]})
    return once


def _inside(to: str) -> str:
    """Where somebody wanted to go, if that is a page of ours."""
    return to if to.startswith("/") and not to.startswith("//") and "\\" not in to else "/"
