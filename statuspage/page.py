"""The picture as HTML: the page itself, one incident, the history, one component; and a preview of what is not yet public."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from incidents.policy import uptime
from incidents.policy.components import BADNESS, ComponentStatus, worst

from . import marks, times, words
from .look import ROOT, Look, look
from .prepared import Document
from .snapshot import Component, Incident, Picture, Update

_MOST_UPDATES = 4  # of one incident on the first page; its own page has them all
_MOST_PAST = 20
_OPERATIONAL = ComponentStatus.OPERATIONAL

_templates = Environment(
    loader=FileSystemLoader(ROOT / "templates" / "statuspage"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=StrictUndefined,
)
_templates.globals.update(marks=marks, machine=times.machine)


def home(picture: Picture, *, base: str) -> Document:
    """``/``: is it up, what is affected, is somebody on it, and when is the next word."""
    past = words.recent(picture)
    return _page(
        "home.html",
        picture,
        path="/",
        base=base,
        headline=words.headline(picture),
        sentence="" if picture.dark_since else words.sentence(picture),
        about=words.headline(picture),
        as_of=words.as_of(picture),
        open=[panel_of(incident, picture) for incident in picture.open_incidents],
        groups=[_group(picture, group.row.name if group.row else None, group.components) for group in picture.groups],
        legend=_legend(picture),
        formula=uptime.formula(partial_weight=picture.settings.partial_weight),
        past=[_event(incident, picture) for incident in past[:_MOST_PAST]],
        quiet_days=words.quiet_days(picture, past),
    )


def incident(picture: Picture, incident: Incident, *, base: str) -> Document:
    """``/incidents/<id>``: is it over, how long did it last, what was said."""
    view = panel_of(incident, picture, newest_only=False)
    zone, minute = picture.zone, picture.minute
    ended = incident.ended_at
    dark = picture.dark_since if incident.is_open else None
    return _page(
        "incident.html",
        picture,
        path=f"/incidents/{incident.id}",
        base=base,
        key=words.DARK if dark else marks.KEY[incident.state],
        incident=view,
        about=None,
        sentence=_outcome(incident, picture) if not dark else words.headline(picture),
        continues=incident.row.continues,
        promise=words.promise(incident.promise, minute=minute, zone=zone) if incident.promise else None,
        promised_at=incident.promise,
        is_late=_is_late(incident, picture),
        as_of=words.as_of(picture) if incident.is_open else None,
        began=_when(incident.began_at, picture),
        ended={**_when(ended, picture), "word": "Merged" if incident.row.continues else "Resolved"} if ended else None,
        lasted=times.lasted(incident.lasted(minute)),
        worst=None if incident.names_none else incident.worst,
        worst_for=times.lasted(_time_in(incident, incident.worst, minute)),
        ribbon=_ribbon(incident, minute),
        affected=_affected(incident, picture),
    )


def history(picture: Picture, months: Mapping[date, tuple[Incident, ...]], *, path: str, base: str) -> Document:
    """``/history`` and ``/history/<yyyy-mm>``: ``months`` maps first days to incidents, newest month first."""
    newest, oldest = max(months), min(months)
    this_month = picture.today.replace(day=1)
    single = path != "/history"
    return _page(
        "history.html",
        picture,
        path=path,
        base=base,
        heading=f"History, {times.month(newest)}" if single else "History",
        headline=_mid_sentence(words.headline(picture)),
        about=None,
        months=[_month(first, found, picture, with_calendar=first == newest) for first, found in months.items()],
        weekdays=("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
        links=_other_months(picture, oldest, newest if single and newest < this_month else None),
        is_first=not single,
    )


def component(picture: Picture, component: Component, *, base: str) -> Document:
    """``/components/<id>``: its ninety days as a table, and its incidents."""
    key = words.DARK if picture.dark_since else marks.KEY[component.status]
    since = component.days[0].date
    touched = [each for each in picture.incidents if component.id in each.worst_of]
    return _page(
        "component.html",
        picture,
        path=f"/components/{component.id}",
        base=base,
        key=key,
        component=component,
        about=None,
        state_word=words.headline(picture) if picture.dark_since else marks.WORD[marks.KEY[component.status]],
        uptime=f"{marks.percent(component)} uptime over the last 90 days." if component.uptime is not None else "",
        as_of=words.as_of(picture),
        incidents=[
            _event(each, picture)
            for each in touched
            if (each.ended_at or picture.minute).astimezone(picture.zone).date() >= since
        ][:_MOST_PAST * 2],
        days=[_table_row(picture, component, day) for day in reversed(component.days)],
        formula=uptime.formula(partial_weight=picture.settings.partial_weight),
    )


def missing(picture: Picture, *, base: str) -> Document:
    """What an address says where nothing is, or is any more."""
    return _page("missing.html", picture, path="/", base=base, key="none", about=None)


def preview(picture: Picture, incident: Incident) -> Markup:
    """One incident exactly as the page will show it, for the composer: the same macro, without links."""
    module: Any = _templates.get_template("_parts.html").module
    shown = module.panel(panel_of(incident, picture), links=False)
    return Markup('<svg class="defs" aria-hidden="true">{0}</svg>{1}').format(marks.sprite(shown), shown)


def panel_of(incident: Incident, picture: Picture, *, newest_only: bool = True) -> dict[str, Any]:
    """What the macro ``panel`` prints of one incident."""
    most = _MOST_UPDATES if newest_only else len(incident.updates)
    left_out = len(incident.updates) - most
    return {
        "id": incident.id,
        "title": incident.title,
        "key": marks.KEY[incident.state],
        "status": incident.state,
        "word": words.STATUS_WORD[incident.status],
        "severity": _severity(incident, picture),
        "affects": _names(incident, incident.now),
        "began_at": incident.began_at,
        "began": _began(incident, picture),
        "updates": [_update(update, incident, picture, is_newest=not place) for place, update in enumerate(incident.updates[:most])],
        "more": f"{left_out} earlier {'update' if left_out == 1 else 'updates'}" if left_out > 0 else "Incident page",
    }


def _page(template: str, picture: Picture, *, path: str, base: str, key: str | None = None, **view: Any) -> Document:
    settings = picture.settings
    chosen: Look = look(settings.accent, settings.accent_dark)
    shown = key or (words.DARK if picture.dark_since else marks.KEY[picture.state])
    html = _templates.get_template(template).render(
        picture=picture,
        settings=settings,
        site=f"{settings.name} status",
        logo=f"data:image/png;base64,{b64encode(settings.logo).decode()}" if settings.logo else None,
        base=base,
        path=path,
        key=shown,
        minute=picture.minute,
        look=chosen,
        favicon=marks.favicon(shown),
        zone_words=words.zone_words(picture),
        **view,
    )
    # only now is it known which drawings the page uses
    sprite = Markup('<svg class="defs" aria-hidden="true">{0}</svg>').format(marks.sprite(html))
    html = html.replace('<div class="band', f'{sprite}\n<div class="band', 1)
    return Document("text/html; charset=utf-8", html.strip().encode("utf-8", "replace"), security_headers(chosen))


def security_headers(chosen: Look) -> dict[str, str]:
    """What every HTML page of ours tells the browser."""
    return {
        "Content-Security-Policy": chosen.policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "strict-origin-when-cross-origin",
    }


# -- one incident ------------------------------------------------------------------------------------------------------


def _update(update: Update, incident: Incident, picture: Picture, *, is_newest: bool) -> dict[str, Any]:
    zone = picture.zone
    local_day = update.display_at.astimezone(zone).date()
    utc = times.in_utc(update.display_at)
    return {
        "word": words.STATUS_WORD[update.status],
        "at": update.display_at,
        "clock": times.at(update.display_at, zone),
        "utc": utc if utc != times.at(update.display_at, zone) else "",
        "day": times.day(local_day, near=picture.today) if local_day != picture.today or not incident.is_open else "",
        "html": Markup(update.body_html),  # noqa: S704 - made safe when it was written (kernel.text)
        "promised_at": update.promised_at,
        "promise": _promise(update, incident, picture, is_newest=is_newest),
        "is_late": is_newest and _is_late(incident, picture),
        "edited_at": update.edited_at,
        "edited": f"Edited {times.both_with_day(update.edited_at, zone, now=update.display_at)}" if update.edited_at else "",
    }


def _promise(update: Update, incident: Incident, picture: Picture, *, is_newest: bool) -> str:
    if update.promised_at is None:
        return ""
    if is_newest and incident.is_open:
        return words.promise(update.promised_at, minute=picture.minute, zone=picture.zone) + "."
    return words.promised(update.promised_at, then=update.display_at, zone=picture.zone)


def _is_late(incident: Incident, picture: Picture) -> bool:
    return incident.promise is not None and words.is_late(incident.promise, picture.minute)


def _severity(incident: Incident, picture: Picture) -> str:
    return words.SEVERITY_WORD.get(incident.row.severity, "") if picture.settings.shows_severity else ""


def _began(incident: Incident, picture: Picture) -> str:
    """For an open one how long ago; what is over does not change by the minute."""
    started = times.both_with_day(incident.began_at, picture.zone, now=picture.minute if incident.is_open else incident.began_at)
    if incident.is_open:
        return f"Started {started}, {words.ago(incident.began_at, picture.minute)}"
    return f"Started {started}"


def _names(incident: Incident, which: Mapping[str, object]) -> str:
    return ", ".join(incident.names[one] for one in which if one in incident.names)


def _outcome(incident: Incident, picture: Picture) -> str:
    named = [incident.names[one] for one, status in incident.worst_of.items() if status != _OPERATIONAL]
    if incident.ended_at:
        how = "Merged after" if incident.row.continues else "Resolved after"
        length = times.lasted(incident.lasted(picture.minute))
        if not named or incident.row.continues:
            return f"{how} {length}."
        verb = "is" if len(named) == 1 else "are"
        return f"{how} {length}. {words.listed(named)} {verb} working normally again."
    by_status: dict[str, list[str]] = {}
    for one, status in incident.now.items():
        by_status.setdefault(status, []).append(incident.names[one])
    told = [words.trouble(status, by_status[status]) for status in sorted(by_status, key=lambda each: -BADNESS[each])]
    if told:
        return " ".join(told)
    return "We are looking into it." if incident.status != "monitoring" else "A fix is in place, and we are watching it."


def _when(moment: datetime, picture: Picture) -> dict[str, Any]:
    local = moment.astimezone(picture.zone)
    here, utc = times.at(moment, picture.zone), times.in_utc(moment)
    # the year always: what is over keeps its bytes from one year to the next
    day = f"{times.day(local.date())} {local.year}"
    return {"at": moment, "clock": here, "rest": f"{day}, {utc}" if here != utc else day}


def _time_in(incident: Incident, status: str, minute: datetime) -> timedelta:
    return sum((end - start for start, end, found in _phases(incident, minute) if found == status), timedelta())


def _phases(incident: Incident, minute: datetime) -> list[tuple[datetime, datetime, ComponentStatus]]:
    """The incident from beginning to end, cut where its worst component changed."""
    until = max(incident.ended_at or minute, incident.began_at)
    edges = {incident.began_at, until}
    for each in incident.stretches:
        edges |= {min(max(at, incident.began_at), until) for at in (each.start, each.end or until)}
    cuts = sorted(edges)
    phases: list[tuple[datetime, datetime, ComponentStatus]] = []
    for start, end in pairwise(cuts):
        status = worst(each.status for each in incident.stretches if each.start <= start and (each.end or until) >= end)
        goes_on = bool(phases) and phases[-1][2] == status
        phases.append((phases.pop()[0] if goes_on else start, end, status))
    return phases


_PHASE_WORD = {"ok": "Working", "deg": "Degraded", "part": "Partly down", "maj": "Down", "mnt": "Maintenance"}


def _ribbon(incident: Incident, minute: datetime) -> list[dict[str, Any]]:
    """Down and working, to scale on a line of 1,000."""
    phases = _phases(incident, minute)
    if incident.names_none or not phases:
        return []
    whole = (phases[-1][1] - phases[0][0]).total_seconds()
    drawn = []
    for place, (start, end, status) in enumerate(phases):
        key = marks.KEY[status]
        again = key == "ok" and place > 0
        x = round((start - phases[0][0]).total_seconds() / whole * 1000)
        gap = 0 if place == len(phases) - 1 else 3
        width = max(4, round((end - start).total_seconds() / whole * 1000) - gap)
        length = times.lasted(end - start)
        word = "Working again" if again else _PHASE_WORD[key]
        watched = again and place == len(phases) - 1
        drawn.append({"key": key, "word": word, "x": x, "width": width, "length": f"watched for {length}" if watched else length})
    return drawn


def _affected(incident: Incident, picture: Picture) -> list[dict[str, Any]]:
    shown = {component.id for component in picture.components}
    found = []
    for each in incident.stretches:
        end = each.end or picture.minute
        found.append(
            {
                "id": each.component,
                "name": incident.names.get(each.component, ""),
                "link": each.component in shown,
                "status": each.status,
                "when": _span(each.start, each.end, picture),
                "letters": times.abbreviation(end, picture.zone),
                "length": times.lasted(max(end - each.start, timedelta())),
            }
        )
    return found


def _span(start: datetime, end: datetime | None, picture: Picture) -> str:
    zone = picture.zone
    if end is None:
        return f"Since {start.astimezone(zone):%H:%M}"
    first, last = start.astimezone(zone), end.astimezone(zone)
    if first.date() == last.date():
        return f"{first:%H:%M} to {last:%H:%M}"
    return f"{first:%H:%M} to {last:%H:%M}, {times.short_day(last.date())}"


# -- lists of incidents ------------------------------------------------------------------------------------------------


def _event(incident: Incident, picture: Picture) -> dict[str, Any]:
    zone = picture.zone
    troubled = {one: status for one, status in incident.worst_of.items() if status != _OPERATIONAL}
    ending = ""
    if incident.ended_at:
        word = "Merged" if incident.row.continues else "Resolved"
        ending = f"{word} at {times.both_with_day(incident.ended_at, zone, now=incident.began_at)}"
    return {
        "id": incident.id,
        "title": incident.title,
        "day": times.day(incident.began_at.astimezone(zone).date(), near=picture.today),
        "length": times.lasted(incident.lasted(picture.minute)) if incident.ended_at else "Ongoing",
        "worst": incident.worst if troubled else None,
        "severity": _severity(incident, picture),
        "affects": _names(incident, troubled),
        "ended_at": incident.ended_at,
        "ending": ending,
    }


def _group(picture: Picture, name: str | None, components: tuple[Component, ...]) -> dict[str, Any]:
    rows = [
        {
            "id": each.id,
            "name": each.name,
            "state": marks.state(each.status),
            "strip": marks.strip(picture, each),
            "percent": marks.percent(each),
        }
        for each in components
    ]
    return {"name": name, "rows": rows}


def _legend(picture: Picture) -> list[tuple[str, str, int]]:
    """The kinds of bars; maintenance and missing days only where a bar shows them."""
    rare = {
        "mnt": picture.told.knows_maintenance,
        "none": any(each.days[0].worst is None for each in picture.components),
    }
    return [entry for entry in marks.LEGEND if rare.get(entry[0], True)]


def _table_row(picture: Picture, component: Component, day: uptime.Day) -> dict[str, Any]:
    spent = day.spent.get(day.worst) if day.worst and day.worst != _OPERATIONAL else None
    happened = marks.incident_of(picture, component.id, day) if day.worst and day.worst != _OPERATIONAL else None
    return {
        "name": times.day(day.date, near=picture.today),
        "status": day.worst,
        "length": times.lasted(spent) if spent else ("now" if happened else ""),
        "link": happened.id if happened else None,
    }


# -- months ------------------------------------------------------------------------------------------------------------


def _month(first: date, found: tuple[Incident, ...], picture: Picture, *, with_calendar: bool) -> dict[str, Any]:
    is_this = first == picture.today.replace(day=1)
    count = f"{len(found)} {'incident' if len(found) == 1 else 'incidents'}"
    length = sum(((incident.ended_at or picture.minute) - incident.began_at for incident in found), timedelta())
    summary = f"{count}, {times.lasted(length)} of disruption{' so far' if is_this else ''}" if found else ""
    return {
        "name": times.month(first),
        "summary": summary,
        "days": _calendar(first, found, picture) if found and with_calendar else [],
        "incidents": [_event(incident, picture) for incident in found],
    }


def _calendar(first: date, found: tuple[Incident, ...], picture: Picture) -> list[dict[str, Any]]:
    worst_on: dict[date, ComponentStatus] = {}
    for incident in found:
        day = incident.began_at.astimezone(picture.zone).date()
        last = (incident.ended_at or picture.minute).astimezone(picture.zone).date()
        state = ComponentStatus.DEGRADED if incident.worst == _OPERATIONAL else incident.worst
        while day <= last and day.month == first.month and day.year == first.year:
            worst_on[day] = worst((worst_on.get(day, _OPERATIONAL), state))
            day += timedelta(days=1)
    cells: list[dict[str, Any]] = [{"look": "x", "number": "", "key": ""}] * first.weekday()
    day = first
    while day.month == first.month:
        key = marks.KEY[worst_on[day]] if day in worst_on else ""
        cells.append({"look": f"on st-{key}" if key else ("x" if day > picture.today else ""), "number": day.day, "key": key})
        day += timedelta(days=1)
    return cells


def _other_months(picture: Picture, oldest: date, newest: date | None) -> list[dict[str, str]]:
    """Up to three months before these, as far as there is history, and the one after."""
    first = picture.records.first_began_at
    limit = first.astimezone(picture.zone).date().replace(day=1) if first else oldest
    links, month = [], oldest
    for _ in range(3):
        month = (month - timedelta(days=1)).replace(day=1)
        if month < limit:
            break
        links.append({"path": f"{month:%Y-%m}", "name": times.month(month)})
    if newest is not None:
        after = (newest + timedelta(days=32)).replace(day=1)
        links.insert(0, {"path": f"{after:%Y-%m}", "name": times.month(after)})
    return links


def _mid_sentence(text: str) -> str:
    """As it reads behind a colon."""
    return (text[:1].lower() + text[1:] if not text.startswith("We ") else text).rstrip(".")
