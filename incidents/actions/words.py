"""The words of an escalation policy: which there are, what each is called, and whether it names somebody we know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import select

from ..kernel.database import db
from ..kernel.errors import Malformed
from ..policy.escalation import ANY_RESPONDER, ON_CALL, RESPONDERS
from ..records.oncall import PersonGroup, Rotation, rotations
from ..records.people import Person, Role, active_people, find_person
from . import oncall

PLAIN = {
    ON_CALL: "Whoever is on call",
    ANY_RESPONDER: "Any responder, one in turn",
    RESPONDERS: "All responders",
}


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One word that a level may tell, and what people call it."""

    word: str
    label: str


def known(word: str, *, field: str) -> str:
    """The word as it is kept. Raises Malformed with a sentence where it names nobody we know."""
    wrong = oncall.problem_with(word)
    kind, _colon, slug = word.partition(":")
    if wrong is None and kind == "role" and slug not in oncall.role_labels():
        wrong = f"There is no role {slug!r}. The roles are {', '.join(oncall.role_labels())}."
    if wrong is not None:
        raise Malformed({field: wrong})
    return word.lower() if kind == "person" else word


def choices() -> dict[str, list[Choice]]:
    """Every word that a level may tell, in groups, as a form offers them."""
    offered = {slug: label for slug, label in oncall.role_labels().items() if slug != oncall.ON_CALL_ENGINEER}
    groups = db.session.scalars(select(PersonGroup).order_by(PersonGroup.name))
    return {
        "": [Choice(word=word, label=label) for word, label in PLAIN.items()],
        "Roles": [Choice(word=f"role:{slug}", label=label) for slug, label in offered.items()],
        "Rotations": [Choice(word=f"rotation:{each.id}", label=each.name) for each in rotations()],
        "Groups": [Choice(word=f"group:{each.id}", label=each.name) for each in groups],
        "People": [
            Choice(word=f"person:{person.email}", label=person.name) for person in active_people(Role.RESPONDER)
        ],
    }


def labels(wanted: Iterable[str], offered: Mapping[str, list[Choice]]) -> dict[str, str]:
    """What these words are called; a word that is no longer offered says so."""
    names = {each.word: each.label for group in offered.values() for each in group}
    names[f"role:{oncall.ON_CALL_ENGINEER}"] = PLAIN[ON_CALL]
    return {word: names.get(word) or _gone(word) for word in wanted}


def _gone(word: str) -> str:
    kind, _colon, name = word.partition(":")
    person: Person | None = find_person(name) if kind == "person" else None
    if person is not None:
        return person.name if person.is_active else f"{person.name}, whose account is disabled"
    rotation = db.session.get(Rotation, int(name)) if kind == "rotation" else None
    if rotation is not None:
        return rotation.name if rotation.archived_at is None else f"{rotation.name}, which is archived"
    return {
        "person": f"{name}, whom nobody knows",
        "role": f"The role {name}, which is gone",
        "rotation": "A rotation that is gone",
        "group": "A group that is gone",
    }.get(kind, word)
