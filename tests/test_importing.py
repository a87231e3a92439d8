"""What another status page has told: read as it stands there, taken over once, and never at the cost of what is here."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from incidents import cli
from incidents.importers import cachet, fields, statuspage, taking, uptime_kuma
from incidents.importers.found import Found, Unreadable, print_of
from incidents.importers.loading import Page
from incidents.kernel.database import db
from incidents.kernel.outbox import OutboxMessage
from incidents.kernel.settings import Settings, load
from incidents.published import components as known
from incidents.published import publishing
from incidents.published.incidents import PublishedIncident
from incidents.published.maintenances import Maintenance
from incidents.published.notices import Notice
from incidents.records.imports import Imported
from incidents.records.incidents import Incident
from tests import imports_samples as samples
from tests.factories_published import make_component
from tests.receivers import Receiver, answer, answer_json, receiver

__all__ = ["receiver"]

UTC_ZONE, BERLIN = ZoneInfo("UTC"), ZoneInfo("Europe/Berlin")
EIGHT = datetime(2026, 11, 20, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)


def found_at_statuspage() -> Found:
    return statuspage.read_file(samples.statuspage(), "file")


def fates(outcome: taking.Outcome) -> dict[str, dict[str, int]]:
    return {
        kind: {str(fate): number for fate, number in count.items()} for kind, count in outcome.counts.items() if count
    }


def rows_of_everything() -> list[int]:
    tables = (Incident, PublishedIncident, Maintenance, Imported, known.Component, known.ComponentGroup)
    return [db.session.scalar(select(func.count()).select_from(table)) or 0 for table in tables]


# -- reading -----------------------------------------------------------------------------------------------------------


def test_a_statuspage_is_read_with_what_each_update_did_to_each_component() -> None:
    found = found_at_statuspage()

    assert [each.name for each in found.groups] == ["Bookings"]
    assert [(each.name, each.group) for each in found.components] == [("Search", "grp000000001"), ("Payments", None)]
    (incident,) = found.incidents
    assert (incident.began_at, incident.ended_at, incident.impact) == (EIGHT, EIGHT + 2 * HOUR, "critical")
    assert [dict(each.components) for each in incident.updates] == [
        {"cmp000000001": "major_outage"},
        {"cmp000000001": "operational"},
    ]
    assert incident.updates[1].body == "All is **well**.\n\n[Why](https://fernweh.example/why)"
    (work,) = found.works
    assert (work.ends_at, work.body, [each.body for each in work.notes]) == (
        datetime(2026, 11, 15, 2, 30, tzinfo=UTC),
        "We change disks.",
        ["Done."],
    )
    assert found.warnings == [
        "Incident “Still slow”: it is still open there; left out until it is over.",
        "Incident “Searches fail”: it names 'Old search', which is not among the components; left out.",
    ]


@pytest.mark.parametrize(
    "found",
    [
        cachet.read_file(samples.cachet_2(), "file", BERLIN),
        cachet.read_file(samples.cachet_3(), "file", UTC_ZONE),
        uptime_kuma.read_file(samples.uptime_kuma(), "file", UTC_ZONE),
    ],
    ids=["cachet 2", "cachet 3", "uptime kuma"],
)
def test_other_pages_are_read_to_the_same_facts(found: Found) -> None:
    (incident,) = found.incidents

    assert [each.name for each in found.groups] == ["Bookings"]
    assert found.components[0].name == "Search"
    assert found.components[0].group == found.groups[0].external_id
    assert (incident.title, incident.began_at, incident.ended_at) == ("Searches fail", EIGHT, EIGHT + 2 * HOUR)
    assert [each.status for each in incident.updates] == ["investigating", "resolved"]
    if found.source == "cachet":
        assert list(incident.updates[0].components) == ["1"]
        assert incident.impact in ("major", "critical")


def test_what_is_hidden_or_switched_off_or_open_there_is_named_and_left_out() -> None:
    at_cachet = cachet.read_file(samples.cachet_2(), "file", BERLIN).warnings
    at_kuma = uptime_kuma.read_file(samples.uptime_kuma(), "file", UTC_ZONE).warnings

    assert at_cachet == [
        "Component “Attic”: it is switched off there; left out.",
        "Incident “Hidden”: it is hidden there; left out.",
    ]
    assert at_kuma == ["Notice “Now”: it still stands there; left out until it is taken down."]


def test_a_backup_of_uptime_kuma_brings_its_monitors_and_nothing_private() -> None:
    monitors = [
        {"id": 1, "name": "Bookings", "type": "group", "active": 1},
        {"id": 2, "name": "Search", "type": "http", "active": 1, "parent": 1, "url": "https://10.0.0.7/?key=secret"},
        {"id": 3, "name": "Old", "type": "http", "active": 0},
    ]
    found = uptime_kuma.read_file({"version": "1.23", "monitorList": monitors}, "file", UTC_ZONE)

    assert [(each.name, each.group) for each in found.components] == [("Search", "1")]
    assert "secret" not in repr(found)
    assert found.warnings[0] == "Monitor “Old”: it is paused there; left out."


_NAMES = [
    "id",
    "name",
    "components",
    "incidents",
    "incident_updates",
    "status",
    "data",
    "attributes",
    "updates",
    "scheduled_for",
    "publicGroupList",
    "monitorList",
    "incident",
    "impact",
    "created_at",
    "relationships",
]
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(_NAMES),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(deadline=None, max_examples=80)
@given(anything)
@example({"components": {"data": [{"attributes": {}, "relationships": ["x"]}], "included": [{"type": ["x"], "id": 1}]}})
@example({"components": [{"attributes": {}, "relationships": {"x": {"data": {"type": {}, "attributes": 5}}}}]})
def test_whatever_a_stranger_wrote_is_read_or_refused_and_never_an_error(content: Any) -> None:
    for read in (statuspage.read_file, cachet.read_file, uptime_kuma.read_file):
        with contextlib.suppress(Unreadable):
            read(content, "file", UTC_ZONE)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("<p>One<br>two</p><ul><li>a</li></ul>", "One\ntwo\n\n- a"),
        ("<img src=x onerror=alert(1)><p>x</p>", "x"),
        ('<a href="javascript:alert(1)">here</a><p></p>', "here"),
        ("**Markdown** stays, and 1 < 2", "**Markdown** stays, and 1 < 2"),
        (None, ""),
    ],
)
def test_html_becomes_markdown_without_what_could_do_harm(written: str | None, read: str) -> None:
    assert fields.told(written) == read


# -- over the wire -----------------------------------------------------------------------------------------------------


@pytest.fixture
def admitted(tmp_path: Path) -> Settings:
    return load({"DATA_DIR": str(tmp_path), "SECRET_KEY": "k" * 40, "OUTBOUND_ALLOW": "127.0.0.0/8"})


def test_the_history_behind_the_newest_fifty_is_read_too(admitted: Settings, receiver: Receiver) -> None:
    whole = samples.statuspage()
    old = whole["incidents"][1]
    fifty = [{**old, "id": f"i{number}"} for number in range(50)]
    months = {"months": [{"name": "May", "year": 2020, "incidents": [{"code": "veryold1"}, {"code": "i1"}]}]}
    receiver.scripts = [
        answer_json({"page": whole["page"], "components": whole["components"]}),
        answer_json({"page": whole["page"], "incidents": fifty}),
        answer_json({"page": whole["page"], "scheduled_maintenances": []}),
        answer_json(months),
        answer_json({**old, "id": "veryold1"}),
        answer_json({"months": []}),
    ]

    found = statuspage.read_page(Page(f"http://127.0.0.1:{receiver.port}/", admitted))

    assert [each.external_id for each in found.incidents][-1] == "veryold1"
    assert len(found.incidents) == 51
    assert [each.path for each in receiver.asked[3:]] == [
        "/history.json?page=1",
        "/incidents/veryold1.json",
        "/history.json?page=2",
    ]


def test_cachet_is_read_page_after_page_with_its_token(admitted: Settings, receiver: Receiver) -> None:
    lists = samples.cachet_2()

    def page_of(items: list[Any], number: int, of: int) -> dict[str, Any]:
        return {"meta": {"pagination": {"total_pages": of, "current_page": number}}, "data": items}

    receiver.scripts = [
        answer(404),
        answer_json(page_of(lists["components"][:2], 1, 2)),
        answer_json(page_of(lists["components"][2:], 2, 2)),
        answer_json(page_of(lists["groups"], 1, 1)),
        answer_json(page_of(lists["incidents"], 1, 1)),
        answer(500),
    ]

    page = Page(f"http://127.0.0.1:{receiver.port}/", admitted, headers={"X-Cachet-Token": "t0ken"})
    with pytest.raises(Exception, match="status 500"):
        cachet.read_page(page, BERLIN)

    assert receiver.asked[-1].path == "/api/v1/schedules?per_page=100&page=1"
    assert receiver.asked[-1].headers["x-cachet-token"] == "t0ken"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (answer(302, headers={"Location": "https://elsewhere.example/"}), "leads on to https://elsewhere.example/"),
        (answer(200, b"<!doctype html>"), "holds no JSON"),
        (answer(401), "wants a token"),
        (answer(404), "Nothing is at"),
    ],
)
def test_a_page_that_is_none_is_refused_in_a_sentence(
    admitted: Settings, receiver: Receiver, script: Any, said: str
) -> None:
    receiver.scripts = [script]

    with pytest.raises(Unreadable, match=said):
        statuspage.read_page(Page(f"http://127.0.0.1:{receiver.port}/", admitted))


# -- taking it over ----------------------------------------------------------------------------------------------------


def test_a_preview_says_what_would_be_done_and_writes_nothing(app: Flask, clock: Any) -> None:
    make_component("payments")
    db.session.commit()
    before = rows_of_everything()

    outcome = taking.preview(found_at_statuspage())

    assert fates(outcome) == {
        "group": {"new": 1},
        "component": {"new": 1, "by_name": 1},
        "incident": {"new": 1},
        "maintenance": {"new": 1},
    }
    assert rows_of_everything() == before


def test_what_is_taken_over_stands_on_the_page_with_its_times_and_tells_nobody(
    app: Flask, client: FlaskClient, clock: Any
) -> None:
    taking.take(found_at_statuspage())

    published = db.session.scalars(select(PublishedIncident)).one()
    private = db.session.get_one(Incident, published.incident_id)
    assert (published.began_at, published.ended_at) == (EIGHT, EIGHT + 2 * HOUR)
    assert (private.pages_nobody, private.is_open, private.attention_at) == (True, False, None)
    assert (private.severity, private.severity_is_judged, private.postmortem_due_at) == ("P1", False, None)
    for told in (OutboxMessage, Notice):
        assert db.session.scalar(select(func.count()).select_from(told)) == 0
    search = next(each for each in known.all_components() if each.name == "Search")
    page: Any = client.get(f"/components/{search.public_id}.json").json
    assert page["uptime"]["7_days"] == "98.63"  # two hours down of six days, two hours and 14 minutes
    assert '<a href="https://fernweh.example/why"' in client.get(f"/incidents/{published.public_id}").text
    assert "alert(1)" not in client.get(f"/incidents/{published.public_id}").text
    feed = client.get("/history.atom").text
    assert "<published>2026-11-20T08:05:00" in feed
    assert "<updated>2026-11-23" not in feed
    assert "New disks" in client.get("/history/2026-11").text


def test_a_second_run_changes_nothing_and_a_third_brings_what_changed_there(app: Flask, clock: Any) -> None:
    taking.take(found_at_statuspage())
    before = rows_of_everything()
    clock.forward(days=1)

    again = taking.take(found_at_statuspage())
    assert again.changes == 0
    assert rows_of_everything() == before

    content = samples.statuspage()
    content["incidents"][1]["incident_updates"][1]["body"] = "Searches fail for some."
    content["components"][1]["name"] = "Trip search"
    third = taking.take(statuspage.read_file(content, "file"))

    assert fates(third)["incident"] == {"changed": 1}
    assert fates(third)["component"] == {"changed": 1, "same": 1}
    assert rows_of_everything() == before
    published = db.session.scalars(select(PublishedIncident)).one()
    assert published.updates[0].body == "Searches fail for some."
    assert {each.name for each in known.all_components()} == {"Trip search", "Payments"}


def test_ids_that_stand_there_twice_are_taken_over_once_and_a_second_run_changes_nothing(
    app: Flask, clock: Any
) -> None:
    said = [
        {"id": "u", "status": status, "body": status, "display_at": f"2026-11-0{day}T08:00:00Z"}
        for day, status in ((1, "investigating"), (2, "resolved"))
    ]
    incident = {"id": "i", "name": "Slow \x1b[2J", "status": "resolved", "impact": "none", "incident_updates": said}
    content = {
        "components": [{"id": "c", "name": "API"}, {"id": "c", "name": "Web"}],
        "incidents": [incident, {**incident, "name": "Another"}],
    }
    first = taking.take(statuspage.read_file(content, "file"))
    assert fates(first) == {"component": {"new": 1}, "incident": {"new": 1}}
    known_one = db.session.scalars(select(PublishedIncident)).one()
    assert known_one.title == "Slow [2J"  # whoever reads the preview has a terminal that obeys such characters
    assert [each.body for each in known_one.updates] == ["investigating", "resolved"]

    found = statuspage.read_file(content, "file")
    assert taking.take(found).changes == 0
    assert "Incident “Another”: another has the same id there; left out." in found.warnings


def test_what_somebody_edited_here_is_left_alone_and_said_so(app: Flask, clock: Any) -> None:
    taking.take(found_at_statuspage())
    published = db.session.scalars(select(PublishedIncident)).one()
    publishing.revise(
        published.updates[0].public_id, by_name="Alice", edited_at=clock(), body="Ours.", body_html="<p>Ours.</p>"
    )
    db.session.commit()
    assert taking.take(found_at_statuspage()).notes == []

    content = samples.statuspage()
    content["incidents"][1]["name"] = "Searches failed"
    outcome = taking.take(statuspage.read_file(content, "file"))

    assert outcome.notes == [
        "Incident “Searches failed”: it has changed there, and was edited here; left as it is here."
    ]
    assert published.title == "Searches fail"
    publishing.withdraw_incident(published.incident_id)
    db.session.commit()
    outcome = taking.take(found_at_statuspage())
    assert outcome.notes == ["Incident “Searches fail”: it was taken away here; it stays away."]


def test_a_run_that_breaks_off_leaves_whole_things_and_the_next_goes_on(app: Flask, clock: Any) -> None:
    class Broken(Exception):
        pass

    taken: list[int] = []

    def break_off() -> None:
        taken.append(1)
        if len(taken) == 4:
            raise Broken

    with pytest.raises(Broken):
        taking.take(found_at_statuspage(), each=break_off)
    db.session.rollback()
    assert rows_of_everything() == [1, 1, 0, 4, 2, 1]

    outcome = taking.take(found_at_statuspage())
    assert fates(outcome)["maintenance"] == {"new": 1}
    assert rows_of_everything() == [1, 1, 1, 5, 2, 1]


def test_the_same_numbers_on_two_pages_are_two_things(app: Flask, clock: Any) -> None:
    lists = samples.cachet_2()
    taking.take(cachet.read_file(lists, "one.example", BERLIN))
    outcome = taking.preview(cachet.read_file(lists, "two.example", BERLIN))

    assert fates(outcome)["incident"] == {"new": 1}
    assert len({print_of(each) for each in cachet.read_file(lists, "x", BERLIN).incidents}) == 1


# -- the command -------------------------------------------------------------------------------------------------------


def test_the_command_looks_first_and_takes_over_when_told_to(
    app: Flask, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    db.session.commit()
    db.session.remove()
    monkeypatch.chdir(tmp_path)
    for name, value in {"DATA_DIR": str(tmp_path), "DATABASE_URL": database_url, "SECRET_KEY": "k" * 40}.items():
        monkeypatch.setenv(name, value)
    file = tmp_path / "export.json"
    file.write_text(json.dumps(samples.statuspage()), encoding="utf-8")

    assert cli.run(["import", "statuspage", str(file)]) == 0
    told = capsys.readouterr()
    assert "incidents    1 new" in told.out
    assert "Nothing was written. With --yes it is." in told.out
    assert "! Incident “Still slow”: it is still open there" in told.err
    assert db.session.scalar(select(func.count()).select_from(Imported)) == 0
    db.session.rollback()

    assert cli.run(["import", "statuspage", str(file), "--yes"]) == 0
    assert "Done." in capsys.readouterr().out
    assert cli.run(["import", "statuspage", str(file), "--yes"]) == 0
    assert "Nothing was new." in capsys.readouterr().out
    assert cli.run(["import", "cachet", "http://127.0.0.1:9/"]) == 1
    assert cli.run(["import", "uptime-kuma", str(tmp_path / "missing.json")]) == 1
