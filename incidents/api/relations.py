"""How one incident belongs to another; a relation to one that is hidden from the token is not there."""

from __future__ import annotations

from typing import Any

from sqlalchemy import or_, select
from werkzeug.exceptions import NotFound

from .. import actions
from ..access import Scope, actor, viewer
from ..access.visibility import visible_to
from ..actions import relations
from ..kernel.database import db
from ..records.incidents import Incident, Relation
from . import incident_shape, loading, paging, shapes
from .fields import Body, choice
from .operations import Answer, Given, Thing, operation
from .paging import Page
from .shapes import NUMBER, TEXT, TIME, stamp

shapes.named(
    "Relation",
    shapes.record(
        **{"id": NUMBER, "from": TEXT, "kind": shapes.word(relations.KINDS), "to": TEXT, "at": TIME, "by": TEXT}
    ),
)


@operation(
    "GET",
    "/incidents/<ref>/relations",
    scope=Scope.READ,
    summary="What this incident has to do with others, whichever said so.",
    gives="Relation",
    is_list=True,
)
def list_relations(given: Given, ref: str) -> Page[Thing]:
    incident = loading.to_read(ref)
    seen = select(Incident.id).where(visible_to(viewer()))
    touching = or_(Relation.incident_id == incident.id, Relation.other_id == incident.id)
    wanted = select(Relation).where(touching, Relation.incident_id.in_(seen), Relation.other_id.in_(seen))
    page = paging.by_id(wanted, Relation.id, given, newest_first=False)
    return Page([_shape(relation) for relation in page.rows], page.cursor)


@operation(
    "POST",
    "/incidents/<ref>/relations",
    scope=Scope.RESPOND,
    summary="Say that this incident is a duplicate of, caused by, or seen before in another.",
    gives="Relation",
    body=Body(required={"to": loading.REF, "kind": choice(relations.KINDS)}, optional=loading.VERSION),
    status=201,
)
def relate(given: Given, ref: str) -> Answer:
    incident = loading.to_change(ref, given)
    other = loading.other_incident(given["to"], field="to")
    relation = actions.relate(incident, to=other, kind=given["kind"], by=actor())
    return Answer(_shape(relation), location=f"/incidents/{incident.ref}/relations/{relation.id}")


@operation(
    "DELETE",
    "/incidents/<ref>/relations/<relation_id>",
    scope=Scope.RESPOND,
    summary="Take a relation back.",
    gives=None,
    status=204,
)
def unrelate(given: Given, ref: str, relation_id: str) -> None:
    incident = loading.to_change(ref, given)
    relation = db.session.get(Relation, loading.row_id(relation_id))
    if relation is None or incident.id not in (relation.incident_id, relation.other_id):
        raise NotFound
    if len(incident_shape.seen_of([relation.incident_id, relation.other_id])) < 2:
        raise NotFound
    actions.unrelate(incident, relation=relation, by=actor())


def _shape(relation: Relation) -> dict[str, Any]:
    return {
        "id": relation.id,
        "from": incident_shape.ref_of(relation.incident_id),
        "kind": relation.kind,
        "to": incident_shape.ref_of(relation.other_id),
        "at": stamp(relation.at),
        "by": relation.by_name,
    }
