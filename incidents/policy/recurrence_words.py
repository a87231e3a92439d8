"""Repetition in the words people choose by and read: a choice becomes a rule, and a rule becomes a phrase."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from .recurrence import Rule, parse

ONCE, OWN = "once", "rule"
_CODES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_NTH: Mapping[int, str] = {
    1: "first",
    2: "second",
    3: "third",
    4: "fourth",
    5: "fifth",
    -1: "last",
    -2: "second to last",
}
_UNITS: Mapping[str, str] = {"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year"}

# what is offered; the rules follow from the day of the start
CHOICES: Mapping[str, str] = {
    ONCE: "Does not repeat",
    "daily": "Every day",
    "weekly": "Every week, on the weekday of the start",
    "fortnightly": "Every 2 weeks, on the weekday of the start",
    "monthly": "Every month, on the date of the start",
    "monthly_weekday": "Every month, on the same weekday of the month",
    "monthly_last": "Every month, on the last such weekday",
    "yearly": "Every year, on the date of the start",
    OWN: "By a rule of my own",
}


def rule_of(choice: str, first: date, *, until: date | None = None, count: int | None = None) -> str:
    """The rule that a choice means for work that begins on this day. Raises KeyError for what is no choice."""
    code = _CODES[first.weekday()]
    nth = (first.day - 1) // 7 + 1
    rule = {
        "daily": "FREQ=DAILY",
        "weekly": f"FREQ=WEEKLY;BYDAY={code}",
        "fortnightly": f"FREQ=WEEKLY;INTERVAL=2;BYDAY={code}",
        "monthly": f"FREQ=MONTHLY;BYMONTHDAY={first.day}",
        # a fifth Tuesday is not in every month, the last one is
        "monthly_weekday": f"FREQ=MONTHLY;BYDAY={nth if nth < 5 else -1}{code}",
        "monthly_last": f"FREQ=MONTHLY;BYDAY=-1{code}",
        "yearly": f"FREQ=YEARLY;BYMONTH={first.month};BYMONTHDAY={first.day}",
    }[choice]
    if until is not None:
        return f"{rule};UNTIL={until:%Y%m%d}"
    return f"{rule};COUNT={count}" if count is not None else rule


def choice_of(rule: str, first: date) -> tuple[str, date | None, int | None]:
    """The choice that a rule came from, with its end; a rule of one's own where there is none."""
    found = parse(rule)
    until = found.until.date() if isinstance(found.until, datetime) else found.until
    for choice in CHOICES:
        if choice not in (ONCE, OWN) and rule == rule_of(choice, first, until=until, count=found.count):
            return choice, until, found.count
    return OWN, None, None


def in_words(rule: str, first: date) -> str:
    """Every week on Tuesday; every month on the second Tuesday, until 31 December 2027."""
    found = parse(rule)
    unit = _UNITS[found.frequency]
    every = f"every {unit}" if found.interval == 1 else f"every {found.interval} {unit}s"
    on = _on(found, first)
    if on is None:
        return "by a rule of its own" + _ending(found)
    return f"{every}{on}{_ending(found)}"


def _on(rule: Rule, first: date) -> str | None:
    """Which days of the period; None where plain words do not reach."""
    if rule.positions or (rule.months and rule.frequency != "YEARLY"):
        return None
    if rule.frequency == "DAILY":
        return None if rule.weekdays or rule.month_days else ""
    if rule.frequency == "WEEKLY":
        days = sorted(weekday for _nth, weekday in rule.weekdays) or [first.weekday()]
        return " on " + _listed([_WEEKDAYS[day] for day in days])
    if rule.frequency == "MONTHLY":
        return _on_of_month(rule, first)
    months = rule.months or (first.month,)
    if rule.weekdays or len(months) > 1 or len(rule.month_days) > 1 or min(rule.month_days, default=1) < 1:
        return None
    return f" on {(rule.month_days or (first.day,))[0]} {_MONTHS[months[0] - 1]}"


def _on_of_month(rule: Rule, first: date) -> str | None:
    if rule.weekdays and not rule.month_days:
        if all(nth in _NTH for nth, _day in rule.weekdays):
            return " on the " + _listed([f"{_NTH[nth]} {_WEEKDAYS[day]}" for nth, day in rule.weekdays])
        return None
    if rule.weekdays or min(rule.month_days, default=1) < -1:
        return None
    days = rule.month_days or (first.day,)
    return " on " + _listed(["the last day" if day == -1 else f"day {day}" for day in days])


def _ending(rule: Rule) -> str:
    if rule.count is not None:
        return f", {rule.count:,} times" if rule.count > 1 else ", once"
    if rule.until is None:
        return ""
    return f", until {rule.until.day} {_MONTHS[rule.until.month - 1]} {rule.until.year}"


def _listed(words: list[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else words[0]
