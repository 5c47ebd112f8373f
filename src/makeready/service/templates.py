"""Templates: parameters and layers that an account keeps, and names in requests by an identifier."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, delete, insert, select

from makeready.service import clock, tables
from makeready.service.database import Database
from makeready.service.errors import NotFound

_TEMPLATE = tables.template


@dataclass(frozen=True, slots=True)
class Template:
    """One template."""

    #: A UUID.
    id: str
    account_id: str
    name: str
    #: What it says, as the API that it is for reads it; files of its layers are named by their identifiers.
    document: dict[str, Any]
    #: Seconds since 1970.
    created_at: float


class Templates:
    """The templates of all accounts; each sees its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, account_id: str, name: str, document: dict[str, Any]) -> Template:
        """Keep a template."""
        template_id = str(uuid.uuid4())
        with self._database.writing() as connection:
            connection.execute(
                insert(_TEMPLATE).values(
                    id=template_id, account_id=account_id, name=name, document=document, created_at=clock.now()
                )
            )
        return self.get(account_id, template_id)

    def get(self, account_id: str, template_id: str) -> Template:
        """One template.

        Raises:
            NotFound: there is none, or it belongs to another account.
        """
        question = select(_TEMPLATE).where(_TEMPLATE.c.id == template_id, _TEMPLATE.c.account_id == account_id)
        with self._database.reading() as connection:
            row = connection.execute(question).first()
        if row is None:
            raise _none(template_id)
        return _template(row)

    def all(self, account_id: str) -> list[Template]:
        """The templates of an account, the oldest first."""
        question = select(_TEMPLATE).where(_TEMPLATE.c.account_id == account_id)
        with self._database.reading() as connection:
            return [_template(row) for row in connection.execute(question.order_by(_TEMPLATE.c.created_at))]

    def remove(self, account_id: str, template_id: str) -> Template:
        """Forget a template; its files are the caller's to delete.

        Raises:
            NotFound: as in ``get``.
        """
        template = self.get(account_id, template_id)
        with self._database.writing() as connection:
            connection.execute(delete(_TEMPLATE).where(_TEMPLATE.c.id == template.id))
        return template


def _template(row: Row[Any]) -> Template:
    return Template(row.id, row.account_id, row.name, row.document, row.created_at)


def _none(template_id: str) -> NotFound:
    return NotFound(
        f"There is no template {template_id}.", "'makeready accounts templates list EMAIL' names those there are."
    )
