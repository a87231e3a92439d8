"""What an entry of the timeline says to the team, in plain words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from ..kernel import text
from ..policy.escalation import TRIGGER_LABELS, Trigger
from ..policy.lifecycle import PublicStatus, Step
from ..records.timeline import TimelineEntry
from .slack_blocks import Line

_MOST_NAMES = 5


def sentence(entry: TimelineEntry) -> Line | None:
    """The beginning is what happened, and then follow people's own words; None for what only the headline shows."""
    say = _SENTENCES.get(entry.kind)
    return None if say is None else say(entry)


def names(people: object) -> str:
    """A few names, and how many there are besides."""
    known = [str(each) for each in people] if isinstance(people, list | tuple) else []
    more = len(known) - _MOST_NAMES
    return ", ".join(known[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _acknowledged(entry: TimelineEntry) -> Line:
    return Line(f"{entry.by_name} acknowledged{' too' if entry.detail.get('also') else ''}.")


def _severity(entry: TimelineEntry) -> Line | None:
    before, after = entry.detail.get("before"), entry.detail.get("after")
    if before == after:
        return None
    return Line(f"{entry.by_name} changed the severity from {before} to {after}.", entry.body)


def _step(entry: TimelineEntry) -> Line | None:
    try:
        before, after = Step(str(entry.detail.get("before"))), Step(str(entry.detail.get("after")))
    except ValueError:
        return None
    way = "went on" if after.number > before.number else "went back"
    return Line(f"{entry.by_name} {way} to {after.label.lower()}, step {after.number} of {len(Step)}.", entry.body)


def _role(entry: TimelineEntry) -> Line:
    label, person = str(entry.detail.get("label", "")).lower(), entry.detail.get("person")
    before = f" Before: {entry.detail['before']}." if entry.detail.get("before") else ""
    return Line(f"{person or 'Nobody'} is {label} now.{before}")


def _escalated(entry: TimelineEntry) -> Line:
    reason = entry.detail.get("reason")
    why = TRIGGER_LABELS[Trigger(str(reason))] if reason in [*Trigger] else ""
    return Line(f"{entry.by_name} escalated{f': {why}' if why else ''}.", entry.body)


def _told(entry: TimelineEntry) -> Line:
    return Line(f"Called: {names(entry.detail.get('people'))}{_level(entry)}.")


def _nobody(entry: TimelineEntry) -> Line | None:
    if entry.detail.get("postmortem") or entry.detail.get("asker"):
        return None
    if "stage" in entry.detail:
        due = _reminder(entry)
        return None if due is None else Line(f"{due.lead} Nobody could be reminded.")
    return Line(f"Nobody could be called{_level(entry)}.")


def _reminder(entry: TimelineEntry) -> Line | None:
    """The nudge is for one person, and the reminder of a post-mortem for its owner."""
    late = entry.detail.get("late_minutes") or 0
    if "stage" not in entry.detail or (entry.detail["stage"] == "nudge" and not late):
        return None
    return Line(f"The update is {late} min late." if late else "The update is due now.")


def _level(entry: TimelineEntry) -> str:
    level = entry.detail.get("level")
    return f" ({level})" if level else ""


def _missed(entry: TimelineEntry) -> Line:
    what = "acknowledge" if entry.detail.get("target") == "respond" else "resolve"
    return Line(f"The target to {what} was missed.")


def _update(entry: TimelineEntry) -> Line:
    kind = "Public update" if entry.is_public else "Update"
    if entry.detail.get("status") == PublicStatus.POSTMORTEM:
        kind = "Root cause analysis, published"
    return Line(f"{kind} by {entry.by_name}:", text.plain(entry.body))


def _snooze(entry: TimelineEntry) -> Line:
    return Line(f"{entry.by_name} held the reminder back for {entry.detail.get('minutes')} min.", entry.body)


def _cadence(entry: TimelineEntry) -> Line:
    return Line(f"{entry.by_name} agreed one update every {entry.detail.get('minutes')} min.", entry.body)


def _ended(word: str) -> Callable[[TimelineEntry], Line]:
    return lambda entry: Line(f"{entry.by_name} {word}.", entry.body)


_SENTENCES: Final[Mapping[str, Callable[[TimelineEntry], Line | None]]] = MappingProxyType(
    {
        "acknowledged": _acknowledged,
        "acknowledgement_taken_back": _ended("took the acknowledgement back"),
        "acknowledgement_expired": lambda _entry: Line(
            "Nobody wrote for a while, so the acknowledgement no longer counts."
        ),
        "severity": _severity,
        "step": _step,
        "role": _role,
        "mitigated": _ended("says that a temporary fix is in place"),
        "escalated": _escalated,
        "told": _told,
        "nobody_to_tell": _nobody,
        "reminder": _reminder,
        "target_missed": _missed,
        "update": _update,
        "snooze": _snooze,
        "cadence": _cadence,
        "resolved": _ended("resolved the incident"),
        "false_alarm": _ended("called it a false alarm"),
        "reopened": _ended("reopened the incident"),
        "merged": _ended("merged it into another incident"),
    }
)
