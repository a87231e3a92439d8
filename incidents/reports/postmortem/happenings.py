"""The entries that a post-mortem's timeline is made of, and what each says in plain words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ...policy.escalation import TRIGGER_LABELS, Trigger
from ...policy.lifecycle import PUBLIC_STATUS_LABELS, PublicStatus, Step
from ...records.timeline import TimelineEntry

STATES = {
    "operational": "operational",
    "degraded_performance": "degraded",
    "partial_outage": "partial outage",
    "major_outage": "major outage",
    "under_maintenance": "under maintenance",
}
_LONGEST = 300


def is_chosen(entry: TimelineEntry) -> bool:
    """Whether it belongs into a post-mortem: what people did and decided, not each reminder that was sent."""
    if entry.kind == "note":
        return _is_pinned(entry)
    if entry.kind == "step" and entry.detail.get("after") == Step.POSTMORTEM:
        return False
    return entry.kind in _SAYS and not entry.detail.get("also")


def _is_pinned(entry: TimelineEntry) -> bool:
    """A message of Slack's that somebody found worth keeping; other notes are for those who were there."""
    return entry.detail.get("source") == "slack" and "taken_off_by" not in entry.detail


def says(entry: TimelineEntry) -> str:
    """One line, with the words that somebody wrote behind it."""
    said = _SAYS.get(entry.kind, _other)(entry, entry.detail)
    words = " ".join(entry.body.split())
    if not words or entry.kind in _WITHOUT_WORDS:
        return said
    return f"{said}: {words if len(words) <= _LONGEST else words[: _LONGEST - 1].rstrip() + '…'}"


def trigger(word: str) -> str:
    """One of the five reasons to escalate by hand, as people read it."""
    return TRIGGER_LABELS[Trigger(word)] if word in [*Trigger] else word


def _other(entry: TimelineEntry, detail: Mapping[str, Any]) -> str:
    """What is left out unless somebody takes it in."""
    people = ", ".join(detail.get("people") or ())
    if entry.kind in ("told", "reminder"):
        level = detail.get("level")
        return f"{'Told' if entry.kind == 'told' else 'Reminded'} {f'{level} ' if level else ''}{people or 'nobody'}".strip()
    said = _ASIDE.get(entry.kind)
    return f"{entry.by_name} {said}" if said else f"{entry.kind.replace('_', ' ').capitalize()} ({entry.by_name})"


def _declared(entry: TimelineEntry, detail: Mapping[str, Any]) -> str:
    return f"{entry.by_name} declared it as {detail.get('severity', '')}".strip()


def _step(entry: TimelineEntry, detail: Mapping[str, Any]) -> str:
    after, before = Step(detail["after"]), Step(detail["before"])
    verb = "went back to" if after.number < before.number else "began"
    reason = detail.get("reason")
    return f"{entry.by_name} {verb} {after.label.lower()}" + (f" (reason: {reason})" if reason else "")


def _severity(entry: TimelineEntry, detail: Mapping[str, Any]) -> str:
    before, after = detail["before"], detail["after"]
    if before == after:
        return f"{entry.by_name} confirmed {after}"
    return f"{entry.by_name} changed the severity from {before} to {after}"


def _components(entry: TimelineEntry, detail: Mapping[str, Any]) -> str:
    named = detail.get("components") or {}
    told = ", ".join(f"{name} {STATES.get(status, status)}" for name, status in named.items())
    return f"{entry.by_name} set the components: {told or 'none affected'}"


def _role(entry: TimelineEntry, detail: Mapping[str, Any]) -> str:
    person, label = detail.get("person"), str(detail.get("label", "")).lower()
    return f"{person} became {label}" if person else f"Nobody is {label} any more"


def _note(entry: TimelineEntry, detail: Mapping[str, Any]) -> str:
    if detail.get("source") != "slack":
        return f"{entry.by_name} noted"
    return f"{entry.by_name} wrote" if entry.by_kind == "slack" else f"{entry.by_name} wrote in Slack"


def _update(entry: TimelineEntry, detail: Mapping[str, Any]) -> str:
    if detail.get("audience") != "public":
        return f"{entry.by_name} told colleagues"
    status = str(detail.get("status"))
    word = PUBLIC_STATUS_LABELS[PublicStatus(status)] if status in [*PublicStatus] else status
    return f"{entry.by_name} told the public ({word})"


def _says(pattern: str) -> Callable[[TimelineEntry, Mapping[str, Any]], str]:
    return lambda entry, detail: pattern.format(who=entry.by_name)


_SAYS: Mapping[str, Callable[[TimelineEntry, Mapping[str, Any]], str]] = {
    "declared": _declared,
    "acknowledged": _says("{who} acknowledged"),
    "acknowledgement_expired": _says("The acknowledgement lapsed"),
    "step": _step,
    "severity": _severity,
    "component": _components,
    "role": _role,
    "note": _note,
    "decision": _says("{who} decided"),
    "event": _says("Recorded by {who}"),
    "update": _update,
    "target_at_risk": _says("A target was at risk"),
    "target_missed": _says("A target was missed"),
    "nobody_to_tell": _says("Nobody could be told"),
    "escalated": _says("{who} escalated"),
    "mitigated": _says("{who} said that the fix is in place"),
    "resolved": _says("{who} resolved it"),
    "reopened": _says("{who} reopened it"),
    "false_alarm": _says("{who} called it a false alarm"),
    "merged_here": _says("{who} merged another incident into this one"),
}
# what a post-mortem leaves out unless somebody takes it in
_ASIDE = {
    "acknowledgement_taken_back": "took the acknowledgement back",
    "impact": "said what people notice",
    "title": "changed the title",
    "role_accepted": "took the role over",
    "snooze": "snoozed the reminder",
    "cadence": "agreed a slower cadence",
    "cause": "said what kind of cause it had",
    "related": "related it to another incident",
    "postmortem": "worked on the post-mortem",
    "closed": "closed it",
    "action_item": "worked on an action item",
}
_WITHOUT_WORDS = frozenset({"declared"})
