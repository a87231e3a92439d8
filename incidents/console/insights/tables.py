"""The tables behind the charts: one description of each for the page, for CSV and for JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from ...policy.insights import Share
from ...policy.lifecycle import Step
from ...policy.periods import Period
from ...policy.severity import Severity
from ...reports.insights import Calls, Group, Insights, When
from ...reports.insights.facts import Fact
from ...reports.insights.learning import FollowUp

Kind = Literal["text", "severity", "number", "length", "share"]
LENGTHS: Mapping[str, str] = {
    "detect": "Detect",
    "acknowledge": "Acknowledge",
    "communicate": "First communicate",
    "mitigate": "Mitigate",
    "resolve": "Resolve",
}
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True)
class Column:
    """``key`` is its name for programs; a length is in seconds, None where there is none."""

    key: str
    heading: str
    kind: Kind = "number"


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows of cells in the order of the columns."""

    name: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]]

    def as_csv(self) -> list[list[str]]:
        """The heads and the rows as text; of a share both numbers, in two columns."""
        heads: list[str] = []
        for column in self.columns:
            seconds = " (seconds)" if column.kind == "length" else ""
            heads += [column.heading + seconds] + ([f"{column.heading}, of"] if column.kind == "share" else [])
        return [heads, *([text for cell in row for text in _texts(cell)] for row in self.rows)]

    def as_json(self) -> list[dict[str, Any]]:
        """One object a row."""
        keys = [column.key for column in self.columns]
        return [dict(zip(keys, map(_value, row), strict=True)) for row in self.rows]


def _texts(cell: Any) -> list[str]:
    if isinstance(cell, Share):
        return [str(cell.met), str(cell.of)]
    return ["" if cell is None else str(cell)]


def _value(cell: Any) -> Any:
    return {"met": cell.met, "of": cell.of} if isinstance(cell, Share) else cell


def severities(found: Insights) -> Table:
    """What DESIGN §6.10 calls the source of the charts: one row a severity."""
    return Table(
        name="severities",
        title="By severity",
        columns=[
            Column("severity", "Severity", "severity"),
            Column("incidents", "Incidents"),
            Column("acknowledge_median", "Median to acknowledge", "length"),
            Column("mitigate_median", "Median to mitigate", "length"),
            Column("resolve_median", "Median to resolve", "length"),
            Column("answered", "Answered in time", "share"),
            Column("resolved", "Resolved in time", "share"),
            Column("updates", "Updates on time", "share"),
            Column("postmortems", "Post-mortem done", "share"),
        ],
        rows=[_of_severity(severity, found.by_severity[severity]) for severity in Severity],
    )


def _of_severity(severity: str, group: Group) -> list[Any]:
    medians = [group.lengths[name].spread.median for name in ("acknowledge", "mitigate", "resolve")]
    return [str(severity), group.n, *medians, group.answered, group.resolved, group.updates, group.postmortems]


def lengths(found: Insights, before: Insights) -> Table:
    """The five lengths with n, and what could not be measured."""
    rows = []
    for name, label in LENGTHS.items():
        now, then = found.everything.lengths[name], before.everything.lengths[name]
        spread, counts = now.spread, (now.pending, now.not_applicable, now.invalid)
        rows.append([label, spread.n, spread.median, spread.p90, then.spread.n, then.spread.median, *counts])
    return Table(
        name="lengths",
        title="How long it took",
        columns=[
            Column("time_to", "Time to", "text"),
            Column("n", "n"),
            Column("median", "Median", "length"),
            Column("p90", "90th percentile", "length"),
            Column("before_n", "n before"),
            Column("before_median", "Median before", "length"),
            Column("pending", "Pending"),
            Column("not_applicable", "Not applicable"),
            Column("invalid", "Invalid"),
        ],
        rows=rows,
    )


def steps(found: Insights) -> Table:
    """How long incidents stayed at each step."""
    return Table(
        name="steps",
        title="Time at each step",
        columns=[
            Column("step", "Step", "text"),
            Column("n", "n"),
            Column("median", "Median", "length"),
            Column("p90", "90th percentile", "length"),
        ],
        rows=[[Step(step).label, spread.n, spread.median, spread.p90] for step, spread in found.steps.items()],
    )


def over_time(when: When, period: Period) -> Table:
    """How many began in each week or month, by severity."""
    each = "Week of" if period.is_in_weeks else "Month of"
    return Table(
        name="weeks" if period.is_in_weeks else "months",
        title="Incidents per week" if period.is_in_weeks else "Incidents per month",
        columns=[
            Column("begins", each, "text"),
            *(Column(severity.lower(), severity) for severity in Severity),
            Column("incidents", "Incidents"),
        ],
        rows=[
            [part.isoformat(), *(counts[severity] for severity in Severity), sum(counts.values())]
            for part, counts in when.parts.items()
        ],
    )


def counted(name: str, title: str, heading: str, rows: Sequence[tuple[str, int]]) -> Table:
    """How many incidents had each of something."""
    return Table(
        name=name,
        title=title,
        columns=[Column(heading.lower(), heading, "text"), Column("incidents", "Incidents")],
        rows=[list(row) for row in rows],
    )


@dataclass(frozen=True)
class Burden:
    """What on call asked of one person: seconds on call and at night, and calls."""

    name: str
    on_call: int
    on_call_at_night: int
    calls: Calls


def load(burdens: Sequence[Burden]) -> Table:
    """By person, in the order of their names: it says who needs relief, and ranks nobody."""
    return Table(
        name="load",
        title="On-call load",
        columns=[
            Column("person", "Person", "text"),
            Column("on_call", "On call", "length"),
            Column("on_call_at_night", "Of it at night", "length"),
            Column("calls", "Called"),
            Column("calls_at_night", "At night"),
            Column("calls_by_false_alarms", "By false alarms"),
        ],
        rows=[
            [
                each.name,
                each.on_call,
                each.on_call_at_night,
                each.calls.times,
                each.calls.at_night,
                each.calls.by_false_alarms,
            ]
            for each in burdens
        ],
    )


def follow_up(found: Sequence[FollowUp], words: Mapping[str, str]) -> Table:
    """Action items of the incidents counted, by kind."""
    return Table(
        name="action-items",
        title="Action items",
        columns=[
            Column("kind", "Kind", "text"),
            Column("open", "Open"),
            Column("late", "Late"),
            Column("done", "Done"),
        ],
        rows=[[words[each.kind], each.undone, each.late, each.done] for each in found],
    )


def incidents(facts: Sequence[Fact], titles: Mapping[int, str], causes: Mapping[str, str]) -> Table:
    """Every incident that is counted, with its times in UTC and its five lengths; empty where they are not recorded."""
    return Table(
        name="incidents",
        title="Incidents",
        columns=[
            Column("ref", "Incident", "text"),
            Column("title", "Title", "text"),
            Column("severity", "Severity", "severity"),
            Column("cause", "Cause", "text"),
            Column("detected_at", "Detected (UTC)", "text"),
            *(Column(name, label, "length") for name, label in LENGTHS.items()),
        ],
        rows=[
            [
                f"INC-{fact.id}",
                titles.get(fact.id, ""),
                fact.severity,
                causes.get(fact.cause or "", fact.cause),
                f"{fact.detected_at.astimezone(UTC) if fact.detected_at.tzinfo else fact.detected_at:%Y-%m-%d %H:%M:%S}",
                *_lengths_of(fact),
            ]
            for fact in facts
        ],
    )


def _lengths_of(fact: Fact) -> list[int | None]:
    began = fact.detected_at
    return [
        _seconds(fact.impact_started_at, began),
        None if fact.pages_nobody else _seconds(began, fact.acknowledged_at),
        _seconds(began, fact.first_communicated_at),
        _seconds(began, fact.first_fix_at or fact.mitigated_at),
        _seconds(began, fact.resolved_at),
    ]


def _seconds(start: datetime | None, end: datetime | None) -> int | None:
    return int((end - start).total_seconds()) if start is not None and end is not None and end >= start else None
