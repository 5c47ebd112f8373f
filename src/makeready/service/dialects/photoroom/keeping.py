"""Templates kept and forgotten, with the pictures of their layers."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from makeready.service import serving
from makeready.service.core import Account, Service, Template
from makeready.service.dialects.photoroom import layering
from makeready.service.dialects.photoroom.editing import renamed
from makeready.service.dialects.photoroom.mapping import planned
from makeready.service.dialects.photoroom.reading import Asked
from makeready.service.dialects.photoroom.shaping import ACCEPTED
from makeready.service.errors import InvalidRequest, NotFound, ServiceError


def kept(service: Service, account: Account, told: Any, folder: Path) -> Template:
    """Keep a template for an account.

    Args:
        service: where.
        account: whose.
        told: the template, as JSON.
        folder: where the pictures of its layers are.

    Raises:
        InvalidRequest: something in it does not fit, or a picture is not there or none.
    """
    made = layering.document(told)
    try:
        service.catalogue.fits(planned(Asked(made.values), size=made.size).edits)
    except InvalidRequest as error:
        raise renamed(error) from error
    layers = []
    for layer in made.layers:
        if layer.file:
            raise InvalidRequest(f"The layer {layer.name} names a file of the store.", "Name a picture: image.")
        file = _kept(service, account, layer.name, folder / layer.image) if layer.image else None
        layers.append(layer.model_copy(update={"file": file, "image": None}))
    document = made.model_copy(update={"layers": layers}).model_dump(mode="json", by_alias=True, exclude_none=True)
    return service.templates.add(account.id, made.name, document)


def _kept(service: Service, account: Account, layer: str, path: Path) -> str:
    """A picture in the store, for good; its identifier."""
    try:
        return serving.keep(service, account, path, field=layer, formats=ACCEPTED).file.id
    except OSError as error:
        raise InvalidRequest(
            f"The picture of the layer {layer}, {path}, cannot be read: {error.strerror}.",
            "Put it beside the template.",
        ) from error
    except ServiceError as error:
        raise InvalidRequest(f"The picture of the layer {layer}, {path}: {error}", error.hint) from error


def removed(service: Service, account: Account, template_id: str) -> None:
    """Forget a template and its pictures.

    Raises:
        NotFound: the account has none such.
    """
    template = service.templates.remove(account.id, template_id)
    for layer in layering.Document.model_validate(template.document).layers:
        if layer.file:
            with contextlib.suppress(NotFound):
                service.files.delete(service.files.get(account.id, layer.file))
