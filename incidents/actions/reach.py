"""How a person is reached: one message an address, in their order, and what becomes of those not sent in time.

A page is never joined with another, limited, or delayed beyond what its recipient chose; alerts are (``tell_of_alert``).
"""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from sqlalchemy import ColumnElement, update

from ..kernel import clock, outbox
from ..kernel.database import db
from ..kernel.outbox import OutboxMessage
from ..messages import payloads
from ..messages.letters import Letter
from ..policy import quiet
from ..policy.severity import Severity
from ..records.addresses import HIGH, LOW
from ..records.incidents import Incident
from ..records.people import Person
from ..reports import ways
from ..reports.tellings import ACKNOWLEDGED, ANSWERED, OVER
from ..reports.ways import Way, Ways


def urgency_of(incident: Incident | None) -> str:
    """P1 and P2 are urgent; P3, P4 and what is about no incident are not."""
    return HIGH if incident is not None and incident.severity in (Severity.P1, Severity.P2) else LOW


def messages_to(
    person: Person,
    letter: Letter,
    *,
    urgency: str,
    event: str,
    incident: Incident | None,
    purpose: str,
    now: datetime | None = None,
    known: Ways | None = None,
) -> list[dict[str, Any]]:
    """The letter for each of the person's addresses, as ``kernel.outbox.enqueue_each`` takes it.

    ``known`` are the ways of everybody who is written to, where there are several people: they are then read once.
    """
    moment = now or clock.now()
    found = (known or Ways([person])).used_for(person, urgency)
    return [
        {
            "event": event_for(event, person, way),
            "channel": way.channel,
            "destination": way.destination,
            "payload": payloads.payload_for(way.channel, letter, to=way.value, purpose=purpose),
            "incident_id": None if incident is None else incident.id,
            "person_id": person.id,
            "purpose": purpose,
            "not_before": not_before(person, way, urgency=urgency, now=moment),
        }
        for way in found
    ]


def event_for(event: str, person: Person, way: Way) -> str:
    """Bare at the account's e-mail, which is one person's alone; two people may share any other address."""
    return event if way.is_account else f"{event}/{person.id}"


def not_before(person: Person, way: Way, *, urgency: str, now: datetime) -> datetime:
    """When the message is due: after the delay, and what is not urgent past the person's quiet hours.

    E-mail and Slack wake nobody by themselves and do not wait for them (product.md, section 3).
    """
    due_at = now + way.after
    if urgency == HIGH or way.channel in (ways.EMAIL, ways.SLACK) or not person.quiet_from or not person.quiet_until:
        return due_at
    begins, ends = time.fromisoformat(person.quiet_from), time.fromisoformat(person.quiet_until)
    return quiet.ends_at(due_at, begins=begins, ends=ends, zone=person.time_zone) or due_at


def stop_pages(incident: Incident, reason: str = ACKNOWLEDGED, *, of: int | None = None) -> int:
    """Pages of this incident that have not left do not leave any more, all, or those of one person by id; answers how many."""
    whose = [] if of is None else [OutboxMessage.person_id == of]
    return _skip(incident, reason, OutboxMessage.purpose == outbox.PAGE, *whose)


def resume_pages(incident: Incident, *, since: datetime) -> int:
    """The acknowledgement made at ``since`` was taken back: what would have left after it leaves after all."""
    skipped = (
        OutboxMessage.purpose == outbox.PAGE,
        OutboxMessage.state == outbox.SKIPPED,
        OutboxMessage.reason == ACKNOWLEDGED,
        OutboxMessage.next_attempt_at >= since,
    )
    return _change(incident, *skipped, state=outbox.WAITING, reason=None)


def stop_reminders(incident: Incident, reason: str = ANSWERED) -> int:
    """The promise was answered or the reminder held back. While nobody has the incident all of them still go out:

    such a letter may also say that nobody acknowledged.
    """
    if not incident.is_acknowledged:
        return 0
    return _skip(incident, reason, OutboxMessage.purpose == outbox.REMINDER)


def stop_all(incident: Incident, reason: str = OVER) -> int:
    """The incident is over: nothing that calls for somebody leaves any more."""
    return _skip(incident, reason, OutboxMessage.purpose.in_((outbox.PAGE, outbox.REMINDER)))


def _skip(incident: Incident, reason: str, *which: ColumnElement[bool]) -> int:
    # what is on its way at this moment cannot be called back
    waits = (OutboxMessage.state == outbox.WAITING, OutboxMessage.leased_by.is_(None))
    return _change(incident, *waits, *which, state=outbox.SKIPPED, reason=reason)


def _change(incident: Incident, *which: ColumnElement[bool], **values: Any) -> int:
    statement = (
        update(OutboxMessage)
        .where(OutboxMessage.incident_id == incident.id, outbox.is_for_the_team(), *which)
        .values(values)
    )
    # an action may be half way through changing the incident, which no table would take as it stands
    with db.session.no_autoflush:
        result: Any = db.session.execute(statement, execution_options={"synchronize_session": "fetch"})
    return int(result.rowcount)
