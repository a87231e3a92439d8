"""What an update may say: to whom, with which status, about which components, promising what and when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from ..kernel import clock
from ..kernel.errors import Malformed, NotAllowed
from ..policy import cadence as cadence_rules
from ..policy.components import ComponentStatus
from ..policy.lifecycle import PublicStatus, Step, Visibility, default_public_status
from ..published.components import all_components
from ..records.incidents import Incident
from ..records.updates import Update
from . import cadence, matrix

_LATEST_PUBLICATION = timedelta(days=30)


def check_audience(incident: Incident, audience: str) -> None:
    """Raise NotAllowed where a public text would tell of an incident that is not."""
    if audience not in ("public", "internal"):
        raise Malformed({"audience": "Choose public or internal."})
    if audience == "public" and incident.visibility != Visibility.PUBLIC:
        raise NotAllowed(
            f"{incident.ref} is {incident.visibility}: nothing of it goes to the public. Make it public first."
        )


def status_for(incident: Incident, audience: str, given: str | None) -> str | None:
    """The public status given, else what the step suggests; None for colleagues. Raises Malformed."""
    if audience == "internal":
        return None
    if given is None:
        return default_public_status(Step(incident.step), in_place=incident.mitigated_at is not None)
    if given not in [*PublicStatus]:
        raise Malformed({"status": f"Choose one of {', '.join(PublicStatus)}."})
    return given


def check_status(incident: Incident, update: Update) -> None:
    """Raise NotAllowed where the text would say that it is over, or not over, and the incident says otherwise."""
    if update.audience == "internal" or update.public_status is None:
        return
    says_over = update.public_status in (PublicStatus.RESOLVED, PublicStatus.POSTMORTEM)
    if incident.is_open and says_over:
        raise NotAllowed("Resolve the incident to tell the public that it is over.")
    if not incident.is_open and not says_over:
        raise NotAllowed("This incident is over. Reopen it to tell the public that it goes on.")


def checked_promise(incident: Incident, given: datetime | None, at: datetime) -> datetime | None:
    """The promise cut to the minute, as ``policy.cadence.promise_refusal`` allows it."""
    if given is None or not incident.is_open:
        return None
    refusal = cadence_rules.promise_refusal(
        given, now=at, cadence=matrix.rule_of(incident).cadence, agreed=cadence.agreed_of(incident)
    )
    if refusal:
        raise Malformed({"next_update_at": refusal})
    return clock.to_the_minute(given)


def checked_time(publish_at: datetime | None, now: datetime) -> datetime | None:
    """The time of publication, which must lie ahead and within 30 days; None is now. Raises Malformed."""
    if publish_at is None:
        return None
    if publish_at <= now:
        raise Malformed({"publish_at": "This time has passed. Publish it now or choose a later time."})
    if publish_at > now + _LATEST_PUBLICATION:
        raise Malformed({"publish_at": "Choose a time within the next 30 days."})
    return publish_at


def known_components(given: Mapping[str, Any]) -> dict[str, str]:
    """The same mapping, checked: every id is a component of ours and every status a word we know."""
    if not given:
        return {}
    known = {component.public_id for component in all_components()}
    problems = [f"There is no component {name}." for name in given if name not in known]
    problems += [f"{word!r} is no component status." for word in given.values() if word not in [*ComponentStatus]]
    if problems:
        raise Malformed({"components": " ".join(problems[:5])})
    return {str(name): str(word) for name, word in given.items()}
