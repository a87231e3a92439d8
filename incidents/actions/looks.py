"""One look of the clock at one incident: what there is to tell, and the one letter a person that tells it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..access import acknowledging
from ..kernel import outbox
from ..kernel.database import db
from ..messages import about_incidents
from ..messages.letters import Button, Letter
from ..records.incidents import Bell, Incident
from ..records.people import Person, Role
from ..records.timeline import TimelineEntry
from ..reports import communication
from ..reports.ways import Ways
from . import reach, telling, watch


@dataclass
class Telling:
    """One reason to write, its subject line, its sentence, and whom it is for."""

    headline: str
    sentence: str
    people: list[Person]
    weight: int  # the heaviest gives the letter its subject
    asks_for_update: bool = False
    purpose: str = outbox.PAGE  # or a notice, which calls for nobody
    button: Button | None = None  # where this reason has a page of its own


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
    incidents = [look.incident for look in writing]
    templates, touched = communication.template_texts(incidents), communication.names_of_components(incidents)
    known = Ways(each_once(person for look in writing for person in look.people()))
    letters: list[dict[str, Any]] = []
    for look in writing:
        _name_the_letter(look, known)
        for person in look.people():
            mine = sorted((each for each in look.tellings if person in each.people), key=lambda each: -each.weight)
            letter = _letter(look, mine, person, templates[look.incident.id], touched[look.incident.id])
            letters += telling.addressed(
                letter, to=person, event=_event(look), incident=look.incident, purpose=_purpose(mine), known=known
            )
    telling.send_all(letters)


def _name_the_letter(look: Strike, known: Ways) -> None:
    """So that the timeline can say what became of it: who was told, and who could not be (see ``reports.tellings``).

    It also says who is left with the account's e-mail, because no address that they chose works.
    """
    urgency = reach.urgency_of(look.incident)
    left = {person.id: person.name for person in look.people() if known.falls_back(person, urgency)}
    for entry in look.entries:
        names = [left[number] for number in entry.detail.get("person_ids") or () if number in left]
        entry.detail = {**entry.detail, "event": _event(look), **({"by_account": names} if names else {})}


def _purpose(tellings: Sequence[Telling]) -> str:
    """A letter that asks for an update is a reminder whatever else it says: no acknowledgement makes it needless."""
    if any(each.asks_for_update for each in tellings):
        return outbox.REMINDER
    return outbox.PAGE if any(each.purpose == outbox.PAGE for each in tellings) else outbox.NOTICE


def _event(look: Strike) -> str:
    """The first bell names the letter, so that it is written once; a call by hand is named by the entry it follows."""
    incident = look.incident
    return f"bell/{incident.id}/{look.rung[0]}" if look.rung else f"call/{incident.id}/{incident.version}"


def _letter(
    look: Strike, tellings: Sequence[Telling], person: Person, template: str, components: Sequence[str]
) -> Letter:
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
    buttons += [each.button for each in tellings if each.button is not None]
    return about_incidents.letter(
        incident,
        headline=tellings[0].headline,
        paragraphs=paragraphs,
        buttons=buttons,
        template=template,
        short=_short(look, tellings, person, components, buttons),
    )


def _short(
    look: Strike, tellings: Sequence[Telling], person: Person, components: Sequence[str], buttons: Sequence[Button]
) -> str:
    """What fits a text message: a call says what, where, and by when somebody has to have it."""
    incident, address = look.incident, buttons[0].address
    if tellings[0].asks_for_update:
        return about_incidents.short_text(f"{incident.ref}: {tellings[0].headline}", address=address)
    open_until = [target.deadline_at for target in look.records.targets if target.kind == "respond"]
    answer_by = open_until[0] if open_until and not incident.is_acknowledged else None
    return about_incidents.short_call(
        incident, components=components, answer_by=answer_by, zone=person.zone, address=address
    )


def each_once(people: Iterable[Person]) -> list[Person]:
    """The same people in the same order, nobody twice."""
    return list({person.id: person for person in people}.values())
