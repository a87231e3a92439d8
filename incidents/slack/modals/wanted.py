"""An update as a form has it: what is wanted, checked before anybody sees its preview, and kept until it is out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import select

from ...actions import allowed, components, first_words, journal, unsent_texts
from ...actions.updates import newest_since
from ...kernel import clock
from ...kernel.database import db
from ...kernel.errors import NotAllowed, Outdated
from ...messages.about_incidents import clock_time
from ...policy.lifecycle import PublicStatus
from ...records.incidents import Incident
from ...records.people import Person
from ...records.timeline import TimelineEntry
from ...records.unsent import UnsentText
from . import components as menus
from . import promises
from .filled import Filled


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """``next_word`` is what was chosen for the next update."""

    audience: str
    body: str
    status: str = ""
    next_word: str = ""
    components: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_public(self) -> bool:
        return self.audience == "public"

    def as_fields(self) -> dict[str, str]:
        """As the composer in the browser keeps an unsent text."""
        named = {f"component-{each}": status for each, status in self.components.items()}
        minutes = self.next_word if self.next_word.isdigit() else ""
        return {"audience": self.audience, "status": self.status, "body": self.body, "next": minutes, **named}


def of_form(filled: Filled, incident: Incident) -> Wanted:
    """What stands in the form. Raises Malformed for what contradicts itself."""
    return Wanted(
        audience=filled.text("audience") or "internal",
        body=filled.text("body"),
        status=filled.text("status") or str(first_words.status_of(incident)),
        next_word=filled.text(promises.FIELD),
        components=menus.chosen(filled, components.statuses_of(incident)),
    )


def check(incident: Incident, wanted: Wanted) -> None:
    """Raise what publishing it would raise, so that it stands at its field."""
    allowed.check_audience(incident, wanted.audience)
    journal.words(wanted.body, field="body", sentence="Say what people notice, and what is being done about it.")
    status = allowed.status_for(incident, wanted.audience, wanted.status or None)
    says_over = status in (PublicStatus.RESOLVED, PublicStatus.POSTMORTEM)
    if status is not None and says_over == incident.is_open:
        what = "that it is over. Resolve it" if incident.is_open else "that it goes on. Reopen it"
        raise NotAllowed(f"This would tell the public {what} for that.")
    allowed.known_components(wanted.components)
    allowed.checked_promise(incident, promises.given(incident, wanted.next_word), clock.now())


def mind_the_newest(incident: Incident, person: Person, *, after: int) -> None:
    """Raise Outdated with the text of an update that went out after the form was opened: who writes reads it first."""
    newest = newest_since(incident, after)
    if newest is None or newest.published_at is None:
        return
    who = "You" if (newest.by_kind, newest.by_id) == ("person", person.id) else newest.by_name
    to = "for the public" if newest.audience == "public" else "for colleagues"
    at = clock_time(newest.published_at, person.zone)
    raise Outdated(
        f"{who} posted an update {to} at {at}, after you opened this form. Nothing of yours is posted yet.",
        version=incident.version,
        theirs={"body": newest.body},
    )


def newest_entry(incident: Incident) -> int:
    """The timeline's last entry now."""
    last = select(TimelineEntry.id).where(TimelineEntry.incident_id == incident.id)
    return db.session.scalar(last.order_by(TimelineEntry.id.desc()).limit(1)) or 0


# ---- kept while its preview is looked at: Slack hands on no more than 3000 characters ----


def keep(incident: Incident, person: Person, wanted: Wanted, *, once: str) -> None:
    """Remember it, so that it can be published from its preview; if that comes to nothing the browser offers it again."""
    unsent_texts.keep(person, key=_key(incident), page=once, fields=wanted.as_fields())


def kept(incident: Incident, person: Person, *, once: str) -> Wanted:
    """What was kept. Raises NotAllowed where it was sent or discarded meanwhile."""
    found = db.session.scalars(
        select(UnsentText).where(
            UnsentText.person_id == person.id,
            UnsentText.page == once,
            UnsentText.key == _key(incident),
            UnsentText.sent_at.is_(None),
        )
    ).one_or_none()
    if found is None:
        raise NotAllowed("This text was sent or discarded meanwhile. Close the preview to write it anew.")
    fields = found.fields
    return Wanted(
        audience=fields.get("audience", ""),
        body=fields.get("body", ""),
        status=fields.get("status", ""),
        next_word=fields.get("next", ""),
        components={
            name.removeprefix("component-"): status
            for name, status in fields.items()
            if name.startswith("component-") and status
        },
    )


def sent(incident: Incident, person: Person, wanted: Wanted, *, once: str) -> None:
    """It is out: nobody is offered it again."""
    unsent_texts.mark_sent(
        person, key=_key(incident), page=once, fields=wanted.as_fields(), continues=None, continues_from=""
    )


def _key(incident: Incident) -> str:
    return f"{incident.ref}:update"
