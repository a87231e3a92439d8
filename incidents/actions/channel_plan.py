"""How an incident's channel in Slack should be now, read off the incident: name, topic, people, headline, bookmarks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from sqlalchemy import select

from ..kernel import clock
from ..kernel.database import db
from ..kernel.settings import Settings
from ..messages import about_channel
from ..policy.channel_names import channel_name
from ..policy.lifecycle import Visibility
from ..published import publishing
from ..records.addresses import ContactAddress
from ..records.incident_channel_settings import channel_settings
from ..records.incident_channels import IncidentChannel
from ..records.incidents import Incident
from ..records.people import Person
from ..records.timeline import TimelineEntry
from ..reports.communication import template_text
from ..reports.ways import SLACK
from . import oncall, roles, telling, visibility


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to be so in Slack.

    ``people`` are the Slack users who should be in it. ``is_closed_circle``: nobody else may be.
    ``archive_at`` is when it is archived, where that is known; ``is_over``: then it need not be made any more.
    """

    incident_id: int
    ref: str
    name: str
    room: str
    topic: str
    purpose: str
    headline: Mapping[str, Any]
    withdrawn: Mapping[str, Any]
    is_open: bool
    archive_at: datetime | None
    bookmarks: Mapping[str, str] = field(default_factory=dict)
    people: Sequence[str] = ()
    is_closed_circle: bool = False

    @property
    def is_to_be_archived(self) -> bool:
        return self.archive_at is not None and self.archive_at <= clock.now()


def plan_for(channel: IncidentChannel) -> Plan:
    """Of what is committed now. A channel that the incident has left is told nothing of it."""
    incident = db.session.get_one(Incident, channel.incident_id)
    base_url = _settings().base_url
    room = f"{base_url}/console/incidents/{incident.ref}"
    is_restricted = incident.visibility == Visibility.RESTRICTED
    tells = channel.left_at is None and (channel.is_private or not is_restricted)
    commander = roles.holder(incident, roles.COMMANDER)
    return Plan(
        incident_id=incident.id,
        ref=incident.ref,
        name=channel_name(incident.id, incident.title if tells else "", is_drill=incident.is_drill),
        room=room,
        topic=about_channel.topic(incident, commander=commander.name if commander else None)
        if tells
        else about_channel.WITHDRAWN_TOPIC,
        purpose=about_channel.purpose(incident, room=room),
        headline=about_channel.headline(incident, template=template_text(incident), room=room) if tells else {},
        withdrawn=about_channel.withdrawn(incident),
        is_open=incident.is_open,
        archive_at=_archive_at(incident),
        bookmarks=_bookmarks(incident, room) if tells else {},
        people=_people(incident) if tells else (),
        is_closed_circle=is_restricted,
    )


def _archive_at(incident: Incident) -> datetime | None:
    if incident.closed_at is None:
        return None
    return incident.closed_at + timedelta(days=channel_settings().archive_after_days)


def _bookmarks(incident: Incident, room: str) -> dict[str, str]:
    published = publishing.find(incident.id)
    found = {about_channel.ROOM: room}
    if published is not None and incident.visibility == Visibility.PUBLIC:
        page = _settings().page_url or _settings().base_url
        found[about_channel.PUBLIC_PAGE] = f"{page}/incidents/{published.public_id}"
    return found


# ---- who should be in it ----


def _people(incident: Incident) -> list[str]:
    """Whoever declared it, has a part in it or was told; of a restricted one whoever is named, and of a drill who agreed."""
    if incident.visibility == Visibility.RESTRICTED:
        meant = visibility.named_people(incident)
    else:
        meant = [*oncall.declarer_of(incident), *_with_a_part(incident), *_told(incident)]
    active = {person.id: person for person in meant if person.is_active}
    playing = telling.who_plays_along(incident, [*active.values()])
    return _users_of(playing)


def _with_a_part(incident: Incident) -> list[Person]:
    return [person for _held, person in roles.current_roles(incident)]


def _told(incident: Incident) -> list[Person]:
    entries = select(TimelineEntry.detail).where(TimelineEntry.incident_id == incident.id, TimelineEntry.kind == "told")
    ids = {number for detail in db.session.scalars(entries) for number in detail.get("person_ids") or ()}
    return list(db.session.scalars(select(Person).where(Person.id.in_(ids)))) if ids else []


def _users_of(people: Sequence[Person]) -> list[str]:
    """Their users in Slack; who has none is not reached there."""
    addresses = select(ContactAddress.value).where(
        ContactAddress.kind == SLACK,
        ContactAddress.removed_at.is_(None),
        ContactAddress.person_id.in_([person.id for person in people]),
    )
    return [*dict.fromkeys(db.session.scalars(addresses.order_by(ContactAddress.id)))] if people else []


def _settings() -> Settings:
    found: Settings = current_app.extensions["sevenbells.settings"]
    return found
