"""It is not over: a new cycle begins, and the public hears of it, or a reason says why not."""

from __future__ import annotations

from typing import Any

from flask.typing import ResponseReturnValue

from ... import actions
from ...access import Role, actor, may, me
from ...access.visibility import merged_into
from ...actions import approval
from ...actions.updates import latest
from ...kernel.errors import Malformed
from ...policy.lifecycle import STEPS, Step
from ...published import publishing
from ...records.incidents import Incident
from .. import asked_people
from ..incident_pages import text
from .asking import answer, fragment, previewed
from .blueprint import FORM, bp
from .public_words import again
from .repeats import sent_before


@bp.route("/reopening", methods=FORM)
@may(Role.RESPONDER)
def reopening(ref: str) -> ResponseReturnValue:
    """Why it is not over, where it goes on, and what the public reads. ``act=preview`` only looks."""
    if text("act") == "preview":
        return previewed("reopening", ref, _facts)
    return answer(ref, "reopening", facts=_facts, act=_reopen, beside={"body": "public_body"})


@bp.post("/reopening/preview")
@may(Role.RESPONDER)
def reopening_preview(ref: str) -> ResponseReturnValue:
    """What the public would read of the form as it is typed; nothing is recorded."""
    return fragment(ref, again)


def _reopen(incident: Incident) -> str | None:
    reason, public_body = text("reason"), text("public_body")
    if publishing.find(incident.id) is not None:
        reason, public_body = _with_public_part(reason, public_body)
    if sent_before(incident, "reopened", body=reason):
        return None
    must_ask = approval.must_ask(incident, actor())
    actions.reopen(
        incident,
        by=actor(),
        reason=reason,
        public_body=None if must_ask else public_body or None,
        to=text("step") or Step.INVESTIGATION.value,
    )
    if must_ask and public_body:
        asked_people.ask_about(incident, public_body)
    return f"{incident.ref} is open again"


def _with_public_part(reason: str, public_body: str) -> tuple[str, str]:
    """The reason and the text for the public; saying nothing takes a reason of its own."""
    problems = {} if reason else {"reason": "Say why it is not over."}
    if text("say_nothing"):
        why = text("silence")
        problems |= {} if why else {"silence": "Say why the public is not told."}
        public_body, reason = "", f"{reason}\n\nNothing is said to the public: {why}"
    elif not public_body:
        problems["public_body"] = "Tell the public that it goes on, or say nothing with a reason."
    if problems:
        raise Malformed(problems)
    return reason, public_body


def _facts(incident: Incident) -> dict[str, Any]:
    is_published = publishing.find(incident.id) is not None
    last = latest(incident, audience="public") if is_published else None
    return {
        "values": {
            "reason": "",
            "step": Step.INVESTIGATION.value,
            "public_body": "",
            "say_nothing": "",
            "silence": "",
        },
        "steps": [(step.value, step.label) for step in STEPS if step.number < Step.RESOLUTION.number],
        "is_published": is_published,
        "must_ask": is_published and approval.must_ask(incident, actor()),
        "goes_on_in": merged_into(incident, me()),
        "last_words": last.body if last else "",
        "drawn": again(incident, text("public_body")) if is_published else None,
    }
