"""How times and lengths read in the console: the viewer's zone first, UTC quiet beside it, 24 hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Flask
from markupsafe import Markup
from wtforms.fields.choices import SelectFieldBase

from .. import access
from ..kernel import clock
from ..kernel.text import render_markdown
from ..policy import durations, zones
from ..policy.lifecycle import Step

_UTC = ZoneInfo("UTC")


def init_app(app: Flask) -> None:
    """Give templates the filters below, and what they need to count down."""
    for present in (
        when,
        moment,
        clock_time,
        day,
        iso,
        local_input,
        lasted,
        ago,
        since,
        weekday,
        short,
        until,
        is_today,
        step_word,
        markdown,
    ):
        app.add_template_filter(present)
    app.add_template_global(zone_now)
    app.add_template_global(left_in_words)
    app.add_template_global(clock.now, "server_now")
    app.add_template_global(pairs_of)


def viewer_zone() -> ZoneInfo:
    """The zone of whoever looks at the page; UTC where nobody has signed in."""
    found = access.signed_in()
    return found.person.time_zone if found else _UTC


def when(at: datetime | None, *, always_dated: bool = False) -> Markup:
    """``23 Nov 2026, 02:41 CET (01:41 UTC)``; today's day is left out, but where the text is kept for later."""
    return _time(at, _dated(at, always=always_dated) + _clock_text(at) if at else "")


def moment(at: datetime | None) -> Markup:
    """``02:41 CET (01:41 UTC)``, where the day is plain from the surroundings."""
    return _time(at, _clock_text(at) if at else "")


def clock_time(at: datetime | None) -> Markup:
    """``02:41``, where the zone stands nearby; the whole time is in the title."""
    if at is None:
        return Markup("")
    local = at.astimezone(viewer_zone())
    return Markup('<time datetime="{}" title="{}">{:%H:%M}</time>').format(iso(at), full_text(at), local)


def day(at: datetime | None) -> Markup:
    """``23 Nov 2026`` in the viewer's zone; this year's number is left out."""
    if at is None:
        return Markup("")
    local, today = at.astimezone(viewer_zone()), clock.now().astimezone(viewer_zone())
    text = f"{local.day} {local:%b}" if local.year == today.year else f"{local.day} {local:%b %Y}"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(iso(at), full_text(at), text)


def weekday(at: datetime) -> str:
    """``Mon 23 Nov`` in the viewer's zone."""
    local = at.astimezone(viewer_zone())
    return f"{local:%a} {local.day} {local:%b}"


def short(at: datetime | None) -> Markup:
    """``02:41`` of today, else ``18 Nov, 02:41``; the whole time is in the title."""
    if at is None:
        return Markup("")
    local = at.astimezone(viewer_zone())
    text = f"{local:%H:%M}" if is_today(at) else f"{local.day} {local:%b}, {local:%H:%M}"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(iso(at), full_text(at), text)


def until(at: datetime) -> str:
    """``09:00`` where that is today, else ``Mon 30 Nov, 09:00``: how on call says when somebody's time ends."""
    local = at.astimezone(viewer_zone())
    return f"{local:%H:%M}" if is_today(at) else f"{local:%a} {local.day} {local:%b}, {local:%H:%M}"


def is_today(at: datetime) -> bool:
    """Whether that was on the viewer's present day."""
    return zones.local_day(at, viewer_zone()) == zones.local_day(clock.now(), viewer_zone())


def step_word(step: str) -> str:
    """A step's name as people read it."""
    return Step(step).label


def markdown(text: str) -> Markup:
    """What somebody wrote, as safe HTML."""
    return render_markdown(text)


def full_text(at: datetime) -> str:
    """``23 Nov 2026, 02:41 CET (01:41 UTC)`` as plain text."""
    local = at.astimezone(viewer_zone())
    there = f"{local.day} {local:%b %Y, %H:%M} {zone_word(local)}"
    return there if local.tzname() == "UTC" else f"{there} ({at.astimezone(UTC):%H:%M} UTC)"


def clock_words(at: datetime) -> str:
    """``02:41`` as plain text, for sentences built in code."""
    return f"{at.astimezone(viewer_zone()):%H:%M}"


def short_words(at: datetime) -> str:
    """``02:41``, or with its day where that is not today, as plain text."""
    local = at.astimezone(viewer_zone())
    return f"{local:%H:%M}" if is_today(at) else f"{local.day} {local:%b}, {local:%H:%M}"


def iso(at: datetime) -> str:
    """RFC 3339 in UTC, for machines."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def local_input(at: datetime | None) -> str:
    """What an ``<input type=datetime-local>`` holds, in the viewer's zone."""
    return f"{at.astimezone(viewer_zone()):%Y-%m-%dT%H:%M}" if at else ""


def parse_local(text: str) -> datetime:
    """The instant that a datetime-local field means in the viewer's zone. Raises ValueError."""
    given = datetime.fromisoformat(text)
    return given.astimezone(UTC) if given.tzinfo else zones.instant(given, viewer_zone())


def lasted(amount: timedelta | None) -> str:
    """``48 min``, ``1 h 12 min``, ``1 d 3 h``."""
    return "" if amount is None else durations.duration(amount)


def left_in_words(due: datetime) -> str:
    """The ticking figure of a countdown as it stands now: ``11:56``, or how late it is."""
    return durations.countdown(due - clock.now())


def since(at: datetime | None) -> str:
    """How long ago, without the word: ``33 min``."""
    return lasted(clock.now() - at) if at else ""


def ago(at: datetime | None) -> str:
    """``33 min ago``, or ``just now``."""
    if at is None:
        return ""
    passed = clock.now() - at
    return "just now" if passed < timedelta(minutes=1) else f"{durations.duration(passed)} ago"


def zone_now() -> str:
    """The abbreviation of the viewer's zone at this instant, for headings."""
    return zone_word(clock.now().astimezone(viewer_zone()))


def zone_word(local: datetime) -> str:
    """``CET``; zones without letters give their distance, ``UTC-03``."""
    name = local.tzname() or "UTC"
    return f"UTC{name}" if name[0] in "+-" else name


def pairs_of(field: SelectFieldBase) -> list[tuple[str, str]]:
    """A WTForms choice as (value, word) pairs."""
    return [(str(choice[0]), str(choice[1])) for choice in field.iter_choices()]


def _time(at: datetime | None, text: str | Markup) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(iso(at), text) if at else Markup("")


def _dated(at: datetime, *, always: bool) -> Markup:
    local, today = at.astimezone(viewer_zone()), clock.now().astimezone(viewer_zone())
    if local.date() == today.date() and not always:
        return Markup("")
    return Markup("{} {:%b %Y}, ").format(local.day, local)


def _clock_text(at: datetime) -> Markup:
    local = at.astimezone(viewer_zone())
    there = Markup("{:%H:%M} {}").format(local, zone_word(local))
    if local.tzname() == "UTC":
        return there
    return there + Markup(' <span class="utc">({:%H:%M} UTC)</span>').format(at.astimezone(UTC))
