"""Two requests in the same moment: one acts, and the other finds that it is done."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from flask import Flask
from flask.testing import FlaskClient

from incidents import actions
from incidents.kernel.database import db
from tests.acting import browser_of, entries, opened, room
from tests.factories import an_incident


@pytest.mark.parametrize(
    ("noun", "typed", "kind"),
    [
        ("escalations", {"reason": "customer", "note": "The bank calls"}, "escalated"),
        ("snoozes", {"minutes": "10", "reason": "On the phone"}, "snooze"),
        ("notes", {"body": "Restarted"}, "note"),
        ("severity", {"severity": "P2", "reason": "One region"}, "severity"),
    ],
)
def test_a_double_click_in_the_same_moment_acts_once(app: Flask, noun: str, typed: dict[str, str], kind: str) -> None:
    client, maya = browser_of(app)
    incident = an_incident(by=maya)
    actions.acknowledge(incident, by=maya.as_actor())
    path = f"{room(incident)}/{noun}"
    form = opened(client, path)
    cookie = client.get_cookie("sevenbells")
    assert cookie is not None
    db.session.commit()
    together = Barrier(2)

    def press(_number: int) -> int:
        browser = FlaskClient(app, app.response_class, use_cookies=True)
        browser.set_cookie("sevenbells", cookie.value)
        together.wait()
        return browser.post(path, data={**form, **typed}).status_code

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(press, range(2)))

    assert answers == [303, 303]
    assert len(entries(incident, kind)) == 1
