"""Action items as far as somebody may see them: those of incidents that they may see, and no others."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Select, select
from werkzeug.exceptions import NotFound

from ..kernel.database import db
from ..records.action_items import ActionItem
from ..records.incidents import Incident
from .visibility import Viewer, visible_to


def visible_items(viewer: Viewer) -> Select[ActionItem]:
    """Every item that the viewer may see, joined with its incident, in no order."""
    return select(ActionItem).join(Incident, Incident.id == ActionItem.incident_id).where(visible_to(viewer))


def item_or_404(number: int, viewer: Viewer) -> ActionItem:
    """The item of that number; one that is hidden is missing."""
    found = db.session.scalars(visible_items(viewer).where(ActionItem.id == number)).one_or_none()
    if found is None:
        raise NotFound
    return found


def lock_items(numbers: Collection[int], viewer: Viewer) -> list[ActionItem]:
    """The same for several, without those that are missing or hidden, in the order of their numbers.

    They are locked until the transaction ends, their incidents first, so that two such requests never wait for each
    other and what is written is of what now stands.
    """
    wanted = visible_items(viewer).where(ActionItem.id.in_(numbers))
    incidents = wanted.with_only_columns(ActionItem.incident_id)
    locked = select(Incident.id).where(Incident.id.in_(incidents)).order_by(Incident.id).with_for_update()
    db.session.execute(locked).all()
    found = db.session.scalars(
        wanted.order_by(ActionItem.id).with_for_update(of=ActionItem).execution_options(populate_existing=True)
    )
    return [*found]


def lock_item_or_404(number: int, viewer: Viewer) -> ActionItem:
    """One item, locked until the transaction ends."""
    found = lock_items([number], viewer)
    if not found:
        raise NotFound
    return found[0]
