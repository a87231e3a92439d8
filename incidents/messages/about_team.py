"""What the team's own channels are told of an incident: a headline that is kept true, and a sentence for what is new."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from ..kernel import text
from ..policy.escalation import TRIGGER_LABELS, Trigger
from ..policy.lifecycle import Outcome, Step
from ..policy.severity import SEVERITY_LABELS, Severity
from ..records.incidents import Incident
from ..records.timeline import TimelineEntry
from . import payloads, slack_blocks
from .letters import ACKNOWLEDGE, Button

_LONGEST_QUOTE = 600  # characters of an update
_MOST_NAMES = 5
_ENDED: Final[Mapping[str, str]] = MappingProxyType(
    {Outcome.RESOLVED: "Resolved", Outcome.FALSE_ALARM: "False alarm", Outcome.MERGED: "Merged into another incident"}
)
# PagerDuty's words, worst first
_PAGERDUTY: Final[Mapping[str, str]] = MappingProxyType(
    {"P1": "critical", "P2": "error", "P3": "warning", "P4": "info"}
)


def name(incident: Incident) -> str:
    """``[Drill] INC-42: title``."""
    return f"{'[Drill] ' if incident.is_drill else ''}{incident.ref}: {incident.title}"


def headline(incident: Incident, *, commander: str | None, room: str) -> dict[str, Any]:
    """The one message an incident has in Slack; it is changed in place as the incident goes on."""
    severity = Severity(incident.severity)
    buttons = [Button("Open the incident", room)]
    if incident.is_open and not incident.is_acknowledged and not incident.is_drill:
        buttons.insert(0, Button("Acknowledge", "", act=ACKNOWLEDGE))
    return slack_blocks.post(
        headline=name(incident),
        paragraphs=[f"{severity} {SEVERITY_LABELS[severity]} · {_state(incident, commander)}", *_promise(incident)],
        buttons=buttons,
        incident=incident.ref,
    )


def withdrawn(incident: Incident) -> dict[str, Any]:
    """In the place of whatever stood there, once the incident is restricted: nothing of it is left but its number."""
    return slack_blocks.post(
        headline=f"{incident.ref} is restricted now", paragraphs=["What stood here was withdrawn."]
    )


def reply(sentences: Sequence[str]) -> dict[str, Any]:
    """What is new, below the headline."""
    return slack_blocks.post(headline=sentences[0], paragraphs=sentences[1:])


def notification(incident: Incident, sentences: Sequence[str], *, room: str) -> dict[str, Any]:
    """The same for Apprise."""
    mood = "failure" if incident.is_open and not incident.is_acknowledged else "warning"
    title = f"{incident.severity} {name(incident)}"
    lines = [*(sentences or ["Declared, and not acknowledged yet."]), f"Open the incident: {room}"]
    return payloads.notification(title, "\n".join(lines), mood=mood if incident.is_open else "success", link=room)


def trigger(incident: Incident, *, room: str) -> dict[str, Any]:
    """The alert in PagerDuty that stands for the incident."""
    return payloads.trigger(
        payloads.dedup_key(incident.ref),
        summary=f"{incident.severity} {name(incident)}",
        severity=_PAGERDUTY[incident.severity],
        details={"impact": incident.impact or "", "step": Step(incident.step).label},
        links=[{"href": room, "text": "Open the incident"}],
    )


def sentence(entry: TimelineEntry) -> str | None:
    """What an entry of the timeline says to the team, in plain words; None for what only the headline shows."""
    say = _SENTENCES.get(entry.kind)
    return None if say is None else say(entry)


def _state(incident: Incident, commander: str | None) -> str:
    if incident.outcome is not None:
        at = f" at {_clock(incident.resolved_at)}" if incident.resolved_at else ""
        return f"{_ENDED.get(incident.outcome, 'Over')}{at}"
    taken = f"acknowledged at {_clock(incident.acknowledgement_at)}" if incident.acknowledgement_at else ""
    led = f"commander {commander}" if commander else "no commander"
    return " · ".join([Step(incident.step).label, taken or "not acknowledged", led])


def _promise(incident: Incident) -> list[str]:
    due_at = incident.next_update_due_at
    return [f"Next update by {_clock(due_at)}."] if incident.is_open and due_at is not None else []


def _clock(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.astimezone(UTC):%H:%M} UTC"


# ---- sentences ----


def _acknowledged(entry: TimelineEntry) -> str:
    return f"{entry.by_name} acknowledged{' too' if entry.detail.get('also') else ''}."


def _severity(entry: TimelineEntry) -> str | None:
    before, after = entry.detail.get("before"), entry.detail.get("after")
    return None if before == after else f"{entry.by_name} changed the severity from {before} to {after}."


def _escalated(entry: TimelineEntry) -> str:
    reason = entry.detail.get("reason")
    why = TRIGGER_LABELS[Trigger(str(reason))] if reason in [*Trigger] else ""
    said = f"{entry.by_name} escalated{f': {why}' if why else ''}."
    return f"{said} {entry.body}" if entry.body else said


def _told(entry: TimelineEntry) -> str:
    people = entry.detail.get("people") or ()
    shown = ", ".join(people[:_MOST_NAMES]) + (
        f" and {len(people) - _MOST_NAMES} more" if len(people) > _MOST_NAMES else ""
    )
    level = entry.detail.get("level")
    return f"Called: {shown}{f' ({level})' if level else ''}."


def _nobody(entry: TimelineEntry) -> str:
    level = entry.detail.get("level")
    return f"Nobody could be called{f' ({level})' if level else ''}."


def _reminder(entry: TimelineEntry) -> str | None:
    late = entry.detail.get("late_minutes") or 0
    if entry.detail.get("stage") == "nudge" and not late:
        return None
    return f"The update is {late} min late." if late else "The update is due now."


def _missed(entry: TimelineEntry) -> str:
    what = "acknowledge" if entry.detail.get("target") == "respond" else "resolve"
    return f"The target to {what} was missed."


def _update(entry: TimelineEntry) -> str:
    kind = "Public update" if entry.is_public else "Update"
    return f"{kind} by {entry.by_name}: {payloads.cut(text.plain(entry.body), _LONGEST_QUOTE)}"


def _ended(word: str) -> Callable[[TimelineEntry], str]:
    def say(entry: TimelineEntry) -> str:
        said = f"{entry.by_name} {word}."
        return f"{said} {payloads.cut(entry.body, _LONGEST_QUOTE)}" if entry.body else said

    return say


_SENTENCES: Final[Mapping[str, Callable[[TimelineEntry], str | None]]] = MappingProxyType(
    {
        "acknowledged": _acknowledged,
        "acknowledgement_taken_back": lambda entry: f"{entry.by_name} took the acknowledgement back.",
        "acknowledgement_expired": lambda _entry: "Nobody wrote for a while, so the acknowledgement no longer counts.",
        "severity": _severity,
        "escalated": _escalated,
        "told": _told,
        "nobody_to_tell": _nobody,
        "reminder": _reminder,
        "target_missed": _missed,
        "update": _update,
        "resolved": _ended("resolved the incident"),
        "false_alarm": _ended("called it a false alarm"),
        "reopened": _ended("reopened the incident"),
        "merged": _ended("merged it into another incident"),
    }
)
