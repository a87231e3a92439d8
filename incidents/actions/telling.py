"""Who is meant by a word of the policy, and one letter a person for whatever there is to tell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from flask import current_app
from sqlalchemy import select

from ..kernel import outbox
from ..kernel.database import db
from ..kernel.settings import Settings
from ..messages import about_incidents
from ..messages.letters import Letter
from ..policy.escalation import ANY_RESPONDER, ON_CALL, Level
from ..policy.lifecycle import Visibility
from ..records.addresses import LOW
from ..records.incidents import Incident, IncidentRole
from ..records.people import Person
from ..records.timeline import TimelineEntry
from ..reports.ways import Ways
from . import oncall, reach, turns


def people_meant(incident: Incident, words: Iterable[str]) -> list[Person]:
    """The active people whom these words of the escalation policy mean, each once, in the order of the words.

    Where one of several is told in turn it is whoever would be next; asking does not move the turn.
    """
    return _people(incident, words, turns.next_in_turn)


def people_by_level(incident: Incident, levels: Iterable[Level]) -> dict[str, list[Person]]:
    """The same for each of these levels, by its key."""
    assigned = oncall.assignments()
    return {level.key: _people(incident, level.tell, turns.next_in_turn, assigned) for level in levels}


def people_told(incident: Incident, words: Iterable[str]) -> list[Person]:
    """The same at a telling: whoever is chosen in turn has had this turn."""
    return _people(incident, _spelt_out(words), turns.take_turn)


def _spelt_out(words: Iterable[str]) -> Iterator[str]:
    """A role that tells one in turn is told as that, so that the turn moves."""
    for word in words:
        meant = oncall.words_of_role(word.removeprefix("role:")) if word == ON_CALL or word.startswith("role:") else []
        yield from meant if ANY_RESPONDER in meant else [word]


def _people(
    incident: Incident,
    words: Iterable[str],
    choose: Callable[[str, Sequence[Person]], Person | None],
    assigned: oncall.Assigned | None = None,
) -> list[Person]:
    meant: dict[int, Person] = {}
    for word in words:
        is_in_turn = word == ANY_RESPONDER
        pool = oncall.responders() if is_in_turn else oncall.people_of_word(incident, word, assigned=assigned)
        able = who_plays_along(incident, pool)
        if is_in_turn:
            chosen = choose(word, able)
            able = [chosen] if chosen is not None else []
        meant.update({person.id: person for person in able})
    return list(meant.values())


def people_told_before(incident: Incident, level_key: str) -> list[Person]:
    """Whoever was told last at this level in the present cycle, and may still be."""
    told = select(TimelineEntry).where(
        TimelineEntry.incident_id == incident.id,
        TimelineEntry.kind == "told",
        TimelineEntry.recorded_at >= incident.watch_started_at,
    )
    entries = db.session.scalars(told.order_by(TimelineEntry.id.desc()))
    last = next((entry for entry in entries if entry.detail.get("level_key") == level_key), None)
    found = [db.session.get(Person, number) for number in (last.detail["person_ids"] if last else ())]
    return who_plays_along(incident, [person for person in found if person is not None and person.is_active])


def who_plays_along(incident: Incident, people: Sequence[Person]) -> list[Person]:
    """Of these, the ones whom a drill may page: by their preference, by declaring it, or by a part they accepted.

    Everybody where it is no drill.
    """
    if not incident.is_drill or not people:
        return [*people]
    playing = {person.id for person in oncall.declarer_of(incident)} | _accepted_a_part(incident)
    return [person for person in people if person.agrees_to_drills or person.id in playing]


def _accepted_a_part(incident: Incident) -> set[int]:
    accepted = select(IncidentRole.person_id).where(
        IncidentRole.incident_id == incident.id, IncidentRole.accepted_at.is_not(None), IncidentRole.until.is_(None)
    )
    return set(db.session.scalars(accepted))


def who_may_hear(incident: Incident, people: Sequence[Person]) -> list[Person]:
    """Of these, the ones who may know of it: in a restricted incident only the named."""
    from . import visibility

    if incident.visibility != Visibility.RESTRICTED:
        return [*people]
    named = {person.id for person in visibility.named_people(incident)}
    return [person for person in people if person.id in named]


def addressed(
    letter: Letter,
    *,
    to: Person,
    event: str,
    incident: Incident | None,
    purpose: str = outbox.NOTICE,
    urgency: str | None = None,
    known: Ways | None = None,
) -> list[dict[str, Any]]:
    """One letter for each of a person's addresses, as the outbox takes it (see ``actions.reach.messages_to``).

    It is as urgent as its incident unless ``urgency`` says otherwise.
    """
    return reach.messages_to(
        to,
        letter,
        urgency=urgency or reach.urgency_of(incident),
        event=event,
        incident=incident,
        purpose=purpose,
        known=known,
    )


def send_all(letters: Sequence[dict[str, Any]]) -> None:
    """Put letters into the outbox; the same event never reaches the same person twice."""
    outbox.enqueue_each(letters)


def send(letter: Letter, *, to: Person, event: str, incident: Incident | None, urgency: str | None = None) -> None:
    """Put one letter into the outbox."""
    send_all(addressed(letter, to=to, event=event, incident=incident, urgency=urgency))


def base_url() -> str:
    """Where every link begins: BASE_URL, never the Host header."""
    settings: Settings = current_app.extensions["sevenbells.settings"]
    return settings.base_url


def page_url() -> str:
    """Where the status page is."""
    settings: Settings = current_app.extensions["sevenbells.settings"]
    return settings.page_url or settings.base_url


def tell_that_somebody_was_named(incident: Incident, *, people: Sequence[Person], who: str, reason: str) -> None:
    """The others who see a restricted incident learn that an admin named himself in it."""
    letter = about_incidents.letter(
        incident,
        headline=f"{who} can see this incident now",
        paragraphs=[f"{who} took the right to see {incident.ref}, giving this reason: {reason}"],
        buttons=[about_incidents.room_button(incident, base_url())],
        template="",
    )
    for person in people:
        event = f"named/{incident.id}/{who}/{incident.version}"
        send(letter, to=person, event=event, incident=incident, urgency=LOW)


def tell_of_role(incident: Incident, *, person: Person, label: str, by_name: str) -> None:
    """Somebody was given a role by another."""
    letter = about_incidents.letter(
        incident,
        headline=f"you are now {label.lower()}",
        paragraphs=[f"{by_name} made you {label.lower()} of {incident.ref}: {incident.title}."],
        buttons=[about_incidents.room_button(incident, base_url())],
        template="",
    )
    send(letter, to=person, event=f"role/{incident.id}/{label}/{incident.version}", incident=incident)
