"""How one incident stands: everything the room prints beside its timeline."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from ..access.visibility import merged_into, visible_to
from ..actions import approval, asked, components, relations, roles, tags, targets, updates, visibility
from ..kernel import clock
from ..kernel.database import db
from ..policy.components import BADNESS, ComponentStatus, worst
from ..policy.durations import duration
from ..policy.lifecycle import Outcome, Visibility
from ..policy.severity import SlaState
from ..policy.similar import Looks
from ..published import publishing
from ..published.components import all_components
from ..published.incidents import PublishedIncident
from ..records.approvals import UpdateApproval
from ..records.incidents import Incident, IncidentRole, Target
from ..records.people import Person
from ..records.updates import Update
from ..reports import tellings
from ..reports.similar import Match, seen_before
from . import ladder, room_channel, stepper
from .glance import Mark
from .ladder import Ladder
from .stepper import Go


@dataclass(frozen=True, kw_only=True)
class Seat:
    """One role with its holder."""

    role: str
    label: str
    held: IncidentRole | None
    person: Person | None

    @property
    def is_unaccepted(self) -> bool:
        """Whether its holder was given it by somebody else and has not said "I have it"."""
        return self.held is not None and self.held.accepted_at is None


@dataclass(frozen=True, kw_only=True)
class Deadline:
    """A target: to acknowledge or to resolve. ``left``: how long is left while it runs; ``severity``: whose it was."""

    label: str
    at: datetime
    state: SlaState
    severity: str = ""
    met_at: datetime | None = None
    left: str = ""


@dataclass(frozen=True, kw_only=True)
class Related:
    """Another incident that the viewer may see."""

    relation_id: int
    word: str
    other: Incident


@dataclass(frozen=True, kw_only=True)
class Standing:
    """The room's facts."""

    incident: Incident
    my_id: int
    marks: Sequence[Mark]
    go: Go | None
    commander: Person | None
    seats: Sequence[Seat]
    ladder: Ladder
    components: Sequence[tuple[str, str]]
    worst: str
    deadlines: Sequence[Deadline]
    deadlines_before: Sequence[Deadline]  # replaced by another severity, or from before a reopening
    related: Sequence[Related]
    tags: Sequence[str]
    before: Sequence[Match]  # past incidents that look like this one, and that nobody has related to it
    goes_on_in: Incident | None  # what it was merged into, where the viewer may see that
    named: Sequence[Person]
    published: PublishedIncident | None
    last_update: Update | None
    waiting: Sequence[Update]
    questions: Mapping[int, UpdateApproval | None]  # the newest about each of those
    due_begun_at: datetime | None
    channel: room_channel.Shown | None  # in Slack

    @property
    def is_untaken(self) -> bool:
        return self.incident.is_open and not self.incident.is_acknowledged

    @property
    def mine_to_accept(self) -> list[Seat]:
        """Roles that the viewer was given and has not accepted."""
        return [
            seat
            for seat in self.seats
            if seat.is_unaccepted and seat.person is not None and seat.person.id == self.my_id
        ]

    @property
    def touched(self) -> list[tuple[str, list[str]]]:
        """Component names by state, the worst state first; those that work are left out."""
        by_status: dict[str, list[str]] = {}
        for name, status in self.components:
            by_status.setdefault(status, []).append(name)
        by_status.pop(ComponentStatus.OPERATIONAL, None)
        return sorted(by_status.items(), key=lambda item: -BADNESS[item[0]])

    @property
    def ending(self) -> str:
        """How it ended, in a word."""
        words = {Outcome.RESOLVED: "Resolved", Outcome.MERGED: "Merged", Outcome.FALSE_ALARM: "Called a false alarm"}
        return words[Outcome(self.incident.outcome)] if self.incident.outcome else ""


def of(incident: Incident, *, me: Person) -> Standing:
    """Ask for all of it."""
    seats = _seats(incident)
    statuses = components.statuses_of(incident)
    named_components = _components(statuses)
    all_updates = asked.answer(("updates", incident.id), lambda: updates.updates_of(incident))
    all_targets = targets.history(incident)
    related, tagged = _related(incident, me), tags.of(incident)
    known = [update for update in all_updates if update.state == "published"]
    waiting = [update for update in all_updates if update.state in ("draft", "scheduled")]
    asked_about = approval.questions_of([update.id for update in waiting]) if waiting else {}
    return Standing(
        incident=incident,
        my_id=me.id,
        marks=stepper.marks(incident),
        go=stepper.go(incident),
        commander=next((seat.person for seat in seats if seat.role == roles.COMMANDER), None),
        seats=seats,
        ladder=ladder.of(incident),
        components=named_components,
        worst=worst([status for _name, status in named_components]),
        deadlines=[_deadline(each) for each in all_targets if targets.counts(each, incident)],
        deadlines_before=[_deadline(each) for each in all_targets if not targets.counts(each, incident)],
        related=related,
        tags=tagged,
        before=seen_before(
            Looks(incident.title, "", frozenset(statuses), frozenset(tagged)),
            seen=visible_to(me),
            but_not={incident.id, *(each.other.id for each in related)},
        ),
        goes_on_in=merged_into(incident, me),
        named=visibility.named_people(incident) if incident.visibility == Visibility.RESTRICTED else [],
        published=asked.answer(("published", incident.id), lambda: publishing.find(incident.id)),
        last_update=known[-1] if known else None,
        waiting=waiting,
        questions={update.id: asked_about.get(update.id) for update in waiting},
        due_begun_at=incident.last_update_at or incident.due_armed_at,
        channel=room_channel.of(incident),
    )


def _seats(incident: Incident) -> list[Seat]:
    held = {row.role: (row, person) for row, person in roles.current_roles(incident)}
    return [
        Seat(role=role, label=label, held=held.get(role, (None, None))[0], person=held.get(role, (None, None))[1])
        for role, label in roles.role_labels().items()
    ]


def _components(statuses: Mapping[str, str]) -> list[tuple[str, str]]:
    return [
        (component.name, statuses[component.public_id])
        for component in all_components(archived=None)
        if component.public_id in statuses
    ]


_TARGETS = {"respond": "Acknowledge by", "resolve": "Resolve by"}


def _deadline(target: Target) -> Deadline:
    state = targets.state_of(target)
    runs = state in (SlaState.ON_TRACK, SlaState.AT_RISK)
    return Deadline(
        label=_TARGETS[target.kind],
        at=target.deadline_at,
        state=state,
        severity=target.severity,
        met_at=target.met_at,
        left=duration(target.deadline_at - clock.now()) if runs else "",
    )


def _related(incident: Incident, me: Person) -> list[Related]:
    """Relations both ways, but only to incidents that this person may see."""
    known = relations.relations_of(incident)
    ids = {row.other_id if row.incident_id == incident.id else row.incident_id for row in known}
    if not ids:
        return []
    others = {
        other.id: other for other in db.session.scalars(select(Incident).where(Incident.id.in_(ids), visible_to(me)))
    }
    back = {"duplicate_of": "Merged here or the same as", "caused_by": "Caused", "seen_before": "Seen again in"}
    found = []
    for row in known:
        is_ours = row.incident_id == incident.id
        other = others.get(row.other_id if is_ours else row.incident_id)
        if other is not None:
            word = relations.KINDS[row.kind] if is_ours else back[row.kind]
            found.append(Related(relation_id=row.id, word=word, other=other))
    return found


def update_is_pressing(incident: Incident) -> bool:
    """Whether the composer opens by itself: the promise is due within five minutes, or late."""
    due_at = incident.next_update_due_at
    return due_at is not None and (due_at - clock.now()).total_seconds() <= 300


def print_of(incident: Incident) -> str:
    """Something that is another one as soon as the head or the margin of the room would say something else."""
    age = duration(clock.now() - incident.began_at) if incident.is_open else ""
    facts = (incident.version, age, tellings.print_of(incident), room_channel.print_of(incident))
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:12]
