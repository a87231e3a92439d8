"""``channel``: where an incident is spoken of in Slack; where it has no channel one is made."""

from __future__ import annotations

from ...access import Role
from ...actions import incident_channel
from ...messages.letters import Button
from ...records.incident_channels import IncidentChannel, present_channel
from ..replies import Reply
from .asked import Asked

_OPEN_IN_SLACK = "https://slack.com/app_redirect?channel="


def channel(asked: Asked) -> Reply:
    """``channel [INC-42]``: the way to it; a responder makes it, opens it again, or has what went wrong tried again."""
    person = asked.known()
    incident, _rest = asked.incident(for_writing=person.may(Role.RESPONDER))
    known = present_channel(incident.id)
    if known is not None and known.is_open and not known.problem:
        return Reply(f"{incident.ref} is spoken of in #{known.name}.", buttons=[_way_to(known)])
    if not person.may(Role.RESPONDER):
        return Reply(f"{incident.ref} has no channel.", buttons=[asked.room(incident)])
    incident_channel.make_or_try_again(incident, by=asked.by)
    went_wrong = [f"Last time it went wrong: {known.problem}."] if known is not None and known.problem else []
    return Reply(f"The channel of {incident.ref} is seen to now.", went_wrong, [asked.room(incident)])


def _way_to(known: IncidentChannel) -> Button:
    return Button("Open the channel", f"{_OPEN_IN_SLACK}{known.channel_id}")
