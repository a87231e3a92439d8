"""The post-mortem: the draft beside what people wrote, the durations with their states, and the whole as Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from werkzeug.exceptions import NotFound

from .. import actions
from ..access import Scope, actor
from ..kernel.database import db
from ..kernel.errors import Malformed
from ..policy.postmortems import FACTS, WRITABLE, Duration, DurationState, SectionName, State
from ..records.incidents import Incident
from ..records.people import Person
from ..records.postmortem_reviews import SENT_BACK, TAKEN_BACK, reviews_of
from ..records.postmortems import Postmortem, PostmortemSection, find_postmortem, sections_of
from ..reports import postmortem as report
from . import conditional, loading, shapes, updates
from .fields import Body, choice, clearable, flag, text
from .operations import Answer, Given, Thing, operation, prefers
from .shapes import FLAG, MAYBE_NUMBER, MAYBE_TEXT, MAYBE_TIME, NUMBER, TEXT, maybe_stamp

MARKDOWN = "text/markdown"
_LONGEST = 20_000
_RULE = "/incidents/<ref>/postmortem"

_DURATION = shapes.record(state=shapes.word(DurationState), seconds=MAYBE_NUMBER, why=MAYBE_TEXT)
_SECTION = shapes.record(
    title=TEXT,
    text=TEXT,
    generated=TEXT,
    generated_at=MAYBE_TIME,
    written=MAYBE_TEXT,
    written_by=MAYBE_TEXT,
    written_at=MAYBE_TIME,
    writable=FLAG,
    version=NUMBER,
)
_REVIEW = {
    "anyOf": [
        shapes.record(
            reviewer=TEXT, asked_by=TEXT, asked_at=shapes.TIME, answer=MAYBE_TEXT, answered_by=MAYBE_TEXT,
            answered_at=MAYBE_TIME, reason=MAYBE_TEXT,
        ),
        {"type": "null"},
    ]
}  # fmt: skip
_OWNER = {"anyOf": [shapes.PERSON, {"type": "null"}]}

shapes.named(
    "Postmortem",
    shapes.record(
        incident=TEXT,
        state=shapes.word(State),
        owner=_OWNER,
        begun_at=MAYBE_TIME,
        due_at=MAYBE_TIME,
        published_at=MAYBE_TIME,
        reviewed_by=MAYBE_TEXT,
        unreviewed_reason=MAYBE_TEXT,
        review=_REVIEW,
        waived_reason=MAYBE_TEXT,
        durations=shapes.record(**dict.fromkeys(report.DURATION_NAMES, _DURATION)),
        **{name.value: TEXT for name in SectionName if name is not SectionName.DURATIONS},
        sections=shapes.record(**{name.value: _SECTION for name in SectionName}),
        version=NUMBER,
    ),
)

_TEXTS = {name.value: clearable(text(_LONGEST)) for name in WRITABLE}
CHANGES = Body(
    optional={
        **_TEXTS,
        "owner": loading.EMAIL,
        "state": choice([State.PUBLISHED]),
        "reason": text(1000),
        **loading.VERSION,
    }
)


@dataclass(frozen=True)
class _Shown:
    """A section as it is shown, kept or as it would be drafted now."""

    text: str
    generated: str
    kept: PostmortemSection | None = None


@operation(
    "GET",
    _RULE,
    scope=Scope.READ,
    summary="The post-mortem, or what its draft would be now when it was not begun. Markdown by Accept.",
    gives="Postmortem",
    also=MARKDOWN,
)
def show_postmortem(given: Given, ref: str) -> Answer | str:
    incident = loading.to_read(ref)
    begun = find_postmortem(incident.id)
    if prefers(MARKDOWN):
        return report.as_markdown(incident, begun)
    return _answer(incident, begun)


@operation(
    "PATCH",
    _RULE,
    scope=Scope.RESPOND,
    summary="Write sections (null gives the draft back its place), name its owner, publish it to colleagues "
    "(with the reason why nobody reviews it first).",
    gives="Postmortem",
    body=CHANGES,
)
def change_postmortem(given: Given, ref: str) -> Answer:
    incident = loading.to_lock(ref)
    found = find_postmortem(incident.id)
    # what is not begun has version 0 in nobody's hands: the first writing begins it
    if found is not None:
        conditional.expect(found.version, given, what="The post-mortem", theirs=_theirs(found, given))
    postmortem = actions.begin_postmortem(incident, by=actor())
    for name in _TEXTS:
        if name in given:
            actions.write_section(postmortem, name, by=actor(), body=given[name] or "")
    if "owner" in given:
        person = loading.person(given["owner"], field="owner")
        actions.set_postmortem_owner(postmortem, person=person, by=actor())
    if "state" in given:
        actions.publish_postmortem(incident, by=actor(), reason=given.get("reason", ""))
    return _answer(incident, postmortem)


@operation(
    "POST",
    f"{_RULE}/sections/<name>/regeneration",
    scope=Scope.RESPOND,
    summary="Draft one section anew from the record. What people wrote in it stays.",
    gives="Postmortem",
    body=Body(optional=loading.VERSION),
)
def regenerate_section(given: Given, ref: str, name: str) -> Answer:
    incident = loading.to_lock(ref)
    if name not in [*SectionName]:
        raise NotFound
    found = find_postmortem(incident.id)
    if found is not None:
        conditional.expect(found.version, given, what="The post-mortem")
    postmortem = actions.begin_postmortem(incident, by=actor())
    actions.regenerate_section(postmortem, name, by=actor())
    return _answer(incident, postmortem)


@operation(
    "PUT",
    f"{_RULE}/review",
    scope=Scope.RESPOND,
    summary="Ask somebody who wrote none of it to read it, send it back with a reason, or take the question back.",
    gives="Postmortem",
    body=Body(
        optional={
            "reviewer": loading.EMAIL,
            "answer": choice([SENT_BACK, TAKEN_BACK]),
            "reason": text(1000),
            **loading.VERSION,
        }
    ),
)
def review_postmortem(given: Given, ref: str) -> Answer:
    incident = loading.to_lock(ref)
    found = find_postmortem(incident.id)
    if found is not None:
        conditional.expect(found.version, given, what="The post-mortem")
    postmortem = actions.begin_postmortem(incident, by=actor())
    if "answer" in given and "reviewer" in given:
        raise Malformed({"answer": "Give a reviewer to ask, or an answer, not both."})
    if given.get("answer") == SENT_BACK:
        actions.send_back_postmortem(postmortem, by=actor(), reason=given.get("reason", ""))
    elif given.get("answer") == TAKEN_BACK:
        actions.take_back_review(postmortem, by=actor())
    elif "reviewer" in given:
        person = loading.person(given["reviewer"], field="reviewer")
        actions.ask_for_review(postmortem, reviewer=person, by=actor())
    else:
        raise Malformed({"reviewer": "Say who is to read it, or give an answer."})
    return _answer(incident, postmortem)


@operation(
    "PUT",
    f"{_RULE}/publication",
    scope=Scope.RESPOND,
    summary="Publish the root cause analysis on the status page, or revise the one that is out. Without body: its draft. "
    "Subscribers are told where notify says so.",
    gives="Update",
    body=Body(optional={"body": text(_LONGEST), "notify": flag()}),
)
def publish_rca(given: Given, ref: str) -> Answer:
    incident = loading.to_lock(ref)
    body = given.get("body") or _rca_draft(incident)
    if not body:
        raise Malformed({"body": "Say what happened: there is no draft of it."})
    update = actions.publish_rca(incident, by=actor(), body=body, notify=given.get("notify", False))
    return updates.answer(incident, update)


@operation(
    "DELETE",
    f"{_RULE}/publication",
    scope=Scope.RESPOND,
    summary="Withdraw the root cause analysis from everything that is served.",
    gives=None,
    status=204,
)
def withdraw_rca(given: Given, ref: str) -> None:
    actions.withdraw_rca(loading.to_lock(ref), by=actor())


def _rca_draft(incident: Incident) -> str:
    begun = find_postmortem(incident.id)
    return sections_of(begun)[SectionName.RCA_PUBLIC].text if begun else ""


def _theirs(postmortem: Postmortem, given: Mapping[str, Any]) -> dict[str, object]:
    kept = sections_of(postmortem)
    return {name: kept[name].text for name in _TEXTS if name in given and name in kept}


def _answer(incident: Incident, postmortem: Postmortem | None) -> Answer:
    db.session.flush()
    version = postmortem.version if postmortem else 0
    return Answer(_shape(incident, postmortem), version=version)


def _shape(incident: Incident, postmortem: Postmortem | None) -> Thing:
    sections, lengths = _read(incident, postmortem)
    return {
        "incident": incident.ref,
        "state": postmortem.state if postmortem else State.DRAFT.value,
        "owner": _owner(postmortem),
        "begun_at": maybe_stamp(postmortem.begun_at) if postmortem else None,
        "due_at": maybe_stamp(incident.postmortem_due_at),
        "published_at": maybe_stamp(postmortem.published_at) if postmortem else None,
        "reviewed_by": postmortem.reviewer_name if postmortem else None,
        "unreviewed_reason": postmortem.unreviewed_reason if postmortem else None,
        "review": _review(postmortem),
        "waived_reason": incident.postmortem_waived_reason,
        "durations": {name: _duration(taken) for name, taken in lengths.items()},
        **{name.value: shown.text for name, shown in sections.items() if name is not SectionName.DURATIONS},
        "sections": {name.value: _section(name, shown) for name, shown in sections.items()},
        "version": postmortem.version if postmortem else 0,
    }


def _read(incident: Incident, postmortem: Postmortem | None) -> tuple[dict[SectionName, _Shown], dict[str, Duration]]:
    """What is kept; of one that was not begun, what would be drafted now."""
    if postmortem is not None:
        kept = sections_of(postmortem)
        shown = {SectionName(name): _Shown(each.text, each.generated, each) for name, each in kept.items()}
        if len(shown) < len(SectionName):
            # sections that came into being later than this post-mortem are as they would be drafted now
            drafted = report.draft(incident)
            later = {name: _Shown(each.text, each.text) for name, each in drafted.sections.items()}
            shown = {name: shown.get(name, later[name]) for name in SectionName}
        return shown, report.durations(incident)
    drafted = report.draft(incident)
    shown = {name: _Shown(section.text, section.text) for name, section in drafted.sections.items()}
    return shown, report.durations_of(drafted.record)


def _review(postmortem: Postmortem | None) -> Thing | None:
    """The newest question to a reviewer, and its answer."""
    newest = next(iter(reviews_of(postmortem.id)), None) if postmortem is not None else None
    if newest is None:
        return None
    return {
        "reviewer": newest.reviewer_name,
        "asked_by": newest.asked_by_name,
        "asked_at": shapes.stamp(newest.asked_at),
        "answer": newest.answer,
        "answered_by": newest.answered_by_name,
        "answered_at": maybe_stamp(newest.answered_at),
        "reason": newest.words,
    }


def _owner(postmortem: Postmortem | None) -> dict[str, Any] | None:
    if postmortem is None or postmortem.owner_id is None:
        return None
    person = db.session.get_one(Person, postmortem.owner_id)
    return shapes.person(person.email, person.name)


def _duration(taken: Duration) -> dict[str, Any]:
    return {"state": taken.state.value, "seconds": taken.seconds, "why": taken.why or None}


def _section(name: SectionName, shown: _Shown) -> dict[str, Any]:
    kept = shown.kept
    return {
        "title": name.heading,
        "text": shown.text,
        "generated": shown.generated,
        "generated_at": maybe_stamp(kept.generated_at) if kept else None,
        "written": kept.written if kept else None,
        "written_by": kept.written_by_name if kept else None,
        "written_at": maybe_stamp(kept.written_at) if kept else None,
        "writable": name not in FACTS,
        "version": kept.version if kept else 0,
    }
