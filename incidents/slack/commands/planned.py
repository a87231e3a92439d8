"""``maintenance``: the announced work that is not over."""

from __future__ import annotations

from ...access import Role
from ...kernel import clock
from ...messages.about_incidents import clock_time
from ...messages.letters import Button
from ...published.maintenances import Maintenance, not_over
from ...published.page_settings import page_settings
from ..replies import Reply
from .asked import Asked

_MOST = 10


def maintenance(asked: Asked) -> Reply:
    """What runs and what comes; it is public, so that everybody may ask."""
    found = sorted(not_over(clock.now()), key=lambda work: work.starts_at)
    more = ["There is more to come."] if len(found) > _MOST else []
    person = asked.person
    where = (
        asked.page("Maintenance", "/maintenance") if person is not None else Button("Status page", f"{asked.page_url}/")
    )
    plan = [asked.page("Plan maintenance", "/maintenance/new")] if person and person.may(Role.RESPONDER) else []
    return Reply(
        "Maintenance" if found else "No maintenance is planned.", [*map(_line, found[:_MOST]), *more], [*plan, where]
    )


def _line(work: Maintenance) -> str:
    page = page_settings()
    day = work.starts_at.astimezone(page.time_zone)
    times = (
        f"{day:%a} {day.day} {day:%b}, {clock_time(work.starts_at, page.zone)} to {clock_time(work.ends_at, page.zone)}"
    )
    return f"{work.title} · {work.state.replace('_', ' ').capitalize()} · {times}"
