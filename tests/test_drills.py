"""A drill runs everything, and writes to nobody but who agreed, declared it or took a part in it."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from incidents import actions
from incidents.actions import matrix
from incidents.jobs import bells
from incidents.kernel.database import db
from incidents.kernel.outbox import OutboxMessage
from incidents.published.incidents import PublishedIncident
from incidents.records.actors import Actor
from incidents.records.people import Person
from tests.acting import browser_of, entries, main_of, room
from tests.factories import a_person, an_incident

MONITOR = Actor("token", 1, "a monitor")


@pytest.fixture
def team(app: Flask) -> dict[str, Person]:
    """Priya agreed to drills; Lena and Theo did not. Each is a level of the P1 policy, and any responder at its end."""
    team = {
        "priya": a_person("Priya", agrees_to_drills=True),
        "lena": a_person("Lena"),
        "theo": a_person("Theo"),
    }
    words = ["person:lena@example.com", "person:priya@example.com", "responders", "any_responder"]
    levels = [{"label": f"L{place}", "after_minutes": 5 * place, "tell": [word]} for place, word in enumerate(words)]
    matrix.change_levels("P1", by=MONITOR, levels=levels, repeat={"times": 1, "after_minutes": 5})
    db.session.commit()
    return team


def wind(clock: Any, minutes: int) -> None:
    for _ in range(minutes):
        clock.forward(minutes=1)
        db.session.commit()
        while bells.strike_due_bells():
            pass


def written_to() -> set[str]:
    return {row.destination.split("@")[0] for row in db.session.scalars(select(OutboxMessage))}


def test_no_path_of_a_drill_writes_to_who_did_not_agree(team: dict[str, Person], clock: Any) -> None:
    drill = an_incident(by=MONITOR, is_drill=True)
    wind(clock, 25)  # every level, the repeat, and the response target at risk and missed
    actions.escalate(drill, by=MONITOR, reason="customer")
    actions.acknowledge(drill, by=MONITOR)
    actions.assign_role(drill, role="communications_lead", person=team["lena"], by=MONITOR)
    wind(clock, 60)  # due, overdue, and an acknowledgement that expires
    clock.forward(hours=4)
    wind(clock, 1)  # everything missed, the resolve target too

    assert written_to() == {"priya"}


def test_a_drill_reaches_neither_the_page_nor_a_subscriber(team: dict[str, Person], clock: Any) -> None:
    drill = an_incident(by=MONITOR, is_drill=True)
    actions.post_update(drill, by=MONITOR, body="All is down", audience="public")
    actions.resolve(drill, by=MONITOR, summary="Done", reason="practice")

    assert db.session.scalars(select(PublishedIncident)).all() == []
    assert written_to() == {"priya"}


def test_who_declares_a_drill_or_takes_it_is_told_although_they_never_agreed(
    team: dict[str, Person], clock: Any
) -> None:
    drill = an_incident(by=team["lena"], is_drill=True)
    assert written_to() == {"lena"}

    actions.acknowledge(drill, by=team["theo"].as_actor())
    wind(clock, 40)  # the reminder goes to whoever took it

    assert "theo" in written_to()


def test_where_nobody_agreed_the_drill_says_so_everywhere(app: Flask, team: dict[str, Person], clock: Any) -> None:
    browser, _ravi = browser_of(app, "ravi")
    team["priya"].agrees_to_drills = False
    drill = an_incident(by=MONITOR, is_drill=True)

    assert written_to() == set()
    assert len(entries(drill, "nobody_to_tell")) == 4
    assert "Nobody who is meant agreed to drills" in main_of(browser.get(room(drill)))
    assert "Nobody could be told about INC-1." in browser.get("/console/incidents").text


def test_levels_that_nobody_hears_are_not_said_to_be_told_and_hide_neither_who_heard_nor_the_next_round(
    app: Flask, team: dict[str, Person], clock: Any
) -> None:
    browser, _ravi = browser_of(app, "ravi")
    words = ("person:priya@example.com", "person:lena@example.com")
    levels = [{"label": word, "after_minutes": 5 * place, "tell": [word]} for place, word in enumerate(words)]
    matrix.change_levels("P1", by=MONITOR, levels=levels, repeat={"times": 1, "after_minutes": 5})
    drill = an_incident(by=MONITOR, is_drill=True)

    said = main_of(browser.get(room(drill)))
    assert "Begins again" in said
    assert "Next: Priya at" in said

    wind(clock, 6)
    assert "Nobody else could be told about INC-1." in browser.get("/console/incidents").text

    wind(clock, 10)
    assert "The policy tells nobody further. Somebody still has to acknowledge." in main_of(browser.get(room(drill)))


def test_declaring_a_drill_lists_who_agreed(app: Flask, team: dict[str, Person]) -> None:
    browser, _ravi = browser_of(app, "ravi")
    form = "/console/incidents/new"

    assert "It pages only you and who agreed: Priya." in main_of(browser.get(form))
    team["priya"].agrees_to_drills = False
    assert "Nobody else has agreed to drills: it would page you alone." in main_of(browser.get(form))
    chosen = main_of(browser.get(f"{form}?drill=1&severity=P1"))
    assert "Nobody is named for this" not in chosen
