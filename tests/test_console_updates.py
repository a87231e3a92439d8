"""Updates in the browser: composed with a true preview, published, undone, edited, withdrawn, and "no change"."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from incidents import actions
from incidents.actions.updates import latest
from incidents.kernel.database import db
from incidents.published import publishing
from incidents.records.incidents import Incident
from incidents.records.people import Person
from incidents.records.updates import Update
from tests.browsing import send, words
from tests.conftest import WoundClock
from tests.factories import a_component, an_incident
from tests.factories_people import make_person, sign_in


@pytest.fixture
def maya(app: Flask) -> Person:
    return make_person(name="Maya Lindqvist", zone="Europe/Berlin")


@pytest.fixture
def incident(maya: Person) -> Incident:
    """A P2 that Maya took, so that she commands it."""
    declared = an_incident(by=maya, severity="P2", title="AI provider rate limited")
    actions.acknowledge(declared, by=maya.as_actor())
    db.session.commit()
    return declared


@pytest.fixture
def browser(client: FlaskClient, maya: Person) -> FlaskClient:
    return sign_in(client, maya)


def updates(incident: Incident) -> str:
    return f"/console/incidents/{incident.ref}/updates"


def publish(browser: FlaskClient, incident: Incident, body: str = "We look into it.", **more: Any) -> TestResponse:
    return send(browser, updates(incident), {"act": "publish", "audience": "public", "body": body, **more})


def newest(incident: Incident) -> Update:
    return db.session.scalars(
        select(Update).where(Update.incident_id == incident.id).order_by(Update.id.desc()).limit(1)
    ).one()


def test_publishing_shows_it_to_the_public_and_offers_an_undo(
    app: Flask, browser: FlaskClient, incident: Incident
) -> None:
    answer = publish(browser, incident, status="identified")

    assert answer.status_code == 303
    published = publishing.find(incident.id)
    assert published is not None
    assert published.newest.public_status == "identified"
    room = browser.get(answer.location)
    assert "Published Undo 10 s" in words(room)
    assert f'data-draft-posted="{incident.ref}:update"' in room.text


def test_the_undo_is_gone_after_ten_seconds_and_for_everybody_else(
    app: Flask, browser: FlaskClient, incident: Incident, clock: WoundClock
) -> None:
    publish(browser, incident)
    other = sign_in(app.test_client(), make_person("jonas@example.com"))

    assert "Undo" not in words(other.get(f"/console/incidents/{incident.ref}"))
    clock.forward(seconds=10)
    assert "Undo" not in words(browser.get(f"/console/incidents/{incident.ref}"))


def test_an_undo_puts_page_and_promise_back_and_gives_the_text_back(
    app: Flask, browser: FlaskClient, incident: Incident, clock: WoundClock
) -> None:
    due_before = incident.next_update_due_at
    clock.forward(minutes=10)
    publish(browser, incident, "Too early")

    undone = send(
        browser, f"{updates(incident)}/{newest(incident).public_id}/undo", page=f"/console/incidents/{incident.ref}"
    )

    db.session.refresh(incident)
    assert publishing.find(incident.id) is None
    assert incident.next_update_due_at == due_before
    assert "Too early" in browser.get(undone.location).text


def test_what_was_published_with_an_earlier_time_can_be_undone_as_well(
    app: Flask, browser: FlaskClient, incident: Incident, clock: WoundClock
) -> None:
    clock.forward(minutes=10)
    publish(browser, incident, "Known since ten")
    clock.forward(minutes=10)
    room = browser.get(publish(browser, incident, "Seen before", display_at="2026-11-23T02:42").location)
    assert "Published Undo 10 s" in words(room)

    send(browser, f"{updates(incident)}/{newest(incident).public_id}/undo", page=f"/console/incidents/{incident.ref}")

    page = browser.get("/").text
    assert "Known since ten" in page
    assert "Seen before" not in page


def test_an_undo_that_comes_too_late_says_so(
    app: Flask, browser: FlaskClient, incident: Incident, clock: WoundClock
) -> None:
    publish(browser, incident)
    clock.forward(seconds=11)

    late = send(browser, f"{updates(incident)}/{newest(incident).public_id}/undo", page=updates(incident))

    assert publishing.find(incident.id) is not None
    assert "The ten seconds are over." in words(browser.get(late.location))


def test_a_double_click_publishes_once(app: Flask, browser: FlaskClient, incident: Incident) -> None:
    page = browser.get(updates(incident)).text
    after = page.partition('name="after" value="')[2].partition('"')[0]

    publish(browser, incident, after=after)
    publish(browser, incident, after=after)

    assert db.session.scalar(select(func.count()).select_from(Update)) == 1


def test_who_wrote_while_another_update_went_out_reads_that_one_before_his_own_goes(
    app: Flask, browser: FlaskClient, incident: Incident
) -> None:
    after = browser.get(updates(incident)).text.partition('name="after" value="')[2].partition('"')[0]
    jonas = sign_in(app.test_client(), make_person("jonas@example.com", name="Jonas Weber"))
    publish(jonas, incident, "Reports are slow.", confirmed="1")

    asked = publish(browser, incident, "Everything is down.", after=after)

    assert asked.status_code == 409
    assert "Jonas Weber posted an update" in words(asked)
    assert "Reports are slow." in words(asked)
    assert "Everything is down." in asked.text
    assert newest(incident).body == "Reports are slow."

    after = asked.text.partition('name="after" value="')[2].partition('"')[0]
    assert publish(browser, incident, "Everything is down.", after=after).status_code == 303
    assert newest(incident).body == "Everything is down."


def test_who_neither_commands_nor_leads_confirms_once(app: Flask, incident: Incident) -> None:
    jonas = sign_in(app.test_client(), make_person("jonas@example.com"))

    asked = publish(jonas, incident, "I saw it first")
    assert asked.status_code == 422
    assert "You are neither commander nor communications lead." in words(asked)
    assert "I saw it first" in asked.text
    assert publishing.find(incident.id) is None

    assert publish(jonas, incident, "I saw it first", confirmed="1").status_code == 303
    assert publishing.find(incident.id) is not None


def test_a_drill_asks_for_no_confirmation_because_nothing_of_it_is_public(
    app: Flask, browser: FlaskClient, maya: Person
) -> None:
    drill = an_incident(by=maya, severity="P2", title="Game day", is_drill=True)
    room = f"/console/incidents/{drill.ref}"

    assert 'name="confirmed"' not in browser.get(f"{room}/updates").text
    assert "Not published" not in words(browser.get(room))
    assert "Drill" in words(browser.get(room))


def test_the_commander_is_not_asked(app: Flask, browser: FlaskClient, incident: Incident) -> None:
    assert 'name="confirmed"' not in browser.get(updates(incident)).text


def test_an_empty_text_is_refused_beside_its_field_and_the_rest_stays(
    app: Flask, browser: FlaskClient, incident: Incident
) -> None:
    answer = publish(browser, incident, " ", status="monitoring", next="15")

    assert answer.status_code == 422
    assert 'href="#body"' in answer.text
    assert 'value="monitoring" checked' in answer.text
    assert '<option value="15" selected' in answer.text


def test_the_next_update_can_be_promised_earlier_than_the_cadence(
    app: Flask, browser: FlaskClient, incident: Incident, clock: WoundClock
) -> None:
    publish(browser, incident, next="15")

    db.session.refresh(incident)
    assert incident.next_update_due_at is not None
    assert incident.next_update_due_at.strftime("%H:%M") == "02:29"
    assert publish(browser, incident, "x", next="99999").status_code == 422


def test_components_go_public_with_the_update(app: Flask, browser: FlaskClient, incident: Incident) -> None:
    api, web = a_component("API"), a_component("Web")
    db.session.commit()

    publish(browser, incident, **{f"component-{api}": "partial_outage", f"component-{web}": ""})

    published = publishing.find(incident.id)
    assert published is not None
    assert published.newest.components == {api: "partial_outage"}
    assert publish(browser, incident, "x", **{f"component-{api}": "on_fire"}).status_code == 422


def test_the_preview_is_what_the_page_then_shows(app: Flask, browser: FlaskClient, incident: Incident) -> None:
    api = a_component("API")
    db.session.commit()
    typed = {
        "audience": "public",
        "status": "identified",
        "body": "It is the **rate limit**.",
        f"component-{api}": "partial_outage",
    }

    shown = send(browser, f"{updates(incident)}/preview", typed, page=updates(incident))

    assert shown.status_code == 200
    assert "<strong>rate limit</strong>" in shown.text
    assert "Identified" in words(shown)
    assert "Partial outage" in words(shown)
    assert "Next update by" in words(shown)
    assert publishing.find(incident.id) is None
    assert latest(incident) is None


def test_the_preview_needs_no_script(app: Flask, browser: FlaskClient, incident: Incident) -> None:
    shown = send(
        browser,
        updates(incident),
        {"act": "preview", "audience": "public", "body": "Soon **better**", "status": "monitoring"},
    )

    assert shown.status_code == 200
    assert "<strong>better</strong>" in shown.text
    assert "Soon **better**" in shown.text
    assert latest(incident) is None


def test_internal_text_never_fills_a_public_field(
    app: Flask, browser: FlaskClient, incident: Incident, maya: Person
) -> None:
    actions.post_update(incident, by=maya.as_actor(), body="We fear the worst", audience="internal")
    db.session.commit()

    assert (
        "We fear the worst"
        not in browser.get(updates(incident)).text.partition("<textarea")[2].partition("</textarea>")[0]
    )


def test_the_composer_begins_with_the_last_public_text(
    app: Flask, browser: FlaskClient, incident: Incident, clock: WoundClock
) -> None:
    publish(browser, incident, "We look into it.")

    assert (
        "We look into it." in browser.get(updates(incident)).text.partition("<textarea")[2].partition("</textarea>")[0]
    )


def test_a_template_fills_the_composer_with_its_placeholders(
    app: Flask, browser: FlaskClient, incident: Incident, maya: Person
) -> None:
    template = actions.message_templates.save(
        None, by=maya.as_actor(), name="First word", body="{{incident.title}}: we look. {{no.such}}", severity="P2"
    )
    db.session.commit()

    filled = browser.get(f"{updates(incident)}?template={template.id}").text

    assert "AI provider rate limited: we look. {{no.such}}" in filled


def test_a_draft_waits_and_is_published_later(app: Flask, browser: FlaskClient, incident: Incident) -> None:
    kept = send(browser, updates(incident), {"act": "draft", "audience": "public", "body": "Not yet"})
    draft = newest(incident)

    assert "Not yet" in words(browser.get(kept.location))
    assert publishing.find(incident.id) is None

    send(browser, f"{updates(incident)}/{draft.public_id}/publication", page=f"{updates(incident)}/{draft.public_id}")
    assert publishing.find(incident.id) is not None


def test_an_update_set_for_later_needs_a_time_that_is_to_come(
    app: Flask, browser: FlaskClient, incident: Incident, clock: WoundClock
) -> None:
    def schedule(at: str) -> TestResponse:
        return send(
            browser, updates(incident), {"act": "schedule", "audience": "public", "body": "Soon", "publish_at": at}
        )

    past, never, nonsense, later = (schedule(at) for at in ("2026-11-23T03:00", "", "tomorrow", "2026-11-23T03:30"))

    assert [past.status_code, never.status_code, nonsense.status_code, later.status_code] == [422, 422, 422, 303]
    waiting = newest(incident)
    assert waiting.publish_at is not None
    assert waiting.publish_at.isoformat() == "2026-11-23T02:30:00+00:00"
    assert publishing.find(incident.id) is None


def test_no_change_says_what_it_will_say_and_keeps_the_public_status(
    app: Flask, browser: FlaskClient, incident: Incident, clock: WoundClock
) -> None:
    publish(browser, incident, status="identified")
    clock.forward(minutes=29)

    asked = words(browser.get(f"{updates(incident)}/no-change"))
    answer = send(browser, f"{updates(incident)}/no-change")

    published = publishing.find(incident.id)
    assert "The public reads:" in asked
    assert "Nothing has changed since the last update." in asked
    assert answer.status_code == 303
    assert published is not None
    assert published.newest.public_status == "identified"
    assert "Nothing has changed" in published.newest.body
    assert newest(incident).was_on_time is True


def test_no_change_is_internal_while_nothing_is_public(app: Flask, browser: FlaskClient, incident: Incident) -> None:
    send(browser, f"{updates(incident)}/no-change")

    assert publishing.find(incident.id) is None
    assert newest(incident).audience == "internal"


def test_an_edit_keeps_the_old_wording_and_says_edited(app: Flask, browser: FlaskClient, incident: Incident) -> None:
    publish(browser, incident, "We lok into it.")
    page = f"{updates(incident)}/{newest(incident).public_id}"

    send(browser, page, {"body": "We look into it.", "version": "1"})

    published = publishing.find(incident.id)
    assert published is not None
    assert published.newest.body == "We look into it."
    assert published.newest.edited_at is not None
    assert "We lok into it." in words(browser.get(page))
    assert "Edited" in words(browser.get(f"/console/incidents/{incident.ref}"))


def test_two_who_edit_at_once_never_overwrite_each_other(app: Flask, browser: FlaskClient, incident: Incident) -> None:
    publish(browser, incident, "First")
    page = f"{updates(incident)}/{newest(incident).public_id}"
    send(browser, page, {"body": "Theirs", "version": "1"})

    conflict = send(browser, page, {"body": "Mine", "version": "1"})

    assert conflict.status_code == 409
    assert "Theirs" in words(conflict)
    assert "Mine" in words(conflict)
    assert newest(incident).body == "Theirs"

    send(browser, page, {"body": "Mine", "version": "2"})
    assert newest(incident).body == "Mine"


def test_withdrawing_asks_once_and_leaves_the_page(app: Flask, browser: FlaskClient, incident: Incident) -> None:
    publish(browser, incident, "A mistake")
    page = f"{updates(incident)}/{newest(incident).public_id}/withdrawal"

    assert "Withdraw this update?" in words(browser.get(page))
    send(browser, page, {"reason": "Wrong incident"})

    assert publishing.find(incident.id) is None
    assert "Withdrawn" in words(browser.get(f"/console/incidents/{incident.ref}"))


def test_an_internal_incident_offers_nothing_public(app: Flask, browser: FlaskClient, maya: Person) -> None:
    internal = an_incident(by=maya, severity="P3", visibility_wanted="internal")

    assert 'value="public"' not in browser.get(updates(internal)).text
    assert publish(browser, internal, confirmed="1").status_code == 409
    assert publishing.find(internal.id) is None


def test_the_next_step_begins_with_the_update_when_it_is_ticked(app: Flask, browser: FlaskClient, maya: Person) -> None:
    told = an_incident(by=maya, severity="P2", impact="Slow", components={})
    actions.acknowledge(told, by=maya.as_actor())
    actions.advance(told, to="communication", by=maya.as_actor())
    db.session.commit()

    offered = browser.get(updates(told)).text
    publish(browser, told, also="investigation")

    db.session.refresh(told)
    assert 'name="also" value="investigation" checked' in offered
    assert told.step == "investigation"


def test_an_update_of_another_incident_is_not_found_here(
    app: Flask, browser: FlaskClient, incident: Incident, maya: Person
) -> None:
    publish(browser, incident)
    other = an_incident(by=maya)

    assert browser.get(f"{updates(other)}/{newest(incident).public_id}").status_code == 404
