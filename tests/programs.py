"""A program with a token, for tests of the API."""

from __future__ import annotations

from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from tests.factories_people import make_token


class Program:
    """Speaks JSON to /api/v1 with one token."""

    def __init__(self, app: Flask, *, scope: str = "respond", name: str | None = None) -> None:
        self.client = app.test_client()
        self.token = make_token(name or f"a {scope} program", scope=scope)

    def ask(self, method: str, path: str, body: Any = None, **more: Any) -> TestResponse:
        """One request; ``headers`` are added to the token's."""
        headers = {"Authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        if body is not None:
            more["json"] = body
        full = path if path.startswith("/api") else f"/api/v1{path}"
        answer: TestResponse = self.client.open(full, method=method, headers=headers, **more)
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
