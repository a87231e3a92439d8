"""Announced maintenance as it is told to subscribers: as it is now, with the old times where it was moved."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from ..kernel.languages import phrase, say
from ..kernel.text import plain, render_markdown
from ..policy.components import ComponentStatus, Impact
from ..policy.maintenance import State
from ..published.maintenances import Maintenance, MaintenanceUpdate
from .public_letters import PublicLetter
from .public_news import COMPONENT_WORDS, Json, News, Surroundings, component, instant
from .public_times import both

_STATES: Mapping[str, str] = {
    "scheduled": phrase("Maintenance scheduled"),
    "reminder": phrase("Maintenance begins soon"),
    "started": phrase("Maintenance in progress"),
    "ended": phrase("Maintenance completed"),
    "moved": phrase("Maintenance moved"),
    "extended": phrase("Maintenance takes longer"),
    "cancelled": phrase("Maintenance cancelled"),
    "updated": phrase("Maintenance update"),
}
_WITHOUT_WORDS: Mapping[str, str] = {
    "begun": "The maintenance has begun.",
    "verifying": "The work is done, and we are checking it.",
    "completed": "The maintenance is over.",
    "cancelled": "This maintenance is cancelled.",
    "moved": "The maintenance was moved.",
    "extended": "The maintenance takes longer.",
}


def news_of(work: Maintenance, what: str, facts: Mapping[str, Any], around: Surroundings) -> News:
    """``facts`` hold what was so before: the old times, the words of this update."""
    said = str(facts.get("text") or facts.get("reason") or "")
    body = said or (work.body if what in ("scheduled", "reminder", "started") else "")
    return News(
        about=f"maintenance.{what}",
        fold_key=f"public/maintenance/{work.public_id}",
        around=around,
        letter=partial(_letter, work, what, facts, body, around),
        data={
            "maintenance": {
                "id": work.public_id,
                "title": work.title,
                "status": str(work.state),
                "body": plain(body) if body else "",
                "url": _address(work, around),
                "starts_at": instant(work.times.began_at),
                "ends_at": instant(work.ends_at),
                "was_starts_at": facts.get("was_starts_at"),
                "was_ends_at": facts.get("was_ends_at"),
                "components": around.as_listed(work.components),
            }
        },
        statuspage_parts={"incident": _as_statuspage(work, around)},
    )


def _letter(work: Maintenance, what: str, facts: Mapping[str, Any], body: str, around: Surroundings) -> PublicLetter:
    return PublicLetter(
        page=around.page,
        state=_STATES.get(what, _STATES["updated"]),
        title=work.title,
        before=_times(work, what, facts, around),
        text=plain(body) if body else "",
        text_html=str(render_markdown(body)) if body else "",
        impacts=_impacts(work, what, around),
        links=[(say("Read on the status page"), _address(work, around))],
        thread=f"public-{work.public_id}",
    )


def _impacts(work: Maintenance, what: str, around: Surroundings) -> list[tuple[str, str]]:
    word = say(COMPONENT_WORDS[ComponentStatus.MAINTENANCE])
    return [] if what in ("ended", "cancelled") else [(each.name, word) for each in around.listed(work.components)]


def _times(work: Maintenance, what: str, facts: Mapping[str, Any], around: Surroundings) -> list[str]:
    zone, times = around.page.zone, work.times
    if what == "ended" and times.over_at is not None:
        return [say("Ended: {when}.", when=both(times.over_at, zone))]
    if what == "cancelled":
        began, ends = both(times.began_at, zone), both(work.ends_at, zone)
        return [say("It was planned from {start} to {end}, and is cancelled.", start=began, end=ends)]
    lines = [say("From {start} to {end}.", start=both(times.began_at, zone), end=both(work.ends_at, zone))]
    was_starts_at, was_ends_at = facts.get("was_starts_at"), facts.get("was_ends_at")
    if was_starts_at and was_ends_at:
        old = [both(datetime.fromisoformat(str(each)), zone) for each in (was_starts_at, was_ends_at)]
        lines.append(say("Before: from {start} to {end}.", start=old[0], end=old[1]))
    return lines


def _address(work: Maintenance, around: Surroundings) -> str:
    return f"{around.page.url}/maintenances/{work.public_id}"


def _as_statuspage(work: Maintenance, around: Surroundings) -> Json:
    """What was called off is completed to readers of this format, which has no word for it."""
    state, times = work.state, work.times
    is_over = state in (State.COMPLETED, State.CANCELLED)
    return {
        "backfilled": False,
        "created_at": instant(work.created_at),
        "impact": str(Impact.MAINTENANCE),
        "impact_override": None,
        "monitoring_at": instant(times.verifies_at) if state != State.SCHEDULED else None,
        "postmortem_body": None,
        "resolved_at": instant(times.over_at) if is_over else None,
        "scheduled_auto_transition": work.ends_by_itself,
        "scheduled_for": instant(work.starts_at),
        "scheduled_remind_prior": work.notify,
        "scheduled_until": instant(work.ends_at),
        "shortlink": _address(work, around),
        "status": str(State.COMPLETED if state == State.CANCELLED else state),
        "updated_at": instant(work.updated_at),
        "id": work.public_id,
        "organization_id": around.page.id,
        "incident_updates": [_said(each, work) for each in reversed(work.updates)][:10],
        "name": work.title,
        "components": [component(each, around) for each in around.listed(work.components)],
    }


def _said(update: MaintenanceUpdate, work: Maintenance) -> Json:
    return {
        "body": plain(update.body) if update.body else _WITHOUT_WORDS.get(update.kind, work.title),
        "created_at": instant(update.created_at),
        "display_at": instant(update.display_at),
        "status": str(work.times.state(update.display_at)),
        "updated_at": instant(update.created_at),
        "id": update.public_id,
        "incident_id": work.public_id,
    }
