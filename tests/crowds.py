"""Very many incidents at once, made by the database from one that was declared as usual."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import insert, literal, select, update

from incidents import actions
from incidents.kernel import clock
from incidents.kernel.database import db
from incidents.records.incidents import Incident
from tests.factories import a_person, an_incident

PEOPLE = 20  # the reminders go to so many: in turn, each declared the next incident


def a_crowd(how_many: int) -> None:
    """So many acknowledged incidents at which the clock does not look yet; committed."""
    people = [a_person(f"Person{number}") for number in range(PEOPLE)]
    first = an_incident(by=people[0], title="Trouble")
    actions.acknowledge(first, by=people[0].as_actor())
    db.session.execute(update(Incident).values(attention_at=None))
    db.session.commit()
    numbers = select(literal(1).label("n")).cte("numbers", recursive=True)
    numbers = numbers.union_all(select(numbers.c.n + 1).where(numbers.c.n < how_many - 1))
    others = {"id", "declared_by_id", "title"}
    columns = [column for column in Incident.__table__.columns if column.name not in others]
    copies = select(literal("Trouble ").concat(numbers.c.n), people[0].id + numbers.c.n % PEOPLE, *columns).select_from(
        Incident.__table__.join(numbers, literal(value=True))
    )
    names = ["title", "declared_by_id", *(column.name for column in columns)]
    if how_many > 1:
        db.session.execute(insert(Incident).from_select(names, copies))
    db.session.commit()


def let_fall_due(*, at: datetime | None = None, only: int | None = None) -> int:
    """The nudge's moment comes at ``at`` (it has just come by default) for the first ``only`` of them; how many."""
    moment = at or clock.to_the_minute(clock.now())
    due = moment + timedelta(minutes=5)
    some = select(Incident.id).order_by(Incident.id).limit(only) if only else select(Incident.id)
    done = db.session.execute(
        update(Incident)
        .where(Incident.id.in_(some))
        .values(
            next_update_due_at=due,
            due_armed_at=due - timedelta(minutes=30),
            last_human_entry_at=moment,
            rang_at=None,
            attention_at=moment,
        )
    )
    db.session.commit()
    return int(done.rowcount)  # type: ignore[attr-defined]


def analyse() -> None:
    """Let PostgreSQL count, as it would have long before there were so many."""
    if db.engine.dialect.name == "postgresql":
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
