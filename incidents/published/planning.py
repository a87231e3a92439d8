"""The ways in for announced work: plan it, change it, say that it begins, is checked, ends, takes longer or is called off.

None commits, and each moves the page's revision in the same transaction. Times are whole minutes, so that what is printed
is what is measured.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select

from ..kernel import clock
from ..kernel.clock import to_the_minute
from ..kernel.database import db
from ..kernel.errors import Malformed, NotAllowed
from ..policy.maintenance import LONGEST, OVER, RUNNING, State, problems_with
from . import notices
from .components import Component
from .maintenances import (
    BODY_LENGTH,
    LINK_LENGTH,
    TITLE_LENGTH,
    Maintenance,
    MaintenanceSeries,
    MaintenanceUpdate,
)
from .public_ids import fresh_public_id
from .revision import bump
from .wording import many_lines, one_line


@dataclass(frozen=True, kw_only=True)
class Words:
    """What a piece of work says, touches and how it behaves; ``body_html`` is made of ``body`` before the transaction."""

    title: str
    body: str = ""
    body_html: str = ""
    components: Collection[str] = ()
    checklist_url: str | None = None
    ends_by_itself: bool = True
    verify_minutes: int = 0
    notify: bool = True


def check(words: Words, *, known: Collection[str] = ()) -> dict[str, Any]:
    """The words as columns. ``known`` components may be gone meanwhile. Raises Malformed with a sentence per field."""
    problems: dict[str, str] = {}
    title, body, link = one_line(words.title), many_lines(words.body), one_line(words.checklist_url or "") or None
    if not title:
        problems["title"] = "Give it a title."
    elif len(title) > TITLE_LENGTH:
        problems["title"] = f"Keep the title under {TITLE_LENGTH + 1} characters."
    if len(body) > BODY_LENGTH:
        problems["body"] = f"Keep the text under {BODY_LENGTH + 1:,} characters."
    if link is not None and (len(link) > LINK_LENGTH or not _is_web_address(link)):
        problems["checklist_url"] = "Start the address with https://"
    if not 0 <= words.verify_minutes <= LONGEST // timedelta(minutes=1):
        problems["verify_minutes"] = "Give a number of minutes from 0 on."
    unknown = set(words.components) - set(known) - _existing(words.components)
    if unknown:
        problems["components"] = f"There is no component {min(unknown)}."
    if problems:
        raise Malformed(problems)
    return {
        "title": title,
        "body": body,
        "body_html": str(words.body_html),
        "components": sorted(set(words.components)),
        "checklist_url": link,
        "ends_by_itself": words.ends_by_itself,
        "verify_minutes": words.verify_minutes,
        "notify": words.notify,
    }


def plan(words: Words, *, starts_at: datetime, ends_at: datetime) -> Maintenance:
    """Announce one piece of work; what lies in the past is recorded, and told to nobody. Raises Malformed."""
    starts_at, ends_at = to_the_minute(starts_at), to_the_minute(ends_at)
    problems = problems_with(starts_at, ends_at)
    if problems:
        raise Malformed(problems)
    work = add(check(words), starts_at=starts_at, ends_at=ends_at)
    if work.state not in OVER:
        notices.about_maintenance(work, "scheduled", key="scheduled")
    return work


def add(columns: Mapping[str, Any], *, starts_at: datetime, ends_at: datetime, **more: Any) -> Maintenance:
    """The row itself, from columns that were checked."""
    now = clock.now()
    work = Maintenance(
        public_id=fresh_public_id(),
        starts_at=starts_at,
        ends_at=ends_at,
        timed_at=now,
        created_at=now,
        updated_at=now,
        **columns,
        **more,
    )
    db.session.add(work)
    _settle(work)
    return work


def reword(work: Maintenance, words: Words) -> bool:
    """Other words, components and behaviour, without a word to anybody; whether anything changed. Raises Malformed."""
    columns = check(words, known=work.components)
    if columns["body"] == work.body:
        columns["body_html"] = work.body_html
    changed = {name: value for name, value in columns.items() if getattr(work, name) != value}
    for name, value in changed.items():
        setattr(work, name, value)
    if changed:
        work.version += 1
        _settle(work)
    return bool(changed)


def move(work: Maintenance, *, starts_at: datetime, ends_at: datetime, tell: bool = True) -> bool:
    """Other times: both are kept, and subscribers hear of both. Whether they were others. Raises Malformed, NotAllowed.

    While it runs only its end can move; what is over stays as it was.
    """
    starts_at, ends_at = to_the_minute(starts_at), to_the_minute(ends_at)
    was = (work.starts_at, work.ends_at)
    if (starts_at, ends_at) == was:
        return False
    _refuse_what_is_over(work)
    if work.state in RUNNING and starts_at != work.starts_at:
        raise NotAllowed("It has begun. Its end can still be moved.")
    problems = problems_with(starts_at, ends_at)
    if not problems and ends_at <= clock.now():
        problems = {"ends_at": "This time has passed. Finish the maintenance instead."}
    if problems:
        raise Malformed(problems)
    kind = "extended" if starts_at == was[0] and work.state in RUNNING else "moved"
    work.starts_at, work.ends_at = starts_at, ends_at
    work.timed_at = clock.now()
    _log(work, kind, was=was, notify=tell)
    work.sequence += 1
    _settle(work)
    if tell:
        notices.about_maintenance(
            work,
            kind,
            key=f"{kind}/{work.sequence}",
            was_starts_at=was[0].isoformat(),
            was_ends_at=was[1].isoformat(),
        )
    return True


def begin(work: Maintenance) -> None:
    """It begins now, before its time. Raises NotAllowed."""
    if work.state != State.SCHEDULED:
        raise NotAllowed("It has begun already." if work.state in RUNNING else "It is over.")
    now = to_the_minute(clock.now())
    work.begun_at = now
    _log(work, "begun")
    work.sequence += 1
    _settle(work)
    notices.started(work)


def verify(work: Maintenance, *, body: str = "", body_html: str = "") -> None:
    """The work is done and being checked. Raises NotAllowed."""
    if work.state != State.IN_PROGRESS:
        raise NotAllowed("Only work in progress can be verified.")
    work.verifying_at = to_the_minute(clock.now())
    _log(work, "verifying", body=body, body_html=body_html)
    _settle(work)


def finish(work: Maintenance, *, body: str = "", body_html: str = "") -> None:
    """It is over, whatever was planned. Raises NotAllowed."""
    if work.state not in RUNNING:
        raise NotAllowed("It has not begun. Cancel it instead." if work.state == State.SCHEDULED else "It is over.")
    work.finished_at = to_the_minute(clock.now())
    _log(work, "completed", body=body, body_html=body_html)
    work.sequence += 1
    _settle(work)
    notices.ended(work)


def cancel(work: Maintenance, *, body: str = "", body_html: str = "", tell: bool = True) -> None:
    """It will not happen, or not go on; its page says so. Raises NotAllowed."""
    _refuse_what_is_over(work)
    work.cancelled_at = to_the_minute(clock.now())
    _log(work, "cancelled", body=body, body_html=body_html, notify=tell)
    work.sequence += 1
    _settle(work)
    if tell:
        notices.about_maintenance(work, "cancelled", key="cancelled", reason=body)


def write(work: Maintenance, *, body: str, body_html: str, notify: bool = True) -> MaintenanceUpdate:
    """A text about it, to the public. Raises Malformed."""
    if not many_lines(body):
        raise Malformed({"body": "Write what people should know."})
    if len(many_lines(body)) > BODY_LENGTH:
        raise Malformed({"body": f"Keep the text under {BODY_LENGTH + 1:,} characters."})
    update = _log(work, "note", body=body, body_html=body_html, notify=notify)
    _settle(work)
    if notify:
        notices.about_maintenance(work, "updated", key=f"update/{update.public_id}", text=update.body)
    return update


def running_components(now: datetime) -> set[str]:
    """Public ids of the components that are under maintenance at this minute."""
    minute = to_the_minute(now)
    begun = select(Maintenance).where(
        (Maintenance.starts_at <= minute) | (Maintenance.begun_at <= minute),
        Maintenance.over_at.is_(None) | (Maintenance.over_at > minute),
    )
    return {one for work in db.session.scalars(begun) for one in work.components if work.times.state(minute) in RUNNING}


def this_minute() -> datetime:
    """The present minute, in which all times of maintenance are counted."""
    return to_the_minute(clock.now())


def series_of(work: Maintenance) -> MaintenanceSeries | None:
    """The series that plans more of it, while it does."""
    return work.series if work.series is not None and work.series.stopped_at is None else None


def _log(
    work: Maintenance,
    kind: str,
    *,
    body: str = "",
    body_html: str = "",
    was: tuple[datetime, datetime] | None = None,
    notify: bool = True,
) -> MaintenanceUpdate:
    now = clock.now()
    update = MaintenanceUpdate(
        public_id=fresh_public_id(),
        kind=kind,
        body=many_lines(body),
        body_html=str(body_html),
        display_at=now,
        was_starts_at=was[0] if was else None,
        was_ends_at=was[1] if was else None,
        starts_at=work.starts_at if was else None,
        ends_at=work.ends_at if was else None,
        notify=notify and work.notify,
        created_at=now,
    )
    work.updates.append(update)
    work.version += 1
    return update


def _refuse_what_is_over(work: Maintenance) -> None:
    if work.state in OVER:
        raise NotAllowed("It is over.")


def _settle(work: Maintenance) -> None:
    """Keep what follows from the times, and move the page's revision."""
    work.over_at = work.times.over_at
    work.updated_at = clock.now()
    db.session.flush()
    bump()


def _existing(components: Collection[str]) -> set[str]:
    return set(db.session.scalars(select(Component.public_id).where(Component.public_id.in_(components))))


def _is_web_address(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and " " not in address
