"""What the top of the screen says: am I on call, until when, who is next, and when it is my turn again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from ...kernel import clock
from ...policy import zones
from ...records.people import Person
from .lanes import YOU, Lane, Span, lanes
from .week import moment_words

_AHEAD = timedelta(weeks=13)  # how far a next shift is looked for


@dataclass(frozen=True, kw_only=True)
class Headline:
    """``title`` is about the viewer; ``lead`` says who else, and when the viewer is next."""

    title: str
    lead: str
    is_bad: bool = False  # nobody is on call


def headline(me: Person) -> Headline | None:
    """What to say to this person; None while neither rotation nor role says anything (the first days)."""
    now = clock.now()
    ahead = [replace(lane, spans=_whole(lane.spans)) for lane in lanes(me, since=now, until=now + _AHEAD)]
    if not ahead:
        return None
    again = _next_of_mine(ahead, now, me)
    mine = next((lane for lane in ahead if lane.rotation is not None and lane.spans[0].is_mine), None)
    if mine is not None:
        lead = [_then(mine.spans, me), again]
        return Headline(title=f"You are on call{_until(mine.spans[0], now, me)}", lead=" ".join(filter(None, lead)))
    return _others(ahead[0], again, now, me)


def _whole(spans: Sequence[Span]) -> list[Span]:
    """Neighbours with the same person as one, whatever put them there."""
    whole: list[Span] = []
    for span in spans:
        if whole and whole[-1].name == span.name and whole[-1].is_gap == span.is_gap:
            whole[-1] = replace(whole[-1], ends_at=span.ends_at)
        else:
            whole.append(span)
    return whole


def until_words(at: datetime, zone: ZoneInfo) -> str:
    """``09:00`` where that is today, else with its day."""
    is_today = zones.local_day(at, zone) == zones.local_day(clock.now(), zone)
    return f"{at.astimezone(zone):%H:%M}" if is_today else moment_words(at, zone)


def _others(first: Lane, again: str, now: datetime, me: Person) -> Headline:
    """Somebody else has it, or nobody."""
    span = first.spans[0]
    if span.is_gap:
        following = next((each for each in first.spans if not each.is_gap), None)
        until = f" until {until_words(following.starts_at, me.time_zone)}" if following is not None else ""
        then = f"Then {_named(following)}." if following is not None else "Nobody follows either."
        return Headline(title=f"Nobody is on call{until}", lead=" ".join(filter(None, [then, again])), is_bad=True)
    if span.is_mine:
        return Headline(title="You are on call", lead=f"{first.label} is you, at all hours.")
    is_whom = f"{span.name} is{',' if _until(span, now, me) else ''}{_until(span, now, me)}."
    lead = [is_whom, _then(first.spans, me), again]
    return Headline(title="You are not on call", lead=" ".join(filter(None, lead)))


def _until(span: Span, now: datetime, me: Person) -> str:
    """Nothing for who has it for as long as one looks ahead."""
    return "" if span.ends_at >= now + _AHEAD else f" until {until_words(span.ends_at, me.time_zone)}"


def _then(spans: Sequence[Span], me: Person) -> str:
    if len(spans) < 2:
        return ""
    following = spans[1]
    if following.is_gap:
        return f"Then nobody, until {until_words(following.ends_at, me.time_zone)}."
    return f"Then {_named(following)}."


def _named(span: Span) -> str:
    return "you" if span.name == YOU else span.name


def _next_of_mine(ahead: Sequence[Lane], now: datetime, me: Person) -> str:
    """When the viewer's next shift begins, after the one that runs."""
    starts = [
        span.starts_at
        for lane in ahead
        if lane.rotation is not None
        for span in lane.spans
        if span.is_mine and span.starts_at > now
    ]
    return f"Your next shift starts {until_words(min(starts), me.time_zone)}." if starts else ""
