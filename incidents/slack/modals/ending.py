"""What resolving does, each in a sentence, and the words in which it was meant to be done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...actions import unsent_texts
from ...actions.updates import updates_of
from ...kernel import clock
from ...policy import severity
from ...policy.components import ComponentStatus
from ...policy.lifecycle import RESOLVED_WITHOUT_WORDS, Outcome, PublicStatus
from ...policy.severity import Severity
from ...published import audience, publishing
from ...published.audience import Scope
from ...published.page_settings import page_settings
from ...records.incidents import Incident
from ...records.people import Person
from .filled import Filled
from .wanted import Wanted


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How somebody means to end it."""

    outcome: str
    summary: str
    cause: str
    public_body: str
    reason: str

    @property
    def is_false_alarm(self) -> bool:
        return self.outcome == Outcome.FALSE_ALARM

    def as_update(self, incident: Incident) -> Wanted:
        """The update that the public reads; what it said was broken works again."""
        return Wanted(
            audience="public",
            body=self.public_body or RESOLVED_WITHOUT_WORDS,
            status=PublicStatus.RESOLVED,
            components=dict.fromkeys(_published_impact(incident), ComponentStatus.OPERATIONAL.value),
        )

    def as_fields(self) -> dict[str, str]:
        """As the form in the browser keeps them."""
        return {
            "outcome": self.outcome,
            "summary": self.summary,
            "cause": self.cause,
            "public_body": self.public_body,
            "reason": self.reason,
        }


def of_form(filled: Filled) -> Ending:
    """What stands in the form."""
    return of_fields({name: filled.text(name) for name in ("outcome", "summary", "cause", "public_body", "reason")})


def of_fields(fields: Mapping[str, str]) -> Ending:
    """The same from what was kept."""
    return Ending(
        outcome=fields.get("outcome") or Outcome.RESOLVED,
        summary=fields.get("summary", ""),
        cause=fields.get("cause", ""),
        public_body=fields.get("public_body", ""),
        reason=fields.get("reason", ""),
    )


def key(incident: Incident) -> str:
    """Under which name an unsent text of it is kept."""
    return f"{incident.ref}:resolution"


def keep(incident: Incident, person: Person, ending: Ending, *, once: str) -> None:
    """Remember it while its preview is looked at."""
    unsent_texts.keep(person, key=key(incident), page=once, fields=ending.as_fields())


def sent(incident: Incident, person: Person, ending: Ending, *, once: str) -> None:
    """It is done: nobody is offered it again."""
    unsent_texts.mark_sent(
        person, key=key(incident), page=once, fields=ending.as_fields(), continues=None, continues_from=""
    )


def consequences(incident: Incident, *, is_false_alarm: bool = False) -> list[str]:
    """What the button does."""
    known = publishing.find(incident.id)
    said = ["Nothing of it is on the status page, so no page changes."]
    if known is not None:
        said = ["The status page and its feeds say that it is over."]
        told = audience.count(Scope(components=audience.touched(update.components for update in known.updates)))
        said += [f"{told:,} subscribers are told." if told != 1 else "1 subscriber is told."] if told else []
    waiting = sum(update.state == "scheduled" for update in updates_of(incident))
    if waiting:
        said.append(f"{'An update that waits' if waiting == 1 else f'{waiting} updates that wait'} will not go out.")
    said.append("Reminders and escalation stop.")
    if not is_false_alarm and not incident.is_drill and severity.owes_postmortem(Severity(incident.severity)):
        due_at = severity.postmortem_due(Severity(incident.severity), clock.now(), page_settings().time_zone)
        local = due_at.astimezone(page_settings().time_zone) if due_at else None
        by = f" by {local.day} {local:%b %Y}" if local else ""
        said.append(f"A post-mortem is owed{by}.")
    return said


def _published_impact(incident: Incident) -> dict[str, str]:
    known = publishing.find(incident.id)
    return {name: status for update in (known.updates if known else []) for name, status in update.components.items()}
