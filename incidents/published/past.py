"""What another page told in its time, put on ours with the times it had there. Subscribers hear nothing of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ..kernel.database import db
from .incidents import PublishedIncident, PublishedUpdate
from .public_ids import fresh_public_id
from .publishing import _check, _settle, find
from .wording import many_lines, one_line


@dataclass(frozen=True)
class PastUpdate:
    """One text as it stood there; ``components`` maps public ids of ours to what they were from then on."""

    public_id: str
    body: str
    body_html: str
    public_status: str
    components: Mapping[str, str]
    at: datetime


def put(
    *,
    incident_id: int,
    incident_ref: str,
    title: str,
    severity: str,
    began_at: datetime,
    ended_at: datetime,
    updates: Sequence[PastUpdate],
) -> PublishedIncident:
    """The incident with exactly these updates, over at ``ended_at``; again, and it is as now. Raises Malformed."""
    for each in updates:
        _check(each.public_status, each.components)
    incident = find(incident_id)
    if incident is None:
        incident = PublishedIncident(public_id=fresh_public_id(), incident_id=incident_id)
        db.session.add(incident)
    incident.incident_ref, incident.title, incident.severity = incident_ref, one_line(title), severity
    incident.started_at, incident.created_at, incident.closed_at = began_at, updates[0].at, ended_at
    known = {each.public_id: each for each in incident.updates}
    incident.updates[:] = [_put_update(known.get(each.public_id), each) for each in updates]
    _settle(incident)
    # it is no news: readers that look for what changed find it where it belongs
    incident.updated_at = max(each.at for each in updates)
    db.session.flush()
    return incident


def _put_update(known: PublishedUpdate | None, said: PastUpdate) -> PublishedUpdate:
    update = known or PublishedUpdate(public_id=said.public_id, next_update_at=None, notify=False, edited_at=None)
    update.body, update.body_html = many_lines(said.body), said.body_html
    update.public_status, update.components = said.public_status, dict(said.components)
    update.display_at, update.created_at = said.at, said.at
    return update
