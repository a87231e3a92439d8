"""Door 3: what is refused and how, what may be repeated, what comes in pages, and who may not overwrite whom."""

from __future__ import annotations

import io
import json
import threading
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from incidents.access import tokens
from incidents.actions import message_templates
from incidents.api import bodies, ratelimit
from incidents.kernel import clock as clock_module
from incidents.kernel.database import db
from incidents.records.idempotency import KeyedRequest
from incidents.records.incidents import Incident
from incidents.records.matrix import MessageTemplate
from incidents.records.tokens import ApiToken
from tests.factories import a_component
from tests.programs import Program

GOOD = {"title": "Checkout fails", "severity": "P1"}
KEY = {"Idempotency-Key": "order-66"}


@pytest.fixture
def program(app: Flask) -> Program:
    return Program(app)


def count(table: type[Any]) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(table)) or 0


# Who asks, and how


STRANGERS: list[dict[str, str]] = [{}, {"Authorization": "Bearer sb_wrong"}, {"Authorization": "Basic eDp5"}]


def test_without_a_living_token_the_answer_is_401(app: Flask) -> None:
    for given in STRANGERS:
        answer = app.test_client().get("/api/v1/incidents", headers=given)

        assert (answer.status_code, answer.mimetype) == (401, "application/problem+json"), given
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_revoked_token_is_worthless_at_once(program: Program, clock: Any) -> None:
    token = db.session.scalars(select(ApiToken)).one()
    token.revoked_at = clock.moment

    assert program.get("/incidents").status_code == 401


def test_a_token_does_what_its_scope_says(app: Flask) -> None:
    reader, responder = Program(app, scope="read"), Program(app)

    assert reader.get("/incidents").status_code == 200
    refused = reader.post("/incidents", GOOD)
    assert (refused.status_code, refused.get_json()["title"]) == (403, "Not for you")
    assert responder.post("/incidents", GOOD).status_code == 201
    assert responder.put("/severities/P1", {}).status_code == 403
    assert count(Incident) == 1


def test_a_login_cookie_opens_nothing_here(app: Flask) -> None:
    from tests.factories_people import make_person, sign_in

    browser = sign_in(app.test_client(), make_person())

    assert browser.get("/api/v1/incidents").status_code == 401


REFUSED = [
    ("GET", "/nothing", 404),
    ("DELETE", "/incidents", 405),
    ("GET", "/incidents/INC-1/acknowledgement", 405),
    ("GET", "/incidents/INC-99", 404),
    ("GET", "/incidents/42", 404),
    ("GET", "/incidents/INC-99999999999999999999", 404),
    ("GET", "/deliveries/99999999999999999999", 404),
    ("GET", "/deliveries/x", 404),
    ("GET", "/incidents/%00", 400),
    ("GET", "/incidents/INC-1%0aX", 404),
    ("GET", "/incidents?q=%ff", 400),
    ("GET", "/incidents?limit=0", 422),
    ("GET", "/incidents?limit=201", 422),
    ("GET", "/incidents?limit=1&limit=2", 422),
    ("GET", "/incidents?cursor=AAAA", 422),
    ("GET", "/incidents?cursor=W10", 422),
    ("GET", "/incidents?cursor=%F0%9F%94%94", 422),
    ("GET", "/incidents?state=asleep", 422),
    ("GET", "/incidents?since=yesterday", 422),
    ("GET", "/incidents?sort=title", 422),
    ("OPTIONS", "/incidents", 405),
]


def test_every_refusal_is_a_problem(program: Program) -> None:
    for method, path, status in REFUSED:
        answer = program.ask(method, path)

        problem: Any = answer.json
        assert (answer.status_code, problem["status"]) == (status, status), path
        assert problem["title"]
        assert problem["detail"]
        assert problem["instance"].startswith("/api/v1/")


def test_what_this_address_does_not_speak_is_406(program: Program) -> None:
    assert program.get("/incidents", headers={"Accept": "text/html"}).status_code == 406
    assert program.post("/incidents", GOOD, headers={"Accept": "image/png"}).status_code == 406
    assert program.get("/incidents", headers={"Accept": "text/html, */*;q=0.1"}).status_code == 200
    assert program.get("/incidents", headers={"Accept": "application/*"}).status_code == 200
    assert count(Incident) == 0
    program.declare()
    assert program.get("/incidents/INC-1/communication", headers={"Accept": "application/json"}).status_code == 200


def test_what_the_tables_refuse_is_a_conflict_and_not_a_failure(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    admin = Program(app, scope="admin")
    body = {"name": "First words", "body": "x"}
    admin.post("/message-templates", body)

    def unseen(*_anything: Any, **_more: Any) -> None:
        db.session.add(MessageTemplate(name="First words", body="x", updated_at=clock_module.now()))
        db.session.flush()

    monkeypatch.setattr(message_templates, "save", unseen)

    assert admin.post("/message-templates", body).status_code == 409


# Bodies


BODIES: list[tuple[Any, str, int]] = [
    (json.dumps(GOOD), "text/plain", 415),
    (json.dumps(GOOD), "application/x-www-form-urlencoded", 415),
    (json.dumps(GOOD), "application/json; charset=utf-16", 415),
    (json.dumps(GOOD), "application/json; charset=utf-8", 201),
    ("{", "application/json", 400),
    ("\xff\xfe".encode("latin-1"), "application/json", 400),
    ('{"title": "a", "title": "b", "severity": "P1"}', "application/json", 400),
    ('{"title": NaN, "severity": "P1"}', "application/json", 400),
    ('{"title": Infinity}', "application/json", 400),
    ('{"title": 1e999}', "application/json", 400),
    ('{"title": ' + "9" * 30 + "}", "application/json", 400),
    ('{"title": ' + "9" * 5000 + "}", "application/json", 400),
    ('{"title": ' + "[" * 33 + "]" * 33 + "}", "application/json", 400),
    ("[" * 100_000, "application/json", 400),
    ('{"title": "a\\u0000b", "severity": "P1"}', "application/json", 400),
    ('{"title": "\\ud800", "severity": "P1"}', "application/json", 400),
    ('{"title": "' + "x" * 1_000_000 + '"}', "application/json", 413),
    ("[]", "application/json", 422),
    ("3", "application/json", 422),
    ("null", "application/json", 422),
    ("", "application/json", 422),
]


def test_a_body_is_json_within_limits_or_refused(program: Program) -> None:
    for body, kind, status in BODIES:
        before = count(Incident)

        answer = program.ask("POST", "/incidents", data=body, headers={"Content-Type": kind})

        assert answer.status_code == status, body[:60]
        assert count(Incident) - before == (1 if status == 201 else 0)


def test_a_body_in_chunks_is_read_whole_or_refused(program: Program) -> None:
    def send(padding: int) -> int:
        sent = io.BytesIO(json.dumps(GOOD).encode() + b" " * padding)
        more: Any = {"input_stream": sent, "environ_overrides": {"wsgi.input_terminated": True}}
        return program.ask("POST", "/incidents", headers={"Content-Type": "application/json"}, **more).status_code

    assert [send(0), send(900_000), send(1_000_000), send(3_000_000)] == [201, 201, 413, 413]


def test_while_a_body_is_read_no_transaction_is_open(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    read, seen = bodies.read, []

    def look(body: Any) -> Any:
        seen.append(db.session().in_transaction())
        return read(body)

    monkeypatch.setattr(bodies, "read", look)

    assert program.post("/incidents", GOOD).status_code == 201
    assert seen == [False]


def test_a_compressed_body_is_refused(program: Program) -> None:
    sent = program.ask("POST", "/incidents", GOOD, headers={"Content-Encoding": "gzip"})

    assert sent.status_code == 415


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"title": 3}, "#/title"),
    ({"title": None}, "#/title"),
    ({"title": " "}, "#/title"),
    ({"title": "x" * 201}, "#/title"),
    ({"severity": "p1"}, "#/severity"),
    ({"severity": ["P1"]}, "#/severity"),
    ({"drill": "yes"}, "#/drill"),
    ({"drill": 1}, "#/drill"),
    ({"components": []}, "#/components"),
    ({"components": {"x": "operational"}}, "#/components"),
    ({"components": {"x": 3}}, "#/components"),
    ({"detected_at": "2026-11-23T02:14:00"}, "#/detected_at"),
    ({"detected_at": "2026-11-23"}, "#/detected_at"),
    ({"detected_at": "2026-13-23T02:14:00Z"}, "#/detected_at"),
    ({"detected_at": "2026-11-23T02:14:60Z"}, "#/detected_at"),
    ({"detected_at": "0001-01-01T00:00:00+23:59"}, "#/detected_at"),
    ({"detected_at": "9999-12-31T23:59:59-23:59"}, "#/detected_at"),
    ({"detected_at": 1700000000}, "#/detected_at"),
    ({"detected_at": "2026-11-24T00:00:00Z"}, "#/detected_at"),
    ({"state": "closed"}, "#/state"),
    ({"a/b~c": 1}, "#/a~1b~0c"),
]


def test_a_wrong_or_unknown_field_is_named(program: Program) -> None:
    for change, pointer in WRONG:
        refused = program.post("/incidents", {**GOOD, **change})

        assert refused.status_code == 422, change
        assert [error["pointer"] for error in refused.get_json()["errors"]] == [pointer], change
    assert count(Incident) == 0


def test_every_problem_is_said_at_once(program: Program) -> None:
    refused = program.post("/incidents", {"severity": "P9", "impact": 3, "colour": "red"})

    assert {error["pointer"] for error in refused.get_json()["errors"]} == {
        "#/title",
        "#/severity",
        "#/impact",
        "#/colour",
    }


# How often


def test_a_hundred_a_second_are_always_served_and_more_must_wait(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    ratelimit.forget()
    moment = 1000.0
    monkeypatch.setattr(ratelimit, "ticks", lambda: moment)
    for _ in range(int(ratelimit.AT_ONCE)):
        ratelimit.take_one(1)

    refused = program.get("/incidents")

    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
    moment += 1
    for _ in range(100):
        ratelimit.take_one(1)
    moment += 1
    assert program.get("/incidents").status_code == 200
    ratelimit.forget()


def test_one_token_that_asks_too_often_slows_no_other(
    app: Flask, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    ratelimit.forget()
    monkeypatch.setattr(ratelimit, "ticks", lambda: 1000.0)
    other = Program(app, name="other")
    for _ in range(int(ratelimit.AT_ONCE)):
        ratelimit.take_one(1)

    assert program.get("/incidents").status_code == 429
    assert other.get("/incidents").status_code == 200
    ratelimit.forget()


def test_while_the_database_is_away_the_answer_is_503_with_a_time_to_wait(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_value: str) -> None:
        raise OperationalError("SELECT 1", {}, Exception("unable to open database file"))

    monkeypatch.setattr(tokens, "recognise", away)

    for answer in (program.get("/incidents"), program.post("/incidents", GOOD)):
        assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")
        assert int(answer.headers["Retry-After"]) > 0


# Repeated requests


def test_the_same_request_under_one_key_acts_once(program: Program) -> None:
    first = program.post("/incidents", GOOD, headers=KEY)
    again = program.post("/incidents", GOOD, headers=KEY)

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json == again.json
    assert (again.headers["ETag"], again.headers["Location"]) == (first.headers["ETag"], first.headers["Location"])
    assert (again.headers["Idempotent-Replayed"], again.mimetype) == ("true", "application/json")
    assert count(Incident) == 1


def test_the_same_key_with_another_body_or_address_is_refused(program: Program) -> None:
    program.post("/incidents", GOOD, headers=KEY)

    assert program.post("/incidents", {**GOOD, "title": "Another"}, headers=KEY).status_code == 422
    assert program.post("/incidents/INC-1/notes", {"body": "x"}, headers=KEY).status_code == 422
    assert count(Incident) == 1


def test_a_key_belongs_to_its_token(app: Flask, program: Program) -> None:
    program.post("/incidents", GOOD, headers=KEY)

    assert Program(app, name="other").post("/incidents", GOOD, headers=KEY).get_json()["ref"] == "INC-2"


def test_a_refused_request_can_be_sent_again_under_its_key(program: Program) -> None:
    program.declare()
    path, body = "/incidents/INC-1/reopening", {"reason": "It is back"}
    assert program.post(path, body, headers=KEY).status_code == 409
    program.put("/incidents/INC-1/resolution", {"summary": "x", "reason": "y"})

    assert program.post(path, body, headers=KEY).status_code == 200


def test_a_key_is_forgotten_after_a_day(program: Program, clock: Any) -> None:
    program.post("/incidents", GOOD, headers=KEY)
    clock.forward(hours=23, minutes=59)
    assert program.post("/incidents", GOOD, headers=KEY).get_json()["ref"] == "INC-1"
    clock.forward(minutes=1)

    assert program.post("/incidents", GOOD, headers=KEY).get_json()["ref"] == "INC-2"
    assert count(KeyedRequest) == 1


UNFIT_KEYS = ["", "x" * 256, "schön"]


def test_a_key_that_cannot_be_kept_is_refused(program: Program) -> None:
    for key in UNFIT_KEYS:
        assert program.post("/incidents", GOOD, headers={"Idempotency-Key": key}).status_code == 400, key


def test_of_simultaneous_requests_under_one_key_exactly_one_acts(app: Flask, program: Program) -> None:
    answers: list[tuple[int, Any]] = []
    together = threading.Barrier(4)

    def send() -> None:
        with app.app_context():
            together.wait()
            answer = program.post("/incidents", GOOD, headers=KEY)
            answers.append((answer.status_code, answer.json))
            db.session.remove()

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [status for status, _ in answers] == [201] * 4
    assert all(told == answers[0][1] for _, told in answers)
    assert count(Incident) == 1


# Pages


def test_a_long_list_comes_in_pages_and_each_thing_once(program: Program) -> None:
    for number in range(5):
        program.declare(title=f"Number {number}")
    seen, path = [], "/api/v1/incidents?limit=2&state=open"
    while path:
        answer = program.get(path)
        seen.append([each["ref"] for each in answer.get_json()["items"]])
        program.declare(title="Newer, and on no later page")
        link = answer.headers.get("Link", "")
        assert not link or link.endswith('>; rel="next"')
        path = link.removeprefix("<http://127.0.0.1:8000").partition(">")[0]

    assert seen == [["INC-5", "INC-4"], ["INC-3", "INC-2"], ["INC-1"]]


def test_a_timeline_with_equal_times_comes_in_pages_too(program: Program) -> None:
    program.declare()
    for number in range(4):
        program.post("/incidents/INC-1/timeline", {"body": f"{number}", "at": "2026-11-23T01:00:00.5Z"})
    seen, path = [], "/api/v1/incidents/INC-1/timeline?limit=3"
    while path:
        answer = program.get(path)
        seen += [each["body"] for each in answer.get_json()["items"]]
        path = answer.headers.get("Link", "").removeprefix("<http://127.0.0.1:8000").partition(">")[0]

    assert seen[:4] == ["0", "1", "2", "3"]
    assert len(seen) == len(program.items("/incidents/INC-1/timeline"))


def test_a_short_list_comes_in_pages_like_any_other(program: Program) -> None:
    for name in "ABC":
        a_component(name)

    first = program.get("/components?limit=2")
    cursor = first.headers["Link"].partition("cursor=")[2].partition(">")[0]

    assert [each["name"] for each in first.get_json()["items"]] == ["A", "B"]
    assert [each["name"] for each in program.items(f"/components?limit=2&cursor={cursor}")] == ["C"]


# Lost updates


def test_an_older_version_in_the_body_is_409_and_says_what_stands_now(program: Program) -> None:
    version = program.declare(title="Old")["version"]
    program.patch("/incidents/INC-1", {"title": "Theirs", "version": version})

    refused = program.patch("/incidents/INC-1", {"title": "Mine", "version": version})

    assert refused.status_code == 409
    problem: Any = refused.json
    assert problem["version"] == program.get("/incidents/INC-1").get_json()["version"]
    assert problem["theirs"] == {"title": "Theirs"}


def test_an_older_entity_tag_is_412_and_the_present_one_goes_through(program: Program) -> None:
    program.declare(title="Old")
    tag = program.get("/incidents/INC-1").headers["ETag"]

    first = program.patch("/incidents/INC-1", {"title": "Theirs"}, headers={"If-Match": tag})
    second = program.patch("/incidents/INC-1", {"title": "Mine"}, headers={"If-Match": tag})

    assert (first.status_code, second.status_code) == (200, 412)
    assert second.get_json()["version"] == first.get_json()["version"]
    assert (
        program.put("/incidents/INC-1/acknowledgement", headers={"If-Match": f"W/{first.headers['ETag']}"}).status_code
        == 412
    )
    assert program.put("/incidents/INC-1/acknowledgement", headers={"If-Match": "*"}).status_code == 200


def test_whoever_names_no_version_is_trusted(program: Program) -> None:
    program.declare(title="Old")
    program.patch("/incidents/INC-1", {"title": "Theirs"})

    assert program.patch("/incidents/INC-1", {"title": "Mine"}).get_json()["title"] == "Mine"


def test_an_update_has_its_own_version(program: Program) -> None:
    program.declare()
    made = program.post("/incidents/INC-1/updates", {"body": "Tpyo", "audience": "internal"})
    path = f"/incidents/INC-1/updates/{made.get_json()['id']}"
    program.patch(path, {"body": "Theirs", "version": 1})

    refused = program.patch(path, {"body": "Mine", "version": 1})

    assert (refused.status_code, refused.get_json()["version"]) == (409, 2)
    assert refused.get_json()["theirs"] == {"body": "Theirs"}
    assert program.patch(path, {"body": "Mine"}, headers={"If-Match": made.headers["ETag"]}).status_code == 412
    assert program.delete(path, headers={"If-Match": '"2"'}).status_code == 204
