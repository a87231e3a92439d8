"""The team's channels follow the incident: a headline in Slack, an alert in PagerDuty, a notice to what Apprise knows.

What is written on the timeline is noted here, and turned into messages when its transaction is about to be committed:
then the incident is as it will be, and whatever one action did is told once. Restricted incidents are told in a private
channel of their own alone, drills in Slack alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import event, inspect, or_, select
from sqlalchemy.orm import Session

from ..kernel import outbox
from ..kernel.database import db
from ..kernel.outbox import OutboxMessage
from ..kernel.team_destinations import team_destinations
from ..messages import about_team, payloads
from ..policy.lifecycle import Visibility
from ..records.incidents import Incident
from ..records.timeline import TimelineEntry
from . import slack_answered, slack_news, team_withdrawal
from .team_news import News, event_of, lines_of, message, room_of, settings, undo_until

_MARK = "sevenbells.team_news"
_OTHER_KINDS: Final = frozenset(("told", "nobody_to_tell", "reminder", "target_missed", "update_undone"))
# what PagerDuty's alert does, by the last of these that happened
_ALERTS: Final[Mapping[str, str]] = {
    "declared": "trigger",
    "severity": "trigger",
    "escalated": "trigger",
    "reopened": "trigger",
    "acknowledgement_expired": "trigger",
    "acknowledgement_taken_back": "trigger",
    "acknowledged": "acknowledge",
    "resolved": "resolve",
    "false_alarm": "resolve",
    "merged": "resolve",
}
_UNDONE = "The update was taken back before this was sent"


def note(incident: Incident, entry: TimelineEntry) -> None:
    """Something was written on the timeline; what the channels show of it is told at the end of the transaction."""
    if entry.kind in slack_news.HEADLINE_KINDS or entry.kind in _OTHER_KINDS:
        news: dict[int, News] = db.session().info.setdefault(_MARK, {})
        news.setdefault(id(incident), News(incident)).entries.append(entry)


@event.listens_for(Session, "before_commit")
def _tell(session: Session) -> None:
    if session.in_nested_transaction() or _MARK not in session.info:
        return
    noted: dict[int, News] = session.info.pop(_MARK)
    session.flush()
    for news in noted.values():
        # what was written inside a savepoint that was taken back never happened
        news.entries = [entry for entry in news.entries if inspect(entry).persistent]
        if news.entries and inspect(news.incident).persistent:
            outbox.enqueue_each(list(_messages(news)))


@event.listens_for(Session, "after_rollback")
def _forget(session: Session) -> None:
    session.info.pop(_MARK, None)


def tell_of_handover(event: str, said: Mapping[str, Any]) -> None:
    """Somebody else is on call: the team's channel hears of it, as whoever comes and goes does."""
    for place in team_destinations(settings()).get("slack", ()):
        outbox.enqueue(event=event, channel="slack", destination=place, payload=said, purpose=outbox.TEAM)


def tell_of_shut_channel(incident: Incident, channel: str, *, reason: str) -> None:
    """The incident's own channel takes nothing: the team's says so below the headline, once a channel."""
    for place in team_destinations(settings()).get("slack", ()):
        outbox.enqueue_each([slack_news.shut(incident, place, channel, reason=reason)])


def _messages(news: News) -> Iterable[dict[str, Any]]:
    incident = news.incident
    places = team_destinations(settings())
    if "visibility" in news.kinds and incident.visibility == Visibility.RESTRICTED:
        yield from team_withdrawal.messages(incident, news.entries[-1], places)
        return
    yield from _to_people_in_pagerduty(news)
    if "slack" in places:
        yield from slack_answered.messages(news)
    if not places or _was_only_recorded(news):
        return
    _skip_what_was_undone(news)
    is_restricted = incident.visibility == Visibility.RESTRICTED
    if "slack" in places:
        yield from slack_news.messages(news, () if is_restricted else places["slack"])
    if not incident.is_drill and not is_restricted:
        yield from _to_pagerduty(news, places.get("pagerduty", ()))
        yield from _to_apprise(news, places.get("apprise", ()))


def _was_only_recorded(news: News) -> bool:
    """It was over before it was declared: there is nothing to follow."""
    return news.incident.pages_nobody and "reopened" not in news.kinds


def _skip_what_was_undone(news: News) -> None:
    for entry in news.entries:
        if entry.kind != "update_undone" or entry.update_id is None:
            continue
        told = select(TimelineEntry.id).where(
            TimelineEntry.update_id == entry.update_id, TimelineEntry.kind == "update"
        )
        entry_ids = db.session.scalars(told).all()
        events = [
            f"team/{news.incident.id}/{about}/{entry_id}" for entry_id in entry_ids for about in ("update", "notice")
        ]
        outbox.skip(*events, reason=_UNDONE)
        slack_answered.forget(news.incident, entry_ids)


# ---- each channel but Slack, which has a room of its own ----


def _to_pagerduty(news: News, places: Sequence[str]) -> Iterable[dict[str, Any]]:
    said = _alert(news)
    for place in places if said is not None else ():
        event, key = event_of(news.incident, "alert", news.entries[0]), f"alert/{news.incident.id}"
        yield message(news.incident, "pagerduty", place, said or {}, event=event, fold_key=key)


def _to_apprise(news: News, places: Sequence[str]) -> Iterable[dict[str, Any]]:
    """A reminder is said here in one line; what can be taken back stands for itself, and leaves later."""
    at_once = [entry for entry in news.entries if entry in news.said_at_once or entry in news.reminders]
    for entries in ([at_once] if at_once else []) + [[entry] for entry in news.can_be_undone]:
        lines = lines_of(entries)
        if not lines and "declared" not in {entry.kind for entry in entries}:
            continue
        said = about_team.notification(news.incident, lines, room=room_of(news.incident))
        for place in places:
            made = message(
                news.incident,
                "apprise",
                place,
                said,
                event=event_of(news.incident, "notice", entries[0]),
                fold_key=f"notice/{news.incident.id}",
            )
            yield {**made, "not_before": undo_until(entries[0])}


def _to_people_in_pagerduty(news: News) -> Iterable[dict[str, Any]]:
    """Whoever was paged by a key of their own sees their alert acknowledged and resolved too."""
    said = _alert(news)
    if said is None or said["event_action"] == "trigger":
        return
    paged = select(OutboxMessage.destination, OutboxMessage.person_id).where(
        OutboxMessage.incident_id == news.incident.id,
        outbox.is_for_the_team(),
        OutboxMessage.channel == "pagerduty",
        OutboxMessage.person_id.is_not(None),
        or_(OutboxMessage.state == outbox.SENT, OutboxMessage.attempts > 0),
    )
    event = event_of(news.incident, "alert", news.entries[0])
    for place, person_id in db.session.execute(paged.distinct()).all():
        yield message(news.incident, "pagerduty", place, said, event=event, person_id=person_id)


def _alert(news: News) -> dict[str, Any] | None:
    """The last word counts: what was declared and taken in one go is acknowledged, once it was triggered."""
    actions = [_ALERTS[entry.kind] for entry in news.entries if entry.kind in _ALERTS and not _is_also(entry)]
    if not actions:
        return None
    incident = news.incident
    if actions[-1] == "trigger":
        return about_team.trigger(incident, room=room_of(incident)) if incident.is_open else None
    return payloads.follow(actions[-1], payloads.dedup_key(incident.ref))


def _is_also(entry: TimelineEntry) -> bool:
    return bool(entry.detail.get("also"))
