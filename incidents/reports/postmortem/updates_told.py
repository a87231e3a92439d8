"""Cadence kept: each due time, when it was met and how late; and the messages that were sent, counted."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from ...kernel import outbox
from ...policy.cadence import minutes_late, was_on_time
from ...policy.lifecycle import PublicStatus
from ...policy.postmortems import SectionName
from ...records.updates import Update
from .missing import NOT_RECORDED, Gap, Section
from .record import Record, Sent
from .telling_times import clock_time, day_and_time, length

_CHANNELS = {"email": "E-mail", "slack": "Slack", "webhook": "Webhook", "pagerduty": "PagerDuty", "apprise": "Apprise"}


def updates(record: Record) -> Section:
    """Which promise each update kept, and what became of the last one."""
    if not record.updates:
        reason = record.incident.no_communication_reason
        if reason:
            return Section(SectionName.UPDATES, f"No update was sent: {reason}")
        return Section(SectionName.UPDATES, f"Updates: {NOT_RECORDED}", [Gap("What people were told", "timeline")])
    owed = [update for update in record.updates if update.was_on_time is not None]
    on_time = sum(bool(update.was_on_time) for update in owed)
    share = (
        f"{on_time} of {len(owed)} owed updates came on time ({100 * on_time // len(owed)} %)."
        if owed
        else "No update was owed."
    )
    rows = [_row(record, number) for number in range(len(record.updates))]
    table = ["| Due | Told | To | Kept |", "|---|---|---|---|", *rows, *_unanswered(record)]
    return Section(SectionName.UPDATES, "\n".join([share, "", *table]))


def _row(record: Record, number: int) -> str:
    update = record.updates[number]
    at = update.published_at or update.created_at
    is_end = update.was_on_time is None and update.public_status == PublicStatus.RESOLVED
    due_at = _promised_before(record, number) if is_end else _due_before(record, number)
    is_owed = due_at is not None and (is_end or update.was_on_time is not None)
    due = day_and_time(due_at, record.zone) if due_at is not None and is_owed else "Not owed"
    kept = _end_kept(due_at, at) if is_end else _kept(update, due_at, at)
    who = "Public" if update.audience == "public" else "Colleagues"
    return f"| {due} | {day_and_time(at, record.zone)} | {who} | {kept} |"


def _kept(update: Update, due_at: datetime | None, at: datetime) -> str:
    if update.was_on_time is None:
        return ""
    if update.was_on_time:
        return "On time"
    if due_at is None or was_on_time(due_at, at):
        return "Late"
    return f"{length(minutes_late(due_at, at) * 60)} late"


def _end_kept(due_at: datetime | None, at: datetime) -> str:
    """The end owes nothing any more; it is told all the same when it came after the last promise."""
    if due_at is None:
        return ""
    return "Over" if was_on_time(due_at, at) else f"Over, {length(minutes_late(due_at, at) * 60)} after it was due"


def _due_before(record: Record, number: int) -> datetime | None:
    """What the update answered, as it was remembered with it; else the last promise made before."""
    remembered = (record.updates[number].before or {}).get("next_update_due_at")
    if isinstance(remembered, str):
        try:
            return datetime.fromisoformat(remembered)
        except ValueError:
            pass
    return _promised_before(record, number)


def _promised_before(record: Record, number: int) -> datetime | None:
    """The promise that the update before this one made."""
    return record.updates[number - 1].next_update_at if number else None


def _unanswered(record: Record) -> list[str]:
    """The last promise, where the end came before anybody answered it."""
    last, end = record.updates[-1].next_update_at, record.incident.resolved_at
    if last is None or end is None:
        return []
    late = minutes_late(last, end)
    said = (
        f"Never: it ended {length(late * 60)} after it was due" if late else f"Over at {clock_time(end, record.zone)}"
    )
    return [f"| {day_and_time(last, record.zone)} | | | {said} |"]


def messages(record: Record) -> Section:
    """How many by channel and for whom. No address is named."""
    if not record.sent:
        return Section(SectionName.MESSAGES, "No message was sent.")
    rows = ["| For | Channel | Sent | Not sent |", "|---|---|---|---|"]
    counted: dict[tuple[str, str], Counter[str]] = {}
    for sent in record.sent:
        key = (_audience(sent), _CHANNELS.get(sent.channel, sent.channel.capitalize()))
        counted.setdefault(key, Counter())["sent" if sent.state == outbox.SENT else "unsent"] += sent.number
    rows += [
        f"| {audience} | {channel} | {count['sent']:,} | {count['unsent'] or ''} |"
        for (audience, channel), count in sorted(counted.items())
    ]
    by_role = _by_role(record)
    told = ", ".join(f"{role} {number:,}" for role, number in by_role.most_common())
    return Section(SectionName.MESSAGES, "\n".join([*rows, *(["", f"To colleagues by role: {told}."] if told else [])]))


def _audience(sent: Sent) -> str:
    if sent.purpose == outbox.UPDATE:
        return "Subscribers"
    return "Colleagues" if sent.person_id is not None else "Team channels"


def _by_role(record: Record) -> Counter[str]:
    """A person who held several is counted under the first."""
    roles: dict[int, str] = {}
    for seat in record.seats:
        roles.setdefault(seat.person_id, seat.label.lower())
    counted: Counter[str] = Counter()
    for sent in record.sent:
        if sent.person_id is not None and sent.purpose != outbox.UPDATE and sent.state == outbox.SENT:
            counted[roles.get(sent.person_id, "without a role")] += sent.number
    return counted
