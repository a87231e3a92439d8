"""What Slack's channels are told of an incident: the team's one by a headline with a thread, the incident's by messages.

What comes while an earlier message still waits for its turn is said with it, so that a burst is one message.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import select

from ..kernel import outbox
from ..kernel.database import db
from ..kernel.outbox import OutboxMessage
from ..kernel.team_destinations import TEAM_DESTINATION
from ..messages import about_team
from ..messages.slack_blocks import Line
from ..policy.cadence import NUDGE
from ..policy.components import BADNESS, ComponentStatus
from ..published.components import Component
from ..published.page_settings import page_settings
from ..records.incident_channels import channel_of
from ..records.incidents import Incident, IncidentComponent
from ..records.timeline import TimelineEntry
from .team_news import News, event_of, lines_of, message, room_of, settings, undo_until

# of these the headline shows something
HEADLINE_KINDS: Final = frozenset(
    (
        *("declared", "acknowledged", "acknowledgement_taken_back", "acknowledgement_expired", "severity", "step"),
        *("title", "role", "mitigated", "update", "snooze", "cadence", "resolved", "false_alarm", "reopened", "merged"),
        *("escalated", "visibility", "impact", "component"),
    )
)
# somebody is to say that they have it
_CALLS = frozenset(("escalated", "told", "nobody_to_tell", "acknowledgement_expired", "acknowledgement_taken_back"))
_MOST_LINES = 15  # in one message
_LONGEST_AFFECTED = 300


def messages(news: News, places: Sequence[str]) -> Iterable[dict[str, Any]]:
    """What this news is in the team's channel, ``places``, and in the incident's where it has one."""
    incident = news.incident
    if news.kinds & HEADLINE_KINDS:
        for place in places:
            yield _headline(news, place)
    own = channel_of(incident.id)
    for place in [*places, *([own] if own and own != settings().slack_channel else [])]:
        yield from _replies(news, place)
        yield from _reminders(news, place)


def headline_key(incident: Incident) -> str:
    """By this the headline of an incident is found again, and edits that were superseded collapse."""
    return f"headline/{incident.id}"


def headline_of(incident: Incident) -> dict[str, Any]:
    """The headline as things stand now: ``text`` and ``blocks``."""
    from . import roles

    commander = roles.holder(incident, roles.COMMANDER)
    return about_team.headline(
        incident,
        commander=None if commander is None else commander.name,
        room=room_of(incident),
        affected=_affected(incident),
        zone=page_settings().zone,
    )


def _headline(news: News, place: str) -> dict[str, Any]:
    incident, key = news.incident, headline_key(news.incident)
    said = {**headline_of(incident), "replaces": key}
    event = event_of(incident, "headline", news.entries[0])
    return message(incident, "slack", place, said, event=event, fold_key=key)


def _affected(incident: Incident) -> str:
    """``Analysis Engine, API: degraded performance``, the worst first."""
    wanted = (
        select(Component.name, IncidentComponent.status)
        .join(IncidentComponent, IncidentComponent.component_id == Component.public_id)
        .where(IncidentComponent.incident_id == incident.id, IncidentComponent.status != ComponentStatus.OPERATIONAL)
        .order_by(Component.group_id, Component.position)
    )
    by_status: dict[str, list[str]] = {}
    for name, status in db.session.execute(wanted):
        by_status.setdefault(status, []).append(name)
    worst_first = sorted(by_status, key=lambda status: -BADNESS.get(status, 0))
    said = "; ".join(f"{', '.join(by_status[each])}: {each.replace('_', ' ')}" for each in worst_first)
    return said if len(said) <= _LONGEST_AFFECTED else f"{said[: _LONGEST_AFFECTED - 1]}…"


def shut(incident: Incident, place: str, channel: str, *, reason: str) -> dict[str, Any]:
    """To the team's channel: the incident's own one takes nothing from us."""
    said = about_team.shut(incident.ref, reason=reason, room=room_of(incident))
    event = f"team/{incident.id}/shut/{channel}"[:200]
    return message(incident, "slack", place, {**said, **_thread(incident, place)}, event=event)


# ---- what is new ----


def _replies(news: News, place: str) -> Iterable[dict[str, Any]]:
    incident = news.incident
    entries = news.said_at_once
    lines = lines_of(entries) if "declared" not in news.kinds else []
    is_call = bool(news.kinds & _CALLS)
    if lines and not _joined(incident, place, lines, is_call=is_call):
        yield _reply(incident, place, lines, event=event_of(incident, "reply", entries[0]), is_call=is_call)
    for entry in news.can_be_undone:
        made = _reply(incident, place, lines_of([entry]), event=event_of(incident, "update", entry), is_call=False)
        yield {**made, "not_before": undo_until(entry)}


def _reply(incident: Incident, place: str, lines: Sequence[Line], *, event: str, is_call: bool) -> dict[str, Any]:
    said = about_team.reply(lines, incident=incident, room=room_of(incident), can_be_acknowledged=is_call)
    return message(incident, "slack", place, {**said, **_thread(incident, place)}, event=event)


def _thread(incident: Incident, place: str) -> dict[str, str]:
    """In the team's channel it hangs below the headline; the incident's own is about nothing else."""
    return {"thread_of": headline_key(incident)} if place == TEAM_DESTINATION else {}


def _joined(incident: Incident, place: str, lines: Sequence[Line], *, is_call: bool) -> bool:
    """Whether it is said by a message that waits there for its turn: what is on its way already is left alone."""
    waiting = (
        select(OutboxMessage)
        .where(
            OutboxMessage.incident_id == incident.id,
            outbox.is_for_the_team(),
            outbox.is_waiting(OutboxMessage),
            OutboxMessage.channel == "slack",
            OutboxMessage.destination == place,
            OutboxMessage.leased_by.is_(None),
            OutboxMessage.attempts == 0,
            OutboxMessage.event.startswith(f"team/{incident.id}/reply/", autoescape=True),
        )
        .order_by(OutboxMessage.id.desc())
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row = db.session.scalars(waiting).one_or_none()
    before = [Line(*pair) for pair in row.payload.get("lines", ())] if row is not None else []
    together = list(dict.fromkeys([*before, *lines]))
    if row is None or not before or len(together) > _MOST_LINES:
        return False
    is_call = is_call or bool(row.payload.get("is_call"))
    said = about_team.reply(together, incident=incident, room=room_of(incident), can_be_acknowledged=is_call)
    row.payload = {**said, **_thread(incident, place)}
    db.session.flush()
    return True


def _reminders(news: News, place: str) -> Iterable[dict[str, Any]]:
    """The nudge is for one person, who hears of it by themselves; only the incident's own channel repeats it."""
    for entry in news.reminders:
        if (
            entry.detail.get("stage") == NUDGE.key
            and not entry.detail.get("late_minutes")
            and place == TEAM_DESTINATION
        ):
            continue
        yield _reminder(news.incident, place, entry)


def _reminder(incident: Incident, place: str, entry: TimelineEntry) -> dict[str, Any]:
    from .updates import no_change_text

    said = about_team.reminder(
        incident,
        entry,
        no_change=no_change_text(incident),
        heard_at=incident.last_update_at,
        base_url=settings().base_url,
        zone=page_settings().zone,
    )
    event, key = event_of(incident, "reminder", entry), f"reminder/{incident.id}"
    return message(incident, "slack", place, {**said, **_thread(incident, place)}, event=event, fold_key=key)
