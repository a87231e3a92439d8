"""How one incident belongs to another; nobody reads the title of one he may not see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from ... import actions
from ...access import Role, actor, may, me
from ...access.visibility import find_incident, visible_incidents
from ...actions.relations import KINDS, relations_of
from ...kernel.database import db
from ...kernel.errors import Malformed
from ...records.incidents import Incident, Relation
from .. import other_incidents
from ..incident_pages import text
from .asking import answer
from .blueprint import FORM, bp

_BACKWARDS = {"duplicate_of": "Its duplicate is", "caused_by": "It caused", "seen_before": "It was seen again in"}


@dataclass(frozen=True)
class Known:
    """A relation whose other end the viewer may see; ``owner`` is the incident it was said of."""

    relation: Relation
    word: str
    other: Incident
    owner: Incident


@bp.route("/relations", methods=FORM)
@may(Role.RESPONDER)
def relations(ref: str) -> ResponseReturnValue:
    """Say how it belongs to another, or with ``remove`` take that back."""
    return answer(ref, "relations", facts=_facts, act=_act)


def _act(incident: Incident) -> str | None:
    if text("remove"):
        return _take_back(incident, text("remove"))
    other = find_incident(text("to"), me())
    if other is None:
        raise Malformed({"to": "There is no such incident. Write its number, such as INC-7."})
    actions.relate(incident, to=other, kind=text("kind"), by=actor())
    return None


def _take_back(incident: Incident, number: str) -> str | None:
    for known in _known(incident):
        if str(known.relation.id) == number:
            actions.unrelate(known.owner, relation=known.relation, by=actor())
    return None


def _known(incident: Incident) -> list[Known]:
    rows = relations_of(incident)
    ids = {row.other_id if row.incident_id == incident.id else row.incident_id for row in rows}
    seen = {other.id: other for other in db.session.scalars(visible_incidents(me()).where(Incident.id.in_(ids)))}
    found = []
    for row in rows:
        is_ours = row.incident_id == incident.id
        other = seen.get(row.other_id if is_ours else row.incident_id)
        if other is not None:
            word = KINDS[row.kind] if is_ours else _BACKWARDS[row.kind]
            found.append(Known(row, word, other, incident if is_ours else other))
    return found


def _facts(incident: Incident) -> dict[str, Any]:
    words = request.args.get("q", "").strip()
    return {
        "values": {"kind": "duplicate_of", "to": "", "q": words},
        "known": _known(incident),
        "kinds": list(KINDS.items()),
        "others": other_incidents.found(incident, words, me=me()),
    }
