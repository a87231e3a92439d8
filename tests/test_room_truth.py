"""The room says what truly happened: who was reached, how long each step took, what others changed meanwhile."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from incidents import actions
from incidents.channels import Outcome
from incidents.kernel.database import db
from incidents.records.people import Person
from incidents.reports.tellings import Telling
from tests.acting import act, browser_of, entries, main_of, opened, room, send
from tests.browsing import words
from tests.conftest import WoundClock
from tests.factories import a_component, an_incident
from tests.factories_people import make_person, sign_in
from tests.outgoing import Outgoing, run_due_jobs

LEVELS = [
    {"label": "On call", "after_minutes": 0, "tell": ["on_call"]},
    {"label": "Lead", "after_minutes": 15, "tell": ["person:jonas@example.com"]},
    {"label": "CTO", "after_minutes": 30, "tell": ["role:cto"]},
]


@pytest.fixture
def maya(app: Flask) -> Person:
    return make_person(name="Maya Lindqvist")


@pytest.fixture
def jonas(app: Flask, maya: Person) -> Person:
    person = make_person("jonas@example.com", name="Jonas Weber")
    actions.matrix.change_levels("P1", by=maya.as_actor(), levels=LEVELS)
    return person


def poll(page: Any) -> str:
    found = re.search(r'id="news"[^>]* hx-get="([^"]+)"', page.text)
    assert found
    return found[1].replace("&amp;", "&")


def test_a_reason_that_several_addresses_share_is_said_once() -> None:
    missed = (("Jonas", "no mail server"), ("Maya", "no mail server; the name of the address is not known"))

    assert Telling(missed=missed).reasons == "no mail server; the name of the address is not known"


def test_nobody_is_called_told_where_no_mail_server_is_set(client: FlaskClient, maya: Person, jonas: Person) -> None:
    incident = an_incident(by=maya)
    sign_in(client, maya)

    page = words(client.get(room(incident)))
    assert "On call: Maya Lindqvist could not be told: no mail server" in page
    assert "On call Maya Lindqvist could not be told: no mail server" in page
    assert "told: Maya" not in page


def test_the_timeline_and_the_ladder_say_why_a_letter_failed_and_whom_it_reached(
    client: FlaskClient, clock: WoundClock, maya: Person, jonas: Person, outgoing: Outgoing
) -> None:
    outgoing.for_destination["jonas@example.com"] = Outcome("refused", "The mail server said: 550 no such box")
    incident = an_incident(by=maya)
    clock.forward(minutes=15)
    run_due_jobs()
    sign_in(client, maya)

    page = words(client.get(room(incident)))
    assert "On call told: Maya Lindqvist" in page
    assert "Lead: Jonas Weber could not be told: the mail server said: 550 no such box" in page
    assert "Lead Jonas Weber could not be told: the mail server said: 550 no such box 02:29 Call in" in page


def test_a_level_is_called_in_by_hand_for_one_of_five_reasons(app: Flask, jonas: Person, outgoing: Outgoing) -> None:
    client, priya = browser_of(app, "priya")
    incident = an_incident(by=priya)
    run_due_jobs()
    actions.acknowledge(incident, by=priya.as_actor())
    db.session.commit()
    link = re.search(r'href="([^"]+/escalations\?level=[^"]+)"', client.get(room(incident)).text)
    assert link
    path = link[1].replace("&amp;", "&")

    nameless = act(client, path, holding="What do they need")
    answer = act(client, path, holding="What do they need", reason="customer", note="They call us")
    run_due_jobs()

    assert nameless.status_code == 422
    assert (answer.status_code, entries(incident, "escalated")[0].detail["reason"]) == (303, "customer")
    assert outgoing.destinations.count("jonas@example.com") == 1
    assert entries(incident, "told")[-1].detail["people"] == ["Jonas Weber"]


def test_escalating_names_the_levels_that_name_nobody(
    client: FlaskClient, clock: WoundClock, maya: Person, jonas: Person
) -> None:
    incident = an_incident(by=maya)
    clock.forward(minutes=31)
    run_due_jobs()
    sign_in(client, maya)

    page = words(client.get(f"{room(incident)}/escalations"))
    assert "CTO names nobody" in page
    assert "Every level that names somebody was told." in page
    assert "No mail server is set." in page


def test_each_step_keeps_its_own_length_when_it_is_gone_back_to(
    client: FlaskClient, clock: WoundClock, maya: Person
) -> None:
    incident = an_incident(by=maya, severity="P3", impact="Slow", components={})
    clock.forward(minutes=3)
    actions.acknowledge(incident, by=maya.as_actor())
    for step, minutes in (("communication", 4), ("investigation", 5), ("mitigation", 10)):
        clock.forward(minutes=minutes)
        actions.advance(incident, to=step, by=maya.as_actor(), note="Restart", reason="Known")
    clock.forward(minutes=6)
    actions.resolve(incident, by=maya.as_actor(), summary="Restarted")
    clock.forward(minutes=60)
    actions.reopen(incident, by=maya.as_actor(), reason="It is back")
    clock.forward(minutes=7)
    db.session.commit()
    sign_in(client, maya)

    page = words(client.get(room(incident)))
    assert "Detection 02:14, 3 min" in page
    assert "Triage 02:17, 4 min" in page
    assert "Communication 02:21, 5 min" in page  # not until mitigation, which came first before the reopening
    assert "Investigation again, 7 min so far" in page


def test_an_event_stands_at_its_own_time_on_whichever_page_that_is(
    client: FlaskClient, clock: WoundClock, maya: Person
) -> None:
    incident = an_incident(by=maya)
    for number in range(150):
        clock.forward(seconds=60)
        actions.add_note(incident, by=maya.as_actor(), body=f"note {number}.")
    actions.add_note(incident, by=maya.as_actor(), body="It was earlier", at=clock.moment - timedelta(minutes=140))
    db.session.commit()
    sign_in(client, maya)

    first = client.get(room(incident))
    older = re.search(r'href="([^"]+\?before=\d+)#timeline"', first.text)
    assert older
    second = words(client.get(older[1]))
    assert "It was earlier" not in words(first)
    assert second.index("note 10.") < second.index("It was earlier") < second.index("note 8.")


def test_system_shows_what_no_other_filter_does_and_stays_in_the_address(client: FlaskClient, maya: Person) -> None:
    incident = an_incident(by=maya)
    actions.acknowledge(incident, by=maya.as_actor())
    actions.add_note(incident, by=maya.as_actor(), body="A thought")
    db.session.commit()
    sign_in(client, maya)

    page = client.get(f"{room(incident)}?show=system")
    assert "You acknowledged" in words(page)
    assert "A thought" not in words(page)
    assert "show=system" in poll(page)


def test_a_late_line_a_correction_and_an_outcome_reach_an_open_page(
    client: FlaskClient, clock: WoundClock, maya: Person, jonas: Person, outgoing: Outgoing
) -> None:
    incident = an_incident(by=maya)
    note = actions.add_note(incident, by=jonas.as_actor(), body="Frist words")
    db.session.commit()
    sign_in(client, maya)
    asked = poll(client.get(room(incident)))
    assert client.get(asked).status_code == 204

    run_due_jobs()  # the letter leaves: no line, and yet another margin
    left = client.get(asked)
    assert "being told" not in words(left)
    assert "02:14" in left.text
    assert "new on the timeline" not in left.text

    clock.forward(seconds=5)
    actions.correct_entry(note, incident, by=jonas.as_actor(), body="First words")
    db.session.commit()
    corrected = client.get(poll(left))
    assert corrected.headers["HX-Reswap"] == "innerHTML"
    assert "First words" in corrected.text

    actions.add_note(incident, by=jonas.as_actor(), body="From before", at=clock.moment - timedelta(hours=1))
    db.session.commit()
    late = client.get(poll(corrected))
    assert late.headers["HX-Reswap"] == "innerHTML"
    assert late.text.index("First words") < late.text.index("From before")
    assert late.text.count('class="new"') == 1
    assert "1 new on the timeline" in late.text

    actions.add_note(incident, by=jonas.as_actor(), body="Just now")
    db.session.commit()
    new = client.get(poll(late))
    assert "HX-Reswap" not in new.headers
    assert "First words" not in new.text
    assert client.get(poll(new)).status_code == 204


def test_an_older_page_hears_of_the_head_and_gets_no_lines(client: FlaskClient, maya: Person) -> None:
    incident = an_incident(by=maya)
    sign_in(client, maya)
    asked = poll(client.get(f"{room(incident)}?before=1"))
    actions.add_note(incident, by=maya.as_actor(), body="Just now")
    db.session.commit()

    news = client.get(asked)
    assert 'hx-swap-oob="outerHTML:#room-head"' in news.text
    assert "Just now" not in news.text


def test_the_new_holder_says_i_have_it_and_the_giver_sees_whether(
    app: Flask, client: FlaskClient, maya: Person, jonas: Person
) -> None:
    incident = an_incident(by=maya)
    actions.assign_role(incident, role="commander", person=jonas, by=maya.as_actor())
    db.session.commit()
    sign_in(client, maya)
    his = sign_in(app.test_client(), jonas)

    assert "Commander Jonas Weber has not accepted yet" in words(client.get(room(incident)))
    assert "You are now commander. Maya Lindqvist gave it to you 02:14 UTC." in words(his.get(room(incident)))
    assert act(his, room(incident), holding="I have it").status_code in (303, 405)
    form = opened(his, room(incident), holding="I have it")
    assert send(his, f"{room(incident)}/roles/commander/acceptance", form).status_code == 303
    assert "has not accepted yet" not in words(client.get(room(incident)))
    assert "You are now" not in words(his.get(room(incident)))


def test_a_disabled_person_gets_no_role_and_it_is_said_beside_the_field(
    client: FlaskClient, clock: WoundClock, maya: Person, jonas: Person
) -> None:
    incident = an_incident(by=maya)
    jonas.disabled_at = clock.moment
    db.session.commit()
    sign_in(client, maya)
    form = opened(client, f"{room(incident)}/roles", holding='value="scribe"')

    answer = send(client, f"{room(incident)}/roles", form, role="scribe", person="jonas@example.com")
    assert answer.status_code == 422
    assert 'id="person-error"' in answer.text
    assert "The account of Jonas Weber is disabled. Choose somebody else." in words(answer)


def test_a_refusal_to_reopen_names_no_incident(client: FlaskClient, maya: Person) -> None:
    incident, into = an_incident(by=maya), an_incident(by=maya)
    sign_in(client, maya)
    actions.resolve(incident, by=maya.as_actor(), summary="x", reason="y")
    db.session.commit()
    form = opened(client, f"{room(incident)}/reopening")
    incident.outcome, incident.merged_into_id = "merged", into.id
    actions.change_visibility(into, to="restricted", by=maya.as_actor(), viewer_person=None)
    db.session.commit()
    other = sign_in(client.application.test_client(), make_person("vera@example.com"))
    answer = send(other, f"{room(incident)}/reopening", {**form, **opened(other, "/console/me")}, reason="Back")

    assert answer.status_code == 409
    assert into.ref not in answer.text


@pytest.mark.parametrize(
    ("path", "field", "typed", "sentence"),
    [
        ("notes", "body", "x" * 100_000, "Use at most 20,000 characters. There are 100,000 now."),
        ("notes", "at", "1970-01-01T00:00", "This time is more than ten years ago."),
        ("notes", "at", "2100-01-01T00:00", "This time is in the future."),
        ("notes", "link", "javascript:alert(1)", "Start the address with https://"),
        ("details", "title", "Ü" * 300, "Use at most 200 characters. There are 300 now."),
        ("details", "impact", "y" * 100_000, "Use at most 2,000 characters. There are 100,000 now."),
        ("details", "detected_at", "1970-01-01T00:00", "This time is more than ten years ago."),
        ("details", "impact_started_at", "2100-01-01T00:00", "This time is in the future."),
        ("severity", "reason", "z" * 100_000, "Use at most 1,000 characters. There are 100,000 now."),
        ("relations", "to", "INC-9999", "There is no such incident."),
    ],
)
def test_what_cannot_be_taken_is_said_beside_its_field_and_kept(
    client: FlaskClient, maya: Person, path: str, field: str, typed: str, sentence: str
) -> None:
    incident = an_incident(by=maya)
    sign_in(client, maya)
    address = f"{room(incident)}/{path}"
    form = opened(client, address, holding=f'name="{field}"')
    more = {"severity": "P2"} if path == "severity" else {"body": "A thought"} if path == "notes" else {}

    answer = send(client, address, form, **{**more, field: typed})
    assert answer.status_code == 422
    assert sentence in words(answer)
    assert f'id="{field}-error"' in answer.text
    assert typed.replace("'", "&#39;") in answer.text


def test_a_severity_says_what_it_moves_and_whom_it_tells(
    client: FlaskClient, clock: WoundClock, maya: Person, jonas: Person
) -> None:
    incident = an_incident(by=maya, severity="P2")
    clock.forward(minutes=20)
    sign_in(client, maya)

    page = words(client.get(f"{room(incident)}/severity"))
    assert "Acknowledge by 02:29. Resolve by 06:14. Next update by 03:04. Told at once: Jonas Weber." in page
    assert "As it is now: nothing moves." in page


def test_the_other_incident_is_found_by_words_and_a_hidden_one_never(
    app: Flask, client: FlaskClient, maya: Person, jonas: Person
) -> None:
    an_incident(by=maya, title="Database was slow, 100% of it")
    an_incident(by=maya, title="Database keys stolen", is_security=True)
    incident = an_incident(by=maya)
    his = sign_in(client, jonas)

    for path in ("relations", "merge"):
        found = main_of(his.get(f"{room(incident)}/{path}?q=database"))
        assert "Database was slow" in found
        assert "stolen" not in found
        assert "stolen" not in main_of(his.get(f"{room(incident)}/{path}?q=INC-2"))
        assert "Database was slow" in main_of(his.get(f"{room(incident)}/{path}?q=100%25"))
        assert "No incident that you can see" in main_of(his.get(f"{room(incident)}/{path}?q=%25x_"))
    chosen = his.get(f"{room(incident)}/relations?to=INC-1&q=database").text
    assert re.search(r'name="to"[^>]*value="INC-1"', chosen)


def test_every_letter_that_failed_is_tried_again_at_once(app: Flask, outgoing: Outgoing) -> None:
    client, admin = browser_of(app, "ada", role="admin")
    make_person("jonas@example.com")
    tell = [{"label": "All", "after_minutes": 0, "tell": ["responders"]}]
    actions.matrix.change_levels("P1", by=admin.as_actor(), levels=tell)
    outgoing.outcome = Outcome("refused", "Full")
    incident = an_incident(by=admin)
    run_due_jobs()
    form = opened(client, f"{room(incident)}/deliveries", holding="Try all 2 again")
    outgoing.outcome = Outcome("sent")
    answer = send(client, f"{room(incident)}/deliveries/retry", form)
    run_due_jobs()

    assert answer.status_code == 303
    assert sorted(outgoing.destinations) == ["ada@example.com", "jonas@example.com"]


def test_two_hundred_components_a_long_word_and_other_scripts_stay_readable(
    client: FlaskClient, maya: Person, count_queries: list[str]
) -> None:
    ids = [a_component(f"Part {number}") for number in range(200)]
    title = "انقطاع 🔔 <b>" + "x" * 180
    incident = an_incident(by=maya, title=title, components=dict.fromkeys(ids, "partial_outage"))
    sign_in(client, maya)
    address = room(incident)
    client.get(address)
    count_queries.clear()
    page = client.get(address)

    assert len(count_queries) <= 64
    assert "Part 0, Part 1, Part 2, Part 3 and 196 more" in words(page)
    assert "192 more" in words(page)
    assert '<h1 dir="auto">انقطاع 🔔 &lt;b&gt;' in page.text
    assert client.get(f"{room(incident)}/components").text.count("<select") == 200
