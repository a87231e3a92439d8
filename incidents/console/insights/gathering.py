"""Everything that a page of insights tells, gathered with the same few questions however many incidents there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from ...access.visibility import visible_to
from ...actions import duty
from ...actions.resolve import causes as known_causes
from ...kernel import clock
from ...kernel.database import db
from ...policy import zones
from ...policy.action_items import Kind
from ...policy.insights import GOALS, Share, Spread
from ...policy.periods import Period
from ...published.components import Component
from ...records.people import Person
from ...reports import insights
from ...reports.insights import Calls, Group, Insights, Selection, When, learning
from . import tables
from .tables import Burden, Table

_SECOND = timedelta(seconds=1)
NO_CAUSE = "Not recorded"


@dataclass(frozen=True, kw_only=True)
class Headline:
    """One of the four figures: what it is, what it was in the period before, and the goal where there is one."""

    label: str
    spread: Spread | None = None
    share: Share | None = None
    spread_before: Spread | None = None
    share_before: Share | None = None
    goal: int | None = None
    of: str = ""


@dataclass(frozen=True, kw_only=True)
class Report:
    """What was found."""

    period: Period
    found: Insights
    before: Insights
    when: When
    headlines: Sequence[Headline]
    tables: Mapping[str, Table]


# of so many of the newest the page tells the time at each step: more would take longer than all the rest together
STEPS_OF = 1000


def report(
    viewer: Person,
    period: Period,
    selection: Selection,
    before: Selection,
    *,
    of: str,
    steps_of: int | None = STEPS_OF,
) -> Report:
    """The figures of ``selection`` beside those of the period before. ``of`` names the severity, where one was asked for."""
    found, earlier = insights.count(selection, steps_of=steps_of), insights.count(before, steps_of=1)
    when = insights.when(found.facts, period)
    today = zones.local_day(clock.now(), period.zone)
    words = {"": NO_CAUSE, **known_causes()}
    caused = [(words.get(cause, cause), number) for cause, number in insights.causes(found.facts)]
    follow_up = learning.follow_up(selection, today=today)
    made = (
        tables.severities(found),
        tables.lengths(found, earlier),
        tables.steps(found),
        tables.over_time(when, period),
        tables.counted("weekdays", "By weekday", "Weekday", list(zip(tables.WEEKDAYS, when.weekdays, strict=True))),
        tables.counted("hours", "By hour", "Hour", [(f"{hour:02d}:00", n) for hour, n in enumerate(when.hours)]),
        tables.counted("components", "By component", "Component", _components(selection)),
        tables.counted("causes", "What caused them", "Cause", caused),
        tables.load(burdens(viewer, period)),
        tables.follow_up(follow_up, {kind: kind.label for kind in Kind}),
    )
    return Report(
        period=period,
        found=found,
        before=earlier,
        when=when,
        headlines=_headlines(found, earlier, of),
        tables={table.name: table for table in made},
    )


def _headlines(found: Insights, before: Insights, of: str) -> list[Headline]:
    """Times are those of P1 and P2, which call somebody; of one severity where one was asked for."""
    now, then = (each.everything if of else each.worst for each in (found, before))
    return [
        _time("Time to acknowledge", "acknowledge", now, then, of or "P1 and P2"),
        _time("Time to resolve", "resolve", now, then, of or "P1 and P2"),
        Headline(
            label="Answered in time",
            share=found.everything.answered,
            share_before=before.everything.answered,
            goal=GOALS["answered"],
        ),
        Headline(
            label="Updates on time",
            share=found.everything.updates,
            share_before=before.everything.updates,
            goal=GOALS["updates"],
        ),
    ]


def _time(label: str, name: str, now: Group, then: Group, of: str) -> Headline:
    return Headline(label=label, spread=now.lengths[name].spread, spread_before=then.lengths[name].spread, of=of)


def _components(selection: Selection) -> list[tuple[str, int]]:
    """By name; a component that was deleted since keeps its incidents, and its id."""
    rows = insights.components(selection)
    names = {row.public_id: row.name for row in db.session.execute(select(Component.public_id, Component.name))}
    return [(names.get(row.component_id, row.component_id), row.n) for row in rows]


def burdens(viewer: Person, period: Period) -> list[Burden]:
    """Whoever was on call or called, by name; the night is that of each person's zone. No filter narrows it."""
    people = db.session.execute(select(Person.id, Person.name, Person.zone)).all()
    until = min(period.until, clock.now())
    on_duty = duty.duties(since=period.since, until=until)
    called = insights.calls(
        visible_to(viewer),
        since=period.since,
        until=period.until,
        zones={row.id: ZoneInfo(row.zone) for row in people},
    )
    return [
        Burden(row.name, mine.whole // _SECOND, mine.at_night // _SECOND, called.get(row.id, Calls()))
        for row in sorted(people, key=lambda row: row.name.casefold())
        if row.id in on_duty or row.id in called
        for mine in [on_duty.get(row.id, duty.Duty())]
    ]
