"""A calendar reader: icalendar, asked for every event of the page."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import icalendar

from tests.peers.comparing import must_be
from tests.peers.hostile import Page


def events_of(body: bytes) -> dict[str, Any]:
    """The events by the public id at the end of their address."""
    calendar = icalendar.Calendar.from_ical(body)
    return {str(event["URL"]).rpartition("/")[2]: event for event in calendar.walk("VEVENT")}


def check_with_icalendar(body: bytes, page: Page) -> str:
    """Raise AssertionError unless it holds each announced work under its title, and nothing that a text smuggled in."""
    events = events_of(body)
    must_be({one: str(event["SUMMARY"]) for one, event in events.items()}, page.works, "events")
    assert all(event["DTSTART"].dt.astimezone(UTC) < event["DTEND"].dt.astimezone(UTC) for event in events.values())
    return f"/maintenance.ics: {len(events)} events"
