"""A program with a token, for tests of the API; whatever it is answered is held against the API's own description."""

from __future__ import annotations

import functools
from typing import Any

import jsonschema_rs
from flask import Flask
from werkzeug.test import TestResponse

from incidents.api import openapi
from incidents.api.operations import OPERATIONS
from tests.factories_people import make_token


class Program:
    """Speaks JSON to /api/v1 with one token."""

    def __init__(self, app: Flask, *, scope: str = "respond", name: str | None = None) -> None:
        self.app = app
        self.client = app.test_client()
        self.token = make_token(name or f"{scope} program", scope=scope)

    def ask(self, method: str, path: str, body: Any = None, **more: Any) -> TestResponse:
        """One request; ``headers`` are added to the token's."""
        headers = {"Authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        if body is not None:
            more["json"] = body
        full = path if path.startswith("/api") else f"/api/v1{path}"
        answer: TestResponse = self.client.open(full, method=method, headers=headers, **more)
        self._check(method, full, answer)
        return answer

    def get(self, path: str, **more: Any) -> TestResponse:
        return self.ask("GET", path, **more)

    def post(self, path: str, body: Any = None, **more: Any) -> TestResponse:
        return self.ask("POST", path, body, **more)

    def put(self, path: str, body: Any = None, **more: Any) -> TestResponse:
        return self.ask("PUT", path, body, **more)

    def patch(self, path: str, body: Any = None, **more: Any) -> TestResponse:
        return self.ask("PATCH", path, body, **more)

    def delete(self, path: str, **more: Any) -> TestResponse:
        return self.ask("DELETE", path, **more)

    def declare(self, title: str = "Checkout fails", **more: Any) -> Any:
        """Declare an incident and read it."""
        answer = self.post("/incidents", {"title": title, "severity": "P1", **more})
        assert answer.status_code == 201, answer.text
        return answer.json

    def items(self, path: str) -> list[Any]:
        """The first page of a list."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        found: list[Any] = answer.get_json()["items"]
        return found

    def _check(self, method: str, path: str, answer: TestResponse) -> None:
        """Every answer is one that its operation announces; every error is a problem."""
        if answer.status_code >= 400:
            assert answer.mimetype == openapi.PROBLEM, answer.text
            _validator("Problem", is_list=False).validate(answer.get_json())
            return
        adapter = self.app.url_map.bind("localhost")
        endpoint, _ = adapter.match(path.partition("?")[0], method=method)
        entry = next(each for each in OPERATIONS if endpoint == f"api.{each.name}")
        if entry.gives is None:
            assert (answer.status_code, answer.data) == (204, b"")
        elif answer.mimetype == "application/json":
            _validator(entry.gives, is_list=entry.is_list).validate(answer.get_json())


@functools.cache
def _validator(name: str, *, is_list: bool) -> Any:
    described = openapi.description()
    thing: dict[str, Any] = {"$ref": f"#/components/schemas/{name}"}
    if is_list:
        thing = {"type": "object", "properties": {"items": {"type": "array", "items": thing}}, "required": ["items"]}
    return jsonschema_rs.Draft202012Validator(
        {**thing, "components": {"schemas": described["components"]["schemas"]}}, validate_formats=True
    )
