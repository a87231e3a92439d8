"""What the company learnt: post-mortems in the team's own words."""

from __future__ import annotations

from .. import actions
from ..records.actors import Actor
from ..records.incidents import Incident


def publish(incident: Incident, *, by: Actor, summary: str, root_cause: str) -> None:
    """Write what was learnt and show it to colleagues; the incident is closed."""
    actions.write_postmortem(incident, by=by, body=f"{summary}\n\n{root_cause}")
