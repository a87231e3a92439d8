"""Who is meant by a word of the policy, and one letter a person for whatever there is to tell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from flask import current_app

from ..kernel import outbox
from ..kernel.settings import Settings
from ..messages import about_incidents
from ..messages.letters import Letter
from ..policy.lifecycle import Visibility
from ..records.addresses import LOW
from ..records.incidents import Incident
from ..records.people import Person
from ..reports.ways import Ways
from . import oncall, reach


def people_meant(incident: Incident, words: Iterable[str]) -> list[Person]:
    """The active people whom these words of the escalation policy mean, each once, in the order of the words."""
    meant: dict[int, Person] = {}
    for word in words:
        for person in oncall.people_of_word(incident, word):
            if person.is_active and (not incident.is_drill or _plays_along(incident, person)):
                meant[person.id] = person
    return list(meant.values())


def _plays_along(incident: Incident, person: Person) -> bool:
    """A drill pages only people who agreed: by their preference, or by declaring it."""
    return person.agrees_to_drills or person in oncall.declarer_of(incident)


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
