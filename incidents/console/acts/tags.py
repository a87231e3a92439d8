"""The tags of an incident: those it has, those that others have, and new ones."""

from __future__ import annotations

from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from ... import actions
from ...access import Role, actor, may, me
from ...actions import tags as tag_actions
from ...policy import tags as rules
from ...records.incidents import Incident
from ..incident_pages import text
from .asking import answer
from .blueprint import FORM, bp

_MOST_SUGGESTED = 24


@bp.route("/tags", methods=FORM)
@may(Role.RESPONDER)
def tags(ref: str) -> ResponseReturnValue:
    """Tick, untick, write new ones; what somebody else changed meanwhile stays."""
    return answer(ref, "tags", facts=_facts, act=_change)


def _change(incident: Incident) -> str | None:
    chosen, before = set(request.form.getlist("tag")), set(request.form.getlist("had"))
    actions.change_tags(
        incident, add=[*sorted(chosen - before), *rules.split(text("tags"))], remove=before - chosen, by=actor()
    )
    return None


def _facts(incident: Incident) -> dict[str, Any]:
    has = tag_actions.of(incident)
    often = sorted(tag_actions.known(me()), key=lambda each: -each.count)
    others = sorted(each.tag for each in [each for each in often if each.tag not in has][:_MOST_SUGGESTED])
    ticked = set(request.form.getlist("tag")) if request.method == "POST" else set(has)
    return {"values": {"tags": ""}, "has": has, "suggested": others, "ticked": ticked, "most": rules.MOST}
