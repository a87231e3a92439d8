"""``/incident``: each word from the signed request to the record and the timeline."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient
from slack_sdk.models.blocks import Block
from sqlalchemy import select

from incidents import actions
from incidents.access import slack_links
from incidents.actions import action_items, roles
from incidents.actions import maintenance as work
from incidents.kernel.database import db
from incidents.kernel.errors import NotAllowed
from incidents.kernel.outbox import OutboxMessage
from incidents.published import publishing
from incidents.records.incident_channels import IncidentChannel
from incidents.records.incidents import Incident
from incidents.records.people import Person
from incidents.records.timeline import TimelineEntry
from incidents.records.updates import Update
from incidents.slack.commands import COMMANDS
from incidents.slack.commands.asked import Asked
from incidents.slack.replies import Reply
from tests.conftest import WoundClock
from tests.factories import a_component, a_person, an_incident
from tests.slack_door import KEY, command_body, linked, post, say, with_channel


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    return {**environ, "SLACK_SIGNING_SECRET": KEY}


@pytest.fixture
def ada(app: Flask) -> Person:
    return linked(a_person("Ada"))


@pytest.fixture
def incident(ada: Person) -> Incident:
    return an_incident(by=ada)


def newest(kind: str) -> TimelineEntry:
    wanted = select(TimelineEntry).where(TimelineEntry.kind == kind).order_by(TimelineEntry.id.desc())
    return db.session.scalars(wanted.limit(1)).one()


def published(incident: Incident, by: Person) -> None:
    actions.post_update(incident, by=by.as_actor(), body="Logins fail.", audience="public")
    db.session.commit()


def at_mitigation(incident: Incident, by: Person) -> None:
    actions.advance(incident, to="mitigation", by=by.as_actor(), note="Restart it", reason="a test")
    db.session.commit()


# ---- declaring ----


def test_declare_acts_at_once_and_tells_people(client: FlaskClient, ada: Person) -> None:
    said = say(client, "declare p1 Checkout &amp; login fail for <@U7|bob>")

    incident = db.session.scalars(select(Incident)).one()
    assert (incident.severity, incident.title) == ("P1", "Checkout & login fail for @bob")
    assert said.startswith("INC-1 is declared, P1 Critical: Checkout &amp; login fail for @bob")
    assert (newest("declared").by_kind, newest("declared").by_id) == ("person", ada.id)
    assert db.session.scalars(select(OutboxMessage.purpose)).first() is not None
    assert publishing.find(incident.id) is None


def test_declare_without_a_severity_asks_for_it_and_declares_nothing(client: FlaskClient, ada: Person) -> None:
    content = command_body("declare Checkout fails")
    answer = post(client, "/slack/commands", content).json

    assert answer["text"].startswith("How bad is it?")
    assert answer["blocks"][-1]["elements"][0]["url"].endswith("/console/incidents/new?title=Checkout+fails")
    assert db.session.scalars(select(Incident)).all() == []
    assert say(client, "declare P1") == "Say in a few words what is wrong."


def test_declaring_a_p3_says_that_it_wakes_nobody(client: FlaskClient, ada: Person) -> None:
    assert "by e-mail and Slack: a P3 wakes nobody who did not ask for more" in say(client, "declare P3 Slow search")
    assert "wakes nobody" not in say(client, "declare P1 Checkout fails")


def test_a_drill_is_marked_as_one(client: FlaskClient, ada: Person) -> None:
    assert say(client, "drill P3 Game day").startswith("INC-1 is declared, a drill")

    assert db.session.scalars(select(Incident)).one().is_drill


def test_somebody_unknown_may_declare_and_is_told_how_to_be_known(client: FlaskClient, app: Flask) -> None:
    a_person("Ada")
    content = command_body("declare P2 Checkout fails", user="U99", user_name="mallory\u2028<!channel>")
    answer = post(client, "/slack/commands", content).json

    incident = db.session.scalars(select(Incident)).one()
    entry = newest("declared")
    assert entry.by_kind == "slack"
    assert entry.by_name.endswith(" in Slack")
    assert (incident.severity, incident.declared_by_kind) == ("P2", "slack")
    assert "Sevenbells does not know who you are in Slack." in answer["text"]
    way = answer["blocks"][-1]["elements"][0]
    assert way["text"]["text"] == "Link my account"
    found = slack_links.read(way["url"].rpartition("/")[2])
    assert found is not None
    assert (found.team_id, found.user_id) == ("T42", "U99")


def test_a_text_may_begin_on_the_next_line(client: FlaskClient, incident: Incident) -> None:
    for words in ("update\nINC-1\nWe see it.", "update INC-1\nWe see it.", "update inc-1: We see it."):
        assert say(client, words).startswith("Your update on INC-1 is posted")
        assert newest("update").body == "We see it."


@pytest.mark.parametrize("name", ["INC-042", "INC2", "INC-12345678901,"])
def test_a_name_that_is_none_is_never_taken_for_words_about_the_incident_here(
    client: FlaskClient, incident: Incident, name: str
) -> None:
    with_channel(incident, "C7")

    said = say(client, f"resolve {name} rolled back. reason: fixed", channel_id="C7")

    assert said == f"There is no {name.strip(',')} that you can see."
    assert incident.is_open


def test_who_does_not_lead_says_twice_what_the_public_is_to_read(
    client: FlaskClient, incident: Incident, ada: Person
) -> None:
    published(incident, ada)
    linked(a_person("Bob"), "U7")
    words = "resolve INC-1 Rolled back. reason: quick public: It works."

    assert say(client, words, user="U7").startswith("You are neither commander nor communications lead.")
    assert say(client, f"{words} Now.", user="U7").startswith("You are neither")
    assert incident.is_open
    assert say(client, words, user="U7") == "INC-1 is resolved.\nThe status page says: It works."


def test_who_lacks_a_reason_is_told_how_to_write_one(client: FlaskClient, incident: Incident) -> None:
    assert "reason:" in say(client, "resolve INC-1 Rolled back.")
    assert "INC-1 is resolved." in say(client, "resolve INC-1 Rolled back. reason: it was quick")


# ---- who may what ----


def test_somebody_unknown_reads_what_is_public_and_nothing_else(client: FlaskClient, ada: Person) -> None:
    shown, hidden = an_incident(by=ada), an_incident(by=ada, title="Internal secret")
    published(shown, ada)

    said = say(client, "list", user="U99")
    assert "INC-1: AI provider rate limited · Investigating" in said
    assert "secret" not in said
    assert "Logins fail." in say(client, "show INC-1", user="U99")
    assert "secret" not in say(client, f"show {hidden.ref}", user="U99")
    for words in ("ack INC-1", "oncall", "note INC-1 x", "drill P1 x", "resolve INC-1 x", "template INC-1"):
        assert say(client, words, user="U99").startswith("Sevenbells does not know who you are in Slack.")
    assert shown.is_open
    assert not shown.is_acknowledged


def test_somebody_unknown_reads_what_they_declared_and_no_words_of_colleagues(client: FlaskClient, ada: Person) -> None:
    say(client, "declare P2 Checkout fails", user="U98")
    mine = db.session.scalars(select(Incident)).one()
    with_channel(mine, "C7")
    actions.post_update(mine, by=ada.as_actor(), body="It was Bob.", audience="internal")
    db.session.commit()

    assert (
        say(client, "list", user="U98") == "Open incidents\nINC-1: Checkout fails · P2 · Detection · not acknowledged"
    )
    for words, channel in (("show INC-1", "C42"), ("show", "C7")):
        said = say(client, words, user="U98", channel_id=channel)
        assert said == "INC-1: Checkout fails\nP2 High · Detection · not acknowledged"
    assert say(client, "list", user="U99") == "No incident is open."
    assert say(client, "show INC-1", user="U99").startswith("You did not declare this")
    mine.visibility = "restricted"
    db.session.commit()
    assert "INC-1" not in say(client, "list", user="U98")
    mine.visibility = "public"
    published(mine, ada)
    assert say(client, "list", user="U98").count("INC-1") == 1
    assert say(client, "show INC-1", user="U98").endswith("Investigating: Logins fail.")


def test_whoever_may_only_look_changes_nothing(client: FlaskClient, incident: Incident) -> None:
    linked(a_person("Vic", role="viewer"), "U7")
    before = db.session.scalars(select(TimelineEntry.id)).all()

    assert "declare" not in say(client, "", user="U7")
    assert "INC-1" in say(client, "list", user="U7")
    assert "AI provider" in say(client, "show INC-1", user="U7")
    for word in ("declare P1", "drill P1", "ack", "update", "note", "step", "severity", "role", "escalate"):
        assert say(client, f"{word} INC-1 x", user="U7").startswith("Only responders can do this.")
    for word in ("snooze", "resolve", "reopen"):
        assert say(client, f"{word} INC-1 x", user="U7").startswith("Only responders can do this.")
    assert db.session.scalars(select(TimelineEntry.id)).all() == before


def test_a_disabled_account_does_nothing(client: FlaskClient, clock: WoundClock, ada: Person) -> None:
    ada.disabled_at = clock()

    assert say(client, "declare P1 x").startswith("Your account is disabled.")
    assert say(client, "oncall").startswith("Sevenbells does not know")


def test_a_restricted_incident_answers_like_a_missing_one(client: FlaskClient, incident: Incident) -> None:
    an_incident(by=a_person("Bob"), visibility_wanted="restricted", title="Breach")

    for word in ("show", "ack", "note", "resolve", "role", "template", "postmortem"):
        assert say(client, f"{word} INC-2 x") == "There is no INC-2 that you can see."
        assert say(client, f"{word} INC-99 x") == "There is no INC-99 that you can see."
    assert "Breach" not in say(client, "list")


# ---- naming ----


def test_in_the_channel_of_an_incident_it_is_meant(client: FlaskClient, incident: Incident) -> None:
    assert say(client, "ack").startswith("Which incident? Name it first")
    db.session.add(IncidentChannel(incident_id=incident.id, channel_id="C42"))

    assert say(client, "ack").startswith("You acknowledged INC-1.")
    assert say(client, "note The queue is full") == "Your note is on the timeline of INC-1."
    assert newest("note").body == "The queue is full"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("reslove INC-1", "resolve"), ("esclate", "escalate"), ("shwo INC-1", "show"), ("LISST", "list")],
)
def test_a_word_mistyped_gets_the_nearest_one(client: FlaskClient, incident: Incident, typed: str, meant: str) -> None:
    assert f"Did you mean /incident {meant}?" in say(client, typed)
    assert incident.is_open


def test_a_word_like_none_is_answered_without_a_guess(client: FlaskClient, ada: Person) -> None:
    said = say(client, "<!everyone> &lt;!here&gt;")

    assert "Did you mean" not in said
    assert "<!" not in said
    assert "@everyone" not in said


def test_a_command_is_done_wholly_or_not_at_all(
    client: FlaskClient, incident: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(asked: Asked) -> Reply:
        actions.add_note(incident_of(asked), by=asked.by, body="half of it")
        raise NotAllowed("The other half is not allowed.")

    def incident_of(asked: Asked) -> Incident:
        return asked.incident()[0]

    monkeypatch.setitem(COMMANDS, "note", half)

    assert say(client, "note INC-1") == "The other half is not allowed."
    assert db.session.scalars(select(TimelineEntry).where(TimelineEntry.kind == "note")).all() == []


# ---- answering ----


def test_ack_takes_it_and_the_second_time_says_so(client: FlaskClient, incident: Incident, ada: Person) -> None:
    assert say(client, "ack inc-1").startswith("You acknowledged INC-1.")
    assert say(client, "acknowledge INC-1").startswith("You had acknowledged INC-1 before.")

    assert incident.is_acknowledged
    assert roles.holder(incident, "commander") == ada


def test_severity_is_judged_with_a_reason(client: FlaskClient, incident: Incident) -> None:
    assert say(client, "severity INC-1 p3 only a few customers") == "INC-1 is P3 Medium now."
    assert say(client, "severity INC-1 P3") == "INC-1 is P3 Medium already."
    assert say(client, "severity INC-1 P7").startswith("“P7” is no severity.")

    assert (incident.severity, newest("severity").body) == ("P3", "only a few customers")


def test_escalate_calls_in_the_next_level_for_a_known_reason(client: FlaskClient, incident: Incident) -> None:
    assert "Did you mean customer?" in say(client, "escalate INC-1 custmer")
    said = say(client, "escalate INC-1 customer ACME called")

    assert newest("escalated").body == "ACME called"
    assert newest("escalated").detail["reason"] == "customer"
    assert "called in" in said


def test_snooze_holds_a_reminder_back_with_a_reason(
    client: FlaskClient, clock: WoundClock, incident: Incident, ada: Person
) -> None:
    actions.acknowledge(incident, by=ada.as_actor())
    assert say(client, "snooze INC-1").startswith("For how long?")
    assert say(client, "snooze INC-1 10").startswith("Give a reason")
    clock.forward(minutes=29)

    assert say(client, "snooze INC-1 10 writing it").startswith("The reminder of INC-1 is held back for 10 min.")
    assert newest("snooze").body == "writing it"
    assert incident.snoozed_until == clock() + timedelta(minutes=10)


# ---- writing ----


def test_update_is_for_colleagues_and_offers_the_composer(client: FlaskClient, incident: Incident) -> None:
    answer = post(client, "/slack/commands", command_body("update INC-1 Provider says 20 min")).json

    [update] = db.session.scalars(select(Update)).all()
    assert (update.body, update.audience, update.state) == ("Provider says 20 min", "internal", "published")
    assert newest("update").body == "Provider says 20 min"
    assert publishing.find(incident.id) is None
    publish = answer["blocks"][-1]["elements"][0]
    assert publish["text"]["text"] == "Publish…"
    assert publish["url"].endswith("/console/incidents/INC-1/updates")
    assert say(client, "update INC-1").startswith("The form did not open in Slack.")


def test_template_shows_the_seven_lines(client: FlaskClient, incident: Incident) -> None:
    said = say(client, "template INC-1")

    assert "AI provider rate limited" in said
    assert "SEVERITY: P1" in said


# ---- the course ----


def test_step_goes_on_and_says_what_is_missing(client: FlaskClient, incident: Incident) -> None:
    assert say(client, "step INC-1").startswith("Which step?")
    assert "Did you mean mitigation?" in say(client, "step INC-1 mitigaton")
    assert say(client, "step INC-1 next").startswith("Triage asks for more.")
    assert incident.step == "detection"

    assert say(client, "step INC-1 next reason: I am alone").startswith("INC-1 is at triage now, step 2 of 7.")
    assert newest("step").detail["reason"] == "I am alone"
    said = say(client, "step INC-1 mitigation Restart the proxy reason: no time")
    assert said.startswith("INC-1 is at mitigation now")
    assert incident.attempt == "Restart the proxy"
    assert say(client, "step INC-1 mitigation").startswith("INC-1 is at mitigation already")


def test_resolve_takes_a_summary_and_reopen_a_reason(client: FlaskClient, incident: Incident, ada: Person) -> None:
    assert say(client, "resolve INC-1 Restarted it").startswith("Resolving at detection skips steps.")
    at_mitigation(incident, ada)

    assert say(client, "resolve INC-1 Restarted it").startswith("INC-1 is resolved.")
    assert (incident.outcome, incident.resolution_summary) == ("resolved", "Restarted it")
    assert say(client, "resolve INC-1 Restarted it").startswith("INC-1 was over already.")
    assert say(client, "reopen INC-1").startswith("Say why")
    assert say(client, "reopen INC-1 It fails again").startswith("INC-1 is open again.")
    assert incident.is_open
    assert newest("reopened").body == "It fails again"


def test_a_false_alarm_ends_as_one(client: FlaskClient, incident: Incident) -> None:
    assert say(client, "resolve INC-1 false alarm: the probe was wrong").startswith("INC-1 is a false alarm.")

    assert (incident.outcome, incident.outcome_reason) == ("false_alarm", "the probe was wrong")


def test_what_the_status_page_says_is_written_in_so_many_words(
    client: FlaskClient, incident: Incident, ada: Person
) -> None:
    say(client, "ack INC-1")
    published(incident, ada)
    at_mitigation(incident, ada)

    assert say(client, "resolve INC-1 Restarted it").startswith("INC-1 is on the status page.")
    assert say(client, "step INC-1 resolution Restarted it").startswith("INC-1 is on the status page.")
    assert incident.is_open
    said = say(client, "resolve INC-1 Restarted it public: Logins work again.")
    assert "The status page says: Logins work again." in said
    shown = publishing.find(incident.id)
    assert shown is not None
    assert (shown.newest.body, shown.newest.public_status) == ("Logins work again.", "resolved")
    assert incident.resolution_summary == "Restarted it"


def test_step_can_end_it_and_begin_it_again(client: FlaskClient, incident: Incident, ada: Person) -> None:
    at_mitigation(incident, ada)
    assert say(client, "step INC-1 next Restarted it").startswith("INC-1 is resolved.")
    assert say(client, "step INC-1 investigation It fails again").startswith("INC-1 is open again.")
    assert incident.step == "investigation"


# ---- roles ----


def test_role_is_given_by_a_mention_a_name_or_me(client: FlaskClient, incident: Incident, ada: Person) -> None:
    bob = linked(a_person("Bob"), "U7")

    assert say(client, "role INC-1 <@U7|bob>").startswith("Bob is commander of INC-1.")
    assert roles.holder(incident, "commander") == bob
    assert say(client, "role INC-1 scribe me").startswith("Ada is scribe of INC-1.")
    assert say(client, "role INC-1 communications lead bob@example.com").startswith("Bob is communications lead")
    assert newest("role").detail["person"] == "Bob"
    assert "Scribe: Ada" in say(client, "role INC-1")
    assert say(client, "role INC-1 scribe none").startswith("INC-1 has nobody as scribe now.")
    assert "Did you mean scribe?" in say(client, "role INC-1 scrib @bob")
    assert "does not know who that is" in say(client, "role INC-1 <@U66>")
    assert say(client, "role INC-1 commander nobody-i-know").startswith("No responder is called")


# ---- looking ----


def test_list_and_show_say_what_stands(client: FlaskClient, incident: Incident, ada: Person) -> None:
    an_incident(by=ada, severity="P3", title="Slow <b>exports</b> @channel")
    said = say(client, "list")
    assert said.index("INC-1") < said.index("INC-2")
    assert "Slow &lt;b&gt;exports&lt;/b&gt; @\u200bchannel" in said

    answer = post(client, "/slack/commands", command_body("show INC-1")).json
    assert "P1 Critical · Detection · not acknowledged" in answer["text"]
    assert answer["blocks"][-1]["elements"][0]["action_id"] == "acknowledge:INC-1"


def test_oncall_postmortem_and_maintenance_are_looked_up(
    client: FlaskClient, clock: WoundClock, incident: Incident, ada: Person
) -> None:
    assert "On-call engineer: nobody" in say(client, "oncall")
    assert say(client, "postmortem INC-1").startswith("INC-1 is open.")
    actions.resolve(incident, by=ada.as_actor(), summary="done", reason="a test")
    assert say(client, "postmortem INC-1").startswith("INC-1 has no post-mortem yet. It is due by ")
    assert say(client, "maintenance") == "No maintenance is planned."
    starts_at = clock() + timedelta(hours=2)
    said = work.words(title="Database upgrade", components=[a_component()])
    work.plan(said, by=ada.as_actor(), starts_at=starts_at, ends_at=starts_at + timedelta(hours=1))
    assert "Database upgrade · Scheduled · Mon 23 Nov" in say(client, "maintenance", user="U99")


def test_the_menu_has_buttons_and_each_is_answered(client: FlaskClient, incident: Incident) -> None:
    answer = post(client, "/slack/commands", command_body("")).json
    pressed = [each["action_id"] for each in answer["blocks"][-1]["elements"]]
    assert pressed == ["link:0", "command:list", "command:oncall", "command:maintenance", "command:help"]
    for block in Block.parse_all(answer["blocks"]):
        block.validate_json()

    for number, name in enumerate(pressed[1:]):
        assert _press(client, name, trigger=f"{number}.1").status_code == 200
    rows = db.session.scalars(
        select(OutboxMessage).where(OutboxMessage.destination == "C42").order_by(OutboxMessage.id)
    )
    said = [row.payload["text"].partition("\n")[0] for row in rows if row.payload.get("only_for") == "U42"]
    assert said == ["Open incidents", "On call now", "No maintenance is planned.", "What you can write"]


def _press(client: FlaskClient, name: str, *, trigger: str) -> Any:
    pressed = {
        "type": "block_actions",
        "team": {"id": "T42"},
        "user": {"id": "U42", "username": "ada"},
        "channel": {"id": "C42"},
        "trigger_id": trigger,
        "actions": [{"action_id": name}],
    }
    return post(client, "/slack/interactions", urlencode({"payload": json.dumps(pressed)}))


def test_help_knows_every_word(client: FlaskClient, ada: Person) -> None:
    said = say(client, "help")

    assert [word for word in COMMANDS if word != "help" and f"/incident {word}" not in said] == []


def test_what_is_long_is_cut_and_never_refused_by_slack(client: FlaskClient, ada: Person) -> None:
    for number in range(20):
        an_incident(by=ada, severity="P3", title=f"{number} " + "<&>" * 60)

    listed = post(client, "/slack/commands", command_body("list")).json["blocks"]
    assert listed[-2]["text"]["text"] == "There are more."
    assert say(client, "declare P1 " + "x" * 5000).startswith("Use at most 200 characters.")
    assert say(client, "y" * 6000).startswith("There is no ")
    for word in COMMANDS:
        say(client, f"{word} INC-1 " + "&lt;&amp;&gt;" * 2000)
        say(client, f"{word} INC-999999999 \u202e\ufffd *_~`")
        say(client, word)


def test_actions_tells_whoever_asks_what_they_owe_and_may_see(
    client: FlaskClient, ada: Person, incident: Incident
) -> None:
    assert say(client, "actions") == "You owe no action item."
    bob = a_person("Bob")
    hidden = an_incident(by=ada, title="Somebody was here")
    for title, owner, about in (("Alert early", ada, incident), ("Write", bob, incident), ("Turn", ada, hidden)):
        due_on = date(2026, 11, 20)
        action_items.add(about, title=title, kind="prevent", owner=owner, due_on=due_on, by=bob.as_actor())
    actions.change_visibility(hidden, to="restricted", by=bob.as_actor(), viewer_person=bob)
    actions.unname_person(hidden, person=ada, by=bob.as_actor())

    assert say(client, "action") == "Your action items\nAlert early · INC-1 · 3 days late"
