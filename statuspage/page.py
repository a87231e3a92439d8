"""The picture as HTML: the page itself, one component, and an incident as the composer previews it."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from incidents.policy import uptime
from incidents.policy.components import ComponentStatus

from . import marks, panels, times, words
from .prepared import Document
from .sheets import sheet, templates
from .snapshot import Component, Picture
from .story import Incident

_MOST_PAST = 20
_OPERATIONAL = ComponentStatus.OPERATIONAL


def home(picture: Picture, *, base: str) -> Document:
    """``/``: is it up, what is affected, is somebody on it, and when is the next word."""
    past = words.recent(picture)
    return sheet(
        "home.html",
        picture,
        path="/",
        base=base,
        headline=words.headline(picture),
        sentence="" if picture.dark_since else words.sentence(picture),
        about=words.headline(picture),
        as_of=words.as_of(picture),
        open=[panels.panel_of(incident, picture) for incident in picture.open_incidents],
        groups=[_group(picture, group.row.name if group.row else None, group.components) for group in picture.groups],
        legend=_legend(picture),
        formula=uptime.formula(partial_weight=picture.settings.partial_weight),
        past=[panels.event_of(incident, picture) for incident in past[:_MOST_PAST]],
        quiet_days=words.quiet_days(picture, past),
    )


def component(picture: Picture, component: Component, *, base: str) -> Document:
    """``/components/<id>``: its ninety days as a table, and its incidents."""
    key = words.DARK if picture.dark_since else marks.KEY[component.status]
    since = component.days[0].date
    touched = [each for each in picture.incidents if component.id in each.worst_of]
    return sheet(
        "component.html",
        picture,
        path=f"/components/{component.id}",
        base=base,
        key=key,
        component=component,
        about=f"{component.name}: the last 90 days, and what happened on them.",
        state_word=words.headline(picture) if picture.dark_since else marks.WORD[marks.KEY[component.status]],
        uptime=f"{marks.percent(component)} uptime over the last 90 days." if component.uptime is not None else "",
        as_of=words.as_of(picture),
        incidents=[
            panels.event_of(each, picture)
            for each in touched
            if (each.ended_at or picture.minute).astimezone(picture.zone).date() >= since
        ][: _MOST_PAST * 2],
        days=[_table_row(picture, component, day) for day in reversed(component.days)],
        formula=uptime.formula(partial_weight=picture.settings.partial_weight),
    )


def missing(picture: Picture, *, base: str) -> Document:
    """What an address says where nothing is, or is any more."""
    return sheet("missing.html", picture, path="/", base=base, key="none", about=None)


def preview(picture: Picture, incident: Incident) -> Markup:
    """One incident exactly as the page will show it, for the composer: the same macro, without links."""
    module: Any = templates.get_template("_parts.html").module
    shown = module.panel(panels.panel_of(incident, picture), links=False)
    return Markup('<svg class="defs" aria-hidden="true">{0}</svg>{1}').format(marks.sprite(shown), shown)


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
