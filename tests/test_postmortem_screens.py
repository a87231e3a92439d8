"""The post-mortem in the browser: drafted, written, drafted anew, published, waived; and the public text beside it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from incidents import actions
from incidents.actions.rca import find_rca
from incidents.kernel import clock as wall
from incidents.kernel.database import db
from incidents.published import publishing
from incidents.records.incidents import Incident
from incidents.records.people import Person
from incidents.records.postmortems import PostmortemSection, find_postmortem, sections_of
from tests.acting import browser_of, opened, room, send
from tests.conftest import WoundClock
from tests.factories import a_component, an_incident
from tests.factories_people import make_person, sign_in


def over(by: Person, clock: WoundClock, **more: Any) -> Incident:
    """Half an hour of trouble, told to the public, resolved."""
    incident = an_incident(by=by, title="Queue stands still", **more)
    clock.forward(minutes=5)
    actions.acknowledge(incident, by=by.as_actor())
    actions.post_update(
        incident, by=by.as_actor(), body="Reports are late.", audience="public",
        components={a_component(f"API {incident.id}"): "degraded_performance"},
    )  # fmt: skip
    clock.forward(minutes=25)
    actions.resolve(incident, by=by.as_actor(), summary="Workers restarted", reason="Quick fix")
    db.session.commit()
    return incident


def section(incident: Incident, name: str) -> PostmortemSection:
    db.session.expire_all()
    begun = find_postmortem(incident.id)
    assert begun is not None
    return sections_of(begun)[name]


def begun(client: FlaskClient, incident: Incident) -> str:
    path = f"{room(incident)}/postmortem"
    send(client, path, opened(client, f"{path}/edit", holding="begin"), act="begin")
    return path


def test_it_drafts_itself_and_says_what_was_not_recorded_with_a_link(app: Flask, clock: WoundClock) -> None:
    client, maya = browser_of(app)
    incident = over(maya, clock)
    path = begun(client, incident)

    page = client.get(f"{path}/edit").text
    assert "Workers restarted" in page
    assert "1 of 1 owed updates came on time" in page
    assert f'<a class="btn s" href="{room(incident)}/details">Record it' in page
    read = client.get(path).text
    assert "NOT RECORDED" in read
    assert "Lasted" in read
    assert "30 min" in read
    assert client.get(f"{path}.md").text.startswith("# INC-1: Queue stands still")
    db.session.refresh(incident)
    assert incident.step == "postmortem"


def test_drafting_anew_takes_the_records_words_and_leaves_what_people_wrote(app: Flask, clock: WoundClock) -> None:
    client, maya = browser_of(app)
    incident = over(maya, clock)
    path = begun(client, incident)
    form = opened(client, f"{path}/edit", holding="version")
    send(client, f"{path}/sections/impact", form, act="save", body="Nine customers waited.")
    actions.describe_impact(incident, impact="Twelve reports were late", by=maya.as_actor())
    db.session.commit()

    clock.forward(minutes=1)
    form = opened(client, f"{path}/edit", holding="version")
    assert send(client, f"{path}/sections/impact", form, act="regenerate", body="").status_code == 303

    send(client, path, opened(client, f"{path}/edit", holding="facts"), act="facts")
    assert section(incident, "severity").generated_at == wall.now()
    impact = section(incident, "impact")
    assert impact.written == "Nine customers waited."
    assert "Twelve reports were late" in impact.generated
    read = client.get(path).text
    assert "Nine customers waited." in read
    assert "Twelve reports" not in read.partition('id="s-impact"')[2].partition("<section")[0]


def test_two_writers_of_one_section_see_both_texts(app: Flask, clock: WoundClock) -> None:
    client, maya = browser_of(app)
    incident = over(maya, clock)
    path = begun(client, incident)
    form = opened(client, f"{path}/edit", holding="version")
    jonas = make_person("jonas@example.com")
    postmortem = find_postmortem(incident.id)
    assert postmortem is not None
    actions.write_section(postmortem, "lucky", by=jonas.as_actor(), body="Jonas: it was night.")
    db.session.commit()

    refused = send(client, f"{path}/sections/lucky", {**form, "version": "1"}, act="save", body="Maya: few were awake.")

    assert refused.status_code == 409
    assert "Jonas: it was night." in refused.text
    assert "Maya: few were awake." in refused.text
    assert section(incident, "lucky").written == "Jonas: it was night."


def test_publishing_closes_and_waiving_takes_a_reason(app: Flask, clock: WoundClock) -> None:
    client, maya = browser_of(app)
    first, second = over(maya, clock), over(maya, clock)
    path = begun(client, first)
    alone = opened(client, f"{path}/review", holding="publish_alone")
    assert send(client, f"{path}/review", alone, act="publish_alone", why="").status_code == 422
    send(client, f"{path}/review", alone, act="publish_alone", why="I am alone today")
    db.session.refresh(first)
    assert first.closed_at is not None
    assert 'Nobody reviewed it: <span dir="auto">I am alone today' in client.get(path).text
    assert send(client, path, alone, act="waive", reason="Not needed after all").status_code == 409

    other = f"{room(second)}/postmortem"
    form = opened(client, f"{other}/edit", holding="waive")
    refused = send(client, other, form, act="waive", reason="")
    assert refused.status_code == 422
    assert "Say why none is needed." in refused.text
    assert [send(client, other, form, act="waive", reason="Known and planned").status_code for _ in "12"] == [303, 303]
    assert "Waived: " in client.get(other).text


def test_before_the_end_there_is_nothing_to_write(app: Flask, clock: WoundClock) -> None:
    client, maya = browser_of(app)
    incident = an_incident(by=maya)

    assert "Resolve the incident first." in client.get(f"{room(incident)}/postmortem").text
    assert "Resolve the incident first." in client.get(f"{room(incident)}/postmortem/edit").text
    assert client.get(f"{room(incident)}/postmortem.md").status_code == 404
    form = opened(client, f"{room(incident)}/notes")
    assert send(client, f"{room(incident)}/postmortem", form, act="begin").status_code == 409


def test_the_list_holds_what_is_owed_and_never_what_is_hidden(app: Flask, clock: WoundClock) -> None:
    client, maya = browser_of(app)
    assert "No post-mortem is owed." in client.get("/console/postmortems").text
    incident = over(maya, clock)
    jonas = make_person("jonas@example.com")
    hidden = an_incident(by=jonas, title="Leaked keys", is_security=True)
    actions.resolve(hidden, by=jonas.as_actor(), summary="Rotated", reason="Quick")
    db.session.commit()

    page = client.get("/console/postmortems").text
    assert "Queue stands still" in page
    assert "Leaked keys" not in page
    assert "Not begun" in page
    assert client.get(f"{room(hidden)}/postmortem").status_code == 404
    postmortem = actions.begin_postmortem(incident, by=maya.as_actor())
    postmortem.owner_id, postmortem.owner_name = None, ""
    db.session.commit()
    assert "Nobody yet" in client.get("/console/postmortems").text
    clock.forward(days=4)
    sign_in(client, maya)
    assert "Late since" in client.get("/console/postmortems").text
    assert incident.postmortem_due_at is not None
    assert incident.postmortem_due_at < wall.now() - timedelta(hours=1)


def test_the_public_text_is_previewed_confirmed_published_revised_and_withdrawn(app: Flask, clock: WoundClock) -> None:
    client, maya = browser_of(app)
    incident = over(maya, clock)
    actions.remove_role(incident, role="commander", by=maya.as_actor())
    db.session.commit()
    path = f"{room(incident)}/postmortem/rca"
    form = opened(client, path, holding="body")

    shown = client.post(f"{path}/preview", data={**form, "body": "A **disk** was full."})
    assert "A <strong>disk</strong> was full." in shown.text
    unsure = send(client, path, form, act="publish", body="A disk was full.")
    assert unsure.status_code == 422
    assert "neither commander nor communications lead" in unsure.text
    published = publishing.find(incident.id)
    assert published is not None
    assert published.newest.public_status == "resolved"

    assert send(client, path, form, act="publish", body="A disk was full.", confirmed="1").status_code == 303
    db.session.expire_all()
    assert published.newest.public_status == "postmortem"
    assert "Revise or withdraw" in client.get(f"{room(incident)}/postmortem").text

    form = opened(client, path, holding="body")
    send(client, path, form, act="publish", body="Two disks were full.", confirmed="1")
    db.session.expire_all()
    assert published.newest.body == "Two disks were full."
    send(client, path, opened(client, path, holding="withdraw"), act="withdraw")
    db.session.expire_all()
    assert published.newest.public_status == "resolved"
    assert "Two disks were full." in client.get(path).text


def test_two_writers_of_the_public_text_lose_none_of_it(app: Flask, clock: WoundClock) -> None:
    client, maya = browser_of(app)
    other, _jonas = browser_of(app, "jonas")
    incident = over(maya, clock)
    path = f"{room(incident)}/postmortem/rca"
    mine, theirs = opened(client, path, holding="body"), opened(other, path, holding="body")

    send(other, path, theirs, act="save", body="A disk was full.")
    assert send(client, path, mine, act="save", body="A certificate expired.").status_code == 409
    assert send(client, path, mine, act="publish", body="A certificate expired.", confirmed="1").status_code == 409
    send(other, path, theirs, act="publish", body="A disk was full.", confirmed="1")
    refused = send(client, path, mine, act="publish", body="A certificate expired.", confirmed="1")
    assert (refused.status_code, "A disk was full." in refused.text) == (409, True)
    late = opened(client, path, holding="body")
    send(other, path, theirs, act="withdraw")
    refused = send(client, path, late, act="publish", body="A small disk was full.", confirmed="1")
    assert (refused.status_code, "Somebody withdrew it meanwhile." in refused.text) == (409, True)
    db.session.expire_all()
    assert find_rca(incident) is None


def test_action_items_are_written_down_in_the_editor_and_stand_in_the_text(app: Flask, clock: WoundClock) -> None:
    client, maya = browser_of(app)
    incident = over(maya, clock)
    path = begun(client, incident)
    add = f"{room(incident)}/action-items"
    form = opened(client, f"{add}?from=editor", holding="due_on")
    item = {"title": "Alarm at 70 %", "kind": "detect", "owner": maya.id, "due_on": "2026-11-24"}

    assert send(client, add, form, **item).location == f"{path}/edit#action-items"

    assert "Alarm at 70 %" in client.get(f"{path}/edit").text
    assert f"| Detect | Alarm at 70 % | {maya.name} | 24 Nov 2026 | Open |" in client.get(f"{path}.md").text
    clock.forward(days=3)
    sign_in(client, maya)
    assert "days late" in client.get(path).text


def test_hostile_words_stay_words(app: Flask, clock: WoundClock) -> None:
    client, maya = browser_of(app)
    incident = over(maya, clock)
    actions.add_note(incident, by=maya.as_actor(), body="x", kind="decision")
    actions.add_note(incident, by=maya.as_actor(), body="<script>alert(1)</script> | **a** |", kind="decision")
    db.session.commit()
    path = begun(client, incident)

    for page in (client.get(path).text, client.get(f"{path}/edit").text):
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt; | **a** |" in page
    form = opened(client, f"{path}/edit", holding="version")
    refused = send(client, f"{path}/sections/lucky", form, act="save", body="x" * 20_001)
    assert refused.status_code == 422
    assert 'href="#body-lucky"' in refused.text
