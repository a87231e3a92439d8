"""What stands in an incident's channel and who is in it: each step compares what should be with what was done, and keeps the rest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from ..channels import Message, slack, slack_room_people, slack_rooms
from ..channels.slack_asking import Refused
from .channel_turn import ARCHIVED, GONE, Turn


def topic(turn: Turn) -> None:
    """Severity, step, who leads, and the title."""
    if turn.plan.topic == turn.channel.topic:
        return
    found = slack_rooms.set_topic(turn.id, turn.plan.topic, turn.settings)
    if not turn.went_wrong(found):
        turn.keep(topic=turn.plan.topic)


def purpose(turn: Turn) -> None:
    """Last, and once: it only helps to know the channel again."""
    if turn.channel.purpose == turn.plan.purpose:
        return
    found = slack_rooms.set_purpose(turn.id, turn.plan.purpose, turn.settings)
    if not turn.went_wrong(found):
        turn.keep(purpose=turn.plan.purpose)


def headline(turn: Turn) -> None:
    """One message, changed in place. Its print is kept before it is posted: after a crash it is looked for first."""
    wanted = _print_of(turn.plan.headline)
    ts = turn.channel.headline_ts
    if ts is not None and wanted == turn.channel.headline_print:
        return
    if ts is None and turn.channel.headline_print:
        found = slack_rooms.find_message(turn.id, _key(turn), turn.settings)
        if not _is_forbidden(found) and turn.went_wrong(found):
            return
        ts = found if isinstance(found, str) else None
    elif ts is None:
        turn.keep(headline_print=wanted)
    said = _say(turn, turn.plan.headline, ts)
    if said:
        turn.keep(headline_ts=said, headline_print=wanted)


def withdraw(turn: Turn) -> None:
    """What it said is withdrawn in its place; where somebody removed it, nothing is left to withdraw."""
    wanted = _print_of(turn.plan.withdrawn)
    if turn.channel.headline_print in ("", wanted):
        return
    ts = turn.channel.headline_ts
    if ts is None:
        found = slack_rooms.find_message(turn.id, _key(turn), turn.settings)
        if not _is_forbidden(found) and turn.went_wrong(found):
            return
        ts = found if isinstance(found, str) else None
    if ts is None or _say(turn, {**turn.plan.withdrawn, "only_edits": True}, ts):
        turn.keep(headline_ts=ts, headline_print=wanted)


def _say(turn: Turn, payload: Mapping[str, Any], ts: str | None) -> str:
    """Post it, or change it where it was posted; its ``ts``, empty where that went wrong."""
    receipt = {"receipt": {"channel": turn.id, "ts": ts}} if ts is not None else {}
    message = Message(
        key=_key(turn), channel="slack", destination=turn.id, payload=payload, facts={"channel": turn.id, **receipt}
    )
    outcome = slack.send(message, turn.settings)
    if outcome.kind == "sent":
        return str((outcome.receipt or {}).get("ts", "")) or ts or ""
    is_away = outcome.kind == "unreachable"
    needs_somebody = outcome.kind == "refused"
    turn.went_wrong(
        _seen_again(turn, outcome.reason, outcome.retry_after, is_away=is_away, needs_somebody=needs_somebody)
    )
    return ""


def _seen_again(turn: Turn, reason: str, wait: timedelta | None, *, is_away: bool, needs_somebody: bool) -> Refused:
    """A message is refused in words; whether the channel is archived or gone is asked."""
    said = Refused(word="", reason=reason, wait=wait, needs_somebody=needs_somebody, is_away=is_away)
    if is_away or wait is not None:
        return said
    found = slack_rooms.look(turn.id, turn.settings)
    if isinstance(found, Refused):
        return found if found.word in (ARCHIVED, GONE) else said
    return Refused(word=ARCHIVED, reason=reason) if found.is_archived else said


def pin(turn: Turn) -> None:
    """Where everybody finds it; once more where somebody removed it and it was posted anew."""
    ts = turn.channel.headline_ts
    if ts is None or ts == turn.channel.pinned_ts:
        return
    found = slack_rooms.pin(turn.id, ts, turn.settings)
    if not turn.went_wrong(found):
        turn.keep(pinned_ts=ts)


def _key(turn: Turn) -> str:
    return f"incident-channel/{turn.channel.id}/headline"


def _print_of(payload: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()


# ---- who is in it ----


def people(turn: Turn) -> None:
    """Each is invited once: whoever leaves is not fetched back. Of a restricted incident's who is named no more is put out."""
    invited: dict[str, Any] = {**turn.channel.invited}
    fresh = [user for user in turn.plan.people if user not in invited]
    if fresh:
        found = slack_room_people.invite(turn.id, fresh, turn.settings)
        if not turn.went_wrong(found) and not isinstance(found, Refused):
            invited |= found
            turn.keep(invited=invited)
    for user in [user for user in invited if turn.plan.is_closed_circle and user not in turn.plan.people]:
        if not turn.went_wrong(slack_room_people.put_out(turn.id, user, turn.settings)):
            invited = {other: said for other, said in invited.items() if other != user}
            turn.keep(invited=invited)


# ---- bookmarks ----


def bookmarks(turn: Turn) -> None:
    """What stands there already is taken over: whoever added it may have died before saying so."""
    kept: dict[str, Any] = {**turn.channel.bookmarks}
    if {title: each["link"] for title, each in kept.items()} == turn.plan.bookmarks:
        return
    there = slack_rooms.bookmarks(turn.id, turn.settings)
    if not _is_forbidden(there) and turn.went_wrong(there):
        return
    if isinstance(there, Refused):
        there = {title: (each["id"], each["link"]) for title, each in kept.items()}
    for title, link in turn.plan.bookmarks.items():
        if kept.get(title, {}).get("link") == link:
            continue
        found = _bookmarked(turn, title, link, there.get(title))
        if turn.went_wrong(found):
            return
        kept = {**kept, title: {"id": found, "link": link}}
        turn.keep(bookmarks=kept)
    for title in [title for title in kept if title not in turn.plan.bookmarks]:
        if turn.went_wrong(slack_rooms.remove_bookmark(turn.id, kept[title]["id"], turn.settings)):
            return
        kept = {other: each for other, each in kept.items() if other != title}
        turn.keep(bookmarks=kept)


def _bookmarked(turn: Turn, title: str, link: str, there: tuple[str, str] | None) -> str | Refused:
    """Its ID: of the one that is there already, which then leads where it should, or of a new one."""
    if there is None:
        return slack_rooms.add_bookmark(turn.id, title, link, turn.settings)
    known, leads_to = there
    refused = slack_rooms.change_bookmark(turn.id, known, link, turn.settings) if leads_to != link else None
    return refused or known


def _is_forbidden(found: object) -> bool:
    """To look is a permission of its own: without it the step goes on as if nothing were there."""
    return isinstance(found, Refused) and found.word == "missing_scope"
