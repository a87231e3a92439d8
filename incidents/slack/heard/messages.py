"""A message on which somebody chose a shortcut: Slack sends it along, so that nothing has to be asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ...actions import from_slack
from ...actions.from_slack import Said
from ...kernel.errors import Malformed
from ...records import heard_messages
from ...records.incident_channels import incident_of_channel
from ..acted import Acted

_DOMAIN = re.compile(r"[a-z0-9][a-z0-9.-]{0,80}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The message, and the number of the incident that its place is about; None where the place says nothing."""

    team: str
    channel: str
    ts: str
    said: Said
    incident_id: int | None


def chosen(acted: Acted) -> Chosen:
    """What the shortcut was chosen on. Raises Malformed where Slack names no message."""
    message = acted.told.get("message")
    message = message if isinstance(message, dict) else {}
    ts = str(message.get("ts") or acted.told.get("message_ts") or "")
    if not acted.channel or not from_slack.is_moment(ts):
        raise Malformed({"message": "Slack did not say which message this is."})
    said = from_slack.said(message)
    here = incident_of_channel(acted.channel) or heard_messages.incident_of_thread(acted.channel, said.thread_ts or ts)
    said = replace(said, permalink=_permalink(acted.told, acted.channel, ts, said.thread_ts))
    return Chosen(team=acted.team, channel=acted.channel, ts=ts, said=said, incident_id=here)


def _permalink(told: Mapping[str, Any], channel: str, ts: str, thread_ts: str) -> str:
    """The address that ``chat.getPermalink`` names; the shortcut says all that it is made of."""
    team = told.get("team")
    domain = str(team.get("domain", "")) if isinstance(team, dict) else ""
    if not _DOMAIN.fullmatch(domain):
        return ""
    thread = f"?thread_ts={thread_ts}&cid={channel}" if thread_ts and thread_ts != ts else ""
    return f"https://{domain}.slack.com/archives/{channel}/p{ts.replace('.', '')}{thread}"
