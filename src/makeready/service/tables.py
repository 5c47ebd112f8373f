"""The tables of the service, the same on SQLite and PostgreSQL.

Times are seconds since 1970 in UTC, by the database's clock (``clock.now()``). Identifiers are random text, so that
none tells how many there are. Migrations make these tables; a test holds the two against each other.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    and_,
    false,
    or_,
)

#: Names of constraints, so that a migration can find them again on both databases.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=NAMING)

_ID = String(40)
#: SQLite counts rows itself only in a column of exactly this type.
_COUNTED = BigInteger().with_variant(Integer, "sqlite")

account = Table(
    "account",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("email", String(320), nullable=False, unique=True),
    Column("name", String(200), nullable=False),
    Column("plan", String(40), nullable=False),
    #: ``active`` or ``suspended``.
    Column("status", String(16), nullable=False, default="active"),
    #: argon2id, for the dashboard; none where nobody signs in.
    Column("password_hash", String(200)),
    #: What its webhooks are signed with (``whsec_…``).
    Column("webhook_secret", String(80), nullable=False),
    #: Counted up to make every token void that was given out before.
    Column("token_generation", Integer, nullable=False, default=0, server_default="0"),
    Column("created_at", Float, nullable=False),
    #: When the running month of the plan began, for allowances that start anew.
    Column("cycle_started_at", Float, nullable=False),
    #: Whether it may look after the whole service in the dashboard.
    Column("operator", Boolean, nullable=False, default=False, server_default=false()),
)

api_key = Table(
    "api_key",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("account_id", _ID, ForeignKey("account.id"), nullable=False, index=True),
    Column("name", String(200), nullable=False),
    #: The first characters, by which a person knows it again.
    Column("prefix", String(16), nullable=False),
    #: HMAC-SHA256 of the key with the server's pepper; the key itself is nowhere.
    Column("digest", String(64), nullable=False, unique=True),
    Column("created_at", Float, nullable=False),
    Column("revoked_at", Float),
    #: About when it was last used, to a minute: it is not written with every request.
    Column("last_used_at", Float),
)

browser_session = Table(
    "browser_session",
    metadata,
    #: HMAC-SHA256 of the cookie; the cookie itself is nowhere.
    Column("digest", String(64), primary_key=True),
    Column("account_id", _ID, ForeignKey("account.id"), nullable=False, index=True),
    #: What the browser says it is, for its owner to know it again.
    Column("agent", String(200), nullable=False, default=""),
    Column("created_at", Float, nullable=False),
    #: To about a minute: it is not written with every request.
    Column("seen_at", Float, nullable=False),
    Column("expires_at", Float, nullable=False, index=True),
)

#: What was bought with real money, through whoever takes it.
payment = Table(
    "payment",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("account_id", _ID, ForeignKey("account.id"), nullable=False, index=True),
    #: Who takes the money, and what it calls this payment.
    Column("provider", String(40), nullable=False),
    Column("reference", String(200), nullable=False),
    Column("currency", String(16), nullable=False),
    Column("amount", BigInteger, nullable=False),
    #: What it costs, in hundredths of a unit of this money (``EUR``).
    Column("price", BigInteger, nullable=False),
    Column("money", String(3), nullable=False),
    #: ``pending``, ``paid`` or ``failed``.
    Column("state", String(16), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("ended_at", Float),
    #: A message that comes twice is about the same payment.
    UniqueConstraint("provider", "reference"),
)

wallet = Table(
    "wallet",
    metadata,
    Column("account_id", _ID, ForeignKey("account.id"), primary_key=True),
    #: ``tokens``, ``credits`` or ``images``.
    Column("currency", String(16), primary_key=True),
    Column("balance", BigInteger, nullable=False),
    #: What jobs have taken in the running month, less what they gave back.
    Column("used", BigInteger, nullable=False, default=0, server_default="0"),
    CheckConstraint("balance >= 0", name="not_negative"),
)

ledger = Table(
    "ledger",
    metadata,
    #: Shown as TX-00011.
    Column("number", _COUNTED, primary_key=True, autoincrement=True),
    Column("account_id", _ID, ForeignKey("account.id"), nullable=False),
    Column("currency", String(16), nullable=False),
    #: ``charge``, ``hold``, ``release``, ``refund``, ``grant`` or ``reset``.
    Column("kind", String(16), nullable=False),
    #: What it adds to the balance: charges and holds are negative.
    Column("amount", BigInteger, nullable=False),
    Column("balance_after", BigInteger, nullable=False),
    Column("job_id", _ID),
    Column("note", String(200), nullable=False, default=""),
    Column("created_at", Float, nullable=False),
    #: The last line of defence: no job is charged, refunded or settled twice, whatever runs twice.
    UniqueConstraint("job_id", "kind"),
    Index("ix_ledger_account_id_number", "account_id", "number"),
    sqlite_autoincrement=True,
)

batch = Table(
    "batch",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("account_id", _ID, ForeignKey("account.id"), nullable=False, index=True),
    Column("dialect", String(40), nullable=False),
    #: What its API keeps with it: its name, the settings that all its jobs share, who is told when it has ended.
    Column("details", JSON, nullable=False),
    Column("created_at", Float, nullable=False),
    #: Deleted by its owner: kept for the books, shown to nobody.
    Column("deleted_at", Float),
)

#: Numbers of what has random names, for APIs whose clients expect numbers.
numbered = Table(
    "numbered",
    metadata,
    Column("number", _COUNTED, primary_key=True, autoincrement=True),
    #: ``job``, ``batch``, ``key`` or ``account``.
    Column("kind", String(16), nullable=False),
    Column("id", _ID, nullable=False),
    UniqueConstraint("kind", "id"),
    sqlite_autoincrement=True,
)

job = Table(
    "job",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("account_id", _ID, ForeignKey("account.id"), nullable=False),
    Column("dialect", String(40), nullable=False),
    #: What is done: a name in ``operations``.
    Column("operation", String(60), nullable=False),
    Column("params", JSON, nullable=False),
    #: What it calls for that a worker may lack (``operations.needs``), as names, like those of ``worker.lacks``.
    Column("needs", JSON, nullable=False, default=dict),
    Column("batch_id", _ID, ForeignKey("batch.id"), index=True),
    #: Which of its batch it is, from 0.
    Column("place", Integer, nullable=False, default=0),
    #: A state of ``states.MOVES``, and where the work is within it (``analyzing``, ``applying``).
    Column("state", String(24), nullable=False),
    Column("stage", String(24), nullable=False, default=""),
    Column("progress", Float, nullable=False, default=0.0),
    #: ``cpu`` or ``gpu``; the lowest priority first, then the oldest.
    Column("queue", String(16), nullable=False),
    Column("priority", Integer, nullable=False, default=0),
    #: Not before this time: a retry waits.
    Column("run_at", Float, nullable=False),
    #: Who works on it, until when that is believed, and how often it was begun.
    Column("token", _ID),
    Column("worker_id", _ID),
    Column("lease_until", Float),
    Column("attempt", Integer, nullable=False, default=0),
    Column("currency", String(16), nullable=False),
    #: What was taken when it was created, and what it costs in the end.
    Column("held", BigInteger, nullable=False, default=0),
    Column("cost", BigInteger),
    #: What came out, as the operation says it; files are named by their identifiers.
    Column("result", JSON),
    Column("error_code", String(60)),
    Column("error_message", Text),
    Column("webhook_url", Text),
    #: W3C trace context of the request.
    Column("traceparent", String(64)),
    Column("created_at", Float, nullable=False),
    Column("started_at", Float),
    Column("ended_at", Float),
    #: Deleted by its owner: kept for the books, shown to nobody.
    Column("deleted_at", Float),
    Index("ix_job_claim", "queue", "state", "priority", "run_at"),
    # Lists are narrowed and months are counted in the index alone: of 100,000 jobs in 15 and 115 ms, else 320 and 600.
    Index(
        "ix_job_listed", "account_id", "created_at", "id", "state", "dialect", "operation", "currency", "cost", "held"
    ),
)

report = Table(
    "report",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("account_id", _ID, ForeignKey("account.id"), nullable=False),
    Column("job_id", _ID, ForeignKey("job.id")),
    #: The file it is about, kept for fixes, and its page for people; ``file.id``.
    Column("file_id", _ID),
    Column("page_id", _ID),
    #: What the client asked, in its own terms.
    Column("request", JSON, nullable=False),
    #: The report as ``makeready.report/1``.
    Column("document", JSON, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("deleted_at", Float),
    Index("ix_report_account_id_created_at", "account_id", "created_at"),
)

file = Table(
    "file",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("account_id", _ID, ForeignKey("account.id"), nullable=False, index=True),
    #: The attempt that wrote it; files of an attempt that did not settle its job are swept.
    Column("job_id", _ID, index=True),
    #: Where it lies in the store.
    Column("key", String(200), nullable=False, unique=True),
    #: What it is called when somebody saves it.
    Column("name", String(255), nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("media_type", String(100), nullable=False),
    Column("created_at", Float, nullable=False),
    #: From then on it may be deleted, and links to it no longer work.
    Column("expires_at", Float, index=True),
)

#: What an account keeps for requests to name: parameters and layers, as its API reads them.
template = Table(
    "template",
    metadata,
    #: A UUID.
    Column("id", _ID, primary_key=True),
    Column("account_id", _ID, ForeignKey("account.id"), nullable=False, index=True),
    Column("name", String(200), nullable=False),
    Column("document", JSON, nullable=False),
    Column("created_at", Float, nullable=False),
)

delivery = Table(
    "delivery",
    metadata,
    Column("id", _ID, primary_key=True),
    #: One webhook a job, however often it was begun.
    Column("job_id", _ID, ForeignKey("job.id"), nullable=False, unique=True),
    Column("account_id", _ID, ForeignKey("account.id"), nullable=False),
    Column("url", Text, nullable=False),
    #: The exact text that is signed and sent.
    Column("body", Text, nullable=False),
    #: ``pending``, ``delivered`` or ``given_up``.
    Column("state", String(16), nullable=False),
    Column("tries", Integer, nullable=False, default=0),
    Column("next_at", Float, nullable=False),
    Column("token", _ID),
    Column("lease_until", Float),
    Column("created_at", Float, nullable=False),
    Index("ix_delivery_state_next_at", "state", "next_at"),
    Index("ix_delivery_account_id_created_at", "account_id", "created_at"),
)

webhook_attempt = Table(
    "webhook_attempt",
    metadata,
    Column("number", _COUNTED, primary_key=True, autoincrement=True),
    Column("delivery_id", _ID, ForeignKey("delivery.id"), nullable=False, index=True),
    Column("at", Float, nullable=False),
    Column("seconds", Float, nullable=False),
    #: The answer's status, or none and why there is none.
    Column("status", Integer),
    Column("error", Text),
)

idempotency_key = Table(
    "idempotency_key",
    metadata,
    Column("account_id", _ID, ForeignKey("account.id"), primary_key=True),
    Column("dialect", String(40), primary_key=True),
    Column("key", String(255), primary_key=True),
    #: SHA-256 of method, path and body: the same key for another request is a mistake. None before all of it has come.
    Column("request", String(64)),
    #: Whose turn it is, of two where one seemed dead.
    Column("token", String(40), nullable=False, default=""),
    #: The first answer; none while it is being made.
    Column("status", Integer),
    Column("headers", JSON),
    Column("body", Text),
    Column("created_at", Float, nullable=False),
)

worker = Table(
    "worker",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("host", String(200), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("queues", JSON, nullable=False),
    Column("slots", Integer, nullable=False),
    Column("draining", Boolean, nullable=False, default=False),
    #: What jobs may need and it cannot do → the command that installs it (``operations.lacks``).
    Column("lacks", JSON, nullable=False, default=dict),
    Column("started_at", Float, nullable=False),
    Column("seen_at", Float, nullable=False),
)


def older(table: Table, at: float, id: str) -> ColumnElement[bool]:
    """What comes after a row in a list that has the newest first: it was made before, or at the same time.

    Args:
        table: has ``created_at`` and ``id``, by which the list is in order.
        at: ``created_at`` of the row.
        id: its identifier.
    """
    made = table.c.created_at
    # The first is what an index begins at.
    return and_(made <= at, or_(made < at, and_(made == at, table.c.id < id)))
