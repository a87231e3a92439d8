"""What the room says of the incident's channel in Slack: where it is, what went wrong with it, and what can be done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from ..actions import incident_channel
from ..kernel.database import db
from ..policy.lifecycle import Visibility
from ..records.addresses import ContactAddress
from ..records.incident_channel_settings import channel_settings
from ..records.incident_channels import IncidentChannel
from ..records.incidents import Incident
from ..records.people import Person
from ..reports.ways import SLACK

_OPEN_IN_SLACK = "https://slack.com/app_redirect?channel="


@dataclass(frozen=True, kw_only=True)
class Shown:
    """``state``: ``none``, ``making``, ``open``, ``archived``, ``gone``, ``leaving`` or ``left``.

    ``button`` is empty where nothing can be done by hand; ``again_at`` is when it is tried again by itself.
    """

    state: str
    name: str = ""
    address: str = ""
    is_private: bool = False
    archived_at: datetime | None = None
    problem: str = ""
    again_at: datetime | None = None
    outsiders: Sequence[tuple[str, str]] = ()  # name, why they are not in it
    button: str = ""


def of(incident: Incident) -> Shown | None:
    """None where Slack is not connected, or there is nothing to say."""
    if not incident_channel.is_connected():
        return None
    newest = select(IncidentChannel).where(IncidentChannel.incident_id == incident.id)
    channel = db.session.scalar(newest.order_by(IncidentChannel.left_at.is_not(None), IncidentChannel.id.desc()))
    may_be_made = _may_be_made(incident)
    if channel is None:
        return Shown(state="none", button="Make a channel") if may_be_made else None
    return _shown(channel, incident, may_be_made=may_be_made)


def print_of(incident: Incident) -> str:
    """Something that is another one as soon as this would say something else."""
    shown = of(incident)
    return repr(shown) if shown is not None else ""


def _may_be_made(incident: Incident) -> bool:
    if incident.closed_at is not None or not incident.is_open:
        return False
    return incident.visibility != Visibility.RESTRICTED or channel_settings().for_restricted


def _shown(channel: IncidentChannel, incident: Incident, *, may_be_made: bool) -> Shown:
    state = _state(channel)
    if state == "making" and not incident.is_open:
        return Shown(state="none")
    has_problem = bool(channel.problem)
    return Shown(
        state=state,
        name=channel.name,
        address=f"{_OPEN_IN_SLACK}{channel.channel_id}" if channel.channel_id and state in ("open", "archived") else "",
        is_private=channel.is_private,
        archived_at=channel.archived_at,
        problem=channel.problem,
        again_at=channel.due_at if has_problem else None,
        outsiders=_outsiders(channel) if state == "open" else (),
        button=_button(
            state, has_problem=has_problem, may_be_made=may_be_made, is_closed=incident.closed_at is not None
        ),
    )


def _outsiders(channel: IncidentChannel) -> list[tuple[str, str]]:
    """Whom Slack would not let be invited, and why."""
    whys = {user: str(why) for user, why in channel.invited.items() if why}
    if not whys:
        return []
    whose = select(Person.name, ContactAddress.value).join(ContactAddress, ContactAddress.person_id == Person.id)
    found = db.session.execute(whose.where(ContactAddress.kind == SLACK, ContactAddress.value.in_(whys)).distinct())
    return sorted((name, whys[user]) for name, user in found)


def _state(channel: IncidentChannel) -> str:
    if channel.gone_at is not None:
        return "gone"
    if channel.left_at is not None:
        return "left" if channel.archived_at is not None or channel.channel_id is None else "leaving"
    if channel.archived_at is not None:
        return "archived"
    return "making" if channel.channel_id is None else "open"


def _button(state: str, *, has_problem: bool, may_be_made: bool, is_closed: bool) -> str:
    if has_problem and not is_closed:
        return "Try again"
    if state in ("gone", "left"):
        return "Make a channel" if may_be_made else ""
    return "Open it again" if state == "archived" and not is_closed else ""
