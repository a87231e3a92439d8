"""The incident's own channel in Slack: which incidents get one, and when the clock has to look at it again.

Nothing is done in Slack here. A row says that the channel is wished for; ``jobs.slack_channels`` makes it and keeps it as
``actions.channel_plan`` reads it off the incident. What the timeline is told moves the row in the same transaction.
"""

from __future__ import annotations

from typing import Any, Final

from flask import current_app
from sqlalchemy import event, inspect, update
from sqlalchemy.orm import Session

from ..kernel import clock
from ..kernel.database import db
from ..kernel.errors import Malformed, NotAllowed
from ..kernel.settings import Settings
from ..policy.lifecycle import Visibility
from ..policy.severity import Severity
from ..records.actors import CLOCK, Actor
from ..records.incident_channel_settings import MOST_DAYS, IncidentChannelSettings, Makes, channel_settings
from ..records.incident_channels import IncidentChannel, lost_one, present_channel
from ..records.incidents import Incident
from ..records.timeline import TimelineEntry
from . import audit

_MARK = "sevenbells.channel_news"
KIND: Final = "channel"  # what the timeline is told of the channel itself
# these change neither the headline, nor the topic, nor who should be in it
_ELSEWHERE: Final = frozenset((KIND, "note", "decision", "event", "reminder", "target_at_risk", "target_missed"))
_PAGING = (Severity.P1, Severity.P2)


# ---- what the timeline is told ----


def note(incident: Incident, entry: TimelineEntry) -> None:
    """Something was written on the timeline; at the end of the transaction its channel is wished for, or due."""
    if entry.kind not in _ELSEWHERE:
        news: dict[int, tuple[Incident, list[TimelineEntry]]] = db.session().info.setdefault(_MARK, {})
        news.setdefault(id(incident), (incident, []))[1].append(entry)


@event.listens_for(Session, "before_commit")
def _follow(session: Session) -> None:
    if session.in_nested_transaction() or _MARK not in session.info:
        return
    noted: dict[int, tuple[Incident, list[TimelineEntry]]] = session.info.pop(_MARK)
    if not is_connected():
        return
    session.flush()
    for incident, entries in noted.values():
        # what was written inside a savepoint that was taken back never happened
        kinds = {entry.kind for entry in entries if inspect(entry).persistent}
        if kinds and inspect(incident).persistent:
            _settle(incident, kinds)


@event.listens_for(Session, "after_rollback")
def _forget(session: Session) -> None:
    session.info.pop(_MARK, None)


def _settle(incident: Incident, kinds: set[str]) -> None:
    channel = present_channel(incident.id)
    if channel is not None and _is_not_for(channel, incident):
        leave(channel)
        channel = None
    if channel is not None:
        _ask_for(channel, **({"stays_archived": False} if "reopened" in kinds else {}))
    elif _gets_one(incident) and ("reopened" in kinds or not lost_one(incident.id)):
        wish_for(incident)


def _is_not_for(channel: IncidentChannel, incident: Incident) -> bool:
    """Restricted now, in a channel that everybody can read."""
    return incident.visibility == Visibility.RESTRICTED and not channel.is_private


def _gets_one(incident: Incident) -> bool:
    """Whether it gets a channel without anybody asking."""
    chosen = channel_settings()
    if not incident.is_open or incident.pages_nobody or _is_forbidden(incident, chosen):
        return False
    return chosen.makes == Makes.ALL or (chosen.makes == Makes.PAGING and incident.severity in _PAGING)


def _is_forbidden(incident: Incident, chosen: IncidentChannelSettings) -> bool:
    return incident.visibility == Visibility.RESTRICTED and not chosen.for_restricted


# ---- the row ----


def wish_for(incident: Incident) -> IncidentChannel:
    """The clock is to make one; a restricted incident's is private."""
    channel = IncidentChannel(
        incident_id=incident.id, is_private=incident.visibility == Visibility.RESTRICTED, due_at=clock.now()
    )
    db.session.add(channel)
    db.session.flush()
    return channel


def leave(channel: IncidentChannel) -> None:
    """It is this incident's no more: the clock withdraws what stands there, and archives it."""
    channel.left_at = clock.now()
    _ask_for(channel)
    db.session.flush()


def _ask_for(channel: IncidentChannel, **more: Any) -> None:
    """Let the clock look at it now; whoever is at work on it looks once more afterwards."""
    asked = update(IncidentChannel).where(IncidentChannel.id == channel.id)
    db.session.execute(asked.values(asked=IncidentChannel.asked + 1, due_at=clock.now(), **more))


# ---- by hand ----


def make_or_try_again(incident: Incident, *, by: Actor) -> bool:
    """Make a channel, or try at once what went wrong; one that somebody archived in Slack is opened again.

    False where there is one already and it is only looked at. Raises NotAllowed where there can be none.
    """
    if not is_connected():
        raise NotAllowed("Slack is not connected: set SLACK_BOT_TOKEN.")
    if incident.closed_at is not None:
        raise NotAllowed(f"{incident.ref} is closed. Reopen it to speak of it.")
    if _is_forbidden(incident, channel_settings()):
        raise NotAllowed("Restricted incidents get no channel here. An admin can change that in the settings.")
    channel = present_channel(incident.id)
    if channel is None and not incident.is_open:
        raise NotAllowed(f"{incident.ref} is over. Reopen it to speak of it.")
    if channel is None:
        wish_for(incident)
        return True
    was_archived = channel.archived_at is not None
    _ask_for(channel, stays_archived=False, failures=0)
    return was_archived


# ---- settings ----


def change_settings(*, makes: str, for_restricted: bool, archive_after_days: int, by: Actor) -> None:
    """Which incidents get one from now on; running ones keep theirs. Raises Malformed with a sentence a field."""
    problems: dict[str, str] = {}
    if makes not in [*Makes]:
        problems["makes"] = "Choose one from the list."
    if not 0 <= archive_after_days <= MOST_DAYS:
        problems["archive_after_days"] = f"Give a number of days from 0 to {MOST_DAYS}."
    if problems:
        raise Malformed(problems)
    chosen = channel_settings()
    before = (chosen.makes, chosen.for_restricted, chosen.archive_after_days)
    if before == (makes, for_restricted, archive_after_days):
        return
    chosen.makes, chosen.for_restricted, chosen.archive_after_days = makes, for_restricted, archive_after_days
    chosen.updated_at = clock.now()
    db.session.add(chosen)
    audit.note(
        "changed the channels of incidents",
        by=by,
        makes=makes,
        for_restricted=for_restricted,
        archive_after_days=archive_after_days,
    )


def tell_timeline(incident: Incident, *, what: str, name: str, reason: str = "") -> None:
    """Something became of the channel: it is ``made``, ``opened`` again, ``archived``, ``left`` or ``gone``."""
    from . import journal

    detail = {"what": what, "name": name, **({"reason": reason} if reason else {})}
    journal.write(incident, KIND, by=CLOCK, detail=detail)


def is_connected() -> bool:
    """Whether anything can be done in Slack at all."""
    settings: Settings = current_app.extensions["sevenbells.settings"]
    return bool(settings.slack_bot_token)
