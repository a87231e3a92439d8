"""Who is asked for a second pair of eyes: the choice that forms offer, and taking it."""

from __future__ import annotations

from .. import actions
from ..access import actor
from ..actions import approval, oncall
from ..kernel.errors import Malformed
from ..records.incidents import Incident
from ..records.people import Person
from ..records.updates import Update
from .incident_pages import text


def ask(incident: Incident, update: Update) -> None:
    """Ask whoever the form names, or anybody."""
    wanted = text("ask_of")
    of = next((person for person in oncall.responders() if str(person.id) == wanted), None) if wanted else None
    if wanted and of is None:
        raise Malformed({"ask_of": "Choose somebody from the list."})
    actions.ask_for_approval(incident, update, by=actor(), of=of)


def ask_about(incident: Incident, body: str) -> None:
    """A public text that came with another act, for a second pair of eyes."""
    draft = actions.post_update(incident, by=actor(), body=body, audience="public", draft=True, will_ask=True)
    ask(incident, draft)


def choices(incident: Incident, person: Person) -> list[tuple[str, str]]:
    """Who can be asked: anybody, with the names of those who are told then, or one person."""
    able = approval.may_answer(incident, person.id)
    likely = approval.likely_readers(incident, able) if able else []
    names = ", ".join(each.name for each in likely[:3]) + (f" and {len(likely) - 3} more" if len(likely) > 3 else "")
    anybody = f"Anybody who may publish (told: {names})" if names else "Anybody who may publish"
    return [("", anybody), *((str(each.id), each.name) for each in able)]
