"""A published update as it is told to subscribers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from ..kernel.languages import say, say_many
from ..kernel.text import plain
from ..policy.components import ComponentStatus
from ..policy.overall import impact_of
from ..published.incidents import PublishedIncident, PublishedUpdate
from .public_letters import PublicLetter
from .public_news import COMPONENT_WORDS, STATUS_WORDS, Json, News, Surroundings, component, instant
from .public_times import both

_OVER = ("resolved", "postmortem")


def news_of(update: PublishedUpdate, around: Surroundings, *, earlier: int = 0) -> News:
    """What is told of it as it reads now. ``earlier``: how many updates before it were told to nobody."""
    incident = update.incident
    body = plain(update.body)
    return News(
        about="incident.updated",
        fold_key=f"public/{incident.public_id}",
        around=around,
        letter=partial(_letter, update, body, around, earlier=earlier),
        data={
            "incident": _incident(incident, around),
            "update": {
                "id": update.public_id,
                "status": update.public_status,
                "body": body,
                "components": {name: status for name, status in update.components.items() if name in around.components},
                "display_at": instant(update.display_at),
                "next_update_at": instant(update.next_update_at),
                "stands_for": earlier,
            },
        },
        statuspage_parts={"incident": _as_statuspage(incident, update, around)},
    )


# ---- the letter ----


def _letter(update: PublishedUpdate, body: str, around: Surroundings, *, earlier: int) -> PublicLetter:
    incident, page = update.incident, around.page
    links = [(say("Read on the status page"), _address(incident, around))]
    if update.public_status == "postmortem":
        links.insert(0, (say("Read the root cause analysis"), f"{_address(incident, around)}/rca"))
    return PublicLetter(
        page=page,
        state=STATUS_WORDS[update.public_status],
        title=incident.title,
        before=[_stands_for(earlier)] if earlier else [],
        text=body,
        text_html=update.body_html,
        impacts=_impacts(update, around),
        after=_times(update, around),
        links=links,
        thread=f"public-{incident.public_id}",
    )


def _stands_for(earlier: int) -> str:
    return say_many(
        earlier,
        "This takes the place of {count} earlier update that was not sent.",
        "This takes the place of {count} earlier updates that were not sent.",
    )


def _impacts(update: PublishedUpdate, around: Surroundings) -> list[tuple[str, str]]:
    """What this incident says of each component so far; once it is over they work again as far as it is concerned."""
    said: dict[str, str] = {}
    for each in update.incident.updates:
        said.update(each.components)
    listed = around.listed(said)
    if update.public_status in _OVER:
        return [(each.name, say(COMPONENT_WORDS[around.status_of(each)])) for each in listed]
    return [(each.name, say(COMPONENT_WORDS[said[each.public_id]])) for each in listed]


def _times(update: PublishedUpdate, around: Surroundings) -> list[str]:
    zone, incident = around.page.zone, update.incident
    lines = []
    if update.next_update_at is not None and update.public_status not in _OVER:
        lines.append(say("Next update by {when}.", when=both(update.next_update_at, zone)))
    lines.append(say("Started: {when}.", when=both(incident.began_at, zone)))
    if incident.ended_at is not None and update.public_status in _OVER:
        lines.append(say("Ended: {when}.", when=both(incident.ended_at, zone)))
    return lines


def _address(incident: PublishedIncident, around: Surroundings) -> str:
    return f"{around.page.url}/incidents/{incident.public_id}"


# ---- for programs ----


def _incident(incident: PublishedIncident, around: Surroundings) -> Json:
    return {
        "id": incident.public_id,
        "title": incident.title,
        "status": incident.newest.public_status,
        "impact": _impact(incident),
        "url": _address(incident, around),
        "started_at": instant(incident.began_at),
        "resolved_at": instant(incident.ended_at),
        "components": around.as_listed(_touched(incident)),
    }


def _touched(incident: PublishedIncident) -> set[str]:
    return {name for update in incident.updates for name in update.components}


def _impact(incident: PublishedIncident) -> str:
    return str(impact_of(status for update in incident.updates for status in update.components.values()))


def _as_statuspage(incident: PublishedIncident, newest: PublishedUpdate, around: Surroundings) -> Json:
    """Its fields in the order in which Statuspage writes them."""
    updates = [each for each in reversed(incident.updates) if each.id <= newest.id]
    rca = next((each for each in updates if each.public_status == "postmortem"), None)
    monitoring = [each.display_at for each in incident.updates if each.public_status == "monitoring"]
    return {
        "backfilled": False,
        "created_at": instant(incident.created_at),
        "impact": _impact(incident),
        "impact_override": None,
        "monitoring_at": instant(monitoring[0]) if monitoring else None,
        "postmortem_body": plain(rca.body) if rca else None,
        "postmortem_body_last_updated_at": instant(rca.edited_at or rca.created_at) if rca else None,
        "postmortem_ignored": False,
        "postmortem_notified_subscribers": rca is not None and rca.notify,
        "postmortem_notified_twitter": False,
        "postmortem_published_at": instant(rca.created_at) if rca else None,
        "resolved_at": instant(incident.ended_at),
        "scheduled_auto_transition": False,
        "scheduled_for": None,
        "scheduled_remind_prior": False,
        "scheduled_reminded_at": None,
        "scheduled_until": None,
        "shortlink": _address(incident, around),
        "status": newest.public_status,
        "updated_at": instant(incident.updated_at),
        "id": incident.public_id,
        "organization_id": around.page.id,
        "incident_updates": _statuspage_updates(incident, updates, around),
        "name": incident.title,
        "components": [component(each, around) for each in around.listed(_touched(incident))],
    }


def _statuspage_updates(
    incident: PublishedIncident, newest_first: Sequence[PublishedUpdate], around: Surroundings
) -> list[Json]:
    return [
        {
            "body": plain(each.body),
            "created_at": instant(each.created_at),
            "display_at": instant(each.display_at),
            "status": each.public_status,
            "twitter_updated_at": None,
            "updated_at": instant(each.edited_at or each.created_at),
            "wants_twitter_update": False,
            "id": each.public_id,
            "incident_id": incident.public_id,
            "affected_components": _affected(incident, each, around),
        }
        for each in newest_first[:10]
    ]


def _affected(incident: PublishedIncident, update: PublishedUpdate, around: Surroundings) -> list[Json]:
    """What this update changed: from what the incident had said before it."""
    before: dict[str, str] = {}
    for each in incident.updates:
        if each is update:
            break
        before.update(each.components)
    return [
        {
            "code": name,
            "name": around.components[name].name,
            "old_status": before.get(name, str(ComponentStatus.OPERATIONAL)),
            "new_status": status,
        }
        for name, status in update.components.items()
        if before.get(name) != status and name in around.components
    ]
