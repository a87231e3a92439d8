"""Door 3: the post-mortem as JSON and Markdown, written section by section without losing anybody's words."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete

from incidents.kernel.database import db
from incidents.records.postmortems import PostmortemSection
from tests.factories import a_person
from tests.programs import Program

PATH = "/incidents/INC-1/postmortem"
REGENERATION = f"{PATH}/sections/summary/regeneration"


@pytest.fixture
def program(app: Flask) -> Program:
    a_person("Alice")
    program = Program(app)
    program.declare()
    return program


def resolve(program: Program) -> None:
    answer = program.put("/incidents/INC-1/resolution", {"summary": "Raised the limit.", "reason": "it was quick"})
    assert answer.status_code == 200, answer.text


def test_before_it_is_begun_a_draft_is_shown_and_nothing_is_kept(program: Program) -> None:
    resolve(program)

    answer = program.get(PATH)

    shown: Any = answer.json
    assert (answer.status_code, shown["state"], shown["begun_at"], shown["version"]) == (200, "draft", None, 0)
    assert "Raised the limit." in shown["summary"]
    assert shown["went_well"] == "**NOT RECORDED**"
    assert shown["durations"]["resolve"] == {"state": "recorded", "seconds": 0, "why": None}
    assert shown["durations"]["acknowledge"]["state"] == "not_applicable"
    assert program.get("/incidents/INC-1").get_json()["step"] == "resolution"


def test_while_open_its_lengths_are_pending_and_it_is_not_written(program: Program) -> None:
    states = {name: each["state"] for name, each in program.get(PATH).get_json()["durations"].items()}

    assert states == dict.fromkeys(["detect", "acknowledge", "communicate", "mitigate", "resolve"], "pending")
    assert program.patch(PATH, {"summary": "x"}).status_code == 409
    assert program.post(REGENERATION).status_code == 409


def test_the_first_words_begin_it_and_regenerating_leaves_them(program: Program) -> None:
    resolve(program)
    written = program.patch(
        PATH, {"summary": "We hit the limit.", "lucky": "It was a Sunday.", "owner": "alice@example.com"}
    )
    program.patch("/incidents/INC-1", {"title": "Provider limit reached"})

    anew = program.post(REGENERATION).get_json()

    assert (written.status_code, written.get_json()["owner"]["name"]) == (200, "Alice")
    assert anew["summary"] == "We hit the limit."
    assert anew["sections"]["summary"]["written_by"] == "respond program"
    assert "Provider limit reached" in anew["sections"]["summary"]["generated"]
    assert "Checkout fails" in written.get_json()["sections"]["summary"]["generated"]
    assert program.get("/incidents/INC-1").get_json()["step"] == "postmortem"
    assert "Provider limit" in program.patch(PATH, {"summary": None}).get_json()["summary"]


def test_a_lost_update_shows_what_stands_there_now(program: Program) -> None:
    resolve(program)
    seen = program.patch(PATH, {"summary": "Mine"})
    program.patch(PATH, {"summary": "Theirs"})

    named = program.patch(PATH, {"summary": "Late", "version": seen.get_json()["version"]})
    matched = program.patch(PATH, {"summary": "Late"}, headers={"If-Match": seen.headers["ETag"]})

    assert (named.status_code, named.get_json()["theirs"]) == (409, {"summary": "Theirs"})
    assert matched.status_code == 412
    assert program.get(PATH).get_json()["summary"] == "Theirs"
    assert (
        program.patch(PATH, {"summary": "Late"}, headers={"If-Match": f'"{named.get_json()["version"]}"'}).status_code
        == 200
    )


def test_facts_are_not_written_over_and_unknown_sections_are_missing(program: Program) -> None:
    resolve(program)

    assert program.patch(PATH, {"timeline": "It never happened."}).status_code == 422
    assert program.post(f"{PATH}/sections/blame/regeneration").status_code == 404
    assert program.patch(PATH, {"owner": "nobody@example.com"}).status_code == 422
    assert program.get("/incidents/INC-1").get_json()["step"] == "resolution"


def test_publishing_to_colleagues_closes_the_incident(program: Program) -> None:
    resolve(program)

    published = program.patch(PATH, {"root_cause": "A limit nobody knew.", "state": "published"})

    assert (published.status_code, published.get_json()["state"]) == (200, "published")
    assert published.get_json()["published_at"] == "2026-11-23T02:14:00Z"
    assert program.get("/incidents/INC-1").get_json()["state"] == "closed"


def test_markdown_by_accept_holds_every_internal_section_and_never_the_public_text(program: Program) -> None:
    resolve(program)
    program.patch(PATH, {"root_cause": "A limit nobody knew.", "rca_public": "We were slow."})

    answer = program.get(PATH, headers={"Accept": "text/markdown"})

    assert answer.content_type == "text/markdown; charset=utf-8"
    assert "Accept" in answer.vary
    assert answer.text.startswith("# INC-1: Checkout fails\n")
    assert "## Root cause\n\nA limit nobody knew." in answer.text
    assert "We were slow." not in answer.text
    assert program.get(PATH, headers={"Accept": "*/*"}).is_json
    assert program.get(PATH, headers={"Accept": "text/html"}).status_code == 406


def test_a_hidden_incident_has_no_post_mortem_for_others(app: Flask, program: Program) -> None:
    program.declare("Breach", security=True)
    stranger = Program(app, name="stranger")

    hidden, missing = (stranger.get(f"/incidents/{ref}/postmortem") for ref in ("INC-2", "INC-99"))

    assert (hidden.status_code, missing.status_code) == (404, 404)
    assert stranger.post("/incidents/INC-2/postmortem/sections/summary/regeneration").status_code == 404


def test_the_public_text_is_published_revised_and_withdrawn(program: Program) -> None:
    program.post("/incidents", {"title": "Payments fail", "severity": "P1"})
    program.post("/incidents/INC-1/updates", {"body": "Cards are refused.", "audience": "public"})
    path = "/incidents/INC-1/postmortem/publication"
    assert program.put(path, {"body": "Too soon."}).status_code == 409
    program.put("/incidents/INC-1/resolution", {"summary": "Renewed", "reason": "Quick"})

    assert program.put(path, {}).status_code == 422
    out = program.put(path, {"body": "A certificate expired."}).get_json()
    assert (out["status"], out["audience"], out["body"]) == ("postmortem", "public", "A certificate expired.")
    assert program.put(path, {"body": "I saw none.", "version": 0}).status_code == 409
    again = program.put(path, {"body": "Two certificates expired.", "version": out["version"]}).get_json()
    assert (again["id"], again["body"]) == (out["id"], "Two certificates expired.")
    assert program.delete(path).status_code == 204
    assert program.put(path, {"body": "Three.", "version": again["version"]}).status_code == 409
    assert program.get("/incidents/INC-1/updates").get_json()["items"][-1]["state"] == "withdrawn"


def test_a_review_is_asked_for_sent_back_and_shown(program: Program) -> None:
    resolve(program)
    a_person("Jonas")
    path = f"{PATH}/review"

    assert program.put(path, {}).status_code == 422
    assert program.put(path, {"reviewer": "alice@example.com", "answer": "sent_back"}).status_code == 422
    program.patch(PATH, {"owner": "alice@example.com"})
    assert program.put(path, {"reviewer": "alice@example.com"}).status_code == 422
    asked = program.put(path, {"reviewer": "jonas@example.com"}).get_json()
    assert (asked["state"], asked["review"]["reviewer"], asked["review"]["answer"]) == ("in_review", "Jonas", None)
    back = program.put(path, {"answer": "sent_back", "reason": "Too short"}).get_json()
    assert (back["state"], back["review"]["reason"]) == ("draft", "Too short")
    assert program.put(path, {"answer": "taken_back"}).status_code == 409
    out = program.patch(PATH, {"state": "published", "reason": "Known by all"}).get_json()
    assert (out["reviewed_by"], out["unreviewed_reason"]) == (None, "Known by all")


def test_a_section_that_came_later_than_the_post_mortem_is_drafted_and_can_be_written(program: Program) -> None:
    resolve(program)
    program.patch(PATH, {"summary": "We hit the limit."})
    db.session.execute(delete(PostmortemSection).where(PostmortemSection.name.in_(["people", "runbooks", "messages"])))
    db.session.commit()

    shown = program.get(PATH).get_json()
    assert (shown["runbooks"], shown["sections"]["people"]["version"]) == ("**NOT RECORDED**", 0)
    assert program.patch(PATH, {"runbooks": "The one for limits."}).get_json()["runbooks"] == "The one for limits."
    assert program.post(f"{PATH}/sections/people/regeneration").status_code == 200
