"""The seven lines that tell colleagues how an incident stands, and texts with ``{{placeholders}}``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal
from zoneinfo import ZoneInfo

MOST_VALUES = 200

# every kind of line end that a text may hold, and the blanks around them
_LINE_BREAKS = re.compile("[ \\t]*[\\n\\v\\f\\r\\x1c-\\x1e\\x85\\u2028\\u2029]+[ \\t]*")
# bounded throughout, so that no text makes it slow
_PLACEHOLDER = re.compile(r"\{\{ {0,8}([A-Za-z][A-Za-z0-9_.]{0,63}) {0,8}\}\}")

# what a message template may hold, with what stands there afterwards
PLACEHOLDERS: tuple[tuple[str, str], ...] = (
    ("incident.ref", "its number, INC-42"),
    ("incident.title", "its title"),
    ("incident.severity", "P1, P2, P3 or P4; for the public only where the page shows it"),
    ("incident.status", "Investigating, Mitigating or Resolved; for the public the public status"),
    ("incident.step", "the step it stands at"),
    ("incident.impact", "the impact in words"),
    ("incident.start", "when the impact began, or it was detected"),
    ("incident.commander", "who commands it"),
    ("incident.communications_lead", "who leads the communication"),
    ("incident.url", "the address of its room"),
    ("components", "the affected components, with commas; for the public those on its page"),
    ("update.latest", "the latest update; for the public the latest public one"),
    ("update.next", "when the next update is expected"),
    ("page.name", "the name of the status page"),
    ("page.url", "the address of the status page"),
    ("page.support_url", "where customers find help"),
)

# what only colleagues read: empty in a text for the public, whatever a template asks for
INTERNAL = (
    "incident.step",
    "incident.impact",
    "incident.commander",
    "incident.communications_lead",
    "incident.url",
)


def compose(
    *,
    title: str,
    severity: str,
    status: str,
    impact: str | None,
    start: datetime,
    start_kind: Literal["impact", "detected"],
    current_status: str | None,
    next_update: datetime | None,
    zone: ZoneInfo,
) -> str:
    """The communication template: seven lines without a line end after the last.

    Times are ISO 8601 with the offset that ``zone`` has at that instant. What is not known says so. For the public,
    ``current_status`` must be the latest public update.
    """
    lines = (
        ("INCIDENT", one_line(title)),
        ("SEVERITY", severity),
        ("STATUS", status),
        ("IMPACT", one_line(impact or "") or "not yet known"),
        ("START TIME", f"{iso_time(start, zone)} ({start_kind})"),
        ("CURRENT STATUS", one_line(current_status or "") or "no update yet"),
        ("NEXT UPDATE", "none planned" if next_update is None else iso_time(next_update, zone)),
    )
    return "\n".join(f"{name}: {value}" for name, value in lines)


def one_line(text: str) -> str:
    """The text with every run of line breaks as one space, trimmed at both ends."""
    return _LINE_BREAKS.sub(" ", text).strip()


def iso_time(moment: datetime, zone: ZoneInfo) -> str:
    """``2026-11-23T02:41:00+01:00``: to the second, with the zone's offset at that instant."""
    return moment.astimezone(zone).isoformat(timespec="seconds")


def plain_time(moment: datetime, zone: ZoneInfo) -> str:
    """``23 Nov 2026, 02:41 CET (01:41 UTC)``: for sentences that people read, with the zone at that instant."""
    local = moment.astimezone(zone)
    name = local.tzname() or "UTC"
    word = f"UTC{name}" if name[0] in "+-" else name
    there = f"{local.day} {local:%b %Y, %H:%M} {word}"
    return there if word == "UTC" else f"{there} ({moment.astimezone(UTC):%H:%M} UTC)"


def fill(template: str, values: Mapping[str, str]) -> str:
    """The template with each ``{{name}}`` replaced by its value, in one pass; unknown names stay as they are.

    There is no logic, and what a value holds is not looked into again. ValueError beyond 200 values.
    """
    if len(values) > MOST_VALUES:
        raise ValueError(f"a template is filled from at most {MOST_VALUES} values")
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), template)


def placeholders_in(template: str) -> tuple[str, ...]:
    """The names in a template, in order, each once."""
    return tuple(dict.fromkeys(_PLACEHOLDER.findall(template)))


def unknown_placeholders(template: str, known: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """The names in a template that nothing will fill, in order, each once: for the hint beside the editor."""
    names = dict(PLACEHOLDERS) if known is None else known
    return tuple(dict.fromkeys(name for name in _PLACEHOLDER.findall(template) if name not in names))
