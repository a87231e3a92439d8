"""Buttons in Slack: whoever presses Acknowledge there acknowledges as the person whose address that Slack user is."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, Response, current_app, request
from flask.typing import ResponseReturnValue
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import BadRequest, NotFound, Unauthorized

from .. import actions
from ..access import Role, anyone
from ..access.visibility import find_incident, number_of
from ..kernel import outbox
from ..kernel.database import db
from ..kernel.settings import Settings
from ..messages import slack_blocks
from ..messages.letters import Button
from ..records.addresses import ContactAddress
from ..records.once import SentForm
from ..records.people import Person
from . import signed

bp = Blueprint("slack", __name__)

_ACKNOWLEDGE = "acknowledge:"


@bp.post("/slack/interactions")
@anyone()
def interactions() -> ResponseReturnValue:
    """Do what was pressed and answer within Slack's three seconds; what there is to say comes as a message."""
    secret = _settings().slack_signing_secret
    if not secret:
        raise NotFound
    if not signed.is_from_slack(request, secret):
        raise Unauthorized
    pressed = _pressed()
    for ref in _acknowledged(pressed):
        _acknowledge(ref, pressed)
    return Response(status=200)


def _acknowledge(ref: str, pressed: dict[str, Any]) -> None:
    user, channel = (_text(pressed, place, "id") for place in ("user", "channel"))
    person = _person_of(user)
    said = _act(ref, person)
    _say(said, ref=ref, user=user, channel=channel)
    db.session.commit()


def _act(ref: str, person: Person | None) -> str:
    """What became of it, in one sentence; a hidden incident is answered like a missing one."""
    if person is None:
        return (
            f"Sevenbells does not know who you are in Slack. Add your Slack address, or acknowledge {ref} on its page."
        )
    incident = find_incident(ref, person, for_writing=True)
    if incident is None:
        return f"There is no {ref} that you can see."
    if not person.may(Role.RESPONDER):
        return f"Only a responder can acknowledge {ref}."
    if not incident.is_open:
        return f"{ref} is over. There is nothing to acknowledge."
    _refuse_a_replay(person)
    actions.acknowledge(incident, by=person.as_actor())
    return f"You acknowledged {ref}."


def _refuse_a_replay(person: Person) -> None:
    """Written in the transaction that acts: of two that are the same the table refuses the second, on any machine."""
    try:
        db.session.execute(
            insert(SentForm).values(person_id=person.id, key=signed.once(request), path=request.path, location="")
        )
    except IntegrityError:
        db.session.rollback()
        raise Unauthorized from None


def _say(sentence: str, *, ref: str, user: str, channel: str) -> None:
    """A message that only this user sees, with the way to the incident."""
    if not user or not channel:
        return
    room = Button("Open the incident", f"{_settings().base_url}/console/incidents/{ref}")
    outbox.enqueue(
        event=f"slack/{signed.once(request)}",
        channel="slack",
        destination=channel,
        payload={**slack_blocks.post(headline=sentence, buttons=[room]), "only_for": user},
        purpose=outbox.NOTICE,
    )


def _person_of(user: str) -> Person | None:
    """The one active person with this Slack address; where two claim it, it is nobody's."""
    wanted = (
        select(Person)
        .join(ContactAddress, ContactAddress.person_id == Person.id)
        .where(
            ContactAddress.kind == "slack",
            ContactAddress.value == user,
            ContactAddress.removed_at.is_(None),
            Person.disabled_at.is_(None),
        )
    )
    found = list(db.session.scalars(wanted.distinct())) if user else []
    return found[0] if len(found) == 1 else None


def _acknowledged(pressed: dict[str, Any]) -> list[str]:
    """The incidents whose button was pressed; links are told to us too, and need no answer."""
    pushed = pressed.get("actions")
    named = (
        [str(each.get("action_id", "")) for each in pushed if isinstance(each, dict)]
        if isinstance(pushed, list)
        else []
    )
    refs = [name.removeprefix(_ACKNOWLEDGE) for name in named if name.startswith(_ACKNOWLEDGE)]
    return [ref for ref in refs if number_of(ref) is not None][:1]


def _pressed() -> dict[str, Any]:
    try:
        found = json.loads(request.form.get("payload", ""))
    except (ValueError, RecursionError):
        raise BadRequest from None
    if not isinstance(found, dict):
        raise BadRequest
    return found


def _text(pressed: dict[str, Any], place: str, name: str) -> str:
    holder = pressed.get(place)
    found = holder.get(name) if isinstance(holder, dict) else None
    return found if isinstance(found, str) and found.isalnum() and len(found) <= 30 else ""


def _settings() -> Settings:
    found: Settings = current_app.extensions["sevenbells.settings"]
    return found
