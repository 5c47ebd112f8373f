"""What the tests of jobs begin with: an account with money, and the books to compare."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, insert, select

from makeready.service import clock, ids, tables, wallet
from makeready.service.database import Database

#: What an account begins with.
GRANT = 1000


def account(database: Database, grant: int = GRANT) -> str:
    """An account with tokens; its identifier."""
    account_id = ids.new("account")
    with database.writing() as connection:
        connection.execute(
            insert(tables.account).values(
                id=account_id, email=f"{account_id}@example.com", name="", plan="free", webhook_secret="whsec_eA==",
                created_at=clock.now(), cycle_started_at=clock.now(),
            )
        )  # fmt: skip
        wallet.give(connection, account_id, "tokens", grant, kind="grant")
    return account_id


@dataclass(frozen=True)
class Books:
    """Everything that money and promises hang on."""

    #: job → kind → amount, as the ledger has them.
    ledger: dict[str, dict[str, int]]
    #: account → balance.
    balances: dict[str, int]
    #: account → sum of its ledger.
    sums: dict[str, int]
    #: job → number of webhooks.
    deliveries: dict[str, int]
    #: job → its row.
    jobs: dict[str, Any]
    #: key → job of each file that can be seen.
    files: dict[str, str]

    @classmethod
    def of(cls, database: Database) -> Books:
        ledger, job, file = tables.ledger, tables.job, tables.file
        entries: dict[str, dict[str, int]] = {}
        with database.reading() as connection:
            for row in connection.execute(select(ledger).where(ledger.c.job_id.is_not(None))):
                assert row.kind not in entries.setdefault(row.job_id, {})
                entries[row.job_id][row.kind] = row.amount
            sums = select(ledger.c.account_id, func.sum(ledger.c.amount)).group_by(ledger.c.account_id)
            delivered = select(tables.delivery.c.job_id, func.count()).group_by(tables.delivery.c.job_id)
            return cls(
                entries,
                {row.account_id: row.balance for row in connection.execute(select(tables.wallet))},
                {account_id: int(total) for account_id, total in connection.execute(sums)},
                {row[0]: row[1] for row in connection.execute(delivered)},
                {row.id: row for row in connection.execute(select(job))},
                {row.key: row.job_id for row in connection.execute(select(file))},
            )

    def balanced(self) -> None:
        """Balances are what the ledger adds up to."""
        assert self.balances == self.sums
