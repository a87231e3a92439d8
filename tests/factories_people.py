"""People, tokens and signed-in browsers for tests."""

from __future__ import annotations

import re
from typing import Any

from flask.testing import FlaskClient

from incidents.access import passwords
from incidents.actions import api_tokens, people
from incidents.kernel.database import db
from incidents.records.actors import COMMAND_LINE
from incidents.records.addresses import ContactAddress, ContactRule
from incidents.records.people import Person, Role
from incidents.records.tokens import Scope

PASSWORD = "four unrelated words walk"


def make_person(
    email: str = "maya@example.com",
    *,
    name: str | None = None,
    role: str = "responder",
    password: str | None = PASSWORD,
    **more: Any,
) -> Person:
    """Somebody with an account, committed; ``more`` sets columns."""
    db.session.commit()
    hashed = passwords.rehash(password) if password else None
    named = name or email.partition("@")[0].replace(".", " ").title()
    person = people.add_person(email=email, name=named, role=Role(role), by=COMMAND_LINE, password=hashed)
    for column, value in more.items():
        setattr(person, column, value)
    db.session.commit()
    return person


def make_token(name: str = "deploy", *, scope: str = "respond") -> str:
    """A living API token, committed."""
    value = api_tokens.issue_token(name, Scope(scope), by=COMMAND_LINE)
    db.session.commit()
    return value


def sign_in(client: FlaskClient, person: Person, *, password: str = PASSWORD, remembered: bool = False) -> FlaskClient:
    """The same browser with that person signed in to it, by the real form."""
    typed = {"email": person.email, "password": password} | ({"remembered": "1"} if remembered else {})
    answer = client.post("/login", data=typed)
    assert answer.status_code == 303, answer.text
    return client


def post(client: FlaskClient, path: str, typed: dict[str, Any] | None = None, *, page: str | None = None) -> Any:
    """Send a form with the token that stands in its ``page`` (default: one's own page)."""
    return client.post(path, data={"csrf_token": form_token(client, page or "/console/me"), **(typed or {})})


def form_token(client: FlaskClient, page: str = "/console/me") -> str:
    """The token against forgery, read out of a page as a browser would."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(page).text)
    assert found, f"no form with a token on {page}"
    return found[1]


def an_address(
    person: Person, kind: str, value: str, *, high: int | None = None, low: int | None = None
) -> ContactAddress:
    """An address of theirs as it stands in its table, with a rule for each urgency that names minutes."""
    address = ContactAddress(person_id=person.id, kind=kind, value=value, label=kind.title())
    db.session.add(address)
    db.session.flush()
    for urgency, minutes in (("high", high), ("low", low)):
        if minutes is not None:
            db.session.add(
                ContactRule(person_id=person.id, urgency=urgency, address_id=address.id, after_minutes=minutes)
            )
    db.session.commit()
    return address


def by_account(person: Person, *, high: int | None = None, low: int | None = None) -> None:
    """The same for the account's own e-mail."""
    for urgency, minutes in (("high", high), ("low", low)):
        if minutes is not None:
            db.session.add(ContactRule(person_id=person.id, urgency=urgency, address_id=None, after_minutes=minutes))
    db.session.commit()
