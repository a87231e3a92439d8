"""The ways in: publish, revise, withdraw, and what else changes a published incident.

None commits, and each moves the page's revision in the same transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import pairwise

from sqlalchemy import select

from ..kernel import clock
from ..kernel.database import db
from ..kernel.errors import Malformed
from ..policy.components import ComponentStatus
from . import notices
from .components import UNCHANGED, Component, _Unchanged
from .incidents import STATUSES, PublishedIncident, PublishedUpdate, PublishedUpdateRevision
from .public_ids import fresh_public_id
from .revision import bump
from .wording import many_lines, one_line

RESOLVING = "resolved"
WITHDRAWN = "The update was withdrawn."
_AFTER_THE_END = ("resolved", "postmortem")


def publish(
    *,
    incident_id: int,
    incident_ref: str,
    title: str,
    severity: str,
    started_at: datetime,
    update_id: str,
    body: str,
    body_html: str,
    public_status: str,
    components: Mapping[str, str],
    display_at: datetime,
    next_update_at: datetime | None,
    notify: bool,
    tell_at: datetime | None = None,
) -> PublishedUpdate:
    """Make one update public, and its incident with it when it is the first.

    ``components`` maps component public ids to statuses; those left out keep what they had. Publishing again on an
    incident that had ended reopens it, unless the update is itself a resolution or a post-mortem. With ``notify``
    subscribers hear of it once, from ``tell_at`` (default: now) on. Raises Malformed.
    """
    _check(public_status, components)
    now = clock.now()
    incident = find(incident_id)
    if incident is None:
        incident = PublishedIncident(public_id=fresh_public_id(), incident_id=incident_id, created_at=now)
        db.session.add(incident)
    incident.incident_ref, incident.title, incident.severity = incident_ref, one_line(title), severity
    incident.started_at = started_at
    if public_status not in _AFTER_THE_END:
        incident.closed_at = incident.continues_in = None
    update = PublishedUpdate(
        public_id=update_id,
        body=many_lines(body),
        body_html=str(body_html),
        public_status=public_status,
        components=dict(components),
        display_at=display_at,
        next_update_at=next_update_at,
        notify=notify,
        created_at=now,
    )
    incident.updates.append(update)
    _settle(incident)
    if notify:
        notices.about_update(incident, update, due_at=tell_at or now)
    return update


def revise(
    update_id: str,
    *,
    by_name: str,
    edited_at: datetime,
    body: str | None = None,
    body_html: str | None = None,
    public_status: str | None = None,
    components: Mapping[str, str] | None = None,
    display_at: datetime | None = None,
    next_update_at: datetime | _Unchanged | None = UNCHANGED,
) -> PublishedUpdate:
    """Change a published update; what is not given stays. Its old wording is kept, and the page says "edited".

    Raises LookupError when the update is not public, and Malformed.
    """
    update = _update(update_id)
    _check(public_status or update.public_status, components or {})
    update.revisions.append(_as_it_was(update, by_name=by_name, replaced_at=edited_at))
    if body is not None and body_html is not None:
        update.body, update.body_html = many_lines(body), str(body_html)
    update.public_status = public_status or update.public_status
    update.components = update.components if components is None else dict(components)
    update.display_at = display_at or update.display_at
    if not isinstance(next_update_at, _Unchanged):
        update.next_update_at = next_update_at
    update.edited_at = edited_at
    _settle(update.incident)
    return update


def withdraw_update(update_id: str, *, reason: str = WITHDRAWN) -> None:
    """Take one update, with every earlier wording, out of all we serve; the last one takes its incident along.

    Whoever was not told of it yet never will be, for that ``reason``.
    """
    notices.forget_updates([update_id], reason=reason)
    update = db.session.scalar(select(PublishedUpdate).where(PublishedUpdate.public_id == update_id))
    if update is None:
        return
    incident = update.incident
    if len(incident.updates) == 1:
        _remove(incident)
        return
    notices.leave_out(update)
    incident.updates.remove(update)
    db.session.flush()
    _settle(incident)


def withdraw_incident(incident_id: int) -> None:
    """Take an incident and all it said out of all we serve; nothing happens when it is not public."""
    incident = find(incident_id)
    if incident is not None:
        notices.forget_updates([update.public_id for update in incident.updates], reason=WITHDRAWN)
        _remove(incident)


def move_promise(incident_id: int, next_update_at: datetime | None) -> None:
    """Another time for the next update, without a new update: it stands under the newest one."""
    incident = find(incident_id)
    if incident is not None and incident.newest.next_update_at != next_update_at:
        incident.newest.next_update_at = next_update_at
        _settle(incident)


def rename(incident_id: int, title: str) -> None:
    """Another public title."""
    incident = find(incident_id)
    if incident is not None and incident.title != one_line(title):
        incident.title = one_line(title)
        _settle(incident)


def end(incident_id: int, at: datetime) -> None:
    """It is over without a resolving update: its impact on components ends at ``at``."""
    incident = find(incident_id)
    if incident is not None:
        incident.closed_at = at
        _settle(incident)


def continue_elsewhere(incident_id: int, into_incident_id: int) -> None:
    """It was merged: it ends now, and its page says where it continues (once that one is public)."""
    incident = find(incident_id)
    if incident is not None:
        incident.continues_in = into_incident_id
        incident.closed_at = incident.closed_at or clock.now()
        _settle(incident)


def reopen(incident_id: int) -> None:
    """Undo ``end`` and ``continue_elsewhere``; a resolving update is undone by publishing another status."""
    incident = find(incident_id)
    if incident is not None:
        incident.closed_at = incident.continues_in = None
        _settle(incident)


def find(incident_id: int) -> PublishedIncident | None:
    """The published side of an incident, or None while nothing of it is public."""
    return db.session.scalar(select(PublishedIncident).where(PublishedIncident.incident_id == incident_id))


def _update(update_id: str) -> PublishedUpdate:
    update = db.session.scalar(select(PublishedUpdate).where(PublishedUpdate.public_id == update_id))
    if update is None:
        raise LookupError(f"no published update {update_id}")
    return update


def _as_it_was(update: PublishedUpdate, *, by_name: str, replaced_at: datetime) -> PublishedUpdateRevision:
    return PublishedUpdateRevision(
        body=update.body,
        public_status=update.public_status,
        components=dict(update.components),
        display_at=update.display_at,
        next_update_at=update.next_update_at,
        replaced_at=replaced_at,
        by_name=by_name,
    )


def _remove(incident: PublishedIncident) -> None:
    db.session.delete(incident)
    db.session.flush()
    bump()


def _settle(incident: PublishedIncident) -> None:
    """Recompute what follows from the updates (backdating moves it), and move the page's revision."""
    updates = sorted(incident.updates, key=lambda update: (update.display_at, update.id or _NOT_YET_STORED))
    incident.began_at = min(incident.started_at, updates[0].display_at)
    ended_at = incident.closed_at or _resolution(updates)
    incident.ended_at = max(ended_at, incident.began_at) if ended_at else None
    incident.updated_at = clock.now()
    db.session.flush()
    bump()


_NOT_YET_STORED = 2**62  # sorts behind every stored row of the same time


def _resolution(updates: list[PublishedUpdate]) -> datetime | None:
    """When the latest run of resolved and post-mortem updates began; None while the newest says otherwise."""
    if updates[-1].public_status not in _AFTER_THE_END:
        return None
    ended = updates[-1]
    for later, earlier in pairwise(reversed(updates)):
        if earlier.public_status not in _AFTER_THE_END:
            return later.display_at
        ended = earlier
    return ended.display_at


def _check(public_status: str, components: Mapping[str, str]) -> None:
    problems = {}
    if public_status not in STATUSES:
        problems["status"] = f"Choose one of {', '.join(STATUSES)}."
    if any(status not in set(ComponentStatus) for status in components.values()):
        problems["components"] = f"Choose one of {', '.join(ComponentStatus)} for each component."
    known = set(db.session.scalars(select(Component.public_id).where(Component.public_id.in_(components))))
    unknown = [public_id for public_id in components if public_id not in known]
    if unknown:
        problems["components"] = f"There is no component {unknown[0]}."
    if problems:
        raise Malformed(problems)
