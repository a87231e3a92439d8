"""How a text that is not public yet would look on the page: drawn by the page itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime

from markupsafe import Markup
from sqlalchemy import Connection, select

from incidents.kernel.languages import speaking
from incidents.published.incidents import PublishedIncident

from . import page, rca_page, records, words
from .records import IncidentRow, UpdateRow
from .snapshot import Picture, draw
from .story import OVER
from .told import Told
from .work_records import WorkRow


def preview(
    connection: Connection,
    *,
    incident_id: int,
    title: str,
    severity: str,
    started_at: datetime,
    public_status: str,
    body_html: str,
    components: Mapping[str, str],
    display_at: datetime,
    next_update_at: datetime | None,
    now: datetime,
) -> Markup:
    """The incident's panel with this update on top, and the page's headline as it would then be.

    Nothing is written. ``components`` maps component public ids to statuses, as for ``publish``.
    """
    known = records.read(connection, now)
    update = UpdateRow(
        public_id="preview00000",
        body="",
        body_html=str(body_html),
        public_status=public_status,
        components=tuple(components.items()),
        display_at=display_at,
        next_update_at=next_update_at,
        notify=False,
        created_at=now,
        edited_at=None,
    )
    row = _with(
        _published(connection, incident_id), update, title=title, severity=severity, started_at=started_at, now=now
    )
    others = tuple(each for each in known.incidents if each.public_id != row.public_id)
    picture = draw(Told(replace(known, incidents=(row, *others))), now)
    return _shown(picture)


def rca_preview(connection: Connection, *, title: str, body_html: str, now: datetime) -> Markup:
    """The root cause analysis as its page would show it now. Nothing is written."""
    picture = draw(Told(records.read(connection, now)), now)
    with speaking(picture.settings.language):
        return rca_page.preview(picture, title, str(body_html))


def work_preview(
    connection: Connection,
    *,
    title: str,
    body_html: str,
    components: Collection[str],
    starts_at: datetime,
    ends_at: datetime,
    now: datetime,
) -> Markup:
    """Announced work as the page will show it while it is still to come. Nothing is written."""
    row = WorkRow(
        id=0,
        public_id="preview00000",
        series_id=None,
        title=title,
        body="",
        body_html=str(body_html),
        components=tuple(components),
        starts_at=starts_at,
        ends_at=ends_at,
        begun_at=None,
        verifying_at=None,
        finished_at=None,
        cancelled_at=None,
        ends_by_itself=True,
        verify_minutes=0,
        notify=False,
        sequence=0,
        created_at=now,
        updated_at=now,
        repeats=None,
        updates=(),
    )
    told = Told(replace(records.read(connection, now), maintenances=(row,)))
    with speaking(told.records.settings.language):
        return page.preview_work(draw(told, now), told.works[0])


def notice_preview(*, body_html: str, level: str) -> Markup:
    """The pinned notice as the page will show it while it stands. Nothing is read or written."""
    return page.preview_notice(Markup(body_html), level)  # noqa: S704 - rendered by kernel.text


def _shown(picture: Picture) -> Markup:
    with speaking(picture.settings.language):
        panel = page.preview(picture, picture.incidents[0])
        return Markup('<p class="pv-page">{0}</p>{1}').format(words.headline(picture), panel)


def _published(connection: Connection, incident_id: int) -> IncidentRow | None:
    public_id = connection.scalar(
        select(PublishedIncident.public_id).where(PublishedIncident.incident_id == incident_id)
    )
    return records.read_incident(connection, public_id) if public_id else None


def _with(
    row: IncidentRow | None, update: UpdateRow, *, title: str, severity: str, started_at: datetime, now: datetime
) -> IncidentRow:
    updates = (*row.updates, update) if row else (update,)
    updates = tuple(sorted(updates, key=lambda each: each.display_at))
    return IncidentRow(
        id=row.id if row else 0,
        public_id=row.public_id if row else "preview00000",
        title=title,
        severity=severity,
        began_at=min(started_at, updates[0].display_at),
        ended_at=updates[-1].display_at if updates[-1].public_status in OVER else None,
        created_at=row.created_at if row else now,
        updated_at=now,
        updates=updates,
        continues=None,
    )
