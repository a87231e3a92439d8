"""The incident's channel in Slack: made by hand, opened again, and tried again where something went wrong."""

from __future__ import annotations

from typing import Any

from flask.typing import ResponseReturnValue

from ...access import Role, actor, may
from ...actions import incident_channel
from ...records.incidents import Incident
from .. import room_channel
from .asking import answer
from .blueprint import FORM, bp


@bp.route("/channel", methods=FORM)
@may(Role.RESPONDER)
def channel(ref: str) -> ResponseReturnValue:
    """How it stands; sent, the clock sees to it at once."""
    return answer(ref, "channel", facts=_facts, act=_act)


def _act(incident: Incident) -> str | None:
    incident_channel.make_or_try_again(incident, by=actor())
    return "Slack is asked now"


def _facts(incident: Incident) -> dict[str, Any]:
    return {"values": {}, "channel": room_channel.of(incident), "is_connected": incident_channel.is_connected()}
