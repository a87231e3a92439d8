"""The PyPI client ``atlassian-statuspage``, generated from Statuspage's own description: its models refuse words they do not know."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import atlassian_statuspage as their  # type: ignore[import-not-found] # it lives in an environment of its own
from atlassian_statuspage.rest import ApiException  # type: ignore[import-not-found]

PAGE, TITLE, BODY = os.environ["PAGE"], os.environ["TITLE"], os.environ["BODY"]


def main() -> dict[str, Any]:
    configuration = their.Configuration()
    configuration.host = f"{os.environ['ADDRESS']}/v1"
    configuration.api_key["Authorization"] = os.environ["TOKEN"]
    configuration.api_key_prefix["Authorization"] = "OAuth"
    client = their.ApiClient(configuration)
    return {
        **_page(their.PagesApi(client)),
        **_components(their.ComponentsApi(client), their.ComponentGroupsApi(client)),
        **_incidents(their.IncidentsApi(client), their.IncidentUpdatesApi(client)),
        **_postmortem(their.IncidentsApi(client), their.IncidentPostmortemApi(client)),
        **_subscribers(their.SubscribersApi(client)),
        **_templates(their.TemplatesApi(client)),
    }


def _page(pages: Any) -> dict[str, Any]:
    (page,) = pages.get_pages()
    changed = pages.patch_pages_page_id({"page": {"name": page.name, "time_zone": "Europe/Berlin"}}, PAGE)
    return {"page": page.id == PAGE, "zone": changed.time_zone}


def _components(components: Any, groups: Any) -> dict[str, Any]:
    wanted = {"name": "By a strict client", "status": "operational", "showcase": True, "start_date": "2026-01-02"}
    made = components.post_pages_page_id_components({"component": wanted}, PAGE)
    components.patch_pages_page_id_components_component_id({"component": {"status": "major_outage"}}, PAGE, made.id)
    group = groups.post_pages_page_id_component_groups(
        {"component_group": {"name": "Theirs", "components": [made.id]}}, PAGE
    )
    read = components.get_pages_page_id_components_component_id(PAGE, made.id)
    every = [each.name for each in components.get_pages_page_id_components(PAGE)]
    deleted = groups.delete_pages_page_id_component_groups_id(PAGE, group.id)
    components.delete_pages_page_id_components_component_id(PAGE, made.id)
    return {
        "component": [read.status, read.group_id == group.id, str(read.start_date), "Theirs" in every],
        "group": [deleted.name, group.components],
    } | {"made": made.id}


def _incidents(incidents: Any, updates: Any) -> dict[str, Any]:
    told = incidents.post_pages_page_id_incidents(
        {
            "incident": {
                "name": TITLE,
                "status": "identified",
                "body": BODY,
                "metadata": {},
                "auto_tweet_on_creation": True,
            }
        },
        PAGE,
    )
    mended = updates.patch_pages_page_id_incidents_incident_id_incident_updates_incident_update_id(
        {"incident_update": {"body": "Mended."}}, PAGE, told.id, told.incident_updates[0].id
    )
    over = incidents.put_pages_page_id_incidents_incident_id(
        {"incident": {"status": "resolved", "deliver_notifications": False}}, PAGE, told.id
    )
    found = incidents.get_pages_page_id_incidents(PAGE, q=TITLE[:20], limit=5)
    lists = (
        incidents.get_pages_page_id_incidents_unresolved,
        incidents.get_pages_page_id_incidents_scheduled,
        incidents.get_pages_page_id_incidents_upcoming,
        incidents.get_pages_page_id_incidents_active_maintenance,
    )
    every = [each.status for listed in lists for each in listed(PAGE)]
    gone = incidents.delete_pages_page_id_incidents_incident_id(PAGE, told.id)
    return {
        "incident": [told.status, mended.body, over.status, gone.id == told.id],
        "found": told.id in [each.id for each in found],
        "listed": sorted(set(every)),
        "refused": _status(
            lambda: incidents.post_pages_page_id_incidents({"incident": {"status": "identified"}}, PAGE)
        ),
        "missing": _status(lambda: incidents.get_pages_page_id_incidents_incident_id(PAGE, told.id)),
    }


def _postmortem(incidents: Any, postmortems: Any) -> dict[str, Any]:
    old = {"name": TITLE, "backfilled": True, "backfill_date": "2026-01-02", "body": "It was a full disk."}
    told = incidents.post_pages_page_id_incidents({"incident": old}, PAGE)
    draft = postmortems.put_pages_page_id_incidents_incident_id_postmortem(
        {"postmortem": {"body_draft": "Why."}}, PAGE, told.id
    )
    out = postmortems.put_pages_page_id_incidents_incident_id_postmortem_publish(
        {"postmortem": {"notify_subscribers": False}}, PAGE, told.id
    )
    back = postmortems.put_pages_page_id_incidents_incident_id_postmortem_revert(PAGE, told.id)
    return {"postmortem": [draft.body_draft, out.body, out.published_at is not None, back.body]}


def _subscribers(subscribers: Any) -> dict[str, Any]:
    wanted = {"email": "strict@example.com", "skip_confirmation_notification": True}
    made = subscribers.post_pages_page_id_subscribers({"subscriber": wanted}, PAGE)
    listed = [each.email for each in subscribers.get_pages_page_id_subscribers(PAGE)]
    counted = subscribers.get_pages_page_id_subscribers_count(PAGE, type="email")
    by_state = subscribers.get_pages_page_id_subscribers_histogram_by_state(PAGE)
    subscribers.post_pages_page_id_subscribers_subscriber_id_resend_confirmation(PAGE, made.id)
    gone = subscribers.delete_pages_page_id_subscribers_subscriber_id(PAGE, made.id)
    return {"subscribers": [made.email in listed, counted.email >= 1, by_state.email.active >= 1, gone.id == made.id]}


def _templates(templates: Any) -> dict[str, Any]:
    wanted = {"name": "Theirs", "title": "Theirs", "body": "We look.", "update_status": "investigating"}
    made = templates.post_pages_page_id_incident_templates({"template": wanted}, PAGE)
    return {
        "template": [made.name, made.id in [each.id for each in templates.get_pages_page_id_incident_templates(PAGE)]]
    }


def _status(ask: Any) -> int:
    try:
        ask()
    except ApiException as refused:
        return int(refused.status)
    return 200


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main()))
