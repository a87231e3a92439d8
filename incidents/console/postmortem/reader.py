"""Post-mortems to read: the list of them, one with its figures, and its Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import or_, select
from werkzeug.exceptions import NotFound

from ...access import Role, may, me
from ...access.visibility import visible_to
from ...actions.rca import find_rca
from ...kernel import clock
from ...kernel.database import db
from ...policy.durations import duration
from ...policy.lifecycle import Outcome, Step
from ...policy.postmortems import Duration
from ...published import publishing
from ...records.incidents import Incident
from ...records.postmortem_reviews import open_review
from ...records.postmortem_writing import open_comments
from ...records.postmortems import Postmortem, changed_since_published, find_postmortem
from ...reports import postmortem as report
from .. import formats, timeline
from ..incident_pages import load
from .outlines import nodes_of
from .parts import parts_of

bp = Blueprint("console_postmortems", __name__, url_prefix="/console")
_MOST = 200
_DURATIONS = {
    "detect": "Detected in",
    "acknowledge": "Acknowledged in",
    "communicate": "First told in",
    "mitigate": "Mitigated in",
}


@dataclass(frozen=True)
class Listed:
    """One line of the list."""

    incident: Incident
    postmortem: Postmortem | None
    is_late: bool


@dataclass(frozen=True)
class Lane:
    """A stretch of the ribbon, to scale on a line of 1,000."""

    x: int
    width: int
    word: str
    length: str
    key: str = ""


@bp.get("/postmortems")
@may(Role.VIEWER)
def index() -> ResponseReturnValue:
    """What is owed, the latest first; then drafts, what was published, and what was waived."""
    wanted = (
        select(Incident, Postmortem)
        .outerjoin(Postmortem, Postmortem.incident_id == Incident.id)
        .where(
            visible_to(me()),
            Incident.outcome == Outcome.RESOLVED,
            or_(
                Postmortem.id.is_not(None),
                Incident.postmortem_due_at.is_not(None),
                Incident.postmortem_waived_reason.is_not(None),
            ),
        )
        .order_by(Incident.resolved_at.desc(), Incident.id.desc())
        .limit(_MOST + 1)
    )
    found = [Listed(incident, begun, _is_late(incident)) for incident, begun in db.session.execute(wanted)]
    groups: dict[str, list[Listed]] = {"Owed": [], "Drafts": [], "Published": [], "Waived": []}
    for each in found[:_MOST]:
        groups[_group(each)].append(each)
    groups["Owed"].sort(key=lambda each: each.incident.postmortem_due_at or clock.now())
    return render_template("console/postmortem/list.html", groups=groups, has_more=len(found) > _MOST, most=_MOST)


def _is_late(incident: Incident) -> bool:
    due_at = incident.postmortem_due_at
    return incident.closed_at is None and due_at is not None and due_at < clock.now()


def _group(each: Listed) -> str:
    if each.incident.postmortem_waived_reason:
        return "Waived"
    if each.postmortem is not None and each.postmortem.published_at is not None:
        return "Published"
    return "Owed" if each.incident.closed_at is None and each.incident.postmortem_due_at else "Drafts"


@bp.get("/incidents/<ref>/postmortem")
@may(Role.VIEWER)
def read(ref: str) -> ResponseReturnValue:
    """The whole, as colleagues read it and as it prints; before it was begun, what the record would say now."""
    incident = load(ref)
    if "text/markdown" in request.headers.get("Accept", ""):
        return markdown(ref)
    begun = find_postmortem(incident.id)
    record = report.read(incident)
    taken = report.durations_of(record)
    return render_template(
        "console/postmortem/reader.html",
        incident=incident,
        postmortem=begun,
        parts=parts_of(incident, begun, report.draft_of(record)),
        nodes=nodes_of,
        changed_since=changed_since_published(begun) if begun else [],
        waiting=open_review(begun.id) if begun else None,
        unsettled=open_comments(begun.id) if begun else 0,
        originals=[line for line in record.lines if line.is_in and line.originals],
        figures=_figures(incident, taken),
        lanes=_lanes(incident, record),
        steps=_steps(incident),
        rca=find_rca(incident),
        published=publishing.find(incident.id),
        is_late=_is_late(incident),
    )


@bp.get("/incidents/<ref>/postmortem.md")
@may(Role.VIEWER)
def markdown(ref: str) -> ResponseReturnValue:
    """The same as one Markdown text."""
    incident = load(ref)
    if incident.is_open:
        raise NotFound
    written = report.as_markdown(incident, find_postmortem(incident.id))
    answer = Response(written, mimetype="text/markdown")
    answer.headers["Content-Disposition"] = f'attachment; filename="{incident.ref}-postmortem.md"'
    return answer


def _figures(incident: Incident, taken: Mapping[str, Duration]) -> list[tuple[str, str, str]]:
    """Label, figure, and the quieter line: what it is measured from, or why there is none."""
    lasted = (incident.resolved_at - incident.began_at) if incident.resolved_at else None
    since = "since the impact began" if incident.impact_started_at else "since detection"
    figures = [("Lasted", duration(lasted) if lasted is not None else "Not recorded", since if lasted else "")]
    for name, label in _DURATIONS.items():
        if name == "detect" and taken[name].seconds is None:
            continue  # the summary says so; four figures are enough
        seconds = taken[name].seconds
        told = duration(timedelta(seconds=seconds)) if seconds is not None else taken[name].state.label
        figures.append((label, told, taken[name].why))
    return figures[:4]


def _lanes(incident: Incident, record: report.Record) -> list[Lane]:
    """Affected until the fix was in place, then watched until the end."""
    if incident.resolved_at is None or incident.resolved_at <= incident.began_at:
        return []
    fixed = record.first("mitigated")
    turn = fixed.at if fixed and incident.began_at < fixed.at < incident.resolved_at else incident.resolved_at
    whole = incident.resolved_at - incident.began_at
    lanes = [_lane(incident.began_at, turn, incident.began_at, whole, word="Affected", key="dn")]
    if turn < incident.resolved_at:
        lanes.append(
            _lane(turn, incident.resolved_at, incident.began_at, whole, word="Fix in place, watched", key="up")
        )
    return lanes


def _steps(incident: Incident) -> list[Lane]:
    """The steps to scale, numbered, from detection to the end."""
    visits = [(step, at) for step, at in timeline.visits(incident) if step is not Step.POSTMORTEM]
    end = incident.resolved_at
    if end is None or not visits or end <= visits[0][1]:
        return []
    begin, whole = visits[0][1], end - visits[0][1]
    ends = [at for _step, at in visits[1:]] + [end]
    spans = [
        (step, max(at, begin), min(until, end)) for (step, at), until in zip(visits, ends, strict=True) if at < end
    ]
    return [_lane(at, max(at, until), begin, whole, word=step.label, key=str(step.number)) for step, at, until in spans]


def _lane(start: datetime, end: datetime, begin: datetime, whole: timedelta, *, word: str, key: str) -> Lane:
    x = round((start - begin) / whole * 1000)
    width = max(4, round((end - start) / whole * 1000) - 2)
    return Lane(x=x, width=width, word=word, length=duration(end - start), key=key)


def evidence(record: report.Record) -> Sequence[tuple[str, str]]:
    """Time and line of each entry that may be inserted, the newest first; notes too, which the timeline leaves out."""
    return [
        (formats.short_words(entry.at), entry.body or "A note" if entry.kind == "note" else report.line_of(entry))
        for entry in reversed(record.entries)
        if entry.kind == "note" or report.is_chosen(entry)
    ]
