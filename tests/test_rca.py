"""The root cause analysis: a public text of its own, published, revised and withdrawn."""

from __future__ import annotations

import json

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from incidents import actions
from incidents.actions.rca import find_rca
from incidents.kernel.database import db
from incidents.kernel.errors import NotAllowed
from incidents.published import notices, publishing
from incidents.published.notices import Notice
from incidents.records.incidents import Incident
from incidents.records.people import Person
from tests.acting import browser_of, opened, room, send
from tests.conftest import WoundClock
from tests.factories import a_component, a_person, an_incident

SECRET = "the intern's laptop"


def a_resolved_one(by: Person, *, says_so: bool = True) -> Incident:
    """Published, then resolved, with an internal post-mortem that the public must never read."""
    incident = an_incident(by=by, title="Payments fail")
    if says_so:
        actions.post_update(
            incident, by=by.as_actor(), body="Cards are refused.", audience="public",
            components={a_component(): "major_outage"},
        )  # fmt: skip
    actions.resolve(incident, by=by.as_actor(), summary=f"It was {SECRET}", reason="Quick")
    actions.write_postmortem(incident, by=by.as_actor(), body=f"We found {SECRET}.")
    db.session.commit()
    return incident


def page(app: Flask, client: FlaskClient, path: str) -> tuple[int, str]:
    app.extensions["sevenbells.page"].renew_now()
    answer = client.get(path)
    return answer.status_code, answer.text


def test_it_gets_a_page_a_link_on_the_resolved_update_and_the_status_postmortem(
    app: Flask, client: FlaskClient, clock: WoundClock
) -> None:
    maya = a_person("Maya")
    incident = a_resolved_one(maya)
    published = publishing.find(incident.id)
    assert published is not None
    own = f"/incidents/{published.public_id}"
    assert page(app, client, f"{own}/rca")[0] == 404
    assert "What happened" not in page(app, client, own)[1]

    clock.forward(hours=20)
    actions.publish_rca(incident, by=maya.as_actor(), body="A certificate **expired**. We renew them weekly now.")
    db.session.commit()

    status, text = page(app, client, f"{own}/rca")
    assert status == 200
    assert "A certificate <strong>expired</strong>" in text
    assert SECRET not in text
    incident_page = page(app, client, own)[1]
    assert "Read the root cause analysis" in incident_page
    assert incident_page.count(f'href="{own}/rca"') == 3
    assert SECRET not in incident_page
    told = json.loads(page(app, client, f"{own}.json")[1])
    assert told["status"] == "postmortem"
    assert told["incident_updates"][0]["body"].startswith("A certificate expired")
    assert told["resolved_at"] < told["incident_updates"][0]["display_at"]
    assert "<strong>Postmortem</strong>" in page(app, client, "/history.json")[1]
    assert page(app, client, "/")[1].count("All systems operational") >= 1


def test_a_revision_says_edited_and_a_withdrawal_leaves_nothing(
    app: Flask, client: FlaskClient, clock: WoundClock
) -> None:
    maya = a_person("Maya")
    incident = a_resolved_one(maya)
    published = publishing.find(incident.id)
    assert published is not None
    own = f"/incidents/{published.public_id}"
    actions.publish_rca(incident, by=maya.as_actor(), body="A certificate expired.")
    db.session.commit()

    clock.forward(hours=1)
    actions.publish_rca(incident, by=maya.as_actor(), body="Two certificates expired.")
    db.session.commit()
    revised = page(app, client, f"{own}/rca")[1]
    assert "Two certificates expired." in revised
    assert "edited" in revised
    assert len([entry for entry in published.updates if entry.public_status == "postmortem"]) == 1

    actions.withdraw_rca(incident, by=maya.as_actor())
    db.session.commit()
    assert page(app, client, f"{own}/rca")[0] == 404
    assert "root cause" not in page(app, client, own)[1].lower()
    assert json.loads(page(app, client, f"{own}.json")[1])["status"] == "resolved"
    assert "certificates" not in page(app, client, "/history.atom")[1]
    assert find_rca(incident) is None


def test_it_waits_for_the_end_and_for_a_page_and_never_comes_from_a_drill(app: Flask, clock: WoundClock) -> None:
    maya = a_person("Maya")
    by = maya.as_actor()
    open_one = an_incident(by=maya)
    unseen = a_resolved_one(maya, says_so=False)
    drill = an_incident(by=maya, is_drill=True)
    actions.resolve(drill, by=by, summary="Done", reason="Drill over")

    for incident, sentence in ((open_one, "Resolve"), (unseen, "not on the status page"), (drill, "drill")):
        with pytest.raises(NotAllowed, match=sentence):
            actions.publish_rca(incident, by=by, body="Because.")


def test_an_incident_made_internal_takes_its_analysis_along(app: Flask, client: FlaskClient, clock: WoundClock) -> None:
    maya = a_person("Maya")
    incident = a_resolved_one(maya)
    published = publishing.find(incident.id)
    assert published is not None
    path = f"/incidents/{published.public_id}/rca"
    actions.publish_rca(incident, by=maya.as_actor(), body="A certificate expired.")
    db.session.commit()
    assert page(app, client, path)[0] == 200

    actions.change_visibility(incident, to="internal", by=maya.as_actor(), reason="Legal asked")
    db.session.commit()

    assert page(app, client, path)[0] == 404


def test_subscribers_are_told_of_it_only_where_somebody_says_so_and_an_undo_takes_it_back(
    app: Flask, clock: WoundClock
) -> None:
    client, maya = browser_of(app)
    told, untold = a_resolved_one(maya), a_resolved_one(maya)
    before = set(db.session.scalars(select(Notice.key)))
    for incident, ticked in ((told, {"tell": "1"}), (untold, {})):
        path = f"{room(incident)}/postmortem/rca"
        form = opened(client, path, holding="body")
        assert SECRET not in client.get(path).text
        send(client, path, form, act="publish", body="A certificate expired.", confirmed="1", **ticked)

    db.session.expire_all()
    out = {incident.id: find_rca(incident) for incident in (told, untold)}
    said = out[told.id]
    assert said is not None
    assert set(db.session.scalars(select(Notice.key))) - before == {notices.key_of_update(said.public_id)}
    assert db.session.scalars(select(Notice).where(Notice.key.not_in(before))).one().due_at >= clock.moment
    actions.undo_update(told, said, by=maya.as_actor())
    db.session.commit()
    left = db.session.scalars(select(Notice).where(Notice.key == notices.key_of_update(said.public_id))).all()
    assert [notice.reason is not None for notice in left] == [True]
