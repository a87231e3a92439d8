"""Door 3 describes itself: every route and nothing else, readable without a token, and true under hostile examples."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from incidents.api import openapi, ratelimit, shapes
from incidents.api.operations import OPERATIONS, PREFIX
from incidents.kernel import clock as clock_module
from incidents.kernel import settings as settings_module
from tests.conftest import SECRET, WoundClock
from tests.factories import a_component, a_person
from tests.programs import Program


def described(app: Flask) -> Any:
    answer = app.test_client().get("/api/openapi.json")
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    return answer.json


def test_every_route_is_described_and_nothing_else(app: Flask) -> None:
    routed = {
        (rule.rule.replace("<", "{").replace(">", "}"), method)
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(f"{PREFIX}/")
        for method in (rule.methods or set()) - {"HEAD"}
    }
    told = {(path, method.upper()) for path, operations in described(app)["paths"].items() for method in operations}

    assert told == routed
    assert len(told) == len(OPERATIONS) > 50


def test_every_route_asks_for_a_token_with_the_scope_that_is_described(app: Flask) -> None:
    from incidents.access import access_of

    for entry in OPERATIONS:
        assert access_of(app, f"api.{entry.name}") == f"token:{entry.scope}"
        assert (
            f"Scope: {entry.scope}."
            in described(app)["paths"][openapi.path_of(entry)][entry.method.lower()]["description"]
        )


def test_whatever_changes_something_needs_more_than_reading(app: Flask) -> None:
    assert {entry.name for entry in OPERATIONS if entry.writes and entry.scope == "read"} == set()
    guarded = {"list_audit", "list_addresses", "read_contact_rules", "list_subscribers", "show_subscriber"}
    assert {entry.name for entry in OPERATIONS if not entry.writes and entry.scope != "read"} == guarded


def test_every_name_in_the_description_leads_somewhere(app: Flask) -> None:
    def references(value: Any) -> list[str]:
        if isinstance(value, dict):
            own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
            return own + [found for each in value.values() for found in references(each)]
        return [found for each in value for found in references(each)] if isinstance(value, list) else []

    document = described(app)
    for reference in references(document):
        target = document
        for part in reference.removeprefix("#/").split("/"):
            target = target[part]
    assert {entry.gives for entry in OPERATIONS} - {None} == set(shapes.SCHEMAS) - {"Problem", "OutlineItem"}


def test_the_readable_page_names_every_operation_and_needs_no_script(app: Flask) -> None:
    page = app.test_client().get("/api/docs")

    assert page.status_code == 200
    for entry in OPERATIONS:
        assert f'id="{entry.name}"' in page.text
    assert "<script" not in page.text
    assert "Set-Cookie" not in page.headers


# The rest asks one app on SQLite, many times.


@pytest.fixture
def sqlite_program(tmp_path: Any, sqlite_schema: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An admin token on an app of its own with something of everything in it."""
    import wsgi

    path = tmp_path / "hostile.db"
    path.write_bytes(sqlite_schema.read_bytes())
    chosen = {"DATA_DIR": str(tmp_path / "var"), "DATABASE_URL": f"sqlite:///{path}", "SECRET_KEY": SECRET}
    monkeypatch.setattr(clock_module, "source", WoundClock())
    monkeypatch.setattr(ratelimit, "take_one", lambda _token_id: None)
    app = wsgi.create_app(settings_module.load(chosen))
    with app.app_context():
        a_person("Bob")
        a_component("API")
        program = Program(app, scope="admin")
        program.declare()
        program.declare(title="Another")
        program.post("/incidents/INC-1/updates", {"body": "We look", "audience": "public"})
        program.post("/message-templates", {"name": "First words", "body": "{{incident.title}}"})
        program.post("/component-groups", {"name": "Core"})
        yield program


HOSTILE_TEXT = st.one_of(
    st.sampled_from(
        [
            "",
            " ",
            "\x00",
            "\ud800",
            "<script>",
            "' OR 1=1 --",
            "%s%n",
            "{{7*7}}",
            "x" * 30_000,
            "[" * 5_000,
            "\u202e",
            "INC-1",
        ]
    ),
    st.text(max_size=30),
)
HOSTILE = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(min_value=-(2**70), max_value=2**70),
        st.floats(),
        HOSTILE_TEXT,
        st.sampled_from(["2026-11-23T02:14:00Z", "0001-01-01T00:00:00Z", "P1", "bob@example.com"]),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(HOSTILE_TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(st.data())
@settings(
    max_examples=300,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def _throw(program: Program, path_of: Any, data: st.DataObject) -> None:
    entry = data.draw(st.sampled_from([entry for entry in OPERATIONS if entry.writes]))
    fields = {**entry.body.required, **entry.body.optional}
    # half of what is thrown has the right names, so that it gets past the first look
    body = data.draw(st.fixed_dictionaries({}, optional=dict.fromkeys(fields, HOSTILE)) | HOSTILE)
    answer = program.ask(entry.method, path_of(entry), body)
    assert answer.status_code < 500, (entry.name, body, answer.text)


def test_hostile_bodies_are_refused_and_break_nothing(sqlite_program: Program) -> None:
    parts = {"ref": "INC-1", "entry_id": "1", "relation_id": "1", "role": "commander", "email": "bob@example.com"}
    parts |= {"severity": "P1", "template_id": "1", "delivery_id": "1"}
    parts["update_id"] = sqlite_program.items("/incidents/INC-1/updates")[0]["id"]
    parts["component_id"] = sqlite_program.items("/components")[0]["id"]
    parts["group_id"] = sqlite_program.items("/component-groups")[0]["id"]

    def path_of(entry: Any) -> str:
        path: str = entry.rule
        for name, value in parts.items():
            path = path.replace(f"<{name}>", value)
        return path

    _throw(sqlite_program, path_of)

    assert sqlite_program.get("/incidents/INC-1").status_code == 200


def test_the_api_answers_as_it_is_described_whatever_it_is_asked(sqlite_program: Program) -> None:
    app = sqlite_program.app
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", app)
    checks = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)
    answered: dict[str, int] = {}

    def ask(case: Any) -> None:
        answer = case.call(headers={"Authorization": f"Bearer {sqlite_program.token}"})
        case.validate_response(answer, checks=checks)
        answered[case.operation.label] = answered.get(case.operation.label, 0) + 1

    limits = settings(
        max_examples=6,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        limits(given(case=found.ok().as_strategy())(ask))()

    assert len(answered) == len(OPERATIONS)
