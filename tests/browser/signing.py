"""A page of somebody who is signed in, without walking through the form each time."""

from __future__ import annotations

from playwright.sync_api import Page

from incidents.kernel.database import db
from incidents.records.people import Person
from tests.browser.conftest import Served
from tests.factories_people import sign_in


def sign_in_page(served: Served, page: Page, person: Person) -> None:
    """Give the page's window this person's session."""
    client = served.app.test_client()
    sign_in(client, person)
    db.session.remove()
    cookies = [
        {"name": cookie.key, "value": cookie.value, "url": served.address}
        for cookie in (client._cookies or {}).values()
    ]
    page.context.add_cookies(cookies)  # type: ignore[arg-type]
