"""``step``, ``resolve``, ``reopen``: where the work stands, and how it ends and begins again."""

from __future__ import annotations

import hashlib
import re

from ... import actions
from ...actions import approval, roles
from ...kernel.errors import NotAllowed
from ...policy.lifecycle import NEXT, Outcome, Step
from ...published import publishing
from ...records import slack_requests
from ...records.incidents import Incident
from ..modals import resolve as form
from ..replies import Reply
from .asked import Asked, choice

_FALSE_ALARM = re.compile(r"false[ _-]alarm\b[:,.]?\s*", re.IGNORECASE)


def step(asked: Asked) -> Reply:
    """``step [INC-42] mitigation [what it asks for] [reason: why all the same]``; ``next`` is the one that follows."""
    incident, rest = asked.incident()
    first, more = rest.split()
    to = _next(incident) if first == "next" else Step(choice(first, [*Step, "next"], what="step"))
    note, marked = more.marked()
    if to is Step.RESOLUTION and incident.is_open:
        return _resolve(asked, incident, note, marked)
    if not incident.is_open and to.number < Step.RESOLUTION.number:
        return _reopen(asked, incident, marked.get("reason") or note, marked, to=to)
    moved = actions.advance(incident, to=to, by=asked.by, note=note or None, reason=marked.get("reason"))
    return Reply(
        f"{incident.ref} is at {to.label.lower()} {'now' if moved else 'already'}, step {to.number} of {len(Step)}.",
        buttons=[asked.room(incident)],
    )


def resolve(asked: Asked) -> Reply:
    """``resolve [INC-42] WHAT RESOLVED IT [reason: …] [public: what the status page says]``; alone it opens the form."""
    incident, rest = asked.incident()
    if not rest.text and incident.is_open:
        return form.reply(asked, incident)
    summary, marked = rest.marked()
    return _resolve(asked, incident, summary, marked)


def reopen(asked: Asked) -> Reply:
    """``reopen [INC-42] WHY [public: what the status page says]``."""
    incident, rest = asked.incident()
    why, marked = rest.marked()
    return _reopen(asked, incident, why or marked.get("reason", ""), marked, to=Step.INVESTIGATION)


def _next(incident: Incident) -> Step:
    following = NEXT[Step(incident.step)]
    if following is None:
        raise NotAllowed(f"{incident.ref} is at its last step.")
    return following


def _resolve(asked: Asked, incident: Incident, summary: str, marked: dict[str, str]) -> Reply:
    is_false = _FALSE_ALARM.match(summary)
    reason = marked.get("reason", "")
    if is_false:
        reason, summary = reason or summary[is_false.end() :], ""
    unsaid = _asked_first(asked, incident, marked) if incident.is_open else None
    if unsaid is not None:
        return unsaid
    ended = actions.resolve(
        incident,
        by=asked.by,
        summary=summary,
        reason=reason or None,
        public_body=marked.get("public"),
        outcome=Outcome.FALSE_ALARM if is_false else Outcome.RESOLVED,
    )
    if not ended:
        return Reply(f"{incident.ref} was over already.", buttons=[asked.room(incident)])
    owes = [asked.page("Post-mortem", f"/incidents/{incident.ref}/postmortem")] if incident.postmortem_due_at else []
    said = "a false alarm" if is_false else "resolved"
    return Reply(f"{incident.ref} is {said}.", _what_the_public_reads(incident), [*owes, asked.room(incident)])


def _reopen(asked: Asked, incident: Incident, why: str, marked: dict[str, str], *, to: Step) -> Reply:
    unsaid = None if incident.is_open else _asked_first(asked, incident, marked)
    if unsaid is not None:
        return unsaid
    actions.reopen(incident, by=asked.by, reason=why, public_body=marked.get("public"), to=to)
    return Reply(
        f"{incident.ref} is open again. People are told.", _what_the_public_reads(incident), [asked.room(incident)]
    )


def _asked_first(asked: Asked, incident: Incident, marked: dict[str, str]) -> Reply | None:
    """What goes onto the status page is said in so many words, and by who does not lead a second time; None: go on."""
    if publishing.find(incident.id) is None:
        return None
    words = marked.get("public")
    if not words:
        return _ask_for_public_words(asked, incident)
    if roles.leads(incident, asked.by.id) or approval.must_ask(incident, asked.by):
        return None
    mark = hashlib.sha256(f"{incident.id}\n{words}".encode("utf-8", "replace")).hexdigest()[:32]
    if not slack_requests.remember(f"sure/{asked.user}/{mark}"):
        return None
    return Reply(
        "You are neither commander nor communications lead. Write the same again to publish it all the same.",
        [f"Nothing was recorded. The status page would say: {words}"],
        [asked.room(incident)],
    )


def _ask_for_public_words(asked: Asked, incident: Incident) -> Reply:
    return Reply(
        f"{incident.ref} is on the status page. Write the same again, and at its end public: with what is to stand there.",
        ["Nothing was recorded. It can be done in the browser too, with a preview."],
        [asked.room(incident)],
    )


def _what_the_public_reads(incident: Incident) -> list[str]:
    shown = publishing.find(incident.id)
    return [] if shown is None else [f"The status page says: {shown.newest.body}"]
