"""What the address of insights asks for: a period, and which incidents of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from werkzeug.datastructures import MultiDict

from ...access.visibility import visible_to
from ...kernel import clock
from ...policy import periods, tags, zones
from ...policy.periods import Period
from ...policy.severity import Severity
from ...published.page_settings import page_settings
from ...records.people import Person
from ...reports.insights import Selection

# a quarter is thirteen whole weeks
PRESETS: Mapping[str, tuple[str, int]] = {"30": ("30 days", 30), "quarter": ("Quarter", 91), "year": ("Year", 365)}
_DEFAULT = "quarter"
_LONGEST = 3660  # days


@dataclass(frozen=True, kw_only=True)
class Filters:
    """``preset`` is empty where days were given; ``errors`` tells of days that cannot be, and asks for nothing then."""

    period: Period
    preset: str
    since: str
    until: str
    severity: str
    component: str
    cause: str
    tag: str
    errors: Mapping[str, str]

    @property
    def query(self) -> str:
        """The part of the address behind ``?``, without what is as it would be anyway."""
        given = {
            "period": self.preset if self.preset != _DEFAULT else "",
            "since": self.since,
            "until": self.until,
            "severity": self.severity,
            "component": self.component,
            "cause": self.cause,
            "tag": self.tag,
        }
        return urlencode({name: value for name, value in given.items() if value})

    @property
    def narrows(self) -> bool:
        """Whether it asks for some of the incidents only."""
        return bool(self.severity or self.component or self.cause or self.tag)

    def with_preset(self, preset: str) -> str:
        """The address's part for another period and the same incidents."""
        return replace(self, preset=preset, since="", until="").query

    def selection(self, viewer: Person, period: Period) -> Selection:
        """These incidents in a period, as far as somebody may see them."""
        return Selection(
            visible=visible_to(viewer),
            since=period.since,
            until=period.until,
            severities=[self.severity] if self.severity else [],
            component=self.component,
            cause=self.cause,
            tag=self.tag,
        )


def read(args: MultiDict[str, str]) -> Filters:
    """What is asked; unknown words ask for nothing."""
    zone = ZoneInfo(page_settings().zone)
    errors: dict[str, str] = {}
    since, until = _day("since", args, errors), _day("until", args, errors)
    if since and until and until < since:
        errors["until"] = "This day is before the first one."
    elif since and until and (until - since).days >= _LONGEST:
        errors["until"] = "Ask for ten years at most."
    if errors:
        since = until = None
    preset = args.get("period", _DEFAULT)
    preset = "" if since or until else preset if preset in PRESETS else _DEFAULT
    severity = args.get("severity", "")
    return Filters(
        period=_period(since, until, preset, zone),
        preset=preset,
        since=since.isoformat() if since else "",
        until=until.isoformat() if until else "",
        severity=severity if severity in [*Severity] else "",
        component=args.get("component", "").replace("\x00", "")[:12],
        cause=args.get("cause", "").replace("\x00", "")[:40],
        tag=tags.clean(args.get("tag", "").replace("\x00", ""))[: tags.LONGEST],
        errors=errors,
    )


def _period(since: date | None, until: date | None, preset: str, zone: ZoneInfo) -> Period:
    """Up to today where no last day is given; a last day alone ends a quarter."""
    today = zones.local_day(clock.now(), zone)
    last = until or max(today, since or today)
    if since is not None:
        return Period(max(since, last - timedelta(days=_LONGEST)), last, zone)
    return periods.ending(last, days=PRESETS[preset or _DEFAULT][1], zone=zone)


def _day(name: str, args: MultiDict[str, str], errors: dict[str, str]) -> date | None:
    given = args.get(name, "").strip()
    if not given:
        return None
    try:
        day = date.fromisoformat(given)
    except ValueError:
        errors[name] = "Give a day, such as 2026-11-23."
        return None
    if not periods.EARLIEST <= day <= clock.now().date() + timedelta(days=366):
        errors[name] = f"Give a day between {periods.EARLIEST.year} and next year."
        return None
    return day
