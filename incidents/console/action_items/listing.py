"""The list of action items: late, due, later, done; its filters in the address, and the same as a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import Response, make_response, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement

from ...access import Role, may, me
from ...access.visibility import visible_to
from ...policy.action_items import Group, Kind, Priority, Status
from ...published.components import all_components
from ...reports.action_items import NOBODY, Row, by_group, conditions, rows
from .. import csv_files
from . import filters as addresses
from . import parts
from .blueprint import bp
from .filters import Filters

_PAGE = 200
_MOST_IN_A_FILE = 10_000
_COLUMNS = (
    *("Number", "Incident", "Incident title", "Title", "Kind", "Priority", "Status", "Owner", "Due", "Days late"),
    *("Link", "Added (UTC)", "Added by", "Done (UTC)", "Done by", "Reason for dropping"),
)


@bp.get("/action-items")
@may(Role.VIEWER)
def show() -> ResponseReturnValue:
    """What is late, due, later and done, as far as this person may see the incidents."""
    return page(addresses.read(request.args))


@bp.get("/action-items.csv")
@may(Role.VIEWER)
def file() -> Response:
    """The same as a file, whole."""
    found = rows(*_where(addresses.read(request.args)), today=parts.today(), limit=_MOST_IN_A_FILE)
    return csv_files.answer("action-items.csv", [_COLUMNS, *(_line(row) for row in found)])


def page(
    filters: Filters,
    *,
    status: int = 200,
    errors: Mapping[str, str] | None = None,
    left: Sequence[tuple[str, str]] = (),
    changed: int = 0,
) -> ResponseReturnValue:
    """The list; after a change of many with what was left as it was (title and reason), and why nothing was done."""
    found = rows(*_where(filters), today=parts.today(), limit=_PAGE + 1, offset=(filters.page - 1) * _PAGE)
    answer = render_template(
        "console/action_items/list.html",
        filters=filters,
        groups=by_group(found[:_PAGE]),
        late=Group.LATE,
        has_more=len(found) > _PAGE,
        may_act=me().may(Role.RESPONDER),
        choices={
            "owner": [("", "Any owner"), ("mine", "Mine"), (NOBODY, "Nobody"), *parts.owners()[1:]],
            "status": [*addresses.STATUSES.items()],
            "kind": [*addresses.KINDS.items()],
            "priority": [*addresses.PRIORITIES.items()],
            "component": [("", "Any component"), *((each.public_id, each.name) for each in all_components())],
        },
        owners=parts.owners(),
        statuses=[(each.value, each.label) for each in Status],
        errors=dict(errors or {}),
        typed=request.form,
        chosen=request.form.getlist("item"),
        chooses_all=request.args.get("chosen") == "all",
        left=left,
        changed=changed,
    )
    return make_response(answer, status)


def _where(filters: Filters) -> list[ColumnElement[bool]]:
    return [visible_to(me()), *conditions(filters.wanted(me()))]


def _line(row: Row) -> list[str]:
    item = row.item
    moments = [f"{at:%Y-%m-%d %H:%M}" if at else "" for at in (item.created_at, item.done_at)]
    return [
        str(item.id),
        row.incident.ref,
        row.incident.title,
        item.title,
        Kind(item.kind).label,
        Priority(item.priority).label,
        Status(item.status).label,
        row.owner.name if row.owner else "",
        item.due_on.isoformat() if item.due_on else "",
        str(row.days_late) if row.days_late else "",
        item.link or "",
        moments[0],
        item.created_by_name,
        moments[1],
        item.done_by_name or "",
        item.dropped_reason or "",
    ]
