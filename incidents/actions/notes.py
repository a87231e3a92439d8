"""Notes and decisions, links, and corrections that keep the original."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from urllib.parse import urlsplit

from ..kernel import clock
from ..kernel.database import db
from ..kernel.errors import Malformed, NotAllowed
from ..records.actors import Actor
from ..records.incidents import Incident
from ..records.timeline import TimelineCorrection, TimelineEntry
from . import journal, watch

_LONGEST_LINK = 2000
# What a machine recorded is evidence: its words stay, only its time may be corrected.
CORRECTABLE_WORDS = ("note", "decision", "event")


def add_note(
    incident: Incident,
    *,
    by: Actor,
    body: str,
    kind: Literal["note", "decision", "event"] = "note",
    at: datetime | None = None,
    link: str | None = None,
) -> TimelineEntry:
    """Write an internal line; it is no update and resets no clock. Allowed at any time, closed or not.

    ``at`` says when it happened, where that was not now. Raises Malformed for empty text or a link that is not http(s).
    """
    body = journal.words(body, field="body", sentence="Write what happened.")
    entry = journal.write(incident, kind, by=by, body=body, at=journal.past(at, field="at"), link=safe_link(link))
    watch.rearm(incident)
    return entry


def correct_entry(
    entry: TimelineEntry, incident: Incident, *, by: Actor, body: str | None = None, at: datetime | None = None
) -> TimelineEntry:
    """Mend the text or the time of an entry; what it said before is kept beside it.

    Raises NotAllowed for the words of an entry that Sevenbells wrote itself.
    """
    if body is not None and body.strip() != entry.body and entry.kind not in CORRECTABLE_WORDS:
        raise NotAllowed("Only notes and decisions can be reworded here. The time of any entry can be corrected.")
    is_kept = body is None or body.strip() == entry.body  # one that was taken off has no words left
    new_body = entry.body if is_kept else journal.words(body, field="body", sentence="Write what happened.")
    if entry.kind not in CORRECTABLE_WORDS:
        new_body = entry.body
    new_at = journal.past(at, field="at") or entry.at
    if (new_body, new_at) == (entry.body, entry.at):
        return entry
    moment = clock.now()
    db.session.add(
        TimelineCorrection(entry_id=entry.id, at=moment, by_name=by.name, body=entry.body, happened_at=entry.at)
    )
    entry.body, entry.at, entry.corrected_at = new_body, new_at, moment
    incident.version += 1
    return entry


def safe_link(link: str | None) -> str | None:
    """An http(s) address, or None; anything else is Malformed (a ``javascript:`` link would run in the room)."""
    text = (link or "").strip()
    if not text:
        return None
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and len(text) <= _LONGEST_LINK
    except ValueError:
        usable = False
    if not usable or any(ord(character) < 33 for character in text):
        raise Malformed({"link": "Start the address with https://"})
    return text
