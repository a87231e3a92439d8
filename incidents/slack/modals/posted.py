"""What became of an update, in the place of its form: undone within ten seconds, if it was not meant."""

from __future__ import annotations

from typing import Any, Final

from ...access import Role
from ...actions import corrections
from ...actions.updates import find_update
from ...kernel.database import db
from ...kernel.errors import Refusal
from ...records.incidents import Incident
from ...records.updates import Update
from .. import opening
from ..acted import Acted
from ..commands.asked import Asked
from ..interactions import PRESSED, Afterwards
from ..replies import Reply
from . import parts
from .wanted import Wanted

_UNDO: Final = "form/undo:"
_TITLE: Final = "Update"


def out(incident: Incident, update: Update, asked: Asked) -> dict[str, Any]:
    """It is made known."""
    is_public = update.audience == "public"
    said = f"Your update on {incident.ref} is {'published' if is_public else 'posted, for colleagues only'}."
    ways = [asked.room(incident)]
    return parts.said(
        _TITLE,
        [said, "You can undo it for 10 seconds."],
        buttons=[
            parts.press("Undo", f"{_UNDO}{incident.ref}/{update.public_id}"),
            *(parts.way(each.label, each.address) for each in ways),
            *([parts.way("Status page", asked.page_url)] if is_public and not incident.is_drill else []),
        ],
    )


def waits(incident: Incident, asked: Asked) -> dict[str, Any]:
    """A second pair of eyes is asked for."""
    room = asked.room(incident)
    return parts.said(
        _TITLE,
        ["Asked. It goes out once somebody approves it."],
        buttons=[parts.way(room.label, room.address)],
    )


def already(incident: Incident, asked: Asked) -> dict[str, Any]:
    """The same form was sent before: it acts once."""
    room = asked.room(incident)
    return parts.said(
        _TITLE,
        [f"This form was sent already, and your update on {incident.ref} is posted."],
        buttons=[parts.way(room.label, room.address)],
    )


def _undo(acted: Acted) -> Afterwards | None:
    """As if it had not been posted; the text comes back in the form."""
    from . import update as composer

    ref, _slash, public_id = acted.name.partition("/")
    asked = acted.asked(ref)
    incident, _rest = asked.incident()
    person = asked.known(Role.RESPONDER)
    update = find_update(incident, public_id)
    if update is None:
        return None
    room = asked.room(incident)
    try:
        with db.session.begin_nested():
            corrections.undo_update(incident, update, by=person.as_actor())
    except Refusal as refused:
        view = parts.said(_TITLE, [refused.sentence], buttons=[parts.way(room.label, room.address)])
        return opening.afterwards(acted, view, otherwise=Reply(refused.sentence, buttons=[room]))
    was = Wanted(
        audience=update.audience, body=update.body, status=update.public_status or "", components=update.components
    )
    said = "Taken back. The page and the promise are as before."
    view = composer.form(incident, person, typed=was, notes=(said,))
    return opening.afterwards(acted, view, otherwise=Reply(said, buttons=[room]))


PRESSED[_UNDO] = _undo
