"""``update``, ``note``, ``template``: words for colleagues. What the public reads is published in the composer."""

from __future__ import annotations

from ... import actions
from ...actions import first_words
from ...messages.letters import UNDO, Button
from ...records.incidents import Incident
from ...reports.communication import template_text
from ..modals import update as form
from ..replies import Reply
from .asked import Asked


def update(asked: Asked) -> Reply:
    """``update [INC-42] TEXT``: told to colleagues at once; without a text the form opens."""
    incident, rest = asked.incident()
    if not rest.text:
        return form.reply(asked, incident)
    posted = actions.post_update(incident, by=asked.by, body=rest.text, audience="internal", can_be_undone=True)
    return Reply(
        f"Your update on {incident.ref} is posted, for colleagues only.",
        buttons=[
            *_publish(asked, incident),
            Button("Undo", "", act=UNDO, value=posted.public_id),
            asked.room(incident),
        ],
        ref=incident.ref,
    )


def _publish(asked: Asked, incident: Incident) -> list[Button]:
    """The form for the public, where the public may know of it."""
    may_be_public = first_words.audience_of(incident) == "public"
    ref = incident.ref
    return [asked.form("Publish…", f"update:{ref}", f"/incidents/{ref}/updates")] if may_be_public else []


def note(asked: Asked) -> Reply:
    """``note [INC-42] TEXT``: a line on the timeline, which tells nobody."""
    incident, rest = asked.incident()
    actions.add_note(incident, by=asked.by, body=rest.text)
    return Reply(f"Your note is on the timeline of {incident.ref}.")


def template(asked: Asked) -> Reply:
    """``template [INC-42]``: the communication template as it reads now."""
    incident, _rest = asked.incident(for_writing=False)
    return Reply(
        f"The communication template of {incident.ref}, for colleagues",
        [template_text(incident)],
        [asked.room(incident)],
    )
