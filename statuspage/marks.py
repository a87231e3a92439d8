"""The page's drawings: a silhouette for each state, a few signs, and ninety days as bars."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from urllib.parse import quote

from markupsafe import Markup

from incidents.kernel import languages
from incidents.kernel.languages import phrase, say
from incidents.policy.components import ComponentStatus
from incidents.policy.uptime import Day

from . import times
from .snapshot import Component, Group, Picture

KEY: Mapping[str, str] = {
    ComponentStatus.OPERATIONAL: "ok",
    ComponentStatus.DEGRADED: "deg",
    ComponentStatus.PARTIAL: "part",
    ComponentStatus.MAJOR: "maj",
    ComponentStatus.MAINTENANCE: "mnt",
}
WORD: Mapping[str, str] = {
    "ok": phrase("Operational"),
    "deg": phrase("Degraded"),
    "part": phrase("Partial outage"),
    "maj": phrase("Major outage"),
    "mnt": phrase("Maintenance"),
    "none": phrase("No data"),
}

# What is cut out of a filled shape shows the ground it stands on.
_CUT = "var(--cut,var(--surface))"
_SHAPES: Mapping[str, str] = {
    "ok": '<circle cx="8" cy="8" r="7" fill="currentColor"/><path d="M4.9 8.3 7 10.4l4.2-4.7" fill="none" '
    f'stroke="{_CUT}" stroke-width="1.7" stroke-linecap="round" stroke-linejoin="round"/>',
    "deg": '<path d="M8 1.9 14.7 13.6H1.3z" fill="currentColor" stroke="currentColor" stroke-width="1.6" stroke-linejoin="round"/>'
    f'<path d="M8 5.8v3.7" stroke="{_CUT}" stroke-width="1.6" stroke-linecap="round"/><circle cx="8" cy="11.9" r=".95" fill="{_CUT}"/>',
    "part": '<circle cx="8" cy="8" r="6.1" fill="none" stroke="currentColor" stroke-width="1.8"/>'
    '<path d="M8 1.9a6.1 6.1 0 0 1 0 12.2z" fill="currentColor"/>',
    "maj": '<path d="M5.2 1.2h5.6l4 4v5.6l-4 4H5.2l-4-4V5.2z" fill="currentColor"/>'
    f'<path d="m5.6 5.6 4.8 4.8m0-4.8-4.8 4.8" stroke="{_CUT}" stroke-width="1.7" stroke-linecap="round"/>',
    "mnt": '<rect x="1.2" y="1.2" width="13.6" height="13.6" rx="3" fill="currentColor"/><path d="M8 4.4v3.9l2.5 1.6" fill="none" '
    f'stroke="{_CUT}" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round"/>',
    "none": '<circle cx="8" cy="8" r="6.2" fill="none" stroke="currentColor" stroke-width="1.5" stroke-dasharray="2.4 2.2"/>',
    "info": '<circle cx="8" cy="8" r="6.2" fill="none" stroke="currentColor" stroke-width="1.5"/><circle cx="8" cy="5" r=".95" '
    'fill="currentColor"/><path d="M8 7.4v3.9" stroke="currentColor" stroke-width="1.6" stroke-linecap="round"/>',
    "cal": '<g fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round">'
    '<rect x="2" y="3" width="12" height="11" rx="1.5"/><path d="M2 6.5h12M5.2 1.5V4M10.8 1.5V4"/></g>',
    "hook": '<g fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round">'
    '<path d="M5.8 8.2 8 4.3a2.3 2.3 0 1 0-4-.2M10.3 7.4l2 3.6a2.3 2.3 0 1 0-2.1 3.2M6.9 11.9H4.3a2.3 2.3 0 1 0 1.8-3.3"/></g>',
    "rss": '<g fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round">'
    '<path d="M2.8 7.3a5.9 5.9 0 0 1 5.9 5.9M2.8 2.8c5.7 0 10.4 4.7 10.4 10.4"/></g><circle cx="3.8" cy="12.2" r="1.3" fill="currentColor"/>',
}

# The tab's picture cannot follow the theme, so it takes the light theme's strong colours.
_FAVICON_COLOUR = {
    "ok": "#2c9a6b",
    "deg": "#bf7a00",
    "part": "#d4570c",
    "maj": "#c4253b",
    "mnt": "#3a69bd",
    "none": "#83908d",
}

_USED = re.compile(r'href="#i-(\w+)"')


@lru_cache(maxsize=256)
def icon(name: str, size: int = 16) -> Markup:
    """A drawing from the sprite; it says nothing by itself, so a word always stands beside it."""
    return Markup('<svg class="i" width="{0}" height="{0}" aria-hidden="true"><use href="#i-{1}"/></svg>').format(
        size, name
    )


def word(status: str | None) -> str:
    """Partial outage"""
    return say(WORD[KEY.get(status or "", "none")])


def state(status: str) -> Markup:
    """Silhouette and word, always both."""
    return _state(KEY.get(status, "none"), word(status))


@lru_cache(maxsize=256)
def _state(key: str, told: str) -> Markup:
    return Markup('<span class="st st-{0}">{1}<span>{2}</span></span>').format(key, icon(key), told)


def sprite(html: str) -> Markup:
    """The drawings that this page uses, once."""
    used = sorted(set(_USED.findall(html)))
    symbols = "".join(
        f'<symbol id="i-{name}" viewBox="0 0 16 16">{_SHAPES[name]}</symbol>' for name in used if name in _SHAPES
    )
    return Markup(symbols)  # noqa: S704 - our own drawings


def shape(key: str) -> Markup:
    """One drawing alone, for a page that has no sprite."""
    return Markup(_SHAPES[key])  # noqa: S704 - our own drawings


@lru_cache(maxsize=16)
def favicon(key: str) -> str:
    """A data address with the state's shape in the state's colour."""
    return "data:image/svg+xml," + quote(favicon_svg(key).replace('"', "'"), safe="<>/='.: -")


def favicon_svg(key: str) -> str:
    """The same as a file."""
    drawn = _SHAPES[key].replace("currentColor", _FAVICON_COLOUR[key]).replace(_CUT, "#fff")
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">{drawn}</svg>'


# -- the bars ----------------------------------------------------------------------------------------------------------

_PITCH, _BAR, _TALL = 4, 2.8, 32
_HEIGHT = {"deg": 21, "part": 26, "maj": 32, "mnt": 14}  # taller is worse, so that it reads without colour


def strip(picture: Picture, subject: Component | Group) -> Markup:
    """Ninety days as one drawing, and the same in words for who cannot see it."""
    bars, words = _past_bars(picture, subject)
    today = subject.days[-1]
    made_from = (picture.today, today.worst, tuple(today.spent.items()), subject.uptime, subject.name, len(words))
    key = (subject.id, languages.spoken())
    kept = picture.told.strips.get(key)
    if kept is None or kept[0] != made_from:
        kept = picture.told.strips[key] = (made_from, _drawn(subject, bars, words))
    return kept[1]


def _drawn(subject: Component | Group, bars: Markup, words: list[str]) -> Markup:
    drawn, said = _bar(subject.id, subject.days[-1], len(subject.days) - 1)
    sentences = [*words, said] if said else words
    label = say(
        "{component}, last {days} days: {uptime}. {events}.",
        component=subject.name,
        days=len(subject.days),
        uptime=share(subject),
        events="; ".join(sentences) or say("No incidents"),
    )
    return Markup(
        '<div class="strip"><svg viewBox="0 0 360 32" preserveAspectRatio="none" aria-hidden="true">{0}{1}</svg></div><span class="vh">{2}</span>'
    ).format(bars, drawn, label)


def share(subject: Component | Group) -> str:
    """99.96% uptime"""
    return say("{percent} uptime", percent=percent(subject)) if subject.uptime is not None else say("no data yet")


def percent(subject: Component | Group) -> str:
    """99.96%, and 100% only when nothing at all is missing."""
    return as_percent(subject.uptime)


def as_percent(share: Decimal | None) -> str:
    """The same of any share; None is a time with nothing to measure."""
    if share is None:
        return say("No data")
    return languages.percent("100" if share == 100 else share)


def _past_bars(picture: Picture, subject: Component | Group) -> tuple[Markup, list[str]]:
    """All days but today: drawn once a day, and kept beside the records."""
    language = languages.spoken()
    kept = picture.told.drawings.get((subject.id, language))
    if kept is not None and kept[0] == picture.today:
        return kept[1], kept[2]
    past = subject.days[:-1]
    grey = sum(1 for day in subject.days if day.worst is None)
    drawn = [_ground(subject.id, grey, len(subject.days))]
    words: list[str] = []
    for place, day in enumerate(past):
        bar, said = _bar(subject.id, day, place)
        drawn.append(bar)
        words += [said] if said else []
    bars = Markup("").join(drawn)
    picture.told.drawings[subject.id, language] = (picture.today, bars, words)
    return bars, words


def _ground(subject: str, grey: int, count: int) -> Markup:
    """Good days in one stroke, days before the component existed in another; a tap leads to all of them as a list."""
    split, end = grey * _PITCH, count * _PITCH
    before = Markup('<path fill="url(#nop)" d="M0 0h{0}v32H0z"/>').format(split) if grey else Markup("")
    good = Markup('<path fill="url(#okp)" d="M{0} 0H{1}v32H{0}z"/>').format(split, end) if grey < count else Markup("")
    return Markup('<a href="/components/{0}#days" tabindex="-1">{1}</a>').format(subject, before + good)


def _bar(subject: str, day: Day, place: int) -> tuple[Markup, str]:
    """One day that was not simply good, linked to what happened on it; and the same in words."""
    key = KEY.get(day.worst or "", "ok")
    if key == "ok":
        return Markup(""), ""
    x, height = place * _PITCH, _HEIGHT[key]
    said = _in_words(day)
    drawn = Markup(
        '<a href="{0}" tabindex="-1"><title>{1}</title><path class="f-x" d="M{2} 0h4v32h-4z"/>'
        '<path class="f-{3}" d="M{2} {4}h2.8v{5}h-2.8z"/></a>'
    ).format(address_of(subject, day.date), said, x, key, _TALL - height, height)
    return drawn, said


def _in_words(day: Day) -> str:
    """23 Nov partial outage, 48 min"""
    spent = sum((length for status, length in day.spent.items() if status == day.worst), timedelta())
    told = say("{day} {state}", day=times.short_day(day.date), state=languages.mid_sentence(word(day.worst)))
    return say("{event}, {length}", event=told, length=times.lasted(spent)) if spent else told


def address_of(subject: str, day: date) -> str:
    """Where the page of a component or group tells what happened on that day."""
    return f"/components/{subject}#{day.isoformat()}"


# Key, word and height of each kind of bar.
LEGEND = (
    ("ok", WORD["ok"], 7),
    ("deg", WORD["deg"], 10),
    ("part", WORD["part"], 13),
    ("maj", WORD["maj"], 16),
    ("mnt", WORD["mnt"], 7),
    ("none", WORD["none"], 3),
)
