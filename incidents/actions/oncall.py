"""Who is on call: what the words of an escalation policy resolve to at an instant, and who stands in which role."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from ..kernel import clock
from ..kernel.database import db
from ..policy import escalation
from ..policy.escalation import ANY_RESPONDER, ON_CALL, RESPONDERS
from ..records.incidents import Incident
from ..records.oncall import OnCallRole, PersonGroup, Rotation, people_of_group
from ..records.people import Person, Role, active_people, find_person
from . import asked, turns
from .shifts import now_and_next, on_call_at, person_of, shifts

__all__ = ["now_and_next", "on_call_at", "person_of", "shifts"]

Assigned = Mapping[str, Sequence[str]]  # what each role tells, by its slug

ON_CALL_ENGINEER = "on_call_engineer"
# the manual's three; a team adds its own
ROLES = {ON_CALL_ENGINEER: "On-call engineer", "engineering_lead": "Engineering lead", "cto": "CTO"}


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Who stands in a role at an instant. ``person`` is the first of ``people``, None where nobody does.

    ``until`` and ``next`` come from the first rotation of the role: when another takes over, and who (None: nobody).
    ``absent`` names who would be on call, were their account not disabled.
    """

    role: str
    label: str
    words: tuple[str, ...]
    people: tuple[Person, ...]
    until: datetime | None
    next: Person | None
    absent: str

    @property
    def person(self) -> Person | None:
        return self.people[0] if self.people else None

    @property
    def is_assigned(self) -> bool:
        """Whether the role resolves to anything; to nobody at the moment, perhaps."""
        return bool(self.words)


def people_of_word(incident: Incident, word: str, *, assigned: Assigned | None = None) -> list[Person]:
    """The active people whom a word of the policy means at this moment, each once; [] where it means nobody.

    Until the on-call engineer was assigned to something, ``on_call`` means who declared the incident, else every
    responder. ``assigned`` saves asking for the roles where several words are asked about (see ``assignments``).
    """
    if word in (ON_CALL, f"role:{ON_CALL_ENGINEER}") and not _tell_of(ON_CALL_ENGINEER, assigned):
        return declarer_of(incident) or responders()
    return _active(_meant(word, clock.now(), frozenset(), assigned))


def people_at(word: str, moment: datetime) -> list[Person]:
    """The same for any instant and apart from an incident: an unassigned role means nobody."""
    return _active(_meant(word, moment, frozenset(), None))


def assignments() -> Assigned:
    """What every role was assigned to."""
    return asked.answer("assignments", _assignments)


def _assignments() -> Assigned:
    return {row.slug: row.tell for row in db.session.execute(select(OnCallRole.slug, OnCallRole.tell))}


def _tell_of(slug: str, assigned: Assigned | None) -> Sequence[str]:
    return (assignments() if assigned is None else assigned).get(slug, ())


def _meant(word: str, moment: datetime, above: frozenset[str], assigned: Assigned | None) -> list[Person]:
    kind, _, name = word.partition(":")
    if kind in (ON_CALL, "role"):
        return _of_role(name or ON_CALL_ENGINEER, moment, above, assigned)
    if kind == RESPONDERS:
        return responders()
    if kind == ANY_RESPONDER:
        return [person for person in [turns.next_in_turn(ANY_RESPONDER, responders())] if person]
    return asked.answer(word, lambda: _of_word(kind, name, moment))


def _of_word(kind: str, name: str, moment: datetime) -> list[Person]:
    if kind == "rotation":
        rotation = db.session.get(Rotation, int(name))
        return [person for person in [rotation and on_call_at(rotation, moment)] if person]
    if kind == "group":
        return people_of_group(int(name))
    return [person for person in [find_person(name)] if person]


def _of_role(slug: str, moment: datetime, above: frozenset[str], assigned: Assigned | None) -> list[Person]:
    # a circle cannot be assigned; one that stands here all the same must not turn for ever
    if slug in above:
        return []
    below = above | {slug}
    return [person for word in _tell_of(slug, assigned) for person in _meant(word, moment, below, assigned)]


def _active(people: Iterable[Person]) -> list[Person]:
    return [*{person.id: person for person in people if person.is_active}.values()]


def responders() -> list[Person]:
    """Everybody who responds."""
    return [*asked.answer(RESPONDERS, lambda: active_people(Role.RESPONDER))]


def declarer_of(incident: Incident) -> list[Person]:
    """The person who declared it, when it was an active one."""
    number = incident.declared_by_id
    if incident.declared_by_kind != "person" or number is None:
        return []
    person = asked.answer(("person", number), lambda: db.session.get(Person, number))
    return [person] if person is not None and person.is_active else []


def meet_declarers(incidents: Sequence[Incident]) -> None:
    """Read all of them at once (see ``asked``)."""
    numbers = {each.declared_by_id for each in incidents if each.declared_by_kind == "person"}
    for person in db.session.scalars(select(Person).where(Person.id.in_(numbers))):
        asked.remember(("person", person.id), person)


def words_of_role(slug: str) -> list[str]:
    """What a role was assigned to; nothing where it was not. ``on_call`` is another name of ``role:on_call_engineer``."""
    return [*assignments().get(ON_CALL_ENGINEER if slug == ON_CALL else slug, ())]


def role_labels() -> dict[str, str]:
    """The manual's three roles, then the team's own in the order they were added."""
    rows = db.session.scalars(select(OnCallRole).order_by(OnCallRole.position, OnCallRole.slug))
    return {**ROLES, **{row.slug: row.label for row in rows}}


def standing(moment: datetime) -> list[Standing]:
    """Every role with who stands in it at the instant."""
    return [_standing(slug, label, moment) for slug, label in role_labels().items()]


def _standing(slug: str, label: str, moment: datetime) -> Standing:
    words = words_of_role(slug)
    rotation = _first_rotation(words)
    shift, after = now_and_next(rotation, moment) if rotation else (None, None)
    return Standing(
        role=slug,
        label=label,
        words=tuple(words),
        people=tuple(people_at(f"role:{slug}", moment)),
        until=after.starts_at if after else None,
        next=person_of(after),
        absent=shift.absent if shift else "",
    )


def _first_rotation(words: Iterable[str]) -> Rotation | None:
    for word in words:
        kind, _, name = word.partition(":")
        found = db.session.get(Rotation, int(name)) if kind == "rotation" else None
        if found is not None and found.archived_at is None:
            return found
    return None


def problem_with(word: str) -> str | None:
    """Why a word cannot stand in a policy or a role: it is none, or names what is not there. None: it can."""
    kind, _, name = word.partition(":")
    if not escalation.is_word(word):
        return (
            f"{word!r} is not understood. Use person:<e-mail>, on_call, responders, any_responder, role:<name>, "
            "rotation:<id> or group:<id>."
        )
    if kind == "person":
        person = find_person(name)
        return None if person is not None and person.is_active else f"Nobody has the address {name}."
    if kind == "rotation":
        rotation = db.session.get(Rotation, int(name))
        if rotation is None:
            return f"There is no rotation {name}."
        return f"The rotation {rotation.name} is archived." if rotation.archived_at is not None else None
    if kind == "group":
        return None if db.session.get(PersonGroup, int(name)) else f"There is no group {name}."
    return None
