"""Reading console pages in tests as a person would: by what they say and where their forms go."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse


def words(answer: TestResponse) -> str:
    """The page's words on one line, without mark-up, drawings and scripts."""
    text = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", answer.text, flags=re.DOTALL)
    said = " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())
    return re.sub(r" (?=[.,;:)])", "", said)


def send(
    client: FlaskClient, path: str, typed: dict[str, Any] | None = None, *, page: str | None = None
) -> TestResponse:
    """Open the form's page, then send the form with the token that stands in it."""
    shown = client.get(page or path)
    found = re.search(r'name="csrf_token" value="([^"]+)"', shown.text)
    assert found is not None, f"no form on {page or path}: {shown.status_code}"
    return client.post(path, data={"csrf_token": found[1], **(typed or {})})
