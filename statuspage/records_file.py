"""The records as a file, so that a start without the database still has them."""

from __future__ import annotations

import base64
import json
import operator
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from typing import Any, TypeVar

from .records import (
    BaselineRow,
    ComponentRow,
    GroupRow,
    IncidentRow,
    NoticeRow,
    Records,
    SettingsRow,
    UpdateRow,
)
from .work_records import WorkRow, WorkUpdateRow

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Piece:
    """All rows of a kind as they were written, together and each by its place in memory."""

    rows: tuple[object, ...]
    each: Mapping[int, str]
    together: bytes


Kept = dict[str, _Piece]


def as_json(records: Records, kept: Kept | None = None) -> bytes:
    """The records as a file that any program can read. ``kept`` remembers the rows from one writing to the next."""
    pieces = kept if kept is not None else {}
    parts = []
    for each in fields(records):
        value = getattr(records, each.name)
        if isinstance(value, tuple):
            pieces[each.name] = _piece(value, pieces.get(each.name))
        written = pieces[each.name].together if isinstance(value, tuple) else _written(value).encode()
        parts.append(b'"%s": %s' % (each.name.encode(), written))
    return b"{%s}" % b", ".join(parts)


def _piece(rows: tuple[object, ...], before: _Piece | None) -> _Piece:
    """Most changes leave all kinds of rows alone but one, and of that one all rows but one."""
    if before is not None and len(before.rows) == len(rows) and all(map(operator.is_, before.rows, rows)):
        return before
    # as long as a row is remembered nothing else can have its place
    known = before.each if before is not None else {}
    each = {id(row): known.get(id(row)) or _written(row) for row in rows}
    return _Piece(rows, each, f"[{', '.join(each[id(row)] for row in rows)}]".encode())


def _written(value: object) -> str:
    return json.dumps(value, default=_plain, ensure_ascii=False)


def _plain(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if is_dataclass(value):
        return {each.name: getattr(value, each.name) for each in fields(value)}
    raise TypeError(f"no JSON for {type(value).__name__}")


def from_json(kept: bytes) -> Records:
    """The records back from ``as_json``. Raises ValueError, KeyError or TypeError on anything else."""
    found = json.loads(kept)
    return Records(
        revision=int(found["revision"]),
        read_at=datetime.fromisoformat(found["read_at"]),
        settings=_settings_from_json(found["settings"]),
        groups=tuple(_made(GroupRow, row) for row in found["groups"]),
        components=tuple(_component_from_json(row) for row in found["components"]),
        baselines=tuple(_made(BaselineRow, row) for row in found["baselines"]),
        incidents=tuple(_incident_from_json(row) for row in found["incidents"]),
        first_began_at=_instant(found["first_began_at"]),
        maintenances=tuple(_work_from_json(row) for row in found["maintenances"]),
        notice=_made(NoticeRow, found["notice"]) if found.get("notice") else None,
        first_address=found.get("first_address"),
    )


def _settings_from_json(row: dict[str, Any]) -> SettingsRow:
    logo = row.get("logo")
    links = tuple((words, address) for words, address in row.get("footer_links", ()))
    return _made(SettingsRow, row | {"logo": base64.b64decode(logo) if logo else None, "footer_links": links})


def _component_from_json(row: dict[str, Any]) -> ComponentRow:
    starts_on = row["starts_on"]
    return _made(ComponentRow, row | {"starts_on": date.fromisoformat(starts_on) if starts_on else None})


def _work_from_json(row: dict[str, Any]) -> WorkRow:
    return _made(
        WorkRow,
        row
        | {
            "components": tuple(row["components"]),
            "repeats": tuple(row["repeats"]) if row["repeats"] else None,
            "updates": tuple(_made(WorkUpdateRow, update) for update in row["updates"]),
        },
    )


def _incident_from_json(row: dict[str, Any]) -> IncidentRow:
    updates = tuple(
        _made(UpdateRow, update | {"components": tuple((one, other) for one, other in update["components"])})
        for update in row["updates"]
    )
    return _made(
        IncidentRow, row | {"updates": updates, "continues": tuple(row["continues"]) if row["continues"] else None}
    )


def _made(shape: type[T], row: Mapping[str, Any]) -> T:
    return shape(**{name: _instant(value) if name.endswith("at") else value for name, value in row.items()})


def _instant(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value is not None else None
