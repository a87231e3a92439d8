"""Two audits to read: one incident's whole record, and what was done to accounts, tokens and settings."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, Response, make_response, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import Select, select

from ..access import Role, may, me
from ..kernel.database import db
from ..records.audit import AuditEntry
from ..records.people import everybody
from . import audit_trail, csv_files
from .formats import full_text, parse_local, viewer_zone
from .incident_pages import load

bp = Blueprint("console_audits", __name__, url_prefix="/console")

_MOST = 500  # records of an incident on one page
_MOST_ACTS = 100
_KINDS = {"token": "Tokens", "cli": "The command line", "clock": "Sevenbells"}
_NUMBER = re.compile(r"[1-9]\d{0,8}")


@bp.get("/incidents/<ref>/audit")
@may(Role.VIEWER)
def incident_audit(ref: str) -> ResponseReturnValue:
    """Everything on record; ``?show`` narrows it, ``?page`` turns the page."""
    incident, shown = load(ref), _shown()
    records = audit_trail.of(incident, me=me(), group=shown)
    pages = max(1, -(-len(records) // _MOST))
    page = min(_number("page") or 1, pages)
    return render_template(
        "console/incident_audit.html",
        incident=incident,
        groups=audit_trail.GROUPS,
        shown=shown,
        records=records[(page - 1) * _MOST : page * _MOST],
        count=len(records),
        page=page,
        pages=pages,
    )


@bp.get("/incidents/<ref>/audit.csv")
@may(Role.VIEWER)
def incident_audit_csv(ref: str) -> Response:
    """The same as a file, every page of it, with each time in the reader's zone and in UTC."""
    incident, zone = load(ref), viewer_zone()
    rows = [["UTC", str(zone), "Who", "What", "From", "To", "Note"]]
    for record in audit_trail.of(incident, me=me(), group=_shown()):
        times = [f"{record.at.astimezone(each):%Y-%m-%d %H:%M:%S}" for each in (UTC, zone)]
        rows.append([*times, record.by, record.plain, record.before, record.after, record.note])
    return csv_files.answer(f"{incident.ref}-audit.csv", rows)


def _shown() -> str:
    asked = request.args.get("show", "all")
    return asked if asked in audit_trail.GROUPS else "all"


@bp.get("/audit")
@may(Role.ADMIN)
def audit() -> ResponseReturnValue:
    """Who did what to accounts, tokens and settings, the newest first; by person and by date."""
    values = {name: request.args.get(name, "") for name in ("person", "since", "until")}
    errors: dict[str, str] = {}
    wanted = _by(_within(select(AuditEntry), values, errors), values["person"])
    before = _number("before")
    if before is not None:
        wanted = wanted.where(AuditEntry.id < before)
    found = [] if errors else list(db.session.scalars(wanted.order_by(AuditEntry.id.desc()).limit(_MOST_ACTS + 1)))
    shown = render_template(
        "console/audit.html",
        values=values,
        errors=errors,
        people=[("", "Everybody"), *((str(person.id), person.name) for person in everybody()), *_KINDS.items()],
        entries=[(entry, _changes(entry.detail)) for entry in found[:_MOST_ACTS]],
        older=found[_MOST_ACTS - 1].id if len(found) > _MOST_ACTS else None,
    )
    return make_response(shown, 422 if errors else 200)


def _by(wanted: Select[AuditEntry], who: str) -> Select[AuditEntry]:
    if who in _KINDS:
        return wanted.where(AuditEntry.by_kind == who)
    if _NUMBER.fullmatch(who):
        return wanted.where(AuditEntry.by_kind == "person", AuditEntry.by_id == int(who))
    return wanted


def _within(wanted: Select[AuditEntry], values: dict[str, str], errors: dict[str, str]) -> Select[AuditEntry]:
    """From the beginning of one day to the end of another, in the reader's zone."""
    since, until = _day("since", values, errors), _day("until", values, errors)
    if since and until and until < since:
        errors["until"] = "This day is before the first one."
    if since:
        wanted = wanted.where(AuditEntry.at >= since)
    return wanted.where(AuditEntry.at < until + timedelta(days=1)) if until else wanted


def _day(name: str, values: dict[str, str], errors: dict[str, str]) -> datetime | None:
    if not values[name]:
        return None
    try:
        return parse_local(f"{values[name]}T00:00")
    except (ValueError, OverflowError):
        errors[name] = "Give a date, such as 2026-11-23."
        return None


def _changes(detail: dict[str, Any]) -> list[tuple[str, str, str]]:
    """What the entry says as (name, from, to); where there is no from, only what it is."""
    rest = dict(detail)
    found = []
    if "before" in rest or "after" in rest:
        found.append(("", _plain(rest.pop("before", None)), _plain(rest.pop("after", None))))
    return found + [(name.replace("_", " "), "", _plain(value)) for name, value in rest.items()]


def _plain(value: object) -> str:
    if value is None or value == "":
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    try:
        return full_text(datetime.fromisoformat(value)) if isinstance(value, str) and "T" in value else str(value)
    except (ValueError, TypeError):
        return str(value)


def _number(name: str) -> int | None:
    given = request.args.get(name, "")
    return int(given) if _NUMBER.fullmatch(given) else None
