"""Naming a set of the list's filters, and forgetting it."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

from sqlalchemy import delete, select

from ..kernel.database import db
from ..kernel.errors import Malformed
from ..published.wording import one_line
from ..records.people import Person
from ..records.views import NAME_LENGTH, QUERY_LENGTH, SavedView, views_of

MOST = 30
_KEPT = ("q", "state", "severity", "component", "visibility", "mine", "days", "since", "until")


def save_view(person: Person, *, name: str, query: str) -> SavedView:
    """Keep these filters under this name; the same name again means these filters from now on. Raises Malformed."""
    name = one_line(name)
    if not name:
        raise Malformed({"name": "Give the view a name."})
    if len(name) > NAME_LENGTH:
        raise Malformed({"name": f"Use at most {NAME_LENGTH} characters. There are {len(name)} now."})
    kept = urlencode([(key, value) for key, value in parse_qsl(query.lstrip("?")) if key in _KEPT])
    if len(kept) > QUERY_LENGTH:
        raise Malformed({"name": "These filters are too long to keep."})
    view = db.session.scalar(select(SavedView).where(SavedView.person_id == person.id, SavedView.name == name))
    if view is None:
        if len(views_of(person.id)) >= MOST:
            raise Malformed({"name": f"There are {MOST} views already. Delete one first."})
        view = SavedView(person_id=person.id, name=name, query=kept)
        db.session.add(view)
    view.query = kept
    db.session.flush()
    return view


def delete_view(person: Person, view_id: int) -> None:
    """Forget one of one's own; nothing happens for another's."""
    db.session.execute(delete(SavedView).where(SavedView.id == view_id, SavedView.person_id == person.id))
