"""What the timeline, and an action item's own history, say of action items."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from markupsafe import Markup

from ..records.timeline import TimelineEntry

_DONE = {
    "added": "added",
    "changed": "changed",
    "begun": "began",
    "done": "finished",
    "dropped": "dropped",
    "reopened": "reopened",
    "removed": "removed",
}


def sentence(who: Markup, entry: TimelineEntry) -> Markup:
    """What happened to an action item, and why where somebody said so."""
    said = words(who, entry.detail)
    reason = entry.detail.get("reason")
    return said + Markup(". Reason: {}").format(reason) if reason else said


def words(who: Markup, detail: Mapping[str, Any]) -> Markup:
    """What happened to an action item, with its title and without a reason."""
    if detail.get("did") == "issue":
        return Markup("{} asked for an issue in {} for the action item <b>{}</b>").format(
            who, detail.get("tracker", ""), detail.get("title", "")
        )
    if detail.get("did") == "linked":
        return Markup("The action item <b>{}</b> is <b>{}</b> in {}").format(
            detail.get("title", ""), detail.get("issue", ""), detail.get("tracker", "")
        )
    verb = _DONE.get(detail.get("did", ""), "wrote of")
    said = Markup("{} {} the action item <b>{}</b>").format(who, verb, detail.get("title", ""))
    if detail.get("did") == "added":
        said += Markup(" for {}").format(detail["owner"]) if detail.get("owner") else Markup(", which nobody owns yet")
        return said + Markup(", due {}").format(_day_words(detail.get("due_on"))) if detail.get("due_on") else said
    changes = [_changed(name, *values) for name, values in (detail.get("changes") or {}).items()]
    return said + Markup(": {}").format(Markup("; ").join(changes)) if changes else said


def _changed(name: str, before: str | None, after: str | None) -> Markup:
    label = {"owner_id": "owner", "due_on": "due"}.get(name, name)
    told = [_day_words(value) if name == "due_on" else value or "none" for value in (before, after)]
    return Markup("{} from {} to <b>{}</b>").format(label, *told)


def _day_words(day: str | None) -> str:
    return f"{(found := date.fromisoformat(day)).day} {found:%b %Y}" if day else "no date"
