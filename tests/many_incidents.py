"""Very many incidents that ran their course, written straight into the tables: what insights are measured over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert

from incidents.kernel.database import db
from incidents.kernel.outbox import OutboxMessage
from incidents.policy.lifecycle import Step
from incidents.records.incidents import Incident, IncidentComponent, Target
from incidents.records.timeline import TimelineEntry
from incidents.records.updates import Update
from tests.factories import a_component

ENTRIES = 20  # on each timeline
_CAUSES = ("deployment", "dependency", "capacity", "human", None)
_STEPS = (Step.TRIAGE, Step.COMMUNICATION, Step.INVESTIGATION, Step.MITIGATION)


def add(count: int, *, until: datetime, days: int, people: int = 6) -> None:
    """``count`` of them over the ``days`` before ``until``, with timelines, targets, updates, components and pages."""
    parts = [a_component(f"Part {number} of the engine") for number in range(12)]
    begun = [until - timedelta(days=days) * (number + 0.5) / count for number in range(count)]
    incidents = [_incident(number, at) for number, at in enumerate(begun)]
    db.session.execute(insert(Incident), incidents)
    ids = db.session.scalars(Incident.__table__.select().with_only_columns(Incident.id).order_by(Incident.id.desc()))
    numbers = list(ids)[:count][::-1]
    rows = list(zip(numbers, incidents, strict=True))
    for table, made in (
        (TimelineEntry, _entries),
        (Target, _targets),
        (Update, _updates),
        (IncidentComponent, lambda rows: _components(rows, parts)),
        (OutboxMessage, lambda rows: _pages(rows, people)),
    ):
        db.session.execute(insert(table), list(made(rows)))
    db.session.commit()


def _incident(number: int, at: datetime) -> dict[str, Any]:
    lasted = timedelta(minutes=20 + number * 7919 % 1400)
    return {
        "title": f"Trouble {number}",
        "severity": f"P{number % 4 + 1}",
        "severity_is_judged": True,
        "step": Step.POSTMORTEM if number % 2 else Step.RESOLUTION,
        "visibility": "restricted" if number % 50 == 0 else "public",
        "is_drill": number % 40 == 1,
        "is_security": False,
        "components_answered": True,
        "cause": _CAUSES[number % len(_CAUSES)],
        "outcome": "false_alarm" if number % 30 == 2 else "resolved",
        "declared_at": at + timedelta(minutes=1),
        "declared_by_kind": "person",
        "declared_by_id": 1,
        "declared_by_name": "Maya",
        "pages_nobody": number % 60 == 3,
        "detected_at": at,
        "detected_by": "monitor",
        "impact_started_at": at - timedelta(minutes=number % 9) if number % 3 else None,
        "acknowledged_at": at + timedelta(seconds=60 + number * 31 % 3000) if number % 20 else None,
        "first_communicated_at": at + lasted / 4,
        "mitigated_at": at + lasted / 2,
        "resolved_at": at + lasted,
        "closed_at": at + lasted + timedelta(days=1),
        "rules": {},
        "cycle": 1,
        "watch_started_at": at,
        "acknowledgement_round": 1,
        "last_human_entry_at": at,
        "snoozes_in_a_row": 0,
        "version": 1,
        "created_at": at,
    }


_Rows = list[tuple[int, dict[str, Any]]]


def _entries(rows: _Rows) -> Iterator[dict[str, Any]]:
    for number, incident in rows:
        at, lasted = incident["detected_at"], incident["resolved_at"] - incident["detected_at"]
        moments = [at + lasted * place / (ENTRIES - 1) for place in range(ENTRIES)]
        for place, moment in enumerate(moments):
            kind, detail = _course(place)
            yield {
                "incident_id": number,
                "at": moment,
                "recorded_at": moment,
                "kind": kind,
                "by_kind": "person",
                "by_id": 1,
                "by_name": "Maya",
                "body": f"Worker {place} of the queue answers again, and the second region follows.",
                "detail": detail,
                "is_public": False,
            }


def _course(place: int) -> tuple[str, dict[str, Any]]:
    """What the entry at that place of a timeline is."""
    if place == 0:
        return "declared", {"severity": "P1"}
    if place % 4 == 0 and place < ENTRIES - 3:
        return "step", {"before": "detection", "after": _STEPS[place // 4 - 1], "move": "forward", "overridden": []}
    if place == ENTRIES - 2:
        return "mitigated", {}
    return ("resolved", {"before": "mitigation"}) if place == ENTRIES - 1 else ("note", {})


def _targets(rows: _Rows) -> Iterator[dict[str, Any]]:
    for number, incident in rows:
        for kind, minutes, met in (("respond", 15, "acknowledged_at"), ("resolve", 720, "resolved_at")):
            deadline = incident["detected_at"] + timedelta(minutes=minutes)
            met_at = incident[met] or incident["resolved_at"]
            yield {
                "incident_id": number,
                "cycle": 1,
                "kind": kind,
                "severity": incident["severity"],
                "started_at": incident["detected_at"],
                "deadline_at": deadline,
                "met_at": met_at,
                "breached_at": deadline if met_at > deadline else None,
            }


def _updates(rows: _Rows) -> Iterator[dict[str, Any]]:
    for number, incident in rows:
        for place in range(3):
            at = incident["detected_at"] + timedelta(minutes=30 * place)
            yield {
                "public_id": f"u{number:08d}{place:03d}"[:12],
                "incident_id": number,
                "audience": "public",
                "state": "published",
                "body": "We look into it.",
                "body_html": "<p>We look into it.</p>",
                "components": {},
                "notify": True,
                "display_at": at,
                "published_at": at,
                "before": {},
                "was_on_time": None if place == 0 else number % 5 > 0,
                "by_kind": "person",
                "by_name": "Maya",
                "created_at": at,
                "version": 1,
            }


def _components(rows: _Rows, parts: list[str]) -> Iterator[dict[str, Any]]:
    for number, _incident in rows:
        for place in range(1 + number % 2):
            yield {
                "incident_id": number,
                "component_id": parts[(number + place * 5) % len(parts)],
                "status": "partial_outage",
            }


def _pages(rows: _Rows, people: int) -> Iterator[dict[str, Any]]:
    """One page to one person at two addresses, where the severity calls somebody."""
    for number, incident in rows:
        for channel in ("email", "slack") if incident["severity"] in ("P1", "P2") else ():
            person = number % people + 1
            yield {
                "key": f"{number}-{channel}",
                "event": f"incident/{number}/level/1",
                "channel": channel,
                "destination": f"{channel}-{person}",
                "payload": {},
                "incident_id": number,
                "person_id": person,
                "purpose": "page",
                "rank": 0,
                "state": "sent",
                "attempts": 1,
                "next_attempt_at": incident["declared_at"],
                "lease_term": 1,
                "created_at": incident["declared_at"],
                "sent_at": incident["declared_at"],
            }
