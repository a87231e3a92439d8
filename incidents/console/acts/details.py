"""What an incident is called, whom it touches in words, when it began, and what kind of cause it had."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from ... import actions
from ...access import Role, actor, may
from ...actions.resolve import causes
from ...kernel.errors import Outdated
from ...published import publishing
from ...records.incidents import Incident
from ..formats import local_input
from ..incident_pages import text, time_of
from .asking import answer
from .blueprint import FORM, bp
from .repeats import fingerprint, moved_since


@bp.route("/details", methods=FORM)
@may(Role.RESPONDER)
def details(ref: str) -> ResponseReturnValue:
    """Change any of them; what somebody else changed meanwhile is shown beside it first."""
    return answer(ref, "details", facts=_facts, act=_change)


def _change(incident: Incident) -> str | None:
    stands = _stands(incident)
    wanted = {name: text(name) for name in stands if name in request.form}
    changed = {name for name, value in wanted.items() if value != stands[name] and _was_touched(name, value)}
    theirs = {name: stands[name] for name in changed if moved_since(fingerprint(stands[name]), field=f"seen-{name}")}
    if theirs:
        raise Outdated(
            "Somebody changed this meanwhile. Both texts are below: keep one, or make one of the two.",
            version=incident.version,
            theirs=dict(theirs),
        )
    _apply(incident, changed)
    return None


def _was_touched(name: str, value: str) -> bool:
    """Whether the sender changed this field: one left as it was shown leaves a newer text as it is."""
    return request.form.get(f"seen-{name}", "") != fingerprint(value)


def _apply(incident: Incident, changed: set[str]) -> None:
    by = actor()
    if "title" in changed:
        actions.rename(incident, title=text("title"), by=by)
    if "impact" in changed:
        actions.describe_impact(incident, impact=text("impact"), by=by)
    if "cause" in changed and text("cause"):
        actions.set_cause(incident, cause=text("cause"), by=by)
    actions.correct_times(
        incident,
        by=by,
        detected_at=_moment("detected_at", changed),
        impact_started_at=_moment("impact_started_at", changed),
    )


def _moment(name: str, changed: set[str]) -> datetime | None:
    return time_of(name) if name in changed else None


def _stands(incident: Incident) -> dict[str, str]:
    """Every field as the form shows it now. Times are told to the minute there, in the viewer's zone."""
    return {
        "title": incident.title,
        "impact": incident.impact or "",
        "cause": incident.cause or "",
        "detected_at": local_input(incident.detected_at),
        "impact_started_at": local_input(incident.impact_started_at),
    }


def _facts(incident: Incident) -> dict[str, Any]:
    stands = _stands(incident)
    return {
        "values": stands,
        "seen_fields": {f"seen-{name}": fingerprint(value) for name, value in stands.items()},
        "causes": [("", "Not known yet"), *causes().items()],
        "is_published": publishing.find(incident.id) is not None,
    }
