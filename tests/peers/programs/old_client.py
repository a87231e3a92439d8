"""A script of 2016 with the PyPI client ``statuspageio``: it declares, tells, resolves and cleans up, and prints what it saw."""

from __future__ import annotations

import json
import os
import sys

import statuspageio  # type: ignore[import-not-found] # it lives in an environment of its own
from statuspageio.errors import RequestError, ResourceError  # type: ignore[import-not-found]

TITLE, BODY = os.environ["TITLE"], os.environ["BODY"]


def main() -> dict[str, object]:
    client = statuspageio.Client(api_key=os.environ["TOKEN"], page_id=os.environ["PAGE"], organization_id="any")
    client.config.base_url = os.environ["ADDRESS"]
    seen: dict[str, object] = {}

    made = client.components.create(name="Made by an old script", description="For the time being")
    component = client.components.update(made.id, status="partial_outage")
    seen["component"] = component.status
    seen["components"] = [each.name for each in client.components.list()]

    told = client.incidents.create(
        name=TITLE, status="investigating", message=BODY, impact_override="major", component_ids=[made.id]
    )
    seen["incident"] = told.id
    seen["read_back"] = [told.name, told.impact, told.incident_updates[0].body]
    seen["unresolved"] = told.id in [each.id for each in client.incidents.list_unresolved()]
    over = client.incidents.update(told.id, status="resolved", message="It works again.")
    seen["after"] = [over.status, [each.status for each in over.incident_updates]]
    seen["listed"] = told.id in [each.id for each in client.incidents.list()]

    work = client.incidents.create_scheduled(
        name=TITLE,
        status="scheduled",
        message=BODY,
        scheduled_for="2099-05-07T03:00:00.007Z",
        scheduled_until="2099-05-07T06:00:00.007Z",
        scheduled_remind_prior=True,
        scheduled_auto_in_progress=True,
        scheduled_auto_completed=True,
        component_ids=[made.id],
    )
    seen["work"] = [work.status, work.scheduled_for, work.id in [each.id for each in client.incidents.list_scheduled()]]
    seen["called_off"] = client.incidents.delete(work.id)

    subscriber = client.subscribers.create(email="ada@example.com", skip_confirmation_notification=True)
    seen["subscribers"] = [each.email for each in client.subscribers.list()]
    seen["unsubscribed"] = client.subscribers.delete(subscriber.id)
    hook = client.subscribers.create(endpoint="https://hooks.example.com/status", email="ada@example.com")
    seen["hook"] = hook.mode

    seen["refused"] = _kind(lambda: client.incidents.create(name="", status="investigating"))
    seen["missing"] = _kind(lambda: client.incidents.update("nowhere00000", status="resolved"))
    seen["withdrawn"] = client.incidents.delete(told.id)
    seen["put_away"] = client.components.delete(made.id)
    client.config.api_key = "wrong"
    seen["stranger"] = _kind(client.components.list)
    return seen


def _kind(ask: object) -> str:
    """What the client makes of a refusal."""
    try:
        ask()  # type: ignore[operator]
    except (RequestError, ResourceError) as refused:
        return f"{type(refused).__name__} {refused.http_status}"
    return "nothing"


if __name__ == "__main__":
    # the client prints each of its requests
    out, sys.stdout = sys.stdout, sys.stderr
    out.write(json.dumps(main()))
