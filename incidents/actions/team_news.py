"""What one transaction wrote about one incident, and the messages that tell the team of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import current_app

from ..kernel import outbox
from ..kernel.settings import Settings
from ..messages import about_team
from ..messages.slack_blocks import Line
from ..records.incidents import Incident
from ..records.timeline import TimelineEntry

# who is called when an incident is declared goes without saying, and what comes of itself with another act does too
_SILENT_BESIDE: Mapping[str, frozenset[str]] = {
    "declared": frozenset({"told", "nobody_to_tell", "role", "step"}),
    "acknowledged": frozenset({"role", "step"}),
    "resolved": frozenset({"step"}),
    "reopened": frozenset({"step"}),
}


@dataclass
class News:
    """What one transaction wrote about one incident."""

    incident: Incident
    entries: list[TimelineEntry] = field(default_factory=list)

    @property
    def kinds(self) -> set[str]:
        return {entry.kind for entry in self.entries}

    @property
    def said_at_once(self) -> list[TimelineEntry]:
        """What has a sentence of its own and cannot be taken back; a reminder is a message of its own."""
        silent = {kind for beside, kinds in _SILENT_BESIDE.items() if beside in self.kinds for kind in kinds}
        return [
            entry
            for entry in self.entries
            if entry.kind not in silent and not is_reminder(entry) and undo_until(entry) is None
        ]

    @property
    def can_be_undone(self) -> list[TimelineEntry]:
        """Updates that leave only once they can no longer be taken back; each stands for itself."""
        return [entry for entry in self.entries if undo_until(entry) is not None]

    @property
    def reminders(self) -> list[TimelineEntry]:
        """The stages of the promise that were told."""
        return [entry for entry in self.entries if is_reminder(entry)]


def is_reminder(entry: TimelineEntry) -> bool:
    """Whether it says that an update is due, or that it is late."""
    return entry.kind in ("reminder", "nobody_to_tell") and "stage" in entry.detail


def undo_until(entry: TimelineEntry) -> datetime | None:
    """A text that can be taken back for ten seconds leaves after them."""
    return entry.update.undo_until if entry.kind == "update" and entry.update is not None else None


def lines_of(entries: Sequence[TimelineEntry]) -> list[Line]:
    """What they say, each once."""
    said = [about_team.sentence(entry) for entry in entries]
    return list(dict.fromkeys(line for line in said if line is not None))


def message(
    incident: Incident,
    channel: str,
    place: str,
    said: Mapping[str, Any],
    *,
    event: str,
    fold_key: str | None = None,
    not_before: datetime | None = None,
    person_id: int | None = None,
) -> dict[str, Any]:
    """One message about the incident, as the outbox takes it."""
    return {
        "event": event,
        "channel": channel,
        "destination": place,
        "payload": said,
        "incident_id": incident.id,
        "person_id": person_id,
        "purpose": outbox.TEAM,
        "fold_key": fold_key,
        "not_before": not_before,
    }


def event_of(incident: Incident, about: str, entry: TimelineEntry) -> str:
    """What the outbox knows a message by that tells of this entry."""
    return f"team/{incident.id}/{about}/{entry.id}"


def room_of(incident: Incident) -> str:
    """Where it can be read in full."""
    return f"{settings().base_url}/console/incidents/{incident.ref}"


def settings() -> Settings:
    """The operator's."""
    found: Settings = current_app.extensions["sevenbells.settings"]
    return found
