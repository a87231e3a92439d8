"""How alembic reaches our database: on the connection, and in the transaction, that incidents.cli.migrating opened."""

from __future__ import annotations

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import JSON

from incidents.cli.schema import comparison
from incidents.kernel.database import Base, UtcDateTime


def _written(kind: str, thing: object, autogenerate: AutogenContext) -> str | Literal[False]:
    """How a column's type stands in a migration, which must not change when the program does."""
    if kind == "type" and isinstance(thing, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(thing, JSON):
        autogenerate.imports.add("from sqlalchemy.dialects import postgresql")
        return 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")'
    return False


connection = context.config.attributes.get("connection")
if connection is None:
    raise SystemExit("Migrate with `sevenbells db …`: it locks, copies and checks besides.")

context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_item=_written,
    **comparison(connection),
    # our connection begins transactions itself (kernel.database), so SQLite's DDL is whole or not at all too
    transactional_ddl=True,
)
context.run_migrations()
