"""The seventh step: drafting the post-mortem, giving it an owner, publishing it to colleagues, or waiving it."""

from __future__ import annotations

from sqlalchemy import select

from ...kernel import clock
from ...kernel.database import db
from ...kernel.errors import Malformed, NotAllowed
from ...policy.lifecycle import Outcome, Step
from ...policy.postmortems import SectionName, State
from ...records.actors import Actor
from ...records.incidents import Incident, IncidentRole
from ...records.people import Person, Role
from ...records.postmortem_reviews import TAKEN_BACK
from ...records.postmortems import Postmortem, PostmortemSection, find_postmortem
from ...records.timeline import TimelineEntry
from ...reports import postmortem as report
from .. import journal, roles, telling
from . import review, writing


def begin_postmortem(incident: Incident, *, by: Actor) -> Postmortem:
    """Draft it from the record and enter the seventh step; the one that exists, when it was begun before.

    One begun on an incident that was closed (P3 and P4 close at resolution) opens it again until it is published
    or waived. Raises NotAllowed before the end, and for what was merged or a false alarm.
    """
    found = find_postmortem(incident.id)
    if found is not None:
        return found
    _refuse_before_the_end(incident)
    if incident.outcome != Outcome.RESOLVED:
        raise NotAllowed("A post-mortem is written of an incident that was resolved.")
    owner = owner_of(incident)
    now = clock.now()
    postmortem = Postmortem(
        incident_id=incident.id,
        owner_id=owner.id if owner else None,
        owner_name=owner.name if owner else "",
        begun_at=now,
        begun_by_name=by.name,
    )
    db.session.add(postmortem)
    db.session.flush()
    drafted = report.draft(incident)
    db.session.add_all(
        PostmortemSection(postmortem_id=postmortem.id, name=name, generated=section.text, generated_at=now)
        for name, section in drafted.sections.items()
    )
    incident.closed_at = incident.postmortem_waived_reason = None
    journal.write(incident, "postmortem", by=by, detail={"begun": True})
    _enter_the_step(incident, by=by)
    db.session.flush()
    return postmortem


def set_postmortem_owner(postmortem: Postmortem, *, person: Person, by: Actor) -> None:
    """Say who brings it to its end; reminders go to that person. Raises Malformed for who cannot write in it."""
    incident = db.session.get_one(Incident, postmortem.incident_id)
    if not person.is_active:
        raise Malformed({"owner": f"{person.name}'s account is disabled. Choose somebody else."})
    if not person.may(Role.RESPONDER):
        raise Malformed({"owner": f"{person.name} may only look. Choose somebody else."})
    if not telling.who_may_hear(incident, [person]):
        raise Malformed({"owner": f"{person.name} may not see {incident.ref}. Name them there first."})
    if postmortem.owner_id == person.id:
        return
    before, postmortem.owner_name, postmortem.owner_id = postmortem.owner_name, person.name, person.id
    postmortem.version += 1
    journal.write(incident, "postmortem", by=by, detail={"owner": person.name, "before": before})


def publish_postmortem(incident: Incident, *, by: Actor, reason: str = "") -> Postmortem:
    """Publish it to colleagues, and close the incident. The public hears nothing: the RCA is a text of its own.

    While somebody is asked to read it, whoever wrote none of it publishes it as its reviewer; else it is published
    without one, which stays written beside it with the ``reason``.
    """
    _refuse_before_the_end(incident)
    postmortem = begin_postmortem(incident, by=by)
    if postmortem.state == State.PUBLISHED:
        return postmortem
    is_reviewed = review.approve(postmortem, by=by)
    postmortem.state, postmortem.published_at, postmortem.published_by_name = State.PUBLISHED, clock.now(), by.name
    postmortem.reviewer_name = by.name if is_reviewed else None
    postmortem.unreviewed_reason = None if is_reviewed else journal.optional_words(reason, field="why", longest=1000)
    postmortem.version += 1
    incident.postmortem_waived_reason = None
    detail = {"published": True, "reviewed": is_reviewed}
    journal.write(incident, "postmortem", by=by, body=postmortem.unreviewed_reason or "", detail=detail)
    _enter_the_step(incident, by=by)
    close(incident, by=by)
    return postmortem


def write_postmortem(incident: Incident, *, by: Actor, body: str) -> Postmortem:
    """The whole step in one text: it becomes the summary, and is published to colleagues at once."""
    text = journal.words(body, field="body", sentence="Write what was learnt.")
    _refuse_before_the_end(incident)
    postmortem = begin_postmortem(incident, by=by)
    writing.write_section(postmortem, SectionName.SUMMARY, by=by, body=text)
    return publish_postmortem(incident, by=by)


def waive_postmortem(incident: Incident, *, by: Actor, reason: str) -> None:
    """No post-mortem is written, for this reason; the incident is closed. Raises NotAllowed once one is published."""
    _refuse_before_the_end(incident)
    begun = find_postmortem(incident.id)
    if begun is not None and begun.state == State.PUBLISHED:
        raise NotAllowed("It is published already, and nothing is left to waive.")
    incident.postmortem_waived_reason = journal.words(
        reason, field="reason", sentence="Say why none is needed.", longest=1000
    )
    if begun is not None and begun.state == State.IN_REVIEW:
        review.take_back_review(begun, by=by)
    journal.write(incident, "postmortem", by=by, body=incident.postmortem_waived_reason, detail={"waived": True})
    close(incident, by=by)


def close(incident: Incident, *, by: Actor) -> None:
    """Nothing is owed any more."""
    if incident.closed_at is None:
        incident.closed_at = clock.now()
        journal.write(incident, "closed", by=by)


def take_back_publication(incident: Incident, *, by: Actor) -> None:
    """It was reopened: what was published of it is a draft again."""
    postmortem = find_postmortem(incident.id)
    if postmortem is not None and postmortem.state != State.DRAFT:
        review.close_review(postmortem, TAKEN_BACK, by=by)
        postmortem.state, postmortem.published_at, postmortem.published_by_name = State.DRAFT, None, None
        postmortem.reviewer_name = postmortem.unreviewed_reason = None
        postmortem.version += 1


def owner_of(incident: Incident) -> Person | None:
    """Who owes it: its owner once begun, else the commander at resolution, who resolved it, or who declared it.

    Somebody whose account is disabled, or who may not see it any more, owes nothing; None when nobody is left.
    """
    begun = find_postmortem(incident.id)
    ids = [begun.owner_id if begun else None, _last_commander(incident), _resolver(incident)]
    if incident.declared_by_kind == "person":
        ids.append(incident.declared_by_id)
    for person_id in ids:
        person = db.session.get(Person, person_id) if person_id is not None else None
        if person is not None and person.is_active and telling.who_may_hear(incident, [person]):
            return person
    return None


def last_commander(incident: Incident) -> Person | None:
    """Who commands it, or did so last; the account may be disabled."""
    person_id = _last_commander(incident)
    return db.session.get(Person, person_id) if person_id is not None else None


def _last_commander(incident: Incident) -> int | None:
    held = select(IncidentRole.person_id).where(
        IncidentRole.incident_id == incident.id, IncidentRole.role == roles.COMMANDER
    )
    return db.session.scalar(held.order_by(IncidentRole.until.is_(None).desc(), IncidentRole.since.desc()).limit(1))


def _resolver(incident: Incident) -> int | None:
    resolved = select(TimelineEntry.by_id).where(
        TimelineEntry.incident_id == incident.id, TimelineEntry.kind == "resolved", TimelineEntry.by_kind == "person"
    )
    return db.session.scalar(resolved.order_by(TimelineEntry.id.desc()).limit(1))


def _refuse_before_the_end(incident: Incident) -> None:
    if incident.is_open:
        raise NotAllowed("Resolve the incident first. The post-mortem comes after it.")


def _enter_the_step(incident: Incident, *, by: Actor) -> None:
    if incident.step != Step.POSTMORTEM:
        before, incident.step = incident.step, Step.POSTMORTEM
        journal.write(incident, "step", by=by, detail={"before": before, "after": Step.POSTMORTEM, "move": "forward"})
