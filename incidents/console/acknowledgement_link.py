"""Acknowledging from a letter, signed out: one page with one button, for one person and one incident."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, make_response, redirect, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from .. import actions
from ..access import Role, acknowledging, anyone
from ..access.acknowledging import Pass
from ..access.visibility import find_incident
from ..actions import roles
from ..kernel.database import db
from ..messages.about_incidents import clock_time
from ..records.incidents import Incident
from ..records.people import Person
from ..records.timeline import TimelineEntry

bp = Blueprint("acknowledgement_link", __name__)

_OFFERED = 200


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the page says. ``incident`` is named only to somebody who may see it, by a link that still counts."""

    status: int
    title: str
    sentence: str
    incident: Incident | None = None
    person: Person | None = None

    @property
    def is_offered(self) -> bool:
        """Whether the button is there."""
        return self.status == _OFFERED and self.sentence == ""


# one answer for an address that we did not write and for an incident that its holder may not see: nobody learns which
_UNKNOWN = Answer(status=404, title="This link does not work", sentence="Copy the whole link from the letter.")


@bp.get("/ack/<token>")
@anyone()
def show(token: str) -> ResponseReturnValue:
    """Severity, title, how long, and the button; it never acts."""
    return _page(_answer(acknowledging.read(token), for_writing=False))


@bp.post("/ack/<token>")
@anyone()
def acknowledge(token: str) -> ResponseReturnValue:
    """Acknowledge as the person to whom the letter went; the second time it only says so."""
    answer = _answer(acknowledging.read(token), for_writing=True)
    if not answer.is_offered or answer.incident is None or answer.person is None:
        return _page(answer)
    actions.acknowledge(answer.incident, by=answer.person.as_actor())
    db.session.commit()
    return redirect(f"/ack/{token}", 303)


def _page(answer: Answer) -> ResponseReturnValue:
    incident, person = answer.incident, answer.person
    page = render_template(
        "console/acknowledgement_link.html",
        answer=answer,
        incident=incident,
        began=clock_time(incident.began_at, person.zone) if incident and person else "",
        becomes_commander=incident is not None
        and answer.is_offered
        and roles.holder(incident, roles.COMMANDER) is None,
    )
    return make_response(page, answer.status)


def _answer(found: Pass | None, *, for_writing: bool) -> Answer:
    if found is None:
        return _UNKNOWN
    person = db.session.get(Person, found.person_id)
    if person is None:
        return _UNKNOWN
    if not person.is_active:
        return Answer(status=403, title="This account is disabled", sentence="Its links acknowledge nothing.")
    incident = find_incident(f"INC-{found.incident_id}", person, for_writing=for_writing)
    if incident is None:
        return _UNKNOWN
    return _of_incident(incident, person, found)


def _of_incident(incident: Incident, person: Person, found: Pass) -> Answer:
    ref = incident.ref
    if not person.may(Role.RESPONDER):
        return Answer(status=403, title="You may only look", sentence=f"Only a responder can acknowledge {ref}.")
    if not incident.is_open:
        return _about(incident, person, 409, f"{ref} is over", "There is nothing to acknowledge.")
    used_at = _used_at(found)
    if used_at is not None:
        return _used(incident, person, used_at)
    if incident.acknowledgement_at is not None:
        who = (incident.acknowledgement_by or "").split(":", 2)[-1]
        at = clock_time(incident.acknowledgement_at, person.zone)
        return _about(incident, person, 409, "Already acknowledged", f"{who} acknowledged {ref} at {at}.")
    if found.is_expired:
        expired = "It is older than two days. Sign in to acknowledge."
        return Answer(status=410, title="This link has expired", sentence=expired, person=person)
    return _about(incident, person, _OFFERED, "Acknowledge?", "")


def _used(incident: Incident, person: Person, at: datetime) -> Answer:
    when = clock_time(at, person.zone)
    if incident.is_acknowledged:
        return _about(incident, person, 200, "You have it", f"You acknowledged {incident.ref} at {when}.")
    lapsed = f"You acknowledged {incident.ref} at {when}, and that no longer counts. A link works once."
    return _about(incident, person, 409, "This link was used", lapsed)


def _about(incident: Incident, person: Person, status: int, title: str, sentence: str) -> Answer:
    return Answer(status=status, title=title, sentence=sentence, incident=incident, person=person)


def _used_at(found: Pass) -> datetime | None:
    """When this person acknowledged, after the letter was written."""
    taken = select(TimelineEntry.recorded_at).where(
        TimelineEntry.incident_id == found.incident_id,
        TimelineEntry.kind == "acknowledged",
        TimelineEntry.by_kind == "person",
        TimelineEntry.by_id == found.person_id,
        TimelineEntry.recorded_at >= found.written_at,
    )
    return db.session.scalar(taken.order_by(TimelineEntry.id.desc()).limit(1))
