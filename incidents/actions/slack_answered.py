"""Buttons in Slack that somebody has answered, there or anywhere else: they go, and the message says who it was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import or_, select, update

from ..kernel import outbox
from ..kernel.database import db
from ..kernel.outbox import OutboxMessage
from ..messages import slack_blocks
from ..messages.about_incidents import clock_time
from ..messages.letters import ACKNOWLEDGE, NO_CHANGE, POST_UPDATE, SNOOZE
from ..policy.cadence import qualifies
from ..policy.lifecycle import Visibility
from ..published import publishing
from ..published.page_settings import page_settings
from ..records.incident_channels import channel_of
from ..records.incidents import Incident
from ..records.timeline import TimelineEntry
from ..reports.tellings import ANSWERED
from .slack_news import headline_key
from .team_news import News, message, undo_until

_TO_ANSWER = (POST_UPDATE, NO_CHANGE, SNOOZE)
_OVER = (ACKNOWLEDGE, *_TO_ANSWER)
_DOES: Final[Mapping[str, tuple[Sequence[str], str]]] = {
    "acknowledged": ((ACKNOWLEDGE,), "acknowledged at {at}."),
    "update": (_TO_ANSWER, "posted an update at {at}."),
    "snooze": ((SNOOZE,), "held the reminder back for {minutes} min at {at}: {body}"),
    "resolved": (_OVER, "resolved the incident at {at}."),
    "false_alarm": (_OVER, "called it a false alarm at {at}."),
    "merged": (_OVER, "merged it into another incident at {at}."),
}
_UNDONE = "The update was taken back before this was sent"


def messages(news: News) -> Iterable[dict[str, Any]]:
    """An edit for each message, in channels and to people, whose buttons this news has answered."""
    answers = [entry for entry in news.entries if _answers(news.incident, entry)]
    if not answers:
        return
    incident = news.incident
    standing = _standing(incident)
    for entry in answers:
        acts, words = _DOES[entry.kind]
        for row in [*standing.values()]:
            if not {*acts} & {*str(row["payload"].get("asks", "")).split()}:
                continue
            said = slack_blocks.without(row["payload"], acts, said=_said(entry, words))
            row["payload"] = {**said, "replaces": row["event"], "only_edits": True}
            event = f"{row['event']}/answered/{entry.id}"[-200:]
            yield message(
                incident,
                "slack",
                row["destination"],
                row["payload"],
                event=event,
                fold_key=f"answered/{row['event']}"[-120:],  # of two edits the later one says what both do
                not_before=undo_until(entry),
                person_id=row["person_id"],
            )
    if any(NO_CHANGE in _DOES[entry.kind][0] for entry in answers):
        _call_off_reminders(incident)


def forget(incident: Incident, entry_ids: Iterable[int]) -> None:
    """These entries were taken back within their ten seconds: nothing was answered."""
    for entry_id in entry_ids:
        waiting = _of_the_team(incident, OutboxMessage.event.endswith(f"/answered/{entry_id}", autoescape=True))
        db.session.execute(update(OutboxMessage).where(*waiting).values(state=outbox.SKIPPED, reason=_UNDONE))


def _answers(incident: Incident, entry: TimelineEntry) -> bool:
    if entry.kind == "acknowledged":
        return not entry.detail.get("also")
    if entry.kind != "update":
        return entry.kind in _DOES
    audience = str(entry.detail.get("audience"))
    return audience == "public" or qualifies(audience=audience, on_page=publishing.find(incident.id) is not None)


def _said(entry: TimelineEntry, words: str) -> str:
    at = clock_time(entry.at, page_settings().zone)
    return f"{entry.by_name} " + words.format(at=at, minutes=entry.detail.get("minutes"), body=entry.body)


def _standing(incident: Incident) -> dict[tuple[str, str], dict[str, Any]]:
    """What asks for something, as it reads by now: by where it stands and the event that it was first written for.

    The headline is left out, for it is rewritten anyway.
    """
    table = OutboxMessage
    columns = (table.event, table.destination, table.person_id, table.payload, table.state, table.attempts)
    wanted = select(*columns).where(
        table.incident_id == incident.id,
        outbox.is_for_the_team(),
        table.channel == "slack",
        table.state.in_((outbox.SENT, outbox.WAITING)),
        table.payload["asks"].as_string().is_not(None),
    )
    if incident.visibility == Visibility.RESTRICTED:
        # what the channels had was withdrawn, but in one that is private
        wanted = wanted.where(or_(table.person_id.is_not(None), table.destination == (channel_of(incident.id) or "")))
    standing: dict[tuple[str, str], dict[str, Any]] = {}
    for row in db.session.execute(wanted.order_by(table.id)):
        first = row.payload.get("replaces") or row.event
        has_left = row.state == outbox.SENT or row.attempts > 0 or row.payload.get("only_edits")
        if has_left and first != headline_key(incident):
            standing[row.destination, first] = {
                "event": first,
                "destination": row.destination,
                "person_id": row.person_id,
                "payload": dict(row.payload),
            }
    return standing


def _call_off_reminders(incident: Incident) -> None:
    """What is still to say that an update is due would mislead."""
    waiting = _of_the_team(
        incident,
        OutboxMessage.event.startswith(f"team/{incident.id}/reminder/", autoescape=True),
        ~OutboxMessage.event.contains("/answered/", autoescape=True),
    )
    db.session.execute(update(OutboxMessage).where(*waiting).values(state=outbox.SKIPPED, reason=ANSWERED))


def _of_the_team(incident: Incident, *which: Any) -> tuple[Any, ...]:
    return (
        OutboxMessage.incident_id == incident.id,
        outbox.is_for_the_team(),
        outbox.is_waiting(OutboxMessage),
        OutboxMessage.leased_by.is_(None),
        *which,
    )
