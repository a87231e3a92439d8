"""Rules of repetition (RFC 5545, 3.3.10), as far as announced work needs them: at most once a day, by the wall clock.

The days are counted here and not by a library: a rule that never comes true (30 February) has to be known as such at
once, and the usual library looks for it until the year 9999. The tests hold the two against each other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from . import zones

LONGEST_RULE = 300
HORIZON = 40  # years: nothing is planned beyond
_SEARCHED = 12  # years in which a rule has to come true once; a leap day does
_FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_PART = re.compile(r"([A-Z]+)=([A-Z0-9,+-]+)")
_DAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_UNTIL = re.compile(r"(\d{8})(?:T(\d{6})(Z)?)?")
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Rule:
    """``weekdays`` are (which one, 0 for each; Monday is 0). ``until`` is a day, or an instant with its zone, inclusive."""

    frequency: str
    interval: int = 1
    weekdays: tuple[tuple[int, int], ...] = ()
    month_days: tuple[int, ...] = ()
    months: tuple[int, ...] = ()
    positions: tuple[int, ...] = ()
    count: int | None = None
    until: date | datetime | None = None
    week_starts: int = 0


def parse(text: str) -> Rule:
    """A rule from ``FREQ=WEEKLY;BYDAY=TU``, with or without ``RRULE:``. Raises ValueError with a sentence."""
    written = text.strip().upper().removeprefix("RRULE:")
    if len(written) > LONGEST_RULE:
        raise ValueError(f"Keep the rule under {LONGEST_RULE + 1} characters.")
    parts: dict[str, str] = {}
    for each in written.strip(";").split(";"):
        found = _PART.fullmatch(each)
        if found is None or found[1] in parts:
            raise ValueError("Write the rule as in FREQ=WEEKLY;BYDAY=TU.")
        parts[found[1]] = found[2]
    frequency = parts.pop("FREQ", "")
    if frequency not in _FREQUENCIES:
        raise ValueError("Begin the rule with FREQ=DAILY, WEEKLY, MONTHLY or YEARLY.")
    rule = Rule(
        frequency=frequency,
        interval=_whole(parts.pop("INTERVAL", "1"), "INTERVAL", 1, 1000),
        weekdays=tuple(_weekday(each) for each in _listed(parts.pop("BYDAY", ""))),
        month_days=_numbers(parts.pop("BYMONTHDAY", ""), "BYMONTHDAY", 31),
        months=_numbers(parts.pop("BYMONTH", ""), "BYMONTH", 12, negative=False),
        positions=_numbers(parts.pop("BYSETPOS", ""), "BYSETPOS", 366),
        count=_whole(parts.pop("COUNT"), "COUNT", 1, 10_000) if "COUNT" in parts else None,
        until=_until(parts.pop("UNTIL")) if "UNTIL" in parts else None,
        week_starts=_weekday(parts.pop("WKST", "MO"))[1],
    )
    _check(rule, parts)
    return rule


def occurrences(rule: Rule, begins: datetime, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    """Pairs of the local time without zone and the instant that it means there (see ``zones.instant``), in order.

    ``begins`` is the first local time that may count; it counts only where the rule says so.
    """
    for day in islice(_days(rule, begins.date(), years=HORIZON), rule.count):
        local = datetime.combine(day, begins.time())
        at = zones.instant(local, zone)
        if isinstance(rule.until, datetime):
            if at > _as_instant(rule.until, zone):
                return
        elif rule.until is not None and day > rule.until:
            return
        yield local, at


def never_comes_true(rule: Rule, begins: datetime, zone: ZoneInfo) -> bool:
    """Whether no day fits within the first years, or all that fit lie behind its end."""
    near = next(_days(rule, begins.date(), years=_SEARCHED), None)
    return near is None or next(occurrences(rule, begins, zone), None) is None


# -- days --------------------------------------------------------------------------------------------------------------


def _days(rule: Rule, first: date, *, years: int) -> Iterator[date]:
    last = date(min(first.year + years, date.max.year), 12, 31)
    for start, end in _periods(rule, first):
        if start > last:
            return
        yield from (day for day in _chosen(rule, first, start, end) if first <= day <= last)


def _periods(rule: Rule, first: date) -> Iterator[tuple[date, date]]:
    """The days, weeks, months or years that the interval hits; each with the first day after it."""
    step = rule.interval
    if rule.frequency in ("DAILY", "WEEKLY"):
        length = timedelta(days=7 if rule.frequency == "WEEKLY" else 1)
        start = first - timedelta(days=(first.weekday() - rule.week_starts) % 7) if length > _ONE_DAY else first
        while date.max - start > length * (step + 1):
            yield start, start + length
            start += length * step
        return
    months = step if rule.frequency == "MONTHLY" else 12 * step
    span = 1 if rule.frequency == "MONTHLY" else 12
    number = first.year * 12 + (first.month - 1 if rule.frequency == "MONTHLY" else 0)
    while (number + span) // 12 < date.max.year:
        yield _month_start(number), _month_start(number + span)
        number += months


def _month_start(number: int) -> date:
    return date(number // 12, number % 12 + 1, 1)


def _chosen(rule: Rule, first: date, start: date, end: date) -> list[date]:
    """The days of one period that the rule names, in order."""
    days = [start + timedelta(days=each) for each in range((end - start).days)]
    found = [day for day in days if _fits(rule, first, day)]
    if not rule.positions or not found:
        return found
    kept = {found[place - 1 if place > 0 else place] for place in rule.positions if abs(place) <= len(found)}
    return sorted(kept)


def _fits(rule: Rule, first: date, day: date) -> bool:
    if rule.months and day.month not in rule.months:
        return False
    if rule.month_days and not any(_is_month_day(day, each) for each in rule.month_days):
        return False
    if rule.weekdays:
        return any(weekday == day.weekday() and _is_the(nth, day, rule) for nth, weekday in rule.weekdays)
    return bool(rule.month_days) or _fits_the_first(rule, first, day)


def _fits_the_first(rule: Rule, first: date, day: date) -> bool:
    """What a rule leaves open is as on the first day."""
    if rule.frequency == "DAILY":
        return True
    if rule.frequency == "WEEKLY":
        return day.weekday() == first.weekday()
    if rule.frequency == "YEARLY" and not rule.months:
        return (day.month, day.day) == (first.month, first.day)
    return day.day == first.day


def _is_month_day(day: date, wanted: int) -> bool:
    return day.day == wanted if wanted > 0 else day.day == (_next_month(day) - _ONE_DAY).day + 1 + wanted


def _is_the(nth: int, day: date, rule: Rule) -> bool:
    """Whether it is the nth such weekday of its month (or of its year, where no month is named); 0 is every one."""
    if nth == 0:
        return True
    of_year = rule.frequency == "YEARLY" and not rule.months
    start = date(day.year, 1, 1) if of_year else day.replace(day=1)
    end = date(day.year + 1, 1, 1) if of_year else _next_month(day)
    return ((day - start).days // 7 + 1 == nth) if nth > 0 else (-((end - _ONE_DAY - day).days // 7) - 1 == nth)


def _next_month(day: date) -> date:
    return _month_start(day.year * 12 + day.month)


# -- parsing -----------------------------------------------------------------------------------------------------------


def _listed(text: str) -> Iterable[str]:
    return text.split(",") if text else ()


def _whole(text: str, name: str, least: int, most: int) -> int:
    if not re.fullmatch(r"[+-]?\d{1,6}", text) or not least <= int(text) <= most:
        raise ValueError(f"{name} is a whole number from {least} to {most:,}.")
    return int(text)


def _numbers(text: str, name: str, most: int, *, negative: bool = True) -> tuple[int, ...]:
    found = tuple(_whole(each, name, -most if negative else 1, most) for each in _listed(text))
    if 0 in found:
        raise ValueError(f"{name} counts from 1.")
    return found


def _weekday(text: str) -> tuple[int, int]:
    found = _DAY.fullmatch(text)
    if found is None:
        raise ValueError("Name weekdays as MO, TU, WE, TH, FR, SA, SU.")
    return int(found[1] or 0), _DAYS.index(found[2])


def _until(text: str) -> date | datetime:
    found = _UNTIL.fullmatch(text)
    try:
        day = date.fromisoformat(found[1] if found else "")
        at = datetime.combine(day, time.fromisoformat(found[2])) if found and found[2] else None
    except ValueError:
        raise ValueError("Write UNTIL as 20271231 or 20271231T220000Z.") from None
    if at is None:
        return day
    return at.replace(tzinfo=UTC) if found and found[3] else at


def _as_instant(until: datetime, zone: ZoneInfo) -> datetime:
    return until if until.tzinfo else zones.instant(until, zone)


def _check(rule: Rule, rest: dict[str, str]) -> None:
    if rest:
        raise ValueError(f"{next(iter(rest))} is not understood here. Work repeats once a day at most.")
    if rule.count is not None and rule.until is not None:
        raise ValueError("Give COUNT or UNTIL, not both.")
    counted = any(nth for nth, _weekday_number in rule.weekdays)
    if counted and rule.frequency not in ("MONTHLY", "YEARLY"):
        raise ValueError("Only months and years have a second Tuesday: use FREQ=MONTHLY.")
    if rule.month_days and rule.frequency == "WEEKLY":
        raise ValueError("A week has no days of the month: use FREQ=MONTHLY.")
    if rule.positions and rule.frequency == "DAILY":
        raise ValueError("BYSETPOS chooses among the days of a week, month or year.")
