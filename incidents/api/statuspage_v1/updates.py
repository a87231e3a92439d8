"""Incident updates: mend what was told. Nobody is told again, whatever ``deliver_notifications`` says."""

from __future__ import annotations

from werkzeug.exceptions import NotFound

from ...access import Scope
from ...kernel.errors import NotAllowed
from ...published.maintenances import find_maintenance
from .. import loading
from . import realtime, scheduled, shapes
from .routes import Given, Tell, address
from .values import moment, text

_TAKES = {"body": text(25_000), "display_at": moment()}


@address(
    "PATCH PUT",
    "/<page_id>/incidents/<incident_id>/incident_updates/<update_id>",
    scope=Scope.RESPOND,
    takes=_TAKES,
    wrapped_in="incident_update",
)
def change_update(given: Given, incident_id: str, update_id: str) -> Tell:
    loading.render_early(given.get("body"))
    work = find_maintenance(incident_id, for_writing=True)
    if work is None:
        realtime.revise(incident_id, update_id, given)
    else:
        told = [update["id"] for update in shapes.incident(incident_id)["incident_updates"]]
        if update_id not in told:
            raise NotFound
        if update_id != told[-1]:
            raise NotAllowed("Of announced work only the announcement itself can be reworded.")
        scheduled.reword(work, given.get("body") or work.body)
    return lambda: next(
        update for update in shapes.incident(incident_id)["incident_updates"] if update["id"] == update_id
    )
