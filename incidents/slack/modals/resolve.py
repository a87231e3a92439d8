"""The form *Resolve*: one question that states the consequence, and what the public reads as it will stand there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from slack_sdk.models.blocks import RichTextBlock
from sqlalchemy import select

from ... import actions
from ...actions import approval
from ...actions.resolve import causes
from ...kernel.database import db
from ...kernel.errors import Malformed, NotAllowed
from ...messages.slack_page import rich_text
from ...policy.lifecycle import NEXT, SENTENCES, Outcome, Requirement, Step
from ...published import publishing
from ...records.incidents import Incident
from ...records.people import Person
from ...records.unsent import UnsentText
from .. import opening
from ..acted import Acted
from ..commands.asked import Asked
from ..interactions import PRESSED, SUBMITTED, Afterwards, Body
from ..replies import Reply
from . import ending, parts, preview
from .ending import Ending
from .filled import Filled

_NAME, _SURE, _LATE = "resolve", "resolve-sure", "resolve-late"
_BESIDE: Final[Mapping[str, str]] = {Requirement.RESOLUTION_SUMMARY: "summary", Requirement.REASON: "reason"}


def reply(asked: Asked, incident: Incident) -> Reply:
    """The form; or where in the browser it is. Raises NotAllowed where it is over."""
    if not incident.is_open:
        raise NotAllowed(f"{incident.ref} is over already.")
    return Reply(
        f"The form did not open in Slack. Write {asked.command} resolve {incident.ref} and what resolved it, "
        "or do it in the browser.",
        buttons=[asked.page("Resolve it", f"/incidents/{incident.ref}/resolution")],
        form=_form(incident),
    )


def _form(incident: Incident) -> dict[str, Any]:
    is_published = publishing.find(incident.id) is not None
    step = Step(incident.step)
    skips = NEXT[step] is not Step.RESOLUTION
    why = f"Resolving at {step.label.lower()} skips steps. One line, on the timeline." if skips else ""
    public = parts.text(
        "public_body",
        "What the public reads",
        lines=True,
        optional=True,
        hint="You see a preview first. Left empty: This incident is resolved.",
    )
    blocks = [
        parts.quiet(f"{incident.ref} · {incident.severity} · {incident.title}"),
        parts.sentence(" ".join(ending.consequences(incident))),
        parts.pick(
            "outcome",
            "How does it end?",
            [
                parts.option(Outcome.RESOLVED, "Resolved"),
                parts.option(Outcome.FALSE_ALARM, "False alarm", "Kept, and left out of the figures"),
            ],
            Outcome.RESOLVED,
        ),
        parts.text(
            "summary",
            "What resolved it?",
            incident.resolution_summary or "",
            hint="A sentence or two, for colleagues.",
            lines=True,
            optional=True,
        ),
        parts.pick(
            "cause",
            "What kind of cause?",
            [parts.option(slug, label) for slug, label in causes().items()],
            incident.cause or "",
            as_list=True,
            optional=True,
        ),
        *([public] if is_published else []),
        parts.text(
            "reason",
            "Why now?" if skips else "Why?",
            hint=why or "For a false alarm, or to resolve without a summary. One line, on the timeline.",
            longest=1000,
            optional=True,
        ),
    ]
    return parts.form(
        _NAME,
        title=f"Resolve {incident.ref}",
        blocks=blocks,
        submit="Go on" if is_published else f"Resolve {incident.ref}",
        close="Keep it open",
        kept={"ref": incident.ref, "once": parts.new_key()},
    )


def _press(acted: Acted) -> Afterwards:
    asked = acted.asked(acted.name)
    incident, _rest = asked.incident()
    answer = reply(asked, incident)
    assert answer.form is not None
    return opening.afterwards(acted, answer.form, otherwise=answer)


def _submit(acted: Acted) -> Body | Callable[[], Body]:
    """End it; or first show what the public will read, and ask whether that is meant."""
    filled = Filled(acted)
    incident, person = filled.incident()
    meant = ending.of_form(filled)
    if filled.was_sent():
        return parts.in_place(_over(incident, acted.asked("")))
    if not incident.is_open:
        return parts.in_place(_late(incident, meant))
    if publishing.find(incident.id) is None:
        return parts.in_place(_resolve(filled, incident, person, meant))
    _check(incident, person, meant)
    ending.keep(incident, person, meant, once=filled.once)
    return lambda: parts.on_top(_sure(incident, person, meant, kept=filled.kept))


def _check(incident: Incident, person: Person, meant: Ending) -> None:
    """Raise what resolving would raise, so that it stands at its field; nothing of it stays."""
    trial = db.session.begin_nested()
    try:
        _act(incident, person, meant)
    finally:
        trial.rollback()


def _sure(incident: Incident, person: Person, meant: Ending, *, kept: Mapping[str, Any]) -> dict[str, Any]:
    reads_first = "A second pair of eyes reads your text first. Until then: This incident is resolved."
    must_ask = bool(meant.public_body) and approval.must_ask(incident, person.as_actor())
    shown = Ending(**{**meant.as_fields(), "public_body": "" if must_ask else meant.public_body})
    blocks = [
        RichTextBlock(elements=rich_text(preview.drawn(incident, shown.as_update(incident)))),
        *([parts.quiet(reads_first)] if must_ask else []),
        parts.sentence(" ".join(ending.consequences(incident, is_false_alarm=meant.is_false_alarm))),
    ]
    return parts.form(
        _SURE,
        title=f"Resolve {incident.ref}?",
        blocks=blocks,
        submit="Call it a false alarm" if meant.is_false_alarm else "Resolve and tell all",
        close="Back",
        kept={name: kept.get(name) for name in ("ref", "once")},
    )


def _submit_sure(acted: Acted) -> Body:
    filled = Filled(acted)
    incident, person = filled.incident()
    if filled.was_sent():
        return parts.in_place(_over(incident, acted.asked("")))
    wanted = select(UnsentText).where(
        UnsentText.person_id == person.id, UnsentText.page == filled.once, UnsentText.key == ending.key(incident)
    )
    kept = db.session.scalars(wanted).one_or_none()
    if kept is None or kept.sent_at is not None:
        raise NotAllowed(f"This was sent or discarded meanwhile. Look at {incident.ref} before you write it anew.")
    meant = ending.of_fields(kept.fields)
    if not incident.is_open:
        return parts.in_place(_late(incident, meant))
    return parts.in_place(_resolve(filled, incident, person, meant))


def _resolve(filled: Filled, incident: Incident, person: Person, meant: Ending) -> dict[str, Any]:
    if filled.is_first_time():
        _act(incident, person, meant)
        ending.sent(incident, person, meant, once=filled.once)
    return _over(incident, filled.acted.asked(""))


def _over(incident: Incident, asked: Asked) -> dict[str, Any]:
    room, shown = asked.room(incident), publishing.find(incident.id)
    ways = [parts.way(room.label, room.address)]
    if incident.postmortem_due_at:
        ways.insert(0, parts.way("Post-mortem", f"{room.address}/postmortem"))
    said = "a false alarm" if incident.outcome == Outcome.FALSE_ALARM else "resolved"
    reads = [] if shown is None else [f"The status page says: {shown.newest.body}"]
    return parts.said("Over", [f"{incident.ref} is {said}.", *reads], buttons=ways)


def _act(incident: Incident, person: Person, meant: Ending) -> None:
    by, is_published = person.as_actor(), publishing.find(incident.id) is not None
    must_ask = is_published and approval.must_ask(incident, by)
    try:
        actions.resolve(
            incident,
            by=by,
            summary=meant.summary,
            public_body=None if must_ask else meant.public_body or None,
            cause=meant.cause or None,
            outcome=meant.outcome,
            reason=meant.reason or None,
        )
    except NotAllowed as refused:
        beside = {_BESIDE[each]: SENTENCES[Requirement(each)] for each in refused.missing if each in _BESIDE}
        raise (Malformed(beside) if beside else refused) from None
    if must_ask and meant.public_body:
        draft = actions.post_update(
            incident, by=by, body=meant.public_body, audience="public", draft=True, will_ask=True
        )
        actions.ask_for_approval(incident, draft, by=by)


def _late(incident: Incident, meant: Ending) -> dict[str, Any]:
    """It was over before: what was written stands there, and one's own words are kept, for the timeline if wanted."""
    stands = incident.resolution_summary or incident.outcome_reason or ""
    mine = "\n\n".join(each for each in (meant.summary, meant.reason, meant.public_body) if each)
    return parts.form(
        _LATE,
        title=f"{incident.ref} is over",
        blocks=[
            parts.sentence(
                f"{incident.ref} is over already: somebody ended it meanwhile. What you wrote is kept below."
            ),
            *([parts.quoted(stands)] if stands else []),
            parts.text("body", "What you wrote", mine, lines=True, hint="It can go on the timeline as a note."),
        ],
        submit="Add as a note",
        kept={"ref": incident.ref, "once": parts.new_key()},
        closes_all=True,
    )


def _submit_late(acted: Acted) -> Body:
    filled = Filled(acted)
    incident, person = filled.incident()
    if filled.is_first_time():
        actions.add_note(incident, by=person.as_actor(), body=filled.text("body"))
    return parts.in_place(parts.said("Note", [f"Your note is on the timeline of {incident.ref}."]))


PRESSED["open/resolve:"] = _press
SUBMITTED[_NAME] = _submit
SUBMITTED[_SURE] = _submit_sure
SUBMITTED[_LATE] = _submit_late
