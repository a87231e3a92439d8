"""Search and the palette: what is found, in which order, and what stays hidden."""

from __future__ import annotations

import html
import re

from flask import Flask
from flask.testing import FlaskClient

from incidents import actions
from incidents.kernel.database import db
from tests.acting import main_of
from tests.factories import an_incident
from tests.factories_people import make_person, sign_in


def choices(client: FlaskClient, wanted: str, ref: str = "") -> list[str]:
    page = client.get("/console/search", query_string={"palette": 1, "q": wanted, "ref": ref}).text
    return [
        re.sub(r"<[^>]+>", "", found) for found in re.findall(r'role="option".*?<span dir="auto">(.*?)</span>', page)
    ]


def seen(client: FlaskClient, wanted: str) -> str:
    """The words of the page, without the frame, which may name an incident for another reason."""
    page = main_of(client.get("/console/search", query_string={"q": wanted}))
    return html.unescape(" ".join(re.sub(r"<[^>]+>", "", page).split()))


def test_an_incident_is_found_by_number_title_impact_and_what_was_said(app: Flask, client: FlaskClient) -> None:
    maya = make_person(role="responder")
    first = an_incident(by=maya, title="Payments fail", impact="One in nine cards is refused")
    second = an_incident(by=maya, title="Slow search")
    actions.add_note(second, by=maya.as_actor(), body="The shard on node 7 is hot")
    db.session.commit()
    sign_in(client, maya)

    for words in ("payments", "PAYM", first.ref.lower(), "1", "one in nine", '"cards is refused"'):
        assert f"{first.ref} Payments fail" in seen(client, words), words
    said = client.get("/console/search?q=shard").text
    assert "The <mark>shard</mark> on node 7 is hot" in said
    assert "The shard on node 7 is hot" in seen(client, "hot shards")  # as somebody remembers it
    assert "Nothing was found" in seen(client, '"hot shards"')
    assert f"/console/incidents/{second.ref}?entry=" in said


def test_signs_that_mean_anything_to_a_database_mean_themselves(app: Flask, client: FlaskClient) -> None:
    maya = make_person(role="responder")
    an_incident(by=maya, title="CPU at 100% again")
    an_incident(by=maya, title="CPU at 1000 again")
    sign_in(client, maya)

    found = seen(client, "100%")

    assert "CPU at 100% again" in found
    assert "CPU at 1000 again" not in found
    for hostile in (
        "%%",
        "' OR 1=1 --",
        '"',
        "*",
        "NEAR(",
        "title:x",
        "cpu AND NOT",
        "(((",
        "a" * 100_000,
        "🔔🔔",
    ):
        assert client.get("/console/search", query_string={"q": hostile}).status_code == 200
        choices(client, hostile)


def test_a_restricted_incident_is_found_by_nobody_who_is_not_named(app: Flask) -> None:
    maya, jonas = make_person(), make_person("jonas@example.com", role="admin")
    hidden = an_incident(by=maya, title="Leaked credentials", is_security=True)
    actions.add_note(hidden, by=maya.as_actor(), body="The key was in a build log")
    db.session.commit()
    client = app.test_client()
    sign_in(client, jonas)

    for wanted in ("leaked", "build log", hidden.ref):
        assert "Leaked" not in client.get("/console/search", query_string={"q": wanted}).text
        assert choices(client, wanted, ref=hidden.ref) == []


def test_the_palette_offers_what_can_be_done_here_first(app: Flask, client: FlaskClient) -> None:
    maya = make_person(role="responder")
    incident = an_incident(by=maya, title="Update service down")
    sign_in(client, maya)

    offered = choices(client, "upd", ref=incident.ref)
    assert offered == [f"Post update, {incident.ref}", f"{incident.ref} Update service down"]
    assert choices(client, "", ref=incident.ref)[0] == f"Acknowledge, {incident.ref}"
    assert "Declare incident" in choices(client, "")

    actions.acknowledge(incident, by=maya.as_actor())
    actions.resolve(incident, by=maya.as_actor(), reason="It was over", summary="Restarted")
    db.session.commit()
    offered = choices(client, "", ref=incident.ref)
    assert f"Reopen, {incident.ref}" in offered
    assert f"Post update, {incident.ref}" not in offered


def test_a_viewer_is_offered_nothing_that_acts(app: Flask, client: FlaskClient) -> None:
    incident = an_incident(by=make_person())
    sign_in(client, make_person("vera@example.com", role="viewer"))

    offered = choices(client, "", ref=incident.ref)

    assert "Declare incident" not in offered
    assert not [words for words in offered if incident.ref in words]


def test_searching_asks_the_same_number_of_questions_however_much_is_found(
    app: Flask, client: FlaskClient, count_queries: list[str]
) -> None:
    maya = make_person(role="admin")
    sign_in(client, maya)
    actions.add_note(an_incident(by=maya, title="Queue 0"), by=maya.as_actor(), body="the queue again")
    db.session.commit()
    client.get("/console/search?q=queue")
    count_queries.clear()
    client.get("/console/search?q=queue")
    few = len(count_queries)
    for number in range(15):
        incident = an_incident(by=maya, title=f"Queue {number}")
        actions.add_note(incident, by=maya.as_actor(), body="the queue again")
    db.session.commit()
    count_queries.clear()
    client.get("/console/search?q=queue")

    assert len(count_queries) == few


def test_an_old_entry_that_was_found_is_on_the_page_that_the_way_leads_to(app: Flask, client: FlaskClient) -> None:
    maya = make_person(role="responder")
    incident = an_incident(by=maya)
    entry = actions.add_note(incident, by=maya.as_actor(), body="The needle")
    for number in range(110):
        actions.add_note(incident, by=maya.as_actor(), body=f"Hay {number}")
    db.session.commit()
    sign_in(client, maya)
    (way,) = re.findall(r'class="t" href="([^"#]+)#entry', main_of(client.get("/console/search?q=needle")))

    page = main_of(client.get(way))

    assert f'id="entry-{entry.id}"' in page
    assert "Newest entries" in page
    assert "The needle" not in main_of(client.get(way.partition("?")[0]))
