"""One attempt at a job: its inputs are brought, its child works on them, and what came out is kept and settled at once.

This side has the network, the store and the database and opens no file of a user; the child opens them and has nothing
but a folder.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import Connection

from makeready.service import queue, states
from makeready.service.errors import ServiceError, Unavailable
from makeready.service.names import clean_name
from makeready.service.queue import Claim
from makeready.service.slot import Crashed, Done, Refused, Slot, Stopped, Task

if TYPE_CHECKING:
    from makeready.service.core import Service
    from makeready.service.fetch import Fetched
    from makeready.service.files import File

_log = structlog.get_logger("makeready.worker")

#: Told how far the work is (0..1) and in which stage; whether to go on.
Tell = Callable[[float, str], bool]
_DAY_S = 86400.0


class Attempt:
    """A claim, and what came of it."""

    def __init__(self, service: Service, claim: Claim, folder: Path) -> None:
        """Work on a claim.

        Args:
            service: where files and results go.
            claim: the job.
            folder: an empty folder, the attempt's own.
        """
        self._service = service
        self._claim = claim
        self._folder = folder
        #: What the store has already, and nobody sees before the job is settled.
        self._kept: list[File] = []
        self._fetched: dict[str, Fetched] = {}

    def run(self, slot: Slot, tell: Tell) -> str:
        """Do it, in words of the log: ``completed``, ``failed``, ``awaiting_approval``, ``retried`` or ``lost``.

        What happens to the work ends here; what happens to the database, the store or this program is raised.
        """
        try:
            done = slot.run(self._task(), tell=tell)
            return self._settled(done) if tell(1.0, "") else self._dropped()
        except Stopped:
            return self._dropped()
        except Unavailable as error:
            return self._again("SERVICE_UNAVAILABLE", str(error))
        except Crashed as error:
            _log.warning("the child of a job died", job=self._claim.job.id, attempt=self._claim.attempt, why=str(error))
            return self._again(*queue.died(self._claim.attempt))
        except (Refused, ServiceError) as error:
            return self._failed(error.code, " ".join(part for part in (str(error), getattr(error, "hint", "")) if part))

    def broken(self) -> str:
        """After ``run`` raised: the job is not to blame, and begun again, a few times.

        What was settled before the error, unheard, stays: the claim does not hold then.
        """
        if self._claim.attempt >= self._service.queue.attempts:
            message = "Something failed inside the service. Nothing was charged; try again later."
            done = self._service.queue.settle(self._claim, state=states.FAILED, error=("INTERNAL_ERROR", message))
        else:
            done = self._service.queue.retry(self._claim)
        if done:
            self._dropped()
        return "broken"

    def _task(self) -> Task:
        job = self._claim.job
        inputs = {role: self._brought(role, given) for role, given in job.params.get("inputs", {}).items()}
        # What is made of a file is called after it, and on the web its name is the server's or the URL's.
        fetched = next(iter(self._fetched.values()), None)
        named = {} if fetched is None else {"name": fetched.name}
        return Task(
            operation=job.operation,
            options={**named, **job.params.get("options", {})},
            inputs=inputs,
            folder=str(self._folder),
            stage=job.stage,
            before=job.result or {},
        )

    def _brought(self, role: str, given: dict[str, Any]) -> str:
        """Bring an input into a folder of its own, apart from what comes out; where it lies in the attempt's."""
        folder = self._folder / "inputs" / role
        folder.mkdir(parents=True)
        if "url" in given:
            fetched = self._service.fetcher.fetch(given["url"], folder, max_bytes=given.get("most"))
            # Errors of the library name the file, and its owner knows it by this name.
            path = fetched.path.rename(folder / clean_name(fetched.name))
            self._fetched[role] = replace(fetched, path=path)
        else:
            file = self._service.files.get(self._claim.job.account_id, given["file"])
            path = folder / file.name
            self._service.files.download(file, path)
        return str(path.relative_to(self._folder))

    def _settled(self, done: Done) -> str:
        job = self._claim.job
        # What a report is about, and its page, live as long as the report.
        lasting = {role for report in done.reports for role in (report.get("page"), report.get("file"))}
        retention = self._service.settings.retention_days * _DAY_S
        files = {
            output.role: self._keep(
                self._folder / output.path, output.name, output.media_type,
                retention if output.role in lasting or job.params.get("lasting") else _DAY_S,
            )
            for output in done.outputs
        }  # fmt: skip
        if job.params.get("shown"):  # a page shows what came beside what was made of it
            for fetched in self._fetched.values():
                files["before"] = self._keep(fetched.path, fetched.name, fetched.media_type)
        subjects = [self._subject(report, files) for report in done.reports]
        before = job.result or {}
        result = {**before, **done.result}
        if names := {**before.get("files", {}), **{role: file.id for role, file in files.items()}}:
            result["files"] = names

        def also(connection: Connection) -> None:
            for file in self._kept:
                self._service.files.add(connection, file)
            for report, subject in zip(done.reports, subjects, strict=True):
                page = files.get(report.get("page") or "")
                report_id = self._service.reports.add(
                    connection,
                    account_id=job.account_id,
                    job_id=job.id,
                    document=report["document"],
                    request=job.params.get("request", {}),
                    file_id=subject,
                    page_id=page.id if page else None,
                )
                result.setdefault("reports", {})[report["role"]] = report_id

        state = states.AWAITING_APPROVAL if done.awaits_approval else states.COMPLETED
        if not self._service.queue.settle(self._claim, state=state, result=result, cost=done.cost, also=also):
            return self._dropped()
        return state

    def _subject(self, report: dict[str, Any], files: dict[str, File]) -> str | None:
        """The file that a report is about, kept so that fixes can begin from it."""
        if (role := report.get("file")) in files:
            return files[role].id
        inputs = self._claim.job.params.get("inputs", {})
        role = role or next(iter(inputs), None)
        if role not in self._fetched:
            return inputs[role]["file"] if role in inputs else None
        fetched = self._fetched[role]
        seconds = self._service.settings.retention_days * _DAY_S
        return self._keep(fetched.path, fetched.name, fetched.media_type, seconds).id

    def _keep(self, path: Path, name: str, media_type: str, seconds: float = _DAY_S) -> File:
        job = self._claim.job
        file = self._service.files.keep(
            path,
            account_id=job.account_id,
            name=name,
            media_type=media_type,
            job_id=job.id,
            token=self._claim.token,
            seconds=seconds,
        )
        self._kept.append(file)
        return file

    def _failed(self, code: str, message: str) -> str:
        self._dropped()
        if self._service.queue.settle(self._claim, state=states.FAILED, error=(code, message)):
            return states.FAILED
        return "lost"

    def _again(self, code: str, message: str) -> str:
        if self._claim.attempt >= self._service.queue.attempts:
            return self._failed(code, message)
        self._dropped()
        return "retried" if self._service.queue.retry(self._claim) else "lost"

    def _dropped(self) -> str:
        # Only where it is certain that nothing was settled; what an error leaves behind is the janitor's.
        while self._kept:
            file = self._kept.pop()
            try:
                self._service.files.delete(file)
            except Unavailable as error:
                _log.warning("a file is left to the janitor", key=file.key, why=str(error))
        return "lost"
