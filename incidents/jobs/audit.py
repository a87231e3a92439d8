"""The self-audit: is anything late that should have happened? Asked each minute, and by /health/ready."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import structlog
from flask import Flask, current_app
from sqlalchemy import func, select

from ..actions import watch
from ..kernel import beats, clock, findings, health, leases, outbox, signing
from ..kernel.database import db, reading
from ..kernel.findings import Fault
from ..kernel.health import Finding
from ..kernel.outbox import OutboxMessage
from ..kernel.settings import Settings
from ..policy.lifecycle import Visibility
from ..published import mirrors
from ..records.incidents import Incident
from . import bells, holding, subscribers

_LATE = timedelta(minutes=2)
_DEAD_LEASE = timedelta(minutes=1)
_APART = timedelta(minutes=1)  # times that differ by less do no harm that anybody notices
_OFTEN = 3  # a chore that failed so often in a row does not get well by itself
_MISSED_FOR = timedelta(hours=1)  # a clock that was silent for longer was taken away
_SAMPLE = 50  # open incidents without a timer looked at in one audit; the next one looks at others
_LOOK = "Look at the log of `sevenbells clock`, and start it again."
_NAMES = {
    "email": "e-mail",
    "slack": "Slack message",
    "webhook": "webhook",
    "pagerduty": "PagerDuty event",
    "tracker": "issue",
}

log = structlog.get_logger(__name__)


def init_app(app: Flask) -> None:
    """Let /health/ready ask too."""
    health.register(app, "audit:findings", check)


def check() -> Finding:
    """What is wrong now, and what the last audit found, for /health/ready."""
    faults = {fault.key: fault for fault in (*_quick(), *_from_the_last())}
    if not faults:
        return Finding("pass", observed=0)
    is_serious = any(fault.is_serious for fault in faults.values())
    said = "; ".join(fault.for_anybody for fault in faults.values())
    return Finding("fail" if is_serious else "warn", said, len(faults))


def audit() -> list[Fault]:
    """Look, log what is found and keep it for everybody to see; run by one clock each minute. It commits."""
    with reading():
        db.session.rollback()
        faults = [*_quick(), *_missing_clocks(), *_set_back()]
        untimed = _without_timer()
        db.session.rollback()
    if untimed:
        faults.append(_no_timer(untimed))
        watch.look_at_once(untimed)
    holding.confirm()
    findings.keep(faults)
    db.session.commit()
    for fault in faults:
        log.error("audit", finding=fault.sentence)
    return faults


def _quick() -> Iterator[Fault]:
    """What can be asked at any time: a handful of queries, however many incidents there are."""
    yield from _late_messages()
    yield from _late_notices()
    yield from _dead_leases()
    yield from _late_bell()
    yield from _forsaken_chores()
    yield from _failing_chores()
    yield from _old_mirror()
    yield from _no_socket()
    yield from _other_keys()
    yield from _other_times()


def _from_the_last() -> Iterator[Fault]:
    """What only the audit looks for; and that there has been none for a while, though a clock is alive."""
    for kept in findings.standing():
        if kept.fault.key.startswith(("timer", "clock", "set_back")):
            yield kept.fault
    beat = beats.latest()
    if findings.is_stale() and beat is not None and beat.is_well:
        yield Fault("audit", "nobody checks that the clock does its work", _LOOK)


def _late_messages() -> Iterator[Fault]:
    if outbox.paused() is not None:
        return  # the operator holds them back, and /health/ready says so
    late = (outbox.is_waiting(OutboxMessage), OutboxMessage.next_attempt_at < clock.now() - _LATE)
    counted = select(OutboxMessage.channel, func.count(), func.min(OutboxMessage.next_attempt_at))
    for channel, count, oldest in db.session.execute(counted.where(*late).group_by(OutboxMessage.channel)).all():
        name = _NAMES.get(channel, f"{channel} message")
        minutes = _minutes(clock.now() - oldest)
        amount = (
            f"1 {name} is {minutes} min late" if count == 1 else f"{count} {name}s are late, the oldest {minutes} min"
        )
        reason = db.session.scalar(
            select(OutboxMessage.reason)
            .where(OutboxMessage.channel == channel, *late, OutboxMessage.reason.is_not(None))
            .order_by(OutboxMessage.last_attempt_at.desc())
            .limit(1)
        )
        because = f" (the last failure: {reason})" if reason else ""
        yield Fault(f"late:{channel}", amount + because, _LOOK, channel)


def _late_notices() -> Iterator[Fault]:
    due_at = subscribers.next_due_at()
    if due_at is not None and due_at < clock.now() - _LATE:
        minutes = _minutes(clock.now() - due_at)
        yield Fault("notices", f"subscribers should have been told {minutes} min ago", _LOOK)


def _dead_leases() -> Iterator[Fault]:
    ended = OutboxMessage.leased_until < clock.now() - _DEAD_LEASE
    count = db.session.scalar(select(func.count()).where(OutboxMessage.leased_by.is_not(None), ended))
    if count:
        words = "1 message was" if count == 1 else f"{count} messages were"
        yield Fault("senders", f"{words} taken by a sender that is gone", _LOOK)


def _late_bell() -> Iterator[Fault]:
    due_at = bells.next_bell_at()
    if due_at is not None and due_at < clock.now() - _LATE:
        minutes = _minutes(clock.now() - due_at)
        advice = f"Look after your open incidents yourself until it rings again. {_LOOK}"
        yield Fault("bell", f"a reminder is {minutes} min late", advice)


def _forsaken_chores() -> Iterator[Fault]:
    for name in leases.forsaken(_DEAD_LEASE):
        yield Fault(f"lease:{name}", f"no clock has taken up the {name}", _LOOK)


def _failing_chores() -> Iterator[Fault]:
    for row in findings.failing_chores(_OFTEN):
        if row.chore == findings.SLACK_SOCKET:
            continue
        name = row.chore.replace("_", " ")
        said = f"“{name}” has failed {row.failures} times in a row ({row.reason})"
        yield Fault(f"chore:{row.chore}", said, "Look at the log of `sevenbells clock` for the cause.")


def _old_mirror() -> Iterator[Fault]:
    """The page is there, but nobody could take its place."""
    settings: Settings = current_app.extensions["sevenbells.settings"]
    row = mirrors.mirror(settings.mirror_to) if settings.mirror_to else None
    if row is None or row.failing_since is None or clock.now() - row.failing_since < _LATE:
        return
    minutes = _minutes(clock.now() - (row.renewed_at or row.failing_since))
    said = f"the mirror of the status page is {minutes} min old ({row.reason})"
    yield Fault("mirror", said, "Look with `sevenbells doctor` at what MIRROR_TO names.", is_serious=False)


def _no_socket() -> Iterator[Fault]:
    """What is written in Slack does not come to us; what we write arrives there."""
    settings: Settings = current_app.extensions["sevenbells.settings"]
    row = findings.trouble(findings.SLACK_SOCKET) if settings.slack_app_token else None
    if row is not None and clock.now() - row.failing_since >= _LATE:
        minutes = _minutes(clock.now() - row.failing_since)
        said = f"nothing has come from Slack for {minutes} min: its socket does not open ({row.reason})"
        advice = "Look with `sevenbells doctor` at SLACK_APP_TOKEN, and take it out where Slack comes over HTTP."
        yield Fault("slack_socket", said, advice, is_serious=False)


def _other_keys() -> Iterator[Fault]:
    """Each does its work; what one of them signed the others refuse."""
    found = signing.odd_ones()
    if found is not None:
        odd, usual = found
        said = f"{signing.names(odd)} {'sign' if len(odd) > 1 else 'signs'} with another SECRET_KEY than {usual.name}"
        if usual.name in [signer.name for signer in odd]:
            said = f"two of {usual.name} sign with different SECRET_KEYs"
        advice = (
            "Give all of them the same one and start them again: until then links in messages, sign-ins and forms of one "
            "are refused by the other."
        )
        yield Fault("signing", said, advice, is_serious=False)


def _other_times() -> Iterator[Fault]:
    """What a machine writes whose time is ahead is due by that time, and so rings late here."""
    for machine, ahead in sorted(signing.times_ahead(_APART).items()):
        said = f"the time on {machine} is {_minutes(ahead)} min ahead of that on {signing.this_machine()}"
        advice = "Set the time right on both, and let NTP keep it: what is declared on the one rings late on the other."
        yield Fault(f"time:{machine}", said, advice)


def _set_back() -> Iterator[Fault]:
    """Only the audit that comes first knows it; nothing rings twice for it, and nothing is left out."""
    last = findings.last_audit_at()
    if last is not None and last > clock.now() + _APART:
        said = f"the time was set back by {_minutes(last - clock.now())} min"
        advice = (
            "Nothing rings twice for that. What was written before seems to come from the future; people sign in anew."
        )
        yield Fault("set_back", said, advice, is_serious=False)


def _missing_clocks() -> Iterator[Fault]:
    for row in beats.missing():
        silent = clock.now() - row.tick_ended_at
        if silent <= _MISSED_FOR:
            said = (
                f"the clock on {row.machine} has been silent for {max(1, _minutes(silent))} min, and others do its work"
            )
            yield Fault(f"clock:{row.machine}", said, "Start it again on that machine.", is_serious=False)


def _without_timer() -> list[int]:
    """Open incidents at which the clock should look at some time, and never will; of a part of them at a time."""
    none = (Incident.outcome.is_(None), Incident.attention_at.is_(None))
    count = db.session.scalar(select(func.count()).where(*none)) or 0
    if not count:
        return []
    turn = int(clock.now().timestamp()) // 60 * _SAMPLE % count
    some = select(Incident).where(*none).order_by(Incident.id).offset(turn).limit(_SAMPLE)
    with db.session.no_autoflush:
        return [incident.id for incident in watch.untimed(db.session.scalars(some).all())]


def _no_timer(ids: list[int]) -> Fault:
    """Everybody reads it, so a restricted incident is counted and not named."""
    known = select(Incident.id).where(Incident.id.in_(ids), Incident.visibility != Visibility.RESTRICTED)
    refs = [f"INC-{each}" for each in db.session.scalars(known.order_by(Incident.id))]
    hidden = len(ids) - len(refs)
    names = [*refs, *([f"{hidden} restricted incident{'s' if hidden > 1 else ''}"] if hidden else [])]
    advice = "The clock looks at it now; post an update, and tell us how it came to be."
    return Fault("timer", f"nothing would have rung for {', '.join(names)}, which is open", advice)


def _minutes(span: timedelta) -> int:
    return int(span.total_seconds() // 60)
