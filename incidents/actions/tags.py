"""Tags on incidents: set by whoever responds, renamed and merged by administrators for all incidents at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, select

from ..access.visibility import Viewer, visible_to
from ..kernel import clock
from ..kernel.database import db
from ..kernel.errors import Malformed
from ..policy import tags as rules
from ..records import library
from ..records.actors import Actor
from ..records.incidents import Incident
from ..records.tags import IncidentTag, tags_of
from . import journal
from .audit import note


@dataclass(frozen=True)
class Known:
    """A tag, and on how many incidents it is."""

    tag: str
    count: int


def set_tags(incident: Incident, tags: Iterable[str], *, by: Actor) -> None:
    """These and no others; what changed stands on the timeline, and saying the same again writes nothing.

    Allowed at any time, closed or not. Raises Malformed for what can be no tag, and for too many.
    """
    wanted = checked(tags)
    standing = {row.tag: row for row in db.session.scalars(select(IncidentTag).filter_by(incident_id=incident.id))}
    added, removed = [tag for tag in wanted if tag not in standing], sorted(set(standing) - set(wanted))
    if not added and not removed:
        return
    for tag in removed:
        db.session.delete(standing[tag])
    for tag in added:
        db.session.add(IncidentTag(incident_id=incident.id, tag=tag, at=clock.now(), by_name=by.name))
    journal.write(incident, "tags", by=by, detail={"added": added, "removed": removed})
    db.session.flush()


def change_tags(incident: Incident, *, add: Iterable[str], remove: Iterable[str], by: Actor) -> None:
    """Some more and some fewer; what somebody else added meanwhile stays. Raises Malformed."""
    gone = set(remove)
    set_tags(incident, [*(tag for tag in of(incident) if tag not in gone), *add], by=by)


def checked(tags: Iterable[str]) -> list[str]:
    """Cleaned tags, each once. Raises Malformed."""
    wanted = rules.unique(tags)
    problem = next((problem for tag in wanted if (problem := rules.problem_of(tag))), None)
    if problem:
        raise Malformed({"tags": problem})
    if len(wanted) > rules.MOST:
        raise Malformed({"tags": f"Use at most {rules.MOST} tags. There are {len(wanted)} now."})
    return wanted


def of(incident: Incident) -> list[str]:
    """Its tags, in the order of the alphabet."""
    return tags_of([incident.id]).get(incident.id, [])


def known(viewer: Viewer) -> Sequence[Known]:
    """The tags on incidents that this viewer may see: what nobody else may know of is suggested to nobody else."""
    wanted = (
        select(IncidentTag.tag, func.count())
        .join(Incident, Incident.id == IncidentTag.incident_id)
        .where(visible_to(viewer))
        .group_by(IncidentTag.tag)
        .order_by(IncidentTag.tag)
    )
    return [Known(tag, count) for tag, count in db.session.execute(wanted)]


def rename_tag(tag: str, *, to: str, by: Actor) -> None:
    """The same incidents under another tag, which some of them may have already: then the two become one.

    It stands in the audit log alone: no incident changed. Raises Malformed.
    """
    new = next(iter(checked([to])), "")
    if not new:
        raise Malformed({"to": "Write the tag that it becomes."})
    if new == tag:
        return
    having = select(IncidentTag.incident_id).where(IncidentTag.tag == new)
    both = delete(IncidentTag).where(IncidentTag.tag == tag, IncidentTag.incident_id.in_(having.scalar_subquery()))
    touched = set(db.session.scalars(select(IncidentTag.incident_id).where(IncidentTag.tag == tag)))
    db.session.execute(both, execution_options={"synchronize_session": False})
    for row in db.session.scalars(select(IncidentTag).where(IncidentTag.tag == tag)):
        row.tag = new
    db.session.flush()
    library.catalogue(db.session.connection(), library.INCIDENTS, touched)
    note("tag renamed", by=by, subject=tag, after=new)


def remove_tag(tag: str, *, by: Actor) -> None:
    """Off every incident; in the audit log alone."""
    for row in db.session.scalars(select(IncidentTag).where(IncidentTag.tag == tag)):
        db.session.delete(row)
    db.session.flush()
    note("tag removed", by=by, subject=tag)
