"""What happens in Slack and is told to us: each event is heard once, however often Slack tells it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from flask import Response, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest

from ..access import anyone
from ..kernel.database import db, waiting_at_most
from . import door

Event = dict[str, Any]
# what is done with each kind of event of our workspace, of which the ID is given besides
HEARD: Final[dict[str, Callable[[Event, str], None]]] = {}


@door.bp.post("/slack/events")
@anyone()
def events() -> ResponseReturnValue:
    """Answer 200 at once; an event that could not be recorded is answered 503, and Slack tells it again."""
    door.check_signature()
    told = _told()
    if told.get("type") == "url_verification":
        return {"challenge": str(told.get("challenge", ""))}
    with waiting_at_most(door.PATIENCE):
        names = [f"event/{told['event_id']}"] if _is_name(told.get("event_id")) else []
        event = told.get("event")
        team = str(told.get("team_id", ""))
        if door.is_first_time(team, *names) and isinstance(event, dict):
            hear = HEARD.get(str(event.get("type")))
            if hear is not None:
                hear(event, team)
        db.session.commit()
    return Response(status=200)


def _told() -> Event:
    found = request.get_json(force=True, silent=True)
    if not isinstance(found, dict):
        raise BadRequest
    return found


def _is_name(found: object) -> bool:
    return isinstance(found, str) and found.isascii() and found.isalnum() and len(found) <= 100
