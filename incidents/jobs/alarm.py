"""Warns the admins of what the self-audit found: directly, since the outbox may be what is stuck.

Of the ways out those that work come first; a fault is said when one of them has taken it, and tried again until then.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence
from typing import Literal

import structlog
from flask import current_app
from sqlalchemy import select

from .. import channels
from ..channels import Message, Outcome
from ..kernel import findings, outbox
from ..kernel.database import db, reading
from ..kernel.findings import Kept
from ..kernel.settings import Settings
from ..kernel.team_destinations import team_destinations
from ..messages import about_the_watch
from ..messages.letters import Letter
from ..messages.payloads import dedup_key, follow, payload_for
from ..records.people import Person, Role
from . import holding
from .facts import team_facts
from .refusals import Refusal

log = structlog.get_logger(__name__)


def warn() -> None:
    """Say what stands and was not said, and what was said and is over."""
    with reading():
        db.session.rollback()
        standing, over = findings.standing(), findings.over()
        fresh = [kept for kept in standing if kept.warned_at is None]
        admins = _admins() if fresh or over else []
        db.session.rollback()
    failing = {kept.fault.channel for kept in (*standing, *over) if kept.fault.channel}
    for kept in fresh:
        if _say(kept, "found", failing, admins):
            findings.note_warned(kept)
            _commit()
    for kept in over:
        if kept.warned_at is None or _say(kept, "over", failing, admins):
            findings.forget(kept)
            _commit()


def _commit() -> None:
    holding.confirm()
    db.session.commit()


def _say(kept: Kept, what: Literal["found", "over"], failing: Collection[str], admins: Sequence[str]) -> bool:
    """Whether somebody could be told, by the first way that takes it."""
    letter = _letter(kept, what)
    for channel, messages in _ways(letter, f"{kept.fault.key}/{kept.found_at.isoformat()}/{what}", failing, admins):
        outcomes = [_sent(message) for message in messages]
        taken = sum(outcome.kind == "sent" for outcome in outcomes)
        causes = sorted({outcome.reason for outcome in outcomes if outcome.reason})
        log.warning("watch_warned", finding=kept.fault.key, what=what, channel=channel, taken=taken, causes=causes)
        if taken:
            return True
    log.error("watch_could_warn_nobody", finding=kept.fault.key, what=what)
    return False


def _letter(kept: Kept, what: Literal["found", "over"]) -> Letter:
    settings: Settings = current_app.extensions["sevenbells.settings"]
    since, address = f"{kept.found_at:%H:%M} UTC", f"{settings.base_url}/console/"
    thread = f"watch/{kept.fault.key}/{kept.found_at:%Y%m%dT%H%M%S}"
    if what == "over":
        return about_the_watch.over(kept.fault.sentence, since=since, address=address, thread=thread)
    return about_the_watch.fault(kept.fault.sentence, kept.fault.advice, since=since, address=address, thread=thread)


def _ways(
    letter: Letter, event: str, failing: Collection[str], admins: Sequence[str]
) -> Iterator[tuple[str, list[Message]]]:
    """Each way out with what is to be sent, those that are not failing first; the same keys each time it is tried."""
    settings: Settings = current_app.extensions["sevenbells.settings"]
    ways = {"email": [_by_mail(letter, event, address) for address in admins]}
    for channel, places in team_destinations(settings).items():
        ways[channel] = [message for place in places if (message := _to_the_team(letter, event, channel, place))]
    for channel in sorted(ways, key=lambda channel: channel in failing):
        if ways[channel] and channels.why_closed(channel, settings) is None:
            yield channel, ways[channel]


def _by_mail(letter: Letter, event: str, address: str) -> Message:
    return Message(_key(event, address), "email", address, letter.payload(address))


def _to_the_team(letter: Letter, event: str, channel: str, place: str) -> Message | None:
    """What the environment names: Slack's channel, PagerDuty, Apprise. PagerDuty's alert ends when the fault does."""
    settings: Settings = current_app.extensions["sevenbells.settings"]
    facts = team_facts(channel, place, settings)
    if isinstance(facts, Refusal):
        return None
    payload = payload_for(channel, letter, to=place, purpose=outbox.PAGE)
    if channel == "pagerduty" and event.endswith("/over"):
        payload = follow("resolve", dedup_key(letter.thread))
    return Message(_key(event, f"{channel} {place}"), channel, place, payload, facts)


def _key(event: str, destination: str) -> str:
    return hashlib.sha256(f"{event} {destination}".encode()).hexdigest()[:32]


def _sent(message: Message) -> Outcome:
    settings: Settings = current_app.extensions["sevenbells.settings"]
    try:
        return channels.send(message, settings)
    except Exception as broken:  # the next way must be tried
        log.exception("warning_broke", channel=message.channel)
        return Outcome("failed", f"Sending broke: {type(broken).__name__}")


def _admins() -> list[str]:
    wanted = select(Person.email).where(Person.role == Role.ADMIN, Person.disabled_at.is_(None))
    return list(db.session.scalars(wanted.order_by(Person.id)))
