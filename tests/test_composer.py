"""The composer: when the next update comes, who will get it, many components, templates, and two who wrote at once."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from incidents import actions
from incidents.actions import message_templates
from incidents.kernel.database import db
from incidents.kernel.text import render_markdown
from incidents.policy import communication
from incidents.published import components, page_settings, publishing
from incidents.records.incidents import Incident
from incidents.records.people import Person
from incidents.records.updates import Update
from incidents.reports.communication import placeholder_values, template_text
from tests.acting import act, browser_of, opened, room
from tests.browsing import words
from tests.conftest import WoundClock
from tests.factories import a_component, an_incident

Maya = tuple[FlaskClient, Person]


@pytest.fixture
def maya(app: Flask, clock: WoundClock) -> Maya:
    """It is 03:14 where she is."""
    return browser_of(app, zone="Europe/Berlin")


@pytest.fixture
def incident(maya: Maya) -> Incident:
    declared = an_incident(by=maya[1], severity="P2", impact="Two customers shouted")
    actions.acknowledge(declared, by=maya[1].as_actor())
    db.session.commit()
    return declared


def composer(incident: Incident) -> str:
    return f"{room(incident)}/updates"


def post(client: FlaskClient, incident: Incident, **typed: Any) -> Any:
    given = {"act": "publish", "audience": "public", "body": "We look into it.", **typed}
    return act(client, composer(incident), holding='name="tab_page"', **given)


def text_in(page: Any, field: str = "body") -> str:
    found = re.search(rf'<textarea id="{field}"[^>]*>\n(.*?)</textarea>', page.text, re.DOTALL)
    assert found
    return unescape(found[1])


def count(incident: Incident) -> int:
    db.session.commit()
    return db.session.scalar(select(func.count()).select_from(Update).where(Update.state == "published")) or 0


@pytest.mark.parametrize("typed", ["03:30", "0330", "3:30", "03.30", " 03h30 "])
def test_the_next_update_can_be_a_clock_time_of_the_writers_zone(maya: Maya, incident: Incident, typed: str) -> None:
    answer = post(maya[0], incident, next_at=typed)

    db.session.refresh(incident)
    assert answer.status_code == 303
    assert incident.next_update_due_at is not None
    assert incident.next_update_due_at.isoformat() == "2026-11-23T02:30:00+00:00"


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("soon", "Write a clock time such as 03:44."),
        ("25:00", "Write a clock time such as 03:44."),
        ("1970", "Write a clock time such as 03:44."),
        ("04:00", "An update is owed every 30 min. Promise that or earlier."),
        ("03:14", "An update is owed every 30 min. Promise that or earlier."),
    ],
)
def test_a_clock_time_that_cannot_be_promised_is_said_beside_its_field_and_in_the_preview(
    maya: Maya, incident: Incident, typed: str, sentence: str
) -> None:
    refused = post(maya[0], incident, next_at=typed)
    shown = maya[0].post(
        f"{composer(incident)}/preview",
        data={**opened(maya[0], composer(incident), holding='name="tab_page"'), "audience": "public", "next_at": typed},
    )

    assert refused.status_code == 422
    assert 'href="#next_at"' in refused.text
    assert sentence in words(refused)
    assert sentence in words(shown)
    assert text_in(refused) == "We look into it."


def test_a_choice_is_said_back_with_its_zone_and_what_is_left(maya: Maya, incident: Incident) -> None:
    assert "Next update by 03:44 CET (02:44 UTC), in 30 min." in words(maya[0].get(composer(incident)))


def test_an_update_set_for_later_promises_from_its_own_time(maya: Maya, incident: Incident) -> None:
    answer = post(maya[0], incident, act="schedule", publish_at="2026-11-23T04:00", next="15")

    assert answer.status_code == 303
    waiting = db.session.scalars(select(Update)).one()
    assert waiting.next_update_at is not None
    assert waiting.next_update_at.isoformat() == "2026-11-23T03:15:00+00:00"


@pytest.mark.parametrize("year", ["1970", "2100"])
def test_a_date_far_away_is_refused_beside_its_field(maya: Maya, incident: Incident, year: str) -> None:
    later = post(maya[0], incident, act="schedule", publish_at=f"{year}-01-01T00:00")
    borne = post(maya[0], incident, display_at=f"{year}-01-01T00:00")

    assert (later.status_code, borne.status_code) == (422, 422)
    assert 'id="publish_at-error"' in later.text
    assert 'id="display_at-error"' in borne.text


def test_an_update_can_bear_an_earlier_time(maya: Maya, incident: Incident) -> None:
    post(maya[0], incident, display_at="2026-11-23T03:05")

    borne = db.session.scalars(select(Update.display_at)).one()
    assert borne is not None
    assert borne.isoformat() == "2026-11-23T02:05:00+00:00"


def test_who_will_get_it_is_said_truly(app: Flask, maya: Maya, incident: Incident) -> None:
    browser_of(app, "jonas")
    first = words(maya[0].get(composer(incident)))
    post(maya[0], incident)
    then = words(maya[0].get(composer(incident)))
    form = opened(maya[0], composer(incident), holding='name="tab_page"')
    internal = words(maya[0].post(f"{composer(incident)}/preview", data={**form, "audience": "internal"}))

    assert (
        "Puts INC-1 on the status page and its feeds, for the first time and at once. No subscriber asked for this"
        in first
    )
    assert "Goes to the status page and its feeds at once. No subscriber asked for this" in then
    assert "where Jonas can read it" in internal
    assert "Tell colleagues" in internal


def test_of_200_components_the_affected_come_first_and_the_rest_behind_a_filter(maya: Maya, incident: Incident) -> None:
    ids = [a_component(f"Service {number}") for number in range(200)]
    actions.set_components(incident, {ids[150]: "major_outage"}, by=maya[1].as_actor())
    db.session.commit()

    page = maya[0].get(composer(incident)).text
    assert page.index("Service 150<") < page.index("data-sieve") < page.index("Service 0<")
    assert post(maya[0], incident, **{f"component-{ids[3]}": "partial_outage"}).status_code == 303
    published = publishing.find(incident.id)
    assert published is not None
    assert published.newest.components == {ids[3]: "partial_outage"}


def test_a_draft_whose_component_was_removed_says_so_and_can_be_saved_without_it(
    maya: Maya, incident: Incident
) -> None:
    api = a_component("API")
    db.session.commit()
    post(maya[0], incident, act="draft", **{f"component-{api}": "partial_outage"})
    draft = db.session.scalars(select(Update)).one()
    component = components.find_component(api)
    assert component is not None
    components.archive_component(component)
    components.delete_component(component)
    db.session.commit()
    page = f"{composer(incident)}/{draft.public_id}"

    refused = maya[0].post(f"{page}/publication", data=opened(maya[0], page, holding="Publish it now"))
    assert refused.status_code == 422
    assert "was removed after this was written. Saving leaves it out." in words(refused)
    assert text_in(refused) == "We look into it."

    act(maya[0], page, holding='name="tab_page"', body="We look into it.")
    sent = maya[0].post(f"{page}/publication", data=opened(maya[0], page, holding="Publish it now"))
    assert sent.status_code == 303
    assert publishing.find(incident.id) is not None


def test_two_who_wrote_at_once_choose_theirs_mine_or_both(app: Flask, maya: Maya, incident: Incident) -> None:
    mine = opened(maya[0], composer(incident), holding='name="tab_page"')
    jonas, _person = browser_of(app, "jonas")
    post(jonas, incident, body="Reports are slow.", confirmed="1")
    typed = {"act": "publish", "audience": "public", "body": "Exports fail.", "status": "identified", "next": "15"}

    asked = maya[0].post(composer(incident), data={**mine, **typed})
    assert asked.status_code == 409
    assert text_in(asked, "joined") == "Reports are slow.\n\nExports fail."
    assert count(incident) == 1

    forms = re.findall(r"<form method=\"post\".*?</form>", asked.text.partition("<main")[2], re.DOTALL)
    hidden = [
        {name: unescape(value) for name, value in re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form)}
        for form in forms
    ]
    looked = maya[0].post(composer(incident), data={**hidden[1], "body": text_in(asked, "joined")})
    assert looked.status_code == 200
    assert text_in(looked) == "Reports are slow.\n\nExports fail."
    assert 'value="identified" checked' in looked.text
    assert count(incident) == 1

    assert maya[0].post(composer(incident), data=hidden[0]).status_code == 303
    assert count(incident) == 2
    assert maya[0].post(composer(incident), data=hidden[0]).status_code == 303
    assert count(incident) == 2


def test_two_edits_of_one_update_can_be_joined(maya: Maya, incident: Incident) -> None:
    post(maya[0], incident, body="Frist")
    page = f"{composer(incident)}/{db.session.scalars(select(Update.public_id)).one()}"
    mine = opened(maya[0], page, holding='name="version"')
    act(maya[0], page, holding='name="version"', body="First")

    asked = maya[0].post(page, data={**mine, "body": "Frist, and more"})
    assert asked.status_code == 409
    form = re.findall(r"<form method=\"post\".*?</form>", asked.text.partition("<main")[2], re.DOTALL)[1]
    hidden = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form))
    assert maya[0].post(page, data={**hidden, "body": text_in(asked, "joined")}).status_code == 303
    assert db.session.scalars(select(Update.body)).one() == "First\n\nFrist, and more"


def test_no_change_acts_once_and_says_when_an_update_came_meanwhile(app: Flask, maya: Maya, incident: Incident) -> None:
    page = f"{composer(incident)}/no-change"
    form = opened(maya[0], page)
    maya[0].post(page, data=form)
    maya[0].post(page, data=form)
    assert count(incident) == 1

    form = opened(maya[0], page)
    jonas, _person = browser_of(app, "jonas")
    post(jonas, incident, body="It is much worse.", confirmed="1")
    asked = maya[0].post(page, data=form)
    assert asked.status_code == 409
    assert "“It is much worse.” Is there still no change?" in words(asked)
    assert count(incident) == 2


def test_a_template_never_swallows_what_was_typed(maya: Maya, incident: Incident) -> None:
    template = message_templates.save(None, by=maya[1].as_actor(), name="First", body="We look at {{incident.title}}.")
    db.session.commit()

    chosen = post(maya[0], incident, act=f"template-{template.id}", body="My own words", status="monitoring")
    assert text_in(chosen) == "We look at AI provider rate limited."
    assert 'value="monitoring" checked' in chosen.text
    back = maya[0].post(
        composer(incident),
        data={
            **opened(maya[0], composer(incident), holding='name="tab_page"'),
            "act": "put_back",
            "replaced": "My own words",
        },
    )
    assert "My own words" in chosen.text
    assert text_in(back) == "My own words"
    assert count(incident) == 0


def test_a_double_click_keeps_one_draft(maya: Maya, incident: Incident) -> None:
    post(maya[0], incident, act="draft")
    post(maya[0], incident, act="draft")

    assert len(db.session.scalars(select(Update)).all()) == 1


def test_templates_made_for_this_severity_and_status_come_first_in_the_teams_order(
    maya: Maya, incident: Incident
) -> None:
    by = maya[1].as_actor()
    for name, severity, status in (
        ("General", None, None),
        ("Also general", None, None),
        ("For P2", "P2", None),
        ("Exact", "P2", "investigating"),
        ("For P1", "P1", None),
        ("For the fix", "P2", "monitoring"),
    ):
        message_templates.save(None, by=by, name=name, body=name, severity=severity, public_status=status)
    message_templates.move(message_templates.in_order()[1], by=by, up=True)
    db.session.commit()

    offered = [each.name for each in message_templates.fitting(incident, "investigating")]
    assert offered == ["Exact", "For P2", "Also general", "General"]
    assert text_in(maya[0].get(composer(incident))) == "Exact"


def test_what_is_internal_never_enters_a_public_template(maya: Maya, incident: Incident) -> None:
    hidden = a_component("Secret backend")
    shown = a_component("API")
    backend = components.find_component(hidden)
    assert backend is not None
    backend.is_shown = False
    actions.set_components(incident, {hidden: "major_outage", shown: "major_outage"}, by=maya[1].as_actor())
    db.session.commit()

    def value(name: str, *, for_public: bool) -> str:
        return placeholder_values(incident, base_url="http://console", page_url="http://page/", for_public=for_public)[
            name
        ]

    for name in ("incident.impact", "incident.commander", "incident.step", "incident.url", "incident.severity"):
        assert value(name, for_public=True) == ""
        assert value(name, for_public=False) != ""
    assert value("components", for_public=True) == "API"
    assert value("incident.status", for_public=True) == "Investigating"


def test_the_template_for_the_public_tells_the_severity_only_where_the_page_does(
    maya: Maya, incident: Incident
) -> None:
    assert "SEVERITY" not in template_text(incident, for_public=True)
    assert "Two customers shouted" not in template_text(incident, for_public=True)
    assert template_text(incident).split("\n")[1] == "SEVERITY: P2"

    page_settings.change_page_settings(shows_severity=True)
    assert "SEVERITY: P2" in template_text(incident, for_public=True)


def test_half_a_character_is_drawn_as_a_question_mark(app: Flask) -> None:
    assert str(render_markdown("a\ud800b\x00c")) == "<p>a?bc</p>"


def test_arabic_emoji_markup_and_one_endless_word_are_previewed_as_text(maya: Maya, incident: Incident) -> None:
    odd = "مرحبا 😀 <script>alert(1)</script> " + "x" * 5_000
    shown = post(maya[0], incident, act="preview", body=odd)

    assert shown.status_code == 200
    assert "<script>alert" not in shown.text
    assert "مرحبا 😀" in words(shown)


def test_the_templates_we_ship_fit_a_public_status_and_are_whole_sentences_without_a_component(
    maya: Maya, incident: Incident
) -> None:
    message_templates.add_ours(by=maya[1].as_actor())
    assert message_templates.add_ours(by=maya[1].as_actor()) == 0
    db.session.commit()

    page = maya[0].get(f"/console/incidents/{incident.ref}/updates")

    assert "We are looking into a problem with our service. We do not know the cause yet." in page.text
    public = "\n".join(body for _name, _status, body in message_templates.OURS)
    assert set(communication.placeholders_in(public)).isdisjoint(communication.INTERNAL)


def test_a_template_for_a_public_status_begins_no_text_for_colleagues(maya: Maya) -> None:
    message_templates.add_ours(by=maya[1].as_actor())
    inside = an_incident(by=maya[1], visibility_wanted="internal")

    page = maya[0].get(f"/console/incidents/{inside.ref}/updates")

    assert "We are looking into" not in page.text
