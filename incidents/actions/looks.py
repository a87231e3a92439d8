"""One look of the clock at one incident: what there is to tell, and the one letter a person that tells it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ..access import acknowledging
from ..kernel.database import db
from ..messages import about_incidents
from ..messages.letters import Letter
from ..records.incidents import Bell, Incident
from ..records.people import Person, Role
from ..records.timeline import TimelineEntry
from ..reports import communication
from . import telling, watch


@dataclass
class Telling:
    """One reason to write, its subject line, its sentence, and whom it is for."""

    headline: str
    sentence: str
    people: list[Person]
    weight: int  # the heaviest gives the letter its subject
    asks_for_update: bool = False


@dataclass
class Strike:
    """One look at one incident: the moment, and what there is to tell."""

    incident: Incident
    now: datetime
    records: watch.Records
    is_catch_up: bool
    tellings: list[Telling] = field(default_factory=list)
    rung: list[str] = field(default_factory=list)
    entries: list[TimelineEntry] = field(default_factory=list)  # those that say who was told

    @property
    def struck(self) -> watch.Struck:
        """What was done so far, this look included."""
        return watch.struck_for(self.incident, self.records)

    def ring(self, key: str) -> None:
        """Leave a bell; the table refuses it the second time."""
        db.session.add(Bell(incident_id=self.incident.id, key=key, at=self.now))
        self.records.bells[key] = self.now
        self.rung.append(key)

    def people(self) -> list[Person]:
        """Everybody who is to get a letter, each once."""
        return each_once(person for each in self.tellings for person in each.people)


def send_letters(looks: Sequence[Strike]) -> None:
    """One letter a person and incident, whatever there is to tell."""
    writing = [look for look in looks if look.people()]
    if not writing:
        return
    templates = communication.template_texts([look.incident for look in writing])
    letters = []
    for look in writing:
        _name_the_letter(look)
        for person in look.people():
            mine = sorted((each for each in look.tellings if person in each.people), key=lambda each: -each.weight)
            letter = _letter(look, mine, person, templates[look.incident.id])
            letters.append(telling.addressed(letter, to=person, event=_event(look), incident=look.incident))
    telling.send_all(letters)


def _name_the_letter(look: Strike) -> None:
    """So that the timeline can say what became of it: who was told, and who could not be (see ``reports.tellings``)."""
    for entry in look.entries:
        entry.detail = {**entry.detail, "event": _event(look)}


def _event(look: Strike) -> str:
    """The first bell names the letter, so that it is written once; a call by hand is named by the entry it follows."""
    incident = look.incident
    return f"bell/{incident.id}/{look.rung[0]}" if look.rung else f"call/{incident.id}/{incident.version}"


def _letter(look: Strike, tellings: Sequence[Telling], person: Person, template: str) -> Letter:
    incident = look.incident
    paragraphs = [each.sentence for each in tellings]
    if incident.next_update_due_at is not None and any(each.asks_for_update for each in tellings):
        due = about_incidents.clock_time(incident.next_update_due_at, person.zone)
        paragraphs.append(f"The next update was promised by {due}.")
    if look.is_catch_up:
        paragraphs.append("Sevenbells was not running when this fell due. This message stands for all that was missed.")
    base = telling.base_url()
    buttons = []
    if not incident.is_acknowledged and person.may(Role.RESPONDER):
        buttons.append(about_incidents.acknowledge_button(acknowledging.address(incident, person)))
    if any(each.asks_for_update for each in tellings):
        buttons += about_incidents.update_buttons(incident, base)
    else:
        buttons.append(about_incidents.room_button(incident, base))
    return about_incidents.letter(
        incident, headline=tellings[0].headline, paragraphs=paragraphs, buttons=buttons, template=template
    )


def each_once(people: Iterable[Person]) -> list[Person]:
    """The same people in the same order, nobody twice."""
    return list({person.id: person for person in people}.values())
