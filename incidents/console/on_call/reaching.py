"""How one is reached: one's addresses in the order in which they are used for what is urgent, and whether each was tested."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from ...actions import address_values
from ...actions.address_values import KINDS
from ...kernel import outbox
from ...kernel.outbox import OutboxMessage
from ...policy.durations import duration
from ...records.addresses import HIGH
from ...records.people import Person
from ...reports import ways as reported
from ...reports.ways import Way, Ways
from ..formats import ago

_ICONS = {"email": "mail", "slack": "chat", "pagerduty": "bolt", "webhook": "globe", "apprise": "phone"}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One address: what it is and when it is used, where it leads, and what the last test said (``kind`` is its tag's)."""

    icon: str
    word: str
    where: str
    tested: str
    kind: str
    why_not: str


def lines(person: Person) -> list[Line]:
    """What is used for a P1 or P2, the soonest first."""
    chosen = sorted(Ways([person]).chosen_by(person, HIGH), key=lambda way: way.after)
    tests = reported.last_tests(person, chosen)
    return [_line(way, tests.get(reported.test_event(person, way) or "")) for way in chosen]


def _line(way: Way, test: OutboxMessage | None) -> Line:
    tested, kind = _tested(test)
    return Line(
        icon=_ICONS[way.channel],
        word=KINDS[way.channel] + (f" after {duration(way.after)}" if way.after > timedelta(0) else ""),
        where=way.address.label if way.address else address_values.masked(way.channel, way.value),
        tested=tested,
        kind=kind,
        why_not=way.why_not,
    )


def _tested(test: OutboxMessage | None) -> tuple[str, str]:
    if test is None:
        return "Not tested", "warn"
    if test.state == outbox.SENT:
        return f"Tested {ago(test.sent_at)}", "good"
    return ("Test on its way", "warn") if test.state == outbox.WAITING else ("Test failed", "bad")
