"""Are we answering in time, and better or worse than before? The figures, their charts, and every table as a file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

from flask import Blueprint, json, make_response, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from werkzeug.exceptions import NotFound

from ...access import Role, may, me
from ...actions import matrix
from ...actions.resolve import causes as known_causes
from ...kernel import clock
from ...kernel.database import db
from ...policy import periods, zones
from ...policy.insights import GOALS
from ...policy.severity import SEVERITY_LABELS, Severity
from ...published.components import all_components
from ...published.page_settings import page_settings
from ...records.incidents import Incident
from ...reports import insights
from ...reports.insights import Insights
from .. import csv_files
from . import charts, filters, gathering, tables
from .filters import Filters
from .gathering import Report
from .tables import Table

bp = Blueprint("console_insights", __name__, url_prefix="/console/insights")


@bp.get("")
@may(Role.VIEWER)
def show() -> ResponseReturnValue:
    """The page, or with ``?format=csv`` or ``json`` one of its tables (``?table=``, by default one row an incident)."""
    asked = filters.read(request.args)
    wanted = request.args.get("format", "")
    if wanted in ("csv", "json"):
        return _file(asked, request.args.get("table", "incidents"), wanted)
    found = _report(asked)
    page = render_template(
        "console/insights/page.html",
        filters=asked,
        report=found,
        presets=[(name, label, asked.with_preset(name)) for name, (label, _days) in filters.PRESETS.items()],
        severities=[
            ("", "Any severity"),
            *((each.value, f"{each.value} {SEVERITY_LABELS[each]}") for each in Severity),
        ],
        components=[("", "Any component"), *((each.public_id, each.name) for each in all_components(archived=None))],
        causes=[("", "Any cause"), *known_causes().items()],
        chart=charts.over_time(found.when.parts, is_in_weeks=found.period.is_in_weeks),
        hours=charts.hours(found.when.hours),
        answers=_answers(found.found),
        bars=_bars(found),
        steps_of=gathering.STEPS_OF,
        reviews=_reviews(found.period.zone),
    )
    return make_response(page, 422 if asked.errors else 200)


@bp.get("/counting")
@may(Role.VIEWER)
def counting() -> ResponseReturnValue:
    """How these are counted."""
    return render_template(
        "console/insights/counting.html", zone=page_settings().zone, goals=GOALS, steps_of=gathering.STEPS_OF
    )


def _report(asked: Filters, *, steps_of: int | None = gathering.STEPS_OF) -> Report:
    period = asked.period
    now, before = asked.selection(me(), period), asked.selection(me(), period.before)
    return gathering.report(me(), period, now, before, of=asked.severity, steps_of=steps_of)


def _file(asked: Filters, name: str, form: str) -> ResponseReturnValue:
    if asked.errors:
        raise NotFound
    table = _incidents(asked) if name == "incidents" else _report(asked, steps_of=None).tables.get(name)
    if table is None:
        raise NotFound
    stem = f"insights-{table.name}-{asked.period.first}-{asked.period.last}"
    if form == "csv":
        return csv_files.answer(f"{stem}.csv", table.as_csv())
    told = {
        "table": table.name,
        "title": table.title,
        "since": asked.period.first.isoformat(),
        "until": asked.period.last.isoformat(),
        "zone": str(asked.period.zone),
        "rows": table.as_json(),
    }
    answer = make_response(json.dumps(told, sort_keys=False))
    answer.mimetype = "application/json"
    answer.headers["Content-Disposition"] = f'attachment; filename="{stem}.json"'
    return answer


def _incidents(asked: Filters) -> Table:
    selection = asked.selection(me(), asked.period)
    facts = insights.counted(selection)
    named = db.session.execute(select(Incident.id, Incident.title).where(*selection.counted))
    return tables.incidents(facts, {row.id: row.title for row in named}, known_causes())


def _answers(found: Insights) -> list[dict[str, object]]:
    """The median time to acknowledge of each severity beside what the matrix asks for today."""
    rows = []
    for severity, rule in matrix.matrix_now().items():
        group = found.by_severity[severity]
        spread = group.lengths["acknowledge"].spread
        within = int(rule.respond_within.total_seconds())
        share = 0.0 if spread.median is None else round(min(100.0, 100 * spread.median / within), 1)
        rows.append({"severity": severity, "spread": spread, "within": within, "width": share, "kept": group.answered})
    return rows


def _bars(found: Report) -> dict[str, Sequence[float]]:
    """How long the bars of each list are, by the table's name."""
    numbers = {name: [row[1] for row in found.tables[name].rows] for name in ("components", "causes", "weekdays")}
    return {name: charts.shares_of(each) for name, each in numbers.items()}


def _reviews(zone: ZoneInfo) -> list[tuple[str, str]]:
    """The last whole week and the last whole month, with the names that their reviews have."""
    today = zones.local_day(clock.now(), zone)
    monday, first = today - timedelta(days=today.weekday()), today.replace(day=1)
    return [
        ("Last week", periods.week_name(monday - timedelta(days=1))),
        ("Last month", periods.month_name(first - timedelta(days=1))),
    ]
