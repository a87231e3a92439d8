"""Finding what an address or a body names, as the asking token may see it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from werkzeug.exceptions import NotFound

from ..access import viewer
from ..access.visibility import find_incident, incident_or_404
from ..kernel import text
from ..kernel.database import db
from ..kernel.errors import Malformed
from ..records.incidents import Incident
from ..records.people import Person, find_person
from . import conditional, fields

_ROW = re.compile(r"[1-9][0-9]{0,8}")

VERSION: Mapping[str, fields.Field] = {"version": fields.whole(1, 2**31 - 1)}
REF = fields.text(20, example="INC-42")
EMAIL = fields.text(254, example="alice@example.com")


def to_read(ref: str) -> Incident:
    """The incident of an address. One that is hidden from this token is missing, here and everywhere."""
    return incident_or_404(ref, viewer())


def to_lock(ref: str) -> Incident:
    """The incident of an address, locked until the transaction ends."""
    return incident_or_404(ref, viewer(), for_writing=True)


def to_change(ref: str, given: Mapping[str, Any], *, theirs: Mapping[str, str] | None = None) -> Incident:
    """The same, locked, and refused where the asker saw an older one.

    ``theirs`` maps names of the body to attributes, so that a refusal can say what stands there now.
    """
    incident = to_lock(ref)
    present: dict[str, object] = {
        name: getattr(incident, attribute) for name, attribute in (theirs or {}).items() if name in given
    }
    conditional.expect(incident.version, given, what=incident.ref, theirs=present)
    return incident


def other_incident(ref: str, *, field: str) -> Incident:
    """An incident named in a body; raises Malformed for one that is missing or hidden."""
    found = find_incident(ref, viewer())
    if found is None:
        raise Malformed({field: f"There is no incident {ref}."})
    return found


def both_to_change(ref: str, other: str, given: Mapping[str, Any], *, field: str) -> tuple[Incident, Incident]:
    """Two incidents, locked in the order of their numbers, so that two such requests never wait for each other."""
    incident, second = to_read(ref), other_incident(other, field=field)
    both = select(Incident).where(Incident.id.in_([incident.id, second.id])).order_by(Incident.id).with_for_update()
    db.session.scalars(both.execution_options(populate_existing=True)).all()
    conditional.expect(incident.version, given, what=incident.ref)
    return incident, second


def render_early(body: str | None) -> None:
    """Format a text before its incident is locked; the action then finds it done."""
    if body:
        text.render_markdown(body.strip())


def person(email: str, *, field: str = "person") -> Person:
    """Somebody with an active account, named in a body; raises Malformed."""
    found = find_person(email)
    if found is None or not found.is_active:
        raise Malformed({field: f"Nobody with an active account has the address {email}."})
    return found


def row_id(written: str) -> int:
    """A row's number in an address; what is no number is missing, like any other that does not exist."""
    if not _ROW.fullmatch(written):
        raise NotFound
    return int(written)
