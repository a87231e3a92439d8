"""Buttons below a reminder: *No change* posts the honest line, and *Undo* takes it back for ten seconds.

Whoever presses second is told what the first one did, and nothing happens twice.
"""

from __future__ import annotations

from .. import actions
from ..actions import approval, roles
from ..actions.updates import UNDO_FOR, find_update, last_made_known, no_change_draft, no_change_text
from ..kernel.errors import NotAllowed
from ..messages import about_incidents
from ..messages.letters import NO_CHANGE, NO_CHANGE_FOR_CERTAIN, UNDO, Button
from ..published import publishing
from ..published.page_settings import page_settings
from ..records.incidents import Incident
from ..records.updates import Update
from .acted import Acted
from .commands.asked import Asked
from .interactions import PRESSED
from .replies import Reply

_LONGEST_VALUE = 60


def no_change(acted: Acted) -> None:
    """Say that what was said still holds; who does not lead is asked once more before the public reads it."""
    _post_no_change(acted, is_certain=False)


def no_change_for_certain(acted: Acted) -> None:
    """The answer to that question."""
    _post_no_change(acted, is_certain=True)


def _post_no_change(acted: Acted, *, is_certain: bool) -> None:
    asked = acted.asked(acted.name)
    incident, _rest = asked.incident()
    answered = what_happened(asked, incident, value_of(acted))
    if answered:
        acted.say(Reply(answered, ["Nothing was posted for you."], [asked.room(incident)]))
        return
    by = asked.by
    on_page = publishing.find(incident.id) is not None
    if on_page and approval.must_ask(incident, by):
        actions.ask_for_approval(incident, no_change_draft(incident, by=by), by=by)
        acted.say(Reply("Asked. It goes out once somebody approves it.", buttons=[asked.room(incident)]))
    elif on_page and not is_certain and not roles.leads(incident, by.id):
        acted.say(_once_more(acted, asked, incident))
    else:
        update = actions.no_change(incident, by=by, can_be_undone=True)
        acted.say(posted(asked, incident, update))


def _once_more(acted: Acted, asked: Asked, incident: Incident) -> Reply:
    sure = Button("Publish it all the same", "", act=NO_CHANGE_FOR_CERTAIN, value=value_of(acted))
    return Reply(
        "You are neither commander nor communications lead.",
        [f"{incident.ref} is on the status page, which would say: “{no_change_text(incident)}”"],
        [sure, asked.room(incident)],
        ref=incident.ref,
    )


def posted(asked: Asked, incident: Incident, update: Update) -> Reply:
    """What was made known, and for ten seconds the way to take it back."""
    where = (
        "on the status page" if update.audience == "public" and not incident.is_drill else "posted, for colleagues only"
    )
    return Reply(
        f"Your update on {incident.ref} is {where}.",
        [update.body, f"It can be taken back for {UNDO_FOR.seconds} seconds. People are told after them."],
        [undo_button(update), asked.room(incident)],
        ref=incident.ref,
    )


def undo_button(update: Update) -> Button:
    """Below the answer to whoever published; the message names the incident."""
    return Button("Undo", "", act=UNDO, value=update.public_id)


def undo(acted: Acted) -> None:
    """Take a publication back within its ten seconds."""
    asked = acted.asked(acted.name)
    incident, _rest = asked.incident()
    update = find_update(incident, value_of(acted))
    if update is None:
        raise NotAllowed(f"{incident.ref} has no such update.")
    actions.undo_update(incident, update, by=asked.by)
    acted.say(Reply("Taken back. The page and the promise are as before.", buttons=[asked.room(incident)]))


# ---- what somebody else did meanwhile ----


def what_happened(asked: Asked, incident: Incident, promise: str) -> str:
    """What answered the promise that a button is about, before it was pressed; nothing while that still stands."""
    if not incident.is_open:
        return f"{incident.ref} is over."
    if promise in ("", incident.ref, about_incidents.promise_of(incident)):
        return ""
    last = last_made_known(incident)
    if last is not None and last.published_at is not None:
        by = asked.by
        who = "You" if (last.by_kind, last.by_id) == (by.kind, by.id) else last.by_name
        at = about_incidents.clock_time(last.published_at, page_settings().zone)
        return f"{who} posted an update on {incident.ref} at {at}."
    return f"Another time is promised for the update on {incident.ref} by now."


def value_of(acted: Acted) -> str:
    """What the button carries: the promise that it answers, the update that it takes back."""
    found = acted.action.get("value")
    return found if isinstance(found, str) and found.isprintable() and len(found) <= _LONGEST_VALUE else ""


PRESSED[f"{NO_CHANGE}:"] = no_change
PRESSED[f"{NO_CHANGE_FOR_CERTAIN}:"] = no_change_for_certain
PRESSED[f"{UNDO}:"] = undo
