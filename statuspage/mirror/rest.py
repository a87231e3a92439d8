"""What a whole mirror has besides what is kept ready: every component, month, incident and piece of work there ever was.

Each address comes with its cause: as long as that is the same, so is the page, and nobody makes it to find out. So an old
history costs one short query a change, and is made once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, exists, select

from incidents.policy.components import ComponentStatus
from incidents.published.incidents import PublishedIncident, PublishedUpdate
from incidents.published.maintenances import Maintenance

from ..look import version
from ..snapshot import Picture

_CALM, _TROUBLED = 60, 5  # minutes after which a component's page says anew as of when it is
_OF_A_GROUP = ("", ".json")
_OF_A_COMPONENT = (*_OF_A_GROUP, "/badge.svg", "/badge.json", "/history.atom", "/history.rss", "/history.json")
_MOST_MONTHS = 240
_BESIDE_A_MONTH = ("", ".atom", ".rss", ".json")


@dataclass(frozen=True, slots=True)
class Entry:
    """One published incident or piece of work, by the little that tells whether its page is another now."""

    public_id: str
    began_at: datetime
    updated_at: datetime
    has_rca: bool = False


@dataclass(frozen=True, slots=True)
class Everything:
    """All that is published, as of one revision; the newest first."""

    incidents: tuple[Entry, ...]
    works: tuple[Entry, ...]


def read(connection: Connection) -> Everything:
    """Two queries for four short columns, however long the texts are."""
    rca = exists().where(
        PublishedUpdate.published_incident_id == PublishedIncident.id, PublishedUpdate.public_status == "postmortem"
    )
    said = exists().where(PublishedUpdate.published_incident_id == PublishedIncident.id)
    row = (PublishedIncident.public_id, PublishedIncident.began_at, PublishedIncident.updated_at, rca)
    found = connection.execute(select(*row).where(said).order_by(PublishedIncident.updated_at.desc()))
    works = select(Maintenance.public_id, Maintenance.starts_at, Maintenance.updated_at)
    return Everything(
        tuple(Entry(*each) for each in found),
        tuple(Entry(*each) for each in connection.execute(works.order_by(Maintenance.updated_at.desc()))),
    )


def addresses(picture: Picture, everything: Everything, *, without: Collection[str]) -> dict[str, str]:
    """Each address and its cause, what was changed last first; ``without`` those that are kept ready anyway."""
    pairs = (*_components(picture), *_incidents(picture, everything), *_works(picture, everything))
    found = {path: cause for path, cause in (*pairs, *_months(picture, everything)) if path not in without}
    found["/sitemap.xml"] = _cause(picture.records.revision, picture.today)
    return found


def _components(picture: Picture) -> Iterator[tuple[str, str]]:
    states = picture.told.standing(picture.minute).states
    groups = ((group.row.public_id, group.status, _OF_A_GROUP) for group in picture.groups if group.row is not None)
    named = (*groups, *((each.id, each.status, _OF_A_COMPONENT) for each in picture.components))
    for public_id, status, forms in named:
        cause = _cause(picture.records.revision, version(), states, picture.today, _as_of(status, picture))
        yield from ((f"/components/{public_id}{form}", cause) for form in forms)


def _as_of(status: ComponentStatus, picture: Picture) -> int:
    every = _CALM if status == ComponentStatus.OPERATIONAL else _TROUBLED
    return int(picture.minute.timestamp()) // 60 // every


def _incidents(picture: Picture, everything: Everything) -> Iterator[tuple[str, str]]:
    setting = _setting(picture)
    for each in everything.incidents:
        cause = _cause(each.updated_at, setting)
        yield f"/incidents/{each.public_id}", cause
        yield f"/incidents/{each.public_id}.json", cause
        if each.has_rca:
            yield f"/incidents/{each.public_id}/rca", cause


def _works(picture: Picture, everything: Everything) -> Iterator[tuple[str, str]]:
    states = {work.id: work.state(picture.minute) for work in picture.told.works}
    setting = _setting(picture)
    for each in everything.works:
        yield f"/maintenances/{each.public_id}", _cause(each.updated_at, states.get(each.public_id), setting)


def _months(picture: Picture, everything: Everything) -> Iterator[tuple[str, str]]:
    """From the first month that had anything to this one; each says what is so right now, too."""
    by_month: dict[date, list[tuple[str, datetime]]] = {}
    for each in (*everything.incidents, *everything.works):
        first = each.began_at.astimezone(picture.zone).date().replace(day=1)
        by_month.setdefault(first, []).append((each.public_id, each.updated_at))
    this_month = picture.today.replace(day=1)
    oldest = min(by_month, default=this_month)
    month, setting = this_month, _setting(picture)
    for _ in range(_MOST_MONTHS):
        if month < oldest:
            break
        cause = _cause(tuple(by_month.get(month, ())), picture.state, this_month, oldest, setting)
        yield from ((f"/history/{month:%Y-%m}{form}", cause) for form in _BESIDE_A_MONTH)
        month = (month - timedelta(days=1)).replace(day=1)


def _setting(picture: Picture) -> str:
    """What stands on every page: its look, its words, the names on it, and the year that is left out of dates."""
    names = tuple((each.public_id, each.name, each.archived_at) for each in picture.records.components)
    return _cause(version(), picture.settings, names, picture.records.groups, picture.today.year)


def _cause(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]
