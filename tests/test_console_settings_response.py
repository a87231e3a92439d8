"""Settings, response: severities, escalation, message templates, the team's own words."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from incidents import actions
from incidents.actions import matrix
from incidents.console.lengths import length_text, minutes_of
from incidents.kernel.database import db
from incidents.policy.severity import Severity
from incidents.records.matrix import MessageTemplate, TeamWord
from incidents.records.people import Person
from tests.factories import an_incident
from tests.factories_people import make_person, post, sign_in

SEVERITIES = "/console/settings/severities"
ESCALATION = "/console/settings/escalation"
TEMPLATES = "/console/settings/templates"
WORDS = "/console/settings/words"
MATRIX = {
    f"{severity}-{field}": text
    for severity, row in {
        "P1": ("Full outage, data loss, security breach", "15 min", "30 min", "4 h"),
        "P2": ("A major feature is broken, payments fail", "1 h", "30 min", "12 h"),
        "P3": ("Degraded performance, minor bugs", "4 h", "", "3 d"),
        "P4": ("Cosmetic issues", "1 d", "", ""),
    }.items()
    for field, text in zip(("examples", "respond", "cadence", "resolve"), row, strict=True)
}


@pytest.fixture
def maya(client: FlaskClient) -> Person:
    person = make_person("maya@example.com", role="admin")
    sign_in(client, person)
    return person


@pytest.mark.parametrize(
    ("typed", "minutes"),
    [
        ("15", 15),
        ("15 min", 15),
        ("4h", 240),
        ("1 d 12 h", 2160),
        ("3 days", 4320),
        ("90 minutes", 90),
        ("1 h, 5 min", 65),
    ],
)
def test_a_length_is_read_as_people_write_it(typed: str, minutes: int) -> None:
    assert minutes_of(typed) == minutes
    assert minutes_of(length_text(minutes)) == minutes


@pytest.mark.parametrize("typed", ["", "soon", "-5", "1.5 h", "4 weeks", "h", "15 min x"])
def test_what_is_no_length_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="Write a length such as 15 min, 4 h or 3 d"):
        minutes_of(typed)


def test_the_matrix_is_shown_as_it_is_and_saved_for_what_is_declared_later(client: FlaskClient, maya: Person) -> None:
    running = an_incident(by=maya, severity="P1")
    page = client.get(SEVERITIES).text
    assert all(f'name="{name}"' in page for name in MATRIX)
    assert all(f'value="{text}"' in page for text in MATRIX.values() if text)

    answer = post(client, SEVERITIES, {**MATRIX, "P1-cadence": "20 min", "P4-resolve": "2 d"})

    assert (answer.status_code, answer.location) == (303, SEVERITIES)
    db.session.expire_all()
    assert matrix.matrix_now()[Severity.P1].cadence == timedelta(minutes=20)
    assert matrix.matrix_now()[Severity.P4].resolve_within == timedelta(days=2)
    assert matrix.rule_of(running).cadence == timedelta(minutes=30)


def test_nothing_of_the_matrix_is_saved_while_anything_is_wrong(client: FlaskClient, maya: Person) -> None:
    wrong = {**MATRIX, "P1-respond": "5 min", "P2-cadence": "5 min", "P3-respond": "soon", "P4-examples": ""}

    answer = post(client, SEVERITIES, wrong)

    assert answer.status_code == 422
    for field in ("P2-cadence", "P3-respond", "P4-examples"):
        assert f'href="#{field}"' in answer.text
        assert f'id="{field}-error"' in answer.text
    assert 'value="soon"' in answer.text
    db.session.expire_all()
    assert matrix.matrix_now()[Severity.P1].respond_within == timedelta(minutes=15)


def test_a_policy_is_read_in_names_and_says_where_it_reaches_nobody(client: FlaskClient, maya: Person) -> None:
    page = client.get(ESCALATION).text
    assert "On call is, for now, whoever declared the incident" in page
    assert "Engineering lead" in page
    assert page.count("Reaches nobody") == 4  # three leads and the CTO, until people are chosen


def test_levels_are_people_chosen_by_name_in_the_order_of_their_times(client: FlaskClient, maya: Person) -> None:
    make_person("jonas@example.com", name="Jonas Weber", role="responder")
    typed = {
        "level-1-label": "The boss",
        "level-1-after": "30 min",
        "level-1-tell[]": ["person:jonas@example.com", "responders"],
        "level-2-label": "",
        "level-2-after": "0",
        "level-2-tell[]": "on_call",
        "level-3-label": "",
        "level-3-after": "",
    }

    answer = post(client, f"{ESCALATION}/P1", typed)

    assert (answer.status_code, answer.location) == (303, ESCALATION)
    levels = matrix.levels_now(Severity.P1)
    assert [(level.after, level.tell) for level in levels] == [
        (timedelta(0), ("on_call",)),
        (timedelta(minutes=30), ("person:jonas@example.com", "responders")),
    ]
    assert "Jonas Weber" in client.get(ESCALATION).text


def test_a_level_is_removed_and_added_without_script(client: FlaskClient, maya: Person) -> None:
    typed = {"level-1-after": "0", "level-1-tell[]": "on_call", "level-2-after": "10", "level-2-tell[]": "responders"}

    more = post(client, f"{ESCALATION}/P2", {**typed, "more": "1"})
    assert more.location == f"{ESCALATION}/P2"
    assert 'name="level-3-after"' in client.get(more.location).text

    fewer = post(client, f"{ESCALATION}/P2", {**typed, "remove": "1"})
    assert fewer.location == f"{ESCALATION}/P2"
    assert [level.tell for level in matrix.levels_now(Severity.P2)] == [("responders",)]


def test_what_a_policy_lacks_is_said_beside_the_level_and_kept(client: FlaskClient, maya: Person) -> None:
    typed = {
        "level-1-label": "First",
        "level-1-after": "10",
        "level-1-tell[]": "on_call",
        "level-2-label": "Second",
        "level-2-after": "10 min",
        "level-2-tell[]": "responders",
        "level-3-label": "Third",
        "level-3-after": "whenever",
    }

    answer = post(client, f"{ESCALATION}/P1", typed)

    assert answer.status_code == 422
    assert "Level 1 has this time already." in answer.text
    assert 'id="level-3-after-error"' in answer.text
    assert 'id="level-3-tell-error"' in answer.text
    assert 'value="whenever"' in answer.text
    assert len(matrix.levels_now(Severity.P1)) == 3  # the manual's
    assert "Keep at least one level" in post(client, f"{ESCALATION}/P1", {}).text
    stranger = {"level-1-after": "0", "level-1-tell[]": "person:nobody@example.com"}
    refused = post(client, f"{ESCALATION}/P1", stranger)
    assert refused.status_code == 422
    assert "Nobody has the address nobody@example.com." in refused.text


def test_of_two_who_edit_one_policy_the_second_sees_what_the_first_saved_and_loses_nothing(
    client: FlaskClient, maya: Person
) -> None:
    make_person("jonas@example.com", name="Jonas Weber", role="responder")
    version = re.findall(r'name="version" value="(\d+)"', client.get(f"{ESCALATION}/P2").text)[0]
    theirs = {"level-1-after": "5", "level-1-tell[]": "responders", "version": version}
    mine = {
        "level-1-label": "Jonas first",
        "level-1-after": "7",
        "level-1-tell[]": "person:jonas@example.com",
        "repeat-times": "2",
        "version": version,
    }
    assert post(client, f"{ESCALATION}/P2", theirs).status_code == 303
    assert post(client, f"{ESCALATION}/P2", theirs).status_code == 303  # the button pressed twice is no conflict

    refused = post(client, f"{ESCALATION}/P2", mine)

    assert refused.status_code == 409
    assert "The escalation of P2 was changed while you edited it" in refused.text
    assert "All responders" in refused.text
    assert "Jonas first" in refused.text
    db.session.expire_all()
    assert [level.tell for level in matrix.levels_now(Severity.P2)] == [("responders",)]
    form = refused.text.partition('action="/console/settings/escalation/P2"')[2].partition("</form>")[0]
    again = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', form))
    assert post(client, f"{ESCALATION}/P2", again).status_code == 303
    db.session.expire_all()
    assert [level.label for level in matrix.levels_now(Severity.P2)] == ["Jonas first"]
    assert matrix.repeats_now()[Severity.P2].times == 2


def test_a_template_is_written_previewed_changed_and_deleted(client: FlaskClient, maya: Person) -> None:
    typed = {
        "name": "Provider limits us",
        "severity": "P2",
        "public_status": "identified",
        "body": "**{{components}}** are slow. {{nonsense}} <script>",
    }

    shown = post(client, f"{TEMPLATES}/preview", typed)
    assert shown.status_code == 200
    assert "<strong>API, Analysis Engine</strong> are slow. {{nonsense}} &lt;script&gt;" in shown.text
    assert "Nothing fills {{nonsense}}" in shown.text
    assert 'value="Provider limits us"' in shown.text
    assert db.session.scalars(select(MessageTemplate)).all() == []

    assert post(client, TEMPLATES, typed).location == TEMPLATES
    saved = db.session.scalars(select(MessageTemplate)).one()
    assert (saved.severity, saved.public_status) == ("P2", "identified")

    post(client, f"{TEMPLATES}/{saved.id}", {**typed, "name": "Limits", "severity": ""})
    db.session.expire_all()
    assert (saved.name, saved.severity) == ("Limits", None)

    post(client, f"{TEMPLATES}/{saved.id}/deletion")
    assert db.session.scalars(select(MessageTemplate)).all() == []


def test_a_preview_for_a_page_that_asks_while_somebody_types_is_a_fragment(client: FlaskClient, maya: Person) -> None:
    token = {"csrf_token": client.get(f"{TEMPLATES}/new").text.split('name="csrf_token" value="')[1].split('"')[0]}
    answer = client.post(
        f"{TEMPLATES}/preview", data={**token, "body": "{{page.name}}"}, headers={"HX-Request": "true"}
    )
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert "<p>Our</p>" in answer.text


def test_a_template_without_a_name_or_with_a_taken_one_comes_back_with_its_text(
    client: FlaskClient, maya: Person
) -> None:
    post(client, TEMPLATES, {"name": "One", "body": "Text"})

    for name, said in (("", "Give the template a name."), ("One", "Another template has this name.")):
        answer = post(client, TEMPLATES, {"name": name, "body": "What I wrote"})
        assert answer.status_code == 422
        assert 'id="name-error"' in answer.text
        assert said in answer.text
        assert "What I wrote" in answer.text


def test_the_teams_own_roles_and_causes_are_added_and_removed_while_unused(client: FlaskClient, maya: Person) -> None:
    post(client, WORDS, {"kind": "role", "label": "Customer liaison"})
    post(client, WORDS, {"kind": "cause", "label": "Billing run"})
    role, cause = db.session.scalars(select(TeamWord).order_by(TeamWord.id)).all()
    incident = an_incident(by=maya)
    actions.assign_role(incident, role="customer_liaison", person=maya, by=maya.as_actor())
    db.session.commit()

    kept = post(client, f"{WORDS}/{role.id}/deletion")
    assert kept.status_code == 422
    assert "Customer liaison stands in an incident and stays" in kept.text

    assert post(client, f"{WORDS}/{cause.id}/deletion").status_code == 303
    assert [word.label for word in db.session.scalars(select(TeamWord))] == ["Customer liaison"]


@pytest.mark.parametrize(
    ("kind", "label"), [("role", "Commander"), ("cause", "capacity"), ("role", ""), ("role", "«»")]
)
def test_a_word_that_is_there_or_is_none_is_refused_beside_its_field(
    client: FlaskClient, maya: Person, kind: str, label: str
) -> None:
    answer = post(client, WORDS, {"kind": kind, "label": label})

    assert answer.status_code == 422
    assert f'id="{kind}-label-error"' in answer.text
    assert db.session.scalars(select(TeamWord)).all() == []


def test_a_responder_edits_none_of_it(client: FlaskClient) -> None:
    sign_in(client, make_person("ron@example.com", role="responder"))
    for address in (SEVERITIES, f"{ESCALATION}/P1", TEMPLATES, WORDS):
        assert client.get(address).status_code in (403, 405)
        assert post(client, address).status_code == 403


def test_a_policy_says_that_the_next_level_does_not_wait_for_one_that_reaches_nobody(
    client: FlaskClient, maya: Person
) -> None:
    words = client.get(ESCALATION).text

    assert (
        "it would tell at once whoever declares it, after 15 min nobody (Engineering lead), after 15 min nobody ("
        in words
    )
