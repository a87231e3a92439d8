"""The slash command: words in, an answer that only its writer sees."""

from __future__ import annotations

from flask import Response, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from ..access import anyone
from ..actions import slack_people
from ..kernel.database import db, waiting_at_most
from . import commands, door, opening
from .commands.asked import Asked


@door.bp.get("/slack/commands")
@anyone()
def probe() -> ResponseReturnValue:
    """Slack asks whether our certificate is good; there is nothing else to read here."""
    if not door.is_check_of_certificate():
        raise NotFound
    return Response(status=200)


@door.bp.post("/slack/commands")
@anyone()
def command() -> ResponseReturnValue:
    """Do what was asked and say what became of it; a refusal changes nothing, and is an answer too."""
    if door.is_check_of_certificate():
        return Response(status=200)
    door.check_signature()
    with waiting_at_most(door.PATIENCE):
        trigger = _short("trigger_id")
        if not door.is_first_time(_short("team_id"), *([f"trigger/{trigger}"] if trigger else [])):
            db.session.rollback()
            return Response(status=200)
        reply = commands.run(_asked())
        answer = reply.as_answer()
        db.session.commit()
    if reply.form is not None and opening.opened(reply.form, trigger=trigger):
        return Response(status=200)
    return answer


def _asked() -> Asked:
    team, user = _short("team_id"), _short("user_id")
    return Asked(
        words=request.form.get("text", ""),
        person=slack_people.person_of(team, user),
        team=team,
        user=user,
        user_name=request.form.get("user_name", ""),
        channel=_short("channel_id"),
        command=request.form.get("command", "") or "/incident",
        base_url=door.settings().base_url,
        page_url=door.settings().page_url or door.settings().base_url,
    )


def _short(name: str) -> str:
    """A name that Slack gave; nothing where it can be none."""
    found = request.form.get(name, "")
    return found if len(found) <= 100 and found.isascii() and found.isprintable() else ""
