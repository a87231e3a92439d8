"""How one incident stands: everything the room prints beside its timeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from ..access.visibility import merged_into, visible_to
from ..actions import components, matrix, relations, roles, steps, targets, telling, updates, visibility, watch
from ..kernel import clock
from ..kernel.database import db
from ..policy import escalation, severity
from ..policy.components import BADNESS, ComponentStatus, worst
from ..policy.durations import duration
from ..policy.escalation import Level
from ..policy.lifecycle import NEXT, Outcome, Requirement, Step, Visibility
from ..policy.severity import SlaState
from ..published import publishing
from ..published.components import all_components
from ..published.incidents import PublishedIncident
from ..records.incidents import Incident, IncidentRole
from ..records.people import Person
from ..records.updates import Update
from . import glance, timeline
from .formats import clock_words, viewer_zone
from .glance import Mark

_NEXT_WORDS = {
    Step.TRIAGE: "Start triage",
    Step.COMMUNICATION: "Start communication",
    Step.INVESTIGATION: "Start investigation",
    Step.MITIGATION: "Start mitigation",
    Step.RESOLUTION: "Resolve",
    Step.POSTMORTEM: "Write it up",
}


@dataclass(frozen=True, kw_only=True)
class Go:
    """The button under the next step: it posts at once where nothing is missing, else it opens the form that asks."""

    step: Step
    word: str
    address: str
    posts: bool


@dataclass(frozen=True, kw_only=True)
class Rung:
    """One level of the escalation ladder: who by name, and when."""

    level: Level
    names: str
    at: datetime
    was_told: bool
    is_stopped: bool


@dataclass(frozen=True, kw_only=True)
class Seat:
    """One role with its holder."""

    role: str
    label: str
    held: IncidentRole | None
    person: Person | None


@dataclass(frozen=True, kw_only=True)
class Deadline:
    """A target: to acknowledge or to resolve."""

    label: str
    at: datetime
    state: SlaState


@dataclass(frozen=True, kw_only=True)
class Related:
    """Another incident that the viewer may see."""

    relation_id: int
    word: str
    other: Incident


@dataclass(frozen=True, kw_only=True)
class Standing:
    """The room's facts; ``missing`` is what entering the next step asks for."""

    incident: Incident
    marks: Sequence[Mark]
    go: Go | None
    missing: Sequence[Requirement]
    commander: Person | None
    seats: Sequence[Seat]
    rungs: Sequence[Rung]
    components: Sequence[tuple[str, str]]
    worst: str
    deadlines: Sequence[Deadline]
    related: Sequence[Related]
    goes_on_in: Incident | None  # what it was merged into, where the viewer may see that
    named: Sequence[Person]
    published: PublishedIncident | None
    last_update: Update | None
    waiting: Sequence[Update]
    due_begun_at: datetime | None

    @property
    def is_untaken(self) -> bool:
        return self.incident.is_open and not self.incident.is_acknowledged

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
    named_components = _components(incident)
    all_updates = updates.updates_of(incident)
    known = [update for update in all_updates if update.state == "published"]
    return Standing(
        incident=incident,
        marks=_marks(incident),
        go=_go(incident),
        missing=_missing(incident),
        commander=next((seat.person for seat in seats if seat.role == roles.COMMANDER), None),
        seats=seats,
        rungs=_rungs(incident),
        components=named_components,
        worst=worst([status for _name, status in named_components]),
        deadlines=_deadlines(incident),
        related=_related(incident, me),
        goes_on_in=merged_into(incident, me),
        named=visibility.named_people(incident) if incident.visibility == Visibility.RESTRICTED else [],
        published=publishing.find(incident.id),
        last_update=known[-1] if known else None,
        waiting=[update for update in all_updates if update.state in ("draft", "scheduled")],
        due_begun_at=incident.last_update_at or incident.due_armed_at,
    )


def _marks(incident: Incident) -> list[Mark]:
    """Each step with when it began and how long it took; the present one with how long so far."""
    entered = timeline.steps_entered(incident)
    here = Step(incident.step)
    return [_mark(mark, here, entered) for mark in glance.marks(here)]


def _mark(mark: Mark, here: Step, entered: dict[Step, datetime]) -> Mark:
    if mark.state == "done" and mark.step not in entered:
        return Mark(mark.step, "skipped", "skipped")
    return Mark(mark.step, mark.state, _note(mark.step, here, entered))


def _note(step: Step, here: Step, entered: dict[Step, datetime]) -> str:
    begun = entered.get(step)
    if begun is None or step.number > here.number:
        return ""
    if step is here:
        return f"{duration(clock.now() - begun)} so far" if here.number < Step.RESOLUTION.number else _time_of(begun)
    ended = min((at for other, at in entered.items() if other.number > step.number and at >= begun), default=None)
    return f"{_time_of(begun)}, {duration(ended - begun)}" if ended else _time_of(begun)


def _time_of(at: datetime) -> str:
    local, today = at.astimezone(viewer_zone()), clock.now().astimezone(viewer_zone())
    return clock_words(at) if local.date() == today.date() else f"{local.day} {local:%b}, {local:%H:%M}"


def _next(incident: Incident) -> Step | None:
    if incident.outcome in (Outcome.MERGED, Outcome.FALSE_ALARM) or incident.closed_at is not None:
        return None
    return NEXT[Step(incident.step)]


def _missing(incident: Incident) -> Sequence[Requirement]:
    following = _next(incident)
    return steps.missing_for(incident, following) if following else ()


def _go(incident: Incident) -> Go | None:
    following = _next(incident)
    if following is None:
        return None
    room = f"/console/incidents/{incident.ref}"
    if following is Step.TRIAGE and not incident.is_acknowledged:
        return None  # acknowledging enters it, and that button stands at the top
    if following is Step.RESOLUTION:
        return Go(step=following, word=_NEXT_WORDS[following], address=f"{room}/resolution", posts=False)
    if following is Step.POSTMORTEM or steps.missing_for(incident, following):
        return Go(step=following, word=_NEXT_WORDS[following], address=f"{room}/steps?step={following}", posts=False)
    return Go(step=following, word=_NEXT_WORDS[following], address=f"{room}/steps", posts=True)


def _seats(incident: Incident) -> list[Seat]:
    held = {row.role: (row, person) for row, person in roles.current_roles(incident)}
    return [
        Seat(role=role, label=label, held=held.get(role, (None, None))[0], person=held.get(role, (None, None))[1])
        for role, label in roles.role_labels().items()
    ]


def _rungs(incident: Incident) -> list[Rung]:
    levels = matrix.levels_of(incident)
    struck = watch.struck_for(incident)
    timed = escalation.ladder(
        levels, started_at=incident.watch_started_at, told=struck.levels, resumed_at=incident.escalation_resumed_at
    )
    is_stopped = not incident.is_open or incident.is_acknowledged or incident.pages_nobody
    return [
        Rung(
            level=level,
            names=", ".join(person.name for person in telling.people_meant(incident, level.tell)),
            at=at,
            was_told=level.key in struck.levels,
            is_stopped=is_stopped and level.key not in struck.levels,
        )
        for level, at in timed
    ]


def _components(incident: Incident) -> list[tuple[str, str]]:
    statuses = components.statuses_of(incident)
    return [
        (component.name, statuses[component.public_id])
        for component in all_components(archived=None)
        if component.public_id in statuses
    ]


def _deadlines(incident: Incident) -> list[Deadline]:
    now = clock.now()
    words = {"respond": "Acknowledge by", "resolve": "Resolve by"}
    standing = targets.current(incident)
    return [
        Deadline(
            label=words[kind],
            at=standing[kind].deadline_at,
            state=severity.sla_state(
                started_at=standing[kind].started_at,
                deadline_at=standing[kind].deadline_at,
                now=now,
                met_at=standing[kind].met_at,
                breached_at=standing[kind].breached_at,
            ),
        )
        for kind in words
        if kind in standing
    ]


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
