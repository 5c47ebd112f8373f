"""The pictures of an account: listed, looked at, deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import FastAPI, Query

from makeready.service.dialects.removai.documenting import refusals
from makeready.service.dialects.removai.models import DeletedAnswer, GalleryAnswer, ImageAnswer
from makeready.service.dialects.removai.removing import told
from makeready.service.dialects.removai.shaping import NAME
from makeready.service.serving import Caller, found, run

if TYPE_CHECKING:
    from makeready.service.core import Account, Service

_TAG = "Images"
_LAST_PAGE = 1_000_000


def add(app: FastAPI, service: Service) -> None:
    """Add the routes of this part."""

    @app.get(
        "/v1/images",
        tags=[_TAG],
        summary="List pictures, the newest first",
        operation_id="listImages",
        response_description="A page of pictures",
        responses=refusals(),
        response_model=GalleryAnswer,
        response_model_exclude_unset=True,
    )
    async def listed(
        account: Caller,
        page: Annotated[int, Query(ge=1, le=_LAST_PAGE, description="Which page, from 1.")] = 1,
        per_page: Annotated[int, Query(ge=1, le=100, description="How many are on one.")] = 20,
    ) -> dict[str, Any]:
        """Those of batches are among them."""
        return await run(several, service, account, page, per_page)

    @app.get(
        "/v1/images/{id}",
        tags=[_TAG],
        summary="Look at a picture",
        operation_id="getImage",
        response_description="The picture",
        responses=refusals(404),
        response_model=ImageAnswer,
        response_model_exclude_unset=True,
    )
    async def get(id: str, account: Caller) -> dict[str, Any]:
        """Each answer has a new link to the result, which is kept for 24 hours."""
        return {"success": True, "data": await run(one, service, account, id)}

    @app.delete(
        "/v1/images/{id}",
        tags=[_TAG],
        summary="Delete a picture",
        operation_id="deleteImage",
        response_description="It is gone",
        responses=refusals(404),
        response_model=DeletedAnswer,
    )
    async def delete(id: str, account: Caller) -> dict[str, Any]:
        """Its files and links are gone. One that is being processed is cancelled, and costs nothing."""
        await run(gone, service, account, id)
        return {"success": True, "data": {"id": id, "deleted": True}}


def several(service: Service, account: Account, page: int, per_page: int) -> dict[str, Any]:
    """A page of the list."""
    jobs, total = service.jobs.page(account.id, dialect=NAME, limit=per_page, skip=(page - 1) * per_page)
    meta = {"page": page, "per_page": per_page, "total": total, "total_pages": -(-total // per_page)}
    return {"success": True, "data": {"images": [told(service, account, job) for job in jobs]}, "meta": meta}


def one(service: Service, account: Account, id: str) -> dict[str, Any]:
    """One picture.

    Raises:
        NotFound: there is none.
    """
    return told(service, account, found(service, account, NAME, id))


def gone(service: Service, account: Account, id: str) -> None:
    """Delete a picture.

    Raises:
        NotFound: there is none.
    """
    service.jobs.delete(account.id, found(service, account, NAME, id).id)
