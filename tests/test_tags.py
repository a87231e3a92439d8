"""Tags: set in the room and by programs, kept clean, renamed for all at once, and never a way to see what is hidden."""

from __future__ import annotations

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from incidents import actions
from incidents.actions import tags
from incidents.kernel.database import db
from incidents.policy.tags import clean, problem_of
from incidents.records.timeline import TimelineEntry
from tests.acting import main_of
from tests.factories import an_incident
from tests.factories_people import make_person, post, sign_in
from tests.programs import Program
from tests.test_search_library import told


def test_a_tag_is_one_lower_case_word() -> None:
    assert [clean(each) for each in ("#Kafka", " Noisy  Neighbour ", "K8s:Node", "ÉTÉ")] == [
        "kafka",
        "noisy-neighbour",
        "k8s:node",
        "été",
    ]
    assert [problem_of(each) is None for each in ("kafka", "k8s:node", "a" * 40)] == [True, True, True]
    assert [problem_of(each) is None for each in ("", "-a", "a/b", "<b>", "a" * 41)] == [False] * 5


def test_responders_tag_an_incident_and_find_it_by_that(app: Flask, client: FlaskClient) -> None:
    maya = make_person(role="responder")
    incident, other = an_incident(by=maya, title="One"), an_incident(by=maya, title="Two")
    actions.set_tags(other, ["kafka"], by=maya.as_actor())
    db.session.commit()
    sign_in(client, maya)
    page = f"/console/incidents/{incident.ref}/tags"
    assert 'value="kafka"' in main_of(client.get(page))

    # somebody else adds one while the form is open
    actions.set_tags(incident, ["meanwhile"], by=maya.as_actor())
    assert post(client, page, {"tag": ["kafka"], "tags": "Noisy Neighbour, #dns"}, page=page).status_code == 303

    assert tags.of(incident) == ["dns", "kafka", "meanwhile", "noisy-neighbour"]
    told_of = db.session.scalars(select(TimelineEntry).where(TimelineEntry.kind == "tags").order_by(TimelineEntry.id))
    assert [entry.detail for entry in told_of][-1] == {"added": ["kafka", "noisy-neighbour", "dns"], "removed": []}
    assert "added the tags <b>kafka, noisy-neighbour, dns</b>" in client.get(f"/console/incidents/{incident.ref}").text
    listed = main_of(client.get("/console/incidents?tag=DNS"))
    assert "One" in listed
    assert "Two" not in listed
    refused = post(client, page, {"tags": "a/b", "had": ["dns"]}, page=page)
    assert (refused.status_code, "can be no tag" in refused.text) == (422, True)
    assert post(client, page, {"tags": ",".join(f"t{n}" for n in range(20))}, page=page).status_code == 422


def test_programs_set_read_and_filter_by_tags(app: Flask) -> None:
    program = Program(app)
    declared = program.post("/incidents", {"title": "Tagged", "severity": "P3", "tags": ["Kafka", "kafka"]})
    assert declared.get_json()["tags"] == ["kafka"]
    ref = declared.get_json()["ref"]

    assert program.ask("PATCH", f"/incidents/{ref}", {"tags": ["dns", "eu"]}).get_json()["tags"] == ["dns", "eu"]
    assert [each["ref"] for each in program.get("/incidents?tag=DNS").get_json()["items"]] == [ref]
    assert program.get("/incidents?tag=kafka").get_json()["items"] == []
    assert program.ask("PATCH", f"/incidents/{ref}", {"tags": ["x" * 41]}).status_code == 422


def test_an_administrator_merges_two_tags_and_sees_none_of_a_hidden_incident(app: Flask, client: FlaskClient) -> None:
    maya, jonas = make_person(), make_person("jonas@example.com", role="admin")
    both, one, hidden = (
        an_incident(by=maya, title=title, is_security=title == "Leak") for title in ("Both", "One", "Leak")
    )
    actions.set_tags(both, ["db", "database"], by=maya.as_actor())
    actions.set_tags(one, ["db"], by=maya.as_actor())
    actions.set_tags(hidden, ["db", "project-x"], by=maya.as_actor())
    db.session.commit()
    sign_in(client, jonas)
    assert "project-x" not in client.get("/console/settings/tags").text
    assert "project-x" not in client.get("/console/incidents").text
    assert post(client, "/console/settings/tags", {"tag": "project-x", "to": "y"}).status_code == 404

    assert post(client, "/console/settings/tags", {"tag": "db", "to": "Database"}).status_code == 303

    assert [tags.of(each) for each in (both, one, hidden)] == [["database"], ["database"], ["database", "project-x"]]
    assert told("database", maya) == [("incident", each.ref) for each in (hidden, one, both)]
    assert told("db", maya) == []
    assert post(client, "/console/settings/tags", {"tag": "database", "to": "a/b"}).status_code == 422
    assert post(client, "/console/settings/tags/removal", {"tag": "database"}).status_code == 303
    assert tags.of(hidden) == ["project-x"]
    assert told("database", maya) == []
