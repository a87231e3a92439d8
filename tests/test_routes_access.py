"""Every route × method × role, asked for real, against the written table."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.routing import Rule

from incidents.kernel.database import db
from incidents.records.people import Role
from incidents.records.tokens import Scope
from tests.access_table import TABLE, Row
from tests.factories_people import form_token, make_person, make_token, sign_in

_SILENT = {"HEAD", "OPTIONS"}


def described(app: Flask) -> Counter[tuple[str, str]]:
    """Every (method, rule) that the application answers, as often as it does."""
    return Counter(
        (method, rule.rule) for rule in app.url_map.iter_rules() for method in (rule.methods or set()) - _SILENT
    )


@pytest.fixture(params=["sqlite"])
def database_url(request: pytest.FixtureRequest, tmp_path: Any) -> str:
    """Who may come in does not depend on the database: one is enough for so many requests."""
    path = tmp_path / "sevenbells.db"
    path.write_bytes(request.getfixturevalue("sqlite_schema").read_bytes())
    return f"sqlite:///{path}"


def test_every_route_stands_in_the_table_and_nothing_else_does(app: Flask) -> None:
    written = Counter((row.method, row.rule) for row in TABLE)
    found = described(app)
    assert sorted(found - written) == [], "not in tests/access_table.py"
    assert sorted(written - found) == [], "in tests/access_table.py, and nowhere else"


def test_every_route_declares_what_the_table_says(app: Flask) -> None:
    from incidents.access import access_of

    wanted = {(row.method, row.rule): row.access for row in TABLE}
    declared = {
        (method, rule.rule): access_of(app, rule.endpoint)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - _SILENT
    }
    assert {each: declared[each] for each in wanted if each in declared} == {
        each: access for each, access in wanted.items() if each in declared
    }


def test_console_and_api_hold_nothing_public(app: Flask) -> None:
    """The console is for people and the API for tokens; what is public lives elsewhere."""
    for row in TABLE:
        if row.rule.startswith("/console"):
            assert row.access in list(Role), row
        if row.rule.startswith("/api/v1/"):
            assert row.access.startswith("token:"), row


class Visitor:
    """Somebody who asks for everything."""

    def __init__(self, app: Flask, name: str) -> None:
        self.name = name
        self.browser: FlaskClient = app.test_client()
        self.headers: dict[str, str] = {}
        self.token = ""
        if name in list(Role):
            sign_in(self.browser, make_person(f"{name}@example.com", role=name), remembered=True)
            self.token = form_token(self.browser)
        elif name.startswith("token:"):
            self.headers["Authorization"] = f"Bearer {make_token(name, scope=name.removeprefix('token:'))}"

    def may(self, access: str) -> bool:
        """What the written table says."""
        if access == "public":
            return True
        if access.startswith("token:"):
            return self.name.startswith("token:") and Scope(self.name[6:]).includes(Scope(access[6:]))
        return self.name in list(Role) and Role(self.name).includes(Role(access))

    def is_known_to(self, access: str) -> bool:
        """Whether the door of that kind knows who this is, so that a refusal is 403 and not "who are you"."""
        return self.name.startswith("token:") if access.startswith("token:") else self.name in list(Role)

    def ask(self, row: Row, path: str) -> int:
        typed = {"csrf_token": self.token} if row.method != "GET" else None
        answer = self.browser.open(path, method=row.method, data=typed, headers=self.headers)
        return int(answer.status_code)


def refusal(visitor: Visitor, row: Row) -> set[int]:
    """How a request is turned away."""
    if visitor.is_known_to(row.access):
        return {403}
    if row.access.startswith("token:"):
        return {401}
    return {302} if row.method == "GET" else {401}


def path_of(app: Flask, row: Row) -> str:
    """An address of that rule, of things that do not exist."""
    rule = next(
        each for each in app.url_map.iter_rules() if each.rule == row.rule and row.method in (each.methods or ())
    )
    return re.sub(r"<(?:(\w+)(?:\([^)]*\))?:)?(\w+)>", lambda found: _example(rule, found[1], found[2]), row.rule)


def _example(rule: Rule, converter: str | None, name: str) -> str:
    if converter == "int":
        return "999999"
    return "INC-999999" if name == "ref" else "nothing-here"


@pytest.mark.parametrize("name", ["nobody", *Role, *(f"token:{scope.value}" for scope in Scope)])
def test_each_visitor_gets_in_where_the_table_says_and_nowhere_else(app: Flask, name: str) -> None:
    visitor = Visitor(app, str(name))
    surprises = []
    for row in sorted(TABLE, key=lambda each: each.rule == "/logout"):  # signing out comes last
        status = visitor.ask(row, path_of(app, row))
        let_in = status not in refusal(visitor, row)
        if row.access == "public":
            let_in = status not in {401, 403} or row.rule == "/metrics"
        if let_in != visitor.may(row.access) or status >= 500:
            surprises.append((row, status))
    assert surprises == []


def test_a_person_without_the_form_token_changes_nothing(app: Flask) -> None:
    visitor = Visitor(app, "admin")
    visitor.token = ""
    for row in TABLE:
        if row.method == "POST" and row.access in list(Role):
            assert visitor.ask(row, path_of(app, row)) == 400, row
    assert db.session.scalar(text("SELECT count(*) FROM sessions")) == 1
