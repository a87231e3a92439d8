"""Figures over incidents: how long they took, and what was kept, in seconds and by the names of durations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..access import Scope, viewer
from ..access.visibility import visible_to
from ..kernel import csv_text
from ..kernel.errors import Malformed
from ..policy.insights import Share, Spread
from ..policy.severity import Severity
from ..policy.tags import LONGEST, clean
from ..reports import insights
from ..reports.insights import Group, Insights, Measured, Selection
from . import shapes
from .fields import choice, choices, moment, text
from .operations import Given, Thing, operation, prefers
from .shapes import MAYBE_NUMBER, NUMBER

CSV = "text/csv"
_NAMES = ("detect", "acknowledge", "communicate", "mitigate", "resolve")
_SHARES = {"answered_in_time": "answered", "resolved_in_time": "resolved", "updates_on_time": "updates"}
QUERY = {
    "since": moment(),
    "until": moment(),
    "severity": choices(Severity),
    "component": text(12),
    "cause": text(40),
    "tag": text(LONGEST),
    "format": choice(["json", "csv"]),
}

_SPREAD = shapes.record(
    n=NUMBER, median=MAYBE_NUMBER, p90=MAYBE_NUMBER, pending=NUMBER, not_applicable=NUMBER, invalid=NUMBER
)
_SHARE = shapes.record(met=NUMBER, of=NUMBER)
_GROUP = {
    "incidents": NUMBER,
    **dict.fromkeys(_NAMES, _SPREAD),
    **dict.fromkeys(_SHARES, _SHARE),
}
shapes.named(
    "Insights",
    shapes.record(
        **_GROUP,
        by_severity=shapes.record(**dict.fromkeys(Severity, shapes.record(**_GROUP))),
        steps=shapes.by_name(shapes.record(n=NUMBER, median=MAYBE_NUMBER, p90=MAYBE_NUMBER)),
        left_out=shapes.record(drills=NUMBER, false_alarms=NUMBER, merged=NUMBER),
    ),
)


@operation(
    "GET",
    "/insights",
    scope=Scope.READ,
    summary=(
        "How long incidents took, in seconds, and what was kept in time: over those detected from since to before until "
        "that the token may see. Median and p90 are by nearest rank; drills, false alarms and merged incidents are left "
        "out. CSV by format=csv or by Accept."
    ),
    gives="Insights",
    query=QUERY,
    also=CSV,
)
def show_insights(given: Given) -> Thing | str:
    since, until = given.get("since"), given.get("until")
    if since is not None and until is not None and until <= since:
        raise Malformed({"until": "Give a time after since."})
    found = insights.count(
        Selection(
            visible=visible_to(viewer()),
            since=since,
            until=until,
            severities=given.get("severity", []),
            component=given.get("component", ""),
            cause=given.get("cause", ""),
            tag=clean(given.get("tag", "")),
        )
    )
    wants_csv = given["format"] == "csv" if "format" in given else prefers(CSV)
    return csv_text.written(_rows(found)) if wants_csv else _shape(found)


def _shape(found: Insights) -> Thing:
    return {
        **_group(found.everything),
        "by_severity": {severity: _group(group) for severity, group in found.by_severity.items()},
        "steps": {str(step): _spread(spread) for step, spread in found.steps.items()},
        "left_out": {
            "drills": found.left_out.drills,
            "false_alarms": found.left_out.false_alarms,
            "merged": found.left_out.merged,
        },
    }


def _group(group: Group) -> dict[str, Any]:
    return {
        "incidents": group.n,
        **{name: _measured(group.lengths[name]) for name in _NAMES},
        **{name: _share(share) for name, share in _shares(group).items()},
    }


def _shares(group: Group) -> Mapping[str, Share]:
    return {name: getattr(group, kept) for name, kept in _SHARES.items()}


def _measured(found: Measured) -> dict[str, int | None]:
    return {
        **_spread(found.spread),
        "pending": found.pending,
        "not_applicable": found.not_applicable,
        "invalid": found.invalid,
    }


def _spread(spread: Spread) -> dict[str, int | None]:
    return {"n": spread.n, "median": spread.median, "p90": spread.p90}


def _share(share: Share) -> dict[str, int]:
    return {"met": share.met, "of": share.of}


def _rows(found: Insights) -> Iterator[list[str]]:
    """One row a length, over all and by severity."""
    yield ["severity", "measure", "n", "median", "p90", "pending", "not_applicable", "invalid"]
    for severity, group in {"": found.everything, **found.by_severity}.items():
        for name in _NAMES:
            told = _measured(group.lengths[name]).values()
            yield [severity, name, *("" if value is None else str(value) for value in told)]
