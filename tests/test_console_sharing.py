"""Settings, feeds and badges: what can be copied is right, and what people typed stays words in it."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient

from incidents.published.page_settings import change_page_settings
from tests.factories_people import form_token, make_person, post, sign_in
from tests.factories_published import make_component

PAGE = "/console/status-page/sharing"


@pytest.fixture(params=["sqlite"])
def database_url(request: pytest.FixtureRequest, tmp_path: Any) -> str:
    """Nothing here depends on the database: one is enough."""
    path = tmp_path / "sevenbells.db"
    path.write_bytes(request.getfixturevalue("sqlite_schema").read_bytes())
    return f"sqlite:///{path}"


def test_texts_to_copy_name_the_page_and_every_address_in_them_answers(client: FlaskClient) -> None:
    change_page_settings(name='A"><script>')
    component = make_component("API")
    sign_in(client, make_person("viewer@example.com", role="viewer"))
    page = client.get(PAGE).text
    texts = {
        found[1]: unescape(found[2]) for found in re.finditer(r'<textarea id="(\w+)"[^>]*>\n(.*?)</textarea>', page)
    }
    assert texts["banner"].startswith(
        '<iframe src="http://127.0.0.1:8000/embed" title="A&#34;&gt;&lt;script&gt; status"'
    )
    assert texts["badge"].startswith(
        '<a href="http://127.0.0.1:8000/"><img src="http://127.0.0.1:8000/badge.svg" alt="A&#34;'
    )
    assert texts["markdown"].startswith('[![A"><script> status](http://127.0.0.1:8000/badge.svg)]')
    named = set(re.findall(r"http://127\.0\.0\.1:8000(/[\w./-]+)", page))
    assert {"/history.atom", "/maintenance.ics", "/badge.json", f"/components/{component.public_id}/badge.svg"} <= named
    assert [path for path in named if client.get(path).status_code != 200] == []


def test_the_preview_shows_what_is_typed_before_it_is_saved(client: FlaskClient) -> None:
    sign_in(client, make_person("maya@example.com", role="admin"))
    typed = {"name": "New & old", "accent": "#7a1fa2", "footer_links": "Privacy https://example.com/p"}
    path = "/console/settings/page/preview"
    asked = {**typed, "csrf_token": form_token(client, "/console/settings/page")}
    fragment = client.post(path, data=asked, headers={"HX-Request": "true"}).text
    assert "New &amp; old" in fragment
    assert 'fill="#7a1fa2"' in fragment
    assert ">Privacy<" in fragment
    assert "<html" not in fragment
    whole = post(client, path, {**typed, "accent": "#ffff00"}).text
    assert "The contrast in the light theme is" in whole
    assert 'value="#ffff00"' in whole
    assert "New" not in client.get("/").text
