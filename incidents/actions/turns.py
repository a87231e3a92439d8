"""Round robin: of several who could be told, the one who has waited longest."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite

from ..kernel import clock
from ..kernel.database import db
from ..records.escalation import RoundRobinTurn
from ..records.people import Person

# two clocks at once choose one after the other; the number only has to differ from other locks of ours
_LOCK = 7_120_004
_TICK = timedelta(microseconds=1)


def next_in_turn(word: str, pool: Sequence[Person]) -> Person | None:
    """Whom a telling to one of these would choose now; asking does not move the turn."""
    if not pool:
        return None
    last = {
        row.person_id: row.at
        for row in db.session.execute(
            select(RoundRobinTurn.person_id, RoundRobinTurn.at).where(
                RoundRobinTurn.word == word, RoundRobinTurn.person_id.in_([person.id for person in pool])
            )
        )
    }
    return min(pool, key=lambda person: (person.id in last, last.get(person.id, clock.now()), person.id))


def take_turn(word: str, pool: Sequence[Person]) -> Person | None:
    """The same, and its turn is written in this transaction: the next telling chooses somebody else."""
    if db.session.get_bind().dialect.name == "postgresql":
        # what another clock is choosing meanwhile is seen once it has committed (SQLite writes one at a time anyway)
        db.session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    chosen = next_in_turn(word, pool)
    if chosen is not None:
        _write(word, chosen)
    return chosen


def _write(word: str, person: Person) -> None:
    """Later than every other turn, whatever the wall clock says: several may be chosen in one instant."""
    newest = db.session.scalar(select(func.max(RoundRobinTurn.at)).where(RoundRobinTurn.word == word))
    at = clock.now() if newest is None else max(clock.now(), newest + _TICK)
    insert = postgresql.insert if db.session.get_bind().dialect.name == "postgresql" else sqlite.insert
    db.session.execute(
        insert(RoundRobinTurn)
        .values(word=word, person_id=person.id, at=at)
        .on_conflict_do_update(index_elements=["word", "person_id"], set_={"at": at})
    )
