"""Ending an incident: one question that states the consequence; or a false alarm with a reason."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from flask import request
from flask.typing import ResponseReturnValue

from ... import actions
from ...access import Role, actor, may
from ...actions import approval
from ...actions.resolve import causes
from ...actions.updates import updates_of
from ...kernel import clock
from ...kernel.errors import Outdated
from ...policy import severity
from ...policy.components import ComponentStatus
from ...policy.lifecycle import NEXT, Outcome, Requirement, Step
from ...policy.severity import Severity
from ...published import publishing
from ...published.page_settings import page_settings
from ...records.incidents import Incident
from .. import asked_people, reach
from ..formats import full_text
from ..incident_pages import text
from .asking import answer, fragment, previewed
from .blueprint import FORM, bp
from .public_words import over, page_without
from .repeats import sent_before

_BESIDE = {Requirement.RESOLUTION_SUMMARY.value: "summary", Requirement.REASON.value: "reason", "body": "public_body"}


@bp.route("/resolution", methods=FORM)
@may(Role.RESPONDER)
def resolution(ref: str) -> ResponseReturnValue:
    """Resolve it, or with ``outcome=false_alarm`` say that it was none. ``act=preview`` only looks."""
    if text("act") == "preview":
        return previewed("resolution", ref, _facts)
    return answer(ref, "resolution", facts=_facts, act=_resolve, beside=_BESIDE)


@bp.post("/resolution/preview")
@may(Role.RESPONDER)
def resolution_preview(ref: str) -> ResponseReturnValue:
    """What the public would read of the form as it is typed; nothing is recorded."""
    return fragment(ref, over)


def _resolve(incident: Incident) -> str | None:
    outcome, summary, reason = text("outcome") or Outcome.RESOLVED.value, text("summary"), text("reason")
    kind = "false_alarm" if outcome == Outcome.FALSE_ALARM else "resolved"
    if sent_before(incident, kind, body=summary or reason):
        return None
    if not incident.is_open:
        # an ending changes nothing when it comes second, and its words would be lost without a word
        stands = incident.resolution_summary or incident.outcome_reason or ""
        raise Outdated(
            f"{incident.ref} is over already: somebody ended it meanwhile. What you wrote is kept below.",
            version=incident.version,
            theirs={"summary": stands},
        )
    public_body = text("public_body")
    must_ask = approval.must_ask(incident, actor()) and publishing.find(incident.id) is not None
    actions.resolve(
        incident,
        by=actor(),
        summary=summary,
        public_body=None if must_ask else public_body or None,
        cause=text("cause") or None,
        outcome=outcome,
        reason=reason or None,
    )
    if must_ask and public_body:
        asked_people.ask_about(incident, public_body)
    return f"{incident.ref} is over"


def _facts(incident: Incident) -> dict[str, Any]:
    is_false = (request.form.get("outcome") or request.args.get("outcome")) == Outcome.FALSE_ALARM
    is_published = publishing.find(incident.id) is not None
    return {
        "values": {
            "outcome": (Outcome.FALSE_ALARM if is_false else Outcome.RESOLVED).value,
            "summary": incident.resolution_summary or "",
            "public_body": "",
            "cause": incident.cause or "",
            "reason": "",
        },
        "is_false_alarm": is_false,
        "is_published": is_published,
        "must_ask": is_published and approval.must_ask(incident, actor()),
        "consequences": _consequences(incident, is_published=is_published, is_false=is_false),
        "causes": causes(),
        "skips": NEXT[Step(incident.step)] is not Step.RESOLUTION,
        "drawn": over(incident, text("public_body")) if is_published else None,
    }


def _consequences(incident: Incident, *, is_published: bool, is_false: bool) -> list[str]:
    """What the button does, each in a sentence."""
    said = [_of_the_page(incident)] if is_published else ["Nothing of it is on the status page, so no page changes."]
    told = reach.number(incident) if is_published and not is_false else 0
    if told:
        said.append(f"{reach.in_words(told)} {'is' if told == 1 else 'are'} told that it is over.")
    waiting = sum(update.state == "scheduled" for update in updates_of(incident))
    if waiting:
        said.append(
            f"{waiting} {'update that waits' if waiting == 1 else 'updates that wait'} for a time will not go out."
        )
    said.append("Reminders and escalation stop.")
    if not is_false and not incident.is_drill and severity.owes_postmortem(Severity(incident.severity)):
        zone = ZoneInfo(page_settings().zone)
        due_at = severity.postmortem_due(Severity(incident.severity), clock.now(), zone)
        said.append(f"A post-mortem is owed by {full_text(due_at)}." if due_at else "A post-mortem is owed.")
    return said


def _of_the_page(incident: Incident) -> str:
    after = page_without(incident)
    if after.status is ComponentStatus.OPERATIONAL:
        return "The status page goes back to operational, and its feeds say that it is over."
    return f"The status page and its feeds say that it is over. The page goes on saying “{after.headline}”."
