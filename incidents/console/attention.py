"""What needs a person now: incidents nobody has taken, updates that are owed, roles and post-mortems that wait for him."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from textwrap import shorten

from sqlalchemy import select

from ..access.visibility import visible_incidents, visible_to
from ..actions import roles
from ..actions import watch as watch_rules
from ..actions.roles import LEADING
from ..kernel import clock
from ..kernel.database import db
from ..policy.attention import earliest
from ..policy.lifecycle import Outcome, Step
from ..records.approvals import SENT_BACK, UpdateApproval
from ..records.incidents import Bell, Incident, IncidentRole
from ..records.people import Person, Role
from ..records.postmortem_reviews import PostmortemReview
from ..records.postmortems import Postmortem
from ..records.updates import Update
from . import unheard
from .formats import clock_words, lasted
from .unheard import Unheard

_POSTMORTEM_AHEAD = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Need:
    """One row of the list on Now: what, why, by when, and the one button.

    ``posts``: the button sends a form at once; else it opens a page. ``early``/``late``: the words of the countdown.
    """

    incident: Incident
    reason: str
    button: str
    address: str
    posts: bool = False
    due_at: datetime | None = None
    early: str = ""
    late: str = ""
    key: str | None = None


@dataclass(frozen=True)
class Asked:
    """A draft that somebody asked another to read."""

    incident: Incident
    update: Update
    question: UpdateApproval


@dataclass(frozen=True, kw_only=True)
class Watch:
    """Every open incident the person may see, with what the lists need to know of each."""

    person: Person
    incidents: Sequence[Incident]
    roles: dict[int, dict[str, IncidentRole]]
    escalates_at: dict[int, datetime]
    drafts: Sequence[Asked]  # each with the newest question about it
    reviews: Sequence[tuple[Incident, PostmortemReview]]  # of post-mortems, asked of this person
    unheard: dict[int, Unheard]  # of those nobody, or not the first to be told, heard of

    def holds(self, incident: Incident, *roles: str) -> bool:
        """Whether the person has one of these roles in it."""
        return any(held.person_id == self.person.id for role, held in self.roles[incident.id].items() if role in roles)

    def is_held(self, incident: Incident, role: str) -> bool:
        return role in self.roles[incident.id]


def watch(person: Person) -> Watch:
    """Ask once: the incidents that are open, or resolved with a post-mortem still owed."""
    waiting = (
        (Incident.outcome == Outcome.RESOLVED) & Incident.closed_at.is_(None) & Incident.postmortem_due_at.is_not(None)
    )
    incidents = db.session.scalars(
        visible_incidents(person).where(Incident.outcome.is_(None) | waiting).order_by(Incident.severity, Incident.id)
    ).all()
    ids = [incident.id for incident in incidents]
    return Watch(
        person=person,
        incidents=incidents,
        roles=_roles(ids),
        escalates_at=_escalations(incidents),
        drafts=_asked({incident.id: incident for incident in incidents}),
        unheard=unheard.of(incidents),
        reviews=_reviews(person),
    )


def needs(seen: Watch) -> list[Need]:
    """What needs this person, the most urgent first: not acknowledged P1 to P4, late updates, updates due, the rest."""
    if not seen.person.may(Role.RESPONDER):
        return []
    now = clock.now()
    open_ones = [incident for incident in seen.incidents if incident.is_open]
    untaken = [_untaken(seen, incident) for incident in open_ones if waits_for_somebody(incident)]
    updates = [_update(incident) for incident in open_ones if _owes_update(seen, incident)]
    given = _given_roles(seen, open_ones)
    postmortems = [
        _postmortem(incident)
        for incident in seen.incidents
        if not incident.is_open and seen.holds(incident, "commander") and _is_near(incident.postmortem_due_at, now)
    ]
    updates.sort(key=lambda need: need.due_at or now)
    untaken.sort(key=lambda need: (need.incident.severity, need.due_at or now))
    reviews = [_to_review(incident, review) for incident, review in seen.reviews]
    return [*untaken, *updates, *_approvals(seen), *given, *reviews, *postmortems]


def later(seen: Watch) -> list[Need]:
    """Post-mortems of this person that are not pressing yet."""
    now = clock.now()
    return [
        _postmortem(incident)
        for incident in seen.incidents
        if not incident.is_open
        and seen.holds(incident, "commander")
        and incident.postmortem_due_at
        and not _is_near(incident.postmortem_due_at, now)
    ]


def most_urgent(seen: Watch) -> Incident | None:
    """The open P1 or P2 that the strip above every page is about: not taken first, then the earliest promise."""
    loud = [incident for incident in seen.incidents if incident.is_open and incident.severity in ("P1", "P2")]
    far = datetime.max.replace(tzinfo=clock.now().tzinfo)
    return min(
        loud,
        key=lambda each: (not waits_for_somebody(each), each.severity, each.next_update_due_at or far, each.id),
        default=None,
    )


def waits_for_somebody(incident: Incident) -> bool:
    """Whether it is open, and nobody has said "I have it"."""
    return incident.is_open and not incident.is_acknowledged and not incident.pages_nobody


def _owes_update(seen: Watch, incident: Incident) -> bool:
    """Whether this promise is this person's: the communications lead's, else the commander's, else anybody's."""
    if incident.next_update_due_at is None:
        return False
    if seen.holds(incident, "communications_lead"):
        return True
    late = incident.next_update_due_at <= clock.now()
    if seen.is_held(incident, "communications_lead"):
        return late and seen.holds(incident, "commander")
    return seen.holds(incident, "commander") or not seen.is_held(incident, "commander")


def _untaken(seen: Watch, incident: Incident) -> Need:
    escalates_at = seen.escalates_at.get(incident.id)
    silence = f" {seen.unheard[incident.id].sentence}" if incident.id in seen.unheard else ""
    return Need(
        incident=incident,
        reason=f"Nobody has acknowledged this. Declared {lasted(clock.now() - incident.declared_at)} ago by {incident.declared_by_name}.{silence}",
        button="Acknowledge",
        address=f"/console/incidents/{incident.ref}/acknowledgement",
        posts=True,
        due_at=escalates_at,
        early="to escalation",
        late="since escalation",
        key="a",
    )


def _update(incident: Incident) -> Need:
    due_at = incident.next_update_due_at
    assert due_at is not None
    last = f" The last one was {lasted(clock.now() - incident.last_update_at)} ago." if incident.last_update_at else ""
    word = "was due" if due_at < clock.now() else "is due"
    return Need(
        incident=incident,
        reason=f"The next update {word} at {clock_words(due_at)}.{last}",
        button="Post update",
        address=f"/console/incidents/{incident.ref}/updates",
        due_at=due_at,
        early="to next update",
        late="late",
    )


def _given_roles(seen: Watch, incidents: Sequence[Incident]) -> list[Need]:
    """Roles that another gave this person, and that nobody has accepted yet."""
    waiting = [
        (incident, role)
        for incident in incidents
        for role, held in seen.roles[incident.id].items()
        if held.person_id == seen.person.id and held.accepted_at is None
    ]
    labels = roles.role_labels() if waiting else {}
    return [_given_role(incident, role, labels.get(role, role)) for incident, role in waiting]


def _given_role(incident: Incident, role: str, label: str) -> Need:
    return Need(
        incident=incident,
        reason=f"You were made {label.lower()}. Say that you have it.",
        button="I have it",
        address=f"/console/incidents/{incident.ref}/roles/{role}/acceptance",
        posts=True,
    )


def _approvals(seen: Watch) -> list[Need]:
    """Texts that wait for this person's eyes, and his own that came back. Who was not named is asked once it is late."""
    found = []
    for asked in seen.drafts:
        question, is_own = asked.question, asked.question.was_asked_by("person", seen.person.id)
        if question.is_open and not is_own and _is_this_persons(seen, asked):
            found.append(_to_approve(asked))
        elif question.answer == SENT_BACK and is_own:
            found.append(_sent_back(asked))
    return found


def _is_this_persons(seen: Watch, asked: Asked) -> bool:
    if asked.question.asked_of_id in (None, seen.person.id) or seen.holds(asked.incident, *LEADING):
        return True
    needed_at = _needed_at(asked)
    return needed_at is not None and needed_at <= clock.now()


def _needed_at(asked: Asked) -> datetime | None:
    return earliest(asked.incident.next_update_due_at, asked.update.publish_at)


def _to_approve(asked: Asked) -> Need:
    since = lasted(clock.now() - asked.question.asked_at)
    return Need(
        incident=asked.incident,
        reason=f"{asked.question.asked_by_name} asks for a second pair of eyes on an update, for {since}. "
        "A draft keeps no promise.",
        button="Read and answer",
        address=f"/console/incidents/{asked.incident.ref}/updates/{asked.update.public_id}",
        due_at=_needed_at(asked),
        early="until it is needed",
        late="late",
    )


def _sent_back(asked: Asked) -> Need:
    return Need(
        incident=asked.incident,
        reason=f"{asked.question.answered_by_name} sent your update back: "
        f"{shorten(asked.question.words or '', 160, placeholder='…')}",
        button="Change it",
        address=f"/console/incidents/{asked.incident.ref}/updates/{asked.update.public_id}",
    )


def _postmortem(incident: Incident) -> Need:
    return Need(
        incident=incident,
        reason="The post-mortem is owed: what broke, for how long, why, what changes.",
        button="Write it",
        address=f"/console/incidents/{incident.ref}/steps?step={Step.POSTMORTEM}",
        due_at=incident.postmortem_due_at,
        early="to the post-mortem",
        late="late",
    )


def _reviews(person: Person) -> list[tuple[Incident, PostmortemReview]]:
    waiting = (
        select(Incident, PostmortemReview)
        .join(Postmortem, Postmortem.incident_id == Incident.id)
        .join(PostmortemReview, PostmortemReview.postmortem_id == Postmortem.id)
        .where(visible_to(person), PostmortemReview.answer.is_(None), PostmortemReview.reviewer_id == person.id)
        .order_by(PostmortemReview.id)
    )
    return [(incident, review) for incident, review in db.session.execute(waiting)]


def _to_review(incident: Incident, review: PostmortemReview) -> Need:
    return Need(
        incident=incident,
        reason=f"{review.asked_by_name} asks you to review the post-mortem, for {lasted(clock.now() - review.asked_at)}.",
        button="Read it",
        address=f"/console/incidents/{incident.ref}/postmortem",
        due_at=incident.postmortem_due_at,
        early="to the post-mortem",
        late="late",
    )


def _is_near(due_at: datetime | None, now: datetime) -> bool:
    return due_at is not None and due_at - now <= _POSTMORTEM_AHEAD


def _roles(ids: Sequence[int]) -> dict[int, dict[str, IncidentRole]]:
    held: dict[int, dict[str, IncidentRole]] = defaultdict(dict)
    for row in db.session.scalars(
        select(IncidentRole).where(IncidentRole.incident_id.in_(ids), IncidentRole.until.is_(None))
    ):
        held[row.incident_id][row.role] = row
    return held


def _asked(incidents: Mapping[int, Incident]) -> list[Asked]:
    rows = db.session.execute(
        select(Update, UpdateApproval)
        .join(UpdateApproval, UpdateApproval.update_id == Update.id)
        .where(Update.incident_id.in_(incidents), Update.state == "draft")
        .order_by(UpdateApproval.id)
    )
    newest = {update.id: Asked(incidents[update.incident_id], update, question) for update, question in rows}
    return [*newest.values()]


def _escalations(incidents: Iterable[Incident]) -> dict[int, datetime]:
    """When the next level is told, for each incident that waits for somebody."""
    waiting = [incident for incident in incidents if waits_for_somebody(incident)]
    if not waiting:
        return {}
    bells: dict[int, dict[str, datetime]] = defaultdict(dict)
    struck = select(Bell.incident_id, Bell.key, Bell.at).where(
        Bell.incident_id.in_([each.id for each in waiting]), Bell.key.not_like("update/%")
    )
    for incident_id, key, at in db.session.execute(struck):
        bells[incident_id][key] = at
    found = {}
    for incident in waiting:
        struck_so_far = watch_rules.struck_of(incident, bells[incident.id])
        escalates_at = watch_rules.next_level_at(incident, struck_so_far, asks_whom=False)
        if escalates_at is not None:
            found[incident.id] = escalates_at
    return found
