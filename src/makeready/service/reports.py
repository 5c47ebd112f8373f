"""Reports that the service keeps: what a check or a fix found, for as long as retention says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from makeready.service import clock, ids, tables
from makeready.service.database import Database
from makeready.service.errors import NotFound

_REPORT = tables.report


@dataclass(frozen=True, slots=True)
class Kept:
    """A report as it is kept."""

    id: str
    account_id: str
    #: The job that made it.
    job_id: str | None
    #: The file it is about, and its page for people; identifiers of files.
    file_id: str | None
    page_id: str | None
    #: What the client asked, in its own terms.
    request: dict[str, Any]
    #: The report as ``makeready.report/1``.
    document: dict[str, Any]
    #: Seconds since 1970.
    created_at: float


@dataclass(frozen=True, slots=True)
class Line:
    """What a list tells of a report."""

    id: str
    #: What the file is called.
    name: str
    #: pass, info, warning, error or unreadable.
    verdict: str
    #: 1 to 5, where a product and a size are known.
    stars: int | None
    #: The title of the profile it was held against.
    profile: str
    #: Seconds since 1970.
    created_at: float


class Reports:
    """The reports of all accounts; each sees its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        connection: Connection,
        *,
        account_id: str,
        document: dict[str, Any],
        request: dict[str, Any],
        job_id: str | None = None,
        file_id: str | None = None,
        page_id: str | None = None,
    ) -> str:
        """Keep a report, within the caller's transaction; its identifier is given back."""
        report_id = ids.new("report")
        connection.execute(
            insert(_REPORT).values(
                id=report_id, account_id=account_id, job_id=job_id, file_id=file_id, page_id=page_id,
                request=request, document=document, created_at=clock.now(),
            )
        )  # fmt: skip
        return report_id

    def get(self, account_id: str, report_id: str) -> Kept:
        """One report.

        Raises:
            NotFound: there is none, it is deleted, or it belongs to another account.
        """
        with self._database.reading() as connection:
            row = connection.execute(
                select(_REPORT).where(
                    _REPORT.c.id == report_id, _REPORT.c.account_id == account_id, _REPORT.c.deleted_at.is_(None)
                )
            ).first()
        if row is None:
            raise NotFound(f"There is no report {report_id}.", "It may be deleted, or older than reports are kept.")
        return _kept(row)

    def listed(self, account_id: str, *, limit: int = 20, before: tuple[float, str] | None = None) -> list[Kept]:
        """The newest reports first.

        Args:
            account_id: whose.
            limit: how many at most.
            before: ``created_at`` and ``id`` of the last one that is known: only older ones.
        """
        question = select(_REPORT).where(_REPORT.c.account_id == account_id, _REPORT.c.deleted_at.is_(None))
        if before is not None:
            question = question.where(tables.older(_REPORT, *before))
        question = question.order_by(_REPORT.c.created_at.desc(), _REPORT.c.id.desc()).limit(limit)
        with self._database.reading() as connection:
            return [_kept(row) for row in connection.execute(question)]

    def lines(self, account_id: str, *, verdict: str | None = None, limit: int = 20, skip: int = 0) -> list[Line]:
        """The newest reports first, in a line each: their documents can be long, and stay in the database.

        Args:
            account_id: whose.
            verdict: only those with this one.
            limit: how many at most.
            skip: how many of the newest to leave out.
        """
        document = _REPORT.c.document
        question = select(
            _REPORT.c.id,
            document[("file", "path")].as_string().label("name"),
            document["verdict"].as_string().label("verdict"),
            document[("stars", "stars")].as_integer().label("stars"),
            document[("profile", "title")].as_string().label("profile"),
            _REPORT.c.created_at,
        ).where(_REPORT.c.account_id == account_id, _REPORT.c.deleted_at.is_(None))
        if verdict is not None:
            question = question.where(document["verdict"].as_string() == verdict)
        question = question.order_by(_REPORT.c.created_at.desc(), _REPORT.c.id.desc()).limit(limit).offset(skip)
        with self._database.reading() as connection:
            return [Line(**row._asdict()) for row in connection.execute(question)]

    def delete(self, account_id: str, report_id: str) -> None:
        """Show it to nobody any more; what it is about goes with the next cleaning.

        Raises:
            NotFound: as in ``get``.
        """
        with self._database.writing() as connection:
            gone = connection.execute(
                update(_REPORT)
                .where(_REPORT.c.id == report_id, _REPORT.c.account_id == account_id, _REPORT.c.deleted_at.is_(None))
                .values(deleted_at=clock.now())
            )
        if gone.rowcount != 1:
            raise NotFound(f"There is no report {report_id}.", "It may be deleted already.")


def _kept(row: Row[Any]) -> Kept:
    return Kept(row.id, row.account_id, row.job_id, row.file_id, row.page_id, row.request, row.document, row.created_at)
