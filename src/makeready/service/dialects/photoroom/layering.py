"""Templates as this API reads them: parameters, the size of the result, and pictures that are laid over it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from makeready.errors import did_you_mean
from makeready.service.dialects.photoroom.parameters import EDIT
from makeready.service.dialects.photoroom.reading import Asked, held_to_rules, template_values
from makeready.service.dialects.photoroom.shaping import invalid
from makeready.service.errors import InvalidRequest

if TYPE_CHECKING:
    from makeready.service.core import Account, Service

#: What a template cannot decide for a request.
_OF_REQUESTS = ("imageUrl", "templateId", "imageFromPrompt.prompt")
_Share = Annotated[float, Field(ge=-1, le=1)]
_Length = Annotated[float, Field(gt=0, le=2)]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Layer(_Row):
    """A picture that is laid over the result, or between the subject and its background."""

    name: str = Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")
    #: A file beside the document, while it is added; then ``file`` names it in the store.
    image: str | None = None
    file: str | None = None
    image_url: str | None = Field(None, alias="imageUrl", pattern=re.compile(r"^https?://\S+$").pattern)
    #: Left, top, width and height, as shares of the result.
    box: tuple[_Share, _Share, _Length, _Length] = (0.0, 0.0, 1.0, 1.0)
    opacity: float = Field(1.0, ge=0, le=1)
    behind: bool = False


class Document(_Row):
    """A template."""

    name: str = Field(min_length=1, max_length=200)
    #: Of the result, such as ``1080x1080``; the picture's where nothing is said.
    size: str = Field("", pattern=r"^([1-9]\d{0,4}x[1-9]\d{0,4})?$")
    parameters: dict[str, Any] = {}
    layers: list[Layer] = Field([], max_length=10)

    @property
    def values(self) -> dict[str, Any]:
        """Its parameters, read."""
        return template_values(EDIT, self.parameters)


@dataclass(frozen=True, slots=True)
class Laid:
    """What layers come to."""

    #: The edit that lays them; none where there are none.
    edit: dict[str, Any] | None = None
    #: Input of the job → where it is on the web, the parameter and number of the file, or a file that is kept.
    urls: dict[str, str] = field(default_factory=dict)
    files: dict[str, tuple[str, int]] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)


def document(told: Any) -> Document:
    """A template from JSON, when all of it can be done.

    Raises:
        InvalidRequest: something in it does not fit; the message says where.
    """
    try:
        made = Document.model_validate(told)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the template"
        raise InvalidRequest(f"{where}: {first['msg']}.", "docs/service/photoroom.md shows a template.") from error
    names = [layer.name for layer in made.layers]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise InvalidRequest(f"There are two layers called {twice}.", "Give each a name of its own.")
    values = made.values
    if strange := next((name for name in _OF_REQUESTS if name in values), None):
        raise InvalidRequest(f"{strange} belongs to requests.", "Leave it out of the template.")
    asked = Asked({**values, "imageUrl": "https://example.com/photo.jpg"})
    held_to_rules(EDIT, asked)
    return made


def template(service: Service, account: Account, asked: Asked) -> Document | None:
    """The template that a request names.

    Raises:
        NotFound: the account has none such.
    """
    name = asked.values.get("templateId")
    return None if name is None else Document.model_validate(service.templates.get(account.id, name).document)


def laid(template: Document | None, asked: Asked) -> Laid:
    """The layers of a template, with what a request changes of them.

    Raises:
        InvalidRequest: the template has no such layer.
    """
    layers = {layer.name: layer for layer in template.layers} if template is not None else {}
    changes: Mapping[str, Mapping[str, Any]] = asked.values.get("layers", {})
    sent = [name.removeprefix("layers.") for name in asked.files if name.startswith("layers.")]
    for name in (*changes, *sent):
        if name not in layers:
            hint = did_you_mean(name, layers) or f"It has {', '.join(layers) or 'none'}."
            raise invalid({"layers" if name in changes else f"layers.{name}": [f"there is no layer {name!r}."]}, hint)
    found = Laid()
    steps = []
    for name, layer in layers.items():
        change, role = changes.get(name, {}), f"layer-{name}"
        if change.get("hidden"):
            continue
        if name in sent:
            found.files[role] = (f"layers.{name}", 0)
        elif url := change.get("imageUrl"):
            found.urls[role] = url
        elif layer.file:
            found.kept[role] = layer.file
        elif layer.image_url:
            found.urls[role] = layer.image_url
        else:  # a place for a picture that nobody gave
            continue
        left, top, width, height = layer.box
        steps.append(
            {"picture": role, "left": left, "top": top, "width": width, "height": height}
            | {"opacity": layer.opacity, "behind": layer.behind}
        )
    if not steps:
        return found
    return Laid({"edit": "lay_over", "layers": steps}, found.urls, found.files, found.kept)
