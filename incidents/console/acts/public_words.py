"""What an act tells the public: the page as it will be afterwards, and the text exactly as it will stand there."""

from __future__ import annotations

from markupsafe import Markup
from sqlalchemy import select

from ...kernel.database import db
from ...policy.components import ComponentStatus, worst
from ...policy.lifecycle import RESOLVED_WITHOUT_WORDS, PublicStatus
from ...policy.overall import Overall, impact_of, overall
from ...published.components import all_components
from ...published.incidents import PublishedIncident
from ...records.incidents import Incident
from .. import composer, page_state


def page_without(incident: Incident) -> Overall:
    """What the status page says of everything once this incident is over."""
    others = select(PublishedIncident.incident_id).where(
        PublishedIncident.ended_at.is_(None), PublishedIncident.incident_id != incident.id
    )
    impacts = [page_state.published_impact(incident_id) for incident_id in db.session.scalars(others)]
    shown = [
        worst([component.status, *(impact[component.public_id] for impact in impacts if component.public_id in impact)])
        for component in all_components()
        if component.is_shown
    ]
    nameless = [
        impact for impact in impacts if all(status == ComponentStatus.OPERATIONAL for status in impact.values())
    ]
    return overall(shown, unnamed=[impact_of(impact.values()) for impact in nameless])


def over(incident: Incident, body: str) -> Markup:
    """The resolving update as the public will read it."""
    values = {
        "audience": "public",
        "status": PublicStatus.RESOLVED.value,
        "body": body or RESOLVED_WITHOUT_WORDS,
        "next": "none",
    }
    works_again = dict.fromkeys(page_state.published_impact(incident.id), ComponentStatus.OPERATIONAL.value)
    return composer.preview(incident, values, works_again)


def again(incident: Incident, body: str) -> Markup:
    """The update that says that it goes on, as the public will read it; nothing while there are no words."""
    if not body:
        return Markup("")
    values = {"audience": "public", "status": PublicStatus.INVESTIGATING.value, "body": body, "next": "none"}
    return composer.preview(incident, values, {})
