"""Incidents that were over before they came here: kept for the record, closed, and told to nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from ..kernel import clock
from ..kernel.database import db
from ..kernel.text import render_markdown
from ..policy.components import BADNESS, worst
from ..policy.lifecycle import Outcome, Step, Visibility
from ..policy.severity import Severity
from ..published import past
from ..published.incidents import PublishedIncident
from ..published.past import PastUpdate
from ..records.actors import Actor
from ..records.incidents import Incident, IncidentComponent
from ..records.timeline import TimelineEntry
from ..records.updates import Update
from . import matrix

# How hard a stranger's incident was is all that is known of it.
SEVERITY_OF: Mapping[str, Severity] = {
    "critical": Severity.P1,
    "major": Severity.P2,
    "minor": Severity.P3,
    "none": Severity.P4,
}


@dataclass(frozen=True)
class PastText:
    """One text; ``public_id`` is ours for it."""

    public_id: str
    body: str
    status: str
    at: datetime
    components: Mapping[str, str]


@dataclass(frozen=True)
class PastIncident:
    """All that is known of it. ``texts`` stand oldest first, ``link`` leads to where it was told."""

    title: str
    impact: str
    began_at: datetime
    ended_at: datetime
    texts: Sequence[PastText]
    link: str | None
    told_by: str  # the page it comes from, for colleagues


def record(known: PastIncident, *, by: Actor) -> PublishedIncident:
    """A closed incident, on the page as it stood there. It rings nobody, owes nothing and counts in uptime."""
    now = clock.now()
    incident = Incident(
        severity_is_judged=False,
        step=Step.RESOLUTION,
        visibility=Visibility.PUBLIC,
        components_answered=True,
        outcome=Outcome.RESOLVED,
        postmortem_waived_reason=f"It was told by {known.told_by}, before this incident was kept here.",
        declared_at=now,
        declared_by_kind=by.kind,
        declared_by_id=by.id,
        declared_by_name=by.name,
        pages_nobody=True,
        detected_by=known.told_by[:200],
        rules=matrix.rules_now(),
        watch_started_at=now,
        last_human_entry_at=now,
        created_at=now,
        **_told(known),
    )
    db.session.add(incident)
    db.session.flush()
    _note(incident, "declared", by=by, at=now, detail={"severity": incident.severity, "detected_by": known.told_by})
    _note(incident, "event", by=by, at=now, body=f"Imported from {known.told_by}.", link=known.link)
    _keep_texts(incident, known, by=by)
    _note(incident, "resolved", by=by, at=known.ended_at, detail={"reason": "declared as already over"})
    return _put(incident, known)


def change(published: PublishedIncident, known: PastIncident, *, by: Actor) -> PublishedIncident:
    """The same incident, as it is told there by now."""
    incident = db.session.get_one(Incident, published.incident_id)
    for field, value in _told(known).items():
        setattr(incident, field, value)
    incident.version += 1
    _note(incident, "event", by=by, at=clock.now(), body=f"Imported anew from {known.told_by}.", link=known.link)
    _keep_texts(incident, known, by=by)
    return _put(incident, known)


def _told(known: PastIncident) -> dict[str, Any]:
    return {
        "title": known.title,
        "severity": SEVERITY_OF[known.impact],
        "detected_at": known.began_at,
        "impact_started_at": known.began_at,
        "resolved_at": known.ended_at,
        "closed_at": known.ended_at,
        "first_communicated_at": known.texts[0].at,
        "last_update_at": known.texts[-1].at,
    }


def _keep_texts(incident: Incident, known: PastIncident, *, by: Actor) -> None:
    kept = {each.public_id: each for each in db.session.scalars(select(Update).filter_by(incident_id=incident.id))}
    for text in known.texts:
        update = kept.pop(text.public_id, None)
        is_new = update is None
        if update is None:
            update = Update(
                public_id=text.public_id,
                incident_id=incident.id,
                audience="public",
                state="published",
                notify=False,
                before={},
                by_kind=by.kind,
                by_id=by.id,
                by_name=by.name,
                created_at=text.at,
            )
            db.session.add(update)
        update.body, update.body_html = text.body, str(render_markdown(text.body))
        update.public_status, update.components = text.status, dict(text.components)
        update.display_at = update.published_at = text.at
        if is_new:
            _note(incident, "update", by=by, at=text.at, body=text.body, update=update, detail=_detail(text))
    for gone in kept.values():
        gone.state = "withdrawn"
    _name_components(incident, known)
    db.session.flush()


def _detail(text: PastText) -> dict[str, Any]:
    return {"audience": "public", "status": text.status, "components": dict(text.components)}


def _name_components(incident: Incident, known: PastIncident) -> None:
    named: dict[str, list[str]] = {}
    for text in known.texts:
        for one, status in text.components.items():
            named.setdefault(one, []).append(status)
    rows = {
        each.component_id: each
        for each in db.session.scalars(select(IncidentComponent).filter_by(incident_id=incident.id))
    }
    for one, statuses in named.items():
        row = rows.pop(one, None) or IncidentComponent(incident_id=incident.id, component_id=one)
        row.status = str(worst(each for each in statuses if each in BADNESS))
        db.session.add(row)
    for gone in rows.values():
        db.session.delete(gone)


def _put(incident: Incident, known: PastIncident) -> PublishedIncident:
    return past.put(
        incident_id=incident.id,
        incident_ref=incident.ref,
        title=known.title,
        severity=incident.severity,
        began_at=known.began_at,
        ended_at=known.ended_at,
        updates=[
            PastUpdate(
                each.public_id, each.body, str(render_markdown(each.body)), each.status, each.components, each.at
            )
            for each in known.texts
        ],
    )


def _note(
    incident: Incident,
    kind: str,
    *,
    by: Actor,
    at: datetime,
    body: str = "",
    link: str | None = None,
    detail: dict[str, Any] | None = None,
    update: Update | None = None,
) -> None:
    """On the timeline alone: ``journal.write`` would tell the team's channels."""
    db.session.add(
        TimelineEntry(
            incident_id=incident.id,
            at=at,
            recorded_at=clock.now(),
            kind=kind,
            by_kind=by.kind,
            by_id=by.id,
            by_name=by.name,
            body=body,
            detail=detail or {},
            link=link,
            update=update,
            is_public=update is not None,
        )
    )
