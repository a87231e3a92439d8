"""Statuspage's manage API: what programs written for that say and expect, done with our actions."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from incidents.kernel.database import db
from incidents.published import notices, page_settings, subscribers
from incidents.published.baselines import baseline_history
from incidents.published.components import find_component
from incidents.records.incidents import Incident
from incidents.records.people import Role
from tests.conftest import WoundClock
from tests.factories import a_person
from tests.factories_people import make_token
from tests.factories_published import DEGRADED, MAJOR, OPERATIONAL, PARTIAL, make_component, make_update
from tests.outgoing import Outgoing, run_due_jobs
from tests.test_statuspage_formats import COMPONENT_KEYS, INCIDENT_KEYS, UPDATE_KEYS

# beside those of the public JSON
ONLY_FOR_MANAGERS = {
    "impact_override", "metadata", "reminder_intervals", "postmortem_body", "postmortem_body_last_updated_at",
    "postmortem_ignored", "postmortem_notified_subscribers", "postmortem_notified_twitter", "postmortem_published_at",
    "scheduled_for", "scheduled_until", "scheduled_remind_prior", "scheduled_reminded_at", "scheduled_auto_in_progress",
    "scheduled_auto_completed", "scheduled_auto_transition", "auto_transition_to_maintenance_state",
    "auto_transition_to_operational_state", "auto_transition_deliver_notifications_at_start",
    "auto_transition_deliver_notifications_at_end", "backfilled",
}  # fmt: skip


class Script:
    """Somebody's old script: the page's id, an OAuth key, JSON or forms."""

    def __init__(self, app: Flask, *, scope: str = "respond") -> None:
        self.client: FlaskClient = app.test_client()
        self.headers = {"Authorization": f"OAuth {make_token(f'{scope} script', scope=scope)}"}
        page_settings.change_page_settings(name="Example", zone="Europe/Berlin")
        db.session.commit()
        self.page = page_settings.page_settings().public_id

    def ask(self, method: str, path: str, body: Any = None, **more: Any) -> TestResponse:
        if body is not None:
            more["json"] = body
        full = f"/v1/pages/{self.page}{path}"
        answer: TestResponse = self.client.open(full, method=method, headers=self.headers, **more)
        return answer

    def did(self, method: str, path: str, body: Any = None, *, status: int = 200, **more: Any) -> Any:
        answer = self.ask(method, path, body, **more)
        assert answer.status_code == status, answer.text
        return answer.json if answer.data else None

    def get(self, path: str) -> Any:
        return self.did("GET", path)

    def tell(self, **fields: Any) -> Any:
        return self.did("POST", "/incidents", {"incident": {"name": "Checkout fails", **fields}}, status=201)

    def change(self, incident_id: str, **fields: Any) -> Any:
        return self.did("PATCH", f"/incidents/{incident_id}", {"incident": fields})


@pytest.fixture
def script(app: Flask) -> Script:
    return Script(app)


@pytest.fixture
def owner(app: Flask) -> Script:
    return Script(app, scope="admin")


def private(ref: str = "INC-1") -> Incident:
    db.session.expire_all()
    return db.session.get_one(Incident, int(ref.removeprefix("INC-")))


def test_an_incident_is_told_and_people_are_paged_as_by_any_declaration(
    app: Flask, script: Script, outgoing: Outgoing
) -> None:
    a_person("Maya", role=Role.RESPONDER)
    api = make_component("API").public_id

    told = script.tell(
        status="identified", body="Payments **fail**.", impact_override="critical", components={api: MAJOR}
    )

    incident = private()
    assert (incident.severity, incident.title, incident.declared_by_name) == ("P1", "Checkout fails", "respond script")
    run_due_jobs()
    assert "maya@example.com" in outgoing.destinations
    assert (told["status"], told["impact"], told["incident_updates"][0]["body"]) == (
        "identified",
        "critical",
        "Payments **fail**.",
    )
    affected = told["incident_updates"][0]["affected_components"]
    assert affected == [{"code": api, "name": "API", "old_status": OPERATIONAL, "new_status": MAJOR}]
    assert script.get(f"/components/{api}")["status"] == MAJOR
    assert script.client.get(f"/incidents/{told['id']}.json").get_json()["name"] == "Checkout fails"


def test_its_shape_is_that_of_the_public_json_and_what_managers_see_besides(app: Flask, script: Script) -> None:
    api = make_component("API").public_id
    told = script.tell(body="Down.", components={api: PARTIAL})
    work = script.did("POST", "/incidents", {"incident": SCHEDULED | {"component_ids": [api]}}, status=201)

    for shape in (told, work):
        assert set(shape) == {*INCIDENT_KEYS, *ONLY_FOR_MANAGERS}
        assert set(shape["incident_updates"][0]) == {*UPDATE_KEYS, "twitter_updated_at", "wants_twitter_update"}
        assert [each["id"] for each in shape["components"]] == [api]
        assert set(shape["components"][0]) == {*COMPONENT_KEYS, "automation_email"}
    assert (told["metadata"], told["impact_override"], told["backfilled"]) == ({}, None, False)


def test_the_severity_follows_from_how_hard_the_public_is_hit(app: Flask, script: Script) -> None:
    api = make_component("API").public_id
    said: list[tuple[dict[str, Any], str, str]] = [
        ({}, "P3", "minor"),
        ({"impact_override": "none"}, "P4", "minor"),  # an open incident that names nothing is minor at least
        ({"impact_override": "maintenance"}, "P4", "minor"),
        ({"components": {api: DEGRADED}}, "P3", "minor"),
        # named without a status: as bad as the impact that was given, else not at all
        ({"component_ids": [api], "impact_override": "major"}, "P2", "major"),
        ({"component_ids": [api]}, "P4", "none"),
    ]
    told = [script.tell(**fields)["impact"] for fields, _severity, _impact in said]
    assert told == [impact for _fields, _severity, impact in said]
    found = [private(f"INC-{number}").severity for number in range(1, len(said) + 1)]
    assert found == [severity for _fields, severity, _impact in said]


def test_a_status_or_a_text_appends_an_update_and_the_same_again_does_not(app: Flask, script: Script) -> None:
    told = script.tell(body="We look.")
    was = {"status": "investigating", "body": "We look.", "name": "Checkout fails"}
    assert len(script.change(told["id"], **was)["incident_updates"]) == 1

    after = script.change(told["id"], status="monitoring", message="A fix is out.", name="Checkout failed")
    assert (after["name"], after["status"]) == ("Checkout failed", "monitoring")
    assert [each["body"] for each in after["incident_updates"]] == ["A fix is out.", "We look."]
    twice = {"body": "Line one.\r\nLine two.", "status": "monitoring"}
    assert [len(script.change(told["id"], **twice)["incident_updates"]) for _again in range(2)] == [3, 3]
    without_words = script.change(told["id"], status="identified", deliver_notifications=False)
    newest = without_words["incident_updates"][0]
    assert (newest["body"], newest["deliver_notifications"]) == ("We know the cause, and are working on it.", False)


def test_an_incident_that_was_read_can_be_sent_back_whole(app: Flask, script: Script) -> None:
    told = script.tell(body="We look.", components={make_component("API").public_id: MAJOR})
    sent = script.did("PUT", f"/incidents/{told['id']}", {"incident": {**told, "name": "Checkout is slow"}})
    assert (sent["name"], sent["incident_updates"], sent["components"]) == (
        "Checkout is slow",
        told["incident_updates"],
        told["components"],
    )
    assert script.ask("HEAD", f"/incidents/{told['id']}").status_code == 200


def test_resolving_ends_the_incident_and_all_that_it_degraded(app: Flask, script: Script) -> None:
    api = make_component("API").public_id
    told = script.tell(components={api: MAJOR})
    after = script.change(told["id"], status="resolved", body="It works again.", components={api: OPERATIONAL})

    assert (after["status"], after["resolved_at"] is not None) == ("resolved", True)
    assert [each["status"] for each in after["incident_updates"]] == ["resolved", "investigating"]
    assert script.get(f"/components/{api}")["status"] == OPERATIONAL
    assert private().outcome == "resolved"
    assert script.get("/incidents/unresolved") == []
    assert len(script.change(told["id"], status="resolved")["incident_updates"]) == 2

    again = script.change(told["id"], status="investigating", body="It is back.")
    assert (again["status"], again["resolved_at"], private().is_open) == ("investigating", None, True)
    assert len(again["incident_updates"]) == 3


def test_changed_components_are_told_with_their_time_so_that_the_days_stay_true(
    app: Flask, script: Script, clock: WoundClock
) -> None:
    api, web = make_component("API").public_id, make_component("Web").public_id
    told = script.tell(components={api: MAJOR, web: PARTIAL})
    clock.forward(minutes=30)
    after = script.change(told["id"], components={api: OPERATIONAL})

    assert [each["body"] for each in after["incident_updates"]] == ["API works normally.", "We are looking into this."]
    assert after["incident_updates"][0]["deliver_notifications"] is False
    assert [script.get(f"/components/{each}")["status"] for each in (api, web)] == [OPERATIONAL, PARTIAL]
    # all affected ones, listed: the others work again
    script.change(told["id"], component_ids=[])
    assert script.get(f"/components/{web}")["status"] == OPERATIONAL


def test_one_that_is_over_when_it_is_told_pages_nobody(app: Flask, script: Script, outgoing: Outgoing) -> None:
    a_person("Maya")
    told = script.tell(status="resolved", body="A short failure.")
    run_due_jobs()
    assert (told["status"], private().outcome, outgoing.subjects) == ("resolved", "resolved", [])


def test_the_past_is_filled_in_without_telling_anybody(app: Flask, script: Script, outgoing: Outgoing) -> None:
    a_person("Maya")
    old = script.tell(body="It was long ago.", backfilled=True, backfill_date="2026-11-01", impact_override="major")

    assert (old["backfilled"], old["status"], old["started_at"]) == (True, "resolved", "2026-10-31T23:00:00.000Z")
    run_due_jobs()
    assert (old["incident_updates"][0]["deliver_notifications"], outgoing.subjects) == (False, [])
    assert private().closed_at is not None, "nobody is asked for a post-mortem of the past"
    refused = {"incident": {"name": "Old", "backfilled": True, "components": {make_component().public_id: MAJOR}}}
    assert script.ask("POST", "/incidents", refused).status_code == 422


def test_an_update_is_mended_and_nobody_is_told_again(app: Flask, script: Script, clock: WoundClock) -> None:
    told = script.tell(body="Payements fail.")
    update = told["incident_updates"][0]["id"]
    clock.forward(minutes=5)
    path = f"/incidents/{told['id']}/incident_updates/{update}"
    mended = script.did(
        "PATCH", path, {"incident_update": {"body": "Payments fail.", "display_at": "2026-11-23T02:10:00Z"}}
    )

    assert (mended["body"], mended["display_at"]) == ("Payments fail.", "2026-11-23T02:10:00.000Z")
    assert len(script.get(f"/incidents/{told['id']}")["incident_updates"]) == 1
    assert script.ask("PATCH", path[:-1] + "_", {"incident_update": {"body": "x"}}).status_code == 404


def test_deleting_withdraws_it_from_all_that_we_serve(app: Flask, script: Script) -> None:
    told = script.tell(body="By mistake.")
    script.change(told["id"], status="identified")
    assert script.did("DELETE", f"/incidents/{told['id']}")["id"] == told["id"]

    assert script.ask("GET", f"/incidents/{told['id']}").status_code == 404
    assert script.client.get(f"/incidents/{told['id']}").status_code == 404
    assert (script.get("/incidents"), private().is_open) == ([], True)


SCHEDULED = {
    "name": "Storage moves",
    "body": "Uploads are read-only.",
    "status": "scheduled",
    "scheduled_for": "2026-11-24T21:00:00Z",
    "scheduled_until": "2026-11-24T22:30:00.000+00:00",
    "scheduled_auto_completed": True,
    "scheduled_remind_prior": True,
}


def test_announced_work_is_planned_moved_begun_and_finished(app: Flask, script: Script, clock: WoundClock) -> None:
    api = make_component("API").public_id
    work = script.did(
        "POST", "/incidents", {"incident": SCHEDULED | {"components": {api: "under_maintenance"}}}, status=201
    )
    path = f"/incidents/{work['id']}"
    assert (work["status"], work["impact"], work["scheduled_for"]) == (
        "scheduled",
        "maintenance",
        "2026-11-24T21:00:00.000Z",
    )
    assert [[each["id"] for each in script.get(f"/incidents/{which}")] for which in ("scheduled", "upcoming")] == [
        [work["id"]],
        [work["id"]],
    ]

    moved = script.change(work["id"], scheduled_for="2026-11-23T03:00:00Z", scheduled_until="2026-11-23T04:00:00Z")
    assert moved["scheduled_until"] == "2026-11-23T04:00:00.000Z"
    assert script.change(work["id"], status="in_progress", body="We have begun.")["status"] == "in_progress"
    assert script.get(f"/components/{api}")["status"] == "under_maintenance"
    assert [each["id"] for each in script.get("/incidents/active_maintenance")] == [work["id"]]
    assert script.change(work["id"], status="verifying")["status"] == "verifying"
    clock.forward(minutes=5)
    done = script.change(work["id"], status="completed", body="All done.")
    assert (done["status"], done["incident_updates"][0]["body"]) == ("completed", "All done.")
    assert script.get("/incidents/scheduled") == []
    assert script.ask("DELETE", path).status_code == 422


def test_work_that_was_not_told_to_end_by_itself_waits_for_somebody(
    app: Flask, script: Script, clock: WoundClock
) -> None:
    said = {name: value for name, value in SCHEDULED.items() if name != "scheduled_auto_completed"}
    work = script.did("POST", "/incidents", {"incident": said | {"deliver_notifications": False}}, status=201)
    clock.set(clock.moment.replace(day=25))
    assert script.get(f"/incidents/{work['id']}")["status"] == "in_progress"
    assert notices.waiting() == []
    assert script.did("DELETE", f"/incidents/{work['id']}")["status"] == "completed"


def test_lists_come_in_pages_newest_first_and_are_searched(app: Flask, script: Script, clock: WoundClock) -> None:
    first = script.tell(name="Search is slow", body="The index is rebuilt.")
    clock.forward(minutes=1)
    second = script.did("POST", "/incidents", {"incident": SCHEDULED}, status=201)
    clock.forward(minutes=1)
    third = script.tell(name="Mail is late")

    def listed(query: str) -> list[str]:
        return [each["id"] for each in script.get(f"/incidents?{query}")]

    assert listed("") == [third["id"], second["id"], first["id"]]
    assert (listed("limit=2"), listed("limit=2&page=2")) == ([third["id"], second["id"]], [first["id"]])
    assert (listed("q=INDEX"), listed("q=storage"), listed("q=nothing%25")) == ([first["id"]], [second["id"]], [])


def test_forms_with_brackets_say_the_same_as_json(app: Flask, script: Script) -> None:
    api, web = make_component("API").public_id, make_component("Web").public_id
    told = script.did(
        "POST",
        "/incidents.json",
        status=201,
        data={
            "incident[name]": "Checkout fails",
            "incident[message]": "We look.",
            "incident[deliver_notifications]": "false",
            "incident[component_ids][]": [api, web],
            "incident[impact_override]": "minor",
        },
    )
    assert {each["id"] for each in told["components"]} == {api, web}
    assert told["incident_updates"][0]["deliver_notifications"] is False
    form = {f"incident[components][{api}]": MAJOR, "incident[status]": "identified"}
    changed = script.did("PATCH", f"/incidents/{told['id']}.json", data=form)
    assert (changed["status"], changed["impact"]) == ("identified", "critical")
    # curl calls JSON a form where nobody tells it otherwise
    as_curl = '{"incident": {"name": "By curl"}}'
    script.did("POST", "/incidents", status=201, data=as_curl, content_type="application/x-www-form-urlencoded")


def test_errors_are_told_in_the_shape_that_their_programs_read(app: Flask, script: Script) -> None:
    def refused(method: str, path: str, **more: Any) -> tuple[int, Any]:
        answer = script.ask(method, path, **more)
        assert answer.mimetype == "application/json"
        assert answer.json is not None
        assert answer.json["error"] == answer.json["message"] != ""
        return answer.status_code, answer.json["error"]

    assert refused("POST", "/incidents", body={"incident": {}}) == (422, "name: Say in a few words what is wrong.")
    status, said = refused("POST", "/incidents", body={"incident": {"name": "x", "status": "gone", "component_ids": 3}})
    assert (status, "status: Choose one of" in said, "component_ids:" in said) == (422, True, True)
    assert refused("POST", "/incidents", body={"incident": {"name": "x", "components": {"gone": MAJOR}}})[0] == 422
    odd = [{"id": ["x"], "status": MAJOR}, {"id": {"x": 1}, "status": MAJOR}]
    assert refused("POST", "/incidents", body={"incident": {"name": "x", "components": odd}})[0] == 422
    assert refused("POST", "/incidents", data="[1]", content_type="application/json")[0] == 400
    assert refused("POST", "/incidents", data={"a": "1", "a[b]": "2"})[0] == 400
    assert refused("GET", "/incidents/nowhere00000")[0] == 404
    assert refused("GET", "/nothing-of-the-kind")[0] == 404
    assert refused("DELETE", "/incidents/unresolved/x")[0] == 404
    assert script.client.get("/v1/pages/nowhere00000/incidents", headers=script.headers).status_code == 404
    assert refused("POST", "/components", body={"component": {"name": "x"}})[0] == 403
    assert refused("POST", "/metrics/m/data", body={"data": {"timestamp": 1, "value": 2}})[0] == 404
    script.headers["Authorization"] = "OAuth wrong"
    assert refused("GET", "/incidents")[0] == 401


def test_a_restricted_incident_is_not_there_for_a_token_that_is_not_named(app: Flask, script: Script) -> None:
    told = script.tell(body="A break-in.")
    incident = private()
    incident.visibility = "restricted"
    db.session.commit()

    assert script.ask("GET", f"/incidents/{told['id']}").status_code == 404
    assert script.ask("PATCH", f"/incidents/{told['id']}", {"incident": {"status": "resolved"}}).status_code == 404
    assert (script.get("/incidents"), script.get("/incidents/unresolved")) == ([], [])


def test_what_was_taken_over_from_elsewhere_is_read_and_not_changed(app: Flask, script: Script) -> None:
    known = make_update(title="Of the old page").incident.public_id
    db.session.commit()
    assert script.get(f"/incidents/{known}")["name"] == "Of the old page"
    assert script.ask("PATCH", f"/incidents/{known}", {"incident": {"status": "resolved"}}).status_code == 422


def test_a_component_is_added_changed_set_and_put_away(app: Flask, owner: Script) -> None:
    group = owner.did("POST", "/component-groups", {"component_group": {"name": "Services"}}, status=201)
    made = owner.did(
        "POST",
        "/components",
        {"component": {"name": "API", "group_id": group["id"], "start_date": "2026-01-02", "automation_email": "x"}},
        status=201,
    )
    path = f"/components/{made['id']}"
    assert (made["group_id"], made["start_date"], made["status"]) == (group["id"], "2026-01-02", OPERATIONAL)
    changed = owner.did("PUT", path, {"component": {**made, "description": "For programs", "status": PARTIAL}})
    assert (changed["description"], changed["status"], changed["group_id"]) == ("For programs", PARTIAL, group["id"])
    component = find_component(made["id"])
    assert component is not None
    assert next((each.status, each.by_name) for each in baseline_history(component)) == (PARTIAL, "admin script")
    assert owner.did("PATCH", path, {"component": {"group_id": None}})["group_id"] is None

    assert owner.ask("DELETE", path).status_code == 204
    assert owner.ask("GET", path).status_code == 404
    db.session.expire_all()
    assert find_component(made["id"]) is not None, "its history stays"


def test_a_responding_script_may_set_the_status_alone(app: Flask, script: Script) -> None:
    api = make_component("API", description="For programs")
    db.session.commit()
    as_it_is = script.get(f"/components/{api.public_id}")
    # old programs send the whole object back
    changed = script.did("PATCH", f"/components/{api.public_id}", {"component": {**as_it_is, "status": DEGRADED}})
    assert changed["status"] == DEGRADED
    renamed = script.ask("PATCH", f"/components/{api.public_id}", {"component": {"name": "Interface"}})
    assert renamed.status_code == 403


def test_a_hidden_component_is_there_for_those_who_manage_it(app: Flask, script: Script) -> None:
    hidden = make_component("Ledger", shown=False).public_id
    db.session.commit()
    assert [each["id"] for each in script.get("/components")] == [hidden]
    assert script.client.get("/api/v2/components.json").get_json()["components"] == []


def test_a_group_holds_the_components_that_were_named_in_their_order(app: Flask, owner: Script) -> None:
    one, two, three = (make_component(name).public_id for name in ("One", "Two", "Three"))
    db.session.commit()
    group = owner.did(
        "POST", "/component-groups", {"component_group": {"name": "All", "components": [three, one]}}, status=201
    )
    path = f"/component-groups/{group['id']}"
    assert (group["components"], owner.get("/component-groups")) == ([three, one], [group])
    changed = owner.did("PATCH", path, {"component_group": {"name": "Some", "components": [one, two]}})
    assert (changed["name"], changed["components"]) == ("Some", [one, two])
    assert [each["name"] for each in owner.get("/components")] == ["Three", "Some", "One", "Two"]
    assert owner.did("DELETE", path)["name"] == "Some"
    assert owner.get("/component-groups") == []


def test_the_page_is_one_and_its_settings_are_changed(app: Flask, owner: Script) -> None:
    (page,) = owner.client.get("/v1/pages.json", headers=owner.headers).get_json()
    assert (page["id"], page["name"], page["time_zone"]) == (owner.page, "Example", "Europe/Berlin")
    changed = owner.did("PATCH", "", {"page": {"name": "Ours", "time_zone": "America/New_York", "city": "Berlin"}})
    assert (changed["name"], changed["time_zone"]) == ("Ours", "America/New_York")
    refused = owner.ask("PATCH", "", {"page": {"time_zone": "Mars"}})
    assert (refused.status_code, "zone" in refused.text) == (422, True)


def test_a_postmortem_is_drafted_published_reverted_and_deleted(app: Flask, script: Script) -> None:
    told = script.tell(body="Down.")
    path = f"/incidents/{told['id']}/postmortem"
    assert script.ask("GET", path).status_code == 404
    assert script.ask("PUT", path, {"postmortem": {"body_draft": "Why."}}).status_code == 422, "it is not over"
    script.change(told["id"], status="resolved")

    draft = script.did("PUT", path, {"postmortem": {"body_draft": "A full disk."}})
    assert (draft["body_draft"], draft["body"], draft["published_at"]) == ("A full disk.", None, None)
    out = script.did("PUT", f"{path}/publish", {"postmortem": {"notify_subscribers": False}})
    assert (out["body"], out["notify_subscribers"]) == ("A full disk.", False)
    shown = script.get(f"/incidents/{told['id']}")
    assert (shown["status"], shown["postmortem_body"]) == ("postmortem", "A full disk.")
    assert len(script.change(told["id"], status="resolved")["incident_updates"]) == 3, "it says nothing new"
    back = script.did("PUT", f"{path}/revert")
    assert (back["body"], back["body_draft"]) == (None, "A full disk.")
    assert script.get(f"/incidents/{told['id']}")["status"] == "resolved"
    assert script.ask("DELETE", path).status_code == 204
    assert script.ask("GET", path).status_code == 404


def test_message_templates_are_their_incident_templates(app: Flask, owner: Script) -> None:
    given = {
        "name": "Slow",
        "title": "It is slow",
        "body": "We see {{components}} slow.",
        "update_status": "identified",
    }
    made = owner.did("POST", "/incident_templates", {"template": given}, status=201)
    assert (made["name"], made["update_status"]) == ("Slow", "identified")
    assert owner.get("/incident_templates") == [made]


def test_subscribers_are_asked_listed_counted_changed_and_removed(
    app: Flask, owner: Script, outgoing: Outgoing
) -> None:
    api = make_component("API").public_id
    db.session.commit()
    asked = owner.did(
        "POST", "/subscribers", {"subscriber": {"email": "Ada@example.com", "component_ids": [api]}}, status=201
    )
    known = {"email": "bob@example.com", "skip_confirmation_notification": True}
    sure = owner.did("POST", "/subscribers", {"subscriber": known}, status=201)
    run_due_jobs()

    assert (asked["mode"], asked["email"], asked["components"]) == ("email", "ada@example.com", [api])
    assert outgoing.destinations == ["ada@example.com"], "whoever is sure of the address answers for it"
    assert [each["id"] for each in owner.get("/subscribers")] == [sure["id"]]
    assert [each["id"] for each in owner.get("/subscribers?state=all&limit=1&page=1")] == [sure["id"]]
    assert [each["id"] for each in owner.get("/subscribers?state=all&q=ada&type=email")] == [asked["id"]]
    assert owner.get("/subscribers?type=sms&state=all") == []
    assert owner.get("/subscribers/count?state=all")["email"] == 2
    assert owner.get("/subscribers/histogram_by_state")["email"] == {"active": 1, "unconfirmed": 1, "quarantined": 0}

    path = f"/subscribers/{asked['id']}"
    assert owner.did("PATCH", path, {"subscriber": {"component_ids": []}})["components"] is None
    owner.did("POST", f"{path}/resend_confirmation", status=201)
    run_due_jobs()
    assert outgoing.destinations == ["ada@example.com"], "one letter a day, whoever asks for it"
    assert owner.did("DELETE", path)["id"] == asked["id"]
    assert owner.ask("GET", path).status_code == 404
    assert owner.ask("POST", "/subscribers", {"subscriber": {"phone_number": "4915112345"}}).status_code == 422


def test_a_webhook_subscriber_is_told_in_the_shape_its_program_knows(app: Flask, owner: Script) -> None:
    given = {"subscriber": {"endpoint": "https://hooks.example.com/status", "email": "ops@example.com"}}
    made = owner.did("POST", "/subscribers", given, status=201)
    assert (made["mode"], made["endpoint"], made["secret"][:6]) == (
        "webhook",
        "https://hooks.example.com/status",
        "whsec_",
    )
    assert "secret" not in owner.get(f"/subscribers/{made['id']}")
    kept = subscribers.find(made["id"])
    assert kept is not None
    assert kept.shape == "statuspage"
    assert owner.ask("POST", "/subscribers", given).status_code == 422
