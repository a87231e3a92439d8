"""How a post-mortem looks to programs: its sections, and what stands in them as data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..kernel.database import db
from ..policy import outlines
from ..policy.postmortems import FACTS, Duration, DurationState, SectionName, State
from ..records.action_items import items_of
from ..records.incidents import Incident
from ..records.people import Person
from ..records.postmortem_reviews import reviews_of
from ..records.postmortems import Postmortem, PostmortemSection, sections_of
from ..reports import postmortem as report
from . import action_items, shapes
from .fields import or_null
from .operations import Thing
from .shapes import FLAG, MAYBE_NUMBER, MAYBE_TEXT, MAYBE_TIME, NUMBER, TEXT, TIME, maybe_stamp, stamp

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
            reviewer=TEXT, asked_by=TEXT, asked_at=TIME, answer=MAYBE_TEXT, answered_by=MAYBE_TEXT,
            answered_at=MAYBE_TIME, reason=MAYBE_TEXT,
        ),
        {"type": "null"},
    ]
}  # fmt: skip
_OWNER = {"anyOf": [shapes.PERSON, {"type": "null"}]}
# what was picked for the timeline; recorded: what stood there, where the line says it otherwise or tells several as one
_LINE = shapes.record(
    at=TIME, text=TEXT, reworded_by=MAYBE_TEXT, recorded=shapes.many(shapes.record(at=TIME, text=TEXT))
)
_NODE = shapes.named("OutlineItem", shapes.record(text=TEXT, beneath=shapes.many(shapes.ref("OutlineItem"))))

_OUTLINES = [name for name in SectionName if name in outlines.OUTLINES]

shapes.named(
    "Postmortem",
    shapes.record(
        incident=TEXT,
        state=shapes.word(State),
        owner=_OWNER,
        begun_at=MAYBE_TIME,
        due_at=MAYBE_TIME,
        published_at=MAYBE_TIME,
        published_by=MAYBE_TEXT,
        reviewed_by=MAYBE_TEXT,
        unreviewed_reason=MAYBE_TEXT,
        review=_REVIEW,
        waived_reason=MAYBE_TEXT,
        durations=shapes.record(**dict.fromkeys(report.DURATION_NAMES, _DURATION)),
        **{name.value: TEXT for name in SectionName if name is not SectionName.DURATIONS},
        sections=shapes.record(**{name.value: _SECTION for name in SectionName}),
        timeline_lines=shapes.many(_LINE),
        outlines=shapes.record(**{name.value: or_null(shapes.many(_NODE)) for name in _OUTLINES}),
        action_items=shapes.many(shapes.ref("ActionItem")),
        version=NUMBER,
    ),
)


@dataclass(frozen=True)
class _Shown:
    """A section as it is shown, kept or as it would be drafted now."""

    text: str
    generated: str
    kept: PostmortemSection | None = None


def shape(incident: Incident, postmortem: Postmortem | None) -> Thing:
    """The post-mortem, or what its draft would be now where there is none."""
    record = report.read(incident)
    sections = _sections(record, postmortem)
    return {
        "incident": incident.ref,
        "state": postmortem.state if postmortem else State.DRAFT.value,
        "owner": _owner(postmortem),
        "begun_at": maybe_stamp(postmortem.begun_at) if postmortem else None,
        "due_at": maybe_stamp(incident.postmortem_due_at),
        "published_at": maybe_stamp(postmortem.published_at) if postmortem else None,
        "published_by": postmortem.published_by_name if postmortem else None,
        "reviewed_by": postmortem.reviewer_name if postmortem else None,
        "unreviewed_reason": postmortem.unreviewed_reason if postmortem else None,
        "review": _review(postmortem),
        "waived_reason": incident.postmortem_waived_reason,
        "durations": {name: _duration(taken) for name, taken in report.durations_of(record).items()},
        **{name.value: shown.text for name, shown in sections.items() if name is not SectionName.DURATIONS},
        "sections": {name.value: _section(name, shown) for name, shown in sections.items()},
        "timeline_lines": [_line(line) for line in record.lines if line.is_in],
        "outlines": {name.value: _outline(name, sections[name].text) for name in _OUTLINES},
        "action_items": [action_items.shape(item) for item in items_of(incident.id)],
        "version": postmortem.version if postmortem else 0,
    }


def _sections(record: report.Record, postmortem: Postmortem | None) -> dict[SectionName, _Shown]:
    """What is kept; of one that was not begun, and of a section younger than it, what would be drafted now."""
    kept = sections_of(postmortem) if postmortem is not None else {}
    shown = {SectionName(name): _Shown(each.text, each.generated, each) for name, each in kept.items()}
    if len(shown) < len(SectionName):
        drafted = report.draft_of(record).sections
        shown = {name: shown.get(name) or _Shown(drafted[name].text, drafted[name].text) for name in SectionName}
    return shown


def _review(postmortem: Postmortem | None) -> Thing | None:
    """The newest question to a reviewer, and its answer."""
    newest = next(iter(reviews_of(postmortem.id)), None) if postmortem is not None else None
    if newest is None:
        return None
    return {
        "reviewer": newest.reviewer_name,
        "asked_by": newest.asked_by_name,
        "asked_at": stamp(newest.asked_at),
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


def _line(line: report.Line) -> Thing:
    return {
        "at": stamp(line.at),
        "text": line.text,
        "reworded_by": line.by_name if line.is_reworded else None,
        "recorded": [{"at": stamp(at), "text": said} for at, said in line.originals],
    }


def _outline(name: SectionName, text: str) -> list[Thing] | None:
    """The list as a tree; None where nothing was recorded, or where the text is no list."""
    return _nodes(outlines.tree(outlines.items_of(name, text))) if outlines.is_outline(text) else None


def _nodes(found: Sequence[outlines.Node]) -> list[Thing]:
    return [{"text": node.text, "beneath": _nodes(node.children)} for node in found]
