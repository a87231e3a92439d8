"""Calling people in and holding a reminder back: escalations and snoozes."""

from __future__ import annotations

from .. import actions
from ..access import Scope, actor
from ..kernel import clock
from ..policy.cadence import SNOOZE_MINUTES
from ..policy.escalation import Trigger
from . import loading, shapes
from .fields import Body, Field, Unfit, choice, clearable, text
from .operations import Given, Thing, operation
from .shapes import MAYBE_TEXT, MAYBE_TIME, NUMBER, TEXT, TIME, maybe_stamp, stamp

_LINE = 500

shapes.named(
    "Snooze",
    shapes.record(incident=TEXT, minutes=NUMBER, reason=TEXT, until=MAYBE_TIME, next_update_due_at=MAYBE_TIME, by=TEXT),
)
shapes.named(
    "Escalation",
    shapes.record(
        incident=TEXT, reason=shapes.word(Trigger), note=MAYBE_TEXT, at=TIME, by=TEXT, told=shapes.many(shapes.PERSON)
    ),
)


def _minutes() -> Field:
    def parse(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value not in SNOOZE_MINUTES:
            raise Unfit("A snooze is 10 or 15 min.")
        return value

    return Field({"type": "integer", "enum": [*SNOOZE_MINUTES]}, parse)


@operation(
    "POST",
    "/incidents/<ref>/snoozes",
    scope=Scope.RESPOND,
    summary="Hold the reminder back. The promise stays; the third time in a row is refused.",
    gives="Snooze",
    body=Body(required={"minutes": _minutes(), "reason": text(_LINE)}, optional=loading.VERSION),
    status=201,
)
def snooze(given: Given, ref: str) -> Thing:
    incident = loading.to_change(ref, given)
    actions.snooze(incident, by=actor(), minutes=given["minutes"], reason=given["reason"])
    return {
        "incident": incident.ref,
        "minutes": given["minutes"],
        "reason": given["reason"].strip(),
        "until": maybe_stamp(incident.snoozed_until),
        "next_update_due_at": maybe_stamp(incident.next_update_due_at),
        "by": actor().name,
    }


@operation(
    "POST",
    "/incidents/<ref>/escalations",
    scope=Scope.RESPOND,
    summary="Call the next level in, for one of five reasons; after the last level, all of them.",
    gives="Escalation",
    body=Body(required={"reason": choice(Trigger)}, optional={"note": clearable(text(1000)), **loading.VERSION}),
    status=201,
)
def escalate(given: Given, ref: str) -> Thing:
    incident = loading.to_change(ref, given)
    told = actions.escalate(incident, by=actor(), reason=given["reason"], note=given.get("note"))
    return {
        "incident": incident.ref,
        "reason": given["reason"],
        "note": given.get("note"),
        "at": stamp(clock.now()),
        "by": actor().name,
        "told": [shapes.person(person.email, person.name) for person in told],
    }
