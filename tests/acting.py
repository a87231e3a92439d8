"""A responder's browser at the forms beneath an incident's room."""

from __future__ import annotations

import html
import re
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select

from incidents.kernel.database import db
from incidents.records.incidents import Incident
from incidents.records.people import Person
from incidents.records.timeline import TimelineEntry
from tests.factories_people import make_person, sign_in

_FORM = re.compile(r'<form[^>]*method="post"[^>]*>.*?</form>', re.DOTALL)
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')


def browser_of(app: Any, name: str = "maya", **more: Any) -> tuple[FlaskClient, Person]:
    """Somebody's signed-in browser, and who it is."""
    person = make_person(f"{name}@example.com", **more)
    return sign_in(app.test_client(), person), person


def room(incident: Incident) -> str:
    return f"/console/incidents/{incident.ref}"


def opened(client: FlaskClient, path: str, *, holding: str = "") -> dict[str, str]:
    """The hidden fields of the form on that page (the first one that holds this text), as a browser keeps them."""
    page = client.get(path)
    assert page.status_code == 200, page.text
    for form in _FORM.findall(main_of(page)):
        if holding in form:
            return {name: html.unescape(value) for name, value in _HIDDEN.findall(form)}
    raise AssertionError(f"no form with {holding!r} on {path}")


def send(client: FlaskClient, path: str, form: dict[str, str], **typed: Any) -> Any:
    """Send an opened form with what was typed into it."""
    return client.post(path.partition("?")[0], data={**form, **typed})


def act(client: FlaskClient, path: str, *, holding: str = "", **typed: Any) -> Any:
    """Open a form and send it."""
    return send(client, path, opened(client, path, holding=holding), **typed)


def main_of(answer: Any) -> str:
    """What stands in the page proper, without the frame around it."""
    return str(answer.text).partition("<main")[2].partition("</main>")[0]


def entries(incident: Incident, kind: str) -> list[TimelineEntry]:
    db.session.commit()
    wanted = select(TimelineEntry).where(TimelineEntry.incident_id == incident.id, TimelineEntry.kind == kind)
    return list(db.session.scalars(wanted.order_by(TimelineEntry.id)))
