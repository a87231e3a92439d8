"""Action items: find them, add one to an incident, say what became of it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement

from ..access import Scope, actor, viewer
from ..access.action_items import item_or_404, lock_item_or_404, visible_items
from ..access.visibility import number_of
from ..actions import action_items as actions
from ..kernel.database import db
from ..policy.action_items import UNDONE, Kind, Priority, Status
from ..policy.trackers import recognise
from ..records.action_items import LINK_LENGTH, SOURCE_LENGTH, ActionItem
from ..records.incidents import TITLE_LENGTH
from ..records.people import Person, find_person
from ..reports.action_items import NOBODY, UNDONE_WORD, Wanted, conditions
from . import conditional, loading, paging, shapes
from .fields import Body, choice, choices, clearable, or_null, text
from .oncall_fields import MAYBE_PERSON, day
from .operations import Answer, Given, Thing, operation
from .paging import Page
from .shapes import MAYBE_TEXT, MAYBE_TIME, NUMBER, TEXT, TIME, maybe_stamp, stamp

shapes.named(
    "ActionItem",
    shapes.record(
        id=NUMBER,
        incident=TEXT,
        title=TEXT,
        kind=shapes.word(Kind),
        priority=shapes.word(Priority),
        status=shapes.word(Status),
        owner=MAYBE_PERSON,
        due_on=or_null({"type": "string", "format": "date"}),
        link=MAYBE_TEXT,
        reference=MAYBE_TEXT,
        source=MAYBE_TEXT,
        done_at=MAYBE_TIME,
        done_by=MAYBE_TEXT,
        dropped_at=MAYBE_TIME,
        dropped_reason=MAYBE_TEXT,
        created_at=TIME,
        created_by=TEXT,
        version=NUMBER,
    ),
)
_TITLE = text(TITLE_LENGTH, example="Alert on the length of the queue")
_MORE = {
    "owner": clearable(loading.EMAIL),
    "due_on": clearable(day()),
    "priority": choice(Priority),
    "link": clearable(text(LINK_LENGTH)),
}
ITEM = Body(
    required={"incident": loading.REF, "title": _TITLE, "kind": choice(Kind)},
    optional={**_MORE, "source": clearable(text(SOURCE_LENGTH))},
)
CHANGES = Body(
    optional={
        "title": _TITLE,
        "kind": choice(Kind),
        **_MORE,
        "status": choice(Status),
        "reason": text(1000),
        **loading.VERSION,
    }
)
FILTERS = {
    "incident": loading.REF,
    "owner": text(254, example="alice@example.com"),
    "kind": choices(Kind),
    "priority": choices(Priority),
    "status": choices([*Status, UNDONE_WORD]),
    "component": text(12),
    "due_before": day(),
}


@operation(
    "GET",
    "/action-items",
    scope=Scope.READ,
    summary="Action items, the newest first. owner: an e-mail address, or nobody. status=undone: open and in progress.",
    gives="ActionItem",
    query=FILTERS,
    is_list=True,
)
def list_action_items(given: Given) -> Page[Thing]:
    page = paging.by_id(visible_items(viewer()).where(*_filters(given)), ActionItem.id, given, newest_first=True)
    return Page([shape(item) for item in page.rows], page.cursor)


def _filters(given: Given) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = [*conditions(Wanted(component=given.get("component", "")))]
    if "incident" in given:
        wanted.append(ActionItem.incident_id == (number_of(given["incident"]) or 0))
    if "owner" in given:
        person = find_person(given["owner"])
        is_nobody = given["owner"] == NOBODY
        wanted.append(
            ActionItem.owner_id.is_(None) if is_nobody else ActionItem.owner_id == (person.id if person else 0)
        )
    for name, column in (("kind", ActionItem.kind), ("priority", ActionItem.priority)):
        if name in given:
            wanted.append(column.in_(given[name]))
    if "status" in given:
        named = [status for word in given["status"] for status in (UNDONE if word == UNDONE_WORD else [word])]
        wanted.append(ActionItem.status.in_(named))
    if "due_before" in given:
        wanted.append(ActionItem.due_on < given["due_before"])
    return wanted


@operation(
    "POST",
    "/action-items",
    scope=Scope.RESPOND,
    summary="Add an item to an incident, open or over. Its owner is somebody who may see the incident.",
    gives="ActionItem",
    body=ITEM,
    status=201,
)
def add_action_item(given: Given) -> Answer:
    seen = loading.other_incident(given["incident"], field="incident")
    item = actions.add(
        loading.to_lock(seen.ref),
        title=given["title"],
        kind=given["kind"],
        owner=_owner(given),
        due_on=given.get("due_on"),
        priority=given.get("priority", Priority.NORMAL),
        link=given.get("link"),
        by=actor(),
        source=given.get("source"),
    )
    return _answer(item, location=f"/action-items/{item.id}")


@operation("GET", "/action-items/<item_id>", scope=Scope.READ, summary="One item.", gives="ActionItem")
def show_action_item(given: Given, item_id: str) -> Answer:
    return _answer(item_or_404(loading.row_id(item_id), viewer()))


@operation(
    "PATCH",
    "/action-items/<item_id>",
    scope=Scope.RESPOND,
    summary="Change an item. Dropping it (status dropped) asks for a reason.",
    gives="ActionItem",
    body=CHANGES,
)
def change_action_item(given: Given, item_id: str) -> Answer:
    item = lock_item_or_404(loading.row_id(item_id), viewer())
    conditional.expect(item.version, given, what="This item", theirs=_theirs(item, given))
    named = {name: given[name] for name in ("title", "kind", "due_on", "priority", "status", "link") if name in given}
    if "owner" in given:
        named["owner"] = _owner(given)
    actions.change(item, by=actor(), reason=given.get("reason"), **named)
    return _answer(item)


@operation(
    "DELETE",
    "/action-items/<item_id>",
    scope=Scope.RESPOND,
    summary="Take back what was added by mistake. What was done stays; what will not be done is dropped instead.",
    gives=None,
    status=204,
)
def remove_action_item(given: Given, item_id: str) -> None:
    item = lock_item_or_404(loading.row_id(item_id), viewer())
    conditional.expect(item.version, given, what="This item")
    actions.remove(item, by=actor())


def _owner(given: Given) -> Person | None:
    email = given.get("owner")
    return loading.person(email, field="owner") if email else None


def _theirs(item: ActionItem, given: Given) -> dict[str, object]:
    return {name: value for name, value in shape(item).items() if name in given and name != "version"}


def _answer(item: ActionItem, *, location: str | None = None) -> Answer:
    return Answer(shape(item), version=item.version, location=location)


def shape(item: ActionItem) -> dict[str, Any]:
    """An item as programs read it."""
    owner = db.session.get(Person, item.owner_id) if item.owner_id is not None else None
    known = recognise(item.link) if item.link else None
    return {
        "id": item.id,
        "incident": f"INC-{item.incident_id}",
        "title": item.title,
        "kind": item.kind,
        "priority": item.priority,
        "status": item.status,
        "owner": shapes.person(owner.email, owner.name) if owner else None,
        "due_on": item.due_on.isoformat() if item.due_on else None,
        "link": item.link,
        "reference": known[1] if known else None,
        "source": item.source,
        "done_at": maybe_stamp(item.done_at),
        "done_by": item.done_by_name,
        "dropped_at": maybe_stamp(item.dropped_at),
        "dropped_reason": item.dropped_reason,
        "created_at": stamp(item.created_at),
        "created_by": item.created_by_name,
        "version": item.version,
    }
