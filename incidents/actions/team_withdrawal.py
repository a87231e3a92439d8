"""An incident that becomes restricted: what waits for the team's channels does not leave, and what stands loses its words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import or_, select, update

from ..kernel import outbox
from ..kernel.database import db
from ..kernel.outbox import OutboxMessage
from ..messages import about_team, payloads
from ..records.incident_channels import channel_of
from ..records.incidents import Incident
from ..records.timeline import TimelineEntry

_RESTRICTED = "The incident was restricted before this was sent"


def messages(incident: Incident, entry: TimelineEntry, places: Mapping[str, Sequence[str]]) -> Iterable[dict[str, Any]]:
    """Skip what waits, and edit what stands in Slack; each message there once, however often it was changed.

    These messages name no incident to the outbox, which would keep them back like everything about a restricted one.
    """
    own = channel_of(incident.id)  # one that is private keeps what it was told
    waiting = update(OutboxMessage).where(
        OutboxMessage.incident_id == incident.id,
        outbox.is_for_the_team(),
        OutboxMessage.purpose == outbox.TEAM,
        OutboxMessage.person_id.is_(None),
        OutboxMessage.destination != (own or ""),
        OutboxMessage.state == outbox.WAITING,
        OutboxMessage.leased_by.is_(None),
    )
    db.session.execute(waiting.values(state=outbox.SKIPPED, reason=_RESTRICTED))
    if incident.is_drill and "slack" not in places:
        return
    told = select(OutboxMessage.event, OutboxMessage.channel, OutboxMessage.destination, OutboxMessage.receipt).where(
        OutboxMessage.incident_id == incident.id,
        outbox.is_for_the_team(),
        OutboxMessage.purpose == outbox.TEAM,
        OutboxMessage.person_id.is_(None),
        OutboxMessage.destination != (own or ""),
        or_(OutboxMessage.state == outbox.SENT, OutboxMessage.attempts > 0),
    )
    alerted: set[str] = set()
    seen: set[tuple[str, str]] = set()
    for row in db.session.execute(told.order_by(OutboxMessage.id)).all():
        said: dict[str, Any]
        if row.channel == "slack":
            stands_at = str((row.receipt or {}).get("ts") or row.event)
            if (row.destination, stands_at) in seen:
                continue
            seen.add((row.destination, stands_at))
            said = {
                **about_team.withdrawn(incident),
                "replaces": row.event,
                "of_incident": incident.id,
                "only_edits": True,
            }
        elif row.channel == "pagerduty" and row.destination not in alerted:
            alerted.add(row.destination)
            said = payloads.follow("resolve", payloads.dedup_key(incident.ref))
        else:
            continue
        yield {
            "event": f"{row.event}/withdrawn/{entry.id}"[-200:],
            "channel": row.channel,
            "destination": row.destination,
            "payload": said,
            "purpose": outbox.TEAM,
        }
