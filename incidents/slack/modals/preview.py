"""What the public will see, drawn by the status page itself, and the question whether that is meant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import current_app
from slack_sdk.models.blocks import Block, RichTextBlock

from ... import actions
from ...actions import approval, oncall, roles
from ...kernel import clock
from ...kernel.database import db
from ...kernel.errors import Malformed, Outdated
from ...kernel.text import render_markdown
from ...messages.slack_page import rich_text
from ...policy.lifecycle import PublicStatus
from ...published import audience, publishing
from ...published.audience import Scope
from ...records.incidents import Incident
from ...records.people import Person
from ...records.updates import Update
from ..acted import Acted
from ..interactions import SUBMITTED, Body
from . import parts, posted, promises, wanted
from .filled import Filled
from .wanted import Wanted

NAME: Final = "preview"
_ANYBODY: Final = "anybody"
_OVER: Final = (PublicStatus.RESOLVED, PublicStatus.POSTMORTEM)


def form(incident: Incident, person: Person, meant: Wanted, *, kept: Mapping[str, Any]) -> dict[str, Any]:
    """The preview, to be laid on the form: closed, it gives that back as it was."""
    must_ask = approval.must_ask(incident, person.as_actor())
    blocks = [
        RichTextBlock(elements=rich_text(drawn(incident, meant))),
        parts.quiet(_reach(incident, meant, must_ask=must_ask)),
        *(_whom_to_ask(incident, person) if must_ask else _confirmation(incident, person)),
    ]
    return parts.form(
        NAME,
        title="What the public will see",
        blocks=blocks,
        submit="Ask for approval" if must_ask else "Publish update",
        close="Back",
        kept={name: kept.get(name) for name in ("ref", "after", "once")},
    )


def drawn(incident: Incident, meant: Wanted) -> str:
    """The mark-up of the page with this update on top; nothing is written."""
    body = render_markdown(meant.body)
    draw = current_app.extensions.get("sevenbells.page_preview")
    if draw is None:
        return str(body)
    return str(
        draw(
            db.session.connection(),
            incident_id=incident.id,
            title=incident.title,
            severity=incident.severity,
            started_at=incident.began_at,
            public_status=meant.status,
            body_html=body,
            components=dict(meant.components),
            display_at=clock.now(),
            next_update_at=None if meant.status in _OVER else promises.due(incident, meant.next_word),
            now=clock.now(),
        )
    )


def _reach(incident: Incident, meant: Wanted, *, must_ask: bool) -> str:
    if must_ask:
        return "Nothing is public, and no promise is kept, until somebody approves it."
    known = publishing.find(incident.id)
    named = [update.components for update in known.updates] if known else []
    told = audience.count(Scope(components=audience.touched([*named, meant.components])))
    first = f"Puts {incident.ref} on the status page and its feeds, for the first time and at once."
    where = first if known is None else "Goes to the status page and its feeds at once."
    if not told:
        return f"{where} No subscriber asked for this, so no message goes out. You can undo for 10 seconds."
    who = "1 subscriber is" if told == 1 else f"{told:,} subscribers are"
    return f"{where} You can undo for 10 seconds; after that {who} told."


def _confirmation(incident: Incident, person: Person) -> list[Block]:
    """Who is neither commander nor communications lead says once more that it is meant."""
    if roles.leads(incident, person.id):
        return []
    return [parts.tick("confirmed", "You are neither commander nor communications lead.", "Publish all the same")]


def _whom_to_ask(incident: Incident, person: Person) -> list[Block]:
    able = approval.may_answer(incident, person.id)
    options = [
        parts.option(_ANYBODY, "Anybody who may publish"),
        *(parts.option(str(each.id), each.name) for each in able),
    ]
    return [parts.pick("ask_of", "Who reads it first?", options, _ANYBODY, as_list=True)]


def _submit(acted: Acted) -> Body:
    """Publish it, or ask for a second pair of eyes; what somebody else published meanwhile is shown first."""
    from . import update as composer  # the form that the preview lies on

    filled, asked = Filled(acted), acted.asked("")
    incident, person = filled.incident()
    if filled.was_sent():
        return parts.in_place(posted.already(incident, asked))
    meant = wanted.kept(incident, person, once=filled.once)
    try:
        wanted.mind_the_newest(incident, person, after=filled.after)
    except Outdated as newer:
        return parts.in_place(composer.after_another(incident, person, newer, typed=meant, once=filled.once))
    must_ask = approval.must_ask(incident, person.as_actor())
    if not must_ask and not roles.leads(incident, person.id) and not filled.values("confirmed"):
        raise Malformed({"confirmed": "Tick this to publish all the same."})
    if not filled.is_first_time():
        return parts.in_place(posted.already(incident, asked))
    update = _post(incident, person, meant, must_ask=must_ask)
    if must_ask:
        actions.ask_for_approval(incident, update, by=person.as_actor(), of=_asked_of(filled))
    wanted.sent(incident, person, meant, once=filled.once)
    return parts.in_place(posted.waits(incident, asked) if must_ask else posted.out(incident, update, asked))


def _post(incident: Incident, person: Person, meant: Wanted, *, must_ask: bool) -> Update:
    return actions.post_update(
        incident,
        by=person.as_actor(),
        body=meant.body,
        audience="public",
        public_status=meant.status or None,
        components=meant.components,
        next_update_at=promises.given(incident, meant.next_word),
        draft=must_ask,
        will_ask=must_ask,
        can_be_undone=True,
    )


def _asked_of(filled: Filled) -> Person | None:
    word = filled.text("ask_of")
    if word in ("", _ANYBODY):
        return None
    found = next((person for person in oncall.responders() if str(person.id) == word), None)
    if found is None:
        raise Malformed({"ask_of": "Choose somebody from the list."})
    return found


SUBMITTED[NAME] = _submit
