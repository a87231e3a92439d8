"""Hostile requests are refused, errors speak calmly, and no answer leaves without its headers."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask, abort, redirect, render_template_string, request, url_for
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError

from incidents.kernel import errors, problems, web
from incidents.kernel.database import db
from incidents.kernel.settings import Settings
from incidents.kernel.settings import load as load_settings

Answer = Callable[[], Any]
FORM = "<form method=post><input name=csrf_token value='{{ csrf_token() }}'></form>"


Build = Callable[[Settings], Flask]


@pytest.fixture
def build() -> Iterator[Build]:
    """Makes apps with the kernel alone: what the other rooms add has tests of its own."""
    built: list[Flask] = []

    def make(settings: Settings) -> Flask:
        built.append(kernel_app(settings))
        return built[-1]

    yield make
    for app in built:
        with app.app_context():
            db.engine.dispose()


@pytest.fixture
def site(build: Build, settings: Settings) -> Flask:
    return build(settings)


def kernel_app(settings: Settings) -> Flask:
    import wsgi
    from incidents.kernel import database

    app = Flask("site", template_folder=f"{wsgi._root()}/templates", static_folder=f"{wsgi._root()}/static")
    app.extensions["sevenbells.settings"] = settings
    app.secret_key = settings.secret_key
    database.init_app(app, settings)
    web.init_app(app, settings)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    return app


@pytest.fixture
def visit(site: Flask) -> FlaskClient:
    return site.test_client()


def route(site: Flask, path: str, answer: Answer, *, access: str = "responder", methods: tuple[str, ...] = ()) -> None:
    def view(**_parts: str) -> Any:
        return answer()

    view.__access__ = access  # type: ignore[attr-defined]
    site.add_url_rule(path, f"view{path}", view, methods=list(methods) or ["GET", "POST"])


def raising(error: Exception) -> Answer:
    def answer() -> Any:
        raise error

    return answer


# ---- forgery ----


def token(visit: FlaskClient) -> str:
    found = re.search(r"value='([^']+)'", visit.get("/form").text)
    assert found
    return found[1]


@pytest.fixture
def form(site: Flask) -> None:
    route(site, "/form", lambda: render_template_string(FORM) if request.method == "GET" else "done")


def test_a_form_with_its_token_is_taken(visit: FlaskClient, form: None) -> None:
    assert visit.post("/form", data={"csrf_token": token(visit)}).status_code == 200


def test_a_token_may_come_in_a_header(visit: FlaskClient, form: None) -> None:
    assert visit.post("/form", headers={"X-CSRFToken": token(visit)}).status_code == 200


@pytest.mark.parametrize("data", [{}, {"csrf_token": "guessed"}], ids=["none", "wrong"])
def test_a_form_without_its_token_is_refused(visit: FlaskClient, form: None, data: dict[str, str]) -> None:
    token(visit)
    answer = visit.post("/form", data=data)

    assert answer.status_code == 400
    assert "Open its page again. Nothing was recorded." in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1:8000"},
    ],
)
@pytest.mark.parametrize("access", ["public", "responder"])
def test_another_sites_form_is_refused_whatever_it_carries(
    site: Flask, visit: FlaskClient, form: None, access: str, headers: dict[str, str]
) -> None:
    route(site, "/act", lambda: "done", access=access)

    assert visit.post("/act", data={"csrf_token": token(visit)}, headers=headers).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "http://localhost"},
        {"Origin": "https://localhost", "Sec-Fetch-Site": "same-origin"},
    ],
    ids=["a program", "the configured address", "the asked host", "behind a proxy"],
)
def test_a_public_form_needs_no_token_and_sets_no_cookie(
    site: Flask, visit: FlaskClient, headers: dict[str, str]
) -> None:
    route(site, "/subscribe", lambda: "done", access="public")
    answer = visit.post("/subscribe", headers=headers)

    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers


def test_a_program_with_a_bearer_token_is_not_asked_for_a_form_token(site: Flask, visit: FlaskClient) -> None:
    route(site, "/api/v1/incidents", lambda: "done", access="token:respond")

    assert visit.post("/api/v1/incidents", json={}).status_code == 200


# ---- headers ----


def test_every_page_carries_its_defences(site: Flask, visit: FlaskClient) -> None:
    route(site, "/page", lambda: "<p>x")
    headers = visit.get("/page").headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert "Strict-Transport-Security" not in headers
    policy = headers["Content-Security-Policy"]
    for rule in ("default-src 'none'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"):
        assert rule in policy
    assert "unsafe" not in policy


def test_the_nonce_is_in_the_page_and_the_policy_and_new_each_time(site: Flask, visit: FlaskClient) -> None:
    route(site, "/page", lambda: render_template_string("{{ csp_nonce() }}"))
    first, second = visit.get("/page"), visit.get("/page")

    assert f"script-src 'self' 'nonce-{first.text}'" in first.headers["Content-Security-Policy"]
    assert first.text != second.text
    assert len(first.text) >= 16


def test_an_answer_may_say_itself_how_long_it_keeps(site: Flask, visit: FlaskClient) -> None:
    route(site, "/page", lambda: ("x", 200, {"Cache-Control": "public, max-age=15"}))

    assert visit.get("/page").headers["Cache-Control"] == "public, max-age=15"


def test_https_is_kept_for_a_year_where_it_is_the_configured_address(build: Build, environ: dict[str, str]) -> None:
    app = build(load_settings({**environ, "BASE_URL": "https://status.example.com"}))

    assert app.test_client().get("/nowhere").headers["Strict-Transport-Security"] == "max-age=31536000"


def test_the_console_is_not_to_be_seen_on_the_pages_own_host(build: Build, environ: dict[str, str]) -> None:
    app = build(
        load_settings({**environ, "BASE_URL": "https://in.example.com", "PAGE_URL": "https://status.example.com"})
    )
    route(app, "/console/", lambda: "secret")

    assert app.test_client().get("/console/", base_url="https://status.example.com").status_code == 404
    assert app.test_client().get("/console/", base_url="https://in.example.com").status_code == 200


# ---- transactions ----


def test_a_get_cannot_write(site: Flask, visit: FlaskClient) -> None:
    def write() -> str:
        db.session.execute(text("CREATE TABLE sneaked (id INTEGER)"))
        return "sneaked in"

    route(site, "/read", write)

    assert visit.get("/read").status_code in {500, 503}
    assert "sneaked in" not in visit.get("/read").text


def test_what_was_not_committed_is_rolled_back(site: Flask, visit: FlaskClient) -> None:
    def forget() -> str:
        db.session.execute(text("DELETE FROM outbox_pause"))
        db.session.execute(text("INSERT INTO outbox_pause (id, since, reason) VALUES (1, '2026-01-01 00:00:00', 'x')"))
        return "done"

    def count() -> str:
        return str(db.session.scalar(text("SELECT count(*) FROM outbox_pause")))

    route(site, "/forget", forget, access="token:admin")
    route(site, "/count", count)

    assert visit.post("/forget").status_code == 200
    assert visit.get("/count").text == "0"


# ---- hostile bodies ----


@pytest.fixture
def reader(site: Flask) -> None:
    def read() -> str:
        if request.is_json:
            return str(request.get_json())[:50]
        return f"{sorted(request.form)[:3]} {sorted(request.args)[:3]}"

    route(site, "/api/read", read, access="token:respond")
    route(site, "/read", read, access="public")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"{", "application/json"),
        (b"\xff\xfe", "application/json"),
        (b'{"a": "\\u0000"}', "application/json"),
        (b'{"\\u0000": 1}', "application/json"),
        (b'{"a": "\\ud800"}', "application/json"),
        (b"[" * 50_000, "application/json"),
        (b"[" * 40 + b"]" * 40, "application/json"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, "application/json"),
        (b"1" * 5_000, "application/json"),
        (b"99999999999999999999", "application/json"),
        (b"NaN", "application/json"),
        (b"1e999", "application/json"),
        (b"a=%00", "application/x-www-form-urlencoded"),
        (b"%00=a", "application/x-www-form-urlencoded"),
    ],
)
def test_a_hostile_body_is_refused_and_never_breaks_anything(
    visit: FlaskClient, reader: None, body: bytes, content_type: str
) -> None:
    answer = visit.post("/api/read", data=body, content_type=content_type)

    assert answer.status_code == 400
    assert answer.content_type == "application/problem+json"


def test_a_body_over_a_megabyte_is_refused(visit: FlaskClient, reader: None) -> None:
    for path in ("/api/read", "/read"):
        answer = visit.post(path, data=b"a=" + b"b" * 1_000_001, content_type="application/x-www-form-urlencoded")
        assert answer.status_code == 413
        assert "larger than one megabyte" in answer.text


def test_a_form_of_too_many_parts_is_refused(visit: FlaskClient, reader: None) -> None:
    data = {f"field{number}": "x" for number in range(1_200)}

    assert visit.post("/read", data=data, content_type="multipart/form-data").status_code == 413


def test_a_compressed_body_is_refused(visit: FlaskClient, reader: None) -> None:
    answer = visit.post(
        "/api/read", data=gzip.compress(b"{}"), headers={"Content-Encoding": "gzip"}, content_type="application/json"
    )

    assert answer.status_code == 415


@pytest.mark.parametrize("query", ["q=%00", "%00=1", "q=%ff", "q=%c3%28", "q=%ed%a0%80"])
def test_an_unreadable_address_is_refused(visit: FlaskClient, reader: None, query: str) -> None:
    assert visit.get(f"/read?{query}").status_code == 400


def test_bytes_that_are_no_text_do_not_break_a_form(visit: FlaskClient, reader: None) -> None:
    answer = visit.post("/read", data=b"a=%ff&b=\xff", content_type="application/x-www-form-urlencoded")

    assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/%00", "/read/%ff", "/..%2f..%2fetc/passwd", "//evil.example", "/a\\b"])
def test_odd_paths_are_simply_not_there(visit: FlaskClient, reader: None, path: str) -> None:
    assert visit.get(path).status_code in {400, 404}


# ---- errors ----


def test_a_refusal_is_a_page_with_its_sentence(site: Flask, visit: FlaskClient) -> None:
    route(site, "/act", raising(errors.NotAllowed("The incident is resolved.")))
    answer = visit.get("/act")

    assert answer.status_code == 409
    assert "The incident is resolved." in answer.text
    assert re.search(r"Reference [0-9a-f]{10}", answer.text)
    assert answer.headers["X-Request-Id"] in answer.text


def test_what_people_typed_is_escaped_in_an_error(site: Flask, visit: FlaskClient) -> None:
    route(site, "/act", raising(errors.NotAllowed("<script>alert(1)</script>")))

    assert "<script>" not in visit.get("/act").text


@pytest.mark.parametrize(
    ("refusal", "status", "extra"),
    [
        (errors.NotAllowed("No.", missing=["impact"]), 409, {"missing": ["impact"]}),
        (errors.Outdated("Old.", version=3, theirs={"title": "b"}), 409, {"version": 3, "theirs": {"title": "b"}}),
        (
            errors.Malformed({"title": "Give a title."}),
            422,
            {"errors": [{"pointer": "#/title", "detail": "Give a title."}]},
        ),
        (errors.Forbidden("Not you."), 403, {}),
        (errors.TooMany("Slowly.", retry_after=7), 429, {}),
    ],
)
def test_programs_get_the_same_refusals_as_problem_json(
    site: Flask, visit: FlaskClient, refusal: errors.Refusal, status: int, extra: dict[str, Any]
) -> None:
    route(site, "/api/act", raising(refusal))
    answer = visit.get("/api/act")

    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    assert answer.json is not None
    assert answer.json["status"] == status
    assert answer.json["title"]
    assert answer.json["instance"] == "/api/act"
    for name, value in extra.items():
        assert answer.json[name] == value
    assert answer.headers.get("Retry-After") == ("7" if status == 429 else None)


def test_nothing_there_and_a_wrong_method_are_told_apart(site: Flask, visit: FlaskClient) -> None:
    route(site, "/page", lambda: "x", methods=("GET",))
    route(site, "/api/page", lambda: "x", methods=("GET",))

    assert "Not found" in visit.get("/nowhere").text
    assert visit.get("/api/nowhere").content_type == "application/problem+json"
    assert visit.post("/page").status_code == 405
    answer = visit.post("/api/page")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


def test_a_redirect_stays_a_redirect(site: Flask, visit: FlaskClient) -> None:
    route(site, "/folder/", lambda: "x")
    route(site, "/there", lambda: redirect(url_for("view/folder/"), 303))

    assert visit.get("/folder").status_code == 308
    assert visit.get("/there").status_code == 303


def test_what_breaks_shows_a_plain_page_and_is_logged_under_its_reference(
    site: Flask, visit: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    route(site, "/break", raising(RuntimeError("the password is hunter2")))
    answer = visit.get("/break")

    assert answer.status_code == 500
    assert "hunter2" not in answer.text
    assert "Traceback" not in answer.text
    assert answer.headers["X-Request-Id"] in answer.text
    assert any(record.exc_info for record in caplog.records)


def test_a_programs_500_is_problem_json_without_details(site: Flask, visit: FlaskClient) -> None:
    route(site, "/api/break", raising(RuntimeError("inside")))
    answer = visit.get("/api/break")

    assert answer.status_code == 500
    assert answer.content_type == "application/problem+json"
    assert "inside" not in answer.text


def test_an_aborted_request_says_its_own_sentence(site: Flask, visit: FlaskClient) -> None:
    route(site, "/act", lambda: abort(403, "Only administrators may do this."))

    assert "Only administrators may do this." in visit.get("/act").text


# ---- the database in trouble ----


class SqlState(Exception):
    def __init__(self, words: str, sqlstate: str | None = None) -> None:
        super().__init__(words)
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("cause", "status"),
    [
        (SqlState("database is locked"), 503),
        (SqlState("unable to open database file"), 503),
        (SqlState("disk I/O error"), 503),
        (SqlState("database or disk is full"), 507),
        (SqlState("could not extend file", "53100"), 507),
        (SqlState("terminating connection", "57P01"), 503),
        (SqlState("deadlock detected", "40P01"), 503),
        (SqlState("canceling statement due to lock timeout", "55P03"), 503),
        (SqlState("too many clients", "53300"), 503),
    ],
)
@pytest.mark.parametrize("path", ["/save", "/api/save"])
def test_a_database_in_trouble_says_so_and_when_to_come_back(
    site: Flask, visit: FlaskClient, path: str, cause: Exception, status: int
) -> None:
    route(site, path, raising(OperationalError("INSERT", {"secret": "hunter2"}, cause)), access="token:admin")
    answer = visit.post(path)

    assert answer.status_code == status
    assert "Nothing was recorded, try again." in answer.text
    assert int(answer.headers["Retry-After"]) > 0
    assert "hunter2" not in answer.text


def test_a_full_disk_outside_the_database_is_told_too(site: Flask, visit: FlaskClient) -> None:
    route(site, "/save", raising(OSError(28, "No space left on device")))

    assert visit.get("/save").status_code == 507


def test_a_mistake_in_a_statement_is_ours_and_not_the_databases(site: Flask, visit: FlaskClient) -> None:
    route(site, "/save", lambda: db.session.execute(text("SELECT nonsense FROM nowhere")))

    assert visit.get("/save").status_code == 500


def test_a_locked_database_answers_503_and_recovers_by_itself(
    settings: Settings, site: Flask, visit: FlaskClient
) -> None:
    if not settings.is_sqlite:
        assert problems.database_status(DBAPIError("x", {}, SqlState("lock", "55P03"))) == 503
        return
    import sqlite3

    def write() -> str:
        db.session.connection().exec_driver_sql("DELETE FROM outbox_pause")
        db.session.commit()
        return "done"

    route(site, "/save", write, access="token:admin")
    with site.app_context():
        db.engine.pool.dispose()
    other = sqlite3.connect(settings.database_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with site.app_context():
        # the wait is the operator's to bear, not the test's
        from sqlalchemy import event

        event.listen(db.engine, "connect", lambda connection, _record: connection.execute("PRAGMA busy_timeout=10"))
    answer = visit.post("/save")
    other.execute("ROLLBACK")
    other.close()

    assert answer.status_code == 503
    assert visit.post("/save").text == "done"


@pytest.mark.parametrize(
    ("asked", "tidy"),
    [
        ("/login//reset?a=b", "/login/reset?a=b"),
        ("/console", "/console/"),
        ("/console//incidents", "/console/incidents"),
    ],
)
def test_a_tidier_address_is_never_on_a_host_that_the_asker_named(
    app: Flask, client: FlaskClient, asked: str, tidy: str
) -> None:
    answer = client.get(asked, headers={"Host": "evil.example"})

    assert answer.headers.get("Location") == tidy
    assert "evil.example" not in answer.text
