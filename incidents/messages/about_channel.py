"""What stands in an incident's own channel in Slack: its topic, its purpose, its bookmarks and the one pinned message."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from types import MappingProxyType
from typing import Any, Final

from ..policy.lifecycle import Outcome, Step
from ..policy.severity import SEVERITY_LABELS, Severity
from ..records.incidents import Incident
from . import about_team, slack_blocks
from .letters import Button

LONGEST_TOPIC: Final = 250  # https://docs.slack.dev/reference/methods/conversations.setTopic
WITHDRAWN_TOPIC: Final = "Withdrawn."
ROOM, PUBLIC_PAGE = "Incident room", "Public page"
_ENDED: Final[Mapping[str, str]] = MappingProxyType(
    {Outcome.RESOLVED: "Resolved", Outcome.FALSE_ALARM: "False alarm", Outcome.MERGED: "Merged into another incident"}
)


def topic(incident: Incident, *, commander: str | None) -> str:
    """``P1 Critical · Mitigation · commander Maya · INC-42: Checkout is down``, the title cut where it is too long."""
    severity = Severity(incident.severity)
    led = f"commander {commander}" if commander else "no commander"
    parts = [f"{severity} {SEVERITY_LABELS[severity]}", _state(incident)]
    parts += [led] if incident.is_open else []
    return cut_topic(" · ".join([*parts, about_team.name(incident)]), LONGEST_TOPIC)


def cut_topic(text: str, longest: int) -> str:
    """A text as Slack takes it for a topic: escaped, and no longer than that once it is."""
    whole, kept = slack_blocks.escaped(text), len(text)
    while len(whole) > longest:
        kept -= max(1, (len(whole) - longest) // 5)  # a character is five at most once it is escaped
        whole = slack_blocks.escaped(f"{text[:kept].rstrip()}…")
    return whole


def purpose(incident: Incident, *, room: str) -> str:
    """Says whose channel it is; by the address it is known again, and it tells nothing of the incident."""
    return f"{incident.ref} in Sevenbells: {room}"


def headline(incident: Incident, *, template: str, room: str) -> dict[str, Any]:
    """The pinned message: the communication template, changed in place as the incident goes on."""
    return slack_blocks.post(
        headline=about_team.name(incident),
        paragraphs=[template],
        buttons=[*about_team.act_buttons(incident, room), Button("Open the incident", room)],
        incident=incident.ref,
        read_on=room,
    )


def withdrawn(incident: Incident) -> dict[str, Any]:
    """In its place, once the incident is restricted."""
    return about_team.withdrawn(incident)


def _state(incident: Incident) -> str:
    if incident.outcome is None:
        return Step(incident.step).label
    at = f" at {incident.resolved_at.astimezone(UTC):%H:%M} UTC" if incident.resolved_at else ""
    return f"{_ENDED.get(Outcome(incident.outcome), 'Over')}{at}"
