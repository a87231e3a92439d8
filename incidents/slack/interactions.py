"""Buttons, forms and shortcuts in Slack: each is told to whoever said that it is theirs, once, and answered in time."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from flask import Flask, Response, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest

from ..access import anyone
from ..kernel import problems
from ..kernel.database import db, reading, waiting_at_most
from ..kernel.errors import Malformed, Refusal
from . import door, opening, signed
from .acted import Acted
from .replies import Reply

Body = Mapping[str, Any]  # what Slack is to do with a form, or the choices that it offers
Afterwards = Callable[[], None]  # what is done once all is committed: to ask something of Slack, for one
Pressed = Callable[[Acted], Afterwards | None]
Submitted = Callable[[Acted], Body | Callable[[], Body] | None]
Suggested = Callable[[Acted], Body]

# What is done with each, within a transaction that the door commits. A Refusal undoes it, and is answered with its
# sentence: to the person, or in the form, at the field (``block_id``) that Malformed names and else at the first.
PRESSED: Final[dict[str, Pressed]] = {}  # by the beginning of the action_id; what follows it is ``acted.name``
SHORTCUTS: Final[dict[str, Pressed]] = {}  # by callback_id: global ones, and those of a message
# by the form's callback_id; without a body the form closes, and one that takes time to draw is drawn once all is committed
SUBMITTED: Final[dict[str, Submitted]] = {}
CLOSED: Final[dict[str, Submitted]] = {}  # by the form's callback_id, where it asks to be told; no body is read
SUGGESTED: Final[dict[str, Suggested]] = {}  # by the beginning of the action_id: choices for what is typed


def init_app(app: Flask) -> None:
    """Tell errors as Slack shows them."""
    problems.speak(app, "/slack/interactions", _where_they_are)


@door.bp.post("/slack/interactions")
@anyone()
def interactions() -> ResponseReturnValue:
    """Do what was asked and answer within Slack's three seconds; what is not ours is answered 200, and nothing is done."""
    if door.is_check_of_certificate():
        return Response(status=200)
    door.check_signature()
    acted = Acted(_told(), once=signed.once(request))
    answer: Body | Callable[[], Body] | None = None
    afterwards: Afterwards | None = None
    with waiting_at_most(door.PATIENCE):
        if door.is_first_time(acted.team, *([f"trigger/{acted.trigger}"] if acted.trigger else [])):
            answer, afterwards = run(acted)
        db.session.commit()
    if afterwards is not None:
        afterwards()
    if callable(answer):
        with reading():
            answer = answer()
    return Response(status=200) if answer is None else dict(answer)


def run(acted: Acted) -> tuple[Body | Callable[[], Body] | None, Afterwards | None]:
    """Do it wholly or not at all; the door commits, answers with the body, and does afterwards what is left."""
    match acted.kind:
        case "block_actions":
            return None, _press(PRESSED, acted, _text(acted.action, "action_id"))
        case "shortcut" | "message_action":
            name = _text(acted.told, "callback_id")
            return None, _press(SHORTCUTS, acted, name) if name in SHORTCUTS else None
        case "view_submission":
            return _submit(SUBMITTED, acted, _text(acted.view, "callback_id")), None
        case "view_closed":
            _submit(CLOSED, acted, _text(acted.view, "callback_id"))
            return None, None
        case "block_suggestion":
            return _suggest(acted, _text(acted.told, "action_id")), None
    return None, None


def _press(known: Mapping[str, Pressed], acted: Acted, name: str) -> Afterwards | None:
    beginning = _beginning(known, name)
    if not beginning:
        return None
    try:
        with db.session.begin_nested():
            return known[beginning](acted.named(name if known is SHORTCUTS else name.removeprefix(beginning)))
    except Refusal as refused:
        said = " ".join(refused.fields.values()) if isinstance(refused, Malformed) else refused.sentence
        acted.say(Reply(said, buttons=acted.asked("").ways_to_be_known()))
        return None


def _submit(known: Mapping[str, Submitted], acted: Acted, name: str) -> Body | Callable[[], Body] | None:
    if name not in known:
        return None
    try:
        with db.session.begin_nested():
            return known[name](acted.named(name))
    except Refusal as refused:
        fields = refused.fields if isinstance(refused, Malformed) else {}
        return errors_in(acted.view, fields, refused.sentence)


def _suggest(acted: Acted, name: str) -> Body:
    beginning = _beginning(SUGGESTED, name)
    return SUGGESTED[beginning](acted.named(name.removeprefix(beginning))) if beginning else {"options": []}


def _beginning(known: Mapping[str, Any], name: str) -> str:
    """The longest of the known beginnings."""
    return max((each for each in known if name.startswith(each)), key=len, default="")


def errors_in(view: Body, fields: Mapping[str, str], sentence: str) -> Body:
    """Errors at the fields of a form that they are about; what is about none that it has stands at its first."""
    blocks = view.get("blocks")
    names = [
        str(each.get("block_id"))
        for each in (blocks if isinstance(blocks, list) else [])
        if isinstance(each, dict) and each.get("type") == "input"
    ]
    if not names:
        return {"response_action": "update", "view": _instead(view, sentence)}
    known = {name: said for name, said in fields.items() if name in names}
    others = [said for name, said in fields.items() if name not in names] or ([] if known else [sentence])
    if others:
        known[names[0]] = " ".join([known[names[0]], *others] if names[0] in known else others)
    return {"response_action": "errors", "errors": known}


def _instead(view: Body, sentence: str) -> Body:
    """A form without a field cannot show an error: the sentence takes its place."""
    said = {"type": "section", "text": {"type": "plain_text", "text": sentence[:3000], "emoji": False}}
    close = {"type": "plain_text", "text": "Close"}
    return {"type": "modal", "title": view.get("title"), "close": close, "blocks": [said]}


def _where_they_are(status: int, sentences: Sequence[str]) -> Response:
    """A form that could not be recorded stays open with all that was typed, and says so; who pressed a button is told."""
    acted = Acted(_told(), once="") if status not in door.UNHEARD else None
    if acted is None or acted.kind != "view_submission":
        is_told = acted is not None and opening.said(acted, door.in_words(status, sentences))
        return Response(status=200) if is_told else door.to_slack(status, sentences)
    return Response(
        json.dumps(errors_in(acted.view, {}, door.in_words(status, sentences))), 200, mimetype="application/json"
    )


def _text(holder: Body, name: str) -> str:
    found = holder.get(name)
    return found if isinstance(found, str) else ""


def _told() -> dict[str, Any]:
    try:
        found = json.loads(request.form.get("payload", ""))
    except (ValueError, RecursionError):
        raise BadRequest from None
    if not isinstance(found, dict):
        raise BadRequest
    return found
