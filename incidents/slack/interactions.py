"""Buttons in Slack: whoever presses Acknowledge there acknowledges as the person whose address that Slack user is."""

from __future__ import annotations

import json
from typing import Any

from flask import Response, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest

from .. import actions
from ..access import Role, anyone
from ..access.visibility import find_incident, number_of
from ..actions import slack_people
from ..kernel import outbox
from ..kernel.database import db, waiting_at_most
from ..messages.letters import COMMAND, Button
from ..records.people import Person
from . import commands, door, signed
from .commands.asked import Asked
from .replies import Reply

_ACKNOWLEDGE = "acknowledge:"


@door.bp.post("/slack/interactions")
@anyone()
def interactions() -> ResponseReturnValue:
    """Do what was pressed and answer within Slack's three seconds; what there is to say comes as a message."""
    if door.is_check_of_certificate():
        return Response(status=200)
    door.check_signature()
    pressed = _pressed()
    with waiting_at_most(door.PATIENCE):
        trigger = pressed.get("trigger_id")
        names = [f"trigger/{trigger}"] if isinstance(trigger, str) and 0 < len(trigger) <= 100 else []
        if door.is_first_time(_text(pressed, "team", "id"), *names):
            _do(pressed)
        db.session.commit()
    return Response(status=200)


def _do(pressed: dict[str, Any]) -> None:
    user, channel = (_text(pressed, place, "id") for place in ("user", "channel"))
    for name in _pushed(pressed)[:1]:
        if name.startswith(_ACKNOWLEDGE):
            ref = name.removeprefix(_ACKNOWLEDGE)
            _say(_acknowledge(ref, _person(pressed)), user=user, channel=channel)
        else:
            _say(commands.run(_asked(name.removeprefix(COMMAND), pressed)), user=user, channel=channel)


def _person(pressed: dict[str, Any]) -> Person | None:
    return slack_people.person_of(_text(pressed, "team", "id"), _text(pressed, "user", "id"))


def _acknowledge(ref: str, person: Person | None) -> Reply:
    room = Button("Open the incident", f"{door.settings().base_url}/console/incidents/{ref}")
    return Reply(_act(ref, person), buttons=[room])


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
    actions.acknowledge(incident, by=person.as_actor())
    return f"You acknowledged {ref}."


def _say(reply: Reply, *, user: str, channel: str) -> None:
    """A message that only this user sees."""
    if not user or not channel:
        return
    outbox.enqueue(
        event=f"slack/{signed.once(request)}",
        channel="slack",
        destination=channel,
        payload={**reply.as_message(), "only_for": user},
        purpose=outbox.NOTICE,
    )


def _asked(word: str, pressed: dict[str, Any]) -> Asked:
    settings = door.settings()
    name = pressed["user"].get("username")
    return Asked(
        words=word,
        person=_person(pressed),
        team=_text(pressed, "team", "id"),
        user=_text(pressed, "user", "id"),
        user_name=name if isinstance(name, str) and name.isprintable() else "",
        channel=_text(pressed, "channel", "id"),
        command="/incident",
        base_url=settings.base_url,
        page_url=settings.page_url or settings.base_url,
    )


def _pushed(pressed: dict[str, Any]) -> list[str]:
    """What was pressed, where it is ours to answer; links are told to us too, and need no answer."""
    pushed = pressed.get("actions")
    named = (
        [str(each.get("action_id", "")) for each in pushed if isinstance(each, dict)]
        if isinstance(pushed, list)
        else []
    )
    return [name for name in named if _is_incident(name) or name.removeprefix(COMMAND) in _ASKED_BY_BUTTON]


def _is_incident(name: str) -> bool:
    return name.startswith(_ACKNOWLEDGE) and number_of(name.removeprefix(_ACKNOWLEDGE)) is not None


_ASKED_BY_BUTTON = frozenset({"list", "oncall", "maintenance", "help"})


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
