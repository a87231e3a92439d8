"""How alembic reaches our database: on the connection, and in the transaction, that incidents.cli.migrating opened."""

from __future__ import annotations

from alembic import context

from incidents.kernel.database import Base, UtcDateTime


def _written(kind: str, thing: object, _context: object) -> str | bool:
    # a migration stands still while the program moves on: it names no class of ours
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(thing, UtcDateTime) else False


def _include(_object: object, name: str | None, kind: str, _reflected: bool, _compare_to: object) -> bool:
    return not (kind == "table" and name == "alembic_version")


connection = context.config.attributes.get("connection")
if connection is None:
    raise SystemExit("Migrate with `sevenbells db …`: it locks, copies and checks besides.")

context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    include_object=_include,
    render_item=_written,
    render_as_batch=True,
    compare_type=True,
    # our connection begins transactions itself (kernel.database), so SQLite's DDL is whole or not at all too
    transactional_ddl=True,
)
context.run_migrations()
