"""What Alembic runs migrations with: the connection that it was given, in the transaction that is open on it."""

from __future__ import annotations

from alembic import context

from makeready.service import schema, tables

_connection = context.config.attributes["connection"]
context.configure(
    connection=_connection,
    target_metadata=tables.metadata,
    version_table=schema.VERSION_TABLE,
    # SQLite alters a table by making it anew.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
