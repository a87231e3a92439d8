"""What the templates print of announced work: a panel while it runs, a line before and after."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Iterable, Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache, partial
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup

from incidents.kernel.languages import forms, listed, phrase, say, spoken, written_in
from incidents.policy.components import ComponentStatus
from incidents.policy.maintenance import State

from . import marks, panels, repeating, times, words
from .sheets import templates
from .snapshot import Picture
from .work import Said, Work

WORD: Mapping[str, str] = {
    State.SCHEDULED: phrase("Scheduled"),
    State.IN_PROGRESS: phrase("In progress"),
    State.VERIFYING: phrase("Verifying"),
    State.COMPLETED: phrase("Completed"),
    State.CANCELLED: phrase("Cancelled"),
}
_WORD_OF_KIND: Mapping[str, str] = {
    "moved": phrase("Moved"),
    "extended": phrase("Extended"),
    "note": phrase("Update"),
}
_MOST_UPDATES = 4
_MOST_UPCOMING = 5
_MOST_THEN = 2
KEY = marks.KEY[ComponentStatus.MAINTENANCE]


def panel_of(work: Work, picture: Picture, *, newest_only: bool = True) -> dict[str, Any]:
    """What the macro ``work`` prints while it runs, and its own page always."""
    said = work.said(picture.minute)
    most = _MOST_UPDATES if newest_only else len(said)
    left_out = len(said) - most
    texts = [each for each in said[:most] if each.body_html or each.kind != "scheduled"]
    state = work.state(picture.minute)
    return {
        "id": work.id,
        "title": work.title,
        "key": KEY,
        "word": say(WORD[state]),
        "affects": _names(work),
        "starts_at": work.times.began_at,
        "planned": say("{state}, planned {time}", state=say(WORD[state]), time=with_day(work, picture)),
        "late": late(work, picture),
        "updates": [
            _text(each, picture.today, picture.zone, not place, (spoken(), written_in()))
            for place, each in enumerate(texts)
        ],
        "more": panels.earlier(left_out) if left_out > 0 else say("Maintenance page"),
    }


def upcoming(picture: Picture) -> tuple[list[Markup], int]:
    """The next ones as lines, of a series the next alone; and how many more there are."""
    chosen: list[Work] = []
    series: set[int] = set()
    for work in picture.upcoming:
        number = work.row.series_id
        if number is None or number not in series:
            chosen.append(work)
            if number is not None and work.state(picture.minute) == State.SCHEDULED:
                series.add(number)
    return lines_of(chosen[:_MOST_UPCOMING], picture), max(0, len(chosen) - _MOST_UPCOMING)


def lines_of(works: Iterable[Work], picture: Picture, *, with_body: bool = True) -> list[Markup]:
    """What the macro ``works`` lists: a line for each, printed once for as long as nothing of it changes."""
    around = (picture.today.year, picture.settings.zone, written_in())
    part = f"line {spoken()} {with_body}"
    return [
        picture.told.once(
            work.id,
            part,
            (work, work.passed(picture.minute), repeats(work, picture), around),
            partial(_line, work, picture, with_body=with_body),
        )
        for work in works
    ]


def in_view(works: tuple[Work, ...], picture: Picture) -> Hashable:
    """All that their lines depend on, but for settings and language: most are over, and say for ever what they say now."""
    minute = picture.minute
    going_on = [work for work in works if work.settles_at > minute]
    return works, tuple((work.passed(minute), repeats(work, picture)) for work in going_on), picture.today.year


def _line(work: Work, picture: Picture, *, with_body: bool) -> Markup:
    parts: Any = templates.get_template("_parts.html").module
    return Markup(parts.planned(_line_of(work, picture), with_body))  # noqa: S704 - our own macro


def _line_of(work: Work, picture: Picture) -> dict[str, Any]:
    """What the macro ``planned`` prints of one."""
    state = work.state(picture.minute)
    begins = work.times.began_at.astimezone(picture.zone).date()
    here, there = span(work, picture.zone), span(work, times.zone_named("UTC"))
    return {
        "id": work.id,
        "title": work.title,
        "day": times.day(begins, near=picture.today),
        "span": here,
        "utc": there if there != here else "",
        "is_off": state == State.CANCELLED,
        "word": say(WORD[state]),
        "affects": _names(work),
        "html": Markup(work.row.body_html),  # noqa: S704 - made safe when it was written (kernel.text)
        "repeats": repeats(work, picture),
    }


def span(work: Work, zone: ZoneInfo) -> str:
    """22:00 to 23:30 CET; with the day where it ends on another, and both zones where the clock changes between."""
    return _span(work.times.began_at, _end(work), zone)


def with_day(work: Work, picture: Picture) -> str:
    """Wed 25 Nov, 22:00 to 23:30 CET (21:00 to 22:30 UTC)."""
    return both(work.times.began_at, _end(work), picture.zone, near=picture.today)


def both(start: datetime, end: datetime, zone: ZoneInfo, *, near: date | None) -> str:
    """The same of any two times; ``near`` as for ``times.day``."""
    here, there = _span(start, end, zone), _span(start, end, times.zone_named("UTC"))
    day = times.day(start.astimezone(zone).date(), near=near)
    return say("{day}, {time}", day=day, time=here if here == there else f"{here} ({there})")


def late(work: Work, picture: Picture) -> str:
    """That it was to be over by now, and for how long; nothing while it was not."""
    late_by = work.times.late_by(picture.minute)
    if late_by is None:
        return ""
    planned = times.both_with_day(work.row.ends_at, picture.zone, now=picture.minute)
    return say("Planned to end at {time}, {length} over", time=planned, length=times.lasted(late_by))


def repeats(work: Work, picture: Picture) -> str:
    """Repeats every week on Tuesday, 22:00 CET. Then Tue 1 Dec and Tue 8 Dec."""
    if work.row.repeats is None or work.is_over(picture.minute):
        return ""
    standing = (picture.told.standing(picture.minute).states, picture.today, picture.settings.zone)
    return picture.told.announced.once("repeats", (work.id, spoken()), standing, lambda: _repeats(work, picture))


def _repeats(work: Work, picture: Picture) -> str:
    if work.row.repeats is None:
        return ""
    rule, zone_name, local_start = work.row.repeats
    first = datetime.fromisoformat(local_start)
    try:
        told = repeating.in_words(rule, first.date())
    except ValueError:  # a rule of a later version of ours
        return ""
    series = picture.told.announced.by_series.get(work.row.series_id or 0, [])
    after = bisect_right(series, work.row.starts_at, key=lambda each: each.row.starts_at)
    later = (each for each in islice(series, after, None) if each.state(picture.minute) == State.SCHEDULED)
    then = [each.row.starts_at for each in islice(later, _MOST_THEN)]
    days = [times.day(at.astimezone(picture.zone).date(), near=picture.today) for at in then]
    if times.zone_named(zone_name) == picture.zone:
        sentence = say("Repeats {rule}.", rule=told)
    else:
        sentence = say("Repeats {rule} by the clock of {zone}.", rule=told, zone=zone_name)
    return words.run_on([sentence, say("Then {days}.", days=listed(days))]) if days else sentence


@lru_cache(maxsize=256)
def _text(said: Said, today: date, zone: ZoneInfo, is_newest: bool, _tongue: tuple[str, str]) -> Markup:
    local_day = said.at.astimezone(zone).date()
    here, utc = times.at(said.at, zone), times.in_utc(said.at)
    view = {
        "word": say(_WORD_OF_KIND.get(said.kind, WORD[said.state])),
        "at": said.at,
        "clock": here,
        "utc": utc if utc != here else "",
        "day": times.day(local_day, near=today) if local_day != today else "",
        "html": _moved(said, today, zone) + Markup(said.body_html),  # noqa: S704 - made safe when it was written (kernel.text)
        "rca": "",
        "promise": "",
        "edited": "",
    }
    return panels.line(view, is_newest=is_newest)


def _moved(said: Said, today: date, zone: ZoneInfo) -> Markup:
    if said.was is None or said.now is None:
        return Markup("")
    old, new = (both(start, end, zone, near=today) for start, end in (said.was, said.now))
    return Markup("<p>{}</p>").format(say("New time: {new}. Before: {old}.", new=new, old=old))


def _span(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    first, last = start.astimezone(zone), end.astimezone(zone)
    begins, ends = times.at(start, zone), times.at(end, zone)
    same_zone = begins[5:] == ends[5:]
    if first.date() == last.date():
        return say("{start} to {end}", start=begins[:5] if same_zone else begins, end=ends)
    day = times.day(last.date())
    return say("{start} to {day}, {end}", start=begins[:5] if same_zone else begins, day=day, end=ends)


def _end(work: Work) -> datetime:
    """The planned end; once it is over, the real one."""
    over_at = work.times.finished_at
    return over_at if over_at is not None else work.row.ends_at


def _names(work: Work) -> str:
    return forms().comma.join(work.names[one] for one in work.components)


def lasted(work: Work, minute: datetime) -> str:
    """How long it took, or takes so far."""
    length = work.lasted(minute)
    return times.lasted(length) if length >= timedelta(minutes=1) else say("under a minute")


def trouble(names: Iterable[str]) -> str:
    """API and Web application are under maintenance."""
    return words.trouble(ComponentStatus.MAINTENANCE, list(names))
