"""Image editing: any number of edits in one request."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request
from starlette.responses import Response

from makeready.service.dialects.photoroom import layering
from makeready.service.dialects.photoroom.documenting import form, picture, query
from makeready.service.dialects.photoroom.mapping import NEEDS, Plan, planned
from makeready.service.dialects.photoroom.parameters import EDIT, GET, POST
from makeready.service.dialects.photoroom.reading import Asked, held_to_rules, over, read
from makeready.service.dialects.photoroom.shaping import ACCEPTED, LARGEST, NAME, answered, invalid
from makeready.service.errors import Forbidden, InvalidRequest, NoBackEnd
from makeready.service.serving import Caller, begin, fetchable, possible, run, upload

if TYPE_CHECKING:
    from starlette.datastructures import UploadFile

    from makeready.service.core import Account, Service, Upload

OPERATION = "edit"
#: Which model paints backgrounds; older ones follow a negative prompt.
VERSION_HEADER = "pr-ai-background-model-version"
_TAG = "Image editing"
_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")
_VERSION: dict[str, Any] = {
    "name": VERSION_HEADER, "in": "header", "required": False, "schema": {"type": "string"},
    "description": "With `2`, `background.negativePrompt` counts.",
}  # fmt: skip


def add(app: FastAPI, service: Service) -> None:
    """Add the routes of this part."""
    common: dict[str, Any] = {"tags": [_TAG], "response_class": Response, "responses": picture()}

    @app.get(
        "/v2/edit",
        summary="Edit a picture that is on the web",
        operation_id="editFromUrl",
        openapi_extra={"parameters": [*query(EDIT, GET), _VERSION]},
        **common,
    )
    async def edit_url(request: Request, account: Caller) -> Response:
        """Fetches the picture and makes all edits that are asked for. Answers with the result, a PNG unless
        `export.format` says otherwise.
        """
        return await _edited(service, account, request, GET, request.query_params.multi_items())

    @app.post(
        "/v2/edit",
        summary="Edit a picture that is sent",
        operation_id="editFile",
        openapi_extra={"requestBody": form(EDIT), "parameters": [_VERSION]},
        **common,
    )
    async def edit_file(request: Request, account: Caller) -> Response:
        """The same for a picture that is sent as a file."""
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in _FORMS:
            raise InvalidRequest(
                "The body is no form.", "Send the parameters as multipart/form-data, with the picture as imageFile."
            )
        _entitled(service, account)
        async with request.form() as given:
            return await _edited(service, account, request, POST, given.multi_items())


async def _edited(
    service: Service, account: Account, request: Request, method: str, given: Iterable[tuple[str, UploadFile | str]]
) -> Response:
    _entitled(service, account)
    asked = read(EDIT, method, given)
    template = await run(layering.template, service, account, asked)
    if template is not None:
        asked = over(EDIT, template.values, asked)
    held_to_rules(EDIT, asked)
    _sourced(asked, method)
    size = template.size if template is not None else ""
    plan = planned(asked, version=request.headers.get(VERSION_HEADER, ""), size=size)
    layers = layering.laid(template, asked)
    if layers.edit is not None:
        plan.edits.append(layers.edit)
    await _doable(service, account, plan)
    urls, files = {**plan.urls, **layers.urls}, {**plan.files, **layers.files}
    for role, url in urls.items():
        await fetchable(service, _parameter(role), url)
    inputs: dict[str, dict[str, Any]] = {role: {"url": url, "most": LARGEST} for role, url in urls.items()}
    inputs |= {role: {"file": file} for role, file in layers.kept.items()}
    for role, (name, number) in files.items():
        part = asked.files[name][number]
        kept = await upload(service, account, part, field=name, formats=ACCEPTED, limit=LARGEST)
        if role == "image":
            _small_enough(name, kept, plan.largest)
        inputs[role] = {"file": kept.file.id}
    params = {"inputs": inputs, "options": {"edits": plan.edits, "accept": list(ACCEPTED)}}
    job = await begin(service, account, request, NAME, OPERATION, params)
    return await answered(service, account, job, plan.notes)


def _entitled(service: Service, account: Account) -> None:
    """See that the plan has image editing.

    Raises:
        Forbidden: it has not.
    """
    terms = service.plans.plan(account.plan).terms(NAME)
    if terms.has("edit"):
        return
    raise Forbidden(
        f"Image editing is not part of the plan {terms.title}.",
        f"It is of {', '.join(service.plans.having(NAME, 'edit'))}. /v1/segment is part of every plan.",
    )


def _sourced(asked: Asked, method: str) -> None:
    """See that there is a picture to work on.

    Raises:
        InvalidRequest: there is none.
    """
    name = "imageUrl" if method == GET else "imageFile"
    if not any(one in asked for one in ("imageUrl", "imageFile", "imageFromPrompt.prompt")):
        raise invalid({name: ["it is missing: give it, or imageFromPrompt.prompt."]})


async def _doable(service: Service, account: Account, plan: Plan) -> None:
    """See that all edits exist, that their settings fit, and that somebody can make them, before anything is paid.

    Raises:
        InvalidRequest: a setting does not fit.
        NoBackEnd: one takes a generator, and none can; the message names the parameter.
        Unavailable: a model is not installed.
    """
    try:
        await run(service.catalogue.fits, plan.edits)
    except InvalidRequest as error:
        raise renamed(error) from error
    try:
        await possible(service, account, OPERATION, {"edits": plan.edits})
    except NoBackEnd as error:
        need = str(error.details.get("need", ""))
        if need in NEEDS["edit_with_ai"] and await run(_instructed, service, plan):
            await _doable(service, account, plan)
            return
        name = _asks_for(need, plan)
        raise NoBackEnd(f"{name}: {error}", "Nothing was charged. Leave it out, or configure a generator.") from error


def _instructed(service: Service, plan: Plan) -> bool:
    """Let words be understood where nobody paints: an instruction that is understood to its last word needs nobody.

    Returns:
        Whether it is; then the plan is another.
    """
    for place, step in enumerate(plan.edits):
        if step["edit"] == "edit_with_ai" and service.catalogue.understands(step["prompt"]):
            plan.edits[place] = {"edit": "instruct", "instructions": step["prompt"]}
            plan.notes.append("editWithAI.prompt was understood word by word, and done without a generator.")
            return True
    return False


def renamed(error: InvalidRequest) -> InvalidRequest:
    """A refusal of a setting, in the terms of the parameter that it came from."""
    place, _, why = str(error).partition(": ")
    why = why.replace("?.", "?")
    for one in EDIT.values():
        if one.edit and f"{one.edit}.{one.setting}" == place:
            return invalid({one.name: [why]})
    return error


def _asks_for(need: str, plan: Plan) -> str:
    """The parameter because of which something is needed."""
    made = [step["edit"] for step in plan.edits]
    wanted = [edit for edit in made if need in NEEDS.get(edit, ())]
    return next((one.name for one in EDIT.values() if one.begins and one.edit in wanted), "templateId")


def _parameter(role: str) -> str:
    """The parameter that an address comes from."""
    named = f"layers.{role.removeprefix('layer-')}"
    return next((one.name for one in EDIT.values() if one.role == role and not one.is_file), named)


def _small_enough(name: str, kept: Upload, largest: int) -> None:
    """See that a picture that is to be enlarged is small enough for it.

    Raises:
        InvalidRequest: it is not.
    """
    side = max(kept.width or 0, kept.height or 0)
    if largest and side > largest:
        raise invalid(
            {"upscale.mode": [f"{name} is {kept.width} × {kept.height}; {largest} × {largest} is the most."]},
            "Send a smaller picture, or leave upscale.mode out.",
        )
