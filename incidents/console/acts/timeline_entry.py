"""Correcting one line of the timeline, with the original kept beside it."""

from __future__ import annotations

from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from werkzeug.exceptions import NotFound

from ... import actions
from ...access import Role, actor, may
from ...actions.notes import CORRECTABLE_WORDS
from ...kernel.database import db
from ...records.incidents import Incident
from ...records.timeline import TimelineCorrection, TimelineEntry
from ...records.updates import Update
from ..formats import local_input
from ..incident_pages import text, time_of
from .asking import answer
from .blueprint import FORM, bp
from .repeats import fingerprint, insist_on_sight

_LARGEST = 2**31 - 1  # of a whole number in PostgreSQL


@bp.route("/timeline/<int:entry_id>", methods=FORM)
@may(Role.RESPONDER)
def timeline_entry(ref: str, entry_id: int) -> ResponseReturnValue:
    """One entry: its text (where a person wrote it), its time, and what it said before."""
    return answer(
        ref,
        "timeline_entry",
        facts=lambda incident: _facts(_entry(incident, entry_id)),
        act=lambda incident: _correct(incident, _entry(incident, entry_id)),
    )


def _correct(incident: Incident, entry: TimelineEntry) -> str | None:
    body = text("body") if entry.kind in CORRECTABLE_WORDS and "body" in request.form else None
    # the field knows no seconds: left as it was shown, it means what is stored
    at = None if text("at") == local_input(entry.at) else time_of("at")
    if at is not None or (body is not None and body != entry.body):
        insist_on_sight(
            incident,
            _seen(entry),
            "Somebody corrected this entry meanwhile. Both texts are below.",
            body=entry.body,
            at=entry.at,
        )
    actions.correct_entry(entry, incident, by=actor(), body=body, at=at)
    return None


def _entry(incident: Incident, entry_id: int) -> TimelineEntry:
    entry = db.session.get(TimelineEntry, entry_id) if entry_id <= _LARGEST else None
    if entry is None or entry.incident_id != incident.id:
        raise NotFound
    return entry


def _facts(entry: TimelineEntry) -> dict[str, Any]:
    earlier = select(TimelineCorrection).where(TimelineCorrection.entry_id == entry.id)
    update = db.session.get(Update, entry.update_id) if entry.update_id is not None else None
    return {
        "values": {"body": entry.body, "at": local_input(entry.at)},
        "seen": _seen(entry),
        "entry": entry,
        "has_words": entry.kind in CORRECTABLE_WORDS,
        "update": update if update is not None and update.state == "published" else None,
        "earlier": list(db.session.scalars(earlier.order_by(TimelineCorrection.id.desc()))),
    }


def _seen(entry: TimelineEntry) -> str:
    return fingerprint(entry.body, entry.at)
