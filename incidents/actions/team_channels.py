"""The team's channels follow the incident: a headline in Slack, an alert in PagerDuty, a notice to what Apprise knows.

What is written on the timeline is noted here, and turned into messages when its transaction is about to be committed:
then the incident is as it will be, and whatever one action did is told once. Restricted incidents are told nowhere,
drills in Slack alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from flask import current_app
from sqlalchemy import event, inspect, or_, select, update
from sqlalchemy.orm import Session

from ..kernel import outbox
from ..kernel.database import db
from ..kernel.outbox import OutboxMessage
from ..kernel.settings import Settings
from ..kernel.team_destinations import team_destinations
from ..messages import about_team, payloads
from ..policy.lifecycle import Visibility
from ..records.incidents import Incident
from ..records.timeline import TimelineEntry

_MARK = "sevenbells.team_news"
# of these the headline shows something; the sentences are in messages.about_team
HEADLINE_KINDS: Final = frozenset(
    (
        *("declared", "acknowledged", "acknowledgement_taken_back", "acknowledgement_expired", "severity", "step"),
        *("title", "role", "mitigated", "update", "snooze", "cadence", "resolved", "false_alarm", "reopened", "merged"),
        *("escalated", "visibility"),
    )
)
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
_RESTRICTED = "The incident was restricted before this was sent"
_UNDONE = "The update was taken back before this was sent"


@dataclass
class News:
    """What one transaction wrote about one incident."""

    incident: Incident
    entries: list[TimelineEntry] = field(default_factory=list)

    @property
    def kinds(self) -> set[str]:
        return {entry.kind for entry in self.entries}


def note(incident: Incident, entry: TimelineEntry) -> None:
    """Something was written on the timeline; what the channels show of it is told at the end of the transaction."""
    if entry.kind in HEADLINE_KINDS or entry.kind in _OTHER_KINDS:
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


def _messages(news: News) -> Iterable[dict[str, Any]]:
    incident = news.incident
    places = team_destinations(_settings())
    if "visibility" in news.kinds and incident.visibility == Visibility.RESTRICTED:
        yield from _withdraw(incident, news.entries[-1], places)
        return
    yield from _to_people_in_pagerduty(news)
    if not places or incident.visibility == Visibility.RESTRICTED or _was_only_recorded(news):
        return
    _skip_what_was_undone(news)
    yield from _to_slack(news, places.get("slack", ()))
    if not incident.is_drill:
        yield from _to_pagerduty(news, places.get("pagerduty", ()))
        yield from _to_apprise(news, places.get("apprise", ()))


def _was_only_recorded(news: News) -> bool:
    """It was over before it was declared: there is nothing to follow."""
    return news.incident.pages_nobody and "reopened" not in news.kinds


# ---- each channel ----


def _to_slack(news: News, places: Sequence[str]) -> Iterable[dict[str, Any]]:
    incident, sentences = news.incident, _sentences(news)
    head = headline_key(incident)
    for place in places:
        if news.kinds & HEADLINE_KINDS:
            said = {
                **about_team.headline(incident, commander=_commander(incident), room=_room(incident)),
                "replaces": head,
            }
            yield _message(news, "slack", place, said, about="headline", fold_key=head)
        if sentences and "declared" not in news.kinds:
            said = {**about_team.reply(sentences), "thread_of": head}
            yield _message(news, "slack", place, said, about="reply", fold_key=f"reply/{incident.id}")


def _to_pagerduty(news: News, places: Sequence[str]) -> Iterable[dict[str, Any]]:
    said = _alert(news)
    for place in places if said is not None else ():
        yield _message(news, "pagerduty", place, said or {}, about="alert", fold_key=f"alert/{news.incident.id}")


def _to_apprise(news: News, places: Sequence[str]) -> Iterable[dict[str, Any]]:
    sentences = _sentences(news)
    if not sentences and "declared" not in news.kinds:
        return
    said = about_team.notification(news.incident, sentences, room=_room(news.incident))
    for place in places:
        yield _message(news, "apprise", place, said, about="notice", fold_key=f"notice/{news.incident.id}")


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
    for place, person_id in db.session.execute(paged.distinct()).all():
        yield {**_message(news, "pagerduty", place, said, about="alert", fold_key=None), "person_id": person_id}


def _alert(news: News) -> dict[str, Any] | None:
    """The last word counts: what was declared and taken in one go is acknowledged, once it was triggered."""
    actions = [_ALERTS[entry.kind] for entry in news.entries if entry.kind in _ALERTS and not _is_also(entry)]
    if not actions:
        return None
    incident = news.incident
    if actions[-1] == "trigger":
        return about_team.trigger(incident, room=_room(incident)) if incident.is_open else None
    return payloads.follow(actions[-1], payloads.dedup_key(incident.ref))


def _is_also(entry: TimelineEntry) -> bool:
    return bool(entry.detail.get("also"))


def _message(
    news: News, channel: str, place: str, said: Mapping[str, Any], *, about: str, fold_key: str | None
) -> dict[str, Any]:
    return {
        "event": f"team/{news.incident.id}/{about}/{news.entries[0].id}",
        "channel": channel,
        "destination": place,
        "payload": said,
        "incident_id": news.incident.id,
        "purpose": outbox.TEAM,
        "fold_key": fold_key,
        "not_before": _undo_until(news) if about in ("reply", "notice") else None,
    }


def headline_key(incident: Incident) -> str:
    """By this the headline of an incident is found again, and edits that were superseded collapse."""
    return f"headline/{incident.id}"


# ---- taking back ----


def _withdraw(
    incident: Incident, entry: TimelineEntry, places: Mapping[str, Sequence[str]]
) -> Iterable[dict[str, Any]]:
    """What waits does not leave, and what stands in Slack loses its words.

    These messages name no incident to the outbox, which would keep them back like everything about a restricted one.
    """
    waiting = update(OutboxMessage).where(
        OutboxMessage.incident_id == incident.id,
        outbox.is_for_the_team(),
        OutboxMessage.purpose == outbox.TEAM,
        OutboxMessage.person_id.is_(None),
        OutboxMessage.state == outbox.WAITING,
        OutboxMessage.leased_by.is_(None),
    )
    db.session.execute(waiting.values(state=outbox.SKIPPED, reason=_RESTRICTED))
    if incident.is_drill and "slack" not in places:
        return
    told = select(OutboxMessage.event, OutboxMessage.channel, OutboxMessage.destination, OutboxMessage.fold_key).where(
        OutboxMessage.incident_id == incident.id,
        outbox.is_for_the_team(),
        OutboxMessage.purpose == outbox.TEAM,
        OutboxMessage.person_id.is_(None),
        or_(OutboxMessage.state == outbox.SENT, OutboxMessage.attempts > 0),
    )
    alerted: set[str] = set()
    for row in db.session.execute(told.order_by(OutboxMessage.id)).all():
        said: dict[str, Any]
        if row.channel == "slack":
            said = {
                **about_team.withdrawn(incident),
                "replaces": row.event,
                "of_incident": incident.id,
                "only_edits": True,
            }
        elif row.channel == "pagerduty" and row.destination not in alerted:
            alerted.add(row.destination)
            said = payloads.follow("resolve", payloads.dedup_key(incident.ref))
        else:
            continue
        yield {
            "event": f"{row.event}/withdrawn/{entry.id}",
            "channel": row.channel,
            "destination": row.destination,
            "payload": said,
            "purpose": outbox.TEAM,
        }


def _skip_what_was_undone(news: News) -> None:
    for entry in news.entries:
        if entry.kind != "update_undone" or entry.update_id is None:
            continue
        told = select(TimelineEntry.id).where(
            TimelineEntry.update_id == entry.update_id, TimelineEntry.kind == "update"
        )
        for entry_id in db.session.scalars(told):
            events = [f"team/{news.incident.id}/{about}/{entry_id}" for about in ("reply", "notice")]
            outbox.skip(*events, reason=_UNDONE)


def _undo_until(news: News) -> datetime | None:
    """A text that can be taken back for ten seconds leaves after them."""
    moments = [entry.update.undo_until for entry in news.entries if entry.kind == "update" and entry.update is not None]
    return max((moment for moment in moments if moment is not None), default=None)


# ---- what is said ----


def _sentences(news: News) -> list[str]:
    """Each once; who is called when an incident is declared goes without saying."""
    silent = {"told", "nobody_to_tell"} if "declared" in news.kinds else set()
    said = [about_team.sentence(entry) for entry in news.entries if entry.kind not in silent]
    return list(dict.fromkeys(each for each in said if each))


def _commander(incident: Incident) -> str | None:
    from . import roles

    person = roles.holder(incident, roles.COMMANDER)
    return None if person is None else person.name


def _room(incident: Incident) -> str:
    return f"{_settings().base_url}/console/incidents/{incident.ref}"


def _settings() -> Settings:
    found: Settings = current_app.extensions["sevenbells.settings"]
    return found
