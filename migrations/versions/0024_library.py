"""The library that is searched, and tags

Why: a search over everything that was ever written must not read everything each time. Four shelves (incidents,
post-mortems, updates, timelines) say which words stand where; they are filled here with what exists. And tags.
Safe to run early: yes, but what the old program writes meanwhile is not found before `sevenbells db catalogue` has made
the shelves anew.
Locks: on PostgreSQL nothing but the new tables. SQLite is held while the shelves are filled, some 10 s for 200,000 entries.
"""

from __future__ import annotations

from itertools import islice
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

# The one thing of the program that is used here: words must be folded as they will be when they are looked for.
from incidents.policy.words import words_of

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_SHELVES = {
    "library_incidents": ("title", "words"),
    "library_postmortems": ("words",),
    "library_updates": ("words",),
    "library_entries": ("words",),
}
_BATCH = 500
_LAST_PLACE = 16_383


def upgrade() -> None:
    op.create_table(
        "incident_tags",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("tag", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incidents.id"], name=op.f("fk_incident_tags_incident_id_incidents"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_tags")),
        sa.UniqueConstraint("incident_id", "tag", name="an_incident_has_a_tag_once"),
    )
    op.create_index("ix_incident_tags_tag", "incident_tags", ["tag", "incident_id"])
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    for shelf, columns in _SHELVES.items():
        if on_postgresql:
            op.create_table(
                shelf,
                sa.Column("rowid", sa.Integer(), autoincrement=False, nullable=False),
                sa.Column("incident_id", sa.Integer(), nullable=False),
                *(sa.Column(column, postgresql.TSVECTOR(), nullable=False) for column in columns),
                sa.PrimaryKeyConstraint("rowid", name=op.f(f"pk_{shelf}")),
            )
        else:
            op.execute(
                f"CREATE VIRTUAL TABLE {shelf} USING fts5(incident_id UNINDEXED, {', '.join(columns)}, "
                "tokenize = 'ascii', prefix = '2 3')"
            )
    _fill(op.get_bind())
    for shelf, columns in _SHELVES.items():
        if on_postgresql:
            for column in columns:
                op.create_index(
                    f"ix_{shelf}_{column}",
                    shelf,
                    [column],
                    postgresql_using="gin",
                    postgresql_with={"fastupdate": "off"},
                )
            op.execute(f"ANALYZE {shelf}")
        else:
            op.execute(f"INSERT INTO {shelf} ({shelf}) VALUES ('optimize')")  # noqa: S608 - a name of ours


def downgrade() -> None:
    for shelf in _SHELVES:
        op.drop_table(shelf)
    op.drop_table("incident_tags")


def _fill(connection: sa.Connection) -> None:
    named: dict[int, list[str]] = {}
    for incident_id, name in connection.execute(
        sa.text(
            "SELECT i.incident_id, c.name FROM incident_components i JOIN components c ON c.public_id = i.component_id"
        )
    ):
        named.setdefault(incident_id, []).append(name)
    _put(
        connection,
        "library_incidents",
        "SELECT id, id, title, impact, resolution_summary, outcome_reason FROM incidents ORDER BY id",
        named,
    )
    _put(
        connection,
        "library_postmortems",
        "SELECT s.id, p.incident_id, s.written FROM postmortem_sections s JOIN postmortems p ON p.id = s.postmortem_id "
        "WHERE s.written <> '' ORDER BY s.id",
    )
    _put(connection, "library_updates", "SELECT id, incident_id, body FROM updates ORDER BY id")
    _put(
        connection,
        "library_entries",
        "SELECT id, incident_id, body FROM timeline_entries WHERE body <> '' AND kind NOT IN ('update', 'impact') "
        "ORDER BY id",
    )


def _put(connection: sa.Connection, shelf: str, texts: str, named: dict[int, list[str]] | None = None) -> None:
    """Fold what ``texts`` gives (number, incident, texts …) and put it on the shelf."""
    on_postgresql = connection.dialect.name == "postgresql"
    columns = _SHELVES[shelf]
    value = "CAST(:{} AS tsvector)" if on_postgresql else ":{}"
    insertion = sa.text(
        f"INSERT INTO {shelf} (rowid, incident_id, {', '.join(columns)}) "  # noqa: S608 - only names of ours
        f"VALUES (:rowid, :incident_id, {', '.join(value.format(column) for column in columns)})"
    )
    # all of them first: SQLite must not be read and written through one connection at once
    rows = iter(connection.execute(sa.text(texts)).all())
    while some := list(islice(rows, _BATCH)):
        folded = [
            row for each in some if (row := _folded(each, columns, (named or {}).get(each[0], []), on_postgresql))
        ]
        if folded:
            connection.execute(insertion, folded)


def _folded(row: sa.Row[Any], columns: tuple[str, ...], named: list[str], on_postgresql: bool) -> dict[str, Any] | None:
    kept = [" ".join(words_of(each)) for each in (*row[2:], *named) if each]
    words = {"words": " ".join(kept)}
    if "title" in columns:
        words["title"] = kept[0] if kept else ""
    if not words["words"].strip():
        return None
    if on_postgresql:
        words = {name: _tsvector(value.split()) for name, value in words.items()}
    return {"rowid": row[0], "incident_id": row[1], **words}


def _tsvector(words: list[str]) -> str:
    return " ".join(f"'{word}':{min(place, _LAST_PLACE)}" for place, word in enumerate(words, 1))
