"""Repetition as the page prints it: the rules of announced work as phrases, in the language that is spoken.

In English they read as ``policy.recurrence_words`` says them to the team.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache

from incidents.kernel.languages import forms, listed, phrase, phrases, say, say_many, spoken
from incidents.policy.recurrence import Rule, parse

_WEEKEND = 5
_EVERY: Mapping[str, tuple[str, str, str]] = {
    "DAILY": (phrase("every day"), *phrases("every {count} day", "every {count} days")),
    "WEEKLY": (phrase("every week"), *phrases("every {count} week", "every {count} weeks")),
    "MONTHLY": (phrase("every month"), *phrases("every {count} month", "every {count} months")),
    "YEARLY": (phrase("every year"), *phrases("every {count} year", "every {count} years")),
}
# two of each, because in some languages the days of the week and of its end differ in gender
_NTH: Mapping[int, tuple[str, str]] = {
    1: (phrase("first {weekday}"), phrase("first {weekend_day}")),
    2: (phrase("second {weekday}"), phrase("second {weekend_day}")),
    3: (phrase("third {weekday}"), phrase("third {weekend_day}")),
    4: (phrase("fourth {weekday}"), phrase("fourth {weekend_day}")),
    5: (phrase("fifth {weekday}"), phrase("fifth {weekend_day}")),
    -1: (phrase("last {weekday}"), phrase("last {weekend_day}")),
    -2: (phrase("second to last {weekday}"), phrase("second to last {weekend_day}")),
}


def in_words(rule: str, first: date) -> str:
    """Every week on Tuesday; every month on the second Tuesday, until 31 December 2027. Raises ValueError."""
    return _in_words(rule, first, spoken())


@lru_cache(maxsize=256)
def _in_words(rule: str, first: date, _language: str) -> str:
    found = parse(rule)
    return _with_ending(found, _days(found, first) or say("by a rule of its own"))


def _every(rule: Rule) -> str:
    each, one, many = _EVERY[rule.frequency]
    return say(each) if rule.interval == 1 else say_many(rule.interval, one, many)


def _days(rule: Rule, first: date) -> str | None:
    """How often, and on which days; None where plain words do not reach."""
    if rule.positions or (rule.months and rule.frequency != "YEARLY"):
        return None
    if rule.frequency == "DAILY":
        return None if rule.weekdays or rule.month_days else _every(rule)
    if rule.frequency == "WEEKLY":
        days = sorted(weekday for _nth, weekday in rule.weekdays) or [first.weekday()]
        return _on(rule, [forms().long_weekdays[day] for day in days])
    if rule.frequency == "MONTHLY":
        return _of_month(rule, first)
    months = rule.months or (first.month,)
    if rule.weekdays or len(months) > 1 or len(rule.month_days) > 1 or min(rule.month_days, default=1) < 1:
        return None
    day = forms().long_day.format(day=(rule.month_days or (first.day,))[0], month=forms().long_months[months[0] - 1])
    return _on(rule, [day])


def _of_month(rule: Rule, first: date) -> str | None:
    if rule.weekdays and not rule.month_days:
        if all(nth in _NTH for nth, _day in rule.weekdays):
            return say(
                "{every} on the {days}", every=_every(rule), days=listed([_nth(*each) for each in rule.weekdays])
            )
        return None
    if rule.weekdays or min(rule.month_days, default=1) < -1:
        return None
    days = rule.month_days or (first.day,)
    return _on(rule, [say("the last day") if day == -1 else say("day {day}", day=day) for day in days])


def _nth(nth: int, weekday: int) -> str:
    name = forms().long_weekdays[weekday]
    return say(_NTH[nth][weekday >= _WEEKEND], weekday=name, weekend_day=name)


def _on(rule: Rule, days: list[str]) -> str:
    return say("{every} on {days}", every=_every(rule), days=listed(days))


def _with_ending(rule: Rule, told: str) -> str:
    if rule.count is not None:
        return say_many(rule.count, "{rule}, once", "{rule}, {count} times", rule=told)
    if rule.until is None:
        return told
    how = forms()
    month = how.long_months[rule.until.month - 1]
    day = how.long_day_and_year.format(day=rule.until.day, month=month, year=rule.until.year)
    return say("{rule}, until {day}", rule=told, day=day)
