"""What the team's own channels are told of an incident: a headline that is kept true, and a sentence for what is new."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from ..policy.lifecycle import Outcome, Step
from ..policy.severity import SEVERITY_LABELS, Severity
from ..records.incidents import Incident
from ..records.timeline import TimelineEntry
from . import payloads, slack_blocks
from .about_incidents import addresses, clock_time, post_update_button, update_buttons
from .letters import ACKNOWLEDGE, ADD_NOTE, NEXT_STEP, Button
from .slack_blocks import Line
from .team_sentences import names, sentence

__all__ = [
    "act_buttons",
    "handover",
    "headline",
    "notification",
    "reminder",
    "reply",
    "sentence",
    "shut",
    "trigger",
    "withdrawn",
]

_LONGEST_QUOTE = 600  # characters of an update, where there is no more room
_LONGEST_IMPACT = 500
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


# ---- in Slack ----


def headline(
    incident: Incident, *, commander: str | None, room: str, affected: str = "", zone: str = "UTC"
) -> dict[str, Any]:
    """The one message an incident has in a channel of Slack; it is changed in place as the incident goes on."""
    severity = Severity(incident.severity)
    drill = "[Drill] " if incident.is_drill else ""
    impact = payloads.cut(incident.impact or "", _LONGEST_IMPACT)
    impact = f"{impact.rstrip('.')}. " if impact else ""
    return slack_blocks.post(
        headline=f"{drill}{incident.ref} · {severity} {SEVERITY_LABELS[severity]}: {incident.title}",
        paragraphs=[impact + _step(incident)],
        fields=_fields(incident, commander=commander, affected=affected, zone=zone),
        buttons=_headline_buttons(incident, room),
        incident=incident.ref,
        read_on=room,
        text="\n".join(
            [
                name(incident),
                f"{severity} {SEVERITY_LABELS[severity]} · {_state(incident, commander)}",
                *_promise(incident),
            ]
        ),
    )


def _headline_buttons(incident: Incident, room: str) -> list[Button]:
    return [*act_buttons(incident, room), Button("Open the incident", room)]


def act_buttons(incident: Incident, room: str) -> list[Button]:
    """What can be done with an open incident right below its headline."""
    if not incident.is_open:
        return []
    base_url = room.partition("/console/")[0]
    to = addresses(incident, base_url)
    asks = not incident.is_acknowledged and not incident.is_drill
    return [
        *([acknowledge_button()] if asks else []),
        post_update_button(incident, base_url),
        Button("Add note", to["note"], act=ADD_NOTE),
        Button("Next step", to["step"], act=NEXT_STEP),
    ]


def acknowledge_button() -> Button:
    """It stands where everybody of the team sees it, so it works in place alone: who pressed it is known there."""
    return Button("Acknowledge", "", act=ACKNOWLEDGE)


def _step(incident: Incident) -> str:
    if incident.outcome is not None:
        return f"{_ended(incident)}."
    step = Step(incident.step)
    taken = "" if incident.is_acknowledged else " Nobody has acknowledged it yet."
    return f"Step {step.number} of {len(Step)}, {step.label}.{taken}"


def _fields(incident: Incident, *, commander: str | None, affected: str, zone: str) -> list[tuple[str, str]]:
    due_at = incident.next_update_due_at if incident.is_open else None
    found = [
        ("Commander", commander or "nobody yet"),
        ("Affected", affected),
        ("Began", clock_time(incident.began_at, zone)),
        (
            "Next public update" if incident.visibility == "public" else "Next update",
            clock_time(due_at, zone) if due_at is not None else "",
        ),
    ]
    return [(label, value) for label, value in found if value]


def reply(lines: Sequence[Line], *, incident: Incident, room: str, can_be_acknowledged: bool = False) -> dict[str, Any]:
    """What is new; ``lines`` stay in it, so that what comes at once is said with it."""
    asks = can_be_acknowledged and incident.is_open and not incident.is_acknowledged and not incident.is_drill
    said = slack_blocks.post(
        paragraphs=[Line(line.lead, _shown(line.more)) for line in lines],
        buttons=[acknowledge_button()] if asks else [],
        incident=incident.ref,
        read_on=room,
    )
    return {**said, "lines": [[line.lead, _shown(line.more)] for line in lines], "is_call": can_be_acknowledged}


def _shown(words: str) -> str:
    return words[:4000]  # the rest is read in the room


def reminder(
    incident: Incident, entry: TimelineEntry, *, no_change: str, heard_at: datetime | None, base_url: str, zone: str
) -> dict[str, Any]:
    """An update is due: how late it is, who was reminded, and the buttons that answer it.

    ``heard_at`` is when the last update went out; ``no_change`` what that button says.
    """
    what = "public update" if incident.visibility == "public" else "update"
    late = int(entry.detail.get("late_minutes") or 0)
    reminded = names(entry.detail.get("people"))
    due = incident.next_update_due_at
    more = [f"It was promised by {clock_time(due, zone)}."] if due is not None else []
    if late and heard_at is not None:
        more.append(f"The last one went out at {clock_time(heard_at, zone)}.")
    more.append(f"Reminded: {reminded}." if reminded else "Nobody could be reminded.")
    if late:
        lead = f"The {what} is {late} min late."
    else:
        lead = f"The {what} is due in 5 min." if entry.detail.get("stage") == "nudge" else f"The {what} is due now."
    return slack_blocks.post(
        paragraphs=[Line(lead, " ".join(more))],
        offer=f"Nothing new? “No change” says: “{no_change}”",
        buttons=update_buttons(incident, base_url),
        incident=incident.ref,
    )


def withdrawn(incident: Incident) -> dict[str, Any]:
    """In the place of whatever stood there, once the incident is restricted: nothing of it is left but its number."""
    return slack_blocks.post(
        headline=f"{incident.ref} is restricted now", paragraphs=["What stood here was withdrawn."]
    )


def shut(ref: str, *, reason: str, room: str) -> dict[str, Any]:
    """To the team's channel: the incident's own one takes nothing, so that this is where it is told."""
    return slack_blocks.post(
        paragraphs=[
            Line(f"The channel of {ref} takes no messages.", f"{reason}. What is new stands here, and in the room.")
        ],
        buttons=[Button("Open the incident", room)],
    )


def handover(*, rotation: str, comes: str, before: str, until: str, schedule: str) -> dict[str, Any]:
    """Somebody else is on call now; the names are empty where it is nobody."""
    more = [f"Until {until}."] if until else []
    more += [f"Before: {before}."] if before else []
    return slack_blocks.post(
        paragraphs=[Line(f"{comes or 'Nobody'} is on call for {rotation} now.", " ".join(more))],
        buttons=[Button("See the schedule", schedule)],
    )


# ---- elsewhere ----


def notification(incident: Incident, lines: Sequence[Line], *, room: str) -> dict[str, Any]:
    """The same for Apprise."""
    mood = "failure" if incident.is_open and not incident.is_acknowledged else "warning"
    title = f"{incident.severity} {name(incident)}"
    said = [str(Line(line.lead, payloads.cut(line.more, _LONGEST_QUOTE))) for line in lines]
    body = "\n".join([*(said or ["Declared, and not acknowledged yet."]), f"Open the incident: {room}"])
    return payloads.notification(title, body, mood=mood if incident.is_open else "success", link=room)


def trigger(incident: Incident, *, room: str) -> dict[str, Any]:
    """The alert in PagerDuty that stands for the incident."""
    return payloads.trigger(
        payloads.dedup_key(incident.ref),
        summary=f"{incident.severity} {name(incident)}",
        severity=_PAGERDUTY[incident.severity],
        details={"impact": incident.impact or "", "step": Step(incident.step).label},
        links=[{"href": room, "text": "Open the incident"}],
    )


def _state(incident: Incident, commander: str | None) -> str:
    if incident.outcome is not None:
        return _ended(incident)
    taken = f"acknowledged at {_clock(incident.acknowledgement_at)}" if incident.acknowledgement_at else ""
    led = f"commander {commander}" if commander else "no commander"
    return " · ".join([Step(incident.step).label, taken or "not acknowledged", led])


def _ended(incident: Incident) -> str:
    at = f" at {_clock(incident.resolved_at)}" if incident.resolved_at else ""
    return f"{_ENDED.get(str(incident.outcome), 'Over')}{at}"


def _promise(incident: Incident) -> list[str]:
    due_at = incident.next_update_due_at
    return [f"Next update by {_clock(due_at)}."] if incident.is_open and due_at is not None else []


def _clock(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.astimezone(UTC):%H:%M} UTC"
