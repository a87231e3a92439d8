"""What strangers and colleagues without the right try on the console's newer addresses, and never get."""

from __future__ import annotations

import json
import uuid

import pytest
from flask import Flask
from sqlalchemy import func, select

from incidents import actions
from incidents.kernel.database import db
from incidents.records.incidents import Incident
from incidents.records.once import SentForm
from incidents.records.people import Person
from incidents.records.timeline import TimelineEntry
from incidents.records.unsent import UnsentText
from tests.acting import browser_of, main_of, opened, room, send
from tests.factories import an_incident
from tests.factories_people import form_token, make_person

SECRET = "Leaked customer keys"


def a_restricted_one() -> tuple[Incident, Person]:
    """Declared, written about, resolved and learnt from by somebody else, who alone is named in it."""
    jonas = make_person("jonas@example.com")
    by = jonas.as_actor()
    hidden = an_incident(by=jonas, title=SECRET, is_security=True)
    actions.add_note(hidden, by=by, body=f"{SECRET}: in a build log")
    actions.acknowledge(hidden, by=by)
    actions.resolve(hidden, by=by, summary=f"{SECRET}: rotated", reason="Quick")
    actions.begin_postmortem(hidden, by=by)
    db.session.commit()
    return hidden, jonas


@pytest.mark.parametrize("role", ["viewer", "responder", "admin"])
def test_a_restricted_incident_shows_on_none_of_the_newer_screens(app: Flask, role: str) -> None:
    hidden, _jonas = a_restricted_one()
    client, _maya = browser_of(app, role=role)

    for path in (
        "/console/",
        "/console/incidents?days=all&state=over",
        "/console/incidents?visibility=restricted",
        "/console/postmortems",
        f"/console/search?q={SECRET}",
        f"/console/search?q={hidden.ref}",
        f"/console/search?palette=1&ref={hidden.ref}&q=",
        f"/console/incidents/new?title={SECRET}",
        f"/console/incidents/new/same?title={SECRET}",
    ):
        page = client.get(path)
        shown = page.text.replace(f'value="{SECRET}"', "").replace(f"“{SECRET}”", "")
        assert SECRET not in shown, path
    missing = "/console/incidents/INC-999"
    for path in (
        "",
        "/postmortem",
        "/postmortem.md",
        "/postmortem/edit",
        "/postmortem/rca",
        "/postmortem/timeline",
        "/postmortem/timeline/1",
        "/postmortem/comments",
        "/postmortem/review",
        "/postmortem/sections/summary/versions",
        "/audit",
        "/timeline?after=0",
    ):
        here, there = client.get(room(hidden) + path), client.get(missing + path)
        assert here.status_code == there.status_code, path
        assert here.status_code in (403, 404), path
    token = {"csrf_token": form_token(client)}
    for path in (
        "/postmortem",
        "/postmortem/sections/summary",
        "/postmortem/rca",
        "/postmortem/rca/preview",
        "/postmortem/timeline",
        "/postmortem/comments",
        "/postmortem/review",
        "/postmortem/sections/summary/versions",
        "/postmortem/sections/summary/preview",
    ):
        assert (
            client.post(room(hidden) + path, data=token).status_code
            == client.post(missing + path, data=token).status_code
        )


def test_a_key_of_one_form_does_not_answer_for_another_person_or_lead_off_this_site(app: Flask) -> None:
    client, maya = browser_of(app)
    other, _jonas = browser_of(app, "jonas")
    incident = an_incident(by=maya)
    path, key = f"{room(incident)}/notes", str(uuid.uuid4())
    first = client.post(
        path, data={"csrf_token": form_token(client), "body": "x", "kind": "note"}, headers={"X-Once": key}
    )
    assert first.headers["X-Goes-To"].startswith("/console/incidents/INC-1")

    theirs = other.post(
        path, data={"csrf_token": form_token(other), "body": "y", "kind": "note"}, headers={"X-Once": key}
    )
    assert theirs.status_code == 204
    assert db.session.scalar(select(func.count()).where(TimelineEntry.kind == "note")) == 2

    assert client.post(path, data={"body": "no token"}, headers={"X-Once": key}).status_code == 400
    for wrong in ("short", "x" * 300, "'; DROP TABLE people; --", "\u202e" * 20):
        form = {"csrf_token": form_token(client), "body": wrong, "kind": "note", "once": wrong}
        assert client.post(path, data=form).status_code == 303
    assert db.session.scalar(select(func.count(SentForm.id))) == 2


def test_nobody_reads_or_discards_the_unsent_text_of_another(app: Flask) -> None:
    client, maya = browser_of(app)
    other, _jonas = browser_of(app, "jonas")
    incident = an_incident(by=maya)
    key = f"{incident.ref}:update"
    client.post(
        "/console/unsent",
        data={
            "csrf_token": form_token(client), "tab_key": key, "tab_page": "p" * 16,
            "fields": json.dumps({"body": "half a sentence"}),
        },
    )  # fmt: skip
    kept = db.session.scalars(select(UnsentText)).one()
    page = f"{room(incident)}/updates"

    assert "half a sentence" in client.get(page).text
    assert "half a sentence" not in other.get(f"{page}?unsent={kept.id}").text
    other.post(f"/console/unsent/{kept.id}/discard?next=//evil.example", data={"csrf_token": form_token(other)})
    db.session.expire_all()
    assert db.session.scalar(select(func.count(UnsentText.id))) == 1
    mine = client.post(
        f"/console/unsent/{kept.id}/discard?next=//evil.example", data={"csrf_token": form_token(client)}
    )
    assert "evil" not in mine.location


def test_numbers_that_no_database_holds_are_simply_not_there(app: Flask) -> None:
    client, maya = browser_of(app, role="admin")
    incident = an_incident(by=maya)
    huge = "9" * 30
    token = {"csrf_token": form_token(client)}

    assert client.get(f"/console/incidents/INC-{huge}/postmortem").status_code == 404
    assert client.get(f"/console/search?q=INC-{huge}").status_code == 200
    assert client.get(f"/console/incidents?before={huge}&component={huge}").status_code == 200
    assert client.post(f"/console/incidents/views/{huge}/deletion", data=token).status_code in (303, 404)
    actions.resolve(incident, by=maya.as_actor(), summary="Done", reason="Quick")
    db.session.commit()
    answer = client.post(f"{room(incident)}/postmortem", data={**token, "act": "owner", "owner": huge})
    assert answer.status_code == 422


def test_a_view_and_a_section_hold_hostile_words_as_words(app: Flask) -> None:
    client, maya = browser_of(app)
    incident = an_incident(by=maya)
    actions.resolve(incident, by=maya.as_actor(), summary="Done", reason="Quick")
    actions.begin_postmortem(incident, by=maya.as_actor())
    db.session.commit()
    hostile = "| <img src=x onerror=alert(1)> | [a](javascript:alert(1)) |\n|---|\n" + "|x" * 500
    path = f"{room(incident)}/postmortem"

    form = opened(client, f"{path}/edit", holding="version")
    assert send(client, f"{path}/sections/five_whys", form, act="save", body=hostile).status_code == 303

    page = main_of(client.get(path))
    assert "<img" not in page
    assert 'href="javascript' not in page
    form = opened(client, "/console/incidents?mine=1", holding='name="query"')
    kept = send(client, "/console/incidents/views", {**form, "query": "mine=1&next=//evil&q=<b>"}, name="<b>x</b>")
    assert kept.location == "/console/incidents?mine=1&q=%3Cb%3E"
    assert "<b>x</b>" not in client.get(kept.location).text
