"""Who is paged and when: the escalation policy of each severity with the names that it means at this moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from ...actions import matrix, oncall
from ...kernel import clock
from ...policy.durations import duration
from ...policy.escalation import ANY_RESPONDER, ON_CALL, RESPONDERS, Level
from ...policy.severity import Severity
from . import known

_SHOWN = 3  # columns of levels; what comes later is counted
_MOST_NAMES = 3
_UNPROMISED = dict.fromkeys(Severity, "When it changes") | {Severity.P4: "Not required"}


@dataclass(frozen=True, kw_only=True)
class Step:
    """One level in two lines: whom and when, and who that is now. ``reaches``: whether it is anybody."""

    title: str
    names: str
    reaches: bool


@dataclass(frozen=True, kw_only=True)
class Paged:
    """One row of the table. A step that is None: nobody further."""

    severity: str
    respond: str
    steps: Sequence[Step | None]
    more: int
    update: str


def table() -> list[Paged]:
    """The four severities, the most severe first."""
    return [_row(severity) for severity in Severity]


def _row(severity: Severity) -> Paged:
    rule, levels = matrix.matrix_now()[severity], matrix.levels_now(severity)
    steps: list[Step | None] = [_step(level, is_last=level is levels[-1]) for level in levels[:_SHOWN]]
    return Paged(
        severity=severity,
        respond=duration(rule.respond_within),
        steps=[*steps, *[None] * (_SHOWN - len(steps))],
        more=max(0, len(levels) - _SHOWN),
        update=f"Every {duration(rule.cadence)}" if rule.cadence else _UNPROMISED[severity],
    )


def _step(level: Level, *, is_last: bool) -> Step:
    label = level.label or ", ".join(known.called(word) for word in level.tell)
    at_once = level.after == timedelta(0)
    names = list(dict.fromkeys(name for word in level.tell for name in _names(word)))
    whom = _joined(names) if names else "Nobody now" if is_last else "Nobody now, so the next is told at once"
    return Step(
        title=label if at_once else f"{label} at {duration(level.after)}",
        names=f"{whom}, at once" if at_once and names else whom,
        reaches=bool(names),
    )


def _joined(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _names(word: str) -> list[str]:
    people = oncall.people_at(word, clock.now())
    if word in (ON_CALL, f"role:{oncall.ON_CALL_ENGINEER}") and not oncall.words_of_role(oncall.ON_CALL_ENGINEER):
        return ["Whoever declares it"]  # as long as nobody was ever assigned
    if word == RESPONDERS:
        return [f"All {len(people)} responders" if len(people) != 1 else people[0].name] if people else []
    if word == ANY_RESPONDER:
        return [f"{person.name}, whose turn it is" for person in people]
    return [person.name for person in people]
