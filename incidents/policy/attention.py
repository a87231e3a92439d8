"""When the clock must look at an incident again, and what a silence of the clock itself changes."""

from __future__ import annotations

from datetime import datetime, timedelta

# a reminder's attempt begins at most a minute after its time, whatever the load; later than that we were away
AWAY_AFTER = timedelta(seconds=60)
QUIET_AFTER_CATCH_UP = timedelta(minutes=10)


def earliest(*moments: datetime | None) -> datetime | None:
    """The first of these instants; None when nothing is due at any time."""
    return min((moment for moment in moments if moment is not None), default=None)


def is_catch_up(attention_at: datetime, now: datetime) -> bool:
    """Whether what is told now fell due while nobody was looking.

    ``attention_at`` is the instant at which the clock should have looked.
    """
    return now - attention_at > AWAY_AFTER


def quiet_after(attention_at: datetime, now: datetime) -> datetime | None:
    """Until when nothing follows what is told now: 10 min after a catch-up, else None.

    Everything that fell due meanwhile goes out as one message; the next stage and the next level wait for this
    instant (see ``cadence.next_stage_at`` and ``escalation.next_level_at``).
    """
    return now + QUIET_AFTER_CATCH_UP if is_catch_up(attention_at, now) else None
