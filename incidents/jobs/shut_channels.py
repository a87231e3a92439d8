"""A channel of an incident in Slack that takes nothing from us: the team's channel says so, once, and goes on telling."""

from __future__ import annotations

from ..actions import team_channels
from ..channels import Outcome
from ..kernel import outbox
from ..kernel.database import db, writing
from ..kernel.outbox import Claim
from ..kernel.team_destinations import TEAM_DESTINATION
from ..records.incidents import Incident


def is_one(claimed: Claim, outcome: Outcome | None) -> bool:
    """Whether this attempt met one."""
    is_ours = claimed.purpose == outbox.TEAM and claimed.person_id is None and claimed.incident_id is not None
    is_own = claimed.channel == "slack" and claimed.destination != TEAM_DESTINATION
    return is_ours and is_own and outcome is not None and outcome.is_shut


def tell_team(claimed: Claim, outcome: Outcome) -> None:
    """Say it in the team's channel; the same channel of the same incident is spoken of once."""
    with writing():
        db.session.rollback()
        incident = db.session.get(Incident, claimed.incident_id)
        if incident is not None:
            team_channels.tell_of_shut_channel(incident, claimed.destination, reason=outcome.reason)
        db.session.commit()
