"""How one incident belongs to another."""

from __future__ import annotations

from sqlalchemy import or_, select

from ..kernel import clock
from ..kernel.database import db
from ..kernel.errors import Malformed
from ..records.actors import Actor
from ..records.incidents import Incident, Relation
from . import journal

KINDS = {"duplicate_of": "Duplicate of", "caused_by": "Caused by", "seen_before": "Seen before in"}


def relate(incident: Incident, *, to: Incident, kind: str, by: Actor) -> Relation:
    """Say that this incident is a duplicate of, caused by, or seen before in another; saying it twice changes nothing.

    The door has checked that the actor may see both. Titles are never copied: who may not see the other sees nothing.
    """
    if kind not in KINDS:
        raise Malformed({"kind": f"Choose one of {', '.join(KINDS)}."})
    if to.id == incident.id:
        raise Malformed({"to": "An incident cannot be related to itself."})
    known = db.session.scalars(
        select(Relation).where(Relation.incident_id == incident.id, Relation.other_id == to.id, Relation.kind == kind)
    ).one_or_none()
    if known is not None:
        return known
    relation = Relation(incident_id=incident.id, other_id=to.id, kind=kind, at=clock.now(), by_name=by.name)
    db.session.add(relation)
    journal.write(incident, "related", by=by, detail={"kind": kind, "other_id": to.id})
    db.session.flush()
    return relation


def unrelate(incident: Incident, *, relation: Relation, by: Actor) -> None:
    """Take a relation back."""
    db.session.delete(relation)
    journal.write(incident, "unrelated", by=by, detail={"kind": relation.kind, "other_id": relation.other_id})


def relations_of(incident: Incident) -> list[Relation]:
    """Relations from and to this incident; the caller filters by what its viewer may see."""
    touching = or_(Relation.incident_id == incident.id, Relation.other_id == incident.id)
    return list(db.session.scalars(select(Relation).where(touching).order_by(Relation.id)))
