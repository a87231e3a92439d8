"""The picture as HTML: the page itself, and an incident as the composer previews it."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from incidents.kernel.languages import say, spoken, written_in
from incidents.policy.components import ComponentStatus

from . import marks, panels, words, work_panels
from .prepared import Document
from .sheets import sheet, templates
from .snapshot import Component, Group, Picture
from .story import Incident
from .work import Work

_MOST_PAST = 20
_COMPONENT_FRESH_FOR = 75  # minutes; a mirror renews a quiet component's page each hour
_OPERATIONAL = ComponentStatus.OPERATIONAL


def home(picture: Picture, *, base: str) -> Document:
    """``/``: is it up, what is affected, is somebody on it, and when is the next word."""
    past = words.recent(picture)
    upcoming, more_upcoming = work_panels.upcoming(picture)
    return sheet(
        "home.html",
        picture,
        path="/",
        base=base,
        headline=words.headline(picture),
        sentence="" if picture.dark_since else words.sentence(picture),
        about=words.headline(picture),
        as_of=words.as_of(picture),
        notice=_notice(picture),
        open=[panels.panel_of(incident, picture) for incident in picture.open_incidents],
        running=[work_panels.panel_of(work, picture) for work in picture.running],
        upcoming=upcoming,
        more_upcoming=more_upcoming,
        groups=[found for group in picture.groups if (found := _group(picture, group))],
        legend=_legend(picture),
        formula=words.formula(picture),
        past=panels.events_of(past[:_MOST_PAST], picture),
        quiet_days=words.quiet_days(picture, past),
    )


def _notice(picture: Picture) -> dict[str, Any] | None:
    """The pinned notice while it stands; its words are as they were written, in whatever language."""
    notice = picture.records.notice
    if notice is None or not notice.stands_at(picture.minute):
        return None
    return {"html": Markup(notice.body_html), "level": notice.level}  # noqa: S704 - rendered when it was pinned


def missing(picture: Picture, *, base: str) -> Document:
    """What an address says where nothing is, or is any more."""
    return sheet("missing.html", picture, path="/", base=base, key="none", about=None)


def away(picture: Picture, *, base: str) -> Document:
    """What an address says that cannot be looked up while the database is away."""
    return sheet("away.html", picture, path="/", base=base, key="none", about=None)


def preview(picture: Picture, incident: Incident) -> Markup:
    """One incident exactly as the page will show it, for the composer: the same macro, without links."""
    module: Any = templates.get_template("_parts.html").module
    shown = module.panel(panels.panel_of(incident, picture), links=False)
    return Markup('<svg class="defs" aria-hidden="true">{0}</svg>{1}').format(marks.sprite(shown), shown)


def preview_work(picture: Picture, work: Work) -> Markup:
    """Announced work exactly as the page will show it while it runs, for the console: the same macro, without links."""
    module: Any = templates.get_template("_parts.html").module
    shown = module.work(work_panels.panel_of(work, picture), links=False)
    return Markup('<svg class="defs" aria-hidden="true">{0}</svg>{1}').format(marks.sprite(shown), shown)


def preview_notice(body_html: Markup, level: str) -> Markup:
    """The pinned notice exactly as the page will show it, for the console: the same macro."""
    module: Any = templates.get_template("_parts.html").module
    shown = module.notice({"html": body_html, "level": level})
    return Markup('<svg class="defs" aria-hidden="true">{0}</svg>{1}').format(marks.sprite(shown), shown)


def _group(picture: Picture, group: Group) -> dict[str, Any] | None:
    """A heading with its rows; None where there is nothing to list under it."""
    rows = [_row(picture, each) for each in group.components if _is_listed(each)]
    if not rows:
        return None
    # one component speaks for itself; where all is well, the rows say so
    speaks = group.status != _OPERATIONAL and len(rows) > 1
    return {
        "id": group.id,
        "name": group.name,
        "state": marks.state(group.status) if speaks else "",
        "percent": marks.percent(group) if group.row and len(group.components) > 1 else "",
        "rows": rows,
    }


def _is_listed(component: Component) -> bool:
    return not component.row.only_if_degraded or component.status != _OPERATIONAL


def _row(picture: Picture, component: Component) -> Markup:
    """A component's line, printed once for as long as nothing of it changes."""
    today = component.today
    of_today = (picture.today, today.worst, tuple(today.spent.items())) if today is not None else None
    made_from = (component.row, component.status, component.uptime, of_today, component.past, written_in())
    return picture.told.once(component.id, f"row {spoken()}", made_from, lambda: _printed_row(picture, component))


def _printed_row(picture: Picture, component: Component) -> Markup:
    draws = component.row.is_showcased
    strip, percent = (marks.strip(picture, component), marks.percent(component)) if draws else ("", "")
    module: Any = templates.get_template("_parts.html").module
    return Markup(module.row(component.id, component.name, marks.state(component.status), strip, percent))  # noqa: S704 - our own macro


def _legend(picture: Picture) -> list[tuple[str, str, int]]:
    """The kinds of bars; maintenance and missing days only where a bar shows them."""
    rare = {
        "mnt": picture.told.knows_maintenance(picture.minute),
        "none": any((each.past or each.days)[0].worst is None for each in picture.components),
    }
    return [(key, say(word), height) for key, word, height in marks.LEGEND if rare.get(key, True)]
