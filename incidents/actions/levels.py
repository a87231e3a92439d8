"""Telling a level of the escalation policy: whom it reaches, what the timeline says of it, and who comes next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..policy import escalation
from ..policy.escalation import Level
from ..records.actors import CLOCK
from ..records.incidents import Incident
from ..records.people import Person
from ..reports.ways import Ways
from . import journal, matrix, reach, telling, visibility, watch
from .looks import Strike, Telling, each_once


def tell_next(look: Strike, *, why: str, headline: str, weight: int) -> None:
    """Tell the next level that was not told and means somebody; after the last all of them."""
    incident = look.incident
    struck = look.struck
    policy = matrix.levels_of(incident)
    level = escalation.next_untold(policy, struck.levels)
    if level is not None:
        look.ring(watch.level_key(incident, level.key))
        tell_level(look, level, headline=headline, sentence=why, weight=weight)
        if not look.tellings[-1].people:
            tell_next(look, why=why, headline=headline, weight=weight)
        return
    people = each_once([person for each in policy for person in telling.people_told(incident, each.tell)])
    name_reached(incident, people)
    _note_told(look, people, label="everybody")
    look.tellings.append(Telling(headline, why, people, weight))


def tell_level(
    look: Strike,
    level: Level,
    *,
    headline: str,
    sentence: str,
    weight: int,
    repetition: int = 0,
    again: bool = False,
) -> None:
    """Tell whoever this level means now; where it reaches nobody, a bell says so and the next one does not wait."""
    incident = look.incident
    people = telling.people_told(incident, level.tell)
    name_reached(incident, people)
    unheard = watch.unheard_key(incident, level.key, repetition)
    if _reaches_nobody(incident, people) and unheard not in look.records.bells:
        look.ring(unheard)
    _note_told(look, people, level=level, repetition=repetition, again=again)
    look.tellings.append(Telling(headline, sentence, people, weight))


def _reaches_nobody(incident: Incident, people: Sequence[Person]) -> bool:
    known, urgency = Ways(people), reach.urgency_of(incident)
    return all(known.is_silenced(person, urgency) for person in people)


def name_reached(incident: Incident, people: Sequence[Person]) -> None:
    """Whoever an escalation reaches may see a restricted incident from then on."""
    if incident.visibility == "restricted":
        for person in people:
            visibility.name_person(incident, person=person, by=CLOCK, reason="an escalation reached them")


def _note_told(
    look: Strike,
    people: Sequence[Person],
    *,
    level: Level | None = None,
    label: str = "",
    repetition: int = 0,
    again: bool = False,
) -> None:
    detail: dict[str, Any] = {"level": label, "level_key": ""}
    if level is not None:
        detail = {"level": level.label or "a level", "level_key": level.key, "words": list(level.tell)}
        if escalation.ANY_RESPONDER in level.tell:
            detail["in_turn"] = True
    if repetition:
        detail["repetition"] = repetition
    if again:
        detail["again"] = True
    kind = "told" if people else "nobody_to_tell"
    look.entries.append(journal.write(look.incident, kind, by=CLOCK, detail={**detail, **named(people)}))


def named(people: Sequence[Person]) -> dict[str, list[str] | list[int]]:
    """Who was told, as the timeline keeps it."""
    return {"people": [person.name for person in people], "person_ids": [person.id for person in people]}
