"""What happened in an incident: its timeline, notes and decisions, and the communication template."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, get_args

from sqlalchemy import select
from werkzeug.exceptions import NotFound

from .. import actions
from ..access import Scope, actor
from ..kernel.database import db
from ..records.actors import ActorKind
from ..records.incidents import Incident
from ..records.timeline import KINDS, TimelineCorrection, TimelineEntry
from ..reports import communication
from . import incident_shape, loading, paging, shapes
from .fields import Body, choice, clearable, moment, text
from .operations import PLAIN, Answer, Given, Thing, operation
from .paging import Page
from .shapes import FLAG, MAYBE_TEXT, NUMBER, OBJECT, TEXT, TIME, stamp

_LONGEST, _LINK = 20_000, 2000
_OWN_KINDS = ("event", "note", "decision")
# rows' numbers, which mean nothing outside, and incidents that not everybody may know of
_KEPT_BACK = ("person_id", "person_ids", "token_id", "other_id", "event", "level_key")

shapes.named(
    "TimelineEntry",
    shapes.record(
        id=NUMBER,
        at=TIME,
        recorded_at=TIME,
        kind=shapes.word(KINDS),
        by=TEXT,
        by_kind=shapes.word(get_args(ActorKind)),
        body=TEXT,
        detail=OBJECT,
        link=MAYBE_TEXT,
        public=FLAG,
        corrected=FLAG,
        originals=shapes.many(shapes.record(body=TEXT, at=TIME, corrected_at=TIME, by=TEXT)),
        other=MAYBE_TEXT,
    ),
)

_MORE = {"at": clearable(moment()), "link": clearable(text(_LINK)), **loading.VERSION}
NOTE = Body(required={"body": text(_LONGEST)}, optional={"kind": choice(["note", "decision"]), **_MORE})
EVENT = Body(required={"body": text(_LONGEST)}, optional={"kind": choice(_OWN_KINDS), **_MORE})


@operation(
    "GET",
    "/incidents/<ref>/timeline",
    scope=Scope.READ,
    summary="What happened, oldest first. A corrected entry keeps what it said before.",
    gives="TimelineEntry",
    is_list=True,
)
def list_timeline(given: Given, ref: str) -> Page[Thing]:
    incident = loading.to_read(ref)
    wanted = select(TimelineEntry).where(TimelineEntry.incident_id == incident.id)
    page = paging.by_time(wanted, TimelineEntry.at, TimelineEntry.id, given)
    return Page(_shapes(page.rows), page.cursor)


@operation(
    "POST",
    "/incidents/<ref>/timeline",
    scope=Scope.RESPOND,
    summary="Write down what happened, now or at the time given.",
    gives="TimelineEntry",
    body=EVENT,
    status=201,
)
def add_event(given: Given, ref: str) -> Answer:
    return _added(ref, given, kind=given.get("kind", "event"))


@operation(
    "POST",
    "/incidents/<ref>/notes",
    scope=Scope.RESPOND,
    summary="Write a note or a decision: internal, no update, and no clock is reset.",
    gives="TimelineEntry",
    body=NOTE,
    status=201,
)
def add_note(given: Given, ref: str) -> Answer:
    return _added(ref, given, kind=given.get("kind", "note"))


@operation("GET", "/incidents/<ref>/timeline/<entry_id>", scope=Scope.READ, summary="One entry.", gives="TimelineEntry")
def show_entry(given: Given, ref: str, entry_id: str) -> Thing:
    return _shapes([_entry(loading.to_read(ref), entry_id)])[0]


@operation(
    "PATCH",
    "/incidents/<ref>/timeline/<entry_id>",
    scope=Scope.RESPOND,
    summary="Correct an entry's text or time. version is the incident's.",
    gives="TimelineEntry",
    body=Body(optional={"body": text(_LONGEST), "at": moment(), **loading.VERSION}),
)
def correct_entry(given: Given, ref: str, entry_id: str) -> Thing:
    incident = loading.to_change(ref, given)
    entry = _entry(incident, entry_id)
    actions.correct_entry(entry, incident, by=actor(), body=given.get("body"), at=given.get("at"))
    return _shapes([entry])[0]


@operation(
    "GET",
    "/incidents/<ref>/communication",
    scope=Scope.READ,
    summary="The communication template at this moment, as plain text.",
    gives="Communication",
    media=PLAIN,
)
def show_communication(given: Given, ref: str) -> str:
    return communication.template_text(loading.to_read(ref))


shapes.named("Communication", {"type": "string", "examples": ["INCIDENT: Checkout fails\nSEVERITY: P1\nSTATUS: …"]})


def _added(ref: str, given: Given, *, kind: Any) -> Answer:
    incident = loading.to_change(ref, given)
    entry = actions.add_note(
        incident, by=actor(), body=given["body"], kind=kind, at=given.get("at"), link=given.get("link")
    )
    db.session.flush()
    return Answer(_shapes([entry])[0], location=f"/incidents/{incident.ref}/timeline/{entry.id}")


def _entry(incident: Incident, entry_id: str) -> TimelineEntry:
    found = db.session.get(TimelineEntry, loading.row_id(entry_id))
    if found is None or found.incident_id != incident.id:
        raise NotFound
    return found


def _shapes(entries: Sequence[TimelineEntry]) -> list[dict[str, Any]]:
    db.session.flush()
    corrected = [entry.id for entry in entries if entry.corrected_at is not None]
    originals: dict[int, list[dict[str, Any]]] = defaultdict(list)
    kept = select(TimelineCorrection).where(TimelineCorrection.entry_id.in_(corrected)).order_by(TimelineCorrection.id)
    for was in db.session.scalars(kept) if corrected else ():
        originals[was.entry_id].append(
            {"body": was.body, "at": stamp(was.happened_at), "corrected_at": stamp(was.at), "by": was.by_name}
        )
    others = {entry.detail["other_id"] for entry in entries if "other_id" in entry.detail}
    seen = incident_shape.seen_of(others)
    return [_shape(entry, originals[entry.id], seen) for entry in entries]


def _shape(entry: TimelineEntry, originals: list[dict[str, Any]], seen: set[int]) -> dict[str, Any]:
    other = entry.detail.get("other_id")
    return {
        "id": entry.id,
        "at": stamp(entry.at),
        "recorded_at": stamp(entry.recorded_at),
        "kind": entry.kind,
        "by": entry.by_name,
        "by_kind": entry.by_kind,
        "body": entry.body,
        "detail": {name: value for name, value in entry.detail.items() if name not in _KEPT_BACK},
        "link": entry.link,
        "public": entry.is_public,
        "corrected": entry.corrected_at is not None,
        "originals": originals,
        "other": incident_shape.ref_of(other) if other in seen else None,
    }
