"""What clients are told when their jobs have ended, in the words of the API that they came through."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from makeready.service import dialects, jobs, tables
from makeready.service.files import Files, file_of
from makeready.service.jobs import Job

if TYPE_CHECKING:
    from makeready.service.settings import Settings


@dataclass(frozen=True, slots=True)
class Ended:
    """A job that has ended, and what came out."""

    job: Job
    #: Signed links to its files by their roles; they work for a day.
    links: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class News:
    """What a webhook is about: one job, or a batch whose last job this was."""

    ended: Ended
    #: Every job of its batch; empty where it is in none.
    batch: tuple[Ended, ...]
    settings: Settings


class Announcer:
    """Writes the texts of webhooks, within the transaction that ends a job."""

    def __init__(self, settings: Settings, files: Files) -> None:
        self._settings, self._files = settings, files

    def text(self, connection: Connection, job: Job) -> str:
        """The text: the dialect's own, or the service's where it has none."""
        dialect = dialects.load(job.dialect) if job.dialect in self._settings.dialects else None
        if dialect is None or dialect.announce is None:
            return jobs.announced(connection, job)
        siblings = jobs.in_batches(connection, [job.batch_id])[job.batch_id] if job.batch_id else []
        ended, *batch = self._ended(connection, [job, *siblings])
        return json.dumps(dialect.announce(News(ended, tuple(batch), self._settings)))

    def _ended(self, connection: Connection, ended: Sequence[Job]) -> list[Ended]:
        """Jobs with links to their files; one question for all, as others wait for this transaction."""
        named: list[dict[str, str]] = [(job.result or {}).get("files", {}) for job in ended]
        wanted = {id for files in named for id in files.values()}
        rows = connection.execute(select(tables.file).where(tables.file.c.id.in_(wanted)))
        links = {row.id: self._files.link(file_of(row)) for row in rows}
        return [
            Ended(job, {role: links[id] for role, id in files.items() if id in links})
            for job, files in zip(ended, named, strict=True)
        ]
