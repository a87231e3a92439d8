"""The words that an update begins with: the last public text, else the team's template; internal text never goes public."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ..policy import communication
from ..policy.lifecycle import PublicStatus, Step, Visibility, default_public_status
from ..records.incidents import Incident
from ..records.matrix import MessageTemplate
from ..reports.communication import placeholder_values
from . import message_templates, telling, updates


def audience_of(incident: Incident) -> str:
    """Whom an update is for unless its writer says otherwise."""
    return "public" if incident.visibility == Visibility.PUBLIC and not incident.is_drill else "internal"


def status_of(incident: Incident) -> PublicStatus:
    """The public status that an update bears unless its writer says otherwise."""
    if not incident.is_open:
        return PublicStatus.RESOLVED
    return default_public_status(Step(incident.step), in_place=incident.mitigated_at is not None)


def statuses_of(incident: Incident) -> list[PublicStatus]:
    """Before the end what is going on, after it that it is over: resolving has a form of its own."""
    if incident.is_open:
        return [PublicStatus.INVESTIGATING, PublicStatus.IDENTIFIED, PublicStatus.MONITORING]
    return [PublicStatus.RESOLVED, PublicStatus.POSTMORTEM]


def of(incident: Incident, *, audience: str, status: str, next_update: datetime | None = None) -> str:
    """The last text for this audience, else the template that fits best, filled; empty where there is neither."""
    last = updates.latest(incident, audience=audience)
    if last is not None:
        return last.body
    fitting = fitting_templates(incident, status if audience == "public" else None, message_templates.in_order())
    if not fitting:
        return ""
    return filled(incident, fitting[0].body, audience=audience, status=status, next_update=next_update)


def fitting_templates(
    incident: Incident, status: str | None, templates: Sequence[MessageTemplate]
) -> list[MessageTemplate]:
    """The templates that are offered first; one made for a public status is none for colleagues."""
    meant = templates if status else [each for each in templates if each.public_status is None]
    return message_templates.fitting(incident, status, among=meant)


def filled(incident: Incident, body: str, *, audience: str, status: str, next_update: datetime | None = None) -> str:
    """A template's text with its placeholders filled; for the public only with what the public may know."""
    values = placeholder_values(
        incident,
        base_url=telling.base_url(),
        page_url=f"{telling.page_url()}/",
        for_public=audience == "public",
        public_status=status,
        next_update=next_update,
    )
    return communication.fill(body, values)
