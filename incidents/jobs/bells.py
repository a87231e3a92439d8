"""Door 5, time: strike what is due for each incident, in batches, whoever else is striking."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Select, String, literal_column, select, update
from sqlalchemy.exc import OperationalError

from ..actions import strike
from ..kernel import clock
from ..kernel.database import db, waiting_at_most
from ..records.incidents import Incident

BATCH = 100
# An incident that cannot be struck must neither stop the others nor spin.
_NEXT_TRY_AFTER = timedelta(minutes=1)
_PATIENCE_OF_A_REHEARSAL = timedelta(milliseconds=20)  # with whoever is writing

_log = structlog.get_logger("bells")


def strike_due_bells(limit: int = BATCH) -> int:
    """Do what is due for up to ``limit`` incidents and commit; how many were struck.

    Any number of clocks may run this at once: rows are locked and skipped, and a bell's key is refused twice.
    When one of a batch breaks, the batch is undone and done again one by one.
    """
    try:
        due = strike.due_incidents(limit)
        strike.strike_all(due)
        db.session.commit()
        return len(due)
    except OperationalError:
        db.session.rollback()
        raise  # the database is away or busy, which no single incident is to blame for
    except Exception:  # noqa: BLE001 - one broken incident must not silence the others; each is tried alone below
        db.session.rollback()
        _log.exception("a batch of bells failed, trying one by one")
        return _strike_one_by_one(limit)


def rehearse(moment: datetime, *, late_by: timedelta = timedelta(0)) -> bool:
    """Do for one incident what will be due then, and undo it: what is done after a long rest takes far longer.

    What is done for the first time takes longest; struck very late, one incident calls for nearly all that there is to do.
    Whether there was one, and nobody in the way. Whatever is wrong is said when it is really struck.
    """
    try:
        with waiting_at_most(_PATIENCE_OF_A_REHEARSAL):
            return bool(strike.strike_all(strike.due_incidents(1, by=moment), now=moment + late_by))
    except Exception as broken:  # noqa: BLE001 - the bell itself must ring all the same
        _log.debug("a bell could not be rehearsed", cause=str(getattr(broken, "orig", broken)))
        return False
    finally:
        db.session.rollback()


def next_bell_at() -> datetime | None:
    """When the clock must look again; None while nothing is watched."""
    moment = db.session.scalar(_next())
    db.session.rollback()
    return moment


def asking_when(name: str) -> Select[str, Any]:
    """That question, with this name beside the answer."""
    return select(literal_column(f"'{name}'", String).label("name"), _next().scalar_subquery().label("at"))


def _next() -> Select[datetime | None]:
    # said like this because SQLite does not see that the partial index serves a min()
    watched = select(Incident.attention_at).where(Incident.attention_at.is_not(None))
    return watched.order_by(Incident.attention_at).limit(1)


def mend_after_clock_went_back(by: timedelta = timedelta(0)) -> int:
    """The wall clock was set back: overdue reminders go on as if it had not been. How many incidents were mended."""
    mended = strike.mend_after_clock_went_back(by)
    db.session.commit()
    return mended


def _strike_one_by_one(limit: int) -> int:
    struck = 0
    for incident_id in _due_ids(limit):
        try:
            if _strike_alone(incident_id):
                struck += 1
        except Exception:  # noqa: BLE001 - its reason is logged and it is tried again in a minute
            db.session.rollback()
            _log.exception("this incident's bells failed", incident=f"INC-{incident_id}")
            db.session.execute(
                update(Incident).where(Incident.id == incident_id).values(attention_at=clock.now() + _NEXT_TRY_AFTER)
            )
            db.session.commit()
    return struck


def _due_ids(limit: int) -> list[int]:
    ids = db.session.scalars(
        select(Incident.id).where(Incident.attention_at <= clock.now()).order_by(Incident.attention_at).limit(limit)
    ).all()
    db.session.rollback()
    return list(ids)


def _strike_alone(incident_id: int) -> bool:
    incident = db.session.scalars(
        select(Incident)
        .where(Incident.id == incident_id, Incident.attention_at <= clock.now())
        .with_for_update(skip_locked=True)
    ).one_or_none()
    if incident is not None:
        strike.strike_all([incident])
    db.session.commit()
    return incident is not None
