"""Who signs in with a browser, who looks after the service, and what was paid."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go from the state before to this one."""
    with op.batch_alter_table("account") as account:
        account.add_column(sa.Column("operator", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "browser_session",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=40), nullable=False),
        sa.Column("agent", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("seen_at", sa.Float(), nullable=False),
        sa.Column("expires_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_browser_session_account_id")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_browser_session")),
    )
    with op.batch_alter_table("browser_session") as session:
        session.create_index(op.f("ix_browser_session_account_id"), ["account_id"])
        session.create_index(op.f("ix_browser_session_expires_at"), ["expires_at"])
    op.create_table(
        "payment",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("account_id", sa.String(length=40), nullable=False),
        sa.Column("provider", sa.String(length=40), nullable=False),
        sa.Column("reference", sa.String(length=200), nullable=False),
        sa.Column("currency", sa.String(length=16), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("money", sa.String(length=3), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("ended_at", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_payment_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment")),
        sa.UniqueConstraint("provider", "reference", name=op.f("uq_payment_provider_reference")),
    )
    with op.batch_alter_table("payment") as payment:
        payment.create_index(op.f("ix_payment_account_id"), ["account_id"])
    with op.batch_alter_table("job") as job:
        job.drop_index("ix_job_account_id_created_at")
        job.create_index(
            "ix_job_listed",
            ["account_id", "created_at", "id", "state", "dialect", "operation", "currency", "cost", "held"],
        )
    with op.batch_alter_table("delivery") as delivery:
        delivery.create_index("ix_delivery_account_id_created_at", ["account_id", "created_at"])


def downgrade() -> None:
    """Go back to the state before."""
    with op.batch_alter_table("delivery") as delivery:
        delivery.drop_index("ix_delivery_account_id_created_at")
    with op.batch_alter_table("job") as job:
        job.drop_index("ix_job_listed")
        job.create_index("ix_job_account_id_created_at", ["account_id", "created_at"])
    op.drop_table("payment")
    op.drop_table("browser_session")
    with op.batch_alter_table("account") as account:
        account.drop_column("operator")
