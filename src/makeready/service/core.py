"""The service as the APIs see it: one object that has all parts, made from settings alone.

What the parts hand out (``Account``, ``Job``, ``Kept``) can be imported from here: a dialect knows no module below.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from makeready.service import ids, schema, wallet
from makeready.service.accounts import Account, Accounts, Usage
from makeready.service.announcing import Announcer, Ended, News
from makeready.service.batches import Batch, Batches
from makeready.service.catalogue import Catalogue
from makeready.service.database import Database
from makeready.service.fetch import Fetcher
from makeready.service.files import File, Files
from makeready.service.idempotency import Idempotency
from makeready.service.jobs import Job, Jobs, Order
from makeready.service.limits import Limiter
from makeready.service.numbers import Numbers
from makeready.service.payments import Payments
from makeready.service.plans import Plans, Terms
from makeready.service.queue import Queue
from makeready.service.reports import Kept, Reports
from makeready.service.settings import Settings
from makeready.service.signing_in import SigningIn, Visit
from makeready.service.store import Store, open_store
from makeready.service.templates import Template, Templates
from makeready.service.uploads import Upload

__all__ = [
    "Account",
    "Batch",
    "Ended",
    "File",
    "Job",
    "Kept",
    "News",
    "Order",
    "Service",
    "Settings",
    "Template",
    "Terms",
    "Upload",
    "Usage",
    "Visit",
]


@dataclass(frozen=True)
class Service:
    """Every part, ready. Several processes have one each, over the same database and store."""

    settings: Settings
    database: Database
    plans: Plans
    accounts: Accounts
    jobs: Jobs
    batches: Batches
    numbers: Numbers
    queue: Queue
    store: Store
    files: Files
    fetcher: Fetcher
    reports: Reports
    limiter: Limiter
    idempotency: Idempotency
    catalogue: Catalogue
    templates: Templates
    signing_in: SigningIn
    payments: Payments
    #: Set when this process is asked to end: answers that would go on for minutes end.
    leaving: threading.Event = field(default_factory=threading.Event)

    @classmethod
    def open(cls, settings: Settings, *, migrate: bool = True) -> Service:
        """Find the database and the store.

        Args:
            settings: where they are.
            migrate: bring the tables up to this version first.

        Raises:
            UsageError: a setting does not fit, the secret key is missing, or the database cannot be reached.
        """
        secret = settings.secret()
        settings.folder()
        database = Database(settings.database)
        if migrate:
            schema.upgrade(database)
        plans = Plans.load(settings.plans_file)
        store = open_store(settings)
        files = Files(database, store, settings, secret)
        announcer = Announcer(settings, files)
        accounts = Accounts(database, secret, plans)
        jobs = Jobs(database, settings, announce=announcer.text)
        return cls(
            settings,
            database,
            plans,
            accounts,
            jobs,
            Batches(database, jobs),
            Numbers(database),
            Queue(database, announce=announcer.text),
            store,
            files,
            Fetcher(settings),
            Reports(database),
            Limiter(settings, plans),
            Idempotency(database),
            Catalogue(database),
            Templates(database),
            SigningIn(database, accounts, secret),
            Payments(database, settings),
        )

    @staticmethod
    def new_id(kind: str = "") -> str:
        """An identifier that nothing has; ``kind`` goes before it."""
        return ids.new(kind)

    def receipt(self, job: Job) -> str | None:
        """The name of the entry with which a job was paid; none where it was free."""
        return None if job.transaction is None else wallet.name(job.transaction)

    def close(self) -> None:
        """Give connections back."""
        self.database.close()
